/*
 * Admin: from a request to its answer.
 *
 * Does:    copies what is needed of a request on the HTTP thread, queues it, and answers it in a worker.
 * Keeps:   every exchange is answered once. At most QUEUE_MAX wait in a lane: who asks faster is told to come
 *          back. An error of one call is that call's; only a failed disk is the worker's.
 * Threads: admin_handle on the HTTP thread, admin_run_once on the worker of its lane.
 */
#include "admin/admin_internal.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "net/url.h"

#include <assert.h>

#define QUEUE_MAX      64
#define BODY_MAX       ((size_t)64 << 10)
#define BODY_MAX_LARGE ((size_t)2 << 20)
#define LIMIT_ROWS     4096
#define WAIT_MS	       MS_PER_S
#define CODE_BYTES     16

bool admin_check_url(struct str text, struct err *err)
{
	struct url url;

	if (!url_parse(text, &url, err))
		return false;
	if (url.path.len > 0 && !str_eq(url.path, STR("/")))
		return err_set(err, ERR_INVALID, "no path may stand behind the host");
	if (str_eq(url.scheme, STR("https")) || gate_is_local_host(url.host) || str_eq(url.host, STR("::1")))
		return true;
	return err_set(err, ERR_INVALID, "it must be https: passwords travel over it");
}

struct admin *admin_new(const struct admin_config *config)
{
	struct admin *admin = mem_zalloc(1, sizeof(*admin));
	unsigned char code[CODE_BYTES];
	int failed = pthread_mutex_init(&admin->lock, NULL);

	assert(!failed); /* only memory can be missing */
	(void)failed;
	admin->config = *config;
	admin->ctx = *config->ctx;
	arena_init(&admin->arena);
	while (str_ends(admin->config.url, STR("/")))
		admin->config.url.len--;
	rand_fill(admin->ctx.rand, code, sizeof(code));
	hex_encode(code, sizeof(code), admin->setup_code);
	admin->limit = rate_limit_new(LIMIT_ROWS, admin->ctx.rand);
	admin->once = once_new();
	admin->samples = samples_new();
	admin->openapi = openapi_text(&admin->arena);
	admin->files_hash = files_hash(&admin->arena);
	return admin;
}

static struct admin_call *take_calls(struct admin *admin, enum admin_lane lane)
{
	struct admin_lane_queue *queue = &admin->queue[lane];
	struct admin_call *first;

	(void)pthread_mutex_lock(&admin->lock);
	first = queue->first;
	*queue = (struct admin_lane_queue){ 0 };
	(void)pthread_mutex_unlock(&admin->lock);
	return first;
}

static void refuse_all(struct admin_call *call)
{
	while (call) {
		struct admin_call *next = call->next;

		reply_problem(call->exchange, 503, "stopping", "The daemon is shutting down", STR(""), 1);
		call = next;
	}
}

void admin_free(struct admin *admin)
{
	if (!admin)
		return;
	for (int lane = 0; lane < ADMIN_LANE_COUNT; lane++)
		refuse_all(take_calls(admin, (enum admin_lane)lane));
	refuse_all(admin->parked);
	uploads_refuse(admin);
	rate_limit_free(admin->limit);
	once_free(admin->once);
	samples_free(admin->samples);
	arena_release(&admin->arena);
	(void)pthread_mutex_destroy(&admin->lock);
	mem_free(admin);
}

/* ---- on the HTTP thread ---- */

bool admin_owns(struct str path)
{
	return str_eq(path, STR(ADMIN_ROOT)) || str_starts(path, STR(ADMIN_ROOT "/")) ||
	       str_starts(path, STR(ADMIN_API_SHORT "/"));
}

bool admin_streams(struct str method, struct str path)
{
	struct str segment[ADMIN_SEGMENTS_MAX];
	const struct admin_route *route;
	bool known;

	route = admin_owns(path) ? route_find(method, path, segment, &known) : NULL;
	return route && (route->flags & ROUTE_UPLOAD);
}

size_t admin_body_max(struct str method, struct str path)
{
	return str_eq(method, STR("POST")) && str_eq(path, STR(ADMIN_API "/preview")) ? BODY_MAX_LARGE
										      : BODY_MAX;
}

static struct admin_headers read_headers(struct http_exchange *exchange)
{
	struct admin_headers header = { 0 };
	const struct {
		const char *name;
		struct str *to;
	} row[] = {
		{ "Host", &header.host },
		{ "Cookie", &header.cookie },
		{ "Authorization", &header.authorization },
		{ "Origin", &header.origin },
		{ "Sec-Fetch-Site", &header.fetch_site },
		{ "X-CSRF-Token", &header.csrf },
		{ "If-Match", &header.if_match },
		{ "If-None-Match", &header.if_none_match },
		{ "Idempotency-Key", &header.idempotency_key },
		{ "Content-Type", &header.content_type },
		{ "User-Agent", &header.user_agent },
		{ "Last-Event-ID", &header.last_event_id },
		{ "Content-Range", &header.content_range },
		{ "Repr-Digest", &header.repr_digest },
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		*row[i].to =
			arena_dup(http_exchange_arena(exchange), http_exchange_header(exchange, row[i].name));
	return header;
}

static enum admin_lane lane_of(const struct admin_route *route)
{
	if (route->flags & ROUTE_UPLOAD)
		return ADMIN_UPLOAD;
	return route->flags & ROUTE_SLOW ? ADMIN_SLOW : ADMIN_QUICK;
}

static void enqueue(struct admin *admin, struct admin_call *call)
{
	struct wake *const wake[] = { [ADMIN_QUICK] = admin->config.wake,
				      [ADMIN_SLOW] = admin->config.wake_slow,
				      [ADMIN_UPLOAD] = admin->config.wake_upload };
	enum admin_lane lane = lane_of(call->route);
	struct admin_lane_queue *queue = &admin->queue[lane];
	bool fits;

	(void)pthread_mutex_lock(&admin->lock);
	fits = queue->n < QUEUE_MAX;
	if (fits) {
		if (queue->last)
			queue->last->next = call;
		else
			queue->first = call;
		queue->last = call;
		queue->n++;
	}
	(void)pthread_mutex_unlock(&admin->lock);
	if (fits)
		wake_send(wake[lane]);
	else
		reply_problem(call->exchange, 503, "busy", "Too many requests at once", STR(""), 1);
}

static void handle_api(struct admin *admin, struct http_exchange *exchange,
		       const struct admin_headers *header)
{
	const struct http_request *request = http_exchange_request(exchange);
	struct admin_call *call = ARENA_NEW(http_exchange_arena(exchange), struct admin_call);
	bool known;

	*call = (struct admin_call){ .admin = admin,
				     .exchange = exchange,
				     .request = request,
				     .header = *header,
				     .is_short = str_starts(request->path, STR(ADMIN_API_SHORT "/")),
				     .since_ms = clock_mono_ms(admin->ctx.clock) };
	call->route = route_find(request->method, request->path, call->segment, &known);
	if (call->route && request->body_too_large)
		reply_problem(exchange, 413, "too_large", "The request is too large", STR(""), 0);
	else if (call->route)
		enqueue(admin, call);
	else
		reply_problem(exchange, known ? 405 : 404, known ? "wrong_method" : "not_found",
			      known ? "Method not allowed" : "Not found", STR(""), 0);
}

void admin_handle(struct admin *admin, struct http_exchange *exchange)
{
	struct admin_headers header = read_headers(exchange);
	struct str path = http_exchange_request(exchange)->path;

	if (!gate_open(admin, exchange, &header))
		return;
	if (str_starts(path, STR(ADMIN_API "/")) || str_starts(path, STR(ADMIN_API_SHORT "/")))
		handle_api(admin, exchange, &header);
	else
		files_serve(admin, exchange);
}

/* ---- in a worker ---- */

/* Is every parameter of the query one of the route's? */
static bool check_query(struct admin_call *call, struct err *err)
{
	struct str rest = call->request->query, one;

	while (str_split(&rest, '&', &one)) {
		struct str name = str_of(one.p, str_find_char(one, '='));
		bool known = one.len == 0;

		for (size_t i = 0; i < call->route->n_param && !known; i++)
			known = str_eq(name, str_from(call->route->param[i].name));
		if (!known)
			return err_set(err, ERR_INVALID, "a parameter of the query is not known here");
	}
	for (size_t i = 0; i < call->route->n_param; i++) {
		const struct shape_field *field = &call->route->param[i];
		struct str value = call_query(call, field->name);

		if (value.len == 0 && !(field->flags & SHAPE_OPTIONAL))
			return err_set(err, ERR_INVALID, "'%s' is missing in the query", field->name);
		if (value.len > 0 && field->type == SHAPE_ENUM && !shape_is_choice(field->of, value))
			return err_set(err, ERR_INVALID, "'%s' is not one of the values it may have",
				       field->name);
	}
	return true;
}

static bool check_body(struct admin_call *call, struct err *err)
{
	struct str type = call->header.content_type;

	if (!call->route->request)
		return true;
	if (!str_starts(type, STR("application/json")))
		return err_set(err, ERR_INVALID, "the body must be application/json");
	return json_parse(call->request->body, &call->body, err) &&
	       shape_check(shape_find(call->route->request), call->body, err);
}

static bool run_route(struct admin_call *call, struct err *err)
{
	bool entered, answered;

	if (!gate_enter(call, &entered, err))
		return false;
	if (!entered)
		return true;
	if (!check_query(call, err) || !check_body(call, err) || !once_before(call, &answered, err))
		return false;
	if (answered)
		return true;
	if (!call->route->run(call, err))
		return false;
	if (!call->parked)
		once_after(call);
	return true;
}

/* False: err is that of a broken disk. */
static bool answer(struct admin_call *call, struct err *err)
{
	struct settings *settings = call->admin->ctx.settings;
	struct err problem = { ERR_NONE, "" };
	bool ok;

	/* What the command line changed a moment ago counts; what cannot be read the route will say. */
	(void)!settings_refresh(settings, NULL, &problem);
	problem = (struct err){ ERR_NONE, "" };
	call->now_ms = clock_wall_ms(call->admin->ctx.clock);
	call->look = (struct look){
		.db = call->admin->ctx.db,
		.settings = settings,
		.clock = call->admin->ctx.clock,
		.arena = http_exchange_arena(call->exchange),
		.snapshot = settings_take(settings),
	};
	ok = run_route(call, &problem);
	json_free(call->body);
	settings_release(settings, call->look.snapshot);
	if (!ok && problem.code == ERR_FATAL)
		log_error("admin", "%s: %s", call->route->id, problem.msg);
	/* The call lives in the exchange's memory, which goes with the answer. */
	if (!ok)
		reply_err(call, &problem);
	else if (call->upload)
		upload_go_on(call->upload);
	else if (!call->parked)
		reply_call(call);
	return ok || problem.code != ERR_FATAL || err_set(err, ERR_FATAL, "%s", problem.msg);
}

/* Once a minute: how much was done in it. */
static bool sample(struct admin *admin, struct err *err)
{
	int64_t now_ms = clock_wall_ms(admin->ctx.clock);
	struct summary summary;
	struct arena arena;
	bool ok;

	if (!samples_due(admin->samples, now_ms))
		return true;
	arena_init(&arena);
	ok = db_summary(admin->ctx.db, now_ms, &arena, &summary, err);
	if (ok) {
		(void)pthread_mutex_lock(&admin->lock);
		samples_take(admin->samples, &summary, now_ms);
		(void)pthread_mutex_unlock(&admin->lock);
	}
	arena_release(&arena);
	return ok;
}

bool admin_run_once(struct admin *admin, enum admin_lane lane, int64_t *wait_ms, struct err *err)
{
	struct admin_call *call = take_calls(admin, lane);
	bool ok = true;

	*wait_ms = WAIT_MS;
	while (call) {
		struct admin_call *next = call->next;

		call->next = NULL;
		ok = answer(call, err) && ok;
		call = next;
	}
	if (lane == ADMIN_QUICK)
		ok = sample(admin, err) && live_run_once(admin, err) && ok;
	else if (lane == ADMIN_UPLOAD)
		ok = upload_run_once(admin, wait_ms, err) && ok;
	return ok;
}
