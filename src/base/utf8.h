#ifndef PANNIER_BASE_UTF8_H
#define PANNIER_BASE_UTF8_H

#include "base/str.h"

/* UTF-8 as RFC 3629 allows it: no overlong forms, no surrogates, nothing above U+10FFFF. */

#define UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Bytes (1 to 4) of the character that starts at p; 0 if no well-formed one is within len. */
size_t utf8_char_len(const char *p, size_t len);
bool utf8_valid(struct str text);
/* The longest front part of at most max_bytes that does not cut a character (text must be valid). */
struct str utf8_cut(struct str text, size_t max_bytes);
/*
 * Appends code as UTF-8 (1 to 4 bytes) to out and returns how many; surrogates and codes past U+10FFFF give
 * U+FFFD.
 */
size_t utf8_encode(uint32_t code, char out[static 4]);

#endif
