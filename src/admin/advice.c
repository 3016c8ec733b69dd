/*
 * Advice: what is wrong or will be, seen from settings and counters alone.
 */
#include "admin/advice.h"

#include "admin/certificate.h"
#include "admin/text.h"
#include "flow/connect.h"
#include "flow/feed.h"
#include "flow/health.h"
#include "klaviyo/endpoint.h"
#include "net/url.h"
#include "platform/platform.h"

#include <string.h>

#define REVISION_WARN_DAYS 365
#define OLD_DELIVERY_MS	   MS_PER_HOUR

/* About nothing in particular. */
static struct advice *add(struct look *look, struct advice_list *list, const char *code, struct str text)
{
	struct advice *advice = ARENA_NEW(look->arena, struct advice);

	advice->code = code;
	advice->text = text;
	*list->end = advice;
	list->end = &advice->next;
	list->n++;
	return advice;
}

void advice_add_store(struct look *look, struct advice_list *list, const char *code,
		      const struct settings_store *store, struct str text)
{
	add(look, list, code, text)->store = store;
}

static void add_account(struct look *look, struct advice_list *list, const char *code,
			const struct settings_account *account, struct str text)
{
	add(look, list, code, text)->account = account;
}

bool advice_lacks_url_template(const struct settings_store *store)
{
	const struct platform_ops *platform = platform_find(store->platform);

	return platform && strstr(platform->guide.configure, "url_template") &&
	       setting_text(store->value, SETTING_KEY_url_template).len == 0;
}

int64_t advice_revision_days(int64_t now_ms)
{
	int64_t retires_ms = 0;

	(void)time_parse_rfc3339(STR(KLAVIYO_REVISION_RETIRES "T00:00:00Z"), &retires_ms);
	return (retires_ms - now_ms) / MS_PER_DAY;
}

/* A key that travels unencrypted to another machine. */
static bool is_plain_and_far(struct str api_url)
{
	struct url url;

	return url_parse(api_url, &url, NULL) && str_eq(url.scheme, STR("http")) &&
	       !str_starts(url.host, STR("127.")) && !str_eq(url.host, STR("localhost")) &&
	       !str_eq(url.host, STR("::1")) && !str_eq(url.host, STR("[::1]"));
}

static void look_at_stores(struct look *look, struct advice_list *list)
{
	for (size_t i = 0; i < look->snapshot->n_store; i++) {
		const struct settings_store *store = &look->snapshot->store[i];

		if (store->broken)
			advice_add_store(
				look, list, "store_secret_broken", store,
				arena_printf(look->arena,
					     "store %.*s: its secret cannot be decrypted with this key file; "
					     "enter it again: pannier store set %.*s --secret-file FILE",
					     STR_ARG(store->name), STR_ARG(store->name)));
		if (store->n_secret > 1)
			advice_add_store(
				look, list, "store_old_secret", store,
				arena_printf(
					look->arena,
					"store %.*s: the old secret is still valid; once the shop uses the "
					"new one, revoke it: pannier store set %.*s --forget-old-secret",
					STR_ARG(store->name), STR_ARG(store->name)));
		if (advice_lacks_url_template(store))
			advice_add_store(look, list, "store_url_template", store,
					 arena_printf(look->arena,
						      "store %.*s: url_template is not set, so product links "
						      "in emails will not work: pannier store set %.*s "
						      "url_template='https://SHOP/{market}/{slug}'",
						      STR_ARG(store->name), STR_ARG(store->name)));
	}
}

/* The catalog goes another way: said, because nothing of it is seen to leave. */
static void look_at_feeds(struct look *look, struct advice_list *list)
{
	for (size_t i = 0; i < look->snapshot->n_account; i++) {
		const struct settings_account *account = &look->snapshot->account[i];

		if (feed_is_wanted(account))
			add_account(
				look, list, "catalog_feed", account,
				arena_printf(look->arena,
					     "account %.*s: Klaviyo reads its catalog as a feed, so Pannier "
					     "does not send it; for the addresses: pannier store show STORE",
					     STR_ARG(account->name)));
	}
}

/* Two stores that write the same ids into one catalog. */
static void look_at_shared_accounts(struct look *look, struct advice_list *list)
{
	const struct snapshot *snapshot = look->snapshot;

	for (size_t i = 0; i < snapshot->n_store; i++) {
		for (size_t j = i + 1; j < snapshot->n_store; j++) {
			const struct settings_store *a = &snapshot->store[i], *b = &snapshot->store[j];

			if (a->account != b->account ||
			    !str_eq(setting_text(a->value, SETTING_KEY_id_prefix),
				    setting_text(b->value, SETTING_KEY_id_prefix)))
				continue;
			advice_add_store(look, list, "store_shared_prefix", a,
					 arena_printf(look->arena,
						      "stores %.*s and %.*s use one account with the same "
						      "id_prefix, so products with the same ID overwrite "
						      "each other; change the id_prefix of one",
						      STR_ARG(a->name), STR_ARG(b->name)));
			break; /* one hint per store is enough */
		}
	}
}

static void add_stop(struct look *look, const struct settings_account *account,
		     const struct health_stop *stop, struct advice_list *list)
{
	bool whole = str_eq(stop->what, STR("account"));

	add_account(look, list, "account_stopped", account,
		    arena_printf(look->arena,
				 "account %.*s: sending%s%.*s has stopped; next attempt at %.*s (%.*s); to "
				 "check: pannier account check %.*s",
				 STR_ARG(account->name), whole ? "" : " to ", whole ? 0 : (int)stop->what.len,
				 stop->what.p, STR_ARG(text_time(stop->until_ms, look->arena)),
				 STR_ARG(stop->reason), STR_ARG(account->name)));
}

static bool look_at_account(struct look *look, const struct settings_account *account,
			    struct advice_list *list, struct err *err)
{
	struct health_stop *stop;
	struct str why;
	size_t n;

	if (account->broken)
		add_account(look, list, "account_key_broken", account,
			    arena_printf(look->arena,
					 "account %.*s: its key cannot be decrypted with this key file; "
					 "enter it again: pannier account set %.*s --key-file FILE",
					 STR_ARG(account->name), STR_ARG(account->name)));
	if (!connect_trouble(look->db, account, look->arena, &why, err))
		return false;
	if (why.len > 0)
		add_account(
			look, list, "account_disconnected", account,
			arena_printf(
				look->arena,
				"account %.*s: its connection has ended (%.*s); reconnect it under Settings "
				"in the screens, or add a key: pannier account set %.*s --key-file FILE",
				STR_ARG(account->name), STR_ARG(why), STR_ARG(account->name)));
	if (is_plain_and_far(setting_text(account->value, SETTING_KEY_api_url)))
		add_account(look, list, "account_plain_http", account,
			    arena_printf(look->arena,
					 "account %.*s: api_url is http, so the key is sent unencrypted",
					 STR_ARG(account->name)));
	if (!health_get(look->db, account->id, look->arena, &stop, &n, err))
		return false;
	for (size_t i = 0; i < n; i++)
		add_stop(look, account, &stop[i], list);
	return true;
}

static void look_at_counters(struct look *look, const struct summary *summary, struct advice_list *list)
{
	int64_t failed = 0, now_ms = clock_wall_ms(look->clock);

	for (size_t i = 0; i < summary->n_store; i++)
		failed += summary->store[i].failed;
	for (size_t i = 0; i < summary->n_account; i++) {
		const struct account_summary *row = &summary->account[i];

		failed += row->failed;
		if (row->oldest_ms != 0 && now_ms - row->oldest_ms > OLD_DELIVERY_MS)
			add_account(
				look, list, "account_behind",
				snapshot_account(look->snapshot, row->account_id),
				arena_printf(look->arena,
					     "account %.*s: the oldest waiting delivery was queued %.*s ago",
					     STR_ARG(look_account_name(look, row->account_id)),
					     STR_ARG(text_duration(now_ms - row->oldest_ms, look->arena))));
	}
	if (failed > 0)
		(void)add(
			look, list, "failed",
			arena_printf(look->arena,
				     "%lld failed and need your attention; to list them: pannier failed list",
				     (long long)failed));
}

static bool look_at_certificate(struct look *look, struct advice_list *list, struct err *err)
{
	struct certificate state;

	if (!certificate_state(look, &state, err))
		return false;
	if (certificate_remedy(&state).len > 0)
		(void)add(look, list, "certificate",
			  arena_printf(look->arena, "%.*s: %.*s",
				       STR_ARG(certificate_text(&state, look->arena)),
				       STR_ARG(certificate_remedy(&state))));
	return true;
}

bool advice_collect(struct look *look, const struct summary *summary, struct advice_list *out,
		    struct err *err)
{
	int64_t days = advice_revision_days(clock_wall_ms(look->clock));

	*out = (struct advice_list){ .end = &out->first };
	for (size_t i = 0; i < look->snapshot->n_account; i++)
		if (!look_at_account(look, &look->snapshot->account[i], out, err))
			return false;
	look_at_stores(look, out);
	look_at_feeds(look, out);
	look_at_shared_accounts(look, out);
	look_at_counters(look, summary, out);
	if (!look_at_certificate(look, out, err) || !advice_agreement(look, out, err) ||
	    !advice_imports(look, out, err))
		return false;
	if (days < REVISION_WARN_DAYS)
		(void)add(look, out, "revision_retires",
			  arena_printf(look->arena,
				       "Klaviyo is expected to retire API revision " KLAVIYO_REVISION
				       " on " KLAVIYO_REVISION_RETIRES
				       " (in %lld days); update Pannier before then",
				       (long long)days));
	return true;
}
