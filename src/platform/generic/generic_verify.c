/*
 * Standard Webhooks 1.0.0: webhook-signature is a list of "v1,<base64 of HMAC-SHA256>" over
 * "id.timestamp.body".
 *
 * Keeps:   signatures are compared in constant time, and all secrets are tried whatever the first one gives.
 *          An id with a dot is refused: "a.1" + "2" + body and "a" + "1" + "2.body" are the same signed
 *          bytes.
 * Doesn't: do asymmetric signatures (v1a); they are skipped like any version it does not know.
 * Source:  standard-webhooks/spec, 2026-08-17.
 */
#include "base/digest.h"
#include "platform/generic/generic_internal.h"
#include "platform/receipt.h"
#include "platform/webhook_sign.h"

#define RAW_SECRET_BYTES_MIN 16
#define KEY_BYTES_MIN	     24
#define KEY_BYTES_MAX	     64
#define SIGNATURES_MAX	     16
#define TOLERANCE_DEFAULT_S  300

static const struct str prefix = { "whsec_", 6 };

bool generic_check_secret(struct str secret, struct err *err)
{
	struct arena arena;
	struct str key;
	bool ok = false;

	if (!receipt_check_secret(secret, RAW_SECRET_BYTES_MIN, err))
		return false;
	if (str_starts(secret, STR("whsk_")) || str_starts(secret, STR("whpk_")))
		return err_set(err, ERR_INVALID,
			       "asymmetric keys (whsk_, whpk_) are not supported: use whsec_");
	if (!str_starts(secret, prefix))
		return true;
	arena_init(&arena);
	if (!base64_decode(&arena, str_skip(secret, prefix.len), &key))
		(void)err_set(err, ERR_INVALID, "what follows whsec_ is not base64");
	else if (key.len < KEY_BYTES_MIN || key.len > KEY_BYTES_MAX)
		(void)err_set(err, ERR_INVALID,
			      "what follows whsec_ decodes to %zu bytes; %d to %d are needed", key.len,
			      KEY_BYTES_MIN, KEY_BYTES_MAX);
	else
		ok = true;
	arena_release(&arena);
	return ok;
}

static bool check_time(const struct platform_store *store, struct str timestamp, int64_t now_ms,
		       struct err *err)
{
	int64_t tolerance_s, sent_s, now_s = now_ms / 1000;

	if (!str_to_int64(store->setting(store->from, "signature_tolerance_s"), &tolerance_s))
		tolerance_s = TOLERANCE_DEFAULT_S;
	if (!str_to_int64(timestamp, &sent_s) || sent_s < 0)
		return err_set(err, ERR_DENIED, "webhook-timestamp is not a number of seconds");
	if (sent_s < now_s - tolerance_s || sent_s > now_s + tolerance_s)
		return err_set(err, ERR_DENIED,
			       "webhook-timestamp is more than %lld s away from our clock: sent again later, "
			       "or a clock is wrong",
			       (long long)tolerance_s);
	return true;
}

/*
 * Does one of the signatures fit one of the expected ones? Looks at all of them. *known: one is of a version
 * we do.
 */
static bool one_fits(struct str list, const unsigned char (*expected)[SHA256_BYTES], size_t n,
		     struct arena *arena, bool *known)
{
	struct str signature, bytes;
	bool fits = false;
	size_t seen = 0;

	while (str_split(&list, ' ', &signature) && seen++ < SIGNATURES_MAX) {
		if (!str_starts(signature, STR("v1,")) ||
		    !base64_decode(arena, str_skip(signature, 3), &bytes))
			continue;
		*known = true;
		for (size_t i = 0; i < n; i++)
			fits |= secret_eq(bytes, str_of((const char *)expected[i], SHA256_BYTES));
	}
	return fits;
}

#define SECRETS_MAX 4

static bool check_signature(const struct platform_store *store, const struct str *signed_part, size_t n_part,
			    struct str list, struct err *err)
{
	unsigned char expected[SECRETS_MAX][SHA256_BYTES];
	bool known = false, fits;
	struct arena arena;
	size_t n = 0;

	arena_init(&arena);
	for (size_t i = 0; i < store->n_secret && n < SECRETS_MAX; i++) {
		struct str key;

		if (webhook_sign_key(store->secret[i], &arena, &key) && key.len)
			digest_hmac_sha256(key, signed_part, n_part, expected[n++]);
	}
	fits = one_fits(list, (const unsigned char(*)[SHA256_BYTES])expected, n, &arena, &known);
	arena_release(&arena);
	if (fits)
		return true;
	if (!known)
		return err_set(err, ERR_DENIED, "webhook-signature has no signature of the kind v1,<base64>");
	return err_set(err, ERR_DENIED,
		       "no signature fits: another secret, or the body was changed after signing");
}

bool generic_webhook_id_fits(struct str id)
{
	for (size_t i = 0; i < id.len; i++)
		if (id.p[i] <= 0x20 || id.p[i] > 0x7e || id.p[i] == '.')
			return false;
	return id.len <= GENERIC_ID_BYTES_MAX;
}

bool generic_verify(const struct platform_store *store, const struct platform_request *request,
		    struct err *err)
{
	struct str id = request->header(request->from, "webhook-id");
	struct str timestamp = request->header(request->from, "webhook-timestamp");
	struct str signature = request->header(request->from, "webhook-signature");
	struct str signed_part[] = { id, STR("."), timestamp, STR("."), request->body };

	if (id.len == 0 || timestamp.len == 0 || signature.len == 0)
		return err_set(err, ERR_DENIED, "the header %s is missing",
			       id.len == 0	    ? "webhook-id"
			       : timestamp.len == 0 ? "webhook-timestamp"
						    : "webhook-signature");
	if (!generic_webhook_id_fits(id))
		return err_set(
			err, ERR_DENIED,
			"webhook-id has a dot, a space or other than ASCII, or is longer than %d bytes",
			GENERIC_ID_BYTES_MAX);
	return check_time(store, timestamp, request->now_ms, err) &&
	       check_signature(store, signed_part, ARRAY_LEN(signed_part), signature, err);
}
