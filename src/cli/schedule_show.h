#ifndef PANNIER_CLI_SCHEDULE_SHOW_H
#define PANNIER_CLI_SCHEDULE_SHOW_H

#include "cli/command.h"
#include "flow/schedule.h"

/* Schedules as `store show` and `status` print them. */
struct schedule_rows {
	struct schedule_row {
		const struct settings_store *store;
		struct schedule_view view;
	} *row;
	size_t n;
};

/* Those of n stores; all: also those that are not by the clock. */
bool schedule_collect(struct cli *cli, const struct settings_store *store, size_t n, bool all, struct schedule_rows *out,
		      struct err *err) MUST_CHECK;
/* Nothing if there is none. */
void schedule_print(struct cli *cli, const struct schedule_rows *rows);
struct json *schedule_list(const struct schedule_rows *rows);

#endif
