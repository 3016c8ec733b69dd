/*
 * Pulling: what all platforms have in common.
 *
 * Doesn't: make requests (flow/pull.c).
 * Pure.
 */
#include "platform/pull.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/json.h"
#include "net/http_date.h"

#define WAIT_DEFAULT_MS (30 * MS_PER_S)
#define WAIT_MAX_MS	MS_PER_DAY

static const char *const kind_text[PULL_KIND_COUNT] = {
#define PULL_KIND_TEXT(name, text) [name] = (text),
	PULL_KINDS(PULL_KIND_TEXT)
#undef PULL_KIND_TEXT
};

const char *pull_kind_text(enum pull_kind kind)
{
	return kind_text[kind];
}

bool pull_kind_parse(struct str text, enum pull_kind *out)
{
	for (enum pull_kind kind = 0; kind < PULL_KIND_COUNT; kind++) {
		if (str_eq(text, str_from(kind_text[kind]))) {
			*out = kind;
			return true;
		}
	}
	return false;
}

struct str pull_header(const struct pull_answer *answer, const char *name)
{
	for (size_t i = 0; i < answer->n_header; i++)
		if (str_eq_nocase(answer->header[i].name, str_from(name)))
			return str_trim(answer->header[i].value);
	return STR("");
}

/* Seconds or a date (RFC 9110, 10.2.3); 0: it is not there, or neither. */
static int64_t retry_after_ms(const struct pull_answer *answer, int64_t now_ms)
{
	struct str text = pull_header(answer, "Retry-After");
	int64_t at_ms, seconds, wait_ms = 0;

	if (str_to_int64(text, &seconds))
		wait_ms = seconds > WAIT_MAX_MS / MS_PER_S ? WAIT_MAX_MS : seconds * MS_PER_S;
	else if (http_date_parse(text, &at_ms))
		wait_ms = at_ms - now_ms;
	if (wait_ms <= 0)
		return 0;
	return wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS;
}

static void judge_failure(const struct pull_ask *ask, const struct pull_request *request,
			  const struct pull_answer *answer, struct arena *arena, struct pull_page *out)
{
	int status = answer->status;
	struct str location = pull_header(answer, "Location");

	out->wait_ms = retry_after_ms(answer, ask->now_ms);
	out->reason = arena_printf(arena, "the shop answered %d%s", status,
				   request->for_token ? " to the request for a token" : "");
	if (status == 401 && ask->token.len > 0 && !request->for_token) {
		out->verdict = PULL_DENIED;
	} else if (status == 429 || (status == 503 && out->wait_ms > 0)) {
		out->verdict = PULL_WAIT;
		out->wait_ms = out->wait_ms > 0 ? out->wait_ms : WAIT_DEFAULT_MS;
	} else if (status == 408 || status == 425 || status >= 500) {
		out->verdict = PULL_AGAIN;
	} else if (location.len > 0) {
		out->reason = arena_printf(arena, "the shop answered %d, which leads to '%.*s'", status,
					   STR_ARG(location));
	}
}

bool pull_judge(const struct pull_ask *ask, const struct pull_request *request,
		const struct pull_answer *answer, struct arena *arena, struct pull_page *out)
{
	struct err why = { 0 };
	size_t n;

	*out = (struct pull_page){ .verdict = PULL_REFUSED };
	if (answer->status < 200 || answer->status > 299) {
		judge_failure(ask, request, answer, arena, out);
		return false;
	}
	if (!json_scan(answer->body, NULL, 0, &n, NULL, &why)) {
		out->verdict = PULL_AGAIN;
		out->reason =
			arena_printf(arena, "the shop answered %d with what is no JSON (%.*s): %s",
				     answer->status, STR_ARG(pull_header(answer, "Content-Type")), why.msg);
		return false;
	}
	out->verdict = PULL_PAGE;
	return true;
}
