#ifndef PANNIER_FLOW_REPLAY_H
#define PANNIER_FLOW_REPLAY_H

#include "flow/flow.h"

/*
 * Replay: what is kept goes through once more. A task of the store (store_task.h). From the inbox: messages are mapped again, and what
 * comes out otherwise than before is told. From deliveries: events that Klaviyo accepted are sent again as they were, under the same
 * unique_id, so that Klaviyo counts none twice; of products, profiles and consent, where an old body could undo what is newer, what is
 * true now is told again. Events of history, whose bodies are not kept, are made anew from what is known of their orders.
 *
 * It takes the lane `replay`, and events say that they are backfill, so that no flow starts; with `live` neither. Consent only if its
 * kind is named. What has failed is not replayed but retried.
 */
struct replay_options {
	bool messages;             /* from the inbox; otherwise from deliveries */
	int64_t since_ms;          /* received, or made; 0 = all that is kept */
	int64_t until_ms;          /* 0 = until the replay began */
	struct str topic;          /* messages: begins with; "" = any */
	struct str id;             /* deliveries: external id, or id of the product, order, person; "" = any */
	unsigned kinds;            /* deliveries: bits 1 << enum klaviyo_kind */
	unsigned states;           /* bits 1 << enum message_state or delivery_state */
	bool live;
};

/* A family of kinds by name: catalog, events, profiles, consent; 0: none of these. */
unsigned replay_family(struct str name);
#define REPLAY_FAMILIES "catalog, events, profiles or consent"
/* All families but consent. */
unsigned replay_kinds_usual(void);
/* The states that an outcome names: mapped, ignored, failed (messages), accepted, skipped (deliveries); 0: not of these. */
unsigned replay_outcome(struct str name, bool messages);
unsigned replay_states_usual(bool messages);

struct replay_preview {
	int64_t n[KLAVIYO_KIND_COUNT]; /* deliveries by kind, without those that are gone */
	int64_t n_message;
	int64_t n_gone;            /* of these all: whose contents are not kept any more; they are passed over */
	int64_t n_request;         /* at most; -1: not known, because it depends on what comes out */
};
/* What a replay would do. Looks at all that is kept of that time. */
bool replay_preview(struct db *db, int64_t store_id, const struct replay_options *options, struct replay_preview *out,
		    struct err *err) MUST_CHECK;
/* Begins it. by: who asked. ERR_NOT_FOUND: no such store; ERR_CONFLICT: another one of the store is not done yet. */
bool replay_start(struct db *db, int64_t now_ms, int64_t store_id, const struct replay_options *options, struct str by,
		  int64_t *id, struct err *err) MUST_CHECK;

struct replay_report {
	int64_t n_seen;            /* messages and deliveries that fit */
	int64_t n_again;           /* messages mapped again, events sent again, things told again */
	int64_t n_gone;
};
/* A TASK_REPLAY as people see it; texts in the arena. */
void replay_read(const struct task_row *task, struct arena *arena, struct replay_options *options, struct replay_report *report);
/* The newest task of a store; id 0 = none. */
bool replay_last(struct db *db, int64_t store_id, struct arena *arena, struct task_row *out, struct err *err) MUST_CHECK;

/* A piece of one task, if there is room for it on its way. *last_store_id: the store served last; starts 0. */
bool replay_run_once(struct flow_ctx *ctx, int64_t *last_store_id, struct flow_next *next, struct err *err) MUST_CHECK;

#endif
