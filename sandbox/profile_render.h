#ifndef PANNIER_SANDBOX_PROFILE_RENDER_H
#define PANNIER_SANDBOX_PROFILE_RENDER_H

#include "sandbox/people.h"
#include "sandbox/query.h"

/* Profiles and lists as JSON:API. */

/* Appends one resource. member: of the list that is read, or NULL. */
void render_profile(struct call *call, const struct profile *profile, const struct query *query,
		    const struct member *member, struct strbuf *out);
/* Appends the profile's attributes as members, those that are wanted; whole of what is known of consent on request. */
void render_profile_attributes(const struct profile *profile, struct str fields, bool subscriptions,
			       const struct member *member, struct strbuf *out);
/* Appends {"email":{"marketing":{...},...},...}; consent NULL = nothing was ever said. */
void render_subscriptions(const struct consent *consent, struct strbuf *out);
void reply_profile(struct call *call, int status, const struct profile *profile, const struct query *query);

void render_list(struct call *call, const struct profile_list *list, const struct query *query, struct strbuf *out);

/* Appends a time or null as a member, with a comma before it unless it is the first. 0 = null. */
void render_time_or_null(const char *name, int64_t wall_ms, struct strbuf *out);

#endif
