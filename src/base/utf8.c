/*
 * UTF-8: checking and writing single characters.
 *
 * Pure. Source of the byte ranges: RFC 3629, section 4.
 */
#include "base/utf8.h"

#include <string.h>

static bool continues(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

size_t utf8_char_len(const char *p, size_t len)
{
	const unsigned char *byte = (const unsigned char *)p;
	unsigned char low = 0x80, high = 0xbf; /* of the second byte */
	size_t need;

	if (len == 0)
		return 0;
	if (byte[0] < 0x80)
		return 1;
	if (byte[0] < 0xc2 || byte[0] > 0xf4)
		return 0;
	need = byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
	if (len < need)
		return 0;
	if (byte[0] == 0xe0)
		low = 0xa0; /* else overlong */
	else if (byte[0] == 0xed)
		high = 0x9f; /* else a surrogate */
	else if (byte[0] == 0xf0)
		low = 0x90; /* else overlong */
	else if (byte[0] == 0xf4)
		high = 0x8f; /* else past U+10FFFF */
	if (byte[1] < low || byte[1] > high)
		return 0;
	for (size_t i = 2; i < need; i++)
		if (!continues(byte[i]))
			return 0;
	return need;
}

bool utf8_valid(struct str text)
{
	size_t len;

	for (size_t i = 0; i < text.len; i += len) {
		len = utf8_char_len(text.p + i, text.len - i);
		if (len == 0)
			return false;
	}
	return true;
}

struct str utf8_cut(struct str text, size_t max_bytes)
{
	size_t len = max_bytes;

	if (text.len <= max_bytes)
		return text;
	while (len > 0 && continues((unsigned char)text.p[len]))
		len--;
	return str_of(text.p, len);
}

size_t utf8_encode(uint32_t code, char out[static 4])
{
	static const unsigned char mark[] = { 0, 0x00, 0xc0, 0xe0, 0xf0 };
	size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
		memcpy(out, UTF8_REPLACEMENT, 3);
		return 3;
	}
	for (size_t i = len; i-- > 1;) {
		out[i] = (char)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	out[0] = (char)(mark[len] | code);
	return len;
}
