/*
 * Hints between threads: one flag, and a condition to sleep on.
 *
 * Keeps:   the flag is set before the condition is signalled and looked at under the lock, so a hint sent
 *          while somebody goes to sleep is not lost. Sending while the flag is set already costs one atomic
 *          exchange.
 * Threads: any.
 */
#include "base/wake.h"

#include "base/alloc.h"
#include "base/cond.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

struct wake {
	pthread_mutex_t lock;
	pthread_cond_t sent;
	atomic_bool pending;
};

struct wake *wake_new(void)
{
	struct wake *wake = mem_zalloc(1, sizeof(*wake));
	int failed = pthread_mutex_init(&wake->lock, NULL);

	assert(!failed); /* only memory can be missing */
	cond_init(&wake->sent);
	atomic_init(&wake->pending, false);
	return wake;
}

void wake_free(struct wake *wake)
{
	if (!wake)
		return;
	(void)pthread_cond_destroy(&wake->sent);
	(void)pthread_mutex_destroy(&wake->lock);
	mem_free(wake);
}

void wake_send(struct wake *wake)
{
	if (atomic_exchange(&wake->pending, true))
		return;
	(void)pthread_mutex_lock(&wake->lock);
	(void)pthread_cond_signal(&wake->sent);
	(void)pthread_mutex_unlock(&wake->lock);
}

bool wake_wait(struct wake *wake, int64_t max_ms)
{
	struct timespec deadline;
	bool came;

	came = atomic_exchange(&wake->pending, false);
	if (came || max_ms <= 0)
		return came;
	deadline = cond_deadline(max_ms);
	(void)pthread_mutex_lock(&wake->lock);
	do
		came = atomic_exchange(&wake->pending, false);
	while (!came && cond_wait(&wake->sent, &wake->lock, &deadline));
	(void)pthread_mutex_unlock(&wake->lock);
	return came;
}
