/*
 * Benchmark of live orders: N orders of 3 lines each, placed as fast as the daemon takes them.
 *
 *   bench-orders [--build DIR] [--orders N] [--per-post N] [--accounts N] [--limits on|off] [--outage-s S]
 *                [--json]
 *
 * Each order becomes a Placed Order and three Ordered Product events. The sandbox counts effects: what is
 * missing was lost, what it dropped as a repeat was sent twice. With --limits on it keeps Klaviyo's real
 * limits, 2,500 events a second in the long run, and counts the requests over them. --outage-s: for so long
 * Klaviyo answers nothing but 503, from the middle of the load on. The orders come in posts of --per-post,
 * one post after another.
 *
 * One line: orders and events per second from the first order sent to the last event accepted, beside the
 * ceiling of the limits (or the best peer without them), lost and doubled events, 429 answers, processor
 * time per event, peak memory.
 */
#include "base/strbuf.h"
#include "option.h"
#include "shop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES	       3
#define EVENTS	       (1 + LINES) /* of one order */
#define BODY_BYTES_MAX ((size_t)1 << 20)
/* Klaviyo: 150 bulk requests of 1,000 events and 3,500 single ones a minute; we use 90 % of both. */
#define EVENTS_WAIT_US INT64_C(900000000)
#define PEER_PER_S     132.0 /* orders: the best existing connector, without limits */
#define CEILING_PER_S  ((150.0 * 1000 + 3500) / 60 * 0.9)

struct bench {
	const char *build;
	size_t orders;
	size_t per_post;
	size_t accounts;
	bool limits;
	size_t outage_s;
	bool json;
	struct bench_shop shop;
};

static void add_order(struct strbuf *out, size_t i)
{
	strbuf_addf(
		out,
		"{\"type\":\"order.placed\",\"id\":\"m%zu\",\"data\":{\"order_id\":\"o%zu\",\"currency\":"
		"\"SEK\","
		"\"total\":\"%zu.70\",\"subtotal\":\"%zu.70\",\"customer\":{\"email\":\"buyer%zu@shop.test\","
		"\"first_name\":\"Ann\",\"last_name\":\"Berg\"},\"billing\":{\"first_name\":\"Ann\",\"last_"
		"name\":"
		"\"Berg\",\"address1\":\"Main street "
		"%zu\",\"city\":\"Malmo\",\"zip\":\"21100\",\"country_code\":\"SE\"},"
		"\"lines\":[",
		i, i, 100 + i % 900, 100 + i % 900, i / 2, i % 100);
	for (size_t line = 0; line < LINES; line++)
		strbuf_addf(out,
			    "%s{\"line_id\":\"%zu\",\"product_id\":\"p%zu\",\"variant_id\":\"p%zu-1\","
			    "\"sku\":\"SKU-%zu\","
			    "\"name\":\"Wool socks, pattern %zu\",\"quantity\":1,\"unit_price\":\"33.90\","
			    "\"row_total\":\"33.90\",\"brand\":\"Socks\",\"categories\":[\"Warm\"],"
			    "\"image_url\":\"https://shop.test/i/%zu.jpg\",\"product_url\":\"https://"
			    "shop.test/p/%zu\"}",
			    line ? "," : "", line, i % 500 + line, i % 500 + line, i % 500 + line, i % 500,
			    i % 500, i % 500);
	strbuf_add_text(out, "]}}");
}

static void post_orders(struct bench *bench, size_t from, size_t to)
{
	struct strbuf body;

	strbuf_init(&body, BODY_BYTES_MAX);
	for (size_t i = from; i < to; i += bench->per_post) {
		size_t end = i + bench->per_post < to ? i + bench->per_post : to;

		strbuf_reset(&body);
		for (size_t k = i; k < end; k++) {
			strbuf_add_char(&body, k == i ? '[' : ',');
			add_order(&body, k);
		}
		strbuf_add_char(&body, ']');
		bench_shop_post(&bench->shop, strbuf_str(&body));
		arena_reset(&bench->shop.arena);
	}
	strbuf_release(&body);
}

/* ---- what arrived -------------------------------------------------------------------------------- */

struct arrived {
	int64_t placed;
	int64_t ordered;
	int64_t doubled; /* dropped as repeats */
	int64_t over;	 /* 429 */
	int64_t violations;
};

static void count_metric(const struct json *metric, struct arrived *out)
{
	struct str name = json_get_text(metric, "name");

	if (str_eq(name, STR("Placed Order")))
		out->placed += bench_number(metric, "events");
	if (str_eq(name, STR("Ordered Product")))
		out->ordered += bench_number(metric, "events");
	out->doubled += bench_number(metric, "duplicates_dropped");
}

static struct arrived look(struct bench *bench)
{
	struct json *people = bench_shop_sandbox(&bench->shop, "/sandbox/people");
	struct json *counts = bench_shop_sandbox(&bench->shop, "/sandbox/counts");
	struct json *broken = bench_shop_sandbox(&bench->shop, "/sandbox/violations");
	const struct json *accounts = json_get(people, "accounts");
	struct arrived out = { 0 };

	for (size_t i = 0; i < json_len(accounts); i++) {
		const struct json *metrics = json_get(json_at(accounts, i), "metrics");

		for (size_t k = 0; k < json_len(metrics); k++)
			count_metric(json_at(metrics, k), &out);
	}
	out.over = bench_number(json_get(counts, "throttled"), "caused_by_us");
	out.violations = bench_number(broken, "total");
	json_free(people);
	json_free(counts);
	json_free(broken);
	return out;
}

/* ---- the run ------------------------------------------------------------------------------------ */

/* Klaviyo is away from the middle of the load on, for so long. */
static void outage(struct bench *bench)
{
	int64_t end_us = bench_now_us() + (int64_t)bench->outage_s * 1000000;
	size_t at = bench->orders / 2;

	bench_shop_knob(&bench->shop, "{\"fail_every\":1,\"fail_status\":503}");
	while (at < bench->orders && bench_now_us() < end_us) {
		size_t to = at + bench->per_post < bench->orders ? at + bench->per_post : bench->orders;

		post_orders(bench, at, to);
		at = to;
	}
	while (bench_now_us() < end_us)
		bench_shop_pause();
	bench_shop_knob(&bench->shop, "{\"fail_every\":0}");
	post_orders(bench, at, bench->orders);
}

static void print_run(const struct bench *bench, const struct arrived *arrived, double seconds,
		      double posted_s, double cpu_ms)
{
	int64_t wanted = (int64_t)(bench->orders * EVENTS);
	int64_t lost = wanted - arrived->placed - arrived->ordered;
	double per_s = (double)wanted / seconds;
	double peak_mb = bench_peak_rss_mb(&bench->shop.daemon);

	if (bench->json)
		printf("{\"bench\":\"orders\",\"orders\":%zu,\"accounts\":%zu,\"limits\":%s,\"seconds\":%.1f,"
		       "\"events_per_s\":"
		       "%.0f,\"lost\":%" PRId64 ",\"doubled\":%" PRId64 ",\"over_limit\":%" PRId64
		       ",\"cpu_us_per_event\":%.1f,\"peak_mb\":%.1f}\n",
		       bench->orders, bench->accounts, bench->limits ? "true" : "false", seconds, per_s, lost,
		       arrived->doubled, arrived->over, cpu_ms * 1000 / (double)wanted, peak_mb);
	else
		printf("orders %zu, accounts %zu, limits %s: %.0f orders/s, %.0f events/s (%.2f of %s), "
		       "taken in within "
		       "%.1f s, all there after %.1f s, lost %" PRId64 ", doubled %" PRId64 ", 429 %" PRId64
		       ", rules broken %" PRId64 ", %.0f us cpu/event, peak %.1f MB\n",
		       bench->orders, bench->accounts, bench->limits ? "on" : "off",
		       (double)bench->orders / seconds, per_s,
		       bench->limits ? per_s / (CEILING_PER_S * (double)bench->accounts)
				     : (double)bench->orders / seconds / PEER_PER_S,
		       bench->limits ? "the ceiling" : "the best peer", posted_s, seconds, lost,
		       arrived->doubled, arrived->over, arrived->violations, cpu_ms * 1000 / (double)wanted,
		       peak_mb);
	if (lost != 0 || arrived->doubled != 0)
		bench_die("events were lost or doubled");
}

/* Until all events are there, or the daemon has nothing more to send. Profiles may still be on their way. */
static double wait_events(struct bench *bench, int64_t start_us)
{
	int64_t end_us = bench_now_us() + EVENTS_WAIT_US;
	struct arrived arrived = look(bench);

	while (arrived.placed + arrived.ordered < (int64_t)(bench->orders * EVENTS) &&
	       bench_now_us() < end_us) {
		bench_shop_pause();
		arena_reset(&bench->shop.arena);
		arrived = look(bench);
	}
	return (double)(bench_now_us() - start_us) / 1e6;
}

static void run(struct bench *bench)
{
	int64_t start_us = bench_now_us();
	double cpu_ms = bench_cpu_ms(&bench->shop.daemon);
	struct arrived arrived;
	double posted_s, seconds;

	if (bench->outage_s > 0) {
		post_orders(bench, 0, bench->orders / 2);
		outage(bench);
	} else {
		post_orders(bench, 0, bench->orders);
	}
	posted_s = (double)(bench_now_us() - start_us) / 1e6;
	seconds = wait_events(bench, start_us);
	cpu_ms = bench_cpu_ms(&bench->shop.daemon) - cpu_ms;
	bench_shop_wait_idle(&bench->shop);
	arrived = look(bench);
	print_run(bench, &arrived, seconds, posted_s, cpu_ms);
}

static void parse_options(struct bench *bench, int argc, char **argv)
{
	const struct bench_option option[] = {
		{ "--json", .flag = &bench->json },
		{ "--build", .text = &bench->build },
		{ "--orders", .number = &bench->orders, .least = 1 },
		{ "--per-post", .number = &bench->per_post, .least = 1, .most = 200 },
		{ "--accounts", .number = &bench->accounts, .least = 1, .most = 9999 },
		{ "--limits", .on = &bench->limits },
		{ "--outage-s", .number = &bench->outage_s },
	};

	bench_options(option, sizeof(option) / sizeof(option[0]), argc, argv);
}

int main(int argc, char **argv)
{
	static struct bench bench = {
		.build = "build-bench", .orders = 100000, .per_post = 50, .accounts = 1, .limits = true
	};
	const char *with_limits[] = { "--forget-properties", NULL };
	const char *without[] = { "--forget-properties", "--limits", "off", NULL };

	parse_options(&bench, argc, argv);
	bench_shop_open(&bench.shop, bench.build, bench.limits, bench.accounts,
			bench.limits ? with_limits : without);
	run(&bench);
	bench_shop_close(&bench.shop);
	return 0;
}
