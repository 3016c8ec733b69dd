/*
 * preview: the requests a message would cause.
 */
#include "base/file.h"
#include "cli/commands.h"
#include "admin/text.h"
#include "flow/preview.h"

#define BODY_BYTES_MAX 16777216

static struct json *body_json(struct str body)
{
	struct json *json;

	return body.len && json_parse(body, &json, NULL) ? json : json_new_null();
}

static struct json *preview_json(const struct preview *preview)
{
	struct json *json = json_new_object(), *requests = json_new_array();

	json_put(json, "topic", preview->topic);
	json_put(json, "reason", preview->map_reason);
	json_set(json, "facts", json_new_int((int64_t)preview->n_fact));
	json_put(json, "held", preview->held);
	json_put(json, "note", preview->note);
	for (size_t i = 0; i < preview->n_request; i++) {
		struct json *request = json_new_object();

		json_put(request, "method", preview->request[i].method);
		json_put(request, "url", preview->request[i].url);
		json_set(request, "body", body_json(preview->request[i].body));
		json_append(requests, request);
	}
	json_set(json, "requests", requests);
	return json;
}

static void print_line(struct cli *cli, const char *label, struct str text)
{
	if (text.len)
		(void)fprintf(cli->out, "  %s%.*s\n", label, STR_ARG(text_safe(text, &cli->arena)));
}

static void print_preview(struct cli *cli, const struct preview *preview)
{
	struct str topic = text_safe(preview->topic, &cli->arena);

	(void)fprintf(cli->out, "%.*s: %zu fact%s, %zu request%s\n",
		      STR_ARG(topic.len ? topic : STR("(no topic)")), preview->n_fact,
		      preview->n_fact == 1 ? "" : "s", preview->n_request,
		      preview->n_request == 1 ? "" : "s");
	print_line(cli, "", preview->map_reason);
	print_line(cli, "held: ", preview->held);
	print_line(cli, "note: ", preview->note);
	for (size_t i = 0; i < preview->n_request; i++) {
		const struct preview_request *request = &preview->request[i];

		(void)fprintf(cli->out, "\n%.*s %.*s\n", STR_ARG(request->method),
			      STR_ARG(text_safe(request->url, &cli->arena)));
		if (request->body.len)
			(void)fprintf(cli->out, "%.*s\n", STR_ARG(text_safe(request->body, &cli->arena)));
	}
}

bool cmd_preview(struct cli *cli, struct err *err)
{
	struct flow_ctx ctx = { .clock = cli->clock, .rand = rand_system() };
	struct preview *preview;
	struct json *list;
	struct str body;
	size_t n;

	if (!file_read(cli->arg[1], BODY_BYTES_MAX, &cli->arena, &body, err) ||
	    !session_open(cli, SESSION_EXISTING, err))
		return false;
	ctx.db = cli->db;
	ctx.settings = cli->settings;
	if (!preview_message(&ctx, str_from(cli->arg[0]), str_from(cli_option(cli, "content-type")), body,
			     &cli->arena, &preview, &n, err))
		return false;
	if (cli_flag(cli, "json")) {
		list = json_new_array();
		for (size_t i = 0; i < n; i++)
			json_append(list, preview_json(&preview[i]));
		cli_print_json(cli, list);
		return true;
	}
	for (size_t i = 0; i < n; i++) {
		if (i)
			(void)fprintf(cli->out, "\n");
		print_preview(cli, &preview[i]);
	}
	return true;
}
