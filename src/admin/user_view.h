#ifndef PANNIER_ADMIN_USER_VIEW_H
#define PANNIER_ADMIN_USER_VIEW_H

#include "admin/admin_internal.h"

/* Users and tokens as JSON: what get_user.c shows and post_user.c answers with. */
struct json *user_json(struct admin_call *call, const struct user_row *user);
struct json *token_json(const struct grant_row *row, struct str user_name);

#endif
