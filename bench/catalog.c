/*
 * Benchmark of a whole catalog: 5,000 products with 3 variants each in 50 categories, against
 * klaviyo-sandbox.
 *
 *   bench-catalog [--build DIR] [--products N] [--latency-ms N] [--json]
 *
 * The sandbox keeps Klaviyo's real limits and job times and answers after 200 ms. Three runs through the
 * generic platform:
 *
 *   first      everything is new
 *   unchanged  the same messages again, with new ids
 *   prices     1 % of the products with another price
 *
 * Each prints the requests that reached the sandbox by kind, beside the fewest that the specification allows:
 * jobs of 100 rows, and one look at each list of 100 jobs to learn what became of them. The figures of the
 * daemon come from the kernel. Ends with an error if the sandbox does not hold what it should.
 */
#include "base/strbuf.h"
#include "option.h"
#include "shop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CATEGORIES     50
#define VARIANTS       3
#define PER_POST       100 /* products in one webhook */
#define BODY_BYTES_MAX ((size_t)4 << 20)
#define JOB_ROWS       100
#define ROUTES_MAX     64

struct route_count {
	char name[96]; /* "POST /api/catalog-items" */
	int64_t requests;
	int64_t rows;
};

struct counts {
	struct route_count route[ROUTES_MAX];
	size_t n;
};

struct bench {
	const char *build;
	size_t products;
	size_t latency_ms;
	bool json;
	struct bench_shop shop;
};

struct run {
	const char *name;
	double seconds;
	double posted_s;
	double cpu_ms;
	int64_t submissions;
	int64_t looks;
	int64_t fewest_submissions;
	int64_t fewest_looks;
	struct counts counts;
};

/* ---- the shop ----------------------------------------------------------------------------------- */

static void add_product(struct strbuf *out, size_t i, bool other_price)
{
	size_t price = 10 + i % 90 + (other_price ? 1000 : 0);

	strbuf_addf(out,
		    "{\"type\":\"product.upserted\",\"data\":{\"id\":\"p%zu\",\"sku\":\"SKU-%zu\","
		    "\"currency\":\"SEK\","
		    "\"title\":\"Wool socks, pattern %zu\",\"url\":\"https://shop.example/p/%zu\","
		    "\"image\":\"https://shop.example/i/"
		    "%zu.jpg\",\"published\":true,\"categories\":[\"c%zu\",\"c%zu\"],"
		    "\"description\":\"Warm, soft and washable. Made in small series of the wool of one farm "
		    "each.\","
		    "\"price\":\"%zu.90\",\"variants\":[",
		    i, i, i, i, i, i % CATEGORIES, (i / 7 + 1) % CATEGORIES, price);
	for (size_t v = 0; v < VARIANTS; v++)
		strbuf_addf(
			out,
			"%s{\"id\":\"p%zu-%zu\",\"sku\":\"SKU-%zu-%zu\",\"title\":\"Wool socks, size %zu\","
			"\"price\":\"%zu.90\",\"stock\":%zu,\"options\":{\"size\":\"%zu\"}}",
			v ? "," : "", i, v, i, v, 36 + v * 3, price, (i + v) % 50, 36 + v * 3);
	strbuf_add_text(out, "]}}");
}

static void post_categories(struct bench *bench)
{
	struct strbuf body;

	strbuf_init(&body, BODY_BYTES_MAX);
	for (size_t i = 0; i < CATEGORIES; i++)
		strbuf_addf(&body,
			    "%s{\"type\":\"category.upserted\",\"data\":{\"id\":\"c%zu\",\"title\":"
			    "\"Category %zu\"}}",
			    i ? "," : "[", i, i);
	strbuf_add_char(&body, ']');
	bench_shop_post(&bench->shop, strbuf_str(&body));
	strbuf_release(&body);
}

/* Every step-th product, the first n of the catalog. */
static void post_products(struct bench *bench, size_t n, size_t step, bool other_price)
{
	struct strbuf body;
	size_t in_body = 0;

	strbuf_init(&body, BODY_BYTES_MAX);
	for (size_t i = 0; i < n; i += step) {
		strbuf_add_char(&body, in_body ? ',' : '[');
		add_product(&body, i, other_price);
		if (++in_body < PER_POST && i + step < n)
			continue;
		strbuf_add_char(&body, ']');
		bench_shop_post(&bench->shop, strbuf_str(&body));
		strbuf_reset(&body);
		in_body = 0;
	}
	strbuf_release(&body);
}

/* ---- counting ----------------------------------------------------------------------------------- */

static struct counts take_counts(struct bench *bench)
{
	struct json *json = bench_shop_sandbox(&bench->shop, "/sandbox/counts");
	const struct json *routes = json_get(json, "routes");
	struct counts counts = { 0 };

	for (size_t i = 0; i < json_len(routes) && counts.n < ROUTES_MAX; i++) {
		const struct json *row = json_at(routes, i);
		struct route_count *route = &counts.route[counts.n++];

		snprintf(route->name, sizeof(route->name), "%.*s %.*s", STR_ARG(json_get_text(row, "method")),
			 STR_ARG(json_get_text(row, "pattern")));
		(void)json_get_int(row, "requests", &route->requests);
		(void)json_get_int(row, "rows", &route->rows);
	}
	json_free(json);
	return counts;
}

static void subtract(struct counts *now, const struct counts *before)
{
	for (size_t i = 0; i < now->n; i++)
		for (size_t k = 0; k < before->n; k++)
			if (strcmp(now->route[i].name, before->route[k].name) == 0) {
				now->route[i].requests -= before->route[k].requests;
				now->route[i].rows -= before->route[k].rows;
			}
}

/* GET of jobs are looks, everything else that is not a GET is a submission. */
static void sum_up(struct run *run)
{
	for (size_t i = 0; i < run->counts.n; i++) {
		const struct route_count *route = &run->counts.route[i];

		if (strncmp(route->name, "GET ", 4) != 0)
			run->submissions += route->requests;
		else if (strstr(route->name, "-jobs"))
			run->looks += route->requests;
	}
}

static void check_sandbox(struct bench *bench)
{
	struct json *state = bench_shop_sandbox(&bench->shop, "/sandbox/state");
	struct json *broken = bench_shop_sandbox(&bench->shop, "/sandbox/violations");
	const struct json *account = json_at(json_get(state, "accounts"), 0);
	size_t items = json_len(json_get(account, "items"));
	size_t variants = json_len(json_get(account, "variants"));
	size_t categories = json_len(json_get(account, "categories"));
	int64_t total = 0;

	(void)json_get_int(broken, "total", &total);
	if (items != bench->products || variants != bench->products * VARIANTS || categories != CATEGORIES)
		bench_die("the sandbox holds %zu items, %zu variants, %zu categories", items, variants,
			  categories);
	if (total > 0) {
		struct str text = json_write_arena(json_get(broken, "by_kind"), false, &bench->shop.arena);

		printf("note: the sandbox saw promises broken: %.*s\n", STR_ARG(text));
	}
	json_free(state);
	json_free(broken);
}

/* ---- one run ------------------------------------------------------------------------------------ */

static int64_t jobs_of(size_t rows)
{
	return (int64_t)((rows + JOB_ROWS - 1) / JOB_ROWS);
}

/* Jobs of 100 rows for each kind, and one list of up to 100 jobs per look. */
static void set_fewest(struct run *run, size_t categories, size_t items)
{
	size_t rows[] = { categories, items, items * VARIANTS };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		run->fewest_submissions += jobs_of(rows[i]);
		run->fewest_looks += jobs_of((size_t)jobs_of(rows[i]));
	}
}

static void finish_run(struct bench *bench, struct run *run, int64_t start_us, double cpu_ms,
		       const struct counts *before)
{
	run->posted_s = (double)(bench_now_us() - start_us) / 1e6;
	bench_shop_wait_idle(&bench->shop);
	run->seconds = (double)(bench_now_us() - start_us) / 1e6;
	run->cpu_ms = bench_cpu_ms(&bench->shop.daemon) - cpu_ms;
	run->counts = take_counts(bench);
	subtract(&run->counts, before);
	sum_up(run);
	check_sandbox(bench);
	arena_reset(&bench->shop.arena);
}

static void print_run(const struct bench *bench, const struct run *run)
{
	int64_t fewest = run->fewest_submissions + run->fewest_looks;
	int64_t all = run->submissions + run->looks;
	double peak_mb = bench_peak_rss_mb(&bench->shop.daemon);

	if (bench->json) {
		printf("{\"bench\":\"catalog\",\"run\":\"%s\",\"submissions\":%" PRId64
		       ",\"fewest_submissions\":%" PRId64 ",\"looks\":%" PRId64 ",\"fewest_looks\":%" PRId64
		       ",\"wall_s\":%.1f,\"cpu_ms\":%.0f,"
		       "\"peak_mb\":%.1f}\n",
		       run->name, run->submissions, run->fewest_submissions, run->looks, run->fewest_looks,
		       run->seconds, run->cpu_ms, peak_mb);
		return;
	}
	printf("catalog %-9s  %4" PRId64 " requests with changes (fewest %" PRId64 ", %.2f)  %3" PRId64
	       " looks at jobs (fewest %" PRId64
	       ")  all %.2f of fewest  wall %.1f s (posted in %.1f)  cpu %.2f s  "
	       "peak %.1f MB\n",
	       run->name, run->submissions, run->fewest_submissions,
	       run->fewest_submissions ? (double)run->submissions / (double)run->fewest_submissions : 1.0,
	       run->looks, run->fewest_looks,
	       fewest ? (double)all / (double)fewest
	       : all  ? 99.0
		      : 1.0,
	       run->seconds, run->posted_s, run->cpu_ms / 1000.0, peak_mb);
	for (size_t i = 0; i < run->counts.n; i++)
		if (run->counts.route[i].requests > 0)
			printf("    %5" PRId64 " requests %6" PRId64 " rows  %s\n",
			       run->counts.route[i].requests, run->counts.route[i].rows,
			       run->counts.route[i].name);
	fflush(stdout);
}

static void run_first(struct bench *bench, const char *name, bool is_new)
{
	struct run run = { .name = name };
	struct counts before = take_counts(bench);
	double cpu_ms = bench_cpu_ms(&bench->shop.daemon);
	int64_t start_us = bench_now_us();

	if (is_new)
		set_fewest(&run, CATEGORIES, bench->products);
	post_categories(bench);
	post_products(bench, bench->products, 1, false);
	finish_run(bench, &run, start_us, cpu_ms, &before);
	print_run(bench, &run);
}

static void run_prices(struct bench *bench)
{
	struct run run = { .name = "prices" };
	struct counts before = take_counts(bench);
	double cpu_ms = bench_cpu_ms(&bench->shop.daemon);
	int64_t start_us = bench_now_us();

	set_fewest(&run, 0, bench->products / 100);
	post_products(bench, bench->products, 100, true);
	finish_run(bench, &run, start_us, cpu_ms, &before);
	print_run(bench, &run);
}

/* ---- command line -------------------------------------------------------------------------------- */

static void parse_options(struct bench *bench, int argc, char **argv)
{
	const struct bench_option option[] = {
		{ "--json", .flag = &bench->json },
		{ "--build", .text = &bench->build },
		{ "--products", .number = &bench->products, .least = 100 },
		{ "--latency-ms", .number = &bench->latency_ms },
	};

	bench_options(option, sizeof(option) / sizeof(option[0]), argc, argv);
}

int main(int argc, char **argv)
{
	static struct bench bench = { .build = "build-bench", .products = 5000, .latency_ms = 200 };
	char latency[16];

	parse_options(&bench, argc, argv);
	snprintf(latency, sizeof(latency), "%zu", bench.latency_ms);
	bench_shop_open(&bench.shop, bench.build, true, 1,
			(const char *const[]){ "--latency-ms", latency, NULL });
	run_first(&bench, "first", true);
	run_first(&bench, "unchanged", false);
	run_prices(&bench);
	bench_shop_close(&bench.shop);
	return 0;
}
