/*
 * Pending messages per store, as a cached number.
 *
 * Keeps:   rows are sorted by store id. Between two readings the number only grows, so a store is refused too
 *          early rather than too late, for a second at most.
 * Threads: take on the HTTP thread, renew on another; the lock covers a search in memory.
 */
#include "flow/backlog.h"

#include "base/alloc.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define RENEW_MS	 1000
#define RENEW_REFUSED_MS 100

struct backlog_row {
	int64_t store_id;
	int64_t pending;
};

struct backlog {
	pthread_mutex_t lock;
	struct backlog_row *row;
	size_t n;
	size_t capacity;
	bool used; /* asked since the last reading */
	bool refused;
	int64_t read_at_ms; /* monotonic, of the reading role alone */
};

struct backlog *backlog_new(void)
{
	struct backlog *backlog = mem_zalloc(1, sizeof(*backlog));
	int failed = pthread_mutex_init(&backlog->lock, NULL);

	assert(!failed); /* only memory can be missing */
	(void)failed;
	backlog->read_at_ms = INT64_MIN / 2;
	backlog->used = true;
	return backlog;
}

void backlog_free(struct backlog *backlog)
{
	if (!backlog)
		return;
	(void)pthread_mutex_destroy(&backlog->lock);
	mem_free(backlog->row);
	mem_free(backlog);
}

static void reserve(struct backlog *backlog, size_t n)
{
	if (n <= backlog->capacity)
		return;
	backlog->capacity = n * 2;
	backlog->row = mem_resize(backlog->row, backlog->capacity * sizeof(*backlog->row));
}

/* The row of a store, made if there is none. Lock held. */
static struct backlog_row *find_row(struct backlog *backlog, int64_t store_id)
{
	size_t low = 0, high = backlog->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (backlog->row[middle].store_id < store_id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < backlog->n && backlog->row[low].store_id == store_id)
		return &backlog->row[low];
	reserve(backlog, backlog->n + 1);
	memmove(&backlog->row[low + 1], &backlog->row[low], (backlog->n - low) * sizeof(*backlog->row));
	backlog->n++;
	backlog->row[low] = (struct backlog_row){ .store_id = store_id };
	return &backlog->row[low];
}

bool backlog_take(struct backlog *backlog, int64_t store_id, size_t n, int64_t limit)
{
	struct backlog_row *row;
	bool fits;

	(void)pthread_mutex_lock(&backlog->lock);
	row = find_row(backlog, store_id);
	/* A store with nothing waiting may always send one request, however many messages are in it. */
	fits = row->pending == 0 || row->pending + (int64_t)n <= limit;
	if (fits)
		row->pending += (int64_t)n;
	backlog->used = true;
	backlog->refused |= !fits;
	(void)pthread_mutex_unlock(&backlog->lock);
	return fits;
}

static int compare_rows(const void *a, const void *b)
{
	const struct backlog_row *left = a, *right = b;

	return (left->store_id > right->store_id) - (left->store_id < right->store_id);
}

static void put_rows(struct backlog *backlog, const struct summary *summary)
{
	(void)pthread_mutex_lock(&backlog->lock);
	reserve(backlog, summary->n_store + 1);
	for (size_t i = 0; i < summary->n_store; i++)
		backlog->row[i] = (struct backlog_row){
			.store_id = summary->store[i].store_id,
			.pending = summary->store[i].pending,
		};
	backlog->n = summary->n_store;
	qsort(backlog->row, backlog->n, sizeof(*backlog->row), compare_rows);
	(void)pthread_mutex_unlock(&backlog->lock);
}

/* Is it time? Forgets that somebody asked: what happens from now on counts for the next time. */
static bool renewal_due(struct backlog *backlog, int64_t mono_ms)
{
	int64_t age_ms = mono_ms - backlog->read_at_ms;
	bool due;

	(void)pthread_mutex_lock(&backlog->lock);
	due = (backlog->used && age_ms >= RENEW_MS) || (backlog->refused && age_ms >= RENEW_REFUSED_MS);
	if (due)
		backlog->used = backlog->refused = false;
	(void)pthread_mutex_unlock(&backlog->lock);
	return due;
}

bool backlog_renew(struct backlog *backlog, struct db *db, int64_t wall_ms, int64_t mono_ms, struct err *err)
{
	struct arena arena;
	struct summary summary = { 0 };
	bool ok;

	if (!renewal_due(backlog, mono_ms))
		return true;
	arena_init(&arena);
	backlog->read_at_ms = mono_ms;
	ok = db_summary(db, wall_ms, &arena, &summary, err);
	if (ok)
		put_rows(backlog, &summary);
	arena_release(&arena);
	return ok;
}
