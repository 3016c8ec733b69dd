/*
 * An order out of a shop's export: what it is, and what happened to it.
 *
 * An export tells the order's state in the shop's words, and sometimes when it was reached. What it does not
 * say happened when the order was placed: the only time that is known, and never too late.
 * Keeps:   a word that nobody knows rejects the order, because it may be one that was never placed.
 * Pure.
 * Source:  order statuses of Shopify, WooCommerce, Magento, BigCommerce, Shopware and OpenCart as their
 *          exports write them.
 */
#include "import/row.h"

#include "base/attr.h"
#include "base/json.h"

enum reached {
	REACHED_PENDING,
	REACHED_PLACED,
	REACHED_PAID,
	REACHED_FULFILLED,
	REACHED_CANCELLED,
	REACHED_REFUNDED,
	REACHED_PART_REFUNDED,
	REACHED_UNKNOWN
};

static const struct {
	const char *words;
	enum reached reached;
} words[] = {
	{ "pending|pending payment|pending_payment|on "
	  "hold|on-hold|unpaid|failed|draft|checkout-draft|expired|"
	  "awaiting payment|abandoned|missing orders|incomplete|manual verification required|payment "
	  "review|payment_review|suspected fraud|fraud",
	  REACHED_PENDING },
	{ "placed|authorized|new|open|created|received|partially_paid|partially paid|unfulfilled|partial|"
	  "partially_fulfilled|in_transit|in_progress|in progress",
	  REACHED_PLACED },
	{ "paid|processing|processed|awaiting fulfillment|awaiting shipment|awaiting pickup|partially "
	  "shipped|disputed",
	  REACHED_PAID },
	{ "fulfilled|completed|complete|shipped|delivered|closed|done", REACHED_FULFILLED },
	{ "cancelled|canceled|cancelled reversal|voided|denied|declined|reversed|chargeback",
	  REACHED_CANCELLED },
	{ "refunded", REACHED_REFUNDED },
	{ "partially_refunded|partially refunded", REACHED_PART_REFUNDED },
};

static enum reached reached_by(struct str word)
{
	if (str_starts(word, STR("wc-")))
		word = str_skip(word, 3);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct str rest = str_from(words[i].words), one;

		while (str_split(&rest, '|', &one))
			if (str_eq_nocase(one, word))
				return words[i].reached;
	}
	return REACHED_UNKNOWN;
}

/* The store's own setting comes first: "Versendet=fulfilled, ...". */
static enum reached reached_of(struct str word, struct str states)
{
	struct str pair;

	while (str_split(&states, ',', &pair)) {
		size_t equals = str_find_char(pair, '=');

		if (equals < pair.len && str_eq_nocase(str_trim(str_of(pair.p, equals)), word))
			return reached_by(str_trim(str_skip(pair, equals + 1)));
	}
	return reached_by(word);
}

/* Shopify says in two columns what others say in one, and calls pending what was placed and is unpaid. */
static enum reached judge(struct assembly *assembly)
{
	const struct row_facts *fact = &assembly->fact;
	enum reached reached;

	if (fact->status.len == 0)
		return REACHED_PLACED;
	reached = reached_of(fact->status, assembly->rules->options->order_states);
	if (reached == REACHED_PENDING && str_eq_nocase(fact->status, STR("pending")) &&
	    fact->fulfillment.len)
		return REACHED_PLACED;
	if (reached == REACHED_UNKNOWN)
		assembly_fail(assembly, STR("status"),
			      "'%.*s' is no known status: name it in the store's setting order_states",
			      STR_ARG(fact->status));
	return reached;
}

struct telling {
	struct assembly *assembly;
	struct import_message *message;
	size_t *n;
};

/* {"order_id":..,"TIME":..,MORE} as a message of its own. */
static void tell(const struct telling *telling, const char *type, const char *time, int64_t at_ms,
		 struct str more)
{
	struct assembly *assembly = telling->assembly;
	struct strbuf *head = &assembly->head;

	strbuf_reset(head);
	strbuf_add_char(head, '{');
	assembly_put_text(assembly, "order_id", assembly->fact.id);
	assembly_put_time(assembly, time, at_ms);
	strbuf_add_text(head, ",\"historical\":true");
	strbuf_add_str(head, more);
	strbuf_add_char(head, '}');
	telling->message[(*telling->n)++] = import_envelope(type, at_ms, strbuf_str(head), assembly->arena);
}

static bool has_amount(struct str amount)
{
	for (size_t i = 0; i < amount.len; i++)
		if (amount.p[i] >= '1' && amount.p[i] <= '9')
			return true;
	return false;
}

static struct str amount_member(struct assembly *assembly, struct str amount)
{
	return has_amount(amount) ? arena_printf(assembly->arena, ",\"amount\":\"%.*s\"", STR_ARG(amount))
				  : STR("");
}

static struct str shipping_members(struct assembly *assembly)
{
	const struct row_facts *fact = &assembly->fact;
	struct strbuf text;
	struct str out;

	strbuf_init(&text, 4096);
	if (fact->carrier.len) {
		strbuf_add_text(&text, ",\"carrier\":");
		json_write_text(fact->carrier, &text);
	}
	if (fact->tracking.len) {
		strbuf_add_text(&text, ",\"tracking_number\":");
		json_write_text(fact->tracking, &text);
	}
	out = arena_dup(assembly->arena, strbuf_str(&text));
	strbuf_release(&text);
	return out;
}

static void tell_refund(const struct telling *telling, enum reached reached, int64_t placed_ms)
{
	struct assembly *assembly = telling->assembly;
	const struct row_facts *fact = &assembly->fact;
	int64_t at_ms = fact->refunded_ms ? fact->refunded_ms : placed_ms;
	bool whole = reached == REACHED_REFUNDED ||
		     (has_amount(fact->refunded) && str_eq(fact->refunded, fact->total));

	if (whole)
		tell(telling, "order.refunded", "refunded_at", at_ms,
		     amount_member(assembly, has_amount(fact->refunded) ? fact->refunded : fact->total));
	else if (has_amount(fact->refunded))
		tell(telling, "order.partially_refunded", "refunded_at", at_ms,
		     arena_printf(assembly->arena, ",\"refund\":{\"id\":\"import\"%.*s}",
				  STR_ARG(amount_member(assembly, fact->refunded))));
}

static int64_t or_placed(int64_t at_ms, int64_t placed_ms)
{
	return at_ms ? at_ms : placed_ms;
}

static void tell_steps(const struct telling *telling, enum reached reached, int64_t placed_ms)
{
	const struct row_facts *fact = &telling->assembly->fact;
	bool fulfilled = reached == REACHED_FULFILLED || str_eq_nocase(fact->fulfillment, STR("fulfilled"));

	if (reached == REACHED_PAID || fact->paid_ms)
		tell(telling, "order.paid", "paid_at", or_placed(fact->paid_ms, placed_ms), STR(""));
	if (fulfilled || fact->fulfilled_ms)
		tell(telling, "order.fulfilled", "fulfilled_at", or_placed(fact->fulfilled_ms, placed_ms),
		     shipping_members(telling->assembly));
	if (reached == REACHED_CANCELLED || fact->cancelled_ms)
		tell(telling, "order.cancelled", "cancelled_at", or_placed(fact->cancelled_ms, placed_ms),
		     STR(""));
	tell_refund(telling, reached, placed_ms);
}

void assembly_orders(struct assembly *assembly, struct import_message *message, size_t *n)
{
	struct telling telling = { assembly, message, n };
	struct row_facts *fact = &assembly->fact;
	struct strbuf *head = &assembly->head;
	enum reached reached = judge(assembly);

	if (fact->placed_ms == 0)
		assembly_fail(assembly, STR("placed_at"), "it is not said when the order was placed");
	if (assembly->failed)
		return;
	if (fact->currency.len == 0)
		assembly_put_text(assembly, "currency", assembly->rules->options->currency);
	if (fact->status.len)
		assembly_put_text(assembly, "status_raw", fact->status);
	strbuf_add_text(head, ",\"historical\":true");
	if (reached == REACHED_PENDING)
		strbuf_add_text(head, ",\"state\":\"pending\"");
	if (assembly->n_child) {
		strbuf_add_text(head, ",\"lines\":[");
		strbuf_add_str(head, strbuf_str(&assembly->children));
		strbuf_add_char(head, ']');
	}
	strbuf_add_char(head, '}');
	message[(*n)++] = import_envelope(reached == REACHED_PENDING ? "order.updated" : "order.placed",
					  fact->placed_ms, strbuf_str(head), assembly->arena);
	if (reached != REACHED_PENDING)
		tell_steps(&telling, reached, fact->placed_ms);
}
