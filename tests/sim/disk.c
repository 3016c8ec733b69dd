/*
 * A disk that forgets: writes are visible at once and last only once they are synced.
 *
 * Keeps:   what was synced stays, whatever happens. A sync that failed keeps nothing, and nothing of it is
 *          tried again: that is how Linux does it.
 */
#define _GNU_SOURCE /* memmem */
#include "sim/disk.h"

#include "base/alloc.h"
#include "sim/files.h"
#include "sim/sim.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define SECTOR	       512
#define FIRST_CAPACITY ((int64_t)1 << 20)
#define FULL_MS	       20000

struct disk_write {
	int64_t at;
	int64_t n;   /* of bytes; -1: the file was cut to `at` */
	size_t data; /* where they are in the file's journal */
};

static struct disk_file *first_file;
static int64_t ops_left; /* until the process dies; 0 = it does not */
static bool dead;
static int64_t full_until_ms;

void disk_open(void)
{
	first_file = NULL;
	ops_left = 0;
	dead = false;
	full_until_ms = 0;
}

void disk_die_at(int64_t n)
{
	ops_left = n;
}

void disk_die(void)
{
	dead = true;
}

bool disk_is_dead(void)
{
	return dead;
}

bool disk_operate(bool *done)
{
	*done = true;
	if (dead) {
		*done = false;
		return false;
	}
	if (sim.looking || ops_left == 0 || --ops_left > 0)
		return true;
	sim_trace("dies");
	dead = true;
	*done = sim_chance(OPTION_crash_s, 500);
	return false;
}

/* ---- files ---- */

struct disk_file *disk_find(const char *name)
{
	for (struct disk_file *file = first_file; file; file = file->next)
		if (!file->is_temporary && strcmp(file->name, name) == 0)
			return file;
	return NULL;
}

struct disk_file *disk_create(const char *name, bool temporary)
{
	struct disk_file *file = mem_zalloc(1, sizeof(*file));
	size_t len = strlen(name ? name : "");

	assert(len < sizeof(file->name));
	memcpy(file->name, name ? name : "", len + 1);
	file->is_temporary = temporary;
	/* The database's own name was synced by file_create_private; others are by their first sync. */
	file->is_kept = len > 3 && strcmp(file->name + len - 3, ".db") == 0;
	file->next = first_file;
	first_file = file;
	return file;
}

static void drop_writes(struct disk_file *file)
{
	file->n_write = 0;
	file->n_journal = 0;
}

static void free_file(struct disk_file *file)
{
	struct disk_file **at = &first_file;

	while (*at != file)
		at = &(*at)->next;
	*at = file->next;
	drop_writes(file);
	for (int i = 0; i < file->n_region; i++)
		mem_free(file->region[i]);
	mem_free(file->region);
	mem_free(file->write);
	mem_free(file->journal);
	mem_free(file->data);
	mem_free(file->kept);
	mem_free(file);
}

void disk_close(void)
{
	while (first_file) {
		if (first_file->n_open > 0)
			sim_fail("leak", "a file of the database is still open");
		free_file(first_file);
	}
}

void disk_forget(struct disk_file *file)
{
	free_file(file);
}

void disk_forget_memory(struct disk_file *file)
{
	for (int i = 0; i < file->n_region; i++)
		mem_free(file->region[i]);
	mem_free(file->region);
	file->region = NULL;
	file->n_region = 0;
}

/* ---- bytes ---- */

static void grow(unsigned char **data, int64_t *size, int64_t *capacity, int64_t wanted)
{
	if (wanted > *capacity) {
		*capacity = wanted * 2 + FIRST_CAPACITY;
		*data = mem_resize(*data, (size_t)*capacity);
	}
	if (wanted > *size) {
		memset(*data + *size, 0, (size_t)(wanted - *size));
		*size = wanted;
	}
}

static void note(struct disk_file *file, int64_t at, int64_t n, const void *data)
{
	struct disk_write *write;

	if (file->is_temporary)
		return;
	if (file->n_write == file->write_capacity) {
		file->write_capacity = file->write_capacity ? file->write_capacity * 2 : 16;
		file->write = mem_resize(file->write, file->write_capacity * sizeof(*file->write));
	}
	write = &file->write[file->n_write++];
	*write = (struct disk_write){ .at = at, .n = n, .data = file->n_journal };
	if (n <= 0)
		return;
	if (file->n_journal + (size_t)n > file->journal_capacity) {
		file->journal_capacity = (file->n_journal + (size_t)n) * 2 + (size_t)FIRST_CAPACITY;
		file->journal = mem_resize(file->journal, file->journal_capacity);
	}
	memcpy(file->journal + file->n_journal, data, (size_t)n);
	file->n_journal += (size_t)n;
}

int disk_read(struct disk_file *file, void *out, int n, int64_t at)
{
	int64_t there = file->size > at ? file->size - at : 0;

	if (dead || sim_fault(OPTION_disk_errors))
		return SQLITE_IOERR_READ;
	if (there > n)
		there = n;
	if (there > 0)
		memcpy(out, file->data + at, (size_t)there);
	memset((char *)out + there, 0, (size_t)(n - there));
	return there == n ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

bool disk_is_full(void)
{
	if (sim.healed)
		full_until_ms = 0;
	if (sim.looking)
		return false;
	if (sim.now_ms < full_until_ms)
		return true;
	if (!sim_fault(OPTION_disk_full))
		return false;
	full_until_ms = sim.now_ms + sim_draw(OPTION_disk_full, 1, FULL_MS);
	sim_trace("the disk is full until %" PRId64, full_until_ms);
	return true;
}

int disk_write(struct disk_file *file, const void *data, int n, int64_t at)
{
	bool done, alive = disk_operate(&done);

	if (alive && at + n > file->size && disk_is_full())
		return SQLITE_FULL;
	if (alive && sim_fault(OPTION_disk_errors))
		return SQLITE_IOERR_WRITE;
	if (done) {
		grow(&file->data, &file->size, &file->capacity, at + n);
		memcpy(file->data + at, data, (size_t)n);
		note(file, at, n, data);
	}
	return alive ? SQLITE_OK : SQLITE_IOERR_WRITE;
}

int disk_truncate(struct disk_file *file, int64_t size)
{
	bool done, alive = disk_operate(&done);

	if (done && size < file->size) {
		file->size = size;
		note(file, size, -1, NULL);
	}
	return alive ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

static void keep_bytes(struct disk_file *file, int64_t at, const unsigned char *data, int64_t n)
{
	grow(&file->kept, &file->kept_size, &file->kept_capacity, at + n);
	memcpy(file->kept + at, data, (size_t)n);
}

static void keep_write(struct disk_file *file, const struct disk_write *write)
{
	if (write->n >= 0)
		keep_bytes(file, write->at, file->journal + write->data, write->n);
	else if (write->at < file->kept_size)
		file->kept_size = write->at;
}

bool disk_sync_fails(void)
{
	if (sim_option(OPTION_disk_ms) > 0 && !sim.healed) {
		sim.n_hit[OPTION_disk_ms]++;
		sim_pass(sim_draw(OPTION_disk_ms, 0, sim_option(OPTION_disk_ms)));
	}
	if (!sim_fault(OPTION_disk_sync_errors))
		return false;
	sim_trace("a sync failed");
	if (sim_fault(OPTION_disk_sync_kills))
		disk_die();
	return true;
}

int disk_sync(struct disk_file *file)
{
	bool done, alive = disk_operate(&done);

	if (alive && disk_sync_fails()) {
		drop_writes(file);
		return SQLITE_IOERR_FSYNC;
	}
	for (size_t i = 0; done && i < file->n_write; i++)
		keep_write(file, &file->write[i]);
	if (done) {
		drop_writes(file);
		file->is_kept = true;
	}
	return alive ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

int disk_delete(const char *name)
{
	struct disk_file *file = disk_find(name);
	bool done, alive = disk_operate(&done);

	if (!file)
		return alive ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
	assert(file->n_open == 0 || !done);
	/* SQLite asks for the folder to be synced where it matters; here it always is. */
	if (done)
		free_file(file);
	return alive ? SQLITE_OK : SQLITE_IOERR_DELETE;
}

static bool has_bytes(const unsigned char *data, int64_t size, const char *text)
{
	return size > 0 && memmem(data, (size_t)size, text, strlen(text));
}

const char *disk_holds(const char *text)
{
	for (const struct disk_file *file = first_file; file; file = file->next)
		if (has_bytes(file->data, file->size, text) || has_bytes(file->kept, file->kept_size, text) ||
		    has_bytes(file->journal, (int64_t)file->n_journal, text))
			return file->name;
	return NULL;
}

/* ---- power loss ---- */

enum tear { TEAR_ALL, TEAR_NOTHING, TEAR_WRITES, TEAR_SECTORS, TEAR_GARBAGE, TEAR_COUNT };

static void keep_sector(struct disk_file *file, const struct disk_write *write, int64_t from, enum tear tear)
{
	unsigned char garbage[SECTOR];
	int64_t n = SECTOR - (write->at + from) % SECTOR;

	if (n > write->n - from)
		n = write->n - from;
	if (!sim_chance(OPTION_crash_power, 500))
		return;
	if (tear == TEAR_GARBAGE && sim_chance(OPTION_crash_power, 200)) {
		rand_fill(&sim.chance[OPTION_crash_power].rand, garbage, (size_t)n);
		keep_bytes(file, write->at + from, garbage, n);
		return;
	}
	keep_bytes(file, write->at + from, file->journal + write->data + (size_t)from, n);
}

static void tear_write(struct disk_file *file, const struct disk_write *write, enum tear tear)
{
	if (tear == TEAR_ALL)
		return;
	if (tear == TEAR_NOTHING || (tear == TEAR_WRITES && sim_chance(OPTION_crash_power, 500)) ||
	    (write->n < 0 && sim_chance(OPTION_crash_power, 500))) {
		keep_write(file, write);
		return;
	}
	if (tear == TEAR_WRITES || write->n < 0)
		return;
	for (int64_t from = 0; from < write->n; from += SECTOR - (write->at + from) % SECTOR)
		keep_sector(file, write, from, tear);
}

static void lose_power(struct disk_file *file)
{
	enum tear tear = (enum tear)sim_draw(OPTION_crash_power, 0, TEAR_COUNT - 1);

	for (size_t i = 0; i < file->n_write; i++)
		tear_write(file, &file->write[i], tear);
	drop_writes(file);
	file->size = 0;
	grow(&file->data, &file->size, &file->capacity, file->kept_size);
	if (file->kept_size > 0)
		memcpy(file->data, file->kept, (size_t)file->kept_size);
}

void disk_restart(bool power_loss)
{
	struct disk_file *next;

	for (struct disk_file *file = first_file; file; file = next) {
		next = file->next;
		disk_forget_memory(file);
		if (file->is_temporary ||
		    (power_loss && !file->is_kept && sim_chance(OPTION_crash_power, 500)))
			free_file(file);
		else if (power_loss)
			lose_power(file);
	}
	if (power_loss)
		files_lose_power();
	dead = false;
	ops_left = 0;
}
