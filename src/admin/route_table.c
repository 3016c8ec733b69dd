/*
 * The routes of the API, one row each: what routes, authorises and describes a request.
 */
#include "admin/admin_internal.h"

#define AUDIT_CODE_CHOICE(code, name, text) "|" name
#define AUDIT_CODE_CHOICES		    AUDIT_CODES(AUDIT_CODE_CHOICE)

#define P(name_, type_, of_, help_) \
	{ \
		.name = (name_), .type = SHAPE_##type_, .of = (of_), .flags = SHAPE_OPTIONAL, \
		.help = (help_) \
	}
#define P_STORE	 P("store", TEXT, NULL, "only of this store")
#define P_CURSOR P("cursor", TEXT, NULL, "`next` of the page before")
#define P_LIMIT	 P("limit", INT, NULL, "1 to 1000; left out: 100")

static const struct shape_field store_param[] = { P_STORE };
static const struct shape_field limit_param[] = { P_LIMIT };
static const struct shape_field page_params[] = { P_STORE, P_CURSOR, P_LIMIT };
static const struct shape_field history_params[] = {
	P_STORE,
	P("account", TEXT, NULL, "only of this account itself"),
	P("scope", ENUM, "defaults", "only of the defaults of the installation"),
	P_CURSOR,
	P_LIMIT,
};
static const struct shape_field activity_params[] = {
	P_STORE,
	P("account", TEXT, NULL, "only of this account"),
	P("code", ENUM, AUDIT_CODE_CHOICES, "only this kind"),
	P("message", TEXT, NULL, "id"),
	P("delivery", TEXT, NULL, "id"),
	P("kind", ENUM, "product|category|order|person|visitor", "with id: only of this thing"),
	P("id", TEXT, NULL, "with kind"),
	P("since", TIME, NULL, NULL),
	P("until", TIME, NULL, NULL),
	P_CURSOR,
	P_LIMIT,
};
static const struct shape_field story_params[] = {
	{ .name = "about",
	  .type = SHAPE_TEXT,
	  .help = "id of a message or delivery, or an id, SKU or Klaviyo id" },
	P_STORE,
};
static const struct shape_field request_params[] = {
	{ .name = "delivery", .type = SHAPE_TEXT, .help = "id" },
};
static const struct shape_field catalog_params[] = {
	{ .name = "store", .type = SHAPE_TEXT, .help = "whose" },
	P("kind", ENUM, "product|category", "left out: product"),
	P("prefix", TEXT, NULL, "only ids that begin so"),
	P("search", TEXT, NULL,
	  "instead of prefix: this stands in a title or SKU, of a variant too, in any language, or in the "
	  "id"),
	P_CURSOR,
	P_LIMIT,
};
static const struct shape_field search_params[] = {
	{ .name = "q", .type = SHAPE_TEXT, .help = "an id, SKU, Klaviyo id, or e-mail address" },
	P_STORE,
};

static const struct shape_field series_params[] = {
	P_STORE,
	P("account", TEXT, NULL, "only of this account and its stores"),
	P("step_min", INT, NULL, "minutes of a step, 1 to 60; left out: 1"),
};
static const struct shape_field export_params[] = {
	{ .name = "format", .type = SHAPE_ENUM, .of = "csv|ndjson" },
	P_STORE,
	P("account", TEXT, NULL, "only of this account"),
	P("code", ENUM, AUDIT_CODE_CHOICES, "only this kind"),
	P("message", TEXT, NULL, "id"),
	P("delivery", TEXT, NULL, "id"),
	P("kind", ENUM, "product|category|order|person|visitor", "with id: only of this thing"),
	P("id", TEXT, NULL, "with kind"),
	P("since", TIME, NULL, NULL),
	P("until", TIME, NULL, NULL),
	P_CURSOR,
};

static const struct shape_field upload_params[] = {
	{ .name = "name",
	  .type = SHAPE_TEXT,
	  .help = "of the file; the same one goes on under the same name" },
	P("kind", ENUM, "customers|subscribers|categories|products|orders|messages",
	  "left out: as the file shows"),
	P("map", TEXT, NULL, "\"Their column=our column, ...\""),
	P("currency", TEXT, NULL, "of rows that name none"),
	P("zone", TEXT, NULL, "+01:00: of times that name none"),
	P("dates", ENUM, "dmy|mdy", "how to read 5/1/2023"),
	P("consented_at", TIME, NULL, "when those agreed of whom the file does not say it"),
	P("per_minute", INT, NULL, "messages at most; left out: as many as Klaviyo takes"),
};

#define PARAMS(rows) .param = (rows), .n_param = ARRAY_LEN(rows)
#define GET(path_, id_, tag_, scope_, response_, run_, summary_) \
	.method = "GET", .path = (path_), .id = (id_), .tag = (tag_), .scope = (scope_), \
	.response = (response_), .run = (run_), .summary = (summary_), .status = 200
#define POST(path_, id_, tag_, scope_, request_, response_, status_, run_, summary_) \
	.method = "POST", .path = (path_), .id = (id_), .tag = (tag_), .scope = (scope_), \
	.request = (request_), .response = (response_), .status = (status_), .run = (run_), \
	.summary = (summary_)
#define PATCH(path_, id_, tag_, scope_, request_, response_, run_, summary_) \
	.method = "PATCH", .path = (path_), .id = (id_), .tag = (tag_), .scope = (scope_), \
	.request = (request_), .response = (response_), .status = 200, .run = (run_), .summary = (summary_)
#define PUT(path_, id_, tag_, scope_, request_, response_, status_, run_, summary_) \
	.method = "PUT", .path = (path_), .id = (id_), .tag = (tag_), .scope = (scope_), \
	.request = (request_), .response = (response_), .status = (status_), .run = (run_), \
	.summary = (summary_)
#define DELETE(path_, id_, tag_, scope_, run_, summary_) \
	.method = "DELETE", .path = (path_), .id = (id_), .tag = (tag_), .scope = (scope_), .run = (run_), \
	.summary = (summary_), .status = 204

static const struct admin_route routes[] = {
	{ GET("/openapi.json", "openapiGet", "meta", SCOPE_SELF, NULL, get_openapi, "This document."),
	  .flags = ROUTE_PUBLIC | ROUTE_FILE },

	{ GET("/session", "sessionGet", "session", SCOPE_SELF, "Session", get_session, "Who is signed in."),
	  .flags = ROUTE_PUBLIC },
	{ POST("/session", "sessionPost", "session", SCOPE_SELF, "SignIn", "Session", 200, post_session,
	       "Sign in."),
	  .flags = ROUTE_PUBLIC | ROUTE_SLOW },
	{ DELETE("/session", "sessionDelete", "session", SCOPE_SELF, delete_session, "Sign out."),
	  .flags = ROUTE_SESSION },
	{ POST("/setup", "setupPost", "session", SCOPE_SELF, "Setup", "Session", 201, post_setup,
	       "Make the first owner, and sign in."),
	  .flags = ROUTE_PUBLIC | ROUTE_SLOW },

	{ GET("/overview", "overviewGet", "overview", SCOPE_OVERVIEW_READ, "Overview", get_overview,
	      "How everything is doing.") },

	{ GET("/overview/series", "seriesGet", "overview", SCOPE_OVERVIEW_READ, "Series", get_series,
	      "Counts per minute of the last 24 h, since the daemon started."),
	  PARAMS(series_params) },
	{ GET("/events", "eventsGet", "overview", SCOPE_OVERVIEW_READ, NULL, get_events,
	      "Server-sent events: overview, activity or settings changed; read them again."),
	  .flags = ROUTE_STREAM },

	{ GET("/accounts", "accountList", "settings", SCOPE_SETTINGS_READ, "AccountPage", get_accounts,
	      "All accounts.") },
	{ GET("/accounts/{account}", "accountGet", "settings", SCOPE_SETTINGS_READ, "Account", get_account,
	      "One account.") },
	{ GET("/accounts/{account}/settings", "accountSettingsGet", "settings", SCOPE_SETTINGS_READ,
	      "Settings", get_account_settings, "Settings of an account, and where each comes from.") },
	{ POST("/accounts", "accountPost", "settings", SCOPE_ACCOUNTS_WRITE, "AccountNew", "Account", 201,
	       post_account, "Connect a Klaviyo account."),
	  .flags = ROUTE_UNLIMITED | ROUTE_SLOW },
	{ DELETE("/accounts/{account}", "accountDelete", "settings", SCOPE_ACCOUNTS_WRITE, delete_account,
		 "Disconnect an account that no store uses."),
	  .flags = ROUTE_UNLIMITED | ROUTE_SLOW },
	{ PUT("/accounts/{account}/key", "accountKeyPut", "settings", SCOPE_ACCOUNTS_WRITE, "KeyNew",
	      "Account", 200, put_account_key, "Give an account another key."),
	  .flags = ROUTE_UNLIMITED | ROUTE_SLOW },
	{ POST("/accounts/{account}/check", "accountCheck", "settings", SCOPE_SETTINGS_WRITE, NULL,
	       "AccountCheck", 200, post_account_check, "Ask Klaviyo what the key of an account may."),
	  .flags = ROUTE_SLOW },
	{ GET("/connection", "connectionGet", "settings", SCOPE_ACCOUNTS_WRITE, "Connection", get_connection,
	      "Can accounts be connected by OAuth?"),
	  .flags = ROUTE_UNLIMITED | ROUTE_SLOW | ROUTE_SESSION },
	{ POST("/connection/start", "connectionStart", "settings", SCOPE_ACCOUNTS_WRITE, "ConnectionNew",
	       "ConnectionStart", 200, post_connection_start,
	       "Begin to connect an account by OAuth: where the browser has to go."),
	  .flags = ROUTE_UNLIMITED | ROUTE_SLOW | ROUTE_SESSION },
	{ POST("/connection/finish", "connectionFinish", "settings", SCOPE_ACCOUNTS_WRITE, "ConnectionBack",
	       "ConnectionDone", 200, post_connection_finish,
	       "Connect the account, with what the browser came back with."),
	  .flags = ROUTE_UNLIMITED | ROUTE_SLOW | ROUTE_SESSION },
	{ POST("/key-check", "keyCheck", "settings", SCOPE_ACCOUNTS_WRITE, "KeyCheck", "AccountCheck", 200,
	       post_key_check, "Ask Klaviyo what a key may, before it is kept."),
	  .flags = ROUTE_UNLIMITED | ROUTE_SLOW },
	{ PATCH("/accounts/{account}/settings", "accountSettingsPatch", "settings", SCOPE_SETTINGS_WRITE,
		"SettingsChange", "Settings", patch_account_settings, "Change settings of an account."),
	  .flags = ROUTE_UNLIMITED | ROUTE_SLOW | ROUTE_IF_MATCH },
	{ POST("/accounts/{account}/settings/preview", "accountSettingsPreview", "settings",
	       SCOPE_SETTINGS_READ, "SettingsChange", "SettingsPreview", 200, post_account_settings_preview,
	       "What a change of settings would do.") },
	{ POST("/stores", "storePost", "settings", SCOPE_ACCOUNTS_WRITE, "StoreNew", "StoreAdded", 201,
	       post_store, "Add a store."),
	  .flags = ROUTE_UNLIMITED | ROUTE_SLOW },
	{ DELETE("/stores/{store}", "storeDelete", "settings", SCOPE_ACCOUNTS_WRITE, delete_store,
		 "Remove a store: what waits of it is dropped, its catalog forgotten."),
	  .flags = ROUTE_UNLIMITED | ROUTE_SLOW },
	{ POST("/stores/{store}/secret", "storeSecretPost", "settings", SCOPE_SETTINGS_WRITE, "SecretNew",
	       "StoreAdded", 200, post_store_secret, "Give a store another secret."),
	  .flags = ROUTE_SLOW },
	{ DELETE("/stores/{store}/secret/old", "storeSecretDelete", "settings", SCOPE_SETTINGS_WRITE,
		 delete_old_secret, "Only the newest secret stays valid."),
	  .flags = ROUTE_SLOW },
	{ POST("/stores/{store}/feed/address", "storeFeedAddress", "settings", SCOPE_SETTINGS_WRITE, NULL,
	       "Store", 200, post_feed_address,
	       "Give a store's catalog feed another address; the old one is gone at once."),
	  .flags = ROUTE_SLOW },
	{ PATCH("/stores/{store}/settings", "storeSettingsPatch", "settings", SCOPE_SETTINGS_WRITE,
		"SettingsChange", "Settings", patch_store_settings, "Change settings of a store."),
	  .flags = ROUTE_SLOW | ROUTE_IF_MATCH },
	{ POST("/stores/{store}/settings/preview", "storeSettingsPreview", "settings", SCOPE_SETTINGS_READ,
	       "SettingsChange", "SettingsPreview", 200, post_store_settings_preview,
	       "What a change of settings would do.") },
	{ GET("/defaults", "defaultsGet", "settings", SCOPE_SETTINGS_READ, "Settings", get_defaults,
	      "Defaults of the installation, for all that have no value of their own.") },
	{ PATCH("/defaults", "defaultsPatch", "settings", SCOPE_ACCOUNTS_WRITE, "SettingsChange", "Settings",
		patch_defaults, "Change the defaults of the installation."),
	  .flags = ROUTE_UNLIMITED | ROUTE_SLOW | ROUTE_IF_MATCH },
	{ POST("/defaults/preview", "defaultsPreview", "settings", SCOPE_SETTINGS_READ, "SettingsChange",
	       "SettingsPreview", 200, post_defaults_preview, "What a change of the defaults would do.") },
	{ GET("/settings/history", "settingsHistory", "settings", SCOPE_SETTINGS_READ, "ConfigChangePage",
	      get_settings_history, "Who changed what, newest first, and what can be taken back."),
	  PARAMS(history_params) },
	{ POST("/settings/history/{number}/undo", "settingsUndo", "settings", SCOPE_SETTINGS_WRITE, NULL,
	       "ConfigChange", 200, post_settings_undo,
	       "Take a change back, as a change; 409 if one of its values was changed again since."),
	  .flags = ROUTE_SLOW },
	{ POST("/preview", "previewPost", "settings", SCOPE_PEOPLE_READ, "PreviewAsk", "PreviewPage", 200,
	       post_preview, "The exact requests a message would cause; nothing is sent."),
	  .flags = ROUTE_SLOW },
	{ POST("/stores/{store}/messages", "messagePost", "imports", SCOPE_IMPORTS_WRITE, "MessageNew",
	       "TakenPage", 202, post_message,
	       "Hand in a message in place of the shop; it is told to Klaviyo as any other."),
	  .flags = ROUTE_SLOW },
	{ GET("/stores", "storeList", "settings", SCOPE_SETTINGS_READ, "StorePage", get_stores,
	      "All stores.") },
	{ GET("/stores/{store}", "storeGet", "settings", SCOPE_SETTINGS_READ, "Store", get_store,
	      "One store, with what to enter in the shop.") },
	{ GET("/stores/{store}/settings", "storeSettingsGet", "settings", SCOPE_SETTINGS_READ, "Settings",
	      get_store_settings, "Settings of a store, and where each comes from.") },
	{ GET("/platforms", "platformList", "settings", SCOPE_SETTINGS_READ, "PlatformPage", get_platforms,
	      "Kinds of shops.") },
	{ GET("/settings", "settingList", "settings", SCOPE_SETTINGS_READ, "SettingPage", get_settings_table,
	      "The table of settings: defaults, what is allowed, help.") },

	{ GET("/activity", "activityList", "activity", SCOPE_ACTIVITY_READ, "ActivityPage", get_activity,
	      "What happened, newest first."),
	  PARAMS(activity_params) },
	{ GET("/activity/export", "activityExport", "activity", SCOPE_ACTIVITY_READ, NULL,
	      get_activity_export,
	      "The same as a file, at most 20,000 rows; X-Next-Cursor says where to go on."),
	  .flags = ROUTE_SLOW | ROUTE_FILE, PARAMS(export_params) },
	{ GET("/activity/codes", "codeList", "activity", SCOPE_ACTIVITY_READ, "CodePage", get_codes,
	      "Kinds of activity.") },
	{ GET("/story", "storyGet", "activity", SCOPE_ACTIVITY_READ, "Story", get_story,
	      "All that is known of one message, delivery, product, category, order or visitor."),
	  PARAMS(story_params) },
	{ GET("/story/request", "storyRequest", "activity", SCOPE_PEOPLE_READ, "WholeRequest",
	      get_story_request, "The request that a delivery left in last, or would leave in, whole."),
	  PARAMS(request_params) },
	{ GET("/catalog", "catalogList", "activity", SCOPE_ACTIVITY_READ, "CatalogPage", get_catalog,
	      "Products or categories of a store, by id."),
	  PARAMS(catalog_params) },
	{ GET("/search", "searchGet", "activity", SCOPE_ACTIVITY_READ, "MatchPage", get_search,
	      "Things whose id, SKU, Klaviyo id or address is exactly this."),
	  PARAMS(search_params) },

	{ GET("/failed", "failedList", "failed", SCOPE_ACTIVITY_READ, "FailedPage", get_failed,
	      "What a person has to look at, oldest first."),
	  PARAMS(page_params) },
	{ GET("/failed/groups", "failedGroups", "failed", SCOPE_ACTIVITY_READ, "FailedGroups",
	      get_failed_groups, "The same by cause, with what to do."),
	  PARAMS(store_param) },
	{ GET("/held", "heldList", "failed", SCOPE_ACTIVITY_READ, "HeldPage", get_held,
	      "What is held back as incomplete, oldest first."),
	  PARAMS(page_params) },

	{ POST("/failed/retry", "failedRetry", "failed", SCOPE_FAILED_WRITE, "FailedChange", "ChangedCount",
	       200, post_failed_retry, "Try again: ids, a group, a store, or all."),
	  .flags = ROUTE_SLOW },
	{ POST("/failed/discard", "failedDiscard", "failed", SCOPE_FAILED_WRITE, "FailedChange",
	       "ChangedCount", 200, post_failed_discard,
	       "Give up: ids, a group, a store, or all; with a reason."),
	  .flags = ROUTE_SLOW },

	{ GET("/imports", "importList", "imports", SCOPE_ACTIVITY_READ, "ImportPage", get_imports,
	      "Files of history, and what is asked of shops: how far they are."),
	  PARAMS(store_param) },
	{ GET("/imports/{import}", "importGet", "imports", SCOPE_PEOPLE_READ, "ImportDetail", get_import,
	      "One import, and the rows that could not be read.") },
	{ POST("/imports/{import}/pause", "importPause", "imports", SCOPE_IMPORTS_WRITE, NULL, "Import", 200,
	       post_import_pause, "Let an import rest."),
	  .flags = ROUTE_SLOW },
	{ POST("/imports/{import}/resume", "importResume", "imports", SCOPE_IMPORTS_WRITE, NULL, "Import",
	       200, post_import_resume, "Let an import go on that was paused or has failed."),
	  .flags = ROUTE_SLOW },
	{ POST("/imports/{import}/cancel", "importCancel", "imports", SCOPE_IMPORTS_WRITE, NULL, "Import",
	       200, post_import_cancel, "Give up an import; what was read of it stays."),
	  .flags = ROUTE_SLOW },
	{ POST("/imports/{import}/throttle", "importThrottle", "imports", SCOPE_IMPORTS_WRITE,
	       "ImportThrottle", "Import", 200, post_import_throttle, "Say how fast an import may be."),
	  .flags = ROUTE_SLOW },
	{ GET("/stores/{store}/schedules", "storeSchedules", "imports", SCOPE_SETTINGS_READ, "SchedulePage",
	      get_store_schedules, "When what is told, and when the shop is asked; last and next run.") },
	{ GET("/stores/{store}/sync", "storeSyncGet", "imports", SCOPE_SETTINGS_READ, "OfferPage",
	      get_store_sync, "What the shop can be asked for.") },
	{ POST("/stores/{store}/sync/preview", "storeSyncPreview", "imports", SCOPE_IMPORTS_WRITE, "SyncNew",
	       "SyncTrialPage", 200, post_store_sync_preview,
	       "Ask the shop for the first page of each kind, and say what all would take; nothing is kept."),
	  .flags = ROUTE_SLOW },
	{ POST("/stores/{store}/sync", "storeSync", "imports", SCOPE_IMPORTS_WRITE, "SyncNew", "ImportPage",
	       202, post_store_sync, "Ask the shop for what it holds, one import a kind."),
	  .flags = ROUTE_SLOW },

	{ GET("/stores/{store}/reconcile", "reconcileGet", "agreement", SCOPE_ACTIVITY_READ, "Reconcile",
	      get_reconcile, "The last comparison of a store with Klaviyo: how far it is, what came of it."),
	  PARAMS(limit_param) },
	{ POST("/stores/{store}/reconcile", "reconcilePost", "agreement", SCOPE_AGREEMENT_WRITE,
	       "ReconcileNew", "Reconcile", 202, post_reconcile,
	       "Compare a store with Klaviyo, and mend what differs; the same again goes on with it."),
	  .flags = ROUTE_SLOW },
	{ POST("/stores/{store}/reconcile/cancel", "reconcileCancel", "agreement", SCOPE_AGREEMENT_WRITE,
	       NULL, "Reconcile", 200, post_reconcile_cancel, "Give up the comparison."),
	  .flags = ROUTE_SLOW },
	{ POST("/stores/{store}/import", "storeImport", "imports", SCOPE_IMPORTS_WRITE, NULL, "ImportUpload",
	       200, post_store_import, "Send a file of history, or go on sending it (Content-Range)."),
	  .flags = ROUTE_UPLOAD | ROUTE_SHORT, PARAMS(upload_params) },
	{ GET("/stores/{store}/import", "storeImportParts", "imports", SCOPE_IMPORTS_WRITE, "ImportPartPage",
	      get_store_uploads, "Files that broke off on their way here, and where they go on."),
	  .flags = ROUTE_SHORT },
	{ GET("/stores/{store}/replay", "replayGet", "agreement", SCOPE_ACTIVITY_READ, "Replay", get_replay,
	      "The last replay of a store: how far it is.") },
	{ POST("/stores/{store}/replay/preview", "replayPreview", "agreement", SCOPE_AGREEMENT_WRITE,
	       "ReplayNew", "ReplayPreview", 200, post_replay_preview,
	       "What a replay would do, and how many requests it takes."),
	  .flags = ROUTE_SLOW },
	{ POST("/stores/{store}/replay", "replayPost", "agreement", SCOPE_AGREEMENT_WRITE, "ReplayNew",
	       "Replay", 202, post_replay, "Map messages again, or send deliveries again."),
	  .flags = ROUTE_SLOW },
	{ POST("/stores/{store}/replay/pause", "replayPause", "agreement", SCOPE_AGREEMENT_WRITE, NULL,
	       "Replay", 200, post_replay_pause, "Let a replay rest."),
	  .flags = ROUTE_SLOW },
	{ POST("/stores/{store}/replay/resume", "replayResume", "agreement", SCOPE_AGREEMENT_WRITE, NULL,
	       "Replay", 200, post_replay_resume, "Let a replay go on."),
	  .flags = ROUTE_SLOW },
	{ POST("/stores/{store}/replay/cancel", "replayCancel", "agreement", SCOPE_AGREEMENT_WRITE, NULL,
	       "Replay", 200, post_replay_cancel, "Give up a replay."),
	  .flags = ROUTE_SLOW },

	{ POST("/people/erase", "personErase", "people", SCOPE_PEOPLE_ERASE, "PersonAsk", "ErasedPage", 202,
	       post_person_erase, "Have a person deleted, at Klaviyo and here."),
	  .flags = ROUTE_SLOW },
	{ POST("/people/find", "personFind", "people", SCOPE_PEOPLE_READ, "PersonAsk", "PersonPage", 200,
	       post_person_find, "What is kept of a person."),
	  .flags = ROUTE_SLOW },
	{ POST("/people/export", "personExport", "people", SCOPE_PEOPLE_READ, "PersonAsk", "PersonExport",
	       200, post_person_export, "All of it, with bodies."),
	  .flags = ROUTE_SLOW },

	{ GET("/users", "userList", "users", SCOPE_USERS_READ, "UserPage", get_users, "All users."),
	  .flags = ROUTE_UNLIMITED },
	{ POST("/users", "userPost", "users", SCOPE_USERS_WRITE, "UserNew", "Invitation", 201, post_user,
	       "Invite somebody."),
	  .flags = ROUTE_UNLIMITED | ROUTE_SLOW },
	{ PATCH("/users/{user}", "userPatch", "users", SCOPE_USERS_WRITE, "UserEdit", "User", patch_user,
		"Change name, role or stores of a user."),
	  .flags = ROUTE_UNLIMITED | ROUTE_SLOW | ROUTE_IF_MATCH },
	{ DELETE("/users/{user}", "userDelete", "users", SCOPE_USERS_WRITE, delete_user, "Remove a user."),
	  .flags = ROUTE_UNLIMITED | ROUTE_SLOW },
	{ POST("/users/{user}/invitation", "userInvite", "users", SCOPE_USERS_WRITE, NULL, "Invitation", 200,
	       post_user_invitation, "Invite again; the invitation before ends."),
	  .flags = ROUTE_UNLIMITED | ROUTE_SLOW },
	{ POST("/invitations/accept", "invitationAccept", "users", SCOPE_SELF, "InvitationAccept", NULL, 204,
	       post_invitation_accept, "Choose a password; then sign in."),
	  .flags = ROUTE_PUBLIC | ROUTE_SLOW },
	{ POST("/me/password", "passwordPost", "users", SCOPE_SELF, "PasswordChange", NULL, 204,
	       post_password, "Change the own password; all own sessions and tokens end."),
	  .flags = ROUTE_SESSION | ROUTE_SLOW },
	{ POST("/me/totp", "totpPost", "users", SCOPE_SELF, NULL, "TotpSecret", 200, post_totp,
	       "A secret for a second factor, to be confirmed."),
	  .flags = ROUTE_SESSION },
	{ PUT("/me/totp", "totpPut", "users", SCOPE_SELF, "TotpConfirm", NULL, 204, put_totp,
	      "Set up the second factor."),
	  .flags = ROUTE_SESSION | ROUTE_SLOW },
	{ POST("/me/totp/remove", "totpRemove", "users", SCOPE_SELF, "PasswordOnly", NULL, 204,
	       post_totp_remove, "Do without the second factor."),
	  .flags = ROUTE_SESSION | ROUTE_SLOW },
	{ DELETE("/sessions/{session}", "loginDelete", "users", SCOPE_SELF, delete_login, "End a session."),
	  .flags = ROUTE_SESSION },
	{ POST("/tokens", "tokenPost", "users", SCOPE_SELF, "TokenNew", "TokenAdded", 201, post_token,
	       "Make a token for scripts."),
	  .flags = ROUTE_SESSION },
	{ DELETE("/tokens/{token}", "tokenDelete", "users", SCOPE_SELF, delete_token, "End a token."),
	  .flags = ROUTE_SESSION },
	{ GET("/sessions", "loginList", "users", SCOPE_SELF, "LoginPage", get_sessions,
	      "Sessions of this user; an owner sees those of all.") },
	{ GET("/tokens", "tokenList", "users", SCOPE_SELF, "TokenPage", get_tokens,
	      "Tokens of this user; an owner sees those of all.") },
};

const struct admin_route *route_all(size_t *n)
{
	*n = ARRAY_LEN(routes);
	return routes;
}
