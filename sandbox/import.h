#ifndef PANNIER_SANDBOX_IMPORT_H
#define PANNIER_SANDBOX_IMPORT_H

#include "base/json.h"
#include "sandbox/table.h"

/*
 * Bulk imports of profiles: as the jobs of the catalog (job.h) they wait, take effect at due_ms, and say so from
 * visible_ms on.
 */
enum import_state { IMPORT_WAITING, IMPORT_APPLIED, IMPORT_COMPLETE };

#define IMPORT_ID_BYTES 64

struct import_job {
	int64_t number;            /* grows; its index in the account is number - 1 */
	char id[IMPORT_ID_BYTES];  /* base64, '=' and all: to be encoded in a path */
	enum import_state state;
	int64_t request_number;
	int64_t created_wall_ms;
	int64_t created_ms, due_ms, visible_ms; /* sandbox_time_ms */
	int64_t completed_wall_ms;
	struct json *body;         /* owned; NULL once it has taken effect */
	size_t n_rows;
	struct json *errors;       /* owned array of the attributes of import-errors, each with an "id" */
	struct json *lists;        /* owned array of ids of lists */
};

struct imports {
	struct import_job **at;
	size_t n;
	size_t n_done;             /* so many of the first are complete */
	struct table by_id;
	int64_t last_due_ms;
};

struct sandbox;
struct account;

void imports_release(struct imports *imports);
/* Lets everything happen that is due. */
void imports_advance(struct sandbox *sandbox, struct account *account);
/* Takes body, which passed its checks. */
struct import_job *import_submit(struct sandbox *sandbox, struct account *account, struct json *body,
				 int64_t request_number);
/* What the status reads at now_ms. */
const char *import_status(const struct import_job *job, int64_t now_ms);

#endif
