#ifndef PANNIER_BENCH_SOAK_H
#define PANNIER_BENCH_SOAK_H

#include "base/rand.h"
#include "shop.h"

#include <pthread.h>
#include <stdatomic.h>

#define SOAK_PRODUCTS  400
#define SOAK_PEOPLE    400
#define SOAK_LINES     2	     /* of an order */
#define SOAK_EVENTS    (1 + SOAK_LINES)
#define SOAK_ORDERS_MAX 2000000

/* ---- the shop: soak_load.c ---- */

/*
 * One shop, in a thread of its own: orders, products and customers in signed webhooks at a steady rate. What gets no 2xx is
 * sent again under the same id until it gets one, so that everything counted here was acknowledged.
 */
struct soak_load {
	struct bench_shop shop;      /* a copy with a client and an arena of its own */
	struct rand_seeded chance;
	double per_s;                /* webhooks; each holds 1 to 4 messages */
	pthread_t thread;
	atomic_bool stop;
	atomic_size_t n_messages;    /* acknowledged */
	atomic_size_t n_again;       /* webhooks that were sent once more */
	size_t n_orders;
	unsigned product[SOAK_PRODUCTS]; /* version that was acknowledged last; 0 = never sent */
	unsigned person[SOAK_PEOPLE];
};

/* Price of a product at that version: whole units, then half a unit. */
#define soak_price(version) (1 + (version) % 900 + 0.5)

void soak_load_start(struct soak_load *load, const struct bench_shop *shop, double per_s, uint64_t seed);
/* Waits until what was begun is acknowledged. */
void soak_load_stop(struct soak_load *load);

/* ---- memory, descriptors, files: soak_watch.c ---- */

struct soak_sample {
	double run_s;                /* since the beginning */
	double life_s;               /* since this life of the daemon began */
	int life;
	double rss_mb;
	int fds;
	double database_mb, log_mb;  /* log: the write-ahead log */
	int files;                   /* in the data folder */
	size_t n_messages;
};

struct soak_watch {
	struct soak_sample *sample;
	size_t n, capacity;
	int64_t start_us, life_us;
	int life;
};

void soak_watch_life(struct soak_watch *watch);  /* a daemon has been started */
void soak_watch_sample(struct soak_watch *watch, const struct bench_shop *shop, size_t n_messages);
/*
 * Growth of the memory by a straight line through the samples of the second half (then the caches are full) behind the
 * first warm_s of each life, in MB: over that half, and within its longest life (all lives share one slope, each has its own
 * height).
 */
void soak_watch_growth(const struct soak_watch *watch, double warm_s, double *run_mb, double *life_mb);

/* ---- what must hold in the end: soak_check.c ---- */

struct soak_found {
	int64_t lost, doubled;       /* events by what Klaviyo keeps */
	int64_t stale_products, stale_people; /* not what was acknowledged last */
	int64_t sent_again;          /* events that Klaviyo dropped as repeats, and contents it had already: allowed after a death */
	int64_t broken;              /* other rules of the sandbox */
	int64_t throttled;           /* 429 caused by us */
	int64_t not_mapped;          /* acknowledged messages that are not, or more than once */
	int64_t failed;
	char books[256];             /* "" = they balance */
};

/* Do the books balance now? The daemon may run. Ends the program if they do not. */
void soak_check_books(const struct bench_shop *shop);
/* Is everything sent, also what waited for another try? */
bool soak_drained(const struct bench_shop *shop);
void soak_compare(struct bench_shop *shop, const struct soak_load *load, struct soak_found *out);

#endif
