/*
 * Orders, carts, browsing, consent and erasure, from the shop's request to what Klaviyo holds, with the real
 * programs: not how much arrives but what. The order is the one of Klaviyo's guide for shops without an
 * integration, two books; its properties are compared member by member.
 */
#include "support/town.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/file.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define JOHN "john.smith@books.test.example.org"
#define WINNIE \
	"{'line_id':'1','product_id':'1111','sku':'WINNIEPOOH','name':'Winnie the Pooh','quantity':1," \
	"'unit_price':'9.99','row_total':'9.99','brand':'Kids Books','categories':['Fiction','Children']," \
	"'product_url':'http://www.example.com/path/to/product'," \
	"'image_url':'http://www.example.com/path/to/product/image.png'}"
#define TALE \
	"{'line_id':'2','product_id':'1112','sku':'TALEOFTWO','name':'A Tale of Two Cities','quantity':1," \
	"'unit_price':'19.99','row_total':'19.99','brand':'Harcourt Classics'," \
	"'categories':['Fiction','Classics'],'product_url':'http://www.example.com/path/to/product2'," \
	"'image_url':'http://www.example.com/path/to/product/image2.png'}"
#define ADDRESS \
	"{'first_name':'John','last_name':'Smith','company':'','address1':'123 abc street'," \
	"'address2':'apt 1','city':'Boston','region':'Massachusetts','region_code':'MA'," \
	"'country':'United States','country_code':'US','zip':'02110','phone':'6175551234'}"
#define ORDER \
	"{'order_id':'1234567890','placed_at':'2022-12-05T15:00:00Z','currency':'USD','total':'29.98'," \
	"'discount_codes':['Free Shipping'],'discount_total':'5.00','historical':true," \
	"'customer':{'email':'" JOHN "','first_name':'John','last_name':'Smith','phone':'6175551234'}," \
	"'billing':" ADDRESS ",'shipping':" ADDRESS ",'lines':[" WINNIE "," TALE "]}"

/* What the guide's example says of the two books, as Klaviyo is to hold it. */
#define GUIDE_WINNIE \
	"'ProductID':'1111','SKU':'WINNIEPOOH','ProductName':'Winnie the Pooh','Quantity':1," \
	"'ItemPrice':9.99,'RowTotal':9.99,'ProductURL':'http://www.example.com/path/to/product'," \
	"'ImageURL':'http://www.example.com/path/to/product/image.png'"
#define GUIDE_TALE \
	"'ProductID':'1112','SKU':'TALEOFTWO','ProductName':'A Tale of Two Cities','Quantity':1," \
	"'ItemPrice':19.99,'RowTotal':19.99,'ProductURL':'http://www.example.com/path/to/product2'," \
	"'ImageURL':'http://www.example.com/path/to/product/image2.png'"
#define GUIDE_ITEMS \
	"[{" GUIDE_WINNIE ",'Categories':['Fiction','Children'],'Brand':'Kids Books'}," \
	"{" GUIDE_TALE ",'Categories':['Fiction','Classics'],'Brand':'Harcourt Classics'}]"
#define GUIDE_ADDRESS \
	"{'FirstName':'John','LastName':'Smith','Address1':'123 abc street','Address2':'apt 1'," \
	"'City':'Boston','Region':'Massachusetts','RegionCode':'MA','Country':'United States'," \
	"'CountryCode':'US','Zip':'02110'}"
#define GUIDE_ORDER \
	"'OrderId':'1234567890','ItemNames':['Winnie the Pooh','A Tale of Two Cities']," \
	"'Brands':['Kids Books','Harcourt Classics'],'DiscountCode':'Free Shipping','DiscountValue':5," \
	"'Items':" GUIDE_ITEMS ",'BillingAddress':" GUIDE_ADDRESS ",'ShippingAddress':" GUIDE_ADDRESS

static int set_up(void **state)
{
	static struct town town;

	town_open(&town, NULL);
	town_store(&town, "shop", "generic", "main", NULL);
	*state = &town;
	return 0;
}

static int tear_down(void **state)
{
	struct town *town = *state;

	town_idle(town);
	town_conserve(town);
	assert_int_equal(town_violations(town, NULL), 0);
	town_close(town);
	return 0;
}

/* ---- comparing ---- */

static struct json *parsed(const char *text)
{
	char copy[8192];
	struct json *json = NULL;
	struct err err;

	(void)snprintf(copy, sizeof(copy), "%s", text);
	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	if (!json_parse(str_from(copy), &json, &err))
		fail_msg("%s: %s", err.msg, copy);
	return json;
}

static bool is_number(const struct json *json)
{
	return json_type(json) == JSON_INTEGER || json_type(json) == JSON_REAL;
}

/* Every member of want is in got with the same value; got may have more. Lists are the same throughout. */
static void assert_has(const struct json *got, const struct json *want, const char *where)
{
	char inner[256];

	if (json_type(want) == JSON_OBJECT) {
		for (void *it = json_first(want); it; it = json_next(want, it)) {
			struct str name = json_member_name(it);

			(void)snprintf(inner, sizeof(inner), "%s.%.*s", where, STR_ARG(name));
			assert_has(json_get(got, inner + strlen(where) + 1), json_member_value(it), inner);
		}
	} else if (json_type(want) == JSON_ARRAY) {
		if (json_len(got) != json_len(want))
			fail_msg("%s: %zu elements, want %zu", where, json_len(got), json_len(want));
		for (size_t i = 0; i < json_len(want); i++) {
			(void)snprintf(inner, sizeof(inner), "%s[%zu]", where, i);
			assert_has(json_at(got, i), json_at(want, i), inner);
		}
	} else if (is_number(want)) {
		int64_t difference = (int64_t)((json_number(got) - json_number(want)) * 1000);

		if (!is_number(got) || difference != 0)
			fail_msg("%s: not the number %f", where, json_number(want));
	} else if (!json_same(got, want)) {
		fail_msg("%s: got '%.*s', want '%.*s'", where, STR_ARG(json_text(got)),
			 STR_ARG(json_text(want)));
	}
}

static struct json *events(struct town *town, const char *query)
{
	return town_sandbox(town, arena_printf(&town->place.arena, "/sandbox/events?%s", query).p);
}

static const struct json *list_of(const struct json *answer)
{
	return json_type(answer) == JSON_ARRAY ? answer : json_get(answer, "events");
}

/* The only event of that metric has all that want says. ' stands for " */
static void assert_event(struct town *town, const char *metric, const char *want)
{
	struct json *answer = events(town, arena_printf(&town->place.arena, "metric=%s", metric).p);
	struct json *expected = parsed(want);

	if (json_len(list_of(answer)) != 1)
		fail_msg("%s: %zu events", metric, json_len(list_of(answer)));
	assert_has(json_at(list_of(answer), 0), expected, metric);
	json_free(expected);
	json_free(answer);
}

/* ---- tests ---- */

static void the_order_of_the_guide(void **state)
{
	struct town *town = *state;
	struct json *answer, *want;

	town_generic(town, "shop", "order.placed", ORDER);
	town_idle(town);
	town_generic(town, "shop", "order.fulfilled",
		     "{'order_id':'1234567890','fulfilled_at':'2022-12-07T10:00:00Z'}");
	town_generic(town, "shop", "order.cancelled",
		     "{'order_id':'1234567890','cancelled_at':'2022-12-07T11:00:00Z','reason':'No longer "
		     "needed'}");
	town_generic(
		town, "shop", "order.refunded",
		"{'order_id':'1234567890','refunded_at':'2022-12-07T12:00:00Z','reason':'No longer needed'}");
	town_idle(town);
	assert_event(
		town, "Placed%20Order",
		"{'unique_id':'1234567890','value':29.98,'value_currency':'USD','properties':{" GUIDE_ORDER
		"}}");
	assert_event(town, "Fulfilled%20Order",
		     "{'unique_id':'1234567890','value':29.98,'properties':{" GUIDE_ORDER "}}");
	assert_event(town, "Cancelled%20Order",
		     "{'unique_id':'1234567890','value':29.98,'properties':{'Reason':'No longer "
		     "needed'," GUIDE_ORDER "}}");
	assert_event(town, "Refunded%20Order",
		     "{'unique_id':'1234567890','value':29.98,'properties':{'Reason':'No longer "
		     "needed'," GUIDE_ORDER "}}");
	answer = events(town, "metric=Ordered%20Product");
	want = parsed(
		"[{'unique_id':'1234567890:1','value':9.99,'properties':{'OrderId':'1234567890',"
		"'ProductID':'1111','SKU':'WINNIEPOOH','ProductName':'Winnie the Pooh','Quantity':1,"
		"'ProductURL':'http://www.example.com/path/to/product','ImageURL':"
		"'http://www.example.com/path/to/product/image.png','Categories':['Fiction','Children'],"
		"'ProductBrand':'Kids Books'}},"
		"{'unique_id':'1234567890:2','value':19.99,'properties':{'OrderId':'1234567890',"
		"'ProductID':'1112','SKU':'TALEOFTWO','ProductName':'A Tale of Two Cities','Quantity':1,"
		"'ProductURL':'http://www.example.com/path/to/product2','ImageURL':"
		"'http://www.example.com/path/to/product/image2.png','Categories':['Fiction','Classics'],"
		"'ProductBrand':'Harcourt Classics'}}]");
	assert_has(list_of(answer), want, "Ordered Product");
	json_free(want);
	json_free(answer);
}

#define CART \
	"'cart':{'cart_id':'1000123','currency':'USD','total':'29.98'," \
	"'url':'http://www.example.com/path/to/checkout','lines':[" WINNIE "," TALE "],'added':" TALE "}"

static void the_cart_of_the_guide(void **state)
{
	struct town *town = *state;

	town_generic(
		town, "shop", "storefront.product_viewed",
		"{'anonymous_id':'b-1','page_url':'http://www.example.com/path/to/product',"
		"'product':{'product_id':'1111','sku':'WINNIEPOOH','name':'Winnie the Pooh','price':'9.99',"
		"'currency':'USD','brand':'Kids Books','categories':['Fiction','Children'],"
		"'image_url':'http://www.example.com/path/to/product/image.png',"
		"'url':'http://www.example.com/path/to/product'}}");
	town_generic(town, "shop", "storefront.cart_changed", "{'anonymous_id':'b-1'," CART "}");
	town_idle(town);
	assert_int_equal(town_number(town, "stores", "shop", "held"), 1); /* nobody knows who that is */
	town_generic(town, "shop", "storefront.checkout_started",
		     "{'anonymous_id':'b-1','email':'" JOHN "'," CART "}");
	town_idle(town);
	assert_event(
		town, "Viewed%20Product",
		"{'email':'" JOHN "','properties':{'ProductName':'Winnie the Pooh','ProductID':'1111',"
		"'SKU':'WINNIEPOOH','Categories':['Fiction','Children'],'Brand':'Kids Books','Price':9.99,"
		"'ImageURL':'http://www.example.com/path/to/product/image.png',"
		"'URL':'http://www.example.com/path/to/product'}}");
	assert_event(town, "Added%20to%20Cart",
		     "{'email':'" JOHN
		     "','value':29.98,'properties':{'AddedItemProductName':'A Tale of Two Cities',"
		     "'AddedItemProductID':'1112','AddedItemSKU':'TALEOFTWO','AddedItemPrice':19.99,"
		     "'AddedItemQuantity':1,'AddedItemURL':'http://www.example.com/path/to/product2',"
		     "'AddedItemImageURL':'http://www.example.com/path/to/product/image2.png',"
		     "'ItemNames':['Winnie the Pooh','A Tale of Two Cities'],"
		     "'CheckoutURL':'http://www.example.com/path/to/checkout',"
		     "'Items':[{" GUIDE_WINNIE ",'ProductCategories':['Fiction','Children']},{" GUIDE_TALE
		     ",'ProductCategories':['Fiction','Classics']}]}}");
	assert_event(town, "Started%20Checkout",
		     "{'email':'" JOHN "','value':29.98,'properties':{"
		     "'ItemNames':['Winnie the Pooh','A Tale of Two Cities'],"
		     "'CheckoutURL':'http://www.example.com/path/to/checkout',"
		     "'Items':[{" GUIDE_WINNIE ",'ProductCategories':['Fiction','Children']},{" GUIDE_TALE
		     ",'ProductCategories':['Fiction','Classics']}]}}");
}

#define STORE_KEY "pub_0123456789abcdef"
#define ORIGIN	  "https://www.example.com"

/* As the shop's script does it. */
static void a_beacon_of_a_browser(void **state)
{
	struct town *town = *state;
	struct arena *arena = &town->place.arena;
	struct http_header header[] = { { STR("Content-Type"), STR("text/plain") },
					{ STR("Origin"), STR(ORIGIN) },
					{ STR("User-Agent"),
					  STR("Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0") } };
	struct http_call call = {
		.method = "POST",
		.url = arena_printf(arena, "%s/s/shop/events", town->url),
		.header = header,
		.n_header = ARRAY_LEN(header),
	};
	int64_t now_ms = clock_wall_ms(clock_system());
	struct str answer;
	int status;

	town_store_set(town, "shop", "storefront_origins=" ORIGIN);
	town_store_set(town, "shop", "storefront_key=" STORE_KEY);
	town_store_set(town, "shop", "store_metrics=viewed_category=on");
	town_store_set(town, "shop", "storefront_mode=server"); /* last: who finds it off looks for changes */
	call.body = arena_printf(
		arena,
		"{\"key\":\"" STORE_KEY
		"\",\"sent_at\":%lld,\"events\":[{\"id\":\"c0ffee00c0ffee00\",\"type\":"
		"\"category_viewed\",\"at\":%lld,\"data\":{\"anonymous_id\":\"d00dfeed\",\"email\":\"" JOHN
		"\","
		"\"first_name\":\"Mallory\",\"page_url\":\"" ORIGIN
		"/c\",\"category\":{\"id\":\"7\",\"name\":\"Fiction\"}}}]}",
		(long long)now_ms, (long long)now_ms);
	assert_true(http_client_fetch(town->client, &call, arena, &status, &answer, &town->err));
	assert_int_equal(status, 204);
	town_idle(town);
	assert_event(town, "Viewed%20Category",
		     "{'email':'" JOHN "','properties':{'CategoryName':'Fiction'}}");
}

static void assert_profile(struct town *town, const char *want)
{
	struct json *answer = town_sandbox(town, "/sandbox/profiles?email=" JOHN), *expected = parsed(want);

	if (json_len(json_get(answer, "profiles")) != 1)
		fail_msg("%zu profiles", json_len(json_get(answer, "profiles")));
	assert_has(json_at(json_get(answer, "profiles"), 0), expected, "profile");
	json_free(expected);
	json_free(answer);
}

static void do_in_klaviyo(struct town *town, const char *action)
{
	struct arena *arena = &town->place.arena;
	struct http_call call = {
		.method = "POST",
		.url = arena_printf(arena, "%s/sandbox/consent", town->sandbox.url),
		.body = arena_printf(arena, "{\"email\":\"" JOHN "\",\"action\":\"%s\"}", action),
	};
	struct str answer;
	int status;

	assert_true(http_client_fetch(town->client, &call, arena, &status, &answer, &town->err));
	if (status != 200)
		fail_msg("%d %.*s", status, STR_ARG(answer));
}

/* ---- a webhook of the shop: keeps one request and answers 200 ---- */

struct hook {
	int fd;
	int port;
	pthread_t thread;
	char request[8192];
};

static void *hear(void *arg)
{
	struct hook *hook = arg;
	struct pollfd came = { .fd = hook->fd, .events = POLLIN };
	int fd = poll(&came, 1, TOWN_DEADLINE_MS) == 1 ? accept(hook->fd, NULL, NULL) : -1;
	size_t len = 0;

	while (fd >= 0 && len < sizeof(hook->request) - 1 && !strstr(hook->request, "klaviyo.opted_out\"}")) {
		ssize_t n = recv(fd, hook->request + len, sizeof(hook->request) - 1 - len, 0);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (fd >= 0 && send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38, MSG_NOSIGNAL) != 38)
		hook->request[0] = '\0';
	if (fd >= 0)
		(void)close(fd);
	return NULL;
}

static void hook_start(struct hook *hook)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	hook->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(hook->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(hook->fd, 8), 0);
	assert_int_equal(getsockname(hook->fd, (struct sockaddr *)&address, &len), 0);
	hook->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&hook->thread, NULL, hear, hook), 0);
}

static void consent_and_back(void **state)
{
	struct town *town = *state;
	struct hook hook = { 0 };
	const char *secret = place_file(&town->place, "hook-secret", "a-secret-of-the-webhook");
	struct arena *arena = &town->place.arena;

	hook_start(&hook);
	/* A daemon that had no webhook when it started looks for notices once a minute. */
	assert_int_equal(town_stop(town, SIGTERM), 0);
	town_account_set(town, "main", "optout_poll_s=1");
	town_store_set(town, "shop",
		       arena_printf(arena, "optout_webhook=http://127.0.0.1:%d/hook", hook.port).p);
	town_store_set(town, "shop", arena_printf(arena, "optout_webhook_secret=%s", secret).p);
	town_start(town);
	town_generic(
		town, "shop", "customer.upserted",
		"{'customer_id':'77','email':'" JOHN "','first_name':'John','last_name':'Smith',"
		"'phone':'+16175551234','locale':'en-US','birthday':'1990-05-17','group':'VIP',"
		"'address':{'address1':'123 abc street','city':'Boston','zip':'02110','country_code':'US'}}");
	town_generic(town, "shop", "consent.changed",
		     "{'email':'" JOHN "','channel':'email','state':'subscribed','source':'Footer form'}");
	town_idle(town);
	assert_profile(town, "{'email':'" JOHN "','phone_number':'+16175551234','first_name':'John',"
			     "'last_name':'Smith','locale':'en-US','location':{'address1':'123 abc street',"
			     "'city':'Boston','zip':'02110','country':'US'},'properties':{'CustomerId':'77',"
			     "'CustomerGroup':'VIP','Birthday':'1990-05-17'}}");
	do_in_klaviyo(town, "confirm");
	do_in_klaviyo(town, "unsubscribe");
	assert_int_equal(pthread_join(hook.thread, NULL), 0);
	(void)close(hook.fd);
	for (size_t i = 0; i < 5; i++) {
		static const char *const part[] = { "POST /hook HTTP/1.1", "webhook-id: optout_",
						    "webhook-signature: v1,", "\"email\":\"" JOHN "\"",
						    "\"state\":\"unsubscribed\"" };

		if (!strstr(hook.request, part[i]))
			fail_msg("no '%s' in %s", part[i], hook.request);
	}
	/* an older opt-in that comes late brings nobody back */
	town_generic(town, "shop", "consent.changed",
		     "{'email':'" JOHN
		     "','channel':'email','state':'subscribed','consented_at':'2024-01-01T00:00:00Z'}");
	town_idle(town);
	assert_int_equal(town_violations(town, NULL), 0);
	town_generic(town, "shop", "person.erased", "{'email':'" JOHN "'}");
	town_idle(town);
	{
		struct json *answer = town_sandbox(town, "/sandbox/profiles?email=" JOHN);

		assert_int_equal(json_len(json_get(answer, "profiles")), 0);
		json_free(answer);
	}
}

/* Also what a browser did that the shop has no id for: it is kept under the address. */
static void nothing_is_left_of_who_was_erased(void **state)
{
	struct town *town = *state;
	struct town_wait wait = { 0 };

	town_store_set(town, "shop", "product_wait_ms=0"); /* no product ever comes */
	town_generic(town, "shop", "customer.upserted", "{'email':'" JOHN "','first_name':'John'}");
	town_generic(town, "shop", "order.placed", ORDER);
	town_generic(town, "shop", "storefront.cart_changed",
		     "{'email':'" JOHN "','cart':{'cart_id':'c-9','lines':[{'product_id':'1','quantity':1}],"
		     "'added':{'product_id':'1','quantity':1}}}");
	town_idle(town);
	assert_non_null(place_holds(&town->place, JOHN));
	town_generic(town, "shop", "person.erased", "{'email':'" JOHN "'}");
	town_idle(town);
	/* The file is written anew behind it. */
	while (place_holds(&town->place, JOHN))
		if (!town_wait(&wait))
			fail_msg("%s still holds the address", place_holds(&town->place, JOHN));
}

/* Everything that was written while all of it was in use: the database with its log, what the daemon said. */
static void secrets_are_in_no_file(void **state)
{
	static const char *const ours[] = { "key", "secret", "hook-secret" };
	static const char *const secret[] = { TOWN_KEY, "cGFubmllci10b3duLXBhbm5pZXItdG93bi0wMDAx",
					      "pannier-town-pannier-town-0001", "a-secret-of-the-webhook" };
	struct town *town = *state;
	const char *hook = place_file(&town->place, "hook-secret", "a-secret-of-the-webhook");
	struct arena *arena = &town->place.arena;
	const char *limits = arena_printf(arena, "/proc/%d/limits", (int)town->daemon).p;
	struct str text;

	assert_true(file_read(limits, 65536, arena, &text, &town->err));
	assert_non_null(strstr(arena_cstr(arena, text), "Max core file size        0                    0 "));
	town_store_set(town, "shop", "optout_webhook=http://127.0.0.1:1/hook");
	town_store_set(town, "shop", arena_printf(arena, "optout_webhook_secret=%s", hook).p);
	town_generic(town, "shop", "order.placed", ORDER);
	town_generic(town, "shop", "consent.changed", "{'email':'" JOHN "','state':'subscribed'}");
	town_idle(town);
	do_in_klaviyo(town, "confirm");
	do_in_klaviyo(town, "unsubscribe"); /* the webhook does not answer: the log says so */
	assert_int_equal(town_post(town, (struct town_post){ .secret = "v1,bm8=", .body = STR("{}") }, NULL),
			 401);
	town_knobs(town, "{\"deny_scope\":\"events:write\"}");
	town_generic(town, "shop", "order.paid", "{'order_id':'1234567890'}");
	assert_int_equal(town_stop(town, SIGTERM), 0);
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		assert_int_equal(unlink(place_file(&town->place, ours[i], NULL)), 0);
	for (size_t i = 0; i < ARRAY_LEN(secret); i++)
		if (place_holds(&town->place, secret[i]))
			fail_msg("%s holds '%s'", place_holds(&town->place, secret[i]), secret[i]);
	assert_true(
		file_read(place_file(&town->place, "pannier.log", NULL), 1 << 20, arena, &text, &town->err));
	assert_null(strstr(arena_cstr(arena, text), "john.smith"));
	town_knobs(town, "{\"deny_scope\":\"\"}");
	town_start(town);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_order_of_the_guide, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_cart_of_the_guide, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_beacon_of_a_browser, set_up, tear_down),
		cmocka_unit_test_setup_teardown(consent_and_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_is_left_of_who_was_erased, set_up, tear_down),
		cmocka_unit_test_setup_teardown(secrets_are_in_no_file, set_up, tear_down),
	};

	(void)setenv("PANNIER_OUTBOUND", "any", 1); /* the shop's webhook is on this machine */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
