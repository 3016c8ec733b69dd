/*
 * Seal: secrets at rest.
 *
 * Does:    one key file per data folder; authenticated encryption of short texts, bound to the row they
 *          stand in.
 * Doesn't: decide what is secret (settings_change.c), rotate the key, protect against who can read the key
 *          file.
 * Keeps:   a key file is either absent or whole; it is never overwritten.
 * Threads: any; the folder is locked for the moment in which the file is read or made, also against other
 *          processes.
 */
#include "settings/seal.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEAL_VERSION	   1
#define KEY_FILE_BYTES_MAX 4096 /* so that a wrong file is called that, not too large */
#define NONCE_BYTES	   crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES	   crypto_aead_xchacha20poly1305_ietf_ABYTES

_Static_assert(SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "the cipher's key size");

static bool key_read(const char *path, struct seal_key *out, struct err *err)
{
	struct arena arena;
	struct str text;
	struct stat there;
	bool ok = false;

	arena_init(&arena);
	if (!file_read(path, KEY_FILE_BYTES_MAX, &arena, &text, err))
		goto out;
	if (stat(path, &there) != 0) {
		(void)err_set(err, ERR_INVALID, "cannot look at '%s': %s", path, strerror(errno));
		goto out;
	}
	if (there.st_mode & (S_IRWXG | S_IRWXO)) {
		(void)err_set(err, ERR_DENIED, "others may read '%s'; it must have mode 0600", path);
		goto out;
	}
	if (text.len != SEAL_KEY_BYTES) {
		(void)err_set(err, ERR_INVALID, "'%s' is not a key file: %zu bytes instead of %d", path,
			      text.len, SEAL_KEY_BYTES);
		goto out;
	}
	memcpy(out->byte, text.p, SEAL_KEY_BYTES);
	seal_text_wipe(text);
	ok = true;
out:
	arena_release(&arena);
	return ok;
}

static bool key_create(const char *path, struct seal_key *out, struct err *err)
{
	struct seal_key fresh;
	bool ok;

	randombytes_buf(fresh.byte, sizeof(fresh.byte));
	ok = file_create_private(path, str_of((const char *)fresh.byte, sizeof(fresh.byte)), err);
	if (ok)
		*out = fresh;
	seal_key_wipe(&fresh);
	return ok;
}

/* Locks the folder of path until the descriptor is closed. */
static bool folder_lock(const char *path, int *fd, struct err *err)
{
	struct arena arena;
	const char *slash = strrchr(path, '/');
	const char *folder;
	bool ok;

	arena_init(&arena);
	folder = !slash		 ? "."
		 : slash == path ? "/"
				 : arena_cstr(&arena, str_of(path, (size_t)(slash - path)));
	*fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = *fd >= 0 && flock(*fd, LOCK_EX) == 0;
	if (!ok)
		(void)err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_INVALID,
			      "cannot open folder '%s': %s", folder, strerror(errno));
	arena_release(&arena);
	return ok;
}

bool seal_key_open(const char *path, struct seal_key *out, struct err *err)
{
	struct err read_err;
	int fd = -1;
	bool ok = false;

	if (sodium_init() < 0)
		return err_set(err, ERR_FATAL, "libsodium does not start");
	if (!folder_lock(path, &fd, err))
		goto out;
	ok = key_read(path, out, &read_err);
	if (!ok && read_err.code == ERR_NOT_FOUND)
		ok = key_create(path, out, err);
	else if (!ok && err)
		*err = read_err;
out:
	if (fd >= 0)
		(void)close(fd); /* nothing was written through it */
	return ok;
}

void seal_key_wipe(struct seal_key *key)
{
	sodium_memzero(key->byte, sizeof(key->byte));
}

void seal_text_wipe(struct str text)
{
	union {
		const char *read;
		char *write;
	} bytes = { .read = text.p };

	if (text.len)
		sodium_memzero(bytes.write, text.len);
}

struct str seal_text(const struct seal_key *key, struct str label, struct str text, struct arena *arena)
{
	size_t len = 1 + NONCE_BYTES + text.len + TAG_BYTES;
	unsigned char *sealed = arena_alloc(arena, len);

	sealed[0] = SEAL_VERSION;
	randombytes_buf(sealed + 1, NONCE_BYTES);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(
		sealed + 1 + NONCE_BYTES, NULL, (const unsigned char *)text.p, text.len,
		(const unsigned char *)label.p, label.len, NULL, sealed + 1, key->byte); /* cannot fail */
	return str_of((const char *)sealed, len);
}

bool seal_open_text(const struct seal_key *key, struct str label, struct str sealed, struct arena *arena,
		    struct str *out, struct err *err)
{
	const unsigned char *bytes = (const unsigned char *)sealed.p;
	size_t len;
	char *text;

	if (sealed.len < 1 + NONCE_BYTES + TAG_BYTES || bytes[0] != SEAL_VERSION)
		return err_set(err, ERR_DENIED, "not a sealed text");
	len = sealed.len - 1 - NONCE_BYTES - TAG_BYTES;
	text = arena_zalloc(arena, 1, len + 1);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
		    (unsigned char *)text, NULL, NULL, bytes + 1 + NONCE_BYTES, len + TAG_BYTES,
		    (const unsigned char *)label.p, label.len, bytes + 1, key->byte) != 0)
		return err_set(err, ERR_DENIED,
			       "the key file is another one, or the stored bytes were changed");
	*out = str_of(text, len);
	return true;
}
