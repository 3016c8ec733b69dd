/*
 * Fuzzer: any bytes as an answer of Klaviyo. The first byte chooses the endpoint, the second the status,
 * the third a value of Retry-After; the rest is the body. Whatever it is, each delivery gets an outcome,
 * waits are within their bounds, and texts for people hold no control bytes.
 */
#include "klaviyo/contents.h"
#include "klaviyo/lookup.h"
#include "klaviyo/outcome.h"
#include "klaviyo/page.h"

#include "base/attr.h"

#include <stdint.h>
#include <stdlib.h>

#define ROWS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int status_row[] = { 200, 201, 202, 204, 301, 400, 401, 403, 404, 409, 410, 413, 429, 500, 503 };
static const char *const wait_row[] = { "",	"1",
					"3600", "99999999999999999999",
					"-1",	"Wed, 21 Oct 2026 07:28:00 GMT" };

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_text(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		must((unsigned char)text.p[i] >= 0x20 && text.p[i] != 0x7f);
}

static void check_verdict(const struct klaviyo_verdict *verdict, size_t n)
{
	must(verdict->n_row == 0 || verdict->n_row == n);
	must(verdict->retry_after_ms >= 0 && verdict->retry_after_ms <= 3600000);
	check_text(verdict->reason);
	for (size_t i = 0; i < verdict->n_row; i++) {
		must(verdict->row[i].reason.len <= 310);
		check_text(verdict->row[i].reason);
	}
}

static void fill(struct delivery row[static ROWS], enum klaviyo_kind kind, enum delivery_op op)
{
	static const char *const body = "{\"type\":\"profile\",\"attributes\":{\"email\":\"ann@shop.test\","
					"\"phone_number\":\"+15005550006\",\"properties\":{}}}";

	for (size_t i = 0; i < ROWS; i++)
		row[i] = (struct delivery){
			.id = (int64_t)i + 1,
			.kind = kind,
			.op = op,
			.external_id = str_from(i == 0	 ? "p1"
						: i == 1 ? "Placed Order|1001"
							 : "email:ann@shop.test"),
			.parent_external_id = STR("ann@shop.test"),
			.body = str_from(body),
		};
}

static void read_catalog(const struct http_answer *answer, struct arena *arena)
{
	struct klaviyo_thing *thing;
	struct str *item, next;
	struct err err;
	size_t n;

	for (enum klaviyo_kind kind = KLAVIYO_CATEGORY; kind <= KLAVIYO_VARIANT; kind++)
		if (klaviyo_read_things(kind, answer, arena, &thing, &n, &next, &err))
			for (size_t i = 0; i < n; i++) {
				must(thing[i].contents.len <= KLAVIYO_CONTENTS_BYTES);
				must(klaviyo_contents_differ(thing[i].contents, thing[i].contents, arena)
					     .len == 0);
			}
	if (!klaviyo_read_links(answer, arena, &item, &n, &next, &err))
		must(err.msg[0]);
}

static void read_lookups(const struct http_answer *answer, struct arena *arena)
{
	struct klaviyo_list *list, one;
	struct klaviyo_optout *optout;
	struct str *name, next, key;
	struct err err;
	size_t n;

	read_catalog(answer, arena);
	if (klaviyo_read_lists(answer, arena, &list, &n, &next, &err))
		must(n == 0 || list[0].id.len > 0);
	if (klaviyo_read_list(answer, arena, &one, &err))
		must(one.id.len > 0);
	if (!klaviyo_read_metrics(answer, arena, &name, &n, &next, &err))
		must(err.msg[0]);
	if (klaviyo_read_optouts(answer, arena, &optout, &n, &next, &err))
		for (size_t i = 0; i < n; i++)
			must(optout[i].email.len > 0);
	if (!klaviyo_read_public_key(answer, arena, &key, &err))
		must(err.msg[0]);
	(void)klaviyo_page_next(answer, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct klaviyo_verdict verdict = { 0 };
	struct http_header header[] = { { STR("Retry-After"), { 0 } },
					{ STR("RateLimit-Remaining"), STR("7") } };
	struct http_answer answer = {
		.ok = true, .sent = true, .header = header, .n_header = ARRAY_LEN(header)
	};
	struct delivery row[ROWS];
	struct arena arena;
	enum job_state state;
	enum endpoint endpoint;

	if (size < 3)
		return 0;
	endpoint = (enum endpoint)(data[0] % ENDPOINT_COUNT);
	answer.status = status_row[data[1] % ARRAY_LEN(status_row)];
	header[0].value = str_from(wait_row[data[2] % ARRAY_LEN(wait_row)]);
	answer.body = str_of((const char *)data + 3, size - 3);
	fill(row, (enum klaviyo_kind)(data[0] % KLAVIYO_NOTICE),
	     (enum delivery_op)(data[1] % DELIVERY_OP_COUNT));
	arena_init(&arena);
	klaviyo_outcome(endpoint, row, ROWS, &answer, &arena, &verdict);
	check_verdict(&verdict, ROWS);
	klaviyo_outcome(endpoint, row, 1, &answer, &arena, &verdict);
	check_verdict(&verdict, 1);
	verdict = (struct klaviyo_verdict){ 0 };
	klaviyo_job_outcome(endpoint, row, ROWS, STR("job-1"), data[2] & 1, &answer, &arena, &state,
			    &verdict);
	if (state == JOB_COMPLETE)
		check_verdict(&verdict, ROWS);
	read_lookups(&answer, &arena);
	arena_release(&arena);
	return 0;
}
