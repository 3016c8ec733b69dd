/*
 * Benchmark of history: N orders of 3 lines each with their customers, imported from one NDJSON file.
 *
 *   bench-history [--build DIR] [--orders N] [--limits on|off] [--quota PERCENT] [--kill-every-s S]
 *                 [--parse-only] [--json]
 *
 * Each order becomes a Placed Order and three Ordered Product events; four orders are one customer's. With
 * --limits on the sandbox keeps Klaviyo's real limits, and the account may use all of them. What is
 * sustained is measured over whole minutes behind the first one, whose limit is unused at the start.
 * --kill-every-s: the daemon is killed (SIGKILL) so often and started again; the sandbox counts effects, so
 * that what was lost or came twice is seen.
 *
 * First, how fast the file is read: by our own reader, and by `jq -c .` and (as CSV) `mlr` where they are
 * installed. Then one line about the import: events per minute beside Klaviyo's 150,000, requests beside the
 * fewest possible, processor seconds per million events, peak memory, most bytes on disk.
 */
#include "base/clock.h"
#include "base/strbuf.h"
#include "import/import.h"
#include "option.h"
#include "shop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LINES		   3
#define EVENTS		   (1 + LINES) /* of one order */
#define ORDERS_PER_PERSON  4
#define FIRST_S		   INT64_C(1400000000) /* 2014-05-13 */
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

/* ---- the file ------------------------------------------------------------------------------------ */

static void time_text(size_t i, struct strbuf *out)
{
	strbuf_reset(out);
	time_format_rfc3339((FIRST_S + (int64_t)i * 300) * 1000, out);
}

static void write_order(FILE *file, size_t i, const char *time)
{
	size_t person = i / ORDERS_PER_PERSON;

	(void)fprintf(file,
		      "{\"type\":\"order.placed\",\"timestamp\":\"%s\",\"data\":{\"order_id\":\"o%zu\","
		      "\"order_number\":"
		      "\"%zu\",\"placed_at\":\"%s\",\"currency\":\"SEK\",\"total\":\"%zu.70\",\"subtotal\":"
		      "\"%zu.70\","
		      "\"customer\":{\"customer_id\":\"%zu\",\"email\":\"buyer%zu@shop.test\",\"first_name\":"
		      "\"Ann\","
		      "\"last_name\":\"Berg\"},\"billing\":{\"first_name\":\"Ann\",\"last_name\":\"Berg\","
		      "\"address1\":"
		      "\"Main street "
		      "%zu\",\"city\":\"Malmo\",\"zip\":\"21100\",\"country_code\":\"SE\"},\"lines\":[",
		      time, i, i, time, 100 + i % 900, 100 + i % 900, person, person, i % 100);
	for (size_t line = 0; line < LINES; line++)
		(void)fprintf(file,
			      "%s{\"line_id\":\"%zu\",\"sku\":\"SKU-%zu\",\"name\":\"Wool socks, pattern "
			      "%zu\",\"quantity\":1,"
			      "\"unit_price\":\"33.90\",\"row_total\":\"33.90\",\"brand\":\"Socks\","
			      "\"categories\":[\"Warm\"]}",
			      line ? "," : "", line, i % 500 + line, i % 500);
	(void)fprintf(file, "]}}\n");
}

static void write_row(FILE *file, size_t i, const char *time)
{
	for (size_t line = 0; line < LINES; line++)
		(void)fprintf(file,
			      "o%zu,%s,SEK,%zu.70,buyer%zu@shop.test,Ann,Berg,Main street "
			      "%zu,Malmo,21100,SE,%zu,SKU-%zu,"
			      "\"Wool socks, pattern %zu\",1,33.90\n",
			      i, time, 100 + i % 900, i / ORDERS_PER_PERSON, i % 100, line, i % 500 + line,
			      i % 500);
}

static FILE *create(const char *path)
{
	FILE *file = fopen(path, "wb");

	if (!file)
		bench_die("cannot write %s", path);
	return file;
}

static void write_files(struct bench *bench)
{
	FILE *file, *csv;
	struct strbuf time;

	snprintf(bench->file, sizeof(bench->file), "%s/orders.ndjson", bench_folder());
	snprintf(bench->csv, sizeof(bench->csv), "%s/orders.csv", bench_folder());
	file = create(bench->file);
	csv = create(bench->csv);
	strbuf_init(&time, 64);
	(void)fprintf(csv, "order_id,placed_at,currency,total,email,billing_first_name,billing_last_name,"
			   "billing_address1,"
			   "billing_city,billing_zip,billing_country_code,line_id,line_sku,line_name,line_"
			   "quantity,line_price\n");
	for (size_t i = 0; i < bench->orders; i++) {
		time_text(i, &time);
		write_order(file, i, time.p);
		write_row(csv, i, time.p);
	}
	strbuf_release(&time);
	if (fclose(file) != 0 || fclose(csv) != 0)
		bench_die("the disk is full");
}

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

	if (!bench_run("other", argv))
		return 0;
	snprintf(line, sizeof(line), "%s/other.log", bench_folder());
	said = bench_read_file(line);
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
	int64_t doubled; /* effects: stored twice */
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
	int64_t persons = (int64_t)((bench->orders + ORDERS_PER_PERSON - 1) / ORDERS_PER_PERSON);
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
	write_files(&bench);
	read_files(&bench);
	(void)fflush(stdout);
	if (bench.parse_only) {
		bench_folder_remove();
		return 0;
	}
	bench_shop_open(&bench.shop, bench.build, bench.limits, 1, bench.limits ? with_limits : without);
	use_quota(&bench);
	import_file(&bench);
	bench_shop_close(&bench.shop);
	return 0;
}
