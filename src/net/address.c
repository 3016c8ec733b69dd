/*
 * Which addresses a stranger may make us connect to.
 *
 * Keeps:   what is not known to be public is not public: of IPv6 only 2000::/3 is looked at, of families only
 *          the two.
 * Pure.
 */
#include "net/address.h"

#include "base/attr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

struct block4 {
	uint32_t first;
	int bits;
};

static const struct block4 special4[] = {
	{ 0x00000000, 8 },  /* this network */
	{ 0x0a000000, 8 },  /* 10/8 */
	{ 0x64400000, 10 }, /* 100.64/10, shared by carriers */
	{ 0x7f000000, 8 },  /* loopback */
	{ 0xa9fe0000, 16 }, /* 169.254/16, link-local and cloud metadata */
	{ 0xac100000, 12 }, /* 172.16/12 */
	{ 0xc0000000, 24 }, /* 192.0.0/24, protocol assignments */
	{ 0xc0000200, 24 }, /* documentation */
	{ 0xc0586300, 24 }, /* 192.88.99/24, 6to4 relays */
	{ 0xc0a80000, 16 }, /* 192.168/16 */
	{ 0xc6120000, 15 }, /* 198.18/15, benchmarks */
	{ 0xc6336400, 24 }, /* documentation */
	{ 0xcb007100, 24 }, /* documentation */
	{ 0xe0000000, 3 },  /* multicast, reserved, broadcast */
};

struct block6 {
	unsigned char first[4];
	int bits;
};

/* Within 2000::/3. */
static const struct block6 special6[] = {
	{ { 0x20, 0x01, 0x00, 0x00 }, 23 }, /* protocol assignments, with Teredo and ORCHID */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
	{ { 0x20, 0x02, 0x00, 0x00 }, 16 }, /* 6to4 */
	{ { 0x3f, 0xff, 0x00, 0x00 }, 20 }, /* documentation */
};

static uint32_t prefix(uint32_t address, int bits)
{
	return address >> (32 - bits);
}

static bool is_public4(uint32_t address)
{
	for (size_t i = 0; i < ARRAY_LEN(special4); i++)
		if (prefix(address, special4[i].bits) == prefix(special4[i].first, special4[i].bits))
			return false;
	return true;
}

static uint32_t read32(const unsigned char byte[static 4])
{
	return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
}

static bool is_public6(const unsigned char byte[static 16])
{
	uint32_t head = read32(byte);

	if (prefix(head, 3) != 1)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(special6); i++)
		if (prefix(head, special6[i].bits) == prefix(read32(special6[i].first), special6[i].bits))
			return false;
	return true;
}

bool address_is_public(const struct sockaddr *address)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	if (address->sa_family == AF_INET) {
		memcpy(&in4, address, sizeof(in4));
		return is_public4(ntohl(in4.sin_addr.s_addr));
	}
	if (address->sa_family != AF_INET6)
		return false;
	memcpy(&in6, address, sizeof(in6));
	return is_public6(in6.sin6_addr.s6_addr);
}
