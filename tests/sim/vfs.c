/*
 * The simulated disk as SQLite's default VFS: files, locks between connections, shared memory, time and
 * chance.
 */
#include "sim/disk.h"

#include "base/alloc.h"
#include "sim/sim.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define LOCKS SQLITE_SHM_NLOCK

struct vfs_handle {
	sqlite3_file base; /* first: SQLite sees this */
	struct disk_file *file;
	struct vfs_handle *next; /* of the same file */
	bool is_temporary;
	int level;	    /* of the file's lock */
	bool shares[LOCKS]; /* of the shared memory's */
	bool owns[LOCKS];
};

static struct vfs_handle *handle_of(sqlite3_file *base)
{
	return (struct vfs_handle *)base;
}

/* ---- files ---- */

static int file_close(sqlite3_file *base)
{
	struct vfs_handle *handle = handle_of(base), **at = &handle->file->handle;

	while (*at != handle)
		at = &(*at)->next;
	*at = handle->next;
	if (--handle->file->n_open > 0)
		return SQLITE_OK;
	disk_forget_memory(handle->file);
	if (handle->is_temporary)
		disk_forget(handle->file);
	return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *out, int n, sqlite3_int64 at)
{
	return disk_read(handle_of(base)->file, out, n, at);
}

static int file_write(sqlite3_file *base, const void *data, int n, sqlite3_int64 at)
{
	return disk_write(handle_of(base)->file, data, n, at);
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	return disk_truncate(handle_of(base)->file, size);
}

static int file_sync(sqlite3_file *base, int flags)
{
	(void)flags;
	return disk_sync(handle_of(base)->file);
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size)
{
	*size = handle_of(base)->file->size;
	return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int op, void *arg)
{
	(void)base;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *base)
{
	(void)base;
	return 4096;
}

static int file_characteristics(sqlite3_file *base)
{
	(void)base;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* ---- locks ---- */

static int highest_of_others(const struct vfs_handle *handle)
{
	int highest = SQLITE_LOCK_NONE;

	for (const struct vfs_handle *other = handle->file->handle; other; other = other->next)
		if (other != handle && other->level > highest)
			highest = other->level;
	return highest;
}

static int file_lock(sqlite3_file *base, int level)
{
	struct vfs_handle *handle = handle_of(base);
	int others = highest_of_others(handle);

	if (level <= handle->level)
		return SQLITE_OK;
	if (others >= SQLITE_LOCK_PENDING ||
	    (level == SQLITE_LOCK_RESERVED && others >= SQLITE_LOCK_RESERVED) ||
	    (level == SQLITE_LOCK_EXCLUSIVE && others >= SQLITE_LOCK_SHARED))
		return SQLITE_BUSY;
	handle->level = level;
	return SQLITE_OK;
}

static int file_unlock(sqlite3_file *base, int level)
{
	if (level < handle_of(base)->level)
		handle_of(base)->level = level;
	return SQLITE_OK;
}

static int file_check_reserved(sqlite3_file *base, int *result)
{
	struct vfs_handle *handle = handle_of(base);

	*result = handle->level >= SQLITE_LOCK_RESERVED || highest_of_others(handle) >= SQLITE_LOCK_RESERVED;
	return SQLITE_OK;
}

/* ---- shared memory ---- */

static int file_shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **out)
{
	struct disk_file *file = handle_of(base)->file;

	*out = NULL;
	if (disk_is_dead())
		return SQLITE_IOERR_SHMMAP;
	if (region >= file->n_region && !extend)
		return SQLITE_OK;
	while (file->n_region <= region) {
		file->region = mem_resize(file->region, (size_t)(file->n_region + 1) * sizeof(*file->region));
		file->region[file->n_region++] = mem_zalloc(1, (size_t)size);
	}
	*out = file->region[region];
	return SQLITE_OK;
}

static bool others_hold(const struct vfs_handle *handle, int slot, bool shared_too)
{
	for (const struct vfs_handle *other = handle->file->handle; other; other = other->next)
		if (other != handle && (other->owns[slot] || (shared_too && other->shares[slot])))
			return true;
	return false;
}

static int file_shm_lock(sqlite3_file *base, int first, int n, int flags)
{
	struct vfs_handle *handle = handle_of(base);
	bool shared = flags & SQLITE_SHM_SHARED, lock = flags & SQLITE_SHM_LOCK;

	for (int slot = first; lock && slot < first + n; slot++)
		if (others_hold(handle, slot, !shared))
			return SQLITE_BUSY;
	for (int slot = first; slot < first + n; slot++) {
		if (shared)
			handle->shares[slot] = lock;
		else
			handle->owns[slot] = lock;
	}
	return SQLITE_OK;
}

static void file_shm_barrier(sqlite3_file *base)
{
	(void)base;
}

static int file_shm_unmap(sqlite3_file *base, int delete)
{
	(void)base;
	(void)delete;
	return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_check_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector_size,
	.xDeviceCharacteristics = file_characteristics,
	.xShmMap = file_shm_map,
	.xShmLock = file_shm_lock,
	.xShmBarrier = file_shm_barrier,
	.xShmUnmap = file_shm_unmap,
};

/* ---- the file system ---- */

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out_flags)
{
	struct vfs_handle *handle = handle_of(base);
	struct disk_file *file = name ? disk_find(name) : NULL;

	(void)vfs;
	memset(handle, 0, sizeof(*handle));
	if (disk_is_dead())
		return SQLITE_IOERR;
	if (!file && !(flags & SQLITE_OPEN_CREATE))
		return SQLITE_CANTOPEN;
	handle->is_temporary = !name || flags & SQLITE_OPEN_DELETEONCLOSE;
	if (!file)
		file = disk_create(name, handle->is_temporary);
	handle->base.pMethods = &methods;
	handle->file = file;
	handle->next = file->handle;
	file->handle = handle;
	file->n_open++;
	if (out_flags)
		*out_flags = flags;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
	(void)vfs;
	(void)sync_folder;
	return disk_delete(name);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
	const struct disk_file *file = disk_find(name);

	(void)vfs;
	*result = file && (flags != SQLITE_ACCESS_EXISTS || file->size > 0);
	return disk_is_dead() ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int n, char *out)
{
	(void)vfs;
	(void)snprintf(out, (size_t)n, "%s", name);
	return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int n, char *out)
{
	(void)vfs;
	/* Salts of the log; how often SQLite asks for them must not move anything else. */
	memset(out, 7, (size_t)n);
	return n;
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
	(void)vfs;
	sim_pass(us / 1000);
	return us;
}

static int vfs_time(sqlite3_vfs *vfs, sqlite3_int64 *julian_ms)
{
	(void)vfs;
	*julian_ms = clock_wall_ms(&sim.clock) + INT64_C(210866760000000);
	return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int n, char *out)
{
	(void)vfs;
	if (n > 0)
		out[0] = '\0';
	return 0;
}

void vfs_register(void)
{
	static sqlite3_vfs vfs = {
		.iVersion = 2,
		.szOsFile = sizeof(struct vfs_handle),
		.mxPathname = 500,
		.zName = "sim",
		.xOpen = vfs_open,
		.xDelete = vfs_delete,
		.xAccess = vfs_access,
		.xFullPathname = vfs_full_path,
		.xRandomness = vfs_randomness,
		.xSleep = vfs_sleep,
		.xGetLastError = vfs_last_error,
		.xCurrentTimeInt64 = vfs_time,
	};
	int rc = sqlite3_vfs_register(&vfs, 1);

	assert(rc == SQLITE_OK);
	(void)rc;
}
