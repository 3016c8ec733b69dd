#ifndef PANNIER_BENCH_SHOP_H
#define PANNIER_BENCH_SHOP_H

#include "base/json.h"
#include "bench_proc.h"
#include "net/http_client.h"

/*
 * Shops of the generic platform with an account each, the daemon they send to, and the sandbox that stands for Klaviyo. Whatever
 * goes wrong ends the program with a message.
 */
struct bench_shop {
	const char *build;
	size_t n_account;
	struct http_client *client;
	struct arena arena;        /* of one step; the caller resets it */
	struct arena key_arena;
	struct str key;            /* of the signatures */
	struct bench_child sandbox;
	struct bench_child daemon;
	char program[512];
	char data[512];
};

/* limits: are Klaviyo's rate limits kept; sandbox_argument: besides --listen, ends with NULL. n_account: 1 to 9999. */
void bench_shop_open(struct bench_shop *shop, const char *build, bool limits, size_t n_account,
		     const char *const sandbox_argument[]);
void bench_shop_close(struct bench_shop *shop);
/* One signed webhook, to one shop after the other; it must be answered 2xx. */
void bench_shop_post(struct bench_shop *shop, struct str body);
/* The same to the shop with that number, from 0. */
void bench_shop_post_to(struct bench_shop *shop, size_t number, struct str body);
/* The same, but it may be answered 429: false, nothing of it was taken in. */
bool bench_shop_offer_to(struct bench_shop *shop, size_t number, struct str body);
/*
 * One try, which may fail: the status, 0 = there was no answer. id: of the webhook, the same when it is sent again. answer: the
 * body, or why there is none; in shop->arena.
 */
int bench_shop_try_post(struct bench_shop *shop, size_t number, struct str id, struct str body, struct str *answer);
/* GET of the sandbox; the caller frees it. */
struct json *bench_shop_sandbox(struct bench_shop *shop, const char *path);
/* Changes knobs of the sandbox: a JSON object. */
void bench_shop_knob(struct bench_shop *shop, const char *knobs);
void bench_shop_wait_idle(const struct bench_shop *shop);
/* The daemon dies at once (SIGKILL), and is started again on the same data and port. */
void bench_shop_kill(struct bench_shop *shop);
/* A whole number of an object, 0 if it has none of that name. */
int64_t bench_number(const struct json *object, const char *name);
/* Gives others a moment. */
void bench_shop_pause(void);

#endif
