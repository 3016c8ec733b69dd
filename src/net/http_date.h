#ifndef PANNIER_NET_HTTP_DATE_H
#define PANNIER_NET_HTTP_DATE_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* "Thu, 30 Jul 2026 10:11:12 GMT" (RFC 9110, IMF-fixdate) as Unix ms; false: it is not one. */
bool http_date_parse(struct str text, int64_t *at_ms);

#endif
