/*
 * Pages of things in an order of choice.
 *
 * Keeps:   the cursor is what the last thing was sorted by, so a page is right when that thing is gone.
 * Threads: pure.
 */
#include "sandbox/sort_page.h"

#include <inttypes.h>
#include <stdlib.h>

static int compare(const struct sort_item *left, const struct sort_item *right)
{
	int order = left->text.p || right->text.p ? str_cmp(left->text, right->text)
						  : (left->key > right->key) - (left->key < right->key);

	return order ? order : (left->number > right->number) - (left->number < right->number);
}

static int compare_rising(const void *a, const void *b)
{
	return compare(a, b);
}

static int compare_falling(const void *a, const void *b)
{
	return compare(b, a);
}

static size_t behind_cursor(struct sort_item *item, size_t n, const struct query *query)
{
	struct sort_item last = { .number = query->cursor };
	size_t kept = 0;

	if (!query->has_cursor || n == 0)
		return n;
	if (item[0].text.p)
		last.text = query->cursor_key.p ? query->cursor_key : STR("");
	else
		(void)str_to_int64(query->cursor_key, &last.key);
	for (size_t i = 0; i < n; i++) {
		int order = compare(&item[i], &last);

		if (query->descending ? order < 0 : order > 0)
			item[kept++] = item[i];
	}
	return kept;
}

size_t sort_page(struct sort_item *item, size_t n, const struct query *query, bool *more)
{
	n = behind_cursor(item, n, query);
	qsort(item, n, sizeof(*item), query->descending ? compare_falling : compare_rising);
	*more = n > query->size;
	return *more ? query->size : n;
}

void sort_page_links(struct call *call, const struct query *query, const struct sort_item *item, size_t n,
		     bool more, struct strbuf *out)
{
	const struct sort_item *last = n > 0 ? &item[n - 1] : &(struct sort_item){ 0 };
	struct str key = last->text.p ? last->text : arena_printf(call->arena, "%" PRId64, last->key);

	query_render_links_keyed(call, query, more, last->number, key, out);
}
