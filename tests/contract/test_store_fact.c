/* Contract of the store: which facts are kept, tombstones, and which roots they make due. */
#include "contract/contract.h"

#include "base/clock.h"
#include "store/store_rules.h"

#include <string.h>

#define P ENTITY_PRODUCT
#define V ENTITY_VARIANT

/* Bodies of the parts of product p1, "part=body" in order, and "-" when it is deleted. */
static const char *parts_of(struct contract *contract)
{
	struct catalog_root root = contract_root(contract, P, "p1");
	struct str text = root.deleted ? STR("-") : STR("");

	for (size_t i = 0; i < root.n_fact; i++)
		text = arena_printf(&contract->arena, "%.*s%.*s=%.*s ", STR_ARG(text),
				    STR_ARG(root.fact[i].part), STR_ARG(root.fact[i].body));
	return arena_cstr(&contract->arena, text);
}

/* ---- versions ---- */

static void test_which_fact_is_kept(void **state)
{
	static const struct {
		const char *name;
		int64_t first;
		int64_t second;
		const char *want;
	} row[] = {
		{ "newer wins", 1, 2, "base={2} " },
		{ "older loses", 2, 1, "base={1} " },
		{ "equal: the later received", 2, 2, "base={2} " },
		{ "none: the later received", 0, 0, "base={2} " },
		{ "none before one: the later received", 0, 5, "base={2} " },
		{ "one before none: the later received", 5, 0, "base={2} " },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct contract *contract = *state;
		const char *got;

		(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", row[i].first, "{1}"));
		(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", row[i].second, "{2}"));
		got = parts_of(contract);
		if (strcmp(got, row[i].want) != 0)
			fail_msg("%s: got %s, want %s", row[i].name, got, row[i].want);
		contract_remove_store(contract, contract->store_id);
		contract->store_id = contract_store(contract, "shop", contract->account_id);
	}
}

static void test_version_and_message_come_with_the_fact(void **state)
{
	struct contract *contract = *state;
	int64_t id = CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 7, "{}"));
	struct catalog_root root = contract_root(contract, P, "p1");

	assert_int_equal(contract_fact(&root, P, "p1", "base")->version, 7);
	assert_int_equal(contract_fact(&root, P, "p1", "base")->seq, id);
	assert_int_equal(root.message_id, id);
}

static void test_parts_are_apart(void **state)
{
	struct contract *contract = *state;

	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 5, "{1}"),
			     contract_set(P, "p1", "price.", 1, "{2}"));
	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "price.", 2, "{3}"));
	assert_string_equal(parts_of(contract), "base={1} price.={3} ");
}

static void test_a_cleared_part_is_gone_but_remembered(void **state)
{
	struct contract *contract = *state;

	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 1, "{1}"),
			     contract_set(P, "p1", "link.c1", 2, "{}"));
	(void)CONTRACT_APPLY(contract, contract_clear(P, "p1", "link.c1", 4));
	assert_string_equal(parts_of(contract), "base={1} ");
	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "link.c1", 3, "{}"));
	assert_string_equal(parts_of(contract), "base={1} ");
	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "link.c1", 5, "{}"));
	assert_string_equal(parts_of(contract), "base={1} link.c1={} ");
	(void)CONTRACT_APPLY(contract, contract_clear(P, "p1", "link.c1", 1));
	assert_string_equal(parts_of(contract), "base={1} link.c1={} ");
}

static void test_a_clear_of_nothing_is_remembered(void **state)
{
	struct contract *contract = *state;

	(void)CONTRACT_APPLY(contract, contract_clear(P, "p1", "base", 4));
	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 3, "{}"));
	assert_string_equal(parts_of(contract), "");
}

/* ---- deletes ---- */

static void test_a_delete_takes_all_parts(void **state)
{
	struct contract *contract = *state;

	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 1, "{}"),
			     contract_set(P, "p1", "stock.", 1, "{}"));
	(void)CONTRACT_APPLY(contract, contract_delete(P, "p1", 2));
	assert_string_equal(parts_of(contract), "-");
	assert_true(contract_root(contract, P, "p1").entity[0].deleted);
}

static void test_a_tombstone_stops_what_is_late(void **state)
{
	static const struct {
		const char *name;
		int64_t deleted; /* version */
		int64_t late;
		int64_t after_ms;
		const char *want;
	} row[] = {
		{ "no versions, soon", 0, 0, 1000, "-" },
		{ "no versions, after the hold", 0, 0, MS_PER_HOUR, "base={} " },
		{ "older, soon", 5, 4, 1000, "-" },
		{ "equal, soon", 5, 5, 1000, "-" },
		{ "newer, soon", 5, 6, 1000, "base={} " },
		{ "only the fact has one, soon", 0, 6, 1000, "-" },
		{ "only the deletion has one, soon", 5, 0, 1000, "-" },
		{ "older, after the hold", 5, 4, MS_PER_HOUR, "base={} " },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct contract *contract = *state;
		const char *got;

		(void)CONTRACT_APPLY(contract, contract_delete(P, "p1", row[i].deleted));
		contract->now_ms += row[i].after_ms;
		(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", row[i].late, "{}"));
		got = parts_of(contract);
		if (strcmp(got, row[i].want) != 0)
			fail_msg("%s: got %s, want %s", row[i].name, got, row[i].want);
		contract_remove_store(contract, contract->store_id);
		contract->store_id = contract_store(contract, "shop", contract->account_id);
	}
}

static void test_a_late_delete_spares_what_is_newer(void **state)
{
	struct contract *contract = *state;

	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 7, "{}"),
			     contract_set(P, "p1", "price.", 3, "{}"));
	(void)CONTRACT_APPLY(contract, contract_delete(P, "p1", 5));
	assert_string_equal(parts_of(contract), "base={} ");
	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "stock.", 4, "{}"));
	assert_string_equal(parts_of(contract), "base={} ");
	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "stock.", 0, "{}"));
	assert_string_equal(parts_of(contract), "base={} stock.={} ");
}

static void test_a_clear_does_not_revive(void **state)
{
	struct contract *contract = *state;

	(void)CONTRACT_APPLY(contract, contract_delete(P, "p1", 5));
	(void)CONTRACT_APPLY(contract, contract_clear(P, "p1", "link.c1", 6));
	assert_string_equal(parts_of(contract), "-");
}

static void test_an_older_delete_of_what_is_deleted_changes_nothing(void **state)
{
	struct contract *contract = *state;

	(void)CONTRACT_APPLY(contract, contract_delete(P, "p1", 5));
	(void)CONTRACT_APPLY(contract, contract_delete(P, "p1", 3));
	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 4, "{}"));
	assert_string_equal(parts_of(contract), "-");
}

/* Any order of versioned facts ends in the same catalog. */
static void test_all_orders_end_alike(void **state)
{
	struct contract *contract = *state;
	const struct fact fact[] = {
		contract_set(P, "p1", "base", 1, "{1}"),
		contract_set(P, "p1", "price.", 2, "{2}"),
		contract_delete(P, "p1", 3),
		contract_set(P, "p1", "base", 4, "{4}"),
		contract_clear(P, "p1", "stock.", 5),
	};
	int order[5] = { 0, 1, 2, 3, 4 };
	int n_order = 0;

	for (int code = 0; code < 3125; code++) {
		bool used[5] = { false };
		bool permutation = true;

		for (int i = 0, rest = code; i < 5; i++, rest /= 5) {
			order[i] = rest % 5;
			permutation = permutation && !used[order[i]];
			used[order[i]] = true;
		}
		if (!permutation)
			continue;
		for (int i = 0; i < 5; i++)
			(void)contract_apply(contract, &fact[order[i]], 1);
		(void)contract_apply(contract, &fact[order[2]], 1);
		if (strcmp(parts_of(contract), "base={4} ") != 0)
			fail_msg("order %d%d%d%d%d: got %s", order[0], order[1], order[2], order[3], order[4],
				 parts_of(contract));
		n_order++;
		contract_remove_store(contract, contract->store_id);
		contract->store_id = contract_store(contract, "shop", contract->account_id);
		arena_reset(&contract->arena);
	}
	assert_int_equal(n_order, 120);
}

static void test_what_became_of_facts_is_audited(void **state)
{
	struct contract *contract = *state;
	struct audit_row *row;
	size_t n;
	int64_t id;

	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 5, "{}"), contract_delete(P, "p2", 5));
	id = CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 4, "{}"),
			    contract_set(P, "p1", "stock.", 5, "{}"), contract_set(P, "p2", "base", 1, "{}"));
	row = contract_audit(contract, (struct audit_filter){ .message_id = id }, &n);
	assert_int_equal(n, 1);
	assert_str(row[0].reason, "1 fact applied, 1 older than what is known, 1 stopped by a deletion");
	assert_str(row[0].root.id, "p1");
	assert_int_equal(row[0].root.kind, P);
}

/* ---- due ---- */

static void test_quiet_time(void **state)
{
	struct contract *contract = *state;
	int64_t start_ms = contract->now_ms;
	struct catalog_root *root;
	int64_t next_ms;
	size_t n;

	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 0, "{}"));
	CONTRACT_OK(db_catalog_claim(contract->db, start_ms + 999, 10, &contract->arena, &root, &n, &next_ms,
				     &contract_err));
	assert_int_equal(n, 0);
	assert_int_equal(next_ms, start_ms + 1000);
	for (int i = 1; i <= 10; i++) {
		contract->now_ms = start_ms + i * 990;
		(void)contract_due(contract, 10, &n);
		assert_int_equal(n, 0);
		(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 0, "{}"));
	}
	CONTRACT_OK(db_catalog_claim(contract->db, start_ms + 9999, 10, &contract->arena, &root, &n, &next_ms,
				     &contract_err));
	assert_int_equal(n, 0);
	assert_int_equal(next_ms, start_ms + 10000); /* 10 s after the first, not 1 s after the last */
	contract->now_ms = start_ms + 10000;
	root = contract_due(contract, 10, &n);
	assert_int_equal(n, 1);
	assert_int_equal(root[0].due_first_ms, start_ms);
}

/* A message of that store that means one product. */
static void apply_to(struct contract *contract, int64_t store_id, const char *product)
{
	int64_t own_id = contract->store_id;

	contract->store_id = store_id;
	(void)CONTRACT_APPLY(contract, contract_set(P, product, "base", 0, "{}"));
	contract->store_id = own_id;
}

static const char *numbered(struct contract *contract, size_t i)
{
	return arena_cstr(&contract->arena, arena_printf(&contract->arena, "p%03zu", i));
}

/* Who floods waits in their own line. */
static void test_stores_take_turns(void **state)
{
	struct contract *contract = *state;
	int64_t second = contract_store(contract, "second", contract->account_id);
	int64_t third = contract_store(contract, "third", contract->account_id);
	size_t n, rows = store_turn_rows(3);
	struct catalog_root *root;

	for (size_t i = 0; i < rows + 2; i++)
		apply_to(contract, contract->store_id, numbered(contract, i));
	contract->now_ms += 100;
	apply_to(contract, second, "q");
	apply_to(contract, third, "r0");
	apply_to(contract, third, "r1");
	contract->now_ms += 20000;
	/* A turn for each; what is left goes to the first that has more. */
	root = contract_due(contract, rows + 4, &n);
	assert_int_equal(n, rows + 4);
	for (size_t i = 0; i < rows; i++)
		assert_int_equal(root[i].store_id, contract->store_id);
	assert_str(root[0].root.id, "p000");
	assert_str(root[rows].root.id, "q");
	assert_str(root[rows + 1].root.id, "r0");
	assert_str(root[rows + 2].root.id, "r1");
	assert_str(root[rows + 3].root.id, numbered(contract, rows));
	/* Where there is room for one, everybody comes once before anybody comes again. */
	for (int round = 0; round < 2; round++) {
		assert_int_equal(contract_due(contract, 1, &n)->store_id, contract->store_id);
		assert_int_equal(contract_due(contract, 1, &n)->store_id, second);
		assert_int_equal(contract_due(contract, 1, &n)->store_id, third);
	}
	contract_settle_down(contract);
}

static void test_nothing_due_at_all(void **state)
{
	struct contract *contract = *state;
	struct catalog_root *root;
	int64_t next_ms;
	size_t n;

	CONTRACT_OK(db_catalog_claim(contract->db, contract->now_ms, 10, &contract->arena, &root, &n,
				     &next_ms, &contract_err));
	assert_int_equal(n, 0);
	assert_true(next_ms == INT64_MAX);
}

static void test_a_fact_that_loses_makes_nothing_due(void **state)
{
	struct contract *contract = *state;

	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 5, "{}"));
	contract_settle_down(contract);
	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 4, "{}"));
	assert_false(contract_is_due(contract, P, "p1"));
	(void)CONTRACT_APPLY(contract, contract_delete(P, "p1", 4));
	assert_false(contract_is_due(contract, P, "p1"));
	(void)CONTRACT_APPLY(contract, contract_delete(P, "p1", 6));
	assert_true(contract_is_due(contract, P, "p1"));
}

static struct fact of_product(struct fact fact, const char *root_id)
{
	fact.root_id = str_from(root_id);
	return fact;
}

static void test_a_variant_learns_its_product(void **state)
{
	struct contract *contract = *state;
	struct catalog_root root;

	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 1, "{}"));
	contract_settle_down(contract);
	(void)CONTRACT_APPLY(contract, contract_set(V, "v1", "stock.", 9, "{}"));
	assert_false(contract_is_due(contract, P, "p1"));
	(void)CONTRACT_APPLY(contract, of_product(contract_set(V, "v1", "base", 1, "{}"), "p1"));
	assert_true(contract_is_due(contract, P, "p1"));
	root = contract_root(contract, P, "p1");
	assert_non_null(contract_fact(&root, V, "v1", "stock."));
	assert_non_null(contract_fact(&root, V, "v1", "base"));
	contract_settle_down(contract);
	(void)CONTRACT_APPLY(contract, contract_set(V, "v1", "stock.", 10, "{}"));
	assert_true(contract_is_due(contract, P, "p1"));
	contract_settle_down(contract);
	(void)CONTRACT_APPLY(contract, contract_delete(V, "v1", 11));
	assert_true(contract_is_due(contract, P, "p1"));
}

static void test_even_a_stale_fact_names_the_product(void **state)
{
	struct contract *contract = *state;

	(void)CONTRACT_APPLY(contract, contract_set(V, "v1", "base", 9, "{9}"));
	(void)CONTRACT_APPLY(contract, of_product(contract_set(V, "v1", "base", 1, "{1}"), "p1"));
	assert_true(contract_is_due(contract, P, "p1"));
	assert_string_equal(parts_of(contract), "base={9} ");
}

static void test_a_variant_moves_to_another_product(void **state)
{
	struct contract *contract = *state;

	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 1, "{}"),
			     contract_set(P, "p2", "base", 1, "{}"),
			     of_product(contract_set(V, "v1", "base", 5, "{}"), "p1"));
	contract_settle_down(contract);
	(void)CONTRACT_APPLY(contract, of_product(contract_set(V, "v1", "base", 6, "{}"), "p2"));
	assert_true(contract_is_due(contract, P, "p1"));
	assert_true(contract_is_due(contract, P, "p2"));
	assert_int_equal(contract_root(contract, P, "p1").n_entity, 1);
	assert_int_equal(contract_root(contract, P, "p2").n_entity, 2);
	(void)CONTRACT_APPLY(contract, of_product(contract_set(V, "v1", "stock.", 5, "{}"), "p1"));
	assert_int_equal(contract_root(contract, P, "p2").n_entity, 2); /* named by an older fact: stays */
}

static void test_what_a_root_names_makes_it_due(void **state)
{
	static const enum entity_kind kind[] = { ENTITY_SKU, ENTITY_BRAND, ENTITY_SERIES, ENTITY_TAG,
						 ENTITY_MARKET };

	for (size_t i = 0; i < sizeof(kind) / sizeof(kind[0]); i++) {
		struct contract *contract = *state;
		struct entity ref = contract_entity(kind[i], "x1");
		struct fact base = contract_set(P, "p1", "base", 0, "{}");

		base.ref = &ref;
		base.n_ref = 1;
		(void)CONTRACT_APPLY(contract, base, contract_set(P, "p2", "base", 0, "{}"));
		contract_settle_down(contract);
		(void)CONTRACT_APPLY(contract, contract_set(kind[i], "x1", "base", 0, "{}"));
		assert_true(contract_is_due(contract, P, "p1"));
		assert_false(contract_is_due(contract, P, "p2"));
		contract_settle_down(contract);
		base.n_ref = 0;
		(void)CONTRACT_APPLY(contract, base);
		contract_settle_down(contract);
		(void)CONTRACT_APPLY(contract, contract_set(kind[i], "x1", "base", 0, "{}"));
		assert_false(contract_is_due(contract, P, "p1"));
	}
}

static void test_what_a_variant_names_makes_its_product_due(void **state)
{
	struct contract *contract = *state;
	struct entity ref = contract_entity(ENTITY_SKU, "sku-1");
	struct fact base = of_product(contract_set(V, "v1", "base", 0, "{}"), "p1");

	base.ref = &ref;
	base.n_ref = 1;
	(void)CONTRACT_APPLY(contract, base);
	contract_settle_down(contract);
	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_SKU, "sku-1", "stock.", 0, "{}"));
	assert_true(contract_is_due(contract, P, "p1"));
	contract_settle_down(contract);
	(void)CONTRACT_APPLY(contract, contract_delete(V, "v1", 0));
	contract_settle_down(contract);
	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_SKU, "sku-1", "stock.", 0, "{}"));
	assert_false(contract_is_due(contract, P, "p1"));
}

static void test_a_category_concerns_products_only_when_it_comes_or_goes(void **state)
{
	struct contract *contract = *state;
	struct entity ref = contract_entity(ENTITY_CATEGORY, "c1");
	struct fact base = contract_set(P, "p1", "base", 0, "{}");

	base.ref = &ref;
	base.n_ref = 1;
	(void)CONTRACT_APPLY(contract, base);
	contract_settle_down(contract);
	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_CATEGORY, "c1", "base", 0, "{\"title\":\"a\"}"));
	assert_true(contract_is_due(contract, P, "p1"));
	assert_true(contract_is_due(contract, ENTITY_CATEGORY, "c1"));
	contract_settle_down(contract);
	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_CATEGORY, "c1", "base", 0, "{\"title\":\"b\"}"));
	assert_false(contract_is_due(contract, P, "p1"));
	assert_true(contract_is_due(contract, ENTITY_CATEGORY, "c1"));
	contract_settle_down(contract);
	(void)CONTRACT_APPLY(contract, contract_delete(ENTITY_CATEGORY, "c1", 0));
	assert_true(contract_is_due(contract, P, "p1"));
	contract_settle_down(contract);
	contract->now_ms += MS_PER_DAY;
	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_CATEGORY, "c1", "base", 0, "{}"));
	assert_true(contract_is_due(contract, P, "p1"));
}

static void test_stores_do_not_mix(void **state)
{
	struct contract *contract = *state;
	int64_t first = contract->store_id;
	struct catalog_root root;

	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 0, "{1}"));
	contract->store_id = contract_store(contract, "other", contract->account_id);
	CONTRACT_FAILS(db_catalog_get(contract->db, contract->store_id, contract_entity(P, "p1"),
				      &contract->arena, &root, &contract_err),
		       ERR_NOT_FOUND);
	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 0, "{2}"));
	assert_string_equal(parts_of(contract), "base={2} ");
	contract->store_id = first;
	assert_string_equal(parts_of(contract), "base={1} ");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_which_fact_is_kept),
	cmocka_unit_test(test_version_and_message_come_with_the_fact),
	cmocka_unit_test(test_parts_are_apart),
	cmocka_unit_test(test_a_cleared_part_is_gone_but_remembered),
	cmocka_unit_test(test_a_clear_of_nothing_is_remembered),
	cmocka_unit_test(test_a_delete_takes_all_parts),
	cmocka_unit_test(test_a_tombstone_stops_what_is_late),
	cmocka_unit_test(test_a_late_delete_spares_what_is_newer),
	cmocka_unit_test(test_a_clear_does_not_revive),
	cmocka_unit_test(test_an_older_delete_of_what_is_deleted_changes_nothing),
	cmocka_unit_test(test_all_orders_end_alike),
	cmocka_unit_test(test_what_became_of_facts_is_audited),
	cmocka_unit_test(test_quiet_time),
	cmocka_unit_test(test_stores_take_turns),
	cmocka_unit_test(test_nothing_due_at_all),
	cmocka_unit_test(test_a_fact_that_loses_makes_nothing_due),
	cmocka_unit_test(test_a_variant_learns_its_product),
	cmocka_unit_test(test_even_a_stale_fact_names_the_product),
	cmocka_unit_test(test_a_variant_moves_to_another_product),
	cmocka_unit_test(test_what_a_root_names_makes_it_due),
	cmocka_unit_test(test_what_a_variant_names_makes_its_product_due),
	cmocka_unit_test(test_a_category_concerns_products_only_when_it_comes_or_goes),
	cmocka_unit_test(test_stores_do_not_mix),
};

CONTRACT_MAIN(tests)
