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
 *   deliver_account.c  what is known of an account: settings, budgets
 *   deliver_gate.c     who may send: breakers of Klaviyo, of the account, of its API families
 *   deliver_lane.c     whose turn it is
 *   deliver_choose.c   what a lane may send now, and in which form
 *   deliver_send.c     claim, render, start, take the answer
 *   deliver_job.c      bulk jobs: keep, end
 *   deliver_poll.c     ask for them
 *   deliver_settle.c   what becomes of each delivery
 *   deliver_lookup.c   what an account is asked before events and consent may leave
 *   deliver_optout.c   who has left in Klaviyo, brought into the inbox
 * One thread. Times: *_at_ms on the monotonic clock, *_wall_ms and all that the store holds on the wall clock.
 */

/* Requests under way: of one account, kind and op; of all. */
#define DELIVER_CLASS_MAX 4
#define DELIVER_TOTAL_MAX 64
/* Besides, lookups of all accounts: they keep no other request from leaving. */
#define DELIVER_LOOKUPS_MAX 32
/* Bodies under way, which are kept until the answer comes: beyond, nothing new begins. */
#define DELIVER_BYTES_MAX ((size_t)12 << 20)
/* Fewer than this in a lane leave as single calls, within seconds; more as bulk jobs. */
#define DELIVER_SINGLE_BELOW 10
/* Bodies of one bulk request; the rest of KLAVIYO_BODY_BYTES_MAX is for what stands around them. */
#define DELIVER_BULK_BYTES ((size_t)KLAVIYO_BODY_BYTES_MAX - 1000 * 200)
/* Rows of one claim, whatever the endpoint takes: the store's writer is held for as long as they take. */
#define DELIVER_ROWS_MAX 1000
/* Of history, which gathers for long: fewer and longer. */
#define DELIVER_HISTORY_ROWS_MAX 4000
/* Klaviyo takes 500 open catalog jobs of an account; some are left for others. */
#define DELIVER_JOBS_MAX 400
/* Updates that turn into creates and back: after so many turns they count as failed attempts. */
#define DELIVER_FLIPS_MAX 3
#define DELIVER_FLIPS_REMEMBERED 256
/* A batch without a usable answer goes again as it was so many times; then its halves do. */
#define DELIVER_TOGETHER_MAX 3

/* What the store said of one lane, and what we made of it. */
struct deliver_lane {
	int64_t n_ready;           /* may leave now, less what we claimed since */
	int64_t n_read;            /* the newest reading */
	int64_t n_blocked;
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
	bool optouts_wanted;       /* a store has a webhook for them */
	int64_t optouts_wall_ms;   /* read up to here; 0 = never */
	int64_t optouts_newest_ms; /* of the reading under way */
	int64_t optouts_at_ms;     /* end of the last whole reading of this process; INT64_MIN = none yet */
	bool reread;               /* a reading must begin anew before consent may leave */
	int64_t *unmapped;         /* the newest opt-out in the inbox of each store, not known to be mapped: consent waits */
	size_t n_unmapped;
	char *page;                /* to be read next of the reading under way; NULL = a new reading begins */
	char *list_name;           /* wanted; NULL = none */
	bool list_missing;         /* it has to be made */
	struct deliver_list *list;
	size_t n_list;
};

/* A breaker, and what a person is told of it. */
struct deliver_gate {
	struct breaker breaker;
	int n_in_flight;           /* requests that passed it and are not answered */
	int64_t since_wall_ms;
	char reason[300];
};

/* Where accounts send to: Klaviyo, as a rule the only one. */
struct deliver_server {
	struct deliver_server *next;
	struct digest16 key;       /* of its URL */
	struct deliver_gate gate;
};

/* A change of a breaker, not audited yet. account_id 0: of a server. */
struct deliver_notice {
	struct deliver_notice *next;
	int64_t account_id;
	bool stopped;
	char *text;
};

/* Whose turn it is among the priorities of a kind and op. */
struct deliver_turn {
	unsigned starts;
	int64_t started_at_ms[2];  /* the last single call, the last bulk request */
	int64_t deficit[PRIORITY_COUNT]; /* bytes that a lower lane may still send in this round */
};

struct deliver_account {
	int64_t id;
	int64_t settings_version;
	bool known;                /* is in the current settings */
	char name[64];
	enum retry_preset preset;
	int quota_percent;
	struct digest16 key_digest;
	struct deliver_server *server;
	struct deliver_gate gate;
	struct deliver_gate family[API_FAMILY_COUNT];
	int64_t heard_at_ms;       /* last usable answer; 0 = none yet */
	int64_t resume_at_ms;      /* after an outage: nothing before */
	bool health_stale;         /* what is stopped has changed */
	bool health_told;          /* the store has something that is stopped */
	int64_t refused_ms;        /* the token that was refused, by when it was got: to be told; 0 = nothing to tell */
	bool foreign_told;
	int64_t foreign_told_ms;   /* when it was last logged that others use the quota */
	int in_flight[KLAVIYO_KIND_COUNT][DELIVERY_OP_COUNT];
	struct deliver_turn turn[KLAVIYO_KIND_COUNT][DELIVERY_OP_COUNT];
	bool listed;               /* the last reading had some of its lanes */
	bool listed_now;           /* so has the one that is being heeded */
	bool ready;                /* some lane has something to send */
	int64_t next_due_wall_ms;  /* of all lanes */
	int64_t pressure;          /* messages and roots of its stores that are still on their way here */
	struct deliver_lane lane[KLAVIYO_KIND_COUNT][DELIVERY_OP_COUNT][PRIORITY_COUNT];
	struct deliver_jobs jobs[KLAVIYO_KIND_COUNT][DELIVERY_OP_COUNT];
	size_t n_jobs;
	struct deliver_lookups lookups;
	int64_t optout_poll_ms;
	struct metric_windows window;
	bool spelling_auto;
	struct budget *budget[2][ENDPOINT_COUNT]; /* [poll]; NULL = not asked for yet: deliver_budget */
	bool silenced[2][ENDPOINT_COUNT]; /* [poll]; a Retry-After that is not in the store yet */
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
	int64_t token_ms;          /* of the token it left with: when that was got; 0 = a key */
	int64_t taken_ms;          /* when it was counted in its budget, monotonic */
	bool left;                 /* it has been handed to the network, and is counted there */
	size_t bytes;              /* of the batch's bodies */
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
	struct deliver_server *server;
	struct deliver_notice *notice;    /* oldest first */
	size_t turn;               /* account that comes first in the next round */
	size_t lookup_turn;        /* so too, of lookups */
	struct deliver_send *in_flight;
	struct deliver_send *ended;       /* answered, not settled yet; newest first */
	size_t n_in_flight;        /* without lookups */
	size_t n_looking;          /* lookups */
	size_t bytes_in_flight;    /* bodies of their deliveries */
	const struct snapshot *settings;  /* during one round */
	int64_t now_ms;            /* of the round, monotonic */
	int64_t now_wall_ms;
	struct moment noted;       /* as the store knows it */
	size_t n_silenced;         /* of all accounts: deliver_silences_keep */
	int64_t wake_at_ms;        /* the round's next reason to do something, monotonic */
	int64_t lanes_at_ms;       /* when the lanes were read */
	bool lanes_stale;
	int64_t pressure_at_ms;
	struct deliver_flip flip[DELIVER_FLIPS_REMEMBERED];
	size_t flip_next;
};

/* ---- deliver.c ---- */
#define DELIVER_LANES_FRESH_MS 5   /* the lanes are read again at most so often while nothing of ours changed them */
void deliver_wake_at(struct deliver *deliver, int64_t at_ms);
/* When a delivery is due that is not in the lanes as they were read: when they can be read again, at the earliest. */
void deliver_wake_when_due(struct deliver *deliver, int64_t due_wall_ms);

/* ---- deliver_account.c ---- */
/* Found or made; lives until close. */
struct deliver_account *deliver_account_get(struct deliver *deliver, int64_t id);
/* Takes over settings that have changed. */
void deliver_account_configure(struct deliver *deliver, struct deliver_account *account);
void deliver_account_free(struct deliver_account *account);
/* Of requests by an endpoint, or of polls of its jobs. An account of thousands uses a few: each is made when it is asked for. */
struct budget *deliver_budget(struct deliver_account *account, enum endpoint endpoint, bool poll);
/* May a request leave now? If not, the round notes when to look again. */
bool deliver_budget_allows(struct deliver *deliver, struct deliver_account *account, enum endpoint endpoint, bool poll);
/* What an answer says of the account's health and the endpoint's budget. */
void deliver_account_heed(struct deliver_send *send, const struct klaviyo_verdict *verdict);
bool deliver_budgets_load(struct deliver *deliver, struct err *err) MUST_CHECK;
struct budget_row deliver_budget_row(const struct deliver *deliver, struct deliver_account *account,
				     enum endpoint endpoint, bool poll, struct arena *arena);
/*
 * Polls and lookups claim nothing: what they use is kept in a cursor of the account, before they start. That cursor, and the keeping of
 * n of them in one step: false if they could not be kept.
 */
struct cursor_row deliver_budget_cursor(const struct deliver *deliver, struct deliver_account *account,
					enum endpoint endpoint, bool poll, struct arena *arena);
bool deliver_budgets_keep(struct deliver *deliver, const struct cursor_row *row, size_t n) MUST_CHECK;
/* What answers to polls and lookups asked for outlives the process: those of deliveries are kept when these are settled. */
bool deliver_silences_keep(struct deliver *deliver, struct err *err) MUST_CHECK;
bool deliver_pressure_read(struct deliver *deliver, struct err *err) MUST_CHECK;

/* ---- deliver_gate.c ---- */
/* Found or made; lives until close. */
struct deliver_server *deliver_server_get(struct deliver *deliver, struct str api_url);
/* May the account send something of this family now? *probe: only one request, as small as can be. */
bool deliver_gate_passes(struct deliver *deliver, struct deliver_account *account, enum api_family family, bool *probe);
/* A request has started (+1) or ended (-1). */
void deliver_gate_count(struct deliver_account *account, enum api_family family, int n);
/* What an answer says of the health of all three. */
void deliver_gate_heed(const struct deliver_send *send, const struct klaviyo_verdict *verdict);
/* The account's key or address has changed: what was stopped is tried at once. */
void deliver_gate_retry(struct deliver *deliver, struct deliver_account *account);
/* Audits what has changed, and tells status. */
bool deliver_gates_write(struct deliver *deliver, struct err *err) MUST_CHECK;
bool deliver_gates_open(struct deliver *deliver, struct err *err) MUST_CHECK;
void deliver_gates_free(struct deliver *deliver);

/* ---- deliver_choose.c ---- */

/* Deliveries that may share a request. */
struct deliver_class {
	enum klaviyo_kind kind;
	enum delivery_op op;
};

/* A request to make. */
struct deliver_order {
	struct deliver_account *account;
	enum klaviyo_kind kind;
	enum delivery_op op;
	enum priority priority;
	bool bulk;
	size_t max_n;
};

/* What to send of a lane, if anything may leave it now. sure: it is the lower lanes' turn in any case. */
bool deliver_choose(struct deliver *deliver, struct deliver_account *account, const struct deliver_class *class,
		    enum priority priority, bool sure, struct deliver_order *order);

/* ---- deliver_lane.c ---- */
bool deliver_lanes_read(struct deliver *deliver, struct err *err) MUST_CHECK;
/* Starts as many requests as may start. */
bool deliver_lanes_start(struct deliver *deliver, struct err *err) MUST_CHECK;
/* Something of this account ended: what was blocked may go on. */
void deliver_lanes_unblock(struct deliver_account *account);

/* ---- deliver_send.c ---- */
/*
 * Claims and sends one batch; *n deliveries with so many bytes of bodies, 0 if none may leave. What nobody wants ends instead, and is
 * among them.
 */
bool deliver_send_batch(struct deliver *deliver, const struct deliver_order *order, size_t *n, size_t *bytes,
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
/* Before the network gets what was started: it counts in its budget when it leaves, not when it was claimed. */
void deliver_sends_leave(struct deliver *deliver);
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
/* Nobody knows whether subscriptions took effect: opt-outs are read again before any is sent once more. */
void deliver_lookups_doubt(struct deliver_account *account);
/* Keeps how metrics are spelt, of all lookups that have ended, in one step. */
bool deliver_lookups_keep(struct deliver *deliver, struct err *err) MUST_CHECK;
/* Keeps what else was found. */
bool deliver_lookups_settle(struct deliver *deliver, struct deliver_send *send, struct err *err) MUST_CHECK;
void deliver_lookups_free(struct deliver_lookups *lookups);

/* ---- deliver_optout.c ---- */

/* Opt-outs from then on are to be read; the beginning of time the first time. */
int64_t deliver_optouts_since_ms(const struct deliver_lookups *lookups);
/* What a page of them said goes into the inbox of every store of the account, and the cursor behind the last page. */
bool deliver_optouts_settle(struct deliver *deliver, struct deliver_send *send, struct err *err) MUST_CHECK;
/* Forgets those that have become facts; lookups->n_unmapped is 0 when all have. */
bool deliver_optouts_heed_mapped(struct deliver *deliver, struct deliver_lookups *lookups, struct err *err) MUST_CHECK;

/* ---- deliver_settle.c ---- */
/* Ends in the store what was answered: batches and jobs. */
bool deliver_settle_all(struct deliver *deliver, size_t *n_done, struct err *err) MUST_CHECK;

#endif
