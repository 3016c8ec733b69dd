/*
 * Who asks: the peer of the connection, or whom a proxy of ours speaks for.
 *
 * Keeps:   only what one of our own proxies added is believed. Proxies add to the end of X-Forwarded-For, so
 *          it is read from there, as long as our own proxies are named; what stands before them anybody can
 *          have written.
 * Threads: the server's.
 * Source:  RFC 7239, section 7.4, for the same in its newer form; the X- headers are what proxies send.
 */
#include "net/http_server_internal.h"

#include <string.h>

#define HOPS_MAX 16

struct hops {
	struct str one[HOPS_MAX]; /* the last HOPS_MAX, in turn */
	size_t n;
};

/* Several headers of the name count as one, in their order. */
static enum MHD_Result add_hops(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_len,
				const char *value, size_t value_len)
{
	struct hops *hops = arg;
	struct str list = str_of(value, value_len), one;

	(void)kind;
	if (!value || !str_eq_nocase(str_of(name, name_len), STR("X-Forwarded-For")))
		return MHD_YES;
	while (str_split(&list, ',', &one))
		hops->one[hops->n++ % HOPS_MAX] = str_trim(one);
	return MHD_YES;
}

/* The last one that is no proxy of ours; "" = there is none. */
static struct str named_by(struct http_exchange *exchange, const struct address_list *proxies)
{
	struct hops hops = { .n = 0 };
	struct str found = STR("");

	(void)MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, add_hops, &hops);
	for (size_t i = 0; i < hops.n && i < HOPS_MAX; i++) {
		struct str hop = hops.one[(hops.n - 1 - i) % HOPS_MAX];

		if (!address_is_valid(hop))
			break;
		found = hop;
		if (!address_list_holds(proxies, hop))
			break;
	}
	return found;
}

void exchange_find_peer(struct http_exchange *exchange)
{
	const struct http_server_config *config = &exchange->server->config;
	struct http_request *request = &exchange->request;
	struct str named;

	memcpy(exchange->remote, exchange_connection(exchange)->remote, sizeof(exchange->remote));
	request->remote = str_from(exchange->remote);
	request->secure = config->tls != NULL;
	if (!config->proxies || !address_list_holds(config->proxies, request->remote))
		return;
	request->by_proxy = true;
	if (str_eq_nocase(http_exchange_header(exchange, "X-Forwarded-Proto"), STR("https")))
		request->secure = true;
	named = named_by(exchange, config->proxies);
	if (named.len > 0)
		request->remote = arena_dup(&exchange->arena, named);
}
