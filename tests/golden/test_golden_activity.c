/*
 * Golden payloads of events, profiles and consents, byte for byte: tests/golden/activity.json. And the one
 * that matters most: the order of Klaviyo's guide gives the guide's properties, no more and no less.
 *
 * PANNIER_GOLDEN=write writes the file anew before comparing; look at the difference before you commit it.
 */
#include "golden/activity_case.h"

#include "base/file.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EXPECT_BYTES_MAX 1000000

/* ---- the guide ---- */

#define ITEMS(categories, more1, more2) \
	"'Items':[{'ProductID':'1111','SKU':'WINNIEPOOH','ProductName':'Winnie the Pooh','Quantity':1," \
	"'ItemPrice':9.99,'RowTotal':9.99,'ProductURL':'http://www.example.com/path/to/product'," \
	"'ImageURL':'http://www.example.com/path/to/product/image.png','" categories \
	"':['Fiction','Children']" more1 \
	"},{'ProductID':'1112','SKU':'TALEOFTWO','ProductName':'A Tale of Two Cities','Quantity':1," \
	"'ItemPrice':19.99,'RowTotal':19.99,'ProductURL':'http://www.example.com/path/to/product2'," \
	"'ImageURL':'http://www.example.com/path/to/product/image2.png','" categories \
	"':['Fiction','Classics']" more2 "}]"
#define ADDRESS \
	"{'FirstName':'John','LastName':'Smith','Address1':'123 abc street','Address2':'apt 1'," \
	"'City':'Boston','Region':'Massachusetts','RegionCode':'MA','Country':'United States'," \
	"'CountryCode':'US','Zip':'02110','Phone':'5551234567'}"
#define ORDER(more) \
	"{'OrderId':'1234567890'," more "'Categories':['Fiction','Classics','Children']," \
	"'ItemNames':['Winnie the Pooh','A Tale of Two Cities'],'Brands':['Kids Books','Harcourt " \
	"Classics']," \
	"'DiscountCode':'Free Shipping','DiscountValue':5," ITEMS( \
		"Categories", ",'Brand':'Kids Books'", \
		",'Brand':'Harcourt Classics'") ",'BillingAddress':" ADDRESS ",'ShippingAddress':" ADDRESS \
						"}"

static const struct {
	enum metric metric;
	const char *properties; /* as the guide has them; empty members are left out */
	double value;		/* 0 = none */
} guide[] = {
	{ METRIC_PLACED_ORDER, ORDER(""), 29.98 },
	{ METRIC_FULFILLED_ORDER, ORDER(""), 29.98 },
	{ METRIC_CANCELLED_ORDER, ORDER("'Reason':'No longer needed',"), 29.98 },
	{ METRIC_REFUNDED_ORDER, ORDER("'Reason':'No longer needed',"), 29.98 },
	{ METRIC_ORDERED_PRODUCT,
	  "{'OrderId':'1234567890','ProductID':'1111','SKU':'WINNIEPOOH','ProductName':'Winnie the Pooh',"
	  "'Quantity':1,'ProductURL':'http://www.example.com/path/to/product',"
	  "'ImageURL':'http://www.example.com/path/to/product/image.png','Categories':['Fiction','Children'],"
	  "'ProductBrand':'Kids Books'}",
	  9.99 },
	{ METRIC_STARTED_CHECKOUT,
	  "{'ItemNames':['Winnie the Pooh','A Tale of Two Cities'],"
	  "'CheckoutURL':'http://www.example.com/path/to/checkout','Categories':['Fiction','Children',"
	  "'Classics']," ITEMS("ProductCategories", "", "") "}",
	  29.98 },
	{ METRIC_ADDED_TO_CART,
	  "{'AddedItemProductName':'A Tale of Two Cities','AddedItemProductID':'1112',"
	  "'AddedItemSKU':'TALEOFTWO','AddedItemCategories':['Fiction','Classics','Children'],"
	  "'AddedItemImageURL':'http://www.example.com/path/to/product/image2.png',"
	  "'AddedItemURL':'http://www.example.com/path/to/product2','AddedItemPrice':19.99,"
	  "'AddedItemQuantity':1,'ItemNames':['Winnie the Pooh','A Tale of Two Cities'],"
	  "'CheckoutURL':'http://www.example.com/path/to/checkout'," ITEMS("ProductCategories", "", "") "}",
	  29.98 },
	{ METRIC_VIEWED_PRODUCT,
	  "{'ProductName':'Winnie the Pooh','ProductID':'1111','SKU':'WINNIEPOOH','Categories':['Fiction',"
	  "'Children'],'ImageURL':'http://www.example.com/path/to/product/image.png',"
	  "'URL':'http://www.example.com/path/to/product','Brand':'Kids Books','Price':9.99,"
	  "'CompareAtPrice':12.99}",
	  0 },
	{ METRIC_VIEWED_CATEGORY,
	  "{'CategoryName':'Classics','CategoryID':'c9','ImageURL':'https://shop.test/classics.png',"
	  "'URL':'https://shop.test/classics'}",
	  0 },
	{ METRIC_SEARCHED_SITE,
	  "{'SearchTerm':'poooh','SearchTerm (autocorrected)':'pooh','ReturnedResults':3}", 0 },
};

static struct json *json_of(const char *text, struct arena *arena)
{
	char *copy = arena_cstr(arena, str_from(text));
	struct json *json = NULL;

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	assert_true(json_parse(str_from(copy), &json, NULL));
	return json;
}

static bool is_number(const struct json *json)
{
	return json_type(json) == JSON_INTEGER || json_type(json) == JSON_REAL;
}

static bool same(const struct json *a, const struct json *b);

/* Lists of texts are sets: the guide itself orders them now so, now so. */
static bool in_list(const struct json *list, const struct json *wanted)
{
	for (size_t i = 0; i < json_len(list); i++)
		if (same(json_at(list, i), wanted))
			return true;
	return false;
}

/* Equal as Klaviyo sees it: 5 is 5.00. */
static bool same(const struct json *a, const struct json *b)
{
	if (is_number(a) && is_number(b))
		return json_number(a) == json_number(b);
	if (json_type(a) != json_type(b) || json_len(a) != json_len(b))
		return false;
	if (json_type(a) == JSON_ARRAY) {
		for (size_t i = 0; i < json_len(a); i++)
			if (!in_list(b, json_at(a, i)))
				return false;
		return true;
	}
	if (json_type(a) != JSON_OBJECT)
		return json_same(a, b);
	for (void *it = json_first(a); it; it = json_next(a, it))
		if (!same(json_member_value(it), json_get(b, json_member_name(it).p)))
			return false;
	return true;
}

/* What the guide's example says, and nothing beside it. */
static struct activity_event *guide_event(enum metric metric, struct arena *arena)
{
	struct activity_event *event = case_event(metric, arena);
	struct activity_order *order = ARENA_NEW(arena, struct activity_order);
	struct activity_step *step = ARENA_NEW(arena, struct activity_step);

	*order = case_guide_order();
	event->order = event->order ? order : NULL;
	if (event->step)
		step->reason = event->step->reason;
	event->step = event->step ? step : NULL;
	if (metric == METRIC_VIEWED_PRODUCT) {
		struct activity_line *line = ARENA_NEW(arena, struct activity_line);

		*line = *event->line;
		line->variant_id = line->variant_name = (struct str){ 0 };
		event->line = line;
	}
	return event;
}

static void the_guide_is_followed_exactly(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(guide); i++) {
		struct arena arena;
		struct json *got, *want;
		const struct json *attributes;
		struct str mended, body;

		arena_init(&arena);
		body = klaviyo_render_event(guide_event(guide[i].metric, &arena), false, &arena, &mended);
		assert_true(json_parse(body, &got, NULL));
		want = json_of(guide[i].properties, &arena);
		attributes = json_get(got, "attributes");
		if (!same(json_get(attributes, "properties"), want))
			fail_msg("%s:\n   got: %.*s\n  want: %s", metric_row(guide[i].metric)->name,
				 STR_ARG(body), guide[i].properties);
		assert_true(json_number(json_get(attributes, "value")) == guide[i].value);
		assert_int_equal(mended.len, 0);
		json_free(want);
		json_free(got);
		arena_release(&arena);
	}
}

/* ---- byte for byte ---- */

static void put_line(struct strbuf *out, const char *name, struct str text)
{
	strbuf_addf(out, "%s", out->len > 2 ? ",\n" : "");
	json_write_text(str_from(name), out);
	strbuf_add_char(out, ':');
	strbuf_add_str(out, text);
}

static void put_events(struct strbuf *out, struct arena *arena)
{
	for (int metric = 0; metric < METRIC_COUNT; metric++) {
		struct activity_event *event = case_event((enum metric)metric, arena);
		struct str mended;

		put_line(out, metric_row((enum metric)metric)->name,
			 klaviyo_render_event(event, false, arena, &mended));
		event->history = true;
		if (metric == METRIC_CANCELLED_ORDER)
			put_line(out, "Canceled Order, of the past",
				 klaviyo_render_event(event, true, arena, &mended));
	}
}

static void put_people(struct strbuf *out, struct arena *arena)
{
	struct activity_profile profile = case_profile();
	struct activity_consent consent = { .channel = CONSENT_EMAIL,
					    .address = STR("john@shop.test"),
					    .subscribed = true,
					    .at_ms = CASE_TIME_MS,
					    .source = STR("checkout"),
					    .list_id = STR("Y6nRLr") };
	struct str mended;

	put_line(out, "profile", klaviyo_render_profile(&profile, arena, &mended));
	put_line(out, "subscribed", klaviyo_render_consent(&consent, arena));
	consent.historical = true;
	put_line(out, "subscribed in the past", klaviyo_render_consent(&consent, arena));
	consent.subscribed = false;
	consent.channel = CONSENT_SMS;
	consent.address = STR("+15551234567");
	put_line(out, "unsubscribed", klaviyo_render_consent(&consent, arena));
}

static void payloads_are_what_is_expected(void **state)
{
	const char *dir = getenv("PANNIER_SOURCE_DIR");
	const char *mode = getenv("PANNIER_GOLDEN");
	struct strbuf out;
	struct arena arena;
	struct str path, want = { 0 };
	struct json *json;

	(void)state;
	arena_init(&arena);
	strbuf_init(&out, EXPECT_BYTES_MAX);
	strbuf_add_text(&out, "{\n");
	put_events(&out, &arena);
	put_people(&out, &arena);
	strbuf_add_text(&out, "\n}\n");
	assert_true(json_parse(strbuf_str(&out), &json, NULL));
	json_free(json);
	path = arena_printf(&arena, "%s/tests/golden/activity.json", dir ? dir : ".");
	if (mode && strcmp(mode, "write") == 0) {
		FILE *file = fopen(path.p, "w");

		assert_non_null(file);
		(void)fwrite(out.p, 1, out.len, file);
		(void)fclose(file);
	}
	assert_true(file_read(path.p, EXPECT_BYTES_MAX, &arena, &want, NULL));
	if (!str_eq(strbuf_str(&out), want))
		fail_msg("tests/golden/activity.json differs:\n%s", out.p);
	strbuf_release(&out);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_guide_is_followed_exactly),
		cmocka_unit_test(payloads_are_what_is_expected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
