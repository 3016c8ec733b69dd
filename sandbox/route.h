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
