/*
 * SQLite backend: users and what lets them in.
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"

#include <inttypes.h>

#define USER_COLUMNS \
	"user.id, user.version, user.name, user.role, user.stores, user.password, user.totp_sealed, " \
	"user.totp_step, user.failed, user.locked_until_ms, user.created_ms, user.seen_ms"
#define GRANT_COLUMNS \
	"grant_.id, grant_.kind, grant_.user_id, grant_.digest, grant_.name, grant_.scopes, grant_.last4, " \
	"grant_.remote, grant_.created_ms, grant_.expires_ms, grant_.seen_ms"
#define GRANT_WIDTH 11

static struct user_row get_user(const struct query *select, int at, struct arena *arena)
{
	return (struct user_row){
		.id = get_int(select, at),
		.version = get_int(select, at + 1),
		.name = get_text(select, at + 2, arena),
		.role = (enum user_role)get_choice(select, at + 3, USER_ROLE_COUNT),
		.stores = get_text(select, at + 4, arena),
		.password = get_text(select, at + 5, arena),
		.totp_sealed = get_text(select, at + 6, arena),
		.totp_step = get_int(select, at + 7),
		.failed = get_int(select, at + 8),
		.locked_until_ms = get_int(select, at + 9),
		.created_ms = get_int(select, at + 10),
		.seen_ms = get_int(select, at + 11),
	};
}

static struct grant_row get_grant(const struct query *select, struct arena *arena)
{
	return (struct grant_row){
		.id = get_int(select, 0),
		.kind = (enum grant_kind)get_choice(select, 1, GRANT_KIND_COUNT),
		.user_id = get_int(select, 2),
		.digest = get_digest(select, 3),
		.name = get_text(select, 4, arena),
		.scopes = get_text(select, 5, arena),
		.last4 = get_text(select, 6, arena),
		.remote = get_text(select, 7, arena),
		.created_ms = get_int(select, 8),
		.expires_ms = get_int(select, 9),
		.seen_ms = get_int(select, 10),
	};
}

static int64_t count_users(struct tx *tx)
{
	struct query count = query(tx, "SELECT count(*) FROM user");

	return query_int(&count, 0);
}

bool sqlite_user_list(struct db *db, struct arena *arena, struct user_row **row, size_t *n, struct err *err)
{
	struct query select;
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	*row = ARENA_ARRAY(arena, (size_t)count_users(&tx) + 1, struct user_row);
	select = query(&tx, "SELECT " USER_COLUMNS " FROM user ORDER BY name");
	for (*n = 0; query_row(&select); (*n)++)
		(*row)[*n] = get_user(&select, 0, arena);
	return tx_commit(&tx, err);
}

/* ---- changes of users ---- */

static bool find_user(struct tx *tx, int64_t id, struct arena *arena, struct user_row *out)
{
	struct query select = query(tx, "SELECT " USER_COLUMNS " FROM user WHERE id = ?1");
	bool found;

	put_int(&select, 1, id);
	found = query_row(&select);
	if (found) {
		*out = get_user(&select, 0, arena);
		query_end(&select);
	}
	return found;
}

/* Is there an owner besides this user? */
static bool other_owner(struct tx *tx, int64_t id)
{
	struct query select = query(tx, "SELECT 1 FROM user WHERE id <> ?1 AND role = ?2 AND stores = '' AND"
					" password <> ''");

	put_int(&select, 1, id);
	put_int(&select, 2, USER_OWNER);
	return query_int(&select, 0) != 0;
}

static bool name_taken(struct tx *tx, const struct user_row *row)
{
	struct query select = query(tx, "SELECT 1 FROM user WHERE name = ?1 AND id <> ?2");

	put_text(&select, 1, row->name);
	put_int(&select, 2, row->id);
	return query_int(&select, 0) != 0;
}

static bool may_put(struct tx *tx, const struct user_change *change, struct arena *arena, struct err *err)
{
	const struct user_row *row = &change->row;
	struct user_row old = { 0 };

	if (row->id != 0 && !find_user(tx, row->id, arena, &old))
		return err_set(err, ERR_NOT_FOUND, "no user %" PRId64, row->id);
	if (row->id != 0 && old.version != row->version)
		return err_set(err, ERR_CONFLICT, "user '%.*s' is at version %" PRId64 ", not %" PRId64,
			       STR_ARG(old.name), old.version, row->version);
	if (row->id == 0 && change->first && count_users(tx) > 0)
		return err_set(err, ERR_CONFLICT, "there is a user already");
	if (row->id == 0 && count_users(tx) >= STORE_USERS_MAX)
		return err_set(err, ERR_TOO_LARGE, "there are %d users already", STORE_USERS_MAX);
	if (name_taken(tx, row))
		return err_set(err, ERR_INVALID, "there is a user '%.*s' already", STR_ARG(row->name));
	if (row->id != 0 && user_is_master(&old) && !user_is_master(row) && !other_owner(tx, row->id))
		return err_set(err, ERR_CONFLICT, STORE_TEXT_LAST_OWNER);
	return true;
}

static void end_grants(struct tx *tx, int64_t user_id)
{
	struct query remove = query(tx, "DELETE FROM grant_ WHERE user_id = ?1");

	put_int(&remove, 1, user_id);
	query_run(&remove);
}

static int64_t write_user(struct tx *tx, const struct user_row *row)
{
	struct query write = query(
		tx,
		"INSERT INTO user VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, 0, 0, 0, ?7, 0)"
		" ON CONFLICT (id) DO UPDATE SET version = version + 1, name = ?2, role = ?3, stores = ?4,"
		" password = ?5, totp_sealed = ?6 RETURNING id");

	if (row->id)
		put_int(&write, 1, row->id);
	else
		put_null(&write, 1);
	put_text(&write, 2, row->name);
	put_int(&write, 3, row->role);
	put_text(&write, 4, row->stores);
	put_text(&write, 5, row->password);
	put_blob(&write, 6, row->totp_sealed);
	put_int(&write, 7, tx->now_ms);
	return query_int(&write, 0);
}

static bool remove_user(struct tx *tx, int64_t id, struct arena *arena, struct err *err)
{
	struct query remove;
	struct user_row row;

	if (!find_user(tx, id, arena, &row))
		return err_set(err, ERR_NOT_FOUND, "no user %" PRId64, id);
	if (user_is_master(&row) && !other_owner(tx, id))
		return err_set(err, ERR_CONFLICT, STORE_TEXT_LAST_OWNER);
	remove = query(tx, "DELETE FROM user WHERE id = ?1");
	put_int(&remove, 1, id);
	query_run(&remove);
	end_grants(tx, id);
	return true;
}

static bool note_sign_in(struct tx *tx, const struct user_row *row, struct err *err)
{
	struct query update = query(tx, "UPDATE user SET totp_step = ?2, failed = ?3, locked_until_ms = ?4, "
					"seen_ms = ?5 WHERE id = ?1");

	put_int(&update, 1, row->id);
	put_int(&update, 2, row->totp_step);
	put_int(&update, 3, row->failed);
	put_int(&update, 4, row->locked_until_ms);
	put_int(&update, 5, row->seen_ms);
	query_run(&update);
	return query_changes(&update) == 1 || err_set(err, ERR_NOT_FOUND, "no user %" PRId64, row->id);
}

static bool change_user(struct tx *tx, const struct user_change *change, int64_t *id, struct arena *arena,
			struct err *err)
{
	*id = change->row.id;
	switch (change->kind) {
	case USER_PUT:
		if (!may_put(tx, change, arena, err))
			return false;
		*id = write_user(tx, &change->row);
		if (change->end_grants)
			end_grants(tx, *id);
		return true;
	case USER_REMOVE:
		return remove_user(tx, change->row.id, arena, err);
	case USER_SIGN_IN:
		return note_sign_in(tx, &change->row, err);
	}
	return err_set(err, ERR_INVALID, "unknown change");
}

/* Ends a change: with its audit row, or without effect if it was refused. */
static bool finish(struct tx *tx, bool ok, enum audit_code code, struct str reason, struct err *err)
{
	if (!ok && tx->rc == SQLITE_OK) {
		tx_abort(tx);
		return false;
	}
	if (reason.len > 0)
		audit_add(tx, &(struct audit_row){ .code = code, .reason = reason });
	return tx_commit(tx, err);
}

bool sqlite_user_change(struct db *db, int64_t now_ms, const struct user_change *change, int64_t *id,
			struct err *err)
{
	struct arena arena;
	struct tx tx;
	bool ok;

	if (!tx_begin_write(&tx, db, CRASH_user_change, now_ms, err))
		return false;
	arena_init(&arena);
	ok = change_user(&tx, change, id, &arena, err);
	arena_release(&arena);
	return finish(&tx, ok, user_change_code(change), change->reason, err);
}

/* ---- grants ---- */

bool sqlite_grant_find(struct db *db, struct digest16 digest, struct arena *arena, struct grant_row *grant,
		       struct user_row *user, struct err *err)
{
	struct query select;
	struct tx tx;
	bool found;

	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	select = query(&tx, "SELECT " GRANT_COLUMNS ", " USER_COLUMNS
			    " FROM grant_ JOIN user ON user.id = grant_.user_id WHERE digest = ?1");
	put_digest(&select, 1, &digest);
	found = query_row(&select);
	if (found) {
		*grant = get_grant(&select, arena);
		*user = get_user(&select, GRANT_WIDTH, arena);
		query_end(&select);
	}
	return tx_commit(&tx, err) && (found || err_set(err, ERR_NOT_FOUND, "no such grant"));
}

bool sqlite_grant_list(struct db *db, int64_t user_id, struct arena *arena, struct grant_row **row, size_t *n,
		       struct err *err)
{
	struct query count, select;
	struct tx tx;

	if (!tx_begin_read(&tx, db, READER_PEOPLE, err))
		return false;
	count = query(&tx, "SELECT count(*) FROM grant_");
	*row = ARENA_ARRAY(arena, (size_t)query_int(&count, 0) + 1, struct grant_row);
	select = query(&tx, user_id ? "SELECT " GRANT_COLUMNS
				      " FROM grant_ WHERE user_id = ?1 ORDER BY id DESC"
				    : "SELECT " GRANT_COLUMNS " FROM grant_ ORDER BY id DESC");
	if (user_id)
		put_int(&select, 1, user_id);
	for (*n = 0; query_row(&select); (*n)++)
		(*row)[*n] = get_grant(&select, arena);
	return tx_commit(&tx, err);
}

static bool may_add(struct tx *tx, const struct grant_row *row, struct err *err)
{
	struct query select = query(tx, "SELECT 1 FROM user WHERE id = ?1");

	put_int(&select, 1, row->user_id);
	if (!query_int(&select, 0))
		return err_set(err, ERR_NOT_FOUND, "no user %" PRId64, row->user_id);
	select = query(tx, "SELECT 1 FROM grant_ WHERE digest = ?1");
	put_digest(&select, 1, &row->digest);
	if (query_int(&select, 0))
		return err_set(err, ERR_INVALID, "this grant is there already");
	select = query(tx, "SELECT count(*) FROM grant_ WHERE user_id = ?1");
	put_int(&select, 1, row->user_id);
	return query_int(&select, 0) < STORE_USERS_MAX ||
	       err_set(err, ERR_TOO_LARGE, "the user has too many of them");
}

static bool add_grant(struct tx *tx, const struct grant_row *row, int64_t *id, struct err *err)
{
	struct query write = query(tx, "DELETE FROM grant_ WHERE expires_ms > 0 AND expires_ms <= ?1");

	put_int(&write, 1, tx->now_ms);
	query_run(&write);
	if (!may_add(tx, row, err))
		return false;
	write = query(
		tx, "INSERT INTO grant_ VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING id");
	put_int(&write, 1, row->kind);
	put_int(&write, 2, row->user_id);
	put_digest(&write, 3, &row->digest);
	put_text(&write, 4, row->name);
	put_text(&write, 5, row->scopes);
	put_text(&write, 6, row->last4);
	put_text(&write, 7, row->remote);
	put_int(&write, 8, row->created_ms);
	put_int(&write, 9, row->expires_ms);
	put_int(&write, 10, row->seen_ms);
	*id = query_int(&write, 0);
	return true;
}

static bool change_grant(struct tx *tx, const struct grant_change *change, int64_t *id, struct err *err)
{
	const struct grant_row *row = &change->row;
	struct query write;

	if (change->kind == GRANT_ADD)
		return add_grant(tx, row, id, err);
	*id = row->id;
	if (change->kind == GRANT_REMOVE) {
		write = query(tx, "DELETE FROM grant_ WHERE id = ?1 AND user_id = ?2");
	} else {
		write = query(tx, "UPDATE grant_ SET remote = ?3, seen_ms = ?4, expires_ms = ?5"
				  " WHERE id = ?1 AND user_id = ?2");
		put_text(&write, 3, row->remote);
		put_int(&write, 4, row->seen_ms);
		put_int(&write, 5, row->expires_ms);
	}
	put_int(&write, 1, row->id);
	put_int(&write, 2, row->user_id);
	query_run(&write);
	return query_changes(&write) == 1 || err_set(err, ERR_NOT_FOUND, "no such grant");
}

bool sqlite_grant_change(struct db *db, int64_t now_ms, const struct grant_change *change, int64_t *id,
			 struct err *err)
{
	struct tx tx;

	if (!tx_begin_write(&tx, db, CRASH_grant_change, now_ms, err))
		return false;
	return finish(&tx, change_grant(&tx, change, id, err), AUDIT_USER_CHANGED, change->reason, err);
}
