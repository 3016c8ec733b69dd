/* Consent: subscribing and leaving by the API, opting out in Klaviyo itself, and reading what is so. */
#include "people.h"

#define ANN		EMAIL("ann@shop.invalid")
#define BEN		EMAIL("ben@shop.invalid")
#define ROW(attributes) "{\"type\":\"profile\",\"attributes\":{" attributes "}}"
#define IN_LIST		",\"relationships\":{\"list\":{\"data\":{\"type\":\"list\",\"id\":\"%s\"}}}"
#define HISTORICAL	",\"historical_import\":true"
#define AT(time)	",\"consented_at\":\"" time "\""
#define EMAIL_CONSENT	"profiles.0.subscriptions.email.marketing."

static const char *new_list(struct rig *rig, const char *opt_in)
{
	rig_check_status(
		"list",
		rig_send(rig, "POST", LISTS,
			 rig_printf(rig, LIST("\"name\":\"News\",\"opt_in_process\":\"%s_opt_in\""), opt_in)),
		201);
	return rig_printf(rig, "%.*s", STR_ARG(rig_text(rig, "data.id")));
}

static void send_ok(struct rig *rig, const char *path, const char *body)
{
	rig_check_status(body, rig_send(rig, "POST", path, body), 202);
	assert_int_equal(rig->reply.body.len, 0);
}

static void ask(struct rig *rig, const char *email)
{
	rig_check_status(
		email, rig_send(rig, "GET", rig_printf(rig, "/sandbox/profiles?email=%s", email), NULL), 200);
}

static void check_count(struct rig *rig, const char *name, const char *want)
{
	rig_check_status("counts", rig_send(rig, "GET", "/sandbox/counts", NULL), 200);
	rig_check_text(rig, name, rig_printf(rig, "people.%s", name), want);
}

static void control(struct rig *rig, const char *body)
{
	rig_check_status(body, rig_send(rig, "POST", "/sandbox/consent", body), 200);
}

static void test_single_opt_in(void **state)
{
	struct rig *rig = rig_new();
	const char *list = new_list(rig, "single");

	(void)state;
	send_ok(rig, SUBSCRIBE,
		rig_printf(rig,
			   SUBSCRIPTION(ROW(ANN "," GIVEN("")), ",\"custom_source\":\"Checkout\"", IN_LIST),
			   list));
	ask(rig, "ann@shop.invalid");
	rig_check_text(rig, "subscribed", EMAIL_CONSENT "consent", "SUBSCRIBED");
	rig_check_text(rig, "source", EMAIL_CONSENT "custom_method_detail", "Checkout");
	rig_check_text(rig, "time", EMAIL_CONSENT "consent_timestamp", "2026-09-21T14:13:20.000Z");
	rig_check_text(rig, "member", "profiles.0.lists.0", list);
	check_count(rig, "subscribed", "1");
	send_ok(rig, SUBSCRIBE, rig_printf(rig, SUBSCRIPTION(ROW(ANN "," GIVEN("")), "", IN_LIST), list));
	check_count(rig, "subscribed", "1"); /* no error, and nothing new */
	rig_check_status("in the list",
			 rig_send(rig, "GET", rig_printf(rig, LISTS "/%s/profiles", list), NULL), 200);
	rig_check_text(rig, "in the list", "data.0.attributes.joined_group_at", "2026-09-21T14:13:20.000Z");
	rig_free(rig);
}

static void test_double_opt_in(void **state)
{
	struct rig *rig = rig_new();
	const char *list = new_list(rig, "double");

	(void)state;
	send_ok(rig, SUBSCRIBE, rig_printf(rig, SUBSCRIPTION(ROW(ANN "," GIVEN("")), "", IN_LIST), list));
	ask(rig, "ann@shop.invalid");
	rig_check_text(rig, "pending", "profiles.0.pending", "true");
	rig_check_text(rig, "pending", EMAIL_CONSENT "consent", "NEVER_SUBSCRIBED");
	rig_check_text(rig, "not in the list", "profiles.0.lists", "[]");
	check_count(rig, "confirmations_asked", "1");
	rig_wait(rig, 1000);
	control(rig, "{\"email\":\"ann@shop.invalid\",\"action\":\"confirm\"}");
	rig_check_text(rig, "confirmed", "subscriptions.email.marketing.consent", "SUBSCRIBED");
	rig_check_text(rig, "confirmed", "lists.0", list);
	rig_check_status("twice",
			 rig_send(rig, "POST", "/sandbox/consent",
				  "{\"email\":\"ann@shop.invalid\",\"action\":\"confirm\"}"),
			 400);

	send_ok(rig, SUBSCRIBE,
		rig_printf(rig,
			   SUBSCRIPTION(ROW(BEN "," GIVEN(AT("2025-01-02T03:04:05Z"))), HISTORICAL, IN_LIST),
			   list));
	ask(rig, "ben@shop.invalid");
	rig_check_text(rig, "historical asks nobody", EMAIL_CONSENT "consent", "SUBSCRIBED");
	rig_check_text(rig, "historical", EMAIL_CONSENT "consent_timestamp", "2025-01-02T03:04:05.000Z");
	check_count(rig, "confirmations_asked", "1");
	rig_free(rig);
}

/* Nobody known, no list, no history: 202, and nothing happens. */
static void test_unknown_without_list(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	send_ok(rig, SUBSCRIBE, SUBSCRIPTION(ROW(ANN "," GIVEN("")), "", ""));
	check_count(rig, "profiles", "0");
	check_count(rig, "subscribes_ignored", "1");
	send_ok(rig, SUBSCRIBE, SUBSCRIPTION(ROW(ANN "," GIVEN(AT("2025-01-02T03:04:05Z"))), HISTORICAL, ""));
	check_count(rig, "profiles", "1");
	rig_free(rig);
}

static void test_opt_in_of_the_account(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	rig_check_status("ann", rig_send(rig, "POST", PROFILE_IMPORT, PROFILE(ANN)), 201);
	send_ok(rig, SUBSCRIBE, SUBSCRIPTION(ROW(ANN "," GIVEN("")), "", ""));
	check_count(rig, "confirmations_asked", "1");
	rig_knobs(rig, "{\"opt_in\":\"single\"}");
	send_ok(rig, SUBSCRIBE, SUBSCRIPTION(ROW(ANN "," GIVEN("")), "", ""));
	check_count(rig, "subscribed", "1");
	rig_free(rig);
}

static void test_unsubscribe(void **state)
{
	struct rig *rig = rig_new();
	const char *list = new_list(rig, "single"), *other = new_list(rig, "single");

	(void)state;
	send_ok(rig, SUBSCRIBE,
		rig_printf(rig, SUBSCRIPTION(ROW(ANN "," GIVEN("")) "," ROW(BEN "," GIVEN("")), "", IN_LIST),
			   list));
	send_ok(rig, UNSUBSCRIBE, rig_printf(rig, UNSUBSCRIPTION(ROW(ANN "," ENDED), IN_LIST), list));
	ask(rig, "ann@shop.invalid");
	rig_check_text(rig, "from the list", "profiles.0.lists", "[]");
	rig_check_text(rig, "from the list", EMAIL_CONSENT "list_suppressions.0.list_id", list);
	rig_check_text(rig, "not from all", EMAIL_CONSENT "suppression", "[]");
	send_ok(rig, UNSUBSCRIBE, rig_printf(rig, UNSUBSCRIPTION(ROW(BEN "," ENDED), IN_LIST), other));
	ask(rig, "ben@shop.invalid");
	rig_check_text(rig, "no member: from all", EMAIL_CONSENT "suppression.0.reason", "UNSUBSCRIBE");
	rig_check_text(rig, "no member: from all", EMAIL_CONSENT "consent", "UNSUBSCRIBED");
	rig_check_text(rig, "no member: from all", EMAIL_CONSENT "can_receive_email_marketing", "false");
	check_count(rig, "unsubscribed_globally", "1");
	check_count(rig, "unsubscribed", "2");
	send_ok(rig, UNSUBSCRIBE, UNSUBSCRIPTION(ROW(ANN "," ENDED), ""));
	ask(rig, "ann@shop.invalid");
	rig_check_text(rig, "no list: from all", EMAIL_CONSENT "consent", "UNSUBSCRIBED");
	rig_free(rig);
}

/* A subscription lifts what a person or a merchant did, not what the mail server said. */
static void test_suppressions(void **state)
{
	static const struct suppression_row {
		const char *action, *reason;
		bool lifted;
	} rows[] = {
		{ "unsubscribe", "UNSUBSCRIBE", true },	      { "suppress", "USER_SUPPRESSED", true },
		{ "spam_complaint", "SPAM_COMPLAINT", true }, { "hard_bounce", "HARD_BOUNCE", false },
		{ "invalid_email", "INVALID_EMAIL", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *rig = rig_new();
		const char *list = new_list(rig, "single");

		rig_check_status("ann", rig_send(rig, "POST", PROFILE_IMPORT, PROFILE(ANN)), 201);
		control(rig, rig_printf(rig, "{\"email\":\"ann@shop.invalid\",\"action\":\"%s\"}",
					rows[i].action));
		rig_check_text(rig, rows[i].action, "subscriptions.email.marketing.suppression.0.reason",
			       rows[i].reason);
		send_ok(rig, SUBSCRIBE,
			rig_printf(rig, SUBSCRIPTION(ROW(ANN "," GIVEN("")), "", IN_LIST), list));
		ask(rig, "ann@shop.invalid");
		assert_int_equal(json_len(rig_at(rig, EMAIL_CONSENT "suppression")), rows[i].lifted ? 0 : 1);
		check_count(rig, "opted_out", rows[i].lifted ? "1" : "0"); /* a bounce is nobody's wish */
		rig_free(rig);
	}
}

/* The people whom the API brought back after they had left in Klaviyo. */
static void test_resubscribed(void **state)
{
	struct rig *rig = rig_new();
	const char *list = new_list(rig, "single");

	(void)state;
	send_ok(rig, SUBSCRIBE,
		rig_printf(rig, SUBSCRIPTION(ROW(ANN "," GIVEN("")) "," ROW(BEN "," GIVEN("")), "", IN_LIST),
			   list));
	check_count(rig, "resubscribed_after_opt_out", "0");
	rig_wait(rig, 60000);
	control(rig, "{\"email\":\"ann@shop.invalid\",\"action\":\"unsubscribe\"}");
	rig_check_text(rig, "opted out", "opted_out_at", "2026-09-21T14:14:20.000Z");
	control(rig, "{\"email\":\"ben@shop.invalid\",\"action\":\"unsubscribe\",\"at\":\"2026-03-01T00:00:"
		     "00Z\"}");
	check_count(rig, "opted_out", "2");
	rig_wait(rig, 60000);
	send_ok(rig, SUBSCRIBE, rig_printf(rig, SUBSCRIPTION(ROW(ANN "," GIVEN("")), "", IN_LIST), list));
	check_count(rig, "resubscribed_after_opt_out", "1");
	check_count(rig, "resubscribed_against_opt_out", "0");
	send_ok(rig, SUBSCRIBE,
		rig_printf(rig,
			   SUBSCRIPTION(ROW(BEN "," GIVEN(AT("2026-02-01T00:00:00Z"))), HISTORICAL, IN_LIST),
			   list));
	check_count(rig, "resubscribed_after_opt_out", "2");
	check_count(rig, "resubscribed_against_opt_out", "1");
	ask(rig, "ben@shop.invalid");
	rig_check_text(rig, "marked", "profiles.0.resubscribed", "true");
	(void)rig_send(rig, "GET", "/sandbox/violations", NULL);
	rig_check_text(rig, "a broken promise", "by_kind.resubscribed_against_opt_out", "1");
	rig_free(rig);
}

/* One who agrees again in Klaviyo itself is no victim. */
static void test_opt_in_in_klaviyo(void **state)
{
	struct rig *rig = rig_new();
	const char *list = new_list(rig, "single");

	(void)state;
	control(rig, "{\"email\":\"ann@shop.invalid\",\"action\":\"subscribe\"}");
	rig_check_text(rig, "a new person", "subscriptions.email.marketing.consent", "SUBSCRIBED");
	control(rig, "{\"email\":\"ann@shop.invalid\",\"action\":\"unsubscribe\"}");
	control(rig, "{\"email\":\"ann@shop.invalid\",\"action\":\"subscribe\"}");
	send_ok(rig, SUBSCRIBE, rig_printf(rig, SUBSCRIPTION(ROW(ANN "," GIVEN("")), "", IN_LIST), list));
	check_count(rig, "resubscribed_after_opt_out", "0");
	rig_free(rig);
}

/* What a connector polls to learn of opt-outs. */
static void test_polling(void **state)
{
	struct rig *rig = rig_new();
#define SUPPRESSED "subscriptions.email.marketing.suppression.timestamp"
	const char *target =
		PROFILES "?filter=greater-than(" SUPPRESSED ",2026-03-01T00:00:00Z)"
			 "&additional-fields[profile]=subscriptions&sort=" SUPPRESSED "&page[size]=2";

	(void)state;
	for (int i = 0; i < 6; i++) {
		rig_check_status("import",
				 rig_send(rig, "POST", PROFILE_IMPORT,
					  rig_printf(rig, PROFILE("\"email\":\"p%d@shop.invalid\""), i)),
				 201);
		if (i > 0)
			control(rig,
				rig_printf(
					rig,
					"{\"email\":\"p%d@shop.invalid\",\"action\":\"unsubscribe\",\"at\":"
					"\"2026-0%d-01T00:00:00Z\"}",
					i, 7 - i));
	}
	rig_check_status("poll", rig_send(rig, "GET", target, NULL), 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 2);
	rig_check_text(rig, "oldest first", "data.0.attributes.email", "p3@shop.invalid");
	rig_check_text(rig, "oldest first", "data.1.attributes.email", "p2@shop.invalid");
	rig_check_text(rig, "consent",
		       "data.0.attributes.subscriptions.email.marketing.suppression.0.timestamp",
		       "2026-04-01T00:00:00.000Z");
	rig_check_status("next",
			 rig_send(rig, "GET",
				  rig_printf(rig, "%.*s",
					     STR_ARG(str_skip(rig_text(rig, "links.next"),
							      sizeof("http://sandbox.test:80") - 1))),
				  NULL),
			 200);
	assert_int_equal(json_len(rig_at(rig, "data")), 1);
	rig_check_text(rig, "next", "data.0.attributes.email", "p1@shop.invalid");
	rig_check_status(
		"reason",
		rig_send(rig, "GET",
			 PROFILES
			 "?filter=equals(subscriptions.email.marketing.suppression.reason,'HARD_BOUNCE')",
			 NULL),
		200);
	assert_int_equal(json_len(rig_at(rig, "data")), 0);
	rig_check_status("not a time",
			 rig_send(rig, "GET", PROFILES "?filter=greater-than(" SUPPRESSED ",'x')", NULL),
			 400);
	rig_free(rig);
}

static void test_sms(void **state)
{
	struct rig *rig = rig_new();
	const char *list = new_list(rig, "single");

	(void)state;
	send_ok(rig, SUBSCRIBE,
		rig_printf(rig,
			   SUBSCRIPTION(ROW("\"phone_number\":\"+46701234567\",\"subscriptions\":{\"sms\":{"
					    "\"marketing\":"
					    "{\"consent\":\"SUBSCRIBED\"},\"transactional\":{\"consent\":"
					    "\"SUBSCRIBED\"}}}"),
					"", IN_LIST),
			   list));
	(void)rig_send(rig, "GET", "/sandbox/people", NULL);
	rig_check_text(rig, "sms", "accounts.0.consent.sms_marketing.SUBSCRIBED", "1");
	rig_check_text(rig, "sms", "accounts.0.consent.sms_transactional.SUBSCRIBED", "1");
	rig_check_text(rig, "e-mail", "accounts.0.consent.email_marketing.SUBSCRIBED", "0");
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single_opt_in),
		cmocka_unit_test(test_double_opt_in),
		cmocka_unit_test(test_unknown_without_list),
		cmocka_unit_test(test_opt_in_of_the_account),
		cmocka_unit_test(test_unsubscribe),
		cmocka_unit_test(test_suppressions),
		cmocka_unit_test(test_resubscribed),
		cmocka_unit_test(test_opt_in_in_klaviyo),
		cmocka_unit_test(test_polling),
		cmocka_unit_test(test_sms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
