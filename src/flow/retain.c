/*
 * Retain: upkeep of the database, and the check that nothing is lost.
 *
 * Does:    slices of maintenance and of erasing persons; the conservation check at the start and once a
 *          minute, less often where it takes long.
 * Doesn't: hold up the acknowledgement path: the verbs are short.
 * Threads: one retain role; retain_conservation from any.
 */
#include "flow/flow.h"

#include "base/log.h"

#include <stdatomic.h>

#define MAINTAIN_EVERY_MS 1000
#define CONSERVE_EVERY_MS MS_PER_MIN
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

bool retain_run_once(struct flow_ctx *ctx, struct retain *retain, struct flow_next *next, struct err *err)
{
	bool more = false, more_persons = false;

	*next = (struct flow_next){ .wait_ms = MAINTAIN_EVERY_MS };
	if (clock_mono_ms(ctx->clock) >= retain->conserve_at_ms && !check_conservation(ctx, retain, err))
		return false;
	if (!db_maintain(ctx->db, clock_wall_ms(ctx->clock), &keep, &more, err))
		return err_wrap(err, "upkeep");
	if (!db_person_purge(ctx->db, clock_wall_ms(ctx->clock), PURGE_MAX, &more_persons, err))
		return err_wrap(err, "erase persons");
	if (more || more_persons)
		next->wait_ms = 0;
	return true;
}
