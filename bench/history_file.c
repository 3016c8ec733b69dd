/*
 * The file of a history: N orders of 3 lines each with their customers, as NDJSON and the same as CSV.
 */
#include "history_file.h"

#include "base/clock.h"
#include "base/strbuf.h"
#include "bench_proc.h"

#include <stdio.h>

#define FIRST_S INT64_C(1400000000) /* 2014-05-13 */

static void time_text(size_t i, struct strbuf *out)
{
	strbuf_reset(out);
	time_format_rfc3339((FIRST_S + (int64_t)i * 300) * 1000, out);
}

static void write_order(FILE *file, size_t i, const char *time)
{
	size_t person = i / HISTORY_ORDERS_PER_PERSON;

	(void)fprintf(file,
		      "{\"type\":\"order.placed\",\"timestamp\":\"%s\",\"data\":{\"order_id\":\"o%zu\","
		      "\"order_number\":"
		      "\"%zu\",\"placed_at\":\"%s\",\"currency\":\"SEK\",\"total\":\"%zu.70\",\"subtotal\":"
		      "\"%zu.70\","
		      "\"customer\":{\"customer_id\":\"%zu\",\"email\":\"buyer%zu@shop.test\",\"first_name\":"
		      "\"Ann\","
		      "\"last_name\":\"Berg\"},\"billing\":{\"first_name\":\"Ann\",\"last_name\":\"Berg\","
		      "\"address1\":"
		      "\"Main street "
		      "%zu\",\"city\":\"Malmo\",\"zip\":\"21100\",\"country_code\":\"SE\"},\"lines\":[",
		      time, i, i, time, 100 + i % 900, 100 + i % 900, person, person, i % 100);
	for (size_t line = 0; line < HISTORY_LINES; line++)
		(void)fprintf(file,
			      "%s{\"line_id\":\"%zu\",\"sku\":\"SKU-%zu\",\"name\":\"Wool socks, pattern "
			      "%zu\",\"quantity\":1,"
			      "\"unit_price\":\"33.90\",\"row_total\":\"33.90\",\"brand\":\"Socks\","
			      "\"categories\":[\"Warm\"]}",
			      line ? "," : "", line, i % 500 + line, i % 500);
	(void)fprintf(file, "]}}\n");
}

static void write_row(FILE *file, size_t i, const char *time)
{
	for (size_t line = 0; line < HISTORY_LINES; line++)
		(void)fprintf(file,
			      "o%zu,%s,SEK,%zu.70,buyer%zu@shop.test,Ann,Berg,Main street "
			      "%zu,Malmo,21100,SE,%zu,SKU-%zu,"
			      "\"Wool socks, pattern %zu\",1,33.90\n",
			      i, time, 100 + i % 900, i / HISTORY_ORDERS_PER_PERSON, i % 100, line,
			      i % 500 + line, i % 500);
}

static FILE *create(const char *path)
{
	FILE *file = fopen(path, "wb");

	if (!file)
		bench_die("cannot write %s", path);
	return file;
}

void history_write(const char *ndjson_path, const char *csv_path, size_t orders)
{
	FILE *file = create(ndjson_path), *csv = create(csv_path);
	struct strbuf time;

	strbuf_init(&time, 64);
	(void)fprintf(csv, "order_id,placed_at,currency,total,email,billing_first_name,billing_last_name,"
			   "billing_address1,"
			   "billing_city,billing_zip,billing_country_code,line_id,line_sku,line_name,line_"
			   "quantity,line_price\n");
	for (size_t i = 0; i < orders; i++) {
		time_text(i, &time);
		write_order(file, i, time.p);
		write_row(csv, i, time.p);
	}
	strbuf_release(&time);
	if (fclose(file) != 0 || fclose(csv) != 0)
		bench_die("the disk is full");
}
