/*
 * Fields of profiles and orders that Klaviyo has no place of its own for: what the rules let through, and
 * under which names.
 *
 * Keeps:   include is about the shop's custom fields; exclude and rename are about all; what is set wins.
 * Pure.
 */
#include "activity/fold_internal.h"

static bool next_name(struct str *rest, struct str *name)
{
	while (str_split(rest, ',', name)) {
		*name = str_trim(*name);
		if (name->len > 0)
			return true;
	}
	return false;
}

/* "a=b" of a list. */
static bool next_pair(struct str *rest, struct str *name, struct str *value)
{
	struct str pair;

	while (next_name(rest, &pair)) {
		size_t at = str_find_char(pair, '=');

		*name = str_trim(str_of(pair.p, at));
		*value = str_trim(str_skip(pair, at + 1));
		if (at < pair.len && name->len > 0)
			return true;
	}
	return false;
}

static bool names(struct str list, struct str wanted)
{
	struct str name;

	while (next_name(&list, &name))
		if (str_eq(name, wanted))
			return true;
	return false;
}

void property_put(struct fold *fold, struct property_list *list, struct str name, struct str value)
{
	if (name.len == 0 || value.len == 0)
		return;
	for (size_t i = 0; i < list->n; i++) {
		if (str_eq(list->item[i].name, name)) {
			list->item[i].value = value;
			return;
		}
	}
	if (list->n == FOLD_PROPERTIES_MAX) {
		fold_note(fold, "only the first %d custom fields are sent", FOLD_PROPERTIES_MAX);
		return;
	}
	list->item[list->n++] = (struct activity_property){ name, value };
}

static void put_members(struct fold *fold, struct property_list *list, const struct json *object,
			struct str only)
{
	for (void *it = json_first(object); it; it = json_next(object, it)) {
		struct str name = str_trim(json_member_name(it));

		if (only.len == 0 || names(only, name))
			property_put(fold, list, arena_dup(fold->arena, name),
				     fold_scalar(fold, json_member_value(it)));
	}
}

void property_put_custom(struct fold *fold, struct property_list *list, const struct json *custom)
{
	put_members(fold, list, custom, fold->rules->profile_include);
}

static struct str renamed(const struct fold *fold, struct str name)
{
	struct str rest = fold->rules->profile_rename, from, to;

	while (next_pair(&rest, &from, &to))
		if (str_eq(from, name) && to.len > 0)
			return to;
	return name;
}

void property_rules(struct fold *fold, struct property_list *list, bool set)
{
	struct property_list in = *list;
	struct str rest = fold->rules->profile_set, name, value;

	list->n = 0;
	for (size_t i = 0; i < in.n; i++)
		if (!names(fold->rules->profile_exclude, in.item[i].name))
			property_put(fold, list, renamed(fold, in.item[i].name), in.item[i].value);
	while (set && next_pair(&rest, &name, &value))
		property_put(fold, list, name, value);
}

const struct activity_property *property_keep(const struct fold *fold, const struct property_list *list,
					      size_t *n)
{
	struct activity_property *copy = ARENA_ARRAY(fold->arena, list->n, struct activity_property);

	for (size_t i = 0; i < list->n; i++)
		copy[i] = list->item[i];
	*n = list->n;
	return copy;
}

const struct activity_property *property_all(struct fold *fold, const struct json *object, size_t *n)
{
	struct property_list list = { .n = 0 };

	put_members(fold, &list, object, STR(""));
	return property_keep(fold, &list, n);
}

void property_customer_id(struct fold *fold, struct activity_profile *profile, struct str customer_id)
{
	struct property_list list = { .n = 0 };

	if (fold->rules->profile_external_id) {
		profile->external_id = customer_id;
		return;
	}
	property_put(fold, &list, STR("CustomerId"), customer_id);
	property_rules(fold, &list, false);
	profile->property = property_keep(fold, &list, &profile->n_property);
}
