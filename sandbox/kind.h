#ifndef PANNIER_SANDBOX_KIND_H
#define PANNIER_SANDBOX_KIND_H

#include "sandbox/shape.h"

/* What a catalog holds. */
enum kind { KIND_ITEM, KIND_VARIANT, KIND_CATEGORY, KIND_COUNT };

/* What is done to one of them, alone or as a row of a job. */
enum op { OP_CREATE, OP_UPDATE, OP_DELETE, OP_COUNT };
const char *op_name(enum op op); /* "create" */

/* One row per kind: names, and the shape of each body about it. */
struct kind_row {
	const char *name;         /* "item" */
	const char *plural;       /* "items" */
	const char *type;         /* "catalog-item" */
	const char *noun;         /* "An item" */
	const char *path;         /* "/api/catalog-items" */
	enum error_kind duplicate;
	bool has_created;         /* categories are read without it */
	const char *const *attribute;     /* what is read, in the order of the specification, NULL-ended */
	const struct shape *create;       /* of the whole body */
	const struct shape *update;
	const struct shape *job[OP_COUNT];
	const char *job_type[OP_COUNT];   /* "catalog-item-bulk-create-job" */
	const struct shape *links;        /* of a relationship body that lists this kind; NULL for variants */
};

const struct kind_row *kind_row(enum kind kind);
/* "item" -> KIND_ITEM; false for anything else. */
bool kind_find(struct str name, enum kind *kind);

#define JOB_ROWS_MAX 100

#endif
