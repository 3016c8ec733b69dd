/*
 * Fuzzer: any bytes sent to the HTTP server, as one or more requests. The server must not wait for more than
 * will come, and answers a good request afterwards; paths, queries and cookies are read as handlers do.
 */
#include "net/http_server.h"
#include "net/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WAIT_S	   10
#define BODY_MAX   4096
#define INPUT_MAX  65536
#define REQUEST_MS 400

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void handle(void *ctx, struct http_exchange *exchange)
{
	const struct http_request *request = http_exchange_request(exchange);
	struct arena *arena = http_exchange_arena(exchange);
	struct str out;

	(void)ctx;
	must(request->body.len <= BODY_MAX);
	(void)url_decode(request->path, arena, &out);
	(void)url_query(request->query, "q", arena, &out);
	http_reply(exchange, request->body_broken ? 400 : 200, NULL, 0,
		   http_exchange_header(exchange, "Cookie"));
}

/* One for all inputs; a sanitizer's leak check finds it reachable. */
static int port_of_server(void)
{
	static struct http_server *server;
	struct http_server_config config = {
		.listen = "127.0.0.1:0",
		.body_bytes_max = BODY_MAX,
		.request_timeout_ms = REQUEST_MS,
		.handle = handle,
	};
	struct err err;

	if (!server)
		must(http_server_start(&config, &server, &err));
	return http_server_port(server);
}

/* Sends all and reads until the server closes. How much it answered; the first bytes in *head. */
static size_t converse(const void *data, size_t size, char head[static 13])
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port_of_server()) };
	struct timeval wait = { .tv_sec = WAIT_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char buffer[4096];
	size_t total = 0;
	ssize_t n;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memset(head, 0, 13);
	must(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
	must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0);
	(void)send(fd, data, size, MSG_NOSIGNAL); /* it may close before all has come */
	(void)shutdown(fd, SHUT_WR);
	while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
		if (total == 0)
			memcpy(head, buffer, n < 12 ? (size_t)n : 12);
		total += (size_t)n;
	}
	(void)close(fd);
	return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char good[] = "GET /a?q=1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
	char head[13];

	(void)converse(data, size < INPUT_MAX ? size : INPUT_MAX, head);
	must(converse(good, sizeof(good) - 1, head) > 0 && strcmp(head, "HTTP/1.1 200") == 0);
	return 0;
}
