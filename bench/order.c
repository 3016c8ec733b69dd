/*
 * The orders of the benchmarks of the whole road.
 */
#include "order.h"

#include "base/clock.h"

#define LINES BENCH_ORDER_LINES

void bench_order_add(struct strbuf *out, const char *name, size_t i, int64_t at_ms)
{
	strbuf_addf(out, "{\"type\":\"order.placed\",\"id\":\"%s%zu\",\"timestamp\":\"", name, i);
	time_format_rfc3339(at_ms, out);
	strbuf_add_text(out, "\",\"data\":{\"placed_at\":\"");
	time_format_rfc3339(at_ms, out);
	strbuf_addf(
		out,
		"\",\"order_id\":\"%s%zu\",\"currency\":\"EUR\",\"total\":\"%zu.70\",\"customer\":{"
		"\"email\":\"%s%zu@shop.test\",\"first_name\":\"Ann\",\"last_name\":\"Berg\"},\"lines\":[",
		name, i, 100 + i % 900, name, i / 4);
	for (size_t line = 0; line < LINES; line++)
		strbuf_addf(out,
			    "%s{\"line_id\":\"%zu\",\"sku\":\"SKU-%zu\",\"name\":\"Wool socks\","
			    "\"quantity\":1,\"unit_price\":\"33.90\",\"row_total\":\"33.90\"}",
			    line ? "," : "", line, (i + line) % 500);
	strbuf_add_text(out, "]}}");
}
