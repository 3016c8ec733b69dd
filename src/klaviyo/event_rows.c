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

static const struct event_row *find_same(const struct delivery *delivery, const struct event_row *row,
					 size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!row[k].repeated && str_eq(delivery[k].external_id, delivery[i].external_id) &&
		    (str_eq(person_of(&delivery[k]), person_of(&delivery[i])) ||
		     str_eq(event_row_profile(&row[k]), event_row_profile(&row[i]))))
			return &row[k];
	return NULL;
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

	for (size_t i = 0; i < n; i++) {
		if (!read_row(&delivery[i], arena, &row[i], err))
			return false;
		same = find_same(delivery, row, i);
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
