/*
 * The table of metrics: looking rows up, and what an account has otherwise.
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

static bool read_window(struct str name, struct str hours, struct metric_windows *out)
{
	int64_t value;

	if (!str_to_int64(hours, &value) || value < 0 || value > METRIC_WINDOW_H_MAX)
		return false;
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		if (str_eq(name, str_from(rows[i].key))) {
			out->hours[i] = (int)value;
			return true;
		}
	}
	return false;
}

bool metric_windows_read(struct str text, struct metric_windows *out)
{
	struct str part;

	for (size_t i = 0; i < METRIC_COUNT; i++)
		out->hours[i] = rows[i].window_h;
	while (str_split(&text, ',', &part)) {
		size_t at = str_find_char(part, '=');

		if (at == part.len ||
		    !read_window(str_trim(str_of(part.p, at)), str_trim(str_skip(part, at + 1)), out))
			return false;
	}
	return true;
}
