/*
 * Benchmark of the store under a steady stream: messages of 2 KB per second by how many share a commit, and
 * what a change of one of many products costs on its whole road, by how much is stored already.
 *
 *   bench-store-rate [--data DIR] [--history N,N,...] [--products N]
 *
 * For each history N (default 10000,1000000) messages are appended until N are stored and mapped. Then:
 * appending at 1, 16, 128 and 1024 messages per commit (rate, commit p50 and p99); and 100 random products
 * at a time changed, mapped, published, sent and accepted. Another thread does the upkeep meanwhile, as the
 * daemon does. Slots, bodies and products are random.
 */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/rand.h"
#include "base/wake.h"
#include "bench_proc.h"
#include "store/store.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORES		 4
#define BODY_BYTES	 2048
#define COMMITS_MAX	 20000
#define SECONDS_PER_RATE 3
#define ROAD_BATCH	 100
#define ROAD_REPEATS	 40
#define LEVELS_MAX	 4

static const size_t per_commit[] = { 1, 16, 128, 1024 };

struct bench {
	struct db *db;
	struct arena arena;
	struct rand_seeded rand;
	int64_t now_ms;
	int64_t account_id;
	int64_t store_id[STORES];
	int64_t n_message;
	uint64_t n_product;
	char *body;
	double first_us[3];
	struct wake *wake;
	atomic_bool stop;
};

static void must(bool ok, const char *what, const struct err *err)
{
	if (!ok)
		bench_die("%s: %s: %s", what, err_code_name(err->code), err->msg);
}

#define MUST(call) \
	do { \
		struct err bench_err = { ERR_NONE, "" }; \
		must((call), #call, &bench_err); \
	} while (0)

/* ---- steps -------------------------------------------------------------------------------------- */

static void append(struct bench *bench, size_t n)
{
	struct inbox_record *record = ARENA_ARRAY(&bench->arena, n, struct inbox_record);
	struct inbox_receipt *receipt = ARENA_ARRAY(&bench->arena, n, struct inbox_receipt);

	bench->now_ms++;
	for (size_t i = 0; i < n; i++) {
		record[i] = (struct inbox_record){
			.store_id = bench->store_id[i % STORES],
			.received_ms = bench->now_ms,
			.topic = STR("product.upserted"),
			.body = str_of(bench->body, BODY_BYTES),
		};
		rand_fill(&bench->rand.rand, &record[i].slot, sizeof(record[i].slot));
		record[i].key = record[i].slot;
	}
	MUST(db_inbox_append(bench->db, record, n, receipt, &bench_err));
	bench->n_message += (int64_t)n;
}

/* Maps up to n messages; with facts each is one change of a random product. */
static size_t map(struct bench *bench, size_t n, bool facts)
{
	struct inbox_message *message;
	struct inbox_result *result;

	MUST(db_inbox_claim(bench->db, n, (size_t)64 << 20, &bench->arena, &message, &n, &bench_err));
	result = ARENA_ARRAY(&bench->arena, n, struct inbox_result);
	for (size_t i = 0; i < n; i++) {
		struct fact *fact = ARENA_NEW(&bench->arena, struct fact);
		uint64_t product = rand_below(&bench->rand.rand, bench->n_product);

		*fact = (struct fact){
			.entity = { ENTITY_PRODUCT,
				    arena_printf(&bench->arena, "product-%" PRIu64, product) },
			.part = STR("base"),
			.op = FACT_SET,
			.body = str_of(bench->body, BODY_BYTES / 2),
		};
		result[i] = (struct inbox_result){
			.message_id = message[i].id,
			.store_id = message[i].store_id,
			.state = facts ? MESSAGE_MAPPED : MESSAGE_IGNORED,
			.fact = fact,
			.n_fact = facts,
			.tombstone_ms = 86400000,
		};
	}
	if (n > 0)
		MUST(db_inbox_complete(bench->db, bench->now_ms, result, n, &bench_err));
	return n;
}

static size_t publish(struct bench *bench)
{
	struct catalog_publication *publication;
	struct catalog_root *root;
	int64_t next_due_ms;
	size_t n;

	bench->now_ms++;
	MUST(db_catalog_claim(bench->db, bench->now_ms, ROAD_BATCH, &bench->arena, &root, &n, &next_due_ms,
			      &bench_err));
	publication = ARENA_ARRAY(&bench->arena, n, struct catalog_publication);
	for (size_t i = 0; i < n; i++) {
		struct delivery_new *delivery = ARENA_NEW(&bench->arena, struct delivery_new);

		*delivery = (struct delivery_new){
			.kind = KLAVIYO_ITEM,
			.external_id = arena_printf(&bench->arena, "%" PRId64 "-%.*s", root[i].store_id,
						    STR_ARG(root[i].root.id)),
			.body = str_of(bench->body, BODY_BYTES / 2),
		};
		rand_fill(&bench->rand.rand, &delivery->hash, sizeof(delivery->hash));
		publication[i] = (struct catalog_publication){
			.store_id = root[i].store_id,
			.account_id = bench->account_id,
			.root = root[i].root,
			.due_seq = root[i].due_seq,
			.message_id = root[i].message_id,
			.delivery = delivery,
			.n_delivery = 1,
		};
	}
	if (n > 0)
		MUST(db_catalog_publish(bench->db, bench->now_ms, publication, n, &bench_err));
	return n;
}

static size_t send_lane(struct bench *bench, enum delivery_op op)
{
	struct outbox_claim claim = {
		.account_id = bench->account_id,
		.kind = KLAVIYO_ITEM,
		.op = op,
		.max_n = ROAD_BATCH,
		.max_bytes = (size_t)4 << 20,
		.endpoint = STR("item_bulk"),
		.budget = { bench->account_id, STR("item_bulk"), STR("0") },
	};
	struct outbox_batch batch;
	struct delivery_settlement *settlement;
	struct outbox_settlement settled;

	MUST(db_outbox_claim(bench->db, bench->now_ms, &claim, &bench->arena, &batch, &bench_err));
	settlement = ARENA_ARRAY(&bench->arena, batch.n, struct delivery_settlement);
	for (size_t i = 0; i < batch.n; i++)
		settlement[i] = (struct delivery_settlement){ .delivery_id = batch.delivery[i].id,
							      .state = DELIVERY_ACCEPTED,
							      .exists = true };
	settled = (struct outbox_settlement){
		.batch_id = batch.id, .delivery = settlement, .n = batch.n, .http_status = 200
	};
	if (batch.n > 0)
		MUST(db_outbox_settle(bench->db, bench->now_ms, &settled, &bench_err));
	return batch.n;
}

/* ---- upkeep on its own thread ------------------------------------------------------------------- */

static void *upkeep(void *arg)
{
	struct bench *bench = arg;
	const struct retention retention = { 30, 30, 90, 30 };

	while (!bench->stop) {
		bool more = true;

		while (more && !bench->stop)
			MUST(db_maintain(bench->db, bench->now_ms, &retention, &more, &bench_err));
		(void)wake_wait(bench->wake, 50);
	}
	return NULL;
}

/* ---- measuring ---------------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static void measure_rate(struct bench *bench, size_t n, int64_t history)
{
	static double commit_us[COMMITS_MAX];
	int64_t start_us = bench_now_us(), end_us = start_us + SECONDS_PER_RATE * 1000000;
	int64_t cpu_us = bench_own_cpu_us(), written = bench_own_written();
	int n_commit = 0;
	double seconds, messages;

	while (n_commit < COMMITS_MAX && bench_now_us() < end_us) {
		int64_t from_us = bench_now_us();

		append(bench, n);
		commit_us[n_commit++] = (double)(bench_now_us() - from_us);
		arena_reset(&bench->arena);
	}
	seconds = (double)(bench_now_us() - start_us) / 1e6;
	messages = (double)n_commit * (double)n;
	qsort(commit_us, (size_t)n_commit, sizeof(double), compare_doubles);
	printf("store  append, %4zu per commit %19" PRId64
	       " stored  %9.0f messages/s  commit p50 %7.2f ms  p99 %7.2f ms"
	       "  cpu %5.1f us  %5.1f KB written\n",
	       n, history, messages / seconds, commit_us[n_commit / 2] / 1000,
	       commit_us[n_commit * 99 / 100] / 1000, (double)(bench_own_cpu_us() - cpu_us) / messages,
	       (double)(bench_own_written() - written) / 1024 / messages);
	fflush(stdout);
}

static void print_road(struct bench *bench, int at, const char *what, double *row_us, int n, int64_t history)
{
	double median_us = bench_median(row_us, n);

	if (bench->first_us[at] == 0)
		bench->first_us[at] = median_us;
	printf("store  %-30s %12" PRId64 " stored  %9.1f us/row  %5.2f x first\n", what, history, median_us,
	       median_us / bench->first_us[at]);
	fflush(stdout);
}

static void measure_road(struct bench *bench, int64_t history)
{
	double map_us[ROAD_REPEATS], publish_us[ROAD_REPEATS], send_us[ROAD_REPEATS];

	while (map(bench, 2048, false) > 0)
		arena_reset(&bench->arena);
	for (int i = 0; i < ROAD_REPEATS; i++) {
		int64_t start_us;
		size_t n;

		append(bench, ROAD_BATCH);
		start_us = bench_now_us();
		n = map(bench, ROAD_BATCH, true);
		map_us[i] = (double)(bench_now_us() - start_us) / (double)n;
		start_us = bench_now_us();
		n = publish(bench);
		publish_us[i] = (double)(bench_now_us() - start_us) / (double)n;
		start_us = bench_now_us();
		n = send_lane(bench, DELIVERY_CREATE) + send_lane(bench, DELIVERY_UPDATE);
		send_us[i] = (double)(bench_now_us() - start_us) / (double)(n ? n : 1);
		arena_reset(&bench->arena);
	}
	print_road(bench, 0, "map a change", map_us, ROAD_REPEATS, history);
	print_road(bench, 1, "publish it", publish_us, ROAD_REPEATS, history);
	print_road(bench, 2, "send it and have it accepted", send_us, ROAD_REPEATS, history);
}

/*
 * Messages stored and mapped; each of the products published and accepted at least once, as far as history
 * goes.
 */
static void fill(struct bench *bench, int64_t history)
{
	while (bench->n_message < history) {
		append(bench, 1024);
		(void)map(bench, 1024, true);
		while (publish(bench) > 0)
			arena_reset(&bench->arena);
		while (send_lane(bench, DELIVERY_CREATE) + send_lane(bench, DELIVERY_UPDATE) > 0)
			arena_reset(&bench->arena);
		arena_reset(&bench->arena);
	}
}

/* ---- setting up --------------------------------------------------------------------------------- */

static void add_config(struct bench *bench)
{
	struct config_change change = {
		.kind = CONFIG_ACCOUNT_PUT,
		.account = { .name = STR("account"), .key_sealed = STR("x"), .settings = STR("{}") },
		.now_ms = bench->now_ms,
	};
	struct config_rows rows;

	for (int i = 0; i <= STORES; i++) {
		MUST(db_config_version(bench->db, &change.expected_version, &bench_err));
		MUST(db_config_change(bench->db, &change, &bench_err));
		change.kind = CONFIG_STORE_PUT;
		change.store = (struct store_row){ .account_id = 1,
						   .platform = STR("generic"),
						   .name = arena_printf(&bench->arena, "store%d", i),
						   .settings = STR("{}") };
	}
	MUST(db_config_load(bench->db, &bench->arena, &rows, &bench_err));
	bench->account_id = rows.account[0].id;
	for (size_t i = 0; i < STORES; i++)
		bench->store_id[i] = rows.store[i].id;
}

static int parse_list(const char *text, int64_t level[LEVELS_MAX])
{
	char *end = NULL;
	int n = 0;

	for (; *text && n < LEVELS_MAX; text = *end == ',' ? end + 1 : end) {
		level[n++] = strtoll(text, &end, 10);
		if (end == text)
			bench_die("not a number: %s", text);
	}
	return n;
}

int main(int argc, char **argv)
{
	static struct bench bench = { .now_ms = INT64_C(1785400000000), .n_product = 100000 };
	int64_t level[LEVELS_MAX] = { 10000, 1000000 };
	const char *data = NULL;
	int n_level = 2;
	pthread_t thread;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--data") == 0)
			data = argv[i + 1];
		else if (strcmp(argv[i], "--history") == 0)
			n_level = parse_list(argv[i + 1], level);
		else if (strcmp(argv[i], "--products") == 0)
			bench.n_product = strtoull(argv[i + 1], NULL, 10);
		else
			bench_die("usage: bench-store-rate [--data DIR] [--history N,N,...] [--products N]");
	}
	arena_init(&bench.arena);
	rand_seeded_init(&bench.rand, 1);
	bench.body = mem_alloc(BODY_BYTES);
	rand_fill(&bench.rand.rand, bench.body, BODY_BYTES);
	MUST(db_open(&db_sqlite_ops, &(struct db_config){ data ? data : bench_folder(), 1, bench.now_ms },
		     &bench.db, &bench_err));
	add_config(&bench);
	bench.wake = wake_new();
	if (pthread_create(&thread, NULL, upkeep, &bench) != 0)
		bench_die("cannot start a thread");
	for (int i = 0; i < n_level; i++) {
		fill(&bench, level[i]);
		for (size_t k = 0; k < sizeof(per_commit) / sizeof(per_commit[0]); k++)
			measure_rate(&bench, per_commit[k], level[i]);
		measure_road(&bench, level[i]);
	}
	bench.stop = true;
	(void)pthread_join(thread, NULL);
	wake_free(bench.wake);
	db_close(bench.db);
	mem_free(bench.body);
	arena_release(&bench.arena);
	bench_folder_remove();
	return 0;
}
