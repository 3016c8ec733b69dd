/*
 * The endpoints that subscribe and unsubscribe many.
 *
 * Does:    checks what the shape does not say: the address a channel needs, the rules of consented_at, the
 *          list.
 * Doesn't: wait: consent is there when the answer is.
 * Keeps:   a request that is refused changes nothing.
 * Threads: the server's thread.
 *
 * A row about nobody known without list and historical_import makes no profile, as recorded. Where the
 * sources are silent: an unsubscription of nobody known makes a profile that is suppressed.
 */
#include "sandbox/consent_rule.h"
#include "sandbox/profile_change.h"
#include "sandbox/query.h"

/* ---- what a row has ---- */

static const struct json *channel_of(const struct profile_row *row, enum channel channel)
{
	const struct json *all = json_get(row->attributes, "subscriptions");

	return json_get(json_get(all, channel_row(channel)->group), channel_row(channel)->name);
}

static bool needs_phone(enum channel channel)
{
	return str_eq(str_from(channel_row(channel)->group), STR("sms")) ||
	       str_eq(str_from(channel_row(channel)->group), STR("whatsapp"));
}

static const struct json *attributes_of(const struct call *call)
{
	return json_get(json_get(call->body, "data"), "attributes");
}

static const struct json *rows_of(const struct call *call)
{
	return json_get(json_get(attributes_of(call), "profiles"), "data");
}

/* ---- checks ---- */

static void check_address(struct call *call, const struct profile_row *row, enum channel channel,
			  struct str pointer)
{
	enum identifier kind = needs_phone(channel) ? IDENTIFIER_PHONE : IDENTIFIER_EMAIL;

	if (str_eq(str_from(channel_row(channel)->group), STR("push")) || row->id.len > 0 ||
	    profile_row_text(row, kind).len > 0)
		return;
	error_add(&call->errors, ERROR_INVALID,
		  arena_printf(call->arena, "%.*s/attributes/%s", STR_ARG(pointer), identifier_name(kind)),
		  "'%s' is required to change the consent of the channel '%s'.", identifier_name(kind),
		  channel_row(channel)->group);
}

static void check_consented_at(struct call *call, const struct json *given, enum channel channel,
			       bool historical, struct str pointer)
{
	struct str text = json_get_text(given, "consented_at");
	struct str place =
		arena_printf(call->arena, "%.*s/attributes/subscriptions/%s/%s/consented_at",
			     STR_ARG(pointer), channel_row(channel)->group, channel_row(channel)->name);
	int64_t at_ms = 0;

	(void)time_parse_rfc3339(text, &at_ms);
	if (text.len > 0 && !historical)
		error_add(&call->errors, ERROR_INVALID, place,
			  "'consented_at' is only allowed when 'historical_import' is true.");
	else if (historical && text.len == 0)
		error_add(&call->errors, ERROR_INVALID, place,
			  "'consented_at' is required when 'historical_import' is true.");
	else if (historical && at_ms >= sandbox_wall_ms(call->sandbox))
		error_add(&call->errors, ERROR_INVALID, place, "'consented_at' must be in the past.");
}

static void check_row(struct call *call, const struct profile_row *row, size_t i, bool subscribe,
		      bool historical)
{
	struct str pointer = arena_printf(call->arena, "/data/attributes/profiles/data/%zu", i);
	bool any = false;

	(void)profile_row_check(call->sandbox, row, pointer, 0, &call->errors);
	for (int k = 0; k < CHANNEL_COUNT; k++) {
		const struct json *given = channel_of(row, (enum channel)k);

		if (json_type(given) != JSON_OBJECT)
			continue;
		any = true;
		check_address(call, row, (enum channel)k, pointer);
		if (subscribe && k != CHANNEL_EMAIL_OPEN_TRACKING)
			check_consented_at(call, given, (enum channel)k, historical, pointer);
	}
	if (!any)
		error_add(&call->errors, ERROR_INVALID,
			  arena_printf(call->arena, "%.*s/attributes/subscriptions", STR_ARG(pointer)),
			  "At least one channel is required.");
}

/* NULL when none is named; an error is left when it does not exist. */
static struct profile_list *find_list(struct call *call)
{
	const struct json *relation =
		json_get(json_get(json_get(call->body, "data"), "relationships"), "list");
	struct str id = json_get_text(json_get(relation, "data"), "id");
	struct profile_list *list = profile_list_find(&call->account->people.lists, id);

	if (id.len > 0 && !list)
		error_add(&call->errors, ERROR_NOT_FOUND, STR("/data/relationships/list/data/id"),
			  "A list with the id `%.*s` does not exist.", STR_ARG(id));
	return list;
}

static bool check(struct call *call, bool subscribe, bool historical, struct profile_list **list)
{
	struct query query;

	if (!query_read(call, &query))
		return false;
	call->rows = json_len(rows_of(call));
	for (size_t i = 0; i < call->rows && call->errors.n < ERROR_ENTRIES_MAX; i++) {
		struct profile_row row = profile_row_read(json_at(rows_of(call), i));

		check_row(call, &row, i, subscribe, historical);
	}
	*list = find_list(call);
	return call->errors.n == 0;
}

/* ---- effect ---- */

/* Writes the identifiers alone: consent says nothing of the rest. */
static struct profile *write_profile(struct call *call, const struct profile_row *row,
				     struct profile *profile)
{
	static const enum identifier kind[] = { IDENTIFIER_EMAIL, IDENTIFIER_PHONE };
	struct json *attributes = json_new_object();
	struct profile_row named = { .attributes = attributes };

	for (size_t i = 0; i < ARRAY_LEN(kind); i++)
		json_set_text(attributes, identifier_name(kind[i]), profile_row_text(row, kind[i]));
	profile = profile_write(call->sandbox, &call->account->people, profile, &named, PROFILE_NULL_IGNORED);
	json_free(attributes);
	return profile;
}

static void apply(struct call *call, const struct profile_row *row, struct subscription *subscription,
		  bool subscribe)
{
	for (int k = 0; k < CHANNEL_COUNT; k++) {
		const struct json *given = channel_of(row, (enum channel)k);

		if (json_type(given) != JSON_OBJECT)
			continue;
		subscription->channel = (enum channel)k;
		subscription->at_ms = sandbox_wall_ms(call->sandbox);
		if (subscription->historical)
			(void)time_parse_rfc3339(json_get_text(given, "consented_at"), &subscription->at_ms);
		if (subscribe)
			consent_subscribe_one(subscription);
		else
			consent_unsubscribe_one(subscription);
	}
}

static void change(struct call *call, bool subscribe)
{
	struct people *people = &call->account->people;
	struct subscription subscription = {
		.sandbox = call->sandbox,
		.account = call->account,
		.historical = json_get_bool(attributes_of(call), "historical_import", false),
		.source = json_get_text(attributes_of(call), "custom_source"),
		.request_number = call->number,
	};

	if (!check(call, subscribe, subscription.historical, &subscription.list))
		return;
	for (size_t i = 0; i < call->rows; i++) {
		struct profile_row row = profile_row_read(json_at(rows_of(call), i));
		struct profile *profile = profile_resolve(people, &row).profile;

		if (!profile &&
		    (row.id.len > 0 || (subscribe && !subscription.list && !subscription.historical))) {
			people->counts.subscribes_ignored++;
			continue;
		}
		subscription.profile = write_profile(call, &row, profile);
		apply(call, &row, &subscription, subscribe);
	}
	reply_empty(call, 202);
}

void consent_subscribe(struct call *call)
{
	change(call, true);
}

void consent_unsubscribe(struct call *call)
{
	change(call, false);
}
