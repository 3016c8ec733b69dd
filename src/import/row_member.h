#ifndef PANNIER_IMPORT_ROW_MEMBER_H
#define PANNIER_IMPORT_ROW_MEMBER_H

#include "import/row.h"

/* Cells as members of messages; for row.c. */

/* Where members go: the head or a child, with the object that is open in it. */
struct sink {
	struct assembly *assembly;
	struct strbuf *out;
	struct str open;
};

/* "name":"text" for a member "name" or "object.name"; nothing if the text is empty. */
void sink_put_text(struct sink *sink, struct str member, struct str text);
void sink_put_false(struct sink *sink, struct str member);
/* As the column's type has it; what is wrong fails the assembly. */
void sink_put_value(struct sink *sink, const struct column *column, struct str member, struct str text);
void sink_close(struct sink *sink);

/* False: it is none, or a zero; what is wrong fails the assembly. */
bool row_time(struct assembly *assembly, struct str column, struct str text, int64_t *at_ms);
struct str row_time_text(int64_t at_ms, struct arena *arena); /* RFC 3339 */

#endif
