#ifndef PANNIER_FLOW_HEALTH_H
#define PANNIER_FLOW_HEALTH_H

#include "flow/breaker.h"
#include "store/store.h"

/*
 * What sending of an account is stopped by, as deliver tells it to status, doctor and metrics: kept in the store (a cursor of the
 * account), because those may be other processes. It is what the daemon knew last: when none runs, nothing is sent anyhow.
 */
#define HEALTH_STOPS_MAX 9

struct health_stop {
	struct str what;           /* "Klaviyo" (an outage), "account" (the key), or an API family: "catalog" */
	enum breaker_state state;
	int64_t since_ms;          /* wall */
	int64_t until_ms;          /* wall; when it is tried again */
	struct str reason;         /* one line, no control bytes */
};

/* n <= HEALTH_STOPS_MAX; reasons are cut so that it is at most 1,000 bytes. */
bool health_put(struct db *db, int64_t now_ms, int64_t account_id, const struct health_stop *stop, size_t n,
		struct err *err) MUST_CHECK;
/* *n 0: nothing is stopped. */
bool health_get(struct db *db, int64_t account_id, struct arena *arena, struct health_stop **stop, size_t *n,
		struct err *err) MUST_CHECK;
/* Of all accounts: nothing is stopped. */
bool health_forget(struct db *db, int64_t now_ms, struct err *err) MUST_CHECK;

/*
 * Klaviyo refused what was sent with a token. It goes by the moment it was got (struct settings_token, since_ms), as if that were its
 * name: of two moments nobody knows which was first when the clock has been set. Connect gets another one.
 */
bool health_refuse(struct db *db, int64_t now_ms, int64_t account_id, int64_t token_ms, struct err *err) MUST_CHECK;
/* The token that was refused last; 0 = none was. */
bool health_refused(struct db *db, int64_t account_id, int64_t *token_ms, struct err *err) MUST_CHECK;

#endif
