/*
 * SQLite backend: what a failed sync leaves in the log is cut off.
 *
 * After a sync that failed the kernel calls what was written clean and goes on showing it. The process
 * stops, and its successor would read those frames as if they were on the disk: a shop that repeats its
 * message would be told that it is a duplicate, no later sync would write it, and a power loss would take
 * it, and with it all that was written behind. So the log is cut to what was synced before.
 *
 * Doesn't: help when the process is killed between the sync and the cut.
 * Keeps:   nobody appends meanwhile: it holds the writer's lock of the database.
 */
#include "store/sqlite/sqlite_rows.h"

#include <string.h>

/* "WAL-mode File Format" of sqlite.org/walformat.html: the index header, in the byte order of the machine. */
#define INDEX_BYTES  32768
#define INDEX_FRAMES 16
#define LOG_HEADER   32
#define FRAME_HEADER 24

static sqlite3_file *file_of(sqlite3 *handle, int which)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(handle, "main", which, &file) != SQLITE_OK || !file || !file->pMethods)
		return NULL;
	return file;
}

static int64_t page_bytes(sqlite3 *handle)
{
	sqlite3_stmt *stmt = NULL;
	int64_t bytes = 0;

	if (sqlite3_prepare_v2(handle, "PRAGMA page_size", -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		bytes = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return bytes;
}

/* How many frames whole commits have put into the log: the index learns of a commit after its sync. */
static bool read_frames(sqlite3_file *database, uint32_t *frames)
{
	void volatile *index = NULL;

	if (database->pMethods->iVersion < 2 ||
	    database->pMethods->xShmMap(database, 0, INDEX_BYTES, 0, &index) != SQLITE_OK || !index)
		return false;
	memcpy(frames, (const char *)(uintptr_t)index + INDEX_FRAMES, sizeof(*frames));
	return true;
}

static void cut(sqlite3 *handle)
{
	sqlite3_file *database = file_of(handle, SQLITE_FCNTL_FILE_POINTER);
	sqlite3_file *log = file_of(handle, SQLITE_FCNTL_JOURNAL_POINTER);
	int64_t page = page_bytes(handle), kept = 0;
	sqlite3_int64 size = 0;
	uint32_t frames;

	if (!database || !log || page == 0 || !read_frames(database, &frames))
		return;
	if (frames > 0)
		kept = LOG_HEADER + (FRAME_HEADER + page) * (int64_t)frames;
	if (log->pMethods->xFileSize(log, &size) == SQLITE_OK && size > kept)
		(void)log->pMethods->xTruncate(log, kept);
}

void sqlite_log_cut(sqlite3 *handle)
{
	if (sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK)
		cut(handle);
	if (!sqlite3_get_autocommit(handle))
		(void)sqlite3_exec(handle, "ROLLBACK", NULL, NULL, NULL);
}
