/*
 * The rules of single values in request bodies.
 *
 * Does:    says what is wrong with a text, a number, or an object whose members are free.
 * Keeps:   recursion into free objects ends SHAPE_TREE_DEPTH_MAX deep.
 * Threads: pure.
 *
 * Limits of properties, strings, lists and e-mail addresses: Klaviyo's overviews of the Events and
 * Profiles API.
 */
#include "sandbox/shape.h"

#include "base/clock.h"

bool shape_catalog_id(struct str text, struct str *external_id)
{
	static const char prefix[] = "$custom:::$default:::";

	if (!str_starts(text, STR(prefix)) || text.len == sizeof(prefix) - 1)
		return false;
	*external_id = str_skip(text, sizeof(prefix) - 1);
	return true;
}

static bool is_number(enum json_type type)
{
	return type == JSON_INTEGER || type == JSON_REAL;
}

static bool word_allowed(const char *words, struct str text)
{
	struct str rest = str_from(words), word;

	while (str_split(&rest, '|', &word))
		if (str_eq(word, text))
			return true;
	return false;
}

static const char *check_text(const struct shape_field *field, const struct json *value, struct arena *arena)
{
	struct str text = json_text(value);
	struct str external_id;

	if (json_type(value) != JSON_STRING)
		return "Invalid input. A string is expected.";
	if (field->only && !word_allowed(field->only, text))
		return arena_printf(arena, "Invalid input. The only value allowed is '%s'.", field->only).p;
	if (field->high > 0 && text.len > (size_t)field->high)
		return arena_printf(arena, "Invalid input. At most %lld characters are allowed.",
				    (long long)field->high)
			.p;
	if (field->type == SHAPE_NAME && str_trim(text).len == 0)
		return "Invalid input. The value may not be blank.";
	if (field->type == SHAPE_ID && !shape_catalog_id(text, &external_id))
		return "Invalid input. An id of the form '$custom:::$default:::{external_id}' is expected.";
	return NULL;
}

static const char *check_integer(const struct shape_field *field, const struct json *value,
				 struct arena *arena)
{
	double number = json_number(value);

	if (json_type(value) != JSON_INTEGER)
		return "Invalid input. An integer is expected.";
	if (number < (double)field->low || number > (double)field->high)
		return arena_printf(arena, "Invalid input. A value from %lld to %lld is expected.",
				    (long long)field->low, (long long)field->high)
			.p;
	return NULL;
}

static const char *check_flat(const struct json *value)
{
	struct strbuf text;
	bool too_large;

	if (json_type(value) != JSON_OBJECT)
		return "Invalid input. An object is expected.";
	for (void *it = json_first(value); it; it = json_next(value, it)) {
		enum json_type type = json_type(json_member_value(it));

		if (type == JSON_OBJECT || type == JSON_ARRAY)
			return "Invalid input. The object must be flat: no objects or lists inside.";
	}
	strbuf_init(&text, SHAPE_FLAT_BYTES_MAX);
	json_write(value, false, &text);
	too_large = text.overflow;
	strbuf_release(&text);
	return too_large ? "Invalid input. The object may not exceed 100 KB." : NULL;
}

/* ---- free objects: properties ---- */

static const char *check_branch(const struct json *value, int depth)
{
	const char *fault = NULL;

	if (depth > SHAPE_TREE_DEPTH_MAX)
		return "Invalid input. Objects and lists may be nested at most 10 deep.";
	if (json_type(value) == JSON_STRING && json_text(value).len > SHAPE_TEXT_BYTES_MAX)
		return "Invalid input. A string may not exceed 100 KB.";
	if (json_type(value) == JSON_ARRAY && json_len(value) > SHAPE_ELEMENTS_MAX)
		return "Invalid input. A list may have at most 4000 elements.";
	for (size_t i = 0; json_type(value) == JSON_ARRAY && i < json_len(value) && !fault; i++)
		fault = check_branch(json_at(value, i), depth + 1);
	for (void *it = json_first(value); it && !fault; it = json_next(value, it))
		fault = check_branch(json_member_value(it), depth + 1);
	return fault;
}

static const char *check_tree(const struct shape_field *field, const struct json *value, struct arena *arena)
{
	if (json_type(value) != JSON_OBJECT)
		return "Invalid input. An object is expected.";
	if (field->high > 0 && json_len(value) > (size_t)field->high)
		return arena_printf(arena, "Invalid input. At most %lld properties are allowed.",
				    (long long)field->high)
			.p;
	return check_branch(value, 0);
}

static bool is_text_or_texts(const struct json *value)
{
	if (json_type(value) == JSON_STRING)
		return true;
	for (size_t i = 0; i < json_len(value); i++)
		if (json_type(json_at(value, i)) != JSON_STRING)
			return false;
	return json_type(value) == JSON_ARRAY;
}

/* ---- texts of a form ---- */

static size_t count_digits(struct str text)
{
	size_t n = 0;

	while (n < text.len && text.p[n] >= '0' && text.p[n] <= '9')
		n++;
	return n;
}

/* E.164: a plus, and 8 to 15 digits of which the first is none. */
static bool is_phone(struct str text)
{
	struct str digits = str_skip(text, 1);

	return text.len > 0 && text.p[0] == '+' && digits.len >= 8 && digits.len <= 15 &&
	       digits.p[0] != '0' && count_digits(digits) == digits.len;
}

static bool is_email(struct str text)
{
	size_t at = str_find_char(text, '@');
	struct str domain = str_skip(text, at + 1);
	size_t dot = str_find_char(domain, '.');

	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f || text.p[i] == ',' ||
		    text.p[i] == ';')
			return false;
	return text.len < SHAPE_EMAIL_BYTES_MAX && at > 0 && at <= 64 && at < text.len && dot > 0 &&
	       dot + 1 < domain.len && domain.p[domain.len - 1] != '.' &&
	       str_find_char(domain, '@') == domain.len;
}

static bool is_date(struct str text)
{
	int64_t month, day;

	return text.len == 10 && count_digits(text) == 4 && text.p[4] == '-' && text.p[7] == '-' &&
	       str_to_int64(str_of(text.p + 5, 2), &month) && str_to_int64(str_of(text.p + 8, 2), &day) &&
	       month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static bool is_currency(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] < 'A' || text.p[i] > 'Z')
			return false;
	return text.len == 3;
}

static const char *check_form(const struct shape_field *field, const struct json *value)
{
	struct str text = json_text(value);
	int64_t time_ms;

	if (json_type(value) != JSON_STRING)
		return "Invalid input. A string is expected.";
	if (field->type == SHAPE_TIME && !time_parse_rfc3339(text, &time_ms))
		return "Invalid input. A date-time as '2026-07-15T12:30:00+00:00' is expected.";
	if (field->type == SHAPE_DATE && !is_date(text))
		return "Invalid input. A date as '2026-07-15' is expected.";
	if (field->type == SHAPE_EMAIL && !is_email(text))
		return "Invalid email address";
	if (field->type == SHAPE_PHONE && !is_phone(text))
		return "Invalid phone number format (Example of a valid format: +12345678901)";
	if (field->type == SHAPE_CURRENCY && !is_currency(text))
		return "Invalid input. An ISO 4217 currency code is expected.";
	return NULL;
}

const char *shape_value_fault(const struct shape_field *field, const struct json *value, struct arena *arena)
{
	enum json_type type = json_type(value);

	switch (field->type) {
	case SHAPE_TEXT:
	case SHAPE_NAME:
	case SHAPE_ID:
		return check_text(field, value, arena);
	case SHAPE_NUMBER:
		return is_number(type) ? NULL : "Invalid input. A number is expected.";
	case SHAPE_INTEGER:
		return check_integer(field, value, arena);
	case SHAPE_BOOL:
		return type == JSON_TRUE || type == JSON_FALSE ? NULL
							       : "Invalid input. A boolean is expected.";
	case SHAPE_FLAT:
		return check_flat(value);
	case SHAPE_TREE:
		return check_tree(field, value, arena);
	case SHAPE_TEXT_OR_NUMBER:
		return type == JSON_STRING || is_number(type)
			       ? NULL
			       : "Invalid input. A string or number is expected.";
	case SHAPE_TEXT_OR_TEXTS:
		return is_text_or_texts(value) ? NULL
					       : "Invalid input. A string or a list of strings is expected.";
	case SHAPE_TIME:
	case SHAPE_DATE:
	case SHAPE_EMAIL:
	case SHAPE_PHONE:
	case SHAPE_CURRENCY:
		return check_form(field, value);
	case SHAPE_TEXTS:
	case SHAPE_OBJECT:
	case SHAPE_LIST:
		return NULL;
	}
	return NULL;
}
