#ifndef PANNIER_PLATFORM_GENERIC_GENERIC_INTERNAL_H
#define PANNIER_PLATFORM_GENERIC_GENERIC_INTERNAL_H

#include "platform/contact.h"
#include "platform/field.h"
#include "platform/mapping.h"
#include "platform/payload.h"
#include "platform/platform.h"

/* Our own messages, documented for those who write them in docs/platforms/generic.md. */

#define GENERIC_TYPE_BYTES_MAX 200
#define GENERIC_ID_BYTES_MAX 200 /* of webhook-id */
#define GENERIC_VARIANTS_MAX 5000 /* in one product message */
#define GENERIC_STATUSES_MAX 500 /* order statuses of a shop; later ones are left out */
#define GENERIC_LINES_MAX 1000 /* of an order, cart, shipment or refund; more are cut off */

/* One message being mapped: the envelope's members besides type. */
struct generic_message {
	const struct json *data;     /* an object */
	struct str subject;          /* id of the entity, where data names none (CloudEvents); "" = none */
	struct str currency;         /* for prices that name none */
	int64_t version;             /* sequence, else the time it happened in ms, else 0 */
	struct str type;             /* "order.placed": the row's name */
	struct str event_id;         /* the envelope's id, else a digest of the message */
	int64_t at_ms;               /* when it happened, else when it was received */
	int64_t received_ms;
	struct str order_states;     /* the store's setting, see generic_order_state */
};

/* One type of message, one row (generic_type.c). */
struct generic_type {
	const char *name;            /* ends in '.': all that begin so */
	void (*map)(struct mapping *mapping, const struct generic_message *message);
	const char *ignored;         /* why, where map is NULL */
};

/* NULL if there is no such type. */
const struct generic_type *generic_type_find(struct str name);
/*
 * The type a CloudEvents type stands for: theirs have a domain before and may have a version behind
 * ("com.example.product.upserted.v1"). The type itself if it stands for none of ours.
 */
struct str generic_type_inner(struct str type);

bool generic_accepts(struct str content_type);
bool generic_check_secret(struct str secret, struct err *err);
bool generic_verify(const struct platform_store *store, const struct platform_request *request, struct err *err);
bool generic_identify(const struct platform_store *store, const struct platform_request *request, size_t max_n,
		      struct arena *arena, struct platform_message **message, size_t *n, struct err *err);
void generic_map(const struct platform_store *store, struct str topic, struct str body, int64_t received_ms,
		 struct arena *arena, struct map_result *out);

/* Printable ASCII without a dot, at most GENERIC_ID_BYTES_MAX bytes. */
bool generic_webhook_id_fits(struct str id);

/* One JSON envelope out of a CloudEvent in binary mode: attributes from ce-* headers, data from the body. ERR_INVALID. */
bool generic_binary_envelope(const struct platform_request *request, struct arena *arena, struct str *out,
			     struct err *err);

/* ---- the map functions of the rows ---- */

void generic_map_product(struct mapping *mapping, const struct generic_message *message);
void generic_map_product_deleted(struct mapping *mapping, const struct generic_message *message);
void generic_map_variant(struct mapping *mapping, const struct generic_message *message);
void generic_map_variant_deleted(struct mapping *mapping, const struct generic_message *message);
void generic_map_category(struct mapping *mapping, const struct generic_message *message);
void generic_map_category_deleted(struct mapping *mapping, const struct generic_message *message);
void generic_map_link(struct mapping *mapping, const struct generic_message *message);
void generic_map_unlink(struct mapping *mapping, const struct generic_message *message);
void generic_map_price(struct mapping *mapping, const struct generic_message *message);
void generic_map_stock(struct mapping *mapping, const struct generic_message *message);
void generic_map_order(struct mapping *mapping, const struct generic_message *message);
void generic_map_customer(struct mapping *mapping, const struct generic_message *message);
void generic_map_erased(struct mapping *mapping, const struct generic_message *message);
void generic_map_consent(struct mapping *mapping, const struct generic_message *message);
void generic_map_storefront(struct mapping *mapping, const struct generic_message *message);
void generic_map_shop(struct mapping *mapping, const struct generic_message *message);

/* ---- what they share ---- */

/* An id of data, or else the subject (with_subject); "": neither, the mapping has failed, naming it. */
struct str generic_need_id(struct mapping *mapping, const struct generic_message *message, const char *names,
			   bool with_subject);

/*
 * Texts into a base body: each of title, description, html, slug, meta_title and meta_description is plain, or
 * {LANGUAGE: text}, which goes to body.text; of those, that of data.language (else the first) is the plain one too.
 */
void generic_put_texts(struct mapping *mapping, struct json *body, const struct json *data);
/* The same with another language than data's own. */
void generic_put_texts_in(struct mapping *mapping, struct json *body, const struct json *data, struct str language);

/* images: addresses or {url, alt, title}; image (one) comes first. Members of base bodies alike in products and variants. */
void generic_put_common(struct mapping *mapping, struct json *body, const struct json *data);

/* The facts price.* and stock.* that a product or variant carries; none if it says nothing of them. */
void generic_add_price(struct mapping *mapping, const struct generic_message *message, const struct json *data,
		       struct entity entity, struct str root_id);
void generic_add_stock(struct mapping *mapping, const struct generic_message *message, const struct json *data,
		       struct entity entity, struct str root_id);

/* Base, price and stock of one variant. */
void generic_add_variant(struct mapping *mapping, const struct generic_message *message, const struct json *data,
			 struct str id, struct str root_id);

/* Unix ms of the first of these members that is a time up to now; otherwise, with a note if one is there, that. */
int64_t generic_time(struct mapping *mapping, const struct generic_message *message, const struct json *from,
		     const char *names, int64_t otherwise);

/* ---- orders (generic_order_*.c) ---- */

/* States of an order that stand for themselves, and the part that says so; "": only lists of the message say more. */
enum generic_state {
	GENERIC_STATE_NONE,
	GENERIC_STATE_PENDING,
	GENERIC_STATE_PLACED,
	GENERIC_STATE_PAID,
	GENERIC_STATE_PARTIALLY_PAID,
	GENERIC_STATE_FULFILLED,
	GENERIC_STATE_PARTIALLY_FULFILLED,
	GENERIC_STATE_CANCELLED,
	GENERIC_STATE_REFUNDED,
	GENERIC_STATE_PARTIALLY_REFUNDED
};

/*
 * The state that data.state, or data.status by way of states ("shop status=state, ..."), names. NONE: neither is there, or
 * it is not known (noted).
 */
enum generic_state generic_order_state(struct mapping *mapping, const struct json *data, struct str states);
/* platform_ops.status_means: orders bring a status's id or its title. */
struct status_meaning generic_status_means(const struct json *status, struct str order_states);

/* The part of a state reached in full, or nothing: placed, paid, fulfilled, cancelled, refunded. */
void generic_add_reached(struct mapping *mapping, const struct generic_message *message, struct entity order,
			 enum generic_state state);
/* payment.I, shipment.I or refund.I of a message that is about one of them; fails if it does not say enough. */
void generic_add_partial(struct mapping *mapping, const struct generic_message *message, struct entity order,
			 enum generic_state state);
/* The same of a snapshot's lists; those that do not say enough are left out and noted, as are lists that the state needs. */
void generic_add_partials(struct mapping *mapping, const struct generic_message *message, struct entity order,
			  enum generic_state state);

/*
 * LINEs of a list, at most GENERIC_LINES_MAX; one without an id is known by its place, from 1. Those that lack something the
 * catalog may know name their product and variant in refs.
 */
struct json *generic_lines(struct mapping *mapping, const struct json *list, struct ref_list *refs);
/* {line_id, quantity} of the lines that a shipment or refund is about. */
struct json *generic_line_quantities(struct mapping *mapping, const struct json *list);
/* One LINE without line_id and quantity, with price, compare_at_price and their currency: a product that was looked at. */
struct json *generic_viewed(struct mapping *mapping, const struct json *product, struct ref_list *refs);
/* One LINE with quantity: what was added to a cart. NULL: it is no object. */
struct json *generic_added(struct mapping *mapping, const struct json *line, struct ref_list *refs);

/* ---- people (generic_contact.c) ---- */

/* ADDRESS of these members; empty if there is none. */
struct json *generic_address(struct mapping *mapping, const struct json *address);
/* CONTACT of an order: its customer, with what only the order and its addresses say. */
struct json *generic_order_contact(struct mapping *mapping, const struct json *data);
/* CONTACT of data itself. */
struct json *generic_contact(struct mapping *mapping, const struct json *data);

void generic_add_deleted(struct mapping *mapping, const struct generic_message *message, enum entity_kind kind,
			 const char *names, struct str root_id);

#endif
