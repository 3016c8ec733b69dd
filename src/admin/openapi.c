/*
 * OpenAPI 3.1 of the API, from the table of routes and the shapes.
 */
#include "admin/admin_internal.h"

#include <ctype.h>
#include <string.h>

static struct json *text(const char *value)
{
	return json_new_text(str_from(value));
}

static struct json *object1(const char *name, struct json *value)
{
	struct json *json = json_new_object();

	json_set(json, name, value);
	return json;
}

static struct json *ref(struct arena *arena, const char *kind, const char *name)
{
	return object1("$ref", json_new_text(arena_printf(arena, "#/components/%s/%s", kind, name)));
}

static struct json *content(struct arena *arena, const char *type, const char *shape)
{
	struct json *media = object1("schema", ref(arena, "schemas", shape));

	return object1(type, media);
}

/* ---- parameters ---- */

static struct json *parameter(const char *name, const char *in, bool required, struct json *schema)
{
	struct json *json = json_new_object();

	json_set(json, "name", text(name));
	json_set(json, "in", text(in));
	json_set(json, "required", json_new_bool(required));
	json_set(json, "schema", schema);
	return json;
}

static struct json *string_schema(void)
{
	return object1("type", text("string"));
}

static void add_path_parameters(struct json *list, const char *path, struct arena *arena)
{
	for (const char *at = strchr(path, '{'); at; at = strchr(at, '{')) {
		const char *end = strchr(at, '}');
		struct str name = str_of(at + 1, (size_t)(end - at - 1));

		json_append(list, parameter(arena_cstr(arena, name), "path", true, string_schema()));
		at = end;
	}
}

static bool changes(const struct admin_route *route)
{
	return strcmp(route->method, "GET") != 0;
}

static struct json *parameters(const struct admin_route *route, struct arena *arena)
{
	struct json *list = json_new_array();

	add_path_parameters(list, route->path, arena);
	for (size_t i = 0; i < route->n_param; i++)
		json_append(list, parameter(route->param[i].name, "query",
					    !(route->param[i].flags & SHAPE_OPTIONAL),
					    shape_field_schema(&route->param[i])));
	if (route->flags & ROUTE_IF_MATCH)
		json_append(list, parameter("If-Match", "header", true, string_schema()));
	if (changes(route) && !(route->flags & ROUTE_PUBLIC))
		json_append(list, ref(arena, "parameters", "IdempotencyKey"));
	return list;
}

/* ---- an operation ---- */

static struct json *success(const struct admin_route *route, struct arena *arena)
{
	struct json *json = json_new_object();

	json_set(json, "description", text(route->status == 204 ? "Done." : "Here it is."));
	if (route->response)
		json_set(json, "content", content(arena, "application/json", route->response));
	else if (route->flags & ROUTE_STREAM)
		json_set(json, "content", object1("text/event-stream", object1("schema", string_schema())));
	else if (route->flags & ROUTE_FILE)
		json_set(json, "content", object1("*/*", object1("schema", json_new_object())));
	return json;
}

static struct json *responses(const struct admin_route *route, struct arena *arena)
{
	struct json *json = json_new_object();
	char status[12];
	size_t n = 0;

	for (int number = route->status; number > 0; number /= 10)
		status[2 - n++] = (char)('0' + number % 10);
	status[3] = '\0';
	json_set(json, status, success(route, arena));
	json_set(json, "default", ref(arena, "responses", "Problem"));
	return json;
}

static struct json *security(const struct admin_route *route)
{
	struct json *list = json_new_array(), *scopes;

	if (route->flags & ROUTE_PUBLIC)
		return list;
	json_append(list, object1("session", json_new_array()));
	if (route->flags & ROUTE_SESSION)
		return list;
	scopes = json_new_array();
	json_append(scopes, text(scope_text(route->scope)));
	json_append(list, object1("token", scopes));
	return list;
}

static struct json *operation(const struct admin_route *route, struct arena *arena)
{
	struct json *json = json_new_object(), *body;

	json_set(json, "operationId", text(route->id));
	json_set(json, "summary", text(route->summary));
	json_set(json, "tags", json_new_array());
	json_append(json_get(json, "tags"), text(route->tag));
	json_set(json, "parameters", parameters(route, arena));
	if (route->request) {
		body = json_new_object();
		json_set(body, "required", json_new_bool(true));
		json_set(body, "content", content(arena, "application/json", route->request));
		json_set(json, "requestBody", body);
	}
	if (route->flags & ROUTE_UPLOAD) {
		body = object1("content",
			       object1("application/octet-stream", object1("schema", json_new_object())));
		json_set(json, "requestBody", body);
		json_append(json_get(json, "parameters"),
			    parameter("Content-Range", "header", false, string_schema()));
		json_append(json_get(json, "parameters"),
			    parameter("Repr-Digest", "header", false, string_schema()));
	}
	json_set(json, "responses", responses(route, arena));
	json_set(json, "security", security(route));
	if (!(route->flags & ROUTE_PUBLIC)) {
		json_set(json, "x-role", text(user_role_text(scope_role(route->scope))));
		json_set(json, "x-unlimited", json_new_bool(route->flags & ROUTE_UNLIMITED));
	}
	return json;
}

static struct json *paths(struct arena *arena)
{
	struct json *json = json_new_object();
	size_t n;
	const struct admin_route *route = route_all(&n);

	for (size_t i = 0; i < n; i++) {
		struct json *path = json_get(json, route[i].path);
		char method[8] = { 0 };

		if (!path) {
			path = json_new_object();
			json_set(json, route[i].path, path);
		}
		for (size_t k = 0; k < sizeof(method) - 1 && route[i].method[k]; k++)
			method[k] = (char)tolower((unsigned char)route[i].method[k]);
		json_set(path, method, operation(&route[i], arena));
	}
	return json;
}

/* ---- what all share ---- */

static struct json *schemas(void)
{
	struct json *json = json_new_object();
	size_t n;
	const struct shape *shape = shape_all(&n);

	for (size_t i = 0; i < n; i++)
		json_set(json, shape[i].name, shape_schema(&shape[i]));
	return json;
}

static struct json *security_schemes(void)
{
	struct json *json = json_new_object(), *session = json_new_object(), *token = json_new_object();

	json_set(session, "type", text("apiKey"));
	json_set(session, "in", text("cookie"));
	json_set(session, "name", text("__Host-pannier"));
	json_set(session, "description",
		 text("pannier_session on plain http of this machine. Requests that change something also "
		      "carry "
		      "X-CSRF-Token."));
	json_set(token, "type", text("http"));
	json_set(token, "scheme", text("bearer"));
	json_set(json, "session", session);
	json_set(json, "token", token);
	return json;
}

static struct json *components(struct arena *arena)
{
	struct json *json = json_new_object(), *problem = json_new_object(), *key;

	json_set(json, "schemas", schemas());
	json_set(problem, "description", text("Why not."));
	json_set(problem, "content", content(arena, "application/problem+json", "Problem"));
	json_set(json, "responses", object1("Problem", problem));
	key = parameter("Idempotency-Key", "header", false, string_schema());
	json_set(key, "description",
		 text("1 to 64 visible characters: the same request with the same key is carried out once."));
	json_set(json, "parameters", object1("IdempotencyKey", key));
	json_set(json, "securitySchemes", security_schemes());
	return json;
}

struct str openapi_text(struct arena *arena)
{
	struct json *json = json_new_object(), *info = json_new_object(), *servers = json_new_array();
	struct str out;

	json_set(json, "openapi", text("3.1.0"));
	json_set(info, "title", text("Pannier"));
	json_set(info, "version", text("1"));
	json_set(info, "description", text("All that the screens at /admin do. See docs/admin-api.md."));
	json_set(json, "info", info);
	json_append(servers, object1("url", text(ADMIN_API)));
	json_set(json, "servers", servers);
	json_set(json, "paths", paths(arena));
	json_set(json, "components", components(arena));
	out = json_write_arena(json, false, arena);
	json_free(json);
	return out;
}

bool get_openapi(struct admin_call *call, struct err *err)
{
	(void)err;
	call->status = 200;
	call->text = call->admin->openapi;
	call->has_text = true;
	return true;
}
