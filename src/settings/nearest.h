#ifndef PANNIER_SETTINGS_NEAREST_H
#define PANNIER_SETTINGS_NEAREST_H

#include "base/str.h"

/*
 * For "did you mean": the candidate fewest edits (insert, delete, replace, swap of neighbours) away from text, or NULL if none is
 * near: more than a third of its letters, or three, would have to change. candidate: n of them; NULLs are skipped.
 */
const char *nearest_text(struct str text, const char *const *candidate, size_t n);

#endif
