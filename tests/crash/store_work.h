#ifndef PANNIER_TESTS_CRASH_STORE_WORK_H
#define PANNIER_TESTS_CRASH_STORE_WORK_H

#include <stdbool.h>

enum {
	STORE_MIGRATION, STORE_INGEST, STORE_MAP, STORE_IMPORT, STORE_DELIVER, STORE_CHECKPOINT, STORE_RETENTION,
	STORE_KEYS,
	STORE_WORK_COUNT
};

#define STORE_WORK_MESSAGES 4

/* Something the store does in a folder. Each function is for a process of its own (child_apart): it ends with 1 if it fails. */
struct store_work {
	const char *name;
	void (*prepare)(const char *folder); /* this one is for the test itself */
	void (*work)(const char *folder);    /* may be begun again after it died anywhere */
	void (*check)(const char *folder);   /* after it was done to its end */
	/* Writes a byte to standard output for each message that is durable; they are known by the numbers from 1. */
	bool acknowledges;
};
extern const struct store_work store_work[STORE_WORK_COUNT];

/* Ends the process with 1 and what is not so. */
void store_must_be(bool holds, const char *what);

#endif
