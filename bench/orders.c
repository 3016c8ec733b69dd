/*
 * Benchmark of live orders: N orders of 3 lines each, placed as fast as the daemon takes them.
 *
 *   bench-orders [--build DIR] [--orders N] [--per-post N] [--limits on|off] [--outage-s S] [--json]
 *
 * Each order becomes a Placed Order and three Ordered Product events and a profile. The sandbox counts effects:
 * what is missing was lost, what it dropped as a repeat was sent twice. With --limits on it keeps Klaviyo's real
 * limits, 2,500 events a second in the long run, and counts the requests over them. --outage-s: for so long
 * Klaviyo answers nothing but 503, from the middle of the load on.
 *
 * One line: orders and events per second from the first order sent to the last event accepted, the ceiling of the
 * limits beside it, lost and doubled events, 429 answers, processor time per event, peak memory.
 */
#include "base/strbuf.h"
#include "shop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES	       3
#define EVENTS	       (1 + LINES) /* of one order */
#define BODY_BYTES_MAX ((size_t)1 << 20)
/* Klaviyo: 150 bulk requests of 1,000 events and 3,500 single ones a minute; we use 90 % of both. */
#define CEILING_PER_S ((150.0 * 1000 + 3500) / 60 * 0.9)

struct bench {
	const char *build;
	size_t orders;
	size_t per_post;
	bool limits;
	int outage_s;
	bool json;
	struct bench_shop shop;
};

static void add_order(struct strbuf *out, size_t i)
{
	strbuf_addf(out,
		    "{\"type\":\"order.placed\",\"id\":\"m%zu\",\"data\":{\"order_id\":\"o%zu\",\"currency\":\"SEK\","
		    "\"total\":\"%zu.70\",\"subtotal\":\"%zu.70\",\"customer\":{\"email\":\"buyer%zu@shop.test\","
		    "\"first_name\":\"Ann\",\"last_name\":\"Berg\"},\"billing\":{\"first_name\":\"Ann\",\"last_name\":"
		    "\"Berg\",\"address1\":\"Main street %zu\",\"city\":\"Malmo\",\"zip\":\"21100\",\"country_code\":\"SE\"},"
		    "\"lines\":[",
		    i, i, 100 + i % 900, 100 + i % 900, i / 2, i % 100);
	for (size_t line = 0; line < LINES; line++)
		strbuf_addf(out,
			    "%s{\"line_id\":\"%zu\",\"product_id\":\"p%zu\",\"variant_id\":\"p%zu-1\",\"sku\":\"SKU-%zu\","
			    "\"name\":\"Wool socks, pattern %zu\",\"quantity\":1,\"unit_price\":\"33.90\","
			    "\"row_total\":\"33.90\",\"brand\":\"Socks\",\"categories\":[\"Warm\"],"
			    "\"image_url\":\"https://shop.test/i/%zu.jpg\",\"product_url\":\"https://shop.test/p/%zu\"}",
			    line ? "," : "", line, i % 500 + line, i % 500 + line, i % 500 + line, i % 500, i % 500,
			    i % 500);
	strbuf_add_text(out, "]}}");
}

static void post_orders(struct bench *bench, size_t from, size_t to)
{
	struct strbuf body;

	strbuf_init(&body, BODY_BYTES_MAX);
	for (size_t i = from; i < to; i += bench->per_post) {
		size_t end = i + bench->per_post < to ? i + bench->per_post : to;

		strbuf_reset(&body);
		for (size_t k = i; k < end; k++) {
			strbuf_add_char(&body, k == i ? '[' : ',');
			add_order(&body, k);
		}
		strbuf_add_char(&body, ']');
		bench_shop_post(&bench->shop, strbuf_str(&body));
		arena_reset(&bench->shop.arena);
	}
	strbuf_release(&body);
}

/* ---- what arrived -------------------------------------------------------------------------------- */

struct arrived {
	int64_t placed;
	int64_t ordered;
	int64_t doubled; /* dropped as repeats */
	int64_t over;	 /* 429 */
	int64_t violations;
};

static int64_t number(const struct json *object, const char *name)
{
	int64_t value = 0;

	(void)json_get_int(object, name, &value);
	return value;
}
