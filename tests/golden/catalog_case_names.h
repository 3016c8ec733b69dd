#ifndef PANNIER_TESTS_GOLDEN_CATALOG_CASE_NAMES_H
#define PANNIER_TESTS_GOLDEN_CATALOG_CASE_NAMES_H

/* The folders that are golden cases of the catalog. */
#include "golden/catalog_case.h"

#include <dirent.h>

#define CASES_MAX 200

static inline int case_compare_names(const void *left, const void *right)
{
	const char *const *a = left;
	const char *const *b = right;

	return strcmp(*a, *b);
}

/* Sorted; in the arena. */
static inline const char **case_names(struct arena *arena, size_t *n)
{
	const char **name = ARENA_ARRAY(arena, CASES_MAX, const char *);
	struct str source = case_source_dir();
	struct str dir = arena_printf(arena, "%.*s/tests/golden", STR_ARG(source));
	DIR *folder = opendir(dir.p);
	const struct dirent *entry;

	assert_non_null(folder);
	*n = 0;
	while ((entry = readdir(folder)) != NULL) {
		if (strchr(entry->d_name, '.'))
			continue;
		assert_true(*n < CASES_MAX);
		name[(*n)++] = arena_cstr(arena, str_from(entry->d_name));
	}
	(void)closedir(folder);
	qsort(name, *n, sizeof(name[0]), case_compare_names);
	return name;
}

#endif
