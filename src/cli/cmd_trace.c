/*
 * trace: the whole story of one message, delivery or product, readable or as JSON. What belongs to it is
 * story.c's.
 */
#include "cli/audit_text.h"
#include "cli/commands.h"
#include "model/id_text.h"
#include "cli/story.h"
#include "cli/text.h"

#include <stdlib.h>

#define FACTS_SHOWN 8

/* ---- as text ---- */

static const char *id_of(struct cli *cli, enum id_kind kind, int64_t id)
{
	char *text = arena_alloc(&cli->arena, ID_TEXT_BYTES);

	id_text(kind, id, text);
	return text;
}

static void print_body(struct cli *cli, struct str body)
{
	if (cli_flag(cli, "bodies") && body.len)
		(void)fprintf(cli->out, "      %.*s\n", STR_ARG(text_safe(body, &cli->arena)));
}

static const char *fact_verb(enum fact_op op)
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

static void print_facts(struct cli *cli, const struct map_result *map)
{
	for (size_t i = 0; i < map->n_fact && i < FACTS_SHOWN; i++) {
		const struct fact *fact = &map->fact[i];
		struct str part = text_safe(fact->part, &cli->arena);

		(void)fprintf(cli->out, "      %s %s %.*s%s%.*s\n", fact_verb(fact->op),
			      entity_kind_text(fact->entity.kind),
			      STR_ARG(text_safe(fact->entity.id, &cli->arena)), part.len ? " " : "",
			      STR_ARG(part));
		print_body(cli, fact->body);
	}
	if (map->n_fact > FACTS_SHOWN)
		(void)fprintf(cli->out, "      and %zu more\n", map->n_fact - FACTS_SHOWN);
}

static void print_received(struct cli *cli, const struct story_message *message)
{
	const struct inbox_message *got = &message->message;
	struct str topic = text_safe(got->topic, &cli->arena),
		   source_id = text_safe(got->source_id, &cli->arena);

	(void)fprintf(cli->out, "%.*s  %.*s  %s  message received: %.*s, %zu bytes%s%.*s\n",
		      STR_ARG(text_time_ms(got->received_ms, &cli->arena)),
		      STR_ARG(session_store_name(cli, got->store_id)), id_of(cli, ID_MESSAGE, got->id),
		      STR_ARG(topic.len ? topic : STR("(no topic)")), got->body.len,
		      source_id.len ? ", id " : "", STR_ARG(source_id));
	print_body(cli, got->body);
	print_facts(cli, &message->map);
}

static void print_delivery(struct cli *cli, const struct delivery *delivery)
{
	(void)fprintf(cli->out, "Delivery %s: %s %s %.*s to account %.*s, %s",
		      id_of(cli, ID_DELIVERY, delivery->id), delivery_op_text(delivery->op),
		      klaviyo_kind_text(delivery->kind),
		      STR_ARG(text_safe(delivery->external_id, &cli->arena)),
		      STR_ARG(session_account_name(cli, delivery->account_id)),
		      delivery_state_text(delivery->state));
	if (delivery->attempts)
		(void)fprintf(cli->out, ", %d failed attempt%s", delivery->attempts,
			      delivery->attempts == 1 ? "" : "s");
	if (delivery->state == DELIVERY_WAITING)
		(void)fprintf(cli->out, ", again at %.*s", STR_ARG(text_time(delivery->due_ms, &cli->arena)));
	if (delivery->reason.len && !str_eq(delivery->reason, str_from(delivery_state_text(delivery->state))))
		(void)fprintf(cli->out, ": %.*s", STR_ARG(text_safe(delivery->reason, &cli->arena)));
	(void)fprintf(cli->out, "\n");
	print_body(cli, delivery->body);
}

static void print_message(struct cli *cli, const struct story_message *message)
{
	(void)fprintf(cli->out, "Message %s of store %.*s: %.*s, %s\n", id_of(cli, ID_MESSAGE, message->id),
		      STR_ARG(session_store_name(cli, message->message.store_id)),
		      STR_ARG(text_safe(message->message.topic, &cli->arena)),
		      message_state_text(message->message.state));
}

static void print_parts(struct cli *cli, const struct catalog_root *state)
{
	for (size_t i = 0; i < state->n_fact; i++) {
		const struct root_fact *fact = &state->fact[i];

		(void)fprintf(cli->out, "  knows %s %.*s %.*s, from %s\n",
			      entity_kind_text(fact->entity.kind),
			      STR_ARG(text_safe(fact->entity.id, &cli->arena)),
			      STR_ARG(text_safe(fact->part, &cli->arena)), id_of(cli, ID_MESSAGE, fact->seq));
		print_body(cli, fact->body);
	}
}

static void print_sent(struct cli *cli, const struct catalog_root *state)
{
	for (size_t i = 0; i < state->n_sent; i++) {
		const struct root_sent *sent = &state->sent[i];

		(void)fprintf(cli->out, "  told Klaviyo: %s %.*s, %s\n", klaviyo_kind_text(sent->kind),
			      STR_ARG(text_safe(sent->external_id, &cli->arena)),
			      sent->kind == KLAVIYO_EVENT ? "once"
			      : sent->wanted_deleted	  ? (sent->exists ? "to be deleted" : "deleted")
			      : sent->exists		  ? "there"
							  : "not there yet");
	}
}

static const char *kind_label(enum entity_kind kind)
{
	switch (kind) {
	case ENTITY_CATEGORY:
		return "Category";
	case ENTITY_ORDER:
		return "Order";
	case ENTITY_PERSON:
		return "Person";
	case ENTITY_VISITOR:
		return "Visitor";
	case ENTITY_PRODUCT:
	case ENTITY_VARIANT:
	case ENTITY_SKU:
	case ENTITY_BRAND:
	case ENTITY_SERIES:
	case ENTITY_TAG:
	case ENTITY_MARKET:
	case ENTITY_STORE_GROUP:
	case ENTITY_KIND_COUNT:
		break;
	}
	return "Product";
}

static void print_root(struct cli *cli, const struct story *story, const struct story_root *root)
{
	struct str held = text_safe(story_held(story, root), &cli->arena);

	(void)fprintf(cli->out, "%s %.*s of store %.*s%s", kind_label(root->root.kind),
		      STR_ARG(text_safe(root->root.id, &cli->arena)),
		      STR_ARG(session_store_name(cli, root->store_id)),
		      !root->there	    ? ": nothing is known of it any more"
		      : root->state.deleted ? ": deleted in the shop"
					    : "");
	(void)fprintf(cli->out, "%s%.*s\n", held.len ? ": held back: " : "", STR_ARG(held));
	if (!root->there)
		return;
	print_parts(cli, &root->state);
	print_sent(cli, &root->state);
}

static int received_cmp(const void *a, const void *b)
{
	const struct story_message *left = a, *right = b;

	return (left->message.received_ms > right->message.received_ms) -
	       (left->message.received_ms < right->message.received_ms);
}

/* What a row that names a new delivery does not say itself. */
static struct str what_of(struct cli *cli, const struct story *story, const struct audit_row *row)
{
	const struct delivery *delivery = story_delivery(story, row->delivery_id);

	if (row->code != AUDIT_DELIVERY_CREATED || !delivery)
		return STR("");
	return arena_printf(&cli->arena, "%s %s %.*s", delivery_op_text(delivery->op),
			    klaviyo_kind_text(delivery->kind),
			    STR_ARG(text_safe(delivery->external_id, &cli->arena)));
}

/* Rows and received messages in one order: a message stands before the rows of its moment. */
static void print_timeline(struct cli *cli, struct story *story)
{
	size_t next = 0;

	(void)fprintf(cli->out, "\n");
	for (size_t i = 0; i <= story->n_row; i++) {
		int64_t until_ms = i < story->n_row ? story->row[i].at_ms : INT64_MAX;

		for (; next < story->n_message && story->message[next].message.received_ms <= until_ms;
		     next++)
			if (story->message[next].there)
				print_received(cli, &story->message[next]);
		if (i < story->n_row)
			audit_print(cli, &story->row[i], what_of(cli, story, &story->row[i]), &cli->arena);
	}
}

static void print_story(struct cli *cli, struct story *story)
{
	if (story->subject == STORY_MESSAGE)
		print_message(cli, story_message(story, story->subject_id));
	if (story->subject == STORY_DELIVERY)
		print_delivery(cli, story_delivery(story, story->subject_id));
	for (size_t i = 0; i < story->n_root; i++)
		print_root(cli, story, &story->root[i]);
	for (size_t i = 0; i < story->n_delivery && story->subject != STORY_DELIVERY; i++)
		print_delivery(cli, &story->delivery[i]);
	print_timeline(cli, story);
}

/* ---- as JSON ---- */

static struct json *parsed(struct str body)
{
	struct json *json;

	return body.len && json_parse(body, &json, NULL) ? json : json_new_null();
}

static void put_body(struct cli *cli, struct json *json, struct str body)
{
	if (cli_flag(cli, "bodies"))
		json_set(json, "body", parsed(body));
}

static void put_entity(struct json *json, struct entity entity)
{
	json_put(json, "kind", str_from(entity_kind_text(entity.kind)));
	json_put(json, "id", entity.id);
}

static struct json *message_json(struct cli *cli, const struct story_message *message)
{
	struct json *json = json_new_object(), *facts = json_new_array();

	json_put(json, "id", str_from(id_of(cli, ID_MESSAGE, message->id)));
	json_set(json, "kept", json_new_bool(message->there));
	if (message->there) {
		json_put(json, "store", session_store_name(cli, message->message.store_id));
		json_put_time(json, "received_at", message->message.received_ms);
		json_put(json, "topic", message->message.topic);
		json_put(json, "source_id", message->message.source_id);
		json_put(json, "state", str_from(message_state_text(message->message.state)));
		json_set(json, "bytes", json_new_int((int64_t)message->message.body.len));
		put_body(cli, json, message->message.body);
	}
	for (size_t i = 0; i < message->map.n_fact; i++) {
		const struct fact *fact = &message->map.fact[i];
		struct json *one = json_new_object();

		json_put(one, "op", str_from(fact_verb(fact->op)));
		put_entity(one, fact->entity);
		json_put(one, "part", fact->part);
		put_body(cli, one, fact->body);
		json_append(facts, one);
	}
	json_set(json, "facts", facts);
	return json;
}

static struct json *delivery_json(struct cli *cli, const struct delivery *delivery)
{
	struct json *json = json_new_object(), *root = json_new_object();

	json_put(json, "id", str_from(id_of(cli, ID_DELIVERY, delivery->id)));
	json_put(json, "account", session_account_name(cli, delivery->account_id));
	json_put(json, "store", session_store_name(cli, delivery->store_id));
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
		json_put(json, "message", str_from(id_of(cli, ID_MESSAGE, delivery->message_id)));
	put_entity(root, delivery->root);
	json_set(json, "root", root);
	put_body(cli, json, delivery->body);
	return json;
}

static struct json *root_json(struct cli *cli, const struct story *story, const struct story_root *root)
{
	struct json *json = json_new_object(), *known = json_new_array(), *sent = json_new_array();

	put_entity(json, root->root);
	json_put(json, "store", session_store_name(cli, root->store_id));
	json_set(json, "known", json_new_bool(root->there));
	json_set(json, "deleted", json_new_bool(root->state.deleted));
	json_put(json, "held", story_held(story, root));
	for (size_t i = 0; i < root->state.n_fact; i++) {
		const struct root_fact *fact = &root->state.fact[i];
		struct json *one = json_new_object();

		put_entity(one, fact->entity);
		json_put(one, "part", fact->part);
		json_put(one, "message", str_from(id_of(cli, ID_MESSAGE, fact->seq)));
		put_body(cli, one, fact->body);
		json_append(known, one);
	}
	for (size_t i = 0; i < root->state.n_sent; i++) {
		struct json *one = json_new_object();

		json_put(one, "kind", str_from(klaviyo_kind_text(root->state.sent[i].kind)));
		json_put(one, "external_id", root->state.sent[i].external_id);
		json_set(one, "exists", json_new_bool(root->state.sent[i].exists));
		json_set(one, "wanted_deleted", json_new_bool(root->state.sent[i].wanted_deleted));
		json_append(sent, one);
	}
	json_set(json, "facts", known);
	json_set(json, "sent", sent);
	return json;
}

static void print_json(struct cli *cli, const struct story *story)
{
	struct json *json = json_new_object(), *roots = json_new_array(), *messages = json_new_array();
	struct json *deliveries = json_new_array(), *timeline = json_new_array();

	for (size_t i = 0; i < story->n_root; i++)
		json_append(roots, root_json(cli, story, &story->root[i]));
	for (size_t i = 0; i < story->n_message; i++)
		json_append(messages, message_json(cli, &story->message[i]));
	for (size_t i = 0; i < story->n_delivery; i++)
		json_append(deliveries, delivery_json(cli, &story->delivery[i]));
	for (size_t i = 0; i < story->n_row; i++)
		json_append(timeline, audit_json(cli, &story->row[i]));
	json_set(json, "entities", roots);
	json_set(json, "messages", messages);
	json_set(json, "deliveries", deliveries);
	json_set(json, "timeline", timeline);
	cli_print_json(cli, json);
}

bool cmd_trace(struct cli *cli, struct err *err)
{
	struct story story;
	int64_t store_id;

	if (!session_open(cli, SESSION_EXISTING, err) || !session_store_option(cli, &store_id, err) ||
	    !story_gather(cli, cli->arg[0], store_id, &story, err))
		return false;
	if (story.n_message)
		qsort(story.message, story.n_message, sizeof(*story.message), received_cmp);
	if (cli_flag(cli, "json"))
		print_json(cli, &story);
	else
		print_story(cli, &story);
	return true;
}
