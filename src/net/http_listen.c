/*
 * Listening sockets and peer addresses.
 *
 * Keeps:   accepted sockets inherit TCP_NODELAY: an answer never waits for the one before to be acknowledged.
 */
#include "net/http_server_internal.h"

#include "net/url.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

static struct addrinfo *resolve(struct str host, int port, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	char name[256], service[8];
	int failed;

	(void)snprintf(name, sizeof(name), "%.*s", STR_ARG(host)); /* at most 253 bytes */
	(void)snprintf(service, sizeof(service), "%d", port);
	failed = getaddrinfo(name, service, &hints, &found);
	if (failed)
		(void)err_set(err, ERR_INVALID, "cannot resolve '%s': %s", name, gai_strerror(failed));
	return found;
}

static int bound_port(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return -1;
	if (address.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

bool http_listen(const char *listen_on, int *fd, int *port, struct err *err)
{
	struct addrinfo *address = NULL;
	const int on = 1;
	int opened = -1, wanted;
	struct str host;
	bool ok = false;

	if (!listen_parse(str_from(listen_on), &host, &wanted, err))
		return false;
	address = resolve(host, wanted, err);
	if (!address)
		return false;
	opened = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (opened < 0 || setsockopt(opened, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    setsockopt(opened, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
	    bind(opened, address->ai_addr, address->ai_addrlen) != 0 || listen(opened, BACKLOG) != 0) {
		(void)err_set(err, errno == EADDRINUSE ? ERR_BUSY : ERR_INVALID, "cannot listen on '%s': %s",
			      listen_on, strerror(errno));
		goto out;
	}
	*fd = opened;
	*port = bound_port(opened);
	ok = true;
out:
	if (!ok && opened >= 0)
		(void)close(opened);
	freeaddrinfo(address);
	return ok;
}

void http_peer_text(const struct sockaddr *address, char out[static INET6_ADDRSTRLEN])
{
	const void *bytes = NULL;
	int family = address ? address->sa_family : AF_UNSPEC;

	if (family == AF_INET) {
		bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
	} else if (family == AF_INET6) {
		const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;

		bytes = v6;
		if (IN6_IS_ADDR_V4MAPPED(v6)) {
			bytes = &v6->s6_addr[12];
			family = AF_INET;
		}
	}
	if (!bytes || !inet_ntop(family, bytes, out, INET6_ADDRSTRLEN))
		out[0] = '\0';
}
