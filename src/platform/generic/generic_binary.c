/*
 * CloudEvents 1.0 in binary mode: attributes stand in ce-* headers, percent-encoded, and the body is the
 * data.
 *
 * What is kept of a message is one JSON value, so the two are put together into an envelope as the other
 * modes have it.
 */
#include "platform/generic/generic_internal.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* %XX as a byte; a % that is not followed by two digits stays. */
static struct str percent_decoded(struct str text, struct arena *arena)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		int high = text.p[i] == '%' && i + 2 < text.len ? hex_digit(text.p[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text.p[i + 2]) : -1;

		if (low >= 0) {
			out[n++] = (char)(high * 16 + low);
			i += 2;
		} else {
			out[n++] = text.p[i];
		}
	}
	return str_of(out, n);
}

static void add_member(struct strbuf *out, const char *name, struct str header, struct arena *arena)
{
	if (header.len == 0)
		return;
	strbuf_addf(out, "%s\"%s\":", out->len > 1 ? "," : "", name);
	json_write_text(percent_decoded(header, arena), out);
}

bool generic_binary_envelope(const struct platform_request *request, struct arena *arena, struct str *out,
			     struct err *err)
{
	static const struct {
		const char *header, *member;
	} attributes[] = {
		{ "ce-specversion", "specversion" }, { "ce-id", "id" },
		{ "ce-source", "source" },	     { "ce-type", "type" },
		{ "ce-time", "timestamp" },	     { "ce-subject", "subject" },
		{ "ce-sequence", "sequence" },
	};
	struct strbuf text;

	/* Checked before it is put between our brackets, where anything might balance them. */
	if (str_trim(request->body).len && !json_scan(request->body, NULL, 0, NULL, NULL, err))
		return err_wrap(err, "the body is not JSON");
	strbuf_init(&text, SIZE_MAX / 4); /* headers and body were bounded when they were read */
	strbuf_add_char(&text, '{');
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
		add_member(&text, attributes[i].member, request->header(request->from, attributes[i].header),
			   arena);
	if (str_trim(request->body).len) {
		strbuf_add_text(&text, text.len > 1 ? ",\"data\":" : "\"data\":");
		strbuf_add_str(&text, request->body);
	}
	strbuf_add_char(&text, '}');
	*out = arena_dup(arena, strbuf_str(&text));
	strbuf_release(&text);
	return true;
}
