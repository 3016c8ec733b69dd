/*
 * Accounts: what a connection test asks for.
 *
 * Does:    describes the account of the key; its id is derived from the key and the same in every run.
 * Threads: the server's thread.
 */
#include "sandbox/query.h"

static void render_account(struct call *call, struct strbuf *out)
{
	const struct account *account = call->account;
	struct str base = query_base(call);

	strbuf_addf(
		out,
		"{\"type\":\"account\",\"id\":\"%s\",\"attributes\":{\"test_account\":true,"
		"\"contact_information\":{\"default_sender_name\":\"Sandbox %s\","
		"\"default_sender_email\":\"sandbox-%s@klaviyo-sandbox.invalid\",\"website_url\":null,"
		"\"organization_name\":\"Sandbox %s\","
		"\"street_address\":{\"address1\":null,\"address2\":null,"
		"\"city\":null,\"region\":null,\"country\":null,\"zip\":null}},\"industry\":null,"
		"\"timezone\":\"Europe/Stockholm\",\"preferred_currency\":\"EUR\",\"public_api_key\":\"%s\","
		"\"locale\":\"en-US\"},\"links\":{\"self\":\"%.*s/api/accounts/%s\"}}",
		account->id, account->id, account->id, account->id, account->id, STR_ARG(base), account->id);
}

static void reply_account(struct call *call, bool list)
{
	struct query query;
	struct strbuf out;

	if (!query_read(call, &query))
		return;
	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, list ? "{\"data\":[" : "{\"data\":");
	render_account(call, &out);
	if (list) {
		strbuf_add_text(&out, "],\"links\":");
		query_render_links(call, &query, false, 0, &out);
	}
	strbuf_add_char(&out, '}');
	reply_take(call, 200, &out);
}

void account_list(struct call *call)
{
	reply_account(call, true);
}

void account_get(struct call *call)
{
	if (str_eq(call->id, str_from(call->account->id)))
		reply_account(call, false);
	else
		error_add(&call->errors, ERROR_NOT_FOUND, STR("/data/"),
			  "An account with the id `%.*s` does not exist.", STR_ARG(call->id));
}
