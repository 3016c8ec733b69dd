#ifndef PANNIER_TESTS_SUPPORT_FAKE_KLAVIYO_H
#define PANNIER_TESTS_SUPPORT_FAKE_KLAVIYO_H

#include "base/clock.h"
#include "base/json.h"
#include "support/fake_http.h"

/*
 * A Klaviyo catalog in memory behind fake_http: single calls, bulk jobs, one catalog per key. It knows no limits and
 * checks few shapes; klaviyo-sandbox is the strict one. What goes wrong is scripted.
 */
struct fake_klaviyo;

struct fake_klaviyo *fake_klaviyo_new(struct clock *clock);
void fake_klaviyo_free(struct fake_klaviyo *klaviyo);
fake_answer_fn fake_klaviyo_answer; /* arg is the fake_klaviyo */

/* How long a job works; 0 = the first poll finds it complete. */
void fake_klaviyo_job_ms(struct fake_klaviyo *klaviyo, int64_t ms);
/* Lists of jobs come in pages of n, oldest first; 0 = all at once, newest first. */
void fake_klaviyo_job_page(struct fake_klaviyo *klaviyo, size_t n);
/*
 * The next `times` requests with this method and a path that holds path_part are answered with reply instead, and do
 * nothing. Scripts are tried in the order they were added. Texts are borrowed.
 */
void fake_klaviyo_script(struct fake_klaviyo *klaviyo, const char *method, const char *path_part, int times,
			 struct fake_reply reply);
/* The same, but the request does what it should: only the answer is lost or replaced. */
void fake_klaviyo_script_after(struct fake_klaviyo *klaviyo, const char *method, const char *path_part, int times,
			       struct fake_reply reply);
/*
 * Requests with an event whose unique_id holds this text are refused: with a pointer at each such event, with none, or not
 * answered at all. Other events are taken.
 */
enum fake_poison { FAKE_POISON_POINTS, FAKE_POISON_SILENT, FAKE_POISON_CHOKES };
void fake_klaviyo_poison(struct fake_klaviyo *klaviyo, const char *mark, enum fake_poison how);
/* Scripts that are not used up are forgotten. */
void fake_klaviyo_heal(struct fake_klaviyo *klaviyo);
/* All keys that are not this one are refused; NULL = all are let in. */
void fake_klaviyo_only_key(struct fake_klaviyo *klaviyo, const char *key_end);

/* kind: "item", "variant", "category". Attributes of an entity, NULL if it is not there. Any key. */
const struct json *fake_klaviyo_get(const struct fake_klaviyo *klaviyo, const char *kind, const char *external_id);
size_t fake_klaviyo_count(const struct fake_klaviyo *klaviyo, const char *kind);
/* Puts an entity there behind everybody's back, or takes it away. */
void fake_klaviyo_put(struct fake_klaviyo *klaviyo, const char *key, const char *kind, const char *external_id);
void fake_klaviyo_remove(struct fake_klaviyo *klaviyo, const char *kind, const char *external_id);
/* Everything it holds as text, in one order whatever happened before. */
struct str fake_klaviyo_dump(const struct fake_klaviyo *klaviyo, struct arena *arena);
/* Things that should never be asked of it: "" or what they were. */
struct str fake_klaviyo_complaint(const struct fake_klaviyo *klaviyo);

#endif
