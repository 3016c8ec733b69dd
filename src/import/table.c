/*
 * Windows over unpacked bytes, and the rows of a CSV file in one.
 *
 * Keeps:   memory is one window per file; a row is read once and stays until it is taken.
 * Threads: none of its own.
 */
#include "import/table.h"

#include "base/alloc.h"

#include <string.h>

#define READ_BYTES	((size_t)256 << 10)
#define WINDOW_BYTES	(CSV_ROW_BYTES_MAX + 2 * READ_BYTES)
#define HEADER_SKIP_MAX 8 /* lines before a header: "sep=;", empty ones */

/* ---- windows ---- */

struct str window_text(const struct window *window)
{
	return str_of(window->p + window->start, window->end - window->start);
}

bool window_fill(struct window *window, struct err *err)
{
	size_t n;

	if (window->start > 0) {
		memmove(window->p, window->p + window->start, window->end - window->start);
		window->end -= window->start;
		window->start = 0;
	}
	if (!unpack_read(window->unpack, window->p + window->end, WINDOW_BYTES - window->end, &n, err))
		return false;
	window->end += n;
	window->last = n == 0;
	return true;
}

void window_take(struct window *window, size_t bytes, size_t lines)
{
	window->start += bytes;
	window->position += (int64_t)bytes;
	window->line += (int64_t)lines;
}

bool window_open(struct window *window, const char *path, struct err *err)
{
	window->p = mem_alloc(WINDOW_BYTES);
	return unpack_open(path, &window->unpack, err) && window_fill(window, err);
}

void window_close(struct window *window)
{
	unpack_close(window->unpack);
	mem_free(window->p);
}

/* Goes on elsewhere; for a place behind what was read of the header. */
bool window_move(struct window *window, int64_t position, int64_t line, struct err *err)
{
	int64_t ahead = position - window->position;

	if (ahead <= 0)
		return true;
	if (ahead <= (int64_t)(window->end - window->start)) {
		window_take(window, (size_t)ahead, 0);
	} else {
		if (!unpack_skip(window->unpack, ahead - (int64_t)(window->end - window->start), err))
			return false;
		window->start = window->end = 0;
		window->position = position;
		window->last = false;
	}
	window->line = line;
	return true;
}

void window_skip_bom(struct window *window)
{
	if (str_starts(window_text(window), STR("\xef\xbb\xbf")))
		window_take(window, 3, 0);
}

/* ---- tables ---- */

/* Reads the next row, if it is not there yet. What is wrong with the packing is the only error. */
bool table_peek(struct table *table, struct err *err)
{
	while (table->result == CSV_MORE) {
		arena_reset(&table->arena);
		table->result = csv_scan(window_text(&table->window), table->window.last, table->delimiter,
					 &table->arena, &table->row);
		if (table->result == CSV_MORE && !window_fill(&table->window, err))
			return false;
	}
	return true;
}

void table_take(struct table *table)
{
	window_take(&table->window, table->row.bytes, table->row.lines);
	table->result = CSV_MORE;
}

bool row_is_empty(const struct csv_row *row)
{
	return row->n == 1 && str_trim(row->field[0]).len == 0;
}

/* The header's texts, which outlive the window. */
bool table_header(struct table *table, struct arena *arena, struct str **header, struct err *err)
{
	struct str text = window_text(&table->window);

	table->delimiter = csv_delimiter(str_of(text.p, str_find_char(text, '\n')));
	for (int skipped = 0; skipped < HEADER_SKIP_MAX; skipped++) {
		if (!table_peek(table, err))
			return false;
		if (table->result != CSV_ROW)
			break;
		if (str_starts(window_text(&table->window), STR("sep="))) {
			char delimiter = window_text(&table->window).p[4];

			table_take(table);
			table->delimiter = delimiter;
			continue;
		}
		if (row_is_empty(&table->row)) {
			table_take(table);
			continue;
		}
		*header = ARENA_ARRAY(arena, table->row.n, struct str);
		for (size_t i = 0; i < table->row.n; i++)
			(*header)[i] = arena_dup(arena, str_trim(table->row.field[i]));
		table->n_header = table->row.n;
		table_take(table);
		return true;
	}
	return err_set(err, ERR_INVALID, "there is no header of a CSV file: %s",
		       table->result == CSV_BAD ? table->row.why : "the file is empty");
}
