#ifndef PANNIER_SANDBOX_PROFILE_CHANGE_H
#define PANNIER_SANDBOX_PROFILE_CHANGE_H

#include "sandbox/state.h"

/* A profile as a body has it. */
struct profile_row {
	struct str id;                 /* empty = none */
	const struct json *attributes;
	const struct json *meta;       /* NULL = none */
};

struct profile_row profile_row_read(const struct json *data);
/* The identifier's text in the row; empty if it has none. */
struct str profile_row_text(const struct profile_row *row, enum identifier kind);
/* Does it name anybody, by id or any identifier? */
bool profile_row_names(const struct profile_row *row);

/* Whom a row is about. */
struct resolution {
	struct profile *profile;       /* NULL: nobody known */
	struct profile *other;         /* another profile that owns one of the row's strong identifiers; or NULL */
	bool id_unknown;               /* the row has an id that leads nowhere */
};

/*
 * By id, else e-mail, phone number, external id, and at last anonymous id and exchange id; these two do not lead to
 * a profile whose strong identifiers contradict the row's.
 */
struct resolution profile_resolve(const struct people *people, const struct profile_row *row);
/* Anonymous profiles that the row's weak identifiers lead to become a part of the profile. */
void profile_absorb(struct people *people, struct profile *profile, const struct profile_row *row);

/* null in a row: clears the attribute, or is as if it were left out (imports and events). */
enum profile_null { PROFILE_NULL_CLEARS, PROFILE_NULL_IGNORED };

/* Writes the row to the profile, made when NULL, and absorbs. Identifiers of others are left with them, and counted. */
struct profile *profile_write(struct sandbox *sandbox, struct people *people, struct profile *profile,
			      const struct profile_row *row, enum profile_null null);

/*
 * What knobs and limits refuse about a profile: its identifiers, phone numbers of regions without support, its size.
 * False with errors added; pointer leads to the resource. bytes_max 0 = no maximum.
 */
bool profile_row_check(const struct sandbox *sandbox, const struct profile_row *row, struct str pointer,
		       size_t bytes_max, struct error_list *errors);

#endif
