/*
 * Columns: which column of a file is which member of a message.
 *
 * Pure.
 */
#include "import/column.h"

#include "base/attr.h"
#include "base/strbuf.h"

#include <string.h>

static const struct column_row rows[] = {
#define COLUMN_ROW(kind, member, type, names) { (int)(kind), member, type, names },
	COLUMNS(COLUMN_ROW)
#undef COLUMN_ROW
		{ 0 },
};

const struct column_row *columns_all(void)
{
	return rows;
}

struct str column_name(struct str header, struct arena *arena)
{
	char *out = arena_alloc(arena, header.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < header.len; i++) {
		char c = header.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80)
			out[n++] = c;
		else if (n > 0 && out[n - 1] != '_')
			out[n++] = '_';
	}
	while (n > 0 && out[n - 1] == '_')
		n--;
	return str_of(out, n);
}

/* Place of name in "a|b|c", or -1. */
static int place_of(struct str name, const char *names)
{
	struct str rest = str_from(names), one;

	for (int i = 0; str_split(&rest, '|', &one); i++)
		if (str_eq(one, name))
			return i;
	return -1;
}

static const struct column_row *row_of_member(int kind, struct str member)
{
	for (const struct column_row *row = rows; row->member; row++)
		if (row->kind == kind &&
		    (str_eq(str_from(row->member), member) || place_of(member, row->names) == 0))
			return row;
	return NULL;
}

/*
 * Shopify has two sets of names. In the newer one what belongs to a variant is not called so; it is known by
 * columns that no other shop has.
 */
static void use_older_names(struct str *name, size_t n)
{
	static const struct {
		const char *newer, *older;
	} names[] = {
		{ "sku", "variant_sku" },
		{ "barcode", "variant_barcode" },
		{ "price", "variant_price" },
		{ "compare_at_price", "variant_compare_at_price" },
		{ "inventory_quantity", "variant_inventory_qty" },
		{ "variant_image_url", "variant_image" },
	};
	bool handle = false, option = false;

	for (size_t i = 0; i < n; i++) {
		handle |= str_eq(name[i], STR("url_handle"));
		option |= str_eq(name[i], STR("option1_value"));
	}
	for (size_t i = 0; handle && option && i < n; i++)
		for (size_t k = 0; k < ARRAY_LEN(names); k++)
			if (str_eq(name[i], str_from(names[k].newer)))
				name[i] = str_from(names[k].older);
}

/* ---- one file ---- */

struct finding {
	int kind;
	const struct str *header;
	struct str *name; /* of each header */
	bool *used;
	size_t n;
	struct arena *arena;
	struct columns *out;
};

static void add(struct finding *finding, const struct column_row *row, struct str custom, size_t at)
{
	finding->used[at] = true;
	finding->out->column[finding->out->n++] =
		(struct column){ row, custom, at, str_trim(finding->header[at]) };
}

static bool find_header(const struct finding *finding, struct str header, size_t *at)
{
	struct str name = column_name(header, finding->arena);

	for (*at = 0; *at < finding->n; (*at)++)
		if (!finding->used[*at] &&
		    (str_eq(str_trim(finding->header[*at]), header) || str_eq(finding->name[*at], name)))
			return true;
	return false;
}

/* One "theirs=ours" of the map; custom ones are put aside until the end. */
static bool apply_pair(struct finding *finding, struct str pair, struct column *custom, size_t *n_custom,
		       struct err *err)
{
	size_t equals = str_find_char(pair, '=');
	struct str theirs = str_trim(str_of(pair.p, equals)), ours = str_trim(str_skip(pair, equals + 1));
	const struct column_row *row;
	size_t at;

	if (equals >= pair.len)
		return err_set(err, ERR_INVALID, "map: '%.*s' is not COLUMN=OUR_COLUMN", STR_ARG(pair));
	if (!find_header(finding, theirs, &at))
		return err_set(err, ERR_INVALID, "map: the file has no column '%.*s'", STR_ARG(theirs));
	finding->used[at] = true;
	if (ours.len == 0)
		return true;
	if (str_starts(ours, STR("custom."))) {
		custom[(*n_custom)++] = (struct column){ NULL, str_skip(ours, 7), at, theirs };
		return true;
	}
	row = row_of_member(finding->kind, ours);
	if (!row)
		return err_set(err, ERR_INVALID, "map: there is no column '%.*s' of ours; see docs/import.md",
			       STR_ARG(ours));
	add(finding, row, STR(""), at);
	return true;
}

static bool has_row(const struct columns *columns, const struct column_row *row)
{
	for (size_t i = 0; i < columns->n; i++)
		if (columns->column[i].row == row)
			return true;
	return false;
}

/* The free header that comes first among the row's names. */
static bool find_alias(const struct finding *finding, const struct column_row *row, size_t *at)
{
	int best = -1;

	for (size_t i = 0; i < finding->n; i++) {
		int place = finding->used[i] ? -1 : place_of(finding->name[i], row->names);

		if (place < 0 || (best >= 0 && place >= best))
			continue;
		best = place;
		*at = i;
	}
	return best >= 0;
}

static void put_custom(struct finding *finding, const struct column *custom, size_t n_custom)
{
	for (size_t i = 0; i < n_custom; i++)
		finding->out->column[finding->out->n++] = custom[i];
	for (size_t i = 0; i < finding->n; i++) {
		struct str header = str_trim(finding->header[i]);

		if (!finding->used[i] && header.len > 7 && str_starts(header, STR("custom.")))
			add(finding, NULL, str_skip(header, 7), i);
	}
}

static int compare_columns(const struct column *a, const struct column *b)
{
	if (!a->row || !b->row)
		return (a->row == NULL) - (b->row == NULL);
	return a->row < b->row ? -1 : a->row > b->row;
}

/* By the order of the table; few, and nearly in order. */
static void sort(struct columns *columns)
{
	for (size_t i = 1; i < columns->n; i++)
		for (size_t j = i; j > 0 && compare_columns(&columns->column[j - 1], &columns->column[j]) > 0;
		     j--) {
			struct column swap = columns->column[j];

			columns->column[j] = columns->column[j - 1];
			columns->column[j - 1] = swap;
		}
}

static struct str unused_headers(const struct finding *finding)
{
	struct strbuf text;
	struct str out;

	strbuf_init(&text, 4096);
	for (size_t i = 0; i < finding->n; i++)
		if (!finding->used[i] && str_trim(finding->header[i]).len)
			strbuf_addf(&text, "%s%.*s", text.len ? ", " : "",
				    STR_ARG(str_trim(finding->header[i])));
	out = arena_dup(finding->arena, strbuf_str(&text));
	strbuf_release(&text);
	return out;
}

bool columns_find(int kind, const struct str *header, size_t n, struct str map, struct arena *arena,
		  struct columns *out, struct err *err)
{
	struct finding finding = {
		kind, header, ARENA_ARRAY(arena, n, struct str), ARENA_ARRAY(arena, n, bool), n, arena, out
	};
	struct column *custom = ARENA_ARRAY(arena, n, struct column);
	size_t n_custom = 0, at;
	struct str pair;

	*out = (struct columns){ .column = ARENA_ARRAY(arena, n, struct column) };
	for (size_t i = 0; i < n; i++)
		finding.name[i] = column_name(str_trim(header[i]), arena);
	if (kind == IMPORT_PRODUCTS)
		use_older_names(finding.name, n);
	while (str_split(&map, ',', &pair))
		if (str_trim(pair).len && !apply_pair(&finding, str_trim(pair), custom, &n_custom, err))
			return false;
	for (const struct column_row *row = rows; row->member; row++)
		if (row->kind == kind && !has_row(out, row) && find_alias(&finding, row, &at))
			add(&finding, row, STR(""), at);
	put_custom(&finding, custom, n_custom);
	sort(out);
	out->unused = unused_headers(&finding);
	return true;
}

const struct column *columns_get(const struct columns *columns, const char *member)
{
	for (size_t i = 0; i < columns->n; i++)
		if (columns->column[i].row && strcmp(columns->column[i].row->member, member) == 0)
			return &columns->column[i];
	return NULL;
}

/* ---- which kind ---- */

/* A kind needs one of the first (with bars), all of the second. */
static const struct {
	enum import_kind kind;
	const char *any, *all;
} signs[] = {
	{ IMPORT_ORDERS, "order_id|order_number", "total" },
	{ IMPORT_PRODUCTS, "_price|_regular_price|variants.price|_compare_at_price|stock|html", "title" },
	{ IMPORT_CATEGORIES, "parent_id", "title" },
	{ IMPORT_SUBSCRIBERS, "_state|_consented_at", "email" },
	{ IMPORT_CUSTOMERS, "email|phone|customer_id", NULL },
};

/*
 * Files of people: what their columns say, one way or the other. Shops' customers have a field that says
 * whether they take a newsletter, and say when they were added; lists say how each one came and left.
 */
static const struct {
	const char *names;
	int customers, subscribers;
} hint[] = {
	{ "status|subscription_status|subscriber_status", 0, 3 },
	{ "consented_at|confirm_time|optin_time|opt_in_date|opt_in_time|subscribed_at|changed_at|"
	  "change_status_at",
	  0, 3 },
	{ "channel|evidence|consent_text|confirm_ip|optin_ip", 0, 2 },
	{ "state|subscriber_email|email_consent|subscribed|confirmed|double_opt_in", 0, 1 },
	{ "customer_id|customer_number|user_id|group|group_id|customer_group|customer_group_name|role", 2,
	  0 },
	{ "orders|orders_count|total_orders|total_spent|total_spend|aov|store_credit|note|notes", 2, 0 },
	{ "password|password_hash|user_login|username|tax_exempt|taxvat|dob|date_of_birth|birthday", 2, 0 },
	{ "accepts_marketing|accepts_email_marketing|email_marketing|newsletter|is_subscribed", 1, 0 },
	{ "company|billing_company|default_address_company|organization", 1, 0 },
	{ "address1|address_1|billing_address_1|default_address_address1|city|billing_city|"
	  "default_address_city|zip|postcode",
	  1, 0 },
};

static bool looks_like_customers(const struct str *header, size_t n, struct arena *arena)
{
	bool said[ARRAY_LEN(hint)] = { false };
	int score = 0;

	for (size_t i = 0; i < n; i++) {
		struct str name = column_name(str_trim(header[i]), arena);

		for (size_t k = 0; k < ARRAY_LEN(hint); k++) {
			if (said[k] || place_of(name, hint[k].names) < 0)
				continue;
			said[k] = true;
			score += hint[k].customers - hint[k].subscribers;
		}
	}
	return score >= 0;
}

static bool fits(const struct columns *columns, const char *any, const char *all)
{
	struct str rest = str_from(any), one;
	bool found = false;

	while (!found && str_split(&rest, '|', &one))
		for (size_t i = 0; i < columns->n; i++)
			found |= columns->column[i].row &&
				 str_eq(str_from(columns->column[i].row->member), one);
	return found && (!all || columns_get(columns, all));
}

enum import_kind columns_guess(const struct str *header, size_t n, struct arena *arena)
{
	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		struct columns columns = { 0 };
		struct err err;

		if (!columns_find((int)signs[i].kind, header, n, STR(""), arena, &columns, &err) ||
		    !fits(&columns, signs[i].any, signs[i].all))
			continue;
		if (signs[i].kind == IMPORT_SUBSCRIBERS && looks_like_customers(header, n, arena))
			return IMPORT_CUSTOMERS;
		return signs[i].kind;
	}
	return IMPORT_KIND_COUNT;
}
