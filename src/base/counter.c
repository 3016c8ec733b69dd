/*
 * Counters: one atomic word each, and their Prometheus text.
 *
 * Threads: any; relaxed, so that two counters read together may be a moment apart.
 */
#include "base/counter.h"

#include <inttypes.h>
#include <stdatomic.h>

static atomic_uint_fast64_t value[COUNTER_COUNT];

void counter_add(enum counter counter, uint64_t n)
{
	atomic_fetch_add_explicit(&value[counter], n, memory_order_relaxed);
}

uint64_t counter_get(enum counter counter)
{
	return atomic_load_explicit(&value[counter], memory_order_relaxed);
}

void counter_write_prometheus(struct strbuf *out)
{
	static const struct {
		const char *name;
		const char *help;
	} row[COUNTER_COUNT] = {
#define COUNTER_ROW(name, help) { #name, help },
		COUNTERS(COUNTER_ROW)
#undef COUNTER_ROW
	};

	for (enum counter i = 0; i < COUNTER_COUNT; i++) {
		strbuf_addf(out, "# HELP pannier_%s_total %s\n", row[i].name, row[i].help);
		strbuf_addf(out, "# TYPE pannier_%s_total counter\n", row[i].name);
		strbuf_addf(out, "pannier_%s_total %" PRIu64 "\n", row[i].name, counter_get(i));
	}
}
