/*
 * HTTP server: exact bytes on the wire, bodies and their ceilings, answers, and what is refused.
 */
#include "unit/test_net_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- requests ---- */

static void test_requests(void **state)
{
	static const struct {
		struct str text;
		int status;
		const char *body;
	} row[] = {
		{ STR_INIT("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), 200, "GET|/|||127.0.0.1||" },
		{ STR_INIT("GET /a%20b/%2e?x=%31&y=+&&z HTTP/1.1\r\nHost: h\r\nX-TEST: seen \r\n\r\n"), 200,
		  "GET|/a%20b/%2e|x=%31&y=+&&z||127.0.0.1||seen" },
		{ STR_INIT("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"), 200,
		  "POST|/p||hello|127.0.0.1||" },
		{ STR_INIT("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"), 200,
		  "POST|/p|||127.0.0.1||" },
		{ STR_INIT("PATCH /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			   "3\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"),
		  200, "PATCH|/p||abc0123456789|127.0.0.1||" },
		{ STR_INIT("DELETE /p?q HTTP/1.1\r\nHost: h\r\n\r\n"), 200, "DELETE|/p|q||127.0.0.1||" },
		{ STR_INIT("GET http://other:80/abs/path?q=1 HTTP/1.1\r\nHost: h\r\n\r\n"), 200,
		  "GET|/abs/path|q=1||127.0.0.1||" },
		{ STR_INIT("POST /p HTTP/1.0\r\nContent-Length: 2\r\n\r\nok"), 200,
		  "POST|/p||ok|127.0.0.1||" },
		{ STR_INIT("POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789"), 200,
		  "POST|/small||0123456789|127.0.0.1||" },
		{ STR_INIT("POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n01234567890"), 200,
		  "POST|/small|||127.0.0.1|too_large|" },
		{ STR_INIT("POST /small HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			   "6\r\n012345\r\n5\r\n01234\r\n0\r\n\r\n"),
		  200, "POST|/small|||127.0.0.1|too_large|" },
		{ STR_INIT("POST /small HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "
			   "11\r\n\r\n"),
		  200, "POST|/small|||127.0.0.1|too_large|" },
		{ STR_INIT("POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n"), 200,
		  "POST|/small|||127.0.0.1|too_large|" },
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		assert_ends(ask(*state, row[i].text), row[i].status, row[i].body);
}

/* libmicrohttpd reads past them before 1.0, and refuses them since. */
static void test_chunk_extension(void **state)
{
	const char *answer =
		ask(*state, STR("PATCH /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
				"3;ext=1\r\nabc\r\n0\r\n\r\n"));

	if (strncmp(answer, "HTTP/1.1 400 ", 13) != 0)
		assert_ends(answer, 200, "PATCH|/p||abc|127.0.0.1||");
}

/*
 * Texts that two readers could understand differently, or that are not HTTP: refused, and the connection
 * closed.
 */
static void test_refused(void **state)
{
	static const struct str row[] = {
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: "
			 "chunked\r\n\r\n0\r\n\r\n"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: "
			 "4\r\n\r\n0\r\n\r\n"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\nab"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
			 "chunked\r\n\r\n0\r\n\r\n"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1x\r\n\r\nab"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\nab"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\nab"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \r\n\r\nab"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\nab"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
			 "chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n"),
		STR_INIT("GET / HTTP/1.1\r\n\r\n"),
		STR_INIT("GET /\r\n\r\n"),
		STR_INIT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n"),
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		int fd = dial(fixture);
		const char *answer;

		say(fd, row[i]);
		(void)shutdown(fd, SHUT_WR);
		answer = hear(fd);
		if (answer[0] && strncmp(answer, "HTTP/1.1 4", 10) != 0 &&
		    strncmp(answer, "HTTP/1.0 4", 10) != 0)
			fail_msg("row %zu: got '%s'", i, answer);
		if (!is_closed_soon(fd))
			fail_msg("row %zu: the connection stays open", i);
		(void)close(fd);
	}
}

static void test_headers_too_large(void **state)
{
	struct fixture *fixture = *state;
	struct strbuf text;
	const char *answer;

	strbuf_init(&text, 1 << 20);
	strbuf_addf(&text, "GET / HTTP/1.1\r\nHost: h\r\nX-Test: %020000d\r\n\r\n", 0);
	answer = ask(fixture, strbuf_str(&text));
	if (answer[0]) /* or the connection was just closed */
		assert_memory_equal(answer, "HTTP/1.1 4", 10);
	strbuf_release(&text);
	assert_int_equal(atomic_load(&fixture->handled), 0);
}

/*
 * A large body in many pieces arrives byte for byte, and one byte more is too large; the connection is kept.
 */
static void test_large_bodies(void **state)
{
	struct fixture *fixture = *state;
	struct strbuf text;
	int fd = dial(fixture);

	strbuf_init(&text, 4 << 20);
	for (size_t len = BODY_MAX - 1; len <= BODY_MAX + 1; len++) {
		const char *answer;

		strbuf_reset(&text);
		strbuf_addf(&text, "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", len);
		for (size_t i = 0; i < len; i++)
			strbuf_add_char(&text, (char)('a' + i % 26));
		say(fd, strbuf_str(&text));
		answer = hear(fd);
		if (len > BODY_MAX) {
			assert_ends(answer, 200, "POST|/p|||127.0.0.1|too_large|");
			continue;
		}
		assert_non_null(strstr(answer, "POST|/p||"));
		assert_memory_equal(strstr(answer, "POST|/p||") + 9, strstr(text.p, "\r\n\r\n") + 4, len);
	}
	strbuf_reset(&text); /* chunks, through several buffers */
	strbuf_add_text(&text, "POST /huge HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 200; i++)
		strbuf_addf(&text, "1000\r\n%04096d\r\n", i);
	strbuf_add_text(&text, "0\r\n\r\n");
	say(fd, strbuf_str(&text));
	assert_int_equal(strlen(strstr(hear(fd), "POST|/huge")),
			 200 * 4096 + strlen("POST|/huge|||127.0.0.1||"));
	(void)close(fd);
	strbuf_release(&text);
}

static void test_pipelined_and_kept(void **state)
{
	struct fixture *fixture = *state;
	int fd = dial(fixture);

	say(fd, STR("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\noneGET /2 HTTP/1.1\r\nHost: "
		    "h\r\n\r\n"
		    "POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\ntwoGET /4 HTTP/1.1\r\nHost: "
		    "h\r\n\r\n"));
	assert_ends(hear(fd), 200, "POST|/1||one|127.0.0.1||");
	assert_ends(hear(fd), 200, "GET|/2|||127.0.0.1||");
	http_reply(take_later(fixture), 201, NULL, 0, STR("third"));
	assert_ends(hear(fd), 201, "third");
	assert_ends(hear(fd), 200, "GET|/4|||127.0.0.1||");
	say(fd, STR("GET /5 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
	assert_ends(hear(fd), 200, "GET|/5|||127.0.0.1||");
	assert_true(is_closed(fd));
	(void)close(fd);
}

static void test_slow_peer(void **state)
{
	struct str text = STR("POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nslow");
	struct fixture *fixture = *state;
	int fd = dial(fixture);

	for (size_t i = 0; i < text.len; i++)
		say(fd, str_of(text.p + i, 1));
	assert_ends(hear(fd), 200, "POST|/s||slow|127.0.0.1||");
	(void)close(fd);
}

static void test_continue(void **state)
{
	struct fixture *fixture = *state;
	int fd = dial(fixture);

	say(fd, STR("POST /p HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
	assert_string_equal(hear(fd), "HTTP/1.1 100 Continue\r\n\r\n");
	say(fd, STR("ok"));
	assert_ends(hear(fd), 200, "POST|/p||ok|127.0.0.1||");
	(void)close(fd);
}

/* ---- answers ---- */

static void test_answer_bytes(void **state)
{
	const char *answer = ask(*state, STR("GET /headers HTTP/1.1\r\nHost: h\r\n\r\n"));

	assert_ends(answer, 503, "{}");
	assert_non_null(strstr(answer, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(answer, "\r\nRetry-After: 7\r\n"));
	assert_non_null(strstr(answer, "\r\nContent-Length: 2\r\n"));
	assert_null(strstr(answer, "text/plain"));
	assert_null(strstr(answer, "Injected"));
	answer = ask(*state, STR("GET /empty HTTP/1.1\r\nHost: h\r\n\r\n"));
	assert_ends(answer, 204, "");
	assert_null(strstr(answer, "Content-Type"));
	answer = ask(*state, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
	assert_non_null(strstr(answer, "\r\nContent-Type: text/plain; charset=utf-8\r\n"));
	assert_string_equal(ask(*state, STR("GET /drop HTTP/1.1\r\nHost: h\r\n\r\n")), "");
}

/* An answer that does not fit the socket's buffer, to a peer that reads late. */
static void test_large_answer(void **state)
{
	struct fixture *fixture = *state;
	int fd = dial(fixture);
	struct strbuf body;

	strbuf_init(&body, 2 << 20);
	strbuf_addf(&body, "%01500000d", 7);
	say(fd, STR("GET /later HTTP/1.1\r\nHost: h\r\n\r\n"));
	http_reply(take_later(fixture), 200, NULL, 0, strbuf_str(&body));
	assert_ends(hear(fd), 200, body.p);
	(void)close(fd);
	strbuf_release(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_requests),	      TEST(test_refused),      TEST(test_chunk_extension),
		TEST(test_headers_too_large), TEST(test_large_bodies), TEST(test_pipelined_and_kept),
		TEST(test_slow_peer),	      TEST(test_continue),     TEST(test_answer_bytes),
		TEST(test_large_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
