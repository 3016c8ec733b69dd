/*
 * URLs and listen addresses.
 */
#include "net/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_str(struct str got, const char *want)
{
	if (!str_eq(got, str_from(want)))
		fail_msg("got '%.*s', want '%s'", STR_ARG(got), want);
}

static void test_encode(void **state)
{
	static const struct {
		struct str text;
		const char *keep, *want;
	} row[] = {
		{ STR_INIT("AZaz09-._~"), "", "AZaz09-._~" },
		{ STR_INIT("a b/c?d=e&f+g%"), "", "a%20b%2Fc%3Fd%3De%26f%2Bg%25" },
		{ STR_INIT("a/b:c"), "/:", "a/b:c" },
		{ STR_INIT("\xc3\xa4\0\x7f"), "", "%C3%A4%00%7F" },
		{ { NULL, 0 }, "", "" },
	};
	struct strbuf out;

	(void)state;
	strbuf_init(&out, 1000);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		strbuf_reset(&out);
		url_encode(row[i].text, row[i].keep, &out);
		assert_string_equal(out.p, row[i].want);
	}
	strbuf_release(&out);
}

static void test_decode(void **state)
{
	static const struct {
		struct str text;
		const char *want; /* NULL = refused */
	} row[] = {
		{ STR_INIT("a%20b+c"), "a b+c" },
		{ STR_INIT("%c3%A4"), "\xc3\xa4" },
		{ STR_INIT(""), "" },
		{ STR_INIT("%"), NULL },
		{ STR_INIT("%4"), NULL },
		{ STR_INIT("%4g"), NULL },
		{ STR_INIT("x%%41"), NULL },
		{ STR_INIT("%41"), "A" },
		{ STR_INIT("%252e"), "%2e" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct str got = { 0 };

		if (url_decode(row[i].text, &arena, &got) != (row[i].want != NULL))
			fail_msg("'%.*s'", STR_ARG(row[i].text));
		if (row[i].want)
			assert_str(got, row[i].want);
	}
	arena_release(&arena);
}

static void test_query(void **state)
{
	struct str query = STR("a=1&b=x+y%2B&empty=&flag&a=2&br%6Fken=%4&c%3Dd=e");
	struct arena arena;
	struct str got;

	(void)state;
	arena_init(&arena);
	assert_true(url_query(query, "a", &arena, &got));
	assert_str(got, "1");
	assert_true(url_query(query, "b", &arena, &got));
	assert_str(got, "x y+");
	assert_true(url_query(query, "empty", &arena, &got));
	assert_str(got, "");
	assert_true(url_query(query, "flag", &arena, &got));
	assert_str(got, "");
	assert_true(url_query(query, "c=d", &arena, &got));
	assert_str(got, "e");
	assert_false(url_query(query, "broken", &arena, &got));
	assert_false(url_query(query, "none", &arena, &got));
	assert_false(url_query((struct str){ 0 }, "a", &arena, &got));
	arena_release(&arena);
}

static void test_parse(void **state)
{
	static const struct {
		const char *text, *scheme, *host;
		int port;
		const char *path;
	} good[] = {
		{ "https://a.klaviyo.com", "https", "a.klaviyo.com", 443, "" },
		{ "http://a.klaviyo.com/", "http", "a.klaviyo.com", 80, "/" },
		{ "https://host:8443/api/x?y=1#z", "https", "host", 8443, "/api/x?y=1#z" },
		{ "HTTP://Host", "HTTP", "Host", 80, "" },
		{ "http://127.0.0.1:1", "http", "127.0.0.1", 1, "" },
		{ "http://[::1]:8080/p", "http", "::1", 8080, "/p" },
		{ "http://[fe80::1%25eth0]/", "http", "fe80::1%25eth0", 80, "/" },
		{ "http://host?q", "http", "host", 80, "?q" },
		{ "http://host/a@b:c", "http", "host", 80, "/a@b:c" },
		{ "http://host:65535", "http", "host", 65535, "" },
	};
	static const char *const bad[] = {
		"",
		"host",
		"ftp://host/",
		"https:/host",
		"https//host",
		"https://",
		"https:///x",
		"https://:80",
		"https://host:",
		"https://host:0",
		"https://host:65536",
		"https://host:x",
		"https://host:-1",
		"https://host:080000",
		"https://user@host/",
		"https://user:pw@host/",
		"https://ho st/",
		"https://host/a b",
		"https://host/\n",
		"https://host\\@evil/",
		"https://[::1",
		"https://[]/",
		"https://[::1]x/",
		"https://host/\xc3\xa4",
		"javascript:alert(1)",
		"https://ho<st/",
		"https://a:80:90/",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct err err = { 0 };
		struct url url;

		if (!url_parse(str_from(good[i].text), &url, &err))
			fail_msg("'%s': %s", good[i].text, err.msg);
		assert_str(url.scheme, good[i].scheme);
		assert_str(url.host, good[i].host);
		assert_int_equal(url.port, good[i].port);
		assert_str(url.path, good[i].path);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = { 0 };
		struct url url;

		if (url_parse(str_from(bad[i]), &url, &err))
			fail_msg("'%s' was accepted", bad[i]);
		assert_int_equal(err.code, ERR_INVALID);
	}
}

static void test_listen(void **state)
{
	static const struct {
		const char *text, *host;
		int port; /* -1 = refused */
	} row[] = {
		{ "127.0.0.1:8080", "127.0.0.1", 8080 },
		{ "[::1]:0", "::1", 0 },
		{ "localhost:65535", "localhost", 65535 },
		{ "0.0.0.0:80", "0.0.0.0", 80 },
		{ "8080", NULL, -1 },
		{ ":8080", NULL, -1 },
		{ "127.0.0.1", NULL, -1 },
		{ "127.0.0.1:", NULL, -1 },
		{ "127.0.0.1:70000", NULL, -1 },
		{ "::1:80", NULL, -1 },
		{ "[::1]", NULL, -1 },
		{ "a/b:80", NULL, -1 },
		{ "", NULL, -1 },
		{ "host:80 ", NULL, -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct err err = { 0 };
		struct str host;
		int port = -1;

		if (listen_parse(str_from(row[i].text), &host, &port, &err) != (row[i].port >= 0))
			fail_msg("'%s': %s", row[i].text, err.msg);
		assert_int_equal(port, row[i].port);
		if (row[i].host)
			assert_str(host, row[i].host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encode), cmocka_unit_test(test_decode), cmocka_unit_test(test_query),
		cmocka_unit_test(test_parse),  cmocka_unit_test(test_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
