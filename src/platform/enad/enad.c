/*
 * Enad (docs.enad.io): webhooks of a headless commerce platform. The ops, nothing else.
 */
#include "platform/enad/enad_internal.h"
#include "platform/receipt.h"

const struct platform_ops platform_enad_ops = {
	.name = "enad",
	.label = "Enad",
	.accept_status = 200, /* anything else counts as a failure there */
	.guide = {
		.secret_is = "value of the header that Enad sends (at least 8 characters; you choose it)",
		.configure =
			"In Enad Admin open your app, then System -> Integrations -> Add new integration.\n"
			"\n"
			"  URL           {url}\n"
			"  Header key    {header}\n"
			"  Header value  Bearer, a space and the secret; or the secret alone\n"
			"\n"
			"Choose all events of products, variants, prices, stocks, categories, markets,\n"
			"store groups, tags, brands, series and users.\n"
			"\n"
			"Enad sends no product URLs: set url_template, for example\n"
			"  pannier store set STORE url_template='https://shop.example/{market}/{slug}'",
	},
	.accepts = enad_accepts,
	.check_secret = enad_check_secret,
	.verify = enad_verify,
	.identify = enad_identify,
	.map = enad_map,
	.accepted_body = receipt_body,
};
