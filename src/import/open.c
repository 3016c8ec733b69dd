/*
 * Opening a file of history: what it is, what its columns are, where to go on.
 *
 * Threads: none of its own.
 */
#include "import/reader.h"

#include "base/alloc.h"
#include "base/attr.h"
#include "base/clock.h"

static const char *const kind_text[IMPORT_KIND_COUNT] = {
#define KIND_TEXT(name, text) [name] = text,
	IMPORT_KINDS(KIND_TEXT)
#undef KIND_TEXT
};

const char *import_kind_text(enum import_kind kind)
{
	return (size_t)kind < ARRAY_LEN(kind_text) ? kind_text[kind] : "unknown";
}

bool import_kind_parse(struct str text, enum import_kind *out)
{
	for (size_t i = 0; i < ARRAY_LEN(kind_text); i++)
		if (str_eq(text, str_from(kind_text[i]))) {
			*out = (enum import_kind)i;
			return true;
		}
	return false;
}

static bool need_columns(const struct table *table, const char *names, struct err *err)
{
	struct str rest = str_from(names), one;

	while (str_split(&rest, '|', &one))
		for (size_t i = 0; i < table->columns.n; i++)
			if (table->columns.column[i].row &&
			    str_eq(str_from(table->columns.column[i].row->member), one))
				return true;
	return err_set(err, ERR_INVALID,
		       "no column is known as %s (--map \"THEIRS=OURS\" says which one is); there are: %.*s",
		       names, STR_ARG(table->columns.unused));
}

static const char *needed_columns(int kind)
{
	switch (kind) {
	case IMPORT_CUSTOMERS:
		return "email|phone|customer_id";
	case IMPORT_SUBSCRIBERS:
		return "email|phone";
	case IMPORT_ORDERS:
	case COLUMN_LINES:
		return "order_id|order_number";
	default:
		return "id";
	}
}

static bool read_rules(struct import_reader *reader, struct err *err)
{
	struct str zone = reader->options.zone, days = reader->options.days;
	int64_t at_ms;

	reader->rules.options = &reader->options;
	reader->rules.comma_decimal = reader->table.delimiter == ';';
	if (str_eq(days, STR("dmy")))
		reader->rules.days = VALUE_DAY_FIRST;
	else if (str_eq(days, STR("mdy")))
		reader->rules.days = VALUE_MONTH_FIRST;
	else if (days.len)
		return err_set(err, ERR_INVALID, "dates: '%.*s' is neither dmy nor mdy", STR_ARG(days));
	if (reader->options.consented_at.len && !time_parse_rfc3339(reader->options.consented_at, &at_ms))
		return err_set(err, ERR_INVALID, "consented_at: '%.*s' is no time as RFC 3339 has it",
			       STR_ARG(reader->options.consented_at));
	if (zone.len == 0)
		return true;
	if (!time_parse_rfc3339(arena_printf(&reader->arena, "2000-01-01T00:00:00%.*s", STR_ARG(zone)),
				&at_ms))
		return err_set(err, ERR_INVALID, "zone: '%.*s' is not of the form +01:00", STR_ARG(zone));
	reader->rules.zone_ms = INT64_C(946684800000) - at_ms;
	return true;
}

static bool open_table(struct import_reader *reader, struct table *table, int kind, struct err *err)
{
	struct str *header = NULL;

	if (!table_header(table, &reader->arena, &header, err))
		return false;
	if (kind == IMPORT_KIND_COUNT && table == &reader->table) {
		reader->kind = columns_guess(header, table->n_header, &reader->arena);
		kind = (int)reader->kind;
		if (kind == IMPORT_KIND_COUNT)
			return err_set(err, ERR_INVALID,
				       "the header does not show what the file holds: say --kind");
	}
	return columns_find(kind, header, table->n_header,
			    table == &reader->table ? reader->options.map : STR(""), &reader->arena,
			    &table->columns, err) &&
	       need_columns(table, needed_columns(kind), err);
}

static bool open_lines(struct import_reader *reader, struct err *err)
{
	const char *path = arena_cstr(&reader->arena, reader->options.lines);

	if (reader->kind != IMPORT_ORDERS)
		return err_set(err, ERR_INVALID, "a file of order lines belongs to one of orders");
	if (!window_open(&reader->lines.window, path, err))
		return false;
	window_skip_bom(&reader->lines.window);
	return open_table(reader, &reader->lines, COLUMN_LINES, err) || err_wrap(err, "'%s'", path);
}

static bool open_file(struct import_reader *reader, const char *path, const struct import_place *place,
		      struct err *err)
{
	struct str text;

	if (!window_open(&reader->table.window, path, err))
		return false;
	window_skip_bom(&reader->table.window);
	text = str_trim(window_text(&reader->table.window));
	if (reader->kind == IMPORT_KIND_COUNT && text.len && text.p[0] == '{')
		reader->kind = IMPORT_MESSAGES;
	if (reader->kind != IMPORT_MESSAGES && !open_table(reader, &reader->table, (int)reader->kind, err))
		return err_wrap(err, "'%s'", path);
	if (reader->options.lines.len && !open_lines(reader, err))
		return false;
	return read_rules(reader, err) &&
	       window_move(&reader->table.window, place->position, place->line, err) &&
	       (!reader->options.lines.len ||
		window_move(&reader->lines.window, place->lines_position, place->lines_line, err));
}

bool import_open(const char *path, const struct import_options *options, const struct import_place *place,
		 struct import_reader **out, struct err *err)
{
	struct import_reader *reader = mem_zalloc(1, sizeof(*reader));

	reader->options = *options;
	reader->kind = options->kind;
	reader->table.result = reader->lines.result = CSV_MORE;
	arena_init(&reader->arena);
	reader->path = arena_cstr(&reader->arena, str_from(path));
	arena_init(&reader->table.arena);
	arena_init(&reader->lines.arena);
	assembly_init(&reader->assembly);
	if (open_file(reader, path, place, err)) {
		*out = reader;
		return true;
	}
	import_close(reader);
	return false;
}

void import_close(struct import_reader *reader)
{
	if (!reader)
		return;
	window_close(&reader->table.window);
	window_close(&reader->lines.window);
	assembly_release(&reader->assembly);
	family_close(reader->family);
	arena_release(&reader->table.arena);
	arena_release(&reader->lines.arena);
	arena_release(&reader->arena);
	mem_free(reader);
}

enum import_kind import_kind_of(const struct import_reader *reader)
{
	return reader->kind;
}

struct str import_unused(const struct import_reader *reader, struct arena *arena)
{
	return arena_dup(arena, reader->table.columns.unused);
}

void import_progress(const struct import_reader *reader, int64_t *used, int64_t *size)
{
	*used = unpack_used(reader->table.window.unpack);
	*size = unpack_size(reader->table.window.unpack);
}
