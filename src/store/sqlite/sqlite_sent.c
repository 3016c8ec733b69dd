/*
 * SQLite backend: what Klaviyo was told of each of its entities.
 */
#include "store/sqlite/sqlite_internal.h"

bool sent_get(struct tx *tx, int64_t account_id, enum klaviyo_kind kind, struct str external_id, struct arena *arena,
	      struct sent_row *out)
{
	struct query select = query(tx, "SELECT store_id, root_kind, root_id, parent_external_id, accepted_parent, exists_there,"
					" left_us, wanted, wanted_deleted, accepted, accepted_deleted, newest_id FROM sent"
					" WHERE account_id = ?1 AND kind = ?2 AND external_id = ?3");

	*out = (struct sent_row){ .account_id = account_id, .kind = kind, .external_id = external_id };
	put_int(&select, 1, account_id);
	put_int(&select, 2, kind);
	put_text(&select, 3, external_id);
	if (!query_row(&select))
		return false;
	out->store_id = get_int(&select, 0);
	out->root = (struct entity){ (enum entity_kind)get_int(&select, 1), get_text(&select, 2, arena) };
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
	};
	query_end(&select);
	return true;
}

void sent_put(struct tx *tx, const struct sent_row *row)
{
	const struct sent_state *state = &row->state;
	struct query write = query(tx, "INSERT OR REPLACE INTO sent VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
				       " ?13, ?14, ?15)");

	put_int(&write, 1, row->account_id);
	put_int(&write, 2, row->kind);
	put_text(&write, 3, row->external_id);
	put_int(&write, 4, row->store_id);
	put_int(&write, 5, row->root.kind);
	put_text(&write, 6, row->root.id);
	put_text(&write, 7, state->parent_external_id);
	put_text(&write, 8, state->accepted_parent);
	put_bool(&write, 9, state->exists);
	put_bool(&write, 10, state->left);
	put_digest(&write, 11, &state->wanted);
	put_bool(&write, 12, state->wanted_deleted);
	put_digest(&write, 13, &state->accepted);
	put_bool(&write, 14, state->accepted_deleted);
	put_int(&write, 15, state->newest_id);
	query_run(&write);
}
