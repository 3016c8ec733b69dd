/*
 * Ingest over sockets: each status, when it is given, and what is left of a request that was refused. The
 * commit runs only when the test says so, on a thread of its own.
 */
#include "flow/ingest.h"

#include "base/alloc.h"
#include "base/attr.h"
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

#define SECRET "a-secret-of-some-length"
#define BODY   "{\"event_type\":\"tag.updated\",\"payload\":{\"id\":\"t1\",\"title\":\"x\"}}"

struct world {
	struct rig *rig;
	struct inbox *inbox;
	struct wake *wake;
	struct ingest *ingest;
	struct http_server *server;
	struct http_client *client;
	pthread_t committer;
	atomic_bool stop;
	struct arena arena;
	struct err err;
};

static void handle(void *ctx, struct http_exchange *exchange)
{
	struct world *world = ctx;
	struct str path = str_skip(http_exchange_request(exchange)->path, sizeof("/hooks/") - 1), platform;

	(void)str_split(&path, '/', &platform);
	ingest_webhook(world->ingest, exchange, platform, path);
}

static size_t body_max(void *ctx, struct str method, struct str path)
{
	struct world *world = ctx;

	(void)method;
	return ingest_body_max(world->ingest, path);
}

static void *commit(void *arg)
{
	struct world *world = arg;
	struct err err;
	size_t n;

	while (!atomic_load(&world->stop)) {
		if (!inbox_commit_run_once(world->inbox, &n, &err))
			abort();
		(void)wake_wait(world->wake, 20);
	}
	return NULL;
}

static int set_up(void **state)
{
	struct world *world = mem_zalloc(1, sizeof(*world));
	struct http_server_config server = {
		.listen = "127.0.0.1:0",
		.body_bytes_max = 1 << 24,
		.ctx = world,
		.body_max = body_max,
		.handle = handle,
	};

	world->rig = rig_new(&db_memory_ops);
	assert_true(settings_store_add(world->rig->settings,
				       &(struct settings_new_store){ .name = STR("enadshop"),
								     .platform = STR("enad"),
								     .account = STR("main"),
								     .secret = STR(SECRET) },
				       RIG_START_MS, &world->err));
	world->wake = wake_new();
	world->inbox = inbox_new(&(struct inbox_config){ .db = world->rig->db, .wake = world->wake });
	world->ingest = ingest_new(&world->rig->ctx, world->inbox);
	arena_init(&world->arena);
	assert_true(http_server_start(&server, &world->server, &world->err));
	assert_true(http_client_new(&(struct http_client_config){ 0 }, &world->client, &world->err));
	assert_int_equal(pthread_create(&world->committer, NULL, commit, world), 0);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	atomic_store(&world->stop, true);
	wake_send(world->wake);
	(void)pthread_join(world->committer, NULL);
	http_client_free(world->client);
	http_server_stop(world->server);
	inbox_free(world->inbox);
	ingest_free(world->ingest);
	wake_free(world->wake);
	rig_free(world->rig);
	arena_release(&world->arena);
	mem_free(world);
	return 0;
}

struct request {
	const char *path;
	const char *secret;
	const char *content_type;
	struct str body;
	const char *encoding; /* Content-Encoding */
};

static int post(struct world *world, struct request request, struct str *answer)
{
	struct http_header header[] = {
		{ STR("Content-Type"),
		  str_from(request.content_type ? request.content_type : "application/json") },
		{ STR("Content-Encoding"), str_from(request.encoding ? request.encoding : "identity") },
		{ STR("X-Api-Key"), str_from(request.secret) },
	};
	struct http_call call = {
		.method = "POST",
		.url = arena_printf(&world->arena, "http://127.0.0.1:%d%s", http_server_port(world->server),
				    request.path ? request.path : "/hooks/enad/enadshop"),
		.header = header,
		.n_header = request.secret ? 3 : 2,
		.body = request.body.p ? request.body : STR(BODY),
	};
	struct str ignored;
	int status = 0;

	if (!http_client_fetch(world->client, &call, &world->arena, &status, answer ? answer : &ignored,
			       &world->err))
		fail_msg("%s", world->err.msg);
	return status;
}

static void upkeep(struct world *world)
{
	struct flow_next next;

	assert_true(ingest_upkeep_run_once(world->ingest, &next, &world->err));
}

/* ---- statuses ---- */

static void statuses_by_table(void **state)
{
	static char large[3000];
	static const struct {
		const char *what;
		struct request request;
		int want;
	} table[] = {
		{ "good", { .secret = SECRET }, 200 },
		{ "the same again", { .secret = SECRET }, 200 },
		{ "no secret", { 0 }, 401 },
		{ "wrong secret", { .secret = "not it" }, 401 },
		{ "unknown store", { .path = "/hooks/enad/nobody", .secret = SECRET }, 404 },
		{ "store of another platform", { .path = "/hooks/generic/enadshop", .secret = SECRET }, 404 },
		{ "unknown platform", { .path = "/hooks/opencart/enadshop", .secret = SECRET }, 404 },
		{ "escaped name", { .path = "/hooks/enad/enad%73hop", .secret = SECRET }, 404 },
		{ "wrong type", { .secret = SECRET, .content_type = "text/html" }, 415 },
		{ "compressed", { .secret = SECRET, .encoding = "gzip" }, 415 },
		{ "not JSON", { .secret = SECRET, .body = { "{\"event_type\":", 14 } }, 400 },
		{ "too large", { .secret = SECRET, .body = { large, sizeof(large) } }, 413 },
		{ "type before secret", { .content_type = "text/html" }, 415 },
	};
	struct world *world = *state;

	memset(large, ' ', sizeof(large));
	rig_store_set(world->rig, "enadshop", (const char *const[]){ "max_body_bytes=2000", NULL });
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		print_message("%s\n", table[i].what);
		assert_int_equal(post(world, table[i].request, NULL), table[i].want);
	}
	assert_int_equal(rig_store_summary(world->rig, "enadshop").received, 2);
	assert_int_equal(rig_store_summary(world->rig, "enadshop").duplicate, 1);
}

static void errors_are_json_and_say_where(void **state)
{
	struct world *world = *state;
	struct str answer;

	assert_int_equal(post(world,
			      (struct request){ .secret = SECRET, .body = STR("{\n  \"event_type\": nul }") },
			      &answer),
			 400);
	assert_true(str_starts(answer, STR("{\"error\":")));
	assert_non_null(strstr(arena_cstr(&world->arena, answer), "line 2"));
	assert_int_equal(post(world, (struct request){ .secret = "canary-4711" }, &answer), 401);
	assert_null(strstr(arena_cstr(&world->arena, answer), "canary"));
}

static void a_store_added_meanwhile_works_at_once(void **state)
{
	struct world *world = *state;
	struct settings *other = NULL;

	/* another process with the same database */
	assert_true(settings_open(world->rig->db, world->rig->key_file, &other, &world->err));
	assert_int_equal(post(world, (struct request){ .path = "/hooks/enad/late", .secret = SECRET }, NULL),
			 404);
	assert_true(settings_store_add(other,
				       &(struct settings_new_store){ .name = STR("late"),
								     .platform = STR("enad"),
								     .account = STR("main"),
								     .secret = STR(SECRET) },
				       RIG_START_MS, &world->err));
	settings_close(other);
	rig_advance(world->rig, 250); /* the database is asked at most so often */
	assert_int_equal(post(world, (struct request){ .path = "/hooks/enad/late", .secret = SECRET }, NULL),
			 200);
}

static struct rig *busy_rig;

/* Whenever ingest asks for the time, a role has just read the settings anew. */
static int64_t busy_mono_ms(struct clock *clock)
{
	struct err err;

	(void)clock;
	(void)!settings_refresh(busy_rig->settings, NULL, &err);
	return busy_rig->clock.now_ms;
}

static void a_role_that_reads_the_settings_first_hides_no_store(void **state)
{
	struct world *world = *state;
	struct clock_manual busy = world->rig->clock;
	struct settings *other = NULL;

	busy_rig = world->rig;
	busy.clock.mono_ms = busy_mono_ms;
	world->rig->ctx.clock = &busy.clock;
	assert_true(settings_open(world->rig->db, world->rig->key_file, &other, &world->err));
	assert_true(settings_store_add(other,
				       &(struct settings_new_store){ .name = STR("late"),
								     .platform = STR("enad"),
								     .account = STR("main"),
								     .secret = STR(SECRET) },
				       RIG_START_MS, &world->err));
	settings_close(other);
	assert_int_equal(post(world, (struct request){ .path = "/hooks/enad/late", .secret = SECRET }, NULL),
			 200);
	world->rig->ctx.clock = &world->rig->clock.clock;
}

static void too_much_pending_is_429(void **state)
{
	struct world *world = *state;
	int got[4];

	rig_store_set(world->rig, "enadshop", (const char *const[]){ "max_pending=2", NULL });
	for (int i = 0; i < 4; i++)
		got[i] = post(
			world,
			(struct request){ .secret = SECRET,
					  .body = arena_printf(&world->arena,
							       "{\"event_type\":\"tag.updated\",\"payload\""
							       ":{\"id\":\"t%d\",\"title\":\"x\"}}",
							       i) },
			NULL);
	assert_int_equal(got[0], 200);
	assert_int_equal(got[1], 200);
	assert_int_equal(got[2], 429);
	assert_int_equal(got[3], 429);
	/* mapped, and the number read anew: there is room again */
	(void)rig_step(world->rig);
	rig_advance(world->rig, 1000);
	upkeep(world);
	assert_int_equal(post(world, (struct request){ .secret = SECRET }, NULL), 200);
}

#define TRIES 1000

static bool disk_is_full(struct db *db, const struct inbox_record *record, size_t n,
			 struct inbox_receipt *receipt, struct err *err)
{
	(void)db;
	(void)record;
	(void)n;
	(void)receipt;
	return err_set(err, ERR_TOO_LARGE, "disk full");
}

static void what_cannot_be_stored_is_503(void **state)
{
	struct world *world = *state;
	struct db_ops full = *world->rig->db->ops;
	const struct db_ops *good = world->rig->db->ops;
	int status = 503;

	full.inbox_append = disk_is_full;
	world->rig->db->ops = &full;
	assert_int_equal(post(world, (struct request){ .secret = SECRET }, NULL), 503);
	world->rig->db->ops = good;
	/* What comes while those that waited are told is told the same; then it goes. */
	for (int i = 0; i < TRIES && status == 503; i++)
		status = post(world, (struct request){ .secret = SECRET }, NULL);
	assert_int_equal(status, 200);
	assert_int_equal(rig_store_summary(world->rig, "enadshop").received, 1);
}

static void refusals_are_audited_once_a_second(void **state)
{
	struct world *world = *state;
	struct rig *rig = world->rig;

	for (int i = 0; i < 5; i++)
		(void)post(world, (struct request){ .secret = "wrong" }, NULL);
	upkeep(world);
	assert_int_equal(rig_audit_count(rig, AUDIT_MESSAGE_REFUSED), 1);
	assert_non_null(
		strstr(arena_cstr(&world->arena, rig_audit_reason(rig, AUDIT_MESSAGE_REFUSED)), "4 more"));
	for (int i = 0; i < 3; i++)
		(void)post(world, (struct request){ .secret = "wrong" }, NULL);
	upkeep(world);
	assert_int_equal(rig_audit_count(rig, AUDIT_MESSAGE_REFUSED), 1);
	rig_advance(rig, 1000);
	upkeep(world); /* nobody knocks any more: the rest is told */
	assert_int_equal(rig_audit_count(rig, AUDIT_MESSAGE_REFUSED), 2);
	rig_advance(rig, 1000);
	upkeep(world);
	assert_int_equal(rig_audit_count(rig, AUDIT_MESSAGE_REFUSED), 2);
	/* who asks for what is not there is nobody's audit */
	(void)post(world, (struct request){ .path = "/hooks/enad/nobody" }, NULL);
	upkeep(world);
	assert_int_equal(rig_audit_count(rig, AUDIT_MESSAGE_REFUSED), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(statuses_by_table),
		TEST(errors_are_json_and_say_where),
		TEST(a_store_added_meanwhile_works_at_once),
		TEST(a_role_that_reads_the_settings_first_hides_no_store),
		TEST(too_much_pending_is_429),
		TEST(what_cannot_be_stored_is_503),
		TEST(refusals_are_audited_once_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
