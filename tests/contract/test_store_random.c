/*
 * Model test of the store: the same random verbs go to the memory backend and to SQLite; every answer must be
 * equal, and both must balance after every verb. CONTRACT_SEED=N runs one seed, CONTRACT_STEPS=N so many
 * verbs of it.
 */
#include "contract/random_side.h"

#include "base/alloc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	void (*run)(struct side *side);
	uint64_t weight;
} op[] = {
	{ "append", op_append, 20 },   { "map", op_map, 20 },	       { "message_get", op_message_get, 4 },
	{ "publish", op_publish, 25 }, { "root_get", op_root_get, 6 }, { "sweep", op_sweep, 4 },
	{ "find", op_find, 3 },	       { "send", op_send, 25 },	       { "settle", op_settle, 20 },
	{ "recover", op_recover, 1 },  { "budgets", op_budgets, 1 },   { "delivery_get", op_delivery_get, 6 },
	{ "failed", op_failed, 8 },    { "audit", op_audit, 6 },       { "audit_append", op_audit_append, 1 },
	{ "held", op_held, 2 },	       { "config", op_config, 3 },     { "maintain", op_maintain, 3 },
	{ "reopen", op_reopen, 1 },    { "time", op_time, 20 },	       { "users", op_users, 2 },
	{ "grants", op_grants, 3 },    { "tasks", op_tasks, 12 },      { "walk", op_walk, 3 },
	{ "clock", op_clock, 2 },      { "imports", op_imports, 15 },  { "erased", op_erased, 2 },
	{ "purge", op_purge, 6 },
};

/* ---- the run ---- */

static void side_open(struct side *side, const struct db_ops *ops)
{
	memset(side, 0, sizeof(*side));
	arena_init(&side->arena);
	strbuf_init(&side->out, (size_t)64 << 20);
	side->seen = mem_zalloc(IDS_MAX, sizeof(*side->seen));
	side->now_ms = CONTRACT_START_MS;
	contract_folder_make(side->folder);
	side_connect(side, ops);
}

static void side_close(struct side *side)
{
	db_close(side->db);
	contract_folder_remove(side->folder);
	mem_free(side->seen);
	strbuf_release(&side->out);
	arena_release(&side->arena);
}

static size_t choose_op(struct rand *rand)
{
	uint64_t sum = 0, at;

	for (size_t i = 0; i < sizeof(op) / sizeof(op[0]); i++)
		sum += op[i].weight;
	at = rand_below(rand, sum);
	for (size_t i = 0;; i++) {
		if (at < op[i].weight)
			return i;
		at -= op[i].weight;
	}
}

static void run_op(struct side *side, size_t at, uint64_t seed)
{
	rand_seeded_init(&side->rand, seed);
	strbuf_reset(&side->out);
	strbuf_add_text(&side->out, op[at].name);
	op[at].run(side);
	say_summary(side);
	contract_conserves(side->db);
	arena_reset(&side->arena);
}

/* The first line in which they differ, and what led to it. */
static void print_difference(const struct side *memory, const struct side *sqlite)
{
	struct str left = strbuf_str(&memory->out), right = strbuf_str(&sqlite->out);
	struct str left_line = STR(""), right_line = STR("");

	while (str_split(&left, '\n', &left_line) && str_split(&right, '\n', &right_line) &&
	       str_eq(left_line, right_line))
		print_error("        %.*s\n", STR_ARG(left_line));
	print_error("memory: %.*s\nsqlite: %.*s\n", STR_ARG(left_line), STR_ARG(right_line));
}

static void run_seed(uint64_t seed, uint64_t n_step)
{
	struct side *side = mem_zalloc(2, sizeof(*side));
	struct rand_seeded rand;

	rand_seeded_init(&rand, seed);
	side_open(&side[0], &db_memory_ops);
	side_open(&side[1], &db_sqlite_ops);
	for (uint64_t step = 0; step < n_step; step++) {
		size_t at = step == 0 ? 16 : choose_op(&rand.rand);
		uint64_t op_seed = rand_u64(&rand.rand);

		for (int i = 0; i < 2; i++)
			run_op(&side[i], at, op_seed);
		if (!str_eq(strbuf_str(&side[0].out), strbuf_str(&side[1].out))) {
			print_error("seed %" PRIu64 " step %" PRIu64 ", %s\n", seed, step, op[at].name);
			print_difference(&side[0], &side[1]);
			fail();
		}
	}
	side_close(&side[0]);
	side_close(&side[1]);
	mem_free(side);
}

static uint64_t last_seed;

static void test_both_backends_answer_alike(void **state)
{
	const char *one = getenv("CONTRACT_SEED");
	const char *steps = getenv("CONTRACT_STEPS");
	uint64_t n_step = steps ? strtoull(steps, NULL, 10) : 1500;

	(void)state;
	if (one) {
		run_seed(strtoull(one, NULL, 10), n_step);
		return;
	}
	for (uint64_t seed = 1; seed <= last_seed; seed++)
		run_seed(seed, n_step);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_backends_answer_alike),
	};

	last_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
