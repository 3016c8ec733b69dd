/*
 * A network that is a function call. One thread.
 */
#include "support/fake_http.h"

#include "base/alloc.h"
#include "net/url.h"

#include <stdio.h>
#include <string.h>

struct fake_call {
	struct fake_call *next;
	size_t request;
	http_done_fn *done;
	void *arg;
};

struct fake_http {
	struct http_client client;
	fake_answer_fn *answer;
	void *arg;
	struct arena arena;
	struct fake_request *request;
	size_t n;
	size_t capacity;
	struct fake_call *first;
	size_t in_flight;
	const char *hold;
};

static bool contains(struct str text, const char *part)
{
	size_t len = strlen(part);

	for (size_t i = 0; i + len <= text.len; i++)
		if (memcmp(text.p + i, part, len) == 0)
			return true;
	return false;
}

static struct str path_of(struct str url)
{
	struct url parts;

	return url_parse(url, &parts, NULL) ? str_skip(url, (size_t)(parts.path.p - url.p)) : url;
}

struct str fake_request_header(const struct fake_request *request, const char *name)
{
	for (size_t i = 0; i < request->n_header; i++)
		if (str_eq_nocase(request->header[i].name, str_from(name)))
			return request->header[i].value;
	return (struct str){ 0 };
}

static void record_headers(struct fake_http *fake, const struct http_call *call, struct fake_request *request)
{
	struct http_header *header = ARENA_ARRAY(&fake->arena, call->n_header, struct http_header);

	for (size_t i = 0; i < call->n_header; i++)
		header[i] = (struct http_header){ arena_dup(&fake->arena, call->header[i].name),
						  arena_dup(&fake->arena, call->header[i].value) };
	request->header = header;
	request->n_header = call->n_header;
	request->key = fake_request_header(request, "Authorization");
}

static void record(struct fake_http *fake, const struct http_call *call)
{
	struct fake_request *request;

	if (fake->n == fake->capacity) {
		fake->capacity = fake->capacity ? fake->capacity * 2 : 64;
		fake->request = mem_resize(fake->request, fake->capacity * sizeof(*fake->request));
	}
	request = &fake->request[fake->n++];
	*request = (struct fake_request){
		.method = arena_dup(&fake->arena, str_from(call->method)),
		.url = arena_dup(&fake->arena, call->url),
		.body = arena_dup(&fake->arena, call->body),
	};
	request->path = path_of(request->url);
	record_headers(fake, call, request);
}

static bool fake_start(struct http_client *client, const struct http_call *call, http_done_fn *done,
		       void *arg, struct err *err)
{
	struct fake_http *fake = (struct fake_http *)client;
	struct fake_call **at = &fake->first, *one = mem_alloc(sizeof(*one));

	(void)err;
	record(fake, call);
	*one = (struct fake_call){ .request = fake->n - 1, .done = done, .arg = arg };
	while (*at)
		at = &(*at)->next;
	*at = one;
	fake->in_flight++;
	return true;
}

static void finish(struct fake_http *fake, const struct fake_call *call)
{
	struct arena arena;
	struct fake_reply reply = { .status = 500 };
	struct http_header header[4];
	struct http_answer answer = { .sent = true };

	arena_init(&arena);
	fake->answer(fake->arg, &fake->request[call->request], &arena, &reply);
	answer.ok = !reply.no_answer;
	answer.status = reply.status;
	answer.body = reply.body;
	answer.header = header;
	if (reply.retry_after.len > 0)
		header[answer.n_header++] = (struct http_header){ STR("Retry-After"), reply.retry_after };
	if (reply.remaining.len > 0)
		header[answer.n_header++] =
			(struct http_header){ STR("RateLimit-Remaining"), reply.remaining };
	if (reply.reset.len > 0)
		header[answer.n_header++] = (struct http_header){ STR("RateLimit-Reset"), reply.reset };
	if (reply.link.len > 0)
		header[answer.n_header++] = (struct http_header){ STR("Link"), reply.link };
	if (reply.no_answer)
		(void)snprintf(answer.error, sizeof(answer.error), "connection refused");
	call->done(call->arg, &answer);
	arena_release(&arena);
}

static size_t fake_run(struct http_client *client, int64_t max_wait_ms)
{
	struct fake_http *fake = (struct fake_http *)client;
	struct fake_call **at = &fake->first;

	(void)max_wait_ms;
	while (*at) {
		struct fake_call *call = *at;

		if (fake->hold && contains(fake->request[call->request].path, fake->hold)) {
			at = &call->next;
			continue;
		}
		*at = call->next;
		fake->in_flight--;
		finish(fake, call);
		mem_free(call);
	}
	return fake->in_flight;
}

static void fake_wakeup(struct http_client *client)
{
	(void)client;
}

static void fake_free(struct http_client *client)
{
	struct fake_http *fake = (struct fake_http *)client;

	while (fake->first) {
		struct fake_call *next = fake->first->next;

		mem_free(fake->first);
		fake->first = next;
	}
	mem_free(fake->request);
	arena_release(&fake->arena);
	mem_free(fake);
}

static const struct http_client_ops fake_ops = {
	.start = fake_start,
	.run = fake_run,
	.wakeup = fake_wakeup,
	.free = fake_free,
};

struct fake_http *fake_http_new(fake_answer_fn *answer, void *arg)
{
	struct fake_http *fake = mem_zalloc(1, sizeof(*fake));

	fake->client.ops = &fake_ops;
	fake->answer = answer;
	fake->arg = arg;
	arena_init(&fake->arena);
	return fake;
}

struct http_client *fake_http_client(struct fake_http *fake)
{
	return &fake->client;
}

void fake_http_free(struct fake_http *fake)
{
	if (fake)
		fake_free(&fake->client);
}

void fake_http_hold(struct fake_http *fake, const char *path_part)
{
	fake->hold = path_part;
}

size_t fake_http_count(const struct fake_http *fake)
{
	return fake->n;
}

const struct fake_request *fake_http_request(const struct fake_http *fake, size_t i)
{
	return &fake->request[i];
}

size_t fake_http_count_of(const struct fake_http *fake, const char *method, const char *path_part)
{
	size_t n = 0;

	for (size_t i = 0; i < fake->n; i++)
		n += str_eq(fake->request[i].method, str_from(method)) &&
		     contains(fake->request[i].path, path_part);
	return n;
}

size_t fake_http_in_flight(const struct fake_http *fake)
{
	return fake->in_flight;
}
