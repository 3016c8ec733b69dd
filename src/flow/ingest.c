/*
 * Ingest: a shop's request becomes pending messages.
 *
 * Does:    find the store, verify, identify, hand to the group commit, answer when that has told.
 * Doesn't: understand messages: whatever is JSON and comes from the shop is kept and explained later.
 * Keeps:   a 2xx is given only by record_done with a receipt, so only after the commit. Nothing is built that
 *          the answer does not need: no trees, no copies, no lock held while another is waited for.
 * Threads: ingest_webhook and ingest_body_max on the HTTP thread; record_done on the commit role's;
 *          ingest_upkeep_run_once on one other.
 */
#include "flow/ingest.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "flow/flow_internal.h"
#include "flow/ingest_internal.h"
#include "flow/reply.h"

/* Messages in one request at most. */
#define MESSAGES_MAX 2048
/* Body ceiling where no store is known yet; it was perhaps added a moment ago. */
#define BODY_MAX_UNKNOWN ((size_t)1 << 20)
/* A store that was just added is known at once; a flood for unknown ones costs a read each so often. */
#define RENEW_MS 5

/* One request on its way; lives in the exchange's arena until the answer. */
struct reception {
	struct ingest *ingest;
	struct http_exchange *exchange;
	const struct platform_ops *platform;
	const struct settings_store *store; /* valid only on the HTTP thread, while the snapshot is held */
};

struct ingest *ingest_new(struct flow_ctx *ctx, struct inbox *inbox)
{
	struct ingest *ingest = mem_zalloc(1, sizeof(*ingest));

	ingest->ctx = ctx;
	ingest->inbox = inbox;
	ingest->backlog = backlog_new();
	ingest->refusals = refusals_new();
	ingest->renewed_at_ms = INT64_MIN / 2;
	return ingest;
}

void ingest_free(struct ingest *ingest)
{
	if (!ingest)
		return;
	backlog_free(ingest->backlog);
	refusals_free(ingest->refusals);
	mem_free(ingest);
}

/* The last segment of a path. */
static struct str store_name(struct str path)
{
	size_t at = path.len;

	while (at > 0 && path.p[at - 1] != '/')
		at--;
	return str_skip(path, at);
}

size_t ingest_body_max(struct ingest *ingest, struct str path)
{
	const struct snapshot *settings = settings_take(ingest->ctx->settings);
	const struct settings_store *store = snapshot_find_store(settings, store_name(path));
	size_t max = BODY_MAX_UNKNOWN;

	if (store)
		max = (size_t)setting_int(store->value, SETTING_KEY_max_body_bytes);
	settings_release(ingest->ctx->settings, settings);
	return max;
}

/* ---- answers ---- */

int ingest_retry_after_s(const struct err *err)
{
	return err->code == ERR_TOO_LARGE ? RETRY_AFTER_FULL_S : RETRY_AFTER_BUSY_S;
}

struct str ingest_unavailable_text(const struct err *err)
{
	return err->code == ERR_TOO_LARGE ? STR("no space to store the message")
					  : STR("the message could not be stored, send it again");
}

static void count_refusal(int status)
{
	if (status == 401)
		counter_add(COUNTER_http_refused_auth, 1);
	else if (status == 429 || status == 503)
		counter_add(COUNTER_http_refused_busy, 1);
	else
		counter_add(COUNTER_http_refused_input, 1);
}

/* Says no to a known store's request; audited unless we are the reason. */
static void refuse(struct reception *reception, int status, struct str why)
{
	struct ingest *ingest = reception->ingest;
	struct arena *arena = http_exchange_arena(reception->exchange);
	const struct settings_store *store = reception->store;

	count_refusal(status);
	refusals_note(ingest->refusals, store->id, store->account->id, clock_wall_ms(ingest->ctx->clock),
		      arena_printf(arena, "%d: %.*s", status, STR_ARG(why)));
	reply_error(reception->exchange, status, status == 429 ? RETRY_AFTER_BACKLOG_S : 0, why);
}

static void reply_unavailable(struct http_exchange *exchange, const struct err *err)
{
	count_refusal(503);
	reply_error(exchange, 503, ingest_retry_after_s(err), ingest_unavailable_text(err));
}

static void reply_accepted(struct reception *reception, size_t n_new, size_t n_duplicate)
{
	struct arena *arena = http_exchange_arena(reception->exchange);
	struct str body = reception->platform->accepted_body(n_new, n_duplicate, arena);
	bool json = body.len > 0 && (body.p[0] == '{' || body.p[0] == '[');
	struct http_header header = {
		STR("Content-Type"),
		json ? STR("application/json") : STR("text/plain; charset=utf-8"),
	};

	http_reply(reception->exchange, reception->platform->accept_status, &header, 1, body);
}

/* The commit role tells what became of the records. */
static void record_done(void *arg, bool ok, const struct inbox_receipt *receipt, size_t n,
			const struct err *err)
{
	struct reception *reception = arg;
	const struct flow_wakes *wake = reception->ingest->ctx->wake;
	size_t n_new = 0;

	if (!ok) {
		reply_unavailable(reception->exchange, err);
		return;
	}
	for (size_t i = 0; i < n; i++)
		n_new += receipt[i].kind == INBOX_NEW;
	if (n_new > 0 && wake && wake->map)
		wake_send(wake->map);
	reply_accepted(reception, n_new, n - n_new);
}

/* ---- the request ---- */

static struct str request_header(const void *from, const char *name)
{
	return http_exchange_header(from, name);
}

static struct platform_request platform_request(const struct reception *reception)
{
	const struct http_exchange *exchange = reception->exchange;

	return (struct platform_request){
		.content_type = http_exchange_header(exchange, "Content-Type"),
		.body = http_exchange_request(exchange)->body,
		.header = request_header,
		.from = exchange,
		.now_ms = clock_wall_ms(reception->ingest->ctx->clock),
	};
}

/* The messages as records, handed to the group commit. From here on record_done answers. */
static void submit(struct reception *reception, const struct platform_message *message, size_t n,
		   int64_t now_ms)
{
	struct arena *arena = http_exchange_arena(reception->exchange);
	struct inbox_record *record = ARENA_ARRAY(arena, n, struct inbox_record);
	struct err err;

	for (size_t i = 0; i < n; i++)
		record[i] = (struct inbox_record){
			.store_id = reception->store->id,
			.received_ms = now_ms,
			/* These may stand in a header, and headers go when the client does. */
			.topic = arena_dup(arena, message[i].topic),
			.source_id = arena_dup(arena, message[i].source_id),
			.body = message[i].body,
			.slot = message[i].slot,
			.key = message[i].key,
		};
	if (!inbox_submit(reception->ingest->inbox, record, n, record_done, reception, &err))
		reply_unavailable(reception->exchange, &err);
}

static void receive_messages(struct reception *reception, const struct platform_store *view,
			     const struct platform_request *request)
{
	struct ingest *ingest = reception->ingest;
	const struct settings_store *store = reception->store;
	struct platform_message *message = NULL;
	struct err err;
	size_t n = 0;

	if (!reception->platform->identify(view, request, MESSAGES_MAX,
					   http_exchange_arena(reception->exchange), &message, &n, &err)) {
		refuse(reception, err.code == ERR_TOO_LARGE ? 413 : 400, str_from(err.msg));
		return;
	}
	if (n == 0) {
		reply_accepted(reception, 0, 0);
		return;
	}
	if (!backlog_take(ingest->backlog, store->id, n,
			  setting_int(store->value, SETTING_KEY_max_pending))) {
		refuse(reception, 429, STR("too many messages of this store wait to be processed"));
		return;
	}
	submit(reception, message, n, request->now_ms);
}

/* What can be said without the secret. False: answered. */
static bool check_shape(struct reception *reception, struct str content_type)
{
	const struct http_request *http = http_exchange_request(reception->exchange);

	if (!reception->platform->accepts(content_type)) {
		refuse(reception, 415, STR("this content type is not read here; send application/json"));
		return false;
	}
	if (http->body_encoded) {
		refuse(reception, 415,
		       STR("compressed bodies are not read here; send it without Content-Encoding"));
		return false;
	}
	if (http->body_too_large) {
		refuse(reception, 413, STR("the body is larger than this store's max_body_bytes"));
		return false;
	}
	if (http->body_broken) {
		refuse(reception, 400, STR("the body did not arrive whole"));
		return false;
	}
	return true;
}

const struct snapshot *ingest_renew_settings(struct ingest *ingest, const struct snapshot *old)
{
	struct settings *settings = ingest->ctx->settings;
	int64_t now_ms = clock_mono_ms(ingest->ctx->clock);
	struct err err;

	settings_release(settings, old);
	if (now_ms - ingest->renewed_at_ms >= RENEW_MS) {
		ingest->renewed_at_ms = now_ms;
		/* What cannot be read is found and logged by the roles; here the old settings hold. */
		(void)!settings_refresh(settings, NULL, &err);
	}
	/* A role may have read them a moment before, so that there was nothing new for us. */
	return settings_take(settings);
}

enum reception_result { RECEPTION_ANSWERED, RECEPTION_UNKNOWN, RECEPTION_DENIED };

/*
 * One try with one snapshot. UNKNOWN and DENIED are not answered yet when last is false: the settings may
 * have changed.
 */
static enum reception_result receive(struct reception *reception, const struct snapshot *settings,
				     struct str platform, struct str name, bool last)
{
	const struct settings_store *store = snapshot_find_store(settings, name);
	struct platform_store view;
	struct platform_request request;
	struct err err;

	reception->store = store;
	reception->platform = store && str_eq(store->platform, platform) ? platform_find(platform) : NULL;
	if (!reception->platform) {
		if (last)
			reply_error(reception->exchange, 404, 0, STR("no such store"));
		return RECEPTION_UNKNOWN;
	}
	view = flow_platform_store(store);
	request = platform_request(reception);
	if (!check_shape(reception, request.content_type))
		return RECEPTION_ANSWERED;
	if (!reception->platform->verify(&view, &request, &err)) {
		if (last)
			refuse(reception, 401, str_from(err.msg));
		return RECEPTION_DENIED;
	}
	receive_messages(reception, &view, &request);
	return RECEPTION_ANSWERED;
}

void ingest_webhook(struct ingest *ingest, struct http_exchange *exchange, struct str platform,
		    struct str store)
{
	struct reception *reception = ARENA_NEW(http_exchange_arena(exchange), struct reception);
	struct settings *settings = ingest->ctx->settings;
	const struct snapshot *snapshot = settings_take(settings);

	reception->ingest = ingest;
	reception->exchange = exchange;
	if (receive(reception, snapshot, platform, store, false) != RECEPTION_ANSWERED) {
		snapshot = ingest_renew_settings(ingest, snapshot);
		(void)receive(reception, snapshot, platform, store, true);
	}
	settings_release(settings, snapshot);
}

bool ingest_upkeep_run_once(struct ingest *ingest, struct flow_next *next, struct err *err)
{
	struct flow_ctx *ctx = ingest->ctx;
	int64_t now_ms = clock_wall_ms(ctx->clock);

	*next = (struct flow_next){ .wait_ms = 100 };
	return refusals_write(ingest->refusals, ctx->db, now_ms, err) &&
	       backlog_renew(ingest->backlog, ctx->db, now_ms, clock_mono_ms(ctx->clock), err);
}
