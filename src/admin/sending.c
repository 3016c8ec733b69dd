/*
 * Sending: what the audit and the outbox say of a delivery's way to Klaviyo.
 *
 * The rows of all that left in one request have ids one after the other, because the request's own id lies
 * between them and those of the one before.
 */
#include "admin/sending.h"

#include "admin/text.h"
#include "flow/health.h"
#include "klaviyo/endpoint.h"

#include <string.h>

/* ---- with whom ---- */

static bool same_request(const struct audit_row *a, const struct audit_row *b)
{
	return a->at_ms == b->at_ms && a->account_id == b->account_id && str_eq(a->reason, b->reason);
}

/* row: newest first, sent among them. Sets the part that left with sent, oldest first. */
static void take_members(struct sending *sending, struct audit_row *row, size_t n, struct arena *arena)
{
	struct audit_row *member = ARENA_ARRAY(arena, n + 1, struct audit_row);
	size_t at = 0, from, to;

	while (at < n && row[at].id != sending->sent->id)
		at++;
	if (at == n) {
		sending->member = sending->sent;
		sending->n_member = 1;
		return;
	}
	for (from = at;
	     from > 0 && row[from - 1].id == row[from].id + 1 && same_request(&row[from - 1], sending->sent);)
		from--;
	for (to = at;
	     to + 1 < n && row[to + 1].id + 1 == row[to].id && same_request(&row[to + 1], sending->sent);)
		to++;
	sending->more = from == 0 && to + 1 == n && n == SENDING_MEMBERS_MAX;
	sending->n_member = to - from + 1;
	for (size_t i = 0; i < sending->n_member; i++)
		member[i] = row[to - i];
	sending->member = member;
}

static bool read_members(const struct story *story, struct sending *sending, struct err *err)
{
	struct audit_filter filter = { .account_id = sending->sent->account_id,
				       .by_code = true,
				       .code = AUDIT_DELIVERY_SENT,
				       .since_ms = sending->sent->at_ms,
				       .before_id = sending->sent->id + SENDING_MEMBERS_MAX,
				       .max_n = SENDING_MEMBERS_MAX };
	struct audit_row *row;
	size_t n;

	if (!db_audit_list(story->look->db, &filter, story->look->arena, &row, &n, err))
		return false;
	take_members(sending, row, n, story->look->arena);
	return true;
}

/* ---- what came back ---- */

static bool is_answer(enum audit_code code)
{
	return code == AUDIT_DELIVERY_JOB || code == AUDIT_DELIVERY_ACCEPTED ||
	       code == AUDIT_DELIVERY_RETRY || code == AUDIT_DELIVERY_FAILED ||
	       code == AUDIT_DELIVERY_SKIPPED;
}

static bool add_sending(const struct story *story, const struct audit_row *sent, struct sending *out,
			struct err *err)
{
	*out = (struct sending){ .sent = sent };
	out->answer = ARENA_ARRAY(story->look->arena, story->n_row + 1, const struct audit_row *);
	return read_members(story, out, err);
}

bool sendings_of(const struct story *story, const struct delivery *delivery, struct sending **out, size_t *n,
		 struct err *err)
{
	size_t max = 0;

	for (size_t i = 0; i < story->n_row; i++)
		max += story->row[i].delivery_id == delivery->id && story->row[i].code == AUDIT_DELIVERY_SENT;
	*out = ARENA_ARRAY(story->look->arena, max + 1, struct sending);
	*n = 0;
	for (size_t i = 0; i < story->n_row; i++) {
		const struct audit_row *row = &story->row[i];

		if (row->delivery_id != delivery->id)
			continue;
		if (row->code == AUDIT_DELIVERY_SENT && !add_sending(story, row, &(*out)[(*n)++], err))
			return false;
		if (*n > 0 && is_answer(row->code))
			(*out)[*n - 1].answer[(*out)[*n - 1].n_answer++] = row;
	}
	return true;
}

int sending_status(struct str reason)
{
	static const char mark[] = "(HTTP ";
	int64_t status = 0;

	for (size_t i = reason.len; i-- > 0;) {
		struct str rest = str_skip(reason, i);

		if (str_starts(rest, str_from(mark)) && rest.len > sizeof(mark) + 2 &&
		    str_to_int64(str_of(rest.p + sizeof(mark) - 1, 3), &status))
			return (int)status;
	}
	return 0;
}

/* ---- the request ---- */

/* How the endpoint's name says it was sent; the usual way where this version does not know the name. */
static void way_of(const struct delivery *delivery, const struct sending *sending, enum delivery_op *op,
		   bool *bulk)
{
	enum endpoint endpoint;

	*op = delivery->op;
	*bulk = endpoint_takes_many(endpoint_for(delivery->kind, delivery->op, false));
	if (!sending || !endpoint_find(sending->sent->reason, &endpoint))
		return;
	for (int i = 0; i < DELIVERY_OP_COUNT; i++) {
		bool known = klaviyo_kind_is_catalog(delivery->kind) || (enum delivery_op)i == delivery->op;

		for (int many = 0; known && many < 2; many++) {
			if (endpoint_for(delivery->kind, (enum delivery_op)i, many) != endpoint)
				continue;
			*op = (enum delivery_op)i;
			*bulk = many || endpoint_takes_many(endpoint);
		}
	}
}

static bool has_body(const struct delivery *delivery)
{
	return delivery->body.len > 0 || delivery->op == DELIVERY_DELETE;
}

/* The deliveries of the request whose bodies are still there, its own among them. */
static bool collect(const struct story *story, const struct sending *sending, struct delivery **out,
		    size_t *n, struct err *err)
{
	struct err why;

	*out = ARENA_ARRAY(story->look->arena, sending->n_member + 1, struct delivery);
	*n = 0;
	for (size_t i = 0; i < sending->n_member; i++) {
		struct delivery *one = &(*out)[*n];

		if (!db_delivery_get(story->look->db, sending->member[i].delivery_id, story->look->arena, one,
				     &why)) {
			if (why.code != ERR_NOT_FOUND)
				return err_set(err, why.code, "%s", why.msg);
			continue;
		}
		*n += has_body(one);
	}
	return true;
}

bool sending_request(const struct story *story, const struct delivery *delivery, bool whole,
		     struct sending_request *out, struct err *err)
{
	const struct settings_account *account =
		snapshot_account(story->look->snapshot, delivery->account_id);
	struct delivery alone = *delivery, *row = &alone;
	struct sending *sending, *last;
	enum delivery_op op;
	size_t n, n_row = 1;
	bool bulk;

	if (!account || delivery->kind == KLAVIYO_NOTICE || !has_body(delivery))
		return err_set(err, ERR_NOT_FOUND, "the request is no longer kept, or is none to Klaviyo");
	if (!sendings_of(story, delivery, &sending, &n, err))
		return false;
	last = n > 0 ? &sending[n - 1] : NULL;
	way_of(delivery, last, &op, &bulk);
	if (whole && last && !collect(story, last, &row, &n_row, err))
		return false;
	out->n_row = whole && last ? last->n_member : 1;
	out->complete = n_row == out->n_row && (!whole || !last || !last->more);
	return preview_request(account, row, n_row, op, bulk,
			       last ? last->sent->at_ms : clock_wall_ms(story->look->clock),
			       story->look->arena, &out->request, err);
}

/* ---- why it waits ---- */

static const struct delivery *before(const struct story *story, const struct delivery *delivery)
{
	for (size_t i = 0; i < story->n_delivery; i++) {
		const struct delivery *other = &story->delivery[i];

		if (other->id < delivery->id && other->kind == delivery->kind &&
		    other->account_id == delivery->account_id && other->state <= DELIVERY_SENDING &&
		    str_eq(other->external_id, delivery->external_id))
			return other;
	}
	return NULL;
}

static bool lane_text(const struct story *story, const struct delivery *delivery, struct str *out,
		      struct err *err)
{
	struct outbox_lane *lane;
	size_t n;

	if (!db_outbox_lanes(story->look->db, clock_wall_ms(story->look->clock), story->look->arena, &lane,
			     &n, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (lane[i].account_id == delivery->account_id && lane[i].kind == delivery->kind &&
		    lane[i].op == delivery->op && lane[i].priority == delivery->priority)
			*out = arena_printf(story->look->arena,
					    "it waits its turn within Klaviyo's limits: %lld of its type are "
					    "ready, %lld wait for others",
					    (long long)lane[i].n_ready, (long long)lane[i].n_blocked);
	return true;
}

bool sending_waits(const struct story *story, const struct delivery *delivery, struct str *out,
		   struct err *err)
{
	const struct delivery *older = before(story, delivery);
	struct arena *arena = story->look->arena;
	struct health_stop *stop;
	char id[ID_TEXT_BYTES];
	size_t n;

	*out = STR("");
	if (delivery->state != DELIVERY_READY && delivery->state != DELIVERY_WAITING)
		return true;
	if (!health_get(story->look->db, delivery->account_id, arena, &stop, &n, err))
		return false;
	if (n > 0) {
		*out = arena_printf(arena, "sending is stopped for %.*s: %.*s", STR_ARG(stop[0].what),
				    STR_ARG(stop[0].reason));
		return true;
	}
	if (delivery->state == DELIVERY_WAITING) {
		*out = arena_printf(arena, "it is tried again at %.*s UTC: %.*s",
				    STR_ARG(text_time(delivery->due_ms, arena)), STR_ARG(delivery->reason));
		return true;
	}
	if (!older)
		return lane_text(story, delivery, out, err);
	id_text(ID_DELIVERY, older->id, id);
	*out = arena_printf(arena, "%s, which is older and of the same thing, has to end first", id);
	return true;
}
