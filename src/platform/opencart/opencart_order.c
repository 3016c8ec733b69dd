/*
 * An order of OpenCart: the generic platform's order.placed with its contents, and one message for each state
 * that its history says it reached.
 *
 * Keeps:   whatever is coalesced, repeated or reordered on the way, each message brings the whole history,
 *          so no state is missed and none is told twice.
 */
#include "platform/field.h"
#include "platform/opencart/opencart_internal.h"

static const struct {
	enum opencart_state state;
	const char *topic;
	const char *time;
} steps[] = {
	{ OPENCART_PAID, "order.paid", "paid_at" },
	{ OPENCART_FULFILLED, "order.fulfilled", "fulfilled_at" },
	{ OPENCART_CANCELLED, "order.cancelled", "cancelled_at" },
	{ OPENCART_REFUNDED, "order.refunded", "refunded_at" },
};

/* Members of the contents that say how it was sent; the generic platform reads them from the step. */
static const char *const step_members[] = { "order_id", "id", "carrier", "tracking_number", "tracking_url" };

/* Maps the envelope with this data as that type, and adds what it gives; takes data. */
static void add_as(struct mapping *mapping, const struct platform_store *store, const struct json *envelope,
		   const char *topic, struct json *data, int64_t received_ms)
{
	struct json *copy = json_clone(envelope);
	struct map_result result;

	json_set(copy, "data", data);
	platform_generic_ops.map(store, str_from(topic), json_write_arena(copy, false, mapping->arena),
				 received_ms, mapping->arena, &result);
	json_free(copy);
	if (result.state == MAP_FAILED)
		mapping_fail(mapping, "%.*s", STR_ARG(result.reason));
	for (size_t i = 0; result.state == MAP_DONE && i < result.n_fact; i++)
		mapping_add(mapping, result.fact[i]);
	if (result.state == MAP_DONE && result.reason.len)
		mapping_note(mapping, "%.*s", STR_ARG(result.reason));
}

static struct json *contents(struct mapping *mapping, const struct json *data,
			     const struct opencart_reached *reached)
{
	struct json *copy = json_clone(data);

	json_remove(copy, "history");
	if (!json_get(copy, "placed_at"))
		json_set_text(copy, "placed_at", field_time_text(mapping, reached->at_ms[OPENCART_PLACED]));
	return copy;
}

static struct json *step_data(struct mapping *mapping, const struct json *data, const struct json *entry,
			      const char *time, int64_t at_ms)
{
	struct json *step = json_new_object();

	for (size_t i = 0; i < ARRAY_LEN(step_members); i++)
		json_set(step, step_members[i], json_clone(json_get(data, step_members[i])));
	json_set_text(step, "reason", json_get_text(entry, "reason"));
	json_set_text(step, time, field_time_text(mapping, at_ms));
	return step;
}

void opencart_map_order(const struct platform_store *store, const struct json *envelope, int64_t received_ms,
			struct arena *arena, struct map_result *out)
{
	const struct json *data = json_get(envelope, "data"), *history = json_get(data, "history");
	int64_t at_ms = payload_time(json_get(envelope, "timestamp"), received_ms);
	struct opencart_reached reached =
		opencart_history_read(history, store->setting(store->from, "order_states"), received_ms,
				      at_ms ? at_ms : received_ms, arena);
	struct mapping mapping;

	mapping_init(&mapping, arena);
	if (json_len(history) > OPENCART_HISTORY_MAX)
		mapping_note(&mapping, "history has more than %d entries: later ones were left out",
			     OPENCART_HISTORY_MAX);
	if (reached.at_ms[OPENCART_PLACED] == 0)
		mapping_ignore(&mapping, "no status of the order says yet that it was placed");
	else
		add_as(&mapping, store, envelope, "order.placed", contents(&mapping, data, &reached),
		       received_ms);
	for (size_t i = 0; mapping.state == MAP_DONE && i < ARRAY_LEN(steps); i++)
		if (reached.at_ms[steps[i].state])
			add_as(&mapping, store, envelope, steps[i].topic,
			       step_data(&mapping, data, reached.entry[steps[i].state], steps[i].time,
					 reached.at_ms[steps[i].state]),
			       received_ms);
	mapping_end(&mapping, out);
}
