/*
 * Dates in HTTP headers. Pure.
 */
#include "net/http_date.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#define DATE_BYTES 32

bool http_date_parse(struct str text, int64_t *at_ms)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char copy[DATE_BYTES] = "", iso[DATE_BYTES * 2], name[4] = "", clock[9] = "";
	const char *month;
	int day, year;

	if (text.len == 0 || text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.p, text.len);
	if (sscanf(copy, "%*3s, %2d %3s %4d %8s GMT", &day, name, &year, clock) != 4 || strlen(name) != 3)
		return false;
	month = strstr(months, name);
	if (!month || (month - months) % 3 != 0)
		return false;
	(void)snprintf(iso, sizeof(iso), "%04d-%02d-%02dT%sZ", year, (int)(month - months) / 3 + 1, day,
		       clock);
	return time_parse_rfc3339(str_from(iso), at_ms);
}
