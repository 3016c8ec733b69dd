/*
 * Events: what happened, to whom, when, and what it was worth.
 *
 * The resource that is stored says nothing of flows but whether the event is history: whether it comes too
 * late for them is known only when it leaves (render_batch.c).
 * Pure. Source: Klaviyo OpenAPI stable, revision 2026-07-15.
 */
#include "klaviyo/render.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "klaviyo/render_internal.h"

#define UNIQUE_ID_BYTES_MAX 255
/* Klaviyo takes no event from before 2000. */
#define TIME_MIN_MS INT64_C(946684800000)

static const char *metric_name(enum metric metric, bool canceled_spelling)
{
	if (metric == METRIC_CANCELLED_ORDER && canceled_spelling)
		return "Canceled Order";
	return metric_row(metric)->name;
}

struct str klaviyo_event_external_id(const struct activity_event *event, struct arena *arena)
{
	return arena_printf(arena, "%s|%.*s", metric_row(event->metric)->name, STR_ARG(event->unique_id));
}

/* ---- value ---- */

static bool add_money(struct money *sum, struct money amount)
{
	if (!str_eq(str_from(sum->currency), str_from(amount.currency)))
		return false;
	return !__builtin_add_overflow(sum->minor, amount.minor, &sum->minor);
}

/* What the lines of a partial step come to; not known unless the amounts of all are. */
static struct activity_amount lines_amount(const struct activity_step *step)
{
	struct activity_amount sum = { .known = step->n_line > 0 };

	for (size_t i = 0; i < step->n_line && sum.known; i++) {
		const struct activity_line *line = &step->line[i];

		if (i == 0)
			sum.amount = line->row_total;
		else
			sum.known = add_money(&sum.amount, line->row_total);
		sum.known &= line->has_price;
	}
	return sum;
}

static struct activity_amount event_amount(const struct activity_event *event)
{
	/* The same money is the value of Refunded Order. */
	if (event->metric == METRIC_PARTIALLY_REFUNDED_ORDER)
		return (struct activity_amount){ .known = false };
	if (event->metric == METRIC_ORDERED_PRODUCT)
		return (struct activity_amount){ event->line->has_price, event->line->row_total };
	if (event->step && event->step->amount.known)
		return event->step->amount;
	if (event->step && event->step->partial)
		return lines_amount(event->step);
	if (event->order)
		return event->order->total;
	if (event->cart)
		return event->cart->total;
	return (struct activity_amount){ .known = false };
}

static void put_value(struct render_object *object, const struct activity_event *event)
{
	struct activity_amount value = event_amount(event);

	if (!value.known)
		return;
	render_money(object, "value", value.amount);
	render_text(object, "value_currency", str_from(value.amount.currency));
}

/* ---- the resource ---- */

static void put_time(struct render_object *object, int64_t time_ms)
{
	struct strbuf text;

	if (time_ms == 0)
		return;
	if (time_ms < TIME_MIN_MS) {
		object->cuts->time = true;
		time_ms = TIME_MIN_MS;
	}
	strbuf_init(&text, 64);
	time_format_rfc3339(time_ms, &text);
	render_text(object, "time", strbuf_str(&text));
	strbuf_release(&text);
}

static void put_metric(struct render_object *object, const char *name)
{
	render_json(object, "metric",
		    arena_printf(object->arena,
				 "{\"data\":{\"type\":\"metric\",\"attributes\":{\"name\":\"%s\"}}}", name)
			    .p);
}

static void put_profile(struct render_object *object, const struct activity_event *event)
{
	enum render_profile what = event->history ? RENDER_PROFILE_IDS : RENDER_PROFILE_WHOLE;
	struct render_object profile, data;

	if (!render_open_member(object, "profile", &profile) || !render_open_member(&profile, "data", &data))
		return;
	render_text(&data, "type", STR("profile"));
	render_profile_attributes(&data, &event->profile, what, true);
	render_close(&data);
	render_close(&profile);
}

static void put_attributes(struct render_object *object, const struct activity_event *event,
			   bool canceled_spelling)
{
	put_time(object, event->time_ms);
	put_value(object, event);
	render_text(object, "unique_id", utf8_cut(event->unique_id, UNIQUE_ID_BYTES_MAX));
	if (event->history)
		render_json(object, "backfill", "true");
	put_metric(object, metric_name(event->metric, canceled_spelling));
	put_profile(object, event);
	render_properties(object, event);
}

struct str klaviyo_render_event(const struct activity_event *event, bool canceled_spelling,
				struct arena *arena, struct str *mended)
{
	struct render_cuts cuts = { .n_text = 0 };
	struct strbuf out;
	struct render_object resource = {
		.out = &out,
		.arena = arena,
		.cuts = &cuts,
		.bytes_max = RENDER_OUT_BYTES_MAX,
		.text_bytes_max = RENDER_TEXT_BYTES_MAX,
		.n_max = SIZE_MAX,
	};
	struct render_object attributes;

	strbuf_init(&out, RENDER_OUT_BYTES_MAX);
	render_open(&resource);
	render_text(&resource, "type", STR("event"));
	if (render_open_member(&resource, "attributes", &attributes)) {
		put_attributes(&attributes, event, canceled_spelling);
		render_close(&attributes);
	}
	render_close(&resource);
	*mended = render_cuts_text(&cuts, arena);
	return render_take(&out, arena);
}
