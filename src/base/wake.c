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

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

struct wake {
	pthread_mutex_t lock;
	pthread_cond_t sent;
	atomic_bool pending;
};

struct wake *wake_new(void)
{
	struct wake *wake = mem_zalloc(1, sizeof(*wake));
	pthread_condattr_t attr;
	int failed;

	failed = pthread_mutex_init(&wake->lock, NULL);
	failed |= pthread_condattr_init(&attr);
	failed |= pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	failed |= pthread_cond_init(&wake->sent, &attr);
	failed |= pthread_condattr_destroy(&attr);
	assert(!failed); /* only memory can be missing */
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

static struct timespec deadline_after(int64_t ms)
{
	struct timespec at = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += (time_t)(ms / 1000);
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

bool wake_wait(struct wake *wake, int64_t max_ms)
{
	struct timespec deadline;
	bool came;
	int late = 0;

	came = atomic_exchange(&wake->pending, false);
	if (came || max_ms <= 0)
		return came;
	deadline = deadline_after(max_ms);
	(void)pthread_mutex_lock(&wake->lock);
	while (!(came = atomic_exchange(&wake->pending, false)) && late != ETIMEDOUT)
		late = pthread_cond_timedwait(&wake->sent, &wake->lock, &deadline);
	(void)pthread_mutex_unlock(&wake->lock);
	return came;
}
