#ifndef PANNIER_ADMIN_KEY_CHECK_H
#define PANNIER_ADMIN_KEY_CHECK_H

#include "admin/ask.h"

/* What a private key needs, by asking Klaviyo: reads that must work, and writes that are refused as empty but allowed. */
struct key_probe {
	const char *what;
	const char *method;
	const char *path;
	const char *body;
	const char *scope;
	int want;                  /* status when the key may */
	const char *good;          /* "may read the catalog" */
};
extern const struct key_probe key_probes[];
extern const size_t n_key_probes;

/* All of it as JSON, of the shape AccountCheck; asks Klaviyo some ten questions, a few seconds. key_last4: of account->key. */
bool key_check(struct look *look, const struct settings_account *account, struct json **out, struct err *err) MUST_CHECK;

#endif
