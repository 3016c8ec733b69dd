#ifndef PANNIER_BASE_ERR_H
#define PANNIER_BASE_ERR_H

#include "base/attr.h"

#include <stdbool.h>

/*
 * Errors are values. A code says what the caller can do; the message says what happened.
 * One row per code; a new row needs a caller that branches on it.
 */
#define ERR_CODES(X) \
	X(ERR_NONE, "no error") \
	X(ERR_INVALID, "the input is wrong; the same input fails again") \
	X(ERR_NOT_FOUND, "the thing named does not exist") \
	X(ERR_CONFLICT, "somebody else changed it first; read again") \
	X(ERR_DENIED, "the secret, key or permission is wrong") \
	X(ERR_TOO_LARGE, "a ceiling was passed; send less") \
	X(ERR_BUSY, "not now; try again later") \
	X(ERR_UNREACHABLE, "the other side gave no usable answer; try again later") \
	X(ERR_FATAL, "the disk or the process can no longer be trusted; stop")

enum err_code {
#define ERR_ENUM(name, meaning) name,
	ERR_CODES(ERR_ENUM)
#undef ERR_ENUM
};

#define ERR_MSG_BYTES_MAX 512

/* Filled by the function that failed; untouched on success. Holds its own text: nothing to free. */
struct err {
	enum err_code code;
	char msg[ERR_MSG_BYTES_MAX];
};

/* Name of a code as text, for example "ERR_BUSY". Never NULL. */
const char *err_code_name(enum err_code code);

/*
 * Sets code and message and returns false, so that a failing function can `return err_set(...)`. err may be
 * NULL.
 */
bool err_set(struct err *err, enum err_code code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts "text: " before the message, keeps the code, returns false. A longer message is cut at its end. */
bool err_wrap(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
