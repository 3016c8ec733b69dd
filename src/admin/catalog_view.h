#ifndef PANNIER_ADMIN_CATALOG_VIEW_H
#define PANNIER_ADMIN_CATALOG_VIEW_H

#include "admin/look.h"

/* Products and categories of a store, by id, a page at a time: on the command line and through the API. */
struct catalog_ask {
	int64_t store_id;
	enum entity_kind kind;     /* ENTITY_PRODUCT or ENTITY_CATEGORY */
	struct str prefix;         /* only ids that begin so; "" = all */
	struct str search;         /* only those that are called so (db_catalog_search), instead of prefix; "" = all */
	struct str after;          /* cursor: the last id of the page before; "" = from the beginning */
	size_t max_n;
};

/* In the arena, by id. *more: there is another page. */
bool catalog_list(struct look *look, const struct catalog_ask *ask, struct catalog_root **root, size_t *n, bool *more,
		  struct err *err) MUST_CHECK;
/* What the shop calls it, "" if it has not said; of its own facts. In the arena. */
struct str catalog_title(const struct catalog_root *root, struct arena *arena);
size_t catalog_variants(const struct catalog_root *root);
/* What became of what Klaviyo was told of it as a whole: "nothing", "waiting", "there", "failed", "deleted". */
const char *catalog_told(struct look *look, const struct catalog_root *root);
struct json *catalog_json(struct look *look, const struct catalog_root *root);

#endif
