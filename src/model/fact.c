/*
 * Facts: which of two is kept, and when a tombstone stops one. Names of the entity kinds.
 *
 * Does not: store or merge facts (store/, catalog/).
 * Pure: no state, no clock; any thread.
 */
#include "model/fact.h"

#include "base/attr.h"

static const char *const kind_text[ENTITY_KIND_COUNT] = {
#define ENTITY_KIND_TEXT(name, text) [name] = text,
	ENTITY_KINDS(ENTITY_KIND_TEXT)
#undef ENTITY_KIND_TEXT
};

const char *entity_kind_text(enum entity_kind kind)
{
	return (size_t)kind < ARRAY_LEN(kind_text) ? kind_text[kind] : "unknown";
}

bool entity_kind_parse(struct str text, enum entity_kind *out)
{
	for (size_t i = 0; i < ARRAY_LEN(kind_text); i++) {
		if (str_eq(text, str_from(kind_text[i]))) {
			*out = (enum entity_kind)i;
			return true;
		}
	}
	return false;
}

bool entity_eq(struct entity a, struct entity b)
{
	return a.kind == b.kind && str_eq(a.id, b.id);
}

bool fact_wins(int64_t new_version, int64_t new_seq, int64_t old_version, int64_t old_seq)
{
	if (new_version != 0 && old_version != 0 && new_version != old_version)
		return new_version > old_version;
	return new_seq >= old_seq;
}

int64_t fact_version_earliest(int64_t at_ms)
{
	return INT64_C(10000000000000) - at_ms;
}

bool tombstone_stops(int64_t fact_version, int64_t tombstone_version, int64_t deleted_ms, int64_t hold_ms,
		     int64_t now_ms)
{
	if (now_ms - deleted_ms >= hold_ms)
		return false;
	return fact_version == 0 || tombstone_version == 0 || fact_version <= tombstone_version;
}
