#ifndef PANNIER_NET_ADDRESS_H
#define PANNIER_NET_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * Is it an address that anybody may have on the internet? False for whatever leads back to this machine, its network or its
 * cloud: loopback, private, shared (100.64/10), link-local (with 169.254.169.254), multicast, broadcast, documentation and
 * benchmark ranges, and every IPv6 form that carries an IPv4 address (mapped, NAT64, 6to4, Teredo). Unknown families are
 * not public. Sources: the IANA registries of special-purpose IPv4 and IPv6 addresses, 2026-07.
 */
bool address_is_public(const struct sockaddr *address);

#endif
