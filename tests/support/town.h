#ifndef PANNIER_TESTS_SUPPORT_TOWN_H
#define PANNIER_TESTS_SUPPORT_TOWN_H

#include "base/clock.h"
#include "base/json.h"
#include "cli/program.h"
#include "net/http_client.h"

/*
 * A shop, a daemon and a Klaviyo: the real programs on ephemeral ports with a data folder of their own. Waiting is for
 * conditions, with a deadline; what should never fail is asserted inside.
 */
#define TOWN_SECRET "a-secret-of-some-length"
#define TOWN_KEY "pk_town0123456789"
#define TOWN_DEADLINE_MS 60000

struct town {
	struct place place;
	struct running sandbox;
	pid_t daemon;              /* 0 = not running */
	int daemon_fd;
	const char *url;           /* of the daemon */
	const char *data;          /* its folder */
	const char *const *wrapper; /* a program and options that run the daemon, NULL-terminated; NULL = none */
	struct http_client *client;
	unsigned n_message;
	struct err err;
};

/* Sandbox with these further options (NULL-terminated, NULL = none), daemon, account "main" at the sandbox. */
void town_open(struct town *town, const char *const *sandbox_option);
/* Only the sandbox. */
void town_open_empty(struct town *town, const char *const *sandbox_option);
void town_close(struct town *town);

/* ---- the daemon ---- */
void town_start(struct town *town);
/* False: it ended before it listened. */
bool town_try_start(struct town *town);
/* Its exit code, 128 + signal. */
int town_stop(struct town *town, int signal_number);
/* Has it ended by itself? Then *code is set and it counts as not running. */
bool town_ended(struct town *town, int *code);

/* ---- settings ---- */
void town_account(struct town *town, const char *name, const char *key, const char *api_url);
/* change: "key=value" texts, NULL-terminated, NULL = none. quiet_ms is 100 unless changed. */
void town_store(struct town *town, const char *name, const char *platform, const char *account,
		const char *const *change);
void town_store_set(struct town *town, const char *name, const char *change);
void town_account_set(struct town *town, const char *name, const char *change);

/* ---- the shop ---- */
struct town_post {
	const char *platform;      /* NULL = "generic" */
	const char *store;         /* NULL = "shop" */
	const char *secret;        /* NULL = TOWN_SECRET */
	const char *content_type;  /* NULL = application/json */
	struct str body;
};
/* The answer's status; 0 = no answer. generic is signed, others send the secret in X-Api-Key. */
int town_post(struct town *town, struct town_post post, struct str *answer);
/* A generic message; ' stands for ". Asserts 202. */
void town_generic(struct town *town, const char *store, const char *type, const char *data);
/* One message of n products in NDJSON, ids PREFIX0..; each with one variant. Asserts 202. */
void town_products(struct town *town, const char *store, const char *prefix, int n, int price);
/* A file under tests/fixtures. */
struct str town_fixture(struct town *town, const char *name);
int town_get(struct town *town, const char *url, struct str *body);

/* ---- looking; JSON is to be freed by the caller ---- */
/* Waits until the daemon has nothing to do now; asserts that it comes to that. */
void town_idle(struct town *town);
/* Waits until the sandbox has answered at least n requests that change something. */
void town_requests(struct town *town, int64_t n);
struct json *town_sandbox(struct town *town, const char *path);
void town_knobs(struct town *town, const char *json);
/* Things of one kind ("items", "variants", "categories") that the sandbox holds for the key. */
size_t town_count(struct town *town, const char *key, const char *kind);
/* Waits until there are so many. */
void town_until(struct town *town, const char *key, const char *kind, size_t n);
/* One thing as the sandbox shows it; NULL if it is not there. Lives as long as state. */
const struct json *town_thing(const struct json *state, const char *key, const char *kind, const char *external_id);
/* All that the sandbox holds, without times and jobs, in one order. */
struct str town_catalog(struct town *town);
/* Promises broken towards the sandbox so far; kind NULL = of all kinds. */
int64_t town_violations(struct town *town, const char *kind);
struct json *town_status(struct town *town);
/* A number of the status: of "accounts" or "stores", by name; 0 where nothing happened yet. */
int64_t town_number(struct town *town, const char *list, const char *name, const char *member);
/* Asserts that the books balance; the daemon may run or not. */
void town_conserve(struct town *town);

/* Rounds of waiting for a condition: false when the deadline is over. Sleeps a little between. */
struct town_wait {
	int64_t end_ms;
};
bool town_wait(struct town_wait *wait);

#endif
