/*
 * The catalog feed, byte for byte: what Klaviyo needs is never blank, what it must not see is not in it, and
 * more than it reads is refused.
 */
#include "flow/feed.h"
#include "support/rig.h"

#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SETTLE_MS (10 * MS_PER_MIN)

static const char want_json[] =
	"[{\"id\":\"a\",\"title\":\"Mug \\\"one\\\" & <more>\",\"link\":\"https://shop.test/a?x=1&y=2\","
	"\"description\":\"Holds coffee, and "
	"tea\",\"image_link\":\"https://shop.test/a.jpg\",\"price\":12.50,"
	"\"categories\":[\"Cups, mugs\",\"Sale\"],\"inventory_quantity\":7,\"inventory_policy\":1,"
	"\"currency\":\"EUR\"},\n"
	"{\"id\":\"b\",\"title\":\"Bowl\",\"link\":\"https://shop.test/b\",\"description\":\"Bowl\","
	"\"image_link\":\"n/a\",\"price\":3.00,\"categories\":[],\"inventory_quantity\":9999,"
	"\"inventory_policy\":2,\"currency\":\"EUR\"}]\n";
static const char want_xml[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Products>\n"
	"  <Product>\n    <id>a</id>\n    <title>Mug &quot;one&quot; &amp; &lt;more&gt;</title>\n"
	"    <link>https://shop.test/a?x=1&amp;y=2</link>\n    <description>Holds coffee, and "
	"tea</description>\n"
	"    <image_link>https://shop.test/a.jpg</image_link>\n    <price>12.50</price>\n"
	"    <categories>Cups  mugs,Sale</categories>\n    <inventory_quantity>7</inventory_quantity>\n"
	"    <inventory_policy>1</inventory_policy>\n    <currency>EUR</currency>\n  </Product>\n"
	"  <Product>\n    <id>b</id>\n    <title>Bowl</title>\n    <link>https://shop.test/b</link>\n"
	"    <description>Bowl</description>\n    <image_link>n/a</image_link>\n    <price>3.00</price>\n"
	"    <categories>n/a</categories>\n    <inventory_quantity>9999</inventory_quantity>\n"
	"    <inventory_policy>2</inventory_policy>\n    <currency>EUR</currency>\n  </Product>\n"
	"</Products>\n";

static int set_up(void **state)
{
	static const char *const feed[] = { "catalog_source=feed", NULL };
	struct rig *rig = rig_new(&db_memory_ops);

	rig_account_set(rig, "main", "", feed);
	rig_generic(rig, "shop", "category.updated", "{'id':'c1','title':'Cups, mugs'}");
	rig_generic(rig, "shop", "category.updated", "{'id':'c2','title':'Sale'}");
	rig_generic(rig, "shop", "product.updated",
		    "{'id':'a','title':'Mug \\\"one\\\" & <more>','url':'https://shop.test/a?x=1&y=2',"
		    "'html':'<p>Holds coffee, and tea</p>','image':'https://shop.test/a.jpg','price':'12.50',"
		    "'currency':'EUR','categories':['c1','c2'],'stock':7}");
	rig_generic(rig, "shop", "product.updated",
		    "{'id':'b','title':'Bowl','url':'https://shop.test/b','price':'3','currency':'EUR'}");
	/* Held back: no price. Unpublished. Deleted. */
	rig_generic(rig, "shop", "product.updated", "{'id':'h','title':'Held','url':'https://shop.test/h'}");
	rig_generic(rig, "shop", "product.updated",
		    "{'id':'u','title':'Hidden','url':'https://shop.test/u','price':'3','currency':'EUR',"
		    "'published':false}");
	rig_generic(rig, "shop", "product.updated",
		    "{'id':'x','title':'Gone','url':'https://shop.test/x','price':'3','currency':'EUR'}");
	rig_generic(rig, "shop", "product.deleted", "{'id':'x'}");
	(void)rig_settle(rig, SETTLE_MS);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	rig_free(*state);
	return 0;
}

static bool write_feed(struct rig *rig, enum feed_form form, int64_t bytes_max, struct str *text,
		       struct digest16 *digest)
{
	const char *path = arena_printf(&rig->arena, "%s/feed", rig->folder).p;
	const struct snapshot *snapshot = settings_take(rig->ctx.settings);
	const struct settings_store *store = snapshot_find_store(snapshot, STR("shop"));
	struct pack *pack = NULL;
	size_t n;
	bool ok;

	assert_true(pack_open(path, &pack, &rig->err));
	ok = feed_write(&rig->ctx, store, form, bytes_max, pack, &n, &rig->err);
	if (ok) {
		assert_int_equal(n, 2);
		assert_true(pack_end(pack, digest, &rig->err));
		assert_true(file_read(path, 1 << 20, &rig->arena, text, &rig->err));
		(void)unlink(path);
		(void)unlink(arena_printf(&rig->arena, "%s.gz", path).p);
	} else {
		pack_drop(pack);
		assert_int_equal(access(path, F_OK), -1);
	}
	settings_release(rig->ctx.settings, snapshot);
	return ok;
}

static void assert_text(struct str got, const char *want)
{
	if (!str_eq(got, str_from(want)))
		fail_msg("got\n%.*s\nwant\n%s", STR_ARG(got), want);
}

static void test_json(void **state)
{
	struct digest16 digest, again;
	struct str text;

	assert_true(write_feed(*state, FEED_JSON, FEED_BYTES_MAX, &text, &digest));
	assert_text(text, want_json);
	assert_true(write_feed(*state, FEED_JSON, FEED_BYTES_MAX, &text, &again));
	assert_true(digest16_eq(digest, again));
}

static void test_xml(void **state)
{
	struct digest16 digest;
	struct str text;

	assert_true(write_feed(*state, FEED_XML, FEED_BYTES_MAX, &text, &digest));
	assert_text(text, want_xml);
}

static void test_too_large(void **state)
{
	struct rig *rig = *state;
	struct digest16 digest;
	struct str text;

	assert_false(write_feed(rig, FEED_JSON, 300, &text, &digest));
	assert_int_equal(rig->err.code, ERR_TOO_LARGE);
	assert_non_null(strstr(rig->err.msg, "catalog_source=api"));
}

/* Nothing of the catalog is told, and the audit says why; orders and people go on. */
static void test_never_both(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(rig_account_summary(rig, "main").created, 0);
	assert_non_null(strstr(arena_cstr(&rig->arena, rig_audit_reason(rig, AUDIT_ROOT_UNCHANGED)),
			       "catalog_source"));
	rig_generic(rig, "shop", "customer.updated", "{'customer_id':'1','email':'a@shop.test'}");
	(void)rig_settle(rig, SETTLE_MS);
	assert_true(rig_account_summary(rig, "main").created > 0);
}

/* What was queued before the account went over to the feed is not sent; on the way back all is. */
static void test_what_was_queued_is_not_sent(void **state)
{
	static const char *const api[] = { "catalog_source=api", NULL }, *const feed[] = {
		"catalog_source=feed", NULL
	};
	struct rig *rig = *state;
	struct flow_next next = { .n_done = 1 };
	size_t n = fake_http_count(rig->http);

	rig_account_set(rig, "main", "", api);
	rig_advance(rig, MS_PER_MIN);
	for (int i = 0; i < 10; i++)
		assert_true(publish_run_once(&rig->ctx, &next, &rig->err));
	assert_true(rig_account_summary(rig, "main").ready > 0);
	rig_account_set(rig, "main", "", feed);
	(void)rig_settle(rig, SETTLE_MS);
	assert_int_equal(fake_http_count(rig->http), n);
	assert_int_equal(rig_account_summary(rig, "main").skipped, rig_account_summary(rig, "main").created);
	assert_non_null(strstr(arena_cstr(&rig->arena, rig_audit_reason(rig, AUDIT_DELIVERY_SKIPPED)),
			       "catalog_source"));
	assert_int_equal(rig_audit_count(rig, AUDIT_DELIVERY_SENT), 0);
	rig_conserve(rig);
	rig_account_set(rig, "main", "", api);
	(void)rig_settle(rig, SETTLE_MS);
	assert_true(rig_account_summary(rig, "main").accepted > 0);
	assert_true(fake_http_count(rig->http) > n);
}

static void test_tokens(void **state)
{
	static const char *const second[] = { "feed_token_version=2", NULL };
	struct rig *rig = *state;
	const struct snapshot *snapshot = settings_take(rig->ctx.settings);
	struct str before = feed_token(rig->ctx.settings, snapshot_find_store(snapshot, STR("shop")),
				       &rig->arena),
		   after;

	settings_release(rig->ctx.settings, snapshot);
	assert_int_equal(before.len, 32);
	rig_store_set(rig, "shop", second);
	assert_true(settings_refresh(rig->ctx.settings, NULL, &rig->err));
	snapshot = settings_take(rig->ctx.settings);
	after = feed_token(rig->ctx.settings, snapshot_find_store(snapshot, STR("shop")), &rig->arena);
	settings_release(rig->ctx.settings, snapshot);
	assert_false(str_eq(before, after));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_json),       TEST(test_xml),	  TEST(test_too_large),
		TEST(test_never_both), TEST(test_tokens), TEST(test_what_was_queued_is_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
