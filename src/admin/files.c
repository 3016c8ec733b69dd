/*
 * Files: the screens themselves (assets/admin), as they are in the program.
 *
 * Does:    index.html for every page of the screens, with one digest of all files put into the paths it
 *          names; what is under a path with that digest never changes and is kept for ever.
 * Keeps:   nothing here knows anybody: no cookie is read, nothing of the database is shown.
 * Threads: the HTTP thread.
 */
#include "admin/admin_internal.h"

#include "admin/files.h"

#define FILES	 ADMIN_ROOT "/files/"
#define HASH_LEN 16
#define PAGE_MAX ((size_t)1 << 20)

/*
 * No inline code or style, nothing from elsewhere; no string ever becomes markup or code (Trusted Types
 * without a single policy).
 */
#define POLICY \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " \
	"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors " \
	"'none'; " \
	"require-trusted-types-for 'script'; trusted-types 'none'"

static const struct {
	const char *suffix;
	const char *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".mjs", "text/javascript; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".svg", "image/svg+xml" },
	{ ".json", "application/json" },
	{ ".webmanifest", "application/manifest+json" },
	{ ".woff2", "font/woff2" },
	{ ".png", "image/png" },
	{ ".ico", "image/x-icon" },
};

static const char *type_of(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (str_ends(name, str_from(types[i].suffix)))
			return types[i].type;
	return "application/octet-stream";
}

static const struct admin_file *find(struct str name)
{
	for (size_t i = 0; i < n_admin_files; i++)
		if (str_eq(name, str_from(admin_files[i].name)))
			return &admin_files[i];
	return NULL;
}

/* Digest of all files together, the same for as long as none changes. */
struct str files_hash(struct arena *arena)
{
	struct str *part = ARENA_ARRAY(arena, 2 * n_admin_files + 1, struct str);
	char hex[2 * sizeof(struct digest16) + 1];
	struct digest16 digest;

	for (size_t i = 0; i < n_admin_files; i++) {
		part[2 * i] = str_from(admin_files[i].name);
		part[2 * i + 1] = admin_files[i].body;
	}
	digest = digest16_of(part, 2 * n_admin_files);
	hex_encode(digest.byte, sizeof(digest.byte), hex);
	return arena_dup(arena, str_of(hex, HASH_LEN));
}

/* ";q=0", ";q=0.00" */
static bool says_no(struct str quality)
{
	struct str text = str_trim(str_skip(quality, quality.len > 0));

	if (!str_starts(text, STR("q=0")))
		return false;
	for (size_t i = 3; i < text.len; i++)
		if (text.p[i] != '0' && text.p[i] != '.')
			return false;
	return true;
}

static bool takes_gzip(struct http_exchange *exchange)
{
	struct str list = http_exchange_header(exchange, "Accept-Encoding"), one;

	while (str_split(&list, ',', &one)) {
		size_t end = str_find_char(one, ';');

		if (str_eq_nocase(str_trim(str_of(one.p, end)), STR("gzip")) && !says_no(str_skip(one, end)))
			return true;
	}
	return false;
}

/* encoding NULL: as it is */
static void send(struct http_exchange *exchange, const char *type, const char *cache, const char *encoding,
		 struct str etag, struct str body)
{
	bool strict = gate_is_strict(exchange, http_exchange_header(exchange, "Host"));
	struct http_header header[] = {
		{ STR("Content-Type"), str_from(type) },
		{ STR("Cache-Control"), str_from(cache) },
		{ STR("ETag"), etag },
		{ STR("Vary"), STR("Accept-Encoding") },
		{ STR("Content-Security-Policy"), STR(POLICY) },
		{ STR("X-Content-Type-Options"), STR("nosniff") },
		{ STR("Referrer-Policy"), STR("no-referrer") },
		{ STR("Cross-Origin-Opener-Policy"), STR("same-origin") },
		{ STR("Cross-Origin-Resource-Policy"), STR("same-origin") },
		{ STR("Permissions-Policy"), STR("camera=(), geolocation=(), microphone=()") },
		{ STR("Content-Encoding"), encoding ? str_from(encoding) : STR("") },
		{ STR(""), STR("") },
	};
	size_t n = ARRAY_LEN(header) - 2;
	bool known = str_eq(http_exchange_header(exchange, "If-None-Match"), etag);

	if (encoding)
		n++;
	if (strict)
		header[n++] = (struct http_header)GATE_STRICT_HEADER;
	http_reply(exchange, known ? 304 : 200, header, n, known ? STR("") : body);
}

/* The page, with every "/admin/files/" in it followed by the digest. */
static void send_page(struct http_exchange *exchange, struct str hash)
{
	struct arena *arena = http_exchange_arena(exchange);
	const struct admin_file *file = find(STR("index.html"));
	struct str rest = file ? file->body : STR("");
	struct strbuf page;

	strbuf_init(&page, PAGE_MAX);
	while (rest.len > 0) {
		if (str_starts(rest, STR(FILES))) {
			strbuf_addf(&page, FILES "%.*s/", STR_ARG(hash));
			rest = str_skip(rest, sizeof(FILES) - 1);
			continue;
		}
		strbuf_add_char(&page, rest.p[0]);
		rest = str_skip(rest, 1);
	}
	send(exchange, type_of(STR("index.html")), "no-cache", NULL,
	     arena_printf(arena, "\"%.*s\"", STR_ARG(hash)), strbuf_str(&page));
	strbuf_release(&page);
}

static void send_file(struct http_exchange *exchange, struct str name, struct str hash)
{
	const struct admin_file *file;
	bool forever = str_starts(name, hash) && name.len > hash.len && name.p[hash.len] == '/', gzip;

	if (forever)
		name = str_skip(name, hash.len + 1);
	file = find(name);
	if (!file) {
		reply_problem(exchange, 404, "not_found", "File not found", STR(""), 0);
		return;
	}
	gzip = file->gzip.len < file->body.len && takes_gzip(exchange);
	send(exchange, type_of(name), forever ? "public, max-age=31536000, immutable" : "no-cache",
	     gzip ? "gzip" : NULL,
	     arena_printf(http_exchange_arena(exchange), "\"%.*s%s\"", STR_ARG(hash), gzip ? "-gzip" : ""),
	     gzip ? file->gzip : file->body);
}

void files_serve(struct admin *admin, struct http_exchange *exchange)
{
	const struct http_request *request = http_exchange_request(exchange);
	struct str hash = admin->files_hash;

	if (!str_eq(request->method, STR("GET")) && !str_eq(request->method, STR("HEAD")))
		reply_problem(exchange, 405, "wrong_method", "Method not allowed", STR(""), 0);
	else if (str_starts(request->path, STR(FILES)))
		send_file(exchange, str_skip(request->path, sizeof(FILES) - 1), hash);
	else
		send_page(exchange, hash);
}
