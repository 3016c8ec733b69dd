/*
 * SQLite backend: what time it is. The last moment that was noted is a cursor of no account: "WALL MONO".
 */
#include "store/sqlite/sqlite_rows.h"
#include "store/sqlite/sqlite_verbs.h"
#include "store/store_rules.h"

#include <inttypes.h>

#define NAME STR("clock")

static const char *const earlier[] = {
	"UPDATE delivery INDEXED BY delivery_waiting SET due_ms = max(due_ms - ?1, 1) WHERE state = 1",
	"UPDATE due SET due_ms = max(due_ms - ?1, 1), first_ms = max(first_ms - ?1, 1)",
	"UPDATE batch SET started_ms = max(started_ms - ?1, 1)",
};

static void set_earlier(struct tx *tx, int64_t back_ms)
{
	for (size_t i = 0; back_ms > 0 && i < ARRAY_LEN(earlier); i++) {
		struct query update = query(tx, earlier[i]);

		put_int(&update, 1, back_ms);
		query_run(&update);
	}
}

/* False: none was noted. */
static bool read_noted(struct tx *tx, struct arena *arena, struct moment *out)
{
	struct query select = query(tx, "SELECT value FROM cursor WHERE account_id = 0 AND name = ?1");
	struct str text = { 0 }, wall;

	put_text(&select, 1, NAME);
	if (query_row(&select)) {
		text = get_text(&select, 0, arena);
		query_end(&select);
	}
	return str_split(&text, ' ', &wall) && str_to_int64(wall, &out->wall_ms) &&
	       str_to_int64(text, &out->mono_ms);
}

static void note(struct tx *tx, struct moment now, struct arena *arena)
{
	struct query write = query(tx, "INSERT INTO cursor VALUES (0, ?1, ?2) ON CONFLICT DO UPDATE SET"
				       " value = excluded.value");

	put_text(&write, 1, NAME);
	put_text(&write, 2, arena_printf(arena, "%" PRId64 " %" PRId64, now.wall_ms, now.mono_ms));
	query_run(&write);
}

bool sqlite_clock_note(struct db *db, struct moment now, int64_t *back_ms, struct err *err)
{
	struct moment noted;
	struct arena arena;
	struct tx tx;
	bool ok;

	if (!tx_begin_write(&tx, db, CRASH_clock_note, now.wall_ms, err))
		return false;
	arena_init(&arena);
	*back_ms = read_noted(&tx, &arena, &noted) ? store_clock_back_ms(noted, now) : 0;
	set_earlier(&tx, *back_ms);
	note(&tx, now, &arena);
	ok = tx_commit(&tx, err);
	arena_release(&arena);
	return ok;
}
