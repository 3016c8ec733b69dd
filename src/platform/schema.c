/*
 * The schemas of the generic platform's messages: their texts and trees, and what "$ref" leads to.
 *
 * Doesn't: check anything (schema_check.c).
 */
#include "platform/schema.h"

#include <assert.h>
#include <string.h>

struct str schema_text(struct str name)
{
	for (size_t i = 0; i < n_embedded_texts; i++)
		if (str_eq(name, str_from(embedded_texts[i].name)))
			return embedded_texts[i].text;
	return STR("");
}

void schema_set_init(struct schema_set *set)
{
	*set = (struct schema_set){ { NULL } };
	assert(n_embedded_texts <= SCHEMA_FILES_MAX);
	for (size_t i = 0; i < n_embedded_texts; i++) {
		bool ok = json_parse(embedded_texts[i].text, &set->file[i], NULL);

		assert(ok); /* ours; a test reads them all */
		(void)ok;
	}
}

void schema_set_release(struct schema_set *set)
{
	for (size_t i = 0; i < SCHEMA_FILES_MAX; i++)
		json_free(set->file[i]);
	*set = (struct schema_set){ { NULL } };
}

static const struct json *file_of(const struct schema_set *set, struct str id)
{
	for (size_t i = 0; i < n_embedded_texts; i++)
		if (str_eq(json_get_text(set->file[i], "$id"), id))
			return set->file[i];
	return NULL;
}

/* A member by a name that is not NUL-terminated. Our pointers have no escapes. */
static const struct json *member(const struct json *object, struct str name)
{
	for (void *it = json_first(object); it; it = json_next(object, it))
		if (str_eq(json_member_name(it), name))
			return json_member_value(it);
	return NULL;
}

struct schema_at schema_find(const struct schema_set *set, const struct json *file, struct str ref)
{
	size_t hash = str_find_char(ref, '#');
	struct str rest = str_skip(ref, hash + 1), name;
	struct schema_at at;

	at.file = hash ? file_of(set, str_of(ref.p, hash)) : file;
	at.schema = at.file;
	while (str_split(&rest, '/', &name))
		if (name.len)
			at.schema = member(at.schema, name);
	return at;
}
