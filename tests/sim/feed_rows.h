#ifndef PANNIER_TESTS_SIM_FEED_ROWS_H
#define PANNIER_TESTS_SIM_FEED_ROWS_H

#include "base/arena.h"
#include "store/store.h"

/*
 * The products of a shop as a feed has them, as our catalog has them, as the shop and as Klaviyo have them: all four can be compared.
 * A product is in a feed when it is known, has a price and an address, and is published. Its price is that of its cheapest variant, its
 * stock that of all.
 */
#define FEED_ROWS_MAX 40

struct feed_row {
	struct str id;
	struct str title;
	struct str categories;     /* their names, in alphabetical order, with commas */
	int64_t cents;
	int64_t stock;
};
struct feed_rows {
	struct arena arena;
	struct feed_row row[FEED_ROWS_MAX];
	size_t n;
};

struct feed_rows *feed_rows_new(void);
void feed_rows_free(struct feed_rows *rows); /* NULL allowed */

/* Out of a feed. False: it is no whole, well-formed one. */
bool feed_rows_read_json(struct feed_rows *rows, struct str text);
bool feed_rows_read_xml(struct feed_rows *rows, struct str text);
/* Out of the database of the process, by the settings it knows. */
void feed_rows_of_catalog(struct feed_rows *rows, struct db *db, int shop);
void feed_rows_of_shop(struct feed_rows *rows, int shop);
void feed_rows_of_klaviyo(struct feed_rows *rows, int shop);

/* Fails the run if they are not the same products. Sorts both. */
void feed_rows_compare(const char *what, struct feed_rows *got, struct feed_rows *want);

#endif
