/*
 * Pages of profiles: all of an account, and those of a list.
 *
 * Does:    looks up identifiers that a filter names; else walks over all.
 * Threads: the server's thread.
 *
 * A profile may be suppressed for several reasons; conditions on suppressions are met when one of them
 * meets all.
 */
#include "sandbox/profile_page.h"

#include "sandbox/sort_page.h"

#include "base/clock.h"

#define SUPPRESSION	 "subscriptions.email.marketing.suppression."
#define LIST_SUPPRESSION "subscriptions.email.marketing.list_suppressions."
#define TIMES		 "greater-than|greater-or-equal|less-than|less-or-equal"

/* Where the source is a whole account (1), a list (2) or both. */
static const struct filter_row {
	const char *field, *ops;
	int where;
} filter_row[] = {
	{ "id", "equals|any", 1 },
	{ "email", "equals|any", 3 },
	{ "phone_number", "equals|any", 3 },
	{ "external_id", "equals|any", 1 },
	{ "_kx", "equals", 3 },
	{ "created", "greater-than|less-than", 1 },
	{ "updated", "greater-than|less-than", 1 },
	{ SUPPRESSION "reason", "equals", 1 },
	{ SUPPRESSION "timestamp", TIMES, 1 },
	{ LIST_SUPPRESSION "reason", "equals", 1 },
	{ LIST_SUPPRESSION "timestamp", TIMES, 1 },
	{ LIST_SUPPRESSION "list_id", "equals", 1 },
	{ "joined_group_at", TIMES, 2 },
};

static bool op_known(const char *ops, const struct filter_term *term)
{
	struct str rest = str_from(ops), part;

	while (str_split(&rest, '|', &part))
		if (str_eq(part, term->op))
			return term->list == str_eq(part, STR("any"));
	return false;
}

static bool is_time_field(struct str field)
{
	return str_ends(field, STR("timestamp")) || str_eq(field, STR("created")) ||
	       str_eq(field, STR("updated")) || str_eq(field, STR("joined_group_at"));
}

static bool term_ok(const struct filter_term *term, int where)
{
	int64_t time_ms;

	for (size_t i = 0; i < ARRAY_LEN(filter_row); i++)
		if (str_eq(term->field, str_from(filter_row[i].field)))
			return (filter_row[i].where & where) && op_known(filter_row[i].ops, term) &&
			       (!is_time_field(term->field) || time_parse_rfc3339(term->value[0], &time_ms));
	return false;
}

bool profile_filter_check(struct call *call, const struct filter *filter, bool of_list)
{
	for (size_t i = 0; i < filter->n; i++) {
		const struct filter_term *term = &filter->term[i];

		if (!term_ok(term, of_list ? 2 : 1))
			error_add_parameter(
				&call->errors, STR("filter"),
				"'%.*s' is not a valid filter on '%.*s' for the resource 'profile'.",
				STR_ARG(term->op), STR_ARG(term->field));
	}
	return call->errors.n == 0;
}

/* ---- does it match? ---- */

static bool time_matches(const struct filter_term *term, int64_t own_ms)
{
	int64_t wanted_ms = 0;

	(void)time_parse_rfc3339(term->value[0], &wanted_ms);
	if (str_eq(term->op, STR("greater-than")))
		return own_ms > wanted_ms;
	if (str_eq(term->op, STR("greater-or-equal")))
		return own_ms >= wanted_ms;
	return str_eq(term->op, STR("less-than")) ? own_ms < wanted_ms : own_ms <= wanted_ms;
}

static bool any_value(const struct filter_term *term, struct str own)
{
	for (size_t i = 0; i < term->n; i++)
		if (str_eq_nocase(own, term->value[i]))
			return true;
	return false;
}

static bool plain_matches(const struct profile *profile, const struct member *member,
			  const struct filter_term *term)
{
	if (str_eq(term->field, STR("created")))
		return time_matches(term, profile->created_ms);
	if (str_eq(term->field, STR("updated")))
		return time_matches(term, profile->updated_ms);
	if (member && str_eq(term->field, STR("joined_group_at")))
		return time_matches(term, member->joined_ms);
	if (str_eq(term->field, STR("id")))
		return any_value(term, str_from(profile->id));
	for (const struct profile_key *key = profile->keys; key; key = key->next)
		if (str_eq(term->field, str_from(identifier_name(key->kind))) && any_value(term, key->text))
			return true;
	return false;
}

/* Is there a suppression, of the account or of a list, that meets each condition about such? */
struct suppressed {
	const char *reason, *list_id; /* list_id NULL = of the account */
	int64_t at_ms;
};

static bool suppression_matches(const struct filter *filter, const struct suppressed *suppressed)
{
	struct str prefix = suppressed->list_id ? STR(LIST_SUPPRESSION) : STR(SUPPRESSION);

	for (size_t i = 0; i < filter->n; i++) {
		const struct filter_term *term = &filter->term[i];
		struct str field;

		if (!str_starts(term->field, prefix))
			continue;
		field = str_skip(term->field, prefix.len);
		if (str_eq(field, STR("timestamp"))
			    ? !time_matches(term, suppressed->at_ms)
			    : !any_value(term, str_from(str_eq(field, STR("reason")) ? suppressed->reason
										     : suppressed->list_id)))
			return false;
	}
	return true;
}

static bool any_suppression(const struct consent *consent, const struct filter *filter, bool of_list)
{
	for (int i = 0; consent && !of_list && i < SUPPRESSION_COUNT; i++) {
		struct suppressed one = { suppression_text((enum suppression)i), NULL,
					  consent->suppressed_ms[i] };

		if (one.at_ms && suppression_matches(filter, &one))
			return true;
	}
	for (size_t i = 0; consent && of_list && i < consent->n_lists; i++) {
		struct suppressed one = { "UNSUBSCRIBE", consent->list[i].list->id, consent->list[i].at_ms };

		if (suppression_matches(filter, &one))
			return true;
	}
	return false;
}

bool profile_matches(const struct profile *profile, const struct member *member, const struct filter *filter)
{
	bool account = false, list = false;

	for (size_t i = 0; i < filter->n; i++) {
		const struct filter_term *term = &filter->term[i];

		if (str_starts(term->field, STR(SUPPRESSION)))
			account = true;
		else if (str_starts(term->field, STR(LIST_SUPPRESSION)))
			list = true;
		else if (!plain_matches(profile, member, term))
			return false;
	}
	return (!account || any_suppression(profile->consent, filter, false)) &&
	       (!list || any_suppression(profile->consent, filter, true));
}

/* ---- what is sorted ---- */

static int64_t newest_suppression(const struct consent *consent, bool of_list)
{
	int64_t newest_ms = 0;

	for (size_t i = 0; consent && !of_list && i < SUPPRESSION_COUNT; i++)
		if (consent->suppressed_ms[i] > newest_ms)
			newest_ms = consent->suppressed_ms[i];
	for (size_t i = 0; consent && of_list && i < consent->n_lists; i++)
		if (consent->list[i].at_ms > newest_ms)
			newest_ms = consent->list[i].at_ms;
	return newest_ms;
}

static struct sort_item item_of(struct profile *profile, struct str sort)
{
	struct sort_item item = { .number = profile->number, .thing = profile };

	if (str_eq(sort, STR("created")))
		item.key = profile->created_ms;
	else if (str_eq(sort, STR("updated")))
		item.key = profile->updated_ms;
	else if (str_eq(sort, STR("id")))
		item.text = str_from(profile->id);
	else if (str_eq(sort, STR("email")))
		item.text = profile_key_text(profile, IDENTIFIER_EMAIL);
	else if (sort.len > 0)
		item.key = newest_suppression(profile->consent, str_starts(sort, STR(LIST_SUPPRESSION)));
	return item;
}

/* The profiles a term names by identifier; those whose own text is another are filtered out later. */
static struct profile *find_named(const struct profiles *profiles, struct str field, struct str value)
{
	if (str_eq(field, STR("id")))
		return profile_find(profiles, value);
	for (int kind = 0; kind < IDENTIFIER_COUNT; kind++)
		if (str_eq(field, str_from(identifier_name((enum identifier)kind))))
			return profile_find_key(profiles, (enum identifier)kind, value);
	return NULL;
}

static const struct filter_term *naming_term(const struct filter *filter)
{
	for (size_t i = 0; i < filter->n; i++)
		if (str_eq(filter->term[i].op, STR("any")) ||
		    (str_eq(filter->term[i].op, STR("equals")) &&
		     !str_starts(filter->term[i].field, STR("subs"))))
			return &filter->term[i];
	return NULL;
}

static size_t gather(struct call *call, const struct query *query, struct sort_item **item)
{
	const struct profiles *profiles = &call->account->people.profiles;
	const struct filter_term *named = naming_term(&query->filter);
	size_t max = named ? named->n : profiles->n_slots, n = 0;

	*item = arena_alloc(call->arena, (max + 1) * sizeof(**item));
	for (size_t i = 0; i < max; i++) {
		struct profile *profile =
			named ? find_named(profiles, named->field, named->value[i]) : profiles->at[i];
		bool twice = false;

		for (size_t k = 0; named && k < n; k++)
			twice = twice || (*item)[k].thing == profile;
		if (profile && !twice && profile_matches(profile, NULL, &query->filter))
			(*item)[n++] = item_of(profile, query->sort);
	}
	return n;
}

void profile_list_all(struct call *call)
{
	struct sort_item *item;
	struct query query;
	struct strbuf out;
	size_t n;
	bool more;

	if (!query_read(call, &query) || !profile_filter_check(call, &query.filter, false))
		return;
	n = gather(call, &query, &item);
	n = sort_page(item, n, &query, &more);
	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"data\":[");
	for (size_t i = 0; i < n; i++) {
		strbuf_add_text(&out, i ? "," : "");
		render_profile(call, item[i].thing, &query, NULL, &out);
	}
	strbuf_add_text(&out, "],\"links\":");
	sort_page_links(call, &query, item, n, more, &out);
	strbuf_add_char(&out, '}');
	reply_take(call, 200, &out);
}
