/*
 * Group commit over a store that only counts: what leaves together, who is told what and when, what is
 * refused.
 */
#include "queue/inbox.h"

#include "base/alloc.h"
#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* ---- a store with one verb ---- */

struct counting_db {
	struct db db;
	struct err fail; /* code ERR_NONE: works */
	size_t calls;
	size_t records;
	size_t largest;
	struct str order[64]; /* bodies in the order appended */
	struct inbox *inbox;  /* asked while a commit runs */
	size_t waiting_seen;
};

static bool count_append(struct db *db, const struct inbox_record *record, size_t n,
			 struct inbox_receipt *receipt, struct err *err)
{
	struct counting_db *counting = (struct counting_db *)db;

	counting->calls++;
	if (counting->inbox)
		counting->waiting_seen = inbox_waiting(counting->inbox);
	if (counting->fail.code != ERR_NONE) {
		*err = counting->fail;
		return false;
	}
	counting->largest = n > counting->largest ? n : counting->largest;
	for (size_t i = 0; i < n; i++) {
		if (counting->records + i < ARRAY_LEN(counting->order))
			counting->order[counting->records + i] = record[i].body;
		receipt[i] = (struct inbox_receipt){
			.kind = str_eq(record[i].body, STR("again")) ? INBOX_DUPLICATE : INBOX_NEW,
			.id = (int64_t)(counting->records + i + 1),
		};
	}
	counting->records += n;
	return true;
}

static const struct db_ops counting_ops = { .name = "counting", .inbox_append = count_append };

/* ---- who waits for an answer ---- */

struct told {
	int times;
	bool ok;
	size_t n;
	int64_t first_id;
	enum inbox_receipt_kind first_kind;
	enum err_code code;
};

static void note(void *arg, bool ok, const struct inbox_receipt *receipt, size_t n, const struct err *err)
{
	struct told *told = arg;

	told->times++;
	told->ok = ok;
	told->n = n;
	told->first_id = receipt ? receipt[0].id : 0;
	told->first_kind = receipt ? receipt[0].kind : INBOX_NEW;
	told->code = err ? err->code : ERR_NONE;
}

struct world {
	struct counting_db db;
	struct wake *wake;
	struct inbox *inbox;
	struct err err;
};

static int set_up(void **state)
{
	struct world *world = mem_zalloc(1, sizeof(*world));

	world->db.db.ops = &counting_ops;
	world->wake = wake_new();
	world->inbox = inbox_new(&(struct inbox_config){
		.db = &world->db.db, .wake = world->wake, .records_max = 10, .bytes_max = 100 });
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	inbox_free(world->inbox);
	wake_free(world->wake);
	mem_free(world);
	return 0;
}

static struct inbox_record record_of(const char *body)
{
	return (struct inbox_record){ .store_id = 1, .body = str_from(body) };
}

static void submit(struct world *world, const char *body, struct told *told)
{
	struct inbox_record record = record_of(body);

	assert_true(inbox_submit(world->inbox, &record, 1, note, told, &world->err));
}

static size_t commit(struct world *world)
{
	size_t n = 99;

	assert_true(inbox_commit_run_once(world->inbox, &n, &world->err));
	return n;
}

/* ---- tests ---- */

static void many_sets_leave_in_one_commit(void **state)
{
	struct world *world = *state;
	struct told a = { 0 }, b = { 0 }, c = { 0 };

	submit(world, "one", &a);
	submit(world, "again", &b);
	submit(world, "three", &c);
	assert_int_equal(inbox_waiting(world->inbox), 3);
	assert_int_equal(a.times + b.times + c.times, 0); /* nobody is told before the commit */
	assert_int_equal(commit(world), 3);
	assert_int_equal(world->db.calls, 1);
	assert_int_equal(inbox_waiting(world->inbox), 0);
	assert_true(a.ok && b.ok && c.ok);
	assert_int_equal(a.first_id, 1);
	assert_int_equal(b.first_id, 2);
	assert_int_equal(b.first_kind, INBOX_DUPLICATE);
	assert_int_equal(c.first_id, 3);
	assert_int_equal(c.first_kind, INBOX_NEW);
	assert_true(str_eq(world->db.order[2], STR("three")));
	assert_int_equal(commit(world), 0);
	assert_int_equal(world->db.calls, 1);
}

static void only_the_first_of_a_list_wakes(void **state)
{
	struct world *world = *state;
	struct told told = { 0 };

	submit(world, "a", &told);
	assert_true(wake_wait(world->wake, 0));
	submit(world, "b", &told);
	assert_false(wake_wait(world->wake, 0));
	(void)commit(world);
	submit(world, "c", &told);
	assert_true(wake_wait(world->wake, 0));
	(void)commit(world);
}

static void use_gathering_inbox(struct world *world)
{
	inbox_free(world->inbox);
	world->inbox = inbox_new(
		&(struct inbox_config){ .db = &world->db.db, .wake = world->wake, .gathers = true });
}

/* Idle: at once. Else not for a few, but neither for ever. */
static void who_gathers_rings_once_for_many(void **state)
{
	struct world *world = *state;
	struct told told = { 0 };
	int calls = 0;

	use_gathering_inbox(world);
	inbox_ring(world->inbox, true);
	assert_false(wake_wait(world->wake, 0)); /* nothing waits */
	submit(world, "a", &told);
	submit(world, "b", &told);
	inbox_ring(world->inbox, false);
	assert_false(wake_wait(world->wake, 0));
	inbox_ring(world->inbox, true);
	assert_true(wake_wait(world->wake, 0));
	inbox_ring(world->inbox, true);
	assert_false(wake_wait(world->wake, 0)); /* the commit role knows */
	assert_int_equal(commit(world), 2);
	submit(world, "c", &told);
	while (!wake_wait(world->wake, 0) && calls++ < 100)
		inbox_ring(world->inbox, false);
	assert_in_range(calls, 2, 10);
	assert_int_equal(commit(world), 1);
}

static void enough_rings_before_idle(void **state)
{
	struct world *world = *state;
	struct told told = { 0 };

	use_gathering_inbox(world);
	for (int i = 0; i < 63; i++)
		submit(world, "x", &told);
	inbox_ring(world->inbox, false);
	assert_false(wake_wait(world->wake, 0));
	submit(world, "x", &told);
	inbox_ring(world->inbox, false);
	assert_true(wake_wait(world->wake, 0));
	assert_int_equal(commit(world), 64);
}

static void a_set_gets_its_own_receipts(void **state)
{
	struct world *world = *state;
	struct told first = { 0 }, second = { 0 };
	struct inbox_record pair[2] = { record_of("x"), record_of("y") };

	submit(world, "w", &first);
	assert_true(inbox_submit(world->inbox, pair, 2, note, &second, &world->err));
	memset(pair, 0, sizeof(pair)); /* the records are copied, only their texts are borrowed */
	(void)commit(world);
	assert_int_equal(second.n, 2);
	assert_int_equal(second.first_id, 2);
	assert_true(str_eq(world->db.order[2], STR("y")));
}

static void full_means_busy(void **state)
{
	struct world *world = *state;
	struct told told = { 0 };
	struct inbox_record record = record_of("one too many");

	for (int i = 0; i < 10; i++)
		submit(world, "x", &told);
	assert_false(inbox_submit(world->inbox, &record, 1, note, &told, &world->err));
	assert_int_equal(world->err.code, ERR_BUSY);
	assert_int_equal(commit(world), 10);
	assert_int_equal(told.times, 10); /* the refused one is never told */
}

static void bytes_are_bounded_but_one_always_fits(void **state)
{
	struct world *world = *state;
	struct told told = { 0 };
	char large[200] = { 0 };
	struct inbox_record record = { .body = str_of(large, sizeof(large)) }, small = record_of("x");

	assert_true(inbox_submit(world->inbox, &record, 1, note, &told, &world->err));
	assert_false(inbox_submit(world->inbox, &small, 1, note, &told, &world->err));
	assert_int_equal(commit(world), 1);
	assert_true(inbox_submit(world->inbox, &small, 1, note, &told, &world->err));
	assert_int_equal(commit(world), 1);
}

static void a_set_too_large_is_refused(void **state)
{
	struct world *world = *state;
	struct inbox_record *record = mem_zalloc(4097, sizeof(*record));

	assert_false(inbox_submit(world->inbox, record, 4097, note, NULL, &world->err));
	assert_int_equal(world->err.code, ERR_TOO_LARGE);
	mem_free(record);
}

static void a_failed_commit_takes_nothing_in(void **state)
{
	static const enum err_code codes[] = { ERR_BUSY, ERR_TOO_LARGE, ERR_INVALID };
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		struct told told = { 0 };
		size_t n = 99;

		world->db.fail = (struct err){ .code = codes[i] };
		submit(world, "x", &told);
		assert_true(inbox_commit_run_once(world->inbox, &n, &world->err));
		assert_int_equal(n, 0);
		assert_int_equal(told.times, 1);
		assert_false(told.ok);
		assert_int_equal(told.code, codes[i]);
	}
	world->db.fail = (struct err){ 0 };
	assert_int_equal(world->db.records, 0);
}

static void a_fatal_commit_is_told_and_returned(void **state)
{
	struct world *world = *state;
	struct told told = { 0 };
	size_t n;

	world->db.fail = (struct err){ .code = ERR_FATAL, .msg = "fsync failed" };
	submit(world, "x", &told);
	assert_false(inbox_commit_run_once(world->inbox, &n, &world->err));
	assert_int_equal(world->err.code, ERR_FATAL);
	assert_int_equal(told.times, 1);
	assert_false(told.ok);
}

static void a_stop_tells_all_who_wait(void **state)
{
	struct world *world = *state;
	struct told told = { 0 };

	submit(world, "x", &told);
	submit(world, "y", &told);
	inbox_free(world->inbox);
	world->inbox = NULL;
	assert_int_equal(told.times, 2);
	assert_false(told.ok);
	assert_int_equal(told.code, ERR_BUSY);
}

static void one_commit_has_a_ceiling(void **state)
{
	struct world *world = *state;
	struct told told = { 0 };
	struct inbox_record record[1500] = { 0 };

	inbox_free(world->inbox);
	world->inbox = inbox_new(&(struct inbox_config){ .db = &world->db.db });
	for (int i = 0; i < 3; i++)
		assert_true(inbox_submit(world->inbox, record, 1500, note, &told, &world->err));
	world->db.inbox = world->inbox;
	assert_int_equal(commit(world), 1500);
	assert_int_equal(world->db.waiting_seen, 3000);
	assert_int_equal(commit(world), 1500);
	assert_int_equal(commit(world), 1500);
	assert_int_equal(world->db.largest, 1500);
}

/* ---- threads ---- */

#define THREADS 4
#define SETS	2000

struct producer {
	struct world *world;
	atomic_size_t told;
	atomic_size_t refused;
};

static void count_told(void *arg, bool ok, const struct inbox_receipt *receipt, size_t n,
		       const struct err *err)
{
	struct producer *producer = arg;

	(void)receipt;
	(void)err;
	if (ok)
		atomic_fetch_add(&producer->told, n);
}

static void *produce(void *arg)
{
	struct producer *producer = arg;
	struct inbox_record record = record_of("x");
	struct err err;

	for (int i = 0; i < SETS; i++)
		if (!inbox_submit(producer->world->inbox, &record, 1, count_told, producer, &err))
			atomic_fetch_add(&producer->refused, 1);
	return NULL;
}

static void from_many_threads_none_is_lost(void **state)
{
	struct world *world = *state;
	struct producer producer = { .world = world };
	pthread_t thread[THREADS];
	size_t n = 0, total = 0;

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, produce, &producer), 0);
	for (int i = 0; i < 1000; i++)
		total += commit(world);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	while ((n = commit(world)) > 0)
		total += n;
	assert_int_equal(producer.told, total);
	assert_int_equal(producer.told + producer.refused, THREADS * SETS);
	assert_int_equal(world->db.records, total);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(many_sets_leave_in_one_commit),
		TEST(only_the_first_of_a_list_wakes),
		TEST(who_gathers_rings_once_for_many),
		TEST(enough_rings_before_idle),
		TEST(a_set_gets_its_own_receipts),
		TEST(full_means_busy),
		TEST(bytes_are_bounded_but_one_always_fits),
		TEST(a_set_too_large_is_refused),
		TEST(a_failed_commit_takes_nothing_in),
		TEST(a_fatal_commit_is_told_and_returned),
		TEST(a_stop_tells_all_who_wait),
		TEST(one_commit_has_a_ceiling),
		TEST(from_many_threads_none_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
