/*
 * The inbox's group commit: sets of records that come in while one commit is being synced leave together in
 * the next.
 *
 * Does:    gathers sets in the order they came, appends many in one transaction, tells each set afterwards.
 * Doesn't: look into records, answer requests (the done function does), retry: who is refused comes again.
 * Keeps:   done is called exactly once for each set taken in; ok only after db_inbox_append returned true.
 *          What waits is bounded in records and bytes.
 * Threads: submit from any; commit and free from the one commit role. The lock covers the list only, never
 *          the database.
 */
#include "queue/inbox.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/mutant.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#define RECORDS_MAX_DEFAULT 8192
#define BYTES_MAX_DEFAULT   ((size_t)64 << 20)
/* Records in one transaction: enough that syncing costs nothing, few enough that nobody waits long for it. */
#define COMMIT_RECORDS_MAX 2048
/* What db_inbox_append takes at most. */
#define SET_RECORDS_MAX 4096
/* What inbox_ring does not wait beyond: a commit's fixed cost is spread by then, and a round may be long. */
#define RING_RECORDS 64
#define RING_TURNS   8

/* One call of inbox_submit: a node of the list, with its records behind it. */
struct waiting_set {
	struct waiting_set *next;
	inbox_done_fn *done;
	void *arg;
	size_t bytes;
	size_t n;
	struct inbox_record record[];
};

struct inbox {
	struct inbox_config config;
	pthread_mutex_t lock;
	struct waiting_set *first; /* oldest */
	struct waiting_set **last; /* where the next one goes */
	size_t records;
	size_t bytes;
	bool unrung;	       /* the list was begun and the commit role not told yet ... */
	unsigned unrung_turns; /* ... in so many calls of inbox_ring */
	/* of the commit role alone */
	struct inbox_record record[SET_RECORDS_MAX];
	struct inbox_receipt receipt[SET_RECORDS_MAX];
};

struct inbox *inbox_new(const struct inbox_config *config)
{
	struct inbox *inbox = mem_zalloc(1, sizeof(*inbox));
	int failed;

	inbox->config = *config;
	if (inbox->config.records_max == 0)
		inbox->config.records_max = RECORDS_MAX_DEFAULT;
	if (inbox->config.bytes_max == 0)
		inbox->config.bytes_max = BYTES_MAX_DEFAULT;
	inbox->last = &inbox->first;
	failed = pthread_mutex_init(&inbox->lock, NULL);
	assert(!failed); /* only memory can be missing */
	(void)failed;
	return inbox;
}

static size_t record_bytes(const struct inbox_record *record, size_t n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += record[i].body.len + record[i].topic.len + record[i].source_id.len;
	return bytes;
}

bool inbox_submit(struct inbox *inbox, const struct inbox_record *record, size_t n, inbox_done_fn *done,
		  void *arg, struct err *err)
{
	struct waiting_set *set;
	size_t bytes = record_bytes(record, n);
	bool fits, first;

	assert(n > 0);
	if (n > SET_RECORDS_MAX)
		return err_set(err, ERR_TOO_LARGE, "%zu messages in one request, at most %d", n,
			       SET_RECORDS_MAX);
	set = mem_alloc(sizeof(*set) + n * sizeof(*record));
	*set = (struct waiting_set){ .done = done, .arg = arg, .bytes = bytes, .n = n };
	memcpy(set->record, record, n * sizeof(*record));

	(void)pthread_mutex_lock(&inbox->lock);
	first = !inbox->first;
	/* One set always fits: else a large one could never come in. */
	fits = first || (inbox->records + n <= inbox->config.records_max &&
			 inbox->bytes + bytes <= inbox->config.bytes_max);
	if (fits) {
		*inbox->last = set;
		inbox->last = &set->next;
		inbox->records += n;
		inbox->bytes += bytes;
	}
	if (first && inbox->config.gathers) {
		inbox->unrung = true;
		inbox->unrung_turns = 0;
	}
	(void)pthread_mutex_unlock(&inbox->lock);

	if (!fits) {
		mem_free(set);
		return err_set(err, ERR_BUSY, "too many messages wait to be stored");
	}
	/* The commit role goes on until it finds the list empty, so only the first of a list need wake it. */
	if (first && inbox->config.wake && !inbox->config.gathers)
		wake_send(inbox->config.wake);
	return true;
}

void inbox_ring(struct inbox *inbox, bool idle)
{
	bool rings;

	(void)pthread_mutex_lock(&inbox->lock);
	rings = inbox->unrung &&
		(idle || inbox->records >= RING_RECORDS || ++inbox->unrung_turns >= RING_TURNS);
	if (rings)
		inbox->unrung = false;
	(void)pthread_mutex_unlock(&inbox->lock);
	if (rings)
		wake_send(inbox->config.wake);
}

/* Takes sets from the front, at most max_records together but always one. */
static struct waiting_set *take_sets(struct inbox *inbox, size_t max_records)
{
	struct waiting_set *first, **end;
	size_t records = 0, bytes = 0;

	(void)pthread_mutex_lock(&inbox->lock);
	first = inbox->first;
	end = &inbox->first;
	while (*end && (records == 0 || records + (*end)->n <= max_records)) {
		records += (*end)->n;
		bytes += (*end)->bytes;
		end = &(*end)->next;
	}
	inbox->first = *end;
	if (!inbox->first)
		inbox->last = &inbox->first;
	*end = NULL;
	inbox->records -= records;
	inbox->bytes -= bytes;
	(void)pthread_mutex_unlock(&inbox->lock);
	return first;
}

/* Tells every set of a list what became of it and frees it. err NULL: all is well. */
static void tell_sets(struct waiting_set *set, const struct inbox_receipt *receipt, const struct err *err)
{
	while (set) {
		struct waiting_set *next = set->next;

		set->done(set->arg, !err, receipt, set->n, err);
		if (receipt)
			receipt += set->n;
		mem_free(set);
		set = next;
	}
}

static void refuse_all(struct inbox *inbox, const struct err *err)
{
	tell_sets(take_sets(inbox, SIZE_MAX), NULL, err);
}

void inbox_free(struct inbox *inbox)
{
	struct err err;

	if (!inbox)
		return;
	(void)err_set(&err, ERR_BUSY, "stopping");
	refuse_all(inbox, &err);
	(void)pthread_mutex_destroy(&inbox->lock);
	mem_free(inbox);
}

static size_t gather_records(struct inbox *inbox, const struct waiting_set *set)
{
	size_t n = 0;

	for (; set; set = set->next) {
		memcpy(&inbox->record[n], set->record, set->n * sizeof(*set->record));
		n += set->n;
	}
	return n;
}

static void count_receipts(const struct inbox_receipt *receipt, size_t n)
{
	size_t n_new = 0;

	for (size_t i = 0; i < n; i++)
		n_new += receipt[i].kind == INBOX_NEW;
	counter_add(COUNTER_commits, 1);
	counter_add(COUNTER_messages_received, n_new);
	counter_add(COUNTER_messages_duplicate, n - n_new);
}

/* A planted bug: the sets are told before there is anything to tell. Their texts are gone afterwards. */
static void commit_too_late(struct inbox *inbox, struct waiting_set *set, size_t n)
{
	struct arena arena;
	struct err err;

	arena_init(&arena);
	for (size_t i = 0; i < n; i++) {
		struct inbox_record *record = &inbox->record[i];

		record->topic = arena_dup(&arena, record->topic);
		record->source_id = arena_dup(&arena, record->source_id);
		record->body = arena_dup(&arena, record->body);
		inbox->receipt[i] = (struct inbox_receipt){ .kind = INBOX_NEW };
	}
	tell_sets(set, inbox->receipt, NULL);
	(void)!db_inbox_append(inbox->config.db, inbox->record, n, inbox->receipt, &err);
	arena_release(&arena);
}

bool inbox_commit_run_once(struct inbox *inbox, size_t *n_committed, struct err *err)
{
	struct waiting_set *set = take_sets(inbox, COMMIT_RECORDS_MAX);
	struct err failed = { 0 };
	size_t n;

	*n_committed = 0;
	if (!set)
		return true;
	n = gather_records(inbox, set);
	if (mutant_is(MUTANT_ack_before_commit)) {
		commit_too_late(inbox, set, n);
		return true;
	}
	if (db_inbox_append(inbox->config.db, inbox->record, n, inbox->receipt, &failed)) {
		count_receipts(inbox->receipt, n);
		tell_sets(set, inbox->receipt, NULL);
		*n_committed = n;
		return true;
	}
	tell_sets(set, NULL, &failed);
	/* What failed for these would fail for all that wait: let them know now. */
	if (failed.code == ERR_TOO_LARGE || failed.code == ERR_BUSY || failed.code == ERR_FATAL)
		refuse_all(inbox, &failed);
	if (failed.code != ERR_FATAL)
		return true;
	*err = failed;
	return err_wrap(err, "commit %zu messages", n);
}

size_t inbox_waiting(struct inbox *inbox)
{
	size_t records;

	(void)pthread_mutex_lock(&inbox->lock);
	records = inbox->records;
	(void)pthread_mutex_unlock(&inbox->lock);
	return records;
}
