/*
 * HTTP client over libcurl's multi interface.
 *
 * Does:    many calls at once on one thread; keeps connections; HTTP/2 where the server offers it (ALPN).
 *          With public_only a socket is opened to public addresses alone.
 * Doesn't: follow redirects, retry, keep cookies, use a proxy for loopback addresses.
 * Keeps:   a transfer is in `active` from start to done; then its easy handle is kept for the next call. What
 *          an answer may hold is bounded (answer_bytes_max, HEADER_BYTES_MAX). Errors name hosts, never
 *          headers.
 * Threads: one owns the client; wakeup is an atomic flag and curl_multi_wakeup.
 */
#include "net/http_client.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "net/address.h"
#include "net/url.h"

#include <assert.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECT_TIMEOUT_MS   5000
#define TIMEOUT_MS	     30000
#define ANSWER_BYTES_MAX     ((size_t)1024 * 1024)
#define HEADER_BYTES_MAX     ((size_t)64 * 1024)
#define HEADERS_MAX	     128
#define URL_BYTES_MAX	     ((size_t)64 * 1024)
#define CONNECTIONS_PER_HOST 8
#define CONNECTIONS_KEPT     64

struct transfer {
	CURL *easy;
	struct transfer *older, *newer; /* among the active ones; the unused use older only */
	struct curl_slist *header;
	struct arena arena; /* request body, answer headers */
	struct strbuf body; /* of the answer */
	struct http_header answer_header[HEADERS_MAX];
	size_t n_answer_header, header_bytes;
	http_done_fn *done;
	void *arg;
	const char *problem;	     /* ours, if it was not curl's */
	char error[CURL_ERROR_SIZE]; /* curl's; empty if it has no more to say than its code */
};

struct curl_client {
	struct http_client client;
	CURLM *multi;
	struct transfer *active, *unused;
	size_t n_active;
	char *user_agent, *ca_file;
	bool public_only;
	atomic_bool woken;
};

static struct curl_client *downcast(struct http_client *client)
{
	return (struct curl_client *)client;
}

/* ---- one transfer ---- */

static struct transfer *take_transfer(struct curl_client *curl)
{
	struct transfer *transfer = curl->unused;

	if (transfer) {
		curl->unused = transfer->older;
		transfer->older = transfer->newer = NULL;
		return transfer;
	}
	transfer = mem_zalloc(1, sizeof(*transfer));
	transfer->easy = curl_easy_init();
	assert(transfer->easy); /* only memory can be missing */
	return transfer;
}

static void clear_transfer(struct transfer *transfer)
{
	curl_easy_reset(transfer->easy); /* the connection stays: it belongs to the multi handle */
	curl_slist_free_all(transfer->header);
	transfer->header = NULL;
	arena_reset(&transfer->arena);
	strbuf_release(&transfer->body);
	transfer->n_answer_header = transfer->header_bytes = 0;
	transfer->problem = NULL;
	transfer->error[0] = '\0';
}

static void put_transfer(struct curl_client *curl, struct transfer *transfer)
{
	clear_transfer(transfer);
	transfer->older = curl->unused;
	curl->unused = transfer;
}

static void free_transfer(struct transfer *transfer)
{
	clear_transfer(transfer);
	curl_easy_cleanup(transfer->easy);
	arena_release(&transfer->arena);
	mem_free(transfer);
}

static void add_active(struct curl_client *curl, struct transfer *transfer)
{
	transfer->newer = NULL;
	transfer->older = curl->active;
	if (curl->active)
		curl->active->newer = transfer;
	curl->active = transfer;
	curl->n_active++;
}

static void remove_active(struct curl_client *curl, struct transfer *transfer)
{
	if (transfer->newer)
		transfer->newer->older = transfer->older;
	else
		curl->active = transfer->older;
	if (transfer->older)
		transfer->older->newer = transfer->newer;
	curl->n_active--;
	(void)curl_multi_remove_handle(curl->multi, transfer->easy);
}

/* ---- what arrives ---- */

/* Anything but bytes * n makes curl fail the call. */
static size_t take_body(char *data, size_t bytes, size_t n, void *arg)
{
	struct transfer *transfer = arg;

	strbuf_add(&transfer->body, data, bytes * n);
	if (transfer->body.overflow) {
		transfer->problem = "the answer is larger than allowed";
		return 0;
	}
	return bytes * n;
}

static size_t take_header(char *data, size_t bytes, size_t n, void *arg)
{
	struct transfer *transfer = arg;
	struct str line = str_trim(str_of(data, bytes * n));
	size_t colon = str_find_char(line, ':');
	struct http_header *header = &transfer->answer_header[transfer->n_answer_header];

	if (str_starts(line, STR("HTTP/"))) {
		transfer->n_answer_header = 0; /* an answer 1xx came before */
		return bytes * n;
	}
	transfer->header_bytes += line.len;
	if (transfer->header_bytes > HEADER_BYTES_MAX) {
		transfer->problem = "the headers of the answer are larger than allowed";
		return 0;
	}
	if (colon < line.len && transfer->n_answer_header < HEADERS_MAX) {
		header->name = arena_dup(&transfer->arena, str_trim(str_of(line.p, colon)));
		header->value = arena_dup(&transfer->arena, str_trim(str_skip(line, colon + 1)));
		transfer->n_answer_header++;
	}
	return bytes * n;
}

/* ---- where it goes ---- */

/* What curl resolved and is about to connect to. It goes on with the next address of the name, if any. */
static curl_socket_t open_public(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *transfer = arg;

	(void)purpose;
	if (address_is_public(&address->addr))
		return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	transfer->problem = "the host has an address that is not public";
	return CURL_SOCKET_BAD;
}

/* ---- what is sent ---- */

static bool is_loopback(struct str host)
{
	return str_eq_nocase(host, STR("localhost")) || str_starts(host, STR("127.")) ||
	       str_eq(host, STR("::1"));
}

static bool add_line(struct transfer *transfer, const char *line)
{
	struct curl_slist *longer = curl_slist_append(transfer->header, line);

	if (longer)
		transfer->header = longer;
	return longer != NULL;
}

static bool holds_break(struct str text)
{
	return str_find_char(text, '\r') < text.len || str_find_char(text, '\n') < text.len ||
	       str_find_char(text, '\0') < text.len;
}

/* An empty value is curl's "Name;"; "Name:" would take a header away, as is done with the two at the end. */
static bool add_headers(struct transfer *transfer, const struct http_call *call, struct err *err)
{
	bool ok = add_line(transfer, "Expect:"), typed = false;

	for (size_t i = 0; i < call->n_header; i++) {
		struct str name = call->header[i].name, value = call->header[i].value;
		struct str line;

		if (name.len == 0 || holds_break(name) || holds_break(value))
			return err_set(err, ERR_INVALID, "header %zu of the request is not a header", i + 1);
		line = value.len ? arena_printf(&transfer->arena, "%.*s: %.*s", STR_ARG(name), STR_ARG(value))
				 : arena_printf(&transfer->arena, "%.*s;", STR_ARG(name));
		typed |= str_eq_nocase(name, STR("content-type"));
		ok = ok && add_line(transfer, line.p);
	}
	if (!typed)
		ok = ok && add_line(transfer, "Content-Type:");
	assert(ok); /* only memory can be missing */
	return true;
}

/* Options are known to this curl and their values valid, so that only memory can be missing. */
#define SET(transfer, option, value) \
	do { \
		CURLcode set_code = curl_easy_setopt((transfer)->easy, option, value); \
		assert(set_code == CURLE_OK); \
	} while (0)

static void set_method(struct transfer *transfer, const struct http_call *call)
{
	bool post = strcmp(call->method, "POST") == 0;

	if (post || call->body.len) {
		SET(transfer, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
		SET(transfer, CURLOPT_POSTFIELDS, arena_cstr(&transfer->arena, call->body));
	}
	if (strcmp(call->method, "HEAD") == 0)
		SET(transfer, CURLOPT_NOBODY, 1L);
	else if (!post)
		SET(transfer, CURLOPT_CUSTOMREQUEST, call->method);
}

static void set_limits(struct transfer *transfer, const struct http_call *call)
{
	int64_t connect_ms = call->connect_timeout_ms ? call->connect_timeout_ms : CONNECT_TIMEOUT_MS;
	int64_t whole_ms = call->timeout_ms ? call->timeout_ms : TIMEOUT_MS;

	SET(transfer, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
	SET(transfer, CURLOPT_TIMEOUT_MS, (long)whole_ms);
	SET(transfer, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(transfer, CURLOPT_FOLLOWLOCATION, 0L);
	SET(transfer, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static void set_rest(struct curl_client *curl, struct transfer *transfer, const struct url *url,
		     struct str text)
{
	SET(transfer, CURLOPT_URL, arena_cstr(&transfer->arena, text));
	SET(transfer, CURLOPT_HTTPHEADER, transfer->header);
	SET(transfer, CURLOPT_NOSIGNAL, 1L);
	SET(transfer, CURLOPT_TCP_KEEPALIVE, 1L);
	SET(transfer, CURLOPT_QUICK_EXIT, 1L); /* a stop does not wait for the resolver */
	SET(transfer, CURLOPT_ERRORBUFFER, transfer->error);
	SET(transfer, CURLOPT_PRIVATE, transfer);
	SET(transfer, CURLOPT_WRITEFUNCTION, take_body);
	SET(transfer, CURLOPT_WRITEDATA, transfer);
	SET(transfer, CURLOPT_HEADERFUNCTION, take_header);
	SET(transfer, CURLOPT_HEADERDATA, transfer);
	if (curl->user_agent)
		SET(transfer, CURLOPT_USERAGENT, curl->user_agent);
	if (curl->ca_file)
		SET(transfer, CURLOPT_CAINFO, curl->ca_file);
	if (is_loopback(url->host) || curl->public_only)
		SET(transfer, CURLOPT_PROXY, "");
	if (curl->public_only) {
		SET(transfer, CURLOPT_PROTOCOLS_STR, "https");
		SET(transfer, CURLOPT_OPENSOCKETFUNCTION, open_public);
		SET(transfer, CURLOPT_OPENSOCKETDATA, transfer);
	}
}

static bool curl_start(struct http_client *client, const struct http_call *call, http_done_fn *done,
		       void *arg, struct err *err)
{
	struct curl_client *curl = downcast(client);
	struct transfer *transfer;
	struct url url;
	CURLMcode added;

	if (call->url.len > URL_BYTES_MAX)
		return err_set(err, ERR_TOO_LARGE, "a URL is longer than %zu bytes", URL_BYTES_MAX);
	if (!url_parse(call->url, &url, err))
		return false;
	if (curl->public_only && !str_eq_nocase(url.scheme, STR("https")))
		return err_set(err, ERR_DENIED, "only https is allowed");
	transfer = take_transfer(curl);
	if (!add_headers(transfer, call, err)) {
		put_transfer(curl, transfer);
		return false;
	}
	strbuf_init(&transfer->body, call->answer_bytes_max ? call->answer_bytes_max : ANSWER_BYTES_MAX);
	transfer->done = done;
	transfer->arg = arg;
	set_method(transfer, call);
	set_limits(transfer, call);
	set_rest(curl, transfer, &url, call->url);
	added = curl_multi_add_handle(curl->multi, transfer->easy);
	assert(added == CURLM_OK);
	add_active(curl, transfer);
	return true;
}

/* ---- moving ---- */

static const char *problem_of(const struct transfer *transfer, CURLcode result)
{
	if (transfer->problem)
		return transfer->problem;
	return transfer->error[0] ? transfer->error : curl_easy_strerror(result);
}

static void finish(struct curl_client *curl, struct transfer *transfer, CURLcode result)
{
	struct http_answer answer = { .ok = result == CURLE_OK };
	long status = 0, request_bytes = 0;
	curl_off_t total_us = 0;

	(void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &total_us);
	answer.sent = answer.ok || request_bytes > 0;
	answer.latency_ms = total_us / 1000;
	if (answer.ok) {
		answer.status = (int)status;
		answer.body = strbuf_str(&transfer->body);
		answer.header = transfer->answer_header;
		answer.n_header = transfer->n_answer_header;
	} else {
		(void)snprintf(answer.error, sizeof(answer.error), "%s", problem_of(transfer, result));
	}
	remove_active(curl, transfer);
	transfer->done(transfer->arg, &answer); /* may start the next call */
	put_transfer(curl, transfer);
}

/* Calls done for what is finished; how many. */
static size_t collect(struct curl_client *curl)
{
	const CURLMsg *message;
	size_t n = 0;
	int left;

	while ((message = curl_multi_info_read(curl->multi, &left))) {
		CURLcode result = message->data.result;
		char *transfer = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		finish(curl, (struct transfer *)(void *)transfer, result);
		n++;
	}
	return n;
}

static size_t curl_run(struct http_client *client, int64_t max_wait_ms)
{
	struct curl_client *curl = downcast(client);
	int64_t end_ms = clock_mono_ms(clock_system()) + max_wait_ms;
	int running;

	for (;;) {
		int64_t left_ms;
		CURLMcode moved = curl_multi_perform(curl->multi, &running);

		assert(moved == CURLM_OK); /* anything else is wrong use */
		if (collect(curl) > 0 || atomic_exchange(&curl->woken, false))
			break;
		left_ms = end_ms - clock_mono_ms(clock_system());
		if (left_ms <= 0)
			break;
		(void)curl_multi_poll(curl->multi, NULL, 0, left_ms > 60000 ? 60000 : (int)left_ms, NULL);
	}
	return curl->n_active;
}

static void curl_wakeup(struct http_client *client)
{
	struct curl_client *curl = downcast(client);

	if (!atomic_exchange(&curl->woken, true))
		(void)curl_multi_wakeup(curl->multi); /* a wakeup may be lost: every wait has an end */
}

/* ---- new and free ---- */

static void curl_free_client(struct http_client *client)
{
	struct curl_client *curl = downcast(client);
	struct transfer *transfer;

	while ((transfer = curl->active)) {
		remove_active(curl, transfer);
		put_transfer(curl, transfer);
	}
	while ((transfer = curl->unused)) {
		curl->unused = transfer->older;
		free_transfer(transfer);
	}
	(void)curl_multi_cleanup(curl->multi);
	mem_free(curl->user_agent);
	mem_free(curl->ca_file);
	mem_free(curl);
}

static const struct http_client_ops curl_ops = {
	.start = curl_start,
	.run = curl_run,
	.wakeup = curl_wakeup,
	.free = curl_free_client,
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode global_result;

static void init_global(void)
{
	global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

bool http_client_new(const struct http_client_config *config, struct http_client **out, struct err *err)
{
	size_t per_host = config->connections_per_host ? config->connections_per_host : CONNECTIONS_PER_HOST;
	struct curl_client *curl;
	CURLM *multi;

	(void)pthread_once(&once, init_global);
	multi = global_result == CURLE_OK ? curl_multi_init() : NULL;
	if (!multi)
		return err_set(err, ERR_FATAL, "cannot start libcurl: %s", curl_easy_strerror(global_result));
	(void)curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)per_host);
	(void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
	curl = mem_zalloc(1, sizeof(*curl));
	curl->client.ops = &curl_ops;
	curl->multi = multi;
	curl->user_agent = config->user_agent ? mem_strdup(config->user_agent) : NULL;
	curl->ca_file = config->ca_file ? mem_strdup(config->ca_file) : NULL;
	curl->public_only = config->public_only;
	*out = &curl->client;
	return true;
}
