#ifndef PANNIER_IMPORT_ROW_H
#define PANNIER_IMPORT_ROW_H

#include "base/digest.h"
#include "base/strbuf.h"
#include "import/column.h"
#include "import/csv.h"
#include "import/value.h"

/* Rows of a CSV file as members of messages; what one row, or several of one order or product, are put together in. */

struct row_rules {
	const struct import_options *options;
	bool comma_decimal;        /* amounts as "1.234,5" */
	int64_t zone_ms;
	enum value_days days;
};

/* Members beginning with '_': what the code needs of the first row, in the arena; times in Unix ms, 0 = not there. */
struct row_facts {
	struct str id;             /* of the order, product ... */
	struct str number;
	struct str email, phone, customer_id;
	struct str status, fulfillment, currency, total, refunded, carrier, tracking;
	struct str email_consent, sms_consent, state;
	int64_t placed_ms, created_ms, updated_ms, consented_ms;
	int64_t paid_ms, fulfilled_ms, cancelled_ms, refunded_ms;
};

#define ROW_OPTIONS_MAX     3
#define ROW_CATEGORIES_TOLD 4096

/* What a row of a product says besides its members; texts as in the file but for amounts, in the arena. */
struct row_product {
	struct str type, parent, store_view;
	struct str option[ROW_OPTIONS_MAX], value[ROW_OPTIONS_MAX];
	bool slashes;              /* as Magento has it */
	struct str categories;     /* names, where level is set */
	char level;                /* '>' or '/': what stands between the names of a category and its parents; 0: they are ids */
	struct str published, visibility, status;
	struct str stock, in_stock, backorders;
	struct str price, compare_at_price, regular_price, sale_price;
	struct str sale_from, sale_to;
	bool child_price;          /* one of its variants has one */
	struct str product_id;     /* of the product whose variant the row is, "" = it is a product; found by the reader */
	struct str pairs;          /* "size=XS,color=Black": the variant's options, where its product says them */
};

/* One message in the making. */
struct assembly {
	const struct row_rules *rules;
	struct arena *arena;
	struct strbuf head;        /* {"order_id":"1", ... without its end */
	struct strbuf children;    /* {..},{..} */
	struct strbuf images;      /* "..","..": of further rows */
	struct row_facts fact;
	struct row_product product;
	size_t n_child;
	bool failed;
	struct str why, column;
	bool mended;               /* texts that were not UTF-8 */
	struct digest16 *told;     /* categories that were told of, for the reader's life */
};

void assembly_init(struct assembly *assembly); /* once; assembly_begin before each use */
void assembly_release(struct assembly *assembly);
void assembly_begin(struct assembly *assembly, const struct row_rules *rules, struct arena *arena);
/* The whole first row: head, facts and its child. */
void assembly_head(struct assembly *assembly, const struct columns *columns, const struct csv_row *row);
/* What a further row says: its child ("lines.", "variants."), and one more image of a product. */
void assembly_follow(struct assembly *assembly, const struct columns *columns, const struct csv_row *row);
/* Only its child. */
void assembly_child(struct assembly *assembly, const struct columns *columns, const struct csv_row *row);
/* Remembers the first thing that is wrong. */
void assembly_fail(struct assembly *assembly, struct str column, const char *format, ...) PRINTF_LIKE(3, 4);
/* A cell as UTF-8 without blanks around; "" past the row's end. */
struct str row_cell(const struct csv_row *row, const struct column *column, struct arena *arena, bool *mended);

/* The messages that the assembled rows are; in the arena. Fails the assembly where something needed is missing. */
void assembly_messages(struct assembly *assembly, enum import_kind kind, const struct import_message **message, size_t *n);
void assembly_orders(struct assembly *assembly, struct import_message *message, size_t *n);
void assembly_products(struct assembly *assembly, struct import_message *message, size_t *n);
/* Keeps what the code needs of a cell of a product; gives what of it becomes the column's member, "" = nothing. */
struct str assembly_product_fact(struct assembly *assembly, const struct column *column, struct str text);
/* "A > B, C" as "categories" of the head, and messages of those that were not told of yet. */
void assembly_categories(struct assembly *assembly, struct import_message *message, size_t *n);
/* The message that the head is, when nothing more comes into it. */
struct import_message assembly_end(struct assembly *assembly, const char *type, int64_t at_ms);
/* A member at the end of the head. */
void assembly_put_text(struct assembly *assembly, const char *name, struct str text);
void assembly_put_time(struct assembly *assembly, const char *name, int64_t at_ms);
/* {"type":TYPE,"timestamp" or "sequence":..,"data":DATA}; at_ms 0: the lowest sequence. */
struct import_message import_envelope(const char *type, int64_t at_ms, struct str data, struct arena *arena);

#endif
