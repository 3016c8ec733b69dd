/*
 * The HTTP server of Pannier answering every request with 200 and storing nothing: what the server alone
 * costs.
 *
 *   bench-answer-only ADDR:PORT
 */
#include "net/http_server.h"

#include <signal.h>
#include <stdio.h>

static void answer(void *ctx, struct http_exchange *exchange)
{
	(void)ctx;
	http_reply(exchange, 200, NULL, 0, STR("ok\n"));
}

int main(int argc, char **argv)
{
	struct http_server_config config = { .body_bytes_max = 1 << 20, .handle = answer };
	struct http_server *server;
	struct err err = { 0 };
	sigset_t signals;
	int got;

	if (argc != 2) {
		fprintf(stderr, "usage: bench-answer-only ADDR:PORT\n");
		return 2;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	config.listen = argv[1];
	if (!http_server_start(&config, &server, &err)) {
		fprintf(stderr, "cannot start\n");
		return 1;
	}
	sigwait(&signals, &got);
	http_server_stop(server);
	return 0;
}
