/*
 * Schedules: those of a store, and what they mean for deliveries.
 *
 * Pure, but for reading time zones.
 */
#include "flow/schedule.h"

#include "base/log.h"

/* Both were checked when they were made; a zone may have gone since. */
static void read_over(const struct settings_store *store, enum setting setting, const struct str *value,
		      struct arena *arena, struct schedules *schedules)
{
	struct err why = { 0 };

	if (!schedules_read(setting_text(value, setting), arena, schedules, &why))
		log_warn("schedule", "store=%.*s %s is not kept: %s", STR_ARG(store->name),
			 setting_row(setting)->key, why.msg);
}

void flow_schedules(const struct settings_store *store, struct arena *arena, struct schedules *out)
{
	schedules_init(out);
	read_over(store, SETTING_KEY_schedules, store->account->value, arena, out);
	read_over(store, SETTING_KEY_store_schedules, store->value, arena, out);
}

bool flow_schedules_hold(const struct schedules *schedules)
{
	for (enum schedule_kind kind = 0; kind < SCHEDULE_RECONCILE; kind++)
		if (schedules->of[kind].mode != SCHEDULE_REALTIME)
			return true;
	return false;
}

enum schedule_kind flow_schedule_of(enum klaviyo_kind kind, enum delivery_op op)
{
	switch (kind) {
	case KLAVIYO_CATEGORY:
		return SCHEDULE_CATEGORIES;
	case KLAVIYO_ITEM:
		return SCHEDULE_PRODUCTS;
	case KLAVIYO_VARIANT:
		return SCHEDULE_VARIANTS;
	case KLAVIYO_EVENT:
		return SCHEDULE_EVENTS;
	case KLAVIYO_PROFILE: /* consent and events wait for one that moves */
		return op == DELIVERY_UPDATE ? SCHEDULE_SUBSCRIBERS : SCHEDULE_KIND_COUNT;
	case KLAVIYO_CONSENT:
		return op == DELIVERY_DELETE ? SCHEDULE_KIND_COUNT : SCHEDULE_SUBSCRIBERS;
	case KLAVIYO_NOTICE:
	case KLAVIYO_KIND_COUNT:
		break;
	}
	return SCHEDULE_KIND_COUNT;
}
