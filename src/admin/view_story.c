/*
 * View: a story as JSON.
 */
#include "admin/catalog_view.h"
#include "admin/sending.h"
#include "admin/told.h"
#include "admin/view.h"

#define MEMBERS_SHOWN 100

const char *view_fact_verb(enum fact_op op)
{
	switch (op) {
	case FACT_SET:
		return "sets";
	case FACT_CLEAR:
		return "clears";
	case FACT_DELETE:
		return "deletes";
	}
	return "";
}

static void put_body(const struct story *story, struct json *json, struct str body)
{
	if (story->bodies)
		json_set(json, "body", view_body(body));
}

static void put_entity(struct json *json, struct entity entity)
{
	json_put(json, "kind", str_from(entity_kind_text(entity.kind)));
	json_put(json, "id", entity.id);
}

static struct json *message_json(const struct story *story, const struct story_message *message)
{
	struct json *json = json_new_object(), *facts = json_new_array();

	view_put_id(json, "id", ID_MESSAGE, message->id);
	json_set(json, "kept", json_new_bool(message->there));
	if (message->there) {
		json_put(json, "store", look_store_name(story->look, message->message.store_id));
		json_put_time(json, "received_at", message->message.received_ms);
		json_put(json, "topic", message->message.topic);
		json_put(json, "source_id", message->message.source_id);
		json_put(json, "state", str_from(message_state_text(message->message.state)));
		json_set(json, "bytes", json_new_int((int64_t)message->message.body.len));
		put_body(story, json, message->message.body);
	}
	for (size_t i = 0; i < message->map.n_fact; i++) {
		const struct fact *fact = &message->map.fact[i];
		struct json *one = json_new_object();

		json_put(one, "op", str_from(view_fact_verb(fact->op)));
		put_entity(one, fact->entity);
		json_put(one, "part", fact->part);
		put_body(story, one, fact->body);
		json_append(facts, one);
	}
	json_set(json, "facts", facts);
	return json;
}

/* ---- sending ---- */

static struct json *answer_json(const struct audit_row *row)
{
	struct json *json = json_new_object();

	json_put_time(json, "at", row->at_ms);
	json_put(json, "code", str_from(audit_code_name(row->code)));
	json_put(json, "text", str_from(audit_code_text(row->code)));
	json_put(json, "reason", row->reason);
	json_set(json, "http_status", json_new_int(sending_status(row->reason)));
	return json;
}

static struct json *sending_json(const struct story *story, const struct sending *sending)
{
	struct json *json = json_new_object(), *members = json_new_array(), *answers = json_new_array();

	for (size_t i = 0; i < sending->n_member && i < MEMBERS_SHOWN; i++) {
		struct json *one = json_new_object();

		view_put_id(one, "delivery", ID_DELIVERY, sending->member[i].delivery_id);
		json_put(one, "store", look_store_name(story->look, sending->member[i].store_id));
		put_entity(one, sending->member[i].root);
		json_append(members, one);
	}
	for (size_t i = 0; i < sending->n_answer; i++)
		json_append(answers, answer_json(sending->answer[i]));
	json_put_time(json, "at", sending->sent->at_ms);
	json_put(json, "endpoint", sending->sent->reason);
	json_set(json, "count", json_new_int((int64_t)sending->n_member));
	json_set(json, "more", json_new_bool(sending->more));
	json_set(json, "members", members);
	json_set(json, "answers", answers);
	return json;
}

struct json *view_request(const struct preview_request *request)
{
	struct json *json = json_new_object();

	json_put(json, "method", request->method);
	json_put(json, "url", request->url);
	json_set(json, "body", view_body(request->body));
	return json;
}

static bool put_sendings(const struct story *story, struct json *json, const struct delivery *delivery,
			 struct err *err)
{
	struct json *list = json_new_array();
	struct sending_request request;
	struct sending *sending;
	struct str waits;
	struct err why;
	size_t n = 0;
	bool ok = sendings_of(story, delivery, &sending, &n, err) &&
		  sending_waits(story, delivery, &waits, err);

	for (size_t i = 0; ok && i < n; i++)
		json_append(list, sending_json(story, &sending[i]));
	json_set(json, "sendings", list);
	if (!ok)
		return false;
	json_put(json, "waits", waits);
	if (!story->bodies)
		return true;
	if (sending_request(story, delivery, false, &request, &why))
		json_set(json, "request", view_request(&request.request));
	else if (why.code == ERR_FATAL)
		return err_set(err, why.code, "%s", why.msg);
	return true;
}

/* ---- deliveries ---- */

static bool delivery_json(const struct story *story, const struct delivery *delivery, struct json **out,
			  struct err *err)
{
	struct json *json = json_new_object(), *root = json_new_object();

	view_put_id(json, "id", ID_DELIVERY, delivery->id);
	json_put(json, "account", look_account_name(story->look, delivery->account_id));
	json_put(json, "store", look_store_name(story->look, delivery->store_id));
	json_put(json, "kind", str_from(klaviyo_kind_text(delivery->kind)));
	json_put(json, "op", str_from(delivery_op_text(delivery->op)));
	json_put(json, "external_id", delivery->external_id);
	json_put(json, "state", str_from(delivery_state_text(delivery->state)));
	json_put(json, "priority", str_from(priority_text(delivery->priority)));
	json_set(json, "attempts", json_new_int(delivery->attempts));
	json_put(json, "reason", delivery->reason);
	json_put_time(json, "created_at", delivery->created_ms);
	json_put_time(json, "due_at", delivery->state == DELIVERY_WAITING ? delivery->due_ms : 0);
	if (delivery->message_id)
		view_put_id(json, "message", ID_MESSAGE, delivery->message_id);
	if (delivery->copy_of)
		view_put_id(json, "copy_of", ID_DELIVERY, delivery->copy_of);
	put_entity(root, delivery->root);
	json_set(json, "root", root);
	put_body(story, json, delivery->body);
	*out = json;
	return put_sendings(story, json, delivery, err);
}

static bool sent_json(const struct story *story, const struct root_sent *sent, struct json *list,
		      struct err *err)
{
	struct json *json;
	enum told told;

	if (!told_read(story->look, sent, &told, err))
		return false;
	json = json_new_object();
	json_put(json, "kind", str_from(klaviyo_kind_text(sent->kind)));
	json_put(json, "external_id", sent->external_id);
	json_put(json, "state", str_from(told_text(told)));
	json_set(json, "exists", json_new_bool(sent->exists));
	json_set(json, "wanted_deleted", json_new_bool(sent->wanted_deleted));
	view_put_id(json, "delivery", ID_DELIVERY, sent->newest_id);
	json_append(list, json);
	return true;
}

/* Products and categories have a title; an order's number and a person's name stand in their parts. */
static struct str title_of(const struct story *story, const struct story_root *root)
{
	bool titled = root->root.kind == ENTITY_PRODUCT || root->root.kind == ENTITY_CATEGORY;

	return titled ? catalog_title(&root->state, story->look->arena) : STR("");
}

static bool root_json(const struct story *story, const struct story_root *root, struct json *json,
		      struct err *err)
{
	struct json *known = json_new_array(), *sent = json_new_array();
	bool ok = true;

	put_entity(json, root->root);
	json_put(json, "title", title_of(story, root));
	json_put(json, "store", look_store_name(story->look, root->store_id));
	json_set(json, "known", json_new_bool(root->there));
	json_set(json, "deleted", json_new_bool(root->state.deleted));
	json_put(json, "held", story_held(story, root));
	for (size_t i = 0; i < root->state.n_fact; i++) {
		const struct root_fact *fact = &root->state.fact[i];
		struct json *one = json_new_object();

		put_entity(one, fact->entity);
		json_put(one, "part", fact->part);
		view_put_id(one, "message", ID_MESSAGE, fact->seq);
		put_body(story, one, fact->body);
		json_append(known, one);
	}
	for (size_t i = 0; ok && i < root->state.n_sent; i++)
		ok = sent_json(story, &root->state.sent[i], sent, err);
	json_set(json, "facts", known);
	json_set(json, "sent", sent);
	return ok;
}

struct json *view_story(const struct story *given, bool bodies, struct err *err)
{
	struct story story = *given;
	struct json *json = json_new_object(), *roots = json_new_array(), *messages = json_new_array();
	struct json *deliveries = json_new_array(), *timeline = json_new_array();
	bool ok = true;

	story.bodies = bodies;
	for (size_t i = 0; ok && i < story.n_root; i++) {
		struct json *one = json_new_object();

		ok = root_json(&story, &story.root[i], one, err);
		json_append(roots, one);
	}
	for (size_t i = 0; i < story.n_message; i++)
		json_append(messages, message_json(&story, &story.message[i]));
	for (size_t i = 0; ok && i < story.n_delivery; i++) {
		struct json *one = NULL;

		ok = delivery_json(&story, &story.delivery[i], &one, err);
		json_append(deliveries, one);
	}
	for (size_t i = 0; i < story.n_row; i++)
		json_append(timeline, view_audit(story.look, &story.row[i]));
	json_set(json, "entities", roots);
	json_set(json, "messages", messages);
	json_set(json, "deliveries", deliveries);
	json_set(json, "timeline", timeline);
	if (ok)
		return json;
	json_free(json);
	return NULL;
}
