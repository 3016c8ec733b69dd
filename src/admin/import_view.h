#ifndef PANNIER_ADMIN_IMPORT_VIEW_H
#define PANNIER_ADMIN_IMPORT_VIEW_H

#include "admin/look.h"
#include "store/store.h"

/* Imports (files of history, and what is pulled from shops) as JSON, alike on the command line and through the API. */

/* How far it is, 0..100; -1: nobody knows how much there is. */
int import_percent(const struct import_job *job);
/* A member of the options it is read with ("kind", "lines"), in the arena; "" = it has none. */
struct str import_option(const struct import_job *job, const char *name, struct arena *arena);
/* What is imported: the file's path, or the kind that is pulled. */
struct json *import_view(struct look *look, const struct import_job *job);
/* The same with the rejected rows that are kept. */
struct json *import_view_rejects(struct look *look, const struct import_job *job, const struct import_reject *reject, size_t n);
/* ERR_NOT_FOUND: there is none of that id. */
bool import_find(struct db *db, int64_t id, struct arena *arena, struct import_job *out, struct err *err) MUST_CHECK;

#endif
