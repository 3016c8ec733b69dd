/*
 * What a person decides: failed ones, people to be erased, messages to be tried.
 */
#include "admin/failed_view.h"
#include "admin/admin_internal.h"
#include "admin/person_find.h"
#include "admin/view.h"
#include "flow/hand_in.h"
#include "flow/preview.h"
#include "model/id_text.h"
#include "model/person.h"

/* ---- failed ---- */

static struct str reason_of(struct admin_call *call, struct str reason)
{
	if (reason.len == 0)
		return arena_printf(call->look.arena, "by %.*s", STR_ARG(call_actor(call)));
	return arena_printf(call->look.arena, "%.*s (by %.*s)", STR_ARG(reason), STR_ARG(call_actor(call)));
}

static bool store_of(struct admin_call *call, enum id_kind kind, int64_t id, int64_t *store_id,
		     struct err *err)
{
	struct inbox_message message;
	struct delivery delivery;

	if (kind == ID_MESSAGE) {
		if (!db_inbox_get(call->look.db, id, call->look.arena, &message, err))
			return false;
		*store_id = message.store_id;
		return true;
	}
	if (!db_delivery_get(call->look.db, id, call->look.arena, &delivery, err))
		return false;
	*store_id = delivery.store_id;
	return true;
}

static bool change_named(struct admin_call *call, enum failed_action action, const struct json *ids,
			 int64_t *changed, struct err *err)
{
	struct failed_change change = { .action = action, .n = json_len(ids) };
	int64_t *id = ARENA_ARRAY(call->look.arena, change.n + 1, int64_t), store_id;
	enum id_kind kind;
	size_t n;

	for (size_t i = 0; i < change.n; i++) {
		if (!id_parse(json_text(json_at(ids, i)), &kind, &id[i]))
			return err_set(err, ERR_INVALID, "'ids' holds something that is not an id");
		if (!store_of(call, kind, id[i], &store_id, err))
			return false;
		if (!call_sees_store(call, store_id))
			return err_set(err, ERR_NOT_FOUND, "one of them is not there");
	}
	change.id = id;
	change.reason = reason_of(call, json_get_text(call->body, "reason"));
	if (!db_failed_change(call->look.db, call->now_ms, &change, &n, err))
		return false;
	*changed = (int64_t)n;
	return true;
}

static bool change_many(struct admin_call *call, enum failed_action action, int64_t *changed, struct err *err)
{
	struct failed_bulk bulk = { .action = action,
				    .group = json_get_text(call->body, "group"),
				    .sees = failed_call_sees,
				    .arg = call };
	struct str name = json_get_text(call->body, "store");
	const struct settings_store *store;

	if (name.len > 0) {
		if (!call_store(call, name, &store, err))
			return false;
		bulk.store_id = store->id;
	}
	if (bulk.group.len == 0 && name.len == 0 && !json_get_bool(call->body, "all", false))
		return err_set(err, ERR_INVALID, "name 'ids', a 'group' or a 'store', or say 'all'");
	bulk.reason = reason_of(call, json_get_text(call->body, "reason"));
	return failed_bulk(&call->look, &bulk, changed, err);
}

static bool change_failed(struct admin_call *call, enum failed_action action, struct err *err)
{
	const struct json *ids = json_get(call->body, "ids");
	struct json *json;
	int64_t changed = 0;

	if (action == FAILED_DISCARD && str_trim(json_get_text(call->body, "reason")).len == 0)
		return err_set(err, ERR_INVALID, "'reason' is needed to discard");
	if (ids ? !change_named(call, action, ids, &changed, err) : !change_many(call, action, &changed, err))
		return false;
	if (call->admin->ctx.wake && call->admin->ctx.wake->map)
		wake_send(call->admin->ctx.wake->map);
	json = json_new_object();
	json_put_int(json, "changed", changed);
	return call_answer(call, json);
}

bool post_failed_retry(struct admin_call *call, struct err *err)
{
	return change_failed(call, FAILED_RETRY, err);
}

bool post_failed_discard(struct admin_call *call, struct err *err)
{
	return change_failed(call, FAILED_DISCARD, err);
}

/* ---- erasing ---- */

/* Stores that know the person; the one that is named in any case: Klaviyo may know more than we do. */
static bool stores_to_erase(struct admin_call *call, struct str email, int64_t *id, size_t *n,
			    struct err *err)
{
	const struct snapshot *snapshot = call->look.snapshot;
	struct str name = json_get_text(call->body, "store");
	const struct settings_store *store;

	*n = 0;
	if (name.len > 0) {
		if (!call_store(call, name, &store, err))
			return false;
		id[(*n)++] = store->id;
		return true;
	}
	for (size_t i = 0; i < snapshot->n_store; i++) {
		bool known;

		if (!call_sees_store(call, snapshot->store[i].id))
			continue;
		if (!person_known(&call->look, snapshot->store[i].id, email, &known, err))
			return false;
		if (known)
			id[(*n)++] = snapshot->store[i].id;
	}
	return *n > 0 || err_set(err, ERR_NOT_FOUND,
				 "no store knows this person; name a 'store' to request the deletion in "
				 "Klaviyo anyway");
}

bool post_person_erase(struct admin_call *call, struct err *err)
{
	int64_t *id = ARENA_ARRAY(call->look.arena, call->look.snapshot->n_store + 1, int64_t);
	struct inbox_receipt *receipt;
	struct json *list;
	struct str email;
	size_t n;

	if (!person_email(json_get_text(call->body, "email"), call->look.arena, &email))
		return err_set(err, ERR_INVALID, "'email' is not an email address");
	if (!stores_to_erase(call, email, id, &n, err))
		return false;
	receipt = ARENA_ARRAY(call->look.arena, n, struct inbox_receipt);
	if (!person_erase(&call->look, email, id, n, receipt, err))
		return false;
	if (call->admin->ctx.wake && call->admin->ctx.wake->map)
		wake_send(call->admin->ctx.wake->map);
	list = json_new_array();
	for (size_t i = 0; i < n; i++) {
		struct json *json = json_new_object();

		json_put(json, "store", look_store_name(&call->look, id[i]));
		view_put_id(json, "message", ID_MESSAGE, receipt[i].id);
		json_append(list, json);
	}
	return call_page(call, list, STR(""));
}

/* ---- trying a message ---- */

static bool message_to_try(struct admin_call *call, const struct settings_store *store, struct str *body,
			   struct err *err)
{
	struct str id_given = json_get_text(call->body, "message");
	struct inbox_message message;
	enum id_kind kind;
	int64_t id;

	*body = json_get_text(call->body, "body");
	if (id_given.len == 0)
		return body->len > 0 || err_set(err, ERR_INVALID, "give 'message' or 'body'");
	if (!id_parse(id_given, &kind, &id) || kind != ID_MESSAGE)
		return err_set(err, ERR_INVALID, "'message' is not the id of a message");
	if (!db_inbox_get(call->look.db, id, call->look.arena, &message, err))
		return false;
	*body = message.body;
	return message.store_id == store->id || err_set(err, ERR_NOT_FOUND, "the store has no such message");
}

static struct json *preview_json(const struct preview *preview)
{
	struct json *json = json_new_object(), *requests = json_new_array();

	json_put(json, "topic", preview->topic);
	json_put(json, "reason", preview->map_reason);
	json_put_int(json, "facts", (int64_t)preview->n_fact);
	json_put(json, "held", preview->held);
	json_put(json, "note", preview->note);
	for (size_t i = 0; i < preview->n_request; i++)
		json_append(requests, view_request(&preview->request[i]));
	json_set(json, "requests", requests);
	return json;
}

bool post_preview(struct admin_call *call, struct err *err)
{
	struct str type = json_get_text(call->body, "content_type"), body;
	struct flow_ctx ctx = call->admin->ctx;
	const struct settings_store *store;
	struct preview *preview;
	struct json *list;
	size_t n;

	if (!call_store(call, json_get_text(call->body, "store"), &store, err) ||
	    !message_to_try(call, store, &body, err) ||
	    !preview_message(&ctx, store->name, type.len ? type : STR("application/json"), body,
			     call->look.arena, &preview, &n, err))
		return false;
	list = json_new_array();
	for (size_t i = 0; i < n; i++)
		json_append(list, preview_json(&preview[i]));
	return call_page(call, list, STR(""));
}

/* ---- in place of the shop ---- */

bool post_message(struct admin_call *call, struct err *err)
{
	struct str type = json_get_text(call->body, "content_type");
	struct flow_ctx ctx = call->admin->ctx;
	const struct settings_store *store;
	struct inbox_receipt *receipt;
	struct json *list;
	size_t n;

	if (!call_store(call, call_segment(call, 0), &store, err) ||
	    !hand_in(&ctx, store, type.len ? type : STR("application/json"),
		     json_get_text(call->body, "body"), call_actor(call), call->look.arena, &receipt, &n,
		     err))
		return false;
	list = json_new_array();
	for (size_t i = 0; i < n; i++) {
		struct json *json = json_new_object();

		view_put_id(json, "message", ID_MESSAGE, receipt[i].id);
		json_put_bool(json, "duplicate", receipt[i].kind == INBOX_DUPLICATE);
		json_append(list, json);
	}
	return call_page(call, list, STR(""));
}
