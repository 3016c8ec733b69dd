/*
 * Addresses: of a product's page and of its images.
 *
 * Keeps:   an image is an absolute http(s) address or it is left out. A page is absolute where the shop or
 *          the template says so; otherwise it is a path, and the note says why.
 * Pure.
 */
#include "catalog/merge_internal.h"

#include "net/url.h"

#define URL_BYTES_MAX 4000
#define IMAGES_MAX    100

bool merge_url_is_absolute(struct str url)
{
	struct str rest;

	if (url.len >= 8 && str_eq_nocase(str_of(url.p, 8), STR("https://")))
		rest = str_skip(url, 8);
	else if (url.len >= 7 && str_eq_nocase(str_of(url.p, 7), STR("http://")))
		rest = str_skip(url, 7);
	else
		return false;
	for (size_t i = 0; i < rest.len; i++)
		if ((unsigned char)rest.p[i] <= ' ' || rest.p[i] == 0x7f)
			return false;
	return rest.len > 0 && rest.p[0] != '/' && url.len <= URL_BYTES_MAX;
}

/* The value of a placeholder; false if it is none. */
static bool placeholder(const struct merge *merge, const struct merge_link *link, struct str name,
			struct str *value)
{
	const struct merge_market *market = &merge->market;

	if (str_eq(name, STR("slug")))
		*value = link->slug.len > 0 ? link->slug : link->id;
	else if (str_eq(name, STR("id")))
		*value = link->id;
	else if (str_eq(name, STR("sku")))
		*value = link->sku.len > 0 ? link->sku : link->id;
	else if (str_eq(name, STR("market")))
		*value = market->slug.len > 0 ? market->slug : market->country;
	else if (str_eq(name, STR("language")))
		*value = link->language.len > 0 ? link->language : merge->rules->language;
	else
		return false;
	return true;
}

/* A slug may be a path; its slashes stay. */
static const char *kept_bytes(struct str name)
{
	return str_eq(name, STR("slug")) ? "/" : "";
}

struct str merge_url_expand(const struct merge *merge, const struct merge_link *link)
{
	struct str rest = merge->rules->url_template;
	struct strbuf url;
	struct str result;

	strbuf_init(&url, URL_BYTES_MAX);
	while (rest.len > 0) {
		size_t open = str_find_char(rest, '{');
		struct str name = str_skip(rest, open + 1);
		size_t close = str_find_char(name, '}');
		bool closed = close < name.len;
		struct str value;

		strbuf_add(&url, rest.p, open);
		name = str_of(name.p, close);
		if (closed && placeholder(merge, link, name, &value)) {
			url_encode(value, kept_bytes(name), &url);
			rest = str_skip(rest, open + close + 2);
		} else {
			strbuf_add(&url, "{", open < rest.len ? 1 : 0);
			rest = str_skip(rest, open + 1);
		}
	}
	result = arena_dup(merge->arena, strbuf_str(&url));
	strbuf_release(&url);
	return result;
}

static struct str relative_url(const struct merge *merge, const struct merge_link *link)
{
	struct str slug = link->slug;
	struct strbuf url;
	struct str result;

	strbuf_init(&url, URL_BYTES_MAX);
	strbuf_add_char(&url, '/');
	while (slug.len > 0 && slug.p[0] == '/')
		slug = str_skip(slug, 1); /* "//x" would be another host */
	if (slug.len > 0)
		url_encode(slug, "/", &url);
	else
		url_encode(link->id, "", &url);
	result = arena_dup(merge->arena, strbuf_str(&url));
	strbuf_release(&url);
	return result;
}

struct str merge_url_of(struct merge *merge, const struct json *base, const struct merge_link *link)
{
	struct str own = str_trim(json_get_text(base, "url"));

	if (merge_url_is_absolute(own))
		return merge_keep(merge, own);
	if (own.len > 0)
		merge_note(merge, "url \"%.*s\" is not absolute", own.len < 100 ? (int)own.len : 100, own.p);
	if (merge->rules->url_template.len > 0)
		return merge_url_expand(merge, link);
	merge_note(merge, "no url_template set: product links are relative");
	return relative_url(merge, link);
}

static bool is_listed(const struct str *list, size_t n, struct str text)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i], text))
			return true;
	return false;
}

const struct str *merge_images(struct merge *merge, const struct json *base, size_t *n)
{
	const struct json *images = json_get(base, "images");
	size_t max = json_len(images) < IMAGES_MAX ? json_len(images) : IMAGES_MAX;
	struct str *list = ARENA_ARRAY(merge->arena, max, struct str);

	*n = 0;
	for (size_t i = 0; i < json_len(images); i++) {
		struct str url = str_trim(json_get_text(json_at(images, i), "url"));

		if (!merge_url_is_absolute(url)) {
			merge_note(merge, "images without an absolute http(s) address are left out");
		} else if (*n == max) {
			merge_note(merge, "more than %d images", IMAGES_MAX);
			break;
		} else if (!is_listed(list, *n, url)) {
			list[(*n)++] = merge_keep(merge, url);
		}
	}
	return list;
}
