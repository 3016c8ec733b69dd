/*
 * The folder of uploads: names, what is in it, and what may go.
 *
 * Keeps:   the whole file of an import goes when the import has ended or its store was removed.
 * Threads: as upload.c.
 */
#include "flow/upload_folder.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/mutant.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART	     ".part"
#define UNKNOWN	     "x"
#define ROWS_MAX     1000
#define DIGEST_BYTES 8 /* of a name */
/* A file that no import is of may be about to become one. */
#define FRESH_MS (10 * MS_PER_MIN)

/* ---- names ---- */

struct str upload_folder_path(const char *data, int64_t store_id, struct arena *arena)
{
	return arena_printf(arena, "%s/imports/%" PRId64, data, store_id);
}

struct str upload_part_path(const char *data, const struct upload_wish *wish, struct arena *arena)
{
	struct str folder = upload_folder_path(data, wish->store_id, arena);

	if (wish->bytes < 0)
		return arena_printf(arena, "%.*s/%.*s." UNKNOWN PART, STR_ARG(folder), STR_ARG(wish->name));
	return arena_printf(arena, "%.*s/%.*s.%" PRId64 PART, STR_ARG(folder), STR_ARG(wish->name),
			    wish->bytes);
}

struct str upload_whole_path(const char *data, const struct upload_wish *wish,
			     const unsigned char digest[static SHA256_BYTES], struct arena *arena)
{
	char hex[2 * DIGEST_BYTES + 1];

	hex_encode(digest, DIGEST_BYTES, hex);
	return arena_printf(arena, "%.*s/%s-%.*s", STR_ARG(upload_folder_path(data, wish->store_id, arena)),
			    hex, STR_ARG(wish->name));
}

int64_t upload_durable(int64_t bytes)
{
	if (mutant_is(MUTANT_part_believed))
		return bytes;
	return bytes > 0 ? (bytes - 1) / UPLOAD_STEP * UPLOAD_STEP : 0;
}

/* "orders.csv.1234.part"; false: another file. */
static bool read_part_name(struct str file, struct upload_row *row)
{
	size_t dot;

	if (!str_ends(file, STR(PART)))
		return false;
	file.len -= sizeof(PART) - 1;
	dot = file.len;
	while (dot > 0 && file.p[dot - 1] != '.')
		dot--;
	if (dot < 2)
		return false;
	row->name = str_of(file.p, dot - 1);
	row->bytes = -1;
	return str_eq(str_skip(file, dot), STR(UNKNOWN)) || str_to_int64(str_skip(file, dot), &row->bytes);
}

/* ---- looking ---- */

typedef bool folder_visit(void *arg, struct str path, struct str name, const struct stat *stat_of,
			  struct err *err);

/* Every ordinary file of a folder, in no order; a folder that is not there has none. */
static bool visit_folder(struct str folder, struct arena *arena, folder_visit *visit, void *arg,
			 struct err *err)
{
	DIR *dir = opendir(arena_cstr(arena, folder));
	const struct dirent *entry;
	bool ok = true;

	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ||
		       err_set(err, ERR_INVALID, "read '%.*s': %s", STR_ARG(folder), strerror(errno));
	while (ok && (entry = readdir(dir))) {
		struct str name = arena_dup(arena, str_from(entry->d_name));
		struct str path = arena_printf(arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(name));
		struct stat stat_of;

		if (name.p[0] != '.' && stat(path.p, &stat_of) == 0)
			ok = visit(arg, path, name, &stat_of, err);
	}
	(void)closedir(dir);
	return ok;
}

struct listing {
	struct upload_row *row;
	size_t n;
};

static bool list_one(void *arg, struct str path, struct str name, const struct stat *stat_of, struct err *err)
{
	struct listing *listing = arg;
	struct upload_row row;

	(void)path;
	(void)err;
	if (listing->n == ROWS_MAX || !read_part_name(name, &row))
		return true;
	/* One that was whole begins anew (upload.c). */
	row.received = stat_of->st_nlink == 1 ? upload_durable(stat_of->st_size) : 0;
	row.changed_ms = (int64_t)stat_of->st_mtime * MS_PER_S;
	listing->row[listing->n++] = row;
	return true;
}

static int compare_rows(const void *a, const void *b)
{
	return str_cmp(((const struct upload_row *)a)->name, ((const struct upload_row *)b)->name);
}

bool upload_list(const char *data, int64_t store_id, struct arena *arena, struct upload_row **row, size_t *n,
		 struct err *err)
{
	struct listing listing = { .row = ARENA_ARRAY(arena, ROWS_MAX, struct upload_row) };

	if (!visit_folder(upload_folder_path(data, store_id, arena), arena, list_one, &listing, err))
		return false;
	qsort(listing.row, listing.n, sizeof(*listing.row), compare_rows);
	*row = listing.row;
	*n = listing.n;
	return true;
}

/* ---- sweeping ---- */

struct sweep {
	struct arena *arena;
	const struct import_job *job;
	size_t n_job;
	int64_t now_ms;
};

/* Has an import of this file not ended? *any: there was one. */
static bool is_needed(const struct sweep *sweep, struct str path, bool *any)
{
	*any = false;
	for (size_t i = 0; i < sweep->n_job; i++) {
		if (!str_eq(sweep->job[i].path, path))
			continue;
		*any = true;
		if (sweep->job[i].state <= IMPORT_FAILED && !mutant_is(MUTANT_file_swept))
			return true;
	}
	return false;
}

/* What is of another day than has come is from before the clock was set back. */
static bool is_older(int64_t age_ms, int64_t than_ms)
{
	return age_ms > than_ms || age_ms < -MS_PER_DAY;
}

static bool sweep_file(void *arg, struct str path, struct str name, const struct stat *stat_of,
		       struct err *err)
{
	const struct sweep *sweep = arg;
	int64_t age_ms = sweep->now_ms - (int64_t)stat_of->st_ctime * MS_PER_S;
	struct upload_row row;
	bool any, goes;

	(void)err;
	if (!S_ISREG(stat_of->st_mode))
		return true;
	if (read_part_name(name, &row))
		goes = is_older(age_ms, UPLOAD_KEPT_DAYS * MS_PER_DAY);
	else
		goes = !is_needed(sweep, path, &any) && (any || is_older(age_ms, FRESH_MS));
	if (goes && unlink(path.p) == 0)
		log_info("upload", "'%.*s' is not needed any more", STR_ARG(path));
	return true;
}

static bool sweep_folder(void *arg, struct str path, struct str name, const struct stat *stat_of,
			 struct err *err)
{
	const struct sweep *sweep = arg;

	(void)name;
	return !S_ISDIR(stat_of->st_mode) || visit_folder(path, sweep->arena, sweep_file, arg, err);
}

bool uploads_sweep(const char *data, struct db *db, int64_t now_ms, struct err *err)
{
	struct import_job *job;
	struct arena arena;
	struct sweep sweep = { .arena = &arena, .now_ms = now_ms };
	char real[PATH_MAX];
	bool ok = true;

	arena_init(&arena);
	/* Imports have absolute paths. */
	if (realpath(arena_printf(&arena, "%s/imports", data).p, real)) {
		ok = db_import_list(db, 0, &arena, &job, &sweep.n_job, err);
		sweep.job = job;
		ok = ok && visit_folder(str_from(real), &arena, sweep_folder, &sweep, err);
	}
	arena_release(&arena);
	return ok;
}
