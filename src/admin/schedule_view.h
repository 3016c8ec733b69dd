#ifndef PANNIER_ADMIN_SCHEDULE_VIEW_H
#define PANNIER_ADMIN_SCHEDULE_VIEW_H

#include "admin/look.h"
#include "flow/schedule.h"

/* A schedule of a store as JSON, alike on the command line and through the API. The caller owns it. */
struct json *schedule_json(const struct settings_store *store, const struct schedule_view *view);

#endif
