/*
 * What the fake Klaviyo holds, how a row changes it, and looking at it. One thread.
 */
#include "support/fake_klaviyo_internal.h"

#include "base/alloc.h"
#include "base/attr.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct kind_row fake_kind_row[KINDS] = {
	{ "category", "A category", "categories" },
	{ "item", "An item", "items" },
	{ "variant", "A variant", "variants" },
};

/* ---- things ---- */

void fake_thing_free(struct thing *thing)
{
	mem_free(thing->key);
	mem_free(thing->id);
	json_free(thing->data);
}

struct thing *fake_thing_find(const struct fake_klaviyo *klaviyo, struct str key, size_t kind, struct str id)
{
	for (size_t i = 0; i < klaviyo->n_thing; i++) {
		struct thing *thing = &klaviyo->thing[i];

		if (thing->kind == kind && str_eq(str_from(thing->id), id) &&
		    (key.len == 0 || str_eq(str_from(thing->key), key)))
			return thing;
	}
	return NULL;
}

char *fake_text_copy(struct str text)
{
	char *copy = mem_alloc(text.len + 1);

	memcpy(copy, text.p ? text.p : "", text.len);
	copy[text.len] = '\0';
	return copy;
}

struct thing *fake_thing_add(struct fake_klaviyo *klaviyo, struct str key, size_t kind, struct str id)
{
	struct thing *thing;

	klaviyo->thing = mem_resize(klaviyo->thing, (klaviyo->n_thing + 1) * sizeof(*klaviyo->thing));
	thing = &klaviyo->thing[klaviyo->n_thing++];
	*thing = (struct thing){ fake_text_copy(key), kind, fake_text_copy(id), json_new_object() };
	json_set(thing->data, "attributes", json_new_object());
	return thing;
}

static void remove_at(struct fake_klaviyo *klaviyo, size_t i)
{
	fake_thing_free(&klaviyo->thing[i]);
	klaviyo->thing[i] = klaviyo->thing[--klaviyo->n_thing];
}

static struct str plain_id(struct str id)
{
	return str_starts(id, STR(ID_PREFIX)) ? str_skip(id, sizeof(ID_PREFIX) - 1) : id;
}

static struct str item_of(const struct thing *variant)
{
	const struct json *item = json_get(json_get(variant->data, "relationships"), "item");

	return plain_id(json_get_text(json_get(item, "data"), "id"));
}

void fake_thing_remove(struct fake_klaviyo *klaviyo, struct thing *thing)
{
	struct thing gone = *thing;

	gone.id = mem_strdup(thing->id);
	gone.key = mem_strdup(thing->key);
	remove_at(klaviyo, (size_t)(thing - klaviyo->thing));
	for (size_t i = klaviyo->n_thing; gone.kind == 1 && i-- > 0;)
		if (klaviyo->thing[i].kind == 2 && str_eq(item_of(&klaviyo->thing[i]), str_from(gone.id)) &&
		    strcmp(klaviyo->thing[i].key, gone.key) == 0)
			remove_at(klaviyo, i);
	mem_free(gone.id);
	mem_free(gone.key);
}

/* ---- one row: "" or the detail of an error ---- */

static struct str missing(struct change *change, size_t kind, struct str id)
{
	change->status = 404;
	return arena_printf(change->arena, "%s with the id `" ID_PREFIX "%.*s` does not exist.",
			    fake_kind_row[kind].article, STR_ARG(id));
}

static struct str check_links(struct change *change, const struct json *row)
{
	const struct json *relationships = json_get(row, "relationships");
	const struct json *categories = json_get(json_get(relationships, "categories"), "data");
	struct str item = plain_id(json_get_text(json_get(json_get(relationships, "item"), "data"), "id"));

	for (size_t i = 0; i < json_len(categories); i++) {
		struct str id = plain_id(json_get_text(json_at(categories, i), "id"));

		if (!fake_thing_find(change->klaviyo, change->key, 0, id))
			return missing(change, 0, id);
	}
	if (item.len > 0 && !fake_thing_find(change->klaviyo, change->key, 1, item))
		return missing(change, 1, item);
	return (struct str){ 0 };
}

static void put_members(struct thing *thing, const struct json *row)
{
	struct json *attributes = json_get(thing->data, "attributes");
	const struct json *from = json_get(row, "attributes");

	for (void *it = json_first(from); it; it = json_next(from, it))
		json_set_n(attributes, json_member_name(it), json_clone(json_member_value(it)));
	if (json_get(row, "relationships"))
		json_set(thing->data, "relationships", json_clone(json_get(row, "relationships")));
}

static struct str apply_create(struct change *change, const struct json *row)
{
	struct str id = json_get_text(json_get(row, "attributes"), "external_id");
	struct str error = check_links(change, row);

	if (id.len == 0) {
		change->status = 400;
		return STR("'external_id' is a required field.");
	}
	if (error.len > 0)
		return error;
	if (fake_thing_find(change->klaviyo, change->key, change->kind, id)) {
		change->status = 409;
		return arena_printf(change->arena, "%s with the external id `%.*s` already exists.",
				    fake_kind_row[change->kind].article, STR_ARG(id));
	}
	put_members(fake_thing_add(change->klaviyo, change->key, change->kind, id), row);
	return (struct str){ 0 };
}

struct str fake_row_apply(struct change *change, const char *op, const struct json *row)
{
	struct str id = plain_id(json_get_text(row, "id"));
	struct thing *thing;
	struct str error;

	if (strcmp(op, "create") == 0)
		return apply_create(change, row);
	thing = fake_thing_find(change->klaviyo, change->key, change->kind, id);
	if (!thing)
		return missing(change, change->kind, id);
	if (strcmp(op, "delete") == 0) {
		fake_thing_remove(change->klaviyo, thing);
		return (struct str){ 0 };
	}
	error = check_links(change, row);
	if (error.len == 0)
		put_members(thing, row);
	return error;
}

/* ---- looking ---- */

static size_t fake_kind_of(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(fake_kind_row); i++)
		if (strcmp(word, fake_kind_row[i].word) == 0)
			return i;
	assert(0 && "no such kind");
	return 0;
}

const struct json *fake_klaviyo_get(const struct fake_klaviyo *klaviyo, const char *kind,
				    const char *external_id)
{
	const struct thing *thing =
		fake_thing_find(klaviyo, (struct str){ 0 }, fake_kind_of(kind), str_from(external_id));

	return thing ? json_get(thing->data, "attributes") : NULL;
}

size_t fake_klaviyo_count(const struct fake_klaviyo *klaviyo, const char *kind)
{
	size_t n = 0;

	for (size_t i = 0; i < klaviyo->n_thing; i++)
		n += klaviyo->thing[i].kind == fake_kind_of(kind);
	return n;
}

void fake_klaviyo_put(struct fake_klaviyo *klaviyo, const char *key, const char *kind,
		      const char *external_id)
{
	char header[128];

	(void)snprintf(header, sizeof(header), "Klaviyo-API-Key %s", key);
	(void)fake_thing_add(klaviyo, str_from(header), fake_kind_of(kind), str_from(external_id));
}

void fake_klaviyo_remove(struct fake_klaviyo *klaviyo, const char *kind, const char *external_id)
{
	struct thing *thing =
		fake_thing_find(klaviyo, (struct str){ 0 }, fake_kind_of(kind), str_from(external_id));

	assert(thing);
	fake_thing_remove(klaviyo, thing);
}

static int compare_things(const void *a, const void *b)
{
	const struct thing *left = a, *right = b;
	int order = strcmp(left->key, right->key);

	if (order == 0)
		order = (left->kind > right->kind) - (left->kind < right->kind);
	return order != 0 ? order : strcmp(left->id, right->id);
}

struct str fake_klaviyo_dump(const struct fake_klaviyo *klaviyo, struct arena *arena)
{
	struct strbuf out;
	struct str text;

	/* The order of things means nothing to anybody else. */
	qsort(klaviyo->thing, klaviyo->n_thing, sizeof(*klaviyo->thing), compare_things);
	strbuf_init(&out, 64 << 20);
	for (size_t i = 0; i < klaviyo->n_thing; i++) {
		const struct thing *thing = &klaviyo->thing[i];

		strbuf_addf(&out, "%s %s %s ", thing->key, fake_kind_row[thing->kind].word, thing->id);
		json_write(thing->data, true, &out);
		strbuf_add_char(&out, '\n');
	}
	text = arena_dup(arena, strbuf_str(&out));
	strbuf_release(&out);
	return text;
}

struct str fake_klaviyo_complaint(const struct fake_klaviyo *klaviyo)
{
	return str_from(klaviyo->complaint);
}
