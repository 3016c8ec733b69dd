/*
 * Advice on agreement: what the last comparison of a store with Klaviyo found, and shops that have gone
 * quiet.
 */
#include "admin/advice.h"
#include "admin/text.h"
#include "flow/reconcile.h"
#include "flow/silence.h"

/* The newest of its store that has ended with a result; tasks are by store, kind and id. */
static bool is_last(const struct task_row *task, size_t n, size_t i)
{
	for (size_t k = i + 1; k < n && task[k].store_id == task[i].store_id; k++)
		if (task[k].kind == task[i].kind)
			return false;
	return true;
}

static void look_at_task(struct look *look, const struct task_row *task, struct advice_list *list)
{
	const struct settings_store *store = snapshot_store(look->snapshot, task->store_id);
	struct reconcile_view view;

	reconcile_read(task, &view);
	if (!store || task->state != IMPORT_DONE || reconcile_differ(&view.report) == 0 ||
	    (view.options.fix && view.report.n_withheld == 0))
		return;
	advice_add_store(look, list, "store_differs", store,
			 arena_printf(look->arena,
				      "store %.*s: Klaviyo does not match the shop (%.*s, %.*s); for "
				      "details: pannier reconcile show %.*s",
				      STR_ARG(store->name), STR_ARG(text_time(task->changed_ms, look->arena)),
				      STR_ARG(task->reason), STR_ARG(store->name)));
}

static bool look_at_silence(struct look *look, const struct settings_store *store, struct advice_list *list,
			    struct err *err)
{
	int64_t since_ms;

	if (!silence_since(look->db, store->account->id, store->id, &since_ms, err))
		return err_wrap(err, "read when a store was heard last");
	if (since_ms > 0)
		advice_add_store(
			look, list, "store_silent", store,
			arena_printf(
				look->arena,
				"store %.*s: no message since %.*s, although the shop usually sends at this "
				"time; check that its webhooks still point here: pannier store show %.*s",
				STR_ARG(store->name), STR_ARG(text_time(since_ms, look->arena)),
				STR_ARG(store->name)));
	return true;
}

bool advice_agreement(struct look *look, struct advice_list *list, struct err *err)
{
	struct task_row *task;
	size_t n;

	if (!db_task_list(look->db, 0, look->arena, &task, &n, err))
		return err_wrap(err, "read tasks");
	for (size_t i = 0; i < n; i++)
		if (task[i].kind == TASK_RECONCILE && is_last(task, n, i))
			look_at_task(look, &task[i], list);
	for (size_t i = 0; i < look->snapshot->n_store; i++)
		if (!look_at_silence(look, &look->snapshot->store[i], list, err))
			return false;
	return true;
}
