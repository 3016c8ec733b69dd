#ifndef PANNIER_SANDBOX_KEEP_H
#define PANNIER_SANDBOX_KEEP_H

#include "base/json.h"

/*
 * What the catalog keeps of attributes with the knob `normalise`: the same in other words. Texts lose blanks at their ends and CR,
 * empty ones become null; times are written with +00:00; of custom_metadata numbers and booleans become texts. Caller frees.
 */
struct json *keep_attributes(const struct json *attributes);

#endif
