/*
 * What is remembered of a shop between its pages: its pace, whether it leads in a circle; and its token,
 * which other processes may renew, so that it is read for each request.
 *
 * Keeps:   a token is on disk only sealed, bound to its store.
 * Threads: the pull role's.
 */
#include "flow/pull_internal.h"

#include "base/alloc.h"

#include <inttypes.h>

struct pull_shop *pull_shop_find(struct pull_shop **first, int64_t store_id)
{
	struct pull_shop *shop;

	for (shop = *first; shop; shop = shop->next)
		if (shop->store_id == store_id)
			return shop;
	shop = mem_zalloc(1, sizeof(*shop));
	shop->store_id = store_id;
	shop->next = *first;
	*first = shop;
	return shop;
}

void pull_shop_free_all(struct pull_shop *first)
{
	while (first) {
		struct pull_shop *next = first->next;

		mem_free(first);
		first = next;
	}
}

/* ---- token ---- */

static struct str cursor_name(const struct settings_store *store, struct arena *arena)
{
	return arena_printf(arena, "pull token %" PRId64, store->id);
}

static struct str label(const struct settings_store *store, struct arena *arena)
{
	return arena_printf(arena, "store/%" PRId64 "/pull_token", store->id);
}

/* What does not open (another key file, a changed row) is no token. */
static struct str open_token(struct flow_ctx *ctx, const struct settings_store *store, struct str kept,
			     struct arena *arena)
{
	struct str sealed, token;
	struct err why;

	if (kept.len == 0 || !base64_decode(arena, kept, &sealed) ||
	    !settings_unseal(ctx->settings, label(store, arena), sealed, arena, &token, &why))
		return STR("");
	return token;
}

bool pull_shop_token(struct flow_ctx *ctx, const struct settings_store *store, struct arena *arena,
		     struct str *token, struct err *err)
{
	struct str kept;

	if (!db_cursor_get(ctx->db, store->account->id, cursor_name(store, arena), arena, &kept, err))
		return err_wrap(err, "read the token of store '%.*s'", STR_ARG(store->name));
	*token = open_token(ctx, store, kept, arena);
	return true;
}

bool pull_shop_keep_token(struct flow_ctx *ctx, const struct settings_store *store, struct str token,
			  struct err *err)
{
	struct arena arena;
	struct str sealed;
	bool ok;

	arena_init(&arena);
	sealed = settings_seal(ctx->settings, label(store, &arena), token, &arena);
	ok = db_cursor_put(ctx->db, clock_wall_ms(ctx->clock), store->account->id, cursor_name(store, &arena),
			   base64_encode(&arena, sealed.p, sealed.len), err);
	arena_release(&arena);
	return ok || err_wrap(err, "keep the token of store '%.*s'", STR_ARG(store->name));
}

/* ---- circles ---- */

bool pull_shop_circles(struct pull_shop *shop, int64_t job_id, struct str cursor)
{
	struct digest16 now = digest16_of(&cursor, 1);

	if (shop->job_id != job_id) {
		shop->job_id = job_id;
		shop->n_page = 0;
		shop->mark_at = 1;
		shop->mark = now;
		return false;
	}
	if (digest16_eq(shop->mark, now))
		return true;
	if (++shop->n_page == shop->mark_at) {
		shop->mark = now;
		shop->mark_at *= 2;
	}
	return false;
}
