#ifndef PANNIER_SANDBOX_LIST_H
#define PANNIER_SANDBOX_LIST_H

#include "sandbox/query.h"

/* Pages of catalog resources. */

/* What is listed: a whole collection, or what an entity is linked with. */
struct list_source {
	enum kind kind;               /* of the things listed */
	const struct entity *of;      /* NULL = the whole collection */
	enum relation relation;       /* the links of that entity */
	bool ids_only;                /* identifiers instead of resources */
};

/* Reads the query, answers with one page, or leaves errors. */
void reply_page(struct call *call, const struct list_source *source);

#endif
