/*
 * Backfill: files of history on the road to Klaviyo. Marked as history, bounded, going on after whatever
 * stops it, beside live traffic without a duplicate.
 */
#include "flow/backfill.h"
#include "support/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define END_MS	(10 * MS_PER_MIN)
#define STEP_MS 500

struct world {
	struct rig *rig;
	struct backfill *backfill;
	char path[96];
};

static void begin_world(struct world *world, struct rig *rig)
{
	world->rig = rig;
	rig_answer_all(rig);
	world->backfill = backfill_new(&rig->ctx);
	(void)snprintf(world->path, sizeof(world->path), "%s/history", rig->folder);
}

static void end_world(struct world *world)
{
	(void)unlink(world->path);
	backfill_free(world->backfill);
	rig_conserve(world->rig);
	rig_free(world->rig);
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	begin_world(world, rig_new(&db_memory_ops));
	*state = world;
	return 0;
}

/* Thousands of messages that wait: the backend in memory looks through all of them each time. */
static int set_up_for_many(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	begin_world(world, rig_new(&db_sqlite_ops));
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	end_world(*state);
	free(*state);
	return 0;
}

static void write_text(struct world *world, const char *text)
{
	FILE *file = fopen(world->path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

/* n orders, one per customer, placed a day apart. */
static void write_orders(struct world *world, int n)
{
	FILE *file = fopen(world->path, "wb");

	assert_non_null(file);
	for (int i = 0; i < n; i++)
		(void)fprintf(file,
			      "{\"type\":\"order.placed\",\"data\":{\"order_id\":\"%d\",\"placed_at\":\"2020-"
			      "01-%02dT00:00:%02dZ\","
			      "\"currency\":\"EUR\",\"total\":\"5.00\",\"customer\":{\"email\":\"c%d@shop."
			      "test\"},\"lines\":["
			      "{\"line_id\":\"1\",\"sku\":\"S\",\"name\":\"Mug\",\"quantity\":1,\"unit_"
			      "price\":\"5.00\"}]}}\n",
			      i + 1, i % 28 + 1, i / 28 % 60, i);
	assert_int_equal(fclose(file), 0);
}

static int64_t put(struct world *world, int64_t per_minute)
{
	struct rig *rig = world->rig;
	struct import_options options = { .kind = IMPORT_KIND_COUNT, .now_ms = rig->clock.now_ms };
	enum import_kind kind;
	int64_t id = 0;

	if (!backfill_register(rig->db, rig->clock.now_ms, rig_store_id(rig, "shop"), world->path, &options,
			       per_minute, &id, &kind, &rig->err))
		fail_msg("%s", rig->err.msg);
	return id;
}

static struct import_job job_of(struct world *world, int64_t id)
{
	struct import_job *job;
	size_t n;

	assert_true(db_import_list(world->rig->db, 0, &world->rig->arena, &job, &n, &world->rig->err));
	for (size_t i = 0; i < n; i++)
		if (job[i].id == id)
			return job[i];
	fail_msg("there is no import %lld", (long long)id);
	return (struct import_job){ 0 };
}

static void feed(struct world *world)
{
	struct flow_next next;

	if (!backfill_run_once(world->backfill, &next, &world->rig->err))
		assert_int_equal(world->rig->err.code, ERR_BUSY);
}

/* Makes room for more: little is read where messages wait. False: mapping found the store busy. */
static bool feed_and_map(struct world *world)
{
	struct flow_next next;
	bool ok;

	feed(world);
	ok = map_run_once(&world->rig->ctx, &next, &world->rig->err);
	if (!ok)
		assert_int_equal(world->rig->err.code, ERR_BUSY);
	return ok;
}

static void run_until(struct world *world, int64_t id, enum import_state state)
{
	int64_t end_ms = world->rig->clock.now_ms + END_MS;

	while (job_of(world, id).state != state) {
		assert_true(world->rig->clock.now_ms < end_ms);
		feed(world);
		rig_run(world->rig, STEP_MS);
	}
}

/* Occurrences of text in bodies of requests to this path. */
static size_t count_text(const struct world *world, const char *path, const char *text)
{
	size_t n = 0;

	for (size_t i = 0; i < fake_http_count(world->rig->http); i++) {
		const struct fake_request *request = fake_http_request(world->rig->http, i);
		struct str body = request->body;

		if (!strstr(arena_cstr(&world->rig->arena, request->path), path))
			continue;
		for (; body.len >= strlen(text); body = str_skip(body, 1))
			n += str_starts(body, str_from(text));
	}
	return n;
}

static void test_history_is_told_as_history(void **state)
{
	struct world *world = *state;
	int64_t id;

	write_orders(world, 40);
	id = put(world, 0);
	run_until(world, id, IMPORT_DONE);
	(void)rig_settle(world->rig, END_MS);
	assert_int_equal(job_of(world, id).n_new, 40);
	assert_int_equal(job_of(world, id).n_read, 40);
	assert_int_equal(count_text(world, "/api/event", "\"unique_id\""), 80);
	assert_int_equal(count_text(world, "/api/event", "\"backfill\":true"), 80);
	/* Once more: nothing is new, and nothing is sent. */
	id = put(world, 0);
	run_until(world, id, IMPORT_DONE);
	(void)rig_settle(world->rig, END_MS);
	assert_int_equal(job_of(world, id).n_duplicate, 40);
	assert_int_equal(count_text(world, "/api/event", "\"unique_id\""), 80);
}

/* The same order live and from the file: one event; what happens to it after the import is live. */
static void test_live_and_history(void **state)
{
	struct world *world = *state;
	int64_t id;

	rig_generic(world->rig, "shop", "order.placed",
		    "{'order_id':'1','placed_at':'2020-01-01T00:00:00Z','currency':'EUR','total':'5.00',"
		    "'customer':{'email':'c0@shop.test'},'lines':[{'line_id':'1','sku':'S','name':'Mug','"
		    "quantity':1,"
		    "'unit_price':'5.00'}]}");
	(void)rig_settle(world->rig, END_MS);
	write_orders(world, 2);
	id = put(world, 0);
	run_until(world, id, IMPORT_DONE);
	(void)rig_settle(world->rig, END_MS);
	assert_int_equal(count_text(world, "/api/event", "\"unique_id\":\"1\""), 1);
	assert_int_equal(count_text(world, "/api/event", "\"unique_id\":\"2\""), 1);
	rig_advance(world->rig, MS_PER_HOUR);
	rig_generic(world->rig, "shop", "order.fulfilled", "{'order_id':'2'}");
	(void)rig_settle(world->rig, END_MS);
	assert_int_equal(count_text(world, "/api/event", "Fulfilled Order"), 1);
	/* Of four events the live order's two left late, the imported one's two are history. */
	assert_int_equal(count_text(world, "/api/event", "\"backfill\":true"), 4);
}

/* History waits for more while something of the shop is on its way, and leaves at once when nothing is. */
static void test_history_waits_for_company(void **state)
{
	static const char *const slow[] = { "quiet_ms=40000", "quiet_max_ms=40000", NULL };
	static const char *const quick[] = { "quiet_ms=0", "quiet_max_ms=0", NULL };
	struct world *world = *state;
	struct rig *rig = world->rig;
	int64_t id;

	rig_store_set(rig, "shop", slow);
	rig_generic(rig, "shop", "product.updated", "{'id':'P','title':'Mug','url':'https://shop.test/p'}");
	rig_run(rig, MS_PER_S);
	rig_store_set(rig, "shop", quick);
	write_orders(world, 12);
	id = put(world, 0);
	run_until(world, id, IMPORT_DONE);
	rig_run(rig, 20 * MS_PER_S);
	assert_int_equal(rig_account_summary(rig, "main").created, 36);
	assert_int_equal(count_text(world, "/api/event", "\"unique_id\""), 0);
	assert_int_equal(count_text(world, "/api/profile-", "shop.test"), 0);
	rig_run(rig, 40 * MS_PER_S);
	assert_int_equal(count_text(world, "/api/event", "\"unique_id\""), 24);
	assert_true(count_text(world, "/api/profile-", "shop.test") > 0);
}

/* Consent from a file: with its date, as history; somebody who left is not asked. */
static void test_consent(void **state)
{
	struct world *world = *state;
	int64_t id;

	rig_generic(world->rig, "shop", "consent.changed",
		    "{'email':'left@shop.test','state':'unsubscribed'}");
	(void)rig_settle(world->rig, END_MS);
	write_text(world, "email,state,consented_at\nin@shop.test,subscribed,2021-05-06 07:08:09\n"
			  "left@shop.test,subscribed,2021-05-06 07:08:09\nwhen@shop.test,subscribed,\n");
	id = put(world, 0);
	run_until(world, id, IMPORT_DONE);
	(void)rig_settle(world->rig, END_MS);
	assert_int_equal(job_of(world, id).n_rejected, 1);
	assert_int_equal(count_text(world, "bulk-create", "in@shop.test"), 1);
	assert_int_equal(count_text(world, "bulk-create", "\"historical_import\":true"), 1);
	assert_int_equal(count_text(world, "bulk-create", "2021-05-06T07:08:09"), 1);
	assert_int_equal(count_text(world, "bulk-create", "left@shop.test"), 0);
}

/* Klaviyo takes nothing: not all is read, and little where nothing is mapped, for who comes behind. */
static void test_no_more_than_some_is_read(void **state)
{
	struct world *world = *state;
	int64_t id;

	write_orders(world, 20000);
	id = put(world, 0);
	for (int i = 0; i < 200; i++)
		feed(world);
	assert_in_range(job_of(world, id).n_new, 256, 256 + 255);
	for (int i = 0; i < 200; i++) {
		assert_true(feed_and_map(world));
	}
	/* An order and a person each. */
	assert_in_range(job_of(world, id).n_new, 4096, 4096 + 1024);
	assert_int_equal(job_of(world, id).state, IMPORT_OPEN);
}

/* Where live changes wait for their time, history is bounded all the same, and by its own alone. */
static void test_no_more_than_some_beside_a_schedule(void **state)
{
	struct world *world = *state;
	int64_t id;

	rig_account_set(world->rig, "main", "", (const char *const[]){ "schedules=zoey", NULL });
	write_orders(world, 20000);
	id = put(world, 0);
	for (int i = 0; i < 200; i++) {
		assert_true(feed_and_map(world));
	}
	/* An order and a person each. */
	assert_in_range(job_of(world, id).n_new, 4096, 4096 + 1024);
	assert_int_equal(job_of(world, id).state, IMPORT_OPEN);
}

static void test_throttle_and_pause(void **state)
{
	struct world *world = *state;
	struct rig *rig = world->rig;
	struct import_change pause = { .action = IMPORT_PAUSE }, resume = { .action = IMPORT_RESUME };
	struct import_change faster = { .action = IMPORT_THROTTLE };
	int64_t id;

	write_orders(world, 500);
	id = put(world, 60);
	for (int i = 0; i < 100; i++) {
		feed(world);
		rig_advance(rig, 100);
	}
	assert_in_range(job_of(world, id).n_new, 9, 11); /* 10 s at one a second */
	assert_true(db_import_change(rig->db, rig->clock.now_ms, id, &pause, &rig->err));
	rig_advance(rig, MS_PER_MIN);
	feed(world);
	assert_in_range(job_of(world, id).n_new, 9, 11);
	assert_true(db_import_change(rig->db, rig->clock.now_ms, id, &resume, &rig->err));
	assert_true(db_import_change(rig->db, rig->clock.now_ms, id, &faster, &rig->err));
	run_until(world, id, IMPORT_DONE);
	assert_int_equal(job_of(world, id).n_new, 500);
}

/* A price of the file is mended, behind this many bytes. */
static void mend_price(struct world *world, long behind)
{
	FILE *file = fopen(world->path, "r+b");
	char line[512];

	assert_non_null(file);
	assert_int_equal(fseek(file, behind, SEEK_SET), 0);
	assert_non_null(fgets(line, sizeof(line), file));
	behind = ftell(file);
	assert_non_null(fgets(line, sizeof(line), file));
	behind += strstr(line, "5.00") - line;
	assert_int_equal(fseek(file, behind, SEEK_SET), 0);
	assert_int_equal(fputc('6', file), '6');
	assert_int_equal(fclose(file), 0);
}

static void test_a_mended_file_is_another_one(void **state)
{
	struct world *world = *state;
	int64_t id, mended;

	write_orders(world, 1000);
	id = put(world, 0);
	mend_price(world, 80000);
	mended = put(world, 0);
	assert_int_not_equal(mended, id);
	run_until(world, id, IMPORT_FAILED);
	run_until(world, mended, IMPORT_DONE);
	assert_int_equal(job_of(world, mended).n_new, 1000);
}

static void test_another_file_and_none(void **state)
{
	struct world *world = *state;
	int64_t id;

	write_orders(world, 3);
	id = put(world, 0);
	write_orders(world, 4);
	run_until(world, id, IMPORT_FAILED);
	assert_string_equal(job_of(world, id).reason.p,
			    "the file is not the one it was when the import began");
	assert_int_equal(unlink(world->path), 0);
	assert_true(db_import_change(world->rig->db, world->rig->clock.now_ms, id,
				     &(struct import_change){ .action = IMPORT_RESUME }, &world->rig->err));
	run_until(world, id, IMPORT_FAILED);
	assert_non_null(strstr(job_of(world, id).reason.p, "No such file"));
	write_orders(world, 3);
	assert_int_equal(put(world, 0), id);
	run_until(world, id, IMPORT_DONE);
	assert_int_equal(job_of(world, id).n_new, 3);
}

/* A process that died between two pieces: another goes on there. */
static void test_another_process_goes_on(void **state)
{
	struct world *world = *state;
	int64_t id;

	write_orders(world, 1000);
	id = put(world, 0);
	while (job_of(world, id).state == IMPORT_OPEN) {
		assert_true(feed_and_map(world));
		backfill_free(world->backfill);
		world->backfill = backfill_new(&world->rig->ctx);
	}
	assert_int_equal(job_of(world, id).state, IMPORT_DONE);
	assert_int_equal(job_of(world, id).n_new, 1000);
	assert_int_equal(job_of(world, id).n_duplicate, 0);
}

/* Every verb of the store fails once, before its effect or after it: nothing is lost or twice there. */
static void test_every_fault(void **state)
{
	(void)state;
	for (int when = 0; when < 2; when++)
		for (int64_t at = 1; at <= 40; at++) {
			struct world world = { 0 };
			int64_t id;

			begin_world(&world, rig_new_faulty(&db_memory_ops));
			write_orders(&world, 600);
			id = put(&world, 0);
			db_fault_set(world.rig->ctx.db, at, (enum db_fault_when)when, ERR_BUSY);
			for (int i = 0; i < 40; i++)
				(void)feed_and_map(&world);
			db_fault_set(world.rig->ctx.db, 0, DB_FAULT_BEFORE, ERR_BUSY);
			assert_int_equal(job_of(&world, id).state, IMPORT_DONE);
			assert_int_equal(job_of(&world, id).n_new, 600);
			assert_int_equal(job_of(&world, id).n_read, 600);
			assert_int_equal(job_of(&world, id).n_duplicate, 0);
			end_world(&world);
		}
}

#define TEST(test)	cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define TEST_MANY(test) cmocka_unit_test_setup_teardown(test, set_up_for_many, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_history_is_told_as_history),
		TEST(test_live_and_history),
		TEST(test_history_waits_for_company),
		TEST(test_consent),
		TEST_MANY(test_no_more_than_some_beside_a_schedule),
		TEST_MANY(test_no_more_than_some_is_read),
		TEST(test_throttle_and_pause),
		TEST(test_a_mended_file_is_another_one),
		TEST(test_another_file_and_none),
		TEST(test_another_process_goes_on),
		cmocka_unit_test(test_every_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
