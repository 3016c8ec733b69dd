#ifndef PANNIER_TESTS_SIM_LOG_CATCH_H
#define PANNIER_TESTS_SIM_LOG_CATCH_H

#include <stdint.h>

/*
 * What the product logs is caught, and looked through for what must never be in a log: keys, secrets, e-mail addresses, texts of
 * messages. When the process aborts, the end of the log is shown. Also counts open descriptors.
 */
void log_catch_open(void);
void log_catch_close(void);
void log_catch_begin(uint64_t seed);
void log_catch_end(void);

#endif
