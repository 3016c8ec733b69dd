/*
 * A lock in turn.
 *
 * Keeps:   while anybody waits it is never free: it is handed from one to the next, so that nobody who comes
 *          later gets in between.
 * Threads: any.
 */
#include "base/turn.h"

#include "base/alloc.h"
#include "base/cond.h"

#include <assert.h>

struct waiter {
	struct waiter *next;
	pthread_cond_t given;
	bool has;
};

struct turn {
	pthread_mutex_t lock;
	bool taken;
	struct waiter *first; /* who waits longest */
};

struct turn *turn_new(void)
{
	struct turn *turn = mem_zalloc(1, sizeof(*turn));
	int failed = pthread_mutex_init(&turn->lock, NULL);

	assert(!failed);
	return turn;
}

void turn_free(struct turn *turn)
{
	if (!turn)
		return;
	assert(!turn->taken);
	(void)pthread_mutex_destroy(&turn->lock);
	mem_free(turn);
}

static struct waiter **end_of(struct turn *turn)
{
	struct waiter **at = &turn->first;

	while (*at)
		at = &(*at)->next;
	return at;
}

static void give_up(struct turn *turn, const struct waiter *self)
{
	struct waiter **at = &turn->first;

	while (*at != self)
		at = &(*at)->next;
	*at = self->next;
}

/* With the lock held. */
static bool wait_in_line(struct turn *turn, int64_t max_ms)
{
	struct timespec deadline = cond_deadline(max_ms);
	struct waiter self = { .has = false };

	cond_init(&self.given);
	*end_of(turn) = &self;
	while (!self.has && cond_wait(&self.given, &turn->lock, &deadline))
		;
	if (!self.has)
		give_up(turn, &self);
	(void)pthread_cond_destroy(&self.given);
	return self.has;
}

bool turn_take(struct turn *turn, int64_t max_ms)
{
	bool has = true;

	(void)pthread_mutex_lock(&turn->lock);
	if (turn->taken)
		has = wait_in_line(turn, max_ms);
	else
		turn->taken = true;
	(void)pthread_mutex_unlock(&turn->lock);
	return has;
}

void turn_pass(struct turn *turn)
{
	struct waiter *next;

	(void)pthread_mutex_lock(&turn->lock);
	next = turn->first;
	if (next) {
		turn->first = next->next;
		next->has = true;
		(void)pthread_cond_signal(&next->given);
	} else {
		turn->taken = false;
	}
	(void)pthread_mutex_unlock(&turn->lock);
}
