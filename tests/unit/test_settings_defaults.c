/*
 * Defaults of the whole installation through the memory store: who follows them and who does not, which
 * stores a sweep reaches, what has no default for all, and taking a change back.
 */
#include "settings/history.h"
#include "settings/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW_MS INT64_C(1785000000000)

/* The memory store behind a front that notes which stores a change sweeps. */
struct world {
	struct db front;
	struct db *inner;
	char folder[64];
	char key_file[96];
	struct arena arena;
	struct settings *settings;
	struct err err;
	int n_swept;
	int64_t swept[8];
};

static struct world world;

static bool front_version(struct db *db, int64_t *version, struct err *err)
{
	(void)db;
	return db_config_version(world.inner, version, err);
}

static bool front_load(struct db *db, struct arena *arena, struct config_rows *out, struct err *err)
{
	(void)db;
	return db_config_load(world.inner, arena, out, err);
}

static bool front_change(struct db *db, const struct config_change *change, struct err *err)
{
	(void)db;
	world.n_swept = change->sweep ? (int)change->n_sweep_store : 0;
	for (int i = 0; i < world.n_swept; i++)
		world.swept[i] = change->sweep_store[i];
	return db_config_change(world.inner, change, err);
}

static bool front_history(struct db *db, const struct config_history_filter *filter, struct arena *arena,
			  struct config_history_row **row, size_t *n, struct err *err)
{
	(void)db;
	return db_config_history(world.inner, filter, arena, row, n, err);
}

static const struct db_ops front_ops = { .name = "front",
					 .config_version = front_version,
					 .config_load = front_load,
					 .config_change = front_change,
					 .config_history = front_history };

static void add(const char *account, const char *store)
{
	struct settings_new_store new = { .name = str_from(store),
					  .platform = STR("generic"),
					  .account = str_from(account),
					  .secret = STR("a-secret-of-the-shop") };

	assert_true(settings_account_add(world.settings, str_from(account), STR("pk_0123456789"), NULL, 0,
					 NOW_MS, &world.err));
	assert_true(settings_store_add(world.settings, &new, NOW_MS, &world.err));
}

/* Two accounts with a store each: "shop" and "other". */
static int set_up(void **state)
{
	struct db_config config = { .location = "", .owner_epoch = 1, .now_ms = NOW_MS };

	(void)state;
	strcpy(world.folder, "/tmp/pannier-defaults-XXXXXX");
	assert_non_null(mkdtemp(world.folder));
	(void)snprintf(world.key_file, sizeof(world.key_file), "%s/secret.key", world.folder);
	arena_init(&world.arena);
	assert_true(db_open(&db_memory_ops, &config, &world.inner, &world.err));
	world.front.ops = &front_ops;
	assert_true(settings_open(&world.front, world.key_file, &world.settings, &world.err));
	add("main", "shop");
	add("second", "other");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	settings_close(world.settings);
	db_close(world.inner);
	arena_release(&world.arena);
	(void)unlink(world.key_file);
	return rmdir(world.folder);
}

static bool set_default(const char *key, const char *value)
{
	struct setting_change change = { str_from(key), str_from(value) };

	return settings_defaults_set(world.settings, &change, 1, NOW_MS, &world.err);
}

static void set_store(const char *name, const char *key, const char *value)
{
	struct setting_change change = { str_from(key), str_from(value) };

	assert_true(settings_store_set(world.settings, str_from(name), STR(""), STR(""), &change, 1, NOW_MS,
				       &world.err));
}

static void set_account(const char *name, const char *key, const char *value)
{
	struct setting_change change = { str_from(key), str_from(value) };

	assert_true(settings_account_set(world.settings, str_from(name), STR(""), &change, 1, NOW_MS,
					 &world.err));
}

static int64_t version(void)
{
	int64_t version = 0;

	assert_true(db_config_version(world.inner, &version, &world.err));
	return version;
}

/* "VALUE from SOURCE" of a store, or with name NULL of the installation. */
static const char *shown(const char *name, enum setting setting)
{
	const struct snapshot *snapshot = settings_take(world.settings);
	const struct settings_store *store = name ? snapshot_find_store(snapshot, str_from(name)) : NULL;
	bool of_account = setting_row(setting)->scope == SETTING_ACCOUNT;
	const struct str *value = !store       ? snapshot->defaults.value
				  : of_account ? store->account->value
					       : store->value;
	const enum setting_source *from = !store       ? snapshot->defaults.from
					  : of_account ? store->account->from
						       : store->from;
	struct str text = arena_printf(&world.arena, "%.*s from %s", STR_ARG(value[setting]),
				       setting_source_text(from[setting]));

	settings_release(world.settings, snapshot);
	return arena_cstr(&world.arena, text);
}

static const char *kept(const char *name)
{
	struct config_rows rows;

	assert_true(db_config_load(world.inner, &world.arena, &rows, &world.err));
	for (size_t i = 0; i < rows.n_store; i++)
		if (str_eq(rows.store[i].name, str_from(name)))
			return arena_cstr(&world.arena, rows.store[i].settings);
	return arena_cstr(&world.arena, rows.defaults);
}

static void a_default_counts_where_nothing_else_is_said(void **state)
{
	(void)state;
	set_store("other", "quiet_ms", "7");
	assert_true(set_default("quiet_ms", "500"));
	assert_string_equal(shown(NULL, SETTING_KEY_quiet_ms), "500 from installation");
	assert_string_equal(shown("shop", SETTING_KEY_quiet_ms), "500 from installation");
	assert_string_equal(shown("other", SETTING_KEY_quiet_ms), "7 from own");
	assert_string_equal(shown("shop", SETTING_KEY_quiet_max_ms), "10000 from default");
	assert_true(set_default("timeout_ms", "5000"));
	assert_string_equal(shown("shop", SETTING_KEY_timeout_ms), "5000 from installation");
	assert_string_equal(kept(""), "{\"quiet_ms\":\"500\",\"timeout_ms\":\"5000\"}");
	assert_true(set_default("quiet_ms", ""));
	assert_string_equal(shown("shop", SETTING_KEY_quiet_ms), "1000 from default");
	assert_true(set_default("timeout_ms", "30000")); /* the table's */
	assert_string_equal(kept(""), "{}");
	assert_string_equal(shown("shop", SETTING_KEY_timeout_ms), "30000 from default");
}

/* What is the default anyway is not kept; what is not is, also where it is the default of the table. */
static void a_value_is_measured_by_the_default_in_force(void **state)
{
	int64_t before;

	(void)state;
	assert_true(set_default("price_source", "base"));
	before = version();
	set_store("shop", "price_source", "base");
	assert_int_equal(version(), before);
	assert_string_equal(kept("shop"), "{}");
	set_store("shop", "price_source", "sale");
	assert_string_equal(shown("shop", SETTING_KEY_price_source), "sale from own");
	assert_string_equal(kept("shop"), "{\"price_source\":\"sale\"}");
	set_store("shop", "price_source", "base"); /* back: as it was never set */
	assert_string_equal(shown("shop", SETTING_KEY_price_source), "base from installation");
	assert_string_equal(kept("shop"), "{}");
}

static void what_a_store_has_of_its_own_stays_its_own(void **state)
{
	int64_t before;

	(void)state;
	set_store("shop", "quiet_ms", "500");
	assert_true(set_default("quiet_ms", "500"));
	assert_string_equal(shown("shop", SETTING_KEY_quiet_ms), "500 from own");
	before = version();
	set_store("shop", "quiet_ms", "500");
	assert_int_equal(version(), before);
	assert_true(set_default("quiet_ms", "600"));
	assert_string_equal(shown("shop", SETTING_KEY_quiet_ms), "500 from own");
	assert_true(set_default("quiet_ms", "500"));
	set_store("shop", "quiet_ms", ""); /* the value stays, and follows from now on */
	assert_string_equal(shown("shop", SETTING_KEY_quiet_ms), "500 from installation");
	assert_true(settings_undo(world.settings, version(), NOW_MS, &world.err));
	assert_string_equal(shown("shop", SETTING_KEY_quiet_ms), "500 from own");
}

static void a_store_can_be_empty_where_the_default_is_not(void **state)
{
	(void)state;
	assert_true(set_default("profile_include", "size, colour"));
	assert_string_equal(shown("shop", SETTING_KEY_profile_include), "size, colour from installation");
	set_store("shop", "profile_include", "(empty)");
	assert_string_equal(shown("shop", SETTING_KEY_profile_include), " from own");
	set_store("shop", "profile_include", "");
	assert_string_equal(shown("shop", SETTING_KEY_profile_include), "size, colour from installation");
	assert_true(settings_undo(world.settings, version(), NOW_MS, &world.err));
	assert_string_equal(shown("shop", SETTING_KEY_profile_include), " from own");
}

static void stores_that_follow_are_looked_at_again(void **state)
{
	(void)state;
	set_store("other", "price_source", "base");
	assert_true(set_default("price_source", "reference"));
	assert_int_equal(world.n_swept, 1);
	assert_int_equal(world.swept[0], 1);
	set_account("main", "catalog_source", "feed");
	assert_true(set_default("catalog_source", "feed"));
	assert_int_equal(world.n_swept, 1);
	assert_int_equal(world.swept[0], 2);
	assert_true(set_default("catalog_source", "")); /* only through its account, too */
	assert_int_equal(world.n_swept, 1);
	assert_int_equal(world.swept[0], 2);
	assert_true(set_default("quiet_ms", "500"));
	assert_int_equal(world.n_swept, 0);
	set_store("shop", "price_source", "sale");
	assert_true(set_default("price_source", "sale"));
	assert_int_equal(world.n_swept, 0);
}

static void some_settings_have_no_default_for_all(void **state)
{
	static const struct {
		const char *key;
		const char *value;
		const char *want;
	} rows[] = {
		{ "market", "us", "'market' is a setting of a store by itself" },
		{ "id_prefix", "a", "of a store by itself" },
		{ "public_key", "AbC123", "'public_key' is a setting of an account by itself" },
		{ "pull_header", "a secret", "of a store by itself" },
		{ "pull_url", "https://shop.test", "of a store by itself" },
		{ "api_url", "https://klaviyo.test", "of an account by itself" },
		{ "optout_webhook", "https://shop.test", "of a store by itself" },
		{ "list", "News", "of a store by itself" },
		/* Over the account's: a default would win over what an account has of its own. */
		{ "store_metrics", "placed_order=off", "of a store by itself" },
		{ "store_schedules", "zoey", "of a store by itself" },
		{ "quitems", "1", "the installation has no setting 'quitems'" },
		{ "quiet_m", "1", "did you mean 'quiet_ms'?" },
		{ "quiet_ms", "-1", "quiet_ms must be a whole number" },
		{ "quiet_ms", "(empty)", "quiet_ms must be a whole number" },
	};
	int64_t before = version();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_false(set_default(rows[i].key, rows[i].value));
		assert_int_equal(world.err.code, ERR_INVALID);
		print_message("%s: %s\n", rows[i].key, world.err.msg);
		assert_non_null(strstr(world.err.msg, rows[i].want));
	}
	assert_int_equal(version(), before);
}

static void a_change_is_told_and_taken_back(void **state)
{
	struct config_history_filter filter = { .defaults = true, .max_n = 10 };
	struct config_history_row *row;
	struct settings_changed *changed;
	int64_t first;
	size_t n;

	(void)state;
	assert_true(set_default("price_source", "base"));
	first = version();
	assert_true(db_config_history(world.inner, &filter, &world.arena, &row, &n, &world.err));
	assert_int_equal(n, 1);
	assert_string_equal(arena_cstr(&world.arena, row[0].reason),
			    "defaults: price_source \"sale\" -> \"base\"");
	settings_changed_read(&row[0], &world.arena, &changed, &n);
	assert_int_equal(n, 1);
	assert_true(changed[0].from_default);
	assert_int_equal(settings_change_scope(row[0].kind), SETTING_INSTALLATION);
	assert_int_equal(settings_undo_problem(&row[0], changed, n).len, 0);
	assert_true(settings_undo(world.settings, first, NOW_MS, &world.err));
	assert_int_equal(world.n_swept, 2);
	assert_string_equal(kept(""), "{}");
	assert_string_equal(shown("shop", SETTING_KEY_price_source), "sale from default");
	assert_false(settings_undo(world.settings, first, NOW_MS, &world.err));
	assert_int_equal(world.err.code, ERR_CONFLICT);
	assert_true(settings_undo(world.settings, first + 1, NOW_MS, &world.err));
	assert_string_equal(shown("shop", SETTING_KEY_price_source), "base from installation");
	assert_true(set_default("price_source", "reference"));
	assert_false(settings_undo(world.settings, first, NOW_MS, &world.err));
	assert_int_equal(world.err.code, ERR_CONFLICT);
}

/* A store that followed a default follows it again, whatever it has become. */
static void taking_back_follows_the_default_of_now(void **state)
{
	int64_t change;

	(void)state;
	set_store("shop", "quiet_ms", "7");
	change = version();
	assert_true(set_default("quiet_ms", "500"));
	assert_true(settings_undo(world.settings, change, NOW_MS, &world.err));
	assert_string_equal(shown("shop", SETTING_KEY_quiet_ms), "500 from installation");
	assert_string_equal(kept("shop"), "{}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_default_counts_where_nothing_else_is_said, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_value_is_measured_by_the_default_in_force, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_a_store_has_of_its_own_stays_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_store_can_be_empty_where_the_default_is_not, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(stores_that_follow_are_looked_at_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(some_settings_have_no_default_for_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_change_is_told_and_taken_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(taking_back_follows_the_default_of_now, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
