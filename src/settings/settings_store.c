/*
 * Settings, the writing side: stores are added, set, given new secrets and removed.
 *
 * Doesn't: know platforms; the caller has checked platform and secret.
 * Keeps:   secrets are sealed before they leave this file; what alters how products look asks for a sweep.
 * Threads: any.
 */
#include "settings/change_internal.h"

static void put_secrets(struct attempt *attempt, struct store_row *row, const struct str *secret, size_t n)
{
	struct str text = secrets_write(secret, n, attempt->arena);

	row->secret_sealed =
		seal_text(attempt->key, store_label(row->name, attempt->arena), text, attempt->arena);
	row->secret_last4 = secret_last4(secret[0]);
	seal_text_wipe(text);
}

static bool prepare_store_add(struct attempt *attempt, struct err *err)
{
	const struct wish *wish = attempt->wish;
	const struct account_row *account = attempt_account(attempt, wish->account);
	struct store_row *row = &attempt->change.store;

	if (attempt_store(attempt, wish->name))
		return err_set(err, ERR_CONFLICT, "there is a store '%.*s' already", STR_ARG(wish->name));
	if (!account)
		return attempt_no_account(attempt, wish->account, err);
	attempt->change.kind = CONFIG_STORE_PUT;
	*row = (struct store_row){ .account_id = account->id,
				   .name = wish->name,
				   .platform = wish->platform,
				   .created_ms = wish->now_ms };
	put_secrets(attempt, row, &wish->secret, 1);
	attempt_say(attempt, "store %.*s added: platform %.*s, account %.*s", STR_ARG(wish->name),
		    STR_ARG(wish->platform), STR_ARG(wish->account));
	if (!attempt_apply(attempt, SETTING_STORE, STR(""), &row->settings, err))
		return false;
	attempt->change.sweep = false; /* it has no products yet */
	return true;
}

bool settings_store_add(struct settings *settings, const struct settings_new_store *store, int64_t now_ms,
			struct err *err)
{
	struct wish wish = { .name = store->name,
			     .platform = store->platform,
			     .account = store->account,
			     .secret = str_trim(store->secret),
			     .change = store->change,
			     .n = store->n,
			     .now_ms = now_ms };

	return settings_check_name("store", wish.name, err) && change_check_secret(wish.secret, err) &&
	       attempt_run(settings, prepare_store_add, &wish, err);
}

/* Another account has never been told of these products: all are looked at again. */
static bool move_account(struct attempt *attempt, struct store_row *row, struct err *err)
{
	const struct account_row *from = attempt_account_by_id(attempt, row->account_id);
	const struct account_row *to = attempt_account(attempt, attempt->wish->account);

	if (!to)
		return attempt_no_account(attempt, attempt->wish->account, err);
	if (to->id == row->account_id)
		return true;
	attempt_say_change(attempt, "account", from ? from->name : STR(""), true, to->name);
	row->account_id = to->id;
	attempt->change.sweep = true;
	return true;
}

bool change_store_set(struct attempt *attempt, struct err *err)
{
	const struct wish *wish = attempt->wish;
	const struct store_row *old = attempt_store(attempt, wish->name);
	struct store_row *row = &attempt->change.store;

	if (!old)
		return attempt_no_store(attempt, wish->name, err);
	attempt->change.kind = CONFIG_STORE_PUT;
	*row = *old;
	if (wish->account.len > 0 && !move_account(attempt, row, err))
		return false;
	if (!attempt_apply(attempt, SETTING_STORE, old->settings, &row->settings, err))
		return false;
	if (wish->secret.len > 0) {
		put_secrets(attempt, row, &wish->secret, 1);
		attempt_say_secret(attempt, "secret", "changed");
	}
	attempt_say_who(attempt, "store");
	return true;
}

bool settings_store_set(struct settings *settings, struct str name, struct str account, struct str secret,
			const struct setting_change *change, size_t n, int64_t now_ms, struct err *err)
{
	struct wish wish = { .name = name,
			     .account = account,
			     .secret = str_trim(secret),
			     .change = change,
			     .n = n,
			     .now_ms = now_ms };

	if (secret.len > 0 && !change_check_secret(wish.secret, err))
		return false;
	return attempt_run(settings, change_store_set, &wish, err);
}

static bool prepare_store_rotate(struct attempt *attempt, struct err *err)
{
	const struct store_row *old = attempt_store(attempt, attempt->wish->name);
	struct store_row *row = &attempt->change.store;
	struct str text, secret[STORE_SECRETS_MAX + 1];
	size_t n = 0;

	if (!old)
		return attempt_no_store(attempt, attempt->wish->name, err);
	attempt->change.kind = CONFIG_STORE_PUT;
	*row = *old;
	if (!seal_open_text(attempt->key, store_label(old->name, attempt->arena), old->secret_sealed,
			    attempt->arena, &text, err))
		return err_wrap(err, "secret of store '%.*s'", STR_ARG(old->name));
	if (!secrets_read(text, attempt->arena, secret + 1, &n))
		return err_set(err, ERR_DENIED, "secret of store '%.*s': the stored bytes were changed",
			       STR_ARG(old->name));
	secret[0] = attempt->wish->secret;
	if (secret[0].len > 0) {
		put_secrets(attempt, row, secret, STORE_SECRETS_MAX);
		attempt_say_secret(attempt, "secret", "changed, the former one stays valid");
	} else if (n > 1) {
		put_secrets(attempt, row, secret + 1, 1);
		attempt_say_secret(attempt, "former secret", "no longer valid");
	}
	attempt_say_who(attempt, "store");
	return true;
}

bool settings_store_rotate(struct settings *settings, struct str name, struct str secret, int64_t now_ms,
			   struct err *err)
{
	struct wish wish = { .name = name, .secret = str_trim(secret), .now_ms = now_ms };

	if (secret.len > 0 && !change_check_secret(wish.secret, err))
		return false;
	return attempt_run(settings, prepare_store_rotate, &wish, err);
}

static bool prepare_store_remove(struct attempt *attempt, struct err *err)
{
	const struct store_row *old = attempt_store(attempt, attempt->wish->name);

	if (!old)
		return attempt_no_store(attempt, attempt->wish->name, err);
	attempt->change.kind = CONFIG_STORE_REMOVE;
	attempt->change.store = *old;
	attempt_say(attempt, "store %.*s removed", STR_ARG(old->name));
	return true;
}

bool settings_store_remove(struct settings *settings, struct str name, int64_t now_ms, struct err *err)
{
	struct wish wish = { .name = name, .now_ms = now_ms };

	return attempt_run(settings, prepare_store_remove, &wish, err);
}
