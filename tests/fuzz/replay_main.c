/*
 * Replay: runs a fuzzer's body over each file of the folders on the command line, and over changed copies of
 * it, without libFuzzer. --seconds N: goes on changing for so long (the environment's PANNIER_FUZZ_SECONDS
 * counts more); otherwise each file is changed CHANGES times.
 *
 * Does:    make the committed corpus and every input that once broke something part of the ordinary tests.
 * Doesn't: look at coverage (see -Dfuzz=true). The same changes are made each time: what breaks here breaks
 *          again, and the input is in the file that is named.
 */
#include "base/clock.h"
#include "base/rand.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_BYTES_MAX ((size_t)4 << 20)
#define FILES_MAX	4096
#define CHANGES		40
#define FAST_MS		3000 /* with all its changes a corpus takes no longer than about this */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	uint8_t *data;
	size_t size;
};

static struct input file[FILES_MAX];
static size_t n_file;
static struct rand_seeded chance;
static char broken[64]; /* where the input under way is kept for whoever has to look at it */

static uint64_t below(uint64_t bound)
{
	return rand_below(&chance.rand, bound);
}

static void read_file(const char *path)
{
	FILE *in = fopen(path, "rb");
	uint8_t *data = malloc(INPUT_BYTES_MAX);
	size_t size;

	if (!in || !data || n_file == FILES_MAX) {
		fprintf(stderr, "cannot read '%s'\n", path);
		exit(1);
	}
	size = fread(data, 1, INPUT_BYTES_MAX, in);
	fclose(in);
	file[n_file++] = (struct input){ realloc(data, size ? size : 1), size };
}

static void read_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir) {
		fprintf(stderr, "no corpus folder '%s'\n", folder);
		exit(1);
	}
	while ((entry = readdir(dir))) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		read_file(path);
	}
	closedir(dir);
}

/* Kept until it has gone well. */
static void run(const uint8_t *data, size_t size)
{
	FILE *out = fopen(broken, "wb");

	if (out) {
		fwrite(data, 1, size, out);
		fclose(out);
	}
	(void)LLVMFuzzerTestOneInput(data, size);
}

/* One change: a byte, a run of bytes gone or doubled, or a piece of another file. */
static size_t change(uint8_t *data, size_t size, size_t capacity)
{
	const struct input *other = &file[below(n_file)];
	size_t at = size ? below(size) : 0, n = size - at ? 1 + below(size - at < 64 ? size - at : 64) : 0;

	switch (below(5)) {
	case 0:
		if (size)
			data[at] = (uint8_t)below(256);
		return size;
	case 1:
		if (size)
			data[at] ^= (uint8_t)(1u << below(8));
		return size;
	case 2:
		memmove(data + at, data + at + n, size - at - n);
		return size - n;
	case 3:
		if (size + n > capacity)
			return size;
		memmove(data + at + n, data + at, size - at);
		return size + n;
	default:
		n = other->size < 64 ? other->size : 64;
		if (size + n > capacity || n == 0)
			return size;
		memmove(data + at + n, data + at, size - at);
		memcpy(data + at, other->data + below(other->size - n + 1), n);
		return size + n;
	}
}

static void run_changed(const struct input *input)
{
	size_t capacity = input->size + 4096, size = input->size, n = 1 + below(6);
	uint8_t *data = malloc(capacity), *exact;

	memcpy(data, input->data, size);
	for (size_t i = 0; i < n; i++)
		size = change(data, size, capacity);
	/* An exact copy, so that reading one byte past the end is seen by AddressSanitizer. */
	exact = malloc(size ? size : 1);
	memcpy(exact, data, size);
	free(data);
	run(exact, size);
	free(exact);
}

static size_t change_all(int64_t seconds)
{
	int64_t end_ms = clock_mono_ms(clock_system()) + (seconds > 0 ? seconds * 1000 : FAST_MS);
	size_t n = 0, n_max = seconds > 0 ? SIZE_MAX : n_file * CHANGES;

	while (n < n_max && clock_mono_ms(clock_system()) < end_ms)
		run_changed(&file[n++ % n_file]);
	return n;
}

int main(int argc, char **argv)
{
	const char *wanted = getenv("PANNIER_FUZZ_SECONDS");
	int64_t seconds = 0;
	size_t n;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
			seconds = strtoll(wanted ? wanted : argv[i + 1], NULL, 10), i++;
		else
			read_folder(argv[i]);
	}
	if (n_file == 0)
		return 1;
	rand_seeded_init(&chance, seconds > 0 ? (uint64_t)clock_wall_ms(clock_system()) : 1);
	snprintf(broken, sizeof(broken), "/tmp/pannier-fuzz-%d", (int)getpid());
	printf("the input under way is in %s\n", broken);
	fflush(stdout);
	for (size_t i = 0; i < n_file; i++)
		run(file[i].data, file[i].size);
	n = change_all(seconds);
	unlink(broken);
	for (size_t i = 0; i < n_file; i++)
		free(file[i].data);
	printf("%zu inputs replayed, %zu changed ones\n", n_file, n);
	return 0;
}
