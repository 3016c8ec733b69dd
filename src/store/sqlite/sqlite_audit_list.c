/*
 * SQLite backend: reading the audit, newest first.
 *
 * Rows of a delivery, a message or a root are found by indexes, except those in runs of a batch: they are
 * looked for among the runs whose deliveries are about as old. Which deliveries came of a message or a root
 * say the rows of their creation. Runs of batches are few: one in hundreds of deliveries when many are sent.
 * Codes that are seldom have an index. Everything else is looked through from the newest on, as far as the
 * filter allows at once.
 */
#include "store/sqlite/sqlite_audit.h"
#include "store/sqlite/sqlite_verbs.h"

#include "base/clock.h"

#include <stdlib.h>

struct audit_row *audit_rows_read(const struct query *select, struct arena *arena, size_t *n)
{
	struct audit_row *row = ARENA_NEW(arena, struct audit_row);
	struct str entries = get_text(select, 10, arena);

	*row = (struct audit_row){
		.id = get_int(select, 0),
		.at_ms = get_int(select, 1),
		.code = (enum audit_code)get_choice(select, 2, AUDIT_CODE_COUNT),
		.store_id = get_int(select, 3),
		.account_id = get_int(select, 4),
		.message_id = get_int(select, 5),
		.delivery_id = get_int(select, 6),
		.root = { get_entity_kind(select, 7), get_text(select, 8, arena) },
		.reason = get_text(select, 9, arena),
	};
	*n = 1;
	return entries.len > 0 ? audit_entries_read(row, entries, arena, n) : row;
}

/* ---- what is asked for ---- */

struct listing {
	struct tx *tx;
	struct arena *arena;
	const struct audit_filter *filter;
	int64_t before_id;
	int64_t low_delivery; /* the oldest and the newest of what is asked for; 0 = none */
	int64_t high_delivery;
	struct audit_look *look;
	int64_t forgotten_id;  /* the creation of deliveries before is no longer in the audit */
	struct audit_row *row; /* room for max_n of each look, and of all days before */
	size_t n;
};

static bool by_key(const struct audit_filter *filter)
{
	return filter->delivery_id != 0 || filter->message_id != 0 || filter->root.id.len > 0;
}

static bool matches(const struct listing *listing, const struct audit_row *row)
{
	const struct audit_filter *filter = listing->filter;

	return row->id < listing->before_id && row->at_ms >= filter->since_ms &&
	       (filter->store_id == 0 || row->store_id == filter->store_id) &&
	       (filter->account_id == 0 || row->account_id == filter->account_id) &&
	       (filter->message_id == 0 || row->message_id == filter->message_id) &&
	       (filter->delivery_id == 0 || row->delivery_id == filter->delivery_id) &&
	       (filter->root.id.len == 0 || entity_eq(row->root, filter->root)) &&
	       (!filter->by_code || row->code == filter->code);
}

/* ---- looks ---- */

#define AUDIT_SELECT "SELECT " AUDIT_COLUMNS " FROM audit_%s "
/* What all rows of a run share. */
#define AUDIT_SHARED " AND id < ?1 AND at_ms >= ?2 AND (?3 = 0 OR account_id = ?3) AND (?4 = -1 OR code = ?4)"

static void put_shared(struct query *select, const struct listing *listing)
{
	const struct audit_filter *filter = listing->filter;

	put_int(select, 1, listing->before_id);
	put_int(select, 2, filter->since_ms);
	put_int(select, 3, filter->account_id);
	put_int(select, 4, filter->by_code ? (int64_t)filter->code : -1);
}

/* Takes what matches, newest first, until there is as much as asked for. */
static void take_rows(struct listing *listing, struct query *select)
{
	size_t most = listing->n + listing->filter->max_n;

	while (listing->n < most && query_row(select)) {
		size_t n;
		struct audit_row *row = audit_rows_read(select, listing->arena, &n);

		listing->look->n++;
		for (size_t i = n; i-- > 0 && listing->n < most;)
			if (matches(listing, &row[i]))
				listing->row[listing->n++] = row[i];
	}
	query_end(select);
}

/* Of a message or a root: it says where the index begins. */
static struct query select_key(const struct listing *listing, int64_t day)
{
	const struct audit_filter *filter = listing->filter;
	struct query select;

	if (filter->message_id != 0) {
		select = query_day_once(listing->tx,
					AUDIT_SELECT "WHERE message_id = ?5 AND message_id <> 0" AUDIT_SHARED
						     " ORDER BY id DESC",
					day);
		put_int(&select, 5, filter->message_id);
	} else {
		select = query_day_once(
			listing->tx,
			AUDIT_SELECT "WHERE root_bucket IN (?5, ?8) AND root_bucket IS NOT NULL"
				     " AND root_id = ?6 AND root_kind = ?7" AUDIT_SHARED " ORDER BY id DESC",
			day);
		put_int(&select, 5, audit_root_bucket(filter->root.id));
		put_text(&select, 6, filter->root.id);
		put_int(&select, 7, filter->root.kind);
		put_int(&select, 8, audit_root_bucket_once(filter->root.id));
	}
	put_shared(&select, listing);
	return select;
}

static void look_for_key(struct listing *listing, int64_t day)
{
	struct query select = select_key(listing, day);

	take_rows(listing, &select);
}

/* The run that created the delivery with others: the one that begins nearest before it. */
static void look_for_creation(struct listing *listing, int64_t day)
{
	struct query select = query_day_once(
		listing->tx,
		AUDIT_SELECT "WHERE id = (SELECT id FROM audit_%s WHERE delivery_id < ?5 AND delivery_id <> 0"
			     " AND code = ?6 ORDER BY delivery_id DESC LIMIT 1)" AUDIT_SHARED,
		day);

	put_int(&select, 5, listing->filter->delivery_id);
	put_int(&select, 6, AUDIT_DELIVERY_CREATED);
	put_shared(&select, listing);
	take_rows(listing, &select);
}

static void look_for_delivery(struct listing *listing, int64_t day)
{
	struct query select = query_day_once(
		listing->tx,
		AUDIT_SELECT "WHERE delivery_id = ?5 AND delivery_id <> 0" AUDIT_SHARED " ORDER BY id DESC",
		day);

	put_int(&select, 5, listing->filter->delivery_id);
	put_shared(&select, listing);
	take_rows(listing, &select);
	if (day == store_id_day(listing->filter->delivery_id))
		look_for_creation(listing, day);
}

static void look_for_batches(struct listing *listing, int64_t day)
{
	struct query select = query_day_once(
		listing->tx,
		AUDIT_SELECT "WHERE high_delivery > 0 AND (low_delivery < ?5 OR (low_delivery <= ?6"
			     " AND high_delivery >= ?7))" AUDIT_SHARED " ORDER BY id DESC",
		day);

	put_int(&select, 5, listing->forgotten_id);
	put_int(&select, 6, listing->high_delivery);
	put_int(&select, 7, listing->low_delivery);
	put_shared(&select, listing);
	take_rows(listing, &select);
}

static bool is_run(const struct query *select)
{
	return peek_text(select, 10).len > 0;
}

/* What the columns say before a row is taken apart; the store only where it is no run. */
static bool may_match(const struct audit_filter *filter, const struct query *select)
{
	return (!filter->by_code || get_int(select, 2) == (int64_t)filter->code) &&
	       (filter->account_id == 0 || get_int(select, 4) == filter->account_id) &&
	       (filter->store_id == 0 || get_int(select, 3) == filter->store_id || is_run(select));
}

/* The whole of a run, unless there is no more room; then one goes on within it. */
static void take_run(struct listing *listing, const struct query *select)
{
	size_t n;
	struct audit_row *row = audit_rows_read(select, listing->arena, &n);

	for (size_t i = n; i-- > 0 && listing->n < listing->filter->max_n;) {
		if (matches(listing, &row[i]))
			listing->row[listing->n++] = row[i];
		if (listing->n == listing->filter->max_n)
			listing->look->next_id = row[i].id;
	}
}

static struct query select_through(const struct listing *listing, int64_t day)
{
	const struct audit_filter *filter = listing->filter;
	bool seldom = filter->by_code && audit_is_seldom(filter->code);
	struct query select =
		seldom ? query_day_once(listing->tx,
					AUDIT_SELECT "WHERE code = ?3 AND " AUDIT_SELDOM
						     " AND " AUDIT_SELDOM_ONCE
						     " AND id < ?1 AND id >= ?2 ORDER BY id DESC",
					day)
		       : query_day_once(listing->tx,
					AUDIT_SELECT "WHERE id < ?1 AND id >= ?2 ORDER BY id DESC", day);

	put_int(&select, 1, listing->before_id);
	put_int(&select, 2, store_ms_id(filter->since_ms)); /* no row is younger than its id says */
	if (seldom)
		put_int(&select, 3, filter->code);
	return select;
}

static void look_through(struct listing *listing, int64_t day)
{
	struct query select = select_through(listing, day);
	struct audit_look *look = listing->look;

	while (look->next_id == 0 && query_row(&select)) {
		if (++look->n >= look->max)
			look->next_id = get_int(&select, 0);
		if (may_match(listing->filter, &select))
			take_run(listing, &select);
	}
	query_end(&select);
}

/* ---- deliveries that came of a message or a root ---- */

static void add_deliveries(struct listing *listing, const struct audit_row *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t id = row[i].delivery_id;

		if (listing->high_delivery == 0 || id < listing->low_delivery)
			listing->low_delivery = id;
		if (id > listing->high_delivery)
			listing->high_delivery = id;
	}
}

static void find_deliveries(struct listing *listing, const int64_t *day, size_t n_day)
{
	const struct audit_filter created = { .message_id = listing->filter->message_id,
					      .root = listing->filter->root,
					      .by_code = true,
					      .code = AUDIT_DELIVERY_CREATED };
	struct listing creation = { listing->tx, listing->arena, &created, .before_id = INT64_MAX,
				    .look = listing->look };

	for (size_t i = 0; i < n_day; i++) {
		struct query select = select_key(&creation, day[i]);

		while (query_row(&select)) {
			size_t n;
			const struct audit_row *row = audit_rows_read(&select, listing->arena, &n);

			add_deliveries(listing, row, n);
		}
	}
	if (n_day > 0)
		listing->forgotten_id = day_first_id(day[n_day - 1]);
}

/* ---- the verb ---- */

static int compare_newest(const void *a, const void *b)
{
	const struct audit_row *left = a, *right = b;

	return left->id > right->id ? -1 : left->id < right->id;
}

/* Several looks at one day each give their newest. */
static void list_day(struct listing *listing, int64_t day)
{
	size_t before = listing->n;

	if (!by_key(listing->filter))
		look_through(listing, day);
	else if (listing->filter->delivery_id != 0)
		look_for_delivery(listing, day);
	else
		look_for_key(listing, day);
	if (by_key(listing->filter))
		look_for_batches(listing, day);
	if (listing->n > before)
		qsort(listing->row + before, listing->n - before, sizeof(*listing->row), compare_newest);
	if (listing->n > listing->filter->max_n)
		listing->n = listing->filter->max_n;
}

/* The newest id that may be listed, and one more. */
static int64_t begin_id(const struct audit_filter *filter)
{
	int64_t until = filter->until_ms && filter->until_ms < store_id_ms(INT64_MAX)
				? store_ms_id(filter->until_ms + 1)
				: INT64_MAX;

	return filter->before_id && filter->before_id < until ? filter->before_id : until;
}

static void list_days(struct listing *listing)
{
	const struct audit_filter *filter = listing->filter;
	const int64_t *day;
	size_t n_day;

	day = day_list(listing->tx, DAY_AUDIT, false, listing->arena, &n_day);
	if (by_key(filter) && filter->delivery_id == 0)
		find_deliveries(listing, day, n_day);
	for (size_t i = 0; i < n_day && listing->n < filter->max_n && listing->look->next_id == 0; i++)
		if (day[i] <= store_id_day(listing->before_id) && day[i] >= time_day(filter->since_ms))
			list_day(listing, day[i]);
	if (listing->n == filter->max_n && listing->n > 0)
		listing->look->next_id = listing->row[listing->n - 1].id;
}

bool sqlite_audit_list(struct db *db, const struct audit_filter *filter, struct arena *arena,
		       struct audit_row **row, size_t *n, struct err *err)
{
	struct audit_look all = { .max = SIZE_MAX };
	struct tx tx;
	struct listing listing = { &tx,
				   arena,
				   filter,
				   .before_id = begin_id(filter),
				   .low_delivery = filter->delivery_id,
				   .high_delivery = filter->delivery_id,
				   .look = filter->look ? filter->look : &all };

	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	listing.look->n = 0;
	listing.look->next_id = 0;
	listing.row = ARENA_ARRAY(arena, 4 * filter->max_n, struct audit_row);
	list_days(&listing);
	*row = listing.row;
	*n = listing.n;
	return tx_commit(&tx, err);
}
