/*
 * HTTP client: exact bytes on the wire, what counts as an answer, `sent`, ceilings, and many calls at once.
 * The other side is a scripted socket, so that it can misbehave, or our own server.
 */
#include "net/http_client.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/strbuf.h"

#include <arpa/inet.h>
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
#include <unistd.h>

#include <cmocka.h>

/* ---- a scripted server: one connection, one canned answer per request ---- */

struct script {
	const struct str
		*answer; /* sent as it is after each request; an empty one is silence until the peer leaves */
	size_t n;
	int fd, port;
	pthread_t thread;
	struct strbuf request; /* everything that was received */
};

/* Receives n bytes; false at the end of the connection. */
static bool receive(int fd, struct strbuf *request, size_t n)
{
	char bytes[4096];

	while (n > 0) {
		ssize_t got = recv(fd, bytes, n < sizeof(bytes) ? n : sizeof(bytes), 0);

		if (got <= 0)
			return false;
		strbuf_add(request, bytes, (size_t)got);
		n -= (size_t)got;
	}
	return true;
}

/* Reads one request with Content-Length, or none; false at the end of the connection. */
static bool read_request(int fd, struct strbuf *request)
{
	size_t start = request->len;
	const char *length;

	while (!strstr(request->p + start, "\r\n\r\n"))
		if (!receive(fd, request, 1))
			return false;
	length = strstr(request->p + start, "Content-Length: ");
	return !length || receive(fd, request, strtoul(length + 16, NULL, 10));
}

static void *play(void *arg)
{
	struct script *script = arg;
	int fd = accept(script->fd, NULL, NULL);

	for (size_t i = 0; i < script->n && read_request(fd, &script->request); i++) {
		struct str answer = script->answer[i];

		while (answer.len) {
			ssize_t n = send(fd, answer.p, answer.len, MSG_NOSIGNAL);

			if (n <= 0)
				break;
			answer = str_skip(answer, (size_t)n);
		}
		if (script->answer[i].len == 0)
			(void)read_request(fd, &script->request);
	}
	(void)close(fd);
	return NULL;
}

static void script_listen(struct script *script)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	script->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(script->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(script->fd, 8), 0);
	assert_int_equal(getsockname(script->fd, (struct sockaddr *)&address, &len), 0);
	script->port = ntohs(address.sin_port);
	strbuf_init(&script->request, 1 << 22);
}

static void script_start(struct script *script, const struct str *answer, size_t n)
{
	*script = (struct script){ .answer = answer, .n = n };
	script_listen(script);
	assert_int_equal(pthread_create(&script->thread, NULL, play, script), 0);
}

static void script_end(struct script *script)
{
	assert_int_equal(pthread_join(script->thread, NULL), 0);
	(void)close(script->fd);
	strbuf_release(&script->request);
}

/* ---- the client under test ---- */

static struct http_client *client;
static struct arena arena;

static int start(void **state)
{
	const struct http_client_config config = { .user_agent = "pannier/test" };
	struct err err;

	(void)state;
	arena_init(&arena);
	/* A proxy nobody listens on: it must not be used for loopback. */
	(void)setenv("http_proxy", "http://127.0.0.1:1", 1);
	if (!http_client_new(&config, &client, &err))
		fail_msg("%s", err.msg);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	http_client_free(client);
	arena_release(&arena);
	return 0;
}

static struct str url_of(int port, const char *path)
{
	return arena_printf(&arena, "http://127.0.0.1:%d%s", port, path);
}

/* An answer that outlives its done call. */
struct kept {
	unsigned calls;
	struct http_answer answer;
	struct str body, retry_after, link;
};

static void keep(void *arg, const struct http_answer *answer)
{
	struct kept *kept = arg;

	kept->calls++;
	kept->answer = *answer;
	kept->body = arena_dup(&arena, answer->body);
	kept->retry_after = arena_dup(&arena, http_answer_header(answer, "retry-after"));
	kept->link = arena_dup(&arena, http_answer_header(answer, "Link"));
}

static struct kept run_call(const struct http_call *call)
{
	struct kept kept = { 0 };
	struct err err = { 0 };

	if (!http_client_start(client, call, keep, &kept, &err))
		fail_msg("%s", err.msg);
	for (int i = 0; i < 100 && !kept.calls; i++)
		(void)http_client_run(client, 1000);
	assert_int_equal(kept.calls, 1);
	assert_int_equal(http_client_run(client, 0), 0);
	return kept;
}

static void assert_str(struct str got, const char *want)
{
	if (!str_eq(got, str_from(want)))
		fail_msg("got '%.*s', want '%s'", STR_ARG(got), want);
}

/* ---- requests ---- */

static void test_request_bytes(void **state)
{
	static const struct http_header header[] = {
		{ STR_INIT("Authorization"), STR_INIT("Klaviyo-API-Key pk_1") },
		{ STR_INIT("X-Empty"), STR_INIT("") },
		{ STR_INIT("Content-Type"), STR_INIT("application/vnd.api+json") },
	};
	static const struct {
		const char *method;
		struct str body;
		size_t n_header;
		const char *want; /* %d is the port */
	} row[] = {
		{ "GET",
		  { NULL, 0 },
		  2,
		  "GET /p?q=1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: pannier/test\r\nAccept: */*\r\n"
		  "Authorization: Klaviyo-API-Key pk_1\r\nX-Empty:\r\n\r\n" },
		{ "POST", STR_INIT("{\"a\":1}"), 3,
		  "POST /p?q=1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: pannier/test\r\nAccept: */*\r\n"
		  "Authorization: Klaviyo-API-Key pk_1\r\nX-Empty:\r\nContent-Type: "
		  "application/vnd.api+json\r\n"
		  "Content-Length: 7\r\n\r\n{\"a\":1}" },
		{ "POST",
		  { NULL, 0 },
		  0,
		  "POST /p?q=1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: pannier/test\r\nAccept: */*\r\n"
		  "Content-Length: 0\r\n\r\n" },
		{ "PATCH", STR_INIT("x\0y"), 0,
		  "PATCH /p?q=1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: pannier/test\r\nAccept: */*\r\n"
		  "Content-Length: 3\r\n\r\nx" },
		{ "DELETE",
		  { NULL, 0 },
		  0,
		  "DELETE /p?q=1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: pannier/test\r\nAccept: "
		  "*/*\r\n\r\n" },
		{ "DELETE", STR_INIT("{}"), 0,
		  "DELETE /p?q=1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: pannier/test\r\nAccept: "
		  "*/*\r\n"
		  "Content-Length: 2\r\n\r\n{}" },
	};
	static const struct str answer[] = { STR_INIT("HTTP/1.1 204 No Content\r\n\r\n") };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct script script;
		char want[1000];
		struct kept kept;

		script_start(&script, answer, 1);
		kept = run_call(&(struct http_call){ .method = row[i].method,
						     .url = url_of(script.port, "/p?q=1"),
						     .header = header,
						     .n_header = row[i].n_header,
						     .body = row[i].body });
		assert_true(kept.answer.ok && kept.answer.sent);
		assert_int_equal(kept.answer.status, 204);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(want, sizeof(want), row[i].want, script.port);
#pragma GCC diagnostic pop
		assert_string_equal(script.request.p, want);
		script_end(&script);
	}
}

static void test_large_body(void **state)
{
	static const struct str answer[] = { STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") };
	struct script script;
	struct strbuf body;
	struct kept kept;

	(void)state;
	strbuf_init(&body, 1 << 22);
	strbuf_addf(&body, "%02500000d", 1);
	script_start(&script, answer, 1);
	kept = run_call(&(struct http_call){
		.method = "POST", .url = url_of(script.port, "/"), .body = strbuf_str(&body) });
	assert_true(kept.answer.ok);
	assert_null(strstr(script.request.p, "Expect"));
	assert_memory_equal(strstr(script.request.p, "\r\n\r\n") + 4, body.p, body.len);
	script_end(&script);
	strbuf_release(&body);
}

static void test_refused_calls(void **state)
{
	static const struct http_header broken[] = {
		{ STR_INIT("X-Secret"), STR_INIT("hush\r\nX-Injected: 1") },
		{ STR_INIT("X-Secret"), STR_INIT("hush\nX") },
		{ STR_INIT("X-Secret"), STR_INIT("hush\0X") },
		{ STR_INIT("X\r\nhush"), STR_INIT("x") },
		{ STR_INIT(""), STR_INIT("hush") },
	};
	static const char *const url[] = { "", "file:///etc/passwd", "ftp://127.0.0.1/", "http://",
					   "http://a b/" };
	struct kept kept = { 0 };
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		assert_false(http_client_start(client,
					       &(struct http_call){ .method = "GET",
								    .url = STR("http://127.0.0.1:1/"),
								    .header = &broken[i],
								    .n_header = 1 },
					       keep, &kept, &err));
		assert_int_equal(err.code, ERR_INVALID);
		assert_null(strstr(err.msg, "hush"));
	}
	for (size_t i = 0; i < ARRAY_LEN(url); i++) {
		assert_false(http_client_start(
			client, &(struct http_call){ .method = "GET", .url = str_from(url[i]) }, keep, &kept,
			&err));
		assert_int_equal(err.code, ERR_INVALID);
	}
	assert_int_equal(kept.calls, 0);
	assert_int_equal(http_client_run(client, 0), 0);
}

/* ---- answers ---- */

#define LONG_LINE(n) \
	arena_printf(&arena, "HTTP/1.1 200 OK\r\nX-Long: %0*d\r\nContent-Length: 0\r\n\r\n", n, 1)

static void test_answers(void **state)
{
	const struct {
		struct str answer;
		bool ok;
		int status;
		const char *body;
	} row[] = {
		{ STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), true, 200, "hello" },
		{ STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: "
		      "chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
		  true, 200, "hello" },
		{ STR("HTTP/1.1 200 OK\r\n\r\nuntil the end"), true, 200, "until the end" },
		{ STR("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}"), true, 404, "{}" },
		{ STR("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
		  true, 302, "" },
		{ STR("HTTP/1.1 103 Early Hints\r\nRetry-After: 1\r\n\r\nHTTP/1.1 429 Too "
		      "Many\r\nContent-Length: 0\r\n\r\n"),
		  true, 429, "" },
		{ STR("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"), true, 200, "0123456789" },
		{ STR("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890"), false, 0,
		  "larger" }, /* ceiling: 10 */
		{ STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n"),
		  false, 0, "larger" },
		{ STR("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), false, 0, "" },
		{ STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf"), false, 0, "" },
		{ STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), false, 0, "" },
		{ STR("not http at all\r\n\r\n"), false, 0, "" },
		{ STR("HTTP/1.1 200"), false, 0, "" },
		{ LONG_LINE(60000), true, 200, "" },
		{ LONG_LINE(70000), false, 0, "headers" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		bool until_end = row[i].body && strcmp(row[i].body, "until the end") == 0;
		struct script script;
		struct kept kept;

		script_start(&script, &row[i].answer, 1);
		kept = run_call(&(struct http_call){ .method = "GET",
						     .url = url_of(script.port, "/"),
						     .timeout_ms = 20000,
						     .answer_bytes_max = until_end ? 1000 : 10 });
		script_end(&script);
		if (kept.answer.ok != row[i].ok || !kept.answer.sent)
			fail_msg("row %zu: ok %d, sent %d, '%s'", i, kept.answer.ok, kept.answer.sent,
				 kept.answer.error);
		assert_int_equal(kept.answer.status, row[i].status);
		if (row[i].ok)
			assert_str(kept.body, row[i].body);
		else
			assert_true(kept.answer.error[0] && strstr(kept.answer.error, row[i].body));
		assert_str(kept.retry_after, ""); /* what came with 103 is not the answer's */
	}
}

static void test_answer_headers(void **state)
{
	static const struct str answer[] = {
		STR_INIT("HTTP/1.1 429 Too Many Requests\r\nretry-after:  7 \r\nLink:\r\nRetry-After: 9\r\n"
			 "X-Colon: a:b\r\nContent-Length: 0\r\n\r\n"),
	};
	struct script script;
	struct kept kept;

	(void)state;
	script_start(&script, answer, 1);
	kept = run_call(&(struct http_call){ .method = "GET", .url = url_of(script.port, "/") });
	script_end(&script);
	assert_str(kept.retry_after, "7");
	assert_str(kept.link, "");
	assert_int_equal(kept.answer.n_header, 5);
}

/* ---- no answer ---- */

static void test_nobody_listens(void **state)
{
	struct script script = { 0 };
	struct kept kept;
	struct str body;
	struct err err = { 0 };
	int status;

	(void)state;
	script_listen(&script);
	(void)close(script.fd);
	kept = run_call(
		&(struct http_call){ .method = "POST", .url = url_of(script.port, "/"), .body = STR("x") });
	assert_false(kept.answer.ok || kept.answer.sent);
	assert_non_null(strstr(kept.answer.error, "127.0.0.1"));
	assert_false(http_client_fetch(
		client, &(struct http_call){ .method = "GET", .url = url_of(script.port, "/") }, &arena,
		&status, &body, &err));
	assert_int_equal(err.code, ERR_UNREACHABLE);
	strbuf_release(&script.request);
}

/* A TLS hello that is not answered: no byte of the request has left. */
static void test_no_tls(void **state)
{
	static const struct str answer[] = { STR_INIT("HTTP/1.1 400 Bad\r\n\r\n") };
	struct script script;
	struct kept kept;

	(void)state;
	script_start(&script, answer, 0);
	kept = run_call(
		&(struct http_call){ .method = "POST",
				     .body = STR("x"),
				     .url = arena_printf(&arena, "https://127.0.0.1:%d/", script.port) });
	script_end(&script);
	assert_false(kept.answer.ok || kept.answer.sent);
}

static void test_silence(void **state)
{
	static const struct str answer[] = { STR_INIT("") };
	struct script script;
	struct kept kept;

	(void)state;
	script_start(&script, answer, 1);
	kept = run_call(&(struct http_call){
		.method = "POST", .url = url_of(script.port, "/"), .body = STR("x"), .timeout_ms = 150 });
	assert_false(kept.answer.ok);
	assert_true(kept.answer.sent);
	assert_in_range(kept.answer.latency_ms, 140, 10000);
	script_end(&script); /* ends because the client closed the connection */
}

static void test_closed_after_request(void **state)
{
	static const struct str answer[] = { STR_INIT("H") }; /* then the end */
	struct script script;
	struct kept kept;

	(void)state;
	script_start(&script, answer, 1);
	kept = run_call(
		&(struct http_call){ .method = "POST", .url = url_of(script.port, "/"), .body = STR("x") });
	script_end(&script);
	assert_false(kept.answer.ok);
	assert_true(kept.answer.sent);
}

/* ---- connections and many calls ---- */

static void test_connection_is_kept(void **state)
{
	static const struct str answer[] = {
		STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"),
		STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2"),
		STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3"),
	};
	struct script script;

	(void)state;
	script_start(&script, answer, 3); /* accepts one connection only */
	for (int i = 1; i <= 3; i++) {
		struct err err = { 0 };
		struct str body;
		int status;

		if (!http_client_fetch(client,
				       &(struct http_call){ .method = "POST",
							    .url = url_of(script.port, "/"),
							    .body = STR("x") },
				       &arena, &status, &body, &err))
			fail_msg("%s", err.msg);
		assert_int_equal(status, 200);
		assert_int_equal(body.p[0], '0' + i);
	}
	script_end(&script);
}

static void echo(void *ctx, struct http_exchange *exchange)
{
	(void)ctx;
	http_reply(exchange, 200, NULL, 0, http_exchange_request(exchange)->body);
}

struct chain {
	int port, left;
	size_t done;
};

/* Starts the next call from within done. */
static void chain_done(void *arg, const struct http_answer *answer)
{
	struct chain *chain = arg;
	struct err err;

	assert_true(answer->ok);
	assert_str(answer->body, "payload");
	chain->done++;
	if (chain->left-- > 0)
		assert_true(http_client_start(client,
					      &(struct http_call){ .method = "POST",
								   .body = STR("payload"),
								   .url = url_of(chain->port, "/") },
					      chain_done, chain, &err));
}

static void test_many_at_once(void **state)
{
	struct http_server_config config = { .listen = "127.0.0.1:0", .body_bytes_max = 100, .handle = echo };
	struct chain chain = { .left = 900 };
	struct http_server *server;
	struct err err;

	(void)state;
	assert_true(http_server_start(&config, &server, &err));
	chain.port = http_server_port(server);
	for (int i = 0; i < 100; i++)
		assert_true(http_client_start(client,
					      &(struct http_call){ .method = "POST",
								   .body = STR("payload"),
								   .url = url_of(chain.port, "/") },
					      chain_done, &chain, &err));
	for (int i = 0; i < 10000 && http_client_run(client, 1000) > 0; i++)
		;
	assert_int_equal(chain.done, 1000);
	http_server_stop(server);
}

static void *wake_up(void *arg)
{
	http_client_wakeup(arg);
	return NULL;
}

static void test_wakeup(void **state)
{
	int64_t start_ms = clock_mono_ms(clock_system());
	pthread_t thread;

	(void)state;
	assert_int_equal(http_client_run(client, 10), 0);
	assert_true(clock_mono_ms(clock_system()) - start_ms >= 9); /* waits without calls, too */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(pthread_create(&thread, NULL, wake_up, client), 0);
		assert_int_equal(http_client_run(client, 60000), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
	assert_true(clock_mono_ms(clock_system()) - start_ms < 30000);
}

static void test_free_gives_up(void **state)
{
	static const struct str answer[] = { STR_INIT("") };
	struct script script;
	struct kept kept = { 0 };
	struct err err;

	(void)state;
	script_start(&script, answer, 1);
	assert_true(http_client_start(client,
				      &(struct http_call){ .method = "GET", .url = url_of(script.port, "/") },
				      keep, &kept, &err));
	assert_true(http_client_start(client,
				      &(struct http_call){ .method = "GET", .url = url_of(script.port, "/") },
				      keep, &kept, &err));
	assert_int_equal(http_client_run(client, 20), 2);
	http_client_free(client);
	client = NULL;
	assert_int_equal(kept.calls, 0);
	script_end(&script);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_request_bytes),
		TEST(test_large_body),
		TEST(test_refused_calls),
		TEST(test_answers),
		TEST(test_answer_headers),
		TEST(test_nobody_listens),
		TEST(test_no_tls),
		TEST(test_silence),
		TEST(test_closed_after_request),
		TEST(test_connection_is_kept),
		TEST(test_many_at_once),
		TEST(test_wakeup),
		TEST(test_free_gives_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
