#ifndef PANNIER_SANDBOX_PROFILE_H
#define PANNIER_SANDBOX_PROFILE_H

#include "base/json.h"
#include "sandbox/consent.h"
#include "sandbox/ident.h"
#include "sandbox/table.h"

struct event;
struct profile;

/* What a person is known by. The first three are one per profile; of the others there may be several. */
enum identifier {
	IDENTIFIER_EMAIL,
	IDENTIFIER_PHONE,
	IDENTIFIER_EXTERNAL_ID,
	IDENTIFIER_ANONYMOUS_ID,
	IDENTIFIER_KX,
	IDENTIFIER_COUNT
};
#define IDENTIFIER_STRONG_COUNT 3
const char *identifier_name(enum identifier kind); /* as the attribute: "phone_number" */

struct profile_key {
	enum identifier kind;
	struct profile *profile;
	struct profile_key *next;  /* of the same profile */
	struct str text;           /* behind the struct; e-mail addresses in lower case */
};

struct profile {
	int64_t number;            /* grows; the order of lists and the cursor into them */
	char id[IDENT_LONG_BYTES];
	struct profile_key *keys;
	struct json *values;       /* owned; attributes that are no identifiers; NULL = none */
	int64_t created_ms, updated_ms;
	int64_t last_event_ms;     /* 0 = none */
	struct consent *consent;   /* owned; NULL: nothing was ever said */
	struct event *first_event, *last_event;
};

struct profiles {
	struct profile **at;       /* number n at index n - 1; NULL = deleted */
	size_t n_slots, capacity;
	size_t n;
	struct table by_id;
	struct table by_key[IDENTIFIER_COUNT]; /* to struct profile_key */
};

void profiles_release(struct profiles *profiles);
struct profile *profile_find(const struct profiles *profiles, struct str id); /* NULL if unknown */
struct profile *profile_find_key(const struct profiles *profiles, enum identifier kind, struct str text);
struct profile *profile_add(struct profiles *profiles, struct rand *rand, int64_t now_ms);
/* Its events and memberships must be gone. */
void profile_remove(struct profiles *profiles, struct profile *profile);
/* The first of that kind; empty if it has none. */
struct str profile_key_text(const struct profile *profile, enum identifier kind);
/* Replaces a strong one, adds a weak one. Nobody else may have it. */
void profile_set_key(struct profiles *profiles, struct profile *profile, enum identifier kind, struct str text);
void profile_drop_key(struct profiles *profiles, struct profile *profile, enum identifier kind);
/* Has it an identifier of the strong kinds? */
bool profile_is_known(const struct profile *profile);
/* Moves all identifiers; from keeps none. */
void profile_move_keys(struct profiles *profiles, struct profile *from, struct profile *into);

#endif
