/*
 * Comparing a store with Klaviyo: begin, look, give up.
 */
#include "admin/admin_internal.h"
#include "admin/reconcile_view.h"

static bool answer_task(struct admin_call *call, const struct task_row *task, size_t max_n, struct err *err)
{
	struct found *found = NULL;
	size_t n;

	return reconcile_examples(&call->look, task->id, max_n, &found, &n, err) &&
	       call_answer(call, reconcile_json(&call->look, task, found, n));
}

/* The newest one of the store. */
static bool last_task(struct admin_call *call, struct task_row *task, struct err *err)
{
	const struct settings_store *store;

	return call_store(call, call_segment(call, 0), &store, err) &&
	       reconcile_last(call->look.db, store->id, call->look.arena, task, err) &&
	       (task->id != 0 || err_set(err, ERR_NOT_FOUND, "store '%.*s' was never compared with Klaviyo",
					 STR_ARG(store->name)));
}

bool get_reconcile(struct admin_call *call, struct err *err)
{
	struct task_row task;
	size_t limit;

	return call_limit(call, &limit, err) && last_task(call, &task, err) &&
	       answer_task(call, &task, limit, err);
}

static bool read_kinds(struct admin_call *call, unsigned *kinds, struct err *err)
{
	const struct json *list = json_get(call->body, "kinds");
	enum klaviyo_kind kind;

	*kinds = 0;
	for (size_t i = 0; i < json_len(list); i++) {
		if (!reconcile_kind_parse(json_text(json_at(list, i)), &kind))
			return err_set(err, ERR_INVALID, "'kinds' may hold items, variants and categories");
		*kinds |= 1u << kind;
	}
	return true;
}

bool post_reconcile(struct admin_call *call, struct err *err)
{
	struct reconcile_options options = {
		.fix = json_get_bool(call->body, "fix", false),
		.confirmed = json_get_bool(call->body, "confirm", false),
	};
	struct str by = arena_printf(call->look.arena, "by %.*s", STR_ARG(call_actor(call)));
	const struct settings_store *store;
	struct task_row task;
	int64_t id;

	return read_kinds(call, &options.kinds, err) &&
	       call_store(call, call_segment(call, 0), &store, err) &&
	       reconcile_start(call->look.db, call->now_ms, store->id, &options, by, &id, err) &&
	       last_task(call, &task, err) && answer_task(call, &task, 0, err);
}

bool post_reconcile_cancel(struct admin_call *call, struct err *err)
{
	struct task_row task;

	return last_task(call, &task, err) &&
	       db_task_change(call->look.db, call->now_ms, task.id, IMPORT_CANCEL, err) &&
	       last_task(call, &task, err) && answer_task(call, &task, 0, err);
}
