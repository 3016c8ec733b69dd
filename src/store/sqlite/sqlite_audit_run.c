/*
 * SQLite backend: many audit rows in one of the table's. What happens to all deliveries of a batch at once,
 * or creates all deliveries of a root, would otherwise cost each of them a row and its places in three
 * indexes: a fifth of all that an event costs.
 *
 * entries: one after another, each as what differs from the one before (for the first: from zeroes): id,
 * delivery, message and store as zigzag numbers in groups of 7 bits; then the root's kind, the length of its
 * id and the id, or ROOT_AS_BEFORE.
 *
 * Pure.
 */
#include "store/sqlite/sqlite_audit.h"

#include <string.h>

#define ROOT_AS_BEFORE	  0xff
#define NUMBER_BYTES_MAX  10 /* of 64 bits */
#define ENTRY_BYTES_FIXED (5 * NUMBER_BYTES_MAX + 1)

/* ---- writing ---- */

static char *number_write(char *at, int64_t value)
{
	uint64_t rest = ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);

	for (; rest >= 0x80; rest >>= 7)
		*at++ = (char)(rest | 0x80);
	*at++ = (char)rest;
	return at;
}

static char *entry_write(char *at, const struct audit_row *before, const struct audit_row *row)
{
	at = number_write(at, row->id - before->id);
	at = number_write(at, row->delivery_id - before->delivery_id);
	at = number_write(at, row->message_id - before->message_id);
	at = number_write(at, row->store_id - before->store_id);
	if (entity_eq(row->root, before->root)) {
		*at++ = (char)ROOT_AS_BEFORE;
		return at;
	}
	*at++ = (char)row->root.kind;
	at = number_write(at, (int64_t)row->root.id.len);
	if (row->root.id.len > 0)
		memcpy(at, row->root.id.p, row->root.id.len);
	return at + row->root.id.len;
}

struct str audit_entries_write(const struct audit_row *row, size_t n, struct arena *arena)
{
	struct audit_row none = { .root = { .id = STR("") } };
	size_t size = n * ENTRY_BYTES_FIXED;
	char *start, *at;

	for (size_t i = 0; i < n; i++)
		size += row[i].root.id.len;
	start = at = arena_alloc(arena, size);
	for (size_t i = 0; i < n; i++)
		at = entry_write(at, i == 0 ? &none : &row[i - 1], &row[i]);
	return str_of(start, (size_t)(at - start));
}

/* ---- reading ---- */

struct cursor {
	const unsigned char *at;
	const unsigned char *end;
};

static bool number_read(struct cursor *reader, int64_t *value)
{
	uint64_t bits = 0;

	for (unsigned shift = 0; reader->at < reader->end && shift < 64; shift += 7) {
		unsigned char byte = *reader->at++;

		bits |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*value += (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
			return true;
		}
	}
	return false;
}

static bool root_read(struct cursor *reader, struct entity *root)
{
	int64_t len = 0;
	unsigned char kind;

	if (reader->at == reader->end)
		return false;
	kind = *reader->at++;
	if (kind == ROOT_AS_BEFORE)
		return true;
	if (kind >= ENTITY_KIND_COUNT || !number_read(reader, &len) || len < 0 ||
	    len > reader->end - reader->at)
		return false;
	*root = (struct entity){ (enum entity_kind)kind, str_of((const char *)reader->at, (size_t)len) };
	reader->at += len;
	return true;
}

/* Turns *row, the entry before, into the next one; false at the end. */
static bool entry_read(struct cursor *reader, struct audit_row *row)
{
	return reader->at < reader->end && number_read(reader, &row->id) &&
	       number_read(reader, &row->delivery_id) && number_read(reader, &row->message_id) &&
	       number_read(reader, &row->store_id) && root_read(reader, &row->root);
}

struct audit_row *audit_entries_read(const struct audit_row *first, struct str entries, struct arena *arena,
				     size_t *n)
{
	struct cursor reader = { (const unsigned char *)entries.p,
				 (const unsigned char *)entries.p + entries.len };
	struct audit_row at = *first;
	struct audit_row *row;
	size_t n_entry = 0;

	at.id = at.delivery_id = at.message_id = at.store_id = 0;
	at.root = (struct entity){ .id = STR("") };
	for (struct audit_row count = at; entry_read(&reader, &count);)
		n_entry++;
	row = ARENA_ARRAY(arena, n_entry, struct audit_row);
	reader.at = (const unsigned char *)entries.p;
	for (*n = 0; *n < n_entry && entry_read(&reader, &at); (*n)++)
		row[*n] = at;
	return row;
}
