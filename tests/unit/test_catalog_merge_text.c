/*
 * Words: proves which language is chosen, what stands in when a text is missing, and how categories are
 * named.
 */
#include "unit/test_catalog_support.h"

#define TEXTS \
	"'text':{'us':{'title':'Mug','description':'A " \
	"mug','slug':'mug'},'es':{'title':'Taza','html':'<p>Una taza</p>'}," \
	"'de-at':{'title':'Häferl'}}"
#define MARKET "'markets':[{'id':'m1','slug':'austria','country':'AT','locale':'de-AT','currency':'EUR'}]"

static const struct {
	const char *what, *language, *market, *body, *title, *description, *chosen;
} row[] = {
	{ "setting", "es", "", "{" TEXTS "}", "Taza", "Una taza", "es" },
	{ "setting, other spelling", "DE_at", "", "{" TEXTS "}", "Häferl", "Una taza", "de-at" },
	{ "setting, kind of language", "de", "", "{" TEXTS "}", "Häferl", "Una taza", "de-at" },
	{ "setting, region of a language", "us-x", "", "{" TEXTS "}", "Mug", "A mug", "us" },
	{ "setting without texts, own texts", "fr", "", "{'title':'Becher'," TEXTS "}", "Becher", "Una taza",
	  "" },
	{ "market's locale", "", "", "{" TEXTS "," MARKET "}", "Häferl", "Una taza", "de-at" },
	{ "market's country", "", "", "{" TEXTS ",'markets':[{'id':'1','country':'US','locale':'en-US'}]}",
	  "Mug", "A mug", "us" },
	{ "market set, product has none", "", "es", "{" TEXTS "}", "Taza", "Una taza", "es" },
	{ "own texts before any language", "", "", "{'title':'Becher','description':'Ein Becher'," TEXTS "}",
	  "Becher", "Ein Becher", "" },
	{ "first language by name", "", "", "{" TEXTS "}", "Häferl", "Una taza", "de-at" },
	{ "title from own texts", "es", "", "{'title':'Becher','text':{'es':{'description':'Una taza'}}}",
	  "Becher", "Una taza", "es" },
	{ "html of own texts", "", "", "{'title':'Becher','html':'<b>Groß</b>'}", "Becher", "Groß", "" },
	{ "plain before html", "", "", "{'title':'B','description':'plain','html':'<b>html</b>'}", "B",
	  "plain", "" },
	{ "no description: title", "", "", "{'title':'B','description':'  ','html':'<p> </p>'}", "B", "B",
	  "" },
	{ "no title: SKU", "", "", "{'sku':'S-1'}", "S-1", "S-1", "" },
	{ "nothing: id", "", "", "{}", "p1", "p1", "" },
	{ "texts of no sense", "", "", "{'title':5,'text':{'us':'x','':{'title':'y'}}}", "p1", "p1", "" },
	{ "text that is a list", "us", "", "{'title':'B','text':[1]}", "B", "B", "" },
};

static void product_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct support support;
		const struct catalog_view *view;

		support_open(&support, ENTITY_PRODUCT, "p1");
		support.rules.language = str_from(row[i].language);
		support.rules.market = str_from(row[i].market);
		support_fact(&support, ENTITY_PRODUCT, "p1", "base", row[i].body);
		support_fact(&support, ENTITY_PRODUCT, "p1", "price.",
			     "{'prices':[{'currency':'EUR','base':'5'}]}");
		view = support_merge(&support);
		assert_true(view->has_item);
		support_equal(view->item.title, row[i].title, row[i].what);
		support_equal(view->item.description, row[i].description, row[i].what);
		support_equal(support_meta(view->item.meta, view->item.n_meta, "language"), row[i].chosen,
			      row[i].what);
		support_close(&support);
	}
}

static void a_language_without_texts_is_noted(void **state)
{
	struct support support;

	(void)state;
	support_open(&support, ENTITY_PRODUCT, "p1");
	support.rules.language = STR("fr");
	support_fact(&support, ENTITY_PRODUCT, "p1", "base", "{'price':'1','currency':'EUR'," TEXTS "}");
	assert_true(support_contains(support_merge(&support)->note, "no texts in language \"fr\""));
	support_close(&support);
}

static const struct {
	const char *what, *language, *market;
	bool path;
	const char *id, *name;
} category[] = {
	{ "leaf", "", "", false, "winter", "Winter" },
	{ "path", "", "", true, "winter", "Home > Clothes > Winter" },
	{ "path in a language", "es", "", true, "winter", "Inicio > Clothes > Invierno" },
	{ "market as language", "", "es", false, "winter", "Invierno" },
	{ "no texts: slug", "", "", false, "slugged", "the-slug" },
	{ "nothing: id", "", "", false, "bare", "bare" },
	{ "first language", "", "", false, "spanish", "Solo" },
	{ "parent not known", "", "", true, "orphan", "Orphan" },
	{ "above itself", "", "", true, "self", "Self" },
	{ "in a circle", "", "", true, "c1", "C3 > C2 > C1" },
};

static void category_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(category); i++) {
		struct support support;
		const struct catalog_view *view;

		support_open(&support, ENTITY_CATEGORY, category[i].id);
		support.rules.language = str_from(category[i].language);
		support.rules.market = str_from(category[i].market);
		support.rules.category_path = category[i].path;
		support_fact(&support, ENTITY_CATEGORY, "winter", "base",
			     "{'title':'Winter','parent_id':'clothes','text':{'es':{'title':'Invierno'}}}");
		support_fact(&support, ENTITY_CATEGORY, "clothes", "base",
			     "{'title':'Clothes','parent_id':'home'}");
		support_fact(&support, ENTITY_CATEGORY, "home", "base",
			     "{'title':'Home','text':{'es':{'title':'Inicio'}}}");
		support_fact(&support, ENTITY_CATEGORY, "slugged", "base", "{'slug':'the-slug'}");
		support_fact(&support, ENTITY_CATEGORY, "bare", "base",
			     "{'published':false,'status':'hidden'}");
		support_fact(&support, ENTITY_CATEGORY, "spanish", "base",
			     "{'text':{'es':{'title':'Solo'}}}");
		support_fact(&support, ENTITY_CATEGORY, "orphan", "base",
			     "{'title':'Orphan','parent_id':'gone'}");
		support_fact(&support, ENTITY_CATEGORY, "self", "base",
			     "{'title':'Self','parent_id':'self'}");
		support_fact(&support, ENTITY_CATEGORY, "c1", "base", "{'title':'C1','parent_id':'c2'}");
		support_fact(&support, ENTITY_CATEGORY, "c2", "base", "{'title':'C2','parent_id':'c3'}");
		support_fact(&support, ENTITY_CATEGORY, "c3", "base", "{'title':'C3','parent_id':'c1'}");
		view = support_merge(&support);
		assert_true(view->present && view->has_category && !view->has_item);
		support_equal(view->category.name, category[i].name, category[i].what);
		support_equal(view->category.external_id, category[i].id, category[i].what);
		support_equal(view->held, "", category[i].what);
		support_close(&support);
	}
}

static void a_deep_path_ends(void **state)
{
	static char id[40][8], body[40][64];
	struct support support;
	const struct catalog_view *view;
	int n = 0;

	(void)state;
	support_open(&support, ENTITY_CATEGORY, "c0");
	support.rules.category_path = true;
	for (int i = 0; i < 40; i++) {
		(void)snprintf(id[i], sizeof(id[i]), "c%d", i);
		(void)snprintf(body[i], sizeof(body[i]), "{'title':'T%d','parent_id':'c%d'}", i, i + 1);
		support_fact(&support, ENTITY_CATEGORY, id[i], "base", body[i]);
	}
	view = support_merge(&support);
	for (size_t i = 0; i < view->category.name.len; i++)
		n += view->category.name.p[i] == '>';
	assert_int_equal(n, 19);
	assert_true(str_starts(view->category.name, STR("T19 > T18 > ")));
	support_close(&support);
}

static void a_category_not_known_is_held_and_a_deleted_one_is_not_there(void **state)
{
	struct support support;
	const struct catalog_view *view;

	(void)state;
	support_open(&support, ENTITY_CATEGORY, "c");
	support_fact(&support, ENTITY_CATEGORY, "other", "base", "{'title':'Other'}");
	view = support_merge(&support);
	assert_true(view->present && !view->has_category);
	support_equal(view->held, "category not known yet", "held");
	support_deleted(&support, ENTITY_CATEGORY, "c");
	view = support_merge(&support);
	assert_false(view->present || view->has_category);
	support_equal(view->held, "", "deleted");
	support_close(&support);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(product_texts),
		cmocka_unit_test(a_language_without_texts_is_noted),
		cmocka_unit_test(category_names),
		cmocka_unit_test(a_deep_path_ends),
		cmocka_unit_test(a_category_not_known_is_held_and_a_deleted_one_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
