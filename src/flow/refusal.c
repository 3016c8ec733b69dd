/*
 * Refused requests on their way to the audit.
 *
 * Keeps:   one row per store, at most ROWS_MAX stores at a time; beyond that nothing is noted (counters still
 *          count). A store's next row says how many went unwritten before it; when no more come, one last row
 *          says so.
 * Threads: note on the HTTP thread, write on another; the lock covers memory only.
 */
#include "flow/refusal.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#define ROWS_MAX     1024
#define REASON_BYTES 200

struct refusal_row {
	int64_t store_id;
	int64_t account_id;
	int64_t at_ms;
	int64_t written_ms; /* when the store's last row was written */
	int64_t left_out;   /* refused since then without a row */
	bool waiting;	    /* a row is to be written */
	size_t reason_len;
	char reason[REASON_BYTES];
};

struct refusals {
	pthread_mutex_t lock;
	size_t n;
	struct refusal_row row[ROWS_MAX];
};

struct refusals *refusals_new(void)
{
	struct refusals *refusals = mem_zalloc(1, sizeof(*refusals));
	int failed = pthread_mutex_init(&refusals->lock, NULL);

	assert(!failed); /* only memory can be missing */
	(void)failed;
	return refusals;
}

void refusals_free(struct refusals *refusals)
{
	if (!refusals)
		return;
	(void)pthread_mutex_destroy(&refusals->lock);
	mem_free(refusals);
}

/* The row of a store, made if there is room. NULL: no room. Lock held. */
static struct refusal_row *find_row(struct refusals *refusals, int64_t store_id)
{
	struct refusal_row *row;

	for (size_t i = 0; i < refusals->n; i++)
		if (refusals->row[i].store_id == store_id)
			return &refusals->row[i];
	if (refusals->n == ROWS_MAX)
		return NULL;
	row = &refusals->row[refusals->n++];
	*row = (struct refusal_row){ .store_id = store_id, .written_ms = INT64_MIN / 2 };
	return row;
}

void refusals_note(struct refusals *refusals, int64_t store_id, int64_t account_id, int64_t now_ms,
		   struct str reason)
{
	struct refusal_row *row;

	(void)pthread_mutex_lock(&refusals->lock);
	row = find_row(refusals, store_id);
	if (row && (row->waiting || now_ms - row->written_ms < MS_PER_S)) {
		row->left_out++;
	} else if (row) {
		row->waiting = true;
		row->account_id = account_id;
		row->at_ms = now_ms;
		row->reason_len = reason.len < REASON_BYTES ? reason.len : REASON_BYTES;
		memcpy(row->reason, reason.p, row->reason_len);
	}
	(void)pthread_mutex_unlock(&refusals->lock);
}

static struct audit_row audit_of(struct refusal_row *row, int64_t now_ms, struct arena *arena)
{
	struct str reason = str_of(row->reason, row->reason_len);
	struct audit_row audit = {
		.at_ms = row->waiting ? row->at_ms : now_ms,
		.code = AUDIT_MESSAGE_REFUSED,
		.store_id = row->store_id,
		.account_id = row->account_id,
	};

	if (row->left_out == 0)
		audit.reason = arena_dup(arena, reason);
	else
		audit.reason = arena_printf(arena, "%.*s (%lld more not shown)", STR_ARG(reason),
					    (long long)row->left_out);
	row->waiting = false;
	row->left_out = 0;
	row->written_ms = now_ms;
	return audit;
}

/* Takes out what is to be written now; rows that were silent for a while make room. */
static size_t take_rows(struct refusals *refusals, int64_t now_ms, struct arena *arena,
			struct audit_row *audit)
{
	size_t n_audit = 0, n_kept = 0;

	(void)pthread_mutex_lock(&refusals->lock);
	for (size_t i = 0; i < refusals->n; i++) {
		struct refusal_row *row = &refusals->row[i];
		bool over = now_ms - row->written_ms >= MS_PER_S;

		if (row->waiting || (over && row->left_out > 0))
			audit[n_audit++] = audit_of(row, now_ms, arena);
		else if (over)
			continue;
		refusals->row[n_kept++] = *row;
	}
	refusals->n = n_kept;
	(void)pthread_mutex_unlock(&refusals->lock);
	return n_audit;
}

static bool nothing_noted(struct refusals *refusals)
{
	bool none;

	(void)pthread_mutex_lock(&refusals->lock);
	none = refusals->n == 0;
	(void)pthread_mutex_unlock(&refusals->lock);
	return none;
}

bool refusals_write(struct refusals *refusals, struct db *db, int64_t now_ms, struct err *err)
{
	struct arena arena;
	struct audit_row *audit;
	size_t n;
	bool ok = true;

	if (nothing_noted(refusals))
		return true;
	arena_init(&arena);
	audit = ARENA_ARRAY(&arena, ROWS_MAX, struct audit_row);
	n = take_rows(refusals, now_ms, &arena, audit);
	if (n > 0 && !db_audit_append(db, audit, n, err))
		ok = err_wrap(err, "write %zu refused requests to the audit", n);
	arena_release(&arena);
	return ok;
}
