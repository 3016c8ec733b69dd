/*
 * View: all that is kept of a person.
 *
 * Keeps: what is not there any more by the time it is read is left out, not an error.
 */
#include "admin/view.h"

/* Nothing, if there is no such thing any more. */
static bool found(bool ok, const struct err *problem, bool *there, struct err *err)
{
	*there = ok;
	return ok || problem->code == ERR_NOT_FOUND || err_set(err, problem->code, "%s", problem->msg);
}

static struct json *facts_json(const struct catalog_root *root)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < root->n_fact; i++) {
		const struct root_fact *fact = &root->fact[i];
		struct json *row = json_new_object();

		/* Products stand beside an order; they are nobody's. */
		if (fact->entity.kind != root->root.kind || !str_eq(fact->entity.id, root->root.id)) {
			json_free(row);
			continue;
		}
		json_put(row, "part", fact->part);
		view_put_id(row, "message", ID_MESSAGE, fact->seq);
		json_set(row, "body", view_body(fact->body));
		json_append(list, row);
	}
	return list;
}

static bool add_roots(struct look *look, const struct person_found *person, struct json *list,
		      struct err *err)
{
	for (size_t i = 0; i < person->n_root; i++) {
		struct err problem = { ERR_NONE, "" };
		struct catalog_root root;
		struct json *row;
		bool there;

		if (!found(db_catalog_get(look->db, person->store_id, person->root[i], look->arena, &root,
					  &problem),
			   &problem, &there, err))
			return false;
		if (!there || (root.n_fact == 0 && root.n_sent == 0))
			continue;
		row = json_new_object();
		json_put(row, "kind", str_from(entity_kind_text(root.root.kind)));
		json_put(row, "id", root.root.id);
		json_set(row, "facts", facts_json(&root));
		json_append(list, row);
	}
	return true;
}

static bool add_messages(struct look *look, const struct person_found *person, struct json *list,
			 struct err *err)
{
	for (size_t i = 0; i < person->n_message; i++) {
		struct err problem = { ERR_NONE, "" };
		struct inbox_message message;
		struct json *row;
		bool there;

		if (!found(db_inbox_get(look->db, person->message[i], look->arena, &message, &problem),
			   &problem, &there, err))
			return false;
		if (!there)
			continue;
		row = json_new_object();
		view_put_id(row, "id", ID_MESSAGE, message.id);
		json_put_time(row, "received_at", message.received_ms);
		json_put(row, "topic", message.topic);
		json_put(row, "source_id", message.source_id);
		json_put(row, "state", str_from(message_state_text(message.state)));
		json_set(row, "body", view_body(message.body));
		json_append(list, row);
	}
	return true;
}

static struct json *delivery_json(const struct delivery *delivery)
{
	struct json *row = json_new_object();

	view_put_id(row, "id", ID_DELIVERY, delivery->id);
	json_put(row, "kind", str_from(klaviyo_kind_text(delivery->kind)));
	json_put(row, "op", str_from(delivery_op_text(delivery->op)));
	json_put(row, "external_id", delivery->external_id);
	json_put(row, "state", str_from(delivery_state_text(delivery->state)));
	json_put(row, "reason", delivery->reason);
	json_put_time(row, "created_at", delivery->created_ms);
	json_set(row, "body", view_body(delivery->body));
	return row;
}

static bool add_deliveries(struct look *look, const struct person_found *person, struct json *list,
			   struct err *err)
{
	for (size_t i = 0; i < person->n_delivery; i++) {
		struct err problem = { ERR_NONE, "" };
		struct delivery delivery;
		bool there;

		if (!found(db_delivery_get(look->db, person->delivery[i], look->arena, &delivery, &problem),
			   &problem, &there, err))
			return false;
		if (there)
			json_append(list, delivery_json(&delivery));
	}
	return true;
}

static bool is_empty(const struct json *store)
{
	return json_len(json_get(store, "known")) + json_len(json_get(store, "messages")) +
		       json_len(json_get(store, "deliveries")) + json_len(json_get(store, "audit")) ==
	       0;
}

struct json *view_person(struct look *look, const struct person_found *person, bool *empty, struct err *err)
{
	struct json *out = json_new_object();
	struct json *roots = json_new_array(), *messages = json_new_array();
	struct json *deliveries = json_new_array(), *audit = json_new_array();
	bool ok = add_roots(look, person, roots, err) && add_messages(look, person, messages, err) &&
		  add_deliveries(look, person, deliveries, err);

	for (size_t i = 0; i < person->n_audit; i++)
		json_append(audit, view_audit(look, &person->audit[i]));
	json_put(out, "store", look_store_name(look, person->store_id));
	json_set(out, "known", roots);
	json_set(out, "messages", messages);
	json_set(out, "deliveries", deliveries);
	json_set(out, "audit", audit);
	*empty = is_empty(out);
	if (ok)
		return out;
	json_free(out);
	return NULL;
}
