#ifndef PANNIER_PLATFORM_MAPPING_H
#define PANNIER_PLATFORM_MAPPING_H

#include "base/json.h"
#include "platform/platform.h"

/*
 * What one message is being mapped to: facts and notes are collected, then handed over as a map_result. Everything lives in
 * the arena. Once failed or ignored a mapping stays so: the first reason counts and its facts are dropped.
 */

#define MAPPING_REFS_MAX 256       /* per fact; a product that names more tags than that depends on the first ones only */
#define MAPPING_NOTES_MAX 5        /* written out; the rest is counted */

struct mapping {
	struct arena *arena;
	enum map_state state;
	struct str reason;
	struct fact *fact;
	size_t n_fact;
	size_t capacity;
	struct str note[MAPPING_NOTES_MAX];
	size_t n_note;             /* different ones, and all past MAPPING_NOTES_MAX */
};

void mapping_init(struct mapping *mapping, struct arena *arena);
/* Texts and refs are borrowed: arena, literal, or longer-lived. */
void mapping_add(struct mapping *mapping, struct fact fact);
void mapping_fail(struct mapping *mapping, const char *format, ...) PRINTF_LIKE(2, 3);
void mapping_ignore(struct mapping *mapping, const char *format, ...) PRINTF_LIKE(2, 3);
/* Something was mended or left out; the message still counts. Said once, however often it happens. */
void mapping_note(struct mapping *mapping, const char *format, ...) PRINTF_LIKE(2, 3);
/* A mapping without facts is ignored, with a reason. */
void mapping_end(struct mapping *mapping, struct map_result *out);

/* Text of a fact's body: sorted, so that equal contents are equal bytes. Takes (frees) body. */
struct str mapping_body(struct mapping *mapping, struct json *body);

/* Part with a name in it: "price." + name, in the arena. */
struct str mapping_part(struct mapping *mapping, const char *prefix, struct str name);

/* Refs of one fact: each entity once, none without id. */
struct ref_list {
	struct arena *arena;
	struct entity *ref;
	size_t n;
	size_t capacity;
};

void ref_list_add(struct ref_list *list, enum entity_kind kind, struct str id);

#endif
