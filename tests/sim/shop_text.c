/*
 * What a shop says: messages of the generic platform.
 */
#include "sim/shop.h"

#include "sim/defaults.h"
#include "sim/moves.h"
#include "sim/reader.h"
#include "sim/sim.h"

#include <inttypes.h>
#include <stdio.h>

static void put_time(struct strbuf *out, int64_t at_ms)
{
	strbuf_add_char(out, '"');
	time_format_rfc3339(at_ms, out);
	strbuf_add_char(out, '"');
}

void shop_message_id(int number, int64_t message, char *out, size_t size)
{
	(void)snprintf(out, size, "s%d-m%" PRId64, number, message);
}

static void open_message(struct shop *one, const char *type, int64_t at_ms, struct strbuf *out)
{
	char id[24];

	shop_message_id(one->number, one->n_message++, id, sizeof(id));
	strbuf_addf(out, "{\"id\":\"%s\",\"type\":\"%s\",\"timestamp\":", id, type);
	put_time(out, at_ms);
	strbuf_add_text(out, ",\"data\":{");
}

static void put_amount(struct strbuf *out, const char *name, int64_t cents)
{
	strbuf_addf(out, "\"%s\":\"%" PRId64 ".%02" PRId64 "\"", name, cents / 100, cents % 100);
}

static void put_variant(const struct shop *one, int product, int variant, struct strbuf *out)
{
	const struct product *from = &one->product[product];

	strbuf_addf(out, "{\"id\":\"s%d-p%d-v%d\",\"title\":\"Variant v%" PRId64 "\",", one->number, product,
		    variant, from->version);
	put_amount(out, "price", defaults_said_cents(from->variant[variant].cents));
	if (readers_are_wanted())
		strbuf_addf(out, ",\"sku\":\"" SHOP_SKU "\"", one->number, product, variant, from->version);
	strbuf_addf(out, ",\"stock\":%" PRId64 "}", from->variant[variant].stock);
}

void shop_write_product(struct shop *one, int product, struct strbuf *out)
{
	const struct product *from = &one->product[product];
	bool first = true;

	open_message(one, "product.upserted", one->newest_ms, out);
	strbuf_addf(out,
		    "\"id\":\"s%d-p%d\",\"title\":\"%s s%d-p%d v%" PRId64
		    "\",\"url\":\"https://shop.example/%d\","
		    "\"image\":\"https://shop.example/%d.jpg\",\"currency\":\"EUR\",\"categories\":[",
		    one->number, product, from->poison ? "POISON" : "Thing", one->number, product,
		    from->version, product, product);
	for (int i = 0; i < CATEGORIES; i++) {
		if (!from->in_category[i])
			continue;
		strbuf_addf(out, "%s\"s%d-c%d\"", first ? "" : ",", one->number, i);
		first = false;
	}
	strbuf_add_text(out, "],\"variants\":[");
	first = true;
	for (int i = 0; i < VARIANTS_MAX; i++) {
		if (!from->variant[i].exists)
			continue;
		strbuf_add_text(out, first ? "" : ",");
		put_variant(one, product, i, out);
		first = false;
	}
	strbuf_add_text(out, "]}}");
}

void shop_write_deleted(struct shop *one, int product, struct strbuf *out)
{
	open_message(one, "product.deleted", one->newest_ms, out);
	strbuf_addf(out, "\"id\":\"s%d-p%d\"}}", one->number, product);
}

void shop_write_price(struct shop *one, int product, int variant, struct strbuf *out)
{
	open_message(one, "price.changed", one->newest_ms, out);
	strbuf_addf(out, "\"variant_id\":\"s%d-p%d-v%d\",\"product_id\":\"s%d-p%d\",\"currency\":\"EUR\",",
		    one->number, product, variant, one->number, product);
	put_amount(out, "price", defaults_said_cents(one->product[product].variant[variant].cents));
	strbuf_add_text(out, "}}");
}

void shop_write_stock(struct shop *one, int product, int variant, struct strbuf *out)
{
	open_message(one, "stock.changed", one->newest_ms, out);
	strbuf_addf(out, "\"variant_id\":\"s%d-p%d-v%d\",\"stock\":%" PRId64 "}}", one->number, product,
		    variant, one->product[product].variant[variant].stock);
}

void shop_write_category(struct shop *one, int category, struct strbuf *out)
{
	open_message(one, "category.upserted", one->newest_ms, out);
	strbuf_addf(out, "\"id\":\"s%d-c%d\",\"title\":\"Shelf s%d-c%d v%" PRId64 "\"}}", one->number,
		    category, one->number, category, one->category_version[category]);
}

void shop_write_order(struct shop *one, int order, enum order_state state, struct strbuf *out)
{
	static const char *const type[] = { "order.placed", "order.fulfilled", "order.cancelled" };
	static const char *const time[] = { "placed_at", "fulfilled_at", "cancelled_at" };
	const struct order *from = &one->order[order];
	int64_t at_ms = state == ORDER_PLACED ? from->placed_ms : from->ended_ms;
	char customer_id[40] = "";

	open_message(one, type[state], at_ms, out);
	strbuf_addf(out, "\"order_id\":\"s%d-o%d\",\"%s\":", one->number, order, time[state]);
	put_time(out, at_ms);
	if (moves_happen())
		(void)snprintf(customer_id, sizeof(customer_id), ",\"customer_id\":\"s%d-%d\"", one->number,
			       from->person);
	if (state == ORDER_PLACED)
		strbuf_addf(out,
			    ",\"currency\":\"EUR\",\"total\":\"12.00\",\"customer\":{\"email\":\"%s\"%s},"
			    "\"lines\":[{"
			    "\"line_id\":\"1\",\"product_id\":\"s%d-p0\",\"name\":\"Thing\",\"quantity\":1,"
			    "\"unit_price\":\"12.00\",\"row_total\":\"12.00\"}]",
			    from->email, customer_id, one->number);
	strbuf_add_text(out, "}}");
}

void shop_write_person(struct shop *one, int person, struct strbuf *out)
{
	const struct person *from = &one->person[person];

	open_message(one, "customer.upserted", from->told_ms, out);
	strbuf_addf(out, "\"customer_id\":\"s%d-%d\",\"email\":\"%s\",\"first_name\":\"Ann v%" PRId64 "\"",
		    one->number, person, from->email, from->version);
	if (sim_option(OPTION_erased) > 0)
		strbuf_addf(out,
			    ",\"last_name\":\"" SHOP_LAST_NAME "\",\"phone\":\"" SHOP_PHONE
			    "\",\"country_code\":\"DE\"",
			    one->number, person, one->number, person);
	strbuf_add_text(out, "}}");
}

void shop_write_erased(struct shop *one, int person, struct strbuf *out)
{
	const struct person *from = &one->person[person];

	strbuf_addf(out,
		    "{\"id\":\"s%d-e%d-%" PRId64 "\",\"type\":\"person.erased\",\"timestamp\":", one->number,
		    person, from->erased_ms);
	put_time(out, from->erased_ms);
	strbuf_addf(out, ",\"data\":{\"email\":\"%s\",\"erased_at\":", from->email);
	put_time(out, from->erased_ms);
	strbuf_add_text(out, "}}");
}

void shop_write_consent(struct shop *one, int person, struct strbuf *out)
{
	const struct person *from = &one->person[person];

	open_message(one, "consent.changed", from->consent_ms, out);
	strbuf_addf(out,
		    "\"email\":\"%s\",\"channel\":\"email\",\"state\":\"%s\",\"consented_at\":", from->email,
		    from->subscribed ? "subscribed" : "unsubscribed");
	put_time(out, from->consent_ms);
	strbuf_add_text(out, "}}");
}
