/*
 * JSON pointers (RFC 6901), in trees and in texts that are only scanned.
 */
#include "base/json.h"

#define MEMBERS_MAX 512

/* The next step of a pointer, ~0 and ~1 resolved, in the arena; moves *rest behind it. */
static struct str next_step(struct str *rest, struct arena *arena)
{
	struct str part = str_skip(*rest, 1);
	size_t len = str_find_char(part, '/'), n = 0;
	char *step = arena_cstr(arena, str_of(part.p, len));

	*rest = str_skip(part, len);
	for (size_t i = 0; i < len; i++, n++) {
		bool escape = step[i] == '~' && i + 1 < len && (step[i + 1] == '0' || step[i + 1] == '1');

		step[n] = escape ? (step[i + 1] == '0' ? '~' : '/') : step[i];
		i += escape;
	}
	return str_of(step, n);
}

bool json_pointer_valid(struct str pointer)
{
	return pointer.len == 0 || pointer.p[0] == '/';
}

const struct json *json_pointer(const struct json *root, struct str pointer, struct arena *arena)
{
	const struct json *at = root;
	int64_t i;

	if (!json_pointer_valid(pointer))
		return NULL;
	while (pointer.len > 0 && at) {
		struct str step = next_step(&pointer, arena);

		if (json_type(at) == JSON_ARRAY)
			at = str_to_int64(step, &i) && i >= 0 ? json_at(at, (size_t)i) : NULL;
		else
			at = json_get(at, arena_cstr(arena, step));
	}
	return at;
}

static bool scan_step(struct str *text, struct str step, struct arena *arena)
{
	struct json_member *member = ARENA_ARRAY(arena, MEMBERS_MAX, struct json_member);
	struct str *element, name;
	int64_t at;
	size_t n;

	if (text->len > 0 && text->p[0] == '[') {
		if (!str_to_int64(step, &at) || at < 0 ||
		    !json_scan_array(*text, SIZE_MAX, arena, &element, &n, NULL, NULL) || (size_t)at >= n)
			return false;
		*text = element[at];
		return true;
	}
	if (!json_scan(*text, member, MEMBERS_MAX, &n, NULL, NULL))
		return false;
	for (size_t i = 0; i < n && i < MEMBERS_MAX; i++) {
		bool plain = str_find_char(member[i].name, '\\') == member[i].name.len;
		struct str quoted = str_of(member[i].name.p - 1, member[i].name.len + 2);

		name = member[i].name;
		if ((plain || json_unquote(quoted, arena, &name)) && str_eq(name, step)) {
			*text = member[i].value;
			return true;
		}
	}
	return false;
}

bool json_scan_pointer(struct str text, struct str pointer, struct arena *arena, struct str *out)
{
	struct str at = str_trim(text);

	if (!json_pointer_valid(pointer))
		return false;
	while (pointer.len > 0)
		if (!scan_step(&at, next_step(&pointer, arena), arena))
			return false;
	*out = at;
	return true;
}
