#ifndef PANNIER_SANDBOX_PROFILE_LIST_H
#define PANNIER_SANDBOX_PROFILE_LIST_H

#include "sandbox/profile.h"

/* Klaviyo's lists: profiles that were put together under a name. */

struct member {
	int64_t number;            /* grows in its list; its index there is number - 1 */
	int64_t joined_ms;
	struct profile *profile;   /* NULL = left */
};

struct profile_list {
	int64_t number;            /* grows; its index in the account is number - 1 */
	char id[IDENT_SHORT_BYTES];
	struct str name;           /* owned */
	bool double_opt_in;
	int64_t created_ms, updated_ms;
	struct member *member;     /* in the order they joined */
	size_t n_slots, capacity;
	size_t n;
	struct table by_profile;   /* index + 1 into member, as a pointer, by the profile's id */
};

struct profile_lists {
	struct profile_list **at;
	size_t n;
	struct table by_id;
	int64_t day;               /* of the newest creations, and how many there were: Klaviyo takes 150 a day */
	int64_t n_on_day;
};

#define LISTS_PER_DAY_MAX 150

void profile_lists_release(struct profile_lists *lists);
struct profile_list *profile_list_find(const struct profile_lists *lists, struct str id); /* NULL if unknown */
struct profile_list *profile_list_add(struct profile_lists *lists, struct rand *rand, struct str name,
				      bool double_opt_in, int64_t now_ms);
const struct member *profile_list_member(const struct profile_list *list, const struct profile *profile);
/* Each does nothing when it is so already. */
void profile_list_join(struct profile_list *list, struct profile *profile, int64_t now_ms);
void profile_list_leave(struct profile_list *list, const struct profile *profile);

#endif
