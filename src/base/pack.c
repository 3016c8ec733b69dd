/*
 * Packing: a file and its gzip, written side by side.
 *
 * Keeps:   nobody sees half of either. Memory is two buffers and the encoder's own, whatever the file's size.
 * Threads: none of its own; one user per handle.
 */
#define ZLIB_CONST
#include "base/pack.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/mutant.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define LEVEL	     6
#define GZIP_WINDOW  (15 + 16)
#define GZIP_MEMORY  8
#define OUTPUT_BYTES ((size_t)64 << 10)

struct output {
	const char *path, *temporary;
	int fd; /* -1 = not open */
	size_t n;
	char bytes[OUTPUT_BYTES]; /* not written yet */
};

struct pack {
	struct arena arena;
	struct output plain, packed;
	z_stream gzip;
	bool encodes;
	struct digest_sum *sum;
	int64_t bytes;
};

static bool fail(const struct pack *pack, const char *what, struct err *err)
{
	return err_set(err, file_disk_is_full(errno) ? ERR_BUSY : ERR_INVALID, "%s '%s': %s", what,
		       pack->plain.path, strerror(errno));
}

/* ---- one file ---- */

static bool output_open(struct output *out, const char *path, struct arena *arena)
{
	out->path = arena_cstr(arena, str_from(path));
	out->temporary =
		mutant_is(MUTANT_feed_in_place) ? out->path : arena_printf(arena, "%s.new", path).p;
	out->fd = open(out->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return out->fd >= 0;
}

static bool output_flush(struct output *out)
{
	const char *from = out->bytes;
	size_t left = out->n;

	while (left > 0) {
		ssize_t n = write(out->fd, from, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		from += n;
		left -= (size_t)n;
	}
	out->n = 0;
	return true;
}

static bool output_add(struct output *out, struct str text)
{
	while (text.len > 0) {
		size_t room = OUTPUT_BYTES - out->n, n = text.len < room ? text.len : room;

		memcpy(out->bytes + out->n, text.p, n);
		out->n += n;
		text = str_skip(text, n);
		if (out->n == OUTPUT_BYTES && !output_flush(out))
			return false;
	}
	return true;
}

static bool output_close(struct output *out)
{
	int fd = out->fd;

	out->fd = -1;
	return fd < 0 || close(fd) == 0;
}

static void output_drop(struct output *out)
{
	(void)output_close(out);
	if (out->temporary && !mutant_is(MUTANT_feed_in_place))
		(void)unlink(out->temporary);
}

/* ---- both ---- */

bool pack_open(const char *path, struct pack **out, struct err *err)
{
	struct pack *pack = mem_zalloc(1, sizeof(*pack));

	arena_init(&pack->arena);
	pack->plain.fd = pack->packed.fd = -1;
	pack->sum = digest_sum_new();
	errno = ENOMEM; /* nothing else can be in the encoder's way */
	pack->encodes = deflateInit2(&pack->gzip, LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
				     Z_DEFAULT_STRATEGY) == Z_OK;
	if (output_open(&pack->plain, path, &pack->arena) &&
	    output_open(&pack->packed, arena_printf(&pack->arena, "%s.gz", path).p, &pack->arena) &&
	    pack->encodes) {
		*out = pack;
		return true;
	}
	(void)fail(pack, "create", err);
	pack_drop(pack);
	return false;
}

/* What the encoder gives for the text; with Z_FINISH all of the rest. */
static bool encode(struct pack *pack, struct str text, int flush)
{
	struct output *out = &pack->packed;
	z_stream *gzip = &pack->gzip;
	bool more = true;

	gzip->next_in = (const Bytef *)text.p;
	gzip->avail_in = (uInt)text.len;
	while (more) {
		int said;

		gzip->next_out = (Bytef *)out->bytes + out->n;
		gzip->avail_out = (uInt)(OUTPUT_BYTES - out->n);
		said = deflate(gzip, flush);
		out->n = OUTPUT_BYTES - gzip->avail_out;
		more = flush == Z_FINISH ? said != Z_STREAM_END : gzip->avail_in > 0;
		if (out->n == OUTPUT_BYTES && !output_flush(out))
			return false;
	}
	return true;
}

bool pack_add(struct pack *pack, struct str text, struct err *err)
{
	if (text.len == 0)
		return true;
	if (!output_add(&pack->plain, text) || !encode(pack, text, Z_NO_FLUSH))
		return fail(pack, "write", err);
	digest_sum_add(pack->sum, text);
	pack->bytes += (int64_t)text.len;
	return true;
}

int64_t pack_bytes(const struct pack *pack)
{
	return pack->bytes;
}

static bool end_both(struct pack *pack)
{
	return encode(pack, STR(""), Z_FINISH) && output_flush(&pack->plain) && output_flush(&pack->packed) &&
	       output_close(&pack->plain) && output_close(&pack->packed) &&
	       rename(pack->plain.temporary, pack->plain.path) == 0 &&
	       rename(pack->packed.temporary, pack->packed.path) == 0;
}

bool pack_end(struct pack *pack, struct digest16 *digest, struct err *err)
{
	unsigned char sha256[SHA256_BYTES];
	bool ok = end_both(pack) || fail(pack, "end", err);

	digest_sum_end(pack->sum, sha256);
	memcpy(digest->byte, sha256, sizeof(digest->byte));
	pack_drop(pack);
	return ok;
}

void pack_drop(struct pack *pack)
{
	if (!pack)
		return;
	output_drop(&pack->plain);
	output_drop(&pack->packed);
	if (pack->encodes)
		(void)deflateEnd(&pack->gzip);
	digest_sum_free(pack->sum);
	arena_release(&pack->arena);
	mem_free(pack);
}
