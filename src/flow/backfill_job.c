/*
 * Registering files of history, and how each is read, as kept with its job.
 *
 * Doesn't: read further than the header.
 */
#include "flow/backfill.h"

#include "base/attr.h"
#include "base/json.h"
#include "base/unpack.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Members of the text and of the options, one row each. */
static const struct {
	const char *name;
	size_t at;
} members[] = {
	{ "map", offsetof(struct import_options, map) },
	{ "currency", offsetof(struct import_options, currency) },
	{ "consented_at", offsetof(struct import_options, consented_at) },
	{ "zone", offsetof(struct import_options, zone) },
	{ "dates", offsetof(struct import_options, days) },
	{ "lines", offsetof(struct import_options, lines) },
};

static struct str *member_of(struct import_options *options, size_t i)
{
	return (struct str *)(void *)((char *)options + members[i].at);
}

static struct str options_text(struct import_options options, struct arena *arena)
{
	struct json *json = json_new_object();
	struct str text;

	json_set_text(json, "kind", str_from(import_kind_text(options.kind)));
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		json_set_text(json, members[i].name, *member_of(&options, i));
	text = json_write_arena(json, true, arena);
	json_free(json);
	return text;
}

bool backfill_options(struct str text, struct arena *arena, struct import_options *out, struct err *err)
{
	struct json *json = NULL;
	bool ok;

	*out = (struct import_options){ 0 };
	if (!json_parse(text, &json, err))
		return err_wrap(err, "options of an import");
	ok = import_kind_parse(json_get_text(json, "kind"), &out->kind);
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		*member_of(out, i) = arena_dup(arena, json_get_text(json, members[i].name));
	json_free(json);
	return ok || err_set(err, ERR_INVALID, "options of an import: unknown kind");
}

/* The path as another process finds it. */
static bool absolute(const char *path, struct arena *arena, struct str *out, struct err *err)
{
	char *real = arena_alloc(arena, PATH_MAX);

	if (!realpath(path, real))
		return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_DENIED, "'%s': %s", path,
			       strerror(errno));
	*out = str_from(real);
	return true;
}

static bool check(const char *path, struct import_options *options, struct err *err)
{
	static const struct import_place beginning;
	struct import_reader *reader = NULL;

	if (!import_open(path, options, &beginning, &reader, err))
		return false;
	options->kind = import_kind_of(reader);
	import_close(reader);
	return true;
}

bool backfill_fingerprint(struct str path, struct str lines, struct str options, struct digest16 *digest,
			  int64_t *size, struct err *err)
{
	struct digest16 own, other = { 0 };
	struct arena arena;
	struct str part[3];
	int64_t other_size;
	bool ok;

	arena_init(&arena);
	ok = unpack_fingerprint(arena_cstr(&arena, path), &own, size, err) &&
	     (!lines.len || unpack_fingerprint(arena_cstr(&arena, lines), &other, &other_size, err));
	arena_release(&arena);
	if (!ok)
		return false;
	part[0] = str_of((const char *)own.byte, sizeof(own.byte));
	part[1] = str_of((const char *)other.byte, sizeof(other.byte));
	part[2] = options;
	*digest = digest16_of(part, ARRAY_LEN(part));
	return true;
}

bool backfill_register(struct db *db, int64_t now_ms, int64_t store_id, const char *path,
		       const struct import_options *options, int64_t per_minute, int64_t *id,
		       enum import_kind *kind, struct err *err)
{
	struct import_options kept = *options;
	struct import_job job = { .store_id = store_id, .per_minute = per_minute };
	struct arena arena;
	bool ok;

	arena_init(&arena);
	ok = absolute(path, &arena, &job.path, err) &&
	     (!options->lines.len ||
	      absolute(arena_cstr(&arena, options->lines), &arena, &kept.lines, err)) &&
	     check(job.path.p, &kept, err);
	if (ok) {
		*kind = kept.kind;
		job.rank = (int)kept.kind;
		job.options = options_text(kept, &arena);
		ok = backfill_fingerprint(job.path, kept.lines, job.options, &job.fingerprint, &job.size,
					  err) &&
		     db_import_put(db, now_ms, &job, id, err);
	}
	arena_release(&arena);
	return ok;
}
