#ifndef PANNIER_STORE_STORE_H
#define PANNIER_STORE_STORE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "store/store_rows.h"
#include "store/store_task.h"

/*
 * The durable store: domain verbs over one database. `struct db` is the handle ("store" is the word for a shop).
 *
 * One verb is one transaction: durable (committed and synced) when it returns true, not happened at all when false. Verbs
 * take and return batches and are idempotent where a repeat can happen. No caller ever holds a transaction; time is an
 * argument; row ids come from the store and grow with time. Every verb may be called from any thread.
 *
 * Errors common to all: ERR_BUSY (the backend's lock or connection was not to be had within 5 s; try again),
 * ERR_FATAL (the disk failed, fsync failed, or the database is corrupt: stop the process). ERR_TOO_LARGE: disk full.
 * Others are named at the verb.
 *
 * Ownership by nodes: a db is opened with the epoch of its lease; verbs of the map, publish and deliver stages work only on
 * what this epoch owns, and a fenced epoch gets ERR_CONFLICT. SQLite owns everything forever with epoch 1.
 *
 * History (messages, finished deliveries, audit) lives in day tables that retain drops whole. Counters are kept inside the
 * transactions, nothing is counted by scanning.
 */
struct db;

/* Ceilings of the verbs below. */
#define STORE_APPEND_MAX 4096         /* records of one inbox_append */
#define STORE_VARIANTS_MAX 2000       /* variants of a root that a claim brings */
#define STORE_ANCESTORS_MAX 20        /* levels of categories above one that is named */
#define STORE_DEPENDANTS_AT_ONCE 1000 /* roots made due in one step because something they name changed */
#define STORE_CLAIM_BYTES ((size_t)16 << 20) /* a catalog_claim stops when its facts' bodies pass this */
#define STORE_REJECTS_MAX 1000        /* rejected rows kept of an import */
#define STORE_HISTORY_MAX 10000       /* changes of configuration that are kept */
#define STORE_FIND_MAX 20
#define STORE_KIN_MAX 16              /* persons of one customer id that a claim brings */
#define STORE_KIN_LOOK_MAX 256        /* of so many of them, by id, these are the last that the shop told of; all are erased together */
#define STORE_TASKS_KEPT 10           /* tasks that ended, of a store and kind */
#define STORE_TASK_TEXT_MAX 10000     /* bytes of a task's options, place, report */
#define STORE_USERS_MAX 10000          /* users; and grants of one user */
#define STORE_FAILED_CHANGE_MAX 10000 /* rows changed by one failed_change without ids */
#define STORE_HOLD_ATTEMPTS 5
#define STORE_HOLD_MS INT64_C(3600000)
#define STORE_DUE_COUNT_MAX 1000      /* WAITING deliveries that are due are counted up to this */

struct db_config {
	const char *location;   /* folder for sqlite; ignored by memory */
	int64_t owner_epoch;    /* 1 for a single node */
	int64_t now_ms;
};

struct db_ops {
	const char *name;
	bool (*open)(const struct db_config *config, struct db **out, struct err *err);
	void (*close)(struct db *db);

	/* settings */
	bool (*config_version)(struct db *db, int64_t *version, struct err *err);
	bool (*config_load)(struct db *db, struct arena *arena, struct config_rows *out, struct err *err);
	bool (*config_change)(struct db *db, const struct config_change *change, struct err *err);
	bool (*config_history)(struct db *db, const struct config_history_filter *filter, struct arena *arena,
			       struct config_history_row **row, size_t *n, struct err *err);

	/* inbox */
	bool (*inbox_append)(struct db *db, const struct inbox_record *record, size_t n, struct inbox_receipt *receipt,
			     struct err *err);
	bool (*inbox_claim)(struct db *db, size_t max_n, size_t max_bytes, struct arena *arena,
			    struct inbox_message **message, size_t *n, struct err *err);
	bool (*inbox_complete)(struct db *db, int64_t now_ms, const struct inbox_result *result, size_t n,
			       struct err *err);
	bool (*inbox_get)(struct db *db, int64_t id, struct arena *arena, struct inbox_message *out, struct err *err);

	/* imports */
	bool (*import_put)(struct db *db, int64_t now_ms, const struct import_job *job, int64_t *id, struct err *err);
	bool (*import_list)(struct db *db, int64_t store_id, struct arena *arena, struct import_job **job, size_t *n,
			    struct err *err);
	bool (*import_step)(struct db *db, int64_t now_ms, const struct import_step *step, struct inbox_receipt *receipt,
			    struct err *err);
	bool (*import_change)(struct db *db, int64_t now_ms, int64_t id, const struct import_change *change,
			      struct err *err);
	bool (*import_rejects)(struct db *db, int64_t id, struct arena *arena, struct import_reject **reject, size_t *n,
			       struct err *err);

	/* tasks */
	bool (*task_put)(struct db *db, int64_t now_ms, const struct task_row *task, int64_t *id, struct err *err);
	bool (*task_list)(struct db *db, int64_t store_id, struct arena *arena, struct task_row **task, size_t *n,
			  struct err *err);
	bool (*task_step)(struct db *db, int64_t now_ms, const struct task_step *step, size_t *n_forgotten, struct err *err);
	bool (*task_change)(struct db *db, int64_t now_ms, int64_t id, enum import_action action, struct err *err);
	bool (*replay_list)(struct db *db, const struct replay_query *query, struct arena *arena, struct replay_row **row, size_t *n,
			    int64_t *day, int64_t *after_id, struct err *err);
	bool (*found_list)(struct db *db, const struct found_query *query, struct arena *arena, struct found **found, size_t *n,
			   struct err *err);

	/* catalog */
	bool (*catalog_claim)(struct db *db, int64_t now_ms, size_t max_n, struct arena *arena,
			      struct catalog_root **root, size_t *n, int64_t *next_due_ms, struct err *err);
	bool (*catalog_get)(struct db *db, int64_t store_id, struct entity root, struct arena *arena,
			    struct catalog_root *out, struct err *err);
	bool (*catalog_walk)(struct db *db, int64_t store_id, struct entity after, size_t max_n, struct arena *arena,
			     struct catalog_root **root, size_t *n, struct err *err);
	bool (*catalog_history)(struct db *db, int64_t store_id, size_t max_n, size_t *n, struct err *err);
	bool (*catalog_publish)(struct db *db, int64_t now_ms, const struct catalog_publication *publication, size_t n,
				struct err *err);
	bool (*catalog_sweep)(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err);
	bool (*catalog_search)(struct db *db, int64_t store_id, enum entity_kind kind, struct str text, struct str after, size_t max_n,
			       struct arena *arena, struct str **id, size_t *n, struct err *err);
	bool (*catalog_find)(struct db *db, int64_t store_id, struct str text, struct arena *arena,
			     struct catalog_match **match, size_t *n, struct err *err);

	/* outbox */
	bool (*outbox_lanes)(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_lane **lane, size_t *n,
			     struct err *err);
	bool (*outbox_claim)(struct db *db, int64_t now_ms, const struct outbox_claim *claim, struct arena *arena,
			     struct outbox_batch *batch, struct err *err);
	bool (*outbox_job)(struct db *db, int64_t now_ms, int64_t batch_id, struct str job_id, struct err *err);
	bool (*outbox_settle)(struct db *db, int64_t now_ms, const struct outbox_settlement *settlement,
			      struct err *err);
	bool (*outbox_recover)(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_batch **batch,
			       size_t *n, struct err *err);
	bool (*budget_load)(struct db *db, struct arena *arena, struct budget_row **row, size_t *n, struct err *err);
	bool (*pressure)(struct db *db, struct arena *arena, struct store_pressure **row, size_t *n, struct err *err);
	bool (*cursor_get)(struct db *db, int64_t account_id, struct str name, struct arena *arena, struct str *value,
			   struct err *err);
	bool (*cursor_list)(struct db *db, struct str prefix, struct arena *arena, struct cursor_row **row, size_t *n,
			    struct err *err);
	bool (*cursor_put_all)(struct db *db, int64_t now_ms, const struct cursor_row *row, size_t n, struct err *err);
	bool (*clock_note)(struct db *db, struct moment now, int64_t *back_ms, struct err *err);

	/* people */
	bool (*failed_list)(struct db *db, const struct failed_filter *filter, struct arena *arena,
			    struct failed_row **row, size_t *n, struct err *err);
	bool (*failed_change)(struct db *db, int64_t now_ms, const struct failed_change *change, size_t *n_changed,
			      struct err *err);
	bool (*audit_list)(struct db *db, const struct audit_filter *filter, struct arena *arena, struct audit_row **row,
			   size_t *n, struct err *err);
	bool (*audit_append)(struct db *db, const struct audit_row *row, size_t n, struct err *err);
	bool (*held_list)(struct db *db, int64_t store_id, size_t max_n, struct arena *arena, struct held_row **row,
			  size_t *n, struct err *err);
	bool (*delivery_get)(struct db *db, int64_t id, struct arena *arena, struct delivery *out, struct err *err);
	bool (*person_find)(struct db *db, struct person_search *search, size_t max_n, struct arena *arena,
			    struct person_page *page, struct err *err);
	bool (*summary)(struct db *db, int64_t now_ms, struct arena *arena, struct summary *out, struct err *err);

	/* users */
	bool (*user_list)(struct db *db, struct arena *arena, struct user_row **row, size_t *n, struct err *err);
	bool (*user_change)(struct db *db, int64_t now_ms, const struct user_change *change, int64_t *id, struct err *err);
	bool (*grant_find)(struct db *db, struct digest16 digest, struct arena *arena, struct grant_row *grant,
			   struct user_row *user, struct err *err);
	bool (*grant_list)(struct db *db, int64_t user_id, struct arena *arena, struct grant_row **row, size_t *n,
			   struct err *err);
	bool (*grant_change)(struct db *db, int64_t now_ms, const struct grant_change *change, int64_t *id,
			     struct err *err);

	/* upkeep */
	bool (*conserve)(struct db *db, struct arena *arena, struct conservation *out, struct err *err);
	void (*interrupt)(struct db *db);
	bool (*maintain)(struct db *db, int64_t now_ms, const struct retention *retention, bool *more, struct err *err);
	bool (*person_purge)(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err);
};

/* Backends; the caller owns *out and closes it with db_close. */
extern const struct db_ops db_sqlite_ops;
extern const struct db_ops db_memory_ops;

/* Every backend (and the fault wrapper of the tests) embeds this first. */
struct db {
	const struct db_ops *ops;
};

bool db_open(const struct db_ops *ops, const struct db_config *config, struct db **out, struct err *err) MUST_CHECK;
void db_close(struct db *db); /* NULL allowed */

/* ---- settings ---- */

/* Grows by one with each change of configuration, from any process. Cheap enough to ask 100 times a second. */
bool db_config_version(struct db *db, int64_t *version, struct err *err) MUST_CHECK;
/* All accounts and stores with their settings, the installation's defaults, and the version they were read at. */
bool db_config_load(struct db *db, struct arena *arena, struct config_rows *out, struct err *err) MUST_CHECK;
/*
 * Puts or removes one account or store, or puts the defaults, and writes the audit row. Ids are given by the store, from 1, never again.
 * ERR_CONFLICT: expected_version is not the current one. ERR_NOT_FOUND: no account or store of that id. ERR_INVALID: an
 * account that stores still use is removed; a name is taken; a store of no account.
 * Removing a store drops its imports and what is pending or failed of it: messages end as discarded (one audit row says how many),
 * deliveries as skipped "store removed"; those being sent end when they are settled. History stays, the catalog goes.
 */
bool db_config_change(struct db *db, const struct config_change *change, struct err *err) MUST_CHECK;
/* The newest STORE_HISTORY_MAX changes that the filter lets through, newest first; row[n-1].version is the cursor for the next page. */
bool db_config_history(struct db *db, const struct config_history_filter *filter, struct arena *arena,
		       struct config_history_row **row, size_t *n, struct err *err) MUST_CHECK;

/* ---- inbox: raw messages as received ---- */

/*
 * Appends n records (1..4096) in one transaction. receipt[i] says NEW with the message's id, or DUPLICATE with the id of
 * the message it repeats: the newest record with the same (store, slot) has the same key. A duplicate is not stored; its audit
 * row is. Duplicates within one call are found too. Duplicates are remembered for at least 4 days.
 * A record of a store that is not (or no longer) configured is kept, NEW, and ends as discarded at once.
 */
bool db_inbox_append(struct db *db, const struct inbox_record *record, size_t n, struct inbox_receipt *receipt,
		     struct err *err) MUST_CHECK;
/*
 * The next pending messages, at most max_n and about max_bytes of bodies, in order of receipt within each store, stores in
 * turn so that a flooding one delays others by one share: one after another gets store_turn_rows rows (and as much of max_bytes
 * as these are of max_n) until the claim is full, then what is left over goes to those of them that have more. max_n >= 1.
 * Claims nothing durable: one mapper runs per owner. n may be 0.
 */
bool db_inbox_claim(struct db *db, size_t max_n, size_t max_bytes, struct arena *arena, struct inbox_message **message,
		    size_t *n, struct err *err) MUST_CHECK;
/*
 * Ends n claimed messages: applies their facts (fact_wins, tombstone_stops), makes touched roots due, writes audit. A store's
 * results must come in the order and without gaps as claimed (messages that a person retried may come any time);
 * ERR_CONFLICT if another owner was faster, or the store was removed (nothing is changed).
 *
 * Applying a fact: FACT_SET stores body, version and refs of the part; FACT_CLEAR forgets the part (but remembers version so
 * that an older SET does not bring it back); FACT_DELETE removes the parts it wins against (all, unless a newer version is
 * known already) and leaves a tombstone. A fact that loses or is stopped changes nothing and is counted in the audit row
 * (stale, tombstoned). An entity is deleted while it has a tombstone and no part that is set; once it has parts again its
 * tombstone stops only what has an older version. So any order of versioned facts ends in the same catalog.
 *
 * An applied fact makes due: its entity if a root; its root if known; every root whose refs name the entity - for a
 * category only when it comes into being or is deleted (its name alone concerns no product). A variant learns its root from
 * the newest fact that names it, even if the part is stale; the root it leaves becomes due as well. Due means: due_ms =
 * min(now + quiet, first + max), where first is when the root became due. A person's kin become due with it (STORE_KIN_MAX), and
 * are erased with it (STORE_KIN_LOOK_MAX). Of more than STORE_DEPENDANTS_AT_ONCE dependants the rest are left to db_catalog_sweep.
 */
bool db_inbox_complete(struct db *db, int64_t now_ms, const struct inbox_result *result, size_t n,
		       struct err *err) MUST_CHECK;
/* ERR_NOT_FOUND: never existed or retention dropped it. Of history that was understood (MAPPED, BACKFILL) the body is "". */
bool db_inbox_get(struct db *db, int64_t id, struct arena *arena, struct inbox_message *out, struct err *err) MUST_CHECK;

/* ---- imports: files of history, and what is pulled from shops ---- */

/*
 * A job for a file, OPEN; of job these count: store_id, rank, pull, path, options, fingerprint, size, per_minute. If the store has an
 * unfinished one of the same fingerprint that one is meant: it gets the path, and goes on where it is (OPEN). ERR_NOT_FOUND: no
 * such store.
 */
bool db_import_put(struct db *db, int64_t now_ms, const struct import_job *job, int64_t *id, struct err *err) MUST_CHECK;
/* Jobs of a store (0 = all), ended ones too, by store, rank and id. Those of a removed store go with it. */
bool db_import_list(struct db *db, int64_t store_id, struct arena *arena, struct import_job **job, size_t *n,
		    struct err *err) MUST_CHECK;
/*
 * Takes in a piece of a file, or of a page: its records as by db_inbox_append, the job's place and counts, in one transaction; without
 * records also what it waits for (due_ms, attempts, reason). Any change of state forgets these. ERR_CONFLICT: the
 * job is not OPEN, or stands elsewhere (somebody was faster, or this is a repeat): nothing is changed.
 */
bool db_import_step(struct db *db, int64_t now_ms, const struct import_step *step, struct inbox_receipt *receipt,
		    struct err *err) MUST_CHECK;
/*
 * PAUSE: OPEN -> PAUSED. RESUME: PAUSED, FAILED -> OPEN. CANCEL: these three -> CANCELLED. A job that is there already is left as it
 * is. ERR_NOT_FOUND; ERR_CONFLICT: it has ended.
 */
bool db_import_change(struct db *db, int64_t now_ms, int64_t id, const struct import_change *change,
		      struct err *err) MUST_CHECK;
/* The rejected rows that are kept of a job, in the order they were read. */
bool db_import_rejects(struct db *db, int64_t id, struct arena *arena, struct import_reject **reject, size_t *n,
		       struct err *err) MUST_CHECK;

/* ---- tasks: reconcile, replay ---- */

/*
 * A task, OPEN; of task these count: store_id, kind, options, reason (who asked for it). While the store has an unfinished one (OPEN or
 * PAUSED) of the kind and the same options that one is meant, and goes on (OPEN); with other options: ERR_CONFLICT. Of those that ended
 * STORE_TASKS_KEPT stay, by store and kind. ERR_NOT_FOUND: no such store.
 */
bool db_task_put(struct db *db, int64_t now_ms, const struct task_row *task, int64_t *id, struct err *err) MUST_CHECK;
/* Tasks of a store (0 = all), ended ones too, by store, kind and id. Those of a removed store go with it. */
bool db_task_list(struct db *db, int64_t store_id, struct arena *arena, struct task_row **task, size_t *n,
		  struct err *err) MUST_CHECK;
/*
 * One piece of a task's work and the task's place, in one transaction. ERR_CONFLICT: the task is not OPEN, or stands elsewhere (somebody
 * was faster, or this is a repeat): nothing is changed. *n_forgotten: rows that step->forget named and that are gone now; fewer than
 * forget_max: there are no more.
 */
bool db_task_step(struct db *db, int64_t now_ms, const struct task_step *step, size_t *n_forgotten, struct err *err) MUST_CHECK;
/* As db_import_change; THROTTLE changes nothing. */
bool db_task_change(struct db *db, int64_t now_ms, int64_t id, enum import_action action, struct err *err) MUST_CHECK;
/*
 * The next messages or deliveries that could be replayed, at most max_n: messages by id, deliveries by the day they ended and then by id.
 * *day, *after_id: where to go on; *day -1: there are no more. A page may be empty before that. Deliveries that failed are not among
 * them: they are retried (db_failed_change).
 */
bool db_replay_list(struct db *db, const struct replay_query *query, struct arena *arena, struct replay_row **row, size_t *n,
		    int64_t *day, int64_t *after_id, struct err *err) MUST_CHECK;
/* What a task found, with what the account was told of it; those named, or a walk by kind and id. ERR_NOT_FOUND: no such task. */
bool db_found_list(struct db *db, const struct found_query *query, struct arena *arena, struct found **found, size_t *n,
		   struct err *err) MUST_CHECK;

/* ---- catalog: facts of roots, what was last sent ---- */

/*
 * Roots whose due_ms has passed: live ones (priority REALTIME), then replays and history, which always get a sixteenth of max_n,
 * half of it each; of all three the stores in turn, with store_turn_rows rows each, a store's oldest first.
 * Each with all it needs to be merged: facts of itself, its variants (at most STORE_VARIANTS_MAX), of what they name, of the
 * categories above a named one (STORE_ANCESTORS_MAX levels), of all markets and store groups (not for a person); for an order or
 * visitor also the products of variants and what these products name; for a person the kin, others with the same customer id (member
 * "customer_id" of the customer part; at most STORE_KIN_MAX, those whose part came last), for an order the persons of its customer
 * id if there are several, for a visitor those of the customer ids of whom its parts name (STORE_KIN_MAX of these); and what the
 * store's account was last told.
 * entity: the root first, then by kind and id; facts in that order, then by part; sent by kind and external id, kin_sent by person
 * first. Claims nothing durable.
 * Ends early past STORE_CLAIM_BYTES of bodies. *next_due_ms: when to ask again if n is 0; INT64_MAX if nothing is due at all.
 */
bool db_catalog_claim(struct db *db, int64_t now_ms, size_t max_n, struct arena *arena, struct catalog_root **root,
		      size_t *n, int64_t *next_due_ms, struct err *err) MUST_CHECK;
/* One root, due or not. ERR_NOT_FOUND: nothing is known of it. */
bool db_catalog_get(struct db *db, int64_t store_id, struct entity root, struct arena *arena, struct catalog_root *out,
		    struct err *err) MUST_CHECK;
/* The products and categories of a store that are known, by kind and id, behind `after` (id "" = from the beginning), at most max_n, as
 * by db_catalog_claim; ends early past STORE_CLAIM_BYTES of bodies, but gives one. n 0: there are no more. */
bool db_catalog_walk(struct db *db, int64_t store_id, struct entity after, size_t max_n, struct arena *arena,
		     struct catalog_root **root, size_t *n, struct err *err) MUST_CHECK;
/* How many roots of a store are due because of history (REPLAY, BACKFILL), counted up to max_n. */
bool db_catalog_history(struct db *db, int64_t store_id, size_t max_n, size_t *n, struct err *err) MUST_CHECK;
/*
 * Ends n claimed roots in one step: creates their deliveries, records what is now wanted, holds or releases, writes audit. If facts
 * of a root changed since the claim (its due_seq differs) the root stays due. A root that is no longer due was published
 * before (a repeat after a lost answer): nothing happens. Nor if the store was removed or has another account now: then
 * the root stays due.
 *
 * A new delivery replaces those of the same Klaviyo entity that are still queued (READY or WAITING, never SENDING) from earlier
 * publications: they end as skipped, "replaced by". Except that a queued delete stays if the entity has to be deleted
 * before it can be created under another parent, and a profile that moves if the newer one would not find it: it comes from elsewhere, or
 * has been elsewhere in between. Create or update is decided here, by whether Klaviyo has the entity;
 * the op of queued deliveries follows when that changes. A delete of what never left ends at once as skipped, "never
 * reached Klaviyo"; so does the update of a profile, "Klaviyo has it already", that replaces others and says what was accepted last,
 * if nothing of the profile has left since then. Events, profiles and consent go as they are (store_rows.h, klaviyo_kind).
 * Subscriptions to be withdrawn that are still queued end as skipped. Parts to be forgotten go; with again_ms the root stays
 * due. Priority: that of the most urgent message that made the root due (backfill if only a sweep did); never below that of what
 * is replaced. What stands before it and has to end first becomes as urgent as it is.
 */
bool db_catalog_publish(struct db *db, int64_t now_ms, const struct catalog_publication *publication, size_t n,
			struct err *err) MUST_CHECK;
/* After a change of settings (config_change with sweep), or of something that very many roots name: makes the next max_n roots
 * due, at once and with priority backfill; those due already stay as they are. *more: call again. Cheap when there is none. */
bool db_catalog_sweep(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err) MUST_CHECK;
/* Entities of a store (0 = all) whose id, key (member "sku" of the base part, a person's customer id) or Klaviyo external id is
 * exactly text, in this order; at most STORE_FIND_MAX. By external id the root itself is given. */
bool db_catalog_find(struct db *db, int64_t store_id, struct str text, struct arena *arena, struct catalog_match **match,
		     size_t *n, struct err *err) MUST_CHECK;

/*
 * Ids of products or categories of a store, behind after ("" = all), in their order: those that are called so. text, 1 to 200 bytes
 * of UTF-8, stands somewhere in a title or SKU of theirs, or of a variant of theirs, in any language and whatever the case; or, as it
 * is written, in an id. Of what is deleted only its own id is left. A variant that its product does not name any more counts until it is
 * deleted.
 */
bool db_catalog_search(struct db *db, int64_t store_id, enum entity_kind kind, struct str text, struct str after, size_t max_n,
		       struct arena *arena, struct str **id, size_t *n, struct err *err) MUST_CHECK;

/* ---- outbox: deliveries on their way ---- */

/* Stores with messages to be mapped or roots to be published, by id. Cheap, however many there are of these. */
bool db_pressure(struct db *db, struct arena *arena, struct store_pressure **row, size_t *n, struct err *err) MUST_CHECK;
/* Lanes with something in them: one row per (account, kind, op, priority), in this order. Cheap, however much is in them. */
bool db_outbox_lanes(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_lane **lane, size_t *n,
		     struct err *err) MUST_CHECK;
/*
 * Takes deliveries of one lane into a new batch: READY or due WAITING -> SENDING, and saves the budget row (that of the claim, or its
 * alone), in one transaction.
 * Of one Klaviyo entity only the oldest undone delivery may leave; but an event that is told again is the same one, in any order. Besides:
 *   variant create   waits while its item's create is undone
 *   item create, update  wait while a category create of the account is READY or SENDING
 *   item delete      waits while a delivery of one of its variants is undone
 *   category delete  waits while an item update of the account that is older is READY or SENDING
 *   event            waits while an older one of its person (parent_external_id) and priority is SENDING, or WAITING and not
 *                    due before it. But events carry their own time: what was tried STORE_HOLD_ATTEMPTS times, or
 *                    waits for longer than STORE_HOLD_MS, holds nobody back any more
 *   consent create   waits while its root is due within STORE_HOLD_MS: what it says may be withdrawn
 *   event, consent   wait while a profile of their person that has a former address is undone, and not tried STORE_HOLD_ATTEMPTS times
 *   event            waits as long for a younger profile that was looked for by the address of its person, or of its person_now: SENDING,
 *                    or an update; and while a profile of its person_now that has a former address is undone
 *   consent          waits as long for a profile that was looked for by the address the consent is about
 *   profile          with a former address: waits while an event or consent of that address is SENDING, or an event of one before that
 *   event            waits while its person is being erased and the deletion of the profile is yet to come, or undone: it would go with it
 *   profile create   waits as long for older ones of the profile under the former address
 *   profile delete   waits while its person is being erased and db_person_purge has yet to end what could leave behind it
 *   notice           waits while an older one of its store (parent_external_id) and priority is WAITING or SENDING
 * So an event of a former address leaves before the profile has left that address, or after; then under the address that the
 * profile has now: person_now. That is found by the moves that were accepted of deliveries made after it, by stores there are, one
 * after the other; of the moves to one address the last is known. Consent that waits when a move is accepted, or is to be sent again
 * after it, ends as skipped, unless Klaviyo kept a profile there or somebody is to get the address.
 * batch->n may be 0: nothing may leave now; then no batch is made and the budget is not saved. So it is where nobody wants what would
 * be taken (unwanted): that ends as skipped, batch->n_skipped of them.
 * Order: first what waited, by due_ms, then READY by id. A delivery of another batch_max than the first, or consent of another
 * parent_external_id, ends the batch.
 */
bool db_outbox_claim(struct db *db, int64_t now_ms, const struct outbox_claim *claim, struct arena *arena,
		     struct outbox_batch *batch, struct err *err) MUST_CHECK;
/* Klaviyo accepted the batch as a bulk job: its id, at once, so that a crash does not forget it. ERR_NOT_FOUND: the batch is
 * not open. */
bool db_outbox_job(struct db *db, int64_t now_ms, int64_t batch_id, struct str job_id, struct err *err) MUST_CHECK;
/*
 * What became of each delivery of a batch (or of some; the batch ends when none is left SENDING). Deliveries that are not
 * SENDING in this batch are passed over, so that a repeat is harmless.
 * READY, WAITING: unless a newer delivery of the entity is queued; then it ends as skipped, "replaced by". An event that is to
 * be READY becomes WAITING and due, ahead of all others. Of a store that was removed meanwhile only ACCEPTED counts;
 * anything else ends as skipped.
 */
bool db_outbox_settle(struct db *db, int64_t now_ms, const struct outbox_settlement *settlement,
		      struct err *err) MUST_CHECK;
/* At start: batches with a job id are returned, to be polled on; deliveries of batches without one go back to READY in their
 * order ("answer lost", not an attempt; as by db_outbox_settle). */
bool db_outbox_recover(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_batch **batch, size_t *n,
		       struct err *err) MUST_CHECK;
/* What was used of each budget when it was last saved. */
bool db_budget_load(struct db *db, struct arena *arena, struct budget_row **row, size_t *n, struct err *err) MUST_CHECK;

/* How far something outside an account's outbox was read (name: 1..64 bytes; value: at most 1,000). *value "" if it never was. */
bool db_cursor_get(struct db *db, int64_t account_id, struct str name, struct arena *arena, struct str *value,
		   struct err *err) MUST_CHECK;
bool db_cursor_put(struct db *db, int64_t now_ms, int64_t account_id, struct str name, struct str value,
		   struct err *err) MUST_CHECK;
/* Those of all accounts whose names begin so, by account and name. */
bool db_cursor_list(struct db *db, struct str prefix, struct arena *arena, struct cursor_row **row, size_t *n,
		    struct err *err) MUST_CHECK;
/* Many at once: what is asked of a thousand accounts is noted in one step. n 0: nothing happens. */
bool db_cursor_put_all(struct db *db, int64_t now_ms, const struct cursor_row *row, size_t n, struct err *err) MUST_CHECK;

/*
 * What time it is. When the wall clock has gone back by a second or more since the last note, all that is due later (deliveries,
 * roots, the age of batches) is set earlier by as much, so that nothing waits for longer than it was meant to: *back_ms, else 0.
 * A clock that goes forward makes things due early; that is all.
 */
bool db_clock_note(struct db *db, struct moment now, int64_t *back_ms, struct err *err) MUST_CHECK;

/* ---- people: what a person looks at and decides ---- */

/* Messages and deliveries together, by id; row[n-1].id is the cursor for the next page. */
bool db_failed_list(struct db *db, const struct failed_filter *filter, struct arena *arena, struct failed_row **row,
		    size_t *n, struct err *err) MUST_CHECK;
/*
 * Retry: a failed delivery goes back to READY (lane retry, or replay as before, attempts 0), unless a newer one of its entity was
 * made: then it ends as skipped, "replaced by"; a failed message is mapped again. Discard: it ends as skipped with the person's reason.
 * ERR_NOT_FOUND if an id named is not a failed one (nothing is changed). Without ids the oldest STORE_FAILED_CHANGE_MAX
 * are changed: call again while *n_changed is not 0.
 */
bool db_failed_change(struct db *db, int64_t now_ms, const struct failed_change *change, size_t *n_changed,
		      struct err *err) MUST_CHECK;
/* Newest first; row[n-1].id is the cursor for the next page, with filter->look its next_id. */
bool db_audit_list(struct db *db, const struct audit_filter *filter, struct arena *arena, struct audit_row **row, size_t *n,
		   struct err *err) MUST_CHECK;
/* For what changes no state (a refused request). Ids of the rows are given by the store; at_ms is kept. */
bool db_audit_append(struct db *db, const struct audit_row *row, size_t n, struct err *err) MUST_CHECK;
/* Oldest first. */
bool db_held_list(struct db *db, int64_t store_id, size_t max_n, struct arena *arena, struct held_row **row, size_t *n,
		  struct err *err) MUST_CHECK;
/* Pending, failed or finished. ERR_NOT_FOUND: never existed or retention dropped it. The body of a finished one goes
 * delivery_days after it was made (of history's events, profiles and consent when it ends), the row delivery_days after it ended:
 * when db_maintain comes by. A day it found past stays past, though the clock goes back. person_now: whom an event that is told
 * again is of. */
bool db_delivery_get(struct db *db, int64_t id, struct arena *arena, struct delivery *out, struct err *err) MUST_CHECK;
/*
 * The next step of a walk through all that is kept of a person of a store: about max_n rows, in the arena, which also holds what
 * the search remembers. A page may be empty before the end (search->source PERSON_SOURCE_COUNT). A person is told by the e-mail
 * address or phone number, in any text, and by the orders and visitors whose facts name them.
 */
bool db_person_find(struct db *db, struct person_search *search, size_t max_n, struct arena *arena,
		    struct person_page *page, struct err *err) MUST_CHECK;
bool db_summary(struct db *db, int64_t now_ms, struct arena *arena, struct summary *out, struct err *err) MUST_CHECK;

/* ---- users: who may look and change ---- */

/* All users, by name. */
bool db_user_list(struct db *db, struct arena *arena, struct user_row **row, size_t *n, struct err *err) MUST_CHECK;
/*
 * One change of one user (store_user.h) and its audit row; *id: the user's. ERR_NOT_FOUND: no such user. ERR_CONFLICT: another version
 * than row.version; `first` but there are users; no owner would be left that could sign in (a PUT or REMOVE of the last
 * unlimited owner with a password). ERR_INVALID: the name is taken. ERR_TOO_LARGE: STORE_USERS_MAX.
 */
bool db_user_change(struct db *db, int64_t now_ms, const struct user_change *change, int64_t *id,
		    struct err *err) MUST_CHECK;
/* The grant of that digest and its user, expired or not. ERR_NOT_FOUND. */
bool db_grant_find(struct db *db, struct digest16 digest, struct arena *arena, struct grant_row *grant,
		   struct user_row *user, struct err *err) MUST_CHECK;
/* Grants of a user (0 = of all), newest first. */
bool db_grant_list(struct db *db, int64_t user_id, struct arena *arena, struct grant_row **row, size_t *n,
		   struct err *err) MUST_CHECK;
/*
 * Adds, marks as used, or removes one grant; *id: the grant's. An ADD, unless refused, also forgets all that have expired, and is not
 * refused because of them. ERR_NOT_FOUND: no such user
 * (ADD), or no such grant of row.user_id (SEEN, REMOVE). ERR_INVALID: the digest is there already. ERR_TOO_LARGE: the user has
 * STORE_USERS_MAX of them.
 */
bool db_grant_change(struct db *db, int64_t now_ms, const struct grant_change *change, int64_t *id,
		     struct err *err) MUST_CHECK;

/* ---- upkeep ---- */

/*
 * G2: received = pending + mapped + ignored + duplicate + failed + discarded for each store, and created = pending + accepted + failed +
 * skipped for each account's deliveries; pending and failed are counted from the rows, the rest from counters. Every SENDING
 * delivery is in an open batch and every lane row agrees with its rows. out->error is "" when all holds.
 */
bool db_conserve(struct db *db, struct arena *arena, struct conservation *out, struct err *err) MUST_CHECK;
/*
 * Before a close, from any thread, also while a verb runs: the check of the books, which takes long, ends at once with ERR_BUSY, now
 * and ever after. All other verbs go on.
 */
void db_interrupt(struct db *db);
/* A slice of upkeep off the acknowledgement path: checkpoint, drop days past retention, forget old tombstones and the keys of old messages.
 * What is pending or failed is never dropped. Short; *more says that there is more to do now. Under load call it about every
 * 100 ms. */
bool db_maintain(struct db *db, int64_t now_ms, const struct retention *retention, bool *more, struct err *err) MUST_CHECK;
/*
 * A slice of erasing those who asked for it (an applied part "erased" of an ENTITY_PERSON), at most about max_n rows changed;
 * *more: there is more to do now. First what is queued of the person ends as skipped, "person erased"; then it waits until no
 * PROFILE delivery of the person is undone or failed, and nothing of theirs is being sent. From the moment an order or visitor is found
 * to be theirs nothing is published of it. Then all that came with messages up to the one that erased goes:
 *   messages      the body becomes STORE_BODY_ERASED; failed ones end as discarded
 *   deliveries    end, lose their bodies, and their ids where these are the person's ("erased:" and a digest)
 *   sent          events stay, without their person, so that none is told again; profile and consent go
 *   facts         of the person, of visitors and orders that name them, and what these name; orders leave a tombstone
 *   audit         rows stay; ids and reasons that tell the person are replaced. One row AUDIT_PERSON_ERASED has the digest
 * In the end the files are written anew, so that the bytes are gone from them: that takes the time it takes to write them.
 *
 * What happened before the erasure and comes late (a version that is a time, an order placed before, history without a time) is
 * stopped from the moment the part is applied, for good; what is newer begins anew. Of an order that is stopped so and was not known a
 * tombstone is left.
 */
bool db_person_purge(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err) MUST_CHECK;

#endif
