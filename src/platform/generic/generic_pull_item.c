/*
 * Pulling by settings: an item of a page as a message of ours.
 *
 * Does:    takes items that are messages, or data of messages, as they are; puts together those in the
 *          shop's own form by JSON pointers (pull_map_KIND).
 * Keeps:   times without a zone are UTC; a newsletter state of plain no says nothing, as only an
 *          unsubscription is one.
 * Pure.
 */
#include "platform/generic/generic_pull.h"

#include "base/clock.h"

#define ELEMENTS_MAX   5000
#define SECONDS_MAX    INT64_C(100000000000) /* greater numbers are milliseconds */
#define SQL_TIME_BYTES 19

static const char *const types[PULL_KIND_COUNT] = {
	[PULL_CUSTOMERS] = "customer.upserted",	 [PULL_SUBSCRIBERS] = "consent.changed",
	[PULL_CATEGORIES] = "category.upserted", [PULL_PRODUCTS] = "product.upserted",
	[PULL_VARIANTS] = "variant.upserted",	 [PULL_ORDERS] = "order.updated",
};

/* ---- values ---- */

static struct json *time_value(int64_t at_ms)
{
	struct strbuf text;
	struct json *value;

	strbuf_init(&text, 64);
	time_format_rfc3339(at_ms, &text);
	value = json_new_text(strbuf_str(&text));
	strbuf_release(&text);
	return value;
}

/* A time as RFC 3339, if it is one in seconds, milliseconds, or without a zone; otherwise as it is. */
static struct json *mended_time(const struct json *value, struct arena *arena)
{
	struct str text = json_text(value);
	int64_t number, at_ms;

	if (json_type(value) == JSON_INTEGER || str_to_int64(text, &number)) {
		number = json_type(value) == JSON_INTEGER ? (int64_t)json_number(value) : number;
		if (number > 0)
			return time_value(number < SECONDS_MAX ? number * MS_PER_S : number);
	}
	if (text.len >= SQL_TIME_BYTES &&
	    time_parse_rfc3339(arena_printf(arena, "%.*sZ", STR_ARG(text)), &at_ms))
		return time_value(at_ms);
	if (text.len == 10 &&
	    time_parse_rfc3339(arena_printf(arena, "%.*sT00:00:00Z", STR_ARG(text)), &at_ms))
		return time_value(at_ms);
	return json_clone(value);
}

/* What a pair names: a pointer into the item, or the text itself. */
static struct json *value_of(struct str name, struct str from, const struct json *item, struct arena *arena)
{
	const struct json *value;

	if (from.p[0] != '/')
		return json_new_text(from);
	value = json_pointer(item, from, arena);
	if (!value || json_type(value) == JSON_NULL)
		return NULL;
	if (str_ends(name, STR("_at")) || str_eq(name, STR("timestamp")))
		return mended_time(value, arena);
	return json_clone(value);
}

/* ---- mapping ---- */

struct pair {
	struct str list; /* "lines" of "lines.sku" */
	struct str name;
	struct str from;
};

static bool next_pair(struct str *rest, struct pair *out)
{
	struct str part;
	size_t equals, dot;

	if (!str_split(rest, ',', &part))
		return false;
	equals = str_find_char(part, '=');
	out->name = str_trim(str_of(part.p, equals));
	out->from = str_trim(str_skip(part, equals + 1));
	dot = str_find_char(out->name, '.');
	out->list = dot < out->name.len ? str_of(out->name.p, dot) : STR("");
	out->name = dot < out->name.len ? str_skip(out->name, dot + 1) : out->name;
	return true;
}

/* The members that pairs of this list name, from item. */
static struct json *map_members(struct str map, struct str list, const struct json *item, struct arena *arena)
{
	struct json *object = json_new_object();
	struct pair pair;

	while (next_pair(&map, &pair))
		if (str_eq(pair.list, list))
			json_set_n(object, pair.name, value_of(pair.name, pair.from, item, arena));
	return object;
}

/*
 * Lists whose elements are in the shop's form, too. An object in place of a list is mapped alike (a
 * customer).
 */
static void map_lists(struct str map, struct json *data, struct arena *arena)
{
	struct str rest = map;
	struct pair pair;

	while (next_pair(&rest, &pair)) {
		char *name = arena_cstr(arena, pair.list);
		struct json *value = json_get(data, name), *mapped;

		if (pair.list.len == 0 || json_get(data, arena_printf(arena, "%s ", name).p))
			continue;
		if (json_type(value) == JSON_ARRAY) {
			mapped = json_new_array();
			for (size_t i = 0; i < json_len(value) && i < ELEMENTS_MAX; i++)
				json_append(mapped, map_members(map, pair.list, json_at(value, i), arena));
		} else if (json_type(value) == JSON_OBJECT) {
			mapped = map_members(map, pair.list, value, arena);
		} else {
			continue;
		}
		json_set(data, name, mapped);
		/* Once for all pairs of the list. */
		json_set(data, arena_printf(arena, "%s ", name).p, json_new_bool(true));
	}
	for (rest = map; next_pair(&rest, &pair);)
		if (pair.list.len > 0)
			json_remove(data, arena_printf(arena, "%.*s ", STR_ARG(pair.list)).p);
}

/* ---- consent ---- */

static bool is_yes(const struct json *value)
{
	return json_is_true(value) || json_number(value) == 1 || str_eq(json_text(value), STR("1"));
}

/* False: nothing is said. */
static bool mend_state(struct json *data)
{
	const struct json *state = json_get(data, "state");
	enum json_type type = json_type(state);

	if (type == JSON_STRING && !str_eq(json_text(state), STR("0")) && !str_eq(json_text(state), STR("1")))
		return true;
	if (type != JSON_NULL && !is_yes(state))
		return false;
	json_set(data, "state", json_new_text(STR("subscribed")));
	return true;
}

/* ---- the message ---- */

static bool is_message(const struct json *item)
{
	return json_get_text(item, "type").len > 0 && json_type(json_get(item, "data")) == JSON_OBJECT;
}

/* Members of the envelope may be mapped like others. */
static void lift(struct json *envelope, struct json *data, const char *name)
{
	struct json *value = json_get(data, name);

	if (!value)
		return;
	json_set(envelope, name, json_clone(value));
	json_remove(data, name);
}

static struct str envelope_of(enum pull_kind kind, struct json *data, struct arena *arena)
{
	struct json *envelope = json_new_object();
	const struct json *changed = json_get(data, "updated_at");
	bool stateless = !json_get(data, "state") && !json_get(data, "status");
	struct str text;
	int64_t at_ms;

	json_set_text(envelope, "type",
		      kind == PULL_ORDERS && stateless ? STR("order.placed") : str_from(types[kind]));
	lift(envelope, data, "timestamp");
	lift(envelope, data, "sequence");
	if (!json_get(envelope, "timestamp") && time_parse_rfc3339(json_text(changed), &at_ms))
		json_set(envelope, "timestamp", json_clone(changed));
	json_set(envelope, "data", data);
	text = json_write_arena(envelope, true, arena);
	json_free(envelope);
	return text;
}

bool generic_pull_message(const struct platform_store *store, enum pull_kind kind, struct str item,
			  struct arena *arena, struct str *message, bool *nothing, struct err *err)
{
	struct str map = generic_pull_setting_of(store, "pull_map_", kind, "");
	struct json *json = NULL, *data;

	if (!json_parse(item, &json, err))
		return false;
	if (json_type(json) != JSON_OBJECT) {
		json_free(json);
		return err_set(err, ERR_INVALID, "it is no JSON object");
	}
	if (map.len == 0 && is_message(json)) {
		json_free(json);
		*message = item;
		return true;
	}
	data = map.len > 0 ? map_members(map, STR(""), json, arena) : json_clone(json);
	if (map.len > 0)
		map_lists(map, data, arena);
	json_free(json);
	*nothing = kind == PULL_SUBSCRIBERS && !mend_state(data);
	*message = envelope_of(kind, data, arena); /* frees data */
	return true;
}
