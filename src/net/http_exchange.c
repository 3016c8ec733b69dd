/*
 * HTTP exchanges: one request, from its first line to its answer.
 *
 * Does:    keep method, path and body where a handler can read them from any thread; keep the connection
 *          waiting until somebody replies.
 * Doesn't: parse HTTP (libmicrohttpd does), collect bodies (http_body.c).
 * Keeps:   the state machine of http_server_internal.h.
 * Threads: everything on the server's thread but http_reply and http_drop, which may be on any.
 */
#include "net/http_server_internal.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <assert.h>
#include <string.h>

/*
 * How many exchanges MHD asks for their answers every round, and how many rounds, before they are suspended.
 */
#define POLLED_MAX 512
#define ASKED_MAX  64

/* ---- opening and closing ---- */

static struct http_exchange *take_exchange(struct http_server *server)
{
	struct http_exchange *exchange = server->unused;
	struct arena arena;

	if (!exchange) {
		exchange = mem_zalloc(1, sizeof(*exchange));
		return exchange;
	}
	server->unused = exchange->older;
	arena = exchange->arena;
	memset(exchange, 0, sizeof(*exchange)); /* READING is 0 */
	exchange->arena = arena;
	return exchange;
}

static void put_exchange(struct http_server *server, struct http_exchange *exchange)
{
	if (exchange->response)
		MHD_destroy_response(exchange->response); /* the peer left before it was sent */
	arena_reset(&exchange->arena);
	exchange->older = server->unused;
	server->unused = exchange;
}

void exchange_free(struct http_exchange *exchange)
{
	arena_release(&exchange->arena);
	mem_free(exchange);
}

/*
 * Path and query of a request target: "/path?query", or the same behind "http://host" (RFC 9112, section
 * 3.2).
 */
static void split_target(struct str target, struct str *path, struct str *query)
{
	size_t end;

	if (str_starts(target, STR("http://")) || str_starts(target, STR("https://"))) {
		target = str_skip(target, str_find_char(target, ':') + 3);
		target = str_skip(target, str_find_char(target, '/'));
	}
	end = str_find_char(target, '?');
	*path = str_of(target.p, end);
	*query = str_skip(target, end + 1);
}

void *exchange_open(void *arg, const char *uri, struct MHD_Connection *connection)
{
	struct http_server *server = arg;
	struct http_exchange *exchange = take_exchange(server);
	struct str target = arena_dup(&exchange->arena, str_from(uri));

	exchange->server = server;
	exchange->connection = connection;
	split_target(target, &exchange->request.path, &exchange->request.query);
	exchange->older = server->open;
	if (server->open)
		server->open->newer = exchange;
	server->open = exchange;
	exchange_connection(exchange)->waits_since_ms = clock_mono_ms(clock_system());
	return exchange;
}

static void remove_open(struct http_server *server, struct http_exchange *exchange)
{
	if (exchange->newer)
		exchange->newer->older = exchange->older;
	else
		server->open = exchange->older;
	if (exchange->older)
		exchange->older->newer = exchange->newer;
}

static bool move(struct http_exchange *exchange, enum exchange_state from, enum exchange_state to)
{
	return atomic_compare_exchange_strong(&exchange->state, &from, to);
}

static void stop_polling(struct http_exchange *exchange)
{
	if (exchange->polled)
		exchange->server->n_polled--;
	exchange->polled = false;
}

/* True if somebody else still has the exchange, who will see to the rest. */
static bool leave_to_others(struct http_server *server, struct http_exchange *exchange)
{
	if (exchange->stopped)
		return move(exchange, EXCHANGE_STOPPED, EXCHANGE_GONE);
	if (move(exchange, EXCHANGE_PENDING, EXCHANGE_GONE)) {
		server->n_pending--;
		return true;
	}
	exchange->closed = (atomic_load(&exchange->state) == EXCHANGE_REPLIED && !exchange->taken) ||
			   atomic_load(&exchange->state) == EXCHANGE_READ_ON;
	return exchange->closed;
}

/* The handler of a body in pieces waits for the next one, which will not come. */
static void tell_lost(struct http_exchange *exchange)
{
	if (exchange->reading && atomic_load(&exchange->state) == EXCHANGE_READING)
		exchange->stream.lost(exchange->stream.ctx);
}

void exchange_close(void *arg, struct MHD_Connection *connection, void **context,
		    enum MHD_RequestTerminationCode reason)
{
	struct http_server *server = arg;
	struct http_exchange *exchange = *context;

	(void)connection;
	(void)reason;
	if (!exchange)
		return;
	*context = NULL;
	server->active = true;
	exchange_connection(exchange)->waits_since_ms = clock_mono_ms(clock_system());
	remove_open(server, exchange);
	stop_polling(exchange);
	if (leave_to_others(server, exchange))
		return;
	tell_lost(exchange);
	put_exchange(server, exchange);
}

/* The next piece is asked for, or the answer to a body that is not whole is there: the rest is dropped. */
static void take_piece_back(struct http_exchange *exchange)
{
	exchange->body_bytes = 0;
	if (atomic_load(&exchange->state) == EXCHANGE_READ_ON) {
		exchange->reading = true;
		atomic_store(&exchange->state, EXCHANGE_READING);
		if (exchange->closed)
			return;
		exchange_connection(exchange)->waits_since_ms = clock_mono_ms(clock_system());
	} else {
		exchange->taken = true;
		exchange->request.body_too_large = true;
	}
}

void exchange_take_back(struct http_exchange *exchange)
{
	exchange->server->n_pending--;
	if (exchange->closed) {
		if (exchange->streamed)
			take_piece_back(exchange);
		tell_lost(exchange);
		put_exchange(exchange->server, exchange);
		return;
	}
	if (exchange->streamed)
		take_piece_back(exchange);
	else
		exchange->taken = true;
	stop_polling(exchange);
	if (exchange->suspended)
		MHD_resume_connection(exchange->connection);
	exchange->suspended = false;
}

void exchange_stop(struct http_exchange *exchange)
{
	if (!move(exchange, EXCHANGE_PENDING, EXCHANGE_STOPPED))
		return;
	exchange->server->n_pending--;
	exchange->stopped = true;
	stop_polling(exchange);
	if (exchange->suspended)
		MHD_resume_connection(exchange->connection);
}

struct http_connection *exchange_connection(const struct http_exchange *exchange)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	assert(info && info->socket_context); /* connection_notify came first */
	return info->socket_context;
}

/* ---- the answer ---- */

static void add_header(struct MHD_Response *response, struct arena *arena, struct str name, struct str value)
{
	/* MHD refuses a value with a line break in it; then the answer goes without. */
	(void)MHD_add_response_header(response, arena_cstr(arena, name), arena_cstr(arena, value));
}

static void add_headers(struct MHD_Response *response, struct arena *arena, const struct http_header *header,
			size_t n, bool typed)
{
	for (size_t i = 0; i < n; i++) {
		typed |= str_eq_nocase(header[i].name, STR("content-type"));
		add_header(response, arena, header[i].name, header[i].value);
	}
	if (!typed)
		add_header(response, arena, STR("Content-Type"), STR("text/plain; charset=utf-8"));
}

static struct MHD_Response *response_new(struct arena *arena, const struct http_header *header, size_t n,
					 struct str body)
{
	struct MHD_Response *response;

	response = MHD_create_response_from_buffer(body.len, (void *)(uintptr_t)body.p,
						   body.len ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);
	assert(response); /* only memory can be missing */
	add_headers(response, arena, header, n, body.len == 0);
	return response;
}

static enum MHD_Result queue(struct http_exchange *exchange, unsigned status, struct MHD_Response *response)
{
	enum MHD_Result queued = MHD_queue_response(exchange->connection, status, response);

	exchange->server->active = true;
	MHD_destroy_response(response); /* MHD has its own reference */
	return queued;
}

static enum MHD_Result send_reply(struct http_exchange *exchange)
{
	struct MHD_Response *response = exchange->response;

	if (exchange->dropped)
		return MHD_NO;
	exchange->response = NULL;
	return queue(exchange, exchange->status, response);
}

/* The handler may still be writing to the exchange: only the connection is touched. */
static enum MHD_Result send_stopping(struct http_exchange *exchange)
{
	const struct http_header header[] = {
		{ STR("Content-Type"), STR("text/plain; charset=utf-8") },
		{ STR("Retry-After"), STR("1") },
		{ STR("Connection"), STR("close") },
	};
	struct MHD_Response *response;
	struct arena arena;

	arena_init(&arena);
	response = response_new(&arena, header, sizeof(header) / sizeof(header[0]), STR("stopping\n"));
	arena_release(&arena);
	return queue(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, response);
}

/*
 * No answer yet. MHD asks again in its next round, which is cheaper than to suspend the connection (that
 * takes it out of epoll, puts it back and reads once in vain: three system calls), if it is not for long and
 * not for many.
 */
static enum MHD_Result answer_later(struct http_exchange *exchange)
{
	struct http_server *server = exchange->server;

	/* MHD may ask once more in the round in which it was suspended; twice would upset its list. */
	if (exchange->suspended)
		return MHD_YES;
	if (exchange->asked == 0 && !exchange->early && !exchange->streamed &&
	    server->n_polled < POLLED_MAX) {
		exchange->polled = true;
		server->n_polled++;
	}
	if (exchange->polled && exchange->asked++ < ASKED_MAX)
		return MHD_YES;
	stop_polling(exchange);
	exchange->suspended = true;
	MHD_suspend_connection(exchange->connection);
	return MHD_YES;
}

/* Refused in the middle of its body, or before it and it is not long: the rest of it is dropped first. */
static bool drops_rest(const struct http_exchange *exchange)
{
	return exchange->request.body_more && (exchange->reading || !exchange->early);
}

/* What a handler that answered at once has left to do. */
static enum MHD_Result take_back_now(struct http_exchange *exchange)
{
	exchange_take_back(exchange);
	exchange->open_body = true;
	return exchange->taken && !drops_rest(exchange) ? send_reply(exchange) : MHD_YES;
}

/* The request is whole, or a piece of it is. */
static enum MHD_Result handle(struct http_exchange *exchange)
{
	struct http_server *server = exchange->server;

	server->active = true;
	if (server->draining)
		return exchange->reading ? MHD_NO : send_stopping(exchange);
	exchange->request.body = str_of(exchange->body, exchange->body_bytes);
	exchange_connection(exchange)->waits_since_ms = INT64_MAX;
	atomic_store(&exchange->state, EXCHANGE_PENDING);
	server->n_pending++;
	server->handling = exchange;
	if (exchange->reading)
		exchange->stream.piece(exchange->stream.ctx, exchange);
	else
		server->config.handle(server->config.ctx, exchange);
	if (!server->handling)
		return take_back_now(exchange);
	server->handling = NULL;
	return answer_later(exchange);
}

/* MHD asks for an answer: the request is whole, or it asks again, or its connection was resumed. */
static enum MHD_Result answer(struct http_exchange *exchange)
{
	if (exchange->taken && !exchange->open_body && drops_rest(exchange)) {
		exchange->open_body = true;
		return MHD_YES;
	}
	if (exchange->taken)
		return send_reply(exchange);
	if (exchange->stopped)
		return send_stopping(exchange);
	if (atomic_load(&exchange->state) == EXCHANGE_READING)
		return handle(exchange);
	return answer_later(exchange);
}

/* A body in pieces: MHD has some of it, or its end, or asks whether it may go on behind the headers. */
static enum MHD_Result advance_stream(struct http_exchange *exchange, const char *data, size_t *data_bytes)
{
	enum MHD_Result result;
	bool full = false;

	if (atomic_load(&exchange->state) != EXCHANGE_READING)
		return answer_later(exchange);
	if (*data_bytes == 0 && !exchange->open_body) {
		exchange->open_body = true;
		return MHD_YES;
	}
	if (*data_bytes == 0) {
		exchange->request.body_more = false;
		return handle(exchange);
	}
	exchange->server->active = true;
	result = exchange_gather(exchange, data, *data_bytes, &full);
	*data_bytes = 0;
	return result == MHD_YES && full ? handle(exchange) : result;
}

enum MHD_Result exchange_advance(void *server, struct MHD_Connection *connection, const char *url,
				 const char *method, const char *version, const char *data,
				 size_t *data_bytes, void **context)
{
	struct http_exchange *exchange = *context;
	enum MHD_Result result;

	(void)server;
	(void)connection;
	(void)url;
	(void)version;
	if (!exchange->begun) {
		exchange_begin(exchange, method);
		return exchange->early || exchange->streamed ? answer(exchange) : MHD_YES;
	}
	if (exchange->stopped && exchange->reading && exchange->request.body_more)
		return MHD_NO;
	if (exchange->streamed && !exchange->taken && !exchange->stopped)
		return advance_stream(exchange, data, data_bytes);
	if (*data_bytes == 0)
		return answer(exchange);
	exchange->server->active = true;
	result = exchange_take_body(exchange, data, *data_bytes);
	*data_bytes = 0;
	return result;
}

/* ---- for handlers ---- */

const struct http_request *http_exchange_request(const struct http_exchange *exchange)
{
	return &exchange->request;
}

struct str http_exchange_header(const struct http_exchange *exchange, const char *name)
{
	const char *value = NULL;
	size_t len = 0;

	(void)MHD_lookup_connection_value_n(exchange->connection, MHD_HEADER_KIND, name, strlen(name), &value,
					    &len);
	return str_trim(str_of(value ? value : "", value ? len : 0));
}

struct arena *http_exchange_arena(struct http_exchange *exchange)
{
	return &exchange->arena;
}

/* The server has stopped and answered for the handler, or the peer has left. */
static void end_late(struct http_exchange *exchange)
{
	if (move(exchange, EXCHANGE_STOPPED, EXCHANGE_REPLIED))
		return;
	assert(atomic_load(&exchange->state) == EXCHANGE_GONE); /* else replied twice */
	exchange_free(exchange);
}

/* Ends the handler's part: with a response, or without (the connection is dropped). */
static void finish(struct http_exchange *exchange, unsigned status, struct MHD_Response *response)
{
	if (move(exchange, EXCHANGE_PENDING, EXCHANGE_REPLIED)) {
		exchange->status = status;
		exchange->response = response;
		exchange->dropped = !response;
		server_take_reply(exchange);
		return;
	}
	if (response)
		MHD_destroy_response(response);
	end_late(exchange);
}

void http_reply(struct http_exchange *exchange, int status, const struct http_header *header, size_t n,
		struct str body)
{
	assert(status >= 200 && status <= 599);
	if (exchange->request.body_broken && status < 400)
		status = MHD_HTTP_BAD_REQUEST;
	finish(exchange, (unsigned)status, response_new(&exchange->arena, header, n, body));
}

void http_reply_file(struct http_exchange *exchange, int status, const struct http_header *header, size_t n,
		     int fd, int64_t bytes)
{
	struct MHD_Response *response = MHD_create_response_from_fd64((uint64_t)bytes, fd);

	assert(response && status >= 200 && status <= 599); /* only memory can be missing */
	add_headers(response, &exchange->arena, header, n, false);
	finish(exchange, (unsigned)status, response);
}

bool http_read_on(struct http_exchange *exchange, const struct http_stream *stream)
{
	assert(exchange->request.body_more);
	exchange->stream = *stream;
	if (move(exchange, EXCHANGE_PENDING, EXCHANGE_READ_ON)) {
		server_take_reply(exchange);
		return true;
	}
	end_late(exchange);
	return false;
}

void http_drop(struct http_exchange *exchange)
{
	finish(exchange, 0, NULL);
}
