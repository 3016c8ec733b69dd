#ifndef PANNIER_ADMIN_TOLD_H
#define PANNIER_ADMIN_TOLD_H

#include "admin/look.h"
#include "store/store.h"

/*
 * What became of what Klaviyo was told of a thing. Whether Klaviyo has it is known of products, variants, categories and
 * profiles; an event or a consent is accepted, and nobody asks for it again.
 */
enum told {
	TOLD_WAITING,              /* the newest delivery is not done */
	TOLD_ACCEPTED,
	TOLD_THERE,
	TOLD_FAILED,
	TOLD_SKIPPED,              /* nothing of it was ever accepted */
	TOLD_DELETED,
};

#define TOLD_CHOICES "waiting|accepted|there|failed|skipped|deleted"

const char *told_text(enum told told);
/* newest: state of the newest delivery; NULL: it is no longer kept, as only those are that are done. */
enum told told_from(const struct root_sent *sent, const enum delivery_state *newest);
/* The same with the newest delivery read from the store. */
bool told_read(struct look *look, const struct root_sent *sent, enum told *out, struct err *err) MUST_CHECK;

#endif
