/*
 * The table of metrics: looking rows up.
 *
 * Pure.
 */
#include "model/metric.h"

#include "base/attr.h"

#include <assert.h>

static const struct metric_row rows[METRIC_COUNT] = {
#define METRIC_ROW(code, key, name, on, window_h) [code] = { #key, name, on, window_h },
	METRICS(METRIC_ROW)
#undef METRIC_ROW
};

const struct metric_row *metric_row(enum metric metric)
{
	assert((size_t)metric < METRIC_COUNT);
	return &rows[metric];
}

bool metric_find(struct str name, enum metric *out)
{
	if (str_eq(name, STR("Canceled Order"))) {
		*out = METRIC_CANCELLED_ORDER;
		return true;
	}
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		if (str_eq(name, str_from(rows[i].name))) {
			*out = (enum metric)i;
			return true;
		}
	}
	return false;
}
