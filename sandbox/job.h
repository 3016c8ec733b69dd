#ifndef PANNIER_SANDBOX_JOB_H
#define PANNIER_SANDBOX_JOB_H

#include "base/json.h"
#include "sandbox/kind.h"
#include "sandbox/table.h"

/*
 * Bulk jobs. A job waits, takes effect at due_ms, and says so from visible_ms on:
 *
 *   WAITING --due_ms--> APPLIED --visible_ms--> COMPLETE
 *
 * While WAITING or APPLIED it reads "queued" or "processing" with zero counts. Effects of one kind come in the order
 * of submission. Source: reference recordings at revision 2026-07-15 (status, counts, errors, expiry after 7 days).
 */
#define JOBS_IN_PROGRESS_MAX 500
#define JOB_KEEP_MS (7 * INT64_C(86400000))
#define JOB_PAGE 100

enum job_state { JOB_WAITING, JOB_APPLIED, JOB_COMPLETE };

struct job {
	int64_t number;            /* in its account, grows */
	char id[27];               /* like a ULID */
	enum kind kind;
	enum op op;
	enum job_state state;
	int64_t request_number;
	int64_t created_wall_ms;
	int64_t created_ms, due_ms, visible_ms; /* sandbox_time_ms */
	int64_t completed_wall_ms;
	struct json *body;         /* owned; rows is a part of it; freed once complete */
	const struct json *rows;
	size_t n_rows, n_failed;
	struct json *errors;       /* owned array */
	struct json *done;         /* owned array of the external ids that succeeded */
};

struct job_list {
	struct job **job;          /* rising numbers */
	size_t n, capacity;
};

struct jobs {
	struct job_list list[KIND_COUNT][OP_COUNT];
	struct job_list in_progress;
	struct table by_id;
	int64_t last_number;
	int64_t next_ms;           /* nothing happens before */
	int64_t last_due_ms[KIND_COUNT];
};

struct sandbox;
struct account;

/* What the status reads at now_ms. */
const char *job_status(const struct job *job, int64_t now_ms);
/* Lets everything happen that is due. */
void jobs_advance(struct sandbox *sandbox, struct account *account);
/*
 * Takes body, whose rows passed the shape check. lost: its sender will not hear of it. The job, or NULL when too many
 * are in progress; then body stays the caller's and *wait_ms says how long until one ends.
 */
struct job *job_submit(struct sandbox *sandbox, struct account *account, enum kind kind, enum op op,
		       struct json *body, int64_t request_number, bool lost, int64_t *wait_ms);
void jobs_release(struct jobs *jobs);

/* The rows of a job's body. */
const struct json *job_rows(const struct json *body, enum kind kind);
/* The external id that a row is about. */
struct str row_external_id(const struct json *row);

#endif
