/*
 * Ask: single questions to Klaviyo for people (account check, doctor). Deliveries go another way
 * (flow/deliver).
 *
 * Source of what answers mean: Klaviyo's documentation of errors and of API keys, revision 2026-07-15.
 */
#include "admin/ask.h"

#include "base/wake.h"
#include "admin/text.h"
#include "klaviyo/render.h"

#define TIMEOUT_MS	  15000
#define DETAIL_COLUMNS	  200
#define RETRY_AFTER_MAX_S 5 /* so long a person waits without being told */

struct waiting {
	struct arena *arena;
	struct ask_answer *answer;
	int64_t retry_after_s; /* -1 = not said */
	bool done;
};

static void take_answer(void *arg, const struct http_answer *answer)
{
	struct waiting *waiting = arg;

	waiting->done = true;
	if (!str_to_int64(http_answer_header(answer, "Retry-After"), &waiting->retry_after_s))
		waiting->retry_after_s = -1;
	*waiting->answer = (struct ask_answer){
		.reached = answer->ok,
		.status = answer->status,
		.body = arena_dup(waiting->arena, answer->body),
		.content_type = arena_dup(waiting->arena, http_answer_header(answer, "Content-Type")),
		.date = arena_dup(waiting->arena, http_answer_header(answer, "Date")),
		.error = arena_dup(waiting->arena, str_from(answer->error)),
		.latency_ms = answer->latency_ms,
	};
}

static bool ask_once(struct http_client *client, const struct http_call *call, struct waiting *waiting,
		     struct err *err)
{
	waiting->done = false;
	if (!http_client_start(client, call, take_answer, waiting, err))
		return false;
	while (!waiting->done)
		(void)http_client_run(client, 1000);
	return true;
}

bool ask_klaviyo(struct look *look, struct http_client *client, const struct settings_account *account,
		 const char *method, const char *path, struct str body, struct ask_answer *out,
		 struct err *err)
{
	struct waiting waiting = { .arena = look->arena, .answer = out };
	struct http_call call = { .method = method, .body = body, .timeout_ms = TIMEOUT_MS };
	struct wake *nobody;

	call.url = arena_printf(look->arena, "%.*s%s",
				STR_ARG(setting_text(account->value, SETTING_KEY_api_url)), path);
	call.header =
		klaviyo_headers(account->key, account->oauth, body.len > 0, look->arena, &call.n_header);
	if (!ask_once(client, &call, &waiting, err))
		return false;
	if (out->status != 429 || waiting.retry_after_s < 0 || waiting.retry_after_s > RETRY_AFTER_MAX_S)
		return true;
	nobody = wake_new(); /* nobody rings: it is only slept on */
	(void)wake_wait(nobody, (waiting.retry_after_s + 1) * MS_PER_S);
	wake_free(nobody);
	return ask_once(client, &call, &waiting, err);
}

/* Klaviyo's own words: title and detail of the first error, made safe and short. */
static struct str first_error(struct look *look, struct str body)
{
	struct str text = STR("");
	struct json *json, *error;

	if (!json_parse(body, &json, NULL))
		return text;
	error = json_at(json_get(json, "errors"), 0);
	if (error)
		text = arena_printf(look->arena, "%.*s %.*s", STR_ARG(json_get_text(error, "title")),
				    STR_ARG(json_get_text(error, "detail")));
	json_free(json);
	return text_cut(text_safe(str_trim(text), look->arena), DETAIL_COLUMNS, look->arena);
}

static bool is_json(struct str content_type)
{
	return str_starts(content_type, STR("application/json")) ||
	       str_starts(content_type, STR("application/vnd.api+json"));
}

static struct ask_trouble explain_status(struct look *look, const struct settings_account *account,
					 const struct ask_answer *answer, const char *scope)
{
	struct arena *arena = look->arena;
	struct str said = first_error(look, answer->body);

	switch (answer->status) {
	case 401:
		if (account->oauth)
			return (struct ask_trouble){ ERR_DENIED,
						     STR("Klaviyo does not accept the connection"),
						     STR("it renews itself within a minute; if not, "
							 "reconnect the account in the screens") };
		return (struct ask_trouble){ ERR_DENIED, STR("Klaviyo does not accept the key"),
					     arena_printf(
						     arena,
						     "create a new private key in Klaviyo (Settings, API "
						     "keys), then: pannier account set %.*s --key-file FILE",
						     STR_ARG(account->name)) };
	case 403:
		if (!is_json(answer->content_type))
			return (struct ask_trouble){
				ERR_UNREACHABLE,
				STR("a firewall in front of Klaviyo refused the request (403, not JSON)"),
				STR("this usually passes; if not, this machine's address is blocked there")
			};
		return (struct ask_trouble){
			ERR_DENIED,
			arena_printf(arena, "the %s lacks the scope %s",
				     account->oauth ? "connection" : "key", scope),
			account->oauth ? STR("reconnect the account in the screens and allow everything "
					     "Pannier asks for")
				       : arena_printf(arena,
						      "the scopes of a key cannot be changed: create a new "
						      "key with all scopes that 'pannier account add --help' "
						      "lists, then: pannier account set %.*s --key-file FILE",
						      STR_ARG(account->name))
		};
	case 404:
		return (struct ask_trouble){ ERR_INVALID, STR("404: no Klaviyo API at this address"),
					     STR("check the account's api_url") };
	case 410:
		return (struct ask_trouble){ ERR_INVALID,
					     STR("Klaviyo has retired API revision " KLAVIYO_REVISION),
					     STR("update Pannier") };
	case 429:
		return (struct ask_trouble){
			ERR_UNREACHABLE, STR("Klaviyo says: too many requests"),
			STR("try again in a minute; other integrations share the limit")
		};
	default:
		break;
	}
	if (answer->status >= 500)
		return (struct ask_trouble){ ERR_UNREACHABLE,
					     arena_printf(arena, "Klaviyo answered %d", answer->status),
					     STR("nothing to do here; see status.klaviyo.com") };
	return (struct ask_trouble){
		ERR_INVALID,
		arena_printf(arena, "Klaviyo answered %d%s%.*s", answer->status, said.len ? ": " : "",
			     STR_ARG(said)),
		STR("check the account's api_url; if it is right, this is a fault of Pannier")
	};
}

struct ask_trouble ask_explain(struct look *look, const struct settings_account *account,
			       const struct ask_answer *answer, const char *scope)
{
	if (answer->reached)
		return explain_status(look, account, answer, scope);
	return (struct ask_trouble){
		ERR_UNREACHABLE,
		arena_printf(look->arena, "%.*s cannot be reached: %.*s",
			     STR_ARG(setting_text(account->value, SETTING_KEY_api_url)),
			     STR_ARG(answer->error)),
		STR("check network, proxy and DNS; filters against trackers often block Klaviyo's names")
	};
}
