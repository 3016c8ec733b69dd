/*
 * Benchmark of a large backlog: Klaviyo is away while orders come in, the daemon is killed and started again.
 *
 *   bench-backlog [--build DIR] [--events N] [--accounts N] [--json]
 *
 * Orders of four events each are sent as fast as they are taken in, to one shop after the other, until so
 * many events wait. Then the daemon dies (SIGKILL) and is started again.
 *
 * One line: how long until a webhook is answered 2xx again, and until Klaviyo, which is back by then, has the
 * first event; peak memory before and after, bytes on disk.
 */
#include "base/clock.h"
#include "order.h"
#include "option.h"
#include "shop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ORDERS_PER_POST 50
#define WAIT_US		INT64_C(3600000000)

struct bench {
	const char *build;
	size_t events;
	size_t accounts;
	bool json;
	struct bench_shop shop;
	struct strbuf body;
	size_t n_order;
};

struct figures {
	double fill_s, accept_s, deliver_s;
	double peak_before_mb, peak_after_mb;
	double disk_mb;
};

static void post_orders(struct bench *bench)
{
	strbuf_reset(&bench->body);
	for (size_t i = 0; i < ORDERS_PER_POST; i++) {
		strbuf_add_char(&bench->body, i ? ',' : '[');
		bench_order_add(&bench->body, "o", bench->n_order++, clock_wall_ms(clock_system()));
	}
	strbuf_add_char(&bench->body, ']');
	bench_shop_post(&bench->shop, strbuf_str(&bench->body));
	arena_reset(&bench->shop.arena);
}

static int64_t events_held(struct bench *bench)
{
	struct json *counts = bench_shop_sandbox(&bench->shop, "/sandbox/counts");
	int64_t n = bench_number(json_get(counts, "people"), "events");

	json_free(counts);
	arena_reset(&bench->shop.arena);
	return n;
}

/* What a scrape says of one value. */
static double metric(struct bench *bench, const char *name)
{
	struct http_call call = {
		.method = "GET",
		.url = arena_printf(&bench->shop.arena, "http://127.0.0.1:%d/metrics",
				    bench->shop.daemon.port),
		.answer_bytes_max = (size_t)16 << 20,
	};
	struct err err = { 0 };
	struct str answer, line;
	int status = 0;
	double value = 0;

	if (!http_client_fetch(bench->shop.client, &call, &bench->shop.arena, &status, &answer, &err) ||
	    status != 200)
		bench_die("no metrics: %d %s", status, err.msg);
	while (str_split(&answer, '\n', &line))
		if (str_starts(line, str_from(name)) && line.len > strlen(name) &&
		    line.p[strlen(name)] == ' ')
			value = strtod(line.p + strlen(name), NULL);
	arena_reset(&bench->shop.arena);
	return value;
}

static void fill(struct bench *bench, struct figures *out)
{
	int64_t start_us = bench_now_us(), end_us = start_us + WAIT_US;

	while (bench->n_order * BENCH_ORDER_EVENTS < bench->events)
		post_orders(bench);
	while (metric(bench, "pannier_deliveries_created_total") < (double)bench->events) {
		if (bench_now_us() > end_us)
			bench_die("the backlog does not build up");
		for (int i = 0; i < 25; i++)
			bench_shop_pause();
	}
	out->fill_s = (double)(bench_now_us() - start_us) / 1e6;
}

static void measure_disk(const struct bench *bench, struct figures *out)
{
	static const char *const name[] = { "pannier.db", "pannier.db-wal" };

	for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++) {
		struct stat stat_of;
		char path[1100];

		snprintf(path, sizeof(path), "%s/%s", bench->shop.data, name[i]);
		if (stat(path, &stat_of) == 0)
			out->disk_mb += (double)stat_of.st_size / 1e6;
	}
}

static void die_and_come_back(struct bench *bench, struct figures *out)
{
	int64_t start_us;

	out->peak_before_mb = bench_peak_rss_mb(&bench->shop.daemon);
	measure_disk(bench, out);
	bench_shop_knob(&bench->shop, "{\"fail_every\":0}");
	start_us = bench_now_us();
	bench_shop_kill(&bench->shop);
	post_orders(bench);
	out->accept_s = (double)(bench_now_us() - start_us) / 1e6;
	while (events_held(bench) == 0 && bench_now_us() < start_us + WAIT_US)
		bench_shop_pause();
	out->deliver_s = (double)(bench_now_us() - start_us) / 1e6;
	out->peak_after_mb = bench_peak_rss_mb(&bench->shop.daemon);
}

static void print_run(const struct bench *bench, const struct figures *it)
{
	if (bench->json)
		printf("{\"bench\":\"backlog\",\"events\":%zu,\"accounts\":%zu,\"fill_s\":%.1f,\"accept_s\":%"
		       ".2f,"
		       "\"deliver_s\":%.2f,\"peak_before_mb\":%.1f,\"peak_after_mb\":%.1f,\"disk_mb\":%.0f}"
		       "\n",
		       bench->events, bench->accounts, it->fill_s, it->accept_s, it->deliver_s,
		       it->peak_before_mb, it->peak_after_mb, it->disk_mb);
	else
		printf("backlog of %zu events, %zu accounts, built in %.1f s: after SIGKILL a webhook is "
		       "taken "
		       "in within %.2f s, the first event is there after %.2f s, peak %.1f MB before and "
		       "%.1f "
		       "MB after, %.0f MB on disk\n",
		       bench->events, bench->accounts, it->fill_s, it->accept_s, it->deliver_s,
		       it->peak_before_mb, it->peak_after_mb, it->disk_mb);
}

static void parse_options(struct bench *bench, int argc, char **argv)
{
	const struct bench_option option[] = {
		{ "--json", .flag = &bench->json },
		{ "--build", .text = &bench->build },
		{ "--events", .number = &bench->events, .least = 1 },
		{ "--accounts", .number = &bench->accounts, .least = 1, .most = 9999 },
	};

	bench_options(option, sizeof(option) / sizeof(option[0]), argc, argv);
}

int main(int argc, char **argv)
{
	static struct bench bench = { .build = "build-bench", .events = 1000000, .accounts = 8 };
	const char *sandbox[] = { "--forget-properties", "--fail-every", "1", "--fail-status", "503", NULL };
	struct figures figures = { 0 };

	parse_options(&bench, argc, argv);
	strbuf_init(&bench.body, (size_t)1 << 20);
	bench_shop_open(&bench.shop, bench.build, true, bench.accounts, sandbox);
	fill(&bench, &figures);
	die_and_come_back(&bench, &figures);
	print_run(&bench, &figures);
	bench_shop_close(&bench.shop);
	strbuf_release(&bench.body);
	return 0;
}
