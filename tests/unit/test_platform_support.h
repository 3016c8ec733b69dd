#ifndef PANNIER_TESTS_UNIT_TEST_PLATFORM_SUPPORT_H
#define PANNIER_TESTS_UNIT_TEST_PLATFORM_SUPPORT_H

/*
 * What the tests and fuzzers of src/platform share: requests and stores made of literals, fixtures by folder,
 * and what makes a fact valid (model/fact.h).
 */
#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "platform/platform.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUPPORT_NOW_MS	    INT64_C(1785500000000) /* 2026-07-31T12:13:20Z: later than the fixtures' times */
#define SUPPORT_HEADERS_MAX 16
#define SUPPORT_SECRET	    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

/* ---- requests and stores ---- */

struct support_pair {
	struct str name, value;
};

struct support_pairs {
	struct support_pair pair[SUPPORT_HEADERS_MAX];
	size_t n;
};

static inline void support_put(struct support_pairs *pairs, struct str name, struct str value)
{
	for (size_t i = 0; i < pairs->n; i++)
		if (str_eq_nocase(pairs->pair[i].name, name)) {
			pairs->pair[i].value = value;
			return;
		}
	if (pairs->n < SUPPORT_HEADERS_MAX)
		pairs->pair[pairs->n++] = (struct support_pair){ name, value };
}

static inline struct str support_find(const void *from, const char *name)
{
	const struct support_pairs *pairs = from;

	for (size_t i = 0; i < pairs->n; i++)
		if (str_eq_nocase(pairs->pair[i].name, str_from(name)))
			return pairs->pair[i].value;
	return STR("");
}

static inline struct platform_request support_request(struct str content_type, struct str body,
						      const struct support_pairs *headers)
{
	return (struct platform_request){
		.content_type = content_type,
		.body = body,
		.header = support_find,
		.from = headers,
		.now_ms = SUPPORT_NOW_MS,
	};
}

static inline struct platform_store support_store(const struct str *secret, size_t n_secret,
						  const struct support_pairs *settings)
{
	return (struct platform_store){
		.store_id = 1,
		.secret = secret,
		.n_secret = n_secret,
		.setting = support_find,
		.from = settings,
	};
}

/* "v1,<base64>" as a sender computes it; key is the decoded secret. */
static inline struct str support_signature(struct arena *arena, struct str key, struct str id,
					   struct str timestamp, struct str body)
{
	struct str part[] = { id, STR("."), timestamp, STR("."), body };
	unsigned char mac[SHA256_BYTES];
	struct str text;

	digest_hmac_sha256(key, part, ARRAY_LEN(part), mac);
	text = base64_encode(arena, mac, sizeof(mac));
	return arena_printf(arena, "v1,%.*s", STR_ARG(text));
}

/* ---- valid facts ---- */

static inline bool support_starts(struct str text, const char *prefix)
{
	return str_starts(text, str_from(prefix));
}

/* Begins with one of the names that end in a dot, and goes on; or is one of the others. */
static inline bool support_part_in(struct str part, const char *names)
{
	struct str rest = str_from(names), name;

	while (str_split(&rest, ' ', &name))
		if (str_ends(name, STR(".")) ? str_starts(part, name) && part.len > name.len
					     : str_eq(part, name))
			return true;
	return false;
}

static inline bool support_part_known(enum entity_kind kind, struct str part)
{
	bool product = kind == ENTITY_PRODUCT, sellable = product || kind == ENTITY_VARIANT;

	if (kind == ENTITY_ORDER)
		return support_part_in(part, "base placed paid fulfilled cancelled refunded payment. shipment. refund.");
	if (kind == ENTITY_PERSON)
		return support_part_in(part, "customer order subscriber erased consent.email consent.sms field.email "
					     "field.sms");
	if (kind == ENTITY_SHOP)
		return str_eq(part, STR("order_statuses"));
	if (kind == ENTITY_VISITOR)
		return support_part_in(part, "identity event.");
	if (str_eq(part, STR("base")))
		return kind != ENTITY_SKU;
	if (str_eq(part, STR("status")) || support_starts(part, "price."))
		return sellable;
	if (support_starts(part, "stock."))
		return sellable || kind == ENTITY_SKU;
	return product && (str_eq(part, STR("links")) || str_eq(part, STR("variants")) ||
			   (support_starts(part, "link.") && part.len > 5));
}

/* Text that JSON can carry unchanged, of 1..200 bytes. */
static inline bool support_id_valid(struct str id)
{
	struct json *json = id.len && id.len <= 200 ? json_new_text(id) : NULL;
	bool same = json && str_eq(json_text(json), id);

	json_free(json);
	return same;
}

static inline const char *support_body_problem(struct str body, struct arena *arena)
{
	const char *problem = NULL;
	struct json *json;

	if (!json_parse(body, &json, NULL))
		return "body is not JSON";
	if (json_type(json) != JSON_OBJECT)
		problem = "body is not an object";
	else if (!str_eq(json_write_arena(json, true, arena), body))
		problem = "body is not canonical";
	json_free(json);
	return problem;
}

static inline const char *support_refs_problem(const struct fact *fact)
{
	for (size_t i = 0; i < fact->n_ref; i++) {
		if ((int)fact->ref[i].kind < 0 || fact->ref[i].kind >= ENTITY_KIND_COUNT ||
		    !support_id_valid(fact->ref[i].id))
			return "a ref is no entity";
		for (size_t k = 0; k < i && i < 64; k++)
			if (fact->ref[i].kind == fact->ref[k].kind &&
			    str_eq(fact->ref[i].id, fact->ref[k].id))
				return "a ref is repeated";
	}
	return NULL;
}

/* NULL, or what makes the fact one that must never reach the store. */
static inline const char *support_fact_problem(const struct fact *fact, struct arena *arena)
{
	if ((int)fact->entity.kind < 0 || fact->entity.kind >= ENTITY_KIND_COUNT)
		return "no such kind of entity";
	if (!support_id_valid(fact->entity.id))
		return "id is not 1 to 200 bytes of text";
	if (fact->root_id.len && (fact->entity.kind != ENTITY_VARIANT || !support_id_valid(fact->root_id)))
		return "root is wrong";
	if (fact->version < 0)
		return "version is negative";
	if (fact->op == FACT_DELETE)
		return fact->part.len || fact->body.len || fact->n_ref ? "a deletion has contents" : NULL;
	if (!support_part_known(fact->entity.kind, fact->part))
		return "the entity has no such part";
	if (fact->op == FACT_CLEAR)
		return fact->body.len || fact->n_ref ? "a cleared part has contents" : NULL;
	if (support_body_problem(fact->body, arena))
		return support_body_problem(fact->body, arena);
	return support_refs_problem(fact);
}

/* NULL, or what is wrong with what a map function gave. */
static inline const char *support_result_problem(const struct map_result *result, struct arena *arena)
{
	if (result->state != MAP_DONE && result->state != MAP_IGNORED && result->state != MAP_FAILED)
		return "no such state";
	if (result->state != MAP_DONE)
		return result->n_fact || result->reason.len == 0 ? "refused without a reason, or with facts"
								 : NULL;
	if (result->n_fact == 0)
		return "done without facts";
	for (size_t i = 0; i < result->n_fact; i++)
		if (support_fact_problem(&result->fact[i], arena))
			return support_fact_problem(&result->fact[i], arena);
	return NULL;
}

/* ---- fixtures ---- */

#define SUPPORT_FIXTURES_MAX 256

struct support_fixture {
	struct str name; /* file name */
	struct str content_type;
	struct support_pairs headers;
	struct str body;
};

static inline const char *support_path(struct arena *arena, const char *relative)
{
	const char *root = getenv("PANNIER_SOURCE_DIR");

	return arena_printf(arena, "%s/%s", root ? root : ".", relative).p;
}

static inline int support_compare_names(const void *a, const void *b)
{
	const struct support_fixture *left = a, *right = b;

	return str_cmp(left->name, right->name);
}

/* NAME.http: header lines, a blank line, the body. */
static inline void support_split_http(struct support_fixture *fixture, struct str text)
{
	struct str line;

	while (str_split(&text, '\n', &line) && line.len) {
		size_t colon = str_find_char(line, ':');

		support_put(&fixture->headers, str_of(line.p, colon), str_trim(str_skip(line, colon + 1)));
	}
	fixture->body = text;
	fixture->content_type = support_find(&fixture->headers, "content-type");
}

static inline void support_read_fixture(struct support_fixture *fixture, struct str text)
{
	static const struct {
		const char *suffix, *content_type;
	} kinds[] = {
		{ ".json", "application/json" },
		{ ".ndjson", "application/x-ndjson" },
		{ ".cloudevent", "application/cloudevents+json; charset=utf-8" },
		{ ".cloudevents", "application/cloudevents-batch+json" },
	};

	fixture->body = text;
	support_put(&fixture->headers, STR("webhook-id"), STR("msg_fixture"));
	if (str_ends(fixture->name, STR(".http")))
		support_split_http(fixture, text);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (str_ends(fixture->name, str_from(kinds[i].suffix)))
			fixture->content_type = str_from(kinds[i].content_type);
}

/* All fixtures of tests/fixtures/PLATFORM by name, golden files left out; 0 if the folder cannot be read. */
static inline size_t support_fixtures(struct arena *arena, const char *platform,
				      struct support_fixture *fixture)
{
	const char *folder = support_path(arena, arena_printf(arena, "tests/fixtures/%s", platform).p);
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t n = 0;

	while (dir && n < SUPPORT_FIXTURES_MAX && (entry = readdir(dir))) {
		struct str name = arena_dup(arena, str_from(entry->d_name)), text;

		if (name.p[0] == '.' || str_ends(name, STR(".facts.json")))
			continue;
		if (!file_read(arena_printf(arena, "%s/%s", folder, name.p).p, 1 << 20, arena, &text, NULL))
			abort();
		memset(&fixture[n], 0, sizeof(fixture[n]));
		fixture[n].name = name;
		support_read_fixture(&fixture[n], text);
		n++;
	}
	if (dir)
		closedir(dir);
	qsort(fixture, n, sizeof(*fixture), support_compare_names);
	return n;
}

#endif
