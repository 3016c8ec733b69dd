/*
 * What is stopped, as text in the store: "WHAT STATE SINCE UNTIL REASON" a line.
 */
#include "flow/health.h"

#include "base/strbuf.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>

#define CURSOR	     STR("stopped")
#define REFUSED	     STR("refused_token")
#define NUMBER_BYTES 24
#define REASON_BYTES 60
#define TEXT_BYTES   1000

static struct str write_stops(const struct health_stop *stop, size_t n, struct arena *arena)
{
	struct strbuf out;
	struct str text;

	strbuf_init(&out, TEXT_BYTES);
	for (size_t i = 0; i < n && i < HEALTH_STOPS_MAX; i++) {
		struct str reason = utf8_cut(stop[i].reason, n == 1 ? TEXT_BYTES / 2 : REASON_BYTES);

		strbuf_addf(&out, "%s%.*s %d %" PRId64 " %" PRId64 " %.*s", i > 0 ? "\n" : "",
			    STR_ARG(stop[i].what), (int)stop[i].state, stop[i].since_ms, stop[i].until_ms,
			    STR_ARG(reason));
	}
	text = arena_dup(arena, strbuf_str(&out));
	strbuf_release(&out);
	return text;
}

bool health_put(struct db *db, int64_t now_ms, int64_t account_id, const struct health_stop *stop, size_t n,
		struct err *err)
{
	struct arena arena;
	bool ok;

	arena_init(&arena);
	ok = db_cursor_put(db, now_ms, account_id, CURSOR, write_stops(stop, n, &arena), err);
	arena_release(&arena);
	return ok ? ok : err_wrap(err, "say what is stopped");
}

static bool read_number(struct str *line, int64_t *out)
{
	struct str text;

	return str_split(line, ' ', &text) && str_to_int64(text, out);
}

static bool read_stop(struct str line, struct health_stop *out)
{
	int64_t state;

	if (!str_split(&line, ' ', &out->what) || !read_number(&line, &state) ||
	    !read_number(&line, &out->since_ms) || !read_number(&line, &out->until_ms) || state < 0 ||
	    state > BREAKER_OUTAGE)
		return false;
	out->state = (enum breaker_state)state;
	out->reason = line;
	return true;
}

bool health_get(struct db *db, int64_t account_id, struct arena *arena, struct health_stop **stop, size_t *n,
		struct err *err)
{
	struct str text, line;

	*n = 0;
	if (!db_cursor_get(db, account_id, CURSOR, arena, &text, err))
		return false;
	*stop = ARENA_ARRAY(arena, HEALTH_STOPS_MAX, struct health_stop);
	while (*n < HEALTH_STOPS_MAX && str_split(&text, '\n', &line))
		*n += read_stop(line, &(*stop)[*n]);
	return true;
}

bool health_forget(struct db *db, int64_t now_ms, struct err *err)
{
	struct cursor_row *row;
	struct arena arena;
	size_t n, n_stopped = 0;
	bool ok;

	arena_init(&arena);
	ok = db_cursor_list(db, CURSOR, &arena, &row, &n, err);
	for (size_t i = 0; ok && i < n; i++)
		if (str_eq(row[i].name, CURSOR) && row[i].value.len > 0)
			row[n_stopped++] = (struct cursor_row){ row[i].account_id, CURSOR, STR("") };
	ok = ok && db_cursor_put_all(db, now_ms, row, n_stopped, err);
	arena_release(&arena);
	return ok ? ok : err_wrap(err, "forget what was stopped");
}

/* ---- tokens ---- */

bool health_refuse(struct db *db, int64_t now_ms, int64_t account_id, int64_t token_ms, struct err *err)
{
	char text[NUMBER_BYTES];

	(void)snprintf(text, sizeof(text), "%" PRId64, token_ms);
	return db_cursor_put(db, now_ms, account_id, REFUSED, str_from(text), err) ||
	       err_wrap(err, "say that a token was refused");
}

bool health_refused(struct db *db, int64_t account_id, int64_t *token_ms, struct err *err)
{
	struct arena arena;
	struct str text;
	bool ok;

	*token_ms = 0;
	arena_init(&arena);
	ok = db_cursor_get(db, account_id, REFUSED, &arena, &text, err);
	if (ok && !str_to_int64(text, token_ms))
		*token_ms = 0;
	arena_release(&arena);
	return ok;
}
