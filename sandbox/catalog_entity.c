/*
 * Items, variants and categories, one at a time: create, list, get, update, delete.
 *
 * Does:    the handlers of /api/catalog-{items,variants,categories}[/{id}]; the kind stands in the route.
 * Doesn't: know the rules (change.c) or the forms (render.c, list.c).
 * Threads: the server's thread.
 */
#include "sandbox/change.h"
#include "sandbox/list.h"
#include "sandbox/render.h"
#include "sandbox/target.h"

struct entity *call_entity(struct call *call)
{
	struct str external_id;
	struct entity *entity;

	if (!shape_catalog_id(call->id, &external_id)) {
		error_add(
			&call->errors, ERROR_INVALID, STR("/data/id"),
			"Invalid input. An id of the form '$custom:::$default:::{external_id}' is expected.");
		return NULL;
	}
	entity = catalog_find(&call->account->catalog, call->route->kind, external_id);
	if (!entity)
		error_add(&call->errors, ERROR_NOT_FOUND, STR("/data/"), "%.*s",
			  STR_ARG(missing_text(call->arena, call->route->kind, external_id)));
	return entity;
}

/* Applies the row as the route says; false with an error left. *entity is NULL after a delete. */
static bool apply(struct call *call, const struct json *row, struct entity **entity)
{
	struct change change = {
		.sandbox = call->sandbox,
		.account = call->account,
		.kind = call->route->kind,
		.op = call->route->op,
		.row = row,
		.request_number = call->number,
		.lost = call->lost,
		.arena = call->arena,
	};

	if (!change_apply(&change)) {
		error_add(&call->errors, change.refusal.kind, change.refusal.pointer, "%.*s",
			  STR_ARG(change.refusal.detail));
		return false;
	}
	*entity = change.entity;
	return true;
}

void catalog_entity_create(struct call *call)
{
	struct query query;
	struct entity *entity;

	if (query_read(call, &query) && apply(call, json_get(call->body, "data"), &entity))
		reply_entity(call, 201, entity, &query);
}

void catalog_entity_list(struct call *call)
{
	reply_page(call, &(struct list_source){ .kind = call->route->kind });
}

void catalog_entity_get(struct call *call)
{
	struct query query;
	struct entity *entity;

	if (!query_read(call, &query))
		return;
	entity = call_entity(call);
	if (entity)
		reply_entity(call, 200, entity, &query);
}

void catalog_entity_update(struct call *call)
{
	const struct json *data = json_get(call->body, "data");
	struct query query;
	struct entity *entity;

	if (!query_read(call, &query))
		return;
	if (!str_eq(json_get_text(data, "id"), call->id)) {
		error_add(&call->errors, ERROR_INVALID, STR("/data/id"),
			  "Invalid input. The id in the body must be the id in the path.");
		return;
	}
	if (apply(call, data, &entity))
		reply_entity(call, 200, entity, &query);
}

void catalog_entity_delete(struct call *call)
{
	struct query query;
	struct entity *entity = call_entity(call);
	struct json *row;

	if (!entity || !query_read(call, &query))
		return;
	row = json_new_object();
	json_set(row, "id", json_new_text(call->id));
	if (apply(call, row, &entity))
		reply_empty(call, 204);
	json_free(row);
}
