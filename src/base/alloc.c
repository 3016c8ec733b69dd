/*
 * The heap, and the one place where running out of it is handled: the process ends.
 *
 * PANNIER_ALLOC_FAILS=N in the environment makes the Nth allocation fail (builds for tests only).
 * Threads: as malloc.
 */
#include "base/alloc.h"

#include "base/attr.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

NO_RETURN static void out_of_memory(size_t n, size_t size)
{
	(void)fprintf(stderr, "out of memory (%zu x %zu bytes)\n", n, size);
	abort();
}

#ifdef PANNIER_TEST_HOOKS

static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int_least64_t left = INT64_MAX; /* allocations until one fails */

static void read_environment(void)
{
	const char *text = getenv("PANNIER_ALLOC_FAILS");

	if (text)
		atomic_store(&left, strtoll(text, NULL, 10));
}

static bool fails(void)
{
	(void)pthread_once(&once, read_environment);
	return atomic_fetch_sub(&left, 1) == 1;
}

#else
#define fails() false
#endif

void *mem_alloc(size_t size)
{
	void *memory = fails() ? NULL : malloc(size ? size : 1);

	if (!memory)
		out_of_memory(1, size);
	return memory;
}

void *mem_zalloc(size_t n, size_t size)
{
	bool some = n && size;
	/* calloc checks the product */
	void *memory = fails() ? NULL : calloc(some ? n : 1, some ? size : 1);

	if (!memory)
		out_of_memory(n, size);
	return memory;
}

void *mem_resize(void *memory, size_t size)
{
	void *resized = fails() ? NULL : realloc(memory, size ? size : 1);

	if (!resized)
		out_of_memory(1, size);
	return resized;
}

char *mem_strdup(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(mem_alloc(size), text, size);
}

void mem_free(void *memory)
{
	free(memory);
}

void mem_share_heaps(void)
{
#ifdef __GLIBC__
	(void)mallopt(M_ARENA_MAX, 2);
#endif
}
