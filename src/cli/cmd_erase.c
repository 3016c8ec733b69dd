/*
 * erase: a person is to be deleted, at Klaviyo and here.
 *
 * Does:    put the message person.erased into the inbox of every store that knows the person, the same that
 *          a shop may send, signed; what becomes of it is the daemon's.
 * Doesn't: wait for it; 'pannier export' shows what is left.
 */
#include "cli/commands.h"
#include "admin/person_find.h"
#include "admin/text.h"
#include "model/id_text.h"

#include <unistd.h>

#define ANSWER_BYTES 16

/* ---- asking first ---- */

static bool confirmed(struct cli *cli, struct err *err)
{
	char answer[ANSWER_BYTES];

	if (cli_flag(cli, "yes"))
		return true;
	if (!isatty(STDIN_FILENO))
		return err_set(err, ERR_INVALID, "nobody is there to be asked: say --yes");
	(void)fprintf(cli->errors, "Go on? [y/N] ");
	(void)fflush(cli->errors);
	if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return true;
	return err_set(err, ERR_DENIED, "nothing was erased");
}

static void announce(struct cli *cli, struct str email, const int64_t *store_id, size_t n)
{
	(void)fprintf(cli->errors,
		      "%.*s is to be deleted at Klaviyo, with all profiles and events there, and all that is "
		      "kept of "
		      "the\nperson here. This cannot be undone. Stores:",
		      STR_ARG(text_safe(email, &cli->arena)));
	for (size_t i = 0; i < n; i++)
		(void)fprintf(cli->errors, " %.*s", STR_ARG(session_store_name(cli, store_id[i])));
	(void)fprintf(cli->errors, "\n");
}

/* ---- the command ---- */

/* Stores that know the person; the one that is named in any case: Klaviyo may know more than we do. */
static bool find_stores(struct cli *cli, struct str email, int64_t **store_id, size_t *n, struct err *err)
{
	const struct snapshot *snapshot = cli->snapshot;
	int64_t only;

	if (!session_store_option(cli, &only, err))
		return false;
	*store_id = ARENA_ARRAY(&cli->arena, snapshot->n_store + 1, int64_t);
	*n = 0;
	if (only != 0) {
		(*store_id)[(*n)++] = only;
		return true;
	}
	for (size_t i = 0; i < snapshot->n_store; i++) {
		bool known;

		if (!person_known(&cli->look, snapshot->store[i].id, email, &known, err))
			return false;
		if (known)
			(*store_id)[(*n)++] = snapshot->store[i].id;
	}
	if (*n == 0)
		return err_set(err, ERR_NOT_FOUND,
			       "no store knows '%.*s'; with --store NAME the deletion at Klaviyo is asked "
			       "for all the "
			       "same",
			       STR_ARG(text_safe(email, &cli->arena)));
	return true;
}

static void print_done(struct cli *cli, const int64_t *store_id, const struct inbox_receipt *receipt,
		       size_t n)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < n; i++) {
		struct str store = session_store_name(cli, store_id[i]);
		struct json *row = json_new_object();
		char id[ID_TEXT_BYTES];

		id_text(ID_MESSAGE, receipt[i].id, id);
		json_put(row, "store", store);
		json_put(row, "message", str_from(id));
		json_append(list, row);
		if (!cli_flag(cli, "json"))
			(void)fprintf(cli->out, "Message %s of store %.*s asks for it%s.\n", id,
				      STR_ARG(store),
				      session_daemon_runs(cli) ? "" : ", when the daemon runs");
	}
	if (cli_flag(cli, "json"))
		cli_print_json(cli, list);
	else
		json_free(list);
}

bool cmd_erase(struct cli *cli, struct err *err)
{
	struct inbox_receipt *receipt;
	int64_t *store_id;
	struct str email;
	size_t n;

	if (!session_person(cli, &email, err) || !session_open(cli, SESSION_EXISTING, err) ||
	    !find_stores(cli, email, &store_id, &n, err))
		return false;
	announce(cli, email, store_id, n);
	receipt = ARENA_ARRAY(&cli->arena, n, struct inbox_receipt);
	if (!confirmed(cli, err) || !person_erase(&cli->look, email, store_id, n, receipt, err))
		return false;
	print_done(cli, store_id, receipt, n);
	return true;
}
