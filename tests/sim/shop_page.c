/*
 * Shops that are asked: pages of what they hold, as messages. What changes meanwhile is on no page, or on
 * two.
 */
#include "net/url.h"
#include "sim/shop.h"
#include "sim/sim.h"
#include "sim/wire.h"

#include <inttypes.h>
#include <string.h>

#define PAGE_ROWS  3
#define PAGE_BYTES ((size_t)1 << 20)
#define PAGES_MAX  (ORDERS_MAX / PAGE_ROWS + 2)

static void put_product(struct shop *one, int number, struct strbuf *out)
{
	if (one->product[number].exists)
		shop_write_product(one, number, out);
}

static void put_category(struct shop *one, int number, struct strbuf *out)
{
	if (one->category_version[number] > 0)
		shop_write_category(one, number, out);
}

static void put_customer(struct shop *one, int number, struct strbuf *out)
{
	if (one->person[number].version > 0)
		shop_write_person(one, number, out);
}

/* What became of it is a message of its own. */
static void put_order(struct shop *one, int number, struct strbuf *out)
{
	if (number >= one->n_order || !shop_order_is_kept(one, number))
		return;
	shop_write_order(one, number, ORDER_PLACED, out);
	if (one->order[number].state == ORDER_PLACED || shop_order_is_erased(one, number))
		return;
	strbuf_add_char(out, ',');
	shop_write_order(one, number, one->order[number].state, out);
}

static const struct {
	const char *path;
	int rows;
	void (*put)(struct shop *one, int number, struct strbuf *out);
} list[] = {
	{ "/products", PRODUCTS_MAX, put_product },
	{ "/categories", CATEGORIES, put_category },
	{ "/customers", PEOPLE_MAX, put_customer },
	{ "/orders", ORDERS_MAX, put_order },
};

static void write_page(struct shop *one, size_t at, int64_t page, struct strbuf *out)
{
	int rows = list[at].put == put_order ? one->n_order : list[at].rows;
	int from = (int)(page - 1) * PAGE_ROWS;
	size_t first;

	strbuf_add_text(out, "{\"items\":[");
	first = out->len;
	for (int i = from; i < from + PAGE_ROWS && i < rows; i++) {
		size_t before = out->len;

		if (out->len > first)
			strbuf_add_char(out, ',');
		list[at].put(one, i, out);
		if (out->len == before + 1 && before > first) /* there is none of that number */
			out->len = before;
	}
	strbuf_addf(out, "],\"pages\":%d}", rows > 0 ? (rows + PAGE_ROWS - 1) / PAGE_ROWS : 1);
}

/* ---- what was said ---- */

struct served {
	bool ever;
	int64_t first;
	int64_t end;
};
static struct served served[SHOPS_MAX][sizeof(list) / sizeof(list[0])][PAGES_MAX];

void shop_page_reset(void)
{
	memset(served, 0, sizeof(served));
}

bool shop_page_served(int number, const char *kind, int64_t page, int64_t *first, int64_t *end)
{
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		const struct served *one = &served[number][i][page];

		if (strcmp(list[i].path + 1, kind) != 0)
			continue;
		*first = one->first;
		*end = one->end;
		return one->ever;
	}
	return false;
}

static void refuse(struct wire_answer *answer)
{
	static const int status[] = { 500, 502, 503, 429 };

	answer->status = status[sim_draw(OPTION_page_errors, 0, 3)];
	answer->retry_after_s = answer->status >= 503 || answer->status == 429 ? 2 : -1;
	answer->body = STR("<html>later</html>");
}

void shop_answer(const struct wire_request *request, struct arena *arena, struct wire_answer *answer)
{
	int number = request->host.p[4] - '0';
	struct strbuf body;
	struct str text;
	int64_t page = 0;

	if (!url_query(request->query, "page", arena, &text) || !str_to_int64(text, &page) || page < 1 ||
	    page >= PAGES_MAX) {
		sim_fail("shape", "no page is asked for");
		return;
	}
	/* Whose clock is days behind holds no certificate for valid, and no message for told in the past. */
	if (sim.wall_step_ms < -MS_PER_DAY || sim_fault(OPTION_page_errors)) {
		refuse(answer);
		return;
	}
	strbuf_init(&body, PAGE_BYTES);
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (str_eq(request->path, str_from(list[i].path))) {
			served[number][i][page].ever = true;
			served[number][i][page].first = shop[number].n_message;
			write_page(&shop[number], i, page, &body);
			served[number][i][page].end = shop[number].n_message;
		}
	sim_trace("shop%d: %.*s %" PRId64 ": %zu bytes", number, STR_ARG(request->path), page, body.len);
	answer->status = 200;
	answer->body = arena_dup(arena, strbuf_str(&body));
	strbuf_release(&body);
}
