/*
 * The events of one batch, as Klaviyo's bulk request nests them: entries of one profile each, events within.
 *
 * The request is made of these rows, and its errors are traced back to deliveries by the same rows: both must
 * see the same nesting.
 * Keeps:   the order of deliveries. Of events with one id of one person only the first is said: Klaviyo
 *          refuses a request that repeats one.
 * Pure.
 */
#include "klaviyo/render_internal.h"

#include <stdlib.h>

#define NOWHERE SIZE_MAX

static bool read_row(const struct delivery *delivery, struct arena *arena, struct event_row *row,
		     struct err *err)
{
	struct json_member member[RENDER_MEMBERS_MAX];
	struct delivery now = *delivery;
	size_t n;

	now.body = klaviyo_event_now(delivery, arena);
	if (!render_read_resource(&now, member, &n, err))
		return false;
	row->member = ARENA_ARRAY(arena, RENDER_MEMBERS_MAX, struct json_member);
	if (!json_scan(render_find_member(member, n, "attributes"), row->member, RENDER_MEMBERS_MAX,
		       &row->n_member, NULL, NULL) ||
	    row->n_member == RENDER_MEMBERS_MAX || event_row_profile(row).len == 0)
		return render_bad_body(delivery, err);
	return true;
}

struct str event_row_profile(const struct event_row *row)
{
	return render_find_member(row->member, row->n_member, "profile");
}

/* Whom it is told of. */
static struct str person_of(const struct delivery *event)
{
	return event->person_now.len > 0 ? event->person_now : event->parent_external_id;
}

struct known_id {
	struct str id;
	size_t at;
};

static int compare_ids(const void *a, const void *b)
{
	const struct known_id *left = a, *right = b;
	int order = str_cmp(left->id, right->id);

	return order != 0 ? order : (left->at > right->at) - (left->at < right->at);
}

/* Where the id of each came last before it; NOWHERE if it did not. */
static size_t *ids_before(const struct delivery *delivery, size_t n, struct arena *arena)
{
	struct known_id *known = ARENA_ARRAY(arena, n, struct known_id);
	size_t *before = ARENA_ARRAY(arena, n, size_t);

	for (size_t i = 0; i < n; i++)
		known[i] = (struct known_id){ delivery[i].external_id, i };
	qsort(known, n, sizeof(*known), compare_ids);
	for (size_t i = 0; i < n; i++)
		before[known[i].at] =
			i > 0 && str_eq(known[i - 1].id, known[i].id) ? known[i - 1].at : NOWHERE;
	return before;
}

/* The first that is said of the same id and person. */
static const struct event_row *find_same(const struct delivery *delivery, const struct event_row *row,
					 const size_t *before, size_t i)
{
	const struct event_row *same = NULL;

	for (size_t k = before[i]; k != NOWHERE; k = before[k])
		if (!row[k].repeated && (str_eq(person_of(&delivery[k]), person_of(&delivery[i])) ||
					 str_eq(event_row_profile(&row[k]), event_row_profile(&row[i]))))
			same = &row[k];
	return same;
}

/* Behind the last one that is said, in its entry or in a new one. */
static void place(struct event_row *row, const struct event_row *last)
{
	if (!last)
		return;
	row->entry = last->entry;
	row->at = last->at + 1;
	if (str_eq(event_row_profile(last), event_row_profile(row)))
		return;
	row->entry++;
	row->at = 0;
}

bool event_rows_read(const struct delivery *delivery, size_t n, struct arena *arena, struct event_row **out,
		     struct err *err)
{
	struct event_row *row = ARENA_ARRAY(arena, n, struct event_row);
	const struct event_row *last = NULL, *same;
	const size_t *before = ids_before(delivery, n, arena);

	for (size_t i = 0; i < n; i++) {
		if (!read_row(&delivery[i], arena, &row[i], err))
			return false;
		same = find_same(delivery, row, before, i);
		if (same) {
			row[i].repeated = true;
			row[i].entry = same->entry;
			row[i].at = same->at;
			continue;
		}
		place(&row[i], last);
		last = &row[i];
	}
	*out = row;
	return true;
}
