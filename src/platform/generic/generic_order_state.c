/*
 * What state an order is in, as a shop's own words or ours say it.
 *
 * Pure. The setting order_states is "shop status=state, ..."; the states are the names below.
 */
#include "platform/generic/generic_internal.h"

static const struct {
	const char *name;
	enum generic_state state;
} names[] = {
	{ "pending", GENERIC_STATE_PENDING },
	{ "placed", GENERIC_STATE_PLACED },
	{ "paid", GENERIC_STATE_PAID },
	{ "partially_paid", GENERIC_STATE_PARTIALLY_PAID },
	{ "fulfilled", GENERIC_STATE_FULFILLED },
	{ "partially_fulfilled", GENERIC_STATE_PARTIALLY_FULFILLED },
	{ "cancelled", GENERIC_STATE_CANCELLED },
	{ "canceled", GENERIC_STATE_CANCELLED },
	{ "refunded", GENERIC_STATE_REFUNDED },
	{ "partially_refunded", GENERIC_STATE_PARTIALLY_REFUNDED },
};

static enum generic_state named_state(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq_nocase(name, str_from(names[i].name)))
			return names[i].state;
	return GENERIC_STATE_NONE;
}

/* NONE: the setting does not name this status, or names no state of ours for it. */
static enum generic_state shop_state(struct str status, struct str states)
{
	struct str pair;

	while (str_split(&states, ',', &pair)) {
		size_t equals = str_find_char(pair, '=');

		if (equals < pair.len && str_eq_nocase(str_trim(str_of(pair.p, equals)), status))
			return named_state(str_trim(str_skip(pair, equals + 1)));
	}
	return GENERIC_STATE_NONE;
}

enum generic_state generic_order_state(struct mapping *mapping, const struct json *data, struct str states)
{
	static const char *const members[] = { "state", "status|status_raw" };
	struct str text = STR("");

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		const struct json *value = payload_find(data, members[i]);
		struct str word =
			str_trim(json_type(value) == JSON_STRING ? json_text(value)
								 : payload_value_id(value, mapping->arena));
		enum generic_state state = word.len ? shop_state(word, states) : GENERIC_STATE_NONE;

		if (state == GENERIC_STATE_NONE)
			state = named_state(word);
		if (state != GENERIC_STATE_NONE)
			return state;
		text = text.len ? text : word;
	}
	if (text.len)
		mapping_note(mapping, "'%.*s' is no known state: name it in the store's setting order_states",
			     STR_ARG(text));
	return GENERIC_STATE_NONE;
}

static const char *state_name(enum generic_state state)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].state == state)
			return names[i].name;
	return "";
}

struct status_meaning generic_status_means(const struct json *status, struct str order_states)
{
	struct str word[] = { str_trim(json_get_text(status, "id")),
			      str_trim(json_get_text(status, "title")) };
	struct status_meaning meaning = { .state = STR(""), .by = STATUS_SAID_BY_NOBODY };

	for (size_t i = 0; i < 2 * ARRAY_LEN(word) && meaning.by == STATUS_SAID_BY_NOBODY; i++) {
		struct str one = word[i % ARRAY_LEN(word)];
		bool set = i < ARRAY_LEN(word);
		enum generic_state state = one.len == 0 ? GENERIC_STATE_NONE
					   : set	? shop_state(one, order_states)
							: named_state(one);

		if (state != GENERIC_STATE_NONE)
			meaning = (struct status_meaning){
				.state = str_from(state_name(state)),
				.by = set ? STATUS_SAID_BY_SETTING : STATUS_SAID_BY_PLATFORM,
			};
	}
	return meaning;
}
