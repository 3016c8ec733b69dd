#ifndef PANNIER_TESTS_UNIT_TEST_IMPORT_SUPPORT_H
#define PANNIER_TESTS_UNIT_TEST_IMPORT_SUPPORT_H

/*
 * What the tests of src/import share: a file in a folder of its own, and what a reader makes of it as text.
 * Messages, and files where it reads better, are written with ' for ".
 */
#include "import/import.h"

#include "base/attr.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_MS INT64_C(1785000000000) /* 2026-07-25T17:20:00Z */

struct place {
	char folder[64];
	char path[96];
	char lines[96];
	struct arena arena;
};

static inline int begin(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	(void)strcpy(place->folder, "/tmp/pannier-import-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	(void)snprintf(place->path, sizeof(place->path), "%s/file", place->folder);
	(void)snprintf(place->lines, sizeof(place->lines), "%s/lines", place->folder);
	arena_init(&place->arena);
	*state = place;
	return 0;
}

static inline int end(void **state)
{
	struct place *place = *state;

	(void)unlink(place->path);
	(void)unlink(place->lines);
	(void)rmdir(place->folder);
	arena_release(&place->arena);
	free(place);
	return 0;
}

static inline void write_file(const char *path, const void *bytes, size_t n)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static inline struct import_options options_of(enum import_kind kind)
{
	return (struct import_options){ .kind = kind, .now_ms = NOW_MS };
}

/* Text with ' for ". */
static inline const char *quoted(struct place *place, const char *text)
{
	char *copy = arena_cstr(&place->arena, str_from(text));

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	return copy;
}

/* All that a reader gives from a place on: bodies one per line; rejections as "!LINE COLUMN: WHY". */
static inline struct str read_from(struct place *place, const struct import_options *options,
			    const struct import_place *from, size_t max_items, struct import_place *next)
{
	struct import_reader *reader = NULL;
	struct strbuf out;
	struct str text;
	struct err err = { 0 };
	bool at_end = false;

	strbuf_init(&out, 1 << 20);
	if (!import_open(place->path, options, from, &reader, &err))
		fail_msg("%s", err.msg);
	while (max_items-- > 0) {
		struct import_item item;

		if (!import_next(reader, &place->arena, &item, &at_end, &err))
			fail_msg("%s", err.msg);
		if (at_end)
			break;
		*next = item.next;
		if (item.rejected)
			strbuf_addf(&out, "!%s%lld %.*s: %s\n", item.in_lines ? "lines " : "",
				    (long long)item.line, STR_ARG(item.column),
				    quoted(place, arena_cstr(&place->arena, item.why)));
		for (size_t i = 0; i < item.n_message; i++) {
			struct json *json = NULL;

			if (!json_parse(item.message[i].body, &json, &err))
				fail_msg("%.*s: %s", STR_ARG(item.message[i].body), err.msg);
			json_free(json);
			strbuf_addf(&out, "%.*s\n", STR_ARG(item.message[i].body));
		}
	}
	import_close(reader);
	text = arena_dup(&place->arena, strbuf_str(&out));
	strbuf_release(&out);
	return text;
}

static inline const char *read_text(struct place *place, const struct import_options *options, const char *text)
{
	struct import_place none = { 0 }, next;

	write_file(place->path, text, strlen(text));
	return read_from(place, options, &none, SIZE_MAX, &next).p;
}

/* Files and what they become, both with ' for "; prices are of EUR. */
struct sample {
	const char *what, *text, *want;
};

static inline void check_samples(struct place *place, const struct sample *sample, size_t n)
{
	struct import_options options = options_of(IMPORT_KIND_COUNT);

	options.currency = STR("EUR");
	for (size_t i = 0; i < n; i++) {
		const char *want = quoted(place, sample[i].want);
		const char *got = read_text(place, &options, quoted(place, sample[i].text));

		if (strcmp(got, want) != 0)
			fail_msg("%s:\ngot  %s\nwant %s", sample[i].what, got, want);
	}
}

#endif
