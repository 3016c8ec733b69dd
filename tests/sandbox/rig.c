/*
 * A sandbox without sockets, for tests.
 *
 * Threads: one.
 */
#include "rig.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

struct rig *rig_new_scaled(double time_scale)
{
	struct rig *rig = mem_zalloc(1, sizeof(*rig));
	struct sandbox_config config;

	clock_manual_init(&rig->clock, INT64_C(1790000000000));
	rand_seeded_init(&rig->rand, 7);
	arena_init(&rig->arena);
	config = (struct sandbox_config){
		.clock = &rig->clock.clock,
		.rand = &rig->rand.rand,
		.time_scale = time_scale,
	};
	rig->sandbox = sandbox_new(&config);
	rig->key = RIG_KEY;
	rig->revision = "2026-07-15";
	rig->content_type = JSON_API_TYPE;
	return rig;
}

struct rig *rig_new(void)
{
	struct rig *rig = rig_new_scaled(1);

	rig_knobs(rig, "{\"limits\":\"off\"}");
	return rig;
}

void rig_free(struct rig *rig)
{
	json_free(rig->answer);
	sandbox_free(rig->sandbox);
	arena_release(&rig->arena);
	mem_free(rig);
}

int rig_send(struct rig *rig, const char *method, const char *target, const char *body)
{
	struct str text = str_from(target);
	size_t at = str_find_char(text, '?');
	struct request request = {
		.method = str_from(method),
		.path = str_of(text.p, at),
		.query = str_skip(text, at + 1),
		.body = str_from(body),
		.revision = str_from(rig->revision),
		.host = STR("sandbox.test:80"),
		.content_type = str_from(rig->content_type),
	};

	if (rig->authorization)
		request.authorization = str_from(rig->authorization);
	else if (rig->key)
		request.authorization = arena_printf(&rig->arena, "Klaviyo-API-Key %s", rig->key);
	json_free(rig->answer);
	rig->answer = NULL;
	sandbox_handle(rig->sandbox, &request, &rig->arena, &rig->reply);
	if (rig->reply.body.len > 0 && rig->reply.body.p[0] == '{' &&
	    !json_parse(rig->reply.body, &rig->answer, NULL))
		fail_msg("the answer to %s %s is not JSON: %.*s", method, target, STR_ARG(rig->reply.body));
	return rig->reply.status;
}

void rig_wait(struct rig *rig, int64_t ms)
{
	rig->clock.now_ms += ms;
}

void rig_knobs(struct rig *rig, const char *json)
{
	rig_check_status(json, rig_send(rig, "POST", "/sandbox/knobs", json), 200);
}

const struct json *rig_at(const struct rig *rig, const char *path)
{
	struct str rest = str_from(path), name;
	const struct json *value = rig->answer;

	while (value && str_split(&rest, '.', &name)) {
		int64_t index;

		if (json_type(value) == JSON_ARRAY && str_to_int64(name, &index)) {
			value = json_at(value, (size_t)index);
		} else {
			char text[100];

			(void)snprintf(text, sizeof(text), "%.*s", STR_ARG(name));
			value = json_get(value, text);
		}
	}
	return value;
}

struct str rig_text(const struct rig *rig, const char *path)
{
	const struct json *value = rig_at(rig, path);

	if (!value || json_type(value) == JSON_STRING)
		return json_text(value);
	return json_write_arena(value, false, &((struct rig *)(uintptr_t)rig)->arena);
}

const char *rig_header(struct rig *rig, const char *name)
{
	for (size_t i = 0; i < rig->reply.n_headers; i++)
		if (strcmp(rig->reply.header[i].name, name) == 0)
			return arena_cstr(&rig->arena, rig->reply.header[i].value);
	return NULL;
}

void rig_check_status(const char *what, int got, int want)
{
	if (got != want)
		fail_msg("%s: got status %d, want %d", what, got, want);
}

void rig_check_text(struct rig *rig, const char *what, const char *path, const char *want)
{
	struct str got = rig_text(rig, path);

	if (!str_eq(got, str_from(want)))
		fail_msg("%s: %s: got '%.*s', want '%s'\nin %.*s", what, path, STR_ARG(got), want,
			 STR_ARG(rig->reply.body));
}

const char *rig_printf(struct rig *rig, const char *format, ...)
{
	struct strbuf text;
	const char *copy;
	va_list args;

	strbuf_init(&text, SIZE_MAX / 2);
	va_start(args, format);
	strbuf_vaddf(&text, format, args);
	va_end(args);
	copy = arena_cstr(&rig->arena, strbuf_str(&text));
	strbuf_release(&text);
	return copy;
}

const char *rig_item(struct rig *rig, const char *id, const char *more)
{
	return rig_printf(
		rig,
		"{\"data\":{\"type\":\"catalog-item\",\"attributes\":{\"external_id\":\"%s\","
		"\"title\":\"Title %s\",\"description\":\"d\",\"url\":\"https://shop.test/%s\"%s}}}",
		id, id, id, more);
}

const char *rig_variant(struct rig *rig, const char *id, const char *item, const char *more)
{
	return rig_printf(
		rig,
		"{\"data\":{\"type\":\"catalog-variant\",\"attributes\":{\"external_id\":\"%s\","
		"\"title\":\"Variant %s\",\"description\":\"d\",\"sku\":\"S-%s\",\"inventory_quantity\":3,"
		"\"price\":9.5,\"url\":\"https://shop.test/v\"%s},\"relationships\":{\"item\":{\"data\":"
		"{\"type\":\"catalog-item\",\"id\":\"" RIG_ID "%s\"}}}}}",
		id, id, id, more, item);
}

const char *rig_category(struct rig *rig, const char *id)
{
	return rig_printf(rig,
			  "{\"data\":{\"type\":\"catalog-category\",\"attributes\":{\"external_id\":\"%s\","
			  "\"name\":\"Name %s\"}}}",
			  id, id);
}

void rig_add(struct rig *rig, const char *path, const char *body)
{
	rig_check_status(body, rig_send(rig, "POST", path, body), 201);
}
