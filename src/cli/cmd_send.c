/*
 * send: a message in the place of the shop.
 */
#include "admin/view.h"
#include "base/file.h"
#include "cli/commands.h"
#include "flow/hand_in.h"

#define BODY_BYTES_MAX 16777216

bool cmd_send(struct cli *cli, struct err *err)
{
	struct flow_ctx ctx = { .clock = cli->clock, .rand = rand_system() };
	const struct settings_store *store;
	struct inbox_receipt *receipt;
	struct str body;
	size_t n;

	if (!file_read(cli->arg[1], BODY_BYTES_MAX, &cli->arena, &body, err) ||
	    !session_open(cli, SESSION_EXISTING, err) || !session_store(cli, cli->arg[0], &store, err))
		return false;
	ctx.db = cli->db;
	ctx.settings = cli->settings;
	if (!hand_in(&ctx, store, str_from(cli_option(cli, "content-type")), body, STR("command line"),
		     &cli->arena, &receipt, &n, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		char id[ID_TEXT_BYTES];

		id_text(ID_MESSAGE, receipt[i].id, id);
		(void)fprintf(cli->out, "%s%s\n", id,
			      receipt[i].kind == INBOX_DUPLICATE ? " repeats one that is there" : "");
	}
	return true;
}
