/*
 * Planning: proves what of orders, persons and visitors is told, for every state of what was told before.
 */
#include "activity/plan.h"
#include "unit/test_activity_support.h"

static struct digest16 hash_of(const char *text)
{
	struct str part = str_from(text);

	return digest16_of(&part, 1);
}

static const struct {
	const char *what;
	enum klaviyo_kind kind;
	enum delivery_op op;
	bool sent, exists, deleted;
	const char *wanted; /* NULL = zero */
	bool want;
} row[] = {
	{ "an event never told", KLAVIYO_EVENT, DELIVERY_CREATE, false, false, false, NULL, true },
	{ "an event told", KLAVIYO_EVENT, DELIVERY_CREATE, true, true, false, "key", false },
	{ "another event told under its id", KLAVIYO_EVENT, DELIVERY_CREATE, true, true, false, "x", false },
	{ "an event that failed", KLAVIYO_EVENT, DELIVERY_CREATE, true, false, false, NULL, false },
	{ "a profile never told", KLAVIYO_PROFILE, DELIVERY_UPDATE, false, false, false, NULL, true },
	{ "a profile as it was told", KLAVIYO_PROFILE, DELIVERY_UPDATE, true, true, false, "body", false },
	{ "a profile told otherwise", KLAVIYO_PROFILE, DELIVERY_UPDATE, true, true, false, "x", true },
	{ "a profile that failed", KLAVIYO_PROFILE, DELIVERY_UPDATE, true, false, false, NULL, true },
	{ "a profile that was erased", KLAVIYO_PROFILE, DELIVERY_UPDATE, true, false, true, "body", true },
	{ "erase what was never told", KLAVIYO_PROFILE, DELIVERY_DELETE, false, false, false, NULL, true },
	{ "erase", KLAVIYO_PROFILE, DELIVERY_DELETE, true, true, false, "body", true },
	{ "erase once", KLAVIYO_PROFILE, DELIVERY_DELETE, true, false, true, "body", false },
	{ "subscribe", KLAVIYO_CONSENT, DELIVERY_CREATE, false, false, false, NULL, true },
	{ "subscribed already", KLAVIYO_CONSENT, DELIVERY_CREATE, true, true, false, "key", false },
	{ "subscribed before they left", KLAVIYO_CONSENT, DELIVERY_CREATE, true, true, false, "x", true },
	{ "subscribe after we unsubscribed", KLAVIYO_CONSENT, DELIVERY_CREATE, true, false, true, "x", true },
	{ "unsubscribe", KLAVIYO_CONSENT, DELIVERY_DELETE, true, true, false, "x", true },
	{ "unsubscribe who was never told", KLAVIYO_CONSENT, DELIVERY_DELETE, false, false, false, NULL,
	  true },
	{ "unsubscribed already", KLAVIYO_CONSENT, DELIVERY_DELETE, true, false, true, "x", false },
};

static void each_kind_for_every_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct support support;
		struct activity_resource resource = { row[i].kind, row[i].op,	STR("id"),
						      STR("p"),	   STR("body"), hash_of("key") };
		struct delivery_new *delivery;
		size_t n;

		support_open(&support, ENTITY_PERSON, "p");
		support.sent[0] = (struct root_sent){
			.kind = row[i].kind,
			.external_id = STR("id"),
			.exists = row[i].exists,
			.wanted_deleted = row[i].deleted,
			.wanted = row[i].wanted ? hash_of(row[i].wanted) : (struct digest16){ { 0 } },
		};
		support.root.n_sent = row[i].sent ? 1 : 0;
		activity_plan(&support.root, &resource, 1, &support.arena, &delivery, &n);
		if ((n == 1) != row[i].want)
			fail_msg("%s: got %zu, want %d", row[i].what, n, row[i].want);
		if (n == 1) {
			support_equal(delivery->parent_external_id, "p", row[i].what);
			support_equal(delivery->body, "body", row[i].what);
			assert_int_equal(delivery->op, row[i].op);
			assert_true(digest16_eq(delivery->hash,
						hash_of(row[i].kind == KLAVIYO_PROFILE ? "body" : "key")));
		}
		support_close(&support);
	}
}

static void order_is_kept_and_an_id_is_told_once(void **state)
{
	const struct activity_resource resource[] = {
		{ KLAVIYO_EVENT, DELIVERY_CREATE, STR("b"), STR("p"), STR("1"), { { 0 } } },
		{ KLAVIYO_PROFILE, DELIVERY_UPDATE, STR("a"), STR(""), STR("2"), { { 0 } } },
		{ KLAVIYO_EVENT, DELIVERY_CREATE, STR("a"), STR("p"), STR("3"), { { 0 } } },
		{ KLAVIYO_EVENT, DELIVERY_CREATE, STR("b"), STR("p"), STR("4"), { { 0 } } },
	};
	struct support support;
	struct delivery_new *delivery;
	struct str text = { 0 };
	size_t n;

	(void)state;
	support_open(&support, ENTITY_ORDER, "1");
	support_sent(&support, KLAVIYO_ITEM, "a", hash_of("2"), false);
	activity_plan(&support.root, resource, ARRAY_LEN(resource), &support.arena, &delivery, &n);
	for (size_t i = 0; i < n; i++) {
		text = arena_printf(&support.arena, "%.*s%.*s", STR_ARG(text), STR_ARG(delivery[i].body));
		assert_true(digest16_eq(delivery[i].hash, digest16_of(&delivery[i].body, 1)));
	}
	support_equal(text, "123", "order");
	support_close(&support);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(each_kind_for_every_state),
		cmocka_unit_test(order_is_kept_and_an_id_is_told_once),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
