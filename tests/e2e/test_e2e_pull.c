/*
 * A shop that is asked for its history, with the real programs: it answers 429, 500, HTML and nothing,
 * gives its last page again and again, and the daemon is killed while a page is on its way. In the end
 * Klaviyo holds every order once.
 */
#include "support/town.h"

#include "net/http_server.h"
#include "net/url.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define ORDERS	   150
#define PAGE	   10
#define PAGES	   (ORDERS / PAGE)
#define BODY_BYTES ((size_t)1 << 16)

/* What becomes of the first request for a page; each is asked for again. */
enum trouble { NONE, TOO_MANY, BROKEN, HTML, DROPPED, STUCK };
static const enum trouble troubles[PAGES + 1] = {
	[2] = TOO_MANY, [4] = HTML, [5] = STUCK, [7] = BROKEN, [9] = DROPPED, [11] = STUCK
};

struct shop {
	struct http_server *server;
	int visits[PAGES + 2];
	int refused; /* without the header that lets in */
	_Atomic(struct http_exchange *) stuck;
};

static int64_t number(struct str query, const char *name, struct arena *arena)
{
	struct str text;
	int64_t value = 0;

	if (url_query(query, name, arena, &text))
		(void)str_to_int64(text, &value);
	return value;
}

static void add_order(struct strbuf *body, int64_t id)
{
	strbuf_addf(body,
		    "%s{\"id\":%lld,\"created\":\"2020-%02d-%02d "
		    "10:00:00\",\"mail\":\"c%lld@pull.test.example.org\","
		    "\"sum\":\"5.00\",\"positions\":[{\"no\":\"1\",\"code\":\"S\",\"text\":\"Mug\",\"qty\":1,"
		    "\"each\":\"5.00\"}]}",
		    body->p[body->len - 1] == '[' ? "" : ",", (long long)id, (int)(id / 28 % 12 + 1),
		    (int)(id % 28 + 1), (long long)id);
}

static void reply_page(struct http_exchange *exchange, int64_t page)
{
	static const struct http_header json = { STR_INIT("Content-Type"), STR_INIT("application/json") };
	struct strbuf body;

	page = page > PAGES ? PAGES : page;
	strbuf_init(&body, BODY_BYTES);
	strbuf_addf(&body, "{\"orders\":[");
	for (int64_t i = 1; i <= PAGE; i++)
		add_order(&body, (page - 1) * PAGE + i);
	strbuf_addf(&body, "],\"meta\":{\"count\":%d}}", ORDERS);
	http_reply(exchange, 200, &json, 1, strbuf_str(&body));
	strbuf_release(&body);
}

static void handle(void *ctx, struct http_exchange *exchange)
{
	static const struct http_header later = { STR_INIT("Retry-After"), STR_INIT("1") };
	struct shop *shop = ctx;
	struct arena *arena = http_exchange_arena(exchange);
	int64_t page = number(http_exchange_request(exchange)->query, "page", arena);
	bool first;

	if (!str_eq(http_exchange_header(exchange, "X-Shop-Key"), STR("open sesame")) || page < 1) {
		shop->refused++;
		http_reply(exchange, 401, NULL, 0, STR("no"));
		return;
	}
	page = page > PAGES + 1 ? PAGES + 1 : page;
	first = shop->visits[page]++ == 0;
	switch (first && page <= PAGES ? troubles[page] : NONE) {
	case NONE:
		reply_page(exchange, page);
		return;
	case TOO_MANY:
		http_reply(exchange, 429, &later, 1, STR("slowly"));
		return;
	case BROKEN:
		http_reply(exchange, 500, NULL, 0, STR("oh"));
		return;
	case HTML:
		http_reply(exchange, 200, NULL, 0, STR("<html>We are updating our shop</html>"));
		return;
	case DROPPED:
		http_drop(exchange);
		return;
	case STUCK:
		atomic_store(&shop->stuck, exchange);
		return;
	}
}

static void shop_open(struct shop *shop)
{
	struct http_server_config config = {
		.listen = "127.0.0.1:0", .body_bytes_max = BODY_BYTES, .ctx = shop, .handle = handle
	};
	struct err err;

	assert_true(http_server_start(&config, &shop->server, &err));
}

/* ---- the test ---- */

static struct json *jobs(struct town *town)
{
	struct ran ran = RUN(&town->place, "import", "list", "--json", "--data", town->data);
	struct json *json = NULL;

	assert_int_equal(ran.code, 0);
	assert_true(json_parse(str_from(ran.out), &json, &town->err));
	return json;
}

static int64_t job_number(struct town *town, const char *member)
{
	struct json *json = jobs(town);
	int64_t value = -1;

	(void)json_get_int(json_at(json, 0), member, &value);
	json_free(json);
	return value;
}

/* Killed while the shop is about to answer; what the shop answers then reaches nobody. */
static void kill_when_stuck(struct town *town, struct shop *shop)
{
	struct town_wait wait = { 0 };
	struct http_exchange *exchange;

	while (!(exchange = atomic_exchange(&shop->stuck, NULL)))
		assert_true(town_wait(&wait));
	assert_int_equal(town_stop(town, SIGKILL), 128 + SIGKILL);
	reply_page(exchange, 1);
	town_conserve(town);
	town_start(town);
}

static void until_done(struct town *town)
{
	struct town_wait wait = { 0 };
	bool done = false;

	while (!done) {
		struct json *json = jobs(town);

		done = str_eq(json_get_text(json_at(json, 0), "state"), STR("done"));
		json_free(json);
		assert_true(done || town_wait(&wait));
	}
	town_idle(town);
}

static size_t count_events(struct town *town, const char *metric)
{
	struct json *json = town_sandbox(
		town, arena_printf(&town->place.arena, "/sandbox/events?limit=1000&metric=%s", metric).p);
	size_t n = json_len(json_type(json) == JSON_ARRAY ? json : json_get(json, "events"));

	json_free(json);
	return n;
}

static void set_up_store(struct town *town, const struct shop *shop)
{
	const char *header = place_file(&town->place, "header", "X-Shop-Key: open sesame");
	struct arena *arena = &town->place.arena;

	town_store_set(town, "shop",
		       arena_printf(arena,
				    "pull_orders_url=http://127.0.0.1:%d/api/orders?page={page}&n={limit}",
				    http_server_port(shop->server))
			       .p);
	town_store_set(town, "shop", arena_printf(arena, "pull_header=%s", header).p);
	town_store_set(town, "shop", "pull_items=/orders");
	town_store_set(town, "shop", "pull_total=/meta/count");
	town_store_set(town, "shop", "pull_pages_per_minute=6000");
	town_store_set(
		town, "shop",
		"pull_map_orders=order_id=/id, placed_at=/created, total=/sum, currency=EUR, email=/mail, "
		"lines=/positions, lines.line_id=/no, lines.sku=/code, lines.name=/text, "
		"lines.quantity=/qty, lines.unit_price=/each");
}

/* Says what the first page holds and begins nothing; refuses what the daemon would refuse. */
static void try_first(struct town *town)
{
	struct ran ran = RUN(&town->place, "sync", "shop", "orders", "--dry-run", "--outbound", "any",
			     "--data", town->data);
	struct json *json;

	assert_int_equal(ran.code, 0);
	assert_non_null(strstr(ran.out, "10 items, 10 messages, 0 rejected"));
	assert_non_null(strstr(ran.out, "150 items in about 15 pages"));
	if (!strstr(ran.out, "at most 2 requests to Klaviyo: about "))
		fail_msg("%s", ran.out);
	assert_non_null(strstr(ran.out, "\"order_id\":1,"));
	assert_null(strstr(ran.out, "sesame"));
	ran = RUN(&town->place, "sync", "shop", "orders", "--dry-run", "--data", town->data);
	assert_int_not_equal(ran.code, 0);
	json = jobs(town);
	assert_int_equal(json_len(json), 0);
	json_free(json);
}

static void history_of_a_difficult_shop(void **state)
{
	static struct town town;
	static struct shop shop;

	(void)state;
	town_open(&town, NULL);
	town_store(&town, "shop", "generic", "main", NULL);
	shop_open(&shop);
	set_up_store(&town, &shop);
	try_first(&town);
	assert_int_equal(RUN(&town.place, "sync", "shop", "orders", "--no-wait", "--data", town.data).code,
			 0);
	kill_when_stuck(&town, &shop);
	kill_when_stuck(&town, &shop);
	until_done(&town);
	assert_int_equal(job_number(&town, "rejected"), 0);
	assert_int_equal(job_number(&town, "read"), ORDERS);
	assert_int_equal(job_number(&town, "new"), ORDERS);
	assert_int_equal(job_number(&town, "duplicate"), 0);
	assert_int_equal(count_events(&town, "Placed%20Order"), ORDERS);
	assert_int_equal(count_events(&town, "Ordered%20Product"), ORDERS);
	assert_int_equal(shop.refused, 0);
	assert_int_equal(shop.visits[1], 2); /* tried, and read: nothing was begun anew */
	assert_int_equal(shop.visits[PAGES + 1], 1);
	assert_int_equal(town_violations(&town, NULL), 0);
	assert_null(place_holds(&town.place, "open sesame\"")); /* sealed, and in no log */
	town_close(&town);
	http_server_stop(shop.server);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(history_of_a_difficult_shop) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
