/*
 * Checking a value against a schema: the keywords that our own files use, and no others.
 *
 * Keeps:   a finding says what was expected in the schema's own words (description), and what was found.
 *          Nothing here says whether the platform would understand the message; it usually understands more.
 */
#include "platform/schema.h"

#include "base/clock.h"
#include "model/person.h"
#include "platform/payload.h"

#include <regex.h>
#include <string.h>

#define FOUND_BYTES_MAX 40

struct visit {
	const struct schema_set *set;
	struct schema_findings *findings;
	struct arena *arena;
};

static void visit(const struct visit *ctx, struct schema_at at, const struct json *value, struct str pointer);

/* Two schemas of one value may say the same. */
static bool is_said(const struct schema_findings *findings, struct str pointer, struct str text)
{
	for (size_t i = 0; i < findings->n; i++)
		if (str_eq(findings->finding[i].pointer, pointer) && str_eq(findings->finding[i].text, text))
			return true;
	return false;
}

void schema_findings_add(struct schema_findings *findings, struct str pointer, struct str text, bool note)
{
	if (findings->n == SCHEMA_FINDINGS_MAX || is_said(findings, pointer, text))
		return;
	if (findings->n == findings->capacity) {
		size_t capacity = findings->capacity ? findings->capacity * 2 : 8;
		struct schema_finding *larger = ARENA_ARRAY(findings->arena, capacity, struct schema_finding);

		if (findings->n)
			memcpy(larger, findings->finding, findings->n * sizeof(*larger));
		findings->finding = larger;
		findings->capacity = capacity;
	}
	findings->finding[findings->n++] =
		(struct schema_finding){ .pointer = pointer, .text = text, .note = note };
}

/* ---- what is said ---- */

static struct str found(const struct visit *ctx, const struct json *value)
{
	struct str text = json_write_arena(value, false, ctx->arena);
	size_t len = FOUND_BYTES_MAX;

	if (text.len <= len)
		return text;
	while (len && ((unsigned char)text.p[len] & 0xc0) == 0x80)
		len--;
	return arena_printf(ctx->arena, "%.*s...", (int)len, text.p);
}

/*
 * In the schema's words; without any, by its type. What is said of a whole file is no such words. Schemas of
 * several types have words in our files (a test sees to it).
 */
static struct str expected(const struct json *schema)
{
	static const struct {
		const char *type, *text;
	} words[] = {
		{ "string", "a text" },		{ "number", "a number" }, { "integer", "a whole number" },
		{ "boolean", "true or false" }, { "array", "a list" },	  { "object", "an object" },
	};
	struct str text = json_get_text(schema, "description"), type = json_get_text(schema, "type");

	if (json_get(schema, "$id"))
		text = STR("");
	for (size_t i = 0; i < ARRAY_LEN(words) && text.len == 0; i++)
		if (str_eq(type, str_from(words[i].type)))
			text = str_from(words[i].text);
	return text;
}

static void mismatch(const struct visit *ctx, const struct json *schema, const struct json *value,
		     struct str pointer)
{
	struct str want = expected(schema), got = found(ctx, value);

	schema_findings_add(
		ctx->findings, pointer,
		arena_printf(ctx->arena, "expected %.*s; found %.*s", STR_ARG(want), STR_ARG(got)), false);
}

/* pointer + "/" + name, escaped as RFC 6901 says. */
static struct str pointer_to(const struct visit *ctx, struct str pointer, struct str name)
{
	struct strbuf text;
	struct str out;

	strbuf_init(&text, SIZE_MAX / 4);
	strbuf_add_str(&text, pointer);
	strbuf_add_char(&text, '/');
	for (size_t i = 0; i < name.len; i++) {
		if (name.p[i] == '~' || name.p[i] == '/')
			strbuf_add_text(&text, name.p[i] == '~' ? "~0" : "~1");
		else
			strbuf_add_char(&text, name.p[i]);
	}
	out = arena_dup(ctx->arena, strbuf_str(&text));
	strbuf_release(&text);
	return out;
}

/* Does the value fit, without a word? */
static bool fits(const struct visit *ctx, struct schema_at at, const struct json *value)
{
	struct schema_findings quiet = { .arena = ctx->arena };
	struct visit inner = { .set = ctx->set, .findings = &quiet, .arena = ctx->arena };

	visit(&inner, at, value, STR(""));
	for (size_t i = 0; i < quiet.n; i++)
		if (!quiet.finding[i].note)
			return false;
	return true;
}

/* ---- type and texts ---- */

static bool is_of_type(struct str type, const struct json *value)
{
	int64_t whole;

	switch (json_type(value)) {
	case JSON_NULL:
		return str_eq(type, STR("null"));
	case JSON_FALSE:
	case JSON_TRUE:
		return str_eq(type, STR("boolean"));
	case JSON_INTEGER:
	case JSON_REAL:
		return str_eq(type, STR("number")) ||
		       (str_eq(type, STR("integer")) && payload_int(value, &whole));
	case JSON_STRING:
		return str_eq(type, STR("string"));
	case JSON_ARRAY:
		return str_eq(type, STR("array"));
	case JSON_OBJECT:
		return str_eq(type, STR("object"));
	}
	return false;
}

static bool type_fits(const struct json *type, const struct json *value)
{
	if (json_type(type) == JSON_STRING)
		return is_of_type(json_text(type), value);
	for (size_t i = 0; i < json_len(type); i++)
		if (is_of_type(json_text(json_at(type, i)), value))
			return true;
	return json_len(type) == 0;
}

static bool enum_fits(const struct json *list, const struct json *value)
{
	for (size_t i = 0; i < json_len(list); i++)
		if (json_same(json_at(list, i), value))
			return true;
	return json_len(list) == 0;
}

static size_t characters(struct str text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	return n;
}

/* The patterns of our files mean the same in JSON Schema's dialect and in POSIX's. */
static bool pattern_fits(const struct visit *ctx, struct str pattern, struct str text)
{
	regex_t regex;
	bool ok;

	if (pattern.len == 0 ||
	    regcomp(&regex, arena_cstr(ctx->arena, pattern), REG_EXTENDED | REG_NOSUB) != 0)
		return true;
	ok = regexec(&regex, arena_cstr(ctx->arena, text), 0, NULL, 0) == 0;
	regfree(&regex);
	return ok;
}

static bool format_fits(const struct visit *ctx, struct str format, struct str text)
{
	struct str email;
	int64_t at_ms;

	if (str_eq(format, STR("date-time")))
		return time_parse_rfc3339(str_trim(text), &at_ms);
	if (str_eq(format, STR("email")))
		return person_email(text, ctx->arena, &email);
	return true;
}

static bool text_fits(const struct visit *ctx, const struct json *schema, const struct json *value)
{
	struct str text = json_text(value);
	int64_t limit;

	if (json_type(value) != JSON_STRING)
		return true;
	if (json_get_int(schema, "maxLength", &limit) && characters(text) > (size_t)limit)
		return false;
	if (json_get_int(schema, "minLength", &limit) && characters(text) < (size_t)limit)
		return false;
	return pattern_fits(ctx, json_get_text(schema, "pattern"), text) &&
	       format_fits(ctx, json_get_text(schema, "format"), text);
}

/* ---- what is inside ---- */

static void visit_array(const struct visit *ctx, struct schema_at at, const struct json *value,
			struct str pointer)
{
	struct schema_at item = { .schema = json_get(at.schema, "items"), .file = at.file };
	int64_t limit;

	if (json_get_int(at.schema, "maxItems", &limit) && json_len(value) > (size_t)limit)
		schema_findings_add(ctx->findings, pointer,
				    arena_printf(ctx->arena, "%zu elements; at most %lld are read",
						 json_len(value), (long long)limit),
				    false);
	for (size_t i = 0; item.schema && i < json_len(value); i++)
		visit(ctx, item, json_at(value, i),
		      arena_printf(ctx->arena, "%.*s/%zu", STR_ARG(pointer), i));
}

static bool has(const struct json *object, struct str name)
{
	for (void *it = json_first(object); it; it = json_next(object, it))
		if (str_eq(json_member_name(it), name))
			return json_type(json_member_value(it)) != JSON_NULL;
	return false;
}

static void check_required(const struct visit *ctx, const struct json *schema, const struct json *value,
			   struct str pointer)
{
	const struct json *required = json_get(schema, "required");

	for (size_t i = 0; i < json_len(required); i++) {
		struct str name = json_text(json_at(required, i));

		if (!has(value, name))
			schema_findings_add(ctx->findings, pointer,
					    arena_printf(ctx->arena, "'%.*s' is missing", STR_ARG(name)),
					    false);
	}
}

static struct str quoted(const struct visit *ctx, struct str name)
{
	struct json *text = json_new_text(name);
	struct str out = found(ctx, text);

	json_free(text);
	return out;
}

static void visit_member(const struct visit *ctx, struct schema_at at, struct str name,
			 const struct json *value, struct str pointer)
{
	const struct json *other = json_get(at.schema, "additionalProperties");
	const struct json *properties = json_get(at.schema, "properties");
	struct schema_at known = { .file = at.file };
	struct str shown;

	for (void *it = json_first(properties); it && !known.schema; it = json_next(properties, it))
		if (str_eq(json_member_name(it), name))
			known.schema = json_member_value(it);
	if (!known.schema && json_type(other) == JSON_OBJECT)
		known.schema = other;
	if (known.schema) {
		visit(ctx, known, value, pointer_to(ctx, pointer, name));
	} else if (json_is_true(other)) {
		shown = quoted(ctx, name);
		schema_findings_add(
			ctx->findings, pointer_to(ctx, pointer, name),
			arena_printf(ctx->arena, "%.*s is not known and is ignored", STR_ARG(shown)), true);
	}
}

static void visit_object(const struct visit *ctx, struct schema_at at, const struct json *value,
			 struct str pointer)
{
	check_required(ctx, at.schema, value, pointer);
	for (void *it = json_first(value); it; it = json_next(value, it))
		if (json_type(json_member_value(it)) != JSON_NULL)
			visit_member(ctx, at, json_member_name(it), json_member_value(it), pointer);
}

/* ---- schemas of schemas ---- */

static void visit_any(const struct visit *ctx, struct schema_at at, const struct json *value,
		      struct str pointer)
{
	const struct json *any = json_get(at.schema, "anyOf");
	struct str want = expected(at.schema);

	for (size_t i = 0; i < json_len(any); i++)
		if (fits(ctx, (struct schema_at){ .schema = json_at(any, i), .file = at.file }, value))
			return;
	if (json_len(any))
		schema_findings_add(ctx->findings, pointer,
				    arena_printf(ctx->arena, "missing: %.*s", STR_ARG(want)), false);
}

static void visit_all(const struct visit *ctx, struct schema_at at, const struct json *value,
		      struct str pointer)
{
	const struct json *all = json_get(at.schema, "allOf");
	struct schema_at condition = { .schema = json_get(at.schema, "if"), .file = at.file };
	struct schema_at then = { .schema = json_get(at.schema, "then"), .file = at.file };

	for (size_t i = 0; i < json_len(all); i++)
		visit(ctx, (struct schema_at){ .schema = json_at(all, i), .file = at.file }, value, pointer);
	if (condition.schema && then.schema && fits(ctx, condition, value))
		visit(ctx, then, value, pointer);
}

/* As deep as the message, which json_parse bounds: no schema of ours leads back to itself. */
static void visit(const struct visit *ctx, struct schema_at at, const struct json *value, struct str pointer)
{
	struct str ref = json_get_text(at.schema, "$ref");

	if (ref.len) {
		visit(ctx, schema_find(ctx->set, at.file, ref), value, pointer);
		return;
	}
	if (!type_fits(json_get(at.schema, "type"), value) ||
	    !enum_fits(json_get(at.schema, "enum"), value) || !text_fits(ctx, at.schema, value)) {
		mismatch(ctx, at.schema, value, pointer);
		return;
	}
	if (json_type(value) == JSON_ARRAY)
		visit_array(ctx, at, value, pointer);
	if (json_type(value) == JSON_OBJECT)
		visit_object(ctx, at, value, pointer);
	visit_any(ctx, at, value, pointer);
	visit_all(ctx, at, value, pointer);
}

void schema_check(const struct schema_set *set, const char *name, const struct json *value,
		  struct schema_findings *findings)
{
	struct visit ctx = { .set = set, .findings = findings, .arena = findings->arena };
	struct str file = arena_printf(findings->arena, "%s.json", name);

	visit(&ctx, schema_find(set, NULL, file), value, STR(""));
}
