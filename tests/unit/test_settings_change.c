/*
 * Accounts and stores through the memory store: what is refused and with which words, what the audit says,
 * what a sweep is asked for, two writers at once, snapshots that outlive a change, and a key file that was
 * replaced.
 */
#include "settings/history.h"
#include "settings/seal.h"
#include "settings/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY    "pk_canary_0123456789"
#define SECRET "canary-of-the-shop-77"
#define NOW_MS INT64_C(1785000000000)

/* The memory store behind a front that notes each change and can let somebody else be faster. */
struct racing_db {
	struct db db;
	struct db *inner;
};

struct world {
	char folder[64];
	char key_file[96];
	struct arena arena;
	struct racing_db racing;
	struct db *db;
	struct settings *settings;
	struct err err;
};

static struct config_change seen;
static int races;

static struct db *inner(struct db *db)
{
	return ((struct racing_db *)db)->inner;
}

static bool racing_version(struct db *db, int64_t *version, struct err *err)
{
	return db_config_version(inner(db), version, err);
}

static bool racing_load(struct db *db, struct arena *arena, struct config_rows *out, struct err *err)
{
	return db_config_load(inner(db), arena, out, err);
}

static bool racing_audit(struct db *db, const struct audit_filter *filter, struct arena *arena,
			 struct audit_row **row, size_t *n, struct err *err)
{
	return db_audit_list(inner(db), filter, arena, row, n, err);
}

/* Puts the first account as it is: nothing differs but the version. */
static void somebody_else_changes(struct db *db, int64_t version)
{
	struct config_change other = { .kind = CONFIG_ACCOUNT_PUT,
				       .expected_version = version,
				       .reason = STR("somebody was faster"),
				       .now_ms = NOW_MS };
	struct config_rows rows;
	struct arena arena;
	struct err err;

	arena_init(&arena);
	assert_true(db_config_load(db, &arena, &rows, &err));
	assert_true(rows.n_account > 0);
	other.account = rows.account[0];
	assert_true(db_config_change(db, &other, &err));
	arena_release(&arena);
}

static bool racing_change(struct db *db, const struct config_change *change, struct err *err)
{
	seen = *change;
	if (races > 0) {
		races--;
		somebody_else_changes(inner(db), change->expected_version);
	}
	return db_config_change(inner(db), change, err);
}

static bool racing_history(struct db *db, const struct config_history_filter *filter, struct arena *arena,
			   struct config_history_row **row, size_t *n, struct err *err)
{
	return db_config_history(inner(db), filter, arena, row, n, err);
}

static const struct db_ops racing_ops = { .name = "racing",
					  .config_version = racing_version,
					  .config_load = racing_load,
					  .config_change = racing_change,
					  .config_history = racing_history,
					  .audit_list = racing_audit };

static int set_up(void **state)
{
	static struct world world;
	struct db_config config = { .location = "", .owner_epoch = 1, .now_ms = NOW_MS };

	strcpy(world.folder, "/tmp/pannier-settings-XXXXXX");
	assert_non_null(mkdtemp(world.folder));
	(void)snprintf(world.key_file, sizeof(world.key_file), "%s/secret.key", world.folder);
	arena_init(&world.arena);
	races = 0;
	assert_true(db_open(&db_memory_ops, &config, &world.racing.inner, &world.err));
	world.racing.db.ops = &racing_ops;
	world.db = &world.racing.db;
	assert_true(settings_open(world.db, world.key_file, &world.settings, &world.err));
	*state = &world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	settings_close(world->settings);
	db_close(world->racing.inner);
	arena_release(&world->arena);
	(void)unlink(world->key_file);
	return rmdir(world->folder);
}

static bool add_account(struct world *world, const char *name)
{
	return settings_account_add(world->settings, str_from(name), STR(KEY), NULL, 0, NOW_MS, &world->err);
}

static bool add_store(struct world *world, const char *name, const char *account,
		      const struct setting_change *change, size_t n)
{
	struct settings_new_store store = { .name = str_from(name),
					    .platform = STR("enad"),
					    .account = str_from(account),
					    .secret = STR(SECRET),
					    .change = change,
					    .n = n };

	return settings_store_add(world->settings, &store, NOW_MS, &world->err);
}

static bool set_store(struct world *world, const char *name, const char *key, const char *value)
{
	struct setting_change change = { str_from(key), str_from(value) };

	return settings_store_set(world->settings, str_from(name), STR(""), STR(""), &change, 1, NOW_MS,
				  &world->err);
}

static const char *newest_reason(struct world *world)
{
	struct audit_filter filter = { .max_n = 1 };
	struct audit_row *row;
	size_t n;

	assert_true(db_audit_list(world->db, &filter, &world->arena, &row, &n, &world->err));
	assert_int_equal(n, 1);
	assert_int_equal(row[0].code, AUDIT_CONFIG_CHANGED);
	return arena_cstr(&world->arena, row[0].reason);
}

static void an_account_and_a_store_are_read_back(void **state)
{
	struct world *world = *state;
	struct setting_change quota = { STR("quota_percent"), STR("50") };
	struct setting_change change[] = { { STR("market"), STR("us") },
					   { STR("hold_without_price"), STR("off") } };
	const struct snapshot *snapshot;
	const struct settings_account *account;
	const struct settings_store *store;

	assert_true(settings_account_add(world->settings, STR("main"), STR("  " KEY "\n"), &quota, 1, NOW_MS,
					 &world->err));
	assert_string_equal(newest_reason(world), "account main added; quota_percent \"90\" -> \"50\"");
	assert_true(add_store(world, "shop", "main", change, ARRAY_LEN(change)));
	assert_string_equal(newest_reason(world),
			    "store shop added: platform enad, account main; market \"\" -> \"us\"; "
			    "hold_without_price \"true\" -> \"false\"");
	snapshot = settings_take(world->settings);
	account = snapshot_find_account(snapshot, STR("main"));
	store = snapshot_find_store(snapshot, STR("shop"));
	assert_non_null(account);
	assert_non_null(store);
	assert_true(str_eq(account->key, STR(KEY)));
	assert_true(str_eq(account->key_last4, STR("6789")));
	assert_int_equal(setting_int(account->value, SETTING_KEY_quota_percent), 50);
	assert_true(str_eq(setting_text(account->value, SETTING_KEY_api_url), STR("https://a.klaviyo.com")));
	assert_true(str_eq(account->value[SETTING_KEY_market], STR("")));
	assert_ptr_equal(store->account, account);
	assert_int_equal(store->n_secret, 1);
	assert_true(str_eq(store->secret[0], STR(SECRET)));
	assert_true(str_eq(store->secret_last4, STR("p-77")));
	assert_true(str_eq(setting_text(store->value, SETTING_KEY_market), STR("us")));
	assert_false(setting_bool(store->value, SETTING_KEY_hold_without_price));
	assert_int_equal(setting_int(store->value, SETTING_KEY_quiet_ms), 1000);
	assert_true(str_eq(store->overrides, STR("{\"hold_without_price\":\"false\",\"market\":\"us\"}")));
	assert_ptr_equal(snapshot_store(snapshot, store->id), store);
	assert_ptr_equal(snapshot_account(snapshot, account->id), account);
	assert_null(snapshot_store(snapshot, store->id + 1000));
	assert_null(snapshot_find_store(snapshot, STR("shop2")));
	settings_release(world->settings, snapshot);
}

static void keys_are_sealed_in_the_database(void **state)
{
	struct world *world = *state;
	struct config_rows rows;

	assert_true(add_account(world, "main"));
	assert_true(add_store(world, "shop", "main", NULL, 0));
	assert_true(db_config_load(world->db, &world->arena, &rows, &world->err));
	assert_int_equal(rows.n_account, 1);
	assert_null(strstr(arena_cstr(&world->arena, rows.account[0].key_sealed), "canary"));
	assert_true(rows.account[0].key_sealed.len > sizeof(KEY));
	assert_true(rows.store[0].secret_sealed.len > sizeof(SECRET));
	for (size_t i = 0; i + 6 <= rows.store[0].secret_sealed.len; i++)
		assert_int_not_equal(memcmp(rows.store[0].secret_sealed.p + i, "canary", 6), 0);
}

static void bad_names_and_keys_are_refused(void **state)
{
	static const struct {
		const char *name;
		const char *key;
		const char *want; /* part of the message */
	} rows[] = {
		{ "", KEY, "name of the account" },
		{ "Main", KEY, "name of the account" },
		{ "-main", KEY, "name of the account" },
		{ "ma in", KEY, "name of the account" },
		{ "a234567890123456789012345678901234567890123456789012345678901234", KEY,
		  "name of the account" },
		{ "pk_canary_name", KEY, "looks like a key" },
		{ "main", "", "empty" },
		{ "main", "  \n", "empty" },
		{ "main", "AbC123", "public key" },
		{ "main", "pk_can", "8 to 256" },
		{ "main", "pk_canary_one pk_canary_two", "one word" },
		{ "main", "pk_canary\nmore", "one word" },
	};
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		world->err = (struct err){ .code = ERR_NONE };
		assert_false(settings_account_add(world->settings, str_from(rows[i].name),
						  str_from(rows[i].key), NULL, 0, NOW_MS, &world->err));
		print_message("%zu: %s\n", i, world->err.msg);
		assert_int_equal(world->err.code, ERR_INVALID);
		assert_non_null(strstr(world->err.msg, rows[i].want));
		assert_null(strstr(world->err.msg, "canary"));
	}
}

static void bad_settings_are_refused_and_nothing_is_written(void **state)
{
	static const struct {
		const char *key;
		const char *value;
		const char *want;
	} rows[] = {
		{ "markt", "us", "a store has no setting 'markt'; did you mean 'market'?" },
		{ "zzzzzzz", "us", "a store has no setting 'zzzzzzz'; see 'pannier help settings'" },
		{ "api_url", "https://x.example", "'api_url' is a setting of an account, not of a store" },
		{ "quiet_ms", "soon", "quiet_ms must be a whole number from 0 to 600000" },
		{ "category_name", "both", "category_name must be leaf or path" },
	};
	struct world *world = *state;
	int64_t before, after;

	assert_true(add_account(world, "main"));
	assert_true(add_store(world, "shop", "main", NULL, 0));
	assert_true(db_config_version(world->db, &before, &world->err));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_false(set_store(world, "shop", rows[i].key, rows[i].value));
		assert_int_equal(world->err.code, ERR_INVALID);
		assert_string_equal(world->err.msg, rows[i].want);
	}
	assert_true(db_config_version(world->db, &after, &world->err));
	assert_int_equal(before, after);
}

static void unknown_and_taken_names(void **state)
{
	struct world *world = *state;

	assert_true(add_account(world, "main"));
	assert_true(add_store(world, "shop", "main", NULL, 0));
	assert_false(add_account(world, "main"));
	assert_int_equal(world->err.code, ERR_CONFLICT);
	assert_false(add_store(world, "shop", "main", NULL, 0));
	assert_int_equal(world->err.code, ERR_CONFLICT);
	assert_false(add_store(world, "shop2", "mian", NULL, 0));
	assert_int_equal(world->err.code, ERR_NOT_FOUND);
	assert_string_equal(world->err.msg, "no account 'mian'; did you mean 'main'?");
	assert_false(set_store(world, "shp", "market", "us"));
	assert_int_equal(world->err.code, ERR_NOT_FOUND);
	assert_string_equal(world->err.msg, "no store 'shp'; did you mean 'shop'?");
	assert_false(settings_account_remove(world->settings, STR("main"), NOW_MS, &world->err));
	assert_int_equal(world->err.code, ERR_CONFLICT);
	assert_non_null(strstr(world->err.msg, "store 'shop'"));
	assert_true(settings_store_remove(world->settings, STR("shop"), NOW_MS, &world->err));
	assert_true(settings_account_remove(world->settings, STR("main"), NOW_MS, &world->err));
	assert_false(settings_account_remove(world->settings, STR("main"), NOW_MS, &world->err));
	assert_int_equal(world->err.code, ERR_NOT_FOUND);
}

static void a_sweep_is_asked_for_when_looks_change(void **state)
{
	static const struct {
		const char *key;
		const char *value;
		bool written;
		bool sweep;
	} rows[] = {
		{ "market", "us", true, true },		 { "market", "us", false, false },
		{ "market", " us ", false, false },	 { "market", "", true, true },
		{ "quiet_ms", "5", true, false },	 { "quiet_ms", "005", false, false },
		{ "unpublished", "delete", true, true }, { "hold_without_price", "on", false, false },
		{ "price_divisor", "100", true, true },	 { "max_pending", "10", true, false },
	};
	struct world *world = *state;

	assert_true(add_account(world, "main"));
	assert_true(add_store(world, "shop", "main", NULL, 0));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t before, after;

		memset(&seen, 0, sizeof(seen));
		assert_true(db_config_version(world->db, &before, &world->err));
		assert_true(set_store(world, "shop", rows[i].key, rows[i].value));
		assert_true(db_config_version(world->db, &after, &world->err));
		print_message("%s=%s: version +%d, sweep %d\n", rows[i].key, rows[i].value,
			      (int)(after - before), seen.sweep);
		assert_int_equal(after - before, rows[i].written ? 1 : 0);
		assert_int_equal(seen.sweep, rows[i].sweep);
	}
}

static void a_store_moves_to_another_account(void **state)
{
	struct world *world = *state;
	const struct snapshot *snapshot;

	assert_true(add_account(world, "main"));
	assert_true(add_account(world, "other"));
	assert_true(add_store(world, "shop", "main", NULL, 0));
	assert_true(settings_store_set(world->settings, STR("shop"), STR("other"), STR(""), NULL, 0, NOW_MS,
				       &world->err));
	assert_string_equal(newest_reason(world), "store shop: account \"main\" -> \"other\"");
	assert_true(seen.sweep);
	snapshot = settings_take(world->settings);
	assert_true(str_eq(snapshot_find_store(snapshot, STR("shop"))->account->name, STR("other")));
	settings_release(world->settings, snapshot);
}

static void secrets_rotate(void **state)
{
	static const struct {
		const char *secret; /* to rotate in; "" = forget the former */
		const char *newest;
		size_t n;
	} rows[] = {
		{ "second-secret-2222", "second-secret-2222", 2 },
		{ "third-secret-3333", "third-secret-3333", 2 },
		{ "", "third-secret-3333", 1 },
		{ "", "third-secret-3333", 1 },
	};
	struct world *world = *state;

	assert_true(add_account(world, "main"));
	assert_true(add_store(world, "shop", "main", NULL, 0));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct snapshot *snapshot;
		const struct settings_store *store;

		assert_true(settings_store_rotate(world->settings, STR("shop"), str_from(rows[i].secret),
						  NOW_MS, &world->err));
		snapshot = settings_take(world->settings);
		store = snapshot_find_store(snapshot, STR("shop"));
		assert_int_equal(store->n_secret, rows[i].n);
		assert_true(str_eq(store->secret[0], str_from(rows[i].newest)));
		if (i == 0)
			assert_true(str_eq(store->secret[1], STR(SECRET)));
		settings_release(world->settings, snapshot);
	}
	assert_true(settings_store_set(world->settings, STR("shop"), STR(""), STR("fourth-secret-4444"), NULL,
				       0, NOW_MS, &world->err));
	assert_string_equal(newest_reason(world), "store shop: secret changed");
	assert_true(settings_account_set(world->settings, STR("main"), STR("pk_canary_new_key_1"), NULL, 0,
					 NOW_MS, &world->err));
	assert_string_equal(newest_reason(world), "account main: key changed");
}

static void another_writer_is_not_overwritten(void **state)
{
	struct world *world = *state;
	const struct snapshot *snapshot;

	assert_true(add_account(world, "main"));
	assert_true(add_store(world, "shop", "main", NULL, 0));
	races = 4;
	assert_true(set_store(world, "shop", "market", "us"));
	snapshot = settings_take(world->settings);
	assert_true(str_eq(snapshot_find_store(snapshot, STR("shop"))->value[SETTING_KEY_market], STR("us")));
	settings_release(world->settings, snapshot);
	races = 5;
	assert_false(set_store(world, "shop", "market", "de"));
	assert_int_equal(world->err.code, ERR_CONFLICT);
	assert_int_equal(races, 0);
}

static void a_snapshot_outlives_changes(void **state)
{
	struct world *world = *state;
	const struct snapshot *old, *new;
	bool changed;

	assert_true(add_account(world, "main"));
	old = settings_take(world->settings);
	assert_true(add_store(world, "shop", "main", NULL, 0));
	assert_true(set_store(world, "shop", "market", "us"));
	new = settings_take(world->settings);
	assert_int_equal(old->n_store, 0);
	assert_int_equal(new->n_store, 1);
	assert_true(new->version > old->version);
	assert_true(str_eq(old->account[0].key, STR(KEY)));
	settings_release(world->settings, old);
	settings_release(world->settings, new);
	assert_true(settings_refresh(world->settings, &changed, &world->err));
	assert_false(changed);
}

static void another_process_sees_the_change(void **state)
{
	struct world *world = *state;
	struct settings *other;
	const struct snapshot *snapshot;
	bool changed;

	assert_true(settings_open(world->db, world->key_file, &other, &world->err));
	assert_true(add_account(world, "main"));
	assert_true(settings_refresh(other, &changed, &world->err));
	assert_true(changed);
	snapshot = settings_take(other);
	assert_int_equal(snapshot->n_account, 1);
	settings_release(other, snapshot);
	settings_close(other);
}

#define READERS 4
#define CHANGES 200

struct reader {
	pthread_t thread;
	struct settings *settings;
	atomic_bool *stop;
	int64_t n_seen; /* snapshots looked at */
	bool wrong;
};

/* In each snapshot versions only grow and both settings were written by one change. */
static void *read_on(void *arg)
{
	struct reader *reader = arg;
	int64_t last = 0;
	struct err err;

	while (!atomic_load(reader->stop)) {
		const struct snapshot *snapshot;
		const struct settings_store *store;

		reader->wrong |= !settings_refresh(reader->settings, NULL, &err);
		snapshot = settings_take(reader->settings);
		store = snapshot_find_store(snapshot, STR("shop"));
		reader->wrong |= snapshot->version < last || !store ||
				 setting_int(store->value, SETTING_KEY_quiet_ms) !=
					 setting_int(store->value, SETTING_KEY_quiet_max_ms) ||
				 !str_eq(store->account->key, STR(KEY));
		last = snapshot->version;
		reader->n_seen++;
		settings_release(reader->settings, snapshot);
	}
	return NULL;
}

static void readers_see_whole_changes(void **state)
{
	struct world *world = *state;
	struct setting_change both[] = { { STR("quiet_ms"), STR("7") }, { STR("quiet_max_ms"), STR("7") } };
	struct reader reader[READERS];
	atomic_bool stop = false;

	assert_true(add_account(world, "main"));
	assert_true(add_store(world, "shop", "main", both, ARRAY_LEN(both)));
	for (size_t i = 0; i < READERS; i++) {
		reader[i] = (struct reader){ .settings = world->settings, .stop = &stop };
		assert_int_equal(pthread_create(&reader[i].thread, NULL, read_on, &reader[i]), 0);
	}
	for (int i = 0; i < CHANGES; i++) {
		char text[16];

		(void)snprintf(text, sizeof(text), "%d", i);
		both[0].value = both[1].value = str_from(text);
		assert_true(settings_store_set(world->settings, STR("shop"), STR(""), STR(""), both,
					       ARRAY_LEN(both), NOW_MS, &world->err));
	}
	atomic_store(&stop, true);
	for (size_t i = 0; i < READERS; i++) {
		assert_int_equal(pthread_join(reader[i].thread, NULL), 0);
		assert_false(reader[i].wrong);
	}
}

static void a_replaced_key_file_is_noticed_and_can_be_mended(void **state)
{
	struct world *world = *state;
	struct settings *other;
	const struct snapshot *snapshot;

	assert_true(add_account(world, "main"));
	assert_true(add_store(world, "shop", "main", NULL, 0));
	settings_close(world->settings);
	world->settings = NULL;
	assert_int_equal(unlink(world->key_file), 0);
	assert_false(settings_open(world->db, world->key_file, &other, &world->err));
	assert_int_equal(world->err.code, ERR_DENIED);
	assert_non_null(strstr(world->err.msg, "key of account 'main'"));
	assert_true(settings_open_repair(world->db, world->key_file, &world->settings, &world->err));
	snapshot = settings_take(world->settings);
	assert_true(snapshot->account[0].broken);
	assert_true(snapshot->store[0].broken);
	assert_int_equal(snapshot->store[0].n_secret, 0);
	settings_release(world->settings, snapshot);
	assert_true(
		settings_account_set(world->settings, STR("main"), STR(KEY), NULL, 0, NOW_MS, &world->err));
	assert_true(settings_store_set(world->settings, STR("shop"), STR(""), STR(SECRET), NULL, 0, NOW_MS,
				       &world->err));
	assert_true(settings_open(world->db, world->key_file, &other, &world->err));
	settings_close(other);
}

static void a_setting_that_is_a_secret_is_sealed(void **state)
{
	struct world *world = *state;
	struct setting_change change[] = { { STR("optout_webhook"), STR("https://shop.test/hook") },
					   { STR("optout_webhook_secret"),
					     STR("canary-of-the-webhook-99") } };
	struct audit_filter filter = { .max_n = 10 };
	const struct snapshot *snapshot;
	struct audit_row *audit;
	struct config_rows rows;
	size_t n;

	assert_true(add_account(world, "main"));
	assert_true(add_store(world, "shop", "main", change, ARRAY_LEN(change)));
	assert_true(db_config_load(world->db, &world->arena, &rows, &world->err));
	assert_null(strstr(arena_cstr(&world->arena, rows.store[0].settings), "canary"));
	assert_non_null(strstr(arena_cstr(&world->arena, rows.store[0].settings), "optout_webhook_secret"));
	assert_true(db_audit_list(world->db, &filter, &world->arena, &audit, &n, &world->err));
	assert_null(strstr(arena_cstr(&world->arena, audit[0].reason), "canary"));
	assert_non_null(strstr(arena_cstr(&world->arena, audit[0].reason), "optout_webhook_secret changed"));
	settings_close(world->settings);
	assert_true(settings_open(world->db, world->key_file, &world->settings, &world->err));
	snapshot = settings_take(world->settings);
	assert_true(str_eq(snapshot->store[0].value[SETTING_KEY_optout_webhook_secret],
			   STR("canary-of-the-webhook-99")));
	assert_true(str_eq(setting_shown(SETTING_KEY_optout_webhook_secret,
					 snapshot->store[0].value[SETTING_KEY_optout_webhook_secret]),
			   STR("(set)")));
	settings_release(world->settings, snapshot);
	change[1].value = STR("");
	assert_true(settings_store_set(world->settings, STR("shop"), STR(""), STR(""), change + 1, 1, NOW_MS,
				       &world->err));
	snapshot = settings_take(world->settings);
	assert_int_equal(snapshot->store[0].value[SETTING_KEY_optout_webhook_secret].len, 0);
	settings_release(world->settings, snapshot);
	change[1].value = STR("too short");
	assert_false(settings_store_set(world->settings, STR("shop"), STR(""), STR(""), change + 1, 1, NOW_MS,
					&world->err));
	assert_null(strstr(world->err.msg, "too short"));
}

/* ---- taking back ---- */

static int64_t newest_version(struct world *world)
{
	int64_t version = 0;

	assert_true(db_config_version(world->db, &version, &world->err));
	return version;
}

static bool undo(struct world *world, int64_t version)
{
	return settings_undo(world->settings, version, NOW_MS, &world->err);
}

static const char *value_of(struct world *world, enum setting setting)
{
	const struct snapshot *snapshot = settings_take(world->settings);
	const char *text =
		arena_cstr(&world->arena, snapshot_find_store(snapshot, STR("shop"))->value[setting]);

	settings_release(world->settings, snapshot);
	return text;
}

static void a_change_is_taken_back_as_a_change(void **state)
{
	struct world *world = *state;
	struct config_rows rows;
	int64_t version;

	assert_true(add_account(world, "main"));
	assert_true(add_store(world, "shop", "main", NULL, 0));
	assert_true(set_store(world, "shop", "market", "us"));
	version = newest_version(world);
	assert_true(undo(world, version));
	assert_string_equal(value_of(world, SETTING_KEY_market), "");
	assert_int_equal(newest_version(world), version + 1);
	assert_string_equal(newest_reason(world), "store shop: market \"us\" -> \"\" (undoes change 3)");
	assert_true(db_config_load(world->db, &world->arena, &rows, &world->err));
	assert_true(str_eq(rows.store[0].settings, STR("{}"))); /* the default is one again */
	assert_true(undo(world, version + 1));
	assert_string_equal(value_of(world, SETTING_KEY_market), "us");
}

static void what_was_changed_again_is_not_taken_back(void **state)
{
	struct world *world = *state;
	int64_t version;

	assert_true(add_account(world, "main"));
	assert_true(add_store(world, "shop", "main", NULL, 0));
	assert_true(set_store(world, "shop", "market", "us"));
	version = newest_version(world);
	assert_true(set_store(world, "shop", "market", "se"));
	assert_false(undo(world, version));
	assert_int_equal(world->err.code, ERR_CONFLICT);
	assert_non_null(strstr(world->err.msg, "market was changed again since: it is \"se\" now"));
	assert_string_equal(value_of(world, SETTING_KEY_market), "se");
	assert_int_equal(newest_version(world), version + 1);
	assert_true(set_store(world, "shop", "market", ""));
	assert_false(undo(world, version));
	assert_int_equal(world->err.code, ERR_CONFLICT); /* all as before already */
}

/* Somebody changes the same value between the look and the write. */
static void taking_back_looks_again_after_a_race(void **state)
{
	struct world *world = *state;
	int64_t version;

	assert_true(add_account(world, "main"));
	assert_true(add_store(world, "shop", "main", NULL, 0));
	assert_true(set_store(world, "shop", "market", "us"));
	version = newest_version(world);
	races = 1;
	assert_true(undo(world, version));
	assert_string_equal(value_of(world, SETTING_KEY_market), "");
	assert_int_equal(newest_version(world), version + 2);
}

static void secrets_are_not_taken_back(void **state)
{
	struct world *world = *state;
	struct setting_change both[] = { { STR("market"), STR("us") },
					 { STR("optout_webhook_secret"), STR("canary-of-the-webhook-99") } };
	struct config_history_row row;
	struct settings_changed *changed;
	size_t n;

	assert_true(add_account(world, "main"));
	assert_true(add_store(world, "shop", "main", NULL, 0));
	assert_true(settings_store_set(world->settings, STR("shop"), STR(""), STR(SECRET "-new"), NULL, 0,
				       NOW_MS, &world->err));
	assert_false(undo(world, newest_version(world)));
	assert_int_equal(world->err.code, ERR_INVALID);
	assert_true(settings_store_set(world->settings, STR("shop"), STR(""), STR(""), both, 2, NOW_MS,
				       &world->err));
	assert_true(settings_history_get(world->db, newest_version(world), &world->arena, &row, &world->err));
	assert_null(strstr(arena_cstr(&world->arena, row.values), "canary"));
	settings_changed_read(&row, &world->arena, &changed, &n);
	assert_int_equal(n, 2);
	assert_false(changed[0].secret);
	assert_true(changed[1].secret);
	assert_int_equal(changed[1].to.len, 0);
	assert_true(undo(world, newest_version(world)));
	assert_string_equal(value_of(world, SETTING_KEY_market), "");
	assert_string_equal(value_of(world, SETTING_KEY_optout_webhook_secret), "canary-of-the-webhook-99");
}

static void a_move_is_taken_back_and_a_beginning_is_not(void **state)
{
	struct world *world = *state;
	const struct snapshot *snapshot;

	assert_true(add_account(world, "main"));
	assert_true(add_account(world, "second"));
	assert_true(add_store(world, "shop", "main", NULL, 0));
	assert_false(undo(world, newest_version(world)));
	assert_int_equal(world->err.code, ERR_INVALID);
	assert_true(settings_store_set(world->settings, STR("shop"), STR("second"), STR(""), NULL, 0, NOW_MS,
				       &world->err));
	assert_true(undo(world, newest_version(world)));
	assert_true(seen.sweep);
	snapshot = settings_take(world->settings);
	assert_true(str_eq(snapshot->store[0].account->name, STR("main")));
	settings_release(world->settings, snapshot);
	assert_true(settings_store_remove(world->settings, STR("shop"), NOW_MS, &world->err));
	assert_false(undo(world, newest_version(world)));
	assert_int_equal(world->err.code, ERR_INVALID);
	assert_false(undo(world, newest_version(world) - 1));
	assert_int_equal(world->err.code, ERR_NOT_FOUND); /* the store is gone */
	assert_false(undo(world, 1000));
	assert_int_equal(world->err.code, ERR_NOT_FOUND);
	assert_false(undo(world, 0));
	assert_int_equal(world->err.code, ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_change_is_taken_back_as_a_change, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_changed_again_is_not_taken_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(taking_back_looks_again_after_a_race, set_up, tear_down),
		cmocka_unit_test_setup_teardown(secrets_are_not_taken_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_move_is_taken_back_and_a_beginning_is_not, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_account_and_a_store_are_read_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keys_are_sealed_in_the_database, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_setting_that_is_a_secret_is_sealed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_names_and_keys_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_settings_are_refused_and_nothing_is_written, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(unknown_and_taken_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_sweep_is_asked_for_when_looks_change, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_store_moves_to_another_account, set_up, tear_down),
		cmocka_unit_test_setup_teardown(secrets_rotate, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_writer_is_not_overwritten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_snapshot_outlives_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_process_sees_the_change, set_up, tear_down),
		cmocka_unit_test_setup_teardown(readers_see_whole_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_replaced_key_file_is_noticed_and_can_be_mended, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
