/*
 * The story of one thing, and finding things.
 *
 * Keeps: a story that touches a store which the user must not see is not found.
 */
#include "admin/activity_filter.h"
#include "admin/catalog_view.h"
#include "admin/sending.h"
#include "model/person.h"

static bool sees_all(const struct admin_call *call, const struct story *story)
{
	for (size_t i = 0; i < story->n_root; i++)
		if (!call_sees_store(call, story->root[i].store_id))
			return false;
	for (size_t i = 0; i < story->n_message; i++)
		if (story->message[i].there && !call_sees_store(call, story->message[i].message.store_id))
			return false;
	for (size_t i = 0; i < story->n_delivery; i++)
		if (!call_sees_store(call, story->delivery[i].store_id))
			return false;
	return true;
}

static struct json *timeline_json(struct look *look, const struct story *story)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < story->n_row; i++)
		json_append(list, activity_json(look, &story->row[i]));
	return list;
}

static struct str about_text(const struct story *story)
{
	return story->subject == STORY_MESSAGE	  ? STR("message")
	       : story->subject == STORY_DELIVERY ? STR("delivery")
						  : STR("entity");
}

/* Bodies of people's data are for those who may read them. */
static bool sees_bodies(const struct admin_call *call)
{
	return call->user.role >= USER_OPERATOR;
}

bool get_story(struct admin_call *call, struct err *err)
{
	struct str about = call_query(call, "about");
	struct story story;
	struct json *json;
	int64_t store_id;

	if (!call_store_query(call, &store_id, err) ||
	    !story_gather(&call->look, arena_cstr(call->look.arena, about), store_id, &story, err))
		return false;
	if (!sees_all(call, &story))
		return err_set(err, ERR_NOT_FOUND, "there is no such thing");
	json = view_story(&story, sees_bodies(call), err);
	if (!json)
		return false;
	json_set(json, "about", json_new_text(about_text(&story)));
	json_set(json, "timeline", timeline_json(&call->look, &story));
	return call_answer(call, json);
}

/* The request that a delivery left in, or would, whole. */
bool get_story_request(struct admin_call *call, struct err *err)
{
	struct str text = call_query(call, "delivery");
	struct sending_request request;
	struct story story;
	struct json *json;
	enum id_kind kind;
	int64_t id;

	if (!id_parse(text, &kind, &id) || kind != ID_DELIVERY)
		return err_set(err, ERR_INVALID, "'delivery' is not the id of a delivery");
	if (!story_gather(&call->look, arena_cstr(call->look.arena, text), 0, &story, err))
		return false;
	if (story.subject != STORY_DELIVERY || !sees_all(call, &story))
		return err_set(err, ERR_NOT_FOUND, "there is no such delivery");
	if (!sending_request(&story, story_delivery(&story, id), true, &request, err))
		return false;
	json = json_new_object();
	json_set(json, "request", view_request(&request.request));
	json_put_int(json, "rows", (int64_t)request.n_row);
	json_put_bool(json, "complete", request.complete);
	return call_answer(call, json);
}

/* ---- finding ---- */

static struct str title_of(struct look *look, const struct catalog_match *match)
{
	struct catalog_root root;
	struct err ignored;

	if (match->root.id.len == 0 ||
	    !db_catalog_get(look->db, match->store_id, match->root, look->arena, &root, &ignored))
		return STR("");
	return catalog_title(&root, look->arena);
}

static struct json *match_json(struct look *look, const struct catalog_match *match)
{
	struct json *json = json_new_object(), *root = json_new_null();

	json_put(json, "store", look_store_name(look, match->store_id));
	json_put(json, "kind", str_from(entity_kind_text(match->entity.kind)));
	json_put(json, "id", match->entity.id);
	if (match->root.id.len > 0) {
		json_free(root);
		root = json_new_object();
		json_put(root, "kind", str_from(entity_kind_text(match->root.kind)));
		json_put(root, "id", match->root.id);
	}
	json_set(json, "root", root);
	json_put_or_null(json, "title", title_of(look, match));
	return json;
}

bool get_search(struct admin_call *call, struct err *err)
{
	struct str q = str_trim(call_query(call, "q")), email;
	struct catalog_match *match;
	struct json *list;
	int64_t store_id;
	size_t n;

	if (person_email(q, call->look.arena, &email))
		q = email;
	if (!call_store_query(call, &store_id, err) ||
	    !db_catalog_find(call->look.db, store_id, q, call->look.arena, &match, &n, err))
		return false;
	list = json_new_array();
	for (size_t i = 0; i < n; i++)
		if (call_sees_store(call, match[i].store_id))
			json_append(list, match_json(&call->look, &match[i]));
	return call_page(call, list, STR(""));
}

/* ---- browsing ---- */

bool get_catalog(struct admin_call *call, struct err *err)
{
	struct catalog_ask ask = { .kind = ENTITY_PRODUCT,
				   .prefix = call_query(call, "prefix"),
				   .search = str_trim(call_query(call, "search")),
				   .after = call_query(call, "cursor") };
	struct catalog_root *root;
	struct json *list;
	bool more;
	size_t n;

	if (str_eq(call_query(call, "kind"), STR("category")))
		ask.kind = ENTITY_CATEGORY;
	if (!call_store_query(call, &ask.store_id, err) || !call_limit(call, &ask.max_n, err) ||
	    !catalog_list(&call->look, &ask, &root, &n, &more, err))
		return false;
	list = json_new_array();
	for (size_t i = 0; i < n; i++)
		json_append(list, catalog_json(&call->look, &root[i]));
	return call_page(call, list, more ? root[n - 1].root.id : STR(""));
}
