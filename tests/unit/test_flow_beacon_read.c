/*
 * What a browser sent, member by member: what is kept, in which form, and what never gets through.
 */
#include "flow/beacon_read.h"

#include "base/json.h"
#include "flow/rate_limit.h"
#include "platform/platform.h"
#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_MS INT64_C(1785000000000) /* 2026-07-25T17:20:00Z */

static const struct settings_account account;

static struct settings_store store_of(void)
{
	struct settings_store store = { .account = &account, .name = STR("shop") };

	for (int i = 0; i < SETTING_COUNT; i++)
		store.value[i] = str_from(setting_row((enum setting)i)->otherwise);
	store.value[SETTING_KEY_storefront_origins] = STR("https://shop.example");
	return store;
}

/* Text with ' for ". */
static struct str quoted(struct arena *arena, const char *text)
{
	char *copy = arena_cstr(arena, str_from(text));

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	return str_from(copy);
}

static struct str no_setting(const void *from, const char *key)
{
	(void)from;
	(void)key;
	return STR("");
}

/* Whatever gets through is understood: a stranger cannot make work for a person. */
static void is_mapped(const struct beacon_event *event, struct arena *arena)
{
	struct platform_store view = { .store_id = 1, .setting = no_setting };
	struct map_result result = { 0 };

	platform_generic_ops.map(&view, event->topic, event->body, NOW_MS, arena, &result);
	if (result.state != MAP_DONE)
		fail_msg("%.*s: %.*s", STR_ARG(event->body), STR_ARG(result.reason));
}

/* data of the only event, or NULL. Type and data with ' for ". */
static const char *data_of(struct arena *arena, const char *type, const char *data, const char **why)
{
	struct settings_store store = store_of();
	struct beacon_batch batch;
	struct json *json = NULL;
	struct err err;
	const char *text;

	assert_true(beacon_read(&store,
				quoted(arena, arena_printf(arena,
							   "{'key':'k','id':'event-0001','type':'%s','data':"
							   "{'anonymous_id':'visitor-1'%s}}",
							   type, data)
						      .p),
				NOW_MS, arena, &batch, &err));
	*why = batch.n_refused ? arena_cstr(arena, str_from(batch.why.msg)) : "";
	if (batch.n == 0)
		return NULL;
	assert_true(json_parse(batch.event[0].body, &json, &err));
	text = json_write_arena(json_get(json, "data"), false, arena).p;
	json_free(json);
	is_mapped(&batch.event[0], arena);
	return text;
}

static void members_by_table(void **state)
{
	static const struct {
		const char *what;
		const char *type;
		const char *data; /* behind anonymous_id */
		const char *want; /* NULL: refused */
	} table[] = {
		{ "nothing needed", "active", "", "" },
		{ "with the long name", "storefront.active", "", "" },
		{ "session and page", "active",
		  ",'session_id':'s-1','page_url':'https://shop.example/p?id=1'",
		  ",'session_id':'s-1','page_url':'https://shop.example/p?id=1'" },
		{ "a page elsewhere", "active", ",'page_url':'https://evil.example/p'", "" },
		{ "a page that is a script", "active", ",'page_url':'javascript:alert(1)'", "" },
		{ "e-mail in its form", "active", ",'email':' Ann@Example.COM '",
		  ",'email':'ann@example.com'" },
		{ "no e-mail", "active", ",'email':'ann'", "" },
		{ "e-mail is a list", "active", ",'email':['a@b.example']", NULL },
		{ "exchange token", "active", ",'exchange_token':'aB_-.9='", ",'exchange_token':'aB_-.9='" },
		{ "token with a line break", "active", ",'exchange_token':'a\\nb'", "" },
		{ "nobody changes consent", "identified",
		  ",'email':'a@b.example','consent':{'email':'subscribed'},'subscribed':true",
		  ",'email':'a@b.example'" },
		{ "nor who the customer is", "active",
		  ",'customer_id':'1','phone':'+491','first_name':'X','properties':{'vip':true},'external_id'"
		  ":'1'",
		  "" },
		{ "nobody named", "identified", "", NULL },
		{ "product", "product_viewed",
		  ",'product':{'product_id':42,'sku':'S','name':'Pot','price':29.98,'compare_at_price':'35','"
		  "brand':'B',"
		  "'categories':['A','',1,'B'],'image_url':'https://cdn.example/i.png','url':'https://"
		  "shop.example/p'}",
		  ",'product':{'product_id':'42','sku':'S','name':'Pot','price':'29.98','compare_at_price':'"
		  "35','brand':'B',"
		  "'categories':['A','B'],'image_url':'https://cdn.example/i.png','url':'https://"
		  "shop.example/p'}" },
		{ "links lead to the shop", "product_viewed",
		  ",'product':{'product_id':'1','url':'https://evil.example','image_url':'data:image/"
		  "png;base64,AA'}",
		  ",'product':{'product_id':'1'}" },
		{ "odd prices", "product_viewed",
		  ",'product':{'product_id':'1','price':'1e5','compare_at_price':-1}",
		  ",'product':{'product_id':'1'}" },
		{ "no product", "product_viewed", "", NULL },
		{ "no id", "product_viewed", ",'product':{'name':'x'}", NULL },
		{ "product is text", "product_viewed", ",'product':'1'", NULL },
		{ "name is a number", "product_viewed", ",'product':{'product_id':'1','name':5}", NULL },
		{ "price is a list", "product_viewed", ",'product':{'product_id':'1','price':[1]}", NULL },
		{ "null is nothing", "product_viewed", ",'product':{'product_id':'1','name':null}",
		  ",'product':{'product_id':'1'}" },
		{ "cart", "cart_changed",
		  ",'cart':{'cart_id':'c','currency':'EUR','total':10,'url':'https://shop.example/"
		  "cart','items':"
		  "[{'product_id':'1','quantity':2,'price':5,'url':'https://shop.example/"
		  "p'}],'added':{'product_id':'1','quantity':'1'}}",
		  ",'cart':{'cart_id':'c','currency':'EUR','total':'10','recover_url':'https://shop.example/"
		  "cart','items':"
		  "[{'product_id':'1','quantity':2,'unit_price':'5','product_url':'https://shop.example/p'}],"
		  "'added':{'product_id':'1','quantity':1}}" },
		{ "an empty cart", "cart_changed", ",'cart':{'items':[{},{'quantity':1}],'added':{}}", NULL },
		{ "an emptied cart", "cart_changed", ",'cart':{'cart_id':'c','items':[],'added':{}}",
		  ",'cart':{'cart_id':'c','items':[]}" },
		{ "no cart", "checkout_started", "", NULL },
		{ "items are no list", "checkout_started", ",'cart':{'items':{}}", NULL },
		{ "a line of a wrong type", "checkout_started", ",'cart':{'items':[{'quantity':[]}]}", NULL },
		{ "category", "category_viewed", ",'category':{'id':7,'name':'N','secret':1}",
		  ",'category':{'id':'7','name':'N'}" },
		{ "empty category", "category_viewed", ",'category':{}", NULL },
		{ "search", "searched", ",'search':{'term':'pots','results':3}",
		  ",'search':{'term':'pots','results':3}" },
		{ "search for nothing", "searched", ",'search':{'term':'  '}", NULL },
		{ "an order", "order_placed", "", NULL },
		{ "consent", "consent_changed", "", NULL },
		{ "a profile", "storefront.profile", "", NULL },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const char *why, *got = data_of(&arena, table[i].type, table[i].data, &why);

		print_message("%s: %s\n", table[i].what, why);
		if (!table[i].want) {
			assert_null(got);
			continue;
		}
		assert_non_null(got);
		assert_string_equal(
			got, quoted(&arena,
				    arena_printf(&arena, "{'anonymous_id':'visitor-1'%s}", table[i].want).p)
				     .p);
	}
	arena_release(&arena);
}

static void long_texts_are_cut_between_characters(void **state)
{
	struct arena arena;
	const char *why, *got;
	char name[700];

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i + 2 < sizeof(name); i += 2)
		memcpy(name + i, "\xc3\xa9", 2);
	name[698] = '\0';
	got = data_of(&arena, "product_viewed",
		      arena_printf(&arena, ",'product':{'product_id':'1','name':'x%s'}", name).p, &why);
	assert_non_null(got);
	assert_int_equal(strlen(strstr(got, "\"name\":\"") + 8), 299 + strlen("\"}}"));
	/* an id that is too long is none */
	memset(name, 'a', 201);
	name[201] = '\0';
	assert_null(data_of(&arena, "product_viewed",
			    arena_printf(&arena, ",'product':{'product_id':'%s'}", name).p, &why));
	arena_release(&arena);
}

static void times_are_counted_back_from_ours(void **state)
{
	static const struct {
		const char *times; /* at and sent_at */
		const char *want;
	} table[] = {
		{ "'sent_at':5000,'at':5000", "2026-07-25T17:20:00.000Z" },
		{ "'sent_at':65000,'at':5000", "2026-07-25T17:19:00.000Z" },
		{ "'sent_at':5000,'at':65000", "2026-07-25T17:20:00.000Z" },
		{ "'at':5000", "2026-07-25T17:20:00.000Z" },
		{ "'sent_at':9000000000000000000,'at':1", "2026-07-24T17:20:00.000Z" },
		{ "'sent_at':-5,'at':-10", "2026-07-25T17:20:00.000Z" },
		{ "'sent_at':'x','at':[]", "2026-07-25T17:20:00.000Z" },
	};
	struct settings_store store = store_of();
	struct arena arena;
	struct err err;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct beacon_batch batch;

		print_message("%s\n", table[i].times);
		assert_true(beacon_read(
			&store,
			quoted(&arena, arena_printf(&arena,
						    "{'key':'k','id':'event-0001','type':'active',%s,"
						    "'data':{'anonymous_id':'visitor-1'}}",
						    table[i].times)
					       .p),
			NOW_MS, &arena, &batch, &err));
		assert_int_equal(batch.n, 1);
		assert_non_null(strstr(arena_cstr(&arena, batch.event[0].body), table[i].want));
	}
	arena_release(&arena);
}

static void bodies_by_table(void **state)
{
	static const struct {
		const char *body;
		bool want;
		size_t n, n_refused;
	} table[] = {
		{ "{'key':'k','id':'event-0001','type':'active','data':{'anonymous_id':'visitor-1'}}", true,
		  1, 0 },
		{ "[{'key':'k','id':'event-0001','type':'active','data':{'anonymous_id':'visitor-1'}},5]",
		  true, 1, 1 },
		{ "{'key':'k','events':[{'id':'short','type':'active','data':{'anonymous_id':'visitor-1'}}]}",
		  true, 0, 1 },
		{ "{'key':'k','events':[{'id':'event "
		  "0001','type':'active','data':{'anonymous_id':'visitor-1'}}]}",
		  true, 0, 1 },
		{ "{'key':'k','events':[{'id':'event-0001','type':'active','data':{'anonymous_id':'v'}}]}",
		  true, 0, 1 },
		{ "{'key':'k','events':[{'id':'event-0001','type':'active','data':[]}]}", true, 0, 1 },
		{ "{'key':'k','events':[null]}", true, 0, 1 },
		{ "{'key':'k','events':[]}", false, 0, 0 },
		{ "[]", false, 0, 0 },
		{ "5", false, 0, 0 },
		{ "'key'", false, 0, 0 },
		{ "", false, 0, 0 },
		{ "{'key':'k','key':'l'}", false, 0, 0 },
	};
	struct settings_store store = store_of();
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct beacon_batch batch;
		struct err err;

		print_message("%s\n", table[i].body);
		assert_int_equal(
			beacon_read(&store, quoted(&arena, table[i].body), NOW_MS, &arena, &batch, &err),
			table[i].want);
		if (!table[i].want)
			continue;
		assert_int_equal(batch.n, table[i].n);
		assert_int_equal(batch.n_refused, table[i].n_refused);
		assert_string_equal(arena_cstr(&arena, batch.key), "k");
	}
	arena_release(&arena);
}

static void robots_by_table(void **state)
{
	static const struct {
		const char *agent;
		bool want;
	} table[] = {
		{ "", true },
		{ "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", true },
		{ "facebookexternalhit/1.1", true },
		{ "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/130.0", true },
		{ "curl/8.0", true },
		{ "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0 Safari/537.36", false },
		{ "Mozilla/5.0 (Linux; Android 9; CUBOT NOTE 20) Chrome/96.0 Mobile", false },
		{ "Mozilla/5.0 (Linux; Android 9; CUBOT) Googlebot/2.1", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		print_message("%s\n", table[i].agent);
		assert_int_equal(beacon_is_bot(str_from(table[i].agent)), table[i].want);
	}
}

static void buckets_refill_and_the_table_does_not_grow(void **state)
{
	struct rate rate = { .burst = 3, .per_minute = 60 };
	struct rand_seeded rand;
	struct rate_limit *limit;
	char who[32];

	(void)state;
	rand_seeded_init(&rand, 1);
	limit = rate_limit_new(16, &rand.rand);
	assert_true(rate_limit_take(limit, "a", 1, STR("x"), rate, 3, 0));
	assert_false(rate_limit_take(limit, "a", 1, STR("x"), rate, 1, 0));
	assert_true(rate_limit_take(limit, "b", 1, STR("x"), rate, 1, 0));
	assert_true(rate_limit_take(limit, "a", 2, STR("x"), rate, 1, 0));
	assert_false(rate_limit_take(limit, "a", 1, STR("x"), rate, 1, 999));
	assert_true(rate_limit_take(limit, "a", 1, STR("x"), rate, 1, 1000));
	assert_false(rate_limit_take(limit, "a", 1, STR("x"), rate, 4, INT64_C(1) << 50));
	/* Thousands come: nothing breaks, and whoever stays is still counted. */
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(who, sizeof(who), "who-%d", i);
		assert_true(rate_limit_take(limit, "a", 1, str_from(who), rate, 3, INT64_C(1) << 51));
		assert_false(rate_limit_take(limit, "a", 1, str_from(who), rate, 1, INT64_C(1) << 51));
	}
	rate_limit_free(limit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_by_table),
		cmocka_unit_test(long_texts_are_cut_between_characters),
		cmocka_unit_test(times_are_counted_back_from_ours),
		cmocka_unit_test(bodies_by_table),
		cmocka_unit_test(robots_by_table),
		cmocka_unit_test(buckets_refill_and_the_table_does_not_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
