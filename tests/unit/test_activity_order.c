/*
 * Orders: proves which events come of which facts, under which unique_id and with which amount, and that the
 * order and number of the facts does not matter.
 */
#include "unit/test_activity_support.h"

#define BASE \
	"{'number':'N7','currency':'EUR','total':'30.00','placed_at':'2026-07-30T09:00:00Z'," \
	"'customer':{'email':'Ann@Shop.Example'}," \
	"'lines':[{'line_id':'a','name':'A','quantity':2,'unit_price':'10.00'}," \
	"{'line_id':'b','name':'B','quantity':1,'unit_price':'10.00'}]}"
#define PLACED	   "Placed Order 1000; Ordered Product 1000:a; Ordered Product 1000:b"
#define AT(minute) "'at':'2026-07-30T09:" minute ":00Z'"

struct part {
	const char *part, *body;
};

/* ---- which events ---- */

static const struct {
	const char *what;
	struct part part[6];
	const char *want, *held;
} state_row[] = {
	{ "base alone is no order yet", { { "base", BASE } }, "", "" },
	{ "a state without a base", { { "placed", "{" AT("00") "}" } }, "", "order is not known yet" },
	{ "placed", { { "base", BASE }, { "placed", "{" AT("00") "}" } }, PLACED, "" },
	{ "paid", { { "base", BASE }, { "paid", "{" AT("05") "}" } }, PLACED "; Paid Order 1000", "" },
	{ "fulfilled",
	  { { "base", BASE }, { "fulfilled", "{" AT("05") "}" } },
	  PLACED "; Fulfilled Order 1000",
	  "" },
	{ "cancelled implies placed",
	  { { "base", BASE }, { "cancelled", "{" AT("05") ",'reason':'no stock'}" } },
	  PLACED "; Cancelled Order 1000",
	  "" },
	{ "refunded at once: all of the total",
	  { { "base", BASE }, { "refunded", "{" AT("05") "}" } },
	  PLACED "; Refunded Order 1000 30.00",
	  "" },
	{ "refunded with its amount",
	  { { "base", BASE }, { "refunded", "{" AT("05") ",'amount':'28.50'}" } },
	  PLACED "; Refunded Order 1000 28.50",
	  "" },
	{ "two refunds: the earlier has the order's id",
	  { { "base", BASE },
	    { "refund.r2", "{" AT("07") ",'amount':'5.00'}" },
	    { "refund.r1", "{" AT("08") ",'amount':'6.00'}" } },
	  PLACED "; Refunded Order 1000 5.00; Refunded Order 1000:refund:r1 6.00",
	  "" },
	{ "in full after a part: the rest",
	  { { "base", BASE },
	    { "refund.r1", "{" AT("07") ",'amount':'5.00'}" },
	    { "refunded", "{" AT("09") "}" } },
	  PLACED "; Refunded Order 1000 5.00; Refunded Order 1000:refund 25.00",
	  "" },
	{ "in full after parts that are all of it",
	  { { "base", BASE },
	    { "refund.r1", "{" AT("07") ",'amount':'30.00'}" },
	    { "refunded", "{" AT("07") "}" } },
	  PLACED "; Refunded Order 1000 30.00",
	  "" },
	{ "payments in parts",
	  { { "base", BASE },
	    { "payment.p1", "{" AT("01") ",'amount':'10'}" },
	    { "payment.p2", "{" AT("02") ",'amount':'20'}" },
	    { "paid", "{" AT("02") "}" } },
	  PLACED "; Partially Paid Order 1000:payment:p1 10.00"
		 "; Partially Paid Order 1000:payment:p2 20.00; Paid Order 1000",
	  "" },
	{ "one payment of all is no part",
	  { { "base", BASE },
	    { "payment.p1", "{" AT("01") ",'amount':'30.00'}" },
	    { "paid", "{" AT("01") "}" } },
	  PLACED "; Paid Order 1000",
	  "" },
	{ "a shipment of some lines",
	  { { "base", BASE }, { "shipment.s1", "{" AT("03") ",'lines':[{'line_id':'a','quantity':1}]}" } },
	  PLACED "; Partially Fulfilled Order 1000:ship:s1; Shipped Order 1000:ship:s1",
	  "" },
	{ "a shipment of all lines",
	  { { "base", BASE },
	    { "shipment.s1",
	      "{" AT("03") ",'lines':[{'line_id':'a','quantity':2},{'line_id':'b','quantity':1}]}" } },
	  PLACED "; Shipped Order 1000:ship:s1",
	  "" },
	{ "a shipment that names no lines",
	  { { "base", BASE }, { "shipment.s1", "{" AT("03") "}" }, { "fulfilled", "{" AT("03") "}" } },
	  PLACED "; Shipped Order 1000:ship:s1; Fulfilled Order 1000",
	  "" },
	{ "no e-mail and no phone",
	  { { "base", "{'total':'1','customer':{'email':'nobody','phone':'?'}}" },
	    { "placed", "{" AT("00") "}" } },
	  "",
	  "no e-mail address and no phone number" },
	{ "a phone number will do",
	  { { "base", "{'customer':{'phone':'+49 151 1234567'}}" }, { "placed", "{" AT("00") "}" } },
	  "Placed Order 1000",
	  "" },
	{ "a test order",
	  { { "base", "{'test':true,'customer':{'email':'a@b.example'}}" }, { "placed", "{" AT("00") "}" } },
	  "",
	  "test order" },
	{ "a step that does not say when is none",
	  { { "base", BASE }, { "placed", "{" AT("00") "}" }, { "paid", "{}" } },
	  PLACED,
	  "" },
	{ "a body that is no object",
	  { { "base", BASE }, { "placed", "{" AT("00") "}" }, { "paid", "[1]" } },
	  PLACED,
	  "" },
};

static void events_of_each_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(state_row); i++) {
		struct support support;

		support_open(&support, ENTITY_ORDER, "1000");
		for (const struct part *part = state_row[i].part; part->part; part++)
			support_fact(&support, part->part, part->body);
		support_merge(&support);
		support_equal(support_events(&support), state_row[i].want, state_row[i].what);
		support_equal(support.view.held, state_row[i].held, state_row[i].what);
		support_close(&support);
	}
}

/* ---- the order of facts ---- */

static void open_full(struct support *support)
{
	support_open(support, ENTITY_ORDER, "1000");
	support->rules.metric_on[METRIC_PARTIALLY_REFUNDED_ORDER] = true;
	support_fact(support, "base", BASE);
	support_fact(support, "paid", "{" AT("01") "}");
	support_fact(support, "shipment.s1", "{" AT("03") ",'lines':[{'line_id':'a','quantity':1}]}");
	support_fact(support, "refund.r1", "{" AT("07") ",'amount':'5.00','reason':'late'}");
	support_fact(support, "refund.r2", "{" AT("07") ",'amount':'x'}");
	support_fact(support, "refunded", "{" AT("09") "}");
}

/* The k-th permutation of n places. */
static void permutation(size_t k, size_t n, size_t *place)
{
	for (size_t i = 0; i < n; i++)
		place[i] = i;
	for (size_t i = n; i > 1; i--) {
		size_t at = k % i, was = place[at];

		k /= i;
		place[at] = place[i - 1];
		place[i - 1] = was;
	}
}

static void order_and_number_of_facts_do_not_matter(void **state)
{
	struct support first;
	struct str want;

	(void)state;
	open_full(&first);
	support_merge(&first);
	want = support_view(&first);
	support_equal(support_events(&first),
		      PLACED "; Paid Order 1000; Partially Fulfilled Order 1000:ship:s1"
			     "; Shipped Order 1000:ship:s1; Refunded Order 1000 5.00"
			     "; Partially Refunded Order 1000:refund:r1"
			     "; Refunded Order 1000:refund:r2; Partially Refunded Order 1000:refund:r2"
			     "; Refunded Order 1000:refund 25.00",
		      "all facts");
	for (size_t k = 0; k < 2 * 720; k++) {
		struct support support;
		size_t place[6];

		open_full(&support);
		permutation(k / 2, ARRAY_LEN(place), place);
		support_shuffle(&support, place, ARRAY_LEN(place), k % 2 == 1);
		support_merge(&support);
		if (!str_eq(support_view(&support), want))
			fail_msg("permutation %zu\n   got: %.*s\n  want: %.*s", k,
				 STR_ARG(support_view(&support)), STR_ARG(want));
		support_close(&support);
	}
	support_close(&first);
}

/* ---- refunds and what was told of them ---- */

static void open_refunds(struct support *support)
{
	support_open(support, ENTITY_ORDER, "1000");
	support_fact(support, "base", BASE);
	support_fact(support, "refund.r2", "{" AT("08") ",'amount':'6.00'}");
}

static struct digest16 key_of(const struct support *support, enum metric metric, const char *unique_id)
{
	for (size_t i = 0; i < support->view.n_event; i++)
		if (support->view.event[i].metric == metric &&
		    str_eq(support->view.event[i].unique_id, str_from(unique_id)))
			return support->view.event_key[i];
	fail_msg("no event %s", unique_id);
	return (struct digest16){ { 0 } };
}

static void the_refund_that_was_told_stays_the_first(void **state)
{
	struct support support;

	(void)state;
	open_refunds(&support);
	support_merge(&support);
	support_equal(support_events(&support), PLACED "; Refunded Order 1000 6.00", "one refund");
	support_sent(&support, KLAVIYO_EVENT, "Refunded Order|1000",
		     key_of(&support, METRIC_REFUNDED_ORDER, "1000"), false);
	support_fact(&support, "refund.r1", "{" AT("07") ",'amount':'5.00'}");
	support_merge(&support);
	support_equal(support_events(&support),
		      PLACED "; Refunded Order 1000:refund:r1 5.00; Refunded Order 1000 6.00",
		      "an earlier one turns up");
	support_fact(&support, "refunded", "{" AT("09") "}");
	support_merge(&support);
	support_equal(support_events(&support),
		      PLACED "; Refunded Order 1000:refund:r1 5.00; Refunded Order 1000 6.00"
			     "; Refunded Order 1000:refund 19.00",
		      "and all of it");
	support_close(&support);
}

static void a_part_that_turns_up_after_all_was_refunded_is_left_out(void **state)
{
	struct support support;

	(void)state;
	support_open(&support, ENTITY_ORDER, "1000");
	support_fact(&support, "base", BASE);
	support_fact(&support, "refunded", "{" AT("09") "}");
	support_merge(&support);
	support_sent(&support, KLAVIYO_EVENT, "Refunded Order|1000",
		     key_of(&support, METRIC_REFUNDED_ORDER, "1000"), false);
	support_fact(&support, "refund.r1", "{" AT("07") ",'amount':'30.00'}");
	support_merge(&support);
	assert_int_equal(support.view.n_event, 4);
	support_equal(support.view.event[3].unique_id, "1000", "the one that was told");
	assert_true(support_contains(support.view.note, "all was refunded before"));
	support_close(&support);
}

static void an_unknown_first_refund_keeps_its_id(void **state)
{
	struct support support;
	struct str other = STR("of another time");

	(void)state;
	open_refunds(&support);
	support_sent(&support, KLAVIYO_EVENT, "Refunded Order|1000", digest16_of(&other, 1), false);
	support_merge(&support);
	support_equal(support_events(&support), PLACED "; Refunded Order 1000:refund:r2 6.00", "own id");
	support.sent[0].wanted = (struct digest16){ { 0 } };
	support_merge(&support);
	support_equal(support_events(&support), PLACED "; Refunded Order 1000 6.00", "never accepted");
	support_close(&support);
}

/* ---- ids, switches, history ---- */

static void ids_follow_the_rules(void **state)
{
	struct support support;
	char id[401];

	(void)state;
	open_refunds(&support);
	support.rules.id_prefix = STR("eu-");
	support.rules.order_number_identifies = true;
	support.rules.metric_on[METRIC_REFUNDED_ORDER] = false;
	support_merge(&support);
	support_equal(support_events(&support),
		      "Placed Order eu-N7; Ordered Product eu-N7:a; Ordered Product eu-N7:b", "number");
	support_equal(support.view.event[0].order->order_id, "N7", "order id");
	support_close(&support);

	memset(id, 'x', sizeof(id));
	id[sizeof(id) - 1] = '\0';
	support_open(&support, ENTITY_ORDER, id);
	support_fact(&support, "base", BASE);
	support_fact(&support, "placed", "{" AT("00") "}");
	support_merge(&support);
	assert_int_equal(support.view.n_event, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(support.view.event[i].unique_id.len <= 255);
	assert_false(str_eq(support.view.event[1].unique_id, support.view.event[2].unique_id));
	support_close(&support);
}

static void history_tells_nothing_of_a_person_but_who_it_is(void **state)
{
	struct support support;

	(void)state;
	support_open(&support, ENTITY_ORDER, "1");
	support_fact(
		&support, "base",
		"{'historical':true,'customer':{'email':'a@b.example','first_name':'Ann','customer_id':'c'},"
		"'billing':{'city':'Bonn'}}");
	support_fact(&support, "placed", "{" AT("00") "}");
	support_merge(&support);
	assert_true(support.view.event[0].history);
	support_equal(support_profile(&support, &support.view.event[0].profile),
		      "<a@b.example|||| ||||[|||||||||||]>", "identifiers");
	support_equal(support.view.event[0].order->billing.city, "Bonn", "address of the order");
	support_close(&support);
}

static void a_line_without_an_id_of_its_own_gets_one(void **state)
{
	struct support support;

	(void)state;
	support_open(&support, ENTITY_ORDER, "1");
	support_fact(&support, "base",
		     "{'customer':{'email':'a@b.example'},'lines':[{'sku':'S'},{'line_id':'x'},{'line_id':'x'"
		     "},{},7]}");
	support_fact(&support, "placed", "{" AT("00") "}");
	support_merge(&support);
	support_equal(support_events(&support),
		      "Placed Order 1; Ordered Product 1:S; Ordered Product 1:x; Ordered Product 1:x#2"
		      "; Ordered Product 1:#2",
		      "lines");
	assert_true(support_contains(support.view.note, "a line has no id"));
	assert_true(support_contains(support.view.note, "two lines have one id"));
	support_close(&support);
}

static void mercy_is_for_fields_not_for_orders(void **state)
{
	struct support support;
	const struct activity_order *order;

	(void)state;
	support_open(&support, ENTITY_ORDER, "1");
	support_fact(&support, "base",
		     "{'currency':'eur','total':'1,50','subtotal':'1.50','tax_total':'0.239',"
		     "'customer':{'email':'a@b.example','phone':'call me'},"
		     "'billing':{'country_code':'de','phone':'0151 1234567'},"
		     "'shipping':{'phone':'0151/7654321'}}");
	support_fact(&support, "placed", "{'at':'yesterday'}");
	support_fact(&support, "paid", "{" AT("05") "}");
	support_merge(&support);
	support_equal(support_events(&support), "Placed Order 1; Paid Order 1", "told all the same");
	order = support.view.event[0].order;
	assert_false(order->total.known);
	support_equal(support_amount(&support, order->subtotal), "1.50", "subtotal");
	support_equal(support_amount(&support, order->tax), "0.24", "tax");
	support_equal(order->currency, "EUR", "currency");
	support_equal(order->billing.phone, "+491511234567", "by the country of the address");
	support_equal(order->shipping_address.phone, "+491517654321", "by the country of the order");
	support_equal(support.view.event[0].profile.phone, "", "no phone number");
	support_equal(support.view.note,
		      "amount \"total\" could not be read; phone number could not be read; "
		      "time \"at\" could not be read",
		      "note");
	support_close(&support);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(events_of_each_state),
		cmocka_unit_test(order_and_number_of_facts_do_not_matter),
		cmocka_unit_test(the_refund_that_was_told_stays_the_first),
		cmocka_unit_test(a_part_that_turns_up_after_all_was_refunded_is_left_out),
		cmocka_unit_test(an_unknown_first_refund_keeps_its_id),
		cmocka_unit_test(ids_follow_the_rules),
		cmocka_unit_test(history_tells_nothing_of_a_person_but_who_it_is),
		cmocka_unit_test(a_line_without_an_id_of_its_own_gets_one),
		cmocka_unit_test(mercy_is_for_fields_not_for_orders),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
