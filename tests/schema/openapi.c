/*
 * Validator of JSON against an OpenAPI 3.0 document (see the header).
 *
 * Keeps:   a schema may be put together by allOf; then members are known that any part names, and unknown
 *          ones are reported once, for the whole.
 */
#include "schema/openapi.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX	40
#define PLACE_BYTES_MAX 500

struct check {
	const struct openapi *api;
	struct strbuf *faults;
	int depth;
};

static void fault(struct check *check, struct str place, const char *what, struct str detail)
{
	strbuf_addf(check->faults, "%.*s: %s%.*s\n", STR_ARG(place), what, STR_ARG(detail));
}

/* "#/components/schemas/X"; anything else is returned as it is. */
static const struct json *resolve(const struct openapi *api, const struct json *schema)
{
	for (int i = 0; i < DEPTH_MAX; i++) {
		struct str ref = json_get_text(schema, "$ref");
		const struct json *at = api->root;
		struct str part;

		if (!str_starts(ref, STR("#/")))
			return schema;
		ref = str_skip(ref, 2);
		while (str_split(&ref, '/', &part)) {
			char name[200] = { 0 };

			memcpy(name, part.p, part.len < sizeof(name) - 1 ? part.len : sizeof(name) - 1);
			at = json_get(at, name);
		}
		schema = at;
	}
	return schema;
}

/* ---- one schema ---- */

static bool is_type(const struct json *value, struct str type)
{
	switch (json_type(value)) {
	case JSON_NULL:
		return false;
	case JSON_TRUE:
	case JSON_FALSE:
		return str_eq(type, STR("boolean"));
	case JSON_INTEGER:
		return str_eq(type, STR("integer")) || str_eq(type, STR("number"));
	case JSON_REAL:
		return str_eq(type, STR("number"));
	case JSON_STRING:
		return str_eq(type, STR("string"));
	case JSON_ARRAY:
		return str_eq(type, STR("array"));
	case JSON_OBJECT:
		return str_eq(type, STR("object"));
	}
	return false;
}

static bool in_enum(const struct json *list, const struct json *value)
{
	for (size_t i = 0; i < json_len(list); i++)
		if (json_same(json_at(list, i), value))
			return true;
	return false;
}

static void check_value(struct check *check, const struct json *schema, const struct json *value,
			struct str place, bool whole);

static struct str below(char *text, struct str place, struct str name)
{
	struct strbuf buf;
	struct str result;

	strbuf_init(&buf, PLACE_BYTES_MAX - 1);
	strbuf_addf(&buf, "%.*s/%.*s", STR_ARG(place), STR_ARG(name));
	memcpy(text, buf.p, buf.len);
	result = str_of(text, buf.len);
	strbuf_release(&buf);
	return result;
}

/* The schema of a member, looked for in the parts of allOf too; NULL if nobody names it. */
static const struct json *member_schema(const struct openapi *api, const struct json *schema,
					const char *name, int depth)
{
	const struct json *found;

	schema = resolve(api, schema);
	found = json_get(json_get(schema, "properties"), name);
	for (size_t i = 0; !found && depth < DEPTH_MAX && i < json_len(json_get(schema, "allOf")); i++)
		found = member_schema(api, json_at(json_get(schema, "allOf"), i), name, depth + 1);
	return found;
}

/* An object that names no members may have any. */
static bool names_members(const struct openapi *api, const struct json *schema, int depth)
{
	schema = resolve(api, schema);
	if (json_get(schema, "properties"))
		return true;
	for (size_t i = 0; depth < DEPTH_MAX && i < json_len(json_get(schema, "allOf")); i++)
		if (names_members(api, json_at(json_get(schema, "allOf"), i), depth + 1))
			return true;
	return false;
}

static void check_members(struct check *check, const struct json *schema, const struct json *value,
			  struct str place)
{
	bool named = names_members(check->api, schema, 0);

	for (void *it = json_first(value); it; it = json_next(value, it)) {
		struct str name = json_member_name(it);
		char text[PLACE_BYTES_MAX], key[200] = { 0 };
		const struct json *member;

		memcpy(key, name.p, name.len < sizeof(key) - 1 ? name.len : sizeof(key) - 1);
		member = member_schema(check->api, schema, key, 0);
		if (member)
			check_value(check, member, json_member_value(it), below(text, place, name), true);
		else if (named)
			fault(check, place, "unknown member ", name);
	}
}

static void check_required(struct check *check, const struct json *schema, const struct json *value,
			   struct str place)
{
	const struct json *required = json_get(schema, "required");

	for (size_t i = 0; i < json_len(required); i++) {
		struct str name = json_text(json_at(required, i));
		char key[200] = { 0 };

		memcpy(key, name.p, name.len < sizeof(key) - 1 ? name.len : sizeof(key) - 1);
		if (!json_get(value, key))
			fault(check, place, "missing member ", name);
	}
}

static void check_elements(struct check *check, const struct json *schema, const struct json *value,
			   struct str place)
{
	const struct json *items = json_get(schema, "items");

	for (size_t i = 0; items && i < json_len(value); i++) {
		char text[PLACE_BYTES_MAX], number[24];

		(void)snprintf(number, sizeof(number), "%zu", i);
		check_value(check, items, json_at(value, i), below(text, place, str_from(number)), true);
	}
}

/* How many of the alternatives accept the value. */
static size_t count_matches(struct check *check, const struct json *alternatives, const struct json *value,
			    struct str place)
{
	size_t n = 0;

	for (size_t i = 0; i < json_len(alternatives); i++) {
		struct strbuf faults;
		struct check one = { check->api, &faults, check->depth };

		strbuf_init(&faults, 10000);
		check_value(&one, json_at(alternatives, i), value, place, true);
		n += faults.len == 0 && !faults.overflow;
		strbuf_release(&faults);
	}
	return n;
}

static void check_parts(struct check *check, const struct json *schema, const struct json *value,
			struct str place)
{
	const struct json *all = json_get(schema, "allOf");
	const struct json *any = json_get(schema, "anyOf");
	const struct json *one = json_get(schema, "oneOf");

	for (size_t i = 0; i < json_len(all); i++)
		check_value(check, json_at(all, i), value, place, false);
	if (any && count_matches(check, any, value, place) == 0)
		fault(check, place, "matches none of anyOf", (struct str){ 0 });
	if (one && count_matches(check, one, value, place) != 1)
		fault(check, place, "does not match exactly one of oneOf", (struct str){ 0 });
}

/* whole: not a part of an allOf, so unknown members are its business. */
static void check_value(struct check *check, const struct json *schema, const struct json *value,
			struct str place, bool whole)
{
	struct str type;

	schema = resolve(check->api, schema);
	type = json_get_text(schema, "type");
	if (++check->depth > DEPTH_MAX) {
		fault(check, place, "too deep", (struct str){ 0 });
	} else if (json_type(value) == JSON_NULL) {
		if (!json_get_bool(schema, "nullable", false))
			fault(check, place, "must not be null", (struct str){ 0 });
	} else if (type.len > 0 && !is_type(value, type)) {
		fault(check, place, "is not of type ", type);
	} else {
		if (json_get(schema, "enum") && !in_enum(json_get(schema, "enum"), value))
			fault(check, place, "is not in the enum", (struct str){ 0 });
		check_required(check, schema, value, place);
		if (whole && json_type(value) == JSON_OBJECT)
			check_members(check, schema, value, place);
		check_elements(check, schema, value, place);
		check_parts(check, schema, value, place);
	}
	check->depth--;
}

bool openapi_check(const struct openapi *api, const struct json *schema, const struct json *value,
		   struct strbuf *faults)
{
	struct check check = { api, faults, 0 };
	size_t before = faults->len;

	if (!schema) {
		strbuf_add_text(faults, "there is no schema\n");
		return false;
	}
	check_value(&check, schema, value, STR(""), true);
	return faults->len == before;
}

/* ---- operations ---- */

static bool path_matches(struct str template, struct str path)
{
	struct str want, got;

	while (str_split(&template, '/', &want)) {
		if (!str_split(&path, '/', &got))
			return false;
		if (want.len > 0 && want.p[0] == '{' ? got.len == 0 : !str_eq(want, got))
			return false;
	}
	return path.len == 0;
}

const struct json *openapi_operation(const struct openapi *api, const char *method, struct str path)
{
	const struct json *paths = json_get(api->root, "paths");
	char lower[16] = { 0 };

	for (size_t i = 0; i < sizeof(lower) - 1 && method[i]; i++)
		lower[i] = (char)(method[i] | 0x20);
	for (void *it = json_first(paths); it; it = json_next(paths, it))
		if (path_matches(json_member_name(it), path))
			return json_get(json_member_value(it), lower);
	return NULL;
}

const struct json *openapi_body(const struct openapi *api, const struct json *operation)
{
	const struct json *content = json_get(resolve(api, json_get(operation, "requestBody")), "content");

	return json_get(json_get(content, "application/vnd.api+json"), "schema");
}

bool openapi_has_parameter(const struct json *operation, const char *in, struct str name)
{
	const struct json *list = json_get(operation, "parameters");

	for (size_t i = 0; i < json_len(list); i++)
		if (str_eq(json_get_text(json_at(list, i), "in"), str_from(in)) &&
		    str_eq(json_get_text(json_at(list, i), "name"), name))
			return true;
	return false;
}
