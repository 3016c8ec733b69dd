#ifndef PANNIER_STORE_STORE_PERSON_H
#define PANNIER_STORE_STORE_PERSON_H

#include "store/store_rules.h"

/* How a person is told in what is stored, alike for every backend. Pure; for backends only. */

#define PERSON_TERMS_MAX 16 /* phone numbers, and names, of one person that are looked for */

/* The texts by which a person is found. */
struct person_terms {
	struct str email;          /* in lower case, "" = has none */
	struct str phone[PERSON_TERMS_MAX]; /* as E.164 and as the shop wrote them */
	size_t n_phone;
	struct str name[PERSON_TERMS_MAX]; /* looked for only in what is the person's anyway */
	size_t n_name;
};

/* From the id of the ENTITY_PERSON; borrowed. */
void person_terms_init(struct person_terms *terms, struct str person_id);
/* What a CONTACT (model/fact.h) adds: the body of a part of the person. */
void person_terms_add(struct person_terms *terms, struct str body, struct arena *arena);
/* Does the text name the person? By e-mail address; by phone number only where no e-mail address stands. */
bool person_is_named(const struct person_terms *terms, struct str text);
/* Does a text that is about the person hold the address, a phone number or a name? */
bool person_is_told(const struct person_terms *terms, struct str text);
/* Is this exactly the e-mail address or a phone number? */
bool person_is_key(const struct person_terms *terms, struct str text);

/* A root whose facts are the person's when one of them names the person. */
bool person_may_own(enum entity_kind kind);
/* The publication of a root of theirs while they are being erased: it tells nothing. */
struct catalog_publication store_publish_nothing(const struct catalog_publication *publication);
/* "erased:" and the digest of the text, in the arena. */
struct str person_alias(struct str text, struct arena *arena);
bool person_is_alias(struct str text);
struct digest16 person_digest(struct str person_id);

/* The person that a fact is about and when it happened at the source (0 = not known); false: about nobody. */
bool person_of_fact(const struct fact *fact, struct arena *arena, struct str *person_id, int64_t *at_ms);
bool person_fact_erases(const struct fact *fact);
/* Is what happened at at_ms older than the erasure? What has no time is, if it is history. erased_at_ms INT64_MIN: nobody was erased. */
bool person_is_before(int64_t at_ms, enum priority priority, int64_t erased_at_ms);

#define STORE_TEXT_PERSON_ERASED "person erased"
#define STORE_BODY_ERASED	 "{\"erased\":true}"

#endif
