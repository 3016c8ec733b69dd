/*
 * settings history, undo.
 */
#include "admin/config_history.h"
#include "admin/text.h"
#include "cli/commands.h"

#define ROWS_MAX 1000

static bool filter_options(struct cli *cli, struct config_history_filter *filter, struct err *err)
{
	const char *name = cli_option(cli, "account");
	const struct settings_account *account;
	int64_t limit;

	if (!cli_option_int(cli, "limit", 1, ROWS_MAX, &limit, err) ||
	    !cli_option_int(cli, "before", 0, INT64_MAX, &filter->before_version, err) ||
	    !session_open(cli, SESSION_EXISTING, err) || !session_store_option(cli, &filter->store_id, err))
		return false;
	filter->max_n = (size_t)limit;
	filter->defaults = cli_flag(cli, "defaults");
	if ((name != NULL) + (filter->store_id != 0) + filter->defaults > 1)
		return err_set(err, ERR_INVALID, "only one of --store, --account and --defaults");
	if (name && !session_account(cli, name, &account, err))
		return false;
	filter->account_id = name ? account->id : 0;
	return true;
}

static void print_lines(struct cli *cli, const struct change_view *view)
{
	for (size_t i = 0; i < view->n; i++) {
		const struct change_line *line = &view->line[i];

		if (line->changed.secret)
			(void)fprintf(cli->out, "    %.*s changed\n", STR_ARG(line->changed.key));
		else
			(void)fprintf(cli->out, "    %.*s \"%.*s\" -> \"%.*s\"\n", STR_ARG(line->changed.key),
				      STR_ARG(text_safe(line->changed.from, &cli->arena)),
				      STR_ARG(text_safe(line->changed.to, &cli->arena)));
	}
}

static void print_change(struct cli *cli, const struct change_view *view)
{
	static const char *const undo[] = { [UNDO_POSSIBLE] = "",
					    [UNDO_CHANGED] = " (changed again since)",
					    [UNDO_DONE] = " (taken back)",
					    [UNDO_NEVER] = "" };
	struct str by = view->row.actor.len ? text_safe(view->row.actor, &cli->arena) : STR("command line");

	(void)fprintf(cli->out, "%lld  %.*s  %s%s%.*s %s, by %.*s%s\n", (long long)view->row.version,
		      STR_ARG(text_time(view->row.at_ms, &cli->arena)), change_scope_text(view->scope),
		      view->row.name.len > 0 ? " " : "", STR_ARG(view->row.name), change_what(&view->row),
		      STR_ARG(by), undo[view->undo]);
	print_lines(cli, view);
}

bool cmd_settings_history(struct cli *cli, struct err *err)
{
	struct config_history_filter filter = { 0 };
	struct config_history_row *row;
	struct json *list;
	size_t n;

	if (!filter_options(cli, &filter, err) ||
	    !db_config_history(cli->db, &filter, &cli->arena, &row, &n, err))
		return false;
	list = json_new_array();
	for (size_t i = 0; i < n; i++) {
		struct change_view view;

		change_view_make(&cli->look, &row[i], &view);
		if (cli_flag(cli, "json"))
			json_append(list, change_view_json(&view));
		else
			print_change(cli, &view);
	}
	if (cli_flag(cli, "json")) {
		cli_print_json(cli, list);
		return true;
	}
	json_free(list);
	if (n == 0)
		(void)fprintf(cli->out, "Nothing was changed.\n");
	return true;
}

static void print_undo(struct cli *cli, const struct change_view *view)
{
	bool sweep = false;

	for (size_t i = 0; i < view->n; i++) {
		const struct change_line *line = &view->line[i];

		if (line->changed.secret) {
			(void)fprintf(cli->out, "%.*s stays as it is\n", STR_ARG(line->changed.key));
			continue;
		}
		sweep = sweep || line->sweep;
		(void)fprintf(cli->out, "%.*s \"%.*s\" -> \"%.*s\"\n", STR_ARG(line->changed.key),
			      STR_ARG(text_safe(line->now, &cli->arena)),
			      STR_ARG(text_safe(line->changed.from, &cli->arena)));
	}
	if (sweep)
		(void)fprintf(cli->out, "All products are looked at again; what differs is sent.\n");
}

bool cmd_settings_undo(struct cli *cli, struct err *err)
{
	struct config_history_row row;
	struct change_view view;
	int64_t number;

	if (!str_to_int64(str_from(cli->arg[0]), &number))
		return err_set(err, ERR_INVALID,
			       "'%s' is not a number as 'pannier settings history' shows them", cli->arg[0]);
	if (!session_open(cli, SESSION_EXISTING, err) ||
	    !settings_history_get(cli->db, number, &cli->arena, &row, err))
		return false;
	change_view_make(&cli->look, &row, &view);
	if (!cli_flag(cli, "dry-run") &&
	    !settings_undo(cli->settings, number, clock_wall_ms(cli->clock), err))
		return false;
	if (cli_flag(cli, "dry-run") && view.undo != UNDO_POSSIBLE && view.undo != UNDO_DONE)
		return err_set(err, view.undo == UNDO_CHANGED ? ERR_CONFLICT : ERR_INVALID, "%.*s",
			       STR_ARG(view.note));
	print_undo(cli, &view);
	(void)fprintf(cli->out, cli_flag(cli, "dry-run") ? "Nothing was changed.\n" : "Taken back.\n");
	return true;
}
