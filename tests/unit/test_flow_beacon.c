/*
 * Beacons over sockets: who may send what, each status, and that what was answered with 204 is in the inbox.
 * The commit runs on a thread of its own; time moves only when the test says so.
 */
#include "flow/beacon.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/json.h"
#include "flow/beacon_read.h"
#include "flow/cart_link.h"
#include "flow/storefront.h"
#include "support/rig.h"

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

#define SHOP		      "https://shop.example"
#define KEY		      "pub_0123456789"
#define BROWSER		      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
#define EVENT(id, type, data) "{\"id\":\"" id "\",\"type\":\"" type "\",\"data\":{" data "}}"
#define VISITOR		      "\"anonymous_id\":\"visitor-1\""
#define VIEW(id)	      EVENT(id, "product_viewed", VISITOR ",\"product\":{\"product_id\":\"p1\"}")
#define BODY(events)	      "{\"key\":\"" KEY "\",\"events\":[" events "]}"

struct world {
	struct rig *rig;
	struct inbox *inbox;
	struct wake *wake;
	struct ingest *ingest;
	struct beacon *beacon;
	struct http_server *server;
	struct http_client *client;
	pthread_t committer;
	atomic_bool stop;
	struct address_list proxies;
	struct arena arena;
	struct err err;
};

static void handle(void *ctx, struct http_exchange *exchange)
{
	struct world *world = ctx;
	const struct http_request *request = http_exchange_request(exchange);
	struct str path = str_skip(request->path, sizeof("/s/") - 1), store;

	(void)str_split(&path, '/', &store);
	if (str_eq(request->method, STR("OPTIONS")))
		beacon_options(world->beacon, exchange, store);
	else if (str_eq(request->method, STR("POST")))
		beacon_post(world->beacon, exchange, store);
	else if (str_split(&path, '/', &(struct str){ 0 }))
		storefront_cart(&world->rig->ctx, exchange, store, path);
	else
		storefront_script(&world->rig->ctx, exchange, store);
}

static size_t body_max(void *ctx, struct str method, struct str path)
{
	(void)ctx;
	(void)method;
	(void)path;
	return beacon_body_max();
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

static const char *const usual[] = { "storefront_mode=server",
				     "storefront_origins=" SHOP ", http://127.0.0.1:81",
				     "storefront_key=" KEY, NULL };

static int set_up(void **state)
{
	struct world *world = mem_zalloc(1, sizeof(*world));
	struct http_server_config server = {
		.listen = "127.0.0.1:0",
		.body_bytes_max = 1 << 24,
		.ctx = world,
		.body_max = body_max,
		.proxies = &world->proxies,
		.handle = handle,
	};

	arena_init(&world->arena);
	assert_true(address_list_parse(STR("127.0.0.1"), &world->arena, &world->proxies, &world->err));
	world->rig = rig_new(&db_memory_ops);
	rig_store_set(world->rig, "shop", usual);
	world->wake = wake_new();
	world->inbox = inbox_new(&(struct inbox_config){ .db = world->rig->db, .wake = world->wake });
	world->ingest = ingest_new(&world->rig->ctx, world->inbox);
	world->beacon = beacon_new(world->ingest);
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
	beacon_free(world->beacon);
	ingest_free(world->ingest);
	wake_free(world->wake);
	rig_free(world->rig);
	arena_release(&world->arena);
	mem_free(world);
	return 0;
}

struct request {
	const char *method; /* NULL: POST */
	const char *path;
	const char *origin; /* NULL: the shop; "": none */
	const char *agent;
	const char *content_type;
	const char *forwarded;
	const char *etag; /* If-None-Match */
	struct str body;
};

static int ask(struct world *world, struct request request, struct str *answer)
{
	struct http_header header[] = {
		{ STR("Content-Type"), str_from(request.content_type ? request.content_type : "text/plain") },
		{ STR("User-Agent"), str_from(request.agent ? request.agent : BROWSER) },
		{ STR("X-Forwarded-For"), str_from(request.forwarded ? request.forwarded : "203.0.113.9") },
		{ STR("If-None-Match"), str_from(request.etag ? request.etag : "\"none\"") },
		{ STR("Origin"), str_from(request.origin ? request.origin : SHOP) },
	};
	struct http_call call = {
		.method = request.method ? request.method : "POST",
		.url = arena_printf(&world->arena, "http://127.0.0.1:%d%s", http_server_port(world->server),
				    request.path ? request.path : "/s/shop/events"),
		.header = header,
		.n_header = request.origin && !request.origin[0] ? ARRAY_LEN(header) - 1 : ARRAY_LEN(header),
		.body = request.body,
	};
	struct str ignored;
	int status = 0;

	if (!http_client_fetch(world->client, &call, &world->arena, &status, answer ? answer : &ignored,
			       &world->err))
		fail_msg("%s", world->err.msg);
	return status;
}

static int64_t received(struct world *world)
{
	return rig_store_summary(world->rig, "shop").received;
}

/* ---- who may send what ---- */

static void statuses_by_table(void **state)
{
	static char large[33000];
	static const struct {
		const char *what;
		struct request request;
		int want;
	} table[] = {
		{ "good", { .body = STR_INIT(BODY(VIEW("event-0001"))) }, 204 },
		{ "as JSON",
		  { .content_type = "application/json", .body = STR_INIT(BODY(VIEW("event-0002"))) },
		  204 },
		{ "the other origin",
		  { .origin = "http://127.0.0.1:81", .body = STR_INIT(BODY(VIEW("event-0003"))) },
		  204 },
		{ "origin in capitals",
		  { .origin = "HTTPS://Shop.Example", .body = STR_INIT(BODY(VIEW("event-0004"))) },
		  204 },
		{ "default port said",
		  { .origin = SHOP ":443", .body = STR_INIT(BODY(VIEW("event-0005"))) },
		  204 },
		{ "no origin", { .origin = "", .body = STR_INIT(BODY(VIEW("event-0006"))) }, 403 },
		{ "null origin", { .origin = "null", .body = STR_INIT(BODY(VIEW("event-0006"))) }, 403 },
		{ "another scheme",
		  { .origin = "http://shop.example", .body = STR_INIT(BODY(VIEW("event-0006"))) },
		  403 },
		{ "another port",
		  { .origin = SHOP ":444", .body = STR_INIT(BODY(VIEW("event-0006"))) },
		  403 },
		{ "a longer name",
		  { .origin = SHOP ".evil.example", .body = STR_INIT(BODY(VIEW("event-0006"))) },
		  403 },
		{ "a name before it",
		  { .origin = "https://evil-shop.example", .body = STR_INIT(BODY(VIEW("event-0006"))) },
		  403 },
		{ "user info",
		  { .origin = "https://shop.example@evil.example",
		    .body = STR_INIT(BODY(VIEW("event-0006"))) },
		  403 },
		{ "no key", { .body = STR_INIT("{\"events\":[" VIEW("event-0006") "]}") }, 401 },
		{ "another key",
		  { .body = STR_INIT("{\"key\":\"pub_\",\"events\":[" VIEW("event-0006") "]}") },
		  401 },
		{ "key is no text",
		  { .body = STR_INIT("{\"key\":[],\"events\":[" VIEW("event-0006") "]}") },
		  401 },
		{ "unknown store",
		  { .path = "/s/nobody/events", .body = STR_INIT(BODY(VIEW("event-0006"))) },
		  404 },
		{ "a form",
		  { .content_type = "multipart/form-data", .body = STR_INIT(BODY(VIEW("event-0006"))) },
		  415 },
		{ "not JSON", { .body = STR_INIT("{\"key\":") }, 400 },
		{ "no body", { .body = STR_INIT("") }, 400 },
		{ "no events", { .body = STR_INIT(BODY("")) }, 400 },
		{ "only a wrong one",
		  { .body = STR_INIT(BODY(EVENT("event-0006", "consent_given", VISITOR))) },
		  400 },
		{ "too large", { .body = { large, sizeof(large) } }, 413 },
		{ "a robot",
		  { .agent = "Mozilla/5.0 (compatible; Googlebot/2.1)",
		    .body = STR_INIT(BODY(VIEW("event-0006"))) },
		  204 },
	};
	struct world *world = *state;
	uint64_t bots = counter_get(COUNTER_beacon_bots);

	memset(large, ' ', sizeof(large));
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		print_message("%s\n", table[i].what);
		assert_int_equal(ask(world, table[i].request, NULL), table[i].want);
	}
	assert_int_equal(received(world), 5);
	assert_int_equal(counter_get(COUNTER_beacon_bots), bots + 1);
}

static void modes_that_take_none_are_404(void **state)
{
	static const char *const modes[] = { "storefront_mode=off", "storefront_mode=onsite" };
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		rig_store_set(world->rig, "shop", (const char *const[]){ modes[i], NULL });
		assert_int_equal(ask(world, (struct request){ .body = STR(BODY(VIEW("event-0001"))) }, NULL),
				 404);
	}
	rig_store_set(world->rig, "shop",
		      (const char *const[]){ "storefront_mode=both", "storefront_key=", NULL });
	assert_int_equal(
		ask(world,
		    (struct request){ .body = STR("{\"key\":\"\",\"events\":[" VIEW("event-0001") "]}") },
		    NULL),
		401);
	assert_int_equal(received(world), 0);
}

/* Settings as another process changes them: the daemon's own are those of before. */
static void change_behind(struct world *world, const char *key, const char *value)
{
	struct setting_change change = { str_from(key), str_from(value) };
	struct settings *other = NULL;

	assert_true(settings_open(world->rig->db, world->rig->key_file, &other, &world->err));
	assert_true(settings_store_set(other, STR("shop"), (struct str){ 0 }, (struct str){ 0 }, &change, 1,
				       world->rig->clock.now_ms, &world->err));
	settings_close(other);
}

static void what_was_just_allowed_is_taken_in(void **state)
{
	static const struct {
		const char *key, *before, *after;
		int denied;
	} table[] = {
		{ "storefront_mode", "off", "server", 404 },
		{ "storefront_origins", "https://other.example", SHOP, 403 },
		{ "storefront_key", "pub_9999999999", KEY, 401 },
	};
	struct world *world = *state;
	const struct request view = { .body = STR(BODY(VIEW("event-0001"))) };

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		print_message("%s\n", table[i].key);
		change_behind(world, table[i].key, table[i].before);
		assert_true(settings_refresh(world->rig->settings, NULL, &world->err));
		assert_int_equal(ask(world, view, NULL), table[i].denied);
		rig_advance(world->rig, 1000);
		change_behind(world, table[i].key, table[i].after);
		assert_int_equal(ask(world, view, NULL), 204);
	}
	change_behind(world, "storefront_origins", "https://other.example");
	assert_true(settings_refresh(world->rig->settings, NULL, &world->err));
	change_behind(world, "storefront_origins", SHOP);
	rig_advance(world->rig, 1000);
	assert_int_equal(ask(world, (struct request){ .method = "OPTIONS" }, NULL), 204);
}

/* That nothing is read shows in what stays denied. */
static void a_flood_that_is_denied_reads_no_settings_each(void **state)
{
	struct world *world = *state;
	const struct request evil = { .origin = "https://evil.example",
				      .body = STR(BODY(VIEW("event-0001"))) };

	for (int i = 0; i < 20; i++) {
		rig_advance(world->rig, 10);
		assert_int_equal(ask(world, evil, NULL), 403);
	}
	change_behind(world, "storefront_origins", "https://evil.example");
	for (int i = 0; i < 20; i++) {
		rig_advance(world->rig, 10);
		assert_int_equal(ask(world, evil, NULL), 403);
	}
	rig_advance(world->rig, 1000);
	assert_int_equal(ask(world, evil, NULL), 204);
}

static void a_browser_asks_beforehand(void **state)
{
	struct world *world = *state;

	assert_int_equal(ask(world, (struct request){ .method = "OPTIONS" }, NULL), 204);
	assert_int_equal(
		ask(world, (struct request){ .method = "OPTIONS", .origin = "https://evil.example" }, NULL),
		403);
	assert_int_equal(
		ask(world, (struct request){ .method = "OPTIONS", .path = "/s/nobody/events" }, NULL), 404);
}

static void what_was_answered_is_kept_once(void **state)
{
	struct world *world = *state;
	struct inbox_message *message = NULL;
	size_t n = 0;

	for (int i = 0; i < 2; i++)
		assert_int_equal(
			ask(world,
			    (struct request){ .body = STR(BODY(VIEW("event-0001") "," VIEW("event-0002"))) },
			    NULL),
			204);
	assert_int_equal(received(world), 4);
	assert_int_equal(rig_store_summary(world->rig, "shop").duplicate, 2);
	assert_true(db_inbox_claim(world->rig->db, 10, 1 << 20, &world->arena, &message, &n, &world->err));
	assert_int_equal(n, 2);
	assert_string_equal(arena_cstr(&world->arena, message[0].topic), "storefront.product_viewed");
	assert_string_equal(arena_cstr(&world->arena, message[0].source_id), "event-0001");
	assert_string_equal(
		arena_cstr(&world->arena, message[0].body),
		"{\"id\":\"event-0001\",\"type\":\"storefront.product_viewed\",\"occurred_at\":"
		"\"2026-07-25T17:20:00.000Z\",\"data\":{\"anonymous_id\":\"visitor-1\",\"product\":"
		"{\"product_id\":\"p1\"}}}");
}

static void a_wrong_event_takes_none_with_it(void **state)
{
	struct world *world = *state;

	assert_int_equal(ask(world,
			     (struct request){ .body = STR(BODY(VIEW("event-0001") "," EVENT(
						       "event-0002", "order_placed", VISITOR))) },
			     NULL),
			 204);
	assert_int_equal(received(world), 1);
}

/* ---- how much ---- */

static int view_as(struct world *world, const char *visitor, int number, const char *forwarded)
{
	struct str body =
		arena_printf(&world->arena,
			     "{\"key\":\"" KEY "\",\"id\":\"event-%s-%06d\",\"type\":\"active\",\"data\":"
			     "{\"anonymous_id\":\"%s\"}}",
			     visitor, number, visitor);

	return ask(world, (struct request){ .body = body, .forwarded = forwarded }, NULL);
}

static void one_visitor_is_held_down_and_others_are_not(void **state)
{
	struct world *world = *state;
	int n = 0;

	while (view_as(world, "busy-one", n, "203.0.113.1") == 204)
		n++;
	assert_int_equal(n, 120);
	assert_int_equal(view_as(world, "calm-one", 1, "203.0.113.1"), 204);
	rig_advance(world->rig, 2000); /* 60 in a minute: two more */
	assert_int_equal(view_as(world, "busy-one", 1001, "203.0.113.1"), 204);
	assert_int_equal(view_as(world, "busy-one", 1002, "203.0.113.1"), 204);
	assert_int_equal(view_as(world, "busy-one", 1003, "203.0.113.1"), 429);
}

static void one_address_is_held_down_whoever_it_says_it_is(void **state)
{
	struct world *world = *state;
	char visitor[32];
	int n = 0, status = 204;

	while (status == 204) {
		(void)snprintf(visitor, sizeof(visitor), "visitor-%d", n / 50);
		/* What stands before our proxy's word is the sender's own. */
		status = view_as(world, visitor, n, n % 2 ? "198.51.100.1, 203.0.113.2" : "203.0.113.2");
		n += status == 204;
	}
	assert_int_equal(status, 429);
	assert_int_equal(n, 300);
	assert_int_equal(view_as(world, "visitor-a", 1, "203.0.113.3"), 204);
}

static void beacons_leave_room_for_the_shop(void **state)
{
	struct world *world = *state;
	int n = 0;

	rig_store_set(world->rig, "shop", (const char *const[]){ "max_pending=10", NULL });
	while (view_as(world, "visitor-1", n, NULL) == 204)
		n++;
	assert_int_equal(n, 5);
}

static void refusals_are_audited_and_repeat_nothing(void **state)
{
	struct world *world = *state;
	struct flow_next next;
	struct str answer;

	(void)ask(world,
		  (struct request){
			  .body = STR("{\"key\":\"canary-4711\",\"events\":[" VIEW("event-0001") "]}") },
		  &answer);
	assert_null(strstr(arena_cstr(&world->arena, answer), "canary"));
	assert_int_equal(
		ask(world, (struct request){ .body = STR("{\"canary-4711\": canary-4711}") }, &answer), 400);
	assert_null(strstr(arena_cstr(&world->arena, answer), "canary"));
	assert_int_equal(
		ask(world, (struct request){ .body = STR("{\"canary-4711\":1,\"canary-4711\":2}") }, &answer),
		400);
	assert_null(strstr(arena_cstr(&world->arena, answer), "canary"));
	assert_true(ingest_upkeep_run_once(world->ingest, &next, &world->err));
	assert_int_equal(rig_audit_count(world->rig, AUDIT_MESSAGE_REFUSED), 1);
	assert_true(str_starts(rig_audit_reason(world->rig, AUDIT_MESSAGE_REFUSED),
			       STR("401: beacon: the publishable key is missing or not this store's")));
}

/* ---- the script and the cart links ---- */

static void the_script_is_served_with_a_digest(void **state)
{
	struct world *world = *state;
	struct arena *arena = &world->arena;
	const struct snapshot *snapshot = settings_take(world->rig->settings);
	struct str etag, other,
		text = storefront_text(snapshot_find_store(snapshot, STR("shop")), arena, &etag);
	struct str answer;

	settings_release(world->rig->settings, snapshot);
	assert_int_equal(ask(world, (struct request){ .method = "GET", .path = "/s/shop.js" }, &answer), 200);
	assert_true(str_eq(answer, text));
	assert_non_null(strstr(arena_cstr(arena, answer), "\"key\":\"" KEY "\""));
	assert_null(strstr(arena_cstr(arena, answer), "/* config */"));
	assert_int_equal(ask(world, (struct request){ .method = "GET", .path = "/s/shop" }, NULL), 404);
	assert_int_equal(ask(world, (struct request){ .method = "GET", .path = "/s/nobody.js" }, NULL), 404);
	assert_int_equal(
		ask(world,
		    (struct request){ .method = "GET",
				      .path = "/s/shop.js",
				      .etag = arena_printf(arena, "\"x\", W/%.*s", STR_ARG(etag)).p },
		    &answer),
		304);
	assert_int_equal(answer.len, 0);
	rig_store_set(world->rig, "shop", (const char *const[]){ "storefront_mode=both", NULL });
	snapshot = settings_take(world->rig->settings);
	(void)storefront_text(snapshot_find_store(snapshot, STR("shop")), arena, &other);
	settings_release(world->rig->settings, snapshot);
	assert_false(str_eq(etag, other));
}

static struct str link_token(struct world *world, const char *settings[])
{
	struct inbox_message *message = NULL;
	struct json *json = NULL;
	struct str url;
	size_t n = 0;

	rig_store_set(world->rig, "shop", settings);
	assert_int_equal(
		ask(world,
		    (struct request){
			    .body = STR(BODY(EVENT("event-cart", "cart_changed",
						   VISITOR
						   ",\"cart\":{\"cart_id\":\"c/1&2\",\"recover_url\":\"" SHOP
						   "/cart\",\"items\":[]}"))) },
		    NULL),
		204);
	assert_true(db_inbox_claim(world->rig->db, 10, 1 << 20, &world->arena, &message, &n, &world->err));
	assert_int_equal(n, 1);
	assert_true(json_parse(message[0].body, &json, &world->err));
	url = arena_dup(&world->arena,
			json_get_text(json_get(json_get(json, "data"), "cart"), "recover_url"));
	json_free(json);
	return url;
}

static void cart_links_lead_to_the_shop_until_they_expire(void **state)
{
	const char *settings[] = { "storefront_url=https://p.example/", "cart_link_hours=2",
				   "cart_url_template=" SHOP "/restore?cart={cart_id}", NULL };
	struct world *world = *state;
	struct str url = link_token(world, settings), token, name = STR("shop"), id;
	const struct snapshot *snapshot;
	const struct settings_store *store;
	int64_t now_s = RIG_START_MS / 1000;

	assert_true(str_starts(url, STR("https://p.example/s/shop/cart/")));
	token = str_skip(url, sizeof("https://p.example/s/shop/cart/") - 1);
	snapshot = settings_take(world->rig->settings);
	store = snapshot_find_store(snapshot, name);
	assert_int_equal(
		cart_link_open(store->secret, store->n_secret, name, token, now_s, &world->arena, &id),
		CART_LINK_GOOD);
	assert_string_equal(arena_cstr(&world->arena, cart_link_target(store, id, &world->arena)),
			    SHOP "/restore?cart=c%2F1%262");
	assert_int_equal(
		cart_link_open(store->secret, store->n_secret, name, token, now_s + 7200, &world->arena, &id),
		CART_LINK_EXPIRED);
	assert_int_equal(cart_link_open(store->secret, store->n_secret, STR("other"), token, now_s,
					&world->arena, &id),
			 CART_LINK_BAD);
	for (size_t i = 0; i < token.len; i++) {
		char *changed = arena_cstr(&world->arena, token);

		changed[i] = changed[i] == 'A' ? 'Q' : 'A';
		assert_int_equal(cart_link_open(store->secret, store->n_secret, name,
						str_of(changed, token.len), now_s, &world->arena, &id),
				 CART_LINK_BAD);
	}
	assert_string_equal(arena_cstr(&world->arena, cart_link_home(store, &world->arena)), SHOP "/");
	settings_release(world->rig->settings, snapshot);
	assert_int_equal(
		ask(world,
		    (struct request){
			    .method = "GET",
			    .path = arena_printf(&world->arena, "/s/shop/cart/%.*s", STR_ARG(token)).p },
		    NULL),
		302);
}

static void a_link_that_is_not_ours_leads_to_the_front_page_or_nowhere(void **state)
{
	const struct request bad = { .method = "GET", .path = "/s/shop/cart/AAAA" };
	struct world *world = *state;

	assert_int_equal(ask(world, bad, NULL), 302);
	rig_store_set(world->rig, "shop", (const char *const[]){ "storefront_origins=", NULL });
	assert_int_equal(ask(world, bad, NULL), 404);
	assert_int_equal(ask(world, (struct request){ .method = "GET", .path = "/s/nobody/cart/AAAA" }, NULL),
			 404);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(statuses_by_table),
		TEST(modes_that_take_none_are_404),
		TEST(what_was_just_allowed_is_taken_in),
		TEST(a_flood_that_is_denied_reads_no_settings_each),
		TEST(a_browser_asks_beforehand),
		TEST(what_was_answered_is_kept_once),
		TEST(a_wrong_event_takes_none_with_it),
		TEST(one_visitor_is_held_down_and_others_are_not),
		TEST(one_address_is_held_down_whoever_it_says_it_is),
		TEST(beacons_leave_room_for_the_shop),
		TEST(refusals_are_audited_and_repeat_nothing),
		TEST(the_script_is_served_with_a_digest),
		TEST(cart_links_lead_to_the_shop_until_they_expire),
		TEST(a_link_that_is_not_ours_leads_to_the_front_page_or_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
