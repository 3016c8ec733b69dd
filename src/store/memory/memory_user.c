/*
 * Memory backend: users and what lets them in.
 */
#include "store/memory/memory_internal.h"

#include <inttypes.h>
#include <stdlib.h>

static struct user_row user_dup(struct arena *arena, const struct user_row *row)
{
	struct user_row copy = *row;

	copy.name = arena_dup(arena, row->name);
	copy.stores = arena_dup(arena, row->stores);
	copy.password = arena_dup(arena, row->password);
	copy.totp_sealed = arena_dup(arena, row->totp_sealed);
	return copy;
}

static struct grant_row grant_dup(struct arena *arena, const struct grant_row *row)
{
	struct grant_row copy = *row;

	copy.name = arena_dup(arena, row->name);
	copy.scopes = arena_dup(arena, row->scopes);
	copy.last4 = arena_dup(arena, row->last4);
	copy.remote = arena_dup(arena, row->remote);
	return copy;
}

static int by_name(const void *a, const void *b)
{
	const struct user_row *left = a, *right = b;

	return str_cmp(left->name, right->name);
}

bool memory_user_list(struct db *db, struct arena *arena, struct user_row **row, size_t *n, struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)err;
	*n = memory->user.n;
	*row = ARENA_ARRAY(arena, *n + 1, struct user_row);
	for (size_t i = 0; i < *n; i++)
		(*row)[i] = user_dup(arena, &memory->user.at[i]);
	qsort(*row, *n, sizeof(**row), by_name);
	memory_unlock(memory);
	return true;
}

static struct user_row *find_user(struct memory *memory, int64_t id)
{
	for (size_t i = 0; i < memory->user.n; i++)
		if (memory->user.at[i].id == id)
			return &memory->user.at[i];
	return NULL;
}

static void end_grants(struct memory *memory, int64_t user_id)
{
	for (size_t i = memory->grant.n; i-- > 0;)
		if (memory->grant.at[i].user_id == user_id)
			LIST_REMOVE(&memory->grant, i);
}

/* Is there an owner besides this user? */
static bool other_owner(const struct memory *memory, int64_t id)
{
	for (size_t i = 0; i < memory->user.n; i++)
		if (memory->user.at[i].id != id && user_is_master(&memory->user.at[i]))
			return true;
	return false;
}

static bool may_put(struct memory *memory, const struct user_change *change, struct err *err)
{
	const struct user_row *row = &change->row, *old = find_user(memory, row->id);

	if (row->id != 0 && !old)
		return err_set(err, ERR_NOT_FOUND, "no user %" PRId64, row->id);
	if (old && old->version != row->version)
		return err_set(err, ERR_CONFLICT, "user '%.*s' is at version %" PRId64 ", not %" PRId64,
			       STR_ARG(old->name), old->version, row->version);
	if (!old && change->first && memory->user.n > 0)
		return err_set(err, ERR_CONFLICT, "there is a user already");
	if (!old && memory->user.n >= STORE_USERS_MAX)
		return err_set(err, ERR_TOO_LARGE, "there are %d users already", STORE_USERS_MAX);
	for (size_t i = 0; i < memory->user.n; i++)
		if (&memory->user.at[i] != old && str_eq(memory->user.at[i].name, row->name))
			return err_set(err, ERR_INVALID, "there is a user '%.*s' already",
				       STR_ARG(row->name));
	if (old && user_is_master(old) && !user_is_master(row) && !other_owner(memory, old->id))
		return err_set(err, ERR_CONFLICT, STORE_TEXT_LAST_OWNER);
	return true;
}

static void put_user(struct memory *memory, int64_t now_ms, const struct user_change *change, int64_t *id)
{
	struct user_row *row = find_user(memory, change->row.id);
	struct user_row kept = { .id = memory->last_user_id + 1, .created_ms = now_ms };

	if (row) {
		kept = *row;
	} else {
		row = LIST_ADD(&memory->user);
		memory->last_user_id++;
	}
	*row = user_dup(&memory->arena, &change->row);
	row->id = *id = kept.id;
	row->version = kept.version + 1;
	row->totp_step = kept.totp_step;
	row->failed = kept.failed;
	row->locked_until_ms = kept.locked_until_ms;
	row->created_ms = kept.created_ms;
	row->seen_ms = kept.seen_ms;
	if (change->end_grants)
		end_grants(memory, *id);
}

static bool remove_user(struct memory *memory, int64_t id, struct err *err)
{
	struct user_row *row = find_user(memory, id);

	if (!row)
		return err_set(err, ERR_NOT_FOUND, "no user %" PRId64, id);
	if (user_is_master(row) && !other_owner(memory, id))
		return err_set(err, ERR_CONFLICT, STORE_TEXT_LAST_OWNER);
	LIST_REMOVE(&memory->user, (size_t)(row - memory->user.at));
	end_grants(memory, id);
	return true;
}

static bool note_sign_in(struct memory *memory, const struct user_row *note, struct err *err)
{
	struct user_row *row = find_user(memory, note->id);

	if (!row)
		return err_set(err, ERR_NOT_FOUND, "no user %" PRId64, note->id);
	row->totp_step = note->totp_step;
	row->failed = note->failed;
	row->locked_until_ms = note->locked_until_ms;
	row->seen_ms = note->seen_ms;
	return true;
}

static bool change_user(struct memory *memory, int64_t now_ms, const struct user_change *change, int64_t *id,
			struct err *err)
{
	*id = change->row.id;
	switch (change->kind) {
	case USER_PUT:
		if (!may_put(memory, change, err))
			return false;
		put_user(memory, now_ms, change, id);
		return true;
	case USER_REMOVE:
		return remove_user(memory, change->row.id, err);
	case USER_SIGN_IN:
		return note_sign_in(memory, &change->row, err);
	}
	return err_set(err, ERR_INVALID, "unknown change");
}

bool memory_user_change(struct db *db, int64_t now_ms, const struct user_change *change, int64_t *id,
			struct err *err)
{
	struct memory *memory = memory_lock(db);
	bool ok = change_user(memory, now_ms, change, id, err);

	if (ok && change->reason.len > 0)
		memory_audit(
			memory, now_ms,
			&(struct audit_row){ .code = user_change_code(change), .reason = change->reason });
	memory_unlock(memory);
	return ok;
}

/* ---- grants ---- */

bool memory_grant_find(struct db *db, struct digest16 digest, struct arena *arena, struct grant_row *grant,
		       struct user_row *user, struct err *err)
{
	struct memory *memory = memory_lock(db);
	bool found = false;

	for (size_t i = 0; i < memory->grant.n && !found; i++) {
		if (!digest16_eq(memory->grant.at[i].digest, digest))
			continue;
		found = true;
		*grant = grant_dup(arena, &memory->grant.at[i]);
		*user = user_dup(arena, find_user(memory, grant->user_id));
	}
	memory_unlock(memory);
	return found || err_set(err, ERR_NOT_FOUND, "no such grant");
}

bool memory_grant_list(struct db *db, int64_t user_id, struct arena *arena, struct grant_row **row, size_t *n,
		       struct err *err)
{
	struct memory *memory = memory_lock(db);

	(void)err;
	*row = ARENA_ARRAY(arena, memory->grant.n + 1, struct grant_row);
	*n = 0;
	for (size_t i = memory->grant.n; i-- > 0;)
		if (user_id == 0 || memory->grant.at[i].user_id == user_id)
			(*row)[(*n)++] = grant_dup(arena, &memory->grant.at[i]);
	memory_unlock(memory);
	return true;
}

static bool has_expired(const struct grant_row *row, int64_t now_ms)
{
	return row->expires_ms > 0 && row->expires_ms <= now_ms;
}

static bool may_add(const struct memory *memory, int64_t now_ms, const struct grant_row *row, struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < memory->grant.n; i++) {
		const struct grant_row *other = &memory->grant.at[i];

		if (has_expired(other, now_ms))
			continue;
		if (digest16_eq(other->digest, row->digest))
			return err_set(err, ERR_INVALID, "this grant is there already");
		n += other->user_id == row->user_id;
	}
	return n < STORE_USERS_MAX || err_set(err, ERR_TOO_LARGE, "the user has too many of them");
}

static bool add_grant(struct memory *memory, int64_t now_ms, const struct grant_row *row, int64_t *id,
		      struct err *err)
{
	struct grant_row *added;

	if (!find_user(memory, row->user_id))
		return err_set(err, ERR_NOT_FOUND, "no user %" PRId64, row->user_id);
	if (!may_add(memory, now_ms, row, err))
		return false;
	for (size_t i = memory->grant.n; i-- > 0;)
		if (has_expired(&memory->grant.at[i], now_ms))
			LIST_REMOVE(&memory->grant, i);
	added = LIST_ADD(&memory->grant);
	*added = grant_dup(&memory->arena, row);
	added->id = *id = ++memory->last_grant_id;
	return true;
}

static bool change_grant(struct memory *memory, int64_t now_ms, const struct grant_change *change,
			 int64_t *id, struct err *err)
{
	struct grant_row *row = NULL;

	if (change->kind == GRANT_ADD)
		return add_grant(memory, now_ms, &change->row, id, err);
	*id = change->row.id;
	for (size_t i = 0; i < memory->grant.n; i++)
		if (memory->grant.at[i].id == *id && memory->grant.at[i].user_id == change->row.user_id)
			row = &memory->grant.at[i];
	if (!row)
		return err_set(err, ERR_NOT_FOUND, "no such grant");
	if (change->kind == GRANT_REMOVE) {
		LIST_REMOVE(&memory->grant, (size_t)(row - memory->grant.at));
		return true;
	}
	row->remote = memory_text(memory, change->row.remote);
	row->seen_ms = change->row.seen_ms;
	row->expires_ms = change->row.expires_ms;
	return true;
}

bool memory_grant_change(struct db *db, int64_t now_ms, const struct grant_change *change, int64_t *id,
			 struct err *err)
{
	struct memory *memory = memory_lock(db);
	bool ok = change_grant(memory, now_ms, change, id, err);

	if (ok && change->reason.len > 0)
		memory_audit(memory, now_ms,
			     &(struct audit_row){ .code = AUDIT_USER_CHANGED, .reason = change->reason });
	memory_unlock(memory);
	return ok;
}
