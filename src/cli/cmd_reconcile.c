/*
 * reconcile: does Klaviyo hold what the shop holds? Begins the comparison, shows how far it is, and what
 * came of it.
 *
 * Does:    the work itself while no daemon runs; otherwise the daemon's, which is watched.
 */
#include "admin/reconcile_view.h"
#include "admin/text.h"
#include "base/rand.h"
#include "base/wake.h"
#include "cli/commands.h"
#include "cli/text_table.h"

#include <unistd.h>

#define POLL_MS	       200
#define EXAMPLES_SHOWN 20
#define EXAMPLES_JSON  RECONCILE_EXAMPLES_MAX
#define FOREGROUND_MS  1000

/* ---- options ---- */

static bool read_options(struct cli *cli, struct reconcile_options *out, struct err *err)
{
	const char **kind;
	size_t n;

	*out = (struct reconcile_options){ .fix = cli_flag(cli, "fix"),
					   .confirmed = cli_flag(cli, "confirm") };
	kind = cli_option_all(cli, "kind", &n);
	for (size_t i = 0; i < n; i++) {
		enum klaviyo_kind one;

		if (!reconcile_kind_parse(str_from(kind[i]), &one))
			return err_set(err, ERR_INVALID,
				       "--kind: '%s' is not one of items, variants and categories", kind[i]);
		out->kinds |= 1u << one;
	}
	if (out->confirmed && !out->fix)
		return err_set(err, ERR_INVALID, "--confirm goes with --fix");
	return true;
}

/* ---- showing ---- */

static void print_counts(struct cli *cli, const struct reconcile_view *view)
{
	static const char *const header[] = { "KIND",	   ">SAME",	 ">STALE",
					      ">MISSING",  ">ORPHANED",	 ">DUPLICATED",
					      ">CHANGING", ">HELD BACK", ">OTHERS'" };
	static const enum found_verdict column[] = { FOUND_SAME,   FOUND_STALE,	    FOUND_MISSING,
						     FOUND_ORPHAN, FOUND_DUPLICATE, FOUND_MOVING,
						     FOUND_KEPT,   FOUND_FOREIGN };
	struct text_table table;

	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (enum klaviyo_kind kind = 0; kind < RECONCILE_KINDS; kind++) {
		if (view->options.kinds != 0 && !(view->options.kinds & 1u << kind))
			continue;
		text_table_add(&table, str_from(reconcile_kind_plural(kind)));
		for (size_t i = 0; i < ARRAY_LEN(column); i++)
			text_table_addf(&table, "%lld", (long long)view->report.n[kind][column[i]]);
	}
	text_table_print(&table, 0, cli->out);
}

static void print_examples(struct cli *cli, const struct found *found, size_t n, int64_t n_all)
{
	static const char *const header[] = { "WHAT", "KIND", "EXTERNAL ID", "DIFFERS IN" };
	struct text_table table;

	if (n == 0)
		return;
	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < n; i++) {
		text_table_add(&table, str_from(found_verdict_text(found[i].row.verdict)));
		text_table_add(&table, str_from(klaviyo_kind_text(found[i].row.key.kind)));
		text_table_add(&table, found[i].row.key.external_id);
		text_table_add(&table, found[i].row.note);
	}
	(void)fprintf(cli->out, "\n");
	text_table_print(&table, 0, cli->out);
	if (n_all > (int64_t)n)
		(void)fprintf(cli->out, "(the first %zu of %lld; --json has up to %d)\n", n, (long long)n_all,
			      EXAMPLES_JSON);
}

static void print_notes(struct cli *cli, const struct task_row *task, const struct reconcile_view *view)
{
	const struct reconcile_report *report = &view->report;

	(void)fprintf(cli->out, "\n%.*s: %s%s%.*s\n",
		      STR_ARG(text_safe(session_store_name(cli, task->store_id), &cli->arena)),
		      import_state_text(task->state), task->reason.len > 0 ? ": " : "",
		      STR_ARG(text_safe(task->reason, &cli->arena)));
	if (report->n_withheld > 0)
		(void)fprintf(
			cli->out,
			"Nothing was deleted: that would be more than %d %% of the %lld that Klaviyo holds. "
			"If it is right: --fix --confirm\n",
			RECONCILE_DELETE_PERCENT, (long long)report->n_there);
	if (report->ambiguous)
		(void)fprintf(cli->out,
			      "Another store of the account has the same id_prefix: what neither of "
			      "them told Klaviyo is left alone.\n");
}

static bool show(struct cli *cli, const struct task_row *task, struct err *err)
{
	bool json = cli_flag(cli, "json");
	struct reconcile_view view;
	struct found *found = NULL;
	size_t n;

	reconcile_read(task, &view);
	if (!reconcile_examples(&cli->look, task->id, json ? EXAMPLES_JSON : EXAMPLES_SHOWN, &found, &n, err))
		return false;
	if (json) {
		cli_print_json(cli, reconcile_json(&cli->look, task, found, n));
	} else {
		print_counts(cli, &view);
		print_examples(cli, found, n, reconcile_differ(&view.report));
		print_notes(cli, task, &view);
	}
	if (task->state == IMPORT_FAILED ||
	    (task->state == IMPORT_DONE && reconcile_differ(&view.report) > 0 &&
	     (!view.options.fix || view.report.n_withheld > 0)))
		cli->exit = CLI_FAILED;
	return true;
}

static void say_progress(struct cli *cli, const struct task_row *task, bool terminal)
{
	struct reconcile_view view;

	if (!terminal)
		return;
	reconcile_read(task, &view);
	(void)fprintf(cli->errors, "\r\033[K%s: %lld requests, %lld compared, %lld differ", view.stage,
		      (long long)view.report.n_request, (long long)view.report.n_there,
		      (long long)reconcile_differ(&view.report));
	(void)fflush(cli->errors);
}

/* ---- waiting, or doing it ---- */

static bool find_task(struct cli *cli, int64_t store_id, struct arena *arena, struct task_row *task,
		      struct err *err)
{
	arena_reset(arena);
	return reconcile_last(cli->db, store_id, arena, task, err);
}

/* A piece of it by ourselves. */
static bool work(struct cli *cli, struct reconcile *reconcile, struct wake *nobody, struct err *err)
{
	struct flow_next next = { 0 };

	(void)cli;
	if (!reconcile_run_once(reconcile, FOREGROUND_MS, &next, err))
		return err->code == ERR_BUSY;
	if (next.wait_ms > 0)
		(void)wake_wait(nobody, next.wait_ms);
	return true;
}

static bool drive(struct cli *cli, int64_t store_id, struct arena *arena, struct task_row *task,
		  struct err *err)
{
	struct http_client_config config = { .user_agent = "pannier/" PANNIER_VERSION };
	struct flow_ctx ctx = {
		.db = cli->db,
		.settings = cli->settings,
		.clock = cli->clock,
		.rand = rand_system(),
	};
	struct http_client *client = NULL;
	struct reconcile *reconcile;
	struct wake *nobody;
	bool ok, terminal = isatty(STDERR_FILENO);

	if (!http_client_new(&config, &client, err))
		return false;
	nobody = wake_new(); /* nobody rings: it is only slept on */
	reconcile = reconcile_open(&ctx, client);
	ok = find_task(cli, store_id, arena, task, err);
	while (ok && task->state == IMPORT_OPEN) {
		if (session_daemon_runs(cli))
			(void)wake_wait(nobody, POLL_MS);
		else
			ok = work(cli, reconcile, nobody, err);
		ok = ok && find_task(cli, store_id, arena, task, err);
		if (ok)
			say_progress(cli, task, terminal);
	}
	if (terminal)
		(void)fprintf(cli->errors, "\r\033[K");
	reconcile_close(reconcile);
	http_client_free(client);
	wake_free(nobody);
	return ok;
}

bool cmd_reconcile(struct cli *cli, struct err *err)
{
	const struct settings_store *store;
	struct reconcile_options options;
	struct task_row task = { 0 };
	struct arena arena;
	int64_t id;
	bool ok;

	if (!read_options(cli, &options, err) || !session_open(cli, SESSION_EXISTING, err) ||
	    !session_store(cli, cli->arg[0], &store, err) ||
	    !reconcile_start(cli->db, clock_wall_ms(cli->clock), store->id, &options,
			     STR("by the command line"), &id, err))
		return false;
	arena_init(&arena);
	ok = (cli_flag(cli, "no-wait") ? find_task(cli, store->id, &arena, &task, err)
				       : drive(cli, store->id, &arena, &task, err)) &&
	     show(cli, &task, err);
	if (ok && options.fix && !session_daemon_runs(cli))
		(void)fprintf(cli->errors,
			      "pannier: no daemon runs: what is to be mended is sent when one does\n");
	arena_release(&arena);
	return ok;
}

/* ---- the last one ---- */

static bool last(struct cli *cli, struct task_row *task, struct err *err)
{
	const struct settings_store *store;

	return session_open(cli, SESSION_EXISTING, err) && session_store(cli, cli->arg[0], &store, err) &&
	       reconcile_last(cli->db, store->id, &cli->arena, task, err) &&
	       (task->id != 0 ||
		err_set(err, ERR_NOT_FOUND, "store '%s' was never compared with Klaviyo", cli->arg[0]));
}

bool cmd_reconcile_show(struct cli *cli, struct err *err)
{
	struct task_row task;

	return last(cli, &task, err) && show(cli, &task, err);
}

bool cmd_reconcile_cancel(struct cli *cli, struct err *err)
{
	struct task_row task;

	return last(cli, &task, err) &&
	       db_task_change(cli->db, clock_wall_ms(cli->clock), task.id, IMPORT_CANCEL, err);
}
