/*
 * Upload: a file of history, sent to us as the body of a request.
 *
 * Does:    reads the body piece by piece into the data folder (flow/upload), answers how much of it is there,
 *          and when it is whole registers its import.
 * Keeps:   one piece per upload is in memory. Whatever breaks off leaves what can be gone on with. What is
 *          wrong is said before the body is read, as far as it can be known then.
 * Threads: the upload worker; stream_piece and stream_lost on the HTTP thread, which only queue.
 */
#include "admin/admin_internal.h"
#include "admin/import_view.h"
#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "flow/upload.h"

#include <inttypes.h>

#define UPLOADS_MAX    16
#define SWEEP_MS       (5 * MS_PER_S)
#define PER_MINUTE_MAX 100000000
#define MB	       INT64_C(1000000)

/* Lives beside the exchange, which the peer may take with it. */
struct admin_upload {
	struct admin_upload *next; /* in a queue of the worker */
	struct admin *admin;
	struct admin_call *call; /* gone when `lost` */
	struct upload *upload;
	struct import_options options; /* texts in the exchange's memory */
	int64_t per_minute;
	int64_t store_id;
	int64_t bytes;
	struct str sha256;
	bool lost;
};

/* ---- queues ---- */

static void queue(struct admin_upload *upload)
{
	struct admin *admin = upload->admin;

	(void)pthread_mutex_lock(&admin->lock);
	upload->next = admin->upload;
	admin->upload = upload;
	(void)pthread_mutex_unlock(&admin->lock);
	wake_send(admin->config.wake_upload);
}

static void stream_piece(void *ctx, struct http_exchange *exchange)
{
	(void)exchange;
	queue(ctx);
}

static void stream_lost(void *ctx)
{
	struct admin_upload *upload = ctx;

	upload->lost = true;
	queue(upload);
}

static struct admin_upload *take_all(struct admin *admin)
{
	struct admin_upload *first;

	(void)pthread_mutex_lock(&admin->lock);
	first = admin->upload;
	admin->upload = NULL;
	(void)pthread_mutex_unlock(&admin->lock);
	return first;
}

static void end(struct admin_upload *upload)
{
	upload->admin->n_upload--;
	upload_close(upload->upload);
	mem_free(upload);
}

void upload_go_on(struct admin_upload *upload)
{
	const struct http_stream stream = { stream_piece, stream_lost, upload };

	/* Afterwards the call may be gone. */
	if (!http_read_on(upload->call->exchange, &stream))
		end(upload);
}

/* ---- what is asked ---- */

/* "bytes 100-199/200", "bytes 100-199/ *": where it goes on, and how much it is in all. */
static bool read_range(struct str text, int64_t *offset, int64_t *bytes)
{
	struct str from, to, all = text;
	int64_t last;

	if (!str_starts(text, STR("bytes ")))
		return false;
	all = str_skip(text, sizeof("bytes ") - 1);
	*bytes = -1;
	return str_split(&all, '-', &from) && str_split(&all, '/', &to) && str_to_int64(from, offset) &&
	       str_to_int64(to, &last) && *offset >= 0 && last >= *offset &&
	       (str_eq(all, STR("*")) || (str_to_int64(all, bytes) && *bytes > last));
}

/* RFC 9530: Repr-Digest: sha-256=:BASE64: */
static bool read_digest(struct admin_call *call, struct str *out, struct err *err)
{
	struct str rest = call->header.repr_digest, one;

	*out = STR("");
	while (str_split(&rest, ',', &one)) {
		one = str_trim(one);
		if (!str_starts(one, STR("sha-256=:")) || !str_ends(one, STR(":")))
			continue;
		one = str_skip(one, sizeof("sha-256=:") - 1);
		one.len--;
		if (!base64_decode(call->look.arena, one, out) || out->len != SHA256_BYTES)
			return err_set(err, ERR_INVALID, "Repr-Digest holds no SHA-256");
	}
	return true;
}

static bool read_options(struct admin_call *call, const struct settings_store *store,
			 struct admin_upload *upload, struct err *err)
{
	struct str kind = call_query(call, "kind"), per_minute = call_query(call, "per_minute");

	upload->options = (struct import_options){
		.kind = IMPORT_KIND_COUNT,
		.map = call_query(call, "map"),
		.currency = call_query(call, "currency"),
		.consented_at = call_query(call, "consented_at"),
		.zone = call_query(call, "zone"),
		.days = call_query(call, "dates"),
		.order_states =
			arena_dup(call->look.arena, setting_text(store->value, SETTING_KEY_order_states)),
		.now_ms = call->now_ms,
	};
	if (kind.len > 0)
		(void)import_kind_parse(kind, &upload->options.kind); /* the route has checked it */
	if (per_minute.len > 0 && (!str_to_int64(per_minute, &upload->per_minute) || upload->per_minute < 0 ||
				   upload->per_minute > PER_MINUTE_MAX))
		return err_set(err, ERR_INVALID, "'per_minute' is 0 to %d", PER_MINUTE_MAX);
	return read_digest(call, &upload->sha256, err);
}

static bool read_wish(struct admin_call *call, const struct settings_store *store, struct upload_wish *wish,
		      struct err *err)
{
	*wish = (struct upload_wish){
		.store_id = store->id,
		.name = call_query(call, "name"),
		.bytes = call->request->body_length,
		.bytes_max = setting_int(store->value, SETTING_KEY_import_max_mb) * MB,
	};
	if (call->header.content_range.len == 0)
		return true;
	return read_range(call->header.content_range, &wish->offset, &wish->bytes) ||
	       err_set(err, ERR_INVALID, "Content-Range must be like 'bytes 1048576-9999999/10000000'");
}

/* ---- the beginning ---- */

static bool refuse_offset(struct admin_call *call, int64_t received)
{
	call_header(call, STR("Upload-Offset"), arena_printf(call->look.arena, "%" PRId64, received));
	return call_problem(call, 416, "offset", "Resume from another position",
			    arena_printf(call->look.arena,
					 "%" PRId64 " bytes of it are here (Upload-Offset).", received));
}

static bool begin(struct admin_call *call, struct admin_upload *upload, const struct upload_wish *wish,
		  struct err *err)
{
	struct admin *admin = call->admin;
	int64_t received;

	if (!upload_open(admin->config.data, wish, &upload->upload, &received, err)) {
		mem_free(upload);
		return err->code == ERR_CONFLICT && refuse_offset(call, received);
	}
	upload->admin = admin;
	upload->call = call;
	upload->store_id = wish->store_id;
	upload->bytes = wish->bytes;
	admin->n_upload++;
	/* answer() lets it go on when it is done with the call. */
	call->upload = upload;
	call->parked = true;
	return true;
}

bool post_store_import(struct admin_call *call, struct err *err)
{
	const struct settings_store *store;
	struct admin_upload *upload;
	struct upload_wish wish;

	if (!call_store(call, call_segment(call, 0), &store, err) || !read_wish(call, store, &wish, err))
		return false;
	if (!call->request->body_more || !call->admin->config.data)
		return err_set(err, ERR_INVALID, "this daemon does not accept files");
	if (call->admin->n_upload >= UPLOADS_MAX)
		return err_set(err, ERR_BUSY, "%d files are already being uploaded", UPLOADS_MAX);
	upload = mem_zalloc(1, sizeof(*upload));
	if (!read_options(call, store, upload, err)) {
		mem_free(upload);
		return false;
	}
	return begin(call, upload, &wish, err);
}

/* ---- pieces and the end ---- */

static struct json *view(int64_t received, int64_t bytes, struct str name)
{
	struct json *json = json_new_object();

	json_put(json, "name", name);
	json_put_int(json, "received", received);
	json_set(json, "bytes", bytes < 0 ? json_new_null() : json_new_int(bytes));
	return json;
}

static bool answer_part(struct admin_call *call, struct admin_upload *upload)
{
	struct json *json = view(upload_received(upload->upload), upload->bytes, call_query(call, "name"));

	json_put(json, "sha256", STR(""));
	json_set(json, "import", json_new_null());
	return call_answer(call, json);
}

static bool answer_whole(struct admin_call *call, struct admin_upload *upload, struct err *err)
{
	unsigned char digest[SHA256_BYTES];
	char hex[2 * SHA256_BYTES + 1];
	struct json *json;
	int64_t id = 0;

	if (!upload_end(upload->upload, call->look.db, clock_wall_ms(call->look.clock), &upload->options,
			upload->per_minute, upload->sha256, digest, &id, err))
		return false;
	hex_encode(digest, sizeof(digest), hex);
	json = view(upload_received(upload->upload), upload_received(upload->upload),
		    call_query(call, "name"));
	json_put(json, "sha256", str_from(hex));
	json_put_int(json, "import", id);
	log_info("upload", "import=%" PRId64 " store=%" PRId64 " bytes=%" PRId64, id, upload->store_id,
		 upload_received(upload->upload));
	return call_answer(call, json);
}

static bool piece(struct admin_upload *upload, struct err *err)
{
	struct admin_call *call = upload->call;
	struct err problem = { ERR_NONE, "" };
	bool more = call->request->body_more;
	bool ok = upload_add(upload->upload, call->request->body, &problem);

	if (ok && more) {
		upload_go_on(upload);
		return true;
	}
	if (ok)
		ok = upload_is_whole(upload->upload) ? answer_whole(call, upload, &problem)
						     : answer_part(call, upload);
	end(upload);
	/* The call goes with its answer. */
	if (ok)
		reply_call(call);
	else
		reply_err(call, &problem);
	return ok || problem.code != ERR_FATAL || err_set(err, ERR_FATAL, "%s", problem.msg);
}

bool upload_run_once(struct admin *admin, int64_t *wait_ms, struct err *err)
{
	int64_t now_ms = clock_mono_ms(admin->ctx.clock);
	struct admin_upload *upload = take_all(admin);
	bool ok = true;

	while (upload) {
		struct admin_upload *next = upload->next;

		if (upload->lost)
			end(upload);
		else
			ok = piece(upload, err) && ok;
		upload = next;
	}
	*wait_ms = SWEEP_MS;
	if (!ok || !admin->config.data || (admin->swept_at_ms != 0 && now_ms - admin->swept_at_ms < SWEEP_MS))
		return ok;
	admin->swept_at_ms = now_ms;
	return uploads_sweep(admin->config.data, admin->ctx.db, clock_wall_ms(admin->ctx.clock), err);
}

void uploads_refuse(struct admin *admin)
{
	struct admin_upload *upload = take_all(admin);

	while (upload) {
		struct admin_upload *next = upload->next;

		if (!upload->lost)
			reply_problem(upload->call->exchange, 503, "stopping", "The daemon is shutting down",
				      STR(""), 1);
		end(upload);
		upload = next;
	}
}

/* ---- what is not whole ---- */

bool get_store_uploads(struct admin_call *call, struct err *err)
{
	const struct settings_store *store;
	struct upload_row *row = NULL;
	struct json *list;
	size_t n = 0;

	if (!call_store(call, call_segment(call, 0), &store, err))
		return false;
	if (call->admin->config.data &&
	    !upload_list(call->admin->config.data, store->id, call->look.arena, &row, &n, err))
		return false;
	list = json_new_array();
	for (size_t i = 0; i < n; i++) {
		struct json *json = view(row[i].received, row[i].bytes, row[i].name);

		json_put_time(json, "changed_at", row[i].changed_ms);
		json_append(list, json);
	}
	return call_page(call, list, STR(""));
}
