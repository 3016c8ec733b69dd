#ifndef PANNIER_BASE_FILE_H
#define PANNIER_BASE_FILE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Whole file ("-" is standard input) into the arena. ERR_NOT_FOUND, ERR_TOO_LARGE past max_bytes, ERR_INVALID
 * otherwise.
 */
bool file_read(const char *path, size_t max_bytes, struct arena *arena, struct str *out,
	       struct err *err) MUST_CHECK;

/* Creates the file with mode 0600 and syncs it and its folder; ERR_CONFLICT if it exists already. */
bool file_create_private(const char *path, struct str contents, struct err *err) MUST_CHECK;

/* Creates the folder and its parents, mode 0700; an existing folder is fine. ERR_BUSY: the disk is full. */
bool file_make_dir(const char *path, struct err *err) MUST_CHECK;

/* What was made, renamed or removed in the folder that path is in lasts. ERR_FATAL: the disk failed. */
bool file_sync_parent(const char *path, struct err *err) MUST_CHECK;

/*
 * Opens (creating) and locks path for this process alone; the lock ends with the process. ERR_BUSY if another
 * holds it.
 */
bool file_lock(const char *path, int *fd, struct err *err) MUST_CHECK;
/* What others may read in that file, by file_read, of whoever holds it: all of it is replaced. */
bool file_lock_note(int fd, struct str text, struct err *err) MUST_CHECK;

/* Does this errno say that there is no room, on the disk or in our share of it? */
bool file_disk_is_full(int error);

/* Bytes free for us on the file system of path, and its size. */
bool file_disk_space(const char *path, int64_t *free_bytes, int64_t *total_bytes, struct err *err) MUST_CHECK;

#endif
