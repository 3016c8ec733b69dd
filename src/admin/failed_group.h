#ifndef PANNIER_ADMIN_FAILED_GROUP_H
#define PANNIER_ADMIN_FAILED_GROUP_H

#include "admin/look.h"

/* What failed, gathered by cause. */
struct failed_group {
	struct str name;           /* the same for the same cause, at any time */
	bool is_message;
	struct str cause;          /* the reason with numbers and quoted parts left out */
	const char *advice;
	int64_t count;
	int64_t first_ms, last_ms;
	int64_t *store;            /* each once */
	size_t n_store;
	struct failed_row example; /* the oldest */
};

struct failed_groups {
	struct failed_group *group; /* largest first */
	size_t n;
	bool complete;             /* false: only the oldest FAILED_GROUP_ROWS_MAX were looked at */
};

#define FAILED_GROUP_ROWS_MAX 50000

/* May a row be seen, or changed? */
typedef bool failed_sees(const void *arg, const struct failed_row *row);

/* The name of the group of a row, in the arena. */
struct str failed_group_name(const struct failed_row *row, struct arena *arena);
bool failed_group_all(struct look *look, int64_t store_id, failed_sees *sees, const void *arg, struct failed_groups *out,
		      struct err *err) MUST_CHECK;
/*
 * Retries or discards all rows that are seen, of one group (name "" = of all) and one store (0 = of all), in steps of one transaction
 * each; *n: how many.
 */
struct failed_bulk {
	enum failed_action action;
	struct str group;
	int64_t store_id;
	failed_sees *sees;
	const void *arg;
	struct str reason;
};
bool failed_bulk(struct look *look, const struct failed_bulk *bulk, int64_t *n, struct err *err) MUST_CHECK;

#endif
