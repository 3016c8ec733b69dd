/*
 * Unpacking: bytes of a file, out of whatever it was packed with.
 *
 * Does:    tells the packing by its first bytes; reads on over the ends of members and frames.
 * Keeps:   memory is one input buffer and the decoder's own, whatever the file's size. Zstandard windows are
 *          bounded, because a hostile file could ask for gigabytes.
 * Threads: none of its own; one user per handle.
 */
#include "base/unpack.h"

#include "base/alloc.h"
#include "base/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define INPUT_BYTES	   ((size_t)128 << 10)
#define WINDOW_LOG_MAX	   27 /* 128 MiB, what the zstd program itself takes without --long */
#define GZIP_WINDOW	   (15 + 16)
#define FINGERPRINT_BYTES  ((int64_t)64 << 10)
#define FINGERPRINT_PIECES 256

enum packing { PACKED_NOT, PACKED_GZIP, PACKED_ZSTD };

struct unpack {
	int fd;
	enum packing packing;
	z_stream gzip;
	ZSTD_DStream *zstd;
	int64_t size;
	int64_t used;
	size_t at, end; /* of what is in input and not taken yet */
	bool file_end;
	bool within; /* a member or frame has begun and has not ended */
	unsigned char input[INPUT_BYTES];
};

/* ---- the file ---- */

static bool open_file(const char *path, int *fd, int64_t *size, struct err *err)
{
	struct stat stat;

	/* Not blocking, or a pipe without a writer would stop us here. */
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0)
		return err_set(err,
			       errno == ENOENT			   ? ERR_NOT_FOUND
			       : errno == EACCES || errno == EPERM ? ERR_DENIED
								   : ERR_INVALID,
			       "open '%s': %s", path, strerror(errno));
	if (fstat(*fd, &stat) == 0 && S_ISREG(stat.st_mode)) {
		*size = stat.st_size;
		return true;
	}
	(void)close(*fd);
	return err_set(err, ERR_INVALID, "'%s' is no ordinary file", path);
}

static bool fill(struct unpack *unpack, struct err *err)
{
	ssize_t n;

	if (unpack->at < unpack->end || unpack->file_end)
		return true;
	do
		n = read(unpack->fd, unpack->input, sizeof(unpack->input));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set(err, ERR_BUSY, "read: %s", strerror(errno));
	unpack->at = 0;
	unpack->end = (size_t)n;
	unpack->used += n;
	unpack->file_end = n == 0;
	return true;
}

static bool starts_with(const struct unpack *unpack, const char *magic, size_t n)
{
	return unpack->end >= n && memcmp(unpack->input, magic, n) == 0;
}

static bool begin(struct unpack *unpack, struct err *err)
{
	if (!fill(unpack, err))
		return false;
	if (starts_with(unpack, "\x1f\x8b", 2)) {
		unpack->packing = PACKED_GZIP;
		if (inflateInit2(&unpack->gzip, GZIP_WINDOW) != Z_OK)
			return err_set(err, ERR_BUSY, "start to unpack gzip");
	} else if (starts_with(unpack, "\x28\xb5\x2f\xfd", 4)) {
		unpack->packing = PACKED_ZSTD;
		unpack->zstd = ZSTD_createDStream();
		if (!unpack->zstd ||
		    ZSTD_isError(ZSTD_DCtx_setParameter(unpack->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
			return err_set(err, ERR_BUSY, "start to unpack zstd");
	}
	return true;
}

bool unpack_open(const char *path, struct unpack **out, struct err *err)
{
	struct unpack *unpack;
	int64_t size;
	int fd;

	if (!open_file(path, &fd, &size, err))
		return false;
	unpack = mem_zalloc(1, sizeof(*unpack));
	unpack->fd = fd;
	unpack->size = size;
	if (!begin(unpack, err)) {
		unpack_close(unpack);
		return err_wrap(err, "'%s'", path);
	}
	*out = unpack;
	return true;
}

void unpack_close(struct unpack *unpack)
{
	if (!unpack)
		return;
	if (unpack->packing == PACKED_GZIP)
		(void)inflateEnd(&unpack->gzip);
	(void)ZSTD_freeDStream(unpack->zstd);
	(void)close(unpack->fd);
	mem_free(unpack);
}

int64_t unpack_size(const struct unpack *unpack)
{
	return unpack->size;
}

int64_t unpack_used(const struct unpack *unpack)
{
	return unpack->used - (int64_t)(unpack->end - unpack->at);
}

/* ---- one step of each decoder: *n bytes made, 0 = more input is needed ---- */

static bool step_plain(struct unpack *unpack, void *to, size_t max, size_t *n, struct err *err)
{
	(void)err;
	*n = unpack->end - unpack->at < max ? unpack->end - unpack->at : max;
	memcpy(to, unpack->input + unpack->at, *n);
	unpack->at += *n;
	return true;
}

static bool step_gzip(struct unpack *unpack, void *to, size_t max, size_t *n, struct err *err)
{
	z_stream *gzip = &unpack->gzip;
	int result;

	gzip->next_in = unpack->input + unpack->at;
	gzip->avail_in = (uInt)(unpack->end - unpack->at);
	gzip->next_out = to;
	gzip->avail_out = (uInt)max;
	result = inflate(gzip, Z_NO_FLUSH);
	*n = max - gzip->avail_out;
	unpack->at = unpack->end - gzip->avail_in;
	unpack->within = result != Z_STREAM_END;
	if (result == Z_STREAM_END)
		result = inflateReset(gzip);
	/* Behind the last member some programs fill up with zeros. */
	while (!unpack->within && unpack->at < unpack->end && unpack->input[unpack->at] == 0)
		unpack->at++;
	if (result == Z_OK || result == Z_BUF_ERROR)
		return true;
	return err_set(err, ERR_INVALID, "what is packed with gzip is broken%s%s", gzip->msg ? ": " : "",
		       gzip->msg ? gzip->msg : "");
}

static bool step_zstd(struct unpack *unpack, void *to, size_t max, size_t *n, struct err *err)
{
	ZSTD_inBuffer in = { unpack->input, unpack->end, unpack->at };
	ZSTD_outBuffer out = { to, max, 0 };
	size_t result = ZSTD_decompressStream(unpack->zstd, &out, &in);

	*n = out.pos;
	unpack->at = in.pos;
	unpack->within = result != 0;
	if (ZSTD_isError(result))
		return err_set(err, ERR_INVALID, "what is packed with zstd is broken: %s",
			       ZSTD_getErrorName(result));
	return true;
}

bool unpack_read(struct unpack *unpack, void *to, size_t max, size_t *n, struct err *err)
{
	static bool (*const step[])(struct unpack *, void *, size_t, size_t *, struct err *) = {
		[PACKED_NOT] = step_plain,
		[PACKED_GZIP] = step_gzip,
		[PACKED_ZSTD] = step_zstd,
	};

	for (*n = 0;;) {
		if (!fill(unpack, err))
			return false;
		if (unpack->at == unpack->end && !unpack->within)
			return true;
		/* A decoder may still hold bytes when its input is used up. */
		if (!step[unpack->packing](unpack, to, max, n, err))
			return false;
		if (*n > 0)
			return true;
		if (unpack->file_end && unpack->within)
			return err_set(err, ERR_INVALID, "what is packed is cut off");
	}
}

bool unpack_skip(struct unpack *unpack, int64_t n, struct err *err)
{
	char passed[16384];

	if (unpack->packing == PACKED_NOT && unpack_used(unpack) + n <= unpack->size) {
		int64_t to = unpack_used(unpack) + n;

		if (lseek(unpack->fd, to, SEEK_SET) < 0)
			return err_set(err, ERR_BUSY, "seek: %s", strerror(errno));
		unpack->at = unpack->end = 0;
		unpack->used = to;
		unpack->file_end = false;
		return true;
	}
	while (n > 0) {
		size_t got;

		if (!unpack_read(unpack, passed, n < (int64_t)sizeof(passed) ? (size_t)n : sizeof(passed),
				 &got, err))
			return false;
		if (got == 0)
			return err_set(err, ERR_INVALID, "the file is shorter than it was");
		n -= (int64_t)got;
	}
	return true;
}

/* ---- fingerprint ---- */

/* All of a file that is no larger than its pieces; of others they are spread from first byte to last. */
static int64_t piece_at(int64_t size, int64_t i)
{
	if (size <= FINGERPRINT_PIECES * FINGERPRINT_BYTES)
		return i * FINGERPRINT_BYTES;
	return i * (size - FINGERPRINT_BYTES) / (FINGERPRINT_PIECES - 1);
}

static bool add_pieces(int fd, int64_t size, struct digest_sum *sum)
{
	char *bytes = mem_alloc((size_t)FINGERPRINT_BYTES);
	bool ok = true;

	for (int64_t i = 0; i < FINGERPRINT_PIECES && piece_at(size, i) < size && ok; i++) {
		ssize_t n = pread(fd, bytes, (size_t)FINGERPRINT_BYTES, piece_at(size, i));

		ok = n >= 0;
		digest_sum_add(sum, str_of(bytes, ok ? (size_t)n : 0));
	}
	mem_free(bytes);
	return ok;
}

bool unpack_fingerprint(const char *path, struct digest16 *digest, int64_t *size, struct err *err)
{
	unsigned char whole[SHA256_BYTES];
	struct digest_sum *sum;
	bool ok;
	int fd;

	if (!open_file(path, &fd, size, err))
		return false;
	sum = digest_sum_new();
	digest_sum_add(sum, str_of((const char *)size, sizeof(*size)));
	ok = add_pieces(fd, *size, sum) || err_set(err, ERR_BUSY, "read '%s': %s", path, strerror(errno));
	digest_sum_end(sum, whole);
	memcpy(digest->byte, whole, sizeof(digest->byte));
	digest_sum_free(sum);
	(void)close(fd);
	return ok;
}
