/*
 * Reader: a file's items, one after the other.
 *
 * Does:    a window over the unpacked bytes; what the file is; rows of one order or product together; the
 *          lines of another file put to their orders.
 * Keeps:   memory is one window per file. A place lies behind whole items only, so that reading can go on
 *          there in another process.
 * Threads: none of its own; one user per reader.
 */
#include "import/reader.h"

#include "base/attr.h"

#include <string.h>

#define LINE_BYTES_MAX ((size_t)1 << 20)

/* ---- lines of NDJSON ---- */

static bool next_line(struct window *window, struct str *line, bool *end, struct err *err)
{
	for (;;) {
		struct str text = window_text(window);
		const char *newline = text.len ? memchr(text.p, '\n', text.len) : NULL;

		if (newline || window->last) {
			size_t bytes = newline ? (size_t)(newline - text.p) : text.len;

			*line = str_of(text.p, bytes);
			*end = text.len == 0;
			window_take(window, bytes + (newline != NULL), newline != NULL);
			return true;
		}
		/* Longer than any message may be: passed over in pieces, and rejected as one. */
		if (text.len > LINE_BYTES_MAX)
			window_take(window, text.len - 1, 0);
		if (!window_fill(window, err))
			return false;
	}
}

static bool next_message(struct import_reader *reader, struct arena *arena, struct import_item *item,
			 bool *end, struct err *err)
{
	struct window *window = &reader->table.window;
	struct import_message *message = ARENA_NEW(arena, struct import_message);
	struct str line;
	int64_t from;

	do {
		item->line = window->line + 1;
		from = window->position;
		if (!next_line(window, &line, end, err))
			return false;
	} while (!*end && str_trim(line).len == 0);
	if (*end)
		return true;
	item->n_read = 1;
	item->message = message;
	if (window->position - from > (int64_t)LINE_BYTES_MAX) {
		item->rejected = true;
		item->why = STR("the line is longer than 1 MiB");
	} else {
		struct err why = { 0 };

		item->rejected = !import_historical(line, reader->options.now_ms, arena, message, &why);
		item->n_message = !item->rejected;
		item->why = item->rejected ? arena_dup(arena, str_from(why.msg)) : STR("");
	}
	return true;
}

/* ---- rows ---- */

static struct str cell_of(const struct table *table, const char *member, struct arena *arena)
{
	const struct column *column = columns_get(&table->columns, member);
	bool mended = false;

	return column ? row_cell(&table->row, column, arena, &mended) : STR("");
}

/* What rows of one order or product have in common; orders without an id are known by their number. */
static struct str group_id(const struct import_reader *reader, struct arena *arena)
{
	bool orders = reader->kind == IMPORT_ORDERS;
	struct str id = cell_of(&reader->table, orders ? "order_id" : "id", arena);

	return id.len || !orders ? id : cell_of(&reader->table, "order_number", arena);
}

/* Does the next row go on with this one? Shops leave out what they said in the first. */
static bool continues(struct import_reader *reader, struct str id, struct str number, struct arena *arena)
{
	struct table *table = &reader->table;
	struct str next_id = cell_of(table, reader->kind == IMPORT_ORDERS ? "order_id" : "id", arena);
	struct str next_number = cell_of(table, "order_number", arena);

	if (next_id.len)
		return str_eq(next_id, id);
	if (next_number.len)
		return str_eq(next_number, number);
	return true;
}

static bool has_children(const struct import_reader *reader)
{
	const struct columns *columns = &reader->table.columns;

	for (size_t i = 0; i < columns->n; i++)
		if (columns->column[i].row && strchr(columns->column[i].row->member, '.') &&
		    columns->column[i].row->member[0] != '_' &&
		    (strncmp(columns->column[i].row->member, "lines.", 6) == 0 ||
		     strncmp(columns->column[i].row->member, "variants.", 9) == 0))
			return true;
	return false;
}

static bool add_following(struct import_reader *reader, struct arena *arena, struct import_item *item,
			  struct err *err)
{
	struct table *table = &reader->table;
	struct str id = reader->assembly.fact.id, number = reader->assembly.fact.number;

	if (!has_children(reader))
		return true;
	for (;;) {
		if (!table_peek(table, err))
			return false;
		if (table->result != CSV_ROW || row_is_empty(&table->row) ||
		    !continues(reader, id, number, arena))
			return true;
		assembly_follow(&reader->assembly, &table->columns, &table->row);
		item->n_read++;
		table_take(table);
	}
}

/* ---- lines of another file ---- */

static bool is_number(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return text.len > 0;
}

/* Numbers by their value, all else by its bytes. */
static int compare_ids(struct str a, struct str b)
{
	if (is_number(a) && is_number(b) && a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return str_cmp(a, b);
}

/* Takes the next row of lines if it is the order's; *orphan: it belongs to an order that has passed. */
static bool take_line(struct import_reader *reader, struct arena *arena, struct str id, bool *taken,
		      bool *orphan, struct err *err)
{
	struct table *lines = &reader->lines;
	int order;

	*taken = *orphan = false;
	if (!table_peek(lines, err))
		return false;
	if (lines->result == CSV_END)
		return true;
	if (lines->result == CSV_BAD || row_is_empty(&lines->row)) {
		*orphan = lines->result == CSV_BAD;
		*taken = !*orphan;
		if (*taken)
			table_take(lines);
		return true;
	}
	order = compare_ids(cell_of(lines, "order_id", arena), id);
	*orphan = order < 0;
	if (order != 0)
		return true;
	*taken = true;
	assembly_child(&reader->assembly, &lines->columns, &lines->row);
	table_take(lines);
	return true;
}

/* A row of lines without its order is an item of its own. */
static void reject_line(struct import_reader *reader, struct arena *arena, struct import_item *item)
{
	struct table *lines = &reader->lines;

	*item = (struct import_item){
		.rejected = true,
		.in_lines = true,
		.line = lines->window.line + 1,
		.n_read = 1,
		.why = lines->result == CSV_BAD ? arena_dup(arena, str_from(lines->row.why))
						: STR("its order is not among the orders, or the files are "
						      "not sorted by order id"),
		.column = lines->result == CSV_BAD ? STR("") : STR("order_id"),
	};
	table_take(lines);
}

static bool add_lines(struct import_reader *reader, struct arena *arena, struct import_item *item,
		      bool *orphan, struct err *err)
{
	bool taken = true;

	*orphan = false;
	while (reader->options.lines.len && taken && !*orphan) {
		if (!take_line(reader, arena, reader->assembly.fact.id, &taken, orphan, err))
			return false;
		item->n_read += taken;
	}
	return true;
}

/* ---- items ---- */

static void reject_row(struct import_reader *reader, struct import_item *item, struct str why,
		       struct str column)
{
	item->rejected = true;
	item->why = why;
	item->column = column;
	item->n_read = 1;
	table_take(&reader->table);
}

static bool too_many_fields(const struct table *table)
{
	for (size_t i = table->n_header; i < table->row.n; i++)
		if (str_trim(table->row.field[i]).len)
			return true;
	return false;
}

static void begin_row(struct import_reader *reader, struct arena *arena)
{
	struct assembly *assembly = &reader->assembly;
	struct table *table = &reader->table;

	assembly_begin(assembly, &reader->rules, arena);
	assembly->fact.id = arena_dup(arena, group_id(reader, arena));
	if (reader->kind == IMPORT_ORDERS && !cell_of(table, "order_id", arena).len)
		assembly_put_text(assembly, "order_id", assembly->fact.id);
	assembly_head(assembly, &table->columns, &table->row);
	table_take(table);
}

/* "id:12", an id, or a SKU that is looked for in the file; Magento's products name their variants instead. */
static bool find_parent(struct import_reader *reader, struct err *err)
{
	const struct column *column = columns_get(&reader->table.columns, "_parent");
	struct row_product *product = &reader->assembly.product;
	bool by_sku = column && family_names_skus(&reader->table.columns, column);
	struct str found = STR("");

	if (product->store_view.len ||
	    (!product->parent.len && !columns_get(&reader->table.columns, "_variations")))
		return true;
	if (str_starts(product->parent, STR("id:"))) {
		product->product_id = str_skip(product->parent, 3);
		return true;
	}
	if (product->parent.len && !by_sku) {
		product->product_id = product->parent;
		return true;
	}
	if (!reader->family && !family_read(reader->path, &reader->table.columns, &reader->family, err))
		return false;
	if (family_find(reader->family, product->parent.len ? product->parent : reader->assembly.fact.id,
			&found, &product->pairs))
		product->product_id = found;
	else if (product->parent.len)
		assembly_fail(&reader->assembly, column->header, "no product of the file has the SKU '%.*s'",
			      STR_ARG(product->parent));
	return true;
}

static bool next_row(struct import_reader *reader, struct arena *arena, struct import_item *item, bool *end,
		     struct err *err)
{
	struct table *table = &reader->table;
	struct assembly *assembly = &reader->assembly;
	bool orphan;

	if (!table_peek(table, err))
		return false;
	while (table->result == CSV_ROW && row_is_empty(&table->row)) {
		table_take(table);
		if (!table_peek(table, err))
			return false;
	}
	*end = table->result == CSV_END;
	item->line = table->window.line + 1;
	if (*end)
		return true;
	if (table->result == CSV_BAD) {
		struct str column = arena_printf(arena, "%zu", table->row.bad_column);

		reject_row(reader, item, arena_dup(arena, str_from(table->row.why)), column);
		return true;
	}
	if (too_many_fields(table)) {
		reject_row(reader, item,
			   arena_printf(arena, "the row has %zu fields, the header %zu", table->row.n,
					table->n_header),
			   STR(""));
		return true;
	}
	/* Lines of orders that are not there come before the order that is next. */
	if (reader->options.lines.len) {
		struct str id = group_id(reader, arena);

		if (!table_peek(&reader->lines, err))
			return false;
		if (reader->lines.result == CSV_BAD ||
		    (reader->lines.result == CSV_ROW && !row_is_empty(&reader->lines.row) &&
		     compare_ids(cell_of(&reader->lines, "order_id", arena), id) < 0)) {
			reject_line(reader, arena, item);
			return true;
		}
	}
	item->n_read = 1;
	begin_row(reader, arena);
	if (reader->kind == IMPORT_PRODUCTS && !find_parent(reader, err))
		return false;
	if (!add_following(reader, arena, item, err) || !add_lines(reader, arena, item, &orphan, err))
		return false;
	assembly_messages(assembly, reader->kind, &item->message, &item->n_message);
	item->rejected = assembly->failed;
	item->why = assembly->failed   ? assembly->why
		    : assembly->mended ? STR("read as Windows-1252")
				       : STR("");
	item->column = assembly->column;
	return true;
}

bool import_next(struct import_reader *reader, struct arena *arena, struct import_item *item, bool *end,
		 struct err *err)
{
	bool ok;

	*item = (struct import_item){ 0 };
	ok = reader->kind == IMPORT_MESSAGES ? next_message(reader, arena, item, end, err)
					     : next_row(reader, arena, item, end, err);
	if (!ok)
		return err_wrap(err, "line %lld", (long long)(reader->table.window.line + 1));
	/* Behind the last order there may be lines of none. */
	if (*end && reader->options.lines.len) {
		if (!table_peek(&reader->lines, err))
			return false;
		if (reader->lines.result != CSV_END) {
			reject_line(reader, arena, item);
			*end = false;
		}
	}
	item->next = (struct import_place){ reader->table.window.position, reader->table.window.line,
					    reader->lines.window.position, reader->lines.window.line };
	return true;
}
