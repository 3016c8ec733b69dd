/*
 * What is checked of schedules: that nothing leaves before its time, and the runs by the clock.
 *
 * Keeps:   what is not seen, because the process died in between, makes a check milder, never stricter.
 */
#include "sim/timetable.h"

#include "base/alloc.h"
#include "sim/node.h"
#include "sim/sim.h"
#include "sim/shop.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MISSED_MS  (8 * MS_PER_MIN)
#define SETTLED_MS (3 * MS_PER_MIN)
#define AWAKE_MS   (10 * MS_PER_MIN)
#define BEFORE_MS  (10 * MS_PER_S)
#define KIN_MS	   MS_PER_MIN /* roots that are one person are not told all at once */

/* Runs by the clock, of one kind of one shop. */
struct runs {
	int64_t seen_ms; /* when the schedule was first kept; 0 = not yet */
	int64_t last_ms; /* the newest that is known to be kept */
	int64_t begun_ms;
};

/* What is known of one root. */
struct book {
	char root[64];
	bool urgent;			       /* it was claimed as what the shop has just sent */
	int64_t first_ms[SCHEDULE_KIND_COUNT]; /* touched since it was told last; 0 = not */
	int64_t told_ms[SCHEDULE_KIND_COUNT];
};

static struct runs runs[SHOPS_MAX][SCHEDULE_KIND_COUNT];
static struct book *book;
static size_t n_book;
static bool is_turning;
static uint64_t n_asked; /* by the clock */
static int64_t awake_ms; /* since when the process has not been held */

void timetable_check_open(void)
{
	book = NULL;
	n_book = 0;
	is_turning = false;
	n_asked = 0;
	awake_ms = 0;
	memset(runs, 0, sizeof(runs));
}

void timetable_check_close(void)
{
	mem_free(book);
}

static bool judges(void)
{
	return timetable_asks() || (sim_option(OPTION_scheduled) > 0 && sim_option(OPTION_clock_step_s) == 0);
}

static int shop_of(int64_t store_id)
{
	for (int i = 0; i < sim_option(OPTION_shops); i++)
		if (node_store_id(i) == store_id)
			return i;
	return 0;
}

/* ---- nothing leaves before its time ---- */

/* A person is the same under the number and the address. */
static int64_t person_number(struct str id)
{
	int64_t number = -1;
	size_t at = 0;

	while (at < id.len && !str_starts(str_skip(id, at), STR("person")))
		at++;
	id = str_starts(str_skip(id, at), STR("person")) ? str_skip(id, at + sizeof("person") - 1)
							 : str_skip(id, str_find_char(id, '-') + 1);
	(void)str_to_int64(str_of(id.p, str_find_char(id, '.')), &number);
	return number;
}

static struct book *book_of(int64_t store_id, struct entity entity)
{
	struct str id = entity.id;
	char root[sizeof(book->root)];

	if (entity.kind == ENTITY_PERSON)
		(void)snprintf(root, sizeof(root), "%d person %d", (int)store_id, (int)person_number(id));
	else if (entity.kind == ENTITY_VARIANT) /* "s0-p1-v2" is of "s0-p1" */
		(void)snprintf(root, sizeof(root), "%d %d %.*s", (int)store_id, ENTITY_PRODUCT,
			       (int)str_find_char(id, 'v') - 1, id.p);
	else
		(void)snprintf(root, sizeof(root), "%d %d %.*s", (int)store_id, (int)entity.kind,
			       STR_ARG(id));
	for (size_t i = 0; i < n_book; i++)
		if (strcmp(book[i].root, root) == 0)
			return &book[i];
	book = mem_resize(book, (n_book + 1) * sizeof(*book));
	book[n_book] = (struct book){ 0 };
	memcpy(book[n_book].root, root, sizeof(root));
	return &book[n_book++];
}

void timetable_saw_facts(int64_t now_ms, const struct inbox_result *result, size_t n)
{
	if (!judges())
		return;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < result[i].n_fact; k++) {
			struct book *one = book_of(result[i].store_id, result[i].fact[k].entity);

			for (int kind = 0; kind < SCHEDULE_KIND_COUNT; kind++)
				if (one->first_ms[kind] == 0)
					one->first_ms[kind] = now_ms;
		}
}

void timetable_saw_claim(const struct catalog_root *root, size_t n)
{
	for (size_t i = 0; judges() && i < n; i++)
		book_of(root[i].store_id, root[i].root)->urgent = root[i].priority == PRIORITY_REALTIME;
}

/* SCHEDULE_KIND_COUNT: it goes at once. */
static enum schedule_kind kind_of(const struct delivery_new *one)
{
	static const enum schedule_kind kind[KLAVIYO_KIND_COUNT] = {
		[KLAVIYO_CATEGORY] = SCHEDULE_CATEGORIES, [KLAVIYO_ITEM] = SCHEDULE_PRODUCTS,
		[KLAVIYO_VARIANT] = SCHEDULE_VARIANTS,	  [KLAVIYO_EVENT] = SCHEDULE_EVENTS,
		[KLAVIYO_PROFILE] = SCHEDULE_SUBSCRIBERS, [KLAVIYO_CONSENT] = SCHEDULE_SUBSCRIBERS,
		[KLAVIYO_NOTICE] = SCHEDULE_KIND_COUNT,
	};

	/* Who leaves, is erased, or has another address. */
	if (kind[one->kind] == SCHEDULE_SUBSCRIBERS &&
	    (one->op == DELIVERY_DELETE || (one->kind == KLAVIYO_PROFILE && one->op == DELIVERY_CREATE)))
		return SCHEDULE_KIND_COUNT;
	return kind[one->kind];
}

static void check_leaves(const struct book *one, int64_t now_ms,
			 const struct catalog_publication *publication, const struct delivery_new *delivery)
{
	int number = shop_of(publication->store_id);
	enum schedule_kind kind = kind_of(delivery);
	int64_t since_ms;

	if (kind == SCHEDULE_KIND_COUNT || !timetable_is_planned(number, kind) || !one->urgent)
		return;
	since_ms = one->first_ms[kind] > 0 ? one->first_ms[kind] : one->told_ms[kind];
	since_ms -= publication->root.kind == ENTITY_PERSON ? KIN_MS : 0;
	sim.n_hit[OPTION_scheduled]++;
	if (timetable_slot(number, kind, now_ms) <= since_ms)
		sim_fail("schedule", "%.*s of what changed %" PRId64 " s ago leaves before its time",
			 STR_ARG(delivery->external_id), (now_ms - since_ms) / MS_PER_S);
}

/* Some variants go while others wait for their item, though it is their time: they are told with the rest. */
static void note_told(struct book *one, int64_t now_ms, const struct catalog_publication *publication)
{
	for (int kind = 0; kind < SCHEDULE_KIND_COUNT; kind++) {
		bool told = publication->again_ms == 0 && publication->root.kind != ENTITY_PERSON;

		for (size_t i = 0; kind != SCHEDULE_VARIANTS && i < publication->n_delivery; i++)
			told |= kind_of(&publication->delivery[i]) == (enum schedule_kind)kind;
		if (!told)
			continue;
		one->first_ms[kind] = 0;
		one->told_ms[kind] = now_ms;
	}
}

void timetable_saw_publish(int64_t now_ms, const struct catalog_publication *publication, size_t n)
{
	for (size_t i = 0; judges() && i < n; i++) {
		struct book *one = book_of(publication[i].store_id, publication[i].root);

		for (size_t k = 0; k < publication[i].n_delivery; k++)
			check_leaves(one, now_ms, &publication[i], &publication[i].delivery[k]);
		note_told(one, now_ms, &publication[i]);
	}
}

/* ---- runs by the clock ---- */

void timetable_turn(bool turning)
{
	is_turning = turning;
}

static enum schedule_kind kind_of_pull(struct str path)
{
	static const char *const name[SCHEDULE_KIND_COUNT] = { "orders",   "customers", "categories",
							       "products", "variants",	"" };

	for (int kind = 0; kind < SCHEDULE_KIND_COUNT; kind++)
		if (str_eq(path, str_from(name[kind])))
			return (enum schedule_kind)kind;
	return SCHEDULE_KIND_COUNT;
}

static bool is_under_way(enum import_state state)
{
	return state == IMPORT_OPEN || state == IMPORT_PAUSED;
}

static bool pull_is_under_way(struct db *db, const void *what, struct arena *arena)
{
	const struct import_job *job = what;
	struct import_job *all = NULL;
	struct err err;
	size_t n = 0;

	if (!db_import_list(db, job->store_id, arena, &all, &n, &err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (all[i].pull && str_eq(all[i].path, job->path) && is_under_way(all[i].state))
			return true;
	return false;
}

static bool task_is_under_way(struct db *db, const void *what, struct arena *arena)
{
	const struct task_row *task = what;
	struct task_row *all = NULL;
	struct err err;
	size_t n = 0;

	if (!db_task_list(db, task->store_id, arena, &all, &n, &err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (all[i].kind == task->kind && is_under_way(all[i].state))
			return true;
	return false;
}

/* Does the clock begin something now, and does the store say this of it? */
static bool begins_while(bool (*says)(struct db *db, const void *what, struct arena *arena), struct db *db,
			 const void *what)
{
	struct arena arena;
	bool found;

	if (!is_turning || !judges())
		return false;
	arena_init(&arena);
	sim.looking = true;
	found = says(db, what, &arena);
	sim.looking = false;
	arena_release(&arena);
	return found;
}

void timetable_before_pull(struct db *db, const struct import_job *job)
{
	if (begins_while(pull_is_under_way, db, job))
		sim_fail("schedule", "%.*s are asked for by the clock while they are", STR_ARG(job->path));
}

void timetable_before_task(struct db *db, const struct task_row *task)
{
	if (begins_while(task_is_under_way, db, task))
		sim_fail("schedule", "a comparison begins by the clock during another one");
}

/* Each has a time of its own. */
static void begin_run(int64_t now_ms, int64_t store_id, enum schedule_kind kind)
{
	int number = shop_of(store_id);
	struct runs *of;

	if (!is_turning || !judges() || kind == SCHEDULE_KIND_COUNT)
		return;
	of = &runs[number][kind];
	sim_trace("schedule: shop%d %s", number, schedule_kind_text(kind));
	sim.n_hit[OPTION_scheduled]++;
	if (!timetable_is_planned(number, kind) || timetable_slot(number, kind, now_ms) <= of->last_ms)
		sim_fail("schedule", "shop%d: %s again %" PRId64 " s after the run before", number,
			 schedule_kind_text(kind), (now_ms - of->last_ms) / MS_PER_S);
	of->begun_ms = now_ms;
}

void timetable_saw_pull(int64_t now_ms, const struct import_job *job)
{
	if (!job->pull)
		return;
	n_asked += is_turning;
	begin_run(now_ms, job->store_id, kind_of_pull(job->path));
}

uint64_t timetable_n_asked(void)
{
	return n_asked;
}

void timetable_saw_task(int64_t now_ms, const struct task_row *task)
{
	begin_run(now_ms, task->store_id, SCHEDULE_RECONCILE);
}

void timetable_saw_resume(int64_t now_ms, struct db *db, int64_t import_id)
{
	struct import_job *all = NULL;
	struct arena arena;
	struct err err;
	size_t n = 0;

	if (!is_turning || !judges())
		return;
	arena_init(&arena);
	sim.looking = true;
	if (db_import_list(db, 0, &arena, &all, &n, &err))
		for (size_t i = 0; i < n; i++)
			if (all[i].id == import_id)
				timetable_saw_pull(now_ms, &all[i]);
	sim.looking = false;
	arena_release(&arena);
}

/* "schedule STORE KIND" */
void timetable_saw_state(int64_t now_ms, struct str name)
{
	struct str word[3];
	int64_t store_id;

	for (int i = 0; i < 3; i++)
		if (!str_split(&name, ' ', &word[i]))
			return;
	if (!is_turning || !str_to_int64(word[1], &store_id))
		return;
	for (int kind = 0; kind < SCHEDULE_KIND_COUNT; kind++) {
		struct runs *of = &runs[shop_of(store_id)][kind];

		if (!str_eq(word[2], str_from(schedule_kind_text((enum schedule_kind)kind))))
			continue;
		of->seen_ms = of->seen_ms > 0 ? of->seen_ms : now_ms;
		of->last_ms = of->begun_ms;
	}
}

/* ---- none is missed ---- */

/* An import, or a comparison, of the kind is or was just under way. */
static bool is_busy(enum schedule_kind kind, const struct import_job *job, size_t n_job,
		    const struct task_row *task, size_t n_task)
{
	int64_t settled_ms = clock_wall_ms(&sim.clock) - SETTLED_MS;

	for (size_t i = 0; i < n_job; i++)
		if (kind_of_pull(job[i].path) == kind &&
		    (is_under_way(job[i].state) || job[i].changed_ms > settled_ms))
			return true;
	for (size_t i = 0; kind == SCHEDULE_RECONCILE && i < n_task; i++)
		if (is_under_way(task[i].state) || task[i].changed_ms > settled_ms)
			return true;
	return false;
}

static void check_shop(struct db *db, int number, struct arena *arena)
{
	int64_t until_ms = clock_wall_ms(&sim.clock) - MISSED_MS;
	struct import_job *job = NULL;
	struct task_row *task = NULL;
	struct err err;
	size_t n = 0, n_task = 0;

	if (!db_import_list(db, node_store_id(number), arena, &job, &n, &err) ||
	    !db_task_list(db, node_store_id(number), arena, &task, &n_task, &err))
		return;
	for (enum schedule_kind kind = 0; kind < SCHEDULE_KIND_COUNT; kind++) {
		const struct runs *of = &runs[number][kind];

		if (!timetable_is_planned(number, kind) || kind == SCHEDULE_VARIANTS || of->seen_ms == 0 ||
		    is_busy(kind, job, n, task, n_task))
			continue;
		if (timetable_slot(number, kind, until_ms) > of->begun_ms &&
		    timetable_slot(number, kind, until_ms) > of->seen_ms)
			sim_fail("schedule", "shop%d: a run of %s is missing", number,
				 schedule_kind_text(kind));
	}
}

void timetable_check(struct db *db)
{
	struct arena arena;

	if (!timetable_asks() || sim.now_ms < sim.healed_ms + MISSED_MS || sim.now_ms < awake_ms + MISSED_MS)
		return;
	arena_init(&arena);
	sim.looking = true;
	for (int i = 0; i < sim_option(OPTION_shops); i++)
		check_shop(db, i, &arena);
	sim.looking = false;
	arena_release(&arena);
}

void timetable_skip(void)
{
	int64_t skip_ms = timetable_next_daily(sim_wall_ms());

	if (skip_ms == INT64_MAX || sim.now_ms < sim.healed_ms + AWAKE_MS || sim.now_ms < awake_ms + AWAKE_MS)
		return;
	skip_ms -= sim_wall_ms() + BEFORE_MS;
	if (skip_ms <= 0)
		return;
	sim_trace("held for %d s", (int)(skip_ms / MS_PER_S));
	sim_pass(skip_ms);
	awake_ms = sim.now_ms;
}
