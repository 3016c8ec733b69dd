#ifndef PANNIER_ADMIN_TEXT_H
#define PANNIER_ADMIN_TEXT_H

#include "base/arena.h"

/* Text for people on a terminal. What came from outside is hostile until it went through text_safe. */

/*
 * The text with everything escaped that a terminal could obey or that hides: control characters (\n, \x1b), bytes that are not
 * UTF-8 (\xff), and characters that turn the direction of writing or have no width (\u202e). A backslash stays as it is.
 */
struct str text_safe(struct str text, struct arena *arena);
/* Columns it takes on a terminal; the text must be safe. */
size_t text_width(struct str text);
/* At most columns wide, with "..." at its end where it was cut; the text must be safe. */
struct str text_cut(struct str text, size_t columns, struct arena *arena);

/* "2026-07-30 10:11:12", UTC; "never" for 0. */
struct str text_time(int64_t at_ms, struct arena *arena);
/* The same with milliseconds. */
struct str text_time_ms(int64_t at_ms, struct arena *arena);
/* "450 ms", "12 s", "3 min", "5 h", "2 days". */
struct str text_duration(int64_t ms, struct arena *arena);
/* "512 B", "1.5 KiB", "20 MiB", "3.2 GiB". */
struct str text_bytes(int64_t bytes, struct arena *arena);

/* "30s", "15m", "2h", "3d", or an RFC 3339 time, or a date: the instant that is meant, counted back from now for the first four. */
bool text_parse_since(struct str text, int64_t now_ms, int64_t *at_ms);

#endif
