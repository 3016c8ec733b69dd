#ifndef PANNIER_CLI_DEMO_SITE_H
#define PANNIER_CLI_DEMO_SITE_H

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

/*
 * The demo's shop: plain pages on loopback that a person can click through, with Pannier's script in them. An order is told
 * by the shop's server, signed, as a real one would.
 */
struct demo_site_config {
	const char *listen;
	struct str daemon_url;
	struct str sandbox_url;
	struct str script_url;     /* of the store's script */
	struct str hook_url;       /* where orders are told */
	struct str secret;         /* "whsec_..." */
	struct clock *clock;
};
struct demo_site;

/* Texts of the configuration are borrowed. */
bool demo_site_start(const struct demo_site_config *config, struct demo_site **out, struct err *err) MUST_CHECK;
/* Its address, as a browser says it: its origin. Lives as long as the shop. */
struct str demo_site_url(const struct demo_site *site);
void demo_site_stop(struct demo_site *site); /* NULL allowed */

#endif
