#ifndef PANNIER_NET_ADDRESS_LIST_H
#define PANNIER_NET_ADDRESS_LIST_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stddef.h>

/* Addresses and blocks of addresses that somebody named: the proxies whose words are believed. */
struct address_block {
	unsigned char byte[16];    /* IPv4 as IPv4 in IPv6 (RFC 4291, 2.5.5.2) */
	int bits;                  /* 0 to 128 */
};

struct address_list {
	struct address_block *block;
	size_t n;
};

/*
 * "127.0.0.1, 10.0.0.0/8 fd00::/8": apart by commas or white space; blocks live in the arena; "" = an empty list. ERR_INVALID names
 * what is no address, and a block whose address has bits behind its prefix.
 */
bool address_list_parse(struct str text, struct arena *arena, struct address_list *out, struct err *err) MUST_CHECK;
/* address: IPv4 or IPv6 as text, without port and brackets. What is no address is in no list. */
bool address_list_holds(const struct address_list *list, struct str address);
/* Is it an address at all? */
bool address_is_valid(struct str address);

#endif
