#ifndef PANNIER_SANDBOX_CHANGE_H
#define PANNIER_SANDBOX_CHANGE_H

#include "sandbox/state.h"

/*
 * One change of one entity, by a single call or as a row of a job: the rules of the catalog.
 * There is no upsert: create refuses what exists, update and delete what does not.
 */
struct change {
	struct sandbox *sandbox;
	struct account *account;
	enum kind kind;
	enum op op;
	const struct json *row;      /* {"type","id"?,"attributes"?,"relationships"?}, shape checked */
	int64_t request_number;
	bool by_job;
	bool lost;                   /* the answer will not reach the client */
	struct arena *arena;
	struct error_entry refusal;  /* out, when false: texts in the arena */
	struct entity *entity;       /* out, when true; NULL after a delete */
};

/* Applies it whole, or refuses it and changes nothing. */
bool change_apply(struct change *change) MUST_CHECK;

/* Reports a change of the entity while a job with it is in progress. */
void change_check_overlap(struct sandbox *sandbox, struct account *account, enum kind kind, struct str external_id,
			  int64_t request_number);

#endif
