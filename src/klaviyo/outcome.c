/*
 * What an answer of Klaviyo to a request means, for the request and for each of its rows.
 *
 * Doesn't: decide when to try again (queue/outbox_policy) or know jobs (outcome_job.c).
 * Keeps:   an answer that may not be Klaviyo's own (a page of HTML from a firewall or proxy) never decides
 *          about a delivery: it is tried again.
 * Pure.
 */
#include "klaviyo/outcome.h"

#include "base/mutant.h"
#include "klaviyo/answer_internal.h"
#include "klaviyo/render_internal.h"
#include "net/http_date.h"

#define RETRY_AFTER_MS	   1000
#define RETRY_AFTER_MS_MAX INT64_C(3600000)
/* A date that cannot be compared. */
#define RETRY_DATE_MS INT64_C(60000)

const char *outcome_text(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_ACCEPTED:
		return "accepted";
	case OUTCOME_JOB:
		return "accepted as a job";
	case OUTCOME_DONE:
		return "nothing to do any more";
	case OUTCOME_AS_UPDATE:
		return "exists already: sent as an update";
	case OUTCOME_AS_CREATE:
		return "does not exist: sent as a create";
	case OUTCOME_RETRY_AT:
		return "throttled";
	case OUTCOME_RETRY:
		return "to be tried again";
	case OUTCOME_MENDED:
		return "to be sent again without what is refused";
	case OUTCOME_SPLIT:
		return "refused as a whole";
	case OUTCOME_REJECTED:
		return "refused";
	case OUTCOME_BLOCKED:
		return "account blocked";
	case OUTCOME_FORBIDDEN:
		return "not allowed to this key";
	}
	return "unknown";
}

/* ---- headers ---- */

/* The number a header starts with, -1 if there is none. Klaviyo sends "73" or "75, 75;w=1, 750;w=60". */
static int header_number(const struct http_answer *answer, const char *name)
{
	struct str text = str_trim(http_answer_header(answer, name));
	size_t len = 0;
	int64_t number;

	while (len < text.len && text.p[len] >= '0' && text.p[len] <= '9')
		len++;
	if (!str_to_int64(str_of(text.p, len), &number) || number > INT32_MAX)
		return -1;
	return (int)number;
}

/* Seconds, or a date: against the date of the answer, which is of the same clock. */
static int64_t retry_after_ms(const struct http_answer *answer)
{
	int64_t unit = mutant_is(MUTANT_retry_after_in_ms) ? 1 : 1000;
	int64_t ms = (int64_t)header_number(answer, "Retry-After") * unit, at_ms, now_ms;

	if (http_date_parse(str_trim(http_answer_header(answer, "Retry-After")), &at_ms))
		ms = http_date_parse(str_trim(http_answer_header(answer, "Date")), &now_ms) ? at_ms - now_ms
											    : RETRY_DATE_MS;
	if (ms <= 0)
		return RETRY_AFTER_MS;
	return ms < RETRY_AFTER_MS_MAX ? ms : RETRY_AFTER_MS_MAX;
}

/* ---- all rows alike ---- */

static void set_all(struct klaviyo_verdict *out, enum outcome outcome, struct str reason, struct arena *arena)
{
	struct outcome_row *row = ARENA_ARRAY(arena, out->n_row, struct outcome_row);

	out->outcome = outcome;
	out->reason = reason;
	for (size_t i = 0; i < out->n_row; i++)
		row[i] = (struct outcome_row){ .outcome = outcome, .reason = reason };
	out->row = row;
}

/* ---- refused for what is in it ---- */

/* The error that decides about a lone row: one about its content, else the first. */
static const struct answer_error *worst_error(const struct answer_batch *batch, struct answer_errors errors)
{
	for (size_t i = 0; i < errors.n && batch->n > 0; i++)
		if (answer_row(batch, batch->delivery, &errors.row[i]).outcome == OUTCOME_REJECTED)
			return &errors.row[i];
	return errors.n > 0 ? &errors.row[0] : NULL;
}

static void refuse_one(const struct answer_batch *batch, struct answer_errors errors,
		       struct klaviyo_verdict *out)
{
	static const struct delivery nothing = { 0 };
	struct outcome_row row =
		answer_row(batch, batch->n > 0 ? batch->delivery : &nothing, worst_error(batch, errors));

	set_all(out, row.outcome, row.reason, batch->arena);
	if (out->n_row == 1 && row.body.len > 0) {
		struct outcome_row *mended = ARENA_NEW(batch->arena, struct outcome_row);

		*mended = row;
		out->row = mended;
	}
}

static struct str first_reason(const struct answer_batch *batch, struct answer_errors errors)
{
	if (errors.n > 0)
		return answer_reason(batch->status, &errors.row[0], batch->arena);
	return arena_printf(batch->arena, "%d without an explanation", batch->status);
}

/* Rows that nothing points at were refused only because of the others: they go again, without those. */
static void refuse_many(const struct answer_batch *batch, struct answer_errors errors,
			struct klaviyo_verdict *out)
{
	struct outcome_row *row = ARENA_ARRAY(batch->arena, batch->n, struct outcome_row);
	bool *named = ARENA_ARRAY(batch->arena, batch->n, bool);
	struct outcome_row first = { 0 };

	for (size_t i = 0; i < batch->n; i++)
		row[i] = (struct outcome_row){ .outcome = OUTCOME_RETRY_AT,
					       .reason = STR("refused together with another: sent again") };
	if (answer_name_rows(batch, errors, row, named) == 0) {
		set_all(out, OUTCOME_SPLIT, first_reason(batch, errors), batch->arena);
		return;
	}
	for (size_t i = batch->n; i-- > 0;)
		if (named[i])
			first = row[i];
	out->outcome = first.outcome;
	out->reason = first.reason;
	out->row = row;
}

/* The key itself is refused, or only what it may do. */
static bool is_about_key(struct answer_errors errors, enum outcome *outcome)
{
	bool scope = false;

	for (size_t i = 0; i < errors.n; i++) {
		if (answer_is_about_key(&errors.row[i])) {
			*outcome = OUTCOME_BLOCKED;
			return true;
		}
		scope |= answer_is_about_scope(&errors.row[i]);
	}
	*outcome = OUTCOME_FORBIDDEN;
	return scope;
}

/* How the events of the batch were nested, so that pointers can be traced back to them. */
static void trace_events(struct answer_batch *batch)
{
	struct event_row *row;

	if (batch->endpoint == ENDPOINT_event_bulk_create &&
	    event_rows_read(batch->delivery, batch->n, batch->arena, &row, NULL))
		batch->event = row;
}

static void refuse(struct answer_batch *batch, struct answer_errors errors, struct klaviyo_verdict *out)
{
	enum outcome outcome;

	trace_events(batch);
	if (is_about_key(errors, &outcome))
		set_all(out, outcome, first_reason(batch, errors), batch->arena);
	else if (batch->n > 1)
		refuse_many(batch, errors, out);
	else
		refuse_one(batch, errors, out);
}

/* ---- by status ---- */

static void accept(const struct answer_batch *batch, const struct json *body, struct klaviyo_verdict *out)
{
	out->job_id = arena_dup(batch->arena, json_get_text(json_get(body, "data"), "id"));
	if (!endpoint_has_job(batch->endpoint))
		set_all(out, OUTCOME_ACCEPTED, (struct str){ 0 }, batch->arena);
	else if (out->job_id.len > 0)
		set_all(out, OUTCOME_JOB, (struct str){ 0 }, batch->arena);
	else
		set_all(out, OUTCOME_RETRY, STR("accepted without the id of a job"), batch->arena);
}

/* What is to be told names the profile that was asked for from now on; if there is none, whom it is about. */
static void find_profile(const struct answer_batch *batch, const struct json *body,
			 struct klaviyo_verdict *out)
{
	const struct json *data = json_get(body, "data");
	struct str id = json_get_text(json_at(data, 0), "id");
	struct outcome_row *row = ARENA_NEW(batch->arena, struct outcome_row);

	if (json_type(data) != JSON_ARRAY || (json_len(data) > 0 && id.len == 0)) {
		set_all(out, OUTCOME_RETRY, STR("an answer that is no list of profiles"), batch->arena);
		return;
	}
	*row = (struct outcome_row){ .outcome = OUTCOME_AS_UPDATE,
				     .reason = STR("no profile by the former address") };
	if (id.len > 0) {
		row->body = mend_with_id(batch->delivery->body, id, batch->arena);
		row->reason = STR("found by the former address");
	}
	out->outcome = row->outcome;
	out->reason = row->reason;
	out->row = row;
}

static void decide(struct answer_batch *batch, const struct http_answer *answer, const struct json *body,
		   struct klaviyo_verdict *out)
{
	struct answer_errors errors = answer_errors_read(json_get(body, "errors"), batch->arena);
	bool is_ours = json_type(body) == JSON_OBJECT;
	struct str reason = first_reason(batch, errors);
	int status = answer->status;

	if (!is_ours && answer->body.len > 0)
		reason = arena_printf(batch->arena, "%d with something that is not JSON", status);
	if (status >= 200 && status < 300 && batch->endpoint == ENDPOINT_profiles_get && batch->n == 1) {
		find_profile(batch, body, out);
	} else if (status >= 200 && status < 300) {
		accept(batch, body, out);
	} else if (status == 429) {
		set_all(out, OUTCOME_RETRY_AT, reason, batch->arena);
		out->retry_after_ms = retry_after_ms(answer);
	} else if (status < 400 || status >= 500 || status == 408 || status == 425) {
		set_all(out, OUTCOME_RETRY, reason, batch->arena);
		if (http_answer_header(answer, "Retry-After").len > 0)
			out->retry_after_ms = retry_after_ms(answer);
	} else if (status == 401) {
		set_all(out, OUTCOME_BLOCKED, reason, batch->arena);
	} else if (status == 410 || (status == 403 && is_ours)) {
		enum outcome outcome;

		(void)is_about_key(errors, &outcome);
		set_all(out, outcome, reason, batch->arena);
	} else if (status == 403 || (status == 404 && !is_ours && answer->body.len > 0)) {
		set_all(out, OUTCOME_RETRY, reason, batch->arena);
	} else if (status == 413) {
		set_all(out, batch->n > 1 ? OUTCOME_SPLIT : OUTCOME_REJECTED, reason, batch->arena);
	} else {
		refuse(batch, errors, out);
	}
}

/* Success without a job says all, unless it was asked for something; the rest is not worth a tree. */
static bool needs_body(enum endpoint endpoint, int status)
{
	return status < 200 || status >= 300 || endpoint_has_job(endpoint) ||
	       endpoint == ENDPOINT_profiles_get;
}

void klaviyo_outcome(enum endpoint endpoint, const struct delivery *delivery, size_t n,
		     const struct http_answer *answer, struct arena *arena, struct klaviyo_verdict *out)
{
	struct answer_batch batch = { endpoint, delivery, n, answer->status, arena, NULL };
	struct json *body = NULL;

	*out = (struct klaviyo_verdict){ .n_row = n, .rate_remaining = -1, .rate_limit = -1 };
	if (!answer->ok) {
		set_all(out, OUTCOME_RETRY,
			answer_clean(arena_printf(arena, "no answer: %s", answer->error), arena), arena);
		return;
	}
	out->rate_remaining = header_number(answer, "RateLimit-Remaining");
	out->rate_limit = header_number(answer, "RateLimit-Limit");
	out->rate_reset_s = header_number(answer, "RateLimit-Reset");
	if (out->rate_reset_s < 0)
		out->rate_reset_s = 0;
	if (needs_body(endpoint, answer->status) && !json_parse(answer->body, &body, NULL))
		body = NULL;
	decide(&batch, answer, body, out);
	json_free(body);
}
