/*
 * The endpoints of lists: create, get, list, and who is in one.
 *
 * Keeps:   at most 150 are created a day, as Klaviyo has it, unless limits are off.
 * Threads: the server's thread.
 *
 * A name may be taken twice: the sources say nothing against it.
 */
#include "sandbox/gate.h"
#include "sandbox/profile_page.h"
#include "sandbox/sort_page.h"

#include "base/clock.h"

static struct profile_list *call_list(struct call *call)
{
	struct profile_list *list = profile_list_find(&call->account->people.lists, call->id);

	if (!list)
		error_add(&call->errors, ERROR_NOT_FOUND, STR("/data/"),
			  "A list with the id `%.*s` does not exist.", STR_ARG(call->id));
	return list;
}

static void reply_list(struct call *call, int status, const struct profile_list *list,
		       const struct query *query)
{
	struct str base = query_base(call);
	struct strbuf out;

	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"data\":");
	render_list(call, list, query, &out);
	if (query->include)
		strbuf_add_text(&out, ",\"included\":[]");
	strbuf_addf(&out, ",\"links\":{\"self\":\"%.*s/api/lists/%s\"}}", STR_ARG(base), list->id);
	reply_take(call, status, &out);
}

/* The third window, of a day: it starts at midnight UTC. */
static bool take_of_day(struct call *call)
{
	struct profile_lists *lists = &call->account->people.lists;
	int64_t now_ms = sandbox_wall_ms(call->sandbox);
	int64_t day = now_ms / MS_PER_DAY;

	if (!call->sandbox->knobs.limits)
		return true;
	if (lists->day != day)
		lists->n_on_day = 0;
	lists->day = day;
	if (lists->n_on_day < LISTS_PER_DAY_MAX) {
		lists->n_on_day++;
		return true;
	}
	gate_ask_silence(call, ((day + 1) * MS_PER_DAY - now_ms) / 1000 + 1);
	error_add(&call->errors, ERROR_THROTTLED, STR("/data"),
		  "Request was throttled. At most %d lists may be created a day.", LISTS_PER_DAY_MAX);
	return false;
}

void list_create(struct call *call)
{
	const struct json *attributes = json_get(json_get(call->body, "data"), "attributes");
	struct str opt_in = json_get_text(attributes, "opt_in_process");
	bool double_opt_in = call->sandbox->knobs.opt_in == OPT_IN_DOUBLE;
	struct query query;

	if (!query_read(call, &query) || !take_of_day(call))
		return;
	call->rows = 1;
	if (opt_in.len > 0)
		double_opt_in = str_eq(opt_in, STR("double_opt_in"));
	reply_list(call, 201,
		   profile_list_add(&call->account->people.lists, call->sandbox->rand,
				    json_get_text(attributes, "name"), double_opt_in,
				    sandbox_wall_ms(call->sandbox)),
		   &query);
}

void list_get(struct call *call)
{
	const struct profile_list *list;
	struct query query;

	if (!query_read(call, &query))
		return;
	list = call_list(call);
	if (list)
		reply_list(call, 200, list, &query);
}

/* ---- all lists ---- */

static bool term_ok(const struct filter_term *term)
{
	int64_t time_ms;

	if (str_eq(term->field, STR("name")) || str_eq(term->field, STR("id")))
		return str_eq(term->op, term->list ? STR("any") : STR("equals"));
	return (str_eq(term->field, STR("created")) || str_eq(term->field, STR("updated"))) &&
	       str_eq(term->op, STR("greater-than")) && time_parse_rfc3339(term->value[0], &time_ms);
}

static bool term_matches(const struct profile_list *list, const struct filter_term *term)
{
	struct str own = str_eq(term->field, STR("id")) ? str_from(list->id) : list->name;
	int64_t time_ms;

	if (str_eq(term->op, STR("greater-than")) && time_parse_rfc3339(term->value[0], &time_ms))
		return (str_eq(term->field, STR("created")) ? list->created_ms : list->updated_ms) > time_ms;
	for (size_t i = 0; i < term->n; i++)
		if (str_eq(own, term->value[i]))
			return true;
	return false;
}

static bool check_filter(struct call *call, const struct filter *filter)
{
	for (size_t i = 0; i < filter->n; i++)
		if (!term_ok(&filter->term[i]))
			error_add_parameter(&call->errors, STR("filter"),
					    "'%.*s' is not a valid filter on '%.*s' for the resource 'list'.",
					    STR_ARG(filter->term[i].op), STR_ARG(filter->term[i].field));
	return call->errors.n == 0;
}

static bool matches(const struct profile_list *list, const struct filter *filter)
{
	for (size_t i = 0; i < filter->n; i++)
		if (!term_matches(list, &filter->term[i]))
			return false;
	return true;
}

static struct sort_item item_of(struct profile_list *list, struct str sort)
{
	struct sort_item item = { .number = list->number, .thing = list };

	if (str_eq(sort, STR("name")))
		item.text = list->name;
	else if (str_eq(sort, STR("id")))
		item.text = str_from(list->id);
	else if (sort.len > 0)
		item.key = str_eq(sort, STR("created")) ? list->created_ms : list->updated_ms;
	return item;
}

void list_list(struct call *call)
{
	const struct profile_lists *lists = &call->account->people.lists;
	struct sort_item *item;
	struct query query;
	struct strbuf out;
	size_t n = 0;
	bool more;

	if (!query_read(call, &query) || !check_filter(call, &query.filter))
		return;
	item = arena_alloc(call->arena, (lists->n + 1) * sizeof(*item));
	for (size_t i = 0; i < lists->n; i++)
		if (matches(lists->at[i], &query.filter))
			item[n++] = item_of(lists->at[i], query.sort);
	n = sort_page(item, n, &query, &more);
	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"data\":[");
	for (size_t i = 0; i < n; i++) {
		strbuf_add_text(&out, i ? "," : "");
		render_list(call, item[i].thing, &query, &out);
	}
	strbuf_add_text(&out, query.include ? "],\"included\":[],\"links\":" : "],\"links\":");
	sort_page_links(call, &query, item, n, more, &out);
	strbuf_add_char(&out, '}');
	reply_take(call, 200, &out);
}

/* ---- who is in one ---- */

void list_profiles(struct call *call)
{
	const struct profile_list *list;
	struct sort_item *item;
	struct query query;
	struct strbuf out;
	size_t n = 0;
	bool more;

	if (!query_read(call, &query) || !profile_filter_check(call, &query.filter, true))
		return;
	list = call_list(call);
	if (!list)
		return;
	item = arena_alloc(call->arena, (list->n_slots + 1) * sizeof(*item));
	for (size_t i = 0; i < list->n_slots; i++) {
		struct member *member = &list->member[i];

		if (member->profile && profile_matches(member->profile, member, &query.filter))
			item[n++] = (struct sort_item){ .number = member->number, .thing = member };
	}
	n = sort_page(item, n, &query, &more);
	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"data\":[");
	for (size_t i = 0; i < n; i++) {
		const struct member *member = item[i].thing;

		strbuf_add_text(&out, i ? "," : "");
		render_profile(call, member->profile, &query, member, &out);
	}
	strbuf_add_text(&out, "],\"links\":");
	sort_page_links(call, &query, item, n, more, &out);
	strbuf_add_char(&out, '}');
	reply_take(call, 200, &out);
}
