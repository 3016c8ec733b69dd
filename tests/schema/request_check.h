#ifndef PANNIER_TESTS_SCHEMA_REQUEST_CHECK_H
#define PANNIER_TESTS_SCHEMA_REQUEST_CHECK_H

/* Requests of ours against Klaviyo's specification; what is wrong fails the test. */
#include "klaviyo/render.h"
#include "schema/openapi.h"

#define API_URL STR("https://a.klaviyo.com")

extern struct openapi specification;

/*
 * stable.json, or the folder it is in: PANNIER_KLAVIYO_OPENAPI, by default beside the repository. ERR_NOT_FOUND: it is not at hand.
 */
bool load_specification(struct err *err) MUST_CHECK;

/* Path of a URL of ours; what follows '?' goes to query. */
struct str request_path(struct str url, struct str *query);
/* Operation, parameters and body; the operation. */
const struct json *check_request(const struct klaviyo_request *request, const char *what);
void check_limits(const struct json *operation, int burst, int steady, const char *name);
/* Does its description have the text? */
bool specification_says(const struct json *operation, const char *text);

/* The validator itself. */
bool request_is_valid(const struct json *schema, const struct json *body);
/* Spoils one place after the other below value; root is what is checked. How many places there were. */
size_t spoil_all(const struct json *schema, const struct json *root, struct json *value);
/* Each member in turn becomes something that it cannot be. */
size_t confuse_all(const struct json *schema, const struct json *root, struct json *value);

#endif
