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
#include "base/log.h"
#include "base/mutant.h"
#include "flow/flow_internal.h"
#include "settings/seal.h"

#include <string.h>

#define IN_FLIGHT_MAX	  32
#define LOOK_MS		  1000
#define FULL_MS		  100
#define CONNECT_MS	  10000
#define TIMEOUT_MS	  60000
#define ANSWER_BYTES_MAX  ((size_t)8 << 20)
#define MESSAGE_BYTES_MAX ((size_t)1 << 20)
/* Of one step: the database's writer is held for some 10 ms. */
#define STEP_MESSAGES 512
#define STEP_BYTES    ((size_t)2 << 20)
/* 1 s, 2 s, 4 s ... : some two hours in all. */
#define ATTEMPTS_MAX   20
#define BACKOFF_MS     1000
#define BACKOFF_MAX_MS (10 * MS_PER_MIN)

/* A request under way, or what came of it and is not in the store yet. */
struct pull_call {
	struct pull_call *next;
	struct pull *pull;
	struct pull_shop *shop;
	struct arena arena;
	int64_t job_id;
	int64_t per_minute;
	int attempts;
	struct import_at at;
	struct pull_wish wish;
	struct pull_ask ask;
	struct pull_request request;

	bool answered;
	struct pull_answer answer;
	struct str error;

	bool read; /* the members below are valid */
	struct pull_page page;
	struct inbox_record *record;
	size_t n;
	size_t n_stepped;
	struct import_reject *reject;
	size_t n_reject;
	struct str fault; /* the page is read, but what is behind it cannot be; "" = all is well */
};

struct pull {
	struct flow_ctx *ctx;
	struct http_client *client;
	struct pull_shop *shops;
	struct pull_call *in_flight;
	struct pull_call *ended;
	size_t n_in_flight;
	int64_t now_ms; /* of the round, monotonic */
	int64_t now_wall_ms;
	int64_t look_at_ms;
	struct inbox_receipt receipt[STEP_MESSAGES];
};

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

static void refuse(struct pull_call *call, struct str why)
{
	call->read = true;
	call->page = (struct pull_page){ .verdict = PULL_REFUSED, .reason = arena_dup(&call->arena, why) };
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
		refuse(call, str_from(why.msg));
		return true;
	}
	call->ask.kind = call->wish.kind;
	call->ask.from_ms = call->wish.from_ms;
	call->ask.to_ms = call->wish.to_ms;
	if (!platform->fetch_page(&view, &call->ask, &call->arena, &call->request, &why))
		refuse(call, str_from(why.msg));
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

static void add_reject(struct pull_call *call, int64_t row, struct str why)
{
	call->reject[call->n_reject++] =
		(struct import_reject){ call->at.used + row, false, STR(""), arena_dup(&call->arena, why) };
}

static void add_message(struct pull_call *call, const struct flow_history *history, struct str text,
			int64_t row)
{
	struct import_message message = { .body = text };
	struct err why = { 0 };

	if (text.len > MESSAGE_BYTES_MAX)
		(void)err_set(&why, ERR_TOO_LARGE, "the message is longer than 1 MiB");
	else if ((history->priority != PRIORITY_BACKFILL ||
		  import_historical(text, history->received_ms, &call->arena, &message, &why)) &&
		 flow_history_record(history, &message, call->at.position + row, &call->arena,
				     &call->record[call->n], &why)) {
		call->n++;
		return;
	}
	add_reject(call, row, str_from(why.msg));
}

static bool is_catalog(enum pull_kind kind)
{
	return kind == PULL_CATEGORIES || kind == PULL_PRODUCTS || kind == PULL_VARIANTS;
}

/*
 * The catalog is told as it is now: against what came without a version, the later counts. The rest is
 * history, or what is new.
 */
static enum priority priority_of(const struct pull_wish *wish)
{
	if (wish->live)
		return PRIORITY_REALTIME;
	return is_catalog(wish->kind) ? PRIORITY_REPLAY : PRIORITY_BACKFILL;
}

static void make_records(struct pull_call *call, const struct settings_store *store,
			 const struct platform_ops *ops)
{
	const struct platform_pull *platform = platform_pull_of(ops);
	bool generic = !platform->own_form && ops != &platform_generic_ops;
	struct flow_history history = {
		.store_id = store->id,
		.form = platform->own_form ? ops : &platform_generic_ops,
		.prefix = generic ? STR(FLOW_TOPIC_GENERIC) : STR(""),
		.source = str_from(pull_kind_text(call->wish.kind)),
		.received_ms = call->ask.now_ms,
		.priority = priority_of(&call->wish),
		/* Of the catalog the same again may be news: something else was told in between. */
		.run = is_catalog(call->wish.kind)
			       ? arena_printf(&call->arena, "%lld", (long long)call->job_id)
			       : STR(""),
	};
	const struct pull_page *page = &call->page;

	call->record = ARENA_ARRAY(&call->arena, page->n_message, struct inbox_record);
	call->reject = ARENA_ARRAY(&call->arena, page->n_message + page->n_reject, struct import_reject);
	for (size_t i = 0; i < page->n_reject; i++)
		add_reject(call, page->reject[i].item, page->reject[i].why);
	for (size_t i = 0; i < page->n_message; i++)
		add_message(call, &history, page->message[i], (int64_t)i + 1);
}

static void check_next(struct pull_call *call)
{
	const struct pull_page *page = &call->page;

	if (page->end)
		return;
	if (page->next.len == 0 || page->next.len > PULL_CURSOR_BYTES_MAX)
		call->fault = STR("the shop says no usable place of the next page");
	else if (str_eq(page->next, call->ask.cursor) ||
		 pull_shop_circles(call->shop, call->job_id, page->next))
		call->fault = STR("the shop leads in a circle: it names a page that was read already");
}

static void read_answer(struct pull_call *call, const struct settings_store *store)
{
	const struct platform_ops *ops = platform_find(store->platform);
	struct platform_store view = flow_platform_store(store);
	struct pull_page *page = &call->page;

	call->read = true;
	if (!call->answered) {
		*page = (struct pull_page){ .verdict = PULL_AGAIN, .reason = call->error };
		return;
	}
	if (pull_judge(&call->ask, &call->request, &call->answer, &call->arena, page))
		platform_pull_of(ops)->read_page(&view, &call->ask, &call->request, &call->answer,
						 &call->arena, page);
	if (page->verdict == PULL_DENIED && call->shop->denied)
		page->verdict = PULL_REFUSED;
	if (page->verdict != PULL_PAGE)
		return;
	check_next(call);
	make_records(call, store, ops);
}

/* ---- settling ---- */

/* Messages that go in with one step, from n_stepped on. */
static size_t step_size(const struct pull_call *call)
{
	size_t n = 0, bytes = 0;

	for (size_t i = call->n_stepped; i < call->n && n < STEP_MESSAGES && bytes < STEP_BYTES; i++, n++)
		bytes += call->record[i].body.len;
	return n;
}

static bool step(struct pull_call *call, struct import_step *step, struct err *err)
{
	step->job_id = call->job_id;
	step->from = call->at;
	if (!db_import_step(call->pull->ctx->db, call->pull->now_wall_ms, step, call->pull->receipt, err))
		return false;
	call->at = step->to;
	call->n_stepped += step->n;
	counter_add(COUNTER_import_messages, step->n);
	counter_add(COUNTER_import_rejected, step->n_reject);
	return true;
}

/* A planted bug. */
static bool move_too_early(struct pull_call *call, struct err *err)
{
	struct import_step early = { .to = call->at };

	early.to.cursor = call->page.next;
	return step(call, &early, err);
}

/* The page's messages, piece by piece; with the last of them the cursor moves. */
static bool settle_page(struct pull_call *call, struct err *err)
{
	const struct pull_page *page = &call->page;
	bool last;

	if (mutant_is(MUTANT_cursor_before_page) && !page->end && !move_too_early(call, err))
		return false;
	do {
		struct import_step one = { .to = call->at, .n = step_size(call) };

		last = call->n_stepped + one.n == call->n;
		one.record = call->record ? call->record + call->n_stepped : NULL;
		one.to.position += (int64_t)one.n;
		if (last) {
			one.to.cursor = page->end ? STR("") : call->fault.len ? call->at.cursor : page->next;
			one.to.line++;
			one.to.used += (int64_t)page->n_item;
			one.n_read = (int64_t)page->n_item;
			one.reject = call->reject;
			one.n_reject = call->n_reject;
			one.size = page->total;
			one.state = page->end ? IMPORT_DONE : call->fault.len ? IMPORT_FAILED : IMPORT_OPEN;
			one.reason = call->fault;
		}
		if (!step(call, &one, err))
			return false;
	} while (!last);
	call->shop->denied = false;
	if (call->per_minute > 0)
		call->shop->next_at_ms =
			call->pull->now_ms + (int64_t)call->n * MS_PER_MIN / call->per_minute;
	if (call->n > 0 && call->pull->ctx->wake && call->pull->ctx->wake->map)
		wake_send(call->pull->ctx->wake->map);
	return true;
}

static int64_t backoff_ms(struct pull_call *call)
{
	int64_t wait_ms = BACKOFF_MAX_MS;

	if (call->attempts < 16 && BACKOFF_MS << call->attempts < BACKOFF_MAX_MS)
		wait_ms = BACKOFF_MS << call->attempts;
	wait_ms -= (int64_t)((double)wait_ms * 0.2 * rand_unit(call->pull->ctx->rand));
	return wait_ms > call->page.wait_ms ? wait_ms : call->page.wait_ms;
}

/* Nothing was read: the job waits, or has failed. */
static bool settle_failure(struct pull_call *call, struct err *err)
{
	const struct pull_page *page = &call->page;
	struct import_step one = { .to = call->at, .reason = page->reason, .attempts = call->attempts };
	bool again = page->verdict == PULL_AGAIN;

	if (page->verdict == PULL_WAIT)
		one.due_ms = call->pull->now_wall_ms + page->wait_ms;
	else if (again && call->attempts + 1 < ATTEMPTS_MAX)
		one.due_ms = call->pull->now_wall_ms + backoff_ms(call);
	else
		one.state = IMPORT_FAILED;
	one.attempts += again;
	if (one.state == IMPORT_FAILED)
		log_warn("pull", "import=%lld failed: %.*s", (long long)call->job_id, STR_ARG(page->reason));
	return step(call, &one, err);
}

static bool settle_call(struct pull_call *call, const struct settings_store *store, struct err *err)
{
	struct pull *pull = call->pull;

	if (!call->read)
		read_answer(call, store);
	switch (call->page.verdict) {
	case PULL_PAGE:
		return settle_page(call, err);
	case PULL_TOKEN:
		call->shop->next_at_ms = pull->now_ms; /* a request for a token is no page */
		call->shop->stale = false;
		return pull_shop_keep_token(pull->ctx, store, call->page.token, err);
	case PULL_DENIED:
		call->shop->next_at_ms = pull->now_ms;
		call->shop->stale = call->shop->denied = true;
		return true;
	case PULL_WAIT:
	case PULL_AGAIN:
	case PULL_REFUSED:
		break;
	}
	return settle_failure(call, err);
}

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
		ok = !store || settle_call(call, store, err);
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
