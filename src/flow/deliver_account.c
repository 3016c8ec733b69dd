/*
 * What deliver knows of an account: its settings of the moment, its budgets, whether it can be reached.
 *
 * Keeps:   accounts are sorted by id and live until close. A change of quota changes limits, never what was
 *          counted. The state of the breaker is audited when it changes, once.
 * Threads: the deliver role's.
 */
#include "flow/deliver_internal.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

#define PRESSURE_FRESH_MS 100
/* Of a server that stands in for Klaviyo: more than anybody sends. */
#define WITHOUT_LIMITS_PERCENT 10000
#define POLL_PREFIX	       "poll:"

/* ---- the table ---- */

static size_t account_position(const struct deliver *deliver, int64_t id)
{
	size_t low = 0, high = deliver->n_account;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (deliver->account[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void init_budgets(struct deliver_account *account)
{
	for (enum endpoint i = 0; i < ENDPOINT_COUNT; i++) {
		budget_init(&account->budget[i], endpoint_row(i), account->quota_percent);
		budget_init_poll(&account->poll_budget[i], i, account->quota_percent);
	}
}

struct deliver_account *deliver_account_get(struct deliver *deliver, int64_t id)
{
	size_t at = account_position(deliver, id);
	struct deliver_account *account;

	if (at < deliver->n_account && deliver->account[at]->id == id)
		return deliver->account[at];
	account = mem_zalloc(1, sizeof(*account));
	account->id = id;
	account->settings_version = -1;
	account->quota_percent = 50;
	account->next_due_wall_ms = INT64_MAX;
	account->lookups.optouts_at_ms = INT64_MIN;
	init_budgets(account);
	deliver->account =
		mem_resize(deliver->account, (deliver->n_account + 1) * sizeof(struct deliver_account *));
	memmove(&deliver->account[at + 1], &deliver->account[at],
		(deliver->n_account - at) * sizeof(struct deliver_account *));
	deliver->account[at] = account;
	deliver->n_account++;
	deliver_account_configure(deliver, account);
	return account;
}

void deliver_account_free(struct deliver_account *account)
{
	for (enum klaviyo_kind kind = 0; kind < KLAVIYO_KIND_COUNT; kind++)
		for (enum delivery_op op = 0; op < DELIVERY_OP_COUNT; op++)
			deliver_jobs_release(&account->jobs[kind][op]);
	deliver_lookups_free(&account->lookups);
	mem_free(account->notice);
	mem_free(account);
}

/* ---- settings ---- */

static void set_quota(struct deliver_account *account, int percent)
{
	if (percent == account->quota_percent)
		return;
	account->quota_percent = percent;
	for (enum endpoint i = 0; i < ENDPOINT_COUNT; i++) {
		struct budget fresh;

		budget_init(&fresh, endpoint_row(i), percent);
		account->budget[i].burst_limit = fresh.burst_limit;
		account->budget[i].steady_limit = fresh.steady_limit;
		budget_init_poll(&fresh, i, percent);
		account->poll_budget[i].burst_limit = fresh.burst_limit;
		account->poll_budget[i].steady_limit = fresh.steady_limit;
	}
}

/* Klaviyo itself never gets more than it allows, whatever is set. */
static int quota_percent(const struct settings_account *settings)
{
	bool is_klaviyo = str_eq(setting_text(settings->value, SETTING_KEY_api_url),
				 str_from(setting_row(SETTING_KEY_api_url)->otherwise));

	if (!is_klaviyo && !setting_bool(settings->value, SETTING_KEY_rate_limits))
		return WITHOUT_LIMITS_PERCENT;
	return (int)setting_int(settings->value, SETTING_KEY_quota_percent);
}

void deliver_account_configure(struct deliver *deliver, struct deliver_account *account)
{
	const struct settings_account *settings;
	struct digest16 key;

	if (account->settings_version == deliver->settings->version)
		return;
	account->settings_version = deliver->settings->version;
	settings = snapshot_account(deliver->settings, account->id);
	account->known = settings != NULL;
	if (!settings)
		return;
	(void)snprintf(account->name, sizeof(account->name), "%.*s", STR_ARG(settings->name));
	account->preset = str_eq(setting_text(settings->value, SETTING_KEY_retry_preset), STR("zoey"))
				  ? RETRY_ZOEY
				  : RETRY_REALTIME;
	account->optout_poll_ms = setting_int(settings->value, SETTING_KEY_optout_poll_s) * 1000;
	account->spelling_auto =
		str_eq(setting_text(settings->value, SETTING_KEY_cancelled_spelling), STR("auto"));
	set_quota(account, quota_percent(settings));
	key = digest16_of((struct str[]){ settings->key, setting_text(settings->value, SETTING_KEY_api_url) },
			  2);
	if (!digest16_eq(key, account->key_digest))
		breaker_probe_now(&account->breaker, deliver->now_ms);
	account->key_digest = key;
}

/* ---- breaker ---- */

bool deliver_account_allows(struct deliver *deliver, struct deliver_account *account, bool *probe)
{
	enum breaker_pass pass = breaker_pass(&account->breaker, deliver->now_ms);

	*probe = pass == BREAKER_PASS_PROBE;
	if (!account->known || pass == BREAKER_PASS_NONE) {
		deliver_wake_at(deliver, account->known ? account->breaker.until_ms : INT64_MAX);
		return false;
	}
	return !*probe || account->n_in_flight == 0;
}

static void set_notice(struct deliver_account *account, bool stopped, const char *what, struct str reason)
{
	char text[400];

	(void)snprintf(text, sizeof(text), "%s%s%.*s", what, reason.len > 0 ? ": " : "", STR_ARG(reason));
	mem_free(account->notice);
	account->notice = mem_strdup(text);
	account->notice_stopped = stopped;
	if (stopped && account->breaker.state == BREAKER_BLOCKED)
		log_error("deliver", "account=%s stopped, %s", account->name, text);
	else if (stopped)
		log_warn("deliver", "account=%s stopped, %s", account->name, text);
	else
		log_info("deliver", "account=%s %s", account->name, text);
}

/* Of what is to be tried again only this says that Klaviyo is ill; a 404 for want of an item does not. */
static bool is_failure(const struct klaviyo_verdict *verdict, int http_status)
{
	return verdict->outcome == OUTCOME_RETRY &&
	       (http_status < 400 || http_status >= 500 || http_status == 403 || http_status == 408);
}

static void heed_health(struct deliver_account *account, const struct klaviyo_verdict *verdict,
			int http_status, int64_t now_ms)
{
	if (verdict->outcome == OUTCOME_BLOCKED) {
		if (breaker_blocked(&account->breaker, now_ms))
			set_notice(account, true, "Klaviyo does not let us in", verdict->reason);
	} else if (is_failure(verdict, http_status)) {
		counter_add(COUNTER_klaviyo_errors, 1);
		if (breaker_failed(&account->breaker, now_ms))
			set_notice(account, true, "no usable answer of Klaviyo, 3 times in a row",
				   verdict->reason);
	} else if (breaker_succeeded(&account->breaker)) {
		set_notice(account, false, "goes on", (struct str){ 0 });
	} else {
		account->breaker.failures = 0;
	}
}

void deliver_account_heed(struct deliver_send *send, const struct klaviyo_verdict *verdict)
{
	struct deliver_account *account = send->account;
	struct clock *clock = send->deliver->ctx->clock;
	struct budget *budget =
		send->poll ? &account->poll_budget[send->endpoint] : &account->budget[send->endpoint];
	int64_t now_wall_ms = clock_wall_ms(clock);

	if (verdict->outcome == OUTCOME_RETRY_AT) {
		counter_add(COUNTER_klaviyo_throttled, 1);
		budget_freeze(budget, now_wall_ms, verdict->retry_after_ms);
	} else if (verdict->rate_remaining >= 0) {
		budget_observe(budget, now_wall_ms, verdict->rate_remaining, verdict->rate_reset_s);
	}
	heed_health(account, verdict, send->http_status, clock_mono_ms(clock));
}

bool deliver_account_write_notices(struct deliver *deliver, struct err *err)
{
	for (size_t i = 0; i < deliver->n_account; i++) {
		struct deliver_account *account = deliver->account[i];
		struct audit_row row = {
			.at_ms = deliver->now_wall_ms,
			.code = account->notice_stopped ? AUDIT_ACCOUNT_STOPPED : AUDIT_ACCOUNT_RESUMED,
			.account_id = account->id,
			.reason = str_from(account->notice),
		};

		if (!account->notice)
			continue;
		if (!db_audit_append(deliver->ctx->db, &row, 1, err))
			return err_wrap(err, "audit of account '%s'", account->name);
		mem_free(account->notice);
		account->notice = NULL;
	}
	return true;
}

/* ---- budgets in the store ---- */

struct budget_row deliver_budget_row(const struct deliver_account *account, enum endpoint endpoint, bool poll,
				     struct arena *arena)
{
	const char *name = endpoint_row(endpoint)->name;

	return (struct budget_row){
		.account_id = account->id,
		.endpoint = arena_printf(arena, "%s%s", poll ? POLL_PREFIX : "", name),
		.blob = budget_save(poll ? &account->poll_budget[endpoint] : &account->budget[endpoint],
				    arena),
	};
}

static void load_budget(struct deliver *deliver, const struct budget_row *row)
{
	bool poll = str_starts(row->endpoint, STR(POLL_PREFIX));
	struct str name = poll ? str_skip(row->endpoint, sizeof(POLL_PREFIX) - 1) : row->endpoint;
	struct deliver_account *account;
	enum endpoint endpoint;

	if (!endpoint_find(name, &endpoint) || !snapshot_account(deliver->settings, row->account_id))
		return;
	account = deliver_account_get(deliver, row->account_id);
	budget_load(poll ? &account->poll_budget[endpoint] : &account->budget[endpoint], row->blob,
		    deliver->now_wall_ms);
}

bool deliver_budgets_load(struct deliver *deliver, struct err *err)
{
	struct arena arena;
	struct budget_row *row = NULL;
	size_t n = 0;
	bool ok;

	arena_init(&arena);
	ok = db_budget_load(deliver->ctx->db, &arena, &row, &n, err);
	for (size_t i = 0; ok && i < n; i++)
		load_budget(deliver, &row[i]);
	arena_release(&arena);
	return ok ? ok : err_wrap(err, "read budgets");
}

/* ---- pressure ---- */

static void add_pressure(struct deliver *deliver, const struct store_summary *row)
{
	const struct settings_store *store = snapshot_store(deliver->settings, row->store_id);

	if (store)
		deliver_account_get(deliver, store->account->id)->pressure += row->pending + row->due;
}

bool deliver_pressure_read(struct deliver *deliver, struct err *err)
{
	struct arena arena;
	struct summary summary = { 0 };
	bool ok;

	if (deliver->now_ms - deliver->pressure_at_ms < PRESSURE_FRESH_MS)
		return true;
	deliver->pressure_at_ms = deliver->now_ms;
	arena_init(&arena);
	ok = db_summary(deliver->ctx->db, deliver->now_wall_ms, &arena, &summary, err);
	for (size_t i = 0; ok && i < deliver->n_account; i++)
		deliver->account[i]->pressure = 0;
	for (size_t i = 0; ok && i < summary.n_store; i++)
		add_pressure(deliver, &summary.store[i]);
	arena_release(&arena);
	return ok ? ok : err_wrap(err, "read what is on its way");
}
