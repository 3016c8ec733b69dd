#ifndef PANNIER_STORE_MEMORY_MEMORY_INTERNAL_H
#define PANNIER_STORE_MEMORY_MEMORY_INTERNAL_H

#include "store/store_person.h"

#include <pthread.h>

/* Rows of the memory backend. Lists keep the order named; texts live in memory->arena. */

/* A list that grows; items move when it does. */
#define MEMORY_LIST(type) \
	struct { \
		type *at; \
		size_t n; \
		size_t capacity; \
	}
#define LIST_ADD(list) \
	((list)->at = memory_list_grow((list)->at, (list)->n, &(list)->capacity, sizeof(*(list)->at)), \
	 &(list)->at[(list)->n++])
#define LIST_REMOVE(list, i) memory_list_remove((list)->at, &(list)->n, (i), sizeof(*(list)->at))

struct memory_message {
	struct inbox_message row;
	struct digest16 slot;
	struct digest16 key;
	bool again; /* PENDING because a person retried it, or it is replayed */
	bool replayed;
	enum priority replay_priority;
	int64_t failed_ms;
	struct str reason;
};

struct memory_entity {
	int64_t store_id;
	struct entity entity;
	struct str root_id; /* variant: "" = not known */
	int64_t root_version;
	int64_t root_seq;
	struct tombstone tombstone;
	struct str sku;
	struct str words;
};

struct memory_fact {
	int64_t store_id;
	struct entity entity;
	struct str part;
	int64_t version;
	int64_t seq;
	bool set; /* false: cleared, only remembered */
	struct str body;
};

struct memory_ref {
	int64_t store_id;
	struct entity owner;
	struct str part;
	struct entity target;
};

struct memory_due {
	int64_t store_id;
	struct entity root;
	int64_t due_ms;
	int64_t first_ms;
	int64_t seq;
	int64_t message_id;
	enum priority priority;
};

struct memory_sent {
	int64_t account_id;
	enum klaviyo_kind kind;
	struct str external_id;
	int64_t store_id;
	struct entity root;
	struct sent_state state;
};

/* Roots still to be made due: all of a store (target.id ""), or those that name target. */
struct memory_sweep {
	int64_t store_id;
	struct entity target;
	struct entity after; /* the last one done */
};

struct memory_delivery {
	struct delivery row;
	int64_t batch_id; /* SENDING */
	int64_t ended_ms; /* FAILED, and in the history: when the id sequence stood there */
	bool outlived;	  /* db_maintain came by after the day of its body */
};

struct memory_batch {
	struct outbox_batch row; /* delivery and n are not used */
};

struct memory_store_count {
	struct store_summary row; /* due and held are counted when asked */
};

struct memory_account_count {
	int64_t account_id;
	int64_t created;
	int64_t accepted;
	int64_t failed;
	int64_t skipped;
};

struct memory_cursor {
	int64_t account_id;
	struct str name;
	struct str value;
};

struct memory_reject {
	int64_t import_id;
	struct import_reject row;
};

struct memory_found {
	int64_t task_id;
	struct found_row row;
};

enum memory_erase_phase { ERASE_NEW, ERASE_STOP, ERASE_WAIT, ERASE_SCAN };

struct memory_erase {
	int64_t store_id;
	struct str person_id;
	int64_t until_id; /* the message that erased */
	enum memory_erase_phase phase;
	bool sending;        /* STOP: what is being sent has to end before it is done again */
	int64_t after_id;    /* SCAN: so far the queue was gone through */
	struct entity *root; /* found to be theirs so far */
	size_t n_root;
};

struct memory_erased {
	int64_t store_id;
	struct digest16 digest;
	int64_t at_ms;
};

struct memory {
	struct db db;
	pthread_mutex_t lock;
	_Atomic bool interrupted;
	struct arena arena;
	int64_t last_id;
	int64_t turn_store_id; /* the last store served by a claim */
	int64_t due_turn[PRIORITY_COUNT]; /* the same for due roots */

	int64_t config_version;
	struct str defaults;
	int64_t last_account_id;
	int64_t last_store_id;
	int64_t last_import_id;
	int64_t last_task_id;
	MEMORY_LIST(struct account_row) account; /* by id */
	MEMORY_LIST(struct store_row) store;	 /* by id */
	MEMORY_LIST(struct config_history_row) history; /* by version */

	MEMORY_LIST(struct memory_store_count) store_count;	/* by id */
	MEMORY_LIST(struct memory_account_count) account_count; /* by id */
	MEMORY_LIST(struct memory_message) message;		/* by id */
	MEMORY_LIST(struct memory_entity) entity;		/* by store, kind, id */
	MEMORY_LIST(struct memory_fact) fact;			/* by store, kind, id, part */
	MEMORY_LIST(struct memory_ref) ref;			/* in no order */
	MEMORY_LIST(struct memory_due) due;			/* in no order */
	MEMORY_LIST(struct held_row) held;			/* in no order */
	MEMORY_LIST(struct memory_sent) sent;			/* by account, kind, external id */
	MEMORY_LIST(struct memory_sweep) sweep;			/* oldest first */
	MEMORY_LIST(struct memory_delivery) delivery;		/* undone and failed, by id */
	MEMORY_LIST(struct memory_delivery) ended;		/* accepted and skipped, by id */
	MEMORY_LIST(struct memory_batch) batch;			/* by id */
	MEMORY_LIST(struct budget_row) budget;			/* by account, endpoint */
	MEMORY_LIST(struct memory_cursor) cursor;		/* in no order */
	struct moment noted;					/* wall_ms 0: not yet */
	MEMORY_LIST(struct audit_row) audit;			/* by id */
	int64_t last_user_id;
	int64_t last_grant_id;
	MEMORY_LIST(struct user_row) user;			/* by id */
	MEMORY_LIST(struct grant_row) grant;			/* by id */
	MEMORY_LIST(struct import_job) import;			/* by store, rank, id */
	MEMORY_LIST(struct memory_reject) reject;		/* as read */
	MEMORY_LIST(struct task_row) task;			/* by store, kind, id */
	MEMORY_LIST(struct memory_found) found;			/* by task, kind, external id */
	MEMORY_LIST(struct memory_erase) erase;			/* in no order */
	MEMORY_LIST(struct memory_erased) erased;		/* in no order */
};

/* memory.c */
struct memory *memory_lock(struct db *db); /* checks that db is ours and locks it */
void memory_unlock(struct memory *memory);
void *memory_list_grow(void *at, size_t n, size_t *capacity, size_t size);
void memory_list_remove(void *at, size_t *n, size_t i, size_t size);
int64_t memory_next_id(struct memory *memory, int64_t now_ms);
struct str memory_text(struct memory *memory, struct str text);
struct entity memory_entity_key(struct memory *memory, struct entity entity);
struct entity entity_dup(struct arena *arena, struct entity entity);
/* Gives the row an id and keeps it. */
void memory_audit(struct memory *memory, int64_t now_ms, const struct audit_row *row);
const struct store_row *memory_store(const struct memory *memory,
				     int64_t store_id); /* NULL: unknown or removed */
struct store_summary *memory_store_count(struct memory *memory, int64_t store_id); /* made when missing */
struct memory_account_count *memory_account_count(struct memory *memory, int64_t account_id);

/* memory_config.c */
bool memory_config_version(struct db *db, int64_t *version, struct err *err);
bool memory_config_load(struct db *db, struct arena *arena, struct config_rows *out, struct err *err);
bool memory_config_change(struct db *db, const struct config_change *change, struct err *err);
bool memory_config_history(struct db *db, const struct config_history_filter *filter, struct arena *arena,
			   struct config_history_row **row, size_t *n, struct err *err);

/* memory_inbox.c */
bool memory_inbox_append(struct db *db, const struct inbox_record *record, size_t n,
			 struct inbox_receipt *receipt, struct err *err);
bool memory_inbox_claim(struct db *db, size_t max_n, size_t max_bytes, struct arena *arena,
			struct inbox_message **message, size_t *n, struct err *err);
bool memory_inbox_complete(struct db *db, int64_t now_ms, const struct inbox_result *result, size_t n,
			   struct err *err);
bool memory_inbox_get(struct db *db, int64_t id, struct arena *arena, struct inbox_message *out,
		      struct err *err);
struct memory_message *memory_message(struct memory *memory, int64_t id); /* NULL: none */

struct inbox_receipt memory_append(struct memory *memory, const struct inbox_record *record);

/* memory_import.c */
bool memory_import_put(struct db *db, int64_t now_ms, const struct import_job *job, int64_t *id, struct err *err);
bool memory_import_list(struct db *db, int64_t store_id, struct arena *arena, struct import_job **job, size_t *n,
			struct err *err);
bool memory_import_step(struct db *db, int64_t now_ms, const struct import_step *step,
			struct inbox_receipt *receipt, struct err *err);
bool memory_import_change(struct db *db, int64_t now_ms, int64_t id, const struct import_change *change,
			  struct err *err);
bool memory_import_rejects(struct db *db, int64_t id, struct arena *arena, struct import_reject **reject,
			   size_t *n, struct err *err);
bool memory_import_any_open(const struct memory *memory);
void memory_imports_forget(struct memory *memory, int64_t store_id);
void memory_imports_drop(struct memory *memory, int64_t before_ms); /* those that ended before */

/* memory_task.c */
bool memory_task_put(struct db *db, int64_t now_ms, const struct task_row *task, int64_t *id, struct err *err);
bool memory_task_list(struct db *db, int64_t store_id, struct arena *arena, struct task_row **task, size_t *n, struct err *err);
bool memory_task_step(struct db *db, int64_t now_ms, const struct task_step *step, size_t *n_forgotten, struct err *err);
bool memory_task_change(struct db *db, int64_t now_ms, int64_t id, enum import_action action, struct err *err);
void memory_message_replay(struct memory *memory, int64_t now_ms, int64_t store_id, int64_t id, enum priority priority);
bool memory_replay_list(struct db *db, const struct replay_query *wanted, struct arena *arena, struct replay_row **row,
			size_t *n, int64_t *day, int64_t *after_id, struct err *err);
bool memory_found_list(struct db *db, const struct found_query *wanted, struct arena *arena, struct found **found, size_t *n,
		  struct err *err);
bool memory_task_any_open(const struct memory *memory);
void memory_tasks_forget(struct memory *memory, int64_t store_id);

/* memory_fact.c: applying facts */
struct fact_cause {
	int64_t store_id;
	int64_t message_id;
	int64_t now_ms;
	int64_t due_seq;
	const struct inbox_result *result;
};
void memory_fact_apply(struct memory *memory, const struct fact_cause *cause, const struct fact *fact,
		       struct fact_count *count);
/* What the part of the owner names; part "": all its parts. */
void memory_refs_remove(struct memory *memory, int64_t store_id, struct entity owner, struct str part);
/* Removes the parts of the root that a publication is done with, and the root with its last part. */
void memory_parts_forget(struct memory *memory, const struct catalog_publication *publication);
struct memory_entity *memory_entity(struct memory *memory, int64_t store_id,
				    struct entity entity); /* NULL: none */
struct memory_entity *memory_entity_make(struct memory *memory, int64_t store_id,
					 struct entity entity); /* made when missing */
bool memory_entity_alive(const struct memory *memory, int64_t store_id,
			 struct entity entity); /* a part is set */
void memory_entity_remove(struct memory *memory, int64_t store_id,
			  struct entity entity); /* with facts and refs */
/* The product or category an entity belongs to; id "" if it has none or none is known. */
/* The persons of that customer id but one, as store_kin_choose says; none of "". */
size_t memory_kin(struct memory *memory, int64_t store_id, struct str customer_id, struct entity but,
		  size_t max_n, struct entity *kin);
struct entity memory_root_of(struct memory *memory, int64_t store_id, struct entity entity);

/* memory_due.c: what is to be looked at */
struct memory_due *memory_due(struct memory *memory, int64_t store_id,
			      struct entity root); /* NULL: not due */
void memory_due_touch(struct memory *memory, const struct fact_cause *cause, struct entity root);
/* Makes due at once, as backfill; what is due already only gets the new seq. */
void memory_due_now(struct memory *memory, int64_t store_id, struct entity root, int64_t now_ms, int64_t seq);
/* Makes due at once, with this priority or what is more urgent. */
void memory_due_again(struct memory *memory, int64_t store_id, struct entity root, int64_t now_ms, int64_t seq,
		      enum priority priority);
/* The next products and categories of a store that are known, behind *after, which moves; false: these were the last. */
bool memory_roots_after(struct memory *memory, int64_t store_id, struct entity *after, size_t max_n,
			struct arena *arena, struct entity **root, size_t *n);
/*
 * The next entities that name target, behind *after, at most max_n; *after becomes the last of them. Gives their roots
 * (one may come more than once); false: these were the last.
 */
bool memory_dependants(struct memory *memory, int64_t store_id, struct entity target, struct entity *after,
		       size_t max_n, struct arena *arena, struct entity **root, size_t *n);
void memory_sweep_add(struct memory *memory, int64_t store_id, struct entity target, struct entity after);
bool memory_catalog_sweep(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err);

/* memory_catalog.c: reading */
bool memory_catalog_claim(struct db *db, int64_t now_ms, size_t max_n, struct arena *arena,
			  struct catalog_root **root, size_t *n, int64_t *next_due_ms, struct err *err);
bool memory_catalog_history(struct db *db, int64_t store_id, size_t max_n, size_t *n, struct err *err);
bool memory_catalog_walk(struct db *db, int64_t store_id, struct entity after, size_t max_n, struct arena *arena,
		    struct catalog_root **root, size_t *n, struct err *err);
bool memory_catalog_get(struct db *db, int64_t store_id, struct entity root, struct arena *arena,
			struct catalog_root *out, struct err *err);
bool memory_catalog_find(struct db *db, int64_t store_id, struct str text, struct arena *arena,
			 struct catalog_match **match, size_t *n, struct err *err);
bool memory_catalog_search(struct db *db, int64_t store_id, enum entity_kind kind, struct str text, struct str after,
			   size_t max_n, struct arena *arena, struct str **id, size_t *n, struct err *err);

/* memory_publish.c */
bool memory_catalog_publish(struct db *db, int64_t now_ms, const struct catalog_publication *publication,
			    size_t n, struct err *err);
/* Publishes as by db_catalog_publish, with this priority. */
void memory_publish_now(struct memory *memory, int64_t now_ms, const struct catalog_publication *publication,
			enum priority priority);
struct memory_sent *memory_sent(struct memory *memory, int64_t account_id, enum klaviyo_kind kind,
				struct str external_id); /* NULL: none */
/* The entity's row, made when missing, now of this root. What a store that is gone knew of it is forgotten. */
struct memory_sent *memory_sent_take(struct memory *memory, int64_t account_id, struct found_key key,
				     int64_t store_id, struct entity root);

/* memory_outbox.c */
bool memory_pressure(struct db *db, struct arena *arena, struct store_pressure **row, size_t *n,
		     struct err *err);
bool memory_outbox_lanes(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_lane **lane,
			 size_t *n, struct err *err);
bool memory_outbox_claim(struct db *db, int64_t now_ms, const struct outbox_claim *claim, struct arena *arena,
			 struct outbox_batch *batch, struct err *err);
bool memory_budget_load(struct db *db, struct arena *arena, struct budget_row **row, size_t *n,
			struct err *err);
bool memory_cursor_get(struct db *db, int64_t account_id, struct str name, struct arena *arena,
		       struct str *value, struct err *err);
bool memory_cursor_list(struct db *db, struct str prefix, struct arena *arena, struct cursor_row **row,
			size_t *n, struct err *err);
bool memory_cursor_put_all(struct db *db, int64_t now_ms, const struct cursor_row *row, size_t n,
			   struct err *err);
bool memory_clock_note(struct db *db, struct moment now, int64_t *back_ms, struct err *err);
void memory_budget_save(struct memory *memory, const struct budget_row *budget);
bool memory_delivery_queued(const struct memory_delivery *delivery); /* READY or WAITING */
bool memory_delivery_undone(const struct memory_delivery *delivery);
/* Makes what the delivery waits for as urgent as it is, and so what that waits for. */
void memory_pull_ahead(struct memory *memory, const struct delivery *row);
bool memory_same_entity(const struct delivery *a, const struct delivery *b);
struct memory_delivery *memory_delivery(struct memory *memory, int64_t id); /* undone or failed; NULL: none */
struct delivery delivery_dup(struct arena *arena, const struct delivery *delivery);
/* Adds counts of one lane over rows; lane is looked for or added. */
void memory_lanes(struct memory *memory, int64_t now_ms, struct arena *arena, struct outbox_lane **lane,
		  size_t *n);

/* memory_settle.c */
bool memory_outbox_job(struct db *db, int64_t now_ms, int64_t batch_id, struct str job_id, struct err *err);
bool memory_outbox_settle(struct db *db, int64_t now_ms, const struct outbox_settlement *settlement,
			  struct err *err);
bool memory_outbox_recover(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_batch **batch,
			   size_t *n, struct err *err);
/* Ends an undone or failed delivery as SKIPPED, with its audit row. */
void memory_delivery_skip(struct memory *memory, int64_t now_ms, int64_t id, enum audit_code code,
			  struct str reason);
/* Sets the op of all queued upserts of the delivery's entity to what is known now. */
void memory_ops_renew(struct memory *memory, int64_t account_id, enum klaviyo_kind kind,
		      struct str external_id);
bool memory_delete_ahead(const struct memory *memory, const struct delivery *delivery);
struct audit_row memory_delivery_audit(const struct delivery *delivery, enum audit_code code,
				       struct str reason);

/* memory_people.c */
bool memory_failed_list(struct db *db, const struct failed_filter *filter, struct arena *arena,
			struct failed_row **row, size_t *n, struct err *err);
bool memory_failed_change(struct db *db, int64_t now_ms, const struct failed_change *change,
			  size_t *n_changed, struct err *err);
bool memory_audit_list(struct db *db, const struct audit_filter *filter, struct arena *arena,
		       struct audit_row **row, size_t *n, struct err *err);
bool memory_audit_append(struct db *db, const struct audit_row *row, size_t n, struct err *err);
bool memory_held_list(struct db *db, int64_t store_id, size_t max_n, struct arena *arena,
		      struct held_row **row, size_t *n, struct err *err);
bool memory_delivery_get(struct db *db, int64_t id, struct arena *arena, struct delivery *out,
			 struct err *err);

/* memory_user.c */
bool memory_user_list(struct db *db, struct arena *arena, struct user_row **row, size_t *n, struct err *err);
bool memory_user_change(struct db *db, int64_t now_ms, const struct user_change *change, int64_t *id, struct err *err);
bool memory_grant_find(struct db *db, struct digest16 digest, struct arena *arena, struct grant_row *grant,
			struct user_row *user, struct err *err);
bool memory_grant_list(struct db *db, int64_t user_id, struct arena *arena, struct grant_row **row, size_t *n, struct err *err);
bool memory_grant_change(struct db *db, int64_t now_ms, const struct grant_change *change, int64_t *id, struct err *err);

/* memory_upkeep.c */
bool memory_summary(struct db *db, int64_t now_ms, struct arena *arena, struct summary *out, struct err *err);
bool memory_conserve(struct db *db, struct arena *arena, struct conservation *out, struct err *err);
void memory_interrupt(struct db *db);
bool memory_maintain(struct db *db, int64_t now_ms, const struct retention *retention, bool *more,
		     struct err *err);

/* memory_person.c: what is a person's */
struct memory_person {
	struct memory *memory;
	struct arena *arena;
	int64_t store_id;
	int64_t until_id; /* what came with a later message does not count */
	struct person_terms terms;
	struct entity *root; /* the person, orders, visitors */
	size_t n_root;
};
/* With what was found before. */
void memory_person_begin(struct memory_person *person, struct str person_id, const struct entity *known, size_t n_known);
/* Adds the roots whose facts name them. */
void memory_person_facts(struct memory_person *person);
/* Adds what is an order: of a delivery of theirs. */
void memory_person_order(struct memory_person *person, struct entity root);
void memory_person_orders_ended(struct memory_person *person);
bool memory_person_delivery(const struct memory_person *person, const struct delivery *row);
bool memory_person_sent(const struct memory_person *person, const struct memory_sent *sent);
/* Also by the audit rows of the roots. */
bool memory_person_message(const struct memory_person *person, const struct inbox_message *message);
bool memory_person_audit(const struct memory_person *person, const struct audit_row *row);

/* memory_erase.c */
void memory_erase_begin(struct memory *memory, const struct fact_cause *cause, const struct fact *fact);
/* Entities of a store that was removed; but those by which somebody's are found who are being erased. */
void memory_entities_forget(struct memory *memory, int64_t store_id);
/* Can anything be done now of an erasure that is under way? */
bool memory_erase_any_due(const struct memory *memory);
/* Is the person being erased? */
bool memory_erase_is(struct memory *memory, int64_t store_id, struct str person_id);
/* Has what is queued of the person yet to be stopped? */
bool memory_erase_runs(struct memory *memory, int64_t store_id, struct str person_id);
/* Is the root somebody's who is being erased, and not one who is to be told of it? */
bool memory_erase_owns(struct memory *memory, int64_t store_id, struct entity root);
bool memory_erase_stops(struct memory *memory, int64_t store_id, const struct fact *fact, enum priority priority);
/* What is left of an order by a fact that was stopped: nothing, if nobody knew it. */
void memory_erase_late(struct memory *memory, const struct fact_cause *cause, const struct fact *fact);
bool memory_person_find(struct db *db, struct person_search *search, size_t max_n, struct arena *arena,
			struct person_page *page, struct err *err);
bool memory_person_purge(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err);

/* ---- memory_due_turn.c ---- */

/* One priority's part of a claim: what is due, in turn over the stores. */
struct memory_due_claim {
	int64_t now_ms;
	enum priority priority;
	size_t max_n;
	const struct memory_due **due; /* set, in the arena */
	size_t n;
	size_t n_first;                /* so many are of the equal shares */
};

void memory_due_sort(struct memory *memory);
/* Of the sorted list. */
void memory_due_take(const struct memory *memory, struct memory_due_claim *claim, struct arena *arena);
/* The first n were served. */
void memory_due_end_turn(struct memory *memory, const struct memory_due_claim *claim, size_t n);

/* ---- memory_former.c: people whose profile gets another address ---- */
/* The person_now of an event, borrowed. */
struct str memory_person_now(const struct memory *memory, const struct delivery *event);
/* The same, and where the moves that are still to come lead. */
struct str memory_person_to_be(const struct memory *memory, const struct delivery *event);
/* Does what is told of somebody, or the move itself, wait because of a move? */
bool memory_is_moving(struct memory *memory, const struct delivery *row);
/* Has the older of two deliveries of a profile to leave although there is a newer one, because that would not find the profile? */
bool memory_move_stays(const struct memory *memory, const struct delivery *older, const struct delivery *newer);
/* Has the profile of the address that a consent is about gone to another one? */
bool memory_consent_has_moved(struct memory *memory, const struct delivery *consent);
/* What became of a delivery, before it is written: notes whether its person has left a former address. */
void memory_former_learn(struct memory *memory, const struct delivery *delivery, const struct delivery_settlement *settlement);
/* Ends the consents to mail of a former address that is left, once the move from there was accepted. */
void memory_former_end(struct memory *memory, int64_t now_ms, const struct delivery *move);

#endif
