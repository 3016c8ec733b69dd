#ifndef PANNIER_BASE_ARENA_H
#define PANNIER_BASE_ARENA_H

#include "base/attr.h"
#include "base/str.h"

/*
 * Memory of one unit of work (a request, a message, a batch): allocated piece by piece, freed all at once.
 * Not thread-safe. Allocation never fails (see base/alloc.h); what outside input can make grow must be
 * bounded before.
 */
struct arena_block;

struct arena {
	struct arena_block *block; /* newest first */
	size_t used_bytes;         /* sum of all allocations since the last reset */
};

void arena_init(struct arena *arena);
void arena_release(struct arena *arena); /* frees everything; safe on a zeroed struct */
void arena_reset(struct arena *arena);   /* forgets everything, keeps one block for the next unit of work */
void *arena_alloc(struct arena *arena, size_t size); /* aligned for any type, uninitialised */
void *arena_zalloc(struct arena *arena, size_t n, size_t size); /* n * size zero bytes, overflow checked */
struct str arena_dup(struct arena *arena, struct str text);         /* copy, NUL-terminated behind its end */
char *arena_cstr(struct arena *arena, struct str text);             /* the same copy as a C string */
struct str arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#define ARENA_NEW(arena, type) ((type *)arena_zalloc((arena), 1, sizeof(type)))
#define ARENA_ARRAY(arena, n, type) ((type *)arena_zalloc((arena), (n), sizeof(type)))

#endif
