/*
 * Checks a request body against a table of shapes.
 *
 * Does:    reports each fault with a JSON pointer to the member it is about.
 * Doesn't: know the rules of single values (shape_value.c), nor what the sandbox holds: resources that must
 *          exist are the handlers' business.
 * Keeps:   recursion is as deep as the tables are nested (a handful), whatever the body looks like.
 * Threads: pure.
 */
#include "sandbox/shape.h"

#include <string.h>

/* The way to a value; rendered only when something is wrong. */
struct place {
	const struct place *above; /* NULL at the top */
	struct str name;           /* of a member; else index counts */
	size_t index;
};

static void write_pointer(const struct place *place, struct strbuf *out)
{
	if (!place)
		return;
	write_pointer(place->above, out);
	strbuf_add_char(out, '/');
	if (!place->name.p) {
		strbuf_addf(out, "%zu", place->index);
		return;
	}
	for (size_t i = 0; i < place->name.len && i < 200; i++) {
		if (place->name.p[i] == '~')
			strbuf_add_text(out, "~0");
		else if (place->name.p[i] == '/')
			strbuf_add_text(out, "~1");
		else
			strbuf_add_char(out, place->name.p[i]);
	}
}

static void fault(struct error_list *errors, const struct place *place, const char *detail)
{
	struct strbuf pointer;

	strbuf_init(&pointer, 4096);
	write_pointer(place, &pointer);
	error_add(errors, ERROR_INVALID, strbuf_str(&pointer), "%s", detail);
	strbuf_release(&pointer);
}

/* "'name' <what> the resource 'x'." */
static void fault_member(struct error_list *errors, const struct place *place, const char *what,
			 const struct shape *shape)
{
	struct str name = place->name;
	struct str detail;

	if (name.len > 100)
		name.len = 100;
	detail = arena_printf(errors->arena, "'%.*s' %s the resource '%s'.", STR_ARG(name), what,
			      shape->resource);
	fault(errors, place, arena_cstr(errors->arena, detail));
}

static void check_object(const struct shape *shape, const struct json *value, const struct place *place,
			 struct error_list *errors);

static void check_list(const struct shape_field *field, const struct json *value, const struct place *place,
		       struct error_list *errors)
{
	size_t n = json_len(value);
	struct str detail;

	if (json_type(value) != JSON_ARRAY) {
		fault(errors, place, "Invalid input. A list is expected.");
	} else if (n < (size_t)field->low) {
		fault(errors, place, "Invalid input. The list may not be empty.");
	} else if (field->high && n > (size_t)field->high) {
		detail = arena_printf(errors->arena,
				      "Invalid input. At most %lld elements are allowed, got %zu.",
				      (long long)field->high, n);
		fault(errors, place, arena_cstr(errors->arena, detail));
	} else {
		for (size_t i = 0; i < n && errors->n < ERROR_ENTRIES_MAX; i++) {
			struct place element = { .above = place, .index = i };

			check_object(field->shape, json_at(value, i), &element, errors);
		}
	}
}

static void check_texts(const struct json *value, const struct place *place, struct error_list *errors)
{
	if (json_type(value) != JSON_ARRAY)
		fault(errors, place, "Invalid input. A list of strings is expected.");
	for (size_t i = 0; i < json_len(value) && errors->n < ERROR_ENTRIES_MAX; i++) {
		struct place element = { .above = place, .index = i };

		if (json_type(json_at(value, i)) != JSON_STRING)
			fault(errors, &element, "Invalid input. A string is expected.");
	}
}

static void check_value(const struct shape_field *field, const struct json *value, const struct place *place,
			struct error_list *errors)
{
	const char *detail;

	if (json_type(value) == JSON_NULL) {
		if (!(field->flags & SHAPE_NULLABLE))
			fault(errors, place, "Invalid input. The value may not be null.");
	} else if (field->type == SHAPE_OBJECT) {
		check_object(field->shape, value, place, errors);
	} else if (field->type == SHAPE_LIST) {
		check_list(field, value, place, errors);
	} else if (field->type == SHAPE_TEXTS) {
		check_texts(value, place, errors);
	} else {
		detail = shape_value_fault(field, value, errors->arena);
		if (detail)
			fault(errors, place, detail);
	}
}

static const struct shape_field *find_field(const struct shape *shape, struct str name)
{
	for (size_t i = 0; i < shape->n; i++)
		if (str_eq(name, str_from(shape->field[i].name)))
			return &shape->field[i];
	return NULL;
}

static void check_object(const struct shape *shape, const struct json *value, const struct place *place,
			 struct error_list *errors)
{
	if (json_type(value) != JSON_OBJECT) {
		fault(errors, place, "Invalid input. An object is expected.");
		return;
	}
	for (size_t i = 0; i < shape->n; i++) {
		const struct shape_field *field = &shape->field[i];
		struct place member = { .above = place, .name = str_from(field->name) };

		if ((field->flags & SHAPE_REQUIRED) && !json_get(value, field->name))
			fault_member(errors, &member, "is a required field for", shape);
	}
	for (void *it = json_first(value); it; it = json_next(value, it)) {
		struct place member = { .above = place, .name = json_member_name(it) };
		const struct shape_field *field = find_field(shape, member.name);

		if (member.name.p == NULL)
			member.name = STR("");
		if (!field)
			fault_member(errors, &member, "is not a valid field for", shape);
		else
			check_value(field, json_member_value(it), &member, errors);
	}
}

bool shape_check(const struct shape *shape, const struct json *body, struct error_list *errors)
{
	size_t before = errors->n;

	check_object(shape, body, NULL, errors);
	return errors->n == before;
}
