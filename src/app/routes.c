/*
 * Routes: one table of what the daemon answers to.
 *
 * Does:    finds the row for a method and path, hands on the path's {segments}; 404, 405 where there is none.
 * Doesn't: verify who asks: every row here is public or, as hooks and events, judged by its handler.
 * Threads: the HTTP server's. No handler waits for the database.
 */
#include "app/app_internal.h"

#include "base/counter.h"
#include "flow/reply.h"
#include "flow/storefront.h"

#define SEGMENTS_MAX   3
#define BODY_MAX_OTHER ((size_t)4096)

struct route_match {
	struct str segment[SEGMENTS_MAX];
	size_t n;
};

typedef void route_handler(struct app *app, struct http_exchange *exchange, const struct route_match *match);

struct route {
	const char *method;
	const char *pattern; /* "{}" stands for one segment that is not empty */
	route_handler *handler;
};

/* ---- handlers ---- */

static void post_hook(struct app *app, struct http_exchange *exchange, const struct route_match *match)
{
	ingest_webhook(app->ingest, exchange, match->segment[0], match->segment[1]);
}

/* CloudEvents asks before it sends (HTTP 1.1 Web Hooks for Event Delivery, section 4). */
static void options_hook(struct app *app, struct http_exchange *exchange, const struct route_match *match)
{
	static const struct http_header header[] = {
		{ { "Allow", 5 }, { "POST, OPTIONS", 13 } },
		{ { "WebHook-Allowed-Origin", 22 }, { "*", 1 } },
		{ { "WebHook-Allowed-Rate", 20 }, { "*", 1 } },
	};

	(void)app;
	(void)match;
	http_reply(exchange, 200, header, ARRAY_LEN(header), (struct str){ 0 });
}

static void get_script(struct app *app, struct http_exchange *exchange, const struct route_match *match)
{
	storefront_script(&app->ctx, exchange, match->segment[0]);
}

static void post_events(struct app *app, struct http_exchange *exchange, const struct route_match *match)
{
	beacon_post(app->beacon, exchange, match->segment[0]);
}

static void options_events(struct app *app, struct http_exchange *exchange, const struct route_match *match)
{
	beacon_options(app->beacon, exchange, match->segment[0]);
}

static void get_cart(struct app *app, struct http_exchange *exchange, const struct route_match *match)
{
	storefront_cart(&app->ctx, exchange, match->segment[0], match->segment[1]);
}

static void get_feed(struct app *app, struct http_exchange *exchange, const struct route_match *match)
{
	feeds_ask(app->feeds, exchange, match->segment[0], match->segment[1], match->segment[2]);
}

static void get_live(struct app *app, struct http_exchange *exchange, const struct route_match *match)
{
	(void)app;
	(void)match;
	http_reply(exchange, 200, NULL, 0, STR("alive\n"));
}

static void get_ready(struct app *app, struct http_exchange *exchange, const struct route_match *match)
{
	(void)match;
	report_ask(app->report, REPORT_READY, exchange);
}

static void get_metrics(struct app *app, struct http_exchange *exchange, const struct route_match *match)
{
	(void)match;
	report_ask(app->report, REPORT_METRICS, exchange);
}

static void get_root(struct app *app, struct http_exchange *exchange, const struct route_match *match)
{
	(void)app;
	(void)match;
	http_reply(
		exchange, 200, NULL, 0,
		STR("Pannier " PANNIER_VERSION "\n\n"
		    "POST /hooks/PLATFORM/STORE   messages of a shop; `pannier store show STORE` says how\n"
		    "GET  /s/STORE.js            the script for the pages of a shop\n"
		    "POST /s/STORE/events        what it tells\n"
		    "GET  /feeds/STORE/TOKEN/catalog.json   or .xml, for Klaviyo to read\n"
		    "POST /v1/stores/STORE/import           files of history\n"
		    "GET  /health/live            the process answers\n"
		    "GET  /health/ready           it can take in and keep messages\n"
		    "GET  /metrics                for Prometheus\n"
		    "GET  /admin                  screens for people\n\n"
		    "On this machine: pannier status, pannier audit, pannier trace ID, pannier help\n"));
}

static const struct route route_row[] = {
	{ "POST", "/hooks/{}/{}", post_hook },
	{ "OPTIONS", "/hooks/{}/{}", options_hook },
	{ "GET", "/s/{}", get_script },
	{ "POST", "/s/{}/events", post_events },
	{ "GET", "/s/{}/cart/{}", get_cart },
	{ "OPTIONS", "/s/{}/events", options_events },
	{ "GET", "/feeds/{}/{}/{}", get_feed },
	{ "GET", "/health/live", get_live },
	{ "GET", "/health/ready", get_ready },
	{ "GET", "/metrics", get_metrics },
	{ "GET", "/", get_root },
};

/* ---- dispatch ---- */

static bool path_matches(struct str pattern, struct str path, struct route_match *match)
{
	*match = (struct route_match){ 0 };
	while (pattern.len > 0) {
		if (str_starts(pattern, STR("{}"))) {
			size_t len = str_find_char(path, '/');

			if (len == 0 || match->n == SEGMENTS_MAX)
				return false;
			match->segment[match->n++] = str_of(path.p, len);
			pattern = str_skip(pattern, 2);
			path = str_skip(path, len);
			continue;
		}
		if (path.len == 0 || path.p[0] != pattern.p[0])
			return false;
		pattern = str_skip(pattern, 1);
		path = str_skip(path, 1);
	}
	return path.len == 0;
}

static bool method_matches(const struct route *route, struct str method)
{
	struct str wanted = str_from(route->method);

	return str_eq(method, wanted) || (str_eq(method, STR("HEAD")) && str_eq(wanted, STR("GET")));
}

void routes_handle(void *ctx, struct http_exchange *exchange)
{
	const struct http_request *request = http_exchange_request(exchange);
	struct route_match match;
	bool path_known = false;

	counter_add(COUNTER_http_requests, 1);
	if (!listening_lets_in(ctx, exchange))
		return;
	if (admin_owns(request->path)) {
		admin_handle(((struct app *)ctx)->admin, exchange);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(route_row); i++) {
		if (!path_matches(str_from(route_row[i].pattern), request->path, &match))
			continue;
		path_known = true;
		if (!method_matches(&route_row[i], request->method))
			continue;
		route_row[i].handler(ctx, exchange, &match);
		return;
	}
	reply_error(exchange, path_known ? 405 : 404, 0,
		    path_known ? STR("this method is not for this path") : STR("there is nothing here"));
}

bool routes_stream(void *ctx, struct str method, struct str path)
{
	(void)ctx;
	return admin_streams(method, path);
}

void routes_round(void *ctx, bool idle)
{
	struct app *app = ctx;

	inbox_ring(app->inbox, idle);
}

size_t routes_body_max(void *ctx, struct str method, struct str path)
{
	struct app *app = ctx;
	struct route_match match;

	if (admin_owns(path))
		return admin_body_max(method, path);
	if (str_eq(method, STR("POST")) && path_matches(STR("/hooks/{}/{}"), path, &match))
		return ingest_body_max(app->ingest, path);
	if (str_eq(method, STR("POST")) && path_matches(STR("/s/{}/events"), path, &match))
		return beacon_body_max();
	return BODY_MAX_OTHER;
}
