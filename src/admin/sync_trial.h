#ifndef PANNIER_ADMIN_SYNC_TRIAL_H
#define PANNIER_ADMIN_SYNC_TRIAL_H

#include "admin/look.h"
#include "flow/pull.h"

/* What the first page of a kind says of a sync that is not begun, on the command line and through the API. */

/* Pages the shop will be asked for, by what the first one says; 0: it does not say. */
int64_t sync_trial_pages(const struct pull_trial *trial);
/* How long asking for them takes at least, in ms, by the store's pull_pages_per_minute. */
int64_t sync_trial_ms(const struct settings_store *store, const struct pull_trial *trial);
/* All that Klaviyo would be told, as far as the first page is like the others. False: the shop does not say how much there is. */
bool sync_trial_told(const struct settings_store *store, const struct pull_trial *trial, struct tellings_estimate *out);
struct json *sync_trial_json(const struct settings_store *store, enum pull_kind kind, const struct pull_trial *trial);

#endif
