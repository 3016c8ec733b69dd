/*
 * Options and report of a replay, as they are kept with its task; what a replay would do.
 */
#include "flow/replay.h"

#include "base/attr.h"
#include "base/json.h"
#include "klaviyo/endpoint.h"

#define PREVIEW_ROWS 1000

/* ---- names ---- */

static const struct {
	const char *name;
	unsigned kinds;
} families[] = {
	{ "catalog", 1u << KLAVIYO_CATEGORY | 1u << KLAVIYO_ITEM | 1u << KLAVIYO_VARIANT },
	{ "events", 1u << KLAVIYO_EVENT },
	{ "profiles", 1u << KLAVIYO_PROFILE },
	{ "consent", 1u << KLAVIYO_CONSENT },
};

unsigned replay_family(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (str_eq(name, str_from(families[i].name)))
			return families[i].kinds;
	return 0;
}

unsigned replay_kinds_usual(void)
{
	return families[0].kinds | families[1].kinds | families[2].kinds;
}

unsigned replay_outcome(struct str name, bool messages)
{
	static const enum message_state of_message[] = { MESSAGE_MAPPED, MESSAGE_IGNORED, MESSAGE_FAILED };
	static const enum delivery_state of_delivery[] = { DELIVERY_ACCEPTED, DELIVERY_SKIPPED };

	for (size_t i = 0; messages && i < ARRAY_LEN(of_message); i++)
		if (str_eq(name, str_from(message_state_text(of_message[i]))))
			return 1u << of_message[i];
	for (size_t i = 0; !messages && i < ARRAY_LEN(of_delivery); i++)
		if (str_eq(name, str_from(delivery_state_text(of_delivery[i]))))
			return 1u << of_delivery[i];
	return 0;
}

unsigned replay_states_usual(bool messages)
{
	return messages ? 1u << MESSAGE_MAPPED | 1u << MESSAGE_IGNORED : 1u << DELIVERY_ACCEPTED;
}

/* ---- kept with the task ---- */

static int64_t number(const struct json *json, const char *name)
{
	int64_t n = 0;

	(void)json_get_int(json, name, &n);
	return n;
}

static struct str options_text(const struct replay_options *options, struct arena *arena)
{
	struct json *json = json_new_object();
	struct str text;

	json_set(json, "messages", json_new_bool(options->messages));
	json_set(json, "since", json_new_int(options->since_ms));
	json_set(json, "until", json_new_int(options->until_ms));
	json_set_text(json, "topic", options->topic);
	json_set_text(json, "id", options->id);
	json_set(json, "kinds", json_new_int(options->kinds));
	json_set(json, "states", json_new_int(options->states));
	json_set(json, "live", json_new_bool(options->live));
	text = json_write_arena(json, false, arena);
	json_free(json);
	return text;
}

void replay_read(const struct task_row *task, struct arena *arena, struct replay_options *options,
		 struct replay_report *report)
{
	struct json *json = NULL;

	if (task->options.len > 0 && !json_parse(task->options, &json, NULL))
		json = NULL;
	*options = (struct replay_options){
		.messages = json_get_bool(json, "messages", false),
		.since_ms = number(json, "since"),
		.until_ms = number(json, "until"),
		.topic = arena_dup(arena, json_get_text(json, "topic")),
		.id = arena_dup(arena, json_get_text(json, "id")),
		.kinds = (unsigned)number(json, "kinds"),
		.states = (unsigned)number(json, "states"),
		.live = json_get_bool(json, "live", false),
	};
	json_free(json);
	json = NULL;
	if (task->report.len > 0 && !json_parse(task->report, &json, NULL))
		json = NULL;
	*report = (struct replay_report){ number(json, "seen"), number(json, "again"), number(json, "gone") };
	json_free(json);
}

bool replay_start(struct db *db, int64_t now_ms, int64_t store_id, const struct replay_options *options,
		  struct str by, int64_t *id, struct err *err)
{
	struct task_row task = { .store_id = store_id, .kind = TASK_REPLAY, .reason = by };
	struct arena arena;
	bool ok;

	arena_init(&arena);
	task.options = options_text(options, &arena);
	ok = db_task_put(db, now_ms, &task, id, err);
	arena_release(&arena);
	return ok;
}

bool replay_last(struct db *db, int64_t store_id, struct arena *arena, struct task_row *out, struct err *err)
{
	struct task_row *task;
	size_t n;

	*out = (struct task_row){ 0 };
	if (!db_task_list(db, store_id, arena, &task, &n, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (task[i].kind == TASK_REPLAY)
			*out = task[i];
	return true;
}

/* ---- preview ---- */

static void count_rows(const struct replay_options *options, const struct replay_row *row, size_t n,
		       struct replay_preview *out)
{
	for (size_t i = 0; i < n; i++) {
		out->n_gone += row[i].gone;
		if (options->messages)
			out->n_message++;
		else if (!row[i].gone)
			out->n[row[i].kind]++;
	}
}

/* As bulk requests, at most: what is told again may turn out to be the same for many deliveries. */
static int64_t count_requests(const struct replay_preview *preview)
{
	int64_t n = 0;

	for (enum klaviyo_kind kind = 0; kind < KLAVIYO_NOTICE; kind++) {
		enum delivery_op op = kind == KLAVIYO_PROFILE ? DELIVERY_UPDATE : DELIVERY_CREATE;
		int64_t rows = (int64_t)endpoint_rows_max(endpoint_for(kind, op, true));

		n += (preview->n[kind] + rows - 1) / rows;
	}
	return n;
}

bool replay_preview(struct db *db, int64_t store_id, const struct replay_options *options,
		    struct replay_preview *out, struct err *err)
{
	struct replay_query query = {
		.store_id = store_id,
		.messages = options->messages,
		.since_ms = options->since_ms,
		.until_ms = options->until_ms,
		.states = options->states,
		.kinds = options->kinds,
		.topic = options->topic,
		.id = options->id,
		.max_n = PREVIEW_ROWS,
	};
	struct arena arena;
	bool ok = true;

	*out = (struct replay_preview){ 0 };
	arena_init(&arena);
	while (ok && query.day >= 0) {
		struct replay_row *row;
		size_t n;

		arena_reset(&arena);
		ok = db_replay_list(db, &query, &arena, &row, &n, &query.day, &query.after_id, err);
		if (ok)
			count_rows(options, row, n, out);
	}
	arena_release(&arena);
	out->n_request = options->messages ? -1 : count_requests(out);
	return ok ? ok : err_wrap(err, "look at what could be replayed");
}
