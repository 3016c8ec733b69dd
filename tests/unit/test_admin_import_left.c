/*
 * How long an import still takes: by what Klaviyo allows, what waits before it, and its own pace.
 */
#include "admin/import_left.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Read to a tenth: 10,000 of 100,000 messages. */
static struct import_job job_of(int64_t id, int64_t store_id, int rank)
{
	return (struct import_job){ .id = id,
				    .store_id = store_id,
				    .rank = rank,
				    .size = 1000000,
				    .at.used = 100000,
				    .n_new = 9000,
				    .n_duplicate = 1000 };
}

static const int64_t stores[] = { 1, 2 };

static int64_t left(const struct import_outlook *outlook, const struct import_job *job, const char *kind)
{
	return import_left_ms(outlook, stores, 2, job, str_from(kind));
}

static void test_alone(void **state)
{
	struct import_job job = job_of(1, 1, 4);
	struct import_outlook outlook = { .job = &job, .n_job = 1, .per_minute = 150 };

	(void)state;
	/* 90,000 orders are 360,000 events, 150,000 a minute. */
	assert_int_equal(left(&outlook, &job, "orders"), 144000);
	/* As many as were made of a message so far: 2. */
	outlook.created = 40000;
	outlook.mapped = 20000;
	assert_int_equal(left(&outlook, &job, "orders"), 72000);
	/* Half of the quota is somebody else's. */
	outlook.per_minute = 75;
	assert_int_equal(left(&outlook, &job, "orders"), 144000);
	/* A pace that somebody set counts when it is slower. */
	job.per_minute = 9000;
	assert_int_equal(left(&outlook, &job, "orders"), 600000);
	/* Customers are 10,000 a request. */
	job.per_minute = 0;
	outlook.mapped = 0;
	outlook.per_minute = 150;
	assert_int_equal(left(&outlook, &job, "customers"), 3600);
}

static void test_not_known(void **state)
{
	struct import_job job = job_of(1, 1, 4);
	struct import_outlook outlook = { .job = &job, .n_job = 1, .per_minute = 150 };

	(void)state;
	job.at.used = 0;
	assert_int_equal(left(&outlook, &job, "orders"), -1);
	job = job_of(1, 1, 4);
	job.size = 0;
	assert_int_equal(left(&outlook, &job, "orders"), -1);
	job = job_of(1, 1, 4);
	job.state = IMPORT_PAUSED;
	assert_int_equal(left(&outlook, &job, "orders"), -1);
}

static void test_what_comes_first(void **state)
{
	static const struct outbox_lane lane[] = {
		{ .kind = KLAVIYO_EVENT, .n_ready = 100000, .n_waiting = 50000 },
		{ .kind = KLAVIYO_PROFILE, .n_ready = 1000000 },
	};
	struct import_job job[] = { job_of(1, 1, 0), job_of(2, 1, 4), job_of(3, 1, 4), job_of(4, 2, 4),
				    job_of(5, 9, 4) };
	struct import_outlook outlook = { .job = job, .n_job = 5, .per_minute = 150 };

	(void)state;
	/* Before the third: the two of its store, and the other store in turn; not another account. */
	assert_int_equal(left(&outlook, &job[2], "orders"), 4 * 144000);
	assert_int_equal(left(&outlook, &job[1], "orders"), 3 * 144000);
	job[0].state = IMPORT_DONE;
	job[3].at.used = 900000; /* in turn with one that has little left */
	job[3].n_new = 89000;
	assert_int_equal(left(&outlook, &job[1], "orders"), 144000 + 16000);
	job[3].state = IMPORT_PAUSED;
	assert_int_equal(left(&outlook, &job[1], "orders"), 144000);
	/* What waits already leaves first. */
	outlook.lane = lane;
	outlook.n_lane = 2;
	assert_int_equal(left(&outlook, &job[1], "orders"), 144000 + 60000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_not_known),
		cmocka_unit_test(test_what_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
