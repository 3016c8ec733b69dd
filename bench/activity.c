/*
 * Benchmark of the audit as people read it: what a page costs, by filter, when very much has happened.
 *
 *   bench-activity [--data DIR] [--rows N] [--look N]
 *
 * The database is filled with N rows (default 1,000,000) over three days as orders make them: of 21 stores
 * one says hardly anything, one row in 5,000 is a failure, one in 100,000 a change of settings. Then each
 * filter is read page by page (100 rows, looking at --look rows at most, default 20,000) until something is
 * found: the median of the first page, the number of calls and the time until 100 rows are found or the end
 * is reached; beside it the same in one call without a limit.
 */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/clock.h"
#include "bench_proc.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH	 4000
#define STORES	 20
#define QUIET	 21 /* the store that says hardly anything */
#define PAGE	 100
#define REPEATS	 9
#define START_MS INT64_C(1785400000000)
#define SPAN_MS	 (3 * MS_PER_DAY)

struct bench {
	struct db *db;
	struct arena arena;
	int64_t rows;
	size_t look;
};

static void must(bool ok, const char *what, const struct err *err)
{
	if (!ok)
		bench_die("%s: %s: %s", what, err_code_name(err->code), err->msg);
}

/* ---- filling ---- */

static enum audit_code code_of(int64_t number)
{
	static const enum audit_code road[] = { AUDIT_MESSAGE_MAPPED, AUDIT_ROOT_PUBLISHED,
						AUDIT_DELIVERY_CREATED, AUDIT_DELIVERY_SENT,
						AUDIT_DELIVERY_ACCEPTED };

	if (number % 100000 == 99999)
		return AUDIT_CONFIG_CHANGED;
	return number % 5000 == 4999 ? AUDIT_DELIVERY_FAILED : road[number % 5];
}

static struct audit_row row_of(struct bench *bench, int64_t number)
{
	int64_t order = number / 5, store = number % 10007 == 3 ? QUIET : 1 + order % STORES;

	return (struct audit_row){
		.at_ms = START_MS + number * SPAN_MS / bench->rows,
		.code = code_of(number),
		.store_id = store,
		.account_id = 1 + store % 4,
		.message_id = 1 + order,
		.delivery_id = number % 5 >= 2 ? 1 + order : 0,
		.root = { ENTITY_ORDER, arena_printf(&bench->arena, "%" PRId64, 100000 + order) },
		.reason = number % 5 == 4 ? STR("HTTP 202, 38 ms") : STR(""),
	};
}

static void fill(struct bench *bench)
{
	struct err err = { 0 };
	int64_t started = bench_now_us();

	for (int64_t done = 0; done < bench->rows;) {
		int64_t n = bench->rows - done < BATCH ? bench->rows - done : BATCH;
		struct audit_row *row = ARENA_ARRAY(&bench->arena, (size_t)n, struct audit_row);

		for (int64_t i = 0; i < n; i++)
			row[i] = row_of(bench, done + i);
		must(db_audit_append(bench->db, row, (size_t)n, &err), "audit_append", &err);
		arena_reset(&bench->arena);
		done += n;
	}
	printf("%" PRId64 " rows in %.1f s\n", bench->rows, (double)(bench_now_us() - started) / 1e6);
}

/* ---- reading ---- */

struct cost {
	double first_ms;
	double whole_ms;
	size_t n_call;
	size_t n_row;
	size_t n_looked;
};

/* Until PAGE rows are found or nothing is left. limited: as the screens do. */
static struct cost read_page(struct bench *bench, struct audit_filter filter, bool limited)
{
	struct audit_look look = { .max = limited ? bench->look : SIZE_MAX };
	int64_t started = bench_now_us();
	struct cost cost = { 0 };
	struct audit_row *row;
	struct err err = { 0 };
	size_t n;

	filter.look = &look;
	filter.max_n = PAGE;
	do {
		must(db_audit_list(bench->db, &filter, &bench->arena, &row, &n, &err), "audit_list", &err);
		cost.n_row += n;
		cost.n_looked += look.n;
		filter.before_id = look.next_id;
		if (cost.n_call++ == 0)
			cost.first_ms = (double)(bench_now_us() - started) / 1e3;
	} while (filter.before_id != 0 && cost.n_row < PAGE);
	cost.whole_ms = (double)(bench_now_us() - started) / 1e3;
	arena_reset(&bench->arena);
	return cost;
}

static int compare(const void *a, const void *b)
{
	double left = ((const struct cost *)a)->whole_ms, right = ((const struct cost *)b)->whole_ms;

	return (left > right) - (left < right);
}

static struct cost median(struct bench *bench, struct audit_filter filter, bool limited)
{
	struct cost cost[REPEATS];

	for (int i = 0; i < REPEATS; i++)
		cost[i] = read_page(bench, filter, limited);
	qsort(cost, REPEATS, sizeof(cost[0]), compare);
	return cost[REPEATS / 2];
}

static void measure(struct bench *bench)
{
	int64_t end_ms = START_MS + SPAN_MS, middle = bench->rows / 10;
	char order[24];
	const struct {
		const char *what;
		struct audit_filter filter;
	} rows[] = {
		{ "no filter", { 0 } },
		{ "store (1 of 20)", { .store_id = 3 } },
		{ "store that says hardly anything", { .store_id = QUIET } },
		{ "store that says nothing", { .store_id = 99 } },
		{ "account (1 of 4)", { .account_id = 2 } },
		{ "code delivery_accepted", { .by_code = true, .code = AUDIT_DELIVERY_ACCEPTED } },
		{ "code delivery_failed", { .by_code = true, .code = AUDIT_DELIVERY_FAILED } },
		{ "code config_changed", { .by_code = true, .code = AUDIT_CONFIG_CHANGED } },
		{ "code that nothing has, seldom", { .by_code = true, .code = AUDIT_MESSAGE_FAILED } },
		{ "code that nothing has, usual", { .by_code = true, .code = AUDIT_DELIVERY_JOB } },
		{ "until a day ago", { .until_ms = end_ms - MS_PER_DAY } },
		{ "the last hour", { .since_ms = end_ms - 3600000 } },
		{ "before everything", { .until_ms = START_MS - 1 } },
		{ "store and failed", { .store_id = 3, .by_code = true, .code = AUDIT_DELIVERY_FAILED } },
		{ "message", { .message_id = middle } },
		{ "delivery", { .delivery_id = middle } },
		{ "order", { .root = { ENTITY_ORDER, STR("") } } },
	};

	(void)snprintf(order, sizeof(order), "%" PRId64, 100000 + middle);
	printf("%-34s %9s %9s %6s %6s %9s   %s\n", "filter", "first ms", "all ms", "calls", "rows", "looked",
	       "in one call, ms");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct audit_filter filter = rows[i].filter;
		struct cost paged, whole;

		if (strcmp(rows[i].what, "order") == 0)
			filter.root.id = str_from(order);
		paged = median(bench, filter, true);
		whole = median(bench, filter, false);
		printf("%-34s %9.2f %9.2f %6zu %6zu %9zu   %.2f\n", rows[i].what, paged.first_ms,
		       paged.whole_ms, paged.n_call, paged.n_row, paged.n_looked, whole.whole_ms);
	}
}

int main(int argc, char **argv)
{
	struct bench bench = { .rows = 1000000, .look = 20000 };
	const char *data = NULL;
	struct db_config config = { .owner_epoch = 1, .now_ms = START_MS };
	struct err err = { 0 };

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--data") == 0)
			data = argv[i + 1];
		else if (strcmp(argv[i], "--rows") == 0)
			bench.rows = atoll(argv[i + 1]);
		else if (strcmp(argv[i], "--look") == 0)
			bench.look = (size_t)atoll(argv[i + 1]);
	}
	arena_init(&bench.arena);
	config.location = data ? data : bench_folder();
	must(db_open(&db_sqlite_ops, &config, &bench.db, &err), "open", &err);
	fill(&bench);
	measure(&bench);
	db_close(bench.db);
	arena_release(&bench.arena);
	if (!data)
		bench_folder_remove();
	return 0;
}
