/*
 * Replay: runs a fuzzer's body once over each file of the folders on the command line, without libFuzzer.
 *
 * Does:    make the committed corpus and every input that once broke something part of the ordinary tests.
 * Doesn't: search for new inputs (see -Dfuzz=true).
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_BYTES_MAX ((size_t)4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(INPUT_BYTES_MAX);
	size_t size;

	if (!file || !data) {
		fprintf(stderr, "cannot read '%s'\n", path);
		exit(1);
	}
	size = fread(data, 1, INPUT_BYTES_MAX, file);
	fclose(file);
	/* An exact copy, so that reading one byte past the end is seen by AddressSanitizer. */
	data = realloc(data, size ? size : 1);
	(void)LLVMFuzzerTestOneInput(data, size);
	free(data);
}

static size_t replay_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t n = 0;

	if (!dir) {
		fprintf(stderr, "no corpus folder '%s'\n", folder);
		exit(1);
	}
	while ((entry = readdir(dir))) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		replay_file(path);
		n++;
	}
	closedir(dir);
	return n;
}

int main(int argc, char **argv)
{
	size_t n = 0;

	for (int i = 1; i < argc; i++)
		n += replay_folder(argv[i]);
	printf("%zu inputs replayed\n", n);
	return n > 0 ? 0 : 1;
}
