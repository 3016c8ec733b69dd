/*
 * Errors of system calls under the real daemon: strace answers its Nth call of a kind (of each thread) with
 * an error, once or ever after, while a shop posts, a file of history is imported and Klaviyo is told. It
 * either goes on, or ends by itself with a message; what it acknowledged is there, and a clean start drains
 * everything.
 *
 * An error that comes once must not keep it from anything but what met it: it still answers, and gets done.
 * Arguments: "long" for all rows, and one call of them. Skipped where strace may not be used.
 */
#include "support/town.h"

#include "base/attr.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define POSTS_PER_LIFE	 4
#define EVENTS_PER_ORDER 2
#define IMPORTED	 3
#define ORDERS_MAX	 4096
#define DRAIN_MS	 900000
#define LIFE_MS		 30000
#define LOADER_BYTES_MAX ((size_t)1 << 20)

struct mistake {
	const char *call;
	const char *error;
	int at;
	bool ever_after;
};

static const struct mistake short_row[] = {
	{ "pwrite64", "ENOSPC", 14, false }, { "pread64", "EIO", 30, false },
	{ "accept4", "EMFILE", 1, false },   { "epoll_wait", "EINTR", 4, false },
	{ "sendto", "EAGAIN", 2, false },    { "fdatasync", "EIO", 6, true },
	{ "recvfrom", "EIO", 2, false },
};

/* Each of these ... */
static const char *const long_call[] = {
	"pwrite64",  "pread64",	   "fdatasync", "ftruncate", "openat", "newfstatat", "fcntl",
	"accept4",   "recvfrom",   "sendto",	"sendmsg",   "writev", "connect",    "socket",
	"epoll_ctl", "epoll_wait", "poll",	"eventfd2",  "read",   "write",
};
/* ... with each of these, at each of these places behind those that the loader calls. */
static const char *const long_error[] = { "EIO", "ENOSPC", "EMFILE", "EAGAIN", "EINTR" };
static const int long_at[] = { 2, 9, 40 };

static bool is_long;
static const char *only; /* NULL = all calls */
static bool acknowledged[ORDERS_MAX];
static int n_order;

static int set_up(void **state)
{
	static struct town town;

	town_open_empty(&town, NULL);
	town_account(&town, "main", TOWN_KEY, town.sandbox.url);
	town_store(&town, "shop", "generic", "main", NULL);
	*state = &town;
	return 0;
}

static int tear_down(void **state)
{
	town_close(*state);
	return 0;
}

static struct str order(struct town *town, int i)
{
	return arena_printf(
		&town->place.arena,
		"{\"id\":\"error-%d\",\"type\":\"order.placed\",\"data\":{\"order_id\":\"o%d\",\"placed_at\":"
		"\"2026-07-01T10:00:00Z\",\"currency\":\"EUR\",\"total\":\"5.00\",\"customer\":{\"email\":"
		"\"ann%d@errors.test.example.org\"},\"lines\":[{\"line_id\":\"1\",\"product_id\":\"p\","
		"\"sku\":\"s\","
		"\"name\":\"Cup\",\"quantity\":1,\"unit_price\":\"5.00\",\"row_total\":\"5.00\",\"brand\":"
		"\"B\","
		"\"categories\":[\"C\"],\"image_url\":\"https://s.example/i\",\"product_url\":\"https://"
		"s.example/p\"}]}}",
		i, i, i);
}

static int post_order(struct town *town, int i)
{
	return town_post(town, (struct town_post){ .body = order(town, i) }, NULL);
}

/* A file of its own for each life; what could not be registered is no part of the life. */
static void import_some(struct town *town, int life)
{
	const char *name = arena_printf(&town->place.arena, "history-%d.csv", life).p;
	struct str text = STR("customer_id,email,first_name\n");

	for (int i = 0; i < IMPORTED; i++)
		text = arena_printf(&town->place.arena, "%.*s%d-%d,eva%d-%d@errors.test.example.org,Eva\n",
				    STR_ARG(text), life, i, life, i);
	(void)RUN(&town->place, "import", "shop", place_file(&town->place, name, text.p), "--no-wait",
		  "--data", town->data);
}

/* ---- one life ---- */

static const char *const *make_wrapper(struct town *town, const struct mistake *mistake)
{
	const char **wrapper = ARENA_ARRAY(&town->place.arena, 10, const char *);
	const char *part[] = { "strace",
			       "-f",
			       "-qq",
			       "-o",
			       "/dev/null",
			       "-e",
			       arena_printf(&town->place.arena, "trace=%s", mistake->call).p,
			       "-e",
			       arena_printf(&town->place.arena, "inject=%s:error=%s:when=%d%s", mistake->call,
					    mistake->error, mistake->at, mistake->ever_after ? "+" : "")
				       .p,
			       NULL };

	memcpy(wrapper, part, sizeof(part));
	return wrapper;
}

static off_t log_size(struct town *town)
{
	struct stat info;

	return stat(place_file(&town->place, "pannier.log", NULL), &info) == 0 ? info.st_size : 0;
}

static bool is_idle(struct town *town)
{
	return RUN(&town->place, "wait", "--idle", "--timeout", "2", "--data", town->data).code == 0;
}

/* True: it has nothing left to do. False: it has ended, or has not come to that in time. */
static bool live_on(struct town *town, int *code)
{
	int64_t end_ms = clock_mono_ms(clock_system()) + LIFE_MS;
	struct town_wait wait = { 0 };

	while (town_wait(&wait) && clock_mono_ms(clock_system()) < end_ms) {
		if (town_ended(town, code))
			return false;
		if (is_idle(town))
			return true;
	}
	return false;
}

static void must_have_said_why(struct town *town, const struct mistake *mistake, int code, off_t before)
{
	if (code == 0 || code >= 99 || log_size(town) == before)
		fail_msg("%s=%s at %d: ended with %d and said %lld bytes, see pannier.log in %s",
			 mistake->call, mistake->error, mistake->at, code,
			 (long long)(log_size(town) - before), town->place.folder);
}

/*
 * After one error, which each thread meets once at most, it serves and gets done as if nothing had been.
 * False: it met it only now, and has ended.
 */
static bool goes_on(struct town *town, const struct mistake *mistake, int *code)
{
	struct town_wait wait = { 0 };
	int i = n_order++;

	while (town_wait(&wait)) {
		acknowledged[i] = post_order(town, i) == 202;
		if (acknowledged[i])
			return true;
		if (town_ended(town, code))
			return false;
	}
	fail_msg("%s=%s at %d: nothing is taken in any more", mistake->call, mistake->error, mistake->at);
	return false;
}

/* True: it ended by itself. */
static bool live(struct town *town, const struct mistake *mistake, int life)
{
	off_t before = log_size(town);
	bool done = false;
	int code = 0;

	town->wrapper = make_wrapper(town, mistake);
	if (!town_try_start(town)) {
		town->wrapper = NULL;
		must_have_said_why(town, mistake, 1, before);
		return true;
	}
	import_some(town, life);
	for (int i = 0; i < POSTS_PER_LIFE; i++, n_order++) {
		assert_true(n_order + 1 < ORDERS_MAX);
		acknowledged[n_order] = post_order(town, n_order) == 202;
	}
	done = live_on(town, &code);
	if (!done && town->daemon == 0) {
		town->wrapper = NULL;
		must_have_said_why(town, mistake, code, before);
		return true;
	}
	if (!mistake->ever_after && !done)
		fail_msg("%s=%s at %d: it lives and does not get done", mistake->call, mistake->error,
			 mistake->at);
	if (!mistake->ever_after && !goes_on(town, mistake, &code)) {
		town->wrapper = NULL;
		must_have_said_why(town, mistake, code, before);
		return true;
	}
	code = town_stop(town, SIGKILL);
	town->wrapper = NULL;
	assert_int_equal(code, 128 + SIGKILL);
	return false;
}

/* ---- what holds ---- */

static int64_t stored_events(struct town *town, const char *query)
{
	struct json *page = town_sandbox(
		town, arena_printf(&town->place.arena, "/sandbox/events?limit=100000&%s", query).p);
	int64_t n = (int64_t)json_len(json_get(page, "events"));

	json_free(page);
	return n;
}

/* Also what failed and waits for its next try; after a few failures that is minutes. */
static void drain(struct town *town)
{
	int64_t end_ms = clock_mono_ms(clock_system()) + DRAIN_MS;

	do {
		assert_true(clock_mono_ms(clock_system()) < end_ms);
		town_idle(town);
	} while (town_number(town, "accounts", "main", "waiting") > 0);
}

static void acknowledged_are_told(struct town *town)
{
	for (int i = 0; i < n_order; i++) {
		const char *query =
			arena_printf(&town->place.arena, "email=ann%d%%40errors.test.example.org", i).p;

		if (acknowledged[i] && stored_events(town, query) != EVENTS_PER_ORDER)
			fail_msg("order %d was acknowledged, and Klaviyo knows nothing of it", i);
	}
}

/* Interrupted for ever nobody is. */
static bool may_last(const char *error)
{
	return strcmp(error, "EINTR") != 0;
}

/* At the first place this test would not hear where it listens. */
static bool says_where(const char *call)
{
	return strcmp(call, "write") == 0;
}

/* How often the C library does before anything of ours is run: its errors are none of ours. */
static int calls_of_loader(struct town *town, const char *call)
{
	const char *trace = place_file(&town->place, "loader", NULL);
	struct str text = { 0 };
	int n = 0;

	assert_int_equal(system(arena_printf(&town->place.arena,
					     "strace -f -qq -o '%s' -e trace=%s '%s' version >'%s.out'",
					     trace, call, getenv("PANNIER_BIN"), trace)
					.p),
			 0);
	assert_true(file_read(trace, LOADER_BYTES_MAX, &town->place.arena, &text, &town->err));
	for (size_t i = 0; i < text.len; i++)
		n += text.p[i] == '\n';
	return n;
}

static size_t choose_rows(struct town *town, struct mistake *row)
{
	size_t n = 0;

	for (size_t i = 0; !is_long && i < ARRAY_LEN(short_row); i++)
		row[n++] = short_row[i];
	for (size_t i = 0; is_long && i < ARRAY_LEN(long_call); i++) {
		int loader;

		if (only && strcmp(only, long_call[i]) != 0)
			continue;
		loader = calls_of_loader(town, long_call[i]);
		for (size_t j = 0; j < ARRAY_LEN(long_error); j++)
			for (size_t k = says_where(long_call[i]); k < ARRAY_LEN(long_at); k++)
				row[n++] =
					(struct mistake){ long_call[i], long_error[j], loader + long_at[k],
							  may_last(long_error[j]) && (i + j + k) % 3 == 0 };
	}
	return n;
}

static void errors_are_answers(void **state)
{
	struct mistake row[ARRAY_LEN(long_call) * ARRAY_LEN(long_error) * ARRAY_LEN(long_at)];
	struct town *town = *state;
	size_t n = choose_rows(town, row), n_ended = 0;

	for (size_t i = 0; i < n; i++) {
		print_message("%s=%s at %d%s\n", row[i].call, row[i].error, row[i].at,
			      row[i].ever_after ? " and after" : "");
		n_ended += live(town, &row[i], (int)i);
		town_conserve(town);
	}
	print_message("%zu of %zu lives ended by themselves, %d orders\n", n_ended, n, n_order);
	town_start(town);
	drain(town);
	acknowledged_are_told(town);
	for (int i = 0; i < n_order; i++) /* the shop sends again whatever it is not sure of */
		assert_int_equal(post_order(town, i), 202);
	drain(town);
	assert_int_equal(town_number(town, "stores", "shop", "failed"), 0);
	assert_int_equal(town_number(town, "accounts", "main", "failed"), 0);
	assert_int_equal(stored_events(town, ""), (int64_t)n_order * EVENTS_PER_ORDER);
	assert_int_equal(town_violations(town, NULL), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(errors_are_answers, set_up, tear_down),
	};

	if (system("strace -qq -e trace=none true 2>/dev/null") != 0) {
		print_message("skipped: strace cannot be used here\n");
		return 77;
	}
	is_long = argc > 1 && strcmp(argv[1], "long") == 0;
	only = argc > 2 ? argv[2] : NULL;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
