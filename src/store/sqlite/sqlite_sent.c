/*
 * SQLite backend: what Klaviyo was told of each of its entities.
 */
#include "store/sqlite/sqlite_rows.h"

bool sent_get(struct tx *tx, int64_t account_id, enum klaviyo_kind kind, struct str external_id,
	      struct arena *arena, struct sent_row *out)
{
	struct query select = query(
		tx,
		"SELECT store_id, root_kind, root_id, parent_external_id, accepted_parent, exists_there,"
		" left_us, wanted, wanted_deleted, accepted, accepted_deleted, newest_id, moved_id FROM sent"
		" WHERE account_id = ?1 AND kind = ?2 AND external_id = ?3");

	*out = (struct sent_row){ .account_id = account_id, .kind = kind, .external_id = external_id };
	put_int(&select, 1, account_id);
	put_int(&select, 2, kind);
	put_text(&select, 3, external_id);
	if (!query_row(&select))
		return false;
	out->store_id = get_int(&select, 0);
	out->root = (struct entity){ get_entity_kind(&select, 1), get_text(&select, 2, arena) };
	out->state = (struct sent_state){
		.parent_external_id = get_text(&select, 3, arena),
		.accepted_parent = get_text(&select, 4, arena),
		.exists = get_bool(&select, 5),
		.left = get_bool(&select, 6),
		.wanted = get_digest(&select, 7),
		.wanted_deleted = get_bool(&select, 8),
		.accepted = get_digest(&select, 9),
		.accepted_deleted = get_bool(&select, 10),
		.newest_id = get_int(&select, 11),
		.moved_id = get_int(&select, 12),
	};
	query_end(&select);
	return true;
}

struct sent_row sent_take(struct tx *tx, int64_t account_id, struct found_key key, int64_t store_id,
			  struct entity root, struct arena *arena)
{
	struct sent_row sent;

	if (sent_get(tx, account_id, key.kind, key.external_id, arena, &sent) && sent.store_id != store_id &&
	    account_of_store(tx, sent.store_id) == 0)
		sent.state = (struct sent_state){ 0 };
	sent.store_id = store_id;
	sent.root = root;
	return sent;
}

static bool same_row(const struct sent_row *a, const struct sent_row *b)
{
	return a->store_id == b->store_id && entity_eq(a->root, b->root) &&
	       str_eq(a->state.parent_external_id, b->state.parent_external_id) &&
	       str_eq(a->state.accepted_parent, b->state.accepted_parent) &&
	       a->state.exists == b->state.exists && a->state.left == b->state.left &&
	       digest16_eq(a->state.wanted, b->state.wanted) &&
	       a->state.wanted_deleted == b->state.wanted_deleted &&
	       digest16_eq(a->state.accepted, b->state.accepted) &&
	       a->state.accepted_deleted == b->state.accepted_deleted &&
	       a->state.newest_id == b->state.newest_id && a->state.moved_id == b->state.moved_id;
}

static void put_row(struct query *write, const struct sent_row *row)
{
	const struct sent_state *state = &row->state;

	put_int(write, 1, row->account_id);
	put_int(write, 2, row->kind);
	put_text(write, 3, row->external_id);
	put_int(write, 4, row->store_id);
	put_int(write, 5, row->root.kind);
	put_text(write, 6, row->root.id);
	put_text(write, 7, state->parent_external_id);
	put_text(write, 8, state->accepted_parent);
	put_bool(write, 9, state->exists);
	put_bool(write, 10, state->left);
	put_digest(write, 11, &state->wanted);
	put_bool(write, 12, state->wanted_deleted);
	put_digest(write, 13, &state->accepted);
	put_bool(write, 14, state->accepted_deleted);
	put_int(write, 15, state->newest_id);
	put_int(write, 16, state->moved_id);
	query_run(write);
}

void sent_put(struct tx *tx, const struct sent_row *before, const struct sent_row *row)
{
	struct query write;

	if (before && same_row(before, row))
		return;
	write = query(
		tx,
		"INSERT INTO sent VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,"
		" ?16)"
		" ON CONFLICT DO UPDATE SET store_id = ?4, root_kind = ?5, root_id = ?6,"
		" parent_external_id = ?7, accepted_parent = ?8, exists_there = ?9, left_us = ?10, wanted ="
		" ?11,"
		" wanted_deleted = ?12, accepted = ?13, accepted_deleted = ?14, newest_id = ?15,"
		" moved_id = ?16");
	put_row(&write, row);
}
