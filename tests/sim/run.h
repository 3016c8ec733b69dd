#ifndef PANNIER_TESTS_SIM_RUN_H
#define PANNIER_TESTS_SIM_RUN_H

#include <stdbool.h>
#include <stdint.h>

/* One seed from beginning to end; the result is in sim.failure and sim.trace_hash. folder: for the key file. */
bool run_seed(uint64_t seed, const char *folder, bool verbose);

#endif
