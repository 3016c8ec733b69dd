/*
 * The table of commands: what help, dispatch, docs/cli.md and the tests are made from. Handlers are in
 * cmd_*.c.
 */
#include "cli/commands.h"

#include "settings/nearest.h"

#include <string.h>

#define ANY	  1000
#define NAMES_MAX 64

#define OPTION_JSON \
	{ \
		.name = "json", .help = "print JSON instead of text" \
	}
#define OPTION_SET(what) \
	{ \
		.name = "set", .value = "KEY=VALUE", .help = "a setting of the " what, .repeats = true \
	}
#define OPTION_STORE \
	{ \
		.name = "store", .value = "NAME", .help = "only of this store" \
	}
#define OPTION_URL_BASE \
	{ \
		.name = "url-base", .value = "URL", .env = "PANNIER_URL", \
		.otherwise = "http://127.0.0.1:8080", \
		.help = "how shops reach this daemon, if not where it listens" \
	}
#define OPTIONS(rows) .option = (rows), .n_option = ARRAY_LEN(rows)

static const struct option_row serve_options[] = {
	{ .name = "listen",
	  .value = "ADDR:PORT",
	  .env = "PANNIER_LISTEN",
	  .help = "default: 127.0.0.1:8080" },
	{ .name = "config",
	  .value = "FILE",
	  .env = "PANNIER_CONFIG",
	  .help = "file of data, listen, log_level, outbound, admin_url, tls_cert, tls_key, behind_proxy, "
		  "klaviyo_client_id and klaviyo_client_secret_file, "
		  "one "
		  "KEY = VALUE per line" },
	{ .name = "outbound",
	  .value = "public|any",
	  .env = "PANNIER_OUTBOUND",
	  .help = "where URLs among the settings of stores may lead: public addresses by https only, or "
		  "any; default: public" },
	{ .name = "admin-url",
	  .value = "URL",
	  .env = "PANNIER_ADMIN_URL",
	  .help = "how browsers reach /admin: https://HOST; default: this machine's own names, with TLS the "
		  "certificate's, too" },
	{ .name = "tls-cert",
	  .value = "FILE",
	  .env = "PANNIER_TLS_CERT",
	  .help = "speak TLS with this certificate (PEM, its chain behind it); read again once a minute and "
		  "on "
		  "SIGHUP" },
	{ .name = "tls-key",
	  .value = "FILE",
	  .env = "PANNIER_TLS_KEY",
	  .help = "its private key (PEM, without a password)" },
	{ .name = "behind-proxy",
	  .value = "ADDRESSES",
	  .env = "PANNIER_BEHIND_PROXY",
	  .help = "proxies that speak TLS instead: \"10.0.0.5, 10.1.0.0/16\"; only they may connect, and "
		  "their "
		  "X-Forwarded-For and -Proto are believed" },
	{ .name = "klaviyo-client-id",
	  .value = "ID",
	  .env = "PANNIER_KLAVIYO_CLIENT_ID",
	  .help = "of the app that you have registered at Klaviyo: the screens then connect accounts by "
		  "OAuth" },
	{ .name = "klaviyo-client-secret-file",
	  .value = "FILE",
	  .env = "PANNIER_KLAVIYO_CLIENT_SECRET_FILE",
	  .help = "file with its secret" },
	{ .name = "insecure",
	  .help = "in the clear on any address, as in a container whose port only a proxy reaches" },
	{ .name = "log-level", .value = "LEVEL", .help = "error, warn, info or debug; default: info" },
};
static const struct option_row account_add_options[] = {
	{ .name = "key-file",
	  .value = "FILE|-",
	  .required = true,
	  .help = "file with the private API key; - is standard input" },
	OPTION_SET("account"),
	OPTION_JSON,
};
static const struct option_row account_set_options[] = {
	{ .name = "key-file",
	  .value = "FILE|-",
	  .help = "file with a new private API key; - is standard input" },
	OPTION_SET("account"),
};
static const struct option_row json_options[] = { OPTION_JSON };
static const struct option_row store_add_options[] = {
	{ .name = "platform", .value = "PLATFORM", .required = true, .help = "enad, generic or opencart" },
	{ .name = "account", .value = "ACCOUNT", .required = true, .help = "the Klaviyo account it feeds" },
	{ .name = "secret-file",
	  .value = "FILE|-",
	  .required = true,
	  .help = "file with the secret the shop proves itself with; - is standard input" },
	OPTION_SET("store"),
	OPTION_URL_BASE,
	OPTION_JSON,
};
static const struct option_row store_show_options[] = { OPTION_URL_BASE, OPTION_JSON };
static const struct option_row store_set_options[] = {
	{ .name = "account", .value = "ACCOUNT", .help = "feed another Klaviyo account" },
	{ .name = "secret-file", .value = "FILE|-", .help = "file with a new secret; - is standard input" },
	{ .name = "keep-old-secret",
	  .help = "with --secret-file: the old secret stays valid beside the new one" },
	{ .name = "forget-old-secret", .help = "only the newest secret stays valid" },
	OPTION_SET("store"),
};
static const struct option_row audit_options[] = {
	OPTION_STORE,
	{ .name = "account", .value = "NAME", .help = "only of this account" },
	{ .name = "message", .value = "ID", .help = "only of this message (m...)" },
	{ .name = "delivery", .value = "ID", .help = "only of this delivery (d...)" },
	{ .name = "product", .value = "ID", .help = "only of this product, by its id in the shop" },
	{ .name = "category", .value = "ID", .help = "only of this category, by its id in the shop" },
	{ .name = "order", .value = "ID", .help = "only of this order, by its id in the shop" },
	{ .name = "person", .value = "EMAIL", .help = "only of this person" },
	{ .name = "code", .value = "CODE", .help = "only this kind of row, for example delivery_failed" },
	{ .name = "since",
	  .value = "TIME",
	  .help = "not older than 30s, 15m, 2h, 3d, a date or an RFC 3339 time" },
	{ .name = "limit", .value = "N", .otherwise = "50", .help = "at most so many rows, the newest" },
	{ .name = "follow", .help = "then print new rows as they come, until Ctrl-C" },
	OPTION_JSON,
};
static const struct option_row catalog_options[] = {
	{ .name = "categories", .help = "categories instead of products" },
	{ .name = "prefix", .value = "TEXT", .help = "only ids that begin so" },
	{ .name = "search",
	  .value = "TEXT",
	  .help = "instead: this stands in a title or SKU, of a variant too, in any language, or in the id" },
	{ .name = "after", .value = "ID", .help = "go on behind this one" },
	{ .name = "limit", .value = "N", .otherwise = "100", .help = "at most so many" },
	OPTION_JSON,
};
static const struct option_row trace_options[] = {
	OPTION_STORE,
	{ .name = "request", .help = "of a delivery: print the request it left in last, or would, as JSON" },
	{ .name = "bodies", .help = "also print the bodies of messages, facts and deliveries" },
	OPTION_JSON,
};
static const struct option_row settings_history_options[] = {
	OPTION_STORE,
	{ .name = "account", .value = "NAME", .help = "only of this account itself" },
	{ .name = "defaults", .help = "only of the defaults of the installation" },
	{ .name = "limit", .value = "N", .otherwise = "50", .help = "at most so many, the newest" },
	{ .name = "before",
	  .value = "NUMBER",
	  .otherwise = "0",
	  .help = "only older ones than this; 0: all" },
	OPTION_JSON,
};
static const struct option_row settings_undo_options[] = {
	{ .name = "dry-run", .help = "only say what would be changed" },
};
static const struct option_row failed_list_options[] = {
	OPTION_STORE,
	{ .name = "limit", .value = "N", .otherwise = "100", .help = "at most so many, the oldest" },
	OPTION_JSON,
};
static const struct option_row failed_groups_options[] = { OPTION_STORE, OPTION_JSON };
static const struct option_row failed_change_options[] = {
	{ .name = "all", .help = "all that failed (with --store: of that store)" },
	{ .name = "group", .value = "GROUP", .help = "all of a group of failed groups" },
	OPTION_STORE,
	{ .name = "reason", .value = "TEXT", .help = "why, for the audit" },
};
static const struct option_row erase_options[] = {
	OPTION_STORE,
	{ .name = "yes", .help = "do not ask" },
	OPTION_JSON,
};
static const struct option_row export_options[] = { OPTION_STORE };
static const struct option_row import_options[] = {
	{ .name = "kind",
	  .value = "KIND",
	  .help = "customers, subscribers, categories, products, orders or messages; else by the header" },
	{ .name = "map",
	  .value = "THEIRS=OURS,...",
	  .help = "columns under our names (docs/import.md); custom.NAME is a custom field, nothing leaves "
		  "one out" },
	{ .name = "lines", .value = "FILE", .help = "lines of the orders; both files sorted by order id" },
	{ .name = "currency", .value = "CODE", .help = "of rows that name none" },
	{ .name = "zone", .value = "OFFSET", .help = "of times that name none: +01:00; default: UTC" },
	{ .name = "dates", .value = "dmy|mdy", .help = "how to read 5/1/2023" },
	{ .name = "consented-at",
	  .value = "TIME",
	  .help = "when people consented of whom the file does not say it, as RFC 3339 has it" },
	{ .name = "per-minute",
	  .value = "N",
	  .otherwise = "0",
	  .help = "messages at most; 0: as many as Klaviyo takes" },
	{ .name = "check", .help = "read and say what is wrong; import nothing" },
	{ .name = "dry-run",
	  .help = "read, and say how many requests it takes and how long; import nothing" },
	{ .name = "no-wait", .help = "return at once instead of showing how far it is" },
	OPTION_JSON,
};
static const struct option_row sync_options[] = {
	{ .name = "from",
	  .value = "TIME",
	  .help = "only what changed since: 2026-07-30, or as RFC 3339 has it; where the shop can be asked "
		  "so" },
	{ .name = "to", .value = "TIME", .help = "and before" },
	{ .name = "dry-run",
	  .help = "ask for the first page, here and now, and say what it holds; import nothing" },
	{ .name = "outbound",
	  .value = "WHERE",
	  .otherwise = "public",
	  .help = "with --dry-run: any: also addresses that are not public, and http" },
	{ .name = "per-minute",
	  .value = "N",
	  .otherwise = "0",
	  .help = "messages at most; 0: as many as Klaviyo takes" },
	{ .name = "no-wait", .help = "return at once instead of showing how far it is" },
	OPTION_JSON,
};
static const struct option_row import_list_options[] = { OPTION_STORE, OPTION_JSON };
static const struct option_row import_throttle_options[] = {
	{ .name = "per-minute",
	  .value = "N",
	  .required = true,
	  .help = "messages at most; 0: as many as Klaviyo takes" },
};
static const struct option_row reconcile_options[] = {
	{ .name = "kind", .value = "KIND", .repeats = true, .help = "only items, variants or categories" },
	{ .name = "fix", .help = "tell again what is missing or stale, delete what is not in the shop" },
	{ .name = "confirm",
	  .help = "with --fix: delete even if it is more than 20 % of what Klaviyo holds" },
	{ .name = "no-wait", .help = "return at once instead of waiting for the end" },
	OPTION_JSON,
};
static const struct option_row replay_options[] = {
	{ .name = "from",
	  .value = "inbox|deliveries",
	  .otherwise = "deliveries",
	  .help = "map messages again, or send again what was sent" },
	{ .name = "since", .value = "TIME", .help = "not older than 2h, 3d, a date or an RFC 3339 time" },
	{ .name = "until", .value = "TIME", .help = "not newer than that; default: now" },
	{ .name = "topic", .value = "TEXT", .help = "messages whose topic begins so" },
	{ .name = "family",
	  .value = "FAMILY",
	  .repeats = true,
	  .help = "deliveries: catalog, events, profiles, consent; default: all but consent" },
	{ .name = "outcome",
	  .value = "OUTCOME",
	  .repeats = true,
	  .help = "mapped, ignored, failed (messages); accepted, skipped (deliveries)" },
	{ .name = "id",
	  .value = "ID",
	  .help = "deliveries of this external id, or of this product, order or person" },
	{ .name = "live", .help = "not as backfill: events that are new enough start flows" },
	{ .name = "yes", .help = "do it" },
	{ .name = "dry-run", .help = "say what it would do; so it is without --yes" },
	OPTION_JSON,
};
static const struct option_row preview_options[] = {
	{ .name = "content-type",
	  .value = "TYPE",
	  .otherwise = "application/json",
	  .help = "as the shop would send it" },
	OPTION_JSON,
};
static const struct option_row send_options[] = {
	{ .name = "content-type",
	  .value = "TYPE",
	  .otherwise = "application/json",
	  .help = "as the shop would send it" },
};
static const struct option_row check_options[] = {
	{ .name = "schema", .value = "NAME", .help = "print that JSON Schema instead" },
	OPTION_JSON,
};
static const struct option_row wait_options[] = {
	{ .name = "idle", .help = "until nothing is pending, due, ready or being sent" },
	{ .name = "timeout",
	  .value = "S",
	  .otherwise = "60",
	  .help = "give up after so many seconds, with exit code 6" },
};
static const struct option_row demo_options[] = {
	{ .name = "listen",
	  .value = "ADDR:PORT",
	  .help = "of the daemon; default: 127.0.0.1:8080 or the next free port" },
	{ .name = "sandbox-listen",
	  .value = "ADDR:PORT",
	  .help = "of the stand-in for Klaviyo; default: 127.0.0.1:8081 or the next free port" },
	{ .name = "shop-listen",
	  .value = "ADDR:PORT",
	  .help = "of the small shop; default: 127.0.0.1:8082 or the next free port" },
	{ .name = "keep", .help = "keep the data of the last demo instead of starting afresh" },
	{ .name = "exit",
	  .help = "end after the table; exit code 0 only if the catalog holds what it should" },
};
#define OPTION_USER_STORES \
	{ \
		.name = "store", .value = "NAME", .repeats = true, \
		.help = "limit the user to this store" \
	}
static const struct option_row user_add_options[] = {
	{ .name = "role", .value = "ROLE", .required = true, .help = "viewer, operator or owner" },
	{ .name = "password-file",
	  .value = "FILE|-",
	  .help = "file with the password; without it the user is invited" },
	OPTION_USER_STORES,
};
static const struct option_row user_set_options[] = {
	{ .name = "role", .value = "ROLE", .help = "viewer, operator or owner" },
	OPTION_USER_STORES,
	{ .name = "all-stores", .help = "no limit to some stores any more" },
};
static const struct option_row user_password_options[] = {
	{ .name = "password-file",
	  .value = "FILE|-",
	  .required = true,
	  .help = "file with the new password; - is standard input" },
	{ .name = "drop-second-factor", .help = "and the second factor goes: for whoever lost it" },
};
static const struct option_row token_add_options[] = {
	{ .name = "scope",
	  .value = "SCOPE",
	  .required = true,
	  .repeats = true,
	  .help = "what it may do, for example activity:read (docs/admin-api.md)" },
	{ .name = "days", .value = "N", .otherwise = "90", .help = "how long it lives; 0 = for ever" },
};
static const struct option_row help_options[] = {
	{ .name = "markdown", .help = "as Markdown, for docs/" },
};

const struct command commands[] = {
	{ .name = "serve",
	  .usage = "",
	  .summary = "Run the daemon",
	  .run = cmd_serve,
	  OPTIONS(serve_options),
	  .help = "Takes in webhooks at POST /hooks/PLATFORM/STORE and keeps Klaviyo's catalogs in step. "
		  "Runs until\n"
		  "SIGTERM or Ctrl-C. Also answers /health/live, /health/ready and /metrics. An option beats "
		  "the\n"
		  "environment, which beats the file. On an address that others reach it wants TLS: its own\n"
		  "(--tls-cert, --tls-key) or a proxy's (--behind-proxy)." },
	{ .name = "account add",
	  .usage = "NAME --key-file FILE|-",
	  .summary = "Connect a Klaviyo account",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_account_add,
	  OPTIONS(account_add_options),
	  .help = "The key is a private one (pk_...) with the scopes accounts:read, catalogs:read, "
		  "catalogs:write,\n"
		  "events:write, metrics:read, profiles:read, profiles:write, lists:read, lists:write,\n"
		  "subscriptions:write and data-privacy:write; for products alone the first three do.\n"
		  "It is read from a file or standard input, stored encrypted, and shown as its last four "
		  "characters.\n"
		  "\n"
		  "  pannier account add main --key-file key.txt\n"
		  "  pannier account add test --key-file - --set api_url=http://127.0.0.1:8081 < key.txt" },
	{ .name = "account set",
	  .usage = "NAME [KEY=VALUE]...",
	  .summary = "Change an account's key or settings",
	  .args_min = 1,
	  .args_max = ANY,
	  .run = cmd_account_set,
	  OPTIONS(account_set_options),
	  .help = "An empty value (KEY=) puts a setting back to its default. Settings: pannier help "
		  "settings." },
	{ .name = "account list",
	  .usage = "",
	  .summary = "List the accounts",
	  .run = cmd_account_list,
	  OPTIONS(json_options),
	  .help = "" },
	{ .name = "account check",
	  .usage = "NAME",
	  .summary = "Ask Klaviyo who the key belongs to",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_account_check,
	  OPTIONS(json_options),
	  .help = "One request, GET /api/accounts. Says what is wrong and what to do about it. Exit code 4: "
		  "Klaviyo\n"
		  "does not accept the key; 5: it could not be reached." },
	{ .name = "account remove",
	  .usage = "NAME",
	  .summary = "Forget an account",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_account_remove,
	  .help = "Its stores must have been removed, or given another account, before." },
	{ .name = "store add",
	  .usage = "NAME --platform PLATFORM --account ACCOUNT --secret-file FILE|-",
	  .summary = "Connect a shop",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_store_add,
	  OPTIONS(store_add_options),
	  .help = "Prints the webhook URL and what to configure in the shop. NAME is the last part of that "
		  "URL.\n"
		  "\n"
		  "  pannier store add shop1 --platform enad --account main --secret-file secret.txt \\\n"
		  "      --set url_template='https://shop.example/{market}/{slug}'" },
	{ .name = "store list",
	  .usage = "",
	  .summary = "List the stores",
	  .run = cmd_store_list,
	  OPTIONS(json_options),
	  .help = "" },
	{ .name = "store show",
	  .usage = "NAME",
	  .summary = "Show a store and all its settings",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_store_show,
	  OPTIONS(store_show_options),
	  .help = "" },
	{ .name = "store set",
	  .usage = "NAME [KEY=VALUE]...",
	  .summary = "Change a store's settings, secret or account",
	  .args_min = 1,
	  .args_max = ANY,
	  .run = cmd_store_set,
	  OPTIONS(store_set_options),
	  .help = "An empty value (KEY=) puts a setting back to its default: that of the installation "
		  "('pannier defaults\n"
		  "show'), else the program's; '(empty)' is empty where that is not. When a setting changes "
		  "what\n"
		  "products look like, all of the store's products are looked at again. Settings: pannier "
		  "help settings." },
	{ .name = "store remove",
	  .usage = "NAME",
	  .summary = "Forget a store",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_store_remove,
	  .help = "Its webhook answers 404 from then on, what is pending of it is dropped, its history "
		  "stays. Nothing is\n"
		  "deleted in Klaviyo." },
	{ .name = "defaults show",
	  .usage = "",
	  .summary = "Show what counts for all accounts and stores without a value of their own",
	  .run = cmd_defaults_show,
	  OPTIONS(json_options),
	  .help = "Where each value comes from: 'default' is the program's, 'installation' was set here; and "
		  "how many\n"
		  "accounts or stores have one of their own." },
	{ .name = "defaults set",
	  .usage = "KEY=VALUE...",
	  .summary = "Change a setting for all that have no value of their own",
	  .args_min = 1,
	  .args_max = ANY,
	  .run = cmd_defaults_set,
	  .help = "An empty value (KEY=) takes a default back. When a setting changes what products look "
		  "like, all\n"
		  "products of the stores that follow it are looked at again. Secrets, addresses and what "
		  "tells one\n"
		  "shop from another have no default for all. 'pannier settings undo' takes a change back.\n"
		  "\n"
		  "  pannier defaults set schedules=zoey quiet_ms=2000" },
	{ .name = "settings history",
	  .usage = "",
	  .summary = "Show who changed which settings when, from what to what",
	  .run = cmd_settings_history,
	  OPTIONS(settings_history_options),
	  .help = "Newest first. Of keys and secrets only that they were changed." },
	{ .name = "settings undo",
	  .usage = "NUMBER",
	  .summary = "Take a change of settings back",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_settings_undo,
	  OPTIONS(settings_undo_options),
	  .help = "A change as any other. Refused if one of the values was changed again since. Keys and "
		  "secrets "
		  "stay." },
	{ .name = "status",
	  .usage = "",
	  .summary = "Show what is going on: counts, held products, budgets, warnings",
	  .run = cmd_status,
	  OPTIONS(json_options),
	  .help = "" },
	{ .name = "audit",
	  .usage = "",
	  .summary = "List what happened, and why",
	  .run = cmd_audit,
	  OPTIONS(audit_options),
	  .help = "Every change of state has a row. Oldest first; the newest --limit rows." },
	{ .name = "catalog",
	  .usage = "STORE",
	  .summary = "List the products or categories of a store",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_catalog,
	  OPTIONS(catalog_options),
	  .help = "By id, with what Klaviyo has of each. trace tells the whole story of one." },
	{ .name = "trace",
	  .usage = "ID",
	  .summary = "Tell the whole story of one message, delivery, product, order or person",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_trace,
	  OPTIONS(trace_options),
	  .help = "ID is a message (m...), a delivery (d...), the id, SKU or Klaviyo external id of a "
		  "product, variant\n"
		  "or category, the id of an order, or the e-mail address of a person. In time order: "
		  "messages,\n"
		  "what was understood, merges, what was held back and why, deliveries, attempts and "
		  "Klaviyo's\n"
		  "answers." },
	{ .name = "failed list",
	  .usage = "",
	  .summary = "List what a person has to look at",
	  .run = cmd_failed_list,
	  OPTIONS(failed_list_options),
	  .help = "" },
	{ .name = "failed groups",
	  .usage = "",
	  .summary = "List what failed by cause, with what to do",
	  .run = cmd_failed_groups,
	  OPTIONS(failed_groups_options),
	  .help = "Reasons that differ only in numbers and quoted parts are one. A group's name goes to "
		  "failed "
		  "retry --group." },
	{ .name = "failed retry",
	  .usage = "[ID]...",
	  .summary = "Try failed messages or deliveries again",
	  .args_max = ANY,
	  .run = cmd_failed_retry,
	  OPTIONS(failed_change_options),
	  .help = "Name ids as 'failed list' shows them, or --all." },
	{ .name = "failed discard",
	  .usage = "[ID]...",
	  .summary = "Give up failed messages or deliveries",
	  .args_max = ANY,
	  .run = cmd_failed_discard,
	  OPTIONS(failed_change_options),
	  .help = "Name ids as 'failed list' shows them, or --all." },
	{ .name = "erase",
	  .usage = "EMAIL",
	  .summary = "Delete a person, at Klaviyo and here",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_erase,
	  OPTIONS(erase_options),
	  .help = "Does what a message person.erased does: Klaviyo is asked to delete the profile and its "
		  "events; then\n"
		  "all that is kept of the person here goes, also from the files. Of every store that knows "
		  "the person,\n"
		  "or of --store. Asks first; without a terminal say --yes. Exit code 3: no store knows the "
		  "person.\n"
		  "\n"
		  "  pannier erase ann@shop.example --yes" },
	{ .name = "export",
	  .usage = "EMAIL",
	  .summary = "Print all that is kept of a person, as JSON",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_export,
	  OPTIONS(export_options),
	  .help = "By store: what is known of the person, of orders and visits, the messages it came with, "
		  "what was\n"
		  "sent to Klaviyo, and the audit; also under other addresses of the same customer. An empty "
		  "list\nof stores: nothing is kept." },
	{ .name = "user add",
	  .usage = "NAME --role ROLE",
	  .summary = "Let somebody use the screens",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_user_add,
	  OPTIONS(user_add_options),
	  .help = "A viewer looks, an operator also changes settings and retries, an owner also changes "
		  "accounts\nand users. A name is best an e-mail address; a password has 12 bytes or more.\n"
		  "\n"
		  "  pannier user add ann@shop.example --role owner --password-file - < password.txt" },
	{ .name = "user list",
	  .usage = "",
	  .summary = "List the users",
	  .run = cmd_user_list,
	  OPTIONS(json_options),
	  .help = "" },
	{ .name = "user set",
	  .usage = "NAME",
	  .summary = "Change a user's role or stores",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_user_set,
	  OPTIONS(user_set_options),
	  .help = "One owner who is not limited to some stores always remains." },
	{ .name = "user password",
	  .usage = "NAME --password-file FILE|-",
	  .summary = "Give a user another password",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_user_password,
	  OPTIONS(user_password_options),
	  .help = "Also lets in again who was locked after too many attempts. All sessions and tokens of the "
		  "user end." },
	{ .name = "user remove",
	  .usage = "NAME",
	  .summary = "Remove a user",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_user_remove,
	  .help = "" },
	{ .name = "token add",
	  .usage = "USER NAME --scope SCOPE",
	  .summary = "Make a token for a script",
	  .args_min = 2,
	  .args_max = 2,
	  .run = cmd_token_add,
	  OPTIONS(token_add_options),
	  .help = "Prints the token, this once. It may what its user may, and of that only its scopes.\n"
		  "\n"
		  "  pannier token add ann@shop.example nightly --scope activity:read --scope "
		  "overview:read" },
	{ .name = "token list",
	  .usage = "",
	  .summary = "List the tokens",
	  .run = cmd_token_list,
	  .help = "" },
	{ .name = "token remove",
	  .usage = "ID",
	  .summary = "End a token",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_token_remove,
	  .help = "" },
	{ .name = "session list",
	  .usage = "",
	  .summary = "List who is signed in",
	  .run = cmd_session_list,
	  .help = "" },
	{ .name = "session remove",
	  .usage = "ID",
	  .summary = "End a session",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_session_remove,
	  .help = "" },
	{ .name = "import list",
	  .usage = "",
	  .summary = "List the files of history and how far they are",
	  .run = cmd_import_list,
	  OPTIONS(import_list_options),
	  .help = "" },
	{ .name = "import show",
	  .usage = "ID",
	  .summary = "Show one import, and the rows that could not be read",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_import_show,
	  OPTIONS(json_options),
	  .help = "The first 1000 of them are kept." },
	{ .name = "import pause",
	  .usage = "ID",
	  .summary = "Let an import rest",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_import_pause,
	  .help = "What was read of it is still sent." },
	{ .name = "import resume",
	  .usage = "ID",
	  .summary = "Let an import go on that was paused or has failed",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_import_resume,
	  .help = "" },
	{ .name = "import cancel",
	  .usage = "ID",
	  .summary = "Give up an import",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_import_cancel,
	  .help = "What was read of it stays and is sent. The same file imported again begins anew; what is "
		  "known already\n"
		  "is not sent again." },
	{ .name = "import throttle",
	  .usage = "ID --per-minute N",
	  .summary = "Say how fast an import may be",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_import_throttle,
	  OPTIONS(import_throttle_options),
	  .help = "" },
	{ .name = "import",
	  .usage = "STORE FILE...",
	  .summary = "Bring the history of a shop into Klaviyo",
	  .args_min = 2,
	  .args_max = ANY,
	  .run = cmd_import,
	  OPTIONS(import_options),
	  .help = "FILE is NDJSON of messages of the platform 'generic', or CSV with a header, packed with "
		  "gzip or "
		  "zstd or\n"
		  "not; the exports of common shops are read as they are. The daemon reads it, as fast as "
		  "Klaviyo "
		  "takes what\n"
		  "it holds; so the file stays where it is until that is done. Whatever is interrupted goes "
		  "on "
		  "where it was:\n"
		  "the same command again does no harm. History starts no flows, subscribes nobody anew, and "
		  "replaces nothing\n"
		  "that is newer.\n"
		  "\n"
		  "  pannier import shop1 customers.csv orders.ndjson.zst\n"
		  "  pannier import shop1 orders.csv --lines order_products.csv --zone +01:00 --check" },
	{ .name = "sync",
	  .usage = "STORE KIND...",
	  .summary = "Ask a shop for what it holds, and bring that into Klaviyo",
	  .args_min = 2,
	  .args_max = ANY,
	  .run = cmd_sync,
	  OPTIONS(sync_options),
	  .help = "KIND is customers, subscribers, categories, products, variants or orders; or all: those "
		  "that "
		  "the store can\n"
		  "be asked for (docs/sync.md). The daemon asks page by page, as fast as the store's "
		  "setting\n"
		  "pull_pages_per_minute and Klaviyo allow. Whatever is interrupted goes on where it was: "
		  "the "
		  "same command again\n"
		  "does no harm. It starts no flows, subscribes nobody anew, and replaces nothing that is "
		  "newer.\n"
		  "'pannier import list' shows it beside files, and import pause, resume, throttle and "
		  "cancel "
		  "work on it.\n"
		  "\n"
		  "  pannier sync shop1 orders --dry-run\n"
		  "  pannier sync shop1 customers orders\n"
		  "  pannier sync shop1 orders --from 2026-07-01 --to 2026-08-01" },
	{ .name = "reconcile show",
	  .usage = "STORE",
	  .summary = "Show how far the last comparison is, or what came of it",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_reconcile_show,
	  OPTIONS(json_options),
	  .help = "" },
	{ .name = "reconcile cancel",
	  .usage = "STORE",
	  .summary = "Give up a comparison",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_reconcile_cancel,
	  .help = "What it has begun to mend is still sent." },
	{ .name = "reconcile",
	  .usage = "STORE",
	  .summary = "Compare Klaviyo's catalog with the shop's, and mend it",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_reconcile,
	  OPTIONS(reconcile_options),
	  .help = "Reads all that Klaviyo holds of the store and says what is missing, stale, orphaned or "
		  "duplicated\n"
		  "there. The daemon does it beside its work; while none runs this command does. It goes on "
		  "where it was\n"
		  "after an interruption. What changes meanwhile is left out, and so is what other stores or "
		  "integrations\n"
		  "brought to the account. See docs/reconcile.md. Exits with 1 if something differs and was "
		  "not mended.\n"
		  "\n"
		  "  pannier reconcile shop1\n"
		  "  pannier reconcile shop1 --kind items --kind variants --fix" },
	{ .name = "replay show",
	  .usage = "STORE",
	  .summary = "Show how far the last replay is",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_replay_show,
	  OPTIONS(json_options),
	  .help = "" },
	{ .name = "replay pause",
	  .usage = "STORE",
	  .summary = "Let a replay rest",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_replay_pause,
	  .help = "" },
	{ .name = "replay resume",
	  .usage = "STORE",
	  .summary = "Let a replay go on",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_replay_resume,
	  .help = "" },
	{ .name = "replay cancel",
	  .usage = "STORE",
	  .summary = "Give up a replay",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_replay_cancel,
	  .help = "What went through already stays." },
	{ .name = "replay",
	  .usage = "STORE",
	  .summary = "Map messages, or send deliveries, once more",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_replay,
	  OPTIONS(replay_options),
	  .help = "Says what it would do and how many requests that takes; with --yes the daemon does it, "
		  "behind all that\n"
		  "is live. Events keep their unique_id, so that Klaviyo counts none twice, and are sent as "
		  "backfill; of\n"
		  "products, profiles and consent what is true now is told again. See docs/replay.md.\n"
		  "\n"
		  "  pannier replay shop1 --family events --since 2026-07-01 --until 2026-07-03\n"
		  "  pannier replay shop1 --from inbox --topic order. --since 3d --yes" },
	{ .name = "preview",
	  .usage = "STORE FILE|-",
	  .summary = "Show the requests a message would cause",
	  .args_min = 2,
	  .args_max = 2,
	  .run = cmd_preview,
	  OPTIONS(preview_options),
	  .help = "FILE holds one request body as the shop would send it. Nothing is written or sent." },
	{ .name = "send",
	  .usage = "STORE FILE|-",
	  .summary = "Hand in a message in place of the shop",
	  .args_min = 2,
	  .args_max = 2,
	  .run = cmd_send,
	  OPTIONS(send_options),
	  .help = "FILE holds one request body as the shop would send it; its signature is not needed. It is "
		  "told to "
		  "Klaviyo as\n"
		  "any other. Prints the ids of the messages, for trace." },
	{ .name = "check",
	  .usage = "[FILE|-]",
	  .summary = "Check messages that you write yourself against their schemas",
	  .args_max = 1,
	  .run = cmd_check,
	  OPTIONS(check_options),
	  .help = "FILE holds messages of the platform 'generic': one, an array, or one per line. Says where "
		  "what "
		  "is\n"
		  "wrong and what was expected; a note is about what does no harm. Exit code 1 if there is a "
		  "problem.\n"
		  "Needs no data folder. Schemas: message, product, variant, category, link, price, stock, "
		  "deleted,\n"
		  "order_placed, order, customer, erased, consent, storefront, common.\n"
		  "\n"
		  "  pannier check messages.ndjson\n"
		  "  pannier check --schema order" },
	{ .name = "doctor",
	  .usage = "",
	  .summary = "Check clock, disk, network, keys, scopes and stores",
	  .run = cmd_doctor,
	  OPTIONS(json_options),
	  .help = "One line per check: ok, warn or fail, and what to do about it. Exit code 1 if a check "
		  "failed.\n"
		  "Sends a few harmless requests to Klaviyo, one of them invalid on purpose to see whether "
		  "the key may\n"
		  "write." },
	{ .name = "wait",
	  .usage = "--idle",
	  .summary = "Return when nothing is left to do now",
	  .run = cmd_wait,
	  OPTIONS(wait_options),
	  .help = "Deliveries that wait for a later retry do not count." },
	{ .name = "demo",
	  .usage = "",
	  .summary = "Try it out: a stand-in for Klaviyo, a daemon, recorded messages",
	  .run = cmd_demo,
	  OPTIONS(demo_options),
	  .help = "Starts klaviyo-sandbox and a daemon on loopback, plays the messages of two shops, and "
		  "shows what\n"
		  "reached the catalog. Keeps running until Ctrl-C. Data is in DIR/demo, fresh each time." },
	{ .name = "version",
	  .usage = "",
	  .summary = "Print version and API revision",
	  .run = cmd_version,
	  OPTIONS(json_options),
	  .help = "" },
	{ .name = "help",
	  .usage = "[COMMAND | settings | columns]",
	  .summary = "Explain a command, all settings, or the columns of files to import",
	  .args_max = 2,
	  .run = cmd_help,
	  OPTIONS(help_options),
	  .help = "" },
};
const size_t n_commands = ARRAY_LEN(commands);

/* First words of the commands with two. */
static const char *const groups[] = { "account", "defaults", "store",	 "failed", "import", "reconcile",
				      "replay",	 "session",  "settings", "token",  "user" };

static struct str first_word(const char *name)
{
	struct str whole = str_from(name);

	return str_of(whole.p, str_find_char(whole, ' '));
}

const struct command *command_find(const char *const *word, size_t n, size_t *n_used)
{
	char two[64] = "";

	if (n == 0)
		return NULL;
	if (n > 1)
		(void)snprintf(two, sizeof(two), "%s %s", word[0], word[1]);
	for (size_t i = 0; i < n_commands; i++) {
		bool is_two = n > 1 && strcmp(commands[i].name, two) == 0;

		if (!is_two && strcmp(commands[i].name, word[0]) != 0)
			continue;
		*n_used = is_two ? 2 : 1;
		return &commands[i];
	}
	return NULL;
}

bool command_is_group(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		if (strcmp(groups[i], word) == 0)
			return true;
	return false;
}

/* Names that could have been meant: whole ones, and for a group those behind it. */
bool command_unknown(const char *const *word, size_t n, struct err *err)
{
	const char *known[NAMES_MAX], *near;
	bool in_group = n > 1 && command_is_group(word[0]);
	const char *wrong = in_group ? word[1] : word[0];
	size_t n_known = 0;

	for (size_t i = 0; i < n_commands && n_known < NAMES_MAX; i++) {
		struct str first = first_word(commands[i].name);

		if (!in_group)
			known[n_known++] = commands[i].name;
		else if (str_eq(first, str_from(word[0])))
			known[n_known++] = commands[i].name + first.len + 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(groups) && !in_group && n_known < NAMES_MAX; i++)
		known[n_known++] = groups[i];
	near = nearest_text(str_from(wrong), known, n_known);
	return err_set(err, ERR_INVALID, "unknown command '%s%s%s'%s%s%s%s%s", in_group ? word[0] : "",
		       in_group ? " " : "", wrong, near ? "; did you mean '" : "",
		       near && in_group ? word[0] : "", near && in_group ? " " : "", near ? near : "",
		       near ? "'?" : "");
}
