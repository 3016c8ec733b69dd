/*
 * Notify: what Klaviyo said of people goes to the webhook of their shop.
 *
 * Does:    one notice a request, in the order of their making, many stores at once; again after every answer
 *          but 2xx, by the table of retries, then failed.
 * Doesn't: decide what is told (activity/) or say it (notice.c), follow redirects, know Klaviyo.
 * Keeps:   a notice that was claimed is settled, or the next start recovers it; it keeps its id, so that the
 *          shop can tell a repeat. A store that does not answer holds up nobody but itself: the store gives
 *          out its next notice when the one before has ended.
 * Threads: one notify role per database; the client belongs to it.
 */
#include "flow/flow_internal.h"
#include "flow/notice.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "queue/outbox_policy.h"

#include <stdio.h>

#define IN_FLIGHT_MAX	 32
#define LOOK_MS		 1000
#define LOOK_BLOCKED_MS	 5000	      /* all that is ready is behind something under way or waiting */
#define LOOK_UNUSED_MS	 (MS_PER_MIN) /* no store has a webhook; settings that change are looked at at once */
#define TIMEOUT_MS	 15000
#define ANSWER_BYTES_MAX ((size_t)64 << 10)
#define NOTICE_BYTES_MAX ((size_t)1 << 20)

/* One notice under way, or answered and not settled yet. */
struct notify_send {
	struct notify_send *next;
	struct notify *notify;
	struct arena arena;
	int64_t batch_id;
	int64_t delivery_id;
	int attempts;
	bool accepted;
	bool unwanted; /* the store has no webhook any more */
	int http_status;
	int64_t latency_ms;
	struct str reason;
};

struct notify {
	struct flow_ctx *ctx;
	struct http_client *client;
	struct notify_send *in_flight;
	struct notify_send *ended;
	size_t n_in_flight;
	int64_t now_ms; /* of the round, monotonic */
	int64_t now_wall_ms;
	int64_t look_at_ms;
	int64_t looked_version; /* of the settings */
};

struct notify *notify_open(struct flow_ctx *ctx, struct http_client *client)
{
	struct notify *notify = mem_zalloc(1, sizeof(*notify));

	notify->ctx = ctx;
	notify->client = client;
	notify->look_at_ms = INT64_MIN;
	return notify;
}

static void free_send(struct notify_send *send)
{
	arena_release(&send->arena);
	mem_free(send);
}

static void free_sends(struct notify_send *send)
{
	while (send) {
		struct notify_send *next = send->next;

		free_send(send);
		send = next;
	}
}

void notify_close(struct notify *notify)
{
	if (!notify)
		return;
	free_sends(notify->in_flight);
	free_sends(notify->ended);
	mem_free(notify);
}

/* ---- the answer ---- */

static void end_send(struct notify_send *send)
{
	send->next = send->notify->ended;
	send->notify->ended = send;
}

static void take_answer(void *arg, const struct http_answer *answer)
{
	struct notify_send *send = arg, **at = &send->notify->in_flight;

	while (*at != send)
		at = &(*at)->next;
	*at = send->next;
	send->notify->n_in_flight--;
	send->http_status = answer->ok ? answer->status : 0;
	send->latency_ms = answer->latency_ms;
	send->accepted = answer->ok && answer->status >= 200 && answer->status < 300;
	send->reason = answer->ok ? arena_printf(&send->arena, "the shop answered %d", answer->status)
				  : arena_dup(&send->arena, str_from(answer->error));
	end_send(send);
}

/* ---- sending ---- */

static struct notify_send *send_new(struct notify *notify, const struct outbox_batch *batch)
{
	struct notify_send *send = mem_zalloc(1, sizeof(*send));

	send->notify = notify;
	send->batch_id = batch->id;
	send->delivery_id = batch->delivery->id;
	send->attempts = batch->delivery->attempts;
	arena_init(&send->arena);
	return send;
}

static void start_call(struct notify_send *send, const struct settings_store *store,
		       const struct delivery *notice)
{
	struct notify *notify = send->notify;
	struct str secret = setting_text(store->value, SETTING_KEY_optout_webhook_secret);
	struct http_call call = {
		.method = "POST",
		.url = setting_text(store->value, SETTING_KEY_optout_webhook),
		.body = notice->body,
		.timeout_ms = TIMEOUT_MS,
		.answer_bytes_max = ANSWER_BYTES_MAX,
	};
	struct http_answer failed = { 0 };
	struct err err;

	call.header = notice_headers(secret, notice->external_id, notice->body, notify->now_wall_ms,
				     &send->arena, &call.n_header);
	send->next = notify->in_flight;
	notify->in_flight = send;
	notify->n_in_flight++;
	counter_add(COUNTER_notices_sent, 1);
	if (http_client_start(notify->client, &call, take_answer, send, &err))
		return;
	(void)snprintf(failed.error, sizeof(failed.error), "%.250s", err.msg);
	take_answer(send, &failed);
}

static void send_claimed(struct notify *notify, const struct snapshot *settings,
			 const struct outbox_batch *batch)
{
	const struct settings_store *store = snapshot_store(settings, batch->delivery->store_id);
	struct notify_send *send = send_new(notify, batch);

	if (!store || setting_text(store->value, SETTING_KEY_optout_webhook).len == 0) {
		send->unwanted = true;
		send->reason = STR("the store has no optout_webhook");
		end_send(send);
	} else if (setting_text(store->value, SETTING_KEY_optout_webhook_secret).len == 0) {
		send->reason = STR("the store has no optout_webhook_secret");
		end_send(send);
	} else {
		start_call(send, store, batch->delivery);
	}
}

/* ---- choosing ---- */

static bool claim_one(struct notify *notify, const struct snapshot *settings, const struct outbox_lane *lane,
		      bool *any, struct err *err)
{
	struct outbox_claim claim = {
		.account_id = lane->account_id,
		.kind = lane->kind,
		.op = lane->op,
		.priority = lane->priority,
		.max_n = 1,
		.max_bytes = NOTICE_BYTES_MAX,
		.endpoint = STR("optout_webhook"),
	};
	struct outbox_batch batch = { 0 };
	struct arena arena;
	bool ok;

	arena_init(&arena);
	ok = db_outbox_claim(notify->ctx->db, notify->now_wall_ms, &claim, &arena, &batch, err);
	*any = ok && batch.n > 0;
	if (*any)
		send_claimed(notify, settings, &batch);
	arena_release(&arena);
	return ok ? ok : err_wrap(err, "claim a notice");
}

static bool start_lanes(struct notify *notify, const struct snapshot *settings,
			const struct outbox_lane *lane, size_t n, struct err *err)
{
	bool any, started = false, ready = false;

	for (size_t i = 0; i < n; i++) {
		if (lane[i].kind != KLAVIYO_NOTICE || lane[i].n_ready == 0)
			continue;
		ready = any = true;
		while (any && notify->n_in_flight < IN_FLIGHT_MAX) {
			if (!claim_one(notify, settings, &lane[i], &any, err))
				return false;
			started |= any;
		}
	}
	notify->look_at_ms = notify->now_ms + (ready && !started ? LOOK_BLOCKED_MS : LOOK_MS);
	return true;
}

static bool any_webhook(const struct snapshot *settings)
{
	for (size_t i = 0; i < settings->n_store; i++)
		if (setting_text(settings->store[i].value, SETTING_KEY_optout_webhook).len > 0)
			return true;
	return false;
}

static bool look(struct notify *notify, struct err *err)
{
	const struct snapshot *settings = flow_settings(notify->ctx, err);
	struct outbox_lane *lane = NULL;
	struct arena arena;
	size_t n = 0;
	bool ok;

	if (!settings)
		return false;
	notify->looked_version = settings->version;
	arena_init(&arena);
	ok = db_outbox_lanes(notify->ctx->db, notify->now_wall_ms, &arena, &lane, &n, err) &&
	     start_lanes(notify, settings, lane, n, err);
	if (ok && !any_webhook(settings) && notify->n_in_flight == 0 && !notify->ended)
		notify->look_at_ms = notify->now_ms + LOOK_UNUSED_MS;
	arena_release(&arena);
	settings_release(notify->ctx->settings, settings);
	return ok;
}

/* ---- settling ---- */

static struct delivery_settlement judge(struct notify *notify, const struct notify_send *send)
{
	struct delivery_settlement row = {
		.delivery_id = send->delivery_id,
		.state = send->unwanted ? DELIVERY_SKIPPED : DELIVERY_ACCEPTED,
		.exists = true,
		.reason = send->reason,
	};
	struct retry_decision decision;

	if (send->unwanted || send->accepted)
		return row;
	decision = outbox_policy_next(RETRY_REALTIME, send->attempts + 1, notify->now_wall_ms,
				      rand_unit(notify->ctx->rand));
	row.state = decision.failed ? DELIVERY_FAILED : DELIVERY_WAITING;
	row.due_ms = decision.due_ms;
	row.count_attempt = true;
	return row;
}

static bool settle_one(struct notify *notify, const struct notify_send *send, struct err *err)
{
	struct delivery_settlement row = judge(notify, send);
	struct outbox_settlement settlement = {
		.batch_id = send->batch_id,
		.delivery = &row,
		.n = 1,
		.http_status = send->http_status,
		.latency_ms = send->latency_ms,
	};

	if (!db_outbox_settle(notify->ctx->db, notify->now_wall_ms, &settlement, err))
		return err_wrap(err, "settle notice %lld", (long long)send->delivery_id);
	counter_add(COUNTER_deliveries_accepted, row.state == DELIVERY_ACCEPTED);
	counter_add(COUNTER_deliveries_failed, row.state == DELIVERY_FAILED);
	counter_add(COUNTER_deliveries_retried, row.state == DELIVERY_WAITING);
	return true;
}

/* What could not be written stays, and is written in a later round. */
static bool settle(struct notify *notify, struct flow_next *next, struct err *err)
{
	while (notify->ended) {
		struct notify_send *send = notify->ended;

		bool ok = settle_one(notify, send, err);

		if (!ok && flow_worth_retrying(err))
			return false;
		notify->ended = send->next;
		free_send(send);
		notify->look_at_ms = INT64_MIN; /* its store may have more */
		next->n_done++;
		if (!ok)
			return false;
	}
	return true;
}

static void read_clocks(struct notify *notify)
{
	notify->now_ms = clock_mono_ms(notify->ctx->clock);
	notify->now_wall_ms = clock_wall_ms(notify->ctx->clock);
}

/* A store may have got a webhook. Other roles have read them anew. */
static bool settings_changed(const struct notify *notify)
{
	const struct snapshot *settings = settings_take(notify->ctx->settings);
	bool changed = settings->version != notify->looked_version;

	settings_release(notify->ctx->settings, settings);
	return changed;
}

bool notify_run_once(struct notify *notify, int64_t max_wait_ms, struct flow_next *next, struct err *err)
{
	int64_t wait_ms;

	*next = (struct flow_next){ 0 };
	read_clocks(notify);
	if (!settle(notify, next, err))
		return false;
	if ((notify->now_ms >= notify->look_at_ms || settings_changed(notify)) && !look(notify, err))
		return false;
	wait_ms = notify->ended ? 0 : notify->look_at_ms - notify->now_ms;
	(void)http_client_run(notify->client, wait_ms < max_wait_ms ? wait_ms : max_wait_ms);
	read_clocks(notify);
	return settle(notify, next, err);
}
