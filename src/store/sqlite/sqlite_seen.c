/*
 * SQLite backend: which keys were seen, to find duplicates.
 *
 * Slots are random, and a table in their order would cost a page per message. So the keys of new messages
 * stay in memory (they are in the message rows, too, and are read back from there after a start), and when
 * SEEN_RUN_MAX have gathered they are written in order of their hash as one run, a few at a time
 * (db_maintain). A filter per run says for nearly every slot that is not in it that it is not.
 *
 *     newest  active   messages behind frozen and flushed_id
 *             frozen   being written as the next run
 *     oldest  runs     seen_bucket_D and their filters; a run lies in the table of its newest day
 *
 * The first of these that has the slot decides. Filter: blocks of 512 bits, 32 bits or a few more per slot,
 * 9 bits set in the one block that the slot's hash names; about 1 in 200000 wrong "maybe": each costs a walk
 * to a cold page, and with ten million messages there are 350 runs. In memory the filters of hundreds of
 * runs lie side by side (seen_group.h), so that looking through all of them costs little more than through
 * one. A slot goes by its 64-bit hash: two that share one (once in 10^12 messages) could only hide a
 * duplicate of the older.
 *
 * Keeps:   what is in memory agrees with `sequence` (last_message_id, seen_flushed_id, seen_run), which every
 *          append compares first: another process may have appended or written runs. A transaction that fails
 *          leaves no trace.
 * Threads: under the writer's lock.
 */
#include "store/sqlite/sqlite_rows.h"

#include "base/alloc.h"
#include "base/mutant.h"
#include "store/sqlite/seen_bucket.h"
#include "store/sqlite/seen_runs.h"

#include <string.h>

/* With what one append adds these are 2^15: twice as many places, and 32 bits of each in a filter of 2^20. */
#define SEEN_RUN_MAX   28672
#define SEEN_SLICE_MAX 256 /* buckets that one db_maintain writes */

_Static_assert(SEEN_RUN_MAX + STORE_APPEND_MAX <= 1 << 15, "filters of all runs are of one size");

struct seen_undo {
	size_t at;
	struct seen_entry before;
};

struct seen {
	_Atomic bool full; /* a run is to be written; for those who do not hold the lock */
	size_t run_max;	   /* keys that make a run */
	bool loaded;
	int64_t known_id;  /* newest message that is in here */
	int64_t run_known; /* sequence.seen_run */
	struct seen_table active;
	struct seen_table frozen;
	struct seen_order *order; /* of frozen; NULL when nothing is frozen */
	size_t n_written;	  /* buckets */
	int64_t frozen_id;	  /* newest message in frozen */
	struct seen_runs runs;
	/* what the running transaction did, until it ends */
	struct seen_undo *undo;
	size_t n_undo;
	size_t undo_capacity;
	int64_t undo_known_id;
	size_t undo_written;
	struct seen_run done; /* frozen was written whole, as this; its filter is owned, NULL: it was not */
	int64_t drop_day;     /* runs up to this day were dropped; 0 = none */
};

struct seen *seen_new(void)
{
	struct seen *seen = mem_zalloc(1, sizeof(*seen));

	seen->run_max = SEEN_RUN_MAX;
	return seen;
}

void seen_run_max_set(struct seen *seen, size_t run_max)
{
	seen->run_max = run_max;
}

static void frozen_drop(struct seen *seen)
{
	seen_order_free(seen->order);
	seen->order = NULL;
	seen_table_drop(&seen->frozen);
	seen->n_written = 0;
	seen->undo_written = 0;
}

static void done_drop(struct seen *seen)
{
	mem_free((void *)(uintptr_t)seen->done.filter.word);
	seen->done = (struct seen_run){ 0 };
}

static void forget(struct seen *seen)
{
	seen_table_drop(&seen->active);
	frozen_drop(seen);
	seen_runs_free(&seen->runs);
	done_drop(seen);
	seen->n_undo = 0;
	seen->loaded = false;
}

void seen_free(struct seen *seen)
{
	forget(seen);
	mem_free(seen->undo);
	mem_free(seen);
}

static void undo_reserve(struct seen *seen, size_t n)
{
	if (seen->undo_capacity >= n)
		return;
	seen->undo = mem_resize(seen->undo, n * sizeof(*seen->undo));
	seen->undo_capacity = n;
}

/* ---- reading back ---- */

/* Runs that were read and are not in a group yet: added together they cost a fraction. */
struct reading {
	struct seen_run run[SEEN_ADD_MAX];
	size_t n;
	size_t n_more;	    /* still to be read */
	struct arena arena; /* filters */
};

static void reading_end(struct reading *reading, struct seen *seen)
{
	seen_runs_add(&seen->runs, reading->run, reading->n, reading->n_more);
	reading->n = 0;
	arena_reset(&reading->arena);
}

static size_t n_runs(struct tx *tx)
{
	struct query select = query(tx, "SELECT count(*) FROM seen_run");

	return (size_t)query_int(&select, 0);
}

static void load_runs(struct tx *tx, struct seen *seen)
{
	struct query select = query(tx, "SELECT run, day, filter, n_hash FROM seen_run ORDER BY run");
	struct reading reading = { .n_more = n_runs(tx) };

	arena_init(&reading.arena);
	while (query_row(&select)) {
		struct str blob = get_text(&select, 2, &reading.arena);
		struct seen_filter filter = { .n_block = blob.len / (SEEN_BLOCK_WORDS * sizeof(uint64_t)),
					      .n_hash = (size_t)get_choice(&select, 3, SEEN_HASHES + 1),
					      .word = (const void *)blob.p };

		reading.n_more -= reading.n_more > 0;
		if (filter.n_block == 0)
			continue;
		reading.run[reading.n++] =
			(struct seen_run){ get_int(&select, 0), get_int(&select, 1), filter };
		if (reading.n == SEEN_ADD_MAX)
			reading_end(&reading, seen);
	}
	reading_end(&reading, seen);
	arena_release(&reading.arena);
}

static void freeze(struct seen *seen)
{
	seen->frozen = seen->active;
	seen->frozen_id = seen->known_id;
	seen->order = seen_order_new(&seen->frozen);
	seen->active = (struct seen_table){ 0 };
	seen_table_reserve(&seen->active, 1);
}

static bool has_gathered(const struct seen *seen)
{
	return seen->active.n >= seen->run_max;
}

static void load_message(struct seen *seen, const struct seen_entry *entry)
{
	seen_table_reserve(&seen->active, 1);
	seen_table_put(&seen->active, entry);
	seen->known_id = entry->id;
	if (has_gathered(seen) && seen->frozen.n == 0)
		freeze(seen);
}

/* The keys of the messages in (seen->known_id, last_id]. */
static void load_messages(struct tx *tx, struct seen *seen, int64_t last_id, int64_t today)
{
	for (int64_t day = today - STORE_DUPLICATE_DAYS; day <= today; day++) {
		struct query select;

		if (day < store_id_day(seen->known_id) || !day_exists(tx, DAY_MESSAGE, day))
			continue;
		select = query_day(tx,
				   "SELECT id, store_id, slot, key FROM message_%s WHERE id > ?1 AND id <= ?2"
				   " ORDER BY id",
				   day);
		put_int(&select, 1, seen->known_id);
		put_int(&select, 2, last_id);
		while (query_row(&select)) {
			struct digest16 slot = get_digest(&select, 2);
			struct seen_entry entry = {
				.id = get_int(&select, 0),
				.store_id = get_int(&select, 1),
				.hash = seen_hash(get_int(&select, 1), &slot),
				.key = get_digest(&select, 3),
			};

			load_message(seen, &entry);
		}
	}
	seen->known_id = last_id;
}

/* Takes in what other processes did since the last transaction, or everything after a start. */
static void catch_up(struct tx *tx, struct seen *seen)
{
	struct query select = query(tx, "SELECT last_message_id, seen_flushed_id, seen_run FROM sequence");
	int64_t last_id, flushed_id, run;

	if (!query_row(&select))
		return;
	last_id = get_int(&select, 0);
	flushed_id = get_int(&select, 1);
	run = get_int(&select, 2);
	query_end(&select);
	if (!seen->loaded || run != seen->run_known) {
		forget(seen);
		load_runs(tx, seen);
		seen->run_known = run;
		seen->known_id = flushed_id;
	}
	if (last_id > seen->known_id)
		load_messages(tx, seen, last_id, store_id_day(store_id_next(tx_last_id(tx), tx->now_ms)));
	seen->loaded = tx->rc == SQLITE_OK;
}

/* ---- writing runs ---- */

/* The run is complete: from now on it counts, and its messages need not be read back after a start. */
static void run_write(struct tx *tx, struct seen *seen)
{
	size_t n_block = seen_filter_blocks(seen->frozen.n);
	uint64_t *word = mem_zalloc(n_block, SEEN_BLOCK_WORDS * sizeof(*word));
	struct seen_filter filter = { n_block, SEEN_HASHES, word };
	int64_t day = store_id_day(seen->frozen_id);
	struct query write;

	for (size_t i = 0; i < seen->frozen.capacity; i++)
		if (seen->frozen.at[i].id != 0)
			seen_filter_add(word, n_block, seen->frozen.at[i].hash);
	write = query(tx, "INSERT INTO seen_run (run, day, filter, n_hash) VALUES (?1, ?2, ?3, ?4)");
	put_int(&write, 1, seen->run_known + 1);
	put_int(&write, 2, day);
	put_blob(&write, 3, str_of((const char *)word, n_block * SEEN_BLOCK_WORDS * sizeof(*word)));
	put_int(&write, 4, SEEN_HASHES);
	query_run(&write);
	write = query(tx, "UPDATE sequence SET seen_run = ?1, seen_flushed_id = ?2");
	put_int(&write, 1, seen->run_known + 1);
	put_int(&write, 2, seen->frozen_id);
	query_run(&write);
	seen->done = (struct seen_run){ seen->run_known + 1, day, filter };
}

static int64_t bucket_id(int64_t run, size_t bucket)
{
	return run * SEEN_BUCKETS + (int64_t)bucket;
}

static void frozen_write(struct tx *tx, struct seen *seen, size_t max_n)
{
	int64_t day = store_id_day(seen->frozen_id);

	day_ensure(tx, DAY_SEEN_BUCKET, day);
	for (size_t i = 0; i < max_n && seen->n_written < SEEN_BUCKETS && tx->rc == SQLITE_OK; i++) {
		struct query insert =
			query_day(tx, "INSERT OR REPLACE INTO seen_bucket_%s VALUES (?1, ?2)", day);

		put_int(&insert, 1, bucket_id(seen->run_known + 1, seen->n_written));
		put_blob(&insert, 2, seen_order_pack(seen->order, seen->n_written++));
		query_run(&insert);
	}
}

/* Writes up to max_n buckets of the run under way; true if there is more to write. */
static bool flush(struct tx *tx, size_t max_n)
{
	struct seen *seen = tx->sqlite->seen;

	if (seen->frozen.n == 0)
		freeze(seen);
	frozen_write(tx, seen, max_n);
	if (seen->n_written == SEEN_BUCKETS)
		run_write(tx, seen);
	return !seen->done.filter.word;
}

static bool has_run(const struct seen *seen)
{
	return seen->frozen.n > 0 || has_gathered(seen);
}

bool seen_is_full(const struct seen *seen)
{
	return seen->full;
}

bool seen_flush(struct tx *tx)
{
	struct seen *seen = tx->sqlite->seen;

	if (!seen->loaded)
		return false;
	tx->seen_used = true;
	catch_up(tx, seen);
	seen->undo_known_id = seen->known_id;
	return has_run(seen) && flush(tx, SEEN_SLICE_MAX);
}

bool seen_drop_day(struct tx *tx, int64_t day)
{
	struct seen *seen = tx->sqlite->seen;
	struct query write;

	if (seen->frozen.n > 0)
		return false;
	write = query(tx, "DELETE FROM seen_run WHERE day <= ?1");
	put_int(&write, 1, day);
	query_run(&write);
	/* A new number makes other processes look again. */
	write = query(tx, "UPDATE sequence SET seen_run = seen_run + 1");
	query_run(&write);
	tx->seen_used = true;
	seen->undo_known_id = seen->known_id;
	seen->drop_day = day;
	return true;
}

/* ---- finding and adding ---- */

/*
 * Runs are of one size, whatever is appended at once. If nobody has called db_maintain since the last one,
 * the append itself writes it, before the next is full.
 */
static void make_room(struct tx *tx, size_t n)
{
	struct seen *seen = tx->sqlite->seen;

	if (seen->frozen.n > 0 && seen->active.n + n >= seen->run_max)
		(void)flush(tx, SIZE_MAX);
	else if (seen->frozen.n == 0 && has_gathered(seen))
		freeze(seen);
}

void seen_begin(struct tx *tx, size_t n)
{
	struct seen *seen = tx->sqlite->seen;

	tx->seen_used = true;
	catch_up(tx, seen);
	make_room(tx, n);
	seen_table_reserve(&seen->active, n);
	undo_reserve(seen, n);
	seen->undo_known_id = seen->known_id;
}

static enum seen_answer find_in_bucket(struct tx *tx, int64_t run, int64_t day, uint64_t hash,
				       struct digest16 *key, int64_t *id)
{
	struct query select = query_day(tx, "SELECT entries FROM seen_bucket_%s WHERE id = ?1", day);
	enum seen_answer answer;

	put_int(&select, 1, bucket_id(run, seen_bucket_of(hash)));
	if (!query_row(&select))
		return SEEN_ELSEWHERE;
	answer = seen_bucket_find(peek_text(&select, 0), hash, key, id);
	query_end(&select);
	if (answer == SEEN_BROKEN)
		tx_fail(tx, SQLITE_CORRUPT);
	return answer;
}

/* Up to format 15 each key had a row. */
static bool find_in_rows(struct tx *tx, int64_t run, int64_t day, uint64_t hash, struct digest16 *key,
			 int64_t *id)
{
	struct query select =
		query_day(tx, "SELECT key, message_id FROM seen_%s WHERE run = ?1 AND hash = ?2", day);

	put_int(&select, 1, run);
	put_int(&select, 2, (int64_t)hash);
	if (!query_row(&select))
		return false;
	*key = get_digest(&select, 0);
	*id = get_int(&select, 1);
	query_end(&select);
	return true;
}

static bool find_in_run(struct tx *tx, int64_t run, int64_t day, uint64_t hash, struct digest16 *key,
			int64_t *id)
{
	enum seen_answer answer = SEEN_ELSEWHERE;

	if (day_exists(tx, DAY_SEEN_BUCKET, day))
		answer = find_in_bucket(tx, run, day, hash, key, id);
	if (answer == SEEN_ELSEWHERE)
		return day_exists(tx, DAY_SEEN, day) && find_in_rows(tx, run, day, hash, key, id);
	return answer == SEEN_HERE;
}

static bool find_in_runs(struct tx *tx, uint64_t hash, struct digest16 *key, int64_t *id)
{
	struct seen_search search = seen_search(&tx->sqlite->seen->runs, hash);
	int64_t run, day;

	while (seen_search_next(&search, &run, &day))
		if (find_in_run(tx, run, day, hash, key, id))
			return true;
	return false;
}

bool seen_find(struct tx *tx, const struct inbox_record *record, struct digest16 *key, int64_t *id)
{
	const struct seen *seen = tx->sqlite->seen;
	uint64_t hash = seen_hash(record->store_id, &record->slot);
	const struct seen_entry *entry = seen_table_find(&seen->active, record->store_id, hash);

	if (!entry)
		entry = seen_table_find(&seen->frozen, record->store_id, hash);
	if (entry) {
		*key = entry->key;
		*id = entry->id;
		return true;
	}
	return find_in_runs(tx, hash, key, id);
}

void seen_add(struct tx *tx, const struct inbox_record *record, int64_t id)
{
	struct seen *seen = tx->sqlite->seen;
	struct seen_table *active = &seen->active;
	uint64_t hash = seen_hash(record->store_id, &record->slot);
	size_t at = seen_table_position(active, record->store_id, hash);

	seen->undo[seen->n_undo++] = (struct seen_undo){ at, active->at[at] };
	active->n += active->at[at].id == 0;
	active->at[at] = (struct seen_entry){ id, record->store_id, hash, record->key };
	seen->known_id = id;
}

/* ---- the end of a transaction ---- */

static void undo(struct seen *seen)
{
	for (size_t i = seen->n_undo; i-- > 0;) {
		const struct seen_undo *step = &seen->undo[i];

		seen->active.n -= step->before.id == 0;
		seen->active.at[step->at] = step->before;
	}
	seen->known_id = seen->undo_known_id;
	seen->n_written = seen->undo_written;
}

void seen_settle(struct seen *seen, bool committed)
{
	if (!committed) {
		undo(seen);
	} else if (seen->done.filter.word) {
		seen->run_known = seen->done.number;
		frozen_drop(seen);
		if (!mutant_is(MUTANT_run_unsearched))
			seen_runs_add(&seen->runs, &seen->done, 1, 0);
	} else if (seen->drop_day != 0) {
		seen->run_known++;
		seen_runs_drop(&seen->runs, seen->drop_day);
	} else if (seen->n_written > seen->undo_written) {
		seen_runs_prepare(&seen->runs);
	}
	seen->undo_written = seen->n_written;
	seen->n_undo = 0;
	done_drop(seen);
	seen->drop_day = 0;
	seen->full = has_run(seen);
}
