#ifndef PANNIER_IMPORT_IMPORT_H
#define PANNIER_IMPORT_IMPORT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

/*
 * A file of history, read as messages of the generic platform: NDJSON that is such already, or CSV with a header, each packed
 * (base/unpack.h) or not, in constant memory. What leaves here is history: orders and consent are marked historical, and a message
 * that says neither when it happened nor a sequence gets the lowest one, so that it replaces nothing newer.
 */

/* What a file holds, in the order in which they are imported. name, what --kind calls it, rank */
#define IMPORT_KINDS(X) \
	X(IMPORT_CUSTOMERS, "customers") \
	X(IMPORT_SUBSCRIBERS, "subscribers") \
	X(IMPORT_CATEGORIES, "categories") \
	X(IMPORT_PRODUCTS, "products") \
	X(IMPORT_ORDERS, "orders") \
	X(IMPORT_MESSAGES, "messages")

enum import_kind {
#define IMPORT_KIND_ENUM(name, text) name,
	IMPORT_KINDS(IMPORT_KIND_ENUM)
#undef IMPORT_KIND_ENUM
	IMPORT_KIND_COUNT
};

const char *import_kind_text(enum import_kind kind);
bool import_kind_parse(struct str text, enum import_kind *out);

/* How to read it. Texts are borrowed as long as the reader lives. */
struct import_options {
	enum import_kind kind;     /* IMPORT_KIND_COUNT: as the file itself shows */
	struct str map;            /* "Their column=our column, ...": before all aliases; empty behind = leaves the column out */
	struct str currency;       /* of rows that name none */
	struct str consented_at;   /* RFC 3339: when those consented of whom the file does not say it; "" = such rows are rejected */
	struct str order_states;   /* the store's setting */
	struct str zone;           /* "+01:00": of times that name none; "" = UTC */
	struct str days;           /* "dmy" or "mdy": how to read 5/1/2023; "" = such are rejected */
	struct str lines;          /* path of a CSV file with the lines of the orders, "" = none; both sorted by order id */
	int64_t now_ms;            /* wall time; what happened later is rejected */
};

/* Where a file goes on. Zero: at its beginning. */
struct import_place {
	int64_t position;          /* unpacked bytes */
	int64_t line;              /* lines before it */
	int64_t lines_position;    /* the same in options.lines */
	int64_t lines_line;
};

#define IMPORT_MESSAGES_MAX 64 /* that one row, or several of one order or product, can become */

/* One message in the form in which it goes into the inbox; texts in the arena. */
struct import_message {
	struct str topic;
	struct str body;
};

/* What one row, line, or group of rows of one order or product came to. */
struct import_item {
	bool rejected;
	struct str why;            /* rejected: what is wrong; else what was mended, "" = nothing */
	struct str column;         /* rejected: its name, "" = the whole row */
	int64_t line;              /* where it begins, from 1 */
	bool in_lines;             /* rejected in options.lines, not in the file itself */
	const struct import_message *message;
	size_t n_message;
	size_t n_read;             /* rows */
	struct import_place next;  /* behind it */
};

struct import_reader;

/*
 * Opens path (an absolute one where another process will) and goes on at place. ERR_NOT_FOUND, ERR_DENIED; ERR_INVALID: it is
 * none of the formats, a column that is needed is missing, or an option is wrong. Caller owns *out: import_close.
 */
bool import_open(const char *path, const struct import_options *options, const struct import_place *place,
		 struct import_reader **out, struct err *err) MUST_CHECK;
void import_close(struct import_reader *reader); /* NULL allowed */
/* The next item. *end: there is none. ERR_INVALID: the file cannot be read further (its packing is broken). */
bool import_next(struct import_reader *reader, struct arena *arena, struct import_item *item, bool *end,
		 struct err *err) MUST_CHECK;

/* What the file turned out to be. */
enum import_kind import_kind_of(const struct import_reader *reader);
/* Columns that nothing is made of, with commas; "" for NDJSON. In the arena. */
struct str import_unused(const struct import_reader *reader, struct arena *arena);
/* Bytes of the file read so far and its size, packed; and of those read the unpacked ones. */
void import_progress(const struct import_reader *reader, int64_t *used, int64_t *size);

/*
 * One message of our own as history. False: why says what is wrong. type and body in the arena; now_ms as in the options.
 */
bool import_historical(struct str text, int64_t now_ms, struct arena *arena, struct import_message *out, struct err *err)
	MUST_CHECK;

#endif
