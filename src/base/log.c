/*
 * The log: one line per record on standard error, written with one write.
 *
 * Keeps:   a message is cut at LINE_BYTES_MAX and written without control bytes. Repeats are recognised by
 *          level, area and the address of the format (literals); REPEATS_MAX of them at a time, the oldest
 *          gives way.
 * Threads: any. One lock, held while a line is written; the level is checked without it.
 */
#include "base/log.h"

#include "base/log_internal.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES_MAX 2048
#define REPEATS_MAX 64
#define REPEAT_LINES_MAX 5
#define REPEAT_WINDOW_MS (10 * MS_PER_S)

struct repeat {
	const char *area;   /* NULL = free row */
	const char *format;
	enum log_level level;
	int64_t since_ms;   /* monotonic */
	unsigned long n;    /* lines since then, printed or not */
};

static atomic_int level_max = LOG_INFO;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct repeat repeats[REPEATS_MAX]; /* under lock, as the clock */
static struct clock *log_clock;

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&level_max, (int)level, memory_order_relaxed);
}

void log_set_clock(struct clock *clock)
{
	(void)pthread_mutex_lock(&lock);
	log_clock = clock;
	memset(repeats, 0, sizeof(repeats));
	(void)pthread_mutex_unlock(&lock);
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_ERROR: return "error";
	case LOG_WARN: return "warn";
	case LOG_INFO: return "info";
	case LOG_DEBUG: return "debug";
	}
	return "?";
}

/* Appends text with control bytes (C0, DEL, and C1 in UTF-8) as \n, \t or \xNN. */
static void add_escaped(struct strbuf *line, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '\n')
			strbuf_add_text(line, "\\n");
		else if (*c == '\t')
			strbuf_add_text(line, "\\t");
		else if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0))
			strbuf_addf(line, "\\x%02x", *c);
		else
			strbuf_add_char(line, (char)*c);
	}
}

/* Under lock. */
static void write_line(struct clock *clock, enum log_level level, const char *area, const char *msg)
{
	struct strbuf line;

	strbuf_init(&line, 4 * LINE_BYTES_MAX + 64); /* every byte of the message may become four */
	time_format_rfc3339(clock_wall_ms(clock), &line);
	strbuf_addf(&line, " %s %s ", level_name(level), area);
	add_escaped(&line, msg);
	strbuf_add_char(&line, '\n');
	(void)!write(STDERR_FILENO, line.p, line.len); /* a log that cannot be written has nobody to tell */
	strbuf_release(&line);
}

/* Under lock. Frees the row and says how many lines it held back. */
static void end_repeat(struct clock *clock, struct repeat *repeat)
{
	unsigned long held = repeat->n > REPEAT_LINES_MAX ? repeat->n - REPEAT_LINES_MAX : 0;
	char msg[256];

	if (held) {
		(void)snprintf(msg, sizeof(msg), "%lu more lines like: %s", held, repeat->format);
		write_line(clock, repeat->level, repeat->area, msg);
	}
	*repeat = (struct repeat){ 0 };
}

/* Under lock. Ends the rows whose time is up. */
static void end_repeats(struct clock *clock, int64_t now_ms)
{
	for (size_t i = 0; i < REPEATS_MAX; i++)
		if (repeats[i].area && now_ms - repeats[i].since_ms >= REPEAT_WINDOW_MS)
			end_repeat(clock, &repeats[i]);
}

/* Under lock. The row of this kind of line: the one it has, a free one, or the oldest. */
static struct repeat *find_repeat(struct clock *clock, enum log_level level, const char *area,
				  const char *format)
{
	struct repeat *best = &repeats[0];

	for (size_t i = 0; i < REPEATS_MAX; i++) {
		struct repeat *row = &repeats[i];

		if (row->area && row->format == format && row->level == level && strcmp(row->area, area) == 0)
			return row;
		if (best->area && (!row->area || row->since_ms < best->since_ms))
			best = row;
	}
	end_repeat(clock, best);
	return best;
}

void log_line(enum log_level level, const char *area, const char *format, ...)
{
	char msg[LINE_BYTES_MAX];
	struct repeat *repeat;
	struct clock *clock;
	va_list args;

	if ((int)level > atomic_load_explicit(&level_max, memory_order_relaxed))
		return;
	va_start(args, format);
	(void)vsnprintf(msg, sizeof(msg), format, args);
	va_end(args);
	(void)pthread_mutex_lock(&lock);
	clock = log_clock ? log_clock : clock_system();
	end_repeats(clock, clock_mono_ms(clock));
	repeat = find_repeat(clock, level, area, format);
	if (!repeat->area)
		*repeat = (struct repeat){ area, format, level, clock_mono_ms(clock), 0 };
	if (++repeat->n <= REPEAT_LINES_MAX)
		write_line(clock, level, area, msg);
	(void)pthread_mutex_unlock(&lock);
}

void log_flush(bool all)
{
	struct clock *clock;

	(void)pthread_mutex_lock(&lock);
	clock = log_clock ? log_clock : clock_system();
	if (all)
		for (size_t i = 0; i < REPEATS_MAX; i++)
			end_repeat(clock, &repeats[i]);
	else
		end_repeats(clock, clock_mono_ms(clock));
	(void)pthread_mutex_unlock(&lock);
}
