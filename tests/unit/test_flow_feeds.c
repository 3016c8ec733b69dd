/*
 * Feeds over sockets: what somebody hears who asks for one while the database is busy, while the disk is
 * full, and afterwards; and that each is as new as the catalog.
 */
#include "flow/feeds.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/file.h"
#include "net/http_client.h"
#include "support/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct world {
	struct rig *rig;
	struct wake *wake;
	struct feeds *feeds;
	struct http_server *server;
	struct http_client *client;
	pthread_t role;
	atomic_bool stop;
};

static void handle(void *ctx, struct http_exchange *exchange)
{
	struct world *world = ctx;
	struct str path = str_skip(http_exchange_request(exchange)->path, 1), store, token;

	(void)str_split(&path, '/', &store);
	(void)str_split(&path, '/', &token);
	feeds_ask(world->feeds, exchange, store, token, path);
}

static void *run_role(void *arg)
{
	struct world *world = arg;
	struct err err;
	int64_t wait_ms;

	while (!atomic_load(&world->stop)) {
		if (!feeds_run_once(world->feeds, &wait_ms, &err))
			abort();
		(void)wake_wait(world->wake, wait_ms);
	}
	return NULL;
}

static int set_up(void **state)
{
	static const char *const feed[] = { "catalog_source=feed", NULL };
	struct world *world = mem_zalloc(1, sizeof(*world));
	struct http_server_config server = { .listen = "127.0.0.1:0", .ctx = world, .handle = handle };
	struct rig *rig = world->rig = rig_new_faulty(&db_memory_ops);

	rig_account_set(rig, "main", "", feed);
	world->wake = wake_new();
	world->feeds = feeds_new(&rig->ctx, rig->folder, world->wake);
	assert_true(http_server_start(&server, &world->server, &rig->err));
	assert_true(http_client_new(&(struct http_client_config){ 0 }, &world->client, &rig->err));
	*state = world;
	return 0;
}

static void remove_files(struct rig *rig)
{
	static const char *const ending[] = { "", ".gz" };

	for (size_t i = 0; i < 2; i++)
		(void)unlink(
			arena_printf(&rig->arena, "%s/feeds/1-catalog.json%s", rig->folder, ending[i]).p);
	assert_int_equal(rmdir(arena_printf(&rig->arena, "%s/feeds", rig->folder).p), 0);
}

static int tear_down(void **state)
{
	struct world *world = *state;

	atomic_store(&world->stop, true);
	wake_send(world->wake);
	(void)pthread_join(world->role, NULL);
	http_client_free(world->client);
	http_server_stop(world->server);
	feeds_free(world->feeds);
	wake_free(world->wake);
	remove_files(world->rig);
	rig_free(world->rig);
	mem_free(world);
	return 0;
}

static int ask_as(struct world *world, const char *encoding, struct str *answer)
{
	struct http_header header = { STR("Accept-Encoding"), str_from(encoding) };
	struct rig *rig = world->rig;
	const struct snapshot *snapshot = settings_take(rig->settings);
	struct str token = feed_token(rig->settings, snapshot_find_store(snapshot, STR("shop")), &rig->arena);
	struct http_call call = {
		.method = "GET",
		.url = arena_printf(&rig->arena, "http://127.0.0.1:%d/shop/%.*s/catalog.json",
				    http_server_port(world->server), STR_ARG(token)),
		.header = &header,
		.n_header = 1,
	};
	int status = 0;

	settings_release(rig->settings, snapshot);
	assert_true(http_client_fetch(world->client, &call, &rig->arena, &status, answer, &rig->err));
	return status;
}

static int ask_for(struct world *world, struct str *answer)
{
	return ask_as(world, "identity", answer);
}

static int ask(struct world *world)
{
	struct str answer;

	return ask_for(world, &answer);
}

static void start_role(struct world *world)
{
	assert_int_equal(pthread_create(&world->role, NULL, run_role, world), 0);
}

/* Who reads "there is nothing here" may take the catalog for empty. */
static void a_busy_database_is_no_missing_feed(void **state)
{
	struct world *world = *state;

	db_fault_set(world->rig->db, 1, DB_FAULT_BEFORE, ERR_BUSY);
	start_role(world);
	assert_int_equal(ask(world), 503);
	assert_string_equal(db_fault_failed(world->rig->db), "config_version");
	assert_int_equal(ask(world), 200);
}

/* It is not too large: who hears that gives it up. */
static void a_full_disk_is_no_large_feed(void **state)
{
	struct world *world = *state;
	struct rig *rig = world->rig;
	const char *path = arena_printf(&rig->arena, "%s/feeds/1-catalog.json.new", rig->folder).p;

	assert_true(file_make_dir(arena_printf(&rig->arena, "%s/feeds", rig->folder).p, &rig->err));
	assert_int_equal(symlink("/dev/full", path), 0);
	start_role(world);
	assert_int_equal(ask(world), 503);
	(void)unlink(path);
	assert_int_equal(ask(world), 200);
}

/* Either may be all that somebody removed. */
static void a_removed_feed_is_written_again(void **state)
{
	static const char *const ending[] = { "", ".gz" }, *const encoding[] = { "identity", "gzip" };
	struct world *world = *state;
	struct rig *rig = world->rig;
	struct str answer;

	start_role(world);
	assert_int_equal(ask(world), 200);
	for (size_t i = 0; i < 2; i++) {
		const char *path =
			arena_printf(&rig->arena, "%s/feeds/1-catalog.json%s", rig->folder, ending[i]).p;

		assert_int_equal(unlink(path), 0);
		assert_int_equal(ask_as(world, encoding[i], &answer), 200);
		assert_true(answer.len > 0);
	}
}

/* The message that said so. */
static int64_t call_it(struct world *world, const char *title)
{
	struct rig *rig = world->rig;
	struct inbox_record record = { .store_id = rig_store_id(rig, "shop"),
				       .received_ms = clock_wall_ms(rig->ctx.clock),
				       .body = str_from(title),
				       .priority = PRIORITY_REALTIME };
	struct fact fact = { .entity = { ENTITY_PRODUCT, STR_INIT("mug") }, .part = STR("base") };
	struct inbox_result result = {
		.store_id = record.store_id, .state = MESSAGE_MAPPED, .fact = &fact, .n_fact = 1
	};
	struct inbox_receipt receipt;

	record.key = digest16_of(&record.body, 1);
	fact.body = arena_printf(&rig->arena,
				 "{\"title\":\"%s\",\"url\":\"https://shop.test/mug\",\"price\":\"3\","
				 "\"currency\":\"EUR\"}",
				 title);
	assert_true(db_inbox_append(rig->db, &record, 1, &receipt, &rig->err));
	result.message_id = receipt.id;
	assert_true(db_inbox_complete(rig->db, record.received_ms, &result, 1, &rig->err));
	return receipt.id;
}

static void map_again(struct world *world, int64_t message_id)
{
	struct rig *rig = world->rig;
	struct task_row task = { .store_id = rig_store_id(rig, "shop"),
				 .kind = TASK_REPLAY,
				 .options = STR("{}"),
				 .reason = STR("test") };
	struct task_step step = { .to = STR("1"), .state = IMPORT_OPEN, .again = &message_id, .n_again = 1 };
	size_t n;

	assert_true(db_task_put(rig->db, clock_wall_ms(rig->ctx.clock), &task, &step.task_id, &rig->err));
	assert_true(db_task_step(rig->db, clock_wall_ms(rig->ctx.clock), &step, &n, &rig->err));
}

/* Of two messages one is mapped, before and after: the count alone is the same. */
static void what_comes_in_during_a_replay_is_in_it(void **state)
{
	struct world *world = *state;
	struct str answer;
	int64_t id = call_it(world, "Mug");

	start_role(world);
	assert_int_equal(ask_for(world, &answer), 200);
	assert_non_null(strstr(arena_cstr(&world->rig->arena, answer), "Mug"));
	map_again(world, id);
	(void)call_it(world, "Cup");
	assert_int_equal(ask_for(world, &answer), 200);
	assert_non_null(strstr(arena_cstr(&world->rig->arena, answer), "Cup"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_busy_database_is_no_missing_feed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_disk_is_no_large_feed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_removed_feed_is_written_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_comes_in_during_a_replay_is_in_it, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
