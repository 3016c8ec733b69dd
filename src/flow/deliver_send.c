/*
 * One request to Klaviyo: claimed, rendered, started, answered.
 *
 * Does:    takes the budget before the claim and saves it with the claim, so that a crash can only
 *          under-use it; keeps of a batch only what settling needs.
 * Doesn't: touch the store when the answer comes: what it means is written down and settled in the next
 *          round.
 * Keeps:   every send is either in flight or ended, and counted where it is.
 * Threads: the deliver role's; take_answer runs inside http_client_run.
 */
#include "flow/deliver_internal.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "flow/feed.h"

#include <stdio.h>

#define ANSWER_BYTES_MAX   ((size_t)16 << 20)
#define CONNECT_TIMEOUT_MS 5000

void deliver_batch_copy(const struct outbox_batch *from, struct arena *arena, struct outbox_batch *to)
{
	struct delivery *delivery = ARENA_ARRAY(arena, from->n, struct delivery);

	for (size_t i = 0; i < from->n; i++) {
		const struct delivery *one = &from->delivery[i];

		delivery[i] = *one;
		delivery[i].external_id = arena_dup(arena, one->external_id);
		delivery[i].parent_external_id = arena_dup(arena, one->parent_external_id);
		delivery[i].root.id = arena_dup(arena, one->root.id);
		delivery[i].person_now = arena_dup(arena, one->person_now);
		delivery[i].body = delivery[i].reason = (struct str){ 0 };
	}
	*to = *from;
	to->endpoint = arena_dup(arena, from->endpoint);
	to->job_id = arena_dup(arena, from->job_id);
	to->delivery = delivery;
}

static struct deliver_send *send_new(struct deliver *deliver, struct deliver_account *account)
{
	struct deliver_send *send = mem_zalloc(1, sizeof(*send));

	send->deliver = deliver;
	send->account = account;
	arena_init(&send->arena);
	return send;
}

void deliver_send_free(struct deliver_send *send)
{
	arena_release(&send->arena);
	mem_free(send);
}

/* ---- the answer ---- */

static size_t *flight_count(const struct deliver_send *send)
{
	return send->lookup != LOOKUP_NONE ? &send->deliver->n_looking : &send->deliver->n_in_flight;
}

static void leave_flight(struct deliver_send *send)
{
	struct deliver_send **at = &send->deliver->in_flight;

	while (*at != send)
		at = &(*at)->next;
	*at = send->next;
	--*flight_count(send);
	send->deliver->bytes_in_flight -= send->bytes;
	deliver_gate_count(send->account, endpoint_row(send->endpoint)->family, -1);
	if (!send->poll && send->lookup == LOOKUP_NONE)
		send->account->in_flight[send->kind][send->op]--;
}

static void enter_flight(struct deliver_send *send)
{
	send->taken_ms = send->deliver->now_ms;
	send->next = send->deliver->in_flight;
	send->deliver->in_flight = send;
	++*flight_count(send);
	send->deliver->bytes_in_flight += send->bytes;
	deliver_gate_count(send->account, endpoint_row(send->endpoint)->family, 1);
	if (!send->poll && send->lookup == LOOKUP_NONE)
		send->account->in_flight[send->kind][send->op]++;
	counter_add(send->poll ? COUNTER_klaviyo_polls : COUNTER_klaviyo_requests, 1);
}

static void take_answer(void *arg, const struct http_answer *answer)
{
	struct deliver_send *send = arg;
	struct deliver *deliver = send->deliver;

	leave_flight(send);
	send->http_status = answer->ok ? answer->status : 0;
	send->latency_ms = answer->latency_ms;
	if (send->poll) {
		deliver_poll_heed(send, answer);
		deliver_send_free(send);
		return;
	}
	if (send->lookup != LOOKUP_NONE) {
		deliver_lookups_heed(send, answer);
		send->next = deliver->ended;
		deliver->ended = send;
		return;
	}
	klaviyo_outcome(send->endpoint, send->batch.delivery, send->batch.n, answer, &send->arena,
			&send->verdict);
	deliver_account_heed(send, &send->verdict);
	log_debug("deliver", "account=%s endpoint=%s batch=%lld n=%zu status=%d outcome=%s ms=%lld",
		  send->account->name, endpoint_row(send->endpoint)->name, (long long)send->batch.id,
		  send->batch.n, send->http_status, outcome_text(send->verdict.outcome),
		  (long long)send->latency_ms);
	send->next = deliver->ended;
	deliver->ended = send;
}

/* The request did not even start: as if there were no answer. */
static void take_failure(struct deliver_send *send, const struct err *failed)
{
	struct http_answer answer = { 0 };

	(void)snprintf(answer.error, sizeof(answer.error), "%.250s", failed->msg);
	take_answer(send, &answer);
}

static void start_call(struct deliver_send *send, const struct klaviyo_request *request, struct arena *arena)
{
	struct deliver *deliver = send->deliver;
	const struct settings_account *settings = snapshot_account(deliver->settings, send->account->id);
	struct http_call call = {
		.method = request->method,
		.url = request->url,
		.body = request->body,
		.connect_timeout_ms = CONNECT_TIMEOUT_MS,
		.timeout_ms = setting_int(settings->value, SETTING_KEY_timeout_ms),
		.answer_bytes_max = ANSWER_BYTES_MAX,
	};
	struct err err;

	send->token_ms = settings->oauth ? settings->token.since_ms : 0;
	call.header =
		klaviyo_headers(settings->key, settings->oauth, request->body.len > 0, arena, &call.n_header);
	enter_flight(send);
	if (!http_client_start(deliver->client, &call, take_answer, send, &err))
		take_failure(send, &err);
}

/* What was started since the last time is at the front. */
void deliver_sends_leave(struct deliver *deliver)
{
	int64_t now_ms = clock_mono_ms(deliver->ctx->clock);

	for (struct deliver_send *send = deliver->in_flight; send && !send->left; send = send->next) {
		struct deliver_account *account = send->account;

		budget_leave(deliver_budget(account, send->endpoint, send->poll), send->taken_ms, now_ms);
		send->left = true;
	}
}

/* ---- batches ---- */

static struct str api_url(const struct deliver *deliver, const struct deliver_account *account)
{
	return setting_text(snapshot_account(deliver->settings, account->id)->value, SETTING_KEY_api_url);
}

/*
 * A job of one row (the others had to wait, or it must go alone) is better sent as a call, if there may
 * be one. ENDPOINT_COUNT: there may not, or it is the same.
 */
static enum endpoint endpoint_alone(struct deliver *deliver, const struct deliver_order *order)
{
	enum endpoint single = endpoint_for(order->kind, order->op, false);
	int64_t wait_ms;

	if (!order->bulk || single == endpoint_for(order->kind, order->op, true) ||
	    !budget_allows(deliver_budget(order->account, single, false), deliver->now_ms, &wait_ms))
		return ENDPOINT_COUNT;
	return single;
}

static struct budget_row take_budget(struct deliver *deliver, struct deliver_account *account,
				     enum endpoint endpoint, struct arena *arena)
{
	budget_take(deliver_budget(account, endpoint, false), deliver->now_ms);
	return deliver_budget_row(deliver, account, endpoint, false, arena);
}

/* What was queued, or comes back, when the account's catalog is read as a feed: never both. */
static bool is_read_instead(const struct deliver *deliver, const struct deliver_order *order)
{
	return klaviyo_kind_is_catalog(order->kind) &&
	       feed_is_wanted(snapshot_account(deliver->settings, order->account->id));
}

/* Budgets are taken first, and put back where nothing leaves. *endpoint: what the batch leaves by. */
static bool claim(struct deliver *deliver, const struct deliver_order *order, struct arena *arena,
		  struct outbox_batch *batch, enum endpoint *endpoint, struct err *err)
{
	enum endpoint many = endpoint_for(order->kind, order->op, order->bulk);
	enum endpoint alone = endpoint_alone(deliver, order);
	struct budget *budget = deliver_budget(order->account, many, false), before = *budget;
	struct budget *single =
		alone != ENDPOINT_COUNT ? deliver_budget(order->account, alone, false) : budget;
	struct budget before_alone = *single;
	struct outbox_claim claim = {
		.account_id = order->account->id,
		.kind = order->kind,
		.op = order->op,
		.priority = order->priority,
		.max_n = order->max_n,
		.max_bytes = DELIVER_BULK_BYTES,
		.endpoint = str_from(endpoint_row(many)->name),
		.unwanted = is_read_instead(deliver, order) ? STR(FLOW_READ_AS_FEED) : STR(""),
	};
	bool ok;

	claim.budget = take_budget(deliver, order->account, many, arena);
	if (alone != ENDPOINT_COUNT)
		claim.alone = take_budget(deliver, order->account, alone, arena);
	ok = db_outbox_claim(deliver->ctx->db, deliver->now_wall_ms, &claim, arena, batch, err);
	*endpoint = ok && batch->n == 1 && alone != ENDPOINT_COUNT ? alone : many;
	if (alone != ENDPOINT_COUNT && *endpoint != alone)
		*single = before_alone;
	if (!ok || batch->n == 0 || *endpoint != many)
		*budget = before;
	return ok || err_wrap(err, "claim deliveries of account '%s'", order->account->name);
}

/* No request is made: every row is answered by ourselves. */
static void answer_ourselves(struct deliver_send *send, enum outcome whole, enum outcome each,
			     struct str reason)
{
	struct outcome_row *row = ARENA_ARRAY(&send->arena, send->batch.n, struct outcome_row);

	for (size_t i = 0; i < send->batch.n; i++)
		row[i] = (struct outcome_row){ .outcome = each, .reason = reason };
	send->verdict = (struct klaviyo_verdict){
		.outcome = whole,
		.reason = reason,
		.row = row,
		.n_row = send->batch.n,
		.rate_remaining = -1,
	};
	send->next = send->deliver->ended;
	send->deliver->ended = send;
}

/* What cannot be rendered: too much or unreadable together may be well alone. */
static void refuse_batch(struct deliver_send *send, const struct err *failed)
{
	enum outcome outcome = send->batch.n == 1 ? OUTCOME_REJECTED : OUTCOME_SPLIT;

	answer_ourselves(send, outcome, outcome, arena_dup(&send->arena, str_from(failed->msg)));
}

/* What is not the catalog's may have to be mended, or found again in its request, when the answer comes. */
static void keep_bodies(const struct outbox_batch *batch, struct deliver_send *send)
{
	struct delivery *copy = ARENA_ARRAY(&send->arena, batch->n, struct delivery);

	if (klaviyo_kind_is_catalog(send->kind))
		return;
	for (size_t i = 0; i < batch->n; i++) {
		copy[i] = send->batch.delivery[i];
		copy[i].body = arena_dup(&send->arena, batch->delivery[i].body);
	}
	send->batch.delivery = copy;
}

/*
 * Consent is sent to a list by its id; the deliveries name it (klaviyo/render.h, klaviyo_consent_group).
 * False: the id is not known yet.
 */
static bool name_list(struct deliver_account *account, struct outbox_batch *batch, struct arena *arena)
{
	struct delivery *copy = ARENA_ARRAY(arena, batch->n, struct delivery);
	struct str group = batch->delivery[0].parent_external_id;
	size_t at = str_find_char(group, '|');
	struct str name = str_of(group.p, at), id = { 0 };

	if (name.len > 0)
		id = deliver_lookups_list(account, name);
	if (name.len > 0 && id.len == 0)
		return false;
	for (size_t i = 0; i < batch->n; i++) {
		struct str rest = str_skip(group, at);

		copy[i] = batch->delivery[i];
		copy[i].parent_external_id = arena_printf(arena, "%.*s%.*s", STR_ARG(id), STR_ARG(rest));
	}
	batch->delivery = copy;
	return true;
}

static size_t body_bytes(const struct outbox_batch *batch)
{
	size_t bytes = 0;

	for (size_t i = 0; i < batch->n; i++)
		bytes += batch->delivery[i].body.len;
	return bytes;
}

static void send_claimed(struct deliver *deliver, const struct deliver_order *order, enum endpoint endpoint,
			 const struct outbox_batch *batch, struct arena *arena)
{
	struct deliver_send *send = send_new(deliver, order->account);
	struct outbox_batch named = *batch;
	struct klaviyo_request request;
	struct err err;

	send->endpoint = endpoint;
	send->kind = order->kind;
	send->op = order->op;
	deliver_batch_copy(batch, &send->arena, &send->batch);
	keep_bodies(batch, send);
	send->bytes = body_bytes(batch);
	if (order->kind == KLAVIYO_CONSENT && !name_list(order->account, &named, arena)) {
		answer_ourselves(send, OUTCOME_BLOCKED, OUTCOME_RETRY_AT, STR("the list is looked up first"));
		return;
	}
	if (klaviyo_render_request(api_url(deliver, order->account), named.delivery, named.n, order->op,
				   endpoint_takes_many(endpoint), deliver->now_wall_ms,
				   &order->account->window, arena, &request, &err))
		start_call(send, &request, arena);
	else
		refuse_batch(send, &err);
}

/* Nothing of them will be settled: what waited for them may leave. */
static void heed_skipped(struct deliver *deliver, struct deliver_account *account)
{
	deliver_lanes_unblock(account);
	deliver->lanes_stale = true;
}

bool deliver_send_batch(struct deliver *deliver, const struct deliver_order *order, size_t *n, size_t *bytes,
			struct err *err)
{
	enum endpoint endpoint;
	struct outbox_batch batch = { 0 };
	struct arena arena;
	bool ok;

	arena_init(&arena);
	ok = claim(deliver, order, &arena, &batch, &endpoint, err);
	if (batch.n_skipped > 0)
		heed_skipped(deliver, order->account);
	if (ok && batch.n > 0)
		send_claimed(deliver, order, endpoint, &batch, &arena);
	*n = ok ? batch.n + batch.n_skipped : 0;
	*bytes = ok ? body_bytes(&batch) : 0;
	arena_release(&arena);
	return ok;
}

/* ---- lookups ---- */

void deliver_send_lookup(struct deliver *deliver, struct deliver_account *account, enum deliver_lookup lookup,
			 const struct klaviyo_request *request)
{
	struct deliver_send *send = send_new(deliver, account);
	struct arena arena;

	arena_init(&arena);
	send->endpoint = request->endpoint;
	send->lookup = lookup;
	start_call(send, request, &arena);
	arena_release(&arena);
}

/* ---- polls ---- */

static struct str with_query(struct str url, struct str query, struct arena *arena)
{
	return query.len > 0 ? arena_printf(arena, "%.*s?%.*s", STR_ARG(url), STR_ARG(query)) : url;
}

void deliver_send_poll(struct deliver *deliver, const struct deliver_question *question)
{
	struct deliver_send *send = send_new(deliver, question->account);
	struct klaviyo_request request;
	struct arena arena;

	arena_init(&arena);
	send->endpoint = question->endpoint;
	send->kind = question->kind;
	send->op = question->op;
	send->poll = true;
	send->job_id = arena_dup(&send->arena, question->job_id);
	request = klaviyo_render_poll(api_url(deliver, question->account), question->endpoint,
				      question->job_id, &arena);
	request.url = with_query(request.url, question->page, &arena);
	start_call(send, &request, &arena);
	arena_release(&arena);
}
