#ifndef PANNIER_FLOW_REFUSAL_H
#define PANNIER_FLOW_REFUSAL_H

#include "store/store.h"

/*
 * Refused requests of known stores, for the audit: at most one row per store and second, with the number left out, so
 * that whoever knocks with a wrong secret cannot fill the disk. Noted on the HTTP thread, written by another.
 */
struct refusals;

struct refusals *refusals_new(void);
void refusals_free(struct refusals *refusals); /* NULL allowed */
/* reason is cut at 200 bytes; it must hold no secret and no part of a body. Never waits for the database. */
void refusals_note(struct refusals *refusals, int64_t store_id, int64_t account_id, int64_t now_ms,
		   struct str reason);
/* Writes what was noted. On an error the rows are lost: they are not worth holding up requests for. */
bool refusals_write(struct refusals *refusals, struct db *db, int64_t now_ms, struct err *err) MUST_CHECK;

#endif
