#ifndef PANNIER_ACTIVITY_PLAN_H
#define PANNIER_ACTIVITY_PLAN_H

#include "activity/merge.h"

/*
 * Planning: what Klaviyo should have been told against what it was told -> the deliveries that are missing.
 *
 * resource: one per event (KLAVIYO_EVENT), profile (KLAVIYO_PROFILE), consent (KLAVIYO_CONSENT) and opt-out (KLAVIYO_NOTICE) of the
 * view, in its order, rendered by the caller. Rules:
 *   event      told once: nothing if root->sent has one of its external_id, whatever it was
 *   profile    told when its contents differ from root_sent.wanted, or it has a former address (a create: see store_rows.h)
 *   consent    told when its key differs from root_sent.wanted (subscribed), or unless wanted_deleted (unsubscribed: a delete; always
 *              with a profile that has a former address: who it is now says nothing of what it agreed to there)
 *   notice     told once, as an event is
 *   erase      a delete of the profile, once
 * delivery_new.hash: of the body for a profile, the key for the others.
 */
struct activity_resource {
	enum klaviyo_kind kind;
	enum delivery_op op;
	struct str external_id;    /* event: metric_row()->name|unique_id; profile: person; consent: CHANNEL:address */
	struct str parent_external_id; /* event: the person; consent: see klaviyo/render.h; profile: activity_view.former */
	struct str body;
	struct digest16 key;       /* zero: the digest of body */
};

void activity_plan(const struct catalog_root *root, const struct activity_resource *resource, size_t n, struct arena *arena,
		   struct delivery_new **delivery, size_t *n_delivery);

#endif
