/*
 * Bodies of requests about events, profiles and consents, out of the resources stored with deliveries.
 *
 * Keeps:   an event that comes too late for flows says so: nobody is to get the mail of a cart that they
 *          left yesterday because Pannier stood still.
 * Pure. Source: Klaviyo OpenAPI stable, revision 2026-07-15.
 */
#include "base/clock.h"
#include "base/mutant.h"
#include "klaviyo/render_internal.h"

/* Of metrics that are not in our table any more. */
#define WINDOW_H 4

/* ---- events ---- */

static int64_t window_ms(const struct render_batch *batch, const struct delivery *delivery)
{
	struct str name = str_of(delivery->external_id.p, str_find_char(delivery->external_id, '|'));
	enum metric metric;

	if (!metric_find(name, &metric))
		return MS_PER_HOUR * WINDOW_H;
	return MS_PER_HOUR * (batch->window ? batch->window->hours[metric] : metric_row(metric)->window_h);
}

/* Happened too long ago to start flows, or is told again? History says so itself. */
static bool read_late(const struct render_batch *batch, const struct delivery *delivery,
		      const struct event_row *row, bool *late, struct err *err)
{
	struct str time = render_find_member(row->member, row->n_member, "time");
	int64_t now_ms = batch->now_ms, time_ms = now_ms;

	if (time.len > 0 && (time.len < 2 || !time_parse_rfc3339(str_of(time.p + 1, time.len - 2), &time_ms)))
		return render_bad_body(delivery, err);
	*late = (delivery->priority == PRIORITY_REPLAY || now_ms - time_ms > window_ms(batch, delivery)) &&
		render_find_member(row->member, row->n_member, "backfill").len == 0;
	return true;
}

/* Planted bugs make another event of one that is sent again, or replayed. */
static struct str member_value(const struct delivery *delivery, const struct json_member *member,
			       struct arena *arena)
{
	struct str value = member->value;
	bool another = (mutant_is(MUTANT_new_unique_id) && delivery->attempts > 0) ||
		       (mutant_is(MUTANT_replayed_anew) && delivery->priority == PRIORITY_REPLAY);

	if (another && str_eq(member->name, STR("unique_id")))
		return arena_printf(arena, "%.*s-%d\"", (int)value.len - 1, value.p, delivery->attempts);
	return value;
}

/* Within an entry the profile is said outside. */
static bool put_event(const struct render_batch *batch, const struct delivery *delivery,
		      const struct event_row *row, struct strbuf *out, struct err *err)
{
	bool late = false, first = true;

	if (!read_late(batch, delivery, row, &late, err))
		return false;
	strbuf_add_text(out, "{\"type\":\"event\",\"attributes\":{");
	for (size_t i = 0; i < row->n_member; i++) {
		if (batch->bulk && str_eq(row->member[i].name, STR("profile")))
			continue;
		strbuf_addf(out, "%s\"%.*s\":", first ? "" : ",", STR_ARG(row->member[i].name));
		strbuf_add_str(out, member_value(delivery, &row->member[i], batch->arena));
		first = false;
	}
	strbuf_add_text(out, late ? ",\"backfill\":true}}" : "}}");
	return true;
}

static void open_entry(const struct event_row *row, struct strbuf *out)
{
	strbuf_add_text(out, row->entry > 0 ? "]}}}," : "");
	strbuf_add_text(out, "{\"type\":\"event-bulk-create\",\"attributes\":{\"profile\":");
	strbuf_add_str(out, event_row_profile(row));
	strbuf_add_text(out, ",\"events\":{\"data\":[");
}

static bool put_entries(const struct render_batch *batch, const struct event_row *row, struct strbuf *out,
			struct err *err)
{
	strbuf_add_text(out, "{\"data\":{\"type\":\"event-bulk-create-job\",\"attributes\":{"
			     "\"events-bulk-create\":{\"data\":[");
	for (size_t i = 0; i < batch->n; i++) {
		if (row[i].repeated)
			continue;
		if (row[i].at == 0)
			open_entry(&row[i], out);
		else
			strbuf_add_char(out, ',');
		if (!put_event(batch, &batch->delivery[i], &row[i], out, err))
			return false;
	}
	strbuf_add_text(out, "]}}}]}}}}");
	return true;
}

bool render_events(const struct render_batch *batch, struct strbuf *out, struct err *err)
{
	struct event_row *row;

	if (!event_rows_read(batch->delivery, batch->n, batch->arena, &row, err))
		return false;
	if (batch->bulk)
		return put_entries(batch, row, out, err);
	strbuf_add_text(out, "{\"data\":");
	if (!put_event(batch, batch->delivery, row, out, err))
		return false;
	strbuf_add_char(out, '}');
	return true;
}

/* ---- profiles and consents ---- */

static bool put_rows(const struct render_batch *batch, struct strbuf *out, struct err *err)
{
	struct json_member member[RENDER_MEMBERS_MAX];
	size_t n;

	for (size_t i = 0; i < batch->n; i++) {
		if (!render_read_resource(&batch->delivery[i], member, &n, err))
			return false;
		strbuf_add_text(out, i > 0 ? "," : "");
		strbuf_add_str(out, batch->delivery[i].body);
	}
	return true;
}

/* Exactly one identifier; a person known by the shop's id alone cannot be named. */
static bool put_erasure(const struct delivery *delivery, struct strbuf *out, struct err *err)
{
	struct str id = delivery->external_id;
	bool is_phone = str_starts(id, STR("+"));

	if (!is_phone && str_find_char(id, '@') == id.len)
		return err_set(err, ERR_INVALID,
			       "profile '%.*s' has neither e-mail address nor phone number to erase it by",
			       STR_ARG(id));
	strbuf_add_text(out, "{\"data\":{\"type\":\"data-privacy-deletion-job\",\"attributes\":{\"profile\":{"
			     "\"data\":{\"type\":\"profile\",\"attributes\":{");
	strbuf_add_text(out, is_phone ? "\"phone_number\":" : "\"email\":");
	json_write_text(id, out);
	strbuf_add_text(out, "}}}}}}");
	return true;
}

bool render_profiles(const struct render_batch *batch, struct strbuf *out, struct err *err)
{
	if (batch->op == DELIVERY_DELETE)
		return put_erasure(batch->delivery, out, err);
	strbuf_add_text(out, batch->bulk ? "{\"data\":{\"type\":\"profile-bulk-import-job\",\"attributes\":{"
					   "\"profiles\":{\"data\":["
					 : "{\"data\":");
	if (!put_rows(batch, out, err))
		return false;
	strbuf_add_text(out, batch->bulk ? "]}}}}" : "}");
	return true;
}

static bool read_group(const struct render_batch *batch, struct render_group *group, struct err *err)
{
	struct str text = batch->delivery->parent_external_id;

	for (size_t i = 1; i < batch->n; i++)
		if (!str_eq(batch->delivery[i].parent_external_id, text))
			return err_set(err, ERR_INVALID, "consents of two groups in one request");
	if (!render_group_read(text, group))
		return err_set(err, ERR_INVALID, "'%.*s' is not the group of a consent", STR_ARG(text));
	return true;
}

static void put_list(struct str list_id, struct strbuf *out)
{
	if (list_id.len == 0)
		return;
	strbuf_add_text(out, ",\"relationships\":{\"list\":{\"data\":{\"type\":\"list\"");
	render_put_text(out, "id", list_id);
	strbuf_add_text(out, "}}}");
}

bool render_consents(const struct render_batch *batch, struct strbuf *out, struct err *err)
{
	bool subscribes = batch->op == DELIVERY_CREATE;
	struct render_group group;

	if (!read_group(batch, &group, err))
		return false;
	strbuf_addf(out, "{\"data\":{\"type\":\"profile-subscription-bulk-%s-job\",\"attributes\":{",
		    subscribes ? "create" : "delete");
	strbuf_add_text(out, "\"profiles\":{\"data\":[");
	if (!put_rows(batch, out, err))
		return false;
	strbuf_add_text(out, "]}");
	if (subscribes && group.source.len > 0)
		render_put_text(out, "custom_source", group.source);
	if (subscribes && group.historical)
		strbuf_add_text(out, ",\"historical_import\":true");
	strbuf_add_char(out, '}');
	put_list(group.list_id, out);
	strbuf_add_text(out, "}}");
	return true;
}
