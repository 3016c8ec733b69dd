#ifndef PANNIER_IMPORT_CSV_H
#define PANNIER_IMPORT_CSV_H

#include "base/arena.h"
#include "base/str.h"

/*
 * Rows of comma-separated values as RFC 4180 has them, and as programs write them: any delimiter of one byte, lines that end in
 * LF or CRLF, quotes within a field that does not begin with one. Pure: a row is read out of the bytes that are there.
 */

#define CSV_FIELDS_MAX 512
#define CSV_ROW_BYTES_MAX ((size_t)1 << 20)

struct csv_row {
	struct str field[CSV_FIELDS_MAX]; /* in the text, or in the arena where quotes had to be resolved */
	size_t n;
	size_t bytes;              /* of the text, line end included */
	size_t lines;              /* line ends among them */
	const char *why;           /* CSV_BAD: what is wrong */
	size_t bad_column;         /* CSV_BAD: field in which, from 1 */
};

enum csv_result {
	CSV_ROW,
	CSV_MORE, /* the row goes on behind the text */
	CSV_BAD,  /* not CSV: bytes and lines are those of its first line, so that reading can go on behind it */
	CSV_END   /* the text is empty, and the last */
};

/* The next row of text; last: nothing comes behind it. An empty line is a row of one empty field. */
enum csv_result csv_scan(struct str text, bool last, char delimiter, struct arena *arena, struct csv_row *row);

/* What separates the fields of a header: of , ; tab and | the one that is there most often outside quotes. */
char csv_delimiter(struct str header);

/* Windows-1252 as UTF-8, in the arena; the five bytes that stand for nothing become U+FFFD. */
struct str csv_from_windows_1252(struct str text, struct arena *arena);

#endif
