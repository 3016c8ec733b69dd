#ifndef PANNIER_BASE_RAND_H
#define PANNIER_BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

/* Chance comes from outside as time does. */
struct rand {
	void (*fill)(struct rand *rand, void *out, size_t len);
};

/* The kernel's generator (libsodium); fit for secrets. Lives as long as the process. */
struct rand *rand_system(void);

/* A seeded generator (splitmix64): the same seed gives the same bytes. For tests and the simulation only. */
struct rand_seeded {
	struct rand rand;
	uint64_t state;
};
void rand_seeded_init(struct rand_seeded *seeded, uint64_t seed);

void rand_fill(struct rand *rand, void *out, size_t len);
uint64_t rand_u64(struct rand *rand);
uint64_t rand_below(struct rand *rand, uint64_t bound);  /* 0 .. bound-1; bound > 0; unbiased */
double rand_unit(struct rand *rand);                      /* 0 <= x < 1 */

#endif
