#ifndef PANNIER_KLAVIYO_ANSWER_INTERNAL_H
#define PANNIER_KLAVIYO_ANSWER_INTERNAL_H

#include "base/json.h"
#include "klaviyo/outcome.h"

/*
 * Reading Klaviyo's errors: what outcome.c (answers to requests) and outcome_job.c (errors of jobs) share.
 */

/* One object of "errors". Texts in the arena; "" where it does not say. */
struct answer_error {
	struct str code;
	struct str title;
	struct str detail;
	struct str pointer;
};

struct answer_errors {
	struct answer_error *row;
	size_t n;
};

struct event_row;

/* The batch an answer is about. */
struct answer_batch {
	enum endpoint endpoint;
	const struct delivery *delivery;
	size_t n;
	int status; /* of the answer; 0 for a job's errors */
	struct arena *arena;
	const struct event_row *event; /* how events were nested in the request; NULL = were not, or not known */
};

/* list: the value of "errors"; anything else gives none. */
struct answer_errors answer_errors_read(const struct json *list, struct arena *arena);
/* The key is at fault, or a right that it lacks, not the contents. */
bool answer_is_about_key(const struct answer_error *error);
bool answer_is_about_scope(const struct answer_error *error);
/* "Title: detail (pointer)", cleaned, at most 300 bytes. */
struct str answer_reason(int status, const struct answer_error *error, struct arena *arena);
/* Cleans any text in the same way. */
struct str answer_clean(struct str text, struct arena *arena);

/* What the error means for a delivery that it is about. error NULL = the status alone. */
struct outcome_row answer_row(const struct answer_batch *batch, const struct delivery *delivery,
			      const struct answer_error *error);
/*
 * Gives each row that an error names its outcome; row[i].outcome of the others stays. named[i] is set. How
 * many are named.
 */
size_t answer_name_rows(const struct answer_batch *batch, struct answer_errors errors,
			struct outcome_row *row, bool *named);

#endif
