#ifndef PANNIER_ADMIN_RECONCILE_VIEW_H
#define PANNIER_ADMIN_RECONCILE_VIEW_H

#include "admin/look.h"
#include "flow/reconcile.h"

/* A reconcile task and what it found, alike on the command line (--json) and through the API. */

#define RECONCILE_EXAMPLES_MAX 1000

/* "items", "variants", "categories"; false: none of these. */
bool reconcile_kind_parse(struct str text, enum klaviyo_kind *out);
const char *reconcile_kind_plural(enum klaviyo_kind kind);

/* Things that differ, by kind and id, at most max_n; what it found is kept until the store is compared again. */
bool reconcile_examples(struct look *look, int64_t task_id, size_t max_n, struct found **found, size_t *n,
			struct err *err) MUST_CHECK;
/* With the examples; the caller owns it. */
struct json *reconcile_json(struct look *look, const struct task_row *task, const struct found *found, size_t n);

#endif
