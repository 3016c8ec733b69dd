#ifndef PANNIER_BENCH_ORDER_H
#define PANNIER_BENCH_ORDER_H

#include "base/strbuf.h"

#define BENCH_ORDER_LINES 3
/* Placed Order, and Ordered Product for each line. */
#define BENCH_ORDER_EVENTS (1 + BENCH_ORDER_LINES)

/* One "order.placed" of the generic platform, placed at that time (wall ms); four orders of a name are one customer's. */
void bench_order_add(struct strbuf *out, const char *name, size_t i, int64_t at_ms);

#endif
