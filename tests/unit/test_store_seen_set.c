/*
 * A table of keys finds what was put into it.
 */
#include "store/sqlite/seen_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint64_t hash_of(uint64_t i)
{
	const struct str part = str_of((const char *)&i, sizeof(i));
	struct digest16 slot = digest16_of(&part, 1);

	return seen_hash(1, &slot);
}

static void a_table_finds_what_was_put_last(void **state)
{
	struct seen_table table = { 0 };

	(void)state;
	assert_null(seen_table_find(&table, 1, 1));
	for (int64_t i = 1; i <= 5000; i++) {
		seen_table_reserve(&table, 1);
		seen_table_put(&table, &(struct seen_entry){
					       .id = i, .store_id = 1, .hash = hash_of((uint64_t)i % 3000) });
	}
	assert_int_equal(table.n, 3000);
	assert_true(table.capacity >= 2 * table.n);
	for (int64_t i = 2001; i <= 5000; i++)
		assert_int_equal(seen_table_find(&table, 1, hash_of((uint64_t)i % 3000))->id, i);
	assert_null(seen_table_find(&table, 1, hash_of(3000)));
	assert_null(seen_table_find(&table, 2, hash_of(2000))); /* of another store, whatever its hash */
	seen_table_drop(&table);
	assert_int_equal(table.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_finds_what_was_put_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
