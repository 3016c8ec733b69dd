/*
 * Keys of a run, packed: each is found in the bucket of its hash and nowhere else, and bytes that are not a
 * bucket's are told.
 */
#include "store/sqlite/seen_bucket.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define KEYS 2000

static struct seen_entry entry_of(uint64_t i)
{
	const struct str part = str_of((const char *)&i, sizeof(i));
	struct digest16 slot = digest16_of(&part, 1);

	return (struct seen_entry){
		.id = (int64_t)i + 1,
		.store_id = 7,
		.hash = seen_hash(7, &slot),
		.key = slot,
	};
}

static struct seen_table table_of(uint64_t n)
{
	struct seen_table table = { 0 };

	seen_table_reserve(&table, n);
	for (uint64_t i = 0; i < n; i++) {
		struct seen_entry entry = entry_of(i);

		seen_table_put(&table, &entry);
	}
	return table;
}

static void test_each_is_in_its_bucket_alone(void **state)
{
	struct seen_table table = table_of(KEYS);
	struct seen_order *order = seen_order_new(&table);
	size_t n_found = 0;

	(void)state;
	for (size_t bucket = 0; bucket < SEEN_BUCKETS; bucket++) {
		struct str bytes = seen_order_pack(order, bucket);

		for (uint64_t i = 0; i < KEYS + 100; i++) {
			struct seen_entry entry = entry_of(i);
			bool here = i < KEYS && seen_bucket_of(entry.hash) == bucket;
			struct digest16 key;
			int64_t id;

			assert_int_equal(seen_bucket_find(bytes, entry.hash, &key, &id),
					 here ? SEEN_HERE : SEEN_NOT);
			if (!here)
				continue;
			assert_int_equal(id, entry.id);
			assert_true(digest16_eq(key, entry.key));
			n_found++;
		}
	}
	assert_int_equal(n_found, KEYS);
	seen_order_free(order);
	seen_table_drop(&table);
}

static void test_a_run_of_one_key(void **state)
{
	struct seen_table table = table_of(1);
	struct seen_order *order = seen_order_new(&table);
	size_t n_bytes = 0;

	(void)state;
	for (size_t bucket = 0; bucket < SEEN_BUCKETS; bucket++)
		n_bytes += seen_order_pack(order, bucket).len;
	assert_int_equal(n_bytes, 32);
	seen_order_free(order);
	seen_table_drop(&table);
}

static void test_cut_bytes_are_told(void **state)
{
	struct seen_table table = table_of(KEYS);
	struct seen_order *order = seen_order_new(&table);
	struct str bytes = seen_order_pack(order, seen_bucket_of(entry_of(0).hash));
	struct digest16 key;
	int64_t id;

	(void)state;
	assert_true(bytes.len > 0);
	assert_int_equal(seen_bucket_find(str_of(bytes.p, bytes.len - 1), 1, &key, &id), SEEN_BROKEN);
	seen_order_free(order);
	seen_table_drop(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_is_in_its_bucket_alone),
		cmocka_unit_test(test_a_run_of_one_key),
		cmocka_unit_test(test_cut_bytes_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
