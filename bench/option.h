#ifndef PANNIER_BENCH_OPTION_H
#define PANNIER_BENCH_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The command line of a benchmark: one row an option, with where its value goes. Exactly one of the four is set:
 * a flag stands alone, the others take the word behind them.
 */
struct bench_option {
	const char *name;    /* "--orders" */
	bool *flag;          /* becomes true */
	bool *on;            /* "on" or "off" */
	const char **text;   /* the word itself */
	size_t *number;      /* a whole number ... */
	size_t least, most;  /* ... within these, most 0: any */
};

/* Ends the program with a message on what is unknown, missing, or out of its range. */
void bench_options(const struct bench_option *option, size_t n, int argc, char **argv);

#endif
