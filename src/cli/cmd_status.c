/*
 * status: what is going on.
 */
#include "admin/usage.h"
#include "admin/view.h"
#include "app/serve.h"
#include "admin/advice.h"
#include "cli/commands.h"
#include "admin/text.h"
#include "cli/import_show.h"
#include "flow/reconcile.h"
#include "cli/schedule_show.h"
#include "flow/replay.h"
#include "cli/text_table.h"
#include "flow/health.h"

#define HELD_SHOWN 20

struct status {
	struct summary summary;
	bool daemon;
	struct held_row *held;
	size_t n_held;
	struct budget_row *budget;
	size_t n_budget;
	struct import_job *import; /* those that have not ended */
	size_t n_import;
	struct task_row *task; /* those that have not ended */
	size_t n_task;
	struct schedule_rows schedules; /* those by the clock */
	struct advice_list advice;
	int64_t now_ms;
};

static bool collect_imports(struct cli *cli, struct status *status, struct err *err)
{
	struct import_job *job;
	size_t n;

	if (!db_import_list(cli->db, 0, &cli->arena, &job, &n, err))
		return false;
	status->import = job;
	for (size_t i = 0; i < n; i++)
		if (job[i].state != IMPORT_DONE && job[i].state != IMPORT_CANCELLED)
			job[status->n_import++] = job[i];
	return true;
}

static bool collect_tasks(struct cli *cli, struct status *status, struct err *err)
{
	struct task_row *task;
	size_t n;

	if (!db_task_list(cli->db, 0, &cli->arena, &task, &n, err))
		return false;
	status->task = task;
	for (size_t i = 0; i < n; i++)
		if (task[i].state == IMPORT_OPEN || task[i].state == IMPORT_PAUSED)
			task[status->n_task++] = task[i];
	return true;
}

static bool collect(struct cli *cli, struct status *status, struct err *err)
{
	status->now_ms = clock_wall_ms(cli->clock);
	status->daemon = session_daemon_runs(cli);
	return collect_imports(cli, status, err) && collect_tasks(cli, status, err) &&
	       schedule_collect(cli, cli->snapshot->store, cli->snapshot->n_store, false, &status->schedules,
				err) &&
	       db_summary(cli->db, status->now_ms, &cli->arena, &status->summary, err) &&
	       db_held_list(cli->db, 0, HELD_SHOWN, &cli->arena, &status->held, &status->n_held, err) &&
	       db_budget_load(cli->db, &cli->arena, &status->budget, &status->n_budget, err) &&
	       advice_collect(&cli->look, &status->summary, &status->advice, err);
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
	static const char *const header[] = {
		"BUDGET", "ACCOUNT", ">USED IN 1 MIN", ">OF", ">BY OTHERS", ""
	};
	struct text_table table;
	struct usage usage;

	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < status->n_budget; i++) {
		if (!usage_of(&cli->look, &status->budget[i], clock_moment(cli->clock), &usage))
			continue;
		text_table_add(&table, status->budget[i].endpoint);
		text_table_add(&table, session_account_name(cli, status->budget[i].account_id));
		cell_count(&table, usage.in_minute);
		cell_count(&table, usage.limit);
		cell_count(&table, usage.by_others);
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

/* What a task does now, in a few words. */
static struct str task_doing(struct cli *cli, const struct task_row *task)
{
	struct reconcile_view view;

	if (task->kind == TASK_REPLAY) {
		struct replay_options options;
		struct replay_report report;

		replay_read(task, &cli->arena, &options, &report);
		return arena_printf(&cli->arena, "%lld looked at, %lld again", (long long)report.n_seen,
				    (long long)report.n_again);
	}
	reconcile_read(task, &view);
	return arena_printf(&cli->arena, "%s, %lld requests, %lld differ", view.stage,
			    (long long)view.report.n_request, (long long)reconcile_differ(&view.report));
}

static void print_tasks(struct cli *cli, const struct status *status)
{
	static const char *const header[] = { "TASK", "STORE", "STATE", "" };
	struct text_table table;

	if (status->n_task == 0)
		return;
	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < status->n_task; i++) {
		text_table_add(&table, str_from(task_kind_text(status->task[i].kind)));
		text_table_add(&table, session_store_name(cli, status->task[i].store_id));
		text_table_add(&table, str_from(import_state_text(status->task[i].state)));
		text_table_add(&table, task_doing(cli, &status->task[i]));
	}
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
	if (status->n_import)
		(void)fprintf(cli->out, "\n");
	import_print_table(cli, status->import, status->n_import);
	print_tasks(cli, status);
	if (status->schedules.n)
		(void)fprintf(cli->out, "\n");
	schedule_print(cli, &status->schedules);
	print_held(cli, status);
	print_budgets(cli, status);
	for (const struct advice *advice = status->advice.first; advice; advice = advice->next)
		(void)fprintf(cli->out, "%s%s %.*s\n", advice == status->advice.first ? "\n" : "",
			      cli_paint(cli, PAINT_WARN, "warning:"),
			      STR_ARG(text_safe(advice->text, &cli->arena)));
}

/* ---- as JSON ---- */

static struct json *stops_json(struct cli *cli, int64_t account_id)
{
	struct json *list = json_new_array();
	struct health_stop *stop;
	struct err err;
	size_t n = 0;

	if (!health_get(cli->db, account_id, &cli->arena, &stop, &n, &err))
		return list; /* the warnings say why */
	for (size_t i = 0; i < n; i++) {
		struct json *json = json_new_object();

		json_put(json, "what", stop[i].what);
		json_put(json, "state", str_from(breaker_state_text(stop[i].state)));
		json_put_time(json, "since", stop[i].since_ms);
		json_put_time(json, "until", stop[i].until_ms);
		json_put(json, "reason", stop[i].reason);
		json_append(list, json);
	}
	return list;
}

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
	json_set(json, "stopped", stops_json(cli, row->account_id));
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

static struct json *budgets_json(struct cli *cli, const struct status *status)
{
	struct json *list = json_new_array();
	struct usage usage;

	for (size_t i = 0; i < status->n_budget; i++) {
		struct json *json;

		if (!usage_of(&cli->look, &status->budget[i], clock_moment(cli->clock), &usage))
			continue;
		json = json_new_object();
		json_put(json, "endpoint", status->budget[i].endpoint);
		json_put(json, "account", session_account_name(cli, status->budget[i].account_id));
		json_set(json, "used_in_minute", json_new_int(usage.in_minute));
		json_set(json, "limit_per_minute", json_new_int(usage.limit));
		json_set(json, "used_by_others_in_minute", json_new_int(usage.by_others));
		json_set(json, "silent_ms", json_new_int(usage.frozen_ms));
		json_append(list, json);
	}
	return list;
}

static struct json *tasks_json(struct cli *cli, const struct status *status)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < status->n_task; i++) {
		const struct task_row *task = &status->task[i];
		struct json *json = json_new_object();

		json_put(json, "kind", str_from(task_kind_text(task->kind)));
		json_put(json, "store", session_store_name(cli, task->store_id));
		json_put(json, "state", str_from(import_state_text(task->state)));
		json_put(json, "doing", task_doing(cli, task));
		json_put_time(json, "started_at", task->created_ms);
		json_append(list, json);
	}
	return list;
}

static void print_json(struct cli *cli, const struct status *status)
{
	struct json *json = json_new_object(), *accounts = json_new_array(), *stores = json_new_array();
	struct json *held = json_new_array(), *warnings = json_new_array(), *imports = json_new_array();

	for (size_t i = 0; i < status->summary.n_account; i++)
		json_append(accounts, account_json(cli, &status->summary.account[i]));
	for (size_t i = 0; i < status->summary.n_store; i++)
		json_append(stores, store_json(cli, &status->summary.store[i]));
	for (size_t i = 0; i < status->n_held; i++)
		json_append(held, view_held(&cli->look, &status->held[i]));
	for (const struct advice *advice = status->advice.first; advice; advice = advice->next)
		json_append(warnings, json_new_text(advice->text));
	for (size_t i = 0; i < status->n_import; i++)
		json_append(imports, import_json(cli, &status->import[i], -1));
	json_put(json, "version", STR(PANNIER_VERSION));
	json_set(json, "daemon_running", json_new_bool(status->daemon));
	json_set(json, "idle", json_new_bool(status->summary.idle));
	json_set(json, "sweeping", json_new_bool(status->summary.sweeping));
	json_set(json, "bytes", json_new_int(status->summary.bytes));
	json_set(json, "accounts", accounts);
	json_set(json, "stores", stores);
	json_set(json, "held", held);
	json_set(json, "imports", imports);
	json_set(json, "tasks", tasks_json(cli, status));
	json_set(json, "schedules", schedule_list(&status->schedules));
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
