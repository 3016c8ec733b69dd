/*
 * Replays as people and programs see them.
 */
#include "admin/replay_view.h"

#include "admin/text.h"

bool replay_options_of(const struct replay_words *words, struct replay_options *out, struct err *err)
{
	out->messages = str_eq(words->from, STR("inbox"));
	if (words->from.len > 0 && !out->messages && !str_eq(words->from, STR("deliveries")))
		return err_set(err, ERR_INVALID, "'from' is inbox or deliveries");
	if (out->messages && (words->n_family > 0 || out->id.len > 0))
		return err_set(err, ERR_INVALID,
			       "family and id are of deliveries; of the inbox there is the topic");
	if (!out->messages && out->topic.len > 0)
		return err_set(err, ERR_INVALID, "the topic is of messages: from the inbox");
	out->kinds = words->n_family > 0 ? 0 : replay_kinds_usual();
	for (size_t i = 0; i < words->n_family; i++) {
		unsigned kinds = replay_family(words->family[i]);

		if (kinds == 0)
			return err_set(err, ERR_INVALID, "a family is " REPLAY_FAMILIES);
		out->kinds |= kinds;
	}
	out->states = words->n_outcome > 0 ? 0 : replay_states_usual(out->messages);
	for (size_t i = 0; i < words->n_outcome; i++) {
		unsigned states = replay_outcome(words->outcome[i], out->messages);

		if (states == 0)
			return err_set(err, ERR_INVALID, "an outcome is %s",
				       out->messages ? "mapped, ignored or failed"
						     : "accepted or skipped; what failed is retried");
		out->states |= states;
	}
	return true;
}

static void put_int(struct json *json, const char *name, int64_t value)
{
	json_set(json, name, json_new_int(value));
}

static void put_text(struct json *json, const char *name, struct str text)
{
	json_set(json, name, text.len > 0 ? json_new_text(text) : json_new_null());
}

static const char *from_text(const struct replay_options *options)
{
	return options->messages ? "inbox" : "deliveries";
}

struct json *replay_preview_json(const struct replay_options *options, const struct replay_preview *preview)
{
	struct json *json = json_new_object(), *counts = json_new_array();

	for (enum klaviyo_kind kind = 0; kind < KLAVIYO_NOTICE; kind++) {
		struct json *row;

		if (preview->n[kind] == 0)
			continue;
		row = json_new_object();
		json_set_text(row, "kind", str_from(klaviyo_kind_text(kind)));
		put_int(row, "deliveries", preview->n[kind]);
		json_append(counts, row);
	}
	json_set_text(json, "from", str_from(from_text(options)));
	put_int(json, "messages", preview->n_message);
	json_set(json, "counts", counts);
	put_int(json, "gone", preview->n_gone);
	json_set(json, "requests",
		 preview->n_request >= 0 ? json_new_int(preview->n_request) : json_new_null());
	json_set(json, "backfill", json_new_bool(!options->live));
	return json;
}

struct json *replay_json(struct look *look, const struct task_row *task)
{
	struct json *json = json_new_object();
	struct replay_options options;
	struct replay_report report;

	replay_read(task, look->arena, &options, &report);
	json_set_text(json, "store", look_store_name(look, task->store_id));
	put_int(json, "task", task->id);
	json_set_text(json, "state", str_from(import_state_text(task->state)));
	put_text(json, "reason", task->reason);
	json_set_text(json, "from", str_from(from_text(&options)));
	json_set(json, "backfill", json_new_bool(!options.live));
	json_put_time(json, "since", options.since_ms);
	json_put_time(json, "until", options.until_ms > 0 ? options.until_ms : task->created_ms);
	put_text(json, "topic", options.topic);
	put_text(json, "id", options.id);
	put_int(json, "seen", report.n_seen);
	put_int(json, "again", report.n_again);
	put_int(json, "gone", report.n_gone);
	json_put_time(json, "started_at", task->created_ms);
	json_put_time(json, "changed_at", task->changed_ms);
	return json;
}
