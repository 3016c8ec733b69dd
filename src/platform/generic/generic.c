/*
 * The generic platform: our own messages, for shops that have no adapter and for those who write one. The
 * ops, nothing else.
 */
#include "platform/generic/generic_internal.h"
#include "platform/generic/generic_pull.h"
#include "platform/receipt.h"

const struct platform_ops platform_generic_ops = {
	.name = "generic",
	.label = "Generic (Standard Webhooks, CloudEvents)",
	.accept_status = 202,
	.guide = {
		.secret_is = "signing secret: whsec_ and base64 of 24 to 64 bytes, or any 16 characters",
		.configure =
			"Send changes as JSON with POST to\n"
			"\n"
			"  {url}\n"
			"\n"
			"signed as Standard Webhooks says, with three headers:\n"
			"\n"
			"  webhook-id         an id of the message, the same when it is sent again\n"
			"  webhook-timestamp  the time of sending, in seconds since 1970\n"
			"  webhook-signature  v1, a comma, base64 of HMAC-SHA256 over \"id.timestamp.body\"\n"
			"\n"
			"Messages, and examples in shell, Python and Node: docs/platforms/generic.md",
	},
	.accepts = generic_accepts,
	.check_secret = generic_check_secret,
	.verify = generic_verify,
	.identify = generic_identify,
	.map = generic_map,
	.accepted_body = receipt_body,
	.pull = &generic_pull,
	.status_means = generic_status_means,
	.order_states = "pending|placed|paid|partially_paid|partially_fulfilled|fulfilled|cancelled|refunded|"
			"partially_refunded",
};
