/*
 * How far schedules are, and what people see of it.
 */
#include "flow/schedule_internal.h"

#include "base/json.h"
#include "flow/reconcile.h"

#include <inttypes.h>

static struct str cursor_name(int64_t store_id, enum schedule_kind kind, struct arena *arena)
{
	return arena_printf(arena, "schedule %" PRId64 " %s", store_id, schedule_kind_text(kind));
}

bool schedule_state_read(struct db *db, const struct settings_store *store, enum schedule_kind kind,
			 struct arena *arena, struct schedule_state *out, struct err *err)
{
	struct json *json = NULL;
	struct str text;

	*out = (struct schedule_state){ 0 };
	if (!db_cursor_get(db, store->account->id, cursor_name(store->id, kind, arena), arena, &text, err))
		return err_wrap(err, "read the schedule of store '%.*s'", STR_ARG(store->name));
	if (text.len == 0 || !json_parse(text, &json, NULL))
		return true;
	(void)json_get_int(json, "seen_ms", &out->seen_ms);
	(void)json_get_int(json, "last_ms", &out->last_ms);
	(void)json_get_int(json, "began_ms", &out->began_ms);
	(void)json_get_int(json, "done_ms", &out->done_ms);
	(void)json_get_int(json, "import", &out->import_id[0]);
	(void)json_get_int(json, "import2", &out->import_id[1]);
	(void)json_get_int(json, "last_import", &out->last_import_id);
	out->when = arena_dup(arena, json_get_text(json, "when"));
	json_free(json);
	return true;
}

bool schedule_state_write(struct flow_ctx *ctx, const struct settings_store *store, enum schedule_kind kind,
			  const struct schedule_state *state, struct arena *arena, struct err *err)
{
	struct json *json = json_new_object();
	struct str text;

	json_set(json, "seen_ms", json_new_int(state->seen_ms));
	json_set(json, "last_ms", json_new_int(state->last_ms));
	json_set(json, "began_ms", json_new_int(state->began_ms));
	json_set(json, "done_ms", json_new_int(state->done_ms));
	json_set(json, "import", json_new_int(state->import_id[0]));
	json_set(json, "import2", json_new_int(state->import_id[1]));
	json_set(json, "last_import", json_new_int(state->last_import_id));
	json_set_text(json, "when", state->when);
	text = json_write_arena(json, true, arena);
	json_free(json);
	return db_cursor_put(ctx->db, clock_wall_ms(ctx->clock), store->account->id,
			     cursor_name(store->id, kind, arena), text, err) ||
	       err_wrap(err, "keep the schedule of store '%.*s'", STR_ARG(store->name));
}

int64_t schedule_since_ms(const struct schedule_state *state)
{
	return state->last_ms > state->seen_ms ? state->last_ms : state->seen_ms;
}

size_t schedule_pulls(enum schedule_kind kind, enum pull_kind pull[static SCHEDULE_IMPORTS_MAX])
{
	switch (kind) {
	case SCHEDULE_EVENTS:
		pull[0] = PULL_ORDERS;
		return 1;
	case SCHEDULE_SUBSCRIBERS:
		pull[0] = PULL_CUSTOMERS;
		pull[1] = PULL_SUBSCRIBERS;
		return 2;
	case SCHEDULE_CATEGORIES:
		pull[0] = PULL_CATEGORIES;
		return 1;
	case SCHEDULE_PRODUCTS:
		pull[0] = PULL_PRODUCTS;
		return 1;
	case SCHEDULE_VARIANTS:
		pull[0] = PULL_VARIANTS;
		return 1;
	case SCHEDULE_RECONCILE:
	case SCHEDULE_KIND_COUNT:
		break;
	}
	return 0;
}

/* ---- for people ---- */

static bool asks_shop(const struct settings_store *store, enum schedule_kind kind)
{
	enum pull_kind pull[SCHEDULE_IMPORTS_MAX];
	size_t n = schedule_pulls(kind, pull);
	struct err why;

	for (size_t i = 0; i < n; i++)
		if (pull_offered(store, pull[i], NULL, &why))
			return true;
	return false;
}

static bool is_running(const struct import_job *job, size_t n, const struct schedule_state *state)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < SCHEDULE_IMPORTS_MAX; k++)
			if (job[i].id == state->import_id[k] && job[i].state == IMPORT_OPEN)
				return true;
	return false;
}

static bool by_clock(const struct schedule *schedule)
{
	return schedule->mode == SCHEDULE_EVERY || schedule->mode == SCHEDULE_DAILY;
}

static bool is_comparing(struct db *db, const struct settings_store *store, struct arena *arena, bool *out,
			 struct err *err)
{
	struct task_row task = { 0 };

	if (!reconcile_last(db, store->id, arena, &task, err))
		return false;
	*out = task.id != 0 && task.state == IMPORT_OPEN;
	return true;
}

static bool read_one(struct db *db, const struct settings_store *store, const struct schedule *schedule,
		     const struct import_job *job, size_t n, int64_t now_ms, struct arena *arena,
		     struct schedule_view *view, struct err *err)
{
	struct schedule_state state = { 0 };

	view->when = schedule_text(schedule, arena);
	if (!by_clock(schedule))
		return true;
	if (!schedule_state_read(db, store, view->kind, arena, &state, err))
		return false;
	view->asks = asks_shop(store, view->kind);
	view->last_ms = state.last_ms;
	view->import_id = state.last_import_id;
	view->running = is_running(job, n, &state);
	if (view->kind == SCHEDULE_RECONCILE && !is_comparing(db, store, arena, &view->running, err))
		return false;
	/* One that is due is done at once; one that is new has nothing to catch up. */
	view->next_ms = schedule_next_ms(schedule,
					 str_eq(state.when, view->when) ? schedule_since_ms(&state) : now_ms);
	return true;
}

static bool any_by_clock(const struct schedules *schedules)
{
	for (enum schedule_kind kind = 0; kind < SCHEDULE_KIND_COUNT; kind++)
		if (by_clock(&schedules->of[kind]))
			return true;
	return false;
}

bool schedule_read(struct db *db, const struct settings_store *store, int64_t now_ms, struct arena *arena,
		   struct schedule_view out[static SCHEDULE_KIND_COUNT], struct err *err)
{
	struct schedules schedules;
	struct import_job *job = NULL;
	size_t n = 0;

	flow_schedules(store, arena, &schedules);
	if (any_by_clock(&schedules) && !db_import_list(db, store->id, arena, &job, &n, err))
		return false;
	for (enum schedule_kind kind = 0; kind < SCHEDULE_KIND_COUNT; kind++) {
		out[kind] = (struct schedule_view){ .kind = kind };
		if (!read_one(db, store, &schedules.of[kind], job, n, now_ms, arena, &out[kind], err))
			return false;
	}
	return true;
}
