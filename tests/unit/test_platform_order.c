/*
 * Orders of the generic platform, where a golden file alone would not show it: the setting order_states, ids
 * that are the same whichever message speaks of a payment, and which messages give an order its contents.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/test_platform_support.h"

static struct map_result mapped(struct arena *arena, const char *states, const char *type, const char *data)
{
	struct support_pairs settings = { .n = 0 };
	struct platform_store store = support_store(NULL, 0, &settings);
	struct str body = arena_printf(
		arena, "{\"id\":\"e\",\"type\":\"%s\",\"timestamp\":\"2026-07-30T10:00:00Z\",\"data\":%s}",
		type, data);
	struct map_result result;
	const char *problem;

	support_put(&settings, STR("order_states"), str_from(states));
	platform_generic_ops.map(&store, str_from(type), body, SUPPORT_NOW_MS, arena, &result);
	problem = support_result_problem(&result, arena);
	if (problem)
		fail_msg("%s: %s", body.p, problem);
	return result;
}

static const struct fact *part(const struct map_result *result, const char *name)
{
	for (size_t i = 0; i < result->n_fact; i++)
		if (str_eq(result->fact[i].part, str_from(name)))
			return &result->fact[i];
	return NULL;
}

static void test_order_states(void **state)
{
	static const char states[] =
		"Neu=placed, Versand kostenlos=fulfilled,storniert = cancelled, 5=paid, open=, "
		"shipped, refunded=cancelled, x=nonsense";
	static const struct {
		const char *data, *part; /* NULL: none of the five */
		bool noted;
	} rows[] = {
		{ "\"status\":\"Neu\"", "placed", false },
		{ "\"status\":\" neu \"", "placed", false },
		{ "\"status\":\"Versand kostenlos\"", "fulfilled", false },
		{ "\"status\":\"storniert\"", "cancelled", false },
		{ "\"status\":5", "paid", false },
		{ "\"status\":\"paid\"", "paid", false },
		{ "\"status\":\"CANCELED\"", "cancelled", false },
		{ "\"status\":\"refunded\"", "cancelled", false }, /* the shop's word before ours */
		{ "\"status\":\"open\"", NULL, true },
		{ "\"status\":\"shipped\"", NULL, true },
		{ "\"status\":\"x\"", NULL, true },
		{ "\"status\":\"pending\"", NULL, false },
		{ "\"state\":\"paid\",\"status\":\"storniert\"", "paid", false },
		{ "\"state\":\"unheard of\",\"status\":\"storniert\"", "cancelled", false },
		{ "\"total\":\"1\",\"currency\":\"EUR\"", NULL, false },
	};
	static const char *const five[] = { "placed", "paid", "fulfilled", "cancelled", "refunded" };
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str data = arena_printf(&arena, "{\"order_id\":\"1\",%s}", rows[i].data);
		struct map_result result = mapped(&arena, states, "order.updated", data.p);

		print_message("%s: %.*s\n", rows[i].data, STR_ARG(result.reason));
		assert_non_null(part(&result, "base"));
		assert_int_equal(result.reason.len > 0, rows[i].noted);
		for (size_t k = 0; k < ARRAY_LEN(five); k++)
			assert_int_equal(part(&result, five[k]) != NULL,
					 rows[i].part && strcmp(rows[i].part, five[k]) == 0);
	}
	arena_release(&arena);
}

/* A payment told alone and the same one in a snapshot are one part with one version. */
static void test_one_payment_is_one_part(void **state)
{
	static const struct {
		const char *alone, *listed, *part;
	} rows[] = {
		{ "{\"id\":\"p\",\"amount\":\"5.00\"}", "{\"payment_id\":\"p\",\"amount\":5.00}",
		  "payment.p" },
		{ "{\"amount\":\"5\",\"at\":\"2026-07-30T12:00:00+02:00\"}",
		  "{\"amount\":5,\"paid_at\":\"2026-07-30T10:00:00Z\"}", "payment.at-1785405600000-5" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str one = arena_printf(&arena, "{\"order_id\":\"1\",\"payment\":%s}", rows[i].alone);
		struct str many =
			arena_printf(&arena, "{\"order_id\":\"1\",\"payments\":[%s]}", rows[i].listed);
		struct map_result a = mapped(&arena, "", "order.partially_paid", one.p);
		struct map_result b = mapped(&arena, "", "order.updated", many.p);

		print_message("%s\n", rows[i].part);
		assert_non_null(part(&a, rows[i].part));
		assert_non_null(part(&b, rows[i].part));
		assert_int_equal(part(&a, rows[i].part)->version, part(&b, rows[i].part)->version);
	}
	arena_release(&arena);
}

/* A snapshot's list without ids and times gives the same parts whenever the snapshot is sent. */
static void test_a_list_without_ids_or_times(void **state)
{
	static const char data[] = "{\"order_id\":\"1\",\"refunds\":[{\"amount\":\"1\"},{\"amount\":\"1\"}]}";
	struct map_result result;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	result = mapped(&arena, "", "order.updated", data);
	assert_non_null(part(&result, "refund.nr-1-1"));
	assert_non_null(part(&result, "refund.nr-2-1"));
	arena_release(&arena);
}

static void test_only_whole_messages_give_contents(void **state)
{
	static const struct {
		const char *type, *data;
		bool base;
	} rows[] = {
		{ "order.placed", "{\"order_id\":\"1\"}", true },
		{ "order.updated", "{\"order_id\":\"1\"}", true },
		{ "order.paid", "{\"order_id\":\"1\",\"total\":\"5\"}", false },
		{ "order.paid", "{\"order_id\":\"1\",\"lines\":[{\"quantity\":1}]}", false },
		{ "order.paid", "{\"order_id\":\"1\",\"total\":\"5\",\"lines\":[]}", false },
		{ "order.paid", "{\"order_id\":\"1\",\"total\":\"5\",\"lines\":[{\"quantity\":1}]}", true },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct map_result result = mapped(&arena, "", rows[i].type, rows[i].data);

		print_message("%s %s\n", rows[i].type, rows[i].data);
		assert_int_equal(part(&result, "base") != NULL, rows[i].base);
	}
	arena_release(&arena);
}

/* What says nothing of consent says neither yes nor no; a box that was not ticked is not a no. */
static void test_only_a_ticked_box_is_consent(void **state)
{
	static const struct {
		const char *value;
		bool consent;
	} rows[] = {
		{ "true", true }, { "false", false }, { "null", false }, { "\"true\"", false }, { "1", false }
	};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str data = arena_printf(&arena,
					       "{\"order_id\":\"1\",\"customer\":{\"email\":\"a@b.example\","
					       "\"accepts_marketing\":%s}}",
					       rows[i].value);
		struct map_result result = mapped(&arena, "", "order.placed", data.p);

		print_message("%s\n", rows[i].value);
		assert_non_null(part(&result, "order"));
		assert_int_equal(part(&result, "consent.email") != NULL, rows[i].consent);
	}
	arena_release(&arena);
}

/* The list of statuses is read as orders are: their ids and titles, by the setting, else as words of ours. */
static void test_what_statuses_mean(void **state)
{
	static const struct {
		const char *status, *means;
		enum status_source by;
	} rows[] = {
		{ "{\"id\":\"5\",\"title\":\"Versendet\"}", "paid", STATUS_SAID_BY_SETTING },
		{ "{\"id\":\"6\",\"title\":\"neu\"}", "placed", STATUS_SAID_BY_SETTING },
		{ "{\"id\":\"paid\",\"title\":\"Neu\"}", "placed", STATUS_SAID_BY_SETTING },
		{ "{\"id\":\"CANCELED\"}", "cancelled", STATUS_SAID_BY_PLATFORM },
		{ "{\"id\":\"7\",\"title\":\"Refunded\"}", "refunded", STATUS_SAID_BY_PLATFORM },
		{ "{\"id\":\"8\",\"title\":\"On hold\",\"state\":\"paid\"}", "", STATUS_SAID_BY_NOBODY },
		{ "{\"id\":\"9\",\"title\":\"x\"}", "", STATUS_SAID_BY_NOBODY },
		{ "{}", "", STATUS_SAID_BY_NOBODY },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct status_meaning meaning;
		struct json *status;

		assert_true(json_parse(str_from(rows[i].status), &status, NULL));
		meaning = platform_status_means(&platform_enad_ops, status,
						STR("5=paid, Neu=placed, x=nonsense"));
		print_message("%s\n", rows[i].status);
		assert_int_equal(meaning.by, rows[i].by);
		assert_true(str_eq(meaning.state, str_from(rows[i].means)));
		json_free(status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_statuses_mean),
		cmocka_unit_test(test_order_states),
		cmocka_unit_test(test_one_payment_is_one_part),
		cmocka_unit_test(test_a_list_without_ids_or_times),
		cmocka_unit_test(test_only_whole_messages_give_contents),
		cmocka_unit_test(test_only_a_ticked_box_is_consent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
