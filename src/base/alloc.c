/*
 * The heap, and the one place where running out of it is handled: the process ends.
 *
 * Threads: as malloc.
 */
#include "base/alloc.h"

#include "base/attr.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

NO_RETURN static void out_of_memory(size_t n, size_t size)
{
	(void)fprintf(stderr, "out of memory (%zu x %zu bytes)\n", n, size);
	abort();
}

void *mem_alloc(size_t size)
{
	void *memory = malloc(size ? size : 1);

	if (!memory)
		out_of_memory(1, size);
	return memory;
}

void *mem_zalloc(size_t n, size_t size)
{
	bool some = n && size;
	void *memory = calloc(some ? n : 1, some ? size : 1); /* calloc checks the product */

	if (!memory)
		out_of_memory(n, size);
	return memory;
}

void *mem_resize(void *memory, size_t size)
{
	void *resized = realloc(memory, size ? size : 1);

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
