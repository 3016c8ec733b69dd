/*
 * Uploads: files of history that are sent to us.
 *
 * Doesn't: know HTTP, or read what is in a file (backfill_register looks at its beginning).
 * Keeps:   see upload.h. The whole file gets its second name before its import is registered, and loses the
 *          first one afterwards: dying in between leaves what can be gone on with.
 * Threads: one at a time for a folder.
 */
#include "flow/upload.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/mutant.h"
#include "flow/upload_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES ((size_t)256 << 10)

struct upload {
	struct arena arena;
	struct str path; /* of the part */
	struct upload_wish wish;
	const char *data;
	struct digest_sum *sum;
	int64_t received;
	int64_t synced;
	int fd;
};

bool upload_name_fits(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];
		bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '_' || c == '-' || (c == '.' && i > 0);

		if (!fits)
			return false;
	}
	return name.len > 0 && name.len <= UPLOAD_NAME_MAX;
}

/* ---- open ---- */

static bool fail(struct err *err, enum err_code code, const char *what, struct str path)
{
	return err_set(err, code, "%s '%.*s': %s", what, STR_ARG(path), strerror(errno));
}

static bool open_once(struct upload *upload, struct stat *about, struct err *err)
{
	upload->fd = open(upload->path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (upload->fd < 0)
		return fail(err, file_disk_is_full(errno) ? ERR_BUSY : ERR_INVALID, "create", upload->path);
	if (flock(upload->fd, LOCK_EX | LOCK_NB) != 0)
		return err_set(err, ERR_BUSY, "'%.*s' is being sent already", STR_ARG(upload->wish.name));
	return fstat(upload->fd, about) == 0 || fail(err, ERR_INVALID, "look at", upload->path);
}

static bool open_part(struct upload *upload, struct stat *about, struct err *err)
{
	if (!open_once(upload, about, err))
		return false;
	if (about->st_nlink == 1)
		return true;
	/* It was whole, and an import may read it under its second name: that is not written to. */
	(void)close(upload->fd);
	upload->fd = -1;
	if (unlink(upload->path.p) != 0)
		return fail(err, ERR_INVALID, "remove", upload->path);
	return open_once(upload, about, err);
}

/* The digest of what is there already. */
static bool read_back(struct upload *upload, struct err *err)
{
	char *buffer = mem_alloc(READ_BYTES);
	int64_t at = 0;

	while (at < upload->received) {
		int64_t left = upload->received - at;
		ssize_t n =
			pread(upload->fd, buffer, left < (int64_t)READ_BYTES ? (size_t)left : READ_BYTES, at);

		if (n <= 0)
			break;
		digest_sum_add(upload->sum, str_of(buffer, (size_t)n));
		at += n;
	}
	mem_free(buffer);
	return at == upload->received || fail(err, ERR_INVALID, "read", upload->path);
}

static bool has_room(const struct upload *upload, struct err *err)
{
	int64_t free_bytes, total, left = upload->wish.bytes - upload->received;

	if (!file_disk_space(upload->data, &free_bytes, &total, err))
		return false;
	if (free_bytes - (left > 0 ? left : 0) >= UPLOAD_DISK_SPARE)
		return true;
	return err_set(err, ERR_BUSY, "the disk has too little room for it");
}

static bool sync_part(struct upload *upload, struct err *err)
{
	if (fdatasync(upload->fd) != 0)
		return fail(err, file_disk_is_full(errno) ? ERR_BUSY : ERR_FATAL, "sync", upload->path);
	upload->synced = upload->received;
	return true;
}

/* What is cut off does not come back when the power goes: it may be of another file. */
static bool cut(struct upload *upload, int64_t there, struct err *err)
{
	if (ftruncate(upload->fd, upload->received) != 0 || lseek(upload->fd, upload->received, SEEK_SET) < 0)
		return fail(err, ERR_INVALID, "go on with", upload->path);
	return there == upload->received || sync_part(upload, err);
}

static bool go_on(struct upload *upload, int64_t *received, struct err *err)
{
	struct stat about;

	if (!open_part(upload, &about, err))
		return false;
	*received = upload_durable(about.st_size);
	if (upload->wish.offset > *received)
		return err_set(err, ERR_CONFLICT, "%" PRId64 " bytes of it are here: it goes on there",
			       *received);
	upload->received = upload->synced = upload->wish.offset;
	return cut(upload, about.st_size, err) && has_room(upload, err) && read_back(upload, err);
}

static bool check(const struct upload_wish *wish, struct err *err)
{
	if (!upload_name_fits(wish->name))
		return err_set(err, ERR_INVALID,
			       "a file's name has 1 to %d letters, digits, dots, dashes and underscores, and "
			       "no dot in front",
			       UPLOAD_NAME_MAX);
	if (wish->bytes > wish->bytes_max)
		return err_set(err, ERR_TOO_LARGE, "a file has at most %" PRId64 " bytes", wish->bytes_max);
	return true;
}

bool upload_open(const char *data, const struct upload_wish *wish, struct upload **out, int64_t *received,
		 struct err *err)
{
	struct upload *upload;
	bool ok;

	*received = 0;
	if (!check(wish, err))
		return false;
	upload = mem_zalloc(1, sizeof(*upload));
	arena_init(&upload->arena);
	upload->fd = -1;
	upload->wish = *wish;
	upload->wish.name = arena_dup(&upload->arena, wish->name);
	upload->data = arena_cstr(&upload->arena, str_from(data));
	upload->sum = digest_sum_new();
	upload->path = upload_part_path(data, wish, &upload->arena);
	ok = file_make_dir(upload_folder_path(data, wish->store_id, &upload->arena).p, err) &&
	     go_on(upload, received, err);
	if (ok)
		*out = upload;
	else
		upload_close(upload);
	return ok;
}

void upload_close(struct upload *upload)
{
	if (!upload)
		return;
	if (upload->fd >= 0)
		(void)close(upload->fd);
	digest_sum_free(upload->sum);
	arena_release(&upload->arena);
	mem_free(upload);
}

/* ---- pieces ---- */

static bool write_some(struct upload *upload, struct str *rest, struct err *err)
{
	int64_t room = upload->synced / UPLOAD_STEP * UPLOAD_STEP + UPLOAD_STEP - upload->received;
	size_t n = (int64_t)rest->len < room ? rest->len : (size_t)room;
	ssize_t done = write(upload->fd, rest->p, n);

	if (done < 0 && errno != EINTR)
		return fail(err, file_disk_is_full(errno) ? ERR_BUSY : ERR_FATAL, "write", upload->path);
	if (done <= 0)
		return true;
	digest_sum_add(upload->sum, str_of(rest->p, (size_t)done));
	*rest = str_skip(*rest, (size_t)done);
	upload->received += done;
	return upload->received % UPLOAD_STEP != 0 || (sync_part(upload, err) && has_room(upload, err));
}

bool upload_add(struct upload *upload, struct str piece, struct err *err)
{
	const struct upload_wish *wish = &upload->wish;
	int64_t most = wish->bytes >= 0 ? wish->bytes : wish->bytes_max;

	if ((int64_t)piece.len > most - upload->received)
		return err_set(err, ERR_TOO_LARGE, "it is longer than %" PRId64 " bytes", most);
	while (piece.len > 0)
		if (!write_some(upload, &piece, err))
			return false;
	return true;
}

int64_t upload_received(const struct upload *upload)
{
	return upload->received;
}

bool upload_is_whole(const struct upload *upload)
{
	return upload->wish.bytes < 0 || upload->received == upload->wish.bytes;
}

/* ---- the end ---- */

static bool is_what_was_sent(struct str sha256, const unsigned char *digest, struct err *err)
{
	if (sha256.len == 0 || mutant_is(MUTANT_damage_unheeded) ||
	    str_eq(sha256, str_of((const char *)digest, SHA256_BYTES)))
		return true;
	return err_set(err, ERR_INVALID, "its SHA-256 is another one than was said: it is dropped");
}

/* Another time's link to the same bytes will do. */
static bool name_whole(const struct upload *upload, struct str whole, struct err *err)
{
	if (link(upload->path.p, whole.p) != 0 && errno != EEXIST)
		return fail(err, file_disk_is_full(errno) ? ERR_BUSY : ERR_INVALID, "name", whole);
	return file_sync_parent(whole.p, err);
}

bool upload_end(struct upload *upload, struct db *db, int64_t now_ms, const struct import_options *options,
		int64_t per_minute, struct str sha256, unsigned char digest[static SHA256_BYTES], int64_t *id,
		struct err *err)
{
	enum import_kind kind;
	struct str whole;
	bool ok;

	if (!sync_part(upload, err))
		return false;
	digest_sum_end(upload->sum, digest);
	whole = upload_whole_path(upload->data, &upload->wish, digest, &upload->arena);
	ok = is_what_was_sent(sha256, digest, err) && name_whole(upload, whole, err) &&
	     backfill_register(db, now_ms, upload->wish.store_id, whole.p, options, per_minute, id, &kind,
			       err);
	if (ok || err->code == ERR_INVALID)
		(void)unlink(upload->path.p);
	/* It is the database that has no room; of the file it would mean that it can never be taken in. */
	if (!ok && err->code == ERR_TOO_LARGE)
		err->code = ERR_BUSY;
	/* A file that no import is of, the sweep takes. */
	return ok;
}
