#ifndef PANNIER_TESTS_SIM_KLAVIYO_H
#define PANNIER_TESTS_SIM_KLAVIYO_H

#include "base/json.h"
#include "sim/wire.h"

/*
 * A Klaviyo in memory, small and moody: fixed windows whose phase nobody knows, others who use the quota, 429 and 5xx for no
 * reason, bulk jobs that take their time, unique_id. It checks what concerns it: G4 and G5, and that nobody who left comes back.
 */
void klaviyo_open(int n_account);
void klaviyo_close(void);
/* The process has died: what it did not learn of is over now. */
void klaviyo_process_died(void);
/* The freeze of an endpoint (its name in klaviyo/endpoint.h; behind "poll:" that of its jobs) is in the database. */
void klaviyo_freeze_saved(int account, struct str endpoint);

/* Somebody else changes something of the catalog there. False: it has nothing. may_add: also adds what no shop has. */
bool klaviyo_estrange(int account, bool may_add);
/* Somebody unsubscribes there. */
void klaviyo_opt_out(int account, const char *email);

/* ---- looking ---- */
/* kind: "item", "variant", "category"; NULL if it is not there. */
const struct json *klaviyo_thing(int account, const char *kind, const char *id);
size_t klaviyo_thing_count(int account, const char *kind);
/* Events of this metric whose property OrderId is that. */
int klaviyo_event_count(int account, const char *metric, const char *order_id);
/* Events of that order that are not at the profile of that address. */
int klaviyo_event_count_elsewhere(int account, const char *email, const char *order_id);
size_t klaviyo_event_total(int account);
/* Of a profile: NULL if it is not there. */
const char *klaviyo_first_name(int account, const char *email);
enum klaviyo_consent { CONSENT_NEVER, CONSENT_YES, CONSENT_NO };
/* When they last unsubscribed there, whether it is known there still or not; 0 = never. */
int64_t klaviyo_left_ms(int account, const char *email);
/* When the newest deletion of the profile was accepted; 0 = none was. */
int64_t klaviyo_deleted_ms(int account, const char *email);
enum klaviyo_consent klaviyo_consent_of(int account, const char *email, int64_t *suppressed_ms);

#endif
