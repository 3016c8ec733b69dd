/*
 * import list, show, pause, resume, cancel, throttle: what is known of files of history, and what a person
 * decides about them.
 */
#include "cli/commands.h"
#include "cli/import_show.h"
#include "admin/import_left.h"
#include "admin/import_view.h"
#include "admin/text.h"
#include "cli/text_table.h"

#define PER_MINUTE_MAX 100000000

struct json *import_json(struct cli *cli, const struct import_job *job, double rate_per_minute)
{
	struct json *json = import_view(&cli->look, job);

	if (rate_per_minute >= 0)
		json_set(json, "rate_per_minute", json_new_int((int64_t)rate_per_minute));
	return json;
}

static void cell_percent(struct text_table *table, const struct import_job *job)
{
	int percent = import_percent(job);

	if (percent < 0)
		text_table_add(table, STR("?"));
	else
		text_table_addf(table, "%d", percent);
}

/* About how long it still takes. */
static void cell_left(struct cli *cli, struct text_table *table, const struct import_job *job)
{
	int64_t left_ms = import_left(&cli->look, clock_wall_ms(cli->clock), job);

	text_table_add(table, left_ms < 0 ? STR("") : text_duration(left_ms, &cli->arena));
}

void import_print_table(struct cli *cli, const struct import_job *job, size_t n)
{
	static const char *const header[] = { "IMPORT",	 "STORE",     "OF",    "STATE",
					      ">%",	 ">READ",     ">NEW",  ">DUPLICATE",
					      ">MENDED", ">REJECTED", ">LEFT", "" };
	struct text_table table;

	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < n; i++) {
		text_table_addf(&table, "%lld", (long long)job[i].id);
		text_table_add(&table, session_store_name(cli, job[i].store_id));
		text_table_add(&table, job[i].path);
		text_table_add(&table, str_from(import_state_text(job[i].state)));
		cell_percent(&table, &job[i]);
		text_table_addf(&table, "%lld", (long long)job[i].n_read);
		text_table_addf(&table, "%lld", (long long)job[i].n_new);
		text_table_addf(&table, "%lld", (long long)job[i].n_duplicate);
		text_table_addf(&table, "%lld", (long long)job[i].n_mended);
		text_table_addf(&table, "%lld", (long long)job[i].n_rejected);
		cell_left(cli, &table, &job[i]);
		text_table_add(&table, job[i].reason);
	}
	text_table_print(&table, 0, cli->out);
}

void import_print_reject(struct cli *cli, struct str path, struct str lines, int64_t line, bool in_lines,
			 struct str column, struct str why, FILE *out)
{
	struct str name = in_lines && lines.len ? lines : path;

	(void)fprintf(out, "%.*s:%lld: %.*s%s%.*s\n", STR_ARG(text_safe(name, &cli->arena)), (long long)line,
		      STR_ARG(text_safe(column, &cli->arena)), column.len ? ": " : "",
		      STR_ARG(text_safe(why, &cli->arena)));
}

bool cmd_import_list(struct cli *cli, struct err *err)
{
	struct import_job *job;
	int64_t store_id;
	size_t n;

	if (!session_open(cli, SESSION_EXISTING, err) || !session_store_option(cli, &store_id, err) ||
	    !db_import_list(cli->db, store_id, &cli->arena, &job, &n, err))
		return false;
	if (cli_flag(cli, "json")) {
		struct json *list = json_new_array();

		for (size_t i = 0; i < n; i++)
			json_append(list, import_json(cli, &job[i], -1));
		cli_print_json(cli, list);
	} else if (n > 0) {
		import_print_table(cli, job, n);
	} else {
		(void)fprintf(cli->out, "There is none.\n");
	}
	return true;
}

/* ---- one ---- */

static bool job_argument(struct cli *cli, int64_t *id, struct err *err)
{
	if (str_to_int64(str_from(cli->arg[0]), id) && *id > 0)
		return true;
	return err_set(err, ERR_INVALID, "'%s' is no number of an import; 'pannier import list' shows them",
		       cli->arg[0]);
}

static bool find_job(struct cli *cli, struct import_job *out, struct err *err)
{
	int64_t id;

	return job_argument(cli, &id, err) && session_open(cli, SESSION_EXISTING, err) &&
	       import_find(cli->db, id, &cli->arena, out, err);
}

bool cmd_import_show(struct cli *cli, struct err *err)
{
	struct import_reject *reject;
	struct import_job job;
	size_t n;

	if (!find_job(cli, &job, err) || !db_import_rejects(cli->db, job.id, &cli->arena, &reject, &n, err))
		return false;
	if (cli_flag(cli, "json")) {
		cli_print_json(cli, import_view_rejects(&cli->look, &job, reject, n));
		return true;
	}
	import_print_table(cli, &job, 1);
	for (size_t i = 0; i < n; i++)
		import_print_reject(cli, job.path, import_option(&job, "lines", &cli->arena), reject[i].line,
				    reject[i].in_lines, reject[i].column, reject[i].why, cli->out);
	return true;
}

/* ---- deciding ---- */

static bool change(struct cli *cli, struct import_change wanted, struct err *err)
{
	int64_t id;

	return job_argument(cli, &id, err) && session_open(cli, SESSION_EXISTING, err) &&
	       db_import_change(cli->db, clock_wall_ms(cli->clock), id, &wanted, err);
}

bool cmd_import_pause(struct cli *cli, struct err *err)
{
	return change(cli, (struct import_change){ .action = IMPORT_PAUSE }, err);
}

bool cmd_import_resume(struct cli *cli, struct err *err)
{
	return change(cli, (struct import_change){ .action = IMPORT_RESUME }, err);
}

bool cmd_import_cancel(struct cli *cli, struct err *err)
{
	return change(cli, (struct import_change){ .action = IMPORT_CANCEL }, err);
}

bool cmd_import_throttle(struct cli *cli, struct err *err)
{
	struct import_change wanted = { .action = IMPORT_THROTTLE };

	return cli_option_int(cli, "per-minute", 0, PER_MINUTE_MAX, &wanted.per_minute, err) &&
	       change(cli, wanted, err);
}
