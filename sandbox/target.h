#ifndef PANNIER_SANDBOX_TARGET_H
#define PANNIER_SANDBOX_TARGET_H

#include "sandbox/state.h"

/* What a list of links in a body leads to, and what becomes of the links between items and categories. */
struct targets {
	struct entity **entity;
	size_t n;
	bool named; /* the body has such a list, be it empty */
};

/* "An item with the id `$custom:::$default:::x` does not exist." */
struct str missing_text(struct arena *arena, enum kind kind, struct str external_id);

/* data: one {"type","id"} or a list of them, shape checked; NULL = not named. False with *refusal set: one is missing. */
bool targets_find(const struct account *account, enum kind kind, const struct json *data, const char *pointer,
		  struct arena *arena, struct targets *targets, struct error_entry *refusal) MUST_CHECK;

/* The link between an item and a category, whichever is first; NULL if there is none. */
struct link *category_link_find(struct entity *one, struct entity *other);
/* Both are true if anything changed. */
bool category_links_add(struct catalog *catalog, struct entity *entity, const struct targets *targets);
bool category_links_replace(struct catalog *catalog, struct entity *entity, const struct targets *targets);

#endif
