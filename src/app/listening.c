/*
 * Listening: where the daemon may listen, and in whose hearing.
 *
 * Does:    refuse an address that others reach without TLS; certificate and proxies; a renewed certificate is
 *          taken up while it runs.
 * Keeps:   in the clear only on this machine, to the proxies that were named, or where somebody asked for it
 *          in so many words.
 * Threads: the main thread; listening_lets_in on the HTTP thread.
 */
#include "app/app_internal.h"

#include "admin/certificate.h"
#include "base/log.h"
#include "net/url.h"

#define LOOPBACK "127.0.0.0/8 ::1"

static bool is_here(struct str host)
{
	return str_starts(host, STR("127.")) || str_eq(host, STR("::1")) || str_eq(host, STR("localhost"));
}

bool listening_here(const struct app *app)
{
	struct str host;
	int port;
	struct err err;

	return listen_parse(str_from(app->config->listen), &host, &port, &err) && is_here(host);
}

static bool open_tls(struct app *app, struct err *err)
{
	const struct serve_config *config = app->config;

	if (!config->tls_cert[0] && !config->tls_key[0])
		return true;
	if (!config->tls_cert[0] || !config->tls_key[0])
		return err_set(err, ERR_INVALID, "TLS needs both: --tls-cert and --tls-key");
	return http_tls_open(config->tls_cert, config->tls_key, &app->tls, err);
}

static bool refuse_clear(const struct app *app, struct err *err)
{
	return err_set(
		err, ERR_INVALID,
		"will not listen on '%s' without TLS: keys, passwords and people's data would travel in the "
		"clear. Either give a certificate (--tls-cert FILE --tls-key FILE), or listen on 127.0.0.1 "
		"behind a proxy on this machine, or name the proxies that speak TLS for it (--behind-proxy "
		"ADDRESSES). --insecure listens all the same",
		app->config->listen);
}

bool listening_open(struct app *app, struct arena *arena, struct err *err)
{
	const struct serve_config *config = app->config;
	bool here = listening_here(app), by_proxy = config->behind_proxy[0] != '\0';

	if (!address_list_parse(by_proxy ? str_from(config->behind_proxy)
				: here	 ? STR(LOOPBACK)
					 : STR(""),
				arena, &app->proxies, err))
		return err_wrap(err, "behind-proxy");
	if (!open_tls(app, err))
		return false;
	if (!here && !app->tls && !by_proxy && !config->insecure)
		return refuse_clear(app, err);
	app->only_by_proxy = !here && !app->tls && !config->insecure;
	if (config->insecure && !here && !app->tls)
		log_warn("app", "listening on '%s' in the clear, as --insecure says", config->listen);
	return true;
}

static void note(struct app *app, int64_t ends_ms, const char *trouble)
{
	struct err err;

	if (!certificate_note(app->db, clock_wall_ms(app->ctx.clock), app->tls ? app->config->tls_cert : "",
			      ends_ms, trouble, &err))
		log_warn("app", "%s", err.msg);
}

void listening_look(struct app *app)
{
	struct err err = { ERR_NONE, "" };
	bool changed;

	if (!app->tls) {
		note(app, 0, "");
		return;
	}
	if (!http_tls_renew(app->tls, &changed, &err))
		log_error("app", "the certificate that is in use stays: %s", err.msg);
	else if (changed)
		log_info("app", "a renewed certificate is in use");
	note(app, http_tls_ends_ms(app->tls), err.msg);
}

void listening_close(struct app *app)
{
	http_tls_close(app->tls);
	app->tls = NULL;
}

/* Probes and scrapers stand beside the proxy. */
static bool is_for_anyone(struct str path)
{
	return str_starts(path, STR("/health/")) || str_eq(path, STR("/metrics"));
}

bool listening_lets_in(struct app *app, struct http_exchange *exchange)
{
	const struct http_request *request = http_exchange_request(exchange);

	if (!app->only_by_proxy || request->by_proxy || is_here(request->remote) ||
	    is_for_anyone(request->path))
		return true;
	http_reply(exchange, 403, NULL, 0,
		   STR("only through the proxy: this address is not among --behind-proxy\n"));
	return false;
}
