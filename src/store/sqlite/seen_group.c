/*
 * Filters of many runs side by side: one lookup for all of them.
 *
 * Cells are as wide as there are runs, in steps: a shop with few messages keeps little, and each step copies
 * what there is. All filters of a group have as many blocks as its first; one that has fewer says the same
 * when it is repeated, because a block is named by the last bits of a hash. Pure: no state of its own.
 */
#include "store/sqlite/seen_group.h"

#include "base/alloc.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#define LINE_BYTES	64
#define PREPARED_CHUNKS 8 /* at once: of 32 in a group of runs as they are now */

/* ---- cells ---- */

/* 64 runs of a cell, from the first byte on; of a narrow cell also what follows it, which is of no run. */
static uint64_t cell_load(const char *cell)
{
	uint64_t runs;

	memcpy(&runs, cell, sizeof(runs));
	return le64toh(runs);
}

static void cell_add(char *cell, uint64_t runs)
{
	runs = htole64(cell_load(cell) | runs);
	memcpy(cell, &runs, sizeof(runs));
}

static size_t n_chunk(const struct seen_group *group)
{
	return (group->n_block + SEEN_CHUNK_BLOCKS - 1) / SEEN_CHUNK_BLOCKS;
}

static const struct seen_chunk *chunk_of(const struct seen_group *group, size_t block)
{
	return &group->chunk[block / SEEN_CHUNK_BLOCKS];
}

static char *block_cells(const struct seen_chunk *chunk, size_t block)
{
	return chunk->cell + block % SEEN_CHUNK_BLOCKS * SEEN_BLOCK_BITS * chunk->cell_bytes;
}

/* Gives it cells of so many bytes; the first `skip` of the old ones are left out. */
static void chunk_change(struct seen_chunk *chunk, size_t skip, size_t cell_bytes)
{
	const size_t n_cell = SEEN_CHUNK_BLOCKS * SEEN_BLOCK_BITS;
	size_t kept = chunk->cell ? chunk->cell_bytes - skip : 0;
	char *memory = mem_zalloc(n_cell * cell_bytes + sizeof(uint64_t) + LINE_BYTES, 1);
	char *cell = memory + (LINE_BYTES - (uintptr_t)memory % LINE_BYTES) % LINE_BYTES;

	for (size_t i = 0; i < n_cell && kept > 0; i++)
		memcpy(cell + i * cell_bytes, chunk->cell + i * chunk->cell_bytes + skip, kept);
	mem_free(chunk->memory);
	*chunk = (struct seen_chunk){ cell_bytes, cell, memory };
}

/* Cells for n runs; of up to max_n chunks. One by one: never is all of it there twice. */
static void cells_widen(struct seen_group *group, size_t n, size_t max_n)
{
	size_t cell_bytes = 1;

	while (cell_bytes * 8 < n)
		cell_bytes = cell_bytes < 8 ? 2 * cell_bytes : cell_bytes + 8;
	for (size_t i = 0; i < n_chunk(group) && max_n > 0; i++)
		if (group->chunk[i].cell_bytes < cell_bytes) {
			chunk_change(&group->chunk[i], 0, cell_bytes);
			max_n--;
		}
}

struct seen_group *seen_group_new(const struct seen_filter *like, size_t n)
{
	struct seen_group *group = mem_zalloc(1, sizeof(*group));

	group->n_block = like->n_block;
	group->n_hash = like->n_hash;
	group->chunk = mem_zalloc(n_chunk(group), sizeof(*group->chunk));
	cells_widen(group, n < SEEN_GROUP_MAX ? n : SEEN_GROUP_MAX, SIZE_MAX);
	return group;
}

void seen_group_free(struct seen_group *group)
{
	if (!group)
		return;
	for (size_t i = 0; i < n_chunk(group); i++)
		mem_free(group->chunk[i].memory);
	mem_free(group->chunk);
	mem_free(group);
}

/* ---- adding ---- */

/* A few filters with fewer blocks are repeated, and take more than they need; not many. */
size_t seen_group_room(const struct seen_group *group, const struct seen_filter *filter)
{
	size_t used = group->n % SEEN_ADD_MAX;

	if (group->n == SEEN_GROUP_MAX || filter->n_hash != group->n_hash ||
	    filter->n_block > group->n_block ||
	    (used == 0 && group->n > 0 && filter->n_block < group->n_block))
		return 0;
	return SEEN_ADD_MAX - used;
}

/* The same word of each filter: for each of its bits, which runs have it. */
static void word_turn(const struct seen_run *run, size_t n, size_t at, uint64_t runs[static 64])
{
	memset(runs, 0, 64 * sizeof(*runs));
	for (size_t j = 0; j < n; j++) {
		const struct seen_filter *filter = &run[j].filter;
		uint64_t word = filter->word[at % (filter->n_block * SEEN_BLOCK_WORDS)];

		for (; word; word &= word - 1)
			runs[__builtin_ctzll(word)] |= UINT64_C(1) << j;
	}
}

void seen_group_add(struct seen_group *group, const struct seen_run *run, size_t n)
{
	size_t first = group->n / 64, shift = group->n % 64;
	uint64_t runs[64];

	assert(n > 0 && shift + n <= 64);
	cells_widen(group, group->n + n, SIZE_MAX);
	for (size_t at = 0; at < group->n_block * SEEN_BLOCK_WORDS; at++) {
		const struct seen_chunk *chunk = chunk_of(group, at / SEEN_BLOCK_WORDS);
		char *cell = block_cells(chunk, at / SEEN_BLOCK_WORDS) +
			     at % SEEN_BLOCK_WORDS * 64 * chunk->cell_bytes + first * sizeof(uint64_t);

		word_turn(run, n, at, runs);
		for (size_t i = 0; i < 64; i++)
			if (runs[i])
				cell_add(cell + i * chunk->cell_bytes, runs[i] << shift);
	}
	for (size_t j = 0; j < n; j++, group->n++) {
		group->run[group->n] = run[j].number;
		group->day[group->n] = run[j].day;
		group->alive[first] |= UINT64_C(1) << (shift + j);
	}
}

void seen_group_prepare(struct seen_group *group)
{
	if (group->n < SEEN_GROUP_MAX)
		cells_widen(group, group->n + 1, PREPARED_CHUNKS);
}

/* ---- finding ---- */

bool seen_group_find(const struct seen_group *group, const struct seen_places *places,
		     uint64_t maybe[SEEN_GROUP_WORDS])
{
	size_t n_word = (group->n + 63) / 64, at = places->hash & (group->n_block - 1);
	const struct seen_chunk *chunk = chunk_of(group, at);
	const char *block = block_cells(chunk, at);
	uint64_t any = 1;

	memcpy(maybe, group->alive, sizeof(group->alive));
	for (size_t i = 0; i < group->n_hash && any; i++) {
		const char *cell = block + places->at[i] * chunk->cell_bytes;

		any = 0;
		for (size_t k = 0; k < n_word; k++)
			any |= maybe[k] &= cell_load(cell + k * sizeof(uint64_t));
	}
	return any != 0;
}

/* ---- dropping ---- */

/* The first words of the cells, of runs that do not count, go. */
static void words_drop(struct seen_group *group, size_t n_word)
{
	size_t n = n_word * 64;

	group->n -= n;
	memmove(group->run, group->run + n, group->n * sizeof(*group->run));
	memmove(group->day, group->day + n, group->n * sizeof(*group->day));
	memmove(group->alive, group->alive + n_word, (SEEN_GROUP_WORDS - n_word) * sizeof(*group->alive));
	memset(group->alive + SEEN_GROUP_WORDS - n_word, 0, n_word * sizeof(*group->alive));
	for (size_t i = 0; i < n_chunk(group); i++)
		chunk_change(&group->chunk[i], n_word * sizeof(uint64_t),
			     group->chunk[i].cell_bytes - n_word * sizeof(uint64_t));
}

bool seen_group_drop(struct seen_group *group, int64_t last_day)
{
	size_t n_word = (group->n + 63) / 64, dead = 0;

	for (size_t i = 0; i < group->n; i++)
		if (group->day[i] <= last_day)
			group->alive[i / 64] &= ~(UINT64_C(1) << (i % 64));
	while (dead < n_word && group->alive[dead] == 0)
		dead++;
	if (dead == n_word)
		return false;
	if (dead > 0)
		words_drop(group, dead);
	return true;
}
