/*
 * Pulling by settings alone: which request is made for a page, and what its answer holds.
 *
 * Source: RFC 6749 (OAuth 2.0), RFC 8288 (Link), RFC 6901 (JSON pointers).
 * Pure.
 */
#include "platform/generic/generic_pull.h"

#include "base/clock.h"
#include "net/url.h"

#include <string.h>

#define URL_BYTES_MAX 4000
#define KEY_BYTES_MAX 64
#define HEADERS_MAX   3

struct str generic_pull_setting(const struct platform_store *store, const char *key)
{
	return store->setting(store->from, key);
}

struct str generic_pull_setting_of(const struct platform_store *store, const char *start, enum pull_kind kind,
				   const char *end)
{
	struct strbuf key;
	struct str value;

	strbuf_init(&key, KEY_BYTES_MAX);
	strbuf_addf(&key, "%s%s%s", start, pull_kind_text(kind), end);
	value = store->setting(store->from, key.p);
	strbuf_release(&key);
	return value;
}

int64_t generic_pull_int(const struct platform_store *store, const char *key)
{
	int64_t number = 0;

	(void)str_to_int64(generic_pull_setting(store, key), &number);
	return number;
}

static bool holds(struct str text, const char *part)
{
	for (; text.len >= strlen(part); text = str_skip(text, 1))
		if (str_starts(text, str_from(part)))
			return true;
	return false;
}

static bool offers(const struct platform_store *store, enum pull_kind kind, bool *by_date, struct err *err)
{
	struct str url = generic_pull_setting_of(store, "pull_", kind, "_url");

	if (url.len == 0)
		return err_set(err, ERR_INVALID, "%s cannot be pulled: set pull_%s_url", pull_kind_text(kind),
			       pull_kind_text(kind));
	if (by_date)
		*by_date = holds(url, "{from}");
	return true;
}

/* ---- the URL ---- */

/* A time in the form that the shop wants; without one the beginning, or the present. */
static struct str time_text(const struct platform_store *store, int64_t at_ms, struct arena *arena)
{
	struct str form = generic_pull_setting(store, "pull_time");
	struct strbuf text;
	struct str whole;

	if (str_eq(form, STR("seconds")))
		return arena_printf(arena, "%lld", (long long)(at_ms / MS_PER_S));
	if (str_eq(form, STR("milliseconds")))
		return arena_printf(arena, "%lld", (long long)at_ms);
	strbuf_init(&text, 64);
	time_format_rfc3339(at_ms, &text);
	whole = arena_dup(arena, strbuf_str(&text));
	strbuf_release(&text);
	if (str_eq(form, STR("date")))
		return str_of(whole.p, 10);
	if (str_eq(form, STR("sql")))
		return arena_printf(arena, "%.10s %.8s", whole.p, whole.p + 11);
	return arena_printf(arena, "%.19sZ", whole.p);
}

static struct str value_of(const struct platform_store *store, const struct pull_ask *ask, struct str name,
			   struct arena *arena)
{
	struct generic_pull_place place = generic_pull_place(store, ask->cursor);

	if (str_eq(name, STR("page")) || str_eq(name, STR("offset")))
		return arena_printf(arena, "%lld", (long long)place.number);
	if (str_eq(name, STR("limit")))
		return generic_pull_setting(store, "pull_page_size");
	if (str_eq(name, STR("cursor")))
		return place.cursor;
	if (str_eq(name, STR("from")))
		return time_text(store, ask->from_ms, arena);
	if (str_eq(name, STR("to")))
		return time_text(store, ask->to_ms > 0 ? ask->to_ms : ask->now_ms, arena);
	return generic_pull_setting(store, str_eq(name, STR("market")) ? "market" : "language");
}

static bool make_url(const struct platform_store *store, const struct pull_ask *ask, struct arena *arena,
		     struct str *out, struct err *err)
{
	struct str rest = generic_pull_setting_of(store, "pull_", ask->kind, "_url");
	struct str whole = generic_pull_place(store, ask->cursor).url;
	struct strbuf url;
	bool ok;

	if (whole.len > 0) {
		*out = whole;
		return true;
	}
	strbuf_init(&url, URL_BYTES_MAX);
	while (rest.len > 0) {
		size_t open = str_find_char(rest, '{'), close = str_find_char(rest, '}');

		strbuf_add(&url, rest.p, open);
		if (open < close && close < rest.len)
			url_encode(value_of(store, ask, str_of(rest.p + open + 1, close - open - 1), arena),
				   "", &url);
		rest = str_skip(rest, open < rest.len ? close + 1 : open);
	}
	ok = !url.overflow;
	*out = arena_dup(arena, strbuf_str(&url));
	strbuf_release(&url);
	return ok || err_set(err, ERR_INVALID, "the URL of the page is too long");
}

/* ---- the request ---- */

static bool add_own_header(const struct platform_store *store, struct pull_request *out,
			   struct http_header *header, struct err *err)
{
	struct str line = generic_pull_setting(store, "pull_header");
	size_t colon = str_find_char(line, ':');

	if (line.len == 0)
		return true;
	if (colon == 0 || colon == line.len)
		return err_set(err, ERR_INVALID, "pull_header is not of the form NAME: VALUE");
	header[out->n_header++] =
		(struct http_header){ str_trim(str_of(line.p, colon)), str_trim(str_skip(line, colon + 1)) };
	return true;
}

static bool fetch_page(const struct platform_store *store, const struct pull_ask *ask, struct arena *arena,
		       struct pull_request *out, struct err *err)
{
	struct http_header *header = ARENA_ARRAY(arena, HEADERS_MAX, struct http_header);
	bool needs_token = generic_pull_needs_token(store);
	struct str token = needs_token ? generic_pull_access_token(store, ask, arena) : STR("");

	if (!offers(store, ask->kind, NULL, err))
		return false;
	if (needs_token && token.len == 0)
		return generic_pull_ask_token(store, ask, arena, out, err);
	*out = (struct pull_request){ .method = "GET", .header = header };
	header[out->n_header++] = (struct http_header){ STR("Accept"), STR("application/json") };
	if (needs_token)
		header[out->n_header++] =
			(struct http_header){ STR("Authorization"),
					      arena_printf(arena, "Bearer %.*s", STR_ARG(token)) };
	return add_own_header(store, out, header, err) && make_url(store, ask, arena, &out->url, err);
}

/* ---- the answer ---- */

/* The pointer of this kind: "/data" for all, or of "orders=/orders, products=/data". */
static struct str items_pointer(const struct platform_store *store, enum pull_kind kind)
{
	struct str rest = generic_pull_setting(store, "pull_items"), part;

	if (str_find_char(rest, '=') == rest.len)
		return rest;
	while (str_split(&rest, ',', &part)) {
		size_t at = str_find_char(part, '=');

		if (str_eq(str_trim(str_of(part.p, at)), str_from(pull_kind_text(kind))))
			return str_trim(str_skip(part, at + 1));
	}
	return STR("");
}

static void read_items(const struct platform_store *store, const struct pull_ask *ask, const struct str *item,
		       struct arena *arena, struct pull_page *out)
{
	struct str *message = ARENA_ARRAY(arena, out->n_item, struct str);
	struct pull_reject *reject = ARENA_ARRAY(arena, out->n_item, struct pull_reject);

	for (size_t i = 0; i < out->n_item; i++) {
		struct err why = { 0 };
		bool nothing = false;

		if (generic_pull_message(store, ask->kind, item[i], arena, &message[out->n_message], &nothing,
					 &why))
			out->n_message += !nothing;
		else
			reject[out->n_reject++] =
				(struct pull_reject){ (int64_t)i + 1, arena_dup(arena, str_from(why.msg)) };
	}
	out->message = message;
	out->reject = reject;
}

static int64_t total_of(const struct platform_store *store, const struct pull_answer *answer,
			struct arena *arena)
{
	struct str pointer = generic_pull_setting(store, "pull_total"), text;
	int64_t total;

	if (pointer.len == 0 || !json_scan_pointer(answer->body, pointer, arena, &text) ||
	    !str_to_int64(text, &total) || total < 0)
		return 0;
	return total;
}

static void read_page(const struct platform_store *store, const struct pull_ask *ask,
		      const struct pull_request *request, const struct pull_answer *answer,
		      struct arena *arena, struct pull_page *out)
{
	struct str pointer = items_pointer(store, ask->kind), items, *item;
	struct err why = { 0 };
	size_t n;

	if (request->for_token) {
		generic_pull_read_token(store, ask, answer, arena, out);
		return;
	}
	if (!json_scan_pointer(answer->body, pointer, arena, &items) ||
	    !json_scan_array(items, PULL_ITEMS_MAX, arena, &item, &n, NULL, &why)) {
		out->verdict = PULL_REFUSED;
		out->reason =
			why.code == ERR_TOO_LARGE
				? arena_printf(arena, "the page has more than %d items", PULL_ITEMS_MAX)
				: arena_printf(arena, "there is no list at '%.*s' of the page (pull_items)",
					       STR_ARG(pointer));
		return;
	}
	out->n_item = n;
	out->total = total_of(store, answer, arena);
	generic_pull_next(store, ask, request, answer, items, n, arena, out);
	read_items(store, ask, item, arena, out);
}

const struct platform_pull generic_pull = {
	.offers = offers,
	.fetch_page = fetch_page,
	.read_page = read_page,
};
