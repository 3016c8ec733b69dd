/*
 * The virtual Klaviyo's catalog, one row at a time, and the order in which its rows come (G4).
 */
#include "sim/klaviyo_internal.h"

#include "base/alloc.h"
#include "net/url.h"
#include "sim/node.h"

#include <stdlib.h>
#include <string.h>

const char *const thing_word[THING_KIND_COUNT] = { "category", "item", "variant" };
const char *const thing_plural[THING_KIND_COUNT] = { "categories", "items", "variants" };

static struct thing **thing;
static size_t n_thing;

void thing_close(void)
{
	for (size_t i = 0; i < n_thing; i++) {
		mem_free(thing[i]->id);
		json_free(thing[i]->data);
		mem_free(thing[i]);
	}
	mem_free(thing);
	thing = NULL;
	n_thing = 0;
}

struct thing *thing_find(int account, enum thing_kind kind, struct str id)
{
	for (size_t i = 0; i < n_thing; i++)
		if (thing[i]->account == account && thing[i]->kind == kind &&
		    str_eq(str_from(thing[i]->id), id))
			return thing[i];
	return NULL;
}

static struct thing *get(int account, enum thing_kind kind, struct str id)
{
	struct thing *found = thing_find(account, kind, id);

	if (found)
		return found;
	found = mem_zalloc(1, sizeof(*found));
	found->account = account;
	found->kind = kind;
	found->id = klaviyo_text(id);
	thing = mem_resize(thing, (n_thing + 1) * sizeof(struct thing *));
	thing[n_thing++] = found;
	return found;
}

static struct str plain_id(struct str id)
{
	return str_starts(id, STR(KLAVIYO_ID_PREFIX)) ? str_skip(id, sizeof(KLAVIYO_ID_PREFIX) - 1) : id;
}

static struct str row_id(const char *op, const struct json *row)
{
	if (strcmp(op, "create") == 0)
		return json_get_text(json_get(row, "attributes"), "external_id");
	return plain_id(json_get_text(row, "id"));
}

static struct str title_of(const struct json *row)
{
	const struct json *attributes = json_get(row, "attributes");
	struct str title = json_get_text(attributes, "title");

	return title.len > 0 ? title : json_get_text(attributes, "name");
}

bool thing_is_poison(const struct json *row)
{
	return str_starts(title_of(row), STR("POISON"));
}

/* ---- order ---- */

/* "Mug v17": 17; 0 = it says no version. */
static int64_t version_of(const struct json *row)
{
	struct str title = title_of(row);
	size_t at = title.len;
	int64_t version = 0;

	while (at > 0 && title.p[at - 1] != 'v')
		at--;
	(void)str_to_int64(str_skip(title, at), &version);
	return version;
}

static void check_version(struct thing *one, int64_t sent_ms, int64_t version)
{
	bool newer_before = sent_ms >= one->sent_ms && version < one->version;

	if (version == 0)
		return;
	if (newer_before || (sent_ms < one->sent_ms && version > one->version))
		sim_fail("G4", "%s %s of account %d: version %lld left after version %lld",
			 thing_word[one->kind], one->id, one->account,
			 (long long)(newer_before ? version : one->version),
			 (long long)(newer_before ? one->version : version));
	if (sent_ms >= one->sent_ms) {
		one->sent_ms = sent_ms;
		one->version = version;
	}
}

void thing_meet(struct visit *visit, enum thing_kind kind, const char *op, const struct json *row)
{
	struct thing *one = get(visit->account, kind, row_id(op, row));

	if (one->flight && one->flight != visit->request->flight)
		sim_fail("G4", "%s %s of account %d was sent while an earlier request with it was under way",
			 thing_word[kind], one->id, one->account);
	if (one->job_id > 0 && job_is_working(one->job_id))
		sim_fail("G4", "%s %s of account %d was sent while a job with it was under way",
			 thing_word[kind], one->id, one->account);
	one->job_id = 0;
	/* What a dead process had sent is not under way for anybody. */
	one->flight = node_is_up() && visit->request->life == node_life() ? visit->request->flight : NULL;
	check_version(one, visit->request->sent_ms, version_of(row));
}

void thing_forget_flight(const struct wire_flight *flight)
{
	for (size_t i = 0; i < n_thing; i++)
		if (!flight || thing[i]->flight == flight)
			thing[i]->flight = NULL;
}

/* ---- one row ---- */

static struct str missing(enum thing_kind kind, struct str id, struct arena *arena, int *status)
{
	static const char *const article[] = { "A category", "An item", "A variant" };

	*status = 404;
	return arena_printf(arena, "%s with the id `" KLAVIYO_ID_PREFIX "%.*s` does not exist.",
			    article[kind], STR_ARG(id));
}

static bool is_there(int account, enum thing_kind kind, struct str id)
{
	const struct thing *found = thing_find(account, kind, id);

	return found && found->data;
}

static struct str check_links(int account, const struct json *row, struct arena *arena, int *status)
{
	const struct json *relationships = json_get(row, "relationships");
	const struct json *categories = json_get(json_get(relationships, "categories"), "data");
	struct str item = plain_id(json_get_text(json_get(json_get(relationships, "item"), "data"), "id"));

	for (size_t i = 0; i < json_len(categories); i++) {
		struct str id = plain_id(json_get_text(json_at(categories, i), "id"));

		if (!is_there(account, THING_CATEGORY, id))
			return missing(THING_CATEGORY, id, arena, status);
	}
	if (item.len > 0 && !is_there(account, THING_ITEM, item))
		return missing(THING_ITEM, item, arena, status);
	return (struct str){ 0 };
}

static void put_members(struct thing *one, const struct json *row)
{
	struct json *attributes;

	if (!one->data) {
		one->data = json_new_object();
		json_set(one->data, "attributes", json_new_object());
	}
	attributes = json_get(one->data, "attributes");
	for (void *it = json_first(json_get(row, "attributes")); it;
	     it = json_next(json_get(row, "attributes"), it))
		json_set_n(attributes, json_member_name(it), json_clone(json_member_value(it)));
	if (json_get(row, "relationships"))
		json_set(one->data, "relationships", json_clone(json_get(row, "relationships")));
}

static struct str item_of(const struct thing *variant)
{
	return plain_id(json_get_text(
		json_get(json_get(json_get(variant->data, "relationships"), "item"), "data"), "id"));
}

static void take_away(struct thing *one)
{
	for (size_t i = 0; one->kind == THING_ITEM && i < n_thing; i++)
		if (thing[i]->account == one->account && thing[i]->kind == THING_VARIANT && thing[i]->data &&
		    str_eq(item_of(thing[i]), str_from(one->id)))
			take_away(thing[i]);
	json_free(one->data);
	one->data = NULL;
}

struct str thing_apply(int account, enum thing_kind kind, const char *op, const struct json *row,
		       struct arena *arena, int *status)
{
	struct str id = row_id(op, row), wrong;
	struct thing *one = get(account, kind, id);
	bool creates = strcmp(op, "create") == 0;

	sim_trace("klaviyo: %d %s %s %.*s %.*s", account, op, thing_word[kind], STR_ARG(id),
		  STR_ARG(title_of(row)));
	if (creates && one->data) {
		*status = 409;
		return arena_printf(arena, "A %s with the external id `%.*s` already exists.",
				    thing_word[kind], STR_ARG(id));
	}
	if (!creates && !one->data)
		return missing(kind, id, arena, status);
	if (strcmp(op, "delete") == 0) {
		take_away(one);
		return (struct str){ 0 };
	}
	wrong = check_links(account, row, arena, status);
	if (wrong.len > 0)
		return wrong;
	if (thing_is_poison(row)) {
		*status = 400;
		return STR("This title is not liked here.");
	}
	put_members(one, row);
	return (struct str){ 0 };
}

/* ---- single calls ---- */

void thing_visit_single(struct visit *visit, enum thing_kind kind, struct str id)
{
	const char *method = visit->request->method;
	const char *op = strcmp(method, "POST") == 0	? "create"
			 : strcmp(method, "PATCH") == 0 ? "update"
							: "delete";
	struct json *nothing = json_new_object();
	const struct json *row = json_get(visit->body, "data");
	struct str wrong;
	int status = 400;

	if (strcmp(op, "delete") == 0) {
		json_set_text(nothing, "id", id);
		row = nothing;
	}
	thing_meet(visit, kind, op, row);
	wrong = thing_apply(visit->account, kind, op, row, visit->arena, &status);
	json_free(nothing);
	if (wrong.len > 0) {
		visit_error(visit, status,
			    status == 404   ? "not_found"
			    : status == 409 ? "duplicate_result"
					    : "invalid",
			    status == 400 ? "/data/attributes/title" : "/data/", wrong);
		return;
	}
	visit->answer->status = strcmp(op, "create") == 0 ? 201 : strcmp(op, "update") == 0 ? 200 : 204;
	visit->answer->body =
		strcmp(op, "delete") == 0 ? (struct str){ 0 } : STR("{\"data\":{\"id\":\"x\"}}");
}

/* ---- lists ---- */

/* The query says where the page begins. */
static size_t page_start(const struct visit *visit)
{
	struct str text;
	int64_t start = 0;

	if (url_query(visit->request->query, "page[cursor]", visit->arena, &text) &&
	    !str_to_int64(text, &start))
		sim_fail("shape", "a page that nobody named: '%.*s'", STR_ARG(visit->request->query));
	return (size_t)start;
}

static void put_compound(struct json *row, enum thing_kind kind, const struct thing *one, struct arena *arena)
{
	json_set_text(row, "type", arena_printf(arena, "catalog-%s", thing_word[kind]));
	json_set_text(row, "id", arena_printf(arena, KLAVIYO_ID_PREFIX "%s", one->id));
}

static bool is_in(const struct thing *item, struct str category)
{
	const struct json *list =
		json_get(json_get(json_get(item->data, "relationships"), "categories"), "data");

	for (size_t i = 0; i < json_len(list); i++)
		if (str_eq(plain_id(json_get_text(json_at(list, i), "id")), category))
			return true;
	return false;
}

/* Of the account and kind those that are there, in the order they were heard of; links: ids only. */
static void answer_list(struct visit *visit, enum thing_kind kind, const struct str *category)
{
	struct json *body = json_new_object(), *data = json_new_array(), *links = json_new_object();
	size_t at = page_start(visit);
	struct strbuf text;

	for (; at < n_thing && json_len(data) < THING_PAGE; at++) {
		const struct thing *one = thing[at];
		struct json *row;

		if (one->account != visit->account || one->kind != kind || !one->data ||
		    (category && !is_in(one, *category)))
			continue;
		row = category ? json_new_object() : json_clone(one->data);
		put_compound(row, kind, one, visit->arena);
		json_append(data, row);
	}
	json_set(body, "data", data);
	json_set(links, "next",
		 at < n_thing ? json_new_text(arena_printf(visit->arena,
							   "https://a.klaviyo.com%.*s?page%%5Bcursor%%5D=%zu",
							   STR_ARG(visit->request->path), at))
			      : json_new_null());
	json_set(body, "links", links);
	strbuf_init(&text, (size_t)1 << 24);
	json_write(body, false, &text);
	visit->answer->status = 200;
	visit->answer->body = arena_dup(visit->arena, strbuf_str(&text));
	strbuf_release(&text);
	json_free(body);
}

void thing_visit_list(struct visit *visit, enum thing_kind kind)
{
	answer_list(visit, kind, NULL);
}

void thing_visit_links(struct visit *visit, struct str category)
{
	if (is_there(visit->account, THING_CATEGORY, category)) {
		answer_list(visit, THING_ITEM, &category);
		return;
	}
	visit_error(visit, 404, "not_found", NULL, STR("There is no such category."));
}

/* ---- somebody else ---- */

/* What points at a category that is gone points at nothing. */
static void unlink_category(const struct thing *category)
{
	for (size_t i = 0; i < n_thing; i++) {
		struct json *list, *kept = json_new_array();

		list = thing[i]->account == category->account && thing[i]->kind == THING_ITEM &&
				       thing[i]->data
			       ? json_get(json_get(thing[i]->data, "relationships"), "categories")
			       : NULL;
		for (size_t k = 0; k < json_len(json_get(list, "data")); k++) {
			const struct json *link = json_at(json_get(list, "data"), k);

			if (!str_eq(plain_id(json_get_text(link, "id")), str_from(category->id)))
				json_append(kept, json_clone(link));
		}
		if (list)
			json_set(list, "data", kept);
		else
			json_free(kept);
	}
}

static void add_stranger(int account)
{
	struct thing *one = get(account, THING_CATEGORY, STR("s0-c99"));

	if (one->data)
		return;
	one->data = json_new_object();
	json_set(one->data, "attributes", json_new_object());
	json_set_text(json_get(one->data, "attributes"), "external_id", STR("s0-c99"));
	json_set_text(json_get(one->data, "attributes"), "name", STR("Nobody's shelf"));
}

static void change_one(struct thing *one)
{
	struct json *attributes = json_get(one->data, "attributes");
	struct json *categories = json_get(json_get(one->data, "relationships"), "categories");

	switch (sim_draw(OPTION_estranged, 0, 2)) {
	case 0:
		json_set_text(attributes, one->kind == THING_CATEGORY ? "name" : "title", STR("Somebody's"));
		break;
	case 1:
		if (json_len(json_get(categories, "data")) > 0) {
			json_set(categories, "data", json_new_array());
			break;
		}
		json_set_text(attributes, one->kind == THING_CATEGORY ? "name" : "title", STR("Somebody's"));
		break;
	default:
		if (one->kind == THING_CATEGORY)
			unlink_category(one);
		take_away(one);
	}
}

bool klaviyo_estrange(int account, bool may_add)
{
	size_t first = n_thing > 0 ? (size_t)sim_draw(OPTION_estranged, 0, (int64_t)n_thing - 1) : 0;

	if (may_add && sim_chance(OPTION_estranged, 200)) {
		add_stranger(account);
		return true;
	}
	for (size_t i = 0; i < n_thing; i++) {
		struct thing *one = thing[(first + i) % n_thing];

		if (one->account != account || !one->data)
			continue;
		sim_trace("klaviyo: %d somebody changes %s %s", account, thing_word[one->kind], one->id);
		change_one(one);
		return true;
	}
	return false;
}

/* ---- looking ---- */

static enum thing_kind kind_of(const char *word)
{
	for (int kind = 0; kind < THING_KIND_COUNT; kind++)
		if (strcmp(word, thing_word[kind]) == 0)
			return (enum thing_kind)kind;
	abort();
}

const struct json *klaviyo_thing(int account, const char *word, const char *id)
{
	const struct thing *found = thing_find(account, kind_of(word), str_from(id));

	return found ? found->data : NULL;
}

size_t klaviyo_thing_count(int account, const char *word)
{
	size_t n = 0;

	for (size_t i = 0; i < n_thing; i++)
		n += thing[i]->account == account && thing[i]->kind == kind_of(word) && thing[i]->data;
	return n;
}
