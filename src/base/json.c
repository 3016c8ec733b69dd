/*
 * JSON trees: jansson's values behind base/json.h.
 *
 * Does:    parse strictly (json_scan first: it knows depth, NUL escapes and positions; json_build makes the
 *          tree; where it does not, jansson finds repeated names and numbers out of range), read, build.
 * Doesn't: write text (json_write.c). Messages never quote the document: it may hold personal data.
 * Keeps:   texts in a tree are UTF-8 without NUL, whatever the caller gave.
 * Threads: a tree belongs to one thread at a time.
 */
#include "base/json_jansson.h"

#include "base/alloc.h"
#include "base/json_internal.h"
#include "base/utf8.h"

#include <assert.h>
#include <string.h>

/* ---- parsing ---- */

static const char *problem_of(enum json_error_code code)
{
	if (code == json_error_duplicate_key)
		return "a member name is repeated";
	if (code == json_error_numeric_overflow)
		return "a number is out of range";
	return "not JSON";
}

bool json_parse(struct str text, struct json **out, struct err *err)
{
	json_error_t error;
	json_t *tree;

	if (!json_scan(text, NULL, 0, NULL, NULL, err))
		return false;
	tree = json_theirs(json_build(text));
	if (!tree)
		tree = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!tree)
		return err_set(err, ERR_INVALID, "line %d, column %d: %s", error.line, error.column,
			       problem_of(json_error_code(&error)));
	*out = json_ours(tree);
	return true;
}

void json_free(struct json *json)
{
	json_decref(json_theirs(json));
}

/* ---- reading ---- */

enum json_type json_type(const struct json *json)
{
	if (!json)
		return JSON_NULL;
	switch (json_typeof(json_theirs(json))) {
	case JANSSON_OBJECT: return JSON_OBJECT;
	case JANSSON_ARRAY: return JSON_ARRAY;
	case JANSSON_STRING: return JSON_STRING;
	case JANSSON_INTEGER: return JSON_INTEGER;
	case JANSSON_REAL: return JSON_REAL;
	case JANSSON_TRUE: return JSON_TRUE;
	case JANSSON_FALSE: return JSON_FALSE;
	case JANSSON_NULL: return JSON_NULL;
	}
	return JSON_NULL;
}

struct json *json_get(const struct json *object, const char *name)
{
	return json_ours(json_object_get(json_theirs(object), name));
}

struct json *json_get_n(const struct json *object, struct str name)
{
	return json_ours(json_object_getn(json_theirs(object), name.p, name.len));
}

struct json *json_at(const struct json *array, size_t i)
{
	return json_ours(json_array_get(json_theirs(array), i));
}

size_t json_len(const struct json *array)
{
	json_t *value = json_theirs(array);

	return json_type(array) == JSON_OBJECT ? json_object_size(value) : json_array_size(value);
}

struct str json_text(const struct json *string)
{
	if (json_type(string) != JSON_STRING)
		return str_of("", 0);
	return str_of(json_string_value(json_theirs(string)), json_string_length(json_theirs(string)));
}

struct str json_get_text(const struct json *object, const char *name)
{
	return json_text(json_get(object, name));
}

bool json_is_true(const struct json *json)
{
	return json_type(json) == JSON_TRUE;
}

bool json_get_bool(const struct json *object, const char *name, bool otherwise)
{
	enum json_type type = json_type(json_get(object, name));

	return type == JSON_TRUE || (otherwise && type != JSON_FALSE);
}

bool json_get_int(const struct json *object, const char *name, int64_t *out)
{
	const struct json *value = json_get(object, name);

	if (json_type(value) != JSON_INTEGER)
		return false;
	*out = json_integer_value(json_theirs(value));
	return true;
}

double json_number(const struct json *json)
{
	return json_number_value(json_theirs(json));
}

void *json_first(const struct json *object)
{
	return json_object_iter(json_theirs(object));
}

void *json_next(const struct json *object, void *it)
{
	return json_object_iter_next(json_theirs(object), it);
}

struct str json_member_name(void *it)
{
	return str_of(json_object_iter_key(it), json_object_iter_key_len(it));
}

struct json *json_member_value(void *it)
{
	return json_ours(json_object_iter_value(it));
}

bool json_same(const struct json *a, const struct json *b)
{
	return json_equal(json_theirs(a), json_theirs(b));
}

/* ---- building ---- */

/* jansson answers NULL for want of memory only, as we call it. */
static struct json *made(json_t *value)
{
	assert(value);
	return json_ours(value);
}

static bool is_clean(struct str text)
{
	return utf8_valid(text) && str_find_char(text, '\0') == text.len;
}

/* A clean copy: each byte that is NUL or not UTF-8 becomes U+FFFD. Caller frees p. */
static struct str repaired(struct str text)
{
	const size_t replacement_len = sizeof(UTF8_REPLACEMENT) - 1;
	char *clean = mem_alloc(text.len * replacement_len);
	size_t len = 0;

	for (size_t i = 0; i < text.len;) {
		size_t n = text.p[i] ? utf8_char_len(text.p + i, text.len - i) : 0;

		memcpy(clean + len, n ? text.p + i : UTF8_REPLACEMENT, n ? n : replacement_len);
		len += n ? n : replacement_len;
		i += n ? n : 1;
	}
	return str_of(clean, len);
}

struct json *json_new_object(void)
{
	return made(json_object());
}

struct json *json_new_array(void)
{
	return made(json_array());
}

struct json *json_new_text(struct str text)
{
	struct json *json;
	struct str clean;

	if (text.len == 0)
		return made(json_stringn_nocheck("", 0));
	if (is_clean(text))
		return made(json_stringn_nocheck(text.p, text.len));
	clean = repaired(text);
	json = made(json_stringn_nocheck(clean.p, clean.len));
	mem_free((void *)(uintptr_t)clean.p);
	return json;
}

struct json *json_new_int(int64_t value)
{
	return made(json_integer(value));
}

struct json *json_new_bool(bool value)
{
	return made(json_boolean(value));
}

struct json *json_new_null(void)
{
	return made(json_null());
}

struct json *json_new_decimal(struct str text)
{
	struct json *json = NULL;
	bool number = text.len && (text.p[0] == '-' || (text.p[0] >= '0' && text.p[0] <= '9'));

	return number && json_parse(text, &json, NULL) ? json : NULL;
}

struct json *json_clone(const struct json *json)
{
	return json ? made(json_deep_copy(json_theirs(json))) : NULL;
}

void json_set(struct json *object, const char *name, struct json *value)
{
	json_set_n(object, str_from(name), value);
}

void json_set_n(struct json *object, struct str name, struct json *value)
{
	struct str clean = name.len ? name : STR("");
	bool dirty = !is_clean(clean);
	int failed;

	if (!value)
		return;
	if (dirty)
		clean = repaired(name);
	failed = json_object_setn_new_nocheck(json_theirs(object), clean.p, clean.len, json_theirs(value));
	assert(!failed); /* object is an object and not value itself */
	if (dirty)
		mem_free((void *)(uintptr_t)clean.p);
}

void json_set_text(struct json *object, const char *name, struct str text)
{
	if (text.len)
		json_set_n(object, str_from(name), json_new_text(text));
}

void json_remove(struct json *object, const char *name)
{
	(void)json_object_del(json_theirs(object), name); /* absent is fine */
}

void json_append(struct json *array, struct json *value)
{
	int failed;

	if (!value)
		return;
	failed = json_array_append_new(json_theirs(array), json_theirs(value));
	assert(!failed);
}
