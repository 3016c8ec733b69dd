/*
 * import: a shop's history into Klaviyo.
 *
 * Does:    registers a job per file, and shows how far the daemon is with them.
 * Doesn't: read further than the headers, nor send: that is the daemon's, whether this command is there or
 *          not.
 */
#include "base/wake.h"
#include "cli/commands.h"
#include "cli/import_show.h"
#include "admin/import_left.h"
#include "admin/import_view.h"
#include "admin/text.h"
#include "flow/backfill.h"

#include <unistd.h>

#define POLL_MS	       500
#define PLAIN_EVERY_MS 10000
#define BAR_COLUMNS    20
#define PER_MINUTE_MAX 100000000
#define REJECTS_SHOWN  20

static struct str text_option(struct cli *cli, const char *name)
{
	const char *value = cli_option(cli, name);

	return value ? str_from(value) : STR("");
}

static bool read_options(struct cli *cli, const struct settings_store *store, struct import_options *out,
			 struct err *err)
{
	struct str kind = text_option(cli, "kind");

	*out = (struct import_options){
		.kind = IMPORT_KIND_COUNT,
		.map = text_option(cli, "map"),
		.currency = text_option(cli, "currency"),
		.consented_at = text_option(cli, "consented-at"),
		.zone = text_option(cli, "zone"),
		.days = text_option(cli, "dates"),
		.lines = text_option(cli, "lines"),
		.order_states = setting_text(store->value, SETTING_KEY_order_states),
		.now_ms = clock_wall_ms(cli->clock),
	};
	if (kind.len && !import_kind_parse(kind, &out->kind))
		return err_set(
			err, ERR_INVALID,
			"--kind '%.*s' is none of customers, subscribers, categories, products, orders, "
			"messages",
			STR_ARG(kind));
	if (out->lines.len && cli->n_arg > 2)
		return err_set(err, ERR_INVALID,
			       "--lines belongs to one file of orders: import the others by themselves");
	return true;
}

/* ---- registering ---- */

static bool register_files(struct cli *cli, const struct settings_store *store,
			   const struct import_options *options, int64_t *id, struct err *err)
{
	int64_t per_minute;

	if (!cli_option_int(cli, "per-minute", 0, PER_MINUTE_MAX, &per_minute, err))
		return false;
	/* All or none, as far as that can be seen. */
	for (size_t i = 1; i < cli->n_arg; i++) {
		struct import_reader *reader = NULL;

		if (!import_open(cli->arg[i], options, &(struct import_place){ 0 }, &reader, err))
			return false;
		import_close(reader);
	}
	for (size_t i = 1; i < cli->n_arg; i++) {
		enum import_kind kind;

		if (!backfill_register(cli->db, clock_wall_ms(cli->clock), store->id, cli->arg[i], options,
				       per_minute, &id[i - 1], &kind, err))
			return false;
		if (!cli_flag(cli, "json"))
			(void)fprintf(cli->out, "Import %lld: %s of store %.*s from %s\n",
				      (long long)id[i - 1], import_kind_text(kind), STR_ARG(store->name),
				      cli->arg[i]);
	}
	return true;
}

/* ---- watching ---- */

struct watch {
	struct cli *cli;
	const int64_t *id;
	size_t n;
	struct arena arena;	/* of one look */
	struct import_job *job; /* of ours, in the order of id */
	int64_t first_messages; /* when the first look was taken */
	int64_t first_ms;
	int64_t said_ms;
	double rate_per_minute;
	bool terminal;
};

static int64_t messages_of(const struct watch *watch)
{
	int64_t n = 0;

	for (size_t i = 0; i < watch->n; i++)
		n += watch->job[i].n_new + watch->job[i].n_duplicate;
	return n;
}

static bool look(struct watch *watch, bool *busy, struct err *err)
{
	int64_t now_ms = clock_mono_ms(watch->cli->clock);
	struct import_job *all;
	size_t n;

	arena_reset(&watch->arena);
	if (!db_import_list(watch->cli->db, 0, &watch->arena, &all, &n, err))
		return false;
	watch->job = ARENA_ARRAY(&watch->arena, watch->n, struct import_job);
	*busy = false;
	for (size_t i = 0; i < watch->n; i++)
		for (size_t k = 0; k < n; k++)
			if (all[k].id == watch->id[i]) {
				watch->job[i] = all[k];
				*busy |= all[k].state == IMPORT_OPEN;
			}
	if (watch->first_ms == 0) {
		watch->first_ms = now_ms;
		watch->first_messages = messages_of(watch);
	} else if (now_ms > watch->first_ms) {
		watch->rate_per_minute = (double)(messages_of(watch) - watch->first_messages) * 60000.0 /
					 (double)(now_ms - watch->first_ms);
	}
	return true;
}

/* What is left by what Klaviyo allows, and at the rate so far; 0 or less: it cannot be said. */
static int64_t eta_ms(const struct watch *watch, const struct import_job *job)
{
	int64_t done = job->n_new + job->n_duplicate;

	int64_t by_budget_ms = import_left(&watch->cli->look, clock_wall_ms(watch->cli->clock), job),
		by_rate_ms = 0;

	if (job->at.used > 0 && watch->rate_per_minute > 0)
		by_rate_ms = (int64_t)((double)done * (double)(job->size - job->at.used) /
				       (double)job->at.used / watch->rate_per_minute * 60000.0);
	return by_budget_ms > by_rate_ms ? by_budget_ms : by_rate_ms;
}

static void print_line(struct watch *watch, const struct import_job *job)
{
	int percent = import_percent(job), filled = percent * BAR_COLUMNS / 100;
	struct str what = job->state == IMPORT_OPEN ? job->reason : STR("");
	int64_t left_ms = eta_ms(watch, job);

	(void)fprintf(watch->cli->errors, "%sImport %lld [", watch->terminal ? "\r\033[K" : "",
		      (long long)job->id);
	for (int i = 0; i < BAR_COLUMNS; i++)
		(void)fputc(i < filled ? '#' : '.', watch->cli->errors);
	if (percent >= 0)
		(void)fprintf(watch->cli->errors, "] %d %%", percent);
	else
		(void)fprintf(watch->cli->errors, "] %lld pages", (long long)job->at.line);
	(void)fprintf(watch->cli->errors, ", %lld read, %lld new, %lld duplicate, %lld mended, %lld rejected",
		      (long long)job->n_read, (long long)job->n_new, (long long)job->n_duplicate,
		      (long long)job->n_mended, (long long)job->n_rejected);
	(void)fprintf(watch->cli->errors, ", %lld/min", (long long)watch->rate_per_minute);
	if (left_ms > 0)
		(void)fprintf(watch->cli->errors, ", %.*s left",
			      STR_ARG(text_duration(left_ms, &watch->arena)));
	if (what.len > 0)
		(void)fprintf(watch->cli->errors, "; %.*s", STR_ARG(text_safe(what, &watch->arena)));
	(void)fprintf(watch->cli->errors, "%s", watch->terminal ? "" : "\n");
	(void)fflush(watch->cli->errors);
}

static void say_progress(struct watch *watch)
{
	int64_t now_ms = clock_mono_ms(watch->cli->clock);

	if (!watch->terminal && now_ms - watch->said_ms < PLAIN_EVERY_MS)
		return;
	watch->said_ms = now_ms;
	for (size_t i = 0; i < watch->n; i++)
		if (watch->job[i].state == IMPORT_OPEN) {
			print_line(watch, &watch->job[i]);
			return;
		}
}

static bool watch_jobs(struct watch *watch, struct err *err)
{
	struct wake *nobody = wake_new(); /* nobody rings: it is only slept on */
	bool busy = true, ok = true;

	while (busy && session_daemon_runs(watch->cli)) {
		ok = look(watch, &busy, err);
		if (!ok)
			break;
		if (busy)
			say_progress(watch);
		if (busy)
			(void)wake_wait(nobody, POLL_MS);
	}
	if (watch->terminal)
		(void)fprintf(watch->cli->errors, "\r\033[K");
	wake_free(nobody);
	return ok && look(watch, &busy, err);
}

/* ---- the end ---- */

static bool print_rejects(struct watch *watch, const struct import_job *job, struct err *err)
{
	struct cli *cli = watch->cli;
	struct import_reject *reject;
	size_t n;

	if (job->n_rejected == 0)
		return true;
	if (!db_import_rejects(cli->db, job->id, &watch->arena, &reject, &n, err))
		return false;
	for (size_t i = 0; i < n && i < REJECTS_SHOWN; i++)
		import_print_reject(cli, job->path, import_option(job, "lines", &watch->arena),
				    reject[i].line, reject[i].in_lines, reject[i].column, reject[i].why,
				    cli->errors);
	if (n > REJECTS_SHOWN)
		(void)fprintf(cli->errors, "(the first %d of %lld; 'pannier import show %lld' has more)\n",
			      REJECTS_SHOWN, (long long)job->n_rejected, (long long)job->id);
	return true;
}

static bool print_end(struct watch *watch, struct err *err)
{
	struct cli *cli = watch->cli;
	struct json *list;

	for (size_t i = 0; i < watch->n; i++)
		if (watch->job[i].state == IMPORT_FAILED)
			cli->exit = CLI_FAILED;
	if (cli_flag(cli, "json")) {
		list = json_new_array();
		for (size_t i = 0; i < watch->n; i++)
			json_append(list, import_json(cli, &watch->job[i], watch->rate_per_minute));
		cli_print_json(cli, list);
		return true;
	}
	for (size_t i = 0; i < watch->n; i++)
		if (!print_rejects(watch, &watch->job[i], err))
			return false;
	import_print_table(cli, watch->job, watch->n);
	if (!session_daemon_runs(cli))
		(void)fprintf(cli->out, "No daemon runs: it goes on when one does ('pannier serve').\n");
	return true;
}

bool import_follow(struct cli *cli, const int64_t *id, size_t n, struct err *err)
{
	struct watch watch = { .cli = cli, .id = id, .n = n, .terminal = isatty(STDERR_FILENO) };
	bool busy, ok;

	arena_init(&watch.arena);
	ok = (cli_flag(cli, "no-wait") ? look(&watch, &busy, err) : watch_jobs(&watch, err)) &&
	     print_end(&watch, err);
	arena_release(&watch.arena);
	return ok;
}

bool cmd_import(struct cli *cli, struct err *err)
{
	const struct settings_store *store;
	struct import_options options;
	int64_t *id = ARENA_ARRAY(&cli->arena, cli->n_arg, int64_t);

	if (!session_open(cli, SESSION_EXISTING, err) || !session_store(cli, cli->arg[0], &store, err) ||
	    !read_options(cli, store, &options, err))
		return false;
	if (cli_flag(cli, "check") || cli_flag(cli, "dry-run"))
		return import_check(cli, store, &options, cli_flag(cli, "dry-run"), err);
	return register_files(cli, store, &options, id, err) && import_follow(cli, id, cli->n_arg - 1, err);
}
