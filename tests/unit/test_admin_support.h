#ifndef PANNIER_TESTS_TEST_ADMIN_SUPPORT_H
#define PANNIER_TESTS_TEST_ADMIN_SUPPORT_H

/*
 * The API over HTTP in one process: memory store, two stores of one account, a worker per lane. Every answer is held
 * against the OpenAPI document that the API itself serves.
 */
#include "admin/admin_internal.h"
#include "admin/grants.h"
#include "base/password.h"
#include "base/password_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define START_MS INT64_C(1785398400000)
#define HEADERS_MAX 12

struct rig {
	char folder[64];
	char key_file[96];
	struct arena arena;
	struct clock_manual clock;
	struct db *db;
	struct settings *settings;
	struct flow_ctx ctx;
	struct wake *wake[ADMIN_LANE_COUNT];
	struct admin *admin;
	struct http_server *server;
	pthread_t worker[ADMIN_LANE_COUNT];
	atomic_bool stopping;
	struct http_client *client;
	struct json *api;
	/* of the next request */
	const char *cookie, *bearer, *csrf, *host, *origin, *site, *if_match, *key, *last_event_id;
};

struct got {
	int status;
	struct str body;
	struct str cookie, etag, type, replayed, retry_after, policy;
	struct json *json; /* NULL: not JSON; freed with the rig's next request */
	bool done;
	struct rig *rig;
};

static struct json *last_json;

/* ---- a server and its workers ---- */

struct lane_arg {
	struct rig *rig;
	enum admin_lane lane;
};
static struct lane_arg lane_arg[ADMIN_LANE_COUNT];

static inline void *work(void *arg)
{
	const struct lane_arg *lane = arg;
	int64_t wait_ms;
	struct err err;

	while (!atomic_load(&lane->rig->stopping)) {
		if (!admin_run_once(lane->rig->admin, lane->lane, &wait_ms, &err))
			(void)fprintf(stderr, "worker: %s\n", err.msg);
		(void)wake_wait(lane->rig->wake[lane->lane], 50);
	}
	return NULL;
}

static inline void handle(void *ctx, struct http_exchange *exchange)
{
	admin_handle(((struct rig *)ctx)->admin, exchange);
}

static inline size_t body_max(void *ctx, struct str method, struct str path)
{
	(void)ctx;
	return admin_body_max(method, path);
}

static inline bool streams(void *ctx, struct str method, struct str path)
{
	(void)ctx;
	return admin_streams(method, path);
}

#define OK(call) \
	do { \
		struct err err = { ERR_NONE, "" }; \
		if (!(call)) \
			fail_msg("%s", err.msg); \
	} while (0)

static inline void add_shops(struct rig *rig)
{
	struct setting_change url = { STR("api_url"), STR("http://127.0.0.1:1") };
	struct settings_new_store store = { .platform = STR("generic"),
					    .account = STR("main"),
					    .secret = STR("a-secret-of-a-shop") };

	OK(settings_account_add(rig->settings, STR("main"), STR("pk_0123456789"), &url, 1, START_MS, &err));
	store.name = STR("shop-a");
	OK(settings_store_add(rig->settings, &store, START_MS, &err));
	store.name = STR("shop-b");
	OK(settings_store_add(rig->settings, &store, START_MS, &err));
}

static inline void rig_start(struct rig *rig, const char *url)
{
	struct admin_config config = { .ctx = &rig->ctx, .loopback = true, .version = "test" };
	struct http_server_config server = {
		.listen = "127.0.0.1:0", .body_bytes_max = 1 << 22, .ctx = rig, .body_max = body_max, .handle = handle,
		.streams = streams, .idle_timeout_s = 3 /* a peer that has left is noticed by then */
	};

	config.url = str_from(url);
	config.wake = rig->wake[ADMIN_QUICK];
	config.wake_slow = rig->wake[ADMIN_SLOW];
	config.wake_upload = rig->wake[ADMIN_UPLOAD];
	config.data = rig->folder;
	rig->admin = admin_new(&config);
	OK(http_server_start(&server, &rig->server, &err));
	for (int i = 0; i < ADMIN_LANE_COUNT; i++) {
		lane_arg[i] = (struct lane_arg){ rig, (enum admin_lane)i };
		assert_int_equal(pthread_create(&rig->worker[i], NULL, work, &lane_arg[i]), 0);
	}
}

static inline int rig_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct err ignored;

	assert_non_null(rig);
	*state = rig;
	password_set_memory(8192);
	arena_init(&rig->arena);
	(void)snprintf(rig->folder, sizeof(rig->folder), "/tmp/pannier-admin-XXXXXX");
	assert_non_null(mkdtemp(rig->folder));
	(void)snprintf(rig->key_file, sizeof(rig->key_file), "%s/key", rig->folder);
	clock_manual_init(&rig->clock, START_MS);
	OK(db_open(&db_memory_ops, &(struct db_config){ .owner_epoch = 1 }, &rig->db, &err));
	OK(settings_open(rig->db, rig->key_file, &rig->settings, &err));
	add_shops(rig);
	rig->ctx = (struct flow_ctx){
		.db = rig->db, .settings = rig->settings, .clock = &rig->clock.clock, .rand = rand_system()
	};
	for (int i = 0; i < ADMIN_LANE_COUNT; i++)
		rig->wake[i] = wake_new();
	rig_start(rig, "");
	OK(http_client_new(&(struct http_client_config){ .user_agent = "test" }, &rig->client, &err));
	OK(json_parse(openapi_text(&rig->arena), &rig->api, &err));
	(void)ignored;
	return 0;
}

static inline void rig_halt(struct rig *rig)
{
	http_server_stop(rig->server);
	atomic_store(&rig->stopping, true);
	for (int i = 0; i < ADMIN_LANE_COUNT; i++) {
		wake_send(rig->wake[i]);
		(void)pthread_join(rig->worker[i], NULL);
	}
	admin_free(rig->admin);
	atomic_store(&rig->stopping, false);
}

static inline int rig_down(void **state)
{
	struct rig *rig = *state;

	http_client_free(rig->client); /* first: a stop waits for connections that are kept open */
	rig_halt(rig);
	json_free(last_json);
	last_json = NULL;
	json_free(rig->api);
	settings_close(rig->settings);
	db_close(rig->db);
	for (int i = 0; i < ADMIN_LANE_COUNT; i++)
		wake_free(rig->wake[i]);
	(void)unlink(rig->key_file);
	(void)rmdir(rig->folder);
	arena_release(&rig->arena);
	free(rig);
	return 0;
}

static inline struct look rig_look(struct rig *rig)
{
	return (struct look){ .db = rig->db,
			      .settings = rig->settings,
			      .snapshot = settings_take(rig->settings),
			      .clock = &rig->clock.clock,
			      .arena = &rig->arena };
}

/* A user who is let in by the secret, as a session or (with scopes) a token; made again if it ended. */
static inline void rig_user(struct rig *rig, const char *name, enum user_role role, const char *stores,
			    const char *secret, const char *scopes)
{
	struct user_change user = { .kind = USER_PUT,
				    .row = { .name = str_from(name),
					     .role = role,
					     .stores = str_from(stores),
					     .password = STR("not a hash") } };
	struct grant_change grant = { .kind = GRANT_ADD };
	struct look look = rig_look(rig);
	struct user_row *row;
	int64_t id;
	struct err ignored;
	bool found;

	OK(users_find(&look, str_from(name), &row, &found, &err));
	if (!found)
		OK(db_user_change(rig->db, START_MS, &user, &id, &err));
	else
		id = row->id;
	settings_release(rig->settings, look.snapshot);
	grant.row = (struct grant_row){ .kind = scopes ? GRANT_TOKEN : GRANT_SESSION,
					.user_id = id,
					.name = STR("test"),
					.scopes = str_from(scopes),
					.digest = grant_digest(str_from(secret)),
					.created_ms = rig->clock.now_ms,
					.seen_ms = rig->clock.now_ms,
					.expires_ms = rig->clock.now_ms + MS_PER_DAY };
	(void)!db_grant_change(rig->db, rig->clock.now_ms, &grant, &id, &ignored);
}

/* ---- is the answer as the document says? ---- */

static inline const struct json *resolve(const struct rig *rig, const struct json *schema)
{
	struct str ref = json_get_text(schema, "$ref"), part;
	const struct json *at = rig->api;
	char name[100];

	if (ref.len == 0)
		return schema;
	ref = str_skip(ref, 2);
	while (str_split(&ref, '/', &part)) {
		(void)snprintf(name, sizeof(name), "%.*s", STR_ARG(part));
		at = json_get(at, name);
	}
	return at;
}

static inline bool fits_type(struct str type, const struct json *value)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",	  [JSON_FALSE] = "boolean", [JSON_TRUE] = "boolean", [JSON_INTEGER] = "integer",
		[JSON_REAL] = "number", [JSON_STRING] = "string",	 [JSON_ARRAY] = "array",  [JSON_OBJECT] = "object"
	};

	return str_eq(type, str_from(names[json_type(value)])) ||
	       (str_eq(type, STR("number")) && json_type(value) == JSON_INTEGER);
}

static inline bool fits(const struct rig *rig, const struct json *schema, const struct json *value);

static inline bool fits_object(const struct rig *rig, const struct json *schema, const struct json *value)
{
	const struct json *required = json_get(schema, "required"), *properties = json_get(schema, "properties");
	char name[100];

	for (size_t i = 0; i < json_len(required); i++) {
		(void)snprintf(name, sizeof(name), "%.*s", STR_ARG(json_text(json_at(required, i))));
		if (!json_get(value, name)) {
			(void)printf("missing member %s\n", name);
			return false;
		}
	}
	for (void *it = json_first(value); it && properties; it = json_next(value, it)) {
		(void)snprintf(name, sizeof(name), "%.*s", STR_ARG(json_member_name(it)));
		if (!json_get(properties, name) || !fits(rig, json_get(properties, name), json_member_value(it))) {
			(void)printf("member %s does not fit\n", name);
			return false;
		}
	}
	return true;
}

static inline bool fits(const struct rig *rig, const struct json *schema, const struct json *value)
{
	const struct json *any, *list, *types;
	struct str format;
	int64_t ignored;
	bool one = false;

	schema = resolve(rig, schema);
	assert_non_null(schema);
	any = json_get(schema, "anyOf");
	if (any) {
		for (size_t i = 0; i < json_len(any); i++)
			one = one || fits(rig, json_at(any, i), value);
		return one;
	}
	types = json_get(schema, "type");
	if (types && json_type(types) == JSON_STRING && !fits_type(json_text(types), value))
		return false;
	list = json_get(schema, "enum");
	for (size_t i = 0; i < json_len(list); i++)
		one = one || json_same(json_at(list, i), value);
	if (list && !one)
		return false;
	format = json_get_text(schema, "format");
	if (str_eq(format, STR("date-time")) && !time_parse_rfc3339(json_text(value), &ignored))
		return false;
	for (size_t i = 0; json_type(value) == JSON_ARRAY && i < json_len(value); i++)
		if (json_get(schema, "items") && !fits(rig, json_get(schema, "items"), json_at(value, i)))
			return false;
	return json_type(value) != JSON_OBJECT || fits_object(rig, schema, value);
}

static inline void check_answer(const struct rig *rig, const struct admin_route *route, const struct got *got)
{
	bool good = got->status < 400;
	const char *shape = good ? route->response : "Problem";
	const struct json *schema;

	if (got->status == 304 || !shape)
		return;
	assert_true(str_starts(got->type, good ? STR("application/json") : STR("application/problem+json")));
	schema = json_get(json_get(json_get(rig->api, "components"), "schemas"), shape);
	if (!got->json || !fits(rig, schema, got->json))
		fail_msg("%s: %d is not a %s: %.*s", route->id, got->status, shape, STR_ARG(got->body));
	if (good)
		assert_int_equal(got->status, route->status);
}

/* ---- asking ---- */

static inline void take(void *arg, const struct http_answer *answer)
{
	struct got *got = arg;
	struct arena *arena = &got->rig->arena;
	struct err ignored;

	got->done = true;
	got->status = answer->ok ? answer->status : 0;
	got->body = arena_dup(arena, answer->body);
	got->cookie = arena_dup(arena, http_answer_header(answer, "Set-Cookie"));
	got->etag = arena_dup(arena, http_answer_header(answer, "ETag"));
	got->type = arena_dup(arena, http_answer_header(answer, "Content-Type"));
	got->replayed = arena_dup(arena, http_answer_header(answer, "Idempotency-Replayed"));
	got->retry_after = arena_dup(arena, http_answer_header(answer, "Retry-After"));
	got->policy = arena_dup(arena, http_answer_header(answer, "Content-Security-Policy"));
	json_free(last_json);
	last_json = NULL;
	if (str_starts(got->type, STR("application/json")) || str_starts(got->type, STR("application/problem")))
		if (!json_parse(got->body, &last_json, &ignored))
			last_json = NULL;
	got->json = last_json;
}

static inline struct got rig_ask(struct rig *rig, const char *method, const char *path, const char *body)
{
	struct got got = { .rig = rig };
	struct http_header header[HEADERS_MAX];
	struct http_call call = { .method = method, .body = str_from(body), .header = header };
	const struct {
		const char *name, *value;
	} given[] = { { "Content-Type", body ? "application/json" : NULL },
		      { "Cookie", rig->cookie ? arena_printf(&rig->arena, "a=b; pannier_session=%s", rig->cookie).p : NULL },
		      { "Authorization", rig->bearer ? arena_printf(&rig->arena, "Bearer %s", rig->bearer).p : NULL },
		      { "X-CSRF-Token", rig->csrf },
		      { "Host", rig->host },
		      { "Origin", rig->origin },
		      { "Sec-Fetch-Site", rig->site },
		      { "If-Match", rig->if_match },
		      { "Idempotency-Key", rig->key },
		      { "Last-Event-ID", rig->last_event_id } };
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(given); i++)
		if (given[i].value)
			header[call.n_header++] =
				(struct http_header){ str_from(given[i].name), str_from(given[i].value) };
	call.url = arena_printf(&rig->arena, "http://127.0.0.1:%d%s%s", http_server_port(rig->server),
				str_starts(str_from(path), STR("/admin")) ? "" : ADMIN_API, path);
	if (!http_client_start(rig->client, &call, take, &got, &err))
		fail_msg("%s", err.msg);
	while (!got.done)
		(void)http_client_run(rig->client, 1000);
	return got;
}

/* As whoever the session's secret belongs to, with its CSRF token. */
static inline void rig_as(struct rig *rig, const char *secret)
{
	rig->bearer = NULL;
	rig->cookie = secret;
	rig->csrf = secret ? session_csrf(str_from(secret), &rig->arena).p : NULL;
}

static inline const struct admin_route *route_of(const char *id)
{
	size_t n;
	const struct admin_route *route = route_all(&n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(route[i].id, id) == 0)
			return &route[i];
	fail_msg("no route %s", id);
	return NULL;
}

/* Asks by the route's id, holds the answer against the document, and wants success. */
static inline struct got rig_call(struct rig *rig, const char *id, const char *path, const char *body)
{
	const struct admin_route *route = route_of(id);
	struct got got = rig_ask(rig, route->method, path, body);

	check_answer(rig, route, &got);
	if (got.status != route->status)
		fail_msg("%s: %d %.*s", id, got.status, STR_ARG(got.body));
	return got;
}

/* There is an owner, and it is them who ask. */
static inline void rig_owner(struct rig *rig)
{
	rig_user(rig, "ada", USER_OWNER, "", "secret-a", NULL);
	rig_as(rig, "secret-a");
}

static inline const char *rig_text(struct rig *rig, const struct json *json, const char *name)
{
	return arena_cstr(&rig->arena, json_get_text(json, name));
}

static inline void assert_problem(const struct got *got, int status, const char *code)
{
	if (got->status != status || !str_eq(json_get_text(got->json, "code"), str_from(code)))
		fail_msg("want %d %s, got %d %.*s", status, code, got->status, STR_ARG(got->body));
}

#endif
