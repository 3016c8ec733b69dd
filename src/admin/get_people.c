/*
 * People: what is kept of one, and all of it.
 */
#include "admin/activity_filter.h"
#include "model/id_text.h"
#include "model/person.h"

#define HISTORY_MAX 500

static bool asked_email(struct admin_call *call, struct str *email, struct err *err)
{
	return person_email(json_get_text(call->body, "email"), call->look.arena, email) ||
	       err_set(err, ERR_INVALID, "'email' is not an email address");
}

/* The store asked for, 0 = all. */
static bool asked_store(struct admin_call *call, int64_t *store_id, struct err *err)
{
	struct str name = json_get_text(call->body, "store");
	const struct settings_store *store;

	*store_id = 0;
	if (name.len == 0)
		return true;
	if (!call_store(call, name, &store, err))
		return false;
	*store_id = store->id;
	return true;
}

static struct json *ids_json(const int64_t *id, size_t n, enum id_kind kind)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < n; i++) {
		char text[ID_TEXT_BYTES];

		id_text(kind, id[i], text);
		json_append(list, json_new_text(str_from(text)));
	}
	return list;
}

static bool is_consent(const struct look *look, const struct audit_row *row, struct arena *arena)
{
	struct delivery delivery;
	struct err ignored;

	return row->delivery_id != 0 &&
	       db_delivery_get(look->db, row->delivery_id, arena, &delivery, &ignored) &&
	       delivery.kind == KLAVIYO_CONSENT;
}

static struct json *history_json(struct look *look, const struct person_found *found, bool consent)
{
	struct json *list = json_new_array();
	size_t n = 0;

	for (size_t i = found->n_audit; i-- > 0 && n < HISTORY_MAX;) {
		if (consent && !is_consent(look, &found->audit[i], look->arena))
			continue;
		json_append(list, activity_json(look, &found->audit[i]));
		n++;
	}
	return list;
}

static struct json *roots_json(struct look *look, const struct person_found *found, struct err *err)
{
	struct story story = { .look = look, .subject = STORY_ROOT };
	struct json *whole, *list;

	story.root = ARENA_ARRAY(look->arena, found->n_root + 1, struct story_root);
	for (size_t i = 0; i < found->n_root; i++) {
		struct story_root *root = &story.root[story.n_root++];
		struct err ignored;

		*root = (struct story_root){ .store_id = found->store_id, .root = found->root[i] };
		root->there = db_catalog_get(look->db, found->store_id, found->root[i], look->arena,
					     &root->state, &ignored);
	}
	whole = view_story(&story, true, err);
	if (!whole)
		return NULL;
	list = json_clone(json_get(whole, "entities"));
	json_free(whole);
	return list;
}

static bool add_person(struct look *look, const struct person_found *found, struct str email,
		       struct json *list, struct err *err)
{
	struct json *json, *roots = roots_json(look, found, err);

	if (!roots)
		return false;
	json = json_new_object();
	json_put(json, "store", look_store_name(look, found->store_id));
	json_put(json, "email", email);
	json_set(json, "entities", roots);
	json_set(json, "messages", ids_json(found->message, found->n_message, ID_MESSAGE));
	json_set(json, "deliveries", ids_json(found->delivery, found->n_delivery, ID_DELIVERY));
	json_set(json, "consent", history_json(look, found, true));
	json_set(json, "history", history_json(look, found, false));
	json_append(list, json);
	return true;
}

static bool is_known(const struct person_found *found)
{
	return found->n_root > 1 || found->n_message > 0 || found->n_delivery > 0 || found->n_audit > 0;
}

bool post_person_find(struct admin_call *call, struct err *err)
{
	const struct snapshot *snapshot = call->look.snapshot;
	struct person_found found;
	struct json *list;
	struct str email;
	int64_t only;
	bool ok = true;

	if (!asked_email(call, &email, err) || !asked_store(call, &only, err))
		return false;
	list = json_new_array();
	for (size_t i = 0; i < snapshot->n_store && ok; i++) {
		int64_t id = snapshot->store[i].id;

		if ((only != 0 && id != only) || !call_sees_store(call, id))
			continue;
		ok = person_find(&call->look, id, email, &found, err) &&
		     (!is_known(&found) || add_person(&call->look, &found, email, list, err));
	}
	if (ok)
		return call_page(call, list, STR(""));
	json_free(list);
	return false;
}

static bool add_exports(struct admin_call *call, struct str email, int64_t only, struct json *list,
			struct err *err)
{
	const struct snapshot *snapshot = call->look.snapshot;

	for (size_t i = 0; i < snapshot->n_store; i++) {
		int64_t id = snapshot->store[i].id;
		struct person_found found;
		struct json *store;
		bool empty;

		if ((only != 0 && id != only) || !call_sees_store(call, id))
			continue;
		if (!person_find(&call->look, id, email, &found, err))
			return false;
		store = view_person(&call->look, &found, &empty, err);
		if (!store)
			return false;
		if (empty)
			json_free(store);
		else
			json_append(list, store);
	}
	return true;
}

bool post_person_export(struct admin_call *call, struct err *err)
{
	struct json *json, *list;
	struct str email;
	int64_t only;

	if (!asked_email(call, &email, err) || !asked_store(call, &only, err))
		return false;
	list = json_new_array();
	if (!add_exports(call, email, only, list, err)) {
		json_free(list);
		return false;
	}
	json = json_new_object();
	json_put(json, "email", email);
	json_put_time(json, "exported_at", call->now_ms);
	json_set(json, "stores", list);
	return call_answer(call, json);
}
