/*
 * Benchmark of history: N orders of 3 lines each with their customers, imported from one NDJSON file.
 *
 *   bench-history [--build DIR] [--orders N] [--limits on|off] [--quota PERCENT] [--kill-every-s S]
 *                 [--parse-only | --import-only] [--json]
 *
 * Each order becomes a Placed Order and three Ordered Product events; four orders are one customer's. With
 * --limits on the sandbox keeps Klaviyo's real limits, and the account may use all of them. What is
 * sustained is measured over whole minutes behind the first one, whose limit is unused at the start.
 * --kill-every-s: the daemon is killed (SIGKILL) so often and started again; the sandbox counts effects, so
 * that what was lost or came twice is seen.
 *
 * --import-only: without limits, until all rows of the file are in the store; what is still on its way to
 * Klaviyo then is not waited for.
 *
 * First, how fast the file is read: by our own reader, and by `jq -c .` and (as CSV) `mlr` where they are
 * installed. Then one line about the import: events per minute beside Klaviyo's 150,000, requests beside the
 * fewest possible, processor seconds per million events, peak memory, most bytes on disk.
 */
#include "base/clock.h"
#include "history_file.h"
#include "import/import.h"
#include "option.h"
#include "shop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define EVENTS		   (1 + HISTORY_LINES) /* of one order */
#define EVENTS_PER_MIN_MAX 150000.0
#define EVENTS_PER_REQUEST 1000
/* A window of a minute at any phase, as Pannier counts it. */
#define WINDOW_US INT64_C(61000000)
#define MARKS_MAX 256
#define WAIT_US	  INT64_C(7200000000)
#define STILL_US  INT64_C(180000000) /* nothing new for so long: it is stuck */

struct bench {
	const char *build;
	size_t orders;
	bool limits;
	bool parse_only;
	bool import_only;
	bool json;
	size_t kill_every_s;
	size_t quota; /* per cent of Klaviyo's limits */
	struct bench_shop shop;
	char file[600], csv[600];
	double cpu_ms;	/* of daemons that were killed */
	double peak_mb; /* of all */
	int64_t disk_bytes;
	int kills;
	int64_t first_us;	 /* the first event was there */
	int64_t mark[MARKS_MAX]; /* events after so many windows from then on */
	size_t n_mark;
};

/* ---- reading ------------------------------------------------------------------------------------- */

static double file_mb(const char *path)
{
	struct stat stat_of;

	return stat(path, &stat_of) == 0 ? (double)stat_of.st_size / 1e6 : 0;
}

/* Processor seconds of our own reader over the whole file. */
static double read_own(const char *path)
{
	struct import_options options = { .kind = IMPORT_KIND_COUNT,
					  .now_ms = clock_wall_ms(clock_system()) };
	struct import_reader *reader = NULL;
	struct import_item item;
	struct arena arena;
	struct err err = { 0 };
	int64_t start_us = bench_own_cpu_us();
	bool end = false;

	if (!import_open(path, &options, &(struct import_place){ 0 }, &reader, &err))
		bench_die("%s", err.msg);
	arena_init(&arena);
	while (!end) {
		arena_reset(&arena);
		if (!import_next(reader, &arena, &item, &end, &err))
			bench_die("%s", err.msg);
		if (item.rejected)
			bench_die("line %" PRId64 ": %.*s", item.line, STR_ARG(item.why));
	}
	arena_release(&arena);
	import_close(reader);
	return (double)(bench_own_cpu_us() - start_us) / 1e6;
}

/* Processor seconds of a command, from its own report; 0: it is not installed. */
static double read_other(const char *command, const char *path)
{
	char line[1400], *said;
	double user = 0, system = 0;

	snprintf(line, sizeof(line), "bash -c 'TIMEFORMAT=\"%%U %%S\"; time %s \"%s\" >/dev/null'", command,
		 path);
	const char *argv[] = { "/bin/sh", "-c", line, NULL };
	char log[600];

	/* Logs are gone on with: the first line would be that of the command before. */
	snprintf(log, sizeof(log), "%s/other.log", bench_folder());
	(void)unlink(log);
	if (!bench_run("other", argv))
		return 0;
	said = bench_read_file(log);
	if (!said || sscanf(said, "%lf %lf", &user, &system) != 2)
		user = system = 0;
	free(said);
	return user + system;
}

static void print_rate(const struct bench *bench, const char *what, const char *path, double seconds)
{
	if (seconds <= 0) {
		if (!bench->json)
			printf("reading, %s: not installed\n", what);
		return;
	}
	if (bench->json)
		printf("{\"bench\":\"history-read\",\"what\":\"%s\",\"mb_per_cpu_s\":%.1f}\n", what,
		       file_mb(path) / seconds);
	else
		printf("reading, %s: %.1f MB in %.2f s of processor time, %.1f MB/s\n", what, file_mb(path),
		       seconds, file_mb(path) / seconds);
}

static void read_files(struct bench *bench)
{
	print_rate(bench, "NDJSON, pannier", bench->file, read_own(bench->file));
	print_rate(bench, "NDJSON, jq -c .", bench->file, read_other("jq -c .", bench->file));
	print_rate(bench, "CSV, pannier", bench->csv, read_own(bench->csv));
	print_rate(bench, "CSV, mlr --icsv --ojson cat", bench->csv,
		   read_other("mlr --icsv --ojson cat", bench->csv));
}

/* ---- what arrived -------------------------------------------------------------------------------- */

struct arrived {
	int64_t events;
	int64_t dropped; /* sent twice, without effect */
	int64_t flows;
	int64_t requests; /* POST */
	int64_t event_requests;
	int64_t over;
	int64_t violations;
};

static struct arrived look(struct bench *bench)
{
	struct json *counts = bench_shop_sandbox(&bench->shop, "/sandbox/counts");
	const struct json *people = json_get(counts, "people"), *routes = json_get(counts, "routes");
	struct arrived out = {
		.events = bench_number(people, "events"),
		.dropped = bench_number(people, "duplicates_dropped"),
		.flows = bench_number(people, "flow_starts"),
		.over = bench_number(json_get(counts, "throttled"), "caused_by_us"),
	};

	for (size_t i = 0; i < json_len(routes); i++) {
		const struct json *route = json_at(routes, i);
		struct str pattern = json_get_text(route, "pattern");

		if (!str_eq(json_get_text(route, "method"), STR("POST")))
			continue;
		out.requests += bench_number(route, "requests");
		if (str_starts(pattern, STR("/api/event")))
			out.event_requests += bench_number(route, "requests");
	}
	json_free(counts);
	return out;
}

/* ---- the run ------------------------------------------------------------------------------------- */

static void measure(struct bench *bench)
{
	static const char *const name[] = { "pannier.db", "pannier.db-wal" };
	double peak_mb = bench_peak_rss_mb(&bench->shop.daemon);
	int64_t bytes = 0;

	for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++) {
		struct stat stat_of;
		char path[1100];

		snprintf(path, sizeof(path), "%s/%s", bench->shop.data, name[i]);
		if (stat(path, &stat_of) == 0)
			bytes += stat_of.st_size;
	}
	bench->disk_bytes = bytes > bench->disk_bytes ? bytes : bench->disk_bytes;
	bench->peak_mb = peak_mb > bench->peak_mb ? peak_mb : bench->peak_mb;
}

static void kill_daemon(struct bench *bench)
{
	measure(bench);
	bench->cpu_ms += bench_cpu_ms(&bench->shop.daemon);
	bench_shop_kill(&bench->shop);
	bench->kills++;
}

/* Events per minute over whole windows; 0: it did not take long enough. */
static double sustained(const struct bench *bench)
{
	if (bench->n_mark < 2)
		return 0;
	return (double)(bench->mark[bench->n_mark - 1] - bench->mark[0]) /
	       ((double)(bench->n_mark - 1) * (double)WINDOW_US) * 60e6;
}

static void mark(struct bench *bench, int64_t events)
{
	int64_t now_us = bench_now_us();

	if (events > 0 && bench->first_us == 0)
		bench->first_us = now_us;
	if (bench->first_us != 0 && bench->n_mark < MARKS_MAX &&
	    now_us - bench->first_us >= ((int64_t)bench->n_mark + 1) * WINDOW_US)
		bench->mark[bench->n_mark++] = events;
}

static double wait_events(struct bench *bench, int64_t start_us)
{
	int64_t end_us = bench_now_us() + WAIT_US, changed_us = bench_now_us();
	int64_t kill_us = start_us + (int64_t)bench->kill_every_s * 1000000, seen = 0;

	while (seen < (int64_t)(bench->orders * EVENTS) && bench_now_us() < end_us) {
		int64_t now;

		for (int i = 0; i < 25; i++)
			bench_shop_pause();
		arena_reset(&bench->shop.arena);
		measure(bench);
		now = look(bench).events;
		mark(bench, now);
		changed_us = now != seen ? bench_now_us() : changed_us;
		seen = now;
		if (bench_now_us() - changed_us > STILL_US)
			bench_die("nothing has arrived for 3 minutes; %" PRId64 " events are there", seen);
		if (bench->kill_every_s > 0 && bench_now_us() >= kill_us) {
			kill_daemon(bench);
			kill_us = bench_now_us() + (int64_t)bench->kill_every_s * 1000000;
		}
	}
	return (double)(bench_now_us() - start_us) / 1e6;
}

static void print_run(const struct bench *bench, const struct arrived *arrived, double seconds, double cpu_ms)
{
	int64_t wanted = (int64_t)(bench->orders * EVENTS);
	int64_t persons =
		(int64_t)((bench->orders + HISTORY_ORDERS_PER_PERSON - 1) / HISTORY_ORDERS_PER_PERSON);
	int64_t fewest = (wanted + EVENTS_PER_REQUEST - 1) / EVENTS_PER_REQUEST + (persons + 9999) / 10000;
	double per_min = (double)wanted / seconds * 60;

	if (bench->json)
		printf("{\"bench\":\"history\",\"orders\":%zu,\"limits\":%s,\"kills\":%d,\"seconds\":%.1f,"
		       "\"events_per_min\":%.0f,\"sustained_per_min\":%.0f,"
		       "\"requests\":%" PRId64 ",\"event_requests\":%" PRId64 ",\"fewest\":%" PRId64
		       ",\"lost\":%" PRId64 ",\"sent_twice\":%" PRId64 ",\"flow_starts\":%" PRId64
		       ",\"cpu_s_per_million\":%.1f,\"peak_mb\":%.1f,"
		       "\"disk_mb\":%.1f}\n",
		       bench->orders, bench->limits ? "true" : "false", bench->kills, seconds, per_min,
		       sustained(bench), arrived->requests, arrived->event_requests, fewest,
		       wanted - arrived->events, arrived->dropped, arrived->flows,
		       cpu_ms * 1000 / (double)wanted, bench->peak_mb, (double)bench->disk_bytes / 1e6);
	else
		printf("history, %zu orders, limits %s, killed %d times: %.0f events/min, sustained %.0f "
		       "(%.3f of %d), "
		       "%" PRId64 " requests (%" PRId64 " of events) for %" PRId64
		       " at least (%.3f), lost %" PRId64 ", sent twice without effect %" PRId64
		       ", flows started %" PRId64 ", 429 %" PRId64
		       ", %.1f cpu s per million events, peak %.1f MB, disk %.0f MB\n",
		       bench->orders, bench->limits ? "on" : "off", bench->kills, per_min, sustained(bench),
		       sustained(bench) / EVENTS_PER_MIN_MAX * 100 / (double)bench->quota,
		       150000 * (int)bench->quota / 100, arrived->requests, arrived->event_requests, fewest,
		       (double)arrived->requests / (double)fewest, wanted - arrived->events, arrived->dropped,
		       arrived->flows, arrived->over, cpu_ms * 1000 / (double)wanted, bench->peak_mb,
		       (double)bench->disk_bytes / 1e6);
	if (arrived->events != wanted || arrived->flows != 0)
		bench_die("events were lost or doubled, or started flows");
}

static void print_import(const struct bench *bench, double seconds)
{
	double rows_per_s = (double)bench->orders / seconds;
	double cpu_s = bench_cpu_ms(&bench->shop.daemon) / 1000;

	if (bench->json)
		printf("{\"bench\":\"history-import\",\"orders\":%zu,\"seconds\":%.1f,\"rows_per_s\":%.0f,"
		       "\"cpu_s\":%.1f,\"peak_mb\":%.1f,\"disk_mb\":%.1f}\n",
		       bench->orders, seconds, rows_per_s, cpu_s, bench->peak_mb,
		       (double)bench->disk_bytes / 1e6);
	else
		printf("history, %zu orders into the store: %.0f rows/s in %.1f s, %.1f cpu s, peak %.1f MB, "
		       "disk %.0f MB\n",
		       bench->orders, rows_per_s, seconds, cpu_s, bench->peak_mb,
		       (double)bench->disk_bytes / 1e6);
}

/* The command ends when the last row is in the store, and not with 0 if the import failed. */
static void import_into_store(struct bench *bench)
{
	const char *argv[] = { bench->shop.program, "import", "bench0", bench->file, "--data",
			       bench->shop.data,    NULL };
	int64_t start_us = bench_now_us();
	struct bench_child child = bench_spawn("import", -1, argv);
	int status = 0;

	while (waitpid(child.pid, &status, WNOHANG) == 0) {
		bench_shop_pause();
		measure(bench);
	}
	measure(bench);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		bench_die("the import failed; see import.log");
	print_import(bench, (double)(bench_now_us() - start_us) / 1e6);
}

/* As a rule all of what Klaviyo allows; less on a machine that is too slow, to see how well it is used. */
static void use_quota(struct bench *bench)
{
	char quota[32];
	const char *argv[] = { bench->shop.program, "account", "set", "bench0", quota, "--data",
			       bench->shop.data,    NULL };

	snprintf(quota, sizeof(quota), "quota_percent=%zu", bench->quota);
	if (!bench_run("quota", argv))
		bench_die("the share of the account could not be set");
}

static void import_file(struct bench *bench)
{
	const char *argv[] = { bench->shop.program, "import", "bench0",		bench->file,
			       "--no-wait",	    "--data", bench->shop.data, NULL };
	int64_t start_us = bench_now_us();
	struct arrived arrived;
	double seconds, cpu_ms;

	if (!bench_run("import", argv))
		bench_die("the import could not be registered");
	seconds = wait_events(bench, start_us);
	bench_shop_wait_idle(&bench->shop);
	measure(bench);
	cpu_ms = bench->cpu_ms + bench_cpu_ms(&bench->shop.daemon);
	arrived = look(bench);
	print_run(bench, &arrived, seconds, cpu_ms);
}

static void parse_options(struct bench *bench, int argc, char **argv)
{
	const struct bench_option option[] = {
		{ "--json", .flag = &bench->json },
		{ "--build", .text = &bench->build },
		{ "--parse-only", .flag = &bench->parse_only },
		{ "--import-only", .flag = &bench->import_only },
		{ "--orders", .number = &bench->orders, .least = 1 },
		{ "--limits", .on = &bench->limits },
		{ "--quota", .number = &bench->quota, .least = 1, .most = 100 },
		{ "--kill-every-s", .number = &bench->kill_every_s },
	};

	bench_options(option, sizeof(option) / sizeof(option[0]), argc, argv);
}

int main(int argc, char **argv)
{
	static struct bench bench = {
		.build = "build-bench", .orders = 1000000, .limits = true, .quota = 100
	};
	const char *with_limits[] = { "--forget-properties", NULL };
	const char *without[] = { "--forget-properties", "--limits", "off", NULL };

	parse_options(&bench, argc, argv);
	snprintf(bench.file, sizeof(bench.file), "%s/orders.ndjson", bench_folder());
	snprintf(bench.csv, sizeof(bench.csv), "%s/orders.csv", bench_folder());
	history_write(bench.file, bench.csv, bench.orders);
	if (!bench.import_only)
		read_files(&bench);
	(void)fflush(stdout);
	if (bench.parse_only) {
		bench_folder_remove();
		return 0;
	}
	bench.limits = bench.limits && !bench.import_only;
	bench_shop_open(&bench.shop, bench.build, bench.limits, 1, bench.limits ? with_limits : without);
	use_quota(&bench);
	if (bench.import_only)
		import_into_store(&bench);
	else
		import_file(&bench);
	bench_shop_close(&bench.shop);
	return 0;
}
