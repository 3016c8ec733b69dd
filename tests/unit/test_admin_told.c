/* What became of what Klaviyo was told: from the newest delivery, and what was accepted before. */
#include "admin/told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void what_became_of_it(void **state)
{
	static const enum delivery_state ready = DELIVERY_READY, waiting = DELIVERY_WAITING,
					 sending = DELIVERY_SENDING, accepted = DELIVERY_ACCEPTED,
					 failed = DELIVERY_FAILED, skipped = DELIVERY_SKIPPED;
	static const struct {
		const char *what;
		bool exists, wanted_deleted, ever; /* ever: something of it is accepted or under way */
		const enum delivery_state *newest; /* NULL: no longer kept */
		const char *want;
	} rows[] = {
		{ "new", false, false, true, &ready, "waiting" },
		{ "to be tried again", false, false, true, &waiting, "waiting" },
		{ "a job that is not done", true, false, true, &sending, "waiting" },
		{ "a product", true, false, true, &accepted, "there" },
		{ "a product, long ago", true, false, true, NULL, "there" },
		{ "an event", false, false, true, &accepted, "accepted" },
		{ "an event, long ago", false, false, true, NULL, "accepted" },
		{ "refused", false, false, false, &failed, "failed" },
		{ "a change that was refused", true, false, true, &failed, "failed" },
		{ "given up", false, false, false, &skipped, "skipped" },
		{ "given up, long ago", false, false, false, NULL, "skipped" },
		{ "a change that was given up", true, false, true, &skipped, "there" },
		{ "to be deleted", true, true, true, &ready, "waiting" },
		{ "deleted", false, true, true, &accepted, "deleted" },
		{ "deleted, long ago", false, true, false, NULL, "deleted" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct root_sent sent = { .exists = rows[i].exists,
					  .wanted_deleted = rows[i].wanted_deleted };
		const char *got;

		sent.wanted.byte[0] = rows[i].ever;
		got = told_text(told_from(&sent, rows[i].newest));
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: %s, not %s", rows[i].what, got, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_became_of_it) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
