/*
 * Query parameters: what a route knows, in the forms it knows.
 *
 * Keeps:   a parameter the route does not know is refused, as Klaviyo does.
 * Threads: the server's thread.
 *
 * A cursor is the base64 of "n:NUMBER": the number of the last thing on the page before, and in another
 * order "n:NUMBER:KEY" with what it was sorted by. It stays right when things are added or removed in
 * between.
 */
#include "sandbox/query.h"

#include "base/digest.h"
#include "net/url.h"

#include <inttypes.h>
#include <string.h>

static bool decode(struct call *call, struct str text, struct str *out)
{
	char *copy = arena_cstr(call->arena, text);

	for (size_t i = 0; i < text.len; i++)
		if (copy[i] == '+')
			copy[i] = ' ';
	return url_decode(str_of(copy, text.len), call->arena, out);
}

bool fields_want(struct str fields, const char *name)
{
	struct str part;

	if (!fields.p)
		return true;
	while (str_split(&fields, ',', &part))
		if (str_eq(str_of(part.p, str_find_char(part, '.')), str_from(name)))
			return true;
	return false;
}

bool query_includes(const struct query *query, const char *name)
{
	return query->include && fields_want(query->included, name);
}

static bool in_words(const char *words, struct str word)
{
	struct str rest = str_from(words), part;

	while (str_split(&rest, '|', &part))
		if (str_eq(part, word))
			return true;
	return false;
}

static bool attribute_known(enum kind kind, struct str name)
{
	const struct kind_row *row = kind_row(kind);

	for (const char *const *attribute = row->attribute; *attribute; attribute++)
		if (str_eq(name, str_from(*attribute)))
			return true;
	return str_eq(name, STR("id")) || str_eq(name, STR("updated")) ||
	       (row->has_created && str_eq(name, STR("created")));
}

static void read_fields(struct call *call, struct str parameter, struct str value, enum kind kind,
			struct query *query)
{
	struct str rest = value, part;

	while (str_split(&rest, ',', &part))
		if (!attribute_known(kind, part))
			error_add_parameter(&call->errors, parameter,
					    "'%.*s' is not a valid field for the resource '%s'.",
					    STR_ARG(part), kind_row(kind)->type);
	query->fields[kind] = value.p ? value : STR("");
}

static void read_size(struct call *call, struct str parameter, struct str value, struct query *query)
{
	int64_t size;
	int64_t max = call->route->size_max ? (int64_t)call->route->size_max : PAGE_SIZE_MAX;

	if (str_to_int64(value, &size) && size >= 1 && size <= max)
		query->size = (size_t)size;
	else
		error_add_parameter(&call->errors, parameter,
				    "Page size must be an integer between 1 and %d.", (int)max);
}

static void read_cursor(struct call *call, struct str parameter, struct str value, struct query *query)
{
	struct str text;
	size_t at;

	if (!base64_decode(call->arena, value, &text) || !str_starts(text, STR("n:")))
		text = STR("");
	text = str_skip(text, 2);
	at = str_find_char(text, ':');
	query->cursor_key = str_skip(text, at + 1);
	if (str_to_int64(str_of(text.p, at), &query->cursor))
		query->has_cursor = true;
	else
		error_add_parameter(&call->errors, parameter, "Invalid cursor.");
}

static void read_sort(struct call *call, struct str parameter, struct str value, struct query *query)
{
	query->descending = str_starts(value, STR("-"));
	query->sort = str_skip(value, query->descending ? 1 : 0);
	if (!in_words(call->route->sorts ? call->route->sorts : "created", query->sort))
		error_add_parameter(&call->errors, parameter, "'%.*s' is not a valid sort.", STR_ARG(value));
}

static void read_filter(struct call *call, struct str parameter, struct str value, struct query *query)
{
	const char *fault = filter_parse(value, call->arena, &query->filter);

	if (fault)
		error_add_parameter(&call->errors, parameter, "%s", fault);
}

/*
 * What may be included: variants of items, the rows' resources of jobs, and of metrics something we have
 * none of.
 */
static void read_include(struct call *call, struct str parameter, struct str value, struct query *query)
{
	bool job = (call->route->params & PARAM_FIELDS_JOB) != 0;
	bool metric = (call->route->params & PARAM_FIELDS_METRIC) != 0;
	const char *known = job ? kind_row(call->route->kind)->plural : metric ? "flow-triggers" : "variants";
	struct str rest = value, part;

	query->included = value;
	query->include = value.len > 0;
	if (call->route->includes)
		known = call->route->includes;
	while (str_split(&rest, ',', &part))
		query->include = query->include && in_words(known, part);
	if (!query->include)
		error_add_parameter(&call->errors, parameter, "'%.*s' is not a valid include.",
				    STR_ARG(value));
}

/* ---- fields of resources beside the catalog ---- */

static const struct fields_row {
	unsigned param;
	const char *type;
	const char *known;
} fields_row[FIELDS_COUNT] = {
	[FIELDS_PROFILE] = { PARAM_FIELDS_PROFILE, "profile",
			     "id|email|phone_number|external_id|first_name|last_name|organization|locale|"
			     "title|"
			     "image|created|updated|last_event_date|location|properties|subscriptions|"
			     "predictive_analytics|joined_group_at" },
	[FIELDS_EVENT] = { PARAM_FIELDS_EVENT, "event", "id|timestamp|datetime|event_properties|uuid" },
	[FIELDS_METRIC] = { PARAM_FIELDS_METRIC, "metric", "id|name|created|updated|integration" },
	[FIELDS_LIST] = { PARAM_FIELDS_LIST, "list", "id|name|created|updated|opt_in_process|profile_count" },
	[FIELDS_IMPORT] = { PARAM_FIELDS_IMPORT, "profile-bulk-import-job",
			    "id|status|created_at|total_count|completed_count|failed_count|completed_at|"
			    "expires_at|started_at" },
	[FIELDS_IMPORT_ERROR] = { PARAM_FIELDS_IMPORT_ERROR, "import-error",
				  "id|code|title|detail|source|original_payload" },
};

/* The resource that fields[TYPE] is about; NULL if the route knows none. */
static const struct fields_row *find_fields(const struct route *route, struct str name)
{
	for (size_t i = 0; i < FIELDS_COUNT; i++)
		if ((route->params & fields_row[i].param) && name.len > 8 &&
		    str_eq(str_of(name.p + 7, name.len - 8), str_from(fields_row[i].type)))
			return &fields_row[i];
	return NULL;
}

static void read_other_fields(struct call *call, struct str parameter, struct str value,
			      const struct fields_row *row, struct query *query)
{
	struct str rest = value, part;

	while (str_split(&rest, ',', &part))
		if (!in_words(row->known, str_of(part.p, str_find_char(part, '.'))))
			error_add_parameter(&call->errors, parameter,
					    "'%.*s' is not a valid field for the resource '%s'.",
					    STR_ARG(part), row->type);
	query->fields_of[row - fields_row] = value.p ? value : STR("");
}

static void read_additional(struct call *call, struct str parameter, struct str value, struct query *query)
{
	bool profile = (call->route->params & PARAM_ADD_PROFILE) != 0;
	struct str rest = value, part;

	while (str_split(&rest, ',', &part)) {
		if (profile && str_eq(part, STR("subscriptions")))
			query->subscriptions = true;
		else if (!profile && str_eq(part, STR("profile_count")))
			query->profile_count = true;
		else if (!profile || !str_eq(part, STR("predictive_analytics")))
			error_add_parameter(&call->errors, parameter,
					    "'%.*s' is not a valid additional field.", STR_ARG(part));
	}
}

/*
 * fields[TYPE]: the kind of that type if the route knows it; KIND_COUNT for another type it knows, -1 for
 * none.
 */
static int fields_kind(const struct route *route, struct str name)
{
	static const unsigned kind_param[KIND_COUNT] = { PARAM_FIELDS_ITEM, PARAM_FIELDS_VARIANT,
							 PARAM_FIELDS_CATEGORY };
	struct str type;

	if (!str_starts(name, STR("fields[")) || !str_ends(name, STR("]")))
		return -1;
	type = str_of(name.p + 7, name.len - 8);
	for (int kind = 0; kind < KIND_COUNT; kind++)
		if ((route->params & kind_param[kind]) &&
		    str_eq(type, str_from(kind_row((enum kind)kind)->type)))
			return kind;
	if (((route->params & PARAM_FIELDS_JOB) &&
	     str_eq(type, str_from(kind_row(route->kind)->job_type[route->op]))) ||
	    ((route->params & PARAM_FIELDS_ACCOUNT) && str_eq(type, STR("account"))) ||
	    ((route->params & PARAM_FIELDS_FLOW) && str_eq(type, STR("flow"))) ||
	    ((route->params & PARAM_FIELDS_OTHER) &&
	     in_words("attribution|conversation|push-token|segment|tag|list", type)))
		return KIND_COUNT;
	return -1;
}

static void read_parameter(struct call *call, struct str name, struct str value, struct query *query)
{
	static const struct reader_row {
		const char *name;
		unsigned param;
		void (*read)(struct call *call, struct str parameter, struct str value, struct query *query);
	} reader[] = {
		{ "filter", PARAM_FILTER, read_filter },
		{ "page[cursor]", PARAM_CURSOR, read_cursor },
		{ "page[size]", PARAM_SIZE, read_size },
		{ "sort", PARAM_SORT, read_sort },
		{ "include", PARAM_INCLUDE, read_include },
		{ "additional-fields[profile]", PARAM_ADD_PROFILE, read_additional },
		{ "additional-fields[list]", PARAM_ADD_LIST, read_additional },
	};
	int kind = fields_kind(call->route, name);
	const struct fields_row *fields = find_fields(call->route, name);

	for (size_t i = 0; i < ARRAY_LEN(reader); i++) {
		if ((call->route->params & reader[i].param) && str_eq(name, str_from(reader[i].name))) {
			reader[i].read(call, name, value, query);
			return;
		}
	}
	if (fields && str_starts(name, STR("fields[")))
		read_other_fields(call, name, value, fields, query);
	else if (kind >= 0 && kind < KIND_COUNT)
		read_fields(call, name, value, (enum kind)kind, query);
	else if (kind == KIND_COUNT)
		query->fields_job = value.p ? value : STR("");
	else
		error_add_parameter(&call->errors, name, "'%.*s' is not a valid parameter for this endpoint.",
				    STR_ARG(name));
}

bool query_read(struct call *call, struct query *query)
{
	struct str rest = call->request->query, part;
	struct strbuf kept;

	*query = (struct query){ .size = call->route->size ? call->route->size : PAGE_SIZE_MAX };
	strbuf_init(&kept, rest.len + 1);
	while (str_split(&rest, '&', &part)) {
		size_t at = str_find_char(part, '=');
		struct str name = { 0 }, value = { 0 };

		if (part.len == 0)
			continue;
		if (!decode(call, str_of(part.p, at), &name) ||
		    !decode(call, at < part.len ? str_skip(part, at + 1) : STR(""), &value)) {
			error_add_parameter(&call->errors, part,
					    "The parameter is not percent-encoded correctly.");
			continue;
		}
		read_parameter(call, name, value, query);
		if (str_eq(name, STR("page[cursor]")))
			continue;
		if (kept.len > 0)
			strbuf_add_char(&kept, '&');
		strbuf_add_str(&kept, part);
	}
	query->rest = arena_dup(call->arena, strbuf_str(&kept));
	strbuf_release(&kept);
	return call->errors.n == 0;
}

struct str query_base(struct call *call)
{
	struct str host = call->request->host;

	if (host.len == 0)
		return STR("https://a.klaviyo.com");
	return arena_printf(call->arena, "http://%.*s", STR_ARG(host));
}

static void add_link(struct call *call, struct str query, struct strbuf *out)
{
	struct str base = query_base(call);

	json_write_text(arena_printf(call->arena, "%.*s%.*s%s%.*s", STR_ARG(base),
				     STR_ARG(call->request->path), query.len ? "?" : "", STR_ARG(query)),
			out);
}

void query_render_links(struct call *call, const struct query *query, bool more, int64_t last,
			struct strbuf *out)
{
	query_render_links_keyed(call, query, more, last, (struct str){ 0 }, out);
}

void query_render_links_keyed(struct call *call, const struct query *query, bool more, int64_t last,
			      struct str key, struct strbuf *out)
{
	struct str text =
		arena_printf(call->arena, "n:%" PRId64 "%s%.*s", last, key.p ? ":" : "", STR_ARG(key));
	struct strbuf next;

	strbuf_init(&next, query->rest.len + 200);
	strbuf_add_str(&next, query->rest);
	strbuf_add_text(&next, next.len ? "&page%5Bcursor%5D=" : "page%5Bcursor%5D=");
	url_encode(base64_encode(call->arena, text.p, text.len), "", &next);
	strbuf_add_text(out, "{\"self\":");
	add_link(call, call->request->query, out);
	strbuf_add_text(out, ",\"next\":");
	if (more)
		add_link(call, strbuf_str(&next), out);
	else
		strbuf_add_text(out, "null");
	strbuf_add_text(out, ",\"prev\":null}");
	strbuf_release(&next);
}
