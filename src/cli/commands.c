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
		.otherwise = "http://127.0.0.1:8080", .help = "how shops reach this daemon" \
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
	  .help = "file of data, listen and log_level, one KEY = VALUE per line" },
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
	{ .name = "platform", .value = "PLATFORM", .required = true, .help = "enad or generic" },
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
static const struct option_row trace_options[] = {
	OPTION_STORE,
	{ .name = "bodies", .help = "also print the bodies of messages, facts and deliveries" },
	OPTION_JSON,
};
static const struct option_row failed_list_options[] = {
	OPTION_STORE,
	{ .name = "limit", .value = "N", .otherwise = "100", .help = "at most so many, the oldest" },
	OPTION_JSON,
};
static const struct option_row failed_change_options[] = {
	{ .name = "all", .help = "all that failed (with --store: of that store)" },
	OPTION_STORE,
	{ .name = "reason", .value = "TEXT", .help = "why, for the audit" },
};
static const struct option_row erase_options[] = {
	OPTION_STORE,
	{ .name = "yes", .help = "do not ask" },
	OPTION_JSON,
};
static const struct option_row export_options[] = { OPTION_STORE };
static const struct option_row preview_options[] = {
	{ .name = "content-type",
	  .value = "TYPE",
	  .otherwise = "application/json",
	  .help = "as the shop would send it" },
	OPTION_JSON,
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
		  "environment, which beats the file." },
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
	  .help = "An empty value (KEY=) puts a setting back to its default. When a setting changes what "
		  "products look\n"
		  "like, all of the store's products are looked at again. Settings: pannier help settings." },
	{ .name = "store remove",
	  .usage = "NAME",
	  .summary = "Forget a store",
	  .args_min = 1,
	  .args_max = 1,
	  .run = cmd_store_remove,
	  .help = "Its webhook answers 404 from then on, what is pending of it is dropped, its history "
		  "stays. Nothing is\n"
		  "deleted in Klaviyo." },
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
		  "sent to Klaviyo, and the audit. An empty list of stores: nothing is kept." },
	{ .name = "preview",
	  .usage = "STORE FILE|-",
	  .summary = "Show the requests a message would cause",
	  .args_min = 2,
	  .args_max = 2,
	  .run = cmd_preview,
	  OPTIONS(preview_options),
	  .help = "FILE holds one request body as the shop would send it. Nothing is written or sent." },
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
	  .usage = "[COMMAND | settings]",
	  .summary = "Explain a command, or all settings",
	  .args_max = 2,
	  .run = cmd_help,
	  OPTIONS(help_options),
	  .help = "" },
};
const size_t n_commands = ARRAY_LEN(commands);

/* First words of the commands with two. */
static const char *const groups[] = { "account", "store", "failed" };

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
