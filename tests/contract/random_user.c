/* Model test of the store: users, and what lets them in. */
#include "contract/random_side.h"

static const char *const names[] = { "ann", "bob", "cyd", "dan" };

static void say_users(struct side *side)
{
	struct user_row *row = NULL;
	struct err err = { 0 };
	size_t n = 0;

	if (!say_result(side, db_user_list(side->db, &side->arena, &row, &n, &err), &err))
		return;
	for (size_t i = 0; i < n; i++) {
		say_line(side, "user");
		say_int(side, row[i].id);
		say_int(side, row[i].version);
		say_text(side, row[i].name);
		say_int(side, (int64_t)row[i].role);
		say_text(side, row[i].stores);
		say_text(side, row[i].password);
		say_text(side, row[i].totp_sealed);
		say_int(side, row[i].totp_step);
		say_int(side, row[i].failed);
		say_int(side, row[i].locked_until_ms);
		say_int(side, row[i].seen_ms);
	}
}

void op_users(struct side *side)
{
	struct user_change change = { .kind = (enum user_change_kind)below(side, 3) };
	struct err err = { 0 };
	int64_t id = 0;

	change.row = (struct user_row){ .id = (int64_t)below(side, 6),
					.version = 1 + (int64_t)below(side, 2),
					.name = str_from(names[below(side, 4)]),
					.role = (enum user_role)below(side, USER_ROLE_COUNT),
					.stores = chance(side, 70) ? STR("") : STR("1,2"),
					.password = chance(side, 80) ? STR("hash") : STR(""),
					.totp_sealed = chance(side, 80) ? STR("") : STR("sealed"),
					.totp_step = (int64_t)below(side, 9),
					.failed = (int64_t)below(side, 9),
					.locked_until_ms = (int64_t)below(side, 9),
					.seen_ms = (int64_t)below(side, 9) };
	change.first = chance(side, 10);
	change.end_grants = chance(side, 30);
	change.refused = chance(side, 50);
	change.reason = chance(side, 80) ? STR("because") : STR("");
	if (say_result(side, db_user_change(side->db, side->now_ms, &change, &id, &err), &err))
		say_int(side, id);
	say_users(side);
}

static struct digest16 digest_of(struct side *side)
{
	struct digest16 digest = { { 1, (unsigned char)below(side, 12) } };

	return digest;
}

static void say_grant(struct side *side, const struct grant_row *row)
{
	say_line(side, "grant");
	say_int(side, row->id);
	say_int(side, (int64_t)row->kind);
	say_int(side, row->user_id);
	say_digest(side, row->digest);
	say_text(side, row->name);
	say_text(side, row->scopes);
	say_text(side, row->last4);
	say_text(side, row->remote);
	say_int(side, row->created_ms);
	say_int(side, row->expires_ms);
	say_int(side, row->seen_ms);
}

static void say_grants(struct side *side)
{
	struct grant_row *row = NULL, one;
	struct user_row user;
	struct err err = { 0 };
	size_t n = 0;

	if (say_result(side, db_grant_list(side->db, (int64_t)below(side, 5), &side->arena, &row, &n, &err),
		       &err))
		for (size_t i = 0; i < n; i++)
			say_grant(side, &row[i]);
	if (!say_result(side, db_grant_find(side->db, digest_of(side), &side->arena, &one, &user, &err),
			&err))
		return;
	say_grant(side, &one);
	say_text(side, user.name);
}

void op_grants(struct side *side)
{
	struct grant_change change = { .kind = (enum grant_change_kind)below(side, 3) };
	struct err err = { 0 };
	int64_t id = 0;

	change.row =
		(struct grant_row){ .id = (int64_t)below(side, 8),
				    .kind = (enum grant_kind)below(side, GRANT_KIND_COUNT),
				    .user_id = 1 + (int64_t)below(side, 4),
				    .digest = digest_of(side),
				    .name = STR("browser"),
				    .scopes = STR("self"),
				    .last4 = STR("abcd"),
				    .remote = chance(side, 50) ? STR("::1") : STR("127.0.0.1"),
				    .created_ms = side->now_ms,
				    .expires_ms =
					    chance(side, 30) ? 0 : side->now_ms + (int64_t)below(side, 5000),
				    .seen_ms = side->now_ms };
	change.reason = chance(side, 30) ? STR("because") : STR("");
	if (say_result(side, db_grant_change(side->db, side->now_ms, &change, &id, &err), &err))
		say_int(side, id);
	say_grants(side);
}
