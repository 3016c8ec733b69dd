#ifndef PANNIER_KLAVIYO_RENDER_H
#define PANNIER_KLAVIYO_RENDER_H

#include "base/err.h"
#include "base/strbuf.h"
#include "klaviyo/endpoint.h"
#include "model/activity.h"
#include "model/catalog.h"

/*
 * Rendering: canonical catalog, events, profiles and consents -> JSON:API. Pure: no I/O, no clock.
 * Source: Klaviyo OpenAPI stable, revision 2026-07-15.
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

/*
 * Events, profiles and consents. Ceilings: texts 100,000 bytes, lists 4,000 elements, 300 properties, a profile 90,000 bytes, an event
 * 1,000,000 (Items are cut from their end); *mended says what was cut, "" = nothing.
 */
/* canceled_spelling: "Canceled Order", because the account has that metric already. */
struct str klaviyo_render_event(const struct activity_event *event, bool canceled_spelling, struct arena *arena, struct str *mended);
/* external_id of its delivery, METRIC NAME|unique_id, whatever the spelling. */
struct str klaviyo_event_external_id(const struct activity_event *event, struct arena *arena);
/* The stored resource of an event as of its person_now; borrowed as it is if that is "". */
struct str klaviyo_event_now(const struct delivery *event, struct arena *arena);
struct str klaviyo_render_profile(const struct activity_profile *profile, struct arena *arena, struct str *mended);
/* The row of a subscription or of its end; a delivery of op DELETE has it as its body too. */
struct str klaviyo_render_consent(const struct activity_consent *consent, struct arena *arena);
/* parent_external_id of its delivery, LIST_ID|h or n|SOURCE: what the request says for all its rows. */
struct str klaviyo_consent_group(const struct activity_consent *consent, struct arena *arena);

/* One request ready to be sent. body "" = none. */
struct klaviyo_request {
	enum endpoint endpoint;
	const char *method;
	struct str url;
	struct str body;
};

/*
 * The request for a batch of deliveries of one kind and op, order kept. bulk false: n must be 1. Of the endpoints with one form for
 * both (consents, erasure) bulk says nothing.
 * now_ms (wall): an event that happened longer ago than its metric's window leaves as backfill, so that it starts no flows. window
 * NULL: those of the table.
 * An event is told of its person_now. One that repeats another of the batch is said once. Consents of one request have one group.
 * An update is the create's resource without what may not be sent (external_id, integration_type, catalog_type, the variant's item).
 * ERR_INVALID: a stored body is not a resource. ERR_TOO_LARGE: over KLAVIYO_BODY_BYTES_MAX, send fewer.
 */
bool klaviyo_render_request(struct str api_url, const struct delivery *delivery, size_t n, enum delivery_op op, bool bulk,
			    int64_t now_ms, const struct metric_windows *window, struct arena *arena, struct klaviyo_request *out,
			    struct err *err) MUST_CHECK;

/* GET of one job, or of the newest 100 of its kind when job_id is "". endpoint is the one that made it. */
struct klaviyo_request klaviyo_render_poll(struct str api_url, enum endpoint endpoint, struct str job_id,
					   struct arena *arena);
struct klaviyo_request klaviyo_render_account(struct str api_url, struct arena *arena);

/*
 * Lookups; klaviyo/lookup.h reads the answers. page: "" = the first, else what klaviyo_page_next gave.
 */
/* All lists, or those of exactly this name. */
struct klaviyo_request klaviyo_render_lists(struct str api_url, struct str name, struct str page, struct arena *arena);
struct klaviyo_request klaviyo_render_list_create(struct str api_url, struct str name, struct arena *arena);
struct klaviyo_request klaviyo_render_metrics(struct str api_url, struct str page, struct arena *arena);
/* Profiles whose e-mail address Klaviyo has suppressed since then, oldest first. */
struct klaviyo_request klaviyo_render_optouts(struct str api_url, int64_t since_ms, struct str page, struct arena *arena);

/* A page of the categories, items or variants that the account has, in the order they were made; and of the items of one category. */
struct klaviyo_request klaviyo_render_things(struct str api_url, enum klaviyo_kind kind, struct str page, struct arena *arena);
struct klaviyo_request klaviyo_render_links(struct str api_url, struct str category_external_id, struct str page,
					    struct arena *arena);

/* The headers of every request, in the arena: Authorization, revision, Accept, Content-Type. */
struct http_header;
const struct http_header *klaviyo_headers(struct str key, bool bearer, bool with_body, struct arena *arena, size_t *n);

#endif
