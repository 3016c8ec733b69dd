/*
 * A lock in turn: it goes to whoever waits longest, however often others take it, and to nobody who gave up.
 */
#include "base/turn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#define DEADLINE_MS 60000

struct busy {
	struct turn *turn;
	atomic_bool enough;
	atomic_int n_taken;
};

/* Never without it for longer than it takes to ask again. */
static void *take_again_and_again(void *arg)
{
	struct busy *busy = arg;

	while (!busy->enough) {
		if (!turn_take(busy->turn, DEADLINE_MS))
			break;
		busy->n_taken++;
		turn_pass(busy->turn);
	}
	return NULL;
}

static void who_waits_is_next(void **state)
{
	struct busy busy = { .turn = turn_new() };
	pthread_t thread[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, take_again_and_again, &busy), 0);
	for (int i = 0; i < 200; i++) {
		assert_true(turn_take(busy.turn, DEADLINE_MS));
		turn_pass(busy.turn);
	}
	busy.enough = true;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	turn_free(busy.turn);
}

static void *give_up(void *arg)
{
	struct busy *busy = arg;

	busy->n_taken += turn_take(busy->turn, 1);
	return NULL;
}

static void who_gave_up_gets_nothing(void **state)
{
	struct busy busy = { .turn = turn_new() };
	pthread_t thread;

	(void)state;
	assert_true(turn_take(busy.turn, 0));
	assert_int_equal(pthread_create(&thread, NULL, give_up, &busy), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(busy.n_taken, 0);
	assert_false(turn_take(busy.turn, 0));
	turn_pass(busy.turn);
	assert_true(turn_take(busy.turn, 0));
	turn_pass(busy.turn);
	turn_free(busy.turn);
}

static void *take_once(void *arg)
{
	struct busy *busy = arg;

	if (!turn_take(busy->turn, DEADLINE_MS))
		return NULL;
	turn_pass(busy->turn);
	busy->n_taken++;
	return NULL;
}

static void all_who_wait_get_it(void **state)
{
	struct busy busy = { .turn = turn_new() };
	pthread_t thread[8];

	(void)state;
	assert_true(turn_take(busy.turn, 0));
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, take_once, &busy), 0);
	turn_pass(busy.turn);
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(busy.n_taken, 8);
	turn_free(busy.turn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_waits_is_next),
		cmocka_unit_test(who_gave_up_gets_nothing),
		cmocka_unit_test(all_who_wait_get_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
