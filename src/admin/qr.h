#ifndef PANNIER_ADMIN_QR_H
#define PANNIER_ADMIN_QR_H

#include "base/err.h"
#include "base/json.h"

/*
 * A text as a QR code: a list of rows, each a text of '1' (dark) and '0', from the top; square, without the quiet margin of four that has
 * to be left around it. The caller owns it. text: at most 1,000 bytes, no NUL. ERR_TOO_LARGE: it does not fit.
 */
bool qr_rows(struct str text, struct json **out, struct err *err) MUST_CHECK;

#endif
