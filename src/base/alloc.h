#ifndef PANNIER_BASE_ALLOC_H
#define PANNIER_BASE_ALLOC_H

#include <stddef.h>

/*
 * The only door to the heap. Sizes are fixed or already bounded by a ceiling, so running out of memory is not
 * an operating error: these abort instead of returning NULL (what was acknowledged is on disk; a restart is
 * safe).
 */
void *mem_alloc(size_t size);                 /* uninitialised; size 0 gives a unique pointer */
void *mem_zalloc(size_t n, size_t size);      /* n * size zero bytes, overflow checked */
void *mem_resize(void *memory, size_t size);  /* as realloc; memory may be NULL */
char *mem_strdup(const char *text);           /* text not NULL */
void mem_free(void *memory);                  /* NULL is allowed */

/* Before threads begin: they share two heaps, which take less room than one for each. Nothing where there is no such choice. */
void mem_share_heaps(void);

#endif
