/*
 * SQLite backend: erasing persons, a slice at a time, beside all other work.
 *
 *     NEW   until what was just heard of the person is published: the deletion at Klaviyo is a delivery then
 *     STOP  what is queued of the person and has not left is skipped; and again when it is known by what has
 *           ended which orders are theirs
 *     WAIT  until the deletion at Klaviyo has ended, and nothing of the person is being sent
 *     SCAN  all that came until then is looked through, and the person taken out of it
 *     END   the facts go, by which the person was known
 *
 * Keeps:   a slice looks on a reader and holds the writer only for what it changes; how far it came is
 *          written with it (`erase`), so that it goes on there after a crash. Names are forgotten last: by
 *          them the rest is found. While persons are under way nothing is left in pages that are free
 *          (secure_delete); what older changes left there goes with the VACUUM at the end, and what the log
 *          has with its truncation.
 */
#include "base/mutant.h"
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

enum phase { PHASE_NEW, PHASE_STOP, PHASE_WAIT, PHASE_SCAN, PHASE_END };

struct erasure {
	enum phase phase;
	int64_t until_id;
	struct person_search search;
};

/* ---- beginning, and what comes late ---- */

void erase_begin(struct tx *tx, const struct fact_cause *cause, const struct fact *fact)
{
	struct digest16 digest = person_digest(fact->entity.id);
	struct query write = query(tx, "INSERT OR REPLACE INTO erase VALUES (?1, ?2, ?3, 0, 0, 0, 0, '')");

	put_int(&write, 1, cause->store_id);
	put_text(&write, 2, fact->entity.id);
	put_int(&write, 3, cause->message_id);
	query_run(&write);
	write = query(
		tx,
		"INSERT INTO erased VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET at_ms = max(at_ms, ?3)");
	put_int(&write, 1, cause->store_id);
	put_digest(&write, 2, &digest);
	put_int(&write, 3, fact->version > 0 ? fact->version : tx->now_ms);
	query_run(&write);
	tx->nobody_erased_store_id = 0;
}

static bool anybody_erased(struct tx *tx, int64_t store_id)
{
	struct query select;

	if (tx->nobody_erased_store_id == store_id)
		return false;
	select = query(tx, "SELECT 1 FROM erased WHERE store_id = ?1 LIMIT 1");
	put_int(&select, 1, store_id);
	if (query_int(&select, 0) == 1)
		return true;
	tx->nobody_erased_store_id = store_id;
	return false;
}

bool erase_stops(struct tx *tx, int64_t store_id, const struct fact *fact, enum priority priority,
		 struct arena *arena)
{
	struct query select;
	struct digest16 digest;
	struct str person_id;
	int64_t at_ms = 0;

	if (fact->entity.kind < ENTITY_ORDER || fact->op != FACT_SET || person_fact_erases(fact))
		return false;
	if (mutant_is(MUTANT_erased_return) || !anybody_erased(tx, store_id) ||
	    !person_of_fact(fact, arena, &person_id, &at_ms))
		return false;
	digest = person_digest(person_id);
	select = query(tx, "SELECT at_ms FROM erased WHERE store_id = ?1 AND digest = ?2");
	put_int(&select, 1, store_id);
	put_digest(&select, 2, &digest);
	return person_is_before(at_ms, priority, query_int(&select, INT64_MIN));
}

bool erase_owns(struct tx *tx, int64_t store_id, struct entity root)
{
	struct query select;

	if (root.kind < ENTITY_ORDER || !anybody_erased(tx, store_id))
		return false;
	select = query(tx, "SELECT 1 FROM erase CROSS JOIN erase_root r ON r.store_id = erase.store_id AND"
			   " r.person_id = erase.id AND r.kind = ?2 AND r.id = ?3 WHERE erase.store_id = ?1"
			   " AND (?2 <> 10 OR NOT EXISTS (SELECT 1 FROM erase e WHERE e.store_id = ?1 AND"
			   " e.id = ?3)) LIMIT 1");
	put_entity(&select, 1, store_id, root);
	return query_int(&select, 0) == 1;
}

/* ---- rows of `erase` ---- */

/* All, those first that are nearest to their end. */
static size_t erasures_read(struct tx *tx, struct arena *arena, struct erasure **out)
{
	struct query count = query(tx, "SELECT count(*) FROM erase");
	struct query select;
	size_t n = 0;

	*out = ARENA_ARRAY(arena, (size_t)query_int(&count, 0), struct erasure);
	select = query(tx, "SELECT store_id, id, until_id, phase, source, day, after_id, after FROM erase"
			   " ORDER BY phase DESC, until_id, store_id, id");
	while (query_row(&select))
		(*out)[n++] = (struct erasure){
			.until_id = get_int(&select, 2),
			.phase = (enum phase)get_choice(&select, 3, PHASE_END + 1),
			.search = { .store_id = get_int(&select, 0),
				    .person_id = get_text(&select, 1, arena),
				    .source = (enum person_source)get_choice(&select, 4,
									     PERSON_SOURCE_COUNT + 1),
				    .day = get_int(&select, 5),
				    .after_id = get_int(&select, 6),
				    .after = get_text(&select, 7, arena) },
		};
	return n;
}

static void put_person(struct query *query, const struct erasure *erasure)
{
	put_int(query, 1, erasure->search.store_id);
	put_text(query, 2, erasure->search.person_id);
}

static void erasure_write(struct tx *tx, const struct erasure *erasure)
{
	const struct person_search *search = &erasure->search;
	struct query update = query(tx, "UPDATE erase SET phase = ?3, source = ?4, day = ?5, after_id = ?6,"
					" after = ?7 WHERE store_id = ?1 AND id = ?2");

	put_person(&update, erasure);
	put_int(&update, 3, erasure->phase);
	put_int(&update, 4, search->source);
	put_int(&update, 5, search->day);
	put_int(&update, 6, search->after_id);
	put_text(&update, 7, search->after);
	query_run(&update);
}

/* Has another message erased the person meanwhile? Then all begins anew. */
static bool is_current(struct tx *tx, const struct erasure *erasure)
{
	struct query select = query(tx, "SELECT until_id FROM erase WHERE store_id = ?1 AND id = ?2");

	put_person(&select, erasure);
	return query_int(&select, 0) == erasure->until_id;
}

static void roots_read(struct tx *tx, struct erasure *erasure, struct arena *arena)
{
	struct query count =
		query(tx, "SELECT count(*) FROM erase_root WHERE store_id = ?1 AND person_id = ?2");
	struct query select;
	struct entity *root;

	put_person(&count, erasure);
	root = ARENA_ARRAY(arena, (size_t)query_int(&count, 0), struct entity);
	select = query(tx, "SELECT kind, id FROM erase_root WHERE store_id = ?1 AND person_id = ?2");
	put_person(&select, erasure);
	while (query_row(&select))
		root[erasure->search.n_root++] =
			(struct entity){ get_entity_kind(&select, 0), get_text(&select, 1, arena) };
	erasure->search.root = root;
}

static void roots_write(struct tx *tx, const struct erasure *erasure)
{
	for (size_t i = 0; i < erasure->search.n_root; i++) {
		struct query insert = query(tx, "INSERT OR IGNORE INTO erase_root VALUES (?1, ?2, ?3, ?4)");

		put_person(&insert, erasure);
		put_int(&insert, 3, erasure->search.root[i].kind);
		put_text(&insert, 4, erasure->search.root[i].id);
		query_run(&insert);
	}
}

/* ---- waiting ---- */

static bool is_due(struct tx *tx, const struct erasure *erasure)
{
	struct query select = query(tx, "SELECT 1 FROM due WHERE store_id = ?1 AND id = ?2 AND kind = 10");

	put_person(&select, erasure);
	return query_int(&select, 0) == 1;
}

/* A message of before that is to be mapped again, or a profile on its way, or refused. */
static bool has_undone(struct tx *tx, const struct erasure *erasure)
{
	struct query select =
		query(tx, "SELECT 1 FROM message_again WHERE store_id = ?1 AND id <= ?2 LIMIT 1");
	int64_t account_id = account_of_store(tx, erasure->search.store_id);

	put_int(&select, 1, erasure->search.store_id);
	put_int(&select, 2, erasure->until_id);
	if (query_int(&select, 0) == 1)
		return true;
	select = query(tx, "SELECT 1 FROM delivery WHERE account_id = ?1 AND kind = 4 AND external_id = ?2"
			   " AND kind <> 3 AND state <= 2 UNION ALL SELECT 1 FROM delivery WHERE state = 4 "
			   "AND account_id = ?1"
			   " AND kind = 4 AND external_id = ?2 LIMIT 1");
	put_int(&select, 1, account_id);
	put_text(&select, 2, erasure->search.person_id);
	return account_id != 0 && query_int(&select, 0) == 1;
}

/* Can anything be done of it now? */
static bool may_go_on(struct tx *tx, const struct erasure *erasure)
{
	if (erasure->phase == PHASE_NEW && account_of_store(tx, erasure->search.store_id) != 0)
		return !is_due(tx, erasure);
	if (erasure->phase == PHASE_WAIT)
		return !has_undone(tx, erasure);
	return true;
}

bool erase_any_due(struct tx *tx, struct arena *arena)
{
	struct erasure *all;
	size_t n = erasures_read(tx, arena, &all);

	for (size_t i = 0; i < n; i++)
		if (may_go_on(tx, &all[i]))
			return true;
	return false;
}

/* ---- a slice ---- */

static struct person_scan scan_of(struct tx *tx, struct erasure *erasure, size_t max_n, struct arena *arena)
{
	return (struct person_scan){ .tx = tx,
				     .arena = arena,
				     .search = &erasure->search,
				     .until_id = erasure->until_id,
				     .spare_profiles = erasure->phase == PHASE_STOP,
				     .max_n = max_n };
}

/* Where the search stands after this step decides what is next. */
static void go_on(struct erasure *erasure)
{
	struct person_search *search = &erasure->search;
	bool over = erasure->phase == PHASE_STOP ? search->source > PERSON_ENDED
						 : search->source == PERSON_SOURCE_COUNT;

	if (erasure->phase == PHASE_NEW || erasure->phase == PHASE_WAIT || over) {
		erasure->phase++;
		*search = (struct person_search){ .store_id = search->store_id,
						  .person_id = search->person_id,
						  .after = STR(""),
						  .root = search->root,
						  .n_root = search->n_root };
	}
}

/* The person's own parts go when all other roots have; then an audit row is all there is. */
static void end_person(struct tx *tx, const struct erasure *erasure, struct arena *arena)
{
	const struct person_search *search = &erasure->search;
	struct entity person = { ENTITY_PERSON, search->person_id };
	struct query change = query(tx, "DELETE FROM erase WHERE store_id = ?1 AND id = ?2");

	put_person(&change, erasure);
	query_run(&change);
	erase_root(tx, search->store_id, person, erasure->until_id, arena);
	person.id = person_alias(search->person_id, arena);
	audit_add(tx, &(struct audit_row){ .code = AUDIT_PERSON_ERASED,
					   .store_id = search->store_id,
					   .root = person,
					   .reason = person.id });
	change = query(tx, "UPDATE erase_file SET wanted = 1");
	query_run(&change);
}

static void end_roots(struct tx *tx, const struct erasure *erasure, size_t max_n, struct arena *arena)
{
	const struct person_search *search = &erasure->search;
	size_t i = 0;

	for (; i < search->n_root && i < max_n; i++) {
		struct query remove =
			query(tx, "DELETE FROM erase_root WHERE store_id = ?1 AND person_id = ?2"
				  " AND kind = ?3 AND id = ?4");

		put_person(&remove, erasure);
		put_int(&remove, 3, search->root[i].kind);
		put_text(&remove, 4, search->root[i].id);
		query_run(&remove);
		if (search->root[i].kind != ENTITY_PERSON || !str_eq(search->root[i].id, search->person_id))
			erase_root(tx, search->store_id, search->root[i], erasure->until_id, arena);
	}
	if (i == search->n_root)
		end_person(tx, erasure, arena);
}

/* All that would bring the person back at Klaviyo; not the deletion itself. */
static bool must_stop(const struct person_hit *hit)
{
	return hit->source == PERSON_QUEUE && hit->kind != KLAVIYO_PROFILE &&
	       !mutant_is(MUTANT_erased_overtake);
}

static void apply(struct person_scan *scan, struct erasure *erasure, struct arena *arena)
{
	if (erasure->phase == PHASE_END) {
		end_roots(scan->tx, erasure, scan->max_n, arena);
		return;
	}
	for (size_t i = 0; i < scan->n_hit; i++)
		if (erasure->phase == PHASE_SCAN || must_stop(&scan->hit[i]))
			erase_row(scan, &scan->hit[i]);
	roots_write(scan->tx, erasure);
	go_on(erasure);
	erasure_write(scan->tx, erasure);
}

/* Is what is deleted overwritten anyway, as some systems build SQLite? 0: no. */
static int64_t overwrites(struct tx *tx)
{
	struct query select = query(tx, "PRAGMA secure_delete");

	return query_int(&select, 0);
}

static bool write_slice(struct db *db, int64_t now_ms, const struct person_scan *found,
			struct erasure *erasure, struct err *err)
{
	struct person_scan scan = *found;
	int64_t before;
	struct tx tx;

	if (!tx_begin_write(&tx, db, CRASH_person_purge, now_ms, err))
		return false;
	scan.tx = &tx;
	before = overwrites(&tx);
	(void)sqlite3_exec(tx.connection->handle, "PRAGMA secure_delete = ON", NULL, NULL, NULL);
	if (is_current(&tx, erasure))
		apply(&scan, erasure, scan.arena);
	if (before == 0)
		(void)sqlite3_exec(tx.connection->handle, "PRAGMA secure_delete = OFF", NULL, NULL, NULL);
	return tx_commit(&tx, err);
}

/* Where a search stands has to be kept, though nothing was found. */
static bool has_moved(const struct person_search *before, const struct person_search *after)
{
	return before->source != after->source || before->day != after->day ||
	       before->after_id != after->after_id || !str_eq(before->after, after->after);
}

/* Looks, on a reader, for the next rows of somebody who need not wait. False in *found: there is nobody. */
static bool find_slice(struct db *db, size_t max_n, struct arena *arena, struct erasure *erasure,
		       struct person_scan *scan, bool *found, int64_t *file, struct err *err)
{
	struct erasure *all;
	struct query wanted;
	struct tx tx;
	size_t n;

	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	n = erasures_read(&tx, arena, &all);
	*found = false;
	for (size_t i = 0; i < n && !*found && tx.rc == SQLITE_OK; i++) {
		if (!may_go_on(&tx, &all[i]))
			continue;
		*erasure = all[i];
		roots_read(&tx, erasure, arena);
		*scan = scan_of(&tx, erasure, max_n, arena);
		person_scan_begin(scan);
		if (erasure->phase == PHASE_STOP || erasure->phase == PHASE_SCAN)
			person_scan_step(scan);
		if (erasure->phase == PHASE_WAIT)
			scan->blocked = person_scan_sending(scan);
		*found = !scan->blocked || scan->n_hit > 0 || has_moved(&all[i].search, &erasure->search);
	}
	wanted = query(&tx, "SELECT wanted FROM erase_file");
	*file = query_int(&wanted, 0);
	return tx_commit(&tx, err);
}

bool sqlite_person_purge(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err)
{
	struct person_scan scan = { 0 };
	struct erasure erasure;
	struct arena arena;
	int64_t file = 0;
	bool ok;

	*more = false;
	if (sqlite_of(db)->broken)
		return err_set(err, ERR_FATAL, "database: the disk has failed before");
	arena_init(&arena);
	ok = find_slice(db, max_n, &arena, &erasure, &scan, more, &file, err);
	if (ok && *more)
		ok = write_slice(db, now_ms, &scan, &erasure, err);
	else if (ok && file != 0)
		ok = erase_file(db, now_ms, file, more, err);
	arena_release(&arena);
	return ok;
}
