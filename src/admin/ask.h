#ifndef PANNIER_ADMIN_ASK_H
#define PANNIER_ADMIN_ASK_H

#include "admin/look.h"
#include "net/http_client.h"

/* Asking Klaviyo (or what stands in for it) one question, and what its answer means to a person. */
struct ask_answer {
	bool reached;
	int status;
	struct str body;
	struct str content_type;
	struct str date;           /* the Date header, "" if there was none */
	struct str error;          /* why it was not reached */
	int64_t latency_ms;
};

/* path: from '/'; body "" = none. In the run's arena. False only if the call could not even be made. */
bool ask_klaviyo(struct look *look, struct http_client *client, const struct settings_account *account, const char *method,
		 const char *path, struct str body, struct ask_answer *out, struct err *err) MUST_CHECK;

/* What is wrong with an answer that is not what was hoped for, and what to do about it. */
struct ask_trouble {
	enum err_code code;        /* DENIED, UNREACHABLE or INVALID */
	struct str problem;
	struct str remedy;
};
/* scope: what the request needs, "catalogs:read". */
struct ask_trouble ask_explain(struct look *look, const struct settings_account *account, const struct ask_answer *answer,
			       const char *scope);

#endif
