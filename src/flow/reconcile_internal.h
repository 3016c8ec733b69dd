#ifndef PANNIER_FLOW_RECONCILE_INTERNAL_H
#define PANNIER_FLOW_RECONCILE_INTERNAL_H

#include "flow/flow_internal.h"
#include "flow/reconcile.h"
#include "klaviyo/budget.h"
#include "klaviyo/contents.h"
#include "klaviyo/outcome.h"
#include "klaviyo/render.h"

/*
 * Reconcile's inside, split by what is done:
 *   reconcile.c          which task, which piece; the end of a piece
 *   reconcile_text.c     options, place and report as they are kept
 *   reconcile_read.c     asking Klaviyo, page by page
 *   reconcile_compare.c  the shop's things against those found, and what is left of these
 *   reconcile_fix.c      what is told again and deleted
 */

/* Name in the place that is kept, what people read. In this order. */
#define RECONCILE_STAGES(X) \
	X(FORGET, "forget", "forget what was found before") \
	X(CATEGORIES, "categories", "read categories") \
	X(ITEMS, "items", "read items") \
	X(VARIANTS, "variants", "read variants") \
	X(LINKS, "links", "read what is in the categories") \
	X(COMPARE, "compare", "compare") \
	X(JUDGE, "judge", "look at what is left") \
	X(RETELL, "retell", "tell again") \
	X(DELETE_VARIANTS, "delete_variants", "delete variants") \
	X(DELETE_ITEMS, "delete_items", "delete items") \
	X(DELETE_CATEGORIES, "delete_categories", "delete categories") \
	X(TIDY, "tidy", "tidy up")

enum reconcile_stage {
#define RECONCILE_STAGE_ENUM(name, kept, text) STAGE_##name,
	RECONCILE_STAGES(RECONCILE_STAGE_ENUM)
#undef RECONCILE_STAGE_ENUM
	STAGE_COUNT
};

struct reconcile_place {
	enum reconcile_stage stage;
	int kind;                  /* of what is behind: klaviyo_kind, or entity_kind while comparing */
	struct str after;          /* the last one done; "" = none yet */
	struct str page;           /* query of the page to read; "" = the first */
};

/* One piece of one task. */
struct reconcile_work {
	struct reconcile *reconcile;
	struct flow_ctx *ctx;
	struct arena *arena;
	const struct snapshot *settings;
	const struct settings_store *store;
	const struct task_row *task;
	struct reconcile_options options;
	struct reconcile_place place;      /* afterwards: where to go on */
	struct reconcile_report report;
};

/* What is used of an account's budgets is known for as long as the process lives: several comparisons take turns. */
struct reconcile_budget {
	enum endpoint endpoint;
	struct budget budget;
};

#define RECONCILE_BUDGETS 4
struct reconcile_account {
	struct reconcile_account *next;
	int64_t id;
	int64_t settings_version;
	struct reconcile_budget budget[RECONCILE_BUDGETS];
};

struct reconcile {
	struct flow_ctx *ctx;
	struct http_client *client;
	int64_t last_store_id;
	struct reconcile_account *accounts; /* whose budgets were loaded */
	struct reconcile_account *account;  /* whose turn it is; NULL = nobody's yet */
	int64_t not_before_ms;     /* monotonic */
	int failures;              /* requests in a row without a usable answer */
	bool in_flight;
	bool answered;
	int64_t task_id;           /* of the request: for which task, from which place */
	struct arena asked;        /* of place, and of the answer */
	struct str asked_place;
	enum endpoint asked_endpoint;
	int64_t asked_token_ms;    /* when the token was got that it was asked with; 0 = a key */
	struct found_key asked_category; /* of a page of links */
	struct http_answer answer; /* its body and headers are gone: what they held is below */
	struct klaviyo_verdict verdict;
	struct klaviyo_thing *thing;
	struct str *item;
	size_t n;
	struct str next;
	bool readable;
	char trouble[200];
};

/* ---- reconcile_read.c ---- */
void reconcile_accounts_free(struct reconcile *reconcile);

/* ---- reconcile_text.c ---- */
struct str reconcile_options_text(const struct reconcile_options *options, struct arena *arena);
struct reconcile_options reconcile_options_read(struct str text);
struct str reconcile_place_text(const struct reconcile_place *place, struct arena *arena);
struct reconcile_place reconcile_place_read(struct str text, struct arena *arena);
struct str reconcile_report_text(const struct reconcile_report *report, struct arena *arena);
struct reconcile_report reconcile_report_read(struct str text);
/* One line: what came of it. */
struct str reconcile_summary(const struct reconcile_report *report, bool fix, struct arena *arena);

/* ---- reconcile.c ---- */
bool reconcile_wants(const struct reconcile_work *work, enum klaviyo_kind kind);
/* Both kinds are read: links are compared, too. */
bool reconcile_wants_links(const struct reconcile_work *work);
void reconcile_next_stage(struct reconcile_work *work);
/* Ends the piece: step holds what was done. */
bool reconcile_end_piece(struct reconcile_work *work, struct task_step *step, size_t *n_forgotten, struct err *err) MUST_CHECK;
bool reconcile_fail(struct reconcile_work *work, struct str reason, struct err *err) MUST_CHECK;
/*
 * May a thing of this id be ours, by its prefix? *ambiguous: another store of the account has the same prefix, so that only what was
 * told says whose it is.
 */
bool reconcile_may_be_ours(const struct reconcile_work *work, struct str external_id, bool *ambiguous);

/* ---- reconcile_read.c ---- */
bool reconcile_ask(struct reconcile_work *work, struct flow_next *next, struct err *err) MUST_CHECK;
/* Takes in the answer that is here. */
bool reconcile_settle(struct reconcile_work *work, struct flow_next *next, struct err *err) MUST_CHECK;

/* ---- reconcile_compare.c ---- */
bool reconcile_compare(struct reconcile_work *work, struct err *err) MUST_CHECK;
bool reconcile_judge(struct reconcile_work *work, struct err *err) MUST_CHECK;

/* ---- reconcile_fix.c ---- */
bool reconcile_retell(struct reconcile_work *work, struct err *err) MUST_CHECK;
bool reconcile_delete(struct reconcile_work *work, enum klaviyo_kind kind, struct err *err) MUST_CHECK;

#endif
