/*
 * Feeds over HTTP.
 *
 * Does:    gathers questions of the HTTP thread; writes a feed anew when anything came in or was set since
 *          the last time; answers from the file.
 * Keeps:   nobody gets half a feed: what is missing in it would be deleted in Klaviyo. A wrong token is as if
 *          there were no such feed.
 * Threads: feeds_ask on the HTTP thread, the rest on the feed role's.
 */
#include "flow/feeds.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mutant.h"
#include "flow/flow_internal.h"
#include "flow/reply.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUESTIONS_MAX 64
#define WAIT_MS	      (10 * MS_PER_S)

struct question {
	struct question *next;
	struct http_exchange *exchange;
	int64_t store_id;
	enum feed_form form;
	bool gzip;
	struct str etags;
};

/* While it is the same, so is the feed. What is mapped again is counted back: no count alone would do. */
struct state {
	int64_t version; /* of the settings */
	int64_t received;
	int64_t pending;
	int64_t mapped;
	int64_t failed;
};

/* A feed as it was last written, and at what state of the store. */
struct written {
	struct written *next;
	int64_t store_id;
	enum feed_form form;
	bool is_there;
	struct state state;
	struct digest16 digest;
};

struct feeds {
	struct flow_ctx *ctx;
	const char *data;
	struct wake *wake;
	struct written *written; /* of the role alone */
	pthread_mutex_t lock;
	struct question *first, *last;
	size_t n;
};

struct feeds *feeds_new(struct flow_ctx *ctx, const char *data, struct wake *wake)
{
	struct feeds *feeds = mem_zalloc(1, sizeof(*feeds));
	int failed = pthread_mutex_init(&feeds->lock, NULL);

	assert(!failed); /* only memory can be missing */
	(void)failed;
	feeds->ctx = ctx;
	feeds->data = data;
	feeds->wake = wake;
	return feeds;
}

static struct question *take_all(struct feeds *feeds)
{
	struct question *first;

	(void)pthread_mutex_lock(&feeds->lock);
	first = feeds->first;
	feeds->first = feeds->last = NULL;
	feeds->n = 0;
	(void)pthread_mutex_unlock(&feeds->lock);
	return first;
}

void feeds_free(struct feeds *feeds)
{
	if (!feeds)
		return;
	for (struct question *question = take_all(feeds); question;) {
		struct question *next = question->next;

		reply_error(question->exchange, 503, 1, STR("stopping"));
		question = next;
	}
	while (feeds->written) {
		struct written *next = feeds->written->next;

		mem_free(feeds->written);
		feeds->written = next;
	}
	(void)pthread_mutex_destroy(&feeds->lock);
	mem_free(feeds);
}

/* ---- on the HTTP thread ---- */

static bool find_form(struct str file, enum feed_form *form)
{
	for (*form = FEED_JSON; *form <= FEED_XML; (*form)++)
		if (str_eq(file, str_from(feed_form_name(*form))))
			return true;
	return false;
}

static void queue(struct feeds *feeds, struct question *question)
{
	bool fits;

	(void)pthread_mutex_lock(&feeds->lock);
	fits = feeds->n < QUESTIONS_MAX;
	if (fits) {
		if (feeds->last)
			feeds->last->next = question;
		else
			feeds->first = question;
		feeds->last = question;
		feeds->n++;
	}
	(void)pthread_mutex_unlock(&feeds->lock);
	if (fits)
		wake_send(feeds->wake);
	else
		reply_error(question->exchange, 503, 1, STR("too many questions at once"));
}

/* "gzip, deflate", "br;q=1.0, gzip;q=0.8"; "gzip;q=0" is a no. */
static bool takes_gzip(struct str encodings)
{
	struct str one, name;

	while (str_split(&encodings, ',', &one)) {
		if (!str_split(&one, ';', &name) || !str_eq_nocase(str_trim(name), STR("gzip")))
			continue;
		one = str_trim(one);
		return !str_eq(one, STR("q=0")) && !str_starts(one, STR("q=0.0"));
	}
	return false;
}

void feeds_ask(struct feeds *feeds, struct http_exchange *exchange, struct str name, struct str token,
	       struct str file)
{
	struct arena *arena = http_exchange_arena(exchange);
	const struct snapshot *settings = settings_take(feeds->ctx->settings);
	const struct settings_store *store = snapshot_find_store(settings, name);
	struct question *question = ARENA_NEW(arena, struct question);
	struct str encodings = http_exchange_header(exchange, "Accept-Encoding");
	enum feed_form form;
	bool known = store && find_form(file, &form) &&
		     secret_eq(token, feed_token(feeds->ctx->settings, store, arena));
	bool wanted = known && feed_is_wanted(store->account);

	if (known && wanted)
		*question = (struct question){
			.exchange = exchange,
			.store_id = store->id,
			.form = form,
			.gzip = takes_gzip(encodings),
			.etags = arena_dup(arena, http_exchange_header(exchange, "If-None-Match")),
		};
	settings_release(feeds->ctx->settings, settings);
	if (!known)
		reply_error(exchange, 404, 0, STR("there is nothing here"));
	else if (!wanted)
		reply_error(exchange, 409, 0,
			    STR("this account's catalog is sent through the API, and never both; its setting "
				"catalog_source=feed changes that"));
	else
		queue(feeds, question);
}

/* ---- writing ---- */

static const char *path_of(const struct feeds *feeds, int64_t store_id, enum feed_form form,
			   struct arena *arena)
{
	return arena_printf(arena, "%s/feeds/%" PRId64 "-%s", feeds->data, store_id, feed_form_name(form)).p;
}

static struct written *written_of(struct feeds *feeds, int64_t store_id, enum feed_form form)
{
	struct written *written = feeds->written;

	while (written && (written->store_id != store_id || written->form != form))
		written = written->next;
	if (written)
		return written;
	written = mem_zalloc(1, sizeof(*written));
	*written = (struct written){ .next = feeds->written, .store_id = store_id, .form = form };
	feeds->written = written;
	return written;
}

static bool read_state(struct feeds *feeds, int64_t store_id, struct arena *arena, struct state *out,
		       struct err *err)
{
	struct summary summary;

	if (!db_summary(feeds->ctx->db, clock_wall_ms(feeds->ctx->clock), arena, &summary, err))
		return false;
	for (size_t i = 0; i < summary.n_store; i++) {
		const struct store_summary *row = &summary.store[i];

		if (row->store_id != store_id)
			continue;
		out->received = row->received;
		out->pending = row->pending;
		out->mapped = row->mapped;
		out->failed = row->failed;
	}
	return true;
}

static bool write_feed(struct feeds *feeds, const struct settings_store *store, struct written *written,
		       struct arena *arena, struct err *err)
{
	struct pack *pack = NULL;
	size_t n;

	if (!file_make_dir(arena_printf(arena, "%s/feeds", feeds->data).p, err) ||
	    !pack_open(path_of(feeds, store->id, written->form, arena), &pack, err))
		return false;
	if (!feed_write(feeds->ctx, store, written->form, FEED_BYTES_MAX, pack, &n, err) &&
	    !mutant_is(MUTANT_feed_half)) {
		pack_drop(pack);
		return false;
	}
	if (!pack_end(pack, &written->digest, err))
		return false;
	log_info("feed", "store=%.*s %s products=%zu", STR_ARG(store->name), feed_form_name(written->form),
		 n);
	return true;
}

static bool is_current(const struct written *written, const struct state *now)
{
	const struct state *then = &written->state;

	if (!written->is_there)
		return mutant_is(MUTANT_feed_believed);
	return mutant_is(MUTANT_feed_outdated) ||
	       (then->version == now->version && then->received == now->received &&
		then->pending == now->pending && then->mapped == now->mapped && then->failed == now->failed);
}

/* Somebody may have removed one of them. */
static bool are_there(const char *path, struct arena *arena)
{
	return access(path, R_OK) == 0 && access(arena_printf(arena, "%s.gz", path).p, R_OK) == 0;
}

static bool renew(struct feeds *feeds, const struct settings_store *store, int64_t version,
		  struct written *written, struct arena *arena, struct err *err)
{
	struct state now = { .version = version };

	/* Asked before: what comes in meanwhile is for the next time. */
	if (!read_state(feeds, store->id, arena, &now, err))
		return false;
	if (is_current(written, &now) && are_there(path_of(feeds, store->id, written->form, arena), arena))
		return true;
	written->is_there = false;
	if (!write_feed(feeds, store, written, arena, err))
		return false;
	written->is_there = true;
	written->state = now;
	return true;
}

/* ---- answering ---- */

static void answer_file(struct feeds *feeds, const struct question *question, const struct written *written,
			struct arena *arena)
{
	const char *path = path_of(feeds, question->store_id, question->form, arena);
	char hex[2 * sizeof(written->digest.byte) + 1];
	struct str etag;
	struct stat stat_of;
	int fd;

	hex_encode(written->digest.byte, sizeof(written->digest.byte), hex);
	etag = arena_printf(arena, "\"%s%s\"", hex, question->gzip ? "-gzip" : "");
	const struct http_header header[] = {
		{ STR("ETag"), etag },
		{ STR("Cache-Control"), STR("no-cache") },
		{ STR("Vary"), STR("Accept-Encoding") },
		{ STR("X-Content-Type-Options"), STR("nosniff") },
		{ STR("Content-Type"),
		  arena_printf(arena, "%s; charset=utf-8", feed_form_type(question->form)) },
		{ STR("Content-Encoding"), STR("gzip") },
	};
	size_t n_header = ARRAY_LEN(header) - !question->gzip;

	if (reply_names_etag(question->etags, etag)) {
		http_reply(question->exchange, 304, header, 3, STR(""));
		return;
	}
	fd = open(question->gzip ? arena_printf(arena, "%s.gz", path).p : path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &stat_of) == 0) {
		http_reply_file(question->exchange, 200, header, n_header, fd, stat_of.st_size);
		return;
	}
	if (fd >= 0)
		(void)close(fd);
	reply_error(question->exchange, 503, 1, STR("the feed is being written"));
}

static bool answer(struct feeds *feeds, struct question *question, struct err *err)
{
	struct err problem = { ERR_NONE, "" };
	const struct snapshot *settings = flow_settings(feeds->ctx, &problem);
	const struct settings_store *store = settings ? snapshot_store(settings, question->store_id) : NULL;
	struct written *written = written_of(feeds, question->store_id, question->form);
	struct arena arena;
	bool ok;

	arena_init(&arena);
	ok = store && renew(feeds, store, settings->version, written, &arena, &problem);
	if (ok)
		answer_file(feeds, question, written, &arena);
	else if (problem.code == ERR_NONE)
		reply_error(question->exchange, 404, 0, STR("there is nothing here"));
	else
		reply_error(question->exchange, problem.code == ERR_TOO_LARGE ? 413 : 503,
			    problem.code == ERR_TOO_LARGE ? 0 : 1, str_from(problem.msg));
	if (problem.code != ERR_NONE)
		log_warn("feed", "%s", problem.msg);
	arena_release(&arena);
	if (settings)
		settings_release(feeds->ctx->settings, settings);
	return problem.code != ERR_FATAL || err_set(err, ERR_FATAL, "%s", problem.msg);
}

bool feeds_run_once(struct feeds *feeds, int64_t *wait_ms, struct err *err)
{
	struct question *question = take_all(feeds);
	bool ok = true;

	*wait_ms = WAIT_MS;
	while (question) {
		struct question *next = question->next;

		ok = answer(feeds, question, err) && ok;
		question = next;
	}
	return ok;
}
