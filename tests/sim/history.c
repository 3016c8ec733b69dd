/*
 * Files of history, what is done with their imports, and what has to have come of them.
 *
 * Keeps:   paths differ from run to run: none is in the history of a run.
 */
#include "sim/history.h"

#include "base/strbuf.h"
#include "flow/backfill.h"
#include "sim/klaviyo.h"
#include "sim/moves.h"
#include "sim/node.h"
#include "sim/shop.h"
#include "sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX  16
#define FILE_BYTES ((size_t)1 << 20)
#define RECENT_MS  (10 * MS_PER_MIN)
#define LONG_AGO   (SIM_START_MS - 30 * MS_PER_DAY)

struct history {
	char path[256];
	int shop;
	bool table;
	int n_row;
	int n_bad;
	int first_order; /* of all, good and bad ones, and the end of them */
	int end_order;
	int64_t import_id; /* 0 = not asked for yet */
	char digest[20];   /* of one that is sent: a part of its path */
};

static char folder[200];
static struct history file[FILES_MAX];
static int n_file;
static struct {
	bool bad;
	int person;
	int64_t placed_ms;
} row[ORDERS_MAX]; /* by the number of the order */
static int n_order;
static enum option drawn; /* whose chance it is */

static int64_t draw(int64_t low, int64_t high)
{
	return sim_draw(drawn, low, high);
}

bool history_is_read(void)
{
	return sim_option(OPTION_imports) > 0 || sim_option(OPTION_uploads) > 0;
}

void history_open(const char *data)
{
	(void)snprintf(folder, sizeof(folder), "%s", data);
	n_file = n_order = 0;
	drawn = OPTION_imports;
}

void history_close(void)
{
	for (int i = 0; i < n_file; i++)
		if (file[i].path[0] != '\0')
			(void)unlink(file[i].path);
}

/* ---- writing ---- */

static void end_row(struct history *one, struct strbuf *out)
{
	strbuf_add_char(out, '\n');
	one->n_row++;
}

static void put_time(struct strbuf *out, int64_t at_ms)
{
	time_format_rfc3339(at_ms, out);
}

/* What the shop holds, each with the time of its newest change. */
static void write_held(struct history *one, struct shop *of, struct strbuf *out)
{
	for (int i = 0; i < CATEGORIES; i++)
		if (of->category_version[i] > 0) {
			shop_write_category(of, i, out);
			end_row(one, out);
		}
	for (int i = 0; i < PRODUCTS_MAX; i++)
		if (of->product[i].exists) {
			shop_write_product(of, i, out);
			end_row(one, out);
		}
	for (int i = 0; i < PEOPLE_MAX; i++) {
		if (of->person[i].version > 0) {
			shop_write_person(of, i, out);
			end_row(one, out);
		}
		if (of->person[i].consent_ms > 0) {
			shop_write_consent(of, i, out);
			end_row(one, out);
		}
	}
	for (int i = 0; i < of->n_order; i++) {
		if (!shop_order_is_kept(of, i))
			continue;
		shop_write_order(of, i, ORDER_PLACED, out);
		end_row(one, out);
	}
}

static void write_yes(struct history *one, const struct shop *of, struct strbuf *out)
{
	for (int i = 0; i < PEOPLE_MAX; i++) {
		strbuf_addf(out, "{\"id\":\"yes-%d-%d-%d\",\"type\":\"consent.changed\",\"timestamp\":\"",
			    n_file, of->number, i);
		put_time(out, LONG_AGO);
		strbuf_addf(out,
			    "\",\"data\":{\"email\":\"%s\",\"channel\":\"email\",\"state\":\"subscribed\","
			    "\"consented_at\":\"",
			    of->person[i].email);
		put_time(out, LONG_AGO);
		strbuf_add_text(out, "\"}}");
		end_row(one, out);
	}
}

static void write_order(const struct history *one, int number, struct strbuf *out)
{
	const struct shop *of = &shop[one->shop];
	const char *email = moves_known_email(&of->person[row[number].person]);
	int64_t at_ms = row[number].placed_ms;
	bool bad = row[number].bad, known = moves_happen();
	char at[32], customer_id[24] = "";
	struct strbuf time;

	strbuf_init(&time, sizeof(at));
	put_time(&time, at_ms);
	(void)snprintf(at, sizeof(at), "%.*s", STR_ARG(strbuf_str(&time)));
	strbuf_release(&time);
	if (known)
		(void)snprintf(customer_id, sizeof(customer_id), "s%d-%d", of->number, row[number].person);
	if (one->table)
		strbuf_addf(out, "s%d-h%d,%s,EUR,%s,%s,1,s%d-p0,Thing,1,12.00,12.00%s%s", of->number, number,
			    at, bad ? "abc" : "12.00", email, of->number, known ? "," : "", customer_id);
	else if (bad)
		strbuf_add_text(out, "{\"id\":\"torn");
	else
		strbuf_addf(
			out,
			"{\"id\":\"h%d-%d\",\"type\":\"order.placed\",\"timestamp\":\"%s\",\"data\":{"
			"\"order_id\":\"s%d-h%d\",\"placed_at\":\"%s\",\"currency\":\"EUR\","
			"\"total\":\"12.00\",\"customer\":{\"email\":\"%s\"%s%s%s},\"lines\":[{\"line_id\":"
			"\"1\",\"product_id\":\"s%d-p0\",\"name\":\"Thing\",\"quantity\":1,"
			"\"unit_price\":\"12.00\",\"row_total\":\"12.00\"}]}}",
			of->number, number, at, of->number, number, at, email,
			known ? ",\"customer_id\":\"" : "", customer_id, known ? "\"" : "", of->number);
}

static void write_orders(struct history *one, struct strbuf *out)
{
	const struct shop *of = &shop[one->shop];

	one->first_order = n_order;
	one->end_order = n_order += (int)draw(3, 30);
	for (int i = one->first_order; i < one->end_order; i++) {
		row[i].bad = draw(0, 9) == 0;
		row[i].person = (int)draw(0, sim_option(OPTION_people) - 1);
		row[i].placed_ms = sim_wall_ms() - draw(1000, RECENT_MS);
		if (!moves_happen() && of->person[row[i].person].leaving &&
		    row[i].placed_ms > of->person[row[i].person].erased_ms)
			row[i].placed_ms = of->person[row[i].person].erased_ms;
		write_order(one, i, out);
		end_row(one, out);
		one->n_bad += row[i].bad;
	}
}

static void save(const struct history *one, const struct strbuf *text)
{
	FILE *to = fopen(one->path, "w");

	if (!to || fwrite(text->p, 1, text->len, to) != text->len || fclose(to) != 0)
		sim_fail("history", "a file cannot be written");
}

static int compose(int number, bool old, struct strbuf *out)
{
	struct history *one = &file[n_file];

	*one = (struct history){ .shop = number,
				 .table = !old && draw(0, drawn == OPTION_uploads ? 3 : 1) == 1 };
	if (one->table)
		strbuf_add_text(out, "order_id,placed_at,currency,total,email,line_id,product_id,line_name,"
				     "quantity,unit_price,line_total");
	if (one->table)
		strbuf_add_text(out, moves_happen() ? ",customer_id\n" : "\n");
	else
		write_held(one, &shop[number], out);
	if (old)
		write_yes(one, &shop[number], out);
	else
		write_orders(one, out);
	return n_file++;
}

int history_compose(int number, enum option option, struct strbuf *out)
{
	int result;

	drawn = option;
	result = compose(number, false, out);
	drawn = OPTION_imports;
	return result;
}

int history_write(int number, bool old)
{
	struct strbuf out;
	int result;

	strbuf_init(&out, FILE_BYTES);
	result = compose(number, old, &out);
	(void)snprintf(file[result].path, sizeof(file[result].path), "%s/history%d.%s", folder, result,
		       file[result].table ? "csv" : "ndjson");
	save(&file[result], &out);
	strbuf_release(&out);
	return result;
}

bool history_is_table(int number)
{
	return file[number].table;
}

void history_is_named(int number, const char *digest)
{
	(void)snprintf(file[number].digest, sizeof(file[number].digest), "/%s-", digest);
}

void history_was_taken(int number, int64_t import_id)
{
	file[number].import_id = import_id;
}

/* ---- imports ---- */

bool history_ask(struct db *db, int number, struct err *err)
{
	static const int64_t per_minute[] = { 0, 60, 120, 600 };
	static const struct import_options options = { .kind = IMPORT_KIND_COUNT };
	struct history *one = &file[number];
	enum import_kind kind;

	return backfill_register(db, clock_wall_ms(&sim.clock), node_store_id(one->shop), one->path, &options,
				 sim.healed ? 0 : per_minute[draw(0, 3)], &one->import_id, &kind, err);
}

void history_meddle(struct db *db)
{
	static const enum import_action action[] = { IMPORT_PAUSE,  IMPORT_PAUSE,    IMPORT_RESUME,
						     IMPORT_RESUME, IMPORT_THROTTLE, IMPORT_CANCEL };
	const struct history *one = &file[draw(0, n_file > 0 ? n_file - 1 : 0)];
	struct import_change change = { .action = action[draw(0, ARRAY_LEN(action) - 1)], .per_minute = 60 };
	struct err err = { 0 };
	bool ok;

	if (n_file == 0 || one->import_id == 0)
		return;
	ok = db_import_change(db, clock_wall_ms(&sim.clock), one->import_id, &change, &err);
	sim_trace("merchant: import %d, action %d: %s", (int)one->import_id, (int)change.action,
		  ok ? "done" : err_code_name(err.code));
}

/* ---- what came of it ---- */

static int count_of(const struct history *one, int order, const char *metric)
{
	char id[40];

	(void)snprintf(id, sizeof(id), "s%d-h%d", one->shop, order);
	return klaviyo_event_count(shop[one->shop].account, metric, id);
}

static void check_orders(const struct history *one, bool done)
{
	for (int i = one->first_order; i < one->end_order; i++) {
		int placed = count_of(one, i, "Placed Order");
		bool stays =
			!row[i].bad && row[i].placed_ms > shop[one->shop].person[row[i].person].erased_ms;

		if (placed > stays || placed != count_of(one, i, "Ordered Product") ||
		    (done && stays && placed == 0))
			sim_fail("history", "order s%d-h%d of a file was placed %d times, with %d products",
				 one->shop, i, placed, count_of(one, i, "Ordered Product"));
	}
}

/* One that is sent again after its import has ended is imported again, as what was there already. */
struct sums {
	int n;
	int64_t n_new;
	bool done;
};

static void check_counts(const struct history *one, const struct import_job *job, struct sums *sums)
{
	if (job->state == IMPORT_DONE && (job->n_read != one->n_row || job->n_rejected != one->n_bad))
		sim_fail("history",
			 "of %d rows, %d of them bad, %" PRId64 " were read and %" PRId64 " rejected",
			 one->n_row, one->n_bad, job->n_read, job->n_rejected);
	if (job->n_duplicate > 0 && (one->digest[0] == '\0' || sums->n == 0))
		sim_fail("history", "%" PRId64 " rows came once more", job->n_duplicate);
	sums->n++;
	sums->n_new += job->n_new;
	sums->done |= job->state == IMPORT_DONE;
}

static bool is_of(const struct history *one, const struct import_job *job)
{
	if (one->digest[0] == '\0')
		return one->import_id == job->id;
	return !job->pull && strstr(job->path.p, one->digest);
}

static void check_file(const struct history *one, const struct import_job *job, size_t n)
{
	int good = one->n_row - one->n_bad;
	struct sums sums = { 0 };

	for (size_t i = 0; i < n; i++)
		if (is_of(one, &job[i]))
			check_counts(one, &job[i], &sums);
	if (sums.n_new > good || (sums.done && sums.n_new != good))
		sim_fail("history", "of %d good rows %" PRId64 " came new", good, sums.n_new);
	if (sums.n > 0)
		check_orders(one, sums.done);
}

void history_check(struct db *db)
{
	struct import_job *job = NULL;
	struct arena arena;
	struct err err;
	size_t n = 0;

	arena_init(&arena);
	sim.looking = true;
	if (n_file > 0 && !db_import_list(db, 0, &arena, &job, &n, &err))
		sim_fail("history", "imports cannot be read: %s", err.msg);
	for (int k = 0; k < n_file; k++)
		check_file(&file[k], job, n);
	sim.looking = false;
	arena_release(&arena);
}

size_t history_events(int account)
{
	size_t n = 0;

	for (int k = 0; k < n_file; k++)
		for (int i = file[k].first_order;
		     shop[file[k].shop].account == account && i < file[k].end_order; i++)
			n += (size_t)(count_of(&file[k], i, "Placed Order") +
				      count_of(&file[k], i, "Ordered Product"));
	return n;
}

bool history_has(int number, int person, int64_t after_ms)
{
	for (int k = 0; k < n_file; k++)
		for (int i = file[k].first_order; file[k].shop == number && i < file[k].end_order; i++)
			if (row[i].person == person && row[i].placed_ms > after_ms)
				return true;
	return false;
}

void history_check_persons(int number, int person)
{
	const char *email = shop[number].person[person].email;
	char id[40];

	for (int k = 0; k < n_file; k++)
		for (int i = file[k].first_order; file[k].shop == number && i < file[k].end_order; i++) {
			(void)snprintf(id, sizeof(id), "s%d-h%d", number, i);
			if (row[i].person == person)
				moves_check_order(number, email, id);
		}
}

bool history_is_erased(int order)
{
	for (int k = 0; k < n_file; k++)
		if (order >= file[k].first_order && order < file[k].end_order)
			return row[order].placed_ms <= shop[file[k].shop].person[row[order].person].erased_ms;
	return false;
}

bool history_only(const char *order_id)
{
	return strstr(order_id, "-h") != NULL;
}
