#ifndef PANNIER_FLOW_DELIVER_INTERNAL_H
#define PANNIER_FLOW_DELIVER_INTERNAL_H

#include "flow/breaker.h"
#include "flow/flow_internal.h"
#include "klaviyo/budget.h"
#include "klaviyo/lookup.h"
#include "klaviyo/outcome.h"
#include "klaviyo/render.h"
#include "queue/outbox_policy.h"

/*
 * The deliver stage's inside, split by what is done:
 *   deliver.c          open, close, one round
 *   deliver_account.c  what is known of an account: settings, budgets, breaker
 *   deliver_lane.c     which lane may send what, now
 *   deliver_send.c     claim, render, start, take the answer
 *   deliver_job.c      bulk jobs: keep, end
 *   deliver_poll.c     ask for them
 *   deliver_settle.c   what becomes of each delivery
 *   deliver_lookup.c   what an account is asked before events and consent may leave
 * One thread. Times: *_at_ms on the monotonic clock, *_wall_ms and all that the store holds on the wall clock.
 */

/* Requests under way: of one account, kind and op; of all. */
#define DELIVER_CLASS_MAX 4
#define DELIVER_TOTAL_MAX 64
/* Fewer than this in a lane leave as single calls, within seconds; more as bulk jobs. */
#define DELIVER_SINGLE_BELOW 10
/* Bodies of one bulk request; the rest of KLAVIYO_BODY_BYTES_MAX is for what stands around them. */
#define DELIVER_BULK_BYTES ((size_t)KLAVIYO_BODY_BYTES_MAX - 1000 * 200)
/* Rows of one claim, whatever the endpoint takes: the store's writer is held for as long as they take. */
#define DELIVER_ROWS_MAX 1000
/* Klaviyo takes 500 open catalog jobs of an account; some are left for others. */
#define DELIVER_JOBS_MAX 400
/* Updates that turn into creates and back: after so many turns they count as failed attempts. */
#define DELIVER_FLIPS_MAX 3
#define DELIVER_FLIPS_REMEMBERED 256

/* What the store said of one lane, and what we made of it. */
struct deliver_lane {
	int64_t n_ready;           /* may leave now, less what we claimed since */
	int64_t n_read;            /* the newest reading */
	int64_t n_blocked;
	int64_t oldest_wall_ms;
	int64_t ready_at_ms;       /* when what is ready began to gather */
	int64_t not_before_ms;     /* a claim found nothing that may leave: wait for a change, at most until then */
	int64_t bulk_at_ms;        /* last bulk request; 0 = none yet */
	bool flushing;             /* gathered long enough: leave until it is empty */
};

/* A bulk job that Klaviyo is working on. Its deliveries are kept without bodies. */
struct deliver_job {
	struct deliver_job *next;
	struct deliver_account *account;
	struct arena arena;
	struct outbox_batch batch;
	enum endpoint endpoint;
	int64_t started_at_ms;
	int64_t poll_at_ms;
	int polls;
	int64_t listed;            /* the last reading of the list that showed it */
	bool alone;                /* the list does not show it: ask for it by its id */
	bool ended;                /* verdict is there */
	int http_status;
	struct klaviyo_verdict verdict;
};

/* The open jobs of one account, kind and op. */
struct deliver_jobs {
	struct deliver_job *first; /* oldest */
	size_t n;
	bool polling;
	int64_t polled_at_ms;
	int64_t usual_ms;          /* how long the last ones took; 0 = not known yet */
	int64_t reading;           /* number of the reading of the list, which may take several pages */
	int pages;                 /* read of it so far */
	char *next_page;           /* query of the page to read next; NULL = a new reading begins */
	char *first_page;          /* query of the page where the next reading begins; NULL = the first of all */
	char *page;                /* query of the page under way */
	bool whole;                /* the reading began with the first page of all */
};

/* A list of the account in Klaviyo, by name. */
struct deliver_list {
	char *name;
	char *id;
};

/*
 * What Klaviyo is asked of an account, and what it said. Consent waits until all opt-outs made in Klaviyo were read since the
 * start, and until its list is known.
 */
struct deliver_lookups {
	bool loaded;               /* cursors were read */
	bool under_way;            /* one at a time */
	int64_t not_before_ms;     /* after one that failed */
	bool spelling_known;
	int64_t optouts_wall_ms;   /* read up to here; 0 = never */
	int64_t optouts_newest_ms; /* of the reading under way */
	int64_t optouts_at_ms;     /* end of the last whole reading of this process; INT64_MIN = none yet */
	int64_t consent_at_ms;     /* opt-outs have just come in: consent waits until they were looked at */
	char *page;                /* to be read next of the reading under way; NULL = a new reading begins */
	char *list_name;           /* wanted; NULL = none */
	bool list_missing;         /* it has to be made */
	struct deliver_list *list;
	size_t n_list;
};

struct deliver_account {
	int64_t id;
	int64_t settings_version;
	bool known;                /* is in the current settings */
	char name[64];
	enum retry_preset preset;
	int quota_percent;
	struct digest16 key_digest;
	struct breaker breaker;
	int n_in_flight;           /* calls and polls */
	int in_flight[KLAVIYO_KIND_COUNT][DELIVERY_OP_COUNT];
	unsigned starts;           /* whose turn it is among the priorities */
	bool ready;                /* some lane has something to send */
	int64_t next_due_wall_ms;  /* of all lanes */
	int64_t pressure;          /* messages and roots of its stores that are still on their way here */
	struct deliver_lane lane[KLAVIYO_KIND_COUNT][DELIVERY_OP_COUNT][PRIORITY_COUNT];
	struct deliver_jobs jobs[KLAVIYO_KIND_COUNT][DELIVERY_OP_COUNT];
	size_t n_jobs;
	struct deliver_lookups lookups;
	int64_t optout_poll_ms;
	bool spelling_auto;
	struct budget budget[ENDPOINT_COUNT];
	struct budget poll_budget[ENDPOINT_COUNT];
	char *notice;              /* change of the breaker, not audited yet; NULL = none */
	bool notice_stopped;
};

enum deliver_lookup { LOOKUP_NONE, LOOKUP_METRICS, LOOKUP_LISTS, LOOKUP_LIST_CREATE, LOOKUP_OPTOUTS };

/* What the answer to a lookup held. */
struct deliver_found {
	bool ok;
	struct str next;           /* page; "" = the last */
	struct klaviyo_list *list;
	size_t n_list;
	struct str *metric;
	size_t n_metric;
	struct klaviyo_optout *optout;
	size_t n_optout;
};

/* One request under way: a batch, a poll or a lookup (batch.n 0). */
struct deliver_send {
	struct deliver_send *next;
	struct deliver *deliver;
	struct deliver_account *account;
	struct arena arena;
	struct outbox_batch batch; /* the catalog's deliveries without bodies */
	enum endpoint endpoint;
	enum klaviyo_kind kind;
	enum delivery_op op;
	bool poll;
	struct str job_id;         /* poll: of one job; "" = a page of the list */
	enum deliver_lookup lookup;
	struct deliver_found found;
	int http_status;
	int64_t latency_ms;
	struct klaviyo_verdict verdict;
};

struct deliver_flip {
	int64_t delivery_id;
	int n;
};

struct deliver {
	struct flow_ctx *ctx;
	struct http_client *client;
	struct deliver_account **account; /* sorted by id */
	size_t n_account;
	size_t turn;               /* account that comes first in the next round */
	struct deliver_send *in_flight;
	struct deliver_send *ended;       /* answered, not settled yet; newest first */
	size_t n_in_flight;
	const struct snapshot *settings;  /* during one round */
	int64_t now_ms;            /* of the round, monotonic */
	int64_t now_wall_ms;
	int64_t wake_at_ms;        /* the round's next reason to do something, monotonic */
	int64_t lanes_at_ms;       /* when the lanes were read */
	bool lanes_stale;
	int64_t pressure_at_ms;
	struct deliver_flip flip[DELIVER_FLIPS_REMEMBERED];
	size_t flip_next;
};

/* ---- deliver.c ---- */
void deliver_wake_at(struct deliver *deliver, int64_t at_ms);
void deliver_wake_at_wall(struct deliver *deliver, int64_t at_wall_ms);

/* ---- deliver_account.c ---- */
/* Found or made; lives until close. */
struct deliver_account *deliver_account_get(struct deliver *deliver, int64_t id);
/* Takes over settings that have changed. */
void deliver_account_configure(struct deliver *deliver, struct deliver_account *account);
void deliver_account_free(struct deliver_account *account);
/* May the account send now? *probe: only one request, as small as can be. */
bool deliver_account_allows(struct deliver *deliver, struct deliver_account *account, bool *probe);
/* What an answer says of the account's health and the endpoint's budget. */
void deliver_account_heed(struct deliver_send *send, const struct klaviyo_verdict *verdict);
bool deliver_account_write_notices(struct deliver *deliver, struct err *err) MUST_CHECK;
bool deliver_budgets_load(struct deliver *deliver, struct err *err) MUST_CHECK;
struct budget_row deliver_budget_row(const struct deliver_account *account, enum endpoint endpoint, bool poll,
				     struct arena *arena);
bool deliver_pressure_read(struct deliver *deliver, struct err *err) MUST_CHECK;

/* ---- deliver_lane.c ---- */
bool deliver_lanes_read(struct deliver *deliver, struct err *err) MUST_CHECK;
/* Starts as many requests as may start. */
bool deliver_lanes_start(struct deliver *deliver, struct err *err) MUST_CHECK;
/* Something of this account ended: what was blocked may go on. */
void deliver_lanes_unblock(struct deliver_account *account);

/* ---- deliver_send.c ---- */
struct deliver_order {
	struct deliver_account *account;
	enum klaviyo_kind kind;
	enum delivery_op op;
	enum priority priority;
	bool bulk;
	size_t max_n;
};
/* Claims and sends one batch; *n deliveries, 0 if none may leave. */
bool deliver_send_batch(struct deliver *deliver, const struct deliver_order *order, size_t *n,
			struct err *err) MUST_CHECK;
struct deliver_question {
	struct deliver_account *account;
	enum endpoint endpoint;
	enum klaviyo_kind kind;
	enum delivery_op op;
	struct str job_id;         /* "" = the list */
	struct str page;           /* of the list: its query, "" = the first */
};
void deliver_send_poll(struct deliver *deliver, const struct deliver_question *question);
void deliver_send_lookup(struct deliver *deliver, struct deliver_account *account, enum deliver_lookup lookup,
			 const struct klaviyo_request *request);
void deliver_send_free(struct deliver_send *send);
/* A copy of a batch without bodies. */
void deliver_batch_copy(const struct outbox_batch *from, struct arena *arena, struct outbox_batch *to);

/* ---- deliver_job.c ---- */
/* Keeps a job and watches it. started_wall_ms may be long ago, after a restart. */
void deliver_job_add(struct deliver *deliver, struct deliver_account *account, const struct outbox_batch *batch,
		     enum endpoint endpoint, int64_t started_wall_ms);
void deliver_job_free(struct deliver_job *job);
void deliver_jobs_release(struct deliver_jobs *jobs);
/* Not complete yet: when to ask again. */
void deliver_job_defer(struct deliver_job *job, int64_t now_ms);
/* Ended without a result: every row is to be tried again. */
void deliver_job_give_up(struct deliver_job *job, struct str reason);
/* What an answer says of a job. False: it is not on this page of the list. */
bool deliver_job_heed(struct deliver_jobs *jobs, struct deliver_job *job, bool list, int64_t now_ms,
		      const struct http_answer *answer);

/* ---- deliver_poll.c ---- */
/* Starts the polls that are due and ends jobs that took too long. */
void deliver_poll(struct deliver *deliver);
/* An answer to a poll: jobs it says something final about are marked as ended. */
void deliver_poll_heed(struct deliver_send *send, const struct http_answer *answer);

/* ---- deliver_lookup.c ---- */
/* Asks what has to be known and is not. */
bool deliver_lookups_start(struct deliver *deliver, struct err *err) MUST_CHECK;
/* Must this kind wait until something was looked up? */
bool deliver_lookups_hold(struct deliver *deliver, const struct deliver_account *account, enum klaviyo_kind kind);
/* Id of a list; "" = not known: it is looked up, and made if it is not there. */
struct str deliver_lookups_list(struct deliver_account *account, struct str name);
/* Reads an answer into send->found. */
void deliver_lookups_heed(struct deliver_send *send, const struct http_answer *answer);
/* Keeps what was found. */
bool deliver_lookups_settle(struct deliver *deliver, struct deliver_send *send, struct err *err) MUST_CHECK;
void deliver_lookups_free(struct deliver_lookups *lookups);

/* ---- deliver_settle.c ---- */
/* Ends in the store what was answered: batches and jobs. */
bool deliver_settle_all(struct deliver *deliver, size_t *n_done, struct err *err) MUST_CHECK;

#endif
