/*
 * Registering pulls, and what is pulled, as kept with the job.
 */
#include "flow/pull.h"

#include "base/json.h"
#include "flow/flow_internal.h"

static struct str wish_text(const struct pull_wish *wish, struct arena *arena)
{
	struct json *json = json_new_object();
	struct str text;

	json_set_text(json, "kind", str_from(pull_kind_text(wish->kind)));
	if (wish->from_ms > 0)
		json_set(json, "from_ms", json_new_int(wish->from_ms));
	if (wish->to_ms > 0)
		json_set(json, "to_ms", json_new_int(wish->to_ms));
	if (wish->live)
		json_set(json, "live", json_new_bool(true));
	text = json_write_arena(json, true, arena);
	json_free(json);
	return text;
}

bool pull_wish_read(struct str options, struct pull_wish *out, struct err *err)
{
	struct json *json = NULL;
	bool ok;

	*out = (struct pull_wish){ 0 };
	if (!json_parse(options, &json, err))
		return err_wrap(err, "options of a pull");
	ok = pull_kind_parse(json_get_text(json, "kind"), &out->kind);
	(void)json_get_int(json, "from_ms", &out->from_ms);
	(void)json_get_int(json, "to_ms", &out->to_ms);
	out->live = json_get_bool(json, "live", false);
	json_free(json);
	return ok || err_set(err, ERR_INVALID, "options of a pull: unknown kind");
}

bool pull_offered(const struct settings_store *store, enum pull_kind kind, bool *by_date, struct err *err)
{
	const struct platform_ops *ops = platform_find(store->platform);
	struct platform_store view = flow_platform_store(store);

	if (!ops)
		return err_set(err, ERR_INVALID, "unknown platform '%.*s'", STR_ARG(store->platform));
	return platform_pull_of(ops)->offers(&view, kind, by_date, err);
}

bool pull_register(struct db *db, int64_t now_ms, const struct settings_store *store,
		   const struct pull_wish *wish, int64_t per_minute, int64_t *id, struct err *err)
{
	struct import_job job = {
		.store_id = store->id,
		.rank = (int)wish->kind,
		.pull = true,
		.path = str_from(pull_kind_text(wish->kind)),
		.per_minute = per_minute,
	};
	struct arena arena;
	bool by_date, ok;

	if (!pull_offered(store, wish->kind, &by_date, err))
		return false;
	if ((wish->from_ms > 0 || wish->to_ms > 0) && !by_date)
		return err_set(err, ERR_INVALID,
			       "%s of store '%.*s' cannot be asked for by date, as it is set up",
			       pull_kind_text(wish->kind), STR_ARG(store->name));
	arena_init(&arena);
	job.options = wish_text(wish, &arena);
	job.fingerprint = digest16_of((struct str[]){ STR("pull"), job.options }, 2);
	ok = db_import_put(db, now_ms, &job, id, err);
	arena_release(&arena);
	return ok;
}
