/*
 * HTTP request bodies: what the headers say about them, and their bytes up to the ceiling.
 *
 * Keeps:   a request whose length two readers could understand differently (RFC 9112, section 6.3: two
 *          lengths, a length and a transfer coding, a coding that is not chunked) is marked as broken: its
 *          body is not read, it gets 400 at best whatever the handler says, and its connection is closed.
 * Threads: the server's.
 */
#include "net/http_server_internal.h"

#include <string.h>

/*
 * A body that nobody wants (too large, or in pieces and refused) is read and dropped up to so many bytes, so
 * that the peer gets to read the answer: closing a socket with unread data resets the connection. It is not
 * read when it announces more, or when the peer waits for "100 Continue".
 */
#define DISCARD_BYTES_MAX ((size_t)4 * 1024 * 1024)
/* A buffer for a body is not made larger than this on the word of its Content-Length alone. */
#define BODY_CAPACITY_TRUSTED ((size_t)64 * 1024)
#define BODY_CAPACITY_MIN     ((size_t)2048)
/* A piece of a streamed body is handed on from so many bytes on; MHD brings less than the rest at once. */
#define PIECE_BYTES    ((size_t)128 * 1024)
#define PIECE_CAPACITY (PIECE_BYTES + (size_t)32 * 1024)

/* What the headers say about the body. */
struct framing {
	unsigned lengths, codings;
	bool chunked, expects, encoded;
	int64_t length_bytes;
};

static enum MHD_Result look_at_header(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_len,
				      const char *value, size_t value_len)
{
	struct framing *framing = arg;
	struct str header = str_of(name, name_len);

	(void)kind;
	if (str_eq_nocase(header, STR("content-length"))) {
		framing->lengths++;
		if (!str_to_int64(str_of(value, value_len), &framing->length_bytes))
			framing->length_bytes = INT64_MAX;
	} else if (str_eq_nocase(header, STR("transfer-encoding"))) {
		framing->codings++;
		framing->chunked = str_eq_nocase(str_of(value, value_len), STR("chunked"));
	} else if (str_eq_nocase(header, STR("content-encoding"))) {
		framing->encoded = !str_eq_nocase(str_of(value, value_len), STR("identity"));
	} else if (str_eq_nocase(header, STR("expect"))) {
		framing->expects = true;
	}
	return MHD_YES;
}

static size_t body_ceiling(const struct http_server *server, const struct http_request *request)
{
	const struct http_server_config *config = &server->config;
	size_t ceiling = config->body_bytes_max;

	if (config->body_max) {
		size_t own = config->body_max(config->ctx, request->method, request->path);

		ceiling = own < ceiling ? own : ceiling;
	}
	return ceiling;
}

static bool is_streamed(const struct http_server *server, const struct http_request *request)
{
	const struct http_server_config *config = &server->config;

	return config->streams && !request->body_broken &&
	       config->streams(config->ctx, request->method, request->path);
}

void exchange_begin(struct http_exchange *exchange, const char *method)
{
	struct framing framing = { 0 };
	size_t length_bytes;
	bool unread;

	exchange->begun = true;
	exchange->server->active = true;
	(void)MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, look_at_header, &framing);
	exchange_find_peer(exchange);
	exchange->request.method = arena_dup(&exchange->arena, str_from(method));
	exchange->request.body_encoded = framing.encoded;
	exchange->request.body_length = framing.codings ? -1 : framing.length_bytes;
	exchange->request.body_broken =
		framing.lengths + framing.codings > 1 || (framing.codings && !framing.chunked);
	length_bytes = (size_t)framing.length_bytes;
	unread = framing.expects || length_bytes > DISCARD_BYTES_MAX;
	exchange->streamed = is_streamed(exchange->server, &exchange->request);
	if (exchange->streamed) {
		exchange->request.body_more = true;
		exchange->early = unread;
		return;
	}
	exchange->body_ceiling = body_ceiling(exchange->server, &exchange->request);
	exchange->request.body_too_large = !framing.codings && length_bytes > exchange->body_ceiling;
	exchange->early = exchange->request.body_broken || (exchange->request.body_too_large && unread);
	if (!exchange->request.body_too_large)
		exchange->body_expected = length_bytes;
}

/* Room for bytes more of the body. The old buffer stays in the arena: at most as much again. */
static void grow_body(struct http_exchange *exchange, size_t bytes)
{
	size_t need = exchange->body_bytes + bytes, capacity = exchange->body_capacity * 2;
	char *larger;

	if (exchange->body_capacity == 0)
		capacity = exchange->body_expected < BODY_CAPACITY_TRUSTED ? exchange->body_expected
									   : BODY_CAPACITY_TRUSTED;
	if (capacity < BODY_CAPACITY_MIN)
		capacity = BODY_CAPACITY_MIN;
	if (capacity < need)
		capacity = need;
	larger = arena_alloc(&exchange->arena, capacity);
	if (exchange->body_bytes)
		memcpy(larger, exchange->body, exchange->body_bytes);
	exchange->body = larger;
	exchange->body_capacity = capacity;
}

enum MHD_Result exchange_take_body(struct http_exchange *exchange, const char *data, size_t bytes)
{
	if (!exchange->request.body_too_large && bytes > exchange->body_ceiling - exchange->body_bytes) {
		exchange->request.body_too_large = true;
		exchange->discarded_bytes = exchange->body_bytes;
		exchange->body_bytes = 0;
	}
	if (exchange->request.body_too_large) {
		exchange->discarded_bytes += bytes;
		return exchange->discarded_bytes > DISCARD_BYTES_MAX ? MHD_NO : MHD_YES;
	}
	if (bytes > exchange->body_capacity - exchange->body_bytes)
		grow_body(exchange, bytes);
	memcpy(exchange->body + exchange->body_bytes, data, bytes);
	exchange->body_bytes += bytes;
	return MHD_YES;
}

enum MHD_Result exchange_gather(struct http_exchange *exchange, const char *data, size_t bytes, bool *full)
{
	if (bytes > PIECE_CAPACITY - exchange->body_bytes)
		return MHD_NO; /* more at once than a connection has memory for */
	if (exchange->body_capacity == 0) {
		exchange->body = arena_alloc(&exchange->arena, PIECE_CAPACITY);
		exchange->body_capacity = PIECE_CAPACITY;
	}
	memcpy(exchange->body + exchange->body_bytes, data, bytes);
	exchange->body_bytes += bytes;
	*full = exchange->body_bytes >= PIECE_BYTES;
	return MHD_YES;
}
