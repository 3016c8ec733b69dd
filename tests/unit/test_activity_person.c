/*
 * Persons: proves which fields a profile has, what of them the rules let through, and what consent is told
 * of every state of the ledger.
 */
#include "unit/test_activity_support.h"

#define ID "ann@shop.example"

/* ---- the profile ---- */

static void the_newest_of_each_field(void **state)
{
	struct support support;

	(void)state;
	support_open(&support, ENTITY_PERSON, ID);
	support_versioned(&support, "customer", 20, 1,
			  "{'email':'Ann@Shop.Example','first_name':'Ann','last_name':'Lee','locale':'de_de',"
			  "'phone':'0151 1234567','address':{'city':'Bonn','country_code':'DE'}}");
	support_versioned(&support, "order", 30, 2,
			  "{'email':'Ann@Shop.Example','first_name':'Anna','last_name':'',"
			  "'address':{'zip':'50667'}}");
	support_versioned(&support, "subscriber", 10, 3,
			  "{'first_name':'A','title':'Dr','organization':'X'}");
	support_merge(&support);
	assert_true(support.view.has_profile);
	support_equal(support_profile(&support, &support.view.profile),
		      "<ann@shop.example|+491511234567|||Anna Lee|X|Dr|de-DE|[||||||||||50667|]>", "profile");
	support_close(&support);
}

/* The number of a change says nothing beside the time of an order; the time that comes with it does. */
static void a_number_is_no_time(void **state)
{
	static const struct {
		const char *at, *want;
	} row[] = { { "2026-03-01T00:00:00.000Z", "<ann@shop.example||||Annabell Lee||||[|||||||||||]>" },
		    { "2026-01-01T00:00:00.000Z", "<ann@shop.example||||Ann Lee||||[|||||||||||]>" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct support support;
		char customer[128];

		snprintf(customer, sizeof(customer), "{'first_name':'Annabell','last_name':'Lee','at':'%s'}",
			 row[i].at);
		support_open(&support, ENTITY_PERSON, ID);
		support_versioned(&support, "customer", 7, 2, customer);
		/* 2026-02-01 */
		support_versioned(&support, "order", 1769904000000, 1,
				  "{'first_name':'Ann','last_name':'Lee'}");
		support_merge(&support);
		support_equal(support_profile(&support, &support.view.profile), row[i].want, "profile");
		support_close(&support);
	}
}

#define CUSTOMER \
	"{'customer_id':'7','birthday':'1990-01-02','group':'vip','tags':['a','b']," \
	"'created_at':'2020-01-01T00:00:00Z','custom':{'size':'M','points':12,'secret':'x','no':{}}}"

static const struct {
	const char *what;
	struct activity_rules rules;
	const char *want, *external_id;
} rule_row[] = {
	{ "no rules",
	  { .send_consent = true },
	  "CustomerId=7 Birthday=1990-01-02 CustomerGroup=vip CustomerTags=a, b "
	  "CustomerSince=2020-01-01T00:00:00Z size=M points=12 secret=x ",
	  "" },
	{ "external id",
	  { .profile_external_id = true,
	    .profile_exclude = STR_INIT("Birthday, CustomerSince,CustomerTags") },
	  "CustomerGroup=vip size=M points=12 secret=x ",
	  "7" },
	{ "include is about custom fields",
	  { .profile_external_id = true,
	    .profile_include = STR_INIT("size,other"),
	    .profile_exclude = STR_INIT("Birthday,CustomerSince,CustomerTags") },
	  "CustomerGroup=vip size=M ",
	  "7" },
	{ "rename and set",
	  { .profile_external_id = true,
	    .profile_exclude = STR_INIT("Birthday,CustomerSince,CustomerTags,secret"),
	    .profile_rename = STR_INIT("size=Shirt Size, CustomerGroup=Group,points=,x"),
	    .profile_set = STR_INIT("Shop=Bonn,points=0") },
	  "Group=vip Shirt Size=M points=0 Shop=Bonn ",
	  "7" },
};

static void fields_follow_the_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rule_row); i++) {
		const struct activity_profile *profile;
		struct str text = { 0 };
		struct support support;

		support_open(&support, ENTITY_PERSON, ID);
		support.rules = rule_row[i].rules;
		support.rules.send_profiles = true;
		support_fact(&support, "customer", CUSTOMER);
		profile = &support_merge(&support)->profile;
		for (size_t k = 0; k < profile->n_property; k++)
			text = arena_printf(&support.arena, "%.*s%.*s=%.*s ", STR_ARG(text),
					    STR_ARG(profile->property[k].name),
					    STR_ARG(profile->property[k].value));
		support_equal(text, rule_row[i].want, rule_row[i].what);
		support_equal(profile->external_id, rule_row[i].external_id, rule_row[i].what);
		support_close(&support);
	}
}

static const struct {
	const char *what, *id, *part, *body;
	bool profile, erase;
	const char *held;
} person_row[] = {
	{ "known by the phone", "+491511234567", "order", "{'first_name':'Ann'}", true, false, "" },
	{ "by the shop's id alone", "customer:7", "customer", "{'customer_id':'7'}", false, false,
	  "no e-mail address and no phone number" },
	{ "consent alone is no profile", ID, "consent.email", "{'state':'pending'}", false, false, "" },
	{ "erased", ID, "erased", "{'at':'2026-07-30T09:00:00Z'}", false, true, "" },
};

static void who_gets_a_profile(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(person_row); i++) {
		struct support support;

		support_open(&support, ENTITY_PERSON, person_row[i].id);
		support_fact(&support, person_row[i].part, person_row[i].body);
		support_merge(&support);
		if (support.view.has_profile != person_row[i].profile ||
		    support.view.erase != person_row[i].erase)
			fail_msg("%s", person_row[i].what);
		support_equal(support.view.held, person_row[i].held, person_row[i].what);
		support_close(&support);
	}
}

static void nothing_is_told_of_who_was_erased(void **state)
{
	struct support support;

	(void)state;
	support_open(&support, ENTITY_PERSON, ID);
	support_fact(&support, "customer", CUSTOMER);
	support_fact(&support, "consent.email", "{'state':'subscribed','at':'2026-07-30T09:00:00Z'}");
	support_fact(&support, "erased", "{'at':'2026-07-30T09:00:00Z'}");
	support_merge(&support);
	assert_true(support.view.erase);
	assert_false(support.view.has_profile);
	assert_int_equal(support.view.n_consent, 0);
	support_equal(support.view.profile.email, ID, "who");
	support_close(&support);
}

/* ---- consent ---- */

#define SAID(state, minute) "{'state':'" state "','at':'2026-07-30T09:" minute ":00Z'}"

enum told { TOLD_NOTHING, TOLD_IN, TOLD_OUT };

static const struct {
	const char *what;
	const char *shop, *field, *klaviyo;
	enum told told;
	const char *want; /* "in", "out", "" = nothing is told */
} consent_row[] = {
	{ "nothing said", NULL, NULL, NULL, TOLD_NOTHING, "" },
	{ "opt-in", SAID("subscribed", "01"), NULL, NULL, TOLD_NOTHING, "in" },
	{ "opt-out", SAID("unsubscribed", "01"), NULL, NULL, TOLD_NOTHING, "out" },
	{ "pending is nothing", SAID("pending", "01"), NULL, NULL, TOLD_IN, "" },
	{ "unknown state", SAID("maybe", "01"), NULL, NULL, TOLD_NOTHING, "" },
	{ "no time", "{'state':'subscribed'}", NULL, NULL, TOLD_NOTHING, "" },
	{ "implied opt-in", NULL, SAID("subscribed", "01"), NULL, TOLD_NOTHING, "in" },
	{ "implied opt-out of nothing", NULL, SAID("unsubscribed", "01"), NULL, TOLD_NOTHING, "" },
	{ "implied opt-out of what we told", NULL, SAID("unsubscribed", "01"), NULL, TOLD_IN, "out" },
	{ "implied opt-out we told", NULL, SAID("unsubscribed", "01"), NULL, TOLD_OUT, "out" },
	{ "newest wins: opt-in", SAID("subscribed", "02"), SAID("unsubscribed", "01"), NULL, TOLD_IN, "in" },
	{ "newest wins: opt-out", SAID("subscribed", "01"), SAID("unsubscribed", "02"), NULL, TOLD_IN,
	  "out" },
	{ "a doubt is no yes", SAID("subscribed", "01"), SAID("unsubscribed", "02"), NULL, TOLD_NOTHING, "" },
	{ "an opt-out told is not taken back by what is older", SAID("subscribed", "01"),
	  SAID("unsubscribed", "02"), NULL, TOLD_OUT, "out" },
	{ "explicit wins a tie", SAID("unsubscribed", "01"), SAID("subscribed", "01"), NULL, TOLD_IN, "out" },
	{ "left in Klaviyo", NULL, NULL, SAID("unsubscribed", "01"), TOLD_IN, "" },
	{ "left in Klaviyo after the opt-in", SAID("subscribed", "01"), NULL, SAID("unsubscribed", "02"),
	  TOLD_IN, "" },
	{ "suppressed counts the same", SAID("subscribed", "01"), NULL, SAID("suppressed", "02"), TOLD_IN,
	  "" },
	{ "Klaviyo wins a tie", SAID("subscribed", "02"), NULL, SAID("unsubscribed", "02"), TOLD_IN, "" },
	{ "explicit opt-in after that", SAID("subscribed", "03"), NULL, SAID("unsubscribed", "02"), TOLD_IN,
	  "in" },
	{ "implied opt-in after that", NULL, SAID("subscribed", "03"), SAID("unsubscribed", "02"), TOLD_IN,
	  "" },
	{ "implied after explicit after that", SAID("subscribed", "03"), SAID("subscribed", "04"),
	  SAID("unsubscribed", "02"), TOLD_IN, "in" },
	{ "implied after that, explicit before", SAID("subscribed", "01"), SAID("subscribed", "04"),
	  SAID("unsubscribed", "02"), TOLD_IN, "" },
	{ "opt-out after that", SAID("unsubscribed", "03"), NULL, SAID("unsubscribed", "02"), TOLD_IN,
	  "out" },
	{ "Klaviyo does not say when", SAID("subscribed", "59"), NULL, "{'state':'unsubscribed'}", TOLD_IN,
	  "" },
	{ "a date that cannot be", "{'state':'subscribed','at':'2031-01-01T00:00:00Z'}", NULL,
	  SAID("unsubscribed", "02"), TOLD_IN, "" },
	{ "Klaviyo never subscribes by us", NULL, NULL, SAID("subscribed", "02"), TOLD_NOTHING, "" },
};

static struct str consent_text(const struct activity_view *view)
{
	if (view->n_consent == 0)
		return STR("");
	return view->consent[0].subscribed ? STR("in") : STR("out");
}

static void consent_of_each_state(void **state)
{
	struct str any = STR("key");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(consent_row); i++) {
		struct support support;

		support_open(&support, ENTITY_PERSON, ID);
		if (consent_row[i].shop)
			support_fact(&support, "consent.email", consent_row[i].shop);
		if (consent_row[i].field)
			support_fact(&support, "field.email", consent_row[i].field);
		if (consent_row[i].klaviyo)
			support_fact(&support, "klaviyo.email", consent_row[i].klaviyo);
		if (consent_row[i].told != TOLD_NOTHING)
			support_sent(&support, KLAVIYO_CONSENT, "email:" ID, digest16_of(&any, 1),
				     consent_row[i].told == TOLD_OUT);
		support_merge(&support);
		support_equal(consent_text(&support.view), consent_row[i].want, consent_row[i].what);
		support_close(&support);
	}
}

static struct digest16 key_with(const char *shop, const char *klaviyo)
{
	struct digest16 key = { { 0 } };
	struct support support;

	support_open(&support, ENTITY_PERSON, ID);
	support_fact(&support, "consent.email", shop);
	if (klaviyo)
		support_fact(&support, "klaviyo.email", klaviyo);
	support_merge(&support);
	assert_int_equal(support.view.n_consent, 1);
	key = support.view.consent_key[0];
	support_close(&support);
	return key;
}

static void the_key_changes_when_they_left_in_between(void **state)
{
	struct digest16 first = key_with(SAID("subscribed", "01"), NULL);
	struct digest16 again = key_with(SAID("subscribed", "03"), SAID("unsubscribed", "02"));

	(void)state;
	assert_true(digest16_eq(first, key_with(SAID("subscribed", "05"), NULL)));
	assert_false(digest16_eq(first, again));
	assert_true(digest16_eq(again, key_with(SAID("subscribed", "04"), SAID("unsubscribed", "02"))));
	assert_false(digest16_eq(again, key_with(SAID("subscribed", "06"), SAID("unsubscribed", "05"))));
	assert_false(digest16_eq(first, key_with(SAID("unsubscribed", "01"), NULL)));
	assert_true(digest16_eq(key_with(SAID("unsubscribed", "01"), NULL),
				key_with(SAID("unsubscribed", "03"), SAID("unsubscribed", "02"))));
}

static void both_channels_with_their_own_address(void **state)
{
	struct support support;
	const struct activity_consent *consent;

	(void)state;
	support_open(&support, ENTITY_PERSON, ID);
	support.rules.list_id = STR("L1");
	support_fact(&support, "subscriber", "{'phone':'+491511234567'}");
	support_fact(&support, "consent.sms", "{'state':'unsubscribed','at':'2026-07-30T09:01:00Z'}");
	support_fact(
		&support, "consent.email",
		"{'state':'subscribed','at':'2026-07-30T09:02:00Z','source':'Footer','historical':true}");
	consent = support_merge(&support)->consent;
	assert_int_equal(support.view.n_consent, 2);
	support_equal(consent[0].address, ID, "e-mail");
	support_equal(consent[0].source, "Footer", "source");
	support_equal(consent[0].list_id, "L1", "list");
	assert_true(consent[0].historical);
	assert_int_equal(consent[0].at_ms, SUPPORT_NOW - 58 * MS_PER_MIN);
	support_equal(consent[1].address, "+491511234567", "phone");
	support_equal(consent[1].source, "shop", "source of the settings");
	assert_false(consent[1].subscribed);
	support_close(&support);
}

static void consent_follows_the_rules(void **state)
{
	struct support support;

	(void)state;
	support_open(&support, ENTITY_PERSON, ID);
	support_fact(&support, "consent.email", SAID("subscribed", "01"));
	support_fact(&support, "consent.sms", SAID("subscribed", "01"));
	support.rules.list_id = STR("L1");
	support_merge(&support);
	assert_int_equal(support.view.n_consent, 1);
	support_equal(support.view.note, "consent for sms without an address", "note");
	support.rules.send_consent = false;
	support_merge(&support);
	assert_int_equal(support.view.n_consent, 0);
	support_equal(support.view.held, "", "switched off");
	support_close(&support);
}

static void the_order_of_facts_does_not_matter(void **state)
{
	static const size_t place[][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 2, 0, 3, 1 }, { 1, 3, 0, 2 } };
	struct str want = { 0 };
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < 2 * ARRAY_LEN(place); i++) {
		struct support support;

		support_open(&support, ENTITY_PERSON, ID);
		support_versioned(&support, "customer", 0, 5, "{'first_name':'C','title':'x'}");
		support_versioned(&support, "order", 9, 4, "{'first_name':'O','last_name':'y'}");
		support_versioned(&support, "consent.email", 0, 3, SAID("subscribed", "03"));
		support_versioned(&support, "klaviyo.email", 0, 2, SAID("unsubscribed", "02"));
		support_shuffle(&support, place[i / 2], 4, i % 2 == 1);
		support_merge(&support);
		if (i == 0)
			want = arena_dup(&arena, support_view(&support));
		assert_true(str_eq(support_view(&support), want));
		support_close(&support);
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(the_newest_of_each_field),
		cmocka_unit_test(a_number_is_no_time),
		cmocka_unit_test(fields_follow_the_rules),
		cmocka_unit_test(who_gets_a_profile),
		cmocka_unit_test(nothing_is_told_of_who_was_erased),
		cmocka_unit_test(consent_of_each_state),
		cmocka_unit_test(the_key_changes_when_they_left_in_between),
		cmocka_unit_test(both_channels_with_their_own_address),
		cmocka_unit_test(consent_follows_the_rules),
		cmocka_unit_test(the_order_of_facts_does_not_matter),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
