/*
 * Enad proves itself by a static header whose name and value the merchant chose; there is no signature.
 *
 * Keeps:   all secrets and headers are compared, in constant time each, before anything is answered.
 */
#include "platform/enad/enad_internal.h"
#include "platform/receipt.h"

#define SECRET_BYTES_MIN 8
#define HEADER_BYTES_MAX 129 /* with NUL; setting_table.h allows 128 */

bool enad_check_secret(struct str secret, struct err *err)
{
	return receipt_check_secret(secret, SECRET_BYTES_MIN, err);
}

static struct str without_bearer(struct str value)
{
	struct str scheme = STR("Bearer ");

	if (value.len > scheme.len && str_eq_nocase(str_of(value.p, scheme.len), scheme))
		return str_trim(str_skip(value, scheme.len));
	return value;
}

static bool is_secret(const struct platform_store *store, struct str value)
{
	bool same = false;

	for (size_t i = 0; i < store->n_secret; i++) {
		if (store->secret[i].len == 0)
			continue;
		same |= secret_eq(store->secret[i], value);
		same |= secret_eq(store->secret[i], without_bearer(value));
	}
	return same;
}

bool enad_verify(const struct platform_store *store, const struct platform_request *request, struct err *err)
{
	const char *usual[] = { "Authorization", "X-Api-Key", "Api-Key" };
	char own[HEADER_BYTES_MAX];
	const char *own_name[] = { own };
	bool has_own = receipt_copy(store->setting(store->from, "secret_header"), own, sizeof(own));
	const char **name = has_own ? own_name : usual;
	size_t n = has_own ? 1 : ARRAY_LEN(usual);
	bool there = false, same = false;

	for (size_t i = 0; i < n; i++) {
		struct str value = str_trim(request->header(request->from, name[i]));

		if (value.len == 0)
			continue;
		there = true;
		same |= is_secret(store, value);
	}
	if (same)
		return true;
	if (there)
		return err_set(err, ERR_DENIED, "the header does not carry this store's secret");
	if (has_own)
		return err_set(err, ERR_DENIED, "there is no %s header", own);
	return err_set(err, ERR_DENIED, "there is no Authorization, X-Api-Key or Api-Key header");
}
