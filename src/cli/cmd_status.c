/*
 * status: what is going on.
 */
#include "app/serve.h"
#include "cli/advice.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "cli/text_table.h"
#include "klaviyo/budget.h"

#define HELD_SHOWN 20

struct status {
	struct summary summary;
	bool daemon;
	struct held_row *held;
	size_t n_held;
	struct budget_row *budget;
	size_t n_budget;
	struct advice_list advice;
	int64_t now_ms;
};

static bool collect(struct cli *cli, struct status *status, struct err *err)
{
	status->now_ms = clock_wall_ms(cli->clock);
	status->daemon = session_daemon_runs(cli);
	return db_summary(cli->db, status->now_ms, &cli->arena, &status->summary, err) &&
	       db_held_list(cli->db, 0, HELD_SHOWN, &cli->arena, &status->held, &status->n_held, err) &&
	       db_budget_load(cli->db, &cli->arena, &status->budget, &status->n_budget, err) &&
	       advice_collect(cli, &status->summary, &status->advice, err);
}

/* What was used of an endpoint's budget; false if there is nothing to tell. */
struct usage {
	int64_t in_minute;
	int64_t limit;
	int64_t frozen_ms;
};

static bool usage_of(struct cli *cli, const struct budget_row *row, int64_t now_ms, struct usage *out)
{
	const struct settings_account *account = snapshot_account(cli->snapshot, row->account_id);
	struct budget budget;
	enum endpoint endpoint;
	int64_t wait_ms;

	if (!account || !endpoint_find(row->endpoint, &endpoint))
		return false;
	budget_init(&budget, endpoint_row(endpoint),
		    (int)setting_int(account->value, SETTING_KEY_quota_percent));
	budget_load(&budget, row->blob, now_ms);
	(void)budget_allows(&budget, now_ms, &wait_ms); /* moves the buckets to now */
	*out = (struct usage){ .limit = budget.steady_limit };
	for (size_t i = 0; i < BUDGET_STEADY_BUCKETS; i++)
		out->in_minute += budget.steady[i];
	if (budget.frozen_until_ms > now_ms)
		out->frozen_ms = budget.frozen_until_ms - now_ms;
	return out->in_minute > 0 || out->frozen_ms > 0;
}

/* ---- as text ---- */

static void cell_count(struct text_table *table, int64_t n)
{
	text_table_addf(table, "%lld", (long long)n);
}

static void cell_age(struct cli *cli, struct text_table *table, int64_t since_ms, int64_t now_ms)
{
	text_table_add(table, since_ms ? text_duration(now_ms - since_ms, &cli->arena) : STR("-"));
}

static void print_accounts(struct cli *cli, const struct status *status)
{
	static const char *const header[] = { "ACCOUNT",   ">READY",  ">WAITING", ">SENDING",
					      ">ACCEPTED", ">FAILED", ">SKIPPED", ">OLDEST UNDONE" };
	struct text_table table;

	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < status->summary.n_account; i++) {
		const struct account_summary *row = &status->summary.account[i];

		text_table_add(&table, session_account_name(cli, row->account_id));
		cell_count(&table, row->ready);
		cell_count(&table, row->waiting);
		cell_count(&table, row->sending);
		cell_count(&table, row->accepted);
		cell_count(&table, row->failed);
		cell_count(&table, row->skipped);
		cell_age(cli, &table, row->oldest_ms, status->now_ms);
	}
	text_table_print(&table, 0, cli->out);
}

static void print_stores(struct cli *cli, const struct status *status)
{
	static const char *const header[] = { "STORE",	  ">RECEIVED",	  ">PENDING", ">MAPPED",
					      ">IGNORED", ">DUPLICATE",	  ">FAILED",  ">DUE",
					      ">HELD",	  ">LAST MESSAGE" };
	struct text_table table;

	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < status->summary.n_store; i++) {
		const struct store_summary *row = &status->summary.store[i];

		text_table_add(&table, session_store_name(cli, row->store_id));
		cell_count(&table, row->received);
		cell_count(&table, row->pending);
		cell_count(&table, row->mapped);
		cell_count(&table, row->ignored);
		cell_count(&table, row->duplicate);
		cell_count(&table, row->failed);
		cell_count(&table, row->due);
		cell_count(&table, row->held);
		cell_age(cli, &table, row->last_message_ms, status->now_ms);
	}
	text_table_print(&table, 0, cli->out);
}

static void print_held(struct cli *cli, const struct status *status)
{
	static const char *const header[] = { "HELD BACK", "STORE", "ID", ">SINCE", "WHY" };
	struct text_table table;

	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < status->n_held; i++) {
		const struct held_row *row = &status->held[i];

		text_table_add(&table, str_from(entity_kind_text(row->root.kind)));
		text_table_add(&table, session_store_name(cli, row->store_id));
		text_table_add(&table, row->root.id);
		cell_age(cli, &table, row->since_ms, status->now_ms);
		text_table_add(&table, row->reason);
	}
	if (status->n_held)
		(void)fprintf(cli->out, "\n");
	text_table_print(&table, 0, cli->out);
	if (status->n_held == HELD_SHOWN)
		(void)fprintf(cli->out, "(the oldest %d)\n", HELD_SHOWN);
}

static void print_budgets(struct cli *cli, const struct status *status)
{
	static const char *const header[] = { "BUDGET", "ACCOUNT", ">USED IN 1 MIN", ">OF", "" };
	struct text_table table;
	struct usage usage;

	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < status->n_budget; i++) {
		if (!usage_of(cli, &status->budget[i], status->now_ms, &usage))
			continue;
		text_table_add(&table, status->budget[i].endpoint);
		text_table_add(&table, session_account_name(cli, status->budget[i].account_id));
		cell_count(&table, usage.in_minute);
		cell_count(&table, usage.limit);
		text_table_add(&table,
			       usage.frozen_ms == 0
				       ? STR("")
				       : arena_printf(&cli->arena, "silent for %.*s (Retry-After)",
						      STR_ARG(text_duration(usage.frozen_ms, &cli->arena))));
	}
	if (table.n_cell)
		(void)fprintf(cli->out, "\n");
	text_table_print(&table, 0, cli->out);
}

static void print_all(struct cli *cli, const struct status *status)
{
	(void)fprintf(cli->out, "Pannier %s, daemon %s, %s%s, %.*s in %s\n\n", PANNIER_VERSION,
		      status->daemon ? "running" : "not running", status->summary.idle ? "idle" : "busy",
		      status->summary.sweeping ? " (looking at all products of a store again)" : "",
		      STR_ARG(text_bytes(status->summary.bytes, &cli->arena)), cli->data);
	print_accounts(cli, status);
	if (status->summary.n_account)
		(void)fprintf(cli->out, "\n");
	print_stores(cli, status);
	print_held(cli, status);
	print_budgets(cli, status);
	for (const struct advice *advice = status->advice.first; advice; advice = advice->next)
		(void)fprintf(cli->out, "%s%s %.*s\n", advice == status->advice.first ? "\n" : "",
			      cli_paint(cli, PAINT_WARN, "warning:"),
			      STR_ARG(text_safe(advice->text, &cli->arena)));
}

/* ---- as JSON ---- */

static struct json *account_json(struct cli *cli, const struct account_summary *row)
{
	struct json *json = json_new_object();

	json_put(json, "account", session_account_name(cli, row->account_id));
	json_set(json, "created", json_new_int(row->created));
	json_set(json, "ready", json_new_int(row->ready));
	json_set(json, "waiting", json_new_int(row->waiting));
	json_set(json, "sending", json_new_int(row->sending));
	json_set(json, "accepted", json_new_int(row->accepted));
	json_set(json, "failed", json_new_int(row->failed));
	json_set(json, "skipped", json_new_int(row->skipped));
	json_put_time(json, "next_due_at", row->next_due_ms == INT64_MAX ? 0 : row->next_due_ms);
	json_put_time(json, "oldest_undone_at", row->oldest_ms);
	return json;
}

static struct json *store_json(struct cli *cli, const struct store_summary *row)
{
	struct json *json = json_new_object();

	json_put(json, "store", session_store_name(cli, row->store_id));
	json_set(json, "received", json_new_int(row->received));
	json_set(json, "pending", json_new_int(row->pending));
	json_set(json, "mapped", json_new_int(row->mapped));
	json_set(json, "ignored", json_new_int(row->ignored));
	json_set(json, "duplicate", json_new_int(row->duplicate));
	json_set(json, "failed", json_new_int(row->failed));
	json_set(json, "discarded", json_new_int(row->discarded));
	json_set(json, "due", json_new_int(row->due));
	json_set(json, "held", json_new_int(row->held));
	json_put_time(json, "last_message_at", row->last_message_ms);
	return json;
}

static struct json *held_json(struct cli *cli, const struct held_row *row)
{
	struct json *json = json_new_object();

	json_put(json, "store", session_store_name(cli, row->store_id));
	json_put(json, "kind", str_from(entity_kind_text(row->root.kind)));
	json_put(json, "id", row->root.id);
	json_put_time(json, "since", row->since_ms);
	json_put(json, "reason", row->reason);
	return json;
}

static struct json *budgets_json(struct cli *cli, const struct status *status)
{
	struct json *list = json_new_array();
	struct usage usage;

	for (size_t i = 0; i < status->n_budget; i++) {
		struct json *json;

		if (!usage_of(cli, &status->budget[i], status->now_ms, &usage))
			continue;
		json = json_new_object();
		json_put(json, "endpoint", status->budget[i].endpoint);
		json_put(json, "account", session_account_name(cli, status->budget[i].account_id));
		json_set(json, "used_in_minute", json_new_int(usage.in_minute));
		json_set(json, "limit_per_minute", json_new_int(usage.limit));
		json_set(json, "silent_ms", json_new_int(usage.frozen_ms));
		json_append(list, json);
	}
	return list;
}

static void print_json(struct cli *cli, const struct status *status)
{
	struct json *json = json_new_object(), *accounts = json_new_array(), *stores = json_new_array();
	struct json *held = json_new_array(), *warnings = json_new_array();

	for (size_t i = 0; i < status->summary.n_account; i++)
		json_append(accounts, account_json(cli, &status->summary.account[i]));
	for (size_t i = 0; i < status->summary.n_store; i++)
		json_append(stores, store_json(cli, &status->summary.store[i]));
	for (size_t i = 0; i < status->n_held; i++)
		json_append(held, held_json(cli, &status->held[i]));
	for (const struct advice *advice = status->advice.first; advice; advice = advice->next)
		json_append(warnings, json_new_text(advice->text));
	json_put(json, "version", STR(PANNIER_VERSION));
	json_set(json, "daemon_running", json_new_bool(status->daemon));
	json_set(json, "idle", json_new_bool(status->summary.idle));
	json_set(json, "sweeping", json_new_bool(status->summary.sweeping));
	json_set(json, "bytes", json_new_int(status->summary.bytes));
	json_set(json, "accounts", accounts);
	json_set(json, "stores", stores);
	json_set(json, "held", held);
	json_set(json, "budgets", budgets_json(cli, status));
	json_set(json, "warnings", warnings);
	cli_print_json(cli, json);
}

bool cmd_status(struct cli *cli, struct err *err)
{
	struct status status = { 0 };

	if (!session_open(cli, SESSION_EXISTING, err) || !collect(cli, &status, err))
		return false;
	if (cli_flag(cli, "json"))
		print_json(cli, &status);
	else
		print_all(cli, &status);
	return true;
}
