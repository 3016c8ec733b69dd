/*
 * Shape: JSON Schema of the rows of shape_table.c, and the check of requests by them.
 *
 * Keeps: a message about a refused request never repeats a value of it.
 */
#include "admin/shape.h"

#include "base/clock.h"

#include <assert.h>
#include <string.h>

const struct shape *shape_find(const char *name)
{
	size_t n;
	const struct shape *shape = shape_all(&n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(shape[i].name, name) == 0)
			return &shape[i];
	return NULL;
}

/* ---- schema ---- */

static void put(struct json *json, const char *name, const char *text)
{
	json_set(json, name, json_new_text(str_from(text)));
}

static struct json *choices_schema(const char *choices)
{
	struct json *json = json_new_object(), *list = json_new_array();
	struct str rest = str_from(choices), part;

	put(json, "type", "string");
	while (str_split(&rest, '|', &part))
		if (part.len > 0)
			json_append(list, json_new_text(part));
	json_set(json, "enum", list);
	return json;
}

static struct json *ref_schema(const char *name)
{
	struct json *json = json_new_object();
	char path[128] = "#/components/schemas/";

	assert(strlen(name) < 64);
	memcpy(path + strlen(path), name, strlen(name) + 1);
	put(json, "$ref", path);
	return json;
}

static struct json *typed(const char *type, const char *format)
{
	struct json *json = json_new_object();

	put(json, "type", type);
	if (format)
		put(json, "format", format);
	return json;
}

static struct json *list_schema(struct json *items)
{
	struct json *json = typed("array", NULL);

	json_set(json, "items", items);
	return json;
}

static struct json *map_schema(void)
{
	struct json *json = typed("object", NULL), *value = json_new_object(), *types = json_new_array();

	json_append(types, json_new_text(STR("string")));
	json_append(types, json_new_text(STR("null")));
	json_set(value, "type", types);
	json_set(json, "additionalProperties", value);
	return json;
}

static struct json *plain_schema(const struct shape_field *field)
{
	switch (field->type) {
	case SHAPE_TEXT:
		return typed("string", NULL);
	case SHAPE_SECRET:
		return typed("string", "password");
	case SHAPE_TIME:
		return typed("string", "date-time");
	case SHAPE_INT:
		return typed("integer", NULL);
	case SHAPE_NUMBER:
		return typed("number", NULL);
	case SHAPE_BOOL:
		return typed("boolean", NULL);
	case SHAPE_ENUM:
		return choices_schema(field->of);
	case SHAPE_REF:
		return ref_schema(field->of);
	case SHAPE_TEXTS:
		return list_schema(typed("string", NULL));
	case SHAPE_INTS:
		return list_schema(typed("integer", NULL));
	case SHAPE_REFS:
		return list_schema(ref_schema(field->of));
	case SHAPE_MAP:
		return map_schema();
	case SHAPE_ANY:
		break;
	}
	return json_new_object();
}

struct json *shape_field_schema(const struct shape_field *field)
{
	struct json *json = plain_schema(field), *either, *list;

	if ((field->flags & SHAPE_NULL) && field->type != SHAPE_ANY) {
		list = json_new_array();
		json_append(list, json);
		json_append(list, typed("null", NULL));
		either = json_new_object();
		json_set(either, "anyOf", list);
		json = either;
	}
	if (field->help)
		put(json, "description", field->help);
	return json;
}

struct json *shape_schema(const struct shape *shape)
{
	struct json *json = typed("object", NULL), *properties = json_new_object();
	struct json *required = json_new_array();

	put(json, "description", shape->help);
	for (size_t i = 0; i < shape->n; i++) {
		json_set(properties, shape->field[i].name, shape_field_schema(&shape->field[i]));
		if (!(shape->field[i].flags & SHAPE_OPTIONAL))
			json_append(required, json_new_text(str_from(shape->field[i].name)));
	}
	json_set(json, "properties", properties);
	json_set(json, "required", required);
	json_set(json, "additionalProperties", json_new_bool(false));
	return json;
}

/* ---- checking requests ---- */

bool shape_is_choice(const char *choices, struct str text)
{
	struct str rest = str_from(choices), part;

	while (str_split(&rest, '|', &part))
		if (part.len > 0 && str_eq(part, text))
			return true;
	return false;
}

static bool is_type(const struct json *json, enum json_type type)
{
	return json && json_type(json) == type;
}

static bool wrong(const struct shape_field *field, const char *want, struct err *err)
{
	return err_set(err, ERR_INVALID, "'%s' must be %s", field->name, want);
}

static bool check_text(const struct shape_field *field, const struct json *json, struct err *err)
{
	size_t max = field->max ? field->max : SHAPE_TEXT_BYTES_MAX;
	int64_t ignored;

	if (!is_type(json, JSON_STRING))
		return wrong(field, "a text", err);
	if (json_text(json).len > max)
		return err_set(err, ERR_INVALID, "'%s' may have %zu bytes at most", field->name, max);
	if (field->type == SHAPE_ENUM && !shape_is_choice(field->of, json_text(json)))
		return err_set(err, ERR_INVALID, "'%s' must be one of %s", field->name, field->of);
	if (field->type == SHAPE_TIME && !time_parse_rfc3339(json_text(json), &ignored))
		return wrong(field, "an RFC 3339 time", err);
	return true;
}

static bool check_list(const struct shape_field *field, const struct json *json, struct err *err)
{
	struct shape_field one = *field;

	if (!is_type(json, JSON_ARRAY))
		return wrong(field, "a list", err);
	if (json_len(json) > SHAPE_LIST_MAX)
		return err_set(err, ERR_INVALID, "'%s' may have %d elements at most", field->name,
			       SHAPE_LIST_MAX);
	one.type = SHAPE_TEXT;
	for (size_t i = 0; i < json_len(json); i++) {
		const struct json *item = json_at(json, i);

		if (field->type == SHAPE_TEXTS && !check_text(&one, item, err))
			return false;
		if (field->type == SHAPE_INTS && !is_type(item, JSON_INTEGER))
			return wrong(field, "a list of whole numbers", err);
		if (field->type == SHAPE_REFS && !shape_check(shape_find(field->of), item, err))
			return err_wrap(err, "'%s'", field->name);
	}
	return true;
}

static bool check_map(const struct shape_field *field, const struct json *json, struct err *err)
{
	size_t max = field->max ? field->max : SHAPE_TEXT_BYTES_MAX;

	if (!is_type(json, JSON_OBJECT) || json_len(json) > SHAPE_LIST_MAX)
		return wrong(field, "an object of texts", err);
	for (void *it = json_first(json); it; it = json_next(json, it)) {
		const struct json *value = json_member_value(it);

		if (!is_type(value, JSON_NULL) &&
		    (!is_type(value, JSON_STRING) || json_text(value).len > max))
			return wrong(field, "an object of texts", err);
	}
	return true;
}

static bool check_field(const struct shape_field *field, const struct json *json, struct err *err)
{
	if (is_type(json, JSON_NULL) && (field->flags & SHAPE_NULL))
		return true;
	switch (field->type) {
	case SHAPE_TEXT:
	case SHAPE_SECRET:
	case SHAPE_ENUM:
	case SHAPE_TIME:
		return check_text(field, json, err);
	case SHAPE_INT:
		return is_type(json, JSON_INTEGER) || wrong(field, "a whole number", err);
	case SHAPE_NUMBER:
		return is_type(json, JSON_INTEGER) || is_type(json, JSON_REAL) ||
		       wrong(field, "a number", err);
	case SHAPE_BOOL:
		return is_type(json, JSON_TRUE) || is_type(json, JSON_FALSE) ||
		       wrong(field, "true or false", err);
	case SHAPE_REF:
		return shape_check(shape_find(field->of), json, err) || err_wrap(err, "'%s'", field->name);
	case SHAPE_TEXTS:
	case SHAPE_INTS:
	case SHAPE_REFS:
		return check_list(field, json, err);
	case SHAPE_MAP:
		return check_map(field, json, err);
	case SHAPE_ANY:
		break;
	}
	return true;
}

static const struct shape_field *field_of(const struct shape *shape, struct str name)
{
	for (size_t i = 0; i < shape->n; i++)
		if (str_eq(name, str_from(shape->field[i].name)))
			return &shape->field[i];
	return NULL;
}

bool shape_check(const struct shape *shape, const struct json *json, struct err *err)
{
	assert(shape);
	if (!is_type(json, JSON_OBJECT))
		return err_set(err, ERR_INVALID, "not a JSON object");
	for (void *it = json_first(json); it; it = json_next(json, it)) {
		const struct shape_field *field = field_of(shape, json_member_name(it));

		if (!field)
			return err_set(err, ERR_INVALID, "a member is not known here: see the schema %s",
				       shape->name);
		if (!check_field(field, json_member_value(it), err))
			return false;
	}
	for (size_t i = 0; i < shape->n; i++)
		if (!(shape->field[i].flags & SHAPE_OPTIONAL) && !json_get(json, shape->field[i].name))
			return err_set(err, ERR_INVALID, "'%s' is missing", shape->field[i].name);
	return true;
}
