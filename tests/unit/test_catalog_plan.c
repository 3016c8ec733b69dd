/*
 * Planning: proves what is told, what is not, and in which order, for every state of what Klaviyo was last
 * told.
 */
#include "catalog/plan.h"
#include "unit/test_catalog_support.h"

#define SAME  1 /* last told what is wanted now */
#define OTHER 2 /* last told something else */

struct was {
	const char *what;
	bool sent, exists, wanted_deleted;
	int wanted; /* 0 = zero */
	const char *parent;
	bool left;
};

static struct digest16 hash_of(const char *body)
{
	struct str text = str_from(body);

	return digest16_of(&text, 1);
}

static struct digest16 wanted_hash(int wanted, const char *body)
{
	struct digest16 none = { { 0 } };

	return wanted == SAME ? hash_of(body) : wanted == OTHER ? hash_of("other") : none;
}

static void add_sent(struct support *support, enum klaviyo_kind kind, const char *id, const struct was *was,
		     const char *body)
{
	if (!was->sent)
		return;
	support->sent[support->root.n_sent++] = (struct root_sent){
		.kind = kind,
		.external_id = str_from(id),
		.parent_external_id = str_from(was->parent		 ? was->parent
					       : kind == KLAVIYO_VARIANT ? "i"
									 : ""),
		.exists = was->exists,
		.left = was->left,
		.wanted_deleted = was->wanted_deleted,
		.wanted = wanted_hash(was->wanted, body),
	};
}

/* "create item i, delete variant v" */
static struct str plan_text(struct support *support, const struct plan_resource *resource, size_t n)
{
	struct delivery_new *delivery;
	size_t n_delivery;
	struct str text = { 0 };

	catalog_plan(&support->root, &support->view, resource, n, &support->arena, &delivery, &n_delivery);
	for (size_t i = 0; i < n_delivery; i++) {
		bool upsert = delivery[i].op != DELIVERY_DELETE;

		assert_int_equal(upsert, delivery[i].body.len > 0);
		assert_int_equal(upsert, digest16_eq(delivery[i].hash, digest16_of(&delivery[i].body, 1)));
		text = arena_printf(&support->arena, "%.*s%s%s %s %.*s", STR_ARG(text), i > 0 ? ", " : "",
				    delivery_op_text(delivery[i].op), klaviyo_kind_text(delivery[i].kind),
				    STR_ARG(delivery[i].external_id));
	}
	return text;
}

static const struct {
	struct was was;
	const char *shown, *gone;
} row[] = {
	{ { "never told", false, false, false, 0, NULL }, "create item i", "" },
	{ { "told and there", true, true, false, SAME, NULL }, "", "delete item i" },
	{ { "told something else", true, true, false, OTHER, NULL }, "update item i", "delete item i" },
	{ { "on its way", true, false, false, SAME, NULL }, "", "delete item i" },
	{ { "something else on its way", true, false, false, OTHER, NULL },
	  "create item i",
	  "delete item i" },
	{ { "create failed", true, false, false, 0, NULL }, "create item i", "" },
	{ { "create left and ended unheard of", true, false, false, 0, NULL, true },
	  "create item i",
	  "delete item i" },
	{ { "deleted what had left", true, false, true, 0, NULL, true }, "create item i", "" },
	{ { "update failed, none accepted before", true, true, false, 0, NULL },
	  "update item i",
	  "delete item i" },
	{ { "delete on its way", true, true, true, 0, NULL }, "update item i", "" },
	{ { "delete on its way, of the same", true, true, true, SAME, NULL }, "update item i", "" },
	{ { "deleted", true, false, true, 0, NULL }, "create item i", "" },
};

static void an_item_for_every_state(void **state)
{
	const struct plan_resource resource = { KLAVIYO_ITEM, STR("i"), STR(""), STR("{}") };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct support support;

		support_open(&support, ENTITY_PRODUCT, "i");
		add_sent(&support, KLAVIYO_ITEM, "i", &row[i].was, "{}");
		support.view = (struct catalog_view){ .present = true, .has_item = true };
		support_equal(plan_text(&support, &resource, 1), row[i].shown, row[i].was.what);
		support.view = (struct catalog_view){ .present = false };
		support_equal(plan_text(&support, NULL, 0), row[i].gone, row[i].was.what);
		support.view = (struct catalog_view){ .present = true, .held = STR("why") };
		support_equal(plan_text(&support, NULL, 0), "", row[i].was.what);
		support_close(&support);
	}
}

static const struct was there = { "there", true, true, false, OTHER, NULL };
static const struct was elsewhere = { "elsewhere", true, true, false, SAME, "another item" };
static const struct was elsewhere_deleted = { "elsewhere", true, false, true, 0, "another item" };

static void deletes_come_first_and_variants_before_items(void **state)
{
	const struct plan_resource resource[] = {
		{ KLAVIYO_VARIANT, STR("v2"), STR("i"), STR("{2}") },
		{ KLAVIYO_ITEM, STR("i"), STR(""), STR("{i}") },
		{ KLAVIYO_VARIANT, STR("v3"), STR("i"), STR("{3}") },
		{ KLAVIYO_CATEGORY, STR("c"), STR(""), STR("{c}") },
	};
	struct support support;

	(void)state;
	support_open(&support, ENTITY_PRODUCT, "i");
	add_sent(&support, KLAVIYO_CATEGORY, "d", &there, "");
	add_sent(&support, KLAVIYO_ITEM, "i", &there, "");
	add_sent(&support, KLAVIYO_VARIANT, "v1", &there, "");
	add_sent(&support, KLAVIYO_VARIANT, "v2", &there, "");
	support.view = (struct catalog_view){ .present = true, .has_item = true, .has_category = true };
	support_equal(
		plan_text(&support, resource, 4),
		"delete variant v1, delete category d, create category c, update item i, update variant v2, "
		"create variant v3",
		"order");
	support.view = (struct catalog_view){ .present = false };
	support_equal(plan_text(&support, NULL, 0),
		      "delete variant v1, delete variant v2, delete item i, delete category d", "all gone");
	support_close(&support);
}

static void a_variant_that_moved_is_deleted_and_made_anew(void **state)
{
	const struct plan_resource resource = { KLAVIYO_VARIANT, STR("v"), STR("i"), STR("{}") };
	struct support support;

	(void)state;
	support_open(&support, ENTITY_PRODUCT, "i");
	add_sent(&support, KLAVIYO_VARIANT, "v", &elsewhere, "{}");
	support.view = (struct catalog_view){ .present = true, .has_item = true };
	support_equal(plan_text(&support, &resource, 1), "delete variant v, create variant v", "moved");
	support.root.n_sent = 0;
	add_sent(&support, KLAVIYO_VARIANT, "v", &elsewhere_deleted, "{}");
	support_equal(plan_text(&support, &resource, 1), "create variant v", "moved, deleted already");
	support_close(&support);
}

static void a_variant_that_waits_for_its_price_stays(void **state)
{
	const struct plan_resource resource = { KLAVIYO_ITEM, STR("i"), STR(""), STR("{}") };
	const struct str kept[] = { STR_INIT("v1"), STR_INIT("i") };
	struct support support;

	(void)state;
	support_open(&support, ENTITY_PRODUCT, "i");
	add_sent(&support, KLAVIYO_VARIANT, "v1", &there, "");
	add_sent(&support, KLAVIYO_VARIANT, "v2", &there, "");
	add_sent(&support, KLAVIYO_ITEM, "i", &there, "");
	support.view = (struct catalog_view){ .present = true,
					      .has_item = true,
					      .held = STR("variant v1: ..."),
					      .kept_variant = kept,
					      .n_kept_variant = 2 };
	support_equal(plan_text(&support, &resource, 1), "delete variant v2, update item i", "kept");
	support_close(&support);
}

static void item_and_variant_of_one_id_are_two(void **state)
{
	const struct plan_resource resource[] = {
		{ KLAVIYO_ITEM, STR("p"), STR(""), STR("{same}") },
		{ KLAVIYO_VARIANT, STR("p"), STR("p"), STR("{same}") },
	};
	const struct was told = { "told", true, true, false, SAME, "p" };
	struct support support;

	(void)state;
	support_open(&support, ENTITY_PRODUCT, "p");
	add_sent(&support, KLAVIYO_VARIANT, "p", &told, "{same}");
	support.view = (struct catalog_view){ .present = true, .has_item = true };
	support_equal(plan_text(&support, resource, 2), "create item p", "two namespaces");
	support_close(&support);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_item_for_every_state),
		cmocka_unit_test(deletes_come_first_and_variants_before_items),
		cmocka_unit_test(a_variant_that_moved_is_deleted_and_made_anew),
		cmocka_unit_test(a_variant_that_waits_for_its_price_stays),
		cmocka_unit_test(item_and_variant_of_one_id_are_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
