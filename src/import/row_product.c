/*
 * Products out of assembled rows: what they cost, whether they are shown, and rows that are a variant.
 *
 * Doesn't: find out which product a variant belongs to (family.c).
 * Keeps:   a reduced price counts while its time lasts, and only then; a product that an export says is not
 *          to be seen is not published, by whichever of its columns.
 * Pure.
 * Source:  WooCommerce's product exporter; Adobe Commerce's reference of product data; Shopify's product CSV.
 */
#include "import/row.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"

#include <string.h>

/* ---- facts ---- */

static bool is_one_of(struct str word, const char *words)
{
	struct str rest = str_from(words), one;

	while (str_split(&rest, '|', &one))
		if (str_eq_nocase(one, word))
			return true;
	return false;
}

#define OPTION_ROWS(number, i) \
	{ "_option" #number, offsetof(struct row_product, option[i]) }, \
	{ \
		"_option" #number "_value", offsetof(struct row_product, value[i]) \
	}

static const struct {
	const char *member;
	size_t at;
} facts[] = {
	{ "_type", offsetof(struct row_product, type) },
	{ "_parent", offsetof(struct row_product, parent) },
	{ "_store_view", offsetof(struct row_product, store_view) },
	OPTION_ROWS(1, 0),
	OPTION_ROWS(2, 1),
	OPTION_ROWS(3, 2),
	{ "_published", offsetof(struct row_product, published) },
	{ "_visibility", offsetof(struct row_product, visibility) },
	{ "status", offsetof(struct row_product, status) },
	{ "stock", offsetof(struct row_product, stock) },
	{ "_in_stock", offsetof(struct row_product, in_stock) },
	{ "_backorders", offsetof(struct row_product, backorders) },
	{ "_price", offsetof(struct row_product, price) },
	{ "_compare_at_price", offsetof(struct row_product, compare_at_price) },
	{ "_regular_price", offsetof(struct row_product, regular_price) },
	{ "_sale_price", offsetof(struct row_product, sale_price) },
	{ "_sale_from", offsetof(struct row_product, sale_from) },
	{ "_sale_to", offsetof(struct row_product, sale_to) },
};

/* The words of WooCommerce and Magento, whose categories are names: "simple, virtual" is one of them. */
static bool is_known_type(struct str type)
{
	return is_one_of(str_trim(str_of(type.p, str_find_char(type, ','))),
			 "simple|variable|variation|grouped|external|subscription|variable-subscription|"
			 "configurable|bundle|virtual|downloadable|giftcard");
}

/* What stands between the levels of a category's names; 0: they are ids. */
static char level_of(const struct row_product *product, struct str categories)
{
	if (product->slashes)
		return '/';
	if (is_known_type(product->type))
		return '>';
	for (size_t i = 0; i + 3 <= categories.len; i++)
		if (str_eq(str_of(categories.p + i, 3), STR(" > ")))
			return '>';
	return '\0';
}

/* WooCommerce writes a line end as "\n". */
static struct str with_line_ends(struct str text, struct arena *arena)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		bool end = text.p[i] == '\\' && i + 1 < text.len && text.p[i + 1] == 'n';

		out[n++] = end ? '\n' : text.p[i];
		i += end;
	}
	return str_of(out, n);
}

/* A cell in the light of the row's type, which comes before it in the table; what of it becomes a member. */
static struct str by_type(struct assembly *assembly, const struct column *column, struct str text)
{
	struct row_product *product = &assembly->product;

	if (strcmp(column->row->member, "_type") == 0)
		product->slashes = is_known_type(text) &&
				   str_eq(column_name(column->header, assembly->arena), STR("product_type"));
	if (strcmp(column->row->member, "html") == 0 && is_known_type(product->type) && !product->slashes)
		return with_line_ends(text, assembly->arena);
	if (strcmp(column->row->member, "categories") != 0)
		return text;
	product->level = level_of(product, text);
	if (!product->level)
		return text;
	product->categories = arena_dup(assembly->arena, text);
	return STR("");
}

static void keep_fact(struct assembly *assembly, const struct column *column, struct str text)
{
	for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
		struct str *fact = (struct str *)(void *)((char *)&assembly->product + facts[i].at);

		if (strcmp(column->row->member, facts[i].member) != 0)
			continue;
		if (column->row->type != COLUMN_AMOUNT)
			*fact = arena_dup(assembly->arena, text);
		else if (!value_amount(text, assembly->rules->comma_decimal, assembly->arena, fact))
			assembly_fail(assembly, column->header, "'%.*s' is no amount",
				      STR_ARG(utf8_cut(text, 60)));
		return;
	}
}

struct str assembly_product_fact(struct assembly *assembly, const struct column *column, struct str text)
{
	keep_fact(assembly, column, text);
	return by_type(assembly, column, text);
}

/* ---- what it costs ---- */

static bool is_more_than_nothing(struct str amount)
{
	for (size_t i = 0; i < amount.len; i++)
		if (amount.p[i] >= '1' && amount.p[i] <= '9')
			return true;
	return false;
}

/* 0: no time is said. */
static int64_t sale_time(struct assembly *assembly, const char *column, struct str text)
{
	int64_t at_ms = 0;

	if (!value_time(text, assembly->rules->zone_ms, assembly->rules->days, &at_ms))
		assembly_fail(assembly, str_from(column),
			      "'%.*s' is no time, or one of two: say --dates dmy or mdy",
			      STR_ARG(utf8_cut(text, 60)));
	return at_ms;
}

/* Shops write nothing, or a price of 0, where there is no reduction; its last day, which Magento
 * writes with an hour of 12:00 AM, counts as a whole. */
static bool is_on_sale(struct assembly *assembly)
{
	const struct row_product *product = &assembly->product;
	int64_t now_ms = assembly->rules->options->now_ms, from_ms, to_ms;

	if (!is_more_than_nothing(product->sale_price))
		return false;
	from_ms = sale_time(assembly, "sale_from", product->sale_from);
	to_ms = sale_time(assembly, "sale_to", product->sale_to);
	if (to_ms != 0 && (to_ms + assembly->rules->zone_ms) % MS_PER_DAY == 0)
		to_ms += MS_PER_DAY;
	return (from_ms == 0 || from_ms <= now_ms) && (to_ms == 0 || to_ms > now_ms);
}

/* A price without a currency is none, which nobody would notice. */
static void put_currency(struct assembly *assembly, bool needed)
{
	struct str currency = assembly->rules->options->currency;

	if (assembly->fact.currency.len)
		return;
	if (needed && currency.len == 0)
		assembly_fail(assembly, STR("currency"),
			      "a price of no currency: say --currency, or map a column to currency");
	assembly_put_text(assembly, "currency", currency);
}

static void put_prices(struct assembly *assembly)
{
	const struct row_product *product = &assembly->product;
	struct str price = product->price.len ? product->price : product->regular_price;
	struct str before = product->compare_at_price;

	if (before.len == 0 && product->price.len)
		before = product->regular_price;
	if (is_on_sale(assembly)) {
		before = price.len ? price : before;
		price = product->sale_price;
	}
	assembly_put_text(assembly, "price", price);
	assembly_put_text(assembly, "compare_at_price", before);
	put_currency(assembly, price.len > 0 || product->child_price);
}

/* ---- whether it is shown ---- */

/* Drafts are -1 in WooCommerce, what waits for review 2, what Magento has disabled too. */
static void put_published(struct assembly *assembly)
{
	const struct row_product *product = &assembly->product;
	bool hidden = is_one_of(product->published, "-1|2|draft|private|pending") ||
		      is_one_of(product->status, "draft|archived|disabled");
	bool shown = true;

	/* Variants are seen on the page of their product. */
	if (product->product_id.len == 0)
		hidden |= is_one_of(product->visibility, "hidden|not visible individually");
	if (!hidden && product->published.len == 0)
		return;
	if (!hidden && !value_bool(product->published, &shown))
		assembly_fail(assembly, STR("published"), "'%.*s' is neither yes nor no",
			      STR_ARG(utf8_cut(product->published, 60)));
	strbuf_add_text(&assembly->head, shown && !hidden ? ",\"published\":true" : ",\"published\":false");
}

/* ---- whether it can be bought ---- */

/* Shops that count no stock say whether there is some. */
static void put_stock(struct assembly *assembly)
{
	const struct row_product *product = &assembly->product;
	bool there = true;

	if (product->stock.len == 0 && product->in_stock.len && value_bool(product->in_stock, &there) &&
	    !there)
		strbuf_add_text(&assembly->head, ",\"stock\":0");
	if (is_one_of(product->backorders, "1|yes|notify|true"))
		strbuf_add_text(&assembly->head, ",\"track_stock\":false");
}

/* ---- what tells a variant from others ---- */

static void put_option(struct assembly *assembly, bool *open, struct str name, struct str value)
{
	if (name.len == 0 || value.len == 0)
		return;
	strbuf_add_text(&assembly->head, *open ? "," : ",\"options\":{");
	*open = true;
	json_write_text(name, &assembly->head);
	strbuf_add_char(&assembly->head, ':');
	json_write_text(value, &assembly->head);
}

/* WooCommerce writes a comma within a value as "\,". */
static struct str without_escapes(struct str text, struct arena *arena)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] != '\\' || i + 1 >= text.len || text.p[i + 1] != ',')
			out[n++] = text.p[i];
	return str_of(out, n);
}

static void put_options(struct assembly *assembly)
{
	const struct row_product *product = &assembly->product;
	struct str rest = product->pairs, pair;
	bool open = false;

	while (str_split(&rest, ',', &pair)) {
		size_t equals = str_find_char(pair, '=');

		put_option(assembly, &open, str_trim(str_of(pair.p, equals)),
			   str_trim(str_skip(pair, equals + 1)));
	}
	for (size_t i = 0; i < ROW_OPTIONS_MAX; i++)
		put_option(assembly, &open, product->option[i],
			   without_escapes(product->value[i], assembly->arena));
	if (open)
		strbuf_add_char(&assembly->head, '}');
}

/* ---- messages ---- */

void assembly_products(struct assembly *assembly, struct import_message *message, size_t *n)
{
	const struct row_product *product = &assembly->product;
	bool variant = product->product_id.len > 0;

	/* The same product in another language: what it leaves out is not so for all of them. */
	if (product->store_view.len)
		return;
	if (!variant && is_one_of(product->type, "variation"))
		assembly_fail(assembly, STR("parent_id"),
			      "it is a variation, and of which product is not said");
	assembly_put_text(assembly, "product_id", product->product_id);
	if (variant)
		put_options(assembly);
	put_stock(assembly);
	put_published(assembly);
	put_prices(assembly);
	if (assembly->images.len) {
		strbuf_add_text(&assembly->head, ",\"images\":[");
		strbuf_add_str(&assembly->head, strbuf_str(&assembly->images));
		strbuf_add_char(&assembly->head, ']');
	}
	if (assembly->n_child) {
		strbuf_add_text(&assembly->head, ",\"variants\":[");
		strbuf_add_str(&assembly->head, strbuf_str(&assembly->children));
		strbuf_add_char(&assembly->head, ']');
	}
	if (product->level && !variant && !assembly->failed)
		assembly_categories(assembly, message, n);
	message[(*n)++] = assembly_end(assembly, variant ? "variant.upserted" : "product.upserted", 0);
}
