/*
 * Replay: messages are mapped again, events sent again, things told again.
 *
 * Does:    per call a piece of one task, while there is room for what becomes of it; stores in turn.
 * Doesn't: send, or map: it hands messages back to the inbox, and makes deliveries.
 * Keeps:   what is made and the place behind it are one transaction: nothing goes through twice, whoever
 *          dies. Originals alone go through again: what a replay makes says what it is a copy of, and no
 *          replay repeats it. Of all else what the replay itself made is not replayed (until_ms).
 * Threads: the reconcile role's.
 */
#include "flow/replay.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mutant.h"
#include "flow/flow_internal.h"
#include "flow/history.h"
#include "klaviyo/render.h"

#include <inttypes.h>

#define ROWS_AT_ONCE 200
#define POLL_MS	     1000
#define FULL_MS	     200

struct piece {
	struct flow_ctx *ctx;
	struct arena *arena;
	const struct settings_store *store;
	const struct task_row *task;
	struct replay_options options;
	struct replay_report report;
	int64_t day; /* -1: at the end */
	int64_t after_id;
	struct task_step step;
	int64_t *again;
	struct found_learn *learn;
	struct catalog_publication *publication;
	struct flow_rules rules;
	bool has_rules;
};

/* ---- place and report ---- */

static void read_place(struct piece *piece)
{
	struct json *json = NULL;

	if (piece->task->place.len > 0 && json_parse(piece->task->place, &json, NULL)) {
		(void)json_get_int(json, "day", &piece->day);
		(void)json_get_int(json, "after", &piece->after_id);
	}
	json_free(json);
}

static struct str place_text(const struct piece *piece)
{
	return arena_printf(piece->arena, "{\"day\":%" PRId64 ",\"after\":%" PRId64 "}", piece->day,
			    piece->after_id);
}

static struct str report_text(const struct piece *piece)
{
	return arena_printf(piece->arena, "{\"seen\":%" PRId64 ",\"again\":%" PRId64 ",\"gone\":%" PRId64 "}",
			    piece->report.n_seen, piece->report.n_again, piece->report.n_gone);
}

/* ---- one row ---- */

/* As it was, but of who its person is by now: there Klaviyo knows the event by its id. */
static void replay_event(struct piece *piece, const struct delivery *event)
{
	struct delivery_new *new = ARENA_NEW(piece->arena, struct delivery_new);
	struct delivery told = *event;

	if (mutant_is(MUTANT_replayed_to_former))
		told.person_now = (struct str){ 0 };
	*new = (struct delivery_new){
		.kind = event->kind,
		.op = event->op,
		.external_id = event->external_id,
		.parent_external_id = told.person_now.len > 0 ? told.person_now : told.parent_external_id,
		.body = klaviyo_event_now(&told, piece->arena),
		.hash = event->hash,
		.copy_of = mutant_is(MUTANT_copies_replayed) ? 0 : event->id,
	};
	piece->publication[piece->step.n_publication++] = (struct catalog_publication){
		.store_id = piece->store->id,
		.account_id = piece->store->account->id,
		.root = event->root,
		.message_id = event->message_id,
		.delivery = new,
		.n_delivery = 1,
		.note = STR("replayed"),
	};
	piece->report.n_again++;
}

static bool rules_of(struct piece *piece, struct err *err)
{
	struct flow_account_facts facts;

	if (piece->has_rules)
		return true;
	if (!flow_account_facts(piece->ctx, piece->store, piece->arena, &facts, err))
		return false;
	piece->rules = flow_rules(piece->store, &facts);
	piece->has_rules = true;
	return true;
}

/* As if Klaviyo had not been told of this one event. */
static void untell(struct catalog_root *root, struct str external_id, struct arena *arena)
{
	struct root_sent *sent = ARENA_ARRAY(arena, root->n_sent, struct root_sent);
	size_t n = 0;

	for (size_t i = 0; i < root->n_sent; i++)
		if (root->sent[i].kind != KLAVIYO_EVENT || !str_eq(root->sent[i].external_id, external_id))
			sent[n++] = root->sent[i];
	root->sent = sent;
	root->n_sent = n;
}

/*
 * What history said is not kept a second time (store/store_rules.h): the event is made anew from what is
 * known of its order. *made false: nothing is known of it any more.
 */
static bool render_again(struct piece *piece, struct delivery *event, bool *made, struct err *err)
{
	struct flow_ctx *ctx = piece->ctx;
	struct catalog_root root;
	struct flow_plan plan;

	*made = false;
	if (!db_catalog_get(ctx->db, piece->store->id, event->root, piece->arena, &root, err))
		return err->code == ERR_NOT_FOUND;
	if (!rules_of(piece, err))
		return false;
	untell(&root, event->external_id, piece->arena);
	flow_plan_root(&piece->rules, &root, clock_wall_ms(ctx->clock), piece->arena, &plan);
	for (size_t i = 0; i < plan.n_delivery && !*made; i++) {
		const struct delivery_new *new = &plan.delivery[i];

		if (new->kind != KLAVIYO_EVENT || !str_eq(new->external_id, event->external_id))
			continue;
		event->body = new->body;
		event->hash = new->hash;
		event->parent_external_id = new->parent_external_id;
		event->person_now = (struct str){ 0 };
		*made = true;
	}
	return true;
}

/* An old body could undo what is newer: what is true now is told again. */
static void retell(struct piece *piece, const struct delivery *delivery)
{
	if (delivery->op == DELIVERY_DELETE && delivery->kind == KLAVIYO_PROFILE)
		return; /* an erasure */
	piece->learn[piece->step.n_learn++] = (struct found_learn){
		.key = { delivery->kind, delivery->external_id },
		.root = delivery->root,
		.as_known = true,
		.due = true,
	};
	piece->report.n_again++;
}

static bool replay_delivery(struct piece *piece, const struct replay_row *row, struct err *err)
{
	struct delivery delivery;
	bool made;

	if (!db_delivery_get(piece->ctx->db, row->id, piece->arena, &delivery, err)) {
		piece->report.n_gone++;
		return err->code == ERR_NOT_FOUND;
	}
	made = delivery.body.len > 0;
	if (delivery.root.id.len > 0 && delivery.kind != KLAVIYO_EVENT) {
		retell(piece, &delivery);
		return true;
	}
	if (delivery.root.id.len > 0 && delivery.body.len == 0 && !render_again(piece, &delivery, &made, err))
		return false;
	if (made)
		replay_event(piece, &delivery);
	else
		piece->report.n_gone++;
	return true;
}

static bool take_rows(struct piece *piece, const struct replay_row *row, size_t n, struct err *err)
{
	piece->again = ARENA_ARRAY(piece->arena, n, int64_t);
	piece->learn = ARENA_ARRAY(piece->arena, n, struct found_learn);
	piece->publication = ARENA_ARRAY(piece->arena, n, struct catalog_publication);
	for (size_t i = 0; i < n; i++) {
		piece->report.n_seen++;
		if (row[i].gone) {
			piece->report.n_gone++;
		} else if (piece->options.messages) {
			piece->again[piece->step.n_again++] = row[i].id;
			piece->report.n_again++;
		} else if (!replay_delivery(piece, &row[i], err)) {
			return false;
		}
	}
	piece->step.again = piece->again;
	piece->step.learn = piece->learn;
	piece->step.publication = piece->publication;
	return true;
}

/* ---- one piece ---- */

static void ring(const struct piece *piece)
{
	const struct flow_wakes *wake = piece->ctx->wake;

	if (wake && wake->map && piece->step.n_again > 0)
		wake_send(wake->map);
	if (wake && wake->publish && piece->step.n_learn > 0)
		wake_send(wake->publish);
	if (wake && wake->deliver && piece->step.n_publication > 0)
		http_client_wakeup(wake->deliver);
}

static bool end_piece(struct piece *piece, struct err *err)
{
	struct task_step *step = &piece->step;
	size_t n;

	step->task_id = piece->task->id;
	step->from = piece->task->place;
	step->to = place_text(piece);
	step->report = report_text(piece);
	step->priority = piece->options.live ? PRIORITY_REALTIME : PRIORITY_REPLAY;
	if (piece->day < 0) {
		step->state = IMPORT_DONE;
		step->reason = arena_printf(piece->arena, "%" PRId64 " again, %" PRId64 " not kept any more",
					    piece->report.n_again, piece->report.n_gone);
		log_info("replay", "store=%.*s task=%lld done: %.*s", STR_ARG(piece->store->name),
			 (long long)piece->task->id, STR_ARG(step->reason));
	}
	if (!db_task_step(piece->ctx->db, clock_wall_ms(piece->ctx->clock), step, &n, err))
		return false;
	ring(piece);
	return true;
}

static bool do_piece(struct piece *piece, struct err *err)
{
	struct replay_query query = {
		.store_id = piece->store->id,
		.messages = piece->options.messages,
		.since_ms = piece->options.since_ms,
		.until_ms = piece->options.until_ms > 0 ? piece->options.until_ms : piece->task->created_ms,
		.states = piece->options.states,
		.kinds = piece->options.kinds,
		.topic = piece->options.topic,
		.id = piece->options.id,
		.day = piece->day,
		.after_id = piece->after_id,
		.max_n = ROWS_AT_ONCE,
	};
	struct replay_row *row;
	size_t n;

	if (!db_replay_list(piece->ctx->db, &query, piece->arena, &row, &n, &piece->day, &piece->after_id,
			    err))
		return err_wrap(err, "read what is to be replayed");
	return take_rows(piece, row, n, err) && end_piece(piece, err);
}

/* ---- which task ---- */

static const struct task_row *next_task(int64_t last_store_id, const struct task_row *task, size_t n)
{
	const struct task_row *first = NULL;

	for (size_t i = 0; i < n; i++) {
		if (task[i].kind != TASK_REPLAY || task[i].state != IMPORT_OPEN)
			continue;
		if (task[i].store_id > last_store_id)
			return &task[i];
		first = first ? first : &task[i];
	}
	return first;
}

static bool serve(struct piece *piece, struct flow_next *next, struct err *err)
{
	const struct snapshot *settings = flow_settings(piece->ctx, err);
	bool room = false, ok = settings != NULL;

	if (!ok)
		return false;
	piece->store = snapshot_store(settings, piece->task->store_id);
	next->wait_ms = FULL_MS;
	if (piece->store)
		ok = flow_history_room(piece->ctx, piece->store, piece->arena, &room, err);
	if (ok && room) {
		next->wait_ms = 0;
		next->n_done = 1;
		read_place(piece);
		replay_read(piece->task, piece->arena, &piece->options, &piece->report);
		/* Paused or cancelled in between: nothing was done. */
		ok = do_piece(piece, err) || err->code == ERR_CONFLICT;
	}
	settings_release(piece->ctx->settings, settings);
	return ok;
}

bool replay_run_once(struct flow_ctx *ctx, int64_t *last_store_id, struct flow_next *next, struct err *err)
{
	struct task_row *all;
	struct arena arena;
	struct piece piece = { .ctx = ctx, .arena = &arena };
	bool ok;
	size_t n;

	*next = (struct flow_next){ .wait_ms = POLL_MS };
	arena_init(&arena);
	ok = db_task_list(ctx->db, 0, &arena, &all, &n, err) || err_wrap(err, "read tasks");
	piece.task = ok ? next_task(*last_store_id, all, n) : NULL;
	if (piece.task) {
		*last_store_id = piece.task->store_id;
		ok = serve(&piece, next, err);
	}
	arena_release(&arena);
	return ok;
}
