/*
 * defaults show, set.
 */
#include "admin/text.h"
#include "cli/commands.h"
#include "cli/text_table.h"

static const char *scope_text(enum setting setting)
{
	return setting_row(setting)->scope == SETTING_ACCOUNT ? "account" : "store";
}

/* How many accounts or stores have a value of their own. */
static size_t count_own(const struct snapshot *snapshot, enum setting setting)
{
	bool of_account = setting_row(setting)->scope == SETTING_ACCOUNT;
	size_t n = 0;

	for (size_t i = 0; of_account && i < snapshot->n_account; i++)
		n += snapshot->account[i].from[setting] == SETTING_FROM_OWN;
	for (size_t i = 0; !of_account && i < snapshot->n_store; i++)
		n += snapshot->store[i].from[setting] == SETTING_FROM_OWN;
	return n;
}

static void print_table(struct cli *cli)
{
	static const char *const header[] = { "SETTING", "OF", "VALUE", "FROM", ">OVERRIDDEN" };
	const struct settings_defaults *defaults = &cli->snapshot->defaults;
	struct text_table table;

	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (int i = 0; i < SETTING_COUNT; i++) {
		if (!setting_row((enum setting)i)->shared)
			continue;
		text_table_add(&table, str_from(setting_row((enum setting)i)->key));
		text_table_add(&table, str_from(scope_text((enum setting)i)));
		text_table_add(&table, defaults->value[i].len ? defaults->value[i] : STR(SETTING_EMPTY));
		text_table_add(&table, str_from(setting_source_text(defaults->from[i])));
		text_table_addf(&table, "%zu", count_own(cli->snapshot, (enum setting)i));
	}
	text_table_print(&table, 0, cli->out);
}

static struct json *table_json(struct cli *cli)
{
	const struct settings_defaults *defaults = &cli->snapshot->defaults;
	struct json *list = json_new_array();

	for (int i = 0; i < SETTING_COUNT; i++) {
		struct json *one;

		if (!setting_row((enum setting)i)->shared)
			continue;
		one = json_new_object();
		json_put(one, "key", str_from(setting_row((enum setting)i)->key));
		json_put(one, "of", str_from(scope_text((enum setting)i)));
		json_put(one, "value", defaults->value[i]);
		json_put(one, "from", str_from(setting_source_text(defaults->from[i])));
		json_set(one, "overridden", json_new_int((int64_t)count_own(cli->snapshot, (enum setting)i)));
		json_append(list, one);
	}
	return list;
}

bool cmd_defaults_show(struct cli *cli, struct err *err)
{
	if (!session_open(cli, SESSION_EXISTING, err))
		return false;
	if (cli_flag(cli, "json"))
		cli_print_json(cli, table_json(cli));
	else
		print_table(cli);
	return true;
}

bool cmd_defaults_set(struct cli *cli, struct err *err)
{
	int64_t before;
	struct setting_change *change;

	if (!cli_changes(cli, cli->arg, cli->n_arg, &change, err) ||
	    !session_open(cli, SESSION_EXISTING, err))
		return false;
	before = cli->snapshot->version;
	if (!settings_defaults_set(cli->settings, change, cli->n_arg, clock_wall_ms(cli->clock), err) ||
	    !session_refresh(cli, err))
		return false;
	(void)fprintf(cli->out, cli->snapshot->version == before
					? "Nothing was changed.\n"
					: "Defaults changed, for all that have no value of their own.\n");
	return true;
}
