/*
 * Route: finding the row of a request; scopes.
 */
#include "admin/admin_internal.h"

static const struct {
	const char *text;
	enum user_role role;
} scopes[SCOPE_COUNT] = {
#define ADMIN_SCOPE_ROW(name, text, role) [name] = { text, role },
	ADMIN_SCOPES(ADMIN_SCOPE_ROW)
#undef ADMIN_SCOPE_ROW
};

const char *scope_text(enum admin_scope scope)
{
	return scopes[scope].text;
}

enum user_role scope_role(enum admin_scope scope)
{
	return scopes[scope].role;
}

bool scope_parse(struct str text, enum admin_scope *out)
{
	for (size_t i = 0; i < SCOPE_COUNT; i++) {
		if (!str_eq(text, str_from(scopes[i].text)))
			continue;
		*out = (enum admin_scope)i;
		return true;
	}
	return false;
}

/* Segment by segment; "{name}" stands for one that is not empty. */
static bool matches(struct str pattern, struct str path, struct str segment[static ADMIN_SEGMENTS_MAX])
{
	struct str want, got;
	size_t n = 0;

	while (str_split(&pattern, '/', &want)) {
		if (!str_split(&path, '/', &got))
			return false;
		if (!str_starts(want, STR("{"))) {
			if (!str_eq(want, got))
				return false;
			continue;
		}
		if (got.len == 0 || n == ADMIN_SEGMENTS_MAX)
			return false;
		segment[n++] = got;
	}
	return path.len == 0;
}

static bool is_method(const char *want, struct str method)
{
	struct str wanted = str_from(want);

	return str_eq(method, wanted) || (str_eq(method, STR("HEAD")) && str_eq(wanted, STR("GET")));
}

const struct admin_route *route_find(struct str method, struct str path,
				     struct str segment[static ADMIN_SEGMENTS_MAX], bool *known)
{
	size_t n;
	const struct admin_route *route = route_all(&n);
	bool brief;

	*known = false;
	brief = str_starts(path, STR(ADMIN_API_SHORT "/"));
	if (!brief && !str_starts(path, STR(ADMIN_API "/")))
		return NULL;
	path = str_skip(path, brief ? sizeof(ADMIN_API_SHORT) - 1 : sizeof(ADMIN_API) - 1);
	for (size_t i = 0; i < n; i++) {
		if (brief && !(route[i].flags & ROUTE_SHORT))
			continue;
		if (!matches(str_from(route[i].path), path, segment))
			continue;
		*known = true;
		if (is_method(route[i].method, method))
			return &route[i];
	}
	return NULL;
}
