#ifndef PANNIER_ADMIN_ADMIN_INTERNAL_H
#define PANNIER_ADMIN_ADMIN_INTERNAL_H

#include "admin/admin.h"
#include "admin/connecting.h"
#include "admin/look.h"
#include "admin/shape.h"
#include "admin/sample.h"
#include "flow/pull.h"
#include "flow/rate_limit.h"

#include <pthread.h>

/* The inside of the API: a call, the table of routes, who may what. */

#define ADMIN_ROOT "/admin"
#define ADMIN_API "/admin/api/v1"
#define ADMIN_API_SHORT "/v1" /* for programs: with a token, whatever the Host; of routes with ROUTE_SHORT */
#define ADMIN_SEGMENTS_MAX 3
#define ADMIN_HEADERS_MAX 12
#define ADMIN_PAGE_MAX 1000
#define ADMIN_PAGE_USUAL 100

/* What a token may be limited to. One row: enum, text, least role. */
#define ADMIN_SCOPES(X) \
	X(SCOPE_OVERVIEW_READ, "overview:read", USER_VIEWER) \
	X(SCOPE_SETTINGS_READ, "settings:read", USER_VIEWER) \
	X(SCOPE_SETTINGS_WRITE, "settings:write", USER_OPERATOR) \
	X(SCOPE_ACTIVITY_READ, "activity:read", USER_VIEWER) \
	X(SCOPE_FAILED_WRITE, "failed:write", USER_OPERATOR) \
	X(SCOPE_AGREEMENT_WRITE, "agreement:write", USER_OPERATOR) \
	X(SCOPE_PEOPLE_READ, "people:read", USER_OPERATOR) \
	X(SCOPE_PEOPLE_ERASE, "people:erase", USER_OPERATOR) \
	X(SCOPE_IMPORTS_WRITE, "imports:write", USER_OPERATOR) \
	X(SCOPE_ACCOUNTS_WRITE, "accounts:write", USER_OWNER) \
	X(SCOPE_USERS_READ, "users:read", USER_OWNER) \
	X(SCOPE_USERS_WRITE, "users:write", USER_OWNER) \
	X(SCOPE_SELF, "self", USER_VIEWER)

enum admin_scope {
#define ADMIN_SCOPE_ENUM(name, text, role) name,
	ADMIN_SCOPES(ADMIN_SCOPE_ENUM)
#undef ADMIN_SCOPE_ENUM
	SCOPE_COUNT
};
const char *scope_text(enum admin_scope scope);
enum user_role scope_role(enum admin_scope scope);
bool scope_parse(struct str text, enum admin_scope *out);

struct admin_call;
/* True: answered (call->answer, or call_text, or call_problem). False: err says why, and becomes a problem. */
typedef bool admin_handler(struct admin_call *call, struct err *err);

struct admin_param {
	struct shape_field field;  /* of the query; OPTIONAL unless it must be there */
};

#define ROUTE_PUBLIC	 1u        /* without signing in */
#define ROUTE_SLOW	 2u
#define ROUTE_UNLIMITED	 4u        /* only for users who are not limited to some stores */
#define ROUTE_SESSION	 8u        /* not with a token */
#define ROUTE_IF_MATCH	16u        /* needs If-Match */
#define ROUTE_STREAM	32u        /* answered later, when something happens */
#define ROUTE_FILE	64u        /* answers with a file */
#define ROUTE_UPLOAD   128u        /* its body is a file, read in pieces */
#define ROUTE_SHORT    256u        /* below ADMIN_API_SHORT, too */

struct admin_route {
	const char *method;
	const char *path;          /* below ADMIN_API; "{store}" is one segment */
	const char *id;            /* operationId */
	const char *tag;
	const char *summary;
	enum admin_scope scope;
	unsigned flags;
	const struct shape_field *param; /* of the query */
	size_t n_param;
	const char *request;       /* shape of the body, NULL = none */
	const char *response;      /* shape of the answer, NULL = none */
	int status;                /* of success */
	admin_handler *run;
};

const struct admin_route *route_all(size_t *n);
/* Segments that stand for {...} go to segment, still percent-encoded. NULL: no such path; *known: the path is there for another method. */
const struct admin_route *route_find(struct str method, struct str path, struct str segment[static ADMIN_SEGMENTS_MAX],
				     bool *known);

/* ---- one call ---- */

struct admin_headers {
	struct str host, cookie, authorization, origin, fetch_site, csrf, if_match, if_none_match, idempotency_key,
		content_type, user_agent, last_event_id, content_range, repr_digest;
};

struct admin_call {
	struct admin_call *next;   /* in its queue */
	struct admin *admin;
	struct http_exchange *exchange;
	const struct http_request *request;
	const struct admin_route *route;
	struct str segment[ADMIN_SEGMENTS_MAX];
	struct admin_headers header;
	bool is_short;             /* came to ADMIN_API_SHORT */
	int64_t since_ms;          /* monotonic, when it came */

	/* set by the worker */
	int64_t now_ms;
	struct look look;
	struct json *body;         /* checked against route->request */
	bool signed_in;
	bool by_token;
	struct str secret;         /* of the session or token */
	struct user_row user;
	struct grant_row grant;
	const int64_t *store;      /* the stores the user is limited to */
	size_t n_store;
	bool limited;

	/* the answer */
	int status;
	struct json *answer;       /* freed after it was written */
	struct str text;           /* instead of answer */
	bool has_text;
	bool parked;               /* a stream waits: nothing is replied now */
	struct admin_upload *upload; /* parked: its body is to be read */
	struct http_header out[ADMIN_HEADERS_MAX];
	size_t n_out;
};

struct admin_lane_queue {
	struct admin_call *first, *last;
	size_t n;
};

struct admin {
	struct admin_config config;
	struct flow_ctx ctx;
	pthread_mutex_t lock;      /* queues and limits */
	struct admin_lane_queue queue[ADMIN_LANE_COUNT];
	struct admin_call *parked; /* streams; of the quick worker alone */
	size_t n_parked;
	struct admin_upload *upload; /* under lock: pieces that have come, and uploads whose peers have left */
	size_t n_upload;           /* this and what follows: of the upload worker alone */
	int64_t swept_at_ms;
	struct rate_limit *limit;
	char setup_code[33];       /* for the first owner; lives as long as the process */
	struct once *once;         /* under lock */
	struct samples *samples;   /* under lock */
	struct connecting connecting[CONNECTING_MAX]; /* of the slow worker alone */
	struct str openapi;        /* made once */
	struct str files_hash;     /* of the screens */
	struct arena arena;
};

/* ---- call.c: for handlers ---- */

/* A query parameter, decoded; "" if it is not there. */
struct str call_query(struct admin_call *call, const char *name);
/* A segment of the path, decoded. */
struct str call_segment(struct admin_call *call, size_t i);
bool call_limit(struct admin_call *call, size_t *limit, struct err *err) MUST_CHECK;
/* A cursor: a whole number as we gave it; 0 if there is none. */
bool call_cursor(struct admin_call *call, int64_t *cursor, struct err *err) MUST_CHECK;
/* By role, and by the scopes of a token. */
bool call_may(const struct admin_call *call, enum admin_scope scope);
bool call_sees_store(const struct admin_call *call, int64_t store_id);
bool call_sees_account(const struct admin_call *call, const struct settings_account *account);
/* By name; ERR_NOT_FOUND also for what the user must not see. */
bool call_store(struct admin_call *call, struct str name, const struct settings_store **out, struct err *err) MUST_CHECK;
bool call_account(struct admin_call *call, struct str name, const struct settings_account **out, struct err *err) MUST_CHECK;
/* Id of the store that ?store= names; 0 if it is not there. */
bool call_store_query(struct admin_call *call, int64_t *store_id, struct err *err) MUST_CHECK;
/* After this call changed settings. */
bool call_refresh(struct admin_call *call, struct err *err) MUST_CHECK;
/* Who did it, for the audit: "ada", "token ci of ada". */
struct str call_actor(struct admin_call *call);
void call_header(struct admin_call *call, struct str name, struct str value);
/* Answers with a problem; always true, for `return`. */
bool call_problem(struct admin_call *call, int status, const char *code, const char *title, struct str detail);
bool call_problem_later(struct admin_call *call, const char *code, const char *title, int64_t retry_after_s);
/* Answers with this object (taken over). */
bool call_answer(struct admin_call *call, struct json *json);
bool call_nothing(struct admin_call *call); /* 204 */
/* {"items": items, "next": next or null} */
bool call_page(struct admin_call *call, struct json *items, struct str next);
void json_put_or_null(struct json *object, const char *name, struct str text);
void json_put_int(struct json *object, const char *name, int64_t value);
void json_put_bool(struct json *object, const char *name, bool value);

/* ---- imports.c ---- */
/* What a body (SyncNew) asks of the store's shop; wish->kind is not set. */
bool sync_read(struct admin_call *call, const struct settings_store *store, struct pull_wish *wish,
	       enum pull_kind kind[static PULL_KIND_COUNT], size_t *n, struct err *err) MUST_CHECK;

/* ---- reply.c ---- */
void reply_problem(struct http_exchange *exchange, int status, const char *code, const char *title, struct str detail,
		   int64_t retry_after_s);
/* Sends what the handler left, with ETag and security headers. */
void reply_call(struct admin_call *call);
void reply_err(struct admin_call *call, const struct err *err);

/* ---- gate.c: who may ask at all ---- */
/* On the HTTP thread: is the Host one of ours, and does the request come from where it may? False: answered. */
bool gate_open(struct admin *admin, struct http_exchange *exchange, const struct admin_headers *header);
/* In the worker: who is it, and may they? False: a problem is set, or err. */
bool gate_enter(struct admin_call *call, bool *entered, struct err *err) MUST_CHECK;
bool gate_is_local_host(struct str host);
bool gate_is_secure(const struct admin *admin);
struct str gate_remote(const struct admin_call *call);
/* Shall browsers come to this host by https only from now on (RFC 6797)? Not for names of this machine, which other programs have, too. */
bool gate_is_strict(const struct http_exchange *exchange, struct str host);
#define GATE_STRICT_HEADER { STR_INIT("Strict-Transport-Security"), STR_INIT("max-age=31536000") }
/* Rate limit by address; false: too fast. */
bool gate_take(struct admin *admin, const char *kind, struct str who, struct rate rate);

/* ---- session.c ---- */
struct str session_csrf(struct str secret, struct arena *arena);
void session_cookie(struct admin_call *call, struct str secret, int64_t max_age_s);
struct str session_cookie_value(const struct admin *admin, struct str cookies);

/* ---- files.c ---- */
/* Files of assets/admin; on the HTTP thread. */
struct str files_hash(struct arena *arena);
void files_serve(struct admin *admin, struct http_exchange *exchange);

/* ---- openapi.c ---- */
struct str openapi_text(struct arena *arena);

/* ---- live.c ---- */
bool live_run_once(struct admin *admin, struct err *err) MUST_CHECK;

/* ---- upload.c ---- */
/* The last thing that is done with a call: its body is read from now on. */
void upload_go_on(struct admin_upload *upload);
bool upload_run_once(struct admin *admin, int64_t *wait_ms, struct err *err) MUST_CHECK;
void uploads_refuse(struct admin *admin);

/* ---- once.c: Idempotency-Key ---- */
struct once *once_new(void);
void once_free(struct once *once); /* NULL allowed */
/* Was the request carried out before? Then it is answered as then. */
bool once_before(struct admin_call *call, bool *answered, struct err *err) MUST_CHECK;
void once_after(struct admin_call *call);

/* ---- handlers, by file ---- */
admin_handler get_openapi;
admin_handler get_session, post_session, delete_session, post_setup;
admin_handler get_overview, get_series;
admin_handler get_accounts, get_account, get_stores, get_store, get_platforms, get_settings_table, get_account_settings,
	get_store_settings, get_defaults;
admin_handler get_settings_history, post_settings_undo;
admin_handler get_activity, get_codes;
admin_handler get_failed, get_failed_groups, get_held;
admin_handler post_store_import, get_store_uploads;
admin_handler get_imports, get_import, post_import_pause, post_import_resume, post_import_cancel, post_import_throttle;
admin_handler post_store_sync, post_store_sync_preview, get_store_sync, get_store_schedules;
admin_handler get_story, get_story_request, get_search, get_catalog;
admin_handler post_person_find, post_person_export;
admin_handler get_users, get_sessions, get_tokens;
admin_handler get_events;
admin_handler get_connection, post_connection_start, post_connection_finish;
admin_handler post_account, delete_account, put_account_key, post_account_check, post_key_check;
admin_handler post_feed_address;
admin_handler post_store, delete_store, post_store_secret, delete_old_secret;
admin_handler post_account_settings_preview, post_store_settings_preview, patch_account_settings, patch_store_settings,
	post_defaults_preview, patch_defaults;
admin_handler post_failed_retry, post_failed_discard, post_person_erase, post_preview, post_message;
admin_handler get_activity_export;
admin_handler get_replay, post_replay, post_replay_preview, post_replay_pause, post_replay_resume, post_replay_cancel;
admin_handler get_reconcile, post_reconcile, post_reconcile_cancel;
admin_handler post_user, post_user_invitation, patch_user, delete_user, post_invitation_accept;
admin_handler post_password, post_totp, put_totp, post_totp_remove, delete_login, delete_token, post_token;

#endif
