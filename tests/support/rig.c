/*
 * The stages on a bench. One thread.
 */
#include "support/rig.h"

#include "base/alloc.h"
#include "base/attr.h"
#include "platform/platform.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP_MS	    50
#define CHANGES_MAX 16
#define PURGE_MAX   100

static void must(struct rig *rig, bool ok)
{
	if (ok)
		return;
	(void)fprintf(stderr, "rig: %s: %s\n", err_code_name(rig->err.code), rig->err.msg);
	abort();
}

/* Around a stage: only what a stage asks of the store may fail, and then the stage is run again. */
static void begin_stage(struct rig *rig)
{
	if (rig->faulty && rig->fault_at > rig->n_calls)
		db_fault_set(rig->db, rig->fault_at - rig->n_calls, rig->fault_when, ERR_BUSY);
	if (rig->faulty)
		rig->n_calls -= db_fault_calls(rig->db);
}

static void end_stage(struct rig *rig, bool ok)
{
	if (rig->faulty) {
		rig->n_calls += db_fault_calls(rig->db);
		db_fault_set(rig->db, 0, rig->fault_when, ERR_BUSY);
	}
	if (!ok && rig->faulty && rig->err.code == ERR_BUSY)
		rig->n_busy++;
	else
		must(rig, ok);
}

/* ---- life ---- */

static void open_deliver(struct rig *rig)
{
	rig->http = fake_http_new(fake_klaviyo_answer, rig->klaviyo);
	must(rig, deliver_open(&rig->ctx, fake_http_client(rig->http), &rig->deliver, &rig->err));
}

static struct rig *rig_open(const struct db_ops *ops, bool faulty)
{
	struct rig *rig = mem_zalloc(1, sizeof(*rig));
	const char *tmp = getenv("TMPDIR");
	struct db_config config = { .location = rig->folder, .owner_epoch = 1, .now_ms = RIG_START_MS };

	(void)snprintf(rig->folder, sizeof(rig->folder), "%s/pannier-rig-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(rig->folder))
		abort();
	(void)snprintf(rig->key_file, sizeof(rig->key_file), "%s/secret.key", rig->folder);
	arena_init(&rig->arena);
	clock_manual_init(&rig->clock, RIG_START_MS);
	rand_seeded_init(&rig->rand, 1);
	must(rig, db_open(ops, &config, &rig->db, &rig->err));
	rig->faulty = faulty;
	if (faulty)
		db_fault_wrap(rig->db, &rig->db);
	must(rig, settings_open(rig->db, rig->key_file, &rig->settings, &rig->err));
	rig->ctx = (struct flow_ctx){
		.db = rig->db,
		.settings = rig->settings,
		.clock = &rig->clock.clock,
		.rand = &rig->rand.rand,
	};
	rig->klaviyo = fake_klaviyo_new(&rig->clock.clock);
	rig_account(rig, "main", "pk_main_0123456789", NULL);
	rig_store(rig, "shop", "generic", "main", NULL);
	open_deliver(rig);
	return rig;
}

struct rig *rig_new(const struct db_ops *ops)
{
	return rig_open(ops, false);
}

struct rig *rig_new_faulty(const struct db_ops *ops)
{
	return rig_open(ops, true);
}

static void remove_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	char path[512];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		(void)unlink(path);
	}
	if (dir)
		(void)closedir(dir);
	(void)rmdir(folder);
}

void rig_free(struct rig *rig)
{
	deliver_close(rig->deliver);
	fake_http_free(rig->http);
	fake_klaviyo_free(rig->klaviyo);
	settings_close(rig->settings);
	db_close(rig->db);
	arena_release(&rig->arena);
	remove_folder(rig->folder);
	mem_free(rig);
}

void rig_crash(struct rig *rig)
{
	deliver_close(rig->deliver);
	fake_http_free(rig->http);
	open_deliver(rig);
}

/* ---- settings ---- */

static size_t parse_changes(const char *const *changes, struct setting_change out[static CHANGES_MAX])
{
	size_t n = 0;

	for (; changes && changes[n]; n++) {
		struct str text = str_from(changes[n]);
		size_t at = str_find_char(text, '=');

		assert(n < CHANGES_MAX && at < text.len);
		out[n] = (struct setting_change){ str_of(text.p, at), str_skip(text, at + 1) };
	}
	return n;
}

void rig_account(struct rig *rig, const char *name, const char *key, const char *const *changes)
{
	struct setting_change change[CHANGES_MAX];
	size_t n = parse_changes(changes, change);

	must(rig, settings_account_add(rig->settings, str_from(name), str_from(key), change, n,
				       rig->clock.now_ms, &rig->err));
}

void rig_account_set(struct rig *rig, const char *name, const char *key, const char *const *changes)
{
	struct setting_change change[CHANGES_MAX];
	size_t n = parse_changes(changes, change);

	must(rig, settings_account_set(rig->settings, str_from(name), str_from(key), change, n,
				       rig->clock.now_ms, &rig->err));
}

void rig_store(struct rig *rig, const char *name, const char *platform, const char *account,
	       const char *const *changes)
{
	struct setting_change change[CHANGES_MAX];
	struct settings_new_store store = {
		.name = str_from(name),
		.platform = str_from(platform),
		.account = str_from(account),
		.secret = STR("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
		.change = change,
		.n = parse_changes(changes, change),
	};

	must(rig, settings_store_add(rig->settings, &store, rig->clock.now_ms, &rig->err));
}

void rig_store_set(struct rig *rig, const char *name, const char *const *changes)
{
	struct setting_change change[CHANGES_MAX];
	size_t n = parse_changes(changes, change);

	must(rig, settings_store_set(rig->settings, str_from(name), (struct str){ 0 }, (struct str){ 0 },
				     change, n, rig->clock.now_ms, &rig->err));
}

int64_t rig_store_id(struct rig *rig, const char *name)
{
	const struct snapshot *settings = settings_take(rig->settings);
	const struct settings_store *store = snapshot_find_store(settings, str_from(name));
	int64_t id;

	assert(store);
	id = store->id;
	settings_release(rig->settings, settings);
	return id;
}

int64_t rig_account_id(struct rig *rig, const char *name)
{
	const struct snapshot *settings = settings_take(rig->settings);
	const struct settings_account *account = snapshot_find_account(settings, str_from(name));
	int64_t id;

	assert(account);
	id = account->id;
	settings_release(rig->settings, settings);
	return id;
}

/* ---- messages ---- */

static struct str no_header(const void *from, const char *name)
{
	(void)from;
	(void)name;
	return (struct str){ 0 };
}

static struct str no_setting(const void *from, const char *key)
{
	(void)from;
	(void)key;
	return (struct str){ 0 };
}

static size_t append(struct rig *rig, int64_t store_id, const struct platform_message *message, size_t n)
{
	struct inbox_record *record = ARENA_ARRAY(&rig->arena, n + 1, struct inbox_record);
	struct inbox_receipt *receipt = ARENA_ARRAY(&rig->arena, n + 1, struct inbox_receipt);
	size_t n_new = 0;

	for (size_t i = 0; i < n; i++)
		record[i] = (struct inbox_record){
			.store_id = store_id,
			.received_ms = rig->clock.now_ms,
			.topic = message[i].topic,
			.source_id = message[i].source_id,
			.body = message[i].body,
			.slot = message[i].slot,
			.key = message[i].key,
			.priority = rig->priority,
		};
	must(rig, db_inbox_append(rig->db, record, n, receipt, &rig->err));
	for (size_t i = 0; i < n; i++)
		n_new += receipt[i].kind == INBOX_NEW;
	return n_new;
}

size_t rig_message(struct rig *rig, const char *store, struct str body)
{
	const struct snapshot *settings = settings_take(rig->settings);
	const struct settings_store *row = snapshot_find_store(settings, str_from(store));
	const struct platform_ops *platform = platform_find(row->platform);
	struct platform_store view = { .store_id = row->id, .setting = no_setting };
	struct platform_request request = {
		.content_type = STR("application/json"),
		.body = body,
		.header = no_header,
		.now_ms = rig->clock.now_ms,
	};
	struct platform_message *message = NULL;
	size_t n = 0, n_new;

	must(rig, platform->identify(&view, &request, 4096, &rig->arena, &message, &n, &rig->err));
	n_new = append(rig, view.store_id, message, n);
	settings_release(rig->settings, settings);
	return n_new;
}

/* ' stands for ". */
static const char *quoted(struct rig *rig, const char *text)
{
	char *copy = arena_cstr(&rig->arena, str_from(text));

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	return copy;
}

void rig_generic(struct rig *rig, const char *store, const char *type, const char *data)
{
	struct str body = arena_printf(&rig->arena,
				       "{\"id\":\"m%u\",\"type\":\"%s\",\"data\":", rig->n_message++, type);

	body = arena_printf(&rig->arena, "%.*s%s}", STR_ARG(body), quoted(rig, data));
	(void)rig_message(rig, store, body);
}

/* ---- Klaviyo's answers ---- */

#define NOTHING	 "{'data':[],'links':{'next':null}}"
#define PROFILE	 "{'data':{'type':'profile','id':'P1','attributes':{}}}"
#define NEW_LIST "{'data':{'type':'list','id':'NEWLST','attributes':{'name':'Newsletter (shop)'}}}"

void rig_answer(struct rig *rig, const char *method, const char *path, int times, int status,
		const char *body)
{
	fake_klaviyo_script(rig->klaviyo, method, path, times,
			    (struct fake_reply){ .status = status, .body = str_from(quoted(rig, body)) });
}

void rig_answer_all(struct rig *rig)
{
	static const struct {
		const char *method, *path;
		int status;
		const char *body;
	} row[] = {
		{ "GET", "/api/metrics", 200, NOTHING },
		{ "POST", "/api/events", 202, "" },
		{ "POST", "/api/event-bulk-create-jobs", 202, "" },
		{ "POST", "/api/profile-import", 200, PROFILE },
		{ "GET", "/api/profiles", 200, NOTHING },
		{ "GET", "/api/lists", 200, NOTHING },
		{ "POST", "/api/lists", 201, NEW_LIST },
		{ "POST", "/api/profile-subscription-bulk", 202, "" },
		{ "POST", "/api/data-privacy-deletion-jobs", 202, "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		rig_answer(rig, row[i].method, row[i].path, 1000, row[i].status, row[i].body);
}

/* ---- time ---- */

void rig_advance(struct rig *rig, int64_t ms)
{
	rig->clock.now_ms += ms;
}

/* Of upkeep only what others wait for. */
static void erase_persons(struct rig *rig)
{
	bool more = false;

	do {
		begin_stage(rig);
		end_stage(rig, db_person_purge(rig->db, rig->clock.now_ms, PURGE_MAX, &more, &rig->err));
	} while (more);
}

bool rig_step(struct rig *rig)
{
	struct flow_next next = { 0 };
	bool worked = false;
	size_t n_before;

	do {
		begin_stage(rig);
		end_stage(rig, map_run_once(&rig->ctx, &next, &rig->err));
		worked |= next.n_done > 0;
	} while (next.n_done > 0);
	do {
		begin_stage(rig);
		end_stage(rig, publish_run_once(&rig->ctx, &next, &rig->err));
		worked |= next.n_done > 0;
	} while (next.n_done > 0);
	erase_persons(rig);
	do {
		n_before = fake_http_count(rig->http);
		begin_stage(rig);
		end_stage(rig, deliver_run_once(rig->deliver, 0, &next, &rig->err));
		worked |= next.n_done > 0;
	} while (next.n_done > 0 || fake_http_count(rig->http) > n_before);
	return worked;
}

void rig_run(struct rig *rig, int64_t ms)
{
	int64_t until_ms = rig->clock.now_ms + ms;

	(void)rig_step(rig);
	while (rig->clock.now_ms < until_ms) {
		rig_advance(rig,
			    until_ms - rig->clock.now_ms < STEP_MS ? until_ms - rig->clock.now_ms : STEP_MS);
		(void)rig_step(rig);
	}
}

static bool at_rest(struct rig *rig, int64_t *next_due_ms)
{
	struct arena arena;
	struct summary summary;
	int64_t waiting = 0;
	bool idle;

	arena_init(&arena);
	must(rig, db_summary(rig->db, rig->clock.now_ms, &arena, &summary, &rig->err));
	*next_due_ms = INT64_MAX;
	for (size_t i = 0; i < summary.n_account; i++) {
		waiting += summary.account[i].waiting;
		if (summary.account[i].next_due_ms < *next_due_ms)
			*next_due_ms = summary.account[i].next_due_ms;
	}
	idle = summary.idle;
	arena_release(&arena);
	if (idle && waiting == 0)
		return true;
	/* Nothing but a retry is left: time may jump. */
	if (!idle || *next_due_ms == INT64_MAX)
		*next_due_ms = 0;
	return false;
}

int64_t rig_settle(struct rig *rig, int64_t max_ms)
{
	int64_t started_ms = rig->clock.now_ms, next_due_ms;

	for (;;) {
		(void)rig_step(rig);
		if (at_rest(rig, &next_due_ms))
			break;
		if (rig->clock.now_ms - started_ms > max_ms) {
			(void)fprintf(stderr, "rig: not at rest after %lld ms\n", (long long)max_ms);
			abort();
		}
		rig_advance(rig, next_due_ms > rig->clock.now_ms + STEP_MS ? next_due_ms - rig->clock.now_ms
									   : STEP_MS);
	}
	rig_conserve(rig);
	return rig->clock.now_ms - started_ms;
}

/* ---- looking ---- */

struct account_summary rig_account_summary(struct rig *rig, const char *account)
{
	int64_t id = rig_account_id(rig, account);
	struct account_summary found = { .account_id = id };
	struct arena arena;
	struct summary summary;

	arena_init(&arena);
	must(rig, db_summary(rig->db, rig->clock.now_ms, &arena, &summary, &rig->err));
	for (size_t i = 0; i < summary.n_account; i++)
		if (summary.account[i].account_id == id)
			found = summary.account[i];
	arena_release(&arena);
	return found;
}

struct store_summary rig_store_summary(struct rig *rig, const char *store)
{
	int64_t id = rig_store_id(rig, store);
	struct store_summary found = { .store_id = id };
	struct arena arena;
	struct summary summary;

	arena_init(&arena);
	must(rig, db_summary(rig->db, rig->clock.now_ms, &arena, &summary, &rig->err));
	for (size_t i = 0; i < summary.n_store; i++)
		if (summary.store[i].store_id == id)
			found = summary.store[i];
	arena_release(&arena);
	return found;
}

void rig_conserve(struct rig *rig)
{
	struct arena arena;
	struct conservation found;

	arena_init(&arena);
	must(rig, db_conserve(rig->db, &arena, &found, &rig->err));
	if (found.error.len > 0) {
		(void)fprintf(stderr, "rig: the books do not balance: %.*s\n", STR_ARG(found.error));
		abort();
	}
	arena_release(&arena);
}

static struct audit_row *audit_rows(struct rig *rig, enum audit_code code, size_t *n)
{
	struct audit_filter filter = { .by_code = true, .code = code, .max_n = 1000 };
	struct audit_row *row = NULL;

	*n = 0;
	must(rig, db_audit_list(rig->db, &filter, &rig->arena, &row, n, &rig->err));
	return row;
}

size_t rig_audit_count(struct rig *rig, enum audit_code code)
{
	size_t n;

	(void)audit_rows(rig, code, &n);
	return n;
}

struct str rig_audit_reason(struct rig *rig, enum audit_code code)
{
	size_t n;
	const struct audit_row *row = audit_rows(rig, code, &n);

	return n > 0 ? row[0].reason : (struct str){ 0 };
}
