/*
 * HTTP server: bodies in pieces. Byte for byte, never more than a piece at once, and nothing is left behind
 * when the peer leaves, the server stops, or the handler has heard enough.
 */
#include "unit/test_net_support.h"

#define PIECE_MAX  ((size_t)160 * 1024)
#define BYTES	   ((size_t)3 << 20)
#define LITTLE	   1000
#define WAIT_STEPS (DEADLINE_S * 100)

struct peer {
	int fd;
	size_t bytes;
	bool chunked;
};

static struct fixture *the_fixture;
static atomic_int n_lost;

static bool streams(void *ctx, struct str method, struct str path)
{
	(void)ctx;
	return str_eq(method, STR("POST")) && str_starts(path, STR("/later/stream"));
}

static void take_piece(void *ctx, struct http_exchange *exchange)
{
	keep(ctx, exchange);
}

static void take_lost(void *ctx)
{
	struct fixture *fixture = ctx;

	atomic_fetch_add(&n_lost, 1);
	wake_send(fixture->came);
}

static struct http_stream stream(void)
{
	return (struct http_stream){ take_piece, take_lost, the_fixture };
}

static bool read_on(struct http_exchange *exchange)
{
	struct http_stream to = stream();

	return http_read_on(exchange, &to);
}

static int start_streaming(void **state)
{
	struct http_server_config config = {
		.listen = "127.0.0.1:0",
		.body_bytes_max = BODY_MAX,
		.handle = handle,
		.streams = streams,
	};
	struct err err;

	assert_int_equal(start(state), 0);
	the_fixture = *state;
	http_server_stop(the_fixture->server);
	config.ctx = the_fixture;
	atomic_store(&n_lost, 0);
	if (!http_server_start(&config, &the_fixture->server, &err))
		fail_msg("%s", err.msg);
	return 0;
}

static char byte_at(size_t i)
{
	return (char)('a' + i % 23);
}

/* Sends a whole request; the server reads it only as it is asked to, so this is a thread of its own. */
static void *say_body(void *arg)
{
	const struct peer *peer = arg;
	struct strbuf text;

	strbuf_init(&text, 2 * BYTES);
	strbuf_add_text(&text, "POST /later/stream HTTP/1.1\r\nHost: h\r\n");
	if (peer->chunked)
		strbuf_addf(&text, "Transfer-Encoding: chunked\r\n\r\n");
	else
		strbuf_addf(&text, "Content-Length: %zu\r\n\r\n", peer->bytes);
	for (size_t i = 0; i < peer->bytes; i++) {
		if (peer->chunked && i % 5000 == 0)
			strbuf_addf(&text, "%s%zx\r\n", i ? "\r\n" : "",
				    peer->bytes - i < 5000 ? peer->bytes - i : 5000);
		strbuf_add_char(&text, byte_at(i));
	}
	if (peer->chunked)
		strbuf_add_text(&text, peer->bytes ? "\r\n0\r\n\r\n" : "0\r\n\r\n");
	say(peer->fd, strbuf_str(&text));
	strbuf_release(&text);
	return NULL;
}

/* Everything of one body, until it is whole and answered. */
static size_t hear_body(size_t *n_piece)
{
	size_t bytes = 0;

	*n_piece = 0;
	for (;;) {
		struct http_exchange *exchange = take_later(the_fixture);
		const struct http_request *request = http_exchange_request(exchange);

		assert_true(request->body.len <= PIECE_MAX);
		for (size_t i = 0; i < request->body.len; i++)
			if (request->body.p[i] != byte_at(bytes + i))
				fail_msg("byte %zu is another one", bytes + i);
		bytes += request->body.len;
		*n_piece += request->body.len > 0;
		if (!request->body_more) {
			http_reply(exchange, 201, NULL, 0, STR("whole"));
			return bytes;
		}
		assert_true(read_on(exchange));
	}
}

static void test_whole_bodies(void **state)
{
	static const size_t sizes[] = { 0, 1, 7000, 131072, 140001, BYTES };
	int fd = dial(*state);

	for (size_t i = 0; i < ARRAY_LEN(sizes) * 2; i++) {
		struct peer peer = { fd, sizes[i / 2], i % 2 };
		size_t n_piece;
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, say_body, &peer), 0);
		assert_int_equal(hear_body(&n_piece), peer.bytes);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_true(n_piece >= peer.bytes / PIECE_MAX);
		assert_ends(hear(fd), 201, "whole");
	}
	assert_int_equal(atomic_load(&n_lost), 0);
	(void)close(fd);
}

static void test_length_is_told(void **state)
{
	struct http_exchange *exchange;
	int fd = dial(*state);

	say(fd, STR("POST /later/stream HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\nabc"));
	exchange = take_later(the_fixture);
	assert_true(http_exchange_request(exchange)->body_length == INT64_C(99999999999));
	assert_true(http_exchange_request(exchange)->body_more);
	assert_int_equal(http_exchange_request(exchange)->body.len, 0);
	/* Who may not send it learns that before it is read. */
	http_reply(exchange, 403, NULL, 0, STR("no"));
	assert_ends(hear(fd), 403, "no");
	assert_true(is_closed(fd));
	(void)close(fd);
	fd = dial(*state);
	say(fd, STR("POST /later/stream HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
		    "Content-Length: 3\r\n\r\n"));
	assert_true(read_on(take_later(the_fixture)));
	assert_ends(hear(fd), 100, "");
	say(fd, STR("abc"));
	http_reply(take_later(the_fixture), 200, NULL, 0, STR("yes"));
	assert_ends(hear(fd), 200, "yes");
	(void)close(fd);
}

static void test_the_peer_leaves(void **state)
{
	int fd = dial(*state);

	say(fd, STR("POST /later/stream HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nabc"));
	assert_true(read_on(take_later(the_fixture)));
	(void)close(fd);
	for (int i = 0; i < WAIT_STEPS && atomic_load(&n_lost) == 0; i++)
		(void)wake_wait(the_fixture->came, 10);
	assert_int_equal(atomic_load(&n_lost), 1);
	assert_int_equal(the_fixture->n_later, 0);
}

/* What came after the answer is read and dropped, if it is not much. */
static void test_heard_enough(void **state)
{
	struct peer peer = { dial(*state), BYTES, false };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, say_body, &peer), 0);
	assert_true(read_on(take_later(the_fixture)));
	http_reply(take_later(the_fixture), 507, NULL, 0, STR("full"));
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_ends(hear(peer.fd), 507, "full");
	(void)close(peer.fd);
}

/* Refused before it is read: who sends on regardless gets to read the answer, and may ask again. */
static void test_refused_at_once(void **state)
{
	struct peer peer = { dial(*state), BYTES, false };

	for (int chunked = 0; chunked <= 1; chunked++) {
		pthread_t thread;

		peer.chunked = chunked;
		assert_int_equal(pthread_create(&thread, NULL, say_body, &peer), 0);
		http_reply(take_later(the_fixture), 416, NULL, 0, STR("not there"));
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_ends(hear(peer.fd), 416, "not there");
		say(peer.fd, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
		assert_ends(hear(peer.fd), 200, "GET|/|||127.0.0.1||");
	}
	(void)close(peer.fd);
}

/* A stop ends what is under way, whoever has it at that moment. */
static void test_stop(void **state)
{
	struct http_exchange *waiting;
	int reading = dial(*state), with_us = dial(*state);

	say(reading, STR("POST /later/stream HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nabc"));
	assert_true(read_on(take_later(the_fixture)));
	say(with_us, STR("POST /later/stream HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nabc"));
	waiting = take_later(the_fixture);
	http_server_stop(the_fixture->server);
	the_fixture->server = NULL;
	assert_int_equal(atomic_load(&n_lost), 1);
	assert_false(read_on(waiting));
	(void)close(reading);
	(void)close(with_us);
}

/* Other connections are served while the body of one rests. */
static void test_others_go_on(void **state)
{
	struct http_exchange *resting;
	int fd = dial(*state), other = dial(*state);

	say(fd, STR("POST /later/stream HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"));
	resting = take_later(the_fixture);
	for (int i = 0; i < LITTLE; i++) {
		say(other, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
		assert_ends(hear(other), 200, "GET|/|||127.0.0.1||");
	}
	assert_true(read_on(resting));
	http_reply(take_later(the_fixture), 200, NULL, 0, STR("done"));
	assert_ends(hear(fd), 200, "done");
	(void)close(fd);
	(void)close(other);
}

#define STREAM_TEST(name) cmocka_unit_test_setup_teardown(name, start_streaming, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STREAM_TEST(test_whole_bodies),	   STREAM_TEST(test_length_is_told),
		STREAM_TEST(test_the_peer_leaves), STREAM_TEST(test_heard_enough),
		STREAM_TEST(test_refused_at_once), STREAM_TEST(test_stop),
		STREAM_TEST(test_others_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
