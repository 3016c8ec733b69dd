/*
 * Map: what pending messages mean. Messages become facts of catalog entities; the store applies them.
 *
 * Does:    a batch of messages in the order they came; each gets a result, understood or not.
 * Doesn't: judge facts (the store's fact_wins) or look at Klaviyo.
 * Keeps:   a message leaves the inbox only together with its facts, in one transaction. A store's results
 *          have no gaps: only messages of a store that is gone are left out, and the database discards those
 *          itself.
 * Threads: one map role per database.
 */
#include "flow/flow.h"

#include "base/counter.h"
#include "base/mutant.h"
#include "flow/flow_internal.h"

/* The writer is held for some 3 ms, which acknowledgements wait for; when nobody waits, for 10 ms. */
#define CLAIM_LEAST 64
#define CLAIM_MOST  256
#define CLAIM_BYTES ((size_t)4 << 20)

static enum message_state message_state(enum map_state state)
{
	switch (state) {
	case MAP_DONE:
		return MESSAGE_MAPPED;
	case MAP_IGNORED:
		return MESSAGE_IGNORED;
	case MAP_FAILED:
		return MESSAGE_FAILED;
	}
	return MESSAGE_FAILED;
}

/*
 * What a browser, a command or a file of history says is written in our own messages, whatever the shop
 * speaks. *topic loses what says so.
 */
static const struct platform_ops *platform_of(const struct settings_store *store, struct str *topic)
{
	bool marked = str_starts(*topic, STR(FLOW_TOPIC_GENERIC));

	if (marked)
		*topic = str_skip(*topic, sizeof(FLOW_TOPIC_GENERIC) - 1);
	if (marked || str_starts(*topic, STR("storefront.")) || str_eq(*topic, STR("person.erased")))
		return platform_find(STR("generic"));
	return platform_find(store->platform);
}

/*
 * Orders, people and what visitors do need only the time in which a shop's messages about one of them come
 * together: a quarter of the store's.
 */
static int64_t quiet_part(const struct map_result *result)
{
	for (size_t i = 0; i < result->n_fact; i++) {
		enum entity_kind kind = result->fact[i].entity.kind;

		if (kind != ENTITY_ORDER && kind != ENTITY_PERSON && kind != ENTITY_VISITOR)
			return 1;
	}
	return 4;
}

/* A planted bug: what has no version is the newest there is. */
static void forget_versions(struct inbox_result *result, struct arena *arena)
{
	struct fact *fact = ARENA_ARRAY(arena, result->n_fact, struct fact);

	for (size_t i = 0; i < result->n_fact; i++) {
		fact[i] = result->fact[i];
		fact[i].version = 0;
	}
	result->fact = fact;
}

static void map_message(const struct settings_store *store, const struct inbox_message *message,
			struct arena *arena, struct inbox_result *out)
{
	struct str topic = message->topic;
	const struct platform_ops *platform = platform_of(store, &topic);
	struct platform_store view = flow_platform_store(store);
	struct map_result result = { 0 };

	if (str_starts(message->topic, STR("klaviyo.")))
		flow_map_klaviyo(message->topic, message->body, arena, &result);
	else if (platform)
		platform->map(&view, topic, message->body, message->received_ms, arena, &result);
	else
		result = (struct map_result){ .state = MAP_FAILED, .reason = STR("no such platform") };
	*out = (struct inbox_result){
		.message_id = message->id,
		.store_id = message->store_id,
		.state = message_state(result.state),
		.reason = result.reason,
		.fact = result.fact,
		.n_fact = result.state == MAP_DONE ? result.n_fact : 0,
		.priority = message->priority,
		.as_of_ms = message->priority == PRIORITY_REPLAY ? message->received_ms : 0,
		.quiet_ms = setting_int(store->value, SETTING_KEY_quiet_ms) / quiet_part(&result),
		.quiet_max_ms = setting_int(store->value, SETTING_KEY_quiet_max_ms) / quiet_part(&result),
		.tombstone_ms = setting_int(store->value, SETTING_KEY_tombstone_hours) * MS_PER_HOUR,
	};
	if (mutant_is(MUTANT_history_wins) && message->priority == PRIORITY_BACKFILL)
		forget_versions(out, arena);
}

static void count_results(const struct inbox_result *result, size_t n)
{
	size_t count[MESSAGE_DISCARDED + 1] = { 0 };

	for (size_t i = 0; i < n; i++)
		count[result[i].state]++;
	counter_add(COUNTER_messages_mapped, count[MESSAGE_MAPPED]);
	counter_add(COUNTER_messages_ignored, count[MESSAGE_IGNORED]);
	counter_add(COUNTER_messages_failed, count[MESSAGE_FAILED]);
}

/* Results for all messages whose store is known; the others' store was removed after they were claimed. */
static size_t map_messages(const struct snapshot *settings, const struct inbox_message *message, size_t n,
			   struct arena *arena, struct inbox_result *result)
{
	size_t n_result = 0;

	for (size_t i = 0; i < n; i++) {
		const struct settings_store *store = snapshot_store(settings, message[i].store_id);

		if (store)
			map_message(store, &message[i], arena, &result[n_result++]);
	}
	return n_result;
}

static bool complete(struct flow_ctx *ctx, const struct inbox_result *result, size_t n, struct err *err)
{
	if (n == 0)
		return true;
	if (!db_inbox_complete(ctx->db, clock_wall_ms(ctx->clock), result, n, err))
		return err_wrap(err, "end %zu mapped messages", n);
	count_results(result, n);
	if (ctx->wake && ctx->wake->publish)
		wake_send(ctx->wake->publish);
	return true;
}

bool map_run_once(struct flow_ctx *ctx, struct flow_next *next, struct err *err)
{
	struct arena arena;
	struct inbox_message *message = NULL;
	const struct snapshot *settings = NULL;
	size_t n = 0, n_result;
	struct inbox_result *result;
	bool ok = false;

	*next = (struct flow_next){ .wait_ms = FLOW_POLL_MS };
	arena_init(&arena);
	if (!db_inbox_claim(ctx->db, flow_batch_size(&ctx->map, CLAIM_LEAST), CLAIM_BYTES, &arena, &message,
			    &n, err)) {
		(void)err_wrap(err, "read pending messages");
		goto out;
	}
	if (n == 0) {
		ok = true;
		goto out;
	}
	/* After the claim, so that the store of every message is known. */
	settings = flow_settings(ctx, err);
	if (!settings)
		goto out;
	result = ARENA_ARRAY(&arena, n, struct inbox_result);
	n_result = map_messages(settings, message, n, &arena, result);
	if (!complete(ctx, result, n_result, err))
		goto out;
	flow_batch_heed(ctx, &ctx->map, CLAIM_LEAST, CLAIM_MOST, n);
	next->n_done = n_result;
	if (n_result > 0)
		next->wait_ms = 0;
	ok = true;
out:
	if (settings)
		settings_release(ctx->settings, settings);
	arena_release(&arena);
	return ok;
}
