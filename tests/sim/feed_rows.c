/*
 * Products as a feed has them.
 *
 * Keeps:   reads what it is given itself, and nothing with what writes feeds.
 */
#include "sim/feed_rows.h"

#include "base/alloc.h"
#include "base/json.h"
#include "flow/flow_internal.h"
#include "sim/defaults.h"
#include "sim/klaviyo.h"
#include "sim/node.h"
#include "sim/shop.h"
#include "sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX  8
#define WALK_MAX   5
#define ID_BYTES   40
#define NAME_BYTES 80
#define XML_BEGIN  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Products>\n"
#define XML_END	   "</Products>\n"

struct feed_rows *feed_rows_new(void)
{
	struct feed_rows *rows = mem_zalloc(1, sizeof(*rows));

	arena_init(&rows->arena);
	return rows;
}

void feed_rows_free(struct feed_rows *rows)
{
	if (rows)
		arena_release(&rows->arena);
	mem_free(rows);
}

static bool add(struct feed_rows *rows, struct feed_row row)
{
	struct feed_row *kept = &rows->row[rows->n];

	if (rows->n == FEED_ROWS_MAX)
		return false;
	*kept = row;
	kept->id = arena_dup(&rows->arena, row.id);
	kept->title = arena_dup(&rows->arena, row.title);
	rows->n++;
	return true;
}

static int compare_texts(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static struct str join(struct feed_rows *rows, struct str *name, size_t n)
{
	struct str all = STR("");

	qsort(name, n, sizeof(*name), compare_texts);
	for (size_t i = 0; i < n; i++)
		all = arena_printf(&rows->arena, "%.*s%s%.*s", STR_ARG(all), i ? "," : "", STR_ARG(name[i]));
	return all;
}

static int64_t cents_of(double number)
{
	return (int64_t)(number * 100.0 + 0.5);
}

/* ---- JSON ---- */

static bool read_object(struct feed_rows *rows, const struct json *from)
{
	const struct json *list = json_get(from, "categories"), *price = json_get(from, "price");
	struct feed_row row = { .id = json_get_text(from, "id"), .title = json_get_text(from, "title") };
	struct str name[NAMES_MAX];
	size_t n = 0;

	for (; n < json_len(list) && n < NAMES_MAX; n++)
		name[n] = json_text(json_at(list, n));
	row.categories = join(rows, name, n);
	row.cents = cents_of(json_number(price));
	return row.id.len > 0 && row.title.len > 0 && json_get_text(from, "link").len > 0 &&
	       json_get_text(from, "description").len > 0 && json_get_text(from, "image_link").len > 0 &&
	       (json_type(price) == JSON_REAL || json_type(price) == JSON_INTEGER) &&
	       json_type(list) == JSON_ARRAY && json_get_int(from, "inventory_quantity", &row.stock) &&
	       add(rows, row);
}

bool feed_rows_read_json(struct feed_rows *rows, struct str text)
{
	struct json *all = NULL;
	bool ok = json_parse(text, &all, NULL) && json_type(all) == JSON_ARRAY;

	for (size_t i = 0; ok && i < json_len(all); i++)
		ok = read_object(rows, json_at(all, i));
	json_free(all);
	return ok;
}

/* ---- XML ---- */

static bool take(struct str *rest, const char *text)
{
	struct str begin = str_from(text);
	bool ok = str_starts(*rest, begin);

	if (ok)
		*rest = str_skip(*rest, begin.len);
	return ok;
}

static bool take_entity(struct str *rest, char *out)
{
	static const struct {
		const char *text;
		char is;
	} entity[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' } };

	for (size_t i = 0; i < ARRAY_LEN(entity); i++)
		if (take(rest, entity[i].text)) {
			*out = entity[i].is;
			return true;
		}
	return false;
}

static bool take_text(struct str *rest, struct str *out, struct arena *arena)
{
	char *text = arena_alloc(arena, rest->len + 1);
	size_t n = 0;

	for (; rest->len > 0 && rest->p[0] != '<'; n++) {
		text[n] = rest->p[0];
		if (rest->p[0] != '&')
			*rest = str_skip(*rest, 1);
		else if (!take_entity(rest, &text[n]))
			return false;
	}
	*out = str_of(text, n);
	return n > 0;
}

/* "<title>Mug</title>"; false: there is none. */
static bool take_field(struct str *rest, struct str *name, struct str *text, struct arena *arena)
{
	struct str begin = *rest;

	if (!take(rest, "    <") || !str_split(rest, '>', name) || !take_text(rest, text, arena)) {
		*rest = begin;
		return false;
	}
	return take(rest, arena_printf(arena, "</%.*s>\n", STR_ARG(*name)).p);
}

static struct str categories_of(struct feed_rows *rows, struct str text)
{
	struct str name[NAMES_MAX];
	size_t n = 0;

	if (str_eq(text, STR("n/a")))
		return STR("");
	while (n < NAMES_MAX && str_split(&text, ',', &name[n]))
		n++;
	return join(rows, name, n);
}

static bool read_product(struct feed_rows *rows, struct str *rest)
{
	static const char *const needed[] = { "id",	    "title",	  "link",  "description",
					      "image_link", "categories", "price", "inventory_quantity" };
	struct str text[ARRAY_LEN(needed)] = { 0 }, name, one;
	struct feed_row row = { 0 };

	if (!take(rest, "  <Product>\n"))
		return false;
	while (take_field(rest, &name, &one, &rows->arena))
		for (size_t i = 0; i < ARRAY_LEN(needed); i++)
			if (str_eq(name, str_from(needed[i])))
				text[i] = one;
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (text[i].len == 0)
			return false;
	row = (struct feed_row){ .id = text[0],
				 .title = text[1],
				 .categories = categories_of(rows, text[5]) };
	row.cents = cents_of(strtod(arena_cstr(&rows->arena, text[6]), NULL));
	return str_to_int64(text[7], &row.stock) && take(rest, "  </Product>\n") && add(rows, row);
}

bool feed_rows_read_xml(struct feed_rows *rows, struct str text)
{
	if (!take(&text, XML_BEGIN))
		return false;
	while (!str_eq(text, STR(XML_END)))
		if (!read_product(rows, &text))
			return false;
	return true;
}

/* ---- the catalog ---- */

static const struct catalog_category *category_of(const struct catalog_view *view, size_t n, struct str id)
{
	for (size_t i = 0; i < n; i++)
		if (view[i].has_category && str_eq(view[i].category.external_id, id))
			return &view[i].category;
	return NULL;
}

static struct feed_row row_of(struct feed_rows *rows, const struct catalog_view *view, size_t n,
			      const struct catalog_view *one)
{
	struct feed_row row = { .id = one->item.external_id, .title = one->item.title };
	struct str name[NAMES_MAX];
	size_t n_name = 0;

	for (size_t i = 0; i < one->item.n_category && n_name < NAMES_MAX; i++) {
		const struct catalog_category *found =
			category_of(view, n, one->item.category_external_id[i]);

		if (found && found->name.len > 0)
			name[n_name++] = found->name;
	}
	row.categories = join(rows, name, n_name);
	row.cents = one->item.price.minor;
	for (size_t i = 0; i < one->n_variant; i++)
		row.stock += one->variant[i].published ? one->variant[i].quantity : 0;
	return row;
}

static bool walk(struct db *db, const struct settings_store *store, struct arena *arena,
		 struct catalog_view *view, size_t *n, struct err *err)
{
	struct flow_account_facts facts = { 0 };
	struct flow_rules rules = flow_rules(store, &facts);
	struct entity after = { ENTITY_PRODUCT, STR("") };
	struct catalog_root *root;
	size_t n_root = 1;

	*n = 0;
	while (n_root > 0 && *n + WALK_MAX <= FEED_ROWS_MAX) {
		if (!db_catalog_walk(db, store->id, after, WALK_MAX, arena, &root, &n_root, err))
			return false;
		for (size_t i = 0; i < n_root; i++)
			catalog_merge(&rules.catalog, &root[i], arena, &view[(*n)++]);
		if (n_root > 0)
			after = root[n_root - 1].root;
	}
	return true;
}

void feed_rows_of_catalog(struct feed_rows *rows, struct db *db, int number)
{
	const struct snapshot *settings = settings_take(node_ctx()->settings);
	const struct settings_store *store = snapshot_store(settings, node_store_id(number));
	struct catalog_view view[FEED_ROWS_MAX];
	struct arena arena;
	struct err err;
	size_t n;

	arena_init(&arena);
	sim.looking = true;
	if (!walk(db, store, &arena, view, &n, &err))
		sim_fail("feed", "the catalog cannot be read: %s", err.msg);
	sim.looking = false;
	for (size_t i = 0; i < n; i++)
		if (view[i].has_item && view[i].item.published && view[i].item.url.len > 0)
			(void)add(rows, row_of(rows, view, n, &view[i]));
	arena_release(&arena);
	settings_release(node_ctx()->settings, settings);
}

/* ---- the shop ---- */

static struct str shelves_of(struct feed_rows *rows, const struct shop *one, int product)
{
	struct str name[CATEGORIES];
	size_t n = 0;

	for (int i = 0; i < CATEGORIES; i++)
		if (one->product[product].in_category[i])
			name[n++] = arena_printf(&rows->arena, "Shelf s%d-c%d v%" PRId64, one->number, i,
						 one->category_version[i]);
	return join(rows, name, n);
}

void feed_rows_of_shop(struct feed_rows *rows, int number)
{
	const struct shop *one = &shop[number];

	for (int p = 0; p < PRODUCTS_MAX; p++) {
		const struct product *from = &one->product[p];
		struct feed_row row = { .cents = INT64_MAX };

		if (!from->exists)
			continue;
		row.id = arena_printf(&rows->arena, "s%d-p%d", number, p);
		row.title =
			arena_printf(&rows->arena, "Thing %.*s v%" PRId64, STR_ARG(row.id), from->version);
		row.categories = shelves_of(rows, one, p);
		for (int v = 0; v < VARIANTS_MAX; v++) {
			int64_t cents = defaults_told_cents(number, from->variant[v].cents);

			if (!from->variant[v].exists)
				continue;
			row.cents = cents < row.cents ? cents : row.cents;
			row.stock += from->variant[v].stock;
		}
		(void)add(rows, row);
	}
}

/* ---- Klaviyo ---- */

static struct str shelves_there(struct feed_rows *rows, const struct shop *one, const struct json *item)
{
	const struct json *list = json_get(json_get(json_get(item, "relationships"), "categories"), "data");
	struct str name[CATEGORIES];
	char id[ID_BYTES];
	size_t n = 0;

	for (int c = 0; c < CATEGORIES; c++) {
		(void)snprintf(id, sizeof(id), "s%d-c%d", one->number, c);
		for (size_t i = 0; i < json_len(list); i++)
			if (str_ends(json_get_text(json_at(list, i), "id"), str_from(id)))
				name[n++] = json_get_text(
					json_get(klaviyo_thing(one->account, "category", id), "attributes"),
					"name");
	}
	return join(rows, name, n);
}

static int64_t stock_there(const struct shop *one, int product)
{
	int64_t all = 0;

	for (int v = 0; v < VARIANTS_MAX; v++) {
		const struct json *attributes;
		char id[ID_BYTES];

		(void)snprintf(id, sizeof(id), "s%d-p%d-v%d", one->number, product, v);
		attributes = json_get(klaviyo_thing(one->account, "variant", id), "attributes");
		if (json_get_bool(attributes, "published", false))
			all += (int64_t)json_number(json_get(attributes, "inventory_quantity"));
	}
	return all;
}

void feed_rows_of_klaviyo(struct feed_rows *rows, int number)
{
	const struct shop *one = &shop[number];

	for (int p = 0; p < PRODUCTS_MAX; p++) {
		const struct json *item, *attributes;
		struct feed_row row = { 0 };
		char id[ID_BYTES];

		(void)snprintf(id, sizeof(id), "s%d-p%d", number, p);
		item = klaviyo_thing(one->account, "item", id);
		attributes = json_get(item, "attributes");
		if (!item || !json_get_bool(attributes, "published", false))
			continue;
		row.id = str_from(id);
		row.title = json_get_text(attributes, "title");
		row.categories = shelves_there(rows, one, item);
		row.cents = cents_of(json_number(json_get(attributes, "price")));
		row.stock = stock_there(one, p);
		(void)add(rows, row);
	}
}

/* ---- comparing ---- */

static int compare_ids(const void *a, const void *b)
{
	return str_cmp(((const struct feed_row *)a)->id, ((const struct feed_row *)b)->id);
}

static void say(const struct feed_row *row, char *out, size_t size)
{
	(void)snprintf(out, size, "'%.*s' for %" PRId64 ", %" PRId64 " of them, in '%.*s'",
		       STR_ARG(row->title), row->cents, row->stock, STR_ARG(row->categories));
}

static void compare_row(const char *what, const struct feed_row *got, const struct feed_row *want)
{
	char has[3 * NAME_BYTES], should[3 * NAME_BYTES];

	if (str_eq(got->title, want->title) && str_eq(got->categories, want->categories) &&
	    got->cents == want->cents && got->stock == want->stock)
		return;
	say(got, has, sizeof(has));
	say(want, should, sizeof(should));
	sim_fail("feed", "%s: %.*s is %s, should be %s", what, STR_ARG(got->id), has, should);
}

void feed_rows_compare(const char *what, struct feed_rows *got, struct feed_rows *want)
{
	size_t g = 0, w = 0;

	qsort(got->row, got->n, sizeof(*got->row), compare_ids);
	qsort(want->row, want->n, sizeof(*want->row), compare_ids);
	while (g < got->n || w < want->n) {
		int order = g == got->n ? 1 : w == want->n ? -1 : str_cmp(got->row[g].id, want->row[w].id);

		if (order < 0)
			sim_fail("feed", "%s: %.*s is in it, and should not be", what,
				 STR_ARG(got->row[g].id));
		else if (order > 0)
			sim_fail("feed", "%s: %.*s is not in it", what, STR_ARG(want->row[w].id));
		else
			compare_row(what, &got->row[g], &want->row[w]);
		g += order <= 0;
		w += order >= 0;
	}
}
