/*
 * HTTP client, the part that does not depend on what is behind: dispatch, waiting for one call, headers.
 *
 * Threads: as the implementation; only http_client_wakeup may be called from another thread.
 */
#include "net/http_client.h"

#include <string.h>

void http_client_free(struct http_client *client)
{
	if (client)
		client->ops->free(client);
}

bool http_client_start(struct http_client *client, const struct http_call *call, http_done_fn *done,
		       void *arg, struct err *err)
{
	return client->ops->start(client, call, done, arg, err);
}

size_t http_client_run(struct http_client *client, int64_t max_wait_ms)
{
	return client->ops->run(client, max_wait_ms);
}

void http_client_wakeup(struct http_client *client)
{
	client->ops->wakeup(client);
}

struct fetch {
	struct arena *arena;
	bool over, ok;
	int status;
	struct str body;
	char error[sizeof(((struct http_answer *)NULL)->error)];
};

static void fetch_done(void *arg, const struct http_answer *answer)
{
	struct fetch *fetch = arg;

	fetch->over = true;
	fetch->ok = answer->ok;
	fetch->status = answer->status;
	if (answer->ok)
		fetch->body = arena_dup(fetch->arena, answer->body);
	memcpy(fetch->error, answer->error, sizeof(fetch->error));
}

bool http_client_fetch(struct http_client *client, const struct http_call *call, struct arena *arena,
		       int *status, struct str *body, struct err *err)
{
	struct fetch fetch = { .arena = arena };

	if (!http_client_start(client, call, fetch_done, &fetch, err))
		return false;
	while (!fetch.over) /* ends by the call's own timeout */
		(void)http_client_run(client, 1000);
	if (!fetch.ok)
		return err_set(err, ERR_UNREACHABLE, "%s", fetch.error);
	*status = fetch.status;
	*body = fetch.body;
	return true;
}

struct str http_answer_header(const struct http_answer *answer, const char *name)
{
	for (size_t i = 0; i < answer->n_header; i++)
		if (str_eq_nocase(answer->header[i].name, str_from(name)))
			return answer->header[i].value;
	return str_of("", 0);
}
