/*
 * Files: whole reads, private writes that survive a crash, folders, a process lock, free space.
 *
 * Doesn't: retry an fsync that failed; what the disk then holds is unknown, so the error is ERR_FATAL.
 * Threads: any.
 */
#include "base/file.h"

#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PATH_BYTES_MAX 4096

static bool fail(struct err *err, enum err_code code, const char *what, const char *path)
{
	return err_set(err, code, "cannot %s '%s': %s", what, path, strerror(errno));
}

bool file_disk_is_full(int error)
{
	return error == ENOSPC || error == EDQUOT;
}

/* Reads fd to its end into buf, whose ceiling is what is allowed. */
static bool read_all(int fd, const char *path, struct strbuf *buf, struct err *err)
{
	char chunk[16384];
	ssize_t n;

	while (!buf->overflow && (n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n > 0)
			strbuf_add(buf, chunk, (size_t)n);
		else if (errno != EINTR)
			return fail(err, ERR_INVALID, "read", path);
	}
	if (buf->overflow)
		return err_set(err, ERR_TOO_LARGE, "'%s' is larger than %zu bytes", path, buf->ceiling);
	return true;
}

bool file_read(const char *path, size_t max_bytes, struct arena *arena, struct str *out, struct err *err)
{
	bool standard_input = strcmp(path, "-") == 0;
	int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct strbuf buf;
	bool ok;

	if (fd < 0)
		return fail(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_INVALID, "open", path);
	strbuf_init(&buf, max_bytes);
	ok = read_all(fd, path, &buf, err);
	if (ok)
		*out = arena_dup(arena, strbuf_str(&buf));
	strbuf_release(&buf);
	if (!standard_input)
		(void)close(fd); /* nothing was written */
	return ok;
}

static bool write_all(int fd, struct str contents)
{
	while (contents.len) {
		ssize_t n = write(fd, contents.p, contents.len);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			contents = str_skip(contents, (size_t)n);
	}
	return true;
}

bool file_sync_parent(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_BYTES_MAX] = ".";
	size_t len = slash ? (size_t)(slash - path) : 0;
	int fd, synced;

	if (len >= sizeof(folder))
		return err_set(err, ERR_INVALID, "path is too long");
	if (slash) {
		memcpy(folder, path, len ? len : 1);
		folder[len ? len : 1] = '\0';
	}
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(err, ERR_INVALID, "open", folder);
	synced = fsync(fd);
	if (synced != 0)
		(void)fail(err, ERR_FATAL, "sync", folder);
	(void)close(fd);
	return synced == 0;
}

bool file_create_private(const char *path, struct str contents, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = false;

	if (fd < 0)
		return fail(err, errno == EEXIST ? ERR_CONFLICT : ERR_INVALID, "create", path);
	if (!write_all(fd, contents))
		(void)fail(err, ERR_INVALID, "write", path);
	else if (fsync(fd) != 0)
		(void)fail(err, ERR_FATAL, "sync", path);
	else
		ok = file_sync_parent(path, err);
	(void)close(fd); /* synced, or given up */
	if (!ok)
		(void)unlink(path); /* half a key file is worse than none */
	return ok;
}

static bool make_one_dir(const char *path, struct err *err)
{
	struct stat there;

	if (mkdir(path, 0700) == 0)
		return file_sync_parent(path, err);
	if (errno != EEXIST)
		return fail(err, file_disk_is_full(errno) ? ERR_BUSY : ERR_INVALID, "create folder", path);
	if (stat(path, &there) != 0)
		return fail(err, ERR_INVALID, "look at", path);
	if (!S_ISDIR(there.st_mode))
		return err_set(err, ERR_INVALID, "'%s' is not a folder", path);
	return true;
}

bool file_make_dir(const char *path, struct err *err)
{
	char part[PATH_BYTES_MAX];
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len == 0 || len >= sizeof(part))
		return err_set(err, ERR_INVALID, "path is empty or too long");
	memcpy(part, path, len);
	part[len] = '\0';
	for (size_t i = 1; i < len; i++) {
		if (part[i] != '/' || part[i - 1] == '/')
			continue;
		part[i] = '\0';
		if (!make_one_dir(part, err))
			return false;
		part[i] = '/';
	}
	return make_one_dir(part, err);
}

bool file_lock(const char *path, int *fd, struct err *err)
{
	int opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (opened < 0)
		return fail(err, ERR_INVALID, "open", path);
	if (flock(opened, LOCK_EX | LOCK_NB) != 0) {
		(void)fail(err, errno == EWOULDBLOCK ? ERR_BUSY : ERR_INVALID, "lock", path);
		(void)close(opened);
		return false;
	}
	*fd = opened;
	return true;
}

bool file_lock_note(int fd, struct str text, struct err *err)
{
	if (ftruncate(fd, 0) == 0 && pwrite(fd, text.p, text.len, 0) == (ssize_t)text.len)
		return true;
	return err_set(err, ERR_INVALID, "note in the lock file: %s", strerror(errno));
}

bool file_disk_space(const char *path, int64_t *free_bytes, int64_t *total_bytes, struct err *err)
{
	struct statvfs disk;

	if (statvfs(path, &disk) != 0)
		return fail(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_INVALID, "look at the disk of", path);
	*free_bytes = (int64_t)(disk.f_bavail * disk.f_frsize);
	*total_bytes = (int64_t)(disk.f_blocks * disk.f_frsize);
	return true;
}
