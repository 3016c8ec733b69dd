/* Shops that go quiet: when that is said, and when it is not. */
#include "flow/silence.h"

#include "base/attr.h"
#include "support/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* 2026-06-01, a Monday, 00:00 UTC. */
#define MONDAY	INT64_C(1780272000000)
#define STEP_MS MS_PER_MIN

/* A shop and who watches it. */
struct shop {
	struct silence silence;
	int64_t now_ms;
	int64_t last_ms;
	int opens_h; /* sends every `every_ms` between these hours of the day */
	int closes_h;
	int64_t every_ms;
	bool dead;
	int n_quiet; /* how often it was found quiet */
	int n_heard;
};

static struct shop shop_new(int opens_h, int closes_h, int64_t every_ms)
{
	return (struct shop){
		.now_ms = MONDAY, .opens_h = opens_h, .closes_h = closes_h, .every_ms = every_ms
	};
}

static void live(struct shop *shop, int64_t ms)
{
	for (int64_t end_ms = shop->now_ms + ms; shop->now_ms < end_ms; shop->now_ms += STEP_MS) {
		int64_t hour = shop->now_ms / MS_PER_HOUR % 24;

		if (!shop->dead && hour >= shop->opens_h && hour < shop->closes_h &&
		    shop->now_ms - shop->last_ms >= shop->every_ms)
			shop->last_ms = shop->now_ms;
		if (silence_step(&shop->silence, shop->now_ms, shop->last_ms)) {
			shop->n_quiet += shop->silence.quiet_ms != 0;
			shop->n_heard += shop->silence.quiet_ms == 0;
		}
	}
}

static void a_shop_that_goes_quiet(void **state)
{
	struct shop shop = shop_new(0, 24, 5 * MS_PER_MIN);
	int64_t died_ms;

	(void)state;
	live(&shop, 56 * MS_PER_DAY);
	assert_int_equal(shop.n_quiet, 0);
	shop.dead = true;
	died_ms = shop.last_ms;
	live(&shop, MS_PER_HOUR);
	assert_int_equal(shop.n_quiet, 0);
	live(&shop, 4 * MS_PER_HOUR);
	assert_int_equal(shop.n_quiet, 1);
	assert_int_equal(shop.silence.quiet_ms, died_ms);
	live(&shop, 10 * MS_PER_DAY); /* silence is not learned */
	assert_int_equal(shop.n_quiet, 1);
	assert_int_equal(shop.n_heard, 0);
	shop.dead = false;
	live(&shop, MS_PER_HOUR);
	assert_int_equal(shop.n_heard, 1);
	assert_int_equal(shop.silence.quiet_ms, 0);
	live(&shop, 7 * MS_PER_DAY);
	assert_int_equal(shop.n_quiet, 1);
}

static void a_shop_that_sleeps(void **state)
{
	struct shop shop = shop_new(8, 20, 10 * MS_PER_MIN);

	(void)state;
	live(&shop, 70 * MS_PER_DAY);
	assert_int_equal(shop.n_quiet, 0);
	/* It dies in the evening: nobody is woken before it should have opened. */
	live(&shop, 19 * MS_PER_HOUR + 30 * MS_PER_MIN);
	shop.dead = true;
	live(&shop, 12 * MS_PER_HOUR);
	assert_int_equal(shop.n_quiet, 0);
	live(&shop, 5 * MS_PER_HOUR);
	assert_int_equal(shop.n_quiet, 1);
}

static void not_in_the_first_weeks(void **state)
{
	struct shop shop = shop_new(0, 24, 5 * MS_PER_MIN);

	(void)state;
	live(&shop, 6 * MS_PER_DAY);
	shop.dead = true;
	live(&shop, 6 * MS_PER_DAY);
	assert_int_equal(shop.n_quiet, 0);
	/* A store that never sent anything is set up, not quiet. */
	shop = shop_new(0, 0, 1);
	live(&shop, 60 * MS_PER_DAY);
	assert_int_equal(shop.n_quiet, 0);
}

static void a_shop_of_few_words(void **state)
{
	struct shop shop = shop_new(9, 18, 7 * MS_PER_HOUR + 13 * MS_PER_MIN);

	(void)state;
	live(&shop, 120 * MS_PER_DAY);
	assert_int_equal(shop.n_quiet, 0);
	shop.dead = true;
	live(&shop, 14 * MS_PER_DAY);
	assert_int_equal(shop.n_quiet, 1);
}

static void daylight_saving(void **state)
{
	struct shop shop = shop_new(8, 20, 10 * MS_PER_MIN);

	(void)state;
	live(&shop, 70 * MS_PER_DAY);
	shop.opens_h = 9;
	shop.closes_h = 21;
	live(&shop, 70 * MS_PER_DAY);
	shop.opens_h = 8;
	shop.closes_h = 20;
	live(&shop, 70 * MS_PER_DAY);
	assert_int_equal(shop.n_quiet, 0);
}

/* What could not come was not silence; and a clock that goes back is no reason either. */
static void while_nobody_watched(void **state)
{
	struct shop shop = shop_new(0, 24, 5 * MS_PER_MIN);

	(void)state;
	live(&shop, 56 * MS_PER_DAY);
	shop.now_ms += 3 * MS_PER_DAY;
	assert_false(silence_step(&shop.silence, shop.now_ms, shop.last_ms));
	live(&shop, 7 * MS_PER_DAY);
	shop.now_ms -= MS_PER_DAY;
	live(&shop, 2 * MS_PER_DAY);
	assert_int_equal(shop.n_quiet, 0);
}

static void a_text_and_back(void **state)
{
	struct shop shop = shop_new(8, 20, 10 * MS_PER_MIN);
	struct silence again;
	struct arena arena;
	struct str text;

	(void)state;
	arena_init(&arena);
	live(&shop, 17 * MS_PER_DAY);
	text = silence_text(&shop.silence, &arena);
	assert_true(text.len <= 1000);
	again = silence_parse(text);
	assert_true(str_eq(silence_text(&again, &arena), text));
	again = silence_parse(STR("1 2 3"));
	assert_int_equal(again.from_ms, 0);
	again = silence_parse(STR(""));
	assert_int_equal(again.from_ms, 0);
	arena_release(&arena);
}

/* ---- in the store ---- */

static void look(struct rig *rig)
{
	if (!silence_run_once(&rig->ctx, &rig->err))
		fail_msg("%s", rig->err.msg);
}

static int64_t since(struct rig *rig)
{
	int64_t since_ms;

	if (!silence_since(rig->db, 1, 1, &since_ms, &rig->err))
		fail_msg("%s", rig->err.msg);
	return since_ms;
}

static size_t audited(struct rig *rig, enum audit_code code)
{
	struct audit_filter filter = { .by_code = true, .code = code, .max_n = 100 };
	struct audit_row *row;
	size_t n;

	if (!db_audit_list(rig->db, &filter, &rig->arena, &row, &n, &rig->err))
		fail_msg("%s", rig->err.msg);
	return n;
}

static void hour(struct rig *rig, const char *type, bool sends)
{
	for (int i = 0; i < 6; i++) {
		if (sends)
			rig_generic(rig, "shop", type, "{'id':'1','name':'N'}");
		look(rig);
		rig_advance(rig, 10 * MS_PER_MIN);
	}
}

static void it_is_audited_when_it_begins_and_ends(void **state)
{
	struct rig *rig = rig_new(&db_memory_ops);
	int64_t last_ms;

	(void)state;
	for (int i = 0; i < 29 * 24; i++)
		hour(rig, "category.upserted", i % 24 > 5);
	assert_int_equal(since(rig), 0);
	last_ms = rig->clock.now_ms;
	/* Browsers go on: it is the shop that is quiet. */
	for (int i = 0; i < 20; i++)
		hour(rig, "storefront.active_on_site", true);
	assert_true(since(rig) > last_ms - MS_PER_DAY);
	assert_int_equal(audited(rig, AUDIT_STORE_SILENT), 1);
	assert_int_equal(audited(rig, AUDIT_STORE_HEARD), 0);
	hour(rig, "category.upserted", true);
	assert_int_equal(since(rig), 0);
	assert_int_equal(audited(rig, AUDIT_STORE_HEARD), 1);
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shop_that_goes_quiet),
		cmocka_unit_test(a_shop_that_sleeps),
		cmocka_unit_test(not_in_the_first_weeks),
		cmocka_unit_test(a_shop_of_few_words),
		cmocka_unit_test(daylight_saving),
		cmocka_unit_test(while_nobody_watched),
		cmocka_unit_test(a_text_and_back),
		cmocka_unit_test(it_is_audited_when_it_begins_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
