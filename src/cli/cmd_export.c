/*
 * export: all that is kept of a person, as JSON.
 *
 * Does:    facts of the person, of orders and of visitors; messages as they came; deliveries with their
 *          bodies; audit.
 * Keeps:   what is not there any more by the time it is read is left out, not an error.
 */
#include "cli/audit_text.h"
#include "cli/commands.h"
#include "cli/person_find.h"
#include "model/id_text.h"

static void put_id(struct json *json, const char *name, enum id_kind kind, int64_t id)
{
	char text[ID_TEXT_BYTES];

	id_text(kind, id, text);
	json_put(json, name, str_from(text));
}

/* As JSON if it is that, else as the text it is. */
static struct json *body_json(struct str body)
{
	struct json *json;

	if (body.len == 0)
		return json_new_null();
	return json_parse(body, &json, NULL) ? json : json_new_text(body);
}

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
		put_id(row, "message", ID_MESSAGE, fact->seq);
		json_set(row, "body", body_json(fact->body));
		json_append(list, row);
	}
	return list;
}

static bool add_roots(struct cli *cli, const struct person_found *person, struct json *list, struct err *err)
{
	for (size_t i = 0; i < person->n_root; i++) {
		struct err problem = { ERR_NONE, "" };
		struct catalog_root root;
		struct json *row;
		bool there;

		if (!found(db_catalog_get(cli->db, person->store_id, person->root[i], &cli->arena, &root,
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

static bool add_messages(struct cli *cli, const struct person_found *person, struct json *list,
			 struct err *err)
{
	for (size_t i = 0; i < person->n_message; i++) {
		struct err problem = { ERR_NONE, "" };
		struct inbox_message message;
		struct json *row;
		bool there;

		if (!found(db_inbox_get(cli->db, person->message[i], &cli->arena, &message, &problem),
			   &problem, &there, err))
			return false;
		if (!there)
			continue;
		row = json_new_object();
		put_id(row, "id", ID_MESSAGE, message.id);
		json_put_time(row, "received_at", message.received_ms);
		json_put(row, "topic", message.topic);
		json_put(row, "source_id", message.source_id);
		json_put(row, "state", str_from(message_state_text(message.state)));
		json_set(row, "body", body_json(message.body));
		json_append(list, row);
	}
	return true;
}

static struct json *delivery_json(const struct delivery *delivery)
{
	struct json *row = json_new_object();

	put_id(row, "id", ID_DELIVERY, delivery->id);
	json_put(row, "kind", str_from(klaviyo_kind_text(delivery->kind)));
	json_put(row, "op", str_from(delivery_op_text(delivery->op)));
	json_put(row, "external_id", delivery->external_id);
	json_put(row, "state", str_from(delivery_state_text(delivery->state)));
	json_put(row, "reason", delivery->reason);
	json_put_time(row, "created_at", delivery->created_ms);
	json_set(row, "body", body_json(delivery->body));
	return row;
}

static bool add_deliveries(struct cli *cli, const struct person_found *person, struct json *list,
			   struct err *err)
{
	for (size_t i = 0; i < person->n_delivery; i++) {
		struct err problem = { ERR_NONE, "" };
		struct delivery delivery;
		bool there;

		if (!found(db_delivery_get(cli->db, person->delivery[i], &cli->arena, &delivery, &problem),
			   &problem, &there, err))
			return false;
		if (there)
			json_append(list, delivery_json(&delivery));
	}
	return true;
}

static bool store_json(struct cli *cli, const struct person_found *person, struct json *out, struct err *err)
{
	struct json *roots = json_new_array(), *messages = json_new_array();
	struct json *deliveries = json_new_array(), *audit = json_new_array();
	bool ok = add_roots(cli, person, roots, err) && add_messages(cli, person, messages, err) &&
		  add_deliveries(cli, person, deliveries, err);

	for (size_t i = 0; i < person->n_audit; i++)
		json_append(audit, audit_json(cli, &person->audit[i]));
	json_put(out, "store", session_store_name(cli, person->store_id));
	json_set(out, "known", roots);
	json_set(out, "messages", messages);
	json_set(out, "deliveries", deliveries);
	json_set(out, "audit", audit);
	return ok;
}

static bool is_empty(const struct json *store)
{
	return json_len(json_get(store, "known")) + json_len(json_get(store, "messages")) +
		       json_len(json_get(store, "deliveries")) + json_len(json_get(store, "audit")) ==
	       0;
}

static bool add_stores(struct cli *cli, struct str email, struct json *list, struct err *err)
{
	const struct snapshot *snapshot = cli->snapshot;
	struct person_found person;
	int64_t only;

	if (!session_store_option(cli, &only, err))
		return false;
	for (size_t i = 0; i < snapshot->n_store; i++) {
		struct json *store;
		bool ok;

		if (only != 0 && snapshot->store[i].id != only)
			continue;
		if (!person_find(cli, snapshot->store[i].id, email, &person, err))
			return false;
		store = json_new_object();
		ok = store_json(cli, &person, store, err);
		if (ok && !is_empty(store))
			json_append(list, store);
		else
			json_free(store);
		if (!ok)
			return false;
	}
	return true;
}

bool cmd_export(struct cli *cli, struct err *err)
{
	struct json *json, *stores;
	struct str email;

	if (!person_argument(cli, &email, err) || !session_open(cli, SESSION_EXISTING, err))
		return false;
	stores = json_new_array();
	if (!add_stores(cli, email, stores, err)) {
		json_free(stores);
		return false;
	}
	json = json_new_object();
	json_put(json, "email", email);
	json_put_time(json, "exported_at", clock_wall_ms(cli->clock));
	json_set(json, "stores", stores);
	cli_print_json(cli, json);
	return true;
}
