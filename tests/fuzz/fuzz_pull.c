/*
 * Fuzzer: any answer of a shop that is asked for pages, in every way of paging. The first byte chooses the
 *         way, the second the
 * kind; the first line is the Link header, the rest the body.
 */
#include "platform/platform.h"

#include "base/json.h"
#include "net/url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NOW_MS INT64_C(1785406272000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const pagings[] = { "page", "offset", "cursor", "link", "none", "token" };

static struct str setting(const void *from, const char *key)
{
	const char *const *paging = from;
	static const struct {
		const char *key, *value;
	} rows[] = {
		{ "pull_page_size", "100" },
		{ "pull_first_page", "1" },
		{ "pull_next", "/next" },
		{ "pull_last_page", "/meta/pages" },
		{ "pull_total", "/meta/count" },
		{ "pull_items", "/data" },
		{ "pull_time", "rfc3339" },
		{ "pull_client_id", "id" },
		{ "pull_refresh_token", "r" },
		{ "pull_map_orders",
		  "order_id=/id, placed_at=/at, lines=/l, lines.sku=/s, lines.price=/p~1q/0" },
		{ "pull_map_subscribers", "email=/mail, state=/on, consented_at=/at, timestamp=/at" },
	};

	if (strcmp(key, "pull_paging") == 0)
		return str_from(*paging);
	if (strcmp(key, "pull_token_url") == 0)
		return strcmp(*paging, "token") == 0 ? STR("https://s.test/t") : STR("");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(key, rows[i].key) == 0)
			return str_from(rows[i].value);
	return strlen(key) > 4 && strcmp(key + strlen(key) - 4, "_url") == 0
		       ? STR("https://s.test/a?p={page}")
		       : STR("");
}

/* What is read holds to its promises. */
static bool sound(const struct pull_page *page)
{
	struct url url;

	if (page->verdict == PULL_TOKEN)
		return page->token.len > 0;
	if (page->verdict != PULL_PAGE)
		return page->reason.len > 0;
	if (page->n_message + page->n_reject > page->n_item)
		return false;
	for (size_t i = 0; i < page->n_message; i++) {
		struct json *json = NULL;
		bool ok = json_parse(page->message[i], &json, NULL) && json_get_text(json, "type").len > 0 &&
			  json_type(json_get(json, "data")) == JSON_OBJECT;

		json_free(json);
		if (!ok)
			return false;
	}
	/* A URL that is asked next is at the same host. */
	if (!str_starts(page->next, STR("https://")) && !str_starts(page->next, STR("http://")))
		return true;
	return url_parse(page->next, &url, NULL) && str_eq(url.scheme, STR("https")) &&
	       str_eq_nocase(url.host, STR("s.test")) && url.port == 443;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_of((const char *)data, size), link = STR("");
	const char *paging = pagings[size > 0 ? data[0] % (sizeof(pagings) / sizeof(pagings[0])) : 0];
	struct platform_store store = { .store_id = 1, .setting = setting, .from = &paging };
	struct pull_ask ask = { .kind = size > 1 ? (enum pull_kind)(data[1] % PULL_KIND_COUNT) : PULL_ORDERS,
				.now_ms = NOW_MS };
	struct http_header header = { .name = STR("Link") };
	struct pull_answer answer = { .status = 200, .header = &header, .n_header = 1 };
	struct pull_request request;
	struct pull_page page;
	struct arena arena;

	arena_init(&arena);
	rest = str_skip(rest, 2);
	(void)str_split(&rest, '\n', &link);
	header.value = link;
	answer.body = rest;
	if (!platform_generic_ops.pull->fetch_page(&store, &ask, &arena, &request, NULL))
		abort();
	if (pull_judge(&ask, &request, &answer, &arena, &page))
		platform_generic_ops.pull->read_page(&store, &ask, &request, &answer, &arena, &page);
	if (!sound(&page))
		abort();
	arena_release(&arena);
	return 0;
}
