/*
 * Beacons: what a browser sent becomes envelopes of the generic platform.
 *
 * Does:    finds key and events, checks what each type needs, writes the envelope anew from the lists of
 *          beacon_field.c.
 * Doesn't: judge who sent it (beacon.c).
 * Keeps:   nothing is copied as it came. Times come from the difference of two of the browser's, counted back
 *          from ours, at most a day: a wrong clock does no harm.
 * Pure.
 */
#include "flow/beacon_read.h"

#include "base/clock.h"
#include "base/json.h"
#include "flow/beacon_field.h"
#include "flow/cart_link.h"
#include "net/url.h"

#define LINES_MAX      50
#define ID_BYTES_MIN   8
#define ID_BYTES_MAX   64
#define TOPIC_PREFIX   "storefront."
#define TIME_BYTES_MAX 64
#define AGENT_BYTES    512

struct reader {
	const struct settings_store *store;
	struct arena *arena;
	int64_t now_ms;
	int64_t sent_ms; /* by the browser's clock; 0 = it did not say */
};

/* ---- origins and robots ---- */

static bool same_origin(const struct url *a, const struct url *b)
{
	return str_eq_nocase(a->scheme, b->scheme) && str_eq_nocase(a->host, b->host) && a->port == b->port;
}

bool beacon_origin_allowed(struct str list, struct str url)
{
	struct url asked, known;
	struct str one;

	if (!url_parse(url, &asked, NULL))
		return false;
	while (str_split(&list, ',', &one))
		if (url_parse(str_trim(one), &known, NULL) && same_origin(&known, &asked))
			return true;
	return false;
}

bool beacon_is_bot(struct str user_agent)
{
	static const char *const sign[] = { "bot",	   "crawl",   "spider",	    "slurp",   "headless",
					    "externalhit", "preview", "lighthouse", "monitor", "curl/",
					    "wget/",	   "python",  "java/",	    "phantom", "scrapy" };
	struct str rest = str_of(user_agent.p, user_agent.len < AGENT_BYTES ? user_agent.len : AGENT_BYTES);

	for (; rest.len > 0; rest = str_skip(rest, 1)) {
		if (str_eq_nocase(str_of(rest.p, rest.len < 5 ? rest.len : 5), STR("cubot")))
			rest = str_skip(rest, 4); /* a maker of telephones */
		for (size_t i = 0; i < ARRAY_LEN(sign); i++) {
			struct str word = str_from(sign[i]);

			if (rest.len >= word.len && str_eq_nocase(str_of(rest.p, word.len), word))
				return true;
		}
	}
	return user_agent.len == 0;
}

/* ---- parts of an event ---- */

/* One object into a member of data; absent is fine. */
static bool copy_part(const struct reader *reader, const struct field_list *list, const char *name,
		      const struct json *data, struct json *out, struct err *err)
{
	const struct json *from = json_get(data, name);
	struct json *to;

	if (json_type(from) == JSON_NULL)
		return true;
	if (json_type(from) != JSON_OBJECT)
		return err_set(err, ERR_INVALID, "'%s' is not an object", name);
	to = json_new_object();
	if (!beacon_copy(list, reader->store, from, reader->arena, to, err)) {
		json_free(to);
		return err_wrap(err, "%s", name);
	}
	json_set(out, name, to);
	return true;
}

/* A line that names nothing says nothing. */
static bool names_product(const struct json *line)
{
	return json_get_text(line, "product_id").len > 0 || json_get_text(line, "sku").len > 0 ||
	       json_get_text(line, "name").len > 0;
}

static bool copy_line(const struct reader *reader, const struct json *from, struct json *lines,
		      struct err *err)
{
	struct json *line = json_new_object();
	bool ok = beacon_copy(&beacon_line_fields, reader->store, from, reader->arena, line, err);

	if (ok && names_product(line))
		json_append(lines, line);
	else
		json_free(line);
	return ok;
}

static bool copy_lines(const struct reader *reader, const struct json *from, struct json *cart,
		       struct err *err)
{
	const struct json *items = json_get(from, "items");
	struct json *lines;

	if (json_type(items) != JSON_NULL && json_type(items) != JSON_ARRAY)
		return err_set(err, ERR_INVALID, "'items' is not a list");
	lines = json_new_array();
	json_set(cart, "items", lines);
	for (size_t i = 0; i < json_len(items) && i < LINES_MAX; i++)
		if (!copy_line(reader, json_at(items, i), lines, err))
			return err_wrap(err, "item %zu", i + 1);
	return true;
}

static bool copy_added(const struct reader *reader, const struct json *from, struct json *cart,
		       struct err *err)
{
	if (!copy_part(reader, &beacon_line_fields, "added", from, cart, err))
		return false;
	if (json_get(cart, "added") && !names_product(json_get(cart, "added")))
		json_remove(cart, "added");
	return true;
}

static bool copy_cart(const struct reader *reader, const struct json *data, struct json *out, struct err *err)
{
	const struct json *from = json_get(data, "cart");
	struct json *cart;
	struct str link;

	if (!copy_part(reader, &beacon_cart_fields, "cart", data, out, err))
		return false;
	cart = json_get(out, "cart");
	if (cart && (!copy_lines(reader, from, cart, err) || !copy_added(reader, from, cart, err)))
		return false;
	if (json_get_text(cart, "cart_id").len == 0 && json_len(json_get(cart, "items")) == 0)
		return err_set(err, ERR_INVALID, "there is no cart with a cart_id or items");
	link = cart_link_url(reader->store, json_get_text(cart, "cart_id"), reader->now_ms, reader->arena);
	if (link.len > 0)
		json_set_text(cart, "recover_url", link);
	return true;
}

static bool copy_product(const struct reader *reader, const struct json *data, struct json *out,
			 struct err *err)
{
	if (!copy_part(reader, &beacon_product_fields, "product", data, out, err))
		return false;
	return json_get_text(json_get(out, "product"), "product_id").len > 0 ||
	       err_set(err, ERR_INVALID, "there is no product with a product_id");
}

static bool copy_category(const struct reader *reader, const struct json *data, struct json *out,
			  struct err *err)
{
	const struct json *category;

	if (!copy_part(reader, &beacon_category_fields, "category", data, out, err))
		return false;
	category = json_get(out, "category");
	return json_get_text(category, "id").len > 0 || json_get_text(category, "name").len > 0 ||
	       err_set(err, ERR_INVALID, "there is no category with an id or a name");
}

static bool copy_search(const struct reader *reader, const struct json *data, struct json *out,
			struct err *err)
{
	if (!copy_part(reader, &beacon_search_fields, "search", data, out, err))
		return false;
	return json_get_text(json_get(out, "search"), "term").len > 0 ||
	       err_set(err, ERR_INVALID, "there is no search with a term");
}

static bool need_identity(const struct reader *reader, const struct json *data, struct json *out,
			  struct err *err)
{
	(void)reader;
	(void)data;
	return json_get_text(out, "email").len > 0 || json_get_text(out, "exchange_token").len > 0 ||
	       err_set(err, ERR_INVALID, "there is neither email nor exchange_token");
}

static bool need_nothing(const struct reader *reader, const struct json *data, struct json *out,
			 struct err *err)
{
	(void)reader;
	(void)data;
	(void)out;
	(void)err;
	return true;
}

static const struct type_row {
	const char *topic;
	bool (*copy)(const struct reader *reader, const struct json *data, struct json *out, struct err *err);
} type_row[] = {
	{ TOPIC_PREFIX "active", need_nothing },	 { TOPIC_PREFIX "identified", need_identity },
	{ TOPIC_PREFIX "product_viewed", copy_product }, { TOPIC_PREFIX "cart_changed", copy_cart },
	{ TOPIC_PREFIX "checkout_started", copy_cart },	 { TOPIC_PREFIX "category_viewed", copy_category },
	{ TOPIC_PREFIX "searched", copy_search },
};

static const struct type_row *find_type(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(type_row); i++) {
		struct str topic = str_from(type_row[i].topic);

		if (str_eq(name, topic) || str_eq(name, str_skip(topic, sizeof(TOPIC_PREFIX) - 1)))
			return &type_row[i];
	}
	return NULL;
}

/* ---- one event ---- */

static bool is_id(struct str id)
{
	for (size_t i = 0; i < id.len; i++) {
		char c = id.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    c != '-' && c != '_')
			return false;
	}
	return id.len >= ID_BYTES_MIN && id.len <= ID_BYTES_MAX;
}

/* When it happened, by our clock. */
static struct str time_of(const struct reader *reader, const struct json *event)
{
	int64_t at_ms = 0, ago_ms = 0;
	struct strbuf text;
	struct str out;

	if (reader->sent_ms > 0 && json_get_int(event, "at", &at_ms) && at_ms > 0 && at_ms < reader->sent_ms)
		ago_ms = reader->sent_ms - at_ms;
	if (ago_ms > MS_PER_DAY)
		ago_ms = MS_PER_DAY;
	strbuf_init(&text, TIME_BYTES_MAX);
	time_format_rfc3339(reader->now_ms - ago_ms, &text);
	out = arena_dup(reader->arena, strbuf_str(&text));
	strbuf_release(&text);
	return out;
}

static struct str envelope_of(const struct reader *reader, const struct beacon_event *event,
			      const struct json *from, const struct json *data)
{
	struct json *envelope = json_new_object();
	struct str text;

	json_set_text(envelope, "id", event->id);
	json_set_text(envelope, "type", event->topic);
	json_set_text(envelope, "occurred_at", time_of(reader, from));
	json_set(envelope, "data", json_clone(data));
	text = json_write_arena(envelope, false, reader->arena);
	json_free(envelope);
	return text;
}

static bool read_data(const struct reader *reader, const struct type_row *type, const struct json *from,
		      struct json *data, struct beacon_event *out, struct err *err)
{
	if (!beacon_copy(&beacon_visitor_fields, reader->store, from, reader->arena, data, err))
		return false;
	out->visitor = arena_dup(reader->arena, json_get_text(data, "anonymous_id"));
	if (!is_id(out->visitor))
		return err_set(err, ERR_INVALID, "'anonymous_id' is not %d to %d letters, digits, - and _",
			       ID_BYTES_MIN, ID_BYTES_MAX);
	return type->copy(reader, from, data, err);
}

static bool read_event(const struct reader *reader, const struct json *from, struct beacon_event *out,
		       struct err *err)
{
	const struct type_row *type = find_type(json_get_text(from, "type"));
	struct json *data;
	bool ok;

	if (!type)
		return err_set(err, ERR_INVALID, "'type' is none that a browser may send");
	out->topic = str_from(type->topic);
	out->id = arena_dup(reader->arena, json_get_text(from, "id"));
	if (!is_id(out->id))
		return err_set(err, ERR_INVALID, "'id' is not %d to %d letters, digits, - and _",
			       ID_BYTES_MIN, ID_BYTES_MAX);
	data = json_new_object();
	ok = read_data(reader, type, json_get(from, "data"), data, out, err);
	if (ok)
		out->body = envelope_of(reader, out, from, data);
	json_free(data);
	return ok;
}

/* ---- the body ---- */

static void read_events(const struct reader *reader, const struct json *list, struct beacon_batch *out)
{
	size_t n = json_len(list);

	out->event = ARENA_ARRAY(reader->arena, n, struct beacon_event);
	for (size_t i = 0; i < n; i++) {
		struct err why = { 0 };

		if (read_event(reader, json_at(list, i), &out->event[out->n], &why)) {
			out->n++;
			continue;
		}
		if (out->n_refused++ == 0)
			out->why = why;
	}
}

/* The list of events in any of the three forms; NULL: there is none. *single is to be freed. */
static const struct json *events_of(const struct json *root, struct json **single)
{
	if (json_type(root) == JSON_ARRAY)
		return root;
	if (json_type(root) != JSON_OBJECT)
		return NULL;
	if (json_type(json_get(root, "events")) == JSON_ARRAY)
		return json_get(root, "events");
	*single = json_new_array();
	json_append(*single, json_clone(root));
	return *single;
}

bool beacon_read(const struct settings_store *store, struct str body, int64_t now_ms, struct arena *arena,
		 struct beacon_batch *out, struct err *err)
{
	struct reader reader = { .store = store, .arena = arena, .now_ms = now_ms };
	struct json *root = NULL, *single = NULL;
	const struct json *list;
	bool ok = false;

	*out = (struct beacon_batch){ 0 };
	/* The first says where without repeating what; the second refuses a little more. */
	if (!json_scan(body, NULL, 0, NULL, NULL, err))
		return err_wrap(err, "the body is not JSON");
	if (!json_parse(body, &root, NULL))
		return err_set(err, ERR_INVALID, "the body repeats a name or holds a number out of range");
	list = events_of(root, &single);
	(void)json_get_int(json_type(root) == JSON_ARRAY ? json_at(root, 0) : root, "sent_at",
			   &reader.sent_ms);
	if (!list || json_len(list) == 0) {
		(void)err_set(err, ERR_INVALID, "there are no events");
	} else if (json_len(list) > BEACON_EVENTS_MAX) {
		(void)err_set(err, ERR_TOO_LARGE, "more than %d events", BEACON_EVENTS_MAX);
	} else {
		out->key = arena_dup(
			arena, json_get_text(json_type(root) == JSON_ARRAY ? json_at(root, 0) : root, "key"));
		read_events(&reader, list, out);
		ok = true;
	}
	json_free(single);
	json_free(root);
	return ok;
}
