/*
 * HTTP server: exact bytes on the wire, bodies and their ceilings, answers now and later from other threads, and that
 * a stop leaves nothing open. The peer is a plain socket, so that it can also misbehave.
 */
#include "net/http_server.h"

#include "base/alloc.h"
#include "base/strbuf.h"
#include "base/wake.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#define BODY_MAX 10000
#define DEADLINE_S 20

/* ---- a server under test ---- */

#define LATER_MAX 1024

struct fixture {
	struct http_server *server;
	pthread_mutex_t lock;
	struct http_exchange *later[LATER_MAX]; /* exchanges whose handler returned without a reply */
	size_t n_later;
	struct wake *came, *go_on;
	atomic_int handled;
};

static size_t body_max(void *ctx, struct str method, struct str path)
{
	(void)ctx;
	(void)method;
	return str_eq(path, STR("/small")) ? 10 : str_eq(path, STR("/huge")) ? 100 * BODY_MAX : BODY_MAX;
}

/* Says what arrived, as "METHOD|path|query|body|remote|flags|X-Test". */
static void echo(struct http_exchange *exchange)
{
	const struct http_request *request = http_exchange_request(exchange);
	struct str seen = http_exchange_header(exchange, "x-test");
	struct str text = arena_printf(http_exchange_arena(exchange), "%.*s|%.*s|%.*s|%.*s|%.*s|%s%s|%.*s",
				       STR_ARG(request->method), STR_ARG(request->path), STR_ARG(request->query),
				       STR_ARG(request->body), STR_ARG(request->remote),
				       request->body_too_large ? "too_large" : "", request->body_broken ? "broken" : "",
				       STR_ARG(seen));

	http_reply(exchange, 200, NULL, 0, text);
}

static void keep(struct fixture *fixture, struct http_exchange *exchange)
{
	(void)pthread_mutex_lock(&fixture->lock);
	assert_true(fixture->n_later < LATER_MAX);
	fixture->later[fixture->n_later++] = exchange;
	(void)pthread_mutex_unlock(&fixture->lock);
	wake_send(fixture->came);
}

/* Keeps the server's thread from everything else until told to go on. */
static void hold(struct fixture *fixture, struct http_exchange *exchange)
{
	wake_send(fixture->came);
	while (!wake_wait(fixture->go_on, 1000))
		;
	http_reply(exchange, 200, NULL, 0, STR("held"));
}

static void handle(void *ctx, struct http_exchange *exchange)
{
	static const struct http_header header[] = {
		{ STR_INIT("Content-Type"), STR_INIT("application/json") },
		{ STR_INIT("X-Broken"), STR_INIT("a\r\nX-Injected: 1") },
		{ STR_INIT("Retry-After"), STR_INIT("7") },
	};
	struct fixture *fixture = ctx;
	struct str path = http_exchange_request(exchange)->path;

	atomic_fetch_add(&fixture->handled, 1);
	if (str_starts(path, STR("/later")))
		keep(fixture, exchange);
	else if (str_eq(path, STR("/headers")))
		http_reply(exchange, 503, header, ARRAY_LEN(header), STR("{}"));
	else if (str_eq(path, STR("/empty")))
		http_reply(exchange, 204, NULL, 0, (struct str){ 0 });
	else if (str_eq(path, STR("/drop")))
		http_drop(exchange);
	else if (str_eq(path, STR("/hold")))
		hold(fixture, exchange);
	else
		echo(exchange);
}

static struct http_exchange *take_later(struct fixture *fixture)
{
	struct http_exchange *exchange = NULL;

	for (int i = 0; i < DEADLINE_S * 100 && !exchange; i++) {
		(void)pthread_mutex_lock(&fixture->lock);
		if (fixture->n_later)
			exchange = fixture->later[--fixture->n_later];
		(void)pthread_mutex_unlock(&fixture->lock);
		if (!exchange)
			(void)wake_wait(fixture->came, 10);
	}
	assert_non_null(exchange);
	return exchange;
}

static int start(void **state)
{
	struct fixture *fixture = mem_zalloc(1, sizeof(*fixture));
	struct http_server_config config = {
		.listen = "127.0.0.1:0", .body_bytes_max = 100 * BODY_MAX, .ctx = fixture, .body_max = body_max,
		.handle = handle,
	};
	struct err err;

	(void)pthread_mutex_init(&fixture->lock, NULL);
	fixture->came = wake_new();
	fixture->go_on = wake_new();
	if (!http_server_start(&config, &fixture->server, &err))
		fail_msg("%s", err.msg);
	*state = fixture;
	return 0;
}

static int stop(void **state)
{
	struct fixture *fixture = *state;

	http_server_stop(fixture->server);
	wake_free(fixture->came);
	wake_free(fixture->go_on);
	(void)pthread_mutex_destroy(&fixture->lock);
	mem_free(fixture);
	return 0;
}

/* ---- a peer ---- */

static int dial(const struct fixture *fixture)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(fixture->server)) };
	struct timeval deadline = { .tv_sec = DEADLINE_S };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void say(int fd, struct str text)
{
	while (text.len) {
		ssize_t n = send(fd, text.p, text.len, MSG_NOSIGNAL);

		assert_true(n > 0);
		text = str_skip(text, (size_t)n);
	}
}

/* Reads one answer with Content-Length (or without, to 204) into a fixed buffer; "" if the connection ended before. */
static const char *hear(int fd)
{
	static char answer[2 * 1024 * 1024];
	size_t len = 0, need = SIZE_MAX;

	answer[0] = '\0';
	while (len < need && len < sizeof(answer) - 1) {
		const char *end = strstr(answer, "\r\n\r\n"), *length = strstr(answer, "Content-Length: ");
		ssize_t n;

		if (end)
			need = (size_t)(end + 4 - answer) + (length ? strtoul(length + 16, NULL, 10) : 0);
		if (len >= need)
			break;
		n = recv(fd, answer + len, end ? need - len : 1, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
		answer[len] = '\0';
	}
	return answer;
}

static const char *ask(const struct fixture *fixture, struct str text)
{
	int fd = dial(fixture);
	const char *answer;

	say(fd, text);
	answer = hear(fd);
	(void)close(fd);
	return answer;
}

static void assert_ends(const char *answer, int status, const char *body)
{
	char line[32];
	const char *got = strstr(answer, "\r\n\r\n");

	(void)snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
	if (strncmp(answer, line, strlen(line)) != 0 || !got || strcmp(got + 4, body) != 0)
		fail_msg("got '%s', want %d '%s'", answer, status, body);
}

static bool is_closed(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0) <= 0;
}

/* The same, after whatever else is sent (libmicrohttpd sends the headers of its own errors twice). */
static bool is_closed_soon(int fd)
{
	char bytes[1000];
	ssize_t n;

	do
		n = recv(fd, bytes, sizeof(bytes), 0);
	while (n > 0);
	return n == 0 || errno == ECONNRESET;
}

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
		{ STR_INIT("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"), 200, "POST|/p|||127.0.0.1||" },
		{ STR_INIT("PATCH /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			   "3\r\nabc\r\nA;ext=1\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"), 200,
		  "PATCH|/p||abc0123456789|127.0.0.1||" },
		{ STR_INIT("DELETE /p?q HTTP/1.1\r\nHost: h\r\n\r\n"), 200, "DELETE|/p|q||127.0.0.1||" },
		{ STR_INIT("GET http://other:80/abs/path?q=1 HTTP/1.1\r\nHost: h\r\n\r\n"), 200,
		  "GET|/abs/path|q=1||127.0.0.1||" },
		{ STR_INIT("POST /p HTTP/1.0\r\nContent-Length: 2\r\n\r\nok"), 200, "POST|/p||ok|127.0.0.1||" },
		{ STR_INIT("POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789"), 200,
		  "POST|/small||0123456789|127.0.0.1||" },
		{ STR_INIT("POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n01234567890"), 200,
		  "POST|/small|||127.0.0.1|too_large|" },
		{ STR_INIT("POST /small HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			   "6\r\n012345\r\n5\r\n01234\r\n0\r\n\r\n"), 200,
		  "POST|/small|||127.0.0.1|too_large|" },
		{ STR_INIT("POST /small HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n"), 200,
		  "POST|/small|||127.0.0.1|too_large|" },
		{ STR_INIT("POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n"), 200,
		  "POST|/small|||127.0.0.1|too_large|" },
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		assert_ends(ask(*state, row[i].text), row[i].status, row[i].body);
}

/* Texts that two readers could understand differently, or that are not HTTP: refused, and the connection closed. */
static void test_refused(void **state)
{
	static const struct str row[] = {
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\nab"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1x\r\n\r\nab"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\nab"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\nab"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \r\n\r\nab"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\nab"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
		STR_INIT("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n"),
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
		if (answer[0] && strncmp(answer, "HTTP/1.1 4", 10) != 0 && strncmp(answer, "HTTP/1.0 4", 10) != 0)
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

/* A large body in many pieces arrives byte for byte, and one byte more is too large; the connection is kept. */
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
	assert_int_equal(strlen(strstr(hear(fd), "POST|/huge")), 200 * 4096 + strlen("POST|/huge|||127.0.0.1||"));
	(void)close(fd);
	strbuf_release(&text);
}

static void test_pipelined_and_kept(void **state)
{
	struct fixture *fixture = *state;
	int fd = dial(fixture);

	say(fd, STR("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\noneGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
		    "POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\ntwoGET /4 HTTP/1.1\r\nHost: h\r\n\r\n"));
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

struct replier {
	struct fixture *fixture;
	size_t n;
};

/* Replies with what the exchange's body was, which must still be there. */
static void *reply_later(void *arg)
{
	struct replier *replier = arg;

	for (size_t i = 0; i < replier->n; i++) {
		struct http_exchange *exchange = take_later(replier->fixture);
		const struct http_request *request = http_exchange_request(exchange);

		http_reply(exchange, 200, NULL, 0,
			   arena_printf(http_exchange_arena(exchange), "%.*s %.*s", STR_ARG(request->method),
					STR_ARG(request->body)));
	}
	return NULL;
}

/* Many connections, several rounds: each gets its own answer, from threads that are not the server's. */
static void test_later(void **state)
{
	enum { CONNECTIONS = 300, ROUNDS = 5, THREADS = 3 };
	struct fixture *fixture = *state;
	struct replier replier = { fixture, CONNECTIONS * ROUNDS / THREADS };
	pthread_t thread[THREADS];
	int fd[CONNECTIONS];

	for (int i = 0; i < CONNECTIONS; i++)
		fd[i] = dial(fixture);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, reply_later, &replier), 0);
	for (int round = 0; round < ROUNDS; round++) {
		char text[128], want[32];

		for (int i = 0; i < CONNECTIONS; i++) {
			(void)snprintf(text, sizeof(text),
				       "POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n%06d", round * 1000 + i);
			say(fd[i], str_from(text));
		}
		for (int i = 0; i < CONNECTIONS; i++) {
			(void)snprintf(want, sizeof(want), "POST %06d", round * 1000 + i);
			assert_ends(hear(fd[i]), 200, want);
		}
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	for (int i = 0; i < CONNECTIONS; i++)
		(void)close(fd[i]);
}

/*
 * All connections become ready at the same instant: 128 at once is the case at which libmicrohttpd 0.9.75 on its own
 * thread waits for the idle timeout.
 */
static void test_ready_at_once(void **state)
{
	static const int counts[] = { 127, 128, 129, 256 };
	struct fixture *fixture = *state;

	for (size_t k = 0; k < ARRAY_LEN(counts); k++) {
		int holding = dial(fixture), fd[256];

		for (int i = 0; i < counts[k]; i++) {
			fd[i] = dial(fixture);
			say(fd[i], STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n")); /* so that it is accepted */
			assert_ends(hear(fd[i]), 200, "GET|/|||127.0.0.1||");
		}
		say(holding, STR("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"));
		assert_true(wake_wait(fixture->came, DEADLINE_S * 1000));
		for (int i = 0; i < counts[k]; i++)
			say(fd[i], STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"));
		wake_send(fixture->go_on);
		assert_ends(hear(holding), 200, "held");
		for (int i = 0; i < counts[k]; i++)
			assert_ends(hear(fd[i]), 200, "POST|/||x|127.0.0.1||");
		for (int i = 0; i < counts[k]; i++)
			(void)close(fd[i]);
		(void)close(holding);
	}
}

/* More exchanges wait, and for longer, than the server asks for in every round. */
static void test_many_pending(void **state)
{
	enum { CONNECTIONS = 700 };
	struct fixture *fixture = *state;
	struct http_exchange *exchange[CONNECTIONS];
	int fd[CONNECTIONS];

	for (int i = 0; i < CONNECTIONS; i++) {
		fd[i] = dial(fixture);
		say(fd[i], STR("GET /later HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"));
	}
	for (int i = 0; i < CONNECTIONS; i++)
		exchange[i] = take_later(fixture);
	for (int i = 0; i < 300; i++) /* others are served in between */
		assert_ends(ask(fixture, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n")), 200, "GET|/|||127.0.0.1||");
	for (int i = 0; i < CONNECTIONS; i++)
		http_reply(exchange[i], 200, NULL, 0, STR("at last"));
	for (int i = 0; i < CONNECTIONS; i++) {
		assert_ends(hear(fd[i]), 200, "at last");
		assert_ends(hear(fd[i]), 200, "GET|/|||127.0.0.1||");
		(void)close(fd[i]);
	}
}

/* The peer leaves while its request is being worked on: the reply goes nowhere, and nothing leaks. */
static void test_peer_leaves(void **state)
{
	struct http_exchange *kept[10];
	struct fixture *fixture = *state;
	size_t n_kept = 0;

	for (int i = 0; i < 40; i++) {
		struct linger reset = { .l_onoff = 1 };
		struct http_exchange *exchange;
		int fd = dial(fixture);

		say(fd, STR("POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxy"));
		exchange = take_later(fixture);
		if (i % 2)
			assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
		(void)close(fd);
		if (i % 4 == 3) /* the server has noticed by the time it is replied to */
			kept[n_kept++] = exchange;
		else
			http_reply(exchange, 200, NULL, 0, STR("too late"));
	}
	assert_ends(ask(fixture, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n")), 200, "GET|/|||127.0.0.1||");
	while (n_kept > 0) {
		n_kept--;
		assert_true(str_eq(http_exchange_request(kept[n_kept])->body, STR("xy")));
		http_reply(kept[n_kept], 200, NULL, 0, STR("too late"));
	}
	for (int i = 0; i < 20; i++) { /* and while it is still sending */
		int fd = dial(fixture);

		say(fd, STR("POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n\r\nxy"));
		(void)close(fd);
	}
	assert_ends(ask(fixture, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n")), 200, "GET|/|||127.0.0.1||");
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

/* ---- stop ---- */

static void *stop_server(void *arg)
{
	http_server_stop(arg);
	return NULL;
}

static void test_stop_answers_open(void **state)
{
	enum { OPEN = 20 };
	struct fixture *fixture = *state;
	struct http_exchange *exchange[OPEN];
	int fd[OPEN], idle = dial(fixture);
	pthread_t thread;

	for (int i = 0; i < OPEN; i++) {
		fd[i] = dial(fixture);
		say(fd[i], STR("POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxy"));
		exchange[i] = take_later(fixture);
	}
	http_reply(exchange[0], 200, NULL, 0, STR("just in time"));
	assert_int_equal(pthread_create(&thread, NULL, stop_server, fixture->server), 0);
	assert_ends(hear(fd[0]), 200, "just in time");
	for (int i = 1; i < OPEN; i++) {
		assert_ends(hear(fd[i]), 503, "stopping\n");
		assert_true(is_closed(fd[i]));
		if (i % 2) /* half of the replies come while it stops, half afterwards */
			http_reply(exchange[i], 200, NULL, 0, STR("too late"));
	}
	assert_true(is_closed(idle));
	assert_int_equal(pthread_join(thread, NULL), 0);
	for (int i = 0; i < OPEN; i++) {
		if (i && i % 2 == 0) {
			assert_true(str_eq(http_exchange_request(exchange[i])->body, STR("xy")));
			http_reply(exchange[i], 200, NULL, 0, STR("too late"));
		}
		(void)close(fd[i]);
	}
	(void)close(idle);
	fixture->server = NULL;
}

/* Replies and a stop at the same time, many times: one of the two answers, never none, never both. */
static void test_stop_race(void **state)
{
	struct fixture *fixture;

	stop(state);
	for (int i = 0; i < 100; i++) {
		struct replier replier = { .n = 1 };
		pthread_t thread;
		const char *answer;
		int fd;

		start(state);
		replier.fixture = fixture = *state;
		fd = dial(fixture);
		say(fd, STR("POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"));
		if (i % 2)
			(void)wake_wait(fixture->came, 1000);
		assert_int_equal(pthread_create(&thread, NULL, reply_later, &replier), 0);
		if (i % 4 > 1 || i % 2 == 0)
			while (atomic_load(&fixture->handled) == 0)
				;
		http_server_stop(fixture->server);
		assert_int_equal(pthread_join(thread, NULL), 0);
		answer = hear(fd);
		assert_true(strstr(answer, "POST x") || strstr(answer, "stopping"));
		assert_true(is_closed(fd));
		(void)close(fd);
		fixture->server = NULL;
		if (i < 99)
			stop(state);
	}
}

static void test_start_errors(void **state)
{
	struct fixture *fixture = *state;
	struct http_server_config config = { .handle = handle };
	struct http_server *server;
	struct err err = { 0 };
	char taken[32];

	(void)snprintf(taken, sizeof(taken), "127.0.0.1:%d", http_server_port(fixture->server));
	config.listen = taken;
	assert_false(http_server_start(&config, &server, &err));
	assert_int_equal(err.code, ERR_BUSY);
	config.listen = "nonsense";
	assert_false(http_server_start(&config, &server, &err));
	assert_int_equal(err.code, ERR_INVALID);
	config.listen = "192.0.2.1:0"; /* TEST-NET: not ours */
	assert_false(http_server_start(&config, &server, &err));
	assert_int_equal(err.code, ERR_INVALID);
	http_server_stop(NULL);
}

/* A connection that says nothing is closed; one whose request is being worked on is not. */
static void test_idle(void **state)
{
	struct http_server_config config = { .listen = "127.0.0.1:0", .idle_timeout_s = 1, .handle = handle, .ctx = *state };
	struct fixture *fixture = *state;
	int silent, half, working;
	struct err err;

	http_server_stop(fixture->server);
	assert_true(http_server_start(&config, &fixture->server, &err));
	silent = dial(fixture);
	half = dial(fixture);
	working = dial(fixture);
	say(half, STR("POST /later HTTP/1.1\r\nHost: h\r\n"));
	say(working, STR("GET /later HTTP/1.1\r\nHost: h\r\n\r\n"));
	assert_true(is_closed(silent));
	assert_true(is_closed_soon(half)); /* with or without a 408 */
	http_reply(take_later(fixture), 200, NULL, 0, STR("worked"));
	assert_ends(hear(working), 200, "worked");
	(void)close(silent);
	(void)close(half);
	(void)close(working);
}

/* At the ceiling a connection waits until another one ends. */
static void test_connections_max(void **state)
{
	struct http_server_config config = { .listen = "127.0.0.1:0", .connections_max = 1, .handle = handle, .ctx = *state };
	struct str text = STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	struct fixture *fixture = *state;
	int fd[12];
	struct err err;

	http_server_stop(fixture->server);
	assert_true(http_server_start(&config, &fixture->server, &err));
	for (int i = 0; i < 12; i++) {
		fd[i] = dial(fixture);
		say(fd[i], text);
	}
	for (int i = 0; i < 12; i++) {
		assert_ends(hear(fd[i]), 200, "GET|/|||127.0.0.1||");
		(void)close(fd[i]);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_requests),	   TEST(test_refused),	     TEST(test_headers_too_large), TEST(test_large_bodies),
		TEST(test_pipelined_and_kept), TEST(test_slow_peer), TEST(test_continue),	   TEST(test_answer_bytes),
		TEST(test_later),	   TEST(test_ready_at_once), TEST(test_peer_leaves),	   TEST(test_large_answer),
		TEST(test_stop_answers_open), TEST(test_stop_race),  TEST(test_start_errors),
		TEST(test_idle),	   TEST(test_connections_max), TEST(test_many_pending),
	};

	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) { /* both ends of many connections are here */
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
