/*
 * The traces of entities.
 *
 * Threads: on the server's thread.
 */
#include "sandbox/trace.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <inttypes.h>
#include <string.h>

static void write_key(enum kind kind, struct str external_id, struct strbuf *out)
{
	strbuf_init(out, external_id.len + 32);
	strbuf_addf(out, "%s:", kind_row(kind)->name);
	strbuf_add_str(out, external_id);
}

struct trace *trace_find(const struct table *traces, enum kind kind, struct str external_id)
{
	struct strbuf key;
	struct trace *trace;

	write_key(kind, external_id, &key);
	trace = table_find(traces, strbuf_str(&key));
	strbuf_release(&key);
	return trace;
}

struct trace *trace_get(struct table *traces, enum kind kind, struct str external_id)
{
	struct trace *trace = trace_find(traces, kind, external_id);
	struct strbuf key;
	char *text;

	if (trace)
		return trace;
	write_key(kind, external_id, &key);
	trace = mem_zalloc(1, sizeof(*trace) + key.len + 1);
	text = (char *)(trace + 1);
	memcpy(text, key.p, key.len);
	trace->kind = kind;
	trace->key = str_of(text, key.len);
	trace->external_id = str_skip(trace->key, key.len - external_id.len);
	table_put(traces, trace->key, trace);
	strbuf_release(&key);
	return trace;
}

static void forget_oldest(struct trace *trace)
{
	mem_free(trace->entry[0].content);
	memmove(&trace->entry[0], &trace->entry[1], (trace->n - 1) * sizeof(*trace->entry));
	trace->n--;
	trace->n_forgotten++;
}

static void set_content(struct trace_entry *entry, const struct json *content)
{
	struct strbuf text;
	struct str part;

	if (!content)
		return;
	strbuf_init(&text, SIZE_MAX / 2);
	json_write(content, true, &text);
	part = strbuf_str(&text);
	entry->hash = digest16_of(&part, 1);
	entry->content = mem_strdup(text.p);
	strbuf_release(&text);
}

void trace_add(struct trace *trace, const struct trace_entry *entry, const struct json *content)
{
	if (trace->n == TRACE_ENTRIES_MAX)
		forget_oldest(trace);
	trace->entry = mem_resize(trace->entry, (trace->n + 1) * sizeof(*trace->entry));
	trace->entry[trace->n] = *entry;
	set_content(&trace->entry[trace->n], content);
	trace->n++;
}

bool trace_excuses(const struct trace *trace, int64_t request_number)
{
	return trace->excuse_after > 0 && request_number > trace->excuse_after;
}

void trace_settle(struct trace *trace, int64_t request_number)
{
	if (trace_excuses(trace, request_number))
		trace->excuse_after = 0;
}

static void render_entry(const struct trace_entry *entry, struct strbuf *out)
{
	char hash[sizeof(entry->hash.byte) * 2 + 1];

	hex_encode(entry->hash.byte, sizeof(entry->hash.byte), hash);
	strbuf_addf(out,
		    "{\"request_number\":%" PRId64 ",\"op\":\"%s\",\"by_job\":%s,\"hash\":\"%s\",\"at\":\"",
		    entry->request_number, entry->op, entry->by_job ? "true" : "false", hash);
	time_format_rfc3339(entry->at_ms, out);
	strbuf_add_text(out, "\",");
	if (entry->content) /* an object itself: its members are put in here */
		strbuf_add_str(out, str_of(entry->content + 1, strlen(entry->content) - 2));
	else
		strbuf_add_text(out, "\"attributes\":null");
	strbuf_add_char(out, '}');
}

void trace_render(const struct trace *trace, struct strbuf *out)
{
	strbuf_addf(out, "{\"kind\":\"%s\",\"external_id\":", kind_row(trace->kind)->name);
	json_write_text(trace->external_id, out);
	strbuf_addf(out, ",\"forgotten\":%" PRId64 ",\"history\":[", trace->n_forgotten);
	for (size_t i = 0; i < trace->n; i++) {
		if (i > 0)
			strbuf_add_char(out, ',');
		render_entry(&trace->entry[i], out);
	}
	strbuf_add_text(out, "]}");
}

void traces_release(struct table *traces)
{
	size_t at = 0;

	for (struct trace *trace; (trace = table_next(traces, &at)) != NULL;) {
		for (size_t i = 0; i < trace->n; i++)
			mem_free(trace->entry[i].content);
		mem_free(trace->entry);
		mem_free(trace);
	}
	table_release(traces);
}
