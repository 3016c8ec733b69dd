/*
 * Fuzzer: any bytes as the value of every setting, as a URL, a query, a listen address, and the token of a
 * cart link. What is taken must be taken again as it was written down.
 */
#include "base/attr.h"
#include "flow/cart_link.h"
#include "net/url.h"
#include "settings/settings.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void set_all(struct str text, struct arena *arena)
{
	struct str once, twice;
	struct err err;

	for (int i = 0; i < SETTING_COUNT; i++) {
		if (!setting_parse((enum setting)i, text, arena, &once, &err)) {
			must(err.code == ERR_INVALID && err.msg[0]);
			continue;
		}
		must(setting_parse((enum setting)i, once, arena, &twice, &err));
		must(str_eq(once, twice));
	}
}

static void read_urls(struct str text, struct arena *arena)
{
	struct str host, out;
	struct strbuf encoded;
	struct url url;
	struct err err;
	int port;

	if (url_parse(text, &url, &err))
		must(url.host.len > 0 && url.port >= 1 && url.port <= 65535);
	if (listen_parse(text, &host, &port, &err))
		must(port >= 0 && port <= 65535);
	(void)url_query(text, "cart", arena, &out);
	(void)url_decode(text, arena, &out);
	strbuf_init(&encoded, 3 * text.len + 1);
	url_encode(text, "", &encoded);
	must(url_decode(strbuf_str(&encoded), arena, &out) && str_eq(out, text));
	strbuf_release(&encoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct str secret[] = { STR_INIT("a secret of some length") };
	struct str text = str_of((const char *)data, size), cart;
	struct arena arena;

	arena_init(&arena);
	set_all(text, &arena);
	read_urls(text, &arena);
	/* Nobody can make a token without the secret. */
	must(cart_link_open(secret, 1, STR("shop"), text, 0, &arena, &cart) != CART_LINK_GOOD);
	arena_release(&arena);
	return 0;
}
