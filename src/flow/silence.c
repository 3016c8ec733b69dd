/*
 * Silence: stores that have gone quiet though they usually send.
 *
 * Does:    learns each store's week hour by hour, in bounded space; says when silence begins and ends.
 * Doesn't: know why: it is for a person to look.
 * Threads: silence_run_once: the retain role's. silence_since: any.
 */
#include "flow/silence.h"

#include "base/attr.h"
#include "base/log.h"
#include "flow/flow_internal.h"

#include <inttypes.h>
#include <stdio.h>

#define LEVEL_MAX 63
/* After so many days without a message nothing is added any more. */
#define LOOK_BACK_MS (14 * MS_PER_DAY)
/* Silence is said when it was one chance in 10,000: -1000 * ln(0.0001). */
#define SURPRISE 9210

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

/* How surprising an hour without a message is at each level: -1000 * ln(1 - min(level / 63, 0.99)). */
static const int16_t surprise_of[LEVEL_MAX + 1] = {
	0,    16,   32,	  49,	66,   83,   100,  118,	136,  154,  173,  192,	211,  231,  251,  272,
	293,  314,  336,  359,	382,  405,  430,  454,	480,  506,  532,  560,	588,  617,  647,  677,
	709,  742,  776,  811,	847,  885,  924,  965,	1008, 1052, 1099, 1147, 1199, 1253, 1310, 1371,
	1435, 1504, 1578, 1658, 1745, 1841, 1946, 2064, 2197, 2351, 2534, 2757, 3045, 3450, 4143, 4605,
};

/* ---- learning ---- */

/* 1970-01-01 was a Thursday. */
static size_t slot_of(int64_t hour)
{
	return (size_t)((hour + 3 * 24) % SILENCE_HOURS);
}

/* A third of the way: some weeks count, the last ones most. */
static void learn(struct silence *silence, int64_t hour, bool active)
{
	unsigned char *level = &silence->level[slot_of(hour)];

	if (active)
		*level = (unsigned char)(*level + (LEVEL_MAX - *level + 2) / 3);
	else
		*level = (unsigned char)(*level - (*level + 2) / 3);
}

/*
 * Something came in this hour. Only now it is sure that the hours before it were no silence but usual; those
 * seen in part teach nothing.
 */
static void hear(struct silence *silence, int64_t hour)
{
	int64_t whole = (silence->watched_ms + MS_PER_HOUR - 1) / MS_PER_HOUR;
	int64_t from = silence->heard_hour + 1 > whole ? silence->heard_hour + 1 : whole;

	if (hour - from > LOOK_BACK_MS / MS_PER_HOUR)
		from = hour - LOOK_BACK_MS / MS_PER_HOUR;
	for (; silence->quiet_ms == 0 && from < hour; from++)
		learn(silence, from, false);
	learn(silence, hour, true);
	silence->heard_hour = hour;
}

static void watch(struct silence *silence, int64_t now_ms, int64_t last_ms)
{
	int64_t hour = now_ms / MS_PER_HOUR;

	if (silence->from_ms == 0)
		*silence = (struct silence){ .from_ms = now_ms, .hour = hour, .watched_ms = now_ms };
	if (hour != silence->hour && hour != silence->hour + 1)
		silence->watched_ms = now_ms;
	silence->hour = hour;
	if (last_ms >= silence->from_ms && last_ms / MS_PER_HOUR > silence->heard_hour)
		hear(silence, last_ms / MS_PER_HOUR);
}

/* ---- judging ---- */

static int64_t surprise(const struct silence *silence, int64_t from_ms, int64_t now_ms)
{
	int64_t sum = 0;

	while (from_ms < now_ms) {
		int64_t hour = from_ms / MS_PER_HOUR, end_ms = (hour + 1) * MS_PER_HOUR;

		end_ms = end_ms < now_ms ? end_ms : now_ms;
		sum += surprise_of[silence->level[slot_of(hour)]] * (end_ms - from_ms) / MS_PER_HOUR;
		from_ms = end_ms;
	}
	return sum;
}

bool silence_step(struct silence *silence, int64_t now_ms, int64_t last_ms)
{
	int64_t from_ms;

	watch(silence, now_ms, last_ms);
	if (silence->quiet_ms != 0) {
		if (last_ms <= silence->quiet_ms)
			return false;
		silence->quiet_ms = 0;
		return true;
	}
	from_ms = last_ms > silence->watched_ms ? last_ms : silence->watched_ms;
	if (from_ms < now_ms - LOOK_BACK_MS)
		from_ms = now_ms - LOOK_BACK_MS;
	if (last_ms == 0 || now_ms - silence->from_ms < SILENCE_LEARN_MS ||
	    surprise(silence, from_ms, now_ms) < SURPRISE)
		return false;
	silence->quiet_ms = last_ms;
	return true;
}

/* ---- as it is kept ---- */

struct str silence_text(const struct silence *silence, struct arena *arena)
{
	char level[SILENCE_HOURS + 1];

	for (size_t i = 0; i < SILENCE_HOURS; i++)
		level[i] = digits[silence->level[i]];
	level[SILENCE_HOURS] = '\0';
	return arena_printf(arena, "1 %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %s",
			    silence->from_ms, silence->hour, silence->heard_hour, silence->watched_ms,
			    silence->quiet_ms, level);
}

static bool parse_levels(struct str text, struct silence *out)
{
	struct str all = str_of(digits, LEVEL_MAX + 1);

	if (text.len != SILENCE_HOURS)
		return false;
	for (size_t i = 0; i < SILENCE_HOURS; i++) {
		size_t level = str_find_char(all, text.p[i]);

		if (level > LEVEL_MAX)
			return false;
		out->level[i] = (unsigned char)level;
	}
	return true;
}

struct silence silence_parse(struct str text)
{
	struct silence silence = { 0 };
	int64_t number[6] = { 0 };
	struct str part = { 0 };
	bool ok = true;

	for (size_t i = 0; ok && i < ARRAY_LEN(number); i++)
		ok = str_split(&text, ' ', &part) && str_to_int64(part, &number[i]);
	if (!ok || number[0] != 1 || !parse_levels(text, &silence))
		return (struct silence){ 0 };
	silence.from_ms = number[1];
	silence.hour = number[2];
	silence.heard_hour = number[3];
	silence.watched_ms = number[4];
	silence.quiet_ms = number[5];
	return silence;
}

/* ---- all stores ---- */

static struct str cursor_name(int64_t store_id, struct arena *arena)
{
	return arena_printf(arena, "silence %" PRId64, store_id);
}

bool silence_since(struct db *db, int64_t account_id, int64_t store_id, int64_t *since_ms, struct err *err)
{
	struct arena arena;
	struct str text;
	bool ok;

	*since_ms = 0;
	arena_init(&arena);
	ok = db_cursor_get(db, account_id, cursor_name(store_id, &arena), &arena, &text, err);
	if (ok)
		*since_ms = silence_parse(text).quiet_ms;
	arena_release(&arena);
	return ok;
}

static bool tell(struct flow_ctx *ctx, const struct settings_store *store, const struct silence *silence,
		 int64_t last_ms, int64_t now_ms, struct arena *arena, struct err *err)
{
	struct strbuf time;
	struct audit_row row = {
		.at_ms = now_ms,
		.code = silence->quiet_ms != 0 ? AUDIT_STORE_SILENT : AUDIT_STORE_HEARD,
		.store_id = store->id,
	};
	bool ok;

	strbuf_init(&time, 64);
	time_format_rfc3339(last_ms, &time);
	row.reason = arena_printf(arena, "its last message came at %.*s", STR_ARG(strbuf_str(&time)));
	strbuf_release(&time);
	log_warn("silence", "store=%.*s %s, %.*s", STR_ARG(store->name),
		 silence->quiet_ms != 0 ? "has gone quiet" : "sends again", STR_ARG(row.reason));
	ok = db_audit_append(ctx->db, &row, 1, err);
	return ok;
}

static bool look_at(struct flow_ctx *ctx, const struct settings_store *store, int64_t last_ms, int64_t now_ms,
		    struct arena *arena, struct err *err)
{
	struct str name = cursor_name(store->id, arena), before, after;
	struct silence silence;
	bool changed;

	if (!db_cursor_get(ctx->db, store->account->id, name, arena, &before, err))
		return false;
	silence = silence_parse(before);
	changed = silence_step(&silence, now_ms, last_ms);
	after = silence_text(&silence, arena);
	if (str_eq(before, after))
		return true;
	/* Told first: a crash in between tells it twice, rather than not at all. */
	return (!changed || tell(ctx, store, &silence, last_ms, now_ms, arena, err)) &&
	       db_cursor_put(ctx->db, now_ms, store->account->id, name, after, err);
}

static int64_t last_of(const struct summary *summary, int64_t store_id)
{
	for (size_t i = 0; i < summary->n_store; i++)
		if (summary->store[i].store_id == store_id)
			return summary->store[i].last_shop_ms;
	return 0;
}

bool silence_run_once(struct flow_ctx *ctx, struct err *err)
{
	const struct snapshot *settings = flow_settings(ctx, err);
	int64_t now_ms = clock_wall_ms(ctx->clock);
	struct summary summary = { 0 };
	struct arena arena;
	bool ok = settings != NULL;

	if (!ok)
		return false;
	arena_init(&arena);
	ok = db_summary(ctx->db, now_ms, &arena, &summary, err);
	for (size_t i = 0; ok && i < settings->n_store; i++) {
		const struct settings_store *store = &settings->store[i];

		ok = look_at(ctx, store, last_of(&summary, store->id), now_ms, &arena, err);
	}
	settings_release(ctx->settings, settings);
	arena_release(&arena);
	return ok ? ok : err_wrap(err, "look for stores that have gone quiet");
}
