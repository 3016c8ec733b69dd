/*
 * Report: answers about the daemon itself that need the database.
 *
 * Does:    gathers questions of the HTTP thread, answers them on its own; what it found holds for a second.
 * Keeps:   every exchange is answered once. Few questions may wait: who asks faster is told to come back.
 * Threads: report_ask on the HTTP thread, the rest on the report role's.
 */
#include "app/app_internal.h"

#include "base/alloc.h"
#include "base/file.h"
#include "flow/reply.h"

#include <assert.h>

#define FRESH_MS	  1000
#define QUESTIONS_MAX	  64
#define METRICS_BYTES_MAX ((size_t)16 << 20)
/* Less than this free, and soon nothing can be taken in. */
#define DISK_FREE_MIN ((int64_t)64 << 20)

struct question {
	struct question *next;
	struct http_exchange *exchange;
	enum report_kind kind;
};

struct report {
	struct app *app;
	pthread_mutex_t lock;
	struct question *first; /* newest */
	size_t n;
	/* of the report role alone */
	struct strbuf metrics;
	int64_t metrics_at_ms;
	int64_t ready_at_ms;
	struct err not_ready; /* code ERR_NONE: ready */
};

struct report *report_new(struct app *app)
{
	struct report *report = mem_zalloc(1, sizeof(*report));
	int failed = pthread_mutex_init(&report->lock, NULL);

	assert(!failed); /* only memory can be missing */
	(void)failed;
	report->app = app;
	strbuf_init(&report->metrics, METRICS_BYTES_MAX);
	report->metrics_at_ms = report->ready_at_ms = INT64_MIN / 2;
	return report;
}

static struct question *take_questions(struct report *report)
{
	struct question *first;

	(void)pthread_mutex_lock(&report->lock);
	first = report->first;
	report->first = NULL;
	report->n = 0;
	(void)pthread_mutex_unlock(&report->lock);
	return first;
}

void report_free(struct report *report)
{
	struct question *question;

	if (!report)
		return;
	for (question = take_questions(report); question;) {
		struct question *next = question->next;

		reply_error(question->exchange, 503, 1, STR("stopping"));
		question = next;
	}
	strbuf_release(&report->metrics);
	(void)pthread_mutex_destroy(&report->lock);
	mem_free(report);
}

void report_ask(struct report *report, enum report_kind kind, struct http_exchange *exchange)
{
	struct question *question = ARENA_NEW(http_exchange_arena(exchange), struct question);
	bool fits;

	*question = (struct question){ .exchange = exchange, .kind = kind };
	(void)pthread_mutex_lock(&report->lock);
	fits = report->n < QUESTIONS_MAX;
	if (fits) {
		question->next = report->first;
		report->first = question;
		report->n++;
	}
	(void)pthread_mutex_unlock(&report->lock);
	if (fits)
		wake_send(report->app->role[ROLE_REPORT].wake);
	else
		reply_error(exchange, 503, 1, STR("too many questions at once"));
}

/* ---- ready ---- */

static bool check_ready(struct app *app, struct err *err)
{
	int64_t version, free_bytes, total_bytes;

	if (!db_config_version(app->db, &version, err))
		return err_wrap(err, "database");
	if (!file_disk_space(app->config->data, &free_bytes, &total_bytes, err))
		return err_wrap(err, "disk");
	if (free_bytes < DISK_FREE_MIN)
		return err_set(err, ERR_TOO_LARGE, "disk: %lld MiB free", (long long)(free_bytes >> 20));
	return true;
}

static void answer_ready(struct report *report, struct http_exchange *exchange, int64_t now_ms)
{
	struct app *app = report->app;

	if (atomic_load(&app->stopping)) {
		reply_error(exchange, 503, 1, STR("stopping"));
		return;
	}
	if (now_ms - report->ready_at_ms >= FRESH_MS) {
		struct err err = { 0 };

		report->not_ready = check_ready(app, &err) ? (struct err){ 0 } : err;
		report->ready_at_ms = now_ms;
	}
	if (report->not_ready.code == ERR_NONE)
		http_reply(exchange, 200, NULL, 0, STR("ready\n"));
	else
		reply_error(exchange, 503, 1, str_from(report->not_ready.msg));
}

/* ---- metrics ---- */

static bool answer_metrics(struct report *report, struct http_exchange *exchange, int64_t now_ms,
			   struct err *err)
{
	static const struct http_header header = { { "Content-Type", 12 },
						   { "text/plain; version=0.0.4", 25 } };

	if (now_ms - report->metrics_at_ms >= FRESH_MS) {
		strbuf_reset(&report->metrics);
		if (!metrics_write(report->app, &report->metrics, err)) {
			reply_error(exchange, 503, 1, STR("the database did not answer"));
			return err_wrap(err, "metrics");
		}
		report->metrics_at_ms = now_ms;
	}
	http_reply(exchange, 200, &header, 1, strbuf_str(&report->metrics));
	return true;
}

bool report_run_once(struct report *report, struct err *err)
{
	int64_t now_ms = clock_mono_ms(report->app->ctx.clock);
	struct question *question = take_questions(report);
	bool ok = true;

	while (question) {
		/* Its memory goes with the answer. */
		struct question *next = question->next;

		if (question->kind == REPORT_READY)
			answer_ready(report, question->exchange, now_ms);
		else
			ok = answer_metrics(report, question->exchange, now_ms, err) && ok;
		question = next;
	}
	return ok;
}
