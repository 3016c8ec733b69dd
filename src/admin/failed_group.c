/*
 * What failed, by cause: reasons that differ only in numbers, ids and quoted parts are one.
 *
 * Does:    walk the failed rows in pages, gather them, say what to do.
 * Doesn't: keep anything: the cause is the reason itself.
 */
#include "admin/failed_group.h"

#include "base/digest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_ROWS	1000
#define CAUSE_BYTES_MAX 300
#define GROUPS_MAX	500
#define NAME_BYTES	8

/* The first row whose words all stand in the cause, in this order of rows. */
static const struct {
	bool for_message;
	const char *word;
	const char *advice;
} advices[] = {
	{ false, "not accept the key", "Give the account a private key that Klaviyo accepts, then retry." },
	{ false, "lacks the scope",
	  "Create a key with all scopes in Klaviyo, enter it in the account's settings, then retry." },
	{ false, "HTTP 401", "Give the account a private key that Klaviyo accepts, then retry." },
	{ false, "HTTP 403",
	  "Create a key with all scopes in Klaviyo, enter it in the account's settings, then retry." },
	{ false, "phone",
	  "Correct the phone number in the shop. The shop's next message is then sent by itself." },
	{ false, "email",
	  "Correct the email address in the shop. The shop's next message is then sent by itself." },
	{ false, "limit",
	  "The account has reached a limit of its Klaviyo plan. Raise the limit in Klaviyo, then retry." },
	{ false, "attempts",
	  "Klaviyo did not respond for a long time. Check status.klaviyo.com, then retry." },
	{ false, "",
	  "Klaviyo rejected this. Open one of them to see the request and the response. Correct the data in "
	  "the shop or the settings, then retry, or discard." },
	{ true, "not JSON",
	  "The shop sent something that is not JSON. Open one to check it; discard it if it is of no use." },
	{ true, "",
	  "The message could not be processed. Open one to see why. Retry after an update of Pannier or a "
	  "change of settings; otherwise discard." },
};

static bool has_word(struct str text, const char *word)
{
	struct str wanted = str_from(word);

	for (size_t i = 0; i + wanted.len <= text.len; i++)
		if (str_eq_nocase(str_of(text.p + i, wanted.len), wanted))
			return true;
	return wanted.len == 0;
}

static const char *advice_of(const struct failed_row *row, struct str cause)
{
	for (size_t i = 0; i < ARRAY_LEN(advices); i++)
		if (advices[i].for_message == row->is_message && has_word(cause, advices[i].word))
			return advices[i].advice;
	return "";
}

/* Does a word of the reason differ from row to row? Whatever has a digit, but the HTTP status. */
static bool is_variable(struct str word, struct str before)
{
	if (str_eq(before, STR("(HTTP")) || str_eq(before, STR("HTTP")))
		return false;
	for (size_t i = 0; i < word.len; i++)
		if (isdigit((unsigned char)word.p[i]))
			return true;
	return false;
}

static size_t quoted_len(struct str text)
{
	char quote = text.p[0];
	size_t end = str_find_char(str_skip(text, 1), quote);

	return (quote == '"' || quote == '\'') && end + 1 < text.len ? end + 2 : 0;
}

/* The reason with "..." for what differs. */
static struct str cause_of(const struct failed_row *row, struct arena *arena)
{
	struct str rest = row->reason, before = STR(""), out;
	struct strbuf text;

	strbuf_init(&text, CAUSE_BYTES_MAX);
	while (rest.len > 0 && !text.overflow) {
		size_t len = quoted_len(rest);
		struct str word = str_of(rest.p, str_find_char(rest, ' '));

		if (len > 0) {
			strbuf_add_text(&text, "...");
		} else {
			len = word.len + (word.len < rest.len ? 1 : 0);
			if (is_variable(word, before))
				strbuf_add_text(&text, word.len < rest.len ? "... " : "...");
			else
				strbuf_add_str(&text, str_of(rest.p, len));
			before = word;
		}
		rest = str_skip(rest, len);
	}
	out = arena_dup(arena, strbuf_str(&text));
	strbuf_release(&text);
	return out;
}

static struct str name_of(bool is_message, struct str cause, struct arena *arena)
{
	struct digest16 digest =
		digest16_of((struct str[]){ is_message ? STR("message") : STR("delivery"), cause }, 2);
	char hex[2 * sizeof(digest.byte) + 1];

	hex_encode(digest.byte, sizeof(digest.byte), hex);
	return arena_dup(arena, str_of(hex, 2 * NAME_BYTES));
}

struct str failed_group_name(const struct failed_row *row, struct arena *arena)
{
	return name_of(row->is_message, cause_of(row, arena), arena);
}

/* ---- gathering ---- */

static struct failed_row row_dup(const struct failed_row *row, struct arena *arena)
{
	struct failed_row copy = *row;

	copy.what = arena_dup(arena, row->what);
	copy.reason = arena_dup(arena, row->reason);
	return copy;
}

static struct failed_group *group_of(struct failed_groups *groups, const struct failed_row *row,
				     struct str cause, struct arena *arena)
{
	struct failed_group *group;

	for (size_t i = 0; i < groups->n; i++)
		if (groups->group[i].is_message == row->is_message && str_eq(groups->group[i].cause, cause))
			return &groups->group[i];
	if (groups->n == GROUPS_MAX)
		return NULL;
	group = &groups->group[groups->n++];
	*group = (struct failed_group){ .is_message = row->is_message,
					.cause = arena_dup(arena, cause),
					.first_ms = row->failed_ms,
					.store = ARENA_ARRAY(arena, STORE_FIND_MAX, int64_t),
					.example = row_dup(row, arena) };
	group->name = name_of(row->is_message, cause, arena);
	group->advice = advice_of(row, cause);
	return group;
}

static void add_store(struct failed_group *group, int64_t store_id)
{
	for (size_t i = 0; i < group->n_store; i++)
		if (group->store[i] == store_id)
			return;
	if (group->n_store < STORE_FIND_MAX)
		group->store[group->n_store++] = store_id;
}

static int by_count(const void *a, const void *b)
{
	const struct failed_group *left = a, *right = b;

	return (left->count < right->count) - (left->count > right->count);
}

/* The next page of rows behind filter->after_id, which moves on. */
static bool next_page(struct look *look, struct failed_filter *filter, struct arena *arena,
		      struct failed_row **row, size_t *n, struct err *err)
{
	filter->max_n = PAGE_ROWS;
	arena_reset(arena);
	if (!db_failed_list(look->db, filter, arena, row, n, err))
		return false;
	if (*n > 0)
		filter->after_id = (*row)[*n - 1].id;
	return true;
}

bool failed_group_all(struct look *look, int64_t store_id, failed_sees *sees, const void *arg,
		      struct failed_groups *out, struct err *err)
{
	struct failed_filter filter = { .store_id = store_id };
	size_t n = PAGE_ROWS, n_rows = 0;
	struct failed_row *row;
	struct arena page;
	bool ok = true;

	arena_init(&page);
	*out = (struct failed_groups){ .group = ARENA_ARRAY(look->arena, GROUPS_MAX, struct failed_group),
				       .complete = true };
	while (ok && n == PAGE_ROWS && n_rows < FAILED_GROUP_ROWS_MAX) {
		ok = next_page(look, &filter, &page, &row, &n, err);
		for (size_t i = 0; ok && i < n; i++) {
			struct failed_group *group;

			if (!sees(arg, &row[i]))
				continue;
			group = group_of(out, &row[i], cause_of(&row[i], &page), look->arena);
			if (!group) {
				out->complete = false;
				continue;
			}
			group->count++;
			group->last_ms = row[i].failed_ms;
			add_store(group, row[i].store_id);
		}
		n_rows += n;
	}
	out->complete = out->complete && n < PAGE_ROWS;
	arena_release(&page);
	if (out->n > 0)
		qsort(out->group, out->n, sizeof(*out->group), by_count);
	return ok;
}

/* ---- changing many ---- */

static size_t choose(const struct failed_bulk *bulk, const struct failed_row *row, size_t n,
		     struct arena *arena, int64_t *id)
{
	size_t n_id = 0;

	for (size_t i = 0; i < n; i++)
		if (bulk->sees(bulk->arg, &row[i]) &&
		    (bulk->group.len == 0 || str_eq(failed_group_name(&row[i], arena), bulk->group)))
			id[n_id++] = row[i].id;
	return n_id;
}

/* One retry may end others ("replaced by"): those not there any more are passed over one by one. */
static bool change_some(struct look *look, const struct failed_bulk *bulk, const int64_t *id, size_t n_id,
			int64_t *n, struct err *err)
{
	struct failed_change change = { .action = bulk->action, .reason = bulk->reason };
	int64_t now_ms = clock_wall_ms(look->clock);
	struct err problem = { ERR_NONE, "" };
	size_t changed = 0;

	change.id = id;
	change.n = n_id;
	if (n_id == 0 || db_failed_change(look->db, now_ms, &change, &changed, &problem)) {
		*n += (int64_t)changed;
		return true;
	}
	if (problem.code != ERR_NOT_FOUND || n_id == 1)
		return problem.code == ERR_NOT_FOUND || err_set(err, problem.code, "%s", problem.msg);
	return change_some(look, bulk, id, n_id / 2, n, err) &&
	       change_some(look, bulk, id + n_id / 2, n_id - n_id / 2, n, err);
}

bool failed_bulk(struct look *look, const struct failed_bulk *bulk, int64_t *n, struct err *err)
{
	struct failed_filter filter = { .store_id = bulk->store_id };
	int64_t id[PAGE_ROWS];
	size_t n_row = PAGE_ROWS;
	struct failed_row *row;
	struct arena page;
	bool ok = true;

	*n = 0;
	arena_init(&page);
	while (ok && n_row == PAGE_ROWS) {
		ok = next_page(look, &filter, &page, &row, &n_row, err) &&
		     change_some(look, bulk, id, choose(bulk, row, n_row, &page, id), n, err);
	}
	arena_release(&page);
	return ok;
}
