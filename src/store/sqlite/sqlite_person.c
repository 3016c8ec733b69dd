/*
 * SQLite backend: finding all that is kept of a person, a few thousand rows at a time.
 *
 * Does:    walk through facts, deliveries, what was sent, messages and the audit, in this order, so that
 *          orders are known to be the person's when what came of them is looked at.
 * Doesn't: have indexes of its own: this is seldom, and every index costs each message.
 */
#include "store/sqlite/sqlite_audit.h"

#include <string.h>

#define SCAN_ROWS  4000
#define SCAN_BYTES ((size_t)4 << 20)

/* ---- what was found ---- */

static bool scan_full(const struct person_scan *scan)
{
	return scan->n_row >= SCAN_ROWS || scan->bytes >= SCAN_BYTES || scan->n_hit >= scan->max_n ||
	       scan->blocked;
}

static bool is_root(const struct person_scan *scan, struct entity root)
{
	for (size_t i = 0; i < scan->search->n_root; i++)
		if (entity_eq(scan->root[i], root))
			return true;
	return false;
}

static void add_root(struct person_scan *scan, struct entity root)
{
	struct person_search *search = scan->search;

	if (root.id.len == 0 || is_root(scan, root))
		return;
	if (search->n_root == scan->root_capacity) {
		size_t capacity = search->n_root ? 2 * search->n_root : 16;
		struct entity *larger = ARENA_ARRAY(scan->arena, capacity, struct entity);

		if (search->n_root > 0)
			memcpy(larger, scan->root, search->n_root * sizeof(*larger));
		scan->root = larger;
		scan->root_capacity = capacity;
	}
	scan->root[search->n_root++] = (struct entity){ root.kind, arena_dup(scan->arena, root.id) };
	search->root = scan->root;
}

/* An audit row may give two. */
static struct person_hit *add_hit(struct person_scan *scan, int64_t id)
{
	struct person_hit *hit = &scan->hit[scan->n_hit++];

	*hit = (struct person_hit){ .source = scan->search->source, .id = id, .day = scan->search->day };
	return hit;
}

static struct entity entity_at(const struct query *select, int column, struct arena *arena)
{
	return (struct entity){ get_entity_kind(select, column), get_text(select, column + 1, arena) };
}

void person_scan_begin(struct person_scan *scan)
{
	struct person_search *search = scan->search;
	struct entity person = { ENTITY_PERSON, search->person_id };
	struct query select = query(scan->tx, "SELECT body FROM fact WHERE store_id = ?1 AND kind = ?2"
					      " AND id = ?3 AND is_set = 1");

	person_terms_init(&scan->terms, search->person_id);
	put_entity(&select, 1, search->store_id, person);
	while (query_row(&select))
		person_terms_add(&scan->terms, peek_text(&select, 0), scan->arena);
	scan->root = ARENA_ARRAY(scan->arena, search->n_root + 1, struct entity);
	if (search->n_root > 0)
		memcpy(scan->root, search->root, search->n_root * sizeof(*scan->root));
	scan->root_capacity = search->n_root + 1;
	search->root = scan->root;
	add_root(scan, person);
	scan->hit = ARENA_ARRAY(scan->arena, scan->max_n + 1, struct person_hit);
}

/* ---- facts ---- */

static bool fact_is_theirs(const struct person_scan *scan, enum entity_kind kind, const struct query *row)
{
	if (kind == ENTITY_PERSON)
		return person_is_key(&scan->terms, peek_text(row, 3));
	return person_may_own(kind) && person_is_named(&scan->terms, peek_text(row, 5));
}

static bool scan_facts(struct person_scan *scan)
{
	struct person_search *search = scan->search;
	struct query select = query(scan->tx, "SELECT rowid, store_id, kind, id, seq, body FROM fact"
					      " WHERE rowid > ?1 ORDER BY rowid");

	put_int(&select, 1, search->after_id);
	while (query_row(&select)) {
		enum entity_kind kind = get_entity_kind(&select, 2);

		search->after_id = get_int(&select, 0);
		scan->n_row++;
		if (get_int(&select, 1) == search->store_id && kind >= ENTITY_ORDER &&
		    get_int(&select, 4) <= scan->until_id) {
			struct entity root = entity_at(&select, 2, scan->arena);

			scan->bytes += peek_text(&select, 5).len;
			if (!is_root(scan, root) && fact_is_theirs(scan, kind, &select)) {
				add_root(scan, root);
				add_hit(scan, 0)->root = root;
			}
		}
		if (scan_full(scan)) {
			query_end(&select);
			return false;
		}
	}
	return true;
}

/* ---- deliveries ---- */

static bool is_theirs(const struct person_scan *scan, struct entity root, struct str external_id,
		      struct str parent_external_id)
{
	return is_root(scan, root) || person_is_key(&scan->terms, parent_external_id) ||
	       person_is_named(&scan->terms, external_id);
}

/* Columns of a delivery that are looked at. */
#define DELIVERY_FOUND \
	"SELECT id, store_id, kind, op, state, external_id, parent_external_id, message_id, root_kind, " \
	"root_id"

/* What came of a newer message, as of a product in it, is of the old order all the same. */
static bool delivery_is_theirs(const struct person_scan *scan, const struct query *row, struct entity root)
{
	bool erases = get_int(row, 2) == KLAVIYO_PROFILE && get_int(row, 3) == DELIVERY_DELETE;
	bool old = get_int(row, 7) <= scan->until_id || (root.kind == ENTITY_ORDER && is_root(scan, root));

	return get_int(row, 1) == scan->search->store_id && (erases || old) &&
	       is_theirs(scan, root, peek_text(row, 5), peek_text(row, 6));
}

/* It has to end first. */
static bool is_in_the_way(const struct person_scan *scan, const struct query *row)
{
	return scan->until_id != INT64_MAX && get_int(row, 4) == DELIVERY_SENDING &&
	       !(scan->spare_profiles && get_int(row, 2) == KLAVIYO_PROFILE);
}

/*
 * What waits must not leave, whatever is being sent before it; so the pass that stops the queue goes past
 * what is in the way, and comes again: for that, for what stands before the row by which an order was known,
 * and for orders that are known by what has ended.
 */
#define PASS_AGAIN 1	     /* of search->day: an order was found to be theirs */
#define PASS_WAITS 2	     /* of it: something was in the way */
#define PASS_LAST  4	     /* of it: what has ended was looked through */
#define PASS_OVER  INT64_MAX /* search->after_id: behind a pass, waiting for what is being sent */

static void note_pass(struct person_scan *scan, int64_t flag)
{
	if (scan->spare_profiles && scan->search->source == PERSON_QUEUE)
		scan->search->day |= flag;
}

/* search->after, of PERSON_ENDED when it is erased: an order was found that may own what stands before. */
#define ENDED_AGAIN STR("again")

static void note_order(struct person_scan *scan)
{
	note_pass(scan, PASS_AGAIN);
	if (!scan->spare_profiles && scan->until_id != INT64_MAX && scan->search->source == PERSON_ENDED)
		scan->search->after = ENDED_AGAIN;
}

static void found_delivery(struct person_scan *scan, const struct query *row, struct entity root)
{
	struct person_hit *hit = add_hit(scan, get_int(row, 0));

	hit->kind = get_klaviyo_kind(row, 2);
	hit->root = root;
}

static void look_at_delivery(struct person_scan *scan, const struct query *row, struct entity root)
{
	size_t n_root = scan->search->n_root;

	/* Also by what is being sent: what else waits of the order must not leave. */
	if (root.kind == ENTITY_ORDER)
		add_root(scan, root);
	if (scan->search->n_root > n_root)
		note_order(scan);
	if (is_in_the_way(scan, row)) {
		note_pass(scan, PASS_WAITS);
		scan->blocked = !scan->spare_profiles;
		return;
	}
	found_delivery(scan, row, root);
}

/* True at the end of these rows. */
static bool scan_deliveries(struct person_scan *scan, struct query *select)
{
	put_int(select, 1, scan->search->after_id);
	while (query_row(select)) {
		struct entity root = entity_at(select, 8, scan->arena);
		int64_t id = get_int(select, 0);

		scan->n_row++;
		if (delivery_is_theirs(scan, select, root))
			look_at_delivery(scan, select, root);
		if (!scan->blocked)
			scan->search->after_id = id;
		if (scan_full(scan)) {
			query_end(select);
			return false;
		}
	}
	return true;
}

bool person_scan_sending(struct person_scan *scan)
{
	struct query select =
		query(scan->tx, DELIVERY_FOUND " FROM delivery WHERE batch_id <> 0 ORDER BY batch_id, id");

	while (query_row(&select)) {
		if (delivery_is_theirs(scan, &select, entity_at(&select, 8, scan->arena)) &&
		    is_in_the_way(scan, &select)) {
			query_end(&select);
			return true;
		}
	}
	return false;
}

static void begin_pass(struct person_search *search)
{
	search->day &= PASS_LAST;
	search->after_id = 0;
}

/* True: it was the last of this visit; else the next one begins, or waits. */
static bool end_pass(struct person_scan *scan)
{
	struct person_search *search = scan->search;

	if (search->day & PASS_AGAIN) {
		begin_pass(search);
		return false;
	}
	if (!(search->day & PASS_LAST) || !(search->day & PASS_WAITS))
		return true;
	search->after_id = PASS_OVER;
	scan->blocked = person_scan_sending(scan);
	return false;
}

static bool scan_queue(struct person_scan *scan)
{
	struct query select;

	if (scan->search->after_id == PASS_OVER) {
		scan->blocked = person_scan_sending(scan);
		if (scan->blocked)
			return false;
		begin_pass(scan->search);
	}
	select = query(scan->tx, DELIVERY_FOUND " FROM delivery WHERE id > ?1 ORDER BY id");
	return scan_deliveries(scan, &select) && (!scan->spare_profiles || end_pass(scan));
}

static bool scan_ended(struct person_scan *scan)
{
	struct query select = query_day_once(
		scan->tx, DELIVERY_FOUND " FROM delivery_%s WHERE id > ?1 ORDER BY id", scan->search->day);

	return scan_deliveries(scan, &select);
}

/* ---- what was sent ---- */

static bool scan_sent(struct person_scan *scan)
{
	struct person_search *search = scan->search;
	struct query select = query(
		scan->tx, "SELECT account_id, kind, external_id, store_id, root_kind, root_id,"
			  " parent_external_id FROM sent WHERE (account_id, kind, external_id) > (?1, ?2, ?3)"
			  " ORDER BY account_id, kind, external_id");

	put_int(&select, 1, search->after_id);
	put_int(&select, 2, search->day);
	put_text(&select, 3, search->after);
	while (query_row(&select)) {
		struct entity root = entity_at(&select, 4, scan->arena);
		struct str external_id = peek_text(&select, 2);

		scan->n_row++;
		if (get_int(&select, 3) == search->store_id &&
		    is_theirs(scan, root, external_id, peek_text(&select, 6))) {
			struct person_hit *hit = add_hit(scan, 0);

			hit->account_id = get_int(&select, 0);
			hit->kind = get_klaviyo_kind(&select, 1);
			hit->external_id = arena_dup(scan->arena, external_id);
			hit->root = root;
		}
		if (scan_full(scan)) {
			search->after_id = get_int(&select, 0);
			search->day = get_int(&select, 1);
			search->after = arena_dup(scan->arena, external_id);
			query_end(&select);
			return false;
		}
	}
	return true;
}

/* ---- messages ---- */

/* Rows of id, source_id, body. */
static bool scan_messages(struct person_scan *scan, struct query *select)
{
	put_int(select, 1, scan->search->store_id);
	put_int(select, 2, scan->search->after_id);
	put_int(select, 3, scan->until_id);
	while (query_row(select)) {
		int64_t id = get_int(select, 0);

		scan->n_row++;
		scan->bytes += peek_text(select, 2).len;
		scan->search->after_id = id;
		if (person_is_named(&scan->terms, peek_text(select, 2)) ||
		    person_is_named(&scan->terms, peek_text(select, 1)))
			(void)add_hit(scan, id);
		if (scan_full(scan)) {
			query_end(select);
			return false;
		}
	}
	return true;
}

#define MESSAGES_FOUND "SELECT id, source_id, body FROM "
#define MESSAGES_OF    " WHERE store_id = ?1 AND id > ?2 AND id <= ?3 ORDER BY id"

static bool scan_day(struct person_scan *scan)
{
	struct query select =
		query_day_once(scan->tx, MESSAGES_FOUND "message_%s" MESSAGES_OF, scan->search->day);

	return scan_messages(scan, &select);
}

static bool scan_kept(struct person_scan *scan)
{
	struct query select = query(scan->tx, MESSAGES_FOUND "message_kept" MESSAGES_OF);

	return scan_messages(scan, &select);
}

/* ---- audit ---- */

static void found_audit(struct person_scan *scan, const struct audit_row *row, int64_t run_id, bool by_root)
{
	struct person_hit *hit = add_hit(scan, row->id);

	hit->audit = *row;
	hit->root = row->root;
	hit->run_id = run_id;
	if (!by_root || row->message_id == 0)
		return;
	hit = add_hit(scan, row->message_id);
	hit->source = PERSON_MESSAGES;
}

static void look_at_audit(struct person_scan *scan, const struct audit_row *row, int64_t run_id)
{
	bool by_root;

	scan->n_row++;
	scan->search->after_id = row->id;
	if (row->store_id != scan->search->store_id || row->message_id > scan->until_id)
		return;
	by_root = is_root(scan, row->root);
	if (by_root || person_is_named(&scan->terms, row->reason))
		found_audit(scan, row, run_id, by_root);
}

/* From the row of the table that has after_id: the last step may have ended in the midst of a run. */
static bool scan_audit(struct person_scan *scan)
{
	int64_t after_id = scan->search->after_id;
	struct query select =
		query_day_once(scan->tx,
			       "SELECT " AUDIT_COLUMNS " FROM audit_%s WHERE id >= coalesce((SELECT max(id)"
			       " FROM audit_%s WHERE id <= ?1), 0) ORDER BY id",
			       scan->search->day);

	put_int(&select, 1, after_id);
	while (query_row(&select)) {
		size_t n;
		const struct audit_row *row = audit_rows_read(&select, scan->arena, &n);

		for (size_t i = 0; i < n; i++) {
			if (scan_full(scan)) {
				query_end(&select);
				return false;
			}
			if (row[i].id > after_id)
				look_at_audit(scan, &row[i], get_int(&select, 0));
		}
	}
	return true;
}

/* ---- all of it ---- */

static const struct {
	bool (*scan)(struct person_scan *scan); /* true: at the end of it, or of its day */
	bool by_day;
	enum day_kind day;
} source_row[PERSON_SOURCE_COUNT] = {
	[PERSON_FACTS] = { scan_facts, false, DAY_KIND_COUNT },
	[PERSON_QUEUE] = { scan_queue, false, DAY_KIND_COUNT },
	[PERSON_ENDED] = { scan_ended, true, DAY_DELIVERY },
	[PERSON_SENT] = { scan_sent, false, DAY_KIND_COUNT },
	[PERSON_MESSAGES] = { scan_day, true, DAY_MESSAGE },
	[PERSON_KEPT] = { scan_kept, false, DAY_KIND_COUNT },
	[PERSON_AUDIT] = { scan_audit, true, DAY_AUDIT },
};

static void next_source(const struct person_scan *scan)
{
	struct person_search *search = scan->search;
	bool last = search->source == PERSON_QUEUE && (search->day & PASS_LAST);
	bool back = scan->spare_profiles && search->source == PERSON_ENDED;
	bool again = search->source == PERSON_ENDED && search->after.len > 0;

	search->source = again ? PERSON_ENDED : back ? PERSON_QUEUE : last ? PERSON_SENT : search->source + 1;
	search->day = back ? PASS_LAST : 0;
	search->after_id = 0;
	search->after = STR("");
}

static void next_day(struct person_search *search)
{
	search->day++;
	search->after_id = 0;
}

/* The first day from search->day on that is still there; false: there is none. */
static bool find_day(struct person_scan *scan)
{
	struct person_search *search = scan->search;
	struct query select = query(scan->tx, "SELECT min(day) FROM day WHERE kind = ?1 AND day >= ?2");
	int64_t day;

	put_int(&select, 1, source_row[search->source].day);
	put_int(&select, 2, search->day);
	day = query_int(&select, INT64_MAX);
	if (day != search->day)
		search->after_id = 0;
	search->day = day;
	return day != INT64_MAX;
}

/*
 * What is found in the queue ends, and is in the history then: a step that erases does not look there before
 * that is done.
 */
static bool queue_has_to_end(const struct person_scan *scan)
{
	return scan->search->source == PERSON_QUEUE + 1 && scan->until_id != INT64_MAX && scan->n_hit > 0;
}

void person_scan_step(struct person_scan *scan)
{
	struct person_search *search = scan->search;

	while (search->source < PERSON_SOURCE_COUNT && !scan_full(scan) && scan->tx->rc == SQLITE_OK) {
		bool by_day = source_row[search->source].by_day;

		if (by_day && !find_day(scan))
			next_source(scan);
		else if (!source_row[search->source].scan(scan))
			return;
		else if (by_day)
			next_day(search);
		else
			next_source(scan);
		if (queue_has_to_end(scan) && search->day == 0)
			return;
		if (scan->spare_profiles && search->source > PERSON_ENDED)
			return;
	}
}
