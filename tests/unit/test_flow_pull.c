/*
 * Pull: a shop's pages into the inbox: all of them once, whatever the shop does and whatever stops it.
 */
#include "flow/pull.h"
#include "support/rig.h"

#include "base/alloc.h"
#include "net/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define END_MS	(20 * MS_PER_MIN)
#define STEP_MS 100
#define ORDERS	"pull_orders_url=https://shop.test/orders?page={page}&limit={limit}&since={from}"

/* A shop with n orders. */
struct shop {
	int n;
	int n_broken;		  /* so many requests get... */
	struct fake_reply broken; /* ... this */
	bool repeats;		  /* pages behind the last are the last again */
	bool by_link;
	const char *circle; /* next cursor of every page */
	const char *token;  /* that is taken; NULL = none is needed */
	int n_token;	    /* given out */
	int life_s;
};

struct world {
	struct rig *rig;
	struct shop shop;
	struct fake_http *http;
	struct pull *pull;
};

/* ---- the shop ---- */

static int64_t number(struct str query, const char *name, struct arena *arena)
{
	struct str text;
	int64_t value = 0;

	if (url_query(query, name, arena, &text))
		(void)str_to_int64(text, &value);
	return value;
}

static struct str order(int i, struct arena *arena)
{
	return arena_printf(
		arena,
		"{\"order_id\":\"%d\",\"placed_at\":\"2020-01-%02dT00:00:00Z\",\"currency\":"
		"\"EUR\",\"total\":\"5.00\",\"customer\":{\"email\":\"c%d@shop.test\"},\"lines\":[{"
		"\"line_id\":\"1\",\"sku\":\"S\",\"name\":\"Mug\",\"quantity\":1,\"unit_price\":"
		"\"5.00\"}]}",
		i, i % 28 + 1, i);
}

static void answer_page(struct shop *shop, struct str query, struct arena *arena, struct fake_reply *reply)
{
	int64_t page = number(query, "page", arena), limit = number(query, "limit", arena);
	int64_t last = (shop->n + limit - 1) / limit;
	struct strbuf body;

	if (shop->repeats && page > last)
		page = last;
	strbuf_init(&body, (size_t)1 << 20);
	strbuf_add_text(&body, "{\"data\":[");
	for (int64_t i = (page - 1) * limit; i < page * limit && i < shop->n; i++)
		strbuf_addf(&body, "%s%.*s", body.p[body.len - 1] == '[' ? "" : ",",
			    STR_ARG(order((int)i + 1, arena)));
	strbuf_addf(&body, "],\"pages\":%lld,\"count\":%d,\"next\":\"%s\"}", (long long)last, shop->n,
		    shop->circle ? shop->circle : "");
	reply->status = 200;
	reply->body = arena_dup(arena, strbuf_str(&body));
	if (shop->by_link && page < last)
		reply->link = arena_printf(arena,
					   "<https://shop.test/orders?page=1>; rel=\"first\", "
					   "</orders?page=%lld&limit=%lld>; rel=\"next\"",
					   (long long)page + 1, (long long)limit);
	strbuf_release(&body);
}

static void answer(void *arg, const struct fake_request *request, struct arena *arena,
		   struct fake_reply *reply)
{
	struct shop *shop = arg;
	struct str query = str_skip(request->path, str_find_char(request->path, '?') + 1);

	if (str_starts(request->path, STR("/token"))) {
		shop->n_token++;
		shop->token = "t1";
		reply->status = 200;
		reply->body = arena_printf(
			arena, "{\"access_token\":\"t1\",\"refresh_token\":\"r%d\",\"expires_in\":%d}",
			shop->n_token, shop->life_s);
	} else if (shop->n_broken > 0) {
		shop->n_broken--;
		*reply = shop->broken;
	} else if (shop->token && !str_eq(fake_request_header(request, "Authorization"),
					  arena_printf(arena, "Bearer %s", shop->token))) {
		reply->status = 401;
	} else if (str_starts(request->path, STR("/products"))) {
		reply->status = 200;
		reply->body = STR("{\"data\":[{\"product_id\":\"p\",\"title\":\"Pulled\"}]}");
	} else {
		answer_page(shop, query, arena, reply);
	}
}

/* ---- the world ---- */

static void open_pull(struct world *world)
{
	world->http = fake_http_new(answer, &world->shop);
	world->pull = pull_open(&world->rig->ctx, fake_http_client(world->http));
}

static void close_pull(struct world *world)
{
	pull_close(world->pull);
	fake_http_free(world->http);
}

static void begin(struct world *world, struct rig *rig)
{
	static const char *const settings[] = { ORDERS, "pull_items=/data", "pull_page_size=10",
						"pull_pages_per_minute=6000", NULL };

	*world = (struct world){ .rig = rig, .shop = { .n = 45, .life_s = 3600 } };
	rig_store_set(rig, "shop", settings);
	open_pull(world);
}

static void end(struct world *world)
{
	close_pull(world);
	rig_conserve(world->rig);
	rig_free(world->rig);
}

static int set_up(void **state)
{
	struct world *world = mem_zalloc(1, sizeof(*world));

	begin(world, rig_new(&db_memory_ops));
	*state = world;
	return 0;
}

static int set_up_sqlite(void **state)
{
	struct world *world = mem_zalloc(1, sizeof(*world));

	begin(world, rig_new(&db_sqlite_ops));
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	end(*state);
	mem_free(*state);
	return 0;
}

static void set(struct world *world, const char *setting)
{
	const char *const settings[] = { setting, NULL };

	rig_store_set(world->rig, "shop", settings);
}

static int64_t put(struct world *world, struct pull_wish wish)
{
	const struct snapshot *settings = settings_take(world->rig->settings);
	int64_t id = 0;

	wish.kind = PULL_ORDERS;
	if (!pull_register(world->rig->db, world->rig->clock.now_ms,
			   snapshot_find_store(settings, STR("shop")), &wish, 0, &id, &world->rig->err))
		fail_msg("%s", world->rig->err.msg);
	settings_release(world->rig->settings, settings);
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

static void turn(struct world *world)
{
	struct flow_next next;

	if (!pull_run_once(world->pull, 0, &next, &world->rig->err))
		assert_int_equal(world->rig->err.code, ERR_BUSY);
	rig_advance(world->rig, STEP_MS);
}

static void run_until(struct world *world, int64_t id, enum import_state state)
{
	int64_t end_ms = world->rig->clock.now_ms + 4 * MS_PER_HOUR;

	while (job_of(world, id).state != state) {
		assert_true(world->rig->clock.now_ms < end_ms);
		turn(world);
	}
}

static size_t pages(const struct world *world)
{
	return fake_http_count_of(world->http, "GET", "/orders");
}

/* All are in, once, and nothing was refused. */
static void expect_all(struct world *world, int64_t id)
{
	struct import_job job = job_of(world, id);

	assert_int_equal(job.n_read, world->shop.n);
	assert_int_equal(job.n_new, world->shop.n);
	assert_int_equal(job.n_duplicate, 0);
	assert_int_equal(job.n_rejected, 0);
	assert_int_equal(rig_store_summary(world->rig, "shop").received, world->shop.n);
}

/* ---- tests ---- */

static void test_pages_to_the_end(void **state)
{
	struct world *world = *state;
	int64_t id = put(world, (struct pull_wish){ 0 });

	run_until(world, id, IMPORT_DONE);
	expect_all(world, id);
	assert_int_equal(pages(world), 6); /* the last is empty */
	assert_int_equal(job_of(world, id).at.line, 6);
	/* Once more: all is known. */
	id = put(world, (struct pull_wish){ 0 });
	run_until(world, id, IMPORT_DONE);
	assert_int_equal(job_of(world, id).n_duplicate, 45);
	assert_int_equal(job_of(world, id).n_new, 0);
}

static void test_number_of_pages_and_items(void **state)
{
	struct world *world = *state;
	int64_t id;

	set(world, "pull_last_page=/pages");
	set(world, "pull_total=/count");
	id = put(world, (struct pull_wish){ 0 });
	run_until(world, id, IMPORT_DONE);
	expect_all(world, id);
	assert_int_equal(pages(world), 5);
	assert_int_equal(job_of(world, id).size, 45);
	assert_int_equal(job_of(world, id).at.used, 45);
}

static void test_last_page_again_and_again(void **state)
{
	struct world *world = *state;
	int64_t id = put(world, (struct pull_wish){ 0 });

	world->shop.repeats = true;
	run_until(world, id, IMPORT_DONE);
	expect_all(world, id);
	assert_int_equal(pages(world), 6);
}

static void test_link_header(void **state)
{
	struct world *world = *state;
	int64_t id;

	world->shop.by_link = true;
	set(world, "pull_paging=link");
	set(world, "pull_orders_url=https://shop.test/orders?page=1&limit={limit}");
	id = put(world, (struct pull_wish){ 0 });
	run_until(world, id, IMPORT_DONE);
	expect_all(world, id);
	assert_int_equal(pages(world), 5);
}

/* What the page holds is in, then the job fails: it neither ends nor runs for ever. */
static void test_circle(void **state)
{
	struct world *world = *state;
	int64_t id;

	world->shop.circle = "abc";
	set(world, "pull_paging=cursor");
	set(world, "pull_orders_url=https://shop.test/orders?page=1&limit={limit}&at={cursor}");
	id = put(world, (struct pull_wish){ 0 });
	run_until(world, id, IMPORT_FAILED);
	assert_non_null(strstr(job_of(world, id).reason.p, "circle"));
	assert_int_equal(job_of(world, id).n_new, 10);
	assert_true(pages(world) <= 3);
}

static void test_next_page_at_another_host(void **state)
{
	struct world *world = *state;
	int64_t id;

	world->shop.circle = "https://evil.test/orders?page=2";
	set(world, "pull_paging=cursor");
	id = put(world, (struct pull_wish){ 0 });
	run_until(world, id, IMPORT_FAILED);
	assert_non_null(strstr(job_of(world, id).reason.p, "at another host"));
	assert_int_equal(fake_http_count(world->http), 1);
}

/*
 * The shop is away, answers HTML, asks for patience: it goes on afterwards, and says meanwhile what it
 * waits for.
 */
static void test_trouble_passes(void **state)
{
	static const struct {
		struct fake_reply reply;
		const char *reason;
		int attempts;
	} rows[] = {
		{ { .no_answer = true }, "connection refused", 1 },
		{ { .status = 502 }, "the shop answered 502", 1 },
		{ { .status = 200, .body = STR_INIT("<html>Down</html>") }, "what is no JSON", 1 },
		{ { .status = 429, .retry_after = STR_INIT("7") }, "the shop answered 429", 0 },
		{ { .status = 503, .retry_after = STR_INIT("7") }, "the shop answered 503", 0 },
	};
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t id = put(world, (struct pull_wish){ .from_ms = (int64_t)i + 1 });

		world->shop.broken = rows[i].reply;
		world->shop.n_broken = 1;
		while (job_of(world, id).due_ms == 0)
			turn(world);
		assert_non_null(strstr(job_of(world, id).reason.p, rows[i].reason));
		assert_int_equal(job_of(world, id).attempts, rows[i].attempts);
		if (rows[i].attempts == 0)
			assert_in_range(job_of(world, id).due_ms - world->rig->clock.now_ms, 6000, 7000);
		run_until(world, id, IMPORT_DONE);
		assert_int_equal(job_of(world, id).n_read, 45);
		assert_string_equal(job_of(world, id).reason.p, "");
	}
}

/*
 * For good: failed at once; away for hours: failed in the end. A person resumes it, and it goes on where it
 * was.
 */
static void test_trouble_stays(void **state)
{
	struct world *world = *state;
	struct import_change resume = { .action = IMPORT_RESUME };
	int64_t id = put(world, (struct pull_wish){ 0 });

	while (job_of(world, id).n_new < 20)
		turn(world);
	world->shop.broken = (struct fake_reply){ .status = 403 };
	world->shop.n_broken = 1;
	run_until(world, id, IMPORT_FAILED);
	assert_string_equal(job_of(world, id).reason.p, "the shop answered 403");
	assert_true(
		db_import_change(world->rig->db, world->rig->clock.now_ms, id, &resume, &world->rig->err));
	world->shop.broken = (struct fake_reply){ .status = 500 };
	world->shop.n_broken = 1000;
	run_until(world, id, IMPORT_FAILED);
	assert_int_equal(world->shop.n_broken, 980);
	world->shop.n_broken = 0;
	assert_true(
		db_import_change(world->rig->db, world->rig->clock.now_ms, id, &resume, &world->rig->err));
	run_until(world, id, IMPORT_DONE);
	expect_all(world, id);
}

static void test_pace(void **state)
{
	struct world *world = *state;
	int64_t id, began_ms = world->rig->clock.now_ms;

	set(world, "pull_pages_per_minute=30");
	id = put(world, (struct pull_wish){ 0 });
	run_until(world, id, IMPORT_DONE);
	assert_in_range(world->rig->clock.now_ms - began_ms, 10000, 12000); /* six pages, 2 s apart */
}

static void test_pause_in_the_middle(void **state)
{
	struct world *world = *state;
	struct import_change pause = { .action = IMPORT_PAUSE }, resume = { .action = IMPORT_RESUME };
	int64_t id = put(world, (struct pull_wish){ 0 });

	fake_http_hold(world->http, "page=3");
	while (job_of(world, id).n_new < 20 || fake_http_in_flight(world->http) == 0)
		turn(world);
	assert_true(db_import_change(world->rig->db, world->rig->clock.now_ms, id, &pause, &world->rig->err));
	fake_http_hold(world->http, NULL);
	for (int i = 0; i < 100; i++)
		turn(world);
	assert_int_equal(job_of(world, id).n_new, 20);
	assert_true(
		db_import_change(world->rig->db, world->rig->clock.now_ms, id, &resume, &world->rig->err));
	run_until(world, id, IMPORT_DONE);
	expect_all(world, id);
}

/* Another process after every step. */
static void test_another_process_goes_on(void **state)
{
	struct world *world = *state;
	int64_t id = put(world, (struct pull_wish){ 0 });

	while (job_of(world, id).state == IMPORT_OPEN) {
		for (int i = 0; i < 3; i++)
			turn(world);
		close_pull(world);
		open_pull(world);
	}
	assert_int_equal(job_of(world, id).state, IMPORT_DONE);
	expect_all(world, id);
}

/* A token is got once, kept over a start, renewed when it runs out and when the shop refuses it. */
static void test_token(void **state)
{
	struct world *world = *state;
	int64_t id;

	world->shop.token = "none yet";
	set(world, "pull_token_url=https://shop.test/token");
	set(world, "pull_client_id=me");
	set(world, "pull_client_secret=s3cret");
	set(world, "pull_refresh_token=r0");
	id = put(world, (struct pull_wish){ 0 });
	run_until(world, id, IMPORT_DONE);
	expect_all(world, id);
	assert_int_equal(world->shop.n_token, 1);
	close_pull(world);
	open_pull(world);
	run_until(world, put(world, (struct pull_wish){ 0 }), IMPORT_DONE);
	assert_int_equal(world->shop.n_token, 1);
	rig_advance(world->rig, MS_PER_HOUR);
	run_until(world, put(world, (struct pull_wish){ 0 }), IMPORT_DONE);
	assert_int_equal(world->shop.n_token, 2);
	world->shop.token = "another";
	run_until(world, put(world, (struct pull_wish){ 0 }), IMPORT_DONE);
	assert_int_equal(world->shop.n_token, 3);
	/* The refresh token is the one of the answer before. */
	for (size_t i = 0, n = 0; i < fake_http_count(world->http); i++) {
		const struct fake_request *request = fake_http_request(world->http, i);
		char wanted[64];

		if (!str_starts(request->path, STR("/token")))
			continue;
		n++;
		(void)snprintf(wanted, sizeof(wanted), "grant_type=refresh_token&refresh_token=r%zu", n);
		assert_true(str_eq(request->body, str_from(wanted)));
		assert_true(str_eq(request->key, STR("Basic bWU6czNjcmV0")));
	}
}

/* What is kept of a token is sealed. */
static void test_token_is_sealed(void **state)
{
	struct world *world = *state;
	struct rig *rig = world->rig;
	struct str name = arena_printf(&rig->arena, "pull token %lld", (long long)rig_store_id(rig, "shop"));
	struct str kept, sealed;

	world->shop.token = "none yet";
	set(world, "pull_token_url=https://shop.test/token");
	set(world, "pull_client_id=me");
	run_until(world, put(world, (struct pull_wish){ 0 }), IMPORT_DONE);
	assert_true(db_cursor_get(rig->db, rig_account_id(rig, "main"), name, &rig->arena, &kept, &rig->err));
	assert_true(kept.len > 0 && base64_decode(&rig->arena, kept, &sealed));
	for (; sealed.len >= 6; sealed = str_skip(sealed, 1))
		assert_false(str_starts(sealed, STR("access")));
}

static void test_token_refused_for_good(void **state)
{
	struct world *world = *state;
	int64_t id;

	set(world, "pull_token_url=https://shop.test/token");
	set(world, "pull_client_id=me");
	world->shop.broken = (struct fake_reply){ .status = 401 };
	world->shop.n_broken = 1000;
	id = put(world, (struct pull_wish){ 0 });
	run_until(world, id, IMPORT_FAILED);
	assert_string_equal(job_of(world, id).reason.p, "the shop answered 401");
	assert_int_equal(world->shop.n_token, 2);
}

/* History is marked as such; what is new is not. */
static void test_live_and_history(void **state)
{
	struct world *world = *state;
	struct inbox_message *message;
	size_t n;

	world->shop.n = 1;
	run_until(world, put(world, (struct pull_wish){ 0 }), IMPORT_DONE);
	world->shop.n = 2;
	run_until(world, put(world, (struct pull_wish){ .from_ms = 1000, .live = true }), IMPORT_DONE);
	assert_int_equal(fake_http_count_of(world->http, "GET", "since=1970-01-01T00%3A00%3A01Z"), 2);
	assert_true(db_inbox_claim(world->rig->db, 10, SIZE_MAX, &world->rig->arena, &message, &n,
				   &world->rig->err));
	assert_int_equal(n, 3);
	assert_int_equal(message[0].priority, PRIORITY_BACKFILL);
	assert_non_null(strstr(message[0].body.p, "\"historical\":true"));
	assert_int_equal(message[2].priority, PRIORITY_REALTIME);
	assert_null(strstr(message[2].body.p, "historical"));
	assert_true(str_eq(message[2].topic, STR("order.placed")));
}

static void send_title(struct world *world, const char *title)
{
	rig_generic(world->rig, "shop", "product.upserted",
		    arena_printf(&world->rig->arena, "{'product_id':'p','title':'%s'}", title).p);
	rig_run(world->rig, 100);
}

static bool title_is(struct world *world, const char *title)
{
	struct catalog_root root;

	rig_run(world->rig, 100);
	assert_true(db_catalog_get(world->rig->db, rig_store_id(world->rig, "shop"),
				   (struct entity){ ENTITY_PRODUCT, STR("p") }, &world->rig->arena, &root,
				   &world->rig->err));
	for (size_t i = 0; i < root.n_fact; i++)
		if (str_eq(root.fact[i].part, STR("base")))
			return strstr(arena_cstr(&world->rig->arena, root.fact[i].body), title) != NULL;
	return false;
}

static int64_t put_products(struct world *world)
{
	const struct snapshot *settings;
	struct pull_wish wish = { .kind = PULL_PRODUCTS };
	int64_t id;

	set(world, "pull_products_url=https://shop.test/products?page={page}");
	settings = settings_take(world->rig->settings);
	assert_true(pull_register(world->rig->db, world->rig->clock.now_ms,
				  snapshot_find_store(settings, STR("shop")), &wish, 0, &id,
				  &world->rig->err));
	settings_release(world->rig->settings, settings);
	return id;
}

/*
 * A message that got lost is made up for; one that came after the shop was asked stands. Neither has a
 * version.
 */
static void test_the_catalog_as_it_is_now(void **state)
{
	struct world *world = *state;
	int64_t id;

	send_title(world, "Sent");
	id = put_products(world);
	run_until(world, id, IMPORT_DONE);
	assert_true(title_is(world, "Pulled"));
	/* The same page once more, after something else was told. */
	send_title(world, "Sent again");
	run_until(world, put_products(world), IMPORT_DONE);
	assert_true(title_is(world, "Pulled"));
	fake_http_hold(world->http, "products");
	id = put_products(world);
	while (fake_http_in_flight(world->http) == 0)
		turn(world);
	send_title(world, "Sent since");
	fake_http_hold(world->http, NULL);
	run_until(world, id, IMPORT_DONE);
	assert_true(title_is(world, "Sent since"));
}

static void test_what_is_not_offered(void **state)
{
	struct world *world = *state;
	const struct snapshot *settings;
	const struct settings_store *store;
	struct pull_wish products = { .kind = PULL_PRODUCTS },
			 since = { .kind = PULL_CATEGORIES, .from_ms = 5 };
	int64_t id;

	set(world, "pull_categories_url=https://shop.test/categories");
	settings = settings_take(world->rig->settings);
	store = snapshot_find_store(settings, STR("shop"));
	assert_false(pull_register(world->rig->db, 1, store, &products, 0, &id, &world->rig->err));
	assert_string_equal(world->rig->err.msg, "products cannot be pulled: set pull_products_url");
	assert_false(pull_register(world->rig->db, 1, store, &since, 0, &id, &world->rig->err));
	assert_non_null(strstr(world->rig->err.msg, "cannot be asked for by date"));
	settings_release(world->rig->settings, settings);
}

/* Every verb of the store fails once, before its effect or after it: all are in, once. */
static void test_every_fault(void **state)
{
	(void)state;
	for (int when = 0; when < 2; when++)
		for (int64_t at = 1; at <= 30; at++) {
			struct world world;
			int64_t id;

			begin(&world, rig_new_faulty(&db_memory_ops));
			id = put(&world, (struct pull_wish){ 0 });
			db_fault_set(world.rig->ctx.db, at, (enum db_fault_when)when, ERR_BUSY);
			for (int i = 0; i < 60; i++)
				turn(&world);
			db_fault_set(world.rig->ctx.db, 0, DB_FAULT_BEFORE, ERR_BUSY);
			assert_int_equal(job_of(&world, id).state, IMPORT_DONE);
			expect_all(&world, id);
			end(&world);
		}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pages_to_the_end),
		TEST(test_number_of_pages_and_items),
		TEST(test_last_page_again_and_again),
		TEST(test_link_header),
		TEST(test_circle),
		TEST(test_next_page_at_another_host),
		TEST(test_trouble_passes),
		TEST(test_trouble_stays),
		TEST(test_pace),
		TEST(test_pause_in_the_middle),
		TEST(test_another_process_goes_on),
		TEST(test_token),
		cmocka_unit_test_setup_teardown(test_token, set_up_sqlite, tear_down),
		TEST(test_token_is_sealed),
		TEST(test_token_refused_for_good),
		TEST(test_live_and_history),
		TEST(test_the_catalog_as_it_is_now),
		cmocka_unit_test_setup_teardown(test_the_catalog_as_it_is_now, set_up_sqlite, tear_down),
		TEST(test_what_is_not_offered),
		cmocka_unit_test(test_every_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
