/*
 * Setting table: the rows of setting_table.h as data, lookup by key, and the check of a value by its row.
 *
 * Doesn't: store anything (settings_change.c) or know what a setting is good for.
 * Keeps:   a message about a refused value never repeats the value.
 * Threads: any; all is pure.
 */
#include "settings/settings.h"

#include "base/strbuf.h"
#include "base/utf8.h"
#include "model/metric.h"
#include "model/schedule.h"
#include "net/url.h"

#define URL_BYTES_MAX	  300
#define ALLOWED_BYTES_MAX 400

#define IS_SHARED(type, traits) \
	(((traits)&SETTING_ALONE) == 0 && (type) != SETTING_URL && (type) != SETTING_TEMPLATE && \
	 (type) != SETTING_SECRET)

static const struct setting_row rows[SETTING_COUNT] = {
#define SETTING_ROW(k, s, t, d, lo, hi, c, w, h) \
	[SETTING_KEY_##k] = { .key = #k, \
			      .scope = SETTING_##s, \
			      .type = SETTING_##t, \
			      .otherwise = (d), \
			      .min = (lo), \
			      .max = (hi), \
			      .choices = (c), \
			      .sweep = ((w)&SETTING_SWEEP) != 0, \
			      .shared = IS_SHARED(SETTING_##t, w), \
			      .help = (h) },
	SETTINGS(SETTING_ROW)
#undef SETTING_ROW
};

const struct setting_row *setting_row(enum setting setting)
{
	return &rows[setting];
}

bool setting_find(struct str key, enum setting_scope scope, enum setting *out)
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		bool here = scope == SETTING_INSTALLATION ? rows[i].shared : rows[i].scope == scope;

		if (here && str_eq(key, str_from(rows[i].key))) {
			*out = (enum setting)i;
			return true;
		}
	}
	return false;
}

const char *setting_source_text(enum setting_source from)
{
	static const char *const text[] = {
		[SETTING_FROM_TABLE] = "default",
		[SETTING_FROM_INSTALLATION] = "installation",
		[SETTING_FROM_OWN] = "own",
	};

	return text[from];
}

enum setting_source setting_source_of(enum setting_scope scope)
{
	return scope == SETTING_INSTALLATION ? SETTING_FROM_INSTALLATION : SETTING_FROM_OWN;
}

const char *setting_type_text(enum setting_type type)
{
	switch (type) {
	case SETTING_TEXT:
		return "text";
	case SETTING_BOOL:
		return "true or false";
	case SETTING_INT:
		return "whole number";
	case SETTING_CHOICE:
		return "choice";
	case SETTING_URL:
		return "URL";
	case SETTING_TEMPLATE:
		return "URL with placeholders";
	case SETTING_HEADER:
		return "header name";
	case SETTING_SWITCHES:
		return "metrics on or off";
	case SETTING_WINDOWS:
		return "hours of metrics";
	case SETTING_PAIRS:
		return "list of a=b";
	case SETTING_SCHEDULES:
		return "schedules";
	case SETTING_SECRET:
		return "secret";
	}
	return "";
}

/* "a|b|c" -> "a, b or c", each between before and after. */
static void add_choices(const char *choices, const char *before, const char *after, struct strbuf *out)
{
	struct str rest = str_from(choices), part;
	bool first = true;

	while (str_split(&rest, '|', &part)) {
		strbuf_add_text(out, first ? "" : rest.len ? ", " : " or ");
		strbuf_addf(out, "%s%.*s%s", before, STR_ARG(part), after);
		first = false;
	}
}

struct str setting_allowed(enum setting setting, struct arena *arena)
{
	const struct setting_row *row = &rows[setting];
	struct strbuf text;
	struct str out;

	strbuf_init(&text, ALLOWED_BYTES_MAX);
	switch (row->type) {
	case SETTING_TEXT:
		strbuf_addf(&text, "text of at most %lld bytes", (long long)row->max);
		break;
	case SETTING_BOOL:
		strbuf_add_text(&text, "true or false");
		break;
	case SETTING_INT:
		strbuf_addf(&text, "a whole number from %lld to %lld", (long long)row->min,
			    (long long)row->max);
		break;
	case SETTING_CHOICE:
		add_choices(row->choices, "", "", &text);
		break;
	case SETTING_URL:
		strbuf_add_text(&text, "an http or https URL");
		break;
	case SETTING_TEMPLATE:
		strbuf_add_text(&text,
				row->choices[0] ? "an http or https URL with " : "an http or https URL");
		add_choices(row->choices, "{", "}", &text);
		break;
	case SETTING_HEADER:
		strbuf_add_text(&text, "the name of an HTTP header");
		break;
	case SETTING_SWITCHES:
		strbuf_add_text(&text,
				"a list like viewed_product=off,shipped_order=on with keys of metrics");
		break;
	case SETTING_WINDOWS:
		strbuf_addf(&text,
			    "a list like started_checkout=2, placed_order=48 with keys of metrics and hours "
			    "from 0 to %d",
			    METRIC_WINDOW_H_MAX);
		break;
	case SETTING_PAIRS:
		strbuf_addf(&text, "a list like a=b, c=d of at most %lld bytes", (long long)row->max);
		break;
	case SETTING_SCHEDULES:
		strbuf_add_text(&text, "a preset (zoey, realtime), or a list like events=every 5 min, "
				       "products=03:00 Europe/Vienna, reconcile=Sun 05:00 UTC");
		break;
	case SETTING_SECRET:
		strbuf_addf(&text, "the name of a file with a secret of %lld to %lld bytes",
			    (long long)row->min, (long long)row->max);
		break;
	}
	out = arena_dup(arena, strbuf_str(&text));
	strbuf_release(&text);
	return out;
}

static bool has_control(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f)
			return true;
	return false;
}

static bool is_choice(const char *choices, struct str value)
{
	struct str rest = str_from(choices), part;

	while (str_split(&rest, '|', &part))
		if (str_eq(part, value))
			return true;
	return false;
}

static bool parse_bool(struct str value, struct str *out)
{
	static const struct {
		const char *word;
		bool means;
	} words[] = { { "true", true },	  { "on", true },   { "yes", true }, { "1", true },
		      { "false", false }, { "off", false }, { "no", false }, { "0", false } };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (str_eq_nocase(value, str_from(words[i].word))) {
			*out = words[i].means ? STR("true") : STR("false");
			return true;
		}
	}
	return false;
}

static bool parse_int(const struct setting_row *row, struct str value, struct arena *arena, struct str *out)
{
	int64_t number;

	if (!str_to_int64(value, &number) || number < row->min || number > row->max)
		return false;
	*out = arena_printf(arena, "%lld", (long long)number);
	return true;
}

/* A base URL: without a slash at its end, so that paths can be put behind it. */
static bool parse_url(struct str value, struct arena *arena, struct str *out)
{
	struct url url;
	struct err why;

	while (str_ends(value, STR("/")))
		value.len--;
	if (value.len > URL_BYTES_MAX || str_find_char(value, '?') < value.len ||
	    str_find_char(value, '#') < value.len || !url_parse(value, &url, &why))
		return false;
	*out = arena_dup(arena, value);
	return true;
}

static bool is_template(const struct setting_row *row, struct str value)
{
	if (!str_starts(value, STR("https://")) && !str_starts(value, STR("http://")))
		return false;
	while (value.len) {
		size_t open = str_find_char(value, '{'), close = str_find_char(value, '}');

		if (open == value.len)
			return close == value.len;
		if (close < open || close == value.len ||
		    !is_choice(row->choices, str_of(value.p + open + 1, close - open - 1)))
			return false;
		value = str_skip(value, close + 1);
	}
	return true;
}

/* RFC 9110, token. */
static bool is_header_name(struct str value)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!letter && str_find_char(STR(others), c) == sizeof(others) - 1)
			return false;
	}
	return true;
}

/* Each part between commas is NAME=VALUE; fits judges both. */
static bool all_pairs(struct str value, bool (*fits)(struct str name, struct str value))
{
	struct str part;

	while (str_split(&value, ',', &part)) {
		size_t at = str_find_char(part, '=');
		struct str name = str_trim(str_of(part.p, at < part.len ? at : part.len));

		if (at == part.len || name.len == 0 || !fits(name, str_trim(str_skip(part, at + 1))))
			return false;
	}
	return true;
}

static bool any_pair(struct str name, struct str value)
{
	return name.len > 0 && value.len > 0;
}

static bool is_switch(struct str name, struct str value)
{
	if (!str_eq(value, STR("on")) && !str_eq(value, STR("off")))
		return false;
	for (enum metric metric = 0; metric < METRIC_COUNT; metric++)
		if (str_eq(name, str_from(metric_row(metric)->key)))
			return true;
	return false;
}

static bool parse_schedules(const struct setting_row *row, struct str value, struct arena *arena,
			    struct err *err)
{
	struct schedules schedules;

	schedules_init(&schedules);
	return value.len <= (size_t)row->max && schedules_read(value, arena, &schedules, err);
}

static bool parse_by_type(const struct setting_row *row, struct str value, struct arena *arena,
			  struct str *out, struct err *why)
{
	*out = value;
	switch (row->type) {
	case SETTING_TEXT:
		return value.len <= (size_t)row->max;
	case SETTING_BOOL:
		return parse_bool(value, out);
	case SETTING_INT:
		return parse_int(row, value, arena, out);
	case SETTING_CHOICE:
		return is_choice(row->choices, value);
	case SETTING_URL:
		return parse_url(value, arena, out);
	case SETTING_TEMPLATE:
		return value.len <= (size_t)row->max && (value.len == 0 || is_template(row, value));
	case SETTING_HEADER:
		return value.len <= (size_t)row->max && is_header_name(value);
	case SETTING_SWITCHES:
		return value.len <= (size_t)row->max && all_pairs(value, is_switch);
	case SETTING_WINDOWS:
		return value.len <= (size_t)row->max &&
		       metric_windows_read(value, &(struct metric_windows){ 0 });
	case SETTING_PAIRS:
		return value.len <= (size_t)row->max && all_pairs(value, any_pair);
	case SETTING_SCHEDULES:
		return parse_schedules(row, value, arena, why);
	case SETTING_SECRET:
		return value.len == 0 || (value.len >= (size_t)row->min && value.len <= (size_t)row->max);
	}
	return false;
}

bool setting_parse(enum setting setting, struct str value, struct arena *arena, struct str *out,
		   struct err *err)
{
	struct str parsed;
	struct err why = { 0 };

	value = str_trim(value);
	if (has_control(value) || !utf8_valid(value) ||
	    !parse_by_type(&rows[setting], value, arena, &parsed, &why)) {
		if (why.code != ERR_NONE)
			return err_set(err, ERR_INVALID, "%s: %s", rows[setting].key, why.msg);
		return err_set(err, ERR_INVALID, "%s must be %.*s", rows[setting].key,
			       STR_ARG(setting_allowed(setting, arena)));
	}
	*out = arena_dup(arena, parsed);
	return true;
}

bool setting_wanted(enum setting setting, struct str text, const struct setting_state *now,
		    struct arena *arena, struct setting_state *after, struct err *err)
{
	text = str_trim(text);
	*after = (struct setting_state){ .value = now->below, .below = now->below };
	if (text.len == 0)
		return true;
	if (str_eq(text, STR(SETTING_EMPTY)))
		text = STR("");
	if (!setting_parse(setting, text, arena, &after->value, err))
		return false;
	after->own = !str_eq(after->value, now->below) || (now->own && str_eq(after->value, now->value));
	return true;
}

struct str setting_shown(enum setting setting, struct str value)
{
	return rows[setting].type == SETTING_SECRET && value.len > 0 ? STR("(set)") : value;
}

struct str setting_text(const struct str value[static SETTING_COUNT], enum setting setting)
{
	return value[setting];
}

int64_t setting_int(const struct str value[static SETTING_COUNT], enum setting setting)
{
	int64_t number = 0;

	if (!str_to_int64(value[setting], &number))
		(void)str_to_int64(str_from(rows[setting].otherwise), &number);
	return number;
}

bool setting_bool(const struct str value[static SETTING_COUNT], enum setting setting)
{
	return str_eq(value[setting], STR("true"));
}
