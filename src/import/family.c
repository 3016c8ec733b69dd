/*
 * Which products the variants of a file belong to: a second reading of it, before the first variant is made.
 *
 * Keeps:   what is remembered has a ceiling; rows that are wrong are passed over here, and rejected where
 *          they are read for good.
 * Threads: none of its own.
 */
#include "import/family.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "import/row.h"
#include "import/table.h"

#include <stdlib.h>
#include <string.h>

#define MEMBERS_MAX    250000
#define TEXT_BYTES_MAX ((size_t)200)

struct member {
	struct digest16 sku;
	struct str product_id, pairs;
};

struct family {
	struct member *member;
	size_t n, room;
	struct arena arena;
	bool full;
};

/* ---- one row ---- */

static struct str cell(const struct csv_row *row, const struct columns *columns, const char *member,
		       struct arena *arena)
{
	const struct column *column = columns_get(columns, member);
	bool mended;

	return column ? row_cell(row, column, arena, &mended) : STR("");
}

static void remember(struct family *family, struct str sku, struct str product_id, struct str pairs)
{
	if (sku.len == 0 || product_id.len == 0 || product_id.len > TEXT_BYTES_MAX)
		return;
	if (pairs.len > TEXT_BYTES_MAX)
		pairs = STR("");
	family->full |= family->n == MEMBERS_MAX;
	if (family->full)
		return;
	if (family->n == family->room) {
		family->room = family->room ? 2 * family->room : 256;
		family->member = mem_resize(family->member, family->room * sizeof(*family->member));
	}
	family->member[family->n++] =
		(struct member){ digest16_of(&sku, 1), arena_dup(&family->arena, product_id),
				 arena_dup(&family->arena, pairs) };
}

/* "sku=MH01-XS,size=XS,color=Black|sku=..." */
static void remember_variants(struct family *family, struct str variations, struct str product_id)
{
	struct str one, sku;

	while (str_split(&variations, '|', &one)) {
		one = str_trim(one);
		if (!str_starts(one, STR("sku=")))
			continue;
		one = str_skip(one, 4);
		sku = str_of(one.p, str_find_char(one, ','));
		remember(family, str_trim(sku), product_id, str_skip(one, sku.len + 1));
	}
}

static bool has_variants(struct str type)
{
	for (size_t i = 0; i + 8 <= type.len; i++)
		if (str_eq_nocase(str_of(type.p + i, 8), STR("variable")))
			return true;
	return false;
}

static void read_row(struct family *family, const struct csv_row *row, const struct columns *columns,
		     struct arena *arena)
{
	struct str id = cell(row, columns, "id", arena);

	if (columns_get(columns, "_variations"))
		remember_variants(family, cell(row, columns, "_variations", arena), id);
	else if (!columns_get(columns, "_type") || has_variants(cell(row, columns, "_type", arena)))
		remember(family, cell(row, columns, "sku", arena), id, STR(""));
}

/* ---- the file ---- */

static bool read_rows(struct family *family, struct table *table, const struct columns *columns,
		      struct err *err)
{
	struct arena arena;
	bool ok;

	arena_init(&arena);
	for (;;) {
		ok = table_peek(table, err);
		if (!ok || table->result == CSV_END || family->full)
			break;
		if (table->result == CSV_ROW)
			read_row(family, &table->row, columns, &arena);
		table_take(table);
		arena_reset(&arena);
	}
	arena_release(&arena);
	if (ok && family->full)
		return err_set(err, ERR_INVALID, "more than %d products have variants: split the file",
			       MEMBERS_MAX);
	return ok;
}

static int compare(const void *a, const void *b)
{
	return memcmp(((const struct member *)a)->sku.byte, ((const struct member *)b)->sku.byte,
		      sizeof(struct digest16));
}

bool family_read(const char *path, const struct columns *columns, struct family **out, struct err *err)
{
	struct family *family = mem_zalloc(1, sizeof(*family));
	struct table table = { .result = CSV_MORE };
	struct str *header;
	bool ok;

	arena_init(&family->arena);
	arena_init(&table.arena);
	ok = window_open(&table.window, path, err);
	if (ok)
		window_skip_bom(&table.window);
	ok = ok && table_header(&table, &family->arena, &header, err) &&
	     read_rows(family, &table, columns, err);
	window_close(&table.window);
	arena_release(&table.arena);
	if (!ok) {
		family_close(family);
		return false;
	}
	if (family->n)
		qsort(family->member, family->n, sizeof(*family->member), compare);
	*out = family;
	return true;
}

void family_close(struct family *family)
{
	if (!family)
		return;
	mem_free(family->member);
	arena_release(&family->arena);
	mem_free(family);
}

bool family_find(const struct family *family, struct str sku, struct str *product_id, struct str *pairs)
{
	struct member wanted = { .sku = digest16_of(&sku, 1) };
	const struct member *found =
		family->n ? bsearch(&wanted, family->member, family->n, sizeof(wanted), compare) : NULL;

	if (!found)
		return false;
	*product_id = found->product_id;
	*pairs = found->pairs;
	return true;
}

bool family_names_skus(const struct columns *columns, const struct column *parent)
{
	struct arena arena;
	struct str name;
	bool by_sku;

	arena_init(&arena);
	name = column_name(parent->header, &arena);
	by_sku = str_eq(name, STR("parent")) || str_eq(name, STR("parent_sku"));
	arena_release(&arena);
	return by_sku && columns_get(columns, "id") && columns_get(columns, "sku");
}
