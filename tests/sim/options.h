#ifndef PANNIER_TESTS_SIM_OPTIONS_H
#define PANNIER_TESTS_SIM_OPTIONS_H

#include <stdbool.h>

/*
 * What a seed decides: name, how many of 1000 seeds have it, its range there, its value elsewhere, what it is.
 * Rates are per thousand. Each seed has some of the faults and not others (swarm testing): bugs that need a quiet neighbour are
 * found as well as those that need everything at once.
 */
#define OPTIONS(X) \
	X(accounts, 400, 2, 2, 1, "Klaviyo accounts") \
	X(shops, 400, 2, 3, 1, "shops, spread over the accounts") \
	X(products, 700, 2, 5, 8, "products of a shop") \
	X(people, 700, 2, 6, 10, "customers of a shop") \
	X(span_s, 700, 40, 160, 240, "length of the first phase") \
	X(action_ms, 700, 400, 3000, 1500, "a shop does something every so often") \
	X(full_sync, 300, 1, 1, 0, "each shop begins with sending all it has") \
	X(quota_percent, 700, 1, 8, 90, "the setting") \
	X(jitter_ms, 500, 1, 200, 0, "a role starts so much late") \
	X(lost_wakes, 300, 50, 900, 0, "hints between roles that get lost") \
	/* ---- shops and their road here ---- */ \
	X(shop_lost, 400, 10, 200, 0, "requests of shops that get lost") \
	X(shop_lost_answers, 400, 10, 200, 0, "answers to shops that get lost") \
	X(shop_twice, 400, 10, 200, 0, "requests of shops that arrive twice") \
	X(shop_delay_ms, 500, 100, 20000, 50, "how long requests of shops are on the road: they overtake each other") \
	X(shop_forged, 300, 10, 100, 0, "requests with a wrong signature") \
	X(shop_attempts, 300, 1, 4, 12, "a shop gives a request up after so many attempts") \
	X(shop_disables, 300, 3, 6, 0, "after so many failures in a row a shop sends nothing for minutes") \
	X(shop_batches, 400, 50, 500, 0, "requests of several messages") \
	/* ---- the process ---- */ \
	X(crash_s, 700, 4, 40, 0, "it dies about every so often") \
	X(crash_power, 600, 200, 1000, 0, "of them: power losses") \
	X(crash_again, 300, 100, 500, 0, "starts that die as well") \
	X(stop_s, 200, 20, 200, 0, "it is stopped and started about every so often") \
	X(stale_owner, 600, 500, 1000, 0, "batches that a dead process settles while the next one sends them") \
	X(busy, 200, 5, 100, 0, "database verbs that find it busy") \
	X(lost_commits, 200, 5, 50, 0, "database verbs whose success is reported as busy") \
	X(clock_step_s, 300, 60, 31536000, 0, "the wall clock jumps by up to so much, for a while") \
	/* ---- the disk ---- */ \
	X(disk_ms, 300, 1, 300, 0, "a sync takes up to so long") \
	X(disk_full, 200, 5, 100, 0, "writes at which the disk becomes full, for a while") \
	X(disk_errors, 150, 1, 10, 0, "reads and writes that fail") \
	X(disk_sync_errors, 150, 1, 20, 0, "syncs that fail and lose what they should have kept") \
	/* ---- the road to Klaviyo ---- */ \
	X(wire_ms, 600, 10, 3000, 100, "how long a request or an answer takes") \
	X(wire_lost, 400, 5, 200, 0, "requests that do not arrive") \
	X(wire_lost_answers, 400, 5, 200, 0, "answers that do not arrive") \
	X(wire_broken, 300, 5, 100, 0, "answers cut off, or of something in between") \
	X(wire_slow, 200, 5, 200, 0, "requests that take longer than anybody waits") \
	/* ---- Klaviyo ---- */ \
	X(foreign, 300, 100, 1000, 0, "share of the quota that others use") \
	X(throttled, 400, 10, 200, 0, "429 for no reason of ours") \
	X(throttled_bare, 300, 100, 1000, 0, "of them: without Retry-After") \
	X(error_before, 400, 10, 200, 0, "5xx without effect") \
	X(error_after, 400, 10, 200, 0, "5xx after the effect") \
	X(poison, 300, 20, 200, 0, "products whose contents Klaviyo refuses until they change") \
	X(unnamed, 300, 200, 1000, 0, "refusals of a batch that do not say which row") \
	X(job_ms, 600, 500, 30000, 2000, "how long a bulk job works") \
	X(job_lost, 400, 100, 600, 0, "jobs that Klaviyo forgets, or cancels") \
	X(locked_out, 200, 100, 1000, 0, "while keys are refused for a time, or all is down") \
	X(dead_account, 300, 1, 1, 0, "the last account never answers in the first phase") \
	X(opt_outs, 500, 1, 4, 0, "people who unsubscribe in Klaviyo") \
	/* ---- the disk again; at the end, so that the seeds stay what they were ---- */ \
	X(disk_sync_kills, 0, 300, 1000, 0, "failed syncs after which the process does nothing more (by hand: an open gap)") \
	/* ---- what merchants ask for; new rows stand at the end, so that seeds keep their faults ---- */ \
	X(pulls, 250, 1, 6, 0, "shops are asked for what they hold, so many times") \
	X(pulls_heal, 250, 1, 1, 0, "after the first phase shops are asked for all they have, instead of telling it") \
	X(page_errors, 300, 20, 300, 0, "pages of shops that fail, or want us to come later") \
	X(replays, 250, 1, 3, 0, "what was received or sent is replayed, so many times") \
	X(reconciles, 250, 1, 3, 0, "Klaviyo is compared with the shop, and mended, so many times") \
	X(estranged, 250, 1, 8, 0, "things that somebody changes in Klaviyo before the last comparison") \
	X(scheduled, 400, 1, 6, 0, "schedules: 1 Zoey's, 2 drawn, 3 and 4 shops are asked by them, too, 5 and 6 by date") \
	X(imports, 300, 1, 3, 0, "files of history are read, so many") \
	X(erased, 300, 1, 4, 0, "people who are erased, by their shop or by a merchant") \
	X(defaults, 250, 1, 4, 0, "defaults of the whole installation that are changed, so many times") \
	X(moves, 350, 1, 20, 0, "customers whose address changes, so many times, where nobody is erased") \
	X(oauth, 300, 30, 150, 0, "accounts are connected by OAuth, and a token ends after so many seconds") \
	X(uploads, 300, 1, 6, 0, "files of history are sent to us, so many") \
	X(feeds, 250, 10, 60, 0, "catalogs are read as feeds, so many times, instead of being sent")

enum option {
#define OPTION_ENUM(name, seeds, low, high, otherwise, what) OPTION_##name,
	OPTIONS(OPTION_ENUM)
#undef OPTION_ENUM
	OPTION_COUNT
};

const char *option_name(enum option option);
/* Draws all of them for sim.seed. */
void options_draw(void);
/* "name=value ..." of all that differ from their otherwise, for people. */
void options_print(void);
/* At the end of a run: remembers which faults happened in it. */
void options_gather(void);
/*
 * Options that stand for a fault and were never used, over all runs so far, on standard output; how many of them never could have been:
 * what chance alone left out in so few runs is no defect.
 */
int options_unused(void);
/*
 * "name=value name=value ...", as options_print has them: these and no others differ from their otherwise, until the next call.
 * "" = options are drawn again. False: there is no such option.
 */
bool options_only(const char *text);
/* "name=value": holds for all runs from now on. False: there is no such option. */
bool option_force(const char *text);

#endif
