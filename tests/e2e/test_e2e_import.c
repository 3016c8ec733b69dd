/*
 * Years of history from files while the shop goes on, with the real programs: customers, subscribers,
 * products and orders as CSV, orders as NDJSON that repeat some of them, the daemon killed in the middle.
 * Live orders do not wait for history; in the end Klaviyo holds everything once, history started no flow,
 * and nobody who had left is subscribed.
 */
#include "support/town.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define MAIL	    "@history.test.example.org"
#define CUSTOMERS   50
#define SUBSCRIBERS 30
#define LEFT_THERE  7 /* left in Klaviyo itself */
#define LEFT_HERE   8 /* left in the shop */
#define PRODUCTS    20
#define TABLE_LAST  60 /* orders 1..60 are in the table */
#define LINES_FIRST 41 /* orders 41..340 are messages */
#define LINES_LAST  340
#define LIVE	    6
#define KILLS	    3
#define OVERLAP	    5 /* orders that also come live */
#define FILES	    5

static const char *file_of(struct town *town, const char *name, const struct strbuf *text)
{
	return place_file(&town->place, name, arena_dup(&town->place.arena, strbuf_str(text)).p);
}

static const char *customers_file(struct town *town, struct strbuf *text)
{
	strbuf_reset(text);
	strbuf_add_text(text, "Customer ID;E-Mail;First Name;Date Registered\r\n");
	for (int i = 0; i < CUSTOMERS; i++)
		strbuf_addf(text, "%d;c%d" MAIL ";Ann \"%d\";2019-%02d-01 10:00:00\r\n", i, i, i, i % 12 + 1);
	return file_of(town, "customers.csv", text);
}

static const char *subscribers_file(struct town *town, struct strbuf *text)
{
	strbuf_reset(text);
	strbuf_add_text(text, "email,state,consented_at\n");
	for (int i = 0; i < SUBSCRIBERS; i++)
		strbuf_addf(text, "c%d" MAIL ",subscribed,2019-%02d-02 10:00:00\n", i, i % 12 + 1);
	return file_of(town, "subscribers.csv", text);
}

static const char *products_file(struct town *town, struct strbuf *text)
{
	strbuf_reset(text);
	strbuf_add_text(text, "id,title,url,image,currency,price,stock\n");
	for (int i = 0; i < PRODUCTS; i++)
		strbuf_addf(text,
			    "p%d,\"Mug, number "
			    "%d\",https://shop.test/p%d,https://shop.test/p%d.jpg,EUR,%d.50,9\n",
			    i, i, i, i, i + 1);
	return file_of(town, "products.csv", text);
}

static const char *table_file(struct town *town, struct strbuf *text)
{
	strbuf_reset(text);
	strbuf_add_text(text, "order_id,placed_at,currency,total,email,line_id,line_sku,line_name,"
			      "line_quantity,line_price\n");
	for (int i = 1; i <= TABLE_LAST; i++)
		for (int line = 1; line <= 2; line++)
			strbuf_addf(text,
				    "%d,2020-%02d-%02d 10:00:00,EUR,10.00,c%d" MAIL ",%d,S%d,Mug,1,5.00\n", i,
				    i / 28 % 12 + 1, i % 28 + 1, i % CUSTOMERS, line, line);
	return file_of(town, "orders.csv", text);
}

static void add_order(struct strbuf *text, int i)
{
	strbuf_addf(text,
		    "{\"order_id\":\"%d\",\"placed_at\":\"2020-%02d-%02dT10:00:00Z\",\"currency\":\"EUR\","
		    "\"total\":\"10.00\",\"customer\":{\"email\":\"c%d" MAIL "\"},\"lines\":[",
		    i, i / 28 % 12 + 1, i % 28 + 1, i % CUSTOMERS);
	for (int line = 1; line <= 2; line++)
		strbuf_addf(text,
			    "%s{\"line_id\":\"%d\",\"sku\":\"S%d\",\"name\":\"Mug\",\"quantity\":1,"
			    "\"unit_price\":\"5.00\"}",
			    line > 1 ? "," : "", line, line);
	strbuf_add_text(text, "]}");
}

static const char *messages_file(struct town *town, struct strbuf *text)
{
	strbuf_reset(text);
	for (int i = LINES_FIRST; i <= LINES_LAST; i++) {
		strbuf_add_text(text, "{\"type\":\"order.placed\",\"data\":");
		add_order(text, i);
		strbuf_add_text(text, "}\n");
	}
	return file_of(town, "more.ndjson", text);
}

/* ---- what is there ---- */

static int64_t people_count(struct town *town, const char *name)
{
	struct json *counts = town_sandbox(town, "/sandbox/counts");
	int64_t value = -1;

	(void)json_get_int(json_get(counts, "people"), name, &value);
	json_free(counts);
	return value;
}

static struct json *imports(struct town *town)
{
	struct ran ran = RUN(&town->place, "import", "list", "--json", "--data", town->data);
	struct json *json = NULL;

	assert_int_equal(ran.code, 0);
	assert_true(json_parse(str_from(ran.out), &json, &town->err));
	return json;
}

static size_t n_in_state(struct town *town, const char *state)
{
	struct json *json = imports(town);
	size_t n = 0;

	for (size_t i = 0; i < json_len(json); i++)
		n += str_eq(json_get_text(json_at(json, i), "state"), str_from(state));
	json_free(json);
	return n;
}

/* ---- what happens ---- */

static void in_klaviyo(struct town *town, int customer, const char *action)
{
	struct arena *arena = &town->place.arena;
	struct http_call call = {
		.method = "POST",
		.url = arena_printf(arena, "%s/sandbox/consent", town->sandbox.url),
		.body = arena_printf(arena, "{\"email\":\"c%d" MAIL "\",\"action\":\"%s\"}", customer,
				     action),
	};
	struct str answer;
	int status;

	assert_true(http_client_fetch(town->client, &call, arena, &status, &answer, &town->err));
	if (status != 200)
		fail_msg("%d %.*s", status, STR_ARG(answer));
}

static void some_have_left(struct town *town)
{
	/* The account has to be known there first. */
	town_generic(town, "shop", "customer.updated", "{'customer_id':'7','email':'c7" MAIL "'}");
	town_idle(town);
	in_klaviyo(town, LEFT_THERE, "subscribe");
	in_klaviyo(town, LEFT_THERE, "unsubscribe");
	town_generic(
		town, "shop", "consent.changed",
		arena_printf(&town->place.arena, "{'email':'c%d" MAIL "','state':'unsubscribed'}", LEFT_HERE)
			.p);
	town_idle(town);
}

static void begin(struct town *town)
{
	struct strbuf text;
	struct ran ran;

	strbuf_init(&text, 1 << 20);
	ran = RUN(&town->place, "import", "shop", messages_file(town, &text), table_file(town, &text),
		  products_file(town, &text), subscribers_file(town, &text), customers_file(town, &text),
		  "--per-minute", "2400", "--no-wait", "--data", town->data);
	strbuf_release(&text);
	if (ran.code != 0)
		fail_msg("%d: %s", ran.code, ran.errors);
}

/* A new order, live; and one that the file has as well. */
static void live_order(struct town *town, int i)
{
	struct arena *arena = &town->place.arena;
	struct strbuf text, now;

	strbuf_init(&now, 64);
	time_format_rfc3339(clock_wall_ms(clock_system()), &now);
	town_generic(town, "shop", "order.placed",
		     arena_printf(arena,
				  "{'order_id':'live%d','placed_at':'%.*s','currency':'EUR','total':'5.00',"
				  "'customer':{'email':'c%d" MAIL "'},'lines':[{'line_id':'1','sku':'S1',"
				  "'name':'Mug','quantity':1,'unit_price':'5.00'}]}",
				  i, STR_ARG(strbuf_str(&now)), i)
			     .p);
	strbuf_release(&now);
	if (i >= OVERLAP)
		return;
	strbuf_init(&text, 4096);
	add_order(&text, LINES_LAST - i);
	town_generic(town, "shop", "order.placed", arena_dup(arena, strbuf_str(&text)).p);
	strbuf_release(&text);
}

/* Live orders arrive while history is under way, and the daemon dies after some of them. */
static void live_traffic(struct town *town)
{
	for (int i = 0; i < LIVE; i++) {
		struct town_wait wait = { 0 };

		live_order(town, i);
		while (people_count(town, "flow_starts") < (i + 1) * 2)
			assert_true(town_wait(&wait));
		if (i >= KILLS)
			continue;
		assert_true(n_in_state(town, "open") > 0);
		assert_int_equal(town_stop(town, SIGKILL), 128 + SIGKILL);
		town_conserve(town);
		town_start(town);
	}
}

static void let_all_in(struct town *town)
{
	struct town_wait wait = { 0 };

	for (int id = 1; id <= FILES; id++) {
		struct ran ran =
			RUN(&town->place, "import", "throttle", arena_printf(&town->place.arena, "%d", id).p,
			    "--per-minute", "0", "--data", town->data);

		assert_true(ran.code == 0 || strstr(ran.errors, "has ended"));
	}
	while (n_in_state(town, "done") < FILES)
		assert_true(town_wait(&wait));
	town_idle(town);
}

static void history_while_the_shop_goes_on(void **state)
{
	static struct town town;
	struct json *list;
	int64_t rejected, n_rejected = 0;

	(void)state;
	town_open(&town, NULL);
	town_store(&town, "shop", "generic", "main", NULL);
	some_have_left(&town);
	begin(&town);
	live_traffic(&town);
	let_all_in(&town);
	list = imports(&town);
	assert_int_equal(json_len(list), FILES);
	for (size_t i = 0; i < json_len(list); i++)
		if (json_get_int(json_at(list, i), "rejected", &rejected))
			n_rejected += rejected;
	json_free(list);
	assert_int_equal(n_rejected, 0);
	assert_int_equal(people_count(&town, "events"), LINES_LAST * 3 + LIVE * 2);
	assert_int_equal(people_count(&town, "events_stored"), LINES_LAST * 3 + LIVE * 2);
	assert_int_equal(people_count(&town, "flow_starts"), LIVE * 2);
	assert_int_equal(people_count(&town, "old_flow_starts"), 0);
	assert_int_equal(people_count(&town, "subscribed"), SUBSCRIBERS - 2);
	assert_int_equal(people_count(&town, "resubscribed_after_opt_out"), 0);
	assert_int_equal(people_count(&town, "profiles"), CUSTOMERS);
	assert_int_equal(town_count(&town, TOWN_KEY, "items"), PRODUCTS);
	assert_int_equal(town_violations(&town, NULL), 0);
	town_close(&town);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(history_while_the_shop_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
