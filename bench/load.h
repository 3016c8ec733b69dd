#ifndef PANNIER_BENCH_LOAD_H
#define PANNIER_BENCH_LOAD_H

#include <stddef.h>
#include <stdint.h>

/*
 * Load over HTTP/1.1 keep-alive connections, one thread with epoll: each connection sends the next request as
 * soon as its answer is there. What is sent is prepared before, so that the generator costs little more than
 * its system calls.
 */

/* One prepared request: the headers that differ, and which body it was signed over. */
struct load_message {
	char header[176]; /* "webhook-id: ...\r\nwebhook-timestamp: ...\r\nwebhook-signature: ...\r\n" */
	uint16_t header_len;
	uint16_t body;
};

struct load_pool {
	struct load_message *message;
	size_t n;
	char **body; /* n_body texts of body_len bytes each */
	size_t n_body;
	size_t body_len;
};

struct load_plan {
	int port;
	const char *path;
	int connections;
	int64_t duration_us;
	const struct load_pool
		*pool; /* each message is sent at most once; the run ends when they are used up */
};

struct load_result {
	size_t n_ok;	   /* answers 2xx */
	size_t n_refused;  /* any other answer */
	int first_refused; /* status of the first of them */
	double seconds;
	double p50_ms;
	double p99_ms;
	double max_ms;
	double client_cpu_share; /* near 1: the generator was the limit */
};

/* A pool of n messages of one type with fresh ids and the time of now, signed as Standard Webhooks says with the whsec_
 * secret. */
struct load_pool *load_pool_new(size_t n, size_t body_len, const char *type, const char *secret);
/* New ids, times and signatures for the same bodies. */
void load_pool_renew(struct load_pool *pool, const char *secret);
void load_pool_free(struct load_pool *pool);

/* Ends the program when connections break. */
struct load_result load_run(const struct load_plan *plan);

#endif
