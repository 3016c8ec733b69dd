/*
 * Conditions by the monotonic clock.
 *
 * Threads: any.
 */
#include "base/cond.h"

#include <assert.h>
#include <errno.h>

void cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	int failed;

	failed = pthread_condattr_init(&attr);
	failed |= pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	failed |= pthread_cond_init(cond, &attr);
	failed |= pthread_condattr_destroy(&attr);
	assert(!failed); /* only memory can be missing */
}

struct timespec cond_deadline(int64_t ms)
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

bool cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, const struct timespec *deadline)
{
	return pthread_cond_timedwait(cond, lock, deadline) != ETIMEDOUT;
}
