/*
 * A really full disk: the data folder is a small file system of its own (tmpfs), which something else fills
 * up. What finds no room is refused with 503 and Retry-After; when there is room again, everything goes on by
 * itself, without a restart, and what was acknowledged is there. Skipped where nothing can be mounted.
 */
#define _GNU_SOURCE
#include "support/town.h"

#include "base/attr.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE	    "size=24m"
#define POSTS_MAX   400
#define REFUSED_MIN 5 /* in a row: it is full, and not in the way of somebody */

static char folder[] = "/tmp/pannier-full-XXXXXX";

/* ---- the file system ---- */

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, text, strlen(text));
		(void)close(fd);
	}
}

/* Who is not root becomes it in a name space of its own. */
static bool own_mounts(void)
{
	char users[64], groups[64];

	(void)snprintf(users, sizeof(users), "0 %d 1\n", (int)getuid());
	(void)snprintf(groups, sizeof(groups), "0 %d 1\n", (int)getgid());
	if (unshare(CLONE_NEWNS) == 0)
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return false;
	write_text("/proc/self/uid_map", users);
	write_text("/proc/self/setgroups", "deny");
	write_text("/proc/self/gid_map", groups);
	return true;
}

/* Seen by this process and its children alone, and gone with them. */
static bool mount_small(void)
{
	return mkdtemp(folder) && own_mounts() && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tmpfs", folder, "tmpfs", 0, SIZE) == 0;
}

static const char *ballast(struct town *town)
{
	return arena_printf(&town->place.arena, "%s/ballast", folder).p;
}

/* Until not one byte more fits. */
static void fill_up(struct town *town)
{
	static const char zeros[65536];
	int fd = open(ballast(town), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	for (size_t n = sizeof(zeros); n > 0;)
		if (write(fd, zeros, n) < 0) {
			assert_int_equal(errno, ENOSPC);
			n /= 2;
		}
	(void)close(fd);
}

/* ---- the town ---- */

static int set_up(void **state)
{
	static struct town town;

	town_open_empty(&town, NULL);
	town.data = arena_printf(&town.place.arena, "%s/data", folder).p;
	town_account(&town, "main", TOWN_KEY, town.sandbox.url);
	town_store(&town, "shop", "generic", "main", NULL);
	town_start(&town);
	*state = &town;
	return 0;
}

static int tear_down(void **state)
{
	town_close(*state);
	return 0;
}

static int post_category(struct town *town, int i)
{
	/* Of some size, so that what is left of the log's last page is soon used up. */
	struct str body =
		arena_printf(&town->place.arena,
			     "{\"id\":\"f%d\",\"type\":\"category.upserted\",\"data\":{\"id\":\"c%d\","
			     "\"name\":\"C%0*d\"}}",
			     i, i, 200, i);

	return town_post(town, (struct town_post){ .body = body }, NULL);
}

struct refusal {
	bool done, has_retry_after;
	int status;
};

static void note_refusal(void *arg, const struct http_answer *answer)
{
	struct refusal *refusal = arg;

	refusal->done = true;
	refusal->status = answer->ok ? answer->status : 0;
	refusal->has_retry_after = http_answer_header(answer, "Retry-After").len > 0;
}

static void full_is_said_to_last(struct town *town)
{
	struct http_header header[] = { { STR("Content-Type"), STR("application/json") },
					{ STR("X-Api-Key"), STR(TOWN_SECRET) } };
	struct http_call call = { .method = "POST",
				  .url = arena_printf(&town->place.arena, "%s/hooks/enad/bazaar", town->url),
				  .header = header,
				  .n_header = ARRAY_LEN(header),
				  .body = town_fixture(town, "enad/product.created.json") };
	struct refusal refusal = { 0 };

	assert_true(http_client_start(town->client, &call, note_refusal, &refusal, &town->err));
	while (!refusal.done)
		(void)http_client_run(town->client, 1000);
	assert_int_equal(refusal.status, 503);
	assert_true(refusal.has_retry_after);
}

/* How many were acknowledged before that. */
static int post_until_full(struct town *town, int *n)
{
	int in_a_row = 0, acknowledged = 0;

	for (; *n < POSTS_MAX && in_a_row < REFUSED_MIN; ++*n) {
		int status = post_category(town, *n);

		assert_true(status == 202 || status == 503);
		acknowledged += status == 202;
		in_a_row = status == 202 ? 0 : in_a_row + 1;
	}
	assert_int_equal(in_a_row, REFUSED_MIN);
	return acknowledged;
}

static void a_full_disk_is_freed_again(void **state)
{
	struct town *town = *state;
	struct town_wait wait = { 0 };
	int n = 0, acknowledged, code;

	town_store(town, "bazaar", "enad", "main", NULL);
	for (; n < 3; n++)
		assert_int_equal(post_category(town, n), 202);
	fill_up(town);
	acknowledged = 3 + post_until_full(town, &n);
	full_is_said_to_last(town);
	assert_false(town_ended(town, &code));
	assert_int_equal(unlink(ballast(town)), 0);
	while (post_category(town, n) != 202)
		assert_true(town_wait(&wait));
	n++;
	acknowledged++;
	print_message("%d of %d acknowledged\n", acknowledged, n);
	town_until(town, TOWN_KEY, "categories", (size_t)acknowledged);
	for (int i = 0; i < n; i++)
		assert_int_equal(post_category(town, i), 202);
	town_until(town, TOWN_KEY, "categories", (size_t)n);
	town_idle(town);
	assert_false(town_ended(town, &code));
	assert_int_equal(town_number(town, "stores", "shop", "failed"), 0);
	assert_int_equal(town_number(town, "accounts", "main", "failed"), 0);
	assert_int_equal(town_violations(town, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_full_disk_is_freed_again, set_up, tear_down),
	};
	int failed;

	if (!mount_small()) {
		print_message("skipped: a full disk, because nothing can be mounted here (%s)\n",
			      strerror(errno));
		(void)rmdir(folder);
		return 77;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)umount2(folder, MNT_DETACH);
	(void)rmdir(folder);
	return failed;
}
