/*
 * Look: names and JSON members that all views share.
 */
#include "admin/look.h"

struct str look_store_name(struct look *look, int64_t id)
{
	const struct settings_store *store = snapshot_store(look->snapshot, id);

	if (id == 0)
		return STR("");
	return store ? store->name : arena_printf(look->arena, "removed store %lld", (long long)id);
}

struct str look_account_name(struct look *look, int64_t id)
{
	const struct settings_account *account = snapshot_account(look->snapshot, id);

	if (id == 0)
		return STR("");
	return account ? account->name : arena_printf(look->arena, "removed account %lld", (long long)id);
}

void json_put(struct json *object, const char *name, struct str text)
{
	json_set(object, name, json_new_text(text));
}

void json_put_time(struct json *object, const char *name, int64_t at_ms)
{
	struct strbuf text;

	if (at_ms == 0) {
		json_set(object, name, json_new_null());
		return;
	}
	strbuf_init(&text, 64);
	time_format_rfc3339(at_ms, &text);
	json_put(object, name, strbuf_str(&text));
	strbuf_release(&text);
}
