/*
 * HTTP around the sandbox.
 *
 * Does:    hands each request to sandbox_handle on the server's thread; answers at once, or later through
 *          the delay's thread when the answer is to be held back.
 * Keeps:   only the server's thread touches the sandbox; an exchange waits in one place and is answered
 *          once.
 * Threads: the server's, and the delay's, which only sends.
 */
#include "sandbox/listen.h"

#include "base/alloc.h"
#include "net/http_server.h"
#include "sandbox/call.h"
#include "sandbox/delay.h"

#include <assert.h>
#include <stdatomic.h>

/* 5 MB; the smaller reading of MB, so that what passes here passes there. */
#define BODY_BYTES_MAX 5000000
/* Bodies up to this are read to their end, so that the client gets to read the 413. */
#define BODY_BYTES_READ 20000000
#define CONNECTIONS_MAX 16384
/* How long a client that is to get no answer keeps its connection. */
#define HANG_MS 120000

struct listener {
	struct sandbox *sandbox;
	struct http_server *server;
	struct delay *delay;
	atomic_bool stopping;
};

/* An answer on its way; lives in the arena of its exchange. */
struct outgoing {
	struct http_exchange *exchange;
	struct reply reply;
};

static void send_reply(void *arg)
{
	const struct outgoing *outgoing = arg;
	const struct reply *reply = &outgoing->reply;
	struct http_header header[REPLY_HEADERS_MAX + 1];
	size_t n = 0;

	if (reply->drop != DROP_NONE) {
		http_drop(outgoing->exchange);
		return;
	}
	for (; n < reply->n_headers; n++)
		header[n] = (struct http_header){ str_from(reply->header[n].name), reply->header[n].value };
	if (reply->content_type)
		header[n++] = (struct http_header){ STR("Content-Type"), str_from(reply->content_type) };
	http_reply(outgoing->exchange, reply->status, header, n, reply->body);
}

static void read_request(struct http_exchange *exchange, struct request *out)
{
	const struct http_request *in = http_exchange_request(exchange);

	*out = (struct request){
		.method = in->method,
		.path = in->path,
		.query = in->query,
		.body = in->body,
		.body_too_large = in->body_too_large || in->body.len > BODY_BYTES_MAX,
		.body_broken = in->body_broken,
		.authorization = http_exchange_header(exchange, "Authorization"),
		.revision = http_exchange_header(exchange, "revision"),
		.content_type = http_exchange_header(exchange, "Content-Type"),
		.content_encoding = http_exchange_header(exchange, "Content-Encoding"),
		.host = http_exchange_header(exchange, "Host"),
		.fall_forward_opt_out =
			http_exchange_header(exchange, "X-Klaviyo-Revision-Fall-Forward-Opt-Out"),
	};
}

static void handle(void *ctx, struct http_exchange *exchange)
{
	struct listener *listener = ctx;
	struct outgoing *outgoing = ARENA_NEW(http_exchange_arena(exchange), struct outgoing);
	struct request request;
	int64_t wait_ms;

	read_request(exchange, &request);
	outgoing->exchange = exchange;
	sandbox_handle(listener->sandbox, &request, http_exchange_arena(exchange), &outgoing->reply);
	wait_ms = outgoing->reply.drop == DROP_HANG ? HANG_MS : outgoing->reply.delay_ms;
	if (wait_ms > 0 && !atomic_load(&listener->stopping))
		delay_add(listener->delay, wait_ms, send_reply, outgoing);
	else
		send_reply(outgoing);
}

bool listener_start(struct sandbox *sandbox, const char *address, struct listener **out, struct err *err)
{
	struct listener *listener = mem_zalloc(1, sizeof(*listener));
	const struct http_server_config config = {
		.listen = address, .body_bytes_max = BODY_BYTES_READ, .connections_max = CONNECTIONS_MAX,
		.idle_timeout_s = 300, .ctx = listener, .handle = handle,
	};

	listener->sandbox = sandbox;
	listener->delay = delay_new(sandbox->clock);
	if (!http_server_start(&config, &listener->server, err)) {
		delay_free(listener->delay);
		mem_free(listener);
		return false;
	}
	*out = listener;
	return true;
}

int listener_port(const struct listener *listener)
{
	return http_server_port(listener->server);
}

void listener_stop(struct listener *listener)
{
	if (!listener)
		return;
	atomic_store(&listener->stopping, true);
	/*
	 * First the server: no handler runs any more; what it answered with 503 is let go by its late
	 * http_reply.
	 */
	http_server_stop(listener->server);
	delay_free(listener->delay);
	mem_free(listener);
}
