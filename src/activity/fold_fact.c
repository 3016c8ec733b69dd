/*
 * Facts of an order, person or visitor, sorted and read, so that the order in which they came cannot matter;
 * what was told; and the reasons that a merge collects.
 *
 * Keeps:   one fact for each part. The store gives no more; should there be more, they compete in the order
 *          of their messages.
 * Threads: a fold belongs to its caller. Pure.
 */
#include "activity/fold_internal.h"

#include "base/clock.h"

#include <stdlib.h>

#define REASON_BYTES_MAX 240
#define SOON_MS		 MS_PER_MIN /* later it waits for its schedule, and was looked at */
#define MOVE_LOOK_MS	 200

/* ---- facts ---- */

static int compare_number(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_fact(const void *left, const void *right)
{
	const struct root_fact *a = ((const struct fold_fact *)left)->row;
	const struct root_fact *b = ((const struct fold_fact *)right)->row;
	int order = str_cmp(a->part, b->part);

	if (order == 0)
		order = compare_number(a->seq, b->seq);
	if (order == 0)
		order = compare_number(a->version, b->version);
	return order != 0 ? order : str_cmp(a->body, b->body);
}

static bool is_of_root(const struct catalog_root *root, const struct root_fact *fact)
{
	return fact->entity.kind == root->root.kind && str_eq(fact->entity.id, root->root.id);
}

/* Leaves the winner of each part. */
static void drop_losers(struct fold *fold)
{
	size_t kept = 0;

	for (size_t i = 0; i < fold->n_fact; i++) {
		const struct root_fact *row = fold->fact[i].row;
		const struct root_fact *last = kept > 0 ? fold->fact[kept - 1].row : NULL;

		if (!last || !str_eq(last->part, row->part))
			fold->fact[kept++].row = row;
		else if (fact_wins(row->version, row->seq, last->version, last->seq))
			fold->fact[kept - 1].row = row;
	}
	fold->n_fact = kept;
}

static void read_body(struct fold *fold, struct fold_fact *fact)
{
	fact->body = NULL;
	if (json_parse(fact->row->body, &fact->body, NULL) && json_type(fact->body) == JSON_OBJECT)
		return;
	json_free(fact->body);
	fact->body = NULL;
	fold_note(fold, "part \"%.*s\" could not be read", STR_ARG(fact->row->part));
}

static bool is_customer(const struct root_fact *fact)
{
	return fact->entity.kind == ENTITY_PERSON && str_eq(fact->part, STR("customer"));
}

static bool is_kin_fact(const struct catalog_root *root, const struct root_fact *fact)
{
	if (root->root.kind == ENTITY_VISITOR)
		return is_customer(fact);
	return root->root.kind == ENTITY_PERSON && fact->entity.kind == ENTITY_PERSON &&
	       !str_eq(fact->entity.id, root->root.id);
}

static void open_kin(struct fold *fold)
{
	const struct catalog_root *root = fold->root;
	size_t n = 0;

	for (size_t i = 0; i < root->n_fact; i++)
		n += is_kin_fact(root, &root->fact[i]);
	fold->kin_fact = ARENA_ARRAY(fold->arena, n, struct fold_fact);
	for (size_t i = 0; i < root->n_fact; i++) {
		if (!is_kin_fact(root, &root->fact[i]))
			continue;
		fold->kin_fact[fold->n_kin_fact].row = &root->fact[i];
		read_body(fold, &fold->kin_fact[fold->n_kin_fact++]);
	}
}

void fold_open(struct fold *fold, const struct activity_rules *rules, const struct catalog_root *root,
	       struct arena *arena)
{
	*fold = (struct fold){ .rules = rules, .root = root, .arena = arena };
	fold->fact = ARENA_ARRAY(arena, root->n_fact, struct fold_fact);
	for (size_t i = 0; i < root->n_fact; i++)
		if (is_of_root(root, &root->fact[i]))
			fold->fact[fold->n_fact++].row = &root->fact[i];
	if (fold->n_fact > 1)
		qsort(fold->fact, fold->n_fact, sizeof(fold->fact[0]), compare_fact);
	drop_losers(fold);
	for (size_t i = 0; i < fold->n_fact; i++)
		read_body(fold, &fold->fact[i]);
	open_kin(fold);
}

void fold_close(struct fold *fold)
{
	for (size_t i = 0; i < fold->n_fact; i++)
		json_free(fold->fact[i].body);
	for (size_t i = 0; i < fold->n_kin_fact; i++)
		json_free(fold->kin_fact[i].body);
}

struct str fold_kin_now(const struct fold *fold)
{
	const struct root_fact *now = NULL;
	size_t n = 0;

	for (size_t i = 0; i < fold->root->n_fact; i++) {
		const struct root_fact *fact = &fold->root->fact[i];

		if (!is_customer(fact))
			continue;
		n++;
		if (!now || fact_wins(fact->version, fact->seq, now->version, now->seq))
			now = fact;
	}
	return n > 1 ? now->entity.id : (struct str){ 0 };
}

struct str fold_kin_before(const struct fold *fold)
{
	const struct root_fact *before = NULL;

	for (size_t i = 0; i < fold->root->n_fact; i++) {
		const struct root_fact *fact = &fold->root->fact[i];

		if (is_customer(fact) && !entity_eq(fact->entity, fold->root->root) &&
		    (!before || fact_wins(fact->version, fact->seq, before->version, before->seq)))
			before = fact;
	}
	return before ? before->entity.id : (struct str){ 0 };
}

bool fold_moves(struct fold *fold, struct str person_id)
{
	for (size_t i = 0; person_id.len > 0 && i < fold->root->n_entity; i++) {
		const struct root_entity *one = &fold->root->entity[i];

		if (one->entity.kind != ENTITY_PERSON || !str_eq(one->entity.id, person_id) ||
		    one->due_ms == 0 || one->due_ms > fold->now_ms + SOON_MS)
			continue;
		fold_hold(fold, "waits for the new address of its person");
		fold->view->again_ms = fold->now_ms + MOVE_LOOK_MS;
		return true;
	}
	return false;
}

bool fold_is_kin(const struct fold *fold, struct str person_id)
{
	for (size_t i = 0; i < fold->root->n_fact; i++)
		if (is_customer(&fold->root->fact[i]) && str_eq(fold->root->fact[i].entity.id, person_id))
			return true;
	return false;
}

/* The customer id by which the shop knows that person; "" = by none. */
static struct str customer_id_of(const struct fold *fold, struct str person_id)
{
	for (size_t i = 0; i < fold->n_kin_fact; i++)
		if (str_eq(fold->kin_fact[i].row->entity.id, person_id))
			return fold_text(fold, fold->kin_fact[i].body, "customer_id");
	return STR("");
}

struct str fold_person_now(const struct fold *fold, struct str person_id)
{
	struct str customer_id = customer_id_of(fold, person_id);
	const struct root_fact *now = NULL;

	for (size_t i = 0; customer_id.len > 0 && i < fold->n_kin_fact; i++) {
		const struct fold_fact *fact = &fold->kin_fact[i];

		if (str_eq(fold_text(fold, fact->body, "customer_id"), customer_id) &&
		    (!now || fact_wins(fact->row->version, fact->row->seq, now->version, now->seq)))
			now = fact->row;
	}
	return now ? now->entity.id : person_id;
}

const struct fold_fact *fold_part(const struct fold *fold, const char *part)
{
	for (size_t i = 0; i < fold->n_fact; i++)
		if (str_eq(fold->fact[i].row->part, str_from(part)))
			return fold->fact[i].body ? &fold->fact[i] : NULL;
	return NULL;
}

bool fold_part_key(const struct fold_fact *fact, const char *name, struct str *key)
{
	struct str part = fact->row->part, start = str_from(name);

	if (!fact->body || part.len <= start.len + 1 || !str_starts(part, start) || part.p[start.len] != '.')
		return false;
	*key = str_skip(part, start.len + 1);
	return true;
}

const struct root_sent *fold_sent(const struct fold *fold, enum klaviyo_kind kind, struct str external_id)
{
	for (size_t i = 0; i < fold->root->n_sent; i++) {
		const struct root_sent *sent = &fold->root->sent[i];

		if (sent->kind == kind && str_eq(sent->external_id, external_id))
			return sent;
	}
	return NULL;
}

bool fold_waits(struct fold *fold)
{
	int64_t until = fold->root->due_first_ms;

	if (fold->unknown.len == 0)
		return false;
	if (__builtin_add_overflow(until, fold->rules->product_wait_ms, &until) || until <= fold->now_ms) {
		fold_note(fold, "product \"%.*s\" is not known: sent without what the catalog says",
			  STR_ARG(fold->unknown));
		return false;
	}
	fold_hold(fold, "waits for product \"%.*s\"", STR_ARG(fold->unknown));
	fold->view->again_ms = until;
	return true;
}

/* ---- reasons ---- */

static void PRINTF_LIKE(3, 0)
	add_reason(struct fold *fold, struct fold_reasons *reasons, const char *format, va_list args)
{
	struct strbuf text;

	strbuf_init(&text, REASON_BYTES_MAX);
	strbuf_vaddf(&text, format, args);
	if (text.overflow)
		strbuf_add_text(&text, "...");
	for (size_t i = 0; i < reasons->n; i++)
		if (str_eq(reasons->item[i], strbuf_str(&text)))
			goto out;
	if (reasons->n == FOLD_REASONS_MAX)
		reasons->more = true;
	else
		reasons->item[reasons->n++] = arena_dup(fold->arena, strbuf_str(&text));
out:
	strbuf_release(&text);
}

void fold_hold(struct fold *fold, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_reason(fold, &fold->held, format, args);
	va_end(args);
}

void fold_note(struct fold *fold, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_reason(fold, &fold->note, format, args);
	va_end(args);
}

struct str fold_reasons_text(const struct fold_reasons *reasons, struct arena *arena)
{
	struct str text = { 0 };

	for (size_t i = 0; i < reasons->n; i++)
		text = i == 0 ? reasons->item[0]
			      : arena_printf(arena, "%.*s; %.*s", STR_ARG(text), STR_ARG(reasons->item[i]));
	return reasons->more ? arena_printf(arena, "%.*s; ...", STR_ARG(text)) : text;
}
