#ifndef PANNIER_FLOW_PREVIEW_APPLY_H
#define PANNIER_FLOW_PREVIEW_APPLY_H

#include "base/arena.h"
#include "store/store_rows.h"

/*
 * A root in memory to which facts are applied as db_inbox_complete would. The root handed in is not changed. Part of
 * preview only.
 */
struct preview_root {
	struct catalog_root root;
	struct root_fact *fact;
	struct root_entity *entity;
	size_t stopped;            /* facts that a deletion keeps out */
};

/* room: how many facts may be applied. other: n_other roots that the facts name and root did not: theirs are put beside. */
void preview_root_init(struct preview_root *preview, const struct catalog_root *root, const struct catalog_root *other,
		       size_t n_other, size_t room, struct arena *arena);
void preview_root_apply(struct preview_root *preview, const struct fact *fact);

#endif
