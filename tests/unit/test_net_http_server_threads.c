/*
 * HTTP server under many peers and threads: answers from elsewhere, peers that leave, ceilings, and that a
 * stop leaves nothing open.
 */
#include "unit/test_net_support.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

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
				       "POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n%06d",
				       round * 1000 + i);
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
 * All connections become ready at the same instant: 128 at once is the case at which libmicrohttpd 0.9.75 on
 * its own thread waits for the idle timeout.
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
		assert_ends(ask(fixture, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n")), 200,
			    "GET|/|||127.0.0.1||");
	for (int i = 0; i < CONNECTIONS; i++)
		http_reply(exchange[i], 200, NULL, 0, STR("at last"));
	for (int i = 0; i < CONNECTIONS; i++) {
		assert_ends(hear(fd[i]), 200, "at last");
		assert_ends(hear(fd[i]), 200, "GET|/|||127.0.0.1||");
		(void)close(fd[i]);
	}
}

static void *stop_server(void *arg)
{
	http_server_stop(arg);
	return NULL;
}

static bool has_heard(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

/* Answers that are held leave together: not before, and all of them; also those of another server. */
static void test_held_replies(void **state)
{
	enum { CONNECTIONS = 40 };
	struct fixture *fixture = *state;
	struct http_exchange *exchange[CONNECTIONS], *elsewhere;
	void *other_state;
	int fd[CONNECTIONS], other_fd;

	start(&other_state);
	other_fd = dial(other_state);
	say(other_fd, STR("GET /later HTTP/1.1\r\nHost: h\r\n\r\n"));
	elsewhere = take_later(other_state);
	for (int i = 0; i < CONNECTIONS; i++) {
		fd[i] = dial(fixture);
		say(fd[i], STR("GET /later HTTP/1.1\r\nHost: h\r\n\r\n"));
		exchange[i] = take_later(fixture);
	}
	(void)close(fd[CONNECTIONS - 1]); /* a peer that is gone by then */
	http_replies_hold();
	for (int i = 1; i < CONNECTIONS; i++)
		http_reply(exchange[i], 200, NULL, 0, STR("together"));
	for (int i = 0; i < 30; i++) /* the server goes on meanwhile */
		assert_ends(ask(fixture, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n")), 200,
			    "GET|/|||127.0.0.1||");
	for (int i = 0; i < CONNECTIONS - 1; i++)
		assert_false(has_heard(fd[i]));
	http_reply(elsewhere, 200, NULL, 0, STR("elsewhere"));
	http_reply(exchange[0], 200, NULL, 0, STR("together"));
	http_replies_release();
	for (int i = 0; i < CONNECTIONS - 1; i++) {
		assert_ends(hear(fd[i]), 200, "together");
		(void)close(fd[i]);
	}
	assert_ends(hear(other_fd), 200, "elsewhere");
	(void)close(other_fd);
	stop(&other_state);
}

/* A server that stops waits for what is held, or it would be gone when that comes. */
static void test_stop_waits_for_held_replies(void **state)
{
	struct fixture *fixture = *state;
	struct http_exchange *exchange, *late;
	int fd = dial(fixture), unanswered = dial(fixture);
	pthread_t thread;

	say(fd, STR("GET /later HTTP/1.1\r\nHost: h\r\n\r\n"));
	exchange = take_later(fixture);
	say(unanswered, STR("GET /later HTTP/1.1\r\nHost: h\r\n\r\n"));
	late = take_later(fixture);
	http_replies_hold();
	http_reply(exchange, 200, NULL, 0, STR("held"));
	assert_int_equal(pthread_create(&thread, NULL, stop_server, fixture->server), 0);
	assert_ends(hear(unanswered), 503, "stopping\n"); /* it has begun to stop */
	assert_false(has_heard(fd));
	http_replies_release();
	assert_ends(hear(fd), 200, "held");
	assert_int_equal(pthread_join(thread, NULL), 0);
	fixture->server = NULL;
	http_reply(late, 200, NULL, 0, STR("too late"));
	(void)close(fd);
	(void)close(unanswered);
}

static void note_round(void *ctx, bool idle)
{
	struct fixture *fixture = ctx;

	atomic_fetch_add(idle ? &fixture->idle_rounds : &fixture->busy_rounds, 1);
}

/* After a round with a request there is a busy one, and an idle one before the server's thread waits. */
static void test_rounds(void **state)
{
	struct fixture *fixture = *state;
	struct http_server_config config = {
		.listen = "127.0.0.1:0", .handle = handle, .ctx = fixture, .round = note_round
	};
	struct err err;

	http_server_stop(fixture->server);
	assert_true(http_server_start(&config, &fixture->server, &err));
	for (int i = 0; i < 3; i++) {
		int busy = atomic_load(&fixture->busy_rounds), idle = atomic_load(&fixture->idle_rounds);

		assert_ends(ask(fixture, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n")), 200,
			    "GET|/|||127.0.0.1||");
		for (int tries = 0; tries < DEADLINE_S * 100; tries++) {
			if (atomic_load(&fixture->busy_rounds) > busy &&
			    atomic_load(&fixture->idle_rounds) > idle)
				break;
			(void)wake_wait(fixture->came, 10);
		}
		assert_true(atomic_load(&fixture->busy_rounds) > busy);
		assert_true(atomic_load(&fixture->idle_rounds) > idle);
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
	struct http_server_config config = {
		.listen = "127.0.0.1:0", .idle_timeout_s = 1, .handle = handle, .ctx = *state
	};
	struct fixture *fixture = *state;
	struct http_exchange *later;
	int silent, half, working;
	struct err err;

	http_server_stop(fixture->server);
	assert_true(http_server_start(&config, &fixture->server, &err));
	working = dial(fixture);
	say(working, STR("GET /later HTTP/1.1\r\nHost: h\r\n\r\n"));
	later = take_later(fixture);
	silent = dial(fixture);
	half = dial(fixture);
	say(half, STR("POST /later HTTP/1.1\r\nHost: h\r\n"));
	assert_true(is_closed(silent));
	assert_true(is_closed_soon(half)); /* with or without a 408 */
	http_reply(later, 200, NULL, 0, STR("worked"));
	assert_ends(hear(working), 200, "worked");
	(void)close(silent);
	(void)close(half);
	(void)close(working);
}

/* At the ceiling a connection waits until another one ends. */
static void test_connections_max(void **state)
{
	struct http_server_config config = {
		.listen = "127.0.0.1:0", .connections_max = 1, .handle = handle, .ctx = *state
	};
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_later),
		TEST(test_ready_at_once),
		TEST(test_many_pending),
		TEST(test_held_replies),
		TEST(test_stop_waits_for_held_replies),
		TEST(test_rounds),
		TEST(test_peer_leaves),
		TEST(test_stop_answers_open),
		TEST(test_stop_race),
		TEST(test_start_errors),
		TEST(test_idle),
		TEST(test_connections_max),
	};
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) { /* both ends of many connections are here */
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
