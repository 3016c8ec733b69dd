/*
 * Opt-outs: who has left in Klaviyo, as far as lookups have read it.
 *
 * Does:    puts them into the inbox of every store of the account, where they become facts of persons like
 *          anything a shop says; says when they have.
 * Doesn't: ask Klaviyo (deliver_lookup.c), decide what an opt-out means (activity/).
 * Keeps:   a page of opt-outs is in the inbox before the cursor moves past it; a repeat is recognised there.
 * Threads: the deliver role's.
 */
#include "flow/deliver_internal.h"

#include "base/alloc.h"
#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>

/* Klaviyo's list of suppressions may be behind by some minutes. */
#define OVERLAP_MS INT64_C(600000)
/* 2000-01-01: before all opt-outs. */
#define BEGINNING_MS INT64_C(946684800000)
#define CURSOR_BYTES 32

int64_t deliver_optouts_since_ms(const struct deliver_lookups *lookups)
{
	return lookups->optouts_wall_ms > 0 ? lookups->optouts_wall_ms : BEGINNING_MS;
}

/* ---- into the inbox ---- */

static struct inbox_record optout_record(int64_t store_id, const struct klaviyo_optout *optout,
					 int64_t now_ms, struct arena *arena)
{
	struct json *body = json_new_object(), *data = json_new_object();
	struct str at = arena_printf(arena, "%" PRId64, optout->at_ms);
	struct strbuf text;
	struct inbox_record record = {
		.store_id = store_id,
		.received_ms = now_ms,
		.topic = STR("klaviyo.opted_out"),
		.slot = digest16_of((struct str[]){ STR("klaviyo.opted_out"), optout->email }, 2),
		.key = digest16_of((struct str[]){ optout->email, at, optout->reason }, 3),
	};

	json_set_text(data, "email", optout->email);
	json_set(data, "at_ms", json_new_int(optout->at_ms));
	json_set_text(data, "reason", optout->reason);
	json_set_text(body, "type", STR("klaviyo.opted_out"));
	json_set(body, "data", data);
	strbuf_init(&text, 4096);
	json_write(body, true, &text);
	record.body = arena_dup(arena, strbuf_str(&text));
	strbuf_release(&text);
	json_free(body);
	return record;
}

/* Messages of a store are mapped in their order, so the newest stands for all. Records come by store. */
static void wait_for_mapping(struct deliver_lookups *lookups, const struct inbox_record *record,
			     const struct inbox_receipt *receipt, size_t n)
{
	int64_t newest_id = 0;

	for (size_t i = 0; i < n; i++) {
		newest_id = receipt[i].id > newest_id ? receipt[i].id : newest_id;
		if (i + 1 < n && record[i + 1].store_id == record[i].store_id)
			continue;
		lookups->unmapped =
			mem_resize(lookups->unmapped, (lookups->n_unmapped + 1) * sizeof(*lookups->unmapped));
		lookups->unmapped[lookups->n_unmapped++] = newest_id;
		newest_id = 0;
	}
}

/* Into the inbox of every store of the account. */
static bool append_optouts(struct deliver *deliver, struct deliver_send *send,
			   const struct snapshot *settings, struct err *err)
{
	size_t n = 0, room = send->found.n_optout * settings->n_store;
	struct inbox_record *record = ARENA_ARRAY(&send->arena, room, struct inbox_record);
	struct inbox_receipt *receipt = ARENA_ARRAY(&send->arena, room, struct inbox_receipt);

	for (size_t s = 0; s < settings->n_store; s++)
		for (size_t i = 0;
		     settings->store[s].account->id == send->account->id && i < send->found.n_optout; i++)
			record[n++] = optout_record(settings->store[s].id, &send->found.optout[i],
						    deliver->now_wall_ms, &send->arena);
	for (size_t at = 0; at < n; at += STORE_APPEND_MAX)
		if (!db_inbox_append(deliver->ctx->db, record + at,
				     n - at < STORE_APPEND_MAX ? n - at : STORE_APPEND_MAX, receipt + at,
				     err))
			return err_wrap(err, "keep the opt-outs of account '%s'", send->account->name);
	wait_for_mapping(&send->account->lookups, record, receipt, n);
	if (n > 0 && deliver->ctx->wake && deliver->ctx->wake->map)
		wake_send(deliver->ctx->wake->map);
	return true;
}

/* The reading is whole: the next one begins a little before its newest. */
static bool end_optouts(struct deliver *deliver, struct deliver_account *account, struct err *err)
{
	struct deliver_lookups *lookups = &account->lookups;
	int64_t upto_ms = lookups->optouts_newest_ms - OVERLAP_MS;
	char text[CURSOR_BYTES];

	if (upto_ms < lookups->optouts_wall_ms)
		upto_ms = lookups->optouts_wall_ms;
	if (upto_ms < BEGINNING_MS)
		upto_ms = BEGINNING_MS;
	(void)snprintf(text, sizeof(text), "%" PRId64, upto_ms);
	if (upto_ms != lookups->optouts_wall_ms &&
	    !db_cursor_put(deliver->ctx->db, deliver->now_wall_ms, account->id, STR(FLOW_CURSOR_OPTOUTS),
			   str_from(text), err))
		return false;
	lookups->optouts_wall_ms = upto_ms;
	lookups->optouts_at_ms = lookups->reread ? INT64_MIN : deliver->now_ms;
	return true;
}

bool deliver_optouts_settle(struct deliver *deliver, struct deliver_send *send, struct err *err)
{
	struct deliver_lookups *lookups = &send->account->lookups;
	const struct snapshot *settings = flow_settings(deliver->ctx, err);
	bool ok = settings && append_optouts(deliver, send, settings, err);

	if (settings)
		settings_release(deliver->ctx->settings, settings);
	if (!ok)
		return false;
	for (size_t i = 0; i < send->found.n_optout; i++)
		if (send->found.optout[i].at_ms > lookups->optouts_newest_ms)
			lookups->optouts_newest_ms = send->found.optout[i].at_ms;
	return send->found.next.len > 0 || end_optouts(deliver, send->account, err);
}

/* ---- becoming facts ---- */

/*
 * What is no fact yet cannot withdraw a subscription. What is one makes its person due, and db_outbox_claim
 * waits for that.
 */
static bool is_mapped(struct deliver *deliver, int64_t message_id, bool *mapped, struct err *err)
{
	struct inbox_message message;
	struct err failed = { 0 };
	struct arena arena;
	bool ok;

	arena_init(&arena);
	ok = db_inbox_get(deliver->ctx->db, message_id, &arena, &message, &failed);
	*mapped = ok ? message.state != MESSAGE_PENDING : failed.code == ERR_NOT_FOUND;
	arena_release(&arena);
	return ok || *mapped || err_set(err, failed.code, "look for opt-outs: %s", failed.msg);
}

bool deliver_optouts_heed_mapped(struct deliver *deliver, struct deliver_lookups *lookups, struct err *err)
{
	while (lookups->n_unmapped > 0) {
		bool mapped;

		if (!is_mapped(deliver, lookups->unmapped[lookups->n_unmapped - 1], &mapped, err))
			return false;
		if (!mapped)
			return true;
		lookups->n_unmapped--;
	}
	return true;
}
