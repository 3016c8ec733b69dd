/*
 * check: are these messages what the generic platform reads? For people who write them; needs no data folder.
 *
 * Two opinions on each message: its schema (what it should look like) and its mapping (what is made of it). A
 * mapping that fails is a problem, one that mends or ignores something is a note.
 */
#include "base/file.h"
#include "cli/commands.h"
#include "admin/text.h"
#include "platform/platform.h"
#include "platform/schema.h"
#include "settings/nearest.h"

#include <string.h>

#define FILE_BYTES_MAX 16777216
#define MESSAGES_MAX   100000

struct check {
	struct cli *cli;
	const char *name; /* of the file */
	struct str file;
	struct schema_set set;
	struct arena arena; /* of one message */
	struct json *list;  /* with --json, else NULL */
	size_t n_message;
	size_t n_problem;
	size_t n_note;
};

/* ---- saying it ---- */

struct position {
	size_t line, column; /* from 1, bytes */
};

static struct position position_of(const struct check *check, const char *p)
{
	struct position at = { 1, 1 };

	for (const char *c = check->file.p; c < p; c++) {
		at.line += *c == '\n';
		at.column = *c == '\n' ? 1 : at.column + 1;
	}
	return at;
}

static void say(struct check *check, struct position at, struct str pointer, struct str text, bool note)
{
	struct json *row;

	check->n_problem += !note;
	check->n_note += note;
	if (!check->list) {
		(void)fprintf(check->cli->out, "%s:%zu:%zu: %s%.*s%s%.*s\n", check->name, at.line, at.column,
			      note ? "note: " : "", STR_ARG(text_safe(pointer, &check->arena)),
			      pointer.len ? ": " : "", STR_ARG(text_safe(text, &check->arena)));
		return;
	}
	row = json_new_object();
	json_set(row, "message", json_new_int((int64_t)check->n_message));
	json_set(row, "line", json_new_int((int64_t)at.line));
	json_set(row, "column", json_new_int((int64_t)at.column));
	json_put(row, "pointer", pointer);
	json_put(row, "level", note ? STR("note") : STR("problem"));
	json_put(row, "text", text);
	json_append(check->list, row);
}

static void say_findings(struct check *check, struct str message, const struct schema_findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct schema_finding *finding = &findings->finding[i];
		size_t offset = schema_place(message, finding->pointer, &check->arena);

		say(check, position_of(check, message.p + offset), finding->pointer, finding->text,
		    finding->note);
	}
}

/* ---- one message ---- */

static struct str no_setting(const void *from, const char *key)
{
	(void)from;
	(void)key;
	return STR("");
}

static void map_one(struct check *check, struct str message, struct str type)
{
	const struct platform_ops *generic = platform_find(STR("generic"));
	struct platform_store store = { .setting = no_setting };
	struct map_result result;

	generic->map(&store, type, message, clock_wall_ms(check->cli->clock), &check->arena, &result);
	if (result.reason.len)
		say(check, position_of(check, message.p), STR(""),
		    arena_printf(&check->arena, "%s%.*s",
				 result.state == MAP_IGNORED ? "is ignored: "
				 : result.state == MAP_DONE  ? "is taken in, but: "
							     : "",
				 STR_ARG(result.reason)),
		    result.state != MAP_FAILED);
}

/* message: within the file, blanks around it are fine. */
static void check_one(struct check *check, struct str message)
{
	struct schema_findings findings = { .arena = &check->arena };
	struct json_position position;
	struct json *json;
	struct err err;

	message = str_trim(message);
	check->n_message++;
	if (!json_scan(message, NULL, 0, NULL, &position, &err)) {
		const char *why = strchr(err.msg, ':');

		say(check, position_of(check, message.p + position.offset), STR(""),
		    arena_printf(&check->arena, "it is not JSON%s", why ? why : ""), false);
	} else if (!json_parse(message, &json, &err)) {
		say(check, position_of(check, message.p), STR(""), str_from(err.msg), false);
	} else {
		schema_check(&check->set, "message", json, &findings);
		say_findings(check, message, &findings);
		if (json_get_text(json, "type").len)
			map_one(check, message, json_get_text(json, "type"));
		json_free(json);
	}
	arena_reset(&check->arena);
}

/* ---- the file ---- */

/* Are these lines of JSON rather than one value over several? Its first line alone decides. */
static bool is_lines(struct str text)
{
	struct str rest = str_trim(text), line;

	return !json_scan(text, NULL, 0, NULL, NULL, NULL) && str_split(&rest, '\n', &line) && rest.len &&
	       json_scan(line, NULL, 0, NULL, NULL, NULL);
}

static bool check_file(struct check *check, struct err *err)
{
	struct str rest = check->file, line, *element;
	size_t n;

	if (str_trim(check->file).len == 0)
		return err_set(err, ERR_INVALID, "%s: there is no message in it", check->name);
	if (json_scan_array(check->file, MESSAGES_MAX, &check->cli->arena, &element, &n, NULL, err)) {
		for (size_t i = 0; i < n; i++)
			check_one(check, element[i]);
		return true;
	}
	if (err->code == ERR_TOO_LARGE)
		return false;
	if (!is_lines(check->file)) {
		check_one(check, check->file);
		return true;
	}
	while (str_split(&rest, '\n', &line))
		if (str_trim(line).len)
			check_one(check, line);
	return true;
}

static void print_sum(struct check *check)
{
	struct json *sum;

	if (!check->list) {
		(void)fprintf(check->cli->out, "%s: %zu message%s, %zu problem%s, %zu note%s\n", check->name,
			      check->n_message, check->n_message == 1 ? "" : "s", check->n_problem,
			      check->n_problem == 1 ? "" : "s", check->n_note, check->n_note == 1 ? "" : "s");
		return;
	}
	sum = json_new_object();
	json_put(sum, "file", str_from(check->name));
	json_set(sum, "messages", json_new_int((int64_t)check->n_message));
	json_set(sum, "problems", json_new_int((int64_t)check->n_problem));
	json_set(sum, "notes", json_new_int((int64_t)check->n_note));
	json_set(sum, "findings", check->list);
	cli_print_json(check->cli, sum);
}

static bool print_schema(struct cli *cli, const char *name, struct err *err)
{
	struct str text = schema_text(str_from(name));
	const char *known[SCHEMA_FILES_MAX], *near;

	if (text.len) {
		(void)fwrite(text.p, 1, text.len, cli->out);
		return true;
	}
	for (size_t i = 0; i < n_embedded_texts; i++)
		known[i] = embedded_texts[i].name;
	near = nearest_text(str_from(name), known, n_embedded_texts);
	return err_set(err, ERR_NOT_FOUND, "no schema '%s'%s%s%s", name, near ? "; did you mean '" : "",
		       near ? near : "", near ? "'?" : "");
}

bool cmd_check(struct cli *cli, struct err *err)
{
	struct check check = { .cli = cli };
	const char *schema = cli_option(cli, "schema");
	struct err problem = { 0 };
	bool ok;

	if (schema)
		return print_schema(cli, schema, err);
	if (cli->n_arg == 0)
		return err_set(err, ERR_INVALID, "name a file of messages, or --schema NAME");
	check.name = strcmp(cli->arg[0], "-") == 0 ? "(standard input)" : cli->arg[0];
	if (!file_read(cli->arg[0], FILE_BYTES_MAX, &cli->arena, &check.file, err))
		return false;
	if (cli_flag(cli, "json"))
		check.list = json_new_array();
	schema_set_init(&check.set);
	arena_init(&check.arena);
	ok = check_file(&check, &problem);
	if (ok)
		print_sum(&check);
	else
		json_free(check.list);
	arena_release(&check.arena);
	schema_set_release(&check.set);
	cli->exit = check.n_problem ? CLI_FAILED : CLI_OK;
	return ok || err_set(err, problem.code, "%s", problem.msg);
}
