#ifndef PANNIER_FLOW_HISTORY_H
#define PANNIER_FLOW_HISTORY_H

#include "flow/flow.h"
#include "import/import.h"
#include "platform/platform.h"

/* What files of history and pulls from shops have in common; included only inside flow/. */

/*
 * May more of this store's history come in? Not while enough of it is on its way: messages and roots of the store, and deliveries of
 * its account.
 */
bool flow_history_room(struct flow_ctx *ctx, const struct settings_store *store, struct arena *arena, bool *room,
		       struct err *err) MUST_CHECK;

/* Where messages come from. */
struct flow_history {
	int64_t store_id;
	const struct platform_ops *form; /* whose form they have */
	struct str prefix;         /* of topics: FLOW_TOPIC_GENERIC where form is not the store's platform; "" */
	struct str run;            /* the same in another run is no duplicate; "": it is one */
	struct str source;         /* for people, with the number of the row: "orders.csv" */
	int64_t received_ms;
	enum priority priority;
};

/*
 * A message as a record of the inbox. Its identity is its own id, as when it came live; without one it is its contents and the run, so
 * that the same again is a duplicate. message->topic "": as the form finds it. ERR_INVALID: it is none. All in the arena.
 */
bool flow_history_record(const struct flow_history *history, const struct import_message *message, int64_t row,
			 struct arena *arena, struct inbox_record *out, struct err *err) MUST_CHECK;

#endif
