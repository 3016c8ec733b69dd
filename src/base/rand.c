/*
 * Randomness: the kernel's (through libsodium) and a seeded one for tests.
 *
 * Threads: rand_system from any thread; a seeded generator belongs to its owner.
 */
#include "base/rand.h"

#include <assert.h>
#include <sodium.h>

static void system_fill(struct rand *rand, void *out, size_t len)
{
	(void)rand;
	randombytes_buf(out, len);
}

struct rand *rand_system(void)
{
	static struct rand system = { .fill = system_fill };
	int started = sodium_init(); /* may be called again and from any thread */

	assert(started >= 0); /* else there is no source of randomness */
	return &system;
}

/* splitmix64 (S. Vigna, public domain reference). */
static uint64_t seeded_next(struct rand_seeded *seeded)
{
	uint64_t z = seeded->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Little-endian whatever the machine, so that a seed means the same everywhere. */
static void seeded_fill(struct rand *rand, void *out, size_t len)
{
	unsigned char *byte = out;
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++) {
		if (i % 8 == 0)
			word = seeded_next((struct rand_seeded *)rand);
		byte[i] = (unsigned char)word;
		word >>= 8;
	}
}

void rand_seeded_init(struct rand_seeded *seeded, uint64_t seed)
{
	*seeded = (struct rand_seeded){ .rand = { .fill = seeded_fill }, .state = seed };
}

void rand_fill(struct rand *rand, void *out, size_t len)
{
	rand->fill(rand, out, len);
}

uint64_t rand_u64(struct rand *rand)
{
	unsigned char byte[8];
	uint64_t word = 0;

	rand_fill(rand, byte, sizeof(byte));
	for (size_t i = sizeof(byte); i-- > 0;)
		word = word << 8 | byte[i];
	return word;
}

uint64_t rand_below(struct rand *rand, uint64_t bound)
{
	uint64_t refused, word;

	assert(bound > 0);
	refused = -bound % bound; /* 2^64 mod bound: so many low words would make small results likelier */
	do
		word = rand_u64(rand);
	while (word < refused);
	return word % bound;
}

double rand_unit(struct rand *rand)
{
	return (double)(rand_u64(rand) >> 11) * 0x1p-53;
}
