/*
 * URLs: percent coding, query parameters, absolute http(s) URLs and listen addresses.
 *
 * Pure. Source: RFC 3986; the query form is that of HTML forms ('+' is a space).
 */
#include "net/url.h"

#include <string.h>

static bool is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '.' || c == '_' || c == '~';
}

void url_encode(struct str text, const char *keep, struct strbuf *out)
{
	static const char digit[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];
		char escape[3] = { '%', digit[c >> 4], digit[c & 15] };

		if (is_unreserved((char)c) || (c && strchr(keep, c)))
			strbuf_add_char(out, (char)c);
		else
			strbuf_add(out, escape, sizeof(escape));
	}
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	       c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	       c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool decode(struct str text, bool plus_is_space, struct arena *arena, struct str *out)
{
	char *decoded = arena_alloc(arena, text.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (c == '%') {
			int high = i + 2 < text.len ? hex_digit(text.p[i + 1]) : -1;
			int low = i + 2 < text.len ? hex_digit(text.p[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		decoded[len++] = c;
	}
	decoded[len] = '\0';
	*out = str_of(decoded, len);
	return true;
}

bool url_decode(struct str text, struct arena *arena, struct str *out)
{
	return decode(text, false, arena, out);
}

bool url_query(struct str query, const char *name, struct arena *arena, struct str *out)
{
	struct str pair, key;

	while (str_split(&query, '&', &pair)) {
		size_t equals = str_find_char(pair, '=');

		if (decode(str_of(pair.p, equals), true, arena, &key) && str_eq(key, str_from(name)))
			return decode(str_skip(pair, equals + 1), true, arena, out);
	}
	return false;
}

static bool port_parse(struct str text, int *port)
{
	int64_t value;

	if (text.len == 0 || text.len > 5 || text.p[0] == '-' || !str_to_int64(text, &value) || value > 65535)
		return false;
	*port = (int)value;
	return true;
}

/* "host:port", "[v6]:port"; without a port *port is left alone. False if it is neither. */
static bool authority_parse(struct str text, struct str *host, int *port, bool *has_port)
{
	size_t end;

	if (text.len && text.p[0] == '[') {
		end = str_find_char(text, ']');
		*host = end < text.len ? str_of(text.p + 1, end - 1) : str_of("", 0);
		text = str_skip(text, end + 1);
	} else {
		end = str_find_char(text, ':');
		*host = str_of(text.p, end);
		text = str_skip(text, end);
	}
	*has_port = text.len > 0;
	return host->len > 0 && (!*has_port || (text.p[0] == ':' && port_parse(str_skip(text, 1), port)));
}

/* A host name, an IPv4 or (between brackets) an IPv6 address; what they mean is the resolver's business. */
static bool is_host(struct str host)
{
	for (size_t i = 0; i < host.len; i++)
		if (!is_unreserved(host.p[i]) && host.p[i] != ':' && host.p[i] != '%')
			return false;
	return host.len <= 253;
}

static bool is_url_text(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c <= ' ' || c >= 0x7f || c == '\\')
			return false;
	}
	return true;
}

bool url_parse(struct str text, struct url *out, struct err *err)
{
	struct url url = { 0 };
	size_t end = str_find_char(text, ':');
	struct str rest = str_skip(text, end);
	bool https, has_port;

	url.scheme = str_of(text.p, end);
	https = str_eq_nocase(url.scheme, STR("https"));
	if ((!https && !str_eq_nocase(url.scheme, STR("http"))) || !str_starts(rest, STR("://")))
		return err_set(err, ERR_INVALID, "a URL must begin with http:// or https://");
	if (!is_url_text(text))
		return err_set(err, ERR_INVALID, "a URL cannot hold spaces, control bytes or non-ASCII text");
	rest = str_skip(rest, 3);
	end = 0;
	while (end < rest.len && !strchr("/?#", rest.p[end]))
		end++;
	url.path = str_skip(rest, end);
	rest.len = end;
	url.port = https ? 443 : 80;
	if (str_find_char(rest, '@') < rest.len)
		return err_set(err, ERR_INVALID, "a URL cannot hold a user name here");
	if (!authority_parse(rest, &url.host, &url.port, &has_port) || !is_host(url.host) || url.port == 0)
		return err_set(err, ERR_INVALID, "a URL needs a host, and a port from 1 to 65535 if any");
	*out = url;
	return true;
}

bool listen_parse(struct str text, struct str *host, int *port, struct err *err)
{
	struct str found;
	bool has_port;
	int number = 0;

	if (!authority_parse(text, &found, &number, &has_port) || !has_port || !is_host(found))
		return err_set(err, ERR_INVALID, "'%.*s' is not ADDRESS:PORT", STR_ARG(text));
	*host = found;
	*port = number;
	return true;
}
