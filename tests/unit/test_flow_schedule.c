/*
 * Schedules: what shops send is told at its time, merged to what is true then; shops are asked by the
 *            clock, once
 * for what was missed, never twice at a time.
 */
#include "flow/schedule.h"
#include "flow/pull.h"
#include "flow/reconcile.h"
#include "support/rig.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define TURN_MS (5 * MS_PER_S)
#define MINUTES (MS_PER_MIN)
#define ORDER \
	"{'order_id':'%s','placed_at':'2026-07-25T17:00:00Z','currency':'EUR','total':'5.00','customer':{'" \
	"email':" \
	"'c@shop.test'},'lines':[{'line_id':'1','sku':'S','name':'Mug','quantity':1,'unit_price':'5.00'}]}"
#define PRODUCT \
	"{'product_id':'p','title':'%s','price':'5.00','currency':'EUR','url':'https://shop.test/" \
	"p','variants':" \
	"[{'variant_id':'v','sku':'S','price':'5.00','stock':1}]}"

struct world {
	struct rig *rig;
	struct schedule_run *schedule;
	struct pull *pull;
	struct fake_http *shop;
	int status; /* of the shop */
};

/* RIG_START_MS is a multiple of five minutes: 2026-07-25, 17:20 UTC. */

static void shop_answers(void *arg, const struct fake_request *request, struct arena *arena,
			 struct fake_reply *reply)
{
	const struct world *world = arg;

	(void)request;
	(void)arena;
	*reply = (struct fake_reply){ .status = world->status, .body = STR("[]") };
}

static void open_stages(struct world *world)
{
	world->schedule = schedule_new(&world->rig->ctx);
	world->shop = fake_http_new(shop_answers, world);
	world->pull = pull_open(&world->rig->ctx, fake_http_client(world->shop));
}

static void close_stages(struct world *world)
{
	schedule_free(world->schedule);
	pull_close(world->pull);
	fake_http_free(world->shop);
}

static int set_up_with(void **state, const struct db_ops *ops)
{
	struct world *world = mem_zalloc(1, sizeof(*world));
	struct rig *rig = rig_new(ops);

	world->rig = rig;
	world->status = 200;
	rig_answer_all(rig);
	open_stages(world);
	*state = world;
	return 0;
}

static int set_up(void **state)
{
	return set_up_with(state, &db_memory_ops);
}

static int set_up_sqlite(void **state)
{
	return set_up_with(state, &db_sqlite_ops);
}

static int tear_down(void **state)
{
	struct world *world = *state;

	close_stages(world);
	rig_conserve(world->rig);
	rig_free(world->rig);
	mem_free(world);
	return 0;
}

static void account(struct world *world, const char *setting)
{
	rig_account_set(world->rig, "main", "", (const char *const[]){ setting, NULL });
}

static void store(struct world *world, const char *setting)
{
	rig_store_set(world->rig, "shop", (const char *const[]){ setting, NULL });
}

static void send(struct world *world, const char *type, const char *format, const char *word)
{
	rig_generic(world->rig, "shop", type,
		    arena_printf(&world->rig->arena, "%.*s%s%s", (int)(strstr(format, "%s") - format), format,
				 word, strstr(format, "%s") + 2)
			    .p);
}

static size_t sent(const struct world *world, const char *method, const char *path)
{
	return fake_http_count_of(world->rig->http, method, path);
}

static const char *last_body(const struct world *world)
{
	return arena_cstr(&world->rig->arena,
			  fake_http_request(world->rig->http, fake_http_count(world->rig->http) - 1)->body);
}

/* Long, without all the steps in between. */
static void run(struct world *world, int64_t ms)
{
	rig_run(world->rig, MINUTES);
	rig_advance(world->rig, ms - 2 * MINUTES);
	rig_run(world->rig, MINUTES);
}

/* ---- what shops send ---- */

static void test_events_wait(void **state)
{
	struct world *world = *state;

	account(world, "schedules=events=every 5 min");
	rig_advance(world->rig, MINUTES);
	send(world, "order.placed", ORDER, "1");
	rig_run(world->rig, 3 * MINUTES);
	assert_int_equal(sent(world, "POST", "/api/event"), 0);
	assert_int_equal(sent(world, "POST", "/api/profile-import"), 1); /* is not an event */
	rig_run(world->rig, 2 * MINUTES);
	assert_int_equal(sent(world, "POST", "/api/event"), 2);
	/* What comes now waits for the next time. */
	send(world, "order.placed", ORDER, "2");
	rig_run(world->rig, 2 * MINUTES);
	assert_int_equal(sent(world, "POST", "/api/event"), 2);
	rig_run(world->rig, 3 * MINUTES);
	assert_int_equal(sent(world, "POST", "/api/event"), 4);
}

/* What is true then is told, once; a store's own schedule goes before its account's. */
static void test_products_are_merged(void **state)
{
	struct world *world = *state;

	account(world, "schedules=zoey");
	store(world, "store_schedules=products=18:00 UTC, variants=19:00 UTC, categories=realtime");
	send(world, "product.upserted", PRODUCT, "First");
	run(world, 20 * MINUTES);
	send(world, "product.upserted", PRODUCT, "Second");
	run(world, 15 * MINUTES);
	assert_int_equal(fake_http_count(world->rig->http), 0);
	run(world, 10 * MINUTES);
	assert_int_equal(sent(world, "POST", "/api/catalog-items"), 1);
	assert_int_equal(sent(world, "POST", "/api/catalog-variants"), 0);
	assert_non_null(strstr(last_body(world), "Second"));
	run(world, 60 * MINUTES);
	assert_int_equal(sent(world, "POST", "/api/catalog-items"), 1);
	assert_int_equal(sent(world, "POST", "/api/catalog-variants"), 1);
	assert_int_equal(rig_store_summary(world->rig, "shop").due, 0);
}

/* While variants wait for theirs, an item that changes has a time of its own. */
static void test_each_change_waits(void **state)
{
	struct world *world = *state;

	account(world, "schedules=products=every 5 min, variants=19:00 UTC");
	send(world, "product.upserted", PRODUCT, "First");
	rig_run(world->rig, 6 * MINUTES);
	assert_int_equal(sent(world, "POST", "/api/catalog-items"), 1);
	send(world, "product.upserted", PRODUCT, "Second");
	rig_run(world->rig, 3 * MINUTES);
	assert_int_equal(sent(world, "PATCH", "/api/catalog-items"), 0);
	rig_run(world->rig, 2 * MINUTES);
	assert_int_equal(sent(world, "PATCH", "/api/catalog-items"), 1);
	assert_non_null(strstr(last_body(world), "Second"));
	assert_int_equal(sent(world, "POST", "/api/catalog-variants"), 0);
}

/* A variant does not go before its item. */
static void test_variants_behind_their_item(void **state)
{
	struct world *world = *state;

	account(world, "schedules=products=18:00 UTC");
	send(world, "product.upserted", PRODUCT, "First");
	run(world, 30 * MINUTES);
	assert_int_equal(fake_http_count(world->rig->http), 0);
	run(world, 15 * MINUTES);
	assert_int_equal(sent(world, "POST", "/api/catalog-items"), 1);
	assert_int_equal(sent(world, "POST", "/api/catalog-variants"), 1);
}

static void test_who_leaves_does_not_wait(void **state)
{
	struct world *world = *state;

	account(world, "schedules=subscribers=00:00 UTC");
	rig_generic(world->rig, "shop", "consent.changed", "{'email':'new@shop.test','state':'subscribed'}");
	rig_generic(world->rig, "shop", "consent.changed",
		    "{'email':'left@shop.test','state':'unsubscribed'}");
	run(world, 30 * MINUTES);
	assert_int_equal(sent(world, "POST", "/api/profile-subscription-bulk-delete"), 1);
	assert_int_equal(sent(world, "POST", "/api/profile-subscription-bulk-create"), 0);
	rig_advance(world->rig, 7 * MS_PER_HOUR);
	rig_run(world->rig, MINUTES);
	assert_int_equal(sent(world, "POST", "/api/profile-subscription-bulk-create"), 1);
}

static void test_history_does_not_wait(void **state)
{
	struct world *world = *state;

	account(world, "schedules=zoey");
	world->rig->priority = PRIORITY_BACKFILL;
	send(world, "order.placed", ORDER, "1");
	rig_run(world->rig, 2 * MINUTES);
	assert_int_equal(sent(world, "POST", "/api/event"), 2);
}

/* Nothing ran at the time: it is told when something runs again, without waiting for the next. */
static void test_missed_is_told_at_once(void **state)
{
	struct world *world = *state;

	account(world, "schedules=events=18:00 UTC");
	send(world, "order.placed", ORDER, "1");
	rig_run(world->rig, MINUTES);
	rig_advance(world->rig, 6 * MS_PER_HOUR);
	rig_crash(world->rig);
	rig_run(world->rig, MINUTES);
	assert_int_equal(sent(world, "POST", "/api/event"), 2);
}

/* ---- asking shops ---- */

static void turn(struct world *world, int64_t ms)
{
	struct flow_next next;

	for (; ms > 0; ms -= TURN_MS) {
		assert_true(schedule_run_once(world->schedule, &next, &world->rig->err));
		assert_true(pull_run_once(world->pull, 0, &next, &world->rig->err));
		rig_advance(world->rig, TURN_MS);
	}
}

static struct import_job *jobs(struct world *world, size_t *n)
{
	struct import_job *job;

	assert_true(db_import_list(world->rig->db, 0, &world->rig->arena, &job, n, &world->rig->err));
	return job;
}

static size_t n_jobs(struct world *world)
{
	size_t n;

	(void)jobs(world, &n);
	return n;
}

static struct schedule_view view_of(struct world *world, enum schedule_kind kind)
{
	struct schedule_view view[SCHEDULE_KIND_COUNT];
	const struct snapshot *settings = settings_take(world->rig->settings);

	assert_true(schedule_read(world->rig->db, snapshot_find_store(settings, STR("shop")),
				  world->rig->clock.now_ms, &world->rig->arena, view, &world->rig->err));
	settings_release(world->rig->settings, settings);
	return view[kind];
}

static void ask_for_orders(struct world *world)
{
	store(world, "pull_orders_url=https://shop.test/orders?page={page}&since={from}");
	store(world, "store_schedules=events=every 5 min");
}

/* As a person does. */
static int64_t ask(struct world *world, struct pull_wish wish)
{
	const struct snapshot *settings = settings_take(world->rig->settings);
	int64_t id = 0;

	assert_true(pull_register(world->rig->db, world->rig->clock.now_ms,
				  snapshot_find_store(settings, STR("shop")), &wish, 0, &id,
				  &world->rig->err));
	settings_release(world->rig->settings, settings);
	return id;
}

/* First all, as history; from then on what is new, with some overlap. */
static void test_the_shop_is_asked(void **state)
{
	struct world *world = *state;
	struct import_job *job;
	struct pull_wish wish;
	size_t n;

	rig_advance(world->rig, MINUTES);
	ask_for_orders(world);
	turn(world, 3 * MINUTES);
	assert_int_equal(n_jobs(world), 0); /* not before its time */
	assert_int_equal(view_of(world, SCHEDULE_EVENTS).last_ms, 0);
	assert_int_equal(view_of(world, SCHEDULE_EVENTS).next_ms, RIG_START_MS + 5 * MINUTES);
	assert_true(view_of(world, SCHEDULE_EVENTS).asks);
	turn(world, 5 * MINUTES);
	assert_int_equal(n_jobs(world), 1);
	assert_int_equal(view_of(world, SCHEDULE_EVENTS).last_ms, RIG_START_MS + 5 * MINUTES);
	assert_int_equal(view_of(world, SCHEDULE_EVENTS).next_ms, RIG_START_MS + 10 * MINUTES);
	turn(world, 5 * MINUTES);
	job = jobs(world, &n);
	assert_int_equal(n, 2);
	assert_true(pull_wish_read(job[0].options, &wish, &world->rig->err));
	assert_int_equal(wish.from_ms, 0);
	assert_false(wish.live);
	assert_true(pull_wish_read(job[1].options, &wish, &world->rig->err));
	assert_int_equal(wish.from_ms, RIG_START_MS - 5 * MINUTES);
	assert_true(wish.live);
	assert_int_equal(job[1].state, IMPORT_DONE);
}

static void test_missed_runs_are_one_run(void **state)
{
	struct world *world = *state;

	ask_for_orders(world);
	turn(world, 6 * MINUTES);
	assert_int_equal(n_jobs(world), 1);
	rig_advance(world->rig, 3 * MS_PER_HOUR);
	close_stages(world);
	open_stages(world);
	turn(world, MINUTES);
	assert_int_equal(n_jobs(world), 2);
	close_stages(world);
	open_stages(world);
	turn(world, MINUTES);
	assert_int_equal(n_jobs(world), 2);
}

/* One that takes longer than till the next time, and one that a person began. */
static void test_runs_do_not_overlap(void **state)
{
	struct world *world = *state;
	struct import_change cancel = { .action = IMPORT_CANCEL };
	int64_t id;
	size_t n;

	ask_for_orders(world);
	fake_http_hold(world->shop, "orders");
	turn(world, 17 * MINUTES);
	assert_int_equal(n_jobs(world), 1);
	assert_true(view_of(world, SCHEDULE_EVENTS).running);
	fake_http_hold(world->shop, NULL);
	turn(world, MINUTES);
	assert_int_equal(n_jobs(world), 2); /* at once: its time had passed */
	assert_false(view_of(world, SCHEDULE_EVENTS).running);
	fake_http_hold(world->shop, "orders");
	id = ask(world, (struct pull_wish){ .kind = PULL_ORDERS, .from_ms = 1 });
	turn(world, 6 * MINUTES);
	(void)jobs(world, &n);
	assert_int_equal(n, 3);
	assert_true(
		db_import_change(world->rig->db, world->rig->clock.now_ms, id, &cancel, &world->rig->err));
	turn(world, 6 * MINUTES);
	assert_int_equal(n_jobs(world), 4);
}

/* The shop refuses: the run is tried again at the next times, not sooner, and as the same import. */
static void test_failed_runs_go_on(void **state)
{
	struct world *world = *state;
	size_t n;

	ask_for_orders(world);
	world->status = 403;
	turn(world, 16 * MINUTES);
	assert_int_equal(jobs(world, &n)[0].state, IMPORT_FAILED);
	assert_int_equal(n, 1);
	assert_int_equal(fake_http_count(world->shop), 3);
	world->status = 200;
	turn(world, 6 * MINUTES);
	assert_int_equal(jobs(world, &n)[0].state, IMPORT_DONE);
	assert_int_equal(n, 1);
}

/* What a person asked for has failed, and goes on as the first run: what it read is as old as it is. */
static void test_failed_ones_of_people_go_on(void **state)
{
	struct world *world = *state;
	struct pull_wish wish;
	int64_t asked_ms;
	size_t n;

	store(world, "pull_orders_url=https://shop.test/orders?page={page}&since={from}");
	world->status = 403;
	asked_ms = world->rig->clock.now_ms;
	(void)ask(world, (struct pull_wish){ .kind = PULL_ORDERS });
	turn(world, MS_PER_HOUR);
	assert_int_equal(jobs(world, &n)[0].state, IMPORT_FAILED);
	world->status = 200;
	ask_for_orders(world);
	turn(world, 12 * MINUTES);
	assert_int_equal(jobs(world, &n)[0].state, IMPORT_DONE);
	assert_true(n > 1);
	assert_true(pull_wish_read(jobs(world, &n)[1].options, &wish, &world->rig->err));
	assert_true(wish.live);
	assert_int_equal(wish.from_ms, asked_ms - 10 * MINUTES);
}

/* Customers and subscribers are one schedule; what cannot be asked is passed over. */
static void test_subscribers_are_two(void **state)
{
	struct world *world = *state;
	struct import_job *job;
	size_t n;

	store(world, "pull_customers_url=https://shop.test/customers?page={page}");
	store(world, "pull_subscribers_url=https://shop.test/subscribers?page={page}");
	store(world, "store_schedules=zoey");
	turn(world, MINUTES);
	rig_advance(world->rig, 7 * MS_PER_HOUR);
	turn(world, MINUTES);
	job = jobs(world, &n);
	assert_int_equal(n, 2);
	assert_string_equal(job[0].path.p, "customers");
	assert_string_equal(job[1].path.p, "subscribers");
	assert_true(view_of(world, SCHEDULE_PRODUCTS).last_ms == 0);
	rig_advance(world->rig, 4 * MS_PER_HOUR);
	turn(world, MINUTES);
	assert_true(view_of(world, SCHEDULE_PRODUCTS).last_ms > 0);
	assert_false(view_of(world, SCHEDULE_PRODUCTS).asks);
}

/* Once a week, and not while one is under way. */
static void test_comparison(void **state)
{
	struct world *world = *state;
	struct task_row task = { 0 };
	int64_t first;

	store(world, "store_schedules=reconcile=Sun 05:00 UTC");
	turn(world, MINUTES);
	rig_advance(world->rig, 11 * MS_PER_HOUR);
	turn(world, MINUTES);
	assert_true(reconcile_last(world->rig->db, rig_store_id(world->rig, "shop"), &world->rig->arena,
				   &task, &world->rig->err));
	assert_int_equal(task.id, 0);
	turn(world, MS_PER_HOUR);
	assert_true(reconcile_last(world->rig->db, rig_store_id(world->rig, "shop"), &world->rig->arena,
				   &task, &world->rig->err));
	first = task.id;
	assert_true(first > 0);
	assert_true(view_of(world, SCHEDULE_RECONCILE).running);
	rig_advance(world->rig, 14 * MS_PER_DAY);
	turn(world, MINUTES);
	assert_true(reconcile_last(world->rig->db, rig_store_id(world->rig, "shop"), &world->rig->arena,
				   &task, &world->rig->err));
	assert_int_equal(task.id, first);
	assert_true(db_task_change(world->rig->db, world->rig->clock.now_ms, first, IMPORT_CANCEL,
				   &world->rig->err));
	turn(world, MINUTES);
	assert_true(reconcile_last(world->rig->db, rig_store_id(world->rig, "shop"), &world->rig->arena,
				   &task, &world->rig->err));
	assert_true(task.id > first);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_events_wait),
		TEST(test_products_are_merged),
		cmocka_unit_test_setup_teardown(test_products_are_merged, set_up_sqlite, tear_down),
		TEST(test_each_change_waits),
		TEST(test_variants_behind_their_item),
		TEST(test_who_leaves_does_not_wait),
		TEST(test_history_does_not_wait),
		TEST(test_missed_is_told_at_once),
		TEST(test_the_shop_is_asked),
		cmocka_unit_test_setup_teardown(test_the_shop_is_asked, set_up_sqlite, tear_down),
		TEST(test_missed_runs_are_one_run),
		TEST(test_runs_do_not_overlap),
		TEST(test_failed_runs_go_on),
		TEST(test_failed_ones_of_people_go_on),
		TEST(test_subscribers_are_two),
		TEST(test_comparison),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
