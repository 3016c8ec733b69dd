/*
 * Names that stand behind ids: of brand and series, tags, markets.
 *
 * Keeps:   lists are sorted and each name is there once, so that a shop's order does not matter.
 * Pure.
 */
#include "catalog/merge_internal.h"

#include <stdlib.h>

#define LIST_BYTES_MAX 10000

static int compare_text(const void *left, const void *right)
{
	const struct str *a = left;
	const struct str *b = right;

	return str_cmp(*a, *b);
}

/* "a, b, c", each once. */
static struct str join(const struct merge *merge, struct str *text, size_t n)
{
	struct strbuf out;
	struct str result;

	strbuf_init(&out, LIST_BYTES_MAX);
	if (n > 1)
		qsort(text, n, sizeof(text[0]), compare_text);
	for (size_t i = 0; i < n; i++) {
		if (text[i].len == 0 || (i > 0 && str_eq(text[i], text[i - 1])))
			continue;
		if (out.len > 0)
			strbuf_add_text(&out, ", ");
		strbuf_add_str(&out, text[i]);
	}
	result = arena_dup(merge->arena, strbuf_str(&out));
	strbuf_release(&out);
	return result;
}

struct str merge_named(struct merge *merge, const struct merge_fact *base, enum entity_kind kind,
		       const char *member)
{
	const struct json *said = json_get(base->body, member);
	struct str id = merge_scalar_of(merge, said, "id");
	const struct merge_fact *own = id.len > 0 ? merge_part(merge, kind, id, "base") : NULL;
	struct str name = merge_scalar_of(merge, said, "name");
	struct str title = own ? merge_scalar_of(merge, own->body, "title") : (struct str){ 0 };

	if (title.len > 0 && (name.len == 0 || merge_later(own, base)))
		return title;
	return name;
}

/* "123e4567-e89b-12d3-a456-426614174040": nobody's text. */
static bool is_uuid(struct str text)
{
	for (size_t i = 0; i < text.len && text.len == 36; i++) {
		char c = text.p[i];
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');

		if (dash ? c != '-' : !hex)
			return false;
	}
	return text.len == 36;
}

/* A tag may be named by its id or be its own text. An id whose tag is not known yet has no title. */
static struct str tag_title(struct merge *merge, struct str tag, struct str language)
{
	const struct merge_fact *own = merge_part(merge, ENTITY_TAG, tag, "base");
	struct str title;

	if (merge_is_deleted(merge, ENTITY_TAG, tag))
		return (struct str){ 0 };
	if (!own)
		return is_uuid(tag) ? (struct str){ 0 } : tag;
	title = merge_text_of(merge, own->body, language, "title");
	if (title.len == 0)
		title = merge_scalar_of(merge, own->body, "key");
	return title.len > 0 ? title : tag;
}

static size_t take_tags(struct merge *merge, const struct json *tags, struct str language, struct str *out)
{
	size_t n = json_len(tags);

	for (size_t i = 0; i < n; i++)
		out[i] = tag_title(merge, merge_scalar(merge, json_at(tags, i)), language);
	return n;
}

struct str merge_tags_of(struct merge *merge, const struct json *base, struct str language)
{
	const struct json *tags = json_get(base, "tags");
	struct str *text = ARENA_ARRAY(merge->arena, json_len(tags), struct str);

	if (json_type(tags) != JSON_ARRAY)
		return (struct str){ 0 };
	return join(merge, text, take_tags(merge, tags, language, text));
}

static bool is_variant_base(const struct merge_fact *fact)
{
	return fact->row->entity.kind == ENTITY_VARIANT && fact->body && str_eq(fact->row->part, STR("base"));
}

struct str merge_all_tags(struct merge *merge, const struct merge_product *product)
{
	size_t n = json_len(json_get(product->base->body, "tags"));
	struct str *text;

	for (size_t i = 0; i < merge->n_fact; i++)
		if (is_variant_base(&merge->fact[i]))
			n += json_len(json_get(merge->fact[i].body, "tags"));
	text = ARENA_ARRAY(merge->arena, n, struct str);
	n = take_tags(merge, json_get(product->base->body, "tags"), product->language, text);
	for (size_t i = 0; i < merge->n_fact; i++)
		if (is_variant_base(&merge->fact[i]))
			n += take_tags(merge, json_get(merge->fact[i].body, "tags"), product->language,
				       text + n);
	return join(merge, text, n);
}

struct str merge_market_name(const struct merge *merge, const struct json *row)
{
	static const char *const member[] = { "slug", "country", "id" };
	struct str name = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(member) && name.len == 0; i++)
		name = merge_scalar_of(merge, row, member[i]);
	return name;
}

struct str merge_market_names(struct merge *merge, const struct merge_product *product)
{
	const struct json *rows = json_get(product->base->body, "markets");
	struct str *text = ARENA_ARRAY(merge->arena, json_len(rows), struct str);
	size_t n = 0;

	for (size_t i = 0; i < json_len(rows); i++)
		if (merge_market_is_active(merge, product->base, json_at(rows, i)))
			text[n++] = merge_market_name(merge, json_at(rows, i));
	return join(merge, text, n);
}
