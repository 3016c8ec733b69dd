#ifndef PANNIER_PLATFORM_ENAD_ENAD_INTERNAL_H
#define PANNIER_PLATFORM_ENAD_ENAD_INTERNAL_H

#include "platform/mapping.h"
#include "platform/payload.h"
#include "platform/platform.h"

/*
 * One event of Enad, one row (enad_event.c). Facts: docs.enad.io/docs/events, read 2026-11.
 *
 * family and subject say what a message is about: two messages of one family with equal subjects are about the same
 * thing, and only the newest of them decides whether the next one is a duplicate.
 */
struct enad_event {
	const char *name;
	const char *family;
	const char *subject[2];      /* names (payload.h) of the id, and of a second one or NULL */
	void (*map)(struct mapping *mapping, const struct json *payload, int64_t received_ms);
	const char *ignored;         /* why, where map is NULL */
};

/* NULL if Enad's documentation names no such event. */
const struct enad_event *enad_event_find(struct str name);

bool enad_accepts(struct str content_type);
bool enad_check_secret(struct str secret, struct err *err);
bool enad_verify(const struct platform_store *store, const struct platform_request *request, struct err *err);
bool enad_identify(const struct platform_store *store, const struct platform_request *request, size_t max_n,
		   struct arena *arena, struct platform_message **message, size_t *n, struct err *err);
void enad_map(const struct platform_store *store, struct str topic, struct str body, int64_t received_ms,
	      struct arena *arena, struct map_result *out);

/* ---- the map functions of the rows ---- */

void enad_map_product(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_product_status(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_product_deleted(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_variant(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_variant_status(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_variant_deleted(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_prices(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_stock(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_stock_deleted(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_category(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_category_deleted(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_link(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_unlink(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_market(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_market_deleted(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_store_group(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_store_group_deleted(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_tag(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_tag_deleted(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_brand(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_brand_deleted(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_series(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_series_deleted(struct mapping *mapping, const struct json *payload, int64_t received_ms);
void enad_map_user(struct mapping *mapping, const struct json *payload, int64_t received_ms);

/* ---- what the families share (enad_common.c) ---- */

/* An id without which the message means nothing: if it is absent the mapping fails, naming it, and "" comes back. */
struct str enad_need_id(struct mapping *mapping, const struct json *payload, const char *names);

/* text.LANGUAGE.member = value for each {country_code, value} of a list. Enad keys translations by country. */
void enad_put_translations(struct mapping *mapping, struct json *text, const char *member, const struct json *list);

/* Active ones of images[] in the order of their sort; first, if not "", an image to be put before them. Takes nothing. */
struct json *enad_images(struct mapping *mapping, const struct json *images, struct str first);

/* Do status, is_active and is_archive (as far as they are there) say that it is shown? False: none of them is there. */
bool enad_published(const struct json *payload, bool *published);

/* The fact "status", if the payload says anything of it. */
void enad_add_status(struct mapping *mapping, const struct json *payload, struct entity entity, struct str root_id);

/* {id, name} of a brand or series, or NULL if it has neither; its id goes to refs. */
struct json *enad_named(struct mapping *mapping, const struct json *value, enum entity_kind kind, struct ref_list *refs);

/* Array of the ids (or else keys or names) of tags[]; their ids go to refs. */
struct json *enad_tags(struct mapping *mapping, const struct json *tags, struct ref_list *refs);

/* Array of country codes, upper-case, from a list of them, or from one. */
struct json *enad_countries(struct mapping *mapping, const struct json *list, struct str one);

/* FACT_DELETE of the entity whose id one of the names is. */
void enad_add_deleted(struct mapping *mapping, const struct json *payload, enum entity_kind kind, const char *names,
		      struct str root_id);

#endif
