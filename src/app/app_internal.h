#ifndef PANNIER_APP_APP_INTERNAL_H
#define PANNIER_APP_APP_INTERNAL_H

#include "admin/admin.h"
#include "app/serve.h"
#include "flow/backfill.h"
#include "flow/beacon.h"
#include "flow/connect.h"
#include "flow/feeds.h"
#include "flow/flow.h"
#include "flow/ingest.h"
#include "flow/pull.h"
#include "flow/reconcile.h"
#include "flow/schedule.h"
#include "flow/replay.h"
#include "net/http_server.h"

#include <pthread.h>
#include <stdatomic.h>

/* The daemon's inside, shared by serve.c (start and stop), roles.c (threads), routes.c and report.c (HTTP). */

#define APP_BODY_BYTES_MAX ((size_t)16 << 20)

struct app;
struct report;

/* A thread that does the same small thing over and over. */
struct role {
	struct app *app;
	const struct role_row *row;
	struct wake *wake;
	struct wake *pause; /* rung only by a stop */
	pthread_t thread;
	bool started;
};

enum role_id {
	ROLE_DELIVER, ROLE_NOTIFY, ROLE_PUBLISH, ROLE_MAP, ROLE_COMMIT, ROLE_RETAIN, ROLE_REPORT, ROLE_BACKFILL, ROLE_PULL,
	ROLE_RECONCILE, ROLE_SCHEDULE, ROLE_CONNECT, ROLE_ADMIN, ROLE_ADMIN_SLOW, ROLE_UPLOAD, ROLE_FEED, ROLE_COUNT
};

struct app {
	const struct serve_config *config;
	int lock_fd;
	struct db *db;
	struct settings *settings;
	struct http_client *client;
	struct http_client *notify_client; /* for URLs that stores name */
	struct http_client *pull_client;   /* the same */
	struct http_client *reconcile_client;
	struct http_client *connect_client;
	struct connect *connect;
	struct deliver *deliver;
	struct notify *notify;
	struct inbox *inbox;
	struct ingest *ingest;
	struct beacon *beacon;
	struct report *report;
	struct admin *admin;
	struct feeds *feeds;
	struct retain retain;
	size_t n_since_upkeep; /* messages; of the commit role */
	struct backfill *backfill;
	struct pull *pull;
	struct reconcile *reconcile;
	struct schedule_run *schedule;
	int64_t replay_store_id; /* served last */
	struct http_server *server;
	struct http_tls *tls;          /* NULL = plain HTTP */
	struct address_list proxies;
	bool only_by_proxy;            /* what is in the clear is for the proxy alone */
	struct flow_wakes wakes;
	struct flow_ctx ctx;
	atomic_bool stopping;
	struct role role[ROLE_COUNT];
};

/* ---- roles.c ---- */
void roles_init(struct app *app);
bool roles_start(struct app *app, struct err *err) MUST_CHECK;
/* Every role ends what it is doing; the threads are joined. */
void roles_stop(struct app *app);
void roles_release(struct app *app);

/* ---- routes.c ---- */
size_t routes_body_max(void *app, struct str method, struct str path);
bool routes_stream(void *app, struct str method, struct str path);
void routes_handle(void *app, struct http_exchange *exchange);
void routes_round(void *app, bool idle);

/* ---- listening.c ---- */
/*
 * May the daemon listen where it is told to? Reads certificate and proxies. ERR_INVALID: an address that others reach, without TLS. Lists
 * live in the arena.
 */
bool listening_open(struct app *app, struct arena *arena, struct err *err) MUST_CHECK;
/* Once the database is open, and then now and then: takes up a renewed certificate, and notes for doctor when it ends. */
void listening_look(struct app *app);
void listening_close(struct app *app);
/* Only on a loopback address? */
bool listening_here(const struct app *app);
/* May this peer ask in the clear? False: answered. */
bool listening_lets_in(struct app *app, struct http_exchange *exchange);

/* ---- report.c ---- */
struct report *report_new(struct app *app);
/* Questions not answered yet are answered with 503. NULL allowed. */
void report_free(struct report *report);
enum report_kind { REPORT_METRICS, REPORT_READY };
/* Answered by the report role: both ask the database, which the HTTP thread must not wait for. */
void report_ask(struct report *report, enum report_kind kind, struct http_exchange *exchange);
bool report_run_once(struct report *report, struct err *err) MUST_CHECK;

/* ---- metrics.c ---- */
/* Counters of the process and gauges of the database, in the Prometheus text format. */
bool metrics_write(struct app *app, struct strbuf *out, struct err *err) MUST_CHECK;

#endif
