/*
 * trace: the whole story of one message, delivery or product, readable or as JSON. What belongs to it is
 * story.c's.
 */
#include "admin/sending.h"
#include "admin/text.h"
#include "admin/told.h"
#include "admin/view.h"
#include "cli/audit_text.h"
#include "cli/commands.h"
#include "model/id_text.h"
#include "store/store_rules.h"

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

static void print_facts(struct cli *cli, const struct map_result *map)
{
	for (size_t i = 0; i < map->n_fact && i < FACTS_SHOWN; i++) {
		const struct fact *fact = &map->fact[i];
		struct str part = text_safe(fact->part, &cli->arena);

		(void)fprintf(cli->out, "      %s %s %.*s%s%.*s\n", view_fact_verb(fact->op),
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
	if (delivery->copy_of)
		(void)fprintf(cli->out, ", %.*s", STR_ARG(store_text_copy(&cli->arena, delivery->copy_of)));
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

static void print_sent(struct cli *cli, struct look *look, const struct catalog_root *state)
{
	enum told told;
	struct err ignored;

	for (size_t i = 0; i < state->n_sent; i++) {
		const struct root_sent *sent = &state->sent[i];

		(void)fprintf(cli->out, "  told Klaviyo: %s %.*s, %s\n", klaviyo_kind_text(sent->kind),
			      STR_ARG(text_safe(sent->external_id, &cli->arena)),
			      told_read(look, sent, &told, &ignored) ? told_text(told) : "unknown");
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
	case ENTITY_SHOP:
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
	print_sent(cli, story->look, &root->state);
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

/* The request of the delivery that is asked for, as one line of JSON. */
static bool print_request(struct cli *cli, const struct story *story, struct err *err)
{
	struct sending_request request;
	struct json *json;

	if (story->subject != STORY_DELIVERY)
		return err_set(err, ERR_INVALID, "--request goes with the id of a delivery (d...)");
	if (!sending_request(story, story_delivery(story, story->subject_id), true, &request, err))
		return false;
	json = view_request(&request.request);
	json_set(json, "rows", json_new_int((int64_t)request.n_row));
	json_set(json, "complete", json_new_bool(request.complete));
	cli_print_json(cli, json);
	return true;
}

/* How it left, and why it has not. */
static bool print_sendings(struct cli *cli, const struct story *story, const struct delivery *delivery,
			   struct err *err)
{
	struct sending *sending;
	struct str waits;
	size_t n;

	if (!sendings_of(story, delivery, &sending, &n, err) || !sending_waits(story, delivery, &waits, err))
		return false;
	for (size_t i = 0; i < n; i++)
		(void)fprintf(cli->out, "  left at %.*s by %.*s, %zu in that request%s\n",
			      STR_ARG(text_time(sending[i].sent->at_ms, &cli->arena)),
			      STR_ARG(text_safe(sending[i].sent->reason, &cli->arena)), sending[i].n_member,
			      sending[i].more ? " or more" : "");
	if (waits.len > 0)
		(void)fprintf(cli->out, "  waits: %.*s\n", STR_ARG(text_safe(waits, &cli->arena)));
	return true;
}

static bool print_story(struct cli *cli, struct story *story, struct err *err)
{
	if (story->subject == STORY_MESSAGE)
		print_message(cli, story_message(story, story->subject_id));
	if (story->subject == STORY_DELIVERY) {
		const struct delivery *delivery = story_delivery(story, story->subject_id);

		print_delivery(cli, delivery);
		if (!print_sendings(cli, story, delivery, err))
			return false;
	}
	for (size_t i = 0; i < story->n_root; i++)
		print_root(cli, story, &story->root[i]);
	for (size_t i = 0; i < story->n_delivery && story->subject != STORY_DELIVERY; i++)
		print_delivery(cli, &story->delivery[i]);
	print_timeline(cli, story);
	return true;
}

bool cmd_trace(struct cli *cli, struct err *err)
{
	struct story story;
	struct json *json;
	int64_t store_id;

	if (!session_open(cli, SESSION_EXISTING, err) || !session_store_option(cli, &store_id, err) ||
	    !story_gather(&cli->look, cli->arg[0], store_id, &story, err))
		return false;
	if (cli_flag(cli, "request"))
		return print_request(cli, &story, err);
	if (!cli_flag(cli, "json"))
		return print_story(cli, &story, err);
	json = view_story(&story, cli_flag(cli, "bodies"), err);
	if (json)
		cli_print_json(cli, json);
	return json != NULL;
}
