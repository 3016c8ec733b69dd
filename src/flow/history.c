/*
 * What files of history and pulls from shops have in common: how much of it may be on its way, and how a
 * message becomes a record of the inbox.
 */
#include "flow/history.h"

#include "base/digest.h"
#include "flow/schedule.h"

#include <string.h>

/*
 * Messages and roots of a store, and deliveries of an account: some seconds of what Klaviyo takes. Live
 * messages of the store wait behind its messages, but overtake its roots and deliveries.
 */
#define MESSAGES_MAX   256
#define ROOTS_MAX      8192
#define DELIVERIES_MAX 16000

struct on_its_way {
	int64_t messages;
	int64_t roots; /* messages not mapped yet among them */
};

/*
 * Of the store. What waits for a schedule is due, too, but is nothing that history would have to wait for:
 * there only what history made due counts.
 */
static bool count_roots(struct flow_ctx *ctx, const struct settings_store *store, struct arena *arena,
			struct on_its_way *out, struct err *err)
{
	struct schedules schedules;
	struct store_pressure *row;
	size_t n = 0, n_row;

	*out = (struct on_its_way){ 0 };
	flow_schedules(store, arena, &schedules);
	if (flow_schedules_hold(&schedules) && !db_catalog_history(ctx->db, store->id, ROOTS_MAX, &n, err))
		return false;
	if (!db_pressure(ctx->db, arena, &row, &n_row, err))
		return false;
	for (size_t i = 0; i < n_row; i++)
		if (row[i].store_id == store->id)
			*out = (struct on_its_way){
				row[i].pending,
				row[i].pending + (flow_schedules_hold(&schedules) ? (int64_t)n : row[i].due),
			};
	return true;
}

static bool has_room(struct on_its_way of_store, const struct outbox_lane *lane, size_t n_lane,
		     const struct settings_store *store)
{
	int64_t deliveries = 0;

	for (size_t i = 0; i < n_lane; i++)
		if (lane[i].account_id == store->account->id && lane[i].priority >= PRIORITY_REPLAY)
			deliveries +=
				lane[i].n_ready + lane[i].n_blocked + lane[i].n_waiting + lane[i].n_sending;
	return of_store.messages < MESSAGES_MAX && of_store.roots < ROOTS_MAX && deliveries < DELIVERIES_MAX;
}

bool flow_history_room(struct flow_ctx *ctx, const struct settings_store *store, struct arena *arena,
		       bool *room, struct err *err)
{
	int64_t now_ms = clock_wall_ms(ctx->clock);
	struct outbox_lane *lane;
	struct on_its_way of_store;
	size_t n_lane;

	if (!db_outbox_lanes(ctx->db, now_ms, arena, &lane, &n_lane, err) ||
	    !count_roots(ctx, store, arena, &of_store, err))
		return err_wrap(err, "see how much history is on its way");
	*room = has_room(of_store, lane, n_lane, store);
	return true;
}

/* The platform's way to ask for a header; we give what stands for webhook-id. */
static struct str header_of(const void *from, const char *name)
{
	return strcmp(name, "webhook-id") == 0 ? *(const struct str *)from : STR("");
}

bool flow_history_record(const struct flow_history *history, const struct import_message *message,
			 int64_t row, struct arena *arena, struct inbox_record *out, struct err *err)
{
	const struct str identity[] = { message->body, history->run };
	struct digest16 digest = digest16_of(identity, history->run.len > 0 ? 2 : 1);
	char hex[2 * sizeof(digest.byte) + 1];
	struct str contents;
	struct platform_message *found;
	struct platform_request request = { .content_type = STR("application/json"),
					    .body = message->body,
					    .header = header_of,
					    .from = &contents,
					    .now_ms = history->received_ms };
	struct str topic;
	size_t n;

	hex_encode(digest.byte, sizeof(digest.byte), hex);
	contents = str_from(hex);
	if (!history->form->identify(NULL, &request, 1, arena, &found, &n, err))
		return false;
	topic = message->topic.len ? message->topic : found->topic;
	*out = (struct inbox_record){
		.store_id = history->store_id,
		.received_ms = history->received_ms,
		.topic = arena_printf(arena, "%.*s%.*s", STR_ARG(history->prefix), STR_ARG(topic)),
		.source_id =
			str_eq(found->source_id, contents)
				? arena_printf(arena, "%.*s:%lld", STR_ARG(history->source), (long long)row)
				: found->source_id,
		.body = message->body,
		.slot = found->slot,
		.key = found->key,
		.priority = history->priority,
	};
	return true;
}
