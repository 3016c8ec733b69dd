#ifndef PANNIER_STORE_SQLITE_SQLITE_ROWS_H
#define PANNIER_STORE_SQLITE_SQLITE_ROWS_H

#include "store/sqlite/sqlite_tx.h"
#include "store/store_person.h"

/* What the verbs share: rows of the tables and the steps that keep them true. All within the caller's transaction. */

/* ---- schema (sqlite_schema.c) ---- */

bool sqlite_migrate(struct sqlite *sqlite, struct err *err) MUST_CHECK;
/* sqlite_log.c: after a commit whose sync failed, the log is cut to what was synced. */
void sqlite_log_cut(sqlite3 *handle);

/* ---- counters (sqlite_count.c) ---- */

/* Adds to what is kept of one lane, account or store; written by tx_commit. */
void count_lane(struct tx *tx, const struct lane_change *change);
void count_account(struct tx *tx, const struct account_change *change);
void count_store(struct tx *tx, const struct store_change *change);
void counts_write(struct tx *tx);

/* ---- day tables (sqlite_day.c) ---- */

/* Makes the tables of that day if they are not there. */
void day_ensure(struct tx *tx, enum day_kind kind, int64_t day);
bool day_exists(struct tx *tx, enum day_kind kind, int64_t day);
/* Days that have a table, descending or ascending, in the arena. */
int64_t *day_list(struct tx *tx, enum day_kind kind, bool ascending, struct arena *arena, size_t *n);
void day_drop(struct tx *tx, enum day_kind kind, int64_t day);
/* Ids of a day are in [day_first_id, day_first_id of the next). */
int64_t day_first_id(int64_t day);

/* ---- keys of messages (sqlite_seen.c) ---- */

struct seen *seen_new(void);
void seen_free(struct seen *seen);
/* So many keys make a run: for tests, which have few. */
void seen_run_max_set(struct seen *seen, size_t run_max);
/* Before up to n keys are looked for and added in this transaction. */
void seen_begin(struct tx *tx, size_t n);
/* The newest message of the record's slot; false if none is remembered. It may be older than duplicates count. */
bool seen_find(struct tx *tx, const struct inbox_record *record, struct digest16 *key, int64_t *id);
void seen_add(struct tx *tx, const struct inbox_record *record, int64_t id);
/* Is there a run to be written? Looks at memory only; the writer's lock need not be held. */
bool seen_is_full(const struct seen *seen);
/* Writes some of it; true if there is more. */
bool seen_flush(struct tx *tx);
/* Forgets the runs of the days up to this one, whose table is dropped; false if that has to wait. */
bool seen_drop_day(struct tx *tx, int64_t day);
/* The transaction has ended. */
void seen_settle(struct seen *seen, bool committed);

/* ---- messages, audit, stores ---- */

/* Takes in messages (sqlite_append.c); moves tx->now_ms to when they were received. */
void message_insert(struct tx *tx, const struct inbox_record *record, int64_t id);
void append_records(struct tx *tx, const struct inbox_record *record, size_t n, struct inbox_receipt *receipt);
/* Is an import open? (sqlite_import.c) */
bool import_any_open(struct tx *tx);
void imports_forget(struct tx *tx, int64_t store_id);
/* Forgets imports that ended before that; true if any was. */
bool imports_drop(struct tx *tx, int64_t before_ms);
bool imports_old(struct tx *tx, int64_t before_ms);
/* Tasks (sqlite_task.c), and what they found (sqlite_found.c). */
bool task_find(struct tx *tx, int64_t id, struct arena *arena, struct task_row *out);
bool task_any_open(struct tx *tx);
void tasks_forget(struct tx *tx, int64_t store_id);
void found_put(struct tx *tx, int64_t task_id, const struct found_row *row);
void found_add_link(struct tx *tx, int64_t task_id, const struct found_link *link);
size_t found_forget(struct tx *tx, const struct task_row *task, const struct task_step *step, struct arena *arena);
/* Publishes as by db_catalog_publish, with this priority (sqlite_publish.c). */
void publish_now(struct tx *tx, const struct catalog_publication *publication, enum priority priority, struct arena *arena);
/* A message with its body, wherever it is kept, and what became of it (sqlite_inbox.c). */
bool message_find(struct tx *tx, int64_t id, struct arena *arena, struct inbox_message *out);
enum message_state message_state_of(struct tx *tx, const struct inbox_message *message);
/* Has a message of the store mapped again, with this priority, unless it is pending or discarded (sqlite_replay.c). */
void message_replay(struct tx *tx, int64_t store_id, int64_t id, enum priority priority, struct arena *arena);
/* Notes that a message ended, neither mapped nor failed (sqlite_complete.c). */
void message_end(struct tx *tx, int64_t id, enum message_state state);
/* Writes an audit row; id and at_ms are given here (sqlite_audit.c). Texts of a delivery's row are borrowed until the commit. */
void audit_add(struct tx *tx, const struct audit_row *row);
void audit_flush(struct tx *tx); /* before the commit */
/* audit_D.root_bucket, and what it may be in days that were written by an earlier version. */
int64_t audit_root_bucket(struct str root_id);
int64_t audit_root_bucket_once(struct str root_id);
int64_t account_of_store(struct tx *tx, int64_t store_id); /* 0: unknown or removed */
/* Drops what is pending or failed of a store, and what is to be looked at (sqlite_removal.c). */
void store_forget(struct tx *tx, int64_t store_id, struct arena *arena);
/* Deletes some of what is known of a removed store's catalog; true if there is more. */
bool purge_step(struct tx *tx, struct arena *arena);
bool purge_wanted(struct tx *tx);
/* One slice of dropping what is past its time; true if there is more (sqlite_retain.c). */
bool retain_step(struct tx *tx, const struct retention *retention);
bool retain_wanted(struct tx *tx, int64_t now_ms, const struct retention *retention);
int64_t sqlite_log_bytes(const struct sqlite *sqlite); /* sqlite_upkeep.c */

/* ---- entities (sqlite_entity.c) ---- */

struct entity_row {
	bool known;
	int64_t n_set;             /* parts that are set; it is alive while there are any */
	struct str root_id;        /* variant: "" = not known */
	int64_t root_version;
	int64_t root_seq;
	struct tombstone tombstone;
	struct str sku;            /* what store_fact_key gives: a person's is the shop's customer id */
	struct str words;          /* what store_fact_words gives */
};

void put_entity(struct query *query, int at, int64_t store_id, struct entity entity); /* three places */
struct entity_row entity_read(struct tx *tx, int64_t store_id, struct entity entity, struct arena *arena);
/* Writes the row if it differs from what was read. */
void entity_write(struct tx *tx, int64_t store_id, struct entity entity, const struct entity_row *before,
		  const struct entity_row *after);
/* Removes it with its facts and refs. */
void entity_remove(struct tx *tx, int64_t store_id, struct entity entity);
/* The product or category an entity belongs to; id "" if it has none or none is known. */
struct entity root_of(struct tx *tx, int64_t store_id, struct entity entity, struct arena *arena);
/* The persons of that customer id but one, as store_kin_choose says; none of "". */
size_t kin_read(struct tx *tx, int64_t store_id, struct str customer_id, struct entity but, size_t max_n, struct arena *arena,
		struct entity **kin);
/* What the part names is now this. */
void refs_write(struct tx *tx, int64_t store_id, struct entity owner, struct str part, const struct entity *target,
		size_t n, struct arena *arena);

/* ---- facts (sqlite_fact.c) ---- */

struct fact_cause {
	int64_t store_id;
	int64_t message_id;
	int64_t due_seq;
	const struct inbox_result *result;
};

void fact_apply(struct tx *tx, const struct fact_cause *cause, const struct fact *fact, struct arena *arena,
		struct fact_count *count);

/* Removes the parts of the root that a publication is done with, and the root with its last part. */
void parts_forget(struct tx *tx, const struct catalog_publication *publication, struct arena *arena);

/* ---- what is to be looked at (sqlite_due.c) ---- */

void due_touch(struct tx *tx, const struct fact_cause *cause, struct entity root);
/* Makes due at once, as backfill; what is due already only gets the new seq. */
void due_now(struct tx *tx, int64_t store_id, struct entity root, int64_t seq);
/* Makes due at once, with this priority or what is more urgent. */
void due_again(struct tx *tx, int64_t store_id, struct entity root, int64_t seq, enum priority priority);
/* No longer due, if it still has this seq. */
void due_remove(struct tx *tx, int64_t store_id, struct entity root, int64_t seq);

/* ---- sqlite_due_turn.c ---- */

/* A part of a catalog_claim. */
struct due_claim {
	int64_t now_ms;
	enum priority priority;
	size_t max_n;
	size_t n;                  /* set: how many were found */
	size_t n_first;            /* set: so many of them are of the equal shares */
};

/* Keys of roots with room for max_n; *next_ms is lowered to when more will be due, if all stores were looked at. */
size_t due_in_turn(struct tx *tx, struct due_claim *claim, struct arena *arena, struct catalog_root *root, int64_t *next_ms);
/* Of them the first n were served. */
void due_turn_end(struct tx *tx, const struct due_claim *claim, const struct catalog_root *root, size_t n);
/*
 * The next entities that name target, behind *after, at most max_n; *after becomes the last of them. Gives their roots (one
 * may come more than once); false: these were the last.
 */
bool dependants(struct tx *tx, int64_t store_id, struct entity target, struct entity *after, size_t max_n,
		struct arena *arena, struct entity **root, size_t *n);
/* The next products and categories of a store that are known, behind *after, which moves; false: these were the last. */
bool roots_after(struct tx *tx, int64_t store_id, struct entity *after, size_t max_n, struct arena *arena,
		 struct entity **root, size_t *n);
void sweep_add(struct tx *tx, int64_t store_id, struct entity target, struct entity after);
bool any_sweep(struct tx *tx);

/* ---- what Klaviyo was told (sqlite_sent.c) ---- */

struct sent_row {
	int64_t account_id;
	enum klaviyo_kind kind;
	struct str external_id;
	int64_t store_id;
	struct entity root;
	struct sent_state state;
};

/* SQL: is a delivery of this row of sent undone? An event has one delivery. */
#define SENT_IS_UNDONE \
	"(EXISTS (SELECT 1 FROM delivery d WHERE d.id = sent.newest_id AND d.state <= 2) OR EXISTS (SELECT 1 FROM" \
	" delivery d WHERE d.account_id = sent.account_id AND d.kind = sent.kind AND d.external_id =" \
	" sent.external_id AND d.kind <> 3 AND d.state <= 2))"

bool sent_get(struct tx *tx, int64_t account_id, enum klaviyo_kind kind, struct str external_id, struct arena *arena,
	      struct sent_row *out);
/* The entity's row, to be put, now of this root. What a store that is gone knew of it is forgotten. */
struct sent_row sent_take(struct tx *tx, int64_t account_id, struct found_key key, int64_t store_id, struct entity root,
			  struct arena *arena);
/* before: as it was read, so that what is the same is not written; or NULL. */
void sent_put(struct tx *tx, const struct sent_row *before, const struct sent_row *row);
/* Is there a profile in the account that has another address than it had? */
bool sent_anybody_moved(struct tx *tx, int64_t account_id);
/* The person_now of an event. */
struct str sent_person_now(struct tx *tx, const struct delivery *event, struct arena *arena);
/* Does an event wait because the profile of its person_now is on its way to another address, or to that one? */
bool event_waits(struct tx *tx, const struct delivery *event);
/* Does a profile with a former address wait for an event that is being sent and names one that it had before that? */
bool move_waits(struct tx *tx, const struct delivery *move, struct arena *arena);
/* Has the profile of the address that a consent is about gone to another one? */
bool consent_has_moved(struct tx *tx, const struct delivery *consent, struct arena *arena);
/* The same, and where the moves that are still to come lead. */
struct str sent_person_to_be(struct tx *tx, const struct delivery *event, struct arena *arena);
/* Has the older of two deliveries of a profile to leave although there is a newer one, because that would not find the profile? */
bool move_stays(struct tx *tx, const struct delivery *older, const struct delivery *newer, struct arena *arena);
/* What became of a delivery, before it is written: notes whether its person has left a former address. */
void former_learn(struct tx *tx, const struct delivery *delivery, const struct delivery_settlement *settlement,
		  struct arena *arena);
/* Ends the consents to mail of a former address that is left, once the move from there was accepted. */
void former_end(struct tx *tx, const struct delivery *move, struct arena *arena);

/* ---- deliveries (sqlite_delivery.c) ---- */

#define DELIVERY_COLUMNS \
	"id, account_id, store_id, kind, op, priority, state, external_id, parent_external_id, bytes, hash," \
	" root_kind, root_id, message_id, created_ms, due_ms, attempts, batch_max, reason, batch_id, ended_ms, blocked," \
	" copy_of"

/* What puts deliveries as they are into a day of the history; behind it stands which, by ?1. */
#define DELIVERY_HISTORY \
	"INSERT INTO delivery_%s SELECT id, account_id, store_id, kind, op, priority, ?2, external_id, parent_external_id, bytes, hash," \
	" root_kind, root_id, message_id, created_ms, 0, attempts, batch_max, ?3, batch_id, ?4, 0, copy_of"

struct delivery_row {
	struct delivery delivery;  /* its body is left out unless delivery_body_read put it in */
	int64_t bytes;             /* of the body */
	int64_t batch_id;          /* SENDING */
	int64_t ended_ms;          /* FAILED, and in the history */
	bool blocked;              /* another delivery has to end first (see db_outbox_claim); of queued ones */
};

bool delivery_undone(const struct delivery *delivery);
bool delivery_queued(const struct delivery *delivery);
struct audit_row delivery_audit(const struct delivery *delivery, enum audit_code code, struct str reason);
void delivery_read(const struct query *query, struct arena *arena, struct delivery_row *out);
/* The only row, or false. */
bool delivery_read_one(struct query *query, struct arena *arena, struct delivery_row *out);
/* Replaces the body; gives its bytes. */
int64_t delivery_body_write(struct tx *tx, int64_t id, struct str body);
void delivery_body_remove(struct tx *tx, int64_t id);
struct str delivery_body_read(struct tx *tx, int64_t id, struct arena *arena); /* "" when it is gone */
/* An undone or failed row. */
bool delivery_find(struct tx *tx, int64_t id, struct arena *arena, struct delivery_row *out);
/* The next undone delivery of an entity behind after_id, by id; false at the end. */
bool delivery_of_entity(struct tx *tx, const struct delivery *entity, int64_t after_id, struct arena *arena,
			struct delivery_row *out);
/* Is a delete of the same entity undone with a smaller id? */
bool delete_ahead(struct tx *tx, const struct delivery *delivery);
void delivery_insert(struct tx *tx, struct delivery_row *row, struct arena *arena);
/* Writes back what may change of an undone or failed row; before: as it was read. Keeps lanes and what is blocked. */
void delivery_update(struct tx *tx, const struct delivery_row *before, struct delivery_row *after, struct arena *arena);
/* sql: DELIVERY_HISTORY and which, id for its ?1. Of the day the sequence stands at. */
void delivery_history_insert(struct tx *tx, const char *sql, int64_t id, enum delivery_state state, struct str reason);
/* Takes an undone or failed row out into the history, as ACCEPTED or SKIPPED. */
void delivery_finish(struct tx *tx, const struct delivery_row *row, enum delivery_state state, struct str reason,
		     struct arena *arena);
/* Ends a row as SKIPPED, with its audit row and what it means for what is wanted. */
void delivery_skip(struct tx *tx, const struct delivery_row *row, enum audit_code code, struct str reason,
		   struct arena *arena);
/* Sets the op of all queued upserts of the entity to what is known now (sqlite_settle.c). */
void ops_renew(struct tx *tx, const struct delivery *entity, struct arena *arena);

/* ---- deliveries of a batch together (sqlite_batch.c) ---- */

/* n > 0 free rows leave with the batch: they are SENDING, in the table and here. That concerns no other. */
void batch_take(struct tx *tx, struct delivery_row *row, size_t n, int64_t batch_id, struct arena *arena);
/* Puts the bodies of n > 0 deliveries into their rows. */
void batch_bodies_read(struct tx *tx, struct delivery_row *row, size_t n, struct arena *arena);
/* Settles a batch of several events that were all accepted, for the same reason. False: it is none, nothing was done. */
bool batch_accept(struct tx *tx, const struct outbox_settlement *settlement, struct str audit_reason, struct arena *arena);

/* ---- persons (sqlite_person.c, sqlite_erase.c, sqlite_erase_row.c) ---- */

struct person_hit {
	enum person_source source; /* where it was found; a message may be found by its audit row */
	int64_t id;                /* of the message, delivery or audit row */
	int64_t day;               /* whose table it is in */
	int64_t account_id;        /* PERSON_SENT: its key */
	enum klaviyo_kind kind;    /* also of deliveries */
	struct str external_id;
	struct entity root;        /* PERSON_FACTS: found; else: the row's */
	struct audit_row audit;
	int64_t run_id;            /* PERSON_AUDIT: of the row of the table */
};

struct person_scan {
	struct tx *tx;
	struct arena *arena;
	struct person_search *search;
	struct person_terms terms;
	int64_t until_id;          /* what came with a later message does not count */
	bool spare_profiles;       /* the queue is stopped: profiles stay, and what is being sent is waited for at the end */
	bool blocked;
	struct entity *root;       /* search->root, with room for more */
	size_t root_capacity;
	struct person_hit *hit;
	size_t n_hit;
	size_t max_n;
	size_t n_row;              /* looked at in this step */
	size_t bytes;
};

/* One step of the search; its hits are in scan->hit. */
void person_scan_step(struct person_scan *scan);
/* Is anything of the person being sent that has to end first? */
bool person_scan_sending(struct person_scan *scan);
/* Terms and roots of the person, before the first step of a transaction. */
void person_scan_begin(struct person_scan *scan);
/* Notes that the fact just applied erases its person. */
void erase_begin(struct tx *tx, const struct fact_cause *cause, const struct fact *fact);
/* Is the root somebody's who is being erased, and not one who is to be told of it? */
bool erase_owns(struct tx *tx, int64_t store_id, struct entity root);
/* Can anything be done now of an erasure that is under way? */
bool erase_any_due(struct tx *tx, struct arena *arena);
/* Is the fact about somebody who was erased after it happened? */
bool erase_stops(struct tx *tx, int64_t store_id, const struct fact *fact, enum priority priority, struct arena *arena);
/* The next step of writing the files anew (wanted: erase_file.wanted, not 0), or it is left to the next time; sqlite_erase_file.c. */
bool erase_file(struct db *db, int64_t now_ms, int64_t wanted, bool *more, struct err *err) MUST_CHECK;
/* Takes the person out of one row. */
void erase_row(const struct person_scan *scan, const struct person_hit *hit);
/* Removes what came of the root until then; of an order all, and a tombstone stays. */
void erase_root(struct tx *tx, int64_t store_id, struct entity root, int64_t until_id, struct arena *arena);

/* ---- what may not leave before another has ended (sqlite_block.c) ---- */

bool is_blocked(struct tx *tx, const struct delivery *delivery);
/* After `delivery` came, went or changed its op: renews what that blocks or frees. */
void blocked_renew(struct tx *tx, const struct delivery *delivery, struct arena *arena);
/* Makes what a blocked delivery waits for as urgent as it is, and so what that waits for. */
void pull_ahead(struct tx *tx, const struct delivery_row *row, struct arena *arena);
/* Counts one row into (+1) or out of (-1) its lane. */
void lane_add(struct tx *tx, const struct delivery_row *row, int n);
/* Lanes with something in them (sqlite_outbox.c). */
struct outbox_lane *read_lanes(struct tx *tx, int64_t now_ms, struct arena *arena, size_t *n);
void budget_put(struct tx *tx, const struct budget_row *budget);

#endif
