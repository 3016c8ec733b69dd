/*
 * Pages of lists.
 *
 * Pure.
 */
#include "klaviyo/page.h"

#include "base/json.h"

#define QUERY_BYTES_MAX 2000

struct str klaviyo_page_next(const struct http_answer *answer, struct arena *arena)
{
	struct json *body = NULL;
	struct str link, query = { 0 };

	if (!answer->ok || answer->status != 200 || !json_parse(answer->body, &body, NULL))
		return query;
	link = json_get_text(json_get(body, "links"), "next");
	link = str_skip(link, str_find_char(link, '?') + 1);
	if (link.len > 0 && link.len <= QUERY_BYTES_MAX)
		query = arena_dup(arena, link);
	json_free(body);
	return query;
}
