#ifndef PANNIER_ADMIN_ACTIVITY_FILTER_H
#define PANNIER_ADMIN_ACTIVITY_FILTER_H

#include "admin/admin_internal.h"
#include "admin/view.h"

/* Rows of the audit as the API shows and filters them. */
struct activity_filter {
	struct audit_filter filter;
	struct audit_look look;
};

bool activity_filter(struct admin_call *call, struct activity_filter *out, struct err *err) MUST_CHECK;
/* May the user see it? */
bool activity_sees(const struct admin_call *call, const struct audit_row *row);
struct json *activity_json(struct look *look, const struct audit_row *row);

#endif
