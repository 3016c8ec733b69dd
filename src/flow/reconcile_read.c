/*
 * Reading what Klaviyo holds, page by page.
 *
 * Does:    one request at a time, within the budget of its endpoint, which is kept before it starts; waits
 *          while sending of the account is stopped.
 * Keeps:   of a page, a digest of each attribute; what is certainly another store's is counted and left out.
 * Threads: the reconcile role's; take_answer runs inside http_client_run.
 */
#include "flow/reconcile_internal.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "flow/health.h"

#include <stdio.h>

#define ANSWER_BYTES_MAX   ((size_t)32 << 20)
#define CONNECT_TIMEOUT_MS 5000
#define STOPPED_MS	   1000
#define AGAIN_MS	   2000
#define FAILURES_MAX	   6

static enum klaviyo_kind kind_of(enum reconcile_stage stage)
{
	return stage == STAGE_CATEGORIES ? KLAVIYO_CATEGORY
	       : stage == STAGE_ITEMS	 ? KLAVIYO_ITEM
					 : KLAVIYO_VARIANT;
}

/* ---- budgets ---- */

static struct str budget_name(enum endpoint endpoint, struct arena *arena)
{
	return arena_printf(arena, FLOW_CURSOR_BUDGET "%s", endpoint_row(endpoint)->name);
}

static const enum endpoint asked_endpoint[RECONCILE_BUDGETS] = { ENDPOINT_categories_get, ENDPOINT_items_get,
								 ENDPOINT_variants_get, ENDPOINT_links_get };

/* As an earlier process left them. */
static bool read_budgets(struct reconcile_work *work, struct reconcile_account *into, struct err *err)
{
	const struct settings_account *account = work->store->account;

	for (size_t i = 0; i < RECONCILE_BUDGETS; i++) {
		struct reconcile_budget *row = &into->budget[i];
		struct str blob;

		row->endpoint = asked_endpoint[i];
		budget_init(&row->budget, endpoint_row(row->endpoint), flow_quota_percent(account));
		if (!db_cursor_get(work->ctx->db, account->id, budget_name(row->endpoint, work->arena),
				   work->arena, &blob, err))
			return err_wrap(err, "read the budgets of account '%.*s'", STR_ARG(account->name));
		if (blob.len > 0)
			budget_load(&row->budget, blob, clock_moment(work->ctx->clock));
	}
	return true;
}

/* A change of quota changes limits, never what was counted. */
static void renew_limits(struct reconcile_work *work, struct reconcile_account *account)
{
	for (size_t i = 0; i < RECONCILE_BUDGETS; i++) {
		struct budget fresh;

		budget_init(&fresh, endpoint_row(asked_endpoint[i]),
			    flow_quota_percent(work->store->account));
		account->budget[i].budget.burst_limit = fresh.burst_limit;
		account->budget[i].budget.steady_limit = fresh.steady_limit;
	}
}

/*
 * Once in the life of the process: what was taken lately counts as taken at the load, and comparisons of
 * several accounts that load in turn would never ask for anything.
 */
static bool load_budgets(struct reconcile_work *work, struct err *err)
{
	struct reconcile *reconcile = work->reconcile;
	struct reconcile_account *account = reconcile->accounts;

	while (account && account->id != work->store->account->id)
		account = account->next;
	if (!account) {
		account = mem_zalloc(1, sizeof(*account));
		if (!read_budgets(work, account, err)) {
			mem_free(account);
			return false;
		}
		account->id = work->store->account->id;
		account->next = reconcile->accounts;
		reconcile->accounts = account;
	} else if (account->settings_version != work->settings->version) {
		renew_limits(work, account);
	}
	account->settings_version = work->settings->version;
	reconcile->account = account;
	return true;
}

void reconcile_accounts_free(struct reconcile *reconcile)
{
	while (reconcile->accounts) {
		struct reconcile_account *account = reconcile->accounts;

		reconcile->accounts = account->next;
		mem_free(account);
	}
}

static struct budget *budget_of(struct reconcile *reconcile, enum endpoint endpoint)
{
	for (size_t i = 1; i < RECONCILE_BUDGETS; i++)
		if (reconcile->account->budget[i].endpoint == endpoint)
			return &reconcile->account->budget[i].budget;
	return &reconcile->account->budget[0].budget;
}

static bool keep_budget(struct reconcile_work *work, enum endpoint endpoint, struct err *err)
{
	struct str blob = budget_save(budget_of(work->reconcile, endpoint), clock_moment(work->ctx->clock),
				      work->arena);

	return db_cursor_put(work->ctx->db, clock_wall_ms(work->ctx->clock), work->store->account->id,
			     budget_name(endpoint, work->arena), blob, err) ||
	       err_wrap(err, "keep a budget of account '%.*s'", STR_ARG(work->store->account->name));
}

/* ---- the answer ---- */

static void read_body(struct reconcile *reconcile, const struct http_answer *answer, struct err *err)
{
	enum endpoint endpoint = reconcile->asked_endpoint;

	if (endpoint == ENDPOINT_links_get)
		reconcile->readable = klaviyo_read_links(answer, &reconcile->asked, &reconcile->item,
							 &reconcile->n, &reconcile->next, err);
	else
		reconcile->readable = klaviyo_read_things(
			endpoint == ENDPOINT_categories_get ? KLAVIYO_CATEGORY
			: endpoint == ENDPOINT_items_get    ? KLAVIYO_ITEM
							    : KLAVIYO_VARIANT,
			answer, &reconcile->asked, &reconcile->thing, &reconcile->n, &reconcile->next, err);
}

static void take_answer(void *arg, const struct http_answer *answer)
{
	struct reconcile *reconcile = arg;
	struct err err = { 0 };

	reconcile->in_flight = false;
	reconcile->answered = true;
	klaviyo_outcome(ENDPOINT_accounts_get, NULL, 0, answer, &reconcile->asked, &reconcile->verdict);
	read_body(reconcile, answer, &err);
	(void)snprintf(reconcile->trouble, sizeof(reconcile->trouble), "%.190s",
		       reconcile->readable ? "" : err.msg);
}

/* ---- asking ---- */

static bool is_stopped(struct reconcile_work *work, bool *stopped, struct err *err)
{
	struct health_stop *stop;
	size_t n;

	*stopped = false;
	if (!health_get(work->ctx->db, work->store->account->id, work->arena, &stop, &n, err))
		return false;
	for (size_t i = 0; i < n; i++)
		*stopped |= str_eq(stop[i].what, STR("Klaviyo")) || str_eq(stop[i].what, STR("account"));
	return true;
}

/* The category whose links are read now; false: there is none any more. */
static bool next_category(struct reconcile_work *work, struct found_key *out, bool *any, struct err *err)
{
	struct found_query query = {
		.task_id = work->task->id,
		.verdicts = 1u << FOUND_READ,
		.by_kind = true,
		.after = { KLAVIYO_CATEGORY, work->place.after },
		.max_n = 1,
	};
	struct found *found;
	size_t n;

	if (!db_found_list(work->ctx->db, &query, work->arena, &found, &n, err))
		return err_wrap(err, "read the categories found");
	*any = n > 0;
	if (*any)
		*out = found->row.key;
	return true;
}

static bool render(struct reconcile_work *work, struct klaviyo_request *out, struct found_key *category,
		   bool *any, struct err *err)
{
	struct str api_url = setting_text(work->store->account->value, SETTING_KEY_api_url);

	*any = true;
	if (work->place.stage != STAGE_LINKS) {
		*out = klaviyo_render_things(api_url, kind_of(work->place.stage), work->place.page,
					     work->arena);
		return true;
	}
	if (!next_category(work, category, any, err))
		return false;
	if (*any)
		*out = klaviyo_render_links(api_url, category->external_id, work->place.page, work->arena);
	return true;
}

static void start(struct reconcile_work *work, const struct klaviyo_request *request,
		  const struct found_key *category)
{
	struct reconcile *reconcile = work->reconcile;
	const struct settings_account *account = work->store->account;
	struct http_call call = {
		.method = request->method,
		.url = request->url,
		.connect_timeout_ms = CONNECT_TIMEOUT_MS,
		.timeout_ms = setting_int(account->value, SETTING_KEY_timeout_ms),
		.answer_bytes_max = ANSWER_BYTES_MAX,
	};
	struct http_answer failed = { 0 };
	struct err err;

	arena_reset(&reconcile->asked);
	reconcile->task_id = work->task->id;
	reconcile->asked_place = arena_dup(&reconcile->asked, work->task->place);
	reconcile->asked_endpoint = request->endpoint;
	reconcile->asked_token_ms = account->oauth ? account->token.since_ms : 0;
	reconcile->asked_category = *category;
	reconcile->asked_category.external_id = arena_dup(&reconcile->asked, category->external_id);
	reconcile->in_flight = true;
	counter_add(COUNTER_klaviyo_requests, 1);
	call.header = klaviyo_headers(account->key, account->oauth, false, work->arena, &call.n_header);
	if (http_client_start(reconcile->client, &call, take_answer, reconcile, &err))
		return;
	(void)snprintf(failed.error, sizeof(failed.error), "%.250s", err.msg);
	take_answer(reconcile, &failed);
}

bool reconcile_ask(struct reconcile_work *work, struct flow_next *next, struct err *err)
{
	struct reconcile *reconcile = work->reconcile;
	int64_t now_ms = clock_mono_ms(work->ctx->clock);
	struct klaviyo_request request = { 0 };
	struct found_key category = { 0 };
	struct task_step step = { 0 };
	bool any, stopped;
	size_t n;

	next->wait_ms = reconcile->not_before_ms - now_ms;
	if (next->wait_ms > 0)
		return true;
	next->wait_ms = STOPPED_MS;
	if (!load_budgets(work, err) || !is_stopped(work, &stopped, err))
		return false;
	if (stopped)
		return true;
	if (!render(work, &request, &category, &any, err))
		return false;
	if (!any) {
		next->wait_ms = 0;
		reconcile_next_stage(work);
		return reconcile_end_piece(work, &step, &n, err);
	}
	if (!budget_allows(budget_of(reconcile, request.endpoint), now_ms, &next->wait_ms))
		return true;
	next->wait_ms = 0;
	budget_take(budget_of(reconcile, request.endpoint), now_ms);
	if (!keep_budget(work, request.endpoint, err))
		return false;
	start(work, &request, &category);
	return true;
}

/* ---- taking it in ---- */

static bool take_things(struct reconcile_work *work, struct err *err)
{
	struct reconcile *reconcile = work->reconcile;
	enum klaviyo_kind kind = kind_of(work->place.stage);
	struct found_row *row = ARENA_ARRAY(work->arena, reconcile->n, struct found_row);
	struct task_step step = { .found = row };
	bool ambiguous;
	size_t n;

	for (size_t i = 0; i < reconcile->n; i++) {
		const struct klaviyo_thing *thing = &reconcile->thing[i];

		if (thing->external_id.len == 0)
			continue;
		if (!reconcile_may_be_ours(work, thing->external_id, &ambiguous)) {
			work->report.n[kind][FOUND_FOREIGN]++;
			continue;
		}
		row[step.n_found++] = (struct found_row){
			.key = { kind, thing->external_id },
			.parent_external_id = thing->parent_external_id,
			.contents = thing->contents,
			.alike = thing->alike,
		};
	}
	work->place.page = reconcile->next;
	if (reconcile->next.len == 0)
		reconcile_next_stage(work);
	return reconcile_end_piece(work, &step, &n, err);
}

static bool take_links(struct reconcile_work *work, struct err *err)
{
	struct reconcile *reconcile = work->reconcile;
	struct found_link *link = ARENA_ARRAY(work->arena, reconcile->n, struct found_link);
	int64_t sum = klaviyo_link_sum(reconcile->asked_category.external_id);
	struct task_step step = { .link = link };
	size_t n;

	for (size_t i = 0; i < reconcile->n; i++)
		if (reconcile->item[i].len > 0)
			link[step.n_link++] =
				(struct found_link){ { KLAVIYO_ITEM, reconcile->item[i] }, sum };
	work->place.page = reconcile->next;
	if (reconcile->next.len == 0)
		work->place.after = reconcile->asked_category.external_id;
	return reconcile_end_piece(work, &step, &n, err);
}

/* A key that is refused stays so. A token has ended: there will be another one. */
static bool may_pass(const struct reconcile *reconcile)
{
	enum outcome outcome = reconcile->verdict.outcome;

	/* ACCEPTED: and not to be read. */
	return outcome == OUTCOME_RETRY || outcome == OUTCOME_ACCEPTED ||
	       (outcome == OUTCOME_BLOCKED && reconcile->asked_token_ms > 0);
}

static bool tell_refused(struct reconcile_work *work, struct err *err)
{
	const struct reconcile *reconcile = work->reconcile;

	return reconcile->verdict.outcome != OUTCOME_BLOCKED || reconcile->asked_token_ms == 0 ||
	       health_refuse(work->ctx->db, clock_wall_ms(work->ctx->clock), work->store->account->id,
			     reconcile->asked_token_ms, err);
}

static bool heed_throttle(struct reconcile_work *work, int64_t now_ms, struct err *err)
{
	struct reconcile *reconcile = work->reconcile;
	int64_t retry_after_ms = reconcile->verdict.retry_after_ms;

	counter_add(COUNTER_klaviyo_throttled, 1);
	budget_freeze(budget_of(reconcile, reconcile->asked_endpoint), now_ms, retry_after_ms);
	reconcile->not_before_ms = now_ms + retry_after_ms;
	return keep_budget(work, reconcile->asked_endpoint, err);
}

/* No page: again later, or never. */
static bool heed_failure(struct reconcile_work *work, struct flow_next *next, struct err *err)
{
	struct reconcile *reconcile = work->reconcile;
	const struct klaviyo_verdict *verdict = &reconcile->verdict;
	int64_t now_ms = clock_mono_ms(work->ctx->clock);

	next->wait_ms = 0;
	if (verdict->outcome == OUTCOME_RETRY_AT)
		return heed_throttle(work, now_ms, err);
	if (verdict->outcome == OUTCOME_FORBIDDEN)
		return reconcile_fail(work,
				      arena_printf(work->arena,
						   "the key may not read the catalog (catalogs:read): %s",
						   reconcile->trouble),
				      err);
	if (!tell_refused(work, err))
		return false;
	reconcile->failures = may_pass(reconcile) ? reconcile->failures + 1 : FAILURES_MAX;
	reconcile->not_before_ms = now_ms + AGAIN_MS * reconcile->failures;
	if (verdict->retry_after_ms > 0)
		budget_silence(budget_of(reconcile, reconcile->asked_endpoint), now_ms,
			       verdict->retry_after_ms);
	if (reconcile->failures < FAILURES_MAX)
		return verdict->retry_after_ms == 0 || keep_budget(work, reconcile->asked_endpoint, err);
	reconcile->failures = 0;
	return reconcile_fail(work, arena_dup(work->arena, str_from(reconcile->trouble)), err);
}

bool reconcile_settle(struct reconcile_work *work, struct flow_next *next, struct err *err)
{
	struct reconcile *reconcile = work->reconcile;
	const struct klaviyo_verdict *verdict = &reconcile->verdict;
	int64_t now_ms = clock_mono_ms(work->ctx->clock);

	if (!str_eq(reconcile->asked_place, work->task->place) || !reconcile->account ||
	    reconcile->account->id != work->store->account->id)
		return true; /* somebody else went on with it, or it has another account now */
	if (!reconcile->readable)
		return heed_failure(work, next, err);
	reconcile->failures = 0;
	if (verdict->rate_remaining >= 0)
		(void)budget_observe(budget_of(reconcile, reconcile->asked_endpoint), now_ms,
				     verdict->rate_limit, verdict->rate_remaining, verdict->rate_reset_s);
	work->report.n_request++;
	return work->place.stage == STAGE_LINKS ? take_links(work, err) : take_things(work, err);
}
