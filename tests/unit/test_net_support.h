#ifndef PANNIER_TESTS_TEST_NET_SUPPORT_H
#define PANNIER_TESTS_TEST_NET_SUPPORT_H

/*
 * For the tests of the HTTP server: a server with a handler for every kind of answer, and a peer that is a
 * plain socket, so that it can also misbehave.
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
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#define BODY_MAX   10000
#define DEADLINE_S 20

/* ---- a server under test ---- */

#define LATER_MAX 1024

struct fixture {
	struct http_server *server;
	pthread_mutex_t lock;
	struct http_exchange *later[LATER_MAX]; /* exchanges whose handler returned without a reply */
	size_t n_later;
	struct wake *came, *go_on;
	atomic_int handled, busy_rounds, idle_rounds;
};

static inline size_t body_max(void *ctx, struct str method, struct str path)
{
	(void)ctx;
	(void)method;
	return str_eq(path, STR("/small")) ? 10 : str_eq(path, STR("/huge")) ? 100 * BODY_MAX : BODY_MAX;
}

/* Says what arrived, as "METHOD|path|query|body|remote|flags|X-Test". */
static inline void echo(struct http_exchange *exchange)
{
	const struct http_request *request = http_exchange_request(exchange);
	struct str seen = http_exchange_header(exchange, "x-test");
	struct str text = arena_printf(http_exchange_arena(exchange), "%.*s|%.*s|%.*s|%.*s|%.*s|%s%s%s|%.*s",
				       STR_ARG(request->method), STR_ARG(request->path),
				       STR_ARG(request->query), STR_ARG(request->body),
				       STR_ARG(request->remote), request->body_too_large ? "too_large" : "",
				       request->body_broken ? "broken" : "",
				       request->body_encoded ? "encoded" : "", STR_ARG(seen));

	http_reply(exchange, 200, NULL, 0, text);
}

static inline void keep(struct fixture *fixture, struct http_exchange *exchange)
{
	(void)pthread_mutex_lock(&fixture->lock);
	assert_true(fixture->n_later < LATER_MAX);
	fixture->later[fixture->n_later++] = exchange;
	(void)pthread_mutex_unlock(&fixture->lock);
	wake_send(fixture->came);
}

/* Keeps the server's thread from everything else until told to go on. */
static inline void hold(struct fixture *fixture, struct http_exchange *exchange)
{
	wake_send(fixture->came);
	while (!wake_wait(fixture->go_on, 1000))
		;
	http_reply(exchange, 200, NULL, 0, STR("held"));
}

static inline void handle(void *ctx, struct http_exchange *exchange)
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

static inline struct http_exchange *take_later(struct fixture *fixture)
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

static inline int start(void **state)
{
	struct fixture *fixture = mem_zalloc(1, sizeof(*fixture));
	struct http_server_config config = {
		.listen = "127.0.0.1:0",
		.body_bytes_max = 100 * BODY_MAX,
		.ctx = fixture,
		.body_max = body_max,
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

static inline int stop(void **state)
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

static inline int dial(const struct fixture *fixture)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)http_server_port(fixture->server)) };
	struct timeval deadline = { .tv_sec = DEADLINE_S };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static inline void say(int fd, struct str text)
{
	while (text.len) {
		ssize_t n = send(fd, text.p, text.len, MSG_NOSIGNAL);

		assert_true(n > 0);
		text = str_skip(text, (size_t)n);
	}
}

/*
 * Reads one answer with Content-Length (or without, to 204) into a fixed buffer; "" if the connection ended
 * before.
 */
static inline const char *hear(int fd)
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

static inline const char *ask(const struct fixture *fixture, struct str text)
{
	int fd = dial(fixture);
	const char *answer;

	say(fd, text);
	answer = hear(fd);
	(void)close(fd);
	return answer;
}

static inline void assert_ends(const char *answer, int status, const char *body)
{
	char line[32];
	const char *got = strstr(answer, "\r\n\r\n");

	(void)snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
	if (strncmp(answer, line, strlen(line)) != 0 || !got || strcmp(got + 4, body) != 0)
		fail_msg("got '%s', want %d '%s'", answer, status, body);
}

static inline bool is_closed(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0) <= 0;
}

/* The same, after whatever else is sent (libmicrohttpd sends the headers of its own errors twice). */
static inline bool is_closed_soon(int fd)
{
	char bytes[1000];
	ssize_t n;

	do
		n = recv(fd, bytes, sizeof(bytes), 0);
	while (n > 0);
	return n == 0 || errno == ECONNRESET;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

#endif
