/*
 * Pulling from OpenCart: the extension's signed endpoint, whose pages are the messages that it would send.
 *
 * Source: integrations/opencart/lib/pull.php, docs/platforms/opencart.md.
 * Pure.
 */
#include "base/attr.h"
#include "base/json.h"
#include "platform/opencart/opencart_internal.h"
#include "platform/webhook_sign.h"

#include <inttypes.h>

#define ITEMS_MAX 500 /* the extension gives no more on a page */
#define HEADERS	  (WEBHOOK_SIGN_HEADERS + 1)

static struct str address(const struct platform_store *store)
{
	return store->setting(store->from, "pull_url");
}

static bool offers(const struct platform_store *store, enum pull_kind kind, bool *by_date, struct err *err)
{
	if (kind == PULL_VARIANTS)
		return err_set(err, ERR_INVALID, "variants cannot be pulled: they come with their products");
	if (address(store).len == 0)
		return err_set(
			err, ERR_INVALID,
			"%s cannot be pulled: set pull_url, which stands on the extension's settings page",
			pull_kind_text(kind));
	if (by_date)
		*by_date = false;
	return true;
}

/* Items of a page that the store's settings want. */
static int64_t limit_of(const struct platform_store *store)
{
	int64_t n = 0;

	if (!str_to_int64(store->setting(store->from, "pull_page_size"), &n) || n < 1 || n > ITEMS_MAX)
		return ITEMS_MAX;
	return n;
}

static bool fetch_page(const struct platform_store *store, const struct pull_ask *ask, struct arena *arena,
		       struct pull_request *out, struct err *err)
{
	struct http_header *header = ARENA_ARRAY(arena, HEADERS, struct http_header);
	char nonce[2 * sizeof(ask->nonce.byte) + 1];
	int64_t after = 0;

	if (!offers(store, ask->kind, NULL, err))
		return false;
	if (ask->cursor.len > 0 && !str_to_int64(ask->cursor, &after))
		return err_set(err, ERR_INVALID, "'%.*s' is no place in the shop's tables",
			       STR_ARG(ask->cursor));
	hex_encode(ask->nonce.byte, sizeof(ask->nonce.byte), nonce);
	*out = (struct pull_request){
		.method = "POST", .url = address(store), .header = header, .n_header = HEADERS
	};
	out->body = arena_printf(arena, "{\"kind\":\"%s\",\"after\":%" PRId64 ",\"limit\":%" PRId64 "}",
				 pull_kind_text(ask->kind), after, limit_of(store));
	webhook_sign(store->secret, store->n_secret, arena_printf(arena, "pull_%s", nonce), out->body,
		     ask->now_ms, arena, header);
	header[WEBHOOK_SIGN_HEADERS] = (struct http_header){ STR("Content-Type"), STR("application/json") };
	return true;
}

static void refuse(struct pull_page *out, struct str why)
{
	out->verdict = PULL_REFUSED;
	out->reason = why;
}

/* A count, or else otherwise. */
static int64_t number_at(struct str body, const char *pointer, int64_t otherwise, struct arena *arena)
{
	struct str text;
	int64_t number;

	if (!json_scan_pointer(body, str_from(pointer), arena, &text) || !str_to_int64(text, &number) ||
	    number < 0)
		return otherwise;
	return number;
}

static void read_page(const struct platform_store *store, const struct pull_ask *ask,
		      const struct pull_request *request, const struct pull_answer *answer,
		      struct arena *arena, struct pull_page *out)
{
	struct str list, next, *message;

	(void)store;
	(void)ask;
	(void)request;
	if (!json_scan_pointer(answer->body, STR("/messages"), arena, &list) ||
	    !json_scan_array(list, PULL_ITEMS_MAX, arena, &message, &out->n_message, NULL, NULL) ||
	    !json_scan_pointer(answer->body, STR("/next"), arena, &next)) {
		refuse(out, STR("the answer is none of the extension's: is pull_url the address that its "
				"settings page shows?"));
		return;
	}
	out->message = message;
	out->n_item = (size_t)number_at(answer->body, "/looked_at", (int64_t)out->n_message, arena);
	out->end = str_eq(next, STR("null"));
	out->next = out->end ? STR("") : arena_dup(arena, next);
	out->total = number_at(answer->body, "/total", 0, arena);
}

const struct platform_pull opencart_pull = {
	.own_form = true,
	.offers = offers,
	.fetch_page = fetch_page,
	.read_page = read_page,
};
