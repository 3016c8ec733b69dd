#ifndef PANNIER_SANDBOX_CONTROL_H
#define PANNIER_SANDBOX_CONTROL_H

#include "sandbox/call.h"

/* The paths outside the API: / and /sandbox/... */
void control_handle(struct call *call);

/* For the handlers: an answer as JSON, and {"error":text}. */
void control_reply(struct call *call, int status, struct strbuf *out);
void control_refuse(struct call *call, int status, const char *text);
/* True if the account is asked for by key_last4, or none in particular. */
bool control_wants(struct call *call, const struct account *account);

/* Handlers of people_control.c. */
void people_get_all(struct call *call);
void people_get_profiles(struct call *call);
void people_get_events(struct call *call);
void people_post_consent(struct call *call);

/* {"key_last4","id","items":[...],"variants":[...],"categories":[...],"jobs":[...],"people":{...},...} */
void state_render_account(const struct sandbox *sandbox, const struct account *account, struct strbuf *out);
/* {"requests","rows","by_status","throttled","effects","people","routes"} */
void state_render_counts(const struct sandbox *sandbox, struct strbuf *out);
/* The page for people. */
void page_render(const struct sandbox *sandbox, struct strbuf *out);

/* For parts of the page: text escaped; a cell of a table, cut when it is long; the start of a table. */
void page_escape(struct str text, struct strbuf *out);
void page_cell(struct str text, struct strbuf *out);
void page_head(const char *const *name, size_t n, struct strbuf *out);

/* In /sandbox/state: at most so many profiles, the first, and so many events, the last. */
#define STATE_PROFILES_MAX 1000
#define STATE_EVENTS_MAX 1000

/* {"events","profiles","counts":{...},"metrics":[...],"lists":[...],"consent":{...},"imports":[...]} */
void people_render(const struct sandbox *sandbox, const struct account *account, struct strbuf *out);
/* {"events","profiles",counts...,"metrics":{name:{...}}} of all accounts together. */
void people_render_totals(const struct sandbox *sandbox, struct strbuf *out);
/* One profile with all that is known of it; one event. */
void people_render_profile(const struct account *account, const struct profile *profile, struct strbuf *out);
void people_render_event(const struct event *event, struct strbuf *out);
/* Appends "profiles" and "events" of /sandbox/state. */
void people_render_held(const struct account *account, struct strbuf *out);
/* The part of the page for people that is about people. */
void people_page(const struct account *account, struct strbuf *out);

#endif
