/*
 * Files that forget: what was written is seen at once and lasts only once it is synced, names as well as
 * bytes.
 *
 * Keeps:   each file has a real name of its own beside the folder, so that what is removed can come back. The
 *          order of a folder is that in which its names were made, whatever the real one is.
 */
#define _GNU_SOURCE /* off64_t */
#include "sim/files.h"

#include "base/alloc.h"
#include "base/str.h"
#include "sim/disk.h"
#include "sim/sim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define STORED_MAX  160
#define NAMES_MAX   256
#define OPEN_MAX    1024
#define FOLDERS_MAX 4
#define PATH_BYTES  400
#define SECTOR	    512
/* Of 1000, where the process may die. */
#define WRITE_DEATHS 10
#define CUT_DEATHS   100
#define NOTHING	     (-1)
#define ROOM_BLOCKS  ((fsblkcnt_t)1 << 30)

/* What may have several names. */
struct stored {
	bool used;
	bool is_folder;
	unsigned char *kept; /* as it is after a power loss, at least */
	int64_t kept_size;
	int64_t dirty_from; /* written since the last sync */
	int64_t dirty_to;
	int64_t written_ms;
	int64_t changed_ms; /* its names, too */
};

struct name {
	char path[PATH_BYTES];
	int now; /* what has it; NOTHING */
	int kept;
};

struct folder {
	bool used;
	char path[PATH_BYTES];
	int next;
	struct dirent64 entry;
};

static char data_folder[PATH_BYTES / 2];
static char root[2][PATH_BYTES / 2 + 10];
static struct stored stored[STORED_MAX];
static struct name name[NAMES_MAX];
static int n_name;
static int stored_of[OPEN_MAX];		     /* by descriptor: 1 + what is open; 0 = none of ours */
static char folder_of[OPEN_MAX][PATH_BYTES]; /* by descriptor: a folder that is open; "" = none */
static struct folder listed[FOLDERS_MAX];

/* ---- the C library's own, and what the product calls ---- */

#define WRAPPED(result, call, ...) \
	result __real_##call(__VA_ARGS__); \
	result __wrap_##call(__VA_ARGS__)

WRAPPED(int, open64, const char *path, int flags, ...);
WRAPPED(int, close, int fd);
WRAPPED(ssize_t, read, int fd, void *to, size_t n);
WRAPPED(ssize_t, pread64, int fd, void *to, size_t n, off64_t at);
WRAPPED(ssize_t, write, int fd, const void *from, size_t n);
WRAPPED(int, ftruncate64, int fd, off64_t size);
WRAPPED(int, fsync, int fd);
WRAPPED(int, fdatasync, int fd);
WRAPPED(int, fstat64, int fd, struct stat64 *out);
WRAPPED(int, stat64, const char *path, struct stat64 *out);
WRAPPED(int, statvfs64, const char *path, struct statvfs64 *out);
WRAPPED(int, link, const char *path, const char *other);
WRAPPED(int, unlink, const char *path);
WRAPPED(int, rename, const char *path, const char *other);
WRAPPED(int, mkdir, const char *path, mode_t mode);
WRAPPED(DIR *, opendir, const char *path);
WRAPPED(struct dirent64 *, readdir64, DIR *folder);
WRAPPED(int, closedir, DIR *folder);

static int fail(int number)
{
	errno = number;
	return -1;
}

/* ---- names and what has them ---- */

static bool is_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	return len > 0 && strncmp(path, top, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static bool is_ours(const char *path)
{
	return is_below(path, root[0]) || is_below(path, root[1]);
}

static struct name *find_name(const char *path)
{
	for (int i = 0; i < n_name; i++)
		if (strcmp(name[i].path, path) == 0)
			return &name[i];
	return NULL;
}

static struct name *name_at(const char *path)
{
	struct name *one = find_name(path);

	if (one)
		return one;
	if (n_name == NAMES_MAX || strlen(path) >= PATH_BYTES) {
		sim_fail("files", "there are more than %d names", NAMES_MAX);
		return &name[0];
	}
	one = &name[n_name++];
	*one = (struct name){ .now = NOTHING, .kept = NOTHING };
	memcpy(one->path, path, strlen(path) + 1);
	return one;
}

static int find(const char *path)
{
	const struct name *one = find_name(path);

	return one ? one->now : NOTHING;
}

static bool is_in(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return strncmp(path, folder, len) == 0 && path[len] == '/' && !strchr(path + len + 1, '/');
}

static void hidden_path(int number, char out[static PATH_BYTES])
{
	(void)snprintf(out, PATH_BYTES, "%s/.file%d", data_folder, number);
}

/* Whatever its names are; false: the run has failed. */
static bool open_hidden(int number, int flags, int *fd, int64_t *size)
{
	char path[PATH_BYTES];
	struct stat64 about;

	hidden_path(number, path);
	*fd = __real_open64(path, flags | O_CLOEXEC);
	if (*fd < 0 || __real_fstat64(*fd, &about) != 0) {
		sim_fail("files", "a file cannot be looked at");
		return false;
	}
	*size = about.st_size;
	return true;
}

static void touch(struct stored *one, bool written)
{
	one->changed_ms = clock_wall_ms(&sim.clock);
	if (written)
		one->written_ms = one->changed_ms;
}

static bool is_named(int number)
{
	for (int i = 0; i < n_name; i++)
		if (name[i].now == number || name[i].kept == number)
			return true;
	for (int fd = 0; fd < OPEN_MAX; fd++)
		if (stored_of[fd] == number + 1)
			return true;
	return false;
}

static void forget(int number)
{
	char path[PATH_BYTES];

	hidden_path(number, path);
	if (!stored[number].is_folder)
		(void)__real_unlink(path);
	mem_free(stored[number].kept);
	stored[number] = (struct stored){ .used = false };
}

static int make(bool is_folder)
{
	for (int i = 0; i < STORED_MAX; i++)
		if (stored[i].used && !is_named(i))
			forget(i);
	for (int i = 0; i < STORED_MAX; i++)
		if (!stored[i].used) {
			stored[i] = (struct stored){ .used = true, .is_folder = is_folder };
			touch(&stored[i], true);
			return i;
		}
	sim_fail("files", "there are more than %d files", STORED_MAX);
	return 0;
}

static struct stored *opened(int fd)
{
	return fd >= 0 && fd < OPEN_MAX && stored_of[fd] > 0 ? &stored[stored_of[fd] - 1] : NULL;
}

void files_open(const char *data)
{
	n_name = 0;
	memset(stored, 0, sizeof(stored));
	memset(stored_of, 0, sizeof(stored_of));
	memset(folder_of, 0, sizeof(folder_of));
	memset(listed, 0, sizeof(listed));
	(void)snprintf(data_folder, sizeof(data_folder), "%s", data);
	(void)snprintf(root[0], sizeof(root[0]), "%s/imports", data);
	(void)snprintf(root[1], sizeof(root[1]), "%s/feeds", data);
}

void files_close(void)
{
	for (int i = n_name; i-- > 0;)
		if (name[i].now != NOTHING && !stored[name[i].now].is_folder)
			(void)__real_unlink(name[i].path);
	for (int i = n_name; i-- > 0;)
		if (name[i].now != NOTHING && stored[name[i].now].is_folder)
			(void)rmdir(name[i].path);
	for (int i = 0; i < STORED_MAX; i++)
		if (stored[i].used)
			forget(i);
	root[0][0] = root[1][0] = '\0';
}

int files_count(const char *folder, const char *end, bool ends)
{
	int n = 0;

	for (int i = 0; i < n_name; i++)
		n += name[i].now != NOTHING && is_in(name[i].path, folder) &&
		     str_ends(str_from(name[i].path), str_from(end)) == ends;
	return n;
}

/* ---- operations that change something ---- */

/* They are few among those of the database. */
static void hurry_death(int64_t permille)
{
	if (sim_option(OPTION_crash_s) > 0 && !sim.healed && !sim.looking &&
	    sim_chance(OPTION_uploads, permille))
		disk_die_at(sim_draw(OPTION_uploads, 1, 3));
}

/* A disk of its own, or a share of one. */
static int says_full(void)
{
	return sim.seed % 2 ? EDQUOT : ENOSPC;
}

/* 0: it is done, and said; else what is said. *done: it happens. */
static int begin(bool grows, bool *done)
{
	bool alive, full, fails;

	hurry_death(grows ? WRITE_DEATHS : CUT_DEATHS);
	alive = disk_operate(done);
	full = alive && grows && disk_is_full();
	fails = alive && !full && sim_fault(OPTION_disk_errors);
	*done = *done && !full && !fails;
	if (full)
		return says_full();
	return alive && !fails ? 0 : EIO;
}

/* What is there of it goes, and it is written anew. */
static int empty(const char *path, int flags, mode_t mode)
{
	bool done;
	int said = begin(false, &done), fd;

	if (!done)
		return fail(said);
	fd = __real_open64(path, flags, mode);
	if (fd < 0 || fd >= OPEN_MAX)
		return fd;
	stored_of[fd] = find(path) + 1;
	touch(&stored[find(path)], true);
	if (said == 0)
		return fd;
	(void)__wrap_close(fd);
	return fail(said);
}

static int create(const char *path, int flags, mode_t mode)
{
	char hidden[PATH_BYTES];
	bool done;
	int said = begin(true, &done), fd, number;

	if (!done)
		return fail(said);
	fd = __real_open64(path, flags, mode);
	if (fd < 0 || fd >= OPEN_MAX)
		return fd;
	number = make(false);
	name_at(path)->now = number;
	hidden_path(number, hidden);
	(void)__real_unlink(hidden);
	if (__real_link(path, hidden) != 0)
		sim_fail("files", "a file cannot be given a second name");
	stored_of[fd] = number + 1;
	if (said == 0)
		return fd;
	(void)__wrap_close(fd);
	return fail(said);
}

int __wrap_open64(const char *path, int flags, ...)
{
	va_list list;
	mode_t mode = 0;
	int fd;

	va_start(list, flags);
	if (flags & O_CREAT)
		mode = va_arg(list, mode_t);
	va_end(list);
	if (!is_ours(path) && strcmp(path, data_folder) != 0)
		return __real_open64(path, flags, mode);
	if (disk_is_dead())
		return fail(EIO);
	if (flags & O_CREAT && find(path) == NOTHING)
		return create(path, flags, mode);
	if (flags & O_TRUNC && is_ours(path))
		return empty(path, flags, mode);
	fd = __real_open64(path, flags, mode);
	if (fd < 0 || fd >= OPEN_MAX)
		return fd;
	stored_of[fd] = is_ours(path) && find(path) != NOTHING ? find(path) + 1 : 0;
	(void)snprintf(folder_of[fd], PATH_BYTES, "%s", flags & O_DIRECTORY ? path : "");
	return fd;
}

int __wrap_close(int fd)
{
	if (fd >= 0 && fd < OPEN_MAX) {
		stored_of[fd] = 0;
		folder_of[fd][0] = '\0';
	}
	return __real_close(fd);
}

ssize_t __wrap_write(int fd, const void *from, size_t n)
{
	struct stored *one = opened(fd);
	bool done;
	ssize_t written;
	off64_t at;
	int said;

	if (!one)
		return __real_write(fd, from, n);
	said = begin(true, &done);
	if (!done)
		return fail(said);
	at = lseek64(fd, 0, SEEK_CUR);
	written = __real_write(fd, from, n);
	if (written <= 0)
		return written;
	if (one->dirty_to == one->dirty_from)
		one->dirty_from = one->dirty_to = at;
	one->dirty_from = at < one->dirty_from ? at : one->dirty_from;
	one->dirty_to = at + written > one->dirty_to ? at + written : one->dirty_to;
	touch(one, true);
	return said ? fail(said) : written;
}

int __wrap_ftruncate64(int fd, off64_t size)
{
	struct stored *one = opened(fd);
	bool done;
	int said;

	if (!one)
		return __real_ftruncate64(fd, size);
	said = begin(false, &done);
	if (done && __real_ftruncate64(fd, size) != 0)
		return -1;
	if (done)
		touch(one, true);
	return said ? fail(said) : 0;
}

static int put_name(const char *path, int number)
{
	name_at(path)->now = number;
	touch(&stored[number], false);
	return 0;
}

int __wrap_link(const char *path, const char *other)
{
	bool done;
	int said;

	if (!is_ours(path))
		return __real_link(path, other);
	said = begin(true, &done);
	if (done && __real_link(path, other) != 0)
		return -1;
	if (done)
		(void)put_name(other, find(path));
	return said ? fail(said) : 0;
}

int __wrap_unlink(const char *path)
{
	struct name *one = is_ours(path) ? find_name(path) : NULL;
	bool done;
	int said;

	if (!one)
		return __real_unlink(path);
	said = begin(false, &done);
	if (done && __real_unlink(path) != 0)
		return -1;
	if (done)
		one->now = NOTHING;
	return said ? fail(said) : 0;
}

/* What had the other name has it no more. */
int __wrap_rename(const char *path, const char *other)
{
	struct name *one = is_ours(path) ? find_name(path) : NULL;
	int number = one ? one->now : NOTHING;
	bool done;
	int said;

	if (!one)
		return __real_rename(path, other);
	said = begin(false, &done);
	if (done && __real_rename(path, other) != 0)
		return -1;
	if (done) {
		one->now = NOTHING;
		(void)put_name(other, number);
	}
	return said ? fail(said) : 0;
}

int __wrap_mkdir(const char *path, mode_t mode)
{
	bool done;
	int said;

	if (!is_ours(path))
		return __real_mkdir(path, mode);
	if (find(path) != NOTHING)
		return fail(EEXIST);
	said = begin(true, &done);
	if (done && __real_mkdir(path, mode) != 0)
		return -1;
	if (done)
		(void)put_name(path, make(true));
	return said ? fail(said) : 0;
}

/* ---- syncs ---- */

static void keep(struct stored *one, int number)
{
	int64_t size;
	int fd;

	if (!open_hidden(number, O_RDONLY, &fd, &size))
		return;
	one->kept = mem_resize(one->kept, (size_t)size + 1);
	if (size > one->kept_size)
		memset(one->kept + one->kept_size, 0, (size_t)(size - one->kept_size));
	one->kept_size = size;
	if (one->dirty_to > one->kept_size)
		one->dirty_to = one->kept_size;
	if (one->dirty_to > one->dirty_from)
		(void)!__real_pread64(fd, one->kept + one->dirty_from,
				      (size_t)(one->dirty_to - one->dirty_from), one->dirty_from);
	(void)__real_close(fd);
}

/*
 * Of a sync that failed nothing is kept, and nothing of it is written later. That the disk is full may be
 * found only here.
 */
static int sync_file(int number)
{
	struct stored *one = &stored[number];
	bool done, alive = disk_operate(&done);
	bool full = alive && one->dirty_to > one->dirty_from && disk_is_full();
	bool failed = alive && !full && disk_sync_fails();

	if (done && !failed && !full)
		keep(one, number);
	if (done)
		one->dirty_from = one->dirty_to = 0;
	if (full)
		return fail(says_full());
	return alive && !failed ? 0 : fail(EIO);
}

static int sync_folder(const char *path)
{
	bool done, alive = disk_operate(&done);
	bool failed = alive && disk_sync_fails();

	for (int i = 0; done && !failed && i < n_name; i++)
		if (is_in(name[i].path, path))
			name[i].kept = name[i].now;
	return alive && !failed ? 0 : fail(EIO);
}

/* Nothing else of a run has to outlast it. */
int __wrap_fsync(int fd)
{
	if (fd >= 0 && fd < OPEN_MAX && folder_of[fd][0] != '\0')
		return sync_folder(folder_of[fd]);
	return opened(fd) ? sync_file(stored_of[fd] - 1) : 0;
}

int __wrap_fdatasync(int fd)
{
	return __wrap_fsync(fd);
}

/* ---- looking ---- */

static bool cannot_read(void)
{
	return disk_is_dead() || sim_fault(OPTION_disk_errors);
}

ssize_t __wrap_read(int fd, void *to, size_t n)
{
	return opened(fd) && cannot_read() ? fail(EIO) : __real_read(fd, to, n);
}

ssize_t __wrap_pread64(int fd, void *to, size_t n, off64_t at)
{
	return opened(fd) && cannot_read() ? fail(EIO) : __real_pread64(fd, to, n, at);
}

static int tell(const struct stored *one, struct stat64 *out)
{
	out->st_mtime = one->written_ms / MS_PER_S;
	out->st_ctime = one->changed_ms / MS_PER_S;
	out->st_nlink -= !one->is_folder;
	return 0;
}

int __wrap_fstat64(int fd, struct stat64 *out)
{
	int result = __real_fstat64(fd, out);

	return result == 0 && opened(fd) ? tell(opened(fd), out) : result;
}

int __wrap_stat64(const char *path, struct stat64 *out)
{
	int result = __real_stat64(path, out);

	return result == 0 && is_ours(path) && find(path) != NOTHING ? tell(&stored[find(path)], out)
								     : result;
}

/* How much room the real disk has is no matter. */
int __wrap_statvfs64(const char *path, struct statvfs64 *out)
{
	int result = __real_statvfs64(path, out);

	if (result == 0 && root[0][0] != '\0' && strcmp(path, data_folder) == 0)
		out->f_bavail = out->f_blocks = ROOM_BLOCKS;
	return result;
}

DIR *__wrap_opendir(const char *path)
{
	if (!is_ours(path))
		return __real_opendir(path);
	if (disk_is_dead() || find(path) == NOTHING) {
		errno = disk_is_dead() ? EIO : ENOENT;
		return NULL;
	}
	for (int i = 0; i < FOLDERS_MAX; i++)
		if (!listed[i].used) {
			listed[i] = (struct folder){ .used = true };
			(void)snprintf(listed[i].path, PATH_BYTES, "%s", path);
			return (DIR *)(void *)&listed[i];
		}
	errno = EMFILE;
	return NULL;
}

static struct folder *folder_from(DIR *folder)
{
	for (int i = 0; i < FOLDERS_MAX; i++)
		if ((void *)folder == (void *)&listed[i])
			return &listed[i];
	return NULL;
}

struct dirent64 *__wrap_readdir64(DIR *of)
{
	struct folder *folder = folder_from(of);

	if (!folder)
		return __real_readdir64(of);
	while (folder->next < n_name) {
		const struct name *one = &name[folder->next++];

		if (one->now == NOTHING || !is_in(one->path, folder->path))
			continue;
		(void)snprintf(folder->entry.d_name, sizeof(folder->entry.d_name), "%.200s",
			       strrchr(one->path, '/') + 1);
		return &folder->entry;
	}
	return NULL;
}

int __wrap_closedir(DIR *of)
{
	struct folder *folder = folder_from(of);

	if (!folder)
		return __real_closedir(of);
	folder->used = false;
	return 0;
}

/* ---- power loss ---- */

enum tear { TEAR_ALL, TEAR_NOTHING, TEAR_SECTORS, TEAR_COUNT };

static bool reaches_disk(enum tear tear)
{
	return tear == TEAR_NOTHING || (tear == TEAR_SECTORS && sim_chance(OPTION_crash_power, 500));
}

/* As it is now, then with what was never synced as it was before. */
static void tear_bytes(const struct stored *one, unsigned char *bytes, int64_t size, enum tear tear)
{
	for (int64_t at = 0; at < size; at += SECTOR) {
		int64_t n = size - at < SECTOR ? size - at : SECTOR;
		int64_t there = one->kept_size - at < n ? one->kept_size - at : n;
		bool dirty = at + n > one->dirty_from && at < one->dirty_to;

		if (dirty && reaches_disk(tear))
			continue;
		memset(bytes + at, 0, (size_t)n);
		if (there > 0)
			memcpy(bytes + at, one->kept + at, (size_t)there);
	}
}

static void tear_file(struct stored *one, int number)
{
	enum tear tear = (enum tear)sim_draw(OPTION_crash_power, 0, TEAR_COUNT - 1);
	unsigned char *bytes;
	int64_t size, now;
	int fd;

	if (!open_hidden(number, O_RDWR, &fd, &now))
		return;
	size = reaches_disk(tear) ? now : one->kept_size;
	bytes = mem_zalloc(1, (size_t)(size > now ? size : now) + 1);
	(void)!__real_pread64(fd, bytes, (size_t)now, 0);
	tear_bytes(one, bytes, size, tear);
	if (__real_ftruncate64(fd, 0) != 0 || __real_write(fd, bytes, (size_t)size) != size)
		sim_fail("files", "a file cannot be torn");
	(void)__real_close(fd);
	one->kept = mem_resize(one->kept, (size_t)size + 1);
	memcpy(one->kept, bytes, (size_t)size);
	one->kept_size = size;
	one->dirty_from = one->dirty_to = 0;
	mem_free(bytes);
}

/* A name whose folder is lost is lost with it. */
static bool has_folder(const struct name *one)
{
	char folder[PATH_BYTES];

	(void)snprintf(folder, sizeof(folder), "%s", one->path);
	*strrchr(folder, '/') = '\0';
	return strcmp(folder, data_folder) == 0 || find_name(folder)->kept != NOTHING;
}

/* Folders come before what is in them; those that are lost go last. */
static void tear_name(struct name *one)
{
	char hidden[PATH_BYTES];
	bool settled = one->now == one->kept || sim_chance(OPTION_crash_power, 500);
	int then = !has_folder(one) ? NOTHING : settled ? one->now : one->kept;
	bool is_file = one->now == NOTHING || !stored[one->now].is_folder;

	if (then != one->now && one->now != NOTHING && is_file)
		(void)__real_unlink(one->path);
	if (then != one->now && then != NOTHING) {
		hidden_path(then, hidden);
		if (__real_link(hidden, one->path) != 0)
			sim_fail("files", "a name cannot come back");
	}
	if (then == NOTHING && !is_file)
		one->kept = NOTHING;
	else
		one->now = one->kept = then;
}

static void remove_lost_folders(void)
{
	for (int i = n_name; i-- > 0;)
		if (name[i].now != NOTHING && name[i].kept == NOTHING && stored[name[i].now].is_folder) {
			(void)rmdir(name[i].path);
			name[i].now = NOTHING;
		}
}

void files_lose_power(void)
{
	for (int i = 0; i < STORED_MAX; i++)
		if (stored[i].used && !stored[i].is_folder)
			tear_file(&stored[i], i);
	for (int i = 0; i < n_name; i++)
		tear_name(&name[i]);
	remove_lost_folders();
}
