#ifndef PANNIER_ADMIN_ADVICE_H
#define PANNIER_ADMIN_ADVICE_H

#include "admin/look.h"

/* What a person should look at, with what to do about it; shown by status, and by doctor among its checks. */
struct advice {
	const char *code;          /* "store_secret_broken" */
	struct str text;
	const struct settings_store *store;     /* that it is about, or NULL */
	const struct settings_account *account; /* so too */
	struct advice *next;
};

struct advice_list {
	struct advice *first;
	struct advice **end;
	size_t n;
};

/* Looks at settings, counters and what is stopped of each account; asks nobody else. Texts live in the arena. */
bool advice_collect(struct look *look, const struct summary *summary, struct advice_list *out, struct err *err) MUST_CHECK;
/* For the files of advice: one row about a store. */
void advice_add_store(struct look *look, struct advice_list *list, const char *code, const struct settings_store *store,
		      struct str text);
/* What comparisons with Klaviyo found, and stores that have gone quiet. (advice_agree.c) */
bool advice_agreement(struct look *look, struct advice_list *list, struct err *err) MUST_CHECK;
/* Imports that failed, and shops that do not answer (advice_import.c). */
bool advice_imports(struct look *look, struct advice_list *list, struct err *err) MUST_CHECK;
/* Does the platform's guide ask for a url_template that the store does not have? */
bool advice_lacks_url_template(const struct settings_store *store);
/* Days until Klaviyo is expected to retire the revision we speak; negative afterwards. */
int64_t advice_revision_days(int64_t now_ms);

#endif
