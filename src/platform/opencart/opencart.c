/*
 * OpenCart: the ops. Signing, envelopes and all messages but an order's are those of the generic platform, so
 * that a shop's messages can be checked, replayed and read like any other's.
 */
#include "base/json.h"
#include "platform/opencart/opencart_internal.h"

static bool accepts(struct str content_type)
{
	return platform_generic_ops.accepts(content_type);
}

static bool check_secret(struct str secret, struct err *err)
{
	return platform_generic_ops.check_secret(secret, err);
}

static bool verify(const struct platform_store *store, const struct platform_request *request,
		   struct err *err)
{
	return platform_generic_ops.verify(store, request, err);
}

static bool identify(const struct platform_store *store, const struct platform_request *request, size_t max_n,
		     struct arena *arena, struct platform_message **message, size_t *n, struct err *err)
{
	return platform_generic_ops.identify(store, request, max_n, arena, message, n, err);
}

static struct str accepted_body(size_t n_accepted, size_t n_duplicate, struct arena *arena)
{
	return platform_generic_ops.accepted_body(n_accepted, n_duplicate, arena);
}

static bool has_history(const struct json *envelope)
{
	return json_type(json_get(json_get(envelope, "data"), "history")) == JSON_ARRAY;
}

static void map(const struct platform_store *store, struct str topic, struct str body, int64_t received_ms,
		struct arena *arena, struct map_result *out)
{
	struct json *envelope = NULL;

	if (str_eq(topic, STR("order.updated")) && json_parse(body, &envelope, NULL) && has_history(envelope))
		opencart_map_order(store, envelope, received_ms, arena, out);
	else
		platform_generic_ops.map(store, topic, body, received_ms, arena, out);
	json_free(envelope);
}

const struct platform_ops platform_opencart_ops = {
	.name = "opencart",
	.label = "OpenCart 3.0 and 4.x",
	.accept_status = 202,
	.guide = {
		.secret_is = "signing secret: whsec_ and base64 of 24 to 64 bytes, or any 16 characters",
		.configure =
			"In OpenCart's admin:\n"
			"\n"
			"  1. Extensions -> Installer: upload pannier.ocmod.zip of your release\n"
			"     and press Install\n"
			"  2. Extensions -> Extensions -> Modules -> Pannier: Install, then Edit\n"
			"  3. enter this address and the secret, press Test connection, then Save\n"
			"\n"
			"       {url}\n"
			"\n"
			"  4. press Send everything\n"
			"\n"
			"Statuses of orders, several stores and languages, cron: docs/platforms/opencart.md",
	},
	.accepts = accepts,
	.check_secret = check_secret,
	.verify = verify,
	.identify = identify,
	.map = map,
	.pull = &opencart_pull,
	.order_states = "nothing|placed|paid|fulfilled|cancelled|refunded",
	.order_status = opencart_status,
	.n_order_status = OPENCART_STATUS_COUNT,
	.status_means = opencart_status_means,
	.accepted_body = accepted_body,
};
