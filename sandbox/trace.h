#ifndef PANNIER_SANDBOX_TRACE_H
#define PANNIER_SANDBOX_TRACE_H

#include "base/digest.h"
#include "sandbox/kind.h"
#include "sandbox/table.h"

/*
 * What was done to one entity, in the order it took effect: the truth that a test compares with what a shop did.
 * A trace stays when its entity is deleted.
 */
#define TRACE_ENTRIES_MAX 200

struct trace_entry {
	int64_t request_number;    /* of the request, for a job row the one that submitted the job */
	int64_t at_ms;             /* wall time of the effect */
	const char *op;
	bool by_job;
	struct digest16 hash;      /* of content */
	char *content;             /* owned JSON object: attributes and relationships as sent; NULL for a delete */
};

struct trace {
	struct str key;            /* "item:x", owned */
	struct str external_id;
	enum kind kind;
	int jobs_in_progress;      /* that have a row about it */
	/*
	 * A request whose sender cannot know what became of it (answer lost, or refused as a duplicate): whoever
	 * sends the same again after it breaks no promise, once. 0 = none.
	 */
	int64_t excuse_after;
	struct trace_entry *entry; /* the newest TRACE_ENTRIES_MAX */
	size_t n;
	int64_t n_forgotten;
};

struct trace *trace_get(struct table *traces, enum kind kind, struct str external_id); /* made when missing */
struct trace *trace_find(const struct table *traces, enum kind kind, struct str external_id); /* NULL when missing */
/* content NULL = none, else an object with members; hash is taken from its sorted text. Copies what it keeps. */
void trace_add(struct trace *trace, const struct trace_entry *entry, const struct json *content);
/* May the request send what the entity has already, or overlap? Uses the excuse up when it does. */
bool trace_excuses(const struct trace *trace, int64_t request_number);
/* The effect of a request that came after the excuse: it is used up. */
void trace_settle(struct trace *trace, int64_t request_number);
void trace_render(const struct trace *trace, struct strbuf *out);
void traces_release(struct table *traces);

#endif
