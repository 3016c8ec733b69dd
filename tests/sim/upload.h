#ifndef PANNIER_TESTS_SIM_UPLOAD_H
#define PANNIER_TESTS_SIM_UPLOAD_H

#include "store/store.h"

/*
 * Files of history that merchants send to us (OPTION_uploads): in pieces, in parts, broken off and gone on with, under a name that
 * another file had before, damaged on the road, given up. What becomes of their rows is history.c's.
 */
bool uploads_are_wanted(void);
void uploads_open(const char *data);
void uploads_close(void);
void uploads_begin(int64_t until_ms);

/* The upload role of the process, as admin/upload.c has it; when it ends, its connections end. */
bool uploads_run_once(struct db *db, int64_t *wait_ms, struct err *err) MUST_CHECK;
void uploads_died(void);

/* Nobody sends any more, and of what was sent no file is left that is not needed. */
bool uploads_are_done(void);
/* What was answered as taken in has its import. */
void uploads_check_there(struct db *db);
/* At the end: what was broken off goes, too. */
void uploads_check(struct db *db);

#endif
