/*
 * export: all that is kept of a person, as JSON.
 *
 * Does:    facts of the person, of orders and of visitors; messages as they came; deliveries with their
 *          bodies; audit.
 * Keeps:   what is not there any more by the time it is read is left out, not an error.
 */
#include "admin/view.h"
#include "cli/commands.h"

static bool add_stores(struct cli *cli, struct str email, struct json *list, struct err *err)
{
	const struct snapshot *snapshot = cli->snapshot;
	struct person_found person;
	int64_t only;

	if (!session_store_option(cli, &only, err))
		return false;
	for (size_t i = 0; i < snapshot->n_store; i++) {
		struct json *store;
		bool empty;

		if (only != 0 && snapshot->store[i].id != only)
			continue;
		if (!person_find(&cli->look, snapshot->store[i].id, email, &person, err))
			return false;
		store = view_person(&cli->look, &person, &empty, err);
		if (!store)
			return false;
		if (empty)
			json_free(store);
		else
			json_append(list, store);
	}
	return true;
}

bool cmd_export(struct cli *cli, struct err *err)
{
	struct json *json, *stores;
	struct str email;

	if (!session_person(cli, &email, err) || !session_open(cli, SESSION_EXISTING, err))
		return false;
	stores = json_new_array();
	if (!add_stores(cli, email, stores, err)) {
		json_free(stores);
		return false;
	}
	json = json_new_object();
	json_put(json, "email", email);
	json_put_time(json, "exported_at", clock_wall_ms(cli->clock));
	json_set(json, "stores", stores);
	cli_print_json(cli, json);
	return true;
}
