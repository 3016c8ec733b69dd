/*
 * Lists and who is in them.
 *
 * Doesn't: know consent; being in a list says nothing of it.
 * Keeps:   members stand in the order they joined; a number is never used again.
 * Threads: an account belongs to the server's thread.
 */
#include "sandbox/profile_list.h"

#include "base/alloc.h"

#include <string.h>

void profile_lists_release(struct profile_lists *lists)
{
	for (size_t i = 0; i < lists->n; i++) {
		mem_free(lists->at[i]->member);
		table_release(&lists->at[i]->by_profile);
		mem_free(lists->at[i]);
	}
	mem_free(lists->at);
	table_release(&lists->by_id);
	*lists = (struct profile_lists){ 0 };
}

struct profile_list *profile_list_find(const struct profile_lists *lists, struct str id)
{
	return table_find(&lists->by_id, id);
}

struct profile_list *profile_list_add(struct profile_lists *lists, struct rand *rand, struct str name,
				      bool double_opt_in, int64_t now_ms)
{
	struct profile_list *list = mem_zalloc(1, sizeof(*list) + name.len);

	memcpy(list + 1, name.p, name.len);
	list->name = str_of((const char *)(list + 1), name.len);
	list->number = (int64_t)lists->n + 1;
	list->double_opt_in = double_opt_in;
	list->created_ms = list->updated_ms = now_ms;
	do {
		ident_short(rand, list->id);
	} while (table_find(&lists->by_id, str_from(list->id)));
	lists->at = mem_resize(lists->at, (lists->n + 1) * sizeof(struct profile_list *));
	lists->at[lists->n++] = list;
	table_put(&lists->by_id, str_from(list->id), list);
	return list;
}

static struct member *find_member(const struct profile_list *list, const struct profile *profile)
{
	uintptr_t slot = (uintptr_t)table_find(&list->by_profile, str_from(profile->id));

	return slot ? &list->member[slot - 1] : NULL;
}

const struct member *profile_list_member(const struct profile_list *list, const struct profile *profile)
{
	return find_member(list, profile);
}

void profile_list_join(struct profile_list *list, struct profile *profile, int64_t now_ms)
{
	if (find_member(list, profile))
		return;
	if (list->n_slots == list->capacity) {
		list->capacity = list->capacity ? list->capacity * 2 : 64;
		list->member = mem_resize(list->member, list->capacity * sizeof(*list->member));
	}
	list->n_slots++;
	list->member[list->n_slots - 1] = (struct member){
		.number = (int64_t)list->n_slots,
		.joined_ms = now_ms,
		.profile = profile,
	};
	list->n++;
	table_put(&list->by_profile, str_from(profile->id), (void *)(uintptr_t)list->n_slots);
}

void profile_list_leave(struct profile_list *list, const struct profile *profile)
{
	struct member *member = find_member(list, profile);

	if (!member)
		return;
	member->profile = NULL;
	list->n--;
	(void)table_remove(&list->by_profile, str_from(profile->id));
}
