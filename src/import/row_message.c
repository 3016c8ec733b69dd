/*
 * Messages out of assembled rows: customers and what they consented to, subscribers, categories.
 *
 * Keeps:   consent has the time at which it was given, or there is none: what was said now would be newer
 *          than what somebody said since. No is said only by a word that means that somebody left: a
 *          customer who never subscribed has not left.
 * Pure.
 */
#include "import/row.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/json.h"

enum answer { ANSWER_NONE, ANSWER_YES, ANSWER_LEFT, ANSWER_PENDING, ANSWER_UNKNOWN };

static const struct {
	const char *words;
	enum answer answer;
} words[] = {
	{ "yes|true|1|y|ja|oui|si|on|subscribed|subscribe|active|confirmed|opted_in|opted "
	  "in|opt_in|optin|enabled",
	  ANSWER_YES },
	{ "unsubscribed|unsubscribe|opted_out|opted out|opt_out|cleaned|bounced|complained|left",
	  ANSWER_LEFT },
	{ "pending|unconfirmed|not_confirmed|not confirmed|not activated|unactivated", ANSWER_PENDING },
	{ "no|false|0|n|nein|non|off|not subscribed|not_subscribed|never "
	  "subscribed|never_subscribed|non-subscribed|"
	  "nonsubscribed|transactional|invalid|redacted",
	  ANSWER_NONE },
};

static enum answer answer_of(struct str word)
{
	if (word.len == 0)
		return ANSWER_NONE;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct str rest = str_from(words[i].words), one;

		while (str_split(&rest, '|', &one))
			if (str_eq_nocase(one, word))
				return words[i].answer;
	}
	return ANSWER_UNKNOWN;
}

static const char *answer_state(enum answer answer)
{
	return answer == ANSWER_YES ? "subscribed" : answer == ANSWER_LEFT ? "unsubscribed" : "pending";
}

/* When they said so: the row's own time, else the option's; 0: the assembly has failed. */
static int64_t consented_ms(struct assembly *assembly, int64_t otherwise_ms)
{
	int64_t at_ms = assembly->fact.consented_ms ? assembly->fact.consented_ms : otherwise_ms;

	if (at_ms == 0)
		(void)time_parse_rfc3339(assembly->rules->options->consented_at, &at_ms);
	if (at_ms == 0)
		assembly_fail(assembly, STR("consented_at"),
			      "it is not said when they consented: map a column to consented_at, or say "
			      "--consented-at");
	return at_ms;
}

static struct str address_members(const struct row_facts *fact, struct arena *arena)
{
	struct strbuf text;
	struct str out;

	strbuf_init(&text, 65536);
	strbuf_add_text(&text, "\"email\":");
	json_write_text(fact->email, &text);
	strbuf_add_text(&text, ",\"phone\":");
	json_write_text(fact->phone, &text);
	out = arena_dup(arena, strbuf_str(&text));
	strbuf_release(&text);
	return out;
}

/* A customer's yes to one channel, as of when it was given or they came. */
static void add_consent(struct assembly *assembly, const char *channel, struct str word,
			struct import_message *message, size_t *n)
{
	const struct row_facts *fact = &assembly->fact;
	enum answer answer = answer_of(word);
	int64_t at_ms;

	if (answer == ANSWER_UNKNOWN)
		assembly_fail(assembly, STR(""), "'%.*s' is no known state of consent", STR_ARG(word));
	if (answer != ANSWER_YES && answer != ANSWER_LEFT)
		return;
	at_ms = consented_ms(assembly, fact->created_ms);
	if (assembly->failed)
		return;
	message[(*n)++] = import_envelope(
		"consent.changed", at_ms,
		arena_printf(assembly->arena,
			     "{%.*s,\"channel\":\"%s\",\"state\":\"%s\",\"historical\":true}",
			     STR_ARG(address_members(fact, assembly->arena)), channel, answer_state(answer)),
		assembly->arena);
}

struct import_message assembly_end(struct assembly *assembly, const char *type, int64_t at_ms)
{
	strbuf_add_char(&assembly->head, '}');
	return import_envelope(type, at_ms, strbuf_str(&assembly->head), assembly->arena);
}

static void make_customer(struct assembly *assembly, struct import_message *message, size_t *n)
{
	const struct row_facts *fact = &assembly->fact;

	if (fact->email.len + fact->phone.len + fact->customer_id.len == 0)
		assembly_fail(assembly, STR(""), "neither e-mail address, phone nor customer id");
	message[(*n)++] = assembly_end(assembly, "customer.upserted",
				       fact->updated_ms ? fact->updated_ms : fact->created_ms);
	if (fact->email.len)
		add_consent(assembly, "email", fact->email_consent, message, n);
	if (fact->phone.len)
		add_consent(assembly, "sms", fact->sms_consent, message, n);
}

/* Who is in a list of subscribers without saying more is one. */
static void make_subscriber(struct assembly *assembly, struct import_message *message, size_t *n)
{
	const struct row_facts *fact = &assembly->fact;
	enum answer answer = fact->state.len ? answer_of(fact->state) : ANSWER_YES;
	int64_t at_ms;

	if (fact->email.len + fact->phone.len == 0)
		assembly_fail(assembly, STR(""), "neither e-mail address nor phone");
	if (answer == ANSWER_UNKNOWN)
		assembly_fail(assembly, STR("state"), "'%.*s' is no known state of consent",
			      STR_ARG(fact->state));
	if (answer == ANSWER_NONE || assembly->failed)
		return;
	at_ms = consented_ms(assembly, 0);
	assembly_put_text(assembly, "state", str_from(answer_state(answer)));
	assembly_put_time(assembly, "consented_at", at_ms);
	strbuf_add_text(&assembly->head, ",\"historical\":true");
	message[(*n)++] = assembly_end(assembly, "consent.changed", at_ms);
}

void assembly_messages(struct assembly *assembly, enum import_kind kind,
		       const struct import_message **message, size_t *n)
{
	struct import_message *made =
		ARENA_ARRAY(assembly->arena, IMPORT_MESSAGES_MAX, struct import_message);

	*n = 0;
	*message = made;
	if ((kind == IMPORT_ORDERS || kind == IMPORT_PRODUCTS || kind == IMPORT_CATEGORIES) &&
	    assembly->fact.id.len == 0)
		assembly_fail(assembly, STR("id"), "it has no id");
	if (assembly->head.overflow || assembly->children.overflow || assembly->images.overflow)
		assembly_fail(assembly, STR(""), "it is larger than 4 MiB");
	if (assembly->failed)
		return;
	if (kind == IMPORT_CUSTOMERS)
		make_customer(assembly, made, n);
	else if (kind == IMPORT_SUBSCRIBERS)
		make_subscriber(assembly, made, n);
	else if (kind == IMPORT_CATEGORIES)
		made[(*n)++] = assembly_end(assembly, "category.upserted", 0);
	else if (kind == IMPORT_PRODUCTS)
		assembly_products(assembly, made, n);
	else
		assembly_orders(assembly, made, n);
	if (assembly->head.overflow)
		assembly_fail(assembly, STR(""), "it is larger than 4 MiB");
	if (assembly->failed)
		*n = 0;
}
