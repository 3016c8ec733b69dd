/* Model test of the store: files of history and pulls. */
#include "contract/random_side.h"

#include "base/attr.h"

#define RECORDS_MAX 3

static void say_at(struct side *side, const struct import_at *at)
{
	say_int(side, at->position);
	say_int(side, at->line);
	say_int(side, at->lines_position);
	say_int(side, at->lines_line);
	say_int(side, at->used);
	say_text(side, at->cursor);
}

static void say_job(struct side *side, const struct import_job *job)
{
	say_id(side, job->store_id);
	say_int(side, job->id);
	say_int(side, job->rank);
	say_int(side, job->pull);
	say_text(side, job->path);
	say_text(side, job->options);
	say_digest(side, job->fingerprint);
	say_int(side, job->size);
	say_line(side, import_state_text(job->state));
	say_text(side, job->reason);
	say_int(side, job->per_minute);
	say_at(side, &job->at);
	say_int(side, job->n_read);
	say_int(side, job->n_new);
	say_int(side, job->n_duplicate);
	say_int(side, job->n_mended);
	say_int(side, job->n_rejected);
	say_int(side, job->created_ms);
	say_int(side, job->changed_ms);
	say_int(side, job->due_ms);
	say_int(side, job->attempts);
}

static struct import_job *list_of(struct side *side, int64_t store_id, size_t *n)
{
	struct import_job *job = NULL;
	struct err err = { 0 };

	*n = 0;
	if (!say_result(side, db_import_list(side->db, store_id, &side->arena, &job, n, &err), &err))
		*n = 0;
	for (size_t i = 0; i < *n; i++)
		say_job(side, &job[i]);
	return job;
}

static void put(struct side *side)
{
	struct import_job job = {
		.store_id = choose_store(side),
		.rank = (int)below(side, 3),
		.pull = chance(side, 20),
		.path = str_from(numbered(side, "/file", 4)),
		.options = str_from(numbered(side, "options", 2)),
		.size = (int64_t)below(side, 1000),
		.per_minute = chance(side, 20) ? 60 : 0,
	};
	struct err err = { 0 };
	int64_t id = 0;

	/* The same ones again and again, so that unfinished ones are found. */
	job.fingerprint.byte[0] = (unsigned char)(1 + below(side, 4));
	if (say_result(side, db_import_put(side->db, side->now_ms, &job, &id, &err), &err))
		say_int(side, id);
}

/* ---- a piece ---- */

static void choose_records(struct side *side, const struct import_job *job, struct import_step *step)
{
	struct inbox_record *record = ARENA_ARRAY(&side->arena, RECORDS_MAX, struct inbox_record);

	step->n = below(side, RECORDS_MAX + 1);
	step->record = record;
	for (size_t i = 0; i < step->n; i++) {
		record[i] = (struct inbox_record){
			.store_id = job->store_id,
			.received_ms = side->now_ms,
			.topic = str_from(numbered(side, "topic", 3)),
			.source_id = str_from(numbered(side, "row", 100)),
			.body = str_from(numbered(side, "body", 1000)),
			.priority = PRIORITY_BACKFILL,
		};
		record[i].slot = choose_slot(side);
		record[i].key.byte[0] = (unsigned char)below(side, 3);
	}
}

static void choose_rejects(struct side *side, struct import_step *step)
{
	struct import_reject *reject = ARENA_ARRAY(&side->arena, 2, struct import_reject);

	step->n_reject = below(side, 3);
	step->reject = reject;
	for (size_t i = 0; i < step->n_reject; i++)
		reject[i] = (struct import_reject){
			.line = (int64_t)below(side, 100),
			.in_lines = chance(side, 30),
			.column = str_from(numbered(side, "column", 3)),
			.why = str_from(numbered(side, "why", 3)),
		};
}

static enum import_state choose_state(struct side *side)
{
	if (chance(side, 80))
		return IMPORT_OPEN;
	return chance(side, 50) ? IMPORT_DONE : IMPORT_FAILED;
}

static void take_step(struct side *side)
{
	struct import_step step = { 0 };
	struct inbox_receipt receipt[RECORDS_MAX];
	struct import_job *job;
	struct err err = { 0 };
	size_t n, at;

	job = list_of(side, 0, &n);
	if (n == 0)
		return;
	at = below(side, n);
	step.job_id = job[at].id;
	step.from = step.to = job[at].at;
	if (chance(side, 10))
		step.from.line++; /* somebody was faster */
	step.to.position += (int64_t)below(side, 50);
	step.to.line += (int64_t)below(side, 5);
	step.to.used += (int64_t)below(side, 20);
	if (job[at].pull) {
		step.to.cursor = str_from(numbered(side, "cursor", 5));
		step.size = (int64_t)below(side, 100);
	}
	step.n_read = (int64_t)below(side, 5);
	step.n_mended = (int64_t)below(side, 2);
	step.state = choose_state(side);
	step.reason = step.state == IMPORT_FAILED ? str_from(numbered(side, "reason", 3)) : STR("");
	choose_records(side, &job[at], &step);
	choose_rejects(side, &step);
	if (!say_result(side, db_import_step(side->db, side->now_ms, &step, receipt, &err), &err))
		return;
	for (size_t i = 0; i < step.n; i++) {
		say_line(side, receipt[i].kind == INBOX_NEW ? "new" : "duplicate");
		say_id(side, receipt[i].id);
		pool_add(&side->message, receipt[i].id);
	}
}

static void change(struct side *side)
{
	static const enum import_action action[] = { IMPORT_PAUSE, IMPORT_RESUME, IMPORT_RESUME,
						     IMPORT_CANCEL, IMPORT_THROTTLE };
	struct import_change wanted = { .action = action[below(side, ARRAY_LEN(action))],
					.per_minute = (int64_t)below(side, 100) };
	int64_t id = 1 + (int64_t)below(side, 30);
	struct err err = { 0 };

	(void)say_result(side, db_import_change(side->db, side->now_ms, id, &wanted, &err), &err);
}

static void rejects(struct side *side)
{
	struct import_reject *reject;
	struct err err = { 0 };
	size_t n;

	if (!say_result(side,
			db_import_rejects(side->db, 1 + (int64_t)below(side, 30), &side->arena, &reject, &n,
					  &err),
			&err))
		return;
	for (size_t i = 0; i < n; i++) {
		say_int(side, reject[i].line);
		say_int(side, reject[i].in_lines);
		say_text(side, reject[i].column);
		say_text(side, reject[i].why);
	}
}

void op_imports(struct side *side)
{
	uint64_t what = below(side, 100);
	size_t n;

	if (what < 20)
		put(side);
	else if (what < 75)
		take_step(side);
	else if (what < 85)
		change(side);
	else if (what < 92)
		rejects(side);
	else
		(void)list_of(side, choose_store(side), &n);
}
