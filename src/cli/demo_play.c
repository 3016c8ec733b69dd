/*
 * Demo: plays the recorded messages over real HTTP, as the two shops would.
 */
#include "cli/commands.h"
#include "cli/demo.h"
#include "cli/demo_messages.h"
#include "platform/webhook_sign.h"

#define TIMEOUT_MS  10000
#define HEADERS_MAX 5

struct headers {
	struct http_header header[HEADERS_MAX];
	size_t n;
};

static void add(struct headers *headers, struct str name, struct str value)
{
	headers->header[headers->n++] = (struct http_header){ name, value };
}

static void sign(struct demo *demo, const struct demo_message *message, struct headers *headers)
{
	struct http_header header[WEBHOOK_SIGN_HEADERS];
	size_t n = message->proof == PROOF_NONE ? WEBHOOK_SIGN_HEADERS - 1 : WEBHOOK_SIGN_HEADERS;

	webhook_sign(&demo->signing_secret, 1, str_from(message->id), str_from(message->body),
		     clock_wall_ms(demo->cli->clock), &demo->cli->arena, header);
	for (size_t i = 0; i < n; i++)
		add(headers, header[i].name, header[i].value);
}

static void prove(struct demo *demo, const struct demo_message *message, struct headers *headers)
{
	struct str secret = message->proof == PROOF_RIGHT ? demo->enad_secret : STR("not-the-secret");

	add(headers, STR("Content-Type"), str_from(message->content_type));
	switch (message->shop) {
	case DEMO_ENAD:
		add(headers, STR("Authorization"),
		    arena_printf(&demo->cli->arena, "Bearer %.*s", STR_ARG(secret)));
		break;
	case DEMO_GENERIC:
		sign(demo, message, headers);
		break;
	}
}

static struct str hook_url(struct demo *demo, enum demo_shop shop)
{
	return arena_printf(&demo->cli->arena, "%.*s/hooks/%s", STR_ARG(demo->daemon.url),
			    shop == DEMO_ENAD ? "enad/" DEMO_STORE_ENAD : "generic/" DEMO_STORE_GENERIC);
}

static bool send_message(struct demo *demo, const struct demo_message *message, struct err *err)
{
	struct cli *cli = demo->cli;
	struct headers headers = { .n = 0 };
	struct http_call call = { .method = "POST",
				  .body = str_from(message->body),
				  .timeout_ms = TIMEOUT_MS };
	struct str answer;
	int status = 0;
	bool as_wanted;

	prove(demo, message, &headers);
	call.url = hook_url(demo, message->shop);
	call.header = headers.header;
	call.n_header = headers.n;
	if (!http_client_fetch(demo->client, &call, &cli->arena, &status, &answer, err))
		return err_wrap(err, "the daemon does not answer");
	as_wanted = status == message->want_status;
	demo->n_wrong += !as_wanted;
	(void)fprintf(
		cli->out, "  %s  %-8s %s",
		cli_paint(cli, as_wanted ? PAINT_GOOD : PAINT_BAD, arena_printf(&cli->arena, "%d", status).p),
		message->shop == DEMO_ENAD ? "enad" : "generic", message->what);
	if (!as_wanted)
		(void)fprintf(cli->out, " (should be %d)", message->want_status);
	(void)fprintf(cli->out, "\n");
	(void)fflush(cli->out);
	return true;
}

bool demo_play(struct demo *demo, int phase, struct err *err)
{
	for (size_t i = 0; i < N_DEMO_MESSAGES && !demo_interrupted(); i++)
		if (demo_messages[i].phase == phase && !send_message(demo, &demo_messages[i], err))
			return false;
	return true;
}
