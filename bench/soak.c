/*
 * Soak: a shop, the daemon and Klaviyo's stand-in for an hour, with faults and deaths.
 *
 *   bench-soak [--build DIR] [--seconds N] [--kill-min-s N] [--kill-max-s N] [--per-s N]
 *              [--faults-per-1000 N] [--limits on|off] [--slack-mb N] [--seed N] [--json]
 *
 * Signed webhooks come in all the time, also while the daemon is down; so many of 1000 requests to Klaviyo
 * fail (500, 502, 503 and 429 with Retry-After, a page instead of JSON, lost before or after their effect);
 * the daemon is killed (SIGKILL) after 30 to 300 s, and started again. After each death the books must
 * balance. In the end Klaviyo works again, everything that waits must leave by itself, and:
 *
 *   lost        no event of an acknowledged order is missing, no product or person is older than acknowledged
 *   doubled     none of them is there twice
 *   memory      grows by no more than --slack-mb over the second half, nor within the longest life of it
 *   files       the database grows no faster in the second half than in the first; the write-ahead log, the
 *               program's log and the files in the data folder are bounded, descriptors too
 *
 * One line; exit code 1 if anything of it does not hold. The same seed sends the same messages and kills
 * after the same seconds; what meets at an instant is the machine's.
 */
#include "soak.h"

#include "option.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TICK_US		   INT64_C(500000)
#define DRAIN_US	   INT64_C(900000000)
#define LOG_MB_MAX	   256	/* upkeep empties it from 64 MB on, as soon as no reader is in the way */
#define SLACK_DATABASE_MB  16.0 /* what of the log has moved into it by the middle, or has not */
#define FDS_SLACK	   16
#define SAID_KB_MAX	   64 /* of the program's log, and so much for each death and each 1000 webhooks: */
#define SAID_KB_EACH	   16
#define DROP_EACH_PER_TICK 4 /* of 1000, for each fault of 1000: about as many drops as failures */

struct soak {
	const char *build;
	size_t seconds, kill_min_s, kill_max_s, per_s, faults, seed, slack_mb;
	bool limits, json;
	struct bench_shop shop;
	struct soak_load load;
	struct soak_watch watch;
	struct rand_seeded chance;
	int kills;
	double down_ms_max; /* from a death to accepting again */
	double drain_s;
	size_t half; /* sample in the middle of the run */
	int n_bad;
};

static uint64_t below(struct soak *soak, uint64_t bound)
{
	return rand_below(&soak->chance.rand, bound);
}

/* ---- faults ---- */

static const char *const failure[] = {
	"\"fail_status\":500,\"fail_html\":false,\"retry_after_s\":0",
	"\"fail_status\":502,\"fail_html\":false,\"retry_after_s\":0",
	"\"fail_status\":503,\"fail_html\":false,\"retry_after_s\":2",
	"\"fail_status\":429,\"fail_html\":false,\"retry_after_s\":3",
	"\"fail_status\":500,\"fail_html\":true,\"retry_after_s\":0",
};

static const char *const drop[] = {
	"\"drop_before\":2,\"drop_how\":\"close\"", "\"drop_after\":2,\"drop_how\":\"close\"",
	"\"drop_before\":1,\"drop_how\":\"502\"",   "\"drop_after\":1,\"drop_how\":\"502\"",
	"\"drop_before\":1,\"drop_how\":\"hang\"",  "\"drop_after\":1,\"drop_how\":\"hang\"",
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void turn_knobs(struct soak *soak)
{
	const char *knobs = arena_printf(&soak->shop.arena, "{\"fail_every\":%d,%s}",
					 (int)(1000 / soak->faults), failure[below(soak, COUNT(failure))])
				    .p;

	bench_shop_knob(&soak->shop, knobs);
	if (below(soak, 1000) < (uint64_t)soak->faults * DROP_EACH_PER_TICK)
		bench_shop_knob(&soak->shop,
				arena_printf(&soak->shop.arena, "{%s}", drop[below(soak, COUNT(drop))]).p);
	arena_reset(&soak->shop.arena);
}

static void heal(struct soak *soak)
{
	bench_shop_knob(&soak->shop,
			"{\"fail_every\":0,\"fail_html\":false,\"drop_before\":0,\"drop_after\":0}");
	arena_reset(&soak->shop.arena);
}

/* ---- the run ---- */

static void kill_daemon(struct soak *soak)
{
	int64_t start_us = bench_now_us();
	double down_ms;

	bench_shop_kill(&soak->shop);
	down_ms = (double)(bench_now_us() - start_us) / 1000;
	if (down_ms > soak->down_ms_max)
		soak->down_ms_max = down_ms;
	soak->kills++;
	soak_watch_life(&soak->watch);
	soak_check_books(&soak->shop);
}

static int64_t next_kill_us(struct soak *soak)
{
	uint64_t ms = (uint64_t)(soak->kill_max_s - soak->kill_min_s) * 1000 + 1;

	return bench_now_us() + (int64_t)soak->kill_min_s * 1000000 + (int64_t)below(soak, ms) * 1000;
}

static void pause_until(int64_t us)
{
	while (bench_now_us() < us)
		bench_shop_pause();
}

static void sample(struct soak *soak)
{
	soak_watch_sample(&soak->watch, &soak->shop, atomic_load(&soak->load.n_messages));
}

static void run(struct soak *soak)
{
	int64_t start_us = bench_now_us(), end_us = start_us + (int64_t)soak->seconds * 1000000;
	int64_t kill_us = next_kill_us(soak), tick_us = start_us;

	soak_watch_life(&soak->watch);
	soak_load_start(&soak->load, &soak->shop, (double)soak->per_s, (uint64_t)soak->seed);
	while ((tick_us += TICK_US) < end_us) {
		if (soak->faults > 0)
			turn_knobs(soak);
		if (bench_now_us() >= kill_us) {
			kill_daemon(soak);
			kill_us = next_kill_us(soak);
		}
		sample(soak);
		if (tick_us - start_us <= (int64_t)soak->seconds * 500000)
			soak->half = soak->watch.n - 1;
		pause_until(tick_us);
	}
	soak_load_stop(&soak->load);
}

static void drain(struct soak *soak)
{
	int64_t start_us = bench_now_us();
	int seen = 0;

	heal(soak);
	while (seen < 2 && bench_now_us() < start_us + DRAIN_US) {
		seen = soak_drained(&soak->shop) ? seen + 1 : 0;
		sample(soak);
		pause_until(bench_now_us() + TICK_US);
	}
	soak->drain_s = (double)(bench_now_us() - start_us) / 1e6;
	if (seen < 2)
		bench_die("not everything had left after %.0f s", soak->drain_s);
}

/* ---- what holds ---- */

static void hold(struct soak *soak, bool ok, const char *what, double got, double bound)
{
	if (ok)
		return;
	soak->n_bad++;
	(void)fprintf(stderr, "soak: %s: %.2f, at most %.2f\n", what, got, bound);
}

static void at_most(struct soak *soak, const char *what, double got, double bound)
{
	hold(soak, got <= bound, what, got, bound);
}

struct peak {
	double rss_mb, log_mb;
	int fds, files, first_fds, first_files;
};

static struct peak find_peak(const struct soak *soak)
{
	struct peak peak = { 0 };

	for (size_t i = 0; i < soak->watch.n; i++) {
		const struct soak_sample *at = &soak->watch.sample[i];

		peak.rss_mb = at->rss_mb > peak.rss_mb ? at->rss_mb : peak.rss_mb;
		peak.log_mb = at->log_mb > peak.log_mb ? at->log_mb : peak.log_mb;
		peak.fds = at->fds > peak.fds ? at->fds : peak.fds;
		peak.files = at->files > peak.files ? at->files : peak.files;
		if (i >= soak->half)
			continue;
		peak.first_fds = at->fds > peak.first_fds ? at->fds : peak.first_fds;
		peak.first_files = at->files > peak.first_files ? at->files : peak.first_files;
	}
	return peak;
}

static double kb_per_message(const struct soak_sample *from, const struct soak_sample *to)
{
	double n = (double)to->n_messages - (double)from->n_messages;

	return n > 0 ? (to->database_mb - from->database_mb) * 1024 / n : 0;
}

static double said_kb(void)
{
	char path[512];
	struct stat info;

	(void)snprintf(path, sizeof(path), "%s/pannier.log", bench_folder());
	return stat(path, &info) == 0 ? (double)info.st_size / 1024 : 0;
}

static void judge_files(struct soak *soak, const struct peak *peak, double first_kb, double second_kb)
{
	double messages = (double)atomic_load(&soak->load.n_messages);
	double slack_kb = SLACK_DATABASE_MB * 1024 / (messages / 2);

	at_most(soak, "database, KB per message in the second half", second_kb, first_kb * 1.25 + slack_kb);
	at_most(soak, "write-ahead log, MB", peak->log_mb, LOG_MB_MAX);
	at_most(soak, "files in the data folder", peak->files, peak->first_files);
	at_most(soak, "descriptors", peak->fds, peak->first_fds + FDS_SLACK);
	at_most(soak, "program's log, KB", said_kb(),
		SAID_KB_MAX + SAID_KB_EACH * (soak->kills + messages / 1000));
}

static void judge(struct soak *soak, const struct soak_found *found, double run_mb, double life_mb)
{
	at_most(soak, "events lost", (double)found->lost, 0);
	at_most(soak, "events doubled", (double)found->doubled, 0);
	at_most(soak, "products that are not as acknowledged", (double)found->stale_products, 0);
	at_most(soak, "people who are not as acknowledged", (double)found->stale_people, 0);
	at_most(soak, "acknowledged messages that are not mapped once", (double)found->not_mapped, 0);
	at_most(soak, "messages and deliveries that failed", (double)found->failed, 0);
	at_most(soak, "rules of Klaviyo broken", (double)found->broken, 0);
	at_most(soak, "requests over the limit", (double)found->throttled, 0);
	at_most(soak, "growth of memory over the second half, MB", run_mb, (double)soak->slack_mb);
	at_most(soak, "growth of memory within a life, MB", life_mb, (double)soak->slack_mb);
	if (found->books[0])
		bench_die("the books do not balance: %s", found->books);
}

static void print_run(const struct soak *soak, const struct soak_found *found, const struct peak *peak,
		      double run_mb, double life_mb, double first_kb, double second_kb)
{
	const struct soak_sample *last = &soak->watch.sample[soak->watch.n - 1];

	printf(soak->json ? "{\"bench\":\"soak\",\"seconds\":%zu"
			    ",\"kills\":%d,\"messages\":%zu,\"orders\":%zu,"
			    "\"posts_again\":%zu,\"down_ms_max\":%.0f,\"drain_s\":%.1f,"
			  : "soak, %zu"
			    " s, killed %d times: %zu messages (%zu orders) acknowledged, %zu posts sent "
			    "again, accepting %.0f ms after a death at most, drained after %.1f s; ",
	       soak->seconds, soak->kills, last->n_messages, soak->load.n_orders,
	       atomic_load(&soak->load.n_again), soak->down_ms_max, soak->drain_s);
	printf(soak->json ? "\"lost\":%" PRId64 ",\"doubled\":%" PRId64 ",\"stale\":%" PRId64
			    ",\"sent_again\":%" PRId64 ",\"rules_broken\":%" PRId64 ",\"over_limit\":%" PRId64
			    ",\"failed\":%" PRId64 ","
			  : "lost %" PRId64 ", doubled %" PRId64 ", not as acknowledged %" PRId64
			    ", sent again %" PRId64 ", rules broken %" PRId64 ", over the limit %" PRId64
			    ", failed %" PRId64 ", books balance; ",
	       found->lost, found->doubled, found->stale_products + found->stale_people, found->sent_again,
	       found->broken, found->throttled, found->failed);
	printf(soak->json
		       ? "\"peak_mb\":%.1f,\"growth_run_mb\":%.2f,\"growth_life_mb\":%.2f,\"database_mb\":%."
			 "1f,"
			 "\"kb_per_message_first\":%.2f,\"kb_per_message_second\":%.2f,\"wal_mb_max\":%.1f,"
			 "\"files\":%d,\"fds\":%d,\"log_kb\":%.0f}\n"
		       : "memory at most %.1f MB, growth %.2f MB over the second half and %.2f MB within a "
			 "life; "
			 "database %.1f "
			 "MB, %.2f and %.2f KB per message in the two halves, write-ahead log at most %.1f "
			 "MB, %d files, "
			 "%d descriptors at most, %.0f KB said\n",
	       peak->rss_mb, run_mb, life_mb, last->database_mb, first_kb, second_kb, peak->log_mb,
	       peak->files, peak->fds, said_kb());
}

static void report(struct soak *soak)
{
	double warm_s = soak->kill_min_s > 60 ? 20 : (double)soak->kill_min_s / 3;
	const struct soak_sample *all = soak->watch.sample;
	struct peak peak = find_peak(soak);
	struct soak_found found;
	double run_mb, life_mb, first_kb, second_kb;

	soak_compare(&soak->shop, &soak->load, &found);
	soak_watch_growth(&soak->watch, warm_s, &run_mb, &life_mb);
	first_kb = kb_per_message(&all[0], &all[soak->half]);
	second_kb = kb_per_message(&all[soak->half], &all[soak->watch.n - 1]);
	judge(soak, &found, run_mb, life_mb);
	judge_files(soak, &peak, first_kb, second_kb);
	print_run(soak, &found, &peak, run_mb, life_mb, first_kb, second_kb);
	(void)fflush(stdout);
}

/* ---- options ---- */

static void parse_options(struct soak *soak, int argc, char **argv)
{
	const struct bench_option option[] = {
		{ "--build", .text = &soak->build },
		{ "--limits", .on = &soak->limits },
		{ "--json", .flag = &soak->json },
		{ "--seconds", .number = &soak->seconds, .least = 10 },
		{ "--kill-min-s", .number = &soak->kill_min_s, .least = 1 },
		{ "--kill-max-s", .number = &soak->kill_max_s, .least = 1 },
		{ "--per-s", .number = &soak->per_s, .least = 1 },
		{ "--faults-per-1000", .number = &soak->faults, .most = 500 },
		{ "--seed", .number = &soak->seed },
		{ "--slack-mb", .number = &soak->slack_mb },
	};

	bench_options(option, COUNT(option), argc, argv);
	if (soak->kill_max_s < soak->kill_min_s)
		bench_die("--kill-max-s is at least --kill-min-s");
}

int main(int argc, char **argv)
{
	static struct soak soak = {
		.build = "build-bench",
		.seconds = 3600,
		.kill_min_s = 30,
		.kill_max_s = 300,
		.per_s = 10,
		.faults = 10,
		.seed = 1,
		.slack_mb = 8,
		.limits = true,
	};
	const char *with_limits[] = { NULL };
	const char *without[] = { "--limits", "off", NULL };

	parse_options(&soak, argc, argv);
	rand_seeded_init(&soak.chance, (uint64_t)soak.seed);
	bench_shop_open(&soak.shop, soak.build, soak.limits, 1, soak.limits ? with_limits : without);
	run(&soak);
	drain(&soak);
	report(&soak);
	if (soak.n_bad > 0)
		bench_die("%d things do not hold", soak.n_bad);
	bench_shop_close(&soak.shop);
	return 0;
}
