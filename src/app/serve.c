/*
 * Serve: the daemon's life, from the lock on its folder to the last commit.
 *
 * Does:    opens what the roles need, starts them, waits for a signal, stops them in the opposite order.
 * Keeps:   one process per data folder. Signals are taken by this thread alone. A stop is a kindness, not a
 *          need: whatever it skips is done by the next start.
 * Threads: the main thread; one daemon per process.
 */
#include "app/serve.h"

#include "app/app_internal.h"
#include "base/file.h"
#include "base/log.h"
#include "net/url.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One account's slow answers must not use up the connections of another at the same host. */
#define CONNECTIONS_PER_HOST 64

static bool take_signals(sigset_t *set, struct err *err)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigemptyset(set);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGHUP);
	if (sigaction(SIGPIPE, &ignore, NULL) != 0 || pthread_sigmask(SIG_BLOCK, set, NULL) != 0)
		return err_set(err, ERR_BUSY, "take over signals: %s", strerror(errno));
	return true;
}

static void wait_for_stop(const sigset_t *set)
{
	int signal_number = 0;

	do
		if (sigwait(set, &signal_number) != 0)
			signal_number = SIGTERM;
	while (signal_number == SIGHUP); /* settings are read anew anyway */
	log_info("app", "signal %d, stopping", signal_number);
}

/* ---- start ---- */

static bool open_data(struct app *app, struct arena *arena, struct err *err)
{
	const char *folder = app->config->data;
	struct db_config config = {
		.location = folder,
		.owner_epoch = 1,
		.now_ms = clock_wall_ms(app->ctx.clock),
	};

	if (!file_make_dir(folder, err))
		return err_wrap(err, "make the data folder");
	if (!file_lock(arena_printf(arena, "%s/%s", folder, PANNIER_LOCK_FILE).p, &app->lock_fd, err))
		return err_wrap(err, "lock '%s'", folder);
	if (!db_open(&db_sqlite_ops, &config, &app->db, err))
		return err_wrap(err, "open the database in '%s'", folder);
	if (!settings_open(app->db, arena_printf(arena, "%s/%s", folder, PANNIER_KEY_FILE).p, &app->settings,
			   err))
		return err_wrap(err, "open the settings");
	return true;
}

static bool open_stages(struct app *app, struct err *err)
{
	struct http_client_config client = {
		.connections_per_host = CONNECTIONS_PER_HOST,
		.user_agent = "pannier/" PANNIER_VERSION,
	};

	app->ctx.db = app->db;
	app->ctx.settings = app->settings;
	if (!http_client_new(&client, &app->client, err))
		return err_wrap(err, "start the HTTP client");
	app->wakes.deliver = app->client;
	app->ctx.wake = &app->wakes;
	if (!deliver_open(&app->ctx, app->client, &app->deliver, err))
		return err_wrap(err, "take up deliveries");
	app->inbox = inbox_new(&(struct inbox_config){ .db = app->db, .wake = app->wakes.commit });
	app->ingest = ingest_new(&app->ctx, app->inbox);
	app->beacon = beacon_new(app->ingest);
	app->report = report_new(app);
	return true;
}

static bool start_server(struct app *app, struct err *err)
{
	struct http_server_config config = {
		.listen = app->config->listen,
		.body_bytes_max = APP_BODY_BYTES_MAX,
		.ctx = app,
		.body_max = routes_body_max,
		.handle = routes_handle,
	};

	if (!http_server_start(&config, &app->server, err))
		return err_wrap(err, "listen on '%s'", app->config->listen);
	return true;
}

static void say_where(const struct app *app)
{
	struct str host;
	int port;
	struct err err;

	if (app->config->quiet || !listen_parse(str_from(app->config->listen), &host, &port, &err))
		return;
	if (str_find_char(host, ':') < host.len)
		(void)printf("pannier listening on http://[%.*s]:%d\n", STR_ARG(host),
			     http_server_port(app->server));
	else
		(void)printf("pannier listening on http://%.*s:%d\n", STR_ARG(host),
			     http_server_port(app->server));
	(void)fflush(stdout);
}

static bool start(struct app *app, struct arena *arena, struct err *err)
{
	return open_data(app, arena, err) && open_stages(app, err) && roles_start(app, err) &&
	       start_server(app, err);
}

/* ---- stop ---- */

/* Each step allows that its start was never reached. */
static void stop(struct app *app)
{
	http_server_stop(app->server);
	roles_stop(app);
	inbox_free(app->inbox);
	report_free(app->report);
	beacon_free(app->beacon);
	ingest_free(app->ingest);
	deliver_close(app->deliver);
	http_client_free(app->client);
	settings_close(app->settings);
	db_close(app->db);
	roles_release(app);
	if (app->lock_fd >= 0)
		(void)close(app->lock_fd);
}

bool serve_run(const struct serve_config *config, struct err *err)
{
	struct app app = {
		.config = config,
		.lock_fd = -1,
		.ctx = { .clock = clock_system(), .rand = rand_system() },
	};
	struct arena arena;
	sigset_t signals;
	bool ok;

	if (!take_signals(&signals, err))
		return false;
	arena_init(&arena);
	roles_init(&app);
	ok = start(&app, &arena, err);
	if (ok) {
		say_where(&app);
		log_info("app", "version=%s data=%s started", PANNIER_VERSION, config->data);
		wait_for_stop(&signals);
	}
	stop(&app);
	if (ok)
		log_info("app", "stopped");
	log_flush(true);
	arena_release(&arena);
	return ok;
}
