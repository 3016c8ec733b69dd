/*
 * The two shops: signed messages over HTTP, repeated with the same bytes until they are answered.
 */
#include "crash/run.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#define FIXTURE_BYTES_MAX 65536
#define HEADERS_MAX	  4

struct message {
	const char *path;
	struct http_header header[HEADERS_MAX];
	size_t n_header;
	struct str body;
	int want_status;
};

/* The daemon has another port after each start. */
static void send_until_answered(struct run *run, const struct message *message)
{
	int status = 0;
	struct str answer;
	struct err err;

	for (;;) {
		struct http_call call = {
			.method = "POST",
			.url = arena_printf(&run->place.arena, "%s%s", run->daemon.url, message->path),
			.header = message->header,
			.n_header = message->n_header,
			.body = message->body,
		};

		if (http_client_fetch(run->client, &call, &run->place.arena, &status, &answer, &err))
			break;
		run_daemon_lost(run);
	}
	if (status != message->want_status)
		fail_msg("%s answers %d: %.*s", message->path, status, STR_ARG(answer));
}

static struct str quoted(struct run *run, struct str text)
{
	char *copy = arena_cstr(&run->place.arena, text);

	for (size_t i = 0; i < text.len; i++)
		if (copy[i] == '\'')
			copy[i] = '"';
	return str_of(copy, text.len);
}

void shop_generic(struct run *run, const char *id, struct str body, size_t n)
{
	struct arena *arena = &run->place.arena;
	struct message message = { .path = "/hooks/generic/loom", .body = quoted(run, body) };
	struct str at = arena_printf(arena, "%lld", (long long)(clock_wall_ms(clock_system()) / MS_PER_S));
	struct str part[] = { str_from(id), STR("."), at, STR("."), message.body };
	unsigned char sum[SHA256_BYTES];

	digest_hmac_sha256(STR(SHOP_GENERIC_SECRET), part, ARRAY_LEN(part), sum);
	message.header[0] = (struct http_header){
		STR("Content-Type"),
		n > 1 ? STR("application/x-ndjson") : STR("application/json"),
	};
	message.header[1] = (struct http_header){ STR("webhook-id"), str_from(id) };
	message.header[2] = (struct http_header){ STR("webhook-timestamp"), at };
	message.header[3] = (struct http_header){
		STR("webhook-signature"),
		arena_printf(arena, "v1,%.*s", STR_ARG(base64_encode(arena, sum, sizeof(sum)))),
	};
	message.n_header = 4;
	message.want_status = 202;
	send_until_answered(run, &message);
	run->n_messages += n;
}

static void send_enad(struct run *run, const char *path, struct str secret, struct str body, int want_status)
{
	struct message message = { .path = path, .body = body, .want_status = want_status, .n_header = 2 };

	message.header[0] = (struct http_header){ STR("Content-Type"), STR("application/json") };
	message.header[1] = (struct http_header){
		STR("Authorization"),
		arena_printf(&run->place.arena, "Bearer %.*s", STR_ARG(secret)),
	};
	send_until_answered(run, &message);
}

void shop_enad(struct run *run, const char *file)
{
	const char *source = getenv("PANNIER_SOURCE_DIR");
	const char *path;
	struct str body;
	struct err err;

	assert_non_null(source);
	path = arena_printf(&run->place.arena, "%s/tests/fixtures/enad/%s.json", source, file).p;
	if (!file_read(path, FIXTURE_BYTES_MAX, &run->place.arena, &body, &err))
		fail_msg("%s", err.msg);
	send_enad(run, "/hooks/enad/bazaar", STR(SHOP_ENAD_SECRET), body, 200);
	run->n_messages++;
}

void shop_refused(struct run *run, const char *store)
{
	const char *path = arena_printf(&run->place.arena, "/hooks/%s", store).p;

	send_enad(run, path, STR("not-the-secret"), STR("{\"event_type\":\"product.created\"}"), 401);
}
