/*
 * Told: what became of what Klaviyo was told of a thing, by its newest delivery and what was accepted before.
 */
#include "admin/told.h"

const char *told_text(enum told told)
{
	switch (told) {
	case TOLD_WAITING:
		return "waiting";
	case TOLD_ACCEPTED:
		return "accepted";
	case TOLD_THERE:
		return "there";
	case TOLD_FAILED:
		return "failed";
	case TOLD_SKIPPED:
		return "skipped";
	case TOLD_DELETED:
		return "deleted";
	}
	return "";
}

/* With nothing under way: what the accepted deliveries say. */
static enum told told_at_rest(const struct root_sent *sent, bool accepted)
{
	if (sent->exists)
		return TOLD_THERE;
	if (!accepted && digest16_is_zero(sent->wanted))
		return sent->wanted_deleted ? TOLD_DELETED : TOLD_SKIPPED;
	return sent->wanted_deleted ? TOLD_DELETED : TOLD_ACCEPTED;
}

enum told told_from(const struct root_sent *sent, const enum delivery_state *newest)
{
	if (!newest)
		return told_at_rest(sent, false);
	switch (*newest) {
	case DELIVERY_READY:
	case DELIVERY_WAITING:
	case DELIVERY_SENDING:
		return TOLD_WAITING;
	case DELIVERY_FAILED:
		return TOLD_FAILED;
	case DELIVERY_ACCEPTED:
		return told_at_rest(sent, true);
	case DELIVERY_SKIPPED:
		return told_at_rest(sent, false);
	}
	return TOLD_WAITING;
}

bool told_read(struct look *look, const struct root_sent *sent, enum told *out, struct err *err)
{
	struct delivery newest;
	struct err why;
	bool there = db_delivery_get(look->db, sent->newest_id, look->arena, &newest, &why);

	if (!there && why.code != ERR_NOT_FOUND)
		return err_set(err, why.code, "%s", why.msg);
	*out = told_from(sent, there ? &newest.state : NULL);
	return true;
}
