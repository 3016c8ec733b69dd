#ifndef PANNIER_ADMIN_STORY_H
#define PANNIER_ADMIN_STORY_H

#include "admin/look.h"
#include "model/id_text.h"
#include "platform/platform.h"

/*
 * All that is known of one message, delivery or product: audit rows in time order, the messages and deliveries they name, and what
 * the catalog holds of the products and categories concerned. Gathered from the database alone; bounded; in the arena.
 */
struct story_message {
	int64_t id;
	bool there;                /* false: retention has dropped it; only id is set */
	struct inbox_message message;
	struct map_result map;     /* what it means to this version and with the settings of now; nothing if its store is gone */
};

struct story_root {
	int64_t store_id;
	struct entity root;
	bool there;                /* false: nothing is known of it any more */
	struct catalog_root state;
};

struct story {
	struct look *look;
	bool bodies;               /* of view_story */
	enum { STORY_MESSAGE, STORY_DELIVERY, STORY_ROOT } subject;
	int64_t subject_id;        /* of the message or delivery */
	struct audit_row *row;
	size_t n_row, max_row;
	struct story_message *message;
	size_t n_message, max_message;
	struct delivery *delivery;
	size_t n_delivery, max_delivery;
	struct story_root *root;
	size_t n_root, max_root;
};

/* text: as a person types it. store_id 0 = any. ERR_NOT_FOUND: there is no such thing. */
bool story_gather(struct look *look, const char *text, int64_t store_id, struct story *out, struct err *err) MUST_CHECK;

const struct story_message *story_message(const struct story *story, int64_t id);
const struct delivery *story_delivery(const struct story *story, int64_t id);
/* Why the root is held back, by its newest row; "" if it is not. */
struct str story_held(const struct story *story, const struct story_root *root);

#endif
