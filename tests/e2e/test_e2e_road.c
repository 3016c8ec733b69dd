/*
 * From a shop's request to Klaviyo's catalog, with the real programs: the messages of the seed's Enad
 * product in every language, prices before products, duplicates, what is refused, a whole catalog.
 */
#include "support/town.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define PRODUCT "123e4567-e89b-12d3-a456-426614174000"
#define VARIANT "123e4567-e89b-12d3-a456-426614174011"

static int set_up(void **state)
{
	static struct town town;

	town_open(&town, NULL);
	town_store(&town, "shop", "generic", "main", NULL);
	town_store(&town, "coffee", "enad", "main",
		   (const char *const[]){ "url_template=https://coffee.example/{language}/{slug}", NULL });
	*state = &town;
	return 0;
}

static int tear_down(void **state)
{
	struct town *town = *state;

	assert_int_equal(town_violations(town, NULL), 0);
	town_close(town);
	return 0;
}

static void enad(struct town *town, const char *const *file)
{
	for (; *file; file++) {
		struct str body =
			town_fixture(town, arena_printf(&town->place.arena, "enad/%s.json", *file).p);

		assert_int_equal(
			town_post(town,
				  (struct town_post){ .platform = "enad", .store = "coffee", .body = body },
				  NULL),
			200);
	}
	town_idle(town);
}

#define ENAD(town, ...) enad((town), (const char *const[]){ __VA_ARGS__, NULL })

static void assert_text(const struct json *object, const char *member, const char *want)
{
	struct str got = json_get_text(object, member);

	if (!str_eq(got, str_from(want)))
		fail_msg("%s: got '%.*s', want '%s'", member, STR_ARG(got), want);
}

static void the_product_of_the_seed_in_every_language(void **state)
{
	struct town *town = *state;
	struct json *sandbox;
	const struct json *item, *meta;

	ENAD(town, "category.create", "market.update", "store_group.update", "series.upsert", "brands.upsert",
	     "tags.updated", "product.created", "variant.created", "variant_prices.updated",
	     "variant_stock.updated", "category_relationship.created");
	sandbox = town_sandbox(town, "/sandbox/state");
	item = town_thing(sandbox, TOWN_KEY, "items", PRODUCT);
	assert_non_null(item);
	meta = json_get(item, "custom_metadata");
	assert_text(item, "title", "Premium Coffee Maker");
	assert_text(meta, "title_us", "Premium Coffee Maker");
	assert_text(meta, "title_es", "Cafetera Premium");
	assert_text(meta, "description_es", "Cafetera de alta gama con control de temperatura");
	assert_text(meta, "brand", "Your Brand");
	assert_int_equal(json_len(json_get(item, "categories")), 1);
	assert_non_null(town_thing(sandbox, TOWN_KEY, "variants", VARIANT));
	json_free(sandbox);
}

static void created_updated_deleted(void **state)
{
	struct town *town = *state;
	struct json *sandbox;
	struct str before, after;

	ENAD(town, "product.created", "variant.created", "variant_prices.updated");
	before = town_catalog(town);
	assert_int_equal(town_count(town, TOWN_KEY, "items"), 1);
	ENAD(town, "product.updated", "variant.updated");
	after = town_catalog(town);
	assert_false(str_eq(before, after));
	sandbox = town_sandbox(town, "/sandbox/state");
	assert_non_null(town_thing(sandbox, TOWN_KEY, "items", PRODUCT));
	json_free(sandbox);
	ENAD(town, "product.deleted");
	assert_int_equal(town_count(town, TOWN_KEY, "items"), 0);
	assert_int_equal(town_count(town, TOWN_KEY, "variants"), 0);
	/* what comes late does not bring it back */
	ENAD(town, "variant_stock.updated");
	assert_int_equal(town_count(town, TOWN_KEY, "items"), 0);
	assert_int_equal(town_number(town, "accounts", "main", "failed"), 0);
}

static void prices_before_products(void **state)
{
	struct town *town = *state;

	ENAD(town, "variant_stock.updated", "variant_prices.updated", "variant.created");
	assert_int_equal(town_count(town, TOWN_KEY, "items"), 0);
	ENAD(town, "product.created");
	assert_int_equal(town_count(town, TOWN_KEY, "items"), 1);
	assert_int_equal(town_count(town, TOWN_KEY, "variants"), 1);
	assert_int_equal(town_number(town, "stores", "coffee", "held"), 0);
}

static void a_change_is_there_within_two_seconds(void **state)
{
	struct town *town = *state;
	int64_t started_ms = clock_mono_ms(clock_system());

	town_store_set(town, "shop", "quiet_ms=1000"); /* the default */
	started_ms = clock_mono_ms(clock_system());
	town_products(town, "shop", "p", 1, 5);
	town_until(town, TOWN_KEY, "variants", 1);
	print_message("%lld ms\n", (long long)(clock_mono_ms(clock_system()) - started_ms));
}

static void duplicates_are_said_to_be_good_and_kept_once(void **state)
{
	struct town *town = *state;
	struct str body = town_fixture(town, "enad/product.created.json");

	for (int i = 0; i < 3; i++)
		assert_int_equal(
			town_post(town,
				  (struct town_post){ .platform = "enad", .store = "coffee", .body = body },
				  NULL),
			200);
	town_idle(town);
	assert_int_equal(town_number(town, "stores", "coffee", "received"), 3);
	assert_int_equal(town_number(town, "stores", "coffee", "duplicate"), 2);
	assert_int_equal(town_number(town, "stores", "coffee", "mapped"), 1);
}

static void what_is_refused(void **state)
{
	static char large[20000];
	struct town *town = *state;
	struct str body = town_fixture(town, "enad/product.created.json");
	const struct {
		struct town_post post;
		int want;
	} table[] = {
		{ { "enad", "coffee", "wrong", NULL, body }, 401 },
		{ { "enad", "tea", NULL, NULL, body }, 404 },
		{ { "generic", "coffee", NULL, NULL, body }, 404 },
		{ { "enad", "coffee", NULL, "text/plain", body }, 415 },
		{ { "enad", "coffee", NULL, NULL, { "{\"a\":", 5 } }, 400 },
		{ { "enad", "coffee", NULL, NULL, { large, sizeof(large) } }, 413 },
		{ { "generic", "shop", "v1,AAAA", NULL, { "{}", 2 } }, 401 },
	};
	struct str answer;

	memset(large, ' ', sizeof(large));
	town_store_set(town, "coffee", "max_body_bytes=10000");
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		print_message("row %zu\n", i);
		assert_int_equal(town_post(town, table[i].post, &answer), table[i].want);
		assert_true(str_starts(answer, STR("{\"error\":")));
	}
	town_idle(town);
	assert_int_equal(town_number(town, "stores", "coffee", "received"), 0);
	assert_int_equal(town_number(town, "stores", "shop", "received"), 0);
}

static void a_whole_catalog_leaves_as_jobs(void **state)
{
	struct town *town = *state;
	struct json *counts;
	int64_t requests = 0;

	for (int i = 0; i < 5; i++)
		town_products(town, "shop", arena_printf(&town->place.arena, "p%d-", i).p, 100, 5);
	town_idle(town);
	assert_int_equal(town_count(town, TOWN_KEY, "items"), 500);
	assert_int_equal(town_count(town, TOWN_KEY, "variants"), 500);
	counts = town_sandbox(town, "/sandbox/counts");
	assert_true(json_get_int(counts, "requests", &requests));
	print_message("%lld requests for 1000 rows\n", (long long)requests);
	assert_true(requests < 60);
	json_free(counts);
}

static void health_and_metrics(void **state)
{
	struct town *town = *state;
	static const struct {
		const char *path;
		const char *holds;
	} table[] = {
		{ "/", "Pannier" },
		{ "/health/live", "alive" },
		{ "/health/ready", "ready" },
		{ "/metrics", "pannier_store_open{store=\"shop\",state=\"pending\"} 0" },
		{ "/metrics", "pannier_conservation_error 0" },
	};

	town_products(town, "shop", "p", 1, 5);
	town_idle(town);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct str body;
		const char *url = arena_printf(&town->place.arena, "%s%s", town->url, table[i].path).p;

		assert_int_equal(town_get(town, url, &body), 200);
		if (!strstr(arena_cstr(&town->place.arena, body), table[i].holds))
			fail_msg("%s does not hold '%s'", table[i].path, table[i].holds);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_product_of_the_seed_in_every_language),
		TEST(created_updated_deleted),
		TEST(prices_before_products),
		TEST(a_change_is_there_within_two_seconds),
		TEST(duplicates_are_said_to_be_good_and_kept_once),
		TEST(what_is_refused),
		TEST(a_whole_catalog_leaves_as_jobs),
		TEST(health_and_metrics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
