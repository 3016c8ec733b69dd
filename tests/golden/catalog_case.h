#ifndef PANNIER_TESTS_GOLDEN_CATALOG_CASE_H
#define PANNIER_TESTS_GOLDEN_CATALOG_CASE_H

/*
 * A golden case of the catalog: a folder with
 *   facts.json  {"root": {"kind", "id"}, "deleted": [{"kind", "id"}],
 *                "facts": [{"kind", "id", "part", "version", "seq", "body": {..}}, or
 *                          {"fixture": "enad/product.created"}: all facts of tests/fixtures/..facts.json,
 *                          as they came in this order, so that a case goes from message to request],
 *                "sent": [{"kind": "item", "external_id", "parent_external_id", "exists", "wanted_deleted",
 *                          "wanted": "<32 hex digits>"}]}      all but root and facts may be missing
 *   rules.json  members of struct catalog_rules that differ from the defaults
 *   expect.json what comes of it (test_golden_catalog.c writes and compares it)
 * Read here and brought as far as the deliveries.
 */
#include "base/file.h"
#include "base/json.h"
#include "catalog/plan.h"
#include "klaviyo/render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CASE_FILE_BYTES_MAX 4000000

struct catalog_case {
	struct arena arena;
	struct catalog_rules rules;
	struct catalog_root root;
	/* of case_run */
	struct arena run;
	struct catalog_view view;
	struct plan_resource *resource;
	size_t n_resource;
	struct str *mended; /* one for each resource */
	struct delivery_new *delivery;
	size_t n_delivery;
};

static inline struct str case_source_dir(void)
{
	const char *dir = getenv("PANNIER_SOURCE_DIR");

	return str_from(dir ? dir : ".");
}

/* path below tests/. */
static inline struct json *case_json(struct arena *arena, struct str below, bool optional)
{
	struct str dir = case_source_dir();
	struct str path = arena_printf(arena, "%.*s/tests/%.*s", STR_ARG(dir), STR_ARG(below));
	struct str text;
	struct json *json = NULL;
	struct err err = { 0 };

	if (!file_read(path.p, CASE_FILE_BYTES_MAX, arena, &text, &err)) {
		if (!optional)
			fail_msg("%s: %s", path.p, err.msg);
		return NULL;
	}
	if (!json_parse(text, &json, &err))
		fail_msg("%s: %s", path.p, err.msg);
	return json;
}

static inline struct str case_text(struct catalog_case *one, const struct json *object, const char *name)
{
	return arena_dup(&one->arena, json_get_text(object, name));
}

static inline struct entity case_entity(struct catalog_case *one, const struct json *object)
{
	struct entity entity = { .id = case_text(one, object, "id") };

	if (!entity_kind_parse(json_get_text(object, "kind"), &entity.kind))
		fail_msg("no such kind: %.*s", STR_ARG(json_get_text(object, "kind")));
	return entity;
}

static inline int64_t case_int(const struct json *object, const char *name, int64_t otherwise)
{
	int64_t value;

	return json_get_int(object, name, &value) ? value : otherwise;
}

static inline void case_read_rules(struct catalog_case *one, const struct json *json)
{
	struct str source = json_get_text(json, "price_source");

	one->rules = (struct catalog_rules){
		.id_prefix = case_text(one, json, "id_prefix"),
		.market = case_text(one, json, "market"),
		.store_group = case_text(one, json, "store_group"),
		.language = case_text(one, json, "language"),
		.url_template = case_text(one, json, "url_template"),
		.category_path = json_get_bool(json, "category_path", false),
		.price_source = str_eq(source, STR("base"))	   ? PRICE_BASE
				: str_eq(source, STR("reference")) ? PRICE_REFERENCE
								   : PRICE_SALE,
		.price_divisor = case_int(json, "price_divisor", 1),
		.delete_unpublished = json_get_bool(json, "delete_unpublished", false),
		.hold_without_price = json_get_bool(json, "hold_without_price", true),
		.stock_unknown = case_int(json, "stock_unknown", 9999),
	};
}

/* Every entity that has a fact is known; those listed as deleted have a tombstone. */
static inline void case_read_entities(struct catalog_case *one, const struct json *deleted)
{
	size_t n = json_len(deleted);
	struct root_entity *entity = ARENA_ARRAY(&one->arena, n + one->root.n_fact, struct root_entity);

	for (size_t i = 0; i < n; i++) {
		entity[i] = (struct root_entity){ case_entity(one, json_at(deleted, i)), true };
		if (entity[i].entity.kind == one->root.root.kind &&
		    str_eq(entity[i].entity.id, one->root.root.id))
			one->root.deleted = true;
	}
	for (size_t i = 0; i < one->root.n_fact; i++)
		entity[n + i] = (struct root_entity){ one->root.fact[i].entity, false };
	one->root.entity = entity;
	one->root.n_entity = n + one->root.n_fact;
}

/* A later message about the same thing is the newer one. */
static inline void case_add_fact(struct catalog_case *one, const struct json *row, int64_t seq)
{
	struct root_fact *fact = ARENA_ARRAY(&one->arena, one->root.n_fact + 1, struct root_fact);

	for (size_t i = 0; i < one->root.n_fact; i++)
		fact[i] = one->root.fact[i];
	fact[one->root.n_fact++] = (struct root_fact){
		.entity = case_entity(one, row),
		.part = case_text(one, row, "part"),
		.version = case_int(row, "version", 0),
		.seq = case_int(row, "seq", seq),
		.body = json_write_arena(json_get(row, "body"), false, &one->arena),
	};
	one->root.fact = fact;
}

/* All facts of a message that a platform's fixture stands for; only what sets something. */
static inline void case_add_fixture(struct catalog_case *one, struct str name, int64_t seq)
{
	struct json *messages = case_json(
		&one->arena, arena_printf(&one->arena, "fixtures/%.*s.facts.json", STR_ARG(name)), false);

	for (size_t i = 0; i < json_len(messages); i++) {
		const struct json *facts = json_get(json_at(messages, i), "facts");

		for (size_t k = 0; k < json_len(facts); k++) {
			assert_true(str_eq(json_get_text(json_at(facts, k), "op"), STR("set")));
			case_add_fact(one, json_at(facts, k), seq);
		}
	}
	json_free(messages);
}

static inline void case_read_facts(struct catalog_case *one, const struct json *facts)
{
	for (size_t i = 0; i < json_len(facts); i++) {
		struct str fixture = json_get_text(json_at(facts, i), "fixture");

		if (fixture.len > 0)
			case_add_fixture(one, fixture, (int64_t)i + 1);
		else
			case_add_fact(one, json_at(facts, i), (int64_t)i + 1);
	}
}

static inline enum klaviyo_kind case_kind(struct str text)
{
	for (int kind = 0; kind < KLAVIYO_KIND_COUNT; kind++)
		if (str_eq(text, str_from(klaviyo_kind_text((enum klaviyo_kind)kind))))
			return (enum klaviyo_kind)kind;
	fail_msg("no such kind: %.*s", STR_ARG(text));
	return KLAVIYO_KIND_COUNT;
}

static inline void case_read_sent(struct catalog_case *one, const struct json *rows)
{
	struct root_sent *sent = ARENA_ARRAY(&one->arena, json_len(rows), struct root_sent);

	for (size_t i = 0; i < json_len(rows); i++) {
		const struct json *row = json_at(rows, i);

		sent[i] = (struct root_sent){
			.kind = case_kind(json_get_text(row, "kind")),
			.external_id = case_text(one, row, "external_id"),
			.parent_external_id = case_text(one, row, "parent_external_id"),
			.exists = json_get_bool(row, "exists", false),
			.wanted_deleted = json_get_bool(row, "wanted_deleted", false),
		};
		(void)hex_decode(json_get_text(row, "wanted"), sent[i].wanted.byte,
				 sizeof(sent[i].wanted.byte));
	}
	one->root.sent = sent;
	one->root.n_sent = json_len(rows);
}

/* Reads tests/golden/NAME; case_close when done. */
static inline void case_open(struct catalog_case *one, const char *name)
{
	struct json *facts, *rules;

	*one = (struct catalog_case){ 0 };
	arena_init(&one->arena);
	arena_init(&one->run);
	facts = case_json(&one->arena, arena_printf(&one->arena, "golden/%s/facts.json", name), false);
	rules = case_json(&one->arena, arena_printf(&one->arena, "golden/%s/rules.json", name), true);
	case_read_rules(one, rules);
	one->root.store_id = 1;
	one->root.root = case_entity(one, json_get(facts, "root"));
	case_read_facts(one, json_get(facts, "facts"));
	case_read_entities(one, json_get(facts, "deleted"));
	case_read_sent(one, json_get(facts, "sent"));
	json_free(rules);
	json_free(facts);
}

static inline void case_close(struct catalog_case *one)
{
	arena_release(&one->run);
	arena_release(&one->arena);
}

static inline void case_add(struct catalog_case *one, enum klaviyo_kind kind, struct str external_id,
			    struct str parent, struct str body, struct str mended)
{
	one->mended[one->n_resource] = mended;
	one->resource[one->n_resource++] = (struct plan_resource){ kind, external_id, parent, body };
}

/* Merges, renders and plans; what came of an earlier run is gone. */
static inline void case_run(struct catalog_case *one)
{
	struct catalog_view *view = &one->view;
	struct str mended;

	arena_reset(&one->run);
	catalog_merge(&one->rules, &one->root, &one->run, view);
	one->n_resource = 0;
	one->resource = ARENA_ARRAY(&one->run, view->n_variant + 2, struct plan_resource);
	one->mended = ARENA_ARRAY(&one->run, view->n_variant + 2, struct str);
	if (view->has_category)
		case_add(one, KLAVIYO_CATEGORY, view->category.external_id, (struct str){ 0 },
			 klaviyo_render_category(&view->category, &one->run), (struct str){ 0 });
	if (view->has_item) {
		struct str body = klaviyo_render_item(&view->item, &one->run, &mended);

		case_add(one, KLAVIYO_ITEM, view->item.external_id, (struct str){ 0 }, body, mended);
	}
	for (size_t i = 0; i < view->n_variant; i++) {
		struct str body = klaviyo_render_variant(&view->variant[i], &one->run, &mended);

		case_add(one, KLAVIYO_VARIANT, view->variant[i].external_id,
			 view->variant[i].item_external_id, body, mended);
	}
	catalog_plan(&one->root, view, one->resource, one->n_resource, &one->run, &one->delivery,
		     &one->n_delivery);
}

#endif
