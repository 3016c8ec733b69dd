/*
 * Once: an Idempotency-Key and the answer that was given under it.
 *
 * Does:    remember successful answers of requests that change something, for a day; a repeat with the same
 *          key, by the same user, gets the same answer and changes nothing.
 * Doesn't: outlive the process: after a restart a repeat is carried out again, as one without a key.
 * Keeps:   at most ONCE_MAX answers, in memory only; another request under a key that is taken is refused.
 * Threads: both workers, under admin->lock.
 */
#include "admin/admin_internal.h"

#include "base/alloc.h"

#include <string.h>

#define ONCE_MAX       1000
#define ONCE_MS	       MS_PER_DAY
#define KEY_BYTES_MAX  64
#define BODY_BYTES_MAX ((size_t)64 << 10)

struct once_row {
	struct digest16 key;	 /* of user and key; zero = free */
	struct digest16 request; /* of method, path and body */
	int64_t at_ms;
	int status;
	char *body;
	size_t len;
};

struct once {
	struct once_row row[ONCE_MAX];
	size_t next; /* the oldest, written over next */
};

struct once *once_new(void)
{
	return mem_zalloc(1, sizeof(struct once));
}

void once_free(struct once *once)
{
	for (size_t i = 0; once && i < ONCE_MAX; i++)
		mem_free(once->row[i].body);
	mem_free(once);
}

static bool key_is_good(struct str key)
{
	for (size_t i = 0; i < key.len; i++)
		if (key.p[i] <= ' ' || key.p[i] > '~')
			return false;
	return key.len <= KEY_BYTES_MAX;
}

static struct digest16 key_of(const struct admin_call *call)
{
	struct str user = { (const char *)&call->user.id, sizeof(call->user.id) };

	return digest16_of((struct str[]){ user, call->header.idempotency_key }, 2);
}

static struct digest16 request_of(const struct admin_call *call)
{
	return digest16_of((struct str[]){ call->request->method, call->request->path, call->request->body },
			   3);
}

static bool applies(const struct admin_call *call)
{
	return call->signed_in && call->header.idempotency_key.len > 0 &&
	       !str_eq(call->request->method, STR("GET")) && !str_eq(call->request->method, STR("HEAD"));
}

static bool repeat(struct admin_call *call, const struct once_row *row)
{
	if (!digest16_eq(row->request, request_of(call)))
		return call_problem(call, 422, "key_used", "This Idempotency-Key stands for another request",
				    STR(""));
	call->status = row->status;
	call->text = arena_dup(call->look.arena, str_of(row->body, row->len));
	call->has_text = true;
	call_header(call, STR("Idempotency-Replayed"), STR("true"));
	return true;
}

bool once_before(struct admin_call *call, bool *answered, struct err *err)
{
	struct once *once = call->admin->once;
	struct digest16 key;

	*answered = false;
	if (!applies(call))
		return true;
	if (!key_is_good(call->header.idempotency_key))
		return err_set(err, ERR_INVALID, "an Idempotency-Key has 1 to %d visible characters",
			       KEY_BYTES_MAX);
	key = key_of(call);
	(void)pthread_mutex_lock(&call->admin->lock);
	for (size_t i = 0; i < ONCE_MAX && !*answered; i++)
		if (digest16_eq(once->row[i].key, key) && call->now_ms - once->row[i].at_ms < ONCE_MS)
			*answered = repeat(call, &once->row[i]);
	(void)pthread_mutex_unlock(&call->admin->lock);
	return true;
}

void once_after(struct admin_call *call)
{
	struct once_row *row;
	struct strbuf body;

	if (!applies(call) || call->status >= 400)
		return;
	strbuf_init(&body, BODY_BYTES_MAX);
	if (call->answer)
		json_write(call->answer, false, &body);
	if (!body.overflow) {
		(void)pthread_mutex_lock(&call->admin->lock);
		row = &call->admin->once->row[call->admin->once->next++ % ONCE_MAX];
		mem_free(row->body);
		*row = (struct once_row){ .key = key_of(call),
					  .request = request_of(call),
					  .at_ms = call->now_ms,
					  .status = call->status,
					  .body = mem_alloc(body.len + 1),
					  .len = body.len };
		memcpy(row->body, body.p, body.len);
		(void)pthread_mutex_unlock(&call->admin->lock);
	}
	strbuf_release(&body);
}
