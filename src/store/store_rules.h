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
#define STORE_ID_MAX	     (INT64_MAX - ((int64_t)1 << 40)) /* some day in 2248; from there on the program stops */
#define STORE_DUPLICATE_DAYS 4 /* an id's day and so many before it are searched for duplicates */

int64_t store_id_next(int64_t last_id, int64_t now_ms);
int64_t store_id_ms(int64_t id);
int64_t store_ms_id(int64_t ms); /* the first id of that ms */
int64_t store_id_day(int64_t id);

/* ---- configuration ---- */

/* Does a change with sweep reach this store? */
bool store_is_swept(const struct config_change *change, const struct store_row *store);
struct str store_change_name(const struct config_change *change); /* for the history */

/* ---- turns ---- */

#define STORE_TURN_SEEN 32 /* stores that a claim looks at */

/*
 * Rows that a store gets when its turn comes, 16 to 64: fewer where more wait, so that it comes again soon. What is written of
 * one store lies side by side; one row of each of many costs a page of every table.
 * n_waiting  stores with something to claim, 0 to STORE_TURN_SEEN.
 */
size_t store_turn_rows(size_t n_waiting);
size_t store_turn_bytes(size_t rows, size_t max_n, size_t max_bytes); /* of a claim of max_n rows and max_bytes, the part of these rows */

/* ---- messages ---- */

/* Did the shop itself send it, now? Not history, browsers (topics storefront.*), or what Klaviyo told (klaviyo.*). */
bool store_from_shop(const struct inbox_record *record);

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

/*
 * fact_wins for a message's fact; seq: the message's id. History never replaces what a shop told without a version: it cannot be
 * said which is newer, and what came live is likelier to be.
 */
bool store_fact_wins(const struct inbox_result *result, int64_t new_version, int64_t seq, int64_t old_version, int64_t old_seq);
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
/* Of a claim of max_n roots, how many history may have when n_live others are due: what they leave, and a sixteenth always. */
size_t store_history_share(size_t max_n, size_t n_live);
/* Is it the part that gives such an entity its key: a product or variant its SKU, a person the shop's customer id? */
bool store_part_has_key(enum entity_kind kind, struct str part);
/* The key that this SET of that part gives, in the arena or borrowed; "" if none. */
struct str store_fact_key(const struct fact *fact, struct arena *arena);
/* The customer id of an order's base part, in the arena or borrowed; "" if none. */
struct str store_order_customer(struct str body, struct arena *arena);
/* A person of a customer id, and the message that said so last. */
struct store_kin {
	struct entity person;
	int64_t seq;
};
/* Those max_n of whom the shop told last come first, by id; how many they are. Who it is now, and was before, are among them. */
size_t store_kin_choose(struct store_kin *kin, size_t n, size_t max_n);
/* Ids of the persons that the parts of a visit name by e-mail address, else phone number: each once, at most STORE_KIN_MAX, in order. */
size_t store_visit_persons(const struct catalog_root *visit, struct arena *arena, struct str person[STORE_KIN_MAX]);

/* ---- imports ---- */

/* Does the step begin where the job stands? */
bool store_import_fits(const struct import_job *job, const struct import_step *step);
/* The job's state after the action; false: it has ended (ERR_CONFLICT). */
bool store_import_acts(enum import_state state, enum import_action action, enum import_state *after);
bool store_import_ended(enum import_state state);
/* "/data/orders.csv: paused"; reason "" is left out */
struct str store_text_import(struct arena *arena, struct str path, const char *what, struct str reason);

/* ---- tasks ---- */

/* Does the step begin where the task stands? */
bool store_task_fits(const struct task_row *task, const struct task_step *step);
/* "reconcile: done: REASON" */
struct str store_text_task(struct arena *arena, enum task_kind kind, const char *what, struct str reason);

/* ---- deliveries ---- */

/* Does a new delivery of this kind replace what is queued of its entity? */
bool store_kind_replaces(enum klaviyo_kind kind);
/* What replaces an update that had to find the profile under who the person was has to find it, too. */
void store_inherit_former(struct delivery *by, const struct delivery *replaced);
/*
 * Does the older delivery of a profile lead it to the address from another one than the newer does, which would not find it there? Then
 * both have to leave.
 */
bool store_leads_on(const struct delivery *older, const struct delivery *newer);
/*
 * Is the body of a delivery that has ended, or of a message that was understood, given up at once? What a file of history holds is
 * not kept a second time: the disk that an import takes does not grow with its payloads.
 */
bool store_delivery_gives_up_body(const struct delivery *delivery);
bool store_message_gives_up_body(const struct inbox_result *result);
/* Can nothing of it be told again? Of orders, people and catalog what is known now is; a visit is not kept once it was told. */
bool store_replay_gone(const struct delivery *delivery, bool has_body);
/* May another one join a batch of n >= 1 that starts with first? Consent says some things for all its rows; what was refused
 * together leaves in its halves (batch_max). */
bool store_may_share(const struct delivery *first, size_t n, const struct delivery *other);

/*
 * The state in which a settled delivery goes back into the queue, READY or WAITING, and since when it is due. An event that is to
 * be sent again at once waits, due since ever: so it stays ahead of younger ones of its person that wait, too.
 */
enum delivery_state store_back(enum klaviyo_kind kind, const struct delivery_settlement *settlement, int64_t *due_ms);

/* What is known of one entity at Klaviyo; the key (account, kind, external id) is left out. */
struct sent_state {
	struct str parent_external_id;
	struct str accepted_parent; /* the item under which Klaviyo has the variant, "" = not known; profile: its former address */
	int64_t moved_id;  /* profile: the delivery by which it came from accepted_parent, 0 = none */
	bool exists;
	bool left; /* one left and was not accepted since the entity was last known not to exist; of a profile, since one was accepted */
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
/* Delivery `id` ended without effect: what is wanted is again what was accepted, unless something newer is wanted. Of the catalog
 * something may have left since Klaviyo accepted a delete: then it counts as deleted no more. */
void store_sent_revert(struct sent_state *sent, enum klaviyo_kind kind, int64_t id);
/* Klaviyo accepted a delivery. */
void store_sent_accept(struct sent_state *sent, const struct delivery *delivery, bool exists);
/* Of one person, that are looked at by what waits for a move. */
#define STORE_ADDRESSES_MAX 16
/* Is it "", or one of these? */
bool store_is_listed(const struct str *text, size_t n, struct str one);
/* The address that a consent to mail is about; "" for others. */
struct str store_consent_email(const struct delivery *delivery);
/*
 * Does what became of a delivery say whether somebody is in Klaviyo under who its person was? *exists: found there (it is to be sent as
 * an update, with an id); not when none was found, nor when the one that was found has gone to the new address (accepted, with its id).
 */
bool store_learns_former(const struct delivery *delivery, const struct delivery_settlement *settlement, bool *exists);
/* Is what this update of a profile says what Klaviyo accepted last, for sure: has nothing left since then? */
bool store_sent_has(const struct sent_state *sent, const struct delivery *update);
/* Klaviyo told, without accepting, whether it has the entity. */
void store_sent_learn(struct sent_state *sent, bool exists);
/* Klaviyo was found to have it, under this item, or not: nothing is wanted of it. Nothing may be undone of the entity. */
void store_sent_found(struct sent_state *sent, bool exists, struct str parent_external_id);
/* The same, but what is known of it stays. */
void store_sent_forget(struct sent_state *sent);
/* Was the entity, which is to be told again as it is known, told since the task began? */
bool store_learn_is_late(const struct found_learn *learn, const struct task_row *task, const struct sent_state *sent);
/* Did the newest delivery leave, or end, after the task began? ended_ms 0: not known to have ended since. */
bool store_sent_moving(const struct sent_state *sent, const struct task_row *task, int64_t ended_ms);

/* ---- the clock ---- */

/* How far the wall clock went back since then, for sure; less than a second is 0 (clocks are slewed all the time). */
int64_t store_clock_back_ms(struct moment then, struct moment now);

/* ---- users ---- */

/* An owner of everything who can sign in: one must be left. */
bool user_is_master(const struct user_row *row);
/* Under which code the change is audited. */
enum audit_code user_change_code(const struct user_change *change);
#define STORE_TEXT_LAST_OWNER "no owner would be left"

/* ---- texts (reasons in audit and rows) ---- */

#define STORE_TEXT_ANSWER_LOST	 "answer lost"
#define STORE_TEXT_NEVER_REACHED "never reached Klaviyo"
#define STORE_TEXT_HAS_ALREADY	 "Klaviyo has it already"
#define STORE_TEXT_STORE_REMOVED "store removed"
#define STORE_TEXT_REPLAYED	 "replayed"
#define STORE_TEXT_MOVED	 "has another address now, and is told of by that"

/* "3 facts applied, 1 older than what is known, 1 stopped by a deletion; REASON" */
struct str store_text_mapped(struct arena *arena, const struct fact_count *count, struct str reason);
/* "REASON (HTTP 400, 120 ms)"; without an answer "REASON (no answer, 30000 ms)" */
struct str store_text_settled(struct arena *arena, struct str reason, int http_status, int64_t latency_ms);
struct str store_text_replaced(struct arena *arena, int64_t by_id);
/* "a copy of d7k3p, made by a replay"; "" of an original (0). */
struct str store_text_copy(struct arena *arena, int64_t original_id);
struct str store_text_discarded(struct arena *arena, int64_t n_message);
/* "create item 12" */
struct str store_text_delivery(struct arena *arena, enum delivery_op op, enum klaviyo_kind kind,
			       struct str external_id);

#endif
