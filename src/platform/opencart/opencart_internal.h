#ifndef PANNIER_PLATFORM_OPENCART_OPENCART_INTERNAL_H
#define PANNIER_PLATFORM_OPENCART_OPENCART_INTERNAL_H

#include "platform/payload.h"
#include "platform/platform.h"

/*
 * OpenCart's extension (integrations/opencart/) speaks the generic platform's messages: what is OpenCart's own is the history
 * of an order, whose statuses every shop names and numbers as it likes. Documented in docs/platforms/opencart.md.
 */

#define OPENCART_HISTORY_MAX 1000 /* entries of one order; later ones are left out */

/* What an order's status says of it. */
enum opencart_state {
	OPENCART_NOTHING,
	OPENCART_PLACED,
	OPENCART_PAID,
	OPENCART_FULFILLED,
	OPENCART_CANCELLED,
	OPENCART_REFUNDED,
	OPENCART_STATE_COUNT
};

/* The statuses of a fresh OpenCart 3.0 to 4.1, where the merchant may edit all of them. */
#define OPENCART_STATUS_COUNT 14
extern const struct platform_status opencart_status[OPENCART_STATUS_COUNT];

/* One of the shop's statuses, as an entry of a history or the shop's list of them says it. */
struct opencart_named {
	struct str id, name;         /* "" = not said */
	struct str state;            /* what the merchant chose in the shop; "" = nothing */
	bool complete;               /* the shop counts it as complete */
};

/*
 * What it says of an order: the store's setting order_states (by id, then by name), else what the merchant chose in the shop,
 * else what OpenCart's own status of that id means, else fulfilled if it is complete, else placed. *by may be NULL.
 */
enum opencart_state opencart_state_of(const struct opencart_named *status, struct str order_states, enum status_source *by);
/* platform_ops.status_means */
struct status_meaning opencart_status_means(const struct json *status, struct str order_states);

/* When each state was reached first: Unix ms, 0 = not. Nothing is reached before the order is placed (or paid, or fulfilled). */
struct opencart_reached {
	int64_t at_ms[OPENCART_STATE_COUNT];
	const struct json *entry[OPENCART_STATE_COUNT];
};

/* history: an array, in the order of time; at_ms_otherwise stands in for a time that is not understood. */
struct opencart_reached opencart_history_read(const struct json *history, struct str order_states, int64_t received_ms,
					      int64_t at_ms_otherwise, struct arena *arena);

/* order.updated of a shop: contents and history -> facts. */
void opencart_map_order(const struct platform_store *store, const struct json *envelope, int64_t received_ms,
			struct arena *arena, struct map_result *out);

/* The extension's pull endpoint. */
extern const struct platform_pull opencart_pull;

#endif
