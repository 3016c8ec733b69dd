#ifndef PANNIER_SANDBOX_STATE_H
#define PANNIER_SANDBOX_STATE_H

#include "base/clock.h"
#include "base/rand.h"
#include "sandbox/catalog.h"
#include "sandbox/job.h"
#include "sandbox/journal.h"
#include "sandbox/knob.h"
#include "sandbox/limit.h"
#include "sandbox/oauth.h"
#include "sandbox/people.h"

/*
 * Everything the simulator holds, in memory. Time and chance come from outside, so that a test owns both.
 * All of it belongs to one thread: the server's, or a test's.
 */

/* One Klaviyo account: what one private key leads to. */
struct account {
	struct str key;            /* owned */
	char last4[5];
	char id[7];                /* derived from the key; also the public key */
	struct catalog catalog;
	struct jobs jobs;
	struct people people;
	struct table traces;       /* struct trace by "kind:external id" */
	struct limit *limit;       /* one per route */
};

struct sandbox_config {
	struct clock *clock;
	struct rand *rand;
	const struct str *key;     /* the only keys accepted; n_key 0 = every well-formed one */
	size_t n_key;
	const char *revision;      /* newest revision it knows; NULL = 2026-07-15 */
	double time_scale;         /* windows and jobs run so much faster; 0 = 1 */
	const struct knobs *knobs; /* copied without the texts; NULL = defaults */
};

#define SANDBOX_ACCOUNTS_MAX 100000

struct sandbox {
	struct clock *clock;
	struct rand *rand;
	double time_scale;
	char revision[11];
	int64_t started_mono_ms;
	char **key;                /* owned */
	size_t n_key;
	struct knobs knobs;
	struct oauth_state oauth;
	struct account **account;  /* in the order of their first request */
	size_t n_accounts;
	struct table by_key;
	struct journal journal;
	int64_t n_requests;        /* to the API; each has a number from 1 */
	int64_t n_failable;        /* counts for fail_every */
};

/* Caller owns the result. */
struct sandbox *sandbox_new(const struct sandbox_config *config);
void sandbox_free(struct sandbox *sandbox); /* NULL allowed */
/* Forgets accounts, journal and counts; keeps knobs. */
void sandbox_reset(struct sandbox *sandbox);

/* Milliseconds since the start as windows and jobs see them (time_scale), and as they are. */
int64_t sandbox_time_ms(const struct sandbox *sandbox);
int64_t sandbox_real_ms(const struct sandbox *sandbox);
int64_t sandbox_wall_ms(const struct sandbox *sandbox);

/* Shaped like a private key: "pk_" and at least 6 letters and digits ('_' and '-' may stand between them). */
bool sandbox_key_ok(struct str key);
/* Is it a key this sandbox accepts? */
bool sandbox_accepts_key(const struct sandbox *sandbox, struct str key);
/* The account of an accepted key, made at its first use; NULL past SANDBOX_ACCOUNTS_MAX. */
struct account *sandbox_account(struct sandbox *sandbox, struct str key);

#endif
