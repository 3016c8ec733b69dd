/*
 * What messages come to: how much Klaviyo would be told, in how many requests, before anything is taken in.
 */
#include "base/attr.h"
#include "flow/telling.h"
#include "platform/platform.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define NOW_MS INT64_C(1785406272345) /* 2026-07-30T10:11:12.345Z */

static struct str no_setting(const void *from, const char *key)
{
	(void)from;
	(void)key;
	return STR("");
}

/* A message of the generic platform with ' for ". */
static void tell(struct tellings *told, const char *type, const char *quoted, struct arena *arena)
{
	struct platform_store view = { .store_id = 1, .setting = no_setting };
	struct map_result result = { 0 };
	char *text = arena_cstr(arena, str_from(quoted));

	for (char *at = text; *at; at++)
		if (*at == '\'')
			*at = '"';
	platform_generic_ops.map(&view, str_from(type), str_from(text), NOW_MS, arena, &result);
	assert_int_equal(result.state, MAP_DONE);
	tellings_add(told, result.fact, result.n_fact, str_from(text));
}

static void messages_are_counted_as_what_klaviyo_is_told(void **state)
{
	static const struct {
		const char *type, *text;
		int64_t want[TELLING_COUNT]; /* events, profiles, consents, categories, items, variants */
	} row[] = {
		{ "product.upserted",
		  "{'type':'product.upserted','data':{'id':'pen','title':'Pen','price':'1','currency':'EUR'}"
		  "}",
		  { [TELLING_items] = 1, [TELLING_variants] = 1 } },
		{ "product.upserted",
		  "{'type':'product.upserted','data':{'id':'pen','title':'Pen','variants':[]}}",
		  { [TELLING_items] = 1, [TELLING_variants] = 1 } },
		{ "product.upserted",
		  "{'type':'product.upserted','data':{'id':'mug','title':'Mug','variants':[{'id':'r'},{'id':'"
		  "b'}]}}",
		  { [TELLING_items] = 1, [TELLING_variants] = 2 } },
		{ "variant.upserted",
		  "{'type':'variant.upserted','data':{'id':'g','product_id':'mug','price':'1','currency':'"
		  "EUR'}}",
		  { [TELLING_variants] = 1 } },
		{ "price.changed",
		  "{'type':'price.changed','data':{'product_id':'pen','price':'2','currency':'EUR'}}",
		  { 0 } },
		{ "category.upserted",
		  "{'type':'category.upserted','data':{'id':'kitchen','title':'Kitchen'}}",
		  { [TELLING_categories] = 1 } },
		{ "order.placed",
		  "{'type':'order.placed','timestamp':'2023-01-05T08:59:00Z','data':{'order_id':'1','total':'"
		  "2',"
		  "'currency':'EUR','customer':{'email':'a@shop.test'},'lines':[{'sku':'A'},{'sku':'B'}]}}",
		  { [TELLING_events] = 3, [TELLING_profiles] = 1 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct tellings told = { 0 };
		struct arena arena;

		arena_init(&arena);
		tell(&told, row[i].type, row[i].text, &arena);
		for (int k = 0; k < TELLING_COUNT; k++)
			if (told.n[k] != row[i].want[k])
				fail_msg("%s: %lld %s, not %lld", row[i].text, (long long)told.n[k],
					 telling_text((enum telling)k), (long long)row[i].want[k]);
		arena_release(&arena);
	}
}

/* As they leave: full ones, and what is left of a few rows one by one. */
static void requests_are_counted_as_they_leave(void **state)
{
	static const struct {
		enum telling telling;
		int64_t n, want;
	} row[] = {
		{ TELLING_items, 0, 0 },	{ TELLING_items, 1, 1 },       { TELLING_items, 9, 9 },
		{ TELLING_items, 10, 1 },	{ TELLING_variants, 100, 1 },  { TELLING_variants, 205, 7 },
		{ TELLING_variants, 210, 3 },	{ TELLING_events, 1000, 1 },   { TELLING_events, 1003, 4 },
		{ TELLING_consents, 3, 1 },	{ TELLING_consents, 1001, 2 }, { TELLING_profiles, 4000, 1 },
		{ TELLING_profiles, 10000, 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct tellings told = { 0 };
		int64_t got;

		told.n[row[i].telling] = row[i].n;
		got = tellings_requests(&told, row[i].telling);
		if (got != row[i].want)
			fail_msg("%lld %s: %lld requests, not %lld", (long long)row[i].n,
				 telling_text(row[i].telling), (long long)got, (long long)row[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(messages_are_counted_as_what_klaviyo_is_told),
		cmocka_unit_test(requests_are_counted_as_they_leave),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
