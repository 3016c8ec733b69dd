/*
 * replay: what is kept goes through once more. Says first what it would do; with --yes the daemon does it.
 */
#include "admin/replay_view.h"
#include "admin/text.h"
#include "cli/commands.h"
#include "cli/text_table.h"

/* ---- options ---- */

static const struct str *texts_of(struct cli *cli, const char *option, size_t *n)
{
	const char **all = cli_option_all(cli, option, n);
	struct str *text = ARENA_ARRAY(&cli->arena, *n + 1, struct str);

	for (size_t i = 0; i < *n; i++)
		text[i] = str_from(all[i]);
	return text;
}

static bool time_of(struct cli *cli, const char *option, int64_t *out, struct err *err)
{
	const char *text = cli_option(cli, option);

	*out = 0;
	return !text || text_parse_since(str_from(text), clock_wall_ms(cli->clock), out) ||
	       err_set(err, ERR_INVALID, "--%s is 30s, 15m, 2h, 3d, 2026-07-30 or 2026-07-30T10:11:12Z",
		       option);
}

static bool read_options(struct cli *cli, struct replay_options *out, struct err *err)
{
	struct replay_words words = { .from = str_from(cli_option(cli, "from")) };

	*out = (struct replay_options){
		.topic = str_from(cli_option(cli, "topic")),
		.id = str_from(cli_option(cli, "id")),
		.live = cli_flag(cli, "live"),
	};
	words.family = texts_of(cli, "family", &words.n_family);
	words.outcome = texts_of(cli, "outcome", &words.n_outcome);
	if (cli_flag(cli, "yes") && cli_flag(cli, "dry-run"))
		return err_set(err, ERR_INVALID, "--yes or --dry-run, not both");
	return time_of(cli, "since", &out->since_ms, err) && time_of(cli, "until", &out->until_ms, err) &&
	       replay_options_of(&words, out, err);
}

/* ---- showing ---- */

#define GONE_MESSAGES \
	"they came by import, and what a file holds is not kept a second time.\n" \
	"Without '--from inbox' what came of them is told again; for another mapping import the file " \
	"again\n" \
	"('pannier import'), 5 days after it was: until then its messages are repetitions."
#define GONE_DELIVERIES \
	"events of visits whose contents are not kept any more, or of persons who were erased."

static void print_preview(struct cli *cli, const struct replay_options *options,
			  const struct replay_preview *preview)
{
	static const char *const header[] = { "KIND", ">DELIVERIES" };
	struct text_table table;

	if (options->messages) {
		(void)fprintf(
			cli->out,
			"%lld messages are mapped again; what comes out otherwise than before is told.\n",
			(long long)(preview->n_message - preview->n_gone));
	} else {
		text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
		for (enum klaviyo_kind kind = 0; kind < KLAVIYO_NOTICE; kind++) {
			if (preview->n[kind] == 0)
				continue;
			text_table_add(&table, str_from(klaviyo_kind_text(kind)));
			text_table_addf(&table, "%lld", (long long)preview->n[kind]);
		}
		text_table_print(&table, 0, cli->out);
		(void)fprintf(cli->out, "%lld requests at most.\n", (long long)preview->n_request);
	}
	if (preview->n_gone > 0)
		(void)fprintf(cli->out, "%lld more are passed over: %s\n", (long long)preview->n_gone,
			      options->messages ? GONE_MESSAGES : GONE_DELIVERIES);
	(void)fprintf(cli->out, options->live ? "Events start flows if they are not older than those wait.\n"
					      : "Events are sent as backfill: no flow starts.\n");
}

static void print_task(struct cli *cli, const struct task_row *task)
{
	struct replay_options options;
	struct replay_report report;

	if (cli_flag(cli, "json")) {
		cli_print_json(cli, replay_json(&cli->look, task));
		return;
	}
	replay_read(task, &cli->arena, &options, &report);
	(void)fprintf(cli->out,
		      "%.*s: replay from %s %s: %lld looked at, %lld again, %lld not kept any more%s%.*s\n",
		      STR_ARG(text_safe(session_store_name(cli, task->store_id), &cli->arena)),
		      options.messages ? "the inbox" : "deliveries", import_state_text(task->state),
		      (long long)report.n_seen, (long long)report.n_again, (long long)report.n_gone,
		      task->reason.len > 0 ? ": " : "", STR_ARG(text_safe(task->reason, &cli->arena)));
}

/* ---- commands ---- */

static bool last(struct cli *cli, struct task_row *task, struct err *err)
{
	const struct settings_store *store;

	return session_store(cli, cli->arg[0], &store, err) &&
	       replay_last(cli->db, store->id, &cli->arena, task, err) &&
	       (task->id != 0 ||
		err_set(err, ERR_NOT_FOUND, "nothing was ever replayed of store '%s'", cli->arg[0]));
}

static bool begin(struct cli *cli, const struct settings_store *store, const struct replay_options *options,
		  struct err *err)
{
	struct task_row task;
	int64_t id;

	if (!replay_start(cli->db, clock_wall_ms(cli->clock), store->id, options, STR("by the command line"),
			  &id, err) ||
	    !last(cli, &task, err))
		return false;
	print_task(cli, &task);
	if (!session_daemon_runs(cli))
		(void)fprintf(cli->errors,
			      "pannier: no daemon runs: it goes on when one does ('pannier serve')\n");
	return true;
}

bool cmd_replay(struct cli *cli, struct err *err)
{
	const struct settings_store *store;
	struct replay_options options;
	struct replay_preview preview;

	if (!read_options(cli, &options, err) || !session_open(cli, SESSION_EXISTING, err) ||
	    !session_store(cli, cli->arg[0], &store, err))
		return false;
	if (cli_flag(cli, "yes"))
		return begin(cli, store, &options, err);
	if (!replay_preview(cli->db, store->id, &options, &preview, err))
		return false;
	if (cli_flag(cli, "json")) {
		cli_print_json(cli, replay_preview_json(&options, &preview));
		return true;
	}
	print_preview(cli, &options, &preview);
	(void)fprintf(cli->out, "Nothing was done; with --yes it is.\n");
	return true;
}

bool cmd_replay_show(struct cli *cli, struct err *err)
{
	struct task_row task;

	if (!session_open(cli, SESSION_EXISTING, err) || !last(cli, &task, err))
		return false;
	print_task(cli, &task);
	return true;
}

static bool change(struct cli *cli, enum import_action action, struct err *err)
{
	struct task_row task;

	return session_open(cli, SESSION_EXISTING, err) && last(cli, &task, err) &&
	       db_task_change(cli->db, clock_wall_ms(cli->clock), task.id, action, err);
}

bool cmd_replay_pause(struct cli *cli, struct err *err)
{
	return change(cli, IMPORT_PAUSE, err);
}

bool cmd_replay_resume(struct cli *cli, struct err *err)
{
	return change(cli, IMPORT_RESUME, err);
}

bool cmd_replay_cancel(struct cli *cli, struct err *err)
{
	return change(cli, IMPORT_CANCEL, err);
}
