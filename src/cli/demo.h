#ifndef PANNIER_CLI_DEMO_H
#define PANNIER_CLI_DEMO_H

#include "cli/command.h"
#include "cli/demo_process.h"
#include "cli/demo_site.h"
#include "net/http_client.h"

/* Shared by cmd_demo.c, demo_play.c and demo_show.c only. */

#define DEMO_ACCOUNT "demo"
#define DEMO_STORE_ENAD "demo-enad"
#define DEMO_STORE_GENERIC "demo-generic"
#define DEMO_SECRET_BYTES 24

struct demo {
	struct cli *cli;
	struct http_client *client;
	struct demo_process sandbox;
	struct demo_process daemon;
	struct demo_site *site;
	struct str key;                              /* made up, of this run */
	struct str enad_secret;
	struct str signing_secret;                   /* "whsec_..." */
	size_t n_wrong;                              /* answers and contents that are not as they should be */
};

/* Did somebody press Ctrl-C? (The demo blocks the signal and looks at it where it can stop.) */
bool demo_interrupted(void);

/* Sends the messages of one phase over HTTP and prints each with its answer. ERR_UNREACHABLE: the daemon does not answer. */
bool demo_play(struct demo *demo, int phase, struct err *err) MUST_CHECK;
/* Reads what the sandbox holds, prints it, and compares it with what it should hold. */
bool demo_show(struct demo *demo, struct err *err) MUST_CHECK;
/* The same of events and profiles; account: of the sandbox's state. */
void demo_show_people(struct demo *demo, const struct json *account);

#endif
