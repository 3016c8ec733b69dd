/*
 * The control paths about people.
 *
 *   GET  /sandbox/people[?key_last4=]     per account: counts, metrics, lists, consent, imports
 *   GET  /sandbox/profiles?email=|phone_number=|external_id=|id=[&key_last4=]
 *   GET  /sandbox/profiles[?after=N&limit=N&key_last4=]
 *   GET  /sandbox/events[?metric=&email=&profile_id=&unique_id=&after=N&limit=N&key_last4=]
 *   POST /sandbox/consent                 {"email"|"phone_number"|"id","action",
 *                                         "channel"?,"list"?,"at"?,"key_last4"?}
 *
 * Threads: the server's thread.
 */
#include "sandbox/control.h"

#include "net/url.h"
#include "sandbox/consent_rule.h"

#include <inttypes.h>

#define LIMIT_DEFAULT 1000
#define LIMIT_MAX     100000

void people_get_all(struct call *call)
{
	const struct sandbox *sandbox = call->sandbox;
	bool first = true;
	struct strbuf out;

	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"accounts\":[");
	for (size_t i = 0; i < sandbox->n_accounts; i++) {
		if (!control_wants(call, sandbox->account[i]))
			continue;
		strbuf_add_text(&out, first ? "" : ",");
		first = false;
		people_render(sandbox, sandbox->account[i], &out);
	}
	strbuf_add_text(&out, "],\"total\":");
	people_render_totals(sandbox, &out);
	strbuf_add_char(&out, '}');
	control_reply(call, 200, &out);
}

/* ---- pages ---- */

struct range {
	int64_t after, limit, n, last;
	bool more;
	struct strbuf out;
};

static bool read_number(struct call *call, const char *name, int64_t *number)
{
	struct str text;

	return !url_query(call->request->query, name, call->arena, &text) ||
	       (str_to_int64(text, number) && *number >= 0);
}

static bool range_start(struct call *call, struct range *range, const char *name)
{
	*range = (struct range){ .limit = LIMIT_DEFAULT };
	if (!read_number(call, "after", &range->after) || !read_number(call, "limit", &range->limit) ||
	    range->limit > LIMIT_MAX) {
		control_refuse(call, 400, "after and limit are numbers, limit at most 100000");
		return false;
	}
	strbuf_init(&range->out, REPLY_BYTES_MAX);
	strbuf_addf(&range->out, "{\"%s\":[", name);
	return true;
}

/* May the thing with that number be added? Then a comma is, where one is needed. */
static bool range_takes(struct range *range, int64_t number)
{
	if (range->n == range->limit) {
		range->more = true;
		return false;
	}
	strbuf_add_text(&range->out, range->n++ ? "," : "");
	range->last = number;
	return true;
}

static void range_reply(struct call *call, struct range *range)
{
	strbuf_addf(&range->out, "],\"last_number\":%" PRId64 ",\"more\":%s}", range->last,
		    range->more ? "true" : "false");
	control_reply(call, 200, &range->out);
}

/* ---- profiles ---- */

static struct profile *find_by_text(const struct people *people, struct str name, struct str text)
{
	if (str_eq(name, STR("id")))
		return profile_find(&people->profiles, text);
	for (int kind = 0; kind < IDENTIFIER_COUNT; kind++)
		if (str_eq(name, str_from(identifier_name((enum identifier)kind))))
			return profile_find_key(&people->profiles, (enum identifier)kind, text);
	return NULL;
}

static const char *const person_name[] = { "id", "email", "phone_number", "external_id", "anonymous_id" };

static bool reply_named(struct call *call, struct str name, struct str text)
{
	struct range range;

	if (!range_start(call, &range, "profiles"))
		return true;
	for (size_t i = 0; i < call->sandbox->n_accounts; i++) {
		const struct account *account = call->sandbox->account[i];
		const struct profile *profile = find_by_text(&account->people, name, text);

		if (profile && control_wants(call, account) && range_takes(&range, profile->number))
			people_render_profile(account, profile, &range.out);
	}
	range_reply(call, &range);
	return true;
}

void people_get_profiles(struct call *call)
{
	struct range range;
	struct str text;

	for (size_t i = 0; i < ARRAY_LEN(person_name); i++)
		if (url_query(call->request->query, person_name[i], call->arena, &text) &&
		    reply_named(call, str_from(person_name[i]), text))
			return;
	if (!range_start(call, &range, "profiles"))
		return;
	for (size_t i = 0; i < call->sandbox->n_accounts; i++) {
		const struct account *account = call->sandbox->account[i];
		const struct profiles *profiles = &account->people.profiles;

		for (size_t k = (size_t)range.after; control_wants(call, account) && k < profiles->n_slots;
		     k++)
			if (profiles->at[k] && range_takes(&range, profiles->at[k]->number))
				people_render_profile(account, profiles->at[k], &range.out);
	}
	range_reply(call, &range);
}

/* ---- events ---- */

struct event_wish {
	struct str metric, email, profile_id, unique_id;
};

static bool event_matches(const struct event *event, const struct event_wish *wish)
{
	return (!wish->metric.p || str_eq(wish->metric, event->metric->name)) &&
	       (!wish->email.p ||
		str_eq_nocase(wish->email, profile_key_text(event->profile, IDENTIFIER_EMAIL))) &&
	       (!wish->profile_id.p || str_eq(wish->profile_id, str_from(event->profile->id))) &&
	       (!wish->unique_id.p || str_eq(wish->unique_id, str_from(event->unique_id)));
}

static void read_wish(struct call *call, const char *name, struct str *wish)
{
	if (!url_query(call->request->query, name, call->arena, wish))
		*wish = (struct str){ 0 };
}

void people_get_events(struct call *call)
{
	struct event_wish wish;
	struct range range;

	read_wish(call, "metric", &wish.metric);
	read_wish(call, "email", &wish.email);
	read_wish(call, "profile_id", &wish.profile_id);
	read_wish(call, "unique_id", &wish.unique_id);
	if (!range_start(call, &range, "events"))
		return;
	for (size_t i = 0; i < call->sandbox->n_accounts; i++) {
		const struct events *events = &call->sandbox->account[i]->people.events;
		int64_t number =
			control_wants(call, call->sandbox->account[i]) ? range.after : events->last_number;

		while (++number <= events->last_number && !range.more) {
			const struct event *event = event_at(events, number);

			if (event && event_matches(event, &wish) && range_takes(&range, number))
				people_render_event(event, &range.out);
		}
	}
	range_reply(call, &range);
}

/* ---- consent ---- */

struct consent_wish {
	struct account *account;
	struct profile *profile;
	enum channel channel;
	struct profile_list *list;
	int64_t at_ms;
};

static const struct action_row {
	const char *name;
	bool opt_out;
	enum suppression reason;
} action_row[] = {
	{ "unsubscribe", true, SUPPRESSION_UNSUBSCRIBE },
	{ "suppress", true, SUPPRESSION_USER_SUPPRESSED },
	{ "spam_complaint", true, SUPPRESSION_SPAM_COMPLAINT },
	{ "hard_bounce", true, SUPPRESSION_HARD_BOUNCE },
	{ "invalid_email", true, SUPPRESSION_INVALID_EMAIL },
	{ "subscribe", false, SUPPRESSION_COUNT },
	{ "confirm", false, SUPPRESSION_COUNT },
};

static const struct action_row *find_action(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(action_row); i++)
		if (str_eq(name, str_from(action_row[i].name)))
			return &action_row[i];
	return NULL;
}

static struct profile *find_person(const struct account *account, const struct json *body)
{
	for (size_t i = 0; i < ARRAY_LEN(person_name); i++) {
		struct str text = json_get_text(body, person_name[i]);

		if (text.len > 0)
			return find_by_text(&account->people, str_from(person_name[i]), text);
	}
	return NULL;
}

/* The account that knows the person; else the first that is asked for. */
static void find_account(struct call *call, struct consent_wish *wish)
{
	struct str last4 = json_get_text(call->body, "key_last4");

	for (size_t i = 0; i < call->sandbox->n_accounts; i++) {
		struct account *account = call->sandbox->account[i];

		if (last4.len > 0 && !str_eq(last4, str_from(account->last4)))
			continue;
		if (!wish->account)
			wish->account = account;
		wish->profile = find_person(account, call->body);
		if (wish->profile) {
			wish->account = account;
			return;
		}
	}
}

/* Somebody who subscribes in Klaviyo need not be known before. */
static struct profile *add_person(struct call *call, struct account *account)
{
	struct people *people = &account->people;
	struct profile *profile =
		profile_add(&people->profiles, call->sandbox->rand, sandbox_wall_ms(call->sandbox));

	for (int kind = 0; kind < IDENTIFIER_STRONG_COUNT; kind++) {
		struct str text = json_get_text(call->body, identifier_name((enum identifier)kind));

		if (text.len > 0 && !profile_find_key(&people->profiles, (enum identifier)kind, text))
			profile_set_key(&people->profiles, profile, (enum identifier)kind, text);
	}
	people->counts.profiles_created++;
	return profile;
}

/* What is wrong with the body, or NULL. */
static const char *read_consent(struct call *call, struct consent_wish *wish,
				const struct action_row **action)
{
	struct str list = json_get_text(call->body, "list");
	struct str at = json_get_text(call->body, "at");

	*action = find_action(json_get_text(call->body, "action"));
	if (!*action)
		return "action is unsubscribe, suppress, spam_complaint, hard_bounce, invalid_email, "
		       "subscribe or "
		       "confirm";
	wish->at_ms = sandbox_wall_ms(call->sandbox);
	if (at.len > 0 && !time_parse_rfc3339(at, &wish->at_ms))
		return "at is a time as 2026-07-15T12:30:00Z";
	if (str_eq(json_get_text(call->body, "channel"), STR("sms")))
		wish->channel = CHANNEL_SMS_MARKETING;
	find_account(call, wish);
	if (!wish->account)
		return "no account is known yet: send a request with its key first";
	wish->list = profile_list_find(&wish->account->people.lists, list);
	if (list.len > 0 && !wish->list)
		return "there is no such list";
	if (!wish->profile && str_eq(str_from((*action)->name), STR("subscribe")))
		wish->profile = add_person(call, wish->account);
	return wish->profile ? NULL : "there is no such profile";
}

void people_post_consent(struct call *call)
{
	struct consent_wish wish = { .channel = CHANNEL_EMAIL_MARKETING };
	const struct action_row *action;
	const char *problem;
	struct err err = { 0 };
	struct strbuf out;

	if (!json_parse(call->request->body, &call->body, &err)) {
		control_refuse(call, 400, err.msg);
		return;
	}
	problem = read_consent(call, &wish, &action);
	if (!problem && action->opt_out)
		consent_opt_out(wish.account, wish.profile, wish.channel, action->reason, wish.list,
				wish.at_ms);
	else if (!problem && str_eq(str_from(action->name), STR("subscribe")))
		consent_opt_in(wish.account, wish.profile, wish.channel, wish.list, wish.at_ms);
	else if (!problem && !consent_confirm(wish.account, wish.profile, wish.at_ms))
		problem = "nothing waits for a confirmation";
	if (problem) {
		control_refuse(call, 400, problem);
		return;
	}
	strbuf_init(&out, REPLY_BYTES_MAX);
	people_render_profile(wish.account, wish.profile, &out);
	control_reply(call, 200, &out);
}
