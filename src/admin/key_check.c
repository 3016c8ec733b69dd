/*
 * Key check: whose key it is, which scopes it has, and how the account spells its metrics.
 *
 * Doesn't: change anything at Klaviyo: writes are tried with bodies that are refused.
 */
#include "admin/key_check.h"

#include "admin/admin_internal.h"
#include "klaviyo/endpoint.h"
#include "model/metric.h"

#define USER_AGENT "pannier"

const struct key_probe key_probes[] = {
	{ "key", "GET", "/api/accounts", "", "accounts:read", 200, "reached, and the key is accepted" },
	{ "read", "GET", "/api/catalog-items?page%5Bsize%5D=1", "", "catalogs:read", 200,
	  "may read the catalog" },
	{ "write", "POST", "/api/catalog-items", "{\"data\":{\"type\":\"catalog-item\",\"attributes\":{}}}",
	  "catalogs:write", 400, "may write the catalog" },
	{ "metrics", "GET", "/api/metrics", "", "metrics:read", 200, "may read the metrics" },
	{ "events", "POST", "/api/events", "{\"data\":{\"type\":\"event\",\"attributes\":{}}}",
	  "events:write", 400, "may write events" },
	{ "profiles", "GET", "/api/profiles?page%5Bsize%5D=1", "", "profiles:read", 200,
	  "may read unsubscribes" },
	{ "profile", "POST", "/api/profile-import",
	  "{\"data\":{\"type\":\"profile\",\"attributes\":{\"email\":1}}}", "profiles:write", 400,
	  "may write profiles" },
	{ "lists", "GET", "/api/lists", "", "lists:read", 200, "may read the lists" },
	{ "consent", "POST", "/api/profile-subscription-bulk-create-jobs",
	  "{\"data\":{\"type\":\"profile-subscription-bulk-create-job\",\"attributes\":{}}}",
	  "subscriptions:write", 400, "may subscribe people" },
	{ "erasure", "POST", "/api/data-privacy-deletion-jobs",
	  "{\"data\":{\"type\":\"data-privacy-deletion-job\",\"attributes\":{}}}", "data-privacy:write", 400,
	  "may request erasure of people" },
};
const size_t n_key_probes = ARRAY_LEN(key_probes);

static void put_identity(struct json *json, struct str body)
{
	struct json *answer, *attributes;

	if (!json_parse(body, &answer, NULL))
		return;
	attributes = json_get(json_at(json_get(answer, "data"), 0), "attributes");
	json_put_or_null(json, "organization",
			 json_get_text(json_get(attributes, "contact_information"), "organization_name"));
	json_put_or_null(json, "timezone", json_get_text(attributes, "timezone"));
	json_put_or_null(json, "currency", json_get_text(attributes, "preferred_currency"));
	json_put_or_null(json, "public_key", json_get_text(attributes, "public_api_key"));
	json_free(answer);
}

static struct json *found_names(struct str body, enum metric metric)
{
	struct json *list = json_new_array(), *answer;

	if (!json_parse(body, &answer, NULL))
		return list;
	for (size_t i = 0; i < json_len(json_get(answer, "data")); i++) {
		struct str name =
			json_get_text(json_get(json_at(json_get(answer, "data"), i), "attributes"), "name");
		enum metric found;

		if (metric_find(name, &found) && found == metric)
			json_append(list, json_new_text(name));
	}
	json_free(answer);
	return list;
}

static struct json *spellings(struct str body)
{
	struct json *list = json_new_array();

	for (int i = 0; i < METRIC_COUNT; i++) {
		struct json *names = found_names(body, (enum metric)i), *one;

		if (json_len(names) == 0) {
			json_free(names);
			continue;
		}
		one = json_new_object();
		json_put(one, "metric", str_from(metric_row((enum metric)i)->name));
		json_set(one, "found", names);
		json_append(list, one);
	}
	return list;
}

struct checking {
	struct look *look;
	struct http_client *client;
	const struct settings_account *account;
	struct json *json;
	bool ok;
	bool hopeless; /* the first answer says that more questions make no sense */
};

static void put_trouble(struct checking *checking, const struct ask_answer *answer, const char *scope)
{
	struct ask_trouble trouble = ask_explain(checking->look, checking->account, answer, scope);

	if (checking->ok) {
		json_set(checking->json, "problem", json_new_text(trouble.problem));
		json_set(checking->json, "remedy", json_new_text(trouble.remedy));
	}
	checking->ok = false;
	checking->hopeless = checking->hopeless || !answer->reached || answer->status == 401;
}

static bool try_probe(struct checking *checking, const struct key_probe *probe, struct json *scopes,
		      struct err *err)
{
	struct json *one = json_new_object();
	struct ask_answer answer = { 0 };
	bool good;

	json_append(scopes, one);
	json_put(one, "scope", str_from(probe->scope));
	json_put(one, "for", str_from(probe->good));
	json_set(one, "found", json_new_null());
	json_set(one, "problem", json_new_null());
	if (checking->hopeless)
		return true;
	if (!ask_klaviyo(checking->look, checking->client, checking->account, probe->method, probe->path,
			 str_from(probe->body), &answer, err))
		return false;
	good = answer.reached && answer.status == probe->want;
	if (good || answer.status == 401 || answer.status == 403)
		json_set(one, "found", json_new_bool(good));
	if (good && str_eq(str_from(probe->what), STR("key")))
		put_identity(checking->json, answer.body);
	if (good && str_eq(str_from(probe->what), STR("metrics")))
		json_set(checking->json, "metrics", spellings(answer.body));
	if (!good) {
		put_trouble(checking, &answer, probe->scope);
		json_set(one, "problem",
			 json_new_text(ask_explain(checking->look, checking->account, &answer, probe->scope)
					       .problem));
	}
	return true;
}

static struct json *empty_check(const struct settings_account *account)
{
	static const char *const unknown[] = { "organization", "timezone", "currency",
					       "public_key",   "problem",  "remedy" };
	struct json *json = json_new_object();

	json_put_bool(json, "ok", false);
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
		json_set(json, unknown[i], json_new_null());
	json_put(json, "key_last4", account->key_last4);
	json_set(json, "metrics", json_new_array());
	json_put(json, "revision", STR(KLAVIYO_REVISION));
	json_put(json, "revision_retires", STR(KLAVIYO_REVISION_RETIRES));
	return json;
}

bool key_check(struct look *look, const struct settings_account *account, struct json **out, struct err *err)
{
	struct http_client_config config = { .user_agent = USER_AGENT };
	struct checking checking = { .look = look, .account = account, .ok = true };
	struct json *scopes;
	bool asked = true;

	if (!http_client_new(&config, &checking.client, err))
		return false;
	scopes = json_new_array();
	checking.json = empty_check(account);
	for (size_t i = 0; i < n_key_probes && asked; i++)
		asked = try_probe(&checking, &key_probes[i], scopes, err);
	http_client_free(checking.client);
	json_set(checking.json, "scopes", scopes);
	json_set(checking.json, "ok", json_new_bool(checking.ok));
	if (asked)
		*out = checking.json;
	else
		json_free(checking.json);
	return asked;
}
