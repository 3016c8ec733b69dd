#ifndef PANNIER_ADMIN_IMPORT_LEFT_H
#define PANNIER_ADMIN_IMPORT_LEFT_H

#include "admin/look.h"
#include "store/store.h"

/*
 * How long an import still takes, from what the account may really send: its share of Klaviyo's limit now (less while others use it and
 * after a 429), the history that waits already, the imports that come first, and what is left of the file.
 */
struct import_outlook {
	const struct import_job *job; /* all, by store, rank and id */
	size_t n_job;
	const struct outbox_lane *lane;
	size_t n_lane;
	int64_t created;           /* deliveries of the account so far */
	int64_t mapped;            /* messages they were made from */
	int64_t per_minute;        /* requests that may leave with what this import becomes */
};

/* Everything about the account of the job's store. */
bool import_outlook_read(struct look *look, int64_t now_ms, const struct import_job *job, struct import_outlook *out,
			 struct err *err) MUST_CHECK;
/* Milliseconds; -1: it does not go on, or nobody knows how much there is. store_ids: those of the account. */
int64_t import_left_ms(const struct import_outlook *outlook, const int64_t *store_id, size_t n_store, const struct import_job *job,
		       struct str kind);
/* Both in one; -1 also when it cannot be read. */
int64_t import_left(struct look *look, int64_t now_ms, const struct import_job *job);

#endif
