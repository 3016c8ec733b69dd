/*
 * Load: prepared, signed webhooks sent over keep-alive connections as fast as the other side answers.
 *
 * Does:    closed loop, one request under way per connection; latency of each request in microseconds.
 * Doesn't: pipeline, reconnect, or parse more of an answer than status and length.
 * Threads: one.
 */
#define _GNU_SOURCE
#include "load.h"

#include "base/arena.h"
#include "base/digest.h"
#include "bench_proc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX 4096
#define BODIES		 512

struct connection {
	int fd;
	int64_t sent_at_us;
	char *request;
	size_t request_len;
	size_t request_sent;
	char answer[ANSWER_BYTES_MAX];
	size_t answer_len;
};

struct load {
	const struct load_plan *plan;
	struct connection *connection;
	int epoll;
	char head[256];
	size_t head_len;
	size_t next; /* message of the pool */
	size_t under_way;
	int64_t end_us;
	uint32_t *latency_us;
	size_t n_latency;
	struct load_result result;
};

/* ---- messages ----------------------------------------------------------------------------------- */

/* One product of body_len bytes; its description is as long as it takes. */
static char *product_body(size_t i, size_t body_len, const char *type)
{
	char *text = malloc(body_len + 1);
	int len = snprintf(
		text, body_len + 1,
		"{\"type\":\"%s\",\"timestamp\":\"2026-07-30T10:11:12Z\",\"data\":{"
		"\"product_id\":\"bench-%zu\",\"sku\":\"SKU-%zu\",\"title\":\"Wool socks, pattern %zu\","
		"\"url\":\"https://shop.example/p/%zu\",\"price\":\"%zu.90\",\"currency\":\"SEK\","
		"\"published\":true,\"stock\":%zu,\"description\":\"",
		type, i, i, i, i, 10 + i % 90, i % 50);
	const char *end = "\"}}";

	if (len < 0 || (size_t)len + strlen(end) > body_len)
		bench_die("a body of %zu bytes is too short", body_len);
	for (size_t at = (size_t)len; at < body_len - strlen(end); at++)
		text[at] = "warm and soft "[at % 14];
	memcpy(text + body_len - strlen(end), end, strlen(end) + 1);
	return text;
}

static void sign(struct load_pool *pool, struct load_message *message, size_t i, struct str key,
		 struct arena *arena)
{
	static uint64_t serial;
	char id[48];
	char now[24];
	unsigned char digest[SHA256_BYTES];
	struct str encoded;

	message->body = (uint16_t)(i % pool->n_body);
	snprintf(id, sizeof(id), "msg_%lx_%lx", (unsigned long)getpid(), (unsigned long)++serial);
	snprintf(now, sizeof(now), "%lld", (long long)time(NULL));
	const struct str part[] = {
		str_from(id),
		STR("."),
		str_from(now),
		STR("."),
		str_of(pool->body[message->body], pool->body_len),
	};
	digest_hmac_sha256(key, part, ARRAY_LEN(part), digest);
	encoded = base64_encode(arena, digest, sizeof(digest));
	message->header_len = (uint16_t)snprintf(
		message->header, sizeof(message->header),
		"webhook-id: %s\r\nwebhook-timestamp: %s\r\nwebhook-signature: v1,%.*s\r\n", id, now,
		STR_ARG(encoded));
}

void load_pool_renew(struct load_pool *pool, const char *secret)
{
	struct arena arena;
	struct str key;

	arena_init(&arena);
	if (!base64_decode(&arena, str_skip(str_from(secret), strlen("whsec_")), &key))
		bench_die("the secret is not whsec_ and base64");
	for (size_t i = 0; i < pool->n; i++)
		sign(pool, &pool->message[i], i, key, &arena);
	arena_release(&arena);
}

struct load_pool *load_pool_new(size_t n, size_t body_len, const char *type, const char *secret)
{
	struct load_pool *pool = calloc(1, sizeof(*pool));

	pool->n = n;
	pool->message = calloc(n, sizeof(*pool->message));
	pool->n_body = BODIES;
	pool->body_len = body_len;
	pool->body = calloc(BODIES, sizeof(*pool->body));
	for (size_t i = 0; i < pool->n_body; i++)
		pool->body[i] = product_body(i, body_len, type);
	load_pool_renew(pool, secret);
	return pool;
}

void load_pool_free(struct load_pool *pool)
{
	for (size_t i = 0; i < pool->n_body; i++)
		free(pool->body[i]);
	free(pool->body);
	free(pool->message);
	free(pool);
}

/* ---- connections -------------------------------------------------------------------------------- */

static void push(struct load *load, struct connection *connection)
{
	while (connection->request_sent < connection->request_len) {
		ssize_t sent = send(connection->fd, connection->request + connection->request_sent,
				    connection->request_len - connection->request_sent, MSG_NOSIGNAL);

		if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
			struct epoll_event event = { .events = EPOLLIN | EPOLLOUT, .data.ptr = connection };

			epoll_ctl(load->epoll, EPOLL_CTL_MOD, connection->fd, &event);
			return;
		}
		if (sent <= 0)
			bench_die("a connection broke while sending: %s", strerror(errno));
		connection->request_sent += (size_t)sent;
	}
}

/* Puts the next request on the connection, if there is time and there are messages left. */
static void send_next(struct load *load, struct connection *connection)
{
	const struct load_pool *pool = load->plan->pool;
	const struct load_message *message;
	char *to = connection->request;

	if (load->next >= pool->n || bench_now_us() >= load->end_us)
		return;
	message = &pool->message[load->next++];
	memcpy(to, load->head, load->head_len);
	to += load->head_len;
	memcpy(to, message->header, message->header_len);
	to += message->header_len;
	memcpy(to, "\r\n", 2);
	to += 2;
	memcpy(to, pool->body[message->body], pool->body_len);
	to += pool->body_len;
	connection->request_len = (size_t)(to - connection->request);
	connection->request_sent = 0;
	connection->answer_len = 0;
	connection->sent_at_us = bench_now_us();
	load->under_way++;
	push(load, connection);
}

/* Length of a whole answer at the start of the buffer, 0 while it is incomplete. */
static size_t answer_whole(const struct connection *connection)
{
	const char *end = memmem(connection->answer, connection->answer_len, "\r\n\r\n", 4);
	const char *length;
	size_t head_len;

	if (!end)
		return 0;
	head_len = (size_t)(end - connection->answer) + 4;
	length = strcasestr(connection->answer, "\ncontent-length:");
	if (length && length < end)
		head_len += strtoul(length + strlen("\ncontent-length:"), NULL, 10);
	return connection->answer_len >= head_len ? head_len : 0;
}

static void take_answer(struct load *load, struct connection *connection)
{
	int64_t latency_us = bench_now_us() - connection->sent_at_us;
	int status = atoi(connection->answer + strlen("HTTP/1.1 "));

	load->under_way--;
	if (load->n_latency < load->plan->pool->n)
		load->latency_us[load->n_latency++] = (uint32_t)latency_us;
	if (status >= 200 && status < 300) {
		load->result.n_ok++;
	} else {
		if (load->result.n_refused++ == 0)
			load->result.first_refused = status;
	}
	send_next(load, connection);
}

static void on_event(struct load *load, struct connection *connection, uint32_t events)
{
	ssize_t got;

	if (events & EPOLLOUT) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };

		epoll_ctl(load->epoll, EPOLL_CTL_MOD, connection->fd, &event);
		push(load, connection);
	}
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	got = recv(connection->fd, connection->answer + connection->answer_len,
		   ANSWER_BYTES_MAX - 1 - connection->answer_len, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0)
		bench_die("the server closed a connection after %zu answers", load->n_latency);
	connection->answer_len += (size_t)got;
	connection->answer[connection->answer_len] = '\0';
	if (answer_whole(connection))
		take_answer(load, connection);
}

static void connect_all(struct load *load)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)load->plan->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	for (int i = 0; i < load->plan->connections; i++) {
		struct connection *connection = &load->connection[i];
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
			bench_die("cannot connect: %s", strerror(errno));
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ .tv_sec = 10 },
			   sizeof(struct timeval));
		connection->fd = fd;
		connection->request = malloc(load->head_len + sizeof(((struct load_message *)0)->header) + 2 +
					     load->plan->pool->body_len);
		epoll_ctl(load->epoll, EPOLL_CTL_ADD, fd, &event);
	}
}

/* ---- the run ------------------------------------------------------------------------------------ */

static int compare_latency(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void summarise(struct load *load)
{
	struct load_result *result = &load->result;
	size_t n = load->n_latency;

	if (n == 0)
		bench_die("not one answer");
	qsort(load->latency_us, n, sizeof(*load->latency_us), compare_latency);
	result->p50_ms = load->latency_us[n / 2] / 1000.0;
	result->p99_ms = load->latency_us[n - 1 - n / 100] / 1000.0;
	result->max_ms = load->latency_us[n - 1] / 1000.0;
}

static double own_cpu_s(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void drive(struct load *load)
{
	struct epoll_event event[256];
	int64_t give_up_us = load->end_us + 30000000;

	while (load->under_way > 0) {
		int n = epoll_wait(load->epoll, event, (int)ARRAY_LEN(event), 1000);

		for (int i = 0; i < n; i++)
			on_event(load, event[i].data.ptr, event[i].events);
		if (bench_now_us() > give_up_us)
			bench_die("%zu requests got no answer within 30 s", load->under_way);
	}
}

struct load_result load_run(const struct load_plan *plan)
{
	struct load load = { .plan = plan };
	double cpu_s;
	int64_t start_us;

	load.head_len =
		(size_t)snprintf(load.head, sizeof(load.head),
				 "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
				 "Content-Length: %zu\r\n",
				 plan->path, plan->pool->body_len);
	load.connection = calloc((size_t)plan->connections, sizeof(*load.connection));
	load.latency_us = calloc(plan->pool->n, sizeof(*load.latency_us));
	load.epoll = epoll_create1(0);
	connect_all(&load);
	cpu_s = own_cpu_s();
	start_us = bench_now_us();
	load.end_us = start_us + plan->duration_us;
	for (int i = 0; i < plan->connections; i++)
		send_next(&load, &load.connection[i]);
	drive(&load);
	load.result.seconds = (double)(bench_now_us() - start_us) / 1e6;
	load.result.client_cpu_share = (own_cpu_s() - cpu_s) / load.result.seconds;
	summarise(&load);
	for (int i = 0; i < plan->connections; i++) {
		close(load.connection[i].fd);
		free(load.connection[i].request);
	}
	close(load.epoll);
	free(load.connection);
	free(load.latency_us);
	return load.result;
}
