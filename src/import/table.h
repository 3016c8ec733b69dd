#ifndef PANNIER_IMPORT_TABLE_H
#define PANNIER_IMPORT_TABLE_H

#include "base/unpack.h"
#include "import/column.h"
#include "import/csv.h"

/* A file under the reader: the bytes that are at hand, and as CSV the header and the row that is next. */

/* Unpacked bytes of a file, from `start` on. */
struct window {
	struct unpack *unpack;
	char *p;
	size_t start, end;
	int64_t position;          /* of start */
	int64_t line;              /* lines before start */
	bool last;                 /* nothing comes behind end */
};

bool window_open(struct window *window, const char *path, struct err *err) MUST_CHECK;
void window_close(struct window *window); /* also one that was never opened */
struct str window_text(const struct window *window);
/* More bytes behind those at hand, or `last`. */
bool window_fill(struct window *window, struct err *err) MUST_CHECK;
void window_take(struct window *window, size_t bytes, size_t lines);
/* Goes on elsewhere, if that is ahead. */
bool window_move(struct window *window, int64_t position, int64_t line, struct err *err) MUST_CHECK;
void window_skip_bom(struct window *window);

struct table {
	struct window window;
	struct columns columns;
	size_t n_header;
	char delimiter;
	struct csv_row row;
	enum csv_result result;    /* of row; CSV_MORE: not read yet */
	struct arena arena;        /* of row */
};

/* Reads the next row if it is not there yet; what is wrong with it is its result, what is wrong with the file an error. */
bool table_peek(struct table *table, struct err *err) MUST_CHECK;
void table_take(struct table *table);
bool row_is_empty(const struct csv_row *row);
/* The header's texts, in the arena; n_header of them. ERR_INVALID: there is none. */
bool table_header(struct table *table, struct arena *arena, struct str **header, struct err *err) MUST_CHECK;

#endif
