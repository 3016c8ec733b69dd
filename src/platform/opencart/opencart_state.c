/*
 * What an OpenCart shop's order statuses mean, and when an order reached each meaning first.
 *
 * Keeps:   an order counts from its first status that means more than a failure: a payment that failed is no
 *          order, and what was never placed is not cancelled either.
 * Source:  ids and names of a fresh OpenCart 3.0 to 4.1, where the merchant may edit all of them.
 */
#include "platform/opencart/opencart_internal.h"

static const struct {
	const char *name;
	enum opencart_state state;
} names[] = {
	{ "nothing", OPENCART_NOTHING },     { "pending", OPENCART_NOTHING },
	{ "placed", OPENCART_PLACED },	     { "paid", OPENCART_PAID },
	{ "fulfilled", OPENCART_FULFILLED }, { "cancelled", OPENCART_CANCELLED },
	{ "canceled", OPENCART_CANCELLED },  { "refunded", OPENCART_REFUNDED },
};

const struct platform_status opencart_status[OPENCART_STATUS_COUNT] = {
	{ "1", "Pending", "placed" },		{ "2", "Processing", "placed" },
	{ "3", "Shipped", "fulfilled" },	{ "5", "Complete", "fulfilled" },
	{ "7", "Canceled", "cancelled" },	{ "8", "Denied", "cancelled" },
	{ "9", "Canceled Reversal", "placed" }, { "10", "Failed", "cancelled" },
	{ "11", "Refunded", "refunded" },	{ "12", "Reversed", "refunded" },
	{ "13", "Chargeback", "refunded" },	{ "14", "Expired", "cancelled" },
	{ "15", "Processed", "placed" },	{ "16", "Voided", "cancelled" },
};

static bool named_state(struct str name, enum opencart_state *out)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq_nocase(name, str_from(names[i].name))) {
			*out = names[i].state;
			return true;
		}
	return false;
}

static bool chosen_state(struct str status, struct str order_states, enum opencart_state *out)
{
	struct str pair;

	while (status.len && str_split(&order_states, ',', &pair)) {
		size_t equals = str_find_char(pair, '=');

		if (equals < pair.len && str_eq_nocase(str_trim(str_of(pair.p, equals)), status))
			return named_state(str_trim(str_skip(pair, equals + 1)), out);
	}
	return false;
}

static bool default_state(struct str id, enum opencart_state *out)
{
	for (size_t i = 0; i < OPENCART_STATUS_COUNT; i++)
		if (str_eq(id, str_from(opencart_status[i].id)))
			return named_state(str_from(opencart_status[i].state), out);
	return false;
}

enum opencart_state opencart_state_of(const struct opencart_named *status, struct str order_states,
				      enum status_source *by)
{
	enum opencart_state state = OPENCART_PLACED;
	enum status_source source = STATUS_SAID_BY_NOBODY;

	if (chosen_state(status->id, order_states, &state) ||
	    chosen_state(status->name, order_states, &state))
		source = STATUS_SAID_BY_SETTING;
	else if (named_state(status->state, &state))
		source = STATUS_SAID_BY_SHOP;
	else if (default_state(status->id, &state))
		source = STATUS_SAID_BY_PLATFORM;
	else if (status->complete) {
		state = OPENCART_FULFILLED;
		source = STATUS_SAID_BY_SHOP;
	}
	if (by)
		*by = source;
	return state;
}

static const char *state_name(enum opencart_state state)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].state == state)
			return names[i].name;
	return "";
}

struct status_meaning opencart_status_means(const struct json *status, struct str order_states)
{
	struct opencart_named named = {
		.id = json_get_text(status, "id"),
		.name = str_trim(json_get_text(status, "title")),
		.state = json_get_text(status, "state"),
		.complete = json_get_bool(status, "complete", false),
	};
	struct status_meaning meaning;

	meaning.state = str_from(state_name(opencart_state_of(&named, order_states, &meaning.by)));
	return meaning;
}

static struct opencart_named named_of(const struct json *entry, struct arena *arena)
{
	return (struct opencart_named){
		.id = payload_id(entry, "status_id", arena),
		.name = str_trim(json_get_text(entry, "status")),
		.state = json_get_text(entry, "state"),
		.complete = json_get_bool(entry, "complete", false),
	};
}

static void reach(struct opencart_reached *reached, enum opencart_state state, int64_t at_ms,
		  const struct json *entry)
{
	if (reached->at_ms[state] == 0) {
		reached->at_ms[state] = at_ms;
		reached->entry[state] = entry;
	}
}

struct opencart_reached opencart_history_read(const struct json *history, struct str order_states,
					      int64_t received_ms, int64_t at_ms_otherwise,
					      struct arena *arena)
{
	struct opencart_reached reached = { 0 };

	for (size_t i = 0; i < json_len(history) && i < OPENCART_HISTORY_MAX; i++) {
		const struct json *entry = json_at(history, i);
		struct opencart_named status = named_of(entry, arena);
		enum opencart_state state = opencart_state_of(&status, order_states, NULL);
		int64_t at_ms = payload_time(json_get(entry, "at"), received_ms);
		bool begins =
			state == OPENCART_PLACED || state == OPENCART_PAID || state == OPENCART_FULFILLED;

		if (at_ms == 0)
			at_ms = at_ms_otherwise;
		if (begins)
			reach(&reached, OPENCART_PLACED, at_ms, entry);
		if (state != OPENCART_NOTHING && reached.at_ms[OPENCART_PLACED])
			reach(&reached, state, at_ms, entry);
	}
	return reached;
}
