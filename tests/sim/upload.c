/*
 * Whoever sends files of history, their connections, and what the upload role does with the pieces.
 *
 * Keeps:   of files that a shop sends under one name only one is on its way: who mixes two under one name and
 *          length says nobody. A file begins anew from its first byte, and is gone on with by who began it.
 */
#include "sim/upload.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/strbuf.h"
#include "flow/upload.h"
#include "sim/disk.h"
#include "sim/files.h"
#include "sim/history.h"
#include "sim/node.h"
#include "sim/shop.h"
#include "sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SENDERS_MAX  8
#define FILE_BYTES   ((size_t)8 << 20)
#define PIECE_BYTES  (200 * 1000)
#define PIECE_MS     500
#define BYTES_MAX    ((int64_t)1 << 30)
#define SWEEP_MS     (5 * MS_PER_S)
#define AGAIN_MS     3000
#define UNNOTICED_MS 4000 /* so long a connection that is gone looks as if it were there */
#define NOT_SAID     (-1)

struct answer {
	enum err_code code;
	bool heard;
	bool whole;
	int64_t id;
	int64_t received;
};

struct sender {
	int shop;
	int file; /* of history.c; -1 = not written yet */
	char *text;
	int64_t bytes;
	char name[32];
	bool says_bytes;
	bool says_digest;
	unsigned char digest[SHA256_BYTES];
	int64_t damaged_at; /* that byte arrives as another one; -1 = none */
	int64_t sent;	    /* from the beginning, at most */
	int64_t received;   /* as was said last */
	struct answer answer;
	int64_t import_id;
	bool done;
	bool given_up;
};

/* It is planned, or in the queue of the process; never both. */
struct request {
	struct request *next;
	struct request *next_queued;
	struct sender *sender;
	struct upload *upload;
	int life;
	int64_t at;
	int64_t end;
	int64_t breaks_at;
	bool begun;
	bool lost;
};

static char folder[200];
static struct sender sender[SENDERS_MAX];
static int n_sender;
static struct request *first;
static struct request *queue;
static int64_t swept_at_ms; /* monotonic; 0 = not in this life */

static int64_t draw(int64_t low, int64_t high)
{
	return sim_draw(OPTION_uploads, low, high);
}

static bool chance(int64_t permille)
{
	return sim_chance(OPTION_uploads, permille);
}

bool uploads_are_wanted(void)
{
	return sim_option(OPTION_uploads) > 0;
}

void uploads_open(const char *data)
{
	(void)snprintf(folder, sizeof(folder), "%s", data);
	memset(sender, 0, sizeof(sender));
	n_sender = 0;
	first = queue = NULL;
	swept_at_ms = 0;
}

void uploads_close(void)
{
	for (int i = 0; i < n_sender; i++)
		mem_free(sender[i].text);
}

/* ---- files ---- */

/* Lines without anything, so that it has several steps; some files have the same length. */
static void pad(struct strbuf *text, struct strbuf *out, int64_t target)
{
	struct str rest = strbuf_str(text), line;
	int64_t spare = target - (int64_t)text->len, n = 0;

	for (size_t i = 0; i < text->len; i++)
		n += text->p[i] == '\n';
	while (rest.len > 0 && str_split(&rest, '\n', &line)) {
		int64_t blanks = n > 0 ? spare / n : 0;

		strbuf_add_str(out, line);
		strbuf_add_char(out, '\n');
		for (int64_t i = 1; i < blanks; i++)
			strbuf_add_char(out, ' ');
		if (blanks > 0)
			strbuf_add_char(out, '\n');
		spare -= blanks > 0 ? blanks : 0;
		n--;
	}
}

static void write_file(struct sender *one)
{
	static const int64_t target[] = { 0, UPLOAD_STEP, 5 * UPLOAD_STEP / 2, 5 * UPLOAD_STEP / 2 };
	struct strbuf text, padded;
	char hex[17];

	strbuf_init(&text, FILE_BYTES);
	strbuf_init(&padded, FILE_BYTES);
	one->file = history_compose(one->shop, OPTION_uploads, &text);
	if (history_is_table(one->file))
		strbuf_add_str(&padded, strbuf_str(&text));
	else
		pad(&text, &padded, target[draw(0, ARRAY_LEN(target) - 1)]);
	one->bytes = (int64_t)padded.len;
	one->text = mem_alloc(padded.len);
	memcpy(one->text, padded.p, padded.len);
	digest_sha256(strbuf_str(&padded), one->digest);
	hex_encode(one->digest, 8, hex);
	history_is_named(one->file, hex);
	strbuf_release(&text);
	strbuf_release(&padded);
	one->says_bytes = chance(600);
	one->says_digest = chance(500);
	one->damaged_at = one->says_digest && !sim.healed && chance(200) ? draw(0, one->bytes - 1) : NOT_SAID;
	sim_trace("upload: shop%d has %s of %d bytes", one->shop, one->name, (int)one->bytes);
}

/* ---- requests ---- */

static void go_on(void *arg);

static void drop(struct request *request)
{
	struct request **at = &first;

	while (*at != request)
		at = &(*at)->next;
	*at = request->next;
	upload_close(request->upload);
	mem_free(request);
}

static void hear(void *arg);

static void answer(struct sender *one, struct answer what, int64_t longest_ms)
{
	one->answer = what;
	sim_at(sim.now_ms + (sim.healed ? 10 : draw(1, longest_ms)), hear, one);
}

static void answer_by(struct request *request, struct answer what)
{
	bool lost = disk_is_dead() || (!sim.healed && chance(50));

	what.heard = !lost;
	answer(request->sender, what, lost ? AGAIN_MS : 50);
	drop(request);
}

/* A piece comes, or the news that none will. */
static void arrive(void *arg)
{
	struct request *request = arg;

	if (sim.closing) {
		drop(request);
		return;
	}
	if (!request->begun && node_is_up())
		request->life = node_life();
	if (!node_is_up() || request->life != node_life()) {
		if (!request->lost)
			answer(request->sender, (struct answer){ .heard = false }, AGAIN_MS);
		drop(request);
		return;
	}
	request->next_queued = queue;
	queue = request;
	node_ring_upload();
}

static void send_from(struct sender *one, int64_t offset)
{
	struct request *request = mem_zalloc(1, sizeof(*request));

	*request = (struct request){ .next = first, .sender = one, .at = offset, .end = one->bytes };
	first = request;
	request->breaks_at = BYTES_MAX;
	if (one->says_bytes && chance(200))
		request->end = draw(offset + 1, one->bytes);
	if (!sim.healed && chance(300))
		request->breaks_at = draw(offset, one->bytes);
	sim_at(sim.now_ms + draw(1, 200), arrive, request);
}

/* ---- senders ---- */

static struct upload_wish wish_of(const struct sender *one, int64_t offset)
{
	return (struct upload_wish){
		.store_id = node_store_id(one->shop),
		.name = str_from(one->name),
		.bytes = one->says_bytes ? one->bytes : NOT_SAID,
		.offset = offset,
		.bytes_max = BYTES_MAX,
	};
}

/* What is here of a file is what was sent of it, never of another one. */
static void told(struct sender *one, int64_t received)
{
	one->received = received;
	if (received > one->sent)
		sim_fail("upload", "%" PRId64 " bytes of %s are said to be here, %" PRId64 " were sent",
			 received, one->name, one->sent);
}

static bool is_listed(const struct sender *one, const struct upload_row *row)
{
	return str_eq(row->name, str_from(one->name)) && row->bytes == wish_of(one, 0).bytes;
}

static void ask_for_list(struct sender *one)
{
	struct upload_row *row = NULL;
	struct arena arena;
	struct err err;
	size_t n = 0;

	arena_init(&arena);
	one->received = 0;
	if (!node_is_up() || !upload_list(folder, node_store_id(one->shop), &arena, &row, &n, &err))
		n = 0;
	for (size_t i = 0; i < n; i++)
		if (is_listed(one, &row[i]))
			told(one, row[i].received);
	arena_release(&arena);
}

static bool must_wait(const struct sender *one)
{
	for (const struct sender *other = sender; other < sender + n_sender; other++)
		if (other != one && other->file >= 0 && !other->done && !other->given_up &&
		    other->shop == one->shop && strcmp(other->name, one->name) == 0)
			return true;
	return false;
}

static void go_on(void *arg)
{
	struct sender *one = arg;

	if (sim.closing)
		return;
	if (one->file < 0 && must_wait(one)) {
		sim_at(sim.now_ms + draw(1, AGAIN_MS), go_on, one);
		return;
	}
	sim.busy_at_ms = sim.now_ms;
	if (one->file < 0)
		write_file(one);
	if (one->sent == one->bytes || (one->sent > 0 && chance(500)))
		ask_for_list(one);
	send_from(one, one->received);
}

static void begin_anew(struct sender *one)
{
	if (one->damaged_at < 0 && sim_option(OPTION_disk_errors) == 0)
		sim_fail("upload", "%s is refused", one->name);
	one->damaged_at = NOT_SAID;
	one->sent = one->received = 0;
}

static void taken_in(struct sender *one, int64_t id)
{
	if (one->damaged_at >= 0)
		sim_fail("upload", "%s was damaged and is taken in", one->name);
	one->import_id = id;
	one->done = true;
	history_was_taken(one->file, id);
	node_wake();
}

static void hear(void *arg)
{
	struct sender *one = arg;
	const struct answer *what = &one->answer;

	if (sim.closing)
		return;
	sim_trace("upload: %s hears %s, %d of %d", one->name,
		  !what->heard	? "nothing"
		  : what->whole ? "that it is taken in"
				: err_code_name(what->code),
		  (int)what->received, (int)one->bytes);
	if (what->heard && what->whole)
		taken_in(one, what->id);
	else if (what->heard && what->code == ERR_INVALID)
		begin_anew(one);
	else if (what->heard && what->code == ERR_TOO_LARGE)
		sim_fail("upload", "%s is too large", one->name);
	else if (what->heard && (what->code == ERR_CONFLICT || what->code == ERR_NONE))
		told(one, what->received);
	else
		one->received = one->sent = chance(200) ? 0 : one->sent;
	if (!one->done && !sim.healed && chance(what->heard ? 20 : 300))
		one->given_up = true;
	if (!one->done && !one->given_up)
		sim_at(sim.now_ms + draw(1, AGAIN_MS), go_on, one);
}

void uploads_begin(int64_t until_ms)
{
	for (int64_t i = 0; i < sim_option(OPTION_uploads) && i < SENDERS_MAX; i++) {
		struct sender *one = &sender[n_sender++];

		*one = (struct sender){ .shop = (int)draw(0, sim_option(OPTION_shops) - 1), .file = -1 };
		(void)snprintf(one->name, sizeof(one->name), "orders%d.ndjson", (int)draw(0, 2) / 2);
		sim.n_hit[OPTION_uploads]++;
		sim_at(draw(1000, until_ms / 2), go_on, one);
	}
}

/* ---- the process ---- */

static bool step_open(struct request *request, struct err *err)
{
	struct sender *one = request->sender;
	struct upload_wish wish = wish_of(one, request->at);
	int64_t received;

	if (!upload_open(folder, &wish, &request->upload, &received, err)) {
		answer_by(request, (struct answer){ .code = err->code, .received = received });
		return err->code != ERR_FATAL;
	}
	request->begun = true;
	sim_at(sim.now_ms + draw(1, PIECE_MS), arrive, request);
	return true;
}

static bool add_piece(struct request *request, struct err *err)
{
	struct sender *one = request->sender;
	int64_t n = draw(1, PIECE_BYTES), left = request->end - request->at, damaged = one->damaged_at;
	char *bytes;
	bool ok;

	n = n < left ? n : left;
	bytes = mem_alloc((size_t)n);
	memcpy(bytes, one->text + request->at, (size_t)n);
	if (damaged >= request->at && damaged < request->at + n)
		bytes[damaged - request->at] ^= 1;
	request->at += n;
	one->sent = request->at > one->sent ? request->at : one->sent;
	ok = upload_add(request->upload, str_of(bytes, (size_t)n), err);
	mem_free(bytes);
	return ok;
}

static bool end_file(struct request *request, struct db *db, struct answer *what, struct err *err)
{
	static const struct import_options options = { .kind = IMPORT_KIND_COUNT };
	static const int64_t per_minute[] = { 0, 60, 600 };
	const struct sender *one = request->sender;
	unsigned char digest[SHA256_BYTES];
	struct str said = str_of((const char *)one->digest, one->says_digest ? SHA256_BYTES : 0);

	what->whole = true;
	return upload_end(request->upload, db, clock_wall_ms(&sim.clock), &options,
			  per_minute[draw(0, ARRAY_LEN(per_minute) - 1)], said, digest, &what->id, err);
}

/* The sender has gone; the process learns of it later. */
static void break_off(struct request *request)
{
	answer(request->sender, (struct answer){ .heard = false }, AGAIN_MS);
	request->lost = true;
	sim_at(sim.now_ms + draw(1, UNNOTICED_MS), arrive, request);
}

static bool step_piece(struct request *request, struct db *db, struct err *err)
{
	struct answer what = { .received = 0 };
	bool ok = add_piece(request, err);

	if (ok && request->at >= request->breaks_at) {
		break_off(request);
		return true;
	}
	if (ok && request->at < request->end) {
		sim_at(sim.now_ms + draw(1, PIECE_MS), arrive, request);
		return true;
	}
	if (ok && upload_is_whole(request->upload))
		ok = end_file(request, db, &what, err);
	what.received = request->at;
	if (!ok)
		what = (struct answer){ .code = err->code };
	answer_by(request, what);
	return ok || err->code != ERR_FATAL;
}

static bool step(struct request *request, struct db *db, struct err *err)
{
	if (request->lost) {
		drop(request);
		return true;
	}
	return request->begun ? step_piece(request, db, err) : step_open(request, err);
}

bool uploads_run_once(struct db *db, int64_t *wait_ms, struct err *err)
{
	int64_t now_ms = clock_mono_ms(&sim.clock);
	bool ok = true;

	while (queue && ok) {
		struct request *request = queue;

		queue = request->next_queued;
		ok = step(request, db, err);
	}
	*wait_ms = SWEEP_MS;
	if (!ok || (swept_at_ms != 0 && now_ms - swept_at_ms < SWEEP_MS))
		return ok;
	swept_at_ms = now_ms;
	return uploads_sweep(folder, db, clock_wall_ms(&sim.clock), err);
}

void uploads_died(void)
{
	for (struct request *request = first; request; request = request->next) {
		upload_close(request->upload);
		request->upload = NULL;
		request->begun = true;
		request->life = -1;
	}
	for (; queue; queue = queue->next_queued)
		sim_at(sim.now_ms + 1, arrive, queue);
	swept_at_ms = 0;
}

/* ---- the end ---- */

static int count_files(bool parts)
{
	static const char *const end = ".part";
	char path[240];
	int n = 0;

	for (int i = 0; i < sim_option(OPTION_shops); i++) {
		(void)snprintf(path, sizeof(path), "%s/imports/%" PRId64, folder, node_store_id(i));
		n += files_count(path, end, parts);
	}
	return n;
}

bool uploads_are_done(void)
{
	if (!uploads_are_wanted())
		return true;
	for (int i = 0; i < n_sender; i++)
		if (!sender[i].done && !sender[i].given_up)
			return false;
	return !first && count_files(false) == 0;
}

static bool has_import(const struct import_job *job, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (job[i].id == id)
			return true;
	return false;
}

void uploads_check_there(struct db *db)
{
	struct import_job *job = NULL;
	struct arena arena;
	struct err err;
	size_t n = 0;

	if (!uploads_are_wanted())
		return;
	arena_init(&arena);
	sim.looking = true;
	if (!db_import_list(db, 0, &arena, &job, &n, &err))
		sim_fail("upload", "imports cannot be read: %s", err.msg);
	sim.looking = false;
	for (int i = 0; i < n_sender; i++)
		if (sender[i].done && !has_import(job, n, sender[i].import_id))
			sim_fail("upload", "%s was taken in and has no import", sender[i].name);
	arena_release(&arena);
}

void uploads_check(struct db *db)
{
	int64_t now_ms = clock_wall_ms(&sim.clock);
	struct err err;

	if (!uploads_are_wanted())
		return;
	uploads_check_there(db);
	sim.looking = true;
	if (!uploads_sweep(folder, db, now_ms, &err) ||
	    !uploads_sweep(folder, db, now_ms + (UPLOAD_KEPT_DAYS + 2) * MS_PER_DAY, &err))
		sim_fail("upload", "files cannot be swept: %s", err.msg);
	sim.looking = false;
	if (count_files(true) + count_files(false) > 0)
		sim_fail("upload", "%d parts and %d files are left", count_files(true), count_files(false));
}
