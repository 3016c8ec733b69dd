/*
 * Audit rows: read in pages, shown as lines or JSON.
 */
#include "cli/audit_text.h"

#include "model/id_text.h"
#include "cli/text.h"

#include <string.h>

#define PAGE_ROWS 1000

static void print_id(struct cli *cli, enum id_kind kind, int64_t id)
{
	char text[ID_TEXT_BYTES];

	if (id == 0)
		return;
	id_text(kind, id, text);
	(void)fprintf(cli->out, "  %s", text);
}

void audit_print(struct cli *cli, const struct audit_row *row, struct str detail, struct arena *arena)
{
	struct str reason = text_safe(row->reason, arena);
	struct str whose = row->store_id ? session_store_name(cli, row->store_id)
					 : session_account_name(cli, row->account_id);

	(void)fprintf(cli->out, "%.*s  %.*s", STR_ARG(text_time_ms(row->at_ms, arena)),
		      STR_ARG(whose.len ? whose : STR("-")));
	print_id(cli, ID_MESSAGE, row->message_id);
	print_id(cli, ID_DELIVERY, row->delivery_id);
	if (row->root.id.len)
		(void)fprintf(cli->out, "  %s %.*s", entity_kind_text(row->root.kind),
			      STR_ARG(text_safe(row->root.id, arena)));
	(void)fprintf(cli->out, "  %s%s%.*s%s%.*s\n", audit_code_text(row->code), reason.len ? ": " : "",
		      STR_ARG(reason), detail.len ? ": " : "", STR_ARG(detail));
}

static void put_id(struct json *json, const char *name, enum id_kind kind, int64_t id)
{
	char text[ID_TEXT_BYTES];

	if (id == 0)
		return;
	id_text(kind, id, text);
	json_put(json, name, str_from(text));
}

struct json *audit_json(struct cli *cli, const struct audit_row *row)
{
	struct json *json = json_new_object();

	json_put_time(json, "at", row->at_ms);
	json_put(json, "code", str_from(audit_code_name(row->code)));
	if (row->store_id)
		json_put(json, "store", session_store_name(cli, row->store_id));
	if (row->account_id)
		json_put(json, "account", session_account_name(cli, row->account_id));
	put_id(json, "message", ID_MESSAGE, row->message_id);
	put_id(json, "delivery", ID_DELIVERY, row->delivery_id);
	if (row->root.id.len)
		json_put(json, entity_kind_text(row->root.kind), row->root.id);
	json_put(json, "text", str_from(audit_code_text(row->code)));
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
