/*
 * Trying a sync: the shop is asked for the first page of each kind, and nothing is taken in.
 */
#include "admin/sync_trial.h"

#include "admin/admin_internal.h"

int64_t sync_trial_pages(const struct pull_trial *trial)
{
	const struct pull_page *page = &trial->page;

	if (page->verdict != PULL_PAGE)
		return 0;
	if (page->end)
		return 1;
	if (page->total <= 0 || page->n_item == 0)
		return 0;
	return (page->total + (int64_t)page->n_item - 1) / (int64_t)page->n_item;
}

int64_t sync_trial_ms(const struct settings_store *store, const struct pull_trial *trial)
{
	int64_t pace = setting_int(store->value, SETTING_KEY_pull_pages_per_minute);

	return sync_trial_pages(trial) * MS_PER_MIN / (pace > 0 ? pace : 1);
}

bool sync_trial_told(const struct settings_store *store, const struct pull_trial *trial,
		     struct tellings_estimate *out)
{
	int64_t there = (int64_t)trial->page.n_item, total = trial->page.end ? there : trial->page.total;
	struct tellings all;

	if (sync_trial_pages(trial) == 0)
		return false;
	for (int i = 0; i < TELLING_COUNT; i++)
		all.n[i] = there > 0 ? (trial->told.n[i] * total + there - 1) / there : 0;
	*out = tellings_estimate(store->account, &all);
	return true;
}

struct json *sync_trial_json(const struct settings_store *store, enum pull_kind kind,
			     const struct pull_trial *trial)
{
	const struct pull_page *page = &trial->page;
	int64_t pages = sync_trial_pages(trial);
	struct json *json = json_new_object(), *message = NULL;
	struct tellings_estimate told;
	bool known = sync_trial_told(store, trial, &told);

	json_put(json, "store", store->name);
	json_put(json, "kind", str_from(pull_kind_text(kind)));
	json_put(json, "url", trial->url);
	json_set(json, "status", json_new_int(trial->status));
	json_set(json, "read", json_new_bool(page->verdict == PULL_PAGE));
	json_put(json, "reason", page->reason);
	json_set(json, "items", json_new_int((int64_t)page->n_item));
	json_set(json, "messages", json_new_int((int64_t)page->n_message));
	json_set(json, "rejected", json_new_int((int64_t)page->n_reject));
	json_set(json, "total", page->total > 0 ? json_new_int(page->total) : json_new_null());
	json_set(json, "end", json_new_bool(page->verdict == PULL_PAGE && page->end));
	json_set(json, "pages", pages > 0 ? json_new_int(pages) : json_new_null());
	json_set(json, "seconds",
		 pages > 0 ? json_new_int(sync_trial_ms(store, trial) / MS_PER_S) : json_new_null());
	json_set(json, "requests", known ? json_new_int(told.all) : json_new_null());
	json_set(json, "klaviyo_seconds", known ? json_new_int(told.ms / MS_PER_S) : json_new_null());
	if (page->n_message > 0 && json_parse(page->message[0], &message, NULL))
		json_set(json, "first", message);
	return json;
}

/* ---- the route ---- */

static bool try_one(struct admin_call *call, struct http_client *client, const struct settings_store *store,
		    const struct pull_wish *wish, struct json *list, struct err *err)
{
	struct flow_ctx ctx = call->admin->ctx;
	struct pull_trial trial;

	if (!pull_try(&ctx, client, store, wish, call->look.arena, &trial, err))
		return false;
	json_append(list, sync_trial_json(store, wish->kind, &trial));
	return true;
}

bool post_store_sync_preview(struct admin_call *call, struct err *err)
{
	struct http_client_config config = { .user_agent = "pannier/" PANNIER_VERSION,
					     .public_only = call->admin->config.public_only };
	enum pull_kind kind[PULL_KIND_COUNT];
	const struct settings_store *store;
	struct pull_wish wish = { 0 };
	struct http_client *client;
	struct json *list;
	bool ok = true;
	size_t n;

	if (!call_store(call, call_segment(call, 0), &store, err) ||
	    !sync_read(call, store, &wish, kind, &n, err) || !http_client_new(&config, &client, err))
		return false;
	list = json_new_array();
	for (size_t i = 0; ok && i < n; i++) {
		wish.kind = kind[i];
		ok = try_one(call, client, store, &wish, list, err);
	}
	http_client_free(client);
	if (ok)
		return call_page(call, list, STR(""));
	json_free(list);
	return false;
}
