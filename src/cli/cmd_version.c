/*
 * version.
 */
#include "app/serve.h"
#include "cli/commands.h"
#include "klaviyo/endpoint.h"

bool cmd_version(struct cli *cli, struct err *err)
{
	struct json *json;

	(void)err;
	if (!cli->command || !cli_flag(cli, "json")) {
		(void)fprintf(cli->out, "pannier %s (Klaviyo API revision %s)\n", PANNIER_VERSION,
			      KLAVIYO_REVISION);
		return true;
	}
	json = json_new_object();
	json_put(json, "version", STR(PANNIER_VERSION));
	json_put(json, "revision", STR(KLAVIYO_REVISION));
	json_put(json, "revision_retires", STR(KLAVIYO_REVISION_RETIRES));
	cli_print_json(cli, json);
	return true;
}
