/*
 * The daemon's certificate, seen from elsewhere: as text in the store, "ENDS FILE\nTROUBLE".
 */
#include "admin/certificate.h"

#include "admin/text.h"
#include "base/utf8.h"

#define CURSOR	    STR("certificate")
#define TEXT_MAX    900
#define TROUBLE_MAX 400
#define WARN_DAYS   14
#define FAIL_DAYS   3

bool certificate_note(struct db *db, int64_t now_ms, const char *file, int64_t ends_ms, const char *trouble,
		      struct err *err)
{
	struct str was, is = STR("");
	struct arena arena;
	bool ok;

	arena_init(&arena);
	if (file[0])
		is = utf8_cut(arena_printf(&arena, "%lld %s\n%.*s", (long long)ends_ms, file,
					   STR_ARG(utf8_cut(str_from(trouble), TROUBLE_MAX))),
			      TEXT_MAX);
	ok = db_cursor_get(db, 0, CURSOR, &arena, &was, err);
	if (ok && !str_eq(was, is))
		ok = db_cursor_put(db, now_ms, 0, CURSOR, is, err);
	arena_release(&arena);
	return ok || err_wrap(err, "note the certificate");
}

bool certificate_state(struct look *look, struct certificate *out, struct err *err)
{
	struct str text, line, ends;

	*out = (struct certificate){ .level = CERTIFICATE_NONE };
	if (!db_cursor_get(look->db, 0, CURSOR, look->arena, &text, err))
		return false;
	if (!str_split(&text, '\n', &line) || !str_split(&line, ' ', &ends) ||
	    !str_to_int64(ends, &out->ends_ms))
		return true;
	out->file = line;
	out->trouble = text;
	out->days = (out->ends_ms - clock_wall_ms(look->clock)) / MS_PER_DAY;
	out->level = out->days < FAIL_DAYS			     ? CERTIFICATE_ENDS
		     : out->days < WARN_DAYS || out->trouble.len > 0 ? CERTIFICATE_ENDS_SOON
								     : CERTIFICATE_GOOD;
	return true;
}

struct str certificate_text(const struct certificate *certificate, struct arena *arena)
{
	bool past = certificate->days < 0;

	return arena_printf(arena, "the certificate '%.*s' %s on %.*s%s%.*s", STR_ARG(certificate->file),
			    past ? "ended" : "ends", STR_ARG(text_time(certificate->ends_ms, arena)),
			    certificate->trouble.len > 0 ? "; its files cannot be read again: " : "",
			    STR_ARG(certificate->trouble));
}

struct str certificate_remedy(const struct certificate *certificate)
{
	if (certificate->level < CERTIFICATE_ENDS_SOON)
		return STR("");
	return STR("replace it with a renewed one; the daemon loads it within a minute");
}
