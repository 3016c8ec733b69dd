/*
 * Secrets at rest: round trips, every kind of tampering, the key file's mode, and two processes starting
 * at once.
 */
#define _GNU_SOURCE /* memmem */
#include "settings/seal.h"

#include "base/attr.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct folder {
	char path[64];
	char key_file[96];
	struct arena arena;
};

static int set_up(void **state)
{
	static struct folder folder;

	strcpy(folder.path, "/tmp/pannier-seal-XXXXXX");
	assert_non_null(mkdtemp(folder.path));
	(void)snprintf(folder.key_file, sizeof(folder.key_file), "%s/secret.key", folder.path);
	arena_init(&folder.arena);
	*state = &folder;
	return 0;
}

static int tear_down(void **state)
{
	struct folder *folder = *state;

	(void)unlink(folder->key_file);
	assert_int_equal(rmdir(folder->path), 0);
	arena_release(&folder->arena);
	return 0;
}

static void a_sealed_text_opens_again(void **state)
{
	static const char *const texts[] = { "", "x", "pk_0123456789abcdef0123456789abcdef00",
					     "with\na line" };
	struct folder *folder = *state;
	struct seal_key key;
	struct err err;

	assert_true(seal_key_open(folder->key_file, &key, &err));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct str sealed = seal_text(&key, STR("account/a/key"), str_from(texts[i]), &folder->arena);
		struct str again = seal_text(&key, STR("account/a/key"), str_from(texts[i]), &folder->arena);
		struct str opened;

		assert_false(str_eq(sealed, again)); /* a fresh nonce each time */
		assert_true(
			seal_open_text(&key, STR("account/a/key"), sealed, &folder->arena, &opened, &err));
		assert_true(str_eq(opened, str_from(texts[i])));
		if (strlen(texts[i]) >= 8) /* a short one may be there by chance */
			assert_null(memmem(sealed.p, sealed.len, texts[i], strlen(texts[i])));
	}
}

static void every_changed_byte_is_noticed(void **state)
{
	struct folder *folder = *state;
	struct str sealed, opened;
	struct seal_key key;
	struct err err;

	assert_true(seal_key_open(folder->key_file, &key, &err));
	sealed = seal_text(&key, STR("account/a/key"), STR("pk_secret"), &folder->arena);
	for (size_t i = 0; i < sealed.len; i++) {
		char *bytes = arena_cstr(&folder->arena, sealed);

		bytes[i] = (char)(bytes[i] ^ 1);
		err.code = ERR_NONE;
		assert_false(seal_open_text(&key, STR("account/a/key"), str_of(bytes, sealed.len),
					    &folder->arena, &opened, &err));
		assert_int_equal(err.code, ERR_DENIED);
	}
	for (size_t len = 0; len < sealed.len; len++)
		assert_false(seal_open_text(&key, STR("account/a/key"), str_of(sealed.p, len), &folder->arena,
					    &opened, &err));
}

static void another_row_or_key_does_not_open(void **state)
{
	struct folder *folder = *state;
	struct str sealed, opened;
	struct seal_key key, other;
	struct err err;

	assert_true(seal_key_open(folder->key_file, &key, &err));
	sealed = seal_text(&key, STR("account/a/key"), STR("pk_secret"), &folder->arena);
	assert_false(seal_open_text(&key, STR("account/b/key"), sealed, &folder->arena, &opened, &err));
	assert_int_equal(err.code, ERR_DENIED);
	assert_int_equal(unlink(folder->key_file), 0);
	assert_true(seal_key_open(folder->key_file, &other, &err));
	assert_false(seal_open_text(&other, STR("account/a/key"), sealed, &folder->arena, &opened, &err));
	assert_int_equal(err.code, ERR_DENIED);
	assert_null(strstr(err.msg, "pk_secret"));
}

static void the_key_file_is_private_and_stays(void **state)
{
	struct folder *folder = *state;
	struct seal_key first, second;
	struct stat there;
	struct err err;

	assert_true(seal_key_open(folder->key_file, &first, &err));
	assert_int_equal(stat(folder->key_file, &there), 0);
	assert_int_equal(there.st_mode & 07777, 0600);
	assert_int_equal(there.st_size, SEAL_KEY_BYTES);
	assert_true(seal_key_open(folder->key_file, &second, &err));
	assert_memory_equal(first.byte, second.byte, SEAL_KEY_BYTES);
	seal_key_wipe(&first);
	for (size_t i = 0; i < SEAL_KEY_BYTES; i++)
		assert_int_equal(first.byte[i], 0);
}

static void a_bad_key_file_is_refused_and_kept(void **state)
{
	static const struct {
		const char *contents;
		mode_t mode;
		enum err_code want;
	} rows[] = {
		{ "0123456789abcdef0123456789abcdef", 0640, ERR_DENIED },
		{ "0123456789abcdef0123456789abcdef", 0604, ERR_DENIED },
		{ "0123456789abcdef0123456789abcde", 0600, ERR_INVALID },
		{ "0123456789abcdef0123456789abcdef0", 0600, ERR_INVALID },
		{ "", 0600, ERR_INVALID },
	};
	struct folder *folder = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct seal_key key;
		struct err err = { .code = ERR_NONE };
		struct str kept;

		assert_true(file_create_private(folder->key_file, str_from(rows[i].contents), &err));
		assert_int_equal(chmod(folder->key_file, rows[i].mode), 0);
		assert_false(seal_key_open(folder->key_file, &key, &err));
		print_message("row %zu: %s\n", i, err.msg);
		assert_int_equal(err.code, rows[i].want);
		assert_true(file_read(folder->key_file, 100, &folder->arena, &kept, &err));
		assert_true(str_eq(kept, str_from(rows[i].contents)));
		assert_int_equal(unlink(folder->key_file), 0);
	}
}

static void a_missing_folder_is_said(void **state)
{
	struct seal_key key;
	struct err err;

	(void)state;
	assert_false(seal_key_open("/tmp/pannier-there-is-no-such-folder/secret.key", &key, &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

/* Several processes start in a fresh folder: all end with one key. */
static void first_starts_at_once_agree(void **state)
{
	enum { STARTS = 8 };
	struct folder *folder = *state;
	struct seal_key key;
	pid_t pid[STARTS];
	int ends[2];
	struct err err;

	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < STARTS; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0) {
			bool ok = seal_key_open(folder->key_file, &key, &err);

			_exit(ok && write(ends[1], key.byte, SEAL_KEY_BYTES) == SEAL_KEY_BYTES ? 0 : 1);
		}
	}
	for (int i = 0; i < STARTS; i++) {
		int status;

		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	assert_true(seal_key_open(folder->key_file, &key, &err));
	for (int i = 0; i < STARTS; i++) {
		unsigned char got[SEAL_KEY_BYTES];

		assert_int_equal(read(ends[0], got, sizeof(got)), sizeof(got));
		assert_memory_equal(got, key.byte, sizeof(got));
	}
	(void)close(ends[0]);
	(void)close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_sealed_text_opens_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_changed_byte_is_noticed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_row_or_key_does_not_open, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_key_file_is_private_and_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_bad_key_file_is_refused_and_kept, set_up, tear_down),
		cmocka_unit_test(a_missing_folder_is_said),
		cmocka_unit_test_setup_teardown(first_starts_at_once_agree, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
