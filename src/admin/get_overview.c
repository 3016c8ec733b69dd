/*
 * Overview: how accounts and stores are doing.
 */
#include "admin/admin_internal.h"
#include "admin/advice.h"
#include "flow/health.h"
#include "admin/usage.h"
#include "klaviyo/endpoint.h"

static const struct outbox_lane *next_lane(const struct outbox_lane *lane, const struct outbox_lane *end,
					   int64_t account_id)
{
	while (lane < end && lane->account_id != account_id)
		lane++;
	return lane < end ? lane : NULL;
}

static int64_t undone(const struct outbox_lane *lane)
{
	return lane->n_ready + lane->n_blocked + lane->n_waiting + lane->n_sending;
}

/* How long a lane takes at the share of Klaviyo's limit that is ours. */
static int64_t lane_ms(const struct outbox_lane *lane, int64_t quota_percent)
{
	const struct endpoint_row *row = endpoint_row(endpoint_for(lane->kind, lane->op, true));
	int64_t rows = row->rows_max > 0 ? (int64_t)row->rows_max : 1;
	int64_t requests = (undone(lane) + rows - 1) / rows;
	int64_t per_minute = row->steady_per_min * quota_percent / 100;

	return requests * MS_PER_MIN / (per_minute > 0 ? per_minute : 1);
}

static struct json *rate_json(struct admin_call *call, bool is_account, int64_t id, enum sample_kind kind)
{
	struct str text;
	double rate;

	(void)pthread_mutex_lock(&call->admin->lock);
	rate = samples_per_minute(call->admin->samples, is_account, id, kind);
	(void)pthread_mutex_unlock(&call->admin->lock);
	text = arena_printf(call->look.arena, "%.1f", rate);
	return json_new_decimal(text);
}

struct standing {
	const struct outbox_lane *lane;
	size_t n_lane;
	struct budget_row *budget;
	size_t n_budget;
	struct summary summary;
};

static int64_t behind_until(struct admin_call *call, const struct standing *standing,
			    const struct settings_account *account)
{
	const struct outbox_lane *end = standing->lane + standing->n_lane;
	int64_t quota = setting_int(account->value, SETTING_KEY_quota_percent), ms = 0;
	int64_t due_ms = 0;

	for (const struct outbox_lane *lane = next_lane(standing->lane, end, account->id); lane;
	     lane = next_lane(lane + 1, end, account->id)) {
		int64_t one = undone(lane) > 0 ? lane_ms(lane, quota) + MS_PER_S : 0;

		ms = one > ms ? one : ms;
		if (lane->n_waiting > 0 && lane->next_due_ms != INT64_MAX && lane->next_due_ms > due_ms)
			due_ms = lane->next_due_ms;
	}
	if (ms == 0)
		return 0;
	return due_ms > call->now_ms + ms ? due_ms : call->now_ms + ms;
}

static struct json *health_json(struct admin_call *call, const struct settings_account *account,
				const struct account_summary *row, bool *stopped, struct err *err)
{
	struct json *json;
	struct health_stop *stop;
	struct str reason = STR("");
	size_t n;

	if (!health_get(call->look.db, account->id, call->look.arena, &stop, &n, err))
		return NULL;
	*stopped = n > 0;
	if (*stopped)
		reason = arena_printf(call->look.arena, "%.*s: %.*s", STR_ARG(stop[0].what),
				      STR_ARG(stop[0].reason));
	json = json_new_object();
	json_put(json, "state", *stopped ? STR("stopped") : row->accepted > 0 ? STR("ok") : STR("unknown"));
	json_put_or_null(json, "reason", reason);
	json_put_time(json, "since", *stopped ? stop[0].since_ms : 0);
	json_put_time(json, "until", *stopped ? stop[0].until_ms : 0);
	return json;
}

static struct json *budget_json(struct admin_call *call, const struct standing *standing, int64_t account_id)
{
	struct json *list = json_new_array();
	struct usage usage;

	for (size_t i = 0; i < standing->n_budget; i++) {
		struct json *json;

		if (standing->budget[i].account_id != account_id ||
		    !usage_of(&call->look, &standing->budget[i], clock_moment(call->look.clock), &usage))
			continue;
		json = json_new_object();
		json_put(json, "endpoint", standing->budget[i].endpoint);
		json_put_int(json, "used_per_minute", usage.in_minute);
		json_put_int(json, "limit_per_minute", usage.limit);
		json_put_int(json, "klaviyo_per_minute", usage.klaviyo_limit);
		json_put_bool(json, "others_use_it", usage.by_others > 0);
		json_put_int(json, "used_by_others", usage.by_others);
		json_put_time(json, "silent_until", usage.frozen_ms > 0 ? call->now_ms + usage.frozen_ms : 0);
		json_append(list, json);
	}
	return list;
}

static const struct account_summary *account_row(const struct summary *summary, int64_t id)
{
	static const struct account_summary none;

	for (size_t i = 0; i < summary->n_account; i++)
		if (summary->account[i].account_id == id)
			return &summary->account[i];
	return &none;
}

static bool add_account(struct admin_call *call, const struct standing *standing,
			const struct settings_account *account, struct json *list, struct err *err)
{
	const struct account_summary *row = account_row(&standing->summary, account->id);
	int64_t behind = row->ready + row->waiting + row->sending;
	struct json *json, *health;
	bool stopped;

	health = health_json(call, account, row, &stopped, err);
	if (!health)
		return false;
	json = json_new_object();
	json_put(json, "account", account->name);
	json_put_bool(json, "in_step", behind == 0);
	json_put_time(json, "behind_until", stopped ? 0 : behind_until(call, standing, account));
	json_put_int(json, "behind", behind);
	json_put_int(json, "ready", row->ready);
	json_put_int(json, "waiting", row->waiting);
	json_put_int(json, "sending", row->sending);
	json_put_int(json, "accepted", row->accepted);
	json_put_int(json, "failed", row->failed);
	json_put_int(json, "skipped", row->skipped);
	json_put_time(json, "oldest_waiting_at", row->oldest_ms);
	json_set(json, "per_minute", rate_json(call, true, account->id, SAMPLE_ACCEPTED));
	json_set(json, "klaviyo", health);
	json_set(json, "budget", budget_json(call, standing, account->id));
	json_append(list, json);
	return true;
}

static const struct store_summary *store_row(const struct summary *summary, int64_t id)
{
	static const struct store_summary none;

	for (size_t i = 0; i < summary->n_store; i++)
		if (summary->store[i].store_id == id)
			return &summary->store[i];
	return &none;
}

static struct json *store_json(struct admin_call *call, const struct settings_store *store,
			       const struct store_summary *row)
{
	struct json *json = json_new_object();

	json_put(json, "store", store->name);
	json_put(json, "account", store->account->name);
	json_put(json, "platform", store->platform);
	json_put_bool(json, "in_step", row->pending == 0 && row->due == 0);
	json_put_time(json, "last_message_at", row->last_message_ms);
	json_put_int(json, "received", row->received);
	json_put_int(json, "pending", row->pending);
	json_put_int(json, "ignored", row->ignored);
	json_put_int(json, "duplicate", row->duplicate);
	json_put_int(json, "failed", row->failed);
	json_put_int(json, "due", row->due);
	json_put_int(json, "held", row->held);
	json_set(json, "per_minute", rate_json(call, false, store->id, SAMPLE_RECEIVED));
	return json;
}

/* Advice about what the user sees; that about the whole only for those who see all. */
static bool add_warnings(struct admin_call *call, const struct summary *summary, struct json *list,
			 struct err *err)
{
	struct advice_list advice;

	if (!advice_collect(&call->look, summary, &advice, err))
		return false;
	for (const struct advice *one = advice.first; one; one = one->next) {
		struct json *json;

		if ((one->store && !call_sees_store(call, one->store->id)) ||
		    (one->account && !call_sees_account(call, one->account)) ||
		    (!one->store && !one->account && call->limited))
			continue;
		json = json_new_object();
		json_put(json, "code", str_from(one->code));
		json_put(json, "text", one->text);
		json_put_or_null(json, "store", one->store ? one->store->name : STR(""));
		json_put_or_null(json, "account", one->account ? one->account->name : STR(""));
		json_append(list, json);
	}
	return true;
}

static bool read_standing(struct admin_call *call, struct standing *standing, struct err *err)
{
	struct arena *arena = call->look.arena;
	struct outbox_lane *lane;

	if (!db_summary(call->look.db, call->now_ms, arena, &standing->summary, err) ||
	    !db_outbox_lanes(call->look.db, call->now_ms, arena, &lane, &standing->n_lane, err) ||
	    !db_budget_load(call->look.db, arena, &standing->budget, &standing->n_budget, err))
		return false;
	standing->lane = lane;
	return true;
}

bool get_overview(struct admin_call *call, struct err *err)
{
	const struct snapshot *snapshot = call->look.snapshot;
	struct json *json, *accounts, *stores, *warnings;
	struct standing standing;
	bool ok = true;

	if (!read_standing(call, &standing, err))
		return false;
	json = json_new_object();
	accounts = json_new_array();
	stores = json_new_array();
	warnings = json_new_array();
	for (size_t i = 0; i < snapshot->n_account && ok; i++)
		if (call_sees_account(call, &snapshot->account[i]))
			ok = add_account(call, &standing, &snapshot->account[i], accounts, err);
	for (size_t i = 0; i < snapshot->n_store; i++)
		if (call_sees_store(call, snapshot->store[i].id))
			json_append(stores, store_json(call, &snapshot->store[i],
						       store_row(&standing.summary, snapshot->store[i].id)));
	ok = ok && add_warnings(call, &standing.summary, warnings, err);
	json_put_time(json, "at", call->now_ms);
	json_put(json, "version", str_from(call->admin->config.version));
	json_put_bool(json, "idle", standing.summary.idle);
	json_put_int(json, "bytes", standing.summary.bytes);
	json_set(json, "accounts", accounts);
	json_set(json, "stores", stores);
	json_set(json, "warnings", warnings);
	if (ok)
		return call_answer(call, json);
	json_free(json);
	return false;
}

/* ---- over time ---- */

/* Whose counts: a store and its account's, an account and its stores', or all that the user sees. */
static void add_samples(struct admin_call *call, const struct settings_store *store,
			const struct settings_account *account, size_t n, int64_t (*sum)[SAMPLE_KINDS])
{
	const struct snapshot *snapshot = call->look.snapshot;

	for (size_t i = 0; i < snapshot->n_store; i++)
		if (call_sees_store(call, snapshot->store[i].id) &&
		    (!store || &snapshot->store[i] == store) &&
		    (!account || snapshot->store[i].account == account))
			samples_add(call->admin->samples, false, snapshot->store[i].id, n, sum);
	for (size_t i = 0; i < snapshot->n_account && !store; i++)
		if (call_sees_account(call, &snapshot->account[i]) &&
		    (!account || &snapshot->account[i] == account))
			samples_add(call->admin->samples, true, snapshot->account[i].id, n, sum);
}

static struct json *steps_json(int64_t (*sum)[SAMPLE_KINDS], size_t n, int64_t step, enum sample_kind kind)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < n; i += (size_t)step) {
		int64_t all = 0;

		for (size_t k = i; k < n && k < i + (size_t)step; k++)
			all += sum[k][kind];
		json_append(list, json_new_int(all));
	}
	return list;
}

bool get_series(struct admin_call *call, struct err *err)
{
	struct str store_name = call_query(call, "store"), account_name = call_query(call, "account");
	const struct settings_account *account = NULL;
	const struct settings_store *store = NULL;
	int64_t from_ms, step = 1, (*sum)[SAMPLE_KINDS];
	struct json *json;
	size_t n;

	if ((store_name.len > 0 && !call_store(call, store_name, &store, err)) ||
	    (account_name.len > 0 && !call_account(call, account_name, &account, err)))
		return false;
	if (call_query(call, "step_min").len > 0 &&
	    (!str_to_int64(call_query(call, "step_min"), &step) || step < 1 || step > 60))
		return err_set(err, ERR_INVALID, "'step_min' is 1 to 60");
	sum = arena_zalloc(call->look.arena, SAMPLE_MINUTES, sizeof(*sum));
	(void)pthread_mutex_lock(&call->admin->lock);
	from_ms = samples_from_ms(call->admin->samples, &n);
	add_samples(call, store, account, n, sum);
	(void)pthread_mutex_unlock(&call->admin->lock);
	json = json_new_object();
	json_put_time(json, "from", n > 0 ? from_ms : call->now_ms);
	json_put_int(json, "step_s", step * 60);
	json_set(json, "received", steps_json(sum, n, step, SAMPLE_RECEIVED));
	json_set(json, "accepted", steps_json(sum, n, step, SAMPLE_ACCEPTED));
	json_set(json, "failed", steps_json(sum, n, step, SAMPLE_FAILED));
	return call_answer(call, json);
}
