#ifndef PANNIER_BASE_LOG_H
#define PANNIER_BASE_LOG_H

#include "base/attr.h"

#include <stdbool.h>

/*
 * One line per record on standard error: time level area message. By reader: error = a person must act; warn
 * = degraded but handled; info = life cycle; debug = for developers. Never a body, a key, a secret or an
 * e-mail address; control bytes are escaped. A line that repeats (same level, area and format) more than 5
 * times in 10 s is counted, not printed, and the count is printed by the first log_line or log_flush after
 * that time. area and format must be literals. Thread-safe.
 */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level); /* default LOG_INFO */
void log_line(enum log_level level, const char *area, const char *format, ...) PRINTF_LIKE(3, 4);
/* Prints the counts whose time is up (call it now and then); all = every count (call it at the end). */
void log_flush(bool all);

#define log_error(area, ...) log_line(LOG_ERROR, area, __VA_ARGS__)
#define log_warn(area, ...) log_line(LOG_WARN, area, __VA_ARGS__)
#define log_info(area, ...) log_line(LOG_INFO, area, __VA_ARGS__)
#define log_debug(area, ...) log_line(LOG_DEBUG, area, __VA_ARGS__)

#endif
