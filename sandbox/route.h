#ifndef PANNIER_SANDBOX_ROUTE_H
#define PANNIER_SANDBOX_ROUTE_H

#include "sandbox/call.h"

#define REVISION_NEWEST "2026-07-15"

/* Query parameters a route knows; any other is refused. */
#define PARAM_FILTER 1u
#define PARAM_CURSOR 2u
#define PARAM_SIZE 4u
#define PARAM_SORT 8u
#define PARAM_INCLUDE 16u
#define PARAM_FIELDS_ITEM 32u
#define PARAM_FIELDS_VARIANT 64u
#define PARAM_FIELDS_CATEGORY 128u
#define PARAM_FIELDS_JOB 256u
#define PARAM_FIELDS_ACCOUNT 512u
#define PARAM_FIELDS_METRIC 1024u
#define PARAM_FIELDS_FLOW 2048u
#define PARAM_FIELDS_PROFILE 4096u
#define PARAM_FIELDS_EVENT 8192u
#define PARAM_FIELDS_LIST 16384u
#define PARAM_FIELDS_IMPORT 32768u
#define PARAM_FIELDS_IMPORT_ERROR 65536u
#define PARAM_FIELDS_OTHER 131072u  /* of resources that it never includes: tag, segment, push-token, ... */
#define PARAM_ADD_PROFILE 262144u   /* additional-fields[profile] */
#define PARAM_ADD_LIST 524288u

enum body { BODY_NONE, BODY_RESOURCE, BODY_JOB, BODY_LINKS };

/* One endpoint of Klaviyo's API: one row. */
struct route {
	const char *method;
	const char *pattern;       /* "/api/catalog-items/{id}" */
	enum tier tier;
	const char *scope;
	unsigned params;
	void (*handle)(struct call *call);
	enum kind kind;            /* for the catalog: what it is about */
	enum op op;                /* and what is done */
	enum kind other;           /* of a relation: the other side */
	enum body body;
	const struct shape *shape; /* of the body, where it is not about a kind of the catalog */
	const char *sorts;         /* what "sort" may name, '|' between; NULL = created */
	const char *includes;      /* what "include" may name, '|' between; NULL = by kind (query.c) */
	size_t size_max, size;     /* page[size]: highest and default; 0 = PAGE_SIZE_MAX */
};

/* The shape of the route's body; NULL if it has none. */
const struct shape *route_shape(const struct route *route);

size_t route_count(void);
const struct route *route_at(size_t i);
size_t route_index(const struct route *route);
/*
 * The route of a path, its {id} still encoded. NULL when the path is unknown, or when it has no such method
 * (then *path_known).
 */
const struct route *route_find(struct str method, struct str path, struct str *id, bool *path_known);

/* Was it ever a revision, and has it been retired (two years after it came out) at the newest one? */
bool revision_known(struct str revision, const char *newest);
bool revision_retired(struct str revision, const char *newest);

/* The entity that the {id} of a catalog route leads to; else NULL, with an error left in the call. */
struct entity *call_entity(struct call *call);

/* Handlers, by the file they stand in. */
void account_list(struct call *call);
void account_get(struct call *call);
void event_create(struct call *call);
void event_bulk_create(struct call *call);
void event_list(struct call *call);
void event_get(struct call *call);
void profile_import(struct call *call);
void profile_create(struct call *call);
void profile_update(struct call *call);
void profile_get(struct call *call);
void profile_list_all(struct call *call);
void profile_deletion(struct call *call);
void import_create(struct call *call);
void import_list(struct call *call);
void import_get(struct call *call);
void import_error_list(struct call *call);
void list_create(struct call *call);
void list_get(struct call *call);
void list_list(struct call *call);
void list_profiles(struct call *call);
void consent_subscribe(struct call *call);
void consent_unsubscribe(struct call *call);
void metric_list(struct call *call);
void metric_get(struct call *call);
void catalog_entity_create(struct call *call);
void catalog_entity_list(struct call *call);
void catalog_entity_get(struct call *call);
void catalog_entity_update(struct call *call);
void catalog_entity_delete(struct call *call);
void relation_list(struct call *call);
void relation_list_ids(struct call *call);
void relation_change(struct call *call);
void job_create(struct call *call);
void job_list(struct call *call);
void job_get(struct call *call);

#endif
