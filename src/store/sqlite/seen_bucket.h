#ifndef PANNIER_STORE_SQLITE_SEEN_BUCKET_H
#define PANNIER_STORE_SQLITE_SEEN_BUCKET_H

#include "base/str.h"
#include "store/sqlite/seen_set.h"

/*
 * The keys of a run as they are stored: SEEN_BUCKETS texts of bytes, one for each part of the range of hashes, with hash, message and
 * key of every entry, in the byte order of the machine (as the filters). Pure.
 */

#define SEEN_BUCKETS 1024

size_t seen_bucket_of(uint64_t hash); /* 0 to SEEN_BUCKETS - 1 */

/* Which entries of a table are in which bucket. */
struct seen_order;

/* The table must stay as it is while the order is used. Freed by seen_order_free. */
struct seen_order *seen_order_new(const struct seen_table *table);
void seen_order_free(struct seen_order *order); /* NULL allowed */
/* One bucket's bytes; they live until the next call, or the order's end. */
struct str seen_order_pack(struct seen_order *order, size_t bucket);

/* BROKEN: these are not a bucket's bytes. ELSEWHERE, of who looks for a bucket: there is none. */
enum seen_answer { SEEN_NOT, SEEN_HERE, SEEN_BROKEN, SEEN_ELSEWHERE };

/* Looks a hash up in the bytes of its bucket. */
enum seen_answer seen_bucket_find(struct str bytes, uint64_t hash, struct digest16 *key, int64_t *id);

#endif
