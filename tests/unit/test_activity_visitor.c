/*
 * Visitors: proves that what a browser did is kept until it is known who it was, then told once each in the
 * order of time, and that what can never be told is said to be so.
 */
#include "unit/test_activity_support.h"

#define VIEW(minute, more) \
	"{'type':'product_viewed','at':'2026-07-30T09:" minute ":00Z'," more \
	"'product':{'name':'Sandal','price':'10.00','compare_at_price':'12','currency':'EUR'}}"
#define CART \
	"'cart':{'cart_id':'c1','currency':'EUR','total':'20.00','url':'https://s/c','lines':[" \
	"{'name':'A','quantity':2,'unit_price':'10'}],'added':{'name':'A','quantity':1,'unit_price':'10'}}"

static void open_visitor(struct support *support)
{
	support_open(support, ENTITY_VISITOR, "v1");
	support_fact(support, "event.e3", "{'type':'checkout_started','at':'2026-07-30T09:03:00Z'," CART "}");
	support_fact(support, "event.e1", VIEW("01", ""));
	support_fact(support, "event.e2", "{'type':'cart_changed','at':'2026-07-30T09:02:00Z'," CART "}");
	support_fact(support, "event.e4",
		     "{'type':'category_viewed','at':'2026-07-30T09:04:00Z','category':{'id':'k','name':'"
		     "Shoes'}}");
	support_fact(support, "event.e5",
		     "{'type':'searched','at':'2026-07-30T09:05:00Z','search':{'term':'red','results':0}}");
	support_fact(support, "event.e6",
		     "{'type':'active','at':'2026-07-30T09:06:00Z','page_url':'https://s/'}");
}

#define ALL \
	"Viewed Product e1; Added to Cart c1_e2; Started Checkout c1_1785402180; Viewed Category e4; " \
	"Searched Site e5; Active on Site e6"

static const struct {
	const char *what, *identity, *want, *held;
} identity_row[] = {
	{ "nobody", NULL, "", "visitor is not known yet" },
	{ "a customer id is nobody", "{'customer_id':'7'}", "", "visitor is not known yet" },
	{ "no address", "{'email':'none'}", "", "visitor is not known yet" },
	{ "e-mail", "{'email':'Ann@Shop.Example'}", ALL, "" },
	{ "phone", "{'phone':'+491511234567'}", ALL, "" },
	{ "exchange id", "{'exchange_id':'kx'}", ALL, "" },
};

static void all_events_once_it_is_known_who_it_was(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(identity_row); i++) {
		struct support support;

		open_visitor(&support);
		if (identity_row[i].identity)
			support_fact(&support, "identity", identity_row[i].identity);
		support_merge(&support);
		support_equal(support_events(&support), identity_row[i].want, identity_row[i].what);
		support_equal(support.view.held, identity_row[i].held, identity_row[i].what);
		assert_int_equal(support.view.n_idle_part, 0);
		support_close(&support);
	}
}

static void what_events_say(void **state)
{
	struct support support;
	const struct activity_event *event;

	(void)state;
	open_visitor(&support);
	support.rules.id_prefix = STR("eu-");
	support_fact(&support, "identity", "{'email':'a@b.example','customer_id':'7','exchange_id':'kx'}");
	event = support_merge(&support)->event;
	assert_int_equal(support.view.n_event, 6);
	support_equal(support_profile(&support, &event[0].profile),
		      "<a@b.example|||kx| ||||[|||||||||||]|CustomerId=7>", "who");
	support_equal(support_line(&support, event[0].line), "{||||Sandal||1 x 10.00 = 10.00 was 12.00||||}",
		      "viewed");
	support_equal(support.view.event_part[0], "event.e1", "part");
	support_equal(support_line(&support, event[1].cart->added), "{||||A||1 x 10.00 = 10.00||||}",
		      "added");
	support_equal(support_line(&support, event[1].cart->line), "{||||A||2 x 10.00 = 20.00||||}", "line");
	support_equal(support_amount(&support, event[2].cart->total), "20.00", "total");
	support_equal(event[2].cart->checkout_url, "https://s/c", "url");
	support_equal(event[3].category_id, "eu-k", "category");
	support_equal(event[4].search_term, "red", "search");
	assert_true(event[4].has_search_results && event[4].search_results == 0);
	support_equal(event[5].page_url, "https://s/", "page");
	support_close(&support);
}

static void an_event_may_know_who_did_it(void **state)
{
	struct support support;

	(void)state;
	support_open(&support, ENTITY_VISITOR, "v1");
	support_fact(&support, "event.1", VIEW("01", ""));
	support_fact(&support, "event.2", VIEW("02", "'identity':{'email':'b@b.example'},"));
	support_merge(&support);
	support_equal(support_events(&support), "Viewed Product 2", "one of two");
	support_equal(support.view.held, "visitor is not known yet", "the other one");
	support_fact(&support, "identity", "{'email':'a@b.example'}");
	support_merge(&support);
	support_equal(support_events(&support), "Viewed Product 1; Viewed Product 2", "both");
	support_equal(support.view.event[0].profile.email, "a@b.example", "the visitor");
	support_equal(support.view.event[1].profile.email, "b@b.example", "the event's own");
	support_close(&support);
}

static const struct {
	const char *what, *body;
} idle_row[] = {
	{ "no JSON", "{" },
	{ "unknown type", "{'type':'hovered','at':'2026-07-30T09:00:00Z'}" },
	{ "no time", "{'type':'active'}" },
	{ "switched off", "{'type':'searched','at':'2026-07-30T09:00:00Z','search':{'term':'x'}}" },
	{ "no product", "{'type':'product_viewed','at':'2026-07-30T09:00:00Z'}" },
	{ "empty cart", "{'type':'cart_changed','at':'2026-07-30T09:00:00Z','cart':{'cart_id':'c'}}" },
};

static void what_can_never_be_told_may_be_forgotten(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(idle_row); i++) {
		struct support support;

		support_open(&support, ENTITY_VISITOR, "v1");
		support.rules.metric_on[METRIC_SEARCHED_SITE] = false;
		support_fact(&support, "event.1", idle_row[i].body);
		support_fact(&support, "identity", "{'email':'a@b.example'}");
		support_merge(&support);
		assert_int_equal(support.view.n_event, 0);
		if (support.view.n_idle_part != 1)
			fail_msg("%s: not idle", idle_row[i].what);
		support_equal(support.view.idle_part[0], "event.1", idle_row[i].what);
		support_equal(support.view.held, "", idle_row[i].what);
		support_close(&support);
	}
}

static void an_unknown_product_is_waited_for(void **state)
{
	struct support support;

	(void)state;
	support_open(&support, ENTITY_VISITOR, "v1");
	support.rules.product_wait_ms = 10000;
	support.root.due_first_ms = SUPPORT_NOW;
	support_fact(&support, "event.1",
		     "{'type':'product_viewed','at':'2026-07-30T09:00:00Z','product':{'product_id':'p'}}");
	support_merge(&support);
	support_equal(support.view.held, "visitor is not known yet", "nobody waits for a product");
	assert_int_equal(support.view.again_ms, 0);
	support_fact(&support, "identity", "{'email':'a@b.example'}");
	support_merge(&support);
	support_equal(support.view.held, "waits for product \"p\"", "held");
	assert_int_equal(support.view.again_ms, SUPPORT_NOW + 10000);
	support.now_ms += 10000;
	support_merge(&support);
	support_equal(support_events(&support), "Viewed Product 1", "leaves");
	support_close(&support);
}

static void the_order_of_facts_does_not_matter(void **state)
{
	struct str want = { 0 };
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < 14; i++) {
		size_t place[7];
		struct support support;

		open_visitor(&support);
		support_fact(&support, "identity", "{'email':'a@b.example'}");
		for (size_t k = 0; k < ARRAY_LEN(place); k++)
			place[k] = (k * (1 + i / 7) + i) % ARRAY_LEN(place);
		support_shuffle(&support, place, ARRAY_LEN(place), i % 2 == 1);
		support_merge(&support);
		if (i == 0)
			want = arena_dup(&arena, support_view(&support));
		assert_true(str_eq(support_view(&support), want));
		support_close(&support);
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(all_events_once_it_is_known_who_it_was),
		cmocka_unit_test(what_events_say),
		cmocka_unit_test(an_event_may_know_who_did_it),
		cmocka_unit_test(what_can_never_be_told_may_be_forgotten),
		cmocka_unit_test(an_unknown_product_is_waited_for),
		cmocka_unit_test(the_order_of_facts_does_not_matter),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
