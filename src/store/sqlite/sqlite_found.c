/*
 * SQLite backend: what Klaviyo was found to hold, beside what it was told.
 */
#include "base/clock.h"
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

#include <inttypes.h>

#define COLUMNS \
	"kind, external_id, parent_external_id, root_kind, root_id, contents, alike, links, verdict, note"

/* ---- writing ---- */

void found_put(struct tx *tx, int64_t task_id, const struct found_row *row)
{
	struct query write = query(
		tx, "INSERT OR REPLACE INTO found VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");

	put_int(&write, 1, task_id);
	put_int(&write, 2, row->key.kind);
	put_text(&write, 3, row->key.external_id);
	put_text(&write, 4, row->parent_external_id);
	put_int(&write, 5, row->root.kind);
	put_text(&write, 6, row->root.id);
	put_text(&write, 7, row->contents);
	put_digest(&write, 8, &row->alike);
	put_int(&write, 9, row->links);
	put_int(&write, 10, row->verdict);
	put_text(&write, 11, row->note);
	query_run(&write);
}

void found_add_link(struct tx *tx, int64_t task_id, const struct found_link *link)
{
	struct query update = query(
		tx,
		"UPDATE found SET links = links + ?4 WHERE task_id = ?1 AND kind = ?2 AND external_id = ?3");

	put_int(&update, 1, task_id);
	put_int(&update, 2, link->key.kind);
	put_text(&update, 3, link->key.external_id);
	put_int(&update, 4, link->add);
	query_run(&update);
}

/* Keys to be forgotten, at most step->forget_max; rows before FOUND_STALE agree or are not ours. */
static struct query select_forgotten(struct tx *tx, const struct task_row *task, const struct task_step *step)
{
	struct query select =
		step->forget == TASK_FORGET_OTHERS
			? query(tx, "SELECT task_id, kind, external_id FROM found WHERE task_id <> ?1 AND"
				    " task_id NOT IN (SELECT id FROM task WHERE store_id <> ?2)"
				    " ORDER BY task_id, kind, external_id LIMIT ?3")
			: query(tx, "SELECT task_id, kind, external_id FROM found WHERE task_id = ?1"
				    " AND ?2 <> 0 AND verdict < 5 ORDER BY kind, external_id LIMIT ?3");

	put_int(&select, 1, task->id);
	put_int(&select, 2, task->store_id);
	put_int(&select, 3, (int64_t)step->forget_max);
	return select;
}

/* By their whole keys: of a set of keys SQLite would go through the task's rows. */
size_t found_forget(struct tx *tx, const struct task_row *task, const struct task_step *step,
		    struct arena *arena)
{
	struct forgotten {
		int64_t task_id;
		struct found_key key;
	} * row;
	struct query select;
	size_t n = 0;

	if (step->forget == TASK_FORGET_NONE)
		return 0;
	row = ARENA_ARRAY(arena, step->forget_max, struct forgotten);
	select = select_forgotten(tx, task, step);
	for (; query_row(&select); n++)
		row[n] = (struct forgotten){ get_int(&select, 0),
					     { get_klaviyo_kind(&select, 1), get_text(&select, 2, arena) } };
	for (size_t i = 0; i < n; i++) {
		struct query remove =
			query(tx, "DELETE FROM found WHERE task_id = ?1 AND kind = ?2 AND external_id = ?3");

		put_int(&remove, 1, row[i].task_id);
		put_int(&remove, 2, row[i].key.kind);
		put_text(&remove, 3, row[i].key.external_id);
		query_run(&remove);
	}
	return n;
}

/* ---- reading ---- */

static void read_row(const struct query *select, struct arena *arena, struct found *out)
{
	*out = (struct found){
		.is_there = true,
		.row = {
			.key = { get_klaviyo_kind(select, 0), get_text(select, 1, arena) },
			.parent_external_id = get_text(select, 2, arena),
			.root = { get_entity_kind(select, 3), get_text(select, 4, arena) },
			.contents = get_text(select, 5, arena),
			.alike = get_digest(select, 6),
			.links = get_int(select, 7),
			.verdict = (enum found_verdict)get_choice(select, 8, FOUND_VERDICT_COUNT),
			.note = get_text(select, 9, arena),
		},
	};
}

/* Another of its kind that is ours and there: same, kept, moving, stale. */
static bool read_repeats(struct tx *tx, int64_t task_id, const struct found_row *row)
{
	struct query select = query(
		tx,
		"SELECT 1 FROM found INDEXED BY found_alike WHERE task_id = ?1 AND kind = ?2 AND alike = ?3"
		" AND external_id <> ?4 AND verdict IN (1, 2, 3, 5) LIMIT 1");

	if (digest16_is_zero(row->alike))
		return false;
	put_int(&select, 1, task_id);
	put_int(&select, 2, row->key.kind);
	put_digest(&select, 3, &row->alike);
	put_text(&select, 4, row->key.external_id);
	return query_int(&select, 0) == 1;
}

/* When the delivery ended, if that was after the task began. */
static int64_t ended_since(struct tx *tx, const struct task_row *task, int64_t delivery_id)
{
	int64_t today = tx_sequence_ms(tx) / MS_PER_DAY, ended_ms = 0;

	for (int64_t day = store_id_ms(task->since_id) / MS_PER_DAY; day <= today && ended_ms == 0; day++) {
		struct query select;

		if (!day_exists(tx, DAY_DELIVERY, day))
			continue;
		select = query_day(tx, "SELECT ended_ms FROM delivery_%s WHERE id = ?1", day);
		put_int(&select, 1, delivery_id);
		ended_ms = query_int(&select, 0);
	}
	return ended_ms;
}

static bool is_due(struct tx *tx, int64_t store_id, struct entity root)
{
	struct query select = query(tx, "SELECT 1 FROM due WHERE store_id = ?1 AND kind = ?2 AND id = ?3");

	put_entity(&select, 1, store_id, root);
	return query_int(&select, 0) == 1;
}

static void read_sent(struct tx *tx, const struct task_row *task, int64_t account_id, struct arena *arena,
		      struct found *out)
{
	const struct found_key *key = &out->row.key;
	struct delivery entity = { .account_id = account_id,
				   .kind = key->kind,
				   .external_id = key->external_id };
	struct delivery_row undone;
	struct sent_row sent;

	if (!sent_get(tx, account_id, key->kind, key->external_id, arena, &sent) ||
	    account_of_store(tx, sent.store_id) == 0)
		return;
	out->store_id = sent.store_id;
	out->root = sent.root;
	out->exists = sent.state.exists;
	out->wanted_deleted = sent.state.wanted_deleted;
	out->due = is_due(tx, sent.store_id, sent.root);
	out->moving = delivery_of_entity(tx, &entity, 0, arena, &undone) ||
		      store_sent_moving(&sent.state, task, ended_since(tx, task, sent.state.newest_id));
}

static void read_named(struct tx *tx, const struct found_query *wanted, struct arena *arena,
		       struct found *out)
{
	for (size_t i = 0; i < wanted->n_key; i++) {
		struct query select = query(tx, "SELECT " COLUMNS " FROM found WHERE task_id = ?1"
						" AND kind = ?2 AND external_id = ?3");

		out[i] = (struct found){ .row.key = { wanted->key[i].kind,
						      arena_dup(arena, wanted->key[i].external_id) } };
		put_int(&select, 1, wanted->task_id);
		put_int(&select, 2, wanted->key[i].kind);
		put_text(&select, 3, wanted->key[i].external_id);
		if (query_row(&select)) {
			read_row(&select, arena, &out[i]);
			query_end(&select);
		}
	}
}

static size_t walk(struct tx *tx, const struct found_query *wanted, struct arena *arena, struct found *out)
{
	struct query select = query(tx, "SELECT " COLUMNS " FROM found WHERE task_id = ?1"
					" AND (kind, external_id) > (?2, ?3) AND (?4 = 0 OR kind = ?5)"
					" AND (1 << verdict) & ?6 <> 0 ORDER BY kind, external_id LIMIT ?7");
	size_t n = 0;

	put_int(&select, 1, wanted->task_id);
	put_int(&select, 2,
		wanted->after.external_id.len > 0 || wanted->by_kind ? (int64_t)wanted->after.kind : -1);
	put_text(&select, 3, wanted->after.external_id);
	put_bool(&select, 4, wanted->by_kind);
	put_int(&select, 5, wanted->after.kind);
	put_int(&select, 6, wanted->verdicts);
	put_int(&select, 7, (int64_t)wanted->max_n);
	while (query_row(&select))
		read_row(&select, arena, &out[n++]);
	return n;
}

bool sqlite_found_list(struct db *db, const struct found_query *wanted, struct arena *arena,
		       struct found **found, size_t *n, struct err *err)
{
	struct task_row task;
	int64_t account_id;
	bool known;
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_STAGES, err))
		return false;
	*n = 0;
	known = task_find(&tx, wanted->task_id, arena, &task);
	if (known) {
		account_id = account_of_store(&tx, task.store_id);
		*found = ARENA_ARRAY(arena, wanted->n_key > 0 ? wanted->n_key : wanted->max_n, struct found);
		if (wanted->n_key > 0)
			read_named(&tx, wanted, arena, *found);
		*n = wanted->n_key > 0 ? wanted->n_key : walk(&tx, wanted, arena, *found);
		for (size_t i = 0; i < *n; i++) {
			read_sent(&tx, &task, account_id, arena, &(*found)[i]);
			(*found)[i].repeats = read_repeats(&tx, wanted->task_id, &(*found)[i].row);
		}
	}
	if (!tx_commit(&tx, err))
		return false;
	return known || err_set(err, ERR_NOT_FOUND, "no task %" PRId64, wanted->task_id);
}
