#ifndef PANNIER_BASE_WAKE_H
#define PANNIER_BASE_WAKE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A hint between threads: "there may be work". Hints collapse, may be lost without harm (every wait has an
 * end), and carry nothing. Thread-safe.
 */
struct wake;

struct wake *wake_new(void);
void wake_free(struct wake *wake);
void wake_send(struct wake *wake);
/* Waits for a hint since the last wait, at most max_ms; true if one came. */
bool wake_wait(struct wake *wake, int64_t max_ms);

#endif
