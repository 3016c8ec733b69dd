#ifndef PANNIER_STORE_STORE_RULES_H
#define PANNIER_STORE_STORE_RULES_H

#include "base/arena.h"
#include "store/store.h"

/* What every backend decides alike: pure rules over rows, and the texts it writes by itself. For backends only. */

/* ---- ids ---- */

/*
 * One sequence for messages, deliveries, batches and audit rows. An id is
 *
 *     bit 62 ............ 20 | 19 ............ 0
 *     Unix ms when given     | count within that ms
 *
 * so it sorts by time and names its day. It only grows: when the clock stands still or goes back the count goes on, into the
 * bits above if need be.
 */
#define STORE_ID_SHIFT	     20
#define STORE_DUPLICATE_DAYS 4 /* an id's day and so many before it are searched for duplicates */

int64_t store_id_next(int64_t last_id, int64_t now_ms);
int64_t store_id_ms(int64_t id);
int64_t store_id_day(int64_t id);

/* ---- facts ---- */

/* A deletion that is remembered; deleted_ms 0 = none. */
struct tombstone {
	int64_t deleted_ms;
	int64_t version;
	int64_t seq;
};

/* What became of the facts of a message. */
struct fact_count {
	int applied;
	int stale;   /* something newer was known */
	int stopped; /* by a tombstone */
};

bool entity_eq(struct entity a, struct entity b);
int entity_cmp(struct entity a, struct entity b); /* by kind, then by id */
bool store_is_root(enum entity_kind kind);
/* A root that a change of settings makes due again, and that is due when what it names changes. The others are not: their
 * refs only say what is shown with them. */
bool store_is_catalog_root(enum entity_kind kind);
/* A root whose claim brings the products and variants it names with all that those name. */
bool store_shows_products(enum entity_kind kind);
/*
 * Does the tombstone stop a SET or CLEAR? While the entity is deleted as tombstone_stops says; when it lives again (or a part
 * outlived the deletion) only what is certainly older.
 */
bool store_tombstone_stops(const struct tombstone *tombstone, bool alive, int64_t fact_version,
			   int64_t hold_ms, int64_t now_ms);
/* When a root touched now is to be looked at: after quiet_ms without a touch, but quiet_max_ms after first_ms at the latest. */
int64_t store_due_ms(int64_t now_ms, int64_t first_ms, int64_t quiet_ms, int64_t quiet_max_ms);
/* The SKU a "base" fact of a product or variant gives its entity, in the arena or borrowed; "" if none. */
struct str store_fact_sku(const struct fact *fact, struct arena *arena);

/* ---- deliveries ---- */

/* Does a new delivery of this kind replace what is queued of its entity? */
bool store_kind_replaces(enum klaviyo_kind kind);
/* May both be in one batch? Consent says some things for all its rows. */
bool store_may_share(const struct delivery *first, const struct delivery *other);

/* What is known of one entity at Klaviyo; the key (account, kind, external id) is left out. */
struct sent_state {
	struct str parent_external_id;
	struct str accepted_parent; /* the item under which Klaviyo has the variant, "" = not known */
	bool exists;
	bool left; /* one left and was not accepted since the entity was last known not to exist */
	struct digest16 wanted;
	bool wanted_deleted;
	struct digest16 accepted;
	bool accepted_deleted;
	int64_t newest_id; /* newest delivery */
};

/* Klaviyo has the variant under another item: only a delete and a create move it. */
bool store_sent_moves(const struct sent_state *sent, struct str parent_external_id);
/* Op of an upsert: delete_ahead = an undone delete of the entity stands before it. */
enum delivery_op store_upsert_op(const struct sent_state *sent, bool delete_ahead);
/* Notes a new delivery as what is wanted. */
void store_sent_want(struct sent_state *sent, int64_t id, enum delivery_op op, struct digest16 hash,
		     struct str parent_external_id);
/* Delivery `id` ended without effect: what is wanted is again what was accepted, unless something newer is wanted. */
void store_sent_revert(struct sent_state *sent, int64_t id);
/* Klaviyo accepted a delivery. */
void store_sent_accept(struct sent_state *sent, const struct delivery *delivery, bool exists);
/* Klaviyo told, without accepting, whether it has the entity. */
void store_sent_learn(struct sent_state *sent, bool exists);

/* ---- texts (reasons in audit and rows) ---- */

#define STORE_TEXT_ANSWER_LOST	 "answer lost"
#define STORE_TEXT_NEVER_REACHED "never reached Klaviyo"
#define STORE_TEXT_STORE_REMOVED "store removed"

/* "3 facts applied, 1 older than what is known, 1 stopped by a deletion; REASON" */
struct str store_text_mapped(struct arena *arena, const struct fact_count *count, struct str reason);
/* "REASON (HTTP 400, 120 ms)"; without an answer "REASON (no answer, 30000 ms)" */
struct str store_text_settled(struct arena *arena, struct str reason, int http_status, int64_t latency_ms);
struct str store_text_replaced(struct arena *arena, int64_t by_id);
struct str store_text_discarded(struct arena *arena, int64_t n_message);
/* "create item 12" */
struct str store_text_delivery(struct arena *arena, enum delivery_op op, enum klaviyo_kind kind,
			       struct str external_id);

#endif
