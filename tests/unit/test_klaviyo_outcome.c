/*
 * Outcomes: proves what each answer of Klaviyo means for a request and for each of its rows.
 */
#include "base/attr.h"
#include "base/strbuf.h"
#include "klaviyo/outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static int open_arena(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

/* ' for " */
static struct str json_of(const char *text)
{
	char *copy = arena_cstr(&arena, str_from(text));

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	return str_from(copy);
}

#define ROWS 4
#define VARIANT(id, item) \
	{ \
		.kind = KLAVIYO_VARIANT, .external_id = STR_INIT(id), .parent_external_id = STR_INIT(item) \
	}
static const struct delivery rows[KLAVIYO_KIND_COUNT][ROWS] = {
	[KLAVIYO_CATEGORY] = {
		{ .kind = KLAVIYO_CATEGORY, .external_id = STR_INIT("c1") },
		{ .kind = KLAVIYO_CATEGORY, .external_id = STR_INIT("c2") },
		{ .kind = KLAVIYO_CATEGORY, .external_id = STR_INIT("c12") },
		{ .kind = KLAVIYO_CATEGORY, .external_id = STR_INIT("c.1") },
	},
	[KLAVIYO_ITEM] = {
		{ .kind = KLAVIYO_ITEM, .external_id = STR_INIT("p1") },
		{ .kind = KLAVIYO_ITEM, .external_id = STR_INIT("p2") },
		{ .kind = KLAVIYO_ITEM, .external_id = STR_INIT("p12") },
		{ .kind = KLAVIYO_ITEM, .external_id = STR_INIT("c1") },
	},
	[KLAVIYO_VARIANT] = {
		VARIANT("v1", "p1"),
		VARIANT("v2", "p2"),
		VARIANT("v3", "p1"),
		VARIANT("p9", "p9"),
	},
};

static enum klaviyo_kind kind_of(enum endpoint endpoint)
{
	for (int kind = 0; kind <= KLAVIYO_VARIANT; kind++)
		for (int op = 0; op < DELIVERY_OP_COUNT; op++)
			if (endpoint_for((enum klaviyo_kind)kind, (enum delivery_op)op, false) == endpoint ||
			    endpoint_for((enum klaviyo_kind)kind, (enum delivery_op)op, true) == endpoint)
				return (enum klaviyo_kind)kind;
	return KLAVIYO_CATEGORY;
}

static struct klaviyo_verdict outcome_of(enum endpoint endpoint, size_t n, int status, const char *body)
{
	struct http_answer answer = { .ok = true, .status = status, .body = json_of(body) };
	struct klaviyo_verdict verdict;

	klaviyo_outcome(endpoint, rows[kind_of(endpoint)], n, &answer, &arena, &verdict);
	assert_int_equal(verdict.n_row, n);
	return verdict;
}

#define ERRORS(code, title, detail, pointer) \
	"{'errors':[{'id':'1','status':0,'code':'" code "','title':'" title "','detail':'" detail \
	"','source':{'pointer':'" pointer "'}}]}"
#define NO_ITEM \
	ERRORS("not_found", "Not found.", "An item with the id `$custom:::$default:::p1` does not exist.", \
	       "/data/")
#define NO_PARENT \
	ERRORS("not_found", "Not found.", "An item with the id `$custom:::$default:::p1` does not exist.", \
	       "/data/relationships/item/data")
#define NO_CATEGORY \
	ERRORS("not_found", "Not found.", \
	       "A category with the id `$custom:::$default:::p1` does not exist.", \
	       "/data/relationships/categories/data")
#define INVALID ERRORS("invalid", "Invalid input.", "`price` must be a number.", "/data/attributes/price")
#define HTML	"<html><body>Attention Required! | Cloudflare</body></html>"

static const struct {
	const char *what;
	enum endpoint endpoint;
	int status;
	const char *body;
	enum outcome outcome;
	const char *reason; /* a part of it */
} single[] = {
	{ "created", ENDPOINT_item_create, 201,
	  "{'data':{'type':'catalog-item','id':'$custom:::$default:::p1'}}", OUTCOME_ACCEPTED, "" },
	{ "updated", ENDPOINT_item_update, 200, "{}", OUTCOME_ACCEPTED, "" },
	{ "deleted", ENDPOINT_variant_delete, 204, "", OUTCOME_ACCEPTED, "" },
	{ "accepted, answer cut off", ENDPOINT_item_create, 201, "{'data", OUTCOME_ACCEPTED, "" },
	{ "exists", ENDPOINT_item_create, 409, ERRORS("conflict", "Conflict.", "exists", "/data/attributes"),
	  OUTCOME_AS_UPDATE, "409 Conflict: exists (/data/attributes)" },
	{ "exists, no body", ENDPOINT_category_create, 409, "", OUTCOME_AS_UPDATE,
	  "409 without an explanation" },
	{ "exists, on update", ENDPOINT_item_update, 409, "{}", OUTCOME_REJECTED, "409" },
	{ "exists, said as 400", ENDPOINT_variant_create, 400,
	  ERRORS("invalid", "Invalid input.", "A variant with the external id `v1` already exists.", "/data"),
	  OUTCOME_AS_UPDATE, "already exists" },
	{ "update of nothing", ENDPOINT_item_update, 404, NO_ITEM, OUTCOME_AS_CREATE,
	  "404 Not found: An item" },
	{ "update of nothing, no body", ENDPOINT_item_update, 404, "", OUTCOME_AS_CREATE, "" },
	{ "update of no variant", ENDPOINT_variant_update, 404,
	  ERRORS("not_found", "Not found.", "A variant with the id `$custom:::$default:::v1` does not exist.",
		 "/data/"),
	  OUTCOME_AS_CREATE, "" },
	{ "delete of nothing", ENDPOINT_item_delete, 404, NO_ITEM, OUTCOME_DONE, "" },
	{ "delete of nothing, no body", ENDPOINT_category_delete, 404, "", OUTCOME_DONE, "" },
	{ "404 of something else", ENDPOINT_item_delete, 404, HTML, OUTCOME_RETRY,
	  "404 with something that is not JSON" },
	{ "item of a variant is missing", ENDPOINT_variant_create, 404, NO_PARENT, OUTCOME_RETRY,
	  "item p1 is not there yet" },
	{ "item of a variant is missing, pointer unlike", ENDPOINT_variant_create, 404, NO_ITEM,
	  OUTCOME_RETRY, "item p1 is not there yet" },
	{ "item of a variant is missing, as 400", ENDPOINT_variant_create, 400, NO_PARENT, OUTCOME_RETRY,
	  "item p1 is not there yet" },
	{ "category of an item is missing", ENDPOINT_item_create, 404, NO_CATEGORY, OUTCOME_RETRY,
	  "a category is not there yet: 404 Not found: A category" },
	{ "category of an item is missing, on update", ENDPOINT_item_update, 404, NO_CATEGORY, OUTCOME_RETRY,
	  "a category" },
	{ "category with the item's own id is missing", ENDPOINT_item_update, 404,
	  ERRORS("not_found", "Not found.",
		 "A category with the id `$custom:::$default:::p1` does not exist.", "/data/"),
	  OUTCOME_RETRY, "a category" },
	{ "relation refused with 400", ENDPOINT_item_create, 400,
	  ERRORS("invalid", "Invalid input.", "No such thing.", "/data/relationships/categories/data/0/id"),
	  OUTCOME_RETRY, "a category" },
	{ "404 for a new category", ENDPOINT_category_create, 404, "{'errors':[]}", OUTCOME_REJECTED, "404" },
	{ "invalid", ENDPOINT_item_create, 400, INVALID, OUTCOME_REJECTED,
	  "400 Invalid input: `price` must be a number. (/data/attributes/price)" },
	{ "a field that does not exist", ENDPOINT_item_update, 400,
	  ERRORS("invalid", "Invalid input.", "The field `foo` does not exist.", "/data/attributes/foo"),
	  OUTCOME_REJECTED, "does not exist" },
	{ "unprocessable", ENDPOINT_item_create, 422, INVALID, OUTCOME_REJECTED, "422" },
	{ "wrong type", ENDPOINT_item_create, 415, "", OUTCOME_REJECTED, "415" },
	{ "content and existence", ENDPOINT_item_create, 400,
	  "{'errors':[{'code':'conflict','title':'C'},{'code':'invalid','title':'I'}]}", OUTCOME_REJECTED,
	  "400 I" },
	{ "too large", ENDPOINT_item_create, 413, "", OUTCOME_REJECTED, "413" },
	{ "wrong key", ENDPOINT_item_create, 401,
	  ERRORS("authentication_failed", "Authentication failed.", "Incorrect authentication credentials.",
		 "/data"),
	  OUTCOME_BLOCKED, "Incorrect authentication" },
	{ "wrong key as 400", ENDPOINT_item_create, 400, ERRORS("not_authenticated", "T", "D", ""),
	  OUTCOME_BLOCKED, "" },
	{ "no scope", ENDPOINT_item_create, 403, ERRORS("permission_denied", "T", "D", ""), OUTCOME_FORBIDDEN,
	  "403 T: D" },
	{ "firewall", ENDPOINT_item_create, 403, HTML, OUTCOME_RETRY, "403 with something that is not JSON" },
	{ "firewall without a word", ENDPOINT_item_create, 403, "", OUTCOME_RETRY, "403" },
	{ "revision retired", ENDPOINT_item_create, 410, "", OUTCOME_FORBIDDEN, "410" },
	{ "request timeout", ENDPOINT_item_create, 408, "", OUTCOME_RETRY, "408" },
	{ "server error", ENDPOINT_item_create, 500, HTML, OUTCOME_RETRY, "500" },
	{ "bad gateway", ENDPOINT_item_delete, 502, "", OUTCOME_RETRY, "502" },
	{ "unavailable", ENDPOINT_item_create, 503, "{'errors':[]}", OUTCOME_RETRY, "503" },
	{ "cloudflare timeout", ENDPOINT_item_create, 524, HTML, OUTCOME_RETRY, "524" },
	{ "redirect", ENDPOINT_item_create, 301, "", OUTCOME_RETRY, "301" },
	{ "throttled", ENDPOINT_item_create, 429,
	  ERRORS("throttled", "Request was throttled.", "Expected available in 1 second.", "/data"),
	  OUTCOME_RETRY_AT, "Request was throttled: Expected" },
};

static bool contains(struct str text, const char *part)
{
	for (size_t i = 0; part[0] && i + strlen(part) <= text.len; i++)
		if (memcmp(text.p + i, part, strlen(part)) == 0)
			return true;
	return part[0] == '\0';
}

static void one_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(single); i++) {
		struct klaviyo_verdict verdict =
			outcome_of(single[i].endpoint, 1, single[i].status, single[i].body);

		if (verdict.outcome != single[i].outcome || verdict.row[0].outcome != single[i].outcome)
			fail_msg("%s: got %s, want %s", single[i].what, outcome_text(verdict.outcome),
				 outcome_text(single[i].outcome));
		if (!contains(verdict.reason, single[i].reason))
			fail_msg("%s\n   got: %.*s\n  want: %s", single[i].what, STR_ARG(verdict.reason),
				 single[i].reason);
		assert_true(verdict.reason.len <= 300);
	}
}

#define REFUSED_ROW(n, where) \
	"{'code':'invalid','title':'Invalid','source':{'pointer':'/data/attributes/items/data/" #n where "'" \
	"}" \
	"}"

/*
 * a accepted, j job, d done, u as update, c as create, w retry at, r retry, m mended, s split, x rejected,
 * b blocked
 */
static const char letter[] = "ajducwrmsxbf";

static const struct {
	const char *what;
	enum endpoint endpoint;
	int status;
	const char *body;
	enum outcome outcome;
	const char *rows;
} many[] = {
	{ "job", ENDPOINT_item_bulk_create, 202,
	  "{'data':{'type':'catalog-item-bulk-create-job','id':'01HJOB'}}", OUTCOME_JOB, "jjjj" },
	{ "job without id", ENDPOINT_item_bulk_create, 202, "{}", OUTCOME_RETRY, "rrrr" },
	{ "job, not JSON", ENDPOINT_item_bulk_create, 202, HTML, OUTCOME_RETRY, "rrrr" },
	{ "one row is refused", ENDPOINT_item_bulk_create, 400,
	  "{'errors':[" REFUSED_ROW(2, "/attributes/price") "]}", OUTCOME_REJECTED, "wwxw" },
	{ "two rows are refused", ENDPOINT_item_bulk_create, 400,
	  "{'errors':[" REFUSED_ROW(3, "") "," REFUSED_ROW(0, "/attributes") "]}", OUTCOME_REJECTED, "xwwx" },
	{ "a row that is not there", ENDPOINT_item_bulk_create, 400, "{'errors':[" REFUSED_ROW(4, "") "]}",
	  OUTCOME_SPLIT, "ssss" },
	{ "a relation of a row", ENDPOINT_item_bulk_create, 400,
	  "{'errors':[" REFUSED_ROW(1, "/relationships/categories/data/0") "]}", OUTCOME_RETRY, "wrww" },
	{ "nothing points", ENDPOINT_item_bulk_create, 400, INVALID, OUTCOME_SPLIT, "ssss" },
	{ "nothing is said", ENDPOINT_item_bulk_create, 400, "", OUTCOME_SPLIT, "ssss" },
	{ "not JSON", ENDPOINT_item_bulk_create, 400, HTML, OUTCOME_SPLIT, "ssss" },
	{ "an id in the detail", ENDPOINT_item_bulk_create, 409,
	  ERRORS("conflict", "Conflict.", "An item with the external id `p2` already exists.", "/data"),
	  OUTCOME_AS_UPDATE, "wuww" },
	{ "a relation that is named", ENDPOINT_variant_bulk_create, 404, NO_PARENT, OUTCOME_RETRY, "rwrw" },
	{ "delete of nothing", ENDPOINT_item_bulk_delete, 404, NO_ITEM, OUTCOME_DONE, "dwww" },
	{ "key", ENDPOINT_item_bulk_create, 401, "{}", OUTCOME_BLOCKED, "bbbb" },
	{ "key in one of several errors", ENDPOINT_item_bulk_create, 400,
	  "{'errors':[" REFUSED_ROW(1, "") ",{'code':'permission_denied'}]}", OUTCOME_FORBIDDEN, "ffff" },
	{ "too large", ENDPOINT_item_bulk_create, 413, "", OUTCOME_SPLIT, "ssss" },
	{ "throttled", ENDPOINT_item_bulk_create, 429, "", OUTCOME_RETRY_AT, "wwww" },
	{ "server error", ENDPOINT_item_bulk_create, 500, "", OUTCOME_RETRY, "rrrr" },
};

static void check_rows(const char *what, const struct klaviyo_verdict *verdict, const char *want)
{
	char got[ROWS + 1] = { 0 };

	for (size_t i = 0; i < ROWS; i++)
		got[i] = letter[verdict->row[i].outcome];
	if (strcmp(got, want) != 0)
		fail_msg("%s: got %s, want %s", what, got, want);
}

static void many_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(many); i++) {
		struct klaviyo_verdict verdict =
			outcome_of(many[i].endpoint, ROWS, many[i].status, many[i].body);

		if (verdict.outcome != many[i].outcome)
			fail_msg("%s: got %s, want %s", many[i].what, outcome_text(verdict.outcome),
				 outcome_text(many[i].outcome));
		check_rows(many[i].what, &verdict, many[i].rows);
	}
	assert_true(str_eq(outcome_of(many[0].endpoint, ROWS, many[0].status, many[0].body).job_id,
			   STR("01HJOB")));
}

static void a_request_without_rows(void **state)
{
	(void)state;
	assert_int_equal(outcome_of(ENDPOINT_accounts_get, 0, 200, "{}").outcome, OUTCOME_ACCEPTED);
	assert_int_equal(outcome_of(ENDPOINT_accounts_get, 0, 401, "{}").outcome, OUTCOME_BLOCKED);
	assert_int_equal(outcome_of(ENDPOINT_accounts_get, 0, 404, "{'errors':[{}]}").outcome,
			 OUTCOME_REJECTED);
}

static void no_answer_is_retried(void **state)
{
	struct http_answer answer = { .ok = false, .status = 201, .error = "connection reset\n\x01" };
	struct klaviyo_verdict verdict;

	(void)state;
	klaviyo_outcome(ENDPOINT_item_create, rows[KLAVIYO_ITEM], 1, &answer, &arena, &verdict);
	assert_int_equal(verdict.outcome, OUTCOME_RETRY);
	assert_true(str_eq(verdict.reason, STR("no answer: connection reset  ")));
	assert_int_equal(verdict.rate_remaining, -1);
}

static const struct {
	const char *retry_after;
	int64_t want_ms;
} after_row[] = {
	{ "7", 7000 },
	{ "", 1000 },
	{ "0", 1000 },
	{ "-5", 1000 },
	{ "soon", 1000 },
	{ " 3 ", 3000 },
	{ "86400", 3600000 },
	{ "99999999999999999999", 1000 },
	{ "2, 3", 2000 },
	{ "Thu, 30 Jul 2026 10:11:22 GMT", 10000 }, /* the answer is of 10:11:12 */
	{ "Thu, 30 Jul 2026 10:11:02 GMT", 1000 },
	{ "Thu, 30 Jul 2027 10:11:02 GMT", 3600000 },
	{ "Thu, 30 Jux 2026 10:11:22 GMT", 1000 },
};

static void retry_after_is_heeded(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(after_row); i++) {
		const struct http_header header[] = {
			{ STR("retry-after"), str_from(after_row[i].retry_after) },
			{ STR("date"), STR("Thu, 30 Jul 2026 10:11:12 GMT") },
		};
		struct http_answer answer = { .ok = true, .status = 429, .header = header, .n_header = 2 };
		struct klaviyo_verdict verdict;

		klaviyo_outcome(ENDPOINT_item_create, rows[KLAVIYO_ITEM], 1, &answer, &arena, &verdict);
		if (verdict.retry_after_ms != after_row[i].want_ms)
			fail_msg("'%s': got %lld", after_row[i].retry_after,
				 (long long)verdict.retry_after_ms);
	}
}

static void others_ask_for_silence_only_by_the_header(void **state)
{
	const struct http_header header = { STR("Retry-After"), STR("7") };
	struct http_answer answer = { .ok = true, .status = 503, .header = &header, .n_header = 1 };
	struct klaviyo_verdict verdict;

	(void)state;
	klaviyo_outcome(ENDPOINT_item_create, rows[KLAVIYO_ITEM], 1, &answer, &arena, &verdict);
	assert_int_equal(verdict.outcome, OUTCOME_RETRY);
	assert_int_equal(verdict.retry_after_ms, 7000);
	answer.n_header = 0;
	klaviyo_outcome(ENDPOINT_item_create, rows[KLAVIYO_ITEM], 1, &answer, &arena, &verdict);
	assert_int_equal(verdict.retry_after_ms, 0);
}

static void rate_headers_are_read(void **state)
{
	const struct http_header header[] = { { STR("ratelimit-limit"), STR("75, 75;w=1, 750;w=60") },
					      { STR("RateLimit-Remaining"), STR("73") },
					      { STR("ratelimit-reset"), STR("0") } };
	struct http_answer answer = { .ok = true, .status = 200, .header = header, .n_header = 3 };
	struct klaviyo_verdict verdict;

	(void)state;
	klaviyo_outcome(ENDPOINT_item_update, rows[KLAVIYO_ITEM], 1, &answer, &arena, &verdict);
	assert_int_equal(verdict.rate_remaining, 73);
	assert_int_equal(verdict.rate_limit, 75);
	assert_int_equal(verdict.rate_reset_s, 0);
	answer.n_header = 0;
	klaviyo_outcome(ENDPOINT_item_update, rows[KLAVIYO_ITEM], 1, &answer, &arena, &verdict);
	assert_int_equal(verdict.rate_remaining, -1);
	assert_int_equal(verdict.rate_reset_s, 0);
}

static void reasons_are_clean_and_short(void **state)
{
	struct strbuf body;
	struct klaviyo_verdict verdict;

	(void)state;
	strbuf_init(&body, 10000);
	strbuf_add_text(&body, "{'errors':[{'title':'a\\u001b[31m\\nb','detail':'");
	for (int i = 0; i < 300; i++)
		strbuf_add_text(&body, "\xe2\x82\xac");
	strbuf_add_text(&body, "'}]}");
	verdict = outcome_of(ENDPOINT_item_create, 1, 400, body.p);
	assert_true(str_starts(verdict.reason, STR("400 a [31m b: \xe2\x82\xac")));
	assert_true(verdict.reason.len <= 300 && verdict.reason.len > 296);
	strbuf_release(&body);
}

/* ---- jobs ---- */

#define JOB(status, more) "{'type':'job','id':'J1','attributes':{'status':'" status "'" more "}}"
#define FAILED(n)	  ",'total_count':4,'completed_count':4,'failed_count':" #n
#define E(detail)	  "{'id':'x','code':'','title':'','detail':'" detail "','source':{'pointer':'/data'}}"
#define MISSING(noun, id) E(noun " with the id `$custom:::$default:::" id "` does not exist.")
#define EXISTS(noun, id)  E(noun " with the external id `" id "` already exists.")

static const struct {
	const char *what;
	enum endpoint endpoint;
	bool list;
	int status;
	const char *body;
	enum job_state state;
	enum outcome outcome;
	const char *rows; /* NULL = none */
} job_row[] = {
	{ "queued", ENDPOINT_item_bulk_create, false, 200, "{'data':" JOB("queued", "") "}", JOB_WORKING,
	  OUTCOME_ACCEPTED, NULL },
	{ "processing, counts already there", ENDPOINT_item_bulk_create, false, 200,
	  "{'data':" JOB("processing", ",'failed_count':4") "}", JOB_WORKING, OUTCOME_ACCEPTED, NULL },
	{ "a status not invented yet", ENDPOINT_item_bulk_create, false, 200,
	  "{'data':" JOB("pausing", "") "}", JOB_WORKING, OUTCOME_ACCEPTED, NULL },
	{ "cancelled", ENDPOINT_item_bulk_create, false, 200, "{'data':" JOB("cancelled", "") "}",
	  JOB_CANCELLED, OUTCOME_RETRY, NULL },
	{ "all well", ENDPOINT_item_bulk_create, false, 200,
	  "{'data':" JOB("complete", FAILED(0) ",'errors':[]") "}", JOB_COMPLETE, OUTCOME_ACCEPTED, "aaaa" },
	{ "no counts", ENDPOINT_item_bulk_create, false, 200, "{'data':" JOB("complete", "") "}",
	  JOB_COMPLETE, OUTCOME_ACCEPTED, "aaaa" },
	{ "in a list", ENDPOINT_item_bulk_create, true, 200,
	  "{'data':[{'id':'J0','attributes':{'status':'queued'}}," JOB("complete", FAILED(0)) "]}",
	  JOB_COMPLETE, OUTCOME_ACCEPTED, "aaaa" },
	{ "not in the list", ENDPOINT_item_bulk_create, true, 200, "{'data':[{'id':'J0'}]}", JOB_UNKNOWN,
	  OUTCOME_ACCEPTED, NULL },
	{ "another job", ENDPOINT_item_bulk_create, false, 200, "{'data':{'id':'J0'}}", JOB_UNKNOWN,
	  OUTCOME_ACCEPTED, NULL },
	{ "no such job", ENDPOINT_item_bulk_create, false, 404, "{'errors':[{}]}", JOB_UNKNOWN,
	  OUTCOME_REJECTED, NULL },
	{ "one exists", ENDPOINT_item_bulk_create, false, 200,
	  "{'data':" JOB("complete", FAILED(1) ",'errors':[" EXISTS("An item", "p2") "]") "}", JOB_COMPLETE,
	  OUTCOME_ACCEPTED, "auaa" },
	{ "one is missing", ENDPOINT_item_bulk_update, false, 200,
	  "{'data':" JOB("complete", FAILED(1) ",'errors':[" MISSING("An item", "p1") "]") "}", JOB_COMPLETE,
	  OUTCOME_ACCEPTED, "caaa" },
	{ "an id that only ends like one of ours", ENDPOINT_item_bulk_update, false, 200,
	  "{'data':" JOB("complete", FAILED(1) ",'errors':[" MISSING("An item", "xp1") "]") "}", JOB_COMPLETE,
	  OUTCOME_ACCEPTED, "ssss" },
	{ "delete of what is not there", ENDPOINT_item_bulk_delete, false, 200,
	  "{'data':" JOB("complete", FAILED(2) ",'errors':[" MISSING("An item", "p1") "," MISSING(
					     "An item", "c1") "]") "}",
	  JOB_COMPLETE, OUTCOME_ACCEPTED, "daad" },
	{ "one is refused", ENDPOINT_item_bulk_create, false, 200,
	  "{'data':" JOB("complete", FAILED(1) ",'errors':[" E(
					     "The url of `$custom:::$default:::p12` is too long") "]") "}",
	  JOB_COMPLETE, OUTCOME_ACCEPTED, "aaxa" },
	{ "one by pointer", ENDPOINT_item_bulk_create, false, 200,
	  "{'data':" JOB("complete", FAILED(1) ",'errors':[" REFUSED_ROW(2, "") "]") "}", JOB_COMPLETE,
	  OUTCOME_ACCEPTED, "aaxa" },
	{ "the item of two variants is missing", ENDPOINT_variant_bulk_create, false, 200,
	  "{'data':" JOB("complete", FAILED(2) ",'errors':[" MISSING("An item", "p1") "," MISSING(
					     "An item", "p1") "]") "}",
	  JOB_COMPLETE, OUTCOME_ACCEPTED, "rara" },
	{ "the item of a variant with its id is missing", ENDPOINT_variant_bulk_create, false, 200,
	  "{'data':" JOB("complete", FAILED(1) ",'errors':[" MISSING("An item", "p9") "]") "}", JOB_COMPLETE,
	  OUTCOME_ACCEPTED, "aaar" },
	{ "a variant is missing", ENDPOINT_variant_bulk_update, false, 200,
	  "{'data':" JOB("complete", FAILED(1) ",'errors':[" MISSING("A variant", "p9") "]") "}",
	  JOB_COMPLETE, OUTCOME_ACCEPTED, "aaac" },
	{ "a category that nobody names", ENDPOINT_item_bulk_create, false, 200,
	  "{'data':" JOB("complete", FAILED(1) ",'errors':[" MISSING("A category", "c7") "]") "}",
	  JOB_COMPLETE, OUTCOME_ACCEPTED, "ssss" },
	{ "a category with the id of an item", ENDPOINT_item_bulk_create, false, 200,
	  "{'data':" JOB("complete", FAILED(1) ",'errors':[" MISSING("A category", "c1") "]") "}",
	  JOB_COMPLETE, OUTCOME_ACCEPTED, "ssss" },
	{ "more failed than are told", ENDPOINT_item_bulk_create, false, 200,
	  "{'data':" JOB("complete", FAILED(2) ",'errors':[" EXISTS("An item", "p2") "]") "}", JOB_COMPLETE,
	  OUTCOME_ACCEPTED, "suss" },
	{ "failed without errors", ENDPOINT_item_bulk_create, false, 200,
	  "{'data':" JOB("complete", FAILED(1)) "}", JOB_COMPLETE, OUTCOME_ACCEPTED, "ssss" },
	{ "errors without a count", ENDPOINT_item_bulk_create, false, 200,
	  "{'data':" JOB("complete", ",'errors':[" E("something") "]") "}", JOB_COMPLETE, OUTCOME_ACCEPTED,
	  "ssss" },
	{ "throttled", ENDPOINT_item_bulk_create, false, 429, "", JOB_WORKING, OUTCOME_RETRY_AT, NULL },
	{ "server error", ENDPOINT_item_bulk_create, false, 502, HTML, JOB_WORKING, OUTCOME_RETRY, NULL },
	{ "a page in place of a job", ENDPOINT_item_bulk_create, false, 200, HTML, JOB_WORKING, OUTCOME_RETRY,
	  NULL },
	{ "a page in place of 404", ENDPOINT_item_bulk_create, false, 404, HTML, JOB_WORKING, OUTCOME_RETRY,
	  NULL },
	{ "key", ENDPOINT_item_bulk_create, false, 403, "{'errors':[{'code':'permission_denied'}]}",
	  JOB_WORKING, OUTCOME_FORBIDDEN, NULL },
};

static void jobs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(job_row); i++) {
		struct http_answer answer = { .ok = true,
					      .status = job_row[i].status,
					      .body = json_of(job_row[i].body) };
		struct klaviyo_verdict verdict;
		enum job_state got;

		klaviyo_job_outcome(job_row[i].endpoint, rows[kind_of(job_row[i].endpoint)], ROWS, STR("J1"),
				    job_row[i].list, &answer, &arena, &got, &verdict);
		if (got != job_row[i].state || verdict.outcome != job_row[i].outcome)
			fail_msg("%s: got state %d, %s", job_row[i].what, (int)got,
				 outcome_text(verdict.outcome));
		assert_true(str_eq(verdict.job_id, STR("J1")));
		assert_int_equal(verdict.n_row, job_row[i].rows ? ROWS : 0);
		if (job_row[i].rows)
			check_rows(job_row[i].what, &verdict, job_row[i].rows);
	}
}

static void a_poll_without_answer(void **state)
{
	struct http_answer answer = { .ok = false, .error = "timeout" };
	struct klaviyo_verdict verdict;
	enum job_state got;

	(void)state;
	klaviyo_job_outcome(ENDPOINT_item_bulk_create, rows[KLAVIYO_ITEM], ROWS, STR("J1"), false, &answer,
			    &arena, &got, &verdict);
	assert_int_equal(got, JOB_WORKING);
	assert_int_equal(verdict.outcome, OUTCOME_RETRY);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_row),
		TEST(many_rows),
		TEST(a_request_without_rows),
		TEST(no_answer_is_retried),
		TEST(retry_after_is_heeded),
		TEST(others_ask_for_silence_only_by_the_header),
		TEST(rate_headers_are_read),
		TEST(reasons_are_clean_and_short),
		TEST(jobs),
		TEST(a_poll_without_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
