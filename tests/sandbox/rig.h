#ifndef PANNIER_TESTS_SANDBOX_RIG_H
#define PANNIER_TESTS_SANDBOX_RIG_H

#include "sandbox/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A sandbox without sockets, under a clock that the test moves. */

#define RIG_KEY "pk_abcdef123456"
#define RIG_ID "$custom:::$default:::"

struct rig {
	struct clock_manual clock;
	struct rand_seeded rand;
	struct sandbox *sandbox;
	struct arena arena;
	const char *key;       /* sent with each request; NULL = none */
	const char *revision;  /* the same */
	const char *content_type;
	const char *authorization; /* the header itself, in place of the key's; NULL = that of the key */
	struct reply reply;    /* the last one */
	struct json *answer;   /* its body, if it is JSON; owned by the rig */
};

struct rig *rig_new(void);                /* limits off, jobs take 200 ms */
struct rig *rig_new_scaled(double time_scale);
void rig_free(struct rig *rig);
/* The status of the answer. target is a path with or without query; body NULL = none. */
int rig_send(struct rig *rig, const char *method, const char *target, const char *body);
void rig_wait(struct rig *rig, int64_t ms);
/* Sets knobs; fails the test when they are refused. */
void rig_knobs(struct rig *rig, const char *json);

/* A value of the last answer by its path, as "data.attributes.price" or "errors.0.detail"; NULL if absent. */
const struct json *rig_at(const struct rig *rig, const char *path);
struct str rig_text(const struct rig *rig, const char *path); /* empty if absent; numbers and flags as JSON */
/* The first header of that name in the last answer, or NULL. */
const char *rig_header(struct rig *rig, const char *name);

/* Fail the test with got and want. what names the row. */
void rig_check_status(const char *what, int got, int want);
void rig_check_text(struct rig *rig, const char *what, const char *path, const char *want);

/* Bodies, in the rig's arena. */
const char *rig_item(struct rig *rig, const char *id, const char *more);     /* more: ",\"price\":1" or "" */
const char *rig_variant(struct rig *rig, const char *id, const char *item, const char *more);
const char *rig_category(struct rig *rig, const char *id);
const char *rig_printf(struct rig *rig, const char *format, ...) PRINTF_LIKE(2, 3);
/* Creates them with single calls and expects 201. */
void rig_add(struct rig *rig, const char *path, const char *body);

#endif
