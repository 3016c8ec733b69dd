/*
 * Endpoints: proves that every kind, op and form has its row, and that each op's columns say what an answer
 * means. Paths and limits against Klaviyo's specification: tests/schema.
 */
#include "base/attr.h"
#include "klaviyo/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	enum delivery_op op;
	const char *method, *word;
	enum endpoint_answer exists, missing;
} op_row[] = {
	{ DELIVERY_CREATE, "POST", "create", ANSWER_UPDATE, ANSWER_REFUSE },
	{ DELIVERY_UPDATE, "PATCH", "update", ANSWER_REFUSE, ANSWER_CREATE },
	{ DELIVERY_DELETE, "DELETE", "delete", ANSWER_REFUSE, ANSWER_DONE },
};

static void every_kind_op_and_form_has_its_row(void **state)
{
	static const char *const noun[] = { "category", "item", "variant" };

	(void)state;
	for (int kind = 0; kind <= KLAVIYO_VARIANT; kind++) {
		for (size_t op = 0; op < ARRAY_LEN(op_row); op++) {
			for (int bulk = 0; bulk < 2; bulk++) {
				enum endpoint endpoint =
					endpoint_for((enum klaviyo_kind)kind, op_row[op].op, bulk);
				const struct endpoint_row *row = endpoint_row(endpoint);
				char want[64];

				(void)snprintf(want, sizeof(want), "%s_%s%s", noun[kind], bulk ? "bulk_" : "",
					       op_row[op].word);
				assert_string_equal(row->name, want);
				assert_string_equal(row->method, bulk ? "POST" : op_row[op].method);
				assert_int_equal(row->rows_max, bulk ? 100 : 1);
				assert_int_equal(endpoint_takes_many(endpoint), bulk);
				assert_int_equal(endpoint_has_job(endpoint), bulk);
				assert_int_equal(row->on_exists, op_row[op].exists);
				assert_int_equal(row->on_missing, op_row[op].missing);
			}
		}
	}
}

/* What is told as it is: not every op, and not always two forms. */
static const struct {
	enum klaviyo_kind kind;
	enum delivery_op op;
	enum endpoint single, bulk;
	size_t rows_max;
	bool has_job;
} told_row[] = {
	{ KLAVIYO_EVENT, DELIVERY_CREATE, ENDPOINT_event_create, ENDPOINT_event_bulk_create, 1000, false },
	{ KLAVIYO_PROFILE, DELIVERY_UPDATE, ENDPOINT_profile_upsert, ENDPOINT_profile_bulk_import, 10000,
	  true },
	{ KLAVIYO_PROFILE, DELIVERY_DELETE, ENDPOINT_profile_erase, ENDPOINT_profile_erase, 1, false },
	{ KLAVIYO_CONSENT, DELIVERY_CREATE, ENDPOINT_consent_subscribe, ENDPOINT_consent_subscribe, 1000,
	  false },
	{ KLAVIYO_CONSENT, DELIVERY_DELETE, ENDPOINT_consent_unsubscribe, ENDPOINT_consent_unsubscribe, 100,
	  false },
};

static void events_profiles_and_consents_have_theirs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(told_row); i++) {
		enum endpoint bulk = endpoint_for(told_row[i].kind, told_row[i].op, true);

		assert_int_equal(endpoint_for(told_row[i].kind, told_row[i].op, false), told_row[i].single);
		assert_int_equal(bulk, told_row[i].bulk);
		assert_int_equal(endpoint_rows_max(bulk), told_row[i].rows_max);
		assert_int_equal(endpoint_takes_many(bulk), told_row[i].rows_max > 1);
		assert_int_equal(endpoint_has_job(bulk), told_row[i].has_job);
	}
	assert_int_equal(endpoint_row(ENDPOINT_profile_erase)->on_missing, ANSWER_DONE);
	assert_int_equal(endpoint_row(ENDPOINT_profile_upsert)->on_exists, ANSWER_MEND);
	assert_int_equal(endpoint_poll_limits(ENDPOINT_profile_bulk_import).steady_per_min, 150);
}

static void names_are_found_again(void **state)
{
	enum endpoint found;

	(void)state;
	for (int i = 0; i < ENDPOINT_COUNT; i++) {
		assert_true(endpoint_find(str_from(endpoint_row((enum endpoint)i)->name), &found));
		assert_int_equal(found, i);
	}
	assert_false(endpoint_find(STR("item_bulk_creat"), &found));
	assert_false(endpoint_find(STR(""), &found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_op_and_form_has_its_row),
		cmocka_unit_test(events_profiles_and_consents_have_theirs),
		cmocka_unit_test(names_are_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
