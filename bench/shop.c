/*
 * A shop, its daemon and the sandbox it is connected to: started, fed with signed webhooks, asked.
 */
#include "shop.h"

#include "base/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECRET		      "whsec_cGFubmllci1iZW5jaC1wYW5uaWVyLWJlbmNoLTAwMDE="
#define SANDBOX_ARGUMENTS_MAX 16

static struct str fetch(struct bench_shop *shop, const struct http_call *call, int *status)
{
	struct err err = { 0 };
	struct str body;

	if (!http_client_fetch(shop->client, call, &shop->arena, status, &body, &err))
		bench_die("%.*s: %s", STR_ARG(call->url), err.msg);
	return body;
}

struct json *bench_shop_sandbox(struct bench_shop *shop, const char *path)
{
	struct http_call call = {
		.method = "GET",
		.url = arena_printf(&shop->arena, "http://127.0.0.1:%d%s", shop->sandbox.port, path),
		.answer_bytes_max = (size_t)64 << 20,
	};
	struct json *json = NULL;
	struct err err = { 0 };
	int status = 0;
	struct str body = fetch(shop, &call, &status);

	if (status != 200 || !json_parse(body, &json, &err))
		bench_die("the sandbox answered %s with %d %s", path, status, err.msg);
	return json;
}

/* One signed webhook; an answer other than 2xx ends the benchmark. */
void bench_shop_post(struct bench_shop *shop, struct str body)
{
	static uint64_t serial;
	struct str id = arena_printf(&shop->arena, "msg_%lx_%" PRIx64, (unsigned long)getpid(), ++serial);
	struct str now = arena_printf(&shop->arena, "%lld", (long long)time(NULL));
	const struct str part[] = { id, STR("."), now, STR("."), body };
	unsigned char digest[SHA256_BYTES];
	int status = 0;

	digest_hmac_sha256(shop->key, part, ARRAY_LEN(part), digest);
	const struct http_header header[] = {
		{ STR("Content-Type"), STR("application/json") },
		{ STR("webhook-id"), id },
		{ STR("webhook-timestamp"), now },
		{ STR("webhook-signature"),
		  arena_printf(&shop->arena, "v1,%.*s",
			       STR_ARG(base64_encode(&shop->arena, digest, SHA256_BYTES))) },
	};
	struct http_call call = {
		.method = "POST",
		.url = arena_printf(&shop->arena, "http://127.0.0.1:%d/hooks/generic/bench",
				    shop->daemon.port),
		.header = header,
		.n_header = ARRAY_LEN(header),
		.body = body,
	};
	struct str answer = fetch(shop, &call, &status);

	if (status < 200 || status > 299)
		bench_die("a webhook was answered with %d %.*s", status, STR_ARG(answer));
}

void bench_shop_wait_idle(const struct bench_shop *shop)
{
	const char *argv[] = {
		shop->program, "wait", "--idle", "--timeout", "900", "--data", shop->data, NULL
	};

	if (!bench_run("wait", argv))
		bench_die("the daemon was not idle within 15 minutes");
}

static void start_sandbox(struct bench_shop *shop, const char *const argument[])
{
	char program[512];
	char listen[64];
	const char *argv[SANDBOX_ARGUMENTS_MAX] = { program, "--listen", listen };
	int port = bench_free_port();
	size_t n = 3;

	snprintf(program, sizeof(program), "%s/klaviyo-sandbox", shop->build);
	snprintf(listen, sizeof(listen), "127.0.0.1:%d", port);
	while (*argument && n + 1 < SANDBOX_ARGUMENTS_MAX)
		argv[n++] = *argument++;
	shop->sandbox = bench_spawn("sandbox", -1, argv);
	shop->sandbox.port = port;
	bench_wait_port(&shop->sandbox, 5000);
}

static void start_daemon(struct bench_shop *shop, bool limits)
{
	char key_file[600];
	char secret_file[600];
	char api_url[96];
	char quota[48];
	char listen[64];
	int port = bench_free_port();
	const char *account[] = { shop->program, "account",    "add",	 "bench", "--data",
				  shop->data,	 "--key-file", key_file, "--set", api_url,
				  "--set",	 quota,	       NULL };
	const char *store[] = { shop->program,	 "store",      "add",	  "bench",     "--data",
				shop->data,	 "--platform", "generic", "--account", "bench",
				"--secret-file", secret_file,  NULL };
	const char *serve[] = { shop->program, "serve", "--data", shop->data, "--listen", listen, NULL };

	snprintf(key_file, sizeof(key_file), "%s/key", bench_folder());
	snprintf(secret_file, sizeof(secret_file), "%s/secret", bench_folder());
	snprintf(quota, sizeof(quota), "rate_limits=%s", limits ? "true" : "false");
	snprintf(api_url, sizeof(api_url), "api_url=http://127.0.0.1:%d", shop->sandbox.port);
	snprintf(listen, sizeof(listen), "127.0.0.1:%d", port);
	bench_write_file(key_file, "pk_0123456789abcdef0123456789abcdef01\n");
	bench_write_file(secret_file, SECRET "\n");
	if (!bench_run("account-add", account) || !bench_run("store-add", store))
		bench_die("adding the account or the store failed");
	shop->daemon = bench_spawn("pannier", -1, serve);
	shop->daemon.port = port;
	bench_wait_port(&shop->daemon, 10000);
}

void bench_shop_open(struct bench_shop *shop, const char *build, bool limits,
		     const char *const sandbox_argument[])
{
	struct err err = { 0 };

	*shop = (struct bench_shop){ .build = build };
	arena_init(&shop->arena);
	arena_init(&shop->key_arena);
	if (!http_client_new(&(struct http_client_config){ .user_agent = "pannier-bench" }, &shop->client,
			     &err))
		bench_die("%s", err.msg);
	if (!base64_decode(&shop->key_arena, str_skip(STR(SECRET), strlen("whsec_")), &shop->key))
		bench_die("the secret is not base64");
	snprintf(shop->program, sizeof(shop->program), "%s/pannier", build);
	snprintf(shop->data, sizeof(shop->data), "%s/data", bench_folder());
	start_sandbox(shop, sandbox_argument);
	start_daemon(shop, limits);
}

void bench_shop_close(struct bench_shop *shop)
{
	bench_stop(&shop->daemon);
	bench_stop(&shop->sandbox);
	http_client_free(shop->client);
	arena_release(&shop->key_arena);
	arena_release(&shop->arena);
	bench_folder_remove();
}

void bench_shop_pause(void)
{
	struct timespec moment = { 0, 20000000 };

	(void)nanosleep(&moment, NULL);
}
