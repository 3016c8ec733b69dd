#ifndef PANNIER_CATALOG_HTML_INTERNAL_H
#define PANNIER_CATALOG_HTML_INTERNAL_H

#include "base/str.h"

/*
 * Code point of a named character reference ("eacute"), 0 if it is not one of those we know. *bare: it is
 * also valid without its semicolon (HTML standard, 13.5).
 */
uint32_t html_entity_find(struct str name, bool *bare);

#endif
