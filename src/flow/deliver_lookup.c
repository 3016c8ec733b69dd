/*
 * Lookups: what an account is asked before its events and consent may leave, and from time to time after.
 *
 * Does:    the spelling of the metric of cancelled orders, once; lists by name, made where they are not
 *          there; who has opted out in Klaviyo: all before the first consent of a process leaves, again
 *          before a subscription whose answer was lost goes again, and at intervals.
 * Doesn't: keep the opt-outs that it reads (deliver_optout.c).
 * Keeps:   one lookup of an account at a time, within the budget of its endpoint.
 * Threads: the deliver role's.
 */
#include "flow/deliver_internal.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/mutant.h"

/* After a lookup that failed: Klaviyo may be down, or the key may not read this. */
#define AGAIN_MS 15000
/* So often it is looked whether opt-outs that have just come in have become facts. */
#define HEED_EVERY_MS 100

void deliver_lookups_free(struct deliver_lookups *lookups)
{
	for (size_t i = 0; i < lookups->n_list; i++) {
		mem_free(lookups->list[i].name);
		mem_free(lookups->list[i].id);
	}
	mem_free(lookups->list);
	mem_free(lookups->list_name);
	mem_free(lookups->page);
	mem_free(lookups->unmapped);
}

static char *copy_text(struct str text)
{
	char *copy = mem_zalloc(text.len + 1, 1);

	for (size_t i = 0; i < text.len; i++)
		copy[i] = text.p[i];
	return copy;
}

/* ---- lists ---- */

static void keep_list(struct deliver_lookups *lookups, struct str name, struct str id)
{
	lookups->list = mem_resize(lookups->list, (lookups->n_list + 1) * sizeof(*lookups->list));
	lookups->list[lookups->n_list++] = (struct deliver_list){ copy_text(name), copy_text(id) };
}

struct str deliver_lookups_list(struct deliver_account *account, struct str name)
{
	struct deliver_lookups *lookups = &account->lookups;

	for (size_t i = 0; i < lookups->n_list; i++)
		if (str_eq(str_from(lookups->list[i].name), name))
			return str_from(lookups->list[i].id);
	if (!lookups->list_name) {
		lookups->list_name = copy_text(name);
		lookups->list_missing = false;
	}
	return (struct str){ 0 };
}

/* ---- what to ask ---- */

static int64_t n_ready(const struct deliver_account *account, enum klaviyo_kind kind)
{
	int64_t n = 0;

	for (enum delivery_op op = 0; op < DELIVERY_OP_COUNT; op++)
		for (enum priority priority = 0; priority < PRIORITY_COUNT; priority++)
			n += account->lane[kind][op][priority].n_ready;
	return n;
}

static bool read_number(struct deliver *deliver, int64_t account_id, int64_t *out, struct err *err)
{
	struct arena arena;
	struct str text;
	bool ok;

	arena_init(&arena);
	*out = 0;
	ok = db_cursor_get(deliver->ctx->db, account_id, STR(FLOW_CURSOR_OPTOUTS), &arena, &text, err);
	if (ok && text.len > 0)
		(void)str_to_int64(text, out);
	arena_release(&arena);
	return ok;
}

static bool load(struct deliver *deliver, struct deliver_account *account, struct err *err)
{
	struct deliver_lookups *lookups = &account->lookups;
	struct arena arena;
	struct str spelling;
	bool ok;

	if (lookups->loaded)
		return true;
	arena_init(&arena);
	ok = db_cursor_get(deliver->ctx->db, account->id, STR(FLOW_CURSOR_SPELLING), &arena, &spelling,
			   err) &&
	     read_number(deliver, account->id, &lookups->optouts_wall_ms, err);
	lookups->spelling_known = ok && spelling.len > 0;
	lookups->loaded = ok;
	arena_release(&arena);
	return ok ? ok : err_wrap(err, "read the cursors of account '%s'", account->name);
}

/* Read on, read for the first time because somebody waits for it, or read again as it is time. */
static bool optouts_are_due(struct deliver *deliver, const struct deliver_account *account)
{
	const struct deliver_lookups *lookups = &account->lookups;
	int64_t next_at_ms;

	if (lookups->page)
		return true;
	if (lookups->optouts_at_ms == INT64_MIN)
		return lookups->optouts_wanted || lookups->optouts_wall_ms > 0 ||
		       n_ready(account, KLAVIYO_CONSENT) > 0;
	next_at_ms = lookups->optouts_at_ms + account->optout_poll_ms;
	if (deliver->now_ms < next_at_ms)
		deliver_wake_at(deliver, next_at_ms);
	return deliver->now_ms >= next_at_ms;
}

static enum deliver_lookup next_lookup(struct deliver *deliver, const struct deliver_account *account)
{
	const struct deliver_lookups *lookups = &account->lookups;

	if (account->spelling_auto && !lookups->spelling_known && n_ready(account, KLAVIYO_EVENT) > 0)
		return LOOKUP_METRICS;
	if (lookups->list_name)
		return lookups->list_missing ? LOOKUP_LIST_CREATE : LOOKUP_LISTS;
	return optouts_are_due(deliver, account) ? LOOKUP_OPTOUTS : LOOKUP_NONE;
}

static struct klaviyo_request lookup_request(const struct deliver *deliver,
					     const struct deliver_account *account,
					     enum deliver_lookup lookup, struct arena *arena)
{
	const struct settings_account *settings = snapshot_account(deliver->settings, account->id);
	struct str api_url = setting_text(settings->value, SETTING_KEY_api_url);
	const struct deliver_lookups *lookups = &account->lookups;
	struct str page = str_from(lookups->page);

	switch (lookup) {
	case LOOKUP_LISTS:
		return klaviyo_render_lists(api_url, str_from(lookups->list_name), page, arena);
	case LOOKUP_LIST_CREATE:
		return klaviyo_render_list_create(api_url, str_from(lookups->list_name), arena);
	case LOOKUP_OPTOUTS:
		return klaviyo_render_optouts(api_url, deliver_optouts_since_ms(lookups), page, arena);
	case LOOKUP_METRICS:
	case LOOKUP_NONE:
		break;
	}
	return klaviyo_render_metrics(api_url, page, arena);
}

/* What the account is to be asked now, LOOKUP_NONE if nothing may be. */
static bool choose(struct deliver *deliver, struct deliver_account *account, enum deliver_lookup *out,
		   bool *probe, struct err *err)
{
	struct deliver_lookups *lookups = &account->lookups;
	enum deliver_lookup lookup;

	*out = LOOKUP_NONE;
	*probe = false;
	if (!account->known || lookups->under_way)
		return true;
	if (!load(deliver, account, err))
		return false;
	lookup = next_lookup(deliver, account);
	if (lookup == LOOKUP_NONE)
		return true;
	if (deliver->now_ms < lookups->not_before_ms) {
		deliver_wake_at(deliver, lookups->not_before_ms);
		return true;
	}
	if (deliver_gate_passes(deliver, account,
				lookup == LOOKUP_METRICS ? API_FAMILY_metrics : API_FAMILY_consent, probe))
		*out = lookup;
	return true;
}

/* Lookups that are about to leave together. */
struct gathering {
	struct arena arena;
	struct deliver_account *account[DELIVER_LOOKUPS_MAX];
	enum deliver_lookup lookup[DELIVER_LOOKUPS_MAX];
	struct klaviyo_request request[DELIVER_LOOKUPS_MAX];
	struct cursor_row budget[DELIVER_LOOKUPS_MAX];
	size_t n;
};

static void gather(struct deliver *deliver, struct deliver_account *account, enum deliver_lookup lookup,
		   struct gathering *gathering)
{
	struct klaviyo_request request = lookup_request(deliver, account, lookup, &gathering->arena);
	size_t at = gathering->n;

	if (!deliver_budget_allows(deliver, account, request.endpoint, false))
		return;
	budget_take(deliver_budget(account, request.endpoint, false), deliver->now_ms);
	gathering->account[at] = account;
	gathering->lookup[at] = lookup;
	gathering->request[at] = request;
	gathering->budget[at] =
		deliver_budget_cursor(deliver, account, request.endpoint, false, &gathering->arena);
	gathering->n++;
}

/* What they use is noted in the store in one step: behind a slow disk each would take its time. */
static void ask(struct deliver *deliver, struct gathering *gathering)
{
	bool kept = deliver_budgets_keep(deliver, gathering->budget, gathering->n);

	for (size_t i = 0; kept && i < gathering->n; i++) {
		struct deliver_account *account = gathering->account[i];

		account->lookups.under_way = true;
		if (gathering->lookup[i] == LOOKUP_OPTOUTS && !account->lookups.page)
			account->lookups.reread = false;
		deliver_send_lookup(deliver, account, gathering->lookup[i], &gathering->request[i]);
	}
	gathering->n = 0;
}

/* Opt-outs that a shop is told of are asked for even if it never sends consent. */
static void heed_webhooks(struct deliver *deliver)
{
	for (size_t i = 0; i < deliver->settings->n_store; i++) {
		const struct settings_store *store = &deliver->settings->store[i];

		if (setting_text(store->value, SETTING_KEY_optout_webhook).len > 0)
			deliver_account_get(deliver, store->account->id)->lookups.optouts_wanted = true;
	}
}

/*
 * A few at a time; who found no room comes first in the next round. A probe leaves before anybody else is
 * judged.
 */
static bool start_in_turn(struct deliver *deliver, struct err *err)
{
	struct gathering gathering = { .n = 0 };
	size_t i = 0;
	bool ok = true;

	arena_init(&gathering.arena);
	for (; ok && i < deliver->n_account && deliver->n_looking + gathering.n < DELIVER_LOOKUPS_MAX; i++) {
		struct deliver_account *account =
			deliver->account[(deliver->lookup_turn + i) % deliver->n_account];
		enum deliver_lookup lookup;
		bool probe;

		ok = choose(deliver, account, &lookup, &probe, err);
		if (lookup != LOOKUP_NONE)
			gather(deliver, account, lookup, &gathering);
		if (probe)
			ask(deliver, &gathering);
	}
	if (i < deliver->n_account)
		deliver->lookup_turn = (deliver->lookup_turn + i) % deliver->n_account;
	ask(deliver, &gathering);
	arena_release(&gathering.arena);
	return ok;
}

bool deliver_lookups_start(struct deliver *deliver, struct err *err)
{
	heed_webhooks(deliver);
	for (size_t i = 0; i < deliver->n_account; i++)
		if (!deliver_optouts_heed_mapped(deliver, &deliver->account[i]->lookups, err))
			return false;
	return start_in_turn(deliver, err);
}

bool deliver_lookups_hold(struct deliver *deliver, const struct deliver_account *account,
			  enum klaviyo_kind kind)
{
	const struct deliver_lookups *lookups = &account->lookups;

	if (kind == KLAVIYO_EVENT)
		return account->spelling_auto && !lookups->spelling_known && lookups->not_before_ms == 0;
	if (kind != KLAVIYO_CONSENT)
		return false;
	if (mutant_is(MUTANT_returned_unasked))
		return lookups->list_name != NULL;
	if (lookups->list_name || lookups->optouts_at_ms == INT64_MIN)
		return true;
	if (lookups->n_unmapped > 0)
		deliver_wake_at(deliver, deliver->now_ms + HEED_EVERY_MS);
	return lookups->n_unmapped > 0;
}

void deliver_lookups_doubt(struct deliver_account *account)
{
	account->lookups.optouts_at_ms = INT64_MIN;
	account->lookups.reread = true;
}

/* ---- the answer ---- */

static bool read_answer(struct deliver_send *send, const struct http_answer *answer, struct err *err)
{
	struct deliver_found *found = &send->found;
	struct arena *arena = &send->arena;

	switch (send->lookup) {
	case LOOKUP_METRICS:
		return klaviyo_read_metrics(answer, arena, &found->metric, &found->n_metric, &found->next,
					    err);
	case LOOKUP_LISTS:
		return klaviyo_read_lists(answer, arena, &found->list, &found->n_list, &found->next, err);
	case LOOKUP_LIST_CREATE:
		found->list = ARENA_NEW(arena, struct klaviyo_list);
		found->n_list = 1;
		return klaviyo_read_list(answer, arena, found->list, err);
	case LOOKUP_OPTOUTS:
		return klaviyo_read_optouts(answer, arena, &found->optout, &found->n_optout, &found->next,
					    err);
	case LOOKUP_NONE:
		break;
	}
	return false;
}

void deliver_lookups_heed(struct deliver_send *send, const struct http_answer *answer)
{
	static const char *const what[] = {
		[LOOKUP_NONE] = "",
		[LOOKUP_METRICS] = "metrics",
		[LOOKUP_LISTS] = "lists",
		[LOOKUP_LIST_CREATE] = "new list",
		[LOOKUP_OPTOUTS] = "opt-outs",
	};
	struct err err = { 0 };

	klaviyo_outcome(ENDPOINT_accounts_get, NULL, 0, answer, &send->arena, &send->verdict);
	deliver_account_heed(send, &send->verdict);
	send->found.ok = read_answer(send, answer, &err);
	if (!send->found.ok)
		log_warn("deliver", "account=%s lookup of %s failed: %s", send->account->name,
			 what[send->lookup], err.msg);
}

/* ---- keeping it ---- */

/* How the account spells it, by the answer; "" = the next page may say. */
static struct str found_spelling(const struct deliver_send *send)
{
	struct str spelling = { 0 };

	for (size_t i = 0; i < send->found.n_metric; i++)
		if (str_eq(send->found.metric[i], STR("Canceled Order")) && spelling.len == 0)
			spelling = STR("Canceled");
		else if (str_eq(send->found.metric[i], STR("Cancelled Order")))
			spelling = STR("Cancelled");
	if (spelling.len == 0 && send->found.next.len == 0)
		spelling = STR("Cancelled");
	return spelling;
}

/* Of the lookups that have ended: how each account spells it. */
static struct cursor_row *spellings(const struct deliver *deliver, struct arena *arena, size_t *n)
{
	struct cursor_row *row;

	*n = 0;
	for (const struct deliver_send *send = deliver->ended; send; send = send->next)
		++*n;
	row = ARENA_ARRAY(arena, *n, struct cursor_row);
	*n = 0;
	for (const struct deliver_send *send = deliver->ended; send; send = send->next) {
		struct str spelling = { 0 };

		if (send->lookup == LOOKUP_METRICS && send->found.ok)
			spelling = found_spelling(send);
		if (spelling.len > 0)
			row[(*n)++] =
				(struct cursor_row){ send->account->id, STR(FLOW_CURSOR_SPELLING), spelling };
	}
	return row;
}

bool deliver_lookups_keep(struct deliver *deliver, struct err *err)
{
	struct cursor_row *row;
	struct arena arena;
	size_t n;
	bool ok;

	arena_init(&arena);
	row = spellings(deliver, &arena, &n);
	ok = db_cursor_put_all(deliver->ctx->db, deliver->now_wall_ms, row, n, err);
	arena_release(&arena);
	return ok || err_wrap(err, "keep how metrics are spelt");
}

/* What was found is kept already (deliver_lookups_keep). */
static void settle_metrics(const struct deliver_send *send)
{
	struct deliver_lookups *lookups = &send->account->lookups;

	if (found_spelling(send).len == 0)
		return;
	mem_free(lookups->page);
	lookups->page = NULL;
	lookups->spelling_known = true;
}

/* The first list of that name: names are not unique in Klaviyo. */
static bool settle_lists(struct deliver_send *send)
{
	struct deliver_lookups *lookups = &send->account->lookups;
	struct str wanted = str_from(lookups->list_name);

	for (size_t i = 0; i < send->found.n_list; i++) {
		if (!str_eq(send->found.list[i].name, wanted) && send->lookup == LOOKUP_LISTS)
			continue;
		keep_list(lookups, wanted, send->found.list[i].id);
		mem_free(lookups->list_name);
		mem_free(lookups->page);
		lookups->list_name = lookups->page = NULL;
		return true;
	}
	lookups->list_missing = send->found.next.len == 0;
	return true;
}

bool deliver_lookups_settle(struct deliver *deliver, struct deliver_send *send, struct err *err)
{
	struct deliver_lookups *lookups = &send->account->lookups;
	bool ok = true;

	lookups->under_way = false;
	if (!send->found.ok) {
		lookups->not_before_ms = deliver->now_ms + AGAIN_MS;
		return true;
	}
	mem_free(lookups->page);
	lookups->page = send->found.next.len > 0 ? copy_text(send->found.next) : NULL;
	if (send->lookup == LOOKUP_METRICS)
		settle_metrics(send);
	else if (send->lookup == LOOKUP_OPTOUTS)
		ok = deliver_optouts_settle(deliver, send, err);
	else
		ok = settle_lists(send);
	deliver_lanes_unblock(send->account);
	return ok;
}
