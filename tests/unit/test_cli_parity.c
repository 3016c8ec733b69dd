/*
 * The command line and the API can do the same: every route names its command, every command its routes, or
 * says why there is none.
 */
#include "admin/admin_internal.h"
#include "cli/commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* command, or "-" and why not; the routes that do the same */
static const struct {
	const char *command;
	const char *routes;
} rows[] = {
	{ "account add", "accountPost keyCheck" },
	{ "account set", "accountKeyPut accountSettingsPatch" },
	{ "account list", "accountList accountGet accountSettingsGet" },
	{ "account check", "accountCheck" },
	{ "account remove", "accountDelete" },
	{ "store add", "storePost platformList" },
	{ "store set", "storeSettingsPatch storeSecretPost storeSecretDelete storeFeedAddress" },
	{ "store list", "storeList" },
	{ "store show", "storeGet storeSettingsGet storeSchedules" },
	{ "store remove", "storeDelete" },
	{ "defaults show", "defaultsGet" },
	{ "defaults set", "defaultsPatch" },
	{ "settings history", "settingsHistory" },
	{ "settings undo", "settingsUndo" },
	{ "status", "overviewGet heldList" },
	{ "audit", "activityList activityExport codeList eventsGet" },
	{ "catalog", "catalogList" },
	{ "trace", "storyGet storyRequest searchGet" },
	{ "failed list", "failedList" },
	{ "failed groups", "failedGroups" },
	{ "failed retry", "failedRetry" },
	{ "failed discard", "failedDiscard" },
	{ "reconcile", "reconcilePost" },
	{ "replay", "replayPost replayPreview" },
	{ "replay show", "replayGet" },
	{ "replay pause", "replayPause" },
	{ "replay resume", "replayResume" },
	{ "replay cancel", "replayCancel" },
	{ "reconcile show", "reconcileGet" },
	{ "reconcile cancel", "reconcileCancel" },
	{ "erase", "personErase" },
	{ "export", "personExport personFind" },
	{ "send", "messagePost" },
	{ "preview", "previewPost" },
	{ "user add", "setupPost userPost userInvite" },
	{ "user list", "userList" },
	{ "user set", "userPatch" },
	{ "user password", "passwordPost invitationAccept totpRemove" },
	{ "user remove", "userDelete" },
	{ "token add", "tokenPost" },
	{ "token list", "tokenList" },
	{ "token remove", "tokenDelete" },
	{ "session list", "loginList" },
	{ "session remove", "loginDelete" },
	{ "help", "settingList" },
	{ "doctor", "overviewGet accountCheck" },
	{ "- signing in is what browsers do", "sessionGet sessionPost sessionDelete totpPost totpPut" },
	{ "- takes a browser to Klaviyo and back", "connectionGet connectionStart connectionFinish" },
	{ "- describes the API itself", "openapiGet" },
	{ "- sampled in the daemon's memory", "seriesGet" },
	{ "- changes nothing: the command says what it changed",
	  "accountSettingsPreview storeSettingsPreview defaultsPreview" },
	/* Of the machine the daemon runs on, or of no daemon at all. */
	{ "serve", "" },
	/* The file lies where the command runs. */
	{ "import", "storeImport storeImportParts" },
	{ "import list", "importList" },
	{ "import show", "importGet" },
	{ "import pause", "importPause" },
	{ "import resume", "importResume" },
	{ "import cancel", "importCancel" },
	{ "import throttle", "importThrottle" },
	{ "sync", "storeSync storeSyncGet storeSyncPreview" },
	{ "check", "" },
	{ "demo", "" },
	{ "wait", "" },
	{ "version", "" },
};

static bool names(const char *routes, const char *id)
{
	struct str rest = str_from(routes), one;

	while (str_split(&rest, ' ', &one))
		if (str_eq(one, str_from(id)))
			return true;
	return false;
}

static void every_route_has_its_command(void **state)
{
	size_t n;
	const struct admin_route *route = route_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		bool found = false;

		for (size_t k = 0; k < ARRAY_LEN(rows); k++)
			found = found || names(rows[k].routes, route[i].id);
		if (!found)
			fail_msg("route %s: no command does the same", route[i].id);
	}
}

static void every_command_has_its_routes(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_commands; i++) {
		bool found = false;

		for (size_t k = 0; k < ARRAY_LEN(rows); k++)
			found = found || strcmp(rows[k].command, commands[i].name) == 0;
		if (!found)
			fail_msg("command %s: no route does the same", commands[i].name);
	}
}

static void all_that_is_named_is_there(void **state)
{
	size_t n;
	const struct admin_route *route = route_all(&n);

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		struct str rest = str_from(rows[k].routes), one;
		const char *word = rows[k].command;
		bool command = word[0] == '-';

		for (size_t i = 0; i < n_commands; i++)
			command = command || strcmp(word, commands[i].name) == 0;
		if (!command)
			fail_msg("no command %s", word);
		while (str_split(&rest, ' ', &one)) {
			bool found = false;

			for (size_t i = 0; i < n; i++)
				found = found || str_eq(one, str_from(route[i].id));
			if (!found)
				fail_msg("no route %.*s", STR_ARG(one));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_route_has_its_command),
		cmocka_unit_test(every_command_has_its_routes),
		cmocka_unit_test(all_that_is_named_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
