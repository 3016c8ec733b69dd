/*
 * store add, set, remove.
 */
#include "cli/commands.h"
#include "admin/order_status.h"
#include "admin/store_guide.h"

static int64_t now_ms(struct cli *cli)
{
	return clock_wall_ms(cli->clock);
}

static void print_guide(struct cli *cli, const struct settings_store *store, const struct store_guide *guide)
{
	(void)fprintf(cli->out, "Store %.*s added, secret ...%.*s.\n\nWebhook URL: %.*s\n",
		      STR_ARG(store->name), STR_ARG(store->secret_last4), STR_ARG(guide->webhook_url));
	if (!cli_option_given(cli, "url-base"))
		(void)fprintf(
			cli->out,
			"(As reached from this machine. Behind a proxy or on another host say --url-base "
			"https://HOST or set PANNIER_URL.)\n");
	(void)fprintf(cli->out, "\n%.*s\n", STR_ARG(guide->configure));
	(void)fprintf(cli->out,
		      "\nScript for the shop's pages, once storefront_mode and storefront_origins are set "
		      "(docs/storefront.md):\n\n  %.*s\n",
		      STR_ARG(guide->script_tag));
}

static struct json *guide_json(const struct settings_store *store, const struct store_guide *guide)
{
	struct json *json = json_new_object();

	json_put(json, "name", store->name);
	json_put(json, "platform", store->platform);
	json_put(json, "account", store->account->name);
	json_put(json, "webhook_url", guide->webhook_url);
	json_put(json, "header", guide->header);
	json_put(json, "secret_last4", store->secret_last4);
	json_put(json, "configure", guide->configure);
	json_put(json, "script_tag", guide->script_tag);
	return json;
}

bool cmd_store_add(struct cli *cli, struct err *err)
{
	struct settings_new_store new = { .name = str_from(cli->arg[0]),
					  .platform = str_from(cli_option(cli, "platform")),
					  .account = str_from(cli_option(cli, "account")) };
	const struct platform_ops *platform;
	const struct settings_store *store;
	struct setting_change *change;
	struct store_guide guide;
	struct str base;

	if (!cli_all_changes(cli, 1, &change, &new.n, err) || !settings_check_name("store", new.name, err) ||
	    !session_url_base(cli, &base, err) || !store_guide_platform(new.platform, &platform, err) ||
	    !order_status_check(new.platform, change, new.n, err) ||
	    !cli_secret_file(cli, "secret-file", &new.secret, err) ||
	    !platform->check_secret(new.secret, err))
		return false;
	store_guide_add_key(&cli->arena, &change, &new.n);
	new.change = change;
	if (!session_open(cli, SESSION_EXISTING, err) ||
	    !settings_store_add(cli->settings, &new, now_ms(cli), err) || !session_refresh(cli, err) ||
	    !session_store(cli, cli->arg[0], &store, err) ||
	    !store_guide_make(&cli->look, store, base, &guide, err))
		return false;
	if (cli_flag(cli, "json"))
		cli_print_json(cli, guide_json(store, &guide));
	else
		print_guide(cli, store, &guide);
	return true;
}

/* A new secret beside the old one, or in place of it, or the old one alone dropped. */
static bool set_secret(struct cli *cli, const struct settings_store *store, struct str *replaces,
		       struct err *err)
{
	bool keep = cli_flag(cli, "keep-old-secret"), forget = cli_flag(cli, "forget-old-secret");
	const struct platform_ops *platform;
	struct str secret = STR("");

	*replaces = STR("");
	if (keep && !cli_option(cli, "secret-file"))
		return err_set(err, ERR_INVALID, "--keep-old-secret goes with --secret-file");
	if (forget && cli_option(cli, "secret-file"))
		return err_set(err, ERR_INVALID,
			       "--forget-old-secret goes without --secret-file, which forgets it anyway");
	if (cli_option(cli, "secret-file") &&
	    (!store_guide_platform(store->platform, &platform, err) ||
	     !cli_secret_file(cli, "secret-file", &secret, err) || !platform->check_secret(secret, err)))
		return false;
	if (keep || forget)
		return settings_store_rotate(cli->settings, store->name, secret, now_ms(cli), err);
	*replaces = secret;
	return true;
}

bool cmd_store_set(struct cli *cli, struct err *err)
{
	const char *account = cli_option(cli, "account");
	const struct settings_store *store;
	struct setting_change *change;
	struct str secret;
	size_t n;

	if (!cli_all_changes(cli, 1, &change, &n, err))
		return false;
	if (n == 0 && !account && !cli_option(cli, "secret-file") && !cli_flag(cli, "forget-old-secret"))
		return err_set(err, ERR_INVALID,
			       "nothing to change: give KEY=VALUE, --account or --secret-file");
	if (!session_open(cli, SESSION_EXISTING, err) || !session_store(cli, cli->arg[0], &store, err) ||
	    !order_status_check(store->platform, change, n, err) || !set_secret(cli, store, &secret, err))
		return false;
	if (store_guide_needs_key(store, change, n))
		store_guide_add_key(&cli->arena, &change, &n);
	if (!settings_store_set(cli->settings, store->name, str_from(account), secret, change, n, now_ms(cli),
				err))
		return false;
	(void)fprintf(cli->out, "Store %s changed.\n", cli->arg[0]);
	return true;
}

bool cmd_store_remove(struct cli *cli, struct err *err)
{
	if (!session_open(cli, SESSION_EXISTING, err) ||
	    !settings_store_remove(cli->settings, str_from(cli->arg[0]), now_ms(cli), err))
		return false;
	(void)fprintf(cli->out, "Store %s removed.\n", cli->arg[0]);
	return true;
}
