/*
 * A file and its gzip: the same bytes, both or neither, and what was there before stays until they are whole.
 */
#include "base/pack.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECES	    40000
#define BYTES_MAX   ((size_t)4 << 20)
#define PIECE_BYTES 4096

struct place {
	struct arena arena;
	char folder[32];
	const char *path;
	struct err err;
};

static int set_up(void **state)
{
	static struct place place;

	place = (struct place){ .folder = "/tmp/pannier-pack-XXXXXX" };
	arena_init(&place.arena);
	assert_non_null(mkdtemp(place.folder));
	place.path = arena_printf(&place.arena, "%s/feed", place.folder).p;
	*state = &place;
	return 0;
}

static const char *beside(struct place *place, const char *ending)
{
	return arena_printf(&place->arena, "%s%s", place->path, ending).p;
}

/* Nothing else is left. */
static int tear_down(void **state)
{
	struct place *place = *state;

	(void)unlink(place->path);
	(void)unlink(beside(place, ".gz"));
	assert_int_equal(rmdir(place->folder), 0);
	arena_release(&place->arena);
	return 0;
}

static struct str read_gzip(struct place *place)
{
	char *all = arena_alloc(&place->arena, BYTES_MAX);
	struct unpack *unpack;
	size_t len = 0, n = 1;

	assert_true(unpack_open(beside(place, ".gz"), &unpack, &place->err));
	while (n > 0) {
		assert_true(unpack_read(unpack, all + len, PIECE_BYTES, &n, &place->err));
		len += n;
		assert_true(len + PIECE_BYTES <= BYTES_MAX);
	}
	unpack_close(unpack);
	return str_of(all, len);
}

static struct str read_plain(struct place *place)
{
	struct str text;

	assert_true(file_read(place->path, BYTES_MAX, &place->arena, &text, &place->err));
	return text;
}

static void write_one(struct place *place, const char *text)
{
	struct digest16 digest;
	struct pack *pack;

	assert_true(pack_open(place->path, &pack, &place->err));
	assert_true(pack_add(pack, str_from(text), &place->err));
	assert_true(pack_end(pack, &digest, &place->err));
}

static void both_are_the_same(void **state)
{
	struct place *place = *state;
	struct digest16 digest;
	struct pack *pack;
	struct str plain;
	int64_t bytes;

	assert_true(pack_open(place->path, &pack, &place->err));
	for (int i = 0; i < PIECES; i++)
		assert_true(pack_add(pack, arena_printf(&place->arena, "%d of %d\n", i * i % 9973, i),
				     &place->err));
	bytes = pack_bytes(pack);
	assert_true(pack_end(pack, &digest, &place->err));
	plain = read_plain(place);
	assert_int_equal(plain.len, bytes);
	assert_true(str_starts(plain, STR("0 of 0\n1 of 1\n")));
	assert_true(str_eq(read_gzip(place), plain));
	write_one(place, "");
	assert_int_equal(read_plain(place).len, 0);
	assert_int_equal(read_gzip(place).len, 0);
}

static void what_was_there_stays_until_the_end(void **state)
{
	struct place *place = *state;
	struct pack *pack;

	write_one(place, "old");
	assert_true(pack_open(place->path, &pack, &place->err));
	assert_true(pack_add(pack, STR("new"), &place->err));
	assert_true(str_eq(read_plain(place), STR("old")));
	pack_drop(pack);
	assert_true(str_eq(read_plain(place), STR("old")));
	assert_true(str_eq(read_gzip(place), STR("old")));
}

static void expect_busy(struct place *place, const char *which)
{
	struct digest16 digest;
	struct pack *pack;

	assert_int_equal(symlink("/dev/full", beside(place, which)), 0);
	assert_true(pack_open(place->path, &pack, &place->err));
	assert_true(pack_add(pack, STR("new"), &place->err));
	assert_false(pack_end(pack, &digest, &place->err));
	assert_int_equal(place->err.code, ERR_BUSY);
	assert_true(str_eq(read_plain(place), STR("old")));
	assert_true(str_eq(read_gzip(place), STR("old")));
}

static void a_full_disk_is_busy(void **state)
{
	struct place *place = *state;

	write_one(place, "old");
	expect_busy(place, ".new");
	expect_busy(place, ".gz.new");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(both_are_the_same, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_there_stays_until_the_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_disk_is_busy, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
