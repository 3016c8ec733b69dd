#ifndef PANNIER_ADMIN_USAGE_H
#define PANNIER_ADMIN_USAGE_H

#include "admin/look.h"

/* What was used of an endpoint's budget. */
struct usage {
	int64_t in_minute;         /* requests of the last 60 s */
	int64_t limit;             /* our share, per minute: less while others use the limit, and after a 429 */
	int64_t klaviyo_limit;
	int64_t frozen_ms;         /* Klaviyo asked to wait so long; 0 = not */
	int64_t by_others;         /* what others used of the same limit within the last minute, as far as seen */
};

/* False: there is nothing to tell. */
bool usage_of(struct look *look, const struct budget_row *row, struct moment now, struct usage *out);

#endif
