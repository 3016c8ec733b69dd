/*
 * Rules that every backend applies alike: ids, when a root is due, what an ended delivery means for what is
 * wanted, and the texts that the store writes by itself.
 *
 * Does not: read or write rows. Pure: no state; any thread.
 */
#include "store/store_rules.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/json.h"
#include "model/id_text.h"

#include <inttypes.h>

#define SKU_MEMBERS_MAX 64

/* ---- ids ---- */

int64_t store_id_next(int64_t last_id, int64_t now_ms)
{
	int64_t by_clock = now_ms * (INT64_C(1) << STORE_ID_SHIFT);

	return by_clock > last_id ? by_clock : last_id + 1;
}

int64_t store_id_ms(int64_t id)
{
	return id >> STORE_ID_SHIFT;
}

int64_t store_id_day(int64_t id)
{
	return time_day(store_id_ms(id));
}

/* ---- facts ---- */

bool entity_eq(struct entity a, struct entity b)
{
	return a.kind == b.kind && str_eq(a.id, b.id);
}

int entity_cmp(struct entity a, struct entity b)
{
	if (a.kind != b.kind)
		return a.kind < b.kind ? -1 : 1;
	return str_cmp(a.id, b.id);
}

bool store_is_root(enum entity_kind kind)
{
	return store_is_catalog_root(kind) || kind == ENTITY_ORDER || kind == ENTITY_PERSON ||
	       kind == ENTITY_VISITOR;
}

bool store_is_catalog_root(enum entity_kind kind)
{
	return kind == ENTITY_PRODUCT || kind == ENTITY_CATEGORY;
}

bool store_shows_products(enum entity_kind kind)
{
	return kind == ENTITY_ORDER || kind == ENTITY_VISITOR;
}

bool store_tombstone_stops(const struct tombstone *tombstone, bool alive, int64_t fact_version,
			   int64_t hold_ms, int64_t now_ms)
{
	if (tombstone->deleted_ms == 0)
		return false;
	if (alive && (fact_version == 0 || tombstone->version == 0))
		return false;
	return tombstone_stops(fact_version, tombstone->version, tombstone->deleted_ms, hold_ms, now_ms);
}

int64_t store_due_ms(int64_t now_ms, int64_t first_ms, int64_t quiet_ms, int64_t quiet_max_ms)
{
	int64_t quiet = now_ms + quiet_ms, latest = first_ms + quiet_max_ms;

	return quiet < latest ? quiet : latest;
}

struct str store_fact_sku(const struct fact *fact, struct arena *arena)
{
	struct json_member member[SKU_MEMBERS_MAX];
	struct json_position position;
	struct str sku;
	size_t n = 0;

	if (fact->entity.kind != ENTITY_PRODUCT && fact->entity.kind != ENTITY_VARIANT)
		return STR("");
	if (!json_scan(fact->body, member, SKU_MEMBERS_MAX, &n, &position, NULL))
		return STR("");
	for (size_t i = 0; i < n && i < SKU_MEMBERS_MAX; i++)
		if (str_eq(member[i].name, STR("sku")) && json_unquote(member[i].value, arena, &sku))
			return sku;
	return STR("");
}

/* ---- deliveries ---- */

bool store_kind_replaces(enum klaviyo_kind kind)
{
	return klaviyo_kind_is_catalog(kind) || kind == KLAVIYO_PROFILE;
}

bool store_may_share(const struct delivery *first, const struct delivery *other)
{
	return first->kind != KLAVIYO_CONSENT || str_eq(first->parent_external_id, other->parent_external_id);
}

bool store_sent_moves(const struct sent_state *sent, struct str parent_external_id)
{
	return sent->exists && sent->accepted_parent.len > 0 &&
	       !str_eq(sent->accepted_parent, parent_external_id);
}

enum delivery_op store_upsert_op(const struct sent_state *sent, bool delete_ahead)
{
	return sent->exists && !delete_ahead ? DELIVERY_UPDATE : DELIVERY_CREATE;
}

void store_sent_want(struct sent_state *sent, int64_t id, enum delivery_op op, struct digest16 hash,
		     struct str parent_external_id)
{
	bool deletes = op == DELIVERY_DELETE;

	sent->newest_id = id;
	sent->wanted = deletes ? (struct digest16){ { 0 } } : hash;
	sent->wanted_deleted = deletes;
	sent->parent_external_id = parent_external_id;
}

void store_sent_revert(struct sent_state *sent, int64_t id)
{
	if (sent->newest_id != id)
		return;
	sent->wanted = sent->accepted;
	sent->wanted_deleted = sent->accepted_deleted;
	if (sent->accepted_parent.len > 0)
		sent->parent_external_id = sent->accepted_parent;
}

void store_sent_accept(struct sent_state *sent, const struct delivery *delivery, bool exists)
{
	bool deletes = delivery->op == DELIVERY_DELETE;

	sent->accepted = deletes ? (struct digest16){ { 0 } } : delivery->hash;
	sent->accepted_deleted = deletes;
	if (delivery->op == DELIVERY_CREATE || sent->accepted_parent.len == 0)
		sent->accepted_parent = delivery->parent_external_id;
	store_sent_learn(sent, exists);
}

void store_sent_learn(struct sent_state *sent, bool exists)
{
	sent->exists = exists;
	if (exists)
		return;
	sent->left = false;
	sent->accepted_parent = STR("");
}

/* ---- texts ---- */

struct str store_text_mapped(struct arena *arena, const struct fact_count *count, struct str reason)
{
	struct str text =
		arena_printf(arena, "%d fact%s applied", count->applied, count->applied == 1 ? "" : "s");

	if (count->stale > 0)
		text = arena_printf(arena, "%.*s, %d older than what is known", STR_ARG(text), count->stale);
	if (count->stopped > 0)
		text = arena_printf(arena, "%.*s, %d stopped by a deletion", STR_ARG(text), count->stopped);
	if (reason.len > 0)
		text = arena_printf(arena, "%.*s; %.*s", STR_ARG(text), STR_ARG(reason));
	return text;
}

struct str store_text_settled(struct arena *arena, struct str reason, int http_status, int64_t latency_ms)
{
	const char *space = reason.len > 0 ? " " : "";

	if (http_status == 0)
		return arena_printf(arena, "%.*s%s(no answer, %" PRId64 " ms)", STR_ARG(reason), space,
				    latency_ms);
	return arena_printf(arena, "%.*s%s(HTTP %d, %" PRId64 " ms)", STR_ARG(reason), space, http_status,
			    latency_ms);
}

struct str store_text_replaced(struct arena *arena, int64_t by_id)
{
	char id[ID_TEXT_BYTES];

	id_text(ID_DELIVERY, by_id, id);
	return arena_printf(arena, "replaced by %s", id);
}

struct str store_text_discarded(struct arena *arena, int64_t n_message)
{
	return arena_printf(arena, STORE_TEXT_STORE_REMOVED ": %" PRId64 " message%s dropped", n_message,
			    n_message == 1 ? "" : "s");
}

struct str store_text_delivery(struct arena *arena, enum delivery_op op, enum klaviyo_kind kind,
			       struct str external_id)
{
	return arena_printf(arena, "%s %s %.*s", delivery_op_text(op), klaviyo_kind_text(kind),
			    STR_ARG(external_id));
}
