#ifndef PANNIER_CLI_ADVICE_H
#define PANNIER_CLI_ADVICE_H

#include "cli/command.h"

/* What a person should look at, with what to do about it; shown by status, and by doctor among its checks. */
struct advice {
	struct str text;
	struct advice *next;
};

struct advice_list {
	struct advice *first;
	struct advice **end;
	size_t n;
};

/* Looks at settings, counters and the last audit rows of each account; asks nobody else. Texts live in the run's arena. */
bool advice_collect(struct cli *cli, const struct summary *summary, struct advice_list *out, struct err *err) MUST_CHECK;

/* Does the platform's guide ask for a url_template that the store does not have? */
bool advice_lacks_url_template(const struct settings_store *store);
/* Days until Klaviyo is expected to retire the revision we speak; negative afterwards. */
int64_t advice_revision_days(int64_t now_ms);

#endif
