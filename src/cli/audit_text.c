/*
 * Audit rows as lines.
 */
#include "cli/audit_text.h"

#include "model/id_text.h"
#include "admin/text.h"

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
