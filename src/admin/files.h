#ifndef PANNIER_ADMIN_FILES_H
#define PANNIER_ADMIN_FILES_H

#include "base/str.h"

/* The files of assets/admin; the table is made by tools/embed-files from the list in src/admin/meson.build. */
struct admin_file {
	const char *name;          /* "index.html", "lib/preact.js" */
	struct str body;
	struct str gzip;           /* the same, compressed */
};
extern const struct admin_file admin_files[];
extern const size_t n_admin_files;

#endif
