/*
 * Grants: tokens, invitations, and ending them.
 */
#include "admin/grants.h"

#include "admin/admin_internal.h"
#include "admin/text.h"

#include <string.h>

#define SECRET_BYTES	  32
#define NAME_BYTES_MAX	  100
#define LAST_CHARACTERS	  4
#define TOKEN_PREFIX	  "pnr_"
#define INVITATION_PREFIX "inv_"

struct digest16 grant_digest(struct str secret)
{
	return digest16_of((struct str[]){ STR("grant"), secret }, 2);
}

struct str grant_secret(struct rand *rand, const char *prefix, struct arena *arena)
{
	unsigned char bytes[SECRET_BYTES];
	char hex[2 * SECRET_BYTES + 1];

	rand_fill(rand, bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), hex);
	return arena_printf(arena, "%s%s", prefix, hex);
}

static bool add(struct look *look, struct grant_row *row, struct str reason, struct err *err)
{
	struct grant_change change = { .kind = GRANT_ADD, .row = *row, .reason = reason };

	return db_grant_change(look->db, row->created_ms, &change, &row->id, err);
}

/* ---- tokens ---- */

static bool check_token_name(struct look *look, struct str name, struct err *err)
{
	return (name.len > 0 && name.len <= NAME_BYTES_MAX && str_eq(text_safe(name, look->arena), name)) ||
	       err_set(err, ERR_INVALID, "the name of a token is 1 to %d bytes of visible text",
		       NAME_BYTES_MAX);
}

static bool join_scopes(struct look *look, const struct token_new *new, struct str *out, struct err *err)
{
	struct strbuf text;
	enum admin_scope scope;

	if (new->n_scope == 0)
		return err_set(err, ERR_INVALID, "name the scopes of the token");
	strbuf_init(&text, 1024);
	for (size_t i = 0; i < new->n_scope; i++) {
		if (!scope_parse(new->scope[i], &scope)) {
			strbuf_release(&text);
			return err_set(err, ERR_INVALID, "no scope '%.*s'", STR_ARG(new->scope[i]));
		}
		strbuf_addf(&text, "%s%s", i ? " " : "", scope_text(scope));
	}
	*out = arena_dup(look->arena, strbuf_str(&text));
	strbuf_release(&text);
	return true;
}

bool token_add(struct look *look, struct rand *rand, const struct user_row *user, const struct token_new *new,
	       struct grant_row *out, struct str *secret, struct err *err)
{
	int64_t now_ms = clock_wall_ms(look->clock);
	struct str reason;

	*out = (struct grant_row){ .kind = GRANT_TOKEN,
				   .user_id = user->id,
				   .name = new->name,
				   .created_ms = now_ms,
				   .expires_ms = new->days > 0 ? now_ms + new->days *MS_PER_DAY : 0 };
	if (new->days < 0 || new->days > TOKEN_DAYS_MAX)
		return err_set(err, ERR_INVALID, "a token lives for 1 to %d days, or with 0 for ever",
			       TOKEN_DAYS_MAX);
	if (!check_token_name(look, new->name, err) || !join_scopes(look, new, &out->scopes, err))
		return false;
	*secret = grant_secret(rand, TOKEN_PREFIX, look->arena);
	out->digest = grant_digest(*secret);
	out->last4 = str_skip(*secret, secret->len - LAST_CHARACTERS);
	reason = arena_printf(look->arena, "token %.*s of %.*s made: %.*s (by %.*s)", STR_ARG(new->name),
			      STR_ARG(user->name), STR_ARG(out->scopes), STR_ARG(new->actor));
	return add(look, out, reason, err);
}

/* ---- invitations ---- */

static bool end_invitations(struct look *look, int64_t user_id, struct err *err)
{
	struct grant_row *row;
	size_t n;

	if (!db_grant_list(look->db, user_id, look->arena, &row, &n, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct grant_change change = { .kind = GRANT_REMOVE, .row = row[i] };
		int64_t id;

		if (row[i].kind == GRANT_INVITATION &&
		    !db_grant_change(look->db, clock_wall_ms(look->clock), &change, &id, err))
			return false;
	}
	return true;
}

bool invitation_add(struct look *look, struct rand *rand, const struct user_row *user, struct str actor,
		    struct grant_row *out, struct str *secret, struct err *err)
{
	int64_t now_ms = clock_wall_ms(look->clock);

	if (!end_invitations(look, user->id, err))
		return false;
	*secret = grant_secret(rand, INVITATION_PREFIX, look->arena);
	*out = (struct grant_row){ .kind = GRANT_INVITATION,
				   .user_id = user->id,
				   .digest = grant_digest(*secret),
				   .created_ms = now_ms,
				   .expires_ms = now_ms + INVITATION_MS };
	return add(look, out,
		   arena_printf(look->arena, "%.*s invited (by %.*s)", STR_ARG(user->name), STR_ARG(actor)),
		   err);
}

/* ---- ending ---- */

bool grant_get(struct look *look, enum grant_kind kind, int64_t id, struct grant_row *out, struct err *err)
{
	struct grant_row *row;
	size_t n;

	if (!db_grant_list(look->db, 0, look->arena, &row, &n, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (row[i].id != id || row[i].kind != kind)
			continue;
		*out = row[i];
		return true;
	}
	return err_set(err, ERR_NOT_FOUND, "there is no such %s", kind == GRANT_TOKEN ? "token" : "session");
}

bool grant_remove(struct look *look, const struct grant_row *grant, struct str actor, struct err *err)
{
	struct grant_change change = { .kind = GRANT_REMOVE, .row = *grant };
	int64_t id;

	change.reason = arena_printf(look->arena, "%s %.*s ended (by %.*s)",
				     grant->kind == GRANT_TOKEN ? "token" : "session", STR_ARG(grant->name),
				     STR_ARG(actor));
	return db_grant_change(look->db, clock_wall_ms(look->clock), &change, &id, err);
}
