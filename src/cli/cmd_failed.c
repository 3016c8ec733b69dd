/*
 * failed list, retry, discard.
 */
#include "admin/failed_group.h"
#include "admin/view.h"
#include "cli/commands.h"
#include "model/id_text.h"
#include "admin/text.h"
#include "cli/text_table.h"

#define LIST_MAX 10000

bool cmd_failed_list(struct cli *cli, struct err *err)
{
	static const char *const header[] = { "ID", "FAILED (UTC)", "STORE", "WHAT", "WHY" };
	struct failed_filter filter = { 0 };
	struct text_table table;
	struct failed_row *row;
	struct json *list;
	int64_t limit;
	size_t n;

	if (!cli_option_int(cli, "limit", 1, LIST_MAX, &limit, err) ||
	    !session_open(cli, SESSION_EXISTING, err) || !session_store_option(cli, &filter.store_id, err))
		return false;
	filter.max_n = (size_t)limit;
	if (!db_failed_list(cli->db, &filter, &cli->arena, &row, &n, err))
		return false;
	list = json_new_array();
	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < n; i++) {
		char id[ID_TEXT_BYTES];

		id_text(row[i].is_message ? ID_MESSAGE : ID_DELIVERY, row[i].id, id);
		json_append(list, view_failed(&cli->look, &row[i]));
		text_table_add(&table, str_from(id));
		text_table_add(&table, text_time(row[i].failed_ms, &cli->arena));
		text_table_add(&table, session_store_name(cli, row[i].store_id));
		text_table_add(&table, row[i].what);
		text_table_add(&table, row[i].reason);
	}
	if (cli_flag(cli, "json")) {
		cli_print_json(cli, list);
		return true;
	}
	json_free(list);
	text_table_print(&table, 0, cli->out);
	if (n == 0)
		(void)fprintf(cli->out, "Nothing failed.\n");
	return true;
}

static bool sees_all(const void *arg, const struct failed_row *row)
{
	(void)arg;
	(void)row;
	return true;
}

static struct json *group_json(struct cli *cli, const struct failed_group *group)
{
	struct json *json = json_new_object();

	json_put(json, "group", group->name);
	json_put(json, "kind", group->is_message ? STR("message") : STR("delivery"));
	json_put(json, "cause", group->cause);
	json_put(json, "advice", str_from(group->advice));
	json_set(json, "count", json_new_int(group->count));
	json_put_time(json, "first_at", group->first_ms);
	json_put_time(json, "last_at", group->last_ms);
	json_set(json, "example", view_failed(&cli->look, &group->example));
	return json;
}

bool cmd_failed_groups(struct cli *cli, struct err *err)
{
	struct failed_groups groups;
	struct json *list;
	int64_t store_id;

	if (!session_open(cli, SESSION_EXISTING, err) || !session_store_option(cli, &store_id, err) ||
	    !failed_group_all(&cli->look, store_id, sees_all, NULL, &groups, err))
		return false;
	list = json_new_array();
	for (size_t i = 0; i < groups.n; i++) {
		const struct failed_group *group = &groups.group[i];

		json_append(list, group_json(cli, group));
		if (!cli_flag(cli, "json"))
			(void)fprintf(cli->out, "%.*s  %lld %s: %.*s\n    %s\n", STR_ARG(group->name),
				      (long long)group->count, group->is_message ? "messages" : "deliveries",
				      STR_ARG(text_safe(group->cause, &cli->arena)), group->advice);
	}
	if (cli_flag(cli, "json")) {
		cli_print_json(cli, list);
		return true;
	}
	json_free(list);
	if (groups.n == 0)
		(void)fprintf(cli->out, "Nothing failed.\n");
	return true;
}

/* All of a group, in steps. */
static bool change_group(struct cli *cli, enum failed_action action, const char *done, struct err *err)
{
	const char *reason = cli_option(cli, "reason");
	struct failed_bulk bulk = { .action = action,
				    .group = str_from(cli_option(cli, "group")),
				    .sees = sees_all,
				    .reason = reason ? str_from(reason) : STR("command line") };
	int64_t n;

	if (cli->n_arg > 0 || cli_flag(cli, "all"))
		return err_set(err, ERR_INVALID, "--group goes without ids and without --all");
	if (!session_open(cli, SESSION_EXISTING, err) || !session_store_option(cli, &bulk.store_id, err) ||
	    !failed_bulk(&cli->look, &bulk, &n, err))
		return false;
	(void)fprintf(cli->out, "%lld %s.\n", (long long)n, done);
	return true;
}

static bool parse_ids(struct cli *cli, int64_t **id, struct err *err)
{
	enum id_kind kind;

	*id = ARENA_ARRAY(&cli->arena, cli->n_arg, int64_t);
	for (size_t i = 0; i < cli->n_arg; i++)
		if (!id_parse(str_from(cli->arg[i]), &kind, &(*id)[i]))
			return err_set(err, ERR_INVALID,
				       "'%s' is not an id as 'pannier failed list' shows them", cli->arg[i]);
	return true;
}

static bool change(struct cli *cli, enum failed_action action, const char *done, struct err *err)
{
	struct failed_change change = { .action = action, .n = cli->n_arg };
	const char *reason = cli_option(cli, "reason");
	int64_t *id;
	size_t n, sum = 0;

	if (cli_option(cli, "group"))
		return change_group(cli, action, done, err);
	if (cli_flag(cli, "all") == (cli->n_arg > 0))
		return err_set(err, ERR_INVALID, "name ids, or say --all");
	if (cli->n_arg > 0 && cli_option(cli, "store"))
		return err_set(err, ERR_INVALID, "--store goes with --all");
	if (!parse_ids(cli, &id, err) || !session_open(cli, SESSION_EXISTING, err) ||
	    !session_store_option(cli, &change.store_id, err))
		return false;
	change.id = id;
	change.reason = reason ? str_from(reason) : STR("command line");
	do {
		if (!db_failed_change(cli->db, clock_wall_ms(cli->clock), &change, &n, err))
			return false;
		sum += n;
	} while (change.n == 0 && n >= STORE_FAILED_CHANGE_MAX);
	(void)fprintf(cli->out, "%zu %s.\n", sum, done);
	return true;
}

bool cmd_failed_retry(struct cli *cli, struct err *err)
{
	return change(cli, FAILED_RETRY, "to be tried again", err);
}

bool cmd_failed_discard(struct cli *cli, struct err *err)
{
	return change(cli, FAILED_DISCARD, "given up", err);
}
