/*
 * G3 at the end: Klaviyo holds what the shops hold, each event once, and nobody against their will.
 */
#include "sim/defaults.h"
#include "sim/history.h"
#include "sim/klaviyo.h"
#include "sim/moves.h"
#include "sim/reader.h"
#include "sim/shop.h"
#include "sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ID_BYTES    40
#define TITLE_BYTES 80

static int64_t cents_of(const struct json *number)
{
	return (int64_t)(json_number(number) * 100.0 + 0.5);
}

/* ---- catalog ---- */

static void compare_variant(const struct shop *one, int product, int number)
{
	const struct product *from = &one->product[product];
	const struct variant *want = &from->variant[number];
	const struct json *got, *attributes;
	char id[ID_BYTES];
	int64_t stock = -1, cents = defaults_told_cents(one->number, want->cents);

	(void)snprintf(id, sizeof(id), "s%d-p%d-v%d", one->number, product, number);
	got = klaviyo_thing(one->account, "variant", id);
	if (!got != !(from->exists && want->exists)) {
		sim_fail("G3", "variant %s is %s", id, got ? "still there" : "missing");
		return;
	}
	if (!got)
		return;
	attributes = json_get(got, "attributes");
	(void)json_get_int(attributes, "inventory_quantity", &stock);
	if (stock < 0)
		stock = (int64_t)json_number(json_get(attributes, "inventory_quantity"));
	if (cents_of(json_get(attributes, "price")) != cents || stock != want->stock)
		sim_fail("G3",
			 "variant %s has price %" PRId64 " and stock %" PRId64 ", should be %" PRId64
			 " and %" PRId64,
			 id, cents_of(json_get(attributes, "price")), stock, cents, want->stock);
}

static size_t count_wanted(const struct product *product)
{
	size_t n = 0;

	for (int i = 0; i < CATEGORIES; i++)
		n += product->in_category[i];
	return n;
}

static void compare_categories(const struct shop *one, int number, const struct json *got)
{
	const struct json *list = json_get(json_get(json_get(got, "relationships"), "categories"), "data");
	const struct product *want = &one->product[number];
	char id[ID_BYTES];
	size_t n = 0;

	for (size_t i = 0; i < json_len(list); i++)
		for (int c = 0; c < CATEGORIES; c++) {
			(void)snprintf(id, sizeof(id), "s%d-c%d", one->number, c);
			n += want->in_category[c] &&
			     str_ends(json_get_text(json_at(list, i), "id"), str_from(id));
		}
	if (n != json_len(list) || n != count_wanted(want))
		sim_fail("G3", "item s%d-p%d is in %zu categories, %zu of them right, should be in %zu",
			 one->number, number, json_len(list), n, count_wanted(want));
}

static void compare_product(const struct shop *one, int number)
{
	const struct product *want = &one->product[number];
	const struct json *got;
	char id[ID_BYTES], title[TITLE_BYTES];

	(void)snprintf(id, sizeof(id), "s%d-p%d", one->number, number);
	(void)snprintf(title, sizeof(title), "Thing %s v%" PRId64, id, want->version);
	got = klaviyo_thing(one->account, "item", id);
	if (!got != !want->exists)
		sim_fail("G3", "item %s is %s", id, got ? "still there" : "missing");
	else if (got && !str_eq(json_get_text(json_get(got, "attributes"), "title"), str_from(title)))
		sim_fail("G3", "item %s is called '%.*s', should be '%s'", id,
			 STR_ARG(json_get_text(json_get(got, "attributes"), "title")), title);
	else if (got)
		compare_categories(one, number, got);
	for (int i = 0; i < VARIANTS_MAX; i++)
		compare_variant(one, number, i);
}

static void compare_category(const struct shop *one, int number)
{
	char id[ID_BYTES], title[TITLE_BYTES];
	const struct json *got;

	(void)snprintf(id, sizeof(id), "s%d-c%d", one->number, number);
	(void)snprintf(title, sizeof(title), "Shelf %s v%" PRId64, id, one->category_version[number]);
	got = klaviyo_thing(one->account, "category", id);
	if (!got || !str_eq(json_get_text(json_get(got, "attributes"), "name"), str_from(title)))
		sim_fail("G3", "category %s is not '%s'", id, title);
}

/* ---- events ---- */

static void expect_events(const struct shop *one, const char *metric, int order, int want, size_t *total)
{
	char id[ID_BYTES];
	int got;

	(void)snprintf(id, sizeof(id), "s%d-o%d", one->number, order);
	got = klaviyo_event_count(one->account, metric, id);
	*total += (size_t)want;
	moves_check_order(one->number, one->person[one->order[order].person].email, id);
	if (got != want)
		sim_fail("G3", "'%s' of order %s is there %d times, should be %d", metric, id, got, want);
}

static void compare_orders(const struct shop *one, size_t *total)
{
	for (int i = 0; i < one->n_order; i++) {
		bool stays = !shop_order_is_erased(one, i);
		enum order_state state = one->order[i].state;

		expect_events(one, "Placed Order", i, stays, total);
		expect_events(one, "Ordered Product", i, stays, total);
		expect_events(one, "Fulfilled Order", i, stays && state == ORDER_FULFILLED, total);
		expect_events(one, "Cancelled Order", i, stays && state == ORDER_CANCELLED, total);
	}
}

/* ---- people ---- */

static void compare_person(const struct shop *one, int number)
{
	const struct person *want = &one->person[number];
	const char *name = klaviyo_first_name(one->account, want->email);
	char wanted_name[ID_BYTES];
	int64_t suppressed_ms = 0;
	enum klaviyo_consent consent = klaviyo_consent_of(one->account, want->email, &suppressed_ms);
	bool stays = want->subscribed && want->consent_ms > suppressed_ms &&
		     want->consent_ms > moves_left_ms(want);

	(void)snprintf(wanted_name, sizeof(wanted_name), "Ann v%" PRId64, want->version);
	if (want->version > 0 && (!name || strcmp(name, wanted_name) != 0))
		sim_fail("G3", "%s is called '%s', should be '%s'", want->email, name ? name : "",
			 wanted_name);
	if (want->version == 0 && name && name[0] != '\0')
		sim_fail("G3", "%s is called '%s', should not be", want->email, name);
	moves_check_person(one->number, number, consent == CONSENT_YES);
	/* Who left, and was then erased, is known here or there as somebody who left, or not. */
	if (want->consent_ms == 0 ||
	    (want->erased_ms > 0 && klaviyo_left_ms(one->account, want->email) >= want->consent_ms))
		return;
	if (stays && consent != CONSENT_YES)
		sim_fail("G3", "%s wants to be subscribed and is not", want->email);
	if (!stays && consent == CONSENT_YES)
		sim_fail("G3", "%s does not want to be subscribed and is", want->email);
}

/* ---- all ---- */

static void compare_catalog(const struct shop *one, size_t *items)
{
	/* Klaviyo reads it. */
	if (readers_have(one->account))
		return;
	for (int p = 0; p < PRODUCTS_MAX; p++) {
		compare_product(one, p);
		*items += one->product[p].exists;
	}
	for (int c = 0; c < CATEGORIES; c++)
		compare_category(one, c);
}

void shops_compare(void)
{
	size_t items[SHOPS_MAX] = { 0 }, events[SHOPS_MAX] = { 0 };

	for (int i = 0; i < sim_option(OPTION_shops); i++) {
		const struct shop *one = &shop[i];

		compare_catalog(one, &items[one->account]);
		for (int p = 0; p < PEOPLE_MAX; p++)
			compare_person(one, p);
		compare_orders(one, &events[one->account]);
	}
	for (int i = 0; i < sim_option(OPTION_accounts); i++) {
		events[i] += history_events(i);
		if (!readers_have(i) && klaviyo_thing_count(i, "item") != items[i])
			sim_fail("G3", "account %d has %zu items, should have %zu", i,
				 klaviyo_thing_count(i, "item"), items[i]);
		if (klaviyo_event_total(i) != events[i])
			sim_fail("G3", "account %d has %zu events, should have %zu", i,
				 klaviyo_event_total(i), events[i]);
	}
}
