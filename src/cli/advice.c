/*
 * Advice: what is wrong or will be, seen from settings and counters alone.
 */
#include "cli/advice.h"

#include "cli/text.h"
#include "klaviyo/endpoint.h"
#include "net/url.h"
#include "platform/platform.h"

#include <string.h>

#define REVISION_WARN_DAYS 365
#define OLD_DELIVERY_MS	   MS_PER_HOUR

static void add(struct cli *cli, struct advice_list *list, struct str text)
{
	struct advice *advice = ARENA_NEW(&cli->arena, struct advice);

	advice->text = text;
	*list->end = advice;
	list->end = &advice->next;
	list->n++;
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

static void look_at_stores(struct cli *cli, struct advice_list *list)
{
	for (size_t i = 0; i < cli->snapshot->n_store; i++) {
		const struct settings_store *store = &cli->snapshot->store[i];

		if (store->broken)
			add(cli, list,
			    arena_printf(&cli->arena,
					 "store %.*s: its secret cannot be opened with this key file; give "
					 "it again: pannier "
					 "store set %.*s --secret-file FILE",
					 STR_ARG(store->name), STR_ARG(store->name)));
		if (store->n_secret > 1)
			add(cli, list,
			    arena_printf(&cli->arena,
					 "store %.*s: the old secret is still valid; when the shop sends the "
					 "new one: pannier "
					 "store set %.*s --forget-old-secret",
					 STR_ARG(store->name), STR_ARG(store->name)));
		if (advice_lacks_url_template(store))
			add(cli, list,
			    arena_printf(&cli->arena,
					 "store %.*s: url_template is missing, so products lead nowhere in "
					 "e-mails: pannier store set %.*s "
					 "url_template='https://SHOP/{market}/{slug}'",
					 STR_ARG(store->name), STR_ARG(store->name)));
	}
}

/* Two stores that write the same ids into one catalog. */
static void look_at_shared_accounts(struct cli *cli, struct advice_list *list)
{
	const struct snapshot *snapshot = cli->snapshot;

	for (size_t i = 0; i < snapshot->n_store; i++) {
		for (size_t j = i + 1; j < snapshot->n_store; j++) {
			const struct settings_store *a = &snapshot->store[i], *b = &snapshot->store[j];

			if (a->account != b->account ||
			    !str_eq(setting_text(a->value, SETTING_KEY_id_prefix),
				    setting_text(b->value, SETTING_KEY_id_prefix)))
				continue;
			add(cli, list,
			    arena_printf(&cli->arena,
					 "stores %.*s and %.*s feed one account with the same id_prefix: "
					 "products with the same "
					 "id would overwrite each other; set id_prefix of one",
					 STR_ARG(a->name), STR_ARG(b->name)));
			break; /* one hint per store is enough */
		}
	}
}

/* Did deliver stop an account, and not go on since? *why is the reason of the stop. */
static bool is_stopped(struct cli *cli, int64_t account_id, bool *stopped, struct str *why, struct err *err)
{
	struct audit_filter filter = { .account_id = account_id, .by_code = true, .max_n = 1 };
	struct audit_row *stop, *resume;
	size_t n_stop, n_resume;

	filter.code = AUDIT_ACCOUNT_STOPPED;
	if (!db_audit_list(cli->db, &filter, &cli->arena, &stop, &n_stop, err))
		return false;
	filter.code = AUDIT_ACCOUNT_RESUMED;
	if (!db_audit_list(cli->db, &filter, &cli->arena, &resume, &n_resume, err))
		return false;
	*stopped = n_stop > 0 && (n_resume == 0 || resume[0].id < stop[0].id);
	*why = *stopped ? stop[0].reason : STR("");
	return true;
}

static bool look_at_account(struct cli *cli, const struct settings_account *account, struct advice_list *list,
			    struct err *err)
{
	struct str why;
	bool stopped;

	if (account->broken)
		add(cli, list,
		    arena_printf(&cli->arena,
				 "account %.*s: its key cannot be opened with this key file; give it again: "
				 "pannier account "
				 "set %.*s --key-file FILE",
				 STR_ARG(account->name), STR_ARG(account->name)));
	if (is_plain_and_far(setting_text(account->value, SETTING_KEY_api_url)))
		add(cli, list,
		    arena_printf(&cli->arena, "account %.*s: api_url is http, so the key travels unencrypted",
				 STR_ARG(account->name)));
	if (!is_stopped(cli, account->id, &stopped, &why, err))
		return false;
	if (stopped)
		add(cli, list,
		    arena_printf(&cli->arena,
				 "account %.*s: sending is stopped (%.*s): pannier account check %.*s",
				 STR_ARG(account->name), STR_ARG(why), STR_ARG(account->name)));
	return true;
}

static void look_at_counters(struct cli *cli, const struct summary *summary, struct advice_list *list)
{
	int64_t failed = 0, now_ms = clock_wall_ms(cli->clock);

	for (size_t i = 0; i < summary->n_store; i++)
		failed += summary->store[i].failed;
	for (size_t i = 0; i < summary->n_account; i++) {
		const struct account_summary *row = &summary->account[i];

		failed += row->failed;
		if (row->oldest_ms != 0 && now_ms - row->oldest_ms > OLD_DELIVERY_MS)
			add(cli, list,
			    arena_printf(&cli->arena,
					 "account %.*s: the oldest undone delivery has waited for %.*s",
					 STR_ARG(session_account_name(cli, row->account_id)),
					 STR_ARG(text_duration(now_ms - row->oldest_ms, &cli->arena))));
	}
	if (failed > 0)
		add(cli, list,
		    arena_printf(&cli->arena, "%lld failed and need a person: pannier failed list",
				 (long long)failed));
}

bool advice_collect(struct cli *cli, const struct summary *summary, struct advice_list *out, struct err *err)
{
	int64_t days = advice_revision_days(clock_wall_ms(cli->clock));

	*out = (struct advice_list){ .end = &out->first };
	for (size_t i = 0; i < cli->snapshot->n_account; i++)
		if (!look_at_account(cli, &cli->snapshot->account[i], out, err))
			return false;
	look_at_stores(cli, out);
	look_at_shared_accounts(cli, out);
	look_at_counters(cli, summary, out);
	if (days < REVISION_WARN_DAYS)
		add(cli, out,
		    arena_printf(&cli->arena,
				 "Klaviyo is expected to retire API revision " KLAVIYO_REVISION
				 " on " KLAVIYO_REVISION_RETIRES
				 " (in %lld days): install a newer Pannier before",
				 (long long)days));
	return true;
}
