/*
 * The world's clock, and the queue of what will happen: a heap by time; what is due at the same time comes in
 * an order that the seed decides.
 */
#include "sim/sim.h"

#include "base/alloc.h"

#include <string.h>

struct planned {
	int64_t at_ms;
	uint64_t tie;
	sim_event *event;
	void *arg;
};

struct sim sim;
static struct planned *heap;
static size_t n_heap;
static size_t heap_capacity;
static struct rand_seeded tie_chance;

static int64_t clock_wall(struct clock *clock)
{
	(void)clock;
	return sim_wall_ms() + sim.wall_step_ms;
}

static int64_t clock_mono(struct clock *clock)
{
	(void)clock;
	return sim.now_ms - sim.boot_ms;
}

void sim_open(uint64_t seed, bool verbose)
{
	memset(&sim, 0, sizeof(sim));
	sim.seed = seed;
	sim.verbose = verbose;
	sim.clock = (struct clock){ .wall_ms = clock_wall, .mono_ms = clock_mono };
	sim.trace_hash = UINT64_C(0xcbf29ce484222325);
	for (int i = 0; i < OPTION_COUNT; i++)
		rand_seeded_init(&sim.chance[i], seed * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)i * 7919);
	rand_seeded_init(&tie_chance, seed);
	options_draw();
}

void sim_close(void)
{
	mem_free(heap);
	heap = NULL;
	n_heap = heap_capacity = 0;
}

void sim_heal(void)
{
	sim_trace("healed");
	sim.healed = true;
	sim.healed_ms = sim.now_ms;
	sim.wall_step_ms = 0;
}

/* ---- chance ---- */

int64_t sim_option(enum option option)
{
	return sim.option[option];
}

int64_t sim_draw(enum option option, int64_t low, int64_t high)
{
	if (high <= low)
		return low;
	return low + (int64_t)rand_below(&sim.chance[option].rand, (uint64_t)(high - low) + 1);
}

bool sim_chance(enum option option, int64_t permille)
{
	return sim_draw(option, 0, 999) < permille;
}

bool sim_fault(enum option option)
{
	bool tried = !sim.healed && !sim.looking && sim.option[option] > 0;
	bool hit = tried && sim_chance(option, sim.option[option]);

	sim.n_try[option] += tried;
	sim.n_hit[option] += hit;
	return hit;
}

/* ---- time ---- */

int64_t sim_wall_ms(void)
{
	return SIM_START_MS + sim.now_ms;
}

void sim_pass(int64_t ms)
{
	sim.now_ms += ms;
}

static bool is_before(const struct planned *a, const struct planned *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->tie < b->tie;
}

static void swap(size_t a, size_t b)
{
	struct planned kept = heap[a];

	heap[a] = heap[b];
	heap[b] = kept;
}

void sim_at(int64_t at_ms, sim_event *event, void *arg)
{
	size_t at = n_heap;

	if (n_heap == heap_capacity) {
		heap_capacity = heap_capacity ? heap_capacity * 2 : 256;
		heap = mem_resize(heap, heap_capacity * sizeof(*heap));
	}
	heap[n_heap++] = (struct planned){ at_ms, rand_u64(&tie_chance.rand), event, arg };
	for (; at > 0 && is_before(&heap[at], &heap[(at - 1) / 2]); at = (at - 1) / 2)
		swap(at, (at - 1) / 2);
}

static struct planned take_first(void)
{
	struct planned first = heap[0];
	size_t at = 0;

	heap[0] = heap[--n_heap];
	for (;;) {
		size_t least = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
			if (child < n_heap && is_before(&heap[child], &heap[least]))
				least = child;
		if (least == at)
			return first;
		swap(at, least);
		at = least;
	}
}

bool sim_step(void)
{
	struct planned next;

	if (n_heap == 0)
		return false;
	next = take_first();
	if (next.at_ms > sim.now_ms)
		sim.now_ms = next.at_ms;
	sim.n_step++;
	next.event(next.arg);
	return true;
}
