/*
 * Rules that every backend applies alike: ids, when a root is due, what an ended delivery means for what is
 * wanted, and the texts that the store writes by itself.
 *
 * Does not: read or write rows. Pure: no state; any thread.
 */
#include "store/store_rules.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/json.h"
#include "model/id_text.h"
#include "model/person.h"
#include "store/store_person.h"

#include <inttypes.h>
#include <stdlib.h>

#define KEY_MEMBERS_MAX 64

/* ---- configuration ---- */

bool store_is_swept(const struct config_change *change, const struct store_row *store)
{
	if (change->kind == CONFIG_STORE_PUT)
		return store->id == change->store.id;
	if (change->kind == CONFIG_ACCOUNT_PUT)
		return store->account_id == change->account.id;
	for (size_t i = 0; change->kind == CONFIG_DEFAULTS_PUT && i < change->n_sweep_store; i++)
		if (change->sweep_store[i] == store->id)
			return true;
	return false;
}

struct str store_change_name(const struct config_change *change)
{
	if (change->kind == CONFIG_DEFAULTS_PUT)
		return STR("");
	if (change->kind == CONFIG_STORE_PUT || change->kind == CONFIG_STORE_REMOVE)
		return change->store.name;
	return change->account.name;
}

/* ---- ids ---- */

int64_t store_id_next(int64_t last_id, int64_t now_ms)
{
	int64_t by_clock = now_ms * (INT64_C(1) << STORE_ID_SHIFT);

	return by_clock > last_id ? by_clock : last_id + 1;
}

int64_t store_id_ms(int64_t id)
{
	return id >> STORE_ID_SHIFT;
}

int64_t store_ms_id(int64_t ms)
{
	return ms * (INT64_C(1) << STORE_ID_SHIFT);
}

int64_t store_id_day(int64_t id)
{
	return time_day(store_id_ms(id));
}

/* ---- turns ---- */

#define TURN_LEAST 16
#define TURN_MOST  64
#define TURN_ALL   512 /* rows until everybody came, as long as each gets more than the least */

size_t store_turn_rows(size_t n_waiting)
{
	size_t n = n_waiting > 0 ? TURN_ALL / n_waiting : TURN_MOST;

	if (n < TURN_LEAST)
		return TURN_LEAST;
	return n < TURN_MOST ? n : TURN_MOST;
}

size_t store_turn_bytes(size_t rows, size_t max_n, size_t max_bytes)
{
	return rows < max_n ? max_bytes / max_n * rows : max_bytes;
}

/* ---- facts ---- */

int entity_cmp(struct entity a, struct entity b)
{
	if (a.kind != b.kind)
		return a.kind < b.kind ? -1 : 1;
	return str_cmp(a.id, b.id);
}

bool store_is_root(enum entity_kind kind)
{
	return store_is_catalog_root(kind) || kind == ENTITY_ORDER || kind == ENTITY_PERSON ||
	       kind == ENTITY_VISITOR;
}

bool store_is_catalog_root(enum entity_kind kind)
{
	return kind == ENTITY_PRODUCT || kind == ENTITY_CATEGORY;
}

bool store_shows_products(enum entity_kind kind)
{
	return kind == ENTITY_ORDER || kind == ENTITY_VISITOR;
}

bool store_tombstone_stops(const struct tombstone *tombstone, bool alive, int64_t fact_version,
			   int64_t hold_ms, int64_t now_ms)
{
	if (tombstone->deleted_ms == 0)
		return false;
	if (alive && (fact_version == 0 || tombstone->version == 0))
		return false;
	return tombstone_stops(fact_version, tombstone->version, tombstone->deleted_ms, hold_ms, now_ms);
}

size_t store_history_share(size_t max_n, size_t n_live)
{
	size_t left = max_n - n_live, least = max_n > 1 ? (max_n + 15) / 16 : 0;

	return left > least ? left : least;
}

int64_t store_due_ms(int64_t now_ms, int64_t first_ms, int64_t quiet_ms, int64_t quiet_max_ms)
{
	int64_t quiet = now_ms + quiet_ms, latest = first_ms + quiet_max_ms;

	return quiet < latest ? quiet : latest;
}

/* The value as it is written; "" if the object has no such member. */
static struct str member_of(struct str object, const char *name)
{
	struct json_member member[KEY_MEMBERS_MAX];
	struct json_position position;
	size_t n = 0;

	if (!json_scan(object, member, KEY_MEMBERS_MAX, &n, &position, NULL))
		return STR("");
	for (size_t i = 0; i < n && i < KEY_MEMBERS_MAX; i++)
		if (str_eq(member[i].name, str_from(name)))
			return member[i].value;
	return STR("");
}

static struct str text_of(struct str object, const char *name, struct arena *arena)
{
	struct str value = member_of(object, name), text;

	return value.len > 0 && json_unquote(value, arena, &text) ? text : STR("");
}

bool store_part_has_key(enum entity_kind kind, struct str part)
{
	if (kind == ENTITY_PERSON)
		return str_eq(part, STR("customer"));
	return (kind == ENTITY_PRODUCT || kind == ENTITY_VARIANT) && str_eq(part, STR("base"));
}

struct str store_fact_key(const struct fact *fact, struct arena *arena)
{
	return text_of(fact->body, fact->entity.kind == ENTITY_PERSON ? "customer_id" : "sku", arena);
}

struct str store_order_customer(struct str body, struct arena *arena)
{
	return text_of(member_of(body, "customer"), "customer_id", arena);
}

static int compare_kin_ids(const void *a, const void *b)
{
	const struct store_kin *left = a, *right = b;

	return str_cmp(left->person.id, right->person.id);
}

static int compare_kin_ages(const void *a, const void *b)
{
	const struct store_kin *left = a, *right = b;

	if (left->seq != right->seq)
		return left->seq > right->seq ? -1 : 1;
	return compare_kin_ids(a, b);
}

size_t store_kin_choose(struct store_kin *kin, size_t n, size_t max_n)
{
	if (n <= max_n)
		return n;
	qsort(kin, n, sizeof(*kin), compare_kin_ages);
	qsort(kin, max_n, sizeof(*kin), compare_kin_ids);
	return max_n;
}

/* Part "identity" is one, the others have one. */
static struct str visit_person(const struct root_fact *fact, struct arena *arena)
{
	bool whole = str_eq(fact->part, STR("identity"));
	struct str contact = whole ? fact->body : member_of(fact->body, "identity");

	return person_id(text_of(contact, "email", arena), text_of(contact, "phone", arena), STR(""), STR(""),
			 arena);
}

static int compare_texts(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

size_t store_visit_persons(const struct catalog_root *visit, struct arena *arena,
			   struct str person[STORE_KIN_MAX])
{
	struct str *all = ARENA_ARRAY(arena, visit->n_fact, struct str);
	size_t n_all = 0, n = 0;

	for (size_t i = 0; i < visit->n_fact; i++)
		if (entity_eq(visit->fact[i].entity, visit->root))
			all[n_all++] = visit_person(&visit->fact[i], arena);
	if (n_all > 1)
		qsort(all, n_all, sizeof(*all), compare_texts);
	for (size_t i = 0; i < n_all && n < STORE_KIN_MAX; i++)
		if (all[i].len > 0 && (n == 0 || !str_eq(person[n - 1], all[i])))
			person[n++] = all[i];
	return n;
}

/* ---- deliveries ---- */

void store_inherit_former(struct delivery *by, const struct delivery *replaced)
{
	if (by->kind != KLAVIYO_PROFILE || by->op != DELIVERY_UPDATE || replaced->op == DELIVERY_DELETE ||
	    by->parent_external_id.len > 0 || replaced->parent_external_id.len == 0)
		return;
	by->op = DELIVERY_CREATE;
	by->parent_external_id = replaced->parent_external_id;
}

bool store_leads_on(const struct delivery *older, const struct delivery *newer)
{
	return older->kind == KLAVIYO_PROFILE && older->op != DELIVERY_DELETE &&
	       newer->op != DELIVERY_DELETE && older->parent_external_id.len > 0 &&
	       !str_eq(older->parent_external_id, newer->parent_external_id);
}

bool store_kind_replaces(enum klaviyo_kind kind)
{
	return klaviyo_kind_is_catalog(kind) || kind == KLAVIYO_PROFILE;
}

bool store_delivery_gives_up_body(const struct delivery *delivery)
{
	return delivery->priority == PRIORITY_BACKFILL && !klaviyo_kind_is_catalog(delivery->kind);
}

bool store_replay_gone(const struct delivery *delivery, bool has_body)
{
	if (has_body || delivery->op == DELIVERY_DELETE)
		return false;
	return person_is_alias(delivery->root.id) ||
	       (delivery->kind == KLAVIYO_EVENT && delivery->root.kind != ENTITY_ORDER);
}

bool store_message_gives_up_body(const struct inbox_result *result)
{
	return result->state == MESSAGE_MAPPED && result->priority == PRIORITY_BACKFILL;
}

bool store_may_share(const struct delivery *first, size_t n, const struct delivery *other)
{
	if (first->batch_max != other->batch_max || (first->batch_max > 0 && n >= (size_t)first->batch_max))
		return false;
	return first->kind != KLAVIYO_CONSENT || str_eq(first->parent_external_id, other->parent_external_id);
}

enum delivery_state store_back(enum klaviyo_kind kind, const struct delivery_settlement *settlement,
			       int64_t *due_ms)
{
	if (settlement->state == DELIVERY_WAITING) {
		*due_ms = settlement->due_ms;
		return DELIVERY_WAITING;
	}
	*due_ms = kind == KLAVIYO_EVENT ? 1 : 0;
	return kind == KLAVIYO_EVENT ? DELIVERY_WAITING : DELIVERY_READY;
}

bool store_sent_moves(const struct sent_state *sent, struct str parent_external_id)
{
	return sent->exists && sent->accepted_parent.len > 0 &&
	       !str_eq(sent->accepted_parent, parent_external_id);
}

enum delivery_op store_upsert_op(const struct sent_state *sent, bool delete_ahead)
{
	return sent->exists && !delete_ahead ? DELIVERY_UPDATE : DELIVERY_CREATE;
}

void store_sent_want(struct sent_state *sent, int64_t id, enum delivery_op op, struct digest16 hash,
		     struct str parent_external_id)
{
	bool deletes = op == DELIVERY_DELETE;

	sent->newest_id = id;
	sent->wanted = deletes ? (struct digest16){ { 0 } } : hash;
	sent->wanted_deleted = deletes;
	sent->parent_external_id = parent_external_id;
}

void store_sent_revert(struct sent_state *sent, enum klaviyo_kind kind, int64_t id)
{
	bool is_back = klaviyo_kind_is_catalog(kind) && sent->left;

	if (sent->newest_id != id)
		return;
	sent->wanted = sent->accepted;
	sent->wanted_deleted = sent->accepted_deleted && !is_back;
	if (sent->accepted_parent.len > 0)
		sent->parent_external_id = sent->accepted_parent;
}

void store_sent_accept(struct sent_state *sent, const struct delivery *delivery, bool exists)
{
	bool deletes = delivery->op == DELIVERY_DELETE;
	bool moved = delivery->kind == KLAVIYO_PROFILE && !deletes && delivery->parent_external_id.len > 0;

	sent->accepted = deletes ? (struct digest16){ { 0 } } : delivery->hash;
	sent->accepted_deleted = deletes;
	if (delivery->op == DELIVERY_CREATE || sent->accepted_parent.len == 0 || moved)
		sent->accepted_parent = delivery->parent_external_id;
	if (moved)
		sent->moved_id = delivery->id;
	if (delivery->kind == KLAVIYO_PROFILE)
		sent->left = false;
	store_sent_learn(sent, exists);
}

bool store_is_listed(const struct str *text, size_t n, struct str one)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(text[i], one))
			return true;
	return one.len == 0;
}

struct str store_consent_email(const struct delivery *delivery)
{
	struct str start = STR("email:");

	if (delivery->kind != KLAVIYO_CONSENT || !str_starts(delivery->external_id, start))
		return STR("");
	return str_skip(delivery->external_id, start.len);
}

bool store_learns_former(const struct delivery *delivery, const struct delivery_settlement *settlement,
			 bool *exists)
{
	*exists = settlement->state == DELIVERY_READY && settlement->body.len > 0;
	if (delivery->kind != KLAVIYO_PROFILE || delivery->parent_external_id.len == 0 ||
	    delivery->op == DELIVERY_DELETE)
		return false;
	if (settlement->state == DELIVERY_ACCEPTED)
		return member_of(delivery->body, "id").len > 0;
	return settlement->state == DELIVERY_READY && delivery->op == DELIVERY_CREATE &&
	       settlement->op == DELIVERY_UPDATE;
}

bool store_sent_has(const struct sent_state *sent, const struct delivery *update)
{
	return update->kind == KLAVIYO_PROFILE && update->op == DELIVERY_UPDATE && sent->exists &&
	       !sent->left && !sent->accepted_deleted && !digest16_is_zero(sent->accepted) &&
	       digest16_eq(sent->accepted, update->hash);
}

void store_sent_learn(struct sent_state *sent, bool exists)
{
	sent->exists = exists;
	if (exists)
		return;
	sent->left = false;
	sent->accepted_parent = STR("");
	sent->moved_id = 0;
}

void store_sent_found(struct sent_state *sent, bool exists, struct str parent_external_id)
{
	*sent = (struct sent_state){
		.parent_external_id = parent_external_id,
		.accepted_parent = exists ? parent_external_id : STR(""),
		.exists = exists,
		.left = exists,
		.newest_id = sent->newest_id,
	};
}

void store_sent_forget(struct sent_state *sent)
{
	sent->wanted = sent->accepted = (struct digest16){ { 0 } };
	sent->wanted_deleted = sent->accepted_deleted = false;
}

bool store_learn_is_late(const struct found_learn *learn, const struct task_row *task,
			 const struct sent_state *sent)
{
	return learn->as_known && sent->newest_id > task->since_id;
}

bool store_sent_moving(const struct sent_state *sent, const struct task_row *task, int64_t ended_ms)
{
	return sent->newest_id > task->since_id || ended_ms > store_id_ms(task->since_id);
}

/* ---- texts ---- */

struct str store_text_mapped(struct arena *arena, const struct fact_count *count, struct str reason)
{
	struct str text =
		arena_printf(arena, "%d fact%s applied", count->applied, count->applied == 1 ? "" : "s");

	if (count->stale > 0)
		text = arena_printf(arena, "%.*s, %d older than what is known", STR_ARG(text), count->stale);
	if (count->stopped > 0)
		text = arena_printf(arena, "%.*s, %d stopped by a deletion", STR_ARG(text), count->stopped);
	if (reason.len > 0)
		text = arena_printf(arena, "%.*s; %.*s", STR_ARG(text), STR_ARG(reason));
	return text;
}

struct str store_text_settled(struct arena *arena, struct str reason, int http_status, int64_t latency_ms)
{
	const char *space = reason.len > 0 ? " " : "";

	if (http_status == 0)
		return arena_printf(arena, "%.*s%s(no answer, %" PRId64 " ms)", STR_ARG(reason), space,
				    latency_ms);
	return arena_printf(arena, "%.*s%s(HTTP %d, %" PRId64 " ms)", STR_ARG(reason), space, http_status,
			    latency_ms);
}

struct str store_text_replaced(struct arena *arena, int64_t by_id)
{
	char id[ID_TEXT_BYTES];

	id_text(ID_DELIVERY, by_id, id);
	return arena_printf(arena, "replaced by %s", id);
}

struct str store_text_copy(struct arena *arena, int64_t original_id)
{
	char id[ID_TEXT_BYTES];

	if (original_id == 0)
		return STR("");
	id_text(ID_DELIVERY, original_id, id);
	return arena_printf(arena, "a copy of %s, made by a replay", id);
}

struct str store_text_discarded(struct arena *arena, int64_t n_message)
{
	return arena_printf(arena, STORE_TEXT_STORE_REMOVED ": %" PRId64 " message%s dropped", n_message,
			    n_message == 1 ? "" : "s");
}

struct str store_text_delivery(struct arena *arena, enum delivery_op op, enum klaviyo_kind kind,
			       struct str external_id)
{
	return arena_printf(arena, "%s %s %.*s", delivery_op_text(op), klaviyo_kind_text(kind),
			    STR_ARG(external_id));
}

bool user_is_master(const struct user_row *row)
{
	return row->role == USER_OWNER && row->stores.len == 0 && row->password.len > 0;
}

enum audit_code user_change_code(const struct user_change *change)
{
	if (change->kind != USER_SIGN_IN)
		return AUDIT_USER_CHANGED;
	return change->refused ? AUDIT_SIGN_IN_REFUSED : AUDIT_SIGNED_IN;
}

bool store_fact_wins(const struct inbox_result *result, int64_t new_version, int64_t seq, int64_t old_version,
		     int64_t old_seq)
{
	if (result->priority == PRIORITY_BACKFILL && old_version == 0 && old_seq != seq)
		return false;
	if (result->as_of_ms > 0 && (new_version == 0 || old_version == 0) && old_seq != seq &&
	    store_id_ms(old_seq) > result->as_of_ms)
		return false;
	return fact_wins(new_version, seq, old_version, old_seq);
}

/* ---- imports ---- */

bool store_import_fits(const struct import_job *job, const struct import_step *step)
{
	return job->state == IMPORT_OPEN && job->at.position == step->from.position &&
	       job->at.line == step->from.line && job->at.lines_position == step->from.lines_position &&
	       job->at.lines_line == step->from.lines_line && str_eq(job->at.cursor, step->from.cursor);
}

bool store_import_ended(enum import_state state)
{
	return state == IMPORT_DONE || state == IMPORT_CANCELLED;
}

bool store_import_acts(enum import_state state, enum import_action action, enum import_state *after)
{
	*after = state;
	if (store_import_ended(state))
		return state == IMPORT_CANCELLED && action == IMPORT_CANCEL;
	if (action == IMPORT_PAUSE && state == IMPORT_OPEN)
		*after = IMPORT_PAUSED;
	else if (action == IMPORT_RESUME)
		*after = IMPORT_OPEN;
	else if (action == IMPORT_CANCEL)
		*after = IMPORT_CANCELLED;
	return true;
}

struct str store_text_import(struct arena *arena, struct str path, const char *what, struct str reason)
{
	return arena_printf(arena, "%.*s: %s%s%.*s", STR_ARG(path), what, reason.len ? ": " : "",
			    STR_ARG(reason));
}

bool store_task_fits(const struct task_row *task, const struct task_step *step)
{
	return task->state == IMPORT_OPEN && str_eq(task->place, step->from);
}

struct str store_text_task(struct arena *arena, enum task_kind kind, const char *what, struct str reason)
{
	return arena_printf(arena, "%s: %s%s%.*s", task_kind_text(kind), what, reason.len > 0 ? ": " : "",
			    STR_ARG(reason));
}

/* ---- the clock ---- */

int64_t store_clock_back_ms(struct moment then, struct moment now)
{
	int64_t back_ms = then.wall_ms + moment_since(then, now) - now.wall_ms;

	return back_ms >= MS_PER_S ? back_ms : 0;
}

bool store_from_shop(const struct inbox_record *record)
{
	struct str topic = record->topic;

	if (str_starts(topic, STR("generic:")))
		topic = str_skip(topic, sizeof("generic:") - 1);
	return record->priority == PRIORITY_REALTIME && !str_starts(topic, STR("storefront.")) &&
	       !str_starts(topic, STR("klaviyo."));
}
