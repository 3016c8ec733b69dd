/* Contract of the store: what a root is read with, sweeps, finding. */
#include "contract/contract.h"

#include <stdio.h>

#define P ENTITY_PRODUCT
#define V ENTITY_VARIANT
#define C ENTITY_CATEGORY

static struct fact naming(struct fact fact, const struct entity *ref, size_t n)
{
	fact.ref = ref;
	fact.n_ref = n;
	return fact;
}

static struct fact of_product(struct fact fact, const char *root_id)
{
	fact.root_id = str_from(root_id);
	return fact;
}

/* "kind:id kind:id ..." of a root's entities, deleted ones with a minus. */
static const char *entities_of(struct contract *contract, const struct catalog_root *root)
{
	struct str text = STR("");

	for (size_t i = 0; i < root->n_entity; i++)
		text = arena_printf(&contract->arena, "%.*s%s%s%s:%.*s", STR_ARG(text), i ? " " : "",
				    root->entity[i].deleted ? "-" : "",
				    entity_kind_text(root->entity[i].entity.kind),
				    STR_ARG(root->entity[i].entity.id));
	return arena_cstr(&contract->arena, text);
}

static void test_a_root_comes_with_all_it_needs(void **state)
{
	struct contract *contract = *state;
	struct entity named[] = { contract_entity(ENTITY_TAG, "t1"), contract_entity(ENTITY_BRAND, "b1"),
				  contract_entity(ENTITY_BRAND, "unknown") };
	struct entity sku = contract_entity(ENTITY_SKU, "s2");
	struct catalog_root root;

	(void)CONTRACT_APPLY(contract, naming(contract_set(P, "p1", "base", 0, "{1}"), named, 3),
			     contract_set(P, "p1", "price.", 0, "{2}"),
			     naming(of_product(contract_set(V, "v2", "base", 0, "{3}"), "p1"), &sku, 1),
			     of_product(contract_set(V, "v1", "base", 0, "{4}"), "p1"),
			     of_product(contract_set(V, "v3", "base", 0, "{}"), "p2"),
			     contract_set(ENTITY_BRAND, "b1", "base", 0, "{5}"),
			     contract_set(ENTITY_BRAND, "b2", "base", 0, "{6}"),
			     contract_set(ENTITY_TAG, "t1", "base", 0, "{7}"),
			     contract_set(ENTITY_SKU, "s2", "stock.", 0, "{8}"),
			     contract_set(ENTITY_SKU, "s1", "stock.", 0, "{9}"),
			     contract_set(ENTITY_MARKET, "m1", "base", 0, "{10}"),
			     contract_set(ENTITY_STORE_GROUP, "g1", "base", 0, "{11}"));
	root = contract_root(contract, P, "p1");
	assert_string_equal(
		entities_of(contract, &root),
		"product:p1 variant:v1 variant:v2 sku:s2 brand:b1 tag:t1 market:m1 store_group:g1");
	assert_int_equal(root.n_fact, 9);
	assert_str(root.fact[0].part, "base");
	assert_str(root.fact[0].body, "{1}");
	assert_str(root.fact[1].part, "price.");
	assert_str(root.fact[2].entity.id, "v1");
	assert_str(root.fact[8].body, "{11}");
	assert_int_equal(root.n_sent, 0);
	assert_false(root.deleted);
	assert_int_equal(root.store_id, contract->store_id);
	assert_str(root.root.id, "p1");
}

/* What a shop says of itself is read like a root, and is none: nobody publishes it. */
static void test_the_shop_itself_is_no_root(void **state)
{
	struct contract *contract = *state;
	struct entity shop = contract_entity(ENTITY_SHOP, FACT_SHOP_ID);
	struct catalog_root *claimed, got;
	int64_t due_ms;
	size_t n;

	CONTRACT_FAILS(
		db_catalog_get(contract->db, contract->store_id, shop, &contract->arena, &got, &contract_err),
		ERR_NOT_FOUND);
	(void)CONTRACT_APPLY(contract,
			     contract_set(ENTITY_SHOP, FACT_SHOP_ID, "order_statuses", 7, "{\"new\":1}"));
	(void)CONTRACT_APPLY(contract,
			     contract_set(ENTITY_SHOP, FACT_SHOP_ID, "order_statuses", 6, "{\"old\":1}"));
	got = contract_root(contract, ENTITY_SHOP, FACT_SHOP_ID);
	assert_int_equal(got.n_fact, 1);
	assert_str(got.fact[0].part, "order_statuses");
	assert_str(got.fact[0].body, "{\"new\":1}");
	CONTRACT_OK(db_catalog_claim(contract->db, contract->now_ms + MS_PER_HOUR, 10, &contract->arena,
				     &claimed, &n, &due_ms, &contract_err));
	assert_int_equal(n, 0);
}

static void test_a_claim_gives_the_same_as_a_get(void **state)
{
	struct contract *contract = *state;
	struct catalog_root *claimed;
	struct catalog_root got;
	size_t n;
	int64_t id;

	id = CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 0, "{1}"),
			    of_product(contract_set(V, "v1", "base", 0, "{2}"), "p1"),
			    contract_set(ENTITY_MARKET, "m1", "base", 0, "{}"));
	contract->now_ms += 1000;
	claimed = contract_due(contract, 10, &n);
	assert_int_equal(n, 1);
	got = contract_root(contract, P, "p1");
	assert_string_equal(entities_of(contract, &claimed[0]), entities_of(contract, &got));
	assert_int_equal(claimed[0].n_fact, got.n_fact);
	assert_int_equal(claimed[0].due_seq, got.due_seq);
	assert_true(claimed[0].due_seq != 0);
	assert_int_equal(claimed[0].message_id, id);
}

static void test_deleted_entities_are_marked(void **state)
{
	struct contract *contract = *state;
	struct catalog_root root;

	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 0, "{1}"),
			     of_product(contract_set(V, "v1", "base", 0, "{2}"), "p1"),
			     contract_delete(V, "v1", 0));
	root = contract_root(contract, P, "p1");
	assert_string_equal(entities_of(contract, &root), "product:p1 -variant:v1");
	assert_int_equal(root.n_fact, 1);
	(void)CONTRACT_APPLY(contract, contract_delete(P, "p1", 0));
	root = contract_root(contract, P, "p1");
	assert_true(root.deleted);
	assert_string_equal(entities_of(contract, &root), "-product:p1 -variant:v1");
}

static void test_a_product_known_only_by_its_variants(void **state)
{
	struct contract *contract = *state;
	struct catalog_root *root;
	size_t n;

	(void)CONTRACT_APPLY(contract, of_product(contract_set(V, "v1", "base", 0, "{}"), "p1"));
	contract->now_ms += 1000;
	root = contract_due(contract, 10, &n);
	assert_int_equal(n, 1);
	assert_str(root[0].root.id, "p1");
	assert_string_equal(entities_of(contract, &root[0]), "variant:v1");
	assert_false(root[0].deleted);
}

static void test_categories_above_a_named_one(void **state)
{
	struct contract *contract = *state;
	struct fact fact[30];
	struct entity parent[30];
	struct entity ref = contract_entity(C, "c100");
	struct catalog_root root;
	char id[30][16];

	for (int i = 0; i < 30; i++) {
		(void)snprintf(id[i], sizeof(id[i]), "c%d", 100 + i);
		parent[i] = contract_entity(C, "");
		fact[i] = contract_set(C, id[i], "base", 0, "{}");
		if (i > 0) {
			parent[i - 1] = contract_entity(C, id[i]);
			fact[i - 1] = naming(fact[i - 1], &parent[i - 1], 1);
		}
	}
	(void)contract_apply(contract, fact, 30);
	(void)CONTRACT_APPLY(contract, naming(contract_set(P, "p1", "base", 0, "{}"), &ref, 1));
	root = contract_root(contract, P, "p1");
	assert_int_equal(root.n_entity, 1 + 1 + STORE_ANCESTORS_MAX);
	assert_str(root.entity[root.n_entity - 1].entity.id, "c120");
	root = contract_root(contract, C, "c105");
	assert_str(root.entity[0].entity.id, "c105");
	assert_int_equal(root.n_entity, 1 + 1 + STORE_ANCESTORS_MAX);
}

static void test_categories_in_a_circle(void **state)
{
	struct contract *contract = *state;
	struct entity a = contract_entity(C, "a"), b = contract_entity(C, "b");
	struct catalog_root root;

	(void)CONTRACT_APPLY(contract, naming(contract_set(C, "a", "base", 0, "{}"), &b, 1),
			     naming(contract_set(C, "b", "base", 0, "{}"), &a, 1));
	root = contract_root(contract, C, "a");
	assert_string_equal(entities_of(contract, &root), "category:a category:b");
}

static void test_oldest_due_first(void **state)
{
	struct contract *contract = *state;
	struct catalog_root *root;
	size_t n;

	(void)CONTRACT_APPLY(contract, contract_set(P, "p3", "base", 0, "{}"));
	contract->now_ms += 10;
	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 0, "{}"),
			     contract_set(C, "c1", "base", 0, "{}"));
	contract->now_ms += 10;
	(void)CONTRACT_APPLY(contract, contract_set(P, "p2", "base", 0, "{}"));
	contract->now_ms += 995; /* p2 has 5 ms to go */
	root = contract_due(contract, 10, &n);
	assert_int_equal(n, 3);
	assert_str(root[0].root.id, "p3");
	assert_str(root[1].root.id, "p1");
	assert_str(root[2].root.id, "c1");
	root = contract_due(contract, 2, &n);
	assert_int_equal(n, 2);
	assert_str(root[0].root.id, "p3");
}

static void test_many_variants_are_cut(void **state)
{
	struct contract *contract = *state;
	size_t n = STORE_VARIANTS_MAX + 10;
	struct fact *fact = ARENA_ARRAY(&contract->arena, n, struct fact);
	struct catalog_root root;

	for (size_t i = 0; i < n; i++)
		fact[i] = of_product(contract_set(V,
						  arena_cstr(&contract->arena,
							     arena_printf(&contract->arena, "v%05zu", i)),
						  "base", 0, "{}"),
				     "p1");
	(void)contract_apply(contract, fact, n);
	root = contract_root(contract, P, "p1");
	assert_int_equal(root.n_entity, STORE_VARIANTS_MAX);
	assert_str(root.entity[STORE_VARIANTS_MAX - 1].entity.id, "v01999");
}

static void test_only_what_the_present_account_was_told(void **state)
{
	struct contract *contract = *state;
	int64_t second = contract_account(contract, "second");
	int64_t first = contract->account_id;
	struct catalog_root root;

	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 0, "{}"));
	(void)contract_accepted(contract, "p1", contract_delivery(KLAVIYO_ITEM, 0, "p1", "a"));
	root = contract_root(contract, P, "p1");
	assert_int_equal(root.n_sent, 1);
	contract_sweep_store(contract, contract->store_id, second);
	root = contract_root(contract, P, "p1");
	assert_int_equal(root.n_sent, 0);
	contract_sweep_store(contract, contract->store_id, first);
	root = contract_root(contract, P, "p1");
	assert_int_equal(root.n_sent, 1);
	assert_true(root.sent[0].exists);
}

static void test_what_was_sent_comes_in_order(void **state)
{
	struct contract *contract = *state;
	struct delivery_new delivery[] = {
		contract_variant(DELIVERY_CREATE, "v2", "p1", "a"),
		contract_variant(DELIVERY_CREATE, "v1", "p1", "b"),
		contract_delivery(KLAVIYO_ITEM, DELIVERY_CREATE, "p1", "c"),
	};
	struct catalog_root root;
	int64_t id[3];

	contract_publish(contract, "p1", delivery, 3, id);
	root = contract_root(contract, P, "p1");
	assert_int_equal(root.n_sent, 3);
	assert_int_equal(root.sent[0].kind, KLAVIYO_ITEM);
	assert_str(root.sent[1].external_id, "v1");
	assert_str(root.sent[1].parent_external_id, "p1");
	assert_str(root.sent[2].external_id, "v2");
	assert_false(root.sent[0].exists);
	assert_true(digest16_eq(root.sent[0].wanted, contract_hash("c")));
}

/* ---- sweeps ---- */

static void test_a_sweep_goes_in_steps(void **state)
{
	struct contract *contract = *state;
	struct catalog_root *root;
	bool more;
	size_t n;

	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 0, "{}"),
			     contract_set(P, "p2", "base", 0, "{}"), contract_set(P, "p3", "base", 0, "{}"),
			     contract_set(C, "c1", "base", 0, "{}"),
			     contract_set(ENTITY_BRAND, "b1", "base", 0, "{}"));
	contract_settle_down(contract);
	CONTRACT_OK(db_catalog_sweep(contract->db, contract->now_ms, 2, &more, &contract_err));
	assert_false(more);
	contract_sweep_store(contract, contract->store_id, contract->account_id);
	CONTRACT_OK(db_catalog_sweep(contract->db, contract->now_ms, 3, &more, &contract_err));
	assert_true(more);
	root = contract_due(contract, 10, &n);
	assert_int_equal(n, 3); /* at once, without quiet time */
	assert_str(root[2].root.id, "p3");
	CONTRACT_OK(db_catalog_sweep(contract->db, contract->now_ms, 3, &more, &contract_err));
	assert_false(more);
	(void)contract_due(contract, 10, &n);
	assert_int_equal(n, 4);
}

static void test_a_sweep_does_not_hurry_what_is_due(void **state)
{
	struct contract *contract = *state;
	struct catalog_root before, after;
	bool more;
	size_t n;

	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 0, "{}"));
	before = contract_root(contract, P, "p1");
	contract_sweep_store(contract, contract->store_id, contract->account_id);
	CONTRACT_OK(db_catalog_sweep(contract->db, contract->now_ms, 10, &more, &contract_err));
	(void)contract_due(contract, 10, &n);
	assert_int_equal(n, 0);
	after = contract_root(contract, P, "p1");
	assert_int_equal(after.due_first_ms, before.due_first_ms);
	assert_int_equal(after.message_id, before.message_id);
	assert_true(after.due_seq != before.due_seq);
}

static void test_very_many_dependants_wait_for_a_sweep(void **state)
{
	struct contract *contract = *state;
	size_t n = STORE_DEPENDANTS_AT_ONCE + 5;
	struct fact *fact = ARENA_ARRAY(&contract->arena, n, struct fact);
	struct entity brand = contract_entity(ENTITY_BRAND, "b1");
	bool more = true;

	for (size_t i = 0; i < n; i++)
		fact[i] = naming(contract_set(P,
					      arena_cstr(&contract->arena,
							 arena_printf(&contract->arena, "p%05zu", i)),
					      "base", 0, "{}"),
				 &brand, 1);
	(void)contract_apply(contract, fact, n);
	contract_settle_down(contract);
	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_BRAND, "b1", "base", 0, "{}"));
	assert_int_equal(contract_store_summary(contract, contract->store_id).due, STORE_DEPENDANTS_AT_ONCE);
	assert_true(contract_summary(contract).sweeping);
	while (more)
		CONTRACT_OK(db_catalog_sweep(contract->db, contract->now_ms, 3, &more, &contract_err));
	assert_int_equal(contract_store_summary(contract, contract->store_id).due, n);
}

/* ---- finding ---- */

static size_t find(struct contract *contract, const char *text, struct catalog_match **match)
{
	size_t n;

	CONTRACT_OK(
		db_catalog_find(contract->db, 0, str_from(text), &contract->arena, match, &n, &contract_err));
	return n;
}

static void test_finding_by_id_sku_and_external_id(void **state)
{
	struct contract *contract = *state;
	struct catalog_match *match;

	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 0, "{\"a\":{},\"sku\":\"S\\u002d1\"}"),
			     of_product(contract_set(V, "v1", "base", 0, "{\"sku\":\"S-2\"}"), "p1"),
			     contract_set(V, "lost", "base", 0, "{}"));
	(void)contract_publish_one(contract, "p1", contract_delivery(KLAVIYO_ITEM, 0, "demo-p1", "a"));
	assert_int_equal(find(contract, "p1", &match), 1);
	assert_int_equal(match[0].store_id, contract->store_id);
	assert_int_equal(match[0].entity.kind, P);
	assert_str(match[0].root.id, "p1");
	assert_int_equal(find(contract, "S-1", &match), 1);
	assert_str(match[0].entity.id, "p1");
	assert_int_equal(find(contract, "S-2", &match), 1);
	assert_str(match[0].entity.id, "v1");
	assert_int_equal(match[0].root.kind, P);
	assert_str(match[0].root.id, "p1");
	assert_int_equal(find(contract, "demo-p1", &match), 1);
	assert_str(match[0].root.id, "p1");
	assert_int_equal(find(contract, "lost", &match), 1);
	assert_str(match[0].root.id, "");
	assert_int_equal(find(contract, "S-", &match), 0);
	assert_int_equal(find(contract, "", &match), 0);
}

static void test_a_changed_sku_is_found_no_more(void **state)
{
	struct contract *contract = *state;
	struct catalog_match *match;

	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 0, "{\"sku\":\"old\"}"));
	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 0, "{\"sku\":\"new\"}"));
	assert_int_equal(find(contract, "old", &match), 0);
	assert_int_equal(find(contract, "new", &match), 1);
	(void)CONTRACT_APPLY(contract, contract_delete(P, "p1", 0));
	assert_int_equal(find(contract, "new", &match), 0);
}

static void test_finding_over_stores_and_in_one(void **state)
{
	struct contract *contract = *state;
	struct catalog_match *match;
	int64_t first = contract->store_id;
	size_t n;

	(void)CONTRACT_APPLY(contract, contract_set(P, "x", "base", 0, "{}"),
			     contract_set(C, "x", "base", 0, "{}"));
	contract->store_id = contract_store(contract, "other", contract->account_id);
	(void)CONTRACT_APPLY(contract, contract_set(P, "x", "base", 0, "{}"));
	assert_int_equal(find(contract, "x", &match), 3);
	assert_int_equal(match[0].store_id, first);
	assert_int_equal(match[1].entity.kind, C);
	assert_int_equal(match[2].store_id, contract->store_id);
	CONTRACT_OK(
		db_catalog_find(contract->db, first, STR("x"), &contract->arena, &match, &n, &contract_err));
	assert_int_equal(n, 2);
}

/* ---- searching ---- */

/* "p1 p3": what is found, in its order. */
static const char *searched(struct contract *contract, enum entity_kind kind, const char *text,
			    const char *after, size_t max_n)
{
	struct str *id;
	struct str list = STR("");
	size_t n;

	CONTRACT_OK(db_catalog_search(contract->db, contract->store_id, kind, str_from(text), str_from(after),
				      max_n, &contract->arena, &id, &n, &contract_err));
	for (size_t i = 0; i < n; i++)
		list = arena_printf(&contract->arena, "%.*s%s%.*s", STR_ARG(list), i ? " " : "",
				    STR_ARG(id[i]));
	return arena_cstr(&contract->arena, list);
}

static void test_searching_by_title_sku_and_id(void **state)
{
	static const struct {
		const char *text, *products, *categories;
	} row[] = {
		{ "coffee", "p1 p3", "c1" },
		{ "COFFEE M", "p1", "" },
		{ "kaffeemühle", "p2", "" },
		{ "KAFFEEMÜHLE", "p2", "" },
		{ "чашка", "p3", "" },
		{ "قهوة", "p2", "" },
		{ "\xe2\x98\x95", "p3", "" },
		{ "ab-12", "p1", "" },
		{ "red", "p3", "" }, /* of a variant */
		{ "v-9", "p3", "" },
		{ "p2", "p2", "" },
		{ "P2", "", "" }, /* ids are as they are written */
		{ "%", "p2", "" },
		{ "_", "", "" },
		{ "nothing", "", "" },
	};
	struct contract *contract = *state;

	(void)CONTRACT_APPLY(
		contract, contract_set(P, "p1", "base", 0, "{\"title\":\"Coffee Mug\",\"sku\":\"AB-12\"}"),
		contract_set(P, "p2", "base", 0,
			     "{\"text\":{\"de\":{\"title\":\"Kaffeemühle 100%\"},\"ar\":{\"title\":\"مطحنة "
			     "قهوة\"}}}"),
		contract_set(P, "p3", "base", 0, "{\"title\":\"ЧАШКА \\u2615 Coffee\"}"),
		of_product(contract_set(V, "v-9", "base", 0, "{\"sku\":\"Red\"}"), "p3"),
		contract_set(C, "c1", "base", 0, "{\"title\":\"Coffee\"}"),
		contract_set(P, "p4", "price.", 0, "{\"title\":\"coffee\"}"));
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		assert_str(str_from(searched(contract, P, row[i].text, "", 10)), row[i].products);
		assert_str(str_from(searched(contract, C, row[i].text, "", 10)), row[i].categories);
	}
	assert_str(str_from(searched(contract, P, "coffee", "", 1)), "p1");
	assert_str(str_from(searched(contract, P, "coffee", "p1", 1)), "p3");
	assert_str(str_from(searched(contract, P, "coffee", "p3", 1)), "");
	/* Called otherwise, gone, and another store's. */
	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 0, "{\"title\":\"Tea Pot\"}"));
	(void)CONTRACT_APPLY(contract, contract_delete(P, "p3", 0));
	assert_str(str_from(searched(contract, P, "coffee", "", 10)), "");
	assert_str(str_from(searched(contract, P, "tea", "", 10)), "p1");
	/* Its variant is known still, and is a variant of nothing. */
	assert_str(str_from(searched(contract, P, "red", "", 10)), "");
	assert_str(str_from(searched(contract, P, "v-9", "", 10)), "");
	assert_str(str_from(searched(contract, P, "p3", "", 10)), "p3");
	contract->store_id = contract_store(contract, "other", contract->account_id);
	assert_str(str_from(searched(contract, P, "tea", "", 10)), "");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_a_root_comes_with_all_it_needs),
	cmocka_unit_test(test_the_shop_itself_is_no_root),
	cmocka_unit_test(test_a_claim_gives_the_same_as_a_get),
	cmocka_unit_test(test_deleted_entities_are_marked),
	cmocka_unit_test(test_a_product_known_only_by_its_variants),
	cmocka_unit_test(test_categories_above_a_named_one),
	cmocka_unit_test(test_categories_in_a_circle),
	cmocka_unit_test(test_oldest_due_first),
	cmocka_unit_test(test_many_variants_are_cut),
	cmocka_unit_test(test_only_what_the_present_account_was_told),
	cmocka_unit_test(test_what_was_sent_comes_in_order),
	cmocka_unit_test(test_a_sweep_goes_in_steps),
	cmocka_unit_test(test_a_sweep_does_not_hurry_what_is_due),
	cmocka_unit_test(test_very_many_dependants_wait_for_a_sweep),
	cmocka_unit_test(test_finding_by_id_sku_and_external_id),
	cmocka_unit_test(test_a_changed_sku_is_found_no_more),
	cmocka_unit_test(test_finding_over_stores_and_in_one),
	cmocka_unit_test(test_searching_by_title_sku_and_id),
};

CONTRACT_MAIN(tests)
