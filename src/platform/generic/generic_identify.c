/*
 * The messages of one request: a JSON object, an array, lines (NDJSON), or CloudEvents in their three modes.
 *
 * A message is told apart by its own id (with its source, which CloudEvents makes part of the identity);
 * without one by the request's webhook-id and its place, from 1.
 *
 * Cost:    arrays are scanned twice (as a whole, then each element for its members), all else once; only
 *          binary mode copies.
 */
#include "platform/generic/generic_internal.h"
#include "platform/receipt.h"

#include <stdio.h>
#include <string.h>

#define ENVELOPE_MEMBERS_MAX 32

enum framing { FRAMING_JSON, FRAMING_LINES, FRAMING_CLOUDEVENT, FRAMING_CLOUDEVENT_BATCH, FRAMING_NONE };

static enum framing framing_of(struct str content_type)
{
	static const struct {
		const char *type;
		enum framing framing;
	} known[] = {
		{ "application/json", FRAMING_JSON },
		{ "application/x-ndjson", FRAMING_LINES },
		{ "application/ndjson", FRAMING_LINES },
		{ "application/jsonl", FRAMING_LINES },
		{ "application/cloudevents+json", FRAMING_CLOUDEVENT },
		{ "application/cloudevents-batch+json", FRAMING_CLOUDEVENT_BATCH },
	};
	struct str type = receipt_media_type(content_type);

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_eq_nocase(type, str_from(known[i].type)))
			return known[i].framing;
	return FRAMING_NONE;
}

bool generic_accepts(struct str content_type)
{
	return framing_of(content_type) != FRAMING_NONE;
}

/* The texts of the messages in one request. */
struct split {
	struct str *text;
	size_t n;
	size_t capacity;
	size_t max_n;
	bool counted;	 /* one of several: errors say which */
	bool cloudevent; /* each must say so */
};

/* ---- splitting ---- */

static bool split_one(struct split *split, struct str text, struct arena *arena)
{
	split->text = ARENA_NEW(arena, struct str);
	split->text[0] = text;
	split->n = 1;
	return true;
}

static bool split_array(struct split *split, struct str body, struct arena *arena, struct err *err)
{
	split->counted = true;
	if (json_scan_array(body, split->max_n, arena, &split->text, &split->n, NULL, err))
		return true;
	return err->code == ERR_TOO_LARGE ? false : err_wrap(err, "the body is not a JSON array");
}

static bool add_line(struct split *split, struct str line, struct arena *arena, struct err *err)
{
	if (split->n == split->max_n)
		return err_set(err, ERR_TOO_LARGE, "more than %zu lines", split->max_n);
	if (split->n == split->capacity) {
		size_t capacity = split->capacity ? split->capacity * 2 : 16;
		struct str *larger = ARENA_ARRAY(arena, capacity, struct str);

		if (split->n)
			memcpy(larger, split->text, split->n * sizeof(*larger));
		split->text = larger;
		split->capacity = capacity;
	}
	split->text[split->n++] = line;
	return true;
}

/* Blank lines are skipped. Each line is checked here, where its number is known. */
static bool split_lines(struct split *split, struct str body, struct arena *arena, struct err *err)
{
	struct json_position position;
	struct str line;

	split->counted = true;
	for (size_t number = 1; str_split(&body, '\n', &line); number++) {
		struct err problem;

		if (str_trim(line).len == 0)
			continue;
		if (!json_scan(line, NULL, 0, NULL, &position, &problem)) {
			const char *why = strchr(problem.msg, ':');

			return err_set(err, ERR_INVALID, "line %zu, column %zu is not JSON%s", number,
				       position.column, why ? why : "");
		}
		if (!add_line(split, str_trim(line), arena, err))
			return false;
	}
	return true;
}

static bool is_binary_mode(const struct platform_request *request)
{
	return request->header(request->from, "ce-specversion").len ||
	       request->header(request->from, "ce-type").len;
}

static bool split_body(struct split *split, const struct platform_request *request, struct arena *arena,
		       struct err *err)
{
	struct str body = str_trim(request->body), envelope;

	switch (framing_of(request->content_type)) {
	case FRAMING_JSON:
		if (is_binary_mode(request)) {
			split->cloudevent = true;
			return generic_binary_envelope(request, arena, &envelope, err) &&
			       split_one(split, envelope, arena);
		}
		if (body.len && body.p[0] == '[')
			return split_array(split, request->body, arena, err);
		return split_one(split, request->body, arena);
	case FRAMING_LINES:
		return split_lines(split, request->body, arena, err);
	case FRAMING_CLOUDEVENT:
		split->cloudevent = true;
		return split_one(split, request->body, arena);
	case FRAMING_CLOUDEVENT_BATCH:
		split->cloudevent = true;
		return split_array(split, request->body, arena, err);
	case FRAMING_NONE:
		break;
	}
	return err_set(err, ERR_INVALID, "the content type is none of JSON, NDJSON and CloudEvents");
}

/* ---- one message ---- */

struct envelope {
	struct json_member member[ENVELOPE_MEMBERS_MAX];
	size_t n;
};

static struct str value_of(const struct envelope *envelope, const char *name)
{
	for (size_t i = 0; i < envelope->n; i++)
		if (str_eq(envelope->member[i].name, str_from(name)) &&
		    !str_eq(envelope->member[i].value, STR("null")))
			return envelope->member[i].value;
	return STR("");
}

static bool read_type(const struct envelope *envelope, bool cloudevent, struct arena *arena, struct str *type,
		      struct err *err)
{
	struct str value = value_of(envelope, "type");

	if (value.len == 0)
		return err_set(err, ERR_INVALID, "'type' is missing");
	if (!json_unquote(value, arena, type) || type->len == 0 || type->len > GENERIC_TYPE_BYTES_MAX)
		return err_set(err, ERR_INVALID, "'type' is not a string of 1 to %d bytes",
			       GENERIC_TYPE_BYTES_MAX);
	if (cloudevent)
		*type = generic_type_inner(*type);
	return true;
}

/* "": it has none. */
static bool read_id(const struct envelope *envelope, const char *name, struct arena *arena, struct str *id,
		    struct err *err)
{
	struct str value = value_of(envelope, name);

	*id = STR("");
	if (value.len == 0)
		return true;
	if (value.p[0] == '-' || (value.p[0] >= '0' && value.p[0] <= '9'))
		*id = value;
	else if (!json_unquote(value, arena, id))
		return err_set(err, ERR_INVALID, "'%s' is neither a string nor a number", name);
	if (id->len > PAYLOAD_ID_BYTES_MAX)
		return err_set(err, ERR_INVALID, "'%s' is longer than %d bytes", name, PAYLOAD_ID_BYTES_MAX);
	return true;
}

static bool check_data(const struct envelope *envelope, bool cloudevent, struct err *err)
{
	struct str data = value_of(envelope, "data");
	struct str version = value_of(envelope, "specversion");

	if (cloudevent && !str_starts(version, STR("\"1.")))
		return err_set(err, ERR_INVALID, "'specversion' is not 1.0");
	if (data.len && data.p[0] != '{')
		return err_set(err, ERR_INVALID, "'data' is not an object");
	if (data.len == 0 && !cloudevent)
		return err_set(err, ERR_INVALID, "'data' is missing");
	return true;
}

static bool read_message(struct str text, bool cloudevent, struct str webhook_id, size_t place,
			 struct arena *arena, struct platform_message *out, struct err *err)
{
	struct envelope envelope;
	struct str id, source;

	if (!json_scan(text, envelope.member, ENVELOPE_MEMBERS_MAX, &envelope.n, NULL, err))
		return err_wrap(err, "the body is not JSON");
	if (str_trim(text).p[0] != '{')
		return err_set(err, ERR_INVALID, "it is not a JSON object");
	if (!read_type(&envelope, cloudevent, arena, &out->topic, err) ||
	    !check_data(&envelope, cloudevent, err) || !read_id(&envelope, "id", arena, &id, err) ||
	    !read_id(&envelope, "source", arena, &source, err))
		return false;
	if (id.len)
		out->source_id = id;
	else
		out->source_id =
			place ? arena_printf(arena, "%.*s:%zu", STR_ARG(webhook_id), place) : webhook_id;
	out->key =
		digest16_of((struct str[]){ id.len ? STR("id") : STR("webhook"), source, out->source_id }, 3);
	out->slot = out->key;
	out->body = text;
	return true;
}

bool generic_identify(const struct platform_store *store, const struct platform_request *request,
		      size_t max_n, struct arena *arena, struct platform_message **message, size_t *n,
		      struct err *err)
{
	struct str webhook_id = request->header(request->from, "webhook-id");
	struct split split = { .max_n = max_n };
	struct platform_message *found;
	struct err problem = { 0 };

	(void)store;
	if (!generic_webhook_id_fits(webhook_id)) /* verify refuses it too, but is not always asked before */
		return err_set(err, ERR_INVALID, "webhook-id is no id");
	if (!split_body(&split, request, arena, &problem))
		return err_set(err, problem.code, "%s", problem.msg);
	if (split.n == 0)
		return err_set(err, ERR_INVALID, "there is no message in it");
	if (split.n > max_n)
		return err_set(err, ERR_TOO_LARGE, "more than %zu messages", max_n);
	found = ARENA_ARRAY(arena, split.n, struct platform_message);
	for (size_t i = 0; i < split.n; i++) {
		size_t place = split.n > 1 ? i + 1 : 0;

		if (read_message(split.text[i], split.cloudevent, webhook_id, place, arena, &found[i], err))
			continue;
		return split.counted ? err_wrap(err, "message %zu", i + 1) : false;
	}
	*message = found;
	*n = split.n;
	return true;
}
