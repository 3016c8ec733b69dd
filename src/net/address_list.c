/*
 * Lists of addresses: who stands in one.
 *
 * Keeps:   IPv4 is looked at as IPv4 in IPv6, so that a peer of a socket for both is found by either form.
 * Pure.
 */
#include "net/address_list.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define BITS_MAX  128
#define BITS_IPV4 96 /* before those of an IPv4 address */

static bool read_address(struct str text, unsigned char out[static 16], int *bits_before)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	char name[INET6_ADDRSTRLEN];

	if (text.len == 0 || text.len >= sizeof(name))
		return false;
	(void)snprintf(name, sizeof(name), "%.*s", STR_ARG(text));
	*bits_before = 0;
	if (inet_pton(AF_INET6, name, out) == 1)
		return true;
	memcpy(out, mapped, sizeof(mapped));
	*bits_before = BITS_IPV4;
	return inet_pton(AF_INET, name, out + sizeof(mapped)) == 1;
}

static bool same_prefix(const unsigned char *a, const unsigned char *b, int bits)
{
	int whole = bits / 8, rest = bits % 8;

	return memcmp(a, b, (size_t)whole) == 0 && (rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0);
}

static bool ends_with_zeros(const struct address_block *block)
{
	for (int i = block->bits; i < BITS_MAX; i++)
		if (block->byte[i / 8] & (0x80 >> i % 8))
			return false;
	return true;
}

static bool read_block(struct str text, struct address_block *out)
{
	size_t slash = str_find_char(text, '/');
	int64_t bits = BITS_MAX;
	int before;

	if (!read_address(str_of(text.p, slash), out->byte, &before))
		return false;
	if (slash < text.len &&
	    (!str_to_int64(str_skip(text, slash + 1), &bits) || bits < 0 || bits > BITS_MAX))
		return false;
	if (slash < text.len)
		bits += before;
	if (bits > BITS_MAX)
		return false;
	out->bits = (int)bits;
	return ends_with_zeros(out);
}

/* The next piece between commas and white space; false at the end. */
static bool next_piece(struct str *rest, struct str *out)
{
	size_t len = 0;

	while (rest->len > 0 && strchr(", \t\n", rest->p[0]))
		*rest = str_skip(*rest, 1);
	while (len < rest->len && !strchr(", \t\n", rest->p[len]))
		len++;
	*out = str_of(rest->p, len);
	*rest = str_skip(*rest, len);
	return len > 0;
}

bool address_list_parse(struct str text, struct arena *arena, struct address_list *out, struct err *err)
{
	struct str rest = text, piece;

	*out = (struct address_list){ .block = ARENA_ARRAY(arena, text.len / 2 + 1, struct address_block) };
	while (next_piece(&rest, &piece))
		if (!read_block(piece, &out->block[out->n++]))
			return err_set(err, ERR_INVALID,
				       "'%.*s' is neither an address nor a block of addresses (10.0.0.0/8)",
				       STR_ARG(piece));
	return true;
}

bool address_list_holds(const struct address_list *list, struct str address)
{
	unsigned char byte[16];
	int before;

	if (!read_address(address, byte, &before))
		return false;
	for (size_t i = 0; i < list->n; i++)
		if (same_prefix(list->block[i].byte, byte, list->block[i].bits))
			return true;
	return false;
}

bool address_is_valid(struct str address)
{
	unsigned char byte[16];
	int before;

	return read_address(address, byte, &before);
}
