/*
 * The virtual Klaviyo's bulk jobs. Jobs of an account take effect in the order they came; one that its sender
 * will never learn of takes effect at once, so that no old one undoes what was sent after it.
 */
#include "sim/klaviyo_internal.h"

#include "base/alloc.h"
#include "base/strbuf.h"

#include <stdio.h>
#include <string.h>

#define IMPORT	 THING_KIND_COUNT /* a job that imports profiles */
#define OPEN_MAX 500

struct job {
	int64_t id;
	int account;
	int kind;
	char op[8];
	struct json *rows;
	int64_t ready_ms;
	bool complete;
	bool cancelled;
	bool forgotten;
	size_t n_failed;
	struct strbuf errors;
};

static struct job *job;
static size_t n_job;

void job_close(void)
{
	for (size_t i = 0; i < n_job; i++) {
		json_free(job[i].rows);
		strbuf_release(&job[i].errors);
	}
	mem_free(job);
	job = NULL;
	n_job = 0;
}

bool job_is_working(int64_t id)
{
	return id > 0 && (size_t)id <= n_job && !job[id - 1].complete;
}

/* ---- effect ---- */

static void put_error(struct job *one, size_t row, int status, struct str detail)
{
	struct strbuf *out = &one->errors;

	strbuf_addf(out,
		    "%s{\"id\":\"e\",\"status\":%d,\"code\":\"%s\",\"title\":\"No.\",\"detail\":\"%.*s\",",
		    one->n_failed++ > 0 ? "," : "", status,
		    status == 404   ? "not_found"
		    : status == 409 ? "duplicate_result"
				    : "invalid",
		    STR_ARG(detail));
	if (status == 400)
		strbuf_addf(out,
			    "\"source\":{\"pointer\":\"/data/attributes/%s/data/%zu/attributes/title\"}}",
			    thing_plural[one->kind], row);
	else
		strbuf_add_text(out, "\"source\":{\"pointer\":\"/data/\"}}");
}

static void work(struct job *one)
{
	struct arena arena;

	if (one->complete)
		return;
	one->complete = true;
	if (one->cancelled)
		return;
	arena_init(&arena);
	for (size_t i = 0; i < json_len(one->rows); i++) {
		int status = 400;
		struct str wrong;

		if (one->kind == IMPORT)
			wrong = people_import(one->account, json_at(one->rows, i), &status);
		else
			wrong = thing_apply(one->account, (enum thing_kind)one->kind, one->op,
					    json_at(one->rows, i), &arena, &status);
		if (wrong.len > 0)
			put_error(one, i, status, wrong);
	}
	arena_release(&arena);
}

void jobs_work(bool all)
{
	for (size_t i = 0; i < n_job; i++)
		if (all || job[i].ready_ms <= sim.now_ms)
			work(&job[i]);
}

/* ---- start ---- */

static int64_t ready_at(int account)
{
	int64_t at_ms = sim.now_ms + sim_draw(OPTION_job_ms, 1, sim_option(OPTION_job_ms));

	for (size_t i = 0; i < n_job; i++)
		if (job[i].account == account && job[i].ready_ms > at_ms)
			at_ms = job[i].ready_ms;
	return at_ms;
}

static size_t count_open(int account)
{
	size_t n = 0;

	for (size_t i = 0; i < n_job; i++)
		n += job[i].account == account && !job[i].complete;
	return n;
}

static struct job *add(struct visit *visit, int kind, const char *op, const struct json *rows)
{
	struct job *one;
	int64_t ready_ms = ready_at(visit->account);

	job = mem_resize(job, (n_job + 1) * sizeof(*job));
	one = &job[n_job++];
	*one = (struct job){
		.id = (int64_t)n_job,
		.account = visit->account,
		.kind = kind,
		.rows = json_clone(rows),
		.ready_ms = ready_ms,
	};
	(void)snprintf(one->op, sizeof(one->op), "%s", op);
	strbuf_init(&one->errors, 1 << 20);
	sim_trace("klaviyo: %d job %lld %s of %zu", visit->account, (long long)one->id, op, json_len(rows));
	return one;
}

static bool any_poison(const struct json *rows)
{
	for (size_t i = 0; i < json_len(rows); i++)
		if (thing_is_poison(json_at(rows, i)))
			return true;
	return false;
}

static void start(struct visit *visit, int kind, const char *op, const char *plural)
{
	const struct json *rows =
		json_get(json_get(json_get(json_get(visit->body, "data"), "attributes"), plural), "data");
	struct job *one;

	if (json_len(rows) == 0)
		sim_fail("shape", "a job without rows");
	for (size_t i = 0; kind != IMPORT && i < json_len(rows); i++)
		thing_meet(visit, (enum thing_kind)kind, op, json_at(rows, i));
	if (count_open(visit->account) >= OPEN_MAX) {
		visit_error(visit, 429, "throttled", NULL, STR("Too many jobs are open."));
		return;
	}
	if (kind != IMPORT && json_len(rows) > 1 && any_poison(rows) && sim_fault(OPTION_unnamed)) {
		visit_error(visit, 400, "invalid", NULL, STR("Something in it is not liked here."));
		return;
	}
	one = add(visit, kind, op, rows);
	if (sim_fault(OPTION_job_lost)) {
		one->cancelled = sim_chance(OPTION_job_lost, 500);
		one->forgotten = !one->cancelled;
	}
	if (visit->request->answer_is_lost || one->forgotten)
		jobs_work(true);
	for (size_t i = 0; kind != IMPORT && i < json_len(rows) && !visit->request->answer_is_lost; i++) {
		const struct json *row = json_at(one->rows, i);
		struct str id = strcmp(op, "create") == 0
					? json_get_text(json_get(row, "attributes"), "external_id")
					: str_skip(json_get_text(row, "id"), sizeof(KLAVIYO_ID_PREFIX) - 1);
		struct thing *met = thing_find(visit->account, (enum thing_kind)kind, id);

		if (met)
			met->job_id = one->id;
	}
	visit->answer->status = 202;
	visit->answer->body = arena_printf(visit->arena, "{\"data\":{\"type\":\"job\",\"id\":\"job%lld\"}}",
					   (long long)one->id);
}

/* ---- polls ---- */

static void write_job(const struct job *one, struct strbuf *out)
{
	size_t n = one->complete ? json_len(one->rows) : 0;
	const char *status = !one->complete ? "processing" : one->cancelled ? "cancelled" : "complete";

	strbuf_addf(
		out,
		"{\"type\":\"job\",\"id\":\"job%lld\",\"attributes\":{\"status\":\"%s\",\"total_count\":%zu,"
		"\"completed_count\":%zu,\"failed_count\":%zu,\"errors\":[",
		(long long)one->id, status, n, n - one->n_failed, one->n_failed);
	strbuf_add_str(out, strbuf_str(&one->errors));
	strbuf_add_text(out, "]}}");
}

static bool is_listed(const struct visit *visit, const struct job *one, int kind, const char *op)
{
	return one->account == visit->account && one->kind == kind && strcmp(one->op, op) == 0 &&
	       !one->forgotten;
}

static void list(struct visit *visit, int kind, const char *op)
{
	struct strbuf out;
	size_t n = 0;

	strbuf_init(&out, 16 << 20);
	strbuf_add_text(&out, "{\"data\":[");
	for (size_t i = n_job; i-- > 0 && n < 100;) {
		if (!is_listed(visit, &job[i], kind, op))
			continue;
		strbuf_add_text(&out, n++ > 0 ? "," : "");
		write_job(&job[i], &out);
	}
	strbuf_add_text(&out, "],\"links\":{\"next\":null}}");
	visit->answer->status = 200;
	visit->answer->body = arena_dup(visit->arena, strbuf_str(&out));
	strbuf_release(&out);
}

static void poll(struct visit *visit, int kind, const char *op, struct str id)
{
	struct strbuf out;
	int64_t number = 0;

	(void)str_to_int64(str_skip(id, 3), &number);
	if (number < 1 || (size_t)number > n_job || !is_listed(visit, &job[number - 1], kind, op)) {
		visit_error(visit, 404, "not_found", NULL, STR("There is no such job."));
		return;
	}
	strbuf_init(&out, 16 << 20);
	strbuf_add_text(&out, "{\"data\":");
	write_job(&job[number - 1], &out);
	strbuf_add_char(&out, '}');
	visit->answer->status = 200;
	visit->answer->body = arena_dup(visit->arena, strbuf_str(&out));
	strbuf_release(&out);
}

static void visit_any(struct visit *visit, int kind, const char *op, const char *plural, struct str id)
{
	if (strcmp(visit->request->method, "POST") == 0)
		start(visit, kind, op, plural);
	else if (id.len > 0)
		poll(visit, kind, op, id);
	else
		list(visit, kind, op);
}

void job_visit(struct visit *visit, enum thing_kind kind, const char *op, struct str id)
{
	visit_any(visit, (int)kind, op, thing_plural[kind], id);
}

void job_visit_import(struct visit *visit, struct str id)
{
	visit_any(visit, IMPORT, "import", "profiles", id);
}
