/*
 * demo: a stand-in for Klaviyo, a daemon, two shops and their recorded messages, on loopback.
 *
 * Does:    starts both programs, connects account and stores, plays (demo_play.c), shows (demo_show.c),
 *          runs until Ctrl-C.
 * Keeps:   erases only a folder that a demo made; ends its children by their ids, whatever happens.
 * Threads: one; signals that end or tell of children are blocked and looked at where the demo can stop.
 */
#define _XOPEN_SOURCE 700 /* nftw */
#include "app/serve.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/rand.h"
#include "cli/commands.h"
#include "cli/demo.h"
#include "cli/demo_messages.h"
#include "cli/wait_idle.h"
#include "net/url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MARKER	       ".pannier-demo"
#define IDLE_MS	       30000
#define PATH_BYTES_MAX 4096
#define PORTS_TRIED    50
#define LOG_BYTES_MAX  ((size_t)1 << 20)
#define DAEMON_PORT    8080
#define SANDBOX_PORT   8081
#define SHOP_PORT      8082
#define PHASES	       3

/* ---- signals ---- */

static void signals_of_interest(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGCHLD);
}

bool demo_interrupted(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1);
}

/* ---- the folder ---- */

static int erase_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status;
	(void)kind;
	(void)where;
	return remove(path);
}

static bool folder_fresh(struct cli *cli, struct err *err)
{
	const char *marker = arena_printf(&cli->arena, "%s/%s", cli->data, MARKER).p;

	if (access(cli->data, F_OK) == 0 && access(marker, F_OK) != 0 && rmdir(cli->data) != 0)
		return err_set(err, ERR_CONFLICT,
			       "'%s' was not made by a demo: not touched; name another with --data DIR",
			       cli->data);
	if (access(marker, F_OK) == 0 && session_daemon_runs(cli))
		return err_set(err, ERR_BUSY, "a demo is running in '%s' already", cli->data);
	if (!cli_flag(cli, "keep") && access(cli->data, F_OK) == 0 &&
	    nftw(cli->data, erase_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		return err_set(err, ERR_INVALID, "cannot erase '%s': %s", cli->data, strerror(errno));
	if (!file_make_dir(cli->data, err))
		return false;
	return access(marker, F_OK) == 0 || file_create_private(marker, STR("made by pannier demo\n"), err);
}

/* ---- programs ---- */

/* The folder of our own executable, and our name in it. */
static bool own_path(struct cli *cli, const char **path, const char **folder, struct err *err)
{
	char link[PATH_BYTES_MAX];
	ssize_t len = readlink("/proc/self/exe", link, sizeof(link) - 1);
	char *copy, *slash;

	if (len <= 0)
		return err_set(err, ERR_INVALID, "cannot find the own program: %s", strerror(errno));
	*path = arena_cstr(&cli->arena, str_of(link, (size_t)len));
	copy = arena_cstr(&cli->arena, str_from(*path));
	slash = strrchr(copy, '/');
	if (slash)
		*slash = '\0';
	*folder = copy;
	return true;
}

static bool is_free(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
	bool free_port;

	if (fd < 0)
		return false;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	free_port = bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
	(void)close(fd);
	return free_port;
}

/* What the option says, else loopback with the usual port or the next free one. taken: not this one. */
static const char *listen_of(struct cli *cli, const char *option, int port, int taken)
{
	const char *given = cli_option(cli, option);
	int end = port + PORTS_TRIED;

	if (given)
		return given;
	while (port < end && (port == taken || !is_free(port)))
		port++;
	return arena_printf(&cli->arena, "127.0.0.1:%d", port < end ? port : 0).p;
}

static int port_of(struct str url)
{
	struct url parsed;

	return url_parse(url, &parsed, NULL) ? parsed.port : 0;
}

static bool start_programs(struct demo *demo, struct err *err)
{
	struct cli *cli = demo->cli;
	const char *sandbox[] = { NULL, "--listen", NULL, NULL };
	const char *daemon[] = { NULL, "serve", "--data", cli->data, "--listen", NULL, NULL };
	const char *folder, *log;

	if (!own_path(cli, &daemon[0], &folder, err))
		return false;
	sandbox[0] = arena_printf(&cli->arena, "%s/klaviyo-sandbox", folder).p;
	sandbox[2] = listen_of(cli, "sandbox-listen", SANDBOX_PORT, DAEMON_PORT);
	log = arena_printf(&cli->arena, "%s/sandbox.log", cli->data).p;
	if (!demo_process_start(&demo->sandbox, "klaviyo-sandbox", sandbox, log, &cli->arena, err))
		return false;
	daemon[5] = listen_of(cli, "listen", DAEMON_PORT, port_of(demo->sandbox.url));
	log = arena_printf(&cli->arena, "%s/serve.log", cli->data).p;
	return demo_process_start(&demo->daemon, "pannier serve", daemon, log, &cli->arena, err);
}

/* ---- account and stores ---- */

static struct str random_text(struct cli *cli, const char *prefix, bool base64)
{
	unsigned char bytes[DEMO_SECRET_BYTES];
	char hex[2 * sizeof(bytes) + 1];
	struct str text;

	rand_fill(rand_system(), bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), hex);
	text = base64 ? base64_encode(&cli->arena, bytes, sizeof(bytes)) : str_from(hex);
	return arena_printf(&cli->arena, "%s%.*s", prefix, STR_ARG(text));
}

/* Kept in the folder, for those who want to send messages of their own. */
static bool keep_secret(struct cli *cli, const char *name, struct str *secret, struct err *err)
{
	const char *path = arena_printf(&cli->arena, "%s/%s", cli->data, name).p;

	if (access(path, F_OK) != 0)
		return file_create_private(path, *secret, err);
	return file_read(path, PATH_BYTES_MAX, &cli->arena, secret, err);
}

static bool add_account(struct demo *demo, int64_t now_ms, struct err *err)
{
	struct setting_change url = { STR("api_url"), demo->sandbox.url };
	struct settings *settings = demo->cli->settings;

	if (snapshot_find_account(demo->cli->snapshot, STR(DEMO_ACCOUNT)))
		return settings_account_set(settings, STR(DEMO_ACCOUNT), demo->key, &url, 1, now_ms, err);
	return settings_account_add(settings, STR(DEMO_ACCOUNT), demo->key, &url, 1, now_ms, err);
}

static bool add_store(struct demo *demo, const char *name, const char *platform, struct str secret,
		      const struct setting_change *change, size_t n, int64_t now_ms, struct err *err)
{
	struct settings_new_store store = { .name = str_from(name),
					    .platform = str_from(platform),
					    .account = STR(DEMO_ACCOUNT),
					    .secret = secret,
					    .change = change,
					    .n = n };

	if (snapshot_find_store(demo->cli->snapshot, store.name))
		return settings_store_set(demo->cli->settings, store.name, STR(""), secret, change, n, now_ms,
					  err);
	return settings_store_add(demo->cli->settings, &store, now_ms, err);
}

static bool make_secrets(struct demo *demo, struct err *err)
{
	struct cli *cli = demo->cli;

	demo->key = random_text(cli, "pk_demo", false);
	demo->enad_secret = random_text(cli, "", false);
	demo->signing_secret = random_text(cli, "whsec_", true);
	return keep_secret(cli, "klaviyo-key.txt", &demo->key, err) &&
	       keep_secret(cli, "enad-secret.txt", &demo->enad_secret, err) &&
	       keep_secret(cli, "generic-secret.txt", &demo->signing_secret, err);
}

static bool start_shop(struct demo *demo, struct err *err)
{
	struct arena *arena = &demo->cli->arena;
	struct str daemon = demo->daemon.url;
	struct demo_site_config config = {
		.listen = listen_of(demo->cli, "shop-listen", SHOP_PORT, port_of(daemon)),
		.daemon_url = daemon,
		.sandbox_url = demo->sandbox.url,
		.script_url = arena_printf(arena, "%.*s/s/" DEMO_STORE_GENERIC ".js", STR_ARG(daemon)),
		.hook_url = arena_printf(arena, "%.*s/hooks/generic/" DEMO_STORE_GENERIC, STR_ARG(daemon)),
		.secret = demo->signing_secret,
		.clock = demo->cli->clock,
	};

	return demo_site_start(&config, &demo->site, err);
}

static bool connect_all(struct demo *demo, struct err *err)
{
	struct cli *cli = demo->cli;
	struct str shop = demo_site_url(demo->site);
	struct setting_change template = { STR("url_template"), STR("https://shop.example/{market}/{slug}") };
	struct setting_change generic[] = {
		{ STR("id_prefix"), STR(DEMO_PREFIX) },
		{ STR("storefront_mode"), STR("server") },
		{ STR("storefront_origins"), shop },
		{ STR("storefront_key"), random_text(cli, "pub_", false) },
		{ STR("storefront_url"), demo->daemon.url },
		{ STR("cart_url_template"),
		  arena_printf(&cli->arena, "%.*s/cart?restore={cart_id}", STR_ARG(shop)) },
	};
	int64_t now_ms = clock_wall_ms(cli->clock);

	return add_account(demo, now_ms, err) &&
	       add_store(demo, DEMO_STORE_ENAD, "enad", demo->enad_secret, &template, 1, now_ms, err) &&
	       add_store(demo, DEMO_STORE_GENERIC, "generic", demo->signing_secret, generic,
			 ARRAY_LEN(generic), now_ms, err) &&
	       session_refresh(cli, err);
}

/* ---- the course of it ---- */

static bool play_all(struct demo *demo, struct err *err)
{
	struct cli *cli = demo->cli;
	bool idle;

	(void)fprintf(cli->out, "Messages of the two shops, and the answers they got\n\n");
	for (int phase = 1; phase <= PHASES; phase++) {
		if (!demo_play(demo, phase, err) || !wait_idle(cli, IDLE_MS, demo_interrupted, &idle, err))
			return false;
		if (demo_interrupted())
			return true;
		if (!idle)
			return err_set(
				err, ERR_BUSY,
				"after %d s not all has reached the sandbox; see 'pannier status --data "
				"%s' and %s",
				IDLE_MS / 1000, cli->data, demo->daemon.log);
		if (phase < PHASES)
			(void)fprintf(cli->out, "       ... all that has reached Klaviyo; then:\n");
	}
	return demo_show(demo, err);
}

/* As a person would type it from here. */
static const char *typed(struct cli *cli, const char *path)
{
	char folder[PATH_BYTES_MAX];
	size_t len;

	if (!getcwd(folder, sizeof(folder)))
		return path;
	len = strlen(folder);
	return strncmp(path, folder, len) == 0 && path[len] == '/'
		       ? arena_cstr(&cli->arena, str_from(path + len + 1))
		       : path;
}

/* The link by which the first owner is made, as the daemon told its log. */
static struct str screens_url(struct demo *demo)
{
	static const char said[] = "pannier setup at ";
	struct arena *arena = &demo->cli->arena;
	struct str text, line;
	struct err ignored;

	if (file_read(demo->daemon.log, LOG_BYTES_MAX, arena, &text, &ignored))
		while (str_split(&text, '\n', &line))
			if (str_starts(line, str_from(said)))
				return str_trim(str_skip(line, sizeof(said) - 1));
	return arena_printf(arena, "%.*s/admin", STR_ARG(demo->daemon.url));
}

static void print_next(struct demo *demo, const char *self)
{
	struct cli *cli = demo->cli;
	const char *pannier = typed(cli, self);

	(void)fprintf(cli->out,
		      "\nLook around\n\n"
		      "  %.*s   the screens: choose a password first\n"
		      "  %.*s/   the shop: look, fill the cart, order\n"
		      "  %.*s/   what the stand-in for Klaviyo holds\n"
		      "  %.*s/metrics   counters of the daemon\n"
		      "  %s trace PCM-2024 --data %s   the coffee maker's whole story\n"
		      "  %s audit --follow --data %s\n"
		      "  %s status --data %s\n"
		      "  %s store show %s --data %s   what to configure in a shop\n",
		      STR_ARG(screens_url(demo)), STR_ARG(demo_site_url(demo->site)),
		      STR_ARG(demo->sandbox.url), STR_ARG(demo->daemon.url), pannier, cli->data, pannier,
		      cli->data, pannier, cli->data, pannier, DEMO_STORE_ENAD, cli->data);
	(void)fprintf(
		cli->out,
		"\nSend a message of your own\n\n"
		"  curl -H \"Authorization: Bearer $(cat %s/enad-secret.txt)\" -H 'Content-Type: "
		"application/json' \\\n"
		"    -d '{\"event_type\":\"product.deleted\",\"payload\":{\"product_id\":\"" COFFEE_MAKER
		"\"}}' \\\n"
		"    %.*s/hooks/enad/" DEMO_STORE_ENAD "\n",
		cli->data, STR_ARG(demo->daemon.url));
}

/* Until Ctrl-C, or until one of the programs ends by itself. */
static bool run_on(struct demo *demo, const sigset_t *signals, struct err *err)
{
	int number = 0;

	(void)fprintf(demo->cli->out, "\nRunning until Ctrl-C.\n");
	(void)fflush(demo->cli->out);
	while (sigwait(signals, &number) == 0 && number == SIGCHLD) {
		if (demo_process_ended(&demo->daemon))
			return err_set(err, ERR_BUSY, "the daemon ended by itself; see %s", demo->daemon.log);
		if (demo_process_ended(&demo->sandbox))
			return err_set(err, ERR_BUSY, "the sandbox ended by itself; see %s",
				       demo->sandbox.log);
	}
	(void)fprintf(demo->cli->out, "\nEnding the daemon and the sandbox.\n");
	return true;
}

static bool run(struct demo *demo, const sigset_t *signals, struct err *err)
{
	struct http_client_config config = { .user_agent = "pannier-demo/" PANNIER_VERSION };
	struct cli *cli = demo->cli;
	const char *self, *folder;

	if (!folder_fresh(cli, err) || !own_path(cli, &self, &folder, err) || !start_programs(demo, err) ||
	    !session_open(cli, SESSION_CREATE, err) || !make_secrets(demo, err) || !start_shop(demo, err) ||
	    !connect_all(demo, err) || !http_client_new(&config, &demo->client, err))
		return false;
	(void)fprintf(cli->out,
		      "%s\n\n"
		      "  klaviyo-sandbox  %.*s   stands in for Klaviyo\n"
		      "  pannier serve    %.*s   data in %s\n"
		      "  a small shop     %.*s   to click through\n\n",
		      cli_paint(cli, PAINT_BOLD, "Pannier's demo"), STR_ARG(demo->sandbox.url),
		      STR_ARG(demo->daemon.url), cli->data, STR_ARG(demo_site_url(demo->site)));
	if (!play_all(demo, err))
		return false;
	if (demo->n_wrong > 0)
		cli->exit = CLI_FAILED;
	if (cli_flag(cli, "exit") || demo_interrupted())
		return true;
	print_next(demo, self);
	return run_on(demo, signals, err);
}

bool cmd_demo(struct cli *cli, struct err *err)
{
	struct demo demo = { .cli = cli };
	sigset_t signals, before;
	bool ok;

	cli->data = arena_printf(&cli->arena, "%s/demo", cli_option(cli, "data")).p;
	signals_of_interest(&signals);
	(void)sigprocmask(SIG_BLOCK, &signals, &before);
	ok = run(&demo, &signals, err);
	http_client_free(demo.client);
	demo_site_stop(demo.site);
	session_close(cli);
	demo_process_end(&demo.daemon);
	demo_process_end(&demo.sandbox);
	(void)fflush(cli->out); /* a Ctrl-C that is pending ends the process now */
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return ok;
}
