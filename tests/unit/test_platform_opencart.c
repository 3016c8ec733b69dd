/*
 * What an OpenCart shop's order statuses come to: the store's setting before the merchant's choice in the
 * shop before what OpenCart means by itself; and that no history gives a state twice or before its order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/test_platform_support.h"

static struct map_result mapped(struct arena *arena, const char *states, const char *history)
{
	struct support_pairs settings = { .n = 0 };
	struct platform_store store = support_store(NULL, 0, &settings);
	struct str body = arena_printf(arena,
				       "{\"id\":\"e\",\"type\":\"order.updated\",\"timestamp\":"
				       "\"2026-07-30T10:00:00Z\",\"sequence\":9,\"data\":{\"order_id\":\"1\","
				       "\"total\":\"5.00\",\"currency\":\"EUR\",\"history\":%s}}",
				       history);
	struct map_result result;
	const char *problem;

	support_put(&settings, STR("order_states"), str_from(states));
	platform_opencart_ops.map(&store, STR("order.updated"), body, SUPPORT_NOW_MS, arena, &result);
	problem = support_result_problem(&result, arena);
	if (problem)
		fail_msg("%s: %s", body.p, problem);
	return result;
}

/* Time of a part as its body says it, "" = it is not there; fails if it is there twice. */
static struct str part_at(const struct map_result *result, const char *name, struct arena *arena)
{
	struct str at = STR("");
	size_t n = 0;

	for (size_t i = 0; i < result->n_fact; i++) {
		struct json *body = NULL;

		if (!str_eq(result->fact[i].part, str_from(name)))
			continue;
		assert_true(json_parse(result->fact[i].body, &body, NULL));
		at = arena_dup(arena, json_get_text(body, "at"));
		json_free(body);
		n++;
	}
	assert_in_range(n, 0, 1);
	return at;
}

#define AT(hour, status) "{\"at\":\"2026-07-30T0" hour ":00:00Z\"," status "}"
#define ID(id)		 "\"status_id\":\"" id "\""

static void test_what_a_history_comes_to(void **state)
{
	/* Hours at which each part was reached; "" = not. */
	static const struct {
		const char *states, *history, *placed, *paid, *fulfilled, *cancelled, *refunded;
	} rows[] = {
		{ "", "[" AT("1", ID("1")) "]", "1", "", "", "", "" },
		{ "", "[" AT("1", ID("1")) "," AT("2", ID("5")) "," AT("3", ID("5")) "]", "1", "", "2", "",
		  "" },
		{ "", "[" AT("1", ID("5")) "]", "1", "", "1", "", "" },
		{ "", "[" AT("1", ID("10")) "," AT("2", ID("2")) "," AT("3", ID("7")) "]", "2", "", "", "3",
		  "" },
		{ "",
		  "[" AT("1", ID("1")) "," AT("2", ID("3")) "," AT("3", ID("11")) "," AT("4", ID("13")) "]",
		  "1", "", "2", "", "3" },
		{ "", "[" AT("1", ID("10")) "," AT("2", ID("7")) "," AT("3", ID("11")) "]", "", "", "", "",
		  "" },
		{ "", "[" AT("1", ID("99")) "," AT("2", ID("98") ",\"complete\":true") "]", "1", "", "2", "",
		  "" },
		/* The merchant's choice in the shop goes before OpenCart's own meaning. */
		{ "",
		  "[" AT("1", ID("1") ",\"state\":\"nothing\"") "," AT("2",
								       ID("5") ",\"state\":\"paid\"") "]",
		  "2", "2", "", "", "" },
		/* The store's setting goes before both, by id or by name. */
		{ "5=cancelled", "[" AT("1", ID("1")) "," AT("2", ID("5") ",\"state\":\"paid\"") "]", "1", "",
		  "", "2", "" },
		{ "Bezahlt=paid, 1=nothing",
		  "[" AT("1", ID("1")) "," AT("2", ID("40") ",\"status\":\"bezahlt\"") "]", "2", "2", "", "",
		  "" },
		/* One that makes no sense falls through to the rest. */
		{ "5=nonsense", "[" AT("1", ID("1")) "," AT("2", ID("5")) "]", "1", "", "2", "", "" },
		{ "", "[]", "", "", "", "", "" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct map_result result = mapped(&arena, rows[i].states, rows[i].history);
		const struct {
			const char *part, *hour;
		} parts[] = {
			{ "placed", rows[i].placed },	    { "paid", rows[i].paid },
			{ "fulfilled", rows[i].fulfilled }, { "cancelled", rows[i].cancelled },
			{ "refunded", rows[i].refunded },
		};

		for (size_t k = 0; k < ARRAY_LEN(parts); k++) {
			struct str at = part_at(&result, parts[k].part, &arena);
			char hour[2] = { at.len ? at.p[12] : '\0', '\0' };

			print_message("%zu %s\n", i, parts[k].part);
			assert_string_equal(hour, parts[k].hour);
		}
		assert_int_equal(result.state, rows[i].placed[0] ? MAP_DONE : MAP_IGNORED);
	}
	arena_release(&arena);
}

/* What is shown of a status is what its orders are taken for, and says whether anybody knows. */
static void test_what_statuses_mean(void **state)
{
	static const struct {
		const char *status, *means;
		enum status_source by;
	} rows[] = {
		{ "\"id\":\"5\",\"title\":\"Complete\",\"complete\":true", "fulfilled",
		  STATUS_SAID_BY_PLATFORM },
		{ "\"id\":\"7\",\"title\":\"Storniert\"", "cancelled", STATUS_SAID_BY_PLATFORM },
		{ "\"id\":\"7\",\"title\":\"Storniert\",\"state\":\"nothing\"", "nothing",
		  STATUS_SAID_BY_SHOP },
		{ "\"id\":\"20\",\"title\":\"Abgeholt\",\"complete\":true", "fulfilled",
		  STATUS_SAID_BY_SHOP },
		{ "\"id\":\"21\",\"title\":\"Wird gepackt\"", "placed", STATUS_SAID_BY_NOBODY },
		{ "\"id\":\"22\",\"title\":\"on HOLD\",\"state\":\"paid\"", "nothing",
		  STATUS_SAID_BY_SETTING },
		{ "\"id\":\"3\",\"title\":\"On hold\"", "refunded", STATUS_SAID_BY_SETTING },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena arena;
		struct status_meaning meaning;
		struct json *status;

		arena_init(&arena);
		assert_true(json_parse(arena_printf(&arena, "{%s}", rows[i].status), &status, NULL));
		meaning = platform_status_means(&platform_opencart_ops, status,
						STR("On hold=nothing, 3=refunded"));
		print_message("%s\n", rows[i].status);
		assert_int_equal(meaning.by, rows[i].by);
		assert_true(str_eq(meaning.state, str_from(rows[i].means)));
		json_free(status);
		arena_release(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_history_comes_to),
		cmocka_unit_test(test_what_statuses_mean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
