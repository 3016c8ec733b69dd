/*
 * Erasing a person: the message person.erased, the same that a shop may send, signed; what becomes of it is
 * the daemon's.
 */
#include "admin/person_find.h"

#include "base/digest.h"

/* Never the same twice: who is erased a second time means it. */
static struct str message_id(struct look *look, struct str email, int64_t now_ms)
{
	struct str at = arena_printf(look->arena, "%lld", (long long)now_ms);
	struct digest16 digest = digest16_of((struct str[]){ STR("erase"), email, at }, 3);
	char hex[2 * sizeof(digest.byte) + 1];

	hex_encode(digest.byte, sizeof(digest.byte), hex);
	return arena_printf(look->arena, "erase-%s", hex);
}

static struct str message_body(struct look *look, struct str id, struct str email, int64_t now_ms)
{
	struct json *json = json_new_object(), *data = json_new_object();
	struct str body;

	json_put(json, "id", id);
	json_put(json, "type", STR("person.erased"));
	json_put(data, "email", email);
	json_put_time(data, "erased_at", now_ms);
	json_set(json, "data", data);
	body = json_write_arena(json, false, look->arena);
	json_free(json);
	return body;
}

bool person_erase(struct look *look, struct str email, const int64_t *store_id, size_t n,
		  struct inbox_receipt *receipt, struct err *err)
{
	int64_t now_ms = clock_wall_ms(look->clock);
	struct inbox_record *record = ARENA_ARRAY(look->arena, n, struct inbox_record);
	struct str id = message_id(look, email, now_ms);
	struct str body = message_body(look, id, email, now_ms);

	for (size_t i = 0; i < n; i++) {
		record[i] = (struct inbox_record){
			.store_id = store_id[i],
			.received_ms = now_ms,
			.topic = STR("person.erased"),
			.source_id = id,
			.body = body,
			.key = digest16_of((struct str[]){ STR("id"), STR(""), id }, 3),
		};
		record[i].slot = record[i].key;
	}
	return db_inbox_append(look->db, record, n, receipt, err);
}
