#ifndef PANNIER_TESTS_SIM_KLAVIYO_INTERNAL_H
#define PANNIER_TESTS_SIM_KLAVIYO_INTERNAL_H

#include "sim/klaviyo.h"
#include "sim/sim.h"

/*
 * The inside of the virtual Klaviyo:
 *   klaviyo.c         requests: who may, what fails, where to
 *   klaviyo_quota.c   windows and Retry-After (G5)
 *   klaviyo_thing.c   the catalog (G4)
 *   klaviyo_job.c     bulk jobs
 *   klaviyo_people.c  events, profiles, consent, lists
 */
#define KLAVIYO_ACCOUNTS_MAX 2
#define KLAVIYO_ID_PREFIX "$custom:::$default:::"

enum thing_kind { THING_CATEGORY, THING_ITEM, THING_VARIANT, THING_KIND_COUNT };
extern const char *const thing_word[THING_KIND_COUNT];
extern const char *const thing_plural[THING_KIND_COUNT];

struct thing {
	int account;
	enum thing_kind kind;
	char *id;
	struct json *data;         /* {attributes, relationships}; NULL: it is not there */
	const struct wire_flight *flight; /* the last request with it, while its sender waits for the answer */
	int64_t job_id;            /* the job with it that its sender knows of; 0 = none */
	int64_t sent_ms;           /* of the last request that had a version */
	int64_t version;
};

/* A request under way through Klaviyo. */
struct visit {
	const struct wire_request *request;
	struct wire_answer *answer;
	struct arena *arena;
	int account;
	struct json *body;         /* NULL = none */
	const char *error;         /* of a row: its status and text */
	int error_status;
};

/* ---- klaviyo.c ---- */
void visit_error(struct visit *visit, int status, const char *code, const char *pointer, struct str detail);
char *klaviyo_text(struct str text);

/* ---- klaviyo_quota.c ---- */
void quota_open(void);
void quota_close(void);
/* Counts a request. family: "POST /api/events", as in the endpoint table. False: it was answered with 429. */
bool quota_admit(struct visit *visit, struct str family, int burst, int steady);
void quota_sent(int account, const struct wire_request *request);
void quota_heard(int account, const struct wire_request *request, const struct wire_answer *answer);

/* ---- klaviyo_thing.c ---- */
void thing_close(void);
struct thing *thing_find(int account, enum thing_kind kind, struct str id);
/* "" or what is wrong with the row, *status. op: "create", "update", "delete". */
struct str thing_apply(int account, enum thing_kind kind, const char *op, const struct json *row, struct arena *arena,
		       int *status);
/* G4: a request has this row. */
void thing_meet(struct visit *visit, enum thing_kind kind, const char *op, const struct json *row);
void thing_forget_flight(const struct wire_flight *flight);
void thing_visit_single(struct visit *visit, enum thing_kind kind, struct str id);
bool thing_is_poison(const struct json *row);
/* Those of a kind, and of the items of a category, a page of THING_PAGE at a time. */
#define THING_PAGE 4
void thing_visit_list(struct visit *visit, enum thing_kind kind);
void thing_visit_links(struct visit *visit, struct str category);

/* ---- klaviyo_job.c ---- */
void job_close(void);
void job_visit(struct visit *visit, enum thing_kind kind, const char *op, struct str id);
void job_visit_import(struct visit *visit, struct str id);
/* Jobs whose time has come take effect. all: those whose time has not, too. */
void jobs_work(bool all);
bool job_is_working(int64_t id);

/* ---- klaviyo_people.c ---- */
void people_open(void);
void people_close(void);
void people_visit_event(struct visit *visit);
void people_visit_events(struct visit *visit);
void people_visit_profile(struct visit *visit);
/* "", or what is wrong with the row, *status. With an id the profile of that id gets the address. */
struct str people_import(int account, const struct json *row, int *status);
void people_visit_consent(struct visit *visit, bool subscribe);
void people_visit_deletion(struct visit *visit);
void people_visit_lists(struct visit *visit);
/* By their address, or those who left. */
void people_visit_profiles(struct visit *visit);
void people_heard_optouts(int account, struct str body);

#endif
