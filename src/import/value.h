#ifndef PANNIER_IMPORT_VALUE_H
#define PANNIER_IMPORT_VALUE_H

#include "base/arena.h"
#include "base/str.h"

/*
 * What stands in a cell, as shops and spreadsheets write it, in the form that messages have. All give false where the text is
 * none of it. Pure.
 */

/*
 * An amount as plain decimal: "1.234,56 EUR", "$1,234.56", "12,5", "-3". comma_decimal: one comma before three digits is a
 * decimal one (files with semicolons); otherwise it separates thousands.
 */
bool value_amount(struct str text, bool comma_decimal, struct arena *arena, struct str *out);

enum value_days { VALUE_DAYS_UNKNOWN, VALUE_DAY_FIRST, VALUE_MONTH_FIRST };

/*
 * A time as Unix ms: RFC 3339; "2023-01-05 10:11:12 +0100", "2023-01-05", "5.1.2023 10:11", "2023/01/05", seconds or ms since
 * 1970, with am and pm; "Jan 5, 2023 10:11:12 AM", "Thu, 05 Jan 2023 10:11:12 +0000". "5/1/2023" as days says, or as only one
 * of both readings allows. zone_ms: what a time without a zone is ahead of UTC. *out 0: it is empty, or MySQL's 0000-00-00.
 */
bool value_time(struct str text, int64_t zone_ms, enum value_days days, int64_t *out);

/* yes, true, 1, on, x and their opposites, also in German, French, Spanish and Italian. */
bool value_bool(struct str text, bool *out);

#endif
