#ifndef PANNIER_TESTS_SIM_SIM_H
#define PANNIER_TESTS_SIM_SIM_H

#include "base/attr.h"
#include "base/clock.h"
#include "base/rand.h"

#include "sim/options.h"

/*
 * The simulated world: one seed, one thread, one clock, one queue of things that will happen. All that is not the product's own
 * code (disk, network, shops, Klaviyo, schedule) takes its chance from here, so a seed is a whole history.
 *
 * A run has two phases. Safety: things fail as the options say. Then sim_heal: nothing fails any more, and all that was
 * promised has to come true within a bounded time.
 */
#define SIM_START_MS INT64_C(1785000000000)

struct sim {
	uint64_t seed;
	struct clock clock;        /* wall: SIM_START_MS + now_ms + wall_step_ms; monotonic: since boot_ms */
	int64_t now_ms;            /* since the beginning */
	int64_t wall_step_ms;      /* how far the wall clock of the node is off */
	int64_t boot_ms;           /* when the machine of the node was started last */
	int64_t busy_at_ms;        /* when something last happened that was not just looking */
	int64_t option[OPTION_COUNT];
	int64_t n_hit[OPTION_COUNT]; /* how often a fault was used */
	int64_t n_try[OPTION_COUNT]; /* how often it could have been, and chance decided */
	struct rand_seeded chance[OPTION_COUNT]; /* each option has its own stream: one more draw of one shifts no other */
	bool healed;
	int64_t healed_ms;
	bool looking;              /* a checker is at work: nothing fails, nothing counts */
	bool closing;              /* the run is over: nobody begins anything */
	bool verbose;
	uint64_t trace_hash;
	uint64_t n_trace;
	uint64_t n_step;
	char failure[600];         /* "" = none */
};
extern struct sim sim;

void sim_open(uint64_t seed, bool verbose);
void sim_close(void);
void sim_heal(void);

/* ---- chance ---- */
int64_t sim_option(enum option option);
/* A number from low to high, both included, out of the option's stream. */
int64_t sim_draw(enum option option, int64_t low, int64_t high);
/* With so many per thousand. */
bool sim_chance(enum option option, int64_t permille);
/* Does the fault happen now? The option's value is its rate per thousand; never after sim_heal. */
bool sim_fault(enum option option);

/* ---- time ---- */
typedef void sim_event(void *arg);
/* Calls event at that time of sim.now_ms; what is due at the same time comes in any order. */
void sim_at(int64_t at_ms, sim_event *event, void *arg);
/* The next thing happens. False: nothing is planned. */
bool sim_step(void);
/* Time goes by inside of something, as a disk that is slow. */
void sim_pass(int64_t ms);
int64_t sim_wall_ms(void); /* as the outside has it: never off */

/* ---- what happened ---- */
/* One line of the history; it goes into the hash. Nothing that differs from run to run (addresses, paths) may be in it. */
void sim_trace(const char *format, ...) PRINTF_LIKE(1, 2);
/* A promise is broken: promise "G1"... The first one counts. */
void sim_fail(const char *promise, const char *format, ...) PRINTF_LIKE(2, 3);
bool sim_failed(void);

#endif
