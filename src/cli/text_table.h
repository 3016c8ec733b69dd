#ifndef PANNIER_CLI_TEXT_TABLE_H
#define PANNIER_CLI_TEXT_TABLE_H

#include "base/arena.h"

#include <stdio.h>

/* A table for people: columns aligned by display width, cells made safe, two spaces between columns. */

struct text_table {
	struct arena *arena;
	const char *const *header; /* ">NAME" = to the right */
	size_t n_column;
	struct str *cell;
	size_t n_cell;
	size_t max_cell;
};

/* header: n_column texts, borrowed. */
void text_table_init(struct text_table *table, struct arena *arena, const char *const *header, size_t n_column);
/* The next cell, row by row; the text is copied and made safe. */
void text_table_add(struct text_table *table, struct str text);
void text_table_addf(struct text_table *table, const char *format, ...) PRINTF_LIKE(2, 3);
/* indent: spaces before each line. Nothing is printed if there is no row. */
void text_table_print(const struct text_table *table, size_t indent, FILE *out);

#endif
