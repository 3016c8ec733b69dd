/*
 * The catalog as a feed, with the real programs: what Klaviyo would fetch, by whom, how often; and that
 * nothing of the catalog is sent meanwhile, but all of it when the account goes back to the API.
 */
#include "support/town.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define PRODUCTS 120

struct got {
	int status;
	struct str body;
	struct str etag;
	struct str encoding;
	struct str type;
	bool done;
	struct town *town;
};

static void take_answer(void *arg, const struct http_answer *answer)
{
	struct got *got = arg;
	struct arena *arena = &got->town->place.arena;

	got->status = answer->status;
	got->body = arena_dup(arena, answer->body);
	got->etag = arena_dup(arena, http_answer_header(answer, "ETag"));
	got->encoding = arena_dup(arena, http_answer_header(answer, "Content-Encoding"));
	got->type = arena_dup(arena, http_answer_header(answer, "Content-Type"));
	got->done = true;
}

static struct got ask(struct town *town, struct str url, const char *name, struct str value)
{
	const struct http_header header = { str_from(name ? name : ""), value };
	struct http_call call = { .method = "GET",
				  .url = url,
				  .header = &header,
				  .n_header = name != NULL,
				  .answer_bytes_max = 16 << 20 };
	struct got got = { .town = town };

	assert_true(http_client_start(town->client, &call, take_answer, &got, &town->err));
	while (!got.done)
		(void)http_client_run(town->client, 100);
	return got;
}

/* The address that a person enters in Klaviyo. */
static struct str address(struct town *town, const char *which)
{
	struct ran ran = RUN(&town->place, "store", "show", "shop", "--json", "--url-base", town->url,
			     "--data", town->data);
	struct json *json = NULL;
	struct str url;

	assert_int_equal(ran.code, 0);
	assert_true(json_parse(str_from(ran.out), &json, &town->err));
	url = arena_dup(&town->place.arena, json_get_text(json, which));
	json_free(json);
	return url;
}

static void product(struct town *town, int i, const char *price)
{
	town_generic(
		town, "shop", "product.updated",
		arena_printf(
			&town->place.arena,
			"{'id':'p%d','title':'Mug & <cup> %d','url':'https://shop.test/p%d','html':'<p>Holds "
			"coffee.</p>','image':'https://shop.test/p%d.jpg','price':'%s','currency':'EUR',"
			"'stock':%d}",
			i, i, i, i, price, i)
			.p);
}

/* Every row as Klaviyo's guide wants it. */
static void assert_form(struct town *town, struct str text, size_t want)
{
	static const char *const texts[] = { "id", "title", "link", "description", "image_link" };
	struct json *json = NULL;

	assert_true(json_parse(text, &json, &town->err));
	assert_int_equal(json_type(json), JSON_ARRAY);
	assert_int_equal(json_len(json), want);
	for (size_t i = 0; i < want; i++) {
		const struct json *row = json_at(json, i);

		for (size_t k = 0; k < sizeof(texts) / sizeof(*texts); k++)
			assert_true(json_get_text(row, texts[k]).len > 0);
		assert_true(json_type(json_get(row, "price")) == JSON_REAL ||
			    json_type(json_get(row, "price")) == JSON_INTEGER);
		assert_int_equal(json_type(json_get(row, "inventory_quantity")), JSON_INTEGER);
		assert_int_equal(json_type(json_get(row, "inventory_policy")), JSON_INTEGER);
		assert_int_equal(json_type(json_get(row, "categories")), JSON_ARRAY);
	}
	json_free(json);
}

static void a_feed_and_never_both(void **state)
{
	static struct town town;
	struct str json_url, xml_url, xml;
	struct got got, again;
	struct ran ran;

	(void)state;
	town_open(&town, NULL);
	town_account_set(&town, "main", "catalog_source=feed");
	town_store(&town, "shop", "generic", "main", NULL);
	for (int i = 1; i <= PRODUCTS; i++)
		product(&town, i, "9.50");
	town_idle(&town);
	json_url = address(&town, "feed_json_url");
	xml_url = address(&town, "feed_xml_url");
	got = ask(&town, json_url, NULL, STR(""));
	assert_int_equal(got.status, 200);
	assert_true(str_starts(got.type, STR("application/json")));
	assert_form(&town, got.body, PRODUCTS);
	/* Not changed: nothing is sent. */
	again = ask(&town, json_url, "If-None-Match", got.etag);
	assert_int_equal(again.status, 304);
	assert_int_equal(again.body.len, 0);
	again = ask(&town, json_url, "Accept-Encoding", STR("gzip"));
	assert_int_equal(again.status, 200);
	assert_true(again.body.len > 0);
	xml = ask(&town, xml_url, NULL, STR("")).body;
	assert_true(str_starts(xml, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Products>\n")));
	assert_non_null(strstr(arena_cstr(&town.place.arena, xml), "<title>Mug &amp; &lt;cup&gt; 7</title>"));
	/* Changed: another one. */
	product(&town, 3, "8.25");
	town_idle(&town);
	again = ask(&town, json_url, "If-None-Match", got.etag);
	assert_int_equal(again.status, 200);
	assert_non_null(strstr(arena_cstr(&town.place.arena, again.body), "\"price\":8.25"));
	/* Nothing of it went through the API, and the status says why. */
	assert_int_equal(town_count(&town, TOWN_KEY, "items"), 0);
	ran = RUN(&town.place, "status", "--data", town.data);
	assert_non_null(strstr(ran.out, "reads its catalog as a feed"));
	ran = RUN(&town.place, "audit", "--limit", "5", "--data", town.data);
	assert_non_null(strstr(ran.out, "catalog_source"));
	/* A guessed address, an old one, and a store that there is not. */
	got = ask(&town, arena_printf(&town.place.arena, "%s/feeds/shop/%032d/catalog.json", town.url, 0),
		  NULL, STR(""));
	assert_int_equal(got.status, 404);
	town_store_set(&town, "shop", "feed_token_version=2");
	for (struct town_wait wait = { 0 }; ask(&town, json_url, NULL, STR("")).status != 404;)
		assert_true(town_wait(&wait));
	json_url = address(&town, "feed_json_url");
	assert_int_equal(ask(&town, json_url, NULL, STR("")).status, 200);
	/* Back to the API: no feed any more, and all of it is sent. */
	town_account_set(&town, "main", "catalog_source=api");
	town_until(&town, TOWN_KEY, "items", PRODUCTS);
	assert_int_equal(ask(&town, json_url, NULL, STR("")).status, 409);
	assert_int_equal(town_violations(&town, NULL), 0);
	town_close(&town);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_feed_and_never_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
