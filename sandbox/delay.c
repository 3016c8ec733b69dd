/*
 * A thread that runs things later: a heap by due time under one lock.
 *
 * Keeps:   things due at the same millisecond run in the order they were added.
 * Threads: delay_add from any; run is called without the lock.
 */
#include "sandbox/delay.h"

#include "base/alloc.h"
#include "base/wake.h"

#include <assert.h>
#include <pthread.h>

struct entry {
	int64_t due_ms;
	int64_t number;
	void (*run)(void *arg);
	void *arg;
};

struct delay {
	struct clock *clock;
	struct wake *wake;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	bool stopping;
	struct entry *heap;   /* smallest first */
	size_t n, capacity;
	int64_t last_number;
};

static bool before(const struct entry *a, const struct entry *b)
{
	return a->due_ms < b->due_ms || (a->due_ms == b->due_ms && a->number < b->number);
}

static void push(struct delay *delay, struct entry entry)
{
	size_t i = delay->n++;

	if (delay->n > delay->capacity) {
		delay->capacity = delay->capacity ? delay->capacity * 2 : 64;
		delay->heap = mem_resize(delay->heap, delay->capacity * sizeof(*delay->heap));
	}
	for (; i > 0 && before(&entry, &delay->heap[(i - 1) / 2]); i = (i - 1) / 2)
		delay->heap[i] = delay->heap[(i - 1) / 2];
	delay->heap[i] = entry;
}

static struct entry pop(struct delay *delay)
{
	struct entry first = delay->heap[0];
	struct entry last = delay->heap[--delay->n];
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= delay->n)
			break;
		if (child + 1 < delay->n && before(&delay->heap[child + 1], &delay->heap[child]))
			child++;
		if (!before(&delay->heap[child], &last))
			break;
		delay->heap[i] = delay->heap[child];
		i = child;
	}
	delay->heap[i] = last;
	return first;
}

/* Takes the next entry that is due, or says how long to wait; *done: there is nothing left to wait for. */
static bool take(struct delay *delay, struct entry *entry, int64_t *wait_ms, bool *done)
{
	int64_t now_ms = clock_mono_ms(delay->clock);
	bool taken = false;

	(void)pthread_mutex_lock(&delay->lock);
	*done = delay->stopping && delay->n == 0;
	*wait_ms = delay->n > 0 ? delay->heap[0].due_ms - now_ms : 60 * MS_PER_S;
	if (delay->n > 0 && (*wait_ms <= 0 || delay->stopping)) {
		*entry = pop(delay);
		taken = true;
	}
	(void)pthread_mutex_unlock(&delay->lock);
	return taken;
}

static void *loop(void *arg)
{
	struct delay *delay = arg;
	struct entry entry;
	int64_t wait_ms;
	bool done = false;

	while (!done) {
		if (take(delay, &entry, &wait_ms, &done))
			entry.run(entry.arg);
		else if (!done)
			(void)wake_wait(delay->wake, wait_ms);
	}
	return NULL;
}

struct delay *delay_new(struct clock *clock)
{
	struct delay *delay = mem_zalloc(1, sizeof(*delay));
	int failed;

	delay->clock = clock;
	delay->wake = wake_new();
	failed = pthread_mutex_init(&delay->lock, NULL);
	assert(!failed);
	failed = pthread_create(&delay->thread, NULL, loop, delay);
	assert(!failed); /* without a thread there is no simulator */
	return delay;
}

void delay_add(struct delay *delay, int64_t wait_ms, void (*run)(void *arg), void *arg)
{
	struct entry entry = { .due_ms = clock_mono_ms(delay->clock) + wait_ms, .run = run, .arg = arg };
	bool first;

	(void)pthread_mutex_lock(&delay->lock);
	entry.number = ++delay->last_number;
	push(delay, entry);
	first = delay->heap[0].number == entry.number;
	(void)pthread_mutex_unlock(&delay->lock);
	if (first)
		wake_send(delay->wake);
}

void delay_free(struct delay *delay)
{
	if (!delay)
		return;
	(void)pthread_mutex_lock(&delay->lock);
	delay->stopping = true;
	(void)pthread_mutex_unlock(&delay->lock);
	wake_send(delay->wake);
	(void)pthread_join(delay->thread, NULL);
	(void)pthread_mutex_destroy(&delay->lock);
	wake_free(delay->wake);
	mem_free(delay->heap);
	mem_free(delay);
}
