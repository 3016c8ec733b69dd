#ifndef PANNIER_BENCH_HISTORY_FILE_H
#define PANNIER_BENCH_HISTORY_FILE_H

#include <stddef.h>

#define HISTORY_LINES             3
#define HISTORY_ORDERS_PER_PERSON 4

/* Writes the orders, oldest first, to both paths. Ends the program if it cannot. */
void history_write(const char *ndjson_path, const char *csv_path, size_t orders);

#endif
