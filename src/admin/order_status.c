/*
 * The statuses that a shop gives to orders, with what each means: told by the shop itself, else those that
 * shops of its platform come with.
 *
 * Threads: any; reads the database only.
 */
#include "admin/order_status.h"

#include "base/attr.h"
#include "platform/platform.h"

/* What the shop told, parsed; NULL: nothing. */
static bool told_by_shop(struct look *look, int64_t store_id, struct json **out, struct err *err)
{
	struct entity shop = { ENTITY_SHOP, STR(FACT_SHOP_ID) };
	struct catalog_root known;
	struct err why = { 0 };

	*out = NULL;
	if (!db_catalog_get(look->db, store_id, shop, look->arena, &known, &why))
		return why.code == ERR_NOT_FOUND || err_set(err, why.code, "%s", why.msg);
	for (size_t i = 0; i < known.n_fact && !*out; i++)
		if (known.fact[i].entity.kind == ENTITY_SHOP &&
		    str_eq(known.fact[i].part, STR("order_statuses")) &&
		    !json_parse(known.fact[i].body, out, err))
			return false;
	return true;
}

static struct json *platform_status_json(const struct platform_status *status)
{
	struct json *json = json_new_object();

	json_put(json, "id", str_from(status->id));
	json_put(json, "title", str_from(status->name));
	return json;
}

/* As a shop would tell them. */
static struct json *told_by_platform(const struct platform_ops *platform)
{
	struct json *facts = json_new_object(), *list = json_new_array();

	for (size_t i = 0; i < platform->n_order_status; i++)
		json_append(list, platform_status_json(&platform->order_status[i]));
	json_set(facts, "statuses", list);
	return facts;
}

static struct order_status status_of(const struct platform_ops *platform, const struct json *told,
				     struct str order_states)
{
	struct status_meaning otherwise = platform_status_means(platform, told, STR(""));
	struct status_meaning now = platform_status_means(platform, told, order_states);
	struct str title = json_get_text(told, "title");

	return (struct order_status){
		.id = json_get_text(told, "id"),
		.name = title.len ? title : json_get_text(told, "id"),
		.names = json_get(told, "text"),
		.state = otherwise.state,
		.known = otherwise.by != STATUS_SAID_BY_NOBODY,
		.means = now.state,
		.set = now.by == STATUS_SAID_BY_SETTING,
	};
}

bool order_status_read(struct look *look, const struct settings_store *store, struct order_status_list *out,
		       struct err *err)
{
	const struct platform_ops *platform = platform_find(store->platform);
	struct order_status *row;
	const struct json *told;

	*out = (struct order_status_list){ 0 };
	if (!told_by_shop(look, store->id, &out->facts, err))
		return false;
	out->told = out->facts != NULL;
	if (!platform)
		return true;
	if (!out->told)
		out->facts = told_by_platform(platform);
	told = json_get(out->facts, "statuses");
	out->n = json_len(told);
	row = ARENA_ARRAY(look->arena, out->n, struct order_status);
	for (size_t i = 0; i < out->n; i++)
		row[i] = status_of(platform, json_at(told, i),
				   setting_text(store->value, SETTING_KEY_order_states));
	out->at = row;
	return true;
}

void order_status_list_free(struct order_status_list *list)
{
	json_free(list->facts);
	*list = (struct order_status_list){ 0 };
}

/* {LANGUAGE: name} */
static struct json *names_json(const struct json *text)
{
	struct json *names = json_new_object();

	for (void *it = json_first(text); it; it = json_next(text, it))
		json_set_n(names, json_member_name(it),
			   json_new_text(json_get_text(json_member_value(it), "title")));
	return names;
}

struct json *order_status_json(const struct order_status_list *list)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < list->n; i++) {
		const struct order_status *status = &list->at[i];
		struct json *json = json_new_object();

		json_put(json, "id", status->id);
		json_put(json, "name", status->name);
		json_set(json, "names", names_json(status->names));
		json_put(json, "state", status->state);
		json_set(json, "known", json_new_bool(status->known));
		json_put(json, "means", status->means);
		json_append(array, json);
	}
	return array;
}

static bool is_state(const struct platform_ops *platform, struct str state)
{
	struct str rest = str_from(platform_order_states(platform)), one;

	while (str_split(&rest, '|', &one))
		if (str_eq_nocase(one, state))
			return true;
	return str_eq_nocase(state, STR("canceled")); /* as platforms read it */
}

bool order_status_check(struct str platform, const struct setting_change *change, size_t n, struct err *err)
{
	const struct platform_ops *ops = platform_find(platform);

	for (size_t i = 0; ops && i < n; i++) {
		struct str rest = change[i].value, pair;

		if (!str_eq(change[i].key, str_from(setting_row(SETTING_KEY_order_states)->key)))
			continue;
		while (str_split(&rest, ',', &pair)) {
			size_t equals = str_find_char(pair, '=');
			struct str state =
				str_trim(str_skip(pair, equals < pair.len ? equals + 1 : pair.len));

			if (equals < pair.len && !is_state(ops, state))
				return err_set(
					err, ERR_INVALID,
					"'order_states': '%.*s' is no meaning of a status: there are %s",
					STR_ARG(state), platform_order_states(ops));
		}
	}
	return true;
}
