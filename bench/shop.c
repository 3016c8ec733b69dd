/*
 * A shop, its daemon and the sandbox it is connected to: started, fed with signed webhooks, asked.
 */
#include "shop.h"

#include "base/digest.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TOO_MANY	      429
#define SECRET		      "whsec_cGFubmllci1iZW5jaC1wYW5uaWVyLWJlbmNoLTAwMDE="
#define SANDBOX_ARGUMENTS_MAX 16
#define START_WAIT_MS	      120000 /* a slow machine, or one that has other things to do */

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

void bench_shop_knob(struct bench_shop *shop, const char *knobs)
{
	struct http_call call = {
		.method = "POST",
		.url = arena_printf(&shop->arena, "http://127.0.0.1:%d/sandbox/knobs", shop->sandbox.port),
		.body = str_from(knobs),
	};
	int status = 0;

	(void)fetch(shop, &call, &status);
	if (status != 200)
		bench_die("the sandbox answered a change of knobs with %d", status);
}

int64_t bench_number(const struct json *object, const char *name)
{
	int64_t value = 0;

	(void)json_get_int(object, name, &value);
	return value;
}

void bench_shop_post(struct bench_shop *shop, struct str body)
{
	static size_t n_posted;

	bench_shop_post_to(shop, ++n_posted % shop->n_account, body);
}

int bench_shop_try_post(struct bench_shop *shop, size_t number, struct str id, struct str body,
			struct str *answer)
{
	struct str now = arena_printf(&shop->arena, "%lld", (long long)time(NULL));
	const struct str part[] = { id, STR("."), now, STR("."), body };
	unsigned char digest[SHA256_BYTES];
	struct err err = { 0 };
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
		.url = arena_printf(&shop->arena, "http://127.0.0.1:%d/hooks/generic/bench%zu",
				    shop->daemon.port, number),
		.header = header,
		.n_header = ARRAY_LEN(header),
		.body = body,
	};

	if (http_client_fetch(shop->client, &call, &shop->arena, &status, answer, &err))
		return status;
	*answer = arena_printf(&shop->arena, "%s", err.msg);
	return 0;
}

bool bench_shop_offer_to(struct bench_shop *shop, size_t number, struct str body)
{
	static uint64_t serial;
	struct str id = arena_printf(&shop->arena, "msg_%lx_%" PRIx64, (unsigned long)getpid(), ++serial);
	struct str answer;
	int status = bench_shop_try_post(shop, number, id, body, &answer);

	if (status != TOO_MANY && (status < 200 || status > 299))
		bench_die("a webhook was answered with %d %.*s", status, STR_ARG(answer));
	return status != TOO_MANY;
}

void bench_shop_post_to(struct bench_shop *shop, size_t number, struct str body)
{
	if (!bench_shop_offer_to(shop, number, body))
		bench_die("a webhook was answered with %d", TOO_MANY);
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
	bench_wait_port(&shop->sandbox, START_WAIT_MS);
}

static void add_account(const struct bench_shop *shop, size_t i, bool limits)
{
	char name[32];
	char key[64];
	char key_file[600];
	char secret_file[600];
	char api_url[96];
	char quota[48];
	const char *account[] = { shop->program, "account",    "add",	 name,	  "--data",
				  shop->data,	 "--key-file", key_file, "--set", api_url,
				  "--set",	 quota,	       NULL };
	const char *store[] = { shop->program,	 "store",      "add",	  name,	       "--data",
				shop->data,	 "--platform", "generic", "--account", name,
				"--secret-file", secret_file,  NULL };

	snprintf(name, sizeof(name), "bench%zu", i);
	snprintf(key, sizeof(key), "pk_0123456789abcdef0123456789abcdef%04zu\n", i);
	snprintf(key_file, sizeof(key_file), "%s/key", bench_folder());
	snprintf(secret_file, sizeof(secret_file), "%s/secret", bench_folder());
	snprintf(quota, sizeof(quota), "rate_limits=%s", limits ? "true" : "false");
	snprintf(api_url, sizeof(api_url), "api_url=http://127.0.0.1:%d", shop->sandbox.port);
	bench_write_file(key_file, key);
	bench_write_file(secret_file, SECRET "\n");
	if (!bench_run("account-add", account) || !bench_run("store-add", store))
		bench_die("adding an account or a store failed");
}

static void start_daemon(struct bench_shop *shop, int port)
{
	char listen[64];
	const char *serve[] = { shop->program, "serve", "--data", shop->data, "--listen", listen, NULL };

	snprintf(listen, sizeof(listen), "127.0.0.1:%d", port);
	shop->daemon = bench_spawn("pannier", -1, serve);
	shop->daemon.port = port;
	bench_wait_port(&shop->daemon, START_WAIT_MS);
}

void bench_shop_kill(struct bench_shop *shop)
{
	int port = shop->daemon.port;

	if (kill(shop->daemon.pid, SIGKILL) != 0 || waitpid(shop->daemon.pid, NULL, 0) != shop->daemon.pid)
		bench_die("the daemon could not be killed");
	start_daemon(shop, port);
}

void bench_shop_open(struct bench_shop *shop, const char *build, bool limits, size_t n_account,
		     const char *const sandbox_argument[])
{
	struct err err = { 0 };

	*shop = (struct bench_shop){ .build = build, .n_account = n_account };
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
	for (size_t i = 0; i < n_account; i++)
		add_account(shop, i, limits);
	start_daemon(shop, bench_free_port());
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
