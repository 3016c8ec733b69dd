/*
 * Benchmark of the store: what one row costs in each step of its life, by how many rows wait there already.
 *
 *   bench-store-cost [--data DIR] [--rows N,N,...] [--json]
 *
 * For each level N the database is filled until N messages wait to be mapped, N products wait to be published
 * and N deliveries wait to be sent; then each verb runs on batches of 64 and its median cost per row is
 * printed, wall and processor time, with the ratio to the first level. Every batch is one transaction with
 * its fsync. Levels must grow. Default: 10000,1000000.
 */
#include "base/alloc.h"
#include "base/arena.h"
#include "bench_proc.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORES	   8
#define ACCOUNTS   2
#define FILL_BATCH 2048
#define BATCH	   64
#define REPEATS	   60
#define LEVELS_MAX 6
#define START_MS   INT64_C(1785400000000)

enum step {
	STEP_APPEND,
	STEP_MAP,
	STEP_PUBLISH,
	STEP_LANES,
	STEP_SEND,
	STEP_SUMMARY,
	STEP_AUDIT,
	STEP_COUNT
};

static const struct {
	const char *name;
	size_t batch; /* rows of one call; 1 where the call is the unit */
} step_row[STEP_COUNT] = {
	[STEP_APPEND] = { "inbox_append", BATCH },
	[STEP_MAP] = { "inbox_claim + inbox_complete", BATCH },
	[STEP_PUBLISH] = { "catalog_claim + catalog_publish", BATCH },
	[STEP_LANES] = { "outbox_lanes", 1 },
	[STEP_SEND] = { "outbox_claim + outbox_settle", BATCH },
	[STEP_SUMMARY] = { "summary", 1 },
	[STEP_AUDIT] = { "audit_list, newest 50", 1 },
};

struct cost {
	double wall_us;
	double cpu_us;	   /* without the waiting for the disk, which other programs disturb */
	double written_kb; /* to the write-ahead log */
};

struct bench {
	struct db *db;
	struct arena arena;
	int64_t now_ms;
	int64_t store_id[STORES];
	int64_t account_id[ACCOUNTS];
	int64_t n_appended;
	int64_t n_mapped;
	int64_t n_published;
	int64_t n_sent;
	struct cost cost[LEVELS_MAX][STEP_COUNT];
};

static void must(bool ok, const char *what, const struct err *err)
{
	if (!ok)
		bench_die("%s: %s: %s", what, err_code_name(err->code), err->msg);
}

static int64_t account_of(const struct bench *bench, int64_t store_id)
{
	for (size_t i = 0; i < STORES; i++)
		if (bench->store_id[i] == store_id)
			return bench->account_id[i % ACCOUNTS];
	bench_die("unknown store");
}

/* ---- the steps; each handles at most n rows and returns how many it did ------------------------- */

static size_t append(struct bench *bench, size_t n)
{
	struct inbox_record *record = ARENA_ARRAY(&bench->arena, n, struct inbox_record);
	struct inbox_receipt *receipt = ARENA_ARRAY(&bench->arena, n, struct inbox_receipt);
	struct err err = { 0 };

	for (size_t i = 0; i < n; i++) {
		int64_t number = bench->n_appended++;
		struct str id = arena_printf(&bench->arena, "msg_%" PRId64, number);

		record[i] = (struct inbox_record){
			.store_id = bench->store_id[number % STORES],
			.received_ms = bench->now_ms,
			.topic = STR("product.upserted"),
			.source_id = id,
			.body = arena_printf(
				&bench->arena,
				"{\"type\":\"product.upserted\",\"data\":{\"product_id\":\"p%" PRId64
				"\",\"title\":\"Wool socks\",\"price\":\"29.90\",\"currency\":\"SEK\"}}",
				number),
			.slot = digest16_of(&id, 1),
			.key = digest16_of(&id, 1),
		};
	}
	must(db_inbox_append(bench->db, record, n, receipt, &err), "inbox_append", &err);
	return n;
}

static size_t map(struct bench *bench, size_t n)
{
	struct inbox_message *message;
	struct inbox_result *result;
	struct err err = { 0 };

	must(db_inbox_claim(bench->db, n, (size_t)16 << 20, &bench->arena, &message, &n, &err), "inbox_claim",
	     &err);
	result = ARENA_ARRAY(&bench->arena, n, struct inbox_result);
	for (size_t i = 0; i < n; i++) {
		struct fact *fact = ARENA_NEW(&bench->arena, struct fact);

		*fact = (struct fact){
			.entity = { ENTITY_PRODUCT, arena_printf(&bench->arena, "p%" PRId64, message[i].id) },
			.part = STR("base"),
			.op = FACT_SET,
			.body = STR("{\"title\":\"Wool socks\",\"price\":\"29.90\",\"currency\":\"SEK\"}"),
		};
		result[i] = (struct inbox_result){
			.message_id = message[i].id,
			.store_id = message[i].store_id,
			.state = MESSAGE_MAPPED,
			.fact = fact,
			.n_fact = 1,
			.tombstone_ms = 86400000,
		};
	}
	if (n > 0)
		must(db_inbox_complete(bench->db, bench->now_ms, result, n, &err), "inbox_complete", &err);
	bench->n_mapped += (int64_t)n;
	return n;
}

static size_t publish(struct bench *bench, size_t n)
{
	struct catalog_publication *publication;
	struct catalog_root *root;
	int64_t next_due_ms;
	struct err err = { 0 };

	must(db_catalog_claim(bench->db, bench->now_ms, n, &bench->arena, &root, &n, &next_due_ms, &err),
	     "catalog_claim", &err);
	publication = ARENA_ARRAY(&bench->arena, n, struct catalog_publication);
	for (size_t i = 0; i < n; i++) {
		struct delivery_new *delivery = ARENA_NEW(&bench->arena, struct delivery_new);

		*delivery = (struct delivery_new){
			.kind = KLAVIYO_ITEM,
			.op = DELIVERY_CREATE,
			.external_id = root[i].root.id,
			.body = arena_printf(
				&bench->arena,
				"{\"type\":\"catalog-item\",\"attributes\":{\"external_id\":\"%.*s\","
				"\"title\":\"Wool socks\",\"price\":29.90}}",
				STR_ARG(root[i].root.id)),
		};
		delivery->hash = digest16_of(&delivery->body, 1);
		publication[i] = (struct catalog_publication){
			.store_id = root[i].store_id,
			.account_id = account_of(bench, root[i].store_id),
			.root = root[i].root,
			.due_seq = root[i].due_seq,
			.message_id = root[i].message_id,
			.delivery = delivery,
			.n_delivery = 1,
		};
	}
	if (n > 0)
		must(db_catalog_publish(bench->db, bench->now_ms, publication, n, &err), "catalog_publish",
		     &err);
	bench->n_published += (int64_t)n;
	return n;
}

static size_t send_out(struct bench *bench, size_t n)
{
	struct outbox_claim claim = {
		.account_id = bench->account_id[bench->n_sent / BATCH % ACCOUNTS],
		.kind = KLAVIYO_ITEM,
		.op = DELIVERY_CREATE,
		.priority = PRIORITY_REALTIME,
		.max_n = n,
		.max_bytes = (size_t)4 << 20,
		.endpoint = STR("item_bulk_create"),
		.budget = { .endpoint = STR("item_bulk_create"), .blob = STR("0") },
	};
	struct outbox_batch batch = { 0 };
	struct delivery_settlement *settlement;
	struct outbox_settlement settled;
	struct err err = { 0 };

	claim.budget.account_id = claim.account_id;
	must(db_outbox_claim(bench->db, bench->now_ms, &claim, &bench->arena, &batch, &err), "outbox_claim",
	     &err);
	settlement = ARENA_ARRAY(&bench->arena, batch.n, struct delivery_settlement);
	for (size_t i = 0; i < batch.n; i++)
		settlement[i] = (struct delivery_settlement){
			.delivery_id = batch.delivery[i].id,
			.state = DELIVERY_ACCEPTED,
			.exists = true,
		};
	settled = (struct outbox_settlement){
		.batch_id = batch.id,
		.delivery = settlement,
		.n = batch.n,
		.http_status = 200,
	};
	if (batch.n > 0)
		must(db_outbox_settle(bench->db, bench->now_ms, &settled, &err), "outbox_settle", &err);
	bench->n_sent += (int64_t)batch.n;
	return batch.n;
}

static size_t ask(struct bench *bench, enum step step)
{
	struct audit_filter filter = { .max_n = 50 };
	struct outbox_lane *lane;
	struct audit_row *row;
	struct summary summary;
	struct err err = { 0 };
	size_t n;

	if (step == STEP_LANES)
		must(db_outbox_lanes(bench->db, bench->now_ms, &bench->arena, &lane, &n, &err),
		     "outbox_lanes", &err);
	else if (step == STEP_SUMMARY)
		must(db_summary(bench->db, bench->now_ms, &bench->arena, &summary, &err), "summary", &err);
	else
		must(db_audit_list(bench->db, &filter, &bench->arena, &row, &n, &err), "audit_list", &err);
	return 1;
}

static size_t run_step(struct bench *bench, enum step step, size_t n)
{
	bench->now_ms++;
	switch (step) {
	case STEP_APPEND:
		return append(bench, n);
	case STEP_MAP:
		return map(bench, n);
	case STEP_PUBLISH:
		return publish(bench, n);
	case STEP_SEND:
		return send_out(bench, n);
	case STEP_LANES:
	case STEP_SUMMARY:
	case STEP_AUDIT:
	case STEP_COUNT:
		break;
	}
	return ask(bench, step);
}

/* ---- filling and measuring ---------------------------------------------------------------------- */

/* What the retain role does meanwhile; off the clock. */
static void upkeep(struct bench *bench)
{
	struct retention retention = {
		.message_days = 30, .delivery_days = 30, .audit_days = 90, .tombstone_days = 30
	};
	struct err err = { 0 };
	bool more = true;

	for (int i = 0; more && i < 100; i++)
		must(db_maintain(bench->db, bench->now_ms, &retention, &more, &err), "maintain", &err);
}

static void fill_step(struct bench *bench, enum step step, const int64_t *done, int64_t goal)
{
	for (int i = 0; *done < goal; i++) {
		int64_t left = goal - *done;

		if (run_step(bench, step, left < FILL_BATCH ? (size_t)left : FILL_BATCH) == 0)
			bench_die("%s has nothing to do at %" PRId64 " of %" PRId64, step_row[step].name,
				  *done, goal);
		arena_reset(&bench->arena);
		if (i % 8 == 7)
			upkeep(bench);
	}
}

static void fill(struct bench *bench, int64_t n)
{
	int64_t end = bench->n_sent + n;

	fill_step(bench, STEP_APPEND, &bench->n_appended, end + 2 * n);
	fill_step(bench, STEP_MAP, &bench->n_mapped, end + n);
	fill_step(bench, STEP_PUBLISH, &bench->n_published, end);
	upkeep(bench);
}

static struct cost measure(struct bench *bench, enum step step)
{
	double wall_us[REPEATS];
	double cpu_us[REPEATS];
	double written_kb[REPEATS];

	for (int i = 0; i < REPEATS; i++) {
		int64_t written_start = bench_own_written();
		int64_t cpu_start_us = bench_own_cpu_us();
		int64_t start_us = bench_now_us();
		size_t n = run_step(bench, step, step_row[step].batch);

		if (n == 0)
			bench_die("%s had nothing to do", step_row[step].name);
		wall_us[i] = (double)(bench_now_us() - start_us) / (double)n;
		cpu_us[i] = (double)(bench_own_cpu_us() - cpu_start_us) / (double)n;
		written_kb[i] = (double)(bench_own_written() - written_start) / (double)n / 1024.0;
		arena_reset(&bench->arena);
		upkeep(bench);
	}
	return (struct cost){
		.wall_us = bench_median(wall_us, REPEATS),
		.cpu_us = bench_median(cpu_us, REPEATS),
		.written_kb = bench_median(written_kb, REPEATS),
	};
}

static void print_level(const struct bench *bench, int level, int64_t rows, bool json)
{
	for (int step = 0; step < STEP_COUNT; step++) {
		struct cost cost = bench->cost[level][step];
		double wall_ratio = cost.wall_us / bench->cost[0][step].wall_us;
		double cpu_ratio = cost.cpu_us / bench->cost[0][step].cpu_us;
		const char *unit = step_row[step].batch > 1 ? "row" : "call";

		if (json)
			printf("{\"bench\":\"store\",\"step\":\"%s\",\"rows\":%" PRId64
			       ",\"us\":%.2f,\"ratio\":%.2f,\"cpu_us\":%.2f,\"cpu_ratio\":%.2f,\"written_"
			       "kb\":%.1f}\n",
			       step_row[step].name, rows, cost.wall_us, wall_ratio, cost.cpu_us, cpu_ratio,
			       cost.written_kb);
		else
			printf("store  %-32s %9" PRId64
			       " waiting  %8.2f us/%-4s %5.2f x first   cpu %8.2f us %5.2f x   %5.1f KB\n",
			       step_row[step].name, rows, cost.wall_us, unit, wall_ratio, cost.cpu_us,
			       cpu_ratio, cost.written_kb);
	}
	fflush(stdout);
}

/* ---- setting up --------------------------------------------------------------------------------- */

static void add_config(struct bench *bench, struct config_change *change)
{
	struct err err = { 0 };

	must(db_config_version(bench->db, &change->expected_version, &err), "config_version", &err);
	change->now_ms = bench->now_ms;
	change->reason = STR("benchmark");
	must(db_config_change(bench->db, change, &err), "config_change", &err);
}

static void add_accounts_and_stores(struct bench *bench)
{
	struct config_rows rows = { 0 };
	struct err err = { 0 };

	for (int i = 0; i < ACCOUNTS; i++)
		add_config(bench, &(struct config_change){
					  .kind = CONFIG_ACCOUNT_PUT,
					  .account = { .name = arena_printf(&bench->arena, "account%d", i),
						       .key_sealed = STR("x"),
						       .key_last4 = STR("0000"),
						       .settings = STR("{}"),
						       .created_ms = bench->now_ms },
				  });
	must(db_config_load(bench->db, &bench->arena, &rows, &err), "config_load", &err);
	for (size_t i = 0; i < ACCOUNTS; i++)
		bench->account_id[i] = rows.account[i].id;
	for (size_t i = 0; i < STORES; i++)
		add_config(bench, &(struct config_change){
					  .kind = CONFIG_STORE_PUT,
					  .store = { .account_id = bench->account_id[i % ACCOUNTS],
						     .name = arena_printf(&bench->arena, "store%zu", i),
						     .platform = STR("generic"),
						     .secret_sealed = STR("x"),
						     .secret_last4 = STR("0000"),
						     .settings = STR("{}"),
						     .created_ms = bench->now_ms },
				  });
	must(db_config_load(bench->db, &bench->arena, &rows, &err), "config_load", &err);
	for (size_t i = 0; i < STORES; i++)
		bench->store_id[i] = rows.store[i].id;
	arena_reset(&bench->arena);
}

static int parse_levels(const char *text, int64_t level[LEVELS_MAX])
{
	char *end;
	int n = 0;

	while (*text && n < LEVELS_MAX) {
		level[n] = strtoll(text, &end, 10);
		if (end == text || level[n] < REPEATS * BATCH * 2 || (n > 0 && level[n] <= level[n - 1]))
			bench_die("rows are growing numbers, each at least %d", REPEATS * BATCH * 2);
		n++;
		text = *end == ',' ? end + 1 : end;
	}
	return n;
}

int main(int argc, char **argv)
{
	static struct bench bench = { .now_ms = START_MS };
	int64_t level[LEVELS_MAX] = { 10000, 1000000 };
	int n_level = 2;
	const char *data = NULL;
	struct err err = { 0 };
	bool json = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (strcmp(argv[i], "--data") == 0 && i + 1 < argc)
			data = argv[++i];
		else if (strcmp(argv[i], "--rows") == 0 && i + 1 < argc)
			n_level = parse_levels(argv[++i], level);
		else
			bench_die("usage: bench-store-cost [--data DIR] [--rows N,N,...] [--json]");
	}
	arena_init(&bench.arena);
	must(db_open(&db_sqlite_ops,
		     &(struct db_config){ .location = data ? data : bench_folder(),
					  .owner_epoch = 1,
					  .now_ms = bench.now_ms },
		     &bench.db, &err),
	     "open", &err);
	add_accounts_and_stores(&bench);
	for (int i = 0; i < n_level; i++) {
		fill(&bench, level[i]);
		for (int step = 0; step < STEP_COUNT; step++)
			bench.cost[i][step] = measure(&bench, (enum step)step);
		print_level(&bench, i, level[i], json);
	}
	db_close(bench.db);
	arena_release(&bench.arena);
	bench_folder_remove();
	return 0;
}
