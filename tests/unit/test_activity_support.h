#ifndef PANNIER_TESTS_UNIT_TEST_ACTIVITY_SUPPORT_H
#define PANNIER_TESTS_UNIT_TEST_ACTIVITY_SUPPORT_H

/*
 * What the tests of src/activity share: a root put together fact by fact, merged, and shown as text.
 * Bodies are written with ' for " to be readable.
 */
#include "activity/merge.h"
#include "base/attr.h"
#include "base/clock.h"
#include "base/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SUPPORT_MAX 64
#define SUPPORT_NOW INT64_C(1785405600000) /* 2026-07-30T10:00:00Z */

struct support {
	struct arena arena;
	struct activity_rules rules;
	struct root_fact fact[SUPPORT_MAX];
	struct root_sent sent[SUPPORT_MAX];
	struct activity_product product[SUPPORT_MAX];
	size_t n_product;
	struct catalog_root root;
	int64_t now_ms;
	struct activity_view view;
};

static inline void support_open(struct support *support, enum entity_kind kind, const char *id)
{
	*support = (struct support){ .now_ms = SUPPORT_NOW };
	arena_init(&support->arena);
	support->root.root = (struct entity){ kind, str_from(id) };
	support->root.fact = support->fact;
	support->root.sent = support->sent;
	support->rules.send_profiles = true;
	support->rules.send_consent = true;
	support->rules.consent_source = STR("shop");
	for (int i = 0; i < METRIC_COUNT; i++)
		support->rules.metric_on[i] = metric_row((enum metric)i)->on;
}

static inline void support_close(struct support *support)
{
	arena_release(&support->arena);
}

static inline struct str support_json(struct support *support, const char *text)
{
	char *copy = arena_cstr(&support->arena, str_from(text));

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	return str_from(copy);
}

static inline void support_versioned(struct support *support, const char *part, int64_t version, int64_t seq,
				     const char *body)
{
	assert_true(support->root.n_fact < SUPPORT_MAX);
	support->fact[support->root.n_fact++] = (struct root_fact){
		.entity = support->root.root,
		.part = str_from(part),
		.version = version,
		.seq = seq,
		.body = support_json(support, body),
	};
}

/* Later calls are later messages. */
static inline void support_fact(struct support *support, const char *part, const char *body)
{
	support_versioned(support, part, 0, (int64_t)support->root.n_fact + 1, body);
}

static inline void support_sent(struct support *support, enum klaviyo_kind kind, const char *external_id,
				struct digest16 wanted, bool deleted)
{
	assert_true(support->root.n_sent < SUPPORT_MAX);
	support->sent[support->root.n_sent++] = (struct root_sent){
		.kind = kind,
		.external_id = arena_dup(&support->arena, str_from(external_id)),
		.exists = !deleted,
		.wanted_deleted = deleted,
		.wanted = wanted,
	};
}

static inline void support_product(struct support *support, struct activity_product product)
{
	assert_true(support->n_product < SUPPORT_MAX);
	support->product[support->n_product++] = product;
}

static inline const struct activity_view *support_merge(struct support *support)
{
	activity_merge(&support->rules, &support->root, support->product, support->n_product, support->now_ms,
		       &support->arena, &support->view);
	return &support->view;
}

/* got and want in the message. */
static inline void support_equal(struct str got, const char *want, const char *what)
{
	if (!str_eq(got, str_from(want)))
		fail_msg("%s\n   got: %.*s\n  want: %s", what, STR_ARG(got), want);
}

static inline bool support_contains(struct str text, const char *part)
{
	size_t len = strlen(part);

	for (size_t i = 0; i + len <= text.len; i++)
		if (memcmp(text.p + i, part, len) == 0)
			return true;
	return false;
}

static inline struct str support_amount(struct support *support, struct activity_amount amount)
{
	return amount.known ? money_text(amount.amount, &support->arena) : STR("-");
}

/* "Placed Order 1000; Ordered Product 1000:a; Refunded Order 1000 5.00": what is told, with the step's amount. */
static inline struct str support_events(struct support *support)
{
	const struct activity_view *view = &support->view;
	struct str text = { 0 };

	for (size_t i = 0; i < view->n_event; i++) {
		const struct activity_event *event = &view->event[i];

		text = arena_printf(&support->arena, "%.*s%s%s %.*s", STR_ARG(text), i > 0 ? "; " : "",
				    metric_row(event->metric)->name, STR_ARG(event->unique_id));
		if (event->step && event->step->amount.known)
			text = arena_printf(&support->arena, "%.*s %.*s", STR_ARG(text),
					    STR_ARG(support_amount(support, event->step->amount)));
	}
	return text;
}

static inline void support_show_line(struct strbuf *out, struct support *support,
				     const struct activity_line *line)
{
	struct activity_amount unit = { line->has_price, line->unit_price };
	struct activity_amount total = { line->has_price, line->row_total };
	struct activity_amount compare = { line->has_compare_at_price, line->compare_at_price };

	strbuf_addf(out, "{%.*s|%.*s|%.*s|%.*s|%.*s|%.*s|%.*s x ", STR_ARG(line->line_id),
		    STR_ARG(line->product_id), STR_ARG(line->variant_id), STR_ARG(line->sku),
		    STR_ARG(line->name), STR_ARG(line->variant_name), STR_ARG(line->quantity));
	strbuf_addf(out, "%.*s = %.*s", STR_ARG(support_amount(support, unit)),
		    STR_ARG(support_amount(support, total)));
	if (compare.known)
		strbuf_addf(out, " was %.*s", STR_ARG(support_amount(support, compare)));
	strbuf_addf(out, "|%.*s|", STR_ARG(line->brand));
	for (size_t i = 0; i < line->n_category; i++)
		strbuf_addf(out, "%s%.*s", i > 0 ? "," : "", STR_ARG(line->category[i]));
	strbuf_addf(out, "|%.*s|%.*s}", STR_ARG(line->image_url), STR_ARG(line->product_url));
}

static inline void support_show_address(struct strbuf *out, const struct address *address)
{
	strbuf_addf(out, "[%.*s|%.*s|%.*s|%.*s|%.*s|%.*s|", STR_ARG(address->first_name),
		    STR_ARG(address->last_name), STR_ARG(address->company), STR_ARG(address->address1),
		    STR_ARG(address->address2), STR_ARG(address->city));
	strbuf_addf(out, "%.*s|%.*s|%.*s|%.*s|%.*s|%.*s]", STR_ARG(address->region),
		    STR_ARG(address->region_code), STR_ARG(address->country), STR_ARG(address->country_code),
		    STR_ARG(address->zip), STR_ARG(address->phone));
}

static inline void support_show_profile(struct strbuf *out, const struct activity_profile *profile)
{
	strbuf_addf(out, "<%.*s|%.*s|%.*s|%.*s|%.*s %.*s|%.*s|%.*s|%.*s|", STR_ARG(profile->email),
		    STR_ARG(profile->phone), STR_ARG(profile->external_id), STR_ARG(profile->exchange_id),
		    STR_ARG(profile->first_name), STR_ARG(profile->last_name), STR_ARG(profile->organization),
		    STR_ARG(profile->title), STR_ARG(profile->locale));
	support_show_address(out, &profile->address);
	for (size_t i = 0; i < profile->n_property; i++)
		strbuf_addf(out, "|%.*s=%.*s", STR_ARG(profile->property[i].name),
			    STR_ARG(profile->property[i].value));
	strbuf_add_text(out, ">");
}

static inline struct str support_profile(struct support *support, const struct activity_profile *profile)
{
	struct strbuf out;
	struct str text;

	strbuf_init(&out, 1 << 20);
	support_show_profile(&out, profile);
	text = arena_dup(&support->arena, strbuf_str(&out));
	strbuf_release(&out);
	return text;
}

static inline struct str support_line(struct support *support, const struct activity_line *line)
{
	struct strbuf out;
	struct str text;

	strbuf_init(&out, 1 << 20);
	support_show_line(&out, support, line);
	text = arena_dup(&support->arena, strbuf_str(&out));
	strbuf_release(&out);
	return text;
}

static inline void support_show_step(struct strbuf *out, struct support *support,
				     const struct activity_step *step)
{
	strbuf_addf(out, " step %.*s %.*s %.*s %.*s %.*s %.*s%s", STR_ARG(step->id),
		    STR_ARG(support_amount(support, step->amount)), STR_ARG(step->reason),
		    STR_ARG(step->carrier), STR_ARG(step->tracking_number), STR_ARG(step->tracking_url),
		    step->partial ? " partial" : "");
	for (size_t i = 0; i < step->n_line; i++)
		support_show_line(out, support, &step->line[i]);
}

static inline void support_show_order(struct strbuf *out, struct support *support,
				      const struct activity_order *order)
{
	strbuf_addf(out, " order %.*s %.*s %.*s %.*s", STR_ARG(order->order_id), STR_ARG(order->order_number),
		    STR_ARG(order->currency), STR_ARG(support_amount(support, order->total)));
	support_show_address(out, &order->billing);
	support_show_address(out, &order->shipping_address);
	for (size_t i = 0; i < order->n_line; i++)
		support_show_line(out, support, &order->line[i]);
}

static inline void support_show_event(struct strbuf *out, struct support *support,
				      const struct activity_event *event)
{
	strbuf_addf(out, "\n%s %.*s at %lld%s ", metric_row(event->metric)->name, STR_ARG(event->unique_id),
		    (long long)event->time_ms, event->history ? " history" : "");
	support_show_profile(out, &event->profile);
	if (event->order)
		support_show_order(out, support, event->order);
	if (event->step)
		support_show_step(out, support, event->step);
	if (event->line)
		support_show_line(out, support, event->line);
	if (event->cart) {
		strbuf_addf(out, " cart %.*s %.*s", STR_ARG(event->cart->cart_id),
			    STR_ARG(event->cart->checkout_url));
		for (size_t i = 0; i < event->cart->n_line; i++)
			support_show_line(out, support, &event->cart->line[i]);
	}
}

static inline struct str support_hex(struct support *support, struct digest16 digest)
{
	char hex[2 * sizeof(digest.byte) + 1];

	hex_encode(digest.byte, sizeof(digest.byte), hex);
	return arena_dup(&support->arena, str_from(hex));
}

/* All of a view. */
static inline struct str support_view(struct support *support)
{
	const struct activity_view *view = &support->view;
	struct strbuf out;
	struct str text;

	strbuf_init(&out, 1 << 20);
	strbuf_addf(&out, "held: %.*s; again: %lld; note: %.*s; %s", STR_ARG(view->held),
		    (long long)view->again_ms, STR_ARG(view->note), view->erase ? "erase " : "");
	for (size_t i = 0; i < view->n_event; i++) {
		support_show_event(&out, support, &view->event[i]);
		strbuf_addf(&out, " key %.*s part %.*s", STR_ARG(support_hex(support, view->event_key[i])),
			    STR_ARG(view->event_part[i]));
	}
	if (view->has_profile)
		support_show_profile(&out, &view->profile);
	for (size_t i = 0; i < view->n_consent; i++)
		strbuf_addf(&out, "\nconsent %s %.*s %d at %lld key %.*s",
			    consent_channel_text(view->consent[i].channel), STR_ARG(view->consent[i].address),
			    view->consent[i].subscribed, (long long)view->consent[i].at_ms,
			    STR_ARG(support_hex(support, view->consent_key[i])));
	text = arena_dup(&support->arena, strbuf_str(&out));
	strbuf_release(&out);
	return text;
}

/* The facts of a support in another order, some of them twice. */
static inline void support_shuffle(struct support *support, const size_t *place, size_t n, bool twice)
{
	struct root_fact was[SUPPORT_MAX];
	size_t n_was = support->root.n_fact;

	assert_true(n == n_was && 2 * n <= SUPPORT_MAX);
	memcpy(was, support->fact, sizeof(was));
	for (size_t i = 0; i < n; i++)
		support->fact[i] = was[place[i]];
	for (size_t i = 0; twice && i < n; i++)
		support->fact[n + i] = was[place[n - 1 - i]];
	support->root.n_fact = twice ? 2 * n : n;
}

#endif
