/*
 * Trying a pull: the first page is asked for, and what it holds is told; nothing is taken in.
 *
 * Keeps:   a token that is got on the way, since the server may have taken back the one before.
 */
#include "flow/pull_internal.h"

#include "flow/flow_internal.h"
#include "flow/history.h"

#define REQUESTS_MAX 3 /* a token, or another one, and the page */

struct trial_call {
	struct arena *arena;
	bool over;
	bool ok;
	struct pull_answer answer;
	struct str error;
};

static void take_answer(void *arg, const struct http_answer *answer)
{
	struct trial_call *call = arg;
	struct http_header *header = ARENA_ARRAY(call->arena, answer->n_header, struct http_header);

	for (size_t i = 0; i < answer->n_header; i++)
		header[i] = (struct http_header){ arena_dup(call->arena, answer->header[i].name),
						  arena_dup(call->arena, answer->header[i].value) };
	call->over = true;
	call->ok = answer->ok;
	call->error = arena_dup(call->arena, str_from(answer->error));
	call->answer = (struct pull_answer){ answer->status, arena_dup(call->arena, answer->body), header,
					     answer->n_header };
}

static bool ask(struct http_client *client, const struct pull_request *request, struct trial_call *call,
		struct err *err)
{
	struct http_call http = pull_http_call(request);

	if (!http_client_start(client, &http, take_answer, call, err))
		return false;
	while (!call->over) /* ends by the call's own timeout */
		(void)http_client_run(client, 1000);
	return call->ok || err_set(err, ERR_UNREACHABLE, "%.*s", STR_ARG(call->error));
}

static bool round_trip(struct flow_ctx *ctx, struct http_client *client, const struct settings_store *store,
		       const struct platform_pull *platform, struct pull_ask *question, struct arena *arena,
		       struct pull_trial *out, struct err *err)
{
	struct platform_store view = flow_platform_store(store);
	struct trial_call call = { .arena = arena };
	struct pull_request request;

	rand_fill(ctx->rand, question->nonce.byte, sizeof(question->nonce.byte));
	if (!platform->fetch_page(&view, question, arena, &request, err))
		return false;
	out->url = request.url;
	if (!ask(client, &request, &call, err))
		return false;
	out->status = call.answer.status;
	if (pull_judge(question, &request, &call.answer, arena, &out->page))
		platform->read_page(&view, question, &request, &call.answer, arena, &out->page);
	return true;
}

/* What the messages of the page mean, as map would find. */
static void count_told(const struct settings_store *store, const struct platform_ops *ops, int64_t now_ms,
		       struct arena *arena, struct pull_trial *out)
{
	struct platform_store view = flow_platform_store(store);
	const struct platform_ops *form = platform_pull_of(ops)->own_form ? ops : &platform_generic_ops;
	struct flow_history history = { .store_id = store->id,
					.form = form,
					.run = STR(""),
					.source = STR(""),
					.prefix = STR(""),
					.received_ms = now_ms };

	for (size_t i = 0; i < out->page.n_message; i++) {
		struct import_message message = { .body = out->page.message[i] };
		struct map_result result = { 0 };
		struct inbox_record record;
		struct err ignored; /* pull says so of each when it reads them */

		if (!flow_history_record(&history, &message, (int64_t)i, arena, &record, &ignored))
			continue;
		form->map(&view, record.topic, record.body, now_ms, arena, &result);
		if (result.state == MAP_DONE)
			tellings_add(&out->told, result.fact, result.n_fact, record.body);
	}
}

bool pull_try(struct flow_ctx *ctx, struct http_client *client, const struct settings_store *store,
	      const struct pull_wish *wish, struct arena *arena, struct pull_trial *out, struct err *err)
{
	const struct platform_ops *ops = platform_find(store->platform);
	struct pull_ask question = { .kind = wish->kind,
				     .from_ms = wish->from_ms,
				     .to_ms = wish->to_ms,
				     .now_ms = clock_wall_ms(ctx->clock) };
	bool ok = pull_offered(store, wish->kind, NULL, err);

	*out = (struct pull_trial){ .status = 0 };
	for (int i = 0; ok && i < REQUESTS_MAX; i++) {
		ok = pull_shop_token(ctx, store, arena, &question.token, err) &&
		     round_trip(ctx, client, store, platform_pull_of(ops), &question, arena, out, err);
		if (ok && out->page.verdict == PULL_TOKEN)
			ok = pull_shop_keep_token(ctx, store, out->page.token, err);
		else if (!ok || out->page.verdict != PULL_DENIED)
			break;
		question.token_denied = out->page.verdict == PULL_DENIED;
	}
	if (ok && out->page.verdict == PULL_PAGE)
		count_told(store, ops, question.now_ms, arena, out);
	return ok;
}
