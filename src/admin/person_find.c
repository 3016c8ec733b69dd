/*
 * Gathering what is kept of a person, step by step (db_person_find): under the address asked for, and under
 * all others that the shop knows, or knew, the same customer by.
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

static int compare_audit(const void *a, const void *b)
{
	const struct audit_row *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

static void each_row_once(struct audit_row *row, size_t *n)
{
	size_t kept = 0;

	if (*n > 1)
		qsort(row, *n, sizeof(*row), compare_audit);
	for (size_t i = 0; i < *n; i++)
		if (kept == 0 || row[kept - 1].id != row[i].id)
			row[kept++] = row[i];
	*n = kept;
}

static bool has_root(const struct person_found *found, size_t n, struct entity root)
{
	for (size_t i = 0; i < n; i++)
		if (entity_eq(found->root[i], root))
			return true;
	return false;
}

static void add_roots(struct look *look, const struct person_search *search, struct person_found *out)
{
	size_t before = out->n_root;

	for (size_t i = 0; i < search->n_root; i++) {
		if (has_root(out, before, search->root[i]))
			continue;
		out->root =
			joined(look->arena, out->root, out->n_root, &search->root[i], 1, sizeof(*out->root));
		out->n_root++;
	}
}

/* All that is found under one address, or phone number. */
static bool find_one(struct look *look, struct str person_id, struct person_found *out, struct err *err)
{
	struct person_search search = { .store_id = out->store_id, .person_id = person_id };

	while (search.source != PERSON_SOURCE_COUNT) {
		struct person_page page;

		if (!db_person_find(look->db, &search, STEP_MAX, look->arena, &page, err))
			return false;
		add_page(look, &page, out);
	}
	add_roots(look, &search, out);
	return true;
}

/* Nobody is known by the address: then it has no kin. */
static bool find_kin(struct look *look, struct str email, struct person_found *out, struct err *err)
{
	struct entity person = { ENTITY_PERSON, email };
	struct err problem = { ERR_NONE, "" };
	struct catalog_root root;

	if (!db_catalog_get(look->db, out->store_id, person, look->arena, &root, &problem))
		return problem.code == ERR_NOT_FOUND || err_set(err, problem.code, "%s", problem.msg);
	for (size_t i = 0; i < root.n_entity; i++) {
		struct entity kin = root.entity[i].entity;

		if (kin.kind == ENTITY_PERSON && !entity_eq(kin, person) && !find_one(look, kin.id, out, err))
			return false;
	}
	return true;
}

bool person_find(struct look *look, int64_t store_id, struct str email, struct person_found *out,
		 struct err *err)
{
	*out = (struct person_found){ .store_id = store_id };
	if (!find_one(look, email, out, err) || !find_kin(look, email, out, err))
		return false;
	each_once(out->message, &out->n_message);
	each_once(out->delivery, &out->n_delivery);
	each_row_once(out->audit, &out->n_audit);
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
