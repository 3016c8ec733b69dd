#ifndef PANNIER_APP_APP_INTERNAL_H
#define PANNIER_APP_APP_INTERNAL_H

#include "app/serve.h"
#include "flow/beacon.h"
#include "flow/flow.h"
#include "flow/ingest.h"
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

enum role_id { ROLE_DELIVER, ROLE_PUBLISH, ROLE_MAP, ROLE_COMMIT, ROLE_RETAIN, ROLE_REPORT, ROLE_COUNT };

struct app {
	const struct serve_config *config;
	int lock_fd;
	struct db *db;
	struct settings *settings;
	struct http_client *client;
	struct deliver *deliver;
	struct inbox *inbox;
	struct ingest *ingest;
	struct beacon *beacon;
	struct report *report;
	struct retain retain;
	struct http_server *server;
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
void routes_handle(void *app, struct http_exchange *exchange);

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
