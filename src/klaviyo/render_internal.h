#ifndef PANNIER_KLAVIYO_RENDER_INTERNAL_H
#define PANNIER_KLAVIYO_RENDER_INTERNAL_H

#include "klaviyo/render.h"

/* What render.c (resources) and render_request.c (requests) share. */

struct render_kind {
	const char *type; /* "catalog-item" */
	const char *list; /* name of the list in a bulk job: "items" */
};
const struct render_kind *render_kind(enum klaviyo_kind kind);

/* ,"name":"text" */
void render_put_text(struct strbuf *out, const char *name, struct str text);
/* {"type":..,"id":..} of something referred to. */
void render_put_reference(struct strbuf *out, enum klaviyo_kind kind, struct str external_id,
			  struct arena *arena);
/* The contents as text of the arena; the buffer is released. */
struct str render_take(struct strbuf *buffer, struct arena *arena);

#endif
