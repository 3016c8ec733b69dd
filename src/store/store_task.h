#ifndef PANNIER_STORE_STORE_TASK_H
#define PANNIER_STORE_STORE_TASK_H

#include "store/store_rows.h"

/*
 * Tasks: work for one store that a person or a schedule asked for and that takes its time, done piece by piece. Each piece moves the
 * task's place in the same transaction as what it did, so that a task goes on where it was after a kill. What a place or an option
 * means is the stage's own. Texts as in store_rows.h.
 */
enum task_kind { TASK_RECONCILE, TASK_REPLAY, TASK_KIND_COUNT };
const char *task_kind_text(enum task_kind kind); /* "reconcile" */

struct task_row {
	int64_t id;                /* from 1, never again */
	int64_t store_id;
	enum task_kind kind;
	enum import_state state;   /* as of imports: open, paused, failed, done, cancelled */
	struct str options;        /* at most 10,000 bytes */
	struct str place;          /* "" = at its beginning; at most 10,000 bytes */
	struct str report;         /* what was found so far; at most 10,000 bytes */
	struct str reason;         /* put: who asked for it; else: why it failed, what came of it */
	int64_t since_id;          /* the newest id given before it began (of messages, deliveries, audit rows) */
	int64_t created_ms;
	int64_t changed_ms;        /* of state or place */
};

/* ---- what Klaviyo was found to hold, and what of it agrees ---- */

enum found_verdict {
	FOUND_READ,                /* not judged yet */
	FOUND_SAME,
	FOUND_KEPT,                /* ours, but held back here: it stays as it is */
	FOUND_MOVING,              /* changed, or to be changed, since the task began */
	FOUND_FOREIGN,             /* not ours */
	FOUND_STALE,               /* other contents than ours */
	FOUND_MISSING,             /* ours, but not there */
	FOUND_ORPHAN,              /* there, but not ours any more */
	FOUND_DUPLICATE,           /* an orphan that repeats something of ours */
	FOUND_VERDICT_COUNT
};
const char *found_verdict_text(enum found_verdict verdict); /* "stale" */

struct found_key {
	enum klaviyo_kind kind;
	struct str external_id;
};

struct found_row {
	struct found_key key;
	struct str parent_external_id; /* variant: its item */
	struct entity root;        /* id "" = not known */
	struct str contents;       /* the task's own, at most 1,000 bytes */
	struct digest16 alike;     /* what makes it the same thing as another of its kind; zero = nothing */
	int64_t links;             /* a sum over what it is linked to */
	enum found_verdict verdict;
	struct str note;           /* what differs */
};

/* Adds to the links of a row that is there. */
struct found_link {
	struct found_key key;
	int64_t add;
};

struct found_query {
	int64_t task_id;
	const struct found_key *key; /* n_key > 0: exactly these, in their order */
	size_t n_key;
	unsigned verdicts;         /* otherwise a walk by kind and id: bits 1 << verdict */
	bool by_kind;
	struct found_key after;    /* behind it; external_id "" = from the beginning (of the kind, by_kind) */
	size_t max_n;              /* 1..1000 */
};

struct found {
	struct found_row row;
	bool is_there;             /* false: there is no such row; only its key is set */
	bool repeats;              /* another row of its kind, of ours, is alike */
	/* What the account was last told of the entity, by which store; store_id 0: nothing, or by a store that is gone. */
	int64_t store_id;
	struct entity root;
	bool exists;
	bool wanted_deleted;
	bool moving;               /* told since the task began: a delivery is undone, or was made or ended later */
	bool due;                  /* its root is due */
};

/*
 * Nothing is wanted of an entity, so that the next publication tells it anew; Klaviyo has it, or not, whatever was told before.
 * What a store that is gone knew of it is forgotten.
 */
struct found_learn {
	struct found_key key;
	struct str parent_external_id; /* exists: what Klaviyo has it under */
	struct entity root;
	bool exists;
	bool as_known;             /* whether it exists, and under what, stays as it was known; exists is not read. Passed over where it was
	                            * told since the task began: that says what is true now */
	bool due;                  /* makes the root due at once */
};

/* ---- what can be replayed ---- */

struct replay_query {
	int64_t store_id;
	bool messages;             /* otherwise deliveries that have ended; copies that a replay made are passed over */
	int64_t since_ms;          /* received, or made; 0 = from the beginning */
	int64_t until_ms;          /* not after that; 0 = to the end */
	unsigned states;           /* bits 1 << enum message_state or delivery_state; of messages not PENDING, DISCARDED */
	unsigned kinds;            /* of deliveries: bits 1 << enum klaviyo_kind */
	struct str topic;          /* messages: "" = any; else they begin with it */
	struct str id;             /* deliveries: "" = any; else their external id or the id of their root */
	int64_t day;               /* where to go on; both 0 = from the beginning */
	int64_t after_id;
	size_t max_n;              /* 1..1000 */
};

struct replay_row {
	int64_t id;
	int state;                 /* enum message_state or delivery_state */
	struct str topic;          /* messages */
	bool gone;                 /* nothing of it can go through again: its contents are not kept any more */
	enum klaviyo_kind kind;    /* deliveries, from here on */
	enum delivery_op op;
	struct str external_id;
	struct entity root;
};

/* ---- one piece ---- */

enum task_forget {
	TASK_FORGET_NONE,
	TASK_FORGET_OTHERS,        /* found rows of earlier tasks of the store */
	TASK_FORGET_AGREED         /* found rows of this task that agree, or are not ours */
};

struct task_step {
	int64_t task_id;
	struct str from;           /* where the task must stand */
	struct str to;
	struct str report;
	enum import_state state;   /* afterwards: OPEN, DONE or FAILED */
	struct str reason;
	enum priority priority;    /* of what follows */
	const struct found_row *found; /* put whole */
	size_t n_found;
	const struct found_link *link;
	size_t n_link;
	const struct found_learn *learn; /* passed over where a delivery of the entity is undone, or it is another store's */
	size_t n_learn;
	const struct catalog_publication *publication; /* as by db_catalog_publish with due_seq 0 */
	size_t n_publication;
	const int64_t *again;      /* messages of the store to be mapped again; those that are pending or discarded are passed over */
	size_t n_again;
	enum task_forget forget;
	size_t forget_max;
};

#endif
