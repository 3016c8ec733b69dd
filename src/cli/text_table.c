/*
 * Tables for people. All in the caller's arena; nothing to free.
 */
#include "cli/text_table.h"

#include "base/strbuf.h"
#include "admin/text.h"

#include <assert.h>
#include <string.h>

#define CELL_BYTES_MAX 65536

void text_table_init(struct text_table *table, struct arena *arena, const char *const *header,
		     size_t n_column)
{
	*table = (struct text_table){ .arena = arena, .header = header, .n_column = n_column };
}

void text_table_add(struct text_table *table, struct str text)
{
	if (table->n_cell == table->max_cell) {
		size_t more = table->max_cell ? 2 * table->max_cell : 16 * table->n_column;
		struct str *grown = ARENA_ARRAY(table->arena, more, struct str);

		if (table->n_cell)
			memcpy(grown, table->cell, table->n_cell * sizeof(*grown));
		table->cell = grown;
		table->max_cell = more;
	}
	table->cell[table->n_cell++] = text_safe(text, table->arena);
}

void text_table_addf(struct text_table *table, const char *format, ...)
{
	struct strbuf text;
	va_list args;

	strbuf_init(&text, CELL_BYTES_MAX);
	va_start(args, format);
	strbuf_vaddf(&text, format, args);
	va_end(args);
	text_table_add(table, strbuf_str(&text));
	strbuf_release(&text);
}

static bool is_right(const struct text_table *table, size_t column)
{
	return table->header[column][0] == '>';
}

static struct str header_text(const struct text_table *table, size_t column)
{
	return str_from(table->header[column] + (is_right(table, column) ? 1 : 0));
}

static void print_spaces(size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++)
		(void)fputc(' ', out);
}

/* Spaces that a cell owes are printed when the next text comes, so that no line ends in spaces. */
static void print_cell(const struct text_table *table, size_t column, struct str text, size_t width,
		       size_t *owed, FILE *out)
{
	size_t gap = width - text_width(text);
	bool right = is_right(table, column);

	if (text.len) {
		print_spaces(*owed + (right ? gap : 0), out);
		(void)fwrite(text.p, 1, text.len, out);
		*owed = 0;
	}
	*owed += 2 + (right && text.len ? 0 : gap);
}

void text_table_print(const struct text_table *table, size_t indent, FILE *out)
{
	size_t *width = ARENA_ARRAY(table->arena, table->n_column, size_t);

	assert(table->n_cell % table->n_column == 0);
	if (table->n_cell == 0)
		return;
	for (size_t i = 0; i < table->n_column; i++)
		width[i] = text_width(header_text(table, i));
	for (size_t i = 0; i < table->n_cell; i++) {
		size_t w = text_width(table->cell[i]), column = i % table->n_column;

		width[column] = w > width[column] ? w : width[column];
	}
	for (size_t i = 0, owed = indent; i < table->n_column; i++)
		print_cell(table, i, header_text(table, i), width[i], &owed, out);
	(void)fputc('\n', out);
	for (size_t i = 0, owed = indent; i < table->n_cell; i++) {
		size_t column = i % table->n_column;

		print_cell(table, column, table->cell[i], width[column], &owed, out);
		if (column + 1 < table->n_column)
			continue;
		(void)fputc('\n', out);
		owed = indent;
	}
}
