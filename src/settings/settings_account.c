/*
 * Settings, the writing side: accounts are added, set and removed.
 *
 * Keeps:   the key is sealed before it leaves this file; the audit says "key changed".
 * Threads: any.
 */
#include "settings/change_internal.h"

static void put_key(struct attempt *attempt, struct account_row *row)
{
	const struct wish *wish = attempt->wish;
	struct str secret = wish->token ? token_write(wish->token, attempt->arena) : wish->secret;

	row->key_sealed =
		seal_text(attempt->key, account_label(row->name, attempt->arena), secret, attempt->arena);
	row->key_last4 = wish->token ? STR("") : secret_last4(secret);
	if (wish->token)
		seal_text_wipe(secret);
}

static bool prepare_account_add(struct attempt *attempt, struct err *err)
{
	const struct wish *wish = attempt->wish;
	struct account_row *row = &attempt->change.account;

	if (attempt_account(attempt, wish->name))
		return err_set(err, ERR_CONFLICT, "there is an account '%.*s' already", STR_ARG(wish->name));
	attempt->change.kind = CONFIG_ACCOUNT_PUT;
	*row = (struct account_row){ .name = wish->name, .created_ms = wish->now_ms };
	put_key(attempt, row);
	attempt_say(attempt, "account %.*s added", STR_ARG(wish->name));
	return attempt_apply(attempt, SETTING_ACCOUNT, STR(""), &row->settings, err);
}

bool settings_account_add(struct settings *settings, struct str name, struct str key,
			  const struct setting_change *change, size_t n, int64_t now_ms, struct err *err)
{
	struct wish wish = {
		.name = name, .secret = str_trim(key), .change = change, .n = n, .now_ms = now_ms
	};

	return settings_check_name("account", name, err) && change_check_key(wish.secret, err) &&
	       attempt_run(settings, prepare_account_add, &wish, err);
}

bool change_account_set(struct attempt *attempt, struct err *err)
{
	const struct wish *wish = attempt->wish;
	const struct account_row *old = attempt_account(attempt, wish->name);
	struct account_row *row = &attempt->change.account;

	if (!old)
		return attempt_no_account(attempt, wish->name, err);
	attempt->change.kind = CONFIG_ACCOUNT_PUT;
	*row = *old;
	if (!attempt_apply(attempt, SETTING_ACCOUNT, old->settings, &row->settings, err))
		return false;
	if (wish->secret.len > 0 || wish->token) {
		put_key(attempt, row);
		attempt_say_secret(attempt, "key", wish->token ? "replaced by a connection" : "changed");
	}
	attempt_say_who(attempt, "account");
	return true;
}

bool settings_account_set(struct settings *settings, struct str name, struct str key,
			  const struct setting_change *change, size_t n, int64_t now_ms, struct err *err)
{
	struct wish wish = {
		.name = name, .secret = str_trim(key), .change = change, .n = n, .now_ms = now_ms
	};

	if (key.len > 0 && !change_check_key(wish.secret, err))
		return false;
	return attempt_run(settings, change_account_set, &wish, err);
}

bool settings_account_add_token(struct settings *settings, struct str name,
				const struct settings_token *token, const struct setting_change *change,
				size_t n, int64_t now_ms, struct err *err)
{
	struct wish wish = { .name = name, .token = token, .change = change, .n = n, .now_ms = now_ms };

	return settings_check_name("account", name, err) &&
	       attempt_run(settings, prepare_account_add, &wish, err);
}

bool settings_account_set_token(struct settings *settings, struct str name,
				const struct settings_token *token, int64_t now_ms, struct err *err)
{
	struct wish wish = { .name = name, .token = token, .now_ms = now_ms };

	return attempt_run(settings, change_account_set, &wish, err);
}

/* A person may have put a key in its place since. */
static bool is_connected(const struct attempt *attempt, const struct account_row *row)
{
	struct settings_token token;
	struct str text;
	struct err ignored;
	bool connected;

	if (!row || !seal_open_text(attempt->key, account_label(row->name, attempt->arena), row->key_sealed,
				    attempt->arena, &text, &ignored))
		return false;
	connected = token_read(text, attempt->arena, &token);
	seal_text_wipe(text);
	seal_text_wipe(token.access);
	seal_text_wipe(token.refresh);
	return connected;
}

static bool prepare_renewal(struct attempt *attempt, struct err *err)
{
	const struct account_row *old = attempt_account(attempt, attempt->wish->name);

	if (!is_connected(attempt, old))
		return err_set(err, ERR_NOT_FOUND, "account '%.*s' is not connected by OAuth",
			       STR_ARG(attempt->wish->name));
	attempt->change.kind = CONFIG_ACCOUNT_PUT;
	attempt->change.account = *old;
	attempt->change.silent = true;
	put_key(attempt, &attempt->change.account);
	attempt->changed = true;
	return true;
}

bool settings_account_renew(struct settings *settings, struct str name, const struct settings_token *token,
			    int64_t now_ms, struct err *err)
{
	struct wish wish = { .name = name, .token = token, .now_ms = now_ms };

	return attempt_run(settings, prepare_renewal, &wish, err);
}

static bool prepare_account_remove(struct attempt *attempt, struct err *err)
{
	const struct account_row *old = attempt_account(attempt, attempt->wish->name);
	struct str first = STR("");
	size_t n = 0;

	if (!old)
		return attempt_no_account(attempt, attempt->wish->name, err);
	for (size_t i = 0; i < attempt->rows.n_store; i++) {
		if (attempt->rows.store[i].account_id != old->id)
			continue;
		if (n++ == 0)
			first = attempt->rows.store[i].name;
	}
	if (n > 0)
		return err_set(err, ERR_CONFLICT,
			       "account '%.*s' is used by store '%.*s'%s; remove its stores or give "
			       "them another account first",
			       STR_ARG(old->name), STR_ARG(first), n > 1 ? " and others" : "");
	attempt->change.kind = CONFIG_ACCOUNT_REMOVE;
	attempt->change.account = *old;
	attempt_say(attempt, "account %.*s removed", STR_ARG(old->name));
	return true;
}

bool settings_account_remove(struct settings *settings, struct str name, int64_t now_ms, struct err *err)
{
	struct wish wish = { .name = name, .now_ms = now_ms };

	return attempt_run(settings, prepare_account_remove, &wish, err);
}
