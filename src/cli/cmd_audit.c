/*
 * audit: what happened, and why.
 */
#include "admin/view.h"
#include "base/wake.h"
#include "cli/audit_text.h"
#include "cli/commands.h"
#include "model/id_text.h"
#include "admin/text.h"

#define ROWS_MAX	100000
#define POLL_MS		500
#define KNOWN_BYTES_MAX 1024

static bool id_option(struct cli *cli, const char *name, enum id_kind kind, int64_t *id, struct err *err)
{
	const char *text = cli_option(cli, name);
	enum id_kind got;

	*id = 0;
	if (!text || (id_parse(str_from(text), &got, id) && got == kind))
		return true;
	return err_set(err, ERR_INVALID, "--%s: '%s' is not the id of a %s", name, text, name);
}

static bool code_option(struct cli *cli, struct audit_filter *filter, struct err *err)
{
	const char *text = cli_option(cli, "code");
	struct strbuf known;

	if (!text)
		return true;
	filter->by_code = audit_code_parse(str_from(text), &filter->code);
	if (filter->by_code)
		return true;
	strbuf_init(&known, KNOWN_BYTES_MAX);
	for (int i = 0; i < AUDIT_CODE_COUNT; i++)
		strbuf_addf(&known, "%s%s", i ? " " : "", audit_code_name((enum audit_code)i));
	(void)err_set(err, ERR_INVALID, "--code is one of: %s", known.p);
	strbuf_release(&known);
	return false;
}

static bool root_option(struct cli *cli, struct audit_filter *filter, struct err *err)
{
	static const struct {
		const char *option;
		enum entity_kind kind;
	} row[] = { { "product", ENTITY_PRODUCT },
		    { "category", ENTITY_CATEGORY },
		    { "order", ENTITY_ORDER },
		    { "person", ENTITY_PERSON } };

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		const char *id = cli_option(cli, row[i].option);

		if (id && filter->root.id.len > 0)
			return err_set(err, ERR_INVALID,
				       "only one of --product, --category, --order and --person");
		if (id)
			filter->root = (struct entity){ row[i].kind, str_from(id) };
	}
	return true;
}

static bool since_option(struct cli *cli, struct audit_filter *filter, struct err *err)
{
	const char *text = cli_option(cli, "since");

	if (text && !text_parse_since(str_from(text), clock_wall_ms(cli->clock), &filter->since_ms))
		return err_set(err, ERR_INVALID,
			       "--since is 30s, 15m, 2h, 3d, 2026-07-30 or 2026-07-30T10:11:12Z");
	return true;
}

static bool name_options(struct cli *cli, struct audit_filter *filter, struct err *err)
{
	const char *name = cli_option(cli, "account");
	const struct settings_account *account;

	if (!session_store_option(cli, &filter->store_id, err))
		return false;
	if (!name)
		return true;
	if (!session_account(cli, name, &account, err))
		return false;
	filter->account_id = account->id;
	return true;
}

static void print_rows(struct cli *cli, const struct audit_row *row, size_t n, struct arena *arena)
{
	for (size_t i = 0; i < n; i++) {
		if (cli_flag(cli, "json"))
			cli_print_json(cli, view_audit(&cli->look, &row[i]));
		else
			audit_print(cli, &row[i], STR(""), arena);
	}
	(void)fflush(cli->out);
}

/* Until Ctrl-C, or until nobody reads any more. */
static bool follow(struct cli *cli, const struct audit_filter *filter, int64_t after_id, struct err *err)
{
	struct wake *nobody = wake_new(); /* nobody rings: it is only slept on */
	struct arena arena;
	struct audit_row *row;
	size_t n;
	bool ok = true;

	arena_init(&arena);
	while (ok && !ferror(cli->out)) {
		(void)wake_wait(nobody, POLL_MS);
		arena_reset(&arena);
		ok = session_refresh(cli, err) &&
		     audit_read(cli->db, filter, after_id, ROWS_MAX, &arena, &row, &n, err);
		if (!ok || n == 0)
			continue;
		print_rows(cli, row, n, &arena);
		after_id = row[n - 1].id;
	}
	arena_release(&arena);
	wake_free(nobody);
	return ok;
}

bool cmd_audit(struct cli *cli, struct err *err)
{
	struct audit_filter filter = { 0 };
	struct audit_row *row;
	struct json *list;
	int64_t limit;
	size_t n;

	if (!cli_option_int(cli, "limit", 1, ROWS_MAX, &limit, err) ||
	    !id_option(cli, "message", ID_MESSAGE, &filter.message_id, err) ||
	    !id_option(cli, "delivery", ID_DELIVERY, &filter.delivery_id, err) ||
	    !code_option(cli, &filter, err) || !root_option(cli, &filter, err) ||
	    !since_option(cli, &filter, err))
		return false;
	if (!session_open(cli, SESSION_EXISTING, err) || !name_options(cli, &filter, err) ||
	    !audit_read(cli->db, &filter, 0, (size_t)limit, &cli->arena, &row, &n, err))
		return false;
	if (cli_flag(cli, "follow")) {
		print_rows(cli, row, n, &cli->arena);
		return follow(cli, &filter, n ? row[n - 1].id : 0, err);
	}
	if (!cli_flag(cli, "json")) {
		print_rows(cli, row, n, &cli->arena);
		return true;
	}
	list = json_new_array();
	for (size_t i = 0; i < n; i++)
		json_append(list, view_audit(&cli->look, &row[i]));
	cli_print_json(cli, list);
	return true;
}
