/*
 * Files of history sent as the body of a request: whole, in parts, broken off and gone on with, refused; and
 * that they go when their import has ended.
 */
#include "unit/test_admin_support.h"

#include "base/file.h"
#include "flow/upload.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#define TOKEN	   "token-of-a-script"
#define STORE	   "/v1/stores/shop-a/import"
#define DEADLINE_S 20
#define LINE \
	"{\"type\":\"customer.updated\",\"data\":{\"customer_id\":\"%08zu\",\"email\":\"c%zu@shop.test\"}}" \
	"\n"
#define LINES ((size_t)40000) /* some 3 MB */

struct request {
	const char *path;
	const char *range;
	const char *digest;
	struct str body;
};

static void let_in(struct rig *rig)
{
	rig_user(rig, "otto", USER_OPERATOR, "", TOKEN, "imports:write");
}

static struct got ask(struct rig *rig, const char *method, const struct request *request)
{
	struct http_header header[4] = { { STR("Authorization"), STR("Bearer " TOKEN) } };
	struct http_call call = { .method = method,
				  .url = arena_printf(&rig->arena, "http://127.0.0.1:%d%s",
						      http_server_port(rig->server), request->path),
				  .header = header,
				  .n_header = 1,
				  .body = request->body,
				  .answer_bytes_max = 1 << 20 };
	struct got got = { 0 };

	if (request->range)
		header[call.n_header++] =
			(struct http_header){ STR("Content-Range"), str_from(request->range) };
	if (request->digest)
		header[call.n_header++] =
			(struct http_header){ STR("Repr-Digest"), str_from(request->digest) };
	OK(http_client_fetch(rig->client, &call, &rig->arena, &got.status, &got.body, &err));
	json_free(last_json);
	last_json = NULL;
	(void)!json_parse(got.body, &last_json, NULL);
	got.json = last_json;
	return got;
}

static struct got send_file(struct rig *rig, const char *query, struct str body)
{
	return ask(
		rig, "POST",
		&(struct request){ .path = arena_printf(&rig->arena, STORE "?%s", query).p, .body = body });
}

static int64_t number(const struct got *got, const char *name)
{
	int64_t value = -1;

	(void)json_get_int(got->json, name, &value);
	return value;
}

static struct str big_file(struct rig *rig)
{
	struct strbuf text;
	struct str file;

	strbuf_init(&text, 8 << 20);
	for (size_t i = 0; i < LINES; i++)
		strbuf_addf(&text, LINE, i, i);
	file = arena_dup(&rig->arena, strbuf_str(&text));
	strbuf_release(&text);
	return file;
}

static struct import_job *jobs(struct rig *rig, size_t *n)
{
	struct import_job *job;

	OK(db_import_list(rig->db, 0, &rig->arena, &job, n, &err));
	return job;
}

/* Does the file of the import hold exactly this? */
static void assert_file(struct rig *rig, struct str path, struct str want)
{
	struct str got;

	OK(file_read(arena_cstr(&rig->arena, path), 16 << 20, &rig->arena, &got, &err));
	assert_true(str_eq(got, want));
}

static size_t n_files(struct rig *rig)
{
	DIR *dir = opendir(arena_printf(&rig->arena, "%s/imports/1", rig->folder).p);
	size_t n = 0;

	while (dir) {
		const struct dirent *entry = readdir(dir);

		if (!entry)
			break;
		n += entry->d_name[0] != '.';
	}
	if (dir)
		(void)closedir(dir);
	return n;
}

static int down(void **state)
{
	struct rig *rig = *state;
	struct err ignored;

	/* All imports have gone with their stores, and so do their files. */
	for (size_t n; jobs(rig, &n), n > 0;) {
		struct import_job *job = jobs(rig, &n);

		for (size_t i = 0; i < n; i++) {
			struct import_change cancel = { .action = IMPORT_CANCEL };

			(void)!db_import_change(rig->db, START_MS, job[i].id, &cancel, &ignored);
		}
		break;
	}
	(void)!uploads_sweep(rig->folder, rig->db, INT64_MAX / 2, &ignored);
	assert_int_equal(n_files(rig), 0);
	(void)rmdir(arena_printf(&rig->arena, "%s/imports/1", rig->folder).p);
	(void)rmdir(arena_printf(&rig->arena, "%s/imports", rig->folder).p);
	return rig_down(state);
}

static void test_whole(void **state)
{
	struct rig *rig = *state;
	struct str file = big_file(rig);
	unsigned char digest[SHA256_BYTES];
	char hex[2 * SHA256_BYTES + 1];
	struct import_job *job;
	struct got got;
	size_t n;

	let_in(rig);
	digest_sha256(file, digest);
	hex_encode(digest, sizeof(digest), hex);
	got = send_file(rig, "name=people.ndjson&per_minute=600&currency=SEK", file);
	assert_int_equal(got.status, 200);
	assert_int_equal(number(&got, "received"), file.len);
	assert_int_equal(number(&got, "import"), 1);
	assert_true(str_eq(json_get_text(got.json, "sha256"), str_from(hex)));
	job = jobs(rig, &n);
	assert_int_equal(n, 1);
	assert_int_equal(job[0].per_minute, 600);
	assert_int_equal(job[0].rank, IMPORT_MESSAGES);
	assert_file(rig, job[0].path, file);
	/* The same once more is the same import. */
	got = send_file(rig, "name=people.ndjson&per_minute=600&currency=SEK", file);
	assert_int_equal(number(&got, "import"), 1);
	(void)jobs(rig, &n);
	assert_int_equal(n, 1);
	assert_int_equal(n_files(rig), 1);
}

/* In parts, each a request of its own. */
static void test_parts(void **state)
{
	struct rig *rig = *state;
	struct str file = big_file(rig);
	struct request request = { .path = STORE "?name=people.ndjson" };
	struct got got;
	size_t n, at = 2 * UPLOAD_STEP;

	let_in(rig);
	request.body = str_of(file.p, at);
	request.range = arena_printf(&rig->arena, "bytes 0-%zu/%zu", at - 1, file.len).p;
	got = ask(rig, "POST", &request);
	assert_int_equal(got.status, 200);
	assert_int_equal(number(&got, "received"), at);
	assert_int_equal(json_type(json_get(got.json, "import")), JSON_NULL);
	(void)jobs(rig, &n);
	assert_int_equal(n, 0);
	/* Who asks later than the last step is told where it goes on; in time. */
	request.body = str_skip(file, at + 5);
	request.range = arena_printf(&rig->arena, "bytes %zu-%zu/%zu", at + 5, file.len - 1, file.len).p;
	got = ask(rig, "POST", &request);
	assert_problem(&got, 416, "offset");
	at = UPLOAD_STEP;
	request.body = str_skip(file, at);
	request.range = arena_printf(&rig->arena, "bytes %zu-%zu/%zu", at, file.len - 1, file.len).p;
	got = ask(rig, "POST", &request);
	assert_int_equal(number(&got, "import"), 1);
	assert_file(rig, jobs(rig, &n)[0].path, file);
}

static int64_t received(struct rig *rig)
{
	struct got got = ask(rig, "GET", &(struct request){ .path = STORE });
	int64_t value = -1;

	assert_int_equal(got.status, 200);
	(void)json_get_int(json_at(json_get(got.json, "items"), 0), "received", &value);
	return value;
}

/* The connection breaks in the middle: what is synced counts, and it goes on there. */
static void test_broken_off(void **state)
{
	struct rig *rig = *state;
	struct str file = big_file(rig), head, rest;
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)http_server_port(rig->server)) };
	struct request request = { .path = STORE "?name=people.ndjson" };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int64_t end_ms = clock_mono_ms(clock_system()) + DEADLINE_S * MS_PER_S, at = -1;
	struct got got;
	size_t n;

	let_in(rig);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	head = arena_printf(&rig->arena,
			    "POST " STORE "?name=people.ndjson HTTP/1.1\r\nHost: any.where\r\n"
			    "Authorization: Bearer " TOKEN "\r\nContent-Length: %zu\r\n\r\n",
			    file.len);
	assert_int_equal(send(fd, head.p, head.len, 0), head.len);
	for (rest = str_of(file.p, UPLOAD_STEP * 2 + 1000); rest.len > 0;) {
		ssize_t sent = send(fd, rest.p, rest.len, MSG_NOSIGNAL);

		assert_true(sent > 0);
		rest = str_skip(rest, (size_t)sent);
	}
	/* Nobody else may send the same meanwhile. */
	while (at < UPLOAD_STEP && clock_mono_ms(clock_system()) < end_ms)
		at = received(rig);
	request.body = str_of(file.p, 10);
	request.range = arena_printf(&rig->arena, "bytes 0-9/%zu", file.len).p;
	got = ask(rig, "POST", &request);
	assert_problem(&got, 503, "busy");
	(void)close(fd);
	while (at != 2 * UPLOAD_STEP && at != UPLOAD_STEP && clock_mono_ms(clock_system()) < end_ms)
		at = received(rig);
	/* Ten bytes of a step that is not whole do not count, so this only waits until it may go on. */
	request.body = str_of(file.p + at, 10);
	request.range =
		arena_printf(&rig->arena, "bytes %lld-%lld/%zu", (long long)at, (long long)at + 9, file.len)
			.p;
	do
		got = ask(rig, "POST", &request);
	while (got.status == 503 && clock_mono_ms(clock_system()) < end_ms);
	assert_int_equal(got.status, 200);
	assert_int_equal(received(rig), at);
	request.body = str_skip(file, (size_t)at);
	request.range =
		arena_printf(&rig->arena, "bytes %lld-%zu/%zu", (long long)at, file.len - 1, file.len).p;
	got = ask(rig, "POST", &request);
	assert_int_equal(got.status, 200);
	assert_file(rig, jobs(rig, &n)[0].path, file);
	assert_int_equal(n, 1);
}

static void test_checksum(void **state)
{
	struct rig *rig = *state;
	struct str file = STR("email,state,consented_at\na@shop.test,subscribed,2020-01-02\n");
	struct request request = { .path = STORE "?name=s.csv", .body = file };
	unsigned char digest[SHA256_BYTES];
	struct got got;
	size_t n;

	let_in(rig);
	digest_sha256(STR("something else"), digest);
	request.digest =
		arena_printf(&rig->arena,
			     "sha-256=:%.*s:", STR_ARG(base64_encode(&rig->arena, digest, SHA256_BYTES)))
			.p;
	got = ask(rig, "POST", &request);
	assert_problem(&got, 422, "invalid");
	(void)jobs(rig, &n);
	assert_int_equal(n, 0);
	assert_int_equal(n_files(rig), 0);
	digest_sha256(file, digest);
	request.digest =
		arena_printf(&rig->arena,
			     "sha-256=:%.*s:", STR_ARG(base64_encode(&rig->arena, digest, SHA256_BYTES)))
			.p;
	got = ask(rig, "POST", &request);
	assert_int_equal(got.status, 200);
	assert_int_equal(jobs(rig, &n)[0].rank, IMPORT_SUBSCRIBERS);
}

static void test_refused(void **state)
{
	static const struct {
		const char *query;
		const char *range;
		int status;
	} row[] = {
		{ "", NULL, 422 },
		{ "name=", NULL, 422 },
		{ "name=../up.csv", NULL, 422 },
		{ "name=.hidden", NULL, 422 },
		{ "name=a.csv&kind=nothing", NULL, 422 },
		{ "name=a.csv&per_minute=-1", NULL, 422 },
		{ "name=a.csv&unknown=1", NULL, 422 },
		{ "name=a.csv", "bytes 5-3/10", 422 },
		{ "name=a.csv", "lines 0-3/10", 422 },
		{ "name=a.csv", "bytes 5-9/10", 416 },
		{ "name=a.csv", NULL, 422 }, /* no table and no messages */
		{ "name=a.csv", "bytes 0-3/10000000", 413 },
	};
	struct rig *rig = *state;
	struct setting_change small = { STR("import_max_mb"), STR("1") };
	struct got got;
	size_t n;

	let_in(rig);
	OK(settings_store_set(rig->settings, STR("shop-a"), STR(""), STR(""), &small, 1, START_MS, &err));
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct request request = {
			.path = arena_printf(&rig->arena, STORE "?%s", row[i].query).p,
			.range = row[i].range,
			.body = STR("what"),
		};

		got = ask(rig, "POST", &request);
		if (got.status != row[i].status)
			fail_msg("row %zu: %d %.*s", i, got.status, STR_ARG(got.body));
	}
	(void)jobs(rig, &n);
	assert_int_equal(n, 0);
	got = ask(rig, "POST",
		  &(struct request){ .path = "/v1/stores/nowhere/import?name=a", .body = STR("a") });
	assert_int_equal(got.status, 404);
	/* Other routes are not there, nor is anything for a session. */
	got = ask(rig, "GET", &(struct request){ .path = "/v1/stores" });
	assert_int_equal(got.status, 404);
	rig_user(rig, "ada", USER_OWNER, "", TOKEN "2", "settings:read");
	rig->bearer = TOKEN "2";
	got = rig_ask(rig, "POST", "/stores/shop-a/import?name=a", "{}");
	assert_problem(&got, 403, "scope");
}

/* The file of an import stays as long as it may be read, and goes with its end. */
static void test_files_go(void **state)
{
	struct rig *rig = *state;
	struct import_change pause = { .action = IMPORT_PAUSE }, cancel = { .action = IMPORT_CANCEL };
	struct got got;

	let_in(rig);
	got = send_file(rig, "name=a.csv", STR("email,state\n"));
	assert_int_equal(got.status, 200);
	assert_int_equal(n_files(rig), 1);
	OK(db_import_change(rig->db, START_MS, 1, &pause, &err));
	OK(uploads_sweep(rig->folder, rig->db, START_MS, &err));
	assert_int_equal(n_files(rig), 1);
	OK(db_import_change(rig->db, START_MS, 1, &cancel, &err));
	OK(uploads_sweep(rig->folder, rig->db, START_MS, &err));
	assert_int_equal(n_files(rig), 0);
}

static void put_file(struct str path, struct str text)
{
	FILE *file = fopen(path.p, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text.p, 1, text.len, file), text.len);
	assert_int_equal(fclose(file), 0);
}

/* Killed, or without power, between the two names of a file: what an import reads is not gone over. */
static void test_second_name(void **state)
{
	struct rig *rig = *state;
	struct str one = STR("email,state\na@a.test,yes\n"), other = STR("email,state\nb@b.test,yes\n");
	struct str folder = arena_printf(&rig->arena, "%s/imports/1", rig->folder);
	struct str part = arena_printf(&rig->arena, "%.*s/a.csv.%zu.part", STR_ARG(folder), one.len);
	struct str whole = arena_printf(&rig->arena, "%s/kept.csv", rig->folder);
	struct upload_row *row;
	struct got got;
	size_t n;

	let_in(rig);
	/* Of the second, the sweep of the start is over. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(send_file(rig, "name=b.csv", STR("email,state\n")).status, 200);
	put_file(part, one);
	assert_int_equal(link(part.p, whole.p), 0);
	OK(upload_list(rig->folder, 1, &rig->arena, &row, &n, &err));
	assert_int_equal(n, 1);
	assert_int_equal(row[0].received, 0);
	got = send_file(rig, "name=a.csv", other);
	assert_int_equal(got.status, 200);
	assert_int_equal(number(&got, "import"), 2);
	assert_file(rig, whole, one);
	assert_file(rig, jobs(rig, &n)[1].path, other);
	assert_int_equal(unlink(whole.p), 0);
}

static bool put_nothing(struct db *db, int64_t now_ms, const struct import_job *job, int64_t *id,
			struct err *err)
{
	(void)db;
	(void)now_ms;
	(void)job;
	(void)id;
	return err_set(err, ERR_TOO_LARGE, "no space left");
}

/* That the database has no room says nothing of the file. */
static void test_database_full(void **state)
{
	static const struct import_options options = { .kind = IMPORT_KIND_COUNT };
	struct str text = STR("email,state\na@a.test,yes\n");
	struct rig *rig = *state;
	unsigned char digest[SHA256_BYTES];
	struct upload_wish wish = { 1, STR("a.csv"), (int64_t)text.len, 0, 1 << 20 };
	struct err err = { 0 };
	struct upload *upload;
	const struct db_ops ops = { .import_put = put_nothing };
	struct db full = { &ops };
	int64_t id;

	assert_true(upload_open(rig->folder, &wish, &upload, &id, &err) && upload_add(upload, text, &err));
	assert_false(upload_end(upload, &full, START_MS, &options, 0, STR(""), digest, &id, &err));
	assert_int_equal(err.code, ERR_BUSY);
	upload_close(upload);
}

/* Of a clock that was ahead by months, and is right again. */
static void test_clock_back(void **state)
{
	struct str part = STR("a.csv.100.part"), whole = STR("0000000000000000-a.csv");
	struct rig *rig = *state;
	struct str folder = arena_printf(&rig->arena, "%s/imports/1", rig->folder);

	OK(file_make_dir(folder.p, &err));
	put_file(arena_printf(&rig->arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(part)), STR("a"));
	put_file(arena_printf(&rig->arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(whole)), STR("b"));
	OK(uploads_sweep(rig->folder, rig->db, (int64_t)time(NULL) * MS_PER_S - MS_PER_HOUR, &err));
	assert_int_equal(n_files(rig), 2);
	OK(uploads_sweep(rig->folder, rig->db, (int64_t)time(NULL) * MS_PER_S - 60 * MS_PER_DAY, &err));
	assert_int_equal(n_files(rig), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_whole),	TEST(test_parts),	  TEST(test_broken_off),
		TEST(test_checksum),	TEST(test_refused),	  TEST(test_files_go),
		TEST(test_second_name), TEST(test_database_full), TEST(test_clock_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
