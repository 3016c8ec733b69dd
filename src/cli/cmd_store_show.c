/*
 * store list, store show.
 */
#include "cli/commands.h"
#include "cli/schedule_show.h"
#include "admin/order_status.h"
#include "admin/store_guide.h"
#include "admin/text.h"
#include "cli/text_table.h"
#include "flow/feed.h"

static const struct store_summary *summary_of(const struct summary *summary, int64_t store_id)
{
	static const struct store_summary none;

	for (size_t i = 0; i < summary->n_store; i++)
		if (summary->store[i].store_id == store_id)
			return &summary->store[i];
	return &none;
}

static struct json *store_json(const struct settings_store *store)
{
	struct json *json = json_new_object(), *settings = json_new_object(), *from = json_new_object();

	json_put(json, "name", store->name);
	json_put(json, "platform", store->platform);
	json_put(json, "account", store->account->name);
	json_put(json, "secret_last4", store->secret_last4);
	json_set(json, "secret_opens", json_new_bool(!store->broken));
	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting_row *row = setting_row((enum setting)i);

		if (row->scope != SETTING_STORE)
			continue;
		json_put(settings, row->key, setting_shown((enum setting)i, store->value[i]));
		json_put(from, row->key, str_from(setting_source_text(store->from[i])));
	}
	json_set(json, "settings", settings);
	json_set(json, "settings_from", from);
	json_put_time(json, "created_at", store->created_ms);
	return json;
}

bool cmd_store_list(struct cli *cli, struct err *err)
{
	static const char *const header[] = { "STORE",	   "PLATFORM", "ACCOUNT",
					      ">RECEIVED", ">HELD",    "LAST MESSAGE (UTC)" };
	struct text_table table;
	struct summary summary;
	struct json *list;

	if (!session_open(cli, SESSION_EXISTING, err) ||
	    !db_summary(cli->db, clock_wall_ms(cli->clock), &cli->arena, &summary, err))
		return false;
	list = json_new_array();
	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < cli->snapshot->n_store; i++) {
		const struct settings_store *store = &cli->snapshot->store[i];
		const struct store_summary *row = summary_of(&summary, store->id);
		struct json *json = store_json(store);

		json_set(json, "received", json_new_int(row->received));
		json_set(json, "held", json_new_int(row->held));
		json_put_time(json, "last_message_at", row->last_message_ms);
		json_append(list, json);
		text_table_add(&table, store->name);
		text_table_add(&table, store->platform);
		text_table_add(&table, store->account->name);
		text_table_addf(&table, "%lld", (long long)row->received);
		text_table_addf(&table, "%lld", (long long)row->held);
		text_table_add(&table, text_time(row->last_message_ms, &cli->arena));
	}
	if (cli_flag(cli, "json")) {
		cli_print_json(cli, list);
		return true;
	}
	json_free(list);
	text_table_print(&table, 0, cli->out);
	if (cli->snapshot->n_store == 0)
		(void)fprintf(cli->out,
			      "No stores yet: pannier store add NAME --platform PLATFORM --account ACCOUNT "
			      "--secret-file FILE\n");
	return true;
}

static void print_settings(struct cli *cli, const struct settings_store *store)
{
	static const char *const header[] = { "SETTING", "VALUE", "FROM" };
	struct text_table table;

	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting_row *row = setting_row((enum setting)i);

		if (row->scope != SETTING_STORE)
			continue;
		text_table_add(&table, str_from(row->key));
		text_table_add(&table, store->value[i].len ? setting_shown((enum setting)i, store->value[i])
							   : STR(SETTING_EMPTY));
		text_table_add(&table, str_from(setting_source_text(store->from[i])));
	}
	text_table_print(&table, 0, cli->out);
}

static const char *says_so(const struct order_status *status)
{
	return status->set ? "own" : status->known ? "default" : "nobody: set order_states";
}

static void print_order_statuses(struct cli *cli, const struct order_status_list *list)
{
	static const char *const header[] = { "ORDER STATUS", "ID", "MEANS", "FROM" };
	struct text_table table;

	if (list->n == 0)
		return;
	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < list->n; i++) {
		const struct order_status *status = &list->at[i];

		text_table_add(&table, text_safe(status->name, &cli->arena));
		text_table_add(&table, text_safe(status->id, &cli->arena));
		text_table_add(&table, status->means.len ? status->means : STR("(unknown)"));
		text_table_add(&table, str_from(says_so(status)));
	}
	text_table_print(&table, 0, cli->out);
	(void)fprintf(cli->out, "%s\n", list->told ? "" : "The shop has not told its own statuses yet.\n");
}

/* The address that is entered in Klaviyo, where it reads the catalog from us. */
static struct str feed_url(struct cli *cli, const struct settings_store *store, struct str base,
			   enum feed_form form)
{
	if (!feed_is_wanted(store->account))
		return STR("");
	return arena_printf(&cli->arena, "%.*s/feeds/%.*s/%.*s/%s", STR_ARG(base), STR_ARG(store->name),
			    STR_ARG(feed_token(cli->settings, store, &cli->arena)), feed_form_name(form));
}

/* All that is shown of one store. */
struct shown {
	const struct settings_store *store;
	struct str base;
	struct store_guide guide;
	struct schedule_rows schedules;
	struct order_status_list statuses;
};

static bool collect(struct cli *cli, struct shown *shown, struct err *err)
{
	return session_open(cli, SESSION_EXISTING, err) &&
	       session_store(cli, cli->arg[0], &shown->store, err) &&
	       session_url_base(cli, &shown->base, err) &&
	       store_guide_make(&cli->look, shown->store, shown->base, &shown->guide, err) &&
	       schedule_collect(cli, shown->store, 1, true, &shown->schedules, err) &&
	       order_status_read(&cli->look, shown->store, &shown->statuses, err);
}

static void print_json(struct cli *cli, const struct shown *shown)
{
	const struct settings_store *store = shown->store;
	const struct store_guide *guide = &shown->guide;
	struct json *json = store_json(store);

	json_put(json, "webhook_url", guide->webhook_url);
	json_put(json, "feed_json_url", feed_url(cli, store, shown->base, FEED_JSON));
	json_put(json, "feed_xml_url", feed_url(cli, store, shown->base, FEED_XML));
	json_put(json, "header", guide->header);
	json_put(json, "configure", guide->configure);
	json_put(json, "script_tag", guide->script_tag);
	json_set(json, "secrets", json_new_int((int64_t)store->n_secret));
	json_set(json, "order_statuses", order_status_json(&shown->statuses));
	json_set(json, "order_statuses_told", json_new_bool(shown->statuses.told));
	json_set(json, "schedules", schedule_list(&shown->schedules));
	cli_print_json(cli, json);
}

static void print_head(struct cli *cli, const struct shown *shown)
{
	const struct settings_store *store = shown->store;

	(void)fprintf(cli->out,
		      "Store:       %.*s\nPlatform:    %.*s\nAccount:     %.*s\nSecret:      ...%.*s%s\n",
		      STR_ARG(store->name), STR_ARG(store->platform), STR_ARG(store->account->name),
		      STR_ARG(store->secret_last4),
		      store->broken	    ? " (cannot be opened with this key file)"
		      : store->n_secret > 1 ? ", and the one before it"
					    : "");
	(void)fprintf(cli->out, "Webhook URL: %.*s\nScript:      %.*s\nCreated:     %.*s UTC\n\n",
		      STR_ARG(shown->guide.webhook_url), STR_ARG(shown->guide.script_tag),
		      STR_ARG(text_time(store->created_ms, &cli->arena)));
	if (feed_is_wanted(store->account))
		(void)fprintf(cli->out, "Feed:        %.*s\n             %.*s\n\n",
			      STR_ARG(feed_url(cli, store, shown->base, FEED_JSON)),
			      STR_ARG(feed_url(cli, store, shown->base, FEED_XML)));
}

bool cmd_store_show(struct cli *cli, struct err *err)
{
	struct shown shown = { 0 };

	if (!collect(cli, &shown, err))
		return false;
	if (cli_flag(cli, "json"))
		print_json(cli, &shown);
	else {
		print_head(cli, &shown);
		print_settings(cli, shown.store);
		(void)fprintf(cli->out, "\n");
		print_order_statuses(cli, &shown.statuses);
		schedule_print(cli, &shown.schedules);
		(void)fprintf(cli->out, "\n%.*s\n", STR_ARG(shown.guide.configure));
	}
	order_status_list_free(&shown.statuses);
	return true;
}
