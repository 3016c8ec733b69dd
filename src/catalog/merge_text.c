/*
 * Which words are shown: language, title, description, the name of a category.
 *
 * A shop says texts with a language, without one, or both. What is shown comes from the language chosen,
 * else from the texts without a language, else from the first language that has it: any words are better
 * than a bare id.
 * Pure.
 */
#include "catalog/merge_internal.h"

#include <stdlib.h>

#define DESCRIPTION_BYTES_MAX 100000
#define PATH_DEPTH_MAX	      20
#define PATH_SEPARATOR	      " > "

/* ---- languages ---- */

static int compare_language(const void *left, const void *right)
{
	const struct merge_language *a = left;
	const struct merge_language *b = right;

	return str_cmp(a->key, b->key);
}

struct merge_language *merge_languages(const struct merge *merge, const struct json *base, size_t *n)
{
	const struct json *text = json_get(base, "text");
	struct merge_language *language;

	*n = 0;
	if (json_type(text) != JSON_OBJECT)
		return NULL;
	language = ARENA_ARRAY(merge->arena, json_len(text), struct merge_language);
	for (void *it = json_first(text); it; it = json_next(text, it)) {
		struct str key = json_member_name(it);
		const struct json *texts = json_member_value(it);

		if (key.len > 0 && json_type(texts) == JSON_OBJECT)
			language[(*n)++] = (struct merge_language){ key, texts };
	}
	if (*n > 1)
		qsort(language, *n, sizeof(language[0]), compare_language);
	return language;
}

static char fold(char c)
{
	if (c == '_')
		return '-';
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* "en_US" is "en-us". */
static bool key_starts(struct str key, struct str start)
{
	if (key.len < start.len)
		return false;
	for (size_t i = 0; i < start.len; i++)
		if (fold(key.p[i]) != fold(start.p[i]))
			return false;
	return true;
}

/* The language that is the one wished, else the first that is a kind of it ("en" -> "en-gb"). */
static const struct merge_language *find_language(const struct merge_language *language, size_t n,
						  struct str wish)
{
	const struct merge_language *kind = NULL;

	for (size_t i = 0; i < n && wish.len > 0; i++) {
		if (!key_starts(language[i].key, wish))
			continue;
		if (language[i].key.len == wish.len)
			return &language[i];
		if (!kind && fold(language[i].key.p[wish.len]) == '-')
			kind = &language[i];
	}
	return kind;
}

/* "en" of "en-us". */
static struct str main_part(struct str key)
{
	for (size_t i = 0; i < key.len; i++)
		if (fold(key.p[i]) == '-')
			return str_of(key.p, i);
	return key;
}

static bool has_own_texts(const struct json *base)
{
	return str_trim(json_get_text(base, "title")).len > 0 ||
	       str_trim(json_get_text(base, "description")).len > 0;
}

/* The first wish that a language fulfils. */
static const struct merge_language *first_found(const struct merge_language *language, size_t n,
						const struct str *wish, size_t n_wish)
{
	const struct merge_language *found = NULL;

	for (size_t i = 0; i < n_wish && !found; i++)
		found = find_language(language, n, wish[i]);
	return found;
}

struct str merge_language_of(const struct merge *merge, const struct json *base)
{
	size_t n;
	const struct merge_language *language = merge_languages(merge, base, &n);
	struct str setting = merge->rules->language;
	const struct merge_market *market = &merge->market;
	const struct str set[] = { setting, main_part(setting) };
	const struct str local[] = { market->locale, market->country, main_part(market->locale),
				     market->slug };
	const struct merge_language *found = first_found(language, n, set, ARRAY_LEN(set));

	if (!found)
		found = first_found(language, n, local, ARRAY_LEN(local));
	if (!found && n > 0 && !has_own_texts(base))
		found = &language[0];
	return found ? merge_keep(merge, found->key) : (struct str){ 0 };
}

void merge_note_language(struct merge *merge, const struct json *base)
{
	size_t n;
	const struct merge_language *language = merge_languages(merge, base, &n);
	struct str setting = merge->rules->language;
	const struct str wish[] = { setting, main_part(setting) };

	if (setting.len > 0 && n > 0 && !first_found(language, n, wish, ARRAY_LEN(wish)))
		merge_note(merge, "no texts in language \"%.*s\"", STR_ARG(setting));
}

/* ---- texts of a product ---- */

static const struct json *texts_in(const struct json *base, struct str language,
				   const struct merge_language *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (language.len > 0 && str_eq(all[i].key, language))
			return all[i].text;
	return base;
}

static struct str member(const struct merge *merge, const struct json *texts, const char *name)
{
	return merge_keep(merge, str_trim(json_get_text(texts, name)));
}

struct str merge_plain_description(const struct merge *merge, const struct json *texts)
{
	struct str plain = member(merge, texts, "description");

	if (plain.len > 0)
		return plain;
	return catalog_html_text(json_get_text(texts, "html"), DESCRIPTION_BYTES_MAX, merge->arena);
}

typedef struct str read_fn(const struct merge *merge, const struct json *texts, const char *name);

static struct str read_description(const struct merge *merge, const struct json *texts, const char *name)
{
	(void)name;
	return merge_plain_description(merge, texts);
}

/* The chosen language, the texts without one, the other languages: the first that says something. */
static struct str first_said(const struct merge *merge, const struct json *base, struct str language,
			     const char *name, read_fn *read)
{
	size_t n;
	const struct merge_language *all = merge_languages(merge, base, &n);
	struct str text = read(merge, texts_in(base, language, all, n), name);

	if (text.len == 0)
		text = read(merge, base, name);
	for (size_t i = 0; i < n && text.len == 0; i++)
		text = read(merge, all[i].text, name);
	return text;
}

struct str merge_text_of(const struct merge *merge, const struct json *base, struct str language,
			 const char *name)
{
	return first_said(merge, base, language, name, member);
}

struct str merge_description_of(const struct merge *merge, const struct json *base, struct str language)
{
	return first_said(merge, base, language, "description", read_description);
}

/* ---- names of categories ---- */

static struct str category_title(struct merge *merge, const struct merge_fact *base)
{
	struct str title = merge_text_of(merge, base->body, merge_language_of(merge, base->body), "title");

	if (title.len == 0)
		title = member(merge, base->body, "slug");
	return title.len > 0 ? title : merge_keep(merge, base->row->entity.id);
}

/* The category and what is known above it, itself first. */
static size_t category_line(struct merge *merge, const struct merge_fact *base,
			    const struct merge_fact *line[static PATH_DEPTH_MAX])
{
	size_t n = 0;

	while (base && n < PATH_DEPTH_MAX) {
		struct str parent = merge_scalar_of(merge, base->body, "parent_id");

		line[n++] = base;
		if (parent.len == 0)
			break;
		base = merge_part(merge, ENTITY_CATEGORY, parent, "base");
		for (size_t i = 0; i < n && base; i++) {
			if (line[i] == base) {
				merge_note(merge, "category %.*s is above itself", STR_ARG(parent));
				base = NULL;
			}
		}
	}
	return n;
}

struct str merge_category_name(struct merge *merge, struct str id)
{
	const struct merge_fact *line[PATH_DEPTH_MAX];
	const struct merge_fact *base = merge_part(merge, ENTITY_CATEGORY, id, "base");
	struct str name;
	size_t n;

	if (!base)
		return (struct str){ 0 };
	if (!merge->rules->category_path)
		return category_title(merge, base);
	n = category_line(merge, base, line);
	name = category_title(merge, line[n - 1]);
	while (--n > 0) {
		struct str title = category_title(merge, line[n - 1]);

		name = arena_printf(merge->arena, "%.*s" PATH_SEPARATOR "%.*s", STR_ARG(name),
				    STR_ARG(title));
	}
	return name;
}
