/*
 * One seed: the first phase, the healing, the draining, the end.
 */
#include "sim/run.h"

#include "sim/check.h"
#include "sim/disk.h"
#include "sim/erasure.h"
#include "sim/files.h"
#include "sim/history.h"
#include "sim/klaviyo.h"
#include "sim/merchant.h"
#include "sim/moves.h"
#include "sim/node.h"
#include "sim/reader.h"
#include "sim/search.h"
#include "sim/shop.h"
#include "sim/sim.h"
#include "sim/timetable.h"
#include "sim/upload.h"
#include "sim/watch.h"
#include "sim/wire.h"

#include <inttypes.h>
#include <string.h>

#define MEND_MAX	8
#define DRAIN_EVERY	100
#define DRAIN_MAX_MS	(96 * MS_PER_HOUR)
#define STEPS_MAX	2000000
#define OPTOUTS_READ_MS 60000
#define REWRITTEN_MS	(3 * MS_PER_MIN)

static int64_t quiet_ms; /* since when nothing was on its way; 0 = not yet */

static void leave_klaviyo(void *arg)
{
	int account = (int)sim_draw(OPTION_opt_outs, 0, sim_option(OPTION_accounts) - 1);
	const char *email = shop_anybody(account);

	(void)arg;
	if (email && !sim.healed)
		klaviyo_opt_out(account, email);
}

static void open_world(uint64_t seed, const char *folder, bool verbose)
{
	sim_open(seed, verbose);
	/* Its random numbers begin anew, from those of the disk: PRNG_RESET is no more in SQLite 3.46. */
	(void)sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, 0, (sqlite3 *)NULL);
	disk_open();
	files_open(folder);
	timetable_open();
	history_open(folder);
	uploads_open(folder);
	readers_open(folder);
	node_setup(folder);
	klaviyo_open((int)sim_option(OPTION_accounts));
	shops_open();
	check_open();
	erasure_open();
	timetable_check_open();
}

static void begin(void)
{
	int64_t until_ms = sim_option(OPTION_span_s) * 1000;

	node_begin();
	shops_begin(until_ms);
	merchant_begin(until_ms);
	moves_begin(until_ms);
	uploads_begin(until_ms);
	readers_begin(until_ms);
	for (int64_t i = 0; i < sim_option(OPTION_opt_outs); i++)
		sim_at(sim_draw(OPTION_opt_outs, 1000, until_ms), leave_klaviyo, NULL);
	while (!sim_failed() && sim.now_ms < until_ms && sim_step())
		;
}

static bool summary_is_empty(struct db *db)
{
	struct summary summary = { 0 };
	struct arena arena;
	struct err err;
	bool empty;

	arena_init(&arena);
	sim.looking = true;
	empty = db_summary(db, clock_wall_ms(&sim.clock), &arena, &summary, &err) && summary.idle;
	sim.looking = false;
	for (size_t i = 0; empty && i < summary.n_account; i++)
		empty = summary.account[i].waiting == 0;
	for (size_t i = 0; empty && i < summary.n_store; i++)
		empty = summary.store[i].held == 0 || erasure_explains_held(db, summary.store[i].store_id);
	arena_release(&arena);
	return empty;
}

/* Nothing is on its way anywhere. */
static bool nothing_moves(struct db *db)
{
	/* Who left Klaviyo, and came back to a shop before we knew, is known only after the next look. */
	return merchant_is_done(db) && uploads_are_done() && readers_are_done() &&
	       sim.now_ms >= sim.healed_ms + OPTOUTS_READ_MS && shops_are_done() && wire_in_flight() == 0 &&
	       summary_is_empty(db);
}

/* Files that told of somebody are written anew once nothing else is to be done. */
static bool is_drained(void)
{
	struct db *db = node_db();

	if (db)
		timetable_check(db);
	if (!db || !nothing_moves(db))
		return false;
	if (quiet_ms == 0)
		quiet_ms = sim.now_ms;
	return sim_option(OPTION_erased) == 0 || sim.now_ms >= quiet_ms + REWRITTEN_MS;
}

static void drain(void)
{
	int64_t until_ms = sim.now_ms + DRAIN_MAX_MS;

	quiet_ms = 0;
	while (!sim_failed() && !is_drained()) {
		for (int i = 0; i < DRAIN_EVERY && !sim_failed() && sim_step(); i++)
			;
		if (node_db() && merchant_is_done(node_db()) && shops_are_done() && wire_in_flight() == 0)
			timetable_skip();
		if (sim.now_ms > until_ms || sim.n_step > STEPS_MAX)
			sim_fail("drain", "not drained after %" PRId64 " h and %" PRIu64 " steps",
				 DRAIN_MAX_MS / MS_PER_HOUR, sim.n_step);
	}
}

static void compare(void)
{
	if (sim_failed())
		return;
	check_conservation(node_db());
	check_messages_there(node_db());
	check_database_at_end(node_db());
	history_check(node_db());
	uploads_check(node_db());
	erasure_check(node_db());
	search_check(node_db());
	readers_check();
	shops_compare();
}

static void close_world(void)
{
	sim.healed = sim.closing = true;
	node_teardown();
	while (sim_step()) /* what is planned frees what it holds */
		;
	klaviyo_close();
	shops_close();
	watch_reset();
	check_close();
	timetable_check_close();
	history_close();
	uploads_close();
	readers_close();
	files_close();
	if (sqlite3_memory_used() != 0)
		sim_fail("leak", "SQLite keeps %lld bytes", (long long)sqlite3_memory_used());
	disk_close();
	sim_close();
}

static void drain_and_compare(void)
{
	drain();
	compare();
}

/*
 * What a shop is asked for by the clock meanwhile is changing, and is not judged: then it is compared again.
 * Each time mends more, so a few times do also where shops are asked every minute.
 */
static void mend(void)
{
	uint64_t n_asked = timetable_n_asked();

	drain();
	for (int i = 0; i < MEND_MAX && !sim_failed() && timetable_n_asked() != n_asked; i++) {
		n_asked = timetable_n_asked();
		merchant_mends_again();
		drain();
	}
	compare();
}

bool run_seed(uint64_t seed, const char *folder, bool verbose)
{
	open_world(seed, folder, verbose);
	begin();
	if (!sim_failed()) {
		sim_heal();
		shops_tell_all();
		merchant_asks_all();
		drain();
	}
	compare();
	if (!sim_failed() && readers_return())
		drain_and_compare();
	if (!sim_failed() && merchant_has_last_wishes())
		drain_and_compare();
	if (!sim_failed() && merchant_has_to_mend())
		mend();
	close_world();
	return !sim_failed();
}
