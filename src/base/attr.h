#ifndef PANNIER_BASE_ATTR_H
#define PANNIER_BASE_ATTR_H

/* The result of the call must be used; ignoring it is a compile error. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* Checks a printf format against its arguments; both positions count from 1. */
#define PRINTF_LIKE(format_at, args_at) __attribute__((format(printf, format_at, args_at)))

#define NO_RETURN __attribute__((noreturn))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#endif
