#ifndef PANNIER_TESTS_SIM_FILES_H
#define PANNIER_TESTS_SIM_FILES_H

#include <stdbool.h>

/*
 * Ordinary files on the simulated disk: those below DATA/imports and DATA/feeds, which the product makes itself. Its calls of the C
 * library come here (meson.build wraps them) and go on to real files. Of each file is known what was synced, and of each name whether its
 * folder was; a power loss tears, drops and reorders the rest, as disk.h has it of the database. A file's times are those of the node's
 * clock.
 */
void files_open(const char *data);
void files_close(void);
/* For disk_restart: no process has any of them open. */
void files_lose_power(void);
/* Files of that folder whose names end so, or do not. */
int files_count(const char *folder, const char *end, bool ends);

#endif
