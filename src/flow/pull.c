/*
 * Pull: what shops hold, page by page, into the inbox.
 *
 * Does:    one page of a store at a time, many stores at once, no faster than the store allows and than
 *          Klaviyo takes what becomes of it; tokens; waiting when the shop asks for it or does not answer.
 * Doesn't: know a platform's URLs or answers (platform/), or understand messages (the mapper's).
 * Keeps:   the cursor moves together with the page's messages. What was answered is in the store before the
 *          next page is asked for. A shop that leads in a circle, or fails for good, ends its job and no
 *          other.
 * Threads: one pull role per database; the client belongs to it.
 */
#include "flow/pull_internal.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "flow/flow_internal.h"
#include "settings/seal.h"

#include <string.h>

#define IN_FLIGHT_MAX	 32
#define LOOK_MS		 1000
#define FULL_MS		 100
#define CONNECT_MS	 10000
#define TIMEOUT_MS	 60000
#define ANSWER_BYTES_MAX ((size_t)8 << 20)

struct pull *pull_open(struct flow_ctx *ctx, struct http_client *client)
{
	struct pull *pull = mem_zalloc(1, sizeof(*pull));

	pull->ctx = ctx;
	pull->client = client;
	pull->look_at_ms = INT64_MIN;
	return pull;
}

static void free_call(struct pull_call *call)
{
	call->shop->busy = false;
	seal_text_wipe(call->ask.token);
	arena_release(&call->arena);
	mem_free(call);
}

static void free_calls(struct pull_call *call)
{
	while (call) {
		struct pull_call *next = call->next;

		free_call(call);
		call = next;
	}
}

void pull_close(struct pull *pull)
{
	if (!pull)
		return;
	free_calls(pull->in_flight);
	free_calls(pull->ended);
	pull_shop_free_all(pull->shops);
	mem_free(pull);
}

/* ---- the answer ---- */

static void keep_answer(struct pull_call *call, const struct http_answer *answer)
{
	struct http_header *header = ARENA_ARRAY(&call->arena, answer->n_header, struct http_header);

	for (size_t i = 0; i < answer->n_header; i++)
		header[i] = (struct http_header){ arena_dup(&call->arena, answer->header[i].name),
						  arena_dup(&call->arena, answer->header[i].value) };
	call->answered = true;
	call->answer = (struct pull_answer){ answer->status, arena_dup(&call->arena, answer->body), header,
					     answer->n_header };
}

static void take_answer(void *arg, const struct http_answer *answer)
{
	struct pull_call *call = arg, **at = &call->pull->in_flight;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	call->pull->n_in_flight--;
	if (answer->ok)
		keep_answer(call, answer);
	else
		call->error = arena_dup(&call->arena, str_from(answer->error));
	call->next = call->pull->ended;
	call->pull->ended = call;
}

/* ---- which page ---- */

static struct pull_call *call_new(struct pull *pull, struct pull_shop *shop, const struct import_job *job)
{
	struct pull_call *call = mem_zalloc(1, sizeof(*call));

	arena_init(&call->arena);
	call->pull = pull;
	call->shop = shop;
	call->job_id = job->id;
	call->per_minute = job->per_minute;
	call->attempts = job->attempts;
	call->at = job->at;
	call->at.cursor = arena_dup(&call->arena, job->at.cursor);
	shop->busy = true;
	return call;
}

struct http_call pull_http_call(const struct pull_request *request)
{
	return (struct http_call){
		.method = request->method,
		.url = request->url,
		.header = request->header,
		.n_header = request->n_header,
		.body = request->body,
		.connect_timeout_ms = CONNECT_MS,
		.timeout_ms = TIMEOUT_MS,
		.answer_bytes_max = ANSWER_BYTES_MAX,
	};
}

static void start_http(struct pull_call *call)
{
	struct pull *pull = call->pull;
	struct http_call http = pull_http_call(&call->request);
	struct http_answer failed = { 0 };
	struct err why = { 0 };

	call->next = pull->in_flight;
	pull->in_flight = call;
	pull->n_in_flight++;
	counter_add(COUNTER_pull_requests, 1);
	if (http_client_start(pull->client, &http, take_answer, call, &why))
		return;
	memcpy(failed.error, why.msg, sizeof(failed.error) - 1);
	take_answer(call, &failed);
}

static bool make_request(struct pull_call *call, const struct import_job *job,
			 const struct settings_store *store, const struct platform_pull *platform,
			 struct err *err)
{
	struct pull *pull = call->pull;
	struct platform_store view = flow_platform_store(store);
	struct err why = { 0 };

	call->ask.now_ms = pull->now_wall_ms;
	call->ask.cursor = call->at.cursor;
	rand_fill(pull->ctx->rand, call->ask.nonce.byte, sizeof(call->ask.nonce.byte));
	if (!pull_shop_token(pull->ctx, store, &call->arena, &call->ask.token, err))
		return false;
	call->ask.token_denied = call->shop->stale;
	if (!pull_wish_read(job->options, &call->wish, &why)) {
		pull_call_refuse(call, str_from(why.msg));
		return true;
	}
	call->ask.kind = call->wish.kind;
	call->ask.from_ms = call->wish.from_ms;
	call->ask.to_ms = call->wish.to_ms;
	if (!platform->fetch_page(&view, &call->ask, &call->arena, &call->request, &why))
		pull_call_refuse(call, str_from(why.msg));
	return true;
}

static bool start_call(struct pull *pull, struct pull_shop *shop, const struct import_job *job,
		       const struct settings_store *store, struct err *err)
{
	const struct platform_ops *ops = platform_find(store->platform);
	struct pull_call *call;

	if (!ops)
		return true; /* of a newer program: not ours to judge */
	call = call_new(pull, shop, job);
	if (!make_request(call, job, store, platform_pull_of(ops), err)) {
		free_call(call);
		return false;
	}
	shop->next_at_ms =
		pull->now_ms + MS_PER_MIN / setting_int(store->value, SETTING_KEY_pull_pages_per_minute);
	if (call->read) {
		call->next = pull->ended;
		pull->ended = call;
	} else {
		start_http(call);
	}
	return true;
}

static bool serve(struct pull *pull, const struct import_job *job, const struct settings_store *store,
		  struct err *err)
{
	struct pull_shop *shop = pull_shop_find(&pull->shops, store->id);
	struct arena arena;
	bool room = false, ok;

	if (shop->busy || pull->n_in_flight >= IN_FLIGHT_MAX)
		return true;
	if (shop->next_at_ms > pull->now_ms) {
		if (shop->next_at_ms < pull->look_at_ms)
			pull->look_at_ms = shop->next_at_ms;
		return true;
	}
	arena_init(&arena);
	ok = flow_history_room(pull->ctx, store, &arena, &room, err);
	arena_release(&arena);
	if (!ok)
		return false;
	if (!room) {
		pull->look_at_ms = pull->now_ms + FULL_MS;
		return true;
	}
	return start_call(pull, shop, job, store, err);
}

/*
 * The next job of the store that begins at *i: the first that is open and due. One that the shop asked to
 * be patient with holds up those behind it; one that fails does not. *i: behind the store.
 */
static const struct import_job *next_job(const struct pull *pull, const struct import_job *job, size_t n,
					 size_t *i)
{
	int64_t store_id = job[*i].store_id;
	const struct import_job *found = NULL;
	bool patience = false;

	for (; *i < n && job[*i].store_id == store_id; (*i)++) {
		const struct import_job *one = &job[*i];

		if (!one->pull || one->state != IMPORT_OPEN || found || patience)
			continue;
		if (one->due_ms <= pull->now_wall_ms)
			found = one;
		else
			patience = one->attempts == 0;
	}
	return found;
}

static bool look(struct pull *pull, struct err *err)
{
	const struct snapshot *settings = flow_settings(pull->ctx, err);
	struct import_job *job = NULL;
	struct arena arena;
	size_t n = 0;
	bool ok;

	if (!settings)
		return false;
	arena_init(&arena);
	pull->look_at_ms = pull->now_ms + LOOK_MS;
	ok = db_import_list(pull->ctx->db, 0, &arena, &job, &n, err) || err_wrap(err, "read imports");
	for (size_t i = 0; ok && i < n;) {
		const struct import_job *next = next_job(pull, job, n, &i);
		const struct settings_store *store = next ? snapshot_store(settings, next->store_id) : NULL;

		if (store)
			ok = serve(pull, next, store, err);
	}
	arena_release(&arena);
	settings_release(pull->ctx->settings, settings);
	return ok;
}

/* ---- what came of it ---- */

/* What could not be written stays, and is written in a later round. */
static bool settle(struct pull *pull, struct flow_next *next, struct err *err)
{
	while (pull->ended) {
		struct pull_call *call = pull->ended;
		const struct snapshot *settings = flow_settings(pull->ctx, err);
		const struct settings_store *store;
		bool ok;

		if (!settings)
			return false;
		store = snapshot_store(settings, call->shop->store_id);
		ok = !store || pull_call_settle(call, store, err);
		settings_release(pull->ctx->settings, settings);
		/*
		 * Paused or cancelled in between, or the answer of the store was lost: asked for again, if
		 * at all.
		 */
		if (!ok && err->code != ERR_CONFLICT)
			return false;
		if (!ok)
			call->shop->job_id = 0; /* its cursor may rightly come again */
		pull->ended = call->next;
		free_call(call);
		pull->look_at_ms = INT64_MIN; /* its store may have more */
		next->n_done++;
	}
	return true;
}

static void read_clocks(struct pull *pull)
{
	pull->now_ms = clock_mono_ms(pull->ctx->clock);
	pull->now_wall_ms = clock_wall_ms(pull->ctx->clock);
}

bool pull_run_once(struct pull *pull, int64_t max_wait_ms, struct flow_next *next, struct err *err)
{
	int64_t wait_ms;

	*next = (struct flow_next){ 0 };
	read_clocks(pull);
	if (!settle(pull, next, err))
		return false;
	if (pull->now_ms >= pull->look_at_ms && !look(pull, err))
		return false;
	wait_ms = pull->ended ? 0 : pull->look_at_ms - pull->now_ms;
	(void)http_client_run(pull->client, wait_ms < max_wait_ms ? wait_ms : max_wait_ms);
	read_clocks(pull);
	return settle(pull, next, err);
}
