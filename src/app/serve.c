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
#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "net/url.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One account's slow answers must not use up the connections of another at the same host. */
#define CONNECTIONS_PER_HOST 96
/* So often a renewed certificate is looked for. */
#define LOOK_S 60

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

static void wait_for_stop(struct app *app, const sigset_t *set)
{
	const struct timespec look = { .tv_sec = LOOK_S };
	int signal_number;

	do {
		signal_number = sigtimedwait(set, NULL, &look);
		if (signal_number < 0 && errno != EAGAIN && errno != EINTR)
			signal_number = SIGTERM;
		if (signal_number < 0 || signal_number == SIGHUP) /* settings are read anew anyway */
			listening_look(app);
	} while (signal_number < 0 || signal_number == SIGHUP);
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
	struct http_client_config outside = {
		.user_agent = "pannier/" PANNIER_VERSION,
		.public_only = app->config->public_only,
	};

	app->ctx.db = app->db;
	app->ctx.settings = app->settings;
	if (app->config->admin_url && app->config->admin_url[0] &&
	    !admin_check_url(str_from(app->config->admin_url), err))
		return err_wrap(err, "admin-url");
	if (!http_client_new(&client, &app->client, err) ||
	    !http_client_new(&client, &app->reconcile_client, err) ||
	    !http_client_new(&client, &app->connect_client, err) ||
	    !http_client_new(&outside, &app->notify_client, err) ||
	    !http_client_new(&outside, &app->pull_client, err))
		return err_wrap(err, "start the HTTP client");
	app->wakes.deliver = app->client;
	app->ctx.wake = &app->wakes;
	if (!deliver_open(&app->ctx, app->client, &app->deliver, err))
		return err_wrap(err, "take up deliveries");
	app->notify = notify_open(&app->ctx, app->notify_client);
	app->inbox = inbox_new(&(struct inbox_config){
		.db = app->db,
		.wake = app->wakes.commit,
		.gathers = true,
	});
	app->ctx.inbox = app->inbox;
	app->ingest = ingest_new(&app->ctx, app->inbox);
	app->beacon = beacon_new(app->ingest);
	app->report = report_new(app);
	app->admin = admin_new(&(struct admin_config){
		.ctx = &app->ctx,
		.loopback = listening_here(app),
		.url = str_from(app->config->admin_url),
		.public_only = app->config->public_only,
		.tls = app->tls,
		.klaviyo = &app->config->klaviyo,
		.version = PANNIER_VERSION,
		.wake = app->role[ROLE_ADMIN].wake,
		.wake_slow = app->role[ROLE_ADMIN_SLOW].wake,
		.wake_upload = app->role[ROLE_UPLOAD].wake,
		.data = app->config->data,
	});
	app->feeds = feeds_new(&app->ctx, app->config->data, app->role[ROLE_FEED].wake);
	app->connect = connect_new(&app->ctx, app->connect_client, &app->config->klaviyo);
	app->backfill = backfill_new(&app->ctx);
	app->schedule = schedule_new(&app->ctx);
	app->pull = pull_open(&app->ctx, app->pull_client);
	app->reconcile = reconcile_open(&app->ctx, app->reconcile_client);
	return true;
}

static bool start_server(struct app *app, struct err *err)
{
	struct http_server_config config = {
		.listen = app->config->listen,
		.body_bytes_max = APP_BODY_BYTES_MAX,
		.tls = app->tls,
		.proxies = &app->proxies,
		.ctx = app,
		.body_max = routes_body_max,
		.streams = routes_stream,
		.handle = routes_handle,
		.round = routes_round,
	};

	if (!http_server_start(&config, &app->server, err))
		return err_wrap(err, "listen on '%s'", app->config->listen);
	return true;
}

/* "http://127.0.0.1:8080"; with a certificate for a name, and listening for others, by that name. */
static struct str own_url(const struct app *app, struct arena *arena, struct str host)
{
	struct str name = STR("");
	bool v6;

	if (app->tls && !listening_here(app))
		name = http_tls_name(app->tls, arena);
	if (name.len > 0)
		host = name;
	v6 = str_find_char(host, ':') < host.len;
	return arena_printf(arena, "%s://%s%.*s%s:%d", app->tls ? "https" : "http", v6 ? "[" : "",
			    STR_ARG(host), v6 ? "]" : "", http_server_port(app->server));
}

/*
 * While there are no users: the link by which the first owner is made. On standard error, beside the log and
 * not in it: who reads the first line of standard output wants the address.
 */
static void say_setup(const struct app *app, struct str own)
{
	struct str code = admin_setup_code(app->admin), url = str_from(app->config->admin_url);

	if (code.len == 0 || (url.len == 0 && !listening_here(app) && !app->tls))
		return;
	url = url.len > 0 ? url : own;
	(void)fprintf(stderr, "pannier setup at %.*s/admin#setup=%.*s\n", STR_ARG(url), STR_ARG(code));
}

/* Beside the output, commands find it in the lock file; they can do without. */
static void say_where(const struct app *app, struct arena *arena)
{
	struct str host, own;
	int port;
	struct err err;

	if (!listen_parse(str_from(app->config->listen), &host, &port, &err))
		return;
	own = own_url(app, arena, host);
	if (!file_lock_note(app->lock_fd, own, &err))
		log_warn("app", "%s", err.msg);
	if (app->config->quiet)
		return;
	(void)printf("pannier listening on %.*s\n", STR_ARG(own));
	say_setup(app, own);
	(void)fflush(stdout);
}

static bool start(struct app *app, struct arena *arena, struct err *err)
{
	return listening_open(app, arena, err) && open_data(app, arena, err) && open_stages(app, err) &&
	       roles_start(app, err) && start_server(app, err);
}

/* ---- stop ---- */

/* Each step allows that its start was never reached. */
static void stop(struct app *app)
{
	http_server_stop(app->server);
	roles_stop(app);
	inbox_free(app->inbox);
	report_free(app->report);
	admin_free(app->admin);
	feeds_free(app->feeds);
	pull_close(app->pull);
	schedule_free(app->schedule);
	backfill_free(app->backfill);
	reconcile_close(app->reconcile);
	connect_free(app->connect);
	beacon_free(app->beacon);
	ingest_free(app->ingest);
	notify_close(app->notify);
	deliver_close(app->deliver);
	http_client_free(app->pull_client);
	http_client_free(app->notify_client);
	http_client_free(app->reconcile_client);
	http_client_free(app->connect_client);
	http_client_free(app->client);
	listening_close(app);
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
	mem_share_heaps();
	arena_init(&arena);
	roles_init(&app);
	ok = start(&app, &arena, err);
	if (ok) {
		listening_look(&app);
		say_where(&app, &arena);
		log_info("app", "version=%s data=%s started", PANNIER_VERSION, config->data);
		wait_for_stop(&app, &signals);
	}
	stop(&app);
	if (ok)
		log_info("app", "stopped");
	log_flush(true);
	arena_release(&arena);
	return ok;
}
