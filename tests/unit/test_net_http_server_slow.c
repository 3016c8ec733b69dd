/*
 * Peers that take their time, and peers that come in crowds: a request has to be whole in time however busy
 * the peer looks, one address has so many connections, and neither costs anybody else anything. Compressed
 * bodies are told apart.
 */
#include "unit/test_net_support.h"

#include <poll.h>

#define TIMEOUT_MS  1500
#define PER_ADDRESS 4

static int start_strict(void **state)
{
	struct fixture *fixture = mem_zalloc(1, sizeof(*fixture));
	struct http_server_config config = {
		.listen = "127.0.0.1:0",
		.body_bytes_max = 100 * BODY_MAX,
		.request_timeout_ms = TIMEOUT_MS,
		.connections_per_address = PER_ADDRESS,
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

/* One byte of the text at a time, until the other side closes; how many it took. */
static size_t dribble(int fd, struct str text)
{
	const struct timeval pause = { .tv_usec = 50000 };
	char byte;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof(pause)), 0);
	for (size_t i = 0; i < text.len; i++) {
		ssize_t n;

		if (send(fd, text.p + i, 1, MSG_NOSIGNAL) <= 0)
			return i;
		n = recv(fd, &byte, 1, 0); /* the pause */
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK))
			return i;
	}
	return text.len;
}

static void a_slow_request_is_cut_off(void **state)
{
	static const char *const slow[] = {
		"GET "
		"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aa",
		"GET / HTTP/1.1\r\nHost: x\r\nX-A: "
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: "
		"5000\r\n\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
		int fd = dial(fixture);
		struct str text = str_from(slow[i]);

		if (i > 0) { /* all of the line at once, the rest bit by bit */
			say(fd, str_of(text.p, 40));
			text = str_skip(text, 40);
		}
		assert_true(dribble(fd, text) < text.len);
		(void)close(fd);
		assert_ends(ask(fixture, STR("GET /x HTTP/1.1\r\nHost: x\r\n\r\n")), 200,
			    "GET|/x|||127.0.0.1||");
	}
}

static void a_handler_may_take_its_time(void **state)
{
	struct fixture *fixture = *state;
	int fd = dial(fixture);
	int64_t until_ms = 2 * TIMEOUT_MS;

	say(fd, STR("GET /later HTTP/1.1\r\nHost: x\r\n\r\n"));
	for (struct http_exchange *exchange = take_later(fixture); exchange; exchange = NULL) {
		struct pollfd none = { .fd = fd, .events = POLLIN };

		assert_int_equal(poll(&none, 1, (int)until_ms), 0); /* nor closed meanwhile */
		http_reply(exchange, 200, NULL, 0, STR("late"));
	}
	assert_ends(hear(fd), 200, "late");
	(void)close(fd);
}

static void one_address_has_so_many_connections(void **state)
{
	struct fixture *fixture = *state;
	int fd[PER_ADDRESS], more;

	for (size_t i = 0; i < PER_ADDRESS; i++) {
		fd[i] = dial(fixture);
		say(fd[i], STR("GET /x HTTP/1.1\r\nHost: x\r\n\r\n"));
		assert_ends(hear(fd[i]), 200, "GET|/x|||127.0.0.1||");
	}
	more = dial(fixture);
	assert_true(is_closed_soon(more));
	(void)close(more);
	(void)close(fd[0]);
	for (int i = 0; i < 200; i++) { /* the server has to see that it is gone */
		const char *answer = ask(fixture, STR("GET /x HTTP/1.1\r\nHost: x\r\n\r\n"));

		if (answer[0])
			break;
		assert_true(i < 199);
	}
	for (size_t i = 1; i < PER_ADDRESS; i++)
		(void)close(fd[i]);
}

static void a_compressed_body_is_told_apart(void **state)
{
	static const struct {
		const char *header;
		bool encoded;
	} row[] = {
		{ "gzip", true }, { "br", true }, { "identity", false }, { "Identity", false }, { "x", true }
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char text[200], want[64];

		(void)snprintf(
			text, sizeof(text),
			"POST /x HTTP/1.1\r\nHost: x\r\nContent-Encoding: %s\r\nContent-Length: 1\r\n\r\na",
			row[i].header);
		(void)snprintf(want, sizeof(want), "POST|/x||a|127.0.0.1|%s|",
			       row[i].encoded ? "encoded" : "");
		assert_ends(ask(fixture, str_from(text)), 200, want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_slow_request_is_cut_off, start_strict, stop),
		cmocka_unit_test_setup_teardown(a_handler_may_take_its_time, start_strict, stop),
		cmocka_unit_test_setup_teardown(one_address_has_so_many_connections, start_strict, stop),
		TEST(a_compressed_body_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
