#ifndef PANNIER_TESTS_SIM_DISK_H
#define PANNIER_TESTS_SIM_DISK_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A disk in memory. Of each file it knows what was written and what of that was synced; a power loss tears, drops and reorders
 * what was not, 512 bytes at a time, and keeps what was. vfs.c gives it to SQLite as the default VFS; shared memory and locks
 * are there too.
 *
 * The process can be made to die at the nth operation from now on: from then on every operation fails, whatever the dead code
 * still tries, until disk_restart.
 */
void disk_open(void);
void disk_close(void); /* fails the run ("leak") if somebody still has a file open */

/* The nth write, sync, truncation or deletion from now on is the last (1 = the next). 0 = none is. */
void disk_die_at(int64_t n);
/* Nothing works any more. */
void disk_die(void);
bool disk_is_dead(void);
/* Before the next process starts: with power_loss what was not synced is torn. */
void disk_restart(bool power_loss);

/* Where the bytes stand, whatever may still become of what was not synced: the file's name; NULL = nowhere. */
const char *disk_holds(const char *text);

/* ---- for files.c ---- */
/* One operation. *done: it still happens, although nobody learns of it. False: the process is dead. */
bool disk_operate(bool *done);
bool disk_is_full(void);
bool disk_sync_fails(void); /* takes its time */

/* ---- for vfs.c ---- */
struct disk_file {
	struct disk_file *next;
	char name[512];
	unsigned char *data;       /* as every process sees it */
	int64_t size;
	int64_t capacity;
	unsigned char *kept;       /* as it is after a power loss, at least */
	int64_t kept_size;
	int64_t kept_capacity;
	struct disk_write *write;  /* not synced yet, in their order */
	size_t n_write;
	size_t write_capacity;
	unsigned char *journal;    /* their bytes */
	size_t n_journal;
	size_t journal_capacity;
	bool is_kept;              /* its name is in the folder for good */
	bool is_temporary;
	int n_open;
	void **region;             /* shared memory */
	int n_region;
	struct vfs_handle *handle; /* list of those who have it open */
};
struct disk_file *disk_find(const char *name);
struct disk_file *disk_create(const char *name, bool temporary);
int disk_read(struct disk_file *file, void *out, int n, int64_t at);
int disk_write(struct disk_file *file, const void *data, int n, int64_t at);
int disk_truncate(struct disk_file *file, int64_t size);
int disk_sync(struct disk_file *file);
int disk_delete(const char *name);
void disk_forget(struct disk_file *file); /* a temporary file is closed */
void disk_forget_memory(struct disk_file *file); /* nobody has it open */

/* ---- vfs.c ---- */
void vfs_register(void);

#endif
