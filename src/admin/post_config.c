/*
 * Changes of accounts and stores.
 *
 * Doesn't: change their settings (post_settings.c).
 * Keeps:   each change is one audited transaction with the name of who did it. A secret that was made here
 *          is told once.
 * Threads: the slow worker, one change after the other.
 */
#include "admin/config_view.h"
#include "admin/grants.h"
#include "admin/key_check.h"
#include "admin/order_status.h"
#include "flow/feed.h"
#include "settings/actor.h"

static void act(struct admin_call *call)
{
	settings_act_as(call_actor(call));
}

static void done(void)
{
	settings_act_as(STR(""));
}

/* ---- accounts ---- */

static bool answer_account(struct admin_call *call, struct str name, struct err *err)
{
	const struct settings_account *account;

	return call_refresh(call, err) && call_account(call, name, &account, err) &&
	       call_answer(call, config_account_json(call, account));
}

bool post_account(struct admin_call *call, struct err *err)
{
	struct str name = json_get_text(call->body, "name");
	struct setting_change *change;
	bool ok;
	size_t n;

	if (!config_read_changes(call, json_get(call->body, "settings"), &change, &n, err))
		return false;
	act(call);
	ok = settings_account_add(call->look.settings, name, json_get_text(call->body, "key"), change, n,
				  call->now_ms, err);
	done();
	return ok && answer_account(call, name, err);
}

bool delete_account(struct admin_call *call, struct err *err)
{
	const struct settings_account *account;
	bool ok;

	if (!call_account(call, call_segment(call, 0), &account, err))
		return false;
	act(call);
	ok = settings_account_remove(call->look.settings, account->name, call->now_ms, err);
	done();
	return ok && call_nothing(call);
}

bool put_account_key(struct admin_call *call, struct err *err)
{
	const struct settings_account *account;
	struct str name;
	bool ok;

	if (!call_account(call, call_segment(call, 0), &account, err))
		return false;
	name = arena_dup(call->look.arena, account->name);
	act(call);
	ok = settings_account_set(call->look.settings, name, json_get_text(call->body, "key"), NULL, 0,
				  call->now_ms, err);
	done();
	return ok && answer_account(call, name, err);
}

bool post_account_check(struct admin_call *call, struct err *err)
{
	const struct settings_account *account;
	struct json *json;

	if (!call_account(call, call_segment(call, 0), &account, err))
		return false;
	if (account->broken)
		return err_set(err, ERR_CONFLICT,
			       "the key cannot be decrypted with this key file; enter it again");
	return key_check(&call->look, account, &json, err) && call_answer(call, json);
}

/* A key that is not kept yet. */
bool post_key_check(struct admin_call *call, struct err *err)
{
	struct str url = str_trim(json_get_text(call->body, "api_url"));
	struct settings_account account = { .name = STR("new"),
					    .key = str_trim(json_get_text(call->body, "key")) };
	struct json *json;

	for (int i = 0; i < SETTING_COUNT; i++)
		if (setting_row((enum setting)i)->scope == SETTING_ACCOUNT)
			account.value[i] = call->look.snapshot->defaults.value[i];
	if (url.len > 0 && !setting_parse(SETTING_KEY_api_url, url, call->look.arena,
					  &account.value[SETTING_KEY_api_url], err))
		return err_wrap(err, "'api_url'");
	if (account.key.len < 8)
		return err_set(err, ERR_INVALID, "'key' is too short for a private API key");
	account.key_last4 = str_skip(account.key, account.key.len - 4);
	return key_check(&call->look, &account, &json, err) && call_answer(call, json);
}

/* ---- stores ---- */

/* What was given, or one that is made; *made "" = it was given. */
static bool choose_secret(struct admin_call *call, const struct platform_ops *platform, struct str *secret,
			  struct str *made, struct err *err)
{
	*secret = json_get_text(call->body, "secret");
	*made = STR("");
	if (secret->len == 0)
		*secret = *made = grant_secret(call->admin->ctx.rand, "", call->look.arena);
	return platform->check_secret(*secret, err);
}

static bool answer_store(struct admin_call *call, struct str name, struct str made, struct err *err)
{
	const struct settings_store *store;
	struct json *json, *whole;

	if (!call_refresh(call, err) || !call_store(call, name, &store, err) ||
	    !config_store_whole(call, store, &whole, err))
		return false;
	json = json_new_object();
	json_set(json, "store", whole);
	json_put_or_null(json, "secret", made);
	return call_answer(call, json);
}

bool post_store(struct admin_call *call, struct err *err)
{
	struct settings_new_store new = { .name = json_get_text(call->body, "name"),
					  .platform = json_get_text(call->body, "platform"),
					  .account = json_get_text(call->body, "account") };
	const struct platform_ops *platform;
	struct setting_change *change;
	struct str made;
	bool ok;

	if (!settings_check_name("store", new.name, err) ||
	    !store_guide_platform(new.platform, &platform, err) ||
	    !choose_secret(call, platform, &new.secret, &made, err) ||
	    !config_read_changes(call, json_get(call->body, "settings"), &change, &new.n, err) ||
	    !order_status_check(new.platform, change, new.n, err))
		return false;
	store_guide_add_key(call->look.arena, &change, &new.n);
	new.change = change;
	act(call);
	ok = settings_store_add(call->look.settings, &new, call->now_ms, err);
	done();
	return ok && answer_store(call, new.name, made, err);
}

bool delete_store(struct admin_call *call, struct err *err)
{
	const struct settings_store *store;
	bool ok;

	if (!call_store(call, call_segment(call, 0), &store, err))
		return false;
	act(call);
	ok = settings_store_remove(call->look.settings, store->name, call->now_ms, err);
	done();
	return ok && call_nothing(call);
}

bool post_store_secret(struct admin_call *call, struct err *err)
{
	const struct settings_store *store;
	const struct platform_ops *platform;
	struct str secret, made, name;
	bool ok;

	if (!call_store(call, call_segment(call, 0), &store, err) ||
	    !store_guide_platform(store->platform, &platform, err) ||
	    !choose_secret(call, platform, &secret, &made, err))
		return false;
	name = arena_dup(call->look.arena, store->name);
	act(call);
	ok = json_get_bool(call->body, "keep_old", false)
		     ? settings_store_rotate(call->look.settings, name, secret, call->now_ms, err)
		     : settings_store_set(call->look.settings, name, STR(""), secret, NULL, 0, call->now_ms,
					  err);
	done();
	return ok && answer_store(call, name, made, err);
}

bool post_feed_address(struct admin_call *call, struct err *err)
{
	const struct settings_store *store;
	struct setting_change change = { STR("feed_token_version"), STR("1") };
	struct str name;
	struct json *json;
	int64_t version;
	bool ok;

	if (!call_store(call, call_segment(call, 0), &store, err))
		return false;
	if (!feed_is_wanted(store->account))
		return err_set(err, ERR_CONFLICT, "the catalog of account '%.*s' is not read as a feed",
			       STR_ARG(store->account->name));
	name = arena_dup(call->look.arena, store->name);
	version = setting_int(store->value, SETTING_KEY_feed_token_version);
	if (version < setting_row(SETTING_KEY_feed_token_version)->max)
		change.value = arena_printf(call->look.arena, "%lld", (long long)version + 1);
	act(call);
	ok = settings_store_set(call->look.settings, name, STR(""), STR(""), &change, 1, call->now_ms, err);
	done();
	return ok && call_refresh(call, err) && call_store(call, name, &store, err) &&
	       config_store_whole(call, store, &json, err) && call_answer(call, json);
}

bool delete_old_secret(struct admin_call *call, struct err *err)
{
	const struct settings_store *store;
	bool ok;

	if (!call_store(call, call_segment(call, 0), &store, err))
		return false;
	act(call);
	ok = settings_store_rotate(call->look.settings, store->name, STR(""), call->now_ms, err);
	done();
	return ok && call_nothing(call);
}
