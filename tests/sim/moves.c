/*
 * Customers who change their address, and what has to have come of it.
 *
 * Keeps:   an address is told before anything happens under it. Of an address that was first known by an
 *          order nobody could say that its customer moved.
 */
#include "sim/moves.h"

#include "base/alloc.h"
#include "sim/history.h"
#include "sim/klaviyo.h"
#include "sim/sim.h"

#include <stdio.h>
#include <string.h>

#define MESSAGE_BYTES_MAX ((size_t)1 << 20)
#define AGAIN_MAX_MS	  5000

struct move {
	struct shop *shop;
	int number;
};

static int64_t draw(int64_t low, int64_t high)
{
	return sim_draw(OPTION_moves, low, high);
}

bool moves_happen(void)
{
	return sim_option(OPTION_moves) > 0 && sim_option(OPTION_erased) == 0;
}

/* ---- moving ---- */

static struct former address_of(const struct person *person)
{
	struct former one = { .consent_ms = person->consent_ms,
			      .yes_ms = person->yes_ms,
			      .subscribed = person->subscribed };

	memcpy(one.email, person->email, sizeof(one.email));
	return one;
}

static struct former new_address(const struct move *move)
{
	struct former one = { .subscribed = false };

	(void)snprintf(one.email, sizeof(one.email), "person%d.of.shop%d.now%d@canary.example", move->number,
		       move->shop->number, move->shop->person[move->number].n_former + 1);
	return one;
}

/*
 * A new one, or back and forth between two. Not back to one of three: of the moves to one address the store
 * knows the last (store.h), and what waited since before the first of them would not find its way.
 */
static void change_address(const struct move *move)
{
	struct person *person = &move->shop->person[move->number];
	bool back = person->n_former == 1 && draw(0, 1);
	int at = back ? 0 : person->n_former++;
	struct former to = back ? person->former[at] : new_address(move);

	memcpy(person->before, person->email, sizeof(person->before));
	person->former[at] = address_of(person);
	memcpy(person->email, to.email, sizeof(person->email));
	person->consent_ms = to.consent_ms;
	person->yes_ms = to.yes_ms;
	person->subscribed = to.subscribed;
	sim.n_hit[OPTION_moves]++;
	sim_trace("shop %d: %s is %s now", move->shop->number, person->before, person->email);
}

/* Until it is taken in they do nothing else. */
static void tell(const struct move *move)
{
	struct shop *one = move->shop;
	struct person *person = &one->person[move->number];
	struct strbuf body;

	shop_take_time(one);
	person->version = one->n_change;
	person->told_ms = one->newest_ms;
	person->established = person->leaving = true;
	strbuf_init(&body, MESSAGE_BYTES_MAX);
	shop_write_person(one, move->number, &body);
	shop_post_certain(one, move->number, &body);
}

static void go_on(void *arg)
{
	struct move *move = arg;
	struct person *person = &move->shop->person[move->number];

	if (sim.healed || person->n_former == ADDRESSES_MAX - 1 ||
	    (!person->leaving && person->established)) {
		if (!sim.healed && person->n_former < ADDRESSES_MAX - 1) {
			change_address(move);
			tell(move);
		}
		mem_free(move);
		return;
	}
	if (!person->leaving)
		tell(move);
	sim_at(sim.now_ms + draw(1, AGAIN_MAX_MS), go_on, move);
}

static void begin(void *arg)
{
	struct move *move = mem_alloc(sizeof(*move));

	(void)arg;
	*move = (struct move){ .shop = &shop[draw(0, sim_option(OPTION_shops) - 1)],
			       .number = (int)draw(0, sim_option(OPTION_people) - 1) };
	go_on(move);
}

void moves_begin(int64_t until_ms)
{
	for (int64_t i = 0; moves_happen() && i < sim_option(OPTION_moves); i++)
		sim_at(draw(1000, until_ms), begin, NULL);
}

/* ---- who is who ---- */

const char *moves_known_email(const struct person *person)
{
	return person->leaving && person->before[0] != '\0' ? person->before : person->email;
}

bool moves_yes_ms(const struct person *person, const char *email, int64_t *yes_ms)
{
	*yes_ms = person->yes_ms;
	if (strcmp(person->email, email) == 0)
		return true;
	for (int i = 0; i < person->n_former; i++) {
		*yes_ms = person->former[i].yes_ms;
		if (strcmp(person->former[i].email, email) == 0)
			return true;
	}
	return false;
}

int64_t moves_left_ms(const struct person *person)
{
	int64_t left_ms = 0;

	for (int i = 0; i < person->n_former; i++)
		if (!person->former[i].subscribed && person->former[i].consent_ms > left_ms)
			left_ms = person->former[i].consent_ms;
	return left_ms;
}

/* ---- the end ---- */

void moves_check_order(int number, const char *email, const char *order_id)
{
	int n = moves_happen() ? klaviyo_event_count_elsewhere(shop[number].account, email, order_id) : 0;

	if (n > 0)
		sim_fail("moves", "%d events of order %s are not of %s", n, order_id, email);
}

void moves_check_person(int number, int person, bool is_subscribed)
{
	const struct person *one = &shop[number].person[person];

	for (int i = 0; i < one->n_former; i++)
		if (klaviyo_first_name(shop[number].account, one->former[i].email))
			sim_fail("moves", "%s, who is %s now, is still there", one->former[i].email,
				 one->email);
	/* A file may have said yes for them, long ago. */
	if (one->n_former > 0 && one->consent_ms == 0 && is_subscribed && !history_is_read())
		sim_fail("moves", "%s never agreed and is subscribed", one->email);
	if (moves_happen())
		history_check_persons(number, person);
}
