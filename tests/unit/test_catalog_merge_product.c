/*
 * Products: proves when an item is there, held or hidden, which variants it has, where its links and images
 * point, and in which categories it is.
 */
#include "unit/test_catalog_support.h"

#define PRICED "'price':'5','currency':'EUR'"

static void open_product(struct support *support, const char *base)
{
	support_open(support, ENTITY_PRODUCT, "p1");
	if (base)
		support_fact(support, ENTITY_PRODUCT, "p1", "base", base);
}

/* ---- there, held, hidden ---- */

static void a_product_that_is_not_known_is_held(void **state)
{
	struct support support;
	const struct catalog_view *view;

	(void)state;
	open_product(&support, NULL);
	support_fact(&support, ENTITY_VARIANT, "v1", "base", "{" PRICED "}");
	support_fact(&support, ENTITY_VARIANT, "v1", "price.", "{'prices':[{'currency':'EUR','base':'5'}]}");
	support_fact(&support, ENTITY_PRODUCT, "p1", "link.c1", "{}");
	view = support_merge(&support);
	assert_true(view->present && !view->has_item && view->n_variant == 0);
	support_equal(view->held, "product not known yet (only prices, stock)", "held");
	support_close(&support);
}

static void a_base_that_cannot_be_read_is_as_none(void **state)
{
	static const char *const body[] = { "", "{", "[]", "null", "5", "{'a':1}{", "{'a':1,'a':2}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(body); i++) {
		struct support support;

		open_product(&support, body[i]);
		support_merge(&support);
		assert_false(support.view.has_item);
		support_equal(support.view.held, "product not known yet (only prices, stock)", body[i]);
		support_equal(support.view.note, "product p1: part \"base\" could not be read", body[i]);
		support_close(&support);
	}
}

static void a_deleted_product_is_not_there(void **state)
{
	struct support support;

	(void)state;
	open_product(&support, NULL);
	support_deleted(&support, ENTITY_PRODUCT, "p1");
	support_fact(&support, ENTITY_VARIANT, "v1", "base", "{" PRICED "}");
	support_merge(&support);
	assert_false(support.view.present || support.view.has_item || support.view.n_variant > 0);
	support_equal(support.view.held, "", "held");
	support_close(&support);
}

static const struct {
	const char *what, *base, *status;
	int64_t base_seq, status_seq;
	bool published;
	const char *text;
} shown[] = {
	{ "nothing said", "{" PRICED "}", "", 1, 2, true, "" },
	{ "base says no", "{" PRICED ",'published':false}", "", 1, 2, false, "" },
	{ "draft", "{" PRICED ",'published':true,'status':'Draft'}", "", 1, 2, false, "Draft" },
	{ "active", "{" PRICED ",'status':'active'}", "", 1, 2, true, "active" },
	{ "later status says no", "{" PRICED ",'published':true,'status':'active'}",
	  "{'published':false,'status':'inactive'}", 1, 2, false, "inactive" },
	{ "later base says yes", "{" PRICED ",'published':true,'status':'active'}",
	  "{'published':false,'status':'inactive'}", 3, 2, true, "active" },
	{ "later base says nothing", "{" PRICED "}", "{'published':false}", 3, 2, false, "" },
	{ "later status says nothing", "{" PRICED ",'published':false,'status':'x'}", "{}", 1, 2, false,
	  "x" },
	{ "both from one message", "{" PRICED ",'published':false}", "{'published':true}", 1, 1, true, "" },
};

static void published_as_the_later_fact_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
		struct support support;
		const struct catalog_view *view = &support.view;

		open_product(&support, NULL);
		support_versioned(&support, ENTITY_PRODUCT, "p1", "base", 0, shown[i].base_seq,
				  shown[i].base);
		if (shown[i].status[0])
			support_versioned(&support, ENTITY_PRODUCT, "p1", "status", 0, shown[i].status_seq,
					  shown[i].status);
		support_merge(&support);
		assert_true(view->present && view->has_item);
		if (view->item.published != shown[i].published ||
		    view->variant[0].published != shown[i].published)
			fail_msg("%s: got %d, want %d", shown[i].what, view->item.published,
				 shown[i].published);
		support_equal(support_meta(view->item.meta, view->item.n_meta, "status"), shown[i].text,
			      shown[i].what);
		support.rules.delete_unpublished = true;
		support_merge(&support);
		assert_int_equal(view->present, shown[i].published);
		assert_int_equal(view->has_item, shown[i].published);
		support_close(&support);
	}
}

/* ---- variants ---- */

static void a_product_without_variants_gets_one(void **state)
{
	struct support support;
	const struct catalog_variant *variant;

	(void)state;
	open_product(&support,
		     "{" PRICED
		     ",'compare_at_price':'6','sku':'S-1','title':'Mug','description':'A mug','url':"
		     "'https://shop.test/mug','images':[{'url':'https://shop.test/1.jpg'},{'url':'http://"
		     "shop.test/2.jpg'}],"
		     "'stock':3}");
	support.rules.id_prefix = STR("se-");
	support_merge(&support);
	assert_int_equal(support.view.n_variant, 1);
	variant = &support.view.variant[0];
	support_equal(variant->external_id, "se-p1", "external id");
	support_equal(variant->item_external_id, "se-p1", "item");
	support_equal(variant->title, "Mug", "title");
	support_equal(variant->description, "A mug", "description");
	support_equal(variant->sku, "S-1", "sku");
	support_equal(variant->url, "https://shop.test/mug", "url");
	support_equal(variant->image_url, "https://shop.test/1.jpg", "image");
	assert_int_equal(variant->n_image, 2);
	assert_int_equal(variant->quantity, 3);
	support_equal(support_price(&support, variant->price), "5.00 EUR", "price");
	support_equal(support_meta(variant->meta, variant->n_meta, "compare_at_price"), "6.00", "compare");
	support_equal(support.view.note, "", "note");
	support_close(&support);
}

static void a_variant_inherits_what_it_does_not_say(void **state)
{
	struct support support;
	const struct catalog_variant *variant;

	(void)state;
	open_product(&support,
		     "{" PRICED
		     ",'sku':'S','title':'Mug','description':'A mug','url':'https://shop.test/mug',"
		     "'images':[{'url':'https://shop.test/1.jpg'},{'url':'https://shop.test/2.jpg'}]}");
	support_fact(&support, ENTITY_VARIANT, "v1", "base", "{}");
	support_fact(
		&support, ENTITY_VARIANT, "v2", "base",
		"{'title':'Red "
		"mug','html':'<p>Red</p>','sku':'S-R','url':'https://shop.test/mug?red','published':false,"
		"'images':[{'url':'https://shop.test/r.jpg'}]}");
	support_merge(&support);
	assert_int_equal(support.view.n_variant, 2);
	variant = &support.view.variant[0];
	support_equal(variant->title, "Mug", "title");
	support_equal(variant->description, "A mug", "description");
	support_equal(variant->sku, "v1", "sku: its id");
	support_equal(variant->url, "https://shop.test/mug", "url");
	support_equal(variant->image_url, "https://shop.test/1.jpg", "image");
	assert_int_equal(variant->n_image, 1);
	assert_true(variant->published);
	variant = &support.view.variant[1];
	support_equal(variant->title, "Red mug", "own title");
	support_equal(variant->description, "Red", "own description");
	support_equal(variant->sku, "S-R", "own sku");
	support_equal(variant->url, "https://shop.test/mug?red", "own url");
	support_equal(variant->image_url, "https://shop.test/r.jpg", "own image");
	assert_false(variant->published);
	assert_true(support.view.item.published);
	support_close(&support);
}

static void a_variant_known_by_its_price_is_shown(void **state)
{
	struct support support;

	(void)state;
	open_product(&support, "{'title':'Mug'}");
	support_fact(&support, ENTITY_VARIANT, "v1", "price.", "{'prices':[{'currency':'EUR','base':'5'}]}");
	support_fact(&support, ENTITY_VARIANT, "v2", "price.",
		     "{'prices':[{'currency':'EUR','base':'6'}],'sku':'S-2'}");
	support_fact(&support, ENTITY_VARIANT, "v3", "stock.", "{'quantity':1}");
	support_merge(&support);
	assert_int_equal(support.view.n_variant, 2);
	support_equal(support.view.variant[0].title, "Mug", "title");
	support_equal(support.view.variant[0].sku, "v1", "sku");
	support_equal(support.view.variant[1].sku, "S-2", "sku beside the price");
	support_equal(support.view.held, "variant v3: no price known yet", "held");
	support_close(&support);
}

static void the_set_of_variants_and_deletions_decide(void **state)
{
	struct support support;

	(void)state;
	open_product(&support, "{" PRICED "}");
	support_versioned(&support, ENTITY_PRODUCT, "p1", "variants", 5, 5, "{'ids':['v1','v2','v9']}");
	support_versioned(&support, ENTITY_VARIANT, "v1", "base", 4, 4, "{}");
	support_versioned(&support, ENTITY_VARIANT, "v2", "base", 4, 4, "{}");
	support_versioned(&support, ENTITY_VARIANT, "v3", "base", 4, 9, "{}");
	support_versioned(&support, ENTITY_VARIANT, "v4", "base", 6, 1, "{}");
	support_versioned(&support, ENTITY_VARIANT, "v5", "price.", 6, 9,
			  "{'prices':[{'currency':'EUR','base':'5'}]}");
	support_deleted(&support, ENTITY_VARIANT, "v2");
	support_merge(&support);
	assert_int_equal(support.view.n_variant, 2);
	support_equal(support.view.variant[0].external_id, "v1", "in the set");
	support_equal(support.view.variant[1].external_id, "v4", "told of since");
	support_equal(support.view.held, "", "held");
	support_close(&support);
}

static void when_all_variants_are_gone_one_stands_in(void **state)
{
	struct support support;

	(void)state;
	open_product(&support, "{" PRICED "}");
	support_fact(&support, ENTITY_VARIANT, "v1", "base", "{}");
	support_fact(&support, ENTITY_PRODUCT, "p1", "variants", "{'ids':[]}");
	support_merge(&support);
	assert_int_equal(support.view.n_variant, 1);
	support_equal(support.view.variant[0].external_id, "p1", "own");
	assert_int_equal(support.view.n_kept_variant, 0);
	support_close(&support);
}

/* ---- links ---- */

static const struct {
	const char *what, *template, *base, *url, *note;
} link_row[] = {
	{ "own", "https://t.test/{slug}", "{" PRICED ",'url':'https://shop.test/a?b=c','slug':'mug'}",
	  "https://shop.test/a?b=c", "" },
	{ "template", "https://t.test/{market}/{language}/{slug}?id={id}&sku={sku}",
	  "{" PRICED ",'slug':'mug','sku':'S 1/2','text':{'us':{'slug':'red "
		     "mug/x'}},'markets':[{'slug':'us','country':'US'}]}",
	  "https://t.test/us/us/red%20mug/x?id=p1&sku=S%201%2F2", "" },
	{ "template without slug", "https://t.test/{slug}", "{" PRICED "}", "https://t.test/p1", "" },
	{ "template with other braces", "https://t.test/{x}/{}/{slug", "{" PRICED "}",
	  "https://t.test/{x}/{}/{slug", "" },
	{ "own that is relative", "", "{" PRICED ",'url':'/mug'}", "/p1",
	  "url \"/mug\" is not absolute; no url_template set: product links are relative" },
	{ "own of no sense", "", "{" PRICED ",'url':'javascript:alert(1)','slug':'mug'}", "/mug",
	  "url \"javascript:alert(1)\" is not absolute; no url_template set: product links are relative" },
	{ "own with a space", "", "{" PRICED ",'url':'https://a b','slug':'mug'}", "/mug",
	  "url \"https://a b\" is not absolute; no url_template set: product links are relative" },
	{ "neither", "", "{" PRICED ",'slug':'//evil.test/\xc3\xa4'}", "/evil.test/%C3%A4",
	  "no url_template set: product links are relative" },
};

static void links(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(link_row); i++) {
		struct support support;

		open_product(&support, link_row[i].base);
		support.rules.url_template = str_from(link_row[i].template);
		support_merge(&support);
		support_equal(support.view.item.url, link_row[i].url, link_row[i].what);
		support_equal(support.view.note, link_row[i].note, link_row[i].what);
		support_close(&support);
	}
}

static void variants_use_the_template_with_their_own_sku(void **state)
{
	struct support support;

	(void)state;
	open_product(&support, "{" PRICED ",'slug':'mug'}");
	support.rules.url_template = STR("https://t.test/{slug}?v={sku}");
	support_fact(&support, ENTITY_VARIANT, "v1", "base", "{'sku':'S-1'}");
	support_fact(&support, ENTITY_VARIANT, "v2", "base", "{'sku':'S-2','slug':'red-mug'}");
	support_merge(&support);
	support_equal(support.view.variant[0].url, "https://t.test/mug?v=S-1", "slug of the product");
	support_equal(support.view.variant[1].url, "https://t.test/red-mug?v=S-2", "own slug");
	support_close(&support);
}

static void images_are_absolute_and_each_once(void **state)
{
	struct support support;
	const struct catalog_item *item = &support.view.item;

	(void)state;
	open_product(
		&support,
		"{" PRICED
		",'url':'https://s.test/','images':[{'url':'/1.jpg'},{'url':'HTTPS://s.test/2.jpg'},{'url':"
		"'data:image/png;base64,AA'},{'url':'http://s.test/3.jpg'},{'url':'HTTPS://s.test/"
		"2.jpg'},{},5,'x',"
		"{'url':'https:///x'},{'url':'https://s.test/a b.jpg'}]}");
	support_merge(&support);
	assert_int_equal(item->n_image, 2);
	support_equal(item->image[0], "HTTPS://s.test/2.jpg", "first");
	support_equal(item->image[1], "http://s.test/3.jpg", "second");
	support_equal(item->image_url, "HTTPS://s.test/2.jpg", "the image");
	support_equal(support.view.note, "images without an absolute http(s) address are left out", "note");
	support_close(&support);
}

/* ---- categories ---- */

static void categories_as_links_and_the_set_say(void **state)
{
	struct support support;
	const struct catalog_item *item = &support.view.item;

	(void)state;
	open_product(&support, "{" PRICED ",'url':'https://s.test/'}");
	support.rules.id_prefix = STR("se-");
	for (const char *const *id =
		     (const char *const[]){ "c1", "c2", "c3", "c4", "c5", "c6", "gone", NULL };
	     *id; id++)
		support_fact(&support, ENTITY_CATEGORY, *id, "base", "{'title':'C'}");
	support_deleted(&support, ENTITY_CATEGORY, "gone");
	support_versioned(&support, ENTITY_PRODUCT, "p1", "links", 0, 50,
			  "{'ids':['c4','c2','c3','unknown','gone','c2']}");
	support_versioned(&support, ENTITY_PRODUCT, "p1", "link.c1", 0, 40, "{}"); /* before the set: out */
	support_versioned(&support, ENTITY_PRODUCT, "p1", "link.c2", 0, 40,
			  "{'removed':true}"); /* before the set: in */
	support_versioned(&support, ENTITY_PRODUCT, "p1", "link.c3", 0, 60,
			  "{'removed':true}");					   /* after it: out */
	support_versioned(&support, ENTITY_PRODUCT, "p1", "link.c5", 0, 60, "{}"); /* after it: in */
	support_versioned(&support, ENTITY_PRODUCT, "p1", "link.c6", 0, 60, "{'removed':false}");
	support_merge(&support);
	assert_int_equal(item->n_category, 4);
	support_equal(item->category_external_id[0], "se-c2", "1");
	support_equal(item->category_external_id[1], "se-c4", "2");
	support_equal(item->category_external_id[2], "se-c5", "3");
	support_equal(item->category_external_id[3], "se-c6", "4");
	support_equal(support.view.note, "category unknown is not known yet", "note");
	support_close(&support);
}

static void links_without_a_set_stand_alone(void **state)
{
	struct support support;
	const struct catalog_item *item = &support.view.item;

	(void)state;
	open_product(&support, "{" PRICED "}");
	support_fact(&support, ENTITY_CATEGORY, "c1", "base", "{'title':'C','published':false}");
	support_fact(&support, ENTITY_CATEGORY, "c2", "base", "{'title':'C'}");
	support_fact(&support, ENTITY_PRODUCT, "p1", "link.c1", "{}");
	support_fact(&support, ENTITY_PRODUCT, "p1", "link.c2", "{'removed':true}");
	support_merge(&support);
	assert_int_equal(item->n_category, 1);
	support_equal(item->category_external_id[0], "c1", "linked, published or not");
	support_close(&support);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_product_that_is_not_known_is_held),
		cmocka_unit_test(a_base_that_cannot_be_read_is_as_none),
		cmocka_unit_test(a_deleted_product_is_not_there),
		cmocka_unit_test(published_as_the_later_fact_says),
		cmocka_unit_test(a_product_without_variants_gets_one),
		cmocka_unit_test(a_variant_inherits_what_it_does_not_say),
		cmocka_unit_test(a_variant_known_by_its_price_is_shown),
		cmocka_unit_test(the_set_of_variants_and_deletions_decide),
		cmocka_unit_test(when_all_variants_are_gone_one_stands_in),
		cmocka_unit_test(links),
		cmocka_unit_test(variants_use_the_template_with_their_own_sku),
		cmocka_unit_test(images_are_absolute_and_each_once),
		cmocka_unit_test(categories_as_links_and_the_set_say),
		cmocka_unit_test(links_without_a_set_stand_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
