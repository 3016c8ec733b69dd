#ifndef PANNIER_SANDBOX_RENDER_H
#define PANNIER_SANDBOX_RENDER_H

#include "sandbox/query.h"

/* Resources of the catalog as JSON:API. */

/* Appends one resource object. query NULL = all fields, nothing included. */
void render_entity(struct call *call, const struct entity *entity, const struct query *query, struct strbuf *out);
/* Appends {"type","id"}. */
void render_identifier(const struct entity *entity, struct strbuf *out);
/* Appends the entity's attributes as members ("name":value,...), those that are wanted; with created and updated. */
void render_attributes(const struct entity *entity, struct str fields, struct strbuf *out);
/* The reply {"data":resource,"links":{"self"}}; of an item with include also its variants. */
void reply_entity(struct call *call, int status, struct entity *entity, const struct query *query);
/* Appends "...":"2026-..." with a comma before it unless it is the first member. */
void render_time(const char *name, int64_t wall_ms, struct strbuf *out);
/* Appends ,"included":[variants of these items]. */
void render_included(struct call *call, struct entity *const *item, size_t n, const struct query *query,
		     struct strbuf *out);

#endif
