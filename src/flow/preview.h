#ifndef PANNIER_FLOW_PREVIEW_H
#define PANNIER_FLOW_PREVIEW_H

#include "flow/flow.h"

/*
 * Preview: the exact requests a message would cause, given what the database holds now; nothing is written or sent.
 * Facts of the message are applied to the roots it touches in memory, then merged, planned and rendered as publish
 * and deliver would.
 */
struct preview_request {
	struct str method;
	struct str url;
	struct str body;           /* JSON, "" = none */
};

struct preview {
	struct str topic;
	struct str map_reason;     /* ignored or failed: why */
	size_t n_fact;
	const struct preview_request *request;
	size_t n_request;
	struct str held;           /* why something is held back, "" = nothing */
	struct str note;
};

/*
 * body: one message as the shop would send it (its signature is not looked at). *n previews, one per message in it,
 * each as if it came alone. ERR_NOT_FOUND: no such store. ERR_INVALID: the platform does not understand the body.
 */
bool preview_message(struct flow_ctx *ctx, struct str store, struct str content_type, struct str body,
		     struct arena *arena, struct preview **preview, size_t *n, struct err *err) MUST_CHECK;

/*
 * The request that these deliveries of one kind make, all as op, as it leaves at at_ms (klaviyo/render.h): what preview_message shows of
 * what it plans, and the story of what was planned. Without headers. ERR_INVALID, ERR_TOO_LARGE as there.
 */
bool preview_request(const struct settings_account *account, const struct delivery *delivery, size_t n, enum delivery_op op,
		     bool bulk, int64_t at_ms, struct arena *arena, struct preview_request *out, struct err *err) MUST_CHECK;

#endif
