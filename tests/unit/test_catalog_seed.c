/*
 * The Enad product of the documentation: proves, member by member, that everything it says reaches
 * Klaviyo's item, in every language. A member that nobody accounts for is a failure, so a fixture that
 * grows must be looked at here.
 */
#include "golden/catalog_case.h"

#define TEXT "payload/translations/"

/* Member of the message, member of the item ("" = not sent) and its text (NULL = that of the message). */
static const struct {
	const char *from, *to, *want;
} row[] = {
	{ "event_type", "", NULL },
	{ "payload/product_id", "external_id", NULL },
	{ "payload/product_name", "title", NULL },
	{ "payload/product_number", "custom_metadata/sku", NULL },
	{ TEXT "name/0/country_code", "custom_metadata/language", NULL },
	{ TEXT "name/0/value", "custom_metadata/title_us", NULL },
	{ TEXT "name/1/country_code", "", NULL }, /* the "es" of the names */
	{ TEXT "name/1/value", "custom_metadata/title_es", NULL },
	{ TEXT "description/0/country_code", "", NULL },
	{ TEXT "description/0/value", "custom_metadata/description_us", NULL },
	{ TEXT "description/1/country_code", "", NULL },
	{ TEXT "description/1/value", "custom_metadata/description_es", NULL },
	{ TEXT "html_description/0/country_code", "", NULL },
	{ TEXT "html_description/0/value", "custom_metadata/description_us",
	  "High-end coffee maker with temperature control" },
	{ TEXT "html_description/1/country_code", "", NULL },
	{ TEXT "html_description/1/value", "custom_metadata/description_es",
	  "Cafetera de alta gama con control de temperatura" },
	{ TEXT "slug/0/country_code", "", NULL },
	{ TEXT "slug/0/value", "custom_metadata/slug_us", NULL },
	{ TEXT "slug/1/country_code", "", NULL },
	{ TEXT "slug/1/value", "custom_metadata/slug_es", NULL },
	{ "payload/images/0/id", "", NULL },
	{ "payload/images/0/url", "image_full_url", NULL },
	{ "payload/images/0/alt", "custom_metadata/image_alt", NULL },
	{ "payload/images/0/status", "", NULL }, /* images that are not active are not sent */
	{ "payload/images/0/title", "custom_metadata/image_title", NULL },
	{ "payload/images/0/copyright", "", NULL },
	{ "payload/images/0/sort", "", NULL }, /* their order */
	{ "payload/slug", "custom_metadata/slug", NULL },
	{ "payload/status", "custom_metadata/status", NULL },
	{ "payload/seo/meta_title", "custom_metadata/meta_title", NULL },
	{ "payload/seo/meta_title_translations/0/country_code", "", NULL },
	{ "payload/seo/meta_title_translations/0/value", "custom_metadata/meta_title_us", NULL },
	{ "payload/seo/meta_description", "custom_metadata/meta_description", NULL },
	{ "payload/seo/meta_description_translations/0/country_code", "", NULL },
	{ "payload/seo/meta_description_translations/0/value", "custom_metadata/meta_description_us", NULL },
	{ "payload/description", "description", NULL },
	{ "payload/html_description", "description", "High-end coffee maker with temperature control" },
	{ "payload/markets/0/id", "", NULL },
	{ "payload/markets/0/name", "custom_metadata/market_us", "United States, US, en-US, USD" },
	{ "payload/markets/0/slug", "custom_metadata/markets", NULL },
	{ "payload/markets/0/country_code", "custom_metadata/market_us", "United States, US, en-US, USD" },
	{ "payload/markets/0/locale", "custom_metadata/market_us", "United States, US, en-US, USD" },
	{ "payload/markets/0/currency_code", "custom_metadata/currency", NULL },
	{ "payload/markets/0/active", "custom_metadata/markets", "us" },
	{ "payload/is_active", "published", "true" },
	{ "payload/brand/id", "", NULL },
	{ "payload/brand/name", "custom_metadata/brand", NULL },
	{ "payload/brand/series/id", "", NULL },
	{ "payload/brand/series/name", "custom_metadata/series", NULL },
	{ "payload/custom/warranty_years", "custom_metadata/custom_warranty_years", NULL },
	{ "payload/custom/energy_rating", "custom_metadata/custom_energy_rating", NULL },
	{ "payload/third_party_links/0/id", "", NULL },
	{ "payload/third_party_links/0/type", "custom_metadata/link_1_type", NULL },
	{ "payload/third_party_links/0/title", "custom_metadata/link_1_title", NULL },
	{ "payload/third_party_links/0/url", "custom_metadata/link_1_url", NULL },
	{ "payload/third_party_links/0/created_at", "", NULL },
	{ "payload/third_party_links/0/updated_at", "", NULL },
};

static struct str text_of(const struct json *value, struct arena *arena)
{
	return json_type(value) == JSON_STRING ? json_text(value) : json_write_arena(value, false, arena);
}

static const struct json *find_below(const struct json *at, struct str path)
{
	struct str part;

	while (str_split(&path, '/', &part)) {
		char name[100] = { 0 };

		memcpy(name, part.p, part.len < sizeof(name) - 1 ? part.len : sizeof(name) - 1);
		at = json_get(at, name);
	}
	return at;
}

static void check_leaf(const struct json *leaf, struct str path, const struct json *attributes,
		       struct arena *arena)
{
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct str got, want;

		if (!str_eq(path, str_from(row[i].from)))
			continue;
		if (!row[i].to[0])
			return;
		got = text_of(find_below(attributes, str_from(row[i].to)), arena);
		want = row[i].want ? str_from(row[i].want) : text_of(leaf, arena);
		if (!str_eq(got, want))
			fail_msg("%.*s\n   got: %.*s\n  want: %.*s", STR_ARG(path), STR_ARG(got),
				 STR_ARG(want));
		return;
	}
	fail_msg("nobody accounts for %.*s", STR_ARG(path));
}

static size_t check_leaves(const struct json *value, struct str path, const struct json *attributes,
			   struct arena *arena)
{
	const char *slash = path.len > 0 ? "/" : "";
	size_t n = 0;

	if (json_type(value) != JSON_OBJECT && json_type(value) != JSON_ARRAY) {
		check_leaf(value, path, attributes, arena);
		return 1;
	}
	for (size_t i = 0; json_type(value) == JSON_ARRAY && i < json_len(value); i++)
		n += check_leaves(json_at(value, i),
				  arena_printf(arena, "%.*s%s%zu", STR_ARG(path), slash, i), attributes,
				  arena);
	for (void *it = json_first(value); it; it = json_next(value, it)) {
		struct str name = json_member_name(it);

		n += check_leaves(json_member_value(it),
				  arena_printf(arena, "%.*s%s%.*s", STR_ARG(path), slash, STR_ARG(name)),
				  attributes, arena);
	}
	return n;
}

static void everything_it_says_is_in_the_item(void **state)
{
	struct catalog_case one;
	struct json *message, *item;

	(void)state;
	case_open(&one, "enad-seed");
	case_run(&one);
	message = case_json(&one.arena, STR("fixtures/enad/product.created.json"), false);
	assert_true(json_parse(one.resource[0].body, &item, NULL));
	assert_int_equal(check_leaves(message, STR(""), json_get(item, "attributes"), &one.arena),
			 ARRAY_LEN(row));
	json_free(item);
	json_free(message);
	case_close(&one);
}

static void in_spanish_too(void **state)
{
	struct catalog_case one;
	const struct catalog_item *item;

	(void)state;
	case_open(&one, "enad-seed-in-spanish");
	case_run(&one);
	item = &one.view.item;
	assert_true(str_eq(item->title, STR("Cafetera Premium")));
	assert_true(str_eq(item->description, STR("Cafetera de alta gama con control de temperatura")));
	assert_true(str_eq(item->url, STR("https://shop.example.com/es/cafetera-premium")));
	assert_true(str_eq(one.view.variant[0].title, STR("Cafetera Premium")));
	case_close(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_it_says_is_in_the_item),
		cmocka_unit_test(in_spanish_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
