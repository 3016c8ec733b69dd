/*
 * import --check, --dry-run: files of history read to their ends without being imported.
 *
 * Does:    what the daemon would do with each row, up to what it means; sums of what Klaviyo would be told.
 * Doesn't: know what Klaviyo was told already, or which persons are one: the sums are at most so much.
 */
#include "cli/import_show.h"
#include "admin/text.h"
#include "flow/backfill.h"
#include "flow/telling.h"
#include "platform/platform.h"

#define REJECTS_SHOWN 100

struct reading {
	struct cli *cli;
	const struct settings_store *store;
	const struct import_options *options;
	struct str path;
	struct arena arena; /* of one item */
	struct json *list;  /* with --json, else NULL */
	int64_t n_read, n_message, n_mended, n_rejected;
	struct tellings told;
};

static void reject(struct reading *reading, const struct import_item *item, struct str why)
{
	struct json *row;

	if (reading->n_rejected++ >= REJECTS_SHOWN)
		return;
	if (!reading->list) {
		import_print_reject(reading->cli, reading->path, reading->options->lines, item->line,
				    item->in_lines, item->column, why, reading->cli->errors);
		return;
	}
	row = json_new_object();
	json_put(row, "file", item->in_lines ? reading->options->lines : reading->path);
	json_set(row, "line", json_new_int(item->line));
	json_put(row, "column", item->column);
	json_put(row, "why", why);
	json_append(reading->list, row);
}

static struct str setting_of(const void *from, const char *key)
{
	const struct settings_store *store = from;
	enum setting setting;

	return setting_find(str_from(key), SETTING_STORE, &setting) ? setting_text(store->value, setting)
								    : STR("");
}

/* False: it means nothing that can be told, and why was said. */
static bool understand(struct reading *reading, const struct import_item *item)
{
	struct platform_store view = { .store_id = reading->store->id,
				       .setting = setting_of,
				       .from = reading->store };

	for (size_t i = 0; i < item->n_message; i++) {
		const struct import_message *message = &item->message[i];
		struct map_result result = { 0 };

		platform_generic_ops.map(&view, message->topic, message->body, reading->options->now_ms,
					 &reading->arena, &result);
		if (result.state == MAP_FAILED) {
			reject(reading, item, result.reason);
			return false;
		}
		if (result.state == MAP_DONE)
			tellings_add(&reading->told, result.fact, result.n_fact, message->body);
	}
	return true;
}

static bool read_file(struct reading *reading, const char *path, struct err *err)
{
	struct import_options options = *reading->options;
	struct import_reader *reader = NULL;
	bool end = false, ok;

	if (!import_open(path, &options, &(struct import_place){ 0 }, &reader, err))
		return false;
	reading->path = str_from(path);
	for (;;) {
		struct import_item item;

		arena_reset(&reading->arena);
		ok = import_next(reader, &reading->arena, &item, &end, err);
		if (!ok || end)
			break;
		reading->n_read += (int64_t)item.n_read;
		if (item.rejected)
			reject(reading, &item, item.why);
		else if (understand(reading, &item))
			reading->n_mended += item.why.len > 0;
		reading->n_message += (int64_t)item.n_message;
	}
	if (ok && !reading->list && import_unused(reader, &reading->arena).len)
		(void)fprintf(reading->cli->errors, "%s: nothing is made of the columns: %.*s\n", path,
			      STR_ARG(text_safe(import_unused(reader, &reading->arena), &reading->arena)));
	import_close(reader);
	return ok || err_wrap(err, "'%s'", path);
}

/* ---- telling ---- */

static void print_json(struct reading *reading, bool dry_run)
{
	struct json *json = json_new_object(), *requests;
	struct tellings_estimate estimate = tellings_estimate(reading->store->account, &reading->told);

	json_set(json, "read", json_new_int(reading->n_read));
	json_set(json, "messages", json_new_int(reading->n_message));
	json_set(json, "mended", json_new_int(reading->n_mended));
	json_set(json, "rejected", json_new_int(reading->n_rejected));
	json_set(json, "rejects", reading->list);
	if (dry_run) {
		requests = json_new_object();
		for (int i = 0; i < TELLING_COUNT; i++) {
			json_set(json, telling_text((enum telling)i), json_new_int(reading->told.n[i]));
			json_set(requests, telling_text((enum telling)i), json_new_int(estimate.requests[i]));
		}
		json_set(json, "requests", requests);
		json_set(json, "requests_in_all", json_new_int(estimate.all));
		json_set(json, "duration_ms", json_new_int(estimate.ms));
	}
	cli_print_json(reading->cli, json);
}

static void print_estimate(const struct reading *reading)
{
	struct tellings_estimate estimate = tellings_estimate(reading->store->account, &reading->told);

	for (int i = 0; i < TELLING_COUNT; i++)
		if (reading->told.n[i])
			(void)fprintf(reading->cli->out, "%-11s %12lld in %lld requests\n",
				      telling_text((enum telling)i), (long long)reading->told.n[i],
				      (long long)estimate.requests[i]);
	(void)fprintf(reading->cli->out,
		      "At most %lld requests; with what Klaviyo allows this account about %.*s.\n",
		      (long long)estimate.all, STR_ARG(text_duration(estimate.ms, &reading->cli->arena)));
}

static void print_all(struct reading *reading, bool dry_run)
{
	if (reading->list) {
		print_json(reading, dry_run);
		return;
	}
	if (reading->n_rejected > REJECTS_SHOWN)
		(void)fprintf(reading->cli->errors, "(the first %d of %lld)\n", REJECTS_SHOWN,
			      (long long)reading->n_rejected);
	(void)fprintf(reading->cli->out, "%lld rows read: %lld messages, %lld rows mended, %lld rejected.\n",
		      (long long)reading->n_read, (long long)reading->n_message, (long long)reading->n_mended,
		      (long long)reading->n_rejected);
	if (dry_run)
		print_estimate(reading);
}

bool import_check(struct cli *cli, const struct settings_store *store, const struct import_options *options,
		  bool dry_run, struct err *err)
{
	struct reading reading = {
		.cli = cli,
		.store = store,
		.options = options,
		.list = cli_flag(cli, "json") ? json_new_array() : NULL,
	};
	bool ok = true;

	arena_init(&reading.arena);
	for (size_t i = 1; i < cli->n_arg && ok; i++)
		ok = read_file(&reading, cli->arg[i], err);
	arena_release(&reading.arena);
	if (!ok) {
		json_free(reading.list);
		return false;
	}
	print_all(&reading, dry_run);
	if (reading.n_rejected > 0)
		cli->exit = CLI_FAILED;
	return true;
}
