/*
 * Ids as Klaviyo makes them.
 *
 * Threads: pure but for chance.
 */
#include "sandbox/ident.h"

void ident_long(struct rand *rand, int64_t wall_ms, char id[static IDENT_LONG_BYTES])
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	uint64_t time = (uint64_t)wall_ms;

	for (size_t i = 10; i-- > 0; time /= 32)
		id[i] = alphabet[time % 32];
	for (size_t i = 10; i < 26; i++)
		id[i] = alphabet[rand_below(rand, 32)];
	id[26] = '\0';
}

void ident_short(struct rand *rand, char id[static IDENT_SHORT_BYTES])
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	for (size_t i = 0; i < 6; i++)
		id[i] = alphabet[rand_below(rand, sizeof(alphabet) - 1)];
	id[6] = '\0';
}
