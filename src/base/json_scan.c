/*
 * JSON checking in one pass, without a tree: the strength the ingest path can afford.
 *
 * Does:    accept exactly what json_parse accepts, but for repeated names and the range of numbers; point at
 *          the members of the outermost object or the elements of the outermost array.
 * Doesn't: allocate (json_scan), recurse, or look at a byte twice; line and column are counted only after a
 * failure.
 * Keeps:   every skip_* function takes the first byte of what it skips (or the one behind an opening quote,
 *          where it says so) and returns the byte behind it, or NULL with the problem noted in the scanner.
 * Source:  RFC 8259; UTF-8 from base/utf8.
 */
#include "base/json.h"

#include "base/json_internal.h"
#include "base/utf8.h"

#include <string.h>

struct scanner {
	const char *end;
	const char *failed_at;
	const char *problem; /* what failed_at does not begin or continue */
};

static const char *fail(struct scanner *scanner, const char *at, const char *problem)
{
	scanner->failed_at = at;
	scanner->problem = problem;
	return NULL;
}

/* ---- strings ---- */

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/*
 * The high bit of the lowest byte of word that is a quote, a backslash, a control byte or not ASCII; bits of
 * higher bytes may be set falsely (borrows run upwards), so only the lowest set bit means something.
 */
static uint64_t special_bytes(uint64_t word)
{
	uint64_t control = word - EACH_BYTE(0x20);
	uint64_t quote = (word ^ EACH_BYTE('"')) - EACH_BYTE(1);
	uint64_t backslash = (word ^ EACH_BYTE('\\')) - EACH_BYTE(1);

	return (control | quote | backslash | word) & EACH_BYTE(0x80);
}

const char *json_skip_plain(const char *at, const char *end)
{
	while (end - at >= 8) {
		uint64_t word, special;

		memcpy(&word, at, sizeof(word));
		special = special_bytes(word);
		if (special)
			return at + __builtin_ctzll(special) / 8;
		at += sizeof(word);
	}
	while (at < end && is_plain((unsigned char)*at))
		at++;
	return at;
}
#else
const char *json_skip_plain(const char *at, const char *end)
{
	while (at < end && is_plain((unsigned char)*at))
		at++;
	return at;
}
#endif

static bool is_short_escape(char letter)
{
	return letter && strchr("\"\\/bfnrt", letter);
}

static const char *skip_escape(struct scanner *scanner, const char *at)
{
	size_t len;

	if (scanner->end - at < 2)
		return fail(scanner, scanner->end, "a string does not end");
	if (at[1] != 'u')
		return is_short_escape(at[1]) ? at + 2 : fail(scanner, at, "there is no such escape");
	/* U+0000 is refused because no C string can hold it. */
	if (json_unicode_escape(at, scanner->end, &len) <= 0)
		return fail(scanner, at, "an escape is not a character");
	return at + len;
}

/* at is behind the opening quote. */
static const char *skip_string(struct scanner *scanner, const char *at)
{
	for (;;) {
		size_t len;

		at = json_skip_plain(at, scanner->end);
		if (at == scanner->end)
			return fail(scanner, at, "a string does not end");
		if (*at == '"')
			return at + 1;
		if (*at == '\\') {
			at = skip_escape(scanner, at);
			if (!at)
				return NULL;
			continue;
		}
		len = (unsigned char)*at < 0x20 ? 0 : utf8_char_len(at, (size_t)(scanner->end - at));
		if (len == 0)
			return fail(scanner, at, "a string holds a control byte or is not UTF-8");
		at += len;
	}
}

/* ---- the rest of the grammar ---- */

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
		at++;
	return at;
}

static const char *skip_digits(const char *at, const char *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

static const char *skip_number(struct scanner *scanner, const char *at)
{
	const char *end = scanner->end, *digits;

	if (*at == '-')
		at++;
	digits = at;
	at = at < end && *at == '0' ? at + 1 : skip_digits(at, end);
	if (at == digits)
		return fail(scanner, at, "a digit is missing");
	if (at < end && *at == '.') {
		digits = ++at;
		at = skip_digits(at, end);
		if (at == digits)
			return fail(scanner, at, "a digit is missing");
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		digits = at;
		at = skip_digits(at, end);
		if (at == digits)
			return fail(scanner, at, "a digit is missing");
	}
	return at;
}

static const char *skip_word(struct scanner *scanner, const char *at, struct str word)
{
	if ((size_t)(scanner->end - at) < word.len || memcmp(at, word.p, word.len) != 0)
		return fail(scanner, at, "a value is missing");
	return at + word.len;
}

static const char *skip_scalar(struct scanner *scanner, const char *at)
{
	switch (*at) {
	case '"':
		return skip_string(scanner, at + 1);
	case 't':
		return skip_word(scanner, at, STR("true"));
	case 'f':
		return skip_word(scanner, at, STR("false"));
	case 'n':
		return skip_word(scanner, at, STR("null"));
	default:
		if (*at != '-' && (*at < '0' || *at > '9'))
			return fail(scanner, at, "a value is missing");
		return skip_number(scanner, at);
	}
}

/* A member's name (space before it skipped), the colon, and the space behind it; *name without its quotes. */
static const char *skip_name(struct scanner *scanner, const char *at, struct str *name)
{
	const char *start = at + 1;

	if (at == scanner->end || *at != '"')
		return fail(scanner, at, "a member name is missing");
	at = skip_string(scanner, start);
	if (!at)
		return NULL;
	*name = str_of(start, (size_t)(at - 1 - start));
	at = skip_space(at, scanner->end);
	if (at == scanner->end || *at != ':')
		return fail(scanner, at, "a colon is missing");
	return skip_space(at + 1, scanner->end);
}

/*
 * The comma (and space, and in an object the next name) or the closing bracket that must follow an element;
 * *closed says which.
 */
static const char *skip_separator(struct scanner *scanner, const char *at, bool in_object,
				  struct str *name, bool *closed)
{
	at = skip_space(at, scanner->end);
	*closed = at < scanner->end && *at == (in_object ? '}' : ']');
	if (*closed)
		return at + 1;
	if (at == scanner->end || *at != ',')
		return fail(scanner, at, "a comma or a closing bracket is missing");
	at = skip_space(at + 1, scanner->end);
	return in_object ? skip_name(scanner, at, name) : at;
}

/* Behind an opening bracket: space, and the closing bracket (*closed) or, in an object, the first name. */
static const char *skip_opening(struct scanner *scanner, const char *at, bool in_object,
				  struct str *name, bool *closed)
{
	at = skip_space(at, scanner->end);
	*closed = at < scanner->end && *at == (in_object ? '}' : ']');
	if (*closed)
		return at + 1;
	return in_object ? skip_name(scanner, at, name) : at;
}

/* One value of any kind, which stands inside depth others. */
static const char *skip_value(struct scanner *scanner, const char *at, unsigned depth)
{
	uint64_t in_object = 0; /* one bit per open bracket, innermost lowest: JSON_DEPTH_MAX fits */
	unsigned open = 0;
	struct str name;
	bool closed;

	for (;;) {
		if (at == scanner->end)
			return fail(scanner, at, "a value is missing");
		if (*at != '{' && *at != '[') {
			closed = true;
			at = skip_scalar(scanner, at);
		} else if (depth + open == JSON_DEPTH_MAX) {
			return fail(scanner, at, "brackets are too deep");
		} else {
			in_object = in_object << 1 | (*at == '{');
			open++;
			at = skip_opening(scanner, at + 1, in_object & 1, &name, &closed);
			open -= closed;
			in_object >>= closed;
		}
		while (at && closed) {
			if (open == 0)
				return at;
			at = skip_separator(scanner, at, in_object & 1, &name, &closed);
			open -= closed;
			in_object >>= closed;
		}
		if (!at)
			return NULL;
	}
}

/* ---- the outermost value ---- */

static struct scanner start(struct str *text)
{
	if (!text->p)
		*text = STR("");
	return (struct scanner){ .end = text->p + text->len };
}

/* Behind the outermost value there may be only space. at may be NULL. */
static const char *skip_rest(struct scanner *scanner, const char *at)
{
	if (at)
		at = skip_space(at, scanner->end);
	if (at && at < scanner->end)
		return fail(scanner, at, "something follows the value");
	return at;
}

static bool report(const struct scanner *scanner, struct str text, struct json_position *position,
		   struct err *err)
{
	struct json_position at = { .line = 1, .column = 1 };

	at.offset = (size_t)(scanner->failed_at - text.p);
	for (size_t i = 0; i < at.offset; i++) {
		at.column++;
		if (text.p[i] == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	if (position)
		*position = at;
	return err_set(err, ERR_INVALID, "line %zu, column %zu: %s", at.line, at.column,
		       scanner->problem);
}

static const char *skip_members(struct scanner *scanner, const char *at, struct json_member *member,
				size_t max, size_t *n)
{
	struct str name = { 0 };
	bool closed;

	at = skip_opening(scanner, at + 1, true, &name, &closed);
	while (at && !closed) {
		const char *value = at;
		struct str value_name = name;

		at = skip_value(scanner, at, 1);
		if (!at)
			break;
		if (*n < max) {
			member[*n].name = value_name;
			member[(*n)++].value = str_of(value, (size_t)(at - value));
		}
		at = skip_separator(scanner, at, true, &name, &closed);
	}
	return at;
}

bool json_scan(struct str text, struct json_member *member, size_t max, size_t *n,
	       struct json_position *position, struct err *err)
{
	struct scanner scanner = start(&text);
	const char *at = skip_space(text.p, scanner.end);
	size_t members = 0;

	if (at < scanner.end && *at == '{')
		at = skip_members(&scanner, at, member, max, &members);
	else
		at = skip_value(&scanner, at, 0);
	at = skip_rest(&scanner, at);
	if (!at)
		return report(&scanner, text, position, err);
	if (n)
		*n = members;
	return true;
}

struct elements {
	struct str *element;
	size_t n, capacity, max;
	bool too_many;
};

static bool add_element(struct elements *elements, struct arena *arena, struct str text)
{
	struct str *larger;

	if (elements->n == elements->max) {
		elements->too_many = true;
		return false;
	}
	if (elements->n == elements->capacity) {
		elements->capacity = elements->capacity ? elements->capacity * 2 : 16;
		larger = ARENA_ARRAY(arena, elements->capacity, struct str);
		if (elements->n)
			memcpy(larger, elements->element, elements->n * sizeof(*larger));
		elements->element = larger;
	}
	elements->element[elements->n++] = text;
	return true;
}

static const char *skip_elements(struct scanner *scanner, const char *at, struct elements *elements,
				 struct arena *arena)
{
	struct str name;
	bool closed;

	at = skip_opening(scanner, at + 1, false, &name, &closed);
	while (at && !closed) {
		const char *value = at;

		at = skip_value(scanner, at, 1);
		if (!at)
			break;
		if (!add_element(elements, arena, str_of(value, (size_t)(at - value))))
			return fail(scanner, value, "too many elements");
		at = skip_separator(scanner, at, false, &name, &closed);
	}
	return at;
}

bool json_scan_array(struct str text, size_t max, struct arena *arena, struct str **element, size_t *n,
		     struct json_position *position, struct err *err)
{
	struct scanner scanner = start(&text);
	struct elements elements = { .max = max };
	const char *at = skip_space(text.p, scanner.end);

	if (at < scanner.end && *at == '[')
		at = skip_elements(&scanner, at, &elements, arena);
	else
		at = fail(&scanner, at, "an array is missing");
	at = skip_rest(&scanner, at);
	if (!at) {
		(void)report(&scanner, text, position, err);
		return elements.too_many ? err_set(err, ERR_TOO_LARGE, "more than %zu elements", max) : false;
	}
	*element = elements.element;
	*n = elements.n;
	return true;
}
