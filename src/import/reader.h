#ifndef PANNIER_IMPORT_READER_H
#define PANNIER_IMPORT_READER_H

#include "import/family.h"
#include "import/row.h"
#include "import/table.h"

/* What open.c and reader.c share. */

struct import_reader {
	const char *path;
	struct import_options options;
	enum import_kind kind;
	struct row_rules rules;
	struct arena arena;        /* headers */
	struct table table;
	struct table lines;        /* of options.lines */
	struct assembly assembly;
	struct family *family;     /* NULL: not asked for yet */
};

#endif
