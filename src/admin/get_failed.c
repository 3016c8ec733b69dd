/*
 * What failed and what is held back.
 */
#include "admin/admin_internal.h"
#include "admin/failed_group.h"
#include "admin/failed_view.h"
#include "admin/view.h"

bool failed_call_sees(const void *arg, const struct failed_row *row)
{
	return call_sees_store(arg, row->store_id);
}

bool get_failed(struct admin_call *call, struct err *err)
{
	struct failed_filter filter = { 0 };
	struct failed_row *row;
	struct json *list;
	size_t n;

	if (!call_store_query(call, &filter.store_id, err) || !call_limit(call, &filter.max_n, err) ||
	    !call_cursor(call, &filter.after_id, err) ||
	    !db_failed_list(call->look.db, &filter, call->look.arena, &row, &n, err))
		return false;
	list = json_new_array();
	for (size_t i = 0; i < n; i++)
		if (failed_call_sees(call, &row[i]))
			json_append(list, view_failed(&call->look, &row[i]));
	return call_page(call, list,
			 n == filter.max_n ? arena_printf(call->look.arena, "%lld", (long long)row[n - 1].id)
					   : STR(""));
}

static struct json *group_json(struct look *look, const struct failed_group *group)
{
	struct json *json = json_new_object(), *stores = json_new_array();

	for (size_t i = 0; i < group->n_store; i++)
		json_append(stores, json_new_text(look_store_name(look, group->store[i])));
	json_put(json, "group", group->name);
	json_put(json, "kind", group->is_message ? STR("message") : STR("delivery"));
	json_put(json, "cause", group->cause);
	json_put(json, "advice", str_from(group->advice));
	json_put_int(json, "count", group->count);
	json_set(json, "stores", stores);
	json_put_time(json, "first_at", group->first_ms);
	json_put_time(json, "last_at", group->last_ms);
	json_set(json, "example", view_failed(look, &group->example));
	return json;
}

bool get_failed_groups(struct admin_call *call, struct err *err)
{
	struct failed_groups groups;
	struct json *json, *list;
	int64_t store_id;

	if (!call_store_query(call, &store_id, err) ||
	    !failed_group_all(&call->look, store_id, failed_call_sees, call, &groups, err))
		return false;
	json = json_new_object();
	list = json_new_array();
	for (size_t i = 0; i < groups.n; i++)
		json_append(list, group_json(&call->look, &groups.group[i]));
	json_set(json, "items", list);
	json_put_bool(json, "complete", groups.complete);
	return call_answer(call, json);
}

/* Pages are cut here: the verb gives the oldest. */
bool get_held(struct admin_call *call, struct err *err)
{
	int64_t store_id, cursor;
	struct held_row *row;
	struct json *list;
	size_t n, limit;

	if (!call_store_query(call, &store_id, err) || !call_limit(call, &limit, err) ||
	    !call_cursor(call, &cursor, err) ||
	    !db_held_list(call->look.db, store_id, (size_t)cursor + limit, call->look.arena, &row, &n, err))
		return false;
	list = json_new_array();
	for (size_t i = (size_t)cursor; i < n; i++)
		if (call_sees_store(call, row[i].store_id))
			json_append(list, view_held(&call->look, &row[i]));
	return call_page(call, list,
			 n == (size_t)cursor + limit ? arena_printf(call->look.arena, "%zu", n) : STR(""));
}
