/*
 * Retain: upkeep of the database, and the check that nothing is lost.
 *
 * Does:    slices of maintenance and of erasing persons; looks for stores that have gone quiet; the
 *          conservation check at the start and once a minute, less often where it takes long.
 * Doesn't: hold up the acknowledgement path: the verbs are short.
 * Threads: one retain role; retain_conservation from any.
 */
#include "flow/flow_internal.h"

#include "base/log.h"
#include "flow/silence.h"

#include <stdatomic.h>

#define MAINTAIN_EVERY_MS 1000
#define CONSERVE_EVERY_MS MS_PER_MIN
#define SILENCE_EVERY_MS  MS_PER_MIN
#define PURGE_MAX	  100 /* rows changed at once: the writer is held for some ms */
/* The check may use one part in so many of the time. */
#define CONSERVE_SHARE 200

static const struct retention keep = {
	.message_days = 30,
	.delivery_days = 30,
	.audit_days = 90,
	.visitor_days = 7,
	.tombstone_days = 31, /* the longest tombstone_hours is 30 days */
};

/* A wall clock that leaps ahead by more is not believed at once: what it makes old would be gone for good. */
#define LEAP_MS	   MS_PER_DAY
#define BELIEVE_MS MS_PER_DAY
/* What is believed is kept so often: a process that starts during a leap is no wiser than the one before. */
#define KEEP_EVERY_MS MS_PER_HOUR

static atomic_int conservation = -1;

int retain_conservation(void)
{
	return atomic_load(&conservation);
}

static bool check_conservation(struct flow_ctx *ctx, struct retain *retain, struct err *err)
{
	struct arena arena;
	struct conservation found = { 0 };
	int64_t started_ms = clock_mono_ms(ctx->clock), pause_ms;
	bool ok;

	arena_init(&arena);
	ok = db_conserve(ctx->db, &arena, &found, err);
	if (ok) {
		if (found.error.len > 0)
			log_error("retain", "the books do not balance: %.*s", STR_ARG(found.error));
		atomic_store(&conservation, found.error.len > 0);
	}
	arena_release(&arena);
	pause_ms = (clock_mono_ms(ctx->clock) - started_ms) * CONSERVE_SHARE;
	retain->conserve_at_ms = started_ms + (pause_ms > CONSERVE_EVERY_MS ? pause_ms : CONSERVE_EVERY_MS);
	return ok ? ok : err_wrap(err, "check that nothing is lost");
}

/* What time it is for what is dropped by its age. */
static int64_t drop_time(struct flow_ctx *ctx, struct retain *retain)
{
	struct moment now = clock_moment(ctx->clock);
	int64_t since_ms = moment_since(retain->believed, now);
	int64_t expected_ms = retain->believed.wall_ms + since_ms;

	if (retain->believed.wall_ms == 0 || now.wall_ms - expected_ms < LEAP_MS || since_ms >= BELIEVE_MS) {
		retain->believed = now;
		retain->doubts = false;
		return now.wall_ms;
	}
	if (!retain->doubts)
		log_warn("retain", "the clock leapt ahead by %lld h: nothing is dropped as too old for a day",
			 (long long)((now.wall_ms - expected_ms) / MS_PER_HOUR));
	retain->doubts = true;
	return expected_ms;
}

/* Started long after what was believed last: the machine was off, or its clock is wrong. A day will show. */
static bool read_believed(struct flow_ctx *ctx, struct retain *retain, struct err *err)
{
	struct moment now = clock_moment(ctx->clock);
	struct arena arena;
	struct str text;
	bool ok;

	if (retain->knows_before)
		return true;
	arena_init(&arena);
	ok = db_cursor_get(ctx->db, 0, STR(FLOW_CURSOR_BELIEVED), &arena, &text, err);
	retain->knows_before = ok;
	if (ok && str_to_int64(text, &retain->kept_wall_ms)) {
		retain->believed = now;
		retain->believed.wall_ms = retain->kept_wall_ms;
	}
	arena_release(&arena);
	return ok || err_wrap(err, "read what was believed to be the time");
}

static bool keep_believed(struct flow_ctx *ctx, struct retain *retain, int64_t time_ms, struct err *err)
{
	struct arena arena;
	bool ok;

	if (time_ms >= retain->kept_wall_ms && time_ms - retain->kept_wall_ms < KEEP_EVERY_MS)
		return true;
	arena_init(&arena);
	ok = db_cursor_put(ctx->db, clock_wall_ms(ctx->clock), 0, STR(FLOW_CURSOR_BELIEVED),
			   arena_printf(&arena, "%lld", (long long)time_ms), err);
	if (ok)
		retain->kept_wall_ms = time_ms;
	arena_release(&arena);
	return ok || err_wrap(err, "keep what is believed to be the time");
}

/* What is too old goes. */
static bool drop_old(struct flow_ctx *ctx, struct retain *retain, bool *more, struct err *err)
{
	int64_t time_ms;

	if (!read_believed(ctx, retain, err))
		return false;
	time_ms = drop_time(ctx, retain);
	if (!keep_believed(ctx, retain, time_ms, err))
		return false;
	return db_maintain(ctx->db, time_ms, &keep, more, err) || err_wrap(err, "upkeep");
}

bool retain_run_once(struct flow_ctx *ctx, struct retain *retain, struct flow_next *next, struct err *err)
{
	bool more = false, more_persons = false;

	*next = (struct flow_next){ .wait_ms = MAINTAIN_EVERY_MS };
	if (clock_mono_ms(ctx->clock) >= retain->conserve_at_ms && !check_conservation(ctx, retain, err))
		return false;
	if (clock_mono_ms(ctx->clock) >= retain->silence_at_ms) {
		retain->silence_at_ms = clock_mono_ms(ctx->clock) + SILENCE_EVERY_MS;
		if (!silence_run_once(ctx, err))
			return false;
	}
	if (!drop_old(ctx, retain, &more, err))
		return false;
	if (!db_person_purge(ctx->db, clock_wall_ms(ctx->clock), PURGE_MAX, &more_persons, err))
		return err_wrap(err, "erase persons");
	if (more || more_persons)
		next->wait_ms = 0;
	return true;
}
