/*
 * Signed cart links: made for events, opened when somebody follows one.
 *
 * Keeps:   a token is base64url of: 8 bytes expiry (big-endian Unix seconds), the cart's id, 16 bytes of an
 *          HMAC-SHA256 over both and the store's name under a key made from the store's secret. Where a link
 *          leads is the store's setting; nothing of a token but the cart's id gets there, escaped.
 * Pure.
 */
#include "flow/cart_link.h"

#include "base/clock.h"
#include "base/digest.h"
#include "net/url.h"

#include <string.h>

#define EXPIRY_BYTES	8
#define MAC_BYTES	16
#define TOKEN_BYTES_MAX 200
#define URL_BYTES_MAX	2000
#define MARK		"{cart_id}"

static void sign(struct str secret, struct str store, struct str payload, unsigned char out[SHA256_BYTES])
{
	struct str label = STR("pannier cart link");
	unsigned char key[SHA256_BYTES];

	digest_hmac_sha256(secret, &label, 1, key);
	digest_hmac_sha256(str_of((const char *)key, sizeof(key)), (struct str[]){ store, STR("/"), payload },
			   3, out);
}

/* Every from_a becomes to_a, every from_b to_b. */
static void swap(char *text, size_t len, const char from[static 2], const char to[static 2])
{
	for (size_t i = 0; i < len; i++)
		text[i] = text[i] == from[0] ? to[0] : text[i] == from[1] ? to[1] : text[i];
}

struct str cart_link_token(struct str secret, struct str store, struct str cart_id, int64_t expires_s,
			   struct arena *arena)
{
	size_t len = EXPIRY_BYTES + cart_id.len;
	unsigned char *bytes = arena_alloc(arena, len + MAC_BYTES), mac[SHA256_BYTES];
	struct str encoded;
	char *text;

	for (int i = 0; i < EXPIRY_BYTES; i++)
		bytes[i] = (unsigned char)((uint64_t)expires_s >> (8 * (EXPIRY_BYTES - 1 - i)));
	if (cart_id.len > 0)
		memcpy(bytes + EXPIRY_BYTES, cart_id.p, cart_id.len);
	sign(secret, store, str_of((const char *)bytes, len), mac);
	memcpy(bytes + len, mac, MAC_BYTES);
	encoded = base64_encode(arena, bytes, len + MAC_BYTES);
	while (str_ends(encoded, STR("=")))
		encoded.len--;
	text = arena_cstr(arena, encoded);
	swap(text, encoded.len, "+/", "-_");
	return str_of(text, encoded.len);
}

static bool is_signed(struct str secret, struct str store, struct str payload, struct str mac)
{
	unsigned char wanted[SHA256_BYTES];

	sign(secret, store, payload, wanted);
	return secret_eq(mac, str_of((const char *)wanted, MAC_BYTES));
}

enum cart_link_state cart_link_open(const struct str *secret, size_t n_secret, struct str store,
				    struct str token, int64_t now_s, struct arena *arena, struct str *cart_id)
{
	struct str bytes, payload;
	uint64_t expires_s = 0;
	char *text;

	if (token.len > TOKEN_BYTES_MAX || str_find_char(token, '+') < token.len)
		return CART_LINK_BAD;
	text = arena_cstr(arena, token);
	swap(text, token.len, "-_", "+/");
	if (!base64_decode(arena, str_of(text, token.len), &bytes) || bytes.len <= EXPIRY_BYTES + MAC_BYTES)
		return CART_LINK_BAD;
	payload = str_of(bytes.p, bytes.len - MAC_BYTES);
	for (size_t i = 0; i < n_secret; i++) {
		if (!is_signed(secret[i], store, payload, str_skip(bytes, payload.len)))
			continue;
		for (int j = 0; j < EXPIRY_BYTES; j++)
			expires_s = expires_s << 8 | (unsigned char)payload.p[j];
		*cart_id = str_skip(payload, EXPIRY_BYTES);
		return (int64_t)expires_s > now_s ? CART_LINK_GOOD : CART_LINK_EXPIRED;
	}
	return CART_LINK_BAD;
}

struct str cart_link_url(const struct settings_store *store, struct str cart_id, int64_t now_ms,
			 struct arena *arena)
{
	struct str base = setting_text(store->value, SETTING_KEY_storefront_url), token;
	int64_t hours = setting_int(store->value, SETTING_KEY_cart_link_hours);

	if (base.len == 0 || setting_text(store->value, SETTING_KEY_cart_url_template).len == 0 ||
	    store->n_secret == 0 || cart_id.len == 0 || cart_id.len > CART_ID_BYTES_MAX)
		return STR("");
	while (str_ends(base, STR("/")))
		base.len--;
	token = cart_link_token(store->secret[0], store->name, cart_id,
				now_ms / MS_PER_S + hours * MS_PER_HOUR / MS_PER_S, arena);
	return arena_printf(arena, "%.*s/s/%.*s/cart/%.*s", STR_ARG(base), STR_ARG(store->name),
			    STR_ARG(token));
}

struct str cart_link_target(const struct settings_store *store, struct str cart_id, struct arena *arena)
{
	struct str rest = setting_text(store->value, SETTING_KEY_cart_url_template), url;
	struct strbuf out;

	strbuf_init(&out, URL_BYTES_MAX);
	while (rest.len > 0) {
		bool mark = str_starts(rest, STR(MARK));

		if (mark)
			url_encode(cart_id, "", &out);
		else
			strbuf_add_char(&out, rest.p[0]);
		rest = str_skip(rest, mark ? sizeof(MARK) - 1 : 1);
	}
	url = arena_dup(arena, strbuf_str(&out));
	strbuf_release(&out);
	return url;
}

struct str cart_link_home(const struct settings_store *store, struct arena *arena)
{
	struct str url = setting_text(store->value, SETTING_KEY_cart_url_template);
	struct str origins = setting_text(store->value, SETTING_KEY_storefront_origins), first;
	struct url parsed;

	if (url.len > 0 && url_parse(url, &parsed, NULL))
		return arena_printf(arena, "%.*s/", (int)(parsed.path.p - url.p), url.p);
	if (!str_split(&origins, ',', &first))
		return STR("");
	first = str_trim(first);
	while (str_ends(first, STR("/")))
		first.len--;
	return first.len > 0 ? arena_printf(arena, "%.*s/", STR_ARG(first)) : STR("");
}
