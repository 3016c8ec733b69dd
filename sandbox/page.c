/*
 * The page for people: what the sandbox holds, in plain HTML without scripts.
 *
 * Keeps:   every text that came from outside is escaped; long lists are cut with a note.
 * Threads: the server's thread.
 */
#include "sandbox/control.h"

#include "sandbox/route.h"

#include <inttypes.h>

#define ROWS_MAX 200
#define CELL_BYTES_MAX 300

void page_escape(struct str text, struct strbuf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		switch (text.p[i]) {
		case '<':
			strbuf_add_text(out, "&lt;");
			break;
		case '>':
			strbuf_add_text(out, "&gt;");
			break;
		case '&':
			strbuf_add_text(out, "&amp;");
			break;
		case '"':
			strbuf_add_text(out, "&quot;");
			break;
		case '\'':
			strbuf_add_text(out, "&#39;");
			break;
		default:
			strbuf_add_char(out, text.p[i]);
		}
	}
}

void page_cell(struct str text, struct strbuf *out)
{
	bool cut = text.len > CELL_BYTES_MAX;

	while (cut && text.len > CELL_BYTES_MAX - 4)
		text.len--;
	while (cut && text.len > 0 && ((unsigned char)text.p[text.len] & 0xc0) == 0x80)
		text.len--; /* not inside a character */
	strbuf_add_text(out, "<td>");
	page_escape(text, out);
	strbuf_add_text(out, cut ? "...</td>" : "</td>");
}

/* Any attribute as a cell: texts as they are, the rest as JSON. */
static void add_attribute(const struct entity *entity, const char *name, struct strbuf *out)
{
	const struct json *value = json_get(entity->attributes, name);
	struct strbuf text;

	if (json_type(value) == JSON_STRING || json_type(value) == JSON_NULL) {
		page_cell(json_text(value), out);
		return;
	}
	strbuf_init(&text, REPLY_BYTES_MAX);
	json_write(value, false, &text);
	page_cell(strbuf_str(&text), out);
	strbuf_release(&text);
}

static void add_linked(const struct entity *entity, enum relation relation, struct strbuf *out)
{
	int side = link_side(entity);
	struct strbuf text;

	strbuf_init(&text, REPLY_BYTES_MAX);
	for (const struct link *link = entity->links[relation].first; link; link = link->next[side]) {
		if (text.len > CELL_BYTES_MAX)
			break;
		if (text.len > 0)
			strbuf_add_text(&text, ", ");
		strbuf_add_str(&text, link->end[!side]->external_id);
	}
	page_cell(strbuf_str(&text), out);
	strbuf_release(&text);
}

static void add_note(size_t shown, size_t all, struct strbuf *out)
{
	if (shown < all)
		strbuf_addf(out,
			    "<p>The first %zu of %zu; all are in <a "
			    "href=\"/sandbox/state\">/sandbox/state</a>.</p>\n",
			    shown, all);
}

void page_head(const char *const *name, size_t n, struct strbuf *out)
{
	strbuf_add_text(out, "<table><tr>");
	for (size_t i = 0; i < n; i++)
		strbuf_addf(out, "<th>%s</th>", name[i]);
	strbuf_add_text(out, "</tr>\n");
}

static void add_variants(const struct entity *item, struct strbuf *out)
{
	static const char *const column[] = { "external_id", "sku", "title", "price", "inventory_quantity",
					      "inventory_policy", "published" };

	for (const struct link *link = item->links[RELATION_VARIANTS].first; link; link = link->next[0]) {
		strbuf_add_text(out, "<tr class=\"v\"><td>variant</td>");
		for (size_t i = 0; i < ARRAY_LEN(column); i++)
			add_attribute(link->end[1], column[i], out);
		strbuf_add_text(out, "<td></td></tr>\n");
	}
}

static void add_items(const struct collection *items, struct strbuf *out)
{
	static const char *const head[] = { "",	       "external id", "sku / categories", "title",
					    "price",   "stock / url", "policy / image",	  "published",
					    "metadata" };
	size_t shown = 0;

	strbuf_addf(out, "<h3>Items (%zu)</h3>\n", items->by_id.n);
	page_head(head, ARRAY_LEN(head), out);
	for (size_t i = 0; i < items->n && shown < ROWS_MAX; i++) {
		const struct entity *item = items->slot[i].entity;

		if (!item)
			continue;
		shown++;
		strbuf_add_text(out, "<tr><td>item</td>");
		add_attribute(item, "external_id", out);
		add_linked(item, RELATION_CATEGORIES, out);
		add_attribute(item, "title", out);
		add_attribute(item, "price", out);
		add_attribute(item, "url", out);
		add_attribute(item, "image_full_url", out);
		add_attribute(item, "published", out);
		add_attribute(item, "custom_metadata", out);
		strbuf_add_text(out, "</tr>\n");
		add_variants(item, out);
	}
	strbuf_add_text(out, "</table>\n");
	add_note(shown, items->by_id.n, out);
}

static void add_categories(const struct collection *categories, struct strbuf *out)
{
	static const char *const head[] = { "external id", "name", "items" };
	size_t shown = 0;

	strbuf_addf(out, "<h3>Categories (%zu)</h3>\n", categories->by_id.n);
	page_head(head, ARRAY_LEN(head), out);
	for (size_t i = 0; i < categories->n && shown < ROWS_MAX; i++) {
		const struct entity *category = categories->slot[i].entity;

		if (!category)
			continue;
		shown++;
		strbuf_add_text(out, "<tr>");
		add_attribute(category, "external_id", out);
		add_attribute(category, "name", out);
		add_linked(category, RELATION_CATEGORIES, out);
		strbuf_add_text(out, "</tr>\n");
	}
	strbuf_add_text(out, "</table>\n");
	add_note(shown, categories->by_id.n, out);
}

static void add_job(const struct sandbox *sandbox, const struct job *job, struct strbuf *out)
{
	strbuf_addf(out, "<tr><td>%s</td><td>%s</td><td>%s</td><td>%zu</td><td>%zu</td>", job->id,
		    kind_row(job->kind)->job_type[job->op], job_status(job, sandbox_time_ms(sandbox)),
		    job->n_rows, job->n_failed);
	page_cell(json_get_text(json_at(job->errors, 0), "detail"), out);
	strbuf_add_text(out, "</tr>\n");
}

static void add_jobs(const struct sandbox *sandbox, const struct jobs *jobs, struct strbuf *out)
{
	static const char *const head[] = { "id", "type", "status", "rows", "failed", "first error" };
	size_t shown = 0, all = 0;

	strbuf_add_text(out, "<h3>Bulk jobs, newest first</h3>\n");
	page_head(head, ARRAY_LEN(head), out);
	for (size_t kind = 0; kind < KIND_COUNT; kind++) {
		for (size_t op = 0; op < OP_COUNT; op++) {
			const struct job_list *list = &jobs->list[kind][op];

			all += list->n;
			for (size_t i = list->n; i-- > 0 && i + 20 >= list->n; shown++)
				add_job(sandbox, list->job[i], out);
		}
	}
	strbuf_add_text(out, "</table>\n");
	add_note(shown, all, out);
}

static void add_counts(const struct sandbox *sandbox, struct strbuf *out)
{
	static const char *const head[] = { "method", "endpoint", "requests", "rows", "by status" };
	const struct journal *journal = &sandbox->journal;

	strbuf_addf(out, "<h2>Requests</h2>\n<p>%" PRId64 " in all, %" PRId64 " throttled.</p>\n",
		    sandbox->n_requests, journal->throttled);
	page_head(head, ARRAY_LEN(head), out);
	for (size_t i = 0; i <= journal->n_routes; i++) {
		const struct journal_route *route = &journal->route[i];
		bool known = i < journal->n_routes;

		if (route->requests == 0)
			continue;
		strbuf_addf(out, "<tr><td>%s</td><td>%s</td><td>%" PRId64 "</td><td>%" PRId64 "</td><td>",
			    known ? route_at(i)->method : "", known ? route_at(i)->pattern : "other paths",
			    route->requests, route->rows);
		journal_render_status(route, 1, out);
		strbuf_add_text(out, "</td></tr>\n");
	}
	strbuf_add_text(out, "</table>\n");
}

void page_render(const struct sandbox *sandbox, struct strbuf *out)
{
	strbuf_add_text(
		out,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta "
		"charset=\"utf-8\"><title>klaviyo-sandbox</title>\n"
		"<style>body{font:14px sans-serif;margin:1.5em}table{border-collapse:collapse}"
		"th,td{border:1px solid #bbb;padding:.2em .5em;text-align:left;vertical-align:top;"
		"max-width:24em;overflow-wrap:break-word}td:last-child{overflow-wrap:anywhere}"
		"tr.v{background:#f3f3f3}</style></head><body>\n"
		"<h1>klaviyo-sandbox</h1>\n<p>A simulator of Klaviyo's API, in memory. As JSON: "
		"<a href=\"/sandbox/state\">state</a>, <a href=\"/sandbox/requests\">requests</a>, "
		"<a href=\"/sandbox/counts\">counts</a>, <a href=\"/sandbox/violations\">violations</a>, "
		"<a href=\"/sandbox/knobs\">knobs</a>.</p>\n");
	if (sandbox->n_accounts == 0)
		strbuf_add_text(out, "<p>No request with a key has come in yet.</p>\n");
	for (size_t i = 0; i < sandbox->n_accounts && i < ROWS_MAX; i++) {
		const struct account *account = sandbox->account[i];

		strbuf_addf(out, "<h2>Account %s, key ...%s</h2>\n", account->id, account->last4);
		add_items(&account->catalog.collection[KIND_ITEM], out);
		add_categories(&account->catalog.collection[KIND_CATEGORY], out);
		add_jobs(sandbox, &account->jobs, out);
		people_page(account, out);
	}
	add_counts(sandbox, out);
	strbuf_add_text(out, "</body></html>\n");
}
