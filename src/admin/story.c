/*
 * Story: gathers everything about one thing.
 *
 * From a message: its rows, the products its facts touch, and what became of those since it came. From a
 * delivery: its rows, the message that caused it, and its product's rows up to its own end. From a
 * product: all its rows, and those of every message and delivery they name.
 *
 * Keeps: each row, message, delivery and root is there once; at most so many as the limits below say.
 */
#include "admin/story.h"

#include "admin/view.h"
#include "model/id_text.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_PER_FILTER_MAX 1000
#define MESSAGES_MAX	    200
#define DELIVERIES_MAX	    200
#define ROOTS_MAX	    20

/* Room for one more element of size bytes. */
static void *room(struct arena *arena, void *old, size_t n, size_t *max, size_t size)
{
	void *grown;

	if (n < *max)
		return old;
	*max = *max ? 2 * *max : 16;
	grown = arena_zalloc(arena, *max, size);
	if (n)
		memcpy(grown, old, n * size);
	return grown;
}

/* ---- lookup ---- */

const struct story_message *story_message(const struct story *story, int64_t id)
{
	for (size_t i = 0; i < story->n_message; i++)
		if (story->message[i].id == id)
			return &story->message[i];
	return NULL;
}

const struct delivery *story_delivery(const struct story *story, int64_t id)
{
	for (size_t i = 0; i < story->n_delivery; i++)
		if (story->delivery[i].id == id)
			return &story->delivery[i];
	return NULL;
}

static bool same_root(const struct entity *a, const struct entity *b)
{
	return a->kind == b->kind && str_eq(a->id, b->id);
}

struct str story_held(const struct story *story, const struct story_root *root)
{
	for (size_t i = story->n_row; i > 0; i--) {
		const struct audit_row *row = &story->row[i - 1];

		if (row->store_id != root->store_id || !same_root(&row->root, &root->root))
			continue;
		if (row->code == AUDIT_ROOT_RELEASED)
			return STR("");
		if (row->code == AUDIT_ROOT_HELD)
			return row->reason;
	}
	return STR("");
}

/* ---- what a message means ---- */

static struct str setting_by_key(const void *from, const char *key)
{
	const struct settings_store *store = from;
	enum setting setting;

	return setting_find(str_from(key), SETTING_STORE, &setting) ? store->value[setting] : STR("");
}

static void map_again(struct story *story, struct story_message *message)
{
	const struct settings_store *store = snapshot_store(story->look->snapshot, message->message.store_id);
	const struct platform_ops *platform = store ? platform_find(store->platform) : NULL;
	struct platform_store seen_by_platform = { .setting = setting_by_key, .from = store };

	if (!platform)
		return;
	seen_by_platform.store_id = store->id;
	platform->map(&seen_by_platform, message->message.topic, message->message.body,
		      message->message.received_ms, story->look->arena, &message->map);
}

/* ---- adding, each thing once ---- */

static bool has_row(const struct story *story, int64_t id)
{
	for (size_t i = 0; i < story->n_row; i++)
		if (story->row[i].id == id)
			return true;
	return false;
}

static bool add_rows(struct story *story, const struct audit_filter *filter, int64_t until_ms,
		     struct err *err)
{
	struct arena *arena = story->look->arena;
	struct audit_row *row;
	size_t n;

	if (!audit_read(story->look->db, filter, 0, ROWS_PER_FILTER_MAX, arena, &row, &n, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (row[i].at_ms > until_ms || has_row(story, row[i].id))
			continue;
		story->row = room(arena, story->row, story->n_row, &story->max_row, sizeof(*story->row));
		story->row[story->n_row++] = row[i];
	}
	return true;
}

static bool add_message(struct story *story, int64_t id, struct err *err)
{
	struct audit_filter filter = { .message_id = id };
	struct story_message *message;
	struct err why;

	if (id == 0 || story_message(story, id) || story->n_message == MESSAGES_MAX)
		return true;
	story->message = room(story->look->arena, story->message, story->n_message, &story->max_message,
			      sizeof(*story->message));
	message = &story->message[story->n_message++];
	*message = (struct story_message){ .id = id };
	message->there = db_inbox_get(story->look->db, id, story->look->arena, &message->message, &why);
	if (!message->there && why.code != ERR_NOT_FOUND)
		return err_set(err, why.code, "%s", why.msg);
	if (message->there)
		map_again(story, message);
	return add_rows(story, &filter, INT64_MAX, err);
}

static bool add_delivery(struct story *story, int64_t id, struct err *err)
{
	struct audit_filter filter = { .delivery_id = id };
	struct delivery delivery;
	struct err why;

	if (id == 0 || story_delivery(story, id) || story->n_delivery == DELIVERIES_MAX)
		return true;
	if (db_delivery_get(story->look->db, id, story->look->arena, &delivery, &why)) {
		story->delivery = room(story->look->arena, story->delivery, story->n_delivery,
				       &story->max_delivery, sizeof(*story->delivery));
		story->delivery[story->n_delivery++] = delivery;
	} else if (why.code != ERR_NOT_FOUND) {
		return err_set(err, why.code, "%s", why.msg);
	}
	return add_rows(story, &filter, INT64_MAX, err);
}

static bool add_root(struct story *story, int64_t store_id, struct entity root, int64_t since_ms,
		     int64_t until_ms, struct err *err)
{
	struct audit_filter filter = { .store_id = store_id, .root = root, .since_ms = since_ms };
	struct story_root *added;
	struct err why;

	for (size_t i = 0; i < story->n_root; i++)
		if (story->root[i].store_id == store_id && same_root(&story->root[i].root, &root))
			return true;
	if (root.id.len == 0 || story->n_root == ROOTS_MAX)
		return true;
	story->root =
		room(story->look->arena, story->root, story->n_root, &story->max_root, sizeof(*story->root));
	added = &story->root[story->n_root++];
	*added = (struct story_root){ .store_id = store_id, .root = root };
	added->there =
		db_catalog_get(story->look->db, store_id, root, story->look->arena, &added->state, &why);
	if (!added->there && why.code != ERR_NOT_FOUND)
		return err_set(err, why.code, "%s", why.msg);
	return add_rows(story, &filter, until_ms, err);
}

/* The root of an entity: itself, or what the catalog knows it belongs to. */
static bool add_root_of(struct story *story, int64_t store_id, const struct fact *fact, int64_t since_ms,
			struct err *err)
{
	struct entity root = fact->entity;
	struct catalog_match *match;
	size_t n;

	if (root.kind == ENTITY_PRODUCT || root.kind == ENTITY_CATEGORY || root.kind == ENTITY_ORDER ||
	    root.kind == ENTITY_PERSON || root.kind == ENTITY_VISITOR)
		return add_root(story, store_id, root, since_ms, INT64_MAX, err);
	if (fact->root_id.len) {
		root = (struct entity){ ENTITY_PRODUCT, fact->root_id };
		return add_root(story, store_id, root, since_ms, INT64_MAX, err);
	}
	if (!db_catalog_find(story->look->db, store_id, root.id, story->look->arena, &match, &n, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!add_root(story, store_id, match[i].root, since_ms, INT64_MAX, err))
			return false;
	return true;
}

/* Messages and deliveries that the rows name; rows added on the way are looked at too. */
static bool add_named(struct story *story, struct err *err)
{
	for (size_t i = 0; i < story->n_row; i++)
		if (!add_message(story, story->row[i].message_id, err) ||
		    !add_delivery(story, story->row[i].delivery_id, err))
			return false;
	return true;
}

static int row_cmp(const void *a, const void *b)
{
	const struct audit_row *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

/* ---- the three kinds of story ---- */

static bool tell_message(struct story *story, int64_t id, struct err *err)
{
	const struct story_message *message;

	if (!add_message(story, id, err))
		return false;
	message = story_message(story, id);
	if (!message->there)
		return err_set(err, ERR_NOT_FOUND, "no such message");
	for (size_t i = 0; i < message->map.n_fact; i++) {
		if (!add_root_of(story, message->message.store_id, &message->map.fact[i],
				 message->message.received_ms, err))
			return false;
		message = story_message(story, id); /* the array may have moved */
	}
	for (size_t i = 0; i < story->n_row; i++)
		if (!add_delivery(story, story->row[i].delivery_id, err))
			return false;
	return true;
}

static bool tell_delivery(struct story *story, int64_t id, struct err *err)
{
	const struct story_message *cause;
	const struct delivery *delivery;
	int64_t until_ms = 0;

	if (!add_delivery(story, id, err))
		return false;
	delivery = story_delivery(story, id);
	if (!delivery)
		return err_set(err, ERR_NOT_FOUND, "no such delivery");
	for (size_t i = 0; i < story->n_row; i++)
		until_ms = story->row[i].at_ms > until_ms ? story->row[i].at_ms : until_ms;
	if (!add_message(story, delivery->message_id, err))
		return false;
	cause = story_message(story, delivery->message_id);
	return add_root(story, delivery->store_id, delivery->root,
			cause && cause->there ? cause->message.received_ms : delivery->created_ms,
			until_ms ? until_ms : INT64_MAX, err);
}

/*
 * The messages that what is known of a root came with: its own parts and those of its variants, not what it
 * only names.
 */
static bool add_sources(struct story *story, const struct catalog_root *state, struct err *err)
{
	for (size_t i = 0; i < state->n_fact; i++) {
		const struct root_fact *fact = &state->fact[i];
		bool own = same_root(&fact->entity, &state->root) || fact->entity.kind == ENTITY_VARIANT ||
			   fact->entity.kind == ENTITY_SKU;

		if (own && !add_message(story, fact->seq, err))
			return false;
	}
	return true;
}

static bool tell_root(struct story *story, const char *text, int64_t store_id, struct err *err)
{
	struct catalog_match *match;
	size_t n;

	if (!db_catalog_find(story->look->db, store_id, str_from(text), story->look->arena, &match, &n, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!add_root(story, match[i].store_id, match[i].root, 0, INT64_MAX, err))
			return false;
	if (story->n_root == 0)
		return err_set(err, ERR_NOT_FOUND,
			       "'%s' is not a message or delivery, and nothing a shop sent has it as its ID, "
			       "SKU or Klaviyo ID",
			       text);
	for (size_t i = 0; i < story->n_root; i++)
		if (!add_sources(story, &story->root[i].state, err))
			return false;
	return add_named(story, err);
}

static int received_cmp(const void *a, const void *b)
{
	const struct story_message *left = a, *right = b;

	return (left->message.received_ms > right->message.received_ms) -
	       (left->message.received_ms < right->message.received_ms);
}

bool story_gather(struct look *look, const char *text, int64_t store_id, struct story *out, struct err *err)
{
	enum id_kind kind;
	struct err why;
	int64_t id;
	bool ok = false;

	*out = (struct story){ .look = look, .subject = STORY_ROOT };
	if (id_parse(str_from(text), &kind, &id)) {
		ok = kind == ID_MESSAGE ? tell_message(out, id, &why) : tell_delivery(out, id, &why);
		if (!ok && why.code != ERR_NOT_FOUND)
			return err_set(err, why.code, "%s", why.msg);
		if (ok)
			out->subject = kind == ID_MESSAGE ? STORY_MESSAGE : STORY_DELIVERY;
		else
			*out = (struct story){ .look = look, .subject = STORY_ROOT };
		out->subject_id = ok ? id : 0;
	}
	if (!ok && !tell_root(out, text, store_id, err))
		return false;
	if (out->n_row)
		qsort(out->row, out->n_row, sizeof(*out->row), row_cmp);
	if (out->n_message)
		qsort(out->message, out->n_message, sizeof(*out->message), received_cmp);
	return true;
}
