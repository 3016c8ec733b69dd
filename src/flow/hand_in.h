#ifndef PANNIER_FLOW_HAND_IN_H
#define PANNIER_FLOW_HAND_IN_H

#include "flow/flow.h"

/*
 * Takes in what a person hands in as if the store's shop had sent it: from then on there is no difference. There is no signature to look
 * at; whoever calls has made sure that the person may. content_type as of a webhook. by: for the audit, "ada". One receipt per message, in
 * the arena. ERR_INVALID: the platform does not understand the body, or there is no message in it. Errors of db_inbox_append.
 */
bool hand_in(struct flow_ctx *ctx, const struct settings_store *store, struct str content_type, struct str body, struct str by,
	     struct arena *arena, struct inbox_receipt **receipt, size_t *n, struct err *err) MUST_CHECK;

#endif
