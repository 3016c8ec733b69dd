#ifndef PANNIER_SANDBOX_CONTROL_H
#define PANNIER_SANDBOX_CONTROL_H

#include "sandbox/call.h"

/* The paths outside the API: / and /sandbox/... */
void control_handle(struct call *call);

/* {"key_last4","id","items":[...],"variants":[...],"categories":[...],"jobs":[...]} */
void state_render_account(const struct sandbox *sandbox, const struct account *account, struct strbuf *out);
/* {"requests","rows","by_status","throttled","effects","routes"} */
void state_render_counts(const struct sandbox *sandbox, struct strbuf *out);
/* The page for people. */
void page_render(const struct sandbox *sandbox, struct strbuf *out);

#endif
