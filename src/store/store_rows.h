#ifndef PANNIER_STORE_STORE_ROWS_H
#define PANNIER_STORE_STORE_ROWS_H

#include "base/digest.h"
#include "base/str.h"
#include "model/fact.h"
#include "store/store_user.h"

/* The rows that the verbs of store.h take and give. Texts given are borrowed for the call; texts got live in the arena. */

/* ---- configuration ---- */

struct account_row {
	int64_t id;
	struct str name;           /* unique, [a-z0-9][a-z0-9_-]{0,62} */
	struct str key_sealed;     /* the private key, encrypted */
	struct str key_last4;
	struct str settings;       /* JSON object {KEY: text} of what differs from the defaults */
	int64_t created_ms;
};

struct store_row {
	int64_t id;
	int64_t account_id;
	struct str name;           /* unique, same alphabet; the last segment of the webhook URL */
	struct str platform;
	struct str secret_sealed;
	struct str secret_last4;
	struct str settings;
	int64_t created_ms;
};

struct config_rows {
	int64_t version;
	const struct account_row *account;
	size_t n_account;
	const struct store_row *store;
	size_t n_store;
	struct str defaults;       /* of the whole installation: as settings of a row; "" = none */
};

/* The numbers are in databases. */
enum config_change_kind {
	CONFIG_ACCOUNT_PUT, CONFIG_ACCOUNT_REMOVE, CONFIG_STORE_PUT, CONFIG_STORE_REMOVE, CONFIG_DEFAULTS_PUT
};

struct config_change {
	enum config_change_kind kind;
	int64_t expected_version;
	struct account_row account; /* put: id 0 = new; remove: only id */
	struct store_row store;
	struct str defaults;        /* CONFIG_DEFAULTS_PUT: all of them */
	bool sweep;                 /* the change alters what the store's products look like: look at all of them again */
	const int64_t *sweep_store; /* CONFIG_DEFAULTS_PUT with sweep: ids of the stores that it reaches; others, and gone ones, are left */
	size_t n_sweep_store;
	bool silent;                /* nothing that a person changed: neither audited nor in the history */
	struct str reason;          /* for the audit: what was changed, secrets as "changed" */
	int64_t now_ms;
	struct str actor;           /* who, for the history; "" = somebody at the machine */
	struct str values;          /* for the history: JSON of what was changed, as settings/ writes and reads it; no secrets */
};

/* A change of configuration as it was made. The name is that of the account or store, also when it is gone. */
struct config_history_row {
	int64_t version;            /* that the change led to: its number */
	int64_t at_ms;
	enum config_change_kind kind;
	bool added;                 /* a put that made it */
	int64_t account_id;         /* of a store: the one it feeds since then; 0 when it was removed */
	int64_t store_id;           /* 0: it was an account that changed, or the defaults */
	struct str name;            /* "" of the defaults */
	struct str actor;
	struct str reason;
	struct str values;
};

struct config_history_filter {
	int64_t store_id;           /* 0 = any */
	int64_t account_id;         /* the account itself, not its stores; 0 = any */
	bool defaults;              /* only changes of the defaults */
	int64_t before_version;     /* cursor; 0 = from the newest */
	size_t max_n;               /* 1..1000 */
};

/* ---- inbox ---- */

/*
 * How urgent a delivery is: live; tried again, by a person or after the fast retries; sent again from what is kept; history. What a
 * message brings is REALTIME or BACKFILL (imported history), and so are the deliveries that follow from it.
 */
enum priority { PRIORITY_REALTIME, PRIORITY_RETRY, PRIORITY_REPLAY, PRIORITY_BACKFILL, PRIORITY_COUNT };
const char *priority_text(enum priority priority); /* "realtime" */

struct inbox_record {
	int64_t store_id;
	int64_t received_ms;
	struct str topic;          /* the platform's name of what happened, "" if it does not say */
	struct str source_id;      /* the sender's id of the message, "" if it has none */
	struct str body;           /* as received */
	struct digest16 slot;      /* duplicates are looked for among records of the same slot */
	struct digest16 key;
	enum priority priority;    /* REALTIME or BACKFILL */
};

enum inbox_receipt_kind { INBOX_NEW, INBOX_DUPLICATE };

struct inbox_receipt {
	enum inbox_receipt_kind kind;
	int64_t id;
};

enum message_state { MESSAGE_PENDING, MESSAGE_MAPPED, MESSAGE_IGNORED, MESSAGE_FAILED, MESSAGE_DISCARDED };
const char *message_state_text(enum message_state state); /* "pending" */

struct inbox_message {
	int64_t id;
	int64_t store_id;
	int64_t received_ms;
	struct str topic;
	struct str source_id;
	struct str body;
	enum priority priority;    /* as appended */
	enum message_state state;  /* set by db_inbox_get; PENDING in a claim */
};

struct inbox_result {
	int64_t message_id;
	int64_t store_id;
	enum message_state state;  /* MAPPED, IGNORED or FAILED */
	struct str reason;         /* why ignored or failed; what was mended, "" if nothing */
	const struct fact *fact;
	size_t n_fact;
	enum priority priority;    /* of the message: what it makes due is as urgent, or more if it was already */
	int64_t as_of_ms;          /* > 0: it tells what was so then: without versions, what came later stands */
	int64_t quiet_ms;          /* debounce of the store */
	int64_t quiet_max_ms;
	int64_t tombstone_ms;      /* how long a tombstone holds */
};

/* ---- imports: files of history, and what is pulled from shops, on their way into the inbox ---- */

enum import_state { IMPORT_OPEN, IMPORT_PAUSED, IMPORT_FAILED, IMPORT_DONE, IMPORT_CANCELLED };
const char *import_state_text(enum import_state state); /* "open" */

/*
 * How far a file was read: unpacked bytes and lines, the same of a second file that belongs to it, packed bytes of the first. Of a pull:
 * messages and pages taken in, the cursor of the page that comes next ("" = the first), items read (used).
 */
struct import_at {
	int64_t position;
	int64_t line;
	int64_t lines_position;
	int64_t lines_line;
	int64_t used;
	struct str cursor;
};

struct import_job {
	int64_t id;                /* from 1, never again */
	int64_t store_id;
	int rank;                  /* a store's jobs are taken by rank, then by id */
	bool pull;                 /* from the shop itself, page by page; path is then its kind: "orders" */
	struct str path;
	struct str options;        /* how it is read: the reader's own, at most 10,000 bytes */
	struct digest16 fingerprint; /* of contents and options */
	int64_t size;              /* bytes, packed; of a pull: items, as far as the shop says; 0 = not known */
	enum import_state state;
	struct str reason;         /* why it failed, or what it waits for */
	int64_t due_ms;            /* wall time before which it does not go on; 0 = none */
	int attempts;              /* failed ones at its present place */
	int64_t per_minute;        /* messages at most; 0 = as many as Klaviyo takes */
	struct import_at at;
	int64_t n_read;            /* rows or lines */
	int64_t n_new;             /* messages that went into the inbox */
	int64_t n_duplicate;       /* that were there already */
	int64_t n_mended;          /* rows */
	int64_t n_rejected;        /* rows */
	int64_t created_ms;
	int64_t changed_ms;        /* of state or place */
};

/* A row that could not be read. The first STORE_REJECTS_MAX of a job are kept, until retention drops the job. */
struct import_reject {
	int64_t line;
	bool in_lines;             /* of the second file */
	struct str column;         /* "" = the whole row */
	struct str why;
};

/* A piece of a file: what was read from one place to another, and what is in it. */
struct import_step {
	int64_t job_id;
	struct import_at from;     /* where the job must stand; used is not compared */
	struct import_at to;
	const struct inbox_record *record; /* of the job's store */
	size_t n;                  /* 0..STORE_APPEND_MAX */
	int64_t n_read;
	int64_t n_mended;
	const struct import_reject *reject;
	size_t n_reject;
	enum import_state state;   /* afterwards: OPEN, DONE or FAILED */
	struct str reason;
	int64_t size;              /* > 0: the job's from now on */
	int64_t due_ms;            /* the job's from now on, as attempts */
	int attempts;
};

enum import_action { IMPORT_PAUSE, IMPORT_RESUME, IMPORT_CANCEL, IMPORT_THROTTLE };

struct import_change {
	enum import_action action;
	int64_t per_minute;        /* THROTTLE */
};

/* ---- catalog ---- */

/*
 * What a delivery is about. Catalog kinds (the first three) are created, updated and deleted; a new delivery replaces what is
 * queued of its entity. The others are told as they are:
 *   EVENT    op CREATE, never replaced, never repeated. external_id METRIC|unique_id; parent_external_id the person: events
 *            of one person leave in their order
 *   PROFILE  op UPDATE (an upsert; a newer one replaces one that is queued) or DELETE (erase). external_id the person;
 *            parent_external_id "", or who that was before: op CREATE then asks for that profile, so that the UPDATE names it,
 *            and what is told of the person meanwhile waits
 *   CONSENT  op CREATE (subscribe) or DELETE (unsubscribe), never replaced. external_id CHANNEL:address; parent_external_id
 *            what the request says for all its rows (list, history, source): rows of one batch have the same
 * and one that is not told to Klaviyo but, of what Klaviyo said, to the shop:
 *   NOTICE   op CREATE, never replaced, never repeated. external_id the id of its message; parent_external_id the store:
 *            notices of one store leave in their order
 */
enum klaviyo_kind {
	KLAVIYO_CATEGORY, KLAVIYO_ITEM, KLAVIYO_VARIANT, KLAVIYO_EVENT, KLAVIYO_PROFILE, KLAVIYO_CONSENT, KLAVIYO_NOTICE,
	KLAVIYO_KIND_COUNT
};
bool klaviyo_kind_is_catalog(enum klaviyo_kind kind);
const char *klaviyo_kind_text(enum klaviyo_kind kind); /* "category" */

enum delivery_op { DELIVERY_CREATE, DELIVERY_UPDATE, DELIVERY_DELETE, DELIVERY_OP_COUNT };
const char *delivery_op_text(enum delivery_op op); /* "create" */

struct root_fact {
	struct entity entity;
	struct str part;
	int64_t version;
	int64_t seq;               /* id of the message it came with */
	struct str body;
};

struct root_entity {
	struct entity entity;
	bool deleted;              /* there is a tombstone and no part that is set */
	struct str root_id;        /* variant: its product, "" = not known */
	int64_t due_ms;            /* person, of an order or visitor: when it is looked at next; 0 = is not due */
};

/* What Klaviyo was last told of one entity of this root. */
struct root_sent {
	enum klaviyo_kind kind;
	struct str external_id;
	struct str parent_external_id; /* variant: its item */
	bool exists;               /* an accepted create or update says that Klaviyo has it */
	bool left;                 /* it may have it: one left since it was last known not to, whatever came of it */
	bool wanted_deleted;       /* that delivery is a delete */
	struct digest16 wanted;    /* contents of the newest delivery, accepted or undone; when it failed or was
	                            * skipped: of the last accepted one; zero if there is none */
	int64_t newest_id;         /* newest delivery */
};

struct catalog_root {
	int64_t store_id;
	struct entity root;        /* ENTITY_PRODUCT, _CATEGORY, _ORDER, _PERSON or _VISITOR */
	int64_t due_seq;           /* given back by publish */
	int64_t due_first_ms;
	enum priority priority;    /* of what made it due */
	bool deleted;              /* the root is deleted, as in root_entity */
	const struct root_entity *entity;   /* the root, its variants, and all that refs name and that is known */
	size_t n_entity;
	const struct root_fact *fact;       /* of all these entities */
	size_t n_fact;
	const struct root_sent *sent;
	size_t n_sent;
	const struct root_sent *kin_sent;   /* profiles and consents of the other persons among the entities (store.h, kin) */
	size_t n_kin_sent;
	int64_t message_id;        /* the message that made it due, or else the newest of its facts */
};

struct delivery_new {
	enum klaviyo_kind kind;
	enum delivery_op op;
	struct str external_id;
	struct str parent_external_id;
	struct str body;           /* klaviyo's resource object as for a create; "" for a delete */
	struct digest16 hash;      /* of body */
	int64_t copy_of;           /* event that a replay tells again: the delivery it repeats; 0 = an original */
};

struct catalog_publication {
	int64_t store_id;
	int64_t account_id;
	struct entity root;
	int64_t due_seq;           /* as claimed; 0 = not claimed: published whether due or not */
	int64_t message_id;        /* cause, for the audit */
	const struct delivery_new *delivery;
	size_t n_delivery;
	struct str held;           /* why it is (partly) held back, "" = not held */
	struct str note;           /* what was mended or left out, "" = nothing; audited */
	const struct str *withdraw; /* external ids of CONSENT: what is queued of them and subscribes is skipped */
	size_t n_withdraw;
	struct str withdraw_reason;
	int64_t again_ms;          /* > 0: it stays due, not before this wall time */
	int64_t again_first_ms;    /* with again_ms: its due_first_ms from then on; 0 = as it was */
	const struct str *forget;  /* parts of the root that are done with: removed, unless they changed since the claim */
	size_t n_forget;
	bool touch_dependants;     /* make due every root whose refs name this one (paths of sub-categories) */
};

struct catalog_match {
	int64_t store_id;
	struct entity root;        /* id "" = has none, or it is not known yet */
	struct entity entity;
};

/* ---- outbox ---- */

enum delivery_state {
	DELIVERY_READY, DELIVERY_WAITING, DELIVERY_SENDING,              /* undone */
	DELIVERY_ACCEPTED, DELIVERY_FAILED, DELIVERY_SKIPPED             /* done; FAILED can be retried by a person */
};
const char *delivery_state_text(enum delivery_state state); /* "ready" */

struct delivery {
	int64_t id;
	int64_t account_id;
	int64_t store_id;
	enum klaviyo_kind kind;
	enum delivery_op op;
	enum priority priority;
	enum delivery_state state;
	struct str external_id;
	struct str parent_external_id;
	struct str body;
	struct digest16 hash;
	struct entity root;
	int64_t message_id;
	int64_t copy_of;           /* as in struct delivery_new; that delivery may be past its time */
	int64_t created_ms;
	int64_t due_ms;
	int attempts;              /* failed ones so far; 429 and changes of op do not count */
	int batch_max;             /* leaves with at most so many, all of the same mark: a batch with it was refused and
	                            * nothing pointed at the culprit; 0 = no such limit */
	struct str reason;         /* of its present state */
	struct str person_now;     /* event, of db_outbox_claim: the address to which the profile of its person has moved since the
	                            * event was queued; "" = to none. Of db_delivery_get: has moved, or is about to */
};

struct outbox_lane {
	int64_t account_id;
	enum klaviyo_kind kind;
	enum delivery_op op;
	enum priority priority;
	int64_t n_ready;           /* may leave now: READY, and WAITING that is due (of these at most 1,000 are counted) */
	int64_t n_blocked;         /* READY or due, but behind another delivery that has to end first */
	int64_t n_waiting;         /* WAITING, not due yet */
	int64_t n_sending;
	int64_t next_due_ms;       /* of those WAITING and not due; INT64_MAX if none */
};

/* What is on its way to the outbox. */
struct store_pressure {
	int64_t store_id;
	int64_t pending;           /* messages to be mapped */
	int64_t due;               /* roots to be looked at */
};

/* How far something was read (db_cursor_get). */
struct cursor_row {
	int64_t account_id;
	struct str name;
	struct str value;
};

/* Usage of one endpoint's budget; blob is klaviyo/budget's own, at most 1,000 bytes. */
struct budget_row {
	int64_t account_id;
	struct str endpoint;
	struct str blob;
};

struct outbox_claim {
	int64_t account_id;
	enum klaviyo_kind kind;
	enum delivery_op op;
	enum priority priority;
	size_t max_n;
	size_t max_bytes;          /* of bodies together; one is always given */
	struct str endpoint;       /* kept with the batch */
	struct budget_row budget;  /* saved if the batch is not empty */
	struct budget_row alone;   /* saved instead, and its endpoint kept, if the batch has one delivery; endpoint "" = the same */
	struct str unwanted;       /* why what would be taken ends as skipped instead; "" = it is taken */
};

struct outbox_batch {
	int64_t id;
	int64_t account_id;
	struct str endpoint;
	struct str job_id;         /* "" = none yet */
	int64_t started_ms;
	const struct delivery *delivery;
	size_t n;
	size_t n_skipped;          /* outbox_claim.unwanted */
};

struct delivery_settlement {
	int64_t delivery_id;
	enum delivery_state state; /* READY (at once), WAITING, ACCEPTED, FAILED or SKIPPED */
	int64_t due_ms;            /* WAITING: not before */
	enum delivery_op op;       /* READY: sent again as this (create that exists -> update, update of nothing ->
	                            * create); not read otherwise */
	bool count_attempt;
	int batch_max;             /* READY, WAITING: as in struct delivery */
	struct str body;           /* READY: sent again with this body, mended; "" = as it was */
	bool exists;               /* ACCEPTED: does Klaviyo have the entity now? (A changed op tells it by itself.) */
	struct str reason;         /* for the audit */
};

struct outbox_settlement {
	int64_t batch_id;
	const struct delivery_settlement *delivery;
	size_t n;
	int http_status;           /* 0 = no answer */
	int64_t latency_ms;
	struct budget_row budget;  /* saved if endpoint is not "" (Retry-After must survive a crash) */
};

/* ---- people ---- */

/* name, its text in JSON and filters, the sentence a person reads */
#define AUDIT_CODES(X) \
	X(AUDIT_MESSAGE_DUPLICATE, "message_duplicate", "message repeats one already received") \
	X(AUDIT_MESSAGE_REFUSED, "message_refused", "request refused") \
	X(AUDIT_MESSAGE_MAPPED, "message_mapped", "message understood") \
	X(AUDIT_MESSAGE_IGNORED, "message_ignored", "message has nothing for Klaviyo") \
	X(AUDIT_MESSAGE_FAILED, "message_failed", "message not understood") \
	X(AUDIT_MESSAGE_DISCARDED, "message_discarded", "message dropped unread") \
	X(AUDIT_ROOT_PUBLISHED, "root_published", "compared with what Klaviyo was last told") \
	X(AUDIT_ROOT_UNCHANGED, "root_unchanged", "nothing new for Klaviyo") \
	X(AUDIT_ROOT_HELD, "root_held", "held back as incomplete") \
	X(AUDIT_ROOT_RELEASED, "root_released", "complete now") \
	X(AUDIT_DELIVERY_CREATED, "delivery_created", "delivery created") \
	X(AUDIT_DELIVERY_SENT, "delivery_sent", "delivery sent") \
	X(AUDIT_DELIVERY_JOB, "delivery_job", "accepted by Klaviyo as a job") \
	X(AUDIT_DELIVERY_ACCEPTED, "delivery_accepted", "delivery accepted") \
	X(AUDIT_DELIVERY_RETRY, "delivery_retry", "to be sent again") \
	X(AUDIT_DELIVERY_FAILED, "delivery_failed", "delivery refused") \
	X(AUDIT_DELIVERY_SKIPPED, "delivery_skipped", "not sent") \
	X(AUDIT_PERSON_RETRIED, "person_retried", "retried by a person") \
	X(AUDIT_PERSON_DISCARDED, "person_discarded", "discarded by a person") \
	X(AUDIT_PERSON_ERASED, "person_erased", "a person's data was erased here") \
	X(AUDIT_IMPORT_CHANGED, "import_changed", "import of a file") \
	X(AUDIT_TASK_CHANGED, "task_changed", "comparison with Klaviyo, or replay") \
	X(AUDIT_CONFIG_CHANGED, "config_changed", "settings changed") \
	X(AUDIT_ACCOUNT_STOPPED, "account_stopped", "sending stopped: Klaviyo does not answer or does not let us in") \
	X(AUDIT_ACCOUNT_RESUMED, "account_resumed", "sending goes on") \
	X(AUDIT_STORE_SILENT, "store_silent", "the shop has gone quiet, though it usually sends at this time") \
	X(AUDIT_STORE_HEARD, "store_heard", "the shop sends again") \
	X(AUDIT_USER_CHANGED, "user_changed", "users or what lets them in changed") \
	X(AUDIT_SIGNED_IN, "signed_in", "somebody signed in") \
	X(AUDIT_SIGN_IN_REFUSED, "sign_in_refused", "sign-in refused") \
	X(AUDIT_PERSON_SENT, "person_sent", "handed in by a person in place of the shop")

enum audit_code {
#define AUDIT_CODE_ENUM(code, name, text) code,
	AUDIT_CODES(AUDIT_CODE_ENUM)
#undef AUDIT_CODE_ENUM
	AUDIT_CODE_COUNT
};
const char *audit_code_text(enum audit_code code);  /* the sentence */
const char *audit_code_name(enum audit_code code);  /* "message_duplicate" */
bool audit_code_parse(struct str name, enum audit_code *out);

struct audit_row {
	int64_t id;                /* grows with time */
	int64_t at_ms;
	enum audit_code code;
	int64_t store_id;          /* 0 = none */
	int64_t account_id;
	int64_t message_id;
	int64_t delivery_id;
	struct entity root;        /* id "" = none */
	struct str reason;
};

/* How far a listing may look: what matches rarely is read in several calls, each of which is short. */
struct audit_look {
	size_t max;                /* rows looked at, matching or not; a few more are, where rows lie together */
	size_t n;                  /* set: how many were */
	int64_t next_id;           /* set: before_id to go on with; 0 = there is nothing older */
	int64_t reached_ms;        /* set: the time of that; 0 = the beginning */
};

struct audit_filter {
	int64_t store_id;          /* 0 = any, for all ids here */
	int64_t account_id;
	int64_t message_id;
	int64_t delivery_id;
	struct entity root;        /* id "" = any */
	bool by_code;
	enum audit_code code;
	int64_t since_ms;          /* 0 = from the beginning */
	int64_t until_ms;          /* 0 = to the newest; where the clock was set back, what came then counts as of before */
	int64_t before_id;         /* cursor; 0 = from the newest */
	size_t max_n;              /* 1..1000 */
	struct audit_look *look;   /* NULL = until max_n are found or nothing is left */
};

struct failed_filter {
	int64_t store_id;          /* 0 = any */
	int64_t after_id;          /* cursor; 0 = from the oldest */
	size_t max_n;
};

struct failed_row {
	bool is_message;           /* otherwise a delivery */
	int64_t id;
	int64_t store_id;
	int64_t failed_ms;
	struct str what;           /* topic, or "create item X" */
	struct str reason;
};

enum failed_action { FAILED_RETRY, FAILED_DISCARD };

struct failed_change {
	enum failed_action action;
	const int64_t *id;         /* n 0 = all that match store_id */
	size_t n;
	int64_t store_id;          /* 0 = any */
	struct str reason;
};

/* Where the data of one person (ENTITY_PERSON) may be, in the order in which it is looked through. */
enum person_source {
	PERSON_FACTS,              /* orders and visitors that name the person, persons known by the same phone */
	PERSON_QUEUE,              /* deliveries undone or failed */
	PERSON_ENDED,              /* deliveries that ended */
	PERSON_SENT,               /* what Klaviyo was told */
	PERSON_MESSAGES,
	PERSON_KEPT,               /* messages that outlived their day */
	PERSON_AUDIT,
	PERSON_SOURCE_COUNT
};

/* A walk through all of that. Begin with store_id and person_id and zeroes; the verb moves it on. */
struct person_search {
	int64_t store_id;
	struct str person_id;
	enum person_source source; /* PERSON_SOURCE_COUNT: at the end */
	int64_t day;
	int64_t after_id;
	struct str after;
	const struct entity *root; /* found so far: the person, orders, visitors */
	size_t n_root;
};

/* What one step found; one message may come several times. */
struct person_page {
	const int64_t *message;
	size_t n_message;
	const int64_t *delivery;
	size_t n_delivery;
	const struct audit_row *audit;
	size_t n_audit;
};

struct held_row {
	int64_t store_id;
	struct entity root;
	int64_t since_ms;
	struct str reason;
};

struct store_summary {
	int64_t store_id;
	int64_t received;
	int64_t pending;
	int64_t mapped;
	int64_t ignored;
	int64_t duplicate;
	int64_t failed;
	int64_t discarded;
	int64_t due;               /* roots to be looked at */
	int64_t held;
	int64_t last_message_ms;   /* 0 = none yet */
	int64_t last_shop_ms;      /* of those that the shop itself sent live (store_from_shop) */
};

struct account_summary {
	int64_t account_id;
	int64_t created;
	int64_t ready;             /* due now, whether or not behind another (WAITING that is due: see outbox_lane) */
	int64_t waiting;           /* to be tried again later */
	int64_t sending;
	int64_t accepted;
	int64_t failed;
	int64_t skipped;
	int64_t next_due_ms;       /* of those waiting; INT64_MAX if none */
	int64_t oldest_ms;         /* creation of the oldest undone one; 0 = none */
};

/* Of all stores and accounts, by id; removed ones keep their counts. */
struct summary {
	const struct store_summary *store;
	size_t n_store;
	const struct account_summary *account;
	size_t n_account;
	bool sweeping;
	bool idle;                 /* nothing pending, due, ready or sending, no import or task open, nothing to erase now; what
	                            * waits for a retry does not count */
	int64_t bytes;             /* on disk */
};

struct conservation {
	struct str error;          /* "" = balanced; else which equation, for which store or account, with both sides */
};

struct retention {
	int message_days;          /* raw bodies; at least 4 days, because duplicates are looked for among them */
	int delivery_days;
	int audit_days;            /* and imports that have ended */
	int tombstone_days;
	int visitor_days;          /* visitors that nobody knows, and what they looked at; 0 = for ever */
};

#endif
