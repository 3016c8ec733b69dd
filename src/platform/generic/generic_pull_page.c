/*
 * Pulling by settings: places and cursors. Pages by number, by offset, by what the page says, by its Link
 * header.
 *
 * Keeps:   numbers end with a page that is empty or that repeats the one before (some shops give the last
 *          page again and again), never because a page is short: shops give less than they were asked for.
 *          A URL that the shop names is asked only where the first page was: its header and token are for
 *          that place alone.
 * Pure.
 */
#include "platform/generic/generic_pull.h"

#include "net/url.h"

#define DIGEST_BYTES 32

static bool by(const struct platform_store *store, const char *paging)
{
	return str_eq(generic_pull_setting(store, "pull_paging"), str_from(paging));
}

static bool is_absolute(struct str text)
{
	return str_starts(text, STR("https://")) || str_starts(text, STR("http://"));
}

struct generic_pull_place generic_pull_place(const struct platform_store *store, struct str cursor)
{
	struct generic_pull_place place = { 0 };
	size_t blank = str_find_char(cursor, ' ');

	if (by(store, "page"))
		place.number = generic_pull_int(store, "pull_first_page");
	if (cursor.len == 0)
		return place;
	if (by(store, "page") || by(store, "offset")) {
		(void)str_to_int64(str_of(cursor.p, blank), &place.number);
		place.same = str_skip(cursor, blank + 1);
	} else if (is_absolute(cursor)) {
		place.url = cursor;
	} else {
		place.cursor = cursor;
	}
	return place;
}

/* ---- numbers ---- */

/* As the page says it; where it does not, an empty one is behind the last. */
static bool is_last_page(const struct platform_store *store, int64_t number, const struct pull_answer *answer,
			 size_t n, struct arena *arena)
{
	struct str pointer = generic_pull_setting(store, "pull_last_page"), text;
	int64_t last;

	if (!by(store, "page") || pointer.len == 0 ||
	    !json_scan_pointer(answer->body, pointer, arena, &text) || !str_to_int64(text, &last))
		return n == 0;
	return number - generic_pull_int(store, "pull_first_page") + 1 >= last;
}

static void next_number(const struct platform_store *store, const struct pull_ask *ask,
			const struct pull_answer *answer, struct str items, size_t n, struct arena *arena,
			struct pull_page *out)
{
	struct generic_pull_place place = generic_pull_place(store, ask->cursor);
	struct digest16 digest = digest16_of(&items, 1);
	char hex[DIGEST_BYTES + 1];

	hex_encode(digest.byte, sizeof(digest.byte), hex);
	if (n > 0 && str_eq(place.same, str_from(hex))) {
		out->n_item = 0; /* they are in */
		out->end = true;
		return;
	}
	out->end = is_last_page(store, place.number, answer, n, arena);
	out->next = arena_printf(arena, "%lld %s",
				 (long long)(place.number + (by(store, "page") ? 1 : (int64_t)n)), hex);
}

/* ---- what the shop says ---- */

/* The whole URL of a reference that begins with '/' or '?'. */
static struct str resolve(struct str reference, struct str base, struct arena *arena)
{
	struct url url;
	struct str path;
	size_t origin;

	if (is_absolute(reference) || !url_parse(base, &url, NULL))
		return reference;
	path = url.path;
	origin = (size_t)(path.p - base.p);
	if (reference.p[0] == '?')
		return arena_printf(arena, "%.*s%.*s", (int)(origin + str_find_char(path, '?')), base.p,
				    STR_ARG(reference));
	return arena_printf(arena, "%.*s%.*s", (int)origin, base.p, STR_ARG(reference));
}

static bool same_origin(struct str a, struct str b)
{
	struct url one, other;

	return url_parse(a, &one, NULL) && url_parse(b, &other, NULL) && str_eq(one.scheme, other.scheme) &&
	       str_eq_nocase(one.host, other.host) && one.port == other.port;
}

static void next_url(const struct pull_request *request, struct str reference, struct arena *arena,
		     struct pull_page *out)
{
	struct str url = resolve(reference, request->url, arena);

	if (same_origin(url, request->url)) {
		out->next = url;
		return;
	}
	out->verdict = PULL_REFUSED;
	out->reason = arena_printf(arena, "the next page is at another host: '%.*s'", STR_ARG(url));
}

/* The target of rel="next" in a Link header; "" if there is none. */
static struct str link_next(struct str links)
{
	while (links.len > 0) {
		size_t open = str_find_char(links, '<'), close = str_find_char(links, '>');
		struct str target, rest;
		size_t end;

		if (open >= close || close == links.len)
			return STR("");
		target = str_of(links.p + open + 1, close - open - 1);
		rest = str_skip(links, close + 1);
		end = str_find_char(rest, '<'); /* a comma may stand within quotes, a new target may not */
		for (struct str at = str_of(rest.p, end); at.len > 0; at = str_skip(at, 1))
			if (str_starts(at, STR("rel=\"next\"")) || str_starts(at, STR("rel=next")))
				return target;
		links = str_skip(rest, end);
	}
	return STR("");
}

static void next_said(const struct platform_store *store, const struct pull_request *request,
		      const struct pull_answer *answer, struct arena *arena, struct pull_page *out)
{
	struct str text, value;

	if (!json_scan_pointer(answer->body, generic_pull_setting(store, "pull_next"), arena, &text) ||
	    str_eq(text, STR("null")) || str_eq(text, STR("false")))
		text = STR("\"\"");
	if (!json_unquote(text, arena, &value))
		value = text; /* a number */
	out->end = value.len == 0;
	if (value.len > 0 && (is_absolute(value) || value.p[0] == '/' || value.p[0] == '?'))
		next_url(request, value, arena, out);
	else
		out->next = value;
}

void generic_pull_next(const struct platform_store *store, const struct pull_ask *ask,
		       const struct pull_request *request, const struct pull_answer *answer, struct str items,
		       size_t n, struct arena *arena, struct pull_page *out)
{
	if (by(store, "cursor")) {
		next_said(store, request, answer, arena, out);
	} else if (by(store, "link")) {
		struct str next = link_next(pull_header(answer, "Link"));

		out->end = next.len == 0;
		if (next.len > 0)
			next_url(request, next, arena, out);
	} else if (by(store, "none")) {
		out->end = true;
	} else {
		next_number(store, ask, answer, items, n, arena, out);
	}
}
