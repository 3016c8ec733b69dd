#ifndef PANNIER_BASE_LOG_INTERNAL_H
#define PANNIER_BASE_LOG_INTERNAL_H

#include "base/clock.h"

/* Where the log gets its time from; NULL = the machine's clock. For tests. */
void log_set_clock(struct clock *clock);

#endif
