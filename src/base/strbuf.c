/*
 * Growing text with a ceiling.
 *
 * Keeps:   capacity 0 means p is the shared empty text, which is never written; else capacity > len and
 *          p[len] is NUL. After an overflow the contents are what they were before the append that did not
 *          fit.
 * Threads: a buffer belongs to its owner.
 */
#include "base/strbuf.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

#define FIRST_CAPACITY 256

static char empty[1];

void strbuf_init(struct strbuf *buf, size_t ceiling_bytes)
{
	*buf = (struct strbuf){ .p = empty, .ceiling = ceiling_bytes };
}

void strbuf_release(struct strbuf *buf)
{
	if (buf->capacity)
		mem_free(buf->p);
	*buf = (struct strbuf){ .p = empty };
}

void strbuf_reset(struct strbuf *buf)
{
	buf->len = 0;
	buf->overflow = false;
	if (buf->capacity)
		buf->p[0] = '\0';
}

/* Makes room for len more bytes and the NUL; false (and overflow) if that would pass the ceiling. */
static bool make_room(struct strbuf *buf, size_t len)
{
	size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY;

	if (buf->overflow || len > buf->ceiling - buf->len) {
		buf->overflow = true;
		return false;
	}
	if (buf->capacity > buf->len + len)
		return true;
	while (capacity <= buf->len + len)
		capacity = capacity > buf->ceiling / 2 ? buf->ceiling + 1 : capacity * 2;
	buf->p = mem_resize(buf->capacity ? buf->p : NULL, capacity);
	buf->capacity = capacity;
	return true;
}

/* Mostly there is. */
static bool has_room(const struct strbuf *buf, size_t len)
{
	return len < buf->capacity - buf->len && len <= buf->ceiling - buf->len && !buf->overflow;
}

void strbuf_add(struct strbuf *buf, const void *bytes, size_t len)
{
	if (len == 0 || (!has_room(buf, len) && !make_room(buf, len)))
		return;
	memcpy(buf->p + buf->len, bytes, len);
	buf->len += len;
	buf->p[buf->len] = '\0';
}

void strbuf_add_str(struct strbuf *buf, struct str text)
{
	strbuf_add(buf, text.p, text.len);
}

void strbuf_add_text(struct strbuf *buf, const char *text)
{
	strbuf_add(buf, text, strlen(text));
}

void strbuf_add_char(struct strbuf *buf, char c)
{
	if (!has_room(buf, 1) && !make_room(buf, 1))
		return;
	buf->p[buf->len++] = c;
	buf->p[buf->len] = '\0';
}

void strbuf_addf(struct strbuf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	strbuf_vaddf(buf, format, args);
	va_end(args);
}

void strbuf_vaddf(struct strbuf *buf, const char *format, va_list args)
{
	char small[256];
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(small, sizeof(small), format, args);
	if (len > 0 && (size_t)len < sizeof(small)) {
		strbuf_add(buf, small, (size_t)len);
	} else if (len > 0 && make_room(buf, (size_t)len)) {
		(void)vsnprintf(buf->p + buf->len, (size_t)len + 1, format, again);
		buf->len += (size_t)len;
	}
	va_end(again);
}

struct str strbuf_str(const struct strbuf *buf)
{
	return str_of(buf->p, buf->len);
}
