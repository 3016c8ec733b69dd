#ifndef PANNIER_SANDBOX_KNOB_H
#define PANNIER_SANDBOX_KNOB_H

#include "base/err.h"
#include "base/json.h"

/*
 * What can be turned, on the command line and at run time. One row: member of struct knobs, type, option name or NULL,
 * default, lowest and highest value, help. Types: NUMBER, FLAG, CHOICE (index into the words of the row), TEXTS.
 */
#define KNOBS(X) \
	X(latency_ms, NUMBER, "latency-ms", 0, 0, 600000, "hold every answer back for so long") \
	X(limits, CHOICE, "limits", 1, 0, 1, "off|real: Klaviyo's rate limits; off also makes jobs quick") \
	X(foreign_rps, NUMBER, "foreign-rps", 0, 0, 1000, \
	  "requests a second that other integrations take from each endpoint") \
	X(job_ms, NUMBER, "job-ms", -1, -1, 86400000, \
	  "how long a bulk job takes; -1: 30 s items, 12 s others; 200 ms with limits off") \
	X(job_status_lag_ms, NUMBER, "job-status-lag-ms", 0, 0, 86400000, \
	  "a job's status turns complete so long after its effect") \
	X(fail_every, NUMBER, "fail-every", 0, 0, 1000000, "every Nth request fails; 0: none") \
	X(fail_status, NUMBER, "fail-status", 500, 400, 599, "with this status") \
	X(fail_html, FLAG, "fail-html", 0, 0, 1, "or with 403 and a page that asks for a browser") \
	X(retry_after_s, NUMBER, "retry-after", 0, 0, 86400, "Retry-After of failures with 429 and 503; 0: none") \
	X(drop_before, NUMBER, NULL, 0, 0, 1000000, "so many next writes are dropped before their effect") \
	X(drop_after, NUMBER, NULL, 0, 0, 1000000, "so many next writes take effect and their answer is lost") \
	X(drop_how, CHOICE, NULL, 0, 0, 2, "close|502|hang: what the client sees of a drop") \
	X(reject_external_id, TEXTS, NULL, 0, 0, 0, "rows with one of these external ids are refused with 400") \
	X(job_fail_external_id, TEXTS, NULL, 0, 0, 0, "rows with one of these external ids fail inside a job") \
	X(reject_identifier, TEXTS, NULL, 0, 0, 0, \
	  "profiles with one of these identifiers, or events with one of these unique ids, are refused with 400") \
	X(job_fail_identifier, TEXTS, NULL, 0, 0, 0, "profiles with one of these identifiers fail inside an import") \
	X(unsupported_phone_prefix, TEXTS, NULL, 0, 0, 0, "phone numbers that start so are refused with 400, as \"+86\"") \
	X(opt_in, CHOICE, "opt-in", 0, 0, 1, "double|single: the account's opt-in where no list decides, and of new lists") \
	X(forget_properties, FLAG, "forget-properties", 0, 0, 1, \
	  "keep no properties of events and profiles: for millions of them") \
	X(normalise, FLAG, NULL, 0, 0, 1, \
	  "the catalog keeps texts and times in forms of its own: no blanks at ends, LF, \"\" as null, +00:00, numbers as texts") \
	X(deny_scope, TEXTS, NULL, 0, 0, 0, "scopes that the keys lack, as \"catalogs:write\"") \
	X(oauth_expires_s, NUMBER, "oauth-expires", 3600, 1, 86400, "so long an access token counts") \
	X(oauth_rotate, FLAG, "oauth-rotate", 0, 0, 1, "each answer of /oauth/token has another refresh token, the one before ends") \
	X(oauth_redirect, TEXTS, NULL, 0, 0, 0, "redirect URLs that the app has registered; none: any is its own") \
	X(down, FLAG, "down", 0, 0, 1, "everything is answered with 503")

enum opt_in { OPT_IN_DOUBLE, OPT_IN_SINGLE };
enum drop_how { DROP_HOW_CLOSE, DROP_HOW_502, DROP_HOW_HANG };

#define KNOB_TEXTS_MAX 100

struct texts {
	char **text;  /* owned */
	size_t n;
};

struct knobs {
#define KNOB_TYPE_NUMBER int64_t
#define KNOB_TYPE_FLAG int64_t
#define KNOB_TYPE_CHOICE int64_t
#define KNOB_TYPE_TEXTS struct texts
#define KNOB_MEMBER(name, type, option, initial, low, high, help) KNOB_TYPE_##type name;
	KNOBS(KNOB_MEMBER)
#undef KNOB_MEMBER
};

void knobs_init(struct knobs *knobs);     /* the defaults */
void knobs_release(struct knobs *knobs);
bool texts_has(const struct texts *texts, struct str text);

/* Sets the members that the object has; nothing is changed when one is wrong (ERR_INVALID names it). */
bool knobs_change(struct knobs *knobs, const struct json *object, struct err *err) MUST_CHECK;
/* One option of the command line, name without dashes; a flag takes no value (then NULL). ERR_NOT_FOUND: no such. */
bool knobs_option(struct knobs *knobs, struct str name, const char *value, struct err *err) MUST_CHECK;
bool knobs_option_is_flag(struct str name);
/* Appends all as a JSON object. */
void knobs_render(const struct knobs *knobs, struct strbuf *out);
/* Appends the help lines of the options. */
void knobs_help(struct strbuf *out);

#endif
