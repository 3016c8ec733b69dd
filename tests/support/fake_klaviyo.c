/*
 * A Klaviyo catalog in memory. One thread.
 */
#include "support/fake_klaviyo.h"

#include "base/alloc.h"
#include "base/attr.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCRIPTS_MAX 32
#define ID_PREFIX   "$custom:::$default:::"

struct kind_row {
	const char *word;
	const char *article;
	const char *plural;
};

static const struct kind_row kind_row[] = {
	{ "category", "A category", "categories" },
	{ "item", "An item", "items" },
	{ "variant", "A variant", "variants" },
};

struct thing {
	char *key;
	size_t kind;
	char *id;
	struct json *data; /* {attributes, relationships} */
};

struct job {
	char *key;
	char id[24];
	size_t kind;
	char op[8];
	struct json *rows;
	int64_t created_ms;
	bool complete;
	size_t n_failed;
	struct strbuf errors; /* elements of the list */
};

struct script {
	const char *method;
	const char *path_part;
	int times;
	bool after;
	struct fake_reply reply;
};

struct fake_klaviyo {
	struct clock *clock;
	struct thing *thing;
	size_t n_thing;
	struct job *job;
	size_t n_job;
	int64_t job_ms;
	size_t job_page;
	struct script script[SCRIPTS_MAX];
	size_t n_script;
	const char *only_key;
	char complaint[256];
};

struct fake_klaviyo *fake_klaviyo_new(struct clock *clock)
{
	struct fake_klaviyo *klaviyo = mem_zalloc(1, sizeof(*klaviyo));

	klaviyo->clock = clock;
	return klaviyo;
}

static void free_thing(struct thing *thing)
{
	mem_free(thing->key);
	mem_free(thing->id);
	json_free(thing->data);
}

void fake_klaviyo_free(struct fake_klaviyo *klaviyo)
{
	if (!klaviyo)
		return;
	for (size_t i = 0; i < klaviyo->n_thing; i++)
		free_thing(&klaviyo->thing[i]);
	for (size_t i = 0; i < klaviyo->n_job; i++) {
		mem_free(klaviyo->job[i].key);
		json_free(klaviyo->job[i].rows);
		strbuf_release(&klaviyo->job[i].errors);
	}
	mem_free(klaviyo->thing);
	mem_free(klaviyo->job);
	mem_free(klaviyo);
}

void fake_klaviyo_job_ms(struct fake_klaviyo *klaviyo, int64_t ms)
{
	klaviyo->job_ms = ms;
}

void fake_klaviyo_job_page(struct fake_klaviyo *klaviyo, size_t n)
{
	klaviyo->job_page = n;
}

static void add_script(struct fake_klaviyo *klaviyo, struct script script)
{
	assert(klaviyo->n_script < SCRIPTS_MAX);
	klaviyo->script[klaviyo->n_script++] = script;
}

void fake_klaviyo_script(struct fake_klaviyo *klaviyo, const char *method, const char *path_part, int times,
			 struct fake_reply reply)
{
	add_script(klaviyo, (struct script){ method, path_part, times, false, reply });
}

void fake_klaviyo_script_after(struct fake_klaviyo *klaviyo, const char *method, const char *path_part,
			       int times, struct fake_reply reply)
{
	add_script(klaviyo, (struct script){ method, path_part, times, true, reply });
}

void fake_klaviyo_only_key(struct fake_klaviyo *klaviyo, const char *key_end)
{
	klaviyo->only_key = key_end;
}

/* ---- things ---- */

static struct thing *find_thing(const struct fake_klaviyo *klaviyo, struct str key, size_t kind,
				struct str id)
{
	for (size_t i = 0; i < klaviyo->n_thing; i++) {
		struct thing *thing = &klaviyo->thing[i];

		if (thing->kind == kind && str_eq(str_from(thing->id), id) &&
		    (key.len == 0 || str_eq(str_from(thing->key), key)))
			return thing;
	}
	return NULL;
}

static char *text_copy(struct str text)
{
	char *copy = mem_alloc(text.len + 1);

	memcpy(copy, text.p ? text.p : "", text.len);
	copy[text.len] = '\0';
	return copy;
}

static struct thing *add_thing(struct fake_klaviyo *klaviyo, struct str key, size_t kind, struct str id)
{
	struct thing *thing;

	klaviyo->thing = mem_resize(klaviyo->thing, (klaviyo->n_thing + 1) * sizeof(*klaviyo->thing));
	thing = &klaviyo->thing[klaviyo->n_thing++];
	*thing = (struct thing){ text_copy(key), kind, text_copy(id), json_new_object() };
	json_set(thing->data, "attributes", json_new_object());
	return thing;
}

static void remove_at(struct fake_klaviyo *klaviyo, size_t i)
{
	free_thing(&klaviyo->thing[i]);
	klaviyo->thing[i] = klaviyo->thing[--klaviyo->n_thing];
}

static struct str plain_id(struct str id)
{
	return str_starts(id, STR(ID_PREFIX)) ? str_skip(id, sizeof(ID_PREFIX) - 1) : id;
}

static struct str item_of(const struct thing *variant)
{
	const struct json *item = json_get(json_get(variant->data, "relationships"), "item");

	return plain_id(json_get_text(json_get(item, "data"), "id"));
}

static void remove_thing(struct fake_klaviyo *klaviyo, struct thing *thing)
{
	struct thing gone = *thing;

	gone.id = mem_strdup(thing->id);
	gone.key = mem_strdup(thing->key);
	remove_at(klaviyo, (size_t)(thing - klaviyo->thing));
	for (size_t i = klaviyo->n_thing; gone.kind == 1 && i-- > 0;)
		if (klaviyo->thing[i].kind == 2 && str_eq(item_of(&klaviyo->thing[i]), str_from(gone.id)) &&
		    strcmp(klaviyo->thing[i].key, gone.key) == 0)
			remove_at(klaviyo, i);
	mem_free(gone.id);
	mem_free(gone.key);
}

/* ---- one row: "" or the detail of an error ---- */

struct change {
	struct fake_klaviyo *klaviyo;
	struct str key;
	size_t kind;
	struct arena *arena;
	int status; /* of the error */
};

static struct str missing(struct change *change, size_t kind, struct str id)
{
	change->status = 404;
	return arena_printf(change->arena, "%s with the id `" ID_PREFIX "%.*s` does not exist.",
			    kind_row[kind].article, STR_ARG(id));
}

static struct str check_links(struct change *change, const struct json *row)
{
	const struct json *relationships = json_get(row, "relationships");
	const struct json *categories = json_get(json_get(relationships, "categories"), "data");
	struct str item = plain_id(json_get_text(json_get(json_get(relationships, "item"), "data"), "id"));

	for (size_t i = 0; i < json_len(categories); i++) {
		struct str id = plain_id(json_get_text(json_at(categories, i), "id"));

		if (!find_thing(change->klaviyo, change->key, 0, id))
			return missing(change, 0, id);
	}
	if (item.len > 0 && !find_thing(change->klaviyo, change->key, 1, item))
		return missing(change, 1, item);
	return (struct str){ 0 };
}

static void put_members(struct thing *thing, const struct json *row)
{
	struct json *attributes = json_get(thing->data, "attributes");
	const struct json *from = json_get(row, "attributes");

	for (void *it = json_first(from); it; it = json_next(from, it))
		json_set_n(attributes, json_member_name(it), json_clone(json_member_value(it)));
	if (json_get(row, "relationships"))
		json_set(thing->data, "relationships", json_clone(json_get(row, "relationships")));
}

static struct str apply_create(struct change *change, const struct json *row)
{
	struct str id = json_get_text(json_get(row, "attributes"), "external_id");
	struct str error = check_links(change, row);

	if (id.len == 0) {
		change->status = 400;
		return STR("'external_id' is a required field.");
	}
	if (error.len > 0)
		return error;
	if (find_thing(change->klaviyo, change->key, change->kind, id)) {
		change->status = 409;
		return arena_printf(change->arena, "%s with the external id `%.*s` already exists.",
				    kind_row[change->kind].article, STR_ARG(id));
	}
	put_members(add_thing(change->klaviyo, change->key, change->kind, id), row);
	return (struct str){ 0 };
}

static struct str apply_row(struct change *change, const char *op, const struct json *row)
{
	struct str id = plain_id(json_get_text(row, "id"));
	struct thing *thing;
	struct str error;

	if (strcmp(op, "create") == 0)
		return apply_create(change, row);
	thing = find_thing(change->klaviyo, change->key, change->kind, id);
	if (!thing)
		return missing(change, change->kind, id);
	if (strcmp(op, "delete") == 0) {
		remove_thing(change->klaviyo, thing);
		return (struct str){ 0 };
	}
	error = check_links(change, row);
	if (error.len == 0)
		put_members(thing, row);
	return error;
}

/* ---- answers ---- */

static struct str error_object(struct arena *arena, int status, struct str detail)
{
	const char *code = status == 404 ? "not_found" : status == 409 ? "duplicate_result" : "invalid";

	return arena_printf(
		arena,
		"{\"id\":\"e\",\"status\":%d,\"code\":\"%s\",\"title\":\"No.\",\"detail\":\"%.*s\","
		"\"source\":{\"pointer\":\"/data/\"}}",
		status, code, STR_ARG(detail));
}

static void reply_with_error(struct fake_reply *reply, struct arena *arena, int status, struct str detail)
{
	struct str object = error_object(arena, status, detail);

	reply->status = status;
	reply->body = arena_printf(arena, "{\"errors\":[%.*s]}", STR_ARG(object));
}

static void complain(struct fake_klaviyo *klaviyo, const struct fake_request *request, const char *why)
{
	(void)snprintf(klaviyo->complaint, sizeof(klaviyo->complaint), "%.*s %.*s: %s",
		       STR_ARG(request->method), STR_ARG(request->path), why);
}

static void answer_single(struct change *change, const struct fake_request *request, struct str id,
			  const struct json *body, struct fake_reply *reply)
{
	const char *op = str_eq(request->method, STR("POST"))	 ? "create"
			 : str_eq(request->method, STR("PATCH")) ? "update"
								 : "delete";
	struct json *row = json_new_object();
	struct str error;

	if (strcmp(op, "delete") == 0) {
		json_set_text(row, "id", id);
		error = apply_row(change, op, row);
	} else {
		error = apply_row(change, op, json_get(body, "data"));
	}
	json_free(row);
	reply->status = strcmp(op, "create") == 0 ? 201 : strcmp(op, "update") == 0 ? 200 : 204;
	reply->body = strcmp(op, "delete") == 0 ? (struct str){ 0 } : STR("{\"data\":{\"id\":\"x\"}}");
	if (error.len > 0)
		reply_with_error(reply, change->arena, change->status, error);
}

/* ---- jobs ---- */

static void start_job(struct change *change, const char *op, const struct json *body,
		      struct fake_reply *reply)
{
	struct fake_klaviyo *klaviyo = change->klaviyo;
	const struct json *attributes = json_get(json_get(body, "data"), "attributes");
	struct job *job;

	klaviyo->job = mem_resize(klaviyo->job, (klaviyo->n_job + 1) * sizeof(*klaviyo->job));
	job = &klaviyo->job[klaviyo->n_job++];
	*job = (struct job){
		.key = text_copy(change->key),
		.kind = change->kind,
		.rows = json_clone(json_get(json_get(attributes, kind_row[change->kind].plural), "data")),
		.created_ms = clock_wall_ms(klaviyo->clock),
	};
	(void)snprintf(job->id, sizeof(job->id), "job%zu", klaviyo->n_job);
	(void)snprintf(job->op, sizeof(job->op), "%s", op);
	strbuf_init(&job->errors, 1 << 20);
	reply->status = 202;
	reply->body = arena_printf(change->arena, "{\"data\":{\"type\":\"job\",\"id\":\"%s\"}}", job->id);
}

static void complete_job(struct fake_klaviyo *klaviyo, struct job *job, struct arena *arena)
{
	struct change change = { klaviyo, str_from(job->key), job->kind, arena, 0 };

	if (job->complete || clock_wall_ms(klaviyo->clock) - job->created_ms < klaviyo->job_ms)
		return;
	job->complete = true;
	for (size_t i = 0; i < json_len(job->rows); i++) {
		struct str error = apply_row(&change, job->op, json_at(job->rows, i));

		if (error.len == 0)
			continue;
		strbuf_add_text(&job->errors, job->n_failed++ > 0 ? "," : "");
		strbuf_add_str(&job->errors, error_object(arena, change.status, error));
	}
}

static void write_job(const struct job *job, struct strbuf *out)
{
	size_t n = job->complete ? json_len(job->rows) : 0;

	strbuf_addf(out,
		    "{\"type\":\"job\",\"id\":\"%s\",\"attributes\":{\"status\":\"%s\",\"total_count\":%zu,"
		    "\"completed_count\":%zu,\"failed_count\":%zu,\"errors\":[",
		    job->id, job->complete ? "complete" : "processing", n, n - job->n_failed, job->n_failed);
	strbuf_add_str(out, strbuf_str(&job->errors));
	strbuf_add_text(out, "]}}");
}

static bool is_listed(const struct job *job, const struct change *change, const char *op, struct str id)
{
	return str_eq(str_from(job->key), change->key) && job->kind == change->kind &&
	       strcmp(job->op, op) == 0 && (id.len == 0 || str_eq(id, str_from(job->id)));
}

/* "?page=7": the jobs behind the 7th */
static size_t page_start(struct str query)
{
	int64_t start = 0;

	if (str_starts(query, STR("page=")))
		(void)str_to_int64(str_skip(query, 5), &start);
	return (size_t)start;
}

static void answer_list(struct change *change, const char *op, struct str query, struct fake_reply *reply)
{
	struct fake_klaviyo *klaviyo = change->klaviyo;
	struct strbuf out;
	size_t n = 0, at;

	strbuf_init(&out, 16 << 20);
	strbuf_add_text(&out, "{\"data\":[");
	for (at = page_start(query); at < klaviyo->n_job; at++) {
		struct job *job = &klaviyo->job[klaviyo->job_page ? at : klaviyo->n_job - 1 - at];

		if (!is_listed(job, change, op, (struct str){ 0 }))
			continue;
		if (klaviyo->job_page && n == klaviyo->job_page)
			break;
		complete_job(klaviyo, job, change->arena);
		strbuf_add_text(&out, n++ > 0 ? "," : "");
		write_job(job, &out);
	}
	strbuf_add_text(&out, "],\"links\":{\"next\":");
	if (at < klaviyo->n_job)
		strbuf_addf(&out, "\"https://a.klaviyo.example/x?page=%zu\"}}", at);
	else
		strbuf_add_text(&out, "null}}");
	reply->status = 200;
	reply->body = arena_dup(change->arena, strbuf_str(&out));
	strbuf_release(&out);
}

static void answer_poll(struct change *change, const char *op, struct str id, struct fake_reply *reply)
{
	struct strbuf out;

	for (size_t i = 0; i < change->klaviyo->n_job; i++) {
		struct job *job = &change->klaviyo->job[i];

		if (!is_listed(job, change, op, id))
			continue;
		complete_job(change->klaviyo, job, change->arena);
		strbuf_init(&out, 16 << 20);
		strbuf_add_text(&out, "{\"data\":");
		write_job(job, &out);
		strbuf_add_char(&out, '}');
		reply->status = 200;
		reply->body = arena_dup(change->arena, strbuf_str(&out));
		strbuf_release(&out);
		return;
	}
	reply_with_error(reply, change->arena, 404, STR("no such job"));
}

/* ---- routes ---- */

static bool route_bulk(struct change *change, const struct fake_request *request, struct str rest,
		       const struct json *body, struct fake_reply *reply)
{
	static const char *const op[] = { "create", "update", "delete" };

	for (size_t i = 0; i < ARRAY_LEN(op); i++) {
		struct str prefix = arena_printf(change->arena, "-bulk-%s-jobs", op[i]);
		struct str id = str_skip(rest, prefix.len + 1);

		if (!str_starts(rest, prefix))
			continue;
		if (str_eq(request->method, STR("POST")))
			start_job(change, op[i], body, reply);
		else if (rest.len == prefix.len || rest.p[prefix.len] == '?')
			answer_list(change, op[i], id, reply);
		else
			answer_poll(change, op[i], id, reply);
		return true;
	}
	return false;
}

static void route(struct fake_klaviyo *klaviyo, const struct fake_request *request, const struct json *body,
		  struct arena *arena, struct fake_reply *reply)
{
	for (size_t kind = 0; kind < ARRAY_LEN(kind_row); kind++) {
		struct change change = { klaviyo, request->key, kind, arena, 0 };
		struct str single = arena_printf(arena, "/api/catalog-%s", kind_row[kind].plural);
		struct str bulk = arena_printf(arena, "/api/catalog-%s", kind_row[kind].word);

		if (str_starts(request->path, single)) {
			answer_single(&change, request, str_skip(request->path, single.len + 1), body, reply);
			return;
		}
		if (str_starts(request->path, bulk) &&
		    route_bulk(&change, request, str_skip(request->path, bulk.len), body, reply))
			return;
	}
	complain(klaviyo, request, "there is nothing there");
	reply_with_error(reply, arena, 404, STR("nothing there"));
}

static struct script *find_script(struct fake_klaviyo *klaviyo, const struct fake_request *request)
{
	for (size_t i = 0; i < klaviyo->n_script; i++) {
		struct script *script = &klaviyo->script[i];

		if (script->times > 0 && str_eq(request->method, str_from(script->method)) &&
		    strstr(request->path.p, script->path_part))
			return script;
	}
	return NULL;
}

void fake_klaviyo_answer(void *arg, const struct fake_request *request, struct arena *arena,
			 struct fake_reply *reply)
{
	struct fake_klaviyo *klaviyo = arg;
	struct script *script = find_script(klaviyo, request);
	struct json *body = NULL;

	if (klaviyo->only_key && !str_ends(request->key, str_from(klaviyo->only_key))) {
		reply->status = 401;
		reply->body =
			STR("{\"errors\":[{\"id\":\"e\",\"status\":401,\"code\":\"authentication_failed\","
			    "\"title\":\"Authentication failed.\",\"detail\":\"Incorrect credentials.\"}]}");
		return;
	}
	if (script && script->times-- > 0 && !script->after) {
		*reply = script->reply;
		return;
	}
	if (request->body.len > 0 && !json_parse(request->body, &body, NULL))
		complain(klaviyo, request, "the body is not JSON");
	route(klaviyo, request, body, arena, reply);
	json_free(body);
	if (script)
		*reply = script->reply;
}

/* ---- looking ---- */

static size_t kind_of(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(kind_row); i++)
		if (strcmp(word, kind_row[i].word) == 0)
			return i;
	assert(0 && "no such kind");
	return 0;
}

const struct json *fake_klaviyo_get(const struct fake_klaviyo *klaviyo, const char *kind,
				    const char *external_id)
{
	const struct thing *thing =
		find_thing(klaviyo, (struct str){ 0 }, kind_of(kind), str_from(external_id));

	return thing ? json_get(thing->data, "attributes") : NULL;
}

size_t fake_klaviyo_count(const struct fake_klaviyo *klaviyo, const char *kind)
{
	size_t n = 0;

	for (size_t i = 0; i < klaviyo->n_thing; i++)
		n += klaviyo->thing[i].kind == kind_of(kind);
	return n;
}

void fake_klaviyo_put(struct fake_klaviyo *klaviyo, const char *key, const char *kind,
		      const char *external_id)
{
	char header[128];

	(void)snprintf(header, sizeof(header), "Klaviyo-API-Key %s", key);
	(void)add_thing(klaviyo, str_from(header), kind_of(kind), str_from(external_id));
}

void fake_klaviyo_remove(struct fake_klaviyo *klaviyo, const char *kind, const char *external_id)
{
	struct thing *thing = find_thing(klaviyo, (struct str){ 0 }, kind_of(kind), str_from(external_id));

	assert(thing);
	remove_thing(klaviyo, thing);
}

static int compare_things(const void *a, const void *b)
{
	const struct thing *left = a, *right = b;
	int order = strcmp(left->key, right->key);

	if (order == 0)
		order = (left->kind > right->kind) - (left->kind < right->kind);
	return order != 0 ? order : strcmp(left->id, right->id);
}

struct str fake_klaviyo_dump(const struct fake_klaviyo *klaviyo, struct arena *arena)
{
	struct strbuf out;
	struct str text;

	/* The order of things means nothing to anybody else. */
	qsort(klaviyo->thing, klaviyo->n_thing, sizeof(*klaviyo->thing), compare_things);
	strbuf_init(&out, 64 << 20);
	for (size_t i = 0; i < klaviyo->n_thing; i++) {
		const struct thing *thing = &klaviyo->thing[i];

		strbuf_addf(&out, "%s %s %s ", thing->key, kind_row[thing->kind].word, thing->id);
		json_write(thing->data, true, &out);
		strbuf_add_char(&out, '\n');
	}
	text = arena_dup(arena, strbuf_str(&out));
	strbuf_release(&out);
	return text;
}

struct str fake_klaviyo_complaint(const struct fake_klaviyo *klaviyo)
{
	return str_from(klaviyo->complaint);
}
