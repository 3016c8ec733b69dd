/*
 * A reconcile task as people and programs see it.
 */
#include "admin/reconcile_view.h"

#include "admin/text.h"

static const char *const plural[RECONCILE_KINDS] = {
	[KLAVIYO_CATEGORY] = "categories",
	[KLAVIYO_ITEM] = "items",
	[KLAVIYO_VARIANT] = "variants",
};

const char *reconcile_kind_plural(enum klaviyo_kind kind)
{
	return plural[kind];
}

bool reconcile_kind_parse(struct str text, enum klaviyo_kind *out)
{
	for (enum klaviyo_kind kind = 0; kind < RECONCILE_KINDS; kind++) {
		if (!str_eq(text, str_from(plural[kind])))
			continue;
		*out = kind;
		return true;
	}
	return false;
}

bool reconcile_examples(struct look *look, int64_t task_id, size_t max_n, struct found **found, size_t *n,
			struct err *err)
{
	struct found_query query = {
		.task_id = task_id,
		.verdicts =
			1u << FOUND_STALE | 1u << FOUND_MISSING | 1u << FOUND_ORPHAN | 1u << FOUND_DUPLICATE,
		.max_n = max_n < RECONCILE_EXAMPLES_MAX ? max_n : RECONCILE_EXAMPLES_MAX,
	};

	*n = 0;
	return max_n == 0 || db_found_list(look->db, &query, look->arena, found, n, err) ||
	       err_wrap(err, "read what differs");
}

static void put_int(struct json *json, const char *name, int64_t value)
{
	json_set(json, name, json_new_int(value));
}

static void put_text(struct json *json, const char *name, struct str text)
{
	json_set(json, name, text.len > 0 ? json_new_text(text) : json_new_null());
}

static struct json *counts_json(const struct reconcile_view *view)
{
	struct json *list = json_new_array();

	for (enum klaviyo_kind kind = 0; kind < RECONCILE_KINDS; kind++) {
		struct json *json;

		if (view->options.kinds != 0 && !(view->options.kinds & 1u << kind))
			continue;
		json = json_new_object();
		json_set_text(json, "kind", str_from(klaviyo_kind_text(kind)));
		for (enum found_verdict verdict = FOUND_SAME; verdict < FOUND_VERDICT_COUNT; verdict++)
			put_int(json, found_verdict_text(verdict), view->report.n[kind][verdict]);
		json_append(list, json);
	}
	return list;
}

static struct json *examples_json(const struct found *found, size_t n)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < n; i++) {
		const struct found_row *row = &found[i].row;
		struct json *json = json_new_object();

		json_set_text(json, "verdict", str_from(found_verdict_text(row->verdict)));
		json_set_text(json, "kind", str_from(klaviyo_kind_text(row->key.kind)));
		json_set_text(json, "external_id", row->key.external_id);
		put_text(json, "parent", row->parent_external_id);
		put_text(json, "differs", row->note);
		json_append(list, json);
	}
	return list;
}

struct json *reconcile_json(struct look *look, const struct task_row *task, const struct found *found,
			    size_t n)
{
	struct json *json = json_new_object();
	struct reconcile_view view;

	reconcile_read(task, &view);
	json_set_text(json, "store", look_store_name(look, task->store_id));
	put_int(json, "task", task->id);
	json_set_text(json, "state", str_from(import_state_text(task->state)));
	json_set_text(json, "stage", str_from(view.stage));
	put_text(json, "reason", task->reason);
	json_set(json, "fix", json_new_bool(view.options.fix));
	json_set(json, "confirmed", json_new_bool(view.options.confirmed));
	json_set(json, "agrees",
		 json_new_bool(task->state == IMPORT_DONE && reconcile_differ(&view.report) == 0));
	put_int(json, "differ", reconcile_differ(&view.report));
	put_int(json, "there", view.report.n_there);
	put_int(json, "requests", view.report.n_request);
	put_int(json, "told", view.report.n_told);
	put_int(json, "deleted", view.report.n_deleted);
	put_int(json, "withheld", view.report.n_withheld);
	json_set(json, "ambiguous", json_new_bool(view.report.ambiguous));
	json_set(json, "counts", counts_json(&view));
	json_set(json, "examples", examples_json(found, n));
	json_put_time(json, "started_at", task->created_ms);
	json_put_time(json, "changed_at", task->changed_ms);
	return json;
}
