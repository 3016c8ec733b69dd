/*
 * SQLite backend: what is kept of a person, for an export.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

static void page_fill(const struct person_scan *scan, struct person_page *page)
{
	int64_t *message = ARENA_ARRAY(scan->arena, scan->n_hit, int64_t);
	int64_t *delivery = ARENA_ARRAY(scan->arena, scan->n_hit, int64_t);
	struct audit_row *audit = ARENA_ARRAY(scan->arena, scan->n_hit, struct audit_row);

	*page = (struct person_page){ .message = message, .delivery = delivery, .audit = audit };
	for (size_t i = 0; i < scan->n_hit; i++) {
		const struct person_hit *hit = &scan->hit[i];

		if (hit->source == PERSON_MESSAGES || hit->source == PERSON_KEPT)
			message[page->n_message++] = hit->id;
		else if (hit->source == PERSON_QUEUE || hit->source == PERSON_ENDED)
			delivery[page->n_delivery++] = hit->id;
		else if (hit->source == PERSON_AUDIT)
			audit[page->n_audit++] = hit->audit;
	}
}

bool sqlite_person_find(struct db *db, struct person_search *search, size_t max_n, struct arena *arena,
			struct person_page *page, struct err *err)
{
	struct person_search moved = *search;
	struct tx tx;
	struct person_scan scan = {
		.tx = &tx, .arena = arena, .search = &moved, .until_id = INT64_MAX, .max_n = max_n
	};

	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	person_scan_begin(&scan);
	person_scan_step(&scan);
	if (!tx_commit(&tx, err))
		return false;
	page_fill(&scan, page);
	*search = moved;
	return true;
}
