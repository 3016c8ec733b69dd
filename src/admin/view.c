/*
 * View: rows as JSON, and reading the audit in pages.
 */
#include "admin/view.h"

#include <string.h>

#define PAGE_ROWS 1000

void view_put_id(struct json *json, const char *name, enum id_kind kind, int64_t id)
{
	char text[ID_TEXT_BYTES];

	if (id == 0)
		return;
	id_text(kind, id, text);
	json_put(json, name, str_from(text));
}

struct json *view_body(struct str body)
{
	struct json *json;

	if (body.len == 0)
		return json_new_null();
	return json_parse(body, &json, NULL) ? json : json_new_text(body);
}

struct json *view_audit(struct look *look, const struct audit_row *row)
{
	struct json *json = json_new_object();

	json_put_time(json, "at", row->at_ms);
	json_put(json, "code", str_from(audit_code_name(row->code)));
	if (row->store_id)
		json_put(json, "store", look_store_name(look, row->store_id));
	if (row->account_id)
		json_put(json, "account", look_account_name(look, row->account_id));
	view_put_id(json, "message", ID_MESSAGE, row->message_id);
	view_put_id(json, "delivery", ID_DELIVERY, row->delivery_id);
	if (row->root.id.len)
		json_put(json, entity_kind_text(row->root.kind), row->root.id);
	json_put(json, "text", str_from(audit_code_text(row->code)));
	json_put(json, "reason", row->reason);
	return json;
}

struct json *view_failed(struct look *look, const struct failed_row *row)
{
	struct json *json = json_new_object();

	view_put_id(json, "id", row->is_message ? ID_MESSAGE : ID_DELIVERY, row->id);
	json_put(json, "kind", row->is_message ? STR("message") : STR("delivery"));
	json_put(json, "store", look_store_name(look, row->store_id));
	json_put_time(json, "failed_at", row->failed_ms);
	json_put(json, "what", row->what);
	json_put(json, "reason", row->reason);
	return json;
}

struct json *view_held(struct look *look, const struct held_row *row)
{
	struct json *json = json_new_object();

	json_put(json, "store", look_store_name(look, row->store_id));
	json_put(json, "kind", str_from(entity_kind_text(row->root.kind)));
	json_put(json, "id", row->root.id);
	json_put_time(json, "since", row->since_ms);
	json_put(json, "reason", row->reason);
	return json;
}

static void reverse(struct audit_row *row, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct audit_row kept = row[i];

		row[i] = row[n - 1 - i];
		row[n - 1 - i] = kept;
	}
}

bool audit_read(struct db *db, const struct audit_filter *filter, int64_t after_id, size_t max_n,
		struct arena *arena, struct audit_row **row, size_t *n, struct err *err)
{
	struct audit_filter page = *filter;
	struct audit_row *got;
	size_t n_got, room = 0;
	bool more = true;

	*row = NULL;
	*n = 0;
	page.before_id = 0;
	while (more && *n < max_n) {
		page.max_n = max_n - *n < PAGE_ROWS ? max_n - *n : PAGE_ROWS;
		if (!db_audit_list(db, &page, arena, &got, &n_got, err))
			return false;
		if (*n + n_got > room) {
			struct audit_row *grown =
				ARENA_ARRAY(arena, room = 2 * (*n + n_got), struct audit_row);

			if (*n)
				memcpy(grown, *row, *n * sizeof(*grown));
			*row = grown;
		}
		more = n_got == page.max_n;
		for (size_t i = 0; i < n_got; i++) {
			if (got[i].id > after_id)
				(*row)[(*n)++] = got[i];
			else
				more = false;
			page.before_id = got[i].id;
		}
	}
	reverse(*row, *n);
	return true;
}
