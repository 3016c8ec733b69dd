/*
 * The road to Klaviyo, and to shops: http_clients without sockets.
 *
 * A request arrives before its sender has given it up, and before a process that died has been started
 * again, or never: what is sent again later never meets its own ghost.
 */
#include "sim/wire.h"

#include "base/alloc.h"
#include "net/url.h"
#include "sim/node.h"
#include "sim/sim.h"

#include <stdio.h>
#include <string.h>

enum fate {
	FATE_WELL,
	FATE_REQUEST_LOST,
	FATE_ANSWER_LOST,
	FATE_REFUSED,
	FATE_CUT_OFF,
	FATE_HTML,
	FATE_HTML_BEFORE
};

struct wire_client;

struct wire_flight {
	struct wire_flight *next;   /* of the client */
	struct wire_client *client; /* NULL: the process is gone */
	struct arena arena;
	struct http_call call;
	struct wire_request request;
	http_done_fn *done;
	void *arg;
	enum fate fate;
	int64_t timeout_ms;
	int64_t timeout_at_ms;
	bool left;    /* client_run has taken it */
	bool arrived; /* the answer is here */
	bool own;     /* it is Klaviyo's own */
	struct wire_answer klaviyo;
	struct http_answer answer;
	struct http_header header[3];
	int n_event; /* planned, not happened */
};

struct wire_client {
	struct http_client client;
	struct wire_flight *first;
	size_t n;
	int64_t wait_ms;
	void (*ring)(void);
};

static size_t n_in_flight;

int64_t wire_wait_ms(const struct http_client *client)
{
	return ((const struct wire_client *)client)->wait_ms;
}

bool wire_is_waiting(const struct http_client *client)
{
	return ((const struct wire_client *)client)->n > 0;
}

size_t wire_in_flight(void)
{
	return n_in_flight;
}

static void free_flight(struct wire_flight *flight)
{
	arena_release(&flight->arena);
	mem_free(flight);
}

static void plan(struct wire_flight *flight, int64_t at_ms, sim_event *event)
{
	flight->n_event++;
	sim_at(at_ms, event, flight);
}

/* An event of the flight has come: false if it was the last use of a flight nobody waits for. */
static bool take_up(struct wire_flight *flight)
{
	flight->n_event--;
	if (flight->client || flight->n_event > 0)
		return true;
	free_flight(flight);
	return false;
}

/* ---- the answer ---- */

static void arrive(struct wire_flight *flight)
{
	flight->arrived = true;
	if (flight->client)
		flight->client->ring();
}

static void give_up(void *arg)
{
	struct wire_flight *flight = arg;

	if (!take_up(flight) || !flight->client || flight->arrived)
		return;
	flight->answer.ok = false;
	flight->answer.sent = true;
	flight->own = false;
	(void)snprintf(flight->answer.error, sizeof(flight->answer.error), "timeout");
	arrive(flight);
}

static void refuse(void *arg)
{
	struct wire_flight *flight = arg;

	if (!take_up(flight) || !flight->client)
		return;
	(void)snprintf(flight->answer.error, sizeof(flight->answer.error), "connection refused");
	arrive(flight);
}

static void deliver_answer(void *arg)
{
	struct wire_flight *flight = arg;

	if (take_up(flight) && flight->client && !flight->arrived)
		arrive(flight);
}

static void put_header(struct wire_flight *flight, const char *name, int64_t value)
{
	if (value < 0)
		return;
	flight->header[flight->answer.n_header++] =
		(struct http_header){ str_from(name),
				      arena_printf(&flight->arena, "%lld", (long long)value) };
}

static bool is_for_shop(const struct wire_request *request)
{
	return str_starts(request->host, STR("shop"));
}

static void fill_answer(struct wire_flight *flight)
{
	struct http_answer *answer = &flight->answer;
	const struct wire_answer *said = &flight->klaviyo;

	answer->ok = answer->sent = true;
	answer->status = said->status;
	answer->body = said->body;
	answer->header = flight->header;
	put_header(flight, "Retry-After", said->retry_after_s);
	put_header(flight, "RateLimit-Remaining", said->remaining);
	put_header(flight, "RateLimit-Reset", said->remaining >= 0 ? 1 : -1);
	flight->own = !is_for_shop(&flight->request);
}

static void garble(struct wire_flight *flight)
{
	struct http_answer *answer = &flight->answer;
	static const int status[] = { 502, 503, 504, 403, 404, 500 };

	flight->own = false;
	if (flight->fate == FATE_CUT_OFF) {
		/* The connection ends in the middle: libcurl says so. */
		answer->ok = false;
		(void)snprintf(answer->error, sizeof(answer->error), "the answer was cut off");
		return;
	}
	answer->status = status[sim_draw(OPTION_wire_broken, 0, ARRAY_LEN(status) - 1)];
	answer->body = STR("<html><body>Something is between us.</body></html>");
	answer->n_header = 0;
}

static void reach_klaviyo(void *arg)
{
	struct wire_flight *flight = arg;
	int64_t back_ms = sim_draw(OPTION_wire_ms, 1, sim_option(OPTION_wire_ms));
	bool waited_for;

	flight->n_event--;
	waited_for = flight->client != NULL;
	if (!waited_for && flight->request.life != node_life()) {
		if (flight->n_event == 0)
			free_flight(flight);
		return;
	}
	if (flight->fate == FATE_HTML_BEFORE) {
		flight->answer.ok = flight->answer.sent = true;
		garble(flight);
		plan(flight, sim.now_ms + back_ms, deliver_answer);
		return;
	}
	flight->request.answer_is_lost = !waited_for || flight->fate == FATE_ANSWER_LOST ||
					 flight->fate == FATE_CUT_OFF || flight->fate == FATE_HTML ||
					 sim.now_ms + back_ms >= flight->timeout_at_ms;
	flight->klaviyo = (struct wire_answer){ .retry_after_s = -1, .remaining = -1 };
	if (is_for_shop(&flight->request))
		shop_answer(&flight->request, &flight->arena, &flight->klaviyo);
	else
		klaviyo_answer(&flight->request, &flight->arena, &flight->klaviyo);
	fill_answer(flight);
	if (flight->fate == FATE_CUT_OFF || flight->fate == FATE_HTML)
		garble(flight);
	if (flight->fate != FATE_ANSWER_LOST && waited_for)
		plan(flight, sim.now_ms + back_ms, deliver_answer);
	if (!flight->client && flight->n_event == 0)
		free_flight(flight);
}

/* ---- the client ---- */

static enum fate draw_fate(void)
{
	if (sim_fault(OPTION_wire_lost))
		return sim_chance(OPTION_wire_lost, 500) ? FATE_REQUEST_LOST : FATE_REFUSED;
	if (sim_fault(OPTION_wire_lost_answers))
		return FATE_ANSWER_LOST;
	if (sim_fault(OPTION_wire_broken))
		return (enum fate)sim_draw(OPTION_wire_broken, FATE_CUT_OFF, FATE_HTML_BEFORE);
	return FATE_WELL;
}

static struct str behind_scheme(struct str authorization)
{
	return str_skip(authorization, str_find_char(authorization, ' ') + 1);
}

static void copy_call(struct wire_flight *flight, const struct http_call *call)
{
	struct arena *arena = &flight->arena;
	struct wire_request *request = &flight->request;
	struct str url = arena_dup(arena, call->url), path;
	struct url parts;

	if (!url_parse(url, &parts, NULL))
		sim_fail("shape", "'%.*s' is not an address", STR_ARG(url));
	path = str_skip(url, (size_t)(parts.path.p - url.p));
	*request = (struct wire_request){
		.method = call->method,
		.host = parts.host,
		.path = str_of(path.p, str_find_char(path, '?')),
		.query = str_skip(path, str_find_char(path, '?') + 1),
		.body = arena_dup(arena, call->body),
		.life = node_life(),
		.flight = flight,
	};
	for (size_t i = 0; i < call->n_header; i++)
		if (str_eq_nocase(call->header[i].name, STR("Authorization")))
			request->key = arena_dup(arena, behind_scheme(call->header[i].value));
}

static bool client_start(struct http_client *client, const struct http_call *call, http_done_fn *done,
			 void *arg, struct err *err)
{
	struct wire_client *wire = (struct wire_client *)client;
	struct wire_flight *flight = mem_zalloc(1, sizeof(*flight)), **at = &wire->first;

	(void)err;
	arena_init(&flight->arena);
	copy_call(flight, call);
	flight->client = wire;
	flight->request.client = client;
	flight->done = done;
	flight->arg = arg;
	flight->timeout_ms = call->timeout_ms > 0 ? call->timeout_ms : 30000;
	while (*at)
		at = &(*at)->next;
	*at = flight;
	wire->n++;
	n_in_flight++;
	return true;
}

/* As in libcurl, what was started leaves when the client is run. */
static void leave(struct wire_flight *flight)
{
	int64_t there_ms = sim_draw(OPTION_wire_ms, 1, sim_option(OPTION_wire_ms));

	flight->left = true;
	flight->request.sent_ms = sim.now_ms;
	flight->fate = draw_fate();
	flight->timeout_at_ms = sim.now_ms + flight->timeout_ms;
	if (sim_fault(OPTION_wire_slow))
		there_ms = sim_draw(OPTION_wire_slow, flight->timeout_ms / 2, flight->timeout_ms);
	if (there_ms >= flight->timeout_ms)
		there_ms = flight->timeout_ms - 1;
	plan(flight, flight->timeout_at_ms, give_up);
	if (disk_is_dead()) /* the process is: this is what its ghost does */
		return;
	sim_trace("wire: %s %.*s fate=%d", flight->request.method, STR_ARG(flight->request.path),
		  (int)flight->fate);
	if (!is_for_shop(&flight->request))
		klaviyo_was_sent(&flight->request);
	if (flight->fate == FATE_REFUSED)
		plan(flight, sim.now_ms + 5, refuse);
	else if (flight->fate != FATE_REQUEST_LOST)
		plan(flight, sim.now_ms + there_ms, reach_klaviyo);
}

static void finish(struct wire_client *wire, struct wire_flight **at)
{
	struct wire_flight *flight = *at;

	*at = flight->next;
	wire->n--;
	n_in_flight--;
	flight->client = NULL;
	flight->answer.latency_ms = sim.now_ms - flight->request.sent_ms;
	if (flight->own && !disk_is_dead())
		klaviyo_was_heard(&flight->request, &flight->klaviyo);
	klaviyo_flight_ended(flight);
	flight->done(flight->arg, &flight->answer);
	if (flight->n_event == 0)
		free_flight(flight);
}

static size_t client_run(struct http_client *client, int64_t max_wait_ms)
{
	struct wire_client *wire = (struct wire_client *)client;
	struct wire_flight **at = &wire->first;

	wire->wait_ms = max_wait_ms;
	for (struct wire_flight *flight = wire->first; flight; flight = flight->next)
		if (!flight->left)
			leave(flight);
	while (*at) {
		if (!(*at)->arrived) {
			at = &(*at)->next;
			continue;
		}
		finish(wire, at);
		wire->wait_ms = 0;
	}
	return wire->n;
}

static void client_wakeup(struct http_client *client)
{
	((struct wire_client *)client)->ring();
}

static void client_free(struct http_client *client)
{
	struct wire_client *wire = (struct wire_client *)client;

	while (wire->first) {
		struct wire_flight *flight = wire->first;

		wire->first = flight->next;
		flight->client = NULL;
		klaviyo_flight_ended(flight);
		if (flight->n_event == 0)
			free_flight(flight);
	}
	n_in_flight -= wire->n;
	mem_free(wire);
}

struct http_client *wire_client_new(void (*ring)(void))
{
	static const struct http_client_ops ops = {
		.start = client_start,
		.run = client_run,
		.wakeup = client_wakeup,
		.free = client_free,
	};
	struct wire_client *wire = mem_zalloc(1, sizeof(*wire));

	wire->client.ops = &ops;
	wire->ring = ring;
	return &wire->client;
}
