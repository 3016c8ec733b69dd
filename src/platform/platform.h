#ifndef PANNIER_PLATFORM_PLATFORM_H
#define PANNIER_PLATFORM_PLATFORM_H

#include "base/arena.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "model/fact.h"
#include "platform/pull.h"

/*
 * A platform is what a kind of shop speaks: how its requests prove who sent them, what one message is, and what a message
 * means. One folder per platform, one row in platform.c. All functions are pure: no I/O, no clock, no globals.
 */

/* A request as it came; header finds the first header of a name (case-insensitive) or gives "". */
struct platform_request {
	struct str content_type;
	struct str body;
	struct str (*header)(const void *from, const char *name);
	const void *from;
	int64_t now_ms;
};

/* What a platform needs to know of the store a request is for. */
struct platform_store {
	int64_t store_id;
	const struct str *secret;    /* one, or two while it is being changed */
	size_t n_secret;
	/* Value of one of the store's settings by key (settings/setting_table.h), "" if unknown. */
	struct str (*setting)(const void *from, const char *key);
	const void *from;
};

/* One message found in a request. A request is taken in whole or not at all. Texts borrowed from request or arena. */
struct platform_message {
	struct str topic;
	struct str source_id;
	struct str body;             /* what is kept and later mapped: one JSON value */
	struct digest16 slot;        /* see store/store_rows.h, inbox_record */
	struct digest16 key;
};

enum map_state { MAP_DONE, MAP_IGNORED, MAP_FAILED };

struct map_result {
	enum map_state state;
	struct str reason;           /* why ignored or failed; what was mended when done, "" if nothing */
	const struct fact *fact;
	size_t n_fact;
};

/* For `store add`: what a person has to enter in the shop. */
struct platform_guide {
	const char *secret_is;       /* "value of the header the shop sends", "signing secret (whsec_...)" */
	const char *configure;       /* paragraphs; {url} and {header} are replaced */
};

/* A status that shops give to orders, and what it means unless the store's setting order_states says otherwise. */
struct platform_status {
	const char *id;
	const char *name;
	const char *state;           /* one of platform_ops.order_states */
};

/* What a status of the shop means, and who says so. */
enum status_source {
	STATUS_SAID_BY_SETTING,      /* order_states */
	STATUS_SAID_BY_SHOP,         /* the shop's own words */
	STATUS_SAID_BY_PLATFORM,     /* what its shops come with */
	STATUS_SAID_BY_NOBODY        /* state is what it is taken for all the same, "" = nothing */
};
struct status_meaning {
	struct str state;            /* one of platform_ops.order_states */
	enum status_source by;
};

struct platform_ops {
	const char *name;            /* folder = URL segment = database value: "enad" */
	const char *label;           /* "Enad" */
	int accept_status;           /* what it reads as "received": Enad exactly 200 */
	struct platform_guide guide;

	/* Does it read this Content-Type (as sent, parameters included; "" if there was none)? False: the answer is 415. */
	bool (*accepts)(struct str content_type);

	/* May this text be a secret of a store? ERR_INVALID says what is wrong (too short, not base64 ...). */
	bool (*check_secret)(struct str secret, struct err *err);

	/* Does the request come from the store? Constant-time over secrets. ERR_DENIED: no; the message says why, without secrets. */
	bool (*verify)(const struct platform_store *store, const struct platform_request *request, struct err *err);

	/*
	 * The messages in a verified request, at most max_n. ERR_INVALID: not understood (with the position for JSON);
	 * ERR_TOO_LARGE: more than max_n. Cheap: scans, builds no trees.
	 */
	bool (*identify)(const struct platform_store *store, const struct platform_request *request, size_t max_n,
			 struct arena *arena, struct platform_message **message, size_t *n, struct err *err);

	/* What a message means. Never fails otherwise than by MAP_FAILED: whatever was accepted is kept and explained. */
	void (*map)(const struct platform_store *store, struct str topic, struct str body, int64_t received_ms,
		    struct arena *arena, struct map_result *out);

	/* Body of the answer to a request that was taken in. */
	struct str (*accepted_body)(size_t n_accepted, size_t n_duplicate, struct arena *arena);

	/* How to ask the shop for pages of what it holds. NULL: as the generic platform does, by the store's settings. */
	const struct platform_pull *pull;

	/* What the setting order_states can say of a status ("placed|paid"). NULL: what the generic platform's can. */
	const char *order_states;
	/* The statuses that its shops come with. NULL: every shop has its own. */
	const struct platform_status *order_status;
	size_t n_order_status;
	/*
	 * What orders of that status will be taken for; literals. status: one that the shop told (ENTITY_SHOP, order_statuses,
	 * model/fact.h); order_states: the setting. NULL: what the generic platform does.
	 */
	struct status_meaning (*status_means)(const struct json *status, struct str order_states);
};

extern const struct platform_ops platform_enad_ops;
extern const struct platform_ops platform_generic_ops;
extern const struct platform_ops platform_opencart_ops;

/* The platform of that name, or NULL. */
const struct platform_ops *platform_find(struct str name);
/* How its shops are pulled: its own way, else the generic platform's. */
const struct platform_pull *platform_pull_of(const struct platform_ops *ops);
/* What its setting order_states can say: its own, else the generic platform's. */
const char *platform_order_states(const struct platform_ops *ops);
/* platform_ops.status_means: its own, else the generic platform's. */
struct status_meaning platform_status_means(const struct platform_ops *ops, const struct json *status, struct str order_states);
/* All of them, NULL-terminated, for help texts. */
const struct platform_ops *const *platform_all(void);

#endif
