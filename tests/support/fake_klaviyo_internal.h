#ifndef PANNIER_TESTS_SUPPORT_FAKE_KLAVIYO_INTERNAL_H
#define PANNIER_TESTS_SUPPORT_FAKE_KLAVIYO_INTERNAL_H

#include "support/fake_klaviyo.h"

/* Shared by fake_klaviyo.c (requests), fake_klaviyo_thing.c (what it holds) and fake_klaviyo_job.c (bulk jobs), fake_klaviyo_event.c. */

#define SCRIPTS_MAX 32
#define ID_PREFIX "$custom:::$default:::"
#define KINDS 3

struct kind_row {
	const char *word;
	const char *article;
	const char *plural;
};

struct thing {
	char *key;
	size_t kind;
	char *id;
	struct json *data; /* {attributes, relationships} */
};

struct job {
	char *key;
	char id[24];
	size_t kind;
	char op[8];
	struct json *rows;
	int64_t created_ms;
	bool complete;
	size_t n_failed;
	struct strbuf errors; /* elements of the list */
};

struct script {
	const char *method;
	const char *path_part;
	int times;
	bool after;
	struct fake_reply reply;
};

struct fake_klaviyo {
	struct clock *clock;
	struct thing *thing;
	size_t n_thing;
	struct job *job;
	size_t n_job;
	int64_t job_ms;
	size_t job_page;
	struct script script[SCRIPTS_MAX];
	size_t n_script;
	const char *only_key;
	const char *poison;
	enum fake_poison poison_how;
	char complaint[256];
};

/* A change of one thing, or several. */
struct change {
	struct fake_klaviyo *klaviyo;
	struct str key;
	size_t kind;
	struct arena *arena;
	int status; /* of the error */
};

extern const struct kind_row fake_kind_row[KINDS];

/* ---- fake_klaviyo_thing.c ---- */
/* key "" = of any. */
struct thing *fake_thing_find(const struct fake_klaviyo *klaviyo, struct str key, size_t kind, struct str id);
struct thing *fake_thing_add(struct fake_klaviyo *klaviyo, struct str key, size_t kind, struct str id);
void fake_thing_remove(struct fake_klaviyo *klaviyo, struct thing *thing); /* an item's variants go too */
void fake_thing_free(struct thing *thing);
char *fake_text_copy(struct str text);
/* "" or the detail of the error, with change->status. */
struct str fake_row_apply(struct change *change, const char *op, const struct json *row);

/* ---- fake_klaviyo_job.c ---- */
void fake_job_start(struct change *change, const char *op, const struct json *body, struct fake_reply *reply);
void fake_job_list(struct change *change, const char *op, struct str query, struct fake_reply *reply);
void fake_job_poll(struct change *change, const char *op, struct str id, struct fake_reply *reply);

/* ---- fake_klaviyo_event.c ---- */
/* False: it is not about events. */
bool fake_event_answer(struct fake_klaviyo *klaviyo, const struct fake_request *request, const struct json *body,
		       struct arena *arena, struct fake_reply *reply);

/* ---- fake_klaviyo.c ---- */
struct str fake_error_object(struct arena *arena, int status, struct str detail);
void fake_error_reply(struct fake_reply *reply, struct arena *arena, int status, struct str detail);

#endif
