#ifndef PANNIER_BASE_STRBUF_H
#define PANNIER_BASE_STRBUF_H

#include "base/attr.h"
#include "base/str.h"

#include <stdarg.h>

/*
 * Text that grows up to a ceiling. p is always NUL-terminated and never NULL after init. Appending past the
 * ceiling appends nothing and sets `overflow`, which stays set until strbuf_reset: a caller may append freely
 * and check once at the end.
 */
struct strbuf {
	char *p;
	size_t len;
	size_t capacity;
	size_t ceiling;
	bool overflow;
};

void strbuf_init(struct strbuf *buf, size_t ceiling_bytes);
void strbuf_release(struct strbuf *buf); /* frees; safe on a zeroed struct; init may follow */
void strbuf_reset(struct strbuf *buf);   /* empties, keeps memory */
void strbuf_add(struct strbuf *buf, const void *bytes, size_t len);
void strbuf_add_str(struct strbuf *buf, struct str text);
void strbuf_add_text(struct strbuf *buf, const char *text);
void strbuf_add_char(struct strbuf *buf, char c);
void strbuf_addf(struct strbuf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
void strbuf_vaddf(struct strbuf *buf, const char *format, va_list args) PRINTF_LIKE(2, 0);
/* The contents, borrowed until the next change. */
struct str strbuf_str(const struct strbuf *buf);

#endif
