/*
 * Comparing: what the shop has, root by root, with what was found; then what was found and is not the shop's.
 *
 * Does:    plans each root as publish would, from nothing, and compares what would be told with what is
 *          there.
 * Doesn't: look at Klaviyo again: what changed since the task began is left out as moving.
 * Keeps:   what is held back here is left as Klaviyo has it.
 */
#include "flow/reconcile_internal.h"

#include <string.h>

#define ROOTS_AT_ONCE 64
#define KEYS_ENOUGH   400
#define ROWS_AT_ONCE  400

/* A thing that the shop has, or keeps at Klaviyo as it is. */
struct expected {
	struct found_key key;
	struct str parent_external_id;
	struct str body; /* "" = kept */
	struct entity root;
	bool moving;
};

struct expected_list {
	struct expected *at;
	size_t n;
};

/* ---- what is expected ---- */

static bool has_delivery(const struct flow_plan *plan, const struct root_sent *sent, bool delete)
{
	for (size_t i = 0; i < plan->n_delivery; i++)
		if (plan->delivery[i].kind == sent->kind &&
		    (plan->delivery[i].op == DELIVERY_DELETE) ==
			    delete &&str_eq(plan->delivery[i].external_id, sent->external_id))
			return true;
	return false;
}

/* What was told, is not told any more, and yet is not deleted: it is held. */
static bool is_kept(const struct flow_plan *fresh, const struct flow_plan *plan, const struct root_sent *sent)
{
	return sent->exists && !sent->wanted_deleted && !has_delivery(fresh, sent, false) &&
	       !has_delivery(plan, sent, true);
}

static void expect(struct reconcile_work *work, const struct flow_rules *rules,
		   const struct catalog_root *root, struct expected_list *list)
{
	struct catalog_root untold = *root;
	struct flow_plan fresh, plan;
	struct expected *at;
	size_t n = 0;

	untold.n_sent = 0;
	flow_plan_catalog(rules, &untold, work->arena, &fresh);
	flow_plan_catalog(rules, root, work->arena, &plan);
	at = ARENA_ARRAY(work->arena, list->n + fresh.n_delivery + root->n_sent, struct expected);
	for (; n < list->n; n++)
		at[n] = list->at[n];
	for (size_t i = 0; i < fresh.n_delivery; i++)
		if (reconcile_wants(work, fresh.delivery[i].kind))
			at[n++] = (struct expected){
				.key = { fresh.delivery[i].kind, fresh.delivery[i].external_id },
				.parent_external_id = fresh.delivery[i].parent_external_id,
				.body = fresh.delivery[i].body,
				.root = root->root,
				.moving = root->due_seq != 0,
			};
	for (size_t i = 0; i < root->n_sent; i++)
		if (reconcile_wants(work, root->sent[i].kind) && is_kept(&fresh, &plan, &root->sent[i]))
			at[n++] = (struct expected){
				.key = { root->sent[i].kind, root->sent[i].external_id },
				.root = root->root,
				.moving = root->due_seq != 0,
			};
	*list = (struct expected_list){ at, n };
}

/* ---- verdicts ---- */

static bool differs(struct reconcile_work *work, const struct expected *expected, const struct found *found,
		    struct str *note, struct err *err)
{
	struct klaviyo_thing told;

	if (!klaviyo_thing_told(expected->key.kind, expected->body, work->arena, &told, err))
		return false;
	*note = klaviyo_contents_differ(told.contents, found->row.contents, work->arena);
	if (expected->key.kind == KLAVIYO_ITEM && reconcile_wants_links(work) &&
	    told.links != found->row.links)
		*note = arena_printf(work->arena, "%.*s%scategories", STR_ARG(*note), note->len ? ", " : "");
	return true;
}

static bool judge_expected(struct reconcile_work *work, const struct expected *expected, struct found *found,
			   struct err *err)
{
	struct found_row *row = &found->row;

	row->root = expected->root;
	if (found->store_id != 0 && found->store_id != work->store->id) {
		row->verdict = FOUND_FOREIGN;
	} else if (expected->moving || found->moving || found->due) {
		row->verdict = FOUND_MOVING;
	} else if (expected->body.len == 0) {
		row->verdict = FOUND_KEPT;
	} else if (!found->is_there) {
		row->verdict = FOUND_MISSING;
		row->parent_external_id = expected->parent_external_id;
	} else {
		if (!differs(work, expected, found, &row->note, err))
			return false;
		row->verdict = row->note.len > 0 ? FOUND_STALE : FOUND_SAME;
		if (row->parent_external_id.len == 0)
			row->parent_external_id = expected->parent_external_id;
	}
	return true;
}

static void count(struct reconcile_work *work, const struct found *found)
{
	work->report.n[found->row.key.kind][found->row.verdict]++;
	if (found->is_there && found->row.verdict != FOUND_FOREIGN)
		work->report.n_there++;
}

static bool look_up(struct reconcile_work *work, const struct expected_list *list, struct found **found,
		    struct err *err)
{
	struct found_key *key = ARENA_ARRAY(work->arena, list->n, struct found_key);
	struct found_query query = { .task_id = work->task->id, .key = key, .n_key = list->n };
	size_t n;

	for (size_t i = 0; i < list->n; i++)
		key[i] = list->at[i].key;
	return list->n == 0 || db_found_list(work->ctx->db, &query, work->arena, found, &n, err) ||
	       err_wrap(err, "look up what was found");
}

static bool compare_list(struct reconcile_work *work, const struct expected_list *list, struct err *err)
{
	struct found_row *row = ARENA_ARRAY(work->arena, list->n, struct found_row);
	struct task_step step = { .found = row };
	struct found *found = NULL;
	size_t n;

	if (!look_up(work, list, &found, err))
		return false;
	for (size_t i = 0; i < list->n; i++) {
		if (!judge_expected(work, &list->at[i], &found[i], err))
			return false;
		if (!found[i].is_there && found[i].row.verdict == FOUND_KEPT)
			continue;
		count(work, &found[i]);
		if (found[i].is_there || found[i].row.verdict == FOUND_MISSING)
			row[step.n_found++] = found[i].row;
	}
	return reconcile_end_piece(work, &step, &n, err);
}

bool reconcile_compare(struct reconcile_work *work, struct err *err)
{
	struct flow_account_facts facts = { 0 }; /* the catalog's rules need none */
	struct flow_rules rules = flow_rules(work->store, &facts);
	struct entity after = { (enum entity_kind)work->place.kind, work->place.after };
	struct expected_list list = { 0 };
	struct catalog_root *root;
	size_t n, i;

	if (!db_catalog_walk(work->ctx->db, work->store->id, after, ROOTS_AT_ONCE, work->arena, &root, &n,
			     err))
		return err_wrap(err, "walk through the catalog");
	for (i = 0; i < n && list.n < KEYS_ENOUGH; i++)
		expect(work, &rules, &root[i], &list);
	if (n == 0) {
		reconcile_next_stage(work);
	} else {
		work->place.kind = (int)root[i - 1].root.kind;
		work->place.after = root[i - 1].root.id;
	}
	return compare_list(work, &list, err);
}

/* ---- what is left ---- */

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The shop's id of an external id (catalog/external_id.c), as far as it can be told. */
static struct str shop_id(struct reconcile_work *work, struct str external_id)
{
	struct str prefix = catalog_external_id(setting_text(work->store->value, SETTING_KEY_id_prefix),
						STR(""), work->arena);
	struct str text = str_skip(external_id, prefix.len);
	char *id = arena_alloc(work->arena, text.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		int high = i + 2 < text.len ? hex_of(text.p[i + 1]) : -1;
		int low = i + 2 < text.len ? hex_of(text.p[i + 2]) : -1;

		if (text.p[i] == '~' && high >= 0 && low >= 0) {
			id[n++] = (char)(high * 16 + low);
			i += 2;
		} else {
			id[n++] = text.p[i];
		}
	}
	id[n] = '\0';
	return n > 0 && !memchr(id, 0, n) ? str_of(id, n) : external_id;
}

static struct entity root_of(struct reconcile_work *work, const struct found *found)
{
	const struct found_row *row = &found->row;
	struct str id = row->key.external_id;

	if (found->store_id != 0 && found->root.id.len > 0)
		return found->root;
	if (row->key.kind == KLAVIYO_VARIANT && row->parent_external_id.len > 0)
		id = row->parent_external_id;
	return (struct entity){ row->key.kind == KLAVIYO_CATEGORY ? ENTITY_CATEGORY : ENTITY_PRODUCT,
				shop_id(work, id) };
}

static void judge_left(struct reconcile_work *work, struct found *found)
{
	struct found_row *row = &found->row;
	bool ambiguous;

	(void)reconcile_may_be_ours(work, row->key.external_id, &ambiguous);
	if (found->store_id != 0 && found->store_id != work->store->id) {
		row->verdict = FOUND_FOREIGN;
	} else if (found->store_id == 0 && ambiguous) {
		row->verdict = FOUND_FOREIGN;
		work->report.ambiguous = true;
	} else if (found->moving || found->due) {
		row->verdict = FOUND_MOVING;
	} else {
		row->verdict = found->repeats ? FOUND_DUPLICATE : FOUND_ORPHAN;
		row->root = root_of(work, found);
	}
}

bool reconcile_judge(struct reconcile_work *work, struct err *err)
{
	struct found_query query = {
		.task_id = work->task->id,
		.verdicts = 1u << FOUND_READ,
		.after = { (enum klaviyo_kind)work->place.kind, work->place.after },
		.max_n = ROWS_AT_ONCE,
	};
	struct task_step step = { 0 };
	struct found_row *row;
	struct found *found;
	size_t n, n_forgotten;

	if (!db_found_list(work->ctx->db, &query, work->arena, &found, &n, err))
		return err_wrap(err, "read what was found");
	row = ARENA_ARRAY(work->arena, n, struct found_row);
	for (size_t i = 0; i < n; i++) {
		judge_left(work, &found[i]);
		count(work, &found[i]);
		row[i] = found[i].row;
	}
	step.found = row;
	step.n_found = n;
	if (n == 0) {
		reconcile_next_stage(work);
	} else {
		work->place.kind = (int)row[n - 1].key.kind;
		work->place.after = row[n - 1].key.external_id;
	}
	return reconcile_end_piece(work, &step, &n_forgotten, err);
}
