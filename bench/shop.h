#ifndef PANNIER_BENCH_SHOP_H
#define PANNIER_BENCH_SHOP_H

#include "base/json.h"
#include "bench_proc.h"
#include "net/http_client.h"

/*
 * A shop "bench" of the generic platform, the daemon it sends to, and the sandbox that stands for Klaviyo. Whatever goes wrong ends
 * the program with a message.
 */
struct bench_shop {
	const char *build;
	struct http_client *client;
	struct arena arena;        /* of one step; the caller resets it */
	struct arena key_arena;
	struct str key;            /* of the signatures */
	struct bench_child sandbox;
	struct bench_child daemon;
	char program[512];
	char data[512];
};

/* limits: are Klaviyo's rate limits kept; sandbox_argument: besides --listen, ends with NULL. */
void bench_shop_open(struct bench_shop *shop, const char *build, bool limits,
		     const char *const sandbox_argument[]);
void bench_shop_close(struct bench_shop *shop);
/* One signed webhook; it must be answered 2xx. */
void bench_shop_post(struct bench_shop *shop, struct str body);
/* GET of the sandbox; the caller frees it. */
struct json *bench_shop_sandbox(struct bench_shop *shop, const char *path);
void bench_shop_wait_idle(const struct bench_shop *shop);
/* Gives others a moment. */
void bench_shop_pause(void);

#endif
