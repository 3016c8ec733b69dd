/*
 * Packing: a file and its gzip, written side by side.
 *
 * Keeps:   nobody sees half of either.
 * Threads: none of its own; one user per handle.
 */
#include "base/pack.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define LEVEL "wb6"

struct pack {
	struct arena arena;
	const char *path, *temporary, *packed, *packed_temporary;
	FILE *plain;
	gzFile gzip;
	struct digest_sum *sum;
	int64_t bytes;
};

static bool fail(struct pack *pack, const char *what, struct err *err)
{
	return err_set(err, file_disk_is_full(errno) ? ERR_TOO_LARGE : ERR_INVALID, "%s '%s': %s", what,
		       pack->path, strerror(errno));
}

bool pack_open(const char *path, struct pack **out, struct err *err)
{
	struct pack *pack = mem_zalloc(1, sizeof(*pack));

	arena_init(&pack->arena);
	pack->path = arena_cstr(&pack->arena, str_from(path));
	pack->temporary = arena_printf(&pack->arena, "%s.new", path).p;
	pack->packed = arena_printf(&pack->arena, "%s.gz", path).p;
	pack->packed_temporary = arena_printf(&pack->arena, "%s.gz.new", path).p;
	pack->sum = digest_sum_new();
	pack->plain = fopen(pack->temporary, "wb");
	pack->gzip = pack->plain ? gzopen(pack->packed_temporary, LEVEL) : NULL;
	if (pack->gzip) {
		*out = pack;
		return true;
	}
	(void)fail(pack, "create", err);
	pack_drop(pack);
	return false;
}

bool pack_add(struct pack *pack, struct str text, struct err *err)
{
	errno = 0;
	if (text.len == 0)
		return true;
	if (fwrite(text.p, 1, text.len, pack->plain) != text.len ||
	    gzwrite(pack->gzip, text.p, (unsigned)text.len) != (int)text.len)
		return fail(pack, "write", err);
	digest_sum_add(pack->sum, text);
	pack->bytes += (int64_t)text.len;
	return true;
}

int64_t pack_bytes(const struct pack *pack)
{
	return pack->bytes;
}

static bool close_both(struct pack *pack)
{
	bool ok = pack->plain && fclose(pack->plain) == 0;

	ok = pack->gzip && gzclose(pack->gzip) == Z_OK && ok;
	pack->plain = NULL;
	pack->gzip = NULL;
	return ok;
}

bool pack_end(struct pack *pack, struct digest16 *digest, struct err *err)
{
	unsigned char sha256[SHA256_BYTES];
	bool ok;

	errno = 0;
	ok = close_both(pack) && rename(pack->temporary, pack->path) == 0 &&
	     rename(pack->packed_temporary, pack->packed) == 0;
	if (!ok)
		(void)fail(pack, "end", err);
	digest_sum_end(pack->sum, sha256);
	memcpy(digest->byte, sha256, sizeof(digest->byte));
	pack_drop(pack);
	return ok;
}

void pack_drop(struct pack *pack)
{
	if (!pack)
		return;
	(void)close_both(pack);
	(void)unlink(pack->temporary);
	(void)unlink(pack->packed_temporary);
	digest_sum_free(pack->sum);
	arena_release(&pack->arena);
	mem_free(pack);
}
