/*
 * Searching for what the shops have at the end.
 */
#include "sim/search.h"

#include "settings/settings.h"
#include "sim/node.h"
#include "sim/reader.h"
#include "sim/shop.h"
#include "sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES 80
#define FOUND_MAX  40
#define PAGE	   3
#define WALK_MAX   20
#define HOLD_MS	   1000

/* A store of the same name and facts, in memory. */
struct twin {
	struct db *db;
	int64_t store_id[SHOPS_MAX];
};

static void must(bool ok, const struct err *err)
{
	if (!ok)
		sim_fail("search", "a store cannot be asked: %s", err->msg);
}

/* ---- the other store ---- */

static void add_stores(struct twin *twin, struct settings *settings)
{
	const struct snapshot *snapshot;
	char name[16];
	struct err err;

	must(settings_account_add(settings, STR("account"), STR(NODE_KEY_PREFIX "0"), NULL, 0, SIM_START_MS,
				  &err),
	     &err);
	for (int i = 0; i < sim_option(OPTION_shops); i++) {
		struct settings_new_store store = {
			.account = STR("account"),
			.platform = STR("generic"),
			.secret = STR(NODE_SECRET),
		};

		(void)snprintf(name, sizeof(name), "shop%d", i);
		store.name = str_from(name);
		must(settings_store_add(settings, &store, SIM_START_MS, &err), &err);
		snapshot = settings_take(settings);
		twin->store_id[i] = snapshot_find_store(snapshot, str_from(name))->id;
		settings_release(settings, snapshot);
	}
}

static void tell(const struct twin *twin, int number, const struct fact *fact, size_t n)
{
	struct inbox_record record = { .store_id = twin->store_id[number],
				       .received_ms = SIM_START_MS,
				       .body = STR("{}"),
				       .priority = PRIORITY_REALTIME };
	struct inbox_receipt receipt;
	struct inbox_result result = { .store_id = record.store_id,
				       .state = MESSAGE_MAPPED,
				       .fact = fact,
				       .n_fact = n,
				       .priority = PRIORITY_REALTIME,
				       .tombstone_ms = HOLD_MS };
	static uint64_t n_told;
	struct err err;

	n_told++;
	memcpy(record.key.byte, &n_told, sizeof(n_told));
	must(db_inbox_append(twin->db, &record, 1, &receipt, &err), &err);
	result.message_id = receipt.id;
	must(db_inbox_complete(twin->db, SIM_START_MS, &result, 1, &err), &err);
}

static struct str root_of(const struct catalog_root *root, struct entity entity)
{
	for (size_t i = 0; entity.kind == ENTITY_VARIANT && i < root->n_entity; i++)
		if (entity_eq(root->entity[i].entity, entity))
			return root->entity[i].root_id;
	return STR("");
}

static void tell_root(const struct twin *twin, int number, const struct catalog_root *root,
		      struct arena *arena)
{
	struct fact *fact = ARENA_ARRAY(arena, root->n_fact + 1, struct fact);
	size_t n = root->n_fact;

	for (size_t i = 0; i < n; i++)
		fact[i] = (struct fact){ .entity = root->fact[i].entity,
					 .part = root->fact[i].part,
					 .root_id = root_of(root, root->fact[i].entity),
					 .op = FACT_SET,
					 .version = root->fact[i].version,
					 .body = root->fact[i].body };
	if (root->deleted)
		fact[n++] = (struct fact){ .entity = root->root, .op = FACT_DELETE };
	if (n > 0)
		tell(twin, number, fact, n);
}

static void tell_all(const struct twin *twin, struct db *db, int number)
{
	struct entity after = { ENTITY_PRODUCT, STR("") };
	struct catalog_root *root;
	struct arena arena;
	struct err err;
	size_t n = 1;

	arena_init(&arena);
	while (n > 0 && !sim_failed()) {
		must(db_catalog_walk(db, node_store_id(number), after, WALK_MAX, &arena, &root, &n, &err),
		     &err);
		for (size_t i = 0; i < n && !sim_failed(); i++)
			tell_root(twin, number, &root[i], &arena);
		if (n > 0)
			after = root[n - 1].root;
	}
	arena_release(&arena);
}

static void twin_open(struct twin *twin, struct db *db)
{
	struct db_config config = { .owner_epoch = 1, .now_ms = SIM_START_MS };
	struct settings *settings;
	struct err err;

	must(db_open(&db_memory_ops, &config, &twin->db, &err), &err);
	must(settings_open(twin->db, node_key_file(), &settings, &err), &err);
	add_stores(twin, settings);
	settings_close(settings);
	for (int i = 0; i < sim_option(OPTION_shops) && !sim_failed(); i++)
		tell_all(twin, db, i);
}

/* ---- searching ---- */

/* "s0-p1 s0-p4", a page at a time. */
static struct str found(struct db *db, int64_t store_id, enum entity_kind kind, struct str text,
			struct arena *arena)
{
	struct str all = STR(""), after = STR(""), *id;
	struct err err;
	size_t n = PAGE;

	while (n == PAGE && !sim_failed()) {
		n = 0;
		must(db_catalog_search(db, store_id, kind, text, after, PAGE, arena, &id, &n, &err), &err);
		for (size_t i = 0; i < n; i++)
			all = arena_printf(arena, "%.*s%s%.*s", STR_ARG(all), all.len ? " " : "",
					   STR_ARG(id[i]));
		if (n > 0)
			after = id[n - 1];
	}
	return all;
}

/* Titles and SKUs of the simulation are ASCII. */
static bool holds(const char *words, const char *text)
{
	size_t len = strlen(text);

	for (; *words; words++)
		if (strncasecmp(words, text, len) == 0)
			return true;
	return false;
}

static bool variant_holds(const struct shop *one, int product, int variant, const char *text)
{
	const struct product *from = &one->product[product];
	char words[TEXT_BYTES];

	if (!from->variant[variant].exists)
		return false;
	(void)snprintf(words, sizeof(words), "Variant v%" PRId64, from->version);
	if (holds(words, text))
		return true;
	(void)snprintf(words, sizeof(words), SHOP_SKU, one->number, product, variant, from->version);
	return readers_are_wanted() && holds(words, text);
}

static void product_title(const struct shop *one, int product, int64_t version, char *out)
{
	(void)snprintf(out, TEXT_BYTES, "Thing s%d-p%d v%" PRId64, one->number, product, version);
}

static void category_title(const struct shop *one, int category, int64_t version, char *out)
{
	(void)snprintf(out, TEXT_BYTES, "Shelf s%d-c%d v%" PRId64, one->number, category, version);
}

static bool product_holds(const struct shop *one, int product, const char *text)
{
	char title[TEXT_BYTES];

	product_title(one, product, one->product[product].version, title);
	if (!one->product[product].exists)
		return false;
	if (holds(title, text))
		return true;
	for (int i = 0; i < VARIANTS_MAX; i++)
		if (variant_holds(one, product, i, text))
			return true;
	return false;
}

static bool category_holds(const struct shop *one, int category, const char *text)
{
	char title[TEXT_BYTES];

	category_title(one, category, one->category_version[category], title);
	return holds(title, text);
}

/* In the order of their ids. */
static struct str expected(const struct shop *one, enum entity_kind kind, const char *text,
			   struct arena *arena)
{
	bool products = kind == ENTITY_PRODUCT;
	struct str id[PRODUCTS_MAX], all = STR("");
	size_t n = 0;

	for (int i = 0; i < (products ? PRODUCTS_MAX : CATEGORIES); i++)
		if (products ? product_holds(one, i, text) : category_holds(one, i, text))
			id[n++] = arena_printf(arena, "s%d-%c%d", one->number, products ? 'p' : 'c', i);
	for (size_t i = 0; i < n; i++) {
		size_t least = i;

		for (size_t k = i + 1; k < n; k++)
			least = str_cmp(id[k], id[least]) < 0 ? k : least;
		all = arena_printf(arena, "%.*s%s%.*s", STR_ARG(all), i ? " " : "", STR_ARG(id[least]));
		id[least] = id[i];
	}
	return all;
}

struct search {
	struct db *db;
	const struct twin *twin;
	const struct shop *shop;
	enum entity_kind kind;
};

static void look_for(const struct search *search, const char *text)
{
	int number = search->shop->number;
	struct arena arena;
	struct str got, twin, want;

	arena_init(&arena);
	got = found(search->db, node_store_id(number), search->kind, str_from(text), &arena);
	twin = found(search->twin->db, search->twin->store_id[number], search->kind, str_from(text), &arena);
	want = expected(search->shop, search->kind, text, &arena);
	if (!str_eq(got, want))
		sim_fail("search", "'%s' of shop%d finds '%.*s', should find '%.*s'", text, number,
			 STR_ARG(got), STR_ARG(want));
	if (!str_eq(twin, want))
		sim_fail("search", "'%s' of shop%d finds '%.*s' in memory, should find '%.*s'", text, number,
			 STR_ARG(twin), STR_ARG(want));
	arena_release(&arena);
}

/* Also in capitals. */
static void look_for_both(const struct search *search, const char *text)
{
	char capital[TEXT_BYTES];
	size_t i = 0;

	for (; text[i]; i++)
		capital[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
	capital[i] = '\0';
	look_for(search, text);
	look_for(search, capital);
}

static void look_for_variants(const struct search *search, int product)
{
	const struct product *from = &search->shop->product[product];
	char text[TEXT_BYTES];

	for (int i = 0; i < VARIANTS_MAX; i++) {
		/* One that its product does not name any more is not gone for the store. */
		if (!from->variant[i].exists)
			continue;
		(void)snprintf(text, sizeof(text), SHOP_SKU, search->shop->number, product, i, from->version);
		look_for(search, text);
		(void)snprintf(text, sizeof(text), SHOP_SKU, search->shop->number, product, i, from->before);
		look_for(search, text);
	}
}

static void look_for_products(struct search search)
{
	char text[TEXT_BYTES];

	search.kind = ENTITY_PRODUCT;
	look_for(&search, "thing");
	for (int i = 0; i < PRODUCTS_MAX; i++) {
		const struct product *product = &search.shop->product[i];

		if (!product->told)
			continue;
		product_title(search.shop, i, product->version, text);
		look_for_both(&search, text);
		product_title(search.shop, i, product->before, text);
		look_for(&search, text);
		if (readers_are_wanted())
			look_for_variants(&search, i);
	}
}

static void look_for_categories(struct search search)
{
	char text[TEXT_BYTES];

	search.kind = ENTITY_CATEGORY;
	look_for(&search, "shelf");
	for (int i = 0; i < CATEGORIES; i++) {
		category_title(search.shop, i, search.shop->category_version[i], text);
		look_for_both(&search, text);
		category_title(search.shop, i, search.shop->category_before[i], text);
		look_for(&search, text);
	}
}

/* What another store has is no concern of this one. */
static void look_elsewhere(struct search search)
{
	const struct shop *other = &shop[(search.shop->number + 1) % sim_option(OPTION_shops)];
	char text[TEXT_BYTES];

	search.kind = ENTITY_PRODUCT;
	product_title(other, 0, other->product[0].version, text);
	look_for(&search, text);
}

void search_check(struct db *db)
{
	struct twin twin = { 0 };

	sim.looking = true;
	twin_open(&twin, db);
	for (int i = 0; i < sim_option(OPTION_shops) && !sim_failed(); i++) {
		struct search search = { .db = db, .twin = &twin, .shop = &shop[i] };

		look_for_products(search);
		look_for_categories(search);
		look_elsewhere(search);
	}
	db_close(twin.db);
	sim.looking = false;
}
