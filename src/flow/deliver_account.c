/*
 * What deliver knows of an account: its settings of the moment, its budgets.
 *
 * Keeps:   accounts are sorted by id and live until close. A change of quota changes limits, never what was
 *          counted.
 * Threads: the deliver role's.
 */
#include "flow/deliver_internal.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mutant.h"

#include <stdio.h>
#include <string.h>

#define PRESSURE_FRESH_MS 100
#define FOREIGN_TOLD_MS	  (10 * MS_PER_MIN)
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

static struct budget budget_of(enum endpoint endpoint, bool poll, int quota_percent)
{
	struct budget budget;

	if (poll)
		budget_init_poll(&budget, endpoint, quota_percent);
	else
		budget_init(&budget, endpoint_row(endpoint), quota_percent);
	return budget;
}

struct budget *deliver_budget(struct deliver_account *account, enum endpoint endpoint, bool poll)
{
	struct budget **budget = &account->budget[poll][endpoint];

	if (!*budget) {
		*budget = mem_alloc(sizeof(**budget));
		**budget = budget_of(endpoint, poll, account->quota_percent);
	}
	return *budget;
}

bool deliver_budget_allows(struct deliver *deliver, struct deliver_account *account, enum endpoint endpoint,
			   bool poll)
{
	int64_t wait_ms = 0;

	if (budget_allows(deliver_budget(account, endpoint, poll), deliver->now_ms, &wait_ms))
		return true;
	deliver_wake_at(deliver, deliver->now_ms + wait_ms);
	return false;
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
	account->server = deliver_server_get(deliver, (struct str){ 0 });
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
	for (enum endpoint i = 0; i < ENDPOINT_COUNT; i++) {
		mem_free(account->budget[false][i]);
		mem_free(account->budget[true][i]);
	}
	mem_free(account);
}

/* ---- settings ---- */

static void set_limits(struct budget *budget, const struct budget *fresh)
{
	if (!budget)
		return;
	budget->burst_limit = fresh->burst_limit;
	budget->steady_limit = fresh->steady_limit;
}

static void set_quota(struct deliver_account *account, int percent)
{
	if (percent == account->quota_percent)
		return;
	account->quota_percent = percent;
	for (int poll = 0; poll <= 1; poll++)
		for (enum endpoint i = 0; i < ENDPOINT_COUNT; i++) {
			struct budget fresh = budget_of(i, poll, percent);

			set_limits(account->budget[poll][i], &fresh);
		}
}

/* Klaviyo itself never gets more than it allows, whatever is set. */
int flow_quota_percent(const struct settings_account *settings)
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
	account->lookups.optouts_wanted = false;
	account->optout_poll_ms = setting_int(settings->value, SETTING_KEY_optout_poll_s) * 1000;
	(void)metric_windows_read(setting_text(settings->value, SETTING_KEY_flow_windows), &account->window);
	account->spelling_auto =
		str_eq(setting_text(settings->value, SETTING_KEY_cancelled_spelling), STR("auto"));
	account->server = deliver_server_get(deliver, setting_text(settings->value, SETTING_KEY_api_url));
	set_quota(account, flow_quota_percent(settings));
	key = digest16_of((struct str[]){ settings->key, setting_text(settings->value, SETTING_KEY_api_url) },
			  2);
	if (!digest16_eq(key, account->key_digest))
		deliver_gate_retry(deliver, account);
	account->key_digest = key;
}

/* ---- answers ---- */

/* Others use the quota, too: said now and then. */
static void heed_foreign(struct deliver_account *account, const char *endpoint, int64_t now_ms, int n)
{
	if (n <= 0)
		return;
	counter_add(COUNTER_klaviyo_foreign, (uint64_t)n);
	if (account->foreign_told && now_ms - account->foreign_told_ms < FOREIGN_TOLD_MS)
		return;
	account->foreign_told = true;
	account->foreign_told_ms = now_ms;
	log_info("deliver", "account=%s endpoint=%s another integration uses the account's quota: giving way",
		 account->name, endpoint);
}

/* It is in the store when this answer is settled. */
static void note_silence(struct deliver_send *send)
{
	bool *silenced = &send->account->silenced[send->poll][send->endpoint];

	send->deliver->n_silenced += !*silenced;
	*silenced = true;
}

void deliver_account_heed(struct deliver_send *send, const struct klaviyo_verdict *verdict)
{
	struct deliver_account *account = send->account;
	struct budget *budget = deliver_budget(account, send->endpoint, send->poll);
	int64_t now_ms = clock_mono_ms(send->deliver->ctx->clock);

	if (verdict->outcome == OUTCOME_RETRY_AT) {
		counter_add(COUNTER_klaviyo_throttled, 1);
		budget_freeze(budget, now_ms, verdict->retry_after_ms);
	} else if (verdict->retry_after_ms > 0) {
		budget_silence(budget, now_ms, verdict->retry_after_ms);
	} else if (verdict->rate_remaining >= 0) {
		heed_foreign(account, endpoint_row(send->endpoint)->name, now_ms,
			     budget_observe(budget, now_ms, verdict->rate_limit, verdict->rate_remaining,
					    verdict->rate_reset_s));
	}
	if (verdict->retry_after_ms > 0 && (send->poll || send->lookup != LOOKUP_NONE) &&
	    !mutant_is(MUTANT_silence_forgotten))
		note_silence(send);
	deliver_gate_heed(send, verdict);
}

/* ---- budgets in the store ---- */

struct budget_row deliver_budget_row(const struct deliver *deliver, struct deliver_account *account,
				     enum endpoint endpoint, bool poll, struct arena *arena)
{
	const struct budget *budget = deliver_budget(account, endpoint, poll);
	const char *name = endpoint_row(endpoint)->name;

	return (struct budget_row){
		.account_id = account->id,
		.endpoint = arena_printf(arena, "%s%s", poll ? POLL_PREFIX : "", name),
		.blob = budget_save(budget, clock_moment(deliver->ctx->clock), arena),
	};
}

struct cursor_row deliver_budget_cursor(const struct deliver *deliver, struct deliver_account *account,
					enum endpoint endpoint, bool poll, struct arena *arena)
{
	struct budget_row row = deliver_budget_row(deliver, account, endpoint, poll, arena);

	return (struct cursor_row){
		.account_id = account->id,
		.name = arena_printf(arena, FLOW_CURSOR_BUDGET "%.*s", STR_ARG(row.endpoint)),
		.value = row.blob,
	};
}

bool deliver_budgets_keep(struct deliver *deliver, const struct cursor_row *row, size_t n)
{
	struct err err = { 0 };

	if (db_cursor_put_all(deliver->ctx->db, deliver->now_wall_ms, row, n, &err))
		return true;
	log_warn("deliver", "budgets not kept, nothing is asked now: %s", err.msg);
	return false;
}

static size_t silences_of(struct deliver *deliver, struct deliver_account *account, struct cursor_row *row,
			  struct arena *arena)
{
	size_t n = 0;

	for (int poll = 0; poll <= 1; poll++)
		for (enum endpoint i = 0; i < ENDPOINT_COUNT; i++)
			if (account->silenced[poll][i])
				row[n++] = deliver_budget_cursor(deliver, account, i, poll, arena);
	return n;
}

bool deliver_silences_keep(struct deliver *deliver, struct err *err)
{
	struct cursor_row *row;
	struct arena arena;
	size_t n = 0;
	bool ok;

	if (deliver->n_silenced == 0)
		return true;
	arena_init(&arena);
	row = ARENA_ARRAY(&arena, deliver->n_silenced, struct cursor_row);
	for (size_t i = 0; i < deliver->n_account; i++)
		n += silences_of(deliver, deliver->account[i], row + n, &arena);
	ok = db_cursor_put_all(deliver->ctx->db, deliver->now_wall_ms, row, n, err);
	arena_release(&arena);
	if (!ok)
		return err_wrap(err, "keep when Klaviyo may be asked again");
	for (size_t i = 0; i < deliver->n_account; i++)
		memset(deliver->account[i]->silenced, 0, sizeof(deliver->account[i]->silenced));
	deliver->n_silenced = 0;
	return true;
}

static void load_budget(struct deliver *deliver, const struct budget_row *row)
{
	bool poll = str_starts(row->endpoint, STR(POLL_PREFIX));
	struct str name = poll ? str_skip(row->endpoint, sizeof(POLL_PREFIX) - 1) : row->endpoint;
	struct moment now = clock_moment(deliver->ctx->clock);
	struct deliver_account *account;
	struct budget *budget, before;
	enum endpoint endpoint;

	if (!endpoint_find(name, &endpoint) || !snapshot_account(deliver->settings, row->account_id))
		return;
	account = deliver_account_get(deliver, row->account_id);
	budget = deliver_budget(account, endpoint, poll);
	before = *budget;
	budget_load(budget, row->blob, now);
	/* Profiles are asked for by claims and by lookups: what was kept last knows of both. */
	if (endpoint == ENDPOINT_profiles_get && budget_is_tighter(&before, budget, now.mono_ms))
		*budget = before;
}

/* Those of polls and lookups. */
static bool load_kept(struct deliver *deliver, struct arena *arena, struct err *err)
{
	struct cursor_row *row = NULL;
	size_t n = 0;

	if (!db_cursor_list(deliver->ctx->db, STR(FLOW_CURSOR_BUDGET), arena, &row, &n, err))
		return false;
	for (size_t i = 0; i < n; i++)
		load_budget(deliver,
			    &(struct budget_row){
				    .account_id = row[i].account_id,
				    .endpoint = str_skip(row[i].name, sizeof(FLOW_CURSOR_BUDGET) - 1),
				    .blob = row[i].value,
			    });
	return true;
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
	ok = ok && load_kept(deliver, &arena, err);
	arena_release(&arena);
	return ok ? ok : err_wrap(err, "read budgets");
}

/* ---- pressure ---- */

static void add_pressure(struct deliver *deliver, const struct store_pressure *row)
{
	const struct settings_store *store = snapshot_store(deliver->settings, row->store_id);

	if (store)
		deliver_account_get(deliver, store->account->id)->pressure += row->pending + row->due;
}

bool deliver_pressure_read(struct deliver *deliver, struct err *err)
{
	struct arena arena;
	struct store_pressure *row = NULL;
	size_t n = 0;
	bool ok;

	if (deliver->now_ms - deliver->pressure_at_ms < PRESSURE_FRESH_MS)
		return true;
	deliver->pressure_at_ms = deliver->now_ms;
	arena_init(&arena);
	ok = db_pressure(deliver->ctx->db, &arena, &row, &n, err);
	for (size_t i = 0; ok && i < deliver->n_account; i++)
		deliver->account[i]->pressure = 0;
	for (size_t i = 0; i < n; i++)
		add_pressure(deliver, &row[i]);
	arena_release(&arena);
	return ok ? ok : err_wrap(err, "read what is on its way");
}
