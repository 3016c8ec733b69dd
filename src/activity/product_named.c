/*
 * Which products and variants the lines of an order or visitor name.
 *
 * Pure.
 */
#include "activity/fold_internal.h"

#include <stdlib.h>

struct named {
	struct fold *fold;
	struct entity *entity;
	size_t n;
	size_t max; /* 0 while they are only counted */
};

static void add(struct named *named, const struct json *line)
{
	struct str product = fold_text(named->fold, line, "product_id");
	struct str variant = fold_text(named->fold, line, "variant_id");
	bool is_variant = product.len == 0;
	struct str id = is_variant ? variant : product;

	if (id.len == 0)
		return;
	if (named->n < named->max)
		named->entity[named->n] = (struct entity){ is_variant ? ENTITY_VARIANT : ENTITY_PRODUCT, id };
	named->n++;
}

static void add_all(struct named *named, const struct json *lines)
{
	for (size_t i = 0; i < json_len(lines) && i < FOLD_LINES_MAX; i++)
		add(named, json_at(lines, i));
}

static void add_facts(struct named *named)
{
	for (size_t i = 0; i < named->fold->n_fact; i++) {
		const struct fold_fact *fact = &named->fold->fact[i];
		const struct json *cart = json_get(fact->body, "cart");
		struct str key;

		if (fold_part_key(fact, "event", &key)) {
			add(named, json_get(fact->body, "product"));
			add_all(named, json_get(cart, "lines"));
			add(named, json_get(cart, "added"));
		} else if (str_eq(fact->row->part, STR("base"))) {
			add_all(named, json_get(fact->body, "lines"));
		}
	}
}

static int compare_entity(const void *left, const void *right)
{
	const struct entity *a = left;
	const struct entity *b = right;

	return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : str_cmp(a->id, b->id);
}

static size_t drop_repeats(struct entity *entity, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (kept == 0 || compare_entity(&entity[kept - 1], &entity[i]) != 0)
			entity[kept++] = entity[i];
	return kept < ACTIVITY_PRODUCTS_MAX ? kept : ACTIVITY_PRODUCTS_MAX;
}

size_t activity_products_named(const struct catalog_root *root, struct arena *arena, struct entity **entity)
{
	struct fold fold;
	struct named named = { .fold = &fold };

	fold_open(&fold, NULL, root, arena);
	add_facts(&named);
	named.max = named.n;
	named.n = 0;
	named.entity = ARENA_ARRAY(arena, named.max, struct entity);
	add_facts(&named);
	fold_close(&fold);
	if (named.n > 1)
		qsort(named.entity, named.n, sizeof(named.entity[0]), compare_entity);
	*entity = named.entity;
	return drop_repeats(named.entity, named.n);
}
