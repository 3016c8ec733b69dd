/*
 * Rows: what they have in common, and one element per row for lines and variants.
 *
 * Doesn't: know how a value is written (row_member.c), or which messages come of it.
 * Keeps:   the first cell that is wrong fails the whole message: half an order is none.
 * Pure.
 */
#include "import/row_member.h"

#include "base/alloc.h"
#include "base/attr.h"
#include "base/json.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_BYTES_MAX ((size_t)4 << 20)
#define WHY_BYTES_MAX	  300

void assembly_init(struct assembly *assembly)
{
	*assembly = (struct assembly){ .told = mem_zalloc(ROW_CATEGORIES_TOLD, sizeof(struct digest16)) };
	strbuf_init(&assembly->head, MESSAGE_BYTES_MAX);
	strbuf_init(&assembly->children, MESSAGE_BYTES_MAX);
	strbuf_init(&assembly->images, MESSAGE_BYTES_MAX);
}

void assembly_release(struct assembly *assembly)
{
	strbuf_release(&assembly->head);
	strbuf_release(&assembly->children);
	strbuf_release(&assembly->images);
	mem_free(assembly->told);
}

void assembly_begin(struct assembly *assembly, const struct row_rules *rules, struct arena *arena)
{
	struct strbuf head = assembly->head, children = assembly->children, images = assembly->images;

	*assembly = (struct assembly){
		.rules = rules,
		.arena = arena,
		.head = head,
		.children = children,
		.images = images,
		.told = assembly->told,
	};
	strbuf_reset(&assembly->head);
	strbuf_reset(&assembly->children);
	strbuf_reset(&assembly->images);
	strbuf_add_char(&assembly->head, '{');
}

void assembly_fail(struct assembly *assembly, struct str column, const char *format, ...)
{
	char text[WHY_BYTES_MAX];
	va_list args;

	if (assembly->failed)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	assembly->failed = true;
	assembly->why = arena_dup(assembly->arena, str_from(text));
	assembly->column = column;
}

struct str row_cell(const struct csv_row *row, const struct column *column, struct arena *arena, bool *mended)
{
	struct str text = column->at < row->n ? str_trim(row->field[column->at]) : STR("");

	/* Spreadsheets are told by it that a number is a text: '01069 */
	if (text.len > 1 && text.p[0] == '\'' && (text.p[1] == '+' || (text.p[1] >= '0' && text.p[1] <= '9')))
		text = str_skip(text, 1);
	if (utf8_valid(text))
		return text;
	*mended = true;
	return csv_from_windows_1252(text, arena);
}

/* "Anna Maria Muster" is Anna Maria, and Muster. */
static void put_split_name(struct sink *sink, struct str prefix, struct str name)
{
	struct arena *arena = sink->assembly->arena;
	size_t at = name.len;

	while (at > 0 && name.p[at - 1] != ' ')
		at--;
	sink_put_text(sink, arena_printf(arena, "%.*sfirst_name", STR_ARG(prefix)),
		      str_trim(str_of(name.p, at ? at : name.len)));
	sink_put_text(sink, arena_printf(arena, "%.*slast_name", STR_ARG(prefix)),
		      at ? str_skip(name, at) : STR(""));
}

/* ---- facts ---- */

enum fact_kind { FACT_TEXT_CELL, FACT_TIME_CELL, FACT_AMOUNT_CELL };

static const struct {
	const char *member;
	enum fact_kind kind;
	size_t at;
} facts[] = {
	{ "order_number", FACT_TEXT_CELL, offsetof(struct row_facts, number) },
	{ "email", FACT_TEXT_CELL, offsetof(struct row_facts, email) },
	{ "phone", FACT_TEXT_CELL, offsetof(struct row_facts, phone) },
	{ "customer_id", FACT_TEXT_CELL, offsetof(struct row_facts, customer_id) },
	{ "currency", FACT_TEXT_CELL, offsetof(struct row_facts, currency) },
	{ "total", FACT_AMOUNT_CELL, offsetof(struct row_facts, total) },
	{ "placed_at", FACT_TIME_CELL, offsetof(struct row_facts, placed_ms) },
	{ "created_at", FACT_TIME_CELL, offsetof(struct row_facts, created_ms) },
	{ "_updated_at", FACT_TIME_CELL, offsetof(struct row_facts, updated_ms) },
	{ "_consented_at", FACT_TIME_CELL, offsetof(struct row_facts, consented_ms) },
	{ "_email_consent", FACT_TEXT_CELL, offsetof(struct row_facts, email_consent) },
	{ "_sms_consent", FACT_TEXT_CELL, offsetof(struct row_facts, sms_consent) },
	{ "_state", FACT_TEXT_CELL, offsetof(struct row_facts, state) },
	{ "_status", FACT_TEXT_CELL, offsetof(struct row_facts, status) },
	{ "_fulfillment", FACT_TEXT_CELL, offsetof(struct row_facts, fulfillment) },
	{ "_paid_at", FACT_TIME_CELL, offsetof(struct row_facts, paid_ms) },
	{ "_fulfilled_at", FACT_TIME_CELL, offsetof(struct row_facts, fulfilled_ms) },
	{ "_cancelled_at", FACT_TIME_CELL, offsetof(struct row_facts, cancelled_ms) },
	{ "_refunded_at", FACT_TIME_CELL, offsetof(struct row_facts, refunded_ms) },
	{ "_refunded", FACT_AMOUNT_CELL, offsetof(struct row_facts, refunded) },
	{ "_carrier", FACT_TEXT_CELL, offsetof(struct row_facts, carrier) },
	{ "_tracking", FACT_TEXT_CELL, offsetof(struct row_facts, tracking) },
};

static void read_fact(struct assembly *assembly, const struct column *column, struct str text)
{
	for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
		char *at = (char *)&assembly->fact + facts[i].at;

		if (strcmp(column->row->member, facts[i].member) != 0)
			continue;
		if (facts[i].kind == FACT_TIME_CELL)
			(void)row_time(assembly, column->header, text, (int64_t *)(void *)at);
		else if (facts[i].kind == FACT_TEXT_CELL)
			*(struct str *)(void *)at = arena_dup(assembly->arena, text);
		else if (!value_amount(text, assembly->rules->comma_decimal, assembly->arena,
				       (struct str *)(void *)at))
			assembly_fail(assembly, column->header, "'%.*s' is no amount",
				      STR_ARG(utf8_cut(text, 60)));
		return;
	}
}

/* ---- rows ---- */

static bool is_child(const struct column *column)
{
	return column->row && (strncmp(column->row->member, "lines.", 6) == 0 ||
			       strncmp(column->row->member, "variants.", 9) == 0);
}

/* What a row says of a line or variant that tells it from others. */
struct child_names {
	bool variant, has_id;
	struct str sku, title;
	struct str option[ROW_OPTIONS_MAX];
	struct str policy;
};

static void note_name(struct child_names *names, struct str member, struct str text)
{
	names->has_id |= str_eq(member, STR("variants.id"));
	names->variant |= str_starts(member, STR("variants."));
	if (str_eq(member, STR("variants.sku")))
		names->sku = text;
	if (str_eq(member, STR("variants.title")))
		names->title = text;
	if (str_eq(member, STR("variants._policy")))
		names->policy = text;
	if (str_starts(member, STR("variants._option")))
		names->option[member.p[member.len - 1] - '1'] = text;
}

/* "Red / L" from what each option is; "Default Title" is Shopify's word for a product that has none. */
static void put_options(struct sink *sink, struct child_names *names)
{
	struct arena *arena = sink->assembly->arena;
	struct str title = STR("");

	if (str_eq(names->option[0], STR("Default Title")))
		return;
	for (size_t i = 0; i < ROW_OPTIONS_MAX; i++)
		if (names->option[i].len)
			title = arena_printf(arena, "%.*s%s%.*s", STR_ARG(title), title.len ? " / " : "",
					     STR_ARG(names->option[i]));
	if (names->title.len == 0) {
		sink_put_text(sink, STR("title"), title);
		names->title = title;
	}
	for (size_t i = 0; i < ROW_OPTIONS_MAX; i++)
		if (sink->assembly->product.option[i].len)
			sink_put_text(sink,
				      arena_printf(arena, "options.%.*s",
						   STR_ARG(sink->assembly->product.option[i])),
				      names->option[i]);
	sink_close(sink);
}

/* Exports without ids of variants: the SKU is one, else the product's own with what the variant is called. */
static void put_variant_id(struct sink *sink, const struct child_names *names)
{
	struct assembly *assembly = sink->assembly;
	struct str id = names->sku;

	if (!names->variant || names->has_id)
		return;
	if (id.len == 0 && names->title.len > 0)
		id = arena_printf(assembly->arena, "%.*s-%.*s", STR_ARG(assembly->fact.id),
				  STR_ARG(names->title));
	sink_put_text(sink, STR("id"), id.len > 0 ? id : assembly->fact.id);
}

/* Shopify writes a stock of 0 for what it does not count, and names nobody who does. */
static bool is_counted(struct assembly *assembly, const struct columns *columns, const struct csv_row *row)
{
	const struct column *tracker = columns_get(columns, "variants._tracker");

	return !tracker || row_cell(row, tracker, assembly->arena, &assembly->mended).len > 0;
}

void assembly_child(struct assembly *assembly, const struct columns *columns, const struct csv_row *row)
{
	struct sink sink = { .assembly = assembly, .out = &assembly->children };
	size_t before = assembly->children.len;
	struct child_names names = { 0 };

	if (before)
		strbuf_add_char(sink.out, ',');
	strbuf_add_char(sink.out, '{');
	for (size_t i = 0; i < columns->n; i++) {
		const struct column *column = &columns->column[i];
		struct str member, text;

		if (!is_child(column))
			continue;
		text = row_cell(row, column, assembly->arena, &assembly->mended);
		member = str_from(column->row->member);
		if (text.len == 0)
			continue;
		if (str_eq(member, STR("variants.stock")) && !is_counted(assembly, columns, row))
			continue;
		note_name(&names, member, text);
		assembly->product.child_price |= str_eq(member, STR("variants.price"));
		member = str_skip(member, str_find_char(member, '.') + 1);
		if (member.p[0] != '_')
			sink_put_value(&sink, column, member, text);
	}
	put_options(&sink, &names);
	if (str_eq_nocase(names.policy, STR("continue")))
		sink_put_false(&sink, STR("track_stock"));
	put_variant_id(&sink, &names);
	strbuf_add_char(sink.out, '}');
	if (sink.out->p[sink.out->len - 2] != '{') {
		assembly->n_child++;
		return;
	}
	sink.out->len = before; /* nothing in it */
	sink.out->p[before] = '\0';
}

void assembly_follow(struct assembly *assembly, const struct columns *columns, const struct csv_row *row)
{
	const struct column *column = columns_get(columns, "image");
	struct str image;

	assembly_child(assembly, columns, row);
	image = column ? row_cell(row, column, assembly->arena, &assembly->mended) : STR("");
	/* A list of them is whole. */
	if (image.len == 0 || columns_get(columns, "images"))
		return;
	if (assembly->images.len)
		strbuf_add_char(&assembly->images, ',');
	json_write_text(image, &assembly->images);
}

static void put_head_cell(struct sink *sink, const struct column *column, struct str text)
{
	struct assembly *assembly = sink->assembly;
	struct str member;

	if (!column->row) {
		sink_put_text(sink, arena_printf(assembly->arena, "custom.%.*s", STR_ARG(column->custom)),
			      text);
		return;
	}
	read_fact(assembly, column, text);
	if (column->row->kind == IMPORT_PRODUCTS)
		text = assembly_product_fact(assembly, column, text);
	if (text.len == 0)
		return;
	member = str_from(column->row->member);
	if (str_eq(member, STR("_name")))
		put_split_name(sink, STR(""), text);
	else if (str_eq(member, STR("_billing_name")))
		put_split_name(sink, STR("billing."), text);
	else if (str_eq(member, STR("_shipping_name")))
		put_split_name(sink, STR("shipping."), text);
	else if (member.p[0] != '_')
		sink_put_value(sink, column, member, text);
}

void assembly_head(struct assembly *assembly, const struct columns *columns, const struct csv_row *row)
{
	struct sink sink = { .assembly = assembly, .out = &assembly->head };
	bool children = false;

	for (size_t i = 0; i < columns->n; i++) {
		const struct column *column = &columns->column[i];
		struct str text;

		if (is_child(column)) {
			children = true;
			continue;
		}
		text = row_cell(row, column, assembly->arena, &assembly->mended);
		if (text.len)
			put_head_cell(&sink, column, text);
	}
	sink_close(&sink);
	if (children)
		assembly_child(assembly, columns, row);
}

void assembly_put_text(struct assembly *assembly, const char *name, struct str text)
{
	struct sink sink = { .assembly = assembly, .out = &assembly->head };

	sink_put_text(&sink, str_from(name), text);
}

void assembly_put_time(struct assembly *assembly, const char *name, int64_t at_ms)
{
	if (at_ms)
		assembly_put_text(assembly, name, row_time_text(at_ms, assembly->arena));
}

struct import_message import_envelope(const char *type, int64_t at_ms, struct str data, struct arena *arena)
{
	struct str body;

	if (at_ms)
		body = arena_printf(arena, "{\"type\":\"%s\",\"timestamp\":\"%.*s\",\"data\":%.*s}", type,
				    STR_ARG(row_time_text(at_ms, arena)), STR_ARG(data));
	else
		body = arena_printf(arena, "{\"type\":\"%s\",\"sequence\":1,\"data\":%.*s}", type,
				    STR_ARG(data));
	return (struct import_message){ .topic = str_from(type), .body = body };
}
