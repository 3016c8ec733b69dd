/*
 * Schedules, as `store show` and `status` print them.
 */
#include "cli/schedule_show.h"

#include "admin/schedule_view.h"
#include "admin/text.h"
#include "cli/text_table.h"

bool schedule_collect(struct cli *cli, const struct settings_store *store, size_t n, bool all,
		      struct schedule_rows *out, struct err *err)
{
	struct schedule_view view[SCHEDULE_KIND_COUNT];

	out->n = 0;
	out->row = ARENA_ARRAY(&cli->arena, n * SCHEDULE_KIND_COUNT, struct schedule_row);
	for (size_t i = 0; i < n; i++) {
		if (!schedule_read(cli->db, &store[i], clock_wall_ms(cli->clock), &cli->arena, view, err))
			return false;
		for (size_t k = 0; k < SCHEDULE_KIND_COUNT; k++)
			if (all || view[k].next_ms > 0)
				out->row[out->n++] = (struct schedule_row){ &store[i], view[k] };
	}
	return true;
}

void schedule_print(struct cli *cli, const struct schedule_rows *rows)
{
	static const char *const header[] = { "SCHEDULE",	"STORE",	  "WHEN",
					      "LAST RUN (UTC)", "NEXT RUN (UTC)", "" };
	struct text_table table;

	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < rows->n; i++) {
		const struct schedule_view *view = &rows->row[i].view;

		text_table_add(&table, str_from(schedule_kind_text(view->kind)));
		text_table_add(&table, rows->row[i].store->name);
		text_table_add(&table, view->when);
		text_table_add(&table, text_time(view->last_ms, &cli->arena));
		text_table_add(&table, text_time(view->next_ms, &cli->arena));
		text_table_add(&table, view->running ? STR("running") : STR(""));
	}
	text_table_print(&table, 0, cli->out);
}

struct json *schedule_list(const struct schedule_rows *rows)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < rows->n; i++)
		json_append(list, schedule_json(rows->row[i].store, &rows->row[i].view));
	return list;
}
