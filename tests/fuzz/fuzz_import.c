/*
 * Fuzzer: any bytes as a file of history. Reading ends; every message that comes out is one that the generic
 * platform understands as JSON; going on from a place in the middle gives what follows there.
 */
#define _GNU_SOURCE /* memfd_create */
#include "import/import.h"

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOW_MS	  INT64_C(1785000000000)
#define ITEMS_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_json(const struct import_message *message)
{
	struct json *json = NULL;
	struct err err;

	/* Only a name that is there twice may be left for the mapper to refuse. */
	if (!json_scan(message->body, NULL, 0, NULL, NULL, &err)) {
		(void)fprintf(stderr, "%.*s: %s\n", STR_ARG(message->body), err.msg);
		abort();
	}
	if (json_parse(message->body, &json, &err))
		json_free(json);
}

/* Items from a place on, and the place behind the first half of them. */
static size_t read_items(const char *path, const struct import_options *options,
			 const struct import_place *from, struct import_place *middle, size_t middle_at)
{
	struct import_reader *reader = NULL;
	struct arena arena;
	struct err err;
	bool end = false;
	size_t n = 0;

	if (!import_open(path, options, from, &reader, &err))
		return 0;
	arena_init(&arena);
	for (; n < ITEMS_MAX; n++) {
		struct import_item item;

		arena_reset(&arena);
		if (!import_next(reader, &arena, &item, &end, &err) || end)
			break;
		for (size_t i = 0; i < item.n_message; i++)
			must_be_json(&item.message[i]);
		if (n == middle_at)
			*middle = item.next;
	}
	arena_release(&arena);
	import_close(reader);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The first byte says how it is read. */
	struct import_options options = {
		.kind = size ? (enum import_kind)(data[0] % (IMPORT_KIND_COUNT + 1)) : IMPORT_KIND_COUNT,
		.zone = size && data[0] & 0x40 ? STR("+01:00") : STR(""),
		.days = size && data[0] & 0x80 ? STR("dmy") : STR(""),
		.consented_at = STR("2020-01-01T00:00:00Z"),
		.now_ms = NOW_MS,
	};
	struct import_place none = { 0 }, middle = { 0 };
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char path[64];
	size_t n;

	if (fd < 0 || size == 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
		goto out;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = read_items(path, &options, &none, &middle, SIZE_MAX);
	if (n > 1 && n < ITEMS_MAX) {
		(void)read_items(path, &options, &none, &middle, n / 2);
		if (read_items(path, &options, &middle, &none, SIZE_MAX) != n - n / 2 - 1)
			abort();
	}
out:
	if (fd >= 0)
		(void)close(fd);
	return 0;
}
