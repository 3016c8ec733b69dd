/*
 * What a browser, or a cart that a server reports, did: one event for each part, as soon as it is known who
 * it was.
 *
 * Doesn't: tell of anybody by the browser alone: two people may share one.
 * Keeps:   events in the order of their time; those that cannot be told yet are neither told nor forgotten.
 * Pure.
 */
#include "activity/fold_internal.h"

#include "base/attr.h"
#include "base/clock.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct {
	const char *type;
	enum metric metric;
} type_row[] = {
	{ "product_viewed", METRIC_VIEWED_PRODUCT },	 { "cart_changed", METRIC_ADDED_TO_CART },
	{ "checkout_started", METRIC_STARTED_CHECKOUT }, { "active", METRIC_ACTIVE_ON_SITE },
	{ "category_viewed", METRIC_VIEWED_CATEGORY },	 { "searched", METRIC_SEARCHED_SITE },
};

/* One event on its way into the view. */
struct seen {
	struct str part;
	struct activity_event event;
};

struct visitor {
	struct contact person; /* of the visitor as a whole */
	struct seen *seen;
	size_t n;
	struct str *idle;
	size_t n_idle;
};

static bool read_type(struct fold *fold, const struct json *body, enum metric *metric)
{
	struct str type = json_get_text(body, "type");

	for (size_t i = 0; i < ARRAY_LEN(type_row); i++) {
		*metric = type_row[i].metric;
		if (str_eq(type, str_from(type_row[i].type)))
			return true;
	}
	fold_note(fold, "an event's type could not be read");
	return false;
}

/* ---- what happened ---- */

static const struct activity_cart *read_cart(struct fold *fold, const struct json *json)
{
	struct activity_cart *cart = ARENA_NEW(fold->arena, struct activity_cart);
	struct activity_line *added = ARENA_NEW(fold->arena, struct activity_line);

	cart->cart_id = fold_text(fold, json, "cart_id");
	if (cart->cart_id.len == 0)
		cart->cart_id = fold->root->root.id;
	cart->currency = fold_currency(fold, json);
	cart->total = fold_amount(fold, json, "total", cart->currency);
	cart->checkout_url = fold_text(fold, json, "url");
	cart->line = lines_read(fold, json_get(json, "lines"), cart->currency, false, &cart->n_line);
	if (json_type(json_get(json, "added")) == JSON_OBJECT) {
		line_read(fold, json_get(json, "added"), cart->currency, added);
		cart->added = added;
	}
	return cart;
}

static void read_category(struct fold *fold, const struct json *json, struct activity_event *event)
{
	struct str id = fold_text(fold, json, "id"), prefix = fold->rules->id_prefix;

	event->category_id =
		id.len == 0 ? id : arena_printf(fold->arena, "%.*s%.*s", STR_ARG(prefix), STR_ARG(id));
	event->category_name = fold_text(fold, json, "name");
	event->category_url = fold_text(fold, json, "url");
	event->category_image_url = fold_text(fold, json, "image_url");
}

static void read_search(struct fold *fold, const struct json *json, struct activity_event *event)
{
	event->search_term = fold_text(fold, json, "term");
	event->search_corrected = fold_text(fold, json, "corrected");
	event->has_search_results = json_get_int(json, "results", &event->search_results);
}

static void read_product(struct fold *fold, const struct json *json, struct activity_event *event)
{
	struct activity_line *line = ARENA_NEW(fold->arena, struct activity_line);

	line_read(fold, json, fold_currency(fold, json), line);
	event->line = line;
}

/* False: there is nothing in it that could be told. */
static bool read_matter(struct fold *fold, const struct json *body, struct activity_event *event)
{
	event->page_url = fold_text(fold, body, "page_url");
	if (event->metric == METRIC_VIEWED_PRODUCT) {
		read_product(fold, json_get(body, "product"), event);
		return event->line->product_id.len + event->line->sku.len + event->line->name.len > 0;
	}
	if (event->metric == METRIC_VIEWED_CATEGORY) {
		read_category(fold, json_get(body, "category"), event);
		return event->category_id.len + event->category_name.len > 0;
	}
	if (event->metric == METRIC_SEARCHED_SITE) {
		read_search(fold, json_get(body, "search"), event);
		return event->search_term.len > 0;
	}
	if (event->metric == METRIC_ACTIVE_ON_SITE)
		return true;
	event->cart = read_cart(fold, json_get(body, "cart"));
	return event->cart->n_line > 0 || event->cart->added;
}

static struct str unique_id(const struct fold *fold, const struct activity_event *event, struct str id)
{
	if (event->metric == METRIC_STARTED_CHECKOUT)
		id = arena_printf(fold->arena, "%.*s_%" PRId64, STR_ARG(event->cart->cart_id),
				  event->time_ms / MS_PER_S);
	else if (event->metric == METRIC_ADDED_TO_CART)
		id = arena_printf(fold->arena, "%.*s_%.*s", STR_ARG(event->cart->cart_id), STR_ARG(id));
	return fold_unique_id(fold, id);
}

/* ---- who it was ---- */

static bool is_somebody(const struct contact *contact)
{
	return contact->email.len + contact->phone.len + contact->exchange_id.len > 0;
}

/* The address of now of whoever changed it since, else the one they were seen with. */
static struct str email_now(const struct fold *fold, const struct contact *contact)
{
	struct str now = fold_person_now(fold, contact->email.len > 0 ? contact->email : contact->phone);

	return str_find_char(now, '@') < now.len ? arena_dup(fold->arena, now) : contact->email;
}

/* Who did it, as the event says, else as is known of the visitor; but who that is now. */
static bool read_person(struct fold *fold, const struct visitor *visitor, const struct json *body,
			struct activity_profile *profile)
{
	struct contact own = contact_read(fold, json_get(body, "identity"), STR(""));
	const struct contact *contact = is_somebody(&own) ? &own : &visitor->person;

	*profile = (struct activity_profile){
		.email = email_now(fold, contact),
		.phone = contact->phone,
		.exchange_id = contact->exchange_id,
	};
	property_customer_id(fold, profile, contact->customer_id);
	return is_somebody(contact);
}

/* ---- all events ---- */

/* False: nothing will ever come of it. */
static bool read_event(struct fold *fold, const struct fold_fact *fact, struct str id,
		       const struct visitor *visitor, struct activity_event *event)
{
	struct str unknown = fold->unknown;
	bool somebody;

	if (!fact->body || !read_type(fold, fact->body, &event->metric))
		return false;
	if (!fold_time(fold, fact->body, "at", &event->time_ms)) {
		fold_note(fold, "an event does not say when");
		return false;
	}
	if (!fold->rules->metric_on[event->metric] || !read_matter(fold, fact->body, event))
		return false;
	event->unique_id = unique_id(fold, event, id);
	somebody = read_person(fold, visitor, fact->body, &event->profile);
	if (somebody)
		return true;
	fold->unknown = unknown;
	event->unique_id = STR("");
	fold_hold(fold, "visitor is not known yet");
	return true;
}

static int compare_seen(const void *left, const void *right)
{
	const struct seen *a = left;
	const struct seen *b = right;

	if (a->event.time_ms != b->event.time_ms)
		return a->event.time_ms < b->event.time_ms ? -1 : 1;
	return str_cmp(a->part, b->part);
}

static void read_events(struct fold *fold, struct visitor *visitor)
{
	struct str start = STR("event.");

	for (size_t i = 0; i < fold->n_fact; i++) {
		struct str part = fold->fact[i].row->part;
		struct seen seen = { .part = part };

		if (!str_starts(part, start))
			continue;
		if (!read_event(fold, &fold->fact[i], str_skip(part, start.len), visitor, &seen.event))
			visitor->idle[visitor->n_idle++] = part;
		else if (seen.event.unique_id.len > 0)
			visitor->seen[visitor->n++] = seen;
	}
	if (visitor->n > 1)
		qsort(visitor->seen, visitor->n, sizeof(visitor->seen[0]), compare_seen);
}

static void tell(struct fold *fold, const struct visitor *visitor)
{
	struct activity_event *event = ARENA_ARRAY(fold->arena, visitor->n, struct activity_event);
	struct digest16 *key = ARENA_ARRAY(fold->arena, visitor->n, struct digest16);
	struct str *part = ARENA_ARRAY(fold->arena, visitor->n, struct str);

	for (size_t i = 0; i < visitor->n; i++) {
		event[i] = visitor->seen[i].event;
		part[i] = visitor->seen[i].part;
		key[i] = fold_key(fold, event[i].metric, part[i]);
	}
	fold->view->event = event;
	fold->view->event_key = key;
	fold->view->event_part = part;
	fold->view->n_event = visitor->n;
}

/* Persons come with a visit only if they have several addresses. */
static bool anybody_moves(struct fold *fold, const struct visitor *visitor)
{
	for (size_t i = 0; i < visitor->n; i++)
		if (fold_moves(fold, visitor->seen[i].event.profile.email))
			return true;
	return false;
}

void visitor_merge(struct fold *fold)
{
	const struct fold_fact *identity = fold_part(fold, "identity");
	struct visitor visitor = {
		.person = contact_read(fold, identity ? identity->body : NULL, STR("")),
		.seen = ARENA_ARRAY(fold->arena, fold->n_fact, struct seen),
		.idle = ARENA_ARRAY(fold->arena, fold->n_fact, struct str),
	};

	read_events(fold, &visitor);
	fold->view->idle_part = visitor.idle;
	fold->view->n_idle_part = visitor.n_idle;
	if (!anybody_moves(fold, &visitor) && !fold_waits(fold))
		tell(fold, &visitor);
}
