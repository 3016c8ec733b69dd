#ifndef PANNIER_KLAVIYO_RENDER_H
#define PANNIER_KLAVIYO_RENDER_H

#include "base/err.h"
#include "base/strbuf.h"
#include "klaviyo/endpoint.h"
#include "model/catalog.h"

/*
 * Rendering: canonical catalog -> JSON:API. Pure: no I/O, no clock. Source: Klaviyo OpenAPI stable, revision 2026-07-15.
 *
 * A *resource* is the object that stands under "data" in a create: it is what is hashed, stored with the delivery and turned into the
 * body of whichever call is made. Sizes: custom_metadata at most 100,000 bytes (members are dropped from the end; *mended says
 * which), title and description cut at 10,000 and 100,000 bytes at a character.
 */

/* "$custom:::$default:::<external_id>" */
struct str klaviyo_compound_id(struct str external_id, struct arena *arena);

struct str klaviyo_render_category(const struct catalog_category *category, struct arena *arena);
/* *mended: "" or what was cut, for the audit. */
struct str klaviyo_render_item(const struct catalog_item *item, struct arena *arena, struct str *mended);
struct str klaviyo_render_variant(const struct catalog_variant *variant, struct arena *arena, struct str *mended);

/* One request ready to be sent. body "" = none. */
struct klaviyo_request {
	enum endpoint endpoint;
	const char *method;
	struct str url;
	struct str body;
};

/*
 * The request for a batch of deliveries of one kind and op, order kept. bulk false: n must be 1.
 * An update is the create's resource without what may not be sent (external_id, integration_type, catalog_type, the variant's item).
 * ERR_INVALID: a stored body is not a resource. ERR_TOO_LARGE: over KLAVIYO_BODY_BYTES_MAX, send fewer.
 */
bool klaviyo_render_request(struct str api_url, const struct delivery *delivery, size_t n, enum delivery_op op, bool bulk,
			    struct arena *arena, struct klaviyo_request *out, struct err *err) MUST_CHECK;

/* GET of one job, or of the newest 100 of its kind when job_id is "". endpoint is the bulk endpoint that made it. */
struct klaviyo_request klaviyo_render_poll(struct str api_url, enum endpoint endpoint, struct str job_id,
					   struct arena *arena);
struct klaviyo_request klaviyo_render_account(struct str api_url, struct arena *arena);

/* The headers of every request, in the arena: Authorization, revision, Accept, Content-Type. */
struct http_header;
const struct http_header *klaviyo_headers(struct str key, bool with_body, struct arena *arena, size_t *n);

#endif
