/*
 * sync: asks a shop for what it holds, one import a kind.
 *
 * Doesn't: ask by itself, but with --dry-run, for the first page: the daemon does.
 */
#include "admin/sync_trial.h"
#include "admin/text.h"
#include "cli/commands.h"
#include "cli/import_show.h"
#include "flow/pull.h"
#include "settings/daemon_config.h"

#include <string.h>

#define PER_MINUTE_MAX 100000000
#define SHOWN	       20

/* RFC 3339, or a day: its beginning, UTC. */
static bool time_option(struct cli *cli, const char *name, int64_t *out, struct err *err)
{
	const char *text = cli_option(cli, name);

	if (!text || time_parse_rfc3339(str_from(text), out) ||
	    time_parse_rfc3339(arena_printf(&cli->arena, "%sT00:00:00Z", text), out))
		return true;
	return err_set(err, ERR_INVALID,
		       "--%s '%s' is neither a day (2026-07-30) nor a time as RFC 3339 has it", name, text);
}

/* All that the store can be asked for. */
static bool all_kinds(const struct settings_store *store, enum pull_kind kind[static PULL_KIND_COUNT],
		      size_t *n, struct err *err)
{
	struct err why = { 0 };

	for (enum pull_kind one = 0; one < PULL_KIND_COUNT; one++)
		if (pull_offered(store, one, NULL, &why))
			kind[(*n)++] = one;
	if (*n > 0)
		return true;
	return err_set(err, why.code, "%s", why.msg);
}

/* Looked at before the first is begun. */
static bool read_kinds(struct cli *cli, const struct settings_store *store,
		       enum pull_kind kind[static PULL_KIND_COUNT], size_t *n, struct err *err)
{
	*n = 0;
	if (cli->n_arg == 2 && strcmp(cli->arg[1], "all") == 0)
		return all_kinds(store, kind, n, err);
	for (size_t i = 1; i < cli->n_arg; i++) {
		if (!pull_kind_parse(str_from(cli->arg[i]), &kind[*n]))
			return err_set(err, ERR_INVALID,
				       "'%s' is none of customers, subscribers, categories, products, "
				       "variants, orders, all",
				       cli->arg[i]);
		if (!pull_offered(store, kind[(*n)++], NULL, err))
			return false;
	}
	return true;
}

static bool begin(struct cli *cli, const struct settings_store *store, struct pull_wish wish,
		  const enum pull_kind *kind, size_t n, int64_t *id, struct err *err)
{
	int64_t per_minute;

	if (!cli_option_int(cli, "per-minute", 0, PER_MINUTE_MAX, &per_minute, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		wish.kind = kind[i];
		if (!pull_register(cli->db, clock_wall_ms(cli->clock), store, &wish, per_minute, &id[i], err))
			return false;
		if (!cli_flag(cli, "json"))
			(void)fprintf(cli->out, "Import %lld: %s of store %.*s from the shop\n",
				      (long long)id[i], pull_kind_text(kind[i]), STR_ARG(store->name));
	}
	return true;
}

/* ---- trying ---- */

static const char *verdict_text(const struct pull_page *page)
{
	switch (page->verdict) {
	case PULL_WAIT:
		return "wait";
	case PULL_AGAIN:
		return "again";
	case PULL_PAGE:
		return page->end ? "read, there is no next page" : "read, there is a next page";
	case PULL_TOKEN:
	case PULL_DENIED:
	case PULL_REFUSED:
		break;
	}
	return "refused";
}

static void print_trial(struct cli *cli, const struct settings_store *store, enum pull_kind kind,
			const struct pull_trial *trial)
{
	const struct pull_page *page = &trial->page;
	int64_t pages = sync_trial_pages(trial);
	struct tellings_estimate told;

	(void)fprintf(cli->out, "%s: %.*s\n  answer %d: %s%s%.*s\n", pull_kind_text(kind),
		      STR_ARG(text_safe(trial->url, &cli->arena)), trial->status, verdict_text(page),
		      page->reason.len ? ": " : "", STR_ARG(text_safe(page->reason, &cli->arena)));
	if (page->verdict != PULL_PAGE)
		return;
	(void)fprintf(cli->out, "  %zu items, %zu messages, %zu rejected\n", page->n_item, page->n_message,
		      page->n_reject);
	if (page->total > 0 && pages > 0)
		(void)fprintf(cli->out, "  %lld items in about %lld pages: %.*s at least\n",
			      (long long)page->total, (long long)pages,
			      STR_ARG(text_duration(sync_trial_ms(store, trial), &cli->arena)));
	if (sync_trial_told(store, trial, &told))
		(void)fprintf(cli->out, "  at most %lld requests to Klaviyo: about %.*s at its pace\n",
			      (long long)told.all, STR_ARG(text_duration(told.ms, &cli->arena)));
	for (size_t i = 0; i < page->n_reject && i < SHOWN; i++)
		(void)fprintf(cli->out, "  item %lld: %.*s\n", (long long)page->reject[i].item,
			      STR_ARG(text_safe(page->reject[i].why, &cli->arena)));
	if (page->n_message > 0)
		(void)fprintf(cli->out, "  the first: %.*s\n",
			      STR_ARG(text_safe(page->message[0], &cli->arena)));
}

static bool try_kinds(struct cli *cli, const struct settings_store *store, struct pull_wish wish,
		      const enum pull_kind *kind, size_t n, struct http_client *client, struct err *err)
{
	struct flow_ctx ctx = {
		.db = cli->db, .settings = cli->settings, .clock = cli->clock, .rand = rand_system()
	};
	struct json *list = json_new_array();
	bool ok = true;

	for (size_t i = 0; ok && i < n; i++) {
		struct pull_trial trial;

		wish.kind = kind[i];
		ok = pull_try(&ctx, client, store, &wish, &cli->arena, &trial, err);
		if (!ok)
			break;
		if (trial.page.verdict != PULL_PAGE)
			cli->exit = CLI_FAILED;
		if (cli_flag(cli, "json"))
			json_append(list, sync_trial_json(store, kind[i], &trial));
		else
			print_trial(cli, store, kind[i], &trial);
	}
	if (ok && cli_flag(cli, "json"))
		cli_print_json(cli, list);
	else
		json_free(list);
	return ok;
}

static bool dry_run(struct cli *cli, const struct settings_store *store, struct pull_wish wish,
		    const enum pull_kind *kind, size_t n, struct err *err)
{
	struct http_client_config config = { .user_agent = "pannier/" PANNIER_VERSION };
	struct http_client *client;
	bool ok;

	if (!outbound_parse(str_from(cli_option(cli, "outbound")), &config.public_only))
		return err_set(err, ERR_INVALID, "--outbound must be public or any");
	if (!http_client_new(&config, &client, err))
		return false;
	ok = try_kinds(cli, store, wish, kind, n, client, err);
	http_client_free(client);
	return ok;
}

bool cmd_sync(struct cli *cli, struct err *err)
{
	const struct settings_store *store;
	enum pull_kind kind[PULL_KIND_COUNT];
	int64_t id[PULL_KIND_COUNT];
	struct pull_wish wish = { 0 };
	size_t n;

	if (!session_open(cli, SESSION_EXISTING, err) || !session_store(cli, cli->arg[0], &store, err) ||
	    !time_option(cli, "from", &wish.from_ms, err) || !time_option(cli, "to", &wish.to_ms, err) ||
	    !read_kinds(cli, store, kind, &n, err))
		return false;
	if (cli_flag(cli, "dry-run"))
		return dry_run(cli, store, wish, kind, n, err);
	return begin(cli, store, wish, kind, n, id, err) && import_follow(cli, id, n, err);
}
