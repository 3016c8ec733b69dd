/*
 * Erasing people, and what has to be left of them: nothing but digests.
 *
 * Keeps:   of whom messages came after the erasure, or who is back, the disk tells again, and has to.
 */
#define _GNU_SOURCE /* memmem */
#include "sim/erasure.h"

#include "admin/person_find.h"
#include "sim/disk.h"
#include "sim/history.h"
#include "sim/klaviyo.h"
#include "sim/node.h"
#include "sim/shop.h"
#include "sim/sim.h"
#include "store/store_person.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WORD_BYTES 40
#define FIND_ROWS  1000
#define HELD_MAX   (2 * ORDERS_MAX)

/* The newest messages of each: by their ids. */
static int64_t erased_by[SHOPS_MAX * PEOPLE_MAX];
static int64_t history_of[SHOPS_MAX * PEOPLE_MAX];

void erasure_open(void)
{
	memset(erased_by, 0, sizeof(erased_by));
	memset(history_of, 0, sizeof(history_of));
}

/* ---- erasing ---- */

static void note(int64_t *newest, int64_t id)
{
	if (*newest < id)
		*newest = id;
}

/* In all stores that know the person, and in the own one in any case. */
static bool erase_in_all(struct look *look, int number, int person, struct err *err)
{
	struct str email = str_from(shop[number].person[person].email);
	struct inbox_receipt receipt[SHOPS_MAX];
	int64_t store_id[SHOPS_MAX];
	size_t n = 0;

	for (int i = 0; i < sim_option(OPTION_shops); i++) {
		bool known;

		if (!person_known(look, node_store_id(i), email, &known, err))
			return false;
		if (known || i == number)
			store_id[n++] = node_store_id(i);
	}
	if (!person_erase(look, email, store_id, n, receipt, err))
		return false;
	for (size_t i = 0; i < n; i++)
		note(&erased_by[number * PEOPLE_MAX + person], receipt[i].id);
	return true;
}

bool erasure_ask(struct db *db, int number, int person, struct err *err)
{
	int64_t at_ms = clock_wall_ms(&sim.clock);
	struct arena arena;
	struct look look = { .db = db, .clock = &sim.clock, .arena = &arena };
	bool ok;

	/* Whoever erases in another year erases what is still to come. */
	if (sim.wall_step_ms != 0 || shop[number].newest_ms > at_ms || shop[number].person[person].leaving)
		return err_set(err, ERR_BUSY, "not now");
	arena_init(&arena);
	ok = erase_in_all(&look, number, person, err);
	arena_release(&arena);
	if (ok)
		shop_erase(&shop[number], person, at_ms);
	return ok;
}

/* ---- whose ---- */

/* What follows the text, to be read by sscanf. */
static bool text_behind(struct str body, const char *text, char out[static WORD_BYTES])
{
	const char *at = body.len > 0 ? memmem(body.p, body.len, text, strlen(text)) : NULL;

	if (!at)
		return false;
	at += strlen(text);
	(void)snprintf(out, WORD_BYTES, "%.*s", (int)(body.len - (size_t)(at - body.p)), at);
	return true;
}

int erasure_person(struct str body)
{
	char text[WORD_BYTES];
	int number, which;

	if (text_behind(body, "\"email\":\"person", text) &&
	    sscanf(text, "%d.of.shop%d", &which, &number) == 2)
		return number * PEOPLE_MAX + which;
	if (text_behind(body, "\"order_id\":\"s", text) && sscanf(text, "%d-o%d", &number, &which) == 2)
		return number * PEOPLE_MAX + shop[number].order[which].person;
	return -1;
}

void erasure_saw(const struct inbox_record *record, int64_t id)
{
	int person = erasure_person(record->body);

	if (person < 0)
		return;
	if (str_eq(record->topic, STR("person.erased")))
		note(&erased_by[person], id);
	else if (record->priority == PRIORITY_BACKFILL)
		note(&history_of[person], id);
}

bool erasure_was(int person)
{
	return person >= 0 && shop[person / PEOPLE_MAX].person[person % PEOPLE_MAX].erased_ms > 0;
}

/* ---- what is held back ---- */

/* "s0-o3", or of a file "s0-h3" */
static bool is_erased_order(struct entity root)
{
	char id[WORD_BYTES], kind;
	int number, order;

	(void)snprintf(id, sizeof(id), "%.*s", STR_ARG(root.id));
	if (root.kind != ENTITY_ORDER || sscanf(id, "s%d-%c%d", &number, &kind, &order) != 3)
		return false;
	return kind == 'h' ? history_is_erased(order) : shop_order_is_erased(&shop[number], order);
}

bool erasure_explains_held(struct db *db, int64_t store_id)
{
	struct held_row *row = NULL;
	struct arena arena;
	struct err err;
	size_t n = 0;
	bool all;

	if (sim_option(OPTION_erased) == 0)
		return false;
	arena_init(&arena);
	sim.looking = true;
	all = db_held_list(db, store_id, HELD_MAX, &arena, &row, &n, &err);
	sim.looking = false;
	for (size_t i = 0; all && i < n; i++)
		all = is_erased_order(row[i].root);
	arena_release(&arena);
	return all;
}

/* ---- the end ---- */

static bool is_back(int number, int person)
{
	const struct shop *of = &shop[number];
	const struct person *one = &of->person[person];

	for (int i = 0; i < of->n_order; i++)
		if (of->order[i].person == person && of->order[i].placed_ms > one->erased_ms)
			return true;
	return one->version > 0 || one->consent_ms > 0 || history_has(number, person, one->erased_ms);
}

struct remains {
	size_t n_old;	/* messages up to the one that erased */
	size_t n_new;	/* messages behind it */
	size_t n_other; /* what came of any */
};

static void count_page(const struct person_page *page, int64_t erased_by_id, struct remains *found)
{
	found->n_other += page->n_delivery + page->n_audit;
	for (size_t i = 0; i < page->n_message; i++)
		*(page->message[i] > erased_by_id ? &found->n_new : &found->n_old) += 1;
}

static bool find(struct db *db, int64_t store_id, const char *email, int64_t erased_by_id,
		 struct remains *found)
{
	struct person_search search = { .store_id = store_id, .person_id = str_from(email) };
	struct person_page page;
	struct arena arena;
	struct err err;
	bool ok = true;

	arena_init(&arena);
	while (ok && search.source != PERSON_SOURCE_COUNT) {
		ok = db_person_find(db, &search, FIND_ROWS, &arena, &page, &err);
		if (ok)
			count_page(&page, erased_by_id, found);
	}
	arena_release(&arena);
	if (!ok)
		sim_fail("erasing", "what is kept of %s cannot be found: %s", email, err.msg);
	return ok;
}

/* Another shop of the account is told by Klaviyo, too, when somebody leaves. */
static bool find_in_all(struct db *db, int number, int person, struct remains *found)
{
	int64_t by_id = erased_by[number * PEOPLE_MAX + person];

	*found = (struct remains){ 0 };
	for (int i = 0; i < sim_option(OPTION_shops); i++)
		if (!find(db, node_store_id(i), shop[number].person[person].email, i == number ? by_id : 0,
			  found))
			return false;
	return true;
}

static void check_disk(int number, int person)
{
	const char *email = shop[number].person[person].email;
	char text[2][40];
	const char *never[] = { email, text[0], text[1] };

	(void)snprintf(text[0], sizeof(text[0]), SHOP_LAST_NAME, number, person);
	(void)snprintf(text[1], sizeof(text[1]), SHOP_PHONE, number, person);
	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		if (disk_holds(never[i]))
			sim_fail("erasing", "'%s' of %s, who was erased, is still in %s", never[i], email,
				 disk_holds(never[i]));
}

static void check_audit(struct db *db, int number, const char *email)
{
	struct audit_filter filter = { .by_code = true,
				       .code = AUDIT_PERSON_ERASED,
				       .store_id = node_store_id(number),
				       .max_n = FIND_ROWS };
	struct audit_row *row = NULL;
	struct arena arena;
	struct err err;
	size_t n = 0;
	bool told = false;

	arena_init(&arena);
	if (db_audit_list(db, &filter, &arena, &row, &n, &err))
		for (size_t i = 0; i < n; i++)
			told |= str_eq(row[i].root.id, person_alias(str_from(email), &arena));
	arena_release(&arena);
	if (!told)
		sim_fail("erasing", "%s was erased, and the audit does not say so", email);
}

static void check_person(struct db *db, int number, int person)
{
	const struct person *one = &shop[number].person[person];
	int account = shop[number].account, who = number * PEOPLE_MAX + person;
	struct remains found;

	check_audit(db, number, one->email);
	if (klaviyo_deleted_ms(account, one->email) == 0)
		sim_fail("erasing", "Klaviyo was never asked to delete %s", one->email);
	if (is_back(number, person) || !find_in_all(db, number, person, &found))
		return;
	if (klaviyo_first_name(account, one->email))
		sim_fail("erasing", "%s is in Klaviyo again", one->email);
	if (found.n_old > 0)
		sim_fail("erasing", "%zu messages of before still tell of %s", found.n_old, one->email);
	/* What came later and was stopped is kept as all messages are; history, without its body. */
	if (found.n_new > 0 || history_of[who] > erased_by[who])
		return;
	if (found.n_other > 0)
		sim_fail("erasing", "%zu rows still tell of %s", found.n_other, one->email);
	check_disk(number, person);
}

void erasure_check(struct db *db)
{
	sim.looking = true;
	for (int i = 0; sim_option(OPTION_erased) > 0 && i < sim_option(OPTION_shops); i++)
		for (int p = 0; p < PEOPLE_MAX && !sim_failed(); p++)
			if (shop[i].person[p].erased_ms > 0)
				check_person(db, i, p);
	sim.looking = false;
}
