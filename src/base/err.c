/*
 * Errors: fill a caller's struct err.
 *
 * Does:    format, cut to size, put context in front.
 * Doesn't: log; whoever handles an error does that once.
 * Threads: no state; an err belongs to its caller.
 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *err_code_name(enum err_code code)
{
	switch (code) {
#define ERR_NAME(name, meaning) case name: return #name;
	ERR_CODES(ERR_NAME)
#undef ERR_NAME
	}
	return "ERR_UNKNOWN";
}

bool err_set(struct err *err, enum err_code code, const char *format, ...)
{
	char msg[ERR_MSG_BYTES_MAX]; /* an argument may be err->msg itself */
	va_list args;

	if (!err)
		return false;
	va_start(args, format);
	(void)vsnprintf(msg, sizeof(msg), format, args); /* cut is what the header promises */
	va_end(args);
	err->code = code;
	memcpy(err->msg, msg, strlen(msg) + 1);
	return false;
}

bool err_wrap(struct err *err, const char *format, ...)
{
	char msg[ERR_MSG_BYTES_MAX];
	va_list args;
	size_t len, kept;

	if (!err)
		return false;
	va_start(args, format);
	(void)vsnprintf(msg, sizeof(msg) - 2, format, args);
	va_end(args);
	len = strlen(msg);
	memcpy(msg + len, ": ", 2);
	len += 2;
	kept = strlen(err->msg);
	if (kept > sizeof(msg) - 1 - len)
		kept = sizeof(msg) - 1 - len;
	memmove(err->msg + len, err->msg, kept);
	memcpy(err->msg, msg, len);
	err->msg[len + kept] = '\0';
	return false;
}
