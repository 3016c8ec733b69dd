/* The life of items, variants and categories through single calls; lists, pages, filters. */
#include "rig.h"

#define ITEMS "/api/catalog-items"
#define VARIANTS "/api/catalog-variants"
#define CATEGORIES "/api/catalog-categories"
#define LINKS "/relationships/categories"
#define ITEM ITEMS "/" RIG_ID "i1"

static const char *update(struct rig *rig, const char *type, const char *id, const char *attributes,
			  const char *more)
{
	return rig_printf(rig, "{\"data\":{\"type\":\"%s\",\"id\":\"" RIG_ID "%s\",\"attributes\":{%s}%s}}",
			  type, id, attributes, more);
}

static const char *links(struct rig *rig, const char *first, const char *second)
{
	return rig_printf(rig, "{\"data\":[%s%s%s%s%s%s%s]}",
			  first ? "{\"type\":\"catalog-category\",\"id\":\"" RIG_ID : "", first ? first : "",
			  first ? "\"}" : "", second ? "," : "",
			  second ? "{\"type\":\"catalog-category\",\"id\":\"" RIG_ID : "",
			  second ? second : "", second ? "\"}" : "");
}

static struct rig *filled_rig(void)
{
	struct rig *rig = rig_new();

	rig_add(rig, CATEGORIES, rig_category(rig, "c1"));
	rig_add(rig, CATEGORIES, rig_category(rig, "c2"));
	rig_add(rig, ITEMS, rig_item(rig, "i1", ",\"price\":29.98"));
	rig_add(rig, VARIANTS, rig_variant(rig, "v1", "i1", ""));
	return rig;
}

static void test_life(void **state)
{
	struct rig *rig = filled_rig();

	(void)state;
	rig_check_status("get", rig_send(rig, "GET", ITEMS "/" RIG_ID "i1", NULL), 200);
	rig_check_text(rig, "get", "data.id", RIG_ID "i1");
	rig_check_text(rig, "get", "data.type", "catalog-item");
	rig_check_text(rig, "get", "data.attributes.price", "29.98");
	rig_check_text(rig, "default", "data.attributes.published", "true");
	rig_check_text(rig, "not set", "data.attributes.image_full_url", "null");
	assert_null(rig_at(rig, "data.attributes.integration_type"));
	rig_check_text(rig, "created", "data.attributes.created", "2026-09-21T14:13:20.000Z");

	rig_wait(rig, 5000);
	rig_check_status("update",
			 rig_send(rig, "PATCH", ITEMS "/" RIG_ID "i1",
				  update(rig, "catalog-item", "i1",
					 "\"price\":31,\"published\":false,\"images\":[\"a\",\"b\"]", "")),
			 200);
	rig_check_text(rig, "update", "data.attributes.price", "31");
	rig_check_text(rig, "update", "data.attributes.published", "false");
	rig_check_text(rig, "update", "data.attributes.images", "[\"a\",\"b\"]");
	rig_check_text(rig, "untouched", "data.attributes.title", "Title i1");
	rig_check_text(rig, "created", "data.attributes.created", "2026-09-21T14:13:20.000Z");
	rig_check_text(rig, "updated", "data.attributes.updated", "2026-09-21T14:13:25.000Z");

	rig_check_status("delete", rig_send(rig, "DELETE", ITEMS "/" RIG_ID "i1", NULL), 204);
	assert_int_equal(rig->reply.body.len, 0);
	rig_check_status("gone", rig_send(rig, "GET", ITEMS "/" RIG_ID "i1", NULL), 404);
	rig_check_status("its variant too", rig_send(rig, "GET", VARIANTS "/" RIG_ID "v1", NULL), 404);
	rig_check_status("again", rig_send(rig, "DELETE", ITEMS "/" RIG_ID "i1", NULL), 404);
	rig_add(rig, ITEMS, rig_item(rig, "i1", "")); /* the id is free again */
	rig_free(rig);
}

/* Kinds are namespaces of their own. */
static void test_same_id_in_each_kind(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_add(rig, ITEMS, rig_item(rig, "1", ""));
	rig_add(rig, VARIANTS, rig_variant(rig, "1", "1", ""));
	rig_add(rig, CATEGORIES, rig_category(rig, "1"));
	rig_check_status("again", rig_send(rig, "POST", VARIANTS, rig_variant(rig, "1", "1", "")), 409);
	rig_check_text(rig, "again", "errors.0.code", "duplicate_variant");
	rig_check_status("again", rig_send(rig, "POST", CATEGORIES, rig_category(rig, "1")), 409);
	rig_check_text(rig, "again", "errors.0.code", "duplicate_category");
	rig_free(rig);
}

static void test_escaped_ids(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_add(rig, ITEMS, rig_item(rig, "a/b c\xc3\xa5", ""));
	rig_check_status(
		"escaped",
		rig_send(rig, "GET", ITEMS "/%24custom%3A%3A%3A%24default%3A%3A%3Aa%2Fb%20c%C3%A5", NULL),
		200);
	rig_check_text(rig, "escaped", "data.attributes.external_id", "a/b c\xc3\xa5");
	rig_check_text(rig, "link", "data.links.self",
		       "http://sandbox.test:80" ITEMS "/" RIG_ID "a%2Fb%20c%C3%A5");
	rig_check_status("broken", rig_send(rig, "GET", ITEMS "/%zz", NULL), 400);
	rig_free(rig);
}

static void test_categories_of_an_item(void **state)
{
	struct rig *rig = filled_rig();
	const char *path = ITEMS "/" RIG_ID "i1" LINKS;

	(void)state;
	rig_check_status("add", rig_send(rig, "POST", path, links(rig, "c1", NULL)), 204);
	rig_check_status("add both, one is there", rig_send(rig, "POST", path, links(rig, "c2", "c1")), 409);
	rig_check_status("list", rig_send(rig, "GET", path, NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 1); /* all or nothing */
	rig_check_text(rig, "list", "data.0.id", RIG_ID "c1");
	assert_null(rig_at(rig, "data.0.attributes"));
	rig_check_status("replace", rig_send(rig, "PATCH", path, links(rig, "c2", NULL)), 200);
	assert_int_equal(rig->reply.body.len, 0);
	rig_check_status("list", rig_send(rig, "GET", ITEMS "/" RIG_ID "i1/categories", NULL), 200);
	rig_check_text(rig, "list", "data.0.attributes.name", "Name c2");
	assert_int_equal(json_len(rig_at(rig, "data")), 1);
	rig_check_status("other side", rig_send(rig, "GET", CATEGORIES "/" RIG_ID "c2/items", NULL), 200);
	rig_check_text(rig, "other side", "data.0.id", RIG_ID "i1");
	rig_check_status("remove one not there", rig_send(rig, "DELETE", path, links(rig, "c1", NULL)), 404);
	rig_check_status("remove", rig_send(rig, "DELETE", path, links(rig, "c2", NULL)), 204);
	rig_check_status("list", rig_send(rig, "GET", path, NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 0);
	rig_free(rig);
}

static void test_update_replaces_categories(void **state)
{
	struct rig *rig = filled_rig();

	(void)state;
	rig_check_status("two",
			 rig_send(rig, "PATCH", ITEM,
				  update(rig, "catalog-item", "i1", "",
					 rig_printf(rig, ",\"relationships\":{\"categories\":%s}",
						    links(rig, "c1", "c2")))),
			 200);
	(void)rig_send(rig, "GET", ITEM LINKS, NULL);
	assert_int_equal(json_len(rig_at(rig, "data")), 2);
	rig_check_status(
		"left out",
		rig_send(rig, "PATCH", ITEM, update(rig, "catalog-item", "i1", "\"title\":\"n\"", "")), 200);
	(void)rig_send(rig, "GET", ITEM LINKS, NULL);
	assert_int_equal(json_len(rig_at(rig, "data")), 2);
	rig_check_status("one",
			 rig_send(rig, "PATCH", ITEM,
				  update(rig, "catalog-item", "i1", "",
					 rig_printf(rig, ",\"relationships\":{\"categories\":%s}",
						    links(rig, "c2", NULL)))),
			 200);
	(void)rig_send(rig, "GET", ITEM LINKS, NULL);
	rig_check_text(rig, "one", "data.0.id", RIG_ID "c2");
	assert_int_equal(json_len(rig_at(rig, "data")), 1);
	rig_check_status("missing",
			 rig_send(rig, "PATCH", ITEM,
				  update(rig, "catalog-item", "i1", "\"title\":\"m\"",
					 rig_printf(rig, ",\"relationships\":{\"categories\":%s}",
						    links(rig, "c1", "none")))),
			 404);
	(void)rig_send(rig, "GET", ITEM, NULL);
	rig_check_text(rig, "nothing changed", "data.attributes.title", "n");
	rig_check_status("none", rig_send(rig, "PATCH", ITEM, update(rig, "catalog-item", "i1", "",
			 ",\"relationships\":{\"categories\":{\"data\":[]}}")), 200);
	(void)rig_send(rig, "GET", ITEM LINKS, NULL);
	assert_int_equal(json_len(rig_at(rig, "data")), 0);
	rig_free(rig);
}

static void test_deleted_category_keeps_items(void **state)
{
	struct rig *rig = filled_rig();

	(void)state;
	rig_check_status("add", rig_send(rig, "POST", ITEMS "/" RIG_ID "i1" LINKS, links(rig, "c1", "c2")),
			 204);
	rig_check_status("delete", rig_send(rig, "DELETE", CATEGORIES "/" RIG_ID "c1", NULL), 204);
	rig_check_status("item", rig_send(rig, "GET", ITEMS "/" RIG_ID "i1" LINKS, NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 1);
	rig_check_status("delete", rig_send(rig, "DELETE", ITEMS "/" RIG_ID "i1", NULL), 204);
	rig_check_status("category",
			 rig_send(rig, "GET", CATEGORIES "/" RIG_ID "c2/relationships/items", NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 0);
	rig_free(rig);
}

static void test_include_and_sparse_fields(void **state)
{
	struct rig *rig = filled_rig();

	(void)state;
	rig_check_status("get",
			 rig_send(rig, "GET",
				  ITEMS "/" RIG_ID "i1?include=variants&fields[catalog-item]=title"
					"&fields%5Bcatalog-variant%5D=sku,price",
				  NULL),
			 200);
	assert_int_equal(json_len(rig_at(rig, "data.attributes")), 1);
	rig_check_text(rig, "data", "data.attributes.title", "Title i1");
	rig_check_text(rig, "relation", "data.relationships.variants.data.0.id", RIG_ID "v1");
	rig_check_text(rig, "included", "included.0.id", RIG_ID "v1");
	rig_check_text(rig, "included", "included.0.attributes.sku", "S-v1");
	assert_int_equal(json_len(rig_at(rig, "included.0.attributes")), 2);
	rig_free(rig);
}

/* 25 items are created; each row says which of them a list shows, as their ids joined by blanks. */
static const struct list_row {
	const char *what, *target, *want;
} list_rows[] = {
	{ "by id", ITEMS "?filter=any(ids,[%22" RIG_ID "n07%22,%22" RIG_ID "n03%22,%22" RIG_ID "none%22])",
	  "n03 n07" },
	{ "by id twice", ITEMS "?filter=any(ids,['" RIG_ID "n07','" RIG_ID "n07'])", "n07" },
	{ "escaped", ITEMS "?filter=any%28ids%2C%5B%22%24custom%3A%3A%3A%24default%3A%3A%3An07%22%5D%29",
	  "n07" },
	{ "title", ITEMS "?filter=contains(title,'e%20n2')", "n20 n21 n22 n23 n24" },
	{ "published", ITEMS "?filter=equals(published,false)", "n05 n15" },
	{ "of a category", ITEMS "?filter=equals(category.id,'" RIG_ID "c1')", "n01 n02" },
	{ "two conditions", ITEMS "?filter=contains(title,'1'),equals(published,false)", "n15" },
	{ "and", ITEMS "?filter=and(contains(title,'1'),equals(published,false))", "n15" },
	{ "nothing", ITEMS "?filter=contains(title,'zzz')", "" },
	{ "pages", ITEMS "?page[size]=2&filter=contains(title,'e%20n2')", "n20 n21" },
	{ "newest first", ITEMS "?sort=-created&page[size]=3", "n24 n23 n22" },
	{ "variants of an item", VARIANTS "?filter=equals(item.id,'" RIG_ID "n09')", "v9" },
	{ "variant by sku", VARIANTS "?filter=equals(sku,%22S-v9%22)", "v9" },
	{ "category of an item", CATEGORIES "?filter=equals(item.id,'" RIG_ID "n02')", "c1" },
	{ "category by name", CATEGORIES "?filter=contains(name,'Name')", "c1" },
};

static struct rig *rig_with_list(void)
{
	struct rig *rig = rig_new();

	for (int i = 0; i < 25; i++)
		rig_add(rig, ITEMS,
			rig_item(rig, rig_printf(rig, "n%02d", i),
				 i % 10 == 5 ? ",\"published\":false" : ""));
	rig_add(rig, CATEGORIES, rig_category(rig, "c1"));
	rig_add(rig, VARIANTS, rig_variant(rig, "v9", "n09", ""));
	for (int i = 1; i <= 2; i++)
		rig_check_status("link",
				 rig_send(rig, "POST", rig_printf(rig, ITEMS "/" RIG_ID "n%02d" LINKS, i),
					  links(rig, "c1", NULL)),
				 204);
	return rig;
}

static const char *listed(struct rig *rig)
{
	const char *all = "";

	for (size_t i = 0; i < json_len(rig_at(rig, "data")); i++) {
		struct str id = json_get_text(json_at(rig_at(rig, "data"), i), "id");

		(void)shape_catalog_id(id, &id);
		all = rig_printf(rig, "%s%s%.*s", all, *all ? " " : "", STR_ARG(id));
	}
	return all;
}

static void test_filters(void **state)
{
	struct rig *rig = rig_with_list();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(list_rows); i++) {
		rig_check_status(list_rows[i].what, rig_send(rig, "GET", list_rows[i].target, NULL), 200);
		if (!str_eq(str_from(listed(rig)), str_from(list_rows[i].want)))
			fail_msg("%s: got '%s', want '%s'", list_rows[i].what, listed(rig),
				 list_rows[i].want);
	}
	rig_free(rig);
}

/*
 * Walks all pages by links.next; between them things are added and removed, and nothing is shown twice or
 * missed.
 */
static void walk(struct rig *rig, const char *first, const char *want)
{
	const char *target = first, *all = "";

	for (int page = 0; target; page++) {
		struct str next;

		rig_check_status(target, rig_send(rig, "GET", target, NULL), 200);
		all = rig_printf(rig, "%s%s%s", all, *all ? " " : "", listed(rig));
		next = rig_text(rig, "links.next");
		target = str_starts(next, STR("http://sandbox.test:80/"))
				 ? rig_printf(rig, "%.*s",
					      STR_ARG(str_skip(next, sizeof("http://sandbox.test:80") - 1)))
				 : NULL;
		if (page == 0) {
			rig_check_status("delete", rig_send(rig, "DELETE", ITEMS "/" RIG_ID "n03", NULL),
					 204);
			rig_check_status("delete", rig_send(rig, "DELETE", ITEMS "/" RIG_ID "n10", NULL),
					 204);
			rig_add(rig, ITEMS, rig_item(rig, "z", ""));
		}
	}
	if (!str_eq(str_from(all), str_from(want)))
		fail_msg("pages of %s: got '%s', want '%s'", first, all, want);
}

static void test_pages(void **state)
{
	struct rig *rig = rig_with_list();

	(void)state;
	walk(rig, ITEMS "?page[size]=10&fields[catalog-item]=title",
	     "n00 n01 n02 n03 n04 n05 n06 n07 n08 n09 n11 n12 n13 n14 n15 n16 n17 n18 n19 n20 n21 n22 n23 "
	     "n24 z");
	rig_free(rig);
	rig = rig_with_list();
	walk(rig, ITEMS "?page[size]=7&sort=-created",
	     "n24 n23 n22 n21 n20 n19 n18 n17 n16 n15 n14 n13 n12 n11 n09 n08 n07 n06 n05 n04 n02 n01 n00");
	rig_free(rig);
}

/* Slots of deleted entities are reused without disturbing the order. */
static void test_many_deletions(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	for (int i = 0; i < 500; i++)
		rig_add(rig, ITEMS, rig_item(rig, rig_printf(rig, "m%03d", i), ""));
	for (int i = 0; i < 500; i++)
		if (i % 100 != 50)
			rig_check_status(
				"delete",
				rig_send(rig, "DELETE", rig_printf(rig, ITEMS "/" RIG_ID "m%03d", i), NULL),
				204);
	rig_add(rig, ITEMS, rig_item(rig, "last", ""));
	rig_check_status("list", rig_send(rig, "GET", ITEMS, NULL), 200);
	assert_string_equal(listed(rig), "m050 m150 m250 m350 m450 last");
	rig_check_status("get", rig_send(rig, "GET", ITEMS "/" RIG_ID "m350", NULL), 200);
	rig_free(rig);
}

static void test_accounts(void **state)
{
	struct rig *rig = filled_rig();
	struct str id;

	(void)state;
	rig_check_status("accounts", rig_send(rig, "GET", "/api/accounts", NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 1);
	id = arena_dup(&rig->arena, rig_text(rig, "data.0.id"));
	assert_int_equal(id.len, 6);
	assert_true(str_eq(id, rig_text(rig, "data.0.attributes.public_api_key")));
	rig_check_status("one",
			 rig_send(rig, "GET", rig_printf(rig, "/api/accounts/%.*s", STR_ARG(id)), NULL), 200);
	rig_check_status("another", rig_send(rig, "GET", "/api/accounts/AAAAAA", NULL), 404);
	rig_check_status("metrics",
			 rig_send(rig, "GET", "/api/metrics?filter=equals(integration.name,'API')", NULL),
			 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 0);

	rig->key = "pk_another_account1"; /* holds nothing of the first */
	rig_check_status("other", rig_send(rig, "GET", "/api/accounts", NULL), 200);
	assert_false(str_eq(id, rig_text(rig, "data.0.id")));
	rig_check_status("other", rig_send(rig, "GET", ITEMS "/" RIG_ID "i1", NULL), 404);
	rig_free(rig);
}

static void test_given_keys_only(void **state)
{
	const struct str key[] = { STR("pk_first111111"), STR("pk_second22222") };
	struct rig *rig = rig_new();
	const struct sandbox_config config = {
		.clock = &rig->clock.clock, .rand = &rig->rand.rand, .key = key, .n_key = 2,
	};

	(void)state;
	sandbox_free(rig->sandbox);
	rig->sandbox = sandbox_new(&config);
	rig->key = "pk_second22222";
	rig_check_status("given", rig_send(rig, "GET", ITEMS, NULL), 200);
	rig->key = "pk_third333333";
	rig_check_status("not given", rig_send(rig, "GET", ITEMS, NULL), 401);
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_same_id_in_each_kind),
		cmocka_unit_test(test_escaped_ids),
		cmocka_unit_test(test_categories_of_an_item),
		cmocka_unit_test(test_update_replaces_categories),
		cmocka_unit_test(test_deleted_category_keeps_items),
		cmocka_unit_test(test_include_and_sparse_fields),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_many_deletions),
		cmocka_unit_test(test_accounts),
		cmocka_unit_test(test_given_keys_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
