/*
 * Mending: what is missing or stale is told again, what is orphaned is deleted.
 *
 * Does:    notes what Klaviyo really has, and makes the root due: publish tells what is missing, with the
 *          fewest requests, as after any change. Orphans, which no root stands for, are published here.
 * Doesn't: send.
 * Keeps:   what began to change meanwhile is left alone. Variants go before their items, these before
 *          categories.
 */
#include "flow/reconcile_internal.h"

#define ROWS_AT_ONCE 100

/* The next rows with these verdicts, behind the place, which moves; none: the next stage. */
static bool next_rows(struct reconcile_work *work, struct found_query query, struct found **found, size_t *n,
		      struct err *err)
{
	query.task_id = work->task->id;
	query.max_n = ROWS_AT_ONCE;
	query.after.external_id = work->place.after;
	if (!query.by_kind)
		query.after.kind = (enum klaviyo_kind)work->place.kind;
	if (!db_found_list(work->ctx->db, &query, work->arena, found, n, err))
		return err_wrap(err, "read what differs");
	if (*n == 0) {
		reconcile_next_stage(work);
		return true;
	}
	work->place.kind = (int)(*found)[*n - 1].row.key.kind;
	work->place.after = (*found)[*n - 1].row.key.external_id;
	return true;
}

static struct found_learn learn_of(const struct found_row *row, bool due)
{
	bool exists = row->verdict != FOUND_MISSING;

	return (struct found_learn){
		.key = row->key,
		.parent_external_id = exists ? row->parent_external_id : STR(""),
		.root = row->root,
		.exists = exists,
		.due = due,
	};
}

bool reconcile_retell(struct reconcile_work *work, struct err *err)
{
	struct found_query query = { .verdicts = 1u << FOUND_MISSING | 1u << FOUND_STALE };
	struct task_step step = { 0 };
	struct found_learn *learn;
	struct found *found;
	size_t n, n_forgotten;

	if (!next_rows(work, query, &found, &n, err))
		return false;
	learn = ARENA_ARRAY(work->arena, n, struct found_learn);
	for (size_t i = 0; i < n; i++)
		if (!found[i].moving)
			learn[step.n_learn++] = learn_of(&found[i].row, true);
	step.learn = learn;
	work->report.n_told += (int64_t)step.n_learn;
	return reconcile_end_piece(work, &step, &n_forgotten, err);
}

static struct catalog_publication deletion_of(struct reconcile_work *work, const struct found_row *row)
{
	struct delivery_new *delete = ARENA_NEW(work->arena, struct delivery_new);

	*delete = (struct delivery_new){
		.kind = row->key.kind,
		.op = DELIVERY_DELETE,
		.external_id = row->key.external_id,
		.parent_external_id = row->parent_external_id,
	};
	return (struct catalog_publication){
		.store_id = work->store->id,
		.account_id = work->store->account->id,
		.root = row->root,
		.delivery = delete,
		.n_delivery = 1,
		.note = row->verdict == FOUND_DUPLICATE ? STR("found at Klaviyo: repeats another of the shop")
							: STR("found at Klaviyo: not in the shop"),
	};
}

bool reconcile_delete(struct reconcile_work *work, enum klaviyo_kind kind, struct err *err)
{
	struct found_query query = {
		.verdicts = 1u << FOUND_ORPHAN | 1u << FOUND_DUPLICATE,
		.by_kind = true,
		.after.kind = kind,
	};
	struct task_step step = { 0 };
	struct catalog_publication *publication;
	struct found_learn *learn;
	struct found *found;
	size_t n, n_forgotten;

	if (!next_rows(work, query, &found, &n, err))
		return false;
	learn = ARENA_ARRAY(work->arena, n, struct found_learn);
	publication = ARENA_ARRAY(work->arena, n, struct catalog_publication);
	for (size_t i = 0; i < n; i++) {
		if (found[i].moving || (found[i].store_id != 0 && found[i].store_id != work->store->id))
			continue;
		learn[step.n_learn++] = learn_of(&found[i].row, false);
		publication[step.n_publication++] = deletion_of(work, &found[i].row);
	}
	step.learn = learn;
	step.publication = publication;
	work->report.n_deleted += (int64_t)step.n_publication;
	return reconcile_end_piece(work, &step, &n_forgotten, err);
}
