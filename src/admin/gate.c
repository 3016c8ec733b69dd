/*
 * Gate: who may ask at all, and what.
 *
 * Does:    Host, Origin and Sec-Fetch-Site before anything is looked up; then session or token, CSRF token,
 *          role, scope and limits, all from the row of the route.
 * Keeps:   a page that made its own name point at this machine (DNS rebinding) finds a Host that is not ours.
 *          A request that changes something and came with a cookie carries the token of its session, which
 *          only our own pages can read. Tokens of scripts need none: browsers do not send them by themselves.
 * Threads: gate_open on the HTTP thread, the rest in the workers.
 */
#include "admin/admin_internal.h"

#include "admin/grants.h"
#include "net/url.h"

#define SEEN_EVERY_MS	MS_PER_MIN
#define SESSION_IDLE_MS (12 * MS_PER_HOUR)
#define SESSION_MAX_MS	(14 * MS_PER_DAY)
#define BEARER		"Bearer "

static struct str host_name(struct str host)
{
	size_t end;

	if (str_starts(host, STR("["))) {
		end = str_find_char(host, ']');
		return str_of(host.p, end < host.len ? end + 1 : end);
	}
	return str_of(host.p, str_find_char(host, ':'));
}

bool gate_is_local_host(struct str host)
{
	struct str name = host_name(host);

	return str_eq(name, STR("127.0.0.1")) || str_eq_nocase(name, STR("localhost")) ||
	       str_eq(name, STR("[::1]"));
}

/* "https://host:8443" -> "host:8443" */
static struct str url_host(struct str url)
{
	size_t at = str_find_char(url, ':');

	url = str_skip(url, at + 3);
	return str_of(url.p, str_find_char(url, '/'));
}

bool gate_is_secure(const struct admin *admin)
{
	return admin->config.tls || str_starts(admin->config.url, STR("https://"));
}

/* "[::1]" -> "::1" */
static struct str without_brackets(struct str name)
{
	return str_starts(name, STR("[")) && name.len > 2 ? str_of(name.p + 1, name.len - 2) : name;
}

/* A name that our certificate is for cannot have been made to point at us by somebody else. */
static bool host_known(const struct admin *admin, struct str host)
{
	if (admin->config.url.len > 0)
		return str_eq_nocase(host, url_host(admin->config.url));
	if (admin->config.loopback && gate_is_local_host(host))
		return true;
	return admin->config.tls && http_tls_is_for(admin->config.tls, without_brackets(host_name(host)));
}

/* Did a proxy of ours say that the browser came without TLS? Its cookie would not come back. */
static bool came_plain(const struct admin *admin, struct http_exchange *exchange)
{
	return gate_is_secure(admin) && http_exchange_request(exchange)->by_proxy &&
	       str_eq_nocase(http_exchange_header(exchange, "X-Forwarded-Proto"), STR("http"));
}

/* Comes the request from one of our own pages, or from no page? */
static bool same_origin(const struct admin *admin, const struct admin_headers *header, bool changes)
{
	struct str site = header->fetch_site, origin = header->origin;

	(void)admin;
	if (site.len > 0 && !str_eq(site, STR("same-origin")) && (changes || !str_eq(site, STR("none"))))
		return false;
	if (origin.len == 0)
		return true;
	return (str_starts(origin, STR("https://")) || str_starts(origin, STR("http://"))) &&
	       str_eq_nocase(url_host(origin), header->host);
}

static bool is_safe(struct str method)
{
	return str_eq(method, STR("GET")) || str_eq(method, STR("HEAD"));
}

bool gate_open(struct admin *admin, struct http_exchange *exchange, const struct admin_headers *header)
{
	const struct http_request *request = http_exchange_request(exchange);
	bool api = str_starts(request->path, STR(ADMIN_API));

	/* Only tokens count there, which no browser sends by itself. */
	if (str_starts(request->path, STR(ADMIN_API_SHORT "/")))
		return true;
	if (admin->config.url.len == 0 && !admin->config.loopback && !admin->config.tls) {
		reply_problem(exchange, 403, "off", "The screens are off on this address",
			      STR("Listen on a loopback address, or set --admin-url to the address at which "
				  "browsers reach this daemon through a proxy with TLS."),
			      0);
		return false;
	}
	if (!host_known(admin, header->host)) {
		reply_problem(exchange, 421, "wrong_host", "This is not the address of the screens",
			      STR("Behind a proxy --admin-url must name the address that browsers use, and "
				  "the proxy must hand on the Host header. With a certificate of our own "
				  "the address must be one of its names."),
			      0);
		return false;
	}
	if (came_plain(admin, exchange)) {
		reply_problem(
			exchange, 403, "plain", "The screens require HTTPS",
			STR("The proxy reports that the browser used http. Redirect http to https there."),
			0);
		return false;
	}
	if (!api || same_origin(admin, header, !is_safe(request->method)))
		return true;
	reply_problem(exchange, 403, "cross_site", "The request came from another site", STR(""), 0);
	return false;
}

struct str gate_remote(const struct admin_call *call)
{
	return call->request->remote;
}

bool gate_is_strict(const struct http_exchange *exchange, struct str host)
{
	return http_exchange_request(exchange)->secure && !gate_is_local_host(host);
}

bool gate_take(struct admin *admin, const char *kind, struct str who, struct rate rate)
{
	bool may;

	(void)pthread_mutex_lock(&admin->lock);
	may = rate_limit_take(admin->limit, kind, 0, who, rate, 1, clock_mono_ms(admin->ctx.clock));
	(void)pthread_mutex_unlock(&admin->lock);
	return may;
}

/* ---- who is it ---- */

/* Notes now and then that a grant is used; sessions live on for a while then. */
static bool touch(struct admin_call *call, struct err *err)
{
	struct grant_change change = { .kind = GRANT_SEEN, .row = call->grant };
	int64_t end_ms = call->grant.created_ms + SESSION_MAX_MS, id;
	struct err problem = { ERR_NONE, "" };

	if (call->now_ms - call->grant.seen_ms < SEEN_EVERY_MS)
		return true;
	change.row.seen_ms = call->now_ms;
	change.row.remote = gate_remote(call);
	if (call->grant.kind == GRANT_SESSION) {
		change.row.expires_ms = call->now_ms + SESSION_IDLE_MS;
		if (change.row.expires_ms > end_ms)
			change.row.expires_ms = end_ms;
	}
	if (db_grant_change(call->look.db, call->now_ms, &change, &id, &problem) ||
	    problem.code == ERR_NOT_FOUND || problem.code == ERR_BUSY)
		return true; /* next time */
	return err_set(err, problem.code, "%s", problem.msg);
}

static bool find_grant(struct admin_call *call, enum grant_kind kind, struct err *err)
{
	struct err problem = { ERR_NONE, "" };

	if (!db_grant_find(call->look.db, grant_digest(call->secret), call->look.arena, &call->grant,
			   &call->user, &problem))
		return problem.code == ERR_NOT_FOUND || err_set(err, problem.code, "%s", problem.msg);
	if (call->grant.kind != kind ||
	    (call->grant.expires_ms > 0 && call->grant.expires_ms <= call->now_ms))
		return true;
	call->signed_in = true;
	return touch(call, err);
}

static bool identify(struct admin_call *call, struct err *err)
{
	if (str_starts(call->header.authorization, STR(BEARER))) {
		call->by_token = true;
		call->secret = str_skip(call->header.authorization, sizeof(BEARER) - 1);
		return find_grant(call, GRANT_TOKEN, err);
	}
	if (call->is_short)
		return true;
	call->secret = session_cookie_value(call->admin, call->header.cookie);
	return call->secret.len == 0 || find_grant(call, GRANT_SESSION, err);
}

/* Ids of "1,7". A user limited to stores that are all gone sees nothing. */
static void read_limits(struct admin_call *call)
{
	struct str rest = call->user.stores, one;
	int64_t *id = ARENA_ARRAY(call->look.arena, rest.len + 1, int64_t);

	call->limited = rest.len > 0;
	call->store = id;
	while (str_split(&rest, ',', &one))
		if (str_to_int64(one, &id[call->n_store]))
			call->n_store++;
}

static bool token_may(struct str scopes, enum admin_scope scope)
{
	struct str one;

	while (str_split(&scopes, ' ', &one))
		if (str_eq(one, str_from(scope_text(scope))))
			return true;
	return false;
}

/* ---- may they ---- */

bool call_may(const struct admin_call *call, enum admin_scope scope)
{
	return call->user.role >= scope_role(scope) &&
	       (!call->by_token || token_may(call->grant.scopes, scope));
}

static bool may(struct admin_call *call)
{
	const struct admin_route *route = call->route;
	struct arena *arena = call->look.arena;

	if (!call->signed_in)
		return !call_problem(call, 401, "sign_in", "Sign in first", STR(""));
	if (!call->by_token && !is_safe(call->request->method) &&
	    !secret_eq(call->header.csrf, session_csrf(call->secret, arena)))
		return !call_problem(call, 403, "csrf", "The page is out of date",
				     STR("Reload it: its X-CSRF-Token does not belong to this session."));
	if (call->by_token && (route->flags & ROUTE_SESSION))
		return !call_problem(call, 403, "session_only", "Not available to tokens", STR(""));
	if (call->user.role < scope_role(route->scope) || (call->limited && (route->flags & ROUTE_UNLIMITED)))
		return !call_problem(call, 403, "role", "Not allowed",
				     arena_printf(arena, "This requires the role %s%s.",
						  user_role_text(scope_role(route->scope)),
						  route->flags & ROUTE_UNLIMITED
							  ? ", not limited to certain stores"
							  : ""));
	if (call->by_token && !token_may(call->grant.scopes, route->scope))
		return !call_problem(
			call, 403, "scope", "Not allowed",
			arena_printf(arena, "The token lacks the scope %s.", scope_text(route->scope)));
	return true;
}

bool gate_enter(struct admin_call *call, bool *entered, struct err *err)
{
	*entered = false;
	if (!identify(call, err))
		return false;
	if (call->signed_in)
		read_limits(call);
	*entered = (call->route->flags & ROUTE_PUBLIC) || may(call);
	return true;
}
