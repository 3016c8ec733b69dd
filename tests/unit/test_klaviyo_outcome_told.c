/*
 * Outcomes of what is told as it is: proves what each answer of Klaviyo means for events, profiles and
 * consents, which rows a pointer names, and what a row is without its phone number.
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
#define ERRORS(code, title, detail, pointer) \
	"{'errors':[{'id':'1','status':0,'code':'" code "','title':'" title "','detail':'" detail \
	"','source':{'pointer':'" pointer "'}}]}"
#define INVALID	  ERRORS("invalid", "Invalid input.", "`price` must be a number.", "/data/attributes/price")
#define FAILED(n) ",'total_count':4,'completed_count':4,'failed_count':" #n

/*
 * a accepted, j job, d done, u as update, c as create, w retry at, r retry, m mended, s split, x rejected,
 * b blocked
 */
static const char letter[] = "ajducwrmsxbf";

static bool contains(struct str text, const char *part)
{
	for (size_t i = 0; part[0] && i + strlen(part) <= text.len; i++)
		if (memcmp(text.p + i, part, strlen(part)) == 0)
			return true;
	return part[0] == '\0';
}

static void check_rows(const char *what, const struct klaviyo_verdict *verdict, const char *want)
{
	char got[ROWS + 1] = { 0 };

	for (size_t i = 0; i < ROWS; i++)
		got[i] = letter[verdict->row[i].outcome];
	if (strcmp(got, want) != 0)
		fail_msg("%s: got %s, want %s", what, got, want);
}

/* ---- rows ---- */

#define PERSON(more) "'profile':{'data':{'type':'profile','attributes':{" more "}}}"
#define EVENT(id, person, attributes) \
	{ \
		.kind = KLAVIYO_EVENT, .external_id = STR_INIT("Placed Order|" id), \
		.parent_external_id = STR_INIT(person), \
		.body = STR_INIT("{'type':'event','attributes':{'value':29.90," PERSON( \
			attributes) ",'properties':{'phone_number':'1'}}}") \
	}
#define BOTH "'email':'a@x.test','phone_number':'+49151'"

/* Entries of their bulk request: 0 = a a, 1 = b. The third repeats the first. */
static const struct delivery event_rows[ROWS] = {
	EVENT("1", "a", BOTH),
	EVENT("2", "a", BOTH),
	EVENT("1", "a", BOTH),
	EVENT("3", "b", "'phone_number':'+49152','email':'b@x.test'"),
};
static const struct delivery profile_rows[ROWS] = {
	{ .kind = KLAVIYO_PROFILE,
	  .external_id = STR_INIT("a@x.test"),
	  .body = STR_INIT("{'type':'profile','attributes':{'email':'a@x.test','phone_number':'+49151',"
			   "'first_name':'A'}}") },
	{ .kind = KLAVIYO_PROFILE,
	  .external_id = STR_INIT("+49152"),
	  .body = STR_INIT("{'type':'profile','attributes':{'phone_number':'+49152'}}") },
	{ .kind = KLAVIYO_PROFILE,
	  .external_id = STR_INIT("c@x.test"),
	  .body = STR_INIT("{'type':'profile','attributes':{'email':'c@x.test'}}") },
	{ .kind = KLAVIYO_PROFILE,
	  .external_id = STR_INIT("customer:d"),
	  .body = STR_INIT("{'type':'profile','attributes':{'external_id':'d','phone_number':'+49154'}}") },
};
/* Known by another address before; not yet looked for, and found. */
static const struct delivery moved_rows[ROWS] = {
	{ .kind = KLAVIYO_PROFILE,
	  .op = DELIVERY_CREATE,
	  .external_id = STR_INIT("a@x.test"),
	  .parent_external_id = STR_INIT("b@x.test"),
	  .body = STR_INIT("{'type':'profile','attributes':{'email':'a@x.test','first_name':'A'}}") },
	{ .kind = KLAVIYO_PROFILE,
	  .op = DELIVERY_UPDATE,
	  .external_id = STR_INIT("a@x.test"),
	  .parent_external_id = STR_INIT("b@x.test"),
	  .body = STR_INIT("{'type':'profile','id':'P1','attributes':{'email':'a@x.test',"
			   "'first_name':'A'}}") },
};
static const struct delivery consent_rows[ROWS] = {
	{ .kind = KLAVIYO_CONSENT,
	  .external_id = STR_INIT("sms:+49151"),
	  .parent_external_id = STR_INIT("L1|n|"),
	  .body = STR_INIT("{'type':'profile','attributes':{'phone_number':'+49151','subscriptions':{}}}") },
	{ .kind = KLAVIYO_CONSENT, .external_id = STR_INIT("email:b@x.test") },
	{ .kind = KLAVIYO_CONSENT, .external_id = STR_INIT("email:c@x.test") },
	{ .kind = KLAVIYO_CONSENT, .external_id = STR_INIT("email:d@x.test") },
};

#define PHONE(pointer) ERRORS("invalid", "Invalid input.", "Phone number is not valid.", pointer)
#define AT_EVENTS      "/data/attributes/events-bulk-create/data/"
#define DUPLICATE \
	ERRORS("duplicate_profile", "Conflict.", "A profile already exists.", "/data/attributes")
#define NOT_THERE      ERRORS("not_found", "Not found.", "No profile.", "/data")

static const struct {
	const char *what;
	enum endpoint endpoint;
	const struct delivery *delivery;
	size_t n;
	int status;
	const char *body;
	enum outcome outcome;
	const char *rows;
} told[] = {
	{ "event taken", ENDPOINT_event_create, event_rows, 1, 202, "", OUTCOME_ACCEPTED, "a" },
	{ "events taken", ENDPOINT_event_bulk_create, event_rows, 4, 202, "", OUTCOME_ACCEPTED, "aaaa" },
	{ "event with a bad phone", ENDPOINT_event_create, event_rows, 1, 400,
	  PHONE("/data/attributes/profile/data/attributes/phone_number"), OUTCOME_MENDED, "m" },
	{ "event with a bad phone, pointer unlike", ENDPOINT_event_create, event_rows, 1, 400,
	  PHONE("/data/attributes/phone_number"), OUTCOME_MENDED, "m" },
	{ "event with a bad address", ENDPOINT_event_create, event_rows, 1, 400,
	  ERRORS("invalid", "Invalid input.", "Bad.", "/data/attributes/profile/data/attributes/email"),
	  OUTCOME_REJECTED, "x" },
	{ "an entry's phone", ENDPOINT_event_bulk_create, event_rows, 4, 400,
	  PHONE(AT_EVENTS "0/attributes/profile/data/attributes/phone_number"), OUTCOME_MENDED, "mmmw" },
	{ "the other entry's phone", ENDPOINT_event_bulk_create, event_rows, 4, 400,
	  PHONE(AT_EVENTS "1/attributes/profile/data/attributes/phone_number"), OUTCOME_MENDED, "wwwm" },
	{ "one event of an entry", ENDPOINT_event_bulk_create, event_rows, 4, 400,
	  ERRORS("invalid", "I", "Bad.", AT_EVENTS "0/attributes/events/data/1/attributes/time"),
	  OUTCOME_REJECTED, "wxww" },
	{ "an event that is said once for two", ENDPOINT_event_bulk_create, event_rows, 4, 400,
	  ERRORS("invalid", "I", "Bad.", AT_EVENTS "0/attributes/events/data/0/attributes/time"),
	  OUTCOME_REJECTED, "xwxw" },
	{ "an entry that is not there", ENDPOINT_event_bulk_create, event_rows, 4, 400,
	  ERRORS("invalid", "I", "Bad.", AT_EVENTS "2/attributes/profile"), OUTCOME_SPLIT, "ssss" },
	{ "events, nothing points", ENDPOINT_event_bulk_create, event_rows, 4, 400, INVALID, OUTCOME_SPLIT,
	  "ssss" },
	{ "profile taken", ENDPOINT_profile_upsert, profile_rows, 1, 200, "{}", OUTCOME_ACCEPTED, "a" },
	{ "new profile", ENDPOINT_profile_upsert, profile_rows, 1, 201, "{}", OUTCOME_ACCEPTED, "a" },
	{ "address of one, phone of another", ENDPOINT_profile_upsert, profile_rows, 1, 409, DUPLICATE,
	  OUTCOME_MENDED, "m" },
	{ "conflict without a phone", ENDPOINT_profile_upsert, profile_rows + 2, 1, 409, DUPLICATE,
	  OUTCOME_REJECTED, "x" },
	{ "bad phone and nothing else", ENDPOINT_profile_upsert, profile_rows + 1, 1, 400,
	  PHONE("/data/attributes/phone_number"), OUTCOME_REJECTED, "x" },
	{ "bad phone beside the shop's id", ENDPOINT_profile_upsert, profile_rows + 3, 1, 400,
	  PHONE("/data/attributes/phone_number"), OUTCOME_MENDED, "m" },
	{ "profiles as a job", ENDPOINT_profile_bulk_import, profile_rows, 4, 202, "{'data':{'id':'J='}}",
	  OUTCOME_JOB, "jjjj" },
	{ "a row's phone", ENDPOINT_profile_bulk_import, profile_rows, 4, 400,
	  PHONE("/data/attributes/profiles/data/0/attributes/phone_number"), OUTCOME_MENDED, "mwww" },
	{ "found by the former address", ENDPOINT_profiles_get, moved_rows, 1, 200,
	  "{'data':[{'type':'profile','id':'P1'}]}", OUTCOME_AS_UPDATE, "u" },
	{ "nobody by the former address", ENDPOINT_profiles_get, moved_rows, 1, 200, "{'data':[]}",
	  OUTCOME_AS_UPDATE, "u" },
	{ "no list", ENDPOINT_profiles_get, moved_rows, 1, 200, "{'data':{'id':'P1'}}", OUTCOME_RETRY, "r" },
	{ "a list of nothing", ENDPOINT_profiles_get, moved_rows, 1, 200, "{'data':[{}]}", OUTCOME_RETRY,
	  "r" },
	{ "not JSON", ENDPOINT_profiles_get, moved_rows, 1, 200, "<html>", OUTCOME_RETRY, "r" },
	{ "the new address is another profile's", ENDPOINT_profile_upsert, moved_rows + 1, 1, 409, DUPLICATE,
	  OUTCOME_MENDED, "m" },
	{ "gone since it was found", ENDPOINT_profile_upsert, moved_rows + 1, 1, 404, NOT_THERE,
	  OUTCOME_MENDED, "m" },
	{ "erased", ENDPOINT_profile_erase, profile_rows, 1, 202, "", OUTCOME_ACCEPTED, "a" },
	{ "erasure of nobody", ENDPOINT_profile_erase, profile_rows, 1, 404, NOT_THERE, OUTCOME_DONE, "d" },
	{ "subscribed", ENDPOINT_consent_subscribe, consent_rows, 4, 202, "", OUTCOME_ACCEPTED, "aaaa" },
	{ "unsubscribed", ENDPOINT_consent_unsubscribe, consent_rows, 1, 202, "", OUTCOME_ACCEPTED, "a" },
	{ "consent with a bad phone", ENDPOINT_consent_subscribe, consent_rows, 4, 400,
	  PHONE("/data/attributes/profiles/data/0/attributes/phone_number"), OUTCOME_REJECTED, "xwww" },
	{ "list that is not there", ENDPOINT_consent_subscribe, consent_rows, 1, 404,
	  ERRORS("not_found", "Not found.", "No list.", "/data/relationships/list/data/id"), OUTCOME_REJECTED,
	  "x" },
	{ "throttled", ENDPOINT_event_bulk_create, event_rows, 4, 429, "", OUTCOME_RETRY_AT, "wwww" },
	{ "scope", ENDPOINT_event_create, event_rows, 1, 403, ERRORS("permission_denied", "T", "D", ""),
	  OUTCOME_FORBIDDEN, "f" },
};

static void copy_rows(const struct delivery *from, size_t n, struct delivery *to)
{
	for (size_t i = 0; i < n; i++) {
		to[i] = from[i];
		if (from[i].body.len > 0)
			to[i].body = json_of(from[i].body.p);
	}
}

static void what_is_told_as_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(told); i++) {
		struct http_answer answer = { .ok = true,
					      .status = told[i].status,
					      .body = json_of(told[i].body) };
		struct delivery delivery[ROWS];
		struct klaviyo_verdict verdict;

		copy_rows(told[i].delivery, told[i].n, delivery);
		klaviyo_outcome(told[i].endpoint, delivery, told[i].n, &answer, &arena, &verdict);
		if (verdict.outcome != told[i].outcome)
			fail_msg("%s: got %s, want %s", told[i].what, outcome_text(verdict.outcome),
				 outcome_text(told[i].outcome));
		for (size_t k = 0; k < told[i].n; k++)
			if (letter[verdict.row[k].outcome] != told[i].rows[k])
				fail_msg("%s: row %zu is %s", told[i].what, k,
					 outcome_text(verdict.row[k].outcome));
	}
}

/* Nothing is changed but that the number is gone, wherever it stood; what has none cannot be mended twice. */
static void mended_bodies(void **state)
{
	struct http_answer answer = { .ok = true, .status = 400 };
	struct klaviyo_verdict verdict;
	struct delivery delivery[ROWS];

	(void)state;
	answer.body = json_of(PHONE("/data/attributes/profile/data/attributes/phone_number"));
	copy_rows(event_rows, ROWS, delivery);
	klaviyo_outcome(ENDPOINT_event_create, delivery, 1, &answer, &arena, &verdict);
	assert_true(str_eq(verdict.row[0].body,
			   json_of("{'type':'event','attributes':{'value':29.90," PERSON(
				   "'email':'a@x.test'") ",'properties':{'phone_number':'1'}}}")));
	assert_true(str_starts(verdict.row[0].reason, STR("sent again without the phone number: 400 Inv")));
	klaviyo_outcome(ENDPOINT_event_create, delivery + 3, 1, &answer, &arena, &verdict);
	assert_true(contains(verdict.row[0].body, "{\"email\":\"b@x.test\"}"));
	delivery[0].body = verdict.row[0].body;
	klaviyo_outcome(ENDPOINT_event_create, delivery, 1, &answer, &arena, &verdict);
	assert_int_equal(verdict.outcome, OUTCOME_REJECTED);
	copy_rows(profile_rows, ROWS, delivery);
	klaviyo_outcome(ENDPOINT_profile_upsert, delivery, 1, &answer, &arena, &verdict);
	assert_true(str_eq(verdict.row[0].body,
			   json_of("{'type':'profile','attributes':{'email':'a@x.test','first_name':'A'}}")));
	/* Callers that kept no bodies. */
	delivery[0].body = STR("");
	klaviyo_outcome(ENDPOINT_profile_upsert, delivery, 1, &answer, &arena, &verdict);
	assert_int_equal(verdict.outcome, OUTCOME_REJECTED);
}

/* What is to be told names the profile that was found, and no longer when that is in the way. */
static void found_profiles(void **state)
{
	struct http_answer answer = { .ok = true,
				      .status = 200,
				      .body = json_of("{'data':[{'type':'profile','id':'P1'}]}") };
	struct klaviyo_verdict verdict;
	struct delivery delivery[ROWS];

	(void)state;
	copy_rows(moved_rows, ROWS, delivery);
	klaviyo_outcome(ENDPOINT_profiles_get, delivery, 1, &answer, &arena, &verdict);
	assert_true(str_eq(verdict.row[0].body, delivery[1].body));
	answer = (struct http_answer){ .ok = true, .status = 409, .body = json_of(DUPLICATE) };
	klaviyo_outcome(ENDPOINT_profile_upsert, delivery + 1, 1, &answer, &arena, &verdict);
	assert_true(str_eq(verdict.row[0].body, delivery[0].body));
	assert_true(str_starts(verdict.row[0].reason, STR("sent again without the id of the profile: 409")));
}

static const struct {
	const char *what, *attributes;
	const char *rows;
} import_row[] = {
	{ "all well", FAILED(0), "aaaa" },
	{ "one failed, the job does not say which", FAILED(1), "ssss" },
	{ "no counts", "", "aaaa" },
};

static void import_jobs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(import_row); i++) {
		struct http_answer answer = { .ok = true, .status = 200 };
		struct klaviyo_verdict verdict;
		enum job_state got;

		answer.body = json_of(
			arena_printf(&arena, "{'data':{'id':'J1','attributes':{'status':'complete'%s}}}",
				     import_row[i].attributes)
				.p);
		klaviyo_job_outcome(ENDPOINT_profile_bulk_import, profile_rows, ROWS, STR("J1"), false,
				    &answer, &arena, &got, &verdict);
		assert_int_equal(got, JOB_COMPLETE);
		check_rows(import_row[i].what, &verdict, import_row[i].rows);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_told_as_it_is),
		TEST(mended_bodies),
		TEST(found_profiles),
		TEST(import_jobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
