/*
 * How much a stage takes at once: more while there is more, the least while somebody waits.
 */
#include "base/arena.h"
#include "flow/flow_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define LEAST 8
#define MOST  50

static void grows_while_there_is_more(void **state)
{
	static const struct {
		size_t n; /* units that were there */
		size_t want;
	} row[] = {
		{ 8, 16 }, { 16, 32 }, { 3, 32 }, { 0, 32 }, { 32, 50 }, { 50, 50 },
	};
	struct flow_ctx ctx = { 0 };

	(void)state;
	assert_int_equal(flow_batch_size(&ctx.map, LEAST), LEAST);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		flow_batch_heed(&ctx, &ctx.map, LEAST, MOST, row[i].n);
		assert_int_equal(flow_batch_size(&ctx.map, LEAST), row[i].want);
	}
	assert_int_equal(flow_batch_size(&ctx.publish, LEAST), LEAST);
}

static void not_asked(void *arg, bool ok, const struct inbox_receipt *receipt, size_t n,
		      const struct err *err)
{
	(void)arg;
	(void)ok;
	(void)receipt;
	(void)n;
	(void)err;
}

static void who_waits_goes_first(void **state)
{
	struct inbox *inbox = inbox_new(&(struct inbox_config){ 0 });
	struct flow_ctx ctx = { .inbox = inbox, .map = { MOST } };
	struct inbox_record record = { .body = STR("x") };
	struct err err;

	(void)state;
	flow_batch_heed(&ctx, &ctx.map, LEAST, MOST, MOST);
	assert_int_equal(flow_batch_size(&ctx.map, LEAST), MOST);
	assert_true(inbox_submit(inbox, &record, 1, not_asked, NULL, &err));
	flow_batch_heed(&ctx, &ctx.map, LEAST, MOST, MOST);
	assert_int_equal(flow_batch_size(&ctx.map, LEAST), LEAST);
	inbox_free(inbox);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_while_there_is_more),
		cmocka_unit_test(who_waits_goes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
