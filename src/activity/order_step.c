/*
 * What became of an order: payments, shipments, cancellation, refunds, in the order of their time.
 *
 * Keeps:   whatever became of an order, it was placed: at the time of that fact, else of its base, else of
 *          its first step. A step without a time is none.
 * Pure.
 */
#include "activity/fold_internal.h"

#include "base/attr.h"

#include <stdlib.h>

static const struct {
	const char *part;
	enum order_step_kind kind;
	bool keyed;
} kind_row[] = {
	{ "payment", STEP_PAYMENT, true },	{ "paid", STEP_PAID, false },
	{ "shipment", STEP_SHIPMENT, true },	{ "fulfilled", STEP_FULFILLED, false },
	{ "cancelled", STEP_CANCELLED, false }, { "refund", STEP_REFUND, true },
	{ "refunded", STEP_REFUNDED, false },
};

static bool step_kind(const struct fold_fact *fact, enum order_step_kind *kind, struct str *id)
{
	*id = (struct str){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(kind_row) && fact->body; i++) {
		*kind = kind_row[i].kind;
		if (kind_row[i].keyed && fold_part_key(fact, kind_row[i].part, id))
			return true;
		if (!kind_row[i].keyed && str_eq(fact->row->part, str_from(kind_row[i].part)))
			return true;
	}
	return false;
}

/* ---- lines of a step ---- */

static const struct activity_line *line_of(const struct activity_order *order, struct str line_id)
{
	for (size_t i = 0; i < order->n_line; i++)
		if (str_eq(order->line[i].line_id, line_id))
			return &order->line[i];
	return NULL;
}

/* A line of the order with the quantity of this step. */
static bool read_line(struct fold *fold, const struct order *order, const struct json *json,
		      struct activity_line *out)
{
	const struct activity_line *line = line_of(order->order, fold_text(fold, json, "line_id"));
	struct str text = fold_text(fold, json, "quantity");
	struct activity_amount unit, none = { 0 };
	int64_t quantity;

	if (!line)
		return false;
	*out = *line;
	if (!fold_quantity(fold, text, &text, &quantity) || str_eq(text, line->quantity))
		return true;
	out->quantity = text;
	unit = (struct activity_amount){ line->has_price, line->unit_price };
	line_price(out, &unit, &none, quantity);
	return true;
}

static int64_t quantity_of(const struct fold *fold, const struct activity_line *line)
{
	int64_t quantity = 0;
	struct str text;

	return fold_quantity(fold, line->quantity, &text, &quantity) ? quantity : 0;
}

/* Is the whole of this line of the order among the lines of the step? */
static bool is_covered(const struct fold *fold, const struct activity_step *step,
		       const struct activity_line *line)
{
	int64_t sum = 0;

	for (size_t i = 0; i < step->n_line; i++)
		if (str_eq(step->line[i].line_id, line->line_id))
			sum += quantity_of(fold, &step->line[i]);
	return sum >= quantity_of(fold, line);
}

static void read_lines(struct fold *fold, const struct order *order, const struct json *list,
		       struct order_step *step)
{
	size_t n = json_type(list) == JSON_ARRAY ? json_len(list) : 0, kept = 0;
	struct activity_line *line;

	step->covers = true;
	if (n > FOLD_LINES_MAX)
		n = FOLD_LINES_MAX;
	line = ARENA_ARRAY(fold->arena, n, struct activity_line);
	for (size_t i = 0; i < n; i++) {
		if (read_line(fold, order, json_at(list, i), &line[kept]))
			kept++;
		else
			fold_note(fold, "\"%.*s\" names a line that the order does not have",
				  STR_ARG(step->step.id));
	}
	step->step.line = line;
	step->step.n_line = kept;
	for (size_t i = 0; i < order->order->n_line && n > 0 && step->covers; i++)
		step->covers = is_covered(fold, &step->step, &order->order->line[i]);
}

/* ---- steps ---- */

/* Does this amount leave something of the total? Where one of them is not known the lines tell. */
static bool is_partial(const struct order *order, const struct order_step *step)
{
	const struct activity_amount *total = &order->order->total;

	if (step->kind == STEP_SHIPMENT)
		return !step->covers;
	if (step->kind != STEP_PAYMENT && step->kind != STEP_REFUND)
		return false;
	if (step->step.amount.known && total->known)
		return step->step.amount.amount.minor < total->amount.minor;
	return true;
}

static bool read_step(struct fold *fold, const struct order *order, const struct fold_fact *fact,
		      struct order_step *out)
{
	struct str currency = order->order->currency, id;
	const struct json *body = fact->body;

	*out = (struct order_step){ 0 };
	if (!step_kind(fact, &out->kind, &id))
		return false;
	if (!fold_time(fold, body, "at", &out->at_ms)) {
		fold_note(fold, "\"%.*s\" does not say when", STR_ARG(fact->row->part));
		return false;
	}
	out->step = (struct activity_step){
		.id = id,
		.amount = fold_amount(fold, body, "amount", currency),
		.reason = fold_text(fold, body, "reason"),
		.carrier = fold_text(fold, body, "carrier"),
		.method = fold_text(fold, body, "method"),
		.tracking_number = fold_text(fold, body, "tracking_number"),
		.tracking_url = fold_text(fold, body, "tracking_url"),
	};
	read_lines(fold, order, json_get(body, "lines"), out);
	out->step.partial = is_partial(order, out);
	return true;
}

static int compare_step(const void *left, const void *right)
{
	const struct order_step *a = left;
	const struct order_step *b = right;

	if (a->at_ms != b->at_ms)
		return a->at_ms < b->at_ms ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return str_cmp(a->step.id, b->step.id);
}

static int64_t placed_at(struct fold *fold, const struct order *order)
{
	const struct fold_fact *placed = fold_part(fold, "placed");
	const struct fold_fact *base = fold_part(fold, "base");
	int64_t at_ms;

	if (placed && fold_time(fold, placed->body, "at", &at_ms))
		return at_ms;
	if ((placed || order->n_step > 0) && base && fold_time(fold, base->body, "placed_at", &at_ms))
		return at_ms;
	if (order->n_step > 0)
		return order->step[0].at_ms;
	if (placed)
		fold_note(fold, "\"placed\" does not say when");
	return 0;
}

void order_steps_read(struct fold *fold, struct order *order)
{
	order->step = ARENA_ARRAY(fold->arena, fold->n_fact, struct order_step);
	for (size_t i = 0; i < fold->n_fact; i++)
		if (read_step(fold, order, &fold->fact[i], &order->step[order->n_step]))
			order->n_step++;
	if (order->n_step > 1)
		qsort(order->step, order->n_step, sizeof(order->step[0]), compare_step);
	order->placed_ms = placed_at(fold, order);
}
