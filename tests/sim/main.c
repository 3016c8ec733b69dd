/*
 * The simulation's program.
 *
 *   sim [--seeds A..B | --seed N] [--regressions FILE] [--twice] [--verbose] [--timing] [--mutant NAME]
 *       [--option NAME=VALUE]...
 *     FILE: seeds that are run besides, one a line: "SEED", or "SEED NAME=VALUE ..." which are then all
 *     options that differ from their otherwise; '#' begins a comment
 *   sim --mutants A..B [NAME...]   every planted bug has to be found within these seeds
 */
#define _GNU_SOURCE /* memfd_create */
#include "base/attr.h"
#include "base/log.h"
#include "base/mutant.h"
#include "base/str.h"
#include "sim/disk.h"
#include "sim/log_catch.h"
#include "sim/run.h"
#include "sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* In so many seeds every fault that was drawn has to have been possible. */
#define UNUSED_FROM 100

struct task {
	uint64_t from;
	uint64_t to;
	bool twice;
	bool verbose;
	bool timing;
	const char *folder;
	bool failed;
};

static void show_failure(uint64_t seed)
{
	(void)printf("seed %" PRIu64 " failed: %s\n  options:", seed, sim.failure);
	options_print();
	(void)printf("  again: tests/sim/sim --seed %" PRIu64 " --verbose\n", seed);
	(void)fflush(stdout);
}

/* The next run begins without them, too: to make them takes operations of the disk. */
static void remove_files(const char *folder)
{
	static const char *const name[] = { "pannier.db", "secret.key" };
	char path[200];

	for (size_t i = 0; i < ARRAY_LEN(name); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, name[i]);
		(void)unlink(path);
	}
}

static bool run_one(const struct task *task, uint64_t seed)
{
	bool ok;

	log_catch_begin(seed);
	ok = run_seed(seed, task->folder, task->verbose);
	log_catch_end();
	remove_files(task->folder);
	options_gather();
	if (task->timing)
		(void)printf("seed %" PRIu64 ": %" PRIu64 " steps, %" PRIu64 " lines, %" PRId64
			     " s, %.2f s used\n",
			     seed, sim.n_step, sim.n_trace, sim.now_ms / 1000,
			     (double)clock() / CLOCKS_PER_SEC);
	return ok && !sim_failed();
}

static void run_twice(struct task *task, uint64_t seed)
{
	uint64_t hash = sim.trace_hash, n = sim.n_trace;

	if (run_one(task, seed) && sim.trace_hash == hash && sim.n_trace == n)
		return;
	task->failed = true;
	(void)printf("seed %" PRIu64 ": %" PRIu64 " lines with hash %016" PRIx64 ", then %" PRIu64
		     " with %016" PRIx64 "\n",
		     seed, n, hash, sim.n_trace, sim.trace_hash);
}

static void run_seeds(struct task *task)
{
	for (uint64_t seed = task->from; seed <= task->to; seed++) {
		if (!run_one(task, seed)) {
			task->failed = true;
			show_failure(seed);
		} else if (task->twice) {
			run_twice(task, seed);
		}
	}
	(void)printf("%" PRIu64 " seeds, %s\n", task->to - task->from + 1,
		     task->failed ? "failures" : "all is well");
}

static void run_regressions(struct task *task, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[2000], *rest;

	if (!file) {
		(void)printf("cannot read %s\n", path);
		exit(2);
	}
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "#\n")] = '\0';
		task->from = task->to = strtoull(line, &rest, 10);
		if (rest == line)
			continue;
		if (!options_only(rest + strspn(rest, " "))) {
			(void)printf("no such option: %s\n", rest);
			exit(2);
		}
		run_seeds(task);
	}
	(void)options_only("");
	(void)fclose(file);
}

/* ---- planted bugs ---- */

/*
 * What merchants ask for mends some of what a bug spoils: each is looked for with it, then without, and with
 * more who leave.
 */
static void ask_for_nothing(void)
{
	static const char *const none[] = { "pulls=0",	   "pulls_heal=0", "replays=0", "reconciles=0",
					    "estranged=0", "opt_outs=4",   "feeds=0" };

	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		(void)option_force(none[i]);
}

/* Bugs in what some seeds do only are looked for where all do it. */
static const struct {
	enum mutant mutant;
	const char *option;
} needs[] = {
	{ MUTANT_told_early, "scheduled=2" },
	{ MUTANT_waited_away, "scheduled=1" },
	{ MUTANT_caught_up_each, "scheduled=5" },
	{ MUTANT_runs_overlap, "scheduled=4" },
	{ MUTANT_never_caught_up, "scheduled=5" },
	{ MUTANT_file_from_start, "imports=3" },
	{ MUTANT_history_as_news, "imports=3" },
	{ MUTANT_history_wins, "imports=3" },
	{ MUTANT_deletion_lost, "erased=4" },
	{ MUTANT_deletion_lost, "crash_s=4" },
	{ MUTANT_deletion_lost, "wire_ms=3000" },
	{ MUTANT_erased_return, "erased=4" },
	{ MUTANT_erased_overtake, "erased=4" },
	{ MUTANT_default_unswept, "defaults=2" },
	{ MUTANT_default_over_own, "defaults=2" },
	{ MUTANT_default_over_own, "shops=2" },
	{ MUTANT_default_ignored, "defaults=2" },
	{ MUTANT_bodies_spared, "erased=4" },
	{ MUTANT_messages_spared, "erased=4" },
	{ MUTANT_move_overtaken, "moves=20" },
	{ MUTANT_move_overtaken, "erased=0" },
	{ MUTANT_former_told, "moves=20" },
	{ MUTANT_former_told, "erased=0" },
	{ MUTANT_consent_left, "moves=20" },
	{ MUTANT_consent_left, "erased=0" },
	{ MUTANT_replayed_to_former, "moves=20" },
	{ MUTANT_replayed_to_former, "erased=0" },
	{ MUTANT_replayed_to_former, "replays=3" },
	{ MUTANT_copies_replayed, "replays=3" },
	{ MUTANT_copies_replayed, "erased=0" },
	{ MUTANT_refusal_unheeded, "oauth=60" },
	{ MUTANT_refresh_dropped, "oauth=60" },
	{ MUTANT_part_believed, "uploads=12" },
	{ MUTANT_part_believed, "crash_s=8" },
	{ MUTANT_part_believed, "crash_power=1000" },
	{ MUTANT_damage_unheeded, "uploads=6" },
	{ MUTANT_file_swept, "uploads=6" },
	{ MUTANT_file_swept, "crash_s=10" },
	{ MUTANT_feed_half, "feeds=60" },
	{ MUTANT_feed_half, "busy=100" },
	{ MUTANT_feed_in_place, "feeds=60" },
	{ MUTANT_feed_believed, "feeds=60" },
	{ MUTANT_feed_believed, "crash_s=10" },
	{ MUTANT_feed_outdated, "feeds=60" },
	{ MUTANT_silence_forgotten, "throttled=200" },
	{ MUTANT_silence_forgotten, "crash_s=4" },
};

static void ask_for_it(enum mutant mutant)
{
	for (size_t i = 0; i < ARRAY_LEN(needs); i++)
		if (needs[i].mutant == mutant)
			(void)option_force(needs[i].option);
}

static bool find_mutant(struct task *task, enum mutant mutant)
{
	for (uint64_t seed = task->from; seed <= task->to; seed++) {
		if (run_one(task, seed))
			continue;
		(void)printf("%-20s seed %2" PRIu64 "  %s\n", mutant_name(mutant), seed, sim.failure);
		(void)fflush(stdout);
		return true;
	}
	return false;
}

static void run_mutant(struct task *task, enum mutant mutant)
{
	bool found;

	mutant_select(mutant);
	ask_for_it(mutant);
	found = find_mutant(task, mutant);
	if (!found) {
		ask_for_nothing();
		found = find_mutant(task, mutant);
	}
	(void)options_only("");
	mutant_select(MUTANT_COUNT);
	if (found)
		return;
	(void)printf("%-20s NOT FOUND\n", mutant_name(mutant));
	task->failed = true;
}

static void run_mutants(struct task *task, char **name, int n)
{
	for (int i = 0; n == 0 && i < MUTANT_COUNT; i++)
		run_mutant(task, (enum mutant)i);
	for (int i = 0; i < n; i++) {
		enum mutant mutant = mutant_find(name[i]);

		if (mutant == MUTANT_COUNT) {
			(void)printf("there is no planted bug '%s'\n", name[i]);
			exit(2);
		}
		run_mutant(task, mutant);
	}
}

/* ---- the command line ---- */

NO_RETURN static void usage(void)
{
	(void)printf(
		"usage: sim [--seeds A..B | --seed N] [--regressions FILE] [--twice] [--verbose] [--timing]\n"
		"           [--mutant NAME] [--option NAME=VALUE]...\n"
		"       sim --mutants A..B [NAME...]\n");
	exit(2);
}

static void read_range(struct task *task, const char *text)
{
	char *rest;

	task->from = task->to = strtoull(text, &rest, 10);
	if (strncmp(rest, "..", 2) == 0)
		task->to = strtoull(rest + 2, &rest, 10);
	if (*rest || task->to < task->from)
		usage();
}

static int work(struct task *task, int argc, char **argv)
{
	const char *regressions = NULL;
	uint64_t n_seeds;

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "--twice") == 0) {
			task->twice = true;
			continue;
		}
		if (strcmp(argv[i], "--timing") == 0) {
			task->timing = true;
			continue;
		}
		if (strcmp(argv[i], "--verbose") == 0) {
			task->verbose = true;
			continue;
		}
		if (!value)
			usage();
		i++;
		if (strcmp(argv[i - 1], "--seeds") == 0 || strcmp(argv[i - 1], "--seed") == 0) {
			read_range(task, value);
		} else if (strcmp(argv[i - 1], "--regressions") == 0) {
			regressions = value;
		} else if (strcmp(argv[i - 1], "--mutant") == 0) {
			mutant_select(mutant_find(value));
		} else if (strcmp(argv[i - 1], "--mutants") == 0) {
			read_range(task, value);
			run_mutants(task, argv + i + 1, argc - i - 1);
			return task->failed;
		} else if (strcmp(argv[i - 1], "--option") != 0 || !option_force(value)) {
			usage();
		}
	}
	n_seeds = task->to - task->from + 1;
	run_seeds(task);
	if (regressions)
		run_regressions(task, regressions);
	if (n_seeds >= UNUSED_FROM && options_unused() > 0)
		task->failed = true;
	return task->failed;
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/pannier-sim-XXXXXX";
	struct task task = { .from = 1, .to = 1, .folder = folder };
	int result;

	if (!mkdtemp(folder)) {
		perror("mkdtemp");
		return 2;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	log_set_level(LOG_DEBUG);
	log_catch_open();
	vfs_register();
	result = work(&task, argc, argv);
	log_catch_close();
	(void)rmdir(folder);
	return result;
}
