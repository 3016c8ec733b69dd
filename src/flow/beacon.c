/*
 * Beacons: a browser's request becomes pending messages.
 *
 * Does:    store, origin, robot, rate, key; hands what beacon_read made of the body to the group commit and
 *          answers when that has told.
 * Doesn't: understand events, or refuse a beacon by settings that may have changed a moment ago: the merchant
 *          who has just turned the script on looks whether it works.
 * Keeps:   a 2xx for an event comes after its commit, as in ingest.c. A flood of beacons fills at most half
 *          of what the store may have pending, so the shop's own messages still come in. No answer and no
 *          audit row repeats what a browser sent.
 * Threads: HTTP; record_done on the commit role's.
 */
#include "flow/beacon.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "flow/beacon_read.h"
#include "flow/ingest_internal.h"
#include "flow/rate_limit.h"
#include "flow/reply.h"

#define ROWS_MAX	   8192
#define RETRY_AFTER_RATE_S 60
/* Many people can be behind one address; one browser is one person. */
#define ADDRESS_RATE ((struct rate){ .burst = 300, .per_minute = 600 })
#define VISITOR_RATE ((struct rate){ .burst = 120, .per_minute = 60 })
/* Of each store's settings, for beacons that are denied by those of a moment ago: a flood costs no more. */
#define RENEW_RATE ((struct rate){ .burst = 5, .per_minute = 60 })

struct beacon {
	struct ingest *ingest;
	struct rate_limit *limit;
};

/* One request on its way; lives in the exchange's arena until the answer. */
struct call {
	struct beacon *beacon;
	struct http_exchange *exchange;
	const struct settings_store *store; /* valid only on the HTTP thread, while the snapshot is held */
	struct str origin;		    /* in the arena; "" = not (yet) allowed */
	bool counted;			    /* by its address */
};

/* DENIED is not answered yet: the settings may have changed. Never with the last try. */
enum beacon_result { BEACON_ANSWERED, BEACON_DENIED };

struct beacon *beacon_new(struct ingest *ingest)
{
	struct beacon *beacon = mem_zalloc(1, sizeof(*beacon));

	beacon->ingest = ingest;
	beacon->limit = rate_limit_new(ROWS_MAX, ingest->ctx->rand);
	return beacon;
}

void beacon_free(struct beacon *beacon)
{
	if (!beacon)
		return;
	rate_limit_free(beacon->limit);
	mem_free(beacon);
}

size_t beacon_body_max(void)
{
	return BEACON_BYTES_MAX;
}

/* ---- answers ---- */

static size_t cors_headers(const struct call *call, struct http_header out[static 2])
{
	out[0] = (struct http_header){ STR("Vary"), STR("Origin") };
	out[1] = (struct http_header){ STR("Access-Control-Allow-Origin"), call->origin };
	return call->origin.len > 0 ? 2 : 1;
}

static void accept(const struct call *call)
{
	struct http_header header[2];
	size_t n = cors_headers(call, header);

	http_reply(call->exchange, 204, header, n, STR(""));
}

static void reply_no(const struct call *call, int status, int retry_after_s, struct str why)
{
	struct http_header header[2];
	size_t n = cors_headers(call, header);

	counter_add(COUNTER_beacon_refused, 1);
	reply_error_with(call->exchange, status, retry_after_s, why, header, n);
}

/* Says no and notes it for the store's audit. */
static void refuse(const struct call *call, int status, int retry_after_s, struct str why)
{
	struct ingest *ingest = call->beacon->ingest;
	struct arena *arena = http_exchange_arena(call->exchange);

	refusals_note(ingest->refusals, call->store->id, call->store->account->id,
		      clock_wall_ms(ingest->ctx->clock),
		      arena_printf(arena, "%d: beacon: %.*s", status, STR_ARG(why)));
	reply_no(call, status, retry_after_s, why);
}

/* The commit role tells what became of the records. */
static void record_done(void *arg, bool ok, const struct inbox_receipt *receipt, size_t n,
			const struct err *err)
{
	const struct call *call = arg;
	const struct flow_wakes *wake = call->beacon->ingest->ctx->wake;
	size_t n_new = 0;

	if (!ok) {
		reply_no(call, 503, ingest_retry_after_s(err), ingest_unavailable_text(err));
		return;
	}
	for (size_t i = 0; i < n; i++)
		n_new += receipt[i].kind == INBOX_NEW;
	counter_add(COUNTER_beacon_events, n_new);
	if (n_new > 0 && wake && wake->map)
		wake_send(wake->map);
	accept(call);
}

/* ---- who asks ---- */

static bool takes_beacons(const struct settings_store *store)
{
	struct str mode = setting_text(store->value, SETTING_KEY_storefront_mode);

	return str_eq(mode, STR("server")) || str_eq(mode, STR("both"));
}

/* The store of that name, if it takes beacons. */
static const struct settings_store *find_store(const struct snapshot *snapshot, struct str name)
{
	const struct settings_store *store = snapshot_find_store(snapshot, name);

	return store && takes_beacons(store) ? store : NULL;
}

/* What is known by no name is held down by ingest_renew_settings itself. */
static bool may_renew(struct beacon *beacon, const struct snapshot *snapshot, struct str name)
{
	const struct settings_store *store = snapshot_find_store(snapshot, name);

	return !store || rate_limit_take(beacon->limit, "settings", store->id, STR(""), RENEW_RATE, 1,
					 clock_mono_ms(beacon->ingest->ctx->clock));
}

static bool check_origin(struct call *call)
{
	struct str origin = http_exchange_header(call->exchange, "Origin");

	if (!beacon_origin_allowed(setting_text(call->store->value, SETTING_KEY_storefront_origins), origin))
		return false;
	call->origin = arena_dup(http_exchange_arena(call->exchange), origin);
	return true;
}

static bool is_readable(struct str content_type)
{
	struct str type = str_trim(str_of(content_type.p, str_find_char(content_type, ';')));

	return type.len == 0 || str_eq_nocase(type, STR("text/plain")) ||
	       str_eq_nocase(type, STR("application/json"));
}

/* What can be said before the body is read. False: answered. */
static bool check_shape(struct call *call)
{
	const struct http_request *http = http_exchange_request(call->exchange);

	if (!is_readable(http_exchange_header(call->exchange, "Content-Type")))
		refuse(call, 415, 0, STR("send text/plain or application/json"));
	else if (http->body_encoded)
		refuse(call, 415, 0, STR("send it without Content-Encoding"));
	else if (http->body_too_large)
		refuse(call, 413, 0, STR("more than 32 KiB"));
	else if (http->body_broken)
		refuse(call, 400, 0, STR("the body did not arrive whole"));
	else
		return true;
	return false;
}

static bool rates_allow(struct call *call, const struct beacon_batch *batch)
{
	struct rate_limit *limit = call->beacon->limit;
	int64_t mono_ms = clock_mono_ms(call->beacon->ingest->ctx->clock);

	for (size_t i = 0; i < batch->n; i++)
		if (!rate_limit_take(limit, "visitor", call->store->id, batch->event[i].visitor, VISITOR_RATE,
				     1, mono_ms))
			return false;
	return true;
}

/* Once for each request, however often it is tried. */
static bool address_allows(struct call *call)
{
	if (!call->counted)
		call->counted = rate_limit_take(call->beacon->limit, "address", call->store->id,
						http_exchange_request(call->exchange)->remote, ADDRESS_RATE,
						1, clock_mono_ms(call->beacon->ingest->ctx->clock));
	return call->counted;
}

static bool has_key(const struct call *call, const struct beacon_batch *batch)
{
	struct str key = setting_text(call->store->value, SETTING_KEY_storefront_key);

	return key.len > 0 && secret_eq(key, batch->key);
}

/* ---- taking in ---- */

/* The events as records, handed to the group commit. From here on record_done answers. */
static void submit(struct call *call, const struct beacon_batch *batch, int64_t now_ms)
{
	struct inbox_record *record =
		ARENA_ARRAY(http_exchange_arena(call->exchange), batch->n, struct inbox_record);
	struct err err;

	for (size_t i = 0; i < batch->n; i++) {
		const struct beacon_event *event = &batch->event[i];
		struct digest16 key = digest16_of((struct str[]){ STR("beacon"), event->id }, 2);

		record[i] = (struct inbox_record){
			.store_id = call->store->id,
			.received_ms = now_ms,
			.topic = event->topic,
			.source_id = event->id,
			.body = event->body,
			.slot = key,
			.key = key,
		};
	}
	if (!inbox_submit(call->beacon->ingest->inbox, record, batch->n, record_done, call, &err))
		reply_no(call, 503, ingest_retry_after_s(&err), ingest_unavailable_text(&err));
}

static void take_events(struct call *call, const struct beacon_batch *batch, int64_t now_ms)
{
	struct ingest *ingest = call->beacon->ingest;
	int64_t limit = setting_int(call->store->value, SETTING_KEY_max_pending) / 2;

	if (batch->n == 0)
		refuse(call, 400, 0, str_from(batch->why.msg));
	else if (!rates_allow(call, batch))
		refuse(call, 429, RETRY_AFTER_RATE_S, STR("too many events of one visitor"));
	else if (!backlog_take(ingest->backlog, call->store->id, batch->n, limit > 0 ? limit : 1))
		refuse(call, 429, RETRY_AFTER_BACKLOG_S, STR("too many messages of this store wait"));
	else
		submit(call, batch, now_ms);
}

static enum beacon_result take_in(struct call *call, bool last)
{
	struct arena *arena = http_exchange_arena(call->exchange);
	int64_t now_ms = clock_wall_ms(call->beacon->ingest->ctx->clock);
	struct beacon_batch batch;
	struct err err;

	if (!beacon_read(call->store, http_exchange_request(call->exchange)->body, now_ms, arena, &batch,
			 &err))
		refuse(call, err.code == ERR_TOO_LARGE ? 413 : 400, 0, str_from(err.msg));
	else if (has_key(call, &batch))
		take_events(call, &batch, now_ms);
	else if (!last)
		return BEACON_DENIED;
	else
		refuse(call, 401, 0, STR("the publishable key is missing or not this store's"));
	return BEACON_ANSWERED;
}

static enum beacon_result deny_origin(const struct call *call, bool last)
{
	if (!last)
		return BEACON_DENIED;
	refuse(call, 403, 0, STR("this origin is not in the store's storefront_origins"));
	return BEACON_ANSWERED;
}

static enum beacon_result deny_store(const struct call *call, bool last)
{
	if (!last)
		return BEACON_DENIED;
	reply_no(call, 404, 0, STR("no such store, or it takes no events of browsers"));
	return BEACON_ANSWERED;
}

static enum beacon_result receive(struct call *call, bool last)
{
	if (!call->store)
		return deny_store(call, last);
	if (!check_origin(call))
		return deny_origin(call, last);
	if (!check_shape(call))
		return BEACON_ANSWERED;
	if (beacon_is_bot(http_exchange_header(call->exchange, "User-Agent"))) {
		counter_add(COUNTER_beacon_bots, 1);
		accept(call);
		return BEACON_ANSWERED;
	}
	if (!address_allows(call)) {
		refuse(call, 429, RETRY_AFTER_RATE_S, STR("too many requests from one address"));
		return BEACON_ANSWERED;
	}
	return take_in(call, last);
}

/* What a browser asks beforehand. */
static enum beacon_result permit(struct call *call, bool last)
{
	bool known = call->store != NULL, allowed = known && check_origin(call);
	const struct http_header header[] = {
		{ STR("Access-Control-Allow-Origin"), call->origin },
		{ STR("Access-Control-Allow-Methods"), STR("POST") },
		{ STR("Access-Control-Allow-Headers"), STR("content-type") },
		{ STR("Access-Control-Max-Age"), STR("86400") },
		{ STR("Vary"), STR("Origin") },
	};

	if (allowed)
		http_reply(call->exchange, 204, header, ARRAY_LEN(header), STR(""));
	else if (!last)
		return BEACON_DENIED;
	else
		reply_no(call, known ? 403 : 404, 0, STR("this origin may not send events here"));
	return BEACON_ANSWERED;
}

static struct call *call_new(struct beacon *beacon, struct http_exchange *exchange)
{
	struct call *call = ARENA_NEW(http_exchange_arena(exchange), struct call);

	call->beacon = beacon;
	call->exchange = exchange;
	return call;
}

/* With the settings at hand; if these deny it, with those that are stored. */
static void answer(struct beacon *beacon, struct http_exchange *exchange, struct str store,
		   enum beacon_result (*one_try)(struct call *call, bool last))
{
	struct call *call = call_new(beacon, exchange);
	const struct snapshot *snapshot = settings_take(beacon->ingest->ctx->settings);

	call->store = find_store(snapshot, store);
	if (one_try(call, false) == BEACON_DENIED) {
		if (may_renew(beacon, snapshot, store))
			snapshot = ingest_renew_settings(beacon->ingest, snapshot);
		call->store = find_store(snapshot, store);
		(void)one_try(call, true);
	}
	settings_release(beacon->ingest->ctx->settings, snapshot);
}

void beacon_post(struct beacon *beacon, struct http_exchange *exchange, struct str store)
{
	answer(beacon, exchange, store, receive);
}

void beacon_options(struct beacon *beacon, struct http_exchange *exchange, struct str store)
{
	answer(beacon, exchange, store, permit);
}
