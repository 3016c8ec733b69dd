/*
 * Mapping: the facts, notes and verdict of one message while an adapter reads it.
 *
 * Doesn't: know any platform's payload (enad/, generic/) or which parts there are (model/fact.h).
 * Threads: a mapping belongs to one call of a platform's map.
 */
#include "platform/mapping.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Longest reason kept; a longer one is cut, because it is shown on one line. */
#define REASON_BYTES_MAX 480

void mapping_init(struct mapping *mapping, struct arena *arena)
{
	*mapping = (struct mapping){ .arena = arena, .state = MAP_DONE };
}

void mapping_add(struct mapping *mapping, struct fact fact)
{
	if (mapping->n_fact == mapping->capacity) {
		size_t capacity = mapping->capacity ? mapping->capacity * 2 : 8;
		struct fact *larger = ARENA_ARRAY(mapping->arena, capacity, struct fact);

		if (mapping->n_fact)
			memcpy(larger, mapping->fact, mapping->n_fact * sizeof(*larger));
		mapping->fact = larger;
		mapping->capacity = capacity;
	}
	if (!fact.part.p)
		fact.part = STR("");
	if (!fact.root_id.p)
		fact.root_id = STR("");
	if (!fact.body.p)
		fact.body = STR("");
	mapping->fact[mapping->n_fact++] = fact;
}

/* Cut at a character of UTF-8: continuation bytes are 10xxxxxx. */
static size_t cut_len(const char *text, size_t len)
{
	if (len <= REASON_BYTES_MAX)
		return len;
	len = REASON_BYTES_MAX;
	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static struct str sentence(struct mapping *mapping, const char *format, va_list args) PRINTF_LIKE(2, 0);

static struct str sentence(struct mapping *mapping, const char *format, va_list args)
{
	char text[2 * REASON_BYTES_MAX];
	int len = vsnprintf(text, sizeof(text), format, args);
	size_t written = len < 0 ? 0 : (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1;

	return arena_dup(mapping->arena, str_of(text, cut_len(text, written)));
}

void mapping_fail(struct mapping *mapping, const char *format, ...)
{
	va_list args;

	if (mapping->state != MAP_DONE)
		return;
	va_start(args, format);
	mapping->reason = sentence(mapping, format, args);
	va_end(args);
	mapping->state = MAP_FAILED;
}

void mapping_ignore(struct mapping *mapping, const char *format, ...)
{
	va_list args;

	if (mapping->state != MAP_DONE)
		return;
	va_start(args, format);
	mapping->reason = sentence(mapping, format, args);
	va_end(args);
	mapping->state = MAP_IGNORED;
}

static bool is_noted(const struct mapping *mapping, struct str note)
{
	for (size_t i = 0; i < mapping->n_note && i < MAPPING_NOTES_MAX; i++)
		if (str_eq(mapping->note[i], note))
			return true;
	return false;
}

void mapping_note(struct mapping *mapping, const char *format, ...)
{
	struct str note;
	va_list args;

	if (mapping->n_note >= MAPPING_NOTES_MAX) {
		mapping->n_note++;
		return;
	}
	va_start(args, format);
	note = sentence(mapping, format, args);
	va_end(args);
	if (!is_noted(mapping, note))
		mapping->note[mapping->n_note++] = note;
}

static struct str notes_text(struct mapping *mapping)
{
	struct str text = STR("");

	for (size_t i = 0; i < mapping->n_note && i < MAPPING_NOTES_MAX; i++)
		text = arena_printf(mapping->arena, "%.*s%s%.*s", STR_ARG(text), i ? "; " : "",
				    STR_ARG(mapping->note[i]));
	if (mapping->n_note > MAPPING_NOTES_MAX)
		text = arena_printf(mapping->arena, "%.*s; and more", STR_ARG(text));
	return text;
}

void mapping_end(struct mapping *mapping, struct map_result *out)
{
	if (mapping->n_fact == 0)
		mapping_ignore(mapping, "nothing in it for the catalog");
	*out = (struct map_result){ .state = mapping->state, .reason = mapping->reason };
	if (mapping->state == MAP_DONE) {
		out->reason = notes_text(mapping);
		out->fact = mapping->fact;
		out->n_fact = mapping->n_fact;
	}
}

struct str mapping_body(struct mapping *mapping, struct json *body)
{
	struct str text = json_write_arena(body, true, mapping->arena);

	json_free(body);
	return text;
}

struct str mapping_part(struct mapping *mapping, const char *prefix, struct str name)
{
	return arena_printf(mapping->arena, "%s%.*s", prefix, STR_ARG(name));
}

static bool has_ref(const struct ref_list *list, enum entity_kind kind, struct str id)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->ref[i].kind == kind && str_eq(list->ref[i].id, id))
			return true;
	return false;
}

void ref_list_add(struct ref_list *list, enum entity_kind kind, struct str id)
{
	if (id.len == 0 || list->n == MAPPING_REFS_MAX || has_ref(list, kind, id))
		return;
	if (list->n == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 8;
		struct entity *larger = ARENA_ARRAY(list->arena, capacity, struct entity);

		if (list->n)
			memcpy(larger, list->ref, list->n * sizeof(*larger));
		list->ref = larger;
		list->capacity = capacity;
	}
	list->ref[list->n++] = (struct entity){ .kind = kind, .id = id };
}
