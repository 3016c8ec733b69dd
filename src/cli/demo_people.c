/*
 * Demo: which events and profiles reached Klaviyo, read from the sandbox, as tables; and whether they are
 * what they should be.
 */
#include "cli/demo.h"
#include "cli/demo_messages.h"
#include "admin/text.h"
#include "cli/text_table.h"

#define CELL_COLUMNS 36

static void cell(struct text_table *table, struct str text)
{
	text_table_add(table, text_cut(text_safe(text, table->arena), CELL_COLUMNS, table->arena));
}

static struct str value_of(const struct json *event, struct arena *arena)
{
	const struct json *value = json_get(event, "value");

	return json_type(value) == JSON_NULL ? STR("") : json_write_arena(value, true, arena);
}

/* What of it a flow would show: the products by name. */
static struct str products_of(const struct json *event, struct arena *arena)
{
	const struct json *properties = json_get(event, "properties");
	const struct json *names = json_get(properties, "ItemNames");
	struct str text = json_get_text(properties, "ProductName");

	for (size_t i = 0; i < json_len(names); i++)
		text = arena_printf(arena, "%.*s%s%.*s", STR_ARG(text), i ? ", " : "",
				    STR_ARG(json_text(json_at(names, i))));
	return text;
}

static void print_events(struct cli *cli, const struct json *events)
{
	static const char *const header[] = { "EVENT", "OF", "UNIQUE ID", ">VALUE", "PRODUCTS" };
	struct text_table table;

	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < json_len(events); i++) {
		const struct json *event = json_at(events, i);

		cell(&table, json_get_text(event, "metric"));
		cell(&table, json_get_text(event, "email"));
		cell(&table, json_get_text(event, "unique_id"));
		cell(&table, value_of(event, &cli->arena));
		cell(&table, products_of(event, &cli->arena));
	}
	text_table_print(&table, 2, cli->out);
}

static struct str consent_of(const struct json *profile)
{
	const struct json *email = json_get(json_get(profile, "subscriptions"), "email");

	if (json_get_bool(profile, "pending", false))
		return STR("asked to confirm");
	return json_get_text(json_get(email, "marketing"), "consent");
}

static void print_profiles(struct cli *cli, const struct json *profiles)
{
	static const char *const header[] = { "PROFILE", "NAME", "PHONE", "E-MAIL CONSENT" };
	struct text_table table;

	text_table_init(&table, &cli->arena, header, ARRAY_LEN(header));
	for (size_t i = 0; i < json_len(profiles); i++) {
		const struct json *profile = json_at(profiles, i);

		cell(&table, json_get_text(profile, "email"));
		cell(&table,
		     arena_printf(&cli->arena, "%.*s %.*s", STR_ARG(json_get_text(profile, "first_name")),
				  STR_ARG(json_get_text(profile, "last_name"))));
		cell(&table, json_get_text(profile, "phone_number"));
		cell(&table, consent_of(profile));
	}
	text_table_print(&table, 2, cli->out);
}

static void compare_one(struct demo *demo, const struct json *events, const struct demo_event *want)
{
	struct cli *cli = demo->cli;
	struct str value = STR("");
	size_t n = 0;

	for (size_t i = 0; i < json_len(events); i++) {
		const struct json *event = json_at(events, i);

		if (!str_eq(json_get_text(event, "metric"), str_from(want->metric)) ||
		    !str_eq(json_get_text(event, "unique_id"), str_from(want->unique_id)))
			continue;
		value = value_of(event, &cli->arena);
		n++;
	}
	if (n == 1 && str_eq(value, str_from(want->value)))
		return;
	demo->n_wrong++;
	(void)fprintf(cli->out, "  %s %s %s: there %zu times, of %.*s; should be once, of %s\n",
		      cli_paint(cli, PAINT_BAD, "wrong:"), want->metric, want->unique_id, n,
		      STR_ARG(text_safe(value, &cli->arena)), want->value);
}

void demo_show_people(struct demo *demo, const struct json *account)
{
	const struct json *events = json_get(account, "events");

	(void)fprintf(demo->cli->out, "What reached Klaviyo's events and profiles\n\n");
	print_events(demo->cli, events);
	(void)fprintf(demo->cli->out, "\n");
	print_profiles(demo->cli, json_get(account, "profiles"));
	(void)fprintf(demo->cli->out, "\n");
	for (size_t i = 0; i < N_DEMO_EVENTS; i++)
		compare_one(demo, events, &demo_events[i]);
}
