/*
 * Where a value stands in the text it was parsed from. Trees have no positions, so the text is scanned again
 * along the pointer; only what is reported pays for it.
 */
#include "platform/schema.h"

#define MEMBERS_MAX  512
#define ELEMENTS_MAX 10000

/* A step of a pointer with ~1 and ~0 resolved. */
static struct str unescaped(struct str step, struct arena *arena)
{
	char *out = arena_alloc(arena, step.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < step.len; i++) {
		bool escape = step.p[i] == '~' && i + 1 < step.len;

		out[n++] = escape ? (step.p[i + 1] == '1' ? '/' : '~') : step.p[i];
		i += escape;
	}
	return str_of(out, n);
}

static struct str member_at(struct str object, struct str name, struct arena *arena)
{
	struct json_member *member = ARENA_ARRAY(arena, MEMBERS_MAX, struct json_member);
	size_t n = 0;

	if (!json_scan(object, member, MEMBERS_MAX, &n, NULL, NULL))
		return STR("");
	for (size_t i = 0; i < n; i++)
		if (str_eq(member[i].name, name))
			return member[i].value;
	return STR("");
}

static struct str element_at(struct str array, struct str index, struct arena *arena)
{
	struct str *element;
	int64_t i;
	size_t n;

	if (!str_to_int64(index, &i) ||
	    !json_scan_array(array, ELEMENTS_MAX, arena, &element, &n, NULL, NULL))
		return STR("");
	return i >= 0 && (size_t)i < n ? element[i] : STR("");
}

size_t schema_place(struct str text, struct str pointer, struct arena *arena)
{
	struct str value = str_trim(text), step;

	pointer = str_skip(pointer, 1); /* the first '/' */
	while (value.len && str_split(&pointer, '/', &step)) {
		struct str inner = value.p[0] == '['   ? element_at(value, step, arena)
				   : value.p[0] == '{' ? member_at(value, unescaped(step, arena), arena)
						       : STR("");

		if (inner.len == 0)
			break;
		value = inner;
	}
	return value.p ? (size_t)(value.p - text.p) : 0;
}
