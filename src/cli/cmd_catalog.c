/*
 * catalog: the products and categories of a store, by id.
 */
#include "admin/catalog_view.h"
#include "cli/commands.h"
#include "cli/text_table.h"

#include <string.h>

#define ROWS_MAX 1000

static bool ask_of(struct cli *cli, struct catalog_ask *ask, struct err *err)
{
	const char *prefix = cli_option(cli, "prefix"), *after = cli_option(cli, "after"),
		   *search = cli_option(cli, "search");
	const struct settings_store *store;
	int64_t limit;

	if (!cli_option_int(cli, "limit", 1, ROWS_MAX, &limit, err) ||
	    !session_open(cli, SESSION_EXISTING, err) || !session_store(cli, cli->arg[0], &store, err))
		return false;
	*ask = (struct catalog_ask){ .store_id = store->id,
				     .kind = cli_flag(cli, "categories") ? ENTITY_CATEGORY : ENTITY_PRODUCT,
				     .prefix = str_from(prefix ? prefix : ""),
				     .search = str_trim(str_from(search ? search : "")),
				     .after = str_from(after ? after : ""),
				     .max_n = (size_t)limit };
	return true;
}

static void print_rows(struct cli *cli, const struct catalog_root *root, size_t n, bool more)
{
	static const char *const header[] = { "ID", "TITLE", ">VARIANTS", "KLAVIYO" };
	struct text_table table;

	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < n; i++) {
		text_table_add(&table, root[i].root.id);
		text_table_add(&table, catalog_title(&root[i], &cli->arena));
		text_table_addf(&table, "%zu", catalog_variants(&root[i]));
		text_table_add(&table, str_from(catalog_told(&cli->look, &root[i])));
	}
	text_table_print(&table, 0, cli->out);
	if (n == 0)
		(void)fprintf(cli->out, "Nothing is known.\n");
	if (more)
		(void)fprintf(cli->out, "There are more: --after with the last id.\n");
}

bool cmd_catalog(struct cli *cli, struct err *err)
{
	struct catalog_root *root;
	struct catalog_ask ask;
	struct json *list;
	bool more;
	size_t n;

	if (!ask_of(cli, &ask, err) || !catalog_list(&cli->look, &ask, &root, &n, &more, err))
		return false;
	if (!cli_flag(cli, "json")) {
		print_rows(cli, root, n, more);
		return true;
	}
	list = json_new_array();
	for (size_t i = 0; i < n; i++)
		json_append(list, catalog_json(&cli->look, &root[i]));
	cli_print_json(cli, list);
	return true;
}
