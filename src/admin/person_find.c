/*
 * Gathering what is kept of a person, step by step (db_person_find).
 */
#include "admin/person_find.h"

#include <stdlib.h>
#include <string.h>

#define STEP_MAX 1000 /* rows of one step */

/* Appends n items of this size to *at, which has *n_at. */
static void *joined(struct arena *arena, void *at, size_t n_at, const void *more, size_t n, size_t size)
{
	char *all;

	if (n == 0)
		return at;
	all = arena_zalloc(arena, n_at + n, size);
	if (n_at > 0)
		memcpy(all, at, n_at * size);
	memcpy(all + n_at * size, more, n * size);
	return all;
}

static void add_page(struct look *look, const struct person_page *page, struct person_found *out)
{
	out->message = joined(look->arena, out->message, out->n_message, page->message, page->n_message,
			      sizeof(*out->message));
	out->n_message += page->n_message;
	out->delivery = joined(look->arena, out->delivery, out->n_delivery, page->delivery, page->n_delivery,
			       sizeof(*out->delivery));
	out->n_delivery += page->n_delivery;
	out->audit = joined(look->arena, out->audit, out->n_audit, page->audit, page->n_audit,
			    sizeof(*out->audit));
	out->n_audit += page->n_audit;
}

static int compare_ids(const void *a, const void *b)
{
	const int64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void each_once(int64_t *id, size_t *n)
{
	size_t kept = 0;

	if (*n > 1)
		qsort(id, *n, sizeof(*id), compare_ids);
	for (size_t i = 0; i < *n; i++)
		if (kept == 0 || id[kept - 1] != id[i])
			id[kept++] = id[i];
	*n = kept;
}

bool person_find(struct look *look, int64_t store_id, struct str email, struct person_found *out,
		 struct err *err)
{
	struct person_search search = { .store_id = store_id, .person_id = email };

	*out = (struct person_found){ .store_id = store_id };
	while (search.source != PERSON_SOURCE_COUNT) {
		struct person_page page;

		if (!db_person_find(look->db, &search, STEP_MAX, look->arena, &page, err))
			return false;
		add_page(look, &page, out);
	}
	each_once(out->message, &out->n_message);
	each_once(out->delivery, &out->n_delivery);
	out->root = search.root;
	out->n_root = search.n_root;
	return true;
}

bool person_known(struct look *look, int64_t store_id, struct str email, bool *known, struct err *err)
{
	struct person_found found;

	if (!person_find(look, store_id, email, &found, err))
		return false;
	*known = found.n_root > 1 || found.n_message > 0 || found.n_delivery > 0 || found.n_audit > 0;
	return true;
}
