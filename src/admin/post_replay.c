/*
 * Replaying what is kept: a look before, the beginning, how far it is, what a person decides about it.
 */
#include "admin/admin_internal.h"
#include "admin/replay_view.h"

static const struct str *texts_of(struct admin_call *call, const char *name, size_t *n)
{
	const struct json *list = json_get(call->body, name);
	struct str *text = ARENA_ARRAY(call->look.arena, json_len(list) + 1, struct str);

	*n = json_len(list);
	for (size_t i = 0; i < *n; i++)
		text[i] = json_text(json_at(list, i));
	return text;
}

static bool time_of(struct admin_call *call, const char *name, int64_t *out, struct err *err)
{
	struct str text = json_get_text(call->body, name);

	*out = 0;
	return text.len == 0 || time_parse_rfc3339(text, out) ||
	       err_set(err, ERR_INVALID, "'%s' is not an RFC 3339 time", name);
}

static bool read_options(struct admin_call *call, struct replay_options *out, struct err *err)
{
	struct replay_words words = { .from = json_get_text(call->body, "from") };

	*out = (struct replay_options){
		.topic = json_get_text(call->body, "topic"),
		.id = json_get_text(call->body, "id"),
		.live = json_get_bool(call->body, "live", false),
	};
	words.family = texts_of(call, "families", &words.n_family);
	words.outcome = texts_of(call, "outcomes", &words.n_outcome);
	return time_of(call, "since", &out->since_ms, err) && time_of(call, "until", &out->until_ms, err) &&
	       replay_options_of(&words, out, err);
}

bool post_replay_preview(struct admin_call *call, struct err *err)
{
	const struct settings_store *store;
	struct replay_options options;
	struct replay_preview preview;

	return read_options(call, &options, err) && call_store(call, call_segment(call, 0), &store, err) &&
	       replay_preview(call->look.db, store->id, &options, &preview, err) &&
	       call_answer(call, replay_preview_json(&options, &preview));
}

static bool last_task(struct admin_call *call, struct task_row *task, struct err *err)
{
	const struct settings_store *store;

	return call_store(call, call_segment(call, 0), &store, err) &&
	       replay_last(call->look.db, store->id, call->look.arena, task, err) &&
	       (task->id != 0 || err_set(err, ERR_NOT_FOUND, "nothing was ever replayed for store '%.*s'",
					 STR_ARG(store->name)));
}

bool get_replay(struct admin_call *call, struct err *err)
{
	struct task_row task;

	return last_task(call, &task, err) && call_answer(call, replay_json(&call->look, &task));
}

bool post_replay(struct admin_call *call, struct err *err)
{
	struct str by = arena_printf(call->look.arena, "by %.*s", STR_ARG(call_actor(call)));
	const struct settings_store *store;
	struct replay_options options;
	int64_t id;

	return read_options(call, &options, err) && call_store(call, call_segment(call, 0), &store, err) &&
	       replay_start(call->look.db, call->now_ms, store->id, &options, by, &id, err) &&
	       get_replay(call, err);
}

static bool change(struct admin_call *call, enum import_action action, struct err *err)
{
	struct task_row task;

	return last_task(call, &task, err) &&
	       db_task_change(call->look.db, call->now_ms, task.id, action, err) && get_replay(call, err);
}

bool post_replay_pause(struct admin_call *call, struct err *err)
{
	return change(call, IMPORT_PAUSE, err);
}

bool post_replay_resume(struct admin_call *call, struct err *err)
{
	return change(call, IMPORT_RESUME, err);
}

bool post_replay_cancel(struct admin_call *call, struct err *err)
{
	return change(call, IMPORT_CANCEL, err);
}
