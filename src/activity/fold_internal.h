#ifndef PANNIER_ACTIVITY_FOLD_INTERNAL_H
#define PANNIER_ACTIVITY_FOLD_INTERNAL_H

#include "activity/merge.h"
#include "base/json.h"

/*
 * What the files of the merge share: the facts of one root, read and in one order, and what is being made of them. Each file
 * answers one question: which facts (fold_fact), which values (fold_value), which lines (line, line_product), who (contact,
 * property), which events of an order (order*), which consent (consent), which events of a browser (visitor).
 *
 * Texts taken from a body die with the fold: what goes into the view is copied, which all functions here do.
 */

#define FOLD_LINES_MAX	    1000
#define FOLD_PROPERTIES_MAX 200
#define FOLD_REASONS_MAX    16

/* One part of the root; body NULL = it could not be read. */
struct fold_fact {
	const struct root_fact *row;
	struct json *body;
};

/* Reasons for people, each once. */
struct fold_reasons {
	struct str item[FOLD_REASONS_MAX];
	size_t n;
	bool more;
};

/* A product or variant under one of its names. */
struct fold_product {
	struct str name;
	const struct activity_product *product;
	const struct activity_line *variant; /* NULL: the product itself */
};

struct fold_index {
	struct fold_product *row; /* sorted */
	size_t n;
};

struct fold {
	const struct activity_rules *rules;
	const struct catalog_root *root;
	int64_t now_ms;
	struct arena *arena;
	struct fold_fact *fact; /* by part, one of each */
	size_t n_fact;
	struct fold_fact *kin_fact; /* of a person: parts of the others that the shop knows by the same customer id; of a visitor:
				       customer parts of whom it may have been */
	size_t n_kin_fact;
	struct fold_index by_product; /* the platform's ids */
	struct fold_index by_variant;
	struct fold_index by_sku;
	struct str unknown; /* the first product that a line names and that is not known, "" = none */
	struct fold_reasons held;
	struct fold_reasons note;
	struct activity_view *view;
};

/* ---- fold_fact.c: facts in one order, whatever order they came in; reasons ---- */

/* rules may be NULL where only facts are read. */
void fold_open(struct fold *fold, const struct activity_rules *rules, const struct catalog_root *root,
	       struct arena *arena);
void fold_close(struct fold *fold);
/* NULL if there is none, or it could not be read. */
const struct fold_fact *fold_part(const struct fold *fold, const char *part);
/* Who the customer is now, of the persons whom the shop has known by one customer id; "" if there are not several. */
struct str fold_kin_now(const struct fold *fold);
/* Who it was before that, of a person: the newest of the others; "" = nobody. */
struct str fold_kin_before(const struct fold *fold);
/*
 * Of an order or visitor: is that person, who is the newest of several, about to be looked at? What is told of them before their new
 * address is would make somebody else of them. It is held then, and looked at again soon.
 */
bool fold_moves(struct fold *fold, struct str person_id);
/* Is that person one of the customer's? */
bool fold_is_kin(const struct fold *fold, struct str person_id);
/* Of a visitor: who the person of that id is now, themself if the shop knows them by no other id. Borrowed. */
struct str fold_person_now(const struct fold *fold, struct str person_id);
/* Is it a readable part "name.KEY"? */
bool fold_part_key(const struct fold_fact *fact, const char *name, struct str *key);
void fold_hold(struct fold *fold, const char *format, ...) PRINTF_LIKE(2, 3);
void fold_note(struct fold *fold, const char *format, ...) PRINTF_LIKE(2, 3);
struct str fold_reasons_text(const struct fold_reasons *reasons, struct arena *arena);
/* What was told of one thing; NULL = nothing. */
const struct root_sent *fold_sent(const struct fold *fold, enum klaviyo_kind kind, struct str external_id);
/* True while a product that a line names may still become known; holds the root and says when to look again. */
bool fold_waits(struct fold *fold);

/* ---- fold_value.c: single values, all copied ---- */

/* A string, number or boolean as text, trimmed; "" for anything else. */
struct str fold_scalar(const struct fold *fold, const struct json *value);
struct str fold_text(const struct fold *fold, const struct json *object, const char *name);
/* Texts of a list, or one text; empty ones left out. */
const struct str *fold_texts(const struct fold *fold, const struct json *list, size_t *n);
/* False and noted if it is there and no RFC 3339 time; false if it is not there. */
bool fold_time(struct fold *fold, const struct json *object, const char *name, int64_t *at_ms);
/* "EUR"; "" if there is none or it is no code (noted). */
struct str fold_currency(struct fold *fold, const struct json *object);
/* known false if there is none, or no decimal (noted). */
struct activity_amount fold_amount(struct fold *fold, const struct json *object, const char *name,
				   struct str currency);
/* Plain decimal above or equal to zero, in its shortest form and in millionths; false if it is none. */
bool fold_quantity(const struct fold *fold, struct str text, struct str *out, int64_t *millionths);
/* A unique_id of at most 255 bytes: longer texts are cut and end in their digest. */
struct str fold_unique_id(const struct fold *fold, struct str text);
struct digest16 fold_key(const struct fold *fold, enum metric metric, struct str which);

/* ---- line_product.c: what the catalog knows of a line ---- */

void line_product_open(struct fold *fold, const struct activity_product *product, size_t n);
/* The platform's names in, Klaviyo's ids and all that was missing out. */
void line_product_fill(struct fold *fold, struct activity_line *line, struct str currency);

/* ---- line.c ---- */

void line_read(struct fold *fold, const struct json *json, struct str currency, struct activity_line *out);
/* Lines of a list, at most FOLD_LINES_MAX, each with a line_id of its own if `ids`. */
const struct activity_line *lines_read(struct fold *fold, const struct json *list, struct str currency,
				       bool ids, size_t *n);
/* Sets both prices if one of them is known; quantity in millionths. */
void line_price(struct activity_line *line, const struct activity_amount *unit,
		const struct activity_amount *total, int64_t quantity);

/* ---- contact.c ---- */

struct contact {
	struct str email;
	struct str phone;
	struct str customer_id;
	struct str exchange_id;
	struct str first_name;
	struct str last_name;
	struct str title;
	struct str organization;
	struct str locale;
	bool has_address;
	struct address address;
};

/* country: where the contact's own address names none. */
struct contact contact_read(struct fold *fold, const struct json *json, struct str country);
/* False: nothing of it is known. */
bool address_read(struct fold *fold, const struct json *json, struct str country, struct address *out);
/* Member "locale", "de_de" as "de-DE"; "" (noted) if it is no language tag. */
struct str locale_read(struct fold *fold, const struct json *json);
/* The country code of an address, "" if it has none. */
struct str address_country(const struct fold *fold, const struct json *json);

/* ---- property.c: profiles' fields as the rules want them ---- */

struct property_list {
	struct activity_property item[FOLD_PROPERTIES_MAX];
	size_t n;
};

/* Empty values are left out; a name that is there is replaced. */
void property_put(struct fold *fold, struct property_list *list, struct str name, struct str value);
/* Custom fields that profile_include lets pass. */
void property_put_custom(struct fold *fold, struct property_list *list, const struct json *custom);
/* profile_exclude, profile_rename; profile_set if `set`. */
void property_rules(struct fold *fold, struct property_list *list, bool set);
const struct activity_property *property_keep(const struct fold *fold, const struct property_list *list,
					      size_t *n);
/* All members of an object as they are. */
const struct activity_property *property_all(struct fold *fold, const struct json *object, size_t *n);
/* The shop's customer id: external_id or property, as the rules say. */
void property_customer_id(struct fold *fold, struct activity_profile *profile, struct str customer_id);

/* ---- order.c, order_step.c, order_event.c ---- */

enum order_step_kind { /* also the order of steps of one time */
		       STEP_PAYMENT,
		       STEP_PAID,
		       STEP_SHIPMENT,
		       STEP_FULFILLED,
		       STEP_CANCELLED,
		       STEP_REFUND,
		       STEP_REFUNDED
};

struct order_step {
	enum order_step_kind kind;
	int64_t at_ms;
	struct activity_step step;
	bool covers; /* its lines are all of the order */
};

struct order {
	struct activity_order *order;
	struct str key; /* unique_id of the whole order */
	struct activity_profile profile;
	bool history;
	int64_t history_until_ms; /* what happened after the import is no history */
	int64_t placed_ms;	 /* 0 = not placed */
	struct order_step *step; /* by time */
	size_t n_step;
};

void order_merge(struct fold *fold);
/* Fills step and placed_ms; order->order has to be there. */
void order_steps_read(struct fold *fold, struct order *order);
void order_events(struct fold *fold, const struct order *order);

/* ---- profile.c, consent.c, visitor.c ---- */

void person_merge(struct fold *fold);
/* former: the person is known by another address now. */
void consent_merge(struct fold *fold, struct str email, struct str phone, bool former);
void visitor_merge(struct fold *fold);

#endif
