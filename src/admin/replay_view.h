#ifndef PANNIER_ADMIN_REPLAY_VIEW_H
#define PANNIER_ADMIN_REPLAY_VIEW_H

#include "admin/look.h"
#include "flow/replay.h"

/* A replay as the command line (--json) and the API take and show it. */

/* Words of the options; n 0 = as usual. ERR_INVALID says what is allowed. */
struct replay_words {
	struct str from;           /* "inbox" or "deliveries"; "" = deliveries */
	const struct str *family;
	size_t n_family;
	const struct str *outcome;
	size_t n_outcome;
};
/* Fills messages, kinds and states; the other members are the caller's. */
bool replay_options_of(const struct replay_words *words, struct replay_options *out, struct err *err) MUST_CHECK;
struct json *replay_preview_json(const struct replay_options *options, const struct replay_preview *preview);
struct json *replay_json(struct look *look, const struct task_row *task);

#endif
