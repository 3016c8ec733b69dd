/*
 * The journal: requests, counts, broken promises.
 *
 * Keeps:   the last JOURNAL_REQUESTS_MAX requests and the first JOURNAL_VIOLATIONS_MAX violations; counts
 *          are whole.
 * Threads: on the server's thread.
 */
#include "sandbox/journal.h"

#include "base/alloc.h"
#include "base/json.h"

#include <inttypes.h>
#include <string.h>

static const struct violation_row {
	const char *name;
	const char *help;
} violation_row[VIOLATION_COUNT] = {
#define VIOLATION_ROW(name, text, help) { text, help },
	VIOLATIONS(VIOLATION_ROW)
#undef VIOLATION_ROW
};

void journal_init(struct journal *journal, size_t n_routes)
{
	*journal = (struct journal){
		.ring = mem_zalloc(JOURNAL_REQUESTS_MAX, sizeof(*journal->ring)),
		.violation = mem_zalloc(JOURNAL_VIOLATIONS_MAX, sizeof(*journal->violation)),
		.route = mem_zalloc(n_routes + 1, sizeof(*journal->route)),
		.n_routes = n_routes,
	};
}

static void free_text(struct str *text)
{
	/* The cast takes back the const that struct str puts on what journal_add copied. */
	mem_free((void *)(uintptr_t)text->p);
	*text = (struct str){ 0 };
}

void journal_release(struct journal *journal)
{
	for (size_t i = 0; journal->ring && i < JOURNAL_REQUESTS_MAX; i++) {
		free_text(&journal->ring[i].method);
		free_text(&journal->ring[i].path);
	}
	for (size_t i = 0; i < journal->n_violations; i++)
		mem_free(journal->violation[i].detail);
	mem_free(journal->ring);
	mem_free(journal->violation);
	mem_free(journal->route);
	*journal = (struct journal){ 0 };
}

static struct str copy_text(struct str text, size_t max)
{
	size_t len = text.len < max ? text.len : max;
	char *copy = mem_alloc(len + 1);

	if (len)
		memcpy(copy, text.p, len);
	copy[len] = '\0';
	return str_of(copy, len);
}

void journal_add(struct journal *journal, const struct journal_request *request, size_t route)
{
	struct journal_request *slot = &journal->ring[request->number % JOURNAL_REQUESTS_MAX];
	struct journal_route *counts = &journal->route[route];

	free_text(&slot->method);
	free_text(&slot->path);
	*slot = *request;
	slot->method = copy_text(request->method, 16);
	slot->path = copy_text(request->path, 500);
	journal->last_number = request->number;
	counts->requests++;
	counts->rows += (int64_t)request->rows;
	counts->status[request->status % JOURNAL_STATUS_MAX]++;
}

void journal_violation_add(struct journal *journal, const struct journal_violation *violation,
			   const char *format, ...)
{
	struct journal_violation *kept;
	struct strbuf detail;
	va_list args;

	journal->violations[violation->kind]++;
	if (journal->n_violations == JOURNAL_VIOLATIONS_MAX)
		return;
	kept = &journal->violation[journal->n_violations++];
	*kept = *violation;
	strbuf_init(&detail, 1000);
	va_start(args, format);
	strbuf_vaddf(&detail, format, args);
	va_end(args);
	kept->detail = mem_strdup(detail.p);
	strbuf_release(&detail);
}

static void render_request(const struct journal_request *request, struct strbuf *out)
{
	strbuf_addf(out, "{\"number\":%" PRId64 ",\"at_ms\":%" PRId64 ",\"method\":", request->number,
		    request->at_ms);
	json_write_text(request->method, out);
	strbuf_add_text(out, ",\"path\":");
	json_write_text(request->path, out);
	if (request->pattern)
		strbuf_addf(out, ",\"pattern\":\"%s\"", request->pattern);
	strbuf_addf(out, ",\"status\":%d,\"key_last4\":\"%s\",\"rows\":%zu", request->status,
		    request->key_last4, request->rows);
	if (request->retry_after_s)
		strbuf_addf(out, ",\"retry_after_s\":%" PRId64, request->retry_after_s);
	if (request->dropped)
		strbuf_addf(out, ",\"dropped\":\"%s\"", request->dropped);
	strbuf_add_char(out, '}');
}

void journal_render_requests(const struct journal *journal, int64_t after, struct strbuf *out)
{
	int64_t first = journal->last_number - JOURNAL_REQUESTS_MAX + 1;

	if (first < 1)
		first = 1;
	if (after >= first)
		first = after < journal->last_number ? after + 1 : journal->last_number + 1;
	strbuf_addf(out, "{\"last_number\":%" PRId64 ",\"requests\":[", journal->last_number);
	for (int64_t number = first; number <= journal->last_number; number++) {
		if (number > first)
			strbuf_add_char(out, ',');
		render_request(&journal->ring[number % JOURNAL_REQUESTS_MAX], out);
	}
	strbuf_add_text(out, "]}");
}

static void render_violation(const struct journal_violation *violation, struct strbuf *out)
{
	strbuf_addf(out,
		    "{\"kind\":\"%s\",\"request_number\":%" PRId64 ",\"at_ms\":%" PRId64
		    ",\"key_last4\":\"%s\",\"detail\":",
		    violation_row[violation->kind].name, violation->request_number, violation->at_ms,
		    violation->key_last4);
	json_write_text(str_from(violation->detail), out);
	strbuf_add_char(out, '}');
}

void journal_render_violations(const struct journal *journal, struct strbuf *out)
{
	int64_t total = 0;

	for (size_t i = 0; i < VIOLATION_COUNT; i++)
		total += journal->violations[i];
	strbuf_addf(out, "{\"total\":%" PRId64 ",\"by_kind\":{", total);
	for (size_t i = 0; i < VIOLATION_COUNT; i++)
		strbuf_addf(out, "%s\"%s\":%" PRId64, i ? "," : "", violation_row[i].name,
			    journal->violations[i]);
	strbuf_add_text(out, "},\"meaning\":{");
	for (size_t i = 0; i < VIOLATION_COUNT; i++)
		strbuf_addf(out, "%s\"%s\":\"%s\"", i ? "," : "", violation_row[i].name,
			    violation_row[i].help);
	strbuf_add_text(out, "},\"violations\":[");
	for (size_t i = 0; i < journal->n_violations; i++) {
		if (i > 0)
			strbuf_add_char(out, ',');
		render_violation(&journal->violation[i], out);
	}
	strbuf_add_text(out, "]}");
}

void journal_render_status(const struct journal_route *route, size_t n, struct strbuf *out)
{
	bool first = true;

	strbuf_add_char(out, '{');
	for (size_t status = 0; status < JOURNAL_STATUS_MAX; status++) {
		int64_t sum = 0;

		for (size_t i = 0; i < n; i++)
			sum += route[i].status[status];
		if (sum == 0)
			continue;
		strbuf_addf(out, "%s\"%zu\":%" PRId64, first ? "" : ",", status, sum);
		first = false;
	}
	strbuf_add_char(out, '}');
}

void journal_render_route(const struct journal_route *route, const char *method, const char *pattern,
			  struct strbuf *out)
{
	strbuf_addf(out, "{\"method\":\"%s\",\"pattern\":\"%s\",\"requests\":%" PRId64 ",\"rows\":%" PRId64
		    ",\"by_status\":", method, pattern, route->requests, route->rows);
	journal_render_status(route, 1, out);
	strbuf_add_char(out, '}');
}
