/*
 * The shapes of the API, one row per member. Names are the words of ARCHITECTURE.md.
 */
#include "admin/shape.h"

#include "admin/told.h"
#include "base/attr.h"
#include "store/store_rows.h"

#define O SHAPE_OPTIONAL
#define N SHAPE_NULL
#define F(name_, type_, of_, flags_, help_) \
	{ \
		.name = (name_), .type = SHAPE_##type_, .of = (of_), .flags = (flags_), .help = (help_) \
	}
#define LONG(name_, type_, of_, flags_, max_, help_) \
	{ \
		.name = (name_), .type = SHAPE_##type_, .of = (of_), .flags = (flags_), .max = (max_), \
		.help = (help_) \
	}
#define PAGE(name, of) \
	static const struct shape_field name[] = { \
		F("items", REFS, of, 0, NULL), \
		F("next", TEXT, NULL, N, "cursor of the next page; null: this was the last"), \
	}

#define CODE_CHOICE(code, name, text) "|" name
#define AUDIT_CODE_CHOICES	      AUDIT_CODES(CODE_CHOICE)
#define ROOT_KINDS		      "product|category|order|person|visitor"
#define ROLES			      "viewer|operator|owner"
#define KINDS			      ROOT_KINDS "|variant|sku|brand|series|tag|market|store_group|shop"
#define DELIVERY_KINDS		      "category|item|variant|event|profile|consent"

/* ---- errors ---- */

static const struct shape_field problem[] = {
	F("type", TEXT, NULL, 0, "urn:pannier:problem:CODE"),
	F("title", TEXT, NULL, 0, "what it is, the same for each of its kind"),
	F("status", INT, NULL, 0, "the HTTP status"),
	F("code", TEXT, NULL, 0, "for programs"),
	F("detail", TEXT, NULL, O, "what happened here, and what to do"),
	F("retry_after_s", INT, NULL, O, "when to try again"),
};

/* ---- agreement ---- */

static const struct shape_field reconcile_new[] = {
	F("kinds", TEXTS, NULL, O, "items, variants, categories; left out: all"),
	F("fix", BOOL, NULL, O, "tell again what is missing or stale, delete what is not in the shop"),
	F("confirm", BOOL, NULL, O, "delete even if it is more than 20 % of what Klaviyo holds of the store"),
};
static const struct shape_field reconcile_count_of[] = {
	F("kind", ENUM, "category|item|variant", 0, NULL),
	F("same", INT, NULL, 0, "agree"),
	F("kept", INT, NULL, 0, "held back here; they stay as Klaviyo has them"),
	F("moving", INT, NULL, 0, "changed, or to be changed, since it began; not compared"),
	F("foreign", INT, NULL, 0, "of other stores or integrations; never touched"),
	F("stale", INT, NULL, 0, "other contents than the shop's"),
	F("missing", INT, NULL, 0, "in the shop, but not at Klaviyo"),
	F("orphaned", INT, NULL, 0, "at Klaviyo, but not in the shop"),
	F("duplicated", INT, NULL, 0, "orphaned, and the same SKU, URL or name as something of the shop"),
};
static const struct shape_field reconcile_example[] = {
	F("verdict", ENUM, "stale|missing|orphaned|duplicated", 0, NULL),
	F("kind", ENUM, "category|item|variant", 0, NULL),
	F("external_id", TEXT, NULL, 0, NULL),
	F("parent", TEXT, NULL, N, "of a variant: its item"),
	F("differs", TEXT, NULL, N, "names of the attributes, with commas"),
};
static const struct shape_field reconcile[] = {
	F("store", TEXT, NULL, 0, NULL),
	F("task", INT, NULL, 0, "number of the task"),
	F("state", ENUM, "open|paused|failed|done|cancelled", 0, "open: under way"),
	F("stage", TEXT, NULL, 0, "what is done now, or was done last"),
	F("reason", TEXT, NULL, N, "why it failed, or what came of it"),
	F("fix", BOOL, NULL, 0, NULL),
	F("confirmed", BOOL, NULL, 0, NULL),
	F("agrees", BOOL, NULL, 0, "done, and nothing differs"),
	F("differ", INT, NULL, 0, "stale, missing, orphaned and duplicated"),
	F("there", INT, NULL, 0, "things of the store that Klaviyo holds"),
	F("requests", INT, NULL, 0, "made to read them"),
	F("told", INT, NULL, 0, "told again"),
	F("deleted", INT, NULL, 0, "on their way to be deleted"),
	F("withheld", INT, NULL, 0, "not deleted: too many; with confirm they are"),
	F("ambiguous", BOOL, NULL, 0,
	  "another store of the account has the same id_prefix: nothing can be told to be an orphan"),
	F("counts", REFS, "ReconcileCount", 0, "by kind"),
	F("examples", REFS, "ReconcileExample", 0, "things that differ"),
	F("started_at", TIME, NULL, 0, NULL),
	F("changed_at", TIME, NULL, 0, NULL),
};

static const struct shape_field replay_new[] = {
	F("from", ENUM, "inbox|deliveries", O, "map messages again, or send again what was sent (left out)"),
	F("since", TIME, NULL, O, "received, or made; left out: all that is kept"),
	F("until", TIME, NULL, O, "left out: now"),
	F("topic", TEXT, NULL, O, "messages whose topic begins so"),
	F("families", TEXTS, NULL, O, "catalog, events, profiles, consent; left out: all but consent"),
	F("outcomes", TEXTS, NULL, O, "mapped, ignored, failed of messages; accepted, skipped of deliveries"),
	F("id", TEXT, NULL, O, "deliveries of this external id, or of this product, order or person"),
	F("live", BOOL, NULL, O, "not as backfill: events that are new enough start flows"),
};
static const struct shape_field replay_count_of[] = {
	F("kind", ENUM, DELIVERY_KINDS, 0, NULL),
	F("deliveries", INT, NULL, 0, NULL),
};
static const struct shape_field replay_preview_of[] = {
	F("from", ENUM, "inbox|deliveries", 0, NULL),
	F("messages", INT, NULL, 0, NULL),
	F("counts", REFS, "ReplayCount", 0, "of deliveries, by kind"),
	F("gone", INT, NULL, 0, "of these all: their bodies are not kept any more"),
	F("requests", INT, NULL, N, "at most; null: it depends on what comes out of the messages"),
	F("backfill", BOOL, NULL, 0, "no flow starts"),
};
static const struct shape_field replay_of[] = {
	F("store", TEXT, NULL, 0, NULL),
	F("task", INT, NULL, 0, "number of the task"),
	F("state", ENUM, "open|paused|failed|done|cancelled", 0, "open: under way"),
	F("reason", TEXT, NULL, N, "why it failed, or what came of it"),
	F("from", ENUM, "inbox|deliveries", 0, NULL),
	F("backfill", BOOL, NULL, 0, "no flow starts"),
	F("since", TIME, NULL, N, NULL),
	F("until", TIME, NULL, N, NULL),
	F("topic", TEXT, NULL, N, NULL),
	F("id", TEXT, NULL, N, NULL),
	F("seen", INT, NULL, 0, "messages or deliveries that fit, so far"),
	F("again", INT, NULL, 0, "that went through again"),
	F("gone", INT, NULL, 0, "that are not kept any more"),
	F("started_at", TIME, NULL, 0, NULL),
	F("changed_at", TIME, NULL, 0, NULL),
};

/* ---- session ---- */

static const struct shape_field self[] = {
	F("id", INT, NULL, 0, NULL),
	F("name", TEXT, NULL, 0, NULL),
	F("role", ENUM, ROLES, 0, NULL),
	F("stores", TEXTS, NULL, N, "names of the stores this user is limited to; null: no limit"),
	F("totp", BOOL, NULL, 0, "a second factor is asked for at sign-in"),
	F("scopes", TEXTS, NULL, 0, "what this session or token may do"),
};
static const struct shape_field session[] = {
	F("signed_in", BOOL, NULL, 0, NULL),
	F("setup", BOOL, NULL, 0, "there are no users yet: the first owner has to be made"),
	F("user", REF, "Self", N, NULL),
	F("csrf", TEXT, NULL, N, "for the header X-CSRF-Token of every request that changes something"),
	F("version", TEXT, NULL, 0, "of Pannier"),
	F("expires_at", TIME, NULL, N, NULL),
};
static const struct shape_field sign_in[] = {
	F("name", TEXT, NULL, 0, NULL),
	F("password", SECRET, NULL, 0, NULL),
	F("code", TEXT, NULL, O, "six digits of the second factor, if one is set up"),
};
static const struct shape_field setup[] = {
	F("code", SECRET, NULL, 0, "that the daemon printed when it started, in the link to the screens"),
	F("name", TEXT, NULL, 0, "e-mail address or another name"),
	F("password", SECRET, NULL, 0, "12 bytes or more"),
};

/* ---- overview ---- */

static const struct shape_field warning[] = {
	F("code", TEXT, NULL, 0, "for programs"),
	F("text", TEXT, NULL, 0, "what is wrong or will be, and what to do"),
	F("store", TEXT, NULL, N, NULL),
	F("account", TEXT, NULL, N, NULL),
};
static const struct shape_field budget_use[] = {
	F("endpoint", TEXT, NULL, 0, NULL),
	F("used_per_minute", INT, NULL, 0, "requests of the last 60 s"),
	F("limit_per_minute", INT, NULL, 0, "our share of Klaviyo's limit"),
	F("klaviyo_per_minute", INT, NULL, 0, "Klaviyo's limit"),
	F("others_use_it", BOOL, NULL, 0, "Klaviyo said that others use the same limit, so we go slow"),
	F("used_by_others", INT, NULL, 0,
	  "requests of others within the last minute, as far as answers told"),
	F("silent_until", TIME, NULL, N, "Klaviyo asked to wait (Retry-After)"),
};
static const struct shape_field klaviyo_health[] = {
	F("state", ENUM, "ok|stopped|unknown", 0,
	  "stopped: sending stands still until Klaviyo answers again"),
	F("reason", TEXT, NULL, N, NULL),
	F("since", TIME, NULL, N, NULL),
	F("until", TIME, NULL, N, "when it is tried again"),
};
static const struct shape_field account_overview[] = {
	F("account", TEXT, NULL, 0, NULL),
	F("in_step", BOOL, NULL, 0, "nothing waits to be sent"),
	F("behind_until", TIME, NULL, N,
	  "when it will be in step, from what the budget allows; null: in step, or nobody knows"),
	F("behind", INT, NULL, 0, "deliveries that are not done"),
	F("ready", INT, NULL, 0, NULL),
	F("waiting", INT, NULL, 0, "to be tried again later"),
	F("sending", INT, NULL, 0, NULL),
	F("accepted", INT, NULL, 0, "ever"),
	F("failed", INT, NULL, 0, "need a person"),
	F("skipped", INT, NULL, 0, "ever"),
	F("oldest_waiting_at", TIME, NULL, N, NULL),
	F("per_minute", NUMBER, NULL, 0, "accepted by Klaviyo, over the last minutes"),
	F("klaviyo", REF, "KlaviyoHealth", 0, NULL),
	F("budget", REFS, "BudgetUse", 0, "of endpoints that were used"),
};
static const struct shape_field store_overview[] = {
	F("store", TEXT, NULL, 0, NULL),
	F("account", TEXT, NULL, 0, NULL),
	F("platform", TEXT, NULL, 0, NULL),
	F("in_step", BOOL, NULL, 0, "all that the shop told has been looked at"),
	F("last_message_at", TIME, NULL, N, "null: none yet"),
	F("received", INT, NULL, 0, "messages, ever"),
	F("pending", INT, NULL, 0, "messages not looked at yet"),
	F("ignored", INT, NULL, 0, NULL),
	F("duplicate", INT, NULL, 0, NULL),
	F("failed", INT, NULL, 0, "messages that need a person"),
	F("due", INT, NULL, 0, "products, orders and people to be compared with Klaviyo"),
	F("held", INT, NULL, 0, "held back as incomplete"),
	F("per_minute", NUMBER, NULL, 0, "messages, over the last minutes"),
};
static const struct shape_field overview[] = {
	F("at", TIME, NULL, 0, NULL),
	F("version", TEXT, NULL, 0, "of Pannier"),
	F("idle", BOOL, NULL, 0, "nothing is to be done"),
	F("bytes", INT, NULL, 0, "of the database on disk"),
	F("accounts", REFS, "AccountOverview", 0, NULL),
	F("stores", REFS, "StoreOverview", 0, NULL),
	F("warnings", REFS, "Warning", 0, NULL),
};
static const struct shape_field series[] = {
	F("from", TIME, NULL, 0, "begin of the first step"),
	F("step_s", INT, NULL, 0, NULL),
	F("received", INTS, NULL, 0, "messages from shops, per step"),
	F("accepted", INTS, NULL, 0, "deliveries that Klaviyo accepted, per step"),
	F("failed", INTS, NULL, 0, "deliveries that failed, per step"),
};

/* ---- accounts, stores, settings ---- */

static const struct shape_field account[] = {
	F("name", TEXT, NULL, 0, NULL),
	F("key_last4", TEXT, NULL, 0, "last characters of the private key; empty with oauth"),
	F("oauth", BOOL, NULL, 0, "connected by OAuth, not by a key"),
	F("connection_problem", TEXT, NULL, N, "why its connection cannot be renewed: connect it again"),
	F("key_opens", BOOL, NULL, 0, "false: the key cannot be opened with this key file; give it again"),
	F("stores", TEXTS, NULL, 0, "that feed it"),
	F("settings", MAP, NULL, 0, "effective values by key"),
	F("created_at", TIME, NULL, 0, NULL),
};
PAGE(account_page, "Account");
static const struct shape_field account_new[] = {
	F("name", TEXT, NULL, 0, "1 to 63 of a-z 0-9 - _"),
	F("key", SECRET, NULL, 0, "Klaviyo private API key, pk_..."),
	F("settings", MAP, NULL, O, "values by key that differ from the defaults"),
};
static const struct shape_field key_new[] = {
	F("key", SECRET, NULL, 0, "Klaviyo private API key, pk_..."),
};
static const struct shape_field key_check[] = {
	F("key", SECRET, NULL, 0, "Klaviyo private API key, pk_..."),
	F("api_url", TEXT, NULL, O, "where Klaviyo's API is, if not at its usual place"),
};
static const struct shape_field connection[] = {
	F("available", BOOL, NULL, 0, "the operator has registered an app of Klaviyo"),
	F("redirect_url", TEXT, NULL, 0, "what the app must name as its redirect URL"),
};
static const struct shape_field connection_new[] = {
	F("account", TEXT, NULL, O, "one that there is; left out: a new one"),
	F("api_url", TEXT, NULL, O, "where Klaviyo's API is, if not at its usual place"),
};
static const struct shape_field connection_start[] = {
	F("url", TEXT, NULL, 0, "where the browser has to go, within ten minutes"),
};
static const struct shape_field connection_back[] = {
	F("state", TEXT, NULL, 0, NULL),
	F("code", SECRET, NULL, O, NULL),
	F("error", TEXT, NULL, O, "instead of code"),
};
static const struct shape_field connection_done[] = {
	F("account", TEXT, NULL, 0, "its name"),
	F("added", BOOL, NULL, 0, "false: there was one, which has the connection now"),
	F("check", REF, "AccountCheck", 0, NULL),
};
static const struct shape_field scope_check[] = {
	F("scope", TEXT, NULL, 0, "as Klaviyo calls it, for example catalogs:read"),
	F("found", BOOL, NULL, N, "null: could not be tried"),
	F("for", TEXT, NULL, 0, "what needs it"),
	F("problem", TEXT, NULL, N, NULL),
};
static const struct shape_field metric_spelling[] = {
	F("metric", TEXT, NULL, 0, "our name of it"),
	F("found", TEXTS, NULL, 0, "names that the account has already"),
};
static const struct shape_field account_check[] = {
	F("ok", BOOL, NULL, 0, "the key is accepted and lacks no scope"),
	F("organization", TEXT, NULL, N, NULL),
	F("timezone", TEXT, NULL, N, NULL),
	F("currency", TEXT, NULL, N, NULL),
	F("public_key", TEXT, NULL, N, "six characters; not a secret"),
	F("key_last4", TEXT, NULL, 0, NULL),
	F("scopes", REFS, "ScopeCheck", 0, NULL),
	F("metrics", REFS, "MetricSpelling", 0, "metrics of orders that exist under another spelling"),
	F("problem", TEXT, NULL, N, NULL),
	F("remedy", TEXT, NULL, N, NULL),
	F("revision", TEXT, NULL, 0, "of Klaviyo's API"),
	F("revision_retires", TEXT, NULL, 0, "date"),
};
static const struct shape_field feed[] = {
	F("json_url", TEXT, NULL, 0, "to be entered in Klaviyo; who has it can read the catalog"),
	F("xml_url", TEXT, NULL, 0, "the same as XML"),
};
static const struct shape_field guide[] = {
	F("webhook_url", TEXT, NULL, 0, NULL),
	F("header", TEXT, NULL, N, "that carries the secret; null: the platform has its own way"),
	F("configure", TEXT, NULL, 0, "what to enter in the shop, paragraphs"),
	F("script_tag", TEXT, NULL, 0, "for the pages of the shop"),
	F("secret_is", TEXT, NULL, 0, "what kind of secret it is"),
};
static const struct shape_field store[] = {
	F("name", TEXT, NULL, 0, NULL),
	F("platform", TEXT, NULL, 0, NULL),
	F("account", TEXT, NULL, 0, NULL),
	F("secret_last4", TEXT, NULL, 0, NULL),
	F("secret_opens", BOOL, NULL, 0, "false: give the secret again"),
	F("secrets", INT, NULL, 0, "2 while it is being changed"),
	F("settings", MAP, NULL, 0, "effective values by key"),
	F("created_at", TIME, NULL, 0, NULL),
	F("last_message_at", TIME, NULL, N, NULL),
	F("guide", REF, "Guide", O, "only of a single store"),
	F("feed", REF, "Feed", O | N,
	  "only of a single store whose account is read as a feed, and for who may change settings"),
	F("order_statuses", REFS, "OrderStatus", O, "only of a single store: that its shop gives to orders"),
	F("order_statuses_told", BOOL, NULL, O,
	  "false: the shop has not told them, they are those that its kind of shop comes with"),
};
PAGE(store_page, "Store");
static const struct shape_field store_new[] = {
	F("name", TEXT, NULL, 0, "1 to 63 of a-z 0-9 - _"),
	F("platform", TEXT, NULL, 0, NULL),
	F("account", TEXT, NULL, 0, NULL),
	F("secret", SECRET, NULL, O, "left out: one is made, and shown this once"),
	F("settings", MAP, NULL, O, NULL),
};
static const struct shape_field store_added[] = {
	F("store", REF, "Store", 0, NULL),
	F("secret", TEXT, NULL, N, "the one that was made; never shown again"),
};
static const struct shape_field secret_new[] = {
	F("secret", SECRET, NULL, O, "left out: one is made, and shown this once"),
	F("keep_old", BOOL, NULL, O, "the old one stays valid beside it"),
};
static const struct shape_field order_status[] = {
	F("id", TEXT, NULL, 0, NULL),
	F("name", TEXT, NULL, 0, "as orders bring it"),
	F("names", MAP, NULL, 0, "by language"),
	F("state", TEXT, NULL, 0,
	  "what it means unless the setting order_states says otherwise; empty: nothing is known of it"),
	F("known", BOOL, NULL, 0, "false: nobody says what it means; state is what it is taken for"),
	F("means", TEXT, NULL, 0, "what it means now"),
};
static const struct shape_field platform[] = {
	F("name", TEXT, NULL, 0, NULL),
	F("label", TEXT, NULL, 0, NULL),
	F("secret_is", TEXT, NULL, 0, NULL),
	F("order_states", TEXTS, NULL, 0, "what the setting order_states can say of a status"),
};
PAGE(platform_page, "Platform");
static const struct shape_field setting[] = {
	F("key", TEXT, NULL, 0, NULL),
	F("scope", ENUM, "account|store", 0, NULL),
	F("type", ENUM, "text|bool|int|choice|url|template|header|switches|pairs|secret", 0, NULL),
	F("default", TEXT, NULL, 0, NULL),
	F("min", INT, NULL, N, "int: smallest"),
	F("max", INT, NULL, N, "int: largest; text: longest in bytes"),
	F("choices", TEXTS, NULL, 0, "choice: the values; template: the placeholders; switches: the metrics"),
	F("on", TEXTS, NULL, 0, "switches: those that are on by default"),
	F("allowed", TEXT, NULL, 0, "the same as a sentence"),
	F("help", TEXT, NULL, 0, "one sentence"),
	F("sweep", BOOL, NULL, 0, "a change looks at all products of the store again"),
	F("shared", BOOL, NULL, 0, "the installation can have a default of its own"),
};
PAGE(setting_page, "Setting");
static const struct shape_field setting_value[] = {
	F("key", TEXT, NULL, 0, NULL),
	F("value", TEXT, NULL, 0, "what counts"),
	F("default", TEXT, NULL, 0, "what counts where nothing is set here"),
	F("from", ENUM, "default|installation|own", 0,
	  "default: the program's; installation: the defaults for all; own: set here"),
	F("overridden", INT, NULL, O, "only of the defaults: accounts or stores with a value of their own"),
};
static const struct shape_field settings[] = {
	F("scope", ENUM, "account|store|defaults", 0, NULL),
	F("name", TEXT, NULL, 0, "of the account or store; empty of the defaults"),
	F("version", INT, NULL, 0, "of all settings; grows with each change of any"),
	F("etag", TEXT, NULL, 0, "also the header; send it back as If-Match"),
	F("values", REFS, "SettingValue", 0, NULL),
};
static const struct shape_field settings_change[] = {
	LONG("changes", MAP, NULL, 0, 4000, "values by key; null: back to the default"),
};
static const struct shape_field change_line[] = {
	F("key", TEXT, NULL, 0, NULL),
	F("before", TEXT, NULL, 0, NULL),
	F("after", TEXT, NULL, 0, NULL),
	F("own", BOOL, NULL, 0, "set here; else it follows the default"),
	F("sweep", BOOL, NULL, 0, "looks at all products of the store again"),
};
static const struct shape_field settings_preview[] = {
	F("changes", REFS, "ChangeLine", 0, "empty: nothing would change"),
	F("sweep", BOOL, NULL, 0, "all products are looked at again; only what differs is sent"),
	F("stores", INT, NULL, O, "only of the defaults: stores that it reaches so"),
	F("version", INT, NULL, 0, NULL),
};
static const struct shape_field config_line[] = {
	F("key", TEXT, NULL, 0, "of the table of settings; or account, key, secret"),
	F("from", TEXT, NULL, 0, "empty of a secret"),
	F("to", TEXT, NULL, 0, NULL),
	F("now", TEXT, NULL, 0, "what counts now"),
	F("secret", BOOL, NULL, 0, "only that it was changed is known"),
	F("sweep", BOOL, NULL, 0, "taking it back looks at all products of the store again"),
};
static const struct shape_field config_change[] = {
	F("number", INT, NULL, 0, "the version of all settings that it led to"),
	F("at", TIME, NULL, 0, NULL),
	F("by", TEXT, NULL, 0, "empty: the command line"),
	F("scope", ENUM, "account|store|defaults", 0, NULL),
	F("name", TEXT, NULL, 0, "of the account or store; empty of the defaults"),
	F("what", ENUM, "added|changed|removed", 0, NULL),
	F("changes", REFS, "ConfigLine", 0, NULL),
	F("reason", TEXT, NULL, 0, "the same as the audit has it"),
	F("undo", ENUM, "possible|changed|done|never", 0,
	  "changed: one of the values is another now; done: all is as before"),
	F("note", TEXT, NULL, 0, "why it cannot be taken back"),
};
PAGE(config_change_page, "ConfigChange");

/* ---- activity ---- */

static const struct shape_field activity[] = {
	F("id", TEXT, NULL, 0, "grows with time"),
	F("at", TIME, NULL, 0, NULL),
	F("code", ENUM, AUDIT_CODE_CHOICES, 0, NULL),
	F("text", TEXT, NULL, 0, "the sentence of the code"),
	F("reason", TEXT, NULL, 0, NULL),
	F("store", TEXT, NULL, N, NULL),
	F("account", TEXT, NULL, N, NULL),
	F("message", TEXT, NULL, N, "id for /story"),
	F("delivery", TEXT, NULL, N, "id for /story"),
	F("entity", REF, "Entity", N, "what it is about"),
};
static const struct shape_field entity[] = {
	F("kind", ENUM, KINDS, 0, NULL),
	F("id", TEXT, NULL, 0, "the shop's"),
};
static const struct shape_field activity_page[] = {
	F("items", REFS, "Activity", 0, "newest first; may be fewer than asked for, even none"),
	F("next", TEXT, NULL, N, "cursor of the next page; null: this was the last"),
	F("searched_to", TIME, NULL, N, "how far back this page looked; null: to the beginning"),
};
static const struct shape_field code_row[] = {
	F("code", TEXT, NULL, 0, NULL),
	F("text", TEXT, NULL, 0, NULL),
};
PAGE(code_page, "Code");

/* ---- failed, held ---- */

static const struct shape_field failed[] = {
	F("id", TEXT, NULL, 0, "id for /story"), F("kind", ENUM, "message|delivery", 0, NULL),
	F("store", TEXT, NULL, 0, NULL),	 F("failed_at", TIME, NULL, 0, NULL),
	F("what", TEXT, NULL, 0, NULL),		 F("reason", TEXT, NULL, 0, NULL),
};
PAGE(failed_page, "Failed");
static const struct shape_field failed_group[] = {
	F("group", TEXT, NULL, 0, "name of the group, for retry and discard"),
	F("kind", ENUM, "message|delivery", 0, NULL),
	F("cause", TEXT, NULL, 0, "the reason, with what differs left out"),
	F("advice", TEXT, NULL, 0, "what to do"),
	F("count", INT, NULL, 0, NULL),
	F("stores", TEXTS, NULL, 0, NULL),
	F("first_at", TIME, NULL, 0, NULL),
	F("last_at", TIME, NULL, 0, NULL),
	F("example", REF, "Failed", 0, NULL),
};
static const struct shape_field failed_groups[] = {
	F("items", REFS, "FailedGroup", 0, "largest first"),
	F("complete", BOOL, NULL, 0, "false: there are more than were counted"),
};
static const struct shape_field failed_change[] = {
	F("ids", TEXTS, NULL, O, "of single ones"),
	F("group", TEXT, NULL, O, "all of a group"),
	F("store", TEXT, NULL, O, "all of a store, or of the group in it"),
	F("all", BOOL, NULL, O, "all that this user sees"),
	F("reason", TEXT, NULL, O, "needed to discard; for the audit"),
};
static const struct shape_field changed_count[] = {
	F("changed", INT, NULL, 0, NULL),
};
static const struct shape_field held[] = {
	F("store", TEXT, NULL, 0, NULL),
	F("kind", ENUM, KINDS, 0, NULL),
	F("id", TEXT, NULL, 0, NULL),
	F("since", TIME, NULL, 0, NULL),
	F("reason", TEXT, NULL, 0, "what is missing"),
};
PAGE(held_page, "Held");

/* ---- imports ---- */

#define IMPORT_FIELDS \
	F("id", INT, NULL, 0, NULL), F("store", TEXT, NULL, 0, NULL), \
		F("source", ENUM, "file|shop", 0, "a file of history, or pages that the shop is asked for"), \
		F("file", TEXT, NULL, 0, "path; empty: it is from the shop"), \
		F("kind", TEXT, NULL, 0, \
		  "customers, subscribers, categories, products, variants, orders or messages"), \
		F("state", ENUM, "open|paused|failed|done|cancelled", 0, NULL), \
		F("reason", TEXT, NULL, 0, "why it failed, or what it waits for"), \
		F("percent", INT, NULL, N, "null: the shop does not say how much there is"), \
		F("bytes", INT, NULL, 0, "of the file"), F("pages", INT, NULL, 0, "of the shop, so far"), \
		F("read", INT, NULL, 0, "rows or items"), F("new", INT, NULL, 0, "messages taken in"), \
		F("duplicate", INT, NULL, 0, "messages that were there already"), \
		F("mended", INT, NULL, 0, "rows in which something was put right"), \
		F("rejected", INT, NULL, 0, "rows that could not be read"), \
		F("per_minute", INT, NULL, 0, "messages at most; 0: as many as Klaviyo takes"), \
		F("left_s", INT, NULL, N, "about, by what Klaviyo allows the account now; null: not known"), \
		F("ends_at", TIME, NULL, N, "the same as a time"), \
		F("waits_until", TIME, NULL, N, "the shop asked for it, or did not answer"), \
		F("created_at", TIME, NULL, 0, NULL), F("changed_at", TIME, NULL, 0, NULL)

static const struct shape_field import_row[] = { IMPORT_FIELDS };
PAGE(import_page, "Import");
static const struct shape_field import_reject[] = {
	F("file", TEXT, NULL, 0, NULL),
	F("line", INT, NULL, 0, "or number of the item"),
	F("column", TEXT, NULL, 0, "empty: the whole row"),
	F("why", TEXT, NULL, 0, NULL),
};
static const struct shape_field import_detail[] = {
	IMPORT_FIELDS,
	F("rejects", REFS, "ImportReject", 0, "the first thousand"),
};
static const struct shape_field import_throttle[] = {
	F("per_minute", INT, NULL, 0, "messages at most; 0: as many as Klaviyo takes"),
};
static const struct shape_field schedule[] = {
	F("store", TEXT, NULL, 0, NULL),
	F("kind", ENUM, "events|subscribers|categories|products|variants|reconcile", 0, NULL),
	F("when", TEXT, NULL, 0, "realtime, off, every 5 min, 03:00 Europe/Vienna"),
	F("asks_shop", BOOL, NULL, 0, "by the clock the shop is asked for what is new"),
	F("running", BOOL, NULL, 0, NULL),
	F("last_run_at", TIME, NULL, N, NULL),
	F("next_run_at", TIME, NULL, N, "null: not by the clock"),
	F("import", INT, NULL, N, "of the newest run that asked the shop"),
};
PAGE(schedule_page, "Schedule");
static const struct shape_field offer[] = {
	F("kind", TEXT, NULL, 0, "customers, subscribers, categories, products, variants or orders"),
	F("offered", BOOL, NULL, 0, NULL),
	F("by_date", BOOL, NULL, 0, "also for what changed since a time"),
	F("why", TEXT, NULL, 0, "what is missing; empty: nothing"),
};
PAGE(offer_page, "Offer");
static const struct shape_field import_upload[] = {
	F("name", TEXT, NULL, 0, "of the file"),
	F("received", INT, NULL, 0, "bytes that are here"),
	F("bytes", INT, NULL, N, "of all of it; null: not known"),
	F("sha256", TEXT, NULL, 0, "hexadecimal, of the whole file; empty: it is not whole yet"),
	F("import", INT, NULL, N, "id; null: it is not whole yet"),
};
static const struct shape_field import_part[] = {
	F("name", TEXT, NULL, 0, "of the file"),
	F("received", INT, NULL, 0, "where it goes on"),
	F("bytes", INT, NULL, N, "of all of it; null: it was not said"),
	F("changed_at", TIME, NULL, 0, "it is kept for seven days"),
};
PAGE(import_part_page, "ImportPart");
static const struct shape_field sync_new[] = {
	F("kinds", TEXTS, NULL, 0, "customers, subscribers, categories, products, variants, orders"),
	F("from", TIME, NULL, O, "only what changed since, where the shop can be asked by date"),
	F("to", TIME, NULL, O, "and before"),
	F("per_minute", INT, NULL, O, "messages at most; left out: as many as Klaviyo takes"),
};

static const struct shape_field sync_trial[] = {
	F("store", TEXT, NULL, 0, NULL),
	F("kind", TEXT, NULL, 0, NULL),
	F("url", TEXT, NULL, 0, "that was asked"),
	F("status", INT, NULL, 0, "of its answer"),
	F("read", BOOL, NULL, 0, "the page could be read"),
	F("reason", TEXT, NULL, 0, "why not"),
	F("items", INT, NULL, 0, "of the first page"),
	F("messages", INT, NULL, 0, "they become"),
	F("rejected", INT, NULL, 0, "that could not be read"),
	F("total", INT, NULL, N, "items, as the shop says; null: it does not"),
	F("end", BOOL, NULL, 0, "there is no next page"),
	F("pages", INT, NULL, N, "requests to the shop; null: nobody knows"),
	F("seconds", INT, NULL, N, "they take at least"),
	F("requests", INT, NULL, N,
	  "to Klaviyo at most, if all pages are like the first; null: nobody knows"),
	F("klaviyo_seconds", INT, NULL, N, "they take at Klaviyo's pace, with the account's share of it"),
	F("first", ANY, NULL, O, "what the first item becomes"),
};
PAGE(sync_trial_page, "SyncTrial");

/* ---- the story of one thing ---- */

static const struct shape_field known_fact[] = {
	F("kind", ENUM, KINDS, 0, NULL), F("id", TEXT, NULL, 0, NULL),
	F("part", TEXT, NULL, 0, NULL),	 F("message", TEXT, NULL, 0, "that it came with"),
	F("body", ANY, NULL, O, NULL),
};
static const struct shape_field sent[] = {
	F("kind", ENUM, DELIVERY_KINDS, 0, NULL),
	F("external_id", TEXT, NULL, 0, NULL),
	F("state", ENUM, TOLD_CHOICES, 0,
	  "there: Klaviyo has it; accepted: an event or a consent that it took; skipped: never accepted"),
	F("exists", BOOL, NULL, 0, "Klaviyo has it; of events nobody asks"),
	F("wanted_deleted", BOOL, NULL, 0, NULL),
	F("delivery", TEXT, NULL, 0, "the newest; id for /story"),
};
static const struct shape_field root[] = {
	F("kind", ENUM, KINDS, 0, NULL),
	F("id", TEXT, NULL, 0, NULL),
	F("title", TEXT, NULL, 0, "of a product or category, as the shop calls it; empty: not known"),
	F("store", TEXT, NULL, 0, NULL),
	F("known", BOOL, NULL, 0, "false: nothing is known of it any more"),
	F("deleted", BOOL, NULL, 0, "in the shop"),
	F("held", TEXT, NULL, 0, "why it is held back; empty: it is not"),
	F("facts", REFS, "KnownFact", 0, "what the shop said"),
	F("sent", REFS, "Sent", 0, "what Klaviyo was told"),
};
static const struct shape_field mapped_fact[] = {
	F("op", ENUM, "sets|clears|deletes", 0, NULL),
	F("kind", ENUM, KINDS, 0, NULL),
	F("id", TEXT, NULL, 0, NULL),
	F("part", TEXT, NULL, 0, NULL),
	F("body", ANY, NULL, O, NULL),
};
static const struct shape_field message[] = {
	F("id", TEXT, NULL, 0, NULL),
	F("kept", BOOL, NULL, 0, "false: its time is over; only the id is left"),
	F("store", TEXT, NULL, O, NULL),
	F("received_at", TIME, NULL, O, NULL),
	F("topic", TEXT, NULL, O, NULL),
	F("source_id", TEXT, NULL, O, "the shop's id of the message"),
	F("state", ENUM, "pending|mapped|ignored|failed|discarded", O, NULL),
	F("bytes", INT, NULL, O, NULL),
	F("body", ANY, NULL, O, "as it came"),
	F("facts", REFS, "MappedFact", 0, "what it means with the settings of now"),
};
static const struct shape_field batch_member[] = {
	F("delivery", TEXT, NULL, 0, "id for /story"),
	F("store", TEXT, NULL, 0, NULL),
	F("kind", ENUM, KINDS, 0, NULL),
	F("id", TEXT, NULL, 0, "the shop's"),
};
static const struct shape_field answer[] = {
	F("at", TIME, NULL, 0, NULL),
	F("code", ENUM, AUDIT_CODE_CHOICES, 0, NULL),
	F("text", TEXT, NULL, 0, "the sentence of the code"),
	F("reason", TEXT, NULL, 0, "with what Klaviyo said"),
	F("http_status", INT, NULL, 0, "0: there was no answer"),
};
static const struct shape_field sending[] = {
	F("at", TIME, NULL, 0, NULL),
	F("endpoint", TEXT, NULL, 0, NULL),
	F("count", INT, NULL, 0, "deliveries that left in that request"),
	F("more", BOOL, NULL, 0, "there were more than are counted"),
	F("members", REFS, "BatchMember", 0, "the first 100 of them"),
	F("answers", REFS, "Answer", 0, "what came back for this delivery, oldest first"),
};
static const struct shape_field delivery[] = {
	F("id", TEXT, NULL, 0, NULL),
	F("account", TEXT, NULL, 0, NULL),
	F("store", TEXT, NULL, 0, NULL),
	F("kind", ENUM, DELIVERY_KINDS, 0, NULL),
	F("op", ENUM, "create|update|delete", 0, NULL),
	F("external_id", TEXT, NULL, 0, NULL),
	F("state", ENUM, "ready|waiting|sending|accepted|failed|skipped", 0, NULL),
	F("priority", ENUM, "realtime|retry|replay|backfill", 0, NULL),
	F("attempts", INT, NULL, 0, "failed ones"),
	F("reason", TEXT, NULL, 0, "of its state"),
	F("created_at", TIME, NULL, 0, NULL),
	F("due_at", TIME, NULL, N, "waiting: when it is tried again"),
	F("message", TEXT, NULL, O, "that caused it"),
	F("copy_of", TEXT, NULL, O, "made by a replay: the delivery that it repeats"),
	F("root", REF, "Entity", 0, NULL),
	F("body", ANY, NULL, O, "what is told, as Klaviyo reads it"),
	F("sendings", REFS, "Sending", 0, "each time it left, oldest first"),
	F("waits", TEXT, NULL, 0, "why it has not left; empty: it has"),
	F("request", REF, "Request", O, "as it left last, or would now, alone; without keys"),
};
static const struct shape_field request[] = {
	F("method", TEXT, NULL, 0, NULL),
	F("url", TEXT, NULL, 0, NULL),
	F("body", ANY, NULL, 0, NULL),
};
static const struct shape_field whole_request[] = {
	F("request", REF, "Request", 0, NULL),
	F("rows", INT, NULL, 0, "deliveries in it"),
	F("complete", BOOL, NULL, 0, "false: what some of them said is no longer kept"),
};
static const struct shape_field story[] = {
	F("about", ENUM, "message|delivery|entity", 0, NULL),	  F("entities", REFS, "Root", 0, NULL),
	F("messages", REFS, "Message", 0, "in order of receipt"), F("deliveries", REFS, "Delivery", 0, NULL),
	F("timeline", REFS, "Activity", 0, "oldest first"),
};

/* ---- search, catalog, people ---- */

static const struct shape_field catalog_row[] = {
	F("store", TEXT, NULL, 0, NULL),
	F("kind", ENUM, "product|category", 0, NULL),
	F("id", TEXT, NULL, 0, "the shop's; ask /story for it"),
	F("title", TEXT, NULL, 0, "as the shop calls it; empty: it has not said"),
	F("variants", INT, NULL, 0, NULL),
	F("deleted", BOOL, NULL, 0, "in the shop"),
	F("told", ENUM, "nothing|waiting|there|failed|deleted", 0,
	  "what Klaviyo has; waiting: it is on its way"),
};
PAGE(catalog_page, "CatalogRow");
static const struct shape_field match[] = {
	F("store", TEXT, NULL, 0, NULL),
	F("kind", ENUM, KINDS, 0, NULL),
	F("id", TEXT, NULL, 0, NULL),
	F("root", REF, "Entity", N, "what it belongs to; ask /story for it"),
	F("title", TEXT, NULL, N, "as the shop calls it"),
};
PAGE(match_page, "Match");
static const struct shape_field person_ask[] = {
	F("email", TEXT, NULL, 0, NULL),
	F("store", TEXT, NULL, O, "left out: all stores of this user"),
};
static const struct shape_field person[] = {
	F("store", TEXT, NULL, 0, NULL),
	F("email", TEXT, NULL, 0, NULL),
	F("entities", REFS, "Root", 0, "the person first, then orders, visitors and former addresses"),
	F("messages", TEXTS, NULL, 0, "ids"),
	F("deliveries", TEXTS, NULL, 0, "ids"),
	F("consent", REFS, "Activity", 0, "rows about consent, newest first"),
	F("history", REFS, "Activity", 0, "newest first, at most 500"),
};
PAGE(person_page, "Person");
static const struct shape_field erased_store[] = {
	F("store", TEXT, NULL, 0, NULL),
	F("message", TEXT, NULL, 0, "that asks for it"),
};
PAGE(erased_page, "ErasedStore");
static const struct shape_field person_export[] = {
	F("email", TEXT, NULL, 0, NULL),
	F("exported_at", TIME, NULL, 0, NULL),
	F("stores", ANY, NULL, 0, "as `pannier export` gives it"),
};

/* ---- users ---- */

static const struct shape_field user[] = {
	F("id", INT, NULL, 0, NULL),
	F("version", INT, NULL, 0, "send it back, in quotes, as If-Match"),
	F("name", TEXT, NULL, 0, NULL),
	F("role", ENUM, ROLES, 0, NULL),
	F("stores", TEXTS, NULL, N, "null: all"),
	F("state", ENUM, "active|invited|locked", 0, NULL),
	F("totp", BOOL, NULL, 0, NULL),
	F("created_at", TIME, NULL, 0, NULL),
	F("seen_at", TIME, NULL, N, "last sign-in"),
	F("locked_until", TIME, NULL, N, NULL),
};
PAGE(user_page, "User");
static const struct shape_field user_new[] = {
	F("name", TEXT, NULL, 0, NULL),
	F("role", ENUM, ROLES, 0, NULL),
	F("stores", TEXTS, NULL, O | N, "null or left out: all"),
};
static const struct shape_field user_edit[] = {
	F("name", TEXT, NULL, O, NULL),
	F("role", ENUM, ROLES, O, NULL),
	F("stores", TEXTS, NULL, O | N, "null: all"),
};
static const struct shape_field invitation[] = {
	F("user", REF, "User", 0, NULL),
	F("token", TEXT, NULL, 0, "to be handed to the person; never shown again"),
	F("expires_at", TIME, NULL, 0, NULL),
};
static const struct shape_field invitation_accept[] = {
	F("token", SECRET, NULL, 0, NULL),
	F("password", SECRET, NULL, 0, "12 bytes or more"),
};
static const struct shape_field password_change[] = {
	F("old", SECRET, NULL, 0, NULL),
	F("new", SECRET, NULL, 0, "12 bytes or more"),
};
static const struct shape_field password_only[] = {
	F("password", SECRET, NULL, 0, NULL),
};
static const struct shape_field totp_secret[] = {
	F("secret", TEXT, NULL, 0, "base32; shown this once"),
	F("url", TEXT, NULL, 0, "otpauth://..."),
	F("qr", TEXTS, NULL, 0, "the same as a QR code: rows of 1 (dark) and 0"),
};
static const struct shape_field totp_confirm[] = {
	F("secret", SECRET, NULL, 0, "as it was given"),
	F("code", TEXT, NULL, 0, "six digits"),
	F("password", SECRET, NULL, 0, NULL),
};
static const struct shape_field login[] = {
	F("id", INT, NULL, 0, NULL),
	F("user", TEXT, NULL, 0, NULL),
	F("current", BOOL, NULL, 0, "the one this request was made with"),
	F("browser", TEXT, NULL, 0, NULL),
	F("address", TEXT, NULL, 0, "it was last used from"),
	F("created_at", TIME, NULL, 0, NULL),
	F("seen_at", TIME, NULL, 0, NULL),
	F("expires_at", TIME, NULL, 0, NULL),
};
PAGE(login_page, "Login");
static const struct shape_field token[] = {
	F("id", INT, NULL, 0, NULL),
	F("user", TEXT, NULL, 0, NULL),
	F("name", TEXT, NULL, 0, NULL),
	F("last4", TEXT, NULL, 0, NULL),
	F("scopes", TEXTS, NULL, 0, NULL),
	F("created_at", TIME, NULL, 0, NULL),
	F("expires_at", TIME, NULL, N, "null: never"),
	F("seen_at", TIME, NULL, N, "last use"),
};
PAGE(token_page, "Token");
static const struct shape_field token_new[] = {
	F("name", TEXT, NULL, 0, "what it is for"),
	F("scopes", TEXTS, NULL, 0, NULL),
	F("expires_days", INT, NULL, O, "1 to 3650; left out: 90"),
};
static const struct shape_field token_added[] = {
	F("token", REF, "Token", 0, NULL),
	F("secret", TEXT, NULL, 0, "for Authorization: Bearer; never shown again"),
};

/* ---- preview ---- */

static const struct shape_field preview_ask[] = {
	F("store", TEXT, NULL, 0, NULL),
	F("message", TEXT, NULL, O, "id of a message that was received"),
	LONG("body", TEXT, NULL, O, (size_t)1 << 20, "or a message as the shop would send it"),
	F("content_type", TEXT, NULL, O, "of body; left out: application/json"),
};
static const struct shape_field message_new[] = {
	LONG("body", TEXT, NULL, 0, (size_t)48 << 10, "as the shop would send it"),
	F("content_type", TEXT, NULL, O, "left out: application/json"),
};
static const struct shape_field taken[] = {
	F("message", TEXT, NULL, 0, "id for /story"),
	F("duplicate", BOOL, NULL, 0, "it repeats that one"),
};
PAGE(taken_page, "Taken");
static const struct shape_field preview[] = {
	F("topic", TEXT, NULL, 0, NULL),
	F("reason", TEXT, NULL, 0, "ignored or failed: why"),
	F("facts", INT, NULL, 0, NULL),
	F("held", TEXT, NULL, 0, "why something is held back"),
	F("note", TEXT, NULL, 0, "what was mended"),
	F("requests", REFS, "Request", 0, "that would be sent"),
};
PAGE(preview_page, "Preview");

#define SHAPE(name_, field_, help_) \
	{ \
		.name = (name_), .field = (field_), .n = ARRAY_LEN(field_), .help = (help_) \
	}
static const struct shape shapes[] = {
	SHAPE("Problem", problem, "Why not (RFC 9457)."),
	SHAPE("Self", self, "Who is signed in."),
	SHAPE("Session", session, "The state of this browser's session."),
	SHAPE("SignIn", sign_in, "Name and password."),
	SHAPE("Setup", setup, "The first owner."),
	SHAPE("Warning", warning, "What a person should look at."),
	SHAPE("BudgetUse", budget_use, "How much of a limit is used."),
	SHAPE("KlaviyoHealth", klaviyo_health, "Does Klaviyo answer?"),
	SHAPE("AccountOverview", account_overview, "How an account is doing."),
	SHAPE("StoreOverview", store_overview, "How a store is doing."),
	SHAPE("Overview", overview, "How everything is doing."),
	SHAPE("Series", series, "Counts over time."),
	SHAPE("Account", account, "A Klaviyo account."),
	SHAPE("AccountPage", account_page, "Accounts by name."),
	SHAPE("AccountNew", account_new, "An account to be added."),
	SHAPE("KeyNew", key_new, "Another private key."),
	SHAPE("KeyCheck", key_check, "A private key to be tried."),
	SHAPE("Connection", connection, "Whether accounts can be connected by OAuth."),
	SHAPE("ConnectionNew", connection_new, "An account to be connected by OAuth."),
	SHAPE("ConnectionStart", connection_start, "Where the browser has to go."),
	SHAPE("ConnectionBack", connection_back, "What the browser came back with."),
	SHAPE("ConnectionDone", connection_done, "The account that is connected."),
	SHAPE("ScopeCheck", scope_check, "One scope of a key."),
	SHAPE("MetricSpelling", metric_spelling, "A metric and how the account spells it."),
	SHAPE("AccountCheck", account_check, "What Klaviyo says of a key."),
	SHAPE("Feed", feed, "Addresses of a store's catalog feed."),
	SHAPE("Guide", guide, "What to enter in the shop."),
	SHAPE("Store", store, "A store."),
	SHAPE("StorePage", store_page, "Stores by name."),
	SHAPE("StoreNew", store_new, "A store to be added."),
	SHAPE("StoreAdded", store_added, "The store that was added."),
	SHAPE("SecretNew", secret_new, "Another secret."),
	SHAPE("OrderStatus", order_status, "A status that shops of a kind give to orders."),
	SHAPE("Platform", platform, "A kind of shop."),
	SHAPE("PlatformPage", platform_page, "All kinds of shops."),
	SHAPE("Setting", setting, "A row of the table of settings."),
	SHAPE("SettingPage", setting_page, "The table of settings."),
	SHAPE("SettingValue", setting_value, "A setting and where it comes from."),
	SHAPE("Settings", settings,
	      "All settings of an account or a store, or the defaults of the installation."),
	SHAPE("SettingsChange", settings_change, "What is to change."),
	SHAPE("ChangeLine", change_line, "One setting that changes."),
	SHAPE("SettingsPreview", settings_preview, "What a change would do."),
	SHAPE("ConfigLine", config_line, "One value that was changed."),
	SHAPE("ConfigChange", config_change, "A change of settings."),
	SHAPE("ConfigChangePage", config_change_page, "Changes, newest first."),
	SHAPE("Entity", entity, "A thing of the shop."),
	SHAPE("Activity", activity, "One thing that happened."),
	SHAPE("ActivityPage", activity_page, "What happened."),
	SHAPE("Code", code_row, "A kind of activity."),
	SHAPE("CodePage", code_page, "All kinds of activity."),
	SHAPE("Failed", failed, "What a person has to look at."),
	SHAPE("FailedPage", failed_page, "What failed, oldest first."),
	SHAPE("FailedGroup", failed_group, "What failed for one cause."),
	SHAPE("FailedGroups", failed_groups, "What failed, by cause."),
	SHAPE("FailedChange", failed_change, "Which of them: ids, a group, a store, or all."),
	SHAPE("ChangedCount", changed_count, "How many were changed."),
	SHAPE("Held", held, "What is held back, and why."),
	SHAPE("HeldPage", held_page, "What is held back, oldest first."),
	SHAPE("Import", import_row, "A file of history, or what a shop is asked for."),
	SHAPE("ImportPage", import_page, "Imports by store, in the order in which they are done."),
	SHAPE("ImportReject", import_reject, "A row that could not be read."),
	SHAPE("ImportDetail", import_detail, "An import and what could not be read of it."),
	SHAPE("ImportUpload", import_upload, "What is here of a file that is sent."),
	SHAPE("ImportPart", import_part, "A file that is not whole."),
	SHAPE("ImportPartPage", import_part_page, "Files that are not whole, by name."),
	SHAPE("ImportThrottle", import_throttle, "How fast an import may be."),
	SHAPE("Schedule", schedule, "When one kind of thing is told or asked for."),
	SHAPE("SchedulePage", schedule_page, "The schedules of a store."),
	SHAPE("Offer", offer, "What a shop can be asked for, or why not."),
	SHAPE("OfferPage", offer_page, "All kinds of things that shops can be asked for."),
	SHAPE("SyncTrial", sync_trial, "What the first page of a kind says."),
	SHAPE("SyncTrialPage", sync_trial_page, "One for each kind asked for."),
	SHAPE("SyncNew", sync_new, "What to ask a shop for."),
	SHAPE("KnownFact", known_fact, "A part of what the shop said."),
	SHAPE("Sent", sent, "What Klaviyo was told of one entity."),
	SHAPE("Root", root, "What is known of a product, category, order, person or visitor."),
	SHAPE("MappedFact", mapped_fact, "A fact of a message."),
	SHAPE("Message", message, "A message of the shop."),
	SHAPE("Request", request, "A request to Klaviyo."),
	SHAPE("BatchMember", batch_member, "What left in the same request."),
	SHAPE("Answer", answer, "What came back."),
	SHAPE("Sending", sending, "One time a delivery left."),
	SHAPE("WholeRequest", whole_request, "A request with all that left in it."),
	SHAPE("Delivery", delivery, "One thing to tell Klaviyo."),
	SHAPE("Story", story, "All that is known of one thing."),
	SHAPE("CatalogRow", catalog_row, "A product or category."),
	SHAPE("CatalogPage", catalog_page, "Products or categories, by id."),
	SHAPE("Match", match, "Something that was found."),
	SHAPE("MatchPage", match_page, "What was found."),
	SHAPE("PersonAsk", person_ask, "Whom it is about. In a body, so that no address stands in a URL."),
	SHAPE("Person", person, "What a store keeps of a person."),
	SHAPE("PersonPage", person_page, "What the stores keep of a person."),
	SHAPE("ErasedStore", erased_store, "A store that was asked to erase."),
	SHAPE("ErasedPage", erased_page, "Stores that were asked to erase."),
	SHAPE("PersonExport", person_export, "All that is kept of a person."),
	SHAPE("User", user, "Who may sign in."),
	SHAPE("UserPage", user_page, "Users by name."),
	SHAPE("UserNew", user_new, "Somebody to be invited."),
	SHAPE("UserEdit", user_edit, "What is to change."),
	SHAPE("Invitation", invitation, "An invitation."),
	SHAPE("InvitationAccept", invitation_accept, "An invitation and the password chosen."),
	SHAPE("PasswordChange", password_change, "The old password and a new one."),
	SHAPE("PasswordOnly", password_only, "The password, once more."),
	SHAPE("TotpSecret", totp_secret, "A second factor to be set up."),
	SHAPE("TotpConfirm", totp_confirm, "The proof that it works."),
	SHAPE("Login", login, "A session."),
	SHAPE("LoginPage", login_page, "Sessions, newest first."),
	SHAPE("Token", token, "A token for scripts."),
	SHAPE("TokenPage", token_page, "Tokens, newest first."),
	SHAPE("TokenNew", token_new, "A token to be made."),
	SHAPE("TokenAdded", token_added, "The token that was made."),
	SHAPE("ReconcileNew", reconcile_new, "A comparison with Klaviyo to be made."),
	SHAPE("ReconcileCount", reconcile_count_of, "How many of a kind agree, and how many do not."),
	SHAPE("ReconcileExample", reconcile_example, "A thing that differs."),
	SHAPE("Reconcile", reconcile, "A comparison of a store with Klaviyo."),
	SHAPE("ReplayNew", replay_new, "What is to go through once more."),
	SHAPE("ReplayCount", replay_count_of, "How many of a kind."),
	SHAPE("ReplayPreview", replay_preview_of, "What a replay would do."),
	SHAPE("Replay", replay_of, "A replay of a store."),
	SHAPE("PreviewAsk", preview_ask, "A message to be tried."),
	SHAPE("MessageNew", message_new, "A message in place of the shop."),
	SHAPE("Taken", taken, "A message that was taken in."),
	SHAPE("TakenPage", taken_page, "One for each message."),
	SHAPE("Preview", preview, "What a message would do."),
	SHAPE("PreviewPage", preview_page, "One for each message."),
};

const struct shape *shape_all(size_t *n)
{
	*n = ARRAY_LEN(shapes);
	return shapes;
}
