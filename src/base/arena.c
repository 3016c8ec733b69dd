/*
 * Arenas: blocks in a list, newest first; an allocation is a step forward in the newest.
 *
 * Keeps:   only the newest block is allocated from; a request that does not fit opens a new block, twice the
 *          last one's size (BLOCK_MIN .. BLOCK_MAX), or as large as the request. A reset keeps the newest
 *          block of ordinary size. Under AddressSanitizer what is not allocated is poisoned, so that use
 *          after a reset is found.
 * Threads: an arena belongs to its owner.
 */
#include "base/arena.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif

#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, size) ASAN_POISON_MEMORY_REGION((p), (size))
#define UNPOISON(p, size) ASAN_UNPOISON_MEMORY_REGION((p), (size))
#else
#define POISON(p, size) ((void)(p), (void)(size))
#define UNPOISON(p, size) ((void)(p), (void)(size))
#endif

#define BLOCK_MIN ((size_t)4096)
#define BLOCK_MAX ((size_t)64 * 1024)
#define ALIGNMENT _Alignof(max_align_t)

struct arena_block {
	struct arena_block *older;
	size_t size; /* of data */
	size_t used; /* from the start of data, a multiple of ALIGNMENT */
	_Alignas(max_align_t) unsigned char data[];
};

void arena_init(struct arena *arena)
{
	*arena = (struct arena){ 0 };
}

static void block_free(struct arena_block *block)
{
	UNPOISON(block->data, block->size);
	mem_free(block);
}

/* Frees all blocks; with keep, all but the newest of ordinary size. */
static void free_blocks(struct arena *arena, bool keep)
{
	struct arena_block *block = arena->block;

	arena->block = NULL;
	arena->used_bytes = 0;
	while (block) {
		struct arena_block *older = block->older;

		if (keep && !arena->block && block->size <= BLOCK_MAX) {
			block->older = NULL;
			block->used = 0;
			POISON(block->data, block->size);
			arena->block = block;
		} else {
			block_free(block);
		}
		block = older;
	}
}

void arena_release(struct arena *arena)
{
	free_blocks(arena, false);
}

void arena_reset(struct arena *arena)
{
	free_blocks(arena, true);
}

/* A block with room for need bytes. Blocks double, because a unit of work that is large stays large. */
static void block_open(struct arena *arena, size_t need)
{
	size_t size = arena->block ? (arena->block->size + sizeof(struct arena_block)) * 2 : BLOCK_MIN;
	struct arena_block *block;

	if (size > BLOCK_MAX)
		size = BLOCK_MAX;
	size -= sizeof(*block); /* whole blocks are powers of two */
	if (size < need)
		size = need;
	block = mem_alloc(sizeof(*block) + size);
	block->older = arena->block;
	block->size = size;
	block->used = 0;
	POISON(block->data, size);
	arena->block = block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t need = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	struct arena_block *block;
	void *memory;

	assert(size <= SIZE_MAX / 2);
	if (!arena->block || need > arena->block->size - arena->block->used)
		block_open(arena, need);
	block = arena->block;
	memory = block->data + block->used;
	block->used += need;
	arena->used_bytes += size;
	UNPOISON(memory, size);
	return memory;
}

void *arena_zalloc(struct arena *arena, size_t n, size_t size)
{
	size_t total;
	void *memory;

	if (__builtin_mul_overflow(n, size, &total))
		total = SIZE_MAX; /* arena_alloc refuses that */
	memory = arena_alloc(arena, total);
	return memset(memory, 0, total);
}

char *arena_cstr(struct arena *arena, struct str text)
{
	char *copy = arena_alloc(arena, text.len + 1);

	if (text.len)
		memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	return copy;
}

struct str arena_dup(struct arena *arena, struct str text)
{
	return str_of(arena_cstr(arena, text), text.len);
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	assert(len >= 0);
	text = arena_alloc(arena, (size_t)len + 1);
	va_start(args, format);
	(void)vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return str_of(text, (size_t)len);
}
