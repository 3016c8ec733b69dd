/*
 * Usage: a saved budget, as people want to see it.
 */
#include "admin/usage.h"

#include "klaviyo/budget.h"

bool usage_of(struct look *look, const struct budget_row *row, struct moment now, struct usage *out)
{
	const struct settings_account *account = snapshot_account(look->snapshot, row->account_id);
	struct budget budget;
	enum endpoint endpoint;
	int64_t wait_ms;

	if (!account || !endpoint_find(row->endpoint, &endpoint))
		return false;
	budget_init(&budget, endpoint_row(endpoint),
		    (int)setting_int(account->value, SETTING_KEY_quota_percent));
	budget_load(&budget, row->blob, now);
	(void)budget_allows(&budget, now.mono_ms, &wait_ms); /* moves the buckets to now */
	*out = (struct usage){ .limit = budget_steady_now(&budget, now.mono_ms),
			       .klaviyo_limit = endpoint_row(endpoint)->steady_per_min,
			       .by_others = budget_foreign(&budget, now.mono_ms) };
	for (size_t i = 0; i < BUDGET_STEADY_BUCKETS; i++)
		out->in_minute += budget.steady[i];
	if (budget.frozen_until_ms > now.mono_ms)
		out->frozen_ms = budget.frozen_until_ms - now.mono_ms;
	return out->in_minute > 0 || out->by_others > 0 || out->frozen_ms > 0;
}
