/*
 * Rendering the catalog: canonical catalog -> JSON:API.
 *
 * Resources are written as text, member by member, so that amounts are exact and the same content always
 * gives the same bytes (their digest decides whether anything is sent). Every attribute that may be emptied
 * is always there: an update that left it out would leave the old value in Klaviyo.
 *
 * Doesn't: make requests of them (render_request.c).
 * Pure. Source: Klaviyo OpenAPI stable, revision 2026-07-15.
 */
#include "klaviyo/render.h"

#include "base/json.h"
#include "base/utf8.h"
#include "klaviyo/render_internal.h"

#include <assert.h>

#define TITLE_BYTES_MAX	      10000
#define DESCRIPTION_BYTES_MAX 100000
#define METADATA_BYTES_MAX    100000
#define RESOURCE_BYTES_MAX    ((size_t)KLAVIYO_BODY_BYTES_MAX)
#define NAMES_BYTES_MAX	      200
#define ID_PREFIX	      "$custom:::$default:::"

/* inventory_policy: 1 = not in recommendations when out of stock, 2 = always. */
#define POLICY_HIDE 1
#define POLICY_SHOW 2

static const struct render_kind kind_row[KLAVIYO_KIND_COUNT] = {
	[KLAVIYO_CATEGORY] = { "catalog-category", "categories" },
	[KLAVIYO_ITEM] = { "catalog-item", "items" },
	[KLAVIYO_VARIANT] = { "catalog-variant", "variants" },
	[KLAVIYO_EVENT] = { "event", "events" },
	[KLAVIYO_PROFILE] = { "profile", "profiles" },
	[KLAVIYO_CONSENT] = { "profile", "profiles" },
};

const struct render_kind *render_kind(enum klaviyo_kind kind)
{
	assert((size_t)kind < KLAVIYO_KIND_COUNT);
	return &kind_row[kind];
}

struct str klaviyo_compound_id(struct str external_id, struct arena *arena)
{
	return arena_printf(arena, ID_PREFIX "%.*s", STR_ARG(external_id));
}

/* ---- members ---- */

void render_put_text(struct strbuf *out, const char *name, struct str text)
{
	strbuf_addf(out, ",\"%s\":", name);
	json_write_text(text, out);
}

static void put_text_or_null(struct strbuf *out, const char *name, struct str text)
{
	if (text.len > 0)
		render_put_text(out, name, text);
	else
		strbuf_addf(out, ",\"%s\":null", name);
}

static void put_bool(struct strbuf *out, const char *name, bool value)
{
	strbuf_addf(out, ",\"%s\":%s", name, value ? "true" : "false");
}

static void put_money(struct strbuf *out, const char *name, struct money money, struct arena *arena)
{
	strbuf_addf(out, ",\"%s\":", name);
	strbuf_add_str(out, money_text(money, arena));
}

static void put_images(struct strbuf *out, struct str first, const struct str *image, size_t n)
{
	put_text_or_null(out, "image_full_url", first);
	put_text_or_null(out, "image_thumbnail_url", first);
	strbuf_add_text(out, ",\"images\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			strbuf_add_char(out, ',');
		json_write_text(image[i], out);
	}
	strbuf_add_char(out, ']');
}

void render_put_reference(struct strbuf *out, enum klaviyo_kind kind, struct str external_id,
			  struct arena *arena)
{
	strbuf_addf(out, "{\"type\":\"%s\"", render_kind(kind)->type);
	render_put_text(out, "id", klaviyo_compound_id(external_id, arena));
	strbuf_add_char(out, '}');
}

/* ---- what was cut ---- */

static void add_mended(struct strbuf *mended, const char *what)
{
	strbuf_addf(mended, "%s%s", mended->len > 0 ? "; " : "", what);
}

static struct str cut(struct str text, size_t max_bytes, const char *what, struct strbuf *mended)
{
	if (text.len <= max_bytes)
		return text;
	add_mended(mended, what);
	return utf8_cut(text, max_bytes);
}

static void put_title(struct strbuf *out, struct str title, struct str description, struct strbuf *mended)
{
	render_put_text(out, "title", cut(title, TITLE_BYTES_MAX, "title cut at 10,000 bytes", mended));
	render_put_text(out, "description",
			cut(description, DESCRIPTION_BYTES_MAX, "description cut at 100,000 bytes", mended));
}

/* Members from n on did not fit. */
static void name_dropped(const struct meta *meta, size_t from, size_t n, struct strbuf *mended)
{
	struct strbuf names;

	strbuf_init(&names, NAMES_BYTES_MAX);
	for (size_t i = from; i < n && !names.overflow; i++)
		strbuf_addf(&names, "%s%.*s", i > from ? ", " : "", STR_ARG(meta[i].name));
	add_mended(mended, "custom_metadata is full, left out: ");
	strbuf_addf(mended, "%s%s (%zu)", names.p, names.overflow ? " ..." : "", n - from);
	strbuf_release(&names);
}

/* As many members, from the first, as fit. */
static void put_metadata(struct strbuf *out, const struct meta *meta, size_t n, struct strbuf *mended)
{
	struct strbuf list;
	size_t len = 0;
	size_t i;

	strbuf_init(&list, RESOURCE_BYTES_MAX);
	strbuf_add_char(&list, '{');
	for (i = 0; i < n; i++) {
		len = list.len;
		if (i > 0)
			strbuf_add_char(&list, ',');
		json_write_text(meta[i].name, &list);
		strbuf_add_char(&list, ':');
		json_write_text(meta[i].value, &list);
		if (list.overflow || list.len + 1 > METADATA_BYTES_MAX) {
			list.len = len;
			name_dropped(meta, i, n, mended);
			break;
		}
	}
	strbuf_add_text(out, ",\"custom_metadata\":");
	strbuf_add(out, list.p, list.len);
	strbuf_add_char(out, '}');
	strbuf_release(&list);
}

/* ---- resources ---- */

static void open_resource(struct strbuf *out, enum klaviyo_kind kind, struct str external_id)
{
	strbuf_init(out, RESOURCE_BYTES_MAX);
	strbuf_addf(out, "{\"type\":\"%s\",\"attributes\":{\"external_id\":", render_kind(kind)->type);
	json_write_text(external_id, out);
	strbuf_add_text(out, ",\"integration_type\":\"$custom\",\"catalog_type\":\"$default\"");
}

struct str render_take(struct strbuf *buffer, struct arena *arena)
{
	struct str text = arena_dup(arena, strbuf_str(buffer));

	strbuf_release(buffer);
	return text;
}

struct str klaviyo_render_category(const struct catalog_category *category, struct arena *arena)
{
	struct strbuf out;

	open_resource(&out, KLAVIYO_CATEGORY, category->external_id);
	render_put_text(&out, "name", utf8_cut(category->name, TITLE_BYTES_MAX));
	strbuf_add_text(&out, "}}");
	return render_take(&out, arena);
}

static void put_categories(struct strbuf *out, const struct str *external_id, size_t n, struct arena *arena)
{
	strbuf_add_text(out, ",\"relationships\":{\"categories\":{\"data\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			strbuf_add_char(out, ',');
		render_put_reference(out, KLAVIYO_CATEGORY, external_id[i], arena);
	}
	strbuf_add_text(out, "]}}");
}

struct str klaviyo_render_item(const struct catalog_item *item, struct arena *arena, struct str *mended)
{
	struct strbuf out, cuts;

	strbuf_init(&cuts, 1000);
	open_resource(&out, KLAVIYO_ITEM, item->external_id);
	put_title(&out, item->title, item->description, &cuts);
	render_put_text(&out, "url", item->url);
	if (item->has_price)
		put_money(&out, "price", item->price, arena);
	else
		put_text_or_null(&out, "price", (struct str){ 0 });
	put_images(&out, item->image_url, item->image, item->n_image);
	put_metadata(&out, item->meta, item->n_meta, &cuts);
	put_bool(&out, "published", item->published);
	strbuf_add_char(&out, '}');
	put_categories(&out, item->category_external_id, item->n_category, arena);
	strbuf_add_char(&out, '}');
	*mended = render_take(&cuts, arena);
	return render_take(&out, arena);
}

static int policy_number(enum stock_policy policy)
{
	switch (policy) {
	case STOCK_SHOW_ALWAYS:
		return POLICY_SHOW;
	case STOCK_HIDE_WHEN_OUT:
		return POLICY_HIDE;
	}
	return POLICY_SHOW;
}

struct str klaviyo_render_variant(const struct catalog_variant *variant, struct arena *arena,
				  struct str *mended)
{
	struct strbuf out, cuts;

	strbuf_init(&cuts, 1000);
	open_resource(&out, KLAVIYO_VARIANT, variant->external_id);
	put_title(&out, variant->title, variant->description, &cuts);
	render_put_text(&out, "sku", variant->sku);
	strbuf_addf(&out, ",\"inventory_policy\":%d,\"inventory_quantity\":%lld",
		    policy_number(variant->policy), (long long)variant->quantity);
	put_money(&out, "price", variant->price, arena);
	render_put_text(&out, "url", variant->url);
	put_images(&out, variant->image_url, variant->image, variant->n_image);
	put_metadata(&out, variant->meta, variant->n_meta, &cuts);
	put_bool(&out, "published", variant->published);
	strbuf_add_text(&out, "},\"relationships\":{\"item\":{\"data\":");
	render_put_reference(&out, KLAVIYO_ITEM, variant->item_external_id, arena);
	strbuf_add_text(&out, "}}}");
	*mended = render_take(&cuts, arena);
	return render_take(&out, arena);
}
