#ifndef PANNIER_BASE_COND_H
#define PANNIER_BASE_COND_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Conditions that are waited for by the monotonic clock, which nobody sets. */
void cond_init(pthread_cond_t *cond);
struct timespec cond_deadline(int64_t ms); /* in so many ms, at least 0 */
/* Waits as pthread_cond_timedwait does, and may come back for no reason as that does. False: the deadline is over. */
bool cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, const struct timespec *deadline);

#endif
