/*
 * The process: opened as app/serve.c does, its roles turned as app/roles.c does, one step at a time and in
 * any order. It dies when its disk does: what the dead code still says or sends reaches nobody.
 */
#include "sim/node.h"

#include "base/alloc.h"
#include "flow/feeds.h"
#include "flow/flow.h"
#include "flow/ingest.h"
#include "settings/settings.h"
#include "sim/check.h"
#include "sim/defaults.h"
#include "sim/errands.h"
#include "sim/klaviyo.h"
#include "sim/reader.h"
#include "sim/sim.h"
#include "sim/timetable.h"
#include "sim/token.h"
#include "sim/upload.h"
#include "sim/watch.h"
#include "sim/wire.h"
#include "store/sqlite/sqlite_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DELIVER_WAIT_MS	  250
#define COMMIT_WAIT_MS	  1000
#define ERRANDS_WAIT_MS	  1000
#define BACKOFF_MIN_MS	  100
#define BACKOFF_MAX_MS	  5000
#define IDLE_MAX_MS	  60000
#define DOWN_MAX_MS	  60000
#define DOWN_SHORT_MS	  5000
#define DOWN_LONG_MS	  (5 * MS_PER_MIN) /* runs by the clock are missed */
#define AT_ONCE_MS	  800
#define CLOCK_BACK_MAX_MS (23 * MS_PER_HOUR)
#define OPERATIONS_AHEAD  60
#define START_OPERATIONS  60
#define CONSERVE_EVERY	  64   /* steps of roles */
#define SPINS_MAX	  5000 /* turns of roles while no time passes */
#define SHOPS_NAME_BYTES  32
#define RUN_KEYS	  25 /* keys of messages that are written together */

enum role_id {
	ROLE_DELIVER,
	ROLE_PUBLISH,
	ROLE_MAP,
	ROLE_COMMIT,
	ROLE_RETAIN,
	ROLE_UPKEEP,
	ROLE_ERRANDS,
	ROLE_CONNECT,
	ROLE_UPLOAD,
	ROLE_FEED,
	ROLE_COUNT
};

struct role {
	const char *name;
	bool (*run_once)(int64_t *wait_ms, struct err *err);
	struct wake *wake;
	int64_t at_ms; /* planned for; -1 = not */
	int64_t backoff_ms;
};

static struct {
	char folder[200];
	char key_file[220];
	bool up;
	bool ended; /* no further start */
	int life;
	int64_t started_ms;
	int64_t down_since_ms;
	int64_t down_ms;
	struct db *db; /* watched */
	struct settings *settings;
	struct http_client *client;
	struct deliver *deliver;
	struct errands *errands; /* NULL: nobody asks for any */
	struct http_client *token_client;
	struct connect *connect; /* NULL: accounts have keys */
	struct inbox *inbox;
	struct ingest *ingest;
	struct feeds *feeds; /* NULL: nobody reads any */
	struct retain retain;
	struct flow_wakes wakes;
	struct flow_ctx ctx;
	struct rand_seeded rand;
	struct role role[ROLE_COUNT];
	uint64_t n_step;
	int64_t spin_ms; /* when the last turn was */
	int n_spin;
	int64_t store_id[8];
	int64_t account_id[4];
} node;

bool node_is_up(void)
{
	return node.up && !disk_is_dead();
}

int node_life(void)
{
	return node.life;
}

int64_t node_started_ms(void)
{
	return node.started_ms;
}

int64_t node_down_ms(void)
{
	return node.down_ms;
}

struct db *node_db(void)
{
	return node_is_up() ? watch_inner(node.db) : NULL;
}

int node_account_of_shop(int shop)
{
	return shop % (int)sim_option(OPTION_accounts);
}

const char *node_key_file(void)
{
	return node.key_file;
}

int64_t node_store_id(int shop)
{
	return node.store_id[shop];
}

int64_t node_account_id(int account)
{
	return node.account_id[account];
}

static void must(bool ok, const struct err *err)
{
	if (ok)
		return;
	(void)fprintf(stderr, "sim: %s\n", err->msg);
	abort();
}

/* ---- roles ---- */

/* When nothing has happened for long, nobody looks so often: hours of waiting cost little. */
static int64_t idle_ms(void)
{
	int64_t quiet_ms = (sim.now_ms - sim.busy_at_ms) / 8;

	return quiet_ms < IDLE_MAX_MS ? quiet_ms : IDLE_MAX_MS;
}

static int64_t later(int64_t wait_ms)
{
	return wait_ms > 0 && idle_ms() > wait_ms ? idle_ms() : wait_ms;
}

static bool run_deliver(int64_t *wait_ms, struct err *err)
{
	struct flow_next next;
	bool ok = deliver_run_once(node.deliver, later(DELIVER_WAIT_MS), &next, err);

	*wait_ms = next.n_done > 0 ? 0 : wire_wait_ms(node.client);
	return ok;
}

static bool run_publish(int64_t *wait_ms, struct err *err)
{
	struct flow_next next = { 0 };
	bool ok = publish_run_once(&node.ctx, &next, err);

	*wait_ms = later(next.wait_ms);
	return ok;
}

static bool run_map(int64_t *wait_ms, struct err *err)
{
	struct flow_next next = { 0 };
	bool ok = map_run_once(&node.ctx, &next, err);

	*wait_ms = later(next.wait_ms);
	return ok;
}

static bool run_commit(int64_t *wait_ms, struct err *err)
{
	size_t n;

	if (!inbox_commit_run_once(node.inbox, &n, err))
		return false;
	*wait_ms = inbox_waiting(node.inbox) > 0 ? 0 : later(COMMIT_WAIT_MS);
	return true;
}

static bool run_retain(int64_t *wait_ms, struct err *err)
{
	struct flow_next next = { 0 };
	bool ok = retain_run_once(&node.ctx, &node.retain, &next, err);

	*wait_ms = later(next.wait_ms);
	return ok;
}

static bool run_upkeep(int64_t *wait_ms, struct err *err)
{
	struct flow_next next = { 0 };
	bool ok = ingest_upkeep_run_once(node.ingest, &next, err);

	*wait_ms = later(next.wait_ms);
	return ok;
}

static bool run_errands(int64_t *wait_ms, struct err *err)
{
	bool ok = errands_run_once(node.errands, later(ERRANDS_WAIT_MS), wait_ms, err);

	*wait_ms = later(*wait_ms);
	return ok;
}

static bool run_connect(int64_t *wait_ms, struct err *err)
{
	bool ok = connect_run_once(node.connect, wait_ms, err);

	*wait_ms = later(*wait_ms);
	return ok;
}

static bool run_upload(int64_t *wait_ms, struct err *err)
{
	bool ok = uploads_run_once(node.db, wait_ms, err);

	*wait_ms = later(*wait_ms);
	return ok;
}

static bool run_feed(int64_t *wait_ms, struct err *err)
{
	bool ok = feeds_run_once(node.feeds, wait_ms, err);

	*wait_ms = later(*wait_ms);
	return ok;
}

static void bury(void);
static void turn(void *arg);

static void plan(struct role *role, int64_t at_ms)
{
	if (sim_option(OPTION_jitter_ms) > 0 && !sim.healed) {
		sim.n_hit[OPTION_jitter_ms]++;
		at_ms += sim_draw(OPTION_jitter_ms, 0, sim_option(OPTION_jitter_ms));
	}
	if (role->at_ms >= 0 && role->at_ms <= at_ms)
		return;
	role->at_ms = at_ms;
	sim_at(at_ms, turn, role);
}

/* Hints are looked at after every step, and some get lost. */
static void heed_wakes(void)
{
	for (int i = 0; node_is_up() && i < ROLE_COUNT; i++)
		if (wake_wait(node.role[i].wake, 0) && !sim_fault(OPTION_lost_wakes))
			plan(&node.role[i], sim.now_ms);
}

static void ring(enum role_id role)
{
	if (node_is_up() && !sim_fault(OPTION_lost_wakes))
		plan(&node.role[role], sim.now_ms);
}

static void ring_deliver(void)
{
	ring(ROLE_DELIVER);
}

static void ring_errands(void)
{
	ring(ROLE_ERRANDS);
}

void node_ring_upload(void)
{
	ring(ROLE_UPLOAD);
}

struct flow_ctx *node_ctx(void)
{
	return node_is_up() ? &node.ctx : NULL;
}

void node_wake(void)
{
	if (node_is_up() && node.errands)
		plan(&node.role[ROLE_ERRANDS], sim.now_ms);
}

static void look(void)
{
	if (node_is_up() && ++node.n_step % CONSERVE_EVERY == 0)
		check_conservation(watch_inner(node.db));
}

static int64_t judge(struct role *role, bool ok, const struct err *err, int64_t wait_ms)
{
	if (ok) {
		role->backoff_ms = 0;
		return wait_ms;
	}
	sim_trace("role %s: %s", role->name, err_code_name(err->code));
	if (err->code == ERR_FATAL)
		disk_die(); /* exit code 70 */
	role->backoff_ms = role->backoff_ms == 0 ? BACKOFF_MIN_MS : role->backoff_ms * 2;
	if (role->backoff_ms > BACKOFF_MAX_MS)
		role->backoff_ms = BACKOFF_MAX_MS;
	return role->backoff_ms;
}

/* A role that has nothing to do and does not wait burns the processor. */
static void count_spins(const struct role *role)
{
	node.n_spin = sim.now_ms == node.spin_ms ? node.n_spin + 1 : 0;
	node.spin_ms = sim.now_ms;
	if (node.n_spin > SPINS_MAX)
		sim_fail("spin", "role %s goes round and round", role->name);
}

static void turn(void *arg)
{
	struct role *role = arg;
	struct err err = { 0 };
	int64_t wait_ms = 0;
	bool ok;

	/* Planned by an earlier life, or anew since. */
	if (!node.up || role->at_ms < 0 || role->at_ms > sim.now_ms)
		return;
	role->at_ms = -1;
	count_spins(role);
	ok = role->run_once(&wait_ms, &err);
	wait_ms = judge(role, ok, &err, wait_ms);
	if (disk_is_dead()) {
		bury();
		return;
	}
	/* Work takes time, too. */
	plan(role, sim.now_ms + wait_ms + sim_draw(OPTION_jitter_ms, 0, 1));
	heed_wakes();
	look();
}

void node_look_after(void)
{
	if (node.up && disk_is_dead())
		bury();
}

void node_receive(struct http_exchange *exchange)
{
	struct str path = str_skip(http_exchange_request(exchange)->path, sizeof("/hooks/") - 1), platform;

	sim.busy_at_ms = sim.now_ms;
	(void)str_split(&path, '/', &platform);
	ingest_webhook(node.ingest, exchange, platform, path);
	if (disk_is_dead())
		bury();
	else
		heed_wakes();
}

void node_ask_feed(struct http_exchange *exchange, struct str store, struct str token, struct str file)
{
	feeds_ask(node.feeds, exchange, store, token, file);
	heed_wakes();
}

/* ---- start ---- */

static bool open_data(struct err *err)
{
	struct db_config config = { .location = node.folder,
				    .owner_epoch = 1,
				    .now_ms = clock_wall_ms(&sim.clock) };
	struct db *inner;

	if (!db_open(&db_sqlite_ops, &config, &inner, err))
		return false;
	seen_run_max_set(sqlite_of(inner)->seen, RUN_KEYS);
	watch_wrap(inner, &node.db);
	return settings_open(node.db, node.key_file, &node.settings, err);
}

static bool open_stages(struct err *err)
{
	node.ctx = (struct flow_ctx){
		.db = node.db,
		.settings = node.settings,
		.clock = &sim.clock,
		.rand = &node.rand.rand,
		.wake = &node.wakes,
	};
	node.client = wire_client_new(ring_deliver);
	node.wakes.deliver = node.client;
	if (!deliver_open(&node.ctx, node.client, &node.deliver, err))
		return false;
	node.inbox = inbox_new(&(struct inbox_config){ .db = node.db, .wake = node.wakes.commit });
	node.ingest = ingest_new(&node.ctx, node.inbox);
	node.retain = (struct retain){ 0 };
	node.errands = errands_are_wanted() ? errands_open(&node.ctx, ring_errands) : NULL;
	if (readers_are_wanted())
		node.feeds = feeds_new(&node.ctx, node.folder, node.role[ROLE_FEED].wake);
	if (tokens_are_wanted()) {
		node.token_client = token_client_new();
		node.connect = connect_new(&node.ctx, node.token_client, token_app());
	}
	return true;
}

static void init_roles(void)
{
	static const struct role row[ROLE_COUNT] = {
		[ROLE_DELIVER] = { .name = "deliver", .run_once = run_deliver },
		[ROLE_PUBLISH] = { .name = "publish", .run_once = run_publish },
		[ROLE_MAP] = { .name = "map", .run_once = run_map },
		[ROLE_COMMIT] = { .name = "commit", .run_once = run_commit },
		[ROLE_RETAIN] = { .name = "retain", .run_once = run_retain },
		[ROLE_UPKEEP] = { .name = "upkeep", .run_once = run_upkeep },
		[ROLE_ERRANDS] = { .name = "errands", .run_once = run_errands },
		[ROLE_CONNECT] = { .name = "connect", .run_once = run_connect },
		[ROLE_UPLOAD] = { .name = "upload", .run_once = run_upload },
		[ROLE_FEED] = { .name = "feed", .run_once = run_feed },
	};

	for (int i = 0; i < ROLE_COUNT; i++) {
		node.role[i] = row[i];
		node.role[i].at_ms = -1;
		node.role[i].wake = wake_new();
	}
	node.wakes = (struct flow_wakes){
		.commit = node.role[ROLE_COMMIT].wake,
		.map = node.role[ROLE_MAP].wake,
		.publish = node.role[ROLE_PUBLISH].wake,
		.retain = node.role[ROLE_RETAIN].wake,
	};
}

/* Each step allows that its start was never reached. */
static void close_all(void)
{
	uploads_died();
	readers_died();
	inbox_free(node.inbox);
	feeds_free(node.feeds);
	ingest_free(node.ingest);
	errands_close(node.errands);
	connect_free(node.connect);
	http_client_free(node.token_client);
	deliver_close(node.deliver);
	http_client_free(node.client);
	settings_close(node.settings);
	db_close(node.db);
	for (int i = 0; i < ROLE_COUNT; i++) {
		wake_free(node.role[i].wake);
		node.role[i].wake = NULL;
		node.role[i].at_ms = -1;
	}
	node.errands = NULL;
	node.feeds = NULL;
	node.connect = NULL;
	node.token_client = NULL;
	node.inbox = NULL;
	node.ingest = NULL;
	node.deliver = NULL;
	node.client = NULL;
	node.settings = NULL;
	node.db = NULL;
}

static bool has_role(enum role_id role)
{
	return (role != ROLE_ERRANDS || node.errands) && (role != ROLE_CONNECT || node.connect) &&
	       (role != ROLE_UPLOAD || uploads_are_wanted()) && (role != ROLE_FEED || node.feeds);
}

static void start(void *arg)
{
	struct err err = { 0 };

	(void)arg;
	if (node.up || node.ended)
		return;
	node.life++;
	node.started_ms = sim.now_ms;
	rand_seeded_init(&node.rand, sim.seed * 31 + (uint64_t)node.life);
	init_roles();
	if (sim_fault(OPTION_crash_again))
		disk_die_at(sim_draw(OPTION_crash_again, 1, START_OPERATIONS));
	node.up = true;
	if (!open_data(&err) || !open_stages(&err)) {
		sim_trace("start %d failed: %s", node.life, err_code_name(err.code));
		if (sim.healed)
			sim_fail("G7", "it does not start any more: %s", err.msg);
		disk_die();
	}
	if (disk_is_dead()) {
		bury();
		return;
	}
	sim_trace("start %d", node.life);
	node.down_ms += sim.now_ms - node.down_since_ms;
	check_messages_there(watch_inner(node.db));
	check_conservation(watch_inner(node.db));
	uploads_check_there(watch_inner(node.db));
	for (int i = 0; i < ROLE_COUNT; i++)
		if (has_role((enum role_id)i))
			plan(&node.role[i], sim.now_ms);
}

/* ---- death ---- */

/* As a rule whoever watches over it starts it again at once. */
static void plan_start(int64_t longest_ms)
{
	if (sim_chance(OPTION_crash_s, 500))
		longest_ms = AT_ONCE_MS;
	node.down_since_ms = sim.now_ms;
	sim_at(sim.now_ms + (sim.healed ? 1000 : sim_draw(OPTION_crash_s, 1, longest_ms)), start, NULL);
}

/* Who sends a file sees little of a process that is hardly there. */
static int64_t longest_down_ms(void)
{
	if (sim_option(OPTION_scheduled) > 0)
		return DOWN_LONG_MS;
	return uploads_are_wanted() ? DOWN_SHORT_MS : DOWN_MAX_MS;
}

static void bury(void)
{
	bool power_loss = sim_fault(OPTION_crash_power);

	sim_trace("died%s", power_loss ? " with the power" : "");
	close_all();
	node.up = false;
	klaviyo_process_died();
	disk_restart(power_loss);
	if (power_loss)
		sim.boot_ms = sim.now_ms;
	if (sqlite3_memory_used() != 0)
		sim_fail("leak", "SQLite keeps %lld bytes", (long long)sqlite3_memory_used());
	if (!sim_failed())
		plan_start(longest_down_ms());
}

/* At some operation of the disk from now on, or between two steps. */
static void doom(void *arg)
{
	int64_t every_ms = sim_option(OPTION_crash_s) * 1000;

	(void)arg;
	if (sim.healed || node.ended)
		return;
	sim.n_hit[OPTION_crash_s]++;
	if (node.up && sim_chance(OPTION_crash_s, 800)) {
		disk_die_at(sim_draw(OPTION_crash_s, 1, OPERATIONS_AHEAD));
	} else if (node.up) {
		disk_die();
		bury();
	}
	sim_at(sim.now_ms + sim_draw(OPTION_crash_s, every_ms / 4, every_ms * 2), doom, NULL);
}

static void stop(void *arg)
{
	int64_t every_ms = sim_option(OPTION_stop_s) * 1000;

	(void)arg;
	if (sim.healed || node.ended)
		return;
	sim_at(sim.now_ms + sim_draw(OPTION_stop_s, every_ms / 4, every_ms * 2), stop, NULL);
	if (!node.up)
		return;
	sim.n_hit[OPTION_stop_s]++;
	sim_trace("stops");
	check_before_stop(watch_inner(node.db));
	db_interrupt(node.db);
	check_at_stop(watch_inner(node.db));
	close_all();
	node.up = false;
	klaviyo_process_died();
	disk_restart(false);
	check_after_stop(node.folder);
	plan_start(5000);
}

/* By seconds as often as by months. Runs by the clock would be nobody's to judge. */
static void step_clock(void *arg)
{
	int64_t reach_ms = (sim_option(OPTION_clock_step_s) * 1000) >> sim_draw(OPTION_clock_step_s, 0, 16);

	(void)arg;
	if (sim.healed || node.ended)
		return;
	sim.n_hit[OPTION_clock_step_s]++;
	sim.wall_step_ms = sim.wall_step_ms != 0 ? 0 : sim_draw(OPTION_clock_step_s, -reach_ms, reach_ms);
	/* What a shop tells on its pages, and is a day ahead of us, is not taken in. */
	if (errands_ask_shops() && sim.wall_step_ms < -CLOCK_BACK_MAX_MS)
		sim.wall_step_ms = -CLOCK_BACK_MAX_MS;
	/* What a file tells of, and has yet to come, is no history. */
	if (uploads_are_wanted() && sim.wall_step_ms < 0)
		sim.wall_step_ms = -sim.wall_step_ms;
	sim_trace("the clock is off by %lld", (long long)sim.wall_step_ms);
	sim_at(sim.now_ms + sim_draw(OPTION_clock_step_s, 1000, 120000), step_clock, NULL);
}

void node_begin(void)
{
	node.down_since_ms = sim.now_ms;
	sim_at(0, start, NULL);
	if (sim_option(OPTION_crash_s) > 0)
		sim_at(sim_option(OPTION_crash_s) * 500, doom, NULL);
	if (sim_option(OPTION_stop_s) > 0)
		sim_at(sim_option(OPTION_stop_s) * 1000, stop, NULL);
	if (sim_option(OPTION_clock_step_s) > 0 && !timetable_asks() && sim_option(OPTION_imports) == 0)
		sim_at(20000, step_clock, NULL);
}

/* ---- before and after ---- */

static void add_connected(struct settings *settings, int number, struct str name,
			  const struct setting_change *change, size_t n)
{
	struct settings_token token;
	struct arena arena;
	struct err err;

	arena_init(&arena);
	token = token_first(number, &arena);
	must(settings_account_add_token(settings, name, &token, change, n, SIM_START_MS, &err), &err);
	arena_release(&arena);
}

static void put_source(struct settings *settings, int number, struct str name)
{
	struct setting_change change = { STR("catalog_source"), str_from(readers_first_source(number)) };
	struct err err;

	must(settings_account_set(settings, name, STR(""), &change, 1, SIM_START_MS, &err), &err);
}

static void add_account(struct settings *settings, int number)
{
	char name[SHOPS_NAME_BYTES], key[64], quota[16];
	struct setting_change change[] = {
		{ STR("optout_poll_s"), STR("30") },
		{ STR("schedules"), timetable_of_accounts() },
		{ STR("quota_percent"), { quota, 0 } },
	};
	/* With defaults of the installation it has the quota from there. */
	size_t n = ARRAY_LEN(change) - (sim_option(OPTION_defaults) > 0);
	struct err err;

	(void)snprintf(name, sizeof(name), "account%d", number);
	(void)snprintf(key, sizeof(key), NODE_KEY_PREFIX "%d", number);
	(void)snprintf(quota, sizeof(quota), "%lld", (long long)sim_option(OPTION_quota_percent));
	change[2].value = str_from(quota);
	if (tokens_are_wanted())
		add_connected(settings, number, str_from(name), change, n);
	else
		must(settings_account_add(settings, str_from(name), str_from(key), change, n, SIM_START_MS,
					  &err),
		     &err);
	if (readers_are_wanted())
		put_source(settings, number, str_from(name));
}

/* Pages of three; nobody knows of one more than there is. */
static void put_pull_settings(struct settings *settings, const char *name)
{
	static const char *const kind[] = { "categories", "products", "customers", "orders" };
	char key[ARRAY_LEN(kind)][40], url[ARRAY_LEN(kind)][100];
	struct setting_change change[ARRAY_LEN(kind) + 4] = {
		{ STR("pull_items"), STR("/items") },
		{ STR("pull_last_page"), STR("/pages") },
		{ STR("pull_page_size"), STR("3") },
		{ STR("pull_pages_per_minute"), STR("600") },
	};
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(kind); i++) {
		(void)snprintf(key[i], sizeof(key[i]), "pull_%s_url", kind[i]);
		(void)snprintf(url[i], sizeof(url[i]), "https://%s.example/%s?page={page}%s", name, kind[i],
			       timetable_by_date() ? "&from={from}" : "");
		change[4 + i] = (struct setting_change){ str_from(key[i]), str_from(url[i]) };
	}
	must(settings_store_set(settings, str_from(name), STR(""), STR(""), change, ARRAY_LEN(change),
				SIM_START_MS, &err),
	     &err);
}

static void put_schedules(struct settings *settings, int number, const char *name)
{
	struct arena arena;
	struct setting_change change[2] = {
		{ STR("reconcile_fix"), number % 2 ? STR("true") : STR("false") },
		{ .key = STR("store_schedules") },
	};
	struct err err;

	arena_init(&arena);
	change[1].value = timetable_of_shop(number, &arena);
	must(settings_store_set(settings, str_from(name), STR(""), STR(""), change, ARRAY_LEN(change),
				SIM_START_MS, &err),
	     &err);
	arena_release(&arena);
}

static void add_store(struct settings *settings, int number)
{
	char name[SHOPS_NAME_BYTES], account[SHOPS_NAME_BYTES];
	struct settings_new_store store = {
		.name = { name, 0 },
		.platform = STR("generic"),
		.secret = STR(NODE_SECRET),
	};
	struct err err;

	(void)snprintf(name, sizeof(name), "shop%d", number);
	(void)snprintf(account, sizeof(account), "account%d", node_account_of_shop(number));
	store.name = str_from(name);
	store.account = str_from(account);
	must(settings_store_add(settings, &store, SIM_START_MS, &err), &err);
	if (errands_ask_shops())
		put_pull_settings(settings, name);
	if (sim_option(OPTION_scheduled) > 0)
		put_schedules(settings, number, name);
	if (sim_option(OPTION_defaults) > 0)
		must(defaults_give_own(settings, number, name, &err), &err);
}

static void learn_ids(struct settings *settings)
{
	const struct snapshot *snapshot = settings_take(settings);
	char name[SHOPS_NAME_BYTES];

	for (int i = 0; i < sim_option(OPTION_accounts); i++) {
		(void)snprintf(name, sizeof(name), "account%d", i);
		node.account_id[i] = snapshot_find_account(snapshot, str_from(name))->id;
	}
	for (int i = 0; i < sim_option(OPTION_shops); i++) {
		(void)snprintf(name, sizeof(name), "shop%d", i);
		node.store_id[i] = snapshot_find_store(snapshot, str_from(name))->id;
	}
	settings_release(settings, snapshot);
}

void node_setup(const char *folder)
{
	struct db_config config = { .location = folder, .owner_epoch = 1, .now_ms = SIM_START_MS };
	struct settings *settings;
	struct db *db;
	struct err err;

	memset(&node, 0, sizeof(node));
	(void)snprintf(node.folder, sizeof(node.folder), "%s", folder);
	(void)snprintf(node.key_file, sizeof(node.key_file), "%s/secret.key", folder);
	sim.looking = true;
	tokens_open();
	must(db_open(&db_sqlite_ops, &config, &db, &err), &err);
	must(settings_open(db, node.key_file, &settings, &err), &err);
	if (sim_option(OPTION_defaults) > 0)
		must(defaults_begin(settings, &err), &err);
	for (int i = 0; i < sim_option(OPTION_accounts); i++)
		add_account(settings, i);
	for (int i = 0; i < sim_option(OPTION_shops); i++)
		add_store(settings, i);
	learn_ids(settings);
	settings_close(settings);
	db_close(db);
	sim.looking = false;
}

void node_teardown(void)
{
	node.ended = true;
	if (node.up) {
		sim.looking = true;
		close_all();
		sim.looking = false;
	}
	node.up = false;
}
