#ifndef PANNIER_TESTS_SCHEMA_OPENAPI_H
#define PANNIER_TESTS_SCHEMA_OPENAPI_H

/*
 * A small validator of JSON against an OpenAPI 3.0 document: $ref, allOf, anyOf, oneOf, type, nullable,
 * enum, required, properties, items. Stricter than OpenAPI: a member that no schema names is a fault,
 * because Klaviyo refuses it.
 */
#include "base/json.h"
#include "base/strbuf.h"

struct openapi {
	struct json *root;
};

/*
 * The operation for a method ("POST") and a path without host and query, {parameters} matched; NULL = none.
 */
const struct json *openapi_operation(const struct openapi *api, const char *method, struct str path);
/* Schema of its request body as application/vnd.api+json; NULL = it has none. */
const struct json *openapi_body(const struct openapi *api, const struct json *operation);
/* Does it declare this parameter? in: "header", "query". */
bool openapi_has_parameter(const struct json *operation, const char *in, struct str name);
/* Checks value; what is wrong is appended to faults, one line each. */
bool openapi_check(const struct openapi *api, const struct json *schema, const struct json *value,
		   struct strbuf *faults);

#endif
