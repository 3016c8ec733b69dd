/*
 * What an order's or cart's lines give: the list Items, and the lists of names, brands and categories beside
 * it, because only what stands outside of Items can be used in segments and filters.
 *
 * Keeps:   lists beside Items hold each text once, in the order of its first appearance.
 * Pure. Source: Klaviyo's guide for platforms without an integration.
 */
#include "klaviyo/render_internal.h"

/* ---- texts without repetition ---- */

struct text_union {
	struct str *text;
	size_t n;
	size_t n_max;
	uint32_t *slot; /* place + 1; 0 = free */
	size_t n_slot;	/* a power of two, more than twice n_max */
	size_t n_more;	/* did not fit */
};

static void union_init(struct text_union *set, size_t n, struct arena *arena)
{
	*set = (struct text_union){ .n_max = n < RENDER_ELEMENTS_MAX ? n : RENDER_ELEMENTS_MAX, .n_slot = 4 };
	while (set->n_slot <= 2 * set->n_max)
		set->n_slot *= 2;
	set->text = ARENA_ARRAY(arena, set->n_max, struct str);
	set->slot = ARENA_ARRAY(arena, set->n_slot, uint32_t);
}

/* FNV-1a. */
static size_t hash_of(struct str text)
{
	uint32_t hash = UINT32_C(2166136261);

	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.p[i]) * UINT32_C(16777619);
	return hash;
}

static void union_add(struct text_union *set, struct str text)
{
	size_t at = hash_of(text) & (set->n_slot - 1);

	if (text.len == 0)
		return;
	while (set->slot[at] != 0) {
		if (str_eq(set->text[set->slot[at] - 1], text))
			return;
		at = (at + 1) & (set->n_slot - 1);
	}
	if (set->n == set->n_max) {
		set->n_more++;
		return;
	}
	set->text[set->n++] = text;
	set->slot[at] = (uint32_t)set->n;
}

static void put_union(struct render_object *properties, const char *name, const struct text_union *set)
{
	properties->cuts->n_element += set->n_more;
	render_list(properties, name, set->text, set->n);
}

void render_item_names(struct render_object *properties, const struct activity_line *line, size_t n)
{
	struct text_union set;

	union_init(&set, n, properties->arena);
	for (size_t i = 0; i < n; i++)
		union_add(&set, line[i].name);
	put_union(properties, "ItemNames", &set);
}

void render_brands(struct render_object *properties, const struct activity_line *line, size_t n)
{
	struct text_union set;

	union_init(&set, n, properties->arena);
	for (size_t i = 0; i < n; i++)
		union_add(&set, line[i].brand);
	put_union(properties, "Brands", &set);
}

void render_categories(struct render_object *properties, const char *name, const struct activity_line *first,
		       const struct activity_line *line, size_t n)
{
	size_t n_all = first ? first->n_category : 0;
	struct text_union set;

	for (size_t i = 0; i < n; i++)
		n_all += line[i].n_category;
	union_init(&set, n_all, properties->arena);
	for (size_t k = 0; first && k < first->n_category; k++)
		union_add(&set, first->category[k]);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < line[i].n_category; k++)
			union_add(&set, line[i].category[k]);
	put_union(properties, name, &set);
}

/* ---- Items ---- */

static void put_line(struct render_object *object, const struct activity_line *line, bool cart)
{
	render_text(object, "ProductID", line->product_id);
	render_text(object, "VariantID", line->variant_id);
	render_text(object, "SKU", line->sku);
	render_text(object, "ProductName", line->name);
	render_text(object, "VariantName", line->variant_name);
	render_number(object, "Quantity", line->quantity);
	if (line->has_price) {
		render_money(object, "ItemPrice", line->unit_price);
		render_money(object, "RowTotal", line->row_total);
	}
	if (line->has_compare_at_price)
		render_money(object, "CompareAtPrice", line->compare_at_price);
	render_text(object, "ProductURL", line->product_url);
	render_text(object, "ImageURL", line->image_url);
	render_list(object, cart ? "ProductCategories" : "Categories", line->category, line->n_category);
	render_text(object, "Brand", line->brand);
}

/* One line; false, and nothing is written, if it does not fit whole. */
static bool put_item(const struct render_object *properties, const struct activity_line *line, bool cart,
		     bool first)
{
	struct strbuf *out = properties->out;
	size_t before = out->len;
	struct render_cuts cuts = *properties->cuts;
	struct render_object item = *properties;

	if (!first)
		strbuf_add_char(out, ',');
	item.cuts = &cuts;
	item.n_max = SIZE_MAX;
	render_open(&item);
	put_line(&item, line, cart);
	render_close(&item);
	if (out->len < properties->bytes_max && cuts.n_property == properties->cuts->n_property) {
		*properties->cuts = cuts;
		return true;
	}
	out->len = before;
	out->p[before] = '\0';
	return false;
}

void render_items(struct render_object *properties, const struct activity_line *line, size_t n, bool cart)
{
	size_t n_max = n < RENDER_ELEMENTS_MAX ? n : RENDER_ELEMENTS_MAX;
	size_t i;

	if (n == 0)
		return;
	render_json(properties, "Items", "[");
	for (i = 0; i < n_max; i++)
		if (!put_item(properties, &line[i], cart, i == 0))
			break;
	properties->cuts->n_item += n - i;
	strbuf_add_char(properties->out, ']');
}
