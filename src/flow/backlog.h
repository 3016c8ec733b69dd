#ifndef PANNIER_FLOW_BACKLOG_H
#define PANNIER_FLOW_BACKLOG_H

#include "store/store.h"

/*
 * How many messages of each store wait to be mapped, near enough to say no in time: the store's own count, renewed now
 * and then, plus what was taken in since. Asked for each request, so it asks no database. Thread-safe.
 */
struct backlog;

struct backlog *backlog_new(void);
void backlog_free(struct backlog *backlog); /* NULL allowed */
/* May n more messages of this store come in? If so they are counted. */
bool backlog_take(struct backlog *backlog, int64_t store_id, size_t n, int64_t limit);
/* Reads the counts anew if they are older than a second, or older than 100 ms and somebody was refused. */
bool backlog_renew(struct backlog *backlog, struct db *db, int64_t wall_ms, int64_t mono_ms,
		   struct err *err) MUST_CHECK;

#endif
