/*
 * Benchmark of the whole road: how long a live message takes from the shop to Klaviyo.
 *
 *   bench-e2e [--build DIR] [--accounts N] [--seconds S] [--per-s N] [--history ORDERS] [--flood] [--json]
 *
 * For so many seconds a checkout is started so many times a second, in one shop after the other; each becomes
 * one event. The sandbox keeps Klaviyo's real limits and says when it took each event in. --history: the shop
 * with the probes has so many orders of history to bring, four events each, and no other shop is probed.
 * --flood: a neighbour sends orders as fast as they are taken in all the while.
 *
 * One line: from just before the webhook is sent to when Klaviyo has the event, median, 99th percentile and
 * most, what is lost or doubled, how much others brought along meanwhile, processor time, peak memory.
 */
#include "base/clock.h"
#include "base/strbuf.h"
#include "order.h"
#include "option.h"
#include "shop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_S		 INT64_C(1400000000) /* 2014-05-13 */
#define FLOOD_ORDERS	 50		     /* in one post */
#define PROBES_MAX	 50000
#define ARRIVE_US	 INT64_C(120000000)
#define HISTORY_BEGIN_US INT64_C(60000000)

struct bench {
	const char *build;
	size_t accounts;
	size_t seconds;
	size_t per_s;
	size_t history;
	bool flood;
	bool json;
	struct bench_shop shop;
	struct strbuf body;
	size_t n_flood;
	size_t n_probe;
	int64_t sent_ms[PROBES_MAX];
	int64_t taken_ms[PROBES_MAX]; /* 0 = not yet */
	int64_t doubled;
};

/* ---- what shops send ---- */

/* Comes again at once, with the same orders, when it is told that it sends too many. */
static void post_flood(struct bench *bench)
{
	int64_t now_ms = clock_wall_ms(clock_system());

	strbuf_reset(&bench->body);
	for (size_t i = 0; i < FLOOD_ORDERS; i++) {
		strbuf_add_char(&bench->body, i ? ',' : '[');
		bench_order_add(&bench->body, "flood", bench->n_flood + i, now_ms);
	}
	strbuf_add_char(&bench->body, ']');
	if (bench_shop_offer_to(&bench->shop, bench->accounts - 1, strbuf_str(&bench->body)))
		bench->n_flood += FLOOD_ORDERS;
}

static void post_probe(struct bench *bench)
{
	size_t i = bench->n_probe++;
	size_t shop = bench->history || bench->flood ? 0 : i % bench->accounts;

	strbuf_reset(&bench->body);
	strbuf_addf(&bench->body,
		    "{\"type\":\"storefront.checkout_started\",\"id\":\"probe%zu\",\"data\":{\"email\":"
		    "\"probe%zu@shop.test\",\"cart\":{\"cart_id\":\"c%zu\",\"currency\":\"EUR\",\"total\":"
		    "\"25.00\",\"lines\":[{\"line_id\":\"1\",\"sku\":\"SKU-1\",\"name\":\"Wool socks\","
		    "\"quantity\":2,\"unit_price\":\"12.50\"}]}}}",
		    i, i, i);
	bench->sent_ms[i] = clock_wall_ms(clock_system());
	bench_shop_post_to(&bench->shop, shop, strbuf_str(&bench->body));
}

static void import_history(struct bench *bench)
{
	char path[600];
	const char *argv[] = { bench->shop.program, "import", "bench0",		path,
			       "--no-wait",	    "--data", bench->shop.data, NULL };
	FILE *file;

	snprintf(path, sizeof(path), "%s/orders.ndjson", bench_folder());
	file = fopen(path, "wb");
	if (!file)
		bench_die("cannot write %s", path);
	for (size_t i = 0; i < bench->history; i++) {
		strbuf_reset(&bench->body);
		bench_order_add(&bench->body, "old", i, (FIRST_S + (int64_t)i * 300) * 1000);
		(void)fprintf(file, "%.*s\n", STR_ARG(strbuf_str(&bench->body)));
	}
	if (fclose(file) != 0 || !bench_run("import", argv))
		bench_die("the history could not be registered");
}

/* ---- what Klaviyo has ---- */

static int64_t events_held(struct bench *bench)
{
	struct json *counts = bench_shop_sandbox(&bench->shop, "/sandbox/counts");
	int64_t n = bench_number(json_get(counts, "people"), "events");

	json_free(counts);
	arena_reset(&bench->shop.arena);
	return n;
}

/* Number of the probe that an event is about, n_probe if it is none. */
static size_t probe_of(const struct bench *bench, const struct json *event)
{
	struct str email = json_get_text(event, "email");
	int64_t i;

	if (!str_starts(email, STR("probe")) ||
	    !str_to_int64(str_of(email.p + 5, str_find_char(email, '@') - 5), &i) ||
	    (size_t)i >= bench->n_probe)
		return bench->n_probe;
	return (size_t)i;
}

/* How many probes are there. */
static size_t look(struct bench *bench)
{
	struct json *answer =
		bench_shop_sandbox(&bench->shop, "/sandbox/events?metric=Started%20Checkout&limit=100000");
	const struct json *list = json_get(answer, "events");
	size_t n_there = 0;

	memset(bench->taken_ms, 0, sizeof(bench->taken_ms));
	bench->doubled = 0;
	for (size_t k = 0; k < json_len(list); k++) {
		size_t i = probe_of(bench, json_at(list, k));

		if (i == bench->n_probe)
			continue;
		bench->doubled += bench->taken_ms[i] != 0;
		n_there += bench->taken_ms[i] == 0;
		bench->taken_ms[i] = bench_number(json_at(list, k), "taken_at_ms");
	}
	json_free(answer);
	arena_reset(&bench->shop.arena);
	return n_there;
}

/* ---- the run ---- */

static void wait_history(struct bench *bench)
{
	int64_t end_us = bench_now_us() + HISTORY_BEGIN_US;

	while (events_held(bench) == 0) {
		if (bench_now_us() > end_us)
			bench_die("no history arrives");
		bench_shop_pause();
	}
}

static void load(struct bench *bench)
{
	int64_t start_us = bench_now_us(), end_us = start_us + (int64_t)bench->seconds * 1000000;

	while (bench_now_us() < end_us) {
		int64_t due_us = start_us + (int64_t)(bench->n_probe * 1000000 / bench->per_s);

		if (bench_now_us() >= due_us)
			post_probe(bench);
		else if (bench->flood)
			post_flood(bench);
		else
			bench_shop_pause();
		arena_reset(&bench->shop.arena);
	}
}

static void wait_probes(struct bench *bench)
{
	int64_t end_us = bench_now_us() + ARRIVE_US;

	while (look(bench) < bench->n_probe && bench_now_us() < end_us)
		bench_shop_pause();
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct figures {
	size_t n; /* probes that are there */
	double p50_ms, p99_ms, most_ms;
	int64_t others; /* events brought along */
	int64_t over;	/* 429 by us */
	int64_t violations;
	double cpu_ms;
	double seconds;
};

static void take_latency(const struct bench *bench, struct figures *out)
{
	static double latency[PROBES_MAX];

	for (size_t i = 0; i < bench->n_probe; i++)
		if (bench->taken_ms[i])
			latency[out->n++] = (double)(bench->taken_ms[i] - bench->sent_ms[i]);
	if (out->n == 0)
		bench_die("nothing arrived");
	qsort(latency, out->n, sizeof(*latency), compare);
	out->p50_ms = latency[out->n / 2];
	out->p99_ms = latency[(out->n * 99) / 100];
	out->most_ms = latency[out->n - 1];
}

static void take_counts(struct bench *bench, int64_t before, struct figures *out)
{
	struct json *counts = bench_shop_sandbox(&bench->shop, "/sandbox/counts");
	struct json *broken = bench_shop_sandbox(&bench->shop, "/sandbox/violations");

	out->others = bench_number(json_get(counts, "people"), "events") - before - (int64_t)out->n;
	out->over = bench_number(json_get(counts, "throttled"), "caused_by_us");
	out->violations = bench_number(broken, "total");
	json_free(counts);
	json_free(broken);
}

static void print_run(const struct bench *bench, const struct figures *it)
{
	double peak_mb = bench_peak_rss_mb(&bench->shop.daemon);
	double others_per_s = (double)it->others / it->seconds, share = it->cpu_ms / 1000 / it->seconds;
	size_t n_lost = bench->n_probe - it->n;

	if (bench->json)
		printf("{\"bench\":\"e2e\",\"accounts\":%zu,\"history\":%zu,\"flood\":%s,\"probes\":%zu,"
		       "\"p50_ms\":%.0f,\"p99_ms\":%.0f,\"most_ms\":%.0f,\"lost\":%zu,\"doubled\":%" PRId64
		       ",\"others_per_s\":%.0f,\"over_limit\":%" PRId64 ",\"violations\":%" PRId64
		       ",\"cpu_share\":%.3f,\"peak_mb\":%.1f}\n",
		       bench->accounts, bench->history, bench->flood ? "true" : "false", bench->n_probe,
		       it->p50_ms, it->p99_ms, it->most_ms, n_lost, bench->doubled, others_per_s, it->over,
		       it->violations, share, peak_mb);
	else
		printf("e2e, %zu accounts, %zu orders of history, %s: %zu probes, p50 %.0f ms, p99 %.0f ms, "
		       "most %.0f ms, lost %zu, doubled %" PRId64
		       ", %.0f other events/s beside them, 429 %" PRId64 ", rules broken %" PRId64
		       ", %.2f of a processor, peak %.1f MB\n",
		       bench->accounts, bench->history, bench->flood ? "a flooding neighbour" : "no flood",
		       bench->n_probe, it->p50_ms, it->p99_ms, it->most_ms, n_lost, bench->doubled,
		       others_per_s, it->over, it->violations, share, peak_mb);
	if (it->n != bench->n_probe || bench->doubled)
		bench_die("probes were lost or doubled");
}

static void run(struct bench *bench)
{
	struct figures figures = { 0 };
	int64_t before, start_us;

	if (bench->history) {
		import_history(bench);
		wait_history(bench);
	}
	before = events_held(bench);
	start_us = bench_now_us();
	figures.cpu_ms = bench_cpu_ms(&bench->shop.daemon);
	load(bench);
	wait_probes(bench);
	figures.cpu_ms = bench_cpu_ms(&bench->shop.daemon) - figures.cpu_ms;
	figures.seconds = (double)(bench_now_us() - start_us) / 1e6;
	take_latency(bench, &figures);
	take_counts(bench, before, &figures);
	print_run(bench, &figures);
}

static void parse_options(struct bench *bench, int argc, char **argv)
{
	const struct bench_option option[] = {
		{ "--json", .flag = &bench->json },
		{ "--build", .text = &bench->build },
		{ "--flood", .flag = &bench->flood },
		{ "--accounts", .number = &bench->accounts, .least = 1, .most = 9999 },
		{ "--seconds", .number = &bench->seconds, .least = 1 },
		{ "--per-s", .number = &bench->per_s, .least = 1 },
		{ "--history", .number = &bench->history },
	};

	bench_options(option, sizeof(option) / sizeof(option[0]), argc, argv);
	if (bench->seconds * bench->per_s >= PROBES_MAX)
		bench_die("fewer than %d probes", PROBES_MAX);
	if (bench->flood && bench->accounts < 2)
		bench->accounts = 2;
}

int main(int argc, char **argv)
{
	static struct bench bench = { .build = "build-bench", .accounts = 1, .seconds = 20, .per_s = 10 };
	const char *sandbox[] = { "--forget-properties", NULL };

	parse_options(&bench, argc, argv);
	strbuf_init(&bench.body, (size_t)1 << 20);
	bench_shop_open(&bench.shop, bench.build, true, bench.accounts, sandbox);
	run(&bench);
	bench_shop_close(&bench.shop);
	strbuf_release(&bench.body);
	return 0;
}
