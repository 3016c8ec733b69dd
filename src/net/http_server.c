/*
 * HTTP server: its life, and its thread. What happens to one request is in http_exchange.c.
 *
 * Does:    drive libmicrohttpd from a thread of our own, over our own listening socket.
 * Doesn't: log requests, know routes, look after certificates (http_tls.c).
 * Keeps:   libmicrohttpd is only called from the server's thread (http_reply makes its answer elsewhere,
 *          which is a thing by itself). Replies of other threads are collected in a list and wake the thread
 *          at most once. When http_server_stop returns, no connection and no thread is left; an exchange
 *          whose handler has not replied yet is left to the http_reply that is still to come.
 *
 *          Why not MHD's own thread (MHD_USE_EPOLL_INTERNAL_THREAD, 0.9.75): when exactly 128 connections, or
 *          256 and so on, are ready at once, it waits for one more event before it serves them, up to the
 *          idle timeout; and each resumed connection costs it a lock and a write to a pipe.
 * Threads: start and stop from one thread; see http_server_internal.h for exchanges.
 */
#include "net/http_server_internal.h"

#include "base/alloc.h"
#include "base/attr.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/http_tls_internal.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CONNECTIONS_MAX 4096
#define IDLE_TIMEOUT_S 30
/* Longest wait while exchanges are polled (see answer_later). */
#define POLL_MS 1
/* How long a stop waits for peers to take their answers. */
#define DRAIN_MS (2 * MS_PER_S)
/*
 * Memory of one connection: request line, headers (about 7 KB of them) and the part of the body read at once.
 * MHD zeroes it after every request, so that more costs time (32 KB: 2 us a request).
 */
#define CONNECTION_BYTES ((size_t)10 * 1024)
#define EXIT_FATAL 70 /* as when the disk fails */
/* TLS 1.2 and 1.3, and of their ciphers those with forward secrecy that authenticate what they hide. */
#define TLS_PRIORITIES \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-AES-256-CBC:-AES-128-CBC:-SHA1:%SERVER_PRECEDENCE"

/* MHD's own remarks (broken requests, lost connections) are for developers. */
static void PRINTF_LIKE(2, 0) log_message(void *server, const char *format, va_list args)
{
	char text[256];

	(void)server;
	(void)vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\r\n")] = '\0';
	log_debug("http", "%s", text);
}

/* What MHD cannot go on after, as an epoll that fails: it would abort. What was acknowledged is safe. */
NO_RETURN static void panic(void *arg, const char *file, unsigned line, const char *reason)
{
	(void)arg;
	(void)file;
	(void)line;
	log_error("http", "the server cannot go on, the process ends: %s",
		  reason ? reason : "it does not say why");
	log_flush(true);
	_exit(EXIT_FATAL);
}

/* MHD would decode %XX in place; paths are handed on as they came. */
static size_t keep_escapes(void *server, struct MHD_Connection *connection, char *text)
{
	(void)server;
	(void)connection;
	return strlen(text);
}

static struct MHD_Daemon *start_daemon(struct http_server *server, int fd)
{
	const struct http_server_config *config = &server->config;
	unsigned connections = config->connections_max ? (unsigned)config->connections_max : CONNECTIONS_MAX;
	unsigned idle_s = config->idle_timeout_s > 0 ? (unsigned)config->idle_timeout_s : IDLE_TIMEOUT_S;
	unsigned tls = config->tls ? MHD_USE_TLS : 0;
	struct MHD_OptionItem with_tls[] = {
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES },
		{ MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)http_tls_retrieve },
		{ MHD_OPTION_END, 0, NULL },
	};

	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | tls,
		0, NULL, NULL, exchange_advance, server,
		MHD_OPTION_EXTERNAL_LOGGER, log_message, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_URI_LOG_CALLBACK, exchange_open, server,
		MHD_OPTION_NOTIFY_COMPLETED, exchange_close, server,
		MHD_OPTION_NOTIFY_CONNECTION, connection_notify, server,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
		MHD_OPTION_CONNECTION_LIMIT, connections,
		MHD_OPTION_CONNECTION_TIMEOUT, idle_s,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES,
		MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_ARRAY, config->tls ? with_tls : &with_tls[2],
		MHD_OPTION_END);
}

/* ---- the server's thread ---- */

/* What this thread has replied to one server and not handed over yet; until then the server does not end. */
static _Thread_local struct {
	bool hold;
	struct http_exchange *first, *last;
} held;

static void hand_over(struct http_exchange *first, struct http_exchange *last)
{
	struct http_server *server = first->server;

	(void)pthread_mutex_lock(&server->lock);
	last->next_replied = server->replied;
	server->replied = first;
	if (server->asleep) {
		server->asleep = false;
		(void)eventfd_write(server->wake_fd, 1); /* locked, or the server might be gone */
	}
	(void)pthread_mutex_unlock(&server->lock);
}

static void hand_over_held(void)
{
	if (held.first)
		hand_over(held.first, held.last);
	held.first = held.last = NULL;
}

void server_take_reply(struct http_exchange *exchange)
{
	struct http_server *server = exchange->server;

	if (pthread_equal(pthread_self(), server->self) && server->handling == exchange) {
		server->handling = NULL; /* handle() sees it when the handler returns */
		return;
	}
	if (!held.hold) {
		hand_over(exchange, exchange);
		return;
	}
	if (held.first && held.first->server != server)
		hand_over_held();
	if (held.last)
		held.last->next_replied = exchange;
	else
		held.first = exchange;
	held.last = exchange;
}

void http_replies_hold(void)
{
	assert(!held.hold);
	held.hold = true;
}

void http_replies_release(void)
{
	hand_over_held();
	held.hold = false;
}

/* False when a stop was asked for. */
static bool take_replies(struct http_server *server)
{
	struct http_exchange *replied;
	bool stopping;

	(void)pthread_mutex_lock(&server->lock);
	replied = server->replied;
	server->replied = NULL;
	server->asleep = false;
	stopping = server->stopping;
	(void)pthread_mutex_unlock(&server->lock);
	while (replied) {
		struct http_exchange *next = replied->next_replied;

		exchange_take_back(replied);
		replied = next;
	}
	return !stopping;
}

/* Milliseconds until MHD must be called even if nothing happens, at most max_ms. */
static int sleep_ms(struct http_server *server, int max_ms)
{
	MHD_UNSIGNED_LONG_LONG idle_ms;

	/*
	 * While exchanges are polled MHD always has something to do, so it cannot tell whether there is more.
	 */
	if (server->n_polled)
		return max_ms < POLL_MS ? max_ms : POLL_MS;
	if (MHD_get_timeout(server->daemon, &idle_ms) == MHD_YES && idle_ms < (unsigned)max_ms)
		return (int)idle_ms;
	return max_ms;
}

/* Waits for a socket, a reply, a stop or an idle connection's end, at most max_ms. */
static void wait_for_work(struct http_server *server, int max_ms)
{
	struct pollfd fd[] = {
		{ .fd = server->epoll_fd, .events = POLLIN },
		{ .fd = server->wake_fd, .events = POLLIN },
	};
	eventfd_t ignored;

	max_ms = sleep_ms(server, max_ms);
	(void)pthread_mutex_lock(&server->lock);
	server->asleep = max_ms > 0 && !server->replied && (!server->stopping || server->draining);
	if (!server->asleep)
		max_ms = 0;
	(void)pthread_mutex_unlock(&server->lock);
	if (max_ms > 0 && poll(fd, 2, max_ms) > 0 && (fd[1].revents & POLLIN))
		(void)eventfd_read(server->wake_fd, &ignored);
}

/*
 * One round of MHD, and a wait when nothing happened in it: what happened may have made more possible (an
 * answer can be sent, a connection accepted again after one has ended).
 */
static void run_once(struct http_server *server, int max_wait_ms)
{
	server->active = false;
	(void)MHD_run(server->daemon);
	if (server->config.round)
		server->config.round(server->config.ctx, !server->active);
	if (!server->active)
		wait_for_work(server, max_wait_ms);
}

/* Answers what is open: 503 for what nobody has replied to. */
static void drain(struct http_server *server)
{
	int64_t end_ms = clock_mono_ms(clock_system()) + DRAIN_MS;
	int fd = MHD_quiesce_daemon(server->daemon);

	server->draining = true;
	for (struct http_exchange *exchange = server->open; exchange; exchange = exchange->older)
		exchange_stop(exchange);
	/* A reply that won against exchange_stop is on its way to us and must be waited for. */
	while (server->n_pending || (server->open && clock_mono_ms(clock_system()) < end_ms)) {
		run_once(server, 50);
		(void)take_replies(server);
	}
	MHD_stop_daemon(server->daemon);
	if (fd >= 0)
		(void)close(fd);
}

static void *serve(void *arg)
{
	struct http_server *server = arg;

	server->self = pthread_self();
	while (take_replies(server))
		run_once(server, connections_look(server));
	drain(server);
	return NULL;
}

/* ---- start and stop ---- */

static void server_free(struct http_server *server)
{
	while (server->unused) {
		struct http_exchange *exchange = server->unused;

		server->unused = exchange->older;
		exchange_free(exchange);
	}
	if (server->wake_fd >= 0)
		(void)close(server->wake_fd);
	(void)pthread_mutex_destroy(&server->lock);
	mem_free(server);
}

/* Signals are the business of other threads. */
static int start_thread(struct http_server *server)
{
	sigset_t all, before;
	int failed;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&server->thread, NULL, serve, server);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed;
}

bool http_server_start(const struct http_server_config *config, struct http_server **out, struct err *err)
{
	struct http_server *server;
	int fd, port, failed = 0;

	if (!http_listen(config->listen, &fd, &port, err))
		return false;
	server = mem_zalloc(1, sizeof(*server));
	server->config = *config;
	server->port = port;
	server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	(void)pthread_mutex_init(&server->lock, NULL); /* cannot fail without attributes */
	MHD_set_panic_func(panic, NULL);
	server->daemon = server->wake_fd >= 0 ? start_daemon(server, fd) : NULL;
	if (server->daemon) {
		server->epoll_fd = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
		failed = start_thread(server);
	}
	if (server->daemon && !failed) {
		*out = server;
		return true;
	}
	if (server->daemon)
		MHD_stop_daemon(server->daemon); /* closes fd */
	else
		(void)close(fd);
	server_free(server);
	failed = failed ? failed : errno;
	return err_set(err, ERR_INVALID, "cannot start the HTTP server: %s", strerror(failed));
}

int http_server_port(const struct http_server *server)
{
	return server->port;
}

void http_server_stop(struct http_server *server)
{
	if (!server)
		return;
	(void)pthread_mutex_lock(&server->lock);
	server->stopping = true;
	(void)eventfd_write(server->wake_fd, 1);
	(void)pthread_mutex_unlock(&server->lock);
	(void)pthread_join(server->thread, NULL);
	server_free(server);
}
