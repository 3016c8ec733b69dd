/* Contents of the catalog's things: what counts as the same, and what is said to differ. */
#include "klaviyo/contents.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static struct str quoted(const char *text)
{
	char *copy = arena_cstr(&arena, str_from(text));

	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	return str_from(copy);
}

static struct klaviyo_thing told(enum klaviyo_kind kind, const char *attributes, const char *relations)
{
	struct klaviyo_thing thing;
	struct err err = { 0 };
	struct str body = quoted(arena_printf(&arena, "{'type':'x','attributes':{'external_id':'a'%s}%s}",
					      attributes, relations)
					 .p);

	if (!klaviyo_thing_told(kind, body, &arena, &thing, &err))
		fail_msg("%s", err.msg);
	return thing;
}

static void what_differs(void **state)
{
	static const struct {
		const char *told, *held, *want;
	} rows[] = {
		{ ",'title':'A','price':5.00", ",'title':'A','price':5", "" },
		{ ",'title':'A','price':5.00", ",'title':'A','price':5.01", "price" },
		{ ",'title':'A'", ",'title':' A '", "" },
		{ ",'title':'A'", ",'title':'a'", "title" },
		{ ",'image_full_url':null", "", "" },
		{ ",'image_full_url':null", ",'image_full_url':''", "" },
		{ ",'image_full_url':null", ",'image_full_url':'x'", "image_full_url" },
		{ ",'images':[]", ",'images':null", "" },
		{ ",'images':['a','b']", ",'images':['b','a']", "images" },
		{ ",'custom_metadata':{'a':'1','b':'2'}", ",'custom_metadata':{'b':'2','a':'1'}", "" },
		{ ",'custom_metadata':{'a':'1'}", ",'custom_metadata':{'a':'1','b':null}", "" },
		{ ",'custom_metadata':{'a':'1.50'}", ",'custom_metadata':{'a':1.5}", "" },
		{ ",'custom_metadata':{'a':'1'}", ",'custom_metadata':{'a':1.5}", "custom_metadata" },
		{ ",'custom_metadata':{'a':'007'}", ",'custom_metadata':{'a':7}", "custom_metadata" },
		{ ",'custom_metadata':{'a':true}", ",'custom_metadata':{'a':'true'}", "" },
		{ ",'custom_metadata':{'a':'2026-07-30T10:00:00Z'}",
		  ",'custom_metadata':{'a':'2026-07-30T12:00:00.000+02:00'}", "" },
		{ ",'custom_metadata':{'a':'2026-07-30T10:00:00Z'}",
		  ",'custom_metadata':{'a':'2026-07-30T10:00:01Z'}", "custom_metadata" },
		{ ",'sku':'007'", ",'sku':'7'", "sku" },
		{ ",'description':'A\\r\\n b'", ",'description':'A b '", "" },
		{ ",'description':'A b'", ",'description':'Ab'", "description" },
		{ ",'published':true", "", "" },
		{ ",'inventory_policy':0", ",'inventory_policy':null", "" },
		{ ",'inventory_policy':1", "", "inventory_policy" },
		{ ",'published':true", ",'published':false", "published" },
		{ ",'published':false", "", "published" },
		{ "", ",'created':'2026-01-01T00:00:00Z','updated':'2026-01-01T00:00:00Z'", "" },
		{ ",'title':'A','sku':'1'", ",'title':'B','sku':'2'", "title, sku" },
		{ ",'inventory_quantity':3", ",'inventory_quantity':3.0", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct klaviyo_thing a = told(KLAVIYO_ITEM, rows[i].told, "");
		struct klaviyo_thing b = told(KLAVIYO_ITEM, rows[i].held, "");
		struct str got = klaviyo_contents_differ(a.contents, b.contents, &arena);

		assert_true(a.contents.len <= KLAVIYO_CONTENTS_BYTES);
		if (!str_eq(got, str_from(rows[i].want)))
			fail_msg("row %zu: got '%.*s', want '%s'", i, STR_ARG(got), rows[i].want);
	}
	assert_true(str_eq(klaviyo_contents_differ(STR("x"), STR("y"), &arena), STR("contents")));
}

#define ITEM(id) \
	",'relationships':{'item':{'data':{'type':'catalog-item','id':'$custom:::$default:::" id "'}}}"

static void the_item_of_a_variant(void **state)
{
	struct klaviyo_thing a = told(KLAVIYO_VARIANT, "", ITEM("a")),
			     b = told(KLAVIYO_VARIANT, "", ITEM("b"));
	struct klaviyo_thing none = told(KLAVIYO_VARIANT, "", "");

	(void)state;
	assert_true(str_eq(a.parent_external_id, STR("a")));
	assert_true(str_eq(klaviyo_contents_differ(a.contents, b.contents, &arena), STR("item")));
	assert_int_equal(klaviyo_contents_differ(a.contents, none.contents, &arena).len, 0);
}

static void links_are_a_sum(void **state)
{
	static const char two[] = ",'relationships':{'categories':{'data':[{'type':'catalog-category','id':"
				  "'$custom:::$default:::x'},{'type':'catalog-category','id':"
				  "'$custom:::$default:::y'}]}}";

	(void)state;
	assert_int_equal(told(KLAVIYO_ITEM, "", two).links,
			 klaviyo_link_sum(STR("y")) + klaviyo_link_sum(STR("x")));
	assert_int_equal(told(KLAVIYO_ITEM, "", "").links, 0);
	assert_true(klaviyo_link_sum(STR("x")) != klaviyo_link_sum(STR("y")));
}

static void what_is_alike(void **state)
{
	struct klaviyo_thing url = told(KLAVIYO_ITEM, ",'url':'u','title':'T'", "");
	struct klaviyo_thing same = told(KLAVIYO_ITEM, ",'url':'u','title':'Other'", "");
	struct klaviyo_thing title = told(KLAVIYO_ITEM, ",'title':'T'", "");

	(void)state;
	assert_true(digest16_eq(url.alike, same.alike));
	assert_false(digest16_eq(url.alike, title.alike));
	assert_true(digest16_is_zero(told(KLAVIYO_VARIANT, ",'sku':' '", "").alike));
	assert_false(digest16_is_zero(told(KLAVIYO_CATEGORY, ",'name':'C'", "").alike));
}

static struct http_answer answer(int status, const char *body)
{
	return (struct http_answer){ .ok = true, .sent = true, .status = status, .body = quoted(body) };
}

static void pages_are_read(void **state)
{
	struct http_answer page = answer(
		200, "{'data':[{'type':'catalog-item','id':'$custom:::$default:::a:::b','attributes':{}},"
		     "{'type':'catalog-item','id':'$shopify:::$default:::1','attributes':{}}],"
		     "'links':{'next':'https://a.klaviyo.com/api/catalog-items?page%5Bcursor%5D=c'}}");
	struct http_answer last =
		answer(200, "{'data':[{'type':'catalog-item','id':'$custom:::$default:::a'}]}");
	struct http_answer refused = answer(403, "{'errors':[{'code':'permission_denied'}]}");
	struct klaviyo_thing *thing;
	struct err err = { 0 };
	struct str *item, next;
	size_t n;

	(void)state;
	assert_true(klaviyo_read_things(KLAVIYO_ITEM, &page, &arena, &thing, &n, &next, &err));
	assert_int_equal(n, 2);
	assert_true(str_eq(thing[0].external_id, STR("a:::b")));
	assert_int_equal(thing[1].external_id.len, 0);
	assert_true(str_eq(next, STR("page%5Bcursor%5D=c")));
	assert_true(klaviyo_read_links(&last, &arena, &item, &n, &next, &err));
	assert_int_equal(n, 1);
	assert_true(str_eq(item[0], STR("a")));
	assert_int_equal(next.len, 0);
	assert_false(klaviyo_read_things(KLAVIYO_ITEM, &refused, &arena, &thing, &n, &next, &err));
	assert_int_equal(err.code, ERR_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_differs),	   cmocka_unit_test(the_item_of_a_variant),
		cmocka_unit_test(links_are_a_sum), cmocka_unit_test(what_is_alike),
		cmocka_unit_test(pages_are_read),
	};
	int failed;

	arena_init(&arena);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_release(&arena);
	return failed;
}
