/*
 * A message of our own as history.
 *
 * Does:    orders and consent are marked historical; what says nothing of its time gets the lowest sequence.
 * Doesn't: build trees: the text is scanned, and what is missing is put between its bytes.
 * Keeps:   what would count as of now for want of a time is refused, where that would be harm.
 * Pure.
 */
#include "import/import.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/json.h"

#include <string.h>

#define MEMBERS_MAX	64
#define TOPIC_BYTES_MAX 200

struct scanned {
	struct json_member member[MEMBERS_MAX];
	size_t n;
};

static struct str value_of(const struct scanned *scanned, const char *names)
{
	struct str rest = str_from(names), one;

	while (str_split(&rest, '|', &one))
		for (size_t i = 0; i < scanned->n; i++)
			if (str_eq(scanned->member[i].name, one) &&
			    !str_eq(scanned->member[i].value, STR("null")))
				return scanned->member[i].value;
	return STR("");
}

/* What a type needs: a time of its own in data, or one of the envelope. */
static const struct {
	const char *prefix;
	const char *times; /* members of data that tell it; NULL: no time is needed */
	bool marked;	   /* has the member historical */
} rules[] = {
	{ "order.",
	  "placed_at|created_at|paid_at|fulfilled_at|cancelled_at|refunded_at|updated_at|payment|shipment|"
	  "fulfillment|"
	  "refund",
	  true },
	{ "consent.", "consented_at|occurred_at", true },
	{ "storefront.", "", false },
	{ "customer.", NULL, false },
	{ "product.", NULL, false },
	{ "variant.", NULL, false },
	{ "category.", NULL, false },
	{ "price.", NULL, false },
	{ "stock.", NULL, false },
};

static int rule_of(struct str topic)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (str_starts(topic, str_from(rules[i].prefix)))
			return (int)i;
	return -1;
}

static bool check(int rule, const struct scanned *envelope, const struct scanned *data, int64_t now_ms,
		  struct arena *arena, bool *timed, struct err *err)
{
	struct str time = value_of(envelope, "occurred_at|timestamp|time"), text;
	int64_t at_ms = 0;

	if (time.len && (!json_unquote(time, arena, &text) || !time_parse_rfc3339(text, &at_ms)))
		return err_set(err, ERR_INVALID, "its time is not as RFC 3339 has it");
	if (at_ms > now_ms + MS_PER_DAY)
		return err_set(err, ERR_INVALID, "its time has not come yet");
	*timed = at_ms != 0 || value_of(envelope, "sequence").len > 0;
	if (rules[rule].times && at_ms == 0 && value_of(data, rules[rule].times).len == 0)
		return err_set(err, ERR_INVALID,
			       "it does not say when that was: history needs its own times");
	return true;
}

struct edit {
	struct str text;
	struct strbuf out;
	const char *done; /* copied up to here */
};

/* Copies up to `at`, puts text there, and goes on behind `skip` bytes. */
static void splice(struct edit *edit, const char *at, struct str text, size_t skip)
{
	strbuf_add(&edit->out, edit->done, (size_t)(at - edit->done));
	strbuf_add_str(&edit->out, text);
	edit->done = at + skip;
}

static void mark(struct edit *edit, struct str data, const struct scanned *members)
{
	struct str there = value_of(members, "historical");

	if (there.len)
		splice(edit, there.p, STR("true"), there.len);
	else
		splice(edit, data.p + 1,
		       members->n ? STR("\"historical\":true,") : STR("\"historical\":true"), 0);
}

static bool read_envelope(struct str text, struct arena *arena, struct scanned *envelope,
			  struct scanned *data, struct str *topic, struct str *object, struct err *err)
{
	if (!json_scan(text, envelope->member, MEMBERS_MAX, &envelope->n, NULL, err))
		return false;
	if (text.p[0] != '{')
		return err_set(err, ERR_INVALID, "it is no JSON object");
	if (!json_unquote(value_of(envelope, "type"), arena, topic) || topic->len == 0 ||
	    topic->len > TOPIC_BYTES_MAX)
		return err_set(err, ERR_INVALID, "'type' is missing or no text of 1 to %d bytes",
			       TOPIC_BYTES_MAX);
	*object = value_of(envelope, "data");
	if (object->len == 0 || object->p[0] != '{')
		return err_set(err, ERR_INVALID, "'data' is missing or no object");
	return json_scan(*object, data->member, MEMBERS_MAX, &data->n, NULL, err);
}

bool import_historical(struct str text, int64_t now_ms, struct arena *arena, struct import_message *out,
		       struct err *err)
{
	struct scanned *envelope = ARENA_NEW(arena, struct scanned), *data = ARENA_NEW(arena, struct scanned);
	struct edit edit = { .text = str_trim(text) };
	struct str object;
	bool timed = false;
	int rule;

	if (!read_envelope(edit.text, arena, envelope, data, &out->topic, &object, err))
		return false;
	rule = rule_of(out->topic);
	if (rule < 0)
		return err_set(err, ERR_INVALID, "'%.*s' is no type that can be history",
			       STR_ARG(out->topic));
	if (!check(rule, envelope, data, now_ms, arena, &timed, err))
		return false;
	strbuf_init(&edit.out, edit.text.len + 256);
	edit.done = edit.text.p;
	if (!timed)
		splice(&edit, edit.text.p + 1, STR("\"sequence\":1,"), 0);
	if (rules[rule].marked)
		mark(&edit, object, data);
	splice(&edit, edit.text.p + edit.text.len, STR(""), 0);
	out->body = arena_dup(arena, strbuf_str(&edit.out));
	strbuf_release(&edit.out);
	return true;
}
