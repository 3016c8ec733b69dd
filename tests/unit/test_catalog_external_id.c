/*
 * External ids: proves the alphabet, the length, and that different ids stay different.
 */
#include "base/rand.h"
#include "unit/test_catalog_support.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *prefix, *id, *want;
} row[] = {
	{ "", "123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000" },
	{ "se-", "42", "se-42" },
	{ "", "a b/c", "a~20b~2Fc" },
	{ "", "~", "~7E" },
	{ "", "\xc3\xa4", "~C3~A4" },
	{ "a/", "b", "a~2Fb" },
	{ "", "a:::b", "a~3A~3A~3Ab" },
	{ "", A64 A64, A64 A64 },
};

static void external_id_escapes(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		support_equal(catalog_external_id(str_from(row[i].prefix), str_from(row[i].id), &arena),
			      row[i].want, row[i].id);
	arena_release(&arena);
}

static void long_ids_are_cut_and_stay_different(void **state)
{
	struct arena arena;
	struct str a, b, looks_cut;

	(void)state;
	arena_init(&arena);
	a = catalog_external_id(STR(""), STR(A64 A64 "x"), &arena);
	b = catalog_external_id(STR(""), STR(A64 A64 "y"), &arena);
	assert_int_equal(a.len, 128);
	assert_int_equal(a.p[111], '~');
	assert_false(str_eq(a, b));
	/*
	 * An id whose escaped form is that of a cut one: 111 bytes, a byte whose escape could be two hex
	 * digits, 14 more.
	 */
	looks_cut = arena_printf(&arena, "%.111s%c%.14s", A64 A64, 0x12, "34567890123456");
	assert_int_equal(catalog_external_id(STR(""), looks_cut, &arena).len, 128);
	assert_false(str_starts(str_skip(catalog_external_id(STR(""), looks_cut, &arena), 111),
				STR("~1234567890123456")));
	arena_release(&arena);
}

static bool is_plain(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c && strchr("._-~", c));
}

/* Ids of few different bytes, so that doubles among the results would show. */
static void random_ids_do_not_meet(void **state)
{
	enum { N = 3000 };
	struct rand_seeded seeded;
	struct arena arena;
	struct str *id, *external;

	(void)state;
	arena_init(&arena);
	rand_seeded_init(&seeded, 7);
	id = ARENA_ARRAY(&arena, N, struct str);
	external = ARENA_ARRAY(&arena, N, struct str);
	for (size_t i = 0; i < N; i++) {
		size_t len = 1 + rand_below(&seeded.rand, i % 2 ? 5 : 130);
		char *text = arena_alloc(&arena, len);

		for (size_t k = 0; k < len; k++)
			text[k] = "a~ 2E"[rand_below(&seeded.rand, 5)];
		id[i] = str_of(text, len);
		external[i] = catalog_external_id(STR(""), id[i], &arena);
		assert_true(external[i].len >= 1 && external[i].len <= 128);
		for (size_t k = 0; k < external[i].len; k++)
			assert_true(is_plain(external[i].p[k]));
		for (size_t k = 0; k < i; k++)
			assert_int_equal(str_eq(id[i], id[k]), str_eq(external[i], external[k]));
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(external_id_escapes),
		cmocka_unit_test(long_ids_are_cut_and_stay_different),
		cmocka_unit_test(random_ids_do_not_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
