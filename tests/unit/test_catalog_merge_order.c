/*
 * Order: proves that a merge depends on versions and messages, not on the order in which the store hands
 * facts over; and that whatever subset of facts there is, and whichever bodies they have, nothing breaks
 * and the promises of merge.h hold. The facts are those of all golden cases.
 */
#include "base/rand.h"
#include "golden/catalog_case_names.h"

#define PERMUTATIONS 60
#define SUBSETS	     150
#define CONFUSIONS   150

/* Everything that comes of a run, as one text. */
static struct str print_run(struct catalog_case *one, struct arena *arena)
{
	struct strbuf out;
	struct str text;

	case_run(one);
	strbuf_init(&out, 16000000);
	strbuf_addf(&out, "%d|%.*s|%.*s|", one->view.present, STR_ARG(one->view.held),
		    STR_ARG(one->view.note));
	for (size_t i = 0; i < one->n_resource; i++)
		strbuf_addf(&out, "%.*s\n", STR_ARG(one->resource[i].body));
	for (size_t i = 0; i < one->view.n_kept_variant; i++)
		strbuf_addf(&out, "kept %.*s\n", STR_ARG(one->view.kept_variant[i]));
	assert_false(out.overflow);
	text = arena_dup(arena, strbuf_str(&out));
	strbuf_release(&out);
	return text;
}

static void shuffle_facts(struct root_fact *fact, size_t n, struct rand *rand)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = (size_t)rand_below(rand, i);
		struct root_fact other = fact[i - 1];

		fact[i - 1] = fact[k];
		fact[k] = other;
	}
}

static void shuffle_entities(struct root_entity *entity, size_t n, struct rand *rand)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = (size_t)rand_below(rand, i);
		struct root_entity other = entity[i - 1];

		entity[i - 1] = entity[k];
		entity[k] = other;
	}
}

/* The case with facts that may be changed. */
static struct root_fact *own_facts(struct catalog_case *one)
{
	struct root_fact *fact = ARENA_ARRAY(&one->arena, one->root.n_fact, struct root_fact);

	for (size_t i = 0; i < one->root.n_fact; i++)
		fact[i] = one->root.fact[i];
	one->root.fact = fact;
	return fact;
}

static struct root_entity *own_entities(struct catalog_case *one)
{
	struct root_entity *entity = ARENA_ARRAY(&one->arena, one->root.n_entity, struct root_entity);

	for (size_t i = 0; i < one->root.n_entity; i++)
		entity[i] = one->root.entity[i];
	one->root.entity = entity;
	return entity;
}

typedef void check_fn(struct catalog_case *one, struct rand *rand);

static void with_each_case(check_fn *check, uint64_t seed)
{
	struct rand_seeded seeded;
	struct arena arena;
	const char **name;
	size_t n;

	rand_seeded_init(&seeded, seed);
	arena_init(&arena);
	name = case_names(&arena, &n);
	for (size_t i = 0; i < n; i++) {
		struct catalog_case one;

		case_open(&one, name[i]);
		check(&one, &seeded.rand);
		case_close(&one);
	}
	arena_release(&arena);
}

static void check_permutations(struct catalog_case *one, struct rand *rand)
{
	struct root_fact *fact = own_facts(one);
	struct root_entity *entity = own_entities(one);
	struct arena arena;
	struct str want;

	arena_init(&arena);
	want = print_run(one, &arena);
	for (int i = 0; i < PERMUTATIONS; i++) {
		struct str got;

		shuffle_facts(fact, one->root.n_fact, rand);
		shuffle_entities(entity, one->root.n_entity, rand);
		got = print_run(one, &arena);
		if (!str_eq(got, want))
			fail_msg("another order of facts\n   got: %.*s\n  want: %.*s", STR_ARG(got),
				 STR_ARG(want));
	}
	arena_release(&arena);
}

static void any_order_gives_the_same(void **state)
{
	(void)state;
	with_each_case(check_permutations, 1);
}

/* What must hold whatever the facts are. */
static void check_promises(struct catalog_case *one)
{
	const struct catalog_view *view = &one->view;
	const struct catalog_item *item = &view->item;

	case_run(one);
	assert_true(view->present || (!view->has_item && !view->has_category && view->n_variant == 0));
	assert_true(view->has_item || view->n_variant == 0);
	if (view->present && !view->has_item && !view->has_category)
		assert_true(view->held.len > 0);
	if (!view->has_item)
		return;
	assert_true(item->title.len > 0 && item->description.len > 0 && item->url.len > 0);
	assert_true(item->has_price == (view->n_variant > 0));
	for (size_t i = 0; i < view->n_variant; i++) {
		const struct catalog_variant *variant = &view->variant[i];

		assert_true(variant->title.len > 0 && variant->description.len > 0 && variant->sku.len > 0);
		assert_true(variant->url.len > 0 && variant->quantity >= 0 && variant->price.minor >= 0);
		assert_true(str_eq(variant->item_external_id, item->external_id));
		assert_true(item->published || !variant->published);
		for (size_t k = 0; k < i; k++)
			assert_false(str_eq(variant->external_id, view->variant[k].external_id));
	}
}

static void check_subsets(struct catalog_case *one, struct rand *rand)
{
	struct root_fact *fact = own_facts(one);
	size_t n = one->root.n_fact;

	for (int i = 0; i < SUBSETS; i++) {
		shuffle_facts(fact, n, rand);
		one->root.n_fact = (size_t)rand_below(rand, n + 1);
		one->root.deleted = rand_below(rand, 8) == 0;
		one->rules.delete_unpublished = rand_below(rand, 2) == 0;
		one->rules.hold_without_price = rand_below(rand, 2) == 0;
		one->rules.price_source = (enum price_source)rand_below(rand, 3);
		check_promises(one);
	}
}

static void any_subset_keeps_the_promises(void **state)
{
	(void)state;
	with_each_case(check_subsets, 2);
}

/* Bodies in the wrong place, and bytes of them changed. */
static void check_confusion(struct catalog_case *one, struct rand *rand)
{
	struct root_fact *fact = own_facts(one);
	struct root_fact *first = ARENA_ARRAY(&one->arena, one->root.n_fact, struct root_fact);
	size_t n = one->root.n_fact;

	if (n == 0)
		return;
	memcpy(first, fact, n * sizeof(*fact));
	for (int i = 0; i < CONFUSIONS; i++) {
		struct root_fact *one_fact = &fact[rand_below(rand, n)];
		char *body;

		memcpy(fact, first, n * sizeof(*fact));
		fact[rand_below(rand, n)].body = first[rand_below(rand, n)].body;
		fact[rand_below(rand, n)].part = first[rand_below(rand, n)].part;
		fact[rand_below(rand, n)].entity = first[rand_below(rand, n)].entity;
		body = arena_cstr(&one->arena, one_fact->body);
		for (uint64_t k = rand_below(rand, 4); k > 0 && one_fact->body.len > 0; k--)
			body[rand_below(rand, one_fact->body.len)] = "{}[]\":,0at\\"[rand_below(rand, 11)];
		one_fact->body.p = body;
		check_promises(one);
	}
}

static void nonsense_keeps_the_promises(void **state)
{
	(void)state;
	with_each_case(check_confusion, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_gives_the_same),
		cmocka_unit_test(any_subset_keeps_the_promises),
		cmocka_unit_test(nonsense_keeps_the_promises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
