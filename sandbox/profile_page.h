#ifndef PANNIER_SANDBOX_PROFILE_PAGE_H
#define PANNIER_SANDBOX_PROFILE_PAGE_H

#include "sandbox/profile_render.h"

/* Filters on profiles, of an account or of a list. */

/* False: errors of the call say what is wrong. */
bool profile_filter_check(struct call *call, const struct filter *filter, bool of_list) MUST_CHECK;
/* member: of the list that is read, or NULL. */
bool profile_matches(const struct profile *profile, const struct member *member, const struct filter *filter);

#endif
