/*
 * Requests that ask: for lists, metrics, opt-outs and the catalog; and the one that makes a list.
 *
 * Pure. Source: Klaviyo OpenAPI stable, revision 2026-07-15.
 */
#include "base/clock.h"
#include "klaviyo/render_internal.h"
#include "net/url.h"

#define SUPPRESSED_AT "subscriptions.email.marketing.suppression.timestamp"

/* A text of a filter: "a \"b\"". */
static void put_quoted(struct strbuf *out, struct str text)
{
	strbuf_add_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			strbuf_add_char(out, '\\');
		strbuf_add_char(out, text.p[i]);
	}
	strbuf_add_char(out, '"');
}

/* query: encoded already; "" = none. */
static struct klaviyo_request ask_of(struct str api_url, enum endpoint endpoint, struct str external_id,
				     struct str query, struct arena *arena)
{
	struct str url = render_url(api_url, endpoint, external_id, arena);

	return (struct klaviyo_request){
		.endpoint = endpoint,
		.method = endpoint_row(endpoint)->method,
		.url = arena_printf(arena, "%.*s?%.*s", STR_ARG(url), STR_ARG(query)),
	};
}

static struct klaviyo_request ask(struct str api_url, enum endpoint endpoint, struct str query,
				  struct arena *arena)
{
	struct str url = render_url(api_url, endpoint, (struct str){ 0 }, arena);

	if (query.len > 0)
		url = arena_printf(arena, "%.*s?%.*s", STR_ARG(url), STR_ARG(query));
	return (struct klaviyo_request){
		.endpoint = endpoint,
		.method = endpoint_row(endpoint)->method,
		.url = url,
	};
}

struct klaviyo_request klaviyo_render_lists(struct str api_url, struct str name, struct str page,
					    struct arena *arena)
{
	struct strbuf filter, query;

	if (page.len > 0)
		return ask(api_url, ENDPOINT_lists_get, page, arena);
	strbuf_init(&filter, 8192);
	strbuf_init(&query, 32768);
	strbuf_add_text(&query, "fields%5Blist%5D=name");
	if (name.len > 0) {
		strbuf_add_text(&filter, "equals(name,");
		put_quoted(&filter, name);
		strbuf_add_char(&filter, ')');
		strbuf_add_text(&query, "&filter=");
		url_encode(strbuf_str(&filter), "", &query);
	}
	strbuf_release(&filter);
	return ask(api_url, ENDPOINT_lists_get, render_take(&query, arena), arena);
}

struct klaviyo_request klaviyo_render_list_create(struct str api_url, struct str name, struct arena *arena)
{
	struct klaviyo_request request = ask(api_url, ENDPOINT_list_create, (struct str){ 0 }, arena);
	struct strbuf body;

	strbuf_init(&body, KLAVIYO_BODY_BYTES_MAX);
	strbuf_add_text(&body, "{\"data\":{\"type\":\"list\",\"attributes\":{\"name\":");
	json_write_text(name, &body);
	strbuf_add_text(&body, "}}}");
	request.body = render_take(&body, arena);
	return request;
}

struct klaviyo_request klaviyo_render_metrics(struct str api_url, struct str page, struct arena *arena)
{
	return ask(api_url, ENDPOINT_metrics_get, page.len > 0 ? page : STR("fields%5Bmetric%5D=name"),
		   arena);
}

struct klaviyo_request klaviyo_render_optouts(struct str api_url, int64_t since_ms, struct str page,
					      struct arena *arena)
{
	struct strbuf filter, query;

	if (page.len > 0)
		return ask(api_url, ENDPOINT_profiles_get, page, arena);
	strbuf_init(&filter, 1000);
	strbuf_init(&query, 8192);
	strbuf_add_text(&filter, "greater-than(" SUPPRESSED_AT ",");
	time_format_rfc3339(since_ms, &filter);
	strbuf_add_char(&filter, ')');
	strbuf_add_text(&query, "filter=");
	url_encode(strbuf_str(&filter), "", &query);
	strbuf_add_text(&query, "&additional-fields%5Bprofile%5D=subscriptions&sort=" SUPPRESSED_AT
				"&page%5Bsize%5D=100");
	strbuf_release(&filter);
	return ask(api_url, ENDPOINT_profiles_get, render_take(&query, arena), arena);
}

struct klaviyo_request render_profile_question(struct str api_url, struct str person, struct arena *arena)
{
	bool phone = person.len > 0 && person.p[0] == '+';
	struct strbuf filter, query;

	strbuf_init(&filter, 8192);
	strbuf_init(&query, 32768);
	strbuf_addf(&filter, "equals(%s,", phone ? "phone_number" : "email");
	put_quoted(&filter, person);
	strbuf_add_char(&filter, ')');
	strbuf_add_text(&query, "fields%5Bprofile%5D=email&filter=");
	url_encode(strbuf_str(&filter), "", &query);
	strbuf_release(&filter);
	return ask(api_url, ENDPOINT_profiles_get, render_take(&query, arena), arena);
}

#define FIRST_PAGE STR("sort=created&page%5Bsize%5D=100")

struct klaviyo_request klaviyo_render_things(struct str api_url, enum klaviyo_kind kind, struct str page,
					     struct arena *arena)
{
	enum endpoint endpoint = kind == KLAVIYO_CATEGORY ? ENDPOINT_categories_get
				 : kind == KLAVIYO_ITEM	  ? ENDPOINT_items_get
							  : ENDPOINT_variants_get;

	return ask(api_url, endpoint, page.len > 0 ? page : FIRST_PAGE, arena);
}

struct klaviyo_request klaviyo_render_links(struct str api_url, struct str category_external_id,
					    struct str page, struct arena *arena)
{
	return ask_of(api_url, ENDPOINT_links_get, category_external_id, page.len > 0 ? page : FIRST_PAGE,
		      arena);
}
