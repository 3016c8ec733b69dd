/*
 * Relationship endpoints: the categories and variants of an item, the items of a category.
 *
 * Does:    lists them as resources or identifiers; POST adds, PATCH replaces the whole set, DELETE removes.
 * Keeps:   a body is applied whole or not at all.
 * Threads: the server's thread.
 *
 * Recorded at revision 2026-07-15: PATCH answers 200 without a body where the specification says 204;
 * adding a link that exists answers 409 with pointer /data/id. Removing one that does not exist is in no
 * source: 404 here.
 */
#include "sandbox/change.h"
#include "sandbox/list.h"
#include "sandbox/target.h"
#include "sandbox/trace.h"

static void list_related(struct call *call, bool ids_only)
{
	const struct entity *owner = call_entity(call);

	if (owner)
		reply_page(call, &(struct list_source){
					 .kind = call->route->other,
					 .of = owner,
					 .ids_only = ids_only,
					 .relation = call->route->other == KIND_VARIANT ? RELATION_VARIANTS
											: RELATION_CATEGORIES,
				 });
}

void relation_list(struct call *call)
{
	list_related(call, false);
}

void relation_list_ids(struct call *call)
{
	list_related(call, true);
}

/* Add wants none of the links to be there, remove wants all. */
static bool check_links(struct call *call, struct entity *owner, const struct targets *targets)
{
	bool add = call->route->op == OP_CREATE;

	for (size_t i = 0; i < targets->n; i++) {
		if ((category_link_find(owner, targets->entity[i]) == NULL) == add)
			continue;
		error_add(&call->errors, add ? ERROR_DUPLICATE_RELATION : ERROR_NOT_FOUND, STR("/data/id"),
			  "One or more of the relations specified for the %s with id `%.*s` %s.",
			  kind_row(call->route->kind)->name, STR_ARG(call->id),
			  add ? "already exists" : "does not exist");
		return false;
	}
	return true;
}

static void note(struct call *call, const struct entity *owner)
{
	static const char *const op[OP_COUNT] = { "add_links", "replace_links", "remove_links" };
	struct trace *trace = trace_get(&call->account->traces, owner->kind, owner->external_id);
	struct trace_entry entry = {
		.request_number = call->number,
		.at_ms = sandbox_wall_ms(call->sandbox),
		.op = op[call->route->op],
	};
	struct json *content = json_new_object();
	struct json *relation = json_new_object();

	json_set(relation, kind_row(call->route->other)->plural, json_clone(json_get(call->body, "data")));
	json_set(content, "attributes", json_new_object());
	json_set(content, "relationships", relation);
	change_check_overlap(call->sandbox, call->account, owner->kind, owner->external_id, call->number);
	trace_settle(trace, call->number);
	trace_add(trace, &entry, content);
	if (call->lost)
		trace->excuse_after = call->number;
	json_free(content);
}

static void remove_links(struct entity *owner, const struct targets *targets)
{
	for (size_t i = 0; i < targets->n; i++) {
		struct link *link = category_link_find(owner, targets->entity[i]);

		if (link) /* a body may name one twice */
			link_remove(RELATION_CATEGORIES, link);
	}
}

void relation_change(struct call *call)
{
	struct entity *owner = call_entity(call);
	struct catalog *catalog = &call->account->catalog;
	struct error_entry refusal;
	struct targets targets;

	if (!owner)
		return;
	if (!targets_find(call->account, call->route->other, json_get(call->body, "data"), "/data",
			  call->arena, &targets, &refusal)) {
		error_add(&call->errors, refusal.kind, refusal.pointer, "%.*s", STR_ARG(refusal.detail));
		return;
	}
	if (call->route->op != OP_UPDATE && !check_links(call, owner, &targets))
		return;
	if (call->route->op == OP_CREATE)
		(void)category_links_add(catalog, owner, &targets);
	else if (call->route->op == OP_UPDATE)
		(void)category_links_replace(catalog, owner, &targets);
	else
		remove_links(owner, &targets);
	owner->updated_ms = sandbox_wall_ms(call->sandbox);
	note(call, owner);
	reply_empty(call, call->route->op == OP_UPDATE ? 200 : 204);
}
