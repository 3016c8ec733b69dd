/*
 * account add, set, list, remove.
 */
#include "cli/commands.h"
#include "admin/text.h"
#include "cli/text_table.h"

static int64_t now_ms(struct cli *cli)
{
	return clock_wall_ms(cli->clock);
}

/* Not refused: what stands in for Klaviyo may have keys of its own. */
static void warn_of_odd_key(struct cli *cli, struct str key)
{
	if (!str_starts(key, STR("pk_")))
		(void)fprintf(
			cli->errors,
			"pannier: warning: private keys of Klaviyo begin with pk_; this one does not\n");
}

static struct json *account_json(const struct settings_account *account)
{
	struct json *json = json_new_object(), *settings = json_new_object(), *from = json_new_object();

	json_put(json, "name", account->name);
	json_put(json, "key_last4", account->key_last4);
	json_set(json, "oauth", json_new_bool(account->oauth));
	json_set(json, "key_opens", json_new_bool(!account->broken));
	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting_row *row = setting_row((enum setting)i);

		if (row->scope != SETTING_ACCOUNT)
			continue;
		json_put(settings, row->key, setting_shown((enum setting)i, account->value[i]));
		json_put(from, row->key, str_from(setting_source_text(account->from[i])));
	}
	json_set(json, "settings", settings);
	json_set(json, "settings_from", from);
	json_put_time(json, "created_at", account->created_ms);
	return json;
}

bool cmd_account_add(struct cli *cli, struct err *err)
{
	struct str name = str_from(cli->arg[0]), key;
	const struct settings_account *account;
	struct setting_change *change;
	size_t n;

	if (!cli_all_changes(cli, 1, &change, &n, err) || !settings_check_name("account", name, err) ||
	    !cli_secret_file(cli, "key-file", &key, err) || !session_open(cli, SESSION_CREATE, err))
		return false;
	if (!settings_account_add(cli->settings, name, key, change, n, now_ms(cli), err) ||
	    !session_refresh(cli, err) || !session_account(cli, cli->arg[0], &account, err))
		return false;
	warn_of_odd_key(cli, key);
	if (cli_flag(cli, "json")) {
		cli_print_json(cli, account_json(account));
		return true;
	}
	(void)fprintf(cli->out,
		      "Account %s added, key ...%.*s.\n"
		      "\n"
		      "Next: pannier account check %s\n"
		      "      pannier store add NAME --platform PLATFORM --account %s --secret-file FILE\n",
		      cli->arg[0], STR_ARG(account->key_last4), cli->arg[0], cli->arg[0]);
	return true;
}

bool cmd_account_set(struct cli *cli, struct err *err)
{
	struct str name = str_from(cli->arg[0]), key = STR("");
	struct setting_change *change;
	size_t n;

	if (!cli_all_changes(cli, 1, &change, &n, err))
		return false;
	if (n == 0 && !cli_option(cli, "key-file"))
		return err_set(err, ERR_INVALID, "nothing to change: give KEY=VALUE or --key-file");
	if (cli_option(cli, "key-file") && !cli_secret_file(cli, "key-file", &key, err))
		return false;
	if (!session_open(cli, SESSION_EXISTING, err) ||
	    !settings_account_set(cli->settings, name, key, change, n, now_ms(cli), err))
		return false;
	if (key.len)
		warn_of_odd_key(cli, key);
	(void)fprintf(cli->out, "Account %s changed.\n", cli->arg[0]);
	return true;
}

static size_t count_stores(const struct snapshot *snapshot, const struct settings_account *account)
{
	size_t n = 0;

	for (size_t i = 0; i < snapshot->n_store; i++)
		n += snapshot->store[i].account == account;
	return n;
}

bool cmd_account_list(struct cli *cli, struct err *err)
{
	static const char *const header[] = { "ACCOUNT", "KEY",	    ">STORES",
					      ">QUOTA",	 "API URL", "CREATED (UTC)" };
	struct text_table table;
	struct json *list;

	if (!session_open(cli, SESSION_EXISTING, err))
		return false;
	list = json_new_array();
	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < cli->snapshot->n_account; i++) {
		const struct settings_account *account = &cli->snapshot->account[i];
		struct json *json = account_json(account);
		size_t n_store = count_stores(cli->snapshot, account);

		json_set(json, "stores", json_new_int((int64_t)n_store));
		json_append(list, json);
		text_table_add(&table, account->name);
		text_table_addf(&table, "%s%.*s%s", account->oauth ? "OAuth" : "...",
				STR_ARG(account->key_last4), account->broken ? " (broken)" : "");
		text_table_addf(&table, "%zu", n_store);
		text_table_addf(&table, "%lld %%",
				(long long)setting_int(account->value, SETTING_KEY_quota_percent));
		text_table_add(&table, setting_text(account->value, SETTING_KEY_api_url));
		text_table_add(&table, text_time(account->created_ms, &cli->arena));
	}
	if (cli_flag(cli, "json")) {
		cli_print_json(cli, list);
		return true;
	}
	json_free(list);
	text_table_print(&table, 0, cli->out);
	if (cli->snapshot->n_account == 0)
		(void)fprintf(cli->out, "No accounts yet: pannier account add NAME --key-file FILE\n");
	return true;
}

bool cmd_account_remove(struct cli *cli, struct err *err)
{
	if (!session_open(cli, SESSION_EXISTING, err) ||
	    !settings_account_remove(cli->settings, str_from(cli->arg[0]), now_ms(cli), err))
		return false;
	(void)fprintf(cli->out, "Account %s removed.\n", cli->arg[0]);
	return true;
}
