#ifndef PANNIER_ADMIN_SAMPLE_H
#define PANNIER_ADMIN_SAMPLE_H

#include "base/clock.h"
#include "store/store.h"

/* Counts per minute of the last day, per store and account; since the process started. */
#define SAMPLE_MINUTES 1440
#define SAMPLE_ROWS_MAX 1000
#define SAMPLE_RATE_MINUTES 5 /* a rate is the mean of so many */

enum sample_kind { SAMPLE_RECEIVED, SAMPLE_ACCEPTED, SAMPLE_FAILED, SAMPLE_KINDS };

struct samples;
struct samples *samples_new(void);
void samples_free(struct samples *samples); /* NULL allowed */
/* Has a new minute begun? */
bool samples_due(const struct samples *samples, int64_t now_ms);
void samples_take(struct samples *samples, const struct summary *summary, int64_t now_ms);
/* Begin of the first of *n minutes that are there; the last one is still under way. */
int64_t samples_from_ms(const struct samples *samples, size_t *n);
/* Adds the newest n minutes of one store or account to sum, oldest first. */
void samples_add(const struct samples *samples, bool is_account, int64_t id, size_t n, int64_t (*sum)[SAMPLE_KINDS]);
double samples_per_minute(const struct samples *samples, bool is_account, int64_t id, enum sample_kind kind);

#endif
