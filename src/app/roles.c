/*
 * Roles: the threads that turn the stages.
 *
 * Does:    calls a stage's run_once over and over, waits when there is nothing to do, slows down after
 *          errors.
 * Doesn't: know what a stage does. Nothing is handed from role to role but wakes, and those may be lost.
 * Keeps:   an error is logged once when it begins and once when it is over. After ERR_FATAL nothing more is
 *          done: the process ends at once with exit code 70, and the next start finds what was durable.
 *          Taking in comes first: the roles behind the inbox get the processor when those that a shop waits
 *          for leave it to them (where processors are idle that makes no difference). While more than
 *          BUSY_PER_MS messages a millisecond come in they also rest after each round, the longer the more
 *          came in during it, so that the database's writer is not theirs most of the time. They never
 *          stop: at 2 messages a millisecond they have half of their time, at 20 a tenth. Upkeep steps back
 *          less: the log must not outgrow it.
 * Threads: one per role; start and stop from the main thread.
 */
#define _GNU_SOURCE /* pthread_setname_np */
#include "app/app_internal.h"

#include "base/counter.h"
#include "base/log.h"
#include "base/process.h"

#include <string.h>
#include <unistd.h>

#define EXIT_FATAL	70
#define BACKOFF_MIN_MS	100
#define BACKOFF_MAX_MS	5000
#define DELIVER_WAIT_MS 250
#define NOTIFY_WAIT_MS	1000
#define PULL_WAIT_MS	1000
#define COMMIT_WAIT_MS	1000
#define GIVE_WAY	2 /* messages taken in for each millisecond of rest */
#define GIVE_WAY_MAX_MS 250
#define BUSY_PER_MS	1 /* messages taken in */
/* Upkeep does not wait for its time when so many have come in: the log has grown by some MB. */
#define UPKEEP_MESSAGES 2048

/* Who gets the processor while all are busy. BEHIND: does what nobody waits for, and rests besides. */
enum place { PLACE_FRONT, PLACE_UPKEEP, PLACE_BEHIND };

/*
 * Steps of nice(2): half and a third of what a thread in front has. Not less: who is behind may hold the
 * database's writer, and on a machine that is busy with something else it has to get on.
 */
static const int steps_back[] = { [PLACE_FRONT] = 0, [PLACE_UPKEEP] = 3, [PLACE_BEHIND] = 5 };

struct role_row {
	const char *name;
	enum place place;
	/* One unit of work; *wait_ms: when to call again if no wake comes. */
	bool (*run_once)(struct app *app, int64_t *wait_ms, struct err *err);
};

static bool run_deliver(struct app *app, int64_t *wait_ms, struct err *err)
{
	struct flow_next next;

	*wait_ms = 0; /* it waits in its client */
	return deliver_run_once(app->deliver, DELIVER_WAIT_MS, &next, err);
}

static bool run_notify(struct app *app, int64_t *wait_ms, struct err *err)
{
	struct flow_next next;

	*wait_ms = 0; /* it waits in its client */
	return notify_run_once(app->notify, NOTIFY_WAIT_MS, &next, err);
}

static bool run_publish(struct app *app, int64_t *wait_ms, struct err *err)
{
	struct flow_next next = { 0 };
	bool ok = publish_run_once(&app->ctx, &next, err);

	*wait_ms = next.wait_ms;
	return ok;
}

static bool run_map(struct app *app, int64_t *wait_ms, struct err *err)
{
	struct flow_next next = { 0 };
	bool ok = map_run_once(&app->ctx, &next, err);

	*wait_ms = next.wait_ms;
	return ok;
}

static bool run_commit(struct app *app, int64_t *wait_ms, struct err *err)
{
	size_t n_committed;
	bool ok;

	http_replies_hold();
	ok = inbox_commit_run_once(app->inbox, &n_committed, err);
	http_replies_release();
	if (!ok)
		return false;
	app->n_since_upkeep += n_committed;
	if (app->n_since_upkeep >= UPKEEP_MESSAGES) {
		app->n_since_upkeep = 0;
		wake_send(app->wakes.retain);
	}
	*wait_ms = inbox_waiting(app->inbox) > 0 ? 0 : COMMIT_WAIT_MS;
	return true;
}

static bool run_retain(struct app *app, int64_t *wait_ms, struct err *err)
{
	struct flow_next next = { 0 };
	bool ok = retain_run_once(&app->ctx, &app->retain, &next, err);

	*wait_ms = next.wait_ms;
	log_flush(false);
	return ok;
}

static bool run_report(struct app *app, int64_t *wait_ms, struct err *err)
{
	struct flow_next next = { 0 };

	if (!report_run_once(app->report, err) || !ingest_upkeep_run_once(app->ingest, &next, err))
		return false;
	*wait_ms = next.wait_ms;
	return true;
}

static bool run_admin(struct app *app, int64_t *wait_ms, struct err *err)
{
	return admin_run_once(app->admin, ADMIN_QUICK, wait_ms, err);
}

static bool run_admin_slow(struct app *app, int64_t *wait_ms, struct err *err)
{
	return admin_run_once(app->admin, ADMIN_SLOW, wait_ms, err);
}

static bool run_pull(struct app *app, int64_t *wait_ms, struct err *err)
{
	struct flow_next next;

	*wait_ms = 0; /* it waits in its client */
	return pull_run_once(app->pull, PULL_WAIT_MS, &next, err);
}

static bool run_schedule(struct app *app, int64_t *wait_ms, struct err *err)
{
	struct flow_next next = { 0 };
	bool ok = schedule_run_once(app->schedule, &next, err);

	*wait_ms = next.wait_ms;
	return ok;
}

static bool run_feed(struct app *app, int64_t *wait_ms, struct err *err)
{
	return feeds_run_once(app->feeds, wait_ms, err);
}

static bool run_upload(struct app *app, int64_t *wait_ms, struct err *err)
{
	return admin_run_once(app->admin, ADMIN_UPLOAD, wait_ms, err);
}

static bool run_backfill(struct app *app, int64_t *wait_ms, struct err *err)
{
	struct flow_next next = { 0 };
	bool ok = backfill_run_once(app->backfill, &next, err);

	*wait_ms = next.wait_ms;
	return ok;
}

static bool run_reconcile(struct app *app, int64_t *wait_ms, struct err *err)
{
	struct flow_next next = { 0 }, replay = { 0 };
	bool ok = replay_run_once(&app->ctx, &app->replay_store_id, &replay, err) &&
		  reconcile_run_once(app->reconcile, replay.wait_ms, &next, err);

	/* While a request is under way it waits in its client. */
	*wait_ms = replay.wait_ms < next.wait_ms ? replay.wait_ms : next.wait_ms;
	return ok;
}

static bool run_connect(struct app *app, int64_t *wait_ms, struct err *err)
{
	return connect_run_once(app->connect, wait_ms, err);
}

static const struct role_row role_row[ROLE_COUNT] = {
	[ROLE_DELIVER] = { "deliver", PLACE_FRONT, run_deliver },
	[ROLE_NOTIFY] = { "notify", PLACE_FRONT, run_notify },
	[ROLE_PUBLISH] = { "publish", PLACE_BEHIND, run_publish },
	[ROLE_MAP] = { "map", PLACE_BEHIND, run_map },
	[ROLE_COMMIT] = { "commit", PLACE_FRONT, run_commit },
	[ROLE_RETAIN] = { "retain", PLACE_UPKEEP, run_retain },
	[ROLE_REPORT] = { "report", PLACE_FRONT, run_report },
	[ROLE_ADMIN] = { "admin", PLACE_FRONT, run_admin },
	[ROLE_FEED] = { "feed", PLACE_FRONT, run_feed },
	[ROLE_UPLOAD] = { "upload", PLACE_FRONT, run_upload },
	[ROLE_ADMIN_SLOW] = { "admin-slow", PLACE_FRONT, run_admin_slow },
	[ROLE_BACKFILL] = { "backfill", PLACE_BEHIND, run_backfill },
	[ROLE_PULL] = { "pull", PLACE_BEHIND, run_pull },
	[ROLE_RECONCILE] = { "reconcile", PLACE_BEHIND, run_reconcile },
	[ROLE_CONNECT] = { "connect", PLACE_FRONT, run_connect },
	[ROLE_SCHEDULE] = { "schedule", PLACE_FRONT, run_schedule },
};

/* ---- the loop ---- */

NO_RETURN static void end_process(const struct role *role, const struct err *err)
{
	log_error("app", "role=%s cannot go on, the process ends: %s", role->row->name, err->msg);
	log_flush(true);
	_exit(EXIT_FATAL);
}

/* What to do after a round: how long to wait; *backoff_ms is 0 while all is well. */
static int64_t judge_round(const struct role *role, bool ok, const struct err *err, int64_t wait_ms,
			   int64_t *backoff_ms)
{
	if (ok) {
		if (*backoff_ms > 0)
			log_info("app", "role=%s goes on", role->row->name);
		*backoff_ms = 0;
		return wait_ms;
	}
	if (err->code == ERR_FATAL)
		end_process(role, err);
	if (err->code == ERR_BUSY && atomic_load(&role->app->stopping))
		return 0; /* the stop itself was in its way */
	if (*backoff_ms == 0)
		log_warn("app", "role=%s waits and tries again: %s", role->row->name, err->msg);
	*backoff_ms = *backoff_ms == 0 ? BACKOFF_MIN_MS : *backoff_ms * 2;
	if (*backoff_ms > BACKOFF_MAX_MS)
		*backoff_ms = BACKOFF_MAX_MS;
	return *backoff_ms;
}

/* Rests after a round of worked_ms, if many messages came in meanwhile. Hints do not end it, a stop does. */
static void give_way(const struct role *role, int64_t worked_ms, uint64_t n_received)
{
	int64_t rest_ms = (int64_t)(n_received / GIVE_WAY);

	if (role->row->place != PLACE_BEHIND || rest_ms <= 0 ||
	    n_received < (uint64_t)worked_ms * BUSY_PER_MS)
		return;
	(void)wake_wait(role->pause, rest_ms < GIVE_WAY_MAX_MS ? rest_ms : GIVE_WAY_MAX_MS);
}

static void *role_main(void *arg)
{
	struct role *role = arg;
	struct app *app = role->app;
	int64_t backoff_ms = 0;

	/* For who looks on; nothing depends on it. */
	(void)pthread_setname_np(pthread_self(), role->row->name);
	process_thread_step_back(steps_back[role->row->place]);
	while (!atomic_load(&app->stopping)) {
		int64_t started_ms = clock_mono_ms(app->ctx.clock), wait_ms = 0;
		uint64_t received = counter_get(COUNTER_messages_received);
		struct err err = { 0 };
		bool ok = role->row->run_once(app, &wait_ms, &err);

		give_way(role, clock_mono_ms(app->ctx.clock) - started_ms,
			 counter_get(COUNTER_messages_received) - received);
		wait_ms = judge_round(role, ok, &err, wait_ms, &backoff_ms);
		if (wait_ms > 0 && !atomic_load(&app->stopping))
			(void)wake_wait(role->wake, wait_ms);
	}
	return NULL;
}

/* ---- start, stop ---- */

void roles_init(struct app *app)
{
	for (enum role_id id = 0; id < ROLE_COUNT; id++)
		app->role[id] = (struct role){
			.app = app,
			.row = &role_row[id],
			.wake = wake_new(),
			.pause = wake_new(),
		};
	app->wakes = (struct flow_wakes){
		.commit = app->role[ROLE_COMMIT].wake,
		.map = app->role[ROLE_MAP].wake,
		.publish = app->role[ROLE_PUBLISH].wake,
		.retain = app->role[ROLE_RETAIN].wake,
	};
}

bool roles_start(struct app *app, struct err *err)
{
	for (enum role_id id = 0; id < ROLE_COUNT; id++) {
		struct role *role = &app->role[id];
		int failed = pthread_create(&role->thread, NULL, role_main, role);

		if (failed)
			return err_set(err, ERR_BUSY, "start the thread of role '%s': %s", role->row->name,
				       strerror(failed));
		role->started = true;
	}
	return true;
}

void roles_stop(struct app *app)
{
	atomic_store(&app->stopping, true);
	if (app->db)
		db_interrupt(app->db);
	for (enum role_id id = 0; id < ROLE_COUNT; id++) {
		wake_send(app->role[id].wake);
		wake_send(app->role[id].pause);
	}
	if (app->client)
		http_client_wakeup(app->client);
	if (app->notify_client)
		http_client_wakeup(app->notify_client);
	if (app->pull_client)
		http_client_wakeup(app->pull_client);
	if (app->connect_client)
		http_client_wakeup(app->connect_client);
	if (app->reconcile_client)
		http_client_wakeup(app->reconcile_client);
	for (enum role_id id = 0; id < ROLE_COUNT; id++) {
		if (app->role[id].started)
			(void)pthread_join(app->role[id].thread, NULL);
		app->role[id].started = false;
	}
}

void roles_release(struct app *app)
{
	for (enum role_id id = 0; id < ROLE_COUNT; id++) {
		wake_free(app->role[id].wake);
		wake_free(app->role[id].pause);
	}
}
