/*
 * What shops have and do.
 */
#include "sim/shop.h"

#include "base/alloc.h"
#include "sim/moves.h"
#include "sim/node.h"
#include "sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_BYTES_MAX ((size_t)1 << 20)
#define BATCH_MAX	  4

struct shop shop[SHOPS_MAX];

static int64_t draw(int64_t low, int64_t high)
{
	return sim_draw(OPTION_shops, low, high);
}

void shops_open(void)
{
	memset(shop, 0, sizeof(shop));
	shop_post_reset();
	shop_page_reset();
	for (int i = 0; i < sim_option(OPTION_shops); i++) {
		struct shop *one = &shop[i];

		one->number = i;
		one->account = node_account_of_shop(i);
		for (int p = 0; p < PEOPLE_MAX; p++)
			(void)snprintf(one->person[p].email, sizeof(one->person[p].email),
				       "person%d.of.shop%d@canary.example", p, i);
	}
}

void shops_close(void)
{
}

bool shops_are_done(void)
{
	for (int i = 0; i < sim_option(OPTION_shops); i++)
		if (shop[i].n_under_way > 0)
			return false;
	return true;
}

/* ---- changes ---- */

void shop_take_time(struct shop *one)
{
	int64_t now_ms = sim_wall_ms();

	one->newest_ms = one->newest_ms < now_ms ? now_ms : one->newest_ms + 1;
	one->n_change++;
}

static void change_product(struct shop *one, int number, struct strbuf *out)
{
	struct product *product = &one->product[number];

	product->exists = product->told = true;
	product->before = product->version;
	product->version = one->n_change;
	product->poison = sim_fault(OPTION_poison);
	for (int i = 0; i < CATEGORIES; i++)
		product->in_category[i] = draw(0, 2) == 0;
	for (int i = 0; i < VARIANTS_MAX; i++)
		product->variant[i] = (struct variant){
			.exists = i == 0 || draw(0, 1),
			.cents = draw(100, 9999),
			.stock = draw(0, 99),
		};
	shop_write_product(one, number, out);
}

static int any_variant(const struct product *product)
{
	int variant = (int)draw(0, VARIANTS_MAX - 1);

	return product->variant[variant].exists ? variant : 0;
}

static void change_detail(struct shop *one, int number, struct strbuf *out)
{
	struct product *product = &one->product[number];
	int variant = any_variant(product);

	if (draw(0, 1)) {
		product->variant[variant].cents = draw(100, 9999);
		shop_write_price(one, number, variant, out);
	} else {
		product->variant[variant].stock = draw(0, 99);
		shop_write_stock(one, number, variant, out);
	}
}

static void act_on_product(struct shop *one, struct strbuf *out)
{
	int number = (int)draw(0, sim_option(OPTION_products) - 1);
	struct product *product = &one->product[number];
	int64_t what = draw(0, 99);

	if (!product->exists || what < 35) {
		change_product(one, number, out);
	} else if (what < 90) {
		change_detail(one, number, out);
	} else {
		product->exists = false;
		shop_write_deleted(one, number, out);
	}
}

static void place_order(struct shop *one, struct strbuf *out)
{
	struct order *order = &one->order[one->n_order];
	int person = (int)draw(0, sim_option(OPTION_people) - 1);

	if (one->person[person].leaving)
		return;
	*order = (struct order){
		.person = person,
		.placed_ms = one->newest_ms,
	};
	memcpy(order->email, one->person[person].email, sizeof(order->email));
	shop_write_order(one, one->n_order++, ORDER_PLACED, out);
}

bool shop_order_is_erased(const struct shop *one, int order)
{
	const struct order *of = &one->order[order];

	return of->placed_ms <= one->person[of->person].erased_ms;
}

bool shop_order_is_kept(const struct shop *one, int order)
{
	return !shop_order_is_erased(one, order) || !one->person[one->order[order].person].forgotten;
}

static void act_on_order(struct shop *one, struct strbuf *out)
{
	int number = one->n_order > 0 ? (int)draw(0, one->n_order - 1) : -1;

	if (one->n_order < ORDERS_MAX &&
	    (number < 0 || draw(0, 1) || one->order[number].state != ORDER_PLACED)) {
		place_order(one, out);
		return;
	}
	if (one->order[number].state != ORDER_PLACED || shop_order_is_erased(one, number))
		return;
	one->order[number].state = draw(0, 2) ? ORDER_FULFILLED : ORDER_CANCELLED;
	one->order[number].ended_ms = one->newest_ms;
	shop_write_order(one, number, one->order[number].state, out);
}

static void act_on_person(struct shop *one, struct strbuf *out)
{
	int number = (int)draw(0, sim_option(OPTION_people) - 1);
	struct person *person = &one->person[number];

	if (person->leaving)
		return;
	if (draw(0, 1)) {
		person->version = one->n_change;
		person->told_ms = one->newest_ms;
		shop_write_person(one, number, out);
	} else {
		person->subscribed = draw(0, 2) > 0;
		person->consent_ms = one->newest_ms;
		if (person->subscribed)
			person->yes_ms = person->consent_ms;
		shop_write_consent(one, number, out);
	}
}

static void act(struct shop *one, struct strbuf *out)
{
	int64_t what = draw(0, 99);

	shop_take_time(one);
	if (what < 60) {
		act_on_product(one, out);
	} else if (what < 65) {
		int category = (int)draw(0, CATEGORIES - 1);

		one->category_before[category] = one->category_version[category];
		one->category_version[category] = one->n_change;
		shop_write_category(one, category, out);
	} else if (what < 85) {
		act_on_order(one, out);
	} else {
		act_on_person(one, out);
	}
}

/* One message, or several in an array. */
static void say(struct shop *one)
{
	int n = sim_fault(OPTION_shop_batches) ? (int)draw(2, BATCH_MAX) : 1;
	struct strbuf body;

	strbuf_init(&body, MESSAGE_BYTES_MAX);
	if (n > 1)
		strbuf_add_char(&body, '[');
	for (int i = 0; i < n; i++) {
		size_t before = body.len;

		act(one, &body);
		if (n > 1 && body.len > before)
			strbuf_add_char(&body, ',');
	}
	if (n > 1 && body.len > 1)
		body.p[body.len - 1] = ']';
	if (body.len > 1)
		shop_post(one, &body);
	else
		strbuf_release(&body);
}

static void go_on(void *arg)
{
	struct shop *one = arg;

	if (sim.now_ms >= one->until_ms || sim.healed)
		return;
	say(one);
	sim_at(sim.now_ms + draw(1, 2 * sim_option(OPTION_action_ms)), go_on, one);
}

/* ---- all of it ---- */

static void post_all(struct shop *one, void (*write)(struct shop *one, int number, struct strbuf *out),
		     int number)
{
	struct strbuf body;

	strbuf_init(&body, MESSAGE_BYTES_MAX);
	write(one, number, &body);
	shop_post(one, &body);
}

static void write_placed(struct shop *one, int number, struct strbuf *out)
{
	shop_write_order(one, number, ORDER_PLACED, out);
}

static void write_ended(struct shop *one, int number, struct strbuf *out)
{
	shop_write_order(one, number, one->order[number].state, out);
}

/* After the first phase it may be asked, instead of telling. */
static bool is_asked(void)
{
	return sim.healed && sim_option(OPTION_pulls_heal) > 0;
}

static void tell_product(struct shop *one, int number)
{
	struct product *product = &one->product[number];

	if (!product->told)
		return;
	shop_take_time(one);
	if (!product->exists) {
		post_all(one, shop_write_deleted, number);
		return;
	}
	if (product->poison)
		product->version = one->n_change;
	product->poison = false;
	if (!is_asked())
		post_all(one, shop_write_product, number);
}

static void tell_everything(struct shop *one)
{
	one->disabled_until_ms = 0;
	for (int i = 0; i < CATEGORIES; i++) {
		shop_take_time(one);
		if (one->category_version[i] == 0)
			one->category_version[i] = one->n_change;
		if (!is_asked())
			post_all(one, shop_write_category, i);
	}
	for (int i = 0; i < PRODUCTS_MAX; i++)
		tell_product(one, i);
	for (int i = 0; i < one->n_order && !is_asked(); i++) {
		if (shop_order_is_kept(one, i))
			post_all(one, write_placed, i);
		if (one->order[i].state != ORDER_PLACED && !shop_order_is_erased(one, i))
			post_all(one, write_ended, i);
	}
	for (int i = 0; i < PEOPLE_MAX; i++) {
		/* Nothing new, but where the clock was days ahead, and it is forgotten. */
		if (one->person[i].by_shop && sim_option(OPTION_clock_step_s) == 0)
			post_all(one, shop_write_erased, i);
		if (one->person[i].version > 0 && !is_asked())
			post_all(one, shop_write_person, i);
		if (one->person[i].consent_ms > 0)
			post_all(one, shop_write_consent, i);
	}
}

void shops_tell_all(void)
{
	for (int i = 0; i < sim_option(OPTION_shops); i++)
		tell_everything(&shop[i]);
}

static void begin_with_all(void *arg)
{
	struct shop *one = arg;
	struct strbuf none;

	strbuf_init(&none, MESSAGE_BYTES_MAX);
	for (int i = 0; i < sim_option(OPTION_products); i++) {
		shop_take_time(one);
		change_product(one, i, &none);
		strbuf_reset(&none);
	}
	strbuf_release(&none);
	tell_everything(one);
}

void shops_begin(int64_t until_ms)
{
	for (int i = 0; i < sim_option(OPTION_shops); i++) {
		shop[i].until_ms = until_ms;
		if (sim_option(OPTION_full_sync)) {
			sim.n_hit[OPTION_full_sync]++;
			sim_at(sim.now_ms + 100, begin_with_all, &shop[i]);
		}
		sim_at(sim.now_ms + draw(1, 2000), go_on, &shop[i]);
	}
}

/* ---- people who are erased ---- */

#define LATE_MAX_MS 60000

/* What was said before, and leaves later. */
struct late {
	struct shop *shop;
	int number;
	struct person before;
};

static void say_late(void *arg)
{
	struct late *late = arg;
	struct shop *one = late->shop;
	struct person now = one->person[late->number];

	one->person[late->number] = late->before;
	if (!sim.closing && late->before.version > 0)
		post_all(one, shop_write_person, late->number);
	if (!sim.closing && late->before.consent_ms > 0)
		post_all(one, shop_write_consent, late->number);
	one->person[late->number] = now;
	mem_free(late);
}

static void plan_late(struct shop *one, int number)
{
	struct late *late = mem_alloc(sizeof(*late));

	*late = (struct late){ .shop = one, .number = number, .before = one->person[number] };
	sim_at(sim.now_ms + sim_draw(OPTION_erased, 1, LATE_MAX_MS), say_late, late);
}

void shop_erase(struct shop *one, int number, int64_t at_ms)
{
	struct person *person = &one->person[number];

	person->forgotten = sim_chance(OPTION_erased, 500);
	if (!person->forgotten)
		plan_late(one, number);
	if (one->newest_ms < at_ms)
		one->newest_ms = at_ms;
	person->erased_ms = at_ms;
	person->by_shop = false;
	if (person->told_ms <= at_ms)
		person->version = 0;
	if (person->consent_ms <= at_ms) {
		person->consent_ms = 0;
		person->subscribed = false;
	}
}

void shop_tell_erased(struct shop *one, int number)
{
	struct strbuf body;

	if (one->person[number].leaving)
		return;
	shop_take_time(one);
	shop_erase(one, number, one->newest_ms);
	one->person[number].by_shop = one->person[number].leaving = true;
	strbuf_init(&body, MESSAGE_BYTES_MAX);
	shop_write_erased(one, number, &body);
	shop_post_certain(one, number, &body);
}

/* ---- people ---- */

int64_t shop_yes_ms(const char *email)
{
	int64_t yes_ms;

	for (int i = 0; i < sim_option(OPTION_shops); i++)
		for (int p = 0; p < PEOPLE_MAX; p++)
			if (moves_yes_ms(&shop[i].person[p], email, &yes_ms))
				return yes_ms;
	return 0;
}

const char *shop_anybody(int account)
{
	int number = (int)sim_draw(OPTION_opt_outs, 0, sim_option(OPTION_shops) - 1);
	int person = (int)sim_draw(OPTION_opt_outs, 0, sim_option(OPTION_people) - 1);

	return shop[number].account == account ? shop[number].person[person].email : NULL;
}
