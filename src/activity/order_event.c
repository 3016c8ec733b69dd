/*
 * The events of an order: each once, under a unique_id that stays the same for ever.
 *
 * Keeps:   Klaviyo counts a refund or cancellation against its order only where it has the order's own id,
 *          and takes one event of each kind per id. So the first refund has it, and stays the first once it
 *          was told, even when an earlier one turns up. What is refunded in full after parts is the rest, and
 *          parts that turn up after it was told are left out: no money is given back twice.
 * Pure.
 */
#include "activity/fold_internal.h"

#define REFUND_MIDDLE ":refund"

static const struct {
	enum metric metric;
	const char *middle; /* between the order and the step's id; "" = the order's own */
} step_row[] = {
	[STEP_PAYMENT] = { METRIC_PARTIALLY_PAID_ORDER, ":payment" },
	[STEP_PAID] = { METRIC_PAID_ORDER, "" },
	[STEP_SHIPMENT] = { METRIC_SHIPPED_ORDER, ":ship" },
	[STEP_FULFILLED] = { METRIC_FULFILLED_ORDER, "" },
	[STEP_CANCELLED] = { METRIC_CANCELLED_ORDER, "" },
	[STEP_REFUND] = { METRIC_REFUNDED_ORDER, REFUND_MIDDLE },
	[STEP_REFUNDED] = { METRIC_REFUNDED_ORDER, REFUND_MIDDLE },
};

struct telling {
	struct fold *fold;
	const struct order *order;
	struct activity_event *event;
	struct digest16 *key;
	struct str *part;
	size_t n;
	const struct order_step
		*first_refund; /* NULL: none has the order's id, or one that is not known any more */
	const struct order_step *refunded; /* in full; NULL = not */
};

/* "<order>", "<order>:ship:<id>" */
static struct str unique_id(const struct telling *telling, const char *middle, struct str id)
{
	struct str key = telling->order->key;

	if (id.len > 0)
		key = arena_printf(telling->fold->arena, "%.*s%s:%.*s", STR_ARG(key), middle, STR_ARG(id));
	else if (middle[0])
		key = arena_printf(telling->fold->arena, "%.*s%s", STR_ARG(key), middle);
	return fold_unique_id(telling->fold, key);
}

static struct activity_event *add(struct telling *telling, enum metric metric, struct str unique,
				  int64_t time_ms, struct str which)
{
	struct activity_event *event = &telling->event[telling->n];

	if (!telling->fold->rules->metric_on[metric])
		return NULL;
	*event = (struct activity_event){
		.metric = metric,
		.unique_id = unique,
		.time_ms = time_ms,
		.history = telling->order->history && time_ms <= telling->order->history_until_ms,
		.profile = telling->order->profile,
		.order = telling->order->order,
	};
	telling->key[telling->n] = fold_key(telling->fold, metric, which);
	telling->n++;
	return event;
}

static void add_placed(struct telling *telling)
{
	const struct order *order = telling->order;

	add(telling, METRIC_PLACED_ORDER, unique_id(telling, "", STR("")), order->placed_ms, STR(""));
	for (size_t i = 0; i < order->order->n_line; i++) {
		const struct activity_line *line = &order->order->line[i];
		struct activity_event *event;

		event = add(telling, METRIC_ORDERED_PRODUCT, unique_id(telling, "", line->line_id),
			    order->placed_ms, line->line_id);
		if (event)
			event->line = line;
	}
}

/* ---- refunds ---- */

static bool is_refund(const struct order_step *step)
{
	return step->kind == STEP_REFUND || step->kind == STEP_REFUNDED;
}

/* Tells this refund from all others of the order. */
static struct str refund_name(const struct telling *telling, const struct order_step *step)
{
	if (step->kind == STEP_REFUNDED)
		return STR("refunded");
	return arena_printf(telling->fold->arena, "refund.%.*s", STR_ARG(step->step.id));
}

static const struct root_sent *sent_refund(const struct telling *telling, struct str unique)
{
	const char *name = metric_row(METRIC_REFUNDED_ORDER)->name;

	return fold_sent(telling->fold, KLAVIYO_EVENT,
			 arena_printf(telling->fold->arena, "%s|%.*s", name, STR_ARG(unique)));
}

static bool has_key(const struct telling *telling, const struct root_sent *sent,
		    const struct order_step *step)
{
	return digest16_eq(sent->wanted,
			   fold_key(telling->fold, METRIC_REFUNDED_ORDER, refund_name(telling, step)));
}

static bool was_told(const struct telling *telling, const struct order_step *step)
{
	const struct root_sent *first = sent_refund(telling, unique_id(telling, "", STR("")));

	return (first && has_key(telling, first, step)) ||
	       sent_refund(telling, unique_id(telling, REFUND_MIDDLE, step->step.id));
}

/* What the parts leave of the total; not known if there are none or the total is not known. */
static struct activity_amount refund_rest(const struct order *order)
{
	struct activity_amount rest = { 0 };

	for (size_t i = 0; i < order->n_step && order->order->total.known; i++) {
		const struct order_step *step = &order->step[i];

		if (step->kind != STEP_REFUND || !step->step.amount.known)
			continue;
		if (!rest.known)
			rest = order->order->total;
		rest.amount.minor -= step->step.amount.amount.minor;
	}
	return rest;
}

/* Is this refund to be told at all? */
static bool is_wanted(const struct telling *telling, const struct order_step *step)
{
	struct activity_amount rest;

	if (was_told(telling, step))
		return true;
	if (step->kind == STEP_REFUND)
		return !telling->refunded || !was_told(telling, telling->refunded);
	rest = refund_rest(telling->order);
	return !rest.known || rest.amount.minor > 0;
}

static void find_refunds(struct telling *telling)
{
	const struct root_sent *sent = sent_refund(telling, unique_id(telling, "", STR("")));
	bool is_known = sent && !digest16_is_zero(sent->wanted);

	for (size_t i = 0; i < telling->order->n_step; i++)
		if (telling->order->step[i].kind == STEP_REFUNDED)
			telling->refunded = &telling->order->step[i];
	for (size_t i = 0; i < telling->order->n_step; i++) {
		const struct order_step *step = &telling->order->step[i];

		if (!is_refund(step) || telling->first_refund)
			continue;
		if (is_known ? has_key(telling, sent, step) : is_wanted(telling, step))
			telling->first_refund = step;
	}
}

static struct activity_amount refund_amount(const struct telling *telling, const struct order_step *step)
{
	struct activity_amount rest;

	if (step->kind == STEP_REFUND)
		return step->step.amount;
	rest = refund_rest(telling->order);
	if (rest.known)
		return rest;
	return step->step.amount.known ? step->step.amount : telling->order->order->total;
}

static void add_refund(struct telling *telling, const struct order_step *step)
{
	bool is_first = step == telling->first_refund;
	struct str own = unique_id(telling, REFUND_MIDDLE, step->step.id);
	struct activity_step *told = ARENA_NEW(telling->fold->arena, struct activity_step);
	struct activity_event *event;

	if (!is_wanted(telling, step)) {
		if (step->kind == STEP_REFUND)
			fold_note(telling->fold, "refund \"%.*s\" is left out: all was refunded before",
				  STR_ARG(step->step.id));
		return;
	}
	*told = step->step;
	told->amount = refund_amount(telling, step);
	event = add(telling, METRIC_REFUNDED_ORDER, is_first ? unique_id(telling, "", STR("")) : own,
		    step->at_ms, refund_name(telling, step));
	if (event)
		event->step = told;
	if (!step->step.partial)
		return;
	event = add(telling, METRIC_PARTIALLY_REFUNDED_ORDER, own, step->at_ms, refund_name(telling, step));
	if (!event)
		return;
	told = ARENA_NEW(telling->fold->arena, struct activity_step);
	*told = step->step;
	told->amount = (struct activity_amount){ 0 };
	event->step = told;
}

/* ---- all steps ---- */

static void add_step_as(struct telling *telling, const struct order_step *step, enum metric metric)
{
	const char *middle = step_row[step->kind].middle;
	struct activity_event *event;

	event = add(telling, metric, unique_id(telling, middle, step->step.id), step->at_ms, step->step.id);
	if (event)
		event->step = &step->step;
}

static void add_step(struct telling *telling, const struct order_step *step)
{
	if (is_refund(step)) {
		add_refund(telling, step);
		return;
	}
	if (step->kind == STEP_SHIPMENT && step->step.partial)
		add_step_as(telling, step, METRIC_PARTIALLY_FULFILLED_ORDER);
	/* A payment of all is no part: "paid" tells of it. */
	if (step->kind != STEP_PAYMENT || step->step.partial)
		add_step_as(telling, step, step_row[step->kind].metric);
}

void order_events(struct fold *fold, const struct order *order)
{
	size_t max = 1 + order->order->n_line + 2 * order->n_step;
	struct telling telling = {
		.fold = fold,
		.order = order,
		.event = ARENA_ARRAY(fold->arena, max, struct activity_event),
		.key = ARENA_ARRAY(fold->arena, max, struct digest16),
		.part = ARENA_ARRAY(fold->arena, max, struct str),
	};

	find_refunds(&telling);
	add_placed(&telling);
	for (size_t i = 0; i < order->n_step; i++)
		add_step(&telling, &order->step[i]);
	fold->view->event = telling.event;
	fold->view->event_key = telling.key;
	fold->view->event_part = telling.part;
	fold->view->n_event = telling.n;
}
