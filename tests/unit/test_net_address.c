/*
 * Which addresses are public, and that a client for URLs from outside connects to no others, however they are
 * written.
 */
#include "net/address.h"
#include "net/address_list.h"
#include "net/http_client.h"

#include "base/arena.h"
#include "base/attr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static bool is_public(const char *text)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &in4.sin_addr) == 1)
		return address_is_public((const struct sockaddr *)&in4);
	assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
	return address_is_public((const struct sockaddr *)&in6);
}

static void addresses(void **state)
{
	/* Both ends of each block, and their neighbours. */
	static const char *const refused[] = {
		"0.0.0.0",
		"0.255.255.255",
		"10.0.0.0",
		"10.255.255.255",
		"100.64.0.0",
		"100.127.255.255",
		"127.0.0.1",
		"127.255.255.255",
		"169.254.0.0",
		"169.254.169.254",
		"169.254.255.255",
		"172.16.0.0",
		"172.31.255.255",
		"192.0.0.1",
		"192.0.2.1",
		"192.88.99.1",
		"192.168.0.0",
		"192.168.255.255",
		"198.18.0.0",
		"198.19.255.255",
		"198.51.100.7",
		"203.0.113.255",
		"224.0.0.1",
		"239.255.255.255",
		"240.0.0.0",
		"255.255.255.255",
		"::",
		"::1",
		"::ffff:127.0.0.1",
		"::ffff:93.184.216.34",
		"::7f00:1",
		"64:ff9b::7f00:1",
		"64:ff9b:1::a00:1",
		"100::1",
		"2001::1",
		"2001:10::1",
		"2001:1ff:ffff::1",
		"2001:db8::1",
		"2002:7f00:1::1",
		"2002:ffff::1",
		"3fff::1",
		"3fff:fff::1",
		"4000::1",
		"fc00::1",
		"fd00:ec2::254",
		"fe80::1",
		"febf::1",
		"fec0::1",
		"ff02::1",
	};
	static const char *const allowed[] = {
		"1.0.0.0",     "9.255.255.255",	       "11.0.0.0",	"100.63.255.255",
		"100.128.0.0", "126.255.255.255",      "128.0.0.0",	"169.253.255.255",
		"169.255.0.0", "172.15.255.255",       "172.32.0.0",	"192.0.1.0",
		"192.0.3.0",   "192.167.255.255",      "192.169.0.0",	"198.17.255.255",
		"198.20.0.0",  "223.255.255.255",      "93.184.216.34", "2000::1",
		"2001:200::1", "2001:4860:4860::8888", "2001:db7::1",	"2001:db9::1",
		"2003::1",     "2606:2800::1",	       "3ffe::1",	"3fff:1000::1",
	};
	struct sockaddr_un local = { .sun_family = AF_UNIX };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		if (is_public(refused[i]))
			fail_msg("%s is taken for a public address", refused[i]);
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		if (!is_public(allowed[i]))
			fail_msg("%s is not taken for a public address", allowed[i]);
	assert_false(address_is_public((const struct sockaddr *)&local));
}

/* ---- a client that is to reach nobody here ---- */

struct asked {
	bool done;
	char error[256];
};

static void note(void *arg, const struct http_answer *answer)
{
	struct asked *asked = arg;

	asked->done = true;
	assert_false(answer->ok);
	(void)snprintf(asked->error, sizeof(asked->error), "%s", answer->error);
}

static int listen_somewhere(int *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void nobody_here_is_reached(void **state)
{
	static const char *const host[] = {
		"127.0.0.1",	      "localhost",	 "127.1",	    "2130706433",
		"0x7f000001",	      "0177.0.0.1",	 "0.0.0.0",	    "[::1]",
		"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "169.254.169.254", "10.0.0.1",
	};
	const struct http_client_config config = { .public_only = true };
	struct http_client *client;
	struct arena arena;
	struct err err;
	int port, fd = listen_somewhere(&port);
	struct pollfd came = { .fd = fd, .events = POLLIN };

	(void)state;
	arena_init(&arena);
	assert_true(http_client_new(&config, &client, &err));
	for (size_t i = 0; i < ARRAY_LEN(host); i++) {
		struct asked asked = { 0 };
		struct http_call call = {
			.method = "GET",
			.url = arena_printf(&arena, "https://%s:%d/", host[i], port),
			.timeout_ms = 10000,
		};

		if (!http_client_start(client, &call, note, &asked, &err))
			continue; /* curl or url.h does not take it for a host at all */
		while (!asked.done)
			(void)http_client_run(client, 1000);
		if (!strstr(asked.error, "not public") && !strstr(asked.error, "resolve"))
			fail_msg("%s: %s", host[i], asked.error);
	}
	assert_int_equal(poll(&came, 1, 0), 0);
	http_client_free(client);
	arena_release(&arena);
	(void)close(fd);
}

static void only_https(void **state)
{
	const struct http_client_config config = { .public_only = true };
	struct http_call call = { .method = "GET", .url = STR("http://93.184.216.34/") };
	struct asked asked = { 0 };
	struct http_client *client;
	struct err err;

	(void)state;
	assert_true(http_client_new(&config, &client, &err));
	assert_false(http_client_start(client, &call, note, &asked, &err));
	assert_int_equal(err.code, ERR_DENIED);
	http_client_free(client);
}

static void lists(void **state)
{
	static const struct {
		const char *list, *address;
		bool held;
	} row[] = {
		{ "127.0.0.1", "127.0.0.1", true },
		{ "127.0.0.1", "127.0.0.2", false },
		{ "127.0.0.1", "::ffff:127.0.0.1", true },
		{ "10.0.0.0/8, 192.0.2.128/25", "10.255.255.255", true },
		{ "10.0.0.0/8, 192.0.2.128/25", "11.0.0.0", false },
		{ "10.0.0.0/8\n192.0.2.128/25", "192.0.2.127", false },
		{ "10.0.0.0/8 192.0.2.128/25", "192.0.2.128", true },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "::1", "::1", true },
		{ "", "127.0.0.1", false },
		{ "0.0.0.0/0 ::/0", "unknown", false },
		{ "0.0.0.0/0 ::/0", "10.0.0.1:80", false },
		{ "0.0.0.0/0 ::/0", "", false },
	};
	static const char *const wrong[] = { "10.0.0",	    "10.0.0.1/8", "10.0.0.0/33",
					     "10.0.0.0/-1", "::/129",	  "host",
					     "10.0.0.0/",   "[::1]",	  "10.0.0.0/9223372036854775807" };
	struct address_list list;
	struct arena arena;
	struct err err;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		assert_true(address_list_parse(str_from(row[i].list), &arena, &list, &err));
		if (address_list_holds(&list, str_from(row[i].address)) != row[i].held)
			fail_msg("'%s' in '%s'", row[i].address, row[i].list);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		if (address_list_parse(str_from(wrong[i]), &arena, &list, &err) || !strstr(err.msg, wrong[i]))
			fail_msg("'%s'", wrong[i]);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(lists),
		cmocka_unit_test(nobody_here_is_reached),
		cmocka_unit_test(only_https),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
