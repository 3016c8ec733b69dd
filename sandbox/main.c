/*
 * klaviyo-sandbox: a stand-alone simulator of Klaviyo's API.
 *
 * Does:    reads the command line, listens, waits for SIGINT or SIGTERM.
 * Threads: signals are blocked everywhere and taken by the main thread.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "net/url.h"
#include "sandbox/listen.h"
#include "sandbox/route.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_LISTEN "127.0.0.1:8070"
#define KEYS_MAX 1000

struct options {
	const char *listen;
	const char *revision;
	double time_scale;
	struct str key[KEYS_MAX];
	size_t n_key;
	struct knobs knobs;
	bool help;
};

static void print_help(void)
{
	struct strbuf knobs;

	strbuf_init(&knobs, 10000);
	knobs_help(&knobs);
	(void)printf("Usage: klaviyo-sandbox [--listen ADDR:PORT] [OPTION]...\n"
		     "A simulator of Klaviyo's API (revision %s), in memory.\n\n"
		     "  --listen ADDR:PORT       where to listen; port 0 picks a free one (default %s)\n"
		     "  --key pk_...             accept only this private key; may be repeated\n"
		     "                           (default: every well-formed key, each its own account)\n"
		     "  --revision YYYY-MM-DD    newest revision it knows (default %s)\n"
		     "  --time-scale X           windows and jobs run X times faster (default 1)\n"
		     "%s"
		     "  --help                   this text\n\n"
		     "A page at / shows what it holds; /sandbox/state, /sandbox/requests, /sandbox/counts,\n"
		     "/sandbox/violations and /sandbox/history show it as JSON, /sandbox/people,\n"
		     "/sandbox/events and /sandbox/profiles what is about people.\n"
		     "POST /sandbox/consent lets one opt out in Klaviyo itself, POST /sandbox/knobs changes\n"
		     "options while it runs (GET lists all), POST /sandbox/reset forgets everything.\n",
		     REVISION_NEWEST, DEFAULT_LISTEN, REVISION_NEWEST, knobs.p);
	strbuf_release(&knobs);
}

static bool set_listen(struct options *options, const char *value, struct err *err)
{
	struct str host;
	int port;

	options->listen = value;
	return listen_parse(str_from(value), &host, &port, err);
}

static bool add_key(struct options *options, const char *value, struct err *err)
{
	if (options->n_key == KEYS_MAX)
		return err_set(err, ERR_INVALID, "at most %d keys", KEYS_MAX);
	if (!sandbox_key_ok(str_from(value)))
		return err_set(err, ERR_INVALID, "'--key' takes 'pk_' and at least 6 letters and digits");
	options->key[options->n_key++] = str_from(value);
	return true;
}

static bool set_revision(struct options *options, const char *value, struct err *err)
{
	options->revision = value;
	if (revision_known(str_from(value), REVISION_NEWEST))
		return true;
	return err_set(err, ERR_INVALID, "'%s' is no published revision", value);
}

static bool set_time_scale(struct options *options, const char *value, struct err *err)
{
	char *end;

	options->time_scale = strtod(value, &end);
	if (end != value && *end == '\0' && options->time_scale >= 0.01 && options->time_scale <= 10000)
		return true;
	return err_set(err, ERR_INVALID, "'--time-scale' goes from 0.01 to 10000");
}

static const struct option_row {
	const char *name;
	bool (*set)(struct options *options, const char *value, struct err *err);
} rows[] = {
	{ "listen", set_listen },
	{ "key", add_key },
	{ "revision", set_revision },
	{ "time-scale", set_time_scale },
};

static bool set_option(struct options *options, struct str name, const char *value, struct err *err)
{
	if (!value && !knobs_option_is_flag(name))
		return err_set(err, ERR_INVALID, "'--%.*s' needs a value, or is no option; see --help",
			       STR_ARG(name));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (str_eq(name, str_from(rows[i].name)))
			return rows[i].set(options, value, err);
	return knobs_option(&options->knobs, name, value, err);
}

/* "--name value" or "--name=value" */
static bool read_options(int argc, char **argv, struct options *options, struct err *err)
{
	for (int i = 1; i < argc; i++) {
		struct str name = str_from(argv[i]);
		const char *value = NULL;
		size_t at;

		if (!str_starts(name, STR("--")))
			return err_set(err, ERR_INVALID, "'%s' is no option; see --help", argv[i]);
		name = str_skip(name, 2);
		at = str_find_char(name, '=');
		if (at < name.len)
			value = name.p + at + 1;
		else if (!knobs_option_is_flag(name) && i + 1 < argc)
			value = argv[++i];
		name.len = at;
		if (str_eq(name, STR("help"))) {
			options->help = true;
			return true;
		}
		if (!set_option(options, name, value, err))
			return false;
	}
	return true;
}

static void wait_for_signal(const sigset_t *signals)
{
	int signal;

	while (sigwait(signals, &signal) != 0)
		continue;
}

static bool run(const struct options *options, const sigset_t *signals, struct err *err)
{
	const struct sandbox_config config = {
		.clock = clock_system(), .rand = rand_system(), .key = options->key, .n_key = options->n_key,
		.revision = options->revision, .time_scale = options->time_scale, .knobs = &options->knobs,
	};
	struct sandbox *sandbox = sandbox_new(&config);
	struct listener *listener = NULL;
	struct str host;
	int port;
	bool ok = false;

	if (!listen_parse(str_from(options->listen), &host, &port, err) ||
	    !listener_start(sandbox, options->listen, &listener, err))
		goto out;
	(void)printf("klaviyo-sandbox listening on http://%s%.*s%s:%d\n",
		     memchr(host.p, ':', host.len) ? "[" : "", STR_ARG(host),
		     memchr(host.p, ':', host.len) ? "]" : "", listener_port(listener));
	(void)fflush(stdout);
	wait_for_signal(signals);
	ok = true;
out:
	listener_stop(listener);
	sandbox_free(sandbox);
	return ok;
}

int main(int argc, char **argv)
{
	static struct options options = { .listen = DEFAULT_LISTEN, .time_scale = 1 };
	struct err err = { 0 };
	sigset_t signals;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	knobs_init(&options.knobs);
	if (!read_options(argc, argv, &options, &err)) {
		(void)fprintf(stderr, "klaviyo-sandbox: %s\n", err.msg);
		return 2;
	}
	if (options.help) {
		print_help();
		return 0;
	}
	if (!run(&options, &signals, &err)) {
		(void)fprintf(stderr, "klaviyo-sandbox: %s\n", err.msg);
		return 1;
	}
	return 0;
}
