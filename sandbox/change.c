/*
 * The rules of the catalog: what a create, update or delete of one entity does, or why it is refused.
 *
 * Does:    notes each effect in the entity's trace and counts it; reports content sent twice.
 * Doesn't: check shapes (shape.c), wait (job.c) or answer (catalog_entity.c).
 * Keeps:   a refused change leaves nothing behind.
 * Threads: the server's thread.
 *
 * Refusal texts that recordings of the live API show: "An item with the external id `x` already exists.",
 * "An item with the id `$custom:::$default:::x` does not exist.", "One or more of the relations specified
 * for the item with id `...` already exists." The others follow their form.
 */
#include "sandbox/change.h"

#include "sandbox/keep.h"
#include "sandbox/target.h"
#include "sandbox/trace.h"

/* ---- the journal's side ---- */

static void violation(struct sandbox *sandbox, struct account *account, enum violation kind,
		      enum kind entity_kind, struct str external_id, int64_t request_number)
{
	struct journal_violation entry = {
		.kind = kind,
		.request_number = request_number,
		.at_ms = sandbox_real_ms(sandbox),
	};

	for (size_t i = 0; i < sizeof(entry.key_last4); i++)
		entry.key_last4[i] = account->last4[i];
	journal_violation_add(&sandbox->journal, &entry, "%s %.*s", kind_row(entity_kind)->name,
			      STR_ARG(external_id));
}

void change_check_overlap(struct sandbox *sandbox, struct account *account, enum kind kind,
			  struct str external_id, int64_t request_number)
{
	struct trace *trace = trace_find(&account->traces, kind, external_id);

	if (trace && trace->jobs_in_progress > 0 && !trace_excuses(trace, request_number))
		violation(sandbox, account, VIOLATION_OVERLAP, kind, external_id, request_number);
}

static void report_unchanged(const struct change *change, struct str external_id)
{
	struct trace *trace = trace_get(&change->account->traces, change->kind, external_id);

	if (!trace_excuses(trace, change->request_number))
		violation(change->sandbox, change->account, VIOLATION_UNCHANGED, change->kind, external_id,
			  change->request_number);
}

static struct json *row_content(const struct json *row)
{
	static const char *const member[] = { "attributes", "relationships" };
	struct json *content = json_new_object();

	for (size_t i = 0; i < ARRAY_LEN(member); i++)
		if (json_get(row, member[i]))
			json_set(content, member[i], json_clone(json_get(row, member[i])));
	return content;
}

static void note(struct account *account, enum kind kind, struct str external_id,
		 const struct trace_entry *entry, struct json *content)
{
	struct trace *trace = trace_get(&account->traces, kind, external_id);

	trace_settle(trace, entry->request_number);
	trace_add(trace, entry, content);
	json_free(content);
}

static void note_change(const struct change *change, struct str external_id)
{
	struct trace_entry entry = {
		.request_number = change->request_number,
		.at_ms = sandbox_wall_ms(change->sandbox),
		.op = op_name(change->op),
		.by_job = change->by_job,
	};

	if (!change->by_job)
		change_check_overlap(change->sandbox, change->account, change->kind, external_id,
				     change->request_number);
	note(change->account, change->kind, external_id, &entry,
	     change->op == OP_DELETE ? NULL : row_content(change->row));
	if (change->lost)
		trace_get(&change->account->traces, change->kind, external_id)->excuse_after =
			change->request_number;
	change->sandbox->journal.effect[change->kind][change->op]++;
}

/*
 * What the row says about the other side: categories of an item, items of a category, the item of a
 * variant.
 */
static bool find_row_targets(struct change *change, struct targets *targets)
{
	static const char *const relation[KIND_COUNT] = { "categories", "item", "items" };
	static const enum kind other[KIND_COUNT] = { KIND_CATEGORY, KIND_ITEM, KIND_ITEM };
	const struct json *data =
		json_get(json_get(json_get(change->row, "relationships"), relation[change->kind]), "data");
	struct str pointer =
		arena_printf(change->arena, "/data/relationships/%s/data", relation[change->kind]);

	return targets_find(change->account, other[change->kind], data, change->by_job ? "/data" : pointer.p,
			    change->arena, targets, &change->refusal);
}

/* The row's attributes as they are kept; to be freed. */
static struct json *given_attributes(const struct change *change)
{
	const struct json *given = json_get(change->row, "attributes");

	return change->sandbox->knobs.normalise ? keep_attributes(given) : json_clone(given);
}

/* ---- create ---- */

static struct json *initial_attributes(enum kind kind, const struct json *given)
{
	struct json *attributes = json_new_object();

	for (const char *const *name = kind_row(kind)->attribute; *name; name++) {
		const struct json *value = json_get(given, *name);

		if (json_type(value) != JSON_NULL)
			json_set(attributes, *name, json_clone(value));
		else if (str_eq(str_from(*name), STR("published")))
			json_set(attributes, *name, json_new_bool(true));
		else if (str_eq(str_from(*name), STR("inventory_policy")))
			json_set(attributes, *name, json_new_int(0));
		else
			json_set(attributes, *name, json_new_null());
	}
	return attributes;
}

static bool values_equal(const struct json *a, const struct json *b)
{
	bool a_number = json_type(a) == JSON_INTEGER || json_type(a) == JSON_REAL;
	bool b_number = json_type(b) == JSON_INTEGER || json_type(b) == JSON_REAL;

	if (a_number && b_number) /* 5 and 5.0; both come from the same decimal text or do not */
		return !(json_number(a) < json_number(b)) && !(json_number(a) > json_number(b));
	return json_same(a, b);
}

static struct json *find_member(const struct json *object, struct str name)
{
	for (void *it = json_first(object); it; it = json_next(object, it))
		if (str_eq(json_member_name(it), name))
			return json_member_value(it);
	return NULL;
}

/* Has the entity all that a repeated create brings? */
static bool same_content(const struct entity *entity, const struct json *given)
{
	struct json *wanted = initial_attributes(entity->kind, given);
	bool same = true;

	for (void *it = json_first(wanted); it && same; it = json_next(wanted, it))
		same = values_equal(find_member(entity->attributes, json_member_name(it)),
				    json_member_value(it));
	json_free(wanted);
	return same;
}

static bool refuse_duplicate(struct change *change, const struct entity *entity)
{
	const struct kind_row *row = kind_row(change->kind);

	struct json *given = given_attributes(change);

	if (same_content(entity, given))
		report_unchanged(change, entity->external_id);
	json_free(given);
	trace_get(&change->account->traces, change->kind, entity->external_id)->excuse_after =
		change->request_number;
	return error_refuse(&change->refusal, row->duplicate,
			    change->by_job ? STR("/data") : STR("/data/attributes/external_id"),
			    arena_printf(change->arena, "%s with the external id `%.*s` already exists.",
					 row->noun, STR_ARG(entity->external_id)));
}

static bool create(struct change *change)
{
	struct catalog *catalog = &change->account->catalog;
	struct str external_id = json_get_text(json_get(change->row, "attributes"), "external_id");
	struct entity *entity = catalog_find(catalog, change->kind, external_id);
	struct targets targets;
	struct json *given;

	if (entity)
		return refuse_duplicate(change, entity);
	if (!find_row_targets(change, &targets))
		return false;
	given = given_attributes(change);
	entity = catalog_add(catalog, change->kind, external_id, initial_attributes(change->kind, given),
			     sandbox_wall_ms(change->sandbox));
	json_free(given);
	if (change->kind == KIND_VARIANT)
		link_add(catalog, RELATION_VARIANTS, targets.entity[0], entity);
	else
		(void)category_links_add(catalog, entity, &targets);
	note_change(change, external_id);
	change->entity = entity;
	return true;
}

/* ---- update ---- */

static bool set_attributes(struct entity *entity, const struct json *given)
{
	bool changed = false;

	for (void *it = json_first(given); it; it = json_next(given, it)) {
		struct str name = json_member_name(it);
		const struct json *value = json_member_value(it);

		if (values_equal(find_member(entity->attributes, name), value))
			continue;
		json_set_n(entity->attributes, name, json_clone(value));
		changed = true;
	}
	return changed;
}

static bool find_own(struct change *change, struct str *external_id)
{
	*external_id = row_external_id(change->row);
	change->entity = catalog_find(&change->account->catalog, change->kind, *external_id);
	if (change->entity)
		return true;
	return error_refuse(&change->refusal, ERROR_NOT_FOUND, change->by_job ? STR("/data") : STR("/data/"),
			    missing_text(change->arena, change->kind, *external_id));
}

static bool update(struct change *change)
{
	struct targets targets = { 0 };
	struct str external_id;
	struct json *given;
	bool changed;

	if (!find_own(change, &external_id))
		return false;
	if (change->kind != KIND_VARIANT && !find_row_targets(change, &targets))
		return false;
	given = given_attributes(change);
	changed = set_attributes(change->entity, given);
	json_free(given);
	if (targets.named && category_links_replace(&change->account->catalog, change->entity, &targets))
		changed = true;
	if (changed)
		change->entity->updated_ms = sandbox_wall_ms(change->sandbox);
	else
		report_unchanged(change, external_id);
	note_change(change, external_id);
	return true;
}

/* ---- delete ---- */

static void delete_variants(const struct change *change)
{
	struct link_list *variants = &change->entity->links[RELATION_VARIANTS];

	while (variants->first) {
		struct entity *variant = variants->first->end[1];
		struct trace_entry entry = {
			.request_number = change->request_number,
			.at_ms = sandbox_wall_ms(change->sandbox),
			.op = "delete_with_item",
			.by_job = change->by_job,
		};

		note(change->account, KIND_VARIANT, variant->external_id, &entry, NULL);
		change->sandbox->journal.effect[KIND_VARIANT][OP_DELETE]++;
		catalog_remove(&change->account->catalog, variant);
	}
}

static bool delete (struct change *change)
{
	struct str external_id;

	if (!find_own(change, &external_id))
		return false;
	if (change->kind == KIND_ITEM)
		delete_variants(change);
	catalog_remove(&change->account->catalog, change->entity);
	change->entity = NULL;
	note_change(change, external_id);
	return true;
}

bool change_apply(struct change *change)
{
	switch (change->op) {
	case OP_CREATE:
		return create(change);
	case OP_UPDATE:
		return update(change);
	case OP_DELETE:
	case OP_COUNT:
		break;
	}
	return delete (change);
}
