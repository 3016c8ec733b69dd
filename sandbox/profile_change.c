/*
 * The rules of profiles: whom a row is about, and what it changes.
 *
 * Doesn't: answer (profile_route.c), or know why a profile is written.
 * Keeps:   an identifier that belongs to another profile is never taken from it.
 * Threads: the server's thread.
 *
 * properties and location are merged member by member. Where the sources are silent: a null inside
 * properties is kept as a value, inside location it clears.
 */
#include "sandbox/profile_change.h"

#include "sandbox/people.h"

#include <string.h>

struct profile_row profile_row_read(const struct json *data)
{
	struct profile_row row = {
		.id = json_get_text(data, "id"),
		.attributes = json_get(data, "attributes"),
		.meta = json_get(data, "meta"),
	};

	if (!row.meta) /* of a single event */
		row.meta = json_get(row.attributes, "meta");
	return row;
}

struct str profile_row_text(const struct profile_row *row, enum identifier kind)
{
	return json_get_text(row->attributes, identifier_name(kind));
}

bool profile_row_names(const struct profile_row *row)
{
	for (int kind = 0; kind < IDENTIFIER_COUNT; kind++)
		if (profile_row_text(row, (enum identifier)kind).len > 0)
			return true;
	return row->id.len > 0;
}

/* ---- whom it is about ---- */

static bool contradicts(const struct profile *profile, const struct profile_row *row)
{
	for (int kind = 0; kind < IDENTIFIER_STRONG_COUNT; kind++) {
		struct str given = profile_row_text(row, (enum identifier)kind);
		struct str own = profile_key_text(profile, (enum identifier)kind);

		if (given.len > 0 && own.len > 0 &&
		    !(kind == IDENTIFIER_EMAIL ? str_eq_nocase(given, own) : str_eq(given, own)))
			return true;
	}
	return false;
}

static struct profile *find_by(const struct people *people, const struct profile_row *row,
			       enum identifier kind)
{
	return profile_find_key(&people->profiles, kind, profile_row_text(row, kind));
}

static struct profile *find_any(const struct people *people, const struct profile_row *row)
{
	struct profile *found = NULL;

	for (int kind = 0; kind < IDENTIFIER_COUNT && !found; kind++) {
		found = find_by(people, row, (enum identifier)kind);
		if (found && kind >= IDENTIFIER_STRONG_COUNT && contradicts(found, row))
			found = NULL;
	}
	return found;
}

struct resolution profile_resolve(const struct people *people, const struct profile_row *row)
{
	struct resolution resolution = { 0 };

	if (row->id.len > 0) {
		resolution.profile = profile_find(&people->profiles, row->id);
		resolution.id_unknown = !resolution.profile;
	} else {
		resolution.profile = find_any(people, row);
	}
	for (int kind = 0; kind < IDENTIFIER_STRONG_COUNT && !resolution.other; kind++) {
		struct profile *owner = find_by(people, row, (enum identifier)kind);

		if (owner != resolution.profile)
			resolution.other = owner;
	}
	return resolution;
}

void profile_absorb(struct people *people, struct profile *profile, const struct profile_row *row)
{
	for (int kind = IDENTIFIER_STRONG_COUNT; kind < IDENTIFIER_COUNT; kind++) {
		struct profile *found = find_by(people, row, (enum identifier)kind);

		if (found && found != profile && !profile_is_known(found))
			people_merge(people, found, profile);
	}
}

/* ---- what it changes ---- */

static struct json *values_of(struct profile *profile)
{
	if (!profile->values)
		profile->values = json_new_object();
	return profile->values;
}

static void write_keys(struct people *people, struct profile *profile, const struct profile_row *row,
		       enum profile_null null)
{
	for (int i = 0; i < IDENTIFIER_COUNT; i++) {
		enum identifier kind = (enum identifier)i;
		struct str text = profile_row_text(row, kind);
		const struct profile *owner = find_by(people, row, kind);
		const struct json *given = json_get(row->attributes, identifier_name(kind));

		if (given && text.len == 0 && null == PROFILE_NULL_CLEARS && i < IDENTIFIER_STRONG_COUNT)
			profile_drop_key(&people->profiles, profile, kind);
		else if (text.len > 0 && (!owner || owner == profile))
			profile_set_key(&people->profiles, profile, kind, text);
		else if (text.len > 0)
			people->counts.identifiers_ignored++;
	}
}

static void merge_object(struct json *values, const char *name, const struct json *given, bool null_clears)
{
	struct json *own = json_get(values, name);

	if (!own) {
		own = json_new_object();
		json_set(values, name, own);
	}
	for (void *it = json_first(given); it; it = json_next(given, it)) {
		struct str member = json_member_name(it);
		char text[256];

		if (json_type(json_member_value(it)) != JSON_NULL || !null_clears ||
		    member.len >= sizeof(text)) {
			json_set_n(own, member, json_clone(json_member_value(it)));
			continue;
		}
		memcpy(text, member.p, member.len);
		text[member.len] = '\0';
		json_remove(own, text);
	}
}

static bool is_merged(struct str name)
{
	return str_eq(name, STR("location")) || str_eq(name, STR("properties"));
}

static bool is_value(struct str name)
{
	for (int kind = 0; kind < IDENTIFIER_COUNT; kind++)
		if (str_eq(name, str_from(identifier_name((enum identifier)kind))))
			return false;
	return !str_eq(name, STR("meta"));
}

static void write_values(struct profile *profile, const struct profile_row *row, enum profile_null null,
			 bool forget_properties)
{
	for (void *it = json_first(row->attributes); it; it = json_next(row->attributes, it)) {
		struct str name = json_member_name(it);
		const struct json *value = json_member_value(it);
		bool properties = str_eq(name, STR("properties"));

		if (!is_value(name) || (properties && forget_properties) ||
		    (json_type(value) == JSON_NULL && null == PROFILE_NULL_IGNORED))
			continue;
		if (is_merged(name) && json_type(value) == JSON_OBJECT)
			merge_object(values_of(profile), properties ? "properties" : "location", value,
				     !properties);
		else
			json_set_n(values_of(profile), name, json_clone(value));
	}
}

/* ---- meta.patch_properties ---- */

static struct json *without(const struct json *list, const struct json *value)
{
	struct json *left = json_new_array();

	for (size_t i = 0; i < json_len(list); i++)
		if (!json_same(json_at(list, i), value))
			json_append(left, json_clone(json_at(list, i)));
	return left;
}

/* A property becomes a list without the value, and with it at its end when it is to be there. */
static void patch_one(struct json *properties, struct str name, const struct json *value, bool append)
{
	const struct json *own = NULL;
	struct json *list;

	for (void *it = json_first(properties); it; it = json_next(properties, it))
		if (str_eq(json_member_name(it), name))
			own = json_member_value(it);
	list = without(own, value);
	if (own && json_type(own) != JSON_ARRAY && json_type(own) != JSON_NULL && !json_same(own, value))
		json_append(list, json_clone(own));
	if (append)
		json_append(list, json_clone(value));
	json_set_n(properties, name, list);
}

static void patch_list(struct json *properties, const struct json *patch, bool append)
{
	for (void *it = json_first(patch); it; it = json_next(patch, it)) {
		const struct json *value = json_member_value(it);

		if (json_type(value) != JSON_ARRAY)
			patch_one(properties, json_member_name(it), value, append);
		for (size_t i = 0; json_type(value) == JSON_ARRAY && i < json_len(value); i++)
			patch_one(properties, json_member_name(it), json_at(value, i), append);
	}
}

static void unset(struct json *properties, const struct json *names, struct arena *arena)
{
	if (json_type(names) == JSON_STRING)
		json_remove(properties, arena_cstr(arena, json_text(names)));
	for (size_t i = 0; json_type(names) == JSON_ARRAY && i < json_len(names); i++)
		json_remove(properties, arena_cstr(arena, json_text(json_at(names, i))));
}

static void patch_properties(struct profile *profile, const struct json *patch)
{
	struct json *properties;
	struct arena arena;

	if (json_type(patch) != JSON_OBJECT)
		return;
	merge_object(values_of(profile), "properties", NULL, false);
	properties = json_get(profile->values, "properties");
	arena_init(&arena);
	patch_list(properties, json_get(patch, "append"), true);
	patch_list(properties, json_get(patch, "unappend"), false);
	unset(properties, json_get(patch, "unset"), &arena);
	arena_release(&arena);
}

static void count_made(struct people *people, const struct profile *profile)
{
	people->counts.profiles_created++;
	if (table_find(&people->deleted, profile_key_text(profile, IDENTIFIER_EMAIL)) ||
	    table_find(&people->deleted, profile_key_text(profile, IDENTIFIER_PHONE)))
		people->counts.profiles_recreated++;
}

struct profile *profile_write(struct sandbox *sandbox, struct people *people, struct profile *profile,
			      const struct profile_row *row, enum profile_null null)
{
	bool made = !profile;

	if (made) {
		profile = profile_add(&people->profiles, sandbox->rand, sandbox_wall_ms(sandbox));
	} else {
		profile_absorb(people, profile, row);
		people->counts.profiles_updated++;
	}
	write_keys(people, profile, row, null);
	if (made)
		count_made(people, profile);
	write_values(profile, row, null, sandbox->knobs.forget_properties);
	if (!sandbox->knobs.forget_properties)
		patch_properties(profile, json_get(row->meta, "patch_properties"));
	profile->updated_ms = sandbox_wall_ms(sandbox);
	return profile;
}

/* ---- what is refused beside the shape ---- */

static bool phone_supported(const struct sandbox *sandbox, struct str phone)
{
	const struct texts *prefix = &sandbox->knobs.unsupported_phone_prefix;

	for (size_t i = 0; i < prefix->n; i++)
		if (phone.len > 0 && str_starts(phone, str_from(prefix->text[i])))
			return false;
	return true;
}

static bool too_large(const struct profile_row *row, size_t bytes_max)
{
	struct strbuf text;
	bool overflow;

	strbuf_init(&text, bytes_max);
	json_write(row->attributes, false, &text);
	overflow = text.overflow;
	strbuf_release(&text);
	return overflow;
}

bool profile_row_check(const struct sandbox *sandbox, const struct profile_row *row, struct str pointer,
		       size_t bytes_max, struct error_list *errors)
{
	size_t before = errors->n;

	for (int kind = 0; kind < IDENTIFIER_COUNT; kind++) {
		const char *name = identifier_name((enum identifier)kind);
		struct str text = profile_row_text(row, (enum identifier)kind);

		if (text.len > 0 && texts_has(&sandbox->knobs.reject_identifier, text))
			error_add(errors, ERROR_INVALID,
				  arena_printf(errors->arena, "%.*s/attributes/%s", STR_ARG(pointer), name),
				  "Invalid input. The profile '%.*s' is refused.", STR_ARG(text));
	}
	if (!phone_supported(sandbox, profile_row_text(row, IDENTIFIER_PHONE)))
		error_add(errors, ERROR_INVALID,
			  arena_printf(errors->arena, "%.*s/attributes/phone_number", STR_ARG(pointer)),
			  "Phone number is valid but is not in a supported region for this account.");
	if (bytes_max > 0 && too_large(row, bytes_max))
		error_add(errors, ERROR_INVALID, pointer, "Invalid input. A profile may not exceed %zu KB.",
			  bytes_max / 1000);
	return errors->n == before;
}
