#ifndef PANNIER_ADMIN_FAILED_VIEW_H
#define PANNIER_ADMIN_FAILED_VIEW_H

#include "admin/failed_group.h"

/* failed_sees of the user of a call (struct admin_call). */
failed_sees failed_call_sees;

#endif
