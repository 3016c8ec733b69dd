/*
 * Notices: opt-outs made in Klaviyo reach the shop's webhook signed, in order, again until they are taken,
 * given up in the end, and never twice under two ids.
 */
#define _GNU_SOURCE /* memmem */
#include "support/rig.h"

#include "base/alloc.h"
#include "base/digest.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SECRET	"whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo0NTY3ODk="
#define KEY	"ABCDEFGHIJKLMNOPQRSTUVWXYZ456789"
#define HOOK	"https://shop.test/hooks/optout?from=pannier"
#define DAY_MS	INT64_C(86400000)
#define LEFT_MS (RIG_START_MS - 1000)

/* A shop whose webhook answers with a status. */
struct shop {
	int status;
	bool silent;
};

struct world {
	struct rig *rig;
	struct shop shop;
	struct fake_http *http;
	struct notify *notify;
};

static void answer(void *arg, const struct fake_request *request, struct arena *arena,
		   struct fake_reply *reply)
{
	const struct shop *shop = arg;

	(void)request;
	(void)arena;
	*reply = (struct fake_reply){ .status = shop->status, .no_answer = shop->silent };
}

static void open_notify(struct world *world)
{
	world->http = fake_http_new(answer, &world->shop);
	world->notify = notify_open(&world->rig->ctx, fake_http_client(world->http));
}

static int set_up_with(void **state, const struct db_ops *ops)
{
	static const char *const settings[] = { "optout_webhook=" HOOK, "optout_webhook_secret=" SECRET,
						NULL };
	struct world *world = mem_zalloc(1, sizeof(*world));

	world->rig = rig_new(ops);
	world->shop.status = 204;
	rig_store_set(world->rig, "shop", settings);
	open_notify(world);
	*state = world;
	return 0;
}

static int set_up(void **state)
{
	return set_up_with(state, &db_memory_ops);
}

static int set_up_sqlite(void **state)
{
	return set_up_with(state, &db_sqlite_ops);
}

static int tear_down(void **state)
{
	struct world *world = *state;

	rig_conserve(world->rig);
	notify_close(world->notify);
	fake_http_free(world->http);
	rig_free(world->rig);
	mem_free(world);
	return 0;
}

static void fact(struct world *world, struct fact fact, const char *topic)
{
	struct rig *rig = world->rig;
	struct inbox_record record = {
		.store_id = rig_store_id(rig, "shop"),
		.received_ms = rig->clock.now_ms,
		.topic = str_from(topic),
		.body = fact.body,
		.key = digest16_of((struct str[]){ fact.body, fact.entity.id }, 2),
		.slot = digest16_of((struct str[]){ fact.entity.id }, 1),
	};
	struct inbox_receipt receipt;

	assert_true(db_inbox_append(rig->db, &record, 1, &receipt, &rig->err));
}

/* As deliver_lookup.c puts it there. */
static void opts_out(struct world *world, const char *email, int64_t at_ms)
{
	struct rig *rig = world->rig;
	struct fact said = {
		.entity = { ENTITY_PERSON, str_from(email) },
		.body = arena_printf(
			&rig->arena,
			"{\"type\":\"klaviyo.opted_out\",\"data\":{\"email\":\"%s\",\"at_ms\":%" PRId64
			",\"reason\":\"UNSUBSCRIBE\"}}",
			email, at_ms),
	};

	fact(world, said, "klaviyo.opted_out");
}

/* Until nothing of map, publish and notify is left to do now. */
static void run(struct world *world)
{
	struct flow_next next;

	(void)rig_step(world->rig);
	rig_advance(world->rig, 15000); /* quiet */
	(void)rig_step(world->rig);
	for (int i = 0; i < 20; i++)
		assert_true(notify_run_once(world->notify, 0, &next, &world->rig->err));
}

/* Time goes by until the next try. */
static void pass(struct world *world, int64_t ms)
{
	struct flow_next next;

	rig_advance(world->rig, ms);
	for (int i = 0; i < 20; i++)
		assert_true(notify_run_once(world->notify, 0, &next, &world->rig->err));
}

static const struct fake_request *asked(const struct world *world, size_t i)
{
	assert_true(i < fake_http_count(world->http));
	return fake_http_request(world->http, i);
}

static void assert_holds(struct str text, const char *part)
{
	if (!memmem(text.p, text.len, part, strlen(part)))
		fail_msg("'%.*s' does not hold '%s'", STR_ARG(text), part);
}

/* ---- tests ---- */

static void an_optout_is_told_signed(void **state)
{
	struct world *world = *state;
	const struct fake_request *request;
	unsigned char digest[SHA256_BYTES];
	struct str id, timestamp, signature;
	struct arena *arena = &world->rig->arena;

	opts_out(world, "ann@shop.test", LEFT_MS);
	run(world);
	assert_int_equal(fake_http_count(world->http), 1);
	request = asked(world, 0);
	assert_true(str_eq(request->url, STR(HOOK)));
	assert_true(str_eq(request->method, STR("POST")));
	assert_true(str_eq(fake_request_header(request, "Content-Type"), STR("application/json")));
	assert_holds(request->body, "\"type\":\"klaviyo.opted_out\"");
	assert_holds(request->body, "\"email\":\"ann@shop.test\"");
	assert_holds(request->body, "\"reason\":\"UNSUBSCRIBE\"");
	assert_holds(request->body, "\"state\":\"unsubscribed\"");
	assert_holds(request->body, "\"at\":\"2026-07-25T17:19:59.000Z\"");
	id = fake_request_header(request, "webhook-id");
	timestamp = fake_request_header(request, "webhook-timestamp");
	signature = fake_request_header(request, "webhook-signature");
	assert_true(str_starts(id, STR("optout_")));
	digest_hmac_sha256(STR(KEY), (struct str[]){ id, STR("."), timestamp, STR("."), request->body }, 5,
			   digest);
	assert_true(str_eq(signature, arena_printf(arena, "v1,%.*s",
						   STR_ARG(base64_encode(arena, digest, sizeof(digest))))));
	assert_int_equal(rig_account_summary(world->rig, "main").accepted, 1);
}

static void a_repeat_is_told_once_and_a_new_one_again(void **state)
{
	struct world *world = *state;

	opts_out(world, "ann@shop.test", LEFT_MS);
	run(world);
	opts_out(world, "ann@shop.test", LEFT_MS);
	rig_generic(world->rig, "shop", "customer.updated", "{'email':'ann@shop.test','first_name':'Ann'}");
	run(world);
	assert_int_equal(fake_http_count(world->http), 1);
	opts_out(world, "ann@shop.test", LEFT_MS + 5000);
	run(world);
	assert_int_equal(fake_http_count(world->http), 2);
	assert_false(str_eq(fake_request_header(asked(world, 0), "webhook-id"),
			    fake_request_header(asked(world, 1), "webhook-id")));
}

static void what_the_shop_said_itself_is_no_news(void **state)
{
	struct world *world = *state;

	rig_generic(world->rig, "shop", "consent.changed",
		    "{'email':'ann@shop.test','channel':'email','state':'unsubscribed',"
		    "'consented_at':'2026-07-25T17:00:00Z'}");
	run(world);
	opts_out(world, "ann@shop.test", LEFT_MS);
	run(world);
	assert_int_equal(fake_http_count(world->http), 0);
}

static void it_is_tried_again_in_order(void **state)
{
	struct world *world = *state;
	struct str id;

	world->shop.status = 500;
	opts_out(world, "ann@shop.test", LEFT_MS);
	run(world);
	opts_out(world, "bob@shop.test", LEFT_MS + 1000);
	run(world);
	opts_out(world, "cy@shop.test", LEFT_MS + 2000);
	run(world);
	id = fake_request_header(asked(world, 0), "webhook-id");
	for (size_t i = 0; i < fake_http_count(world->http); i++) /* nobody overtakes ann */
		assert_true(str_eq(fake_request_header(asked(world, i), "webhook-id"), id));
	world->shop.silent = true;
	pass(world, 200000);
	world->shop = (struct shop){ .status = 200 };
	while (rig_account_summary(world->rig, "main").accepted < 3)
		pass(world, 10000);
	assert_holds(asked(world, fake_http_count(world->http) - 3)->body, "ann@shop.test");
	assert_holds(asked(world, fake_http_count(world->http) - 2)->body, "bob@shop.test");
	assert_holds(asked(world, fake_http_count(world->http) - 1)->body, "cy@shop.test");
	assert_true(str_eq(fake_request_header(asked(world, fake_http_count(world->http) - 3), "webhook-id"),
			   id));
}

static void it_is_given_up_and_can_be_retried(void **state)
{
	struct world *world = *state;
	struct rig *rig = world->rig;
	struct failed_filter filter = { .max_n = 10 };
	struct failed_change retry = { .action = FAILED_RETRY };
	struct failed_row *row;
	size_t n, changed;

	world->shop.status = 302; /* a redirect is not followed: it is a refusal */
	opts_out(world, "ann@shop.test", LEFT_MS);
	run(world);
	for (int64_t ms = 0; ms < 7 * DAY_MS; ms += DAY_MS / 24)
		pass(world, DAY_MS / 24);
	assert_int_equal(rig_account_summary(rig, "main").failed, 1);
	assert_true(db_failed_list(rig->db, &filter, &rig->arena, &row, &n, &rig->err));
	assert_int_equal(n, 1);
	assert_holds(row[0].reason, "the shop answered 302");
	assert_holds(row[0].what, "create notice optout_");
	assert_int_equal(fake_http_count(world->http), 15);
	world->shop.status = 200;
	assert_true(db_failed_change(rig->db, rig->clock.now_ms, &retry, &changed, &rig->err));
	pass(world, 2000);
	assert_int_equal(rig_account_summary(rig, "main").accepted, 1);
}

static void a_dead_store_holds_up_nobody_else(void **state)
{
	static const char *const settings[] = { "optout_webhook=https://other.test/h",
						"optout_webhook_secret=" SECRET, NULL };
	struct world *world = *state;
	struct rig *rig = world->rig;
	struct str body =
		STR("{\"type\":\"klaviyo.opted_out\",\"data\":{\"email\":\"zoe@shop.test\",\"at_ms\":"
		    "1784999000000,\"reason\":\"HARD_BOUNCE\"}}");
	struct inbox_record record = { .topic = STR("klaviyo.opted_out"),
				       .body = body,
				       .received_ms = rig->clock.now_ms,
				       .key = digest16_of(&body, 1) };
	struct inbox_receipt receipt;

	rig_store(rig, "other", "generic", "main", settings);
	fake_http_hold(world->http, "/hooks/optout");
	opts_out(world, "ann@shop.test", LEFT_MS);
	opts_out(world, "bob@shop.test", LEFT_MS);
	run(world);
	record.store_id = rig_store_id(rig, "other");
	assert_true(db_inbox_append(rig->db, &record, 1, &receipt, &rig->err));
	run(world);
	assert_int_equal(fake_http_count_of(world->http, "POST", "/hooks/optout"), 1);
	assert_int_equal(fake_http_count_of(world->http, "POST", "/h"), 2);
	assert_holds(asked(world, 1)->body, "\"state\":\"suppressed\"");
	fake_http_hold(world->http, NULL);
	run(world);
	assert_int_equal(rig_account_summary(rig, "main").accepted, 3);
}

static void a_crash_sends_it_again_under_its_id(void **state)
{
	struct world *world = *state;
	struct str id;

	fake_http_hold(world->http, "/hooks");
	opts_out(world, "ann@shop.test", LEFT_MS);
	run(world);
	id = arena_dup(&world->rig->arena, fake_request_header(asked(world, 0), "webhook-id"));
	notify_close(world->notify);
	fake_http_free(world->http);
	rig_crash(world->rig); /* deliver recovers all that was under way */
	open_notify(world);
	run(world);
	assert_int_equal(fake_http_count(world->http), 1);
	assert_true(str_eq(fake_request_header(asked(world, 0), "webhook-id"), id));
	assert_int_equal(rig_account_summary(world->rig, "main").accepted, 1);
}

static void without_a_webhook_nothing_is_kept_for_it(void **state)
{
	static const char *const off[] = { "optout_webhook=", NULL };
	struct world *world = *state;

	fake_http_hold(world->http, "/hooks");
	opts_out(world, "ann@shop.test", LEFT_MS);
	opts_out(world, "bob@shop.test", LEFT_MS);
	run(world);
	rig_store_set(world->rig, "shop", off);
	world->shop.status = 500;
	fake_http_hold(world->http, NULL);
	run(world);
	opts_out(world, "cy@shop.test", LEFT_MS);
	pass(world, 60000);
	pass(world, 60000);
	run(world);
	assert_int_equal(rig_account_summary(world->rig, "main").skipped, 2);
	assert_int_equal(rig_account_summary(world->rig, "main").created, 2);
}

/* Where there is no webhook notices are looked for once a minute; the first one does not wait for that. */
static void a_new_webhook_counts_at_once(void **state)
{
	static const char *const off[] = { "optout_webhook=", NULL };
	static const char *const on[] = { "optout_webhook=" HOOK, NULL };
	struct world *world = *state;

	rig_store_set(world->rig, "shop", off);
	pass(world, 2000);
	rig_store_set(world->rig, "shop", on);
	opts_out(world, "ann@shop.test", LEFT_MS);
	run(world);
	assert_int_equal(fake_http_count(world->http), 1);
}

static void without_a_secret_nothing_leaves(void **state)
{
	static const char *const off[] = { "optout_webhook_secret=", NULL };
	struct world *world = *state;

	rig_store_set(world->rig, "shop", off);
	opts_out(world, "ann@shop.test", LEFT_MS);
	run(world);
	assert_int_equal(fake_http_count(world->http), 0);
	assert_int_equal(rig_account_summary(world->rig, "main").waiting, 1);
}

/* Nothing but the webhook makes the account's opt-outs be asked for. */
static void they_are_asked_for(void **state)
{
	static const char found[] =
		"{\"data\":[{\"type\":\"profile\",\"id\":\"P1\",\"attributes\":{\"email\":\"ann@shop.test\","
		"\"subscriptions\":{\"email\":{\"marketing\":{\"consent\":\"UNSUBSCRIBED\",\"suppression\":[{"
		"\"reason\":\"UNSUBSCRIBE\",\"timestamp\":\"2026-07-25T16:00:00+00:00\"}]}}}}}],"
		"\"links\":{\"next\":null}}";
	struct world *world = *state;

	fake_klaviyo_script(world->rig->klaviyo, "GET", "/api/profiles", 1000,
			    (struct fake_reply){ .status = 200, .body = STR(found) });
	rig_run(world->rig, 20000);
	run(world);
	assert_int_equal(fake_http_count(world->http), 1);
	assert_holds(asked(world, 0)->body, "\"at\":\"2026-07-25T16:00:00.000Z\"");
	rig_run(world->rig, 700000); /* asked again, twice: told once */
	run(world);
	assert_int_equal(fake_http_count(world->http), 1);
}

#define BOTH(test) \
	{ #test " (memory)", test, set_up, tear_down, NULL }, \
	{ \
#test " (sqlite)", test, set_up_sqlite, tear_down, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(an_optout_is_told_signed),
		BOTH(a_repeat_is_told_once_and_a_new_one_again),
		BOTH(what_the_shop_said_itself_is_no_news),
		BOTH(it_is_tried_again_in_order),
		BOTH(it_is_given_up_and_can_be_retried),
		BOTH(a_dead_store_holds_up_nobody_else),
		BOTH(a_crash_sends_it_again_under_its_id),
		BOTH(without_a_webhook_nothing_is_kept_for_it),
		BOTH(a_new_webhook_counts_at_once),
		BOTH(without_a_secret_nothing_leaves),
		BOTH(they_are_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
