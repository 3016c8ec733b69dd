/*
 * Pull: what a page says, as records for the inbox.
 *
 * Keeps:   a page that is read is never lost for what is wrong with a part of it: items that cannot be taken
 *          in are rejects, and a shop that does not say where to go on fails the job behind the page.
 * Threads: the pull role's.
 */
#include "flow/pull_internal.h"

#include "flow/flow_internal.h"

#define MESSAGE_BYTES_MAX ((size_t)1 << 20)

void pull_call_refuse(struct pull_call *call, struct str why)
{
	call->read = true;
	call->page = (struct pull_page){ .verdict = PULL_REFUSED, .reason = arena_dup(&call->arena, why) };
}

static void add_reject(struct pull_call *call, int64_t row, struct str why)
{
	call->reject[call->n_reject++] =
		(struct import_reject){ call->at.used + row, false, STR(""), arena_dup(&call->arena, why) };
}

static void add_message(struct pull_call *call, const struct flow_history *history, struct str text,
			int64_t row)
{
	struct import_message message = { .body = text };
	struct err why = { 0 };

	if (text.len > MESSAGE_BYTES_MAX)
		(void)err_set(&why, ERR_TOO_LARGE, "the message is longer than 1 MiB");
	else if ((history->priority != PRIORITY_BACKFILL ||
		  import_historical(text, history->received_ms, &call->arena, &message, &why)) &&
		 flow_history_record(history, &message, call->at.position + row, &call->arena,
				     &call->record[call->n], &why)) {
		call->n++;
		return;
	}
	add_reject(call, row, str_from(why.msg));
}

static bool is_catalog(enum pull_kind kind)
{
	return kind == PULL_CATEGORIES || kind == PULL_PRODUCTS || kind == PULL_VARIANTS;
}

/*
 * The catalog is told as it is now: against what came without a version, the later counts. The rest is
 * history, or what is new.
 */
static enum priority priority_of(const struct pull_wish *wish)
{
	if (wish->live)
		return PRIORITY_REALTIME;
	return is_catalog(wish->kind) ? PRIORITY_REPLAY : PRIORITY_BACKFILL;
}

static void make_records(struct pull_call *call, const struct settings_store *store,
			 const struct platform_ops *ops)
{
	const struct platform_pull *platform = platform_pull_of(ops);
	bool generic = !platform->own_form && ops != &platform_generic_ops;
	struct flow_history history = {
		.store_id = store->id,
		.form = platform->own_form ? ops : &platform_generic_ops,
		.prefix = generic ? STR(FLOW_TOPIC_GENERIC) : STR(""),
		.source = str_from(pull_kind_text(call->wish.kind)),
		.received_ms = call->ask.now_ms,
		.priority = priority_of(&call->wish),
		/* Of the catalog the same again may be news: something else was told in between. */
		.run = is_catalog(call->wish.kind)
			       ? arena_printf(&call->arena, "%lld", (long long)call->job_id)
			       : STR(""),
	};
	const struct pull_page *page = &call->page;

	call->record = ARENA_ARRAY(&call->arena, page->n_message, struct inbox_record);
	call->reject = ARENA_ARRAY(&call->arena, page->n_message + page->n_reject, struct import_reject);
	for (size_t i = 0; i < page->n_reject; i++)
		add_reject(call, page->reject[i].item, page->reject[i].why);
	for (size_t i = 0; i < page->n_message; i++)
		add_message(call, &history, page->message[i], (int64_t)i + 1);
}

static void check_next(struct pull_call *call)
{
	const struct pull_page *page = &call->page;

	if (page->end)
		return;
	if (page->next.len == 0 || page->next.len > PULL_CURSOR_BYTES_MAX)
		call->fault = STR("the shop says no usable place of the next page");
	else if (str_eq(page->next, call->ask.cursor) ||
		 pull_shop_circles(call->shop, call->job_id, page->next))
		call->fault = STR("the shop leads in a circle: it names a page that was read already");
}

void pull_call_read(struct pull_call *call, const struct settings_store *store)
{
	const struct platform_ops *ops = platform_find(store->platform);
	struct platform_store view = flow_platform_store(store);
	struct pull_page *page = &call->page;

	call->read = true;
	if (!call->answered) {
		*page = (struct pull_page){ .verdict = PULL_AGAIN, .reason = call->error };
		return;
	}
	if (pull_judge(&call->ask, &call->request, &call->answer, &call->arena, page))
		platform_pull_of(ops)->read_page(&view, &call->ask, &call->request, &call->answer,
						 &call->arena, page);
	if (page->verdict == PULL_DENIED && call->shop->denied)
		page->verdict = PULL_REFUSED;
	if (page->verdict != PULL_PAGE)
		return;
	check_next(call);
	make_records(call, store, ops);
}
