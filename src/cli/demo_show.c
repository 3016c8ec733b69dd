/*
 * Demo: what reached the catalog, read from the sandbox, as tables; and whether it is what it should be.
 */
#include "cli/commands.h"
#include "cli/demo.h"
#include "cli/demo_messages.h"
#include "admin/text.h"
#include "cli/text_table.h"

#include <string.h>

#define CELL_COLUMNS   36
#define CELL_BYTES_MAX 4096

static bool fetch(struct demo *demo, const char *path, struct json **out, struct err *err)
{
	struct http_call call = { .method = "GET", .answer_bytes_max = 16777216 };
	struct str body;
	int status;

	call.url = arena_printf(&demo->cli->arena, "%.*s%s", STR_ARG(demo->sandbox.url), path);
	if (!http_client_fetch(demo->client, &call, &demo->cli->arena, &status, &body, err))
		return err_wrap(err, "the sandbox does not answer");
	if (status != 200)
		return err_set(err, ERR_UNREACHABLE, "the sandbox answered %d to %s", status, path);
	return json_parse(body, out, err);
}

/* ---- reading ---- */

static const struct json *entity(const struct json *account, const char *list, const char *external_id)
{
	const struct json *all = json_get(account, list);

	for (size_t i = 0; i < json_len(all); i++)
		if (str_eq(json_get_text(json_at(all, i), "external_id"), str_from(external_id)))
			return json_at(all, i);
	return NULL;
}

/* A value as one text: a string as it is, all else as JSON. */
static struct str value_text(const struct json *value, struct arena *arena)
{
	switch (json_type(value)) {
	case JSON_NULL:
		return STR("");
	case JSON_STRING:
		return json_text(value);
	case JSON_FALSE:
	case JSON_TRUE:
	case JSON_INTEGER:
	case JSON_REAL:
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	return json_write_arena(value, true, arena);
}

static struct str member_text(const struct json *object, const char *member, struct arena *arena)
{
	static const char inside[] = "custom_metadata.";

	if (strncmp(member, inside, sizeof(inside) - 1) == 0)
		return value_text(json_get(json_get(object, "custom_metadata"), member + sizeof(inside) - 1),
				  arena);
	return value_text(json_get(object, member), arena);
}

/* ---- tables ---- */

static void cell(struct text_table *table, struct str text)
{
	text_table_add(table, text_cut(text_safe(text, table->arena), CELL_COLUMNS, table->arena));
}

/* Names of the categories, by their ids. */
static struct str category_names(const struct json *account, const struct json *item, struct arena *arena)
{
	const struct json *ids = json_get(item, "categories");
	struct strbuf names;
	struct str out;

	strbuf_init(&names, CELL_BYTES_MAX);
	for (size_t i = 0; i < json_len(ids); i++) {
		const char *id = arena_cstr(arena, json_text(json_at(ids, i)));
		struct str name = json_get_text(entity(account, "categories", id), "name");

		strbuf_addf(&names, "%s%.*s", i ? ", " : "", STR_ARG(name));
	}
	out = arena_dup(arena, strbuf_str(&names));
	strbuf_release(&names);
	return out;
}

/* The languages that came along: what stands behind "title_". */
static struct str languages(const struct json *item, struct arena *arena)
{
	const struct json *metadata = json_get(item, "custom_metadata");
	struct strbuf names;
	struct str out;

	strbuf_init(&names, CELL_BYTES_MAX);
	for (void *it = json_first(metadata); it; it = json_next(metadata, it))
		if (str_starts(json_member_name(it), STR("title_")))
			strbuf_addf(&names, "%s%.*s", names.len ? ", " : "",
				    STR_ARG(str_skip(json_member_name(it), 6)));
	out = arena_dup(arena, strbuf_str(&names));
	strbuf_release(&names);
	return out;
}

static void print_items(struct cli *cli, const struct json *account)
{
	static const char *const header[] = {
		"ITEM", "TITLE", ">PRICE", "PUBLISHED", "CATEGORIES", "ALSO IN"
	};
	const struct json *items = json_get(account, "items");
	struct text_table table;

	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < json_len(items); i++) {
		const struct json *item = json_at(items, i);

		cell(&table, json_get_text(item, "external_id"));
		cell(&table, json_get_text(item, "title"));
		cell(&table, member_text(item, "price", &cli->arena));
		cell(&table, member_text(item, "published", &cli->arena));
		cell(&table, category_names(account, item, &cli->arena));
		cell(&table, languages(item, &cli->arena));
	}
	text_table_print(&table, 2, cli->out);
}

static void print_variants(struct cli *cli, const struct json *account)
{
	static const char *const header[] = { "VARIANT", "OF", "SKU", ">PRICE", ">STOCK" };
	const struct json *variants = json_get(account, "variants");
	struct text_table table;

	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < json_len(variants); i++) {
		const struct json *variant = json_at(variants, i);
		const char *item = arena_cstr(&cli->arena, json_get_text(variant, "item"));

		cell(&table, json_get_text(variant, "external_id"));
		cell(&table, json_get_text(entity(account, "items", item), "title"));
		cell(&table, json_get_text(variant, "sku"));
		cell(&table, member_text(variant, "price", &cli->arena));
		cell(&table, member_text(variant, "inventory_quantity", &cli->arena));
	}
	text_table_print(&table, 2, cli->out);
}

/* ---- comparing ---- */

static void compare_one(struct demo *demo, const struct json *account, const struct demo_want *want)
{
	struct cli *cli = demo->cli;
	const struct json *found = entity(account, want->list, want->external_id);
	struct str got;

	if (!want->value && !found)
		return;
	got = !found	     ? STR("nothing")
	      : !want->value ? STR("there")
			     : member_text(found, want->member, &cli->arena);
	if (want->value && found && str_eq(got, str_from(want->value)))
		return;
	demo->n_wrong++;
	(void)fprintf(cli->out, "  %s %s %s: %s is %.*s, should be %s\n", cli_paint(cli, PAINT_BAD, "wrong:"),
		      want->list, want->external_id, want->member ? want->member : "it",
		      STR_ARG(text_safe(got, &cli->arena)), want->value ? want->value : "gone");
}

static bool print_counts(struct demo *demo, struct err *err)
{
	struct cli *cli = demo->cli;
	struct json *counts = NULL, *violations = NULL;
	int64_t requests = 0, n_violations = 0;

	if (!fetch(demo, "/sandbox/counts", &counts, err))
		return false;
	if (!fetch(demo, "/sandbox/violations", &violations, err)) {
		json_free(counts);
		return false;
	}
	(void)json_get_int(counts, "requests", &requests);
	(void)json_get_int(violations, "total", &n_violations);
	(void)fprintf(cli->out, "  %lld requests to Klaviyo, %lld against its rules\n", (long long)requests,
		      (long long)n_violations);
	demo->n_wrong += n_violations > 0;
	json_free(counts);
	json_free(violations);
	return true;
}

bool demo_show(struct demo *demo, struct err *err)
{
	struct cli *cli = demo->cli;
	struct str last4 = str_skip(demo->key, demo->key.len - 4);
	const struct json *account;
	struct json *state = NULL;

	if (!fetch(demo, arena_printf(&cli->arena, "/sandbox/state?key_last4=%.*s", STR_ARG(last4)).p, &state,
		   err))
		return false;
	account = json_at(json_get(state, "accounts"), 0);
	(void)fprintf(cli->out, "\nWhat reached Klaviyo's catalog\n\n");
	print_items(cli, account);
	(void)fprintf(cli->out, "\n");
	print_variants(cli, account);
	(void)fprintf(cli->out, "\n");
	for (size_t i = 0; i < N_DEMO_WANTS; i++)
		compare_one(demo, account, &demo_wants[i]);
	demo_show_people(demo, account);
	json_free(state);
	if (!print_counts(demo, err))
		return false;
	(void)fprintf(cli->out, "  %s\n",
		      demo->n_wrong == 0 ? cli_paint(cli, PAINT_GOOD, "All is as it should be.")
					 : cli_paint(cli, PAINT_BAD, "Not all is as it should be."));
	return true;
}
