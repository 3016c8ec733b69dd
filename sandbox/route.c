/*
 * The endpoints: one row each. Adding one is a row here and a handler.
 *
 * Rates, scopes and parameters are those of Klaviyo's OpenAPI specification, revision 2026-07-15. Polls of
 * jobs are L for creating and updating items and variants, XL for everything else.
 *
 * Threads: const data.
 */
#include "sandbox/route.h"

#include "sandbox/body.h"

#include <string.h>

#define READ	    "catalogs:read"
#define WRITE	    "catalogs:write"
#define PAGED	    (PARAM_FILTER | PARAM_CURSOR | PARAM_SIZE | PARAM_SORT)
#define ITEM_PARAMS (PARAM_FIELDS_ITEM | PARAM_FIELDS_VARIANT | PARAM_INCLUDE)

/* Create, list, get, update and delete of one kind. */
#define ENTITY_ROUTES(path, kind_, own, one) \
	{ \
		"POST", path,	   TIER_L, \
		WRITE,	own,	   catalog_entity_create, \
		kind_,	OP_CREATE, .body = BODY_RESOURCE \
	}, \
		{ "GET", path, TIER_XL, READ, PAGED | (one), catalog_entity_list, kind_ }, \
		{ "GET", path "/{id}", TIER_XL, READ, one, catalog_entity_get, kind_ }, \
		{ "PATCH",   path "/{id}",	   TIER_L, WRITE, own, catalog_entity_update, kind_, \
		  OP_UPDATE, .body = BODY_RESOURCE }, \
	{ \
		"DELETE", path "/{id}", TIER_L, WRITE, 0, catalog_entity_delete, kind_, OP_DELETE \
	}

#define RELATED_ROUTES(path, name, kind_, other_, fields) \
	{ \
		"GET", path "/{id}/" name, TIER_XL, READ, PAGED | (fields), relation_list, \
		kind_, .other = other_ \
	}, \
	{ \
		"GET", path "/{id}/relationships/" name, TIER_XL, READ, PAGED, relation_list_ids, kind_, \
			.other = other_ \
	}

#define RELATION_ROUTE(method, path, name, op_, kind_, other_) \
	{ \
		method, path "/{id}/relationships/" name, TIER_L, WRITE, 0, relation_change, kind_, op_, \
			.other = other_, .body = BODY_LINKS \
	}

#define RELATION_ROUTES(path, name, kind_, other_) \
	RELATION_ROUTE("POST", path, name, OP_CREATE, kind_, other_), \
		RELATION_ROUTE("PATCH", path, name, OP_UPDATE, kind_, other_), \
		RELATION_ROUTE("DELETE", path, name, OP_DELETE, kind_, other_)

#define PROFILE_PARAMS (PARAM_FIELDS_PROFILE | PARAM_ADD_PROFILE)

#define JOB_ROUTES(path, kind_, op_, poll_tier, get_params) \
	{ "POST", path, TIER_L, WRITE, PARAM_FIELDS_JOB, job_create, kind_, op_, .body = BODY_JOB }, \
		{ "GET",    path,  poll_tier, READ, PARAM_FILTER | PARAM_CURSOR | PARAM_FIELDS_JOB, \
		  job_list, kind_, op_ }, \
	{ \
		"GET", path "/{id}", poll_tier, READ, PARAM_FIELDS_JOB | (get_params), job_get, kind_, op_ \
	}

static const struct route rows[] = {
	{ "GET", "/api/accounts", TIER_XS, "accounts:read", PARAM_FIELDS_ACCOUNT, account_list },
	{ "GET", "/api/accounts/{id}", TIER_XS, "accounts:read", PARAM_FIELDS_ACCOUNT, account_get },

	{ "POST", "/api/events", TIER_XL, "events:write", 0, event_create, .shape = &body_event },
	{ "GET", "/api/events", TIER_XL, "events:read",
	  PAGED | PARAM_INCLUDE | PARAM_FIELDS_EVENT | PARAM_FIELDS_METRIC | PARAM_FIELDS_PROFILE |
		  PARAM_FIELDS_OTHER,
	  event_list, .sorts = "datetime|timestamp", .includes = "attributions|metric|profile",
	  .size_max = 1000, .size = 200 },
	{ "GET", "/api/events/{id}", TIER_M, "events:read",
	  PARAM_INCLUDE | PARAM_FIELDS_EVENT | PARAM_FIELDS_METRIC | PARAM_FIELDS_PROFILE |
		  PARAM_FIELDS_OTHER,
	  event_get, .includes = "attributions|metric|profile" },
	{ "POST", "/api/event-bulk-create-jobs", TIER_M, "events:write", 0, event_bulk_create,
	  .shape = &body_event_bulk },

	{ "POST", "/api/profile-import", TIER_L, "profiles:write", PROFILE_PARAMS, profile_import,
	  .shape = &body_profile_import },
	{ "POST", "/api/profiles", TIER_L, "profiles:write", PROFILE_PARAMS, profile_create,
	  .shape = &body_profile_create },
	{ "GET", "/api/profiles", TIER_L, "profiles:read",
	  PAGED | PROFILE_PARAMS | PARAM_INCLUDE | PARAM_FIELDS_OTHER, profile_list_all,
	  .sorts = "created|updated|email|id|subscriptions.email.marketing.suppression.timestamp|"
		   "subscriptions.email.marketing.list_suppressions.timestamp",
	  .includes = "conversations|push-tokens", .size_max = 100, .size = 20 },
	{ "GET", "/api/profiles/{id}", TIER_L, "profiles:read",
	  PROFILE_PARAMS | PARAM_INCLUDE | PARAM_FIELDS_LIST | PARAM_FIELDS_OTHER, profile_get,
	  .includes = "conversations|lists|push-tokens|segments" },
	{ "PATCH", "/api/profiles/{id}", TIER_L, "profiles:write", PROFILE_PARAMS, profile_update,
	  .shape = &body_profile_update },
	{ "POST", "/api/data-privacy-deletion-jobs", TIER_S, "data-privacy:write", 0, profile_deletion,
	  .shape = &body_deletion },

	{ "POST", "/api/profile-bulk-import-jobs", TIER_M, "lists:write profiles:write", PARAM_FIELDS_IMPORT,
	  import_create, .shape = &body_import_job },
	{ "GET", "/api/profile-bulk-import-jobs", TIER_M, "lists:read profiles:read",
	  PAGED | PARAM_FIELDS_IMPORT, import_list, .sorts = "created_at", .size_max = 100, .size = 20 },
	{ "GET", "/api/profile-bulk-import-jobs/{id}", TIER_M, "lists:read profiles:read",
	  PARAM_INCLUDE | PARAM_FIELDS_IMPORT | PARAM_FIELDS_LIST, import_get, .includes = "lists" },
	{ "GET", "/api/profile-bulk-import-jobs/{id}/import-errors", TIER_M, "profiles:read",
	  PARAM_CURSOR | PARAM_SIZE | PARAM_FIELDS_IMPORT_ERROR, import_error_list, .size_max = 100,
	  .size = 20 },

	{ "POST", "/api/lists", TIER_M, "lists:write", PARAM_FIELDS_LIST, list_create,
	  .shape = &body_list_create },
	{ "GET", "/api/lists", TIER_L, "lists:read",
	  PAGED | PARAM_INCLUDE | PARAM_FIELDS_LIST | PARAM_FIELDS_FLOW | PARAM_FIELDS_OTHER, list_list,
	  .sorts = "created|id|name|updated", .includes = "flow-triggers|tags", .size_max = 10, .size = 10 },
	{ "GET", "/api/lists/{id}", TIER_L, "lists:read",
	  PARAM_INCLUDE | PARAM_FIELDS_LIST | PARAM_FIELDS_FLOW | PARAM_FIELDS_OTHER | PARAM_ADD_LIST,
	  list_get, .includes = "flow-triggers|tags" },
	{ "GET", "/api/lists/{id}/profiles", TIER_L, "lists:read profiles:read", PAGED | PROFILE_PARAMS,
	  list_profiles, .sorts = "joined_group_at", .size_max = 100, .size = 20 },

	{ "POST", "/api/profile-subscription-bulk-create-jobs", TIER_L,
	  "lists:write profiles:write subscriptions:write", 0, consent_subscribe, .shape = &body_subscribe },
	{ "POST", "/api/profile-subscription-bulk-delete-jobs", TIER_L,
	  "lists:write profiles:write subscriptions:write", 0, consent_unsubscribe,
	  .shape = &body_unsubscribe },

	{ "GET", "/api/metrics", TIER_M, "metrics:read",
	  PARAM_FILTER | PARAM_CURSOR | PARAM_INCLUDE | PARAM_FIELDS_METRIC | PARAM_FIELDS_FLOW,
	  metric_list },
	{ "GET", "/api/metrics/{id}", TIER_M, "metrics:read",
	  PARAM_INCLUDE | PARAM_FIELDS_METRIC | PARAM_FIELDS_FLOW, metric_get },

	ENTITY_ROUTES("/api/catalog-items", KIND_ITEM, PARAM_FIELDS_ITEM, ITEM_PARAMS),
	ENTITY_ROUTES("/api/catalog-variants", KIND_VARIANT, PARAM_FIELDS_VARIANT, PARAM_FIELDS_VARIANT),
	ENTITY_ROUTES("/api/catalog-categories", KIND_CATEGORY, PARAM_FIELDS_CATEGORY, PARAM_FIELDS_CATEGORY),

	RELATED_ROUTES("/api/catalog-items", "categories", KIND_ITEM, KIND_CATEGORY, PARAM_FIELDS_CATEGORY),
	RELATED_ROUTES("/api/catalog-items", "variants", KIND_ITEM, KIND_VARIANT, PARAM_FIELDS_VARIANT),
	RELATED_ROUTES("/api/catalog-categories", "items", KIND_CATEGORY, KIND_ITEM, ITEM_PARAMS),
	RELATION_ROUTES("/api/catalog-items", "categories", KIND_ITEM, KIND_CATEGORY),
	RELATION_ROUTES("/api/catalog-categories", "items", KIND_CATEGORY, KIND_ITEM),

	JOB_ROUTES("/api/catalog-item-bulk-create-jobs", KIND_ITEM, OP_CREATE, TIER_L,
		   PARAM_INCLUDE | PARAM_FIELDS_ITEM),
	JOB_ROUTES("/api/catalog-item-bulk-update-jobs", KIND_ITEM, OP_UPDATE, TIER_L,
		   PARAM_INCLUDE | PARAM_FIELDS_ITEM),
	JOB_ROUTES("/api/catalog-item-bulk-delete-jobs", KIND_ITEM, OP_DELETE, TIER_XL, 0),
	JOB_ROUTES("/api/catalog-variant-bulk-create-jobs", KIND_VARIANT, OP_CREATE, TIER_L,
		   PARAM_INCLUDE | PARAM_FIELDS_VARIANT),
	JOB_ROUTES("/api/catalog-variant-bulk-update-jobs", KIND_VARIANT, OP_UPDATE, TIER_L,
		   PARAM_INCLUDE | PARAM_FIELDS_VARIANT),
	JOB_ROUTES("/api/catalog-variant-bulk-delete-jobs", KIND_VARIANT, OP_DELETE, TIER_XL, 0),
	JOB_ROUTES("/api/catalog-category-bulk-create-jobs", KIND_CATEGORY, OP_CREATE, TIER_XL,
		   PARAM_INCLUDE | PARAM_FIELDS_CATEGORY),
	JOB_ROUTES("/api/catalog-category-bulk-update-jobs", KIND_CATEGORY, OP_UPDATE, TIER_XL,
		   PARAM_INCLUDE | PARAM_FIELDS_CATEGORY),
	JOB_ROUTES("/api/catalog-category-bulk-delete-jobs", KIND_CATEGORY, OP_DELETE, TIER_XL, 0),
};

size_t route_count(void)
{
	return ARRAY_LEN(rows);
}

const struct route *route_at(size_t i)
{
	return &rows[i];
}

size_t route_index(const struct route *route)
{
	return route ? (size_t)(route - rows) : ARRAY_LEN(rows);
}

/* A slash at the end does not count: older clients write one. */
static bool path_matches(const char *pattern, struct str path, struct str *id)
{
	struct str wanted = str_from(pattern), part, given;

	for (;;) {
		bool more = str_split(&wanted, '/', &part);

		if (str_split(&path, '/', &given) != more)
			return false;
		if (!more)
			return true;
		if (str_eq(part, STR("{id}")) && given.len > 0)
			*id = given;
		else if (!str_eq(part, given))
			return false;
	}
}

const struct route *route_find(struct str method, struct str path, struct str *id, bool *path_known)
{
	*path_known = false;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		*id = (struct str){ 0 };
		if (!path_matches(rows[i].pattern, path, id))
			continue;
		*path_known = true;
		if (str_eq(method, str_from(rows[i].method)))
			return &rows[i];
	}
	return NULL;
}

const struct shape *route_shape(const struct route *route)
{
	const struct kind_row *kind = kind_row(route->kind);

	if (route->shape)
		return route->shape;
	switch (route->body) {
	case BODY_NONE:
		return NULL;
	case BODY_RESOURCE:
		return route->op == OP_CREATE ? kind->create : kind->update;
	case BODY_JOB:
		return kind->job[route->op];
	case BODY_LINKS:
		return kind_row(route->other)->links;
	}
	return NULL;
}

/* ---- revisions ---- */

static const char *const revision[] = {
	"2022-10-17", "2023-01-24", "2023-02-22", "2023-06-15", "2023-07-15", "2023-08-15", "2023-09-15",
	"2023-10-15", "2023-12-15", "2024-02-15", "2024-05-15", "2024-06-15", "2024-07-15", "2024-10-15",
	"2025-01-15", "2025-04-15", "2025-07-15", "2025-10-15", "2026-01-15", "2026-04-15", REVISION_NEWEST,
};

bool revision_known(struct str text, const char *newest)
{
	for (size_t i = 0; i < ARRAY_LEN(revision); i++)
		if (str_eq(text, str_from(revision[i])))
			return str_cmp(text, str_from(newest)) <= 0;
	return false;
}

/* Stable for a year, deprecated for another, then retired. Dates of this form compare as texts. */
bool revision_retired(struct str text, const char *newest)
{
	char oldest[11];

	memcpy(oldest, newest, sizeof(oldest) - 1);
	oldest[10] = '\0';
	oldest[3] = (char)(oldest[3] - 2); /* newest is 2022 or later, its last digit 2 to 9 */
	return str_cmp(text, str_from(oldest)) < 0;
}
