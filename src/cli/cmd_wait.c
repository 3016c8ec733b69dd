/*
 * wait --idle: asks the database until nothing is left to do now.
 *
 * Idle must be seen twice: between two stages the first can have ended what the second has not seen yet.
 */
#include "base/wake.h"
#include "cli/commands.h"
#include "cli/wait_idle.h"

#define POLL_MS	      50
#define TIMEOUT_MAX_S 86400

bool wait_idle(struct cli *cli, int64_t timeout_ms, bool (*stop)(void), bool *idle, struct err *err)
{
	int64_t end_ms = clock_mono_ms(cli->clock) + timeout_ms;
	struct wake *nobody = wake_new(); /* nobody rings: it is only slept on */
	struct arena arena;
	int seen = 0;
	bool ok = true, in_time = true;

	arena_init(&arena);
	while (ok && in_time) {
		struct summary summary = { 0 };

		arena_reset(&arena);
		ok = db_summary(cli->db, clock_wall_ms(cli->clock), &arena, &summary, err);
		seen = ok && summary.idle ? seen + 1 : 0;
		if (seen == 2)
			break;
		in_time = (seen > 0 || clock_mono_ms(cli->clock) < end_ms) && !(stop && stop());
		if (ok && in_time)
			(void)wake_wait(nobody, POLL_MS);
	}
	wake_free(nobody);
	arena_release(&arena);
	*idle = seen == 2;
	return ok;
}

bool cmd_wait(struct cli *cli, struct err *err)
{
	int64_t timeout_s;
	bool idle;

	if (!cli_flag(cli, "idle"))
		return err_set(err, ERR_INVALID, "'wait' needs to know what for: --idle");
	if (!cli_option_int(cli, "timeout", 0, TIMEOUT_MAX_S, &timeout_s, err) ||
	    !session_open(cli, SESSION_EXISTING, err))
		return false;
	if (!wait_idle(cli, timeout_s * MS_PER_S, NULL, &idle, err))
		return false;
	if (!idle) {
		(void)fprintf(cli->errors, "pannier: still busy after %lld s; see 'pannier status'\n",
			      (long long)timeout_s);
		cli->exit = CLI_TIMEOUT;
	}
	return true;
}
