#ifndef PANNIER_ADMIN_VIEW_H
#define PANNIER_ADMIN_VIEW_H

#include "admin/person_find.h"
#include "admin/story.h"
#include "flow/preview.h"

/*
 * What things look like as JSON, alike on the command line (--json) and through the API. The caller owns what is returned. Nothing here
 * holds a key or a secret. Bodies are as shops and Klaviyo sent them: hostile text.
 */

/* "sets", "clears", "deletes" */
const char *view_fact_verb(enum fact_op op);
/* A text id ("m1", "d7k3p") as member name; 0 sets nothing. */
void view_put_id(struct json *json, const char *name, enum id_kind kind, int64_t id);
/* A body as JSON if it is that, else as the text it is; "" is null. */
struct json *view_body(struct str body);
struct json *view_audit(struct look *look, const struct audit_row *row);
struct json *view_failed(struct look *look, const struct failed_row *row);
struct json *view_held(struct look *look, const struct held_row *row);
struct json *view_request(const struct preview_request *request);
/* bodies: with the bodies of messages, facts and deliveries, and the requests. NULL: err says why. */
struct json *view_story(const struct story *story, bool bodies, struct err *err) MUST_CHECK;
/* What one store keeps of a person, whole; *empty: nothing. NULL: err says why. */
struct json *view_person(struct look *look, const struct person_found *person, bool *empty, struct err *err) MUST_CHECK;

/*
 * The newest max_n audit rows that the filter lets through, oldest first, in the arena. after_id: only newer rows than that.
 * filter->before_id and max_n are not read.
 */
bool audit_read(struct db *db, const struct audit_filter *filter, int64_t after_id, size_t max_n, struct arena *arena,
		struct audit_row **row, size_t *n, struct err *err) MUST_CHECK;

#endif
