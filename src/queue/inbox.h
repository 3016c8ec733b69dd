#ifndef PANNIER_QUEUE_INBOX_H
#define PANNIER_QUEUE_INBOX_H

#include "base/clock.h"
#include "base/wake.h"
#include "store/store.h"

/*
 * The inbox's group commit: many requests, one transaction. HTTP hands in sets of records; the commit role appends all that has
 * gathered in one db_inbox_append and tells each set what became of it - after the commit, never before.
 *
 * Bounded: at most records_max records and bytes_max bytes wait; a set that does not fit is refused at once (the caller answers 503).
 */
struct inbox;

struct inbox_config {
	struct db *db;
	struct wake *wake;          /* rung when a set comes in */
	bool gathers;               /* rung by inbox_ring instead */
	size_t records_max;         /* 0 = 8192 */
	size_t bytes_max;           /* 0 = 64 MiB */
};

/* ok: receipt[i] for each record, durable. Not ok: nothing of the set was taken in; err says why. Runs on the commit role's thread. */
typedef void inbox_done_fn(void *arg, bool ok, const struct inbox_receipt *receipt, size_t n, const struct err *err);

struct inbox *inbox_new(const struct inbox_config *config);
/* Every waiting set is told that it was not taken in. */
void inbox_free(struct inbox *inbox);
/* The records' texts must live until done was called. False with ERR_BUSY: full; done is not called. Thread-safe. */
bool inbox_submit(struct inbox *inbox, const struct inbox_record *record, size_t n, inbox_done_fn *done, void *arg,
		  struct err *err) MUST_CHECK;
/*
 * Where the config says `gathers`: who hands in many sets in a row calls this after each few. The commit role is rung when enough wait
 * (64 records, or since 8 calls), or when there is nothing more to come for now (idle): a commit costs nearly the same for one record
 * and for many.
 */
void inbox_ring(struct inbox *inbox, bool idle);
/* Commits what waits (at most 2048 records a time); *n_committed may be 0. False only with ERR_FATAL. */
bool inbox_commit_run_once(struct inbox *inbox, size_t *n_committed, struct err *err) MUST_CHECK;
/* Records waiting to be committed. */
size_t inbox_waiting(struct inbox *inbox);

#endif
