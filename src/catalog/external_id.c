/*
 * External ids: how Klaviyo knows an entity, made from the shop's own id.
 *
 * Keeps:   one to one. '~' is escaped itself, and escapes are upper-case hex, so short ids never meet. A
 *          cut id is always ID_BYTES_MAX long with a '~' at CUT_AT; a whole one that happens to look like
 *          that is cut too.
 * Pure.
 */
#include "catalog/merge.h"

#include "base/digest.h"

#define ID_BYTES_MAX	 128
#define DIGEST_HEX_BYTES 16
#define CUT_AT		 (ID_BYTES_MAX - DIGEST_HEX_BYTES - 1)

static bool is_plain(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
	       c == '_' || c == '-';
}

static size_t escaped_len(struct str text)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++)
		len += is_plain(text.p[i]) ? 1 : 3;
	return len;
}

static char *escape(struct str text, char *out)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.p[i];

		if (is_plain(text.p[i])) {
			*out++ = text.p[i];
			continue;
		}
		*out++ = '~';
		*out++ = hex[byte >> 4];
		*out++ = hex[byte & 15];
	}
	return out;
}

struct str catalog_external_id(struct str prefix, struct str id, struct arena *arena)
{
	size_t len = escaped_len(prefix) + escaped_len(id);
	char *text = arena_alloc(arena, len + 1);
	char hex[2 * sizeof(struct digest16) + 1];
	struct digest16 digest;
	struct str whole;

	*escape(id, escape(prefix, text)) = '\0';
	whole = str_of(text, len);
	if (len < ID_BYTES_MAX || (len == ID_BYTES_MAX && text[CUT_AT] != '~'))
		return whole;
	digest = digest16_of(&whole, 1);
	hex_encode(digest.byte, sizeof(digest.byte), hex);
	return arena_printf(arena, "%.*s~%.*s", CUT_AT, text, DIGEST_HEX_BYTES, hex);
}
