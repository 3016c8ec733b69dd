/*
 * Schedules as JSON, and through the API.
 */
#include "admin/schedule_view.h"

#include "admin/admin_internal.h"
#include "flow/pull.h"

struct json *schedule_json(const struct settings_store *store, const struct schedule_view *view)
{
	struct json *json = json_new_object();

	json_put(json, "store", store->name);
	json_put(json, "kind", str_from(schedule_kind_text(view->kind)));
	json_put(json, "when", view->when);
	json_set(json, "asks_shop", json_new_bool(view->asks));
	json_set(json, "running", json_new_bool(view->running));
	json_put_time(json, "last_run_at", view->last_ms);
	json_put_time(json, "next_run_at", view->next_ms);
	json_set(json, "import", view->import_id ? json_new_int(view->import_id) : json_new_null());
	return json;
}

bool get_store_schedules(struct admin_call *call, struct err *err)
{
	struct schedule_view view[SCHEDULE_KIND_COUNT];
	const struct settings_store *store;
	struct json *list;

	if (!call_store(call, call_segment(call, 0), &store, err) ||
	    !schedule_read(call->look.db, store, call->now_ms, call->look.arena, view, err))
		return false;
	list = json_new_array();
	for (enum schedule_kind kind = 0; kind < SCHEDULE_KIND_COUNT; kind++)
		json_append(list, schedule_json(store, &view[kind]));
	return call_page(call, list, STR(""));
}

/* What the store can be asked for, and if not, why. */
bool get_store_sync(struct admin_call *call, struct err *err)
{
	const struct settings_store *store;
	struct json *list;

	if (!call_store(call, call_segment(call, 0), &store, err))
		return false;
	list = json_new_array();
	for (enum pull_kind kind = 0; kind < PULL_KIND_COUNT; kind++) {
		struct json *json = json_new_object();
		struct err why = { 0 };
		bool by_date = false, offered = pull_offered(store, kind, &by_date, &why);

		json_put(json, "kind", str_from(pull_kind_text(kind)));
		json_set(json, "offered", json_new_bool(offered));
		json_set(json, "by_date", json_new_bool(offered && by_date));
		json_put(json, "why", offered ? STR("") : str_from(why.msg));
		json_append(list, json);
	}
	return call_page(call, list, STR(""));
}
