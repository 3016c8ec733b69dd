/*
 * What a poll says of one bulk job, and of each of its rows.
 *
 * Keeps:   nothing is concluded before `complete`, because counts are 0 until then; and `complete` is not
 *          success: rows that failed are in `errors`. Rows about which failed_count and errors leave doubt
 *          are sent again, alone: that harms nothing, since a create of what exists becomes an update.
 * Pure. Source: recordings of the live API at revision 2026-07-15.
 */
#include "klaviyo/outcome.h"

#include "klaviyo/answer_internal.h"

/* The job in an answer about one job, or in a list of them; NULL if it is not there. */
static const struct json *find_job(const struct json *body, struct str job_id, bool list)
{
	const struct json *data = json_get(body, "data");

	if (!list)
		return str_eq(json_get_text(data, "id"), job_id) ? data : NULL;
	for (size_t i = 0; i < json_len(data); i++)
		if (str_eq(json_get_text(json_at(data, i), "id"), job_id))
			return json_at(data, i);
	return NULL;
}

static enum job_state state_of(const struct json *attributes)
{
	struct str status = json_get_text(attributes, "status");

	if (str_eq(status, STR("complete")))
		return JOB_COMPLETE;
	if (str_eq(status, STR("cancelled")))
		return JOB_CANCELLED;
	return JOB_WORKING; /* queued, processing, and what may be invented yet */
}

static void read_rows(const struct answer_batch *batch, const struct json *attributes,
		      struct klaviyo_verdict *out)
{
	struct answer_errors errors = answer_errors_read(json_get(attributes, "errors"), batch->arena);
	struct outcome_row *row = ARENA_ARRAY(batch->arena, batch->n, struct outcome_row);
	bool *named = ARENA_ARRAY(batch->arena, batch->n, bool);
	int64_t n_failed = 0;
	size_t n_named;

	for (size_t i = 0; i < batch->n; i++)
		row[i] = (struct outcome_row){ .outcome = OUTCOME_ACCEPTED };
	n_named = answer_name_rows(batch, errors, row, named);
	if (!json_get_int(attributes, "failed_count", &n_failed) || n_failed < (int64_t)errors.n)
		n_failed = (int64_t)errors.n;
	for (size_t i = 0; i < batch->n && n_failed > (int64_t)n_named; i++)
		if (!named[i])
			row[i] = (struct outcome_row){
				.outcome = OUTCOME_SPLIT,
				.reason = STR("the job failed for some rows without saying which"),
			};
	out->row = row;
	out->n_row = batch->n;
}

static void read_job(const struct answer_batch *batch, const struct json *job, enum job_state *state,
		     struct klaviyo_verdict *out)
{
	const struct json *attributes = json_get(job, "attributes");

	*state = state_of(attributes);
	if (*state == JOB_COMPLETE)
		read_rows(batch, attributes, out);
	if (*state != JOB_CANCELLED)
		return;
	out->outcome = OUTCOME_RETRY;
	out->reason = STR("Klaviyo cancelled the job");
}

/* Neither a job nor "there is no such job": what any other answer would mean, for the account. */
static void read_failure(const struct http_answer *answer, struct arena *arena, enum job_state *state,
			 struct klaviyo_verdict *out)
{
	klaviyo_outcome(ENDPOINT_accounts_get, NULL, 0, answer, arena, out);
	*state = JOB_WORKING;
	if (answer->ok && answer->status == 404 && out->outcome == OUTCOME_REJECTED)
		*state = JOB_UNKNOWN;
}

void klaviyo_job_outcome(enum endpoint endpoint, const struct delivery *delivery, size_t n, struct str job_id,
			 bool list, const struct http_answer *answer, struct arena *arena,
			 enum job_state *state, struct klaviyo_verdict *out)
{
	struct answer_batch batch = { endpoint, delivery, n, 0, arena, NULL };
	struct json *body = NULL;
	const struct json *job;

	read_failure(answer, arena, state, out);
	out->job_id = arena_dup(arena, job_id);
	if (!answer->ok || answer->status < 200 || answer->status >= 300)
		return;
	if (!json_parse(answer->body, &body, NULL)) {
		out->outcome = OUTCOME_RETRY;
		out->reason = STR("the answer about the job is not JSON");
		return;
	}
	job = find_job(body, job_id, list);
	*state = JOB_UNKNOWN;
	if (job)
		read_job(&batch, job, state, out);
	json_free(body);
}
