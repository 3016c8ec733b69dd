/*
 * Backfill: files of history into the inbox.
 *
 * Does:    per call one piece of one file: rows become messages, which go in together with the place behind
 *          them.
 * Doesn't: understand messages (the mapper's), or send.
 * Keeps:   what is on its way of history is bounded, per store and per account; a file that is another one by
 *          now, or cannot be read, ends its job and no other. Readers stay open between calls: what is packed
 *          can only be read from its beginning.
 * Threads: one backfill role per database.
 */
#include "flow/backfill.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mutant.h"
#include "flow/flow_internal.h"
#include "flow/history.h"

/* Of one piece: the database's writer is held for some 10 ms. */
#define PIECE_MESSAGES 256
#define PIECE_BYTES    ((size_t)2 << 20)
#define PIECE_ROWS     2048
#define OPEN_MAX       8
#define POLL_MS	       1000
#define FULL_MS	       100

/* A file that is being read. */
struct source {
	int64_t job_id; /* 0 = free */
	struct import_reader *reader;
	struct import_place place;
	struct arena arena; /* of the options */
	int64_t next_at_ms; /* monotonic: throttled until then */
	int64_t used_at_ms; /* monotonic */
	struct str generic; /* "generic:" in front of topics, where the shop speaks otherwise */
};

struct backfill {
	struct flow_ctx *ctx;
	int64_t last_store_id;
	struct source source[OPEN_MAX];
	struct inbox_record record[PIECE_MESSAGES + IMPORT_MESSAGES_MAX];
	struct inbox_receipt receipt[PIECE_MESSAGES + IMPORT_MESSAGES_MAX];
	struct import_reject reject[PIECE_ROWS];
};

struct backfill *backfill_new(struct flow_ctx *ctx)
{
	struct backfill *backfill = mem_zalloc(1, sizeof(*backfill));

	backfill->ctx = ctx;
	return backfill;
}

static void source_close(struct source *source)
{
	import_close(source->reader);
	arena_release(&source->arena);
	*source = (struct source){ 0 };
}

void backfill_free(struct backfill *backfill)
{
	if (!backfill)
		return;
	for (size_t i = 0; i < OPEN_MAX; i++)
		source_close(&backfill->source[i]);
	mem_free(backfill);
}

/* ---- which file ---- */

/* The first open job of the store that comes after the last one served; jobs are by store, rank and id. */
static const struct import_job *next_job(const struct backfill *backfill, const struct import_job *job,
					 size_t n)
{
	const struct import_job *first = NULL;

	for (size_t i = 0; i < n; i++) {
		if (job[i].pull || job[i].state != IMPORT_OPEN)
			continue;
		if (job[i].store_id > backfill->last_store_id)
			return &job[i];
		first = first ? first : &job[i];
	}
	return first;
}

/* ---- its reader ---- */

static bool same_place(const struct import_place *place, const struct import_at *at)
{
	return place->position == at->position && place->line == at->line &&
	       place->lines_position == at->lines_position && place->lines_line == at->lines_line;
}

static struct import_place place_of(const struct import_at *at)
{
	return (struct import_place){ at->position, at->line, at->lines_position, at->lines_line };
}

/* The source of the job, or the one that may be given up for it. */
static struct source *find_source(struct backfill *backfill, int64_t job_id)
{
	struct source *oldest = &backfill->source[0];

	for (size_t i = 0; i < OPEN_MAX; i++) {
		struct source *source = &backfill->source[i];

		if (source->job_id == job_id)
			return source;
		if (source->used_at_ms < oldest->used_at_ms)
			oldest = source;
	}
	source_close(oldest);
	return oldest;
}

/* Another file at the path, however it came there, is not gone on with. */
static bool is_same_file(const struct import_job *job, struct str lines, struct err *err)
{
	struct digest16 now;
	int64_t size;

	if (!backfill_fingerprint(job->path, lines, job->options, &now, &size, err))
		return false;
	return digest16_eq(now, job->fingerprint) ||
	       err_set(err, ERR_INVALID, "the file is not the one it was when the import began");
}

static bool open_source(struct backfill *backfill, const struct import_job *job,
			const struct settings_store *store, struct source *source, struct err *err)
{
	struct import_options options;
	struct import_place place = place_of(&job->at);
	const struct import_place beginning = { 0 };

	source_close(source);
	arena_init(&source->arena);
	source->job_id = job->id;
	if (!backfill_options(job->options, &source->arena, &options, err) ||
	    !is_same_file(job, options.lines, err))
		return false;
	options.now_ms = clock_wall_ms(backfill->ctx->clock);
	options.order_states =
		arena_dup(&source->arena, setting_text(store->value, SETTING_KEY_order_states));
	if (!str_eq(store->platform, STR("generic")))
		source->generic = STR(FLOW_TOPIC_GENERIC);
	source->place = place;
	return import_open(arena_cstr(&source->arena, job->path), &options,
			   mutant_is(MUTANT_file_from_start) ? &beginning : &place, &source->reader, err);
}

/* ---- a piece ---- */

struct piece {
	struct backfill *backfill;
	struct source *source;
	const struct import_job *job;
	struct arena *arena;
	size_t n;
	size_t bytes;
	size_t n_reject;
	int64_t n_read;
	int64_t n_mended;
	size_t max_n;
	int64_t now_ms;
};

static void add_reject(struct piece *piece, int64_t line, bool in_lines, struct str column, struct str why)
{
	piece->backfill->reject[piece->n_reject++] = (struct import_reject){ line, in_lines, column, why };
}

static struct str file_name(struct str path)
{
	size_t at = path.len;

	while (at > 0 && path.p[at - 1] != '/')
		at--;
	return str_skip(path, at);
}

static bool make_record(struct piece *piece, const struct import_message *message, int64_t line,
			struct inbox_record *out, struct err *err)
{
	struct flow_history history = {
		.store_id = piece->job->store_id,
		.form = &platform_generic_ops,
		.prefix = piece->source->generic,
		.source = file_name(piece->job->path),
		.received_ms = piece->now_ms,
		.priority = PRIORITY_BACKFILL,
	};

	return flow_history_record(&history, message, line, piece->arena, out, err);
}

static void add_item(struct piece *piece, const struct import_item *item)
{
	size_t before = piece->n;

	piece->n_read += (int64_t)item->n_read;
	if (item->rejected) {
		add_reject(piece, item->line, item->in_lines, item->column, item->why);
		return;
	}
	for (size_t i = 0; i < item->n_message; i++) {
		struct err why = { 0 };

		if (!make_record(piece, &item->message[i], item->line, &piece->backfill->record[piece->n],
				 &why)) {
			/* All of a row or none of it. */
			piece->n = before;
			add_reject(piece, item->line, false, STR(""),
				   arena_dup(piece->arena, str_from(why.msg)));
			return;
		}
		piece->n++;
		piece->bytes += item->message[i].body.len;
	}
	piece->n_mended += item->why.len > 0;
}

/* Reads until the piece is full or the file at its end. */
static bool fill_piece(struct piece *piece, struct import_place *to, bool *end, struct err *err)
{
	for (size_t rows = 0; rows < PIECE_ROWS && piece->n < piece->max_n && piece->bytes < PIECE_BYTES;
	     rows++) {
		struct import_item item;

		if (!import_next(piece->source->reader, piece->arena, &item, end, err))
			return false;
		if (*end)
			return true;
		add_item(piece, &item);
		*to = item.next;
	}
	return true;
}

static void count_piece(const struct piece *piece)
{
	counter_add(COUNTER_import_messages, piece->n);
	counter_add(COUNTER_import_rejected, piece->n_reject);
}

static bool end_piece(struct piece *piece, const struct import_place *to, enum import_state state,
		      struct str reason, struct err *err)
{
	struct backfill *backfill = piece->backfill;
	struct flow_ctx *ctx = backfill->ctx;
	struct import_step step = {
		.job_id = piece->job->id,
		.from = piece->job->at,
		.to = { to->position, to->line, to->lines_position, to->lines_line, piece->job->at.used },
		.record = backfill->record,
		.n = piece->n,
		.n_read = piece->n_read,
		.n_mended = piece->n_mended,
		.reject = backfill->reject,
		.n_reject = piece->n_reject,
		.state = state,
		.reason = reason,
	};
	int64_t size;

	if (piece->source->reader)
		import_progress(piece->source->reader, &step.to.used, &size);
	if (!db_import_step(ctx->db, piece->now_ms, &step, backfill->receipt, err))
		return false;
	count_piece(piece);
	piece->source->place = *to;
	if (piece->n > 0 && ctx->wake && ctx->wake->map)
		wake_send(ctx->wake->map);
	if (state != IMPORT_OPEN)
		source_close(piece->source);
	return true;
}

/* ---- one job, one piece ---- */

static bool is_passing(const struct err *err)
{
	return err->code == ERR_BUSY || err->code == ERR_FATAL;
}

/* What can be read of the file is in; what is behind cannot be: the job fails where it stands. */
static bool fail_job(struct piece *piece, const struct import_place *to, const struct err *why,
		     struct err *err)
{
	log_warn("backfill", "import=%lld failed: %s", (long long)piece->job->id, why->msg);
	return end_piece(piece, to, IMPORT_FAILED, arena_dup(piece->arena, str_from(why->msg)), err);
}

static bool read_piece(struct piece *piece, const struct settings_store *store, struct err *err)
{
	struct import_place to = place_of(&piece->job->at);
	struct source *source = piece->source;
	struct err why = { 0 };
	bool end = false, ok = true;

	if (source->job_id != piece->job->id || !source->reader ||
	    !same_place(&source->place, &piece->job->at))
		ok = open_source(piece->backfill, piece->job, store, source, &why);
	if (ok)
		ok = fill_piece(piece, &to, &end, &why);
	if (ok)
		return end_piece(piece, &to, end ? IMPORT_DONE : IMPORT_OPEN, STR(""), err);
	if (is_passing(&why)) {
		*err = why;
		return err_wrap(err, "import %lld", (long long)piece->job->id);
	}
	return fail_job(piece, &to, &why, err);
}

/* Messages this job may bring now; 0: it is throttled, *wait_ms says how long. */
static size_t allowance(const struct source *source, const struct import_job *job, int64_t mono_ms,
			int64_t *wait_ms)
{
	int64_t per_second = (job->per_minute + 59) / 60;

	if (job->per_minute == 0)
		return PIECE_MESSAGES;
	*wait_ms = source->next_at_ms - mono_ms;
	if (*wait_ms > 0) {
		*wait_ms = *wait_ms < POLL_MS ? *wait_ms : POLL_MS; /* others may have something */
		return 0;
	}
	return per_second < PIECE_MESSAGES ? (size_t)per_second : PIECE_MESSAGES;
}

static bool serve(struct backfill *backfill, const struct import_job *job, const struct settings_store *store,
		  struct arena *arena, struct flow_next *next, struct err *err)
{
	int64_t mono_ms = clock_mono_ms(backfill->ctx->clock);
	struct piece piece = {
		.backfill = backfill,
		.source = find_source(backfill, job->id),
		.job = job,
		.arena = arena,
		.now_ms = clock_wall_ms(backfill->ctx->clock),
	};
	bool room = false;

	next->wait_ms = POLL_MS;
	piece.max_n = allowance(piece.source, job, mono_ms, &next->wait_ms);
	if (piece.max_n == 0)
		return true;
	next->wait_ms = FULL_MS;
	if (!flow_history_room(backfill->ctx, store, arena, &room, err))
		return false;
	if (!room)
		return true;
	piece.source->used_at_ms = mono_ms;
	if (!read_piece(&piece, store, err)) {
		source_close(piece.source);
		/* Paused or cancelled in between, or the answer of the last piece was lost. */
		next->wait_ms = 0;
		return err->code == ERR_CONFLICT;
	}
	if (job->per_minute > 0)
		piece.source->next_at_ms = mono_ms + (int64_t)piece.n * MS_PER_MIN / job->per_minute;
	next->n_done = piece.n;
	next->wait_ms = 0;
	return true;
}

bool backfill_run_once(struct backfill *backfill, struct flow_next *next, struct err *err)
{
	struct flow_ctx *ctx = backfill->ctx;
	const struct snapshot *settings;
	const struct settings_store *store;
	const struct import_job *job = NULL;
	struct import_job *all;
	struct arena arena;
	bool ok;
	size_t n;

	*next = (struct flow_next){ .wait_ms = POLL_MS };
	arena_init(&arena);
	ok = db_import_list(ctx->db, 0, &arena, &all, &n, err) || err_wrap(err, "read imports");
	if (ok)
		job = next_job(backfill, all, n);
	if (job) {
		settings = flow_settings(ctx, err);
		ok = settings != NULL;
		store = ok ? snapshot_store(settings, job->store_id) : NULL;
		backfill->last_store_id = job->store_id;
		if (store)
			ok = serve(backfill, job, store, &arena, next, err);
		if (settings)
			settings_release(ctx->settings, settings);
	}
	arena_release(&arena);
	return ok;
}
