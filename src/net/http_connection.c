/*
 * HTTP connections: who is at the other end, and how long they take.
 *
 * Keeps:   a peer that sends a byte now and then is not idle, but its request has to be whole in time all the
 *          same; a single address cannot take all connections there are. While a request is with its handler,
 *          or its answer under way, no time is counted (libmicrohttpd's idle time is).
 * Threads: the server's.
 */
#include "net/http_server_internal.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "net/address.h"

#include <limits.h>
#include <string.h>
#include <sys/socket.h>

#define REQUEST_TIMEOUT_MS MS_PER_MIN
#define PER_PUBLIC_ADDRESS ((size_t)256)
#define LOOK_MS		   1000

static size_t connections_allowed(const struct http_server *server, const struct sockaddr *address,
				  const char *remote)
{
	if (server->config.connections_per_address > 0)
		return server->config.connections_per_address;
	if (server->config.proxies && address_list_holds(server->config.proxies, str_from(remote)))
		return SIZE_MAX;
	return address && address_is_public(address) ? PER_PUBLIC_ADDRESS : SIZE_MAX;
}

static size_t count_of(const struct http_server *server, const char *remote)
{
	size_t n = 0;

	for (const struct http_connection *at = server->connection; at; at = at->older)
		n += strcmp(at->remote, remote) == 0;
	return n;
}

/* MHD closes it when it sees the end. */
static void hang_up(const struct http_connection *connection)
{
	if (connection->fd >= 0)
		(void)shutdown(connection->fd, SHUT_RDWR);
}

/* MHD 1.0 answers every question about a connection in the same place: it is good until the next one. */
static const struct sockaddr *peer_of(struct MHD_Connection *of)
{
	const union MHD_ConnectionInfo *peer =
		MHD_get_connection_info(of, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return peer ? peer->client_addr : NULL;
}

static int socket_of(struct MHD_Connection *of)
{
	const union MHD_ConnectionInfo *fd = MHD_get_connection_info(of, MHD_CONNECTION_INFO_CONNECTION_FD);

	return fd ? fd->connect_fd : -1;
}

static void begin(struct http_server *server, struct MHD_Connection *of, void **context)
{
	const struct sockaddr *address = peer_of(of);
	struct http_connection *connection = mem_zalloc(1, sizeof(*connection));
	size_t allowed;

	http_peer_text(address, connection->remote);
	allowed = connections_allowed(server, address, connection->remote);
	connection->fd = socket_of(of);
	connection->waits_since_ms = clock_mono_ms(clock_system());
	if (allowed < SIZE_MAX && count_of(server, connection->remote) >= allowed)
		hang_up(connection);
	connection->older = server->connection;
	if (server->connection)
		server->connection->newer = connection;
	server->connection = connection;
	*context = connection;
}

static void end(struct http_server *server, struct http_connection *connection)
{
	if (connection->newer)
		connection->newer->older = connection->older;
	else
		server->connection = connection->older;
	if (connection->older)
		connection->older->newer = connection->newer;
	mem_free(connection);
}

void connection_notify(void *arg, struct MHD_Connection *connection, void **context,
		       enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = arg;

	server->active = true;
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		begin(server, connection, context);
	else
		end(server, *context);
}

int connections_look(struct http_server *server)
{
	int64_t timeout_ms = server->config.request_timeout_ms, now_ms;

	if (!server->connection)
		return INT_MAX;
	now_ms = clock_mono_ms(clock_system());
	if (now_ms - server->looked_at_ms < LOOK_MS)
		return LOOK_MS;
	server->looked_at_ms = now_ms;
	timeout_ms = timeout_ms > 0 ? timeout_ms : REQUEST_TIMEOUT_MS;
	for (const struct http_connection *at = server->connection; at; at = at->older)
		if (at->waits_since_ms != INT64_MAX && now_ms - at->waits_since_ms >= timeout_ms)
			hang_up(at);
	return LOOK_MS;
}
