/*
 * All runs by their filters: groups of them, and the search through these. Pure: no state of its own.
 */
#include "store/sqlite/seen_runs.h"

#include "base/alloc.h"

/* ---- adding and dropping ---- */

static struct seen_group *newest(const struct seen_runs *runs)
{
	return runs->group[runs->n_group - 1];
}

static size_t room_for(const struct seen_runs *runs, const struct seen_filter *filter)
{
	return runs->n_group > 0 ? seen_group_room(newest(runs), filter) : 0;
}

static void group_add(struct seen_runs *runs, const struct seen_filter *like, size_t n)
{
	runs->group = mem_resize(runs->group, (runs->n_group + 1) * sizeof(struct seen_group *));
	runs->group[runs->n_group++] = seen_group_new(like, n);
}

/* How many of the first are of one kind. */
static size_t count_alike(const struct seen_run *run, size_t n)
{
	size_t n_alike = 1;

	while (n_alike < n && run[n_alike].filter.n_block == run->filter.n_block &&
	       run[n_alike].filter.n_hash == run->filter.n_hash)
		n_alike++;
	return n_alike;
}

/* As many of the first as can be added together; how many. Where kinds change nobody knows what follows. */
static size_t add_some(struct seen_runs *runs, const struct seen_run *run, size_t n, size_t n_more)
{
	size_t n_alike = count_alike(run, n), room;

	if (room_for(runs, &run->filter) == 0)
		group_add(runs, &run->filter, n_alike < n ? n_alike : n + n_more);
	room = room_for(runs, &run->filter);
	n_alike = n_alike < room ? n_alike : room;
	seen_group_add(newest(runs), run, n_alike);
	return n_alike;
}

void seen_runs_add(struct seen_runs *runs, const struct seen_run *run, size_t n, size_t n_more)
{
	for (size_t n_added = 0; n_added < n;)
		n_added += add_some(runs, run + n_added, n - n_added, n_more);
}

void seen_runs_prepare(struct seen_runs *runs)
{
	if (runs->n_group > 0)
		seen_group_prepare(newest(runs));
}

void seen_runs_drop(struct seen_runs *runs, int64_t last_day)
{
	size_t n = 0;

	for (size_t i = 0; i < runs->n_group; i++) {
		struct seen_group *group = runs->group[i];

		if (seen_group_drop(group, last_day))
			runs->group[n++] = group;
		else
			seen_group_free(group);
	}
	runs->n_group = n;
}

void seen_runs_free(struct seen_runs *runs)
{
	for (size_t i = 0; i < runs->n_group; i++)
		seen_group_free(runs->group[i]);
	mem_free(runs->group);
	*runs = (struct seen_runs){ 0 };
}

/* ---- searching ---- */

struct seen_search seen_search(const struct seen_runs *runs, uint64_t hash)
{
	return (struct seen_search){
		.runs = runs,
		.places = seen_places(hash),
		.n_group = runs->n_group,
	};
}

/* Takes the newest run out of maybe: its place in the group. */
static bool take_newest(uint64_t maybe[SEEN_GROUP_WORDS], size_t *at)
{
	for (size_t k = SEEN_GROUP_WORDS; k-- > 0;)
		if (maybe[k]) {
			unsigned bit = 63 - (unsigned)__builtin_clzll(maybe[k]);

			maybe[k] &= ~(UINT64_C(1) << bit);
			*at = k * 64 + bit;
			return true;
		}
	return false;
}

bool seen_search_next(struct seen_search *search, int64_t *run, int64_t *day)
{
	size_t at;

	while (!take_newest(search->maybe, &at)) {
		bool found = false;

		while (search->n_group > 0 && !found)
			found = seen_group_find(search->runs->group[--search->n_group], &search->places,
						search->maybe);
		if (!found)
			return false;
	}
	*run = search->runs->group[search->n_group]->run[at];
	*day = search->runs->group[search->n_group]->day[at];
	return true;
}
