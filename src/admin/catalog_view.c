/*
 * Products and categories of a store as people browse them.
 */
#include "admin/catalog_view.h"

#include "admin/told.h"
#include "base/utf8.h"

#define SEARCH_BYTES_MAX 200

/* The root of exactly that id comes first: the walk begins behind it. */
static bool add_exact(struct look *look, const struct catalog_ask *ask, struct catalog_root *root, size_t *n,
		      struct err *err)
{
	struct err why;

	if (ask->prefix.len == 0 || ask->after.len > 0)
		return true;
	if (db_catalog_get(look->db, ask->store_id, (struct entity){ ask->kind, ask->prefix }, look->arena,
			   root, &why))
		*n = 1;
	else if (why.code != ERR_NOT_FOUND)
		return err_set(err, why.code, "%s", why.msg);
	return true;
}

static bool fits(const struct catalog_ask *ask, const struct catalog_root *root)
{
	return root->root.kind == ask->kind && str_starts(root->root.id, ask->prefix);
}

/* Behind the cursor; at the beginning behind the prefix, or before every id ("": before every kind). */
static struct entity begin(const struct catalog_ask *ask)
{
	struct str id = ask->after.len > 0 ? ask->after : ask->prefix;

	return (struct entity){ ask->kind, id.len > 0 ? id : STR("\x01") };
}

/* By what they are called: ids first, then each. */
static bool search(struct look *look, const struct catalog_ask *ask, struct catalog_root *out, size_t *n,
		   struct err *err)
{
	struct str *id;
	size_t n_id;

	if (ask->search.len > SEARCH_BYTES_MAX || !utf8_valid(ask->search))
		return err_set(err, ERR_INVALID, "a search has at most %d bytes of UTF-8", SEARCH_BYTES_MAX);
	if (!db_catalog_search(look->db, ask->store_id, ask->kind, ask->search, ask->after, ask->max_n + 1,
			       look->arena, &id, &n_id, err))
		return false;
	for (size_t i = 0; i < n_id; i++) {
		struct err why;

		if (db_catalog_get(look->db, ask->store_id, (struct entity){ ask->kind, id[i] }, look->arena,
				   &out[*n], &why))
			(*n)++;
		else if (why.code != ERR_NOT_FOUND) /* gone since */
			return err_set(err, why.code, "%s", why.msg);
	}
	return true;
}

static bool walk(struct look *look, const struct catalog_ask *ask, struct catalog_root *out, size_t *n,
		 struct err *err)
{
	struct entity after = begin(ask);
	struct catalog_root *page;
	bool more = true;
	size_t n_page;

	if (!add_exact(look, ask, out, n, err))
		return false;
	/* The walk may give fewer than asked for, and goes on into the next kind. */
	while (more && *n <= ask->max_n) {
		if (!db_catalog_walk(look->db, ask->store_id, after, ask->max_n + 1 - *n, look->arena, &page,
				     &n_page, err))
			return false;
		more = n_page > 0;
		for (size_t i = 0; i < n_page && more; i++) {
			more = fits(ask, &page[i]);
			if (more)
				out[(*n)++] = page[i];
			after = page[i].root;
		}
	}
	return true;
}

bool catalog_list(struct look *look, const struct catalog_ask *ask, struct catalog_root **out, size_t *n,
		  bool *more, struct err *err)
{
	*n = 0;
	*out = ARENA_ARRAY(look->arena, ask->max_n + 1, struct catalog_root);
	if (ask->search.len > 0 ? !search(look, ask, *out, n, err) : !walk(look, ask, *out, n, err))
		return false;
	*more = *n > ask->max_n;
	*n -= *more;
	return true;
}

struct str catalog_title(const struct catalog_root *root, struct arena *arena)
{
	struct str title = STR("");
	struct err ignored;

	for (size_t i = 0; i < root->n_fact && title.len == 0; i++) {
		const struct root_fact *fact = &root->fact[i];
		struct json *body;

		if (fact->entity.kind != root->root.kind || !str_eq(fact->entity.id, root->root.id) ||
		    !json_parse(fact->body, &body, &ignored))
			continue;
		title = arena_dup(arena, json_get_text(body, "title"));
		if (title.len == 0)
			title = arena_dup(arena, json_get_text(body, "name"));
		json_free(body);
	}
	return title;
}

size_t catalog_variants(const struct catalog_root *root)
{
	size_t n = 0;

	for (size_t i = 0; i < root->n_entity; i++)
		n += root->entity[i].entity.kind == ENTITY_VARIANT && !root->entity[i].deleted &&
		     str_eq(root->entity[i].root_id, root->root.id);
	return n;
}

static const char *told_name(enum told told)
{
	switch (told) {
	case TOLD_WAITING:
		return "waiting";
	case TOLD_ACCEPTED:
	case TOLD_THERE:
		return "there";
	case TOLD_FAILED:
		return "failed";
	case TOLD_SKIPPED:
		break;
	case TOLD_DELETED:
		return "deleted";
	}
	return "nothing";
}

const char *catalog_told(struct look *look, const struct catalog_root *root)
{
	const char *name = "nothing";
	struct err ignored;
	enum told told;

	for (size_t i = 0; i < root->n_sent; i++) {
		const struct root_sent *sent = &root->sent[i];

		if ((sent->kind == KLAVIYO_ITEM || sent->kind == KLAVIYO_CATEGORY) &&
		    told_read(look, sent, &told, &ignored))
			name = told_name(told);
	}
	return name;
}

struct json *catalog_json(struct look *look, const struct catalog_root *root)
{
	struct json *json = json_new_object();

	json_put(json, "store", look_store_name(look, root->store_id));
	json_put(json, "kind", str_from(entity_kind_text(root->root.kind)));
	json_put(json, "id", root->root.id);
	json_put(json, "title", catalog_title(root, look->arena));
	json_set(json, "variants", json_new_int((int64_t)catalog_variants(root)));
	json_set(json, "deleted", json_new_bool(root->deleted));
	json_put(json, "told", str_from(catalog_told(look, root)));
	return json;
}
