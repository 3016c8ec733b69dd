/*
 * The daemon's configuration file: what is read, and which line is named when it is wrong.
 */
#include "settings/daemon_config.h"

#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void files_are_read(void **state)
{
	static const struct {
		const char *contents;
		const char *data, *listen, *log_level;
		const char *error; /* part of it; NULL = fine */
	} rows[] = {
		{ "", "", "", "", NULL },
		{ "data = /var/lib/pannier\nlisten = 127.0.0.1:80\nlog_level = warn\n", "/var/lib/pannier",
		  "127.0.0.1:80", "warn", NULL },
		{ "# all\n; of\ndata=x ; it\n\n", "x", "", "", NULL },
		{ "data = a\ndta = b\n", "", "", "",
		  ":2: unknown key 'dta'; known: data, listen, log_level" },
		{ "[serve]\ndata = a\n", "", "", "", ":2: unknown key 'serve.data'" },
		{ "log_level = loud\n", "", "", "", ":1: log_level must be error, warn, info or debug" },
		{ "data = a\nwhat is this\n", "", "", "", ":2: not KEY = VALUE" },
	};
	char folder[] = "/tmp/pannier-config-XXXXXX", path[64];
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/pannier.ini", folder);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct daemon_config got;
		struct err err;
		bool ok;

		assert_true(file_create_private(path, str_from(rows[i].contents), &err));
		ok = daemon_config_read(path, &arena, &got, &err);
		assert_int_equal(ok, rows[i].error == NULL);
		if (ok) {
			assert_true(str_eq(got.data, str_from(rows[i].data)));
			assert_true(str_eq(got.listen, str_from(rows[i].listen)));
			assert_true(str_eq(got.log_level, str_from(rows[i].log_level)));
		} else {
			print_message("%s\n", err.msg);
			assert_int_equal(err.code, ERR_INVALID);
			assert_non_null(strstr(err.msg, rows[i].error));
		}
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(folder), 0);
	arena_release(&arena);
}

static void a_missing_file_is_not_found(void **state)
{
	struct daemon_config got;
	struct arena arena;
	struct err err;

	(void)state;
	arena_init(&arena);
	assert_false(daemon_config_read("/tmp/pannier-no-such-file.ini", &arena, &got, &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_read),
		cmocka_unit_test(a_missing_file_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
