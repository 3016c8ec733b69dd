#ifndef PANNIER_PLATFORM_SCHEMA_H
#define PANNIER_PLATFORM_SCHEMA_H

#include "base/arena.h"
#include "base/json.h"

/*
 * JSON Schema (draft 2020-12) of the messages that the generic platform reads: the files of assets/schema, which are part of
 * the program, and what checks a message against them. Only for people who write such messages: what is taken in is mapped
 * as far as it can be understood, whatever a schema says.
 */

#define SCHEMA_FILES_MAX 32
#define SCHEMA_FINDINGS_MAX 100 /* of one message */

/* One file of assets/schema; the table is made by tools/embed-text when the program is built. */
struct embedded_text {
	const char *name;          /* "order" */
	struct str text;
};
extern const struct embedded_text embedded_texts[];
extern const size_t n_embedded_texts;

/* The text of the schema of that name, "" if there is none. */
struct str schema_text(struct str name);

/* All schemas, parsed. The caller releases them. */
struct schema_set {
	struct json *file[SCHEMA_FILES_MAX];
};
void schema_set_init(struct schema_set *set);
void schema_set_release(struct schema_set *set);

/* A schema within a file: what "$ref" leads to. */
struct schema_at {
	const struct json *schema; /* NULL: there is none */
	const struct json *file;
};
/* "NAME.json", "NAME.json#/POINTER" or "#/POINTER"; file is the one it stands in, NULL for none. */
struct schema_at schema_find(const struct schema_set *set, const struct json *file, struct str ref);

struct schema_finding {
	struct str pointer;        /* RFC 6901, "" = the whole */
	struct str text;           /* what is wrong, and what was expected */
	bool note;                 /* a member that is not known: it does no harm */
};

struct schema_findings {
	struct arena *arena;
	struct schema_finding *finding;
	size_t n;
	size_t capacity;
};
/* pointer and text in the arena, or longer-lived. Past SCHEMA_FINDINGS_MAX nothing is added. */
void schema_findings_add(struct schema_findings *findings, struct str pointer, struct str text, bool note);

/*
 * Checks value against the schema of that name, for all keywords that our files use (SCHEMA_KEYWORDS). Differs from the
 * standard in two points: a member that is null counts as absent, because it does for the platform; and "additionalProperties":
 * true notes the members that are not known.
 */
void schema_check(const struct schema_set *set, const char *name, const struct json *value, struct schema_findings *findings);

#define SCHEMA_KEYWORDS \
	"$schema $id $defs $ref title description type enum pattern format maxLength minLength maxItems items required " \
	"properties additionalProperties allOf anyOf if then"

/* Where in the text of a message the value of a pointer stands; what is not found is where its parent stands. */
size_t schema_place(struct str text, struct str pointer, struct arena *arena);

#endif
