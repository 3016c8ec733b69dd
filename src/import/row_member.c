/*
 * Members: a cell's text as a member of a message, by its column's type.
 *
 * Keeps:   what is open is closed: "billing.city" after "city" opens an object, "total" after it closes it.
 * Pure.
 */
#include "import/row_member.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"

#include <string.h>

static void comma(struct strbuf *out)
{
	if (out->len && out->p[out->len - 1] != '{' && out->p[out->len - 1] != '[')
		strbuf_add_char(out, ',');
}

void sink_close(struct sink *sink)
{
	if (sink->open.len)
		strbuf_add_char(sink->out, '}');
	sink->open = STR("");
}

/* "name": for a member "name" or "object.name". */
static void put_name(struct sink *sink, struct str member)
{
	size_t dot = str_find_char(member, '.');
	struct str object = dot < member.len ? str_of(member.p, dot) : STR("");

	if (!str_eq(object, sink->open)) {
		sink_close(sink);
		if (object.len) {
			comma(sink->out);
			strbuf_addf(sink->out, "\"%.*s\":{", STR_ARG(object));
			sink->open = object;
		}
	}
	comma(sink->out);
	json_write_text(object.len ? str_skip(member, dot + 1) : member, sink->out);
	strbuf_add_char(sink->out, ':');
}

void sink_put_text(struct sink *sink, struct str member, struct str text)
{
	if (text.len == 0)
		return;
	put_name(sink, member);
	json_write_text(text, sink->out);
}

void sink_put_false(struct sink *sink, struct str member)
{
	put_name(sink, member);
	strbuf_add_text(sink->out, "false");
}

static void put_list(struct sink *sink, struct str member, struct str text)
{
	size_t from = 0;

	put_name(sink, member);
	strbuf_add_char(sink->out, '[');
	for (size_t i = 0; i <= text.len; i++) {
		struct str one;

		if (i < text.len && !strchr(",;|", text.p[i]))
			continue;
		one = str_trim(str_of(text.p + from, i - from));
		from = i + 1;
		if (one.len == 0)
			continue;
		comma(sink->out);
		json_write_text(one, sink->out);
	}
	strbuf_add_char(sink->out, ']');
}

bool row_time(struct assembly *assembly, struct str column, struct str text, int64_t *at_ms)
{
	const struct row_rules *rules = assembly->rules;

	if (!value_time(text, rules->zone_ms, rules->days, at_ms)) {
		assembly_fail(assembly, column, "'%.*s' is no time, or one of two: say --dates dmy or mdy",
			      STR_ARG(utf8_cut(text, 60)));
		return false;
	}
	if (*at_ms > rules->options->now_ms + MS_PER_DAY) {
		assembly_fail(assembly, column, "'%.*s' has not come yet", STR_ARG(utf8_cut(text, 60)));
		return false;
	}
	return *at_ms != 0;
}

struct str row_time_text(int64_t at_ms, struct arena *arena)
{
	struct strbuf text;
	struct str out;

	strbuf_init(&text, 64);
	time_format_rfc3339(at_ms, &text);
	out = arena_dup(arena, strbuf_str(&text));
	strbuf_release(&text);
	return out;
}

static void put_amount(struct sink *sink, const struct column *column, struct str member, struct str text)
{
	struct assembly *assembly = sink->assembly;
	struct str amount;

	if (value_amount(text, assembly->rules->comma_decimal, assembly->arena, &amount))
		sink_put_text(sink, member, amount);
	else
		assembly_fail(assembly, column->header, "'%.*s' is no amount", STR_ARG(utf8_cut(text, 60)));
}

static void put_int(struct sink *sink, const struct column *column, struct str member, struct str text)
{
	struct assembly *assembly = sink->assembly;
	struct str amount = STR("");
	int64_t value = 0;
	bool ok;

	/* WooCommerce, of a variation that is stocked with its product. */
	if (str_eq(member, STR("stock")) && str_eq(text, STR("parent")))
		return;
	ok = value_amount(text, assembly->rules->comma_decimal, assembly->arena, &amount) &&
	     str_to_int64(str_of(amount.p, str_find_char(amount, '.')), &value);
	if (!ok) {
		assembly_fail(assembly, column->header, "'%.*s' is no whole number",
			      STR_ARG(utf8_cut(text, 60)));
		return;
	}
	put_name(sink, member);
	strbuf_addf(sink->out, "%lld", (long long)value);
}

static void put_bool(struct sink *sink, const struct column *column, struct str member, struct str text)
{
	bool value;

	if (!value_bool(text, &value)) {
		assembly_fail(sink->assembly, column->header, "'%.*s' is neither yes nor no",
			      STR_ARG(utf8_cut(text, 60)));
		return;
	}
	put_name(sink, member);
	strbuf_add_text(sink->out, value ? "true" : "false");
}

static bool is_date(struct str text)
{
	return text.len >= 10 && text.p[4] == '-' && text.p[7] == '-' && !str_starts(text, STR("0000"));
}

void sink_put_value(struct sink *sink, const struct column *column, struct str member, struct str text)
{
	int64_t at_ms;

	switch (column->row ? column->row->type : COLUMN_TEXT) {
	case COLUMN_PARENT:
		if (str_eq(text, STR("0")))
			return;
		sink_put_text(sink, member, text);
		return;
	case COLUMN_TEXT:
	case COLUMN_ID:
	case COLUMN_CODE:
		sink_put_text(sink, member, text);
		return;
	case COLUMN_DATE:
		if (is_date(text))
			sink_put_text(sink, member, str_of(text.p, 10));
		return;
	case COLUMN_AMOUNT:
		put_amount(sink, column, member, text);
		return;
	case COLUMN_INT:
		put_int(sink, column, member, text);
		return;
	case COLUMN_BOOL:
		put_bool(sink, column, member, text);
		return;
	case COLUMN_LIST:
		put_list(sink, member, text);
		return;
	case COLUMN_TIME:
		if (row_time(sink->assembly, column->header, text, &at_ms))
			sink_put_text(sink, member, row_time_text(at_ms, sink->assembly->arena));
		return;
	}
}
