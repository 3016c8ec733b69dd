/*
 * Nearest: which known word was meant by an unknown one.
 *
 * Optimal string alignment distance over at most NEAREST_BYTES_MAX bytes; longer texts have no neighbour.
 * Pure.
 */
#include "settings/nearest.h"

#include <string.h>

#define NEAREST_BYTES_MAX 63
#define EDITS_MAX	  3

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t edits(struct str a, struct str b)
{
	size_t before[NEAREST_BYTES_MAX + 1] = { 0 }, last[NEAREST_BYTES_MAX + 1] = { 0 };
	size_t now[NEAREST_BYTES_MAX + 1] = { 0 };

	for (size_t j = 0; j <= b.len; j++)
		last[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		now[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t cost = a.p[i - 1] == b.p[j - 1] ? 0 : 1;

			now[j] = smaller(smaller(last[j], now[j - 1]) + 1, last[j - 1] + cost);
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
				now[j] = smaller(now[j], before[j - 2] + 1);
		}
		memcpy(before, last, sizeof(before));
		memcpy(last, now, sizeof(last));
	}
	return last[b.len];
}

const char *nearest_text(struct str text, const char *const *candidate, size_t n)
{
	const char *best = NULL;
	size_t best_edits = EDITS_MAX + 1;

	if (text.len == 0 || text.len > NEAREST_BYTES_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		struct str word = str_from(candidate[i]);
		size_t distance;

		if (word.len == 0 || word.len > NEAREST_BYTES_MAX)
			continue;
		distance = edits(text, word);
		if (distance < best_edits && distance * 3 <= word.len) {
			best = candidate[i];
			best_edits = distance;
		}
	}
	return best;
}
