/*
 * The database is a trust boundary, too: values in it are changed behind the program's back, in every
 * table, and the stages go on. What they cannot read they refuse, by an error or a failed row; they never
 * read past it.
 *
 *   test_flow_corrupt [FIRST-SEED [ROUNDS]]
 */
#include "support/rig.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <assert.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS	   6
#define CELLS_MAX  12
#define TEXT_BYTES 4096
#define TABLES	   "pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite%'"

static bool verbose; /* says what is changed */

/* ---- a shop with something of everything ---- */

#define PRODUCT \
	"{'id':'p#','title':'P','url':'https://s.example/" \
	"p','price':'1.00','currency':'EUR','categories':['c']," \
	"'variants':[{'id':'v#','sku':'S#','price':'2.00'}]}"
#define ORDER \
	"{'order_id':'o#','currency':'EUR','total':'29.98','placed_at':'2026-07-25T17:20:00Z'," \
	"'customer':{'customer_id':'k#','email':'ann#@shop.test','first_name':'Ann'}," \
	"'lines':[{'line_id':'1','product_id':'p1','sku':'S1','name':'Mug','quantity':2,'unit_price':'14." \
	"99'," \
	"'row_total':'29.98'}]}"
#define SOUND	 "{'id':'sound','title':'S','url':'https://s.example/s','price':'1.00','currency':'EUR'}"
#define CUSTOMER "{'customer_id':'k#','email':'kim#@shop.test','first_name':'Kim'}"
#define CONSENT \
	"{'email':'kim#@shop.test','channel':'email','state':'subscribed','at':'2026-07-25T17:20:00Z'}"

/* '#' stands for i, a digit. */
static void send(struct rig *rig, const char *type, const char *data, int i)
{
	char *copy = arena_cstr(&rig->arena, str_from(data));

	assert(i < 10);
	for (char *at = copy; *at; at++)
		if (*at == '#')
			*at = (char)('0' + i);
	rig_generic(rig, "shop", type, copy);
}

static void fill(struct rig *rig, int from, int n)
{
	send(rig, "category.upserted", "{'id':'c','name':'C'}", 0);
	for (int i = from; i < from + n; i++) {
		send(rig, "product.upserted", PRODUCT, i);
		send(rig, "order.placed", ORDER, i);
		send(rig, "customer.upserted", CUSTOMER, i);
		send(rig, "consent.changed", CONSENT, i);
	}
	send(rig, "product.deleted", "{'id':'p#'}", from);
	send(rig, "order.paid", ORDER, from + 1);
	send(rig, "product.upserted", "{'id':'held','title':'no price yet'}", 0);
}

/* ---- changes behind the program's back ---- */

struct vandal {
	sqlite3 *handle;
	struct rand_seeded rand;
	enum { ANY_VALUE, TEXTS, BODIES, WHAT_COUNT } what; /* is changed */
};

static uint64_t chance(struct vandal *vandal, uint64_t below)
{
	return rand_below(&vandal->rand.rand, below);
}

static sqlite3_stmt *prepare(struct vandal *vandal, const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(vandal->handle, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(vandal->handle));
	return stmt;
}

/* The only row of sql, two texts of it; false: there is none. ?1 is name, ?2 number. */
static bool look_up(struct vandal *vandal, const char *sql, const char *name, int64_t number,
		    char (*out)[128], int n_out)
{
	sqlite3_stmt *stmt = prepare(vandal, sql);
	bool found;

	(void)sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(stmt, 2, number);
	found = sqlite3_step(stmt) == SQLITE_ROW;
	for (int i = 0; found && i < n_out; i++)
		(void)snprintf(out[i], sizeof(out[i]), "%s", (const char *)sqlite3_column_text(stmt, i));
	(void)sqlite3_finalize(stmt);
	return found;
}

static int64_t count(struct vandal *vandal, const char *from)
{
	char sql[256], out[1][128];

	(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", from);
	(void)look_up(vandal, sql, "", 0, out, 1);
	return strtoll(out[0], NULL, 10);
}

/* Where one value stands. */
struct cell {
	char table[128];
	char column[2][128]; /* name, type */
	char key[128];	     /* columns that name a row */
	int64_t row;	     /* its place among all */
};

static bool choose_cell(struct vandal *vandal, struct cell *cell)
{
	char out[1][128];
	char from[200];
	int64_t n = count(vandal, TABLES);

	(void)look_up(vandal, "SELECT name FROM " TABLES " ORDER BY name LIMIT 1 OFFSET ?2", "",
		      (int64_t)chance(vandal, (uint64_t)n), out, 1);
	(void)snprintf(cell->table, sizeof(cell->table), "%s", out[0]);
	n = count(vandal, cell->table);
	if (n == 0)
		return false;
	cell->row = (int64_t)chance(vandal, (uint64_t)n);
	(void)snprintf(from, sizeof(from), "pragma_table_info('%s')", cell->table);
	(void)look_up(vandal, "SELECT name, type FROM pragma_table_info(?1) LIMIT 1 OFFSET ?2", cell->table,
		      (int64_t)chance(vandal, (uint64_t)count(vandal, from)), cell->column, 2);
	return look_up(vandal,
		       "SELECT iif(l.wr, (SELECT group_concat(name) FROM pragma_table_info(?1) WHERE pk > 0),"
		       " 'rowid') FROM pragma_table_list l WHERE l.name = ?1 ",
		       cell->table, 0, &cell->key, 1);
}

/* Sums of larger numbers may overflow, which wraps in a program without sanitizers and then is as wrong. */
#define NUMBER_MAX (INT64_C(1) << 50)

static int64_t changed_number(struct vandal *vandal, int64_t was)
{
	switch (chance(vandal, 8)) {
	case 0:
		return was < INT64_MAX ? was + 1 : 0;
	case 1:
		return was > INT64_MIN ? was - 1 : 0;
	case 2:
		return NUMBER_MAX;
	case 3:
		return -NUMBER_MAX;
	case 4:
		return -1;
	case 5:
		return (int64_t)chance(vandal, 20);
	case 6:
		return was ^ (INT64_C(1) << chance(vandal, 50));
	default:
		return 0;
	}
}

/* Bytes changed in place, the end cut off, or something else altogether. How long it is then. */
static size_t change_bytes(struct vandal *vandal, char *at, size_t len)
{
	static const char *const other[] = { "",	 "{",	 "[]", "{\"a\":{\"b\":[1,null]}}",
					     "\xff\xfe", "null", "-1" };
	const char *text = other[chance(vandal, ARRAY_LEN(other))];

	switch (len > 0 ? chance(vandal, 3) : 2) {
	case 0:
		for (uint64_t n = 1 + chance(vandal, 4); n > 0; n--)
			at[chance(vandal, len)] = (char)chance(vandal, 256);
		return len;
	case 1:
		return (size_t)chance(vandal, len);
	default:
		memcpy(at, text, strlen(text));
		return strlen(text);
	}
}

static void bind_changed(struct vandal *vandal, sqlite3_stmt *was, sqlite3_stmt *write, char text[TEXT_BYTES])
{
	size_t len = (size_t)sqlite3_column_bytes(was, 0);
	int type = sqlite3_column_type(was, 0);

	if (type != SQLITE_TEXT && type != SQLITE_BLOB) {
		(void)sqlite3_bind_int64(write, 1, changed_number(vandal, sqlite3_column_int64(was, 0)));
		return;
	}
	len = len < TEXT_BYTES ? len : TEXT_BYTES;
	if (len > 0)
		memcpy(text, sqlite3_column_blob(was, 0), len);
	len = change_bytes(vandal, text, len);
	if (type == SQLITE_TEXT)
		(void)sqlite3_bind_text(write, 1, text, (int)len, SQLITE_STATIC);
	else
		(void)sqlite3_bind_blob(write, 1, text, (int)len, SQLITE_STATIC);
}

/* False: nothing was changed, as where the new value is another row's. */
static bool change_cell(struct vandal *vandal, const struct cell *cell)
{
	char sql[1024], text[TEXT_BYTES];
	sqlite3_stmt *was, *write;
	bool done = false;

	(void)snprintf(sql, sizeof(sql), "SELECT %s FROM %s LIMIT 1 OFFSET %" PRId64, cell->column[0],
		       cell->table, cell->row);
	was = prepare(vandal, sql);
	(void)snprintf(
		sql, sizeof(sql),
		"UPDATE OR IGNORE %s SET %s = ?1 WHERE (%s) = (SELECT %s FROM %s LIMIT 1 OFFSET %" PRId64 ")",
		cell->table, cell->column[0], cell->key, cell->key, cell->table, cell->row);
	write = prepare(vandal, sql);
	if (sqlite3_step(was) == SQLITE_ROW) {
		bind_changed(vandal, was, write, text);
		(void)sqlite3_reset(was);
		done = sqlite3_step(write) == SQLITE_DONE && sqlite3_changes(vandal->handle) > 0;
	}
	(void)sqlite3_finalize(was);
	(void)sqlite3_finalize(write);
	return done;
}

static bool is_wanted(const struct vandal *vandal, const struct cell *cell)
{
	if (vandal->what == BODIES)
		return strcmp(cell->column[0], "body") == 0;
	return vandal->what == ANY_VALUE || strcmp(cell->column[1], "INTEGER") != 0;
}

static void spoil(struct vandal *vandal, const char *folder)
{
	char path[128];
	struct cell cell;
	bool done = false;

	(void)snprintf(path, sizeof(path), "%s/pannier.db", folder);
	assert_int_equal(sqlite3_open_v2(path, &vandal->handle, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	while (!done)
		done = choose_cell(vandal, &cell) && is_wanted(vandal, &cell) && change_cell(vandal, &cell);
	if (verbose)
		(void)fprintf(stderr, "  %s.%s of row %" PRId64 "\n", cell.table, cell.column[0], cell.row);
	(void)sqlite3_close(vandal->handle);
}

/* ---- the stages, which may refuse ---- */

static void look(struct rig *rig)
{
	struct audit_filter filter = { .max_n = 200 };
	struct audit_row *row = NULL;
	struct summary summary;
	struct conservation found;
	struct arena arena;
	struct err err;
	size_t n;

	arena_init(&arena);
	(void)!db_summary(rig->db, rig->clock.now_ms, &arena, &summary, &err);
	(void)!db_audit_list(rig->db, &filter, &arena, &row, &n, &err);
	(void)!db_conserve(rig->db, &arena, &found, &err);
	arena_release(&arena);
}

static void step(struct rig *rig, struct retain *retain)
{
	struct flow_next next;
	struct err err;
	bool more;

	(void)!map_run_once(&rig->ctx, &next, &err);
	(void)!publish_run_once(&rig->ctx, &next, &err);
	(void)!retain_run_once(&rig->ctx, retain, &next, &err);
	(void)!db_person_purge(rig->db, rig->clock.now_ms, 100, &more, &err);
	for (int i = 0; i < 4; i++)
		(void)!deliver_run_once(rig->deliver, 0, &next, &err);
}

static void steps(struct rig *rig, struct retain *retain, int n, int64_t ms)
{
	for (int i = 0; i < n; i++) {
		rig_advance(rig, ms);
		step(rig, retain);
	}
}

/* One row that cannot be read is one row that fails. */
static void others_go_on(struct rig *rig, struct retain *retain)
{
	send(rig, "product.upserted", SOUND, 0);
	steps(rig, retain, 10, 500);
	assert_non_null(fake_klaviyo_get(rig->klaviyo, "item", "sound"));
	rig_conserve(rig);
}

static void one_round(uint64_t seed)
{
	struct vandal vandal = { .what = seed % WHAT_COUNT };
	struct rig *rig = rig_new(&db_sqlite_ops);
	struct retain retain = { 0 };

	rand_seeded_init(&vandal.rand, seed);
	rig_answer_all(rig);
	fill(rig, 0, 6);
	rig_run(rig, (int64_t)chance(&vandal, 4) * 700);
	fill(rig, 3, 6);
	steps(rig, &retain, (int)chance(&vandal, 3), 0);
	for (uint64_t n = 1 + chance(&vandal, CELLS_MAX); n > 0; n--) {
		spoil(&vandal, rig->folder);
		steps(rig, &retain, 1, 400);
	}
	steps(rig, &retain, 20, 500);
	if (vandal.what == BODIES)
		others_go_on(rig, &retain);
	look(rig);
	rig_free(rig);
}

static long first_seed = 1, n_rounds = ROUNDS;

static void changed_values_harm_nobody(void **state)
{
	(void)state;
	for (long seed = first_seed; seed < first_seed + n_rounds; seed++) {
		if (verbose)
			(void)fprintf(stderr, "seed %ld\n", seed);
		one_round((uint64_t)seed);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changed_values_harm_nobody),
	};

	verbose = argc > 1;
	first_seed = argc > 1 ? strtol(argv[1], NULL, 10) : first_seed;
	n_rounds = argc > 2 ? strtol(argv[2], NULL, 10) : n_rounds;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
