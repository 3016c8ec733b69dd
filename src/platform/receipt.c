/*
 * Receipt: what every adapter needs around a request, besides reading its body.
 */
#include "platform/receipt.h"

#include <string.h>

#define SECRET_BYTES_MAX 256

struct str receipt_media_type(struct str content_type)
{
	return str_trim(str_of(content_type.p, str_find_char(content_type, ';')));
}

struct str receipt_body(size_t n_accepted, size_t n_duplicate, struct arena *arena)
{
	return arena_printf(arena, "{\"accepted\":%zu,\"duplicates\":%zu}", n_accepted, n_duplicate);
}

bool receipt_check_secret(struct str secret, size_t len_min, struct err *err)
{
	if (secret.len < len_min)
		return err_set(err, ERR_INVALID, "the secret is too short: at least %zu bytes are needed",
			       len_min);
	if (secret.len > SECRET_BYTES_MAX)
		return err_set(err, ERR_INVALID, "the secret is longer than %d bytes", SECRET_BYTES_MAX);
	for (size_t i = 0; i < secret.len; i++)
		if (secret.p[i] < 0x20 || secret.p[i] > 0x7e)
			return err_set(
				err, ERR_INVALID,
				"byte %zu of the secret is not printable ASCII, so no header can carry it",
				i + 1);
	if (secret.p[0] == ' ' || secret.p[secret.len - 1] == ' ')
		return err_set(err, ERR_INVALID, "the secret begins or ends with a space");
	return true;
}

bool receipt_copy(struct str text, char *out, size_t size)
{
	if (text.len == 0 || text.len >= size)
		return false;
	memcpy(out, text.p, text.len);
	out[text.len] = '\0';
	return true;
}
