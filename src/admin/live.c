/*
 * Live: server-sent events that say "something changed, read it again".
 *
 * Does:    answer each question with what changed since its Last-Event-ID, at once or as soon as something
 *          does, and with a sign of life after HOLD_MS. The answer ends then, and the browser asks again by
 *          itself: no connection is held by a proxy's patience, and none is lost unnoticed.
 * Doesn't: send what changed: that is read through the routes, by whoever may.
 * Keeps:   at most PARKED_MAX wait; the database is looked at once a second, and not while nobody waits.
 * Threads: the quick worker alone.
 */
#include "admin/admin_internal.h"

#include <inttypes.h>

#define HOLD_MS	   (20 * MS_PER_S)
#define PARKED_MAX 256

/* What the clients were last told, as one text: versions of settings, activity and counts. */
static bool read_state(struct look *look, struct str *out, struct err *err)
{
	struct audit_filter newest = { .max_n = 1 };
	struct summary summary;
	struct audit_row *row;
	int64_t version, sum = 0;
	size_t n;

	if (!db_config_version(look->db, &version, err) ||
	    !db_audit_list(look->db, &newest, look->arena, &row, &n, err) ||
	    !db_summary(look->db, clock_wall_ms(look->clock), look->arena, &summary, err))
		return false;
	for (size_t i = 0; i < summary.n_store; i++)
		sum += summary.store[i].received + summary.store[i].pending + summary.store[i].due +
		       summary.store[i].held + summary.store[i].failed;
	for (size_t i = 0; i < summary.n_account; i++)
		sum += summary.account[i].created + summary.account[i].accepted + summary.account[i].failed +
		       summary.account[i].skipped + summary.account[i].ready + summary.account[i].sending;
	*out = arena_printf(look->arena, "%" PRId64 ".%" PRId64 ".%" PRId64, version, n > 0 ? row[0].id : 0,
			    sum);
	return true;
}

static struct str part(struct str state, int which)
{
	struct str one = STR("");

	for (int i = 0; i <= which; i++)
		if (!str_split(&state, '.', &one))
			return STR("");
	return one;
}

static void tell(struct admin_call *call, struct str state)
{
	static const char *const events[] = { "settings", "activity", "overview" };
	struct str known = call->header.last_event_id;
	struct strbuf text;

	strbuf_init(&text, 4096);
	strbuf_addf(&text, "retry: 300\nid: %.*s\n", STR_ARG(state));
	if (str_eq(known, state))
		strbuf_add_text(&text, "event: alive\ndata: {}\n\n");
	for (int i = 0; i < (int)ARRAY_LEN(events); i++)
		if (!str_eq(part(known, i), part(state, i)))
			strbuf_addf(&text, "event: %s\ndata: {}\nid: %.*s\n\n", events[i], STR_ARG(state));
	call->status = 200;
	call->text = arena_dup(http_exchange_arena(call->exchange), strbuf_str(&text));
	call->has_text = true;
	call_header(call, STR("Content-Type"), STR("text/event-stream"));
	call_header(call, STR("X-Accel-Buffering"), STR("no"));
	strbuf_release(&text);
}

bool get_events(struct admin_call *call, struct err *err)
{
	struct admin *admin = call->admin;
	struct str state;

	if (!read_state(&call->look, &state, err))
		return false;
	if (!str_eq(call->header.last_event_id, state) || admin->n_parked == PARKED_MAX) {
		tell(call, state);
		return true;
	}
	call->parked = true;
	call->next = admin->parked;
	admin->parked = call;
	admin->n_parked++;
	return true;
}

bool live_run_once(struct admin *admin, struct err *err)
{
	struct admin_call *call = admin->parked, *waiting = NULL;
	int64_t now_ms = clock_mono_ms(admin->ctx.clock);
	struct look look = { .db = admin->ctx.db, .clock = admin->ctx.clock };
	struct arena arena;
	struct str state;
	bool ok;

	if (!call)
		return true;
	arena_init(&arena);
	look.arena = &arena;
	ok = read_state(&look, &state, err);
	admin->n_parked = 0;
	while (call) {
		struct admin_call *next = call->next;

		if (ok && str_eq(call->header.last_event_id, state) && now_ms - call->since_ms < HOLD_MS) {
			call->next = waiting;
			waiting = call;
			admin->n_parked++;
		} else {
			tell(call, ok ? state : call->header.last_event_id);
			reply_call(call);
		}
		call = next;
	}
	admin->parked = waiting;
	arena_release(&arena);
	return ok;
}
