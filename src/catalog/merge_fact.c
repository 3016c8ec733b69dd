/*
 * Facts of a root, sorted and read, so that the order in which they came cannot matter; and the reasons
 * that a merge collects.
 *
 * Keeps:   one fact for each part of each entity. The store gives no more; should there be more, they
 *          compete in the order of their messages.
 * Threads: a merge belongs to its caller.
 */
#include "catalog/merge_internal.h"

#include <stdlib.h>

#define HELD_BYTES_MAX	 500
#define NOTE_BYTES_MAX	 1000
#define REASON_BYTES_MAX 460

/* ---- sorting ---- */

static int compare_entity(struct entity a, enum entity_kind kind, struct str id)
{
	return a.kind != kind ? (a.kind < kind ? -1 : 1) : str_cmp(a.id, id);
}

static int compare_entities(const void *left, const void *right)
{
	const struct entity *a = left;
	const struct entity *b = right;

	return compare_entity(*a, b->kind, b->id);
}

static int compare_number(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* By entity and part; facts of one part by message, then by anything that tells them apart. */
static int compare_fact(const void *left, const void *right)
{
	const struct root_fact *a = ((const struct merge_fact *)left)->row;
	const struct root_fact *b = ((const struct merge_fact *)right)->row;
	int order = compare_entity(a->entity, b->entity.kind, b->entity.id);

	if (order == 0)
		order = str_cmp(a->part, b->part);
	if (order == 0)
		order = compare_number(a->seq, b->seq);
	if (order == 0)
		order = compare_number(a->version, b->version);
	return order != 0 ? order : str_cmp(a->body, b->body);
}

static bool same_part(const struct root_fact *a, const struct root_fact *b)
{
	return compare_entity(a->entity, b->entity.kind, b->entity.id) == 0 && str_eq(a->part, b->part);
}

/* Leaves one fact of each part. */
static void drop_losers(struct merge *merge)
{
	size_t n = 0;

	for (size_t i = 0; i < merge->n_fact; i++) {
		const struct root_fact *row = merge->fact[i].row;

		if (n == 0 || !same_part(merge->fact[n - 1].row, row))
			merge->fact[n++] = merge->fact[i];
		else if (fact_wins(row->version, row->seq, merge->fact[n - 1].row->version,
				   merge->fact[n - 1].row->seq))
			merge->fact[n - 1] = merge->fact[i];
	}
	merge->n_fact = n;
}

static void read_body(struct merge *merge, struct merge_fact *fact)
{
	const struct root_fact *row = fact->row;

	if (json_parse(row->body, &fact->body, NULL)) {
		if (json_type(fact->body) == JSON_OBJECT)
			return;
		json_free(fact->body);
	}
	fact->body = NULL;
	merge_note(merge, "%s %.*s: part \"%.*s\" could not be read", entity_kind_text(row->entity.kind),
		   STR_ARG(row->entity.id), STR_ARG(row->part));
}

static void sort_deleted(struct merge *merge)
{
	const struct catalog_root *root = merge->root;

	merge->deleted = ARENA_ARRAY(merge->arena, root->n_entity, struct entity);
	for (size_t i = 0; i < root->n_entity; i++)
		if (root->entity[i].deleted)
			merge->deleted[merge->n_deleted++] = root->entity[i].entity;
	if (merge->n_deleted > 1)
		qsort(merge->deleted, merge->n_deleted, sizeof(merge->deleted[0]), compare_entities);
}

void merge_open(struct merge *merge, const struct catalog_rules *rules, const struct catalog_root *root,
		struct arena *arena)
{
	*merge = (struct merge){ .rules = rules, .root = root, .arena = arena, .n_fact = root->n_fact };
	strbuf_init(&merge->held, HELD_BYTES_MAX);
	strbuf_init(&merge->note, NOTE_BYTES_MAX);
	merge->fact = ARENA_ARRAY(arena, root->n_fact, struct merge_fact);
	for (size_t i = 0; i < root->n_fact; i++)
		merge->fact[i].row = &root->fact[i];
	if (merge->n_fact > 1)
		qsort(merge->fact, merge->n_fact, sizeof(merge->fact[0]), compare_fact);
	drop_losers(merge);
	sort_deleted(merge);
	for (size_t i = 0; i < merge->n_fact; i++)
		read_body(merge, &merge->fact[i]);
}

void merge_close(struct merge *merge)
{
	for (size_t i = 0; i < merge->n_fact; i++)
		json_free(merge->fact[i].body);
	strbuf_release(&merge->held);
	strbuf_release(&merge->note);
}

/* ---- finding ---- */

struct merge_range merge_entity(const struct merge *merge, enum entity_kind kind, struct str id)
{
	size_t low = 0, high = merge->n_fact, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_entity(merge->fact[middle].row->entity, kind, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < merge->n_fact; end++)
		if (compare_entity(merge->fact[end].row->entity, kind, id) != 0)
			break;
	return (struct merge_range){ &merge->fact[low], end - low };
}

const struct merge_fact *merge_part(const struct merge *merge, enum entity_kind kind, struct str id,
				    const char *part)
{
	struct merge_range range = merge_entity(merge, kind, id);

	for (size_t i = 0; i < range.n; i++)
		if (str_eq(range.fact[i].row->part, str_from(part)))
			return range.fact[i].body ? &range.fact[i] : NULL;
	return NULL;
}

bool merge_part_key(const struct merge_fact *fact, const char *name, struct str *key)
{
	struct str part = fact->row->part;
	struct str start = str_from(name);

	if (!str_starts(part, start) || (part.len > start.len && part.p[start.len] != '.'))
		return false;
	*key = str_skip(part, start.len + 1);
	return fact->body != NULL;
}

bool merge_later(const struct merge_fact *a, const struct merge_fact *b)
{
	if (!a || !b)
		return a != NULL;
	return fact_wins(a->row->version, a->row->seq, b->row->version, b->row->seq);
}

bool merge_is_deleted(const struct merge *merge, enum entity_kind kind, struct str id)
{
	struct entity wanted = { kind, id };

	return merge->n_deleted > 0 &&
	       bsearch(&wanted, merge->deleted, merge->n_deleted, sizeof(wanted), compare_entities);
}

static int compare_ids(const void *left, const void *right)
{
	const struct str *a = left;
	const struct str *b = right;

	return str_cmp(*a, *b);
}

struct merge_ids merge_ids_of(const struct merge *merge, const struct json *list)
{
	struct merge_ids ids = { .n = json_type(list) == JSON_ARRAY ? json_len(list) : 0 };

	ids.id = ARENA_ARRAY(merge->arena, ids.n, struct str);
	for (size_t i = 0; i < ids.n; i++)
		ids.id[i] = json_text(json_at(list, i));
	if (ids.n > 1)
		qsort(ids.id, ids.n, sizeof(ids.id[0]), compare_ids);
	return ids;
}

bool merge_ids_have(const struct merge_ids *ids, struct str id)
{
	return ids->n > 0 && bsearch(&id, ids->id, ids->n, sizeof(id), compare_ids);
}

/* ---- reasons ---- */

static bool is_listed(struct str list, struct str reason)
{
	while (list.len >= reason.len) {
		struct str rest = str_skip(list, reason.len);

		if (str_starts(list, reason) && (rest.len == 0 || str_starts(rest, STR("; "))))
			return true;
		list = str_skip(list, str_find_char(list, ';'));
		list = str_skip(list, 2);
		if (list.len == 0)
			break;
	}
	return false;
}

/* A list that is full says so by its last word. */
static void PRINTF_LIKE(2, 0) add_reason(struct strbuf *list, const char *format, va_list args)
{
	static const struct str more = { "; ...", 5 };
	struct strbuf reason;

	strbuf_init(&reason, REASON_BYTES_MAX);
	strbuf_vaddf(&reason, format, args);
	if (reason.len == 0 || is_listed(strbuf_str(list), strbuf_str(&reason)) ||
	    str_ends(strbuf_str(list), more))
		goto out;
	if (list->len + reason.len + 2 + more.len > list->ceiling) {
		strbuf_add_str(list, more);
		goto out;
	}
	if (list->len > 0)
		strbuf_add_text(list, "; ");
	strbuf_add_str(list, strbuf_str(&reason));
out:
	strbuf_release(&reason);
}

void merge_hold(struct merge *merge, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_reason(&merge->held, format, args);
	va_end(args);
}

void merge_note(struct merge *merge, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_reason(&merge->note, format, args);
	va_end(args);
}

/* ---- texts ---- */

struct str merge_keep(const struct merge *merge, struct str text)
{
	return text.len > 0 ? arena_dup(merge->arena, text) : (struct str){ 0 };
}

struct str merge_scalar(const struct merge *merge, const struct json *value)
{
	switch (json_type(value)) {
	case JSON_STRING:
		return merge_keep(merge, str_trim(json_text(value)));
	case JSON_INTEGER:
	case JSON_REAL:
	case JSON_TRUE:
	case JSON_FALSE:
		return json_write_arena(value, false, merge->arena);
	case JSON_NULL:
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	return (struct str){ 0 };
}

struct str merge_scalar_of(const struct merge *merge, const struct json *object, const char *name)
{
	return merge_scalar(merge, json_get(object, name));
}
