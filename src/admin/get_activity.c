/*
 * Activity: the audit, in pages from the newest back.
 */
#include "admin/activity_filter.h"
#include "model/id_text.h"

/* Looked at for one page: some 20 ms of a filter that nothing fits. */
#define LOOK_ROWS 20000

struct json *activity_json(struct look *look, const struct audit_row *row)
{
	struct json *json = json_new_object(), *entity = json_new_null();

	json_put(json, "id", arena_printf(look->arena, "%lld", (long long)row->id));
	json_put_time(json, "at", row->at_ms);
	json_put(json, "code", str_from(audit_code_name(row->code)));
	json_put(json, "text", str_from(audit_code_text(row->code)));
	json_put(json, "reason", row->reason);
	json_put_or_null(json, "store", look_store_name(look, row->store_id));
	json_put_or_null(json, "account", look_account_name(look, row->account_id));
	json_set(json, "message", json_new_null());
	json_set(json, "delivery", json_new_null());
	view_put_id(json, "message", ID_MESSAGE, row->message_id);
	view_put_id(json, "delivery", ID_DELIVERY, row->delivery_id);
	if (row->root.id.len > 0) {
		json_free(entity);
		entity = json_new_object();
		json_put(entity, "kind", str_from(entity_kind_text(row->root.kind)));
		json_put(entity, "id", row->root.id);
	}
	json_set(json, "entity", entity);
	return json;
}

static bool id_query(struct admin_call *call, const char *name, enum id_kind kind, int64_t *id,
		     struct err *err)
{
	struct str text = call_query(call, name);
	enum id_kind got;

	if (text.len == 0 || (id_parse(text, &got, id) && got == kind))
		return true;
	return err_set(err, ERR_INVALID, "'%s' is not the id of a %s", name, name);
}

static bool time_query(struct admin_call *call, const char *name, int64_t *at_ms, struct err *err)
{
	struct str text = call_query(call, name);

	return text.len == 0 || time_parse_rfc3339(text, at_ms) ||
	       err_set(err, ERR_INVALID, "'%s' must be an RFC 3339 time", name);
}

static bool entity_query(struct admin_call *call, struct audit_filter *filter, struct err *err)
{
	struct str kind = call_query(call, "kind"), id = call_query(call, "id");

	if (kind.len == 0 && id.len == 0)
		return true;
	if (kind.len == 0 || id.len == 0)
		return err_set(err, ERR_INVALID, "'kind' and 'id' go together");
	filter->root.id = id;
	return entity_kind_parse(kind, &filter->root.kind) || err_set(err, ERR_INVALID, "unknown 'kind'");
}

static bool names_query(struct admin_call *call, struct audit_filter *filter, struct err *err)
{
	struct str account = call_query(call, "account");
	const struct settings_account *row;

	if (!call_store_query(call, &filter->store_id, err))
		return false;
	if (account.len == 0)
		return true;
	if (!call_account(call, account, &row, err))
		return false;
	filter->account_id = row->id;
	return true;
}

bool activity_filter(struct admin_call *call, struct activity_filter *out, struct err *err)
{
	struct audit_filter *filter = &out->filter;
	struct str code = call_query(call, "code");

	*out = (struct activity_filter){ .look = { .max = LOOK_ROWS } };
	filter->by_code = code.len > 0;
	return (code.len == 0 || audit_code_parse(code, &filter->code)) && names_query(call, filter, err) &&
	       id_query(call, "message", ID_MESSAGE, &filter->message_id, err) &&
	       id_query(call, "delivery", ID_DELIVERY, &filter->delivery_id, err) &&
	       entity_query(call, filter, err) && time_query(call, "since", &filter->since_ms, err) &&
	       time_query(call, "until", &filter->until_ms, err) &&
	       call_cursor(call, &filter->before_id, err);
}

bool activity_sees(const struct admin_call *call, const struct audit_row *row)
{
	return !call->limited || (row->store_id != 0 && call_sees_store(call, row->store_id));
}

static struct str cursor_text(struct admin_call *call, const struct audit_look *look)
{
	return look->next_id ? arena_printf(call->look.arena, "%lld", (long long)look->next_id) : STR("");
}

bool get_activity(struct admin_call *call, struct err *err)
{
	struct activity_filter filter;
	struct json *list, *page;
	struct audit_row *row;
	size_t n, limit;

	if (!activity_filter(call, &filter, err) || !call_limit(call, &limit, err))
		return false;
	filter.filter.max_n = limit;
	filter.filter.look = &filter.look;
	if (!db_audit_list(call->look.db, &filter.filter, call->look.arena, &row, &n, err))
		return false;
	list = json_new_array();
	for (size_t i = 0; i < n; i++)
		if (activity_sees(call, &row[i]))
			json_append(list, activity_json(&call->look, &row[i]));
	page = json_new_object();
	json_set(page, "items", list);
	json_put_or_null(page, "next", cursor_text(call, &filter.look));
	json_put_time(page, "searched_to", filter.look.reached_ms);
	return call_answer(call, page);
}

bool get_codes(struct admin_call *call, struct err *err)
{
	struct json *list = json_new_array();

	(void)err;
	for (int i = 0; i < AUDIT_CODE_COUNT; i++) {
		struct json *json = json_new_object();

		json_put(json, "code", str_from(audit_code_name((enum audit_code)i)));
		json_put(json, "text", str_from(audit_code_text((enum audit_code)i)));
		json_append(list, json);
	}
	return call_page(call, list, STR(""));
}

/* ---- as a file ---- */

#define EXPORT_ROWS_MAX	 20000
#define EXPORT_LOOK_MAX	 2000000
#define EXPORT_BYTES_MAX ((size_t)32 << 20)

/*
 * A cell of CSV (RFC 4180). What a spreadsheet could take for a formula gets an apostrophe in front (OWASP,
 * CSV injection).
 */
static void add_cell(struct strbuf *out, struct str text, bool last)
{
	bool formula = text.len > 0 && (text.p[0] == '=' || text.p[0] == '+' || text.p[0] == '-' ||
					text.p[0] == '@' || text.p[0] == '\t' || text.p[0] == '\r');

	strbuf_add_text(out, formula ? "\"'" : "\"");
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '"')
			strbuf_add_char(out, '"');
		strbuf_add_char(out, text.p[i]);
	}
	strbuf_add_text(out, last ? "\"\r\n" : "\",");
}

static const char *const columns[] = { "id",	  "at",	     "code",	 "text", "reason", "store",
				       "account", "message", "delivery", "kind", "entity" };

static void add_csv(struct strbuf *out, const struct json *row)
{
	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		const struct json *entity = json_get(row, "entity");
		struct str cell = i == 9    ? json_get_text(entity, "kind")
				  : i == 10 ? json_get_text(entity, "id")
					    : json_get_text(row, columns[i]);

		add_cell(out, cell, i + 1 == ARRAY_LEN(columns));
	}
}

static void add_row(struct admin_call *call, struct strbuf *out, const struct audit_row *row, bool csv)
{
	struct json *json = activity_json(&call->look, row);

	if (csv) {
		add_csv(out, json);
	} else {
		json_write(json, false, out);
		strbuf_add_char(out, '\n');
	}
	json_free(json);
}

static bool add_rows(struct admin_call *call, struct activity_filter *filter, struct strbuf *out, bool csv,
		     struct err *err)
{
	struct audit_filter *page = &filter->filter;
	struct audit_row *row;
	size_t n, n_added = 0, n_looked = 0;

	page->max_n = ADMIN_PAGE_MAX;
	page->look = &filter->look;
	do {
		if (!db_audit_list(call->look.db, page, call->look.arena, &row, &n, err))
			return false;
		for (size_t i = 0; i < n; i++)
			if (activity_sees(call, &row[i]))
				add_row(call, out, &row[i], csv);
		page->before_id = filter->look.next_id;
		n_added += n;
		n_looked += filter->look.n;
	} while (page->before_id != 0 && n_added < EXPORT_ROWS_MAX && n_looked < EXPORT_LOOK_MAX);
	if (page->before_id != 0)
		call_header(call, STR("X-Next-Cursor"), cursor_text(call, &filter->look));
	return true;
}

bool get_activity_export(struct admin_call *call, struct err *err)
{
	bool csv = str_eq(call_query(call, "format"), STR("csv")), ok;
	struct activity_filter filter;
	struct strbuf text;

	if (!activity_filter(call, &filter, err))
		return false;
	strbuf_init(&text, EXPORT_BYTES_MAX);
	for (size_t i = 0; i < ARRAY_LEN(columns) && csv; i++)
		add_cell(&text, str_from(columns[i]), i + 1 == ARRAY_LEN(columns));
	ok = add_rows(call, &filter, &text, csv, err);
	if (ok && text.overflow)
		ok = err_set(err, ERR_TOO_LARGE, "the file would be too large; narrow the filters");
	if (ok) {
		call->text = arena_dup(call->look.arena, strbuf_str(&text));
		call->has_text = true;
		call->status = 200;
		call_header(call, STR("Content-Type"),
			    csv ? STR("text/csv; charset=utf-8") : STR("application/x-ndjson"));
		call_header(call, STR("Content-Disposition"),
			    csv ? STR("attachment; filename=\"activity.csv\"")
				: STR("attachment; filename=\"activity.ndjson\""));
	}
	strbuf_release(&text);
	return ok;
}
