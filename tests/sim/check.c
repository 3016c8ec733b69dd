/*
 * Checks of the database: what was acknowledged is there (G1), the books balance (G2), what ends has an
 * audit, nothing is left over.
 */
#include "sim/check.h"

#include "base/alloc.h"
#include "base/json.h"
#include "flow/replay.h"
#include "sim/erasure.h"
#include "sim/node.h"
#include "sim/shop.h"
#include "sim/sim.h"
#include "store/store_person.h"
#include "store/store_rules.h"

#include <inttypes.h>
#include <string.h>

#define NEWEST_CHECKED 200
#define AUDIT_ROWS     1000

struct message {
	int64_t id;
	int64_t store_id;
	struct digest16 slot;
	char source_id[24];
	struct digest16 body;
	int person; /* whom it tells of, as erasure_person has it */
};

enum { STATE_UNKNOWN = -1 };

struct seen_delivery {
	int64_t id;
	int64_t account_id;
	int64_t store_id;
	enum klaviyo_kind kind;
	enum priority priority;
	struct digest16 entity;
	struct digest16 parent;
	int state; /* enum delivery_state as last settled, or STATE_UNKNOWN after a death */
	int attempts;
	int64_t due_ms; /* of its next try, by the wall clock */
	int life;	/* that claimed it */
	int64_t batch_id;
};

struct seen_pull {
	int64_t id;
	int shop;
	char kind[16];
};

static struct message *message;
static struct seen_pull *pull;
static size_t n_pull;
static size_t n_message;
static struct seen_delivery *seen;
static size_t n_seen;

void check_open(void)
{
	message = NULL;
	seen = NULL;
	pull = NULL;
	n_message = n_seen = n_pull = 0;
}

void check_close(void)
{
	mem_free(message);
	mem_free(seen);
	mem_free(pull);
}

static struct digest16 digest_of(struct str text)
{
	return digest16_of(&text, 1);
}

/* ---- G1 ---- */

static bool is_known(int64_t id)
{
	for (size_t i = n_message; i-- > 0;)
		if (message[i].id == id)
			return true;
	return false;
}

static const struct message *find_slot(const struct inbox_record *record)
{
	for (size_t i = n_message; i-- > 0;)
		if (message[i].store_id == record->store_id && digest16_eq(message[i].slot, record->slot))
			return &message[i];
	return NULL;
}

/*
 * What was taken in is not taken in again within some days. Not asked of slots whose key changes: the
 * commit of a change may not have been heard of.
 */
static void check_new(const struct inbox_record *record, const struct inbox_receipt *receipt)
{
	const struct message *before = find_slot(record);

	if (before && digest16_eq(record->slot, record->key) && receipt->kind == INBOX_NEW &&
	    store_id_day(before->id) >= store_id_day(receipt->id) - STORE_DUPLICATE_DAYS)
		sim_fail("duplicates", "message %" PRId64 " was taken in again as %" PRId64, before->id,
			 receipt->id);
}

/* A duplicate of what a process wrote that never heard of its commit is as good as new. */
void check_committed(const struct inbox_record *record, const struct inbox_receipt *receipt, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct message one = {
			.id = receipt[i].id,
			.store_id = record[i].store_id,
			.slot = record[i].slot,
			.body = digest_of(record[i].body),
			.person = erasure_person(record[i].body),
		};

		erasure_saw(&record[i], receipt[i].id);
		check_new(&record[i], &receipt[i]);
		if (record[i].source_id.len >= sizeof(one.source_id) ||
		    (receipt[i].kind == INBOX_DUPLICATE && is_known(receipt[i].id)))
			continue;
		memcpy(one.source_id, record[i].source_id.p ? record[i].source_id.p : "",
		       record[i].source_id.len);
		message = mem_resize(message, (n_message + 1) * sizeof(*message));
		message[n_message++] = one;
	}
}

static bool is_committed(struct str id)
{
	for (size_t i = n_message; i-- > 0;)
		if (str_eq(str_from(message[i].source_id), id))
			return true;
	return false;
}

static void check_known(const struct json *one)
{
	struct str id = json_get_text(one, "id");

	if (!is_committed(id))
		sim_fail("G1", "message %.*s was acknowledged and is not in the database", STR_ARG(id));
}

void check_acknowledged(struct str body)
{
	struct json *all = NULL;

	if (!json_parse(body, &all, NULL)) {
		sim_fail("G1", "something that is not JSON was acknowledged");
		return;
	}
	if (json_type(all) == JSON_OBJECT)
		check_known(all);
	for (size_t i = 0; json_type(all) == JSON_ARRAY && i < json_len(all); i++)
		check_known(json_at(all, i));
	json_free(all);
}

void check_pull_asked(int64_t id, int number, struct str kind)
{
	struct seen_pull *one;

	pull = mem_resize(pull, (n_pull + 1) * sizeof(*pull));
	one = &pull[n_pull++];
	*one = (struct seen_pull){ .id = id, .shop = number };
	if (kind.len < sizeof(one->kind))
		memcpy(one->kind, kind.p, kind.len);
}

/* "" or "3 DIGEST" */
static int64_t page_of(struct str cursor)
{
	struct str number;
	int64_t page = 1;

	if (str_split(&cursor, ' ', &number))
		(void)str_to_int64(number, &page);
	return page;
}

static void check_page(const struct seen_pull *one, int64_t page)
{
	int64_t first, end;
	char id[24];

	if (!shop_page_served(one->shop, one->kind, page, &first, &end))
		sim_fail("G1", "page %" PRId64 " of %s was passed and never asked for", page, one->kind);
	for (int64_t number = first; number < end && !sim_failed(); number++) {
		shop_message_id(one->shop, number, id, sizeof(id));
		if (!is_committed(str_from(id)))
			sim_fail("G1", "page %" PRId64 " of %s was passed, and message %s of it is not there",
				 page, one->kind, id);
	}
}

void check_pull_step(const struct import_step *step)
{
	if (step->state != IMPORT_DONE && str_eq(step->from.cursor, step->to.cursor))
		return;
	for (size_t i = 0; i < n_pull; i++)
		if (pull[i].id == step->job_id) {
			check_page(&pull[i], page_of(step->from.cursor));
			return;
		}
}

/* History that was understood is kept without its body (store.h, db_inbox_get). */
static bool gave_up_body(const struct inbox_message *found)
{
	return found->priority == PRIORITY_BACKFILL && found->state == MESSAGE_MAPPED && found->body.len == 0;
}

static bool is_as_it_was(const struct message *one, const struct inbox_message *found)
{
	return gave_up_body(found) || digest16_eq(digest_of(found->body), one->body) ||
	       (erasure_was(one->person) && str_eq(found->body, STR(STORE_BODY_ERASED)));
}

static void check_there(struct db *db, const struct message *one)
{
	struct inbox_message found;
	struct arena arena;
	struct err err;

	arena_init(&arena);
	if (!db_inbox_get(db, one->id, &arena, &found, &err))
		sim_fail("G1", "message %s was durable and is gone: %s", one->source_id, err.msg);
	else if (!is_as_it_was(one, &found))
		sim_fail("G1", "message %s was durable and is another one now", one->source_id);
	arena_release(&arena);
}

/* The newest are those that a crash could have touched; of the others some. */
void check_messages_there(struct db *db)
{
	size_t newest = n_message > NEWEST_CHECKED ? n_message - NEWEST_CHECKED : 0;

	sim.looking = true;
	for (size_t i = newest; i < n_message; i++)
		check_there(db, &message[i]);
	for (size_t i = 0; i < newest; i += 17)
		check_there(db, &message[i]);
	sim.looking = false;
}

/* ---- G2 ---- */

void check_conservation(struct db *db)
{
	struct conservation found = { 0 };
	struct arena arena;
	struct err err;

	arena_init(&arena);
	sim.looking = true;
	if (!db_conserve(db, &arena, &found, &err))
		sim_fail("G2", "the books cannot be read: %s", err.msg);
	else if (found.error.len > 0)
		sim_fail("G2", "%.*s", STR_ARG(found.error));
	sim.looking = false;
	arena_release(&arena);
}

/* ---- orderly stops ---- */

static struct summary before_stop;
static struct arena before_arena;
static int64_t stopped_ms;

static void read_summary(struct db *db, struct arena *arena, struct summary *out)
{
	struct err err;

	sim.looking = true;
	if (!db_summary(db, stopped_ms, arena, out, &err))
		sim_fail("G2", "the counts cannot be read: %s", err.msg);
	sim.looking = false;
}

void check_before_stop(struct db *db)
{
	arena_init(&before_arena);
	stopped_ms = clock_wall_ms(&sim.clock);
	read_summary(db, &before_arena, &before_stop);
}

static void compare_summary(struct db *db)
{
	struct summary now = { 0 };
	struct arena arena;

	arena_init(&arena);
	read_summary(db, &arena, &now);
	if (!sim_failed() &&
	    (now.n_store != before_stop.n_store || now.n_account != before_stop.n_account ||
	     memcmp(now.store, before_stop.store, now.n_store * sizeof(*now.store)) != 0 ||
	     memcmp(now.account, before_stop.account, now.n_account * sizeof(*now.account)) != 0))
		sim_fail("G2", "a stop has changed the counts");
	arena_release(&arena);
}

void check_at_stop(struct db *db)
{
	struct conservation found = { 0 };
	struct arena arena;
	struct err err;

	compare_summary(db);
	arena_init(&arena);
	if (db_conserve(db, &arena, &found, &err) || err.code != ERR_BUSY)
		sim_fail("G2", "the check of the books goes on behind the stop");
	arena_release(&arena);
}

void check_after_stop(const char *folder)
{
	struct db_config config = { .location = folder, .owner_epoch = 1, .now_ms = stopped_ms };
	struct db *db;
	struct err err;

	sim.looking = true;
	if (db_open(&db_sqlite_ops, &config, &db, &err)) {
		compare_summary(db);
		check_conservation(db);
		sim.looking = true;
		db_close(db);
	} else {
		sim_fail("G2", "it does not open behind a stop: %s", err.msg);
	}
	sim.looking = false;
	arena_release(&before_arena);
}

/* ---- claims ---- */

static struct seen_delivery *seen_get(int64_t id)
{
	for (size_t i = n_seen; i-- > 0;)
		if (seen[i].id == id)
			return &seen[i];
	seen = mem_resize(seen, (n_seen + 1) * sizeof(*seen));
	seen[n_seen] = (struct seen_delivery){ .id = id, .state = STATE_UNKNOWN };
	return &seen[n_seen++];
}

/* Does it hold back the younger events of its person (store.h, db_outbox_claim)? */
static bool holds_back(const struct seen_delivery *one, bool sending)
{
	int64_t now_ms = clock_wall_ms(&sim.clock);

	if (one->attempts >= STORE_HOLD_ATTEMPTS)
		return false;
	return sending || (one->state == DELIVERY_WAITING && one->due_ms > now_ms &&
			   one->due_ms <= now_ms + STORE_HOLD_MS);
}

/* What was queued of somebody who is erased ends without anybody's settling it. */
static bool has_ended(int64_t id)
{
	struct db *db = sim_option(OPTION_erased) > 0 ? node_db() : NULL;
	struct delivery delivery;
	struct arena arena;
	struct err err;
	bool ended;

	if (!db)
		return false;
	arena_init(&arena);
	sim.looking = true;
	ended = db_delivery_get(db, id, &arena, &delivery, &err) && delivery.state >= DELIVERY_ACCEPTED;
	sim.looking = false;
	arena_release(&arena);
	return ended;
}

/* Replays tell an event again, each time the same by its unique_id: in no order. */
static bool is_told_again(const struct seen_delivery *event)
{
	for (size_t i = 0; i < n_seen; i++)
		if (event->kind == KLAVIYO_EVENT && seen[i].kind == KLAVIYO_EVENT &&
		    seen[i].account_id == event->account_id && seen[i].id < event->id &&
		    digest16_eq(seen[i].entity, event->entity))
			return true;
	return false;
}

static void check_pair(const struct seen_delivery *one, const struct seen_delivery *older)
{
	bool sending = older->state == DELIVERY_SENDING && older->life == one->life;

	if (sending && digest16_eq(older->entity, one->entity) && !is_told_again(older))
		sim_fail("G4",
			 "delivery %" PRId64 " leaves while %" PRId64 " of the same entity is under way",
			 one->id, older->id);
	if (one->kind == KLAVIYO_EVENT && one->attempts == 0 && older->priority == one->priority &&
	    digest16_eq(older->parent, one->parent) && holds_back(older, sending) && !has_ended(older->id))
		sim_fail("G4", "event %" PRId64 " leaves before %" PRId64 " of the same person", one->id,
			 older->id);
}

static void check_order(const struct seen_delivery *one)
{
	for (size_t i = 0; i < n_seen; i++)
		if (seen[i].account_id == one->account_id && seen[i].kind == one->kind &&
		    seen[i].id < one->id && seen[i].batch_id != one->batch_id)
			check_pair(one, &seen[i]);
}

void check_claimed(const struct outbox_batch *batch)
{
	for (size_t i = 0; i < batch->n; i++) {
		const struct delivery *delivery = &batch->delivery[i];
		struct seen_delivery *one = seen_get(delivery->id);

		one->account_id = delivery->account_id;
		one->store_id = delivery->store_id;
		one->kind = delivery->kind;
		one->priority = delivery->priority;
		one->entity = digest_of(delivery->external_id);
		one->parent = digest_of(delivery->parent_external_id);
		one->state = DELIVERY_SENDING;
		one->attempts = delivery->attempts;
		one->life = node_life();
		one->batch_id = batch->id;
		check_order(one);
	}
}

void check_settled(const struct outbox_settlement *settlement)
{
	for (size_t i = 0; i < settlement->n; i++) {
		const struct delivery_settlement *row = &settlement->delivery[i];

		struct seen_delivery *one = seen_get(row->delivery_id);

		one->state = (int)row->state;
		one->attempts += row->count_attempt;
		one->due_ms = row->due_ms;
		if (settlement->http_status == 429 && row->count_attempt)
			sim_fail("G3", "delivery %" PRId64 ": a 429 was counted as an attempt",
				 row->delivery_id);
	}
}

void check_clock_back(int64_t back_ms)
{
	for (size_t i = 0; i < n_seen; i++)
		if (seen[i].state == DELIVERY_WAITING)
			seen[i].due_ms -= back_ms;
}

/* ---- the end ---- */

static bool has_audit(struct db *db, int64_t delivery_id, enum audit_code code, struct arena *arena)
{
	struct audit_filter filter = {
		.delivery_id = delivery_id, .max_n = AUDIT_ROWS, .by_code = true, .code = code
	};
	struct audit_row *row = NULL;
	struct err err;
	size_t n = 0;

	return db_audit_list(db, &filter, arena, &row, &n, &err) && n > 0;
}

static void check_audit(struct db *db, int64_t id)
{
	static const enum audit_code ended[] = {
		[DELIVERY_ACCEPTED] = AUDIT_DELIVERY_ACCEPTED,
		[DELIVERY_FAILED] = AUDIT_DELIVERY_FAILED,
		[DELIVERY_SKIPPED] = AUDIT_DELIVERY_SKIPPED,
	};
	struct delivery delivery = { 0 };
	struct arena arena;
	struct err err;

	arena_init(&arena);
	if (!db_delivery_get(db, id, &arena, &delivery, &err))
		sim_fail("audit", "delivery %" PRId64 " is gone: %s", id, err.msg);
	else if (delivery.state < DELIVERY_ACCEPTED)
		sim_fail("drain", "delivery %" PRId64 " is still %s", id,
			 delivery_state_text(delivery.state));
	else if (!has_audit(db, id, AUDIT_DELIVERY_CREATED, &arena) ||
		 !has_audit(db, id, AUDIT_DELIVERY_SENT, &arena) ||
		 !has_audit(db, id, ended[delivery.state], &arena))
		sim_fail("audit", "delivery %" PRId64 " is %s and the audit does not say so", id,
			 delivery_state_text(delivery.state));
	arena_release(&arena);
}

static void check_message_end(struct db *db, const struct message *one)
{
	struct inbox_message found;
	struct arena arena;
	struct err err;

	arena_init(&arena);
	if (!db_inbox_get(db, one->id, &arena, &found, &err) || found.state != MESSAGE_MAPPED)
		sim_fail("drain", "message %s did not become anything", one->source_id);
	arena_release(&arena);
}

static void check_nothing_failed(struct db *db)
{
	struct failed_filter filter = { .max_n = 1 };
	struct failed_row *row = NULL;
	struct arena arena;
	struct err err;
	size_t n = 0;

	/* Contents that Klaviyo refuses do end as failed. */
	if (sim_option(OPTION_poison) > 0)
		return;
	arena_init(&arena);
	if (db_failed_list(db, &filter, &arena, &row, &n, &err) && n > 0)
		sim_fail("G3", "%.*s has failed: %.*s", STR_ARG(row[0].what), STR_ARG(row[0].reason));
	arena_release(&arena);
}

/* Each tells an event of the store once more, however many there were before. */
static size_t replays_of(struct db *db, int64_t store_id)
{
	struct replay_options options;
	struct replay_report report;
	struct task_row *task = NULL;
	struct arena arena;
	struct err err;
	size_t n = 0, n_replay = 0;

	arena_init(&arena);
	if (!db_task_list(db, store_id, &arena, &task, &n, &err))
		sim_fail("replays", "the tasks cannot be read: %s", err.msg);
	for (size_t i = 0; i < n && !sim_failed(); i++) {
		replay_read(&task[i], &arena, &options, &report);
		n_replay += task[i].kind == TASK_REPLAY && !options.messages;
	}
	arena_release(&arena);
	return n_replay;
}

/* Of seen[last] and those before it. What is told of somebody who was erased and came back is told anew. */
static void check_told_again(struct db *db, size_t last)
{
	const struct seen_delivery *event = &seen[last];
	size_t n = 0, n_replay;

	if (event->kind != KLAVIYO_EVENT || sim_option(OPTION_erased) > 0)
		return;
	for (size_t i = 0; i <= last; i++)
		n += seen[i].kind == KLAVIYO_EVENT && seen[i].store_id == event->store_id &&
		     digest16_eq(seen[i].entity, event->entity);
	if (n == 1)
		return;
	n_replay = replays_of(db, event->store_id);
	if (n > 1 + n_replay && !sim_failed())
		sim_fail("replays", "%zu replays told an event %zu times, last by delivery %" PRId64,
			 n_replay, n, event->id);
}

void check_database_at_end(struct db *db)
{
	sim.looking = true;
	check_nothing_failed(db);
	for (size_t i = 0; i < n_message && !sim_failed(); i++)
		check_message_end(db, &message[i]);
	for (size_t i = 0; i < n_seen && !sim_failed(); i++)
		check_audit(db, seen[i].id);
	for (size_t i = 0; i < n_seen && !sim_failed(); i++)
		check_told_again(db, i);
	sim.looking = false;
}
