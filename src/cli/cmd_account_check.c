/*
 * account check: who the key belongs to.
 */
#include "app/serve.h"
#include "admin/advice.h"
#include "admin/ask.h"
#include "cli/commands.h"
#include "admin/text.h"
#include "klaviyo/endpoint.h"

struct identity {
	struct str organization;
	struct str timezone;
	struct str currency;
	struct str public_key;
};

static bool read_identity(struct cli *cli, struct str body, struct identity *out)
{
	struct json *json, *attributes;
	bool ok;

	if (!json_parse(body, &json, NULL))
		return false;
	attributes = json_get(json_at(json_get(json, "data"), 0), "attributes");
	ok = attributes != NULL;
	out->organization = arena_dup(
		&cli->arena, json_get_text(json_get(attributes, "contact_information"), "organization_name"));
	out->timezone = arena_dup(&cli->arena, json_get_text(attributes, "timezone"));
	out->currency = arena_dup(&cli->arena, json_get_text(attributes, "preferred_currency"));
	out->public_key = arena_dup(&cli->arena, json_get_text(attributes, "public_api_key"));
	json_free(json);
	return ok;
}

static void put_line(struct cli *cli, const char *label, struct str text)
{
	(void)fprintf(cli->out, "%-14s%.*s\n", label, STR_ARG(text_safe(text, &cli->arena)));
}

static void show(struct cli *cli, const struct settings_account *account, const struct identity *identity)
{
	int64_t days = advice_revision_days(clock_wall_ms(cli->clock));

	put_line(cli, "Account:", account->name);
	put_line(cli, "Organization:", identity->organization);
	put_line(cli, "Timezone:", identity->timezone);
	put_line(cli, "Currency:", identity->currency);
	put_line(cli, "Public key:", identity->public_key);
	if (account->oauth)
		put_line(cli, "Key:", STR("connected by OAuth, accepted"));
	else
		put_line(cli,
			 "Key:", arena_printf(&cli->arena, "...%.*s, accepted", STR_ARG(account->key_last4)));
	put_line(cli, "Revision:",
		 arena_printf(&cli->arena,
			      KLAVIYO_REVISION ", expected to end " KLAVIYO_REVISION_RETIRES " (%lld days)",
			      (long long)days));
}

static struct json *check_json(const struct settings_account *account, const struct identity *identity,
			       const struct ask_trouble *trouble)
{
	struct json *json = json_new_object();

	json_put(json, "account", account->name);
	json_set(json, "ok", json_new_bool(!trouble));
	json_put(json, "key_last4", account->key_last4);
	json_put(json, "api_url", setting_text(account->value, SETTING_KEY_api_url));
	json_put(json, "revision", STR(KLAVIYO_REVISION));
	json_put(json, "revision_retires", STR(KLAVIYO_REVISION_RETIRES));
	json_put(json, "organization", identity->organization);
	json_put(json, "timezone", identity->timezone);
	json_put(json, "currency", identity->currency);
	json_put(json, "public_key", identity->public_key);
	json_put(json, "problem", trouble ? trouble->problem : STR(""));
	json_put(json, "remedy", trouble ? trouble->remedy : STR(""));
	return json;
}

bool cmd_account_check(struct cli *cli, struct err *err)
{
	struct http_client_config config = { .user_agent = "pannier/" PANNIER_VERSION };
	const struct settings_account *account;
	struct identity identity = { 0 };
	struct http_client *client = NULL;
	struct ask_trouble trouble;
	struct ask_answer answer;
	bool asked, good;

	if (!session_open(cli, SESSION_EXISTING, err) || !session_account(cli, cli->arg[0], &account, err) ||
	    !http_client_new(&config, &client, err))
		return false;
	asked = ask_klaviyo(&cli->look, client, account, "GET", "/api/accounts", STR(""), &answer, err);
	http_client_free(client);
	if (!asked)
		return false;
	good = answer.reached && answer.status == 200 && read_identity(cli, answer.body, &identity);
	if (!good) {
		trouble = ask_explain(&cli->look, account, &answer, "accounts:read");
		cli->exit = trouble.code == ERR_INVALID ? CLI_FAILED : cli_exit_of(trouble.code);
	}
	if (cli_flag(cli, "json"))
		cli_print_json(cli, check_json(account, &identity, good ? NULL : &trouble));
	else if (good)
		show(cli, account, &identity);
	else
		(void)fprintf(cli->errors, "pannier: account %.*s: %.*s\npannier: %.*s\n",
			      STR_ARG(account->name), STR_ARG(text_safe(trouble.problem, &cli->arena)),
			      STR_ARG(trouble.remedy));
	return true;
}
